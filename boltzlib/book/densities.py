r"""Densities as a text writes them: q_θ(x, z), q_θ(z | x), r_i(z).

To SymPy each is a positive function of all its arguments, so that one can differentiate by
the parameter; on the page the first argument is an index.

>>> from sympy import log, symbols
>>> from boltzlib.book import density, latex
>>> theta, x, z = symbols("theta x z")
>>> q, posterior = density("q"), density("q", given=1)
>>> print(latex(posterior(theta, z, x) * log(q(theta, x, z) / q(theta, x))))
q_{\theta}(z \mid x) \, \ln \frac{q_{\theta}(x, z)}{q_{\theta}(x)}
"""

from __future__ import annotations

from sympy import Add
from sympy.core.function import AppliedUndef, UndefinedFunction


class AppliedDensity(AppliedUndef):
    """A density at its arguments."""

    def _eval_derivative(self, s):
        """Use the chain rule for the numbers; a vector among the arguments stands still."""
        numbers = [(k, a) for k, a in enumerate(self.args, start=1) if not a.is_Matrix]
        return Add(*(self.fdiff(k) * a.diff(s) for k, a in numbers if a.has(s)))


def density(letter: str, *, given: int = 0):
    """Return an unknown positive function, to be called as ``q(theta, x, z)``.

    Parameters
    ----------
    letter : str
        TeX of its name.
    given : int
        So many of the last arguments are conditions and stand behind a bar.
    """

    def tex(self, printer, exp=None):
        index, *rest = map(printer._print, self.args)
        bar = len(rest) - given
        inside = r" \mid ".join(", ".join(part) for part in (rest[:bar], rest[bar:]) if part)
        text = rf"{letter}_{{{index}}}({inside})"
        return text if exp is None else rf"{text}^{{{exp}}}"

    name = f"{letter}(·|{'·' * given})" if given else letter  # q(z | x) is not q(x, z)
    return UndefinedFunction(name, bases=(AppliedDensity,), __dict__={"_latex": tex}, positive=True)


__all__ = ["AppliedDensity", "density"]
