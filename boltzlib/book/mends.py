"""The way back from a wrong formula: every formula that is one standard slip away, with its name.

Broken copies (`boltzlib.book.mutate`) go from right to wrong.  Some slips are their own way
back, as a sign is; of the others this module holds the way back: a lost 1/n is put in, a lost
logarithm is taken, a bound that was moved is moved back.

>>> from sympy import IndexedBase, Sum, symbols
>>> i, n = symbols("i n", integer=True, positive=True)
>>> total = Sum(IndexedBase("x")[i] ** 2, (i, 1, n))
>>> [str(slip) for mended, slip in mends(total, letters=[n]).items() if mended == total / n]
['with a factor 1/n']
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

import sympy as sp

from boltzlib.book.integrals import VectorIntegral
from boltzlib.book.mutate import (
    IN_ORDER,
    Slip,
    distinct,
    everywhere,
    exchanged,
    from_bound,
    in_place,
    named_copies,
    up_to_bound,
)
from boltzlib.book.samples import MatrixSum, Sample

FACTORS = 5  # of a longer product not every part is put under a logarithm
FEW = 4  # numbers, and entries of tables, that are tried as a lost factor


def mends(formula, letters: Iterable = ()) -> dict:
    """Return the formulas that are one slip away from `formula`, each with its `Slip`.

    Those that change the whole come first, then those that change one part of it.

    Parameters
    ----------
    formula : sympy.Expr or sympy.MatrixExpr
        What may hold a slip.
    letters : iterable of sympy.Symbol, IndexedBase, MatrixSymbol
        What has a value beside what stands in the formula: it may have been lost.
    """
    formula = sp.sympify(formula)
    letters = _Letters(formula, list(letters))
    found = distinct(
        formula,
        [
            (-formula, Slip("with the opposite sign")),
            *_scaled(formula, letters.counts),
            *(_turned if formula.is_Matrix else _reshaped)(formula, "the whole"),
            *everywhere(formula, IN_ORDER),
            *exchanged(formula),
            *_exchanged_letters(formula),
            *everywhere(formula, _recounted(letters.counts)),
            *named_copies(formula).items(),
            *_scaled(formula, letters.numbers),
            *_in_parts(formula, letters),
            *(everywhere(formula, _GENTLE) if slowness(formula) else ()),
        ],
    )
    return {mended: slip for mended, slip in found.items() if not _explodes(mended, formula)}


def letters_in(cases) -> list:
    """Return the letters that have a value at each input."""
    return [letter for letter in cases[0] if all(letter in case for case in cases)]


class _Letters:
    """What may be written for what: numbers, counts, indices, tables and matrices, in order."""

    def __init__(self, formula, known):
        bound = {v for e in formula.atoms(sp.Sum, sp.Product, sp.Integral) for v in e.variables}
        places = [k for entry in formula.atoms(sp.Indexed) for k in entry.indices]
        places += [one.index for one in formula.atoms(Sample)]
        labels = {base.label for base in formula.atoms(sp.IndexedBase)}
        self.indices = _sorted(s for place in places for s in place.free_symbols)
        self.tables = _sorted(formula.atoms(sp.IndexedBase) | _of(sp.IndexedBase, known))
        found = formula.atoms(sp.MatrixSymbol) | _of(sp.MatrixSymbol, known)
        self.matrices = _sorted(m for m in found if type(m) is sp.MatrixSymbol)
        found = formula.atoms(sp.Symbol) - labels - bound
        self.own = _sorted(s for s in found if not s.is_integer)
        self.numbers = _sorted({*self.own, *(s for s in _of(sp.Symbol, known) if not s.is_integer)})
        counts = (s for s in _of(sp.Symbol, known) if s.is_integer)
        self.counts = _sorted(s for s in counts if s not in self.indices)
        entries = _sorted(formula.atoms(sp.Indexed))
        self.factors = [*self.numbers[:FEW], *entries[:FEW]]


def _sorted(letters) -> list:
    return sorted(set(letters), key=str)


def _of(kind, letters) -> set:
    return {letter for letter in letters if isinstance(letter, kind)}


def slowness(formula) -> int:
    """Return what an evaluation takes: 0 arithmetic, 1 a quadrature or series, 2 many of them."""
    parts = _slow_parts(formula)
    around = formula.atoms(sp.Sum, sp.Product, sp.Integral)
    many = any(total.function.has(*parts) for total in around)
    return 2 if many or formula.has(VectorIntegral) else int(bool(parts))


def _slow_parts(formula) -> list:
    """Return the outermost integrals, infinite series and derivatives."""
    if isinstance(formula, (sp.Sum, sp.Product)):
        slow = any(limits[-1] == sp.oo for limits in formula.limits)
    else:
        slow = isinstance(formula, (sp.Integral, VectorIntegral, sp.Derivative))
    return [formula] if slow else [part for arg in formula.args for part in _slow_parts(arg)]


def _explodes(mended, formula) -> bool:
    """Whether only the mend nests exponentials: e^(e^x) has digits without end."""

    def nests(one):
        return any(power.args[0].has(*_STEEP) for power in one.atoms(sp.exp))

    return nests(mended) and not nests(formula)


_STEEP = (sp.exp, sp.cosh, sp.sinh, sp.factorial, sp.gamma)


def _in_parts(formula, letters: _Letters) -> Iterator:
    """Mend each part in turn; what is slow to evaluate is taken as one letter."""
    one_letter = {part: sp.Dummy("t") for part in _slow_parts(formula)}
    if any(part.is_Matrix for part in one_letter):
        return
    back = {letter: part for part, letter in one_letter.items()}
    for mended, slip in everywhere(formula.xreplace(one_letter), _table(letters)):
        parts = tuple(part.xreplace(back) for part in slip.parts)
        yield mended.xreplace(back), Slip(slip.template, parts)


def _scaled(part, letters, at: str = "") -> Iterator:
    """Put a factor in or take it out: 2, what counts samples or dimensions, or a number."""
    there = part.args if isinstance(part, (sp.Mul, sp.MatMul)) else ()
    for c in [f for factor in (sp.Integer(2), *letters) for f in (1 / factor, factor)]:
        words, shown = ("without the", 1 / c) if 1 / c in there else ("with a", c)
        yield c * part, Slip(f"{words} factor {{}}{at}", (shown, part))


def _reshaped(part, name) -> Iterator:
    """Take or drop a logarithm, an exponential, a square, a root or a reciprocal."""
    if isinstance(part, (sp.log, sp.exp)):
        what = "logarithm" if isinstance(part, sp.log) else "exponential"
        yield part.args[0], Slip(f"without the {what} of {{}}", part.args)
    yield sp.log(part), Slip("with the logarithm of {}", (name,))
    yield sp.exp(part), Slip("with the exponential of {}", (name,))
    yield part**2, Slip("with the square of {}", (name,))
    yield sp.sqrt(part), Slip("with the square root of {}", (name,))
    yield 1 / part, Slip("with the reciprocal of {}", (name,))


def _lower_power(node) -> Iterator:
    if node.exp.is_Rational:
        for other in (node.base, node.base ** (node.exp - 1)):
            yield other, in_place(node, other)


def _halved(node) -> Iterator:
    if not (node.is_Number or node.is_integer):
        yield from _scaled(node, (), at=" at {}")


def _turned(part, name) -> Iterator:
    """Transpose or invert a matrix."""
    rows, columns = part.shape
    if rows == columns == 1:
        return
    yield part.T.doit(), Slip("with {} transposed", (name,))
    if rows == columns:
        yield part.I.doit(), Slip("with the inverse of {}", (name,))


def _table(letters: _Letters):
    """What may be done to a part of the formula, by the class of the part."""

    def part(node):
        if node.is_Number or node.is_integer:
            return
        yield from _scaled(node, letters.counts, at=" at {}")
        yield from (_turned if node.is_Matrix else _reshaped)(node, node)
        yield from _scaled(node, letters.factors, at=" at {}")

    def entry(node):
        """Another index or another table at one place."""
        for position, old in enumerate(node.indices):
            for other in letters.indices:
                if other != old:
                    places = (*node.indices[:position], other, *node.indices[position + 1 :])
                    yield (new := node.base[places]), in_place(node, new)
        for table in letters.tables:
            if table != node.base:
                yield (new := table[node.indices]), in_place(node, new)

    def letter(node):
        matrix = isinstance(node, sp.MatrixSymbol)
        alike = letters.matrices if matrix else letters.numbers
        for other in alike if node in alike else ():
            if other != node and (not matrix or other.shape == node.shape):
                yield other, in_place(node, other)

    return (
        (sp.Pow, _lower_power),
        ((sp.Expr, sp.MatrixExpr), part),
        (sp.Indexed, entry),
        ((sp.Symbol, sp.MatrixSymbol), letter),
        (sp.Mul, _logs_within),
        (sp.log, _log_of_sum),
        (sp.Pow, _power_of_sum),
        ((sp.Sum, sp.Product), _wider),
        (MatrixSum, _wider_matrices),
        (sp.Sum, _moved_into_sum),
        (sp.matrices.expressions.matexpr.MatrixElement, _swapped_entry),
    )


def _recounted(counts):
    """A table for n - 1, n + 1 or 1/n in place of n; and back, also where it is 2 n - 2."""

    def more_or_less(node):
        for other in (node - 1, node + 1, 1 / node) if node in counts else ():
            yield other, in_place(node, other)

    def back(node):
        factors = sp.Mul.make_args(sp.factor_terms(node))
        for n in counts:
            for near in (n - 1, n + 1):
                if near in factors:
                    others = [n if factor == near else factor for factor in factors]
                    yield sp.Mul(*others), in_place(near, n)

    return ((sp.Symbol, more_or_less), (sp.Add, back))


def _exchanged_letters(formula) -> Iterator:
    for a, b in combinations(_Letters(formula, []).own, 2):
        swapped = formula.xreplace({a: b, b: a})
        yield swapped, Slip("with {} and {} exchanged", (a, b))


def _logs_within(product) -> Iterator:
    """Take the logarithm of some of the factors: p p/q becomes p log(p/q)."""
    factors = []
    for factor in product.args:
        power = factor.exp if factor.is_Pow and factor.exp in (2, 3) else 1
        factors += [factor.base] * int(power) if power != 1 else [factor]
    if len(factors) > FACTORS or any(f.is_Matrix for f in factors):
        return
    for size in range(1, len(factors)):
        for chosen in combinations(range(len(factors)), size):
            inside = sp.Mul(*(factors[k] for k in chosen))
            if not inside.is_Number:
                outside = sp.Mul(*(f for k, f in enumerate(factors) if k not in chosen))
                yield outside * sp.log(inside), Slip("with the logarithm of {}", (inside,))


def _log_of_sum(node) -> Iterator:
    (inside,) = node.args
    if isinstance(inside, sp.Sum):
        moved = sp.Sum(sp.log(inside.function), *inside.limits)
        yield moved, Slip("with the logarithm inside the sum")


def _power_of_sum(node) -> Iterator:
    if isinstance(node.base, sp.Sum):
        moved = sp.Sum(node.base.function**node.exp, *node.base.limits)
        yield moved, Slip("with the power inside the sum")


def _moved_into_sum(total) -> Iterator:
    """The way back of the two above."""
    body = total.function
    if isinstance(body, sp.log):
        moved = sp.log(sp.Sum(body.args[0], *total.limits))
        yield moved, Slip("with the logarithm outside the sum")
    if body.is_Pow and body.exp.is_number:
        moved = sp.Sum(body.base, *total.limits) ** body.exp
        yield moved, Slip("with the power outside the sum")


def _wider(node) -> Iterator:
    for k, limits in enumerate(node.limits):
        for bounds, slip in _wider_bounds(*limits):
            yield node.func(node.function, *node.limits[:k], bounds, *node.limits[k + 1 :]), slip


def _wider_matrices(node) -> Iterator:
    for bounds, slip in _wider_bounds(*node.limits):
        yield MatrixSum(node.body, bounds), slip


def _wider_bounds(index, lower, upper) -> Iterator:
    yield (index, lower - 1, upper), from_bound(index, lower - 1)
    yield (index, lower, upper + 1), up_to_bound(index, upper + 1)


# What is tried within an integral or an infinite series: it converges as before.
_GENTLE = ((sp.Expr, _halved), (sp.Pow, _lower_power))


def _swapped_entry(node) -> Iterator:
    swapped = node.parent[node.j, node.i]
    yield swapped, in_place(node, swapped)


__all__ = ["letters_in", "mends", "slowness"]
