"""The checks behind a claim, one by one: proofs, lemmas, numbers, noise, limits, gradients."""

import mpmath
import numpy as np
import pytest
import scipy.stats
import sympy as sp

from boltzlib.book import chain, corners, limit
from boltzlib.book.corners import (
    ClaimFailed,
    DerivedDiffers,
    NoValue,
    Numbers,
    call,
    check_derived,
    check_limit,
    check_stationary,
    same,
)
from boltzlib.book.evaluate import DIGITS
from boltzlib.book.symbols import A, K, N, X, i, k, m, mu, mus, n, p, t, v

a, b, c = sp.symbols("a b c", real=True)
u = sp.Symbol("u", positive=True)
AT = {a: 0.5, b: 2.0}


def single(*parts):
    return chain(*parts).chains[0]


def numbers(parts, computed, cases, tolerance=1e-12, tight=(), statistical=False):
    """`computed`: one value for all cases, or None."""
    function = None if computed is None else lambda case: computed
    stated = single(*parts)
    return Numbers(stated, function, cases, tolerance, frozenset(tight), statistical)


# Derived against stated


@pytest.mark.parametrize(
    "parts",
    [
        (a**2 + b**2, ">=", 2 * a * b),
        (2 * a * b, "<=", a**2 + b**2),
        ("m", "=", a**2 + b**2, ">=", 2 * a * b, "=", b * a * 2),
        ("m", "=", a * b + a * b, "<=", a**2 + b**2, "=", b**2 + a**2),
    ],
)
def test_the_gap_of_a_bound_is_the_larger_less_the_smaller_side(parts):
    check_derived(single(*parts), (a - b) ** 2, AT)
    for wrong in (a**2 + b**2, (a + b) ** 2, -((a - b) ** 2)):
        with pytest.raises(DerivedDiffers, match="the derived gap"):
            check_derived(single(*parts), wrong, AT)


x, y = sp.MatrixSymbol("x", 2, 1), sp.MatrixSymbol("y", 2, 1)
UNEQUAL = {x: [1.0, 2.0], y: [1.0, 3.0], a: 3.0, b: 4.0}


@pytest.mark.parametrize(
    ("stated", "derived", "sought"),
    [
        (a * b, a + b, False),
        (x, y, False),
        (a, a * (1 + 1e-9), True),  # as far apart as rounded inputs make it
        (x, a, True),  # what has another shape has no difference
        (a, u, True),  # no value is known
    ],
)
def test_no_proof_is_sought_where_the_values_differ(monkeypatch, stated, derived, sought):
    tried = []
    monkeypatch.setattr(corners, "proved", lambda *pair: tried.append(pair))
    with pytest.raises(DerivedDiffers):
        check_derived(single("F", "=", stated), derived, UNEQUAL)
    assert bool(tried) == sought


@pytest.mark.parametrize("parts", [("m", ">=", a**2), (a**2, ">=", "m")])
def test_a_derived_gap_needs_a_formula_on_both_sides(parts):
    with pytest.raises(ClaimFailed, match="on both sides"):
        check_derived(single(*parts), a**2, AT)


NEXT_TO_ONE = 1 + sp.Integer(2) ** -20


@pytest.mark.parametrize(
    ("letter", "meaning", "where"),
    [
        (u, u - sp.Integer(2) ** -39, "1/"),  # only for the smallest
        (u, sp.Integer(2) ** 39 - u, "10"),  # only for the largest
        (u, (u - 16) ** 2 - 1, "16"),
        (u, (u - NEXT_TO_ONE) ** 2 - sp.Integer(2) ** -44, "1048577/1048576"),
        (a, sp.Abs(a) - sp.Integer(2) ** -50, "0"),
        (a, 2 * a, "-"),
    ],
)
def test_a_lemma_is_tried_near_and_far(letter, meaning, where):
    g = sp.Function("g", nonnegative=True)
    gap = single(meaning, ">=", sp.Integer(0))
    with pytest.raises(ClaimFailed, match=f"lemma: g ≥ 0 is false at {letter} = {where}"):
        check_derived(gap, g(letter), {}, lemmas=[(g, sp.Lambda(letter, meaning))])


