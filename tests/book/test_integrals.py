"""Integrals over vectors: Fubini's theorem and the trapezoidal rule."""

import mpmath
import numpy as np
import pytest
from sympy import IndexedBase, Integral, MatrixSymbol, Product, Sum, Trace, exp, oo, pi, sqrt

from boltzlib.book import VectorIntegral, equal, evaluate, latex
from boltzlib.book.evaluate import CannotEvaluate
from boltzlib.book.mutate import broken_copies
from boltzlib.book.symbols import N, Sigma, j, k, m, t

y = MatrixSymbol("y", N, 1)
a = IndexedBase("a", positive=True)
squares = Sum(a[k] * y[k - 1, 0] ** 2, (k, 1, N))
bell = VectorIntegral(exp(-squares / 2), y)
GRIDS = {
    1: {N: 1, a: [0.25], y: [(-24, 24, 48)]},
    2: {N: 2, a: [0.25, 4.0], y: [(-24, 24, 48), (-6, 6, 48)]},
}


def test_fubini_gives_one_integral_a_component():
    expected = Product(Integral(exp(-a[k] * t**2 / 2), (t, -oo, oo)), (k, 1, N))
    assert bell.separate(t) == expected
    assert equal(bell, Product(sqrt(2 * pi / a[k]), (k, 1, N)))
    assert not equal(bell, Product(sqrt(pi / a[k]), (k, 1, N)))


@pytest.mark.parametrize(
    "body",
    [
        squares,  # a sum, not a product
        exp(-Sum(a[k] * y[k - 1, 0] * y[0, 0], (k, 1, N))),  # factor k knows component 1 too
        exp(-Sum(a[k] * y[k - 1, 0] ** 2, (k, 2, N))),  # component 1 is left out
        Product(exp(-j * y[k - 1, 0] ** 2), (k, 1, N), (j, 1, 2)),  # two indices
    ],
)
def test_fubini_is_refused_where_it_does_not_apply(body):
    integral = VectorIntegral(body, y)
    with pytest.raises(ValueError, match="body: expected"):
        integral.separate()
    assert integral.doit() == integral


@pytest.mark.parametrize("variable", [Sigma, t, 2 * y])
def test_the_variable_is_a_column_vector(variable):
    with pytest.raises(ValueError, match="variable: expected a column vector"):
        VectorIntegral(exp(-t), variable)


@pytest.mark.parametrize("size", GRIDS)
def test_the_rule_has_thirty_digits_for_a_gaussian(size):
    case = GRIDS[size]
    with mpmath.workdps(40):
        exact = mpmath.mpf(1)
        for precision in case[a]:
            exact *= mpmath.sqrt(2 * mpmath.pi / precision)
        assert abs(evaluate(bell, case) / exact - 1) < mpmath.mpf(10) ** -30


def test_the_ends_count_half():
    flat = VectorIntegral(Trace(y.T * y) ** 0 + y[0, 0], y)
    assert evaluate(flat, {N: 2, y: [(0, 3, 1), (-1, 1, 2)]}) == pytest.approx(6 + 9)


def test_matrices_that_do_not_depend_on_the_variable_are_computed_once():
    weight = exp(-Trace((y - m).T * Sigma.I * (y - m)) / 2)
    cov = np.array([[2.0, 1.0], [1.0, 2.0]])
    case = {N: 2, m: [3.0, 7.0], Sigma: cov, y: [(-9, 15, 28), (-5, 19, 28)]}
    expected = 2 * np.pi * np.sqrt(3.0)
    assert float(evaluate(VectorIntegral(weight, y), case)) == pytest.approx(expected, rel=1e-14)


def test_a_missing_grid_is_named():
    with pytest.raises(CannotEvaluate, match="no grid was given for the integration vector y"):
        evaluate(bell, {N: 1, a: [1.0]})


def test_broken_copies_differ_in_value_or_have_none():
    case = GRIDS[1]
    right, tried = evaluate(bell, case), 0
    for wrong in broken_copies(bell):
        try:
            value = evaluate(wrong, case)
        except CannotEvaluate:  # an index beyond the last component
            continue
        tried += 1
        assert abs(value / right - 1) > 0.1
    assert tried > 5


def test_tex():
    tex = latex(bell)
    assert tex.startswith(r"\int dy \, \exp")
    assert "y_{k}^{2}" in tex


def test_the_free_symbols_are_those_of_the_body_and_of_the_size():
    assert VectorIntegral(t * Trace(y.T * y), y).free_symbols == {t, N}


def test_a_component_is_a_real_number():
    assert bell.separate().function.variables[0].is_real


def test_a_constant_is_integrated():
    assert evaluate(VectorIntegral(t, y), {t: 2.0, N: 1, y: [(0, 3, 1)]}) == 6
