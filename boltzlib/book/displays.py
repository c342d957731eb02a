r"""Does a display say what its claim tests?  Read its TeX and compare, at inputs of the claim.

The TeX of a numbered display is made from the tested object.  If a bracket is lost on the way,
the page shows another formula than the one that was tested; hence this way back.

>>> from sympy import symbols
>>> from boltzlib.book.statement import chain
>>> a, b = symbols("a b", positive=True)
>>> mean = chain("m", "=", (a + b) / 2)
>>> check_display(mean, [{a: 1.0, b: 4.0}])
[(0, 1)]
>>> check_display(mean, [{a: 1.0, b: 4.0}], r"m = a + \frac{b}{2}")
Traceback (most recent call last):
    ...
boltzlib.book.corners.ClaimFailed: display: what is shown
    a + \frac{b}{2}
is 2.92 at {a = 0.956, b = 3.92}; what is tested
    a/2 + b/2
is 2.44
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from boltzlib.book.corners import ClaimFailed
from boltzlib.book.display_inputs import Held, letters_at, shaken, telling
from boltzlib.book.evaluate import evaluate, to_numpy
from boltzlib.book.paper_arithmetic import Unsized
from boltzlib.book.reading import CannotRead, read
from boltzlib.book.statement import Chain, Limit, Statement
from boltzlib.book.tex_signs import letter, shown, signs_of
from boltzlib.book.words import plain, show_apart, show_case

TOLERANCE = 1e-8  # the reader has double precision; its derivatives have ten digits

_RELATIONS = {"=": ("=",), ":=": (":", "="), "propto": (r"\propto",), ">": (">",), "<": ("<",)}
_RELATIONS |= {">=": (r"\ge",), "<=": (r"\le",)}
_BEGIN_RELATIONS = {signs[0] for signs in _RELATIONS.values()}
_LIMIT = re.compile(
    r"(.*) \\;\\xrightarrow\[(.*) \\to \\infty\]\{\}\\; (.*)"
    r" \\quad \\text\{with an error of order \} (.*)"
)
_LINES = tuple("aligned")


class Unreadable(ClaimFailed):
    """The reader does not understand a display, or could understand it in two ways."""


def check_display(
    stated: Statement | Chain, cases: Sequence[Mapping], tex: str | None = None
) -> list[tuple[int, int]]:
    """Read a display and compare it with what its claim tests.

    Parameters
    ----------
    stated : Statement or Chain
        What the claim tests.
    cases : sequence of mappings
        All inputs of the claim; those that tell most apart are used.
    tex : str, optional
        The display; by default that of `stated`.

    Returns
    -------
    list of (int, int)
        Chain and position of each side that was read: all but the names, whose text must be
        that of the statement.  Value and rate of a limit count as sides 2 and 3.

    Raises
    ------
    ClaimFailed
        When a side reads as something else, or a relation or a name is another.
    Unreadable
        When a side cannot be read.
    """
    with np.errstate(all="ignore"):  # what is not finite is left out
        return Comparison(stated, cases).compare(tex)


class Comparison:
    """What a claim tests, with the values that its display must have."""

    def __init__(self, stated: Statement | Chain, cases: Sequence[Mapping]):
        self.stated = Statement((stated,)) if isinstance(stated, Chain) else stated
        self.formulas = {
            (k, position): single.sides[position]
            for k, single in enumerate(self.stated.chains)
            for position in single.formulas
        }
        if isinstance(stated, Limit):
            self.formulas |= {(0, 2): stated.value, (0, 3): stated.rate}
        self.points = []  # an input, what letters are at it, the values of the formulas
        held = Held.by(list(self.formulas.values()))
        for case in telling(cases, held):
            for one in shaken(case, held):
                values = {place: _value(side, one) for place, side in self.formulas.items()}
                if all(value is not None for value in values.values()):
                    self.points.append((one, _letters(one, held), values))
                    break

    def compare(self, tex: str | None = None) -> list[tuple[int, int]]:
        """Compare a display, by default that of the statement, with the values."""
        shown_sides = dict(_sides(tex or self.stated.tex, self.stated))
        for place, signs in shown_sides.items():
            results = [
                _compare(signs, self.formulas[place], case, letters, values[place])
                for case, letters, values in self.points
            ]
            if not any(results):
                raise ClaimFailed(
                    f"display: what is shown\n    {shown(signs)}\nhas no finite value at any input"
                )
        return sorted(shown_sides)


def _letters(case: Mapping, held: Held) -> Mapping:
    try:
        return letters_at(case, held)
    except CannotRead as problem:
        raise Unreadable(f"display: {problem}") from None


def _compare(signs: tuple, formula, case: Mapping, letters: Mapping, expected) -> bool:
    """Compare a side at an input; return False when double precision is not enough for it."""
    what = "display: what is shown\n    "
    try:
        found = read(signs, letters)
        if isinstance(found, Unsized) and not formula.is_Matrix:
            raise CannotRead("a matrix, where a number is tested")
        found = _array(found, expected)
    except CannotRead as problem:
        raise Unreadable(f"{what}{shown(signs)}\ncannot be read: {problem}") from None
    except ArithmeticError:
        return False
    except (ValueError, LookupError, TypeError) as problem:
        texts = [f"has no value ({problem})", *show_apart(expected)]
    else:
        if not np.isfinite(found).all():
            return False
        if _agree(found, expected):
            return True
        first, second = show_apart(found, expected)
        texts = [f"is {first}", second]
    raise ClaimFailed(
        f"{what}{shown(signs)}\n{texts[0]} at {show_case(case)}; what is tested\n"
        f"    {plain(formula)}\nis {texts[1]}"
    )


def _value(formula, case: Mapping) -> np.ndarray | None:
    """The value of a tested formula; None where it is not finite and real."""
    try:
        value = to_numpy(evaluate(formula, case, digits=15))
    except (ValueError, TypeError, ArithmeticError, LookupError):
        return None
    return value if np.isfinite(value).all() else None


def _array(value, expected: np.ndarray) -> np.ndarray:
    """A column as a vector, as `to_numpy` has it."""
    if isinstance(value, Unsized):
        value = value.sized(*(*expected.shape, 1)[:2])
    value = np.asarray(value, dtype=float)
    if value.size == expected.size == 1:
        return value.reshape(expected.shape)
    if value.ndim == 0 and value == 0:  # 0 is also the matrix of zeros
        return np.zeros(expected.shape)
    return value[:, 0] if value.ndim == 2 and value.shape[1] == 1 else value


def _agree(found: np.ndarray, expected: np.ndarray) -> bool:
    if found.shape != expected.shape:
        return False
    scale = np.abs(expected).max(initial=0.0) or 1.0
    return bool(np.abs(found - expected).max(initial=0.0) <= TOLERANCE * scale)


# The sides of a display


def _sides(tex: str, stated: Statement) -> Iterator[tuple]:
    """Yield place and signs of each side that is a formula; compare the names and relations."""
    tex = tex.removeprefix(r"\begin{gathered} ").removesuffix(r" \end{gathered}")
    if isinstance(stated, Limit):
        found = _LIMIT.fullmatch(tex)
        if not found or _signs(found[2]) != letter(stated.variable.name):
            raise ClaimFailed(f"display: expected a limit over {stated.variable}; got {tex}")
        tex = found[1]
        yield (0, 2), _signs(found[3])
        yield (0, 3), _signs(found[4])
    parts = tex.split(stated.joiner)
    if len(parts) != len(stated.chains):
        raise ClaimFailed(f"display: expected {len(stated.chains)} statements, got {len(parts)}")
    for k, (single, part) in enumerate(zip(stated.chains, parts, strict=True)):
        row = _signs(part)
        for position, side in enumerate(single.sides):
            if position:
                row = _behind(row, _RELATIONS[single.relations[position - 1]])
            if isinstance(side, str):
                row = _behind(row, _signs(side))
                continue
            end = _end_of_side(row)
            yield (k, position), row[:end]
            row = row[end:]
        if row:
            raise ClaimFailed(f"display: {shown(row)} is not part of the statement")


def _signs(tex: str) -> tuple:
    """The signs of a display, without its line breaks; those between cases stay."""
    try:
        signs = signs_of(tex)
    except CannotRead as problem:
        raise Unreadable(f"display: cannot read {tex}: {problem}") from None
    kept, depth = [], 0
    for sign in signs:
        if sign in ((r"\begin", _LINES), (r"\end", _LINES)):
            continue
        depth += (sign[0] == r"\begin") - (sign[0] == r"\end")
        if depth or sign not in ("&", r"\\"):
            kept.append(sign)
    return tuple(kept)


def _behind(row: tuple, expected: tuple) -> tuple:
    """Return what stands behind a name or a relation, which must come first."""
    if row[: len(expected)] != expected:
        raise ClaimFailed(f"display: expected {shown(expected)}; got {shown(row)}")
    return row[len(expected) :]


def _end_of_side(row: tuple) -> int:
    """The place of the first relation outside all brackets."""
    depth = 0
    for place, sign in enumerate(row):
        depth += sign == "(" or sign[0] == r"\begin"
        depth -= sign == ")" or sign[0] == r"\end"
        if depth == 0 and sign in _BEGIN_RELATIONS:
            return place
    return len(row)


__all__ = ["Comparison", "Unreadable", "check_display"]
