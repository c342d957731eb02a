"""Equation numbers: which are the lecture note's, and how a number becomes a label."""

from __future__ import annotations

import re

# The note numbers its equations in one run through all sections; only the prefix changes.
_NOTE_RANGES = {1: (1, 3), 2: (4, 47), 3: (48, 77), 4: (78, 89), 8: (90, 97)}

NOTE_NUMBERS = tuple(
    f"{section}.{number}"
    for section, (first, last) in _NOTE_RANGES.items()
    for number in range(first, last + 1)
)


_NUMBER = r"[1-9]\.[1-9][0-9]*[a-z]?"


def origin(equation: str) -> str:
    """Return ``"note"`` when the number is the lecture note's, else ``"book"``.

    >>> origin("2.15"), origin("2.15a"), origin("5.1")
    ('note', 'book', 'book')
    """
    return "note" if equation in NOTE_NUMBERS else "book"


def is_number(equation) -> bool:
    """Return whether `equation` is a number of the book; if not, it names a reader's own formula.

    >>> is_number("2.15a"), is_number("entropy of a Poisson")
    (True, False)

    Raises
    ------
    ValueError
        When it can be neither.
    """
    if re.fullmatch(_NUMBER, str(equation)):
        return True
    if isinstance(equation, str) and re.fullmatch(r"[^\d\s].*", equation):
        return False
    raise ValueError(
        "equation: expected a number such as '2.15' or '2.15a', or for a formula of your own "
        f"its name, which does not begin with a digit; got {equation!r}"
    )


def heading(equation: str) -> str:
    """Return an equation's number, or the name of a formula, as it stands before a sentence.

    >>> heading("2.15"), heading("my entropy")
    ('(2.15)', 'my entropy:')
    """
    return f"({equation})" if is_number(equation) else f"{equation}:"


def label(equation: str) -> str:
    """Return the label of an equation's display.

    >>> label("2.15a")
    'eq-2-15a'
    """
    return "eq-" + check(equation).replace(".", "-")


def check(equation: str) -> str:
    """Return `equation` if it has the form of a number such as 2.15 or 2.15a.

    Raises
    ------
    ValueError
        When it has not.
    """
    if not re.fullmatch(_NUMBER, str(equation)):
        raise ValueError(f"equation: expected a number such as '2.15' or '2.15a', got {equation!r}")
    return equation


def order(equation: str) -> tuple[int, int, str]:
    """Return the key that sorts equation numbers as a reader counts.

    >>> sorted(["2.10", "2.9a", "1.3", "2.9"], key=order)
    ['1.3', '2.9', '2.9a', '2.10']
    """
    section, number, letter = re.fullmatch(r"(\d+)\.(\d+)([a-z]?)", check(equation)).groups()
    return int(section), int(number), letter
