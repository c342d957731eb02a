"""The 40-digit evaluator against NumPy, SciPy and closed forms."""

import mpmath
import numpy as np
import pytest
import sympy as sp
from scipy import integrate, stats

from boltzlib.book import MatrixSum, evaluate
from boltzlib.book.evaluate import CannotEvaluate, _multiply, to_numpy
from boltzlib.book.symbols import A, K, N, Sigma, X, i, j, k, m, mu, n, p, q, t, v, x

RNG = np.random.default_rng(5)
DATA = RNG.normal(size=(4, 3))
CENTRE = RNG.normal(size=3)
SPREAD = np.cov(RNG.normal(size=(3, 9)))
SQUARE = RNG.normal(size=(3, 3))
CASE = {X: DATA, m: CENTRE, Sigma: SPREAD, A: SQUARE, n: 4, N: 3}


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (Sigma.I, np.linalg.inv(SPREAD)),
        (A.T, SQUARE.T),
        (A * Sigma - 2 * A.T, SQUARE @ SPREAD - 2 * SQUARE.T),
        (A**2, SQUARE @ SQUARE),
        (sp.Determinant(A), np.linalg.det(SQUARE)),
        (sp.Trace(A * Sigma), np.trace(SQUARE @ SPREAD)),
        (sp.Identity(N) + A, np.eye(3) + SQUARE),
        (A[0, 2], SQUARE[0, 2]),
        (X[2], DATA[1]),
        (MatrixSum(X[i] - m, (i, 1, n)), (DATA - CENTRE).sum(axis=0)),
        (
            MatrixSum((X[i] - m) * (X[i] - m).T, (i, 1, n)) / n,
            (DATA - CENTRE).T @ (DATA - CENTRE) / 4,
        ),
        (
            sp.Sum(sp.Trace((X[i] - m).T * Sigma.I * (X[i] - m)), (i, 1, n)),
            np.einsum("ij,jk,ik->", DATA - CENTRE, np.linalg.inv(SPREAD), DATA - CENTRE),
        ),
    ],
)
def test_matrices(formula, expected):
    np.testing.assert_allclose(to_numpy(evaluate(formula, CASE)), expected, rtol=1e-12)


def test_scalar_sums_and_products_count_from_one():
    case = {x: [2.0, 3.0, 5.0], n: 3, mu: 1.0}
    assert evaluate(sp.Sum((x[i] - mu) ** 2, (i, 1, n)), case) == 1 + 4 + 16
    assert evaluate(sp.Product(x[i], (i, 1, n)), case) == 30
    assert evaluate(sp.Sum(x[i] * x[j], (j, 1, i), (i, 1, n)), case) == 2 * 2 + 3 * 5 + 5 * 10


def test_sum_over_dependent_range_and_empty_range():
    case = {x: [2.0, 3.0, 5.0], n: 3}
    assert evaluate(sp.Sum(x[i], (i, 3, 2)), case) == 0


def test_integral_against_scipy():
    density = sp.exp(-((t - mu) ** 2) / (2 * v))
    got = evaluate(sp.Integral(t**2 * density, (t, -sp.oo, sp.oo)), {mu: 0.3, v: 1.7})
    want = integrate.quad(lambda s: s**2 * np.exp(-((s - 0.3) ** 2) / 3.4), -np.inf, np.inf)[0]
    assert float(got) == pytest.approx(want, rel=1e-7)


def test_breakpoints_find_a_far_narrow_peak():
    density = sp.exp(-((t - mu) ** 2) / (2 * v)) / sp.sqrt(2 * sp.pi * v)
    case = {mu: 1e6, v: 1e-4, t: [1e6 - 1, 1e6, 1e6 + 1]}
    assert abs(evaluate(sp.Integral(density, (t, -sp.oo, sp.oo)), case) - 1) < 1e-25


def test_derivatives_are_numeric():
    assert abs(evaluate(sp.Derivative(sp.log(v), v), {v: 4.0}) - 0.25) < 1e-20
    slope = evaluate(sp.Derivative(sp.log(sp.Determinant(A)), A), {A: SPREAD, N: 3})
    np.testing.assert_allclose(to_numpy(slope), np.linalg.inv(SPREAD).T, rtol=1e-10)


def test_zero_log_zero_is_zero_and_log_zero_is_minus_infinity():
    D = sp.Sum(p[k] * sp.log(p[k] / q[k]), (k, 1, K))
    with mpmath.workdps(40):
        gap = evaluate(D, {p: [0, 1], q: [0.5, 0.5], K: 2}) - mpmath.log(2)
    assert abs(gap) < 1e-30
    assert evaluate(D, {p: [0.5, 0.5], q: [0, 1], K: 2}) == mpmath.inf


