"""Other libraries' restricted Boltzmann machines: an epoch, a training, ln Z.

All three have 0/1 units and p(v, h) ∝ exp(b·v + c·h + hᵀWv); W is n_hidden × n_visible here.
`boltzlib` does not appear in this module.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from learnergy.models.bernoulli import RBM as LearnergyRBM
from numpy.typing import DTypeLike, NDArray
from rbms.bernoulli_bernoulli.classes import BBRBM
from rbms.dataset.dataset_class import RBMDataset
from rbms.partition_function.exact import compute_partition_function
from rbms.training.pcd import fit_batch_pcd
from rbms.utils import get_categorical_configurations
from sklearn.neural_network import BernoulliRBM
from sklearn.utils import check_random_state
from threadpoolctl import ThreadpoolController
from torch.utils.data import Dataset

Parameters = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]  # W, b, c

POOLS = ThreadpoolController()
NAMES = ("scikit-learn", "learnergy", "rbms")
RATE = 0.01  # of the measured epochs; their time does not depend on it

# The best found on 8×8 digits with 16 hidden units: for 200 epochs, and for a few seconds.
FOR_EPOCHS = {
    "scikit-learn": {"rate": 0.2, "batch": 10},
    "learnergy": {"rate": 1.0, "batch": 100, "steps": 10},
    "rbms": {"rate": 0.05, "batch": 50, "chains": 500},
}
FOR_SECONDS = {
    "scikit-learn": {"rate": 0.4, "batch": 20},
    "learnergy": {"rate": 1.0, "batch": 100, "steps": 3},
    "rbms": {"rate": 0.05, "batch": 100, "chains": 200},
}


class Peer(NamedTuple):
    """A model that stands ready: one epoch at a learning rate, and what it has learned."""

    epoch: Callable[[float], None]
    parameters: Callable[[], Parameters]


class Images(Dataset):
    """Images for learnergy, handed out a batch at a time.

    Its loader would ask for one image after the other and stack them. It wants pairs of images
    and labels, which it ignores: the images stand in for their labels.
    """

    def __init__(self, bits: NDArray) -> None:
        self.images = torch.tensor(bits, dtype=torch.float32)

    def __len__(self) -> int:
        return len(self.images)

    def __getitems__(self, indices: list[int]) -> list[torch.Tensor]:
        return [self.images[indices]] * 2


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch and the BLAS of NumPy with one thread.

    With arrays as small as these a second one gains nothing, and on a busy machine it costs
    much: threads wait for each other by spinning.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with POOLS.limit(limits=1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(threads)


def as_parameters(W, b, c) -> Parameters:
    """Copies in double precision; W has a row for each hidden unit."""
    W, b, c = (np.array(values, dtype=np.float64) for values in (W, b, c))
    return W, b, c


def scikit(
    bits: NDArray, n_hidden: int, rate: float, batch: int, seed: int,
    dtype: DTypeLike = np.float32, shuffle: bool = True,
) -> Peer:  # fmt: skip
    """scikit-learn: PCD-1, with as many chains as images in a batch.

    Its own `fit` takes the batches in one order and, where the last one is smaller, weighs its
    chains too much: with `shuffle` the order changes and what is left over waits for the next
    epoch. `partial_fit` would do the same but checks and widens each batch.
    """
    x = np.ascontiguousarray(bits, dtype=dtype)
    model = BernoulliRBM(n_hidden, learning_rate=rate, batch_size=batch, n_iter=0,
                         random_state=seed).fit(x)  # fmt: skip
    rng = check_random_state(seed)
    end = len(x) - len(x) % batch if shuffle else len(x)

    def epoch(rate: float) -> None:
        model.learning_rate = rate
        images = x[rng.permutation(len(x))] if shuffle else x
        for start in range(0, end, batch):
            model._fit(images[start : start + batch], rng)

    def parameters() -> Parameters:
        return as_parameters(model.components_, model.intercept_visible_, model.intercept_hidden_)

    return Peer(epoch, parameters)


def learnergy(
    bits: NDArray, n_hidden: int, rate: float, batch: int, seed: int,
    steps: int = 1,
) -> Peer:  # fmt: skip
    """learnergy: CD-k; it has no persistent chains."""
    torch.manual_seed(seed)
    images = Images(bits)
    model = LearnergyRBM(bits.shape[1], n_hidden, steps, rate)

    def epoch(rate: float) -> None:
        model.optimizer.param_groups[0]["lr"] = rate
        model.fit(images, batch_size=batch, epochs=1)

    def parameters() -> Parameters:
        return as_parameters(*(p.detach().numpy() for p in (model.W.T, model.a, model.b)))

    return Peer(epoch, parameters)


def rbms(
    bits: NDArray, n_hidden: int, rate: float, batch: int, seed: int,
    chains: int, steps: int = 1, optimizer: type[torch.optim.Optimizer] = torch.optim.Adam,
) -> Peer:  # fmt: skip
    """rbms: PCD-k with a centred gradient of length 1 and an optimiser of PyTorch.

    Its own `train` writes a file after each batch, so its step is called here.
    """
    torch.manual_seed(seed)
    n = len(bits)
    data = RBMDataset(bits, np.zeros(n), np.ones(n), np.arange(n), "digits", True, device="cpu")
    model = BBRBM.init_parameters(n_hidden, data, torch.device("cpu"), data.dtype, var_init=0.01)
    model.init_grad()
    state = model.init_chains(chains)
    ascent = optimizer(model.parameters(), lr=rate, maximize=True)

    @torch.no_grad()
    def epoch(rate: float) -> None:
        nonlocal state
        ascent.param_groups[0]["lr"] = rate
        for chosen in torch.randperm(n).split(batch):
            images = data.data[chosen], data.weights[chosen]
            state, _ = fit_batch_pcd(images, state, model, gibbs_steps=steps, beta=1.0)
            ascent.step()

    def parameters() -> Parameters:
        return as_parameters(model.weight_matrix.T, model.vbias, model.hbias)

    return Peer(epoch, parameters)


MAKERS: dict[str, Callable[..., Peer]] = dict(zip(NAMES, (scikit, learnergy, rbms), strict=True))


def epoch_functions(bits: NDArray, n_hidden: int, batch: int) -> dict[str, Callable[[], None]]:
    """One epoch of each library from a model that stands ready: a Gibbs step for each batch.

    All with one thread.
    """
    common = {"bits": bits, "n_hidden": n_hidden, "rate": RATE, "batch": batch, "seed": 0}
    narrow = scikit(**common, dtype=np.float32, shuffle=False)
    wide = scikit(**common, dtype=np.float64, shuffle=False)
    by_learnergy = learnergy(**common)
    by_rbms = rbms(**common, chains=batch, optimizer=torch.optim.SGD)
    peers = {
        "scikit-learn, float32": narrow,
        "scikit-learn, float64": wide,
        "learnergy, float32": by_learnergy,
        "rbms, float32": by_rbms,
    }
    return {name: one_thread()(partial(peer.epoch, RATE)) for name, peer in peers.items()}


@one_thread()
def trained(
    name: str, bits: NDArray, n_hidden: int, *, epochs: int | None = None,
    seconds: float | None = None, seed: int = 0, **settings,
) -> Parameters:  # fmt: skip
    """Train a peer for so many epochs or seconds and return W, b and c.

    The settings are the best ones found unless given. The learning rate falls to 0 as (1 − t)²
    while t, the part of the epochs or of the time that is spent, goes to 1: no peer does that by
    itself, and each gains by it.
    """
    if (epochs is None) == (seconds is None):
        raise ValueError("trained takes either epochs or seconds")
    settings = (FOR_EPOCHS if seconds is None else FOR_SECONDS)[name] | settings
    start, done = time.perf_counter(), 0
    peer = MAKERS[name](bits, n_hidden, seed=seed, **settings)

    def spent() -> float:
        return done / epochs if seconds is None else (time.perf_counter() - start) / seconds

    while (part := spent()) < 1.0:
        peer.epoch(settings["rate"] * (1.0 - part) ** 2)
        done += 1
    return peer.parameters()


def hidden_states(n_hidden: int) -> torch.Tensor:
    """All states of the hidden layer, as rbms lists them."""
    return get_categorical_configurations(2, n_hidden, dtype=torch.float64)


def log_partition(W, b, c, states: torch.Tensor) -> float:
    """ln Z by rbms: the sum over all hidden states, as `hidden_states` lists them."""
    W, b, c = (torch.tensor(values, dtype=torch.float64) for values in (W, b, c))
    model = BBRBM(W.T, b, c)
    return compute_partition_function(model, states)
