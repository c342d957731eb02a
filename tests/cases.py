"""The table of distributions that every law in `laws.py` is checked on.

A case states what is true of its model in plain numbers, without asking the model: where
its mass lies, and the distribution function of some projections. A new distribution
gets the whole battery by adding rows here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import settings
from scipy.special import ndtr

from boltzlib.gaussian import Gaussian

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
    refits: Callable | None = None  # (fitted model, n, false_alarm) -> within its law?


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

    return Case(
        name=name,
        model=Gaussian(mean, covariance),
        dimension=len(mean),
        box=(mean - 9.0 * spreads, mean + 9.0 * spreads),
        step=2.0 ** np.floor(np.log2(0.7 * np.sqrt(np.linalg.eigvalsh(covariance)[0]))),
        projections={str(i): projection(d) for i, d in enumerate(directions)},
        refits=refits,
    )


CASES = [
    gaussian_case("standard", [0.0], [[1.0]]),
    gaussian_case("narrow, far off", [1e4], [[1e-4]]),
    gaussian_case("wide", [-3.0], [[2.5e5]]),
    gaussian_case("correlated", [1.0, -2.0], [[2.0, 0.9], [0.9, 0.5]]),
    gaussian_case("anticorrelated, two scales", [0.0, 50.0], [[1.0, -8.0], [-8.0, 100.0]]),
    gaussian_case(
        "three components", [1.0, 0.0, -1.0], [[1.0, 0.5, 0.2], [0.5, 2.0, -0.4], [0.2, -0.4, 1.5]]
    ),
]


def rotated_covariance(size, condition, rng, scale=1.0):
    """Make a covariance with the given condition number and random eigenvectors."""
    basis, _ = np.linalg.qr(rng.standard_normal((size, size)))
    values = np.logspace(0.0, -np.log10(condition), size) if size > 1 else np.ones(1)
    covariance = scale * (basis * values) @ basis.T
    return (covariance + covariance.T) / 2.0
