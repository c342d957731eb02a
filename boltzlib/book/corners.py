"""The checks behind a claim: derived against stated, stated against computed.

`check_derived` and `Numbers` know nothing of numbers of equations, cards or notebooks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from statistics import NormalDist

import mpmath
import numpy as np
import sympy as sp

from boltzlib.book.evaluate import DIGITS, CannotEvaluate, evaluate, to_numpy
from boltzlib.book.prove import (
    equal,
    expand_lemmas,
    has_assumptions_of,
    nonnegative,
    speaks_of_numbers,
)
from boltzlib.book.samples import Sample
from boltzlib.book.statement import FLIPPED, Chain
from boltzlib.book.words import listed, plain, show_apart, show_case, show_value

# What goes wrong when a formula is evaluated, or simplified, that is none.
NO_FORMULA = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError,
              NotImplementedError)  # fmt: skip
CLEAR = 1e-6  # a difference that no rounding of the inputs explains
FALSE_ALARM = 1e-9  # a statistical claim rejects a true formula once in a billion runs


class ClaimFailed(AssertionError):
    """A claim does not hold, or its check could not have failed."""


class DerivedDiffers(ClaimFailed):
    """What was derived could not be proved equal to what is stated."""

    def __init__(self, derived, stated, position: int | None):
        what = ("the derived", "equals") if position is not None else ("the derived gap", "is")
        super().__init__(
            f"derived ≠ stated: could not prove that {what[0]}\n"
            f"    {plain(derived)}\n{what[1]} the stated\n    {plain(stated)}"
        )
        self.derived, self.stated = sp.sympify(derived), sp.sympify(stated)
        self.position = position  # of the side; None when it is the gap of a bound


@dataclass(frozen=True)
class Failure:
    """Where a chain fails and with which values; as text one line, as a record shows it."""

    kind: str  # "computed", "sides", "tight", "bound", or "only tight"
    case: Mapping
    values: tuple  # the two, or more, that should agree
    positions: tuple[int, ...]  # the sides of the chain that have these values

    def __str__(self) -> str:
        if self.kind == "only tight":
            return "the bound is only tried where it is tight"
        return f"{self.what} at {show_case(self.case)}"

    @property
    def what(self) -> str:
        texts = show_apart(*self.values)
        if self.kind == "computed":
            return f"stated {texts[0]}, computed {texts[1]}"
        if self.kind == "sides":
            which = "two" if len(self.values) == 2 else "the"
            return f"{which} stated sides differ: {listed(map(show_value, self.values))}"
        says = "not tight" if self.kind == "tight" else "the bound fails or is tight"
        return f"{says}: {texts[0]} against {texts[1]}"


def check_derived(single: Chain, derived, case: Mapping, given=(), lemmas=()) -> None:
    """Prove that what was derived is what is stated; raise ClaimFailed when that fails.

    For a bound, `derived` is the gap (larger minus smaller side), written so that it is
    visibly nonnegative.  No proof is sought where the two have clearly different values at the
    input `case`: SymPy can look for many minutes for one that does not exist.
    """

    def check(found, said, position=None):
        if _clearly_differ(found, said, case) or not proved(found, said, given):
            raise DerivedDiffers(found, said, position)

    if single.turn is None:
        for position in single.formulas:
            check(derived, single.sides[position], position)
        return
    before = [single.sides[k] for k in single.formulas if k < single.turn]
    after = [single.sides[k] for k in single.formulas if k >= single.turn]
    if not before or not after:
        raise ClaimFailed("derived ≠ stated: a bound needs a formula on both sides")
    for lemma in lemmas:
        _check_lemma(lemma)
    gap = expand_lemmas(derived, lemmas)
    larger_first = single.relations[single.turn - 1] in (">=", ">")
    for left, right in product(before, after):
        check(gap, left - right if larger_first else right - left)
    if not nonnegative(derived, lemmas):
        raise ClaimFailed(
            f"derived: the gap\n    {plain(derived)}\nis not visibly nonnegative.\n"
            "Write it with squares, probabilities, or functions that `lemmas` names."
        )


def _clearly_differ(a, b, case: Mapping) -> bool:
    """Whether two formulas have different values at an input, and not by its rounding."""
    try:
        a, b = (to_numpy(evaluate(formula, case)) for formula in (a, b))
    except NO_FORMULA:
        return False
    return a.shape == b.shape and not np.allclose(a, b, rtol=CLEAR, atol=CLEAR)


def proved(a, b, given=()) -> bool:
    """Return whether two formulas could be proved equal; where SymPy stumbles, they could not."""
    try:
        return equal(a, b, given)
    except NO_FORMULA:
        return False


def _check_lemma(lemma) -> None:
    """Try a lemma that speaks of numbers alone over many powers of 2 (others need the page)."""
    function, meaning = lemma
    if not speaks_of_numbers(lemma):
        return
    grid = [sp.Integer(2) ** k for k in range(-40, 41, 4)]
    grid += [1 + sp.Integer(2) ** -20, 0, *(-g for g in grid)]
    axes = [[g for g in grid if has_assumptions_of(g, u)] for u in meaning.variables]
    for point in product(*axes):
        value = evaluate(meaning.expr, dict(zip(meaning.variables, point, strict=True)))
        if not isinstance(value, mpmath.mpf) or not value >= 0:
            at = ", ".join(f"{u} = {g}" for u, g in zip(meaning.variables, point, strict=True))
            found = show_value(value) if isinstance(value, mpmath.mpf) else "no real number"
            raise ClaimFailed(f"lemma: {function} ≥ 0 is false at {at}: it is {found}")


class NoValue(CannotEvaluate):
    """A stated formula has no value at an input."""

    def __init__(self, side, case: Mapping, problem: Exception):
        self.side, self.case, self.problem = side, case, problem

    def __str__(self) -> str:
        return f"{plain(self.side)} has no value at {show_case(self.case)}: {self.problem}"


def call(computed: Callable, case: Mapping) -> np.ndarray:
    """Return what `computed` gives for a case, as an array; say it when that is no number."""
    try:
        value = computed(case)
    except ClaimFailed:
        raise
    except Exception as problem:  # whatever a reader's function raises, the reader is told where
        raise ValueError(
            f"computed: expected a value at {show_case(case)}; "
            f"it raised {type(problem).__name__}: {problem}{_key_hint(problem, case)}"
        ) from problem
    expected = f"computed: expected a number, or an array of numbers, at {show_case(case)}"
    if value is None:
        raise ValueError(f"{expected}; got None: is a `return` missing?")
    if isinstance(value, sp.Basic) and not value.is_number:
        raise ValueError(f"{expected}; got the formula {plain(value)}: compute with numbers")
    try:
        if np.iscomplexobj(value):
            raise TypeError("complex numbers")
        value = np.asarray(value, dtype=float)
    except (TypeError, ValueError) as problem:
        raise ValueError(f"{expected}; got {type(value).__name__}: {problem}") from problem
    if np.isnan(value).any():
        raise ClaimFailed(f"computed: expected a number; got NaN\nat {show_case(case)}")
    return value


def _key_hint(problem: Exception, case: Mapping) -> str:
    key = problem.args[0] if isinstance(problem, KeyError) and problem.args else None
    if key is None:
        return ""
    if any(str(key) == str(symbol) for symbol in case):
        return f". The input has a value for the symbol {key}, which is not the key asked for"
    return f". The input has values for {listed(case)} only"


@dataclass
class Numbers:
    """One chain, the computed values for it, and the inputs at which they are compared.

    A method that checks returns None when all is well, else a `Failure` that says where it
    failed and what the values were.
    """

    chain: Chain
    computed: Callable | None
    cases: Sequence[Mapping]
    tolerance: float
    tight: frozenset[int] = frozenset()
    statistical: bool = False

    def __post_init__(self):
        self.library = [None if self.computed is None else self._call(c) for c in self.cases]
        self.cached = [dict() for _ in self.cases]

    def _call(self, case):
        value = call(self.computed, case)
        if self.statistical and (value.ndim == 0 or len(value) < 2):
            raise ValueError(
                "computed: of a statistical claim expected independent replicates along axis 0; "
                f"got {'one number' if value.ndim == 0 else f'the shape {value.shape}'}"
            )
        return value

    def evaluate(self) -> None:
        """Evaluate the stated sides at all inputs; raise NoValue when one cannot be."""
        for k in range(len(self.cases)):
            for position in self.chain.formulas:
                self.stated(position, k)

    def check(self, single: Chain | None = None) -> Failure | None:
        """Compare all sides of `single` (default: the stated chain) with the library."""
        for k in range(len(self.cases)):
            failure = self.check_at(k, single)
            if failure:
                return failure
        if len(self.tight) == len(self.cases):
            return Failure("only tight", {}, (), ())
        return None

    def check_at(self, k: int, single: Chain | None = None) -> Failure | None:
        """Compare all sides at one input."""
        single = single or self.chain
        values = {p: self._side(single, p, k) for p in single.formulas}
        for position, value in values.items():
            if self.library[k] is None or (single.turn and position >= single.turn):
                continue
            if not self._agrees(value, self.library[k]):
                pair = (value, self.center(k))
                return Failure("computed", self.cases[k], pair, (position,))
        return self._relations(single, values, k)

    def center(self, k: int):
        """What is computed at an input: of replicates their mean."""
        return self.library[k].mean(axis=0) if self.statistical else self.library[k]

    def stated(self, position: int, k: int):
        """What a stated side is at an input."""
        return self._side(self.chain, position, k)

    def agrees_at(self, k: int, value) -> bool:
        """Whether a value, as of another formula, is what was computed at an input."""
        return self._agrees(value, self.library[k])

    def survivor(self, position: int, broken) -> bool | None:
        """Return whether the chain still passes with a broken side; None if it has no value."""
        return self._passes(position, broken, same_shape=True)

    def mended(self, position: int, other) -> bool:
        """Return whether the chain passes at all inputs with another side, of any shape."""
        return bool(self._passes(position, other, same_shape=False))

    def _passes(self, position, other, same_shape) -> bool | None:
        try:
            rough = [evaluate(other, case, digits=15) for case in self.cases[:1]]
            if same_shape and not _alike(rough[0], self._side(self.chain, position, 0)):
                return None  # a number for a matrix, a row for a column: no one takes it for right
            if self._plainly_wrong(position, other, rough):
                return False
            return self.check(self.chain.replace(position, other)) is None
        except (CannotEvaluate, ZeroDivisionError, OverflowError, TypeError, IndexError):
            return None
        except ValueError:  # mpmath: the shapes do not fit
            return None
        except ClaimFailed:  # NaN
            return None

    def _plainly_wrong(self, position: int, broken, rough) -> bool:
        """Compare a broken side with the library at 15 digits: most differ in the first few."""
        beyond = self.chain.turn and position >= self.chain.turn
        if self.computed is None or self.statistical or beyond:
            return False
        loose = max(1e-6, self.tolerance)
        rest = (evaluate(broken, case, digits=15) for case in self.cases[1:])
        for value, library in zip(chain(rough, rest), self.library, strict=True):
            if np.isnan(to_numpy(value)).any():
                raise CannotEvaluate(f"{plain(broken)} is not a number")
            if not self._agrees(value, library, loose):
                return True
        return False

    def flipped_survives(self) -> bool:
        """Return whether the chain also passes with its inequality turned round."""
        k = self.chain.turn - 1
        relations = list(self.chain.relations)
        relations[k] = FLIPPED[relations[k]]
        return self.check(Chain(self.chain.sides, tuple(relations))) is None

    def _side(self, single, position, k):
        side = single.sides[position]
        if side is self.chain.sides[position]:
            if position not in self.cached[k]:
                self.cached[k][position] = self._evaluated(side, k)
            return self.cached[k][position]
        return self._evaluated(side, k)

    def _evaluated(self, side, k):
        try:
            value = evaluate(side, self.cases[k])
        except (ValueError, TypeError, ArithmeticError, LookupError) as problem:
            raise NoValue(side, self.cases[k], problem) from problem
        parts = list(value) if isinstance(value, mpmath.matrix) else [value]
        if any(mpmath.isnan(p) or p.imag != 0 for p in parts):
            raise ClaimFailed(
                f"stated: {plain(side)} is not a real number at {show_case(self.cases[k])}"
            )
        if isinstance(value, mpmath.matrix):
            return value.apply(lambda p: p.real)
        return value.real

    def _agrees(self, value, library, tolerance: float | None = None) -> bool:
        expected = to_numpy(value)
        if self.statistical:
            return self._within_noise(expected, library)
        expected, library = _flat(expected), _flat(library)
        if expected.shape != library.shape:
            return False
        infinite = np.isinf(expected)
        if not np.array_equal(expected[infinite], library[infinite]):
            return False
        expected, library = expected[~infinite], library[~infinite]
        scale = np.abs(expected).max(initial=0.0) or 1.0
        return bool(
            np.abs(expected - library).max(initial=0.0) <= (tolerance or self.tolerance) * scale
        )

    def _within_noise(self, expected, replicates) -> bool:
        """Two-sided z-test of the mean of independent replicates, at FALSE_ALARM over all cases."""
        mean = replicates.mean(axis=0)
        if _flat(expected).shape != _flat(mean).shape:
            return False
        z = NormalDist().inv_cdf(1 - FALSE_ALARM / (2 * mean.size * len(self.cases)))
        error = replicates.std(axis=0, ddof=1) / np.sqrt(len(replicates))
        return bool(np.all(np.abs(mean - expected.reshape(mean.shape)) <= z * error))

    def _relations(self, single, values, k) -> Failure | None:
        """Compare the sides with one another, at 40 digits."""
        case = self.cases[k]
        turn = single.turn or len(single.sides)
        before = [p for p in values if p < turn]
        after = [p for p in values if p >= turn]
        for group in (before, after):
            if any(not same(values[group[0]], values[other]) for other in group[1:]):
                return Failure("sides", case, tuple(values[p] for p in group), tuple(group))
        if not before or not after:
            return None
        relation = single.relations[turn - 1]
        positions = (before[0], after[0])
        if relation in ("<=", "<"):
            positions = positions[::-1]
        larger, smaller = (values[p] for p in positions)
        if k in self.tight:
            holds, kind = same(larger, smaller), "tight"
        else:
            holds, kind = larger > smaller, "bound"
        return None if holds else Failure(kind, case, (larger, smaller), positions)


def _flat(array) -> np.ndarray:
    """A column as a vector and a single number as a number; a row remains a row."""
    if array.size == 1:
        return array.reshape(())
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _alike(a, b) -> bool:
    """Whether two values are of one shape (a 1x1 matrix counts as a number)."""
    return _flat(to_numpy(a)).shape == _flat(to_numpy(b)).shape


def same(a, b) -> bool:
    """Whether two values are equal to 10 digits fewer than they were computed with."""
    with mpmath.workdps(DIGITS):
        a, b = (v if isinstance(v, mpmath.matrix) else mpmath.matrix([[v]]) for v in (a, b))
        if (a.rows, a.cols) != (b.rows, b.cols):
            return False
        for u, v in zip(a, b, strict=True):
            if mpmath.isinf(u):
                if u != v:
                    return False
            elif abs(u - v) > mpmath.mpf(10) ** (10 - DIGITS) * max(1, abs(u)):
                return False
        return True


def check_limit(statement, derived, numbers: Numbers) -> None:
    """Check value and rate of a limit, symbolically and along the library's own values."""
    sequence, variable = derived, statement.variable
    error = sequence - statement.value
    if sp.limit(error, variable, sp.oo) != 0:
        raise ClaimFailed(f"derived: {plain(sequence)} does not tend to {plain(statement.value)}")
    ratio = sp.limit(sp.simplify(error / statement.rate), variable, sp.oo)
    if ratio == 0 or ratio.is_infinite is not False:
        raise ClaimFailed(
            f"derived: the error is not of order {plain(statement.rate)}: "
            f"their ratio tends to {ratio}"
        )
    sizes = [float(case[variable]) for case in numbers.cases]
    if max(sizes) < 100 * min(sizes):
        raise ClaimFailed("a limit needs cases that span at least a factor 100")
    groups: dict = {}
    for case, value in zip(numbers.cases, numbers.library, strict=True):
        key = str(sorted((str(k), str(v)) for k, v in case.items() if k != variable))
        goal = to_numpy(evaluate(statement.value, case))
        rate = float(evaluate(statement.rate, case))
        groups.setdefault(key, []).append((float(case[variable]), float(value - goal), rate))
    for rows in groups.values():
        (size0, e0, r0), (size1, e1, r1) = min(rows), max(rows)
        if size0 == size1:
            raise ClaimFailed("a limit needs two sizes for each set of the other inputs")
        if e0 == e1 == 0:
            continue
        if e0 * e1 <= 0:
            raise ClaimFailed(f"computed: the error goes from {e0:.1g} to {e1:.1g}, by no power")
        order = np.log(e1 / e0) / np.log(r1 / r0)
        if not abs(order - 1) < 0.1:
            raise ClaimFailed(
                f"computed: the error falls with power {order:.2f} of the stated rate"
            )


