"""What a claim says when it fails: corner, input, both values, the odd one out, the mend."""

import re

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Eq, Function, Lambda, expand, log, simplify

from boltzlib.book import (
    ClaimFailed,
    MatrixSum,
    chain,
    claim,
    diagnosis,
    equal,
    evaluate,
    stationary,
    together,
)
from boltzlib.book.corners import DerivedDiffers, Numbers, same
from boltzlib.book.diagnosis import explain_numbers
from boltzlib.book.evaluate import to_numpy
from boltzlib.book.symbols import A, K, N, Sigma, X, i, k, m, mu, n, p, q, v, x

a, b, u = sp.symbols("a b u", positive=True)
y = sp.MatrixSymbol("y", N, 1)
RATES = [{a: 0.5, b: 2.0}, {a: 3.0, b: 1.25}]
SAMPLES = [
    {x: [0.5, 1.25, 3.0], n: 3, mu: 0.7, v: 1.75},
    {x: [2.0, 0.25, 1.5, 4.0, 0.125], n: 5, mu: -1.2, v: 0.5},
]
DICE = [
    {p: [0.5, 0.25, 0.25], q: [0.25, 0.125, 0.625], K: 3},
    {p: [0.125, 0.875], q: [0.625, 0.375], K: 2},
]
MATRICES = [
    {A: [[0.5, 0.5], [2.5, 3.5]], Sigma: [[2.0, 0.5], [1.0, 3.0]], m: [-2.75, -1.75],
     y: [2.0, 3.0], N: 2},
    {A: [[1, 2, 0], [0.5, -1, 3], [4, 1, -2]], Sigma: [[2, 0, 1], [1, 3, -1], [0, 2, 5]],
     m: [0.25, 1.5, -2.0], y: [1.0, -0.5, 2.0], N: 3},
]  # fmt: skip
VECTORS = [
    {X: np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.25]]), n: 3, N: 2},
    {X: np.array([[2.0, -1.0, 4.0], [0.0, 1.5, 2.5]]), n: 2, N: 3},
]
poisson = a * log(a / b) - a + b
kl = sp.Sum(p[k] * log(p[k] / q[k]), (k, 1, K))
squares = sp.Sum(x[i] ** 2, (i, 1, n))
total = MatrixSum(X[i], (i, 1, n))


def number(formula):
    """A function of a case, as a student writes one; here from the formula itself."""
    return lambda case: to_numpy(evaluate(formula, case))


def failure(stated, derived, computed, cases, kind="identity", **options) -> str:
    """What a claim of a reader's own formula says when it fails."""
    goal = None if derived is None else expand(derived)
    with pytest.raises(ClaimFailed) as found:
        claim("mine", kind, stated, derived=goal, computed=computed, cases=cases, **options)
    return str(found.value)


def test_the_whole_message_when_the_stated_formula_is_wrong():
    wrong = a * log(a / b) - a - b
    assert failure(chain("D", "=", wrong), poisson, number(poisson), RATES) == (
        "mine: derived ≠ stated: could not prove that the derived\n"
        "    a*log(a) - a*log(b) - a + b\n"
        "equals the stated\n"
        "    a*log(a/b) - a - b\n"
        "At {a = 0.5, b = 2}: derived 0.807, stated -3.19\n"
        "Computed agrees with derived at every input: look at the stated formula.\n"
        "It would agree with the sign of -b changed:\n"
        "    a*log(a/b) - a + b"
    )


def test_the_whole_message_when_the_function_is_wrong():
    doubled = number(2 * poisson)
    assert failure(chain("D", "=", poisson), poisson, doubled, RATES) == (
        "mine: stated ≠ computed: stated 0.807, computed 1.61\n"
        "at {a = 0.5, b = 2}. It would agree with a factor 2:\n"
        "    2*a*log(a/b) - 2*a + 2*b\n"
        "Derived and stated are proved equal:\n"
        "look at the function first, then for a slip that both formulas share."
    )


def test_the_whole_message_when_the_derivation_is_wrong():
    says = failure(chain("D", "=", poisson), 2 * poisson, number(poisson), RATES)
    assert says.endswith(
        "At {a = 0.5, b = 2}: derived 1.61, stated 0.807\n"
        "Computed agrees with stated at every input: look at the derivation.\n"
        "Derived would agree with a factor 1/2:\n"
        "    a*log(a) - a*log(b) - a + b"
    )


