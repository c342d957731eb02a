"""The table of distributions that every law in `laws.py` is checked on.

A case states what is true of its model in plain numbers, without asking the model: where
its mass lies, and the distribution function of some projections. A new distribution
gets the whole battery by adding rows here.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import settings
from scipy.special import ndtr

from boltzlib.gaussian import Gaussian
from boltzlib.mixture import GaussianMixture
from boltzlib.rbm import RBM

#: For property tests: no time limit on a single example, on a busy machine.
quick = settings(deadline=None, max_examples=40)


@dataclass(frozen=True)
class Case:
    """One distribution, with what is known of it."""

    name: str
    model: Any
    dimension: int
    box: tuple[np.ndarray, np.ndarray]  # holds all but 1e-16 of the mass
    step: float  # a power of two, so fine that the trapezoidal rule is exact to rounding
    projections: dict[str, tuple[np.ndarray, Callable]]  # direction -> its exact cdf
    fit: Callable  # data -> fitted model
    refits: Callable  # (fitted model, n, false_alarm) -> within its law?
    wrong: list[Any]  # models slightly off: by a shift, a scale, a sign, a weight


def some_rbm(n_visible, n_hidden, scale=0.7, seed=0, dtype=np.float64):
    """Make an RBM with random parameters of the given size."""
    rng = np.random.default_rng([n_visible, n_hidden, seed])
    D = n_visible * n_hidden + n_visible + n_hidden
    theta = (scale * rng.standard_normal(D)).astype(dtype)
    return RBM.from_parameters(theta, n_visible, n_hidden)


def spins(n_spins):
    """All states of n spins, -1 before +1, the last spin changing fastest."""
    return np.array(list(itertools.product([-1.0, 1.0], repeat=n_spins)))


def some_spins(n, n_spins, seed=0):
    """Make n rows of spins with unequal frequencies; the first three rows have no symmetry."""
    rng = np.random.default_rng([n, n_spins, seed])
    levels = rng.uniform(0.2, 0.8, n_spins)
    x = np.where(rng.random((n, n_spins)) < levels, 1.0, -1.0)
    x[:, -1] = np.where(rng.random(n) < 0.3, x[:, -1], x[:, 0])
    x[:2] = [[-1.0], [1.0]]  # each unit is up and down at least once
    x[2:3, 0], x[2:3, -1] = 1.0, -1.0
    return x


def gaussian_case(name, mean, covariance):
    """Make a case of a Gaussian; its projections are one-dimensional Gaussians."""
    mean, covariance = np.array(mean, dtype=float), np.array(covariance, dtype=float)
    spreads = np.sqrt(np.diag(covariance))
    directions = np.vstack(
        [
            np.eye(len(mean)),
            np.ones(len(mean)) / spreads,
            (-1.0) ** np.arange(len(mean)) / spreads,
            np.arange(1, len(mean) + 1) / spreads,
        ]
    )

    def projection(direction):
        centre, variance = direction @ mean, direction @ covariance @ direction
        return direction, lambda t: ndtr((t - centre) / np.sqrt(variance))

    def refits(fitted, n, false_alarm):
        """Check each projection: its mean is normal, its variance chi-squared (exact laws)."""
        from scipy.stats import chi2, norm

        alarm = false_alarm / (4 * len(directions))
        for d in directions:
            variance = d @ covariance @ d
            z = (d @ fitted.mean - d @ mean) / np.sqrt(variance / n)
            ratio = n * (d @ fitted.covariance @ d) / variance
            if abs(z) > norm.isf(alarm):
                return False
            if not chi2.ppf(alarm, n - 1) <= ratio <= chi2.isf(alarm, n - 1):
                return False
        return True

    wrong = [  # by a tenth of a standard deviation, by a quarter in scale, by a sign
        Gaussian(mean + 0.1 * np.sqrt(np.diag(covariance)), covariance),
        Gaussian(mean, covariance * 1.25**2),
    ]
    if len(mean) > 1:
        wrong.append(Gaussian(mean, covariance * (2.0 * np.eye(len(mean)) - 1.0)))
    return Case(
        name=name,
        model=Gaussian(mean, covariance),
        dimension=len(mean),
        box=(mean - 9.0 * spreads, mean + 9.0 * spreads),
        step=fine_step([covariance]),
        projections={str(i): projection(d) for i, d in enumerate(directions)},
        fit=Gaussian.fit,
        refits=refits,
        wrong=wrong,
    )


def fine_step(covariances):
    """Return the largest power of two below 0.7 of the smallest standard deviation."""
    smallest = min(np.linalg.eigvalsh(covariance)[0] for covariance in covariances)
    return 2.0 ** np.floor(np.log2(0.7 * np.sqrt(smallest)))


def mixture_case(name, weights, means, covariances):
    """Make a case of a mixture; its projections are one-dimensional mixtures."""
    weights, means = np.array(weights, dtype=float), np.array(means, dtype=float)
    covariances = np.array(covariances, dtype=float)
    K, N = means.shape
    spreads = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    directions = np.vstack(
        [np.eye(N), np.ones(N) / spreads[0], (-1.0) ** np.arange(N) / spreads[-1]]
    )

    def projection(direction):
        centres = means @ direction
        widths = np.sqrt(np.einsum("j,kjl,l->k", direction, covariances, direction))
        return direction, lambda t: ndtr((t[:, np.newaxis] - centres) / widths) @ weights

    def fit(x):
        rng = np.random.default_rng(5)
        return GaussianMixture.fit(x, K, rng=rng, starts=2, tolerance=1e-4).model

    model = GaussianMixture(weights, means, covariances)
    wrong = [
        GaussianMixture(weights, means + 0.25 * spreads, covariances),
        GaussianMixture(weights, means, covariances * 1.5**2),
    ]
    if K > 1:
        moved = weights + 0.15 * (np.arange(K) == 0) - 0.15 * (np.arange(K) == K - 1)
        wrong.append(GaussianMixture(moved, means, covariances))
    if N > 1:
        wrong.append(GaussianMixture(weights, means, covariances * (2.0 * np.eye(N) - 1.0)))
    case = Case(
        name=name,
        model=model,
        dimension=N,
        box=((means - 9.0 * spreads).min(axis=0), (means + 9.0 * spreads).max(axis=0)),
        step=fine_step(covariances),
        projections={str(i): projection(d) for i, d in enumerate(directions)},
        fit=fit,
        refits=lambda fitted, n, false_alarm: _within_fisher(case, fitted, n, false_alarm),
        wrong=wrong,
    )
    return case


def _within_fisher(case, fitted, n, false_alarm):
    """Check every parameter: near the maximum of the likelihood it is normal (large n).

    Its variance is the inverse of the Fisher information over n, here an average over samples.
    """
    from scipy.stats import norm

    def parameters(model):
        order = np.argsort(model.means[:, 0])
        upper = np.triu_indices(case.dimension)
        return np.concatenate(
            [
                model.weights[order][:-1],
                model.means[order].ravel(),
                model.covariances[order][:, *upper].ravel(),
            ]
        )

    truth, rng = parameters(case.model), np.random.default_rng(6)
    parts = zip(case.model.weights, case.model.means, case.model.covariances, strict=True)
    x = np.concatenate(
        [
            mean + rng.standard_normal((round(5000 * weight), len(mean))) @ np.linalg.cholesky(c).T
            for weight, mean, c in parts
        ]
    )
    steps = 1e-4 * np.diag(np.maximum(np.abs(truth), case.step**2))
    slopes = np.array(
        [_log_density(truth + h, case, x) - _log_density(truth - h, case, x) for h in steps]
    ) / (2.0 * np.diag(steps)[:, np.newaxis])
    errors = np.sqrt(np.diag(np.linalg.inv(slopes @ slopes.T / len(x))) / n)
    # half as far again as a normal law goes: it is one for n to infinity only
    return bool((np.abs(parameters(fitted) - truth) / errors < 1.5 * norm.isf(false_alarm)).all())


def _log_density(theta, case, x):
    """Log density of a mixture by SciPy, its parameters in one row."""
    from scipy.special import logsumexp
    from scipy.stats import multivariate_normal

    K, N = case.model.means.shape
    weights, means, entries = np.split(theta, [K - 1, K - 1 + K * N])
    weights = np.append(weights, 1.0 - weights.sum())
    upper, parts = np.triu_indices(N), []
    for mean, row in zip(means.reshape(K, N), entries.reshape(K, -1), strict=True):
        covariance = np.zeros((N, N))
        covariance[upper] = row
        covariance = covariance + np.triu(covariance, 1).T
        parts.append(multivariate_normal(mean, covariance).logpdf(x))
    return logsumexp(parts, axis=0, b=weights[:, np.newaxis])


GAUSSIANS = [
    gaussian_case("standard", [0.0], [[1.0]]),
    gaussian_case("narrow, far off", [1e4], [[1e-4]]),
    gaussian_case("wide", [-3.0], [[2.5e5]]),
    gaussian_case("correlated", [1.0, -2.0], [[2.0, 0.9], [0.9, 0.5]]),
    gaussian_case("anticorrelated, two scales", [0.0, 50.0], [[1.0, -8.0], [-8.0, 100.0]]),
    gaussian_case(
        "three components", [1.0, 0.0, -1.0], [[1.0, 0.5, 0.2], [0.5, 2.0, -0.4], [0.2, -0.4, 1.5]]
    ),
]

MIXTURES = [
    mixture_case("one component", [1.0], [[1.0, -2.0]], [[[2.0, 0.9], [0.9, 0.5]]]),
    mixture_case("two humps", [0.3, 0.7], [[-2.0], [1.5]], [[[1.0]], [[0.25]]]),
    mixture_case("a spike in a hump", [0.4, 0.6], [[-0.5], [0.0]], [[[0.01]], [[1.0]]]),
    mixture_case("a spike, far off", [0.5, 0.5], [[1e4], [1e4 + 2.0]], [[[1e-3]], [[1.0]]]),
    mixture_case(
        "three lines", [0.2, 0.3, 0.5], [[-4.0], [0.0], [5.0]], [[[0.5]], [[0.2]], [[0.8]]]
    ),
    mixture_case(
        "a cross",
        [0.5, 0.5],
        [[0.0, 0.0], [1.0, 0.0]],
        [[[1.0, 0.8], [0.8, 1.0]], [[1.0, -0.8], [-0.8, 1.0]]],
    ),
    mixture_case(
        "three dimensions",
        [0.4, 0.6],
        [[0.0, 0.0, 0.0], [3.0, -2.0, 1.0]],
        [
            [[1.0, 0.5, 0.2], [0.5, 2.0, -0.4], [0.2, -0.4, 1.5]],
            [[1.0, 0.0, 0.6], [0.0, 1.0, 0.0], [0.6, 0.0, 1.0]],
        ],
    ),
]


def rotated_covariance(size, condition, rng, scale=1.0):
    """Make a covariance with the given condition number and random eigenvectors."""
    basis, _ = np.linalg.qr(rng.standard_normal((size, size)))
    values = np.logspace(0.0, -np.log10(condition), size) if size > 1 else np.ones(1)
    covariance = scale * (basis * values) @ basis.T
    return (covariance + covariance.T) / 2.0
