"""The empirical distribution: the data themselves, read as a distribution.

For discrete data it is a table of frequencies. For continuous data it is n point masses:
it has no density, its distance in total variation to every density is 1 and
D(empirical || density) is +inf for every n. It still approaches the truth, in two senses:
averages of a function converge (`Empirical.expectation`), and so does the distribution
function (`kolmogorov_distance`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzlib._validation import as_batch, as_real_array, as_size, check_rng, frozen_copy

__all__ = ["Empirical", "kolmogorov_distance"]


@dataclass(frozen=True, eq=False, init=False)
class Empirical:
    r"""The empirical distribution of n samples.

    .. math:: p_0(x) = \frac1n \sum_{i=1}^n \delta(x - x_i)

    On discrete data :math:`\delta` is Kronecker's and :math:`p_0(x)` is the frequency of
    x, see `prob`. On continuous data it is Dirac's and :math:`p_0` has a meaning only
    under an integral, see `expectation`: it has no density.

    Parameters
    ----------
    samples : array_like, shape (n,) or (n, N)
        The data, one sample a row.

    Attributes
    ----------
    support : ndarray, shape (m,) or (m, N)
        The distinct samples, in lexicographic order.
    weights : ndarray, shape (m,)
        Their frequencies; they sum to 1.

    Raises
    ------
    ValueError
        If `samples` is empty, not finite, or not of shape (n,) or (n, N).

    Notes
    -----
    Eq. (1.1). Two samples are the same state when all their numbers are equal.
    Source: A. W. van der Vaart, *Asymptotic Statistics* (1998), ch. 19.

    Examples
    --------
    >>> p0 = Empirical([1, 1, -1, 1])
    >>> p0.support, p0.weights
    (array([-1.,  1.]), array([0.25, 0.75]))
    """

    samples: NDArray[np.float64]
    support: NDArray[np.float64] = field(init=False, repr=False)
    weights: NDArray[np.float64] = field(init=False, repr=False)

    def __init__(self, samples: ArrayLike) -> None:
        data = as_real_array("samples", samples)
        if data.ndim not in (1, 2):
            raise ValueError(f"samples: expected shape (n,) or (n, N), got {data.shape}")
        support, counts = np.unique(data, axis=0, return_counts=True)
        object.__setattr__(self, "samples", frozen_copy(data))
        object.__setattr__(self, "support", frozen_copy(support))
        object.__setattr__(self, "weights", frozen_copy(counts / len(data)))

    @property
    def n(self) -> int:
        """Number of samples."""
        return len(self.samples)

    @property
    def dimension(self) -> int:
        """Number N of components of a sample."""
        return 1 if self.samples.ndim == 1 else self.samples.shape[1]

    def prob(self, states: ArrayLike) -> NDArray[np.float64]:
        r"""Frequency of each given state among the samples.

        .. math:: p_0(x) = \frac1n \sum_{i=1}^n \delta_{x, x_i}

        Parameters
        ----------
        states : array_like, shape (k, N), or (k,) when N = 1
            States to look up, one a row. A state that was never seen has frequency 0.

        Returns
        -------
        ndarray, shape (k,)

        Raises
        ------
        ValueError
            If `states` has the wrong shape or is not finite.

        Notes
        -----
        Eq. (1.1) with Kronecker's delta, for discrete data. Source: as the class.

        Examples
        --------
        >>> Empirical([[0, 1], [0, 1], [1, 1]]).prob([[0, 1], [1, 0]]).round(6)
        array([0.666667, 0.      ])
        """
        asked = as_batch("states", states, self.dimension)
        seen = self.support.reshape(len(self.weights), self.dimension)
        distinct, index = np.unique(np.concatenate([seen, asked]), axis=0, return_inverse=True)
        index = index.ravel()
        table = np.zeros(len(distinct))
        table[index[: len(seen)]] = self.weights
        return table[index[len(seen) :]]

    def cdf(self, t: ArrayLike) -> NDArray[np.float64]:
        r"""Fraction of the samples that are at most t, for one-dimensional data.

        .. math:: F_0(t) = \int_{-\infty}^t dx\, p_0(x)
                  = \frac1n\,\#\{i : x_i \le t\}

        Parameters
        ----------
        t : array_like, any shape
            May be infinite.

        Returns
        -------
        ndarray, the shape of `t`

        Raises
        ------
        ValueError
            If the data have N > 1, or `t` holds NaN.

        Notes
        -----
        The integral of Eq. (1.1). Source: as the class.

        Examples
        --------
        >>> Empirical([3.0, 1.0]).cdf([0.0, 1.0, 2.0, 3.0])
        array([0. , 0.5, 0.5, 1. ])
        """
        if self.dimension != 1:
            raise ValueError(f"samples: expected one-dimensional data, got N = {self.dimension}")
        points = as_real_array("t", t, finite=False)
        if np.isnan(points).any():
            raise ValueError("t: expected numbers, got nan")
        return np.sort(self.samples, axis=None).searchsorted(points, side="right") / self.n

    def expectation(
        self, f: Callable[[NDArray[np.float64]], ArrayLike]
    ) -> NDArray[np.float64] | float:
        r"""Expectation of a function: its mean over the samples.

        .. math:: \int dx\, p_0(x) f(x) = \frac1n \sum_{i=1}^n f(x_i)

        Parameters
        ----------
        f : callable
            Takes the samples, shape (n,) or (n, N) as they were given, and returns an
            array whose first axis is n.

        Returns
        -------
        float or ndarray
            The mean over the first axis.

        Raises
        ------
        ValueError
            If what `f` returns has another first axis.

        Notes
        -----
        Eq. (1.1) with Dirac's delta, for continuous data. Source: as the class.

        Examples
        --------
        >>> round(Empirical([1.0, 2.0, 6.0]).expectation(lambda x: x**2), 6)
        13.666667
        """
        values = np.asarray(f(self.samples))
        if values.shape[:1] != (self.n,):
            raise ValueError(
                f"f: expected an array with first axis n = {self.n}, got shape {values.shape}"
            )
        mean = values.mean(axis=0)
        return mean if mean.ndim else float(mean)

    def sample(self, size: int, *, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw from the data with replacement.

        .. math:: x = x_i, \\quad i \\text{ uniform on } 1, \\dots, n

        This is memorising: it never returns anything that is not in the data.

        Parameters
        ----------
        size : int
            Number of draws, at least 1.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray, shape (size,) or (size, N), as the samples

        Raises
        ------
        ValueError
            If `size` is not a positive integer or `rng` is not a Generator.

        Notes
        -----
        Sampling from Eq. (1.1): the bootstrap.
        Source: B. Efron, Ann. Stat. 7 (1979) 1.

        Examples
        --------
        >>> draws = Empirical([1.0, 5.0]).sample(100, rng=np.random.default_rng(1))
        >>> sorted(set(draws.tolist()))
        [1.0, 5.0]
        """
        size = as_size("size", size)
        return self.samples[check_rng(rng).integers(self.n, size=size)]


