"""The TeX says what was tested: an independent reader gets the evaluator's value from it."""

import random

import mpmath
import numpy as np
import pytest
import sympy as sp

from boltzlib.book import MatrixSum, chain, density, latex
from boltzlib.book.displays import Comparison, check_display
from boltzlib.book.integrals import VectorIntegral
from boltzlib.book.samples import Samples
from boltzlib.book.symbols import A, N, i, j, k, n, p, t, x

a, b, c = sp.symbols("a b c", positive=True)
r, s = sp.symbols("r s", real=True)
f, J = sp.Function("f"), sp.IndexedBase("J", positive=True)
y, B = sp.MatrixSymbol("y", N, 1), sp.MatrixSymbol("B", N, N)
Z = Samples("z", N)
total, product = sp.Sum(x[i], (i, 1, n)), sp.Product(x[i], (i, 1, n))
outer = MatrixSum((Z[i] - y) * (Z[i] - y).T, (i, 1, n))
number = sp.Trace(y.T * A * y + y.T * B * y)
det, q = sp.Determinant(A), density("q")


def kept(*factors):
    """A product that SymPy does not multiply out."""
    return sp.Mul(*factors, evaluate=False)


RNG = np.random.default_rng(3)
ROOTS = RNG.uniform(0.1, 1, (2, 3, 3))
CASE = {n: 3, N: 3, i: 2, j: 1, k: 3, a: 1.3, b: 0.7, c: 2.1, r: -1.5, s: 0.4}
CASE |= {
    A: ROOTS[0] @ ROOTS[0].T + 1.5 * np.eye(3),
    B: ROOTS[1] @ ROOTS[1].T + 1.5 * np.eye(3),
    J: RNG.uniform(0.2, 1, (3, 3)),
    p: RNG.uniform(0.1, 0.6, 3),
    x: RNG.uniform(0.5, 2, 3),
    y: RNG.uniform(0.3, 1, 3),
    Z: RNG.uniform(0.3, 1, (3, 3)),
    f: lambda u: mpmath.sin(u) + 2,
}


def says_what_it_is(formula):
    return check_display(chain("F", "=", formula), [CASE]) == [(0, 1)]


@pytest.mark.parametrize(
    "formula",
    [
        # numbers in front of matrices
        (a + b) * A,
        (a - b) * (A + B),
        (a + total) * A,
        sp.log(a) * A,
        sp.log(a / b) * B / 2,
        sp.log(sp.Determinant(A)) * B,
        product * A,
        sp.Sum(sp.Product(J[i, j], (j, 1, n)), (i, 1, n)) * A,
        b * sp.Determinant(A) * B,
        # roots
        sp.sqrt(a) * (b + c),
        sp.sqrt(a) * sp.Trace(A),
        sp.sqrt(a) * sp.pi * sp.Determinant(A),
        sp.Determinant(A) / sp.sqrt(2 * a),
        sp.sqrt(r**2) * sp.sqrt(s),
        # powers and sums of traces and determinants
        sp.Trace(A) ** 2,
        sp.Determinant(A) ** a,
        sp.Determinant(A) ** -2,
        sp.Determinant(A) * x[i],
        sp.Determinant(A) * sp.Trace(B),
        sp.Trace(A) * total,
        sp.Trace(y.T * A * y) ** 2,
        number**2,
        a - number,
        a * number,
        sp.log(number) + sp.exp(-number),
        sp.Sum(a * number * x[i], (i, 1, n)),
        # logarithms
        sp.log(total / n),
        sp.log(total / product),
        sp.log(sp.sqrt(a) * b / c),
        sp.log(a) ** 2 * total,
        1 / (sp.log(a) * x[i]),
        b / (sp.log(sp.Determinant(A) / n) * x[i]),
        # a number times a sum, which is set as a sum
        c - kept(2, a + b),
        kept(-2, a + b),
        sp.Sum(kept(2, x[i] + a), (i, 1, n)),
        b + sp.Product(kept(2, x[i] + a), (i, 1, n)),
        # sums of matrices, transposes, entries
        sp.Transpose(outer),
        outer**2,
        sp.Transpose(A.T),
        A[0, 1],
        A[i - 1, j - 1] * y[k - 1, 0],
    ],
    ids=str,
)
def test_no_bracket_is_lost(formula):
    assert says_what_it_is(formula)


