"""Integrals over all of R^N: separated for symbolic N, evaluated for named N."""

import numpy as np
import pytest
import sympy as sp

from boltzlib.book import VectorIntegral, equal, evaluate
from boltzlib.book.evaluate import CannotEvaluate
from boltzlib.book.symbols import N, Sigma, k, m

y = sp.MatrixSymbol("y", N, 1)
a = sp.IndexedBase("a", positive=True)
diagonal = VectorIntegral(sp.exp(-sp.Sum(a[k] * y[k - 1, 0] ** 2, (k, 1, N)) / 2), y)
product = sp.Product(sp.sqrt(2 * sp.pi / a[k]), (k, 1, N))
full = VectorIntegral(sp.exp(-sp.Trace((y - m).T * Sigma.I * (y - m)) / 2), y)


def test_a_product_integrates_factor_by_factor_for_symbolic_size():
    assert equal(diagonal.doit(), product)
    assert not equal(diagonal.doit(), sp.Product(sp.sqrt(sp.pi / a[k]), (k, 1, N)))


def test_what_does_not_factor_stays():
    assert full.doit() == full
    with pytest.raises(ValueError, match="body"):
        full.separate()
    with pytest.raises(ValueError, match="variable"):
        VectorIntegral(sp.exp(-(sp.Symbol("t") ** 2)), sp.Symbol("t"))


def test_values_against_the_determinant():
    spread = np.array([[2.0, 0.7], [0.7, 1.0]])
    centre = [0.3, -1.0]
    grid = [(c - 12 * s, c + 12 * s, 60) for c, s in zip(centre, np.sqrt([2.0, 1.0]), strict=True)]
    got = evaluate(full, {Sigma: spread, m: centre, N: 2, y: grid})
    assert float(got) == pytest.approx(2 * np.pi * np.sqrt(np.linalg.det(spread)), rel=1e-12)
    assert float(evaluate(product, {a: [2.0, 5.0], N: 2})) == pytest.approx(2 * np.pi / 10**0.5)


def test_a_grid_is_asked_for():
    with pytest.raises(CannotEvaluate, match="grid"):
        evaluate(full, {Sigma: np.eye(2), m: [0, 0], N: 2})