# (the slip, right, wrong, inputs)
SLIPS = [
    ("with the opposite sign", poisson, -poisson, RATES),
    ("with the sign of -b changed", poisson, poisson - 2 * b, RATES),
    ("with the sign of the exponent a/b changed", b + sp.exp(-a / b), b + sp.exp(a / b), RATES),
    ("with a factor 2", poisson, expand(poisson / 2), RATES),
    ("with a factor 1/2", poisson, 2 * poisson, RATES),
    ("with a factor 1/n", squares / n, squares, SAMPLES),
    ("without the factor 1/n", squares, squares / n, SAMPLES),
    ("with a factor 1/n", total / n, total, VECTORS),
    ("with n - 1 in place of n", squares / (n - 1), squares / n, SAMPLES),
    ("with the logarithm of a/b", poisson, a * a / b - a + b, RATES),
    ("without the logarithm of a", a + b, log(a) + b, RATES),
    ("with the logarithm of the whole", log(squares), squares, SAMPLES),
    ("with the exponential of the whole", sp.exp(squares / n), squares / n, SAMPLES),
    ("with i running from 1", squares, sp.Sum(x[i] ** 2, (i, 2, n)), SAMPLES),
    ("with i running up to n", squares, sp.Sum(x[i] ** 2, (i, 1, n - 1)), SAMPLES),
    ("with the square of x[i]", squares, sp.Sum(x[i], (i, 1, n)), SAMPLES),
    ("with x[i] in place of x[i]**2", sp.Sum(x[i], (i, 1, n)), squares, SAMPLES),
    ("with the power inside the sum", squares, sp.Sum(x[i], (i, 1, n)) ** 2, SAMPLES),
    ("with p and q exchanged", kl, kl.xreplace({p: q, q: p}), DICE),
    ("with a and b exchanged", poisson, poisson.xreplace({a: b, b: a}), RATES),
    ("with q[k] in place of p[k]", sp.Sum(p[k] * log(q[k]), (k, 1, K)),
     sp.Sum(p[k] * log(p[k]), (k, 1, K)), DICE),
    ("with b in place of a", a * log(b), a * log(a), RATES),
    ("with the whole transposed", (A * m) * y.T, y * (A * m).T, MATRICES),
    ("with A transposed", A.T * m, A * m, MATRICES),
    ("without the transpose of A", A * m, A.T * m, MATRICES),
    ("with the inverse of Sigma", Sigma.I * m, Sigma * m, MATRICES),
    ("without the inverse of Sigma", Sigma * m, Sigma.I * m, MATRICES),
    ("with A and Sigma exchanged", Sigma * A * Sigma.T, A * Sigma * A.T, MATRICES),
    ("with A and Sigma in the other order", Sigma * A, A * Sigma, MATRICES),
    ("with A and Sigma in the other order", Sigma * A * m, A * Sigma * m, MATRICES),
    ("with y in place of mu", A * y, A * m, MATRICES),
    ("with the reciprocal of b", a / b + 1, a * b + 1, RATES),
]  # fmt: skip


@pytest.mark.parametrize(("slip", "right", "wrong", "cases"), SLIPS)
def test_a_slip_in_the_stated_formula_is_named(slip, right, wrong, cases):
    """The function, which is right, tells; then it is no use to ask who is wrong."""
    says = failure(chain("f", ":=", wrong), None, number(right), cases, kind="definition")
    assert re.match(r"mine: stated ≠ computed:( |\n    )stated ", says)
    assert f"It would agree {slip}:\n" in says


@pytest.mark.parametrize(("slip", "right", "wrong", "cases"), SLIPS)
def test_a_slip_against_the_derivation_is_named(slip, right, wrong, cases):
    says = failure(chain("f", "=", wrong), right, number(right), cases)
    assert says.startswith("mine: derived ≠ stated: could not prove")
    assert "Computed agrees with derived at every input: look at the stated formula." in says
    assert f"It would agree {slip}:\n" in says


@pytest.mark.parametrize(("slip", "right", "wrong", "cases"), SLIPS)
def test_a_slip_in_the_function_is_found_and_the_function_suspected(slip, right, wrong, cases):
    """Here the formula is right; what would mend it says what the function does instead."""
    says = failure(chain("f", "=", right), right, number(wrong), cases)
    assert "look at the function first" in says
    assert "It would agree " in says


# Two slips at once, or none of the standard ones.
FAR = [
    (poisson, 2 * a * log(b / a) - a + b**2, RATES),
    (squares / n, sp.Sum(x[i] ** 3, (i, 2, n)), SAMPLES),
    ((A * m) * y.T, 2 * y * (A.T * m).T, MATRICES),
    (kl, sp.Sum(q[k] * (p[k] - q[k]) ** 2, (k, 1, K)), DICE),
]


