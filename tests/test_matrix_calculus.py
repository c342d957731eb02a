"""Adjugates in exact arithmetic; every closed-form gradient by two numeric ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boltzlib import matrix_calculus as mc
from tests import oracles
from tests.cases import quick

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 5)


@st.composite
def integer_matrices(draw, max_size=5):
    """Draw a square matrix of small integers, of any rank."""
    size = draw(st.integers(1, max_size))
    rank = draw(st.integers(0, size))
    entries = st.integers(-3, 3)
    left = draw(
        st.lists(st.lists(entries, min_size=rank, max_size=rank), min_size=size, max_size=size)
    )
    right = draw(
        st.lists(st.lists(entries, min_size=size, max_size=size), min_size=rank, max_size=rank)
    )
    return (np.array(left).reshape(size, rank) @ np.array(right).reshape(rank, size)).astype(int)


def regular(seed, size):
    """Return a random matrix of condition number at most 9, not symmetric."""
    rng = np.random.default_rng(seed)
    left, _ = np.linalg.qr(rng.standard_normal((size, size)))
    right, _ = np.linalg.qr(rng.standard_normal((size, size)))
    return (left * rng.uniform(1 / 3, 3.0, size)) @ right


def reach(a):
    """Return how far rounding can move the adjugate, in units of eps; at least 1."""
    values = np.linalg.svd(a, compute_uv=False)
    return max(1.0, float(values[0] * np.prod(values[:-2])))


# Determinants ------------------------------------------------------------------------


@quick
@given(integer_matrices())
def test_adjugate_of_any_rank_against_fractions(a):
    exact = np.array(oracles.adjugate(a.tolist()), dtype=float)
    np.testing.assert_allclose(mc.adjugate(a), exact, atol=1e-13 * reach(a))
    np.testing.assert_allclose(mc.cofactor_matrix(a), exact.T, atol=1e-13 * reach(a))


@pytest.mark.parametrize("size", [2, 3, 4, 5])
@pytest.mark.parametrize("defect", [1, 2])
def test_adjugate_of_singular_matrices(size, defect):
    rng = np.random.default_rng(size)
    rank = size - defect
    a = rng.integers(-3, 4, (size, rank)) @ rng.integers(-3, 4, (rank, size))
    exact = np.array(oracles.adjugate(a.tolist()), dtype=float)
    assert (exact != 0).any() == (defect == 1)  # rank N - 1: adjugate of rank 1; less: zero
    np.testing.assert_allclose(mc.adjugate(a), exact, atol=1e-13 * reach(a))


@quick
@given(seeds, sizes)
def test_adjugate_times_matrix_is_the_determinant(seed, size):
    a = regular(seed, size)
    expected = np.linalg.det(a) * np.eye(size)
    np.testing.assert_allclose(a @ mc.adjugate(a), expected, atol=1e-12)
    np.testing.assert_allclose(mc.adjugate(a) @ a, expected, atol=1e-12)
    b = regular(seed + 1, size)
    product = mc.adjugate(b) @ mc.adjugate(a)
    np.testing.assert_allclose(mc.adjugate(a @ b), product, atol=1e-12 * np.abs(product).max())


def test_adjugate_of_a_swap_and_of_a_mirror():
    swap, mirror = [[0.0, 1.0], [1.0, 0.0]], np.diag([1.0, 1.0, -1.0])
    np.testing.assert_allclose(mc.adjugate(swap), [[0, -1], [-1, 0]], atol=1e-15)
    np.testing.assert_allclose(mc.adjugate(mirror), np.diag([-1, -1, 1]), atol=1e-15)
    np.testing.assert_array_equal(mc.adjugate([[5.0]]), [[1.0]])
    np.testing.assert_array_equal(mc.adjugate([[0.0]]), [[1.0]])


@quick
@given(integer_matrices(4))
def test_minors_and_expansion_against_fractions(a):
    size = len(a)
    for i in range(size):
        for j in range(size):
            exact = float(oracles.det(oracles.without(a.tolist(), i, j)))
            np.testing.assert_allclose(mc.minor(a, i, j), exact, atol=1e-12 * reach(a))
    exact = float(oracles.det(a.tolist()))
    scale = reach(a) * max(1.0, np.abs(a).max())
    assert mc.cofactor_expansion(a) == mc.cofactor_expansion(a, 0)
    for column in range(size):
        np.testing.assert_allclose(mc.cofactor_expansion(a, column), exact, atol=1e-12 * scale)


# Closed forms ------------------------------------------------------------------------


def log_abs_det(a):
    """Return ln|det A|, real for a real matrix and analytic for a complex one."""
    det = np.linalg.det(a)
    return np.log(det if det.real > 0 else -det)


def gradients(f, x):
    """Return the two numeric gradients, each with its tolerance."""
    return ((mc.complex_step_gradient(f, x), 1e-12), (mc.finite_difference_gradient(f, x), 1e-7))


@quick
@given(seeds, sizes)
def test_closed_forms_by_complex_step_and_differences(seed, size):
    a, x = regular(seed, size), np.random.default_rng(seed).standard_normal(size)
    sigma = a @ a.T
    sigma = (sigma + sigma.T) / 2
    for closed, f, at in [
        (mc.grad_quadratic_form_vector(a, x), lambda v: v @ a @ v, x),
        (mc.grad_inverse_quadratic_form(sigma, x), lambda v: v @ np.linalg.solve(sigma, v), x),
        (mc.grad_quadratic_form_matrix(x), lambda m: x @ m @ x, a),
        (mc.grad_det(a), np.linalg.det, a),
        (mc.grad_log_det(a), log_abs_det, a),
        (
            mc.grad_log_det_inverse(a),
            lambda m: log_abs_det(np.linalg.solve(m, np.eye(size))),
            np.linalg.solve(a, np.eye(size)),
        ),
    ]:
        assert closed.shape == at.shape
        for numeric, tolerance in gradients(f, at):
            scale = 1.0 + np.abs(closed).max()
            np.testing.assert_allclose(closed, numeric, atol=tolerance * scale * 10)


def test_closed_forms_by_hand():
    a, x = [[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0]
    np.testing.assert_array_equal(mc.grad_quadratic_form_vector(a, x), [40.0, 73.0])
    np.testing.assert_array_equal(mc.grad_quadratic_form_matrix(x), [[25.0, 30.0], [30.0, 36.0]])
    np.testing.assert_allclose(mc.grad_det(a), [[4.0, -3.0], [-2.0, 1.0]], rtol=1e-14)
    np.testing.assert_allclose(mc.grad_log_det(a), [[-2.0, 1.5], [1.0, -0.5]], rtol=1e-14)
    np.testing.assert_array_equal(mc.grad_log_det_inverse(a), [[-1.0, -3.0], [-2.0, -4.0]])
    np.testing.assert_allclose(
        mc.grad_inverse_quadratic_form([[2.0, 1.0], [1.0, 3.0]], [5.0, 5.0]), [4.0, 2.0], rtol=1e-15
    )


def test_gradient_of_log_det_where_the_determinant_is_negative():
    a = np.array([[0.0, 2.0], [3.0, 1.0]])
    np.testing.assert_allclose(
        mc.grad_log_det(a), mc.complex_step_gradient(log_abs_det, a), atol=1e-15
    )


def test_gradient_of_the_determinant_at_singular_matrices():
    for a in (np.zeros((2, 2)), np.zeros((3, 3)), np.ones((3, 3)), np.diag([1.0, 2.0, 0.0])):
        exact = np.array(oracles.adjugate(a.tolist()), dtype=float).T
        np.testing.assert_allclose(mc.grad_det(a), exact, atol=1e-15)


# Independent and symmetric entries ---------------------------------------------------


@quick
@given(seeds, sizes)
def test_symmetric_gradient_moves_both_entries(seed, size):
    a, b = regular(seed, size), regular(seed + 1, size)
    upper = np.triu_indices(size)

    def symmetric(entries):
        matrix = np.zeros((size, size), dtype=entries.dtype)
        matrix[upper] = entries
        return matrix + np.triu(matrix, 1).T

    def f(matrix):  # not symmetric in A and A^T
        return np.trace(b @ matrix @ matrix) + matrix[0, -1] ** 2

    at = a + a.T
    numeric = mc.complex_step_gradient(lambda entries: f(symmetric(entries)), at[upper])
    independent = mc.complex_step_gradient(f, at)
    along = mc.symmetric_gradient(independent)
    np.testing.assert_array_equal(along, along.T)
    np.testing.assert_allclose(along[upper], numeric, atol=1e-12 * (1 + np.abs(numeric).max()))


@quick
@given(seeds, sizes)
def test_conversions_are_each_others_inverse(seed, size):
    g = regular(seed, size)
    h = mc.symmetric_gradient(g)
    np.testing.assert_allclose(mc.independent_gradient(h), (g + g.T) / 2, atol=1e-15)
    np.testing.assert_allclose(mc.symmetric_gradient(mc.independent_gradient(h)), h, atol=1e-15)
    s = (g + g.T) / 2
    np.testing.assert_allclose(mc.symmetric_gradient(s), 2 * s - np.diag(np.diag(s)), atol=1e-15)


# Numeric gradients -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (lambda x: np.exp(x), 2.0, np.exp(2.0)),
        (lambda x: np.log(x[0]) * x[1], [1e-30, 1e-30], [1.0, np.log(1e-30)]),
        (lambda x: np.sum(x**2), [0.0, 1e-100], [0.0, 2e-100]),
        (lambda x: np.sum(x / 3.0), [1e-310, 0.0], [1 / 3, 1 / 3]),
        (lambda x: np.sum(x**3), [0.0, 0.0], [0.0, 0.0]),
        (lambda x: np.sum(1.0 / x), [1e150, -1.0], [-1e-300, -1.0]),
        (lambda x: np.sin(x[0]) + x[1], [0.0, 1e30], [1.0, 1.0]),
        (lambda x: np.log(x[0] + x[1]), [0.0, 1e-30], [1e30, 1e30]),
        (lambda x: np.sum(np.sin(x)), np.zeros((2, 3, 1)), np.ones((2, 3, 1))),
        (lambda x: x[None, :] @ x[:, None], [1.0, 2.0], [2.0, 4.0]),
    ],
)
def test_complex_step_has_all_digits(f, x, expected):
    gradient = mc.complex_step_gradient(f, x)
    assert gradient.shape == np.shape(x)
    np.testing.assert_allclose(gradient, expected, rtol=1e-15, atol=1e-39)


@pytest.mark.parametrize("at", [1e-120, 1e-30, 1e-3, 1.0, 7.0, 1e150])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_complex_step_fits_the_size_of_each_entry(at, sign):
    x = np.array([sign * at, 1.0, -3.0])
    gradient = mc.complex_step_gradient(lambda x: np.sum(1.0 / x), x / 2.0)
    np.testing.assert_allclose(gradient, -4.0 / x / x, rtol=1e-15)


def test_complex_step_at_zero_is_not_too_small():
    for x in ([0.0], [0.0, 1.0]):  # a step of 1e-300 would vanish in the product
        gradient = mc.complex_step_gradient(lambda x: 1e-30 * np.sum(x), x)
        np.testing.assert_allclose(gradient, 1e-30, rtol=1e-15)


@pytest.mark.parametrize("at", [0.0, 0.7, -3.0, 1e6])
def test_differences_have_ten_digits(at):
    gradient = mc.finite_difference_gradient(lambda x: np.sum(x**2) / 2, [[at], [1.0]])
    assert gradient.shape == (2, 1)
    np.testing.assert_allclose(gradient[0, 0], at, atol=1e-10 * max(1.0, abs(at)))
    smooth = mc.finite_difference_gradient(lambda x: float(np.sin(x[0])), [0.5])
    np.testing.assert_allclose(smooth, np.cos(0.5), rtol=3e-10)


@pytest.mark.parametrize("at", [0.0, 0.7, -0.7, 3.0, -3.0, -1e6])
def test_step_of_the_differences(at):
    # the difference of (x - at)^3 is off by h^2, and h is eps^(1/3) max(1, |x|)
    gradient = mc.finite_difference_gradient(lambda x: np.sum((x - at) ** 3), [at])
    h = np.finfo(float).eps ** (1 / 3) * max(1.0, abs(at))
    np.testing.assert_allclose(gradient, h**2, rtol=1e-9)


def test_differences_are_central():
    # a one-sided difference would be off by h f''/2, about 6e-6
    assert mc.finite_difference_gradient(lambda x: x[0] ** 2, [0.0])[0] == 0.0


@pytest.mark.parametrize("gradient", [mc.complex_step_gradient, mc.finite_difference_gradient])
def test_the_point_is_not_touched(gradient):
    x = np.array([1.0, 2.0])

    def spoil(y):
        value = np.sum(y**2)
        y[:] = 9.0
        return value

    np.testing.assert_allclose(gradient(spoil, x), [2.0, 4.0], rtol=1e-9)
    np.testing.assert_array_equal(x, [1.0, 2.0])


# Refusals ----------------------------------------------------------------------------

SQUARE = [mc.adjugate, mc.cofactor_matrix, mc.cofactor_expansion, mc.grad_det, mc.grad_log_det]
SQUARE += [mc.grad_log_det_inverse, mc.symmetric_gradient, mc.independent_gradient]


@pytest.mark.parametrize("function", SQUARE)
@pytest.mark.parametrize(
    ("a", "message"),
    [
        (np.ones((2, 3)), r"expected a square matrix, got shape \(2, 3\)"),
        ([1.0, 2.0], r"expected 2 dimension\(s\), got shape \(2,\)"),
        (np.ones((0, 0)), r"expected at least one number"),
        ([[np.nan]], r"expected finite numbers, got nan"),
    ],
)
def test_bad_matrices(function, a, message):
    with pytest.raises(ValueError, match=rf"^(A|G|H|covariance): {message}"):
        function(a)


@pytest.mark.parametrize("size", [1, 3])
def test_singular_matrices_have_no_gradient_of_log_det(size):
    a = np.zeros((size, size)) + (0.1 if size > 1 else 0.0)
    for function, name in ((mc.grad_log_det, "A"), (mc.grad_log_det_inverse, "covariance")):
        with pytest.raises(ValueError, match=f"{name}: expected a regular matrix, got condition"):
            function(a)
    with pytest.raises(ValueError, match="covariance: expected a regular matrix"):
        mc.grad_inverse_quadratic_form(a, np.ones(size))


def test_singular_means_to_working_precision():
    for ratio, singular in ((1.5 * 2.0**-52, False), (0.75 * 2.0**-52, True)):
        if singular:
            with pytest.raises(ValueError, match="A: expected a regular matrix, got condition"):
                mc.grad_log_det(np.diag([1.0, ratio]))
        else:
            np.testing.assert_array_equal(
                mc.grad_log_det(np.diag([1.0, ratio])), np.diag([1.0, 1.0 / ratio])
            )


def test_bad_arguments():
    a = np.eye(2)
    for i, j, name in ((2, 0, "i"), (-1, 0, "i"), (0, 2, "j"), (0, -1, "j")):
        with pytest.raises(ValueError, match=rf"^{name}: expected an index from 0 to 1, got"):
            mc.minor(a, i, j)
    for i, j, name in ((0.5, 0, "i"), (True, 0, "i"), (0, "1", "j"), (0, np.False_, "j")):
        with pytest.raises(ValueError, match=rf"^{name}: expected an index from 0 to 1, got"):
            mc.minor(a, i, j)
    assert mc.minor(a, np.int64(1), np.uint8(1)) == 1.0
    for column in (-1, 2, 0.0):
        with pytest.raises(ValueError, match=r"^column: expected an index from 0 to 1, got"):
            mc.cofactor_expansion(a, column)
    for function in (mc.grad_quadratic_form_vector, mc.grad_inverse_quadratic_form):
        with pytest.raises(ValueError, match=r"x: expected shape \(2,\), got \(3,\)"):
            function(a, np.ones(3))
    with pytest.raises(ValueError, match=r"x: expected 1 dimension\(s\), got shape \(2, 2\)"):
        mc.grad_quadratic_form_matrix(a)
    with pytest.raises(ValueError, match=r"covariance: expected a symmetric matrix"):
        mc.grad_inverse_quadratic_form([[1.0, 1.0], [0.0, 1.0]], [1.0, 1.0])
    with pytest.raises(ValueError, match=r"H: expected a symmetric matrix"):
        mc.independent_gradient([[1.0, 1.0], [0.0, 1.0]])


@pytest.mark.parametrize("f", [lambda x: np.abs(x).sum(), lambda x: x, lambda x: 1.0])
def test_a_function_that_loses_the_imaginary_part_is_refused(f):
    with pytest.raises(ValueError, match=r"f: expected one complex number for complex x, got"):
        mc.complex_step_gradient(f, [1.0, 2.0])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x,
        lambda x: 1j,
        lambda x: np.nan,
        lambda x: np.inf if x[0] > 1.0 else 0.0,
    ],
)
def test_differences_need_one_finite_real_number(f):
    with pytest.raises(ValueError, match=r"f: expected one finite real number for real x, got"):
        mc.finite_difference_gradient(f, [1.0, 2.0])


@pytest.mark.parametrize("gradient", [mc.complex_step_gradient, mc.finite_difference_gradient])
def test_numeric_gradients_need_a_finite_point(gradient):
    with pytest.raises(ValueError, match=r"x: expected finite numbers, got inf"):
        gradient(np.sum, [np.inf])
