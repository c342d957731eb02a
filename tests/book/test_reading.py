"""The reader reads TeX as a person does, and a display that says something else is refused."""

import math

import mpmath
import numpy as np
import pytest
import sympy as sp

from boltzlib.book import ClaimFailed, MatrixSum, chain, limit, stationary, together
from boltzlib.book.densities import density
from boltzlib.book.displays import Unreadable, check_display
from boltzlib.book.integrals import VectorIntegral
from boltzlib.book.paper_arithmetic import Unsized
from boltzlib.book.reading import CannotRead, Letter, read
from boltzlib.book.symbols import A, K, N, Sigma, X, i, k, lam, m, mu, n, p, q, t, v, x
from boltzlib.book.tex_signs import letter, shown, signs_of

MATRIX = np.array([[1.0, 2.0], [4.0, 3.0]])
ROWS = np.array([[1.0, 5.0], [2.0, 7.0]])
LETTERS = {
    letter(name): Letter(**meaning)
    for name, meaning in {
        "a": {"number": 2.0},
        "b": {"number": 5.0},
        "theta_0": {"number": 7.0},
        r"\sigma^2": {"number": 9.0},
        "n": {"number": 3.0},
        "p": {"table": np.array([1.0, 2.0, 4.0])},
        "W": {"table": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])},
        "theta": {"table": np.array([10.0, 20.0])},
        "A": {"matrix": MATRIX},
        "B": {"matrix": MATRIX.T + np.eye(2)},
        "y": {"matrix": np.array([[1.0], [3.0]])},
        "x": {"family": ROWS},
        "f": {"function": lambda u: u**2},
        "f'": {"function": lambda u: 2 * u},
        "g": {"function": lambda u, w: u - w},
        "q": {"densities": {0: lambda o, u, w: o * (u + w), 1: lambda o, u, w: o * (u - w)}},
        "r": {"number": 0.5, "nodes": (0.5,)},
        "u": {"grid": [(-1.0, 1.0, 2), (0.0, 2.0, 2)]},
    }.items()
}


