"""Exact sums over all states of a dense Ising machine: log Z, means, pair correlations."""

import dimod
import numpy as np
from dwave.samplers import TreeDecompositionSampler

from benchmarks import timing
from benchmarks.timing import Row, medians
from boltzlib.enumeration import ising_moments

SCALING = range(16, 27, 2)
PEERS_UP_TO = 20  # they take over 5 seconds a call above


def couplings(n_spins: int):
    """Random J and h with an energy of the order of the number of spins."""
    rng = np.random.default_rng(n_spins)
    upper = np.triu(rng.normal(0.0, n_spins**-0.5, (n_spins, n_spins)), 1)
    return upper + upper.T, rng.normal(0.0, 0.5, n_spins)


def quadratic_model(J, h):
    """The same machine for the peers, whose energy has the other sign."""
    pairs = zip(*np.triu_indices(len(h), 1), strict=True)
    return dimod.BinaryQuadraticModel.from_ising(
        {k: -float(field) for k, field in enumerate(h)},
        {(int(k), int(m)): -float(J[k, m]) for k, m in pairs},
    )


def by_dwave(model):
    """Tree decomposition: log Z and the tables of all spins and pairs."""
    order = list(range(len(model)))
    found = TreeDecompositionSampler().sample(
        model, num_reads=1, beta=1.0, marginals=True, elimination_order=order
    )
    return found.info


def by_dimod(model, N):
    """Energies of all states, from which NumPy takes log Z and the moments."""
    found = dimod.ExactSolver().sample(model)
    order = np.argsort(list(found.variables))
    states = found.record.sample[:, order].astype(float)
    weights = np.exp(found.record.energy.min() - found.record.energy)
    total = weights.sum()
    second = states.T @ (weights[:, np.newaxis] * states) / total
    return np.log(total) - found.record.energy.min(), weights @ states / total, second


def difference_from_dwave(ours, info):
    """Largest difference in log Z, a mean or a correlation."""
    worst = abs(ours.log_partition - info["log_partition_function"])
    for spin, probability in info["variable_marginals"].items():
        worst = max(worst, abs(ours.first[spin] - (2 * probability - 1)))
    for (k, m), table in info["interaction_marginals"].items():
        mean = sum(a * b * probability for (a, b), probability in table.items())
        worst = max(worst, abs(ours.second[k, m] - mean))
    return float(worst)


def compare(n_spins: int = 20) -> list[Row]:
    """Log Z and all first and second moments at one size, against each peer."""
    J, h = couplings(n_spins)
    model = quadratic_model(J, h)
    times = medians(
        {
            "boltzlib": lambda: ising_moments(J, h),
            "dwave": lambda: by_dwave(model),
            "dimod": lambda: by_dimod(model, n_spins),
        }
    )
    ours = ising_moments(J, h)
    log_z, first, second = by_dimod(model, n_spins)
    from_dimod = max(
        abs(ours.log_partition - log_z),
        np.abs(ours.first - first).max(),
        np.abs(ours.second - second).max(),
    )
    task = f"N = {n_spins}: ln Z and all first and second moments"
    return [
        Row(task, "dwave-samplers, tree decomposition", times["boltzlib"], times["dwave"],
            difference_from_dwave(ours, by_dwave(model))),
        Row(task, "dimod ExactSolver and NumPy", times["boltzlib"], times["dimod"],
            float(from_dimod)),
    ]  # fmt: skip


def scaling() -> dict[str, dict[int, float]]:
    """Seconds against N; the peers only as far as they can be waited for."""
    found: dict[str, dict[int, float]] = {"boltzlib": {}, "dwave": {}, "dimod": {}}
    for n_spins in SCALING:
        J, h = couplings(n_spins)
        functions = {"boltzlib": lambda J=J, h=h: ising_moments(J, h)}
        if n_spins <= PEERS_UP_TO:
            model = quadratic_model(J, h)
            functions["dwave"] = lambda model=model: by_dwave(model)
            functions["dimod"] = lambda model=model, N=n_spins: by_dimod(model, N)
        for name, seconds in medians(functions, seconds=1.0).items():
            found[name][n_spins] = seconds
    return found


def peak_memory(n_spins: int) -> float:
    """Megabytes that the sum takes beyond its arguments."""
    J, h = couplings(n_spins)
    return timing.peak_memory(lambda: ising_moments(J, h))
