"""The broken copies contain the slips that books are known for, and nothing that is right."""

from itertools import combinations

import numpy as np
import pytest
import sympy as sp

from boltzlib.book import MatrixSum, evaluate
from boltzlib.book.evaluate import CannotEvaluate
from boltzlib.book.mutate import (
    IN_ORDER,
    Slip,
    broken_copies,
    distinct,
    everywhere,
    exchanged,
    named_copies,
)
from boltzlib.book.symbols import A, K, N, Sigma, X, i, j, k, m, mu, n, p, q, t, v, x

a, b, c = sp.symbols("a b c")
B, C, D = (sp.MatrixSymbol(name, N, N) for name in "BCD")
P, s = sp.MatrixSymbol("P", 2, 2), sp.MatrixSymbol("s", 1, 1)
J = sp.IndexedBase("J")
variance = sp.Sum((x[i] - mu) ** 2, (i, 1, n)) / n
outer = MatrixSum((X[i] - m) * (X[i] - m).T, (i, 1, n)) / n


@pytest.mark.parametrize(
    ("formula", "slip"),
    [
        (variance, -variance),
        (variance, 2 * variance),
        (variance, n * variance),  # lost 1/n
        (variance, sp.Sum((x[i] - mu) ** 2, (i, 2, n)) / n),
        (variance, sp.Sum((x[i] + mu) ** 2, (i, 1, n)) / n),
        (variance, sp.Sum(x[i] ** 2, (i, 1, n)) / n),
        (sp.log(v) / 2, v / 2),  # lost logarithm
        (sp.exp(-t), sp.exp(t)),
        (sp.sqrt(2 * sp.pi * v), sp.sqrt(sp.pi) * sp.sqrt(v)),
        (
            sp.Sum(p[k] * sp.log(p[k] / q[k]), (k, 1, K)),
            sp.Sum(q[k] * sp.log(q[k] / p[k]), (k, 1, K)),
        ),
        (sp.Sum(J[i, j] * x[i], (i, 1, n)), sp.Sum(J[j, i] * x[i], (i, 1, n))),
        (A.T * m, A * m),  # lost transpose
        (A * m, A.T * m),  # added transpose
        (Sigma.I * m, Sigma * m),  # lost inverse
        (A * Sigma, Sigma * A),  # wrong order
        (
            sp.Integral(sp.exp(-(t**2)), (t, -sp.oo, sp.oo)),
            sp.Integral(sp.exp(-(t**2)), (t, 0, sp.oo)),
        ),
    ],
)
def test_known_slips_are_among_the_copies(formula, slip):
    copies = broken_copies(formula)
    assert any(
        sp.simplify(c - slip) == 0 if not c.is_Matrix else c.doit() == slip.doit() for c in copies
    )


@pytest.mark.parametrize("formula", [variance, sp.log(v) / 2, outer, A.T * m])
def test_copies_are_distinct_and_never_the_original(formula):
    copies = broken_copies(formula)
    assert formula not in copies
    assert len(copies) == len(set(copies)) >= 3


def test_copies_of_the_covariance_differ_in_value():
    """Of all copies that have a value, only those equal by symmetry agree with the original."""
    rng = np.random.default_rng(3)
    case = {X: rng.normal(size=(5, 3)), m: rng.normal(size=3), n: 5, N: 3}
    right = evaluate(outer, case)
    differing = 0
    for copy in broken_copies(outer):
        try:
            value = evaluate(copy, case)
        except (CannotEvaluate, ValueError):
            continue
        if not hasattr(value, "rows") or value.rows != 3 or value.cols != 3:
            continue
        assert max(abs(e) for e in value - right) > 1e-3
        differing += 1
    assert differing >= 10


def named(copies) -> dict:
    return {copy: str(slip) for copy, slip in copies}