@pytest.mark.parametrize(("right", "wrong", "cases"), FAR)
def test_no_mend_is_named_where_none_is_right(right, wrong, cases):
    stated = chain("f", ":=", wrong)
    assert "would agree" not in failure(stated, None, number(right), cases, kind="definition")
    assert "would agree" not in failure(chain("f", "=", wrong), right, number(right), cases)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(-3, 3), min_size=3, max_size=3).filter(any),
    st.lists(st.integers(-3, 3), min_size=3, max_size=3).filter(any),
)
def test_a_named_mend_holds_at_every_input(ours, theirs):
    """Whatever is named, it is the right formula."""
    terms = [a, b * log(a), sp.sqrt(b)]
    stated = sp.Add(*(c * term for c, term in zip(ours, terms, strict=True)))
    right = sp.Add(*(c * term for c, term in zip(theirs, terms, strict=True)))
    if stated == right:
        return
    says = failure(chain("f", ":=", stated), None, number(right), RATES, kind="definition")
    _, named, after = says.partition("It would agree ")
    if named:
        mended = sp.sympify(after.splitlines()[1].strip(), locals={"a": a, "b": b})
        for case in [*RATES, {a: 1.7, b: 0.3}]:
            assert float(evaluate(mended - right, case)) == pytest.approx(0, abs=1e-12)


def test_a_mend_that_holds_at_one_input_only_is_not_named():
    """With n = 2 a factor 1/2 is as good as 1/n; the second input tells."""
    two = [{x: [0.5, 1.25], n: 2, mu: 0.0, v: 1.0}]
    stated, right = chain("f", ":=", squares), number(squares / n)
    both = failure(stated, None, right, two, kind="definition")
    assert "It would agree with a factor 1/2:\n" in both
    assert "\nor with a factor 1/n:\n" in both and both.count("More inputs can tell which.") == 1
    one = failure(stated, None, right, [*two, *SAMPLES], kind="definition")
    assert "It would agree with a factor 1/n:\n" in one and "\nor " not in one


def test_a_mend_against_a_derivation_is_proved_not_only_computed():
    """At these inputs n = 2: 1/2 has the right numbers, and yet is not the derived formula."""
    two = [{x: [0.5, 1.25], n: 2}, {x: [2.0, 0.25], n: 2}]
    says = failure(chain("f", "=", squares), squares / n, number(squares / n), two)
    assert "It would agree with a factor 1/n:\n" in says and "1/2" not in says


def test_what_is_left_of_a_lost_term_is_shown():
    says = failure(chain("D", "=", a * log(a / b)), poisson, number(poisson), RATES)
    assert says.endswith("Derived minus stated is\n    -a + b")


def test_a_steady_ratio_or_distance_is_shown():
    stated = chain("D", ":=", poisson)
    bits = failure(stated, None, number(poisson / log(2)), RATES, kind="definition")
    assert bits.endswith("Stated is 0.693147 times computed at every input.")
    shifted = failure(stated, None, number(poisson + sp.pi), RATES, kind="definition")
    assert shifted.endswith("Stated is computed minus 3.14159 at every input.")
    once = failure(stated, None, number(poisson + sp.pi), RATES[:1], kind="definition")
    assert "every input" not in once


def test_a_function_that_ignores_its_input_is_told_so():
    says = failure(chain("D", ":=", poisson), None, lambda c: 3.0, RATES, kind="definition")
    assert says.endswith("does the function look at its argument?")


def test_at_how_many_inputs_it_fails():
    def only_above_one(c):
        return to_numpy(evaluate(poisson, c)) if c[a] > 1 else 5.0

    says = failure(chain("D", ":=", poisson), None, only_above_one, RATES, kind="definition")
    assert "at {a = 0.5, b = 2}." in says and "It fails at 1 of 2 inputs." in says


def test_values_are_shown_with_the_digits_in_which_they_differ():
    near = number(poisson * (1 + sp.Rational(1, 10**6)))
    says = failure(chain("D", ":=", poisson), None, near, RATES, kind="definition")
    assert "stated 0.806853, computed 0.806854\n" in says


def test_the_entry_that_differs_most_is_named():
    off = np.array([[0.0, 0.0], [-0.25, 0.125]])

    def computed(c):
        return to_numpy(evaluate(A, c)) + (off if c[N] == 2 else 0)

    says = failure(chain("A", ":=", A), None, computed, MATRICES, kind="definition")
    assert "They differ most in row 2, column 1: stated 2.5, computed 2.25." in says
    column = failure(
        chain("y", ":=", y), None, lambda c: np.array(c[y]) + [0.5] + 0, MATRICES, kind="definition"
    )
    assert "They differ most in component 1: stated 2, computed 2.5." in column


def test_arrays_stand_below_each_other():
    says = failure(chain("f", "=", A * m), A.T * m, number(A * m), MATRICES[:1])
    at = "{A = [[0.5, 0.5], [2.5, 3.5]], Σ = [[2. , 0.5], [1. , 3. ]], μ = [-2.75, -1.75], "
    assert (
        f"\nAt {at}y = [2., 3.], N = 2}}:\n"
        "    derived [-5.75, -7.5 ]\n"
        "    stated  [ -2.25, -13.  ]\n"
        "They differ most in component 2: derived -7.5, stated -13.\n"
    ) in says


