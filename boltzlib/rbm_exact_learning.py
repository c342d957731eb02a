"""Learning of an RBM with exact sums: maximum likelihood by L-BFGS, and generalised EM."""

import sys
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from boltzlib._validation import (
    as_nonnegative,
    as_positive,
    as_size,
    as_spins,
    frozen_copy,
)
from boltzlib.descent import Fit
from boltzlib.latent import ascend
from boltzlib.rbm import RBM, Moments, as_moments

__all__ = ["Climb", "fit_em", "m_step", "maximise_likelihood"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Climb:
    """Values on the way up: the start and each of T steps.

    Parameters
    ----------
    values : ndarray, shape (T + 1,)
        What is maximised, nats per row.
    gradient_norms : ndarray, shape (T + 1,)
        Largest entry of its gradient.

    Notes
    -----
    The way to Eq. (4.86g). Source: as `maximise_likelihood`.

    Examples
    --------
    >>> start = RBM([[0.0]], [0.0], [0.0])
    >>> round(float(maximise_likelihood([[1], [1], [1], [-1]], start).history.values[-1]), 6)
    -0.562335
    """

    values: Array
    gradient_norms: Array

    def __repr__(self) -> str:
        return f"Climb({len(self.values) - 1} steps, {self.values[0]:.6g} to {self.values[-1]:.6g})"


def maximise_likelihood(
    x: ArrayLike,
    start: RBM,
    *,
    penalty: float = 0.0,
    tolerance: float = 1e-6,
    max_steps: int = 1000,
) -> Fit:
    r"""Climb to a maximum of the likelihood by the exact gradient.

    .. math:: \max_\theta \frac1n \sum_{i=1}^n \ln q_\theta(x_i)
              - \frac{\alpha}{2} \sum_{kl} W_{kl}^2

    Parameters
    ----------
    x : array_like, shape (n, N)
        Visible spins, -1 or 1. Equal rows are counted, not repeated.
    start : RBM
        Must not be the saddle of Eq. (4.86f): its couplings should be random. Use `RBM.random`.
    penalty : float
        :math:`\alpha \ge 0`, weight decay. With 0 there may be no finite maximum: where the model
        can place all its weight on the states of the data, the couplings grow for ever.
    tolerance : float
        Converged when no entry of the gradient is above this.
    max_steps : int

    Returns
    -------
    Fit
        ``history`` is a `Climb`. A maximum, if one is found, is a local one.

    Raises
    ------
    ValueError
        If an argument is not as above, or both layers have more than `boltzlib.rbm.MAX_EXACT`
        units.

    Notes
    -----
    Eq. (4.86), by Eq. (4.86a), Eq. (4.86b) and Eq. (4.86c). Source: J. Nocedal and S. J. Wright,
    *Numerical Optimization* (2006), section 7.2 (L-BFGS, as SciPy has it).

    Examples
    --------
    >>> x = [[1, 1], [-1, -1], [1, 1], [1, -1]]
    >>> start = RBM.random(2, 1, rng=np.random.default_rng(1), scale=0.5, x=x)
    >>> fit = maximise_likelihood(x, start, penalty=0.01)
    >>> fit.converged, round(fit.model.log_likelihood(x), 4)
    (True, -1.047)
    """
    rows, shares = np.unique(as_spins(x, start.n_visible), axis=0, return_counts=True)
    alpha = as_nonnegative("penalty", penalty)
    data = _Data(rows, shares / shares.sum())

    def value_and_gradient(model):
        log_partition, negative = model._log_partition_and_moments()
        value = data.mean(-model.free_energy(rows)) - log_partition
        value -= 0.5 * alpha * np.sum(model.W**2)
        difference = [p - n for p, n in zip(data.moments(model), negative, strict=True)]
        difference[0] = difference[0] - alpha * model.W
        return value, difference

    return _climb(value_and_gradient, start, tolerance, max_steps)


def m_step(
    moments: Moments,
    start: RBM,
    *,
    penalty: float = 0.0,
    tolerance: float = 1e-6,
    max_steps: int = 1000,
) -> Fit:
    r"""Climb towards the maximum of the Q function, which is concave, by its exact gradient.

    .. math:: \max_\theta \sum_{kl} W_{kl} \langle x_k z_l \rangle + b \cdot \langle x \rangle
              + c \cdot \langle z \rangle - \ln Z(\theta) - \frac{\alpha}{2} \sum_{kl} W_{kl}^2

    Parameters
    ----------
    moments : Moments
        Those of the `RBM.positive_phase` of the machine that fills in the hidden units.
    start : RBM
        Where to begin: for EM the same machine.
    penalty : float
        :math:`\alpha \ge 0`.
    tolerance : float
        Converged when no entry of the gradient is above this.
    max_steps : int
        With 1 this is one generalised M-step: Q does not fall.

    Returns
    -------
    Fit
        ``history`` is a `Climb`.

    Raises
    ------
    ValueError
        If an argument is not as above, or as `RBM.log_partition`.

    Notes
    -----
    Eq. (4.89b) by Eq. (4.89c); no step falls, Eq. (4.89d). Source: as `maximise_likelihood`.

    Examples
    --------
    >>> q = RBM([[1.0]], [0.5], [0.0])
    >>> m_step(q.negative_phase(), RBM([[0.1]], [0.0], [0.0])).model.W.round(4)
    array([[1.]])
    """
    pairs, visible, hidden = as_moments(moments, start)
    alpha = as_nonnegative("penalty", penalty)

    def value_and_gradient(model):
        log_partition, negative = model._log_partition_and_moments()
        value = np.sum(model.W * pairs) + model.b @ visible + model.c @ hidden - log_partition
        value -= 0.5 * alpha * np.sum(model.W**2)
        gradient = [pairs - negative.pairs - alpha * model.W]
        return value, [*gradient, visible - negative.visible, hidden - negative.hidden]

    return _climb(value_and_gradient, start, tolerance, max_steps)


def fit_em(
    x: ArrayLike,
    start: RBM,
    *,
    inner_steps: int = 1,
    penalty: float = 0.0,
    tolerance: float = 1e-4,
    max_steps: int = 1000,
) -> Fit:
    r"""EM with an M-step that is only begun: generalised EM.

    .. math:: r_i(z) \leftarrow q_\theta(z \mid x_i), \qquad
              \theta \leftarrow \text{some } \theta' \text{ with }
              Q(\theta', \theta) \ge Q(\theta, \theta)

    Parameters
    ----------
    x : array_like, shape (n, N)
        Visible spins, -1 or 1.
    start : RBM
        As for `maximise_likelihood`.
    inner_steps : int
        Steps of each M-step. Many make it exact.
    penalty : float
        :math:`\alpha \ge 0`, weight decay.
    tolerance : float
        As for `boltzlib.latent.ascend`, in the unit of the couplings.
    max_steps : int
        Steps of EM.

    Returns
    -------
    Fit
        ``history`` is a `boltzlib.latent.Ascent`; its values are log-likelihoods less the
        penalty, and do not fall. Where two hidden units end equal its reason says so: with a
        penalty this may be the maximum, else it may be a saddle.

    Raises
    ------
    ValueError
        If an argument is not as above, or as `RBM.log_partition`.

    Notes
    -----
    Eq. (4.89a) and Eq. (4.89d). Source: A. P. Dempster, N. M. Laird, D. B. Rubin, J. R. Stat.
    Soc. B 39 (1977) 1.

    Examples
    --------
    >>> x = [[1, 1], [-1, -1], [1, 1], [1, -1]]
    >>> start = RBM.random(2, 1, rng=np.random.default_rng(1), scale=0.5, x=x)
    >>> fit = fit_em(x, start, penalty=0.01)
    >>> fit.converged, round(fit.model.log_likelihood(x), 4)
    (True, -1.047)
    """
    x, inner_steps = as_spins(x, start.n_visible), as_size("inner_steps", inner_steps)
    alpha = as_nonnegative("penalty", penalty)

    def step(model):
        value = model.log_likelihood(x) - 0.5 * alpha * float(np.sum(model.W**2))
        climbed = m_step(
            model.positive_phase(x), model, penalty=alpha, tolerance=1e-12, max_steps=inner_steps
        )
        return climbed.model, value

    return ascend(step, start, tolerance=tolerance, max_steps=max_steps, refuse_twins=False)


class _Data(NamedTuple):
    """Different rows with the share of each."""

    rows: Array
    shares: Array

    def mean(self, values: Array) -> float:
        return float(self.shares @ values)

    def moments(self, model: RBM) -> Moments:
        hidden = np.tanh(self.rows @ model.W + model.c)
        weighted = self.shares[:, np.newaxis] * self.rows
        return Moments(weighted.T @ hidden, weighted.sum(axis=0), self.shares @ hidden)


def _climb(value_and_gradient, start: RBM, tolerance: float, max_steps: int) -> Fit:
    """Maximise by L-BFGS; the value never falls, since each step is searched along a line."""
    tolerance = as_positive("tolerance", tolerance)
    max_steps = as_size("max_steps", max_steps)
    shape = start.W.shape
    seen: dict[bytes, tuple[float, Array]] = {}

    def loss(theta):
        value, gradient = value_and_gradient(RBM.from_parameters(theta, *shape))
        flat = np.concatenate([np.ravel(part) for part in gradient])
        seen[theta.tobytes()] = float(value), flat
        return -value, -flat

    first = start.parameters.astype(np.float64)
    path = [first]
    found = minimize(
        loss, first, jac=True, method="L-BFGS-B", callback=lambda theta: path.append(theta.copy()),
        options={"maxiter": max_steps, "maxfun": sys.maxsize, "gtol": tolerance, "ftol": 0.0},
    )  # fmt: skip
    places = [seen[theta.tobytes()] for theta in path]
    norms = np.array([np.abs(gradient).max() for _, gradient in places])
    history = Climb(frozen_copy(np.array([value for value, _ in places])), frozen_copy(norms))
    converged = bool(norms[-1] <= tolerance)
    count = len(path) - 1
    reason = (
        f"largest entry of the gradient {norms[-1]:.3g}, tolerance {tolerance:.3g}, after "
        f"{count} step{'' if count == 1 else 's'}"
    )
    return Fit(RBM.from_parameters(found.x, *shape), history, converged, reason)
