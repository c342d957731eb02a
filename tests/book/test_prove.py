"""Symbolic equality proves what is true and never what is false."""

import pytest
import sympy as sp

from boltzlib.book import MatrixSum, equal
from boltzlib.book.prove import (
    _depth,
    _expanded,
    _linear_sum,
    _misused,
    expand_lemmas,
    has_assumptions_of,
    nonnegative,
    normal,
    speaks_of_numbers,
)
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


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (sp.Sum(mu, (i, 1, n)), n * mu),
        (sp.Sum(1 + x[i], (i, 1, n)), n + normal(sp.Sum(x[j], (j, 1, n)))),
        (sp.Sum(sp.Abs(z), (z, 0, n)) - sp.Sum(z, (z, 0, n)), 0),
        (sp.Trace(A), sp.Trace(A)),
        (sp.Trace(mu * A), mu * sp.Trace(A)),
        (sp.Determinant(A), sp.Determinant(A)),
        (sp.Determinant(A * Sigma.I), sp.Determinant(A) / sp.Determinant(Sigma)),
    ],
)
def test_normal_forms_worked_by_hand(formula, expected):
    assert normal(formula) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (mu, 1),
        (sp.Sum(x[i], (i, 1, n)), 2),
        (sp.Sum(J[i, j], (i, 1, n), (j, 1, n)), 3),
        (sp.Sum(x[k], (k, 1, n)) * sp.Sum(J[i, j], (i, 1, n), (j, 1, n)), 3),
        (sp.Sum(p[k] * sp.Sum(J[i, j], (i, 1, n), (j, 1, n)), (k, 1, K)), 4),
    ],
)
def test_the_depth_is_one_more_than_the_indices_nested(body, expected):
    assert _depth(body) == expected


@pytest.mark.parametrize(
    ("a", "b", "given"),
    [
        # an index is positive where its range is
        (sp.Sum(sp.Abs(z), (z, 0, n)), sp.Sum(z, (z, 0, n)), []),
        (sp.Sum(sp.S.Zero**z, (z, 1, n)), sp.S.Zero, []),
        # a fact that holds of what another fact leads to
        (
            sp.Sum(x[i] - t - 1, (i, 1, n)),
            sp.S.Zero,
            [sp.Eq(sp.Sum(x[i], (i, 1, n)), n * mu), sp.Eq(mu, t + 1)],
        ),
        # a fact about the whole difference
        (mu, -t, [sp.Eq(mu + t, 0)]),
        (A, -Sigma, [sp.Eq(A + Sigma, sp.ZeroMatrix(*A.shape))]),
        (sp.Trace(A + Sigma), mu + sp.Trace(Sigma), [sp.Eq(sp.Trace(A), mu)]),
        (Sigma * A * A.T, Sigma * A, [sp.Eq(A * A.T, A.I), sp.Eq(A.I, A)]),
        # entry by entry
        (sp.Matrix([[sp.sin(t) ** 2 + sp.cos(t) ** 2]]), sp.Matrix([[1]]), []),
        (sp.Trace(A * Sigma * A.I * Sigma.T), sp.Trace(Sigma * A.I.T * Sigma.T * A.T), []),
        (sp.tanh(t), 1 - 2 / (sp.exp(2 * t) + 1), []),
        (sp.sin(t) ** 2, (1 - sp.cos(2 * t)) / 2, []),
        (
            MatrixSum(X[i] * X[k].T * X[i], (i, 1, n)),
            MatrixSum(X[j] * X[k].T * X[j], (j, 1, n)),
            [],
        ),
    ],
)
def test_more_true_statements_are_proved(a, b, given):
    assert equal(a, b, given)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (m, mu),
        (mu, m),
        (sp.tanh(t), t),
        (sp.log(mu * t), sp.log(mu) + sp.log(t)),  # both may be negative
        (sp.Trace(A * Sigma * A.I), sp.Trace(A.T * Sigma.T * A.I.T) + 1),
        (sp.Trace(A * Sigma * A), sp.Trace(A)),
        (sp.Matrix([[sp.sin(t) ** 2]]), sp.Matrix([[1]])),
        (
            MatrixSum(X[i] * X[k].T * X[i], (i, 1, n)),
            MatrixSum(X[i] * X[i].T * X[i], (i, 1, n)),
        ),
    ],
)
def test_more_false_statements_are_not(a, b):
    assert not equal(a, b)


def test_a_trace_turns_but_its_factors_are_not_transposed_one_by_one():
    B, C = (sp.MatrixSymbol(name, *A.shape) for name in "BC")
    assert equal(sp.Trace(A * B * C), sp.Trace(C.T * B.T * A.T))
    assert not equal(sp.Trace(A * B * C), sp.Trace(A.T * B.T * C.T))


