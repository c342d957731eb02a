"""Mixtures of Gaussians, and learning them by EM: in one piece, in chunks, from several starts."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_triangular

from boltzlib import latent
from boltzlib._quadratic_features import QuadraticForm
from boltzlib._validation import (
    as_batch,
    as_nonnegative,
    as_probabilities,
    as_real_array,
    as_rows_of_probabilities,
    as_size,
    as_symmetric_matrix,
    check_rng,
    frozen_copy,
    refuse_masked,
)
from boltzlib.descent import ConvergenceWarning, Fit

__all__ = [
    "DegenerateComponent",
    "GaussianMixture",
    "SufficientStatistics",
    "e_step",
    "fit_em",
    "kmeans_plus_plus_start",
    "m_step",
    "random_start",
]

Array = NDArray[np.float64]

_CHUNK = 1536  # samples that are worked on at a time: their features stay in the cache


class DegenerateComponent(ValueError):
    """A component has lost its samples, or its covariance is singular: no step leads on.

    Raised by `m_step`, Eq. (3.53). Attribute ``component`` says which one, counted from 0.
    """

    def __init__(self, component: int, message: str) -> None:
        self.component = component  # `args` holds both: they are what it is pickled as

    def __str__(self) -> str:
        return f"component {self.args[0]}: {self.args[1]}"


@dataclass(frozen=True, eq=False, init=False)
class GaussianMixture:
    r"""Weighted sum of K Gaussians.

    .. math:: q(x) = \sum_{k=1}^K \frac{C_k}{\sqrt{(2\pi)^N \det\Sigma_k}}
              \exp\Bigl(-\tfrac12 (x-\mu_k)^\top \Sigma_k^{-1} (x-\mu_k)\Bigr)

    Parameters
    ----------
    weights : array_like, shape (K,)
        :math:`C_k \ge 0`, with the sum 1.
    means : array_like, shape (K, N), or (K,) for N = 1
        :math:`\mu_k`, in the unit of x.
    covariances : array_like, shape (K, N, N), or (K,) for N = 1
        :math:`\Sigma_k`, in the square of that unit: for N = 1 *variances*. Each symmetric and
        positive definite.

    Raises
    ------
    ValueError
        If a number is not finite, the shapes do not fit, the weights are not probabilities with
        the sum 1, or a covariance is not symmetric or not positive definite.

    Notes
    -----
    Eq. (3.48). Source: G. J. McLachlan and D. Peel, *Finite Mixture Models* (2000).

    Data have shape (n, N); for N = 1 also (n,). Densities are handled as logarithms, so that
    nothing underflows: a point a thousand standard deviations from all components still has its
    responsibilities.

    Accuracy. The error grows with the condition number of the covariances, as of plain Cholesky
    factors: relative to the largest term of a log density it is within 5e-12 at a condition of
    1e4 and 3e-8 at 1e8. Scales from 1e-5 to 1e5 in one mixture and an offset of the data of 1e6
    cost nothing. (`boltzlib.gaussian.Gaussian` corrects its factors and is slower.)

    Examples
    --------
    >>> q = GaussianMixture([0.5, 0.5], [-1.0, 1.0], [0.25, 0.25])
    >>> q.log_prob([0.0, 1.0]).round(6)
    array([-2.225791, -0.918603])
    """

    weights: Array
    means: Array
    covariances: Array
    _roots: Array = field(init=False, repr=False)  # Cholesky factors, lower triangular
    _offsets: Array = field(init=False, repr=False)  # ln C_k - ln det(2 pi Sigma_k) / 2

    def __init__(self, weights: ArrayLike, means: ArrayLike, covariances: ArrayLike) -> None:
        C = as_probabilities("weights", as_real_array("weights", weights, ndim=1))
        mu = as_batch("means", means)
        K, N = mu.shape
        if len(C) != K:
            raise ValueError(f"weights: expected one for each of {K} means, got {len(C)}")
        sigma = as_real_array("covariances", covariances)
        sigma = sigma.reshape(K, 1, 1) if N == 1 and sigma.shape == (K,) else sigma
        if sigma.shape != (K, N, N):
            raise ValueError(
                f"covariances: expected shape ({K}, {N}, {N}) to go with means, got {sigma.shape}"
            )
        sigma = _symmetric(sigma)
        roots = _roots_of(sigma)
        half_log_det = np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
        with np.errstate(divide="ignore"):
            offsets = np.log(C) - half_log_det - 0.5 * N * np.log(2.0 * np.pi)
        for name, array in (
            ("weights", C),
            ("means", mu),
            ("covariances", sigma),
            ("_roots", roots),
            ("_offsets", offsets),
        ):
            object.__setattr__(self, name, frozen_copy(array))

    @property
    def n_components(self) -> int:
        """Number K of components."""
        return len(self.weights)

    @property
    def dimension(self) -> int:
        """Number N of entries of x."""
        return self.means.shape[1]

    @property
    def n_parameters(self) -> int:
        """Number of free parameters, of (K - 1) weights, K N means, K N (N + 1) / 2 covariances."""
        K, N = self.means.shape
        return K - 1 + K * N + K * N * (N + 1) // 2

    def joint_log_prob(self, x: ArrayLike) -> Array:
        r"""Log density of x together with the hidden label.

        .. math:: \ln q(x_i, z = k) = \ln C_k + \ln \mathcal N(x_i; \mu_k, \Sigma_k)

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1

        Returns
        -------
        ndarray, shape (n, K)
            Nats; -inf for a component of weight 0.

        Raises
        ------
        ValueError
            If x has the wrong shape or a number is not finite.

        Notes
        -----
        Eq. (3.59). Source: as the class.

        Examples
        --------
        >>> q = GaussianMixture([0.5, 0.5], [-1.0, 1.0], [0.25, 0.25])
        >>> q.joint_log_prob([0.0]).round(6)
        array([[-2.918939, -2.918939]])
        """
        x = as_batch("x", x, self.dimension)
        joint = np.empty((len(x), self.n_components))
        for start in range(0, len(x), _CHUNK):
            part = slice(start, start + _CHUNK)
            joint[part] = self._joint(x[part]).T
        return joint

    def log_prob(self, x: ArrayLike) -> Array:
        r"""Log density at each point.

        .. math:: \ln q(x) = \ln \sum_k C_k\, \mathcal N(x; \mu_k, \Sigma_k)

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1

        Returns
        -------
        ndarray, shape (n,)
            Nats, for x in its unit.

        Raises
        ------
        ValueError
            As `joint_log_prob`.

        Notes
        -----
        Eq. (3.48). Source: as the class.

        Examples
        --------
        >>> GaussianMixture([0.5, 0.5], [0.0, 3.0], [1.0, 1.0]).log_prob([1e3]).round(1)
        array([-497006.1])
        """
        return latent.evidence(self.joint_log_prob(x))

    def log_likelihood(self, x: ArrayLike) -> float:
        r"""Average log-likelihood of data.

        .. math:: \ell = \frac1n \sum_{i=1}^n \ln q(x_i)

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1

        Returns
        -------
        float
            Nats per sample.

        Raises
        ------
        ValueError
            As `joint_log_prob`.

        Notes
        -----
        Eq. (3.50). Source: as the class.

        Examples
        --------
        >>> round(GaussianMixture([1.0], [0.0], [1.0]).log_likelihood([1.0, -1.0]), 6)
        -1.418939
        """
        return float(self.log_prob(x).mean())

    def responsibilities(self, x: ArrayLike) -> Array:
        r"""Probability of each component given a point.

        .. math:: \gamma_{ik} = \frac{C_k\, \mathcal N(x_i; \mu_k, \Sigma_k)}
                  {\sum_l C_l\, \mathcal N(x_i; \mu_l, \Sigma_l)}

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1

        Returns
        -------
        ndarray, shape (n, K)
            Rows sum to 1.

        Raises
        ------
        ValueError
            As `joint_log_prob`; or if a point is so far off (1e154 standard deviations) that even
            the logarithms of all densities overflow.

        Notes
        -----
        Eq. (3.51a) and Eq. (3.69). Source: as the class.

        Examples
        --------
        >>> q = GaussianMixture([0.5, 0.5], [-1.0, 1.0], [0.25, 0.25])
        >>> q.responsibilities([0.0, 0.25]).round(6)
        array([[0.5     , 0.5     ],
               [0.119203, 0.880797]])
        """
        return _posterior(self.joint_log_prob(x))

    def score(self, x: ArrayLike) -> Array:
        r"""Gradient of the log density with respect to x, **not** a figure of merit.

        .. math:: \nabla_x \ln q(x) = \sum_k \gamma_k(x)\, \Sigma_k^{-1} (\mu_k - x)

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1

        Returns
        -------
        ndarray, the shape of x
            In the inverse unit of x.

        Raises
        ------
        ValueError
            As `responsibilities`.

        Notes
        -----
        Eq. (3.57c). Source: A. Hyvärinen, J. Mach. Learn. Res. 6 (2005) 695.

        Examples
        --------
        >>> q = GaussianMixture([0.5, 0.5], [-1.0, 1.0], [0.25, 0.25])
        >>> q.score([0.0, 1.0]).round(6)
        array([ 0.      , -0.002683])
        """
        shape = np.shape(x)
        x = as_batch("x", x, self.dimension)
        gamma = self.responsibilities(x)
        total = np.zeros_like(x)
        for k, (mu, root) in enumerate(zip(self.means, self._roots, strict=True)):
            with np.errstate(over="ignore"):
                whitened = solve_triangular(root, (mu - x).T, lower=True, check_finite=False)
            pull = solve_triangular(root, whitened, lower=True, trans="T", check_finite=False)
            share = gamma[:, k : k + 1]
            total += np.multiply(share, pull.T, out=np.zeros_like(x), where=share > 0.0)
        return total.reshape(shape)

    def sample(self, size: int, *, rng: np.random.Generator) -> Array:
        r"""Independent samples.

        .. math:: z \sim C, \qquad x \sim \mathcal N(\mu_z, \Sigma_z)

        Parameters
        ----------
        size : int
            Number n of samples.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray, shape (n, N)

        Raises
        ------
        ValueError
            If `size` is not a positive integer or `rng` is not a Generator.

        Notes
        -----
        Eq. (3.58): the hidden label is drawn and forgotten. Source: as the class.

        Examples
        --------
        >>> q = GaussianMixture([0.5, 0.5], [-1.0, 1.0], [1e-4, 1e-4])
        >>> q.sample(4, rng=np.random.default_rng(1)).round(1).ravel().tolist()
        [1.0, 1.0, -1.0, 1.0]
        """
        return self.sample_joint(size, rng=rng)[1]

    def sample_joint(self, size: int, *, rng: np.random.Generator) -> tuple[NDArray, Array]:
        r"""Independent samples with their hidden labels.

        .. math:: z \sim C, \qquad x \sim \mathcal N(\mu_z, \Sigma_z)

        Parameters
        ----------
        size : int
            Number n of samples.
        rng : numpy.random.Generator

        Returns
        -------
        labels : ndarray of int, shape (n,)
            Components, counted from 0.
        samples : ndarray, shape (n, N)

        Raises
        ------
        ValueError
            As `sample`.

        Notes
        -----
        Eq. (3.59). Source: as the class.

        Examples
        --------
        >>> q = GaussianMixture([0.5, 0.5], [-1.0, 1.0], [1e-4, 1e-4])
        >>> labels, samples = q.sample_joint(4, rng=np.random.default_rng(1))
        >>> labels.tolist(), samples.round(1).ravel().tolist()
        ([1, 1, 0, 1], [1.0, 1.0, -1.0, 1.0])
        """
        size, rng = as_size("size", size), check_rng(rng)
        labels = rng.choice(self.n_components, size=size, p=self.weights)
        samples = rng.standard_normal((size, self.dimension))
        for k in range(self.n_components):
            mine = labels == k
            samples[mine] = self.means[k] + samples[mine] @ self._roots[k].T
        return labels, samples

    def bic(self, x: ArrayLike) -> float:
        r"""Bayesian information criterion; the smaller, the better.

        .. math:: \mathrm{BIC} = -2 \sum_i \ln q(x_i) + P \ln n

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1
            The data that the mixture was fitted to.

        Returns
        -------
        float
            P is `n_parameters`.

        Raises
        ------
        ValueError
            As `joint_log_prob`.

        Notes
        -----
        Eq. (3.57b). Source: G. Schwarz, Ann. Stat. 6 (1978) 461.

        Examples
        --------
        >>> round(GaussianMixture([1.0], [0.0], [1.0]).bic([1.0, -1.0]), 6)
        7.062048
        """
        log_q = self.log_prob(x)
        return float(-2.0 * log_q.sum() + self.n_parameters * np.log(len(log_q)))

    def aic(self, x: ArrayLike) -> float:
        r"""Akaike's information criterion; the smaller, the better.

        .. math:: \mathrm{AIC} = -2 \sum_i \ln q(x_i) + 2 P

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1
            The data that the mixture was fitted to.

        Returns
        -------
        float
            P is `n_parameters`.

        Raises
        ------
        ValueError
            As `joint_log_prob`.

        Notes
        -----
        Eq. (3.57b). Source: H. Akaike, IEEE Trans. Autom. Control 19 (1974) 716.

        Examples
        --------
        >>> round(GaussianMixture([1.0], [0.0], [1.0]).aic([1.0, -1.0]), 6)
        9.675754
        """
        return float(-2.0 * self.log_prob(x).sum() + 2.0 * self.n_parameters)

    def maximised(
        self, x: ArrayLike, responsibilities: ArrayLike, *, covariance_floor: float = 0.0
    ) -> GaussianMixture:
        r"""Mixture with the largest Q function for given responsibilities.

        .. math:: \mu_k = \frac{\sum_i \gamma_{ik} x_i}{\sum_i \gamma_{ik}}, \qquad
                  \Sigma_k = \frac{\sum_i \gamma_{ik} (x_i - \mu_k)(x_i - \mu_k)^\top}
                  {\sum_i \gamma_{ik}}, \qquad C_k = \frac1n \sum_i \gamma_{ik}

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1
        responsibilities : array_like, shape (n, K)
            From this mixture, or from anywhere: rows sum to 1.
        covariance_floor : float
            As for `m_step`.

        Returns
        -------
        GaussianMixture

        Raises
        ------
        ValueError
            If the arguments are not as above.
        DegenerateComponent
            As `m_step`.

        Notes
        -----
        Eq. (3.71), Eq. (3.72) and Eq. (3.77). Source: as the class.

        Examples
        --------
        >>> q = GaussianMixture([0.5, 0.5], [-1.0, 1.0], [1.0, 1.0])
        >>> gamma = [[1, 0], [1, 0], [0, 1], [0, 1]]
        >>> q.maximised([-2.0, -1.0, 1.0, 2.0], gamma).means.ravel()
        array([-1.5,  1.5])
        """
        x = as_batch("x", x, self.dimension)
        shape = (len(x), self.n_components)
        gamma = as_rows_of_probabilities("responsibilities", responsibilities, shape).T
        counts = _not_empty(gamma.sum(axis=1))
        sums = SufficientStatistics.empty((gamma @ x) / counts[:, np.newaxis])
        for start in range(0, len(x), _CHUNK):
            part = slice(start, start + _CHUNK)
            sums += _weighted_sums(x[part], gamma[:, part], sums.reference, np.nan)
        return m_step(sums, covariance_floor=covariance_floor)

    def distance(self, other: GaussianMixture) -> float:
        r"""Largest change of a parameter, in units of the components.

        .. math:: \max_{k,j,l} \Bigl( \frac{|\Delta C_k|}{C_k},
                  \frac{|\Delta\mu_{kj}|}{\sigma_{kj}},
                  \frac{|\Delta\Sigma_{kjl}|}{\sigma_{kj}\sigma_{kl}} \Bigr)

        Parameters
        ----------
        other : GaussianMixture
            With the same numbers of components and dimensions.

        Returns
        -------
        float
            Weights and standard deviations are those of `other`. It does not change when the
            columns of x get another origin or unit. A mean that moves by its rounding does not
            move; a weight that dies out moves to the end.

        Raises
        ------
        ValueError
            If the shapes differ.

        Notes
        -----
        The measure for the convergence of Eq. (3.53) and Eq. (3.57). Source: none.

        Examples
        --------
        >>> a = GaussianMixture([1.0], [0.0], [4.0])
        >>> a.distance(GaussianMixture([1.0], [1.0], [4.0]))
        0.5
        """
        if other.means.shape != self.means.shape:
            raise ValueError(f"other: expected means {self.means.shape}, got {other.means.shape}")
        moved = np.abs(self.weights - other.weights)
        with np.errstate(divide="ignore"):  # a weight that has just become 0 is infinitely far
            moved = np.divide(moved, other.weights, out=np.zeros_like(moved), where=moved > 0.0)
        return float(
            max(
                moved.max(),
                _difference(self.means, self.covariances, other.means, other.covariances).max(),
            )
        )

    def twins(self) -> tuple[int, int] | None:
        r"""Two components with all but the same mean and covariance, if there are any.

        .. math:: \mu_k \approx \mu_l, \quad \Sigma_k \approx \Sigma_l

        Returns
        -------
        (int, int) or None
            Counted from 0; equal to 1e-3 in the units of `distance`.

        Notes
        -----
        A trap of Eq. (3.53): twins have the same responsibilities up to a factor, so they
        stay twins for ever; near twins part so slowly that EM seems to have arrived. Source: as
        the class.

        Examples
        --------
        >>> GaussianMixture([0.5, 0.5], [1.0, 1.0], [2.0, 2.0]).twins()
        (0, 1)
        """
        for k in range(self.n_components - 1):
            rest = slice(k + 1, None)
            far = _difference(
                self.means[k], self.covariances[k], self.means[rest], self.covariances[rest]
            )
            if far.min() <= latent.TWINS:
                return k, k + 1 + int(far.argmin())
        return None

    @classmethod
    def fit(
        cls,
        x: ArrayLike,
        n_components: int,
        *,
        rng: np.random.Generator,
        starts: int = 10,
        method: str = "k-means++",
        covariance_floor: float = 0.0,
        tolerance: float = 1e-6,
        max_steps: int = 1000,
    ) -> Fit:
        r"""Fit by EM from several starts; the one that ends highest is kept.

        .. math:: \max_\theta \frac1n \sum_{i=1}^n \ln q_\theta(x_i)

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1
            At least K rows. For data that do not fit in memory take a start from a part of them
            and call `fit_em`.
        n_components : int
            Number of components.
        rng : numpy.random.Generator
        starts : int
        method : str
            ``"k-means++"`` or ``"random"``: see `kmeans_plus_plus_start` and `random_start`.
        covariance_floor, tolerance, max_steps
            As for `fit_em`.

        Returns
        -------
        Fit
            As `fit_em`; the history holds the start and the end only. It is a local maximum;
            ``reason`` says how many starts there were and how many lost a component on the way.

        Raises
        ------
        ValueError
            If an argument is not as above, or no start led to a model.

        Warns
        -----
        ConvergenceWarning
            If the iteration did not converge from the start that is kept.

        Notes
        -----
        Eq. (3.53) and Eq. (3.57), repeated. Without a floor the likelihood has no maximum at all,
        Eq. (3.50a): what is wanted is a good local one. Source: as the class.

        Examples
        --------
        >>> x = [-1.2, -1.0, -0.9, 0.7, 1.0, 1.1]
        >>> fit = GaussianMixture.fit(x, 2, rng=np.random.default_rng(1), covariance_floor=0.01)
        >>> sorted(fit.model.means.ravel().round(3).tolist())
        [-1.033, 0.933]
        """
        x = as_batch("x", x)
        rng, starts = check_rng(rng), as_size("starts", starts)
        if method not in _STARTS:
            raise ValueError(f"method: expected one of {', '.join(_STARTS)}, got {method!r}")
        fits, failures = [], []
        for _ in range(starts):
            start = _STARTS[method](x, n_components, rng=rng, covariance_floor=covariance_floor)
            options = {"tolerance": tolerance, "max_steps": max_steps, "keep_models": False}
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ConvergenceWarning)  # told of the best below
                    fits.append(fit_em(x, start, covariance_floor=covariance_floor, **options))
            except DegenerateComponent as error:
                failures.append(str(error))
        return _warn_unless_converged(latent.best_of(fits, failures), "GaussianMixture.fit")

    def _joint(self, x: Array) -> Array:
        """Log density with the label, components first: shape (K, m)."""
        joint = np.empty((self.n_components, len(x)))
        for k, (mu, root) in enumerate(zip(self.means, self._roots, strict=True)):
            with np.errstate(over="ignore"):
                y = solve_triangular(root, (x - mu).T, lower=True, check_finite=False)
                joint[k] = self._offsets[k] - 0.5 * np.einsum("jm,jm->m", y, y)
        return joint


@dataclass(frozen=True, eq=False)
class SufficientStatistics:
    r"""What the M-step needs to know of the data: weighted sums, which add up over shards.

    .. math:: n_k = \sum_i \gamma_{ik}, \qquad s_k = \sum_i \gamma_{ik} (x_i - r_k), \qquad
              S_k = \sum_i \gamma_{ik} (x_i - r_k)(x_i - r_k)^\top

    Parameters
    ----------
    reference : ndarray, shape (K, N)
        :math:`r_k`: the point from which component k measures, the same for all shards. The
        nearer it is to the mean, the fewer digits are lost.
    n : int
        Number of samples.
    counts : ndarray, shape (K,)
        :math:`n_k`; their sum is n.
    first : ndarray, shape (K, N)
        :math:`s_k`.
    second : ndarray, shape (K, N, N)
        :math:`S_k`.
    log_likelihood : float
        Sum of :math:`\ln q(x_i)` under the mixture of the E-step, in nats.
    rounding : ndarray, shape (K, N), optional
        How far the diagonals of `second` may be off. By default what rounding does to sums of
        their size; it stays with the sums when they are moved by `about`.

    Notes
    -----
    The sums of Eq. (3.57a). Source: R. M. Neal and G. E. Hinton, in *Learning in Graphical
    Models* (1998) 355.

    Examples
    --------
    >>> q = GaussianMixture([0.5, 0.5], [-1.0, 1.0], [0.25, 0.25])
    >>> parts = e_step(q, [-1.5, 0.5]) + e_step(q, [1.0])
    >>> parts.n, bool(np.isclose(parts.counts, e_step(q, [-1.5, 0.5, 1.0]).counts).all())
    (3, True)
    """

    reference: Array
    n: int
    counts: Array
    first: Array
    second: Array
    log_likelihood: float
    rounding: Array | None = None

    def __post_init__(self) -> None:
        if self.rounding is None:
            sizes = np.diagonal(self.second, axis1=1, axis2=2)
            rounding = 64.0 * sizes.shape[1] * np.finfo(float).eps * sizes
            object.__setattr__(self, "rounding", rounding)

    @classmethod
    def empty(cls, reference: ArrayLike) -> SufficientStatistics:
        r"""Return the statistics of no samples, to which others can be added.

        .. math:: n_k = 0, \qquad s_k = 0, \qquad S_k = 0

        Parameters
        ----------
        reference : array_like, shape (K, N)

        Returns
        -------
        SufficientStatistics

        Raises
        ------
        ValueError
            If `reference` is not two-dimensional or not finite.

        Notes
        -----
        The sums of Eq. (3.57a). Source: as the class.

        Examples
        --------
        >>> SufficientStatistics.empty([[0.0], [1.0]]).counts
        array([0., 0.])
        """
        reference = as_real_array("reference", reference, ndim=2)
        K, N = reference.shape
        return cls(reference, 0, np.zeros(K), np.zeros((K, N)), np.zeros((K, N, N)), 0.0)

    def __add__(self, other: SufficientStatistics) -> SufficientStatistics:
        if not isinstance(other, SufficientStatistics):
            return NotImplemented
        if not np.array_equal(self.reference, other.reference):
            raise ValueError("other: expected the same reference points, got others")
        return SufficientStatistics(
            self.reference,
            self.n + other.n,
            self.counts + other.counts,
            self.first + other.first,
            self.second + other.second,
            self.log_likelihood + other.log_likelihood,
            self.rounding + other.rounding,
        )

    def about(self, reference: ArrayLike) -> SufficientStatistics:
        r"""Return the same sums, measured from other points.

        .. math:: s'_k = s_k - n_k d_k, \qquad
                  S'_k = S_k - s_k d_k^\top - d_k s_k^\top + n_k d_k d_k^\top, \qquad
                  d_k = r'_k - r_k

        Parameters
        ----------
        reference : array_like, shape (K, N)

        Returns
        -------
        SufficientStatistics

        Raises
        ------
        ValueError
            If `reference` has another shape or is not finite.

        Notes
        -----
        Eq. (3.57a). Source: T. F. Chan, G. H. Golub, R. J. LeVeque, Am. Stat. 37 (1983) 242.
        Digits are lost where the old points lie many standard deviations from the data.

        Examples
        --------
        >>> sums = e_step(GaussianMixture([1.0], [0.0], [1.0]), [1.0, 3.0])
        >>> sums.second.item(), sums.about([[2.0]]).second.item()
        (10.0, 2.0)
        """
        reference = as_real_array("reference", reference, ndim=2)
        if reference.shape != self.reference.shape:
            raise ValueError(
                f"reference: expected shape {self.reference.shape}, got {reference.shape}"
            )
        d = reference - self.reference
        moved = self.counts[:, np.newaxis] * d
        crossed = np.einsum("kj,kl->kjl", self.first, d)
        second = self.second - crossed - crossed.transpose(0, 2, 1)
        second = second + np.einsum("kj,kl->kjl", moved, d)
        return replace(self, reference=reference, first=self.first - moved, second=second)


def e_step(
    model: GaussianMixture,
    x: ArrayLike | Iterable[ArrayLike],
    *,
    reference: ArrayLike | None = None,
) -> SufficientStatistics:
    r"""E-step: the responsibilities of all samples, summed to what the M-step needs.

    .. math:: n_k = \sum_i \gamma_{ik}, \qquad s_k = \sum_i \gamma_{ik} (x_i - r_k), \qquad
              S_k = \sum_i \gamma_{ik} (x_i - r_k)(x_i - r_k)^\top

    Parameters
    ----------
    model : GaussianMixture
    x : array_like, shape (n, N), or (n,) for N = 1; or an iterable of such arrays
        Data, in one piece or in chunks. An array or a list of numbers is one piece; any other
        iterable yields pieces.
    reference : array_like, shape (K, N), optional
        Points to measure from; by default the means of the model. If given, every sample takes
        the careful way.

    Returns
    -------
    SufficientStatistics

    Raises
    ------
    ValueError
        If x has the wrong shape, is empty or a number is not finite, or a point is further off
        than 1e154 standard deviations.

    Notes
    -----
    Eq. (3.51a). Source: A. P. Dempster, N. M. Laird, D. B. Rubin, J. R. Stat. Soc. B 39 (1977) 1.

    A log density is linear in the N(N+1)/2 + N + 1 features :math:`(1, y_j, y_j y_l)` of a sample.
    So the log densities of all components are one matrix product and the weighted sums are
    another; y is the sample in the coordinates in which the whole mixture has mean 0 and
    covariance 1. Where the terms of that product exceed 1e5, so that a log density could be
    wrong by more than about 1e-10, each component is solved with its Cholesky factor instead.
    Memory does not grow with n: 1,536 samples are worked on at a time.

    Examples
    --------
    >>> e_step(GaussianMixture([0.5, 0.5], [-1.0, 1.0], [0.25, 0.25]), [0.0, 0.0]).counts
    array([1., 1.])
    """
    if reference is not None:
        reference = as_real_array("reference", reference, ndim=2)
        if reference.shape != model.means.shape:
            raise ValueError(
                f"reference: expected shape {model.means.shape}, got {reference.shape}"
            )
    total = SufficientStatistics.empty(model.means if reference is None else reference)
    fast = None
    if reference is None:
        fast = QuadraticForm(model.weights, model.means, model._roots, model._offsets, size=_CHUNK)
    for piece in _pieces(x, model.dimension):
        for start in range(0, len(piece), _CHUNK):
            chunk = np.asarray(piece[start : start + _CHUNK], dtype=np.float64)
            if fast is None or not fast.add(chunk):
                total += _careful_sums(model, chunk, total.reference)
    if fast is not None and fast.n:
        centre = np.tile(fast.centre, (model.n_components, 1))
        total += SufficientStatistics(centre, *fast.sums()).about(total.reference)
    if total.n == 0:
        raise ValueError("x: expected at least one sample, got none")
    return total


def m_step(statistics: SufficientStatistics, *, covariance_floor: float = 0.0) -> GaussianMixture:
    r"""M-step: the mixture with the largest Q function.

    .. math:: C_k = \frac{n_k}{n}, \qquad \mu_k = r_k + \frac{s_k}{n_k}, \qquad
              \Sigma_k = \frac{S_k}{n_k} - \frac{s_k s_k^\top}{n_k^2}

    Parameters
    ----------
    statistics : SufficientStatistics
    covariance_floor : float
        Smallest eigenvalue that a covariance may have, in the square of the unit of x. Smaller
        ones are raised to it: that is the maximum of Q under this condition.

    Returns
    -------
    GaussianMixture

    Raises
    ------
    ValueError
        If the floor is negative or not finite.
    DegenerateComponent
        If a component has no samples left, or (without a floor) a covariance is singular to the
        rounding of its sums, as when it holds a single sample, copies of one sample, or samples
        in a plane.

    Notes
    -----
    Eq. (3.53), Eq. (3.57) and Eq. (3.57a). The mean in the covariance is the *new* one. Source: as
    `e_step`; for the floor S. Won, J. Lim, S. Kim, B. Rajaratnam, J. R. Stat. Soc. B 75 (2013)
    427.

    Examples
    --------
    >>> q = m_step(e_step(GaussianMixture([1.0], [0.0], [1.0]), [1.0, 3.0]))
    >>> q.means.item(), q.covariances.item()
    (2.0, 1.0)
    """
    floor = as_nonnegative("covariance_floor", covariance_floor)
    counts = _not_empty(statistics.counts)
    shift = statistics.first / counts[:, np.newaxis]
    around = statistics.second / counts[:, np.newaxis, np.newaxis]
    covariances = around - np.einsum("kj,kl->kjl", shift, shift)
    covariances = 0.5 * (covariances + covariances.transpose(0, 2, 1))
    means = statistics.reference + shift
    if floor:
        covariances = np.array([_raised(part, floor) for part in covariances])
    else:
        rounding = statistics.rounding / counts[:, np.newaxis]
        _check_regular(covariances, rounding, means, counts)
    return GaussianMixture(counts / counts.sum(), means, covariances)


def fit_em(
    x: ArrayLike | Iterable[ArrayLike],
    start: GaussianMixture,
    *,
    covariance_floor: float = 0.0,
    tolerance: float = 1e-6,
    max_steps: int = 1000,
    keep_models: bool = True,
) -> Fit:
    r"""EM from a given start: E-step and M-step in turn.

    .. math:: \theta_{t+1} = \operatorname{argmax}_\theta Q(\theta, \theta_t)

    Parameters
    ----------
    x : array_like, shape (n, N), or (n,) for N = 1; or an iterable of such arrays
        As for `e_step`. An iterable is read once a step: it must be one that can be read again,
        such as a list of arrays or an object that opens a file each time. A generator is refused.
    start : GaussianMixture
    covariance_floor : float
        As for `m_step`. The likelihood then has a maximum. The start must satisfy it.
    tolerance : float
        Converged when the way that is left is at most this, in standard deviations of the
        components: see `boltzlib.latent.ascend` and `GaussianMixture.distance`.
    max_steps : int
    keep_models : bool
        Whether the history holds the mixture after each step (16 K N**2 bytes each), or only
        start and end.

    Returns
    -------
    Fit
        ``history`` is a `boltzlib.latent.Ascent`.

    Raises
    ------
    ValueError
        If an argument is not as above.
    DegenerateComponent
        If a component loses its samples or collapses: try another start, fewer components or a
        floor.

    Warns
    -----
    ConvergenceWarning
        If the iteration did not converge.

    Notes
    -----
    Eq. (3.51), Eq. (3.53) and Eq. (3.57). An instance of `boltzlib.latent.em`. When a covariance
    becomes a hundred times smaller than its sums about the old mean, which would cost digits, the
    sums are taken once more about the new mean. Source: as `e_step`.

    Examples
    --------
    >>> x = [-1.2, -1.0, -0.9, 0.7, 1.0, 1.1]
    >>> fit = fit_em(x, GaussianMixture([0.5, 0.5], [-2.0, 2.0], [1.0, 1.0]))
    >>> fit.model.means.round(3).tolist(), fit.converged
    ([[-1.033], [0.933]], True)
    """
    floor = as_nonnegative("covariance_floor", covariance_floor)
    x = _readable_again(x)
    eigenvalues = np.linalg.eigvalsh(start.covariances)
    rounding = 16.0 * start.dimension * np.finfo(float).eps * eigenvalues[:, -1]
    if (eigenvalues[:, 0] < floor - rounding).any():
        raise ValueError(
            f"start: expected covariances with eigenvalues of at least covariance_floor = "
            f"{floor:.12g}, got {eigenvalues.min():.12g}"
        )

    def step(model):
        sums = e_step(model, x)
        value = sums.log_likelihood / sums.n
        nearer = _nearer_reference(model, sums)
        if nearer is not None:
            sums = e_step(model, x, reference=nearer)
        return m_step(sums, covariance_floor=floor), value

    options = {"tolerance": tolerance, "max_steps": max_steps, "keep_models": keep_models}
    fit = latent.ascend(step, start, **options)
    return _warn_unless_converged(fit, "fit_em")


def random_start(
    x: ArrayLike,
    n_components: int,
    *,
    rng: np.random.Generator,
    covariance_floor: float = 0.0,
) -> GaussianMixture:
    r"""Start for EM: means at different samples, drawn at random, and the covariance of all.

    .. math:: C_k = \frac1K, \qquad \mu_k = x_{i_k}, \qquad \Sigma_k = \Sigma_{\text{data}}

    Parameters
    ----------
    x : array_like, shape (n, N), or (n,) for N = 1
    n_components : int
        K, at most the number of different rows.
    rng : numpy.random.Generator
    covariance_floor : float
        Smallest eigenvalue of the covariances.

    Returns
    -------
    GaussianMixture

    Raises
    ------
    ValueError
        If an argument is not as above, or the covariance of the data is singular and there is no
        floor.

    Notes
    -----
    A first place for Eq. (3.51a). Source: G. J. McLachlan and D. Peel, *Finite Mixture Models*
    (2000), section 2.12.

    Examples
    --------
    >>> random_start([0.0, 1.0, 2.0], 2, rng=np.random.default_rng(1)).covariances.ravel().round(3)
    array([0.667, 0.667])
    """
    x, K, rng, _, covariance = _prepared(x, n_components, rng, covariance_floor)
    rows = rng.choice(len(different := np.unique(x, axis=0)), size=K, replace=False)
    return GaussianMixture(np.full(K, 1.0 / K), different[rows], np.array([covariance] * K))


def kmeans_plus_plus_start(
    x: ArrayLike,
    n_components: int,
    *,
    rng: np.random.Generator,
    covariance_floor: float = 0.0,
) -> GaussianMixture:
    r"""Start for EM: means at samples that lie far from one another.

    .. math:: \Pr[\mu_k = x_i] \propto \min_{l < k} d(x_i, \mu_l)^2

    The distance d is Mahalanobis's with the covariance of all data, so that units do not matter.
    Each sample is then counted to the nearest mean. That gives the weights, and the average
    covariance about the nearest mean is that of every component.

    Parameters
    ----------
    x : array_like, shape (n, N), or (n,) for N = 1
    n_components : int
        K, at most the number of different rows.
    rng : numpy.random.Generator
    covariance_floor : float
        Smallest eigenvalue of the covariances.

    Returns
    -------
    GaussianMixture

    Raises
    ------
    ValueError
        As `random_start`.

    Notes
    -----
    A first place for Eq. (3.51a). Source: D. Arthur and S. Vassilvitskii, *Proc. 18th ACM-SIAM
    Symp. Discrete Algorithms* (2007) 1027.

    Examples
    --------
    >>> x = [0.0, 0.1, 9.9, 10.0]
    >>> start = kmeans_plus_plus_start(x, 2, rng=np.random.default_rng(1))
    >>> sorted(start.means.ravel().round(0).tolist()), start.weights
    ([0.0, 10.0], array([0.5, 0.5]))
    """
    x, K, rng, floor, covariance = _prepared(x, n_components, rng, covariance_floor)
    y = solve_triangular(np.linalg.cholesky(covariance), (x - x.mean(axis=0)).T, lower=True).T
    chosen = [int(rng.integers(len(x)))]
    nearest = ((y - y[chosen[0]]) ** 2).sum(axis=1)
    owner = np.zeros(len(x), dtype=int)
    for k in range(1, K):
        chosen.append(int(rng.choice(len(x), p=nearest / nearest.sum())))
        square = ((y - y[chosen[-1]]) ** 2).sum(axis=1)
        owner[square < nearest] = k
        nearest = np.minimum(nearest, square)
    around = x - x[chosen][owner]
    within = _raised(around.T @ around / len(x), floor)
    # so few samples that all are means: take the covariance of the data, K times smaller
    if _are_singular(within[np.newaxis])[0]:
        within = _raised(covariance / K**2, floor)
    weights = np.bincount(owner, minlength=K) / len(x)
    return GaussianMixture(weights, x[chosen], np.array([within] * K))


_STARTS = {"k-means++": kmeans_plus_plus_start, "random": random_start}


def _careful_sums(model: GaussianMixture, x: Array, reference: Array) -> SufficientStatistics:
    """E-step of a chunk with Cholesky factors, each component in its own coordinates."""
    joint = model._joint(as_batch("x", x, model.dimension)).T
    return _weighted_sums(x, _posterior(joint).T, reference, latent.evidence(joint).sum())


def _weighted_sums(
    x: Array, gamma: Array, reference: Array, log_likelihood: float
) -> SufficientStatistics:
    first, second = np.empty_like(reference), np.empty((*reference.shape, reference.shape[1]))
    for k, (weights, point) in enumerate(zip(gamma, reference, strict=True)):
        d = x - point
        weighted = weights[:, np.newaxis] * d
        first[k], second[k] = weighted.sum(axis=0), weighted.T @ d
    return SufficientStatistics(
        reference, len(x), gamma.sum(axis=1), first, second, float(log_likelihood)
    )


def _nearer_reference(model: GaussianMixture, sums: SufficientStatistics) -> Array | None:
    """Return the new means if the covariances about them would have lost digits."""
    counts = _not_empty(sums.counts)[:, np.newaxis]
    shift = sums.first / counts
    around = np.diagonal(sums.second, axis1=1, axis2=2) / counts
    old = np.diagonal(model.covariances, axis1=1, axis2=2)
    lost = around - shift**2 < 0.01 * np.maximum(around, old)
    return sums.reference + shift if lost.any() else None


def _posterior(joint: Array) -> Array:
    if np.isneginf(joint).all(axis=1).any():
        raise ValueError(
            "x: expected points within 1e154 standard deviations of a component, got one that is "
            "further off"
        )
    return latent.posterior(joint)


def _difference(mean: Array, covariance: Array, means: Array, covariances: Array) -> Array:
    """Largest difference of each of the components from `mean` and `covariance`, shape (K,)."""
    scale = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    moved = np.abs(mean - means)
    moved = np.where(moved <= 8.0 * np.finfo(float).eps * np.abs(means), 0.0, moved) / scale
    turned = np.abs(covariance - covariances) / scale[:, :, np.newaxis] / scale[:, np.newaxis, :]
    return np.maximum(moved.max(axis=1), turned.max(axis=(1, 2)))


def _symmetric(covariances: Array) -> Array:
    if np.array_equal(covariances, covariances.mT):  # as those of every M-step
        return covariances
    return np.array(
        [as_symmetric_matrix(f"covariances[{k}]", part) for k, part in enumerate(covariances)]
    )


def _roots_of(covariances: Array) -> Array:
    """Cholesky factors; an error names the matrix that is furthest from having one."""
    try:
        return np.linalg.cholesky(covariances)
    except np.linalg.LinAlgError as error:
        eigenvalues = np.linalg.eigvalsh(covariances)
        largest = np.maximum(np.abs(eigenvalues[:, -1]), np.finfo(float).tiny)
        k = int((eigenvalues[:, 0] / largest).argmin())
        raise ValueError(
            f"covariances[{k}]: expected a positive definite matrix, got smallest eigenvalue "
            f"{eigenvalues[k, 0]:.3g} (largest {eigenvalues[k, -1]:.3g})"
        ) from error


def _raised(covariance: Array, floor: float) -> Array:
    """Raise eigenvalues below the floor to it."""
    if not floor:
        return covariance
    values, vectors = np.linalg.eigh(covariance)
    if values[0] >= floor:
        return covariance
    return (vectors * np.maximum(values, floor)) @ vectors.T


def _are_singular(covariances: Array) -> NDArray[np.bool_]:
    """Whether they cannot be told from singular ones, in units in which the diagonal is 1."""
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    scale = np.sqrt(np.where(variances > 0.0, variances, 1.0))
    correlations = covariances / scale[:, :, np.newaxis] / scale[:, np.newaxis, :]
    smallest = np.linalg.eigvalsh(correlations)[:, 0]  # at most the smallest variance
    return smallest <= 64.0 * scale.shape[1] * np.finfo(float).eps


def _check_regular(covariances: Array, rounding: Array, means: Array, counts: Array) -> None:
    """Refuse covariances that rounding could have made: of the sums, or of the data."""
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    rounding = np.maximum(rounding, (4.0 * np.finfo(float).eps * means) ** 2)
    wrong = (variances <= rounding).any(axis=1) | _are_singular(covariances)
    if wrong.any():
        k = int(np.flatnonzero(wrong)[0])
        raise DegenerateComponent(
            k,
            f"its covariance is singular to rounding (variances from {variances[k].min():.3g} to "
            f"{variances[k].max():.3g}, weight of {counts[k]:.3g} samples): it has collapsed on "
            "one sample, on equal ones or on a plane; try another start, fewer components or a "
            "covariance_floor",
        )


def _not_empty(counts: Array) -> Array:
    if (counts < np.finfo(float).tiny / np.finfo(float).eps).any():
        k = int(counts.argmin())
        raise DegenerateComponent(
            k,
            f"no samples are left to it (weight {counts[k]:.3g}); try another start or fewer "
            "components",
        )
    return counts


def _pieces(x: ArrayLike | Iterable[ArrayLike], dimension: int) -> Iterator[NDArray]:
    """Yield data piece by piece, each of shape (m, N); numbers of arrays are checked later."""
    whole = hasattr(x, "__array__") or not isinstance(x, Iterable) or _is_one_table(x)
    for piece in (x,) if whole else x:
        refuse_masked("x", piece)
        piece = piece if isinstance(piece, np.ndarray) else as_real_array("x", piece)
        piece = piece[:, np.newaxis] if piece.ndim == 1 and dimension == 1 else piece
        if piece.ndim != 2 or piece.shape[1] != dimension:
            hint = "" if whole else " in a piece (a list of arrays is read as pieces)"
            raise ValueError(f"x: expected shape (n, {dimension}), got {piece.shape}{hint}")
        if piece.dtype.kind not in "biuf":
            raise ValueError(f"x: expected real numbers, got dtype {piece.dtype}")
        yield piece


def _is_one_table(x: Iterable) -> bool:
    """Whether x is a list of numbers, or of rows of numbers, rather than of arrays."""
    return isinstance(x, (list, tuple)) and not any(isinstance(row, np.ndarray) for row in x)


def _readable_again(x: ArrayLike | Iterable[ArrayLike]):
    if isinstance(x, Iterator):
        raise ValueError(
            "x: expected data that can be read again at each step, got an iterator that is used "
            "up after one; give a list of arrays, or an object whose __iter__ starts anew"
        )
    return x


def _prepared(x: ArrayLike, n_components: int, rng: np.random.Generator, floor: float):
    """Check what a start is made from; return it with the covariance of the data."""
    x, K, rng = as_batch("x", x), as_size("n_components", n_components), check_rng(rng)
    floor = as_nonnegative("covariance_floor", floor)
    different = len(np.unique(x, axis=0))
    if different < K:
        raise ValueError(
            f"x: expected at least {K} different rows for {K} components, got {different}"
        )
    centred = x - x.mean(axis=0)
    covariance = _raised(centred.T @ centred / len(x), floor)
    if _are_singular(covariance[np.newaxis])[0]:
        raise ValueError(
            "x: expected data with a covariance that is not singular, got rows that lie in a "
            "plane; drop a column, or give a covariance_floor"
        )
    return x, K, rng, floor, covariance


def _warn_unless_converged(fit: Fit, name: str) -> Fit:
    if not fit.converged:
        warnings.warn(f"{name}: {fit.reason}", ConvergenceWarning, stacklevel=3)
    return fit
