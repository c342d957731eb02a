"""The ledger: every equation has its claim, and every record and every page is as it should be.

The notebooks are read with `tools.records.read_pages`, as the ledger page reads them.
The planted faults further down show that each check would see one.
"""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from docutils import nodes

import boltzlib
from boltzlib.book import numbering
from tests import fake_notebooks as fake
from tools import ledger
from tools.contents import documents
from tools.ledger_faults import (
    all_faults,
    docstring_numbers,
    library_faults,
    number_faults,
    page_faults,
    record_faults,
)
from tools.records import Page, placed_in, read_pages, totals

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = ROOT / "chapters"


@pytest.fixture(scope="module")
def pages() -> list[Page]:
    return read_pages(CHAPTERS)


@pytest.fixture(scope="module")
def claimed(pages) -> set[str]:
    return {entry.record["equation"] for page in pages for entry in page.claims}


# --- The book as it stands ------------------------------------------------------------


def test_records_numbers_displays_and_rhythm(pages):
    assert not all_faults(pages)


def test_every_equation_of_the_note_has_a_claim(claimed):
    assert not set(numbering.NOTE_NUMBERS) - claimed


def test_no_number_of_the_note_is_lost(pages, claimed):
    assert len(numbering.NOTE_NUMBERS) == 97
    text = "".join(node.astext() for node in ledger.ledger(pages, "ledger"))
    shown = set(re.findall(r"\((\d\.\d+[a-z]?)\)", text))
    assert set(numbering.NOTE_NUMBERS) | claimed == shown
    to_come = set(totals(pages).to_come)
    assert to_come == set(numbering.NOTE_NUMBERS) - claimed


def test_every_library_name_exists_and_is_public(pages):
    names = {entry.record["library"] for page in pages for entry in page.claims}
    assert not [fault for name in sorted(names - {None}) for fault in library_faults(name)]


