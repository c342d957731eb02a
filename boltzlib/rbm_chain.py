"""Block Gibbs sampling of a small RBM as a matrix, and contrastive divergence without noise."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from boltzlib._validation import as_size, as_spins
from boltzlib.enumeration import float_states
from boltzlib.rbm import RBM, Gradient, Moments

__all__ = ["MAX_CHAIN", "expected_contrastive_divergence", "transition_matrix"]

Array = NDArray[np.float64]

#: Tables over all pairs of states refuse more units in a layer than this; they need over 128 MB.
MAX_CHAIN = 12


def transition_matrix(model: RBM) -> Array:
    r"""Probabilities of one sweep of block Gibbs sampling, from each visible state to each.

    .. math:: T(x' \mid x) = \sum_z q(x' \mid z)\, q(z \mid x)

    Parameters
    ----------
    model : RBM
        With at most `MAX_CHAIN` units in each layer.

    Returns
    -------
    ndarray, shape (2**N, 2**N)
        Row x, column x', in the order of `boltzlib.enumeration.spin_states`. Rows sum to 1.

    Raises
    ------
    ValueError
        If a layer is larger.

    Notes
    -----
    Eq. (4.89e). Source: P. Diaconis, K. Khare, L. Saloff-Coste, Statist. Sci. 23 (2008) 151.

    Examples
    --------
    >>> transition_matrix(RBM([[1.0]], [0.0], [0.0])).round(4)
    array([[0.79, 0.21],
           [0.21, 0.79]])
    """
    if max(model.W.shape) > MAX_CHAIN:
        raise ValueError(
            f"model: expected at most {MAX_CHAIN} units in each layer, got "
            f"{model.n_visible} visible and {model.n_hidden} hidden"
        )
    x, z = float_states(model.n_visible), float_states(model.n_hidden)
    to_hidden = _conditional(x @ model.W + model.c, z)
    to_visible = _conditional(z @ model.W.T + model.b, x)
    return to_hidden @ to_visible


def expected_contrastive_divergence(model: RBM, x: ArrayLike, *, steps: int = 1) -> Gradient:
    r"""Mean of the update of contrastive divergence over all its random numbers.

    .. math:: \langle x z^\top \rangle_{p_0} - \langle x z^\top \rangle_{p_0 T^k}

    Parameters
    ----------
    model : RBM
        With at most `MAX_CHAIN` units in each layer.
    x : array_like, shape (n, N)
        Visible spins, -1 or 1: the data, with the distribution :math:`p_0`.
    steps : int
        k, the number of sweeps.

    Returns
    -------
    Gradient
        In both terms z has its distribution given x, as in `RBM.positive_phase`. For large k it
        is the gradient of the log-likelihood; for finite k it is the gradient of nothing.

    Raises
    ------
    ValueError
        If an argument is not as above.

    Notes
    -----
    Eq. (4.89g). Source: M. A. Carreira-Perpinan and G. Hinton, AISTATS (2005) 33.

    Examples
    --------
    >>> q = RBM([[1.0]], [0.0], [0.0])
    >>> expected_contrastive_divergence(q, [[1], [1]]).b.round(4)  # 2 * 0.21
    array([0.42])
    """
    x, steps = as_spins(x, model.n_visible), as_size("steps", steps)
    T = transition_matrix(model)
    states, after = float_states(model.n_visible), _distribution(x)
    for _ in range(steps):
        after = after @ T
    hidden = np.tanh(states @ model.W + model.c)
    negative = Moments(states.T @ (after[:, np.newaxis] * hidden), after @ states, after @ hidden)
    positive = model.positive_phase(x)
    return Gradient(*(p - n for p, n in zip(positive, negative, strict=True)))


def _distribution(x: Array) -> Array:
    """Empirical distribution over all visible states, in their order."""
    places = (x > 0).astype(np.int64) @ (1 << np.arange(x.shape[1])[::-1])
    return np.bincount(places, minlength=2 ** x.shape[1]) / len(x)


def _conditional(inputs: Array, states: Array) -> Array:
    """Probability of each state of independent spins with the given inputs, a row for each."""
    log_up, log_down = special.log_expit(2.0 * inputs), special.log_expit(-2.0 * inputs)
    up = states > 0
    return np.exp(log_up @ up.T + log_down @ ~up.T)
