"""Models with a hidden variable that takes finitely many values: bound, posterior, EM.

All that is needed of a model is one table: ln q(x_i, z = k), a row for each sample and a column
for each value of the hidden variable. The functions here take such a table, so that they know
nothing of Gaussians; `em` also needs a way to maximise the Q function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from boltzlib._accurate import x_minus_log1p
from boltzlib._validation import (
    as_positive,
    as_real_array,
    as_rows_of_probabilities,
    as_size,
    frozen_copy,
)
from boltzlib.descent import Fit

__all__ = [
    "Ascent",
    "LatentModel",
    "ascend",
    "em",
    "evidence",
    "gap",
    "lower_bound",
    "posterior",
    "q_function",
]

Array = NDArray[np.float64]

#: Two components closer than this, in their own units, count as one that was written down twice.
#: Near such a saddle EM moves by the third power of the distance: it seems to have arrived.
TWINS = 1e-3

#: A move that is not larger, in the models' own units, may be the rounding of a step.
ROUNDING = 1e-11


class LatentModel(Protocol):
    """What `em` asks of a model, beside what Eq. (3.58) asks."""

    def joint_log_prob(self, x: ArrayLike) -> Array:
        """Return ln q(x_i, z = k), shape (n, K)."""

    def maximised(self, x: ArrayLike, responsibilities: ArrayLike) -> LatentModel:
        """Return the model with the largest Q function, Eq. (3.68)."""

    def distance(self, other: LatentModel) -> float:
        """Return how far another model is, in units that do not depend on those of x."""

    def twins(self) -> tuple[int, int] | None:
        """Return two components that are all but the same, if there are any."""


@dataclass(frozen=True, eq=False)
class Ascent:
    """What happened on the way up: T steps, T + 1 models.

    Parameters
    ----------
    models : tuple of models, length T + 1
        The start and the model after each step; if they were not kept, only start and end.
    values : ndarray, shape (T + 1,)
        Average log-likelihood of each, in nats per sample (with a prior: that of both).
    moves : ndarray, shape (T,)
        Distance from each model to the next, as its class measures it.

    Notes
    -----
    The values never fall, Eq. (3.68a). Source: A. P. Dempster, N. M. Laird, D. B. Rubin, J. R.
    Stat. Soc. B 39 (1977) 1.
    """

    models: tuple
    values: Array
    moves: Array

    def __repr__(self) -> str:
        return f"Ascent({len(self.moves)} steps, {self.values[0]:.6g} to {self.values[-1]:.6g})"


def evidence(joint: ArrayLike) -> Array:
    r"""Log of the marginal density: the hidden variable is summed out.

    .. math:: \ln q(x_i) = \ln \sum_z q(x_i, z)

    Parameters
    ----------
    joint : array_like, shape (n, K)
        ln q(x_i, z = k); -inf where it cannot be.

    Returns
    -------
    ndarray, shape (n,)
        Nats. Nothing under- or overflows.

    Raises
    ------
    ValueError
        If `joint` is not two-dimensional, or holds NaN or +inf.

    Notes
    -----
    Eq. (3.58). Source: C. M. Bishop, *Pattern Recognition and Machine Learning* (2006), section
    9.3.

    Examples
    --------
    >>> evidence(np.log([[0.25, 0.5]])).round(6)
    array([-0.287682])
    """
    return special.logsumexp(_as_joint(joint), axis=1)


def posterior(joint: ArrayLike) -> Array:
    r"""Distribution of the hidden variable given each sample.

    .. math:: q(z \mid x_i) = \frac{q(x_i, z)}{\sum_{z'} q(x_i, z')}

    Parameters
    ----------
    joint : array_like, shape (n, K)
        ln q(x_i, z = k). Each row needs one entry that is not -inf.

    Returns
    -------
    ndarray, shape (n, K)
        Rows sum to 1, also where all densities of a row underflow.

    Raises
    ------
    ValueError
        As `evidence`; or if a row is -inf throughout: then nothing is known of z.

    Notes
    -----
    Eq. (3.65) and Eq. (3.69). Source: as `evidence`.

    Examples
    --------
    >>> posterior([[-1000.0, -1000.0 + np.log(3.0)]]).round(6)
    array([[0.25, 0.75]])
    """
    joint = _as_joint(joint)
    impossible = np.isneginf(joint).all(axis=1)
    if impossible.any():
        raise ValueError(
            f"joint: expected a value of z that is possible, got -inf throughout in row "
            f"{int(np.flatnonzero(impossible)[0])}"
        )
    r = special.softmax(joint, axis=1)
    r[r < np.finfo(float).tiny] = 0.0  # a subnormal share would be lost in the next average
    return r


def lower_bound(joint: ArrayLike, r: ArrayLike) -> Array:
    r"""Lower bound of the log density of each sample, for any distribution of z.

    .. math:: F_i(r) = \sum_z r_i(z) \ln \frac{q(x_i, z)}{r_i(z)} \le \ln q(x_i)

    Parameters
    ----------
    joint : array_like, shape (n, K)
        ln q(x_i, z = k).
    r : array_like, shape (n, K)
        A distribution of z for each sample: rows sum to 1. A zero counts 0, as 0 ln 0.

    Returns
    -------
    ndarray, shape (n,)
        Nats; -inf where r gives weight to a value of z that cannot be.

    Raises
    ------
    ValueError
        As `evidence`; or if a row of r is not a distribution or the shapes differ.

    Notes
    -----
    Eq. (3.64), the bound of Eq. (3.63). Source: R. M. Neal and G. E. Hinton, in *Learning in
    Graphical Models* (1998) 355.

    Examples
    --------
    >>> lower_bound(np.log([[0.25, 0.5]]), [[1.0, 0.0]]).round(6)
    array([-1.386294])
    """
    joint, r = _as_pair(joint, r)
    return _expected(joint, r) + special.entr(r).sum(axis=1)


def gap(joint: ArrayLike, r: ArrayLike) -> Array:
    r"""What the lower bound misses: the divergence of the posterior from each r.

    .. math:: \ln q(x_i) - F_i(r) = D_{\mathrm{KL}}\bigl(r_i \,\|\, q(\cdot \mid x_i)\bigr)

    Parameters
    ----------
    joint, r : array_like, shape (n, K)
        As for `lower_bound`.

    Returns
    -------
    ndarray, shape (n,)
        Nats, not negative; +inf where the bound is -inf. It is summed as a divergence, not taken
        as a difference, so that a small gap keeps its digits.

    Raises
    ------
    ValueError
        As `lower_bound` and `posterior`.

    Notes
    -----
    The divergence of Eq. (3.63). Source: as `lower_bound`.

    Examples
    --------
    >>> gap(np.log([[0.25, 0.5]]), [[1.0, 0.0]]).round(6)
    array([1.098612])
    """
    joint, r = _as_pair(joint, r)
    p = posterior(joint)
    # r ln(r/p) - r + p, of which no term is negative; it cancels where r is near p
    near = (np.abs(p - r) <= 0.5 * r) & (r > 0.0)
    t = np.divide(p - r, r, out=np.zeros_like(r), where=near)
    terms = np.where(near, r * x_minus_log1p(t), special.kl_div(r, p))
    lost = (p < 1e-290) & (r > 0.0)  # p underflowed, or r / p overflows; ln p does neither
    if lost.any():
        log_p = (joint - evidence(joint)[:, np.newaxis])[lost]
        terms[lost] = r[lost] * (np.log(r[lost]) - log_p) - r[lost]
    return terms.sum(axis=1)


def q_function(joint: ArrayLike, r: ArrayLike) -> float:
    r"""Mean of the complete log-likelihood, with the hidden values distributed by r.

    .. math:: Q = \frac1n \sum_{i=1}^n \sum_z r_i(z) \ln q_\theta(x_i, z)

    Parameters
    ----------
    joint : array_like, shape (n, K)
        ln q(x_i, z = k) under the new parameters.
    r : array_like, shape (n, K)
        Posterior under the old parameters, or any other distribution of z for each sample.

    Returns
    -------
    float
        Nats per sample; -inf if r gives weight to what cannot be.

    Raises
    ------
    ValueError
        As `lower_bound`.

    Notes
    -----
    Eq. (3.68). Source: A. P. Dempster, N. M. Laird, D. B. Rubin, J. R. Stat. Soc. B 39 (1977) 1.

    Examples
    --------
    >>> round(q_function(np.log([[0.25, 0.5]]), [[0.5, 0.5]]), 6)
    -1.039721
    """
    return float(_expected(*_as_pair(joint, r)).mean())


def ascend(
    step: Callable[[Any], tuple[Any, float]],
    start: Any,
    *,
    tolerance: float = 1e-6,
    max_steps: int = 1000,
    keep_models: bool = True,
    refuse_twins: bool = True,
) -> Fit:
    r"""Repeat a step that never lowers a value until the model stops moving.

    .. math:: \theta_{t+1} = M(\theta_t), \qquad \ell(\theta_{t+1}) \ge \ell(\theta_t)

    Parameters
    ----------
    step : callable
        Gets a model, returns the next model and the value of the model that it *got*.
    start : model
        With a method ``distance``, and ``twins`` as in `LatentModel`.
    tolerance : float
        Converged when the way that is left is not above this, in the unit of the models'
        distance, at two steps in a row. If moves shrink by the factor :math:`\rho` a step, a move
        m leaves :math:`m\rho/(1-\rho)`; where the factor rises, it is taken to rise on, ten times
        as far again. A small move alone proves nothing: EM may be slow. Only a move of at most
        1e-11, which may be rounding, counts as none.
    max_steps : int
    keep_models : bool
        Whether the history holds the model after each step, or only start and end, as is wise
        where a model is large.
    refuse_twins : bool
        Whether two components that are all but the same mean a saddle, as in a mixture, so that
        nothing converged. Where they may be a maximum, say False: the reason then tells of them.

    Returns
    -------
    Fit
        ``history`` is an `Ascent`. Not converged when the steps are used up, when the value falls
        by more than its rounding (then `step` is wrong), or when two components are all but the
        same: near such a saddle EM stands still, but it is no maximum.

    Raises
    ------
    ValueError
        If tolerance or max_steps is not positive.

    Notes
    -----
    The fixed-point iteration whose ascent is Eq. (3.68a). Source: C. F. J. Wu, Ann. Stat. 11
    (1983) 95.

    Examples
    --------
    >>> from boltzlib.mixture import GaussianMixture, e_step, m_step
    >>> x = np.array([-1.1, -1.0, -0.9, 0.9, 1.0, 1.1])
    >>> def step(model):
    ...     sums = e_step(model, x)
    ...     return m_step(sums), sums.log_likelihood / sums.n
    >>> fit = ascend(step, GaussianMixture([0.5, 0.5], [-1.0, 1.0], [0.1, 0.1]))
    >>> fit.model.means.round(6).tolist(), fit.converged
    ([[-1.0], [1.0]], True)
    """
    tolerance = as_positive("tolerance", tolerance)
    max_steps = as_size("max_steps", max_steps)
    models, values, moves = [start], [], []
    left, settled = np.inf, 0
    while True:
        new, value = step(models[-1])
        values.append(float(value))
        count = len(moves)
        after = f"after {count} step{'' if count == 1 else 's'}"
        if np.isnan(values[-1]):
            converged, reason = False, f"the value is not a number {after}"
            break
        if count and values[-1] < values[-2] - 1e-10 * max(1.0, abs(values[-2])):
            converged, reason = False, f"the value fell by {values[-2] - values[-1]:.3g} {after}"
            break
        if settled == 2:
            pair = models[-1].twins()
            converged = pair is None or not refuse_twins
            reason = f"{left:.3g} left to go, within {tolerance:.3g}, {after}"
            if pair is not None:
                equal = f"components {pair[0]} and {pair[1]} are all but the same"
                reason = f"{equal}: a saddle, {after}" if refuse_twins else f"{reason}; {equal}"
            break
        if count == max_steps:
            converged = False
            reason = f"the last move was {moves[-1]:.3g}, tolerance {tolerance:.3g}, {after}"
            break
        moves.append(float(models[-1].distance(new)))
        if not keep_models:
            del models[1:]
        models.append(new)
        left = _left_to_go(moves)
        settled = settled + 1 if left <= tolerance else 0
    history = Ascent(tuple(models), frozen_copy(values), frozen_copy(moves))
    return Fit(models[-1], history, converged, reason)


def em(
    x: ArrayLike,
    start: LatentModel,
    *,
    update: Callable[[Any, ArrayLike, Array], Any] | None = None,
    log_prior: Callable[[Any], float] | None = None,
    tolerance: float = 1e-6,
    max_steps: int = 1000,
    keep_models: bool = True,
) -> Fit:
    r"""EM for any model with a finite hidden variable, exact or generalised.

    .. math:: r_i(z) \leftarrow q_\theta(z \mid x_i), \qquad
              \theta \leftarrow \operatorname{argmax}_{\theta'} Q(\theta', \theta)

    Parameters
    ----------
    x : array_like, shape (n, N)
        Data, handed to the model.
    start : LatentModel
    update : callable, optional
        ``update(model, x, r)`` returns the next model, which need only have a Q that is not lower
        (generalised EM). By default it is ``model.maximised(x, r)``.
    log_prior : callable, optional
        Log density of a prior of the parameters, for a maximum posterior; `update` must then
        raise Q + log_prior / n.
    tolerance, max_steps, keep_models
        As for `ascend`.

    Returns
    -------
    Fit
        ``history`` is an `Ascent`.

    Raises
    ------
    ValueError
        If an update lowers what it should raise by more than rounding, or as the model's methods.

    Notes
    -----
    Eq. (3.65) and Eq. (3.68); that the likelihood never falls is Eq. (3.68a). Source: A. P.
    Dempster, N. M. Laird, D. B. Rubin, J. R. Stat. Soc. B 39 (1977) 1.

    Examples
    --------
    >>> from boltzlib.mixture import GaussianMixture
    >>> x = np.array([-1.1, -1.0, -0.9, 0.9, 1.0, 1.1])
    >>> em(x, GaussianMixture([0.5, 0.5], [-0.1, 0.1], [1.0, 1.0])).model.means.round(6).tolist()
    [[-1.0], [1.0]]
    """
    prior = (lambda model: 0.0) if log_prior is None else log_prior

    def step(model):
        joint = model.joint_log_prob(x)
        r, n = posterior(joint), len(joint)
        new = model.maximised(x, r) if update is None else update(model, x, r)
        before = q_function(joint, r) + prior(model) / n
        after = q_function(new.joint_log_prob(x), r) + prior(new) / n
        if after < before - 1e-10 * max(1.0, abs(before)):
            raise ValueError(
                f"update: expected a step that does not lower Q, got one from {before:.12g} to "
                f"{after:.12g}"
            )
        return new, evidence(joint).mean() + prior(model) / n

    options = {"tolerance": tolerance, "max_steps": max_steps, "keep_models": keep_models}
    return ascend(step, start, **options)


def best_of(fits: list[Fit], failures: list[str]) -> Fit:
    """Return the fit that ended highest, with the number of starts in its reason.

    Shared by the models that are learnt from several starts; not public.
    """
    if not fits:
        raise ValueError(
            f"x: none of {len(failures)} starts led to a model; the last: {failures[-1]}"
        )
    best = max(fits, key=lambda fit: fit.history.values[-1])
    lost = f", {len(failures)} of them lost a component" if failures else ""
    starts = len(fits) + len(failures)
    return replace(best, reason=f"{best.reason}; best of {starts} starts{lost}")


def _left_to_go(moves: list[float]) -> float:
    """Estimate the way to the limit from the last three moves of a converging sequence.

    A slow mode that is still hidden under a fast one shows in a ratio that rises.
    """
    if moves[-1] <= ROUNDING:
        return 0.0
    if len(moves) < 3 or 0.0 in moves[-3:]:
        return np.inf
    before, ratio = moves[-2] / moves[-3], moves[-1] / moves[-2]
    ratio += 10.0 * max(0.0, ratio - before)
    return moves[-1] * ratio / (1.0 - ratio) if ratio < 1.0 else np.inf


def _expected(joint: Array, r: Array) -> Array:
    """Sum over z of r ln q, with 0 times -inf = 0."""
    return np.multiply(r, joint, out=np.zeros_like(r), where=r > 0.0).sum(axis=1)


def _as_joint(joint: ArrayLike) -> Array:
    table = as_real_array("joint", joint, ndim=2, finite=False)
    wrong = np.isnan(table) | np.isposinf(table)
    if wrong.any():
        raise ValueError(f"joint: expected finite numbers or -inf, got {table[wrong][0]}")
    return table


def _as_pair(joint: ArrayLike, r: ArrayLike) -> tuple[Array, Array]:
    joint = _as_joint(joint)
    return joint, as_rows_of_probabilities("r", r, joint.shape)