def test_roots_of_negative_numbers_are_not_merged():
    assert latex(sp.sqrt(r) * sp.sqrt(s)) == r"\sqrt{r} \sqrt{s}"
    assert latex(sp.sqrt(a) * sp.sqrt(s)) == r"\sqrt{a s}"


def test_what_an_integral_or_a_derivative_takes_is_bracketed():
    integral = VectorIntegral(f(a), y)
    assert latex(integral**2) == rf"\left({latex(integral)}\right)^{{2}}"
    assert latex(VectorIntegral(a + b, y)) == r"\int dy \, \left(a + b\right)"
    assert latex(sp.Derivative(t * sp.log(t), t)) == r"\frac{d}{d t} \left(t \, \ln t\right)"
    slope = sp.Derivative(f(t), t)
    assert latex(slope * f(a)).startswith(rf"\left({latex(slope)}\right)")


def random_number(depth, bound=()):
    if not depth:
        free = [a, b, c, sp.Integer(2), n, x[i], p[k], y[k - 1, 0], A[i - 1, j - 1], sp.pi, J[1, 2]]
        return random.choice(free + [x[index] for index in bound] * 3)

    def part():
        return random_number(depth - 1, bound)

    atom = random.choice([a, b, 2 * a, a * b, a / b, x[i], n * a**2])
    makers = [
        lambda: part() + part(),
        lambda: part() - part(),
        lambda: part() * part(),
        lambda: part() / part(),
        lambda: part() ** random.choice([2, -1, -2]),
        lambda: part() * sp.sqrt(atom) ** random.choice([1, -1]),
        lambda: part() * sp.log(atom + random.choice([0, total, sp.Trace(A)])),
        lambda: sp.exp(-atom) * part(),
        lambda: random.choice([sp.Determinant(A), sp.Trace(A * B), number]) * part(),
        lambda: f(part()),
        lambda: sp.Abs(part()),
    ]
    if len(bound) < 3:
        index = (i, j, k)[len(bound)]
        body = random_number(depth - 1, (*bound, index))
        makers += [lambda: sp.Sum(body, (index, 1, n)), lambda: sp.Product(body, (index, 1, n))]
    return random.choice(makers)()


def random_matrix(depth):
    if not depth:
        return random.choice([A, B, A.T, sp.Identity(N), y * y.T, outer])
    left, right = random_matrix(depth - 1), random_matrix(depth - 1)
    front = random_number(random.choice([0, 1, 2]))
    return random.choice([left * right, left + right, left - right, front * left, left.T, left**2])


@pytest.mark.parametrize("seed", range(4))
def test_random_formulas_read_as_they_are_evaluated(seed):
    random.seed(seed)
    tried = 0
    for _ in range(75):
        formula = random.choice([random_number, random_matrix])(random.choice([1, 2, 2, 3]))
        display = Comparison(chain("F", "=", formula), [CASE])
        values = [values[0, 1] for _, _, values in display.points]
        if values and np.abs(values).max() < 1e100:
            assert display.compare() == [(0, 1)], f"{formula} is set as {latex(formula)}"
            tried += 1
    assert tried > 50


def test_primes_of_a_function():
    u = sp.Symbol("u")
    assert latex(sp.Function("f'")(u)) == r"f'{\left(u \right)}"
    assert latex(sp.Function("varphi''")(u)) == r"\varphi''{\left(u \right)}"
    assert latex(sp.Function("f'")(u) ** 2) == r"f'^{2}{\left(u \right)}"
    assert latex(sp.Function("loss")(u)) == r"\operatorname{loss}{\left(u \right)}"


