"""Exact sums over a finite set of states, from a table of their energies."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from boltzlib._validation import as_real_array, as_size

__all__ = ["MAX_SPINS", "boltzmann", "log_partition", "spin_states"]

#: `spin_states` refuses more spins than this: the table would need over 400 MB.
MAX_SPINS = 24


def log_partition(energies: ArrayLike) -> float:
    r"""Log of the partition function of a finite table of energies.

    .. math:: \ln Z = \ln \sum_x \exp(-E(x))

    Parameters
    ----------
    energies : array_like, any shape
        E(x) for every state, in units of the temperature. +inf forbids a state.

    Returns
    -------
    float
        Nats. Nothing overflows: only differences of energies are exponentiated.

    Raises
    ------
    ValueError
        If an energy is NaN or -inf, or all are +inf.

    Notes
    -----
    Eq. (2.5). Source: L. D. Landau and E. M. Lifshitz, *Statistical Physics*, section 31.

    Examples
    --------
    >>> round(log_partition([1000.0, 1000.0]), 6)
    -999.306853
    """
    with np.errstate(over="ignore"):  # a difference of energies beyond 1e308 is inf
        return float(special.logsumexp(-_energies(energies)))


def boltzmann(energies: ArrayLike) -> NDArray[np.float64]:
    r"""Boltzmann distribution of a finite table of energies.

    .. math:: q(x) = \frac1Z \exp(-E(x))

    Parameters
    ----------
    energies : array_like, any shape
        As for `log_partition`.

    Returns
    -------
    ndarray, the shape of `energies`
        Probabilities. They do not change when a constant is added to all energies.

    Raises
    ------
    ValueError
        As for `log_partition`.

    Notes
    -----
    Eq. (2.4). Source: as `log_partition`.

    Examples
    --------
    >>> boltzmann([0.0, np.log(3.0), np.inf]).round(6)
    array([0.75, 0.25, 0.  ])
    """
    table = _energies(energies)
    with np.errstate(over="ignore"):
        weights = np.exp(table.min() - table)
    return weights / weights.sum()


def spin_states(n_spins: int) -> NDArray[np.int8]:
    r"""All states of N spins.

    .. math:: \{-1, +1\}^N

    Parameters
    ----------
    n_spins : int
        N, from 1 to `MAX_SPINS`.

    Returns
    -------
    ndarray of int8, shape (2**N, N)
        In lexicographic order, -1 before +1, the last spin changing fastest: row k is k
        in binary digits with 0 read as -1. Row 0 is all -1; row k and row 2**N - 1 - k
        are each other's mirror image.

    Raises
    ------
    ValueError
        If `n_spins` is not an integer from 1 to `MAX_SPINS`.

    Notes
    -----
    The states of the sum in Eq. (2.5). Source: as `log_partition`.

    Examples
    --------
    >>> spin_states(2)
    array([[-1, -1],
           [-1,  1],
           [ 1, -1],
           [ 1,  1]], dtype=int8)
    """
    n_spins = as_size("n_spins", n_spins)
    if n_spins > MAX_SPINS:
        raise ValueError(
            f"n_spins: expected at most {MAX_SPINS}, got {n_spins}: "
            f"the table would need {n_spins} * 2**{n_spins} bytes"
        )
    states = np.empty((2**n_spins, n_spins), dtype=np.int8)
    for column in range(n_spins):
        run = 2 ** (n_spins - 1 - column)  # length of a run of equal spins
        states.reshape(-1, 2, run, n_spins)[..., column] = np.array([[-1], [1]])
    return states


def _energies(energies: ArrayLike) -> NDArray[np.float64]:
    """Check a table of energies: +inf is allowed, NaN and -inf are not."""
    table = as_real_array("energies", energies, finite=False)
    if np.isnan(table).any() or (table == -np.inf).any():
        raise ValueError("energies: expected finite numbers or +inf, got nan or -inf")
    if (table == np.inf).all():
        raise ValueError("energies: expected at least one finite energy, got +inf only")
    return table