@pytest.mark.parametrize(
    ("tex", "value"),
    [
        # + and − are weaker than a product, a product is weaker than a power
        ("a + b a", 12),
        ("- a^2 + 1", -3),
        (r"\left(- a\right)^{2}", 4),
        ("2 a^{2} b", 40),
        ("a - b - 1", -4),
        (r"\frac{a}{b} a", 0.8),
        (r"2^{a} b", 20),
        (r"\sqrt{2 a} b", 10),
        (r"\left|{a - b}\right| a", 6),
        ("0.5 a", 1),
        # a sum takes a product, not what is added to it
        (r"\sum_{k=1}^{3} p_k + a", 9),
        (r"\sum_{k=1}^{3} p_k a", 14),
        (r"\sum_{k=1}^{3} \left(p_k + a\right)", 13),
        (r"\prod_{k=1}^{n} 2 p_{k}", 64),
        (r"\left(\prod_{k=1}^{n} 2\right) p_{1}", 8),
        (r"a \sum_{k=2}^{1} p_k", 0),
        (r"\sum_{i=1}^{2} \sum_{k=i}^{3} W_{ik}", 17),
        (r"\sum_{k'=1}^{3} p_{k'}", 7),
        # ln takes one thing
        (r"\ln a", math.log(2)),
        (r"\ln a^{2}", math.log(4)),
        (r"\ln^{2} a", math.log(2) ** 2),
        (r"\ln \left(a b\right) b", 5 * math.log(10)),
        (r"b \, \ln \frac{a}{b} + 1", 5 * math.log(0.4) + 1),
        (r"\ln \det \left(A^{\top} A\right)", math.log(25)),
        (r"a \exp \left(- b\right) a", 4 * math.exp(-5)),
        (r"e^{a} \cosh{\left(b \right)}", math.exp(2) * math.cosh(5)),
        (r"\tanh^{2}{\left(a \right)}", math.tanh(2) ** 2),
        (r"\frac{0}{a} \ln 0", 0),
        # letters
        (r"\theta_{0} + \theta_{1}", 17),
        (r"\theta_0", 7),
        (r"\sigma^{2} a", 18),
        (r"\left(\sigma^{2}\right)^{2}", 81),
        (r"e + \pi", math.e + math.pi),
        ("W_{2,3} - W_{12}", None),
        ("W_{a,3}", 6),
        (r"W_{a n}", 6),
        (r"\delta_{a n} + \delta_{a, 2}", 1),
        # functions and densities
        (r"f{\left(a + 1 \right)} a", 18),
        (r"f'{\left(a \right)}", 4),
        (r"f'^{2}{\left(a \right)}", 16),
        (r"g{\left(a,b \right)}", -3),
        (r"q_{a}(b, n)", 16),
        (r"q_{a}(b \mid n)^{2}", 16),
        (r"a \left(b + 1\right)", 12),
        (r"\frac{a}{a b}", 0.2),
        (r"\prod_{k=1}^{0} p_k", 1),
        (r"\delta_{a, a} + 3 \delta_{a, b}", 1),
        # matrices
        (r"y^{\top} A y", 46),
        (r"\left(y^{\top} A y\right) y^{\top} y", 460),
        (r"A_{1,2} + y_{2} + \left(A A\right)_{2,1}", 21),
        (r"x_{1}^{\top} x_{2}", 37),
        (r"\det A + \operatorname{tr} A", -1),
        (r"\det \left(A\right) \operatorname{tr} \left(A\right)", -20),
        (r"\left(\det A\right)^{2}", 25),
        (r"\operatorname{tr} \left(A^{-1} A\right)", 2),
        (r"y^{\top} \mathbf{1} + \mathbf{1}^{\top} A \mathbf{1}", 14),
        # integrals, derivatives, cases
        (r"\int\limits_{0}^{a} t^{2} + 1\, dt + 1", 8 / 3 + 3),
        (r"\int\limits_{-\infty}^{\infty} \exp \left(- r^{2}\right)\, dr", math.sqrt(math.pi)),
        (r"\int du \, u_{2} + 1", 5),
        (r"\int\limits_{0}^{1} t'\, dt'", 0.5),
        (r"\int\limits_{0}^{1} t_{1}\, dt_{1}", 0.5),
        (r"\sum_{k=1}^{2} \frac{d}{dk} \left(k^{2}\right)", 6),
        (r"\frac{\partial}{\partial a} \ln \left(a^{2} b\right)", 1),
        (r"\frac{d}{d a} \left(a \ln a\right)", 1 + math.log(2)),
        (
            r"\begin{cases} 1 & \text{for}\: a \geq b \\ n & \text{otherwise} \end{cases}",
            3,
        ),
    ],
)  # fmt: skip
def test_what_a_formula_says(tex, value):
    if value is None:
        with pytest.raises(CannotRead):  # 12: an index, or two?
            read(tex, LETTERS)
        return
    found = read(tex, LETTERS)
    assert np.isclose(found, value, rtol=1e-9, atol=1e-12) and np.size(found) == 1


@pytest.mark.parametrize(
    ("tex", "value"),
    [
        ("A y - y", MATRIX @ [[1], [3]] - [[1], [3]]),
        ("A^{2}", MATRIX @ MATRIX),
        (r"\left(A B\right)^{\top}", (MATRIX.T + np.eye(2)).T @ MATRIX.T),
        (r"A - \frac{1}{a} I", MATRIX - np.eye(2) / 2),
        (r"- \left(a I\right)^{2} A", -4 * MATRIX),
        (r"b y - 2 A \mathbf{1}", [[-1], [1]]),
        (r"\sum_{i=1}^{2} x_i x_i^{\top}", ROWS.T @ ROWS),
        (r"x_{a}", [[2], [7]]),
        (
            r"\left(\begin{matrix}a & 1\\n & 4\end{matrix}\right)^{\top}",
            [[2, 3], [1, 4]],
        ),
    ],
)
def test_what_a_matrix_says(tex, value):
    assert np.allclose(read(tex, LETTERS), value, rtol=1e-12)