def test_shapes_that_differ_are_named():
    says = failure(chain("f", ":=", A * m), None, lambda c: c[A], MATRICES, kind="definition")
    assert "The shapes differ: stated has 2 numbers, computed 2 × 2." in says
    row = failure(
        chain("f", ":=", m), None, lambda c: np.array([c[m]]), MATRICES, kind="definition"
    )
    assert "The shapes differ: stated has 2 numbers, computed 1 × 2." in row
    assert "It would agree with the whole transposed:\n    mu.T" in row


def test_what_is_equal_but_not_proved_is_said_to_be_so():
    g = Function("g", positive=True)
    cases = [{**case, g: lambda t: t**2} for case in RATES]
    says = failure(chain("f", "=", g(a) * b), a**2 * b, number(a**2 * b), cases)
    assert "At all 2 inputs the two have the same value, so they may well be equal." in says
    assert "would agree" not in says and "`given`" in says


def test_what_has_no_numbers_is_said_to_have_none():
    g = Function("g", positive=True)
    says = failure(chain("f", "=", a * b), g(a) * b, number(a * b), RATES)
    assert "In numbers they cannot be compared: no value was given for the function g." in says
    assert "`lemmas` says" in says


def test_computed_may_side_with_neither_or_with_both():
    says = failure(chain("f", "=", a), a + b, lambda c: 7.0, RATES)
    assert "Computed agrees with neither of them." in says
    close = a + sp.Rational(1, 10**16)
    says = failure(chain("f", "=", close), a, number(a), RATES)
    assert "Computed agrees with both, within its tolerance." in says


def test_the_side_of_a_chain_that_differs_is_shown():
    split = sp.Sum(p[k] * log(p[k]), (k, 1, K)) - sp.Sum(q[k] * log(q[k]), (k, 1, K))
    says = failure(chain("D", ":=", kl, "=", split), None, number(kl), DICE, kind="definition")
    assert f"The side that differs is\n    {split}" in says
    assert "It would agree with p[k] in place of q[k]:\n" in says


def bound(stated, **changes):
    g = Function("g", nonnegative=True)
    gap = simplify(sp.Sum(p[k] * g(q[k] / p[k]), (k, 1, K)))
    facts = [Eq(sp.Sum(p[k], (k, 1, K)), 1), Eq(sp.Sum(q[k], (k, 1, K)), 1)]
    arguments = dict(
        lemmas=[(g, Lambda(u, u - 1 - log(u)))], given=facts, computed=number(kl), cases=DICE
    )
    arguments.update(changes)
    with pytest.raises(ClaimFailed) as found:
        claim("mine", "bound", stated, derived=gap, **arguments)
    return str(found.value)


def test_a_bound_the_wrong_way_round_is_told_so():
    says = bound(chain("D", "=", kl, "<=", 0))
    assert "derived ≠ stated: could not prove that the derived gap\n" in says
    assert says.endswith("It would agree with the inequality the other way round.")


def test_a_slip_in_a_bound_is_named_through_its_gap():
    says = bound(chain("D", "=", kl.xreplace({p: q, q: p}), ">=", 0))
    assert f"It would agree with p and q exchanged:\n    {kl}" in says


def test_sides_after_the_turn_are_compared_with_one_another():
    nothing = sp.Sum(p[k] - q[k], (k, 1, K))
    facts = [Eq(sp.Sum(p[k], (k, 1, K)), 1), Eq(sp.Sum(q[k], (k, 1, K)), 1)]
    says = bound(chain("D", "=", kl, ">=", nothing, "=", sp.Sum(p[k] / 2, (k, 1, K))), given=facts)
    assert says.startswith("mine: derived ≠ stated")


def numbers_only(stated, cases, tight=()):
    """A bound whose derivation is not in question: see what the numbers say."""
    every = [*cases, *tight]
    at = frozenset(range(len(cases), len(every)))
    numbers = Numbers(stated.chains[0], None, every, 1e-12, at)
    return explain_numbers(numbers, numbers.check(), has_proof=True)


def test_a_bound_that_fails_in_numbers():
    says = numbers_only(chain("f", "=", a, ">=", b), RATES[:1])
    assert says == (
        "the bound fails: at {a = 0.5, b = 2}\n    0.5  a\nis not larger than\n    2    b\n"
        "It would hold with the inequality the other way round."
    )
    says = numbers_only(chain("f", "=", a - b, ">=", 0), RATES)
    assert "the bound fails" in says and "other way" not in says
    assert "The side a - b would hold with " in says


