"""The matrix of block Gibbs sampling against all states in mpmath, and against what is drawn."""

import functools
import itertools

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boltzlib import rbm_chain
from boltzlib.rbm import RBM, Gradient
from boltzlib.rbm_chain import expected_contrastive_divergence, transition_matrix
from tests import oracles
from tests.cases import quick, some_rbm, some_spins, spins
from tests.laws import frequencies_follow

SHAPES = [(1, 1), (1, 3), (3, 1), (2, 2), (2, 3), (3, 2)]
SCALES = [1e-12, 0.7, 40.0, 750.0]
DTYPES = [np.float64, np.float32]

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 4)


def floats(values):
    return np.array(values, dtype=float)


@functools.cache
def enumerated(N, H, scale=0.7, dtype=np.float64):
    model = some_rbm(N, H, scale, dtype=dtype)
    return model, oracles.rbm_weights(model.W.tolist(), model.b.tolist(), model.c.tolist())


def sizes_of(model):
    return float(np.abs(model.parameters.astype(float)).sum())


# The matrix --------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("N", "H"), SHAPES)
def test_matrix_against_all_states(N, H, scale, dtype):
    model, weights = enumerated(N, H, scale, dtype)
    T = transition_matrix(model)
    assert T.dtype == np.float64 and T.shape == (2**N, 2**N) and (T >= 0).all()
    atol = 4e-15 * (sizes_of(model) + 1)
    np.testing.assert_allclose(T, floats(oracles.rbm_sweep(weights)), rtol=0, atol=atol)
    np.testing.assert_allclose(T.sum(axis=1), 1.0, rtol=atol)


@quick
@given(seeds, sizes, sizes, st.sampled_from([0.1, 1.0, 3.0]))
def test_the_model_is_stationary_and_in_balance(seed, N, H, scale):
    model = some_rbm(N, H, scale, seed)
    T, q = transition_matrix(model), np.exp(model.log_prob(spins(N)))
    np.testing.assert_allclose(T.sum(axis=1), 1.0, rtol=1e-13)
    np.testing.assert_allclose(q @ T, q, rtol=0, atol=1e-12)
    flow = q[:, np.newaxis] * T
    np.testing.assert_allclose(flow, flow.T, rtol=1e-11, atol=1e-300)
    # all is reached from anywhere in one sweep, so that there is no other such distribution
    assert (T > 0).all()


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("row", [0, 6])
def test_matrix_is_what_sampling_does(row, steps):
    """Chi-square, false alarm 1e-9 each."""
    model, n = some_rbm(3, 2, 1.3), 20_000
    start = np.tile(spins(3)[row], (n, 1))
    x = model.sample(n, rng=np.random.default_rng([row, steps]), steps=steps, start=start)
    frequencies_follow(x, np.linalg.matrix_power(transition_matrix(model), steps)[row])


def test_one_unit_by_hand():
    """From x: z = x with probability p = 1 / (1 + exp(-2 w)), and back in the same way."""
    p = 1.0 / (1.0 + np.exp(-2.0 * 0.8))
    stay = p * p + (1 - p) * (1 - p)
    np.testing.assert_allclose(
        transition_matrix(RBM([[0.8]], [0.0], [0.0])), [[stay, 1 - stay], [1 - stay, stay]]
    )


def test_strong_couplings_never_mix():
    T = transition_matrix(RBM(np.full((2, 2), 750.0), [0.0, 0.0], [0.0, 0.0]))
    np.testing.assert_array_equal(T[[0, 3]], np.eye(4)[[0, 3]])
    # from (-1, 1) the hidden units are coins; where they differ, so are the visible ones
    np.testing.assert_allclose(T[1], [0.375, 0.125, 0.125, 0.375], rtol=1e-15)


# Contrastive divergence --------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize(("N", "H"), [(1, 1), (3, 2), (2, 3)])
def test_divergence_against_all_states(N, H, steps, scale, dtype):
    model, weights = enumerated(N, H, scale, dtype)
    rows = some_spins(7, N).astype(int)
    found = expected_contrastive_divergence(model, rows, steps=steps)
    assert isinstance(found, Gradient)
    ends = [
        oracles.rbm_data_moments(weights, oracles.rbm_after_sweeps(weights, rows.tolist(), k))
        for k in (0, steps)
    ]
    for part, plus, minus, shape in zip(found, *ends, ((N, H), (N,), (H,)), strict=True):
        assert part.shape == shape
        atol = 6e-15 * (steps + 1) * (sizes_of(model) + 1)
        np.testing.assert_allclose(part, floats(plus) - floats(minus), rtol=0, atol=atol)


