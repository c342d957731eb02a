"""A reader's own formula: the same three corners, and no trace in the book."""

import json
import linecache
import re
import runpy
import textwrap
from pathlib import Path

import numpy as np
import pytest
from sympy import Rational, expand, log, symbols

from boltzlib.book import Claim, ClaimFailed, chain, claim, on_this_page
from boltzlib.book.claim import MIME, claims_so_far
from tests import fake_notebooks as fake
from tools.records import read_page

CHAPTERS = Path(__file__).resolve().parent.parent.parent / "chapters"
a, b = symbols("a b", positive=True)
INPUTS = [{a: 0.5, b: 2.0}, {a: 3.0, b: 1.25}]


def mine(name="my logarithm", **changes):
    goal = expand(2 * (a * log(a) / 2 + b))
    arguments = dict(
        derived=goal,
        computed=lambda c: c[a] * np.log(c[a]) + 2 * c[b],
        cases=INPUTS,
    )
    stated = changes.pop("stated", chain("f", "=", a * log(a) + 2 * b))
    return claim(name, changes.pop("kind", "identity"), stated, **{**arguments, **changes})


def test_a_name_takes_the_place_of_the_number():
    result = mine()
    assert isinstance(result, Claim)
    assert repr(result) == (
        "my logarithm: identity holds for all sizes: derived and computed; 2 inputs; "
        f"{result.record['killed']} of {result.record['killed']} wrong versions rejected"
    )
    assert result.record["killed"] >= 8
    assert result.record["origin"] == "reader" and result.record["library"] is None


def test_the_card_shows_the_name_and_what_was_checked():
    html = mine("if x < y")._repr_mimebundle_()["text/html"]
    assert '<span class="claim-number">if x &lt; y</span>' in html
    assert '<span class="badge-claim ok">derived</span>' in html
    assert '<span class="badge-claim ok">computed</span>' in html
    assert "computed by" not in html and r"\[f = a \, \ln a + 2 b\]" in html


def test_nothing_of_it_enters_the_book(tmp_path):
    before = [c.record["equation"] for c in claims_so_far()]
    bundle = mine()._repr_mimebundle_()
    assert MIME not in bundle and set(bundle) == {"text/plain", "text/html"}
    assert [c.record["equation"] for c in claims_so_far()] == before
    assert "my logarithm" not in on_this_page()._repr_html_()
    output = {"output_type": "execute_result", "data": bundle, "metadata": {}}
    cell = {"cell_type": "code", "source": "", "outputs": [output], "metadata": {}}
    page = read_page(fake.write(tmp_path / "own.ipynb", [cell]), "own")
    assert not page.claims and not page.errata and not page.glued


def test_no_display_is_glued(monkeypatch):
    glued = []
    monkeypatch.setattr("boltzlib.book.card.glue", lambda *given: glued.append(given))
    mine()
    assert not glued
    mine("9.9", library=None, edges=INPUTS)
    assert [name for name, _, _ in glued] == ["eq-9-9"]


@pytest.mark.parametrize("name", ["2.x", "2", "", " f", None, 3, "a\nb", "1st try", "2.15\n"])
def test_what_is_neither_a_number_nor_a_name_is_refused(name):
    with pytest.raises(ValueError, match="equation: expected a number such as '2.15' .* its name"):
        mine(name)


def test_a_number_still_needs_all_that_the_book_needs():
    with pytest.raises(ValueError, match="library: expected the dotted name"):
        mine("9.9", edges=INPUTS)
    with pytest.raises(ValueError, match="edges: expected at least one extreme input"):
        mine("9.9", library=None)
    assert MIME in mine("9.9", library=None, edges=INPUTS)._repr_mimebundle_()


def test_edges_and_a_library_may_be_given_all_the_same():
    assert mine(edges=[{a: 1e-9, b: 1e9}]).record["cases"] == 3
    with pytest.raises(ClaimFailed, match="^my logarithm: computed: it never calls boltzlib"):
        mine(library="boltzlib.divergence.entropy")


def test_an_erratum_is_the_notes():
    with pytest.raises(ValueError, match="erratum: only an equation of the lecture note has one"):
        mine(erratum="The note loses a factor.", printed=a)


def test_two_corners_are_a_definition():
    result = mine(kind="definition", derived=None)
    assert result.record["derived"] is False
    assert '"badge-claim ok">derived' not in result._repr_mimebundle_()["text/html"]
    with pytest.raises(ValueError, match='kind "definition" compares stated and computed alone'):
        mine(derived=None)


def test_its_failures_carry_the_name():
    with pytest.raises(ClaimFailed, match="^my logarithm: stated ≠ computed: stated 3.65, comp"):
        mine(computed=lambda c: 0.0)


# --- Where the code stands -------------------------------------------------------------

HEAD = """
    import numpy as np
    from sympy import diff, log, symbols
    from boltzlib.book import chain, claim

    a, b = symbols("a b", positive=True)
    inputs = [{a: 0.5, b: 2.0}, {a: 3.0, b: 1.25}]
    slope = diff(a**2 * b + a, a)
"""
CLAIM = """
    done = claim("my slope", "identity", chain("g", "=", STATED), derived=slope,
                 computed=lambda c: 2 * c[a] * c[b] + 1, cases=inputs)
"""


