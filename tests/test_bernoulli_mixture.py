"""Bernoulli mixtures against all their states, the M-step against a search, EM to its end."""

import dataclasses
import itertools
import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize
from scipy.special import expit, logsumexp

from boltzlib.bernoulli_mixture import BernoulliMixture
from boltzlib.descent import ConvergenceWarning
from boltzlib.latent import q_function
from tests import oracles
from tests.cases import quick

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 4)
infinity = math.inf


def all_states(N):
    return np.array(list(itertools.product([0.0, 1.0], repeat=N)))


def some_mixture(rng, K, N):
    return BernoulliMixture(rng.dirichlet(np.full(K, 3.0)), rng.uniform(0.05, 0.95, (K, N)))


def plain(model):
    return model.weights.tolist(), model.probabilities.tolist()


def floats(table):
    return np.array(table, dtype=float)


def some_bits(rng, n, N=4):
    """Return rows of two kinds, with nearly opposite bits."""
    p = np.linspace(0.9, 0.6, N)
    p = np.where(rng.random((n, 1)) < 0.4, p, 1.0 - p)
    return (rng.random((n, N)) < p).astype(float)


# Probabilities -----------------------------------------------------------------------


@quick
@given(seeds, sizes, sizes)
def test_against_mpmath_in_all_states(seed, K, N):
    q = some_mixture(np.random.default_rng(seed), K, N)
    x = all_states(N)
    joint = oracles.bernoulli_joint(x.tolist(), *plain(q))
    np.testing.assert_allclose(q.joint_log_prob(x), floats(joint), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(
        q.log_prob(x), floats(oracles.evidence(joint)), rtol=1e-14, atol=1e-15
    )
    np.testing.assert_allclose(q.responsibilities(x), floats(oracles.posterior(joint)), rtol=1e-13)
    assert np.exp(q.log_prob(x)).sum() == pytest.approx(1.0, rel=1e-13)
    assert q.log_likelihood(x) == pytest.approx(q.log_prob(x).mean(), rel=1e-15)


def test_two_components_by_hand():
    q = BernoulliMixture([0.25, 0.75], [[0.5, 0.2], [0.1, 0.6]])
    assert (q.n_components, q.dimension) == (2, 2)
    a, b = 0.25 * 0.5 * 0.8, 0.75 * 0.1 * 0.4
    for x in ([[1, 0]], [[True, False]], np.array([[1, 0]], dtype=np.uint8)):
        np.testing.assert_allclose(q.joint_log_prob(x), np.log([[a, b]]), rtol=1e-14)
        np.testing.assert_allclose(q.log_prob(x), [math.log(a + b)], rtol=1e-14)
        np.testing.assert_allclose(q.responsibilities(x), [[a / (a + b), b / (a + b)]], rtol=1e-14)
    line = BernoulliMixture([1.0], [0.25])
    np.testing.assert_allclose(line.log_prob([1, 0]), np.log([0.25, 0.75]), rtol=1e-15)
    np.testing.assert_array_equal(line.log_prob([[1], [0]]), line.log_prob([1, 0]))


def test_what_cannot_be_has_no_probability():
    q = BernoulliMixture([0.5, 0.5, 0.0], [[1.0, 0.0], [0.5, 1.0], [0.5, 0.5]])
    x = [[1, 0], [0, 0], [0, 1], [1, 1]]
    half, none = math.log(0.5), -infinity
    expected = [[half, none, none], [none] * 3, [none, 2 * half, none], [none, 2 * half, none]]
    np.testing.assert_allclose(q.joint_log_prob(x), expected, rtol=1e-15)
    np.testing.assert_allclose(q.log_prob(x), [half, none, 2 * half, 2 * half], rtol=1e-15)
    np.testing.assert_array_equal(q.responsibilities([[1, 0], [0, 1]]), [[1, 0, 0], [0, 1, 0]])
    assert q.log_likelihood(x) == none
    with pytest.raises(ValueError, match="x: expected rows that a .* got one that none can, row 1"):
        q.responsibilities(x)
    certain = BernoulliMixture([1.0], [[1.0, 0.0, 1.0]])
    assert certain.log_prob([[1, 0, 1]])[0] == 0.0


def test_probabilities_near_0_and_1_keep_their_digits():
    tiny = 1e-20
    q = BernoulliMixture([1.0], [[tiny, 1e-300, 5e-324]])
    np.testing.assert_allclose(q.log_prob([[0, 0, 0]]), [-tiny], rtol=1e-14)
    np.testing.assert_allclose(q.log_prob([[1, 0, 0]]), [math.log(tiny)], rtol=1e-15)
    p = 1.0 - 2.0**-53
    np.testing.assert_allclose(
        BernoulliMixture([1.0], [p]).log_prob([1]), [-(2.0**-53)], rtol=1e-14
    )
    many = BernoulliMixture([0.5, 0.5], np.full((2, 1000), [[1e-3], [1e-4]]))
    x = np.ones((1, 1000))  # the probability is 1e-3000
    joint = oracles.bernoulli_joint(x.tolist(), *plain(many))
    np.testing.assert_allclose(many.log_prob(x), floats(oracles.evidence(joint)), rtol=1e-14)
    np.testing.assert_array_equal(many.responsibilities(x), [[1.0, 0.0]])


@quick
@given(seeds, sizes, sizes)
def test_the_order_of_components_and_bits_does_not_matter(seed, K, N):
    rng = np.random.default_rng(seed)
    q, k, j = some_mixture(rng, K, N), rng.permutation(K), rng.permutation(N)
    other = BernoulliMixture(q.weights[k], q.probabilities[k][:, j])
    x = all_states(N)
    np.testing.assert_allclose(other.log_prob(x[:, j]), q.log_prob(x), rtol=1e-12)
    np.testing.assert_allclose(other.responsibilities(x[:, j]), q.responsibilities(x)[:, k])


# Samples -----------------------------------------------------------------------------


@pytest.mark.parametrize(("K", "N"), [(1, 2), (2, 3), (3, 4)])
def test_samples_have_the_right_frequencies(K, N):
    """Chi-square over labels and states with an expected count of 5 or more; false alarm 1e-9."""
    q, n = some_mixture(np.random.default_rng([K, N]), K, N), 20_000
    labels, x = q.sample_joint(n, rng=np.random.default_rng(1))
    assert x.shape == (n, N) and x.dtype == np.float64 and labels.shape == (n,)
    np.testing.assert_array_equal(q.sample(n, rng=np.random.default_rng(1)), x)
    assert not np.array_equal(q.sample(n, rng=np.random.default_rng(2)), x)
    expected = n * np.exp(floats(oracles.bernoulli_joint(all_states(N).tolist(), *plain(q))))
    rows = (x @ 2 ** np.arange(N)[::-1]).astype(int)
    counts = np.zeros_like(expected)
    np.add.at(counts, (rows, labels), 1)
    often = expected >= 5
    observed = np.append(counts[often], counts[~often].sum())
    wanted = np.append(expected[often], expected[~often].sum())
    kept = wanted > 0
    score = ((observed - wanted)[kept] ** 2 / wanted[kept]).sum()
    assert score < stats.chi2.isf(1e-9, kept.sum() - 1)


def test_samples_are_independent_of_their_order():
    """Correlation of neighbours in the sample; false alarm 1e-9 each (normal law, 6.1 sigma)."""
    x = some_mixture(np.random.default_rng(1), 2, 3).sample(10_000, rng=np.random.default_rng(1))
    for column in x.T:
        assert abs(np.corrcoef(column[1:], column[:-1])[0, 1]) < 6.1 / np.sqrt(len(x))


def test_certain_bits_are_certain():
    x = BernoulliMixture([1.0], [[0.0, 1.0]]).sample(10_000, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(x, np.tile([0.0, 1.0], (10_000, 1)))

    class Lowest(np.random.Generator):
        """Draws the smallest number there is: 0."""

        def random(self, size):
            return np.zeros(size)

    x = BernoulliMixture([1.0], [[0.0, 1.0]]).sample(1, rng=Lowest(np.random.PCG64(1)))
    np.testing.assert_array_equal(x, [[0.0, 1.0]])


# M-step ------------------------------------------------------------------------------


@pytest.mark.parametrize("a", [0.0, 0.5, 3.0])
@pytest.mark.parametrize("N", [1, 3])
@pytest.mark.parametrize("K", [1, 2, 3])
def test_m_step_against_fractions(K, N, a):
    rng = np.random.default_rng([K, N])
    x = rng.integers(0, 2, (12, N)).astype(float)
    gamma = rng.integers(1, 9, (12, K)) / 32.0
    gamma[:, 0] = 1.0 - gamma[:, 1:].sum(axis=1)
    new = some_mixture(rng, K, N).maximised(x, gamma, pseudocount=a)
    for k in range(K):
        shares = [Fraction(r) for r in gamma[:, k]]
        assert new.weights[k] == pytest.approx(float(sum(shares) / 12), rel=1e-15)
        for j in range(N):
            ones = sum(r * int(bit) for r, bit in zip(shares, x[:, j], strict=True))
            exact = (ones + Fraction(a)) / (sum(shares) + 2 * Fraction(a))
            assert new.probabilities[k, j] == pytest.approx(float(exact), rel=1e-14)


@pytest.mark.parametrize("a", [0.0, 0.5, 3.0])
@pytest.mark.parametrize(("K", "N"), [(1, 1), (2, 2), (3, 2)])
def test_m_step_against_a_search(K, N, a):
    """The pseudocount is a prior: SciPy climbs Q + ln prior / n to the same place."""
    rng = np.random.default_rng([K, N])
    x, gamma = some_bits(rng, 30, N), rng.dirichlet(np.ones(K), 30)

    def unpacked(theta):
        logits, entries = theta[:K], theta[K:].reshape(K, N)
        return logits - logsumexp(logits), expit(entries)

    def loss(theta):
        log_weights, p = unpacked(theta)
        joint = log_weights + x @ np.log(p).T + (1.0 - x) @ np.log1p(-p).T
        prior = a * (np.log(p) + np.log1p(-p)).sum()
        return -((gamma * joint).sum() + prior) / 30

    best = minimize(loss, np.zeros(K + K * N), method="BFGS", options={"gtol": 1e-7})
    log_weights, p = unpacked(best.x)
    new = some_mixture(rng, K, N).maximised(x, gamma, pseudocount=a)
    np.testing.assert_allclose(new.weights, np.exp(log_weights), atol=1e-6)
    np.testing.assert_allclose(new.probabilities, p, atol=1e-5)
    value = q_function(new.joint_log_prob(x), gamma) + new.log_prior(a) / 30
    assert value == pytest.approx(-best.fun, abs=1e-10) and value >= -best.fun - 1e-14


def test_log_prior_by_hand():
    q = BernoulliMixture([0.5, 0.5], [[0.5, 0.25], [0.1, 1.0]])
    assert q.log_prior(0.0) == 0.0
    assert q.log_prior(0.5) == -infinity
    q = BernoulliMixture([0.5, 0.5], [[0.5, 0.25], [0.1, 1e-20]])
    terms = [math.log(v) + math.log1p(-v) for v in (0.5, 0.25, 0.1, 1e-20)]
    assert q.log_prior(3.0) == pytest.approx(3.0 * sum(terms), rel=1e-14)


def test_a_component_without_samples():
    q = BernoulliMixture([0.5, 0.5], [[0.3, 0.4], [0.6, 0.7]])
    x, gamma = [[1, 0], [1, 1]], [[1.0, 0.0], [1.0, 0.0]]
    new = q.maximised(x, gamma)
    np.testing.assert_array_equal(new.weights, [1.0, 0.0])
    np.testing.assert_array_equal(new.probabilities, [[1.0, 0.5], [0.6, 0.7]])
    new = q.maximised(x, gamma, pseudocount=1.0)
    np.testing.assert_array_equal(new.probabilities, [[0.75, 0.5], [0.5, 0.5]])


@quick
@given(seeds, st.integers(2, 400), st.sampled_from([0.0, 1e-18]))
def test_no_sample_becomes_impossible(seed, n, a):
    """Where one zero has a weight, however small, p = 1 would give it no probability."""
    rng = np.random.default_rng(seed)
    x = np.ones((n, 1))
    x[rng.integers(n)] = 0.0
    gamma = rng.dirichlet(np.ones(2), n)
    gamma[x[:, 0] == 0.0] = [1e-18, 1.0]
    new = some_mixture(rng, 2, 1).maximised(x, gamma, pseudocount=a)
    assert new.probabilities[0, 0] < 1.0
    assert np.isfinite(new.joint_log_prob(x)[:, 0]).all()
    assert np.isfinite(q_function(new.joint_log_prob(x), gamma))


@pytest.mark.parametrize("n", [3, 30, 300])
def test_a_bit_that_is_always_1(n):
    rng = np.random.default_rng(n)
    x, q = np.ones((n, 1)), some_mixture(rng, 2, 1)
    for _ in range(20):  # the shares add up in another order than those of the ones
        gamma = rng.dirichlet(np.ones(2), n)
        np.testing.assert_allclose(q.maximised(x, gamma).probabilities, 1.0, rtol=1e-14)
        assert (q.maximised(x, gamma, pseudocount=1e-18).probabilities < 1.0).all()


# EM ----------------------------------------------------------------------------------


@quick
@given(seeds, sizes, sizes, st.sampled_from([0.0, 0.5]))
def test_fit_ascends_to_a_stationary_point(seed, K, N, a):
    rng = np.random.default_rng(seed)
    x = some_bits(rng, 40, N)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit = BernoulliMixture.fit(x, K, rng=rng, starts=1, pseudocount=a, max_steps=30)
    values = fit.history.values
    assert (np.diff(values) >= -1e-13 * np.abs(values[:-1])).all()
    start, end = fit.history.models  # of a large model only these are kept
    for model, value in ((start, values[0]), (end, values[-1])):
        expected = model.log_likelihood(x) + model.log_prior(a) / 40
        assert value == pytest.approx(expected, rel=1e-12, abs=1e-13)
    assert end is fit.model and len(fit.history.moves) == len(values) - 1
    if fit.converged:
        gamma = fit.model.responsibilities(x)
        again = fit.model.maximised(x, gamma, pseudocount=a)
        assert fit.model.distance(again) < 1e-5


def test_where_em_ends_the_gradient_vanishes():
    x = some_bits(np.random.default_rng(3), 200)
    fit = BernoulliMixture.fit(
        x, 2, rng=np.random.default_rng(1), starts=2, tolerance=1e-9, max_steps=20_000
    )
    assert fit.converged
    C, p = fit.model.weights, fit.model.probabilities

    def likelihood(C, p):
        parts = np.where(x[:, np.newaxis] > 0, p, 1.0 - p).prod(axis=2)
        return np.log(parts @ C).mean()

    h = 1e-5
    for k, j in itertools.product(range(2), range(4)):
        if 1e-3 < p[k, j] < 1 - 1e-3:
            e = np.zeros((2, 4))
            e[k, j] = h
            assert abs(likelihood(C, p + e) - likelihood(C, p - e)) / (2 * h) < 1e-7
    e = np.array([h, -h])
    assert abs(likelihood(C + e, p) - likelihood(C - e, p)) / (2 * h) < 1e-7


def test_one_component_is_the_mean():
    x = some_bits(np.random.default_rng(1), 50)
    fit = BernoulliMixture.fit(x, 1, rng=np.random.default_rng(1), starts=2)
    assert fit.converged
    np.testing.assert_allclose(fit.model.probabilities[0], x.mean(axis=0), rtol=1e-14)
    with_prior = BernoulliMixture.fit(x, 1, rng=np.random.default_rng(1), pseudocount=2.0)
    expected = (x.sum(axis=0) + 2.0) / 54.0
    np.testing.assert_allclose(with_prior.model.probabilities[0], expected, rtol=1e-14)


def test_fit_recovers_the_mixture():
    """Each parameter within 7 standard errors; false alarm 3e-12 each (normal law, n large)."""
    truth = BernoulliMixture([0.4, 0.6], [[0.9, 0.8, 0.2, 0.6, 0.3], [0.2, 0.3, 0.7, 0.1, 0.8]])
    n = 20_000
    x = truth.sample(n, rng=np.random.default_rng(3))
    q = BernoulliMixture.fit(x, 2, rng=np.random.default_rng(1), starts=2).model
    order = np.argsort(-q.probabilities[:, 0])
    # Fisher information by enumeration: slopes of ln q in C_1 and in each p
    states = all_states(5)
    C, p = truth.weights, truth.probabilities
    parts = np.where(states[:, np.newaxis] > 0, p, 1.0 - p)
    joint = C * parts.prod(axis=2)
    density = joint.sum(axis=1)
    slopes = [(joint[:, 0] / C[0] - joint[:, 1] / C[1]) / density]
    for k, j in itertools.product(range(2), range(5)):
        sign = np.where(states[:, j] > 0, 1.0, -1.0)
        slopes.append(joint[:, k] / parts[:, k, j] * sign / density)
    slopes = np.array(slopes)
    errors = np.sqrt(np.diag(np.linalg.inv((slopes * density) @ slopes.T)) / n)
    found = np.append(q.weights[order][0], q.probabilities[order].ravel())
    assert (np.abs(found - np.append(C[0], p.ravel())) < 7.0 * errors).all()


def test_fit_says_how_it_went():
    x = some_bits(np.random.default_rng(2), 100)
    fit = BernoulliMixture.fit(x, 2, rng=np.random.default_rng(1), starts=3)
    assert fit.converged and fit.reason.endswith("best of 3 starts")
    same = BernoulliMixture.fit(x, 2, rng=np.random.default_rng(1), starts=3)
    np.testing.assert_array_equal(same.model.probabilities, fit.model.probabilities)
    ten = BernoulliMixture.fit(x[:20], 1, rng=np.random.default_rng(1))
    assert ten.reason.endswith("best of 10 starts")
    with pytest.warns(
        ConvergenceWarning, match="BernoulliMixture.fit: .* after 2 steps; best of 3"
    ) as told:
        assert not BernoulliMixture.fit(
            x, 2, rng=np.random.default_rng(1), starts=3, max_steps=2
        ).converged
    assert told[0].filename == __file__  # it points to the call
    rng = np.random.default_rng(4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        ends = [
            BernoulliMixture.fit(x, 3, rng=rng, starts=1, max_steps=50).history.values[-1]
            for _ in range(6)
        ]
        best = BernoulliMixture.fit(x, 3, rng=np.random.default_rng(4), starts=6, max_steps=50)
    assert best.history.values[-1] == max(ends) > min(ends)


def test_the_start_of_a_fit():
    """K different rows, a quarter of the way from the mean, which is kept off 0 and 1."""
    x = np.array([[1, 0, 1, 1], [0, 0, 1, 0], [0, 0, 1, 1]], dtype=float)
    near = 0.75 * (0.05 + 0.9 * x.mean(axis=0)) + 0.25 * x
    for seed in range(8):
        fit = BernoulliMixture.fit(x, 3, rng=np.random.default_rng(seed), starts=1, tolerance=0.1)
        start = fit.history.models[0]
        np.testing.assert_array_equal(start.weights, np.full(3, 1.0 / 3.0))
        order = np.lexsort(start.probabilities.T)
        np.testing.assert_allclose(start.probabilities[order], near[np.lexsort(near.T)], rtol=1e-14)


def test_twins_are_a_saddle():
    x = np.ones((5, 2))
    x[:, 1] = 0.0
    with pytest.warns(
        ConvergenceWarning, match="components 0 and 1 are all but the same: a saddle"
    ):
        fit = BernoulliMixture.fit(x, 2, rng=np.random.default_rng(1))
    assert not fit.converged
    assert fit.model.log_likelihood(x) == pytest.approx(0.0, abs=1e-14)
    assert BernoulliMixture([0.5, 0.2, 0.3], [[0.1], [0.5], [0.1]]).twins() == (0, 2)
    assert BernoulliMixture([0.5, 0.2, 0.3], [[0.1], [0.5], [0.5]]).twins() == (1, 2)
    assert BernoulliMixture([0.5, 0.0, 0.5], [[0.1], [0.1], [0.5]]).twins() is None
    assert BernoulliMixture([0.5, 0.5], [[0.1, 0.2], [0.1, 0.202]]).twins() is None
    assert BernoulliMixture([0.5, 0.5], [[0.1, 0.2], [0.1, 0.2003]]).twins() == (0, 1)
    assert BernoulliMixture([0.5, 0.5], [[9e-4, 1e-5], [1e-5, 9e-4]]).twins() is None  # rare bits
    assert BernoulliMixture([0.5, 0.5], [[0.0, 1.0], [0.0, 1.0]]).twins() == (0, 1)
    for near, far in (
        ([0.5, 0.50045], [0.5, 0.50055]),  # 1e-3 of the standard deviation 0.5
        ([0.99, 0.99009], [0.99, 0.99011]),  # of the deviation 0.0995
        ([0.01, 0.01009], [0.01, 0.01011]),
        ([0.0, 4.9e-7], [0.0, 5.1e-7]),  # of that of the mean of both
        ([1.0, 1.0 - 4.9e-7], [1.0, 1.0 - 5.1e-7]),
    ):
        for order in (slice(None), slice(None, None, -1)):
            assert BernoulliMixture([0.5, 0.5], near[order]).twins() == (0, 1)
            assert BernoulliMixture([0.5, 0.5], far[order]).twins() is None


def test_distance_by_hand():
    q = BernoulliMixture([0.5, 0.5], [[0.5, 0.25], [0.75, 1.0]])
    assert q.distance(BernoulliMixture([0.25, 0.75], q.probabilities)) == 0.25
    assert q.distance(BernoulliMixture([0.5, 0.5], [[0.5, 0.25], [0.75, 0.5]])) == 0.5
    assert q.distance(q) == 0.0
    p = np.full((3, 1), 0.5)
    a, b = BernoulliMixture([0.5, 0.25, 0.25], p), BernoulliMixture([0.0, 0.5, 0.5], p)
    assert a.distance(b) == b.distance(a) == 0.5
    with pytest.raises(ValueError, match=r"other: expected probabilities \(2, 2\), got \(2, 1\)"):
        q.distance(BernoulliMixture([0.5, 0.5], [0.5, 0.5]))


# Refusals ----------------------------------------------------------------------------

good = BernoulliMixture([0.5, 0.5], [[0.5, 0.25], [0.75, 1.0]])


def some_rng():
    return np.random.default_rng(1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: BernoulliMixture([0.5, 0.501], [[0.5], [0.5]]),
            "weights: .* sum to 1, got sum 1.0",
        ),
        (lambda: BernoulliMixture([1.5, -0.5], [[0.5], [0.5]]), "weights: expected non-negative"),
        (
            lambda: BernoulliMixture([1.0], [[0.5], [0.5]]),
            "weights: expected one for each of 2 rows",
        ),
        (lambda: BernoulliMixture([[1.0]], [[0.5]]), r"weights: expected 1 dimension\(s\)"),
        (lambda: BernoulliMixture([1.0], [[1.5]]), "probabilities: .* from 0 to 1, got 1.5"),
        (lambda: BernoulliMixture([1.0], [[0.5, 1.5]]), "probabilities: .* from 0 to 1, got 1.5"),
        (lambda: BernoulliMixture([1.0], [[-0.1]]), "probabilities: .* from 0 to 1, got -0.1"),
        (lambda: BernoulliMixture([1.0], [[np.nan]]), "probabilities: expected finite numbers"),
        (lambda: BernoulliMixture([1.0], [[[0.5]]]), r"probabilities: expected shape \(n, N\) or"),
        (lambda: BernoulliMixture([], [[0.5]]), "weights: expected at least one number"),
        (
            lambda: good.log_prob([[-1, 1]]),
            r"x: expected bits, 0 or 1, got -1; \(x \+ 1\) / 2 turns",
        ),
        (lambda: good.log_prob([[-1, 0]]), "x: expected bits, 0 or 1, got -1$"),
        (lambda: good.log_prob([[-1, 1], [1, 0]]), "x: expected bits, 0 or 1, got -1$"),
        (lambda: good.log_prob([[-1, -1]]), "got -1; .* turns spins into bits"),
        (lambda: good.joint_log_prob([[0, 0.5]]), "x: expected bits, 0 or 1, got 0.5$"),
        (lambda: good.responsibilities([[0, 2]]), "x: expected bits, 0 or 1, got 2$"),
        (lambda: good.log_likelihood([[np.nan, 0]]), "x: expected finite numbers, got nan"),
        (lambda: good.log_prob([[0]]), r"x: expected shape \(n, 2\), got \(1, 1\)"),
        (lambda: good.log_prob([0, 1]), r"x: expected shape \(n, 2\), got \(2,\)"),
        (lambda: good.log_prob([]), "x: expected at least one number"),
        (lambda: good.sample(0, rng=some_rng()), "size: expected a positive integer, got 0"),
        (lambda: good.sample_joint(1, rng=7), "rng: expected a numpy.random.Generator"),
        (
            lambda: good.maximised([[0, 1]], [[0.5, 0.4]]),
            "responsibilities: expected rows that sum",
        ),
        (lambda: good.maximised([[0, 1]], [[1.0]]), r"responsibilities: expected shape \(1, 2\)"),
        (lambda: good.maximised([[0, 3]], [[1.0, 0.0]]), "x: expected bits"),
        (
            lambda: good.maximised([[0, 1]], [[1, 0]], pseudocount=-1),
            "pseudocount: .* negative, got -1",
        ),
        (lambda: good.log_prior(-0.5), "pseudocount: expected a number that is not negative, got"),
        (lambda: good.log_prior(np.inf), "pseudocount: expected finite numbers, got inf"),
        (
            lambda: BernoulliMixture.fit([[0, 1]], 2, rng=some_rng()),
            "x: .* at least 2 rows .* got 1",
        ),
        (lambda: BernoulliMixture.fit([[0, 1]], 0, rng=some_rng()), "n_components: expected a pos"),
        (lambda: BernoulliMixture.fit([[0, 1]], 1, rng=1), "rng: expected a numpy.random.Gen"),
        (lambda: BernoulliMixture.fit([[0, 1]], 1, rng=some_rng(), starts=0), "starts: expected"),
        (lambda: BernoulliMixture.fit([[1, -1]], 1, rng=some_rng()), "turns spins into bits"),
        (
            lambda: BernoulliMixture.fit([[0, 1]], 1, rng=some_rng(), pseudocount=-1),
            "pseudocount: expected a number that is not negative",
        ),
        (
            lambda: BernoulliMixture.fit([[0, 1]], 1, rng=some_rng(), tolerance=0),
            "tolerance: expected a positive number",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_model_is_frozen_and_arguments_are_left_alone():
    weights, p = np.array([1.0]), np.array([[0.5, 0.25]])
    q = BernoulliMixture(weights, p)
    weights[0] = p[0, 0] = 9.0
    np.testing.assert_array_equal(q.weights, [1.0])
    np.testing.assert_array_equal(q.probabilities, [[0.5, 0.25]])
    with pytest.raises(ValueError, match="read-only"):
        q.probabilities[0, 0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        q.weights = [1.0]
    x, gamma = np.array([[0.0, 1.0], [1.0, 1.0]]), np.ones((2, 1))
    x.flags.writeable = gamma.flags.writeable = False
    q.maximised(x, gamma)
    q.responsibilities(x)
    BernoulliMixture.fit(x, 1, rng=some_rng())
