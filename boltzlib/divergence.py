"""Entropy, cross-entropy and the Kullback-Leibler divergence of discrete distributions.

Two tables of probabilities over the same states go in, a number in nats comes out. For
a model with a density (anything with a `log_prob` method) and data, the average
negative log-likelihood is the part of the divergence that depends on the model.
"""

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from boltzlib._accurate import x_minus_log1p
from boltzlib._validation import as_probabilities

__all__ = [
    "average_log_likelihood",
    "average_negative_log_likelihood",
    "cross_entropy",
    "entropy",
    "kl_divergence",
    "log_likelihood",
    "total_variation",
]


class HasLogProb(Protocol):
    """Any model that gives the natural log of its probability or density."""

    def log_prob(self, x: ArrayLike, /) -> NDArray[np.float64]:
        """Return one number for each of the n rows of `x`."""
        ...


def kl_divergence(p: ArrayLike, q: ArrayLike) -> float:
    r"""Kullback-Leibler divergence of q from p, in nats.

    .. math:: D(p \| q) = \sum_x p(x) \ln\frac{p(x)}{q(x)} \ge 0

    with :math:`0 \ln 0 = 0`; a state with p > 0 = q makes it :math:`+\infty`.

    What is summed is :math:`p \ln(p/q) - p + q`, in which no term is negative. For
    tables that sum to 1 it is the same number, since the additions cancel. For tables
    that sum to 1 only up to rounding, the plain sum carries
    :math:`\sum p - \sum q \approx 10^{-16}`, which swamps a small divergence; this
    form does not. It is 0 exactly when p and q are equal entry by entry.

    Parameters
    ----------
    p, q : array_like, the same shape
        Probabilities of the same states: a vector, or a table of any shape.

    Returns
    -------
    float
        Nats. Relative error of order 1e-15 as a function of the given numbers, also for
        p close to q; the number itself differs from the plain sum by
        :math:`\sum q - \sum p`, up to 2e-9 at the tolerance on the sums.

    Raises
    ------
    ValueError
        If an entry is negative or not finite, a sum differs from 1 by more than 1e-9,
        or the shapes differ.

    Notes
    -----
    Eq. (2.6); never negative by Eq. (2.8) or Eq. (2.10).
    Source: S. Kullback and R. A. Leibler, Ann. Math. Stat. 22 (1951) 79.

    Examples
    --------
    >>> round(kl_divergence([0.5, 0.5], [0.9, 0.1]), 6)
    0.510826
    >>> round(kl_divergence([0.9, 0.1], [0.5, 0.5]), 6)
    0.368064
    >>> kl_divergence([0.5, 0.5], [1.0, 0.0])
    inf
    >>> kl_divergence([1.0, 0.0], [1.0, 0.0])
    0.0
    """
    p, q = _pair(p, q)
    near = (np.abs(q - p) <= 0.5 * p) & (p > 0)
    t = np.divide(q - p, p, out=np.zeros_like(p), where=near)
    terms = np.where(near, p * x_minus_log1p(t), special.rel_entr(p, q) - p + q)
    return float(terms.sum())


def entropy(p: ArrayLike) -> float:
    r"""Entropy of a discrete distribution, in nats.

    .. math:: H(p) = -\sum_x p(x) \ln p(x)

    with :math:`0 \ln 0 = 0`, so that :math:`0 \le H(p) \le \ln(\text{number of states})`.

    Parameters
    ----------
    p : array_like, any shape
        Probabilities.

    Returns
    -------
    float
        Nats.

    Raises
    ------
    ValueError
        If an entry is negative or not finite, or the sum differs from 1 by more than
        1e-9.

    Notes
    -----
    The part of Eq. (2.6) that depends on p alone, with the sign changed.
    Source: C. E. Shannon, Bell Syst. Tech. J. 27 (1948) 379.

    Examples
    --------
    >>> round(entropy([0.5, 0.25, 0.25]), 6)  # 1.5 ln 2
    1.039721
    """
    return float(special.entr(as_probabilities("p", p)).sum())


def cross_entropy(p: ArrayLike, q: ArrayLike) -> float:
    r"""Cross-entropy of q under p, in nats.

    .. math:: H(p, q) = -\sum_x p(x) \ln q(x) = H(p) + D(p \| q)

    with :math:`0 \ln 0 = 0`; a state with p > 0 = q makes it :math:`+\infty`. It is the
    part of the divergence that depends on q.

    Parameters
    ----------
    p, q : array_like, the same shape
        Probabilities of the same states.

    Returns
    -------
    float
        Nats.

    Raises
    ------
    ValueError
        As for `kl_divergence`.

    Notes
    -----
    The second term of Eq. (2.17), with the sign changed.
    Source: T. M. Cover and J. A. Thomas, *Elements of Information Theory*, 2nd ed.
    (2006), ch. 2.

    Examples
    --------
    >>> p, q = [0.5, 0.5], [0.9, 0.1]
    >>> round(cross_entropy(p, q) - entropy(p) - kl_divergence(p, q), 12)
    0.0
    """
    p, q = _pair(p, q)
    return float(-special.xlogy(p, q).sum()) + 0.0  # 0.0, not -0.0