def test_a_bound_that_is_tight_or_is_not():
    same = {a: 2.0, b: 2.0}
    assert "the bound is tight:\nat {a = 2, b = 2} both sides are 2." in numbers_only(
        chain("f", "=", a, ">=", b), [same]
    )
    loose = numbers_only(chain("f", "=", a, ">=", b), [{a: 3.0, b: 1.0}], [{a: 3.0, b: 2.5}])
    assert loose == (
        "not tight: at {a = 3, b = 2.5}, an input listed under `tight`, the sides differ:\n"
        "    3    a\n    2.5  b"
    )
    only = numbers_only(chain("f", "=", a, ">=", b), [], [same])
    assert only == "the bound is only tried where it is tight. Add an input at which it is strict"


def test_two_stated_sides_that_differ_are_both_shown():
    says = numbers_only(chain("f", "=", poisson, "=", 2 * poisson), RATES)
    assert says == (
        "two stated sides differ at {a = 0.5, b = 2}:\n"
        "    0.807  a*log(a/b) - a + b\n"
        "    1.61   2*a*log(a/b) - 2*a + 2*b\n"
        "The side a*log(a/b) - a + b would agree with a factor 2:\n"
        "    2*a*log(a/b) - 2*a + 2*b"
    )


def test_the_part_of_several_is_named():
    both = together(chain("f", "=", a * b), chain("g", "=", 2 * b))
    with pytest.raises(ClaimFailed, match="^mine: part 2 of 2: derived ≠ stated"):
        claim(
            "mine", "identity", both, derived=(expand(a * (b + 1) - a), expand(b * 1)),
            computed=(number(a * b), number(b)), cases=RATES,
        )  # fmt: skip


def place(solution, computed):
    slope = expand(-1 / v + squares / (2 * n * v**2))
    with pytest.raises(ClaimFailed) as found:
        claim(
            "mine",
            "stationarity",
            stationary(
                chain("g", "=", squares / (2 * n * v**2) - 1 / v), chain(r"\sigma^2", "=", solution)
            ),
            derived=(slope, sp.solve(slope, v)[0]),
            computed=(number(slope), number(computed)),
            cases=SAMPLES,
        )
    return str(found.value)


def test_the_solution_of_a_stationarity_is_named():
    says = place(squares / n, squares / (2 * n))
    assert says.startswith("mine: the solution: derived ≠ stated")
    assert "It would agree with a factor 1/2:\n" in says
    says = place(squares / (2 * n), squares / 2)
    assert says.startswith("mine: the solution: stated ≠ computed")
    assert "It would agree without the factor 1/n:\n" in says


def test_a_statistical_claim_names_its_mean_and_its_mend():
    def replicates(c):
        rng = np.random.default_rng(3)
        return rng.normal(0, np.sqrt(c[v]), (2000, c[n])).var(axis=1, ddof=1)

    cases = [{n: 2, v: 3.0}, {n: 5, v: 0.4}]
    stated = chain("E", "=", v * (n - 1) / n)
    says = failure(stated, v - v / n, replicates, cases, kind="statistical")
    assert "stated 1.5, computed 2.9" in says
    assert "It would agree with n - 1 in place of n:\n    σ²" in says


def test_a_missing_tooth_names_the_slip_and_what_never_changes():
    says = failure(chain("D", "=", poisson), poisson, number(poisson), [{a: 1.0, b: 2.0}])
    assert says == (
        "mine: the check has no teeth: without the factor a it passes, too,\n"
        "    a*log(a/b) + b - 1\n"
        "in place of\n"
        "    a*log(a/b) - a + b\n"
        "Add an input at which the two differ. At every input so far a = 1 and b = 2."
    )


def test_only_what_never_changes_is_named():
    cases = [{a: 1.0, b: 2.0}, {a: 1.0, b: 0.5}]
    says = failure(chain("D", "=", poisson), poisson, number(poisson), cases)
    assert says.endswith("Add an input at which the two differ. At every input so far a = 1.")


def test_a_fact_that_does_not_hold_is_shown_with_both_sides():
    says = bound(chain("D", "=", kl, ">=", 0), cases=[{p: [0.5, 0.625], q: [0.5, 0.5], K: 2}])
    assert says == (
        "mine: given: Sum(p[k], (k, 1, K)) = 1 does not hold\n"
        "at {p = [0.5  , 0.625], q = [0.5, 0.5], K = 2}: left 1.12, right 1"
    )