def script(tmp_path, body: str):
    file = tmp_path / "mine.py"
    file.write_text(textwrap.dedent(HEAD) + body, encoding="utf-8")
    return runpy.run_path(str(file))


def test_a_plain_script(tmp_path):
    right = textwrap.dedent(CLAIM).replace("STATED", "2 * a * b + 1")
    assert script(tmp_path, right)["done"].record["derived"]
    with pytest.raises(ClaimFailed, match="^my slope: derived ≠ stated"):
        script(tmp_path, right.replace("2 * a * b + 1)", "2 * a * b)"))


def test_a_test_function_may_use_what_its_file_derives(tmp_path):
    """As with pytest: the derivation stands above the function, or in it."""
    body = "def test_slope():" + textwrap.indent(textwrap.dedent(CLAIM), "    ")
    later = body.replace("test_slope", "later").replace("STATED", "slope")  # of the same name
    body += "    return done\n"  # what comes right below is not the function's
    found = script(tmp_path, body.replace("STATED", "2 * a * b + 1") + later)
    assert found["test_slope"]().record["derived"]


@pytest.mark.parametrize("where", ["script", "function"])
def test_a_tautology_is_refused_there_too(tmp_path, where):
    body = textwrap.dedent(CLAIM).replace("STATED", "slope")
    if where == "script":
        with pytest.raises(ClaimFailed, match="^my slope: is a tautology:\n`stated` is built from"):
            script(tmp_path, body)
    else:
        found = script(tmp_path, "def check():" + textwrap.indent(body, "    "))
        with pytest.raises(
            ClaimFailed, match=r"tautology:\n.*\.\nStated is what you claim, typed out"
        ):
            found["check"]()


def test_what_is_typed_twice_is_a_tautology(tmp_path):
    body = textwrap.dedent(CLAIM).replace("STATED", "2 * a * b + 1")
    with pytest.raises(ClaimFailed, match="typed in, not derived"):
        script(tmp_path, body.replace("derived=slope", "derived=1 + b * a * 2"))


@pytest.mark.parametrize("prompt", ["<stdin>", "<python-input-7>", "<string>"])
def test_at_a_prompt_the_code_above_is_not_known(prompt, monkeypatch):
    """Nothing is said about a tautology, then; the other checks run.

    The prompt of Python 3.13 knows the source of the running input, and of no other.
    """
    above, call = textwrap.dedent(HEAD), textwrap.dedent(CLAIM).replace("STATED", "2 * a * b + 1")
    space = {"__name__": "__main__"}
    exec(compile(above, prompt, "exec"), space)
    lines = call.splitlines(keepends=True)
    monkeypatch.setitem(linecache.cache, prompt, (len(call), None, lines, prompt))
    exec(compile(call, prompt, "exec"), space)
    assert space["done"].record["derived"]


def test_a_notebook():
    lines = textwrap.dedent(HEAD + CLAIM)
    page = {"get_ipython": None, "In": [lines.replace("STATED", "2 * a * b + 1")]}
    exec(page["In"][0], page)
    assert page["done"].record["derived"]
    hidden = lines.replace('chain("g", "=", STATED)', "said").replace(
        "done =", "said = [chain('g', '=', 2 * a * b + 1)][0]\ndone ="
    )
    page = {"get_ipython": None, "In": [hidden]}
    with pytest.raises(ClaimFailed, match="write number or name, statement and derived in the c"):
        exec(page["In"][0], page)


def test_in_a_notebook_a_definition_has_nothing_to_derive():
    two = textwrap.dedent(HEAD + CLAIM).replace("identity", "definition")
    two = two.replace("STATED", "2 * a * b + 1").replace("derived=slope,", "")
    page = {"get_ipython": None, "In": [two]}
    exec(page["In"][0], page)
    assert page["done"].record["derived"] is False


def test_a_notebook_that_keeps_no_cells_is_a_prompt():
    page = {"get_ipython": None, "__name__": "__main__"}
    exec(
        compile(textwrap.dedent(HEAD + CLAIM).replace("STATED", "2 * a * b + 1"), "<cell>", "exec"),
        page,
    )
    assert page["done"].record["derived"]


def test_the_script_on_the_page_runs(tmp_path, capsys):
    page = json.loads((CHAPTERS / "back_matter" / "your_own_formula.ipynb").read_text("utf-8"))
    text = "".join("".join(cell["source"]) for cell in page["cells"])
    (body,) = re.findall(r"```python\n(# my_formula\.py\n.*?)```", text, re.S)
    file = tmp_path / "my_formula.py"
    file.write_text(body, encoding="utf-8")
    runpy.run_path(str(file), run_name="__main__")
    said = capsys.readouterr().out
    assert said.startswith("entropy of waiting: identity holds for all sizes: derived and comp")
    file.write_text(body.replace("1 - log(a)", "1 + log(a)"), encoding="utf-8")
    with pytest.raises(ClaimFailed, match=r"agree with the sign of log\(a\) changed"):
        runpy.run_path(str(file), run_name="__main__")


def test_a_small_error_is_no_loophole():
    with pytest.raises(ClaimFailed):
        mine(stated=chain("f", "=", (a * log(a) + 2 * b) * (1 + Rational(1, 10**6))))
