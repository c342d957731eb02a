"""Find what is wrong with the records that the notebooks carry, and with their pages.

Each function returns faults, one line each; none means that all is well.
`tests/test_ledger.py` asks for all of them, and plants some to show that they are found.
"""

import ast
import importlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.util import find_spec

from boltzlib.book import numbering
from boltzlib.book.claim import KINDS
from tools.normal_form import joined
from tools.records import Entry, Page, bundles, headings, source

SCOPES = ("general", "instance")

# What each key of a claim's record must be.
VALID = {
    "equation": lambda r, v: _is_number(v),
    "origin": lambda r, v: v == numbering.origin(r["equation"]),
    "kind": lambda r, v: v in KINDS,
    "scope": lambda r, v: v in SCOPES,
    "sizes": lambda r, v: _is_text(v) if r["scope"] == "instance" else v is None,
    "library": lambda r, v: v is None or _is_text(v),
    "given": lambda r, v: isinstance(v, list) and all(map(_is_text, v)),
    "derived": lambda r, v: v is (r["kind"] != "definition"),
    "computed": lambda r, v: v is True,
    "cases": lambda r, v: _is_count(v) and v >= 2,
    "tolerance": lambda r, v: isinstance(v, float) and 0 < v <= 1e-6,
    "mutants": lambda r, v: _is_count(v) and v > 0,
    "killed": lambda r, v: _is_count(v) and v == r["mutants"],
    "display": lambda r, v: v == "generated",
    "erratum": lambda r, v: v is None or _is_sentence(v),
    "counterexample": lambda r, v: _is_text(v) if r["erratum"] else v is None,
    "tex": lambda r, v: _is_text(v),
}
PROSE = {
    "section": lambda r, v: _is_text(v) and re.fullmatch(r"[1-9](\.[1-9])?", v),
    "says": lambda r, v: _is_sentence(v),
    "right": lambda r, v: _is_sentence(v),
    "counterexample": lambda r, v: _is_text(v),
}

# The rhythm of a page: its headings in this order; "Use" only where a section has a use.
HEADINGS = ("Definitions", "Derivation", "Break it", "See", "Use", "Exercises", "On this page")
OPTIONAL = ("Use",)
EXERCISES = 2


def all_faults(pages: Iterable[Page]) -> list[str]:
    pages = list(pages)
    found = [fault for page in pages for fault in page_faults(page)]
    return found + number_faults(pages)


def page_faults(page: Page) -> list[str]:
    found = []
    for entry in (*page.claims, *page.errata):
        found += record_faults(entry)
    return found + display_faults(page) + rhythm_faults(page)


def record_faults(entry: Entry) -> list[str]:
    """Keys that are missing, and values that they cannot have."""
    rules = VALID if "equation" in entry.record else PROSE
    where = f"{entry.page}, cell {entry.cell}"
    missing = [key for key in rules if key not in entry.record]
    if missing:
        return [f"{where}: the record has no {', '.join(missing)}"]
    return [
        f"{where}: {key} is {entry.record[key]!r}"
        for key, valid in rules.items()
        if not valid(entry.record, entry.record[key])
    ]


def number_faults(pages: Iterable[Page]) -> list[str]:
    """Numbers that are used twice."""
    places: dict[str, list[str]] = {}
    for page in pages:
        for entry in page.claims:
            number = str(entry.record.get("equation"))
            places.setdefault(number, []).append(f"{page.name}, cell {entry.cell}")
    return [
        f"({number}) is claimed {len(where)} times: {'; '.join(where)}"
        for number, where in places.items()
        if len(where) > 1
    ]


def library_faults(name: str | None) -> list[str]:
    """A name that the library does not have, or does not offer to the public."""
    if name is None:
        return []  # pure mathematics
    first, *rest = name.split(".")
    if first != "boltzlib" or any(part.startswith("_") for part in rest):
        return [f"{name} is not a public name of boltzlib"]
    module = importlib.import_module(first)
    while rest and hasattr(module, "__path__") and find_spec(f"{module.__name__}.{rest[0]}"):
        module = importlib.import_module(f"{module.__name__}.{rest.pop(0)}")
    if not rest:
        return [f"{name} is a module; expected what it offers"]
    if rest[0] not in module.__all__:
        return [f"{name}: {rest[0]} is not in __all__ of {module.__name__}"]
    target = module
    for part in rest:
        if not hasattr(target, part):
            return [f"{name} does not exist: there is no {part}"]
        target = getattr(target, part)
    return []