def test_a_false_lemma_is_shown_with_its_value():
    g = Function("g", nonnegative=True)
    gap = simplify(sp.Sum(p[k] * g(q[k] / p[k]), (k, 1, K)))
    with pytest.raises(ClaimFailed, match="^mine: lemma: g ≥ 0 is false at u = 1: it is -1$"):
        claim(
            "mine", "bound", chain("D", "=", kl, ">=", 0), derived=gap,
            lemmas=[(g, Lambda(u, u - 2 - log(u)))], computed=number(kl), cases=DICE,
        )  # fmt: skip


def test_a_gap_without_a_reason_is_shown():
    facts = [Eq(sp.Sum(p[k], (k, 1, K)), 1)]
    with pytest.raises(ClaimFailed, match="is not visibly nonnegative.\nWrite it with squares"):
        claim(
            "mine", "bound", chain("D", "=", kl, ">=", 0), derived=expand(kl), given=facts,
            computed=number(kl), cases=DICE,
        )  # fmt: skip


def test_a_failure_is_reported_even_if_it_cannot_be_explained(monkeypatch):
    def breaks(*given):
        raise RecursionError("too deep")

    monkeypatch.setattr("boltzlib.book.diagnosis.mends", breaks)
    says = failure(chain("D", "=", a), a + b, number(a), RATES)
    assert says.startswith("mine: derived ≠ stated: could not prove that the derived\n    a + b\n")
    assert says.endswith("(It could not be explained: RecursionError.)")
    says = failure(chain("D", "=", a), a, number(a + b), RATES)
    assert says.startswith("mine: stated 0.5, computed 2.5 at {a = 0.5, b = 2}\n(It could not")


def test_a_plain_number_is_a_derived_formula():
    with pytest.raises(ClaimFailed, match="derived 3, stated 2\nComputed agrees with stated"):
        claim("mine", "identity", chain("f", "=", a / a * 2 + 0 * b), derived=int(simplify(3)),
              computed=lambda c: 2.0, cases=RATES)  # fmt: skip


def test_where_sympy_stumbles_a_claim_does_not():
    """SymPy 1.14 raises a TypeError when it takes the difference of these two determinants."""
    e, f = sp.MatrixSymbol("e", N, 1), sp.MatrixSymbol("f", N, 1)
    case = {A: [[2.0, 1.0], [0.5, 3.0]], e: [1.0, 0.0], f: [0.0, 1.0], N: 2}
    right, wrong = sp.Determinant(A + e * f.T), sp.Determinant(A + (e - f) * f.T)
    with pytest.raises(TypeError):
        equal(right, wrong)
    says = failure(chain("D", "=", wrong), right, number(right), [case])
    assert "Computed agrees with derived at every input: look at the stated formula." in says
    assert "could not be explained" not in says


def told(stated, computed, cases, has_proof=False, **options) -> str:
    """What is said when a stated formula and a function differ."""
    numbers = Numbers(stated.chains[0], computed, cases, 1e-12, **options)
    return explain_numbers(numbers, numbers.check(), has_proof)


def apart(derived, stated, cases, position=0, computed=None, given=()) -> str:
    """What is said when a derived and a stated formula could not be proved equal."""
    numbers = Numbers(chain("f", "=", stated).chains[0], computed, cases, 1e-12)
    return diagnosis.explain_derived(DerivedDiffers(derived, stated, position), numbers, given)


def test_of_a_long_input_twelve_numbers_are_shown():
    for count, shown in ((12, True), (13, False)):
        case = {a: 0.5, b: 2.0, x: [0.25] * count}
        says = told(chain("f", ":=", a), lambda c: 7.0, [case])
        assert (f"x = [{', '.join(['0.25'] * count)}]" in says) is shown


def test_only_of_several_sides_it_is_said_which_one_differs():
    one = told(chain("f", ":=", a), lambda c: 7.0, RATES)
    assert "The side that differs is" not in one
    two = told(chain("f", ":=", a**2 + a, "=", a * (a + 1)), lambda c: 7.0, RATES)
    assert "The side that differs is\n    a**2 + a\n" in two


def test_inputs_at_which_it_fails_are_counted():
    says = told(chain("f", ":=", a), lambda c: 0.5 if c[a] == 0.5 else 7.0, RATES)
    assert says.endswith("It fails at 1 of 2 inputs.")
    assert "It fails at" not in told(chain("f", ":=", a), lambda c: 7.0, RATES)


def test_beside_a_named_mend_nothing_is_said_of_a_steady_ratio():
    says = told(chain("f", ":=", a), lambda c: 2 * c[a], RATES)
    assert "It would agree with a factor 2:\n" in says and "at every input" not in says


def test_of_a_mean_with_noise_no_steady_ratio_is_said():
    says = told(
        chain("f", ":=", a), lambda c: 1.37 * c[a] + np.array([-1e-9, 1e-9]), RATES,
        statistical=True,
    )  # fmt: skip
    assert "would agree" not in says and "at every input" not in says