def test_a_lemma_without_a_real_value_is_refused():
    g = sp.Function("g", nonnegative=True)
    meaning = sp.sqrt(u - 1)
    with pytest.raises(ClaimFailed, match="no real number"):
        check_derived(single(meaning, ">=", 0), g(u), {}, lemmas=[(g, sp.Lambda(u, meaning))])


# What `computed` gives


def _raise(problem):
    def function(case):
        raise problem

    return function


@pytest.mark.parametrize(
    ("problem", "hint"),
    [
        (KeyError("w"), "values for u only"),
        (KeyError("u"), "value for the symbol u"),
        (KeyError(), ""),
        (IndexError("u"), ""),
        (ZeroDivisionError(), ""),
    ],
)
def test_what_a_function_raises_is_told_with_a_hint_for_a_wrong_key_only(problem, hint):
    with pytest.raises(ValueError, match=type(problem).__name__) as told:
        call(_raise(problem), {u: 1.0})
    assert hint in str(told.value)
    assert ("The input has" in str(told.value)) == bool(hint)


def test_one_entry_that_is_not_a_number_is_enough():
    with pytest.raises(ClaimFailed, match="got NaN"):
        call(lambda case: [1.0, np.nan], {u: 1.0})


def test_two_replicates_are_enough_and_one_is_not():
    assert numbers(("a", "=", u), [1.0, 3.0], [{u: 2.0}], statistical=True).check() is None
    with pytest.raises(ValueError, match="independent replicates"):
        numbers(("a", "=", u), [2.0], [{u: 2.0}], statistical=True)


# Stated against computed


def test_every_input_must_give_a_value():
    with pytest.raises(NoValue):
        numbers(("a", "=", u), 1.0, [{u: 1.0}, {t: 1.0}]).evaluate()


@pytest.mark.parametrize(
    ("stated", "computed", "agree"),
    [
        (1e6, 1e6 * (1 + 5e-13), True),  # the tolerance is relative: for large numbers …
        (-1e6, -1e6 * (1 + 5e-13), True),
        (1e6, 1e6 * (1 + 5e-12), False),
        (1e-6, 1e-6 * (1 + 1e-9), False),  # … and for small ones,
        (0.0, 5e-13, True),  # but at 0
        (0.0, 1.5e-12, False),
        (np.inf, np.inf, True),
        (-np.inf, np.inf, False),
        (np.inf, 1.0, False),
        (1.0, np.inf, False),
    ],
)
def test_the_tolerance_is_relative_but_at_zero(stated, computed, agree):
    assert (numbers(("a", "=", mu), computed, [{mu: stated}]).check() is None) == agree


def test_a_difference_as_large_as_the_tolerance_is_allowed():
    assert numbers(("a", "=", mu), 5.0, [{mu: 4.0}], tolerance=0.25).check() is None
    assert numbers(("a", "=", mu), 5.0, [{mu: 4.0}], tolerance=0.24).check() is not None


def test_a_computed_column_is_a_vector_and_a_matrix_is_compared_whole():
    vector = {m: [1.0, 2.0], N: 2}
    assert numbers(("a", "=", m), np.array([[1.0], [2.0]]), [vector]).check() is None
    square = {A: [[1.0, 2.0], [3.0, 4.0]], N: 2}
    for entry in np.ndindex(2, 2):
        wrong = np.array(square[A])
        assert numbers(("a", "=", A), wrong, [square]).check() is None
        wrong[entry] += 1
        assert numbers(("a", "=", A), wrong, [square]).check() is not None


@pytest.mark.parametrize(
    ("formula", "case"),
    [
        (mu - t, {mu: np.inf, t: np.inf}),
        (m - mus[k], {m: [np.inf, 1.0], mus: [[np.inf, 2.0]], k: 1, N: 2}),
        (sp.sqrt(mu), {mu: -4.0}),
        (sp.sqrt(mu) + 1, {mu: -1.0}),  # 1 + i: its imaginary part is 1
    ],
)
def test_a_stated_value_that_is_no_real_number_is_refused(formula, case):
    with pytest.raises(ClaimFailed, match="not a real number"):
        numbers(("a", "=", formula), None, [case]).check()