@pytest.mark.parametrize(
    ("tex", "why"),
    [
        # could mean two things
        (r"\ln a b", "without brackets takes one thing; then comes b"),
        (r"\ln \frac{a}{b} \left(a\right)", "takes one thing"),
        (r"\det A y", "takes one thing"),
        (r"\operatorname{tr} \left(A\right)^{2}", "of all, or of the bracket"),
        (r"\frac{\partial}{\partial a} a \ln a", "a derivative without brackets"),
        (r"\sigma^{2}^{2}", "another superscript"),
        # means nothing
        ("a + - b", "- is nothing"),
        (r"\sum_{k=1}^{3} - p_k", "- is nothing"),
        ("a c", "c is nothing"),
        ("p_k", "k is nothing"),
        (r"\sum_{k=1}^{3} p_k + p_k", "k is nothing"),
        ("p + a", "p without its index"),
        ("a_{1}", "a with 1 below"),
        ("W_{1}", "W with 1 below"),
        ("y_{12}", "y_{12}|LookupError"),
        (r"q_{a}(b)^{2} q_{a}", "q with a below"),
        (r"q_{a}(b, n \mid a, b)", "q with 2 conditions"),
        (r"\left(a + b", "ends too early"),
        (r"\left(a, b\right)", r"expected \); then comes ,"),
        (r"a \right)", r"\) has no place here"),
        (r"\sum_{k \ne 1} p_k", "without its bounds"),
        (r"\sum^{3} a", "without its bounds"),
        (r"\sum_{k=1} p_k", "without its bounds"),
        (r"\sum_{k}^{3} p_k", "without its bounds"),
        ("a +", "ends too early"),
        (r"f\left(a \mid b\right)", r"expected \); then comes"),
        (r"q_{a}(b \mid n \mid a)", r"expected \); then comes"),
        (r"z_{a b}", "z is nothing"),
        (r"\delta a", "delta is nothing"),
        (r"\int\limits_{0}^{1} a", "ends too early"),
        (r"\int t\, dt", "ends too early"),
        (r"\int da \, a", "has no grid"),
        (r"\frac{\partial}{\partial A_{12}} \det A", "a derivative by"),
        (r"\frac{a}{b", "without its }"),
        ("a}", "too many"),
        (r"a^", "without its argument"),
        (r"\begin{cases} 1 & a \geq b \\ n & \text{otherwise} \end{cases}", "a case with a"),
    ],
)  # fmt: skip
def test_what_cannot_be_read(tex, why):
    if why.endswith("|LookupError"):
        with pytest.raises(LookupError, match="outside"):
            read(tex, LETTERS)
        return
    with pytest.raises(CannotRead, match=why):
        read(tex, LETTERS)


@pytest.mark.parametrize(
    ("tex", "why"),
    [
        ("y y", "2x1 times 2x1"),
        ("A + y", "2x2 plus 2x1"),
        ("A + a", "a matrix where a number is needed"),
        ("y_{1}^{\\top}", "transpose of a number"),
        (r"\ln A", "a matrix where a number is needed"),
        (r"\frac{a}{A}", "a matrix where a number is needed"),
        (r"\mathbf{1} y", "unknown size"),
        (r"I \mathbf{1}", "unknown size"),
        (r"\det I", "unknown size"),
        (r"A + \mathbf{1}", "1 is not 2x2"),
        (r"\left(- a\right)^{\frac{1}{2}}", "root of a negative"),
        (r"\sum_{k=1}^{\frac{n}{2}} a", "whole number"),
        (r"\left(a\right)_{1}", "an entry of a number"),
    ],
)
def test_shapes_and_numbers_must_fit(tex, why):
    with pytest.raises(ValueError, match=why):
        read(tex, LETTERS)


def test_a_letter_may_be_two_things_if_its_surroundings_tell():
    entries = {letter("A"): Letter(matrix=MATRIX, table=MATRIX), letter("k"): Letter(number=1.0)}
    assert read(r"\det A + A_{kk}", entries) == pytest.approx(-4)
    other = {**entries, letter("A"): Letter(matrix=MATRIX, table=MATRIX.T)}
    with pytest.raises(CannotRead, match="can be two things"):
        read("A_{kk}", other)


def test_brackets_belong_to_a_letter_that_is_a_function():
    letters = {("h",): Letter(number=3.0, function=lambda u: u + 1.0), ("b",): Letter(number=5.0)}
    for tex, value in [("h b", 15), ("h(b)", 6), ("h b (b)", 75), ("h^2 b", 45), ("h^2 (b)", 36)]:
        assert read(tex, letters) == value


