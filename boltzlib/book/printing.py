"""TeX of a formula, as the book sets it: ln, ⊤, det, and one fraction in front of a sum."""

from __future__ import annotations

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.latex import LatexPrinter
from sympy.printing.precedence import PRECEDENCE

from boltzlib.book.integrals import VectorIntegral
from boltzlib.book.samples import MatrixSum


class _BookPrinter(LatexPrinter):
    _before_matrix = False  # printing the numbers in front of a product of matrices

    def __init__(self):
        super().__init__({"ln_notation": True, "mat_delim": "("})

    def _print_Transpose(self, expr):
        power = isinstance(expr.arg, (sp.MatPow, sp.Inverse))  # two superscripts are no TeX
        return rf"{self.parenthesize(expr.arg, PRECEDENCE['Pow'], strict=not power)}^{{\top}}"

    def _print_Determinant(self, expr):
        return rf"\det {self._wrapped(expr.arg)}"

    def _print_Trace(self, expr):
        if expr.arg.shape == (1, 1):  # a number: its trace is itself
            return self._print(expr.arg)
        return rf"\operatorname{{tr}} {self._wrapped(expr.arg)}"

    def _wrapped(self, matrix):
        simple = isinstance(matrix, sp.MatrixSymbol) and not self._before_matrix  # det(A) B
        return self._print(matrix) if simple else rf"\left({self._print(matrix)}\right)"

    def _print_Indexed(self, expr):
        base = self._print(expr.base)
        indices = ",".join(map(self._print, expr.indices))
        separator = "" if indices.replace(",", "").isalpha() else ","
        return rf"{base}_{{{indices.replace(',', separator)}}}"

    def _print_MatAdd(self, expr):
        """x − μ rather than −μ + x: the terms with a minus sign come last."""
        if _is_transposed_sum(expr):
            return rf"\left({self._print(expr.T.doit())}\right)^{{\top}}"
        terms = sorted(expr.args, key=_is_negative)
        text = self._print(terms[0])
        for term in terms[1:]:
            piece = self._print(term)
            text += f" {piece}" if piece.startswith("-") else f" + {piece}"
        return text

    def _print_Add(self, expr, order=None):
        terms = list(self._as_ordered_terms(expr, order=order))
        terms = sorted(terms, key=_is_negative)
        text = self._print(terms[0])
        for term in terms[1:]:
            negative = _is_negative(term)
            text += (" - " if negative else " + ") + self._print(-term if negative else term)
        return text

    def _print_Mul(self, expr):
        """Set (1/n) Σ … rather than Σ … / n: the long factors stand behind the fraction."""
        if not expr.is_Mul:  # the parent class sends 1/n here
            return super()._print_Mul(expr)
        if _is_negative(expr):
            rest = -expr
            return "- " + (
                rf"\left({self._print(rest)}\right)" if rest.is_Add else self._print(rest)
            )
        long = [a for a in expr.args if isinstance(a, _LONG)]
        roots = [a for a in expr.args if a.is_Pow and a.exp in (_HALF, -_HALF)]
        front = sp.Mul(*(a for a in expr.args if a not in long and a not in roots))
        pieces = [self._front(front, roots)] if roots else []
        if not roots and front != 1:
            plain = super()._print_Mul(front) if front.is_Mul else self._print(front)
            pieces.append(rf"\left({plain}\right)" if front.is_Add and long else plain)
        for k, factor in enumerate(long):
            text = self._print(factor)
            pieces.append(
                text
                if k == len(long) - 1 or isinstance(factor, sp.exp)
                else rf"\left({text}\right)"
            )
        return r" \, ".join(pieces) if roots or sp.fraction(front)[1] == 1 else " ".join(pieces)

    def _front(self, front, roots):
        """√(2πv) rather than √2 √π √v: all square roots of a product under one sign."""
        rational, others = front.as_coeff_Mul()
        if not rational.is_Rational:
            rational, others = sp.S.One, front
        above, below = sp.fraction(rational**2 * sp.Mul(*(r.base ** (2 * r.exp) for r in roots)))
        above, below = map(sp.factor_terms, (above, below))
        if above == 1:
            text = rf"\frac{{1}}{{\sqrt{{{self._print(below)}}}}}"
        elif below == 1:
            text = rf"\sqrt{{{self._print(above)}}}"
        else:
            text = rf"\sqrt{{\frac{{{self._print(above)}}}{{{self._print(below)}}}}}"
        return text if others == 1 else self._print(others) + " " + text

    def _print_Pow(self, expr):
        if expr.exp == -_HALF:
            return rf"\frac{{1}}{{\sqrt{{{self._print(expr.base)}}}}}"
        return super()._print_Pow(expr)

    def _print_exp(self, expr, exp=None):
        text = (
            rf"\exp \left({self._print(expr.args[0])}\right)"
            if not expr.args[0].is_Atom
            else (f"e^{{{self._print(expr.args[0])}}}")
        )
        return text if exp is None else rf"{{{text}}}^{{{exp}}}"

    def _print_log(self, expr, exp=None):
        (u,) = expr.args
        bare = (
            u.is_Atom
            or isinstance(u, (sp.Determinant, sp.Indexed, sp.Abs, AppliedUndef))
            or (sp.fraction(u)[1] != 1 and not _is_negative(u) and u.is_Mul)
        )
        power = "" if exp is None else f"^{{{exp}}}"
        text = self._print(u)
        return rf"\ln{power} {text}" if bare else rf"\ln{power} \left({text}\right)"

    def _print_MatMul(self, expr):
        scalars = [a for a in expr.args if not a.is_Matrix]
        self._before_matrix = True
        front = self._print(sp.Mul(*scalars)) + " " if scalars else ""
        self._before_matrix = False
        front = "- " if front.strip() in ("-1", "- 1") else front
        return front + " ".join(self._matrix_factor(a) for a in expr.args if a.is_Matrix)

    def _matrix_factor(self, factor):
        text = self._print(factor)
        bare = not isinstance(factor, sp.MatAdd) or _is_transposed_sum(factor)
        return text if bare else rf"\left({text}\right)"

    def _print_Sum(self, expr):
        return self._big(r"\sum", expr)

    def _print_Product(self, expr):
        return self._big(r"\prod", expr)

    def _big(self, sign, expr):
        heads = ""
        for index, lower, upper in reversed(expr.limits):
            i, lo, up = map(self._print, (index, lower, upper))
            heads += rf"{sign}_{{{i}={lo}}}^{{{up}}} "
        body = expr.function
        text = self._print(body)
        needs = isinstance(body, (sp.Add, sp.Piecewise)) or (
            isinstance(body, sp.Trace) and isinstance(body.arg, sp.MatAdd)
        )
        return heads + (rf"\left({text}\right)" if needs else text)

    def _print_MatrixElement(self, expr):
        """Set the component of a column vector as y_k: SymPy counts it from 0, the page from 1."""
        if expr.parent.shape[1] == 1 and expr.j == 0:
            return rf"{self._print(expr.parent)}_{{{self._print(expr.i + 1)}}}"
        return super()._print_MatrixElement(expr)

    def _print_OneMatrix(self, expr):
        return r"\mathbf{1}"

    def _print_Identity(self, expr):
        return "I"


