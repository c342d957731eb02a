"""The claim: one equation whose three corners must agree::

            derived  (what SymPy obtained from earlier equations)
              /   \\
             /     \\
       stated ----- computed
   (the formula     (what boltzlib returns,
    you read)        or a function of your own)

* derived ≡ stated, symbolically (`boltzlib.book.prove`);
* stated ≈ computed: the stated formula at 40 digits (`boltzlib.book.evaluate`) against the
  function, on ordinary and on extreme inputs;
* every broken copy of the stated formula (`boltzlib.book.mutate`) must fail;
* the display, read back by a second program (`boltzlib.book.displays`), is the stated formula.

A claim that does not hold raises `ClaimFailed`, and says why (`boltzlib.book.diagnosis`).
See `claim` for how to read one.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pkgutil import resolve_name
from types import FrameType
from typing import Any

import numpy as np
import sympy as sp

from boltzlib.book import card, numbering
from boltzlib.book.arguments import (
    KINDS,
    UNSAID,
    check_arguments,
    listed_inputs,
    missing_hint,
    one_each,
)
from boltzlib.book.corners import (
    ClaimFailed,
    DerivedDiffers,
    NoValue,
    Numbers,
    call,
    check_derived,
    check_limit,
    check_stationary,
    proved,
)
from boltzlib.book.diagnosis import explain_derived, explain_numbers, explained
from boltzlib.book.displays import check_display
from boltzlib.book.evaluate import CannotEvaluate
from boltzlib.book.hypotheses import check_given, check_hypotheses, hypotheses_in
from boltzlib.book.mutate import named_copies
from boltzlib.book.printing import latex
from boltzlib.book.provenance import source_so_far, tautology, written_out
from boltzlib.book.statement import Limit, Statement, Stationary
from boltzlib.book.words import listed, plain, show_value

MIME = "application/vnd.boltzlib.claim+json"

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
            f"{numbering.heading(r['equation'])} {r['kind']} holds {where}: {corners}; "
            f"{r['cases']} inputs; {r['killed']} of {r['mutants']} wrong versions rejected"
        )

    def _repr_mimebundle_(self, include=None, exclude=None):
        shown = {"text/plain": repr(self), "text/html": card.html(self)}
        if self.record["origin"] == "reader":
            return shown  # the ledger is the book's
        return {**shown, MIME: dict(self.record)}


def claim(
    equation: str,
    kind: str,
    stated: Statement,
    *,
    derived=None,
    computed: Callable | Sequence[Callable] | None = None,
    library: str | None = UNSAID,
    cases: Sequence[Mapping],
    edges: Sequence[Mapping] = (),
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
        The number the reader sees, ``"2.15"``.  For a formula of your own its name, ``"my
        entropy"``: then there is no display, no record for the ledger and no line in the table
        of the page, and `library` and `edges` may be left out.
    kind : str
        One of ``definition identity bound stationarity update limit statistical``.
    stated : Statement
        The formula the reader sees, built with `chain`, `stationary`, `together` or `limit`.
    derived : sympy expression, or one a chain
        What the derivation above arrived at.  For a bound: the gap, in a form that is
        visibly nonnegative.  A definition has none.
    computed : callable, or one a chain
        ``computed(case)`` returns the library's value of the chain, or that of your own
        function, where `case` is one of the mappings below.  For a statistical claim it returns
        independent replicates along axis 0, whose mean is compared with the stated value.
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
        When a corner fails, the claim is a tautology, or a broken copy passes.  It says which,
        at which input, with which values, and the slip that would mend it, if one does.
    ValueError
        When an argument is not what it should be.
    """
    own = not numbering.is_number(equation)
    inputs = listed_inputs(cases=cases, edges=edges, tight=tight)
    check_arguments(
        own, kind, stated, derived, computed, library, inputs, tolerance, given, lemmas, sizes,
        erratum,
    )  # fmt: skip
    library = None if library == UNSAID else library
    heading = numbering.heading(equation)
    with _blaming_inputs(heading), _named(heading):
        caller = sys._getframe(1)
        source = _source_for_own(caller) if own else source_so_far(caller)
        _check_origins(source, equation, derived, "get_ipython" in caller.f_globals)
        every_case = [case for part in inputs.values() for case in part]
        check_given(given, every_case, stated, derived)
        derivations = one_each(derived, stated, "derived")
        hypotheses = hypotheses_in(lemmas, derivations)
        check_hypotheses(hypotheses, every_case)
        functions = one_each(computed, stated, "computed")
        if library is not None:
            _check_called(library, functions, every_case[0])
        checked, killed = [], 0
        for k, (single, derivation) in enumerate(zip(stated.chains, derivations, strict=True)):
            first_tight = len(every_case) - len(inputs["tight"])
            at_equality = frozenset(range(first_tight, len(every_case))) if single.turn else ()
            with _named(_part(stated, k)):
                numbers = Numbers(
                    single,
                    functions[k],
                    every_case,
                    tolerance,
                    frozenset(at_equality),
                    kind == "statistical",
                )
                _check_corners(numbers, derivation, given, [lemma[:2] for lemma in lemmas])
                if isinstance(stated, Limit):
                    check_limit(stated, derivation, numbers)
                    killed += _break_limit(stated, derivation, numbers)
                killed += _break(numbers, given)
            checked.append(numbers)
        if not killed:
            raise ClaimFailed("the check has no teeth: no broken copy could be tried")
        if isinstance(stated, Stationary):
            check_stationary(stated.parameter, *checked)
        shown = _refute_printed(stated, checked, erratum, printed, counterexample)
        if not own:
            check_display(stated, every_case)
    record = {
        "equation": equation,
        "origin": "reader" if own else numbering.origin(equation),
        "kind": kind,
        "scope": "general" if sizes is None else "instance",
        "sizes": sizes,
        "library": library,
        "given": [
            *(f"{latex(fact.lhs)} = {latex(fact.rhs)}" for fact in given),
            *(hypothesis.tex for hypothesis in hypotheses),
        ],
        "derived": all(d is not None for d in derivations),
        "computed": True,
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
    if not own:
        _page.append(result)
        card.glue(numbering.label(equation), stated.tex, equation)
    return result


def claims_so_far() -> list[Claim]:
    """Return the claims of this notebook so far, the last one for each number, in page order."""
    return list({c.record["equation"]: c for c in _page}.values())


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Put a name before what a failure says."""
    try:
        yield
    except ClaimFailed as problem:
        raise ClaimFailed(f"{name} {problem}" if name else str(problem)) from None


@contextmanager
def _blaming_inputs(name: str) -> Iterator[None]:
    """Say that a formula without a value is a fault of the inputs."""
    try:
        yield
    except NoValue as problem:
        missing = "no value was given" in str(problem)
        hint = missing_hint(problem.side, problem.case) if missing else ""
        raise ValueError(f"{name} cases: {problem}{hint}") from None
    except CannotEvaluate as problem:
        raise ValueError(f"{name} cases: {problem}") from problem


def _part(stated: Statement, k: int) -> str:
    """Name one of several chains."""
    if len(stated.chains) == 1:
        return ""
    if isinstance(stated, Stationary):
        return ("the gradient:", "the solution:")[k]
    return f"part {k + 1} of {len(stated.chains)}:"


def _check_corners(numbers: Numbers, derivation, given, lemmas) -> None:
    """Check derived against stated and stated against computed; explain what fails."""
    numbers.evaluate()
    if derivation is not None:
        try:
            check_derived(numbers.chain, derivation, numbers.cases[0], given, lemmas)
        except DerivedDiffers as problem:
            why = explained(problem, explain_derived, problem, numbers, given)
            raise ClaimFailed(why) from None
    failure = numbers.check()
    if failure:
        why = explained(failure, explain_numbers, numbers, failure, derivation is not None)
        raise ClaimFailed(why)


def _check_origins(source, equation, derived, notebook: bool) -> None:
    """See that derived and stated have separate origins, as far as the code can tell."""
    circular = tautology(source, equation) if source else None
    if circular:
        raise ClaimFailed(
            f"is a tautology:\n{circular}.\n"
            "Stated is what you claim, typed out; derived is what the steps above it lead to."
        )
    if notebook and source and derived is not None and not written_out(source, equation):
        raise ClaimFailed(
            "may be a tautology: write number or name, statement and derived in the call"
        )


def _source_for_own(frame: FrameType) -> str | None:
    """Return the code above a reader's claim: a function may use what its file derives."""
    if "get_ipython" in frame.f_globals:
        return source_so_far(frame)
    if frame.f_code.co_filename.startswith("<"):
        return None  # typed at a prompt: what stands above is not known
    try:
        file, first = inspect.findsource(frame)
        return "".join(file[: first + len(inspect.getsourcelines(frame)[0])])
    except OSError:
        return None


def _fingerprint(case: Mapping) -> tuple:
    """The same for two cases only when they are the same input."""
    return tuple(
        (str(k), id(v) if callable(v) else np.asarray(v).tobytes()) for k, v in case.items()
    )


def _resolve(library: str):
    """Return the function or class that is behind a public name."""
    try:
        target = resolve_name(library if library.startswith("boltzlib.") else "")
    except (ImportError, AttributeError, ValueError):
        target = None
    target = target.fget if isinstance(target, property) else target
    target = inspect.unwrap(getattr(target, "__func__", target))
    if not callable(target):
        raise ValueError(f"library: expected a public name in boltzlib; got {library!r}")
    return target


def _check_called(library, functions, case) -> None:
    """Run `computed` once and see that it really enters the named function."""
    target = _resolve(library)
    prefix = target.__qualname__ + ("." if inspect.isclass(target) else "")
    module = inspect.getsourcefile(target)
    entered = False

    def watch(frame, event, argument):
        nonlocal entered
        code = frame.f_code
        if code.co_filename == module:
            entered |= code.co_qualname == prefix or (
                prefix.endswith(".") and code.co_qualname.startswith(prefix)
            )

    previous = sys.getprofile()
    sys.setprofile(watch)
    try:
        for function in functions:
            call(function, case)
    finally:
        sys.setprofile(previous)
    if not entered:
        raise ClaimFailed(f"computed: it never calls {library}, which it names")


def _break(numbers: Numbers, given) -> int:
    """Try every broken copy of every side; return how many were rejected."""
    rejected = 0
    for position in numbers.chain.formulas:
        side = numbers.chain.sides[position]
        if side == 1:
            continue  # a bare 1 has no slips of its own (and a 0 no copies)
        for broken, slip in named_copies(side).items():
            survives = numbers.survivor(position, broken)
            if survives is None:
                continue  # it has no value at these inputs: nothing was tried
            if survives and not proved(broken, side, given):
                raise ClaimFailed(
                    f"the check has no teeth: {slip} it passes, too,\n    {plain(broken)}\n"
                    f"in place of\n    {plain(side)}\n"
                    f"Add an input at which the two differ.{_always(side, numbers.cases)}"
                )
            rejected += not survives
    if numbers.chain.turn:
        if numbers.flipped_survives():
            raise ClaimFailed("the check has no teeth: the flipped bound passes too")
        rejected += 1
    return rejected


def _always(formula, cases) -> str:
    """Name the symbols that have the same value at every input."""
    found = [
        f"{plain(symbol)} = {show_value(cases[0][symbol])}"
        for symbol in sorted(formula.free_symbols, key=str)
        if all(np.ndim(case.get(symbol, ())) == 0 for case in cases)
        and len({float(case[symbol]) for case in cases}) == 1
    ]
    return f" At every input so far {listed(found)}." if found else ""


def _break_limit(stated: Limit, derivation, numbers) -> int:
    """A wrong value or a wrong rate must be rejected too."""
    wrong = [
        Limit(stated.chains, variable=stated.variable, value=stated.value + 1, rate=stated.rate),
        Limit(stated.chains, variable=stated.variable, value=stated.value, rate=stated.rate**2),
        Limit(
            stated.chains, variable=stated.variable, value=stated.value, rate=sp.sqrt(stated.rate)
        ),
    ]
    rejected = 0
    for broken in wrong:
        try:
            check_limit(broken, derivation, numbers)
        except ClaimFailed:
            rejected += 1
        else:
            raise ClaimFailed(f"the check has no teeth: it also accepts {broken.tex}")
    return rejected


def _refute_printed(stated, checked, erratum, printed, counterexample) -> str | None:
    """Show that the note's form is wrong: it must fail where the right one holds."""
    if erratum is None:
        if printed is not None or counterexample is not None:
            raise ValueError("erratum: a printed form or counter-example needs its sentence")
        return None
    shown = None
    if counterexample is not None:
        says, right = counterexample()
        if _shown(says) == _shown(right):
            raise ClaimFailed(f"the counter-example refutes nothing: both give {says}")
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
    raise ClaimFailed("the printed form passes too: it is no erratum")


def _shown(value) -> str:
    return value if isinstance(value, str) else show_value(value)


__all__ = ["KINDS", "MIME", "Claim", "ClaimFailed", "claim", "claims_so_far"]
