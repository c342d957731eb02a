"""Restricted Boltzmann machines on 8x8 digits: time of an epoch, likelihood reached, log Z."""

import time
from dataclasses import dataclass
from functools import partial

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
RUN = 5
SEEDS = range(5)
EPOCHS = 200
WALL = 5.0  # seconds
WITHIN_WALL = 1200  # epochs of ours: about half of that time
# Our best settings found for 16 hidden units, as the peers' in `rbm_peers`.
FOR_EPOCHS = {"chains": 100, "batch_size": 100, "learning_rate": 0.3}
FOR_SECONDS = {"chains": 100, "batch_size": 100, "learning_rate": 0.2}


@dataclass(frozen=True)
class Quality:
    """Exact mean log-likelihoods of one way to train, one for each seed."""

    name: str
    seconds: float  # mean of a training
    values: tuple[float, ...]  # nats per image


def digits() -> np.ndarray:
    """All 1,797 images as bits: grey level 8 or more is 1."""
    return (load_digits().data >= 8).astype(np.float64)


def start(bits: np.ndarray, n_hidden: int, seed: int) -> RBM:
    """A machine to start from, in float32."""
    rng = np.random.default_rng(seed)
    return RBM.random(bits.shape[1], n_hidden, rng=rng, x=2.0 * bits - 1.0, dtype=np.float32)


@rbm_peers.one_thread()
def train(bits: np.ndarray, first: RBM, seed: int, epochs: int, **settings) -> RBM:
    """Train without looking at it."""
    rng = np.random.default_rng(seed)
    x, quiet = 2.0 * bits - 1.0, {"monitor": "none", "progress": False}
    return fit_rbm(x, first, rng=rng, epochs=epochs, **quiet, **settings).model


def compare_epoch(batch: int) -> list[Row]:
    """One epoch with a Gibbs step for each batch and as many chains as it has images.

    Measured over `RUN` epochs in a row, since our function also prepares the data.
    """
    bits = digits()
    settings = {"method": "PCD", "chains": batch, "batch_size": batch, "learning_rate": 0.01}
    run = partial(train, bits, start(bits, EPOCH_HIDDEN, 0), 0, RUN, **settings)
    peers = rbm_peers.epoch_functions(bits, EPOCH_HIDDEN, batch)
    runs = {name: partial(repeat, epoch) for name, epoch in peers.items()}
    times = medians({"boltzlib": run, **runs}, seconds=4.0)
    task = f"one epoch, {EPOCH_HIDDEN} hidden units, batches of {batch}"
    return [Row(task, name, times["boltzlib"] / RUN, times[name] / RUN, None) for name in peers]


def repeat(epoch) -> None:
    """`RUN` epochs in a row."""
    for _ in range(RUN):
        epoch()


def by_states(W: np.ndarray, b: np.ndarray, c: np.ndarray) -> float:
    """Log partition function of spins, written plainly with NumPy and SciPy."""
    z = spin_states(len(c)).astype(np.float64)
    sums = []
    for part in np.array_split(z, max(1, len(z) // 2**14)):
        inputs = part @ W.T + b
        sums.append(logsumexp(part @ c + np.logaddexp(inputs, -inputs).sum(axis=1)))
    return float(logsumexp(sums))


def compare_log_partition(n_hidden: int) -> list[Row]:
    """Exact ln Z with 64 visible units."""
    rng = np.random.default_rng(n_hidden)
    W = rng.normal(0.0, 0.3, (64, n_hidden))
    model = RBM(W, rng.normal(0.0, 0.5, 64), rng.normal(0.0, 0.5, n_hidden))
    W, b, c, constant = model.to_binary()
    states = rbm_peers.hidden_states(n_hidden)  # made ready: the sum alone is measured
    functions = {
        "boltzlib": model.log_partition,
        "NumPy and SciPy, plainly": lambda: by_states(model.W, model.b, model.c),
        "rbms": lambda: rbm_peers.log_partition(W.T, b, c, states) - constant,
    }
    functions = {name: rbm_peers.one_thread()(f) for name, f in functions.items()}
    times = medians(functions, seconds=2.0)
    found = {name: float(function()) for name, function in functions.items()}
    task = f"exact ln Z, 64 visible and {n_hidden} hidden units"
    return [
        Row(task, name, times["boltzlib"], times[name], abs(found[name] - found["boltzlib"]))
        for name in list(functions)[1:]
    ]


def exact_log_likelihood(parameters: rbm_peers.Parameters, bits: np.ndarray) -> float:
    """Nats per image of 0/1 parameters, by the plain sum over all hidden states."""
    W, b, c = parameters
    machine, _ = RBM.from_binary(W.T, b, c)
    x = 2.0 * bits - 1.0
    inputs = x @ machine.W + machine.c
    weights = x @ machine.b + np.logaddexp(inputs, -inputs).sum(axis=1)
    return float(weights.mean()) - by_states(machine.W, machine.b, machine.c)


def quality(bits: np.ndarray, name: str, training) -> Quality:
    """Train with each seed."""
    values, spent = [], []
    for seed in SEEDS:
        begin = time.perf_counter()
        parameters = training(seed=seed)
        spent.append(time.perf_counter() - begin)
        values.append(exact_log_likelihood(parameters, bits))
    return Quality(name, float(np.mean(spent)), tuple(values))


def ours(bits: np.ndarray, epochs: int, settings: dict, seed: int) -> rbm_peers.Parameters:
    """Parameters of 0/1 units after a training, shaped as the peers'."""
    model = train(bits, start(bits, QUALITY_HIDDEN, seed), seed, epochs, **settings)
    W, b, c, _ = model.to_binary()
    return W.T.astype(np.float64), b, c


def likelihood_after_epochs() -> list[Quality]:
    """All after `EPOCHS` epochs at their best settings."""
    bits = digits()
    trained = partial(rbm_peers.trained, bits=bits, n_hidden=QUALITY_HIDDEN, epochs=EPOCHS)
    first = quality(bits, "boltzlib", partial(ours, bits, EPOCHS, FOR_EPOCHS))
    rest = [quality(bits, name, partial(trained, name)) for name in rbm_peers.NAMES]
    return [first, *rest]


def likelihood_after_seconds() -> list[Quality]:
    """The peers after `WALL` seconds, ours after a number of epochs that takes less."""
    bits = digits()
    trained = partial(rbm_peers.trained, bits=bits, n_hidden=QUALITY_HIDDEN, seconds=WALL)
    name = f"boltzlib, {WITHIN_WALL:,} epochs"
    first = quality(bits, name, partial(ours, bits, WITHIN_WALL, FOR_SECONDS))
    rest = [quality(bits, name, partial(trained, name)) for name in rbm_peers.NAMES]
    return [first, *rest]
