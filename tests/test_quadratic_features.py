"""The fast E-step: its coordinates, and the chunks it takes and leaves."""

import numpy as np
import pytest

from boltzlib._quadratic_features import QuadraticForm
from boltzlib.mixture import GaussianMixture, e_step
from tests import oracles
from tests.cases import rotated_covariance

LIMIT = 1e5  # what the documentation of `e_step` says


def form_of(q, size=8):
    return QuadraticForm(q.weights, q.means, q._roots, q._offsets, size)


def some_mixture(rng, K, N):
    """Return a mixture in skew coordinates, of components with very different weights."""
    covariances = [rotated_covariance(N, 9.0, rng, 0.3) for _ in range(K)]
    weights = np.arange(1.0, K + 1) ** 2
    return GaussianMixture(
        weights / weights.sum(), 5.0 + 2.0 * rng.standard_normal((K, N)), covariances
    )


def moments(q):
    """Return mean and covariance of a mixture."""
    mean = sum(C * mu for C, mu in zip(q.weights, q.means, strict=True))
    parts = zip(q.weights, q.means, q.covariances, strict=True)
    return mean, sum(C * (S + np.outer(mu - mean, mu - mean)) for C, mu, S in parts)


def largest_sum_of_terms(q, distance):
    """Return the most that the terms of a log density can add up to, by their definition."""
    mean, covariance = moments(q)
    root = np.linalg.cholesky(covariance)
    back = np.linalg.inv(root)
    N = q.dimension
    # how many times its rounding y_j can be off: the sums that y = back x and x = root y are
    off = [sum(abs(back[j, m] * root[m, i]) for m in range(N) for i in range(N)) for j in range(N)]
    largest = 0.0
    for C, centre, S in zip(q.weights, q.means, q.covariances, strict=True):
        mu, precision = back @ (centre - mean), root.T @ np.linalg.inv(S) @ root
        constant = np.log(C) - 0.5 * np.linalg.slogdet(2.0 * np.pi * S)[1]
        total = abs(constant - 0.5 * mu @ precision @ mu)
        for j in range(N):
            total += abs((precision @ mu)[j]) * distance * off[j]
            for m in range(N):  # those of j < m and m < j are one term
                total += 0.5 * abs(precision[j, m]) * distance**2 * off[j] * off[m]
        largest = max(largest, total)
    return largest


@pytest.mark.parametrize("N", [1, 2, 3])
@pytest.mark.parametrize("K", [1, 2, 3])
def test_in_its_coordinates_the_mixture_has_mean_0_and_covariance_1(K, N):
    q = some_mixture(np.random.default_rng([K, N]), K, N)
    form, (mean, covariance) = form_of(q), moments(q)
    np.testing.assert_allclose(form.centre, mean, rtol=1e-13)
    np.testing.assert_allclose(form.whiten @ covariance @ form.whiten.T, np.eye(N), atol=1e-12)


@pytest.mark.parametrize("N", [1, 2, 3])
@pytest.mark.parametrize("K", [1, 2, 3])
def test_a_chunk_is_refused_where_the_terms_can_exceed_the_limit(K, N):
    """One sample far out is enough, on any side."""
    q = some_mixture(np.random.default_rng([K, N]), K, N)
    mean, covariance = moments(q)
    root = np.linalg.cholesky(covariance)
    inside, outside = 0.0, 1e6
    while outside - inside > 1e-9 * outside:
        middle = 0.5 * (inside + outside)
        if largest_sum_of_terms(q, middle) <= LIMIT:
            inside = middle
        else:
            outside = middle
    for j in range(N):
        for sign in (-1.0, 1.0):
            y = np.zeros((5, N))
            y[3, j] = sign * inside
            form = form_of(q)
            assert form.add(mean + 0.999 * y @ root.T) and form.n == 5
            assert not form.add(mean + 1.001 * y @ root.T) and form.n == 5


@pytest.mark.parametrize("weights", [[0.5, 0.5], [0.999, 0.001]])
def test_all_is_refused_where_a_constant_is_too_large(weights):
    """Thin components far from the centre: there no distance is small enough."""
    q = GaussianMixture(weights, [0.0, 1.0], [1.0, 1e-7])
    assert not form_of(q).add(form_of(q).centre[np.newaxis])


def test_all_is_refused_where_a_weight_is_zero():
    q = GaussianMixture([1.0, 0.0], [0.0, 1.0], [1.0, 1.0])
    assert not form_of(q).add(np.zeros((1, 1)))


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_no_digits_are_lost_where_the_samples_are_all_but_in_a_line(sign):
    """The whitened samples are differences of large terms; a Cholesky factor takes them first."""
    thin = 2.0**-20  # so that the factor is exact
    covariance = [[1.0, sign], [sign, 1.0 + thin**2]]
    q = GaussianMixture([0.5, 0.5], [[0.0, 0.0], [1.0, sign]], [covariance] * 2)
    x = np.random.default_rng(1).standard_normal((6, 2)) @ q._roots[0].T
    given = q.weights.tolist(), q.means.tolist(), q.covariances.tolist()
    exact = oracles.evidence(oracles.mixture_joint(x.tolist(), *given))
    for row, value in zip(x, exact, strict=True):
        assert abs(e_step(q, row[np.newaxis]).log_likelihood - value) < 1e-10


def test_all_is_refused_where_the_mixture_is_a_line_to_rounding():
    q = GaussianMixture([0.5, 0.5], [[0.0, 0.0], [1e4, 3e3]], [1e-10 * np.eye(2)] * 2)
    form = form_of(q)
    assert not form.add(form.centre[np.newaxis]) and not form.add(q.means) and form.n == 0
