"""Densities: what they look like, what SymPy knows of them, what may be proved of them."""

import mpmath
import pytest
import sympy as sp

from boltzlib.book import MatrixSum, density, equal, evaluate, latex
from boltzlib.book.symbols import K, N, X, gamma, i, j, k, mus, n, x

theta, start = sp.symbols(r"\theta \theta_0", real=True)
q, posterior, r = density("q"), density("q", given=1), density("r")
joint, marginal = q(theta, X[i], k), q(theta, X[i])
bayes = sp.Eq(posterior(theta, k, X[i]), joint / marginal)
summed = sp.Eq(sp.Sum(joint, (k, 1, K)), marginal)


@pytest.mark.parametrize(
    "formula, tex",
    [
        (joint, r"q_{\theta}(x_{i}, k)"),
        (posterior(start, k, X[i]), r"q_{\theta_{0}}(k \mid x_{i})"),
        (r(i, k), "r_{i}(k)"),
        (
            r(i, k) * sp.log(joint / r(i, k)),
            r"r_{i}(k) \, \ln \frac{q_{\theta}(x_{i}, k)}{r_{i}(k)}",
        ),
        (1 / marginal, r"\frac{1}{q_{\theta}(x_{i})}"),
        (marginal**2, r"q_{\theta}(x_{i})^{2}"),
        (
            sp.Derivative(sp.log(marginal), theta),
            r"\frac{\partial}{\partial \theta} \ln q_{\theta}(x_{i})",
        ),
        (gamma[i, k] * (joint - 1), r"\gamma_{ik} \left(q_{\theta}(x_{i}, k) - 1\right)"),
        (
            -sp.Sum(joint, (i, 1, n)) / sp.Sum(r(i, k), (i, 1, n)) / 2,
            r"- \frac{\sum_{i=1}^{n} q_{\theta}(x_{i}, k)}{2 \, \sum_{i=1}^{n} r_{i}(k)}",
        ),
        (
            MatrixSum(gamma[i, k] * X[i], (i, 1, n)) / sp.Sum(gamma[i, k], (i, 1, n)),
            r"\frac{\sum_{i=1}^{n} \gamma_{ik} x_{i}}{\sum_{i=1}^{n} \gamma_{ik}}",
        ),
    ],
)
def test_set_as_in_a_text(formula, tex):
    assert latex(formula) == tex


def test_the_bar_stands_before_the_conditions():
    assert latex(posterior(theta, j, k, X[i])) == r"q_{\theta}(j, k \mid x_{i})"
    two = density("q", given=2)
    assert latex(two(theta, k, j, X[i])) == r"q_{\theta}(k \mid j, x_{i})"
    assert two(theta, k, j, X[i]) != posterior(theta, k, j, X[i])


def test_a_condition_makes_another_function():
    assert posterior(theta, k, x[i]) != q(theta, k, x[i])
    assert q == density("q")
    assert posterior == density("q", given=1)


def test_positive_and_differentiable_by_the_parameter():
    assert joint.is_positive
    slope = sp.Sum(joint, (k, 1, K)).diff(theta)  # a vector among the arguments stands still
    assert slope == sp.Sum(sp.Derivative(joint, theta), (k, 1, K))
    assert slope.doit() == slope
    assert joint.diff(start) == 0
    assert equal(joint * sp.Derivative(sp.log(joint), theta), sp.Derivative(joint, theta))
    case = {q: lambda t, a, k=0: mpmath.exp(t * a + k), theta: 0.5, x: [3.0], i: 1}
    assert evaluate(sp.Derivative(sp.log(q(theta, x[i])), theta), case) == pytest.approx(3)


vector, fixed = sp.MatrixSymbol("x", N, 1), sp.MatrixSymbol("b", N, 1)


@pytest.mark.parametrize(
    ("formula", "by"),
    [
        (q(theta, vector), vector),
        (q(theta, vector), vector[0, 0]),
        (q(theta, vector[0, 0]), vector),
        (q(theta, X[i]), X[i]),
        (q(theta, X[i]), X[j]),
        (q(theta, X[i]), X[j][0, 0]),
        (q(theta, X[i][0, 0]), X[j][0, 0]),
        (q(theta, X[i]), i),
        (q(1, vector - theta * fixed), theta),
        (sp.log(q(theta, vector)), vector),
        (sp.Sum(sp.log(q(theta, X[i], k)), (k, 1, K)), X[i]),
        (sp.Sum(q(1, X[i] - theta * fixed), (i, 1, n)), theta),
    ],
)
def test_a_derivative_that_moves_a_vector_among_the_arguments_is_not_zero(formula, by):
    """SymPy would answer 0."""
    for slope in (formula.diff(by), sp.Derivative(formula, by).doit()):
        assert slope.has(sp.Derivative)
        assert by.is_Matrix or not equal(slope, 0)


@pytest.mark.parametrize("other", [sp.Trace(vector.T * vector), q(start, vector), fixed])
def test_no_product_with_a_density_that_moves(other):
    with pytest.raises(NotImplementedError, match="moves"):
        (other * q(theta, vector)).diff(vector)


def test_solving_is_not_disturbed():
    """To solve, SymPy differentiates by every letter it finds."""
    assert sp.solve(bayes, marginal) == [joint / posterior(theta, k, X[i])]
    assert sp.solve(bayes, joint) == [marginal * posterior(theta, k, X[i])]


def test_the_derivative_by_a_number_among_the_arguments():
    one = q(theta, x[i])
    assert one.diff(x[j]) == sp.KroneckerDelta(i, j) * sp.Derivative(one, x[i])
    assert one.diff(x[i]) == sp.Derivative(one, x[i])
    entry = q(theta, vector[0, 0])
    assert entry.diff(vector[0, 0]) == sp.Derivative(entry, vector[0, 0])
    assert q(theta, X[i]).diff(mus[k]) == sp.ZeroMatrix(N, 1)


@pytest.mark.parametrize("number", [theta, vector[0, 0], X[i][0, 0]])
def test_the_chain_rule_for_a_number_among_the_arguments(number):
    case = {q: lambda w: w**3, theta: 0.5, vector: [0.5], X: [[0.5]], i: 1, N: 1}
    inside = q(2 * number)
    assert inside.diff(number).coeff(q(2 * number).fdiff(1)) == 2
    assert inside.diff(number, 2) == inside.diff(number).diff(number)
    assert evaluate(inside, case) == 1


def test_several_derivatives_at_once():
    beside = q(theta, 2 * vector)  # the 2 is no variable
    assert beside.diff(theta, 2) == beside.diff(theta).diff(theta)
    assert q(1, vector - theta * fixed).diff(theta, start) == 0
    assert q(theta, X[i]).diff(X[j], theta).has(sp.Derivative)


def test_a_fact_about_the_inner_sum_is_used_for_each_sample():
    over_all = sp.Sum(posterior(theta, k, X[i]), (k, 1, K), (i, 1, n))
    assert equal(over_all, n, [bayes, summed])
    assert equal(sp.Sum(sp.Sum(joint / marginal, (k, 1, K)), (i, 1, n)), n, [summed])
    assert not equal(over_all, n, [bayes])
    assert not equal(over_all, n + 1, [bayes, summed])
    other = sp.Eq(sp.Sum(q(start, X[i], k), (k, 1, K)), q(start, X[i]))
    assert not equal(over_all, n, [bayes, other])