def test_a_fraction_with_a_letter_d_is_no_derivative():
    assert read(r"\frac{d}{2}", {("d",): Letter(number=6.0)}) == 3.0


def test_a_product_of_matrices_has_an_order():
    first, second = MATRIX, MATRIX.T + np.eye(2)
    letters = {("M",): Letter(family=np.stack([first, second]))}
    assert np.allclose(read(r"\prod_{k=1}^{2} M_k", letters), first @ second)


def test_the_size_of_1_and_i_is_that_of_their_neighbours():
    assert np.array_equal(Unsized("I", 2.0).sized(2, 2), 2 * np.eye(2))
    with pytest.raises(ValueError, match="I is not 2x1"):
        Unsized("I").sized(2, 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"\frac12 a", r"\frac{1}{2}\,a"),
        (r"{\mu'}_k", r"\mu'_{k}"),
        (r"\left(a\right)", "(a)"),
        (r"\bigl[\bar x\bigr]", r"[\bar{x}]"),
        (r"\cosh{\left(a \right)}", r"\cosh (a)"),
        (r"x_\theta^\top", r"x_{\theta}^{\top}"),
        (r"x_\bar x", r"x_{\bar{x}}"),
    ],
)
def test_what_looks_the_same_is_the_same(one, other):
    assert signs_of(one) == signs_of(other) == signs_of(shown(signs_of(one)))


def test_words_in_a_message():
    for tex in (r"\operatorname{tr} (A)", r"\text{for}", r"\begin{cases}", r"\end{matrix}"):
        assert shown(signs_of(tex)) == tex
    assert shown(signs_of(r"\bar{ab}")) == r"\bar{a b}"


def test_a_display_in_which_no_case_holds_is_refused():
    tex = r"\begin{cases} 1 & \text{for}\: a > 5 \end{cases}"
    with pytest.raises(ValueError, match="no case holds"):
        read(tex, LETTERS)
    with pytest.raises(ClaimFailed, match="no case holds"):
        check_display(chain("a", "=", mu), [{mu: 1.0}], "a = " + tex.replace("a >", r"\mu >"))


def test_signs_in_a_message():
    assert shown(signs_of(r"f'\left(a, \bar{b}_1\right)")) == r"f' (a, \bar{b}_{1})"
    assert shown(()) == ""


@pytest.mark.parametrize(
    "name",
    [
        "x",
        "theta",
        "theta_0",
        "N_h",
        "x'",
        r"\sigma^2",
        r"\bar{x}",
        "Sigma_2",
        "q_theta",
        "a1",
        "theta_12",
    ],
)
def test_a_letter_looks_as_sympy_sets_it(name):
    assert letter(name) == signs_of(sp.latex(sp.Symbol(name)))


# Displays

DICE = {p: [0.5, 0.3, 0.2], q: [0.2, 0.2, 0.6], K: 3}
SAMPLE = {x: np.array([0.4, 1.9, -1.1, 0.6]), n: 4, mu: 0.3, v: 1.7, t: 0.2}
NORMAL = {
    X: np.array([[0.5, 1.0, 0.2], [1.5, -1.0, 0.4]]), n: 2, N: 3, i: 1,
    m: [0.1, 0.7, -0.4], Sigma: [[2.0, 0.3, 0.1], [0.3, 1.0, 0.2], [0.1, 0.2, 1.5]],
}  # fmt: skip
SPREAD = MatrixSum((X[i] - m) * (X[i] - m).T, (i, 1, n)) / n
DIVERGENCE = chain("D", "=", sp.Sum(p[k] * sp.log(p[k] / q[k]), (k, 1, K)), ">=", 0)
GRADIENT = stationary(
    chain("g", "=", -sp.Sum(x[i] - mu, (i, 1, n)) / (v * n)),
    chain(r"\mu", "=", sp.Sum(x[i], (i, 1, n)) / n),
)
TENDS = limit("s", v / n, n, 0, 1 / n)
PRODUCT, LOGARITHM = chain("S", "=", Sigma * A), chain("a", "=", mu + sp.log(v))


def both(one, other):
    return together(chain("a", "=", one), chain("b", "=", other), joiner=r" , \\ ")