def test_special_functions_against_scipy():
    assert float(evaluate(sp.erf(t), {t: 0.7})) == pytest.approx(
        2 * stats.norm.cdf(0.7 * np.sqrt(2)) - 1, rel=1e-14
    )
    assert evaluate(sp.KroneckerDelta(i, j), {i: 2, j: 2}) == 1
    assert evaluate(sp.KroneckerDelta(i, j), {i: 2, j: 3}) == 0
    assert evaluate(sp.Piecewise((t, t > 0), (-t, True)), {t: -3.0}) == 3
    assert evaluate(sp.Max(t, 0), {t: -3.0}) == 0


def test_undefined_functions_and_infinite_sums():
    f = sp.Function("f")
    assert evaluate(f(t) + 1, {f: lambda s: s**2, t: 3.0}) == 10
    assert abs(evaluate(sp.Sum(1 / k**2, (k, 1, sp.oo)), {}) - mpmath.zeta(2)) < 1e-12


@pytest.mark.parametrize(
    ("formula", "case"),
    [
        (mu + 1, {}),
        (x[i], {x: [1.0], i: 2}),
        (X[i], {X: DATA, i: 9}),
        (Sigma, {}),
        (sp.Function("f")(t), {t: 1.0}),
        (Sigma.I, {Sigma: np.zeros((3, 3)), N: 3}),
        (A * m, {A: SQUARE, m: [1.0, 2.0]}),
        (A[0, n], {A: SQUARE, n: 3}),
        (A[n, 0], {A: SQUARE, n: 3}),
        (A[0, n], {A: SQUARE, n: -1}),
        (x[i, j], {x: SQUARE, i: 1, j: 0}),
        (x[A], {x: [1.0], A: SQUARE, N: 3}),
    ],
)
def test_what_has_no_value_says_so(formula, case):
    with pytest.raises(CannotEvaluate):
        evaluate(formula, case)


def test_values_are_not_changed():
    data = DATA.copy()
    evaluate(MatrixSum(X[i] - m, (i, 1, n)), CASE)
    np.testing.assert_array_equal(DATA, data)


@pytest.mark.parametrize(
    ("formula", "case"),
    [
        (x[n / 2], {x: [1.0, 2.0, 3.0], n: 5}),
        (sp.Sum(k, (k, 1, n / 2)), {n: 5}),
        (sp.Sum(k, (k, n / 2, 9)), {n: 5}),
        (X[n / 2], {X: DATA, n: 3}),
        (A[n / 2, 0], {A: SQUARE, n: 3}),
        (A ** sp.Rational(1, 2), {A: SPREAD, N: 3}),
    ],
)
def test_what_must_be_a_whole_number_is_not_rounded(formula, case):
    with pytest.raises(CannotEvaluate, match="whole number"):
        evaluate(formula, case)


def test_an_integral_without_bounds_has_no_value():
    with pytest.raises(CannotEvaluate, match="an integral without bounds: Integral"):
        evaluate(sp.Integral(t, t), {})


@pytest.mark.parametrize(
    "formula",
    [
        sp.Integral(1 / t, (t, 1, sp.oo)),
        sp.Integral(1 / t, (t, -1, 2)),
        sp.Integral(sp.sin(t) / t, (t, 0, sp.oo)),
        sp.Sum(1 / k, (k, 1, sp.oo)),
    ],
)
def test_integrals_and_series_that_do_not_settle_have_no_value(formula):
    with pytest.raises(CannotEvaluate, match="does not settle"):
        evaluate(formula, {})


def test_values_have_the_shape_that_their_symbol_declares():
    row = sp.MatrixSymbol("r", 1, N)
    assert evaluate(row * m, {row: [1.0, 2.0], m: [3.0, 4.0], N: 2}) == mpmath.matrix([[11]])
    for wrong in ({A: DATA, N: 3}, {A: SQUARE, N: 2}):
        with pytest.raises(CannotEvaluate, match="shape"):
            evaluate(A, wrong)


def test_zero_times_no_number_is_no_number():
    nowhere = sp.Piecewise((1, t > 0), (2, t < -1))
    assert mpmath.isnan(evaluate(sp.Mul(v, nowhere, evaluate=False), {v: 0, t: -0.5}))


def has_value(formula, case) -> bool:
    try:
        evaluate(formula, case)
    except CannotEvaluate:
        return False
    return True


@pytest.mark.parametrize(("power", "inverted"), [(2, 0), (1, 0), (0, 0), (-1, 1), (-2, 1)])
def test_powers_of_a_matrix(power, inverted):
    expected = np.linalg.matrix_power(SQUARE, power)
    got = evaluate(sp.MatPow(A, n), {A: SQUARE, N: 3, n: power})
    np.testing.assert_allclose(to_numpy(got), expected, rtol=1e-12)
    singular = {A: np.ones((3, 3)), N: 3, n: power}
    assert has_value(sp.MatPow(A, n), singular) == (not inverted)


@pytest.mark.parametrize(("power", "expected"), [(0, 1), (0.5, 0), (2, 0), (-1, mpmath.inf)])
def test_powers_of_zero(power, expected):
    assert evaluate(t**mu, {t: 0, mu: power}) == expected