@quick
@given(seeds, sizes, sizes)
def test_divergence_goes_to_the_gradient(seed, N, H):
    """The distance falls as the second largest eigenvalue of the matrix to the power k."""
    model, x = some_rbm(N, H, 0.5, seed), some_spins(5, N, seed)
    gradient = model.log_likelihood_gradient(x)
    rate = np.sort(np.abs(np.linalg.eigvals(transition_matrix(model))))[-2]
    q = np.exp(model.log_prob(spins(N)))
    for steps in (1, 3, 10, 300):
        found = expected_contrastive_divergence(model, x, steps=steps)
        gaps = [np.abs(a - b).max() for a, b in zip(found, gradient, strict=True)]
        assert max(gaps) <= rate**steps / np.sqrt(q.min()) + 1e-12
    assert max(gaps) < 1e-10 or rate > 0.9


def test_divergence_is_linear_in_the_data_and_one_step_is_the_default():
    model, x = some_rbm(3, 2, 1.0), some_spins(6, 3)
    found = expected_contrastive_divergence(model, x)
    told = expected_contrastive_divergence(model, x, steps=1)
    rows = [expected_contrastive_divergence(model, row[np.newaxis]) for row in x]
    for part, same, each in zip(found, told, zip(*rows, strict=True), strict=True):
        np.testing.assert_array_equal(part, same)
        np.testing.assert_allclose(part, np.mean(each, axis=0), atol=1e-15)


def test_divergence_vanishes_in_the_model():
    """The only states are equally frequent in the data and in the model."""
    model, x = RBM([[1.5, -0.5]], [0.0], [0.0, 0.0]), [[1], [-1]]
    for part in expected_contrastive_divergence(model, x, steps=3):
        np.testing.assert_allclose(part, 0.0, atol=1e-15)


def test_the_oracle_keeps_the_order_of_the_states():
    weights = enumerated(2, 2)[1]
    shares = oracles.rbm_after_sweeps(weights, [[1, -1], [1, 1], [1, -1]], 0)
    assert list(shares) == list(itertools.product((-1, 1), repeat=2))
    assert [mpmath.nstr(v, 3) for v in shares.values()] == ["0.0", "0.0", "0.667", "0.333"]


# Bad input ---------------------------------------------------------------------------


def test_bad_input(monkeypatch):
    good = some_rbm(2, 3)
    for shape in ((13, 1), (1, 13), (30, 30)):
        big = RBM(np.zeros(shape), np.zeros(shape[0]), np.zeros(shape[1]))
        message = f"at most 12 units in each layer, got {shape[0]} visible and {shape[1]} hidden"
        for call in (
            transition_matrix,
            lambda m: expected_contrastive_divergence(m, m.b[None] + 1),
        ):
            with pytest.raises(ValueError, match=f"model: expected {message}"):
                call(big)
    monkeypatch.setattr(rbm_chain, "MAX_CHAIN", 3)
    assert transition_matrix(good).shape == (4, 4)
    monkeypatch.setattr(rbm_chain, "MAX_CHAIN", 2)
    with pytest.raises(ValueError, match="at most 2 units"):
        transition_matrix(good)


@pytest.mark.parametrize(
    ("x", "steps", "message"),
    [
        ([[0, 1]], 1, r"x: expected spins, -1 or 1, got 0; 2 \* x - 1 turns 0 and 1 into spins"),
        ([[1, 1, 1]], 1, r"x: expected shape \(n, 2\), got \(1, 3\)"),
        ([[1, 1]], 0, "steps: expected a positive integer, got 0"),
        ([[1, 1]], 1.5, "steps: expected a positive integer, got 1.5"),
    ],
)
def test_bad_data(x, steps, message):
    with pytest.raises(ValueError, match=message):
        expected_contrastive_divergence(some_rbm(2, 3), x, steps=steps)


def test_arguments_are_left_alone():
    x = some_spins(5, 2)
    before = x.copy()
    x.flags.writeable = False
    expected_contrastive_divergence(some_rbm(2, 3), x, steps=2)
    np.testing.assert_array_equal(x, before)
