"""EM for Gaussian mixtures: one iteration, its scaling, and a whole fit."""

import warnings

import numpy as np
import torch
from pomegranate.distributions import Normal
from pomegranate.gmm import GeneralMixtureModel
from sklearn.mixture import GaussianMixture as ScikitMixture

from benchmarks.page import CHAPTERS, seconds
from benchmarks.timing import Row, medians, peak_memory
from boltzlib.mixture import GaussianMixture, e_step, fit_em, m_step

SAMPLES, DIMENSION, COMPONENTS = 200_000, 10, 8
SCALING = (10_000, 100_000, 1_000_000)


def problem(n: int):
    """Samples of a mixture with rotated covariances, and a start near by."""
    rng = np.random.default_rng(31)
    K, N = COMPONENTS, DIMENSION
    means = 2.0 * rng.standard_normal((K, N))
    factors = rng.standard_normal((K, N, N))
    covariances = factors @ factors.transpose(0, 2, 1) / N + 0.3 * np.eye(N)
    truth = GaussianMixture(np.full(K, 1.0 / K), means, covariances)
    start = GaussianMixture(
        np.full(K, 1.0 / K),
        means + 0.3 * rng.standard_normal((K, N)),
        np.tile(np.eye(N), (K, 1, 1)),
    )
    return truth.sample(n, rng=rng), start


def scikit(start: GaussianMixture, x, steps: int = 1, tolerance: float = 0.0) -> ScikitMixture:
    """scikit-learn's mixture after `steps` iterations from the same start."""
    peer = ScikitMixture(
        start.n_components,
        max_iter=steps,
        tol=tolerance,
        reg_covar=0.0,
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=np.linalg.inv(start.covariances),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it did not converge in so few steps
        return peer.fit(x)


def pomegranate(start: GaussianMixture, dtype=torch.float32) -> GeneralMixtureModel:
    """pomegranate's mixture with the parameters of the start."""
    parts = [
        Normal(torch.tensor(mean, dtype=dtype), torch.tensor(covariance, dtype=dtype))
        for mean, covariance in zip(start.means, start.covariances, strict=True)
    ]
    return GeneralMixtureModel(parts, priors=torch.tensor(start.weights, dtype=dtype))


def pomegranate_step(model: GeneralMixtureModel, x) -> GeneralMixtureModel:
    """One iteration of EM."""
    model.summarize(x)
    model.from_summaries()
    return model


def iteration_functions(x, start) -> dict:
    """One iteration of each library, from the start; the peers' models stand ready."""
    peer = scikit(start, x[:1000])  # made ready; the parameters are set back below
    other, narrow = pomegranate(start), torch.tensor(x, dtype=torch.float32)

    def scikit_step():
        peer.weights_, peer.means_ = start.weights, start.means
        peer.precisions_cholesky_ = roots
        _, log_responsibilities = peer._e_step(x)
        peer._m_step(x, log_responsibilities)

    roots = np.linalg.cholesky(np.linalg.inv(start.covariances))
    return {
        "boltzlib": lambda: m_step(e_step(start, x)),
        "scikit-learn": scikit_step,
        "pomegranate": lambda: pomegranate_step(other, narrow),
    }


def largest_difference(ours: GaussianMixture, means) -> float:
    """Largest difference of a mean, in standard deviations."""
    scale = np.sqrt(np.diagonal(ours.covariances, axis1=1, axis2=2))
    return float((np.abs(ours.means - np.asarray(means, dtype=float)) / scale).max())


def compare_iteration(n: int = SAMPLES) -> list[Row]:
    """One iteration of EM against each peer."""
    x, start = problem(n)
    times = medians(iteration_functions(x, start), seconds=6.0)
    ours = m_step(e_step(start, x))
    by_scikit = scikit(start, x).means_
    narrow = pomegranate_step(pomegranate(start), torch.tensor(x, dtype=torch.float32))
    by_pomegranate = [part.means.numpy() for part in narrow.distributions]
    task = f"one EM iteration, n = {n:,}, N = {DIMENSION}, K = {COMPONENTS}"
    return [
        Row(task, "scikit-learn, float64", times["boltzlib"], times["scikit-learn"],
            largest_difference(ours, by_scikit)),
        Row(task, "pomegranate, float32", times["boltzlib"], times["pomegranate"],
            largest_difference(ours, by_pomegranate)),
    ]  # fmt: skip


def careful_iteration(n: int = SAMPLES) -> float:
    """Seconds of one iteration with Cholesky factors."""
    x, start = problem(n)
    careful = {"boltzlib": lambda: m_step(e_step(start, x, reference=start.means))}
    return medians(careful, seconds=2.0)["boltzlib"]


def compare_fit() -> list[Row]:
    """Old Faithful from one start until the likelihood stands still."""
    x = np.loadtxt(CHAPTERS / "data" / "old_faithful.csv", delimiter=",", skiprows=1)
    start = GaussianMixture(
        [0.5, 0.5], [[2.5, 60.0], [4.0, 75.0]], np.tile(np.cov(x.T, bias=True), (2, 1, 1))
    )
    fit = fit_em(x, start, tolerance=1e-8)
    steps = len(fit.history.moves)
    times = medians(
        {
            "boltzlib": lambda: fit_em(x, start, tolerance=1e-8),
            "scikit-learn": lambda: scikit(start, x, steps=1000, tolerance=1e-14),
        },
        seconds=3.0,
    )
    peer = scikit(start, x, steps=1000, tolerance=1e-14)
    ours = fit.model.log_likelihood(x)
    task = f"Old Faithful, K = 2, to the maximum ({steps} steps; log-likelihood {ours:.9f})"
    return [
        Row(task, f"scikit-learn, {peer.n_iter_} steps", times["boltzlib"],
            times["scikit-learn"], abs(ours - float(peer.score(x))))
    ]  # fmt: skip


def scaling() -> str:
    """Time of an iteration and memory against the number of samples, as a table."""
    lines = [
        "| samples | boltzlib | scikit-learn | pomegranate | memory, boltzlib "
        "| memory, scikit-learn |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    for n in SCALING:
        x, start = problem(n)
        functions = iteration_functions(x, start)
        times = medians(functions, seconds=2.0)
        memory = [peak_memory(functions[name]) for name in ("boltzlib", "scikit-learn")]
        cells = [*(seconds(times[name]) for name in functions), *(f"{m:.1f} MB" for m in memory)]
        lines.append(f"| {n:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
