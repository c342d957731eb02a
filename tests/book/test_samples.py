"""Families of vectors and of matrices, as the means and covariances of a mixture."""

import numpy as np
import pytest
import sympy as sp
from sympy import Determinant, Sum, Symbol, Trace

from boltzlib.book import ClaimFailed, MatrixSum, Samples, chain, claim, evaluate, latex, stationary
from boltzlib.book.evaluate import to_numpy
from boltzlib.book.symbols import C, N, Sigmas, X, gamma, i, k, mus, n
from boltzlib.mixture import GaussianMixture

RNG = np.random.default_rng(3)
MATRICES = RNG.normal(size=(3, 2, 2))
CASE = {Sigmas: MATRICES, mus: RNG.normal(size=(3, 2)), N: 2, k: 2}


def test_one_of_a_family_of_matrices():
    assert to_numpy(evaluate(Sigmas[k], CASE)) == pytest.approx(MATRICES[1])
    assert to_numpy(evaluate(Sigmas[3].T, CASE)) == pytest.approx(MATRICES[2].T)
    assert float(evaluate(Determinant(Sigmas[1]), CASE)) == pytest.approx(
        np.linalg.det(MATRICES[0])
    )
    total = evaluate(MatrixSum(Sigmas[i] * mus[i], (i, 1, 3)), CASE)
    assert to_numpy(total) == pytest.approx(np.einsum("kij,kj->i", MATRICES, CASE[mus]))


def test_families_with_other_shapes_are_others():
    vectors, matrices = Samples("a", N), Samples("a", N, N)
    assert vectors != matrices
    assert vectors != "a"
    assert matrices[k].family == matrices
    assert matrices[k].shape == (N, N)
    assert vectors[k].shape == (N, 1)
    assert latex(Sigmas[k]) == r"\Sigma_{k}"


def test_digits_beyond_a_float_are_kept():
    third = evaluate(sp.Rational(1, 3), {})
    value = evaluate(mus[1], {mus: np.array([[third, third]], dtype=object), N: 2})
    assert abs(value[0] - third) < 1e-38


def test_a_number_has_no_matrix_sum():
    with pytest.raises(ValueError, match="sum numbers with Sum"):
        MatrixSum(gamma[i, k], (i, 1, n))
    with pytest.raises(ValueError, match="expected a matrix, got 2"):
        MatrixSum(2, (i, 1, n))


def test_what_a_sum_depends_on():
    B, m = sp.MatrixSymbol("B", N, N), Symbol("m", integer=True)
    assert MatrixSum(gamma[i, k] * B, (i, m, n)).free_symbols >= {k, B, m, n}
    assert i not in MatrixSum(gamma[i, k] * B, (i, m, n)).free_symbols


def test_a_sum_is_transposed_and_split_in_order():
    A, B, y = sp.MatrixSymbol("A", N, N), sp.MatrixSymbol("B", N, N), sp.MatrixSymbol("y", N, 1)
    turned = MatrixSum(A * X[i], (i, 1, n)).T
    assert turned == MatrixSum(X[i].T * A.T, (i, 1, n))
    split = MatrixSum(A * X[i] * y.T * B, (i, 1, n)).split()
    assert split == A * MatrixSum(X[i], (i, 1, n)) * y.T * B


def test_splitting_puts_the_sign_in_front():
    split = MatrixSum(gamma[i, k] * (X[i] - mus[k]), (i, 1, n)).split()
    assert split.has(Sum(gamma[i, k], (i, 1, n)))
    assert not split.has(Sum(-gamma[i, k], (i, 1, n)))


def test_a_factor_over_a_root_is_one_fraction():
    b = Symbol("b", positive=True)
    assert latex(C[k] / sp.sqrt(b)) == r"\frac{C_{k}}{\sqrt{b}}"
    assert latex(C[k] / (n * sp.sqrt(b))) == r"\frac{C_{k}}{n} \frac{1}{\sqrt{b}}"
    assert latex(sp.sqrt(2 / b)) == r"\sqrt{\frac{2}{b}}"


def weighted_mean(right=True):
    """A stationarity whose parameter is one of a family of vectors."""
    data = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.25]])
    shares = np.array([[0.25, 0.75], [0.5, 0.5], [0.875, 0.125]])
    case = {X: data, gamma: shares, n: 3, N: 2, k: 1, mus: np.array([[1.0, 0.5], [2.0, 0.0]])}
    square = Trace((X[i] - mus[k]).T * (X[i] - mus[k]))
    slope = MatrixSum(-gamma[i, k] * square.diff(mus[k]) / 2, (i, 1, n)).split()
    count = Sum(gamma[i, k], (i, 1, n))
    solution = (mus[k] + slope / count).expand().doit()
    start = GaussianMixture([0.5, 0.5], case[mus], [np.eye(2)] * 2)
    factor = 1 if right else 2
    return claim(
        "9.1",
        "stationarity",
        stationary(
            chain("g", "=", MatrixSum(gamma[i, k] * (X[i] - mus[k]), (i, 1, n))),
            chain(
                r"\mu_k",
                "=",
                factor * MatrixSum(gamma[i, k] * X[i], (i, 1, n)) / Sum(gamma[i, k], (i, 1, n)),
            ),
        ),
        derived=(slope, factor * solution),
        computed=(
            lambda c: c[gamma][:, c[k] - 1] @ (c[X] - c[mus][c[k] - 1]),
            lambda c: factor * start.maximised(c[X], c[gamma]).means[c[k] - 1],
        ),
        library="boltzlib.mixture.GaussianMixture.maximised",
        cases=[case],
        edges=[{**case, k: 2}],
    )


def test_a_member_of_a_family_can_be_the_parameter():
    assert weighted_mean().record["derived"]


def test_a_wrong_place_is_refused():
    with pytest.raises(ClaimFailed, match="not 0, at"):
        weighted_mean(right=False)