@pytest.mark.parametrize(
    ("stated", "case", "read_sides"),
    [
        (DIVERGENCE, DICE, [(0, 1), (0, 2)]),
        (DIVERGENCE.chains[0], DICE, [(0, 1), (0, 2)]),
        (GRADIENT, SAMPLE, [(0, 1), (1, 1)]),
        (both(mu + v, mu * v), SAMPLE, [(0, 1), (1, 1)]),
        (TENDS, SAMPLE, [(0, 1), (0, 2), (0, 3)]),
        (chain("a", "=", "b", ":=", mu, "=", mu * 1), SAMPLE, [(0, 2), (0, 3)]),
        (chain("S", "=", SPREAD, "=", SPREAD.T), NORMAL, [(0, 1), (0, 2)]),
        (chain(r"\Pr[x = 0]", "=", mu / v), SAMPLE, [(0, 1)]),
        (chain("Q", "=", sp.Trace(X[i].T * Sigma.I * X[i])), NORMAL, [(0, 1)]),
        (chain("L", "=", lam * sp.Identity(N) - Sigma), {**NORMAL, lam: 2.0}, [(0, 1)]),
        (chain("Z", "=", sp.ZeroMatrix(N, N)), NORMAL, [(0, 1)]),
        (chain("R", "=", sp.Matrix([[mu, -1], [v, t]])), SAMPLE, [(0, 1)]),
        (
            chain("F", "=", sp.Sum(sp.Piecewise((1, x[i] <= t), (0, True)), (i, 1, n)) / n),
            SAMPLE,
            [(0, 1)],
        ),
        (
            chain("Z", "=", sp.Integral(sp.exp(-((t - mu) ** 2) / v), (t, -sp.oo, sp.oo))),
            {mu: 0.3, v: 0.7, t: [0.3]},
            [(0, 1)],
        ),
        (
            chain("Z", "=", VectorIntegral(sp.exp(-sp.Trace(m.T * Sigma.I * m)), m)),
            {Sigma: [[2.0, 0.3], [0.3, 1.0]], N: 2, m: [(-9, 9, 48), (-7, 7, 48)]},
            [(0, 1)],
        ),
    ],
)
def test_a_display_that_says_what_is_tested(stated, case, read_sides):
    assert check_display(stated, [case]) == read_sides


def test_densities_of_a_claim():
    theta, z = sp.Symbol("theta", real=True), sp.Symbol("z", integer=True)
    joint, given = density("q"), density("q", given=1)
    stated = chain("l", "=", sp.log(joint(theta, X[i], z) / given(theta, z, X[i])))
    case = {
        **NORMAL, theta: 0.3, z: 2,
        joint: lambda o, u, w: o + mpmath.fsum(u) ** 2 + w,
        given: lambda o, w, u: o * w + mpmath.fsum(u) ** 2,
    }  # fmt: skip
    assert check_display(stated, [case]) == [(0, 1)]
    alone = chain("l", "=", joint(theta, X[i], z))
    with pytest.raises(Unreadable, match="q with 1 conditions"):
        check_display(alone, [case], r"l = q_{\theta}(z \mid x_{i})")


