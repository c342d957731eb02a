"""The Ising Boltzmann machine: N spins that are +1 or -1, coupled in pairs; exact throughout."""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog

from boltzlib import enumeration
from boltzlib._validation import (
    as_couplings,
    as_nonnegative,
    as_real_array,
    as_recorded_spins,
    as_size,
    as_spins,
    check_rng,
    frozen_copy,
)
from boltzlib.descent import ConvergenceWarning, Fit, newton

__all__ = ["MAX_RECESSION", "Ising", "lipschitz_constant", "recession_direction", "statistics"]

Array = NDArray[np.float64]

#: `recession_direction` refuses more spins than this; its linear programme has 2**N rows.
MAX_RECESSION = 12


@dataclass(frozen=True, eq=False, init=False)
class Ising:
    r"""Boltzmann machine of N spins with couplings and fields.

    .. math:: q(x) = \frac1Z \exp\Bigl(\sum_{k<l} J_{kl} x_k x_l + \sum_k h_k x_k\Bigr),
              \qquad x \in \{-1,1\}^N

    Parameters
    ----------
    J : array_like, shape (N, N)
        Couplings, in units of the temperature: symmetric, zero diagonal. Each pair counts once.
    h : array_like, shape (N,)
        Fields, in the same unit.

    Raises
    ------
    ValueError
        If a number is not finite, J is not symmetric with a zero diagonal, or h does not fit.

    Notes
    -----
    Eq. (2.28). Source: D. H. Ackley, G. E. Hinton, T. J. Sejnowski, Cognitive Science 9 (1985)
    147.

    The parameters as one vector are :math:`\theta = (h_1, \dots, h_N, J_{12}, J_{13}, \dots,
    J_{N-1,N})`, of length D = N(N+1)/2; they multiply the `statistics` of a state.

    All sums over states are exact, see `boltzlib.enumeration` for their cost and accuracy.

    Examples
    --------
    >>> q = Ising([[0.0, 1.0], [1.0, 0.0]], [0.0, 0.0])
    >>> np.exp(q.log_prob([[1, 1], [1, -1]])).round(4)
    array([0.4404, 0.0596])
    """

    J: Array
    h: Array

    def __init__(self, J: ArrayLike, h: ArrayLike) -> None:
        couplings, fields = as_couplings(J, h)
        object.__setattr__(self, "J", frozen_copy(couplings))
        object.__setattr__(self, "h", frozen_copy(fields))

    @property
    def n_spins(self) -> int:
        """Number N of spins."""
        return len(self.h)

    @property
    def parameters(self) -> Array:
        """Fields, then couplings of the pairs k < l in the order 12, 13, ...; shape (D,)."""
        return np.concatenate([self.h, self.J[np.triu_indices(self.n_spins, 1)]])

    @classmethod
    def from_parameters(cls, theta: ArrayLike) -> "Ising":
        r"""Machine with the parameters given as one vector.

        .. math:: \theta = (h_1, \dots, h_N, J_{12}, J_{13}, \dots, J_{N-1,N})

        Parameters
        ----------
        theta : array_like, shape (D,)
            D = N(N+1)/2 for some N.

        Returns
        -------
        Ising

        Raises
        ------
        ValueError
            If no N fits the length, or a number is not finite.

        Notes
        -----
        The parameters of Eq. (2.28). Source: as the class.

        Examples
        --------
        >>> Ising.from_parameters([0.1, 0.2, 0.5]).J
        array([[0. , 0.5],
               [0.5, 0. ]])
        """
        theta = as_real_array("theta", theta, ndim=1)
        N = math.isqrt(2 * len(theta))
        if 2 * len(theta) != N * (N + 1):
            raise ValueError(
                "theta: expected N fields and N(N-1)/2 couplings, so 1, 3, 6, 10, ... numbers, "
                f"got {len(theta)}"
            )
        J = np.zeros((N, N))
        J[np.triu_indices(N, 1)] = theta[N:]
        return cls(J + J.T, theta[:N])

    @classmethod
    def from_binary(cls, W: ArrayLike, b: ArrayLike) -> tuple["Ising", float]:
        r"""Spins in the place of units that are 0 or 1.

        .. math:: E_{01}(s) = -\sum_{k<l} W_{kl} s_k s_l - \sum_k b_k s_k
                  = E(2s - 1) - C

        Parameters
        ----------
        W : array_like, shape (N, N)
            Couplings of the 0/1 units: symmetric, zero diagonal.
        b : array_like, shape (N,)

        Returns
        -------
        machine : Ising
            Its energy is that of the 0/1 units plus the constant.
        constant : float
            :math:`C = \sum_{k<l} W_{kl}/4 + \sum_k b_k/2`.

        Raises
        ------
        ValueError
            As the class.

        Notes
        -----
        Eq. (2.28b). Source: as the class.

        Examples
        --------
        >>> machine, constant = Ising.from_binary([[0.0, 4.0], [4.0, 0.0]], [0.0, 0.0])
        >>> machine.J[0, 1], machine.h, constant
        (np.float64(1.0), array([1., 1.]), 1.0)
        """
        W, b = as_couplings(W, b, names=("W", "b"))
        constant = 0.125 * W.sum() + 0.5 * b.sum()  # each pair stands twice in W
        return cls(0.25 * W, 0.5 * b + 0.25 * W.sum(axis=1)), float(constant)

    def to_binary(self) -> tuple[Array, Array, float]:
        r"""Units that are 0 or 1 in the place of spins, :math:`s = (1 + x)/2`.

        .. math:: E(x) = -\sum_{k<l} W_{kl} s_k s_l - \sum_k b_k s_k + C

        Returns
        -------
        W : ndarray, shape (N, N)
            4 J.
        b : ndarray, shape (N,)
            :math:`b_k = 2 h_k - 2 \sum_l J_{kl}`.
        constant : float
            :math:`C = \sum_k h_k - \sum_{k<l} J_{kl}`.

        Notes
        -----
        Eq. (2.28b). Source: as the class.

        Examples
        --------
        >>> Ising([[0.0, 1.0], [1.0, 0.0]], [1.0, 1.0]).to_binary()[1:]
        (array([0., 0.]), 1.0)
        """
        b = 2.0 * self.h - 2.0 * self.J.sum(axis=1)
        return 4.0 * self.J, b, float(self.h.sum() - 0.5 * self.J.sum())

    def energy(self, x: ArrayLike) -> Array:
        r"""Energy of each state.

        .. math:: E(x) = -\sum_{k<l} J_{kl} x_k x_l - \sum_k h_k x_k

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1
            Spins, -1 or 1.

        Returns
        -------
        ndarray, shape (n,)

        Raises
        ------
        ValueError
            If x has the wrong shape or holds another number.

        Notes
        -----
        Eq. (2.28a). Source: as the class.

        Examples
        --------
        >>> Ising([[0.0, 1.0], [1.0, 0.0]], [0.5, 0.0]).energy([[1, 1], [-1, 1]])
        array([-1.5,  1.5])
        """
        x = as_spins(x, self.n_spins)
        return -0.5 * ((x @ self.J) * x).sum(axis=1) - x @ self.h

    def log_partition(self) -> float:
        r"""Log of the partition function.

        .. math:: \ln Z = \ln \sum_x \exp(-E(x))

        Returns
        -------
        float
            Nats.

        Raises
        ------
        ValueError
            If the machine has more than `MAX_SUMMED` spins.

        Notes
        -----
        Eq. (2.29). Source: `boltzlib.enumeration.ising_log_partition`.

        Examples
        --------
        >>> round(Ising([[0.0]], [0.0]).log_partition(), 6)
        0.693147
        """
        return enumeration.ising_log_partition(self.J, self.h)

    def log_prob(self, x: ArrayLike) -> Array:
        r"""Log probability of each state.

        .. math:: \ln q(x) = -E(x) - \ln Z

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1
            Spins, -1 or 1.

        Returns
        -------
        ndarray, shape (n,)
            Nats.

        Raises
        ------
        ValueError
            As `energy`.

        Notes
        -----
        Eq. (2.28). Source: as the class.

        Examples
        --------
        >>> Ising([[0.0]], [1.0]).log_prob([[1]]).round(6)
        array([-0.126928])
        """
        return -self.energy(x) - self.log_partition()

    def moments(self) -> enumeration.IsingMoments:
        r"""Log-partition, means and pair correlations.

        .. math:: \ln Z, \qquad \langle x_k \rangle, \qquad \langle x_k x_l \rangle

        Returns
        -------
        IsingMoments
            ``log_partition``, ``first`` (N,) and ``second`` (N, N).

        Raises
        ------
        ValueError
            As `log_partition`.

        Notes
        -----
        The model's side of Eq. (2.31) and Eq. (2.32). Source: as the class; computed by
        `boltzlib.enumeration.ising_moments`.

        Examples
        --------
        >>> Ising([[0.0]], [1.0]).moments().first.round(6)
        array([0.761594])
        """
        return enumeration.ising_moments(self.J, self.h)

    def marginal(self, spins: int | Sequence[int]) -> Array:
        r"""Joint distribution of some of the spins.

        .. math:: q(x_{s_1}, \dots, x_{s_m})

        Parameters
        ----------
        spins : int or sequence of int
            Counted from 0.

        Returns
        -------
        ndarray, shape (2,) * number of spins named
            Index 0 is the spin -1, index 1 the spin +1.

        Raises
        ------
        ValueError
            As `boltzlib.enumeration.ising_marginal`.

        Notes
        -----
        A sum of Eq. (2.28). Source: `boltzlib.enumeration.ising_marginal`.

        Examples
        --------
        >>> Ising([[0.0]], [1.0]).marginal([0]).round(4)
        array([0.1192, 0.8808])
        """
        return enumeration.ising_marginal(self.J, self.h, spins)

    def expectation(self, function: Callable[[Array], ArrayLike]) -> float | Array:
        r"""Mean of any function of the spins.

        .. math:: \langle f \rangle = \sum_x q(x) f(x)

        Parameters
        ----------
        function : callable
            Gets states of shape (m, N), returns values of shape (m,) or (m, ...).

        Returns
        -------
        float or ndarray

        Raises
        ------
        ValueError
            As `boltzlib.enumeration.ising_expectation`.

        Notes
        -----
        The brackets of Eq. (2.31), for any function. Source: as the class; computed by
        `boltzlib.enumeration.ising_expectation`.

        Examples
        --------
        >>> q = Ising([[0.0, 1.0], [1.0, 0.0]], [0.0, 0.0])
        >>> round(q.expectation(lambda x: x.sum(axis=1) ** 4), 4)
        14.0928
        """
        return enumeration.ising_expectation(self.J, self.h, function)

    def sample(self, size: int, *, rng: np.random.Generator) -> Array:
        r"""Independent states, drawn exactly.

        .. math:: x \sim q

        The first half of the spins is drawn from its marginal, the other half given the first.

        Parameters
        ----------
        size : int
            Number n of states.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray, shape (n, N)
            -1.0 and 1.0.

        Raises
        ------
        ValueError
            If `size` is not a positive integer, `rng` is not a Generator, or there are more
            than `boltzlib.enumeration.MAX_ENUMERATED` spins.

        Notes
        -----
        Eq. (2.28). Source: L. Devroye, *Non-Uniform Random Variate Generation* (1986), section
        III.2 (inversion). At most 2**N exponentials are taken, however many states are drawn.

        Examples
        --------
        >>> q = Ising([[0.0, 3.0], [3.0, 0.0]], [0.0, 0.0])
        >>> q.sample(3, rng=np.random.default_rng(1))
        array([[ 1.,  1.],
               [ 1.,  1.],
               [-1., -1.]])
        """
        size, rng = as_size("size", size), check_rng(rng)
        N = self.n_spins
        if N > enumeration.MAX_ENUMERATED:
            raise ValueError(
                f"model: exact samples need at most {enumeration.MAX_ENUMERATED} spins, got {N}"
            )
        first = (N + 1) // 2
        left = enumeration.float_states(first)
        marginal = self.marginal(range(first)).ravel()
        rows = np.sort(rng.choice(len(left), size=size, p=marginal))
        x = np.empty((size, N))
        x[:, :first] = left[rows]
        right = enumeration.float_states(N - first)
        A, B = slice(None, first), slice(first, None)
        inner = 0.5 * ((right @ self.J[B, B]) * right).sum(axis=1)
        for row, start, count in zip(*_runs(rows), strict=True):
            exponent = inner + right @ (self.h[B] + left[row] @ self.J[A, B])
            columns = rng.choice(len(right), size=count, p=enumeration.boltzmann(-exponent))
            x[start : start + count, first:] = right[columns]
        return rng.permutation(x)  # they came sorted by their first half

    def log_likelihood(self, x: ArrayLike) -> float:
        r"""Average log-likelihood of data, per state.

        .. math:: \ell = \frac1n \sum_{i=1}^n \ln q(x_i)

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1
            Spins, -1 or 1. NaN marks a spin that was not recorded: the row then counts with the
            marginal probability of what was recorded. A row of NaN alone counts 0.

        Returns
        -------
        float
            Nats per state. With nothing missing it is minus the part of Eq. (2.30) that depends
            on the parameters.

        Raises
        ------
        ValueError
            If x has the wrong shape or holds another number.

        Notes
        -----
        Eq. (2.30). Source: as the class; for missing spins R. J. A. Little and D. B. Rubin,
        *Statistical Analysis with Missing Data* (2002), chapter 6. It is right to use when what
        is missing does not depend on the missing value itself (missing at random).

        Examples
        --------
        >>> round(Ising([[0.0]], [0.0]).log_likelihood([[1], [-1]]), 6)
        -0.693147
        """
        return self._data_side(x)[0] - self.log_partition()

    def log_likelihood_gradient(self, x: ArrayLike) -> Array:
        r"""Gradient of the average log-likelihood: mean over the data minus mean of the model.

        .. math:: \nabla \ell = \frac1n \sum_i \varphi(x_i) - \langle \varphi \rangle

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1
            As for `log_likelihood`. In a row with missing spins the statistics stand with their
            mean given what was recorded.

        Returns
        -------
        ndarray, shape (D,)
            In the order of `parameters`.

        Raises
        ------
        ValueError
            As `log_likelihood`.

        Notes
        -----
        Minus Eq. (2.31) and Eq. (2.32). Source: as `log_likelihood`.

        Examples
        --------
        >>> Ising([[0.0]], [0.0]).log_likelihood_gradient([[1], [1], [-1], [1]])
        array([0.5])
        """
        _, first, second = self.moments()
        return self._data_side(x)[1] - _flat(first, second)

    def log_likelihood_hessian(self, x: ArrayLike) -> Array:
        r"""Second derivatives of the average log-likelihood.

        .. math:: \nabla\nabla^\top \ell = -\mathrm{Cov}(\varphi)
                  + \frac1n \sum_i \mathrm{Cov}(\varphi \mid \text{recorded spins of } x_i)

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1
            As for `log_likelihood`. With no spin missing the second term is zero, and the data
            do not matter: the log-likelihood is concave. With missing spins it need not be.

        Returns
        -------
        ndarray, shape (D, D)
            In the order of `parameters`.

        Raises
        ------
        ValueError
            As `log_likelihood`, or above `boltzlib.enumeration.MAX_ENUMERATED` spins.

        Notes
        -----
        Minus Eq. (2.32a). Source: as `log_likelihood`.

        Examples
        --------
        >>> Ising([[0.0]], [0.0]).log_likelihood_hessian([[1]])
        array([[-1.]])
        """
        x = as_recorded_spins(x, self.n_spins)
        total = -self._covariance()
        for row in x[np.isnan(x).any(axis=1)]:
            total += self._covariance_given(row) / len(x)
        return total

    @classmethod
    def fit(
        cls,
        x: ArrayLike,
        *,
        penalty: float = 0.0,
        tolerance: float = 1e-10,
        max_steps: int = 100,
    ) -> Fit:
        r"""Maximum-likelihood fit by Newton's method, with or without a penalty.

        .. math:: \max_\theta \; \frac1n \sum_{i=1}^n \ln q_\theta(x_i)
                  - \frac\lambda2 |\theta|^2

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1
            Spins, -1 or 1; NaN marks one that was not recorded, see `log_likelihood`.
        penalty : float
            :math:`\lambda \ge 0`. Any positive number makes the maximum finite. It is the maximum
            posterior for independent normal parameters of variance :math:`1/(n\lambda)`.
        tolerance, max_steps
            As for `boltzlib.descent.newton`.

        Returns
        -------
        Fit
            ``model`` is an `Ising`; ``history.values`` are minus the function above. With
            no spin missing it is the one maximum. With missing spins it is a stationary point.

        Raises
        ------
        ValueError
            If x or penalty is not as above, or there are more than
            `boltzlib.enumeration.MAX_ENUMERATED` spins; or if there is no penalty and no finite
            maximum (`recession_direction`), as when two spins always agree. For more than
            `MAX_RECESSION` spins, or with spins missing, this shows as non-convergence instead.

        Warns
        -----
        ConvergenceWarning
            If the iteration did not converge.

        Notes
        -----
        Solves Eq. (2.31) and Eq. (2.32) by Eq. (2.47b), from theta = 0, where all states weigh the
        same. The matrix of a step is the covariance of the statistics, also with missing spins:
        there it is not the Hessian, but every step still climbs. A step costs 2**N * D**2
        operations: a second at N = 16, minutes at N = 22. Source: as `log_likelihood`.

        Examples
        --------
        >>> fit = Ising.fit([[1, 1], [1, -1], [-1, 1], [-1, -1], [1, 1]])
        >>> fit.model.moments().first.round(6), fit.converged
        (array([0.2, 0.2]), True)
        """
        x = as_recorded_spins(x)
        N = x.shape[1]
        if N > enumeration.MAX_ENUMERATED:
            raise ValueError(
                f"x: expected at most {enumeration.MAX_ENUMERATED} spins, since each step visits "
                f"every state, got {N}"
            )
        penalty = as_nonnegative("penalty", penalty)
        endless = None if penalty or N > MAX_RECESSION else recession_direction(x)
        grows = "" if endless is None else f"for ever along {_in_words(endless, N)}"
        if grows and not np.isnan(x).any():
            raise ValueError(
                f"x: no finite couplings and fields maximise the likelihood: it grows {grows}, "
                "since each row of data has the largest value of what that multiplies; "
                "a penalty makes the maximum finite"
            )

        def loss(theta):
            return 0.5 * penalty * theta @ theta - cls.from_parameters(theta).log_likelihood(x)

        def slope(theta):
            return penalty * theta - cls.from_parameters(theta).log_likelihood_gradient(x)

        def curvature(theta):
            return penalty * np.eye(len(theta)) + cls.from_parameters(theta)._covariance()

        start = np.zeros(N * (N + 1) // 2)
        fit = newton(loss, slope, curvature, start, tolerance=tolerance, max_steps=max_steps)
        if not fit.converged:
            reason = fit.reason + (f"; the likelihood may grow {grows}" if grows else "")
            fit = replace(fit, reason=reason)
            warnings.warn(f"Ising.fit: {reason}", ConvergenceWarning, stacklevel=2)
        return replace(fit, model=cls.from_parameters(fit.model))

    def _data_side(self, x: ArrayLike) -> tuple[float, Array]:
        """Mean over the rows of the log of the weight that agrees with one, and of the statistics.

        In a row with missing spins these form a machine of their own, in the field of the others.
        """
        x = as_recorded_spins(x, self.n_spins)
        gaps = np.isnan(x).any(axis=1)
        total = np.zeros(len(self.parameters))
        if not gaps.all():
            total += statistics(x[~gaps]).sum(axis=0)
        log_weight = total @ self.parameters
        for row in x[gaps]:
            missing = np.isnan(row)
            seen = np.where(missing, 0.0, row)
            log_partition, mean, pairs = self._missing(row).moments()
            first = seen.copy()
            first[missing] = mean
            second = np.outer(first, first)  # right where at least one of two spins is fixed
            second[np.ix_(missing, missing)] = pairs
            total += _flat(first, second)
            log_weight += 0.5 * seen @ self.J @ seen + self.h @ seen + log_partition
        return float(log_weight / len(x)), total / len(x)

    def _missing(self, row: Array) -> "Ising":
        seen = ~np.isnan(row)
        fields = self.h[~seen] + self.J[np.ix_(~seen, seen)] @ row[seen]
        return Ising(self.J[np.ix_(~seen, ~seen)], fields)

    def _covariance(self) -> Array:
        """Covariance of the statistics, shape (D, D)."""
        return _covariance(enumeration.ising_chunks(self.J, self.h))

    def _covariance_given(self, row: Array) -> Array:
        """Covariance of the statistics of the states that agree with a row."""
        rest, missing = self._missing(row), np.isnan(row)

        def filled():
            for states, probabilities in enumeration.ising_chunks(rest.J, rest.h):
                whole = np.tile(row, (len(states), 1))
                whole[:, missing] = states
                yield whole, probabilities

        return _covariance(filled())


def statistics(x: ArrayLike) -> Array:
    r"""Statistics of a state: what the parameters of an Ising machine multiply.

    .. math:: \varphi(x) = (x_1, \dots, x_N, x_1 x_2, x_1 x_3, \dots, x_{N-1} x_N)

    Parameters
    ----------
    x : array_like, shape (n, N), or (n,) for N = 1
        Spins, -1 or 1.

    Returns
    -------
    ndarray, shape (n, D)
        D = N(N+1)/2, in the order of `Ising.parameters`.

    Raises
    ------
    ValueError
        If x holds another number.

    Notes
    -----
    Eq. (2.28). Source: O. Barndorff-Nielsen, *Information and Exponential Families* (1978).

    Examples
    --------
    >>> statistics([[1, -1, -1]])
    array([[ 1., -1., -1., -1., -1.,  1.]])
    """
    x = as_spins(x)
    k, m = np.triu_indices(x.shape[1], 1)
    return np.concatenate([x, x[:, k] * x[:, m]], axis=1)


def lipschitz_constant(n_spins: int) -> float:
    r"""Largest curvature that the loss of any Ising machine of N spins can have anywhere.

    .. math:: L = \max_m m(N - m + 1) = \Bigl\lfloor \frac{(N+1)^2}{4} \Bigr\rfloor

    The curvature is a variance, and a variance is at most a quarter of the squared range. No
    smaller number will do for all parameters.

    Parameters
    ----------
    n_spins : int
        Number of spins.

    Returns
    -------
    float
        Bound on the eigenvalues of minus `Ising.log_likelihood_hessian` for data with nothing
        missing, in the units of `Ising.parameters`.

    Raises
    ------
    ValueError
        If `n_spins` is not a positive integer.

    Notes
    -----
    Eq. (2.47a) and Eq. (2.47c). Source: T. Popoviciu, Mathematica (Cluj) 9 (1935) 129.

    Examples
    --------
    >>> lipschitz_constant(9)
    25.0
    """
    return float((as_size("n_spins", n_spins) + 1) ** 2 // 4)


def recession_direction(x: ArrayLike) -> Array | None:
    r"""Direction in which the likelihood of data grows for ever, if there is one.

    .. math:: \delta \cdot \varphi(x_i) = \max_x \delta \cdot \varphi(x) \quad \text{for all } i,
              \qquad \delta \cdot \varphi \text{ not constant}

    Parameters
    ----------
    x : array_like, shape (n, N), or (n,) for N = 1
        Spins, -1 or 1; at most `MAX_RECESSION` of them. NaN marks one that was not recorded: of
        such a row one completion must reach the maximum.

    Returns
    -------
    ndarray of shape (D,), or None
        None when the data have a finite maximum-likelihood fit, which is then unique if nothing
        is missing. Otherwise a direction whose largest entry is 1 in size; if nothing is
        missing no finite fit exists, with missing spins it may be so.

    Raises
    ------
    ValueError
        If x is not as above.

    Notes
    -----
    The case in which Eq. (2.31) and Eq. (2.32) have no solution: the data's mean of the
    statistics lies on the boundary of all their possible means. Found by linear programming
    over the 2**N states. Source: C. J. Geyer, Electron. J. Stat. 3 (2009) 259.

    Examples
    --------
    >>> recession_direction([[1, 1], [-1, -1], [1, 1]]).round(6)
    array([0., 0., 1.])
    >>> recession_direction([[1, 1], [-1, -1], [1, -1], [-1, 1]]) is None
    True
    """
    x = as_recorded_spins(x)
    N = x.shape[1]
    if N > MAX_RECESSION:
        raise ValueError(
            f"x: expected at most {MAX_RECESSION} spins, got {N}: the linear programme would have "
            f"2**{N} rows"
        )
    rows = np.unique(x, axis=0)
    complete = ~np.isnan(rows).any(axis=1)
    states = enumeration.float_states(N)
    completions = [
        statistics(states[(np.isnan(r) | (states == r)).all(1)]) for r in rows[~complete]
    ]
    seen = list(statistics(rows[complete])) if complete.any() else []
    return _recession(statistics(states), seen, completions)


def _recession(possible: Array, seen: list[Array], completions: list[Array]) -> Array | None:
    """Find a direction for what was seen, then for one completion of each other row."""
    direction = _furthest(possible, seen) if seen else None
    if seen and direction is None:
        return None
    for choices in completions:
        if not seen or (choices @ direction).max() < (possible @ direction).max() - 1e-6:
            tried = (_recession(possible, [*seen, choice], completions) for choice in choices)
            return next((found for found in tried if found is not None), None)
    return direction


def _furthest(possible: Array, seen: list[Array]) -> Array | None:
    """Solve for the direction along which all that was seen lies foremost, and equally far."""
    first, D = seen[0], possible.shape[1]
    others = np.array(seen)[1:] - first
    # The statistics sum to 0 over all states, so first @ direction is the mean distance from
    # it to all states. The direction is u - v; a small price on u + v keeps it short.
    search = linprog(
        np.concatenate([-first, first]) + 1e-3,
        A_ub=np.hstack([possible - first, first - possible]),
        b_ub=np.zeros(len(possible)),
        A_eq=np.hstack([others, -others]) if len(others) else None,
        b_eq=np.zeros(len(others)) if len(others) else None,
        bounds=(0.0, 1.0),
    )
    if search.status != 0:
        raise RuntimeError(f"recession_direction: the linear programme failed: {search.message}")
    direction = search.x[:D] - search.x[D:]
    # the largest entry is 1, or all are 0
    return direction.round(12) + 0.0 if np.abs(direction).max() > 0.5 else None


def _in_words(direction: Array, N: int) -> str:
    """Name the parameters that move along a direction."""
    names = [f"h[{k}]" for k in range(N)]
    names += [f"J[{k}, {m}]" for k, m in zip(*np.triu_indices(N, 1), strict=True)]
    moved = [(part, name) for part, name in zip(direction, names, strict=True) if part != 0]
    factors = ["" if abs(part) == 1 else f"{abs(part):.3g} " for part, _ in moved]
    signs = ["-" if part < 0 else "+" for part, _ in moved]
    return " ".join(f"{s} {f}{n}" for s, f, (_, n) in zip(signs, factors, moved, strict=True))


def _flat(first: Array, second: Array) -> Array:
    """Mean statistics, in the order of the parameters."""
    return np.concatenate([first, second[np.triu_indices(len(first), 1)]])


def _covariance(chunks) -> Array:
    """Covariance of the statistics over chunks of states with their probabilities."""
    mean, square = 0.0, 0.0
    for states, probabilities in chunks:
        phi = statistics(states)
        mean = mean + probabilities @ phi
        square = square + phi.T @ (probabilities[:, np.newaxis] * phi)
    return square - np.outer(mean, mean)


def _runs(values: NDArray[np.int64]) -> tuple[NDArray, NDArray, NDArray]:
    """Runs of equal entries in a sorted array: value, first position, length."""
    return np.unique(values, return_index=True, return_counts=True)
