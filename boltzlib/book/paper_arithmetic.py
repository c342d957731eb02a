"""Numbers and matrices by the rules of paper: shapes must fit, and nothing is broadcast.

A number is a float; a matrix, or a vector, is a two-dimensional array.  A 1x1 matrix may stand
where a number is needed, as x^T A x does.

>>> row, column = np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])
>>> plus(5.0, times(row, column))
16.0
>>> times(row, row)
Traceback (most recent call last):
    ...
ValueError: 1x2 times 1x2
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product

import numpy as np


class Unsized:
    """c I, or c times the vector 1 or its transpose: as large as what stands beside it needs."""

    def __init__(self, kind: str, factor: float = 1.0):
        self.kind, self.factor = kind, factor

    def sized(self, rows: int, columns: int) -> np.ndarray:
        if not {"I": rows == columns, "1": columns == 1, "1^T": rows == 1}[self.kind]:
            raise ValueError(f"{self.kind} is not {rows}x{columns}")
        ones = np.eye(rows) if self.kind == "I" else np.ones((rows, columns))
        return self.factor * ones


def number(value) -> float:
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.item()
    if isinstance(value, (np.ndarray, Unsized)):
        raise ValueError("a matrix where a number is needed")
    if isinstance(value, complex):
        raise ValueError("a root of a negative number")
    return value


def whole(value) -> int:
    value = number(value)
    if not math.isfinite(value) or int(value) != value:
        raise ValueError(f"{value} where a whole number is needed")
    return int(value)


def matrix(value) -> np.ndarray:
    if isinstance(value, Unsized):
        raise ValueError("a matrix of unknown size")
    return value if isinstance(value, np.ndarray) else np.array([[float(value)]])


def plus(a, b):
    if isinstance(a, Unsized):
        a, b = b, a
    if isinstance(b, Unsized):
        return matrix(a) + b.sized(*matrix(a).shape)
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        if a.shape != b.shape:
            raise ValueError(f"{_size(a)} plus {_size(b)}")
        return a + b
    return number(a) + number(b)


def times(a, b):
    if isinstance(a, Unsized) or isinstance(b, Unsized):
        return _times_unsized(a, b)
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        if a.shape[1] == b.shape[0]:
            return a @ b
        if 1 not in (a.size, b.size):
            raise ValueError(f"{_size(a)} times {_size(b)}")
        a, b = (u.item() if u.size == 1 else u for u in (a, b))
    if isinstance(a, float) and isinstance(b, float) and 0 in (a, b):
        return 0.0  # 0 ln 0 is 0, on every page
    return a * b


def _times_unsized(a, b):
    for one, other in ((a, b), (b, a)):
        if isinstance(other, float):  # then `one` is the Unsized of the two
            return Unsized(one.kind, one.factor * other)
        if isinstance(one, Unsized) and one.kind == "I" and isinstance(other, np.ndarray):
            return one.factor * other
    if isinstance(b, Unsized) and b.kind == "1" and isinstance(a, np.ndarray):
        return a @ b.sized(a.shape[1], 1)
    if isinstance(a, Unsized) and a.kind == "1^T" and isinstance(b, np.ndarray):
        return a.sized(1, b.shape[0]) @ b
    raise ValueError("a product of unknown size")


def over(a, b):
    b = number(b)
    if b == 0 and isinstance(a, float):
        return math.inf * a  # not a number if both are 0
    return times(a, 1 / b)


def raised(base, exponent):
    if isinstance(base, np.ndarray) and base.size != 1:
        return np.linalg.matrix_power(base, whole(exponent))
    if isinstance(base, Unsized) and base.kind == "I":
        return Unsized("I", base.factor ** number(exponent))
    power = number(number(base) ** number(exponent))
    return np.array([[power]]) if isinstance(base, np.ndarray) else power


def transposed(value):
    if isinstance(value, Unsized):
        return Unsized({"I": "I", "1": "1^T", "1^T": "1"}[value.kind], value.factor)
    if not isinstance(value, np.ndarray):
        raise ValueError("the transpose of a number")
    return value.T


def logarithm(value) -> float:
    value = number(value)
    return math.log(value) if value else -math.inf


def determinant(value) -> float:
    return float(np.linalg.det(matrix(value)))


def trace(value) -> float:
    return float(np.trace(matrix(value)))


def _size(array: np.ndarray) -> str:
    return "x".join(map(str, array.shape))


def entry(array: np.ndarray, indices: Sequence) -> float:
    """An entry of a table, a matrix or a column; indices count from 1."""
    if not isinstance(array, np.ndarray):
        raise ValueError("an entry of a number")
    position = tuple(map(whole, indices))
    if len(position) == 1 and array.ndim == 2 and array.shape[1] == 1:
        position = (*position, 1)
    return float(array[_place(array, position, array.ndim)])


def member(array: np.ndarray, indices: Sequence) -> np.ndarray:
    """One of a family of vectors or matrices; indices count from 1."""
    one = array[_place(array, tuple(map(whole, indices)), 1)]
    return one.reshape(len(one), -1)


def _place(array: np.ndarray, position: tuple, axes: int) -> tuple:
    if len(position) != axes:
        raise LookupError(f"{len(position)} indices of {axes}")
    if any(not 1 <= k <= size for k, size in zip(position, array.shape, strict=False)):
        raise LookupError(f"index {position} is outside {_size(array)}")
    return tuple(k - 1 for k in position)


def slope(function: Callable, at: float, step: float = 0.05, rows: int = 5) -> float:
    """The derivative: central differences, extrapolated to a step of 0 (Richardson).

    >>> round(slope(math.exp, 0.0), 10)
    1.0
    """
    step *= max(1.0, abs(at))
    table: list[float] = []
    for row in range(rows):
        h = step / 2**row
        table.append((function(at + h) - function(at - h)) / (2 * h))
        for k in range(row - 1, -1, -1):
            table[k] = table[k + 1] + (table[k + 1] - table[k]) / (4 ** (row - k) - 1)
    return table[0]


def over_grid(function: Callable, grid: Sequence) -> float:
    """The integral over all vectors: the trapezoidal rule on [(lower, upper, steps), …].

    >>> over_grid(lambda x: x[0, 0] * x[1, 0], [(0, 1, 1), (0, 4, 2)])
    4.0
    """
    axes = []
    for lower, upper, steps in grid:
        step = (upper - lower) / steps
        weights = [step / 2 if k in (0, steps) else step for k in range(steps + 1)]
        axes.append([(lower + k * step, weight) for k, weight in enumerate(weights)])
    total = 0.0
    for nodes in product(*axes):
        point = np.array([[position] for position, _ in nodes])
        total += math.prod(weight for _, weight in nodes) * float(function(point))
    return total


__all__ = [
    "Unsized", "determinant", "entry", "logarithm", "matrix", "member", "number", "over",
    "over_grid", "plus", "raised", "slope", "times", "trace", "transposed", "whole",
]  # fmt: skip
