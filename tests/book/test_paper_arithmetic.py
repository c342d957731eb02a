"""The rules of paper: shapes must fit, nothing is broadcast, 0 ln 0 is 0."""

import math

import numpy as np
import pytest

from boltzlib.book.paper_arithmetic import (
    Unsized,
    entry,
    logarithm,
    member,
    over,
    raised,
    slope,
    times,
    whole,
)

ROW, COLUMN = np.array([[3.0, 4.0]]), np.array([[5.0], [6.0]])
WIDE = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


@pytest.mark.parametrize("value", [math.inf, math.nan, 0.5])
def test_only_a_whole_number_counts(value):
    with pytest.raises(ValueError, match=f"{value} where a whole number is needed"):
        whole(value)


@pytest.mark.parametrize(
    ("a", "b", "result"),
    [
        (WIDE, 2.0, 2 * WIDE),
        (2.0, WIDE, 2 * WIDE),
        (np.array([[2.0]]), COLUMN, [[10.0], [12.0]]),  # a 1x1 matrix stands for a number
        (ROW, np.array([[2.0]]), [[6.0, 8.0]]),
        (0.0, -math.inf, 0.0),
        (Unsized("1^T"), WIDE, [[5.0, 7.0, 9.0]]),
        (WIDE, Unsized("1"), [[6.0], [15.0]]),
        (Unsized("I", 2.0), WIDE, 2 * WIDE),
    ],
)
def test_products(a, b, result):
    np.testing.assert_array_equal(times(a, b), result)


@pytest.mark.parametrize("factors", [(2.0, Unsized("1", 3.0)), (Unsized("1", 3.0), 2.0)])
def test_a_multiple_of_what_has_no_size_yet(factors):
    product = times(*factors)
    assert (product.kind, product.factor) == ("1", 6.0)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (COLUMN, Unsized("1^T")),  # as wide as one likes
        (Unsized("1"), ROW),
        (Unsized("1^T"), Unsized("1")),
        (Unsized("1"), Unsized("1^T")),
    ],
)
def test_a_product_of_unknown_size(a, b):
    with pytest.raises(ValueError, match="a product of unknown size"):
        times(a, b)


def test_division():
    assert over(3.0, 2.0) == 1.5
    assert over(3.0, 1.0) == 3.0
    assert over(-3.0, 0.0) == -math.inf
    assert math.isnan(over(0.0, 0.0))
    np.testing.assert_array_equal(over(WIDE, 2.0), WIDE / 2)
    with pytest.raises(ZeroDivisionError):
        over(WIDE, 0.0)


def test_powers():
    np.testing.assert_array_equal(raised(np.array([[4.0]]), 0.5), [[2.0]])
    np.testing.assert_array_equal(raised(np.array([[1.0, 1.0], [0.0, 1.0]]), 3), [[1, 3], [0, 1]])
    assert raised(Unsized("I", 3.0), 2).factor == 9.0
    with pytest.raises(ValueError, match="matrix"):
        raised(Unsized("1", 3.0), 2)


def test_the_logarithm_of_zero():
    assert logarithm(0.0) == -math.inf


def test_an_entry_is_named_by_as_many_indices_as_there_are():
    assert entry(COLUMN, [2]) == entry(COLUMN, [2, 1]) == 6.0
    assert entry(WIDE, [2, 3]) == 6.0
    with pytest.raises(LookupError, match="1 indices of 2"):
        entry(WIDE, [2])


def test_a_member_of_a_family_of_vectors_is_a_column_and_of_matrices_a_matrix():
    np.testing.assert_array_equal(member(WIDE, [2]), [[4.0], [5.0], [6.0]])
    family = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(member(family, [2]), family[1])


def test_the_slope_of_a_polynomial_up_to_degree_10_is_exact_whatever_the_step():
    """Five rows remove the errors of order h^2, h^4, h^6 and h^8."""
    assert slope(lambda x: x**10, 1.0, step=1.0) == pytest.approx(10.0, rel=1e-9)


@pytest.mark.parametrize("at", [1e6 / 3, -1e6 / 3])
def test_the_slope_far_from_zero_keeps_its_digits(at):
    assert slope(lambda x: x * x, at) == pytest.approx(2 * at, rel=1e-12)


def test_the_slope_near_a_border_stays_on_its_side():
    assert slope(math.log, 0.06) == pytest.approx(1 / 0.06, rel=0.01)
