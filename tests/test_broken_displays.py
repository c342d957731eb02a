"""The slips by which displays are tried, and that a display with one is noticed."""

import numpy as np
import pytest
import sympy as sp

from boltzlib.book import ClaimFailed, chain, limit, together
from boltzlib.book.displays import Comparison
from boltzlib.book.symbols import Sigma, X, i, m, mu, n, v, x
from boltzlib.book.tex_signs import signs_of
from tools.mutants.displays import broken_displays, broken_tex, table


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        ("a - b", {("sign", "a + b"), ("dropped term", "a"), ("dropped term", "- b")}),
        ("a + b", {("dropped term", "a"), ("dropped term", "b")}),
        ("2 a", {("number", "3 a"), ("dropped factor", "2"), ("dropped factor", "a")}),
        (r"\frac{a}{b}", {("fraction", r"\frac{b}{a}"), ("letter", r"\frac{b}{b}")}),
        (r"x_{i j}", {("index", "x_{j i}"), ("letter", "x_{j j}"), ("letter", "x_{i i}")}),
        (r"x_{i,k'}", {("index", "x_{k',i}")}),
        (r"\sum_{k=1}^{K} p_{k}", {("bound", r"\sum_{k=1 + 1}^{K} p_{k}")}),
        (r"\sum_{k=1}^{K} p_{k}", {("bound", r"\sum_{k=1}^{K - 1} p_{k}")}),
        (r"\ln \left(a\right)", {("dropped function", r"\left(a\right)"), ("brackets", r"\ln a")}),
        (r"\operatorname{tr} A", {("dropped function", "A")}),
        (r"\sqrt{a}", {("dropped function", "{a}")}),
        (r"A^{\top} B^{-1}", {("transpose", "A B^{-1}"), ("inverse", r"A^{\top} B")}),
        (r"\left|{a}\right|^{2}", {("brackets", "{a} ^{2}"), ("power", r"\left|{a}\right|")}),
        (r"f{\left(a \right)} b", {("dropped factor", r"{\left(a \right)} b")}),
        (r" \le ", {("relation", r"\ge")}),
    ],
)
def test_slips_of_a_formula(tex, expected):
    assert expected <= set(broken_tex(tex))


def test_every_slip_can_be_seen():
    tex = r"- \frac{1}{n} \sum_{i=1}^{n} W_{ii} \ln \left(x_{i} - \mu\right)^{2} + G_{kk}"
    found = [broken for _, broken in broken_tex(tex)]
    assert len(found) > 20
    assert all(signs_of(broken) != signs_of(tex) for broken in found)


SAMPLE = {x: np.array([0.4, 1.9, -1.1, 0.6]), n: 4, mu: 0.3, v: 1.7}
NORMAL = {X: np.array([[0.5, 1.0], [1.5, -1.0], [2.0, 0.3]]), n: 3, i: 1, m: [0.1, 0.7]}
NORMAL |= {Sigma: [[2.0, 0.3], [0.3, 1.0]], sp.Symbol("N", integer=True, positive=True): 2}
COST = sp.Sum((x[i] - mu) ** 2, (i, 1, n)) / (2 * v * n) + sp.log(v) / 2


@pytest.mark.parametrize(
    ("stated", "case"),
    [
        (chain("F", "=", COST, ">=", sp.log(v) / 2), SAMPLE),
        (limit("s", v / n + mu, n, mu, 1 / n), SAMPLE),
        (together(chain("S", "=", Sigma.I * (X[i] - m)), chain("T", "=", Sigma.T)), NORMAL),
    ],
)
def test_a_broken_display_is_noticed(stated, case):
    comparison = Comparison(stated, [case])
    comparison.compare()
    slips = set()
    for broken, tex in broken_displays("page", "2.14", stated.tex, stated):
        with pytest.raises(ClaimFailed):
            comparison.compare(tex)
        assert broken.page == "page" and broken.name.startswith("(2.14) | ")
        slips.add(broken.slip)
    assert {"letter", "sign"} & slips


def test_names_stay_as_they_are():
    stated = chain("a - b", "=", mu, "<=", v)
    broken = list(broken_displays("page", "2.14", stated.tex, stated))
    assert all(tex.startswith("a - b") for _, tex in broken)
    assert {one.before for one, _ in broken} == {r"\le", r"\sigma^{2}"}


def test_the_table_counts_by_slip():
    stated = chain("a", "=", mu - v, ">=", 0)
    verdicts = [
        (one, "survived" if one.slip == "number" else "differs")
        for one, _ in broken_displays("page", "2.14", stated.tex, stated)
    ]
    lines = table(verdicts).splitlines()
    assert lines[0].startswith("| slip in a display | tried |")
    assert "| a number plus 1 | 2 | 0 | 0 | 2 |" in lines
    assert lines[-1].startswith(f"| **all** | {len(verdicts)} |")