def kolmogorov_distance(x: ArrayLike, cdf: Callable[[NDArray[np.float64]], ArrayLike]) -> float:
    r"""Largest distance between the distribution function of the data and a given one.

    .. math:: \sup_t |F_0(t) - F(t)|

    Both are monotone and :math:`F_0` is constant between samples, so the supremum is
    found at the samples, from the left or from the right: nothing is missed. If the data
    come from F it falls as :math:`1/\sqrt n`.

    Parameters
    ----------
    x : array_like, shape (n,) or (n, 1)
        One-dimensional data.
    cdf : callable
        The distribution function F: takes an array, returns its values at each number.
        It may jump, also at the samples: its limit from the left is read at the next
        smaller float.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If `x` is not one-dimensional data, or `cdf` returns numbers outside [0, 1] or of
        another shape.

    Notes
    -----
    Eq. (1.2e) is about the difference at one point t. The largest over all t, which is this
    distance, goes to 0 as well when F is the law of the data.
    Source: A. N. Kolmogorov, G. Ist. Ital. Attuari 4 (1933) 83.

    Examples
    --------
    >>> kolmogorov_distance([0.5], lambda t: t.clip(0.0, 1.0))
    0.5
    """
    p0 = Empirical(as_batch("x", x, 1).ravel())
    at, left = p0.support, np.nextafter(p0.support, -np.inf)
    values = np.asarray(cdf(at)), np.asarray(cdf(left))
    for v in values:
        if v.shape != at.shape:
            raise ValueError(f"cdf: expected an array of shape {at.shape}, got {v.shape}")
        if (outside := ~((v >= 0) & (v <= 1))).any():
            raise ValueError(f"cdf: expected values in [0, 1], got {v[outside][0]:g}")
    # both are monotone: F_0 is above F the most at a sample, below it just before one
    gaps = p0.cdf(at) - values[0], values[1] - p0.cdf(left)
    return float(np.max(gaps))
