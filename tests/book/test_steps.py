"""What a page displays between two claims."""

from unittest.mock import patch

from IPython.display import Math
from sympy import symbols

from boltzlib.book import latex, show

a, b = symbols("a b")


def test_a_terminal_gets_the_tex(capsys):
    assert show("f =", a / b) is None
    assert capsys.readouterr().out == "f = \\frac{a}{b}\n"


def test_a_notebook_gets_a_formula(capsys):
    with (
        patch("IPython.get_ipython", return_value=object()),
        patch("IPython.display.display") as display,
    ):
        show(a, "=", b)
    (formula,) = display.call_args.args
    assert isinstance(formula, Math)
    assert formula.data == f"{latex(a)} = {latex(b)}"
    assert capsys.readouterr().out == ""
