"""Mixtures of products of Bernoulli distributions: EM where nothing is Gaussian."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from boltzlib import latent
from boltzlib._validation import (
    as_batch,
    as_nonnegative,
    as_probabilities,
    as_real_array,
    as_rows_of_probabilities,
    as_size,
    check_rng,
    frozen_copy,
)
from boltzlib.descent import ConvergenceWarning, Fit

__all__ = ["BernoulliMixture"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, init=False)
class BernoulliMixture:
    r"""Weighted sum of K distributions of N independent bits.

    .. math:: q(x) = \sum_{k=1}^K C_k \prod_{j=1}^N p_{kj}^{x_j} (1 - p_{kj})^{1 - x_j},
              \qquad x \in \{0, 1\}^N

    Parameters
    ----------
    weights : array_like, shape (K,)
        :math:`C_k \ge 0`, with the sum 1.
    probabilities : array_like, shape (K, N), or (K,) for N = 1
        :math:`p_{kj}`: the probability that bit j is 1 in component k, from 0 to 1.

    Raises
    ------
    ValueError
        If a number is not finite, the shapes do not fit, the weights are not probabilities with
        the sum 1, or another probability is outside 0 to 1.

    Notes
    -----
    Eq. (3.59a) and Eq. (3.58). Source: C. M. Bishop, *Pattern Recognition and Machine Learning*
    (2006), section 9.3.3.

    Examples
    --------
    >>> q = BernoulliMixture([0.5, 0.5], [[0.9, 0.9], [0.1, 0.1]])
    >>> np.exp(q.log_prob([[1, 1], [1, 0]])).round(6)
    array([0.41, 0.09])
    """

    weights: Array
    probabilities: Array

    def __init__(self, weights: ArrayLike, probabilities: ArrayLike) -> None:
        C = as_probabilities("weights", as_real_array("weights", weights, ndim=1))
        p = as_batch("probabilities", probabilities)
        if len(C) != len(p):
            raise ValueError(
                f"weights: expected one for each of {len(p)} rows of probabilities, got {len(C)}"
            )
        if (outside := (p < 0.0) | (p > 1.0)).any():
            raise ValueError(f"probabilities: expected numbers from 0 to 1, got {p[outside][0]:g}")
        object.__setattr__(self, "weights", frozen_copy(C))
        object.__setattr__(self, "probabilities", frozen_copy(p))

    @property
    def n_components(self) -> int:
        """Number K of components."""
        return len(self.weights)

    @property
    def dimension(self) -> int:
        """Number N of bits."""
        return self.probabilities.shape[1]

    def joint_log_prob(self, x: ArrayLike) -> Array:
        r"""Log probability of x together with the hidden label.

        .. math:: \ln q(x_i, z = k) = \ln C_k + \sum_j \bigl( x_{ij} \ln p_{kj}
                  + (1 - x_{ij}) \ln (1 - p_{kj}) \bigr)

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1
            Bits, 0 or 1.

        Returns
        -------
        ndarray, shape (n, K)
            Nats; -inf where a bit contradicts a probability that is 0 or 1.

        Raises
        ------
        ValueError
            If x has the wrong shape or holds another number.

        Notes
        -----
        Eq. (3.59a). Source: as the class.

        Examples
        --------
        >>> BernoulliMixture([1.0], [[0.5, 1.0]]).joint_log_prob([[1, 1], [1, 0]]).round(6)
        array([[-0.693147],
               [     -inf]])
        """
        x = _as_bits(x, self.dimension)
        p = self.probabilities
        # 0 times -inf is nan in a matrix product, so what is impossible is counted apart
        ones = np.log(np.where(p > 0.0, p, 1.0))
        zeros = np.log1p(-np.where(p < 1.0, p, 0.0))
        contradictions = x @ (p == 0.0).T + (1.0 - x) @ (p == 1.0).T
        with np.errstate(divide="ignore"):
            joint = x @ ones.T + (1.0 - x) @ zeros.T + np.log(self.weights)
        return np.where(contradictions > 0.0, -np.inf, joint)

    def log_prob(self, x: ArrayLike) -> Array:
        r"""Log probability of each row.

        .. math:: \ln q(x) = \ln \sum_k C_k \prod_j p_{kj}^{x_j} (1 - p_{kj})^{1 - x_j}

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1
            Bits, 0 or 1.

        Returns
        -------
        ndarray, shape (n,)
            Nats; -inf for what no component can produce.

        Raises
        ------
        ValueError
            As `joint_log_prob`.

        Notes
        -----
        Eq. (3.58) of Eq. (3.59a). Source: as the class.

        Examples
        --------
        >>> BernoulliMixture([0.5, 0.5], [[0.9], [0.1]]).log_prob([[1]]).round(6)
        array([-0.693147])
        """
        return latent.evidence(self.joint_log_prob(x))

    def log_likelihood(self, x: ArrayLike) -> float:
        r"""Average log-likelihood of data.

        .. math:: \ell = \frac1n \sum_{i=1}^n \ln q(x_i)

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1
            Bits, 0 or 1.

        Returns
        -------
        float
            Nats per row.

        Raises
        ------
        ValueError
            As `joint_log_prob`.

        Notes
        -----
        The left side of Eq. (3.67). Source: as the class.

        Examples
        --------
        >>> round(BernoulliMixture([1.0], [[0.5, 0.5]]).log_likelihood([[1, 0], [0, 0]]), 6)
        -1.386294
        """
        return float(self.log_prob(x).mean())

    def responsibilities(self, x: ArrayLike) -> Array:
        r"""Probability of each component given a row.

        .. math:: \gamma_{ik} = \frac{q(x_i, z = k)}{\sum_l q(x_i, z = l)}

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1
            Bits, 0 or 1.

        Returns
        -------
        ndarray, shape (n, K)
            Rows sum to 1.

        Raises
        ------
        ValueError
            As `joint_log_prob`; or if no component can produce a row.

        Notes
        -----
        Eq. (3.69). Source: as the class.

        Examples
        --------
        >>> BernoulliMixture([0.5, 0.5], [[0.9], [0.1]]).responsibilities([[1]]).round(6)
        array([[0.9, 0.1]])
        """
        joint = self.joint_log_prob(x)
        impossible = np.isneginf(joint).all(axis=1)
        if impossible.any():
            raise ValueError(
                "x: expected rows that a component can produce, got one that none can, row "
                f"{int(np.flatnonzero(impossible)[0])}"
            )
        return latent.posterior(joint)

    def sample(self, size: int, *, rng: np.random.Generator) -> Array:
        r"""Independent samples.

        .. math:: z \sim C, \qquad x_j \sim \mathrm{Bernoulli}(p_{zj})

        Parameters
        ----------
        size : int
            Number n of samples.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray, shape (n, N)
            0.0 and 1.0.

        Raises
        ------
        ValueError
            If `size` is not a positive integer or `rng` is not a Generator.

        Notes
        -----
        Eq. (3.58): the hidden label is drawn and forgotten. Source: as the class.

        Examples
        --------
        >>> q = BernoulliMixture([0.5, 0.5], [[1.0, 1.0], [0.0, 0.0]])
        >>> q.sample(3, rng=np.random.default_rng(1)).tolist()
        [[0.0, 0.0], [0.0, 0.0], [1.0, 1.0]]
        """
        return self.sample_joint(size, rng=rng)[1]

    def sample_joint(self, size: int, *, rng: np.random.Generator) -> tuple[NDArray, Array]:
        r"""Independent samples with their hidden labels.

        .. math:: z \sim C, \qquad x_j \sim \mathrm{Bernoulli}(p_{zj})

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
            0.0 and 1.0.

        Raises
        ------
        ValueError
            As `sample`.

        Notes
        -----
        Eq. (3.59a). Source: as the class.

        Examples
        --------
        >>> q = BernoulliMixture([0.5, 0.5], [[1.0, 1.0], [0.0, 0.0]])
        >>> q.sample_joint(3, rng=np.random.default_rng(1))[0].tolist()
        [1, 1, 0]
        """
        size, rng = as_size("size", size), check_rng(rng)
        labels = rng.choice(self.n_components, size=size, p=self.weights)
        uniform = rng.random((size, self.dimension))  # below 1, so that p = 1 is certain
        return labels, (uniform < self.probabilities[labels]).astype(np.float64)

    def maximised(
        self, x: ArrayLike, responsibilities: ArrayLike, *, pseudocount: float = 0.0
    ) -> BernoulliMixture:
        r"""Mixture with the largest Q function for given responsibilities.

        .. math:: p_{kj} = \frac{\sum_i \gamma_{ik} x_{ij} + a}{\sum_i \gamma_{ik} + 2a}, \qquad
                  C_k = \frac1n \sum_i \gamma_{ik}

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1
            Bits, 0 or 1.
        responsibilities : array_like, shape (n, K)
            Rows sum to 1.
        pseudocount : float
            :math:`a \ge 0`: so many ones and so many zeros are added to each bit of each
            component. With a > 0 no state is impossible, and the maximum is that of Q plus
            `log_prior` over n.

        Returns
        -------
        BernoulliMixture
            A component without samples keeps its probabilities (with a > 0: 1/2) and gets the
            weight 0.

        Raises
        ------
        ValueError
            If the arguments are not as above.

        Notes
        -----
        Eq. (3.77a) and Eq. (3.77). Source: as the class.

        Examples
        --------
        >>> q = BernoulliMixture([0.5, 0.5], [[0.9], [0.1]])
        >>> q.maximised([[1], [1], [0]], [[1, 0], [0, 1], [0, 1]]).probabilities.ravel()
        array([1. , 0.5])
        """
        x = _as_bits(x, self.dimension)
        shape = (len(x), self.n_components)
        gamma = as_rows_of_probabilities("responsibilities", responsibilities, shape)
        a = as_nonnegative("pseudocount", pseudocount)
        counts = gamma.sum(axis=0)
        total = (counts + 2.0 * a)[:, np.newaxis]
        p = np.divide(gamma.T @ x + a, total, out=self.probabilities.copy(), where=total > 0.0)
        # 1 only where no zero has any weight: else a sample would become impossible by rounding
        certain = gamma.T @ (1.0 - x) + a == 0.0
        p = np.minimum(p, np.where(certain, 1.0, np.nextafter(1.0, 0.0)))
        return BernoulliMixture(counts / counts.sum(), p)

    def log_prior(self, pseudocount: float) -> float:
        r"""Log density of the prior that a pseudocount stands for, up to a constant.

        .. math:: \sum_{k,j} a \bigl( \ln p_{kj} + \ln (1 - p_{kj}) \bigr)

        Parameters
        ----------
        pseudocount : float
            :math:`a \ge 0`: each :math:`p_{kj}` has the distribution Beta(1 + a, 1 + a).

        Returns
        -------
        float
            Nats; 0 for a = 0, and -inf if a > 0 and a probability is 0 or 1.

        Raises
        ------
        ValueError
            If `pseudocount` is negative or not finite.

        Notes
        -----
        What is added to Q of Eq. (3.77a). Source: as the class.

        Examples
        --------
        >>> round(BernoulliMixture([1.0], [[0.5]]).log_prior(2.0), 6)
        -2.772589
        """
        a, p = as_nonnegative("pseudocount", pseudocount), self.probabilities
        return float((special.xlogy(a, p) + special.xlog1py(a, -p)).sum())

    def distance(self, other: BernoulliMixture) -> float:
        r"""Largest change of a weight or a probability.

        .. math:: \max_{k,j} \bigl( |\Delta C_k|, |\Delta p_{kj}| \bigr)

        Parameters
        ----------
        other : BernoulliMixture
            With the same numbers of components and bits.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If the shapes differ.

        Notes
        -----
        The measure for the convergence of Eq. (3.77a). Source: none.

        Examples
        --------
        >>> a = BernoulliMixture([1.0], [[0.5]])
        >>> a.distance(BernoulliMixture([1.0], [[0.75]]))
        0.25
        """
        if other.probabilities.shape != self.probabilities.shape:
            raise ValueError(
                f"other: expected probabilities {self.probabilities.shape}, "
                f"got {other.probabilities.shape}"
            )
        weights = np.abs(self.weights - other.weights).max()
        return float(max(weights, np.abs(self.probabilities - other.probabilities).max()))

    def twins(self) -> tuple[int, int] | None:
        r"""Two components with all but the same probabilities, if there are any.

        .. math:: p_{kj} \approx p_{lj} \quad \text{for all } j

        Returns
        -------
        (int, int) or None
            Counted from 0; equal to 1e-3 of the standard deviation of each bit. Components of
            weight 0 do not count.

        Notes
        -----
        A trap of Eq. (3.77a): twins stay twins for ever. Source: as the class.

        Examples
        --------
        >>> BernoulliMixture([0.5, 0.5], [[0.3], [0.3]]).twins()
        (0, 1)
        """
        live = np.flatnonzero(self.weights > 0.0)
        for at, k in enumerate(live[:-1]):
            others = live[at + 1 :]
            mean = 0.5 * (self.probabilities[k] + self.probabilities[others])
            scale = np.sqrt(mean * (1.0 - mean))
            apart = np.abs(self.probabilities[k] - self.probabilities[others])
            far = np.divide(apart, scale, out=np.zeros_like(apart), where=scale > 0.0).max(axis=1)
            if far.min() <= latent.TWINS:
                return int(k), int(others[far.argmin()])
        return None

    @classmethod
    def fit(
        cls,
        x: ArrayLike,
        n_components: int,
        *,
        rng: np.random.Generator,
        starts: int = 10,
        pseudocount: float = 0.0,
        tolerance: float = 1e-6,
        max_steps: int = 1000,
    ) -> Fit:
        r"""Fit by EM from several random starts; the one that ends highest is kept.

        .. math:: \max_\theta \Bigl( \frac1n \sum_i \ln q_\theta(x_i)
                  + \frac1n \ln \mathrm{prior}(\theta) \Bigr)

        Parameters
        ----------
        x : array_like, shape (n, N), or (n,) for N = 1
            Bits, 0 or 1; at least K rows.
        n_components : int
            Number of components.
        rng : numpy.random.Generator
        starts : int
            Each start takes K rows at random, none twice, a quarter of the way from the mean of
            all, of which 0.05 + 0.9 mean is taken to keep off 0 and 1.
        pseudocount : float
            As for `maximised`.
        tolerance, max_steps
            As for `boltzlib.latent.ascend`, for probabilities.

        Returns
        -------
        Fit
            ``history`` is a `boltzlib.latent.Ascent`; its values hold the prior.

        Raises
        ------
        ValueError
            If an argument is not as above.

        Warns
        -----
        ConvergenceWarning
            If the iteration did not converge from the start that is kept.

        Notes
        -----
        Eq. (3.77a), repeated. Source: as the class.

        Examples
        --------
        >>> x = [[1, 1, 0], [1, 1, 0], [0, 0, 1], [0, 0, 1]]
        >>> fit = BernoulliMixture.fit(x, 2, rng=np.random.default_rng(1))
        >>> round(fit.model.log_likelihood(x), 6), fit.converged
        (-0.693147, True)
        """
        x, K = _as_bits(x), as_size("n_components", n_components)
        rng, starts, a = (
            check_rng(rng),
            as_size("starts", starts),
            as_nonnegative("pseudocount", pseudocount),
        )
        if len(x) < K:
            raise ValueError(f"x: expected at least {K} rows for {K} components, got {len(x)}")

        def update(model, data, r):
            return model.maximised(data, r, pseudocount=a)

        fits = []
        for _ in range(starts):
            rows = x[rng.choice(len(x), size=K, replace=False)]
            # not the rows themselves: with probabilities 0 and 1 nothing could move
            start = cls(np.full(K, 1.0 / K), 0.25 * rows + 0.75 * (0.05 + 0.9 * x.mean(axis=0)))
            fits.append(
                latent.em(
                    x,
                    start,
                    update=update,
                    log_prior=lambda model: model.log_prior(a),
                    tolerance=tolerance,
                    max_steps=max_steps,
                    keep_models=False,
                )
            )
        best = latent.best_of(fits, [])
        if not best.converged:
            warnings.warn(f"BernoulliMixture.fit: {best.reason}", ConvergenceWarning, stacklevel=2)
        return best


def _as_bits(x: ArrayLike, dimension: int | None = None) -> Array:
    x = as_batch("x", x, dimension)
    wrong = (x != 0.0) & (x != 1.0)
    if wrong.any():
        hint = "; (x + 1) / 2 turns spins into bits" if np.isin(x, (-1.0, 1.0)).all() else ""
        raise ValueError(f"x: expected bits, 0 or 1, got {x[wrong][0]:g}{hint}")
    return x
