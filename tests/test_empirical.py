"""The empirical distribution: frequencies, averages, distribution function, draws."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from boltzlib.empirical import Empirical, kolmogorov_distance
from tests.cases import quick
from tests.laws import FALSE_ALARM

rows = st.integers(1, 3).flatmap(
    lambda size: st.lists(
        st.lists(st.integers(-2, 2), min_size=size, max_size=size), min_size=1, max_size=12
    )
)
numbers = st.lists(st.floats(-10, 10), min_size=1, max_size=12)


@quick
@given(rows)
def test_frequencies_by_counting(data):
    p0 = Empirical(data)
    states = sorted({tuple(row) for row in data})
    assert [tuple(row) for row in p0.support] == states
    expected = [Fraction(data.count(list(s)), len(data)) for s in states]
    np.testing.assert_allclose(p0.weights, [float(f) for f in expected], rtol=1e-15)
    assert p0.n == len(data)
    assert p0.dimension == len(data[0])
    asked = [*reversed(data), [9] * len(data[0]), [-9] * len(data[0]), data[0]]
    counts = [data.count(s) / len(data) for s in asked]
    np.testing.assert_allclose(p0.prob(asked), counts, rtol=1e-15)


def test_one_dimension():
    p0 = Empirical([3.0, 1.0, 3.0, 2.0])
    assert p0.dimension == 1
    np.testing.assert_array_equal(p0.samples, [3.0, 1.0, 3.0, 2.0])
    np.testing.assert_array_equal(p0.support, [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(p0.weights, [0.25, 0.25, 0.5])
    np.testing.assert_array_equal(p0.prob([3.0, 0.0]), [0.5, 0.0])
    np.testing.assert_array_equal(p0.prob([[3.0], [0.0]]), [0.5, 0.0])


def test_both_zeros_are_one_state():
    p0 = Empirical([0.0, -0.0, 1.0])
    np.testing.assert_array_equal(p0.support, [0.0, 1.0])
    np.testing.assert_allclose(p0.prob([-0.0]), [2 / 3])
    plane = Empirical([[0.0, 1.0], [-0.0, 1.0], [1.0, 0.0]])
    np.testing.assert_array_equal(plane.support, [[0.0, 1.0], [1.0, 0.0]])
    np.testing.assert_allclose(plane.prob([[-0.0, 1.0], [1.0, -0.0]]), [2 / 3, 1 / 3])


@quick
@given(numbers, st.lists(st.floats(-11, 11), min_size=1, max_size=5))
def test_cdf_by_counting(data, points):
    p0 = Empirical(data)
    for t in (points, data):  # at the jumps too
        expected = [sum(x <= s for x in data) / len(data) for s in t]
        np.testing.assert_array_equal(p0.cdf(t), expected)
    np.testing.assert_array_equal(p0.cdf([-np.inf, np.inf]), [0.0, 1.0])
    assert p0.cdf(np.zeros((2, 3))).shape == (2, 3)
    assert p0.cdf(0.0).shape == ()


@quick
@given(rows)
def test_expectation_is_the_mean_and_the_sum_over_states(data):
    p0 = Empirical(data)
    value = p0.expectation(lambda x: x[:, 0] ** 3 + 1.0)
    assert isinstance(value, float)
    exact = sum(Fraction(row[0]) ** 3 + 1 for row in data) / len(data)
    np.testing.assert_allclose(value, float(exact), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(value, p0.weights @ (p0.support[:, 0] ** 3 + 1.0), atol=1e-13)
    np.testing.assert_allclose(
        p0.expectation(lambda x: x), np.mean(np.array(data, float), axis=0), atol=1e-15
    )


def test_draws_are_memories_with_the_right_frequencies():
    data = np.array([[0.0, 1.0], [2.0, 3.0], [0.0, 1.0], [4.0, 5.0]])
    p0 = Empirical(data)
    # Hoeffding: a frequency off by 0.02 from a right sampler is this rare, for 3 states
    n = int(np.ceil(np.log(6 / FALSE_ALARM) / (2 * 0.02**2)))
    draws = p0.sample(n, rng=np.random.default_rng(5))
    assert draws.shape == (n, 2)
    assert {tuple(row) for row in draws} == {tuple(row) for row in data}
    frequencies = [np.mean((draws == s).all(axis=1)) for s in p0.support]
    np.testing.assert_allclose(frequencies, p0.weights, atol=0.02)
    assert Empirical([1.0, 2.0]).sample(3, rng=np.random.default_rng(5)).shape == (3,)


def test_kolmogorov_distance_by_hand():
    def uniform(t):
        return np.clip(t, 0.0, 1.0)

    assert kolmogorov_distance([0.5], uniform) == 0.5
    assert kolmogorov_distance([0.0], uniform) == 1.0
    assert kolmogorov_distance([1.0], uniform) == pytest.approx(1.0, abs=1e-15)
    assert kolmogorov_distance([0.1, 0.9], uniform) == pytest.approx(0.4, abs=1e-15)
    assert kolmogorov_distance([[0.1], [0.2]], uniform) == pytest.approx(0.8, abs=1e-15)
    assert kolmogorov_distance([2.0, 3.0], uniform) == 1.0
    assert kolmogorov_distance([-3.0, -2.0], uniform) == 1.0


@quick
@given(numbers)
def test_kolmogorov_distance_is_the_supremum(data):
    p0 = Empirical(data)
    distance = kolmogorov_distance(data, ndtr)
    fine = np.concatenate([np.linspace(-12, 12, 2001), data, np.nextafter(data, -np.inf)])
    gaps = np.abs(p0.cdf(fine) - ndtr(fine))
    assert gaps.max() == distance  # attained at a sample or just below it


@quick
@given(numbers)
def test_kolmogorov_distance_of_the_data_from_themselves_is_zero(data):
    assert kolmogorov_distance(data, Empirical(data).cdf) == 0.0


def test_kolmogorov_distance_sees_a_jump_that_the_data_lack():
    assert kolmogorov_distance([0.0, 1.0], Empirical([0.0, 1.0, 1.0, 1.0]).cdf) == 0.25


def test_arrays_are_copies_and_read_only():
    data = np.array([1.0, 2.0])
    p0 = Empirical(data)
    data[0] = 9.0
    np.testing.assert_array_equal(p0.samples, [1.0, 2.0])
    for array in (p0.samples, p0.support, p0.weights):
        assert array.dtype == np.float64
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0


def test_only_the_samples_are_shown_and_replaced():
    p0 = Empirical([1.0, 1.0, 2.0])
    assert repr(p0) == f"Empirical(samples={p0.samples!r})"
    np.testing.assert_array_equal(dataclasses.replace(p0, samples=[3.0, 4.0]).weights, [0.5, 0.5])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], r"samples: expected at least one number, got shape \(0,\)"),
        (1.0, r"samples: expected shape \(n,\) or \(n, N\), got \(\)"),
        (np.zeros((2, 2, 2)), r"samples: expected shape \(n,\) or \(n, N\), got \(2, 2, 2\)"),
        ([np.nan], r"samples: expected finite numbers, got nan"),
    ],
)
def test_bad_data(data, message):
    with pytest.raises(ValueError, match=message):
        Empirical(data)


def test_bad_arguments():
    line, plane = Empirical([1.0, 2.0]), Empirical([[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"states: expected shape \(n, 2\), got \(2,\)"):
        plane.prob([1.0, 2.0])
    with pytest.raises(
        ValueError, match=r"states: expected shape \(n, 1\) or \(n,\), got \(1, 2\)"
    ):
        line.prob([[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"samples: expected one-dimensional data, got N = 2"):
        plane.cdf(0.0)
    with pytest.raises(ValueError, match=r"t: expected numbers, got nan"):
        line.cdf(np.nan)
    with pytest.raises(ValueError, match=r"t: expected numbers, got nan"):
        line.cdf([0.0, np.nan])
    with pytest.raises(ValueError, match=r"f: expected an array with first axis n = 2, got"):
        line.expectation(lambda x: x.sum())
    with pytest.raises(ValueError, match=r"size: expected a positive integer, got 0"):
        line.sample(0, rng=np.random.default_rng(1))
    with pytest.raises(ValueError, match=r"size: expected a positive integer, got 1\.5"):
        line.sample(1.5, rng=np.random.default_rng(1))
    with pytest.raises(ValueError, match=r"rng: expected a numpy.random.Generator .* got int"):
        line.sample(1, rng=1)
    with pytest.raises(ValueError, match=r"x: expected shape \(n, 1\) or \(n,\), got \(1, 2\)"):
        kolmogorov_distance([[1.0, 2.0]], ndtr)
    for cdf, got in ((lambda t: t + 5.0, "5.5"), (lambda t: t - 5.0, "-4.5"), (np.log, "-0.69")):
        with pytest.raises(ValueError, match=rf"cdf: expected values in \[0, 1\], got {got}"):
            kolmogorov_distance([0.5], cdf)
    with pytest.raises(ValueError, match=r"cdf: expected values in \[0, 1\], got nan"):
        kolmogorov_distance([0.5], lambda t: t * np.nan)
    with pytest.raises(ValueError, match=r"cdf: expected an array of shape \(1,\), got \(\)"):
        kolmogorov_distance([0.5], lambda t: 0.5)
    # only the limit from the left is wrong, only one value of two is
    for cdf in (lambda t: np.where(t < 0.5, 2.0, 0.5), lambda t: np.where(t < 0.7, 0.5, 2.0)):
        with pytest.raises(ValueError, match=r"cdf: expected values in \[0, 1\], got 2"):
            kolmogorov_distance([0.5, 0.9], cdf)
