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
from boltzlib.book.printing import latex
from boltzlib.book.prove import (
    equal,
    expand_lemmas,
    has_assumptions_of,
    nonnegative,
    speaks_of_numbers,
)
from boltzlib.book.samples import Sample
from boltzlib.book.statement import FLIPPED, Chain

FALSE_ALARM = 1e-9  # a statistical claim rejects a true formula once in a billion runs


class ClaimFailed(AssertionError):
    """A claim does not hold, or its check could not have failed."""


def check_derived(single: Chain, derived, given=(), lemmas=()) -> None:
    """Prove that what was derived is what is stated; raise ClaimFailed when that fails.

    For a bound, `derived` is the gap (larger minus smaller side), written so that it is
    visibly nonnegative.
    """
    if single.turn is None:
        for position in single.formulas:
            side = single.sides[position]
            if not equal(derived, side, given):
                raise ClaimFailed(
                    f"derived ≠ stated: could not prove that the derived {latex(derived)} "
                    f"equals the stated {latex(side)}"
                )
        return
    before = [single.sides[k] for k in single.formulas if k < single.turn]
    after = [single.sides[k] for k in single.formulas if k >= single.turn]
    if not before or not after:
        raise ClaimFailed("derived ≠ stated: a bound needs a formula on both sides")
    for lemma in lemmas:
        _check_lemma(lemma)
    gap = expand_lemmas(derived, lemmas)
    larger_first = single.relations[single.turn - 1] in (">=", ">")
    for left in before:
        for right in after:
            stated_gap = left - right if larger_first else right - left
            if not equal(gap, stated_gap, given):
                raise ClaimFailed(
                    f"derived ≠ stated: could not prove that the derived gap {latex(derived)} "
                    f"is the stated {latex(stated_gap)}"
                )
    if not nonnegative(derived, lemmas):
        raise ClaimFailed(f"derived: the gap {latex(derived)} is not visibly nonnegative")


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
            raise ClaimFailed(f"lemma: {function} ≥ 0 is false at {at}")