def test_a_real_value_may_be_reached_through_complex_ones():
    case = {mu: -4.0, t: -9.0}
    assert numbers(("a", "=", sp.sqrt(mu) * sp.sqrt(t)), -6.0, [case]).check() is None
    assert numbers((sp.sqrt(mu) * sp.sqrt(t), "<", sp.S.Zero), -6.0, [case]).check() is None


# The sides with one another


@pytest.mark.parametrize("at", [0, 1, 2])
def test_each_side_must_agree_with_the_others(at):
    case = {a: 2.0, b: 2.0, c: 2.0}
    parts = (a, "=", b, "=", c)
    assert numbers(parts, None, [case]).check() is None
    assert numbers(parts, None, [{**case, (a, b, c)[at]: 3.0}]).check().kind == "sides"


def test_two_sides_must_agree():
    assert numbers((a, "=", b), None, [{a: 1.0, b: 1.0}]).check() is None
    assert numbers((a, "=", b), None, [{a: 1.0, b: 2.0}]).check().kind == "sides"


def test_sides_on_both_ends_of_an_inequality():
    """The last relation is not the inequality."""
    parts = (a, "=", b, "<=", c, "=", t)
    case = {a: 1.0, b: 1.0, c: 2.0, t: 2.0}
    assert numbers(parts, None, [case]).check() is None
    assert not numbers(parts, None, [case]).flipped_survives()
    assert numbers(parts, None, [{**case, t: 3.0}]).check().kind == "sides"
    assert numbers(parts, None, [{**case, c: 0.5, t: 0.5}]).check().kind == "bound"


def test_a_bound_on_a_name_compares_nothing_but_the_library():
    assert numbers(("m", ">=", u), None, [{u: 1.0}]).check() is None
    assert numbers(("m", ">=", u), 5.0, [{u: 1.0}]).check() is None
    assert numbers((u, ">=", "m"), 5.0, [{u: 1.0}]).check().kind == "computed"


def test_what_is_computed_is_the_side_before_the_inequality():
    parts, case = (u**2 + 1, ">=", 2 * u), {u: 3.0}
    assert numbers(parts, 10.0, [case]).check() is None
    assert numbers(parts, 6.0, [case]).check().kind == "computed"


def test_a_bound_that_is_only_tried_where_it_is_tight():
    parts, cases = (u**2 + 1, ">=", 2 * u), [{u: 1.0}, {u: 3.0}]
    assert numbers(parts, None, cases[:1], tight=[0]).check().kind == "only tight"
    assert numbers(parts, None, cases, tight=[0]).check() is None


UNIT = mpmath.mpf(10) ** (10 - DIGITS)


def _m(text):
    with mpmath.workdps(DIGITS):
        return mpmath.mpf(text)


@pytest.mark.parametrize(
    ("first", "second", "equal"),
    [
        (_m(1), _m(1) + 0, True),
        (_m(0), _m("0.9") * UNIT, True),
        (_m(0), _m("1.5") * UNIT, False),
        (_m("1e-50"), _m("2e-50"), True),
        (_m("1e40"), _m("1.00000000000000000000000000000000001e40"), True),
        (_m("-1e40"), _m("-1.00000000000000000000000000000000001e40"), True),
        (_m("1e40"), _m("1.000000000000000000000000001e40"), False),
        (mpmath.inf, mpmath.inf, True),
        (mpmath.inf, -mpmath.inf, False),
        (mpmath.inf, _m(1), False),
    ],
)
def test_equal_to_ten_digits_fewer_than_computed(first, second, equal):
    assert same(first, second) == equal
    assert same(second, first) == equal


# Broken sides


def test_a_broken_smaller_side_is_judged_by_the_bound():
    """What is computed says nothing of it."""
    bound = numbers((u**2 + 1, ">=", 2 * u, "=", u + u), 10.0, [{u: 3.0, t: 6.0}])
    assert bound.survivor(2, t) is True
    assert bound.survivor(1, t + 5) is False
    bound = numbers((u**2 + 1, ">=", 2 * u), 10.0, [{u: 3.0}])
    assert bound.survivor(1, u) is True
    assert bound.survivor(1, 4 * u) is False