def test_a_determinant_with_a_factor_that_is_not_square_is_left_alone():
    y = sp.MatrixSymbol("y", A.rows, 1)
    assert normal(sp.Determinant(A * y * y.T)) == sp.Determinant(A * y * y.T)


def test_no_term_of_a_sum_is_lost():
    rest = _linear_sum(sp.Sum(x[i], (i, 1, n)), {})
    assert _linear_sum(sp.Sum(1 + x[i], (i, 1, n)), {}) == n + rest


def test_terms_of_matrices_are_collected():
    assert _expanded(A) == A
    assert _expanded(A + Sigma * A + A) == 2 * A + Sigma * A


@pytest.mark.parametrize(
    ("integral", "expected"),
    [
        (sp.Integral(t**2, (t, 0, 1), mu), False),
        (sp.Integral(t**2 + mu**2, (t, 0, 1), (mu, 0, 1)), True),
        (sp.Integral(t**2 + mu**2, (t, 0, 1), (mu, 1, 0)), False),
        (sp.Integral(sp.exp(t) - 3 * sp.exp(2 * t), (t, -sp.oo, 0)), False),  # it is -1/2
        (sp.Integral(t - 1, (t, 1, 2)), True),
        (sp.Integral(2 - t, (t, 1, 2)), True),
        (sp.Integral(3 - 2 * t, (t, 1, 2)), False),
    ],
)
def test_integrals_that_are_nonnegative_by_sight(integral, expected):
    assert nonnegative(integral) is expected


def test_a_lemma_speaks_of_its_function_and_its_numbers():
    g = sp.Function("g")
    lemma = (g, sp.Lambda(u, 2 * u))
    assert nonnegative(g(v), [lemma])
    assert not nonnegative(sp.sin(t), [lemma])
    h = sp.Function("h", nonnegative=True)
    assert not nonnegative(h(v) + h(-v), [(h, sp.Lambda(u, 2 * u))])
    assert speaks_of_numbers(lemma)
    assert not speaks_of_numbers((g, sp.Lambda(u, mu * u)))
    assert not speaks_of_numbers((g, sp.Lambda(u, sp.Function("f")(u))))


@pytest.mark.parametrize(
    ("assumed", "known", "not_known"),
    [
        ({"positive": True}, [v, n, p[k] / q[k], sp.exp(t)], [mu, -v, sp.S.Zero]),
        ({"negative": True}, [-v, -n], [v, mu]),
        ({"real": True}, [v, mu, x[i] - n], [sp.Symbol("c"), sp.I]),
        ({"integer": True}, [n, n - i, sp.S(-3)], [mu, v, n / 2]),
        ({"even": True}, [2 * n, sp.S(4)], [n, sp.S(3)]),
    ],
)
def test_a_number_is_all_that_was_assumed(assumed, known, not_known):
    symbol = sp.Symbol("w", **assumed)
    assert all(has_assumptions_of(value, symbol) for value in known)
    assert not any(has_assumptions_of(value, symbol) for value in not_known)


def test_a_fact_about_an_index_leaves_the_sums_over_it_alone():
    total = sp.Sum(x[k], (k, 1, K))
    assert normal(total + k, {k: sp.Integer(2)}) == normal(total) + 2


def test_all_that_a_lemma_is_about_must_be_as_it_assumes():
    f, (a, b) = sp.Function("f"), sp.symbols("a b", positive=True)
    lemma = (f, sp.Lambda((a, b), a * b))
    assert not _misused(lemma, f(u, v))
    assert _misused(lemma, f(u, mu)) and _misused(lemma, f(mu, u))


def test_an_integral_from_a_to_b_is_looked_at_inside():
    assert nonnegative(sp.Integral(mu + v - t, (t, mu, mu + v)))
    assert not nonnegative(sp.Integral(mu + v - t, (t, mu, mu + 2 * v)))
    assert not nonnegative(sp.Integral(mu - t, (t, mu, mu + v)))


def test_what_differs_by_one_is_not_equal():
    assert not equal(t + 1, t)
    assert not equal(t, t + 1)


def test_no_factor_of_a_trace_is_lost():
    assert not equal(sp.Trace(A * Sigma), sp.Trace(A * A))
    assert not equal(sp.Trace(A * Sigma), sp.Trace(A))


def test_a_fact_about_a_negated_letter_is_used_where_the_difference_holds_it():
    assert equal(t, v, [sp.Eq(-v, -t, evaluate=False)])
