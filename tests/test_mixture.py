"""Gaussian mixtures: their laws, their digits, EM step by step, and what they refuse."""

import dataclasses
import inspect
import itertools
import math
import pickle
import re
import tracemalloc
import warnings
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize
from scipy.special import logsumexp

from boltzlib.descent import ConvergenceWarning
from boltzlib.gaussian import Gaussian
from boltzlib.latent import ascend, q_function
from boltzlib.mixture import (
    DegenerateComponent,
    GaussianMixture,
    SufficientStatistics,
    e_step,
    fit_em,
    kmeans_plus_plus_start,
    m_step,
    random_start,
)
from tests import laws, oracles
from tests.cases import MIXTURES, quick, rotated_covariance

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 3)


def some_mixture(rng, K, N, offset=0.0, sd=1.0, condition=1.0):
    """Return a mixture whose components overlap, in some skew coordinates."""
    root = np.linalg.cholesky(rotated_covariance(N, condition, rng, sd**2))
    covariances = [root @ rotated_covariance(N, 4.0, rng, 2.0) @ root.T for _ in range(K)]
    means = offset * rng.uniform(1.0, 2.0, N) + 1.5 * rng.standard_normal((K, N)) @ root.T
    covariances = [(c + c.T) / 2.0 for c in covariances]
    return GaussianMixture(rng.dirichlet(np.full(K, 5.0)), means, covariances)