@pytest.mark.parametrize(("value", "expected"), [(0, -mpmath.inf), (1, 0)])
def test_logarithms_at_the_border(value, expected):
    assert evaluate(sp.log(t), {t: value}) == expected


def test_the_determinant_of_a_matrix_with_a_negative_pivot():
    assert evaluate(sp.Determinant(A), {A: [[-1.0, 2.0], [0.0, 3.0]], N: 2}) == -3


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (mpmath.inf, 0, 0),
        (0, mpmath.inf, 0),
        (mpmath.matrix([[1, 2], [3, 4]]), 0, mpmath.zeros(2)),
        (mpmath.matrix([[1, 2], [3, 4]]), 2, mpmath.matrix([[2, 4], [6, 8]])),
        (mpmath.matrix([[1, 2], [3, 4]]), mpmath.matrix([[2]]), mpmath.matrix([[2, 4], [6, 8]])),
        (mpmath.matrix([[2]]), mpmath.matrix([[1, 2], [3, 4]]), mpmath.matrix([[2, 4], [6, 8]])),
    ],
)
def test_products_of_numbers_and_matrices(a, b, expected):
    assert _multiply(a, b) == expected
    assert mpmath.isnan(_multiply(mpmath.nan, mpmath.mpf(0)))


def test_a_number_and_a_matrix_of_one_entry_are_added():
    one = sp.MatrixSymbol("o", 1, 1)
    total = sp.Add(sp.Trace(one), t, evaluate=False)
    assert evaluate(total, {one: [3.0], t: 2.0}) == 5


def test_an_infinite_sum_of_sums():
    assert evaluate(sp.Sum(i * sp.Rational(1, 2) ** k, (i, 1, 2), (k, 1, sp.oo)), {}) == 3


@pytest.mark.parametrize(
    ("value", "error", "settles"),
    [
        (1.0, 1e-24, True), (1.0, 1e-9, False), (1e30, 1e5, True), (-1e30, 1e5, True),
        (1e-30, 1e-24, True), (1e30, 1e25, False),
    ],
)  # fmt: skip
def test_a_small_relative_error_settles(value, error, settles, monkeypatch):
    monkeypatch.setattr(mpmath, "quad", lambda *_, **__: (mpmath.mpf(value), mpmath.mpf(error)))
    integral = sp.Integral(t, (t, 0, 1))
    assert has_value(integral, {}) == settles

    def series(term, ends):
        return mpmath.mpf(value) + (mpmath.mpf(error) if mpmath.mp.dps > 40 else 0)

    monkeypatch.setattr(mpmath, "nsum", series)
    assert has_value(sp.Sum(1 / k**2, (k, 1, sp.oo)), {}) == settles


def test_half_the_digits_of_an_integral_and_a_third_of_those_of_a_series(monkeypatch):
    monkeypatch.setattr(mpmath, "quad", lambda *_, **__: (mpmath.mpf(1), mpmath.mpf("1e-17")))
    assert not has_value(sp.Integral(t, (t, 0, 1)), {})
    series = lambda *_: 1 + (mpmath.mpf("1e-12") if mpmath.mp.dps > 40 else 0)  # noqa: E731
    monkeypatch.setattr(mpmath, "nsum", series)
    assert not has_value(sp.Sum(1 / k**2, (k, 1, sp.oo)), {})


def test_an_integral_over_two_variables(monkeypatch):
    def midpoint(function, ends, error):
        return (ends[-1] - ends[0]) * function((ends[0] + ends[-1]) / 2), 0

    monkeypatch.setattr(mpmath, "quad", midpoint)  # exact for what is linear, and quick
    assert evaluate(sp.Integral(t * v, (v, 0, 2), (t, 0, 3)), {}) == 9


def test_the_derivative_by_a_matrix_has_its_shape():
    R, C = sp.MatrixSymbol("R", 2, 3), sp.MatrixSymbol("C", 3, 2)
    case = {R: np.arange(6.0).reshape(2, 3), C: np.arange(6.0).reshape(3, 2) ** 2}
    slope = evaluate(sp.Derivative(sp.Trace(C * R) + R[0, 2] ** 2, R), case)
    expected = case[C].T + np.array([[0, 0, 4.0], [0, 0, 0]])
    np.testing.assert_allclose(to_numpy(slope), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("relation", "holds"),
    [
        (sp.Eq(t, mu), [False, True, False]),
        (sp.Ne(t, mu), [True, False, True]),
        (t < mu, [True, False, False]),
        (t <= mu, [True, True, False]),
        (t > mu, [False, False, True]),
        (t >= mu, [False, True, True]),
    ],
)
def test_relations(relation, holds):
    formula = sp.Piecewise((1, relation), (0, True))
    assert [evaluate(formula, {t: s, mu: 2.0}) == 1 for s in (1.0, 2.0, 3.0)] == holds
