"""Small notebooks with records, as the book's own carry them, for tests of the ledger."""

from pathlib import Path

from boltzlib.book import numbering
from boltzlib.book.claim import MIME as CLAIM
from boltzlib.book.errata import MIME as PROSE_ERRATUM
from tools.normal_form import normal_form, to_text
from tools.records import GLUED_TEX

RECORD = {
    "kind": "identity",
    "scope": "general",
    "sizes": None,
    "library": "boltzlib.gaussian.Gaussian.fit",
    "given": [],
    "derived": True,
    "computed": True,
    "cases": 4,
    "tolerance": 1e-12,
    "mutants": 12,
    "killed": 12,
    "display": "generated",
    "erratum": None,
    "counterexample": None,
    "tex": "a = b",
}
PROSE = {
    "section": "2.1",
    "says": "The note says that it is symmetric.",
    "right": "It is not symmetric.",
    "counterexample": "D(p, q): 0.3 by the note, 0.2 in fact",
}


def record(number: str, **changes) -> dict:
    refuted = {"counterexample": "2 < 3 here"} if "erratum" in changes else {}
    return {"equation": number, "origin": numbering.origin(number), **RECORD, **refuted, **changes}


def markdown(text: str) -> dict:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def code(source: str, *outputs: dict, tags: tuple[str, ...] = ()) -> dict:
    return {
        "cell_type": "code",
        "metadata": {"tags": list(tags)} if tags else {},
        "source": source,
        "outputs": list(outputs),
        "execution_count": 1,
    }


def shown(**data) -> dict:
    mimes = {"text": "text/plain", "html": "text/html", "claim": CLAIM, "erratum": PROSE_ERRATUM}
    return {
        "output_type": "execute_result",
        "execution_count": 1,
        "metadata": {},
        "data": {mimes[name]: value for name, value in data.items()},
    }


def glued(name: str, tex: str, number: str) -> dict:
    return {
        "output_type": "display_data",
        "data": {GLUED_TEX: f"$${tex} \\tag{{{number}}}$$"},
        "metadata": {"scrapbook": {"name": name, "mime_prefix": "application/papermill.record/"}},
    }


def claimed(fields: dict) -> list[dict]:
    """The cell that places the display, and the cell with its claim."""
    number, name = fields["equation"], numbering.label(fields["equation"])
    outputs = [
        glued(name, fields.get("tex", ""), number),
        shown(text=f"({number}) holds", html=f'<div class="claim">({number})</div>', claim=fields),
    ]
    return [
        markdown(f"```{{glue:math}} {name}\n:label: {name}\n```"),
        code(f'claim("{number}")', *outputs),
    ]


def prose_erratum(**changes) -> dict:
    fields = {**PROSE, **changes}
    return code("erratum()", shown(text="erratum", html="<p>Erratum</p>", erratum=fields))


def exercise(name: str) -> list[dict]:
    return [
        code("check()", shown(text=f"'{name}: no answer yet. Replace None.'")),
        code("check()", shown(text=f"'{name}: correct on 3 inputs.'"), tags=("hide-cell",)),
    ]


def page(title: str, *records: dict, extra: tuple[dict, ...] = ()) -> list[dict]:
    """The cells of a page that has the whole rhythm."""
    return [
        markdown(f"# {title}\n\nWhy do we need this?\n\nAfter this page you can:\n\n* tell."),
        markdown("## Definitions"),
        markdown("## Derivation"),
        *(cell for fields in records for cell in claimed(fields)),
        markdown("## Break it"),
        *extra,
        markdown("## See"),
        code("show()", shown(html='<figure class="book-figure"></figure>')),
        markdown("## Exercises"),
        *exercise("First"),
        *exercise("Second"),
        markdown("## On this page"),
        code("on_this_page()", shown(html='<table class="claims-table"></table>')),
    ]


def write(path: Path, cells: list[dict]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_text(normal_form({"cells": cells})), encoding="utf-8")
    return path
