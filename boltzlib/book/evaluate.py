"""Evaluate a stated formula with mpmath at 40 digits, independently of boltzlib.

A plain tree walk: what SymPy *says* the formula is, is what is computed.  SymPy itself
evaluates nothing here, since its rewriting rules are among the things to be checked.

>>> from sympy import IndexedBase, Sum, symbols
>>> i, n = symbols("i n", integer=True, positive=True)
>>> x = IndexedBase("x")
>>> evaluate(Sum(x[i], (i, 1, n)) / n, {x: [1.0, 2.0, 6.0], n: 3})
mpf('3.0')
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import mpmath
import numpy as np
import sympy as sp
from sympy.core.function import AppliedUndef

from boltzlib.book.integrals import VectorIntegral
from boltzlib.book.samples import MatrixSum, Sample

DIGITS = 40


class CannotEvaluate(ValueError):
    """The formula holds a symbol without a value, or an object with no numeric meaning."""


def evaluate(formula, values: Mapping, digits: int = DIGITS) -> Any:
    """Return the value of `formula`, an ``mpf`` or an mpmath ``matrix``.

    Parameters
    ----------
    formula : sympy.Expr or sympy.MatrixExpr
        What to evaluate.
    values : mapping
        A number for each symbol; a function for each undefined function; an array for each
        ``IndexedBase``, ``MatrixSymbol`` (a vector may be one-dimensional) or ``Samples``
        (shape (n, N)).  Indices count from 1, as on the page.  The value of an integration
        variable, if given, is a list of points at which the quadrature splits its interval;
        of an integration vector (``VectorIntegral``) its grid, one
        ``(lower, upper, steps)`` a component.
    digits : int
        Decimal digits of the arithmetic.

    Raises
    ------
    CannotEvaluate
        When a symbol has no value or a node has no numeric meaning.
    """
    with mpmath.workdps(digits):
        return _value(sp.sympify(formula), dict(values))


def to_numpy(value) -> np.ndarray:
    """Return an mpmath number or matrix as a float array (a single column as a vector)."""
    if isinstance(value, mpmath.matrix):
        array = np.array(
            [[float(value[r, c]) for c in range(value.cols)] for r in range(value.rows)]
        )
        return array[:, 0] if value.cols == 1 else array
    return np.array(float(value))


_FUNCTIONS = {
    sp.log: mpmath.log,
    sp.exp: mpmath.exp,
    sp.Abs: abs,
    sp.sign: mpmath.sign,
    sp.sinh: mpmath.sinh,
    sp.cosh: mpmath.cosh,
    sp.tanh: mpmath.tanh,
    sp.sin: mpmath.sin,
    sp.cos: mpmath.cos,
    sp.erf: mpmath.erf,
    sp.erfc: mpmath.erfc,
    sp.gamma: mpmath.gamma,
    sp.loggamma: mpmath.loggamma,
    sp.factorial: mpmath.factorial,
    sp.binomial: mpmath.binomial,
    sp.floor: mpmath.floor,
    sp.Max: max,
    sp.Min: min,
    sp.KroneckerDelta: lambda a, b: mpmath.mpf(a == b),
    sp.Heaviside: lambda t, at_zero: at_zero if t == 0 else mpmath.mpf(t > 0),
}


def _value(node, env):
    for kinds, rule in _RULES:
        if isinstance(node, kinds):
            return rule(node, env)
    function = _FUNCTIONS.get(node.func)
    if function is not None:
        return function(*(_value(a, env) for a in node.args))
    raise CannotEvaluate(f"{node.func.__name__} has no numeric meaning here: {node}")


def _number(node, env):
    if node is sp.S.Infinity:
        return mpmath.inf
    if node is sp.S.NegativeInfinity:
        return -mpmath.inf
    if node.is_Rational:
        return mpmath.mpf(node.p) / node.q
    return node._to_mpmath(mpmath.mp.prec)


def _symbol(node, env):
    if node not in env:
        raise CannotEvaluate(f"no value was given for {node}")
    return mpmath.mpf(env[node]) if np.ndim(env[node]) == 0 else env[node]


def _indexed(node, env):
    if node.base not in env:
        raise CannotEvaluate(f"no value was given for {node.base}")
    position = tuple(_whole(k, env) - 1 for k in node.indices)
    array = np.asarray(env[node.base])
    if any(not 0 <= p < size for p, size in zip(position, array.shape, strict=True)):
        raise CannotEvaluate(f"{node}: index {position} is outside an array of shape {array.shape}")
    return _float(array[position])


def _whole(node, env) -> int:
    """Return an index, a bound of a sum or a size: rounding one would hide a mistake."""
    value = _value(node, env)
    if isinstance(value, mpmath.matrix) or not mpmath.isint(value):
        raise CannotEvaluate(f"expected a whole number for {node}, got {mpmath.nstr(value, 6)}")
    return int(value)


def _float(entry):
    return entry if isinstance(entry, mpmath.mpf) else mpmath.mpf(float(entry))


def _matrix_symbol(node, env):
    if node not in env:
        raise CannotEvaluate(f"no value was given for {node}")
    value = env[node]
    if isinstance(value, mpmath.matrix):
        return value
    array = np.asarray(value, dtype=float)
    if array.ndim < 2:
        row = np.atleast_2d(array)
        array = row if node.shape[0] == 1 else row.T
    for size, found in zip(node.shape, array.shape, strict=True):
        if size.free_symbols <= env.keys() and _whole(size, env) != found:
            raise CannotEvaluate(f"{node} is {node.shape}, but its value has shape {array.shape}")
    return mpmath.matrix(array.tolist())


def _sample(node, env):
    if node.family not in env:
        raise CannotEvaluate(f"no value was given for the samples {node.family}")
    rows = np.asarray(env[node.family])
    k = _whole(node.index, env)
    if not 1 <= k <= len(rows):
        raise CannotEvaluate(f"{node}: index {k} is outside 1..{len(rows)}")
    row = rows[k - 1]
    lines = row.reshape(len(row), -1)  # a vector as a column
    return mpmath.matrix([[_float(entry) for entry in line] for line in lines])


def _fold(operation):
    def rule(node, env):
        total = None
        for argument in node.args:
            value = _value(argument, env)
            total = value if total is None else operation(total, value)
        return _scalar_if_1x1(total) if not node.is_Matrix else total

    return rule


def _multiply(a, b):
    """0 · ∞ is 0: the convention of measure theory, and what 0 ln 0 = 0 stands for."""
    if _is_scalar(a) and _is_scalar(b) and (a == 0 or b == 0):
        return mpmath.mpf(0) if not (mpmath.isnan(a) or mpmath.isnan(b)) else mpmath.nan
    if isinstance(a, mpmath.matrix) and isinstance(b, mpmath.matrix) and a.cols != b.rows:
        a, b = _scalar_if_1x1(a), _scalar_if_1x1(b)  # (x^T A x) B: a number times a matrix
        if isinstance(a, mpmath.matrix) and isinstance(b, mpmath.matrix):
            raise CannotEvaluate(f"shapes {a.rows}x{a.cols} and {b.rows}x{b.cols} do not chain")
    return a * b


def _is_scalar(value) -> bool:
    return not isinstance(value, mpmath.matrix)


def _scalar_if_1x1(value):
    if isinstance(value, mpmath.matrix) and value.rows == value.cols == 1:
        return value[0, 0]
    return value


def _power(node, env):
    base, exponent = (_value(a, env) for a in node.args)
    if isinstance(base, mpmath.matrix):
        exponent = _whole(node.args[1], env)
        return _inverse_of(base) ** -exponent if exponent < 0 else base**exponent
    if base == 0 and exponent < 0:
        return mpmath.inf
    return base**exponent


def _inverse_of(matrix):
    if _determinant(matrix) == 0:
        raise CannotEvaluate("the inverse of a singular matrix")
    return mpmath.inverse(matrix)


def _determinant(matrix):
    """Eliminate with partial pivoting (mpmath.det raises on some singular matrices).

    >>> _determinant(mpmath.matrix([[1, 2, 3], [2, 4, 6.5], [3, 6, -1]]))
    mpf('0.0')
    """
    rows = matrix.tolist()
    result = mpmath.mpf(1)
    while rows:
        pivot = max(range(len(rows)), key=lambda r: abs(rows[r][0]))
        if rows[pivot][0] == 0:
            return mpmath.mpf(0)
        first = rows.pop(pivot)
        result *= first[0] * (-1) ** pivot
        rows = [
            [
                entry - row[0] / first[0] * above
                for entry, above in zip(row[1:], first[1:], strict=True)
            ]
            for row in rows
        ]
    return result


def _range(limits, env):
    index, lower, upper = limits
    top = _value(upper, env)
    return index, _whole(lower, env), top if top == mpmath.inf else _whole(upper, env)


def _repeat(operation, start):
    """Sum or product over one or more ranges, the innermost range last to vary."""

    def rule(node, env):
        def over(limits, env):
            if not limits:
                return _value(node.function, env)
            index, lower, upper = _range(limits[-1], env)
            if upper == mpmath.inf:
                term = lambda k: over(limits[:-1], {**env, index: k})  # noqa: E731
                return _settled(mpmath.nsum if start == 0 else mpmath.nprod, term, lower)
            total = mpmath.mpf(start)
            for k in range(lower, upper + 1):
                total = operation(total, _scalar_if_1x1(over(limits[:-1], {**env, index: k})))
            return total

        return over(list(node.limits), env)

    return rule


def _settled(series, term, lower):
    """Refuse a series whose value hangs on how many terms are taken: it diverges."""
    value = series(term, [lower, mpmath.inf])
    with mpmath.extradps(mpmath.mp.dps // 2):
        again = series(term, [lower, mpmath.inf])
    if abs(value - again) > mpmath.mpf(10) ** (-mpmath.mp.dps // 3) * max(1, abs(again)):
        raise CannotEvaluate("an infinite sum or product does not settle")
    return value


def _matrix_sum(node, env):
    index, lower, upper = _range(node.limits, env)
    total = mpmath.zeros(*_size(node, env))
    for k in range(lower, upper + 1):
        total += _as_matrix(_value(node.body, {**env, index: k}))
    return total


def _as_matrix(value):
    return value if isinstance(value, mpmath.matrix) else mpmath.matrix([[value]])


def _integral(node, env):
    def over(limits, env):
        if not limits:
            return _value(node.function, env)
        if len(limits[-1]) != 3:
            raise CannotEvaluate(f"an integral without bounds: {node}")
        variable, lower, upper = limits[-1]
        ends = [_value(lower, env), *map(mpmath.mpf, env.get(variable, ())), _value(upper, env)]
        value, error = mpmath.quad(
            lambda t: over(limits[:-1], {**env, variable: t}), ends, error=True
        )
        if error > mpmath.mpf(10) ** (-mpmath.mp.dps // 2) * max(1, abs(value)):
            raise CannotEvaluate(f"the quadrature of {node} does not settle: give {variable} nodes")
        return value

    return over(list(node.limits), env)


def _vector_integral(node, env):
    """Trapezoidal rule on the grid given for the vector: [(lower, upper, steps), …]."""
    x = node.variable
    if x not in env:
        raise CannotEvaluate(f"no grid was given for the integration vector {x}")
    env = dict(env)
    body = _hoisted(node.body, x, env)
    axes = []
    for lower, upper, steps in env[x]:
        step = (mpmath.mpf(upper) - mpmath.mpf(lower)) / steps
        ends = (0, steps)
        axes.append([(lower + k * step, step / 2 if k in ends else step) for k in range(steps + 1)])
    terms = []
    for nodes in product(*axes):
        point = mpmath.matrix([position for position, _ in nodes])
        value = _scalar_if_1x1(_value(body, {**env, x: point}))
        terms.append(mpmath.fprod(weight for _, weight in nodes) * value)
    return mpmath.fsum(terms)


def _hoisted(body, x, env):
    """Give every matrix in `body` that does not depend on `x` a name and its value, once."""
    if not body.args:
        return body
    if body.is_Matrix and x not in body.free_symbols:
        name = sp.Dummy()
        symbol = sp.MatrixSymbol(name, *body.shape)
        env[symbol] = _as_matrix(_value(body, env))
        return symbol
    if isinstance(body, (sp.Sum, sp.Product, sp.Integral)):
        return body  # what stands inside may depend on the index
    return body.func(*(_hoisted(a, x, env) for a in body.args))


def _derivative(node, env):
    """Differentiate numerically, so that a stated derivative is an oracle of its own."""
    if len(node.variables) != 1:
        raise CannotEvaluate(f"only first derivatives are evaluated: {node}")
    (variable,) = node.variables
    if not variable.is_Matrix:
        point = _symbol(variable, env)
        return mpmath.diff(lambda t: _value(node.expr, {**env, variable: t}), point)
    point = _matrix_symbol(variable, env)
    slopes = mpmath.matrix(point.rows, point.cols)
    for r, c in product(range(point.rows), range(point.cols)):

        def along(t, r=r, c=c):
            moved = point.copy()
            moved[r, c] = t
            return _scalar_if_1x1(_value(node.expr, {**env, variable: moved}))

        slopes[r, c] = mpmath.diff(along, point[r, c])
    return slopes


def _matrix_element(node, env):
    matrix, row, column = (_value(a, env) for a in node.args)
    r, c = int(row), int(column)  # SymPy counts matrix entries from 0
    if (r, c) != (row, column):
        raise CannotEvaluate(f"{node}: an index is no whole number")
    if not (0 <= r < matrix.rows and 0 <= c < matrix.cols):
        raise CannotEvaluate(f"{node}: entry outside a {matrix.rows}x{matrix.cols} matrix")
    return matrix[r, c]


def _piecewise(node, env):
    for value, condition in node.args:
        if _truth(condition, env):
            return _value(value, env)
    return mpmath.nan


def _truth(condition, env) -> bool:
    if isinstance(condition, sp.And):
        return all(_truth(c, env) for c in condition.args)
    if isinstance(condition, sp.Or):
        return any(_truth(c, env) for c in condition.args)
    if isinstance(condition, sp.Not):
        return not _truth(condition.args[0], env)
    if isinstance(condition, sp.core.relational.Relational):
        a, b = _value(condition.lhs, env), _value(condition.rhs, env)
        return {"==": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[
            condition.rel_op
        ]
    return bool(condition)


def _trace(node, env):
    matrix = _as_matrix(_value(node.arg, env))
    return mpmath.fsum(matrix[k, k] for k in range(matrix.rows))


def _applied(node, env):
    if node.func not in env:
        raise CannotEvaluate(f"no value was given for the function {node.func}")
    return mpmath.mpf(env[node.func](*(_value(a, env) for a in node.args)))


def _explicit(node, env):
    return mpmath.matrix(
        [[_value(node[r, c], env) for c in range(node.cols)] for r in range(node.rows)]
    )


def _size(node, env):
    return [_whole(s, env) for s in node.shape]


_RULES = (
    (sp.MatrixBase, _explicit),
    (Sample, _sample),
    (sp.MatrixSymbol, _matrix_symbol),
    (MatrixSum, _matrix_sum),
    ((sp.Number, sp.NumberSymbol), _number),
    (sp.Symbol, _symbol),
    (sp.Indexed, _indexed),
    (AppliedUndef, _applied),
    ((sp.MatAdd, sp.Add), _fold(lambda a, b: a + b)),
    ((sp.MatMul, sp.Mul), _fold(_multiply)),
    (sp.Inverse, lambda node, env: _inverse_of(_as_matrix(_value(node.arg, env)))),
    ((sp.MatPow, sp.Pow), _power),
    (sp.Transpose, lambda node, env: _as_matrix(_value(node.arg, env)).T),
    (sp.Determinant, lambda node, env: _determinant(_as_matrix(_value(node.arg, env)))),
    (sp.Trace, _trace),
    (sp.Identity, lambda node, env: mpmath.eye(_size(node, env)[0])),
    (sp.ZeroMatrix, lambda node, env: mpmath.zeros(*_size(node, env))),
    (sp.OneMatrix, lambda node, env: mpmath.ones(*_size(node, env))),
    (sp.matrices.expressions.matexpr.MatrixElement, _matrix_element),
    (sp.Sum, _repeat(lambda a, b: a + b, 0)),
    (sp.Product, _repeat(lambda a, b: a * b, 1)),
    (sp.Integral, _integral),
    (VectorIntegral, _vector_integral),
    (sp.Derivative, _derivative),
    (sp.Piecewise, _piecewise),
)
