"""At which inputs a display is compared with what its claim tests, and how closely."""

import mpmath
import numpy as np
import pytest
import sympy as sp

from boltzlib.book import ClaimFailed, chain, limit, together
from boltzlib.book.display_inputs import Held, letters_at, shaken, telling
from boltzlib.book.displays import Comparison, Unreadable, check_display
from boltzlib.book.symbols import A, N, X, i, m, mu, n, p, t, v, x
from boltzlib.book.tex_signs import letter

a, b = sp.symbols("a b", integer=True)
seed = sp.Symbol("seed", integer=True)
HELD = Held.by([a + mu, sp.Sum(b * x[i], (i, 1, n))])  # a, b and n are whole numbers here


def test_what_stands_where_only_whole_numbers_can():
    c = sp.Symbol("c", integer=True)
    f = sp.Function("f")
    for formula, whole in [
        (p[a] * v, {a}),
        (v * sp.Sum(x[i], (i, b, n)), {i, b, n}),
        (sp.Product(1 + v, (i, a, b)), {i, a, b}),
        (sp.Trace(X[a]), {a, N}),
        (A[a, b] * v, {a, b, N}),
        (A[a, 1], {a, N}),
        (A[1, b], {b, N}),
        (v * f(mu, c), {mu, c}),
        (sp.KroneckerDelta(a, c) * v, {a, c}),
        (A**c, {c, N}),
        (sp.Matrix([[v, mu]]), set()),
    ]:
        assert Held.by([formula]).whole == whole, formula


# Which inputs


@pytest.mark.parametrize(
    ("number", "extreme"),
    [
        *((number, False) for number in (0.0, 1e-6, 1.5e-6, -0.5, 0.5, -9e3, 1e4)),
        *((number, True) for number in (-1e-7, 1e-7, 0.9e-6, 1.5e4, -1.5e4, 1e300)),
    ],
)
@pytest.mark.parametrize("make", [float, lambda number: np.array([1.0, number])])
def test_extreme_inputs_are_left_out(number, extreme, make):
    key = mu if make is float else x
    tame = [{mu: 1.0, x: np.array([1.0, 2.0]), n: 2, b: 1} for _ in range(2)]
    chosen = telling([*tame, tame[0] | {key: make(number)}], HELD)
    assert len(chosen) == (2 if extreme else 3)


def test_extreme_inputs_are_taken_where_there_is_no_other():
    cases = [{mu: 1.0}, {mu: 1e9}, {mu: 1e-9}]
    assert len(telling(cases, HELD)) == 3
    assert len(telling(cases[1:], HELD)) == 2
    assert len(telling([cases[0] | {t: 1e9}, cases[0], cases[1]], HELD)) == 2  # no t in HELD
    assert len(telling([{mu: 1.0, sp.Function("f"): abs}, cases[0], cases[1]], HELD)) == 2


def sizes(*numbers):
    return [{a: number} for number in numbers]


def pairs(*numbers):
    return [{a: one, b: other} for one, other in numbers]


@pytest.mark.parametrize(
    ("cases", "chosen"),
    [
        # what is 1 or 2 tells more than what is large
        (sizes(5, 6, 7, 8, 2, 1), {0, 1, 4, 5}),
        (sizes(0, 3, 4, 5, 1), {0, 1, 2, 4}),
        (sizes(5, 6, 2, 1, 3), {0, 1, 2, 3}),
        # of two numbers either may be the larger one, or none
        (pairs((3, 5), (3, 6), (4, 5), (4, 6), (5, 3)), {0, 1, 2, 4}),
        (pairs((3, 5), (3, 6), (4, 5), (4, 6), (5, 5)), {0, 1, 2, 4}),
        (pairs((5, 3), (6, 3), (5, 4), (6, 4), (5, 5)), {0, 1, 2, 4}),
        # in which order they are given is of no account
        ([*pairs((3, 5), (3, 5), (3, 5)), {b: 5, a: 3}, *pairs((5, 5))], {0, 1, 2, 4}),
        # a number that is whole in one of the inputs only
        ([{a: 5, mu: 0.5}, {a: 5, mu: 0.1}, {a: 5, mu: 0.2}, {a: 5, mu: 0.3}, {a: 5, mu: 7}],
         {0, 1, 2, 4}),
        # what the formulas do not hold
        ([{a: 5, seed: 1}, {a: 5, seed: 5}, {a: 5, seed: 2}, {a: 5, seed: 9}, {a: 2, seed: 1}],
         {0, 1, 2, 4}),
        # the smaller one of two that tell the same
        ([{a: 5, x: np.ones(size)} for size in (9, 4, 2, 8, 3)] + [{a: 1, x: np.ones(20)}],
         {1, 2, 4, 5}),
    ],
)  # fmt: skip
def test_the_four_inputs_that_tell_most_are_taken(cases, chosen):
    found = [id(case) for case in telling(cases, HELD)]
    assert len(found) == 4
    assert {place for place, case in enumerate(cases) if id(case) in found} == chosen


