r"""The E-step of a Gaussian mixture as two matrix products.

A Gaussian log density is linear in the quadratic features of a sample,

.. math:: \Phi(y) = (1,\; y_1, \dots, y_N,\; y_1 y_1, y_1 y_2, \dots, y_N y_N).

So the log densities of m samples under K components are one product of a K x D and a D x m
matrix, and the weighted sums of the M-step are another, with the same features. That is several
times faster than to solve with K Cholesky factors, but it adds large terms of both signs. Two
things keep the digits. The samples are first brought to the coordinates y in which the whole
mixture has mean 0 and covariance 1. And a bound on the terms is computed for each chunk of
samples; where it is too large the chunk is refused, for the caller to take the careful way.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["FAST_LIMIT", "QuadraticForm"]

Array = NDArray[np.float64]

#: Terms of a log density may be at most this: then its error is below about 1e-10.
FAST_LIMIT = 1e5


class QuadraticForm:
    """Log densities of K components in quadratic features, and the sums weighted by them.

    Parameters
    ----------
    weights, means, roots, offsets : ndarrays, shapes (K,), (K, N), (K, N, N), (K,)
        Of a mixture; `roots` are the Cholesky factors of its covariances, `offsets` the logs of
        weight over normaliser.
    size : int
        Largest number of samples in a chunk.
    """

    def __init__(
        self, weights: Array, means: Array, roots: Array, offsets: Array, size: int
    ) -> None:
        self.centre = weights @ means
        self.rows, self.columns = _pairs(means.shape[1])
        with np.errstate(over="ignore", invalid="ignore"):  # `add` refuses what overflows
            self._whiten(weights, means - self.centre, roots)
            self.theta = self._coefficients(means - self.centre, roots, offsets)
            self.bound = self._bound()
        K, size_of_features = self.theta.shape
        self.features = _aligned(size_of_features, size)
        self.features[0] = 1.0
        self.joint = _aligned(K, size)
        self.n, self.log_likelihood = 0, 0.0
        self.total = np.zeros_like(self.theta)

    def _whiten(self, weights: Array, around: Array, roots: Array) -> None:
        """Find coordinates y = whiten (x - centre) with mean 0 and covariance 1."""
        scaled = np.sqrt(weights)[:, np.newaxis, np.newaxis] * roots
        whole = (scaled @ scaled.transpose(0, 2, 1)).sum(axis=0)
        whole += (weights[:, np.newaxis] * around).T @ around
        try:
            self.root = np.linalg.cholesky(whole)
        except np.linalg.LinAlgError:  # the components are thin beside the way between them
            self.root = np.full_like(whole, np.nan)  # then so is the bound: nothing is added
        self.whiten = np.linalg.solve(self.root, np.eye(len(whole)))

    def _coefficients(self, around: Array, roots: Array, offsets: Array) -> Array:
        """Return what each log density multiplies the features by, shape (K, D)."""
        K, N = around.shape
        narrowed = np.linalg.solve(roots, np.broadcast_to(self.root, roots.shape))
        precisions = narrowed.transpose(0, 2, 1) @ narrowed
        mu = around @ self.whiten.T
        pull = (precisions @ mu[:, :, np.newaxis])[:, :, 0]
        theta = np.empty((K, 1 + N + len(self.rows)))
        theta[:, 0] = offsets - 0.5 * (pull * mu).sum(axis=1)
        theta[:, 1 : N + 1] = pull
        theta[:, N + 1 :] = -precisions[:, self.rows, self.columns]
        theta[:, N + 1 :][:, self.rows == self.columns] *= 0.5
        return theta

    def _bound(self) -> tuple[Array, Array, Array]:
        """Return a, b, c: the terms are at most a + b r + c r**2 where all abs(y_j) <= r."""
        N = len(self.centre)
        spread = (np.abs(self.whiten) @ np.abs(self.root)).sum(axis=1)  # what rounding does to y
        sizes = np.abs(self.theta)
        pairs = spread[self.rows] * spread[self.columns]
        return sizes[:, 0], sizes[:, 1 : N + 1] @ spread, sizes[:, N + 1 :] @ pairs

    def add(self, x: Array) -> bool:
        """Add a chunk, shape (m, N); return False, and leave it out, if that would cost digits."""
        N = x.shape[1]
        features = self.features[:, : len(x)]
        y = features[1 : N + 1]
        with np.errstate(over="ignore", invalid="ignore"):
            np.matmul(self.whiten, (x - self.centre).T, out=y)
            a, b, c = self.bound
            r = max(y.max(), -y.min())
            terms = a + r * (b + r * c)
        if not terms.max() <= FAST_LIMIT:  # also if it is NaN
            return False
        at = N + 1
        for j in range(N):  # the products y_j y_l for l = j ... N - 1
            np.multiply(y[j], y[j:], out=features[at : at + N - j])
            at += N - j
        joint = np.matmul(self.theta, features, out=self.joint[:, : len(x)])
        top = joint.max(axis=0)
        joint -= top
        np.exp(joint, out=joint)
        sums = joint.sum(axis=0)
        self.log_likelihood += float(np.log(sums).sum() + top.sum())
        joint *= 1.0 / sums
        self.total += joint @ features.T
        self.n += len(x)
        return True

    def sums(self) -> tuple[int, Array, Array, Array, float]:
        """Return n, counts, first and second sums about the centre, and the log-likelihood."""
        K, N = len(self.theta), len(self.centre)
        second = np.empty((K, N, N))
        second[:, self.rows, self.columns] = self.total[:, N + 1 :]
        second[:, self.columns, self.rows] = self.total[:, N + 1 :]
        return (
            self.n,
            self.total[:, 0].copy(),
            self.total[:, 1 : N + 1] @ self.root.T,
            self.root @ second @ self.root.T,
            self.log_likelihood,
        )


def _aligned(rows: int, columns: int) -> Array:
    """Return a table whose memory begins on a cache line: a third of the time is saved."""
    memory = np.empty(rows * columns + 8)
    start = -memory.ctypes.data // 8 % 8
    return memory[start : start + rows * columns].reshape(rows, columns)


@cache
def _pairs(size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the upper half of a matrix, the diagonal included."""
    return np.triu_indices(size)