@pytest.mark.parametrize(
    ("formula", "tex"),
    [
        (sp.Sum(x[i] * sp.tanh(a + x[i]), (i, 1, n)), r"\sum_{i=1}^{n} x_{i} \, \tanh{"),
        (r * sp.log(c) * sp.tanh(2 * s), r"r \, \left(\ln c\right) \, \tanh{\left(2 s \right)}"),
        (sp.tanh(-r) * sp.tanh(2 * s), r"- \tanh{\left(r \right)} \, \tanh{\left(2 s \right)}"),
        (2 * r * sp.tanh(s), r"2 r \tanh{\left(s \right)}"),
    ],
)
def test_a_hyperbolic_tangent_stands_behind_what_it_multiplies(formula, tex):
    assert latex(formula).startswith(tex)


def test_a_coin_is_one_fraction():
    u, v = sp.symbols("u v")
    assert latex(sp.exp(u) / (2 * sp.cosh(v))) == (r"\frac{e^{u}}{2 \cosh{\left(v \right)}}")
    assert latex(1 / sp.cosh(v)) == r"\frac{1}{\cosh{\left(v \right)}}"


def test_a_row_of_ones_is_transposed():
    ones = sp.OneMatrix(N, 1)
    assert latex(ones) == r"\mathbf{1}"
    assert latex(ones.T) == r"\mathbf{1}^{\top}"


@pytest.mark.parametrize(
    ("formula", "tex"),
    [
        ((a + b) / c, r"\frac{a + b}{c}"),
        (x[i] * (r + s) / n, r"\frac{\left(r + s\right) x_{i}}{n}"),
        (J[i, j] * (r + s) / n, r"\frac{J_{ij}}{n} \left(r + s\right)"),  # a weight
        (q(b, c) * (r + s) / n, r"\frac{q_{b}(c)}{n} \left(r + s\right)"),
        (J[i, j] * (r + s) * sp.log(a), r"J_{ij} \, \left(r + s\right) \, \ln a"),
        (sp.exp(r + s) * sp.log(a), r"\exp \left(r + s\right) \, \ln a"),
        (sp.log(a) * sp.log(b), r"\left(\ln a\right) \, \ln b"),
        (sp.sqrt(a) / b * total, r"\frac{1}{b} \sqrt{a} \, \sum_{i=1}^{n} x_{i}"),
        (3 * sp.exp(r) / (2 * sp.cosh(s)), r"\frac{3 \, e^{r}}{2 \cosh{\left(s \right)}}"),
    ],
)
def test_the_factors_of_a_product_in_turn(formula, tex):
    assert latex(formula) == tex


def test_a_sum_over_a_root_is_one_fraction():
    assert latex((b + c) / sp.sqrt(a)) == r"\frac{b + c}{\sqrt{a}}"
    assert latex(b / (c * sp.sqrt(a))) == r"\frac{b}{c} \frac{1}{\sqrt{a}}"


@pytest.mark.parametrize(
    ("formula", "tex"),
    [
        (a * det, r"a \det A"),
        ((c + det) * sp.log(b), r"\left(c + \det A\right) \, \ln b"),
        (b * det * sp.log(c), r"b \det \left(A\right) \, \ln c"),
        # what stood in front of one product is forgotten at the next
        (det * sp.log(a) + sp.log(sp.Determinant(B)), r"\det \left(A\right) \, \ln a + \ln \det B"),
        (
            sp.sqrt(a) * det + sp.log(sp.Determinant(B)),
            r"\det \left(A\right) \sqrt{a} + \ln \det B",
        ),
        (a * A + B / sp.log(det), r"a A + \frac{B}{\ln \det A}"),
        (A / sp.log(det), r"\frac{A}{\ln \det A}"),
    ],
)
def test_a_determinant_has_brackets_where_something_stands_behind_it(formula, tex):
    assert latex(formula) == tex


@pytest.mark.parametrize(
    ("formula", "tex"),
    [
        (number**2, r"\left(y^{\top} A y + y^{\top} B y\right)^{2}"),
        (sp.log(number), r"\ln \left(y^{\top} A y + y^{\top} B y\right)"),
        (sp.Trace(A + B) ** 2, r"\left(\operatorname{tr} \left(A + B\right)\right)^{2}"),
        (sp.log(sp.Trace(A + B)), r"\ln \left(\operatorname{tr} \left(A + B\right)\right)"),
        (sp.log(a / b), r"\ln \frac{a}{b}"),
        (sp.log(1 / r), r"\ln \left(\frac{1}{r}\right)"),
        (sp.log(-r / s), r"\ln \left(- \frac{r}{s}\right)"),
    ],
)
def test_brackets_of_logarithms_and_powers(formula, tex):
    assert latex(formula) == tex


