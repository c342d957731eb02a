"""The Gaussian distribution in any number of dimensions, and learning it from data."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_triangular

from boltzlib._accurate import difference, refined_solve, residual, x_minus_log1p
from boltzlib._validation import (
    as_batch,
    as_real_array,
    as_size,
    as_symmetric_matrix,
    check_rng,
    frozen_copy,
)

__all__ = ["Gaussian"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, init=False)
class Gaussian:
    r"""Gaussian distribution with given mean and covariance.

    .. math:: q(x) = \frac1{\sqrt{(2\pi)^N \det\Sigma}}
              \exp\Bigl(-\tfrac12 (x-\mu)^\top \Sigma^{-1} (x-\mu)\Bigr)

    Parameters
    ----------
    mean : array_like, shape (N,), or a number when N = 1
        :math:`\mu`, in the unit of x.
    covariance : array_like, shape (N, N), or a number when N = 1
        :math:`\Sigma`, in the square of that unit: for N = 1 the *variance*
        :math:`\sigma^2`, not the standard deviation. Symmetric up to 1e-12 of its largest
        entry (the mean with its transpose is kept) and positive definite.

    Raises
    ------
    ValueError
        If a number is not finite, the shapes do not fit, or the covariance is not
        symmetric or not positive definite.

    Notes
    -----
    Eq. (2.24); for N = 1 Eq. (2.13). Source: C. M. Bishop, *Pattern Recognition and
    Machine Learning* (2006), section 2.3.

    Data have shape (n, N); for N = 1 also (n,). Results for n points have shape (n,), and
    `sample` returns (n, N) always.

    Accuracy. `log_prob`, `mahalanobis_squared`, `energy`, `entropy` and `kl_divergence`
    are within 1e-12 of the exact value for the given floats, for condition numbers of the
    covariance up to 1e8 and offsets (mean and x far from 0) up to 1e6. The error is
    relative to the largest term where a sum of terms of both signs passes through zero:
    `log_prob` is energy plus log det plus a constant. Beyond, the error grows with the
    condition number: below 1e-11 at 1e12, below 1e-9 at 1e14. No inverse is taken: a
    Cholesky factor is corrected by its own residual, see `boltzlib._accurate`. Nothing
    overflows before the squared distance itself does, at 1e154 standard deviations; there
    `log_prob` is -inf.

    Examples
    --------
    >>> q = Gaussian([0.0, 0.0], [[2.0, 1.0], [1.0, 2.0]])
    >>> q.log_prob([[0.0, 0.0], [1.0, -1.0]]).round(6)
    array([-2.387183, -3.387183])
    """

    mean: Array
    covariance: Array
    # Sigma = L (1 + F) L^T with 1 + F = C C^T: F is the rounding of the factor L
    _L: Array = field(init=False, repr=False)
    _C: Array = field(init=False, repr=False)

    def __init__(self, mean: ArrayLike, covariance: ArrayLike) -> None:
        mu = np.atleast_1d(as_real_array("mean", mean))
        if mu.ndim != 1:
            raise ValueError(f"mean: expected shape (N,) or a number, got {mu.shape}")
        sigma = as_real_array("covariance", covariance)
        sigma = as_symmetric_matrix("covariance", sigma.reshape(1, 1) if sigma.ndim == 0 else sigma)
        if len(sigma) != len(mu):
            raise ValueError(
                f"covariance: expected shape ({len(mu)}, {len(mu)}) to go with mean, "
                f"got {sigma.shape}"
            )
        try:
            L = np.linalg.cholesky(sigma)
            F = _congruence(L, residual(sigma, L, L.T))
            C = np.linalg.cholesky(np.eye(len(L)) + F)
        except np.linalg.LinAlgError as error:
            eigenvalues = np.linalg.eigvalsh(sigma)
            raise ValueError(
                "covariance: expected a positive definite matrix, got smallest eigenvalue "
                f"{eigenvalues[0]:.3g} (largest {eigenvalues[-1]:.3g})"
            ) from error
        for name, array in (("mean", mu), ("covariance", sigma), ("_L", L), ("_C", C)):
            object.__setattr__(self, name, frozen_copy(array))

    @property
    def dimension(self) -> int:
        """Number N of components of x."""
        return len(self.mean)

    @classmethod
    def fit(cls, x: ArrayLike) -> "Gaussian":
        r"""Maximum-likelihood fit: mean and covariance of the data.

        .. math:: \mu = \frac1n \sum_{i=1}^n x_i, \qquad
                  \Sigma = \frac1n \sum_{i=1}^n (x_i - \mu)(x_i - \mu)^\top

        The divisor is n. The covariance is therefore biased, by the factor (n - 1)/n in
        expectation.

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1
            Data, n > N. They are centred before anything is squared, so that an offset
            costs nothing but the digits it takes from the data themselves.

        Returns
        -------
        Gaussian

        Raises
        ------
        ValueError
            If the data are not finite, or their covariance is singular: n <= N, a column
            that is constant, or columns that are linearly dependent. Then no maximum
            exists, the likelihood grows without bound. Constant and dependent are meant
            up to the rounding of data and covariance: a standard deviation below about
            1e-15 N of the mean, or an eigenvalue of the correlation matrix below about
            1e-15 N (more where an offset has taken digits).

        Notes
        -----
        Eq. (2.15) and Eq. (2.16) for N = 1, Eq. (2.26) and Eq. (2.27) for any N.
        Source: T. F. Chan, G. H. Golub, R. J. LeVeque, Am. Stat. 37 (1983) 242 (the
        corrected two-pass algorithm).

        Examples
        --------
        >>> q = Gaussian.fit([1.0, 2.0, 6.0])
        >>> q.mean, q.covariance.round(6)
        (array([3.]), array([[4.666667]]))
        """
        x = as_batch("x", x)
        n, N = x.shape
        if n <= N:
            raise ValueError(
                f"x: expected more samples than dimensions, got n = {n} and N = {N}: n points "
                "span at most n - 1 directions, so the covariance is singular; use more "
                "samples or fewer dimensions"
            )
        with np.errstate(over="ignore", invalid="ignore"):
            rounded = x.mean(axis=0)
            centred = x - rounded
            rest = centred.mean(axis=0)  # what the rounding of the mean left
            centred = centred - rest
            covariance = centred.T @ centred / n
        if not np.isfinite(covariance).all():
            raise ValueError(
                f"x: expected data whose squares do not overflow, got up to {np.abs(x).max():.3g}"
            )
        _check_full_rank(rounded, centred, covariance)
        return cls(rounded + rest, covariance)

    def mahalanobis_squared(self, x: ArrayLike) -> Array:
        r"""Squared Mahalanobis distance from the mean.

        .. math:: (x - \mu)^\top \Sigma^{-1} (x - \mu)

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1

        Returns
        -------
        ndarray, shape (n,)
            No unit: squared number of standard deviations.

        Raises
        ------
        ValueError
            If x has the wrong shape or is not finite.

        Notes
        -----
        The form in the exponent of Eq. (2.18); for N = 1 of Eq. (2.11). Accuracy as
        stated for the class. Source: as the class.

        Examples
        --------
        >>> Gaussian([0.0, 0.0], [[4.0, 0.0], [0.0, 1.0]]).mahalanobis_squared([[2.0, 2.0]])
        array([5.])
        """
        return _squared_norm(self._whiten(as_batch("x", x, self.dimension)))

    def energy(self, x: ArrayLike) -> Array:
        r"""Energy: minus the exponent of the density.

        .. math:: E(x) = \tfrac12 (x - \mu)^\top \Sigma^{-1} (x - \mu), \qquad
                  \ln q(x) = -E(x) - \ln Z

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1

        Returns
        -------
        ndarray, shape (n,)

        Raises
        ------
        ValueError
            If x has the wrong shape or is not finite.

        Notes
        -----
        Eq. (2.18) in the form of Eq. (2.4). Source: as the class.

        Examples
        --------
        >>> Gaussian(1.0, 4.0).energy([5.0])
        array([2.])
        """
        return 0.5 * self.mahalanobis_squared(x)

    def log_partition(self) -> float:
        r"""Log of the normaliser Z that belongs to `energy`.

        .. math:: \ln Z = \tfrac12 \ln\bigl((2\pi)^N \det\Sigma\bigr)

        Returns
        -------
        float
            Nats.

        Notes
        -----
        Eq. (2.23); for N = 1 Eq. (2.12). Source: as the class.

        Examples
        --------
        >>> round(Gaussian(0.0, 1.0).log_partition(), 6)
        0.918939
        """
        log_det = 2.0 * (np.log(np.diag(self._L)).sum() + np.log(np.diag(self._C)).sum())
        return float(0.5 * (self.dimension * np.log(2.0 * np.pi) + log_det))

    def log_prob(self, x: ArrayLike) -> Array:
        r"""Log density.

        .. math:: \ln q(x) = -\tfrac12 (x-\mu)^\top \Sigma^{-1} (x-\mu)
                  - \tfrac12 \ln\bigl((2\pi)^N \det\Sigma\bigr)

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1

        Returns
        -------
        ndarray, shape (n,)
            Nats. Accuracy as stated for the class.

        Raises
        ------
        ValueError
            If x has the wrong shape or is not finite.

        Notes
        -----
        The logarithm of Eq. (2.24); for N = 1 of Eq. (2.13). Source: as the class.

        Examples
        --------
        >>> Gaussian(0.0, 1.0).log_prob([0.0, 1.0, 2.0]).round(6)
        array([-0.918939, -1.418939, -2.918939])
        """
        return -self.energy(x) - self.log_partition()

    def score(self, x: ArrayLike) -> Array:
        r"""Score: the gradient of the log density **with respect to x**.

        .. math:: \nabla_x \ln q(x) = -\Sigma^{-1} (x - \mu)

        This is *not* scikit-learn's `score`, which is an average log-likelihood (here
        `boltzlib.divergence.average_log_likelihood`), and not the statistician's score,
        which is a gradient with respect to the parameters.

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1

        Returns
        -------
        ndarray, the shape of x
            In units of 1/x.

        Raises
        ------
        ValueError
            If x has the wrong shape or is not finite, or the score overflows.

        Notes
        -----
        The gradient of Eq. (2.24) by Eq. (8.91).
        Source: A. Hyvärinen, J. Mach. Learn. Res. 6 (2005) 695.

        Examples
        --------
        >>> Gaussian(1.0, 4.0).score([1.0, 3.0])
        array([-0. , -0.5])
        """
        y = self._whiten(as_batch("x", x, self.dimension))
        y = solve_triangular(self._C.T, y, check_finite=False)
        with np.errstate(over="ignore", invalid="ignore"):
            z = solve_triangular(self._L.T, y, check_finite=False)
        if not np.isfinite(z).all():
            raise ValueError(
                "x: expected points at which the score does not overflow, got one at which it "
                f"does, row {int(np.flatnonzero(~np.isfinite(z).all(axis=0))[0])}"
            )
        return -z.T.reshape(np.shape(x))

    def entropy(self) -> float:
        r"""Differential entropy.

        .. math:: H(q) = -\int dx\, q(x) \ln q(x)
                  = \tfrac12 \ln\bigl((2\pi)^N \det\Sigma\bigr) + \tfrac N2

        Returns
        -------
        float
            Nats, relative to the unit of volume of x: it can be negative.

        Notes
        -----
        From Eq. (2.24). Source: T. M. Cover and J. A. Thomas, *Elements of Information
        Theory*, 2nd ed. (2006), ch. 8.

        Examples
        --------
        >>> round(Gaussian(0.0, 1.0).entropy(), 6)
        1.418939
        """
        return self.log_partition() + 0.5 * self.dimension

    def kl_divergence(self, other: "Gaussian") -> float:
        r"""Kullback-Leibler divergence of another Gaussian q from this one, p.

        .. math:: D(p \| q) = \tfrac12 \Bigl[ \mathrm{tr}(\Sigma_q^{-1}\Sigma_p) - N
                  - \ln\frac{\det\Sigma_p}{\det\Sigma_q}
                  + (\mu_p - \mu_q)^\top \Sigma_q^{-1} (\mu_p - \mu_q) \Bigr]

        For nearly equal covariances the first three terms cancel. They are then taken
        together, as the sum of :math:`e - \ln(1 + e)` over the eigenvalues e of
        :math:`\Sigma_q^{-1}\Sigma_p - 1`.

        Parameters
        ----------
        other : Gaussian
            q, of the same dimension.

        Returns
        -------
        float
            Nats; never negative, 0 for equal parameters. Accuracy as stated for the
            class, also for nearly equal p and q.

        Raises
        ------
        ValueError
            If `other` is not a Gaussian of the same dimension.

        Notes
        -----
        Eq. (2.6) with an integral, for two densities of Eq. (2.24).
        Source: as the class.

        Examples
        --------
        >>> p, q = Gaussian(0.0, 1.0), Gaussian(1.0, 4.0)
        >>> round(p.kl_divergence(q), 6), round(q.kl_divergence(p), 6)
        (0.443147, 1.306853)
        """
        if not isinstance(other, Gaussian) or other.dimension != self.dimension:
            got = getattr(other, "dimension", type(other).__name__)
            raise ValueError(f"other: expected a Gaussian with N = {self.dimension}, got {got}")
        distance = _squared_norm(other._whiten(self.mean[np.newaxis]))[0]
        with np.errstate(over="ignore", invalid="ignore"):
            change = _congruence(other._L, *difference(self.covariance, other.covariance))
            near = np.sum(change**2) <= 0.5  # False also where it overflows
        if near:
            change = _solve(other._C, _solve(other._C, change).T)
            eigenvalues = np.linalg.eigvalsh(change)  # reads the lower triangle
            spread = x_minus_log1p(eigenvalues).sum()
        else:
            with np.errstate(over="ignore", invalid="ignore"):
                factor, correction = refined_solve(other._L, self._L)
                factor = _solve(other._C, (factor + correction) @ self._C)
            log_ratios = np.log(np.diag(self._L) / np.diag(other._L))
            log_ratios += np.log(np.diag(self._C) / np.diag(other._C))
            spread = _squared_norm(factor).sum() - self.dimension - 2.0 * log_ratios.sum()
        return float(0.5 * (spread + distance))

    def sample(self, size: int, *, rng: np.random.Generator) -> Array:
        r"""Draw independent samples.

        .. math:: x = \mu + L z, \qquad L L^\top = \Sigma, \quad z \sim N(0, 1)

        Parameters
        ----------
        size : int
            Number of samples, at least 1.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray, shape (size, N), also for N = 1

        Raises
        ------
        ValueError
            If `size` is not a positive integer or `rng` is not a Generator.

        Notes
        -----
        Distributed as Eq. (2.24). Source: as the class.

        Examples
        --------
        >>> Gaussian([0.0, 10.0], [[1.0, 0.0], [0.0, 4.0]]).sample(
        ...     5, rng=np.random.default_rng(1)).shape
        (5, 2)
        """
        noise = check_rng(rng).standard_normal((as_size("size", size), self.dimension))
        return self.mean + noise @ self._L.T

    def _whiten(self, x: Array) -> Array:
        """Return C^-1 L^-1 (x - mean) for each row of x, as columns."""
        with np.errstate(over="ignore", invalid="ignore"):
            high, low = difference(x, self.mean)
            y, correction = refined_solve(self._L, high.T, low.T)
            return _solve(self._C, y + correction)


def _solve(lower: Array, b: Array) -> Array:
    """Solve lower @ y = b."""
    return solve_triangular(lower, b, lower=True, check_finite=False)


def _congruence(L: Array, high: Array, low: Array | float = 0.0) -> Array:
    """Return L^-1 (high + low) L^-T for a symmetric matrix given in two parts."""
    high, low = refined_solve(L, high, low)
    high, low = refined_solve(L, high.T, low.T)
    return high + low


def _squared_norm(y: Array) -> Array:
    """Return the squared length of each column; +inf where it overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.nan_to_num(np.einsum("kn,kn->n", y, y), nan=np.inf, posinf=np.inf)


def _check_full_rank(mean: Array, centred: Array, covariance: Array) -> None:
    """Raise if the covariance of the data is singular up to rounding."""
    n, N = centred.shape
    small = 4.0 * N * np.finfo(np.float64).eps
    offset, deviation = np.abs(mean), np.sqrt(np.diag(covariance))
    constant = np.flatnonzero(deviation <= small * offset)
    if constant.size:
        raise ValueError(
            f"x: expected columns that vary, got constant column(s) {constant.tolist()} "
            f"(n = {n}, N = {N}): the covariance is singular; leave them out"
        )
    # singular values of the columns scaled to variance 1: squared, the eigenvalues of the
    # correlation matrix. Rounding moves the data by eps * offset and an eigenvalue by eps.
    values = np.linalg.svd(centred / deviation, compute_uv=False) / np.sqrt(n)
    floor = max(np.sqrt(small), small * (offset / deviation).max())
    rank = int(np.sum(values > floor))
    if rank < N:
        raise ValueError(
            f"x: expected linearly independent columns, got n = {n}, N = {N} and rank {rank} "
            f"after centring: the covariance is singular; leave out {N - rank} column(s) or "
            "use principal components"
        )
