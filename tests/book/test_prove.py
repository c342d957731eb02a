"""Symbolic equality proves what is true and never what is false."""

import pytest
import sympy as sp

from boltzlib.book import MatrixSum, equal
from boltzlib.book.prove import expand_lemmas, nonnegative
from boltzlib.book.symbols import A, K, Sigma, X, i, j, k, m, mu, n, p, q, t, v, x

u = sp.Symbol("u", positive=True)
SYMMETRIC = [sp.Eq(Sigma.T, Sigma)]
quadratic = sp.Trace((X[i] - m).T * Sigma * (X[i] - m))

TRUE = [
    (sp.Sum(x[i] - mu, (i, 1, n)), sp.Sum(x[j], (j, 1, n)) - n * mu, []),
    (
        sp.Sum((x[i] - mu) ** 2, (i, 1, n)),
        sp.Sum(x[i] ** 2, (i, 1, n)) - 2 * mu * sp.Sum(x[i], (i, 1, n)) + n * mu**2,
        [],
    ),
    (
        sp.Sum(p[k] * sp.log(p[k] / q[k]), (k, 1, K)),
        -sp.Sum(p[k] * sp.log(q[k] / p[k]), (k, 1, K)),
        [],
    ),
    (
        sp.Sum(p[k] * (1 - q[k] / p[k]), (k, 1, K)),
        sp.S.Zero,
        [sp.Eq(sp.Sum(p[k], (k, 1, K)), 1), sp.Eq(sp.Sum(q[k], (k, 1, K)), 1)],
    ),
    (sp.Integral(sp.exp(-(t**2) / (2 * v)), (t, -sp.oo, sp.oo)), sp.sqrt(2 * sp.pi * v), []),
    (A * A.I * A, A, []),
    ((A * Sigma).T, Sigma * A.T, SYMMETRIC),
    (quadratic, sp.Trace(Sigma * (X[i] - m) * (X[i] - m).T), []),
    (
        MatrixSum(quadratic.diff(m), (i, 1, n)),
        -2 * Sigma * (MatrixSum(X[k], (k, 1, n)) - n * m),
        SYMMETRIC,
    ),
    (MatrixSum(A * X[i] * X[i].T, (i, 1, n)), A * MatrixSum(X[j] * X[j].T, (j, 1, n)), []),
]

FALSE = [
    (sp.Sum(x[i] - mu, (i, 1, n)), sp.Sum(x[j], (j, 1, n)) + n * mu, []),
    (sp.Sum(x[i], (i, 1, n)), sp.Sum(x[i], (i, 2, n)), []),
    (sp.Sum(x[i], (i, 1, n)), sp.Sum(x[i], (i, 1, n - 1)), []),
    (sp.Sum(p[k] * (1 - q[k] / p[k]), (k, 1, K)), sp.S.Zero, []),
    (
        sp.Sum(p[k] * sp.log(p[k] / q[k]), (k, 1, K)),
        sp.Sum(q[k] * sp.log(q[k] / p[k]), (k, 1, K)),
        [],
    ),
    (A, A.T, []),
    (A * Sigma, Sigma * A, []),
    (A.I, A, []),
    (m, A, []),
    (sp.sqrt(v), v, []),
    (quadratic, sp.Trace(Sigma * X[i] * (X[i] - m).T), []),
    (MatrixSum(X[i], (i, 1, n)), n * m, []),
    (MatrixSum(X[i], (i, 1, n)), MatrixSum(X[i], (i, 2, n)), []),
    (MatrixSum(X[i], (i, 1, n)), n * X[i], []),
]


@pytest.mark.parametrize(("a", "b", "given"), TRUE)
def test_true_statements_are_proved_both_ways(a, b, given):
    assert equal(a, b, given)
    assert equal(b, a, given)


@pytest.mark.parametrize(("a", "b", "given"), FALSE)
def test_false_statements_are_not(a, b, given):
    assert not equal(a, b, given)
    assert not equal(b, a, given)


def test_sympys_silent_zero_is_not_believed_by_the_numbers():
    """SymPy 1.14 returns 0 for this derivative; the book's claims would catch it."""
    from boltzlib.book import evaluate

    silent = sp.log(sp.Determinant(A)).diff(A)
    assert silent == 0 or silent == sp.ZeroMatrix(*A.shape)
    assert evaluate(sp.Derivative(sp.log(sp.Determinant(A)), A), {A: [[2.0]]})[0, 0] > 0.49


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (v, True),
        ((x[i] - mu) ** 2, True),
        (sp.Sum((x[i] - mu) ** 2, (i, 1, n)), True),
        (sp.Sum(p[k] * (x[k] - mu) ** 2, (k, 1, K)), True),
        (sp.Integral(t**2, (t, 0, u)), True),
        (sp.Integral(t**2, (t, u, 0)), False),
        (x[i] - mu, False),
        (v - 1, False),
        (-v, False),
        (sp.log(u), False),
    ],
)
def test_nonnegative(formula, expected):
    assert nonnegative(formula) is expected


def test_traces_of_gram_matrices_are_nonnegative_and_others_are_not():
    B = sp.MatrixSymbol("B", *A.shape)
    assert nonnegative(sp.Trace(B * B.T))
    assert nonnegative(sp.Trace(2 * A * B * B.T * A.T))
    for wrong in (B * B, -B * B.T, A * B.T, B):
        assert not nonnegative(sp.Trace(wrong))