@pytest.mark.parametrize(
    ("formula", "tex"),
    [
        (-A / total, r"- \frac{A}{\sum_{i=1}^{n} x_{i}}"),
        ((b - a) * A / total, r"\frac{\left(b - a\right) A}{\sum_{i=1}^{n} x_{i}}"),
        ((a - b) * A / total, r"\frac{\left(a - b\right) A}{\sum_{i=1}^{n} x_{i}}"),
        (sp.MatMul(1 / total, (A * B).I), r"\frac{B^{-1} A^{-1}}{\sum_{i=1}^{n} x_{i}}"),
        (
            sp.MatMul(1 / total, sp.Inverse(sp.MatMul(A, B))),
            r"\frac{\left(A B\right)^{-1}}{\sum_{i=1}^{n} x_{i}}",
        ),
    ],
)
def test_a_matrix_over_a_sum(formula, tex):
    assert latex(formula) == tex


def test_the_outer_sum_stands_first():
    formula = sp.Sum(J[i, j], (j, 1, i), (i, 1, n))
    assert latex(formula) == r"\sum_{i=1}^{n} \sum_{j=1}^{i} J_{ij}"


def test_a_derivative_has_its_brackets_once():
    falls = sp.Derivative(-t * sp.log(t), t)
    assert latex(falls) == r"\frac{d}{d t} \left(- t \, \ln t\right)"
    slope = sp.Derivative(VectorIntegral(f(a), y), a)
    assert latex(slope) == r"\frac{d}{d a} \int dy \, f{\left(a \right)}"


def test_an_integral_takes_a_whole_sum():
    assert latex(VectorIntegral(kept(2, a + b), y)) == r"\int dy \, \left(2 a + 2 b\right)"


@pytest.mark.parametrize(("entry", "tex"), [(A[i - 1, 0], "A_{i,1}"), (y[k - 1, 0], "y_{k}")])
def test_a_column_has_one_index(entry, tex):
    assert latex(entry) == tex


@pytest.mark.parametrize(
    ("shape", "tex"),
    [
        ((N, 1), r"\mathbf{1}"),
        ((1, 1), r"\mathbf{1}"),
        ((1, 2), r"\mathbf{1}^{\top}"),
        ((2, N), r"\mathbf{1} \mathbf{1}^{\top}"),
    ],
)
def test_ones_stand_or_lie(shape, tex):
    assert latex(sp.OneMatrix(*shape)) == tex


def test_what_is_summed_has_brackets_around_its_minus():
    assert latex(sp.Sum(-x[i], (i, 1, n))) == r"\sum_{i=1}^{n} \left(- x_{i}\right)"
    assert latex(sp.Product(-x[i], (i, 1, n))) == r"\prod_{i=1}^{n} \left(- x_{i}\right)"
    assert latex(VectorIntegral(-f(a), y)).startswith(r"\int dy \, \left(- f")
    X = Samples("x", N)
    assert latex(MatrixSum(-X[i], (i, 1, n))) == r"\sum_{i=1}^{n} \left(- x_{i}\right)"
    assert latex(MatrixSum(X[i], (i, 1, n))) == r"\sum_{i=1}^{n} x_{i}"
    both = MatrixSum(X[i] + X[j], (i, 1, n))
    assert latex(both) == r"\sum_{i=1}^{n} \left(x_{i} + x_{j}\right)"


def test_terms_that_are_no_plain_transposes_are_set_one_by_one():
    assert latex(sp.MatPow(A.T, 2) + B.T) == r"\left(A^{\top}\right)^{2} + B^{\top}"
    assert latex(A.T - B.T) == r"\left(A - B\right)^{\top}"


def test_a_sum_of_matrices_is_no_negative_term():
    assert latex(outer - B).endswith("- B")