def test_a_broken_side_without_anything_computed():
    sides = numbers((u + t, "=", t + v), None, [{u: 3.0, v: 3.0, t: 1.0}])
    assert sides.survivor(0, v + t) is True
    assert sides.survivor(0, u - t) is False


def test_a_broken_side_within_a_wide_tolerance_survives():
    wide = numbers(("a", "=", u), 3.0, [{u: 3.0}], tolerance=1e-3)
    assert wide.survivor(1, u * (1 + sp.Rational(1, 10**4))) is True
    assert wide.survivor(1, u * (1 + sp.Rational(1, 10**2))) is False


def test_a_loss_of_digits_is_not_taken_for_a_difference():
    """At 15 digits the other formula is off by 1e-9; at 40 it is the same."""
    square = numbers(("a", "=", u**2), 0.3**2, [{u: 0.3, t: 1e3}])
    assert square.survivor(1, (u + t) ** 2 - t**2 - 2 * u * t) is True
    three = [{a: 0.1, b: 0.2, c: 0.3}]
    still = numbers(("a", "=", a + b + c), np.full(2, 0.6), three, statistical=True)
    assert still.survivor(1, (a + c) + b) is True  # replicates without noise


def test_a_broken_side_with_an_entry_that_is_not_a_number_is_not_counted():
    vector = numbers(("a", "=", m), [np.inf, 2.0], [{m: [np.inf, 2.0], mus: [[np.inf, 3.0]], N: 2}])
    assert vector.check() is None
    assert vector.survivor(1, 2 * m - mus[1]) is None


# Replicates


def _replicates(cases, entries, away):
    """Whether a mean is accepted whose first entry is `away` standard errors off.

    The replicates -1, -1, 1, 1 have mean 0 and, with 4 - 1 in the denominator, variance 4/3.
    """
    error = np.sqrt((4 / 3) / 4)
    replicates = np.array([[-1.0] * entries, [-1.0] * entries, [1.0] * entries, [1.0] * entries])
    values = np.zeros(entries)
    values[0] = away * error
    case = {m: values, N: entries}
    if entries == 1:
        replicates, case = replicates[:, 0], {m: values, N: 1}
    return numbers(("a", "=", m), replicates, [case] * cases, statistical=True).check() is None


@pytest.mark.parametrize(("cases", "entries"), [(1, 1), (2, 3), (3, 1), (1, 4)])
def test_a_true_formula_is_rejected_once_in_a_billion_runs(cases, entries):
    """However many numbers are compared: two-sided, so half of it on either side."""
    quantile = scipy.stats.norm.isf(1e-9 / 2 / (cases * entries))
    for away in (0.999 * quantile, -0.999 * quantile):
        assert _replicates(cases, entries, away)
    for away in (1.001 * quantile, -1.001 * quantile):
        assert not _replicates(cases, entries, away)


def test_replicates_without_noise_must_be_met_exactly():
    assert numbers(("a", "=", u), [2.0, 2.0], [{u: 2.0}], statistical=True).check() is None
    assert numbers(("a", "=", u), [2.0, 2.0], [{u: 2.1}], statistical=True).check() is not None


# Limits


def limit_of(errors, cases=None, sequence=v * (n - 1) / n, value=v, rate=1 / n, others=()):
    """Check a limit at sizes 10 and 1000, with a library that has the given errors there."""
    stated = limit("s", sequence, n, value, rate)
    sizes = [{n: size, v: 1.0, **dict(others)} for size in (cases or (10, 1000))]
    found = iter(errors)
    checked = Numbers(stated.chains[0], lambda case: case[v] + next(found), sizes, 1e-12)
    check_limit(stated, sp.expand(sequence), checked)


def test_a_limit_from_10_to_1000():
    limit_of([-0.1, -0.001])
    limit_of([0.0, 0.0])


def test_a_sum_without_the_variable_is_a_constant_of_a_limit():
    total = sp.Sum(p[k], (k, 1, K))
    case = {p: [0.25, 0.75], K: 2}
    limit_of([-0.1, -0.001], sequence=total * (n - 1) / n, value=total, others=case)


