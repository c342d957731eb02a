"""All states of a small machine, one by one and at many digits: what the library is tested on.

Nothing here calls `boltzlib`. Rows are in the order of `boltzlib.enumeration.spin_states`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import mpmath
import numpy as np


def spin_table(size: int) -> np.ndarray:
    """List all states of some spins, one a row.

    Examples
    --------
    >>> spin_table(2).tolist()
    [[-1, -1], [-1, 1], [1, -1], [1, 1]]
    """
    return np.array(list(product([-1, 1], repeat=size)))


class JointTable(NamedTuple):
    """The partition function of two layers of spins, and the probabilities of their states."""

    total: mpmath.mpf  #: Z
    joint: np.ndarray  #: q(x, z), a row for each visible state, a column for each hidden one
    visible: np.ndarray  #: q(x)
    hidden: np.ndarray  #: q(z)


def joint_table(W: Sequence, b: Sequence, c: Sequence, digits: int = 50) -> JointTable:
    """Add up the weights exp(xᵀ W z + bᵀ x + cᵀ z) of all states of two layers.

    Parameters
    ----------
    W : array of shape (N, N_h)
        Weights between the layers.
    b, c : sequences of N and of N_h numbers
        Biases of the visible and of the hidden units.
    digits : int
        Decimal digits to compute with.

    Returns
    -------
    JointTable
        Of mpmath numbers: Z, q(x, z), q(x) and q(z), states in the order of `spin_table`.

    Examples
    --------
    >>> table = joint_table([[0.0]], [0.0], [0.0])
    >>> print(table.total, table.joint.tolist())
    4.0 [[mpf('0.25'), mpf('0.25')], [mpf('0.25'), mpf('0.25')]]
    """
    rows = np.asarray(W, dtype=float).tolist()
    ups, downs = (spin_table(len(biases)).tolist() for biases in (b, c))
    with mpmath.workdps(digits):
        columns = [list(column) for column in zip(*rows, strict=True)]
        fields = [
            [c_l + mpmath.fdot(w, up) for c_l, w in zip(c, columns, strict=True)] for up in ups
        ]
        fronts = [mpmath.fdot(b, up) for up in ups]
        weights = [
            [mpmath.exp(front + mpmath.fdot(field, down)) for down in downs]
            for front, field in zip(fronts, fields, strict=True)
        ]
        total = mpmath.fsum(map(mpmath.fsum, weights))
        joint = np.array(weights, dtype=object) / total
        return JointTable(total, joint, joint.sum(axis=1), joint.sum(axis=0))


__all__ = ["JointTable", "joint_table", "spin_table"]
