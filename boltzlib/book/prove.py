"""Decide symbolically whether two formulas agree, or whether one is never negative.

SymPy answers ``a == b`` by structure.  Here both sides are first brought to a normal form:
sums split by linearity with constants in front, products of matrices expanded, traces
rotated.  A "no" means *not proved*, never *refuted*: the numeric corner refutes.

>>> from sympy import IndexedBase, Sum, symbols
>>> i, n, m = symbols("i n m", integer=True, positive=True)
>>> x = IndexedBase("x")
>>> equal(Sum(x[i] - m, (i, 1, n)), Sum(x[i], (i, 1, n)) - n * m)
True
>>> equal(Sum(x[i] - m, (i, 1, n)), Sum(x[i], (i, 1, n)) + n * m)
False
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp
from sympy.concrete.expr_with_limits import ExprWithLimits
from sympy.core.function import AppliedUndef
from sympy.functions.elementary.hyperbolic import HyperbolicFunction

from boltzlib.book.integrals import VectorIntegral
from boltzlib.book.samples import MatrixSum

# A lemma g(u) >= 0, used by `nonnegative`: a Function with nonnegative=True and what it stands for.
Lemma = tuple[sp.Function, sp.Lambda]


def equal(a, b, given: Iterable[sp.Equality] = ()) -> bool:
    """Return whether `a` = `b` could be proved, for all values of their symbols.

    Parameters
    ----------
    a, b : sympy.Expr or sympy.MatrixExpr
        The two formulas; a sum of symbolic length or a matrix of symbolic size is fine.
    given : iterable of sympy.Equality
        Facts that may be used, each as a rewriting of its left into its right side:
        ``Eq(Sum(p[k], (k, 1, K)), 1)``, ``Eq(Sigma.T, Sigma)``.
    """
    rules = {fact.lhs: fact.rhs for fact in given}
    a, b = _prepare(a, rules), _prepare(b, rules)
    if a == b:
        return True
    if a.is_Matrix or b.is_Matrix:
        return _equal_matrices(a, b, rules)
    difference = normal(a - b, rules)
    if difference == 0:
        return True
    difference = _with_letters(difference, {})
    if difference.has(HyperbolicFunction) and sp.together(difference.rewrite(sp.exp)).expand() == 0:
        return True
    return sp.simplify(difference) == 0


# What stands inside may hold an index of its own, so that it is not one number.
_BINDING = (
    ExprWithLimits, sp.Derivative, sp.Subs, sp.Limit, sp.Lambda, VectorIntegral, MatrixSum,
)  # fmt: skip


def _with_letters(formula, letters):
    """Put a letter for each product or entry of matrices that no index of a sum reaches.

    What holds for any number holds for that one; `simplify` is slow to see that it is a number.

    >>> x = sp.MatrixSymbol("x", sp.Symbol("N"), 1)
    >>> _with_letters(sp.exp(sp.Trace(x.T * x)) - sp.exp(x[0, 0] + sp.Trace(x.T * x)), {})
    exp(_t) - exp(_t + _t)
    """
    if isinstance(formula, (sp.Trace, sp.matrices.expressions.matexpr.MatrixElement)):
        return letters.setdefault(formula, sp.Dummy("t", real=formula.is_real))
    if not formula.args or isinstance(formula, _BINDING):
        return formula
    return formula.func(*(_with_letters(part, letters) for part in formula.args))


def _prepare(formula, rules):
    formula = sp.sympify(formula)
    for before, after in rules.items():
        formula = formula.xreplace({before: after})
    return formula


def normal(formula, given=None):
    """Return a normal form of a scalar formula: linear sums, rotated traces, facts applied."""
    given = given or {}
    formula = sp.sympify(formula).replace(lambda e: isinstance(e, sp.Trace), _normal_trace)
    formula = formula.replace(lambda e: isinstance(e, sp.Determinant), _normal_determinant)
    formula = formula.replace(lambda e: isinstance(e, sp.Integral), lambda e: e.doit())
    unevaluated = (sp.Derivative, sp.Integral, sp.Product, VectorIntegral)
    formula = sp.expand(formula.doit() if formula.has(*unevaluated) else formula)
    rules = {_normal_fact(before): _normal_fact(after) for before, after in given.items()}
    of_sums = {before: after for before, after in rules.items() if before.has(sp.Sum)}
    formula = formula.replace(
        lambda e: isinstance(e, sp.Sum), lambda e: _linear_sum(e, facts=of_sums)
    )
    formula = sp.expand(formula)
    for before, after in rules.items():
        formula = formula.subs(before, after)
    return sp.expand(formula)


def _normal_fact(side):
    """Bring one side of a fact to the form in which it occurs in a normal form."""
    side = side.replace(lambda e: isinstance(e, sp.Trace), _normal_trace)
    return side.replace(lambda e: isinstance(e, sp.Sum), lambda e: _linear_sum(e, facts={}))


def _linear_sum(total, facts):
    """Split one sum into a sum a term; move what the index does not touch to the front.

    A fact about a sum inside, which holds for each value of the index, is used before the index
    gets its normal name.
    """
    if not isinstance(total, sp.Sum):
        return total
    result = total.function
    for limits in total.limits:  # nested: the innermost index first
        result = _sum_once(result.xreplace(facts), *limits)
    return result


def _sum_once(body, index, lower, upper):
    dummy = _index(_depth(body), lower)
    body = sp.expand(
        sp.expand_log(sp.expand(body.xreplace({index: dummy}) if index != dummy else body))
    )
    result = sp.S.Zero
    for term in sp.Add.make_args(body):
        front, inside = term.as_independent(dummy, as_Add=False)
        count = upper - lower + 1
        if inside == 1:
            result += front * count
            continue
        own = _index(_depth(inside), lower)
        result += front * sp.Sum(inside.xreplace({dummy: own}), (own, lower, upper))
    return result


def _depth(body) -> int:
    """One more than the indices that are nested in `body`."""
    nested = (_depth(s.function) - 1 + len(s.limits) for s in body.atoms(sp.Sum))
    return 1 + max(nested, default=0)


def _index(depth: int, lower):
    """The one name of an index at this depth; no symbol that a page can write is equal to it.

    Its sign is what the lower bound says, whatever was assumed of the letter on the page.
    """
    return sp.Dummy(
        "i",
        dummy_index=depth,
        integer=True,
        nonnegative=lower.is_nonnegative or None,
        positive=(lower - 1).is_nonnegative or None,
    )


def _normal_trace(trace):
    """Expand a trace and rotate (or transpose) each product to the first of its equivalents."""
    argument = trace.arg.expand().doit() if hasattr(trace.arg, "expand") else trace.arg
    result = sp.S.Zero
    for term in argument.args if isinstance(argument, sp.MatAdd) else (argument,):
        scalar, factors = _factors(term)
        turns = [factors[k:] + factors[:k] for k in range(len(factors))]
        turns += [[f.T.doit() for f in reversed(turn)] for turn in turns]
        first = min(turns, key=lambda turn: sp.default_sort_key(sp.Tuple(*turn)))
        result += scalar * sp.Trace(sp.MatMul(*first) if len(first) > 1 else first[0])
    return result


def _normal_determinant(determinant):
    """Use det AB = det A det B, det Aᵀ = det A and det A⁻¹ = 1/det A for square factors."""
    scalar, factors = _factors(determinant.arg)
    if any(f.shape != determinant.arg.shape for f in factors):
        return determinant
    result = scalar**determinant.arg.rows
    for factor in factors:
        power = 1
        while isinstance(factor, (sp.Transpose, sp.Inverse)):
            power = -power if isinstance(factor, sp.Inverse) else power
            factor = factor.arg
        split = sp.Determinant(factor)
        result *= (_normal_determinant(split) if isinstance(factor, sp.MatMul) else split) ** power
    return result


def _factors(term):
    parts = term.args if isinstance(term, sp.MatMul) else (term,)
    scalars = [p for p in parts if not p.is_Matrix]
    return sp.Mul(*scalars), [p for p in parts if p.is_Matrix]


def _equal_matrices(a, b, rules) -> bool:
    if getattr(a, "shape", ()) != getattr(b, "shape", ()):
        return False
    renamed = {_renamed(before): after for before, after in rules.items()}
    difference = _prepare(_expanded(sp.MatAdd(a, -b)), renamed)
    return bool(_expanded(_within_products(difference, renamed)).is_ZeroMatrix)


def _within_products(matrix, rules):
    """Use a fact about a product of matrices where it stands within a longer product.

    >>> n = sp.Symbol("n", integer=True, positive=True)
    >>> A, B, C = (sp.MatrixSymbol(name, n, n) for name in "ABC")
    >>> _within_products(-C * A * B * A, {A * B: B})
    -C*B*A
    """
    products = ((_factors(one.doit()), other) for one, other in rules.items() if one.is_Matrix)
    facts = [(factors, after) for (scalar, factors), after in products if scalar == 1]
    terms = []
    for term in matrix.args if isinstance(matrix, sp.MatAdd) else (matrix,):
        scalar, factors = _factors(term)
        for before, after in facts:
            for k in range(len(factors)):
                if factors[k : k + len(before)] == before:
                    factors[k : k + len(before)] = [after]
        terms.append(sp.MatMul(scalar, *factors).doit())
    return sp.MatAdd(*terms) if len(terms) > 1 else terms[0]


def _expanded(matrix):
    if isinstance(matrix, sp.MatrixBase):
        entries = matrix.applyfunc(sp.simplify).as_immutable()
        return sp.ZeroMatrix(*matrix.shape) if entries.is_zero_matrix else entries
    matrix = matrix.doit().expand().doit()
    matrix = matrix.replace(lambda e: isinstance(e, MatrixSum), lambda e: e.split())
    matrix = matrix.doit().expand().doit()
    terms: dict = {}
    for term in matrix.args if isinstance(matrix, sp.MatAdd) else (matrix,):
        scalar, factors = _factors(term)
        key = tuple(_renamed(f) for f in factors)
        terms[key] = sp.simplify(terms.get(key, 0) + scalar)
    kept = [sp.MatMul(c, *key).doit() for key, c in terms.items() if c != 0]
    kept = [t for t in kept if not t.is_ZeroMatrix]
    if not kept:
        return sp.ZeroMatrix(*matrix.shape)
    return sp.MatAdd(*kept) if len(kept) > 1 else kept[0]


def _renamed(factor):
    """Give the index of a matrix sum one fixed name, so that Σ_i and Σ_j compare equal."""
    if not isinstance(factor, MatrixSum):
        return factor
    index, lower, upper = factor.limits
    dummy = _index(1, lower)
    return MatrixSum(factor.body.xreplace({index: dummy}), (dummy, lower, upper))


def nonnegative(formula, lemmas: Iterable[Lemma] = ()) -> bool:
    """Return whether `formula` is visibly never negative.

    Visibly: SymPy's assumptions say so, or it is a sum, product or integral (upwards) of
    such, the trace of a B Bᵀ (the sum of the squares of B's entries), or a function that a
    lemma says is nonnegative.
    """
    formula, lemmas = sp.sympify(formula), list(lemmas)
    if any(_misused(lemma, formula) for lemma in lemmas):
        return False
    if formula.is_nonnegative:
        return True
    if isinstance(formula, sp.Trace):
        return _is_gram(formula.arg)
    if isinstance(formula, (sp.Sum, sp.Product)):
        return nonnegative(formula.function, lemmas)
    if isinstance(formula, sp.Integral):
        if any(len(limits) != 3 for limits in formula.limits):
            return False
        upwards = all(sp.simplify(hi - lo).is_nonnegative for _, lo, hi in formula.limits)
        return upwards and any(nonnegative(f, lemmas) for f in (formula.function, _inside(formula)))
    if isinstance(formula, (sp.Add, sp.Mul)):
        return all(nonnegative(part, lemmas) for part in formula.args)
    return any(formula.func == function for function, _ in lemmas)


def speaks_of_numbers(lemma: Lemma) -> bool:
    """Whether a lemma knows its own variables only: no function f, no table x_i."""
    _, meaning = lemma
    return not meaning.free_symbols and not meaning.atoms(AppliedUndef, sp.IndexedBase)


def has_assumptions_of(value, symbol) -> bool:
    """Whether `value` is known to be all that is assumed of `symbol`: positive, an integer, …"""
    return all(
        getattr(sp.sympify(value), f"is_{name}") == fact
        for name, fact in symbol.assumptions0.items()
        if fact
    )


def _misused(lemma: Lemma, formula) -> bool:
    """Whether a lemma about numbers is applied to one that it does not speak of."""
    function, meaning = lemma
    return speaks_of_numbers(lemma) and not all(
        has_assumptions_of(value, symbol)
        for use in formula.atoms(AppliedUndef)
        if use.func == function
        for value, symbol in zip(use.args, meaning.variables, strict=True)
    )


def _inside(integral):
    """Return the integrand strictly inside a finite interval: t = (a + b w)/(1 + w), w > 0.

    >>> from sympy import Integral, symbols
    >>> t = symbols("t")
    >>> nonnegative(Integral(1 - t, (t, 0, 1))), nonnegative(Integral(1 - t, (t, 0, 2)))
    (True, False)
    """
    body = integral.function
    for variable, lower, upper in integral.limits:
        between = (lower + upper * (w := sp.Dummy(positive=True))) / (1 + w)
        body = sp.factor(body.xreplace({variable: between}))
    return body


def _is_gram(matrix) -> bool:
    """Return whether `matrix` is written as B Bᵀ, B real."""
    scalar, factors = _factors(matrix)
    half = len(factors) // 2
    mirrored = [f.T.doit() for f in reversed(factors[:half])]
    return bool(scalar.is_nonnegative) and factors[half:] == mirrored


def expand_lemmas(formula, lemmas: Iterable[Lemma]):
    """Replace each lemma's function by what it stands for."""
    for function, meaning in lemmas:
        formula = formula.replace(function, meaning)
    return formula