def total_variation(p: ArrayLike, q: ArrayLike) -> float:
    r"""Total variation distance: the largest difference in the probability of an event.

    .. math:: \mathrm{TV}(p, q) = \max_A |p(A) - q(A)| = \tfrac12 \sum_x |p(x) - q(x)|

    Between 0 (equal) and 1 (no state in common). Between an empirical distribution and
    any density it is 1, however many the samples: the event "x is one of the samples"
    has probability 1 and 0.

    Parameters
    ----------
    p, q : array_like, the same shape
        Probabilities of the same states.

    Returns
    -------
    float
        No unit.

    Raises
    ------
    ValueError
        As for `kl_divergence`.

    Notes
    -----
    Between discrete data and their law it goes to 0 as data come in. Eq. (1.2g): between
    continuous data and theirs, on fine cells, it stays near 1.
    Source: D. A. Levin and Y. Peres, *Markov Chains and Mixing Times*, 2nd ed. (2017),
    section 4.1.

    Examples
    --------
    >>> round(total_variation([0.5, 0.5], [0.9, 0.1]), 12)
    0.4
    """
    p, q = _pair(p, q)
    return 0.5 * float(np.abs(p - q).sum())


def log_likelihood(model: HasLogProb, x: ArrayLike) -> float:
    r"""Log-likelihood of independent data: the sum over the samples.

    .. math:: \ell = \sum_{i=1}^n \ln q(x_i)

    The method of that name which the models have is the average over the samples, as
    `average_log_likelihood` here.

    Parameters
    ----------
    model : object with `log_prob`
        For example `boltzlib.gaussian.Gaussian`.
    x : array_like, shape (n, N)
        Samples, one a row, as the model takes them.

    Returns
    -------
    float
        Nats (relative to the unit of volume, when q is a density).

    Raises
    ------
    ValueError
        From the model, if it refuses `x`; if `log_prob` does not return n numbers.

    Notes
    -----
    n times the average in Eq. (2.17): the same maximum point, another value.
    Source: R. A. Fisher, Phil. Trans. R. Soc. A 222 (1922) 309.

    Examples
    --------
    >>> from boltzlib.gaussian import Gaussian
    >>> round(log_likelihood(Gaussian(0.0, 1.0), [0.0, 1.0]), 6)
    -2.337877
    """
    return float(_log_probs(model, x).sum())


def average_log_likelihood(model: HasLogProb, x: ArrayLike) -> float:
    r"""Log-likelihood per sample.

    .. math:: \frac1n \sum_{i=1}^n \ln q(x_i)

    Parameters
    ----------
    model, x
        As for `log_likelihood`.

    Returns
    -------
    float
        Nats per sample.

    Raises
    ------
    ValueError
        As for `log_likelihood`.

    Notes
    -----
    What is maximised on the right of Eq. (2.17). Source: as `log_likelihood`.

    Examples
    --------
    >>> from boltzlib.gaussian import Gaussian
    >>> round(average_log_likelihood(Gaussian(0.0, 1.0), [0.0, 1.0]), 6)
    -1.168939
    """
    return float(_log_probs(model, x).mean())


def average_negative_log_likelihood(model: HasLogProb, x: ArrayLike) -> float:
    r"""Cross-entropy of the model under the empirical distribution of the samples.

    .. math:: -\frac1n \sum_{i=1}^n \ln q(x_i)

    It is the part of :math:`D(p_0 \| q)` that depends on the model. The other part, the
    negative entropy of the empirical distribution, does not; for continuous data it is
    an infinite constant, which is why `kl_divergence` has no such argument.

    Parameters
    ----------
    model, x
        As for `log_likelihood`.

    Returns
    -------
    float
        Nats per sample. +inf if the model gives a sample probability zero.

    Raises
    ------
    ValueError
        As for `log_likelihood`.

    Notes
    -----
    Eq. (2.14) and Eq. (2.25) for the Gaussian (which drop the constant
    :math:`\frac N2 \ln 2\pi`); the link to maximum likelihood is Eq. (2.17).
    Source: as `cross_entropy`.

    Examples
    --------
    >>> from boltzlib.gaussian import Gaussian
    >>> round(average_negative_log_likelihood(Gaussian(0.0, 1.0), [0.0, 1.0]), 6)
    1.168939
    """
    return -average_log_likelihood(model, x)


def _pair(p: ArrayLike, q: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Check two tables of probabilities over the same states; return them flat."""
    p_table, q_table = as_probabilities("p", p), as_probabilities("q", q)
    if p_table.shape != q_table.shape:
        raise ValueError(f"q: expected the shape of p, {p_table.shape}, got {q_table.shape}")
    return p_table.ravel(), q_table.ravel()


def _log_probs(model: HasLogProb, x: ArrayLike) -> NDArray[np.float64]:
    """Return ln q at the samples, one number each."""
    values = np.asarray(model.log_prob(x))
    if values.ndim != 1 or values.shape != np.shape(x)[:1] or values.size == 0:
        raise ValueError(
            "model: expected log_prob to return one number for each of the n samples, "
            f"got shape {values.shape} for x of shape {np.shape(x)}"
        )
    return values