@pytest.mark.parametrize(
    ("formula", "slips"),
    [
        (
            sp.sqrt(a),
            {
                a ** sp.Rational(3, 2): "with a**(3/2) in place of sqrt(a)",
                1 / sp.sqrt(a): "with 1/sqrt(a) in place of sqrt(a)",
                a: "with a in place of sqrt(a)",
            },
        ),
        (
            1 / sp.sqrt(a),
            {
                sp.sqrt(a): "with sqrt(a) in place of 1/sqrt(a)",
                1 / a: "with 1/a in place of 1/sqrt(a)",
            },
        ),
        (a**3, {a**4: "with a**4 in place of a**3", a**-3: "with a**(-3) in place of a**3"}),
        (
            2 * a * b,
            {
                a * b: "without the factor 2",
                2 * b: "without the factor a",
                2 * a: "without the factor b",
            },
        ),
        (  # to lose the factor -1 is no slip of its own: it is a sign
            sp.log(-a),
            {-a: "without the logarithm of -a", sp.log(-1): "without the factor a"},
        ),
        (
            sp.log(-2 * a),
            {
                -2 * a: "without the logarithm of -2*a",
                sp.log(a): "without the factor -2",
                sp.log(-2): "without the factor a",
            },
        ),
        (
            sp.exp(3 * a),
            {
                sp.exp(-3 * a): "with the sign of the exponent 3*a changed",
                sp.exp(6 * a): "with a factor 2 in the exponent 3*a",
                sp.exp(a): "without the factor 3",
                sp.exp(3): "without the factor a",
            },
        ),
        (
            sp.Sum(x[i], (i, 1, n), (j, 1, i), (k, 3, j)),
            {
                sp.Sum(x[i], (i, 2, n), (j, 1, i), (k, 3, j)): "with i running from 2",
                sp.Sum(x[i], (i, 1, n - 1), (j, 1, i), (k, 3, j)): "with i running up to n - 1",
                sp.Sum(x[i], (i, 1, n), (j, 2, i), (k, 3, j)): "with j running from 2",
                sp.Sum(x[i], (i, 1, n), (j, 1, i - 1), (k, 3, j)): "with j running up to i - 1",
                sp.Sum(x[i], (i, 1, n), (j, 1, i), (k, 4, j)): "with k running from 4",
                sp.Sum(x[i], (i, 1, n), (j, 1, i), (k, 3, j - 1)): "with k running up to j - 1",
            },
        ),
        (
            MatrixSum(X[i], (i, 3, n)),
            {
                MatrixSum(X[i], (i, 4, n)): "with i running from 4",
                MatrixSum(X[i], (i, 3, n - 1)): "with i running up to n - 1",
            },
        ),
        (
            sp.Integral(t, (t, -sp.oo, 1), (a, -sp.oo, t), (b, -sp.oo, a)),
            {
                sp.Integral(t, (t, 0, 1), (a, -sp.oo, t), (b, -sp.oo, a)): (
                    "with the integral from t = 0"
                ),
                sp.Integral(t, (t, -sp.oo, 1), (a, 0, t), (b, -sp.oo, a)): (
                    "with the integral from a = 0"
                ),
                sp.Integral(t, (t, -sp.oo, 1), (a, -sp.oo, t), (b, 0, a)): (
                    "with the integral from b = 0"
                ),
            },
        ),
        (sp.Integral(t, (t, 1, 2)), {}),
        (sp.Integral(t, t), {}),
        (
            sp.log(sp.Trace(s)),
            {
                sp.Trace(s): "without the logarithm of Trace(s)",
                sp.log(-sp.Trace(s)): "with the sign of Trace(s) changed",
            },
        ),
        (
            P,
            {P.T: "with P transposed", P.I: "with the inverse of P"},
        ),
        (sp.MatrixSymbol("W", N, K), {}),
        (s, {}),
        (sp.MatrixSymbol("y", 2 * K, 1), {}),  # a length is not part of the formula
        (x[2 * i], {}),  # nor is an index
    ],
)
def test_every_slip_of_a_small_formula(formula, slips):
    always = {-formula: "with the opposite sign", 2 * formula: "with a factor 2"}
    assert named(named_copies(formula).items()) == always | slips


def test_a_matrix_product_in_another_order_or_without_a_factor():
    product = sp.MatMul(-1, a, b, c, A, B, C, D)
    assert named(everywhere(product, IN_ORDER)) == {
        (-a * b * c) * B * A * C * D: "with A and B in the other order",
        (-a * b * c) * A * C * B * D: "with B and C in the other order",
        (-a * b * c) * A * B * D * C: "with C and D in the other order",
        sp.MatMul(-1, b, c, A, B, C, D): "without the factor a",
        sp.MatMul(-1, a, c, A, B, C, D): "without the factor b",
        sp.MatMul(-1, a, b, A, B, C, D): "without the factor c",
    }


def test_a_copy_whose_shapes_do_not_fit_hides_no_other():
    wide, high = sp.MatrixSymbol("Y", 2, 3), sp.MatrixSymbol("Z", 3, 2)
    copies = broken_copies(sp.Trace(wide * high * P))  # without Y it is not square
    assert sp.Trace(wide * high * P.T) in copies
    assert sp.Trace(wide * high * P.I) in copies

    def misfit(node):
        raise ValueError(f"no copy of {node}")

    table = ((sp.Symbol, misfit), (sp.Symbol, lambda node: [(2 * node, Slip("2"))]))
    assert named(everywhere(a, table)) == {2 * a: "2"}


def test_a_formula_after_its_letters_is_broken_too():
    doubled = everywhere(sp.Lambda(a, 2 * a), ((sp.Mul, lambda node: [(3 * node, Slip("3"))]),))
    assert named(doubled) == {sp.Lambda(a, 6 * a): "3"}


def test_tables_and_matrices_of_one_shape_are_exchanged_in_the_order_of_their_names():
    tables = [sp.IndexedBase(letter) for letter in "efghpq"]
    pairs = [f"with {one} and {two} exchanged" for one, two in combinations("efghpq", 2)]
    found = list(exchanged(sp.Add(*(2**power * e[i] for power, e in enumerate(tables)))))
    assert [str(slip) for _, slip in found] == pairs
    assert found[0][0].coeff(tables[0][i]) == 2

    matrices = [sp.MatrixSymbol(letter, N, N) for letter in "EFGHPQ"]
    pairs = [f"with {one} and {two} exchanged" for one, two in combinations("EFGHPQ", 2)]
    assert [str(slip) for _, slip in exchanged(sp.MatMul(*matrices))] == pairs


def test_a_formula_is_not_a_broken_copy_of_itself():
    ((copy, _),) = exchanged(A + Sigma)
    assert copy == A + Sigma
    assert "exchanged" not in str(list(named_copies(A + Sigma).values()))
    ((copy, _),) = exchanged(A * m + Sigma * m * 2)
    assert copy == Sigma * m + A * m * 2


@pytest.mark.parametrize("formula", [A * m, X[i] - m, p[k] * mu])
def test_what_has_another_shape_is_not_exchanged(formula):
    assert not list(exchanged(formula))


def test_of_equal_copies_the_first_is_kept_and_none_without_a_value():
    first, second = Slip("first"), Slip("second")
    copies = [(a, first), (sp.nan, first), (b * sp.zoo, first), (b, first), (b, second)]
    assert distinct(a, copies) == {b: first}