_HALF = sp.Rational(1, 2)
_LONG = (sp.Sum, sp.Product, sp.Integral, VectorIntegral, sp.log, sp.exp, AppliedUndef)


def _is_transposed_sum(expr) -> bool:
    """Whether all terms are transposes, so that the sum is set as one: (x − μ)^T."""
    return all(isinstance(t, sp.Transpose) or _is_negated_transpose(t) for t in expr.args)


def _is_negated_transpose(term) -> bool:
    return (
        isinstance(term, sp.MatMul)
        and any(isinstance(a, sp.Transpose) for a in term.args)
        and (len([a for a in term.args if a.is_Matrix]) == 1)
    )


def _is_negative(term) -> bool:
    if isinstance(term, MatrixSum):
        return False
    return term.could_extract_minus_sign() and not isinstance(term, (sp.MatAdd, sp.Add))


def latex(formula) -> str:
    """Return `formula` as TeX in the book's style.

    >>> from sympy import IndexedBase, Sum, symbols
    >>> i, n = symbols("i n", integer=True, positive=True)
    >>> latex(Sum(IndexedBase("x")[i], (i, 1, n)) / n)
    '\\\\frac{1}{n} \\\\sum_{i=1}^{n} x_{i}'

    >>> from sympy import Determinant, Identity, MatrixSymbol
    >>> A, x = MatrixSymbol("A", 2, 2), MatrixSymbol("x", 2, 1)
    >>> print(latex((A + A.T) * x))
    \\left(A + A^{\\top}\\right) x
    >>> print(latex(Determinant(A) * Identity(2)))
    \\det \\left(A\\right) I
    """
    if isinstance(formula, str):
        return formula
    return _BookPrinter().doprint(sp.sympify(formula))
