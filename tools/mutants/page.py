"""Write the figures of the last runs into the page *How we know*.

Each table stands between two comments of the page, ``% begin: name`` and ``% end: name``;
what is around them is prose, written by hand.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from tools.kernel_environment import ROOT

PAGE = ROOT / "chapters" / "back_matter" / "how_we_know.md"
CAUGHT = ("caught", "endless")
# A slip by the name that the prose gives it.
KINDS = {
    "sign": "a sign", "operator": "an operator", "constant": "a constant",
    "index": "two indices exchanged", "axis": "an axis", "boundary": "a boundary, < for ≤",
    "direction": "the direction of a comparison", "negation": "a condition negated",
    "transpose": "a transpose lost", "dropped term": "a term lost",
    "dropped factor": "a factor lost", "dropped condition": "a condition lost",
    "dropped statement": "a statement lost", "swapped": "two operands or arguments exchanged",
    "wrong function": "a function taken for another", "lost function": "a function lost",
    "bound": "a bound of a sum off by one", "relation": "a relation turned round",
    "name": "a name on the left", "number": "a number plus 1", "letter": "a letter for another",
    "dropped function": "a function lost, as ln", "brackets": "a pair of brackets lost",
    "fraction": "a fraction upside down", "power": "a square lost", "inverse": "an inverse lost",
}  # fmt: skip


def write(name: str, text: str) -> None:
    """Replace what the page shows under a name."""
    page = PAGE.read_text(encoding="utf-8")
    block = re.compile(rf"(?<=^% begin: {name}\n).*?(?=^% end: {name}$)", re.M | re.S)
    if not block.search(page):
        raise LookupError(f"{PAGE.name} has no place for {name}")
    PAGE.write_text(block.sub(lambda _: f"\n{text}\n\n", page), encoding="utf-8")


def library(kept: Path, listed: dict[str, str]) -> None:
    """The tables of the library's mutants, from the verdicts kept of both juries."""
    modules, kinds = defaultdict(Counter), defaultdict(Counter)
    for path in sorted((kept / "unit").glob("*.json")):
        unit = json.loads(path.read_text())
        notebooks = json.loads((kept / "notebooks" / path.name).read_text())
        for mutant, (verdict, slip, _) in unit.items():
            if verdict == "unfit":
                continue
            both = {"mutants": 1, "equivalent": int(mutant in listed)}
            if mutant not in listed:
                both["unit"] = int(verdict in CAUGHT)
                both["notebooks"] = int(notebooks.get(mutant, [""])[0] in CAUGHT)
            modules[path.stem].update(both)
            kinds[slip].update(both)
    rows = [(f"`{name.removeprefix('boltzlib.')}`", count) for name, count in modules.items()]
    total = sum((count for _, count in rows), Counter())
    write("modules", _table("module", [*rows, ("**all**", total)]))
    rows = sorted(kinds.items(), key=lambda item: -item[1]["mutants"])
    write("slips", _table("slip", [(KINDS[slip], count) for slip, count in rows]))
    groups = defaultdict(list)
    for mutant, reason in listed.items():
        groups[reason].append(mutant)
    lines = [f"* {len(names)}: {reason}" for reason, names in groups.items()]
    write("equivalents", "\n".join(lines))


def _table(head: str, rows) -> str:
    lines = [
        f"| {head} | mutants | of these equivalent | caught by the unit tests | by the notebooks |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, count in rows:
        real = count["mutants"] - count["equivalent"]
        unit, notebooks = (_share(count[jury], real) for jury in ("unit", "notebooks"))
        lines.append(
            f"| {name} | {count['mutants']} | {count['equivalent']} | {unit} | {notebooks} |"
        )
    return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    """A count and its share, never rounded up to all.

    >>> _share(1999, 2000), _share(2, 2)
    ('1999 (99.9 %)', '2 (100 %)')
    """
    if part == whole:
        return f"{part} (100 %)"
    return f"{part} ({int(1000 * part / whole) / 10:.1f} %)"


def stated(kept: Path) -> None:
    """The table of the formulas that the notebooks state."""
    columns = {
        "an error is raised": CAUGHT,
        "only what is shown differs": ("shown",),
        "nothing notices": ("survived",),
    }
    paths = sorted((kept / "stated").glob("*.json"))
    rows = (row[:2] for path in paths for row in json.loads(path.read_text()))
    write("stated", counted("slip in a stated formula", columns, rows))


def counted(head: str, columns: dict[str, tuple[str, ...]], verdicts: Iterable) -> str:
    """A table with a row for each kind of slip, from pairs (kind, verdict)."""
    kinds = defaultdict(Counter)
    for slip, verdict in verdicts:
        kinds[slip][verdict] += 1
    lines = [
        f"| {head} | tried | {' | '.join(columns)} |",
        "|---" + "|--:" * (len(columns) + 1) + "|",
    ]
    rows = [(KINDS[slip], count) for slip, count in kinds.items()]
    rows.sort(key=lambda row: -row[1].total())
    for name, count in [*rows, ("**all**", sum(kinds.values(), Counter()))]:
        numbers = [count.total(), *(sum(count[v] for v in shown) for shown in columns.values())]
        lines.append(f"| {name} | {' | '.join(map(str, numbers))} |")
    return "\n".join(lines)
