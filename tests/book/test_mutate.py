"""The broken copies contain the slips that books are known for, and nothing that is right."""

import numpy as np
import pytest
import sympy as sp

from boltzlib.book import MatrixSum, evaluate
from boltzlib.book.evaluate import CannotEvaluate
from boltzlib.book.mutate import broken_copies
from boltzlib.book.symbols import A, K, N, Sigma, X, i, j, k, m, mu, n, p, q, t, v, x

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
