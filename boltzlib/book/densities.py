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

from sympy import Add, Derivative, Expr
from sympy.core.function import AppliedUndef, UndefinedFunction
from sympy.matrices.expressions.matexpr import MatrixElement
from sympy.tensor.array.array_derivatives import ArrayDerivative
from sympy.tensor.array.expressions import ArrayTensorProduct
from sympy.tensor.array.expressions.arrayexpr_derivatives import array_derive

from boltzlib.book.samples import Sample


class AppliedDensity(AppliedUndef):
    """A density at its arguments."""

    def _eval_derivative(self, s):
        """Use the chain rule for the numbers; a derivative by which a vector moves stays."""
        if self._moves(s):
            return Derivative(self, s)
        slopes = [(k, a.diff(s)) for k, a in enumerate(self.args, start=1) if not a.is_Matrix]
        return Add(*(self.fdiff(k) * slope for k, slope in slopes if slope != 0))

    def diff(self, *symbols, **assumptions):
        """Differentiate; by a vector that is, or may be, among the arguments only in name."""
        if any(getattr(s, "is_Matrix", False) and self._moves(s) for s in symbols):
            return Derivative(self, *symbols)
        return super().diff(*symbols, **assumptions)

    def _moves(self, s) -> bool:
        """Whether a vector among the arguments changes with `s`, or a number with the vector."""
        base = s.parent if isinstance(s, MatrixElement) else s
        for a in self.args:
            whole = a.is_Matrix or s.is_Matrix
            kin = isinstance(base, Sample) and any(
                t.family == base.family and t != base for t in a.atoms(Sample)
            )
            if kin or (whole and a.has(base)):
                return True
        return False


def _any_moves(expr, s) -> bool:
    return any(found._moves(s) for found in expr.atoms(AppliedDensity))


# The matrix route of SymPy takes a function of a vector for a constant, with the derivative 0.
_of_number, _of_product = array_derive.dispatch(Expr), array_derive.dispatch(ArrayTensorProduct)


@array_derive.register(Expr)
def _(expr, s):
    return ArrayDerivative(expr, s, evaluate=False) if _any_moves(expr, s) else _of_number(expr, s)


@array_derive.register(ArrayTensorProduct)
def _(expr, s):
    if _any_moves(expr, s):
        raise NotImplementedError(f"derivative by {s}: a vector among the arguments moves")
    return _of_product(expr, s)


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