def test_only_one_side_of_a_bound_is_mended():
    says = numbers_only(chain("f", "=", a, ">=", b), [{a: 0.5, b: 0.625}, {a: 3.0, b: 1.25}])
    assert says.count("would hold") == 1 and "The side a would hold with a factor 2:\n" in says


def test_what_cancels_in_an_expanded_formula_is_no_difference():
    """At a = 2^40 each term has 49 digits, their sum has one."""
    says = apart(expand((a - b) ** 4), (a - b) ** 4, [{a: 2.0**40, b: 2.0**40 - 1}])
    assert "At all 1 inputs the two have the same value" in says


@pytest.mark.parametrize(
    ("derived", "stated", "position", "turned"),
    [(a - b, b - a, None, True), (a - b, a + b, None, False), (a - b, b - a, 0, False)],
)
def test_only_a_gap_of_the_opposite_sign_is_an_inequality_turned_round(
    derived, stated, position, turned
):
    says = apart(derived, stated, RATES, position)
    assert ("inequality the other way round" in says) is turned


def test_a_mend_that_only_has_the_right_numbers_is_not_named():
    """At both inputs n = 2; only 1/n is the derived formula."""
    says = apart(a / n, a, [{a: 0.5, n: 2}, {a: 3.0, n: 2}])
    assert "It would agree with a factor 1/n:\n" in says and "1/2" not in says


@pytest.mark.parametrize(
    ("last", "verdict"),
    [
        (5.0, "Computed agrees with neither of them."),
        (4.25, "Computed agrees with derived at every input"),
    ],
)
def test_computed_sides_with_what_it_agrees_with_at_every_input(last, verdict):
    """At the first input it is what was derived."""
    says = apart(a + b, a, RATES, computed=lambda c: 2.5 if c is RATES[0] else last)
    assert verdict in says
    swapped = apart(a, a + b, RATES, computed=lambda c: 2.5 if c is RATES[0] else last)
    assert verdict.replace("derived", "stated") in swapped


def test_without_a_function_no_side_is_taken():
    says = apart(a - b, a + b, RATES)
    assert "Computed" not in says and "It would agree with the sign of b changed:\n" in says


def test_at_most_two_different_mends_are_named():
    assert len(diagnosis._mends(a + b, RATES, lambda other: True)) == 2
    # the opposite sign and the letters exchanged: one formula
    assert (
        len(diagnosis._mends(log(a / b), RATES, lambda other: other in (-log(a / b), log(b / a))))
        == 1
    )


@pytest.mark.parametrize(
    ("one", "other", "close"),
    [
        (1e6, 1e6 + 0.9e-6, True),
        (1e6, 1e6 + 1.5e-6, False),
        (0.0, 0.9e-12, True),
        (0.0, 1.5e-12, False),
        (1.0, mpmath.matrix([1, 1]), False),
        (mpmath.matrix([1, 2]), mpmath.matrix([1, 2, 3]), False),
    ],
)
def test_facts_hold_as_closely_as_rounded_inputs_let_them(one, other, close):
    assert diagnosis._close(one, other) is close


@pytest.mark.parametrize(
    ("formula", "goals", "has"),
    [
        (a, [0.5, 3.0], True),
        (a, [0.5, 4.0], False),
        (a, [0.5 + 1e-7, 3.0], False),
        (a, [mpmath.matrix([0.5, 0.5]), mpmath.matrix([3.0, 3.0])], False),
        (a + u, [0.5, 3.0], False),  # u has no value
    ],
)
def test_a_formula_has_the_values_at_all_inputs_or_has_them_not(formula, goals, has):
    assert diagnosis._has_values(formula, goals, RATES, same) is has


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        (1.0, 2.0, []),
        (1.0, [2.0], []),
        ([1.0], [2.0], []),
        ([1.0, 2.0], 3.0, ["The shapes differ: stated has 2 numbers, computed one number."]),
        ([1.0, 2.0], [1.5, 4.0], ["They differ most in component 2: stated 2, computed 4."]),
        (
            [np.inf, 1.0],
            [np.inf, 1.5],
            ["They differ most in component 2: stated 1, computed 1.5."],
        ),
    ],
)
def test_of_arrays_an_entry_or_the_shapes_are_named(one, other, says):
    assert list(diagnosis._entry("stated", "computed", one, other)) == says


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ([(1.0, 2.0), (1.5, 3.0)], ["Stated is 0.5 times computed at every input."]),
        ([(1.0, -2.0), (1.5, -3.0)], ["Stated is -0.5 times computed at every input."]),
        ([(1 + 2e-7, 1.0), (3 + 6e-7, 3.0)], []),
        ([(1.5, 1.0), (2.5, 2.0)], ["Stated is computed plus 0.5 at every input."]),
        ([(1.0, 1.5), (2.0, 2.5)], ["Stated is computed minus 0.5 at every input."]),
        ([(0.5, 0.0), (2.5, 2.0)], ["Stated is computed plus 0.5 at every input."]),
        ([(2e6, 1e6), (4e6 + 1e-3, 2e6)], ["Stated is 2 times computed at every input."]),
        ([(2e-6, 1.0), (4.00001e-6, 2.0)], []),
        ([(1.0, 1.0), (2 + 3e-9, 2.0)], []),
        ([(1e10 + 3, 1e10), (1.0, -2.5)], []),  # 3 and 3.5, however large the values
        ([(0.0, 0.0), (1.0, 1.0)], []),  # nothing differs
        ([(2.0, 1.0)], []),  # one input tells nothing
        ([(0.0, 1.0), (1.0, 2.5)], []),
        ([(np.inf, np.inf), (2.0, 3.0)], []),
        ([(np.inf, 1.0), (2.0, 3.0)], []),
        ([(1.0, np.inf), (2.0, 3.0)], []),
        ([(1.0, 2.0), ([1.5, 2.0], [3.0, 4.0, 5.0])], []),
    ],
)
def test_a_ratio_or_a_distance_is_steady_or_is_not(pairs, says):
    with np.errstate(all="raise"):
        assert diagnosis._steady("Stated", "computed", pairs) == says