SOURCES = sorted((ROOT / "boltzlib").rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_number_in_a_docstring_is_an_equation(path, claimed):
    cited = set(docstring_numbers(path.read_text(encoding="utf-8")))
    if path.parent.name == "book":
        cited.discard("2.15a")  # the example of a number
    assert not cited - claimed - set(numbering.NOTE_NUMBERS)


def public_modules() -> list[str]:
    return [
        module.name
        for module in pkgutil.iter_modules(boltzlib.__path__, "boltzlib.")
        if not module.name.rpartition(".")[2].startswith("_") and not module.ispkg
    ]


@pytest.mark.parametrize("name", public_modules())
def test_every_public_function_cites_an_equation(name):
    module = importlib.import_module(name)
    public = {offered: getattr(module, offered) for offered in module.__all__}
    silent = [
        offered
        for offered, thing in public.items()
        if callable(thing) and not re.search(r"Eq\.\s\(\d", thing.__doc__ or "")
    ]
    assert not silent


@pytest.mark.parametrize("name", public_modules())
def test_the_reference_shows_every_public_module(name):
    text = (CHAPTERS / "back_matter" / "api.md").read_text(encoding="utf-8")
    assert f".. automodule:: {name}\n" in text


def test_every_erratum_is_on_the_errata_page(pages):
    text = "".join(node.astext() for node in ledger.errata(pages, "errata"))
    wrong = [entry for page in pages for entry in page.claims if entry.record["erratum"]]
    for entry in wrong:
        assert entry.record["erratum"] in text
        assert entry.counterexample.rstrip(".") in text
    for entry in (entry for page in pages for entry in page.errata):
        assert entry.record["says"] in text
        assert entry.record["right"] in text
        assert entry.counterexample.rstrip(".") in text


def test_every_notebook_is_in_the_contents_and_in_the_story(pages):
    notebooks = sorted(page.name for page in pages)
    assert sorted(set(documents()) & set(notebooks)) == notebooks
    story = re.findall(r'<a href="(.+?)\.html">', (CHAPTERS / "index.md").read_text("utf-8"))
    assert sorted(story) == [name for name in notebooks if not name.startswith("back_matter/")]


# --- Planted faults --------------------------------------------------------------------


def book(folder: Path, **pages: list[dict]) -> list[Page]:
    for name, cells in pages.items():
        fake.write(folder / f"{name}.ipynb", cells)
    return read_pages(folder)


def test_a_sound_book_has_no_faults(tmp_path):
    one = fake.page("2.2 One", fake.record("2.15"), fake.record("2.15a", kind="bound"))
    two = fake.page(
        "2.3 Two",
        fake.record("2.17", erratum="The note prints c, but it is b."),
        extra=(fake.prose_erratum(),),
    )
    pages = book(tmp_path, one=one, two=two)
    assert not all_faults(pages)
    assert [page.name for page in pages] == ["one", "two"]
    assert pages[1].claims[0].counterexample == "2 < 3 here"


WRONG_VALUES = {
    "equation": "15",
    "origin": "book",
    "kind": "lemma",
    "scope": "most",
    "sizes": "N = 2",
    "library": "",
    "given": [""],
    "derived": False,
    "computed": False,
    "cases": 0,
    "tolerance": 0.5,
    "mutants": -1,
    "killed": 11,
    "display": "copied",
    "erratum": "no sentence",
    "counterexample": "for an erratum that is not there",
    "tex": "",
}


@pytest.mark.parametrize("key", WRONG_VALUES)
def test_a_wrong_value_in_a_record_is_found(tmp_path, key):
    wrong = {**fake.record("2.15"), key: WRONG_VALUES[key]}
    cell = fake.code("claim()", fake.shown(html="<div></div>", claim=wrong))
    (page,) = book(tmp_path, page=[cell])
    assert any(f": {key} is " in fault for fault in record_faults(page.claims[0]))


@pytest.mark.parametrize("key", WRONG_VALUES)
def test_a_missing_key_is_found(tmp_path, key):
    fields = {name: value for name, value in fake.record("2.15").items() if name != key}
    cell = fake.code("claim()", fake.shown(html="<div></div>", claim={"equation": "", **fields}))
    if key == "equation":
        cell["outputs"][0]["data"] = fake.shown(claim=fields)["data"]
    (page,) = book(tmp_path, page=[cell])
    assert record_faults(page.claims[0])


@pytest.mark.parametrize(
    "changes",
    [
        {"mutants": 0, "killed": 0},
        {"mutants": 12, "killed": 11},
        {"scope": "instance"},
        {"kind": "definition"},
        {"cases": True},
    ],
)
def test_values_that_do_not_fit_together_are_found(tmp_path, changes):
    cells = fake.page("Page", fake.record("2.15", **changes))
    (page,) = book(tmp_path, page=cells)
    assert record_faults(page.claims[0])


def test_an_erratum_without_counterexample_is_found(tmp_path):
    wrong = fake.record("2.15", erratum="The note prints c, but it is b.", counterexample=None)
    bare = fake.code("claim()", fake.shown(html="<div></div>", claim=wrong))
    prose = fake.prose_erratum(counterexample="")
    (page,) = book(tmp_path, page=[bare, prose])
    assert "counterexample is None" in record_faults(page.claims[0])[0]
    assert "counterexample is ''" in record_faults(page.errata[0])[0]


def test_a_number_claimed_twice_is_found(tmp_path):
    pages = book(
        tmp_path,
        one=fake.page("One", fake.record("2.15")),
        two=fake.page("Two", fake.record("2.15")),
    )
    (fault,) = number_faults(pages)
    assert "(2.15) is claimed 2 times: one, cell 4; two, cell 4" in fault


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("boltzlib.gaussian.Gaussian.fit", None),
        ("boltzlib.empirical.Empirical.n", None),
        (None, None),
        ("boltzlib.gaussian.Gaussian.fits", "there is no fits"),
        ("boltzlib.gaussians.Gaussian", "not in __all__"),
        ("boltzlib.gaussian.np", "not in __all__"),
        ("boltzlib.gaussian", "is a module"),
        ("boltzlib._validation.as_batch", "not a public name"),
        ("numpy.mean", "not a public name"),
    ],
)
def test_a_wrong_library_name_is_found(name, expected):
    faults = library_faults(name)
    assert (faults == []) if expected is None else expected in faults[0]