def test_determinants_of_products():
    assert equal(sp.Determinant(A * Sigma.I), sp.Determinant(A) / sp.Determinant(Sigma))
    assert equal(sp.Determinant(A.T), sp.Determinant(A))
    assert equal(sp.Determinant(2 * A), 2**A.rows * sp.Determinant(A))
    assert not equal(sp.Determinant(2 * A), 2 * sp.Determinant(A))
    assert not equal(sp.Determinant(A + Sigma), sp.Determinant(A) + sp.Determinant(Sigma))
    assert not equal(sp.Determinant(X[1].T * X[1]), 0)


def test_lemmas_are_expanded():
    g = sp.Function("g", nonnegative=True)
    gap = sp.Sum(p[k] * g(q[k] / p[k]), (k, 1, K))
    assert nonnegative(gap, [(g, sp.Lambda(u, u - 1 - sp.log(u)))])
    assert expand_lemmas(g(v), [(g, sp.Lambda(u, u - 1))]) == v - 1


z = sp.Symbol("z", integer=True)
J = sp.IndexedBase("J", real=True)
first = sp.Symbol("_1", integer=True, positive=True)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        # an index is positive only where its range is
        (sp.Sum(sp.Abs(z), (z, -n, n)), sp.Sum(z, (z, -n, n))),
        (sp.Sum(sp.S.Zero**z, (z, 0, n)), sp.S.Zero),
        (sp.Sum(sp.KroneckerDelta(z, 0) * mu, (z, 0, n)), sp.S.Zero),
        # a symbol of the page is no index of the normal form
        (sp.Sum(x[i] * first, (i, 1, n)), sp.Sum(x[i] * i, (i, 1, n))),
        (MatrixSum(J[i, first] * X[i], (i, 1, n)), MatrixSum(J[i, i] * X[i], (i, 1, n))),
        # indices of nested sums
        (
            sp.Sum(J[i, j] * x[j], (j, 1, n), (i, 1, n)),
            sp.Sum(J[i, j] * x[i], (j, 1, n), (i, 1, n)),
        ),
        (sp.Sum(J[i, j], (i, 1, j), (j, 1, n)), sp.Sum(J[j, i], (i, 1, j), (j, 1, n))),
        (
            sp.Sum(p[k] * sp.Sum(J[i, j], (i, 1, j), (j, 1, k)), (k, 1, K)),
            sp.Sum(p[k] * sp.Sum(J[i, j], (i, 1, j), (j, 1, K)), (k, 1, K)),
        ),
    ],
)
def test_sums_that_differ_are_not_equal(a, b):
    assert not equal(a, b)


def test_double_sums_are_linear_and_their_indices_have_no_name():
    double = sp.Sum(J[i, j] + mu, (j, 1, n), (i, 1, n))
    assert equal(double, sp.Sum(J[k, i], (i, 1, n), (k, 1, n)) + n**2 * mu)
    assert equal(
        sp.Sum(J[i, j] * sp.Sum(x[k], (k, 1, n)), (j, 1, n), (i, 1, n)),
        sp.Sum(J[i, j], (j, 1, n), (i, 1, n)) * sp.Sum(x[k], (k, 1, n)),
    )


def test_a_lemma_holds_only_for_the_numbers_it_speaks_of():
    g = sp.Function("g", nonnegative=True)
    lemma = (g, sp.Lambda(u, 2 * u))
    assert nonnegative(v * g(v + 1), [lemma])
    assert not nonnegative(g(mu), [lemma])
    assert not nonnegative(v + g(-v), [lemma])


def test_an_integral_without_bounds_is_not_visibly_nonnegative():
    assert not nonnegative(sp.Integral(t**2 * (1 - t), t))


def test_hyperbolic_functions_of_products_of_matrices():
    N = sp.Symbol("N", integer=True, positive=True)
    k = sp.Symbol("k", integer=True, positive=True)
    y, b = sp.MatrixSymbol("y", N, 1), sp.MatrixSymbol("b", N, 1)
    field = sp.Trace(b.T * y) + b[k - 1, 0]
    half = (sp.exp(field) - sp.exp(-field)) / 2
    assert equal(sp.tanh(field), half / sp.cosh(field))
    assert not equal(sp.tanh(field), 2 * half / sp.cosh(field))


def test_an_entry_in_a_sum_is_not_the_entry_outside():
    N = sp.Symbol("N", integer=True, positive=True)
    k = sp.Symbol("k", integer=True, positive=True)
    y = sp.MatrixSymbol("y", N, 1)
    assert not equal(sp.Sum(sp.exp(y[k - 1, 0]), (k, 1, N)), N * sp.exp(y[k - 1, 0]))


def test_a_substitution_that_waits_reaches_the_entries():
    f, y = sp.Function("f"), sp.MatrixSymbol("y", n, 1)
    entry, power = A[k, 0], sp.Trace(A**t)
    assert not equal(sp.Subs(f(entry), k, 1), sp.Subs(f(entry), k, 2))
    assert not equal(sp.Subs(f(entry), k, k + 1), f(entry))
    assert not equal(sp.Subs(sp.exp(entry), k, 2), sp.exp(entry))
    assert not equal(
        sp.Subs(f(sp.Trace(X[k].T * X[k])), k, 1), sp.Subs(f(sp.Trace(X[k].T * X[k])), k, 2)
    )
    assert not equal(sp.Subs(f(power), t, 2), sp.Subs(f(power), t, 3))
    assert equal(sp.exp(sp.Trace(y.T * y)), sp.exp(sp.Trace(y.T * y)))
