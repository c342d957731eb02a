"""Hints: each pattern is told only where it holds, whatever shape the values have."""

import numpy as np
import pytest

from boltzlib.book.hints import _constant, _factor, _ratio, _sizes, close, hint, scale_of

ONE_FACTOR = "It is off by a constant factor, the same at every input."
ONE_SUMMAND = "It is off by a constant that is added or left out, the same at every input."


def arrays(*values):
    return [np.array(value, dtype=float) for value in values]


def told(got, expected, cases=(("a",), ("b",)), tolerance=1e-9, answer=None):
    return hint(arrays(*got), arrays(*expected), cases, tolerance, answer)


@pytest.mark.parametrize(
    ("values", "scale"),
    [([-5.0, 1.0], 5), ([np.inf, 0.5, -np.inf], 0.5), ([0.0, 0.0], 1), ([], 1), (-1e-6, 1e-6)],
)
def test_the_scale_is_the_largest_finite_value(values, scale):
    assert scale_of(np.array(values)) == scale


def test_the_tolerance_is_the_largest_difference_accepted():
    assert close(np.array(1.5), np.array(1.0), 0.5)
    assert not close(np.array([1.0, 1.0]), np.array([1.0]), 0.5)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        ([-1.105, -1.0], [1.0, 1.0]),  # not minus the right values, but nearly
        ([[1.0, 2.21], [0.0]], [[2.0, 1.0], [0.0]]),  # nor in another order
        ([1.105, 2.105], [1.0, 2.0]),
    ],
)
def test_differences_are_relative_to_the_right_values(got, expected):
    patterns = told(got, expected, tolerance=0.1)
    assert "sign" not in patterns and "order" not in patterns and "input 1" not in patterns


def test_numbers_and_arrays_may_be_mixed():
    assert "another order" in told([[2.0, 1.0], 5.0], [[1.0, 2.0], 5.0])


@pytest.mark.parametrize(("error", "near"), [(0.9e-3, True), (1.0005e-3, False), (1.5e-3, False)])
def test_an_approximation_is_right_to_a_thousandth(error, near):
    got, expected = [1 + error, 2 - error, 3.0], [1.0, 2.0, 3.0]
    assert ("close" in told([got], [expected], [("a",)])) == near or error < 2e-3
    got = [[value * (1 + error) + 1e-7 * k] for k, value in enumerate(expected)]
    assert ("close" in told(got, [[value] for value in expected], [("a",)] * 3)) == near


@pytest.mark.parametrize(
    ("got", "expected", "says"),
    [
        ([0.0, 2.0, 4.0], [0.0, 1.0, 2.0], ONE_FACTOR),
        ([5.0, 2.0, 4.0], [0.0, 1.0, 2.0], ""),
        ([0.0, 0.0, 0.0], [0.0, 1.0, 2.0], ""),  # 0 is no factor
        ([0.0, 2.0], [1.0, 5.0], ""),
        ([2.0, 2.0 + 2e-12], [1.0, 1.0], ""),  # rounding makes no second value
        ([np.inf, 2.0], [1.0, 2.0], ""),
        ([2.0, 4.0], [np.inf, 2.0], ""),
        ([0.1, 0.1 - 1e9 / 7, 0.1 - 1e9 / 3], [0.0, -1e9 / 7, -1e9 / 3], ONE_SUMMAND),
    ],
)
def test_one_factor_or_summand(got, expected, says):
    assert _factor(arrays(*got), arrays(*expected), [("a",)] * len(got)) == says


def test_a_factor_from_the_size_is_that_factor_to_nine_digits():
    cases = [(2,), (3,)]
    expected = arrays([0.0, 1.0], [0.0, 5.0])
    for error, known in ((0.5e-9, True), (1.5e-9, False)):
        got = arrays([0.0, 2.0 * (1 + error)], [0.0, 15.0])
        assert ("size of the input" in _factor(got, expected, cases)) == known
        got = arrays([0.0, 2.0 * (1 + error)], [0.0, 5 * 1.5])
        assert ("size of the input" in _factor(got, expected, cases)) == known


@pytest.mark.parametrize(
    ("a", "b", "factor"),
    [
        ([2.0, 4.0], [1.0, 2.0], 2.0),
        ([0.0, 4.0], [0.0, 2.0], 2.0),
        ([1.0, 4.0], [0.0, 2.0], None),
        ([2.0, 6.0], [1.0, 2.0], None),
        ([0.0, 0.0], [1.0, 2.0], 0.0),
        ([0.0, 0.0], [0.0, 0.0], None),
    ],
)
def test_the_ratio_of_two_arrays(a, b, factor):
    assert _ratio(np.array(a), np.array(b)) == factor


@pytest.mark.parametrize(
    ("values", "constant"),
    [
        ([1.0, 1.0 + 0.5e-9], True),
        ([1.0, 1.0 + 1.5e-9], False),
        ([-1.0, -1.0 - 0.5e-9], True),
        ([1e-12, 2e-12], False),
        ([0.0, 0.0], True),
    ],
)
def test_what_counts_as_constant(values, constant):
    assert _constant(np.array(values)) == constant


@pytest.mark.parametrize(
    ("cases", "sizes"),
    [
        ([(3,), (4, 5)], [[3, 4]]),
        ([(0,), (4,)], []),
        ([(np.ones((2, 3)),), (np.ones(4),)], [[2, 4]]),
        ([(np.ones(0),), (np.ones(4),)], []),
        ([([1.0],), (np.ones(4),)], [[1, 4]]),
        ([(np.ones(2), "a"), (3.0, abs)], []),
    ],
)
def test_what_could_be_n(cases, sizes):
    assert list(_sizes(cases)) == sizes


def test_exchanged_arguments():
    cases = [(3.0, 2.0), (5.0, 1.0, 1.0)]

    def answer(a, b, c=0.0):
        return a / b**2 + c

    def expected(a, b, c=0.0):
        return answer(b, a, c)

    got, right = ([f(*case) for case in cases] for f in (answer, expected))
    assert "exchanged" in told(got, right, cases, answer=answer)
    # A tenth is allowed, and measured by the right value: 1.105 is not as good as 1.
    answers = {(1, 2): 7.0, (2, 1): 1.105, (3, 4): 9.0, (4, 3): 1.0}
    got = told([7.0, 9.0], [1.0, 1.0], [(1, 2), (3, 4)], 0.1, lambda *a: answers[a])
    assert "exchanged" not in got
    # Only what all inputs have can be exchanged.
    assert told([2.0, 9.0], [1.0, 2.0], [(1.0,), (3.0, 4.0)], answer=lambda a, b=0.0: a) == ""


def test_an_answer_is_right_where_it_is_close_to_the_right_value():
    assert told([1.105, 2.0], [1.0, 2.0], tolerance=0.1) == "It is right at input 2."


def test_of_one_right_value_no_factor_is_told():
    assert "factor" not in told([2.0, 2.0 + 2e-12], [1.0, 1.0])
