"""Broken copies of a formula: the slips that wrong textbooks are made of.

A check that accepts any of these copies checks nothing.  The slips: a sign, a factor 2, a
lost term or factor, a power, a lost logarithm, the sign of an exponent, a bound of a sum off
by one, swapped indices, a lost or added transpose or inverse, matrices in the wrong order,
two distributions exchanged.

>>> from sympy import symbols
>>> a, b = symbols("a b")
>>> sorted(str(wrong) for wrong in broken_copies(a - b))
['-a + b', '-a - b', '-b', '2*a - 2*b', 'a', 'a + b', 'a - 1']
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import sympy as sp

from boltzlib.book.samples import MatrixSum


def broken_copies(formula) -> list:
    """Return the distinct broken copies of `formula` (none equal to it by structure)."""
    formula = sp.sympify(formula)
    copies: dict = {}
    for copy in (-formula, 2 * formula, *_exchanged(formula), *_everywhere(formula)):
        if copy != formula and not copy.has(sp.nan, sp.zoo):
            copies.setdefault(copy, None)
    return list(copies)


def _everywhere(node) -> Iterator:
    """Break each node of the tree in turn and rebuild what stands above it."""
    yield from _here(node)
    if isinstance(node, (sp.MatrixSymbol, sp.Indexed)) or not node.args:
        return
    for position, child in enumerate(node.args):
        if isinstance(child, (sp.Tuple, sp.core.symbol.Str)):
            continue  # the bounds of a sum are broken in _here
        for broken in _everywhere(child):
            arguments = (*node.args[:position], broken, *node.args[position + 1 :])
            try:
                yield node.func(*arguments)
            except (ValueError, TypeError, sp.matrices.exceptions.ShapeError):
                continue  # not a formula at all: the shapes do not fit


def _here(node) -> Iterator:
    for kinds, slips in _SLIPS:
        if isinstance(node, kinds):
            try:
                yield from slips(node)
            except (ValueError, TypeError, sp.matrices.exceptions.ShapeError):
                continue


def _terms(node):
    for k, term in enumerate(node.args):
        others = [*node.args[:k], *node.args[k + 1 :]]
        yield node.func(*others)
        yield node.func(*others, -term)


def _factors(node):
    for k, factor in enumerate(node.args):
        if factor != -1:
            yield node.func(*node.args[:k], *node.args[k + 1 :])


def _order(node):
    matrices = [a for a in node.args if a.is_Matrix]
    scalars = [a for a in node.args if not a.is_Matrix]
    for k in range(len(matrices) - 1):
        swapped = [*matrices[:k], matrices[k + 1], matrices[k], *matrices[k + 2 :]]
        yield sp.MatMul(*scalars, *swapped).doit()
    for k, scalar in enumerate(scalars):
        if scalar != -1:
            yield sp.MatMul(*scalars[:k], *scalars[k + 1 :], *matrices)


def _powers(node):
    base, exponent = node.args
    yield base ** (exponent + 1)
    yield base ** (-exponent)
    if exponent in (sp.Rational(1, 2), -sp.Rational(1, 2)):
        yield base ** (2 * exponent)


def _bounds(node):
    for k, limits in enumerate(node.limits):
        if len(limits) != 3:
            continue
        index, lower, upper = limits
        for bounds in ((index, lower + 1, upper), (index, lower, upper - 1)):
            yield node.func(node.function, *node.limits[:k], bounds, *node.limits[k + 1 :])


def _matrix_bounds(node):
    index, lower, upper = node.limits
    yield MatrixSum(node.body, (index, lower + 1, upper))
    yield MatrixSum(node.body, (index, lower, upper - 1))


def _interval(node):
    for k, limits in enumerate(node.limits):
        if len(limits) == 3 and limits[1] == -sp.oo:
            half = (limits[0], 0, limits[2])
            yield node.func(node.function, *node.limits[:k], half, *node.limits[k + 1 :])


def _swap_indices(node):
    for a, b in combinations(range(len(node.indices)), 2):
        indices = list(node.indices)
        indices[a], indices[b] = indices[b], indices[a]
        yield node.base[tuple(indices)]


def _matrix(node):
    if node.shape[0] == node.shape[1] != 1:
        yield node.T
        yield node.I


def _exchanged(formula) -> Iterator:
    """Swap two distributions, tables or matrices that could be taken for one another."""
    tables = sorted(formula.atoms(sp.IndexedBase), key=str)
    matrices = [m for m in formula.atoms(sp.MatrixSymbol) if type(m) is sp.MatrixSymbol]
    for a, b in [*combinations(tables, 2), *combinations(sorted(matrices, key=str), 2)]:
        if getattr(a, "shape", None) == getattr(b, "shape", None):
            yield formula.xreplace({a: b, b: a})


_SLIPS = (
    ((sp.Add, sp.MatAdd), _terms),
    (sp.Mul, _factors),
    (sp.MatMul, _order),
    (sp.Pow, _powers),
    ((sp.log, sp.Abs), lambda node: iter([node.args[0]])),
    (sp.exp, lambda node: iter([sp.exp(-node.args[0]), sp.exp(2 * node.args[0])])),
    ((sp.Sum, sp.Product), _bounds),
    (MatrixSum, _matrix_bounds),
    (sp.Integral, _interval),
    (sp.Indexed, _swap_indices),
    ((sp.Transpose, sp.Inverse), lambda node: iter([node.arg])),
    (sp.MatrixSymbol, _matrix),
    (sp.Trace, lambda node: iter([-node])),
)
