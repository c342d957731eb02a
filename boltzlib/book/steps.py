"""The steps of a derivation, on the page between two claims."""

from __future__ import annotations

from boltzlib.book.printing import latex


def show(*parts) -> None:
    """Display formulas and TeX side by side, as one line of the page.

    Outside a notebook it prints the TeX.

    Parameters
    ----------
    *parts : sympy expression or str
        What to show, from left to right. A string is TeX, as it stands.

    Examples
    --------
    >>> from sympy import symbols
    >>> a, b = symbols("a b")
    >>> show("f =", a / b)
    f = \\frac{a}{b}
    """
    tex = " ".join(latex(part) for part in parts)
    try:
        from IPython import get_ipython
        from IPython.display import Math, display
    except ImportError:
        return print(tex)
    if get_ipython() is None:
        return print(tex)
    return display(Math(tex))


__all__ = ["show"]
