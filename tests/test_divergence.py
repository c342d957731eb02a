"""Entropy, cross-entropy, divergence: against mpmath, and by their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from boltzlib.divergence import (
    average_log_likelihood,
    average_negative_log_likelihood,
    cross_entropy,
    entropy,
    kl_divergence,
    log_likelihood,
    total_variation,
)
from boltzlib.gaussian import Gaussian
from tests import oracles
from tests.cases import quick

PAIRS = [
    ([1.0], [1.0]),
    ([0.5, 0.5], [0.5, 0.5]),
    ([0.5, 0.5], [0.9, 0.1]),
    ([1.0, 0.0], [0.5, 0.5]),
    ([0.0, 1.0, 0.0], [0.2, 0.3, 0.5]),
    ([0.25, 0.0, 0.75], [0.5, 0.0, 0.5]),
    ([1.0, 1e-300], [1.0, 2e-300]),
    ([1.0, 1e-310], [1.0, 5e-324]),
    ([1e-310, 1.0], [1.0, 1e-310]),
    ([1.0, 0.0], [5e-324, 1.0]),
    ([0.125] * 8, [0.3, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]),
    ([0.5, 0.5], [0.375, 0.625]),  # q at the edges of the series, p (1 - 1/4) and p (1 + 1/4)
    ([0.5, 0.5], [0.25, 0.75]),
]


@st.composite
def tables(draw, count=1):
    """Draw `count` tables of probabilities over the same 1 to 8 states, zeros included."""
    size = draw(st.integers(1, 8))
    weight = st.one_of(st.just(0.0), st.floats(1e-6, 1.0))
    drawn = []
    for _ in range(count):
        w = np.array(draw(st.lists(weight, min_size=size, max_size=size)))
        w[draw(st.integers(0, size - 1))] += 0.1
        drawn.append(w / w.sum())
    return drawn


def close(value, expected, tolerance=1e-14):
    """Whether a float is within a relative tolerance of an mpmath number."""
    return value == expected or abs(value - expected) <= tolerance * abs(expected)


@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_against_mpmath(p, q):
    assert close(kl_divergence(p, q), oracles.kl(p, q))
    assert close(cross_entropy(p, q), oracles.cross_entropy(p, q))
    assert close(entropy(p), oracles.cross_entropy(p, p))


@pytest.mark.parametrize("size", [2, 5, 100])
@pytest.mark.parametrize("epsilon", [0.3, 0.1, 1e-3, 1e-6, 1e-9, 1e-12, 1e-15])
def test_nearly_equal_tables_keep_their_digits(size, epsilon):
    rng = np.random.default_rng(size)
    p = rng.dirichlet(np.ones(size))
    z = rng.uniform(-1.0, 1.0, size)
    q = p * (1.0 + epsilon * (z - p @ z))
    value, expected = kl_divergence(p, q), oracles.kl(p.tolist(), q.tolist())
    assert close(value, expected)
    assert value >= 0.0


def test_tables_a_quarter_to_a_half_apart_keep_their_digits():
    # p ln(p/q) - p + q as it stands would lose up to 4e-15
    for t in np.linspace(0.25, 0.75, 41):
        p, q = [0.5, 0.5], [0.5 * (1.0 - t), 0.5 * (1.0 + t)]
        assert close(kl_divergence(p, q), oracles.kl(p, q), 1.5e-15)


def test_sums_that_miss_one_by_rounding_leave_no_trace():
    p = np.full(10, 0.1)
    q = np.nextafter(p, 1.0)  # the plain sum would be -1.4e-16
    assert close(kl_divergence(p, q), oracles.kl(p.tolist(), q.tolist()))
    assert 0.0 < kl_divergence(p, q) < 1e-31


def test_zeros():
    assert kl_divergence([0.5, 0.5], [1.0, 0.0]) == np.inf
    assert cross_entropy([0.5, 0.5], [1.0, 0.0]) == np.inf
    assert kl_divergence([1.0, 0.0], [0.5, 0.5]) == pytest.approx(np.log(2.0), rel=1e-15)
    assert kl_divergence([1.0, 0.0], [1.0, 0.0]) == 0.0
    assert str(entropy([1.0, 0.0])) == str(cross_entropy([1.0, 0.0], [1.0, 0.0])) == "0.0"


@quick
@given(tables(2))
def test_divergence_is_never_negative_and_zero_only_for_equal(pair):
    p, q = pair
    assert kl_divergence(p, q) >= 0.0
    assert (kl_divergence(p, q) == 0.0) == np.array_equal(p, q)
    assert kl_divergence(p, p) == 0.0


@quick
@given(tables(2))
def test_cross_entropy_is_entropy_plus_divergence(pair):
    p, q = pair
    both = entropy(p) + kl_divergence(p, q)
    np.testing.assert_allclose(cross_entropy(p, q), both, rtol=1e-14, atol=1e-15)


@quick
@given(tables(2), st.randoms(use_true_random=False))
def test_order_and_shape_do_not_matter(pair, random):
    p, q = pair
    order = list(range(len(p)))
    random.shuffle(order)
    np.testing.assert_allclose(kl_divergence(p[order], q[order]), kl_divergence(p, q), rtol=1e-13)
    np.testing.assert_allclose(entropy(p[order]), entropy(p), rtol=1e-13)
    np.testing.assert_allclose(cross_entropy(p[order], q[order]), cross_entropy(p, q), rtol=1e-13)
    table = (1, -1, 1)
    assert kl_divergence(p.reshape(table), q.reshape(table)) == kl_divergence(p, q)
    assert entropy(p.reshape(table)) == entropy(p)


@quick
@given(tables(2), tables(2))
def test_independent_parts_add(first, second):
    (p, q), (r, s) = first, second
    together = kl_divergence(np.outer(p, r), np.outer(q, s))
    np.testing.assert_allclose(
        together, kl_divergence(p, q) + kl_divergence(r, s), rtol=1e-12, atol=1e-15
    )
    np.testing.assert_allclose(
        entropy(np.outer(p, r)), entropy(p) + entropy(r), rtol=1e-13, atol=1e-15
    )


@quick
@given(tables(2))
def test_merging_states_loses_divergence(pair):
    p, q = pair
    P, Q = (np.bincount(np.arange(len(p)) // 2, table) for table in (p, q))
    whole = kl_divergence(p, q)
    # The sums P and Q are rounded: each term moves by its slope times that.
    moved = 2.0**-52 * (np.abs(special.rel_entr(P, Q)) + np.abs(P - Q)).sum()
    assert kl_divergence(P, Q) <= whole * (1 + 1e-14) + moved + 1e-30


@quick
@given(tables(2))
def test_total_variation(pair):
    p, q = pair
    distance = total_variation(p, q)
    event = float(oracles.largest_event_difference(p.tolist(), q.tolist()))
    np.testing.assert_allclose(distance, event, atol=2e-15)  # p and q sum to 1 up to rounding
    assert distance == total_variation(q, p)
    assert kl_divergence(p, q) >= 2.0 * distance**2 * (1 - 1e-14)  # Pinsker
    assert total_variation(p, p) == 0.0


@quick
@given(tables())
def test_entropy_bounds(drawn):
    (p,) = drawn
    assert 0.0 <= entropy(p) <= np.log(len(p)) + 1e-15
    uniform = np.full(len(p), 1.0 / len(p))
    np.testing.assert_allclose(entropy(uniform), np.log(len(p)), rtol=1e-15)


def test_total_variation_of_disjoint_tables_is_one():
    assert total_variation([0.5, 0.5, 0.0], [0.0, 0.0, 1.0]) == 1.0


@pytest.mark.parametrize("function", [kl_divergence, cross_entropy, total_variation])
@pytest.mark.parametrize(
    ("p", "q", "message"),
    [
        ([0.5, 0.6], [0.5, 0.5], r"p: expected probabilities that sum to 1, got sum 1\.1"),
        ([0.5, 0.5], [0.5, 0.499], r"q: expected probabilities that sum to 1, got sum 0\.999"),
        ([1.5, -0.5], [0.5, 0.5], r"p: expected non-negative probabilities, got -0\.5"),
        ([0.5, 0.5], [-0.5, 1.5], r"q: expected non-negative probabilities, got -0\.5"),
        ([np.nan, 1.0], [0.5, 0.5], r"p: expected finite numbers, got nan"),
        ([0.5, 0.5], [np.inf, 0.0], r"q: expected finite numbers, got inf"),
        ([0.5, 0.5], [1.0], r"q: expected the shape of p, \(2,\), got \(1,\)"),
        ([[0.5, 0.5]], [0.5, 0.5], r"q: expected the shape of p, \(1, 2\), got \(2,\)"),
        ([], [], r"p: expected at least one number, got shape \(0,\)"),
        ([0.5j, 1.0], [0.5, 0.5], r"p: expected real numbers, got dtype complex128"),
        ([[1.0], [0.5, 0.5]], [1.0], r"p: expected a regular array of numbers"),
        (["a"], [1.0], r"p: expected real numbers"),
    ],
)
def test_bad_tables_are_named(function, p, q, message):
    with pytest.raises(ValueError, match=message):
        function(p, q)


@pytest.mark.parametrize(("excess", "accepted"), [(0.9e-9, True), (1.1e-9, False)])
def test_tolerance_on_the_sum(excess, accepted):
    for sign in (-1.0, 1.0):
        p = [0.5, 0.5 + sign * excess]
        if accepted:
            assert entropy(p) > 0.0
        else:
            with pytest.raises(ValueError, match="sum to 1"):
                entropy(p)


class Stub:
    """A model that gives the log probabilities it was made with."""

    def __init__(self, values):
        self.values = np.array(values)

    def log_prob(self, x):
        return self.values


def test_likelihoods():
    model, x = Stub([-1.0, -2.0, -6.0]), [[0.0], [0.0], [0.0]]
    assert log_likelihood(model, x) == -9.0
    assert average_log_likelihood(model, x) == -3.0
    assert average_negative_log_likelihood(model, x) == 3.0
    assert average_negative_log_likelihood(Stub([-1.0, -np.inf]), [0.0, 1.0]) == np.inf


@pytest.mark.parametrize(
    ("values", "x"), [([-1.0], [0.0, 0.0]), ([[-1.0]], [0.0]), (-1.0, [0.0]), (-1.0, 0.0), ([], [])]
)
def test_a_model_of_another_shape_is_refused(values, x):
    with pytest.raises(ValueError, match="model: expected log_prob to return one number"):
        log_likelihood(Stub(values), x)


def test_average_negative_log_likelihood_is_the_cross_entropy_of_the_data():
    # 2.14 and 2.25: what depends on the model is the same up to a constant of the data
    x = np.array([0.0, 1.0, 5.0])
    q, r = Gaussian(1.0, 4.0), Gaussian(2.0, 3.0)
    difference = average_negative_log_likelihood(q, x) - average_negative_log_likelihood(r, x)
    part = [np.mean((x - m) ** 2) / (2 * v) + np.log(v) / 2 for m, v in ((1.0, 4.0), (2.0, 3.0))]
    assert difference == pytest.approx(part[0] - part[1], rel=1e-13)
