"""Restricted Boltzmann machines on 8x8 digits: time of an epoch, likelihood reached, log Z."""

import time
from dataclasses import dataclass
from statistics import mean

import numpy as np
from scipy.special import logsumexp
from sklearn.datasets import load_digits

from benchmarks import rbm_peers
from benchmarks.timing import Row, medians
from boltzlib.enumeration import spin_states
from boltzlib.rbm import RBM
from boltzlib.rbm_stochastic_learning import fit_rbm

EPOCH_HIDDEN = 128
QUALITY_HIDDEN = 16
SEEDS = range(5)
EPOCHS = 200  # of the peers; ours are as many as fit in `WALL` seconds
WALL = 5.0
BEST = {"method": "centred PCD", "chains": 100, "batch_size": 100, "learning_rate": 0.2}
OURS_EPOCHS = 1000


@dataclass(frozen=True)
class Quality:
    """Exact mean log-likelihoods of one way to train, one for each seed."""

    name: str
    work: str
    seconds: float  # mean
    values: tuple[float, ...]  # nats per image

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return mean(self.values)


def digits() -> np.ndarray:
    """All 1,797 images as bits: grey level 8 or more is 1."""
    return (load_digits().data >= 8).astype(np.float64)


def ours(bits: np.ndarray, n_hidden: int, seed: int) -> RBM:
    """A machine to start from, in float32, and its data as spins."""
    x = 2.0 * bits - 1.0
    rng = np.random.default_rng(seed)
    return RBM.random(bits.shape[1], n_hidden, rng=rng, x=x, dtype=np.float32)


def compare_epoch(batch: int) -> list[Row]:
    """One epoch of persistent contrastive divergence, with as many chains as the batch has rows."""
    bits = digits()
    start, x, rng = ours(bits, EPOCH_HIDDEN, 0), 2.0 * bits - 1.0, np.random.default_rng(1)
    options = {"method": "PCD", "chains": batch, "batch_size": batch, "learning_rate": 0.01}

    def epoch():
        fit_rbm(x, start, rng=rng, epochs=1, monitor="none", progress=False, **options)

    peers = rbm_peers.epoch_functions(bits, EPOCH_HIDDEN, batch)
    times = medians({"boltzlib": epoch, **peers}, seconds=3.0)
    task = f"one epoch, {EPOCH_HIDDEN} hidden units, batch {batch}"
    return [Row(task, name, times["boltzlib"], times[name], None) for name in peers]


def by_states(W: np.ndarray, b: np.ndarray, c: np.ndarray) -> float:
    """Log partition function of spins, written plainly with NumPy and SciPy."""
    z = spin_states(len(c)).astype(np.float64)
    total = [
        logsumexp(part @ c + np.logaddexp(a := part @ W.T + b, -a).sum(axis=1))
        for part in np.array_split(z, max(1, len(z) // 2**14))
    ]
    return float(logsumexp(total))


def compare_log_partition(n_hidden: int) -> list[Row]:
    """Exact ln Z of a machine with 64 visible units."""
    rng = np.random.default_rng(n_hidden)
    shape = (64, n_hidden)
    model = RBM(rng.normal(0.0, 0.3, shape), rng.normal(0.0, 0.5, 64), rng.normal(size=n_hidden))
    W, b, c, constant = model.to_binary()
    functions = {
        "boltzlib": model.log_partition,
        "NumPy and SciPy, all states": lambda: by_states(model.W, model.b, model.c),
        **rbm_peers.log_partition_functions(W, b, c),
    }
    times = medians(functions, seconds=2.0)
    found = {name: function() for name, function in functions.items()}
    task = f"exact ln Z, 64 visible and {n_hidden} hidden units"
    rows = []
    for name in list(functions)[1:]:
        shift = 0.0 if name.startswith("NumPy") else constant
        difference = abs(found[name] - shift - found["boltzlib"])
        rows.append(Row(task, name, times["boltzlib"], times[name], difference))
    return rows


def exact_log_likelihood(W, b, c, bits: np.ndarray) -> float:
    """Mean log-likelihood of 0/1 parameters, by the plain sum over all hidden states."""
    machine, _ = RBM.from_binary(W, b, c)
    x = 2.0 * bits - 1.0
    inputs = x @ machine.W + machine.c
    free = x @ machine.b + np.logaddexp(inputs, -inputs).sum(axis=1)
    return float(free.mean()) - by_states(machine.W, machine.b, machine.c)


def our_quality(bits: np.ndarray) -> Quality:
    """Likelihood after `OURS_EPOCHS` epochs, over the seeds."""
    values, spent = [], []
    x = 2.0 * bits - 1.0
    for seed in SEEDS:
        start = ours(bits, QUALITY_HIDDEN, seed)
        begin = time.perf_counter()
        fit = fit_rbm(
            x, start, rng=np.random.default_rng(seed), epochs=OURS_EPOCHS, monitor="none",
            progress=False, **BEST,
        )  # fmt: skip
        spent.append(time.perf_counter() - begin)
        W, b, c, _ = fit.model.to_binary()
        values.append(exact_log_likelihood(W, b, c, bits))
    work = f"{OURS_EPOCHS:,} epochs of centred PCD, {BEST['chains']} chains"
    return Quality("boltzlib", work, mean(spent), tuple(values))
