r"""The displays that the pages show: break the TeX of each and see whether the reader notices.

What is shown is made from what is tested, so that a wrong display would be a fault of the
program that sets it.  Hence each claim reads its display back (`boltzlib.book.displays`).  Here
the TeX is broken before it is read.

>>> for slip, tex in broken_tex(r"a - \ln x_{ij}"):
...     print(f"{slip}: {tex}")
dropped term: - \ln x_{ij}
dropped term: a
sign: a + \ln x_{ij}
dropped function: a - x_{ij}
index: a - \ln x_{ji}
letter: a - \ln x_{jj}
letter: a - \ln x_{ii}
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tools.mutants import forks
from tools.mutants.cells import cells_of
from tools.mutants.notebooks import CHAPTERS, Kernel, import_all, paths
from tools.mutants.page import counted
from tools.records import read_page

TOKEN = re.compile(
    r"\\(?:left|right)(?:\\[a-z]+|.)|\\(?:begin|end|operatorname|mathbf|bar|tilde|hat|text)\{.*?\}"
    r"|\\[a-zA-Z]+|\\.|\d+|\S"
)
STORED = re.compile(r"\$\$(.*) \\tag\{(.*)\}\$\$")
ARGUMENTS = {"_": 1, "^": 1, r"\sqrt": 1, r"\frac": 2}
TURNED = {r"\le": r"\ge", r"\ge": r"\le", r"\geq": r"\leq", r"\leq": r"\geq", "<": ">", ">": "<"}
FUNCTIONS = {r"\ln", r"\exp", r"\det", r"\cosh", r"\sinh", r"\tanh", r"\operatorname{tr}"}
BIG = {r"\sum", r"\prod", r"\int"}
DROPPED_POWERS = {r"\top": "transpose", "-1": "inverse", "2": "power"}
UNSEEN = {r"\,", r"\:", r"\;", r"\limits"}
ENDS = {"+", "-", "=", ":", ",", "&", r"\\", r"\mid", r"\propto", *TURNED}
NO_LETTERS = FUNCTIONS | BIG | UNSEEN | ENDS | ARGUMENTS.keys()
NO_LETTERS |= {r"\top", r"\infty", r"\pi", r"\partial", r"\max", r"\min"}


class Piece(NamedTuple):
    """A token, with its arguments or with what stands in the brackets that it opens."""

    text: str
    start: int
    end: int
    rows: tuple = ()  # of pieces
    closed: int = 0  # where the closing bracket begins


def pieces_of(tex: str) -> tuple[Piece, ...]:
    """The pieces of a formula, in a row."""
    return _row(list(TOKEN.finditer(tex))[::-1])


def _row(tokens: list) -> tuple[Piece, ...]:
    """Take the pieces up to a closing brace or bracket, or to the end."""
    row = []
    while tokens and not (tokens[-1][0] == "}" or tokens[-1][0].startswith(r"\right")):
        row.append(_piece(tokens))
    return tuple(row)


def _piece(tokens: list) -> Piece:
    token = tokens.pop()
    text, end = token[0], token.end()
    if text == "{" or (text.startswith(r"\left") and text != r"\left"):
        rows = (_row(tokens),)
        closing = tokens.pop()
        return Piece(text, token.start(), closing.end(), rows, closing.start())
    rows = []
    for _ in range(ARGUMENTS.get(text, 0)):
        argument = _piece(tokens)
        rows.append(argument.rows[0] if argument.text == "{" else (argument,))
        end = argument.end
    return Piece(text, token.start(), end, tuple(rows))


def broken_tex(tex: str) -> list[tuple[str, str]]:
    """Return every slip of a formula that is tried: its kind, and the TeX with it."""
    row = pieces_of(tex)
    letters = sorted(set(_letters(row, "plain")))
    found = []
    for slip, edits in _slips(row, "plain", tex, letters):
        broken = tex
        for start, end, text in sorted(edits, reverse=True):
            broken = broken[:start] + text + broken[end:]
        if broken != tex:  # two indices may be the same
            found.append((slip, " ".join(broken.split())))
    return found


def _slips(row: tuple, where: str, tex: str, letters: list) -> Iterator[tuple]:
    """Yield kind and edits, (start, end, new text); `where` is "plain", "index" or "bound"."""
    if where != "index":
        yield from _dropped(row)
    integral = any(piece.text == r"\int" for piece in row)
    for place, piece in enumerate(row):
        text, start, end, rows, closed = piece
        carrier = _carrier(row, place)
        if text in "+-":
            yield "sign", [(start, end, "-" if text == "+" else "+")]
        elif text in TURNED:
            yield "relation", [(start, end, TURNED[text])]
        elif text in FUNCTIONS or text == r"\sqrt":
            yield "dropped function", [(start, start + len(text), "")]
        elif text == r"\frac":
            (a, b), (c, d) = (_span(inner) for inner in rows)
            yield "fraction", [(a, b, tex[c:d]), (c, d, tex[a:b])]
        elif text.startswith(r"\left"):
            yield "brackets", [(start, start + len(text), " "), (closed, end, " ")]
        elif text.isdigit() and where != "bound":
            yield "number", [(start, end, str(int(text) + 1))]
        elif text in ("_", "^") and carrier in BIG:
            last = rows[0][-1].end
            yield "bound", [(last, last, " + 1" if text == "_" else " - 1")]
        elif text == "_":
            yield from _exchanged_indices(rows[0], tex)
        elif text == "^":
            said = "".join(inner.text for inner in rows[0])
            if said in DROPPED_POWERS:
                yield DROPPED_POWERS[said], [(start, end, "")]
        elif _is_letter(piece) and not (integral and text == "d"):
            yield from _other_letter(row, place, where, letters)
        for part in rows:
            yield from _slips(part, _within(piece, carrier, where), tex, letters)


def _within(piece: Piece, carrier: str, where: str) -> str:
    """Where the parts of a piece stand."""
    if carrier in BIG:
        return "bound"
    return "index" if piece.text == "_" else where


def _span(row: tuple) -> tuple[int, int]:
    return row[0].start, row[-1].end


def _carrier(row: tuple, place: int) -> str:
    """What a subscript or a superscript belongs to; "" of anything else."""
    if row[place].text not in ("_", "^"):
        return ""
    while place and row[place].text in ("_", "^", "'", r"\limits"):
        place -= 1
    return row[place].text


def _dropped(row: tuple) -> Iterator[tuple]:
    """Drop a term of a sum or a factor of a product."""
    terms: list[list] = [[None, []]]  # sign and factors; None between two sums
    for piece in row:
        if piece.text in "+-":
            terms.append([piece, []])
        elif piece.text in ENDS:
            terms += [None, [None, []]]
        elif piece.text not in UNSEEN:
            _attach(terms[-1][1], piece)
    for place, term in enumerate(terms):
        if term is None or not term[1]:
            continue
        sign, factors = term
        first, last = factors[0][0].start, factors[-1][-1].end
        later = terms[place + 1] if place + 1 < len(terms) else None
        earlier = terms[place - 1] if place else None
        if sign and ((earlier and earlier[1]) or later):
            yield "dropped term", [(sign.start, last, "")]
        elif not sign and later:
            end = later[0].end if later[0].text == "+" else later[0].start
            yield "dropped term", [(first, end, "")]
        if len(factors) < 2 or any(piece.text == r"\int" for piece in row):
            continue
        for k, factor in enumerate(factors):
            alone = k == len(factors) - 1 and factors[k - 1][0].text in BIG
            if factor[0].text not in BIG and not alone:
                yield "dropped factor", [(factor[0].start, factor[-1].end, "")]


def _attach(factors: list[list[Piece]], piece: Piece) -> None:
    """Add a piece to the last factor, if it belongs to it, or as a new one."""
    if factors:
        carriers = [p.text for p in factors[-1] if p.text not in ("_", "^", "'")]
        if piece.text in ("_", "^", "'") or carriers[-1] in FUNCTIONS:
            factors[-1].append(piece)
            return
    factors.append([piece])


def _exchanged_indices(row: tuple, tex: str) -> Iterator[tuple]:
    indices: list[list] = []
    for piece in row:
        if piece.text in ENDS - {","}:
            return
        if piece.text not in UNSEEN | {","}:
            _attach(indices, piece)
    for one, other in pairwise(indices):
        (a, b), (c, d) = (_span(index) for index in (one, other))
        yield "index", [(a, b, tex[c:d]), (c, d, tex[a:b])]


def _is_letter(piece: Piece) -> bool:
    return bool(re.fullmatch(r"[a-zA-Z]|\\[a-zA-Z]+(\{.*\})?", piece.text)) and not (
        piece.text in NO_LETTERS or piece.text.startswith((r"\begin", r"\end", r"\text"))
    )


def _letters(row: tuple, where: str) -> Iterator[tuple[str, str]]:
    """Every letter, with the kind of its place."""
    integral = any(piece.text == r"\int" for piece in row)
    for place, piece in enumerate(row):
        if _is_letter(piece) and not (integral and piece.text == "d"):
            yield _kind(row, place, where), piece.text
        for part in piece.rows:
            yield from _letters(part, _within(piece, _carrier(row, place), where))


def _kind(row: tuple, place: int, where: str) -> str:
    indexed = place + 1 < len(row) and row[place + 1].text == "_"
    return "with an index" if indexed else where


def _other_letter(row: tuple, place: int, where: str, letters: list) -> Iterator[tuple]:
    """Take a letter of the formula for the next one that stands in such a place."""
    kind, (text, start, end, *_) = _kind(row, place, where), row[place]
    alike = [other for other_kind, other in letters if other_kind == kind]
    other = alike[(alike.index(text) + 1) % len(alike)]
    if other != text:
        yield "letter", [(start, end, f"{other} " if other.startswith("\\") else other)]


@dataclass(frozen=True)
class BrokenDisplay:
    """One slip in the TeX of one display."""

    page: str
    equation: str
    slip: str
    before: str  # the side of the equation, or the relation
    after: str

    @property
    def name(self) -> str:
        return f"({self.equation}) | {self.before} → {self.after}"


def broken_displays(page: str, equation: str, tex: str, stated) -> Iterator[tuple]:
    """Yield each broken display of a statement, and its TeX; names are text and stay."""
    for start, end in _formulas(tex, stated):
        before = tex[start:end]
        for slip, after in broken_tex(before):
            broken = BrokenDisplay(page, equation, slip, before.strip(), after)
            yield broken, f"{tex[:start]} {after} {tex[end:]}"


def _formulas(tex: str, stated) -> Iterator[tuple[int, int]]:
    """Where in a display its formulas stand, and the relations between the sides."""
    from boltzlib.book import latex
    from boltzlib.book.statement import Limit

    at = 0
    for single in stated.chains:
        for position, side in enumerate(single.sides):
            shown = latex(side)
            start = tex.index(shown, at)
            if position:
                yield at, start
            at = start + len(shown)
            if not isinstance(side, str):
                yield start, at
    if isinstance(stated, Limit):
        for side in (stated.value, stated.rate):
            start = tex.index(f" {latex(side)}", at) + 1
            at = start + len(latex(side))
            yield start, at


def judge(at_most: int, told: Callable[[BrokenDisplay, str], None]) -> None:
    """Tell the verdict on each: "differs" or "unreadable", when noticed, else "survived"."""
    import_all()
    for verdicts in forks.answers(paths(), _try, at_most):
        for broken, verdict in verdicts:
            told(broken, verdict)


def _try(path: Path) -> list[tuple[BrokenDisplay, str]]:
    """Run a notebook; when a claim has checked its display, check broken ones as well."""
    from boltzlib.book.corners import ClaimFailed
    from boltzlib.book.displays import Comparison, Unreadable

    page = read_page(path, path.relative_to(CHAPTERS).with_suffix("").as_posix())
    stored = dict(STORED.fullmatch(tex).groups() for _, tex in page.glued)  # TeX, number
    module = sys.modules["boltzlib.book.claim"]
    check = module.check_display
    verdicts = []

    def check_and_break(stated, cases):
        places = check(stated, cases)
        equation = stored.pop(stated.tex, None)  # None of a claim that the page lets fail
        if equation is not None:
            comparison = Comparison(stated, cases)
            for broken, tex in broken_displays(page.name, equation, stated.tex, stated):
                try:
                    comparison.compare(tex)
                except Unreadable:
                    verdicts.append((broken, "unreadable"))
                except ClaimFailed:
                    verdicts.append((broken, "differs"))
                else:
                    verdicts.append((broken, "survived"))
        return places

    module.check_display = check_and_break
    kernel = Kernel(path.parent)
    for number, cell in enumerate(cells_of(path)):
        if kernel.run(cell.source)[0]:
            raise RuntimeError(f"{path.name}: cell {number} raises")
    if stored:
        raise RuntimeError(f"{path.name}: no claim made the displays {', '.join(stored.values())}")
    return verdicts


def table(verdicts: Iterable[tuple[BrokenDisplay, str]]) -> str:
    """How many slips of each kind were tried and noticed, as a table of the page."""
    columns = {
        "reads as something else": ("differs",),
        "cannot be read": ("unreadable",),
        "reads the same": ("survived",),
    }
    return counted("slip in a display", columns, ((b.slip, verdict) for b, verdict in verdicts))
