"""Broken copies of a formula: the slips that wrong textbooks are made of.

A check that accepts any of these copies checks nothing.  The slips: a sign, a factor 2, a
lost term or factor, a power, a lost logarithm, the sign of an exponent, a bound of a sum off
by one, swapped indices, a lost or added transpose or inverse, matrices in the wrong order,
two distributions exchanged.

>>> from sympy import symbols
>>> a, b = symbols("a b")
>>> for wrong, slip in named_copies(a - b).items():
...     print(f"{str(wrong):9} {slip}")
-a + b    with the opposite sign
2*a - 2*b with a factor 2
-b        without the term a
-a - b    with the sign of a changed
a         without the term -b
a + b     with the sign of -b changed
a - 1     without the factor b
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import sympy as sp

from boltzlib.book.samples import MatrixSum
from boltzlib.book.words import plain


@dataclass(frozen=True, eq=False)
class Slip:
    """What is changed in a formula, in words; written out only when somebody reads it."""

    template: str
    parts: tuple = ()

    def __str__(self) -> str:
        return self.template.format(*map(plain, self.parts))


def broken_copies(formula) -> list:
    """Return the distinct broken copies of `formula` (none equal to it by structure)."""
    return list(named_copies(formula))


def named_copies(formula) -> dict:
    """Return the distinct broken copies of `formula`, each with its `Slip`."""
    formula = sp.sympify(formula)
    return distinct(
        formula,
        [
            (-formula, Slip("with the opposite sign")),
            (2 * formula, Slip("with a factor 2")),
            *exchanged(formula),
            *everywhere(formula, _SLIPS),
        ],
    )


def distinct(formula, copies) -> dict:
    """Keep the first of equal copies; drop the formula itself and what has no value."""
    found: dict = {}
    for copy, slip in copies:
        if copy != formula and not copy.has(sp.nan, sp.zoo):
            found.setdefault(copy, slip)
    return found


def everywhere(node, table) -> Iterator:
    """Break each node of the tree in turn and rebuild what stands above it.

    `table` holds pairs: classes of nodes, and a function that yields ``(broken, slip)``.
    """
    yield from _here(node, table)
    if isinstance(node, (sp.MatrixSymbol, sp.Indexed)):
        return
    for position, child in enumerate(node.args):
        if isinstance(child, (sp.Tuple, sp.core.symbol.Str)):
            continue  # the bounds of a sum are broken in _here
        for broken, slip in everywhere(child, table):
            arguments = (*node.args[:position], broken, *node.args[position + 1 :])
            try:
                yield node.func(*arguments), slip
            except (ValueError, TypeError, sp.matrices.exceptions.ShapeError):
                continue  # not a formula at all: the shapes do not fit


def _here(node, table) -> Iterator:
    for kinds, slips in table:
        if isinstance(node, kinds):
            try:
                yield from slips(node)
            except (ValueError, TypeError, sp.matrices.exceptions.ShapeError):
                continue


def exchanged(formula) -> Iterator:
    """Swap two distributions, tables or matrices that could be taken for one another."""
    tables = sorted(formula.atoms(sp.IndexedBase), key=str)
    matrices = [m for m in formula.atoms(sp.MatrixSymbol) if type(m) is sp.MatrixSymbol]
    for a, b in [*combinations(tables, 2), *combinations(sorted(matrices, key=str), 2)]:
        if getattr(a, "shape", None) == getattr(b, "shape", None):
            swapped = formula.xreplace({a: b, b: a})
            if formula.is_Matrix:
                swapped = swapped.doit()  # in the order of SymPy, as the formula is
            yield swapped, Slip("with {} and {} exchanged", (a, b))


def _terms(node):
    for k, term in enumerate(node.args):
        others = [*node.args[:k], *node.args[k + 1 :]]
        yield node.func(*others), Slip("without the term {}", (term,))
        yield node.func(*others, -term), Slip("with the sign of {} changed", (term,))


def _factors(node):
    for k, factor in enumerate(node.args):
        if factor != -1:
            rest = node.func(*node.args[:k], *node.args[k + 1 :])
            yield rest, Slip("without the factor {}", (factor,))


def _order(node):
    matrices = [a for a in node.args if a.is_Matrix]
    scalars = [a for a in node.args if not a.is_Matrix]
    for k in range(len(matrices) - 1):
        a, b = matrices[k : k + 2]
        swapped = sp.MatMul(*scalars, *matrices[:k], b, a, *matrices[k + 2 :]).doit()
        yield swapped, Slip("with {} and {} in the other order", (a, b))
    for k, scalar in enumerate(scalars):
        if scalar != -1:
            rest = sp.MatMul(*scalars[:k], *scalars[k + 1 :], *matrices)
            yield rest, Slip("without the factor {}", (scalar,))


def _powers(node):
    base, exponent = node.args
    others = [base ** (exponent + 1), base ** (-exponent)]
    if exponent in (sp.Rational(1, 2), -sp.Rational(1, 2)):
        others.append(base ** (2 * exponent))
    for other in others:
        yield other, in_place(node, other)


def in_place(old, new) -> Slip:
    return Slip("with {} in place of {}", (new, old))


def _bounds(node):
    for k, (index, lower, upper) in enumerate(node.limits):
        for first, last, slip in (
            (lower + 1, upper, from_bound(index, lower + 1)),
            (lower, upper - 1, up_to_bound(index, upper - 1)),
        ):
            bounds = (index, first, last)
            yield node.func(node.function, *node.limits[:k], bounds, *node.limits[k + 1 :]), slip


def _matrix_bounds(node):
    index, lower, upper = node.limits
    yield MatrixSum(node.body, (index, lower + 1, upper)), from_bound(index, lower + 1)
    yield MatrixSum(node.body, (index, lower, upper - 1)), up_to_bound(index, upper - 1)


def from_bound(index, lower) -> Slip:
    return Slip("with {} running from {}", (index, lower))


def up_to_bound(index, upper) -> Slip:
    return Slip("with {} running up to {}", (index, upper))


def _interval(node):
    for k, limits in enumerate(node.limits):
        if len(limits) == 3 and limits[1] == -sp.oo:
            half = (limits[0], 0, limits[2])
            slip = Slip("with the integral from {} = 0", (limits[0],))
            yield node.func(node.function, *node.limits[:k], half, *node.limits[k + 1 :]), slip


def _swap_indices(node):
    for a, b in combinations(range(len(node.indices)), 2):
        indices = list(node.indices)
        indices[a], indices[b] = indices[b], indices[a]
        swapped = node.base[tuple(indices)]
        yield swapped, in_place(node, swapped)


def _matrix(node):
    if node.shape[0] == node.shape[1] != 1:
        yield node.T, Slip("with {} transposed", (node,))
        yield node.I, Slip("with the inverse of {}", (node,))


def _without(what: str) -> Callable:
    return lambda node: iter([(node.args[0], Slip(f"without {what} {{}}", (node.args[0],)))])


def _exponent(node):
    (power,) = node.args
    yield sp.exp(-power), Slip("with the sign of the exponent {} changed", (power,))
    yield sp.exp(2 * power), Slip("with a factor 2 in the exponent {}", (power,))


_SLIPS = (
    ((sp.Add, sp.MatAdd), _terms),
    (sp.Mul, _factors),
    (sp.MatMul, _order),
    (sp.Pow, _powers),
    (sp.log, _without("the logarithm of")),
    (sp.Abs, _without("the absolute value of")),
    (sp.exp, _exponent),
    ((sp.Sum, sp.Product), _bounds),
    (MatrixSum, _matrix_bounds),
    (sp.Integral, _interval),
    (sp.Indexed, _swap_indices),
    (sp.Transpose, _without("the transpose of")),
    (sp.Inverse, _without("the inverse of")),
    (sp.MatrixSymbol, _matrix),
    (sp.Trace, lambda node: iter([(-node, Slip("with the sign of {} changed", (node,)))])),
)

IN_ORDER = ((sp.MatMul, _order),)

__all__ = [
    "IN_ORDER",
    "Slip",
    "broken_copies",
    "distinct",
    "everywhere",
    "exchanged",
    "from_bound",
    "in_place",
    "named_copies",
    "up_to_bound",
]
