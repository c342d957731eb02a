"""The claim: one numbered equation whose three corners must agree::

            derived  (what SymPy obtained from earlier equations)
              /   \\
             /     \\
       stated ----- computed
   (the formula     (what boltzlib returns)
    you read)

* derived ≡ stated, symbolically (`boltzlib.book.prove`);
* stated ≈ computed: the stated formula at 40 digits (`boltzlib.book.evaluate`) against the
  library, on random and on edge inputs;
* every broken copy of the stated formula (`boltzlib.book.mutate`) must fail.

A claim that does not hold raises `ClaimFailed`.  See `claim` for how to read one.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import mpmath
import numpy as np
import sympy as sp
from sympy.core.function import AppliedUndef

from boltzlib.book import card, numbering
from boltzlib.book.corners import (
    ClaimFailed,
    Numbers,
    check_derived,
    check_limit,
    check_stationary,
    show_case,
    show_value,
)
from boltzlib.book.evaluate import DIGITS, CannotEvaluate, evaluate, to_numpy
from boltzlib.book.mutate import broken_copies
from boltzlib.book.printing import latex
from boltzlib.book.prove import equal, speaks_of_numbers
from boltzlib.book.provenance import source_so_far, tautology, written_out
from boltzlib.book.samples import MatrixSum, Sample
from boltzlib.book.statement import Limit, Statement, Stationary

MIME = "application/vnd.boltzlib.claim+json"
KINDS = ("definition", "identity", "bound", "stationarity", "update", "limit", "statistical")

_page: list[Claim] = []  # the claims of this notebook, in order


@dataclass(frozen=True, eq=False)
class Claim:
    """A claim that holds: its statement and its record. Shown as a card in a notebook."""

    statement: Statement
    record: Mapping[str, Any]

    @property
    def tex(self) -> str:
        return self.statement.tex

    def __repr__(self) -> str:
        r = self.record
        corners = " and ".join(c for c in ("derived", "computed") if r[c])
        where = "for all sizes" if r["scope"] == "general" else f"for {r['sizes']}"
        return (
            f"({r['equation']}) {r['kind']} holds {where}: {corners}; "
            f"{r['cases']} inputs; {r['killed']} of {r['mutants']} wrong versions rejected"
        )

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {
            "text/plain": repr(self),
            "text/html": card.html(self),
            MIME: dict(self.record),
        }


def claim(
    equation: str,
    kind: str,
    stated: Statement,
    *,
    derived=None,
    computed: Callable | Sequence[Callable] | None = None,
    library: str | None,
    cases: Sequence[Mapping],
    edges: Sequence[Mapping],
    tight: Sequence[Mapping] = (),
    tolerance: float = 1e-12,
    given: Sequence[sp.Equality] = (),
    lemmas: Sequence = (),
    sizes: str | None = None,
    erratum: str | None = None,
    printed=None,
    counterexample: Callable[[], tuple] | None = None,
) -> Claim:
    """Check an equation from all sides and return its card; raise if anything is amiss.

    Parameters
    ----------
    equation : str
        The number the reader sees, ``"2.15"``.
    kind : str
        One of ``definition identity bound stationarity update limit statistical``.
    stated : Statement
        The formula the reader sees, built with `chain`, `stationary`, `together` or `limit`.
    derived : sympy expression, or one a chain
        What the derivation above arrived at.  For a bound: the gap, in a form that is
        visibly nonnegative.  A definition has none.
    computed : callable, or one a chain
        ``computed(case)`` returns the library's value of the chain, where `case` is one of
        the mappings below.  For a statistical claim it returns independent replicates
        along axis 0, whose mean is compared with the stated value.
    library : str or None
        Dotted public name that `computed` must have called; None only for pure mathematics.
    cases, edges : sequences of mappings
        Ordinary and extreme inputs: a value for each symbol of the statement.
    tight : sequence of mappings
        Of a bound: the inputs with equality.  At all others it must be strict.
    tolerance : float
        Largest relative difference between stated and computed (of arrays: in the maximum norm).
    given : sequence of sympy.Equality
        Facts the proof may use (``Eq(Sum(p[k], (k, 1, K)), 1)``); the card shows them.
    lemmas : sequence of (Function, Lambda) or (Function, Lambda, str)
        Nonnegative functions, and what they stand for.  One that speaks of numbers alone is
        tried over many of them.  One that speaks of a function or a table is a hypothesis: it
        must hold where the derivation uses it, and the card shows it beside what is given, "for
        all" of the Lambda's variables, or for those that the third entry names in TeX.
    sizes : str, optional
        For a claim that is only checked for named sizes, those: ``"N = 2, 3"``.
    erratum : str, optional
        What the lecture note prints and why it is wrong, in one sentence.
    printed : sympy expression, Statement, optional
        The note's wrong formula, in place of the (last side of the) stated one: it must fail.
    counterexample : callable, optional
        When the wrong form cannot be evaluated, or to show its failure in other words:
        returns (what the note says, what is right).

    Returns
    -------
    Claim
        Shows as a card, carries its record, and makes the display ``eq-2-15`` for the page.

    Raises
    ------
    ClaimFailed
        When a corner fails, the claim is a tautology, or a broken copy passes.
    ValueError
        When an argument is not what it should be.
    """
    numbering.check(equation)
    _check_arguments(kind, stated, derived, computed, library, cases, edges, sizes, erratum)
    source = source_so_far(sys._getframe(1))
    circular = tautology(source, equation) if source else None
    if circular:
        raise ClaimFailed(f"({equation}) is a tautology: {circular}")

    every_case = [*cases, *edges, *tight]
    _check_given(equation, given, every_case, stated, derived)
    at_equality = frozenset(range(len(every_case) - len(tight), len(every_case)))
    derivations = _one_each(derived, stated, "derived")
    hypotheses = _hypotheses(lemmas, derivations)
    lemmas = [tuple(lemma[:2]) for lemma in lemmas]
    _check_hypotheses(equation, hypotheses, every_case)
    functions = _one_each(computed, stated, "computed")
    if library is not None:
        _check_called(equation, library, functions, every_case[0])
    killed = 0
    checked = []
    for single, derivation, function in zip(stated.chains, derivations, functions, strict=True):
        try:
            if derivation is not None:
                check_derived(single, derivation, given, lemmas)
            numbers = Numbers(
                single,
                function,
                every_case,
                tolerance,
                at_equality if single.turn else frozenset(),
                kind == "statistical",
            )
            failure = numbers.check()
        except (ClaimFailed, CannotEvaluate) as problem:
            raise ClaimFailed(f"({equation}) {problem}") from problem
        if failure:
            raise ClaimFailed(f"({equation}) stated ≠ computed: {failure}{_mending(numbers)}")
        if isinstance(stated, Limit):
            try:
                check_limit(stated, derivation, numbers)
            except ClaimFailed as problem:
                raise ClaimFailed(f"({equation}) {problem}") from problem
            killed += _break_limit(equation, stated, derivation, numbers)
        killed += _break(equation, numbers, given)
        checked.append(numbers)
    if not killed:
        raise ClaimFailed(f"({equation}) the check has no teeth: no broken copy could be tried")
    if isinstance(stated, Stationary):
        try:
            check_stationary(stated.parameter, *checked)
        except (ClaimFailed, CannotEvaluate) as problem:
            raise ClaimFailed(f"({equation}) {problem}") from problem
    notebook = "get_ipython" in sys._getframe(1).f_globals
    if notebook and source and derived is not None and not written_out(source, equation):
        raise ClaimFailed(
            f"({equation}) may be a tautology: write number, statement and derived in the call"
        )
    shown = _refute_printed(equation, stated, checked, erratum, printed, counterexample)
    record = {
        "equation": equation,
        "origin": numbering.origin(equation),
        "kind": kind,
        "scope": "general" if sizes is None else "instance",
        "sizes": sizes,
        "library": library,
        "given": [
            *(f"{latex(fact.lhs)} = {latex(fact.rhs)}" for fact in given),
            *(hypothesis.tex for hypothesis in hypotheses),
        ],
        "derived": all(d is not None for d in derivations),
        "computed": all(f is not None for f in functions),
        "cases": len({_fingerprint(case) for case in every_case}),
        "tolerance": tolerance,
        "mutants": killed,
        "killed": killed,
        "display": "generated",
        "erratum": erratum,
        "counterexample": shown,
        "tex": stated.tex,
    }
    result = Claim(stated, record)
    _page.append(result)
    card.glue(numbering.label(equation), stated.tex, equation)
    return result


def claims_so_far() -> list[Claim]:
    """Return the claims of this notebook so far, the last one for each number, in page order."""
    return list({c.record["equation"]: c for c in _page}.values())


def _check_arguments(kind, stated, derived, computed, library, cases, edges, sizes, erratum):
    if kind not in KINDS:
        raise ValueError(f"kind: expected one of {', '.join(KINDS)}; got {kind!r}")
    if not isinstance(stated, Statement):
        raise ValueError(
            f"stated: expected chain(…), stationary(…), …; got {type(stated).__name__}"
        )
    if (derived is None) != (kind == "definition"):
        raise ValueError("derived: a definition has none, and every other kind has one")
    if computed is None:
        raise ValueError("computed: expected a function of a case; got None")
    if not cases:
        raise ValueError("cases: expected at least one ordinary input; got none")
    if not edges:
        raise ValueError("edges: expected at least one extreme input; got none")
    if (kind == "limit") != isinstance(stated, Limit):
        raise ValueError("stated: a limit, and only a limit, is stated with limit(…)")
    if (kind == "stationarity") != isinstance(stated, Stationary):
        raise ValueError("stated: a stationarity, and only it, is stated with stationary(…)")
    if (kind == "bound") != any(single.turn for single in stated.chains):
        raise ValueError("stated: a bound, and only a bound, holds an inequality")
    _check_letters(stated)
    explicit = any(
        isinstance(node, sp.MatrixBase)
        or (getattr(node, "is_Matrix", False) and any(s.is_Integer and s > 1 for s in node.shape))
        for single in stated.chains
        for position in single.formulas
        for node in sp.preorder_traversal(single.sides[position])
    )
    if explicit and sizes is None:
        raise ValueError("sizes: the statement holds a matrix of fixed size; name the sizes")
    if erratum is not None and not erratum.strip().endswith("."):
        raise ValueError("erratum: expected one sentence that ends in a full stop")


def _fingerprint(case: Mapping) -> tuple:
    """The same for two cases only when they are the same input."""
    return tuple(
        (str(k), id(v) if callable(v) else np.asarray(v).tobytes()) for k, v in case.items()
    )


def _check_letters(stated) -> None:
    """Two symbols with two values must not look the same on the page."""
    formulas = [single.sides[k] for single in stated.chains for k in single.formulas]
    tables = {base.label for f in formulas for base in f.atoms(sp.IndexedBase)}
    seen: dict[str, Any] = {}
    for symbol in {s for f in formulas for s in f.free_symbols} - tables:
        if not isinstance(symbol, (sp.Symbol, sp.MatrixSymbol)) or isinstance(symbol, Sample):
            continue
        if seen.setdefault(latex(symbol), symbol) != symbol:
            raise ValueError(f"stated: two symbols are both shown as {latex(symbol)}")


def _check_given(equation, given, cases, stated, derived) -> None:
    """A fact that the proof uses must hold at the inputs that test its conclusion.

    The proof uses a fact about k inside a sum over k too: then it must hold for each k.
    """
    formulas = [s for single in stated.chains for s in single.sides if not isinstance(s, str)]
    derivations = derived if isinstance(derived, (tuple, list)) else [derived]
    formulas += [sp.sympify(d) for d in derivations if d is not None]
    for fact in given:
        for case in _with_indices(fact, formulas, cases):
            both = [to_numpy(evaluate(side, case)) for side in (fact.lhs, fact.rhs)]
            if not np.allclose(*both, rtol=1e-12, atol=1e-12):
                raise ClaimFailed(
                    f"({equation}) given: {latex(fact)} does not hold at {show_case(case)}"
                )


def _with_indices(fact, formulas, cases) -> Iterator[Mapping]:
    """Yield each case, and again with every value that the formulas give to the fact's indices.

    The bound of an inner sum may hold the index of an outer one, so the outer ones run, too.
    """
    yield from cases
    for around in {sums for formula in formulas for sums in _sums(formula, ())}:
        while around and around[-1][1][0] not in fact.free_symbols:
            around = around[:-1]
        for case in cases if around else ():
            yield from _places(around, case, must=True)


def _sums(node, around) -> Iterator[tuple]:
    """Yield the limits of every sum and product, with those of the sums around it ahead."""
    if isinstance(node, (sp.Sum, sp.Product, MatrixSum)):
        limits = [node.limits] if isinstance(node, MatrixSum) else reversed(node.limits)
        around = (*around, *((True, tuple(one)) for one in limits))
        yield around
        yield from _sums(node.args[0], around)
    else:
        for part in node.args:
            yield from _sums(part, around)


@dataclass(frozen=True)
class _Hypothesis:
    """What a proof supposes to be nonnegative, and where the proof uses it."""

    meaning: sp.Lambda
    uses: tuple  # (arguments, limits of the sums and integrals around), outermost first
    named: str = ""  # for which values of the variables, if not for all

    @property
    def tex(self) -> str:
        """The hypothesis for all its variables; a length of sums is that of the only use.

        An induction supposes its formula for one term less, not for all numbers of terms.
        """
        expression, general = self.meaning.expr, []
        for k, variable in enumerate(self.meaning.variables):
            arguments = {arguments[k] for arguments, _ in self.uses}
            bound = {limits[0] for _, around in self.uses for _, limits in around}
            (argument, *others) = arguments
            if variable.is_integer and not others and not argument.free_symbols & bound:
                expression = expression.subs(variable, argument)
            else:
                general.append(latex(variable))
        named = self.named or ", ".join(general)
        for_all = rf" \text{{ for all }} {named}" if named else ""
        return rf"{latex(expression)} \ge 0{for_all}"


def _hypotheses(lemmas, derivations) -> list[_Hypothesis]:
    found = []
    formulas = [sp.sympify(d) for d in derivations if d is not None]
    for function, meaning, *named in lemmas:
        uses = tuple(use for formula in formulas for use in _uses(formula, function, ()))
        if uses and not speaks_of_numbers((function, meaning)):
            found.append(_Hypothesis(meaning, uses, *named))
    return found


def _uses(node, function, around) -> Iterator[tuple]:
    """Yield the arguments of a function wherever it stands, and the limits around that place."""
    if isinstance(node, AppliedUndef) and node.func == function:
        yield node.args, around
    if isinstance(node, (sp.Sum, sp.Product, sp.Integral)):
        summed = not isinstance(node, sp.Integral)
        inner = tuple((summed, limits) for limits in reversed(node.limits))
        yield from _uses(node.function, function, (*around, *inner))
    else:
        for part in node.args:
            yield from _uses(part, function, around)


def _check_hypotheses(equation, hypotheses, cases) -> None:
    """See that what a proof supposes holds where it is used, at the inputs that can tell."""
    for hypothesis in hypotheses:
        expression, variables = hypothesis.meaning.expr, hypothesis.meaning.variables
        for arguments, around in hypothesis.uses:
            for case in cases:
                for place in _places(around, case):
                    try:
                        values = [evaluate(argument, place) for argument in arguments]
                        here = {**place, **dict(zip(variables, values, strict=True))}
                        total = evaluate(expression, here)
                        terms = [evaluate(t, here) for t in sp.Add.make_args(expression)]
                    except (CannotEvaluate, ValueError, TypeError, ZeroDivisionError):
                        continue
                    if not isinstance(total, mpmath.mpf):  # complex: outside where it is defined
                        continue
                    rounding = mpmath.mpf(10) ** (10 - DIGITS) * max(1, *map(abs, terms))
                    if total < -rounding:
                        raise ClaimFailed(
                            f"({equation}) lemmas: {latex(expression)} ≥ 0, which the proof "
                            f"supposes, does not hold at {show_case(here)}"
                        )


def _places(around, case, pieces: int = 8, must: bool = False) -> Iterator[Mapping]:
    """Yield the case with every value of the indices and some of the integration variables.

    Limits without a value yield nothing, unless they `must` have one.
    """
    if not around:
        yield case
        return
    (summed, limits), *rest = around
    try:
        variable, lower, upper = limits
        first, last = (evaluate(bound, case) for bound in (lower, upper))
    except (CannotEvaluate, ValueError):
        if must:
            raise
        return
    if mpmath.isinf(first) or mpmath.isinf(last):
        if must:
            raise CannotEvaluate(f"{variable} has infinitely many values")
        return
    if summed:
        values = range(int(first), int(last) + 1)
    else:
        with mpmath.workdps(DIGITS):
            values = [first + (last - first) * k / pieces for k in range(pieces + 1)]
    for value in values:
        yield from _places(rest, {**case, variable: value}, pieces, must)


def _one_each(values, stated, name) -> list:
    values = list(values) if isinstance(values, (tuple, list)) else [values]
    if values == [None]:
        values *= len(stated.chains)
    if len(values) != len(stated.chains):
        raise ValueError(f"{name}: expected {len(stated.chains)}, one a chain; got {len(values)}")
    return values


def _resolve(library: str):
    module, *rest = library.split(".")
    target = importlib.import_module(module)
    for k, name in enumerate(rest):
        if not hasattr(target, name) and inspect.ismodule(target):
            target = importlib.import_module(".".join([module, *rest[: k + 1]]))
        else:
            target = reduce(getattr, [name], target)
    return target


def _check_called(equation, library, functions, case) -> None:
    """Run `computed` once and see that it really enters the named function."""
    if not library.startswith("boltzlib."):
        raise ValueError(f"library: expected a public name in boltzlib; got {library!r}")
    target = _resolve(library)
    target = target.fget if isinstance(target, property) else target
    target = inspect.unwrap(getattr(target, "__func__", target))
    prefix = target.__qualname__ + ("." if inspect.isclass(target) else "")
    module = inspect.getsourcefile(target)
    entered = False

    def watch(frame, event, argument):
        nonlocal entered
        code = frame.f_code
        if event == "call" and code.co_filename == module:
            entered |= code.co_qualname == prefix or (
                prefix.endswith(".") and code.co_qualname.startswith(prefix)
            )

    previous = sys.getprofile()
    sys.setprofile(watch)
    try:
        for function in functions:
            function(case)
    finally:
        sys.setprofile(previous)
    if not entered:
        raise ClaimFailed(f"({equation}) computed: it never calls {library}, which it names")


def _break(equation, numbers: Numbers, given) -> int:
    """Try every broken copy of every side; return how many were rejected."""
    rejected = 0
    bare = True
    for position in numbers.chain.formulas:
        side = numbers.chain.sides[position]
        if side in (0, 1):
            continue  # a bare 0 or 1 has no slips of its own
        bare = False
        for broken in broken_copies(side):
            survives = numbers.survivor(position, broken)
            if survives is None:
                continue  # it has no value at these inputs: nothing was tried
            if survives and not _equivalent(broken, side, given):
                raise ClaimFailed(
                    f"({equation}) the check has no teeth: it also accepts the broken copy "
                    f"{latex(broken)}; add inputs that tell it from {latex(side)}"
                )
            rejected += not survives
    if numbers.chain.turn:
        if numbers.flipped_survives():
            raise ClaimFailed(f"({equation}) the check has no teeth: the flipped bound passes too")
        rejected += 1
    if not (rejected or bare):
        raise ClaimFailed(f"({equation}) the check has no teeth: no broken copy could be tried")
    return rejected


def _equivalent(broken, side, given) -> bool:
    try:
        return equal(broken, side, given)
    except (ValueError, TypeError, NotImplementedError, AttributeError):
        return False  # SymPy cannot say: the copy counts as different


def _break_limit(equation, stated: Limit, derivation, numbers) -> int:
    """A wrong value or a wrong rate must be rejected too."""
    wrong = [
        Limit(stated.chains, variable=stated.variable, value=stated.value + 1, rate=stated.rate),
        Limit(stated.chains, variable=stated.variable, value=stated.value, rate=stated.rate**2),
        Limit(
            stated.chains, variable=stated.variable, value=stated.value, rate=sp.sqrt(stated.rate)
        ),
    ]
    for broken in wrong:
        try:
            check_limit(broken, derivation, numbers)
        except ClaimFailed:
            continue
        raise ClaimFailed(f"({equation}) the check has no teeth: it also accepts {broken.tex}")
    return len(wrong)


def _mending(numbers: Numbers) -> str:
    """Name the standard slip that would make stated and computed agree, if there is one."""
    for position in numbers.chain.formulas:
        for broken in broken_copies(numbers.chain.sides[position]):
            if numbers.survivor(position, broken):
                return f". It would agree if it read {latex(broken)}"
    return ""


def _refute_printed(equation, stated, checked, erratum, printed, counterexample) -> str | None:
    """Show that the note's form is wrong: it must fail where the right one holds."""
    if erratum is None:
        if printed is not None or counterexample is not None:
            raise ValueError("erratum: a printed form or counter-example needs its sentence")
        return None
    shown = None
    if counterexample is not None:
        says, right = counterexample()
        if _shown(says) == _shown(right):
            raise ClaimFailed(f"({equation}) the counter-example refutes nothing: both give {says}")
        shown = f"the note's form gives {_shown(says)}; right is {_shown(right)}"
    if printed is None:
        if shown is None:
            raise ValueError("printed: an erratum needs the printed form or a counter-example")
        return shown
    if isinstance(printed, Statement):
        pairs = list(zip(checked, printed.chains, strict=True))
    else:
        position = checked[-1].chain.formulas[-1]
        pairs = [(checked[-1], checked[-1].chain.replace(position, sp.sympify(printed)))]
    for numbers, single in pairs:
        failure = numbers.check(single)
        if failure:
            return shown or f"for the note's form: {failure}"
    raise ClaimFailed(f"({equation}) the printed form passes too: it is no erratum")


def _shown(value) -> str:
    return value if isinstance(value, str) else show_value(value)


__all__ = ["KINDS", "MIME", "Claim", "ClaimFailed", "claim", "claims_so_far"]
