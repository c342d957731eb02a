"""What a reader sees of a claim: its card, the table of the page, the display that is glued."""

import re
from xml.etree import ElementTree

import IPython
import pytest
from sympy import symbols

from boltzlib.book import Claim, card, chain

a, b = symbols("a b", positive=True)
RECORD = {
    "equation": "2.12", "origin": "note", "kind": "identity", "scope": "general", "sizes": None,
    "library": "boltzlib.ising.log_prob", "given": [], "derived": True, "computed": True,
    "cases": 5, "mutants": 17, "killed": 17, "erratum": None, "counterexample": None,
}  # fmt: skip
NOTE = {"erratum": "The note loses a < b.", "counterexample": "the note's form gives 1 & 2"}


def shown(**changes) -> str:
    return card.html(Claim(chain("m", "=", a + 2 * b), {**RECORD, **changes}))


def badges(html: str) -> list[tuple[str, str]]:
    found = re.findall(r'<span class="badge-claim (\w+)">(.*?)</span>', html)
    return [(role, re.sub("<.*?>", "", text)) for role, text in found]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["ok: derived", "scope: all sizes", "ok: computed by boltzlib.ising.log_prob"]),
        ({"scope": "instance", "sizes": "N = 2", "derived": False, "library": None},
         ["scope: checked for N = 2"]),
        ({"origin": "reader", "library": None},
         ["ok: derived", "scope: all sizes", "ok: computed"]),
    ],
)  # fmt: skip
def test_what_was_proved_and_tested_in_the_order_of_the_corners(changes, expected):
    found = [f"{role}: {text}" for role, text in badges(shown(**changes))]
    assert found == [*expected, "count: 5 inputs", "count: 17 wrong versions rejected"]


def test_what_is_given_stands_between_the_formula_and_what_was_tested():
    html = shown(given=["a = b < 1", "b = 2"], **NOTE)
    parts = re.findall(r'<div class="claim-(\w+)', html)
    assert parts == ["head", "formula", "given", "badges", "erratum"]
    assert r"\(a = b &lt; 1\)" in html and r"\(b = 2\)" in html
    assert "claim-given" not in shown() and "claim-erratum" not in shown()


@pytest.mark.parametrize("changes", [{}, {"given": ["a < b"]}, NOTE])
def test_every_element_of_a_card_is_closed(changes):
    tree = ElementTree.fromstring(shown(library=None, **changes))
    assert tree.get("class") == "claim" and tree.get("data-kind") == "identity"


def test_every_row_of_a_table_is_one():
    table = card.Table("a < b", ["x", "y"], [["1", "2"], ["3", "4"], ["5", "6"]], "wide")
    tree = ElementTree.fromstring(table._repr_html_())
    rows = [[cell.text for cell in row] for row in tree.findall("table/tbody/tr")]
    assert rows == table.rows
    assert [cell.text for cell in tree.findall("table/thead/tr/th")] == table.head
    assert tree.find("table/caption").text == "a < b" and tree.find("table").get("class") == "wide"
    assert repr(table) == "a < b: 3 rows"


@pytest.mark.parametrize("running", [False, True])
def test_a_display_is_glued_in_a_notebook_alone(monkeypatch, running):
    displayed = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: object() if running else None)
    monkeypatch.setattr("IPython.display.display", lambda data, **kw: displayed.append((data, kw)))
    card.glue("eq-2-12", "m = a", "2.12")
    if not running:
        assert not displayed
        return
    ((data, others),) = displayed
    assert data == {
        "application/papermill.record/text/plain": "(2.12)",
        "application/papermill.record/text/latex": r"$$m = a \tag{2.12}$$",
    }
    assert others["raw"] and others["metadata"]["scrapbook"]["name"] == "eq-2-12"
