r"""Adjugate, derivatives with respect to vectors and matrices, and numeric gradients.

Layout: the gradient of a scalar with respect to a vector or matrix has the shape of that
vector or matrix (denominator layout), :math:`(df/dA)_{ij} = \partial f/\partial A_{ij}`.

Unless it is said otherwise the N² entries of a matrix are *independent* variables, also
where the gradient is then taken at a symmetric matrix. `symmetric_gradient` converts to
the other convention, in which :math:`A_{ij} = A_{ji}` is one variable.

Indices count from 0 here and from 1 in the formulas.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzlib._validation import as_real_array, as_square_matrix, as_symmetric_matrix

__all__ = [
    "adjugate",
    "cofactor_expansion",
    "cofactor_matrix",
    "complex_step_gradient",
    "finite_difference_gradient",
    "grad_det",
    "grad_inverse_quadratic_form",
    "grad_log_det",
    "grad_log_det_inverse",
    "grad_quadratic_form_matrix",
    "grad_quadratic_form_vector",
    "independent_gradient",
    "minor",
    "symmetric_gradient",
]

Array = NDArray[np.float64]


# Determinants ------------------------------------------------------------------------


def minor(A: ArrayLike, i: int, j: int) -> float:
    r"""Minor: the determinant of A without row i and column j.

    .. math:: m_{ij} = \det(A \text{ without row } i \text{ and column } j)

    Parameters
    ----------
    A : array_like, shape (N, N)
    i, j : int
        Row and column, from 0 to N - 1.

    Returns
    -------
    float
        For N = 1 the determinant of nothing, 1.

    Raises
    ------
    ValueError
        If A is not a finite square matrix, or i or j is out of range.

    Notes
    -----
    The :math:`m_{ij}` of Eq. (8.94).
    Source: R. A. Horn and C. R. Johnson, *Matrix Analysis*, 2nd ed. (2013), section 0.3.

    Examples
    --------
    >>> round(minor([[1.0, 2.0], [3.0, 4.0]], 0, 1), 12)
    3.0
    """
    A = as_square_matrix("A", A)
    _check_index("i", i, len(A))
    _check_index("j", j, len(A))
    return float(np.linalg.det(np.delete(np.delete(A, i, axis=0), j, axis=1)))


def cofactor_expansion(A: ArrayLike, column: int = 0) -> float:
    r"""Determinant by cofactor expansion along one column j.

    .. math:: \det A = \sum_{i=1}^N (-1)^{i+j} A_{ij} m_{ij} \quad\text{for any one } j

    It shows that det A is linear in each entry, with slope
    :math:`(-1)^{i+j} m_{ij}`. To compute a determinant use `numpy.linalg.det`.

    Parameters
    ----------
    A : array_like, shape (N, N)
    column : int
        j, from 0 to N - 1. The result does not depend on it.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If A is not a finite square matrix, or `column` is out of range.

    Notes
    -----
    Eq. (8.94): the sum runs over the rows i, the column j stays. Source: as `minor`.

    Examples
    --------
    >>> [round(cofactor_expansion([[1.0, 2.0], [3.0, 4.0]], j), 12) for j in (0, 1)]
    [-2.0, -2.0]
    """
    A = as_square_matrix("A", A)
    _check_index("column", column, len(A))
    signs = (-1.0) ** (np.arange(len(A)) + column)
    minors = np.array([minor(A, i, column) for i in range(len(A))])
    return float(np.sum(signs * A[:, column] * minors))


def adjugate(A: ArrayLike) -> Array:
    r"""Adjugate: the transpose of the matrix of cofactors.

    .. math:: \tilde A_{ij} = (-1)^{i+j} m_{ji}, \qquad
              A \tilde A = \tilde A A = \det(A)\, 1

    Right for singular matrices of any rank too, where :math:`\det(A) A^{-1}` has no
    meaning: no inverse is taken. From the singular value decomposition
    :math:`A = U S V^\top`,

    .. math:: \tilde A = \det(U) \det(V)\; V \tilde S U^\top, \qquad
              \tilde S_{ii} = \prod_{j \ne i} S_{jj}.

    Parameters
    ----------
    A : array_like, shape (N, N)

    Returns
    -------
    ndarray, shape (N, N)
        With an error of a few 1e-16 N times :math:`S_{11} \prod_{j \le N-2} S_{jj}`, as much
        as rounding the entries of A can change it.

    Raises
    ------
    ValueError
        If A is not a finite square matrix.

    Notes
    -----
    The :math:`\tilde A` of Eq. (8.96).
    Source: G. W. Stewart, Linear Algebra Appl. 283 (1998) 151.

    Examples
    --------
    >>> adjugate([[1.0, 2.0], [2.0, 4.0]]).round(12)
    array([[ 4., -2.],
           [-2.,  1.]])
    """
    A = as_square_matrix("A", A)
    U, s, Vt = np.linalg.svd(A)
    sign = np.linalg.slogdet(U @ Vt).sign  # det(U) det(V), which is 1 or -1
    before = np.concatenate([[1.0], np.cumprod(s[:-1])])
    after = np.concatenate([np.cumprod(s[:0:-1])[::-1], [1.0]])
    return sign * (Vt.T * (before * after)) @ U.T


def cofactor_matrix(A: ArrayLike) -> Array:
    r"""Matrix of cofactors, the transpose of the adjugate.

    .. math:: C_{ij} = (-1)^{i+j} m_{ij}

    Parameters
    ----------
    A : array_like, shape (N, N)

    Returns
    -------
    ndarray, shape (N, N)
        Accuracy as `adjugate`.

    Raises
    ------
    ValueError
        If A is not a finite square matrix.

    Notes
    -----
    The right-hand side of Eq. (8.95). Source: as `minor`.

    Examples
    --------
    >>> cofactor_matrix([[1.0, 2.0], [3.0, 4.0]]).round(12)
    array([[ 4., -3.],
           [-2.,  1.]])
    """
    return adjugate(A).T


# Gradients in closed form ------------------------------------------------------------


def grad_quadratic_form_vector(A: ArrayLike, x: ArrayLike) -> Array:
    r"""Gradient of a quadratic form with respect to the vector.

    .. math:: \frac{d}{dx}\, x^\top A x = (A + A^\top)\, x

    Parameters
    ----------
    A : array_like, shape (N, N)
        Need not be symmetric.
    x : array_like, shape (N,)

    Returns
    -------
    ndarray, shape (N,)

    Raises
    ------
    ValueError
        If A is not a finite square matrix, or x not a finite vector of length N.

    Notes
    -----
    Eq. (8.90). Source: J. R. Magnus and H. Neudecker, *Matrix Differential Calculus*,
    3rd ed. (2019).

    Examples
    --------
    >>> grad_quadratic_form_vector([[1.0, 2.0], [0.0, 3.0]], [1.0, 1.0])
    array([4., 8.])
    """
    A, x = _matrix_and_vector("A", A, x)
    return A @ x + A.T @ x


def grad_inverse_quadratic_form(covariance: ArrayLike, x: ArrayLike) -> Array:
    r"""Gradient of the squared Mahalanobis length with respect to the vector.

    .. math:: \frac{d}{dx}\, x^\top \Sigma^{-1} x = 2\, \Sigma^{-1} x

    Parameters
    ----------
    covariance : array_like, shape (N, N)
        :math:`\Sigma`, symmetric.
    x : array_like, shape (N,)

    Returns
    -------
    ndarray, shape (N,)
        By solving, not by inverting.

    Raises
    ------
    ValueError
        If the covariance is not a finite, symmetric, regular matrix, or x not a finite
        vector of length N.

    Notes
    -----
    Eq. (8.91): the form of Eq. (8.90) for the symmetric matrix :math:`\Sigma^{-1}`.
    Source: as `grad_quadratic_form_vector`.

    Examples
    --------
    >>> grad_inverse_quadratic_form([[2.0, 0.0], [0.0, 4.0]], [1.0, 1.0])
    array([1. , 0.5])
    """
    covariance = as_symmetric_matrix("covariance", covariance)
    covariance, x = _matrix_and_vector("covariance", covariance, x)
    _check_regular("covariance", covariance)
    return 2.0 * np.linalg.solve(covariance, x)


def grad_quadratic_form_matrix(x: ArrayLike) -> Array:
    r"""Gradient of a quadratic form with respect to the matrix.

    .. math:: \frac{d}{dA}\, x^\top A x = x x^\top

    The form is linear in A, so that A itself does not appear.

    Parameters
    ----------
    x : array_like, shape (N,)

    Returns
    -------
    ndarray, shape (N, N)
        With independent entries of A.

    Raises
    ------
    ValueError
        If x is not a finite vector.

    Notes
    -----
    Eq. (8.93), entry by entry Eq. (8.92). Source: as `grad_quadratic_form_vector`.

    Examples
    --------
    >>> grad_quadratic_form_matrix([1.0, 2.0])
    array([[1., 2.],
           [2., 4.]])
    """
    x = as_real_array("x", x, ndim=1)
    return np.outer(x, x)


def grad_det(A: ArrayLike) -> Array:
    r"""Gradient of the determinant: the matrix of cofactors.

    .. math:: \frac{d}{dA} \det A = \tilde A^\top, \qquad
              \Bigl(\frac{d}{dA} \det A\Bigr)_{ij} = (-1)^{i+j} m_{ij}

    Parameters
    ----------
    A : array_like, shape (N, N)
        May be singular.

    Returns
    -------
    ndarray, shape (N, N)
        With independent entries of A; accuracy as `adjugate`.

    Raises
    ------
    ValueError
        If A is not a finite square matrix.

    Notes
    -----
    Eq. (8.95). Source: as `grad_quadratic_form_vector` (Jacobi's formula).

    Examples
    --------
    >>> grad_det([[1.0, 2.0], [3.0, 4.0]]).round(12)
    array([[ 4., -3.],
           [-2.,  1.]])
    """
    return cofactor_matrix(A)


def grad_log_det(A: ArrayLike) -> Array:
    r"""Gradient of the logarithm of the determinant.

    .. math:: \frac{d}{dA} \ln\det A = (A^{-1})^\top

    Where det A < 0 it is the gradient of :math:`\ln|\det A|`.

    Parameters
    ----------
    A : array_like, shape (N, N)
        Regular.

    Returns
    -------
    ndarray, shape (N, N)
        With independent entries of A. Relative error about 1e-16 times the condition
        number.

    Raises
    ------
    ValueError
        If A is not a finite square matrix, or is singular to working precision.

    Notes
    -----
    Eq. (8.96). Source: as `grad_quadratic_form_vector`.

    Examples
    --------
    >>> grad_log_det([[1.0, 2.0], [3.0, 4.0]]).round(12)
    array([[-2. ,  1.5],
           [ 1. , -0.5]])
    """
    A = as_square_matrix("A", A)
    _check_regular("A", A)
    return np.linalg.solve(A.T, np.eye(len(A)))


def grad_log_det_inverse(covariance: ArrayLike) -> Array:
    r"""Gradient of ln det of a matrix with respect to its inverse.

    .. math:: \frac{d}{d\Sigma^{-1}} \ln\det \Sigma = -\Sigma^\top

    since :math:`\ln\det\Sigma = -\ln\det(\Sigma^{-1})`. For a covariance the transpose
    changes nothing.

    Parameters
    ----------
    covariance : array_like, shape (N, N)
        :math:`\Sigma`, regular; need not be symmetric.

    Returns
    -------
    ndarray, shape (N, N)
        With independent entries of :math:`\Sigma^{-1}`.

    Raises
    ------
    ValueError
        If the matrix is not finite and square, or is singular to working precision.

    Notes
    -----
    Eq. (8.97). Source: as `grad_quadratic_form_vector`.

    Examples
    --------
    >>> grad_log_det_inverse([[2.0, 1.0], [1.0, 3.0]])
    array([[-2., -1.],
           [-1., -3.]])
    """
    covariance = as_square_matrix("covariance", covariance)
    _check_regular("covariance", covariance)
    return -covariance.T


# Independent and symmetric entries ---------------------------------------------------


def symmetric_gradient(G: ArrayLike) -> Array:
    r"""Gradient along symmetric matrices, from the one with independent entries.

    .. math:: H = G + G^\top - \mathrm{diag}(G), \qquad
              H_{ii} = G_{ii}, \quad H_{ij} = G_{ij} + G_{ji}

    G has N² entries, :math:`G_{ij} = \partial f/\partial A_{ij}`, every entry of A moved
    alone. H has N(N+1)/2, each written on both sides of the diagonal: :math:`H_{ij}` is
    the derivative when :math:`A_{ij}` and :math:`A_{ji}` move together as one variable.
    Where G is symmetric, as at a symmetric matrix it can be taken to be,
    :math:`H = 2G - \mathrm{diag}(G)`. H = 0 exactly when G + G^T = 0, so that both
    conventions find the same stationary points.

    Parameters
    ----------
    G : array_like, shape (N, N)

    Returns
    -------
    ndarray, shape (N, N)
        Symmetric. The change of f along a symmetric dA is the sum of
        :math:`H_{ij}\,dA_{ij}` over :math:`i \le j`.

    Raises
    ------
    ValueError
        If G is not a finite square matrix.

    Notes
    -----
    The convention left open by Eq. (2.27) and Eq. (8.97). Source: as
    `grad_quadratic_form_vector`.

    Examples
    --------
    >>> symmetric_gradient([[1.0, 2.0], [2.0, 4.0]])
    array([[1., 4.],
           [4., 4.]])
    """
    G = as_square_matrix("G", G)
    return G + G.T - np.diag(np.diag(G))


def independent_gradient(H: ArrayLike) -> Array:
    r"""Symmetric gradient with independent entries, from the one along symmetric matrices.

    .. math:: G = \tfrac12 (H + \mathrm{diag}(H))

    The inverse of `symmetric_gradient` up to the antisymmetric part of G, which no
    symmetric change can see: of all G that belong to H it returns the symmetric one. It
    is the gradient in the sense :math:`df = \mathrm{tr}(G\,dA)` for symmetric dA.

    Parameters
    ----------
    H : array_like, shape (N, N)
        Symmetric.

    Returns
    -------
    ndarray, shape (N, N)
        Symmetric.

    Raises
    ------
    ValueError
        If H is not a finite, symmetric matrix.

    Notes
    -----
    As `symmetric_gradient`: Eq. (2.27), Eq. (8.97). Source: as
    `grad_quadratic_form_vector`.

    Examples
    --------
    >>> independent_gradient([[1.0, 4.0], [4.0, 4.0]])
    array([[1., 2.],
           [2., 4.]])
    """
    H = as_symmetric_matrix("H", H)
    return 0.5 * (H + np.diag(np.diag(H)))


# Numeric gradients -------------------------------------------------------------------


def complex_step_gradient(f: Callable[[NDArray[np.complex128]], Any], x: ArrayLike) -> Array:
    r"""Gradient of a scalar function by the complex step.

    .. math:: \frac{\partial f}{\partial x_k} = \frac{\mathrm{Im}\, f(x + i h e_k)}{h}
              + O(h^2)

    Nothing is subtracted, so h can be 1e-20 and the result is as accurate as f itself.
    The function must be analytic and accept complex numbers: no `abs`, no comparison, no
    complex conjugate. `numpy.linalg.det`, `solve` and `log` are fine.

    Parameters
    ----------
    f : callable
        Takes an array of the shape of `x`, returns one number.
    x : array_like, any shape
        A vector, a matrix, or more.

    Returns
    -------
    ndarray, the shape of `x`
        Entry k is the derivative by :math:`x_k` (denominator layout), the entries being
        independent.

    Raises
    ------
    ValueError
        If x is not finite, or f does not return one complex number (a real one means that
        the imaginary part was lost on the way, and would give a silent 0).

    Notes
    -----
    An independent check of Eq. (8.90) to Eq. (8.97).
    Source: W. Squire and G. Trapp, SIAM Rev. 40 (1998) 110.

    Examples
    --------
    >>> complex_step_gradient(lambda x: np.sum(x**3), [1.0, 2.0])
    array([ 3., 12.])
    """
    x = as_real_array("x", x)
    steps = 1e-20 * _scale(x)
    gradient = np.empty_like(x)
    for k in np.ndindex(x.shape):
        point = x.astype(np.complex128)
        point[k] += 1j * steps[k]
        value = np.asarray(f(point))
        if value.size != 1 or value.dtype.kind != "c":
            raise ValueError(
                "f: expected one complex number for complex x, "
                f"got shape {value.shape} and dtype {value.dtype}"
            )
        gradient[k] = value.item().imag / steps[k]
    return gradient


def finite_difference_gradient(f: Callable[[Array], Any], x: ArrayLike) -> Array:
    r"""Gradient of a scalar function by central differences.

    .. math:: \frac{\partial f}{\partial x_k}
              = \frac{f(x + h e_k) - f(x - h e_k)}{2h} + O(h^2)

    For functions that do not accept complex numbers. With
    :math:`h = \epsilon^{1/3} \max(1, |x_k|)` truncation and rounding balance near ten
    digits for a function of order 1.

    Parameters
    ----------
    f : callable
        Takes an array of the shape of `x`, returns one number.
    x : array_like, any shape

    Returns
    -------
    ndarray, the shape of `x`
        Entry k is the derivative by :math:`x_k` (denominator layout), the entries being
        independent.

    Raises
    ------
    ValueError
        If x is not finite, or f does not return one finite real number.

    Notes
    -----
    An independent check of Eq. (8.90) to Eq. (8.97).
    Source: W. H. Press et al., *Numerical Recipes*, 3rd ed. (2007), section 5.7.

    Examples
    --------
    >>> finite_difference_gradient(lambda x: np.sum(x**3), [1.0, 2.0]).round(8)
    array([ 3., 12.])
    """
    x = as_real_array("x", x)
    steps = np.finfo(np.float64).eps ** (1 / 3) * np.maximum(1.0, np.abs(x))
    gradient = np.empty_like(x)
    for k in np.ndindex(x.shape):
        right, left = x.copy(), x.copy()
        right[k] += steps[k]
        left[k] -= steps[k]
        width = right[k] - left[k]  # 2h as it came out in floats
        values = np.asarray([f(right), f(left)])
        if values.shape != (2,) or values.dtype.kind not in "iuf" or not np.isfinite(values).all():
            raise ValueError(
                "f: expected one finite real number for real x, got "
                f"{values[0]} and {values[1]} on its two sides"
            )
        gradient[k] = (values[0] - values[1]) / width
    return gradient


# Checks ------------------------------------------------------------------------------


def _check_index(name: str, index: int, size: int) -> None:
    """Raise unless index is a valid index that counts from 0."""
    if isinstance(index, bool) or not isinstance(index, (int, np.integer)) or not 0 <= index < size:
        raise ValueError(f"{name}: expected an index from 0 to {size - 1}, got {index}")


def _check_regular(name: str, matrix: Array) -> None:
    """Raise if the matrix is singular to working precision."""
    condition = np.linalg.cond(matrix)
    if not condition < 1.0 / np.finfo(np.float64).eps:
        raise ValueError(f"{name}: expected a regular matrix, got condition number {condition:.1e}")


def _matrix_and_vector(name: str, matrix: ArrayLike, x: ArrayLike) -> tuple[Array, Array]:
    """Check a square matrix and a vector of the same size."""
    matrix, x = as_square_matrix(name, matrix), as_real_array("x", x, ndim=1)
    if len(x) != len(matrix):
        raise ValueError(f"x: expected shape ({len(matrix)},), got {x.shape}")
    return matrix, x


def _scale(x: Array) -> Array:
    """Size of each entry; where it is 0, that of the largest one, but at most 1."""
    size = np.abs(x)
    size = np.where(size > 0, size, min(1.0, size.max()) or 1.0)
    return np.maximum(size, 1e-280)  # a step below 1e-300 would lose digits