@pytest.mark.parametrize(
    ("stated", "computed", "told_so"),
    [
        ([1.0, 2.0, 3.0], [5.0, 5.0, 5.0], True),
        ([1.0, 2.0, 3.0], [5.0, 5.0, 6.0], False),
        ([1.0, 2.0], [5.0, 6.0], False),
        ([1.0, 1.0], [5.0, 5.0], False),
    ],
)
def test_computed_is_the_same_at_all_inputs_or_is_not(stated, computed, told_so):
    says = diagnosis._same_everywhere(list(zip(stated, computed, strict=True)))
    assert bool(says) is told_so


def left_over(derived, stated, cases, given=()) -> list[str]:
    pairs = [tuple(evaluate(f, c, 80) for f in (derived, stated)) for c in cases]
    return diagnosis._difference(derived, stated, pairs, cases, given)


C = sp.symbols("c:40", positive=True)
LETTERS = [{c: 0.5 + j / 64 for j, c in enumerate(C)}, {c: 2 - j / 32 for j, c in enumerate(C)}]
LONG = sp.Add(*(c**2 for c in C))


@pytest.mark.parametrize(("count", "shown"), [(2, True), (15, True), (16, False)])
def test_only_a_short_difference_is_shown(count, shown):
    left = sp.Add(*C[:count])  # has one operation less
    assert bool(left_over(LONG + left, LONG, LETTERS)) is shown


def test_a_difference_as_long_as_a_formula_is_not_shown():
    """Nor is it when it is longer: then what is steady may be said."""
    assert left_over(a + b, b + u, [{**case, u: 0.75} for case in RATES]) == []
    assert left_over(a, 7 * a / 5, RATES) == ["Derived is 0.714286 times stated at every input."]


def test_a_difference_that_rests_on_a_false_fact_is_not_shown():
    derived, stated = a**2 + a * b + u, a**2 + a * b
    cases = [{**case, u: 0.75} for case in RATES]
    assert left_over(derived, stated, cases)[-1] == "    u"
    assert "    b" not in left_over(derived, stated, cases, [Eq(u, b)])


def test_of_matrices_no_difference_is_shown():
    for derived, stated in ((A * m + y, A * m), (a + b, A), (A, a + b)):
        assert left_over(derived, stated, [{**MATRICES[0], **RATES[0]}]) == []


def fractions(count: int):
    """A sum that is short only when it is simplified: each term is one of the letters."""
    return sp.Add(*(sp.gamma(c + 1) / sp.gamma(c) for c in C[:count]))


def test_a_difference_is_simplified_before_it_is_shown():
    assert left_over(LONG + fractions(3), LONG, LETTERS)[-1] == "    c0 + c1 + c2"


g = Function("g")


@pytest.mark.parametrize(
    ("left", "tried"),
    [
        (fractions(12) + C[20], True),  # 60 operations
        (fractions(12) + C[20] + C[21], False),
        (sp.Integral(g(u), (u, 0, 1)), False),
        (sp.Trace(A), False),
    ],
)
def test_a_difference_that_may_take_long_is_not_simplified(left, tried, monkeypatch):
    simplified = []
    monkeypatch.setattr(sp, "simplify", lambda formula: simplified.append(formula) or formula)
    diagnosis._difference(LONG + left, LONG, [(1.0, 0.0)], LETTERS[:1], ())
    assert bool(simplified) is tried