def planted(tmp_path, change) -> list[str]:
    cells = fake.page("2.2 Page", fake.record("2.15"))
    change(cells)
    return page_faults(book(tmp_path, page=cells)[0])


def replaced(cells, old: str, new: str) -> None:
    for cell in cells:
        cell["source"] = cell["source"].replace(old, new)


def without(cells, text: str) -> None:
    cells[:] = [cell for cell in cells if text not in repr(cell)]


def with_other_tex(cells) -> None:
    cells[4]["outputs"][0] = fake.glued("eq-2-15", "a = c", "2.15")


def with_record_lost(cells) -> None:
    del cells[4]["outputs"][1]


def with_display_lost(cells) -> None:
    del cells[4]["outputs"][0]


PLANTS = {
    "not placed": (lambda c: without(c, "glue:math"), "is placed 0 times"),
    "placed twice": (lambda c: c.insert(5, c[3]), "is placed 2 times"),
    "no label": (lambda c: replaced(c, ":label: eq-2-15", ""), "with the label ''"),
    "other label": (lambda c: replaced(c, ":label: eq-2-15", ":label: eq-2-16"), "label 'eq-2-16'"),
    "label of nothing": (lambda c: replaced(c, "eq-2-15", "eq-2-16"), "does not claim it"),
    "another formula": (with_other_tex, "is not its tested formula"),
    "record lost": (with_record_lost, "belongs to no record"),
    "display lost": (with_display_lost, "made no display"),
    "no title": (lambda c: replaced(c, "# 2.2 Page", "2.2 Page"), "one title"),
    "two titles": (lambda c: replaced(c, "## See", "# See"), "one title"),
    "section lost": (lambda c: without(c, "## Break it"), "its sections are"),
    "other order": (lambda c: c.append(c.pop(1)), "its sections are"),
    "no aim": (lambda c: replaced(c, "After this page", "Later"), "what a reader can do"),
    "no figure": (lambda c: without(c, "book-figure"), "no figure"),
    "no table": (lambda c: without(c, "claims-table"), "table of its claims"),
    "one exercise": (lambda c: without(c, "Second"), "1 open exercises"),
    "no solution": (lambda c: without(c, "Second: correct"), "1 folded solutions"),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_a_fault_of_a_page_is_found(tmp_path, plant):
    change, expected = PLANTS[plant]
    faults = planted(tmp_path, change)
    assert any(expected in fault for fault in faults), faults


# --- Reading -----------------------------------------------------------------------------


def test_placed_displays_are_read_with_their_labels():
    text = (
        "One\n\n```{glue:math} eq-1-1\n:label: eq-1-1\n```\n\nand\n"
        ":::{glue:math} eq-1-2\n:::\n\n```python\n# no heading\n```"
    )
    assert [tuple(vars(p).values()) for p in placed_in(text)] == [
        ("eq-1-1", "eq-1-1"),
        ("eq-1-2", ""),
    ]


def test_totals_count_what_the_records_say(tmp_path):
    pages = book(
        tmp_path,
        one=fake.page(
            "One",
            fake.record("2.15", cases=5, mutants=7, killed=7),
            fake.record("2.15a", scope="instance", sizes="N = 2", erratum="The note says a."),
            extra=(fake.prose_erratum(),),
        ),
    )
    sums = totals(pages)
    assert (sums.claims, sums.inputs, sums.rejected) == (2, 9, 19)
    assert (sums.errata_in_formulas, sums.errata_in_prose) == (1, 1)
    assert (sums.scopes["general"], sums.scopes["instance"]) == (1, 1)
    assert sums.covered == ("2.15",)
    assert len(sums.to_come) == 96


# --- The directives ------------------------------------------------------------------------


def test_the_ledger_shows_each_claim_with_its_links(tmp_path):
    fields = fake.record("2.15", tex=r"\mu = 1", erratum="The note prints 2, but it is 1.")
    (table,) = (
        found
        for node in ledger.ledger(book(tmp_path, one=fake.page("One", fields)), "ledger")
        for found in node.findall(nodes.table)
    )
    links = {(x["refdomain"], x["reftarget"]) for x in table.findall(ledger.addnodes.pending_xref)}
    assert links == {("math", "eq-2-15"), ("py", "boltzlib.gaussian.Gaussian.fit")}
    assert [math.astext() for math in table.findall(nodes.math_block)] == [r"\mu = 1"]
    for text in ("identity", "all sizes", "stated, derived, computed by", "12 on 4 inputs"):
        assert text in table.astext()
    assert fields["erratum"] in table.astext()


CONF = """
extensions = ["myst_nb", "sphinx.ext.autodoc"]
extensions += ["tools.equation_tags", "tools.ledger", "tools.docstring_equations"]
nb_execution_mode = "off"
exclude_patterns = ["_build"]
suppress_warnings = ["mystnb.unknown_mime_type"]
html_theme = "basic"
"""
PAGES = {
    "index.md": "# Book\n\n```{toctree}\n:glob:\n*\n```\n\n```{ledger-totals}\n```\n",
    "ledger.md": "# Ledger\n\n```{ledger}\n```\n",
    "errata.md": "# Errata\n\n```{errata}\n```\n",
    "api.md": "# API\n\n```{eval-rst}\n.. automodule:: boltzlib.gaussian\n   :members:\n```\n",
    "other.md": "# Other\n\nText.\n",
}


@pytest.mark.filterwarnings("ignore")  # those of Sphinx and its extensions
def test_a_built_book_follows_its_notebooks(tmp_path):
    from sphinx.testing.util import SphinxTestApp

    for name, text in {**PAGES, "conf.py": CONF}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    def build() -> set[str]:
        app = SphinxTestApp(srcdir=tmp_path)
        read = set()
        app.connect("source-read", lambda app, docname, source: read.add(docname))
        try:
            app.build()
            assert not app.warning.getvalue(), app.warning.getvalue()
        finally:
            app.cleanup()
        return read

    def html(name: str) -> str:
        return (tmp_path / "_build" / "html" / f"{name}.html").read_text(encoding="utf-8")

    note = "The note prints 2, but it is 1."
    fake.write(tmp_path / "one.ipynb", fake.page("One", fake.record("2.15", erratum=note)))
    build()
    assert 'href="one.html#equation-eq-2-15"' in html("ledger")
    assert 'href="api.html#boltzlib.gaussian.Gaussian.fit"' in html("ledger")
    assert 'href="one.html#equation-eq-2-15"' in html("api")  # from "Eq. (2.15)"
    assert note in html("errata")
    assert "1 of 97" in html("index")

    read = build()
    assert not read

    changed = fake.record("2.15", mutants=4321, killed=4321)
    fake.write(tmp_path / "one.ipynb", fake.page("One", changed))
    read = build()
    assert read == {"one", "index", "ledger", "errata"}
    assert "4321 on 4 inputs" in html("ledger")
    assert note not in html("errata")

    fake.write(tmp_path / "two.ipynb", fake.page("Two", fake.record("2.16")))
    read = build()
    assert {"index", "ledger", "errata", "api"} <= read
    assert 'href="two.html#equation-eq-2-16"' in html("api")
    assert 'href="two.html#equation-eq-2-16"' in html("ledger")
    assert "2 of 97" in html("index")

    (tmp_path / "one.ipynb").unlink()
    build()
    assert "(2.15)" in html("ledger")
    assert "equation-eq-2-15" not in html("ledger")
    assert "1 of 97" in html("index")


@pytest.mark.filterwarnings("ignore")
def test_a_wrong_record_is_a_warning_of_the_build(tmp_path):
    from sphinx.testing.util import SphinxTestApp

    for name, text in {**PAGES, "conf.py": CONF}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    fake.write(tmp_path / "one.ipynb", fake.page("One", fake.record("2.15", killed=3)))
    app = SphinxTestApp(srcdir=tmp_path)
    try:
        app.build()
        warnings = app.warning.getvalue()
    finally:
        app.cleanup()
    assert "killed is 3" in warnings
