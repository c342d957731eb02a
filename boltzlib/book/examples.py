"""Tables of examples: calls that are made when the page runs, and what must come of them."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from html import escape

import numpy as np

from boltzlib.book.card import Table


def answers(
    caption: str, names: Mapping[str, object], *rows: tuple[str, str], within: float = 1e-12
) -> Table:
    """Make each call and compare its answer with what it must be.

    Parameters
    ----------
    caption : str
        What the table shows.
    names : mapping
        What the calls may use: ``globals()``.
    *rows : tuple of two str
        A call and what it must give, both as Python: ``("divergence.entropy([0.5, 0.5])",
        "math.log(2)")``. The second comes from elsewhere than the library.
    within : float
        How far a number may be off, relative to the largest of its array (absolute where that
        is 0). Anything but floats must be equal.

    Returns
    -------
    Table
        Call, answer, and the second part of the row.

    Raises
    ------
    AssertionError
        When an answer is not what it must be.
    RuntimeWarning
        When a number has overflowed or is not defined. Other warnings become part of the answer.
    """
    table = []
    for call, expression in rows:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.simplefilter("error", RuntimeWarning)
            answer = eval(call, dict(names))
        right = eval(expression, dict(names))
        if not agree(answer, right, within):
            raise AssertionError(f"{call} must be {right!r}, is {answer!r}")
        said = [_said(warning.message) for warning in caught]
        text = "<br>".join([_code(plain(answer, within)), *map(_words, said)])
        table.append([_code(call), text, _code(expression)])
    return Table(caption, ["Call", "Answer", "What it must be"], table, "table")


def messages(caption: str, names: Mapping[str, object], *rows: tuple[str, str]) -> Table:
    """Make each call and show what it says: the error that it raises, or its one warning.

    Parameters
    ----------
    caption, names
        As for `answers`.
    *rows : tuple of two str
        A call, and a part of what it must say, after the name of the error: ``"ValueError: q"``.

    Returns
    -------
    Table
        Call and message.

    Raises
    ------
    AssertionError
        When nothing is said, or something else.
    """
    table = []
    for call, part in rows:
        said = _message(call, dict(names))
        if not said or part not in said:
            raise AssertionError(f"{call} must say {part!r}, says {said!r}")
        table.append([_code(call), _words(said)])
    return Table(caption, ["Call", "What it says"], table, "table")


def _message(call: str, names: dict) -> str:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            eval(call, names)
        except Exception as error:
            return _said(error)
    return "; ".join(_said(warning.message) for warning in caught)


def _said(message: BaseException) -> str:
    return f"{type(message).__name__}: {message}"


def agree(answer, right, within: float = 1e-12) -> bool:
    """Whether an answer is what it must be: of the same kind and, but for floats, equal."""
    if isinstance(right, (tuple, list)) and isinstance(answer, (tuple, list)):
        return len(answer) == len(right) and all(map(agree, answer, right, [within] * len(right)))
    if _is_number(answer) and _is_number(right):
        answer, right = np.asarray(answer), np.asarray(right)
        if answer.shape != right.shape or (answer.dtype.kind == "b") != (right.dtype.kind == "b"):
            return False
        if answer.dtype.kind in "bi" and right.dtype.kind in "bi":
            return np.array_equal(answer, right)
        finite = np.abs(right[np.isfinite(right)])
        scale = finite.max(initial=0.0) or 1.0
        return np.allclose(answer, right, rtol=0.0, atol=within * scale, equal_nan=True)
    return type(answer) is type(right) and answer == right


def _is_number(value) -> bool:
    return isinstance(value, (int, float, np.ndarray, np.generic))


def plain(value, within: float = 1e-12) -> str:
    """An answer as text: numbers to six digits, an array as nested lists, what is within 0 as 0."""
    if isinstance(value, (tuple, list)):
        inner = ", ".join(plain(part, within) for part in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    if not _is_number(value):
        return value if isinstance(value, str) else repr(value)
    array = np.asarray(value)
    if array.ndim:
        if array.dtype.kind == "f":
            scale = np.abs(array[np.isfinite(array)]).max(initial=0.0)
            array = np.where(np.abs(array) <= within * scale, 0.0, array)
        return plain(array.tolist())
    return f"{value + 0.0:.6g}" if array.dtype.kind == "f" else str(value)


def _words(text: str) -> str:
    """A message: TeX in it is shown as it is, not typeset."""
    return f'<span class="said mathjax_ignore">{escape(text)}</span>'


def _code(text: str) -> str:
    """Code that a narrow column breaks after a parenthesis, an underscore or a name."""
    broken = re.sub(r"([(_]|\b[a-z]\w*\.)", r"\1<wbr>", escape(text))
    return f"<code>{broken}</code>"
