"""What kind of slip a wrong answer looks like, told from its values, without the right ones.

A hint names the kind (a sign, a constant factor, a lost logarithm), never how much: the reader
knows where to look and still has to find it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from boltzlib.book.words import listed

Values = Sequence[np.ndarray]


def hint(got: Values, expected: Values, cases, tolerance: float, answer: Callable) -> str:
    """Return a sentence about all inputs, or nothing when no pattern holds at all of them.

    Parameters
    ----------
    got, expected : sequences of ndarray
        The reader's values and the right ones, of the same shape at each input.
    cases : sequence of tuples
        The arguments at each input.
    tolerance : float
        Largest relative difference at which two values count as the same.
    answer : callable
        The reader's function, to be tried with two of its arguments exchanged.
    """

    def same(one: Values, other: Values) -> bool:
        return all(close(a, b, tolerance) for a, b in zip(one, other, strict=True))

    for sentence, change in _CHANGES:
        try:
            with np.errstate(all="ignore"):
                changed = [change(value) for value in got]
        except (ValueError, np.linalg.LinAlgError):
            continue  # the change makes no sense for these values
        if same(changed, expected):
            return sentence
    if same(*(list(map(_ordered, v)) for v in (got, expected))):
        return "The entries are right, but they stand in another order."
    return (
        _nearly(got, expected)
        or _factor(got, expected, cases)
        or _exchanged(same, expected, cases, answer)
        or _right_at([close(a, b, tolerance) for a, b in zip(got, expected, strict=True)], cases)
    )


def close(a: np.ndarray, b: np.ndarray, tolerance: float) -> bool:
    """Whether two arrays of numbers agree, relative to the largest of the second.

    >>> close(np.array([1.0, 2.0]), np.array([1.0, 2.0 + 1e-12]), 1e-9)
    True
    """
    if not np.array_equal(np.isfinite(a), finite := np.isfinite(b)):
        return False
    if not np.array_equal(a[~finite], b[~finite]):
        return False
    return bool(np.abs(a[finite] - b[finite]).max(initial=0.0) <= tolerance * scale_of(b))


def scale_of(values: np.ndarray) -> float:
    """Return what a difference is relative to: the largest finite value, or 1 if all are 0."""
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0) or 1.0)


def _transposed(value):
    if value.ndim != 2:
        raise ValueError("only a matrix has a transpose")
    return value.T


def _ordered(value):
    return np.sort(value, axis=None)


# What, done to the answer at every input, would make it right, and how one says so.
_CHANGES = (
    ("The sign is wrong at every input.", np.negative),
    ("It is the transpose of what was asked for.", _transposed),
    ("It looks as if a logarithm were missing.", np.log),
    ("It looks as if there were a logarithm too many.", np.exp),
    ("It looks as if a square were missing.", np.square),
    ("It looks as if a square root were missing, or a square too many.", np.sqrt),
    ("It looks as if it were upside down.", np.reciprocal),
    ("It looks as if an inverse were missing, or one too many.", np.linalg.inv),
)


def _factor(got, expected, cases) -> str:
    """Look for one factor, one summand, or a factor that is a size of the input."""
    a, b = (np.concatenate([np.ravel(value) for value in values]) for values in (got, expected))
    if not (np.isfinite(a).all() and np.isfinite(b).all()) or len(np.unique(b)) < 2:
        return ""  # any two numbers have a ratio: it takes several
    if a.any() and (a[b == 0] == 0).all() and _constant(a[b != 0] / b[b != 0]):
        return "It is off by a constant factor, the same at every input."
    ratios = [_ratio(one, other) for one, other in zip(got, expected, strict=True)]
    for sizes in _sizes(cases) if None not in ratios else ():
        n = np.array(sizes, dtype=float)
        for factor in (n, n / (n - 1)) if (n > 1).all() else (n,):
            for power in (factor, 1 / factor):
                if np.allclose(ratios, power, rtol=1e-9, atol=0):
                    return (
                        "It is off by a factor that comes from the size of the input: look at 1/n."
                    )
    if _constant(a - b, np.abs(b).max()):
        return "It is off by a constant that is added or left out, the same at every input."
    return ""


def _ratio(a, b) -> float | None:
    """The one factor between two arrays, if there is one."""
    a, b = np.ravel(a), np.ravel(b)
    there = b != 0
    if not there.any() or (a[~there] != 0).any() or not _constant(a[there] / b[there]):
        return None
    return float(a[there][0] / b[there][0])


def _constant(values, scale: float = 0.0) -> bool:
    return bool(np.ptp(values) <= 1e-9 * max(scale, np.abs(values).max()))


def _sizes(cases):
    """Yield what could be n: whole-number arguments and lengths of arrays, one list each."""
    for position in range(min(map(len, cases))):
        column = [case[position] for case in cases]
        if all(isinstance(value, (int, np.integer)) and value > 0 for value in column):
            yield column
        else:
            shapes = [np.shape(value) for value in column]
            for axis in range(min(map(len, shapes))):
                if all(shape[axis] > 0 for shape in shapes):
                    yield [shape[axis] for shape in shapes]


def _exchanged(same, expected, cases, answer) -> str:
    for first, second in combinations(range(min(map(len, cases))), 2):
        swapped = []
        for case in cases:
            arguments = copies(case)
            arguments[first], arguments[second] = arguments[second], arguments[first]
            try:
                with np.errstate(all="ignore"):
                    swapped.append(np.asarray(answer(*arguments), dtype=float))
            except Exception:  # these two are not of one kind
                break
        else:
            if same(swapped, expected):
                return "It looks as if two of the arguments were exchanged."
    return ""


def copies(arguments) -> list:
    """Return the arguments with arrays copied, so that no answer can change them."""
    return [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]


def _nearly(got, expected) -> str:
    if all(close(a, b, 1e-3) for a, b in zip(got, expected, strict=True)):
        return "It is close at every input: is it rounded, or an approximation?"
    return ""


def _right_at(right: list[bool], cases) -> str:
    """Say at which inputs the answer is right, and whether there an n is 1."""
    if not any(right):
        return ""
    for sizes in _sizes(cases):
        if [size == 1 for size in sizes] == right:
            return "It is right only where n = 1."
    places = [k for k, good in enumerate(right, start=1) if good]
    return f"It is right at input{'s' * (len(places) > 1)} {listed(places)}."


__all__ = ["close", "copies", "hint", "scale_of"]