# How they are changed


def test_numbers_become_smaller_by_less_than_a_tenth():
    zeros = dict.fromkeys(sp.symbols("z:12", real=True), 0.0)
    values = np.random.default_rng(0).normal(size=(10, 10))
    values[3:6] = 0
    case = {mu: -0.7, v: 1.7, A: values, **zeros}
    first, second, last = shaken(case, HELD)
    assert last is case
    assert first[A].shape == values.shape
    for changed in (first, second):
        at = values != 0
        ratios = [*(changed[A][at] / values[at]), changed[mu] / case[mu], changed[v] / case[v]]
        assert all(0.9 <= ratio < 1 for ratio in ratios)
        for from_zero in (changed[A][~at], [changed[zero] for zero in zeros]):
            assert all(0 < number <= 0.1 for number in from_zero)
            assert len(set(from_zero)) == len(from_zero)


def test_whole_numbers_are_changed_first_and_indices_never():
    spins = np.array([1, -1, 1])
    case = {x: spins, n: 3, a: 4, mu: 2.0, sp.Function("f"): abs}
    first, second, _ = shaken(case, HELD)
    assert first[a] < 4
    assert np.all(np.abs(first[x]) < 1)
    assert second[a] == 4
    assert np.array_equal(second[x], spins)
    for changed in (first, second):
        assert changed[n] == 3
        assert changed[mu] != 2.0
        assert changed[sp.Function("f")] is abs


def test_a_matrix_and_its_entries_stay_the_same_numbers():
    table = sp.IndexedBase("A")
    values = np.array([[1.0, 0.0], [2.0, 3.0]])
    changed = next(shaken({A: values, table: values.copy()}, HELD))
    assert np.array_equal(changed[A], changed[table])


def test_an_integral_over_a_vector_is_taken_on_a_coarse_grid():
    for changed in list(shaken({m: [(-9, 9, 48 + axis) for axis in range(6)]}, HELD))[:2]:
        assert [bounds for *bounds, _ in changed[m]] == [[-9, 9]] * 6
        steps = [number for *_, number in changed[m]]
        assert all(2 < number < 12 for number in steps)
        assert len(set(steps)) == 6  # another one on each axis


@pytest.mark.parametrize(
    ("key", "value", "shape"),
    [
        (m, [1.0, 2.0, 3.0], (3, 1)),
        (m, [[1.0], [2.0]], (2, 1)),
        (sp.MatrixSymbol("u", 1, N), [1.0, 2.0, 3.0], (1, 3)),
        (sp.MatrixSymbol("u", 1, N), [[1.0, 2.0]], (1, 2)),
        (sp.MatrixSymbol("u", 2, 1), [1, 2], (2, 1)),
        (A, mpmath.matrix([[1, 2], [3, 4]]), (2, 2)),
    ],
)
def test_a_vector_lies_or_stands_as_its_symbol_says(key, value, shape):
    matrix = letters_at({key: value}, Held.by([key]))[letter(key.name)].matrix
    assert matrix.shape == shape
    assert matrix.dtype == float
    assert list(matrix.flat) == list(np.array(value, dtype=float).flat)


def test_an_input_is_compared_once_and_changed_as_far_as_it_can_be():
    whole = {x: np.array([1, -1]), n: 2}
    total = chain("s", "=", sp.Sum(x[i] ** 2, (i, 1, n)))
    ((used, _, values),) = Comparison(total, [whole]).points
    assert np.all(np.abs(used[x]) < 1)
    assert values[0, 1] < 2
    f = sp.Function("f")
    case = {mu: 1.0, v: 4.0, f: {1.0: 0.5}.__getitem__}  # f has no value beside 1
    two = together(chain("s", "=", v), chain("r", "=", f(mu)))
    ((used, _, values),) = Comparison(two, [case]).points
    assert used is case
    assert values == {(0, 1): 4, (1, 1): 0.5}
    assert check_display(two, [case]) == [(0, 1), (1, 1)]
    # below 1 the last entry is -oo
    step = sp.log(sp.Piecewise((1, mu >= 1), (0, True)))
    ((used, _, _),) = Comparison(chain("R", "=", sp.Matrix([[mu], [step]])), [case]).points
    assert used is case


