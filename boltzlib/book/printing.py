"""TeX of a formula, as the book sets it: ln, ⊤, det, and one fraction in front of a sum."""

from __future__ import annotations

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.latex import LatexPrinter
from sympy.printing.precedence import PRECEDENCE

from boltzlib.book.densities import AppliedDensity
from boltzlib.book.integrals import VectorIntegral
from boltzlib.book.samples import MatrixSum


class _BookPrinter(LatexPrinter):
    _before_matrix = False  # printing the numbers in front of a product of matrices

    def __init__(self):
        super().__init__({"mat_delim": "("})

    def parenthesize(self, item, level, **options):
        if isinstance(item, (MatrixSum, VectorIntegral)) and level > PRECEDENCE["Mul"]:
            return rf"\left({self._print(item)}\right)"
        return super().parenthesize(item, level, **options)

    def _print_Transpose(self, expr):
        power = isinstance(expr.arg, (sp.MatPow, sp.Inverse, sp.Transpose))  # not two superscripts
        return rf"{self.parenthesize(expr.arg, PRECEDENCE['Pow'], strict=not power)}^{{\top}}"

    def _print_Determinant(self, expr):
        return rf"\det {self._wrapped(expr.arg)}"

    def _print_Trace(self, expr):
        if expr.arg.shape == (1, 1):  # a number: its trace is itself
            text = self._print(expr.arg)
            return rf"\left({text}\right)" if _is_bracketed(expr) else text
        return rf"\operatorname{{tr}} {self._wrapped(expr.arg)}"

    def _wrapped(self, matrix):
        simple = isinstance(matrix, sp.MatrixSymbol) and not self._before_matrix  # det(A) B
        return self._print(matrix) if simple else rf"\left({self._print(matrix)}\right)"

    def _print_Indexed(self, expr):
        return self._subscripted(self._print(expr.base), expr.indices)

    def _subscripted(self, base, indices):
        indices = ",".join(map(self._print, indices))
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

    def _hprint_Function(self, func):
        """Set f' as f with a prime: SymPy takes it for a name of two letters."""
        bare = func.rstrip("'")
        return super()._hprint_Function(bare) + func[len(bare) :]

    def _print_Add(self, expr, order=None):
        terms = list(self._as_ordered_terms(expr, order=order))
        terms = sorted(terms, key=_is_negative)
        text = self._print(terms[0])
        for term in terms[1:]:
            negative = _is_negative(term)
            text += " - " + self._one_term(-term) if negative else " + " + self._print(term)
        return text

    def _one_term(self, expr):
        """Set `expr` with brackets around it if it is a sum, or begins with a minus."""
        bracketed = _is_sum(expr) or _is_negative(expr)
        return rf"\left({self._print(expr)}\right)" if bracketed else self._print(expr)

    def _print_Mul(self, expr):
        """Set (1/n) Σ … rather than Σ … / n: the long factors stand behind the fraction."""
        if not expr.is_Mul:  # the parent class sends 1/n here
            return super()._print_Mul(expr)
        if _is_negative(expr):
            return "- " + self._one_term(-expr)
        above, below = _over_sums(expr)
        if below != 1:
            return rf"\frac{{{self._print(above)}}}{{{self._print(below)}}}"
        weighted = any(map(_is_weight, expr.args))
        long = [a for a in expr.args if _is_long(a) or (weighted and a.is_Add)]  # γ (a + b)
        roots = [a for a in expr.args if a.is_Pow and a.exp in (_HALF, -_HALF)]
        if sum(not r.base.is_nonnegative for r in roots) > 1:
            roots = []  # √a √b is not √(ab) when both are negative
        front = sp.Mul(*(a for a in expr.args if a not in long and a not in roots))
        pieces = [self._front(front, roots)] if roots else []
        if not roots and front != 1:
            before = self._before_matrix
            self._before_matrix = before or _hides_factors(front, long)
            plain = super()._print_Mul(front) if front.is_Mul else self._print(front)
            self._before_matrix = before
            pieces.append(rf"\left({plain}\right)" if front.is_Add and long else plain)
        for k, factor in enumerate(long):
            text = self._print(factor)
            pieces.append(
                text
                if not factor.is_Add and (k == len(long) - 1 or isinstance(factor, _CLOSED))
                else rf"\left({text}\right)"
            )
        plain = not roots and (sp.fraction(front)[1] != 1 or all(a.is_Add for a in long))
        return (" " if plain else r" \, ").join(pieces)

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
        if others == 1:
            return text
        if above == 1 and sp.fraction(others)[1] == 1:  # c/√b, not c 1/√b
            return rf"\frac{{{self._print(others)}}}{{\sqrt{{{self._print(below)}}}}}"
        before, self._before_matrix = self._before_matrix, True
        front = self._print(others)
        self._before_matrix = before
        return (rf"\left({front}\right)" if others.is_Add else front) + " " + text

    def _print_Pow(self, expr):
        if expr.exp == -_HALF:
            return rf"\frac{{1}}{{\sqrt{{{self._print(expr.base)}}}}}"
        open_ended = isinstance(expr.base, _OPEN) and not _is_bracketed(expr.base)
        if open_ended and expr.exp != _HALF and not expr.exp.is_negative:
            return rf"\left({self._print(expr.base)}\right)^{{{self._print(expr.exp)}}}"
        return super()._print_Pow(expr)

    def _print_exp(self, expr, exp=None):
        text = (
            rf"\exp \left({self._print(expr.args[0])}\right)"
            if not expr.args[0].is_Atom
            else (f"e^{{{self._print(expr.args[0])}}}")
        )
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"

    def _print_log(self, expr, exp=None):
        (u,) = expr.args
        bare = (
            u.is_Atom
            or isinstance(u, (sp.Determinant, sp.Indexed, sp.Abs, AppliedUndef))
            or _is_bracketed(u)
            or (u.is_Mul and _is_one_fraction(self._print(u)))
        ) and exp is None
        power = "" if exp is None else f"^{{{exp}}}"
        text = self._print(u)
        return rf"\ln{power} {text}" if bare else rf"\ln{power} \left({text}\right)"

    def _print_MatMul(self, expr):
        scalars = [a for a in expr.args if not a.is_Matrix]
        before, self._before_matrix = self._before_matrix, True
        number = sp.Mul(*scalars)
        above, below = _over_sums(number)
        if below != 1:
            sign, above = ("- ", -above) if _is_negative(above) else ("", above)
            top = sp.MatMul(above, *(a for a in expr.args if a.is_Matrix)).doit(deep=False)
            self._before_matrix = before
            return rf"{sign}\frac{{{self._print(top)}}}{{{self._print(below)}}}"
        front = self._print(number) + " " if scalars else ""
        self._before_matrix = before
        if number.is_Add or number.has(*_TAKES_ALL):
            front = rf"\left({front.strip()}\right) "
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
        piecewise = isinstance(body, sp.Piecewise)
        return heads + (rf"\left({self._print(body)}\right)" if piecewise else self._one_term(body))

    def _print_VectorIntegral(self, expr):
        return rf"\int d{self._print(expr.variable)} \, {self._one_term(expr.body)}"

    def _print_Derivative(self, expr):
        """d/dt (t ln t) rather than d/dt t ln t, which could end before the logarithm."""
        text, body = super()._print_Derivative(expr), self._print(expr.expr)
        if isinstance(expr.expr, sp.Mul) and text.endswith(body):
            text = rf"{text[: -len(body)]}\left({body}\right)"
        return text

    def _print_MatrixElement(self, expr):
        """Set entries as A_ij and components as y_k: SymPy counts from 0, the page from 1."""
        simple = isinstance(expr.parent, sp.MatrixSymbol)
        base = self._print(expr.parent)
        column = expr.parent.shape[1] == 1
        indices = [expr.i + 1] if column else [expr.i + 1, expr.j + 1]
        return self._subscripted(base if simple else rf"\left({base}\right)", indices)

    def _print_OneMatrix(self, expr):
        ones, rows, columns = r"\mathbf{1}", *expr.shape
        if columns == 1:
            return ones
        return rf"{ones}^{{\top}}" if rows == 1 else rf"{ones} {ones}^{{\top}}"

    def _print_Identity(self, expr):
        return "I"


