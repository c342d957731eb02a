"""Statements, numbers and their TeX."""

import numpy as np
import pytest
import sympy as sp

from boltzlib.book import chain, latex, limit, stationary, together
from boltzlib.book.numbering import NOTE_NUMBERS, check, heading, is_number, label, order, origin
from boltzlib.book.statement import Chain
from boltzlib.book.symbols import A, K, Sigma, X, i, k, m, mu, n, p, q, t, v, x


def test_the_note_has_97_numbers():
    assert len(NOTE_NUMBERS) == len(set(NOTE_NUMBERS)) == 97
    assert NOTE_NUMBERS[0] == "1.1" and NOTE_NUMBERS[-1] == "8.97"
    assert origin("3.51") == "note" and origin("5.1") == origin("2.4a") == origin("2.3") == "book"


@pytest.mark.parametrize("wrong", ["2", "2.", "2.04", "a.1", "2.1A", "2.1ab", "10.1", 2.15, " 2.1"])
def test_malformed_numbers_are_refused(wrong):
    if wrong == 2.15:
        assert check(wrong) == 2.15  # prints as a number does
        return
    with pytest.raises(ValueError, match="equation: expected a number"):
        check(wrong)


def test_labels_and_order():
    assert label("8.90") == "eq-8-90"
    assert sorted(NOTE_NUMBERS, key=order) == list(NOTE_NUMBERS)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (("a", "="), "side, relation"),
        (("a", "≈", t), "relations among"),
        (("a", "=", "b"), "at least one formula"),
        ((t, ">=", v, ">=", 0), "at most one inequality"),
        (("a = b", "=", t), "got a relation"),
        ((r"a \le b", "=", t), "got a relation"),
        (("a", "=", "t**2"), "all sides are text, which is shown as a name and never tested"),
        (("a", "==", t), "relations among =, .*; got '=='"),
        (("a", t, v), "relations among .*; got t"),
        (("a", "=", t, "="), r"expected side, relation, side, .*; got 4 parts$"),
        (("a", [t], t), r"relations among .*; got \[t\]"),
        (("a",), r'as in chain\("m", "=", formula\); got 1 part$'),
        (("a", "=", None), "expected side 2 to be a SymPy formula, or text for a name; got a None"),
        ((t, "=", [v]), "expected side 2 .*; got a list"),
        ((np.ones(2), "=", t), "expected side 1 .*; got a ndarray"),
        (
            ("a", "=", sp.Eq(t, v)),
            r"got Eq\(t, σ²\). An equation is two sides, with '=' in between",
        ),
        (("a", "=", True), "got True. An equation is two sides"),
        (("a", "=", chain("b", "=", t)), "expected side 2 .*; got a Statement"),
        (("a", "=", sp.Function("f")), "expected side 2 .*; got a UndefinedFunction"),
    ],
)
def test_malformed_chains_are_refused(parts, message):
    with pytest.raises(ValueError, match=message):
        chain(*parts)


def test_only_chains_are_joined():
    with pytest.raises(ValueError, match="stationary: expected chains, .*; got a Symbol"):
        stationary(chain("g", "=", t), t)
    with pytest.raises(ValueError, match="together: expected chains, .*; got a str"):
        together(chain("g", "=", t), "t = 0")


def test_numbers_and_matrices_are_formulas():
    assert chain("a", "=", np.float64(0.5)).chains[0].sides[1] == 0.5
    assert chain("a", "=", sp.Matrix([[1]])).chains[0].sides[1] == sp.Matrix([[1]])
    assert chain("a", "=", X[i]).chains[0].sides[1] == X[i]


def test_numbers_of_the_book_and_names_of_the_readers():
    assert is_number("2.15") and is_number("2.15a") and not is_number("my entropy")
    assert heading("2.15") == "(2.15)" and heading("my entropy") == "my entropy:"


@pytest.mark.parametrize(
    "name", [r"\Pr[x = 0]", r"f\Big|_{t = 0}", r"\sum_{k=1}^{K} p_k", r"\left(a\right)"]
)
def test_names_may_hold_a_place_or_an_event(name):
    assert chain(name, "=", t).tex.startswith(name)


def test_joined_statements():
    first, second = chain("a", "=", t), chain("b", "=", v)
    assert stationary(first, second).tex == r"a = t = 0 \iff b = \sigma^{2}"
    assert len(together(first, second).chains) == 2
    assert r"\to \infty" in limit("s", v / n, n, 0, 1 / n).tex
    assert r"\begin{aligned}" in chain("a", "=", t, "=", t + 0 * v, ">=", 0).tex


def test_a_long_chain_has_a_line_for_each_relation():
    assert chain("a", "=", t, "=", v, ">=", 0).tex == (
        r"\begin{aligned} a &= t \\ &= \sigma^{2} \\ &\ge 0 \end{aligned}"
    )


def test_one_side_is_replaced():
    (single,) = chain("a", "=", t, "=", v, ">=", 0).chains
    assert single.replace(1, mu) == Chain(("a", mu, v, 0), ("=", "=", ">="))
    assert single.replace(3, mu) == Chain(("a", t, v, mu), ("=", "=", ">="))


@pytest.mark.parametrize("name", [r"\sigma^{2}", r"\sigma^2", r"{\sigma} ^ 2"])
def test_the_parameter_is_found_however_its_name_is_spaced(name):
    gradient = chain("g", "=", (t - v) / v**2)
    assert stationary(gradient, chain(name, "=", t)).parameter == v


@pytest.mark.parametrize(
    ("formula", "tex"),
    [
        (
            sp.Sum((x[i] - mu) ** 2, (i, 1, n)) / n,
            r"\frac{1}{n} \sum_{i=1}^{n} \left(x_{i} - \mu\right)^{2}",
        ),
        (
            -sp.Sum(p[k] * sp.log(q[k] / p[k]), (k, 1, K)),
            r"- \sum_{k=1}^{K} p_{k} \, \ln \frac{q_{k}}{p_{k}}",
        ),
        (sp.sqrt(2 * sp.pi * v), r"\sqrt{2 \pi \sigma^{2}}"),
        (1 / sp.sqrt(2 * sp.pi * v), r"\frac{1}{\sqrt{2 \pi \sigma^{2}}}"),
        (sp.log(sp.Determinant(Sigma)), r"\ln \det \Sigma"),
        (
            sp.Trace((X[i] - m).T * Sigma.I * (X[i] - m)),
            r"\left(x_{i} - \mu\right)^{\top} \Sigma^{-1} \left(x_{i} - \mu\right)",
        ),
        (A.T, r"A^{\top}"),
        (sp.exp(-t), r"\exp \left(- t\right)"),
    ],
)
def test_tex_reads_as_a_book_sets_it(formula, tex):
    printed = latex(formula).replace("X_{", "x_{")
    assert printed == tex