def some_data(rng, n, N):
    """Return two clouds of different shape, one with two thirds of the points."""
    x = rng.standard_normal((n, N))
    x[n // 3 :] = 3.0 + 0.5 * x[n // 3 :] @ rng.uniform(-1.0, 1.0, (N, N))
    return x + 0.3 * rng.standard_normal((n, N))


def plain(model):
    return model.weights.tolist(), model.means.tolist(), model.covariances.tolist()


def floats(table):
    return np.array(table, dtype=float)


def steps(x, start, number, **options):
    """Return the fit after exactly so many steps."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit = fit_em(x, start, tolerance=1e-300, max_steps=number, **options)
    assert len(fit.history.moves) == number
    return fit


def assert_same(a, b, tolerance=1e-10):
    """Compare two mixtures, in the units of their components."""
    assert a.distance(b) <= tolerance, f"{a} differs from {b}"


class Chunks:
    """Data that can be read again and again, and count how often they were."""

    def __init__(self, *parts):
        self.parts, self.readings = parts, 0

    def __iter__(self):
        self.readings += 1
        return iter(self.parts)


# Laws --------------------------------------------------------------------------------


@pytest.mark.parametrize(("case", "law"), laws.laws_of(MIXTURES), ids=laws.name_of)
def test_law(case, law):
    law(case)


@pytest.mark.parametrize("case", MIXTURES, ids=lambda case: case.name)
def test_the_sampling_law_has_power(case):
    for wrong in case.wrong:
        with pytest.raises(AssertionError, match="distance"):
            laws.samples_follow_cdf(dataclasses.replace(case, model=wrong))


@pytest.mark.parametrize("case", MIXTURES, ids=lambda case: case.name)
def test_the_fitting_law_has_power(case):
    for wrong in case.wrong:
        with pytest.raises(AssertionError):
            laws.fit_recovers(dataclasses.replace(case, model=wrong))


def test_labels_go_with_their_samples():
    """Frequencies and means of each label; false alarm 1e-9 each (normal law, 6.1 sigma)."""
    q = GaussianMixture([0.2, 0.0, 0.8], [[0.0], [5.0], [9.0]], [1.0, 1.0, 4.0])
    n = 20_000
    labels, x = q.sample_joint(n, rng=np.random.default_rng(1))
    assert labels.shape == (n,) and x.shape == (n, 1) and labels.dtype.kind == "i"
    assert not (labels == 1).any()
    assert abs((labels == 2).mean() - 0.8) < 6.1 * np.sqrt(0.8 * 0.2 / n)
    for k, sd in ((0, 1.0), (2, 2.0)):
        mine = x[labels == k, 0]
        assert abs(mine.mean() - q.means[k, 0]) < 6.1 * sd / np.sqrt(len(mine))
        assert abs(mine.std() / sd - 1.0) < 6.1 / np.sqrt(2 * len(mine))
    np.testing.assert_array_equal(q.sample(n, rng=np.random.default_rng(1)), x)


# By hand -----------------------------------------------------------------------------


def test_two_humps_by_hand():
    q = GaussianMixture([0.25, 0.75], [0.0, 2.0], [1.0, 4.0])  # variances, not deviations
    assert (q.n_components, q.dimension, q.n_parameters) == (2, 1, 5)
    a = 0.25 * math.exp(-0.5) / math.sqrt(2.0 * math.pi)
    b = 0.75 * math.exp(-0.125) / math.sqrt(8.0 * math.pi)
    for x in ([1.0], [[1.0]], np.array([1], dtype=np.int8)):
        np.testing.assert_allclose(q.joint_log_prob(x), np.log([[a, b]]), rtol=1e-15)
        np.testing.assert_allclose(q.log_prob(x), [math.log(a + b)], rtol=1e-15)
        np.testing.assert_allclose(q.responsibilities(x), [[a / (a + b), b / (a + b)]], rtol=1e-14)
        slope = np.full(np.shape(x), (0.25 * b - a) / (a + b))
        np.testing.assert_allclose(q.score(x), slope, rtol=1e-14)
    assert q.log_likelihood([1.0, 1.0]) == pytest.approx(math.log(a + b), rel=1e-15)


def test_one_component_is_a_gaussian():
    rng = np.random.default_rng(1)
    g = Gaussian(rng.standard_normal(3), rotated_covariance(3, 100.0, rng))
    q = GaussianMixture([1.0], [g.mean], [g.covariance])
    x = rng.standard_normal((9, 3))
    np.testing.assert_allclose(q.log_prob(x), g.log_prob(x), rtol=1e-13)
    np.testing.assert_allclose(q.score(x), g.score(x), rtol=1e-12)
    np.testing.assert_array_equal(q.responsibilities(x), np.ones((9, 1)))


def test_a_weight_of_zero_leaves_no_trace():
    q = GaussianMixture([0.5, 0.0, 0.5], [-1.0, 0.0, 1.0], [1.0, 1.0, 2.0])
    rest = GaussianMixture([0.5, 0.5], [-1.0, 1.0], [1.0, 2.0])
    x = np.linspace(-3.0, 3.0, 7)
    assert np.isneginf(q.joint_log_prob(x)[:, 1]).all()
    np.testing.assert_array_equal(q.responsibilities(x)[:, 1], 0.0)
    for method in ("log_prob", "score"):
        np.testing.assert_allclose(getattr(q, method)(x), getattr(rest, method)(x), rtol=1e-14)
    sums, expected = e_step(q, x), e_step(rest, x)
    assert sums.counts[1] == 0.0 and not sums.first[1].any() and not sums.second[1].any()
    np.testing.assert_allclose(sums.counts[[0, 2]], expected.counts, rtol=1e-12)
    np.testing.assert_allclose(sums.second[[0, 2]], expected.second, rtol=1e-12)
    assert sums.log_likelihood == pytest.approx(expected.log_likelihood, rel=1e-13)


# Digits ------------------------------------------------------------------------------

# Largest errors by condition number: of the log density (relative to its terms), the
# responsibilities, the score (relative to its terms), and of covariances (in standard deviations)
# and weights after one EM step. They are at most five times what was measured; offset and unit
# make no difference.
TOLERANCES = {
    1.0: (2e-15, 8e-15, 2e-14, 3e-14, 3e-15),
    1e4: (5e-12, 4e-13, 7e-12, 2e-13, 1e-13),
    1e8: (3e-8, 3e-9, 3e-8, 1e-9, 5e-10),
    1e12: (5e-4, 8e-5, 5e-4, 2e-5, 1e-5),
}


def errors(q, x):
    """Return the largest errors, in the order of `TOLERANCES`, against 60 digits."""
    rows, given_ = x.tolist(), plain(q)
    with mpmath.workdps(oracles.DIGITS):
        joint = oracles.mixture_joint(rows, *given_)
        at_means = oracles.mixture_joint(given_[1], *given_)
        size = max(1, *(abs(at_means[k][k]) for k in range(len(at_means))))
        log_q, gamma = oracles.evidence(joint), oracles.posterior(joint)
        worst = [
            max(abs(a - b) / max(size, abs(b)) for a, b in zip(q.log_prob(x), log_q, strict=True)),
            np.abs(q.responsibilities(x) - np.array(gamma)).max(),
            0,
            0,
            0,
        ]
        for got, terms in zip(q.score(x), oracles.mixture_score(rows, *given_), strict=True):
            largest = max(abs(v) for term in terms for v in term)
            wrong = [abs(g - sum(c)) for g, c in zip(got, zip(*terms, strict=True), strict=True)]
            worst[2] = max(worst[2], max(wrong) / largest)
        if len(x) > 9:
            new, (weights, _, covariances) = m_step(e_step(q, x)), oracles.weighted_fit(rows, gamma)
            for k, exact in enumerate(covariances):
                sd = [mpmath.sqrt(exact[j][j]) for j in range(q.dimension)]
                for j, m in itertools.product(range(q.dimension), repeat=2):
                    wrong = abs(new.covariances[k, j, m] - exact[j][m]) / sd[j] / sd[m]
                    worst[3] = max(worst[3], wrong)
                worst[4] = max(worst[4], abs(new.weights[k] - weights[k]))
    return np.array(worst, dtype=float)


@pytest.mark.parametrize("sd", [1e-5, 1.0, 1e5])
@pytest.mark.parametrize("offset", [0.0, 1e6])
@pytest.mark.parametrize("condition", TOLERANCES)
def test_precision(condition, offset, sd):
    for K, N in ((1, 1), (2, 1), (3, 1), (1, 2), (2, 2), (3, 2), (1, 3), (2, 3)):
        rng = np.random.default_rng([K, N])
        q = some_mixture(rng, K, N, offset, sd, condition)
        assert (errors(q, q.sample(25, rng=rng)) <= TOLERANCES[condition]).all()
        far = q.means + 1e3 * sd * rng.standard_normal(N)
        assert (errors(q, far) <= TOLERANCES[condition]).all()


@pytest.mark.parametrize("offset", [0.0, 1e6])
@pytest.mark.parametrize("condition", TOLERANCES)
def test_precision_with_all_scales_in_one_model(condition, offset):
    rng = np.random.default_rng(3)
    for N in (1, 2, 3):
        scales = np.array([1e-5, 1.0, 1e5])
        means = offset * rng.uniform(1.0, 2.0, N) + scales[:, np.newaxis] * rng.uniform(0, 2, N)
        covariances = [rotated_covariance(N, condition, rng, s**2) for s in scales]
        q = GaussianMixture([0.3, 0.3, 0.4], means, covariances)
        x = np.concatenate([q.sample(30, rng=rng), means + 3e-5])
        assert (errors(q, x) <= TOLERANCES[condition]).all()
    # and one scale an axis
    q = GaussianMixture([0.5, 0.5], [[0, 0, 0], [1e-5, 0, 2e5]], [np.diag([1e-10, 1.0, 1e10])] * 2)
    assert (errors(q, q.sample(30, rng=rng)) <= TOLERANCES[1.0]).all()


def test_responsibilities_where_all_densities_underflow():
    # a thousand deviations away the densities are exp(-500000), their ratios near 1
    q = GaussianMixture(
        [0.2, 0.3, 0.5], [[0.0, 0.0], [0.0, 1e-3], [1e-3, 2e-3]], [np.eye(2), np.eye(2), np.eye(2)]
    )
    x = np.array([[1e3, 1e3], [-1e3, 1e3], [0.0, -1e3], [1e3, 0.0]])
    assert (np.exp(q.joint_log_prob(x)) == 0.0).all()
    exact = oracles.posterior(oracles.mixture_joint(x.tolist(), *plain(q)))
    gamma = q.responsibilities(x)
    np.testing.assert_allclose(gamma, floats(exact), atol=1e-9)
    np.testing.assert_allclose(gamma.sum(axis=1), 1.0, rtol=1e-15)
    assert (gamma > 0.01).all()
    exact = oracles.weighted_sums(x.tolist(), exact, q.means.tolist())
    np.testing.assert_allclose(e_step(q, x).counts, floats([c for c, _, _ in exact]), atol=1e-9)


@pytest.mark.parametrize("size", [1e100, 1e150])
def test_points_very_far_away(size):
    q = GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.0]], [np.eye(2), [[2, 1], [1, 2]]])
    np.testing.assert_allclose(q.log_prob([[size, size]]), [-(size**2) / 3.0], rtol=1e-14)
    np.testing.assert_array_equal(q.responsibilities([[size, size]]), [[0.0, 1.0]])
    np.testing.assert_allclose(q.score([[size, size]]), [[-size / 3.0] * 2], rtol=1e-14)
    np.testing.assert_array_equal(e_step(q, [[size, size]]).counts, [0.0, 1.0])


def test_components_very_far_from_each_other():
    """Each point is near one component: what the others are beside it may overflow."""
    for weights, means, variances, x in (
        ([0.5, 0.5], [-1e160, 1e160], [1.0, 1.0], [-1e160, 1e160]),
        ([0.5, 0.5], [0.0, 1e150], [1e-300, 1.0], [0.0, 1e150]),
        ([0.25, 0.5, 0.25], [-1.0, 0.0, 1.0], [1.0, 1e-305, 1.0], [0.0]),
        ([0.5, 0.5], [0.0, 1.7e308], [1.0, 1.0], [0.0, 1.7e308]),
    ):
        q = GaussianMixture(weights, means, variances)
        near = np.equal.outer(x, means)
        np.testing.assert_allclose(q.responsibilities(x), near, atol=1e-150)
        np.testing.assert_array_equal(q.score(x), np.zeros(len(x)))
        np.testing.assert_allclose(e_step(q, x).counts, near.sum(axis=0), atol=1e-150)
    q = GaussianMixture([0.5, 0.5], [-1.7e308, 1.7e308], [1.0, 1.0])  # the way overflows, too
    np.testing.assert_array_equal(q.responsibilities([1.7e308]), [[0.0, 1.0]])
    assert q.score([1.7e308]).item() == 0.0


@pytest.mark.parametrize("size", [1e160, 1e200, 1e300, 1.7e308])
def test_points_too_far_away(size):
    q = GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.0]], [np.eye(2), [[2, 1], [1, 2]]])
    assert np.isneginf(q.log_prob([[size, -size]])).all()
    for call in (q.responsibilities, q.score, lambda x: e_step(q, x)):
        with pytest.raises(ValueError, match=r"x: expected points within 1e154 .* got one that is"):
            call([[0.0, 0.0], [size, -size]])


# Invariances -------------------------------------------------------------------------


@quick
@given(seeds, sizes, sizes)
def test_the_order_of_components_does_not_matter(seed, K, N):
    rng = np.random.default_rng(seed)
    q, order = some_mixture(rng, K, N), rng.permutation(K)
    other = GaussianMixture(q.weights[order], q.means[order], q.covariances[order])
    x = q.sample(7, rng=rng)
    np.testing.assert_allclose(other.log_prob(x), q.log_prob(x), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(other.score(x), q.score(x), rtol=1e-12, atol=1e-12)
    for method in (q.joint_log_prob, q.responsibilities):
        np.testing.assert_allclose(
            getattr(other, method.__name__)(x), method(x)[:, order], rtol=1e-12, atol=1e-13
        )
    sums, expected = e_step(other, x), e_step(q, x)
    for name in ("counts", "first", "second"):
        np.testing.assert_allclose(
            getattr(sums, name), getattr(expected, name)[order], rtol=1e-9, atol=1e-9
        )


@quick
@given(seeds, sizes, sizes)
def test_affine_maps_change_the_density_by_the_jacobian_and_nothing_else(seed, K, N):
    rng = np.random.default_rng(seed)
    q = some_mixture(rng, K, N)
    basis, _ = np.linalg.qr(rng.standard_normal((N, N)))
    a, b = basis * rng.uniform(0.5, 2.0, N), rng.standard_normal(N)
    turned = a @ q.covariances @ a.T
    moved = GaussianMixture(
        q.weights, q.means @ a.T + b, (turned + turned.transpose(0, 2, 1)) / 2.0
    )
    x = q.sample(40, rng=rng)
    y = x @ a.T + b
    jacobian = math.log(abs(np.linalg.det(a)))
    np.testing.assert_allclose(moved.log_prob(y), q.log_prob(x) - jacobian, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(moved.responsibilities(y), q.responsibilities(x), atol=1e-10)
    np.testing.assert_allclose(moved.score(y) @ a, q.score(x), atol=1e-9)
    new, image = m_step(e_step(q, x)), m_step(e_step(moved, y))
    np.testing.assert_allclose(image.means, new.means @ a.T + b, atol=1e-8)
    np.testing.assert_allclose(image.covariances, a @ new.covariances @ a.T, atol=1e-7)
    np.testing.assert_allclose(image.weights, new.weights, atol=1e-9)


@quick
@given(seeds, sizes, sizes)
def test_distance_does_not_see_origin_or_units(seed, K, N):
    rng = np.random.default_rng(seed)
    p, q = some_mixture(rng, K, N), some_mixture(rng, K, N)
    units, shift = 10.0 ** rng.integers(-4, 5, N), rng.standard_normal(N)

    def moved(model):
        covariances = model.covariances * np.outer(units, units)
        return GaussianMixture(model.weights, (model.means + shift) * units, covariances)

    assert moved(p).distance(moved(q)) == pytest.approx(p.distance(q), rel=1e-9)
    assert p.distance(p) == 0.0 and p.distance(q) > 0.0


def test_distance_by_hand():
    p = GaussianMixture([0.5, 0.5], [[0.0, 0.0], [9.0, 9.0]], [np.eye(2), np.diag([4.0, 16.0])])

    def changed(**parts):
        return dataclasses.replace(p, **parts)

    assert p.distance(changed(weights=[0.25, 0.75])) == 1.0  # 0.25 of 0.25
    assert changed(weights=[0.125, 0.875]).distance(changed(weights=[0.25, 0.75])) == 0.5
    assert p.distance(changed(weights=[0.0, 1.0])) == np.inf
    assert changed(weights=[0.0, 1.0]).distance(changed(weights=[0.0, 1.0])) == 0.0
    assert p.distance(changed(means=[[0.0, 0.0], [9.0, 10.0]])) == 0.25
    assert p.distance(changed(covariances=[np.eye(2), [[4, 2], [2, 16]]])) == 0.25
    wider = changed(covariances=[np.eye(2), np.diag([8.0, 16.0])])
    assert p.distance(wider) == pytest.approx(0.5)  # in units of the other
    assert wider.distance(p) == 1.0
    for mean in (9.0, 1e6, -1e6):
        b = changed(means=[[0.0, 0.0], [9.0, mean]])
        for rounded in (np.nextafter(mean, 0.0), mean - 3.0 * np.spacing(mean)):
            a = changed(means=[[0.0, 0.0], [9.0, rounded]])
            assert a.distance(b) == b.distance(a) == 0.0
    with pytest.raises(ValueError, match=r"other: expected means \(2, 2\), got \(2, 1\)"):
        p.distance(GaussianMixture([0.5, 0.5], [0.0, 1.0], [1.0, 1.0]))


def test_twins_by_hand():
    def pair_of(means, variances):
        return GaussianMixture(np.full(len(means), 1 / len(means)), means, variances).twins()

    assert pair_of([0.0, 1.0, 0.0], [1.0, 1.0, 1.0]) == (0, 2)
    assert pair_of([1.0, 0.0, 0.0], [1.0, 1.0, 1.0]) == (1, 2)
    assert pair_of([0.0, 0.0, 0.0], [1.0, 2.0, 3.0]) is None
    assert pair_of([0.0, 1e-5], [1e-14, 1e-14]) is None  # a hundred deviations apart
    assert pair_of([0.0, 1e-5], [1e10, 1e10]) == (0, 1)
    assert pair_of([0.0, 5e-4], [1.0, 1.0]) == pair_of([0.0, 0.0], [1.0, 1.0005]) == (0, 1)
    assert pair_of([0.0, 1e-3], [1.0, 1.0]) == (0, 1)
    assert pair_of([0.0, 2e-3], [1.0, 1.0]) is pair_of([0.0, 0.0], [1.0, 1.002]) is None
    assert pair_of([0.0], [1.0]) is None


# E-step ------------------------------------------------------------------------------


def assert_sums_are(sums, rows, gamma, sds, tolerance):
    """Compare with sums of exact responsibilities; in units of the components."""
    exact = oracles.weighted_sums(rows, gamma, sums.reference.tolist())
    for k, (count, first, second) in enumerate(exact):
        assert abs(sums.counts[k] - float(count)) <= tolerance * len(rows)
        spread = float(max(second[j][j] for j in range(len(first)))) / sds[k] ** 2
        room = tolerance * max(len(rows), spread)
        np.testing.assert_allclose(sums.first[k] / sds[k], floats(first) / sds[k], atol=room)
        np.testing.assert_allclose(
            sums.second[k] / sds[k] ** 2, floats(second) / sds[k] ** 2, atol=room
        )


@pytest.mark.parametrize("N", [1, 2, 3])
@pytest.mark.parametrize("K", [1, 2, 3])
def test_e_step_against_exact_sums(K, N):
    rng = np.random.default_rng([K, N])
    q = some_mixture(rng, K, N, offset=3.0)
    x = q.sample(20, rng=rng)
    joint = oracles.mixture_joint(x.tolist(), *plain(q))
    gamma = oracles.posterior(joint)
    for reference in (None, q.means, q.means + rng.standard_normal((K, N))):
        sums = e_step(q, x, reference=reference)
        assert sums.n == 20 and isinstance(sums.log_likelihood, float)
        np.testing.assert_array_equal(sums.reference, q.means if reference is None else reference)
        assert_sums_are(sums, x.tolist(), gamma, np.ones(K), 1e-13)
        assert sums.log_likelihood == pytest.approx(float(sum(oracles.evidence(joint))), rel=1e-13)
        assert sums.counts.sum() == pytest.approx(20.0, rel=1e-13)


@quick
@given(seeds, sizes, sizes, st.sampled_from([0.0, 10.0, 1e6]))
def test_the_fast_e_step_agrees_with_the_careful_one(seed, K, N, offset):
    rng = np.random.default_rng(seed)
    q = some_mixture(rng, K, N, offset, condition=100.0)
    x = q.sample(100, rng=rng)
    fast, careful = e_step(q, x), e_step(q, x, reference=q.means)
    for name in ("counts", "first", "second", "log_likelihood"):
        np.testing.assert_allclose(getattr(fast, name), getattr(careful, name), rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("means", "sds"),
    [
        ([[0.0, 0.0], [0.0, 1.0]], [1e-5, 1.0]),
        ([[0.0, 0.0], [1e3, 1e3]], [1e-2, 1.0]),
        ([[0.0, 0.0], [1e4, 3e3]], [1e-5, 1e-5]),  # so far apart that together they are a line
        ([[1e6, 0.0], [1e6, 1.0], [0.0, 0.0]], [1e-5, 1.0, 1e5]),
    ],
)
def test_where_the_fast_e_step_would_lose_digits_it_is_not_used(means, sds):
    rng = np.random.default_rng(1)
    K, N = np.shape(means)
    covariances = [rotated_covariance(N, 2.0, rng, sd**2) for sd in sds]
    q = GaussianMixture(np.full(K, 1.0 / K), means, covariances)
    x = np.concatenate([q.sample(20, rng=rng), q.means + 3e-5])
    gamma = oracles.posterior(oracles.mixture_joint(x.tolist(), *plain(q)))
    assert_sums_are(e_step(q, x), x.tolist(), gamma, sds, 1e-12)


def test_chunks_may_take_different_ways():
    # the second thousand holds points so far off that only the careful way keeps their digits
    rng = np.random.default_rng(2)
    q = some_mixture(rng, 3, 2)
    x = q.sample(2500, rng=rng)
    x[1100:1900] *= 1e4
    together, careful = e_step(q, x), e_step(q, x, reference=q.means)
    assert together.n == careful.n == 2500
    for name in ("counts", "first", "second", "log_likelihood"):
        a, b = getattr(together, name), getattr(careful, name)
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-8)


@quick
@given(seeds, sizes, sizes, st.integers(1, 2500))
def test_sums_add_up_over_shards(seed, K, N, cut):
    rng = np.random.default_rng(seed)
    q = some_mixture(rng, K, N)
    x = q.sample(2501, rng=rng)
    whole = e_step(q, x)
    nothing = SufficientStatistics.empty(q.means)
    for parts in (
        e_step(q, x[:cut]) + e_step(q, x[cut:]),
        nothing + e_step(q, x[cut:]) + e_step(q, x[:cut]) + nothing,
        e_step(q, [x[:cut], x[cut:]]),
        e_step(q, (part for part in (x[cut:], x[:0], x[:cut]))),
    ):
        assert parts.n == whole.n == 2501
        for name in ("counts", "first", "second", "log_likelihood"):
            a, b = getattr(parts, name), getattr(whole, name)
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-8)


def test_statistics_add_up_field_by_field():
    def some(number):
        parts = (number, [number], [[2.0 * number]], [[[3.0 * number]]], 4.0 * number)
        n, counts, first, second, log_likelihood = map(np.array, parts)
        return SufficientStatistics(
            np.zeros((1, 1)), int(n), counts, first, second, float(log_likelihood), first * 10.0
        )

    total = some(1) + some(4)
    for field in dataclasses.fields(SufficientStatistics):
        np.testing.assert_array_equal(getattr(total, field.name), getattr(some(5), field.name))


eighths = st.integers(-40, 40).map(lambda k: k / 8)


@quick
@given(st.data(), sizes, sizes)
def test_about_is_exact(data, K, N):
    def table(*shape):
        size = math.prod(shape)
        return np.array(data.draw(st.lists(eighths, min_size=size, max_size=size))).reshape(shape)

    x, gamma, old, new = table(4, N), np.abs(table(4, K)), table(K, N), table(K, N)

    def sums(reference):
        exact = oracles.weighted_sums(
            x.tolist(), [[Fraction(r) for r in row] for row in gamma], reference.tolist()
        )
        counts, first, second = (floats(part) for part in zip(*exact, strict=True))
        return SufficientStatistics(reference, 4, counts, first, second, -1.5)

    moved, expected = sums(old).about(new), sums(new)
    for name in ("reference", "n", "counts", "first", "second", "log_likelihood"):
        np.testing.assert_array_equal(getattr(moved, name), getattr(expected, name))


def test_all_kinds_of_data_are_read():
    q = GaussianMixture([0.5, 0.5], [[0.0, 0.0], [2.0, 1.0]], [np.eye(2)] * 2)
    rows = [[0, 1], [2, 2], [1, -1], [3, 0]]
    expected = e_step(q, np.array(rows, dtype=float))
    for x in (
        rows,
        tuple(map(tuple, rows)),
        np.array(rows),
        np.array(rows, dtype=np.int8),
        np.array(rows, dtype=np.float32),
        np.asfortranarray(rows),
        [np.array(rows[:1]), np.array(rows[1:], dtype=np.float32)],
        (np.array(rows[:3]), rows[3:]),
        Chunks(rows[:2], np.array(rows[2:])),
        (np.array([row]) for row in rows),
    ):
        sums = e_step(q, x)
        assert sums.n == 4
        np.testing.assert_allclose(sums.counts, expected.counts, rtol=1e-14)
        np.testing.assert_allclose(sums.second, expected.second, rtol=1e-13, atol=1e-13)
    line = GaussianMixture([0.5, 0.5], [0.0, 2.0], [1.0, 1.0])
    expected = e_step(line, [[0.0], [1.5], [2.0]]).counts
    for x in ([0.0, 1.5, 2.0], np.array([0.0, 1.5, 2.0]), [np.array([0.0]), np.array([1.5, 2.0])]):
        np.testing.assert_allclose(e_step(line, x).counts, expected, rtol=1e-14)


@pytest.mark.parametrize("weights", [[0.5, 0.5], [1.0, 0.0]])  # the fast way, and the careful one
def test_memory_does_not_grow_with_the_data(weights):
    q = GaussianMixture(weights, np.zeros((2, 3)), [np.eye(3), 2.0 * np.eye(3)])
    peaks = []
    for n in (20_000, 200_000):
        x = np.random.default_rng(1).standard_normal((n, 3)).astype(np.float32)
        e_step(q, x[:10])
        tracemalloc.start()
        e_step(q, x)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.05 * peaks[0] < 2e6


good = GaussianMixture([0.5, 0.5], [[0.0, 0.0], [1.0, 1.0]], [np.eye(2), np.eye(2)])
long = np.random.default_rng(1).standard_normal((2500, 2))


def spoilt(value, dtype=float):
    x = long.astype(dtype)
    x[2300, 1] = value
    return x


BAD_DATA = [
    (spoilt(np.nan), "x: expected finite numbers, got nan"),
    (spoilt(np.inf), "x: expected finite numbers, got inf"),
    (spoilt(-np.inf, np.float32), "x: expected finite numbers, got -inf"),
    ([long, spoilt(np.nan)], "x: expected finite numbers, got nan"),
    ([long, long[:, :1]], r"x: expected shape \(n, 2\), got \(2500, 1\) in a piece"),
    (long[:, :1], r"x: expected shape \(n, 2\), got \(2500, 1\)$"),
    ([long, long[0]], r"x: expected shape \(n, 2\), got \(2,\)"),
    ([long, np.array([["a", "b"]])], "x: expected real numbers, got dtype <U1"),
    ([long, long + 1j], "x: expected real numbers, got dtype complex128"),
    (np.ma.masked_greater(long, 1.0), "x: expected numbers, got an array with .* masked"),
    ([long, np.ma.masked_greater(long, 1.0)], "x: expected numbers, got an array with .* masked"),
    (long[0], r"x: expected shape \(n, 2\), got \(2,\)"),
    (long[np.newaxis], r"x: expected shape \(n, 2\), got \(1, 2500, 2\)"),
    (1.0, r"x: expected shape \(n, 2\), got \(\)"),
    (None, "x: expected real numbers, got dtype object"),
    ([], "x: expected at least one number"),
    (np.empty((0, 2)), "x: expected at least one sample, got none"),
    (Chunks(), "x: expected at least one sample, got none"),
    (Chunks(long[:0], long[:0]), "x: expected at least one sample, got none"),
]


@pytest.mark.parametrize(("x", "message"), BAD_DATA)
@pytest.mark.parametrize("read", [e_step, lambda q, x: fit_em(x, q)], ids=["e_step", "fit_em"])
def test_bad_data(read, x, message):
    with pytest.raises(ValueError, match=message):
        read(good, x)


# M-step ------------------------------------------------------------------------------


def responsibilities(rng, n, K):
    """Return random distributions of K values, in exact binary fractions."""
    r = rng.integers(1, 2**20, (n, K)) / 2.0**26
    r[:, 0] = 1.0 - r[:, 1:].sum(axis=1)
    return r


@pytest.mark.parametrize("offset", [0.0, 1.0, 1e6])
@pytest.mark.parametrize("N", [1, 2, 3])
@pytest.mark.parametrize("K", [1, 2, 3])
def test_m_step_against_fractions(K, N, offset):
    rng = np.random.default_rng([K, N])
    x = offset + rng.standard_normal((1200, N)) * 10.0 ** np.arange(N)
    x[0] += 50.0
    x, gamma = x[:: 1200 // 30 if offset else 1][:30], responsibilities(rng, 30, K)
    exact = oracles.weighted_fit(x.tolist(), [[Fraction(r) for r in row] for row in gamma.tolist()])
    weights, means, covariances = map(floats, exact)
    q = some_mixture(rng, K, N)
    found = [q.maximised(x, gamma)]
    for reference in (means, means + rng.standard_normal((K, N))):
        sums = oracles.weighted_sums(
            x.tolist(), [[Fraction(r) for r in row] for row in gamma.tolist()], reference.tolist()
        )
        parts = (floats(part) for part in zip(*sums, strict=True))
        found.append(m_step(SufficientStatistics(reference, 30, *parts, 0.0)))
    scale = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    for new in found:
        np.testing.assert_allclose(new.weights, weights, rtol=1e-14)
        room = 1e-15 * (offset + 100.0) / scale
        assert (np.abs(new.means - means) / scale <= room + 1e-14).all()
        ratio = new.covariances / scale[:, :, np.newaxis] / scale[:, np.newaxis, :]
        expected = covariances / scale[:, :, np.newaxis] / scale[:, np.newaxis, :]
        np.testing.assert_allclose(ratio, expected, atol=1e-13)


@pytest.mark.parametrize("n", [1537, 2600])  # one more than a chunk
def test_maximised_works_through_many_samples(n):
    rng = np.random.default_rng(4)
    x, gamma = 1e6 + rng.standard_normal((n, 2)), responsibilities(rng, n, 2)
    x[-1] += 10.0
    new = some_mixture(rng, 2, 2).maximised(x, gamma)
    for k in range(2):
        mean = np.average(x - 1e6, axis=0, weights=gamma[:, k])
        np.testing.assert_allclose(new.means[k] - 1e6, mean, atol=1e-9)
        covariance = np.cov((x - 1e6).T, aweights=gamma[:, k], ddof=0)
        np.testing.assert_allclose(new.covariances[k], covariance, atol=1e-10)


def test_the_mean_in_the_covariance_is_the_new_one():
    q = GaussianMixture([1.0], [10.0], [1.0])
    new = m_step(e_step(q, [-1.0, 1.0]))
    assert (new.means.item(), new.covariances.item()) == (0.0, 1.0)  # 101 about the old mean


def unpacked(theta, K, N):
    """Return a mixture in parameters without any constraint: softmax, Cholesky factor."""
    logits, means, entries = np.split(theta, [K, K + K * N])
    lower = np.tril_indices(N)
    roots = np.zeros((K, N, N))
    roots[:, *lower] = entries.reshape(K, -1)
    diagonal = np.arange(N)
    roots[:, diagonal, diagonal] = np.exp(roots[:, diagonal, diagonal])
    return np.exp(logits - logsumexp(logits)), means.reshape(K, N), roots @ roots.transpose(0, 2, 1)


def plain_joint(x, weights, means, covariances):
    """Return ln(C_k N_k) by SciPy."""
    parts = zip(weights, means, covariances, strict=True)
    return np.stack(
        [
            np.log(C) + stats.multivariate_normal(m, c).logpdf(x).reshape(len(x))
            for C, m, c in parts
        ],
        axis=1,
    )


@pytest.mark.parametrize(("K", "N"), [(1, 1), (2, 1), (3, 1), (2, 2)])
def test_m_step_against_a_search(K, N):
    rng = np.random.default_rng([K, N])
    x, gamma = some_data(rng, 30, N), rng.dirichlet(np.ones(K), 30)

    def loss(theta):
        return -(gamma * plain_joint(x, *unpacked(theta, K, N))).sum() / 30

    start = np.concatenate(
        [np.zeros(K), np.tile(x.mean(axis=0), K), np.zeros(K * N * (N + 1) // 2)]
    )
    best = minimize(loss, start, method="BFGS", options={"gtol": 1e-6})
    weights, means, covariances = unpacked(best.x, K, N)
    new = some_mixture(rng, K, N).maximised(x, gamma)
    np.testing.assert_allclose(new.weights, weights, atol=2e-5)
    np.testing.assert_allclose(new.means, means, atol=2e-5)
    np.testing.assert_allclose(new.covariances, covariances, atol=5e-5)
    assert q_function(new.joint_log_prob(x), gamma) == pytest.approx(-best.fun, abs=1e-9)
    assert q_function(new.joint_log_prob(x), gamma) >= -best.fun - 1e-13


two = GaussianMixture([0.5, 0.5], [[0.0, 0.0], [100.0, 100.0]], [np.eye(2)] * 2)
cloud = np.random.default_rng(1).standard_normal((20, 2))


def beside(*others):
    return np.concatenate([cloud, np.array(others, dtype=float)])


@pytest.mark.parametrize("offset", [0.0, 1e6])
@pytest.mark.parametrize(
    ("x", "component", "message"),
    [
        (cloud, 1, r"no samples are left to it \(weight 0\); try another start"),
        (cloud + 100.0, 0, r"no samples are left to it \(weight 0\)"),
        (beside([100.1, 99.7]), 1, r"covariance is singular .*weight of 1 samples"),
        (beside(*[[100.1, 99.7]] * 7), 1, r"covariance is singular .*weight of 7 samples"),
        (100.0 - beside(*[[100.1, 99.7]] * 7), 0, r"covariance is singular .*weight of 7"),
        (beside([99.0, 99.0], [101.0, 101.0]), 1, "covariance is singular .*on a plane"),
        (beside(*([100.0 + t, 100.0 - t / 3.0] for t in cloud[:, 0])), 1, "covariance is singular"),
        (beside(*([100.0 + t, 99.3] for t in cloud[:, 0])), 1, "covariance is singular"),
    ],
)
def test_m_step_refuses_what_has_collapsed(x, component, message, offset):
    # thirds and tenths move with the offset: so does the plane, up to rounding
    q = GaussianMixture(two.weights, two.means + offset, two.covariances)
    with pytest.raises(DegenerateComponent, match=f"^component {component}: .*{message}") as raised:
        m_step(e_step(q, x + offset, reference=q.means))
    assert raised.value.component == component and isinstance(raised.value, ValueError)
    copied = pickle.loads(pickle.dumps(raised.value))  # from another process, say
    assert (str(copied), copied.component) == (str(raised.value), component)
    gamma = q.responsibilities(x + offset)
    with pytest.raises(DegenerateComponent, match=f"^component {component}: "):
        q.maximised(x + offset, gamma)
    with pytest.raises(DegenerateComponent, match=f"^component {component}: "):
        fit_em(x + offset, q)


def test_m_step_refuses_fewer_samples_than_dimensions():
    q = GaussianMixture([1.0], [[0.0, 0.0, 0.0]], [np.eye(3)])
    x = np.random.default_rng(1).standard_normal((4, 3))
    assert m_step(e_step(q, x)).covariances.shape == (1, 3, 3)
    for n in (1, 2, 3):
        with pytest.raises(DegenerateComponent, match="component 0: its covariance is singular"):
            m_step(e_step(q, x[:n]))
    with pytest.raises(DegenerateComponent, match=r"component 0: no samples are left"):
        m_step(SufficientStatistics.empty([[0.0]]))


def test_m_step_knows_the_rounding_of_its_sums():
    """Copies of one sample, measured from afar: what is left of the variance is rounding."""
    left = []
    for value in np.random.default_rng(1).uniform(1.0, 1000.0, 50):
        x = np.full(7, value)
        sums = e_step(GaussianMixture([1.0], [value], [1.0]), x, reference=[[0.0]])
        left.append((sums.second / 7 - (sums.first / 7) ** 2).item())
        with pytest.raises(DegenerateComponent, match="component 0: its covariance is singular"):
            m_step(sums)
    assert max(left) > 0.0


def test_m_step_is_told_the_rounding_of_its_sums():
    """A sum of squares is known to within its rounding: it must not reach down to 0."""

    def new(rounding, size=1.0):
        sums = (np.full(1, 100.0), np.zeros((1, 2)), np.diag([100.0, 300.0])[np.newaxis])
        scaled = (size * part for part in sums)
        return m_step(
            SufficientStatistics(np.zeros((1, 2)), 100, *scaled, 0.0, size * np.array([rounding]))
        )

    for size in (1.0, 1e-3, 1e3):  # the weights may be any
        np.testing.assert_allclose(new([50.0, 50.0], size).covariances, [np.diag([1.0, 3.0])])
        for rounding in ([150.0, 0.0], [0.0, 350.0], [100.0, 0.0]):
            with pytest.raises(DegenerateComponent, match="^component 0: its covariance is sing"):
                new(rounding, size)


@pytest.mark.parametrize("mean", [1.0, -1.0, 1e6, -3e-5])
def test_m_step_takes_samples_for_equal_that_differ_by_their_rounding(mean):
    x = mean + np.spacing(mean) * np.array([-2.0, -2.0, 2.0, 2.0])
    x = np.stack([x, [0.0, 1.0, 0.0, 1.0]], axis=1)
    q = GaussianMixture([1.0], [[mean, 0.5]], [np.eye(2)])
    with pytest.raises(DegenerateComponent, match="component 0: its covariance is singular"):
        q.maximised(x, np.ones((4, 1)))


def test_m_step_refuses_what_holds_less_than_its_averages_need():
    for size in (1e-280, 1e-300):
        parts = (np.array([4.0, size]), np.zeros((2, 1)), np.array([[[4.0]], [[size]]]), 0.0)
        sums = SufficientStatistics(np.zeros((2, 1)), 4, *parts)
        if size == 1e-280:
            np.testing.assert_allclose(m_step(sums).covariances.ravel(), [1.0, 1.0])
            continue
        with pytest.raises(DegenerateComponent, match="^component 1: no samples are left to it"):
            m_step(sums)


@pytest.mark.parametrize("N", [2, 10, 30])
def test_m_step_refuses_a_plane_in_many_dimensions(N):
    rng = np.random.default_rng(N)
    for _ in range(20):
        x = rng.standard_normal((3 * N, N - 1)) @ rng.standard_normal((N - 1, N))
        with pytest.raises(DegenerateComponent, match="component 0: its covariance is singular"):
            some_mixture(rng, 1, N).maximised(x, np.ones((3 * N, 1)))
        with pytest.raises(ValueError, match="x: expected data with a covariance that is not sin"):
            random_start(x, 1, rng=rng)


def test_m_step_accepts_what_is_only_small_or_thin():
    rng = np.random.default_rng(2)
    for x, sd in (
        (1e6 + 1e-5 * rng.standard_normal((50, 2)), [1e-5, 1e-5]),
        (rng.standard_normal((50, 2)) * [1e-5, 1e5], [1e-5, 1e5]),
        (1e-150 * rng.standard_normal((50, 2)), [1e-150, 1e-150]),
        (1e150 * rng.standard_normal((50, 2)), [1e150, 1e150]),
    ):
        q = m_step(e_step(GaussianMixture([1.0], [x.mean(axis=0)], [np.diag(np.square(sd))]), x))
        np.testing.assert_allclose(np.sqrt(np.diag(q.covariances[0])) / sd, 1.0, atol=0.5)


# The covariance floor ----------------------------------------------------------------


@quick
@given(seeds, st.integers(1, 3), st.sampled_from([0.01, 0.3, 1.0, 30.0]))
def test_the_floor_gives_the_best_of_what_it_allows(seed, N, floor):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((12, N)) * 10.0 ** rng.uniform(-2, 1, N)
    x = x @ np.linalg.qr(rng.standard_normal((N, N)))[0]
    new = some_mixture(rng, 1, N).maximised(x, np.ones((12, 1)), covariance_floor=floor)
    np.testing.assert_allclose(new.means[0], x.mean(axis=0), atol=1e-13)
    (best,) = new.covariances
    assert np.linalg.eigvalsh(best)[0] >= floor * (1 - 1e-12)
    around = np.cov(x.T, ddof=0).reshape(N, N)

    def q(covariance):  # without constants
        return -np.linalg.slogdet(covariance)[1] - np.trace(np.linalg.solve(covariance, around))

    if np.linalg.eigvalsh(around)[0] >= floor:
        np.testing.assert_allclose(best, around, rtol=1e-12, atol=1e-13)
    for size in (1e-3, 0.1, 1.0):
        for _ in range(10):
            tilt = size * rng.standard_normal((N, N)) * np.sqrt(np.trace(best))
            values, vectors = np.linalg.eigh(best + (tilt + tilt.T) / 2.0)
            other = (vectors * np.maximum(values, floor)) @ vectors.T
            assert q(other) <= q(best) + 1e-12 * (1.0 + abs(q(best)))


def test_with_a_floor_what_collapses_stays():
    for x in (beside([100.1, 99.7]), beside(*[[100.0, 100.0]] * 3)):
        fit = fit_em(x, two, covariance_floor=0.25)
        assert fit.converged
        np.testing.assert_allclose(fit.model.covariances[1], 0.25 * np.eye(2), rtol=1e-12)
        assert (np.diff(fit.history.values) >= -1e-12).all()
    with pytest.raises(DegenerateComponent, match=r"component 1: no samples are left"):
        fit_em(cloud, two, covariance_floor=0.25)  # a floor does not help what is empty


@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_fit_with_a_floor_of_data_in_a_plane(scale):
    # the floor may be far below the rounding of the other eigenvalue: a start must not fail by it
    x = scale * some_data(np.random.default_rng(1), 100, 1) @ [[1.0, 0.5]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if scale > 1.0 else "error", ConvergenceWarning)
        for method in ("k-means++", "random"):
            fit = GaussianMixture.fit(
                x, 2, rng=np.random.default_rng(1), starts=2, covariance_floor=1e-6, method=method
            )
            smallest = np.linalg.eigvalsh(fit.model.covariances)[:, 0]
            np.testing.assert_allclose(smallest, 1e-6, rtol=1e-3)


@pytest.mark.parametrize("N", [2, 10, 30])
def test_a_start_at_the_floor_is_accepted(N):
    rng = np.random.default_rng(N)
    for _ in range(20):
        x = 1e3 * rng.standard_normal((3 * N, N - 1)) @ rng.standard_normal((N - 1, N))
        start = random_start(x, 1, rng=rng, covariance_floor=1e-3)
        assert steps(x, start, 1, covariance_floor=1e-3).model.n_components == 1


# EM ----------------------------------------------------------------------------------


@quick
@given(seeds, sizes, sizes, st.integers(6, 60), st.sampled_from([0.0, 0.05]))
def test_the_likelihood_never_falls(seed, K, N, n, floor):
    rng = np.random.default_rng(seed)
    x = some_data(rng, n, N)
    try:
        start = random_start(x, K, rng=rng, covariance_floor=floor)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fit = fit_em(x, start, max_steps=25, covariance_floor=floor)
    except DegenerateComponent:
        assume(False)
    history = fit.history
    assert (np.diff(history.values) >= -1e-12 * np.abs(history.values[:-1])).all()
    assert len(history.models) == len(history.values) == len(history.moves) + 1
    assert history.models[0] is start and history.models[-1] is fit.model
    for model, value in zip(history.models, history.values, strict=True):
        assert value == pytest.approx(model.log_likelihood(x), rel=1e-9, abs=1e-9)
    for before, after, move in zip(
        history.models[:-1], history.models[1:], history.moves, strict=True
    ):
        assert move == before.distance(after)


@pytest.mark.parametrize(("K", "N"), [(1, 2), (2, 1), (2, 2), (3, 1)])
def test_where_em_ends_the_gradient_vanishes(K, N):
    rng = np.random.default_rng([K, N])
    x = some_data(rng, 40, N)
    start = GaussianMixture.fit(x, K, rng=rng, starts=4, max_steps=5000).model
    fit = fit_em(x, start, tolerance=1e-9, max_steps=20_000)
    assert fit.converged
    weights, means, covariances = map(np.asarray, plain(fit.model))

    def likelihood(weights, means, covariances):
        joint = oracles.mixture_joint(x.tolist(), weights, means, covariances)
        return sum(oracles.evidence(joint)) / len(x)

    with mpmath.workdps(oracles.DIGITS):
        h = mpmath.mpf(10) ** -20
        directions = []
        for k in range(K):
            for j in range(N):
                e = np.zeros((K, N))
                e[k, j] = 1.0
                directions.append((0.0 * weights, e, 0.0 * covariances))
                for m in range(j + 1):
                    e = np.zeros((K, N, N))
                    e[k, j, m] = e[k, m, j] = 1.0
                    directions.append((0.0 * weights, 0.0 * means, e))
            if k:
                e = np.zeros(K)
                e[k], e[0] = 1.0, -1.0
                directions.append((e, 0.0 * means, 0.0 * covariances))
        for direction in directions:
            above, below = (
                likelihood(
                    *(
                        (part.astype(object) + sign * h * change.astype(object)).tolist()
                        for part, change in zip(
                            (weights, means, covariances), direction, strict=True
                        )
                    )
                )
                for sign in (1, -1)
            )
            assert abs((above - below) / (2 * h)) < 1e-7


@pytest.mark.parametrize("far", [1e2, 1e4, 1e6])
def test_a_far_start_costs_no_digits(far):
    # about the old mean the second moment is far^2 times the variance
    x = some_data(np.random.default_rng(1), 100, 2)
    expected = Gaussian.fit(x)
    start = GaussianMixture([1.0], [[far, -far]], [np.eye(2)])
    q = steps(x, start, 1).model
    np.testing.assert_allclose(q.covariances[0], expected.covariance, rtol=1e-13)
    # and where wide components become narrow
    parts = [1e-5 * x - 1.0, 1e-5 * x + 1.0]
    start = GaussianMixture([0.5, 0.5], [[-far, -far], [far, far]], [np.eye(2)] * 2)
    q = steps(np.concatenate(parts), start, 1).model
    for part, covariance in zip(parts, q.covariances, strict=True):
        np.testing.assert_allclose(covariance, Gaussian.fit(part).covariance, rtol=1e-12)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
@pytest.mark.parametrize(("ratio", "readings"), [(70.0, 1), (150.0, 2)])
def test_sums_are_taken_again_where_a_covariance_shrinks_a_hundredfold(ratio, readings, sign):
    """Either about the old mean, or from the old covariance; on any axis, of any component."""
    ends = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])  # variance 1
    for far, variances in ((np.sqrt(ratio - 1.0), [1.0, 1.0]), (0.0, [1.0, ratio])):
        x = Chunks(np.concatenate([ends, ends + 1000.0]))
        means = np.array([[0.0, 0.0], [1000.0, 1000.0 + sign * far]])
        start = GaussianMixture([0.5, 0.5], means, [np.eye(2), np.diag(variances)])
        steps(x, start, 1)
        assert x.readings == readings + 1  # the last one is for the value at the end


@pytest.mark.parametrize("far", [-1e6, 1e6])
def test_a_far_start_on_a_line_costs_no_digits(far):
    x = some_data(np.random.default_rng(1), 100, 1)
    q = steps(x, GaussianMixture([1.0], [far], [1.0]), 1).model
    np.testing.assert_allclose(q.covariances[0], Gaussian.fit(x).covariance, rtol=1e-13)


def test_chunks_give_what_the_whole_gives():
    rng = np.random.default_rng(5)
    x = some_data(rng, 3100, 2)
    start = kmeans_plus_plus_start(x, 3, rng=rng)
    whole = steps(x, start, 10)
    chunks = Chunks(x[:7], x[7:1500], x[1500:])
    for data in (np.split(x, [10, 1999]), chunks, (x[:3000].tolist(), x[3000:])):
        parts = steps(data, start, 10)
        assert_same(parts.model, whole.model)
        np.testing.assert_allclose(parts.history.values, whole.history.values, atol=1e-11)
    assert 11 <= chunks.readings <= 22
    start = kmeans_plus_plus_start(x, 2, rng=rng)
    parts = fit_em(chunks, start)
    assert parts.converged
    assert_same(parts.model, fit_em(x, start).model, 1e-9)


def test_what_can_be_read_once_only_is_refused():
    for data in (iter([cloud]), (part for part in [cloud]), map(np.array, [cloud])):
        with pytest.raises(ValueError, match="x: expected data that can be read again .* iterator"):
            fit_em(data, two)


@pytest.mark.parametrize(("K", "N"), [(1, 3), (2, 1), (3, 2)])
def test_em_agrees_with_scikit_learn(K, N):
    from sklearn.exceptions import ConvergenceWarning as TheirWarning
    from sklearn.mixture import GaussianMixture as Theirs

    rng = np.random.default_rng([K, N])
    x = some_data(rng, 500, N)
    start = random_start(x, K, rng=rng)
    for number in (1, 2, 12) if K > 1 else (1,):
        theirs = Theirs(
            K,
            reg_covar=0.0,
            tol=0.0,
            max_iter=number,
            weights_init=start.weights,
            means_init=start.means,
            precisions_init=np.linalg.inv(start.covariances),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TheirWarning)
            theirs.fit(x)
        ours = steps(x, start, number).model
        assert_same(ours, GaussianMixture(theirs.weights_, theirs.means_, theirs.covariances_))
        assert ours.bic(x) == pytest.approx(theirs.bic(x), rel=1e-12)
        assert ours.aic(x) == pytest.approx(theirs.aic(x), rel=1e-12)
        np.testing.assert_allclose(ours.log_prob(x), theirs.score_samples(x), atol=1e-9)
        np.testing.assert_allclose(ours.responsibilities(x), theirs.predict_proba(x), atol=1e-9)


@pytest.mark.parametrize("N", [1, 3])
def test_one_component_is_fitted_in_one_step(N):
    x = 5.0 + some_data(np.random.default_rng(N), 200, N)
    expected = Gaussian.fit(x)
    fit = GaussianMixture.fit(x, 1, rng=np.random.default_rng(1), starts=2)
    assert fit.converged and len(fit.history.moves) <= 4
    np.testing.assert_array_equal(fit.model.weights, [1.0])
    np.testing.assert_allclose(fit.model.means[0], expected.mean, rtol=1e-13)
    np.testing.assert_allclose(fit.model.covariances[0], expected.covariance, rtol=1e-12)


@pytest.mark.parametrize(("offset", "scale"), [(1e6, 1.0), (-1e6, 1e-2), (0.0, 1e-5), (0.0, 1e5)])
def test_em_does_not_see_origin_or_unit(offset, scale):
    rng = np.random.default_rng(6)
    x = np.round(some_data(rng, 300, 2) * 2**20) / 2**20  # so short that the sum is exact
    start = kmeans_plus_plus_start(x, 2, rng=rng)

    def moved(q):
        return GaussianMixture(q.weights, q.means * scale + offset, q.covariances * scale**2)

    for data, place in ((x * scale + offset, moved), (x, lambda q: q)):
        fit = steps(data, place(start), 10)
        if place is moved:
            there = fit.model
    assert_same(there, moved(fit.model), 1e-8 if offset else 1e-11)


@pytest.mark.parametrize(("apart", "seed"), [(2.0, 1), (2.8, 0)])
def test_what_is_called_converged_is_there(apart, seed):
    """Slow cases, in which the last move is a sixtieth of the way that is left."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((150, 1)) + apart * rng.integers(0, 2, (150, 1))
    start = GaussianMixture([0.5, 0.5], [-0.5, apart - 0.5], [1.0, 1.0])
    fit = fit_em(x, start, tolerance=1e-4)
    assert fit.converged and re.search(r"left to go, within 0\.0001, after \d+", fit.reason)
    exact = fit_em(x, fit.model, tolerance=1e-7)
    assert exact.converged
    left = fit.model.distance(exact.model)
    assert left < 1.5e-4 and fit.history.moves[-1] < 0.03 * left


def test_twins_are_not_called_converged():
    x = some_data(np.random.default_rng(1), 50, 1)
    twins = GaussianMixture([0.3, 0.7], [0.0, 0.0], [1.0, 1.0])
    with pytest.warns(
        ConvergenceWarning, match="fit_em: components 0 and 1 are all but the same: a saddle"
    ):
        fit = fit_em(x, twins)
    assert not fit.converged and "a saddle" in fit.reason
    np.testing.assert_allclose(fit.model.weights, [0.3, 0.7], rtol=1e-12)
    with pytest.warns(ConvergenceWarning, match="components 1 and 2 are all but the same"):
        fit_em(x, GaussianMixture([0.4, 0.3, 0.3], [0.0, 3.0, 3.0], [1.0] * 3), max_steps=10**4)


def test_what_has_not_converged_warns_and_says_so():
    x = some_data(np.random.default_rng(1), 50, 1)
    start = GaussianMixture([0.5, 0.5], [0.0, 1.0], [1.0, 1.0])
    with pytest.warns(ConvergenceWarning, match="fit_em: the last move was .* after 1 step$"):
        fit = fit_em(x, start, max_steps=1)
    assert not fit.converged and "tolerance 1e-06" in fit.reason
    with pytest.warns(ConvergenceWarning, match=r"GaussianMixture.fit: .*; best of 3 starts"):
        fit = GaussianMixture.fit(x, 2, rng=np.random.default_rng(1), starts=3, max_steps=2)
    assert not fit.converged and "after 2 steps; best of 3 starts" in fit.reason


def test_a_warning_points_to_the_caller():
    x = some_data(np.random.default_rng(1), 50, 1)
    start = GaussianMixture([0.5, 0.5], [0.0, 1.0], [1.0, 1.0])
    with pytest.warns(ConvergenceWarning) as record:
        fit_em(x, start, max_steps=1)
        GaussianMixture.fit(x, 2, rng=np.random.default_rng(1), starts=1, max_steps=1)
    assert [warning.filename for warning in record] == [__file__] * 2


def test_defaults_are_those_of_every_ascent():
    expected = inspect.signature(ascend).parameters
    for call in (fit_em, GaussianMixture.fit):
        options = inspect.signature(call).parameters
        for name in {"tolerance", "max_steps", "keep_models"} & set(options):
            assert options[name].default == expected[name].default, (call, name)


# Several starts ----------------------------------------------------------------------


def test_the_best_start_is_kept():
    """Four clouds, two components: left and right is better than above and below."""
    corners = np.array([[0.0, 0.0], [0.0, 4.0], [5.0, 0.0], [5.0, 4.0]])
    x = np.concatenate(
        [np.random.default_rng(7).standard_normal((20, 2)) * 0.6 + c for c in corners]
    )
    fit = GaussianMixture.fit(x, 2, rng=np.random.default_rng(0), starts=8, method="random")
    rng = np.random.default_rng(0)
    values = [fit_em(x, random_start(x, 2, rng=rng)).history.values[-1] for _ in range(8)]
    assert max(values) > min(values) + 0.01
    assert fit.history.values[-1] == max(values) == pytest.approx(fit.model.log_likelihood(x))
    assert fit.reason.endswith("; best of 8 starts")


def test_ten_starts_are_made_and_only_the_ends_are_kept():
    x = some_data(np.random.default_rng(1), 20, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit = GaussianMixture.fit(x, 2, rng=np.random.default_rng(1), max_steps=3)
    assert "; best of 10 starts" in fit.reason
    assert len(fit.history.models) == 2 and len(fit.history.moves) == 3


def test_lost_starts_are_counted():
    rng = np.random.default_rng(1)
    x = np.concatenate([some_data(rng, 60, 1), [[3.0], [3.0]]])
    fit = GaussianMixture.fit(x, 3, rng=np.random.default_rng(2), starts=10, method="random")
    lost = int(re.search(r"best of 10 starts, (\d) of them lost a component", fit.reason).group(1))
    rng, failures = np.random.default_rng(2), 0
    for _ in range(10):
        try:
            fit_em(x, random_start(x, 3, rng=rng))
        except DegenerateComponent:
            failures += 1
    assert lost == failures > 0


def test_when_all_starts_are_lost_that_is_an_error():
    x = np.repeat([0.0, 1.0, 5.0], 7)
    message = "x: none of 4 starts led to a model; the last: component [01]: its covariance is sing"
    with pytest.raises(ValueError, match=message):
        GaussianMixture.fit(x, 2, rng=np.random.default_rng(1), starts=4)
    fit = GaussianMixture.fit(x, 3, rng=np.random.default_rng(1), covariance_floor=0.01)
    np.testing.assert_allclose(np.sort(fit.model.means.ravel()), [0.0, 1.0, 5.0], atol=1e-6)
    np.testing.assert_allclose(fit.model.weights, 1.0 / 3.0, atol=1e-6)


STARTS = [kmeans_plus_plus_start, random_start]


@pytest.mark.parametrize("start", STARTS)
@quick
@given(seeds, st.integers(1, 4), sizes)
def test_starts_are_at_different_samples(start, seed, K, N):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 4, (40, N)) + 0.0
    q = start(x, K, rng=rng)
    assert len({tuple(mean) for mean in q.means.tolist()}) == K
    assert {tuple(mean) for mean in q.means.tolist()} <= {tuple(row) for row in x.tolist()}
    assert q.weights.sum() == pytest.approx(1.0) and (q.weights > 0.0).all()


@quick
@given(seeds, st.integers(1, 4), sizes)
def test_kmeans_plus_plus_start_counts_to_the_nearest_mean(seed, K, N):
    rng = np.random.default_rng(seed)
    x = some_data(rng, 30, N)
    q = kmeans_plus_plus_start(x, K, rng=rng)
    whole = np.linalg.inv(np.cov(x.T, ddof=0).reshape(N, N))
    d = x[:, np.newaxis] - q.means
    owner = np.einsum("nkj,jl,nkl->nk", d, whole, d).argmin(axis=1)
    np.testing.assert_allclose(q.weights, np.bincount(owner, minlength=K) / 30)
    d = x - q.means[owner]
    np.testing.assert_allclose(q.covariances, [d.T @ d / 30] * K, atol=1e-12)


def test_kmeans_plus_plus_start_tells_near_from_far_at_a_large_offset():
    """Samples near a slanted line: their offset is large beside the width of the line."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((40, 1)) + 0.003 * rng.standard_normal((40, 2))
        x = np.round(x * 2**12) / 2**12  # so short that the sum is exact
        q = kmeans_plus_plus_start(x + 2.0**40, 4, rng=rng)
        d = x[:, np.newaxis] - (q.means - 2.0**40)
        owner = np.einsum("nkj,jl,nkl->nk", d, np.linalg.inv(np.cov(x.T, ddof=0)), d).argmin(axis=1)
        np.testing.assert_array_equal(q.weights, np.bincount(owner, minlength=4) / 40)


def test_random_start_takes_the_covariance_of_the_data():
    x = some_data(np.random.default_rng(1), 30, 2)
    q = random_start(x, 4, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(q.weights, np.full(4, 0.25))
    np.testing.assert_allclose(q.covariances, [np.cov(x.T, ddof=0)] * 4, rtol=1e-13)


@pytest.mark.parametrize("start", STARTS)
@quick
@given(seeds, st.integers(1, 4), sizes)
def test_starts_do_not_see_the_units(start, seed, K, N):
    rng = np.random.default_rng(seed)
    x = some_data(rng, 30, N)
    units = 2.0 ** rng.integers(-20, 20, N)
    q = start(x, K, rng=np.random.default_rng(seed))
    other = start(x * units, K, rng=np.random.default_rng(seed))
    np.testing.assert_array_equal(other.means, q.means * units)
    np.testing.assert_array_equal(other.weights, q.weights)
    scaled = other.covariances / np.outer(units, units)
    np.testing.assert_allclose(scaled, q.covariances, rtol=1e-12, atol=1e-13)


def test_starts_are_drawn_with_the_right_probabilities():
    """Chi-square over ordered pairs of samples; false alarm 1e-9 each."""
    x, n = np.array([0.0, 1.0, 3.0, 7.0]), 1500
    squares = (x[:, np.newaxis] - x) ** 2
    expected = {
        kmeans_plus_plus_start: squares / squares.sum(axis=1, keepdims=True) / 4.0,
        random_start: (1.0 - np.eye(4)) / 12.0,
    }
    for start, chances in expected.items():
        rng, counts = np.random.default_rng(3), np.zeros((4, 4))
        for _ in range(n):
            first, second = np.searchsorted(x, start(x, 2, rng=rng).means.ravel())
            counts[first, second] += 1
        assert not counts.diagonal().any()
        off = ~np.eye(4, dtype=bool)
        rest = counts[off] - n * chances[off]
        assert (rest**2 / (n * chances[off])).sum() < stats.chi2.isf(1e-9, 11)


def test_as_many_components_as_samples():
    x = np.array([0.0, 1.0, 4.0])
    q = kmeans_plus_plus_start(x, 3, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(np.sort(q.means.ravel()), x)
    np.testing.assert_allclose(q.covariances.ravel(), x.var() / 9.0)


@pytest.mark.parametrize(
    ("x", "K", "options", "message"),
    [
        ([0.0, 1.0], 3, {}, "x: expected at least 3 different rows for 3 components, got 2"),
        ([[0.0, 1.0]] * 9, 2, {}, "x: expected at least 2 different rows for 2 comp.*, got 1"),
        ([2.0] * 9, 1, {}, "x: expected data with a covariance that is not singular"),
        ([[t, 1 - t] for t in range(9)], 2, {}, "not singular, got rows that lie in a plane"),
        ([[t, 5.0] for t in range(9)], 2, {}, "not singular, .*drop a column, or give a cov"),
        ([[0.0, 1.0, 2.0], [1.0, 0.0, 5.0]], 1, {}, "not singular"),  # n < N
        ([0.0, np.nan], 1, {}, "x: expected finite numbers, got nan"),
        ([], 1, {}, "x: expected at least one number"),
        ([[[0.0]]], 1, {}, r"x: expected shape \(n, N\) or \(n,\), got \(1, 1, 1\)"),
        ([0.0, 1.0], 0, {}, "n_components: expected a positive integer, got 0"),
        ([0.0, 1.0], 1.5, {}, "n_components: expected a positive integer, got 1.5"),
        ([0.0, 1.0], 1, {"rng": 3}, "rng: expected a numpy.random.Generator"),
        ([0.0, 1.0], 1, {"covariance_floor": -1}, "covariance_floor: expected .* not negative, g"),
        ([0.0, 1.0], 1, {"covariance_floor": np.nan}, "covariance_floor: expected finite"),
    ],
)
def test_bad_starts(x, K, options, message):
    options = {"rng": np.random.default_rng(1), **options}
    for start in (*STARTS, GaussianMixture.fit):
        with pytest.raises(ValueError, match=message):
            start(x, K, **options)


# Criteria ----------------------------------------------------------------------------


@pytest.mark.parametrize("N", [1, 2, 3, 5])
@pytest.mark.parametrize("K", [1, 2, 4])
def test_criteria_by_counting(K, N):
    q = some_mixture(np.random.default_rng([K, N]), K, N)
    means = [(k, j) for k in range(K) for j in range(N)]
    covariances = [(k, j, m) for k in range(K) for j in range(N) for m in range(j, N)]
    number = len(range(1, K)) + len(means) + len(covariances)
    assert q.n_parameters == number and isinstance(q.n_parameters, int)
    x = q.sample(11, rng=np.random.default_rng(1))
    total = float(sum(oracles.evidence(oracles.mixture_joint(x.tolist(), *plain(q)))))
    assert q.log_likelihood(x) == pytest.approx(total / 11, rel=1e-12)
    assert q.bic(x) == pytest.approx(-2 * total + number * math.log(11), rel=1e-12)
    assert q.aic(x) == pytest.approx(-2 * total + 2 * number, rel=1e-12)


def test_bic_finds_the_number_of_clouds():
    x = some_data(np.random.default_rng(3), 400, 2)
    fits = {}
    for K in (1, 2, 3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fits[K] = GaussianMixture.fit(x, K, rng=np.random.default_rng(1), starts=3).model
    assert min(fits, key=lambda K: fits[K].bic(x)) == 2


# Refusals ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weights", "means", "covariances", "message"),
    [
        (
            [0.5, 0.501],
            [0, 1],
            [1, 1],
            "weights: expected probabilities that sum to 1, got sum 1.0",
        ),
        ([1.5, -0.5], [0, 1], [1, 1], "weights: expected non-negative probabilities, got -0.5"),
        ([np.nan, 1.0], [0, 1], [1, 1], "weights: expected finite numbers, got nan"),
        ([], [0, 1], [1, 1], "weights: expected at least one number"),
        ([[1.0]], [0], [1], r"weights: expected 1 dimension\(s\), got shape \(1, 1\)"),
        ([1.0], [0, 1], [1, 1], "weights: expected one for each of 2 means, got 1"),
        ([1.0], [[[0]]], [1], r"means: expected shape \(n, N\) or \(n,\), got \(1, 1, 1\)"),
        ([1.0], [np.inf], [1], "means: expected finite numbers, got inf"),
        ([1.0], [1j], [1], "means: expected real numbers, got dtype complex128"),
        ([1.0], [0], [1, 1], r"covariances: expected shape \(1, 1, 1\) to go with means, got \(2,"),
        ([1.0], [[0, 0]], [1], r"covariances: expected shape \(1, 2, 2\) .* means, got \(1,\)"),
        ([0.5, 0.5], [0, 1], [1, 0], r"covariances\[1\]: .*positive definite .*eigenvalue 0 "),
        ([0.5, 0.5], [0, 1], [-2, 1], r"covariances\[0\]: .*positive definite .*eigenvalue -2 "),
        ([1.0], [[0, 0]], [[[1, 2], [2, 1]]], r"covariances\[0\]: .*eigenvalue -1 \(largest 3\)"),
        (
            [0.5, 0.5],  # the worse one is that which is further off in its own unit
            [[0, 0], [0, 0]],
            [np.diag([-1.0, 1e6]), np.diag([-0.5, 1.0])],
            r"covariances\[1\]: .*eigenvalue -0.5 \(largest 1\)",
        ),
        (
            [0.5, 0.5],
            [[0, 0], [0, 0]],
            [np.diag([-1.0, -2.0]), np.diag([-5.0, 1.0])],
            r"covariances\[1\]: .*eigenvalue -5 \(largest 1\)",
        ),
        ([1.0], [[0, 0]], [[[1, 0.5], [0.4, 1]]], r"covariances\[0\]: expected a symmetric matrix"),
        ([1.0], [0], [np.nan], "covariances: expected finite numbers, got nan"),
    ],
)
def test_bad_parameters(weights, means, covariances, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture(weights, means, covariances)


METHODS = "joint_log_prob log_prob log_likelihood responsibilities score bic aic".split()


@pytest.mark.parametrize("method", METHODS)
def test_bad_points(method):
    line = GaussianMixture([1.0], [0.0], [1.0])
    for q, x, message in [
        (good, [0.0, 0.0], r"x: expected shape \(n, 2\), got \(2,\)"),
        (good, [[0.0]], r"x: expected shape \(n, 2\), got \(1, 1\)"),
        (line, [[0.0, 0.0]], r"x: expected shape \(n, 1\) or \(n,\), got \(1, 2\)"),
        (line, 0.0, r"x: expected shape \(n, 1\) or \(n,\), got \(\)"),
        (line, [], r"x: expected at least one number, got shape \(0,\)"),
        (line, [np.nan], r"x: expected finite numbers, got nan"),
    ]:
        with pytest.raises(ValueError, match=message):
            getattr(q, method)(x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: good.sample(0, rng=np.random.default_rng(1)), "size: expected a positive integer"),
        (lambda: good.sample_joint(1, rng=np.random), "rng: expected a numpy.random.Generator"),
        (lambda: good.maximised(cloud, np.ones((20, 1))), r"responsibilities: expected shape \(20"),
        (
            lambda: good.maximised(cloud, np.ones((20, 2))),
            "responsibilities: expected rows that su",
        ),
        (lambda: good.maximised([0.0], [[1, 0]]), r"x: expected shape \(n, 2\), got \(1,\)"),
        (lambda: e_step(good, cloud, reference=[0.0]), r"reference: expected 2 dimension\(s\)"),
        (
            lambda: e_step(good, cloud, reference=[[0.0]]),
            r"reference: expected shape \(2, 2\), got",
        ),
        (
            lambda: e_step(good, cloud).about([[0.0]]),
            r"reference: expected shape \(2, 2\), got \(1",
        ),
        (lambda: e_step(good, cloud).about(np.full((2, 2), np.nan)), "reference: expected finite"),
        (lambda: SufficientStatistics.empty([0.0]), r"reference: expected 2 dimension\(s\)"),
        (lambda: e_step(good, cloud) + e_step(two, cloud), "other: expected the same reference"),
        (lambda: m_step(e_step(good, cloud), covariance_floor=-1.0), "covariance_floor: expected"),
        (
            lambda: fit_em(cloud, good, covariance_floor=2.0),
            r"start: expected .* eigenvalues of at least covariance_floor = 2, got 1",
        ),
        (
            lambda: fit_em(
                cloud,
                dataclasses.replace(good, covariances=[np.eye(2), 4 * np.eye(2)]),
                covariance_floor=2.0,
            ),
            r"start: expected .* eigenvalues of at least covariance_floor = 2, got 1",
        ),
        (lambda: fit_em(cloud, good, covariance_floor=np.inf), "covariance_floor: expected finite"),
        (
            lambda: fit_em(cloud, good, tolerance=0.0),
            "tolerance: expected a positive number, got 0",
        ),
        (lambda: fit_em(cloud, good, max_steps=0), "max_steps: expected a positive integer, got 0"),
        (
            lambda: GaussianMixture.fit(cloud, 1, rng=np.random.default_rng(1), starts=0),
            "starts: expected a positive integer, got 0",
        ),
        (
            lambda: GaussianMixture.fit(cloud, 1, rng=np.random.default_rng(1), method="best"),
            r"method: expected one of k-means\+\+, random, got 'best'",
        ),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_statistics_add_to_statistics_only():
    with pytest.raises(TypeError):
        e_step(good, cloud) + 1


def test_a_model_is_frozen_and_owns_its_arrays():
    weights, means, covariances = np.array([0.5, 0.5]), np.zeros((2, 1)), np.ones((2, 1, 1))
    q = GaussianMixture(weights, means, covariances)
    weights[0] = means[0] = covariances[0] = 9.0
    np.testing.assert_array_equal(q.weights, [0.5, 0.5])
    np.testing.assert_array_equal(q.means, [[0.0], [0.0]])
    np.testing.assert_array_equal(q.covariances, np.ones((2, 1, 1)))
    for array in (q.weights, q.means, q.covariances):
        assert array.dtype == np.float64
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        q.means = np.ones(2)
    assert q != GaussianMixture([0.5, 0.5], [0.0, 0.0], [1.0, 1.0])  # identity, not value
    assert re.findall(r"(\w+)=", repr(q)) == ["weights", "means", "covariances"]
    np.testing.assert_array_equal(dataclasses.replace(q, means=[1.0, 2.0]).means, [[1.0], [2.0]])


def test_arguments_are_left_alone():
    x, gamma = cloud.copy(), np.full((20, 2), 0.5)
    reference = np.ones((2, 2))
    for array in (x, gamma, reference):
        array.flags.writeable = False
    sums = e_step(good, x, reference=reference)
    e_step(good, [x, x])
    sums.about(reference)
    good.maximised(x, gamma)
    for name in METHODS:
        getattr(good, name)(x)
    for start in STARTS:
        fit_em(x, start(x, 2, rng=np.random.default_rng(1)), covariance_floor=0.01)
    np.testing.assert_array_equal(x, cloud)


def test_a_collapse_is_seen_in_sums_about_the_centre_too():
    """The fast sums cannot tell 5e-13 from 0, and know it."""
    rng = np.random.default_rng(8)
    x = np.vstack([rng.standard_normal((20, 2)), np.tile([100.1, 99.7], (7, 1))])
    q = GaussianMixture([0.5, 0.5], [[0.0, 0.0], [100.0, 100.0]], [np.eye(2)] * 2)
    for sums in (e_step(q, x), e_step(q, x[:10]) + e_step(q, x[10:])):
        with pytest.raises(DegenerateComponent, match="component 1: its covariance is singular"):
            m_step(sums)


def test_a_component_that_dies_out_has_not_converged():
    """Its weight falls by a constant factor a step, to where no sample is left to it."""
    near = np.array([0.9, 0.95, 1.0, 1.05, 1.1])
    x = np.concatenate([near, -near, near, -near, [-0.1, 0.1]])
    start = GaussianMixture([0.95, 0.05], [0.0, 0.0], [0.9, 0.01])
    with pytest.warns(ConvergenceWarning, match="after 200 steps"):
        fit = fit_em(x, start, max_steps=200)
    assert not fit.converged and fit.model.weights[1] < 1e-50
    with pytest.raises(DegenerateComponent, match="component 1: no samples are left to it"):
        fit_em(x, start, max_steps=5000)
