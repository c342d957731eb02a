"""Which cells of a notebook use what other cells compute."""

from __future__ import annotations

import ast
import contextlib
import json
import symtable
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

TABLES = ("answers", "messages", "refusals")  # their rows are Python in texts


@dataclass(frozen=True)
class Cell:
    """A code cell."""

    source: str
    outputs: list  # as stored, in normal form


def cells_of(path: Path) -> list[Cell]:
    """The code cells of a notebook."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [
        Cell("".join(cell["source"]), cell["outputs"])
        for cell in cells
        if cell["cell_type"] == "code"
    ]


def names(source: str) -> tuple[set[str], set[str]]:
    """The global names that a cell needs from others, and those that it gives or changes.

    >>> needs, gives = names("y = [f(k) for k in x]; y.sort(); z[0] = 1; w += 1; w")
    >>> sorted(needs), sorted(gives)
    (['f', 'w', 'x', 'z'], ['w', 'y', 'z'])
    >>> needs, gives = names("answers('Square roots', globals(), ('sqrt(x)', '2.0'))")
    >>> sorted(needs)
    ['answers', 'globals', 'sqrt', 'x']
    """
    top = symtable.symtable(source, "cell", "exec")
    gives = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
    needs = {s.get_name() for s in top.get_symbols() if s.is_referenced()} - gives
    needs |= {s.get_name() for t in _inner(top) for s in t.get_symbols() if s.is_global()} - gives
    tree = ast.parse(source)
    needs |= _in_texts_of_calls(tree) - gives
    needs |= _read_before_written(tree) & gives
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(ctx=ast.Store()) | ast.Attribute(ctx=ast.Store()):
                gives |= _base(node)
            case ast.Expr(value=ast.Call(func=ast.Attribute() as method)):
                gives |= _base(method)
            case ast.AugAssign(target=ast.Name(id=name)):
                needs.add(name)
    return needs, gives


def _in_texts_of_calls(tree) -> set[str]:
    """The names in the texts that a table of calls makes when it is run."""
    found = set()
    for table in ast.walk(tree):
        if isinstance(table, ast.Call) and getattr(table.func, "id", "") in TABLES:
            for node in ast.walk(table):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    with contextlib.suppress(SyntaxError):  # a caption, a message
                        found |= _names(ast.parse(node.value.strip(), mode="eval"), ast.Load)
    return found


def _inner(table) -> Iterator:
    for child in table.get_children():
        yield child
        yield from _inner(child)


def _base(node) -> set[str]:
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def _read_before_written(tree) -> set[str]:
    """Names that a statement reads and no statement above it sets."""
    read, written = set(), set()
    for statement in tree.body:
        if isinstance(statement, ast.For):
            written |= _names(statement.target, ast.Store)
        read |= _names(statement, ast.Load) - written
        written |= _names(statement, ast.Store) | {getattr(statement, "name", "")}
    return read


def _names(node, context) -> set[str]:
    found = (n for n in ast.walk(node) if isinstance(n, ast.Name))
    return {n.id for n in found if isinstance(n.ctx, context)}


class Users:
    """Which cells must run again when some do."""

    def __init__(self, cells: list[Cell], variables: dict):
        both = [names(cell.source) for cell in cells]
        self.needs = [needs for needs, _ in both]
        self.gives = [gives for _, gives in both]
        # A generator of random numbers changes with every use: whoever uses it, changes it.
        self.moving = {
            name
            for name, value in variables.items()
            if isinstance(value, (np.random.Generator, Iterator))
        }

    def of(self, numbers: set[int]) -> list[int]:
        """These cells and all that depend on them, in order.

        A cell that uses something that moves needs all earlier cells that moved it.
        """
        chosen = set(numbers)
        while True:
            given = set().union(*(self.gives[k] for k in chosen))
            more = {k for k, needs in enumerate(self.needs) if needs & given and k > min(chosen)}
            used = self.moving & set().union(*(self.needs[k] | self.gives[k] for k in chosen))
            more |= {k for k in range(len(self.needs)) if (self.needs[k] | self.gives[k]) & used}
            if more <= chosen:
                return sorted(chosen)
            chosen |= more
