r"""Values, inputs and formulas in the words of a message: short, plain, the same on every machine.

>>> from sympy import Symbol, log
>>> v = Symbol(r"\sigma^2", positive=True)
>>> plain(log(2 * v) / 2), show_case({v: 0.25})
('log(2*σ²)/2', '{σ² = 0.25}')
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import mpmath
import numpy as np
import sympy as sp
from sympy.printing.str import StrPrinter

from boltzlib.book.evaluate import to_numpy

MOST = 6  # numbers of an array that are shown in a record

# Letters as plain text.  SymPy's own table depends on the terminal.
_LETTERS = {
    r"\sigma^2": "σ²", "Lambda": "Λ", "Sigma": "Σ", "alpha": "α", "beta": "β", "epsilon": "ε",
    "eta": "η", "lambda": "λ", "mu": "μ", "sigma": "σ", "theta": "θ",
}  # fmt: skip


def show_value(value, digits: int = 3, most: int = MOST) -> str:
    """Return a value in so many significant digits (the same on every machine)."""
    array = to_numpy(value) if isinstance(value, (mpmath.mpf, mpmath.matrix)) else np.asarray(value)
    if array.ndim == 0:
        return f"{float(array):.{digits}g}"
    if array.size > most:
        first = f" beginning {float(array.flat[0]):.{digits}g}"
        return f"an array of shape {array.shape}{first}"
    return np.array2string(
        np.asarray(array, dtype=float), precision=digits, separator=", "
    ).replace("\n", "")


def show_apart(*values) -> list[str]:
    """Return values with as many digits as it takes to see that they differ.

    >>> show_apart(0.5, 0.25), show_apart(1.0, 1.00002)
    (['0.5', '0.25'], ['1', '1.00002'])
    """
    for digits in range(3, 18):
        texts = [show_value(value, digits) for value in values]
        if len(set(texts)) == len(texts):
            return texts
    return [show_value(value) for value in values]


def show_case(case: Mapping, most: int = MOST) -> str:
    """Return the inputs of a case on one line; of an array up to so many numbers."""
    parts = []
    for symbol, value in case.items():
        try:
            shown = show_value(value, most=most) if not callable(value) else "a function"
        except (TypeError, ValueError):  # not a number at all: what it is, others say
            shown = f"a {type(value).__name__}"
        parts.append(f"{_LETTERS.get(str(symbol), symbol)} = {shown}")
    return "{" + ", ".join(parts) + "}"


class _PlainPrinter(StrPrinter):
    """A formula as one types it; a symbol whose name is TeX is shown as its letter."""

    def _print_Symbol(self, expr):
        if "\\" not in expr.name:
            return expr.name
        bare = re.sub(r"\\(?:var)?|[{}]", "", expr.name)
        return re.sub("[a-z]+", lambda word: _LETTERS.get(word[0], word[0]), bare).replace(
            "^2", "²"
        )

    def _print_Dummy(self, expr):
        return expr.name


def plain(formula) -> str:
    """Return a formula on one line, as one types it in a cell."""
    return formula if isinstance(formula, str) else _PlainPrinter().doprint(sp.sympify(formula))


def listed(words, last: str = "and") -> str:
    """Join words as a sentence does.

    >>> listed(["1", "2", "3"]), listed(["n"])
    ('1, 2 and 3', 'n')
    """
    *front, end = map(str, words)
    return f"{', '.join(front)} {last} {end}" if front else end


__all__ = ["MOST", "listed", "plain", "show_apart", "show_case", "show_value"]
