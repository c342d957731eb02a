"""Exact sums over a finite set of states: a table of energies, or all states of N spins.

The sums over spins are those of the Ising machine, Eq. (2.28): the energy of a state is a sum
over single spins and over pairs. That is enough to do better than 2**N exponentials. Split
the spins in three blocks A, B, C. The weight of a state is then a product of three numbers, one
for each two of the blocks,

    exp(-E(a, b, c)) = U(a, b) V(b, c) W(a, c),

and summing over c is a matrix product, V W^T. Matrix products are what computers do best, and
only 3 * 2**(2N/3) exponentials are taken. The idea is R. Williams's, Theor. Comput. Sci. 348
(2005) 357.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from boltzlib._validation import as_couplings, as_real_array, as_size

__all__ = [
    "MAX_ENUMERATED",
    "MAX_MARGINAL",
    "MAX_SPINS",
    "MAX_SUMMED",
    "IsingMoments",
    "boltzmann",
    "ising_chunks",
    "ising_expectation",
    "ising_log_partition",
    "ising_marginal",
    "ising_moments",
    "log_partition",
    "spin_states",
]

Array = NDArray[np.float64]

#: `spin_states` refuses more spins than this; the table would need over 400 MB.
MAX_SPINS = 24

#: Sums by three blocks refuse more spins than this; the tables would need over 1 GB.
MAX_SUMMED = 36

#: Sums that visit every state refuse more spins than this; they would take minutes.
MAX_ENUMERATED = 30

#: A table of probabilities of more spins than this is refused; it would need over 128 MB.
MAX_MARGINAL = 24

_CHUNK = 2**14  # states that are held in memory at a time


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
        states.reshape(2**column, 2, run, n_spins)[..., column] = np.array([[-1], [1]])
    return states


class IsingMoments(NamedTuple):
    """What `ising_moments` returns: the sums of Eq. (2.29), Eq. (2.31) and Eq. (2.32)."""

    log_partition: float  #: ln Z, in nats
    first: Array  #: mean of each spin, shape (N,)
    second: Array  #: mean of each product of two spins, shape (N, N), 1 on the diagonal


def ising_log_partition(J: ArrayLike, h: ArrayLike) -> float:
    r"""Log of the partition function of an Ising machine.

    .. math:: \ln Z = \ln \sum_{x \in \{-1,1\}^N}
              \exp\Bigl(\sum_{k<l} J_{kl} x_k x_l + \sum_k h_k x_k\Bigr)

    Parameters
    ----------
    J : array_like, shape (N, N)
        Couplings, in units of the temperature: symmetric, zero diagonal. Each pair counts once.
    h : array_like, shape (N,)
        Fields, in the same unit.

    Returns
    -------
    float
        Nats.

    Raises
    ------
    ValueError
        If J is not symmetric with a zero diagonal, h does not fit, a number is not finite, or
        there are more than `MAX_SUMMED` spins.

    Notes
    -----
    Eq. (2.29) by Eq. (2.29a). Source: R. Williams, Theor. Comput. Sci. 348 (2005) 357.

    Cost: 2**(N+1) operations inside one matrix product, and memory for four tables of at most
    8 * 4**ceil(N/3) bytes: 0.5 MB at N = 20, 8 MB at N = 26, 34 MB at N = 30.

    Accuracy: the error is about 1e-16 times the sum of all abs(J) and abs(h), from the rounding
    of energies. Where the largest weight of the product is below 1e-270 of the product of the
    largest factors (couplings of the order 50 that cannot all be satisfied) every state is
    visited instead, in chunks; this is refused above `MAX_ENUMERATED` spins.

    Examples
    --------
    >>> round(ising_log_partition([[0.0, 1.0], [1.0, 0.0]], [0.0, 0.0]), 6)
    1.820075
    """
    J, h = _spins(J, h)
    blocks = _Blocks(J, h, _thirds(len(h)))
    total = blocks.table_ab().sum()
    if _underflowed(total):
        return _log_partition_by_states(J, h)
    return float(np.log(total) + blocks.shift)


def ising_moments(J: ArrayLike, h: ArrayLike) -> IsingMoments:
    r"""Log-partition, means and pair correlations of an Ising machine.

    .. math:: \ln Z, \qquad \langle x_k \rangle, \qquad \langle x_k x_l \rangle

    Parameters
    ----------
    J, h : array_like, shapes (N, N) and (N,)
        As for `ising_log_partition`.

    Returns
    -------
    IsingMoments
        ``log_partition``, ``first`` of shape (N,) and ``second`` of shape (N, N), symmetric,
        with ones on the diagonal.

    Raises
    ------
    ValueError
        As `ising_log_partition`.

    Notes
    -----
    Eq. (2.29a); the sums of Eq. (2.31) and Eq. (2.32). Source: as `ising_log_partition`; also
    memory and accuracy, but with three matrix products for one and seven tables for four.

    Examples
    --------
    >>> moments = ising_moments([[0.0, 1.0], [1.0, 0.0]], [0.0, 0.0])
    >>> moments.second.round(6)
    array([[1.      , 0.761594],
           [0.761594, 1.      ]])
    """
    J, h = _spins(J, h)
    blocks = _Blocks(J, h, _thirds(len(h)))
    pairs = {(0, 1): blocks.table_ab(), (0, 2): blocks.table_ac(), (1, 2): blocks.table_bc()}
    total = pairs[0, 1].sum()
    if _underflowed(total):
        return _moments_by_states(J, h)
    N = len(h)
    first, second = np.empty(N), np.empty((N, N))
    for (a, b), table in pairs.items():
        A, B = blocks.spins[a], blocks.spins[b]
        X, Y = blocks.states[a], blocks.states[b]
        second[A, B] = X.T @ (table @ Y)
        second[B, A] = second[A, B].T
        for block, states, weights in ((A, X, table.sum(axis=1)), (B, Y, table.sum(axis=0))):
            first[block] = weights @ states
            second[block, block] = states.T @ (weights[:, np.newaxis] * states)
    first, second = first / total, second / total
    np.fill_diagonal(second, 1.0)
    return IsingMoments(float(np.log(total) + blocks.shift), first, second)


def ising_marginal(J: ArrayLike, h: ArrayLike, spins: int | Sequence[int]) -> Array:
    r"""Joint distribution of some of the spins of an Ising machine.

    .. math:: q(x_{s_1}, \dots, x_{s_m}) = \sum_{\text{other spins}} q(x)

    Parameters
    ----------
    J, h : array_like, shapes (N, N) and (N,)
        As for `ising_log_partition`.
    spins : int or sequence of int
        Which spins, counted from 0, each at most once; at most `MAX_MARGINAL` of them.

    Returns
    -------
    ndarray, shape (2,) * number of spins named
        Axis j belongs to ``spins[j]``; index 0 is the spin -1, index 1 the spin +1.

    Raises
    ------
    ValueError
        As `ising_log_partition`; or if a spin is named twice, is out of range, or too many are
        asked for.

    Notes
    -----
    A sum of Eq. (2.28), by Eq. (2.29a). Source: as `ising_log_partition`. Memory: as there, or
    four tables of 8 * 2**len(spins) bytes where that is more.

    Examples
    --------
    >>> ising_marginal([[0.0, 1.0], [1.0, 0.0]], [0.0, 0.0], [0, 1]).round(4)
    array([[0.4404, 0.0596],
           [0.0596, 0.4404]])
    """
    J, h = _spins(J, h)
    N = len(h)
    chosen = [_spin(spin, N) for spin in np.atleast_1d(np.asarray(spins, dtype=object))]
    if not 1 <= len(chosen) <= MAX_MARGINAL:
        raise ValueError(f"spins: expected 1 to {MAX_MARGINAL} of them, got {len(chosen)}")
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"spins: expected each spin at most once, got {chosen}")
    order = chosen + [k for k in range(N) if k not in chosen]
    J, h = J[np.ix_(order, order)], h[order]
    a, b, _ = _thirds(N)
    pair = max(len(chosen), a + b)  # the spins in A and B: all the chosen ones are among them
    blocks = _Blocks(J, h, (pair - pair // 2, pair // 2, N - pair))
    table = blocks.table_ab()
    if _underflowed(table.sum()):
        table = _marginal_by_states(J, h, len(chosen))
    table = table.reshape(2 ** len(chosen), -1).sum(axis=1)
    return (table / table.sum()).reshape((2,) * len(chosen))


def ising_chunks(J: ArrayLike, h: ArrayLike) -> Iterator[tuple[Array, Array]]:
    r"""All states of an Ising machine with their probabilities, some at a time.

    .. math:: (x, q(x)), \qquad x \in \{-1,1\}^N

    Parameters
    ----------
    J, h : array_like, shapes (N, N) and (N,)
        As for `ising_log_partition`; at most `MAX_ENUMERATED` spins.

    Yields
    ------
    states : ndarray, shape (m, N)
        -1.0 and 1.0, in the order of `spin_states`; m is at most 2**14 = 16,384.
    probabilities : ndarray, shape (m,)

    Raises
    ------
    ValueError
        As `ising_log_partition`, and above `MAX_ENUMERATED` spins.

    Notes
    -----
    Eq. (2.28). Source: D. H. Ackley, G. E. Hinton, T. J. Sejnowski, Cognitive Science 9 (1985)
    147. Cost: 2**N exponentials, minutes at N = 30; memory below 5 * 2**14 * N * 8 bytes,
    20 MB at N = 30.

    Examples
    --------
    >>> for states, probabilities in ising_chunks([[0.0]], [0.5]):
    ...     print(states.ravel(), probabilities.round(4))
    [-1.  1.] [0.2689 0.7311]
    """
    J, h = _spins(J, h)
    _refuse_enumeration(len(h))
    return _chunks(J, h, ising_log_partition(J, h))


def ising_expectation(
    J: ArrayLike, h: ArrayLike, function: Callable[[Array], ArrayLike]
) -> float | Array:
    r"""Mean of any function of the spins of an Ising machine.

    .. math:: \langle f \rangle = \sum_{x \in \{-1,1\}^N} q(x) f(x)

    Parameters
    ----------
    J, h : array_like, shapes (N, N) and (N,)
        As for `ising_log_partition`; at most `MAX_ENUMERATED` spins.
    function : callable
        Gets states of shape (m, N), returns values of shape (m,) or (m, ...).

    Returns
    -------
    float or ndarray
        Shape of the values without their first axis; a float for values of shape (m,).

    Raises
    ------
    ValueError
        As `ising_chunks`; or if the values are not one for each state.

    Notes
    -----
    The brackets of Eq. (2.31) and Eq. (2.32), for any function. Source: as `ising_chunks`, and
    the same cost.

    Examples
    --------
    >>> triangle = np.ones((3, 3)) - np.eye(3)
    >>> round(ising_expectation(triangle, np.zeros(3), lambda x: x.sum(axis=1) ** 2), 4)
    8.5833
    """
    total = np.float64(0.0)
    for states, probabilities in ising_chunks(J, h):
        values = as_real_array("function", function(states), finite=False)
        if values.shape[:1] != probabilities.shape:
            raise ValueError(
                f"function: expected one value for each of {len(states)} states, "
                f"got shape {values.shape}"
            )
        total = total + np.tensordot(probabilities, values, axes=1)
    return float(total) if np.ndim(total) == 0 else total


class _Blocks:
    """Weights of an Ising machine as three tables, one for each two of three blocks of spins."""

    def __init__(self, J: Array, h: Array, sizes: tuple[int, int, int]) -> None:
        ends = np.cumsum(sizes)
        self.spins = [slice(end - size, end) for size, end in zip(sizes, ends, strict=True)]
        self.states = [float_states(size) for size in sizes]
        A, B, C = self.spins
        X, Y, Z = self.states
        own = [
            0.5 * ((x @ J[s, s]) * x).sum(axis=1) + x @ h[s]
            for s, x in zip(self.spins, self.states, strict=True)
        ]
        exponents = (
            X @ J[A, B] @ Y.T + own[0][:, np.newaxis],
            Y @ J[B, C] @ Z.T + own[1][:, np.newaxis],
            X @ J[A, C] @ Z.T + own[2],
        )
        largest = [table.max() for table in exponents]
        self.shift = sum(largest)
        self.ab, self.bc, self.ac = (
            np.exp(np.subtract(table, top, out=table), out=table)
            for table, top in zip(exponents, largest, strict=True)
        )

    def table_ab(self) -> Array:
        """Sum over C: exp(-shift) times the weight of each state of A and B."""
        return self.ab * (self.ac @ self.bc.T)

    def table_ac(self) -> Array:
        return self.ac * (self.ab @ self.bc)

    def table_bc(self) -> Array:
        return self.bc * (self.ab.T @ self.ac)


def _spins(J: ArrayLike, h: ArrayLike) -> tuple[Array, Array]:
    J, h = as_couplings(J, h)
    N = len(h)
    if N > MAX_SUMMED:
        raise ValueError(
            f"J: expected at most {MAX_SUMMED} spins, got {N}: the exact sum would need "
            f"{32 * 4 ** -(-N // 3) / 1e9:.3g} GB and 2**{N + 1} multiplications"
        )
    return J, h


def _refuse_enumeration(N: int) -> None:
    if N > MAX_ENUMERATED:
        raise ValueError(
            f"J: expected at most {MAX_ENUMERATED} spins where every state is visited, got {N}: "
            f"2**{N} exponentials would take about {2**N / 2e7 / 60:.2g} minutes"
        )


def _spin(spin: int, N: int) -> int:
    # a bool would be read as 0 or 1, but is meant as part of a mask
    if isinstance(spin, bool) or not isinstance(spin, (int, np.integer)) or not 0 <= spin < N:
        raise ValueError(f"spins: expected integers from 0 to {N - 1}, got {spin!r}")
    return int(spin)


def _thirds(N: int) -> tuple[int, int, int]:
    return (N + 2) // 3, (N + 1) // 3, N // 3


def _underflowed(total: float) -> bool:
    """Whether products that underflowed could matter for a total of products of three factors.

    Each factor is at most 1. A factor or product below 2.3e-308 may be lost, and there are
    2**36 products at most: what is lost is below 1e-296.
    """
    return bool(total < 1e-270)


def float_states(n_spins: int) -> Array:
    """Return `spin_states` as float64; of no spins there is one. Not public."""
    return spin_states(n_spins).astype(np.float64) if n_spins else np.empty((1, 0))


def _row_exponents(J: Array, h: Array) -> Iterator[tuple[Array, Array, Array]]:
    """Yield chunks of the table of -E: rows are states of the first spins, columns of the others.

    With each chunk come its states of the first spins and of the others. Up to `MAX_ENUMERATED`
    spins a row is not longer than a chunk.
    """
    n_rows = len(h) // 2 + 1
    A, B = slice(None, n_rows), slice(n_rows, None)
    Y = float_states(len(h) - n_rows)
    own = 0.5 * ((Y @ J[B, B]) * Y).sum(axis=1) + Y @ h[B]
    fields = J[A, B] @ Y.T
    rows = spin_states(n_rows)
    step = _CHUNK // len(Y)
    for start in range(0, len(rows), step):
        X = rows[start : start + step].astype(np.float64)
        E = 0.5 * ((X @ J[A, A]) * X).sum(axis=1) + X @ h[A]
        yield X, Y, X @ fields + E[:, np.newaxis] + own


def _log_partition_by_states(J: Array, h: Array) -> float:
    _refuse_enumeration(len(h))
    tables = (table for _, _, table in _row_exponents(J, h))
    return float(special.logsumexp([special.logsumexp(table) for table in tables]))


def _chunks(J: Array, h: Array, log_partition: float) -> Iterator[tuple[Array, Array]]:
    for X, Y, table in _row_exponents(J, h):
        states = np.concatenate([X.repeat(len(Y), axis=0), np.tile(Y, (len(X), 1))], axis=1)
        yield states, np.exp(table - log_partition).ravel()


def _moments_by_states(J: Array, h: Array) -> IsingMoments:
    log_partition = _log_partition_by_states(J, h)
    first, second = np.zeros(len(h)), np.zeros_like(J)
    for X, Y, table in _row_exponents(J, h):
        A, B = slice(None, X.shape[1]), slice(X.shape[1], None)
        q = np.exp(table - log_partition)
        rows, columns = q.sum(axis=1), q.sum(axis=0)
        first[A] += rows @ X
        first[B] += columns @ Y
        second[A, A] += X.T @ (rows[:, np.newaxis] * X)
        second[A, B] += X.T @ (q @ Y)
        second[B, B] += Y.T @ (columns[:, np.newaxis] * Y)
    second[B, A] = second[A, B].T
    np.fill_diagonal(second, 1.0)
    return IsingMoments(log_partition, first, second)


def _marginal_by_states(J: Array, h: Array, n_first: int) -> Array:
    """Joint distribution of the first spins: in the order of the states each has a run."""
    table, run, start = np.zeros(2**n_first), 2 ** (len(h) - n_first), 0
    for _, probabilities in _chunks(J, h, _log_partition_by_states(J, h)):
        row = (start + np.arange(len(probabilities))) // run
        table[row[0] : row[-1] + 1] += np.bincount(row - row[0], weights=probabilities)
        start += len(probabilities)
    return table


def _energies(energies: ArrayLike) -> NDArray[np.float64]:
    """Check a table of energies: +inf is allowed, NaN and -inf are not."""
    table = as_real_array("energies", energies, finite=False)
    wrong = np.isnan(table) | (table == -np.inf)
    if wrong.any():
        raise ValueError(f"energies: expected finite numbers or +inf, got {table[wrong][0]}")
    if (table == np.inf).all():
        raise ValueError("energies: expected at least one finite energy, got +inf only")
    return table
