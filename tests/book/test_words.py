"""Values, inputs and formulas in the words of a message."""

import mpmath
import numpy as np
import pytest
import sympy as sp

from boltzlib.book import MatrixSum
from boltzlib.book.symbols import A, X, i, m, mu, n, p, v, x
from boltzlib.book.words import listed, plain, show_apart, show_case, show_value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.123456, "0.123"),
        (mpmath.mpf("1e-30"), "1e-30"),
        (3, "3"),
        ([0.5, 1 / 3], "[0.5  , 0.333]"),
        (np.eye(2), "[[1., 0.], [0., 1.]]"),
        (np.arange(7.0), "an array of shape (7,) beginning 0"),
        (np.arange(6.0), "[0., 1., 2., 3., 4., 5.]"),
        (mpmath.matrix([1, 2]), "[1., 2.]"),
    ],
)
def test_values(value, text):
    assert show_value(value) == text


def test_more_of_an_array_on_demand():
    assert show_value(np.arange(8.0), most=12) == "[0., 1., 2., 3., 4., 5., 6., 7.]"
    assert show_case({x: np.arange(8.0)}, most=12).startswith("{x = [0., 1.")


def test_digits_until_they_differ():
    assert show_apart(1.0, 2.0) == ["1", "2"]
    assert show_apart(1.0001, 1.0002) == ["1.0001", "1.0002"]
    assert show_apart(1.0, 1.0) == ["1", "1"]
    assert show_apart([1.0, 2.0], [1.0, 2.00001]) == ["[1., 2.]", "[1.     , 2.00001]"]


def test_inputs():
    assert show_case({mu: 0.3, v: 1.7, n: 3}) == "{μ = 0.3, σ² = 1.7, n = 3}"
    assert show_case({p: np.mean, x: "abc", v: None}) == (
        "{p = a function, x = a str, σ² = a NoneType}"
    )


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (sp.log(2 * v) / 2, "log(2*σ²)/2"),
        (sp.Symbol("lambda") + mu, "lambda + mu"),
        (sp.Symbol(r"\bar{x}") * sp.Symbol(r"\sigma'^2"), "barx*σ'²"),
        (sp.Symbol(r"\varepsilon"), "ε"),
        (sp.Sum(x[i] ** 2, (i, 1, n)) / n, "Sum(x[i]**2, (i, 1, n))/n"),
        (MatrixSum(A * X[i] - m, (i, 1, n)), "MatrixSum(A*x_i - mu, (i, 1, n))"),
        (A.T * m, "A.T*mu"),
        (sp.Dummy("t") ** 2, "t**2"),
        ("a name", "a name"),
        (3, "3"),
    ],
)
def test_formulas_as_one_types_them(formula, text):
    assert plain(formula) == text


def test_lists():
    assert listed(["a"]) == "a" and listed(["a", "b"]) == "a and b"
    assert listed([1, 2, 3], "or") == "1, 2 or 3"