def check_stationary(parameter, gradient: Numbers, solution: Numbers) -> None:
    """Check that the gradient vanishes where the parameter has its stated value, only there."""
    slope = gradient.chain.sides[gradient.chain.formulas[-1]]
    place = solution.chain.formulas[-1]
    for k, case in enumerate(gradient.cases):
        value = solution._side(solution.chain, place, k)
        there = evaluate(slope, _with(parameter, value, case))
        here, moved = evaluate(slope, case), not same(value, evaluate(parameter, case))
        if _largest(there) > mpmath.mpf(10) ** (-DIGITS // 2) * (_largest(here) or 1):
            raise ClaimFailed(
                f"the gradient is {show_value(there)}, not 0, at {plain(parameter)} = "
                f"{show_value(value)} and {show_case(case)}"
            )
        if moved and _largest(here) == 0:
            raise ClaimFailed(
                f"the gradient is 0 at {show_case(case)} too, not only at {plain(parameter)} = "
                f"{show_value(value)}"
            )


def _with(parameter, value, case) -> dict:
    """Return the case with another value of a symbol, an entry of a table or one of a family."""
    if isinstance(parameter, Sample):
        family = np.array(case[parameter.family], dtype=object)
        one = family[k := int(evaluate(parameter.index, case)) - 1]
        family[k] = np.array(list(value), dtype=object).reshape(one.shape)  # row by row
        return {**case, parameter.family: family}
    if not isinstance(parameter, sp.Indexed):
        return {**case, parameter: value}
    table = np.array(case[parameter.base], dtype=object)
    table[tuple(int(evaluate(k, case)) - 1 for k in parameter.indices)] = value
    return {**case, parameter.base: table}


def _largest(value):
    return max(abs(v) for v in (value if isinstance(value, mpmath.matrix) else [value]))