@dataclass
class Numbers:
    """One chain, the library's values for it, and the inputs at which they are compared.

    A method that checks returns None when all is well, else one line that says where it
    failed and what both values were.
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
        value = np.asarray(self.computed(case), dtype=float)
        if np.isnan(value).any():
            raise ClaimFailed(f"computed: the library returned NaN at {show_case(case)}")
        return value

    def check(self, single: Chain | None = None) -> str | None:
        """Compare all sides of `single` (default: the stated chain) with the library."""
        single = single or self.chain
        for k, case in enumerate(self.cases):
            values = {p: self._side(single, p, k) for p in single.formulas}
            for position, value in values.items():
                if self.library[k] is None or (single.turn and position >= single.turn):
                    continue
                if not self._agrees(value, self.library[k]):
                    return (
                        f"stated {show_value(value)}, computed {show_value(self.library[k])} "
                        f"at {show_case(case)}"
                    )
            wrong = self._relations(single, values, k)
            if wrong:
                return f"{wrong} at {show_case(case)}"
        if single.turn and not any(k not in self.tight for k in range(len(self.cases))):
            return "the bound is only tried where it is tight"
        return None

    def survivor(self, position: int, broken) -> bool | None:
        """Return whether the chain still passes with a broken side; None if it has no value."""
        try:
            rough = [evaluate(broken, case, digits=15) for case in self.cases[:1]]
            if not _alike(rough[0], self._side(self.chain, position, 0)):
                return None  # a number for a matrix, a row for a column: no one takes it for right
            if self._plainly_wrong(position, broken, rough):
                return False
            return self.check(self.chain.replace(position, broken)) is None
        except (CannotEvaluate, ZeroDivisionError, OverflowError, TypeError, IndexError):
            return None
        except ValueError:  # mpmath: the shapes do not fit
            return None
        except ClaimFailed:  # NaN
            return None

    def _plainly_wrong(self, position: int, broken, rough) -> bool:
        """Compare a broken side with the library at 15 digits: most differ in the first few."""
        if self.statistical or (self.chain.turn and position >= self.chain.turn):
            return False
        loose = max(1e-6, 10 * self.tolerance)
        rest = (evaluate(broken, case, digits=15) for case in self.cases[1:])
        for value, library in zip(chain(rough, rest), self.library, strict=True):
            if np.isnan(to_numpy(value)).any():
                raise CannotEvaluate(f"{latex(broken)} is not a number")
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
        if single is self.chain or side is self.chain.sides[position]:
            if position not in self.cached[k]:
                self.cached[k][position] = self._evaluated(side, k)
            return self.cached[k][position]
        return self._evaluated(side, k)

    def _evaluated(self, side, k):
        value = evaluate(side, self.cases[k])
        parts = list(value) if isinstance(value, mpmath.matrix) else [value]
        if any(mpmath.isnan(p) or (isinstance(p, mpmath.mpc) and p.imag != 0) for p in parts):
            raise ClaimFailed(
                f"stated: {latex(side)} is not a number at {show_case(self.cases[k])}"
            )
        return value

    def _agrees(self, value, library, tolerance: float | None = None) -> bool:
        expected = to_numpy(value)
        if self.statistical:
            return self._within_noise(expected, library)
        expected, library = _flat(expected), _flat(library)
        if expected.shape != library.shape:
            return False
        infinite = np.isinf(expected) | np.isinf(library)
        if not np.array_equal(expected[infinite], library[infinite]):
            return False
        expected, library = expected[~infinite], library[~infinite]
        scale = np.abs(expected).max(initial=0.0) or 1.0
        return bool(
            np.abs(expected - library).max(initial=0.0) <= (tolerance or self.tolerance) * scale
        )

    def _within_noise(self, expected, replicates) -> bool:
        """Two-sided z-test of the mean of independent replicates, at FALSE_ALARM over all cases."""
        if _flat(expected).shape != _flat(replicates.mean(axis=0)).shape:
            return False
        expected = expected.reshape(replicates.shape[1:])
        entries = max(1, expected.size)
        z = NormalDist().inv_cdf(1 - FALSE_ALARM / (2 * entries * len(self.cases)))
        error = replicates.std(axis=0, ddof=1) / np.sqrt(len(replicates))
        return bool(np.all(np.abs(replicates.mean(axis=0) - expected) <= z * error))

    def _relations(self, single, values, k) -> str | None:
        """Compare the sides with one another, at 40 digits."""
        turn = single.turn or len(single.sides)
        groups = [
            [v for p, v in values.items() if p < turn],
            [v for p, v in values.items() if p >= turn],
        ]
        for group in groups:
            if any(not _same(group[0], other) for other in group[1:]):
                return f"two stated sides differ: {' and '.join(map(show_value, group))}"
        if not groups[1] or not groups[0]:
            return None
        relation = single.relations[turn - 1]
        a, b = groups[0][0], groups[1][0]
        if relation in ("<=", "<"):
            a, b = b, a
        if k in self.tight:
            return None if _same(a, b) else f"not tight: {show_value(a)} against {show_value(b)}"
        return (
            None
            if a > b
            else f"the bound fails or is tight: {show_value(a)} against {show_value(b)}"
        )


def _flat(array) -> np.ndarray:
    """A column as a vector and a single number as a number; a row remains a row."""
    if array.size == 1:
        return array.reshape(())
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _alike(a, b) -> bool:
    """Whether two values are of one shape (a 1x1 matrix counts as a number)."""
    return _flat(to_numpy(a)).shape == _flat(to_numpy(b)).shape


def _same(a, b) -> bool:
    """Equal to 10 digits fewer than they were computed with."""
    with mpmath.workdps(DIGITS):
        a, b = (v if isinstance(v, mpmath.matrix) else mpmath.matrix([[v]]) for v in (a, b))
        if (a.rows, a.cols) != (b.rows, b.cols):
            return False
        for u, v in zip(a, b, strict=True):
            if mpmath.isinf(u) or mpmath.isinf(v):
                if u != v:
                    return False
            elif abs(u - v) > mpmath.mpf(10) ** (10 - DIGITS) * max(1, abs(u), abs(v)):
                return False
        return True


def check_limit(statement, derived, numbers: Numbers) -> None:
    """Check value and rate of a limit, symbolically and along the library's own values."""
    sequence, variable = derived, statement.variable
    constants = {
        s: sp.Dummy(positive=True) for s in sequence.atoms(sp.Sum) if variable not in s.free_symbols
    }
    error = (sequence - statement.value).xreplace(constants)
    if sp.limit(error, variable, sp.oo) != 0:
        raise ClaimFailed(f"derived: {latex(sequence)} does not tend to {latex(statement.value)}")
    ratio = sp.limit(sp.simplify(error / statement.rate), variable, sp.oo)
    if ratio == 0 or ratio.is_infinite is not False:
        raise ClaimFailed(
            f"derived: the error is not of order {latex(statement.rate)}: "
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
        here, moved = evaluate(slope, case), not _same(value, evaluate(parameter, case))
        if _largest(there) > mpmath.mpf(10) ** (-DIGITS // 2) * (_largest(here) or 1):
            raise ClaimFailed(
                f"the gradient is {show_value(there)}, not 0, at {latex(parameter)} = "
                f"{show_value(value)} and {show_case(case)}"
            )
        if moved and _largest(here) == 0:
            raise ClaimFailed(
                f"the gradient is 0 at {show_case(case)} too, not only at {latex(parameter)} = "
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


def show_value(value) -> str:
    """Return a value in three significant digits (the same on every machine)."""
    array = to_numpy(value) if isinstance(value, (mpmath.mpf, mpmath.matrix)) else np.asarray(value)
    if array.ndim == 0:
        return f"{float(array):.3g}"
    if array.size > 6:
        return f"an array of shape {array.shape} beginning {float(array.flat[0]):.3g}"
    return np.array2string(np.asarray(array, dtype=float), precision=3, separator=", ").replace(
        "\n", ""
    )


def show_case(case: Mapping) -> str:
    """Return the inputs of a case on one line."""
    parts = []
    for symbol, value in case.items():
        shown = show_value(value) if not callable(value) else "a function"
        parts.append(f"{_plain(symbol)} = {shown}")
    return "{" + ", ".join(parts) + "}"


# Letters as plain text.  SymPy's own table depends on the terminal.
_LETTERS = {
    r"\sigma^2": "σ²", "Lambda": "Λ", "Sigma": "Σ", "alpha": "α", "beta": "β", "epsilon": "ε",
    "eta": "η", "lambda": "λ", "mu": "μ", "sigma": "σ", "theta": "θ",
}  # fmt: skip


def _plain(symbol) -> str:
    return _LETTERS.get(str(symbol), str(symbol))