def display_faults(page: Page) -> list[str]:
    """Every claim's display is made from its formula and placed once, under its own label."""
    found = []
    tex = {str(e.record.get("equation")): e.record.get("tex") for e in page.claims}
    labels = {numbering.label(number): number for number in tex}
    made = dict(page.glued)
    for label, number in labels.items():
        if label not in made:
            found.append(f"{page.name}: ({number}) has a record but made no display")
        elif made[label] != f"$${tex[number]} \\tag{{{number}}}$$":
            found.append(f"{page.name}: the display of ({number}) is not its tested formula")
    for name in made:
        if name.startswith("eq-") and name not in labels:
            found.append(
                f"{page.name}: the display {name} belongs to no record; is its claim "
                "the last line of a cell?"
            )
    count = Counter(placed.name for placed in page.placed)
    for label, number in labels.items():
        if count[label] != 1:
            found.append(f"{page.name}: the display of ({number}) is placed {count[label]} times")
    for placed in page.placed:
        if placed.name not in labels:
            found.append(f"{page.name}: {placed.name} is placed, but this page does not claim it")
        if placed.label != placed.name:
            found.append(f"{page.name}: {placed.name} is placed with the label {placed.label!r}")
    return found


def rhythm_faults(page: Page) -> list[str]:
    """What the page lacks of the rhythm that all sections have; the back matter has its own."""
    found = []
    titles = [heading for cell in page.cells for heading in headings(cell)]
    if not titles or titles[0][0] != 1 or sum(level == 1 for level, _ in titles) != 1:
        found.append("it does not begin with its one title")
    if page.name.startswith("back_matter/"):
        return [f"{page.name}: {fault}" for fault in found]
    sections = [text for level, text in titles if level == 2]
    wanted = [h for h in HEADINGS if h not in OPTIONAL or h in sections]
    if sections != wanted:
        found.append(f"its sections are {', '.join(sections)}; expected {', '.join(wanted)}")
    first = source(page.cells[0]) if page.cells else ""
    opening = first + "".join(source(cell) for cell in page.cells[1:3])
    if "After this page you can" not in opening:
        found.append("it does not say what a reader can do after it")
    outputs = [(cell, text) for cell in page.cells for text in texts(cell)]
    open_ones = sum(": no answer yet." in text for _, text in outputs)
    solved = sum(
        ": correct on " in text and "hide-cell" in cell["metadata"].get("tags", ())
        for cell, text in outputs
    )
    if open_ones < EXERCISES:
        found.append(f"{open_ones} open exercises; expected at least {EXERCISES}")
    if solved < open_ones:
        found.append(f"{solved} folded solutions that check themselves, for {open_ones} exercises")
    if not any('<figure class="book-figure"' in text for _, text in outputs):
        found.append("it has no figure")
    if not any('class="claims-table"' in text for _, text in outputs):
        found.append("it does not end with the table of its claims")
    return [f"{page.name}: {fault}" for fault in found]


def texts(cell: dict) -> Iterator[str]:
    """What the outputs of a cell say: one text for each, its plain and HTML forms together."""
    for output in cell.get("outputs", ()):
        if "text" in output:
            yield joined(output["text"])
    for data in bundles(cell):
        yield "\n".join(joined(data[m]) for m in ("text/plain", "text/html") if m in data)


def docstring_numbers(text: str) -> list[str]:
    """The equation numbers that the docstrings of a Python source cite.

    >>> docstring_numbers('def f():\\n    "Eq. (2.15) and Eq. (2.16a)."')
    ['2.15', '2.16a']
    """
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, documented)]
    strings = [ast.get_docstring(node) or "" for node in nodes]
    return [number for string in strings for number in re.findall(r"Eq\.\s\((\S+?)\)", string)]


def _is_number(value) -> bool:
    try:
        return numbering.check(value) == value
    except ValueError:
        return False


def _is_count(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_sentence(value) -> bool:
    return _is_text(value) and value.rstrip().endswith((".", "?", "!"))
