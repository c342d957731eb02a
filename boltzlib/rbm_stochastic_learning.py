"""Learning of an RBM by stochastic gradients: contrastive divergence and its relatives."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzlib._validation import as_real_array, as_size, as_spins, check_rng, frozen_copy
from boltzlib.descent import Fit
from boltzlib.rbm import MAX_EXACT, RBM, Gradient, read_arrays, spins_with_mean

__all__ = [
    "METHODS",
    "MONITORED_EXACTLY",
    "SCHEDULES",
    "Settings",
    "Training",
    "TrainingState",
    "centred_gradient",
    "fit_rbm",
    "resume",
]

Array = NDArray[np.floating]

#: Where the negative phase comes from. Summed exactly, chains that start at the data each time,
#: chains that go on, or these with centred statistics.
METHODS = ("exact", "CD", "PCD", "centred PCD")

#: Factor of the learning rate against the part t of the training that is done.
SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda t: 1.0,
    "linear": lambda t: 1.0 - t,
    "cosine": lambda t: 0.5 + 0.5 * float(np.cos(np.pi * t)),
}

#: With up to so many units in the smaller layer the exact log-likelihood is monitored by default.
MONITORED_EXACTLY = 16

#: Part of the hidden means of a batch that enters their running average.
SLIDE = 0.01

_PATIENCE = 2.0  # seconds before a progress line is shown unasked


@dataclass(frozen=True)
class Settings:
    """How to train; what `fit_rbm` was told.

    Parameters
    ----------
    method : {"centred PCD", "PCD", "CD", "exact"}
        Where the negative phase comes from, see `METHODS`.
    steps : int
        Sweeps of the chains for each update.
    chains : int
        Number of chains of PCD.
    batch_size : int
        Rows of data for each update.
    epochs : int
        Passes over the data; in all, not only from now on.
    learning_rate : float
        Factor of the gradient in an update, at the start; positive.
    schedule : {"linear", "constant", "cosine"}
        How the learning rate falls towards the end, see `SCHEDULES`.
    weight_decay : float
        Factor of the penalty, half the sum of the squared couplings; not negative.
    monitor : {"log-likelihood", "pseudo-log-likelihood", "reconstruction", "none"}
        What is computed of the data and noted in the history.
    monitor_every : int
        Epochs from one note to the next.

    Raises
    ------
    ValueError
        If one of them is not such a number, or none of the words.

    Notes
    -----
    The choices of Eq. (4.89g), Eq. (4.89j) and Eq. (4.89k). Source: as `fit_rbm`.

    Examples
    --------
    >>> Settings().method
    'centred PCD'
    """

    method: str = "centred PCD"
    steps: int = 1
    chains: int = 100
    batch_size: int = 100
    epochs: int = 100
    learning_rate: float = 0.1
    schedule: str = "linear"
    weight_decay: float = 0.0
    monitor: str = "log-likelihood"
    monitor_every: int = 1

    def __post_init__(self) -> None:
        _one_of("method", self.method, METHODS)
        _one_of("schedule", self.schedule, tuple(SCHEDULES))
        _one_of("monitor", self.monitor, tuple(_MONITORS))
        for name in ("steps", "chains", "batch_size", "epochs", "monitor_every"):
            object.__setattr__(self, name, as_size(name, getattr(self, name)))
        for name in ("learning_rate", "weight_decay"):
            value = float(as_real_array(name, getattr(self, name), ndim=0))
            if value < 0 or (value == 0 and name == "learning_rate"):
                kind = "positive" if name == "learning_rate" else "non-negative"
                raise ValueError(f"{name}: expected a {kind} number, got {value}")
            object.__setattr__(self, name, value)


@dataclass(frozen=True, eq=False)
class TrainingState:
    """All that is needed to go on with a training as if it had not stopped.

    Parameters
    ----------
    model : RBM
    chains : ndarray, shape (M, N_h)
        Hidden states of the chains; M is 0 where there are none.
    hidden_offset : ndarray, shape (N_h,)
        Running average of the hidden means; 0 where statistics are not centred.
    epoch : int
        Epochs that are done.
    generator : dict
        State of the bit generator behind the random numbers.
    settings : Settings

    Notes
    -----
    The chains of Eq. (4.89k), the offset of Eq. (4.89j). Source: as `fit_rbm`.

    Examples
    --------
    >>> start = RBM.random(2, 1, rng=np.random.default_rng(1))
    >>> fit = fit_rbm([[1, 1], [-1, -1]], start, rng=np.random.default_rng(2), epochs=3)
    >>> fit.history.state.epoch
    3
    """

    model: RBM
    chains: Array
    hidden_offset: Array
    epoch: int
    generator: dict[str, Any]
    settings: Settings

    def save(self, path: str | PathLike) -> None:
        """Write the state to a file of NumPy arrays and text.

        Parameters
        ----------
        path : str or path
            ``.npz`` is added if it does not end so.

        Notes
        -----
        The chains of Eq. (4.89k). Source: none.

        Examples
        --------
        >>> import tempfile
        >>> start = RBM.random(2, 1, rng=np.random.default_rng(1))
        >>> fit = fit_rbm([[1, 1], [-1, -1]], start, rng=np.random.default_rng(2), epochs=3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     fit.history.state.save(f"{folder}/state.npz")
        ...     TrainingState.load(f"{folder}/state.npz").epoch
        3
        """
        text = {
            "epoch": self.epoch,
            "generator": _as_lists(self.generator),
            "settings": asdict(self.settings),
        }
        np.savez(
            path, W=self.model.W, b=self.model.b, c=self.model.c, chains=self.chains,
            hidden_offset=self.hidden_offset, text=np.array(json.dumps(text)),
        )  # fmt: skip

    @classmethod
    def load(cls, path: str | PathLike) -> TrainingState:
        """Read what `save` wrote. No code in the file is run.

        Parameters
        ----------
        path : str or path
            As it was given to `save`.

        Returns
        -------
        TrainingState

        Raises
        ------
        ValueError
            If the file is not such a state.

        Notes
        -----
        The chains of Eq. (4.89k). Source: none.

        Examples
        --------
        >>> import tempfile
        >>> x, start = [[1, 1], [-1, -1]], RBM.random(2, 1, rng=np.random.default_rng(1))
        >>> fit = fit_rbm(x, start, rng=np.random.default_rng(2), epochs=3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     fit.history.state.save(f"{folder}/state.npz")
        ...     resume(TrainingState.load(f"{folder}/state.npz"), x, epochs=4).history.epochs
        array([3, 4])
        """
        file = read_arrays(path, ("W", "b", "c", "chains", "hidden_offset", "text"))
        try:
            text = json.loads(str(file["text"]))
            epoch, generator = text["epoch"], text["generator"]
            settings = Settings(**text["settings"])
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise ValueError(
                "path: expected a file that TrainingState.save wrote, got one whose text is not "
                f"that of a state: {error!r}"
            ) from error
        model = RBM(file["W"], file["b"], file["c"])
        return cls(model, file["chains"], file["hidden_offset"], epoch, generator, settings)


@dataclass(frozen=True, eq=False)
class Training:
    """What happened in a training.

    Parameters
    ----------
    epochs : ndarray of int, shape (m,)
        After which epochs it was looked at; 0 is the start.
    values : ndarray, shape (m,)
        What was monitored, over the data: log-likelihood or pseudo-log-likelihood in nats a row,
        or for "reconstruction" minus the mean number of units that one sweep gets wrong. Larger
        is better. Empty when nothing was monitored.
    held_out : ndarray, shape (m,)
        The same over the data that were held out; empty if none were given.
    monitor : str
        The name of what was monitored.
    state : TrainingState
        From which `resume` goes on.

    Notes
    -----
    The estimate of Eq. (4.86), or its proxy Eq. (4.89m). Source: as `fit_rbm`.

    Examples
    --------
    >>> start = RBM.random(2, 1, rng=np.random.default_rng(1))
    >>> fit = fit_rbm([[1, 1], [-1, -1]], start, rng=np.random.default_rng(2), epochs=3)
    >>> fit.history.monitor, fit.history.epochs
    ('log-likelihood', array([0, 1, 2, 3]))
    """

    epochs: NDArray[np.int64]
    values: Array
    held_out: Array
    monitor: str
    state: TrainingState

    def __repr__(self) -> str:
        seen = f", {self.values[0]:.6g} to {self.values[-1]:.6g}" if len(self.values) else ""
        return f"Training({self.state.epoch} epochs, {self.monitor}{seen})"


def fit_rbm(
    x: ArrayLike,
    start: RBM,
    *,
    rng: np.random.Generator,
    held_out: ArrayLike | None = None,
    on_epoch: Callable[[TrainingState], object] | None = None,
    progress: bool | None = None,
    monitor: str | None = None,
    **settings: Any,
) -> Fit:
    r"""Learn from data by stochastic gradients.

    .. math:: W \leftarrow W + \eta \bigl( \langle x z^\top \rangle_{\text{batch}}
              - \langle x z^\top \rangle_{\text{chains}} - \lambda W \bigr)

    Parameters
    ----------
    x : array_like, shape (n, N)
        Visible spins, -1 or 1.
    start : RBM
        With random couplings, see `RBM.random`. Its dtype is that of the work: float32 is about
        twice as fast.
    rng : numpy.random.Generator
        Its state moves on; what is drawn from it decides everything.
    held_out : array_like, shape (m, N), optional
        Data that are only monitored.
    on_epoch : callable, optional
        Gets the `TrainingState` after each epoch, for instance to save it. If it returns True
        the training stops.
    progress : bool, optional
        Whether a line with the time left is shown on the standard error stream. By default it is
        when that is a terminal and the work takes more than two seconds.
    monitor : str, optional
        By default the exact log-likelihood if the smaller layer has at most `MONITORED_EXACTLY`
        units, else the pseudo-log-likelihood. Both may take longer than an epoch: see
        ``monitor_every``.
    **settings
        Fields of `Settings`. ``method="exact"`` sums the negative phase. ``"CD"`` starts the
        chains at the batch for every update; ``"PCD"`` lets them go on; ``"centred PCD"`` also
        subtracts the means first, which turns the update without moving where it vanishes.
        ``weight_decay`` is :math:`\lambda`, the `penalty` of `maximise_likelihood`.

    Returns
    -------
    Fit
        ``history`` is a `Training`. ``converged`` is False: a stochastic learner cannot tell.

    Raises
    ------
    ValueError
        If an argument is not as above, or if an exact sum is asked for that is too large.

    Notes
    -----
    Eq. (4.89g) (CD), Eq. (4.89k) (PCD) and Eq. (4.89j) (centred). Source: G. Hinton, Neural
    Comput. 14 (2002) 1771; T. Tieleman, ICML (2008) 1064; J. Melchior, A. Fischer, L. Wiskott,
    J. Mach. Learn. Res. 17 (2016) 1.

    Examples
    --------
    >>> x = [[1, 1], [-1, -1], [1, 1], [1, -1]]
    >>> start = RBM.random(2, 1, rng=np.random.default_rng(1), scale=0.5, x=x)
    >>> fit = fit_rbm(x, start, rng=np.random.default_rng(2), epochs=500)
    >>> fit.model.log_likelihood(x) > start.log_likelihood(x)
    True
    """
    x = as_spins(x, start.n_visible)
    rng = check_rng(rng)
    if monitor is None:
        exact = min(start.W.shape) <= MONITORED_EXACTLY
        monitor = "log-likelihood" if exact else "pseudo-log-likelihood"
    options = Settings(monitor=monitor, **settings)
    state = _first_state(start, x, options, rng)
    return _train(state, x, held_out, on_epoch, progress, rng)


def resume(
    state: TrainingState,
    x: ArrayLike,
    *,
    epochs: int | None = None,
    held_out: ArrayLike | None = None,
    on_epoch: Callable[[TrainingState], object] | None = None,
    progress: bool | None = None,
) -> Fit:
    r"""Go on with a training.

    .. math:: \eta_t = \eta\, f(t / T), \qquad t = t_0, \dots, T - 1

    Parameters
    ----------
    state : TrainingState
        From the history of a fit, from `on_epoch` or from a file.
    x : array_like, shape (n, N)
        The same data; with other data the training goes on with these.
    epochs : int, optional
        The number in all to which the training goes on. By default what the settings say, and
        then the result is, bit for bit, that of a training that was never interrupted. Another
        number T stretches the schedule f of the learning rate; :math:`t_0` epochs are done.
    held_out, on_epoch, progress
        As for `fit_rbm`.

    Returns
    -------
    Fit
        Its history begins at the epoch of the state.

    Raises
    ------
    ValueError
        If an argument is not as above, or if the training is already over.

    Notes
    -----
    The chains of Eq. (4.89k) go on. Source: as `fit_rbm`.

    Examples
    --------
    >>> x = [[1, 1], [-1, -1], [1, 1], [1, -1]]
    >>> start = RBM.random(2, 1, rng=np.random.default_rng(1))
    >>> fit = fit_rbm(x, start, rng=np.random.default_rng(2), epochs=3)
    >>> resume(fit.history.state, x, epochs=5).history.epochs
    array([3, 4, 5])
    """
    x = as_spins(x, state.model.n_visible)
    if epochs is not None:
        state = replace(state, settings=replace(state.settings, epochs=epochs))
    if state.epoch >= state.settings.epochs:
        raise ValueError(
            f"epochs: expected more than the {state.epoch} that are done, got "
            f"{state.settings.epochs}"
        )
    kind = getattr(np.random, state.generator["bit_generator"], None)
    if not (isinstance(kind, type) and issubclass(kind, np.random.BitGenerator)):
        raise ValueError(
            "state: expected a bit generator of numpy.random, got "
            f"{state.generator['bit_generator']!r}"
        )
    source = kind()
    source.state = _as_arrays(state.generator)
    return _train(state, x, held_out, on_epoch, progress, np.random.Generator(source))


def centred_gradient(gradient: Gradient, visible_offset: Array, hidden_offset: Array) -> Gradient:
    r"""Turn a gradient as if the units were measured from offsets.

    .. math:: \Delta W = \nabla_W - \nabla_b\, \lambda^\top - \mu\, \nabla_c^\top, \qquad
              \Delta b = \nabla_b - \Delta W\, \lambda, \qquad
              \Delta c = \nabla_c - \Delta W^\top \mu

    Parameters
    ----------
    gradient : Gradient
        Any: exact, or a difference of two phases.
    visible_offset : ndarray, shape (N,)
        :math:`\mu`, as a rule the means of the data.
    hidden_offset : ndarray, shape (N_h,)
        :math:`\lambda`, as a rule a running average of the hidden means.

    Returns
    -------
    Gradient
        The direction for the same parameters. It is 0 only where the gradient is.

    Raises
    ------
    ValueError
        If W does not fit b and c, or the offsets do not.

    Notes
    -----
    Eq. (4.89j). Source: J. Melchior, A. Fischer, L. Wiskott, J. Mach. Learn. Res. 17 (2016) 1.

    Examples
    --------
    >>> plain = Gradient(np.array([[1.0]]), np.array([0.5]), np.array([0.0]))
    >>> centred_gradient(plain, np.array([0.0]), np.array([1.0])).W
    array([[0.5]])
    """
    W, b, c = gradient
    if np.shape(W) != np.shape(b) + np.shape(c):
        raise ValueError(
            f"gradient: expected W of shape {np.shape(b) + np.shape(c)} to go with b and c, got "
            f"{np.shape(W)}"
        )
    for name, offset, fields in (("visible", visible_offset, b), ("hidden", hidden_offset, c)):
        if np.shape(offset) != np.shape(fields):
            raise ValueError(
                f"{name}_offset: expected shape {np.shape(fields)}, got {np.shape(offset)}"
            )
    turned = W - np.outer(b, hidden_offset) - np.outer(visible_offset, c)
    return Gradient(turned, b - turned @ hidden_offset, c - visible_offset @ turned)


def _first_state(
    start: RBM, x: Array, settings: Settings, rng: np.random.Generator
) -> TrainingState:
    smaller = min(start.W.shape)
    for name, exact in (("method", "exact"), ("monitor", "log-likelihood")):
        if getattr(settings, name) == exact and smaller > MAX_EXACT:
            raise ValueError(
                f"{name}: {exact!r} needs a layer of at most {MAX_EXACT} units, got {smaller}"
            )
    persistent = settings.method in ("PCD", "centred PCD")
    offset = np.zeros(start.n_hidden, dtype=start.dtype)
    if settings.method == "centred PCD":
        offset = start.hidden_mean(x).mean(axis=0)
    chains = np.empty((0, start.n_hidden), dtype=start.dtype)
    if persistent:
        chains = start.sample_hidden(x[rng.integers(len(x), size=settings.chains)], rng=rng)
    return TrainingState(start, chains, offset, 0, rng.bit_generator.state, settings)


def _train(
    state: TrainingState,
    x: Array,
    held_out: ArrayLike | None,
    on_epoch: Callable[[TrainingState], object] | None,
    progress: bool | None,
    rng: np.random.Generator,
) -> Fit:
    settings, first = state.settings, state.epoch
    aside = None if held_out is None else as_spins(held_out, state.model.n_visible, "held_out")
    learner = _Learner(state, x, rng)
    look = _MONITORS[settings.monitor]
    epochs, values, others = [], [], []

    def observe(model, epoch):
        if look is None:
            return
        # its random numbers are its own, so that looking changes nothing
        own = np.random.default_rng([epoch, 1])
        found = look(model, [x] if aside is None else [x, aside], own)
        epochs.append(epoch)
        values.append(found[0])
        others.extend(found[1:])

    line = _Progress(progress, settings.epochs - first)
    observe(state.model, first)
    reason = f"ran {settings.epochs - first} epochs; stochastic learning has no stopping rule"
    for epoch in range(first, settings.epochs):
        factor = SCHEDULES[settings.schedule](epoch / settings.epochs)
        learner.run_epoch(settings.learning_rate * factor)
        state = learner.state(epoch + 1)
        last = epoch + 1 == settings.epochs
        if last or (epoch + 1) % settings.monitor_every == 0:
            observe(state.model, epoch + 1)
        line.show(epoch + 1 - first, values)
        answer = None if on_epoch is None else on_epoch(state)
        if isinstance(answer, bool | np.bool_) and answer:
            reason = f"stopped by on_epoch after epoch {epoch + 1}"
            break
    line.close()
    history = Training(
        np.array(epochs, dtype=np.int64), frozen_copy(np.array(values)),
        frozen_copy(np.array(others)), settings.monitor, state,
    )  # fmt: skip
    return Fit(state.model, history, False, reason)


class _Learner:
    """The arrays of a training, changed in place, and one epoch of it."""

    def __init__(self, state: TrainingState, x: Array, rng: np.random.Generator) -> None:
        model, self.settings, self.rng = state.model, state.settings, rng
        self.x = np.ascontiguousarray(x, dtype=model.dtype)
        self.W, self.b, self.c = model.W.copy(), model.b.copy(), model.c.copy()
        self.chains = state.chains.copy()
        self.offset = state.hidden_offset.copy()
        self.mean = self.x.mean(axis=0)
        self.shares: dict[int, Array] = {}

    def state(self, epoch: int) -> TrainingState:
        """What the training is after an epoch."""
        chains, offset = self.chains.copy(), self.offset.copy()
        generator = self.rng.bit_generator.state
        model = RBM(self.W, self.b, self.c)
        return TrainingState(model, chains, offset, epoch, generator, self.settings)

    def run_epoch(self, rate: float) -> None:
        """Go once through the data, in random order."""
        size, shuffled = self.settings.batch_size, self.x[self.rng.permutation(len(self.x))]
        for start in range(0, len(shuffled), size):
            batch = shuffled[start : start + size]
            hidden = self._hidden(batch)
            if self.settings.method == "exact":
                negative = RBM(self.W, self.b, self.c).negative_phase()
                pairs = batch.T @ hidden / len(batch) - negative.pairs
                visible = batch.mean(axis=0) - negative.visible
                self._move(rate, pairs, visible, hidden.mean(axis=0) - negative.hidden)
            else:
                self._move(rate, *self._difference(batch, hidden))

    def _difference(self, batch: Array, hidden: Array) -> Gradient:
        """Statistics of the batch minus those of the chains."""
        persistent = len(self.chains) > 0
        z = self.chains if persistent else spins_with_mean(hidden, self.rng)
        for _ in range(self.settings.steps):
            x = spins_with_mean(self._visible(z), self.rng)
            means = self._hidden(x)
            z = spins_with_mean(means, self.rng)
        if persistent:
            self.chains = z
        over_batch, over_chains = self._weights(len(batch)), self._weights(len(x))
        level = over_batch @ hidden
        pairs = batch.T @ (over_batch[0] * hidden)
        pairs -= x.T @ (over_chains[0] * means)
        visible = over_batch @ batch - over_chains @ x
        difference = Gradient(pairs, visible, level - over_chains @ means)
        if self.settings.method != "centred PCD":
            return difference
        self.offset += SLIDE * (level - self.offset)
        return centred_gradient(difference, self.mean, self.offset)

    def _weights(self, count: int) -> Array:
        """1/count, count times: a mean is a product with it, faster than numpy.mean."""
        if count not in self.shares:
            self.shares[count] = np.full(count, 1.0 / count, dtype=self.W.dtype)
        return self.shares[count]

    def _move(self, rate: float, pairs: Array, visible: Array, others: Array) -> None:
        if self.settings.weight_decay:
            pairs = pairs - self.W.dtype.type(self.settings.weight_decay) * self.W
        rate = self.W.dtype.type(rate)
        self.W += rate * pairs
        self.b += rate * visible
        self.c += rate * others

    def _hidden(self, x: Array) -> Array:
        return _tanh(x @ self.W, self.c)

    def _visible(self, z: Array) -> Array:
        return _tanh(z @ self.W.T, self.b)


def _tanh(inputs: Array, fields: Array) -> Array:
    inputs += fields
    return np.tanh(inputs, out=inputs)


def _look_exactly(model: RBM, tables: list[Array], rng: np.random.Generator) -> list[float]:
    log_partition = model.log_partition()
    return [-float(model.free_energy(x).mean()) - log_partition for x in tables]


def _look_at_units(model: RBM, tables: list[Array], rng: np.random.Generator) -> list[float]:
    return [model.pseudo_log_likelihood(x) for x in tables]


def _look_at_reconstruction(
    model: RBM, tables: list[Array], rng: np.random.Generator
) -> list[float]:
    wrong = [np.abs(model.reconstruct(x, rng=rng) - x).sum(axis=1).mean() / 2 for x in tables]
    return [-float(count) for count in wrong]


_MONITORS = {
    "log-likelihood": _look_exactly,
    "pseudo-log-likelihood": _look_at_units,
    "reconstruction": _look_at_reconstruction,
    "none": None,
}


class _Progress:
    """One line with the time left, written over itself."""

    def __init__(self, wanted: bool | None, total: int) -> None:
        self.wanted, self.total, self.begin, self.shown = wanted, total, time.monotonic(), False

    def show(self, done: int, values: list[float]) -> None:
        """Write the line, if it is wanted."""
        spent = time.monotonic() - self.begin
        if self.wanted or (self.wanted is None and sys.stderr.isatty() and spent > _PATIENCE):
            value = f", {values[-1]:.4f}" if values else ""
            left = spent / done * (self.total - done)
            line = f"epoch {done} of {self.total}{value}, {left:.0f} s left"
            print(f"\r{line:<60}", end="", file=sys.stderr, flush=True)
            self.shown = True

    def close(self) -> None:
        """End the line."""
        if self.shown:
            print(file=sys.stderr)


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{name}: expected one of {', '.join(known)}, got {value!r}")


def _as_lists(generator: Any) -> Any:
    """The state of a bit generator as JSON holds it."""
    if isinstance(generator, dict):
        return {key: _as_lists(value) for key, value in generator.items()}
    return generator.tolist() if isinstance(generator, np.ndarray) else generator


def _as_arrays(generator: Any) -> Any:
    """The inverse of `_as_lists`."""
    if isinstance(generator, dict):
        return {key: _as_arrays(value) for key, value in generator.items()}
    # without the type, numbers on both sides of 2**63 would be rounded to floats
    return np.array(generator, dtype=np.uint64) if isinstance(generator, list) else generator
