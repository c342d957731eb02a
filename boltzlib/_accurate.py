r"""A few tools that keep digits which plain double precision would lose.

Solving with a covariance of condition number :math:`\kappa` loses a factor
:math:`\kappa`: at :math:`\kappa = 10^8` only eight of sixteen digits are left.
The remedy is old: compute the *residual* of the answer with more digits than the
answer, and correct. All that is needed is :math:`C - AB` without the rounding of
the large part that cancels, and `residual` gets that from three ordinary matrix
products.

Sources: T. J. Dekker, Numer. Math. 18 (1971) 224 (splitting a number in a high and
a low part); T. Ogita, S. M. Rump, S. Oishi, SIAM J. Sci. Comput. 26 (2005) 1955
(error-free sums and products); K. Ozaki, T. Ogita, S. Oishi, S. M. Rump, Numer.
Algorithms 59 (2012) 95 (splitting whole matrices, so that BLAS does the work);
N. J. Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed. (2002),
ch. 12 (iterative refinement).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

__all__ = ["difference", "high_part", "refined_solve", "residual", "x_minus_log1p"]

Array = NDArray[np.float64]


def difference(a: Array, b: Array) -> tuple[Array, Array]:
    """Return (high, low) with high + low = a - b exactly, high the rounded difference.

    Knuth's branch-free TwoSum.

    >>> difference(np.float64(1.0), np.float64(1e-20))
    (np.float64(1.0), np.float64(-1e-20))
    """
    high = a - b
    part = high - a
    low = (a - (high - part)) - (b + part)
    return high, low


def high_part(a: Array, bits: int, axis: int) -> Array:
    """Round `a` to `bits` bits below the largest magnitude along `axis`.

    All the results along that axis are multiples, at most 2**bits, of one power of two.

    >>> high_part(np.array([1.0, 0.1]), bits=4, axis=0)
    array([1.   , 0.125])
    """
    _, exponent = np.frexp(np.abs(a).max(axis=axis, keepdims=True))
    unit = np.maximum(np.ldexp(1.0, exponent - bits), np.finfo(np.float64).tiny)
    return np.rint(a / unit) * unit


def residual(c: Array, a: Array, b: Array) -> Array:
    r"""Return :math:`C - AB` with an error near :math:`2^{-74}\,|A||B|`.

    The high parts have so few bits that their product, sums included, is exact; the
    rest is smaller by a factor of about :math:`2^{-22}`, and so is its rounding.

    >>> a = np.array([[1.0 + 2.0**-40]])
    >>> residual(a * a, a, a) == -(2.0**-80)
    array([[ True]])
    """
    bits = (53 - int(np.ceil(np.log2(a.shape[1])))) // 2
    a_high = high_part(a, bits, axis=1)
    b_high = high_part(b, bits, axis=0)
    return (c - a_high @ b_high) - (a_high @ (b - b_high) + (a - a_high) @ b)


def refined_solve(lower: Array, high: Array, low: Array | float = 0.0) -> tuple[Array, Array]:
    """Solve lower @ y = high + low; return y in two parts.

    One step of iterative refinement: solve, take the accurate residual, solve for the
    correction. Solution and correction are not added, so that no digit is lost; y is
    their sum. `lower` is lower triangular, `high` has shape (N, n).

    >>> y, correction = refined_solve(np.array([[3.0]]), np.array([[1.0]]))
    >>> float(y[0, 0]), float(correction[0, 0])
    (0.3333333333333333, 1.850371707708594e-17)
    """
    y = solve_triangular(lower, high, lower=True, check_finite=False)
    error = residual(high, lower, y) + low
    correction = solve_triangular(lower, error, lower=True, check_finite=False)
    return y, correction


def x_minus_log1p(x: Array) -> Array:
    r"""Return :math:`x - \ln(1 + x)` to nearly full relative precision, for x > -1.

    Near 0 the two terms cancel. With :math:`u = x / (2 + x)`, from
    :math:`\ln(1 + x) = 2\,\mathrm{artanh}\,u`,

    .. math:: x - \ln(1+x) = x u - 2 u^3 \left(\tfrac13 + \tfrac{u^2}5 + \tfrac{u^4}7
              + \dots\right),

    where nothing large cancels.

    >>> x_minus_log1p(np.array([1e-9, 1.0])).round(20)
    array([5.00000000e-19, 3.06852819e-01])
    """
    x = np.asarray(x, dtype=np.float64)
    near = np.abs(x) <= 0.25
    u = x / (2.0 + x)
    series = np.zeros_like(u)
    for k in range(21, 2, -2):  # near: |u| <= 1/7, the next term is below 2**-61
        series = series * u**2 + 1.0 / k
    small = x * u - 2.0 * u**3 * series
    return np.where(near, small, x - np.log1p(x))
