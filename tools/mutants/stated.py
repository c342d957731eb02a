"""The formulas that the notebooks state: break each in the source and see what notices.

Two things can: a cell raises, as the claim does that refuses the formula, or what the page shows
is no longer what is stored.  A slip that only the second notices is one that a reader of the page
could see, but that the check of the formula itself let pass.
"""

from __future__ import annotations

import ast
import gc
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.mutants import forks, memory
from tools.mutants.cells import Cell, cells_of
from tools.mutants.notebooks import SLACK, Notebook, import_all, paths
from tools.mutants.slips import exchanged, slips

SHOWS_WHY = ("except ClaimFailed", "messages(")  # in a cell that shows why a claim fails
RELATIONS = {"=": "!=", "<=": ">=", ">=": "<=", "<": ">", ">": "<", ":=": "="}


@dataclass(frozen=True)
class BrokenClaim:
    """One slip in what one claim states."""

    page: str
    equation: str
    cell: int
    slip: str
    before: str
    after: str
    source: str  # of the whole cell, broken

    @property
    def name(self) -> str:
        return f"({self.equation}) | {self.before} → {self.after}"


def broken_claims(page: str, cells: list[Cell]) -> Iterator[BrokenClaim]:
    """Break the statement of every claim, where it is written: in the call, or by name above.

    What two claims state is broken once.
    """
    told = set()
    for broken in _all_broken(page, cells):
        if (broken.cell, broken.source) not in told:
            told.add((broken.cell, broken.source))
            yield broken


def _all_broken(page: str, cells: list[Cell]) -> Iterator[BrokenClaim]:
    for number, cell in enumerate(cells):
        for call in _claims(ast.parse(cell.source)):
            equation = call.args[0].value
            yield from _broken(page, equation, number, cell.source, _place(cell.source, call))
            for name in sorted(_names(call.args[2])):
                for place in range(number, -1, -1):
                    value = _assigned(cells[place].source, name)
                    if value is not None:
                        yield from _broken(page, equation, place, cells[place].source, value)
                        break


def _claims(tree) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "claim"
        and len(node.args) > 2
        and isinstance(node.args[0], ast.Constant)
    ]


def _place(source, call) -> int:
    """Where the stated argument stands in the order of `ast.walk`."""
    wanted = call.args[2]
    for number, node in enumerate(ast.walk(ast.parse(source))):
        same = type(node) is type(wanted) and getattr(node, "lineno", 0) == wanted.lineno
        if same and node.col_offset == wanted.col_offset:
            return number
    raise LookupError(ast.unparse(call))


def _names(node) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _assigned(source, name) -> int | None:
    """Where the formula that a cell gives a name to stands, if it is one."""
    tree = ast.parse(source)
    found = None
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == name for target in statement.targets
        ):
            found = statement.value
    if found is None or isinstance(found, (ast.Lambda, ast.Name, ast.Constant, ast.List)):
        return None
    function = getattr(getattr(found, "func", None), "id", "")
    if function in ("Symbol", "symbols", "Function", "IndexedBase", "MatrixSymbol", "Samples"):
        return None
    return next(k for k, node in enumerate(ast.walk(tree)) if node is found)


def _broken(page, equation, number, source, root) -> Iterator[BrokenClaim]:
    tree = ast.parse(source)
    top = list(ast.walk(tree))[root]
    inside = set(map(id, ast.walk(top)))
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for place, node in enumerate(ast.walk(tree)):
        if id(node) not in inside:
            continue
        for variant, (slip, broken) in enumerate(_slips(node, parents)):
            twin = exchanged(ast.parse(source), place, lambda n, p, v=variant: _slips(n, p)[v])
            before, after = ast.unparse(node), ast.unparse(broken)
            if before != after:
                yield BrokenClaim(page, equation, number, slip, before, after, ast.unparse(twin))


def _slips(node, parents):
    match node:
        case ast.Constant(value=str() as text):
            if text in RELATIONS:
                return [("relation", ast.Constant(RELATIONS[text]))]
            return [("name", ast.Constant(f"2 {text}"))] if any(map(str.isalnum, text)) else []
        case ast.Tuple(elts=[index, lower, upper]):  # the bounds of a sum
            later = ast.BinOp(lower, ast.Add(), ast.Constant(1))
            sooner = ast.BinOp(upper, ast.Sub(), ast.Constant(1))
            moved = [(lower, [index, later, upper]), (upper, [index, lower, sooner])]
            return [
                ("bound", ast.Tuple(bounds, node.ctx))
                for bound, bounds in moved
                if "oo" not in _names(bound)  # infinity plus 1 is infinity
            ]
    return slips(node, parents)


def judge(
    at_most: int, pages: Sequence[str] = ()
) -> Iterator[tuple[str, list[tuple[BrokenClaim, str]]]]:
    """Yield each page that states something, with its slips and their verdicts.

    A verdict is "caught" (a cell raises), "endless", "shown" (only what the page shows is
    another), or "survived".
    """
    import_all()
    for path in paths(pages):
        if any(broken_claims(path.stem, cells_of(path))):
            (verdicts,) = forks.answers([path], lambda p: _try(p, at_most), 1)
            yield path.stem, verdicts


def _try(path: Path, at_most: int) -> list[tuple[BrokenClaim, str]]:
    memory.install()
    notebook = Notebook(path)
    if notebook.faults:
        raise RuntimeError(f"{path.name}: cells {notebook.faults} differ without any slip")
    original = list(notebook.cells)
    if not any(words in cell.source for cell in original for words in SHOWS_WHY):
        # That a claim fails is enough: to look for the slip that would mend it takes longer.
        sys.modules["boltzlib.book.claim"].explained = lambda failure, *_: str(failure)

    def work(broken: BrokenClaim) -> int:
        forks.allow(SLACK)
        cell = original[broken.cell]
        notebook.cells[broken.cell] = Cell(broken.source, cell.outputs)
        shown = False
        for differs in notebook.again(notebook.users.of({broken.cell})):
            if notebook.kernel.raised:
                return forks.CAUGHT
            shown |= differs
        return forks.SHOWN if shown else forks.SURVIVED

    jobs = list(broken_claims(path.stem, original))
    gc.collect()
    gc.freeze()  # a fork need not copy what nobody collects
    return list(forks.verdicts(jobs, work, at_most))
