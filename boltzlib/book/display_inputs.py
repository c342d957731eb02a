"""At which inputs a display is compared with what its claim tests, and what letters are there.

Two formulas that are one have the same value at any input, so that the inputs need not be such
as the claim speaks of: they are chosen, and changed, to tell apart what is not the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import mpmath
import numpy as np
import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction
from sympy.matrices.expressions.matexpr import MatrixElement

from boltzlib.book.densities import AppliedDensity
from boltzlib.book.reading import CannotRead, Letter
from boltzlib.book.samples import MatrixSum, Sample, Samples
from boltzlib.book.tex_signs import letter, shown

INPUTS = 4


@dataclass(frozen=True)
class Held:
    """What formulas hold that an input gives a value to."""

    all: set
    free: set  # but the letters of sums and integrals
    whole: set  # what stands in indices, bounds, sizes and arguments, where 2 is not 1.9

    @classmethod
    def by(cls, formulas: Sequence) -> Held:
        parts = [part for formula in formulas for part in sp.preorder_traversal(formula)]
        places = [place for part in parts for place in _places_for_wholes(part)]
        return cls(
            all=set().union(*map(_keys, formulas)),
            free=set().union(*(formula.free_symbols for formula in formulas)),
            whole=set().union(*map(_keys, places)),
        )


def _keys(formula) -> set:
    found = formula.atoms(sp.Symbol, sp.IndexedBase, sp.MatrixSymbol)
    found |= {part.family for part in formula.atoms(Sample)}
    return found | {part.func for part in formula.atoms(AppliedUndef)}


def _places_for_wholes(part) -> Iterator:
    if isinstance(part, sp.Indexed):
        yield from part.indices
    elif isinstance(part, Sample):
        yield part.index
    elif isinstance(part, (sp.Sum, sp.Product)):
        yield from (one for limits in part.limits for one in limits)
    elif isinstance(part, MatrixSum):
        yield from part.limits
    elif isinstance(part, MatrixElement):
        yield from part.args[1:]
    elif isinstance(part, (AppliedUndef, sp.KroneckerDelta)):
        yield from part.args
    elif isinstance(part, sp.MatPow):
        yield part.exp
    if part.is_Matrix:
        yield from map(sp.sympify, part.shape)


def telling(cases: Sequence[Mapping], held: Held) -> list[Mapping]:
    """Return four of the cases: those whose whole numbers are related in the most different ways.

    Where all cases have m = K, a sum from m to K tells little.  Among equals, the smaller ones are
    taken.  Extreme inputs are for the formula, not for its display: they are taken only when there
    are less than two others.
    """
    tame = [case for case in cases if not _is_extreme(case, held)]
    left = tame if len(tame) > 1 else list(cases)
    chosen: list[Mapping] = []
    seen: set = set()
    while left and len(chosen) < INPUTS:
        best = max(left, key=lambda case: (len(_relations(case, held) - seen), -_entries(case)))
        seen |= _relations(best, held)
        left = [case for case in left if case is not best]
        chosen.append(best)
    return chosen


def _relations(case: Mapping, held: Held) -> set:
    """How the whole numbers of a case are related: which is larger, which is 1 or 2."""
    wholes = {
        str(key): int(value)
        for key, value in case.items()
        if key in held.free and isinstance(value, (int, np.integer))
    } | {"1": 1, "2": 2}
    return {
        (a, b, (wholes[a] > wholes[b]) - (wholes[a] < wholes[b]))
        for a, b in combinations(sorted(wholes), 2)
    }


def _is_extreme(case: Mapping, held: Held) -> bool:
    """Whether a number that the formulas hold is above 1e4 or, but for 0, below 1e-6 in size."""
    values = [value for key, value in case.items() if key in held.all and not callable(value)]
    sizes = [np.abs(_floats(value)) for value in values]
    return any(np.any((size > 1e4) | ((size < 1e-6) & (size > 0))) for size in sizes)


def _entries(case: Mapping) -> int:
    return sum(np.size(value) for value in case.values())


def shaken(case: Mapping, held: Held) -> Iterator[Mapping]:
    """Yield the case with its numbers changed a little, then with fewer changed, then as it is.

    A matrix is no longer symmetric, probabilities do not sum to 1, spins are not ±1: what was
    the same by chance differs.  All but 0 comes nearer to 0 by less than a tenth: what was less
    than 1 still is.  Not every formula has a value there, hence the others.
    """
    for wholes_too in (True, False):
        rng, done = np.random.default_rng(7), {}
        yield {
            key: _moved(key, value, rng, done, wholes_too and key not in held.whole)
            for key, value in case.items()
        }
    yield case


def _moved(key, value, rng: np.random.Generator, done: dict, if_whole: bool):
    if callable(value):
        return value
    array = _floats(value)
    if _is_grid(key, array):  # a coarse one: its error is the same on both sides
        return [(float(low), float(up), 5 + k) for k, (low, up, _) in enumerate(array)]
    if array.dtype.kind in "iub" and not if_whole:
        return value
    array = array.astype(float)
    if not array.ndim:
        return float(array * rng.uniform(0.9, 0.99)) or rng.uniform(0.05, 0.1)
    same = (_name(key), array.tobytes())  # A and its entries A_ij, which are two objects
    if same not in done:
        done[same] = array * rng.uniform(0.9, 0.99, array.shape)
        done[same][array == 0] = rng.uniform(0.05, 0.1, np.sum(array == 0))
    return done[same].reshape(array.shape)


def _floats(value) -> np.ndarray:
    """A value as an array, of floats unless it is of whole numbers."""
    array = np.asarray(value.tolist() if isinstance(value, mpmath.matrix) else value)
    return array.astype(float) if array.dtype == object else array


def _is_grid(key, array: np.ndarray) -> bool:
    """Whether a vector has a grid to be integrated on, [(lower, upper, steps), …]."""
    return isinstance(key, sp.MatrixSymbol) and key.shape[1] == 1 and array.shape[1:] == (3,)


def letters_at(case: Mapping, held: Held) -> dict[tuple, Letter]:
    """What each letter can be, for the reader."""
    letters: dict[tuple, Letter] = {}
    seen = set()
    for key in case.keys() & held.all:
        name, (kind, value) = _name(key), _meaning(key, case[key])
        one = letters.setdefault(name, Letter())
        if kind == "densities":
            one.densities |= value
        elif kind != "number" or key in held.free:  # a bound one has no value of its own
            if (name, kind) in seen:
                raise CannotRead(f"two things are both shown as {shown(name)}")
            seen.add((name, kind))
            setattr(one, kind, value)
    return letters


def _name(key) -> tuple:
    """The signs of a letter; of a density without the dots for its arguments."""
    if isinstance(key, UndefinedFunction):
        return letter(key.__name__.partition("(")[0])
    return letter(str(key) if isinstance(key, sp.IndexedBase) else key.name)


def _meaning(key, value) -> tuple:
    """What a key of an input makes of its letter, and the value."""
    if isinstance(key, UndefinedFunction):
        if issubclass(key, AppliedDensity):
            return "densities", {key.__name__.partition("|")[2].count("·"): value}
        return "function", value
    array = _floats(value)
    if isinstance(key, Samples):
        return "family", array.astype(float)
    if isinstance(key, sp.IndexedBase):
        return "table", array.astype(float)
    if isinstance(key, sp.MatrixSymbol):
        if _is_grid(key, array):
            return "grid", value
        rows = np.atleast_2d(array.astype(float))
        return "matrix", rows if array.ndim == 2 or key.shape[0] == 1 else rows.T
    return ("nodes", array) if array.ndim else ("number", float(array))


__all__ = ["Held", "letters_at", "shaken", "telling"]