def test_a_limit_is_checked_at_each_value_of_the_other_inputs():
    stated = limit("s", v * (n - 1) / n, n, v, 1 / n)
    cases = [{n: size, v: value} for value in (1.0, 2.0) for size in (10, 1000)]
    errors = iter([0.0, 0.0, -0.2, -0.02])  # none at all where v is 1
    checked = Numbers(stated.chains[0], lambda case: case[v] + next(errors), cases, 1e-12)
    with pytest.raises(ClaimFailed, match="power 0.50"):
        check_limit(stated, sp.expand(v * (n - 1) / n), checked)


@pytest.mark.parametrize(
    ("problem", "errors", "more"),
    [
        ("the error goes from -1 to 0", [-1.0, 0.0], {}),
        ("falls with power 0.50", [-0.1, -0.01], {}),
        ("falls with power 0.85", [-(10**-0.85), -(1000**-0.85)], {}),
        ("falls with power 1.50", [-(10**-1.5), -(1000**-1.5)], {}),
        ("a factor 100", [-0.1, -1 / 500], {"cases": (10, 500)}),
        ("tends to -oo", [-0.1, -0.001], {"sequence": v - v / sp.sqrt(n)}),
        ("tends to oo", [-0.1, -0.001], {"sequence": v + v / sp.sqrt(n)}),
        ("tends to 0", [-0.1, -0.001], {"sequence": v + v / n**2}),
    ],
)
def test_what_is_wrong_with_a_limit_is_named(problem, errors, more):
    with pytest.raises(ClaimFailed, match=problem):
        limit_of(errors, **more)


# Gradients


def gradient_at(slope, solution, case):
    """Check that `slope`, a gradient by a, vanishes where a is the solution."""
    check_stationary(
        a,
        numbers(("g", "=", slope), None, [case]),
        numbers(("a", "=", solution), None, [case]),
    )


@pytest.mark.parametrize(
    ("slope", "off", "moved", "vanishes"),
    [
        (1e30, 1e-25, 1.0, True),  # zero is relative to the gradient elsewhere, …
        (1e-30, 1e-10, 1.0, False),
        (1.0, 0.5e-20, 1.0, True),
        (1.0, 2e-20, 1.0, False),
        (1.0, 1e-25, 1.0, True),
        (1.0, 1e-31, 0.0, True),  # … and absolute where that is zero as well
        (1.0, 0.0, 0.0, True),
        (1e15, 1.5e-35, 0.0, False),
    ],
)
def test_the_gradient_vanishes_to_20_digits(slope, off, moved, vanishes):
    case = {a: 3.0 + moved, b: 3.0, c: off, u: slope}
    if vanishes:
        gradient_at(u * (a - b), b + c, case)
    else:
        with pytest.raises(ClaimFailed, match="not 0, at a ="):
            gradient_at(u * (a - b), b + c, case)


def test_a_gradient_that_vanishes_elsewhere_too():
    with pytest.raises(ClaimFailed, match="not only at"):
        gradient_at((a - b) * (a - c), b, {a: 2.0, b: 1.0, c: 2.0})


def test_the_gradient_by_one_of_a_family():
    case = {mus: [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], X: [[7.0, 8.0]] * 3, k: 2, i: 1, N: 2}
    slope = numbers(("g", "=", mus[k] - X[i]), None, [case])
    check_stationary(mus[k], slope, numbers(("m", "=", X[i]), None, [case]))
    with pytest.raises(ClaimFailed, match="not 0, at"):
        check_stationary(mus[k], slope, numbers(("m", "=", 2 * X[i]), None, [case]))


def test_every_entry_of_a_gradient_must_vanish():
    case = {mus: [[1.0, 2.0]], X: [[7.0, 8.0]], m: [7.0, 9.0], k: 1, i: 1, N: 2}
    slope = numbers(("g", "=", mus[k] - X[i]), None, [case])
    with pytest.raises(ClaimFailed, match="not 0, at"):
        check_stationary(mus[k], slope, numbers(("m", "=", m), None, [case]))


def test_no_number_is_the_same_as_infinity():
    one, infinity = mpmath.mpf(1), mpmath.inf
    assert same(infinity, infinity) and not same(infinity, -infinity)
    assert not same(one, infinity) and not same(infinity, one)