@pytest.mark.parametrize(
    ("stated", "case", "old", "new", "problem", "message"),
    [
        (DIVERGENCE, DICE, "p_{k} \\,", "- p_{k} \\,", Unreadable, "- is nothing"),
        (DIVERGENCE, DICE, "{p_{k}}{q_{k}}", "{q_{k}}{p_{k}}", ClaimFailed, "what is tested"),
        (DIVERGENCE, DICE, r"\ln ", "", ClaimFailed, r"what is shown\n.*\nis "),
        (DIVERGENCE, DICE, "^{K}", "^{K - 1}", ClaimFailed, "is "),
        (DIVERGENCE, DICE, r"\ge", r"\le", ClaimFailed, r"expected \\ge; got \\le 0"),
        (DIVERGENCE, DICE, r"\ge 0", r"\ge 1", ClaimFailed, "is 1 at .*\n    0\nis 0"),
        (DIVERGENCE, DICE, "D =", "F =", ClaimFailed, "expected D; got F"),
        (DIVERGENCE, DICE, r"\ge 0", r"\ge 0 = 0", ClaimFailed, "= 0 is not part"),
        (GRADIENT, SAMPLE, r"= 0 \iff", r"= 1 \iff", ClaimFailed, "expected 2 statements, got 1"),
        (GRADIENT, SAMPLE, r"\iff \mu", r"\iff \nu", ClaimFailed, r"expected \\mu"),
        (GRADIENT, SAMPLE, r"\left(x_{i} - \mu\right)", r"x_{i} - \mu", ClaimFailed, "is "),
        (TENDS, SAMPLE, r"{}\; 0", r"{}\; 1", ClaimFailed, "is 1"),
        (TENDS, SAMPLE, r"[n \to", r"[m \to", ClaimFailed, "a limit over n"),
        (chain("S", "=", Sigma.T), NORMAL, r"^{\top}", "", ClaimFailed, "is an array"),
        (PRODUCT, NORMAL | {A: np.eye(3)}, r"\Sigma A", r"A \Sigma", ClaimFailed, "is an array"),
        (chain("S", "=", SPREAD), NORMAL, r"^{\top}", "", ClaimFailed, "3x1 times 3x1"),
        (LOGARITHM, SAMPLE, r"\sigma^{2}", r"\sigma^{2} \mu", Unreadable, "takes one thing"),
        (LOGARITHM, SAMPLE, r"\mu", r"\frac{\mu", Unreadable, "cannot read"),
        (LOGARITHM, SAMPLE, r"\mu", r"10^{999} \mu", ClaimFailed, "no finite value"),
        (both(mu, v), SAMPLE, r" , \\ ", " ", ClaimFailed, "expected 2 statements"),
    ],
)
def test_a_display_that_says_something_else(stated, case, old, new, problem, message):
    assert old in stated.tex
    with pytest.raises(problem, match=message):
        check_display(stated, [case], stated.tex.replace(old, new))


def test_what_was_the_same_by_chance_differs():
    """At the input as it is Σ is symmetric and the probabilities sum to 1: nothing is seen."""
    stated = chain("S", "=", -Sigma.T)
    assert np.allclose(NORMAL[Sigma], np.transpose(NORMAL[Sigma]))
    with pytest.raises(ClaimFailed):
        check_display(stated, [NORMAL], r"S = - \Sigma")
    with pytest.raises(ClaimFailed):
        check_display(chain("1", "=", sp.Sum(p[k], (k, 1, K))), [DICE], "1 = 1")
    spins = {x: np.array([1, -1, 1]), n: 3}
    with pytest.raises(ClaimFailed):
        check_display(chain("n", "=", sp.Sum(x[i] ** 2, (i, 1, n))), [spins], "n = n")


def test_inputs_are_chosen_whose_sizes_differ():
    """Where m = K in all inputs but one, that one tells where a sum ends."""
    top = sp.Symbol("m", integer=True, positive=True)
    stated = chain("s", "=", sp.Sum(p[k], (k, top + 1, K)))
    cases = [{p: np.ones(size), K: size, top: size} for size in (2, 3, 4, 5)]
    cases.append({p: np.ones(6), K: 6, top: 4})
    with pytest.raises(ClaimFailed):
        check_display(stated, cases, r"s = \sum_{k=m + 2}^{K} p_{k}")


def test_an_input_may_be_such_that_nothing_can_be_changed():
    """A function that knows only its own points, and whole numbers that are indices."""
    f = sp.Function("f")
    table = {mpmath.mpf(1): 0.5, mpmath.mpf(2): 0.25}
    stated = chain("s", "=", sp.Sum(f(x[i]), (i, 1, n)))
    assert check_display(stated, [{x: np.array([1.0, 2.0, 2.0]), n: 3, f: table.__getitem__}])
    stated = chain("s", "=", sp.Sum(p[x[i]], (i, 1, n)))
    assert check_display(stated, [{x: np.array([1, 3]), n: 2, p: [0.1, 0.2, 0.3]}])
    with pytest.raises(ClaimFailed, match="no finite value"):
        check_display(chain("s", "=", 1 / (mu - mu * t)), [{mu: 0.5, t: 1.0}, {mu: 1.0}][1:])


def test_two_letters_that_look_the_same_cannot_be_read():
    first, second = sp.Symbol("a"), sp.Symbol("a", positive=True)
    with pytest.raises(Unreadable, match="both shown as a"):
        check_display(chain("s", "=", first - 2 * second), [{first: 1.0, second: 2.0}])