_HALF = sp.Rational(1, 2)
_LONG = (
    sp.Sum,
    sp.Product,
    sp.Integral,
    sp.Derivative,
    VectorIntegral,
    sp.log,
    sp.exp,
    AppliedUndef,
)
_CLOSED = (sp.exp, sp.tanh)  # their own brackets say where they end
_TAKES_ALL = (sp.Product, sp.Derivative, VectorIntegral, sp.log)  # a matrix behind would be inside
_OPEN = (sp.Determinant, sp.Trace)  # set without brackets, so that ^2 would be the matrix's


def _is_long(factor) -> bool:
    """Whether a factor stands behind the fraction. A density is as short as a letter."""
    if isinstance(factor, sp.tanh):
        return not factor.args[0].is_Atom
    return isinstance(factor, _LONG) and not isinstance(factor, AppliedDensity)


def _is_weight(factor) -> bool:
    """Whether a factor weights what stands behind it: r_i(z), or an entry of a table γ_ik."""
    table = isinstance(factor, sp.Indexed) and len(factor.indices) > 1
    return table or isinstance(factor, AppliedDensity)


def _over_sums(product):
    """Split a product at the sums and other long factors that it is divided by, if any."""
    factors = sp.Mul.make_args(product)
    divisors = [a for a in factors if a.is_Pow and a.exp == -1 and _is_long(a.base)]
    if any(isinstance(a, sp.exp) for a in factors):  # a factor of a Boltzmann machine: e^a / 2cosh
        divisors += [a for a in factors if isinstance(1 / a, sp.cosh)]
    if not divisors:
        return product, sp.S.One
    rational, above = sp.Mul(*(a for a in factors if a not in divisors)).as_coeff_Mul()
    return rational.p * above, rational.q * sp.Mul(*(a.base for a in divisors))


def _is_sum(expr) -> bool:
    """Whether `expr` is set as a sum: so is 2 (a + b), as 2a + 2b."""
    return expr.is_Add or (expr.is_Mul and sp.Mul(*expr.args).is_Add)


def _hides_factors(front, long) -> bool:
    """Whether something stands behind det A or tr A that could be read as its argument."""
    for part in sp.fraction(front):
        *inner, last = part.as_ordered_factors()
        inner += [last] if long else []
        if any(isinstance(a, (sp.Determinant, sp.Trace)) for a in inner):
            return True
    return False


def _is_bracketed(expr) -> bool:
    """Whether `expr` is a number written as a sum of products of matrices."""
    return (
        isinstance(expr, sp.Trace) and expr.arg.shape == (1, 1) and isinstance(expr.arg, sp.MatAdd)
    )


def _is_one_fraction(text: str) -> bool:
    r"""Whether TeX is one fraction and nothing else.

    >>> _is_one_fraction(r"\frac{a}{b}"), _is_one_fraction(r"\frac{1}{n} \sum x")
    (True, False)
    """
    if not text.startswith(r"\frac{"):
        return False
    depth, groups = 0, 0
    for position, letter in enumerate(text):
        depth += (letter == "{") - (letter == "}")
        groups += letter == "}" and depth == 0
        if groups == 2:
            return position == len(text) - 1
    return False


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
