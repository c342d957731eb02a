"""Read what the stored notebooks say: their claims, their errata, their numbered displays.

The ledger page (tools/ledger.py) and the ledger's tests read the notebooks with
`read_pages`, and only with it; nothing else is stored for either.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from boltzlib.book import numbering
from boltzlib.book.claim import MIME as CLAIM
from boltzlib.book.errata import MIME as PROSE_ERRATUM
from tools.contents import notebooks_in
from tools.normal_form import joined

GLUED_TEX = "application/papermill.record/text/latex"
PLACED = re.compile(r"^(`{3,}|:{3,})\{glue:math\}[ \t]*(\S*)[ \t]*\n(.*?)^\1", re.M | re.S)
LABEL = re.compile(r"^:label:[ \t]*(\S+)", re.M)
HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t]*$", re.M)
FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1[`~]*[ \t]*$", re.M | re.S)


@dataclass(frozen=True, eq=False)
class Entry:
    """One record, and where it stands."""

    page: str  # the document: its path below chapters/, without suffix
    cell: int
    heading: str  # the one it stands under
    record: dict

    @property
    def counterexample(self) -> str:
        """What refutes the note's form; "" where there is no erratum."""
        return self.record.get("counterexample") or ""


@dataclass(frozen=True)
class Placed:
    """A display that a markdown cell places."""

    name: str  # of what is glued
    label: str  # by which the text cites it; "" when there is none


@dataclass(frozen=True, eq=False)
class Page:
    """A notebook, as far as the ledger is concerned."""

    name: str
    cells: list[dict] = field(repr=False)
    claims: tuple[Entry, ...]
    errata: tuple[Entry, ...]  # those of the prose
    glued: tuple[tuple[str, str], ...]  # name and TeX of each display that a claim made
    placed: tuple[Placed, ...]

    @property
    def title(self) -> str:
        found = [text for cell in self.cells for level, text in headings(cell) if level == 1]
        return found[0] if found else self.name

    @property
    def place(self) -> tuple:
        """Sorts pages as the table of contents does."""
        return tuple(
            int(part) if part.isdigit() else part for part in re.split(r"(\d+)", self.name)
        )


def read_pages(folder: Path, names: Iterable[str] | None = None) -> list[Page]:
    """Read the notebooks of a folder, or those of the named documents, in the book's order."""
    if names is None:
        paths = notebooks_in([folder])
        names = [path.relative_to(folder).with_suffix("").as_posix() for path in paths]
    pages = [read_page(folder / f"{name}.ipynb", name) for name in names]
    return sorted(pages, key=lambda page: page.place)


def read_page(path: Path, name: str) -> Page:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    claims, errata, glued, placed = [], [], [], []
    heading = ""
    for number, cell in enumerate(cells):
        if cell["cell_type"] == "markdown":
            placed += placed_in(source(cell))
            found = headings(cell)
            heading = found[-1][1] if found else heading
        for data in bundles(cell):
            if GLUED_TEX in data:
                glued.append((data["name"], joined(data[GLUED_TEX])))
            if CLAIM in data:
                claims.append(Entry(name, number, heading, data[CLAIM]))
            if PROSE_ERRATUM in data:
                errata.append(Entry(name, number, heading, data[PROSE_ERRATUM]))
    return Page(name, cells, tuple(claims), tuple(errata), tuple(glued), tuple(placed))


def bundles(cell: dict) -> Iterator[dict]:
    """The mime bundles among a cell's outputs; a glued one carries its name too."""
    for output in cell.get("outputs", ()):
        if "data" in output:
            scrapbook = output.get("metadata", {}).get("scrapbook", {})
            yield output["data"] | {"name": scrapbook.get("name", "")}


def source(cell: dict) -> str:
    return joined(cell["source"])


def placed_in(text: str) -> list[Placed]:
    """The glued displays that a markdown cell places, with their labels."""
    found = []
    for _, name, body in PLACED.findall(text):
        label = LABEL.search(body)
        found.append(Placed(name, label.group(1) if label else ""))
    return found


def headings(cell: dict) -> list[tuple[int, str]]:
    """Level and text of each heading in a markdown cell."""
    if cell["cell_type"] != "markdown":
        return []
    return [(len(marks), text) for marks, text in HEADING.findall(FENCED.sub("", source(cell)))]


@dataclass(frozen=True)
class Totals:
    """The ledger in numbers."""

    claims: int
    kinds: Counter
    scopes: Counter
    displays: Counter
    inputs: int
    rejected: int
    errata_in_formulas: int
    errata_in_prose: int
    covered: tuple[str, ...]  # the note's numbers that have a claim
    to_come: tuple[str, ...]  # those that have none yet


def totals(pages: Iterable[Page]) -> Totals:
    pages = list(pages)
    records = [entry.record for page in pages for entry in page.claims]
    have = {record["equation"] for record in records}
    return Totals(
        claims=len(records),
        kinds=Counter(record["kind"] for record in records),
        scopes=Counter(record["scope"] for record in records),
        displays=Counter(record["display"] for record in records),
        inputs=sum(record["cases"] for record in records),
        rejected=sum(record["killed"] for record in records),
        errata_in_formulas=sum(record["erratum"] is not None for record in records),
        errata_in_prose=sum(len(page.errata) for page in pages),
        covered=tuple(number for number in numbering.NOTE_NUMBERS if number in have),
        to_come=tuple(number for number in numbering.NOTE_NUMBERS if number not in have),
    )


def runs(numbers: Iterable[str]) -> list[tuple[str, str]]:
    """Numbers that follow each other in a chapter as (first, last).

    >>> runs(["2.28", "2.29", "2.30", "3.48", "4.78", "4.79"])
    [('2.28', '2.30'), ('3.48', '3.48'), ('4.78', '4.79')]
    """
    found: list[list[str]] = []
    for number in sorted(numbers, key=numbering.order):
        chapter, count, _ = numbering.order(number)
        if found and numbering.order(found[-1][1])[:2] == (chapter, count - 1):
            found[-1][1] = number
        else:
            found.append([number, number])
    return [(first, last) for first, last in found]