# How closely


@pytest.mark.parametrize("value", [1.0, 1e3, -1e3, 1e-3, -1e-3])
def test_values_agree_in_eight_digits(value):
    stated = chain("a", "=", mu)
    assert check_display(stated, [{mu: value}], r"a = 1.000000005 \mu")
    with pytest.raises(ClaimFailed, match="is "):
        check_display(stated, [{mu: value}], r"a = 1.000000015 \mu")


def test_entries_agree_in_eight_digits_of_the_largest():
    stated, case = chain("R", "=", sp.Matrix([[mu], [v]])), {mu: -100.0, v: 1e-3}
    assert r"\sigma^{2}" in stated.tex
    close = stated.tex.replace(r"\sigma^{2}", r"1.0005 \sigma^{2}")  # 5e-9 of the largest
    assert check_display(stated, [case], close)
    with pytest.raises(ClaimFailed, match="is "):
        check_display(stated, [case], close.replace("1.0005", "1.002"))


def test_zero_is_zero_but_for_rounding():
    zero = chain("a", "=", sp.S.Zero)
    assert check_display(zero, [{mu: 1.0}], "a = 0.1 + 0.2 - 0.3")
    with pytest.raises(ClaimFailed):
        check_display(zero, [{mu: 1.0}], "a = 0.000000015")


def test_zero_is_also_a_matrix_and_no_other_number_is():
    zeros, case = chain("Z", "=", sp.ZeroMatrix(N, N)), {N: 2}
    assert check_display(zeros, [case], "Z = 0")
    with pytest.raises(ClaimFailed, match="is 5 at"):
        check_display(zeros, [case], "Z = 5")


def test_i_and_1_are_as_large_as_what_is_tested():
    one = chain("S", "=", mu * sp.Identity(1))
    assert check_display(one, [{mu: 2.0}], r"S = \mu I") == [(0, 1)]
    case = {N: 3, mu: 2.0}
    for stated, tex in [
        (chain("S", "=", mu * sp.Identity(N)), r"S = \mu I"),
        (chain("u", "=", mu * sp.OneMatrix(N, 1)), r"u = \mu \mathbf{1}"),
    ]:
        assert check_display(stated, [case], tex) == [(0, 1)]
    for tex in (r"a = \mu I", r"a = \mu \mathbf{1}"):
        with pytest.raises(Unreadable, match="a matrix, where a number is tested"):
            check_display(chain("a", "=", mu), [case], tex)


def test_one_entry_that_is_not_finite_is_no_error_of_the_display():
    """Double precision may not reach as far as the 40 digits of the claim."""
    stated = chain("R", "=", sp.Matrix([[mu, v]]))
    with pytest.raises(ClaimFailed, match="no finite value"):
        check_display(
            stated,
            [{mu: 1.0, v: 2.0}],
            r"R = \left(\begin{matrix} \mu & \frac{\sigma^{2}}{0} \end{matrix}\right)",
        )


# The sides


def test_the_relations_and_lines_of_cases_do_not_end_a_side():
    step = sp.Piecewise((1, mu <= t), (v, True))
    case = {mu: 0.3, t: 0.2, v: 2.0}
    short = chain("F", "=", step, ">=", 1)
    long = chain("F", "=", step, "=", step * 1, "=", v, ">=", 1)
    assert r"\begin{aligned}" in long.tex
    assert check_display(short, [case]) == [(0, 1), (0, 2)]
    assert check_display(long, [case]) == [(0, 1), (0, 2), (0, 3), (0, 4)]
    for part in (r"\ge 1", r"\sigma^{2}"):
        with pytest.raises(ClaimFailed):
            check_display(short, [case], short.tex.replace(part, "> 1"))


def test_a_limit_says_of_what_order_its_error_is():
    stated = limit("s", v / n, n, 0, 1 / n)
    short = stated.tex.partition(r" \quad")[0]
    with pytest.raises(ClaimFailed, match="expected a limit over n"):
        check_display(stated, [{v: 2.0, n: 3}], short)
