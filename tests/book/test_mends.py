"""Every standard slip has its way back: the mend is found, named, and the right formula."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from boltzlib.book import MatrixSum, VectorIntegral, equal, evaluate
from boltzlib.book.mends import letters_in, mends, slowness
from boltzlib.book.mutate import named_copies
from boltzlib.book.symbols import A, K, N, Sigma, X, i, j, k, m, mu, n, p, q, t, v, x

a, b = sp.symbols("a b", positive=True)
J = sp.IndexedBase("J", real=True)
y = sp.MatrixSymbol("y", N, 1)
B = sp.MatrixSymbol("B", 2, 2)
spread = sp.Sum((x[i] - mu) ** 2, (i, 1, n))
LETTERS = [n, N, a, b, p, q, x, m, y, A, Sigma]
entropy = sp.Sum(p[k] * sp.log(p[k]), (k, 1, K))
kl = sp.Sum(p[k] * sp.log(p[k] / q[k]), (k, 1, K))
poisson = a * sp.log(a / b) - a + b
rank_one = (A * m) * m.T
square = sp.Sum(J[i, j], (i, 1, n), (j, 1, N))

# (the slip in words, right, wrong)
SLIPS = [
    ("with the opposite sign", poisson, -poisson),
    ("with the sign of -log(a) changed", b + sp.log(a), b - sp.log(a)),
    ("with the sign of the exponent a/b changed", b + sp.exp(-a / b), b + sp.exp(a / b)),
    ("with a factor 2", poisson, poisson / 2),
    ("with a factor 1/2", poisson, 2 * poisson),
    ("without the factor 1/2", sp.log(a), sp.log(a) / 2),
    ("without the factor 2", sp.log(a), 2 * sp.log(a)),
    ("with a factor 1/2 at -a**2/b", sp.log(a) - a**2 / (2 * b), sp.log(a) - a**2 / b),
    ("with a factor 2 at a", sp.log(2 * a), sp.log(a)),
    ("with a factor 1/n", spread / n, spread),
    ("without the factor 1/n", spread, spread / n),
    ("with a factor n", n * sp.log(a) + n * b, sp.log(a) + b),
    ("with a factor 1/N", sp.Trace(A) / N, sp.Trace(A)),
    ("with a factor 1/n", MatrixSum(X[i], (i, 1, n)) / n, MatrixSum(X[i], (i, 1, n))),
    ("with a factor 1/n at log(a)", b + sp.log(a) / n, b + sp.log(a)),
    ("with a factor 1/b at log(a)", a + sp.log(a) / b, a + sp.log(a)),
    ("with a factor p[k] at log(p[k])", entropy, sp.Sum(sp.log(p[k]), (k, 1, K))),
    ("with a**(-3) in place of a**(-2)", b + a**-3, b + a**-2),
    ("with n - 1 in place of n", spread / (n - 1), spread / n),
    ("with n in place of n - 1", spread / (2 * n), spread / (2 * (n - 1))),
    ("with 1/n in place of n", a - a / n, a - a * n),
    ("with n + 1 in place of n", (a + b) / (n + 1), (a + b) / n),
    ("with n in place of n + 1", a / n, a / (n + 1)),
    ("with the logarithm of the whole", sp.log(a + b), a + b),
    ("with the logarithm of a", b * sp.log(a) + a**2, b * a + a**2),
    ("with the logarithm of p[k]/q[k]", kl, sp.Sum(p[k] * p[k] / q[k], (k, 1, K))),
    ("with the logarithm of a", a**2 * b * sp.log(a), a**3 * b),
    ("without the logarithm of a", a + b, sp.log(a) + b),
    ("without the logarithm of a + b", a + b, sp.log(a + b)),
    ("with the exponential of the whole", sp.exp(a - b), a - b),
    ("without the exponential of a", a + b, sp.exp(a) + b),
    ("with the square of the whole", (a + b) ** 2, a + b),
    ("with the square of a", a**2 + b, a + b),
    ("with a in place of a**2", a + b, a**2 + b),
    ("with the square root of a", sp.sqrt(a) + b, a + b),
    ("with a in place of sqrt(a)", a + b, sp.sqrt(a) + b),
    ("with the reciprocal of the whole", 1 / (a + b), a + b),
    ("with the reciprocal of b", a / b + 1, a * b + 1),
    ("with i running from 2", sp.Sum(x[i], (i, 2, n)), sp.Sum(x[i], (i, 1, n))),
    ("with i running from 1", sp.Sum(x[i], (i, 1, n)), sp.Sum(x[i], (i, 2, n))),
    ("with i running up to n", sp.Sum(x[i], (i, 1, n)), sp.Sum(x[i], (i, 1, n - 1))),
    ("with i running up to n - 1", sp.Sum(x[i], (i, 1, n - 1)), sp.Sum(x[i], (i, 1, n))),
    ("with i running up to n", square, sp.Sum(J[i, j], (i, 1, n - 1), (j, 1, N))),
    ("with j running up to N", square, sp.Sum(J[i, j], (i, 1, n), (j, 1, N - 1))),
    ("with i running up to n", MatrixSum(X[i], (i, 1, n)), MatrixSum(X[i], (i, 1, n - 1))),
    ("with i running from 1", MatrixSum(X[i], (i, 1, n)), MatrixSum(X[i], (i, 2, n))),
    ("with the logarithm inside the sum", sp.Sum(sp.log(p[k]), (k, 1, K)),
     sp.log(sp.Sum(p[k], (k, 1, K)))),
    ("with the logarithm outside the sum", sp.log(sp.Sum(p[k], (k, 1, K))),
     sp.Sum(sp.log(p[k]), (k, 1, K))),
    ("with the power inside the sum", sp.Sum(x[i] ** 2, (i, 1, n)), sp.Sum(x[i], (i, 1, n)) ** 2),
    ("with the power outside the sum", sp.Sum(x[i], (i, 1, n)) ** 2, sp.Sum(x[i] ** 2, (i, 1, n))),
    ("with p and q exchanged", kl, kl.xreplace({p: q, q: p})),
    ("with a and b exchanged", poisson, poisson.xreplace({a: b, b: a})),
    ("with A and Sigma exchanged", A * Sigma * A.T, Sigma * A * Sigma.T),
    ("with q[k] in place of p[k]", sp.Sum(p[k] * sp.log(q[k]), (k, 1, K)), entropy),
    ("with b in place of a", a * sp.log(b), a * sp.log(a)),
    ("with y in place of mu", A * y * m.T, A * m * m.T),
    ("with J[i, j] in place of J[j, i]", sp.Sum(J[i, j] * x[i], (i, 1, n)),
     sp.Sum(J[j, i] * x[i], (i, 1, n))),
    ("with x[j] in place of x[i]", sp.Sum(J[i, j] * x[j], (i, 1, n)),
     sp.Sum(J[i, j] * x[i], (i, 1, n))),
    ("with J[i, j] in place of J[i, i]", J[i, j] * x[j], J[i, i] * x[j]),
    ("with J[i, j] in place of J[j, j]", J[i, j] * x[i], J[j, j] * x[i]),
    ("with A[0, 1] in place of A[1, 0]", a * A[0, 1], a * A[1, 0]),
    ("with the whole transposed", rank_one, rank_one.T.doit()),
    ("with A transposed", A.T * m, A * m),
    ("without the transpose of A", A * m, A.T * m),
    ("with the inverse of Sigma", Sigma.I * m, Sigma * m),
    ("without the inverse of Sigma", Sigma * m, Sigma.I * m),
    ("with the inverse of the whole", (A + Sigma).I, A + Sigma),
    ("with A and Sigma in the other order", Sigma * A * A.T, A * Sigma * A.T),
    ("without the term b", a, a + b),
    ("without the factor b", a + 1, a * b + 1),
]  # fmt: skip


def same(one, other) -> bool:
    if one.is_Matrix != other.is_Matrix or (one.is_Matrix and one.shape != other.shape):
        return False
    return one == other or equal(one, other)


@pytest.mark.parametrize(("words", "right", "wrong"), SLIPS)
def test_every_slip_has_its_way_back(words, right, wrong):
    named = [mended for mended, slip in mends(wrong, LETTERS).items() if str(slip) == words]
    assert any(same(mended, right) for mended in named)


@pytest.mark.parametrize(("words", "right", "wrong"), SLIPS)
def test_no_mend_is_the_formula_itself_and_all_are_distinct(words, right, wrong):
    found = mends(wrong, LETTERS)
    assert wrong not in found and len(found) >= 5
    assert all(str(slip).split()[0] in ("with", "without") for slip in found.values())


def words_of(formula, letters=()) -> set:
    return {str(slip) for slip in mends(formula, letters).values()}


@pytest.mark.parametrize("formula", [poisson, kl, rank_one])
def test_a_change_of_the_whole_comes_before_those_of_a_part(formula):
    words = [str(slip) for slip in mends(formula, [n]).values()]
    assert words[0] == "with the opposite sign"
    assert set(words[1:5]) == {f"with a factor {c}" for c in ("1/2", "2", "1/n", "n")}


def test_the_logarithm_is_taken_of_each_part_of_a_product():
    found = mends(a * b * mu).items()
    inside = {mended for mended, slip in found if str(slip).startswith("with the logarithm of")}
    parts = [(a, b * mu), (b, a * mu), (mu, a * b)]
    assert inside == {sp.log(a * b * mu)} | {
        rest * sp.log(part) for one, other in parts for part, rest in ((one, other), (other, one))
    }


def test_the_logarithm_of_a_matrix_is_not_tried():
    assert not any(log.args[0].is_Matrix for new in mends(a * A * m) for log in new.atoms(sp.log))


def test_of_a_long_product_no_part_is_put_under_a_logarithm():
    letters = sp.symbols("c1:7", positive=True)
    pair = f"with the logarithm of {letters[0] * letters[1]}"
    assert pair in words_of(sp.Mul(*letters[:5]))
    assert pair not in words_of(sp.Mul(*letters))


def test_four_letters_are_tried_as_a_factor_that_a_part_has_lost():
    letters = sp.symbols("c1:7", positive=True)
    words = words_of(a + sp.exp(mu), letters)
    tried = [c for c in (a, *letters) if f"with a factor {c} at exp(mu)" in words]
    assert tried == [a, *letters[:3]]


def test_numbers_and_counts_within_are_left_as_they_are():
    words = words_of(sp.sqrt(a) + n * b, [n])
    assert {"with the exponential of b", "with n + 1 in place of n"} <= words
    assert not {f"with the {new} of {what}" for new in ("square", "exponential")
                for what in ("1/2", "n")} & words  # fmt: skip


@pytest.mark.parametrize(
    "slow",
    [
        sp.Integral(sp.sqrt(t) * sp.exp(-t), (t, 0, sp.oo)),
        sp.Integral(sp.exp(-(t**2)), (t, 0, sp.oo)),
        sp.Sum(a**k / sp.factorial(k), (k, 0, sp.oo)),
    ],
)
def test_numbers_and_counts_within_what_is_slow_are_left_as_they_are(slow):
    words = words_of(slow)
    assert any(" at " in one for one in words)
    assert not any(one.endswith((" at 1/2", " at 2", " at k")) for one in words)


def test_no_letter_is_put_in_its_own_place():
    four = sp.Mul(2, sp.Mul(2, a, evaluate=False), evaluate=False)
    assert "with b in place of a" in words_of(four, [b])
    assert "with a in place of a" not in words_of(four, [b])


def test_a_matrix_takes_the_place_only_of_one_of_its_shape():
    words = words_of(m, [A, y])
    assert "with y in place of mu" in words and "with A in place of mu" not in words


def test_a_number_in_matrix_notation_is_not_transposed():
    assert "with the whole transposed" not in words_of(y.T * A * y)
    assert {"with the whole transposed", "with the inverse of the whole"} <= words_of(B)


@pytest.mark.parametrize(
    "formula", [b * sp.Integral(a * t, (t, 0, 1)), b * sp.Sum(a**k, (k, 1, n))]
)
def test_what_an_integral_or_sum_runs_over_stays_within(formula):
    letters = formula.free_symbols
    assert all(mended.free_symbols <= letters for mended in mends(formula))


def test_the_name_of_a_table_is_no_number():
    words = words_of(a * p[k] + b)
    assert "with a and b exchanged" in words
    assert not any("a and p" in one or "b and p" in one for one in words)
    assert not {"with a factor p", "with a factor 1/p"} & words


def formulas():
    """Sums of a few terms, as a closed form has them."""
    terms = [sp.log(a), sp.log(b), a, b, a**2 / b, a * sp.log(b), sp.exp(-a), sp.sqrt(b), 1 / a]
    coefficients = st.sampled_from([1, -1, 2, sp.Rational(1, 2), sp.Rational(-3, 2)])
    pairs = st.tuples(coefficients, st.sampled_from(terms))
    return st.lists(pairs, min_size=2, max_size=4, unique_by=lambda pair: str(pair[1])).map(
        lambda found: sp.Add(*(c * term for c, term in found))
    )


def value_of(formula, point):
    try:
        value = evaluate(formula, point)
        return round(float(value), 12)
    except (ValueError, TypeError, OverflowError):  # complex, or no number at all
        return None


@settings(max_examples=40, deadline=None)
@given(formulas(), st.data())
def test_what_was_broken_by_a_sign_a_factor_2_or_a_logarithm_is_mended(formula, data):
    term = data.draw(st.sampled_from(formula.args))
    rest = formula - term
    wrong = data.draw(
        st.sampled_from(
            [-formula, 2 * formula, formula / 2, rest - term, rest + 2 * term, rest + term / 2]
        )
    )
    point = {a: 0.7, b: 1.9}
    goal = value_of(formula, point)
    hits = [other for other in mends(wrong) if value_of(other, point) == goal]
    assert any(sp.expand(other - formula) == 0 for other in hits)


@settings(max_examples=30, deadline=None)
@given(formulas())
def test_broken_copies_carry_their_slip(formula):
    for broken, slip in named_copies(formula).items():
        assert str(slip).startswith(("with ", "without "))
        assert broken != formula


def test_letters_that_count_are_whole_and_no_index():
    cases = [{n: 3, N: 2, x: [1.0, 2.0, 3.0], v: 1.0, j: 1}, {n: 4, x: [1.0] * 4, v: 1.0, j: 2}]
    assert letters_in(cases) == [n, x, v, j]  # N has no value at the second input
    words = [str(slip) for slip in mends(x[j] + 1, letters_in(cases)).values()]
    assert "with a factor 1/n" in words
    assert not {"with a factor 1/j", "with a factor 1/N"} & set(words)
    words = words_of(X[j] + m, [n, j])
    assert "with a factor 1/n" in words and "with a factor 1/j" not in words


def test_letters_of_a_single_input():
    assert letters_in([{n: 3, v: 1.0}]) == [n, v]


def test_what_is_slow_is_changed_around_not_within():
    area = sp.Integral(sp.exp(-(t**2)), (t, -sp.oo, sp.oo))
    endless = sp.Sum(a**k / sp.factorial(k), (k, 0, sp.oo))
    assert slowness(area) == slowness(b + endless) == 1 and slowness(spread) == 0
    assert slowness(sp.Sum(sp.Integral(x[i] * t, (t, 0, 1)), (i, 1, n))) == 2
    assert slowness(sp.Sum(endless * x[i], (i, 1, n)) + spread) == 2
    assert slowness(sp.Sum(a**k * x[i] / sp.factorial(k), (k, 0, sp.oo), (i, 1, n))) == 1
    assert slowness(VectorIntegral(sp.exp(-sp.Trace(y.T * y)), y)) == 2
    found = {str(slip): mended for mended, slip in mends(b * area).items()}
    assert found[f"with the logarithm of {area}"] == b * sp.log(area)
    assert not any(words.endswith("logarithm of t") for words in found)
    within = {str(slip) for slip in mends(area).values()}
    assert "with a factor 1/2 at -t**2" in within and "with t in place of t**2" in within


def test_no_tower_of_exponentials_is_tried():
    found = mends(sp.exp(a) + b)
    assert not any(power.args[0].has(sp.exp) for mended in found for power in mended.atoms(sp.exp))
    tower = sp.exp(sp.exp(a))
    assert 2 * tower in mends(tower)  # what is in the formula itself may stay


def test_a_vector_of_samples_has_values_that_tell_the_mends_apart():
    rng = np.random.default_rng(4)
    case = {X: rng.normal(size=(4, 3)), n: 4, N: 3}
    total = MatrixSum(X[i], (i, 1, n))
    right = evaluate(total / n, case)
    hits = []
    for mended, slip in mends(total, LETTERS).items():
        try:
            value = evaluate(mended, case)
        except ValueError:
            continue
        if getattr(value, "rows", 0) == 3 and max(abs(e) for e in value - right) < 1e-12:
            hits.append(str(slip))
    assert hits[0] == "with a factor 1/n"
    assert set(hits) <= {"with a factor 1/n", "with a factor 1/n at MatrixSum(x_i, (i, 1, n))",
                         "with a factor 1/n at x_i"}  # fmt: skip
