"""Determinants, traces of B Bᵀ, and facts about traces and sums of matrices."""

import pytest
import sympy as sp
from sympy import Determinant, Eq, IndexedBase, MatrixSymbol, Product, Sum, Trace, ZeroMatrix

from boltzlib.book import MatrixSum, equal, latex
from boltzlib.book.prove import nonnegative
from boltzlib.book.symbols import Lam, N, Sigma, X, i, k, m, n

P, L, V, S = (MatrixSymbol(name, N, N) for name in "PLVS")
y, mean = MatrixSymbol("y", N, 1), MatrixSymbol("c", N, 1)
lam = IndexedBase("lambda", positive=True)
total = MatrixSum(X[i], (i, 1, n))
squares = Sum(lam[k] * y[k - 1, 0] ** 2, (k, 1, N))


@pytest.mark.parametrize(
    ("a", "b", "given"),
    [
        (Determinant(P.I * Sigma.I * P), 1 / Determinant(Sigma), []),
        (Determinant(P.T * P), Determinant(P) ** 2, []),
        (Determinant(2 * Sigma.T), 2**N * Determinant(Sigma), []),
        (
            Product(lam[k], (k, 1, N)),
            1 / Determinant(Sigma),
            [Eq(Product(lam[k], (k, 1, N)), Determinant(Lam)), Eq(Lam, P.I * Sigma.I * P)],
        ),
        (Trace(y.T * Lam * y), squares, [Eq(Trace(y.T * Lam * y), squares)]),
        (
            Sum(Sum(lam[k] * Trace(y.T * X[k]), (k, 1, n)) + Trace(y.T * X[i]), (i, 1, n)),
            n * Trace(mean.T * y) + Trace(y.T * total),
            [
                Eq(Sum(lam[k] * Trace(y.T * X[k]), (k, 1, n)), Trace(y.T * mean)),
                Eq(Sum(Trace(y.T * X[i]), (i, 1, n)), Trace(y.T * total)),
            ],
        ),
        (
            MatrixSum((X[i] - mean) * (X[i] - mean).T, (i, 1, n)),
            MatrixSum((X[i] - mean) * X[i].T, (i, 1, n)),
            [Eq(total, n * mean), Eq(total.T, n * mean.T)],
        ),
        (P * Sigma * y - P * L * V * y, ZeroMatrix(N, 1), [Eq(L * V * y, Sigma * y)]),
    ],
)
def test_true_statements_are_proved(a, b, given):
    assert equal(a, b, given)
    assert equal(b, a, given)


@pytest.mark.parametrize(
    ("a", "b", "given"),
    [
        (Determinant(P.T * Sigma.I * P), 1 / Determinant(Sigma), []),
        (Determinant(P * Sigma), Determinant(P), []),
        (Determinant(2 * Sigma), 2 * Determinant(Sigma), []),
        (Determinant(Sigma + P), Determinant(Sigma) + Determinant(P), []),
        (Determinant(y * y.T), Determinant(Sigma), []),
        (Trace(y.T * Lam * y), 2 * squares, [Eq(Trace(y.T * Lam * y), squares)]),
        (
            MatrixSum((X[i] - mean) * (X[i] - m).T, (i, 1, n)),
            MatrixSum((X[i] - m) * (X[i] - m).T, (i, 1, n)),
            [Eq(total, n * mean), Eq(total.T, n * mean.T)],
        ),
    ],
)
def test_false_statements_are_not(a, b, given):
    assert not equal(a, b, given)
    assert not equal(b, a, given)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (Trace(P * P.T), True),
        (Trace(L.T * V * L * L.T * V.T * L) / 2, True),
        (Trace(L.T * V * L * L.T * V * L), False),
        (Trace(P * P), False),
        (Trace(P), False),
        (-Trace(P * P.T), False),
        (Trace(-P * P.T), False),
    ],
)
def test_the_trace_of_a_gram_matrix_is_nonnegative(formula, expected):
    assert nonnegative(formula) is expected


def test_a_power_of_a_determinant_is_not_the_determinant_of_a_power():
    assert latex(Determinant(P) ** 2) == r"\left(\det P\right)^{2}"
    assert latex(1 / Determinant(P)) == r"\frac{1}{\det P}"
    assert latex(sp.sqrt(Determinant(P))) == r"\sqrt{\det P}"
