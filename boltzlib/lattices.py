"""Ising models on lattices, and their exact results: touchstones for every sampler.

On a lattice all bonds have the same coupling K. The chain is solved by a transfer matrix, the
square lattice without a field by B. Kaufman's formula, and in the limit of infinite size by
L. Onsager's.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import ellipkm1, logsumexp

from boltzlib._validation import as_real_array, as_size

__all__ = [
    "CRITICAL_COUPLING",
    "chain",
    "chain_log_partition",
    "onsager_energy_per_site",
    "onsager_log_partition_per_site",
    "square_lattice",
    "torus_log_partition",
    "yang_magnetisation",
]

Array = NDArray[np.float64]

#: Coupling at which the infinite square lattice begins to order, ln(1 + sqrt 2) / 2.
CRITICAL_COUPLING = float(0.5 * np.log1p(np.sqrt(2.0)))


def chain(n_spins: int, coupling: float, *, periodic: bool) -> Array:
    r"""Couplings of spins in a row, or in a ring.

    .. math:: J_{k,k+1} = K

    Parameters
    ----------
    n_spins : int
        N; at least 3 for a ring.
    coupling : float
        K, in units of the temperature.
    periodic : bool
        Whether the last spin is coupled to the first.

    Returns
    -------
    ndarray, shape (N, N)
        Symmetric, zero diagonal: the J of `boltzlib.ising.Ising`.

    Raises
    ------
    ValueError
        If `n_spins` is not a positive integer, is below 3 for a ring, or K is not finite.

    Notes
    -----
    The machine of Eq. (2.29b). Source: E. Ising, Z. Phys. 31 (1925) 253.

    Examples
    --------
    >>> chain(3, 0.5, periodic=False)
    array([[0. , 0.5, 0. ],
           [0.5, 0. , 0.5],
           [0. , 0.5, 0. ]])
    """
    n_spins, K = as_size("n_spins", n_spins), _as_number("coupling", coupling)
    J = K * np.eye(n_spins, k=1)
    if periodic:
        _at_least_3("n_spins", n_spins)
        J[0, -1] = K
    return J + J.T


def square_lattice(rows: int, columns: int, coupling: float, *, periodic: bool) -> Array:
    r"""Couplings of a square lattice with free or periodic boundary.

    .. math:: J_{kl} = K \quad \text{for neighbours } k, l

    Parameters
    ----------
    rows, columns : int
        At least 3 each if periodic: with 2 the two bonds around would join the same pair.
    coupling : float
        K, in units of the temperature.
    periodic : bool
        Whether opposite edges are joined, which makes a torus.

    Returns
    -------
    ndarray, shape (N, N) with N = rows * columns
        Site (row, column) is spin ``row * columns + column``.

    Raises
    ------
    ValueError
        If a size is not a positive integer, is below 3 in the periodic case, or K is not finite.

    Notes
    -----
    Couplings for Eq. (2.28). Source: L. Onsager, Phys. Rev. 65 (1944) 117.

    Examples
    --------
    >>> square_lattice(2, 2, 1.0, periodic=False)
    array([[0., 1., 1., 0.],
           [1., 0., 0., 1.],
           [1., 0., 0., 1.],
           [0., 1., 1., 0.]])
    """
    rows, columns = as_size("rows", rows), as_size("columns", columns)
    K = _as_number("coupling", coupling)
    if periodic:
        _at_least_3("rows", rows)
        _at_least_3("columns", columns)
    down, along = chain(rows, K, periodic=periodic), chain(columns, K, periodic=periodic)
    return np.kron(down, np.eye(columns)) + np.kron(np.eye(rows), along)


def chain_log_partition(
    n_spins: int, coupling: float, field: float = 0.0, *, periodic: bool
) -> float:
    r"""Log-partition of a chain of any length, by its transfer matrix.

    .. math:: Z = \lambda_+^N + \lambda_-^N \quad\text{(ring)}, \qquad
              Z = v^\top T^{N-1} v \quad\text{(free ends)}, \qquad
              T = \begin{pmatrix} e^{K+h} & e^{-K} \\ e^{-K} & e^{K-h} \end{pmatrix},
              \quad v = \begin{pmatrix} e^{h/2} \\ e^{-h/2} \end{pmatrix}

    Parameters
    ----------
    n_spins : int
        N; at least 3 for a ring. There is no upper limit.
    coupling, field : float
        K and h, the same for all bonds and spins.
    periodic : bool
        Ring or free ends.

    Returns
    -------
    float
        Nats.

    Raises
    ------
    ValueError
        As `chain`.

    Notes
    -----
    Eq. (2.29b). Source: H. A. Kramers and G. H. Wannier, Phys. Rev. 60 (1941) 252. The power of
    T is taken by repeated squaring of the logs of its entries. All terms are positive, so no
    digits are lost and nothing overflows; eigenvalues of opposite sign could cancel.

    Examples
    --------
    >>> round(chain_log_partition(10**6, 0.5, periodic=True) / 10**6, 6)
    0.813262
    """
    N = as_size("n_spins", n_spins)
    K, h = _as_number("coupling", coupling), _as_number("field", field)
    log_T = np.array([[K + h, -K], [-K, K - h]])
    if periodic:
        _at_least_3("n_spins", N)
        return float(np.logaddexp(*np.diag(_log_power(log_T, N))))
    ends = 0.5 * np.array([h, -h])
    return float(logsumexp(_log_power(log_T, N - 1) + ends + ends[:, np.newaxis]))


def torus_log_partition(rows: int, columns: int, coupling: float) -> float:
    r"""Log-partition of a periodic square lattice without field.

    .. math:: Z = \tfrac12 (2 \sinh 2K)^{mn/2} \Bigl[ \prod_r 2\cosh\tfrac m2\gamma_{2r+1}
              + \prod_r 2\sinh\tfrac m2\gamma_{2r+1} + \prod_r 2\cosh\tfrac m2\gamma_{2r}
              \pm \prod_r 2\sinh\tfrac m2\gamma_{2r} \Bigr]

    with m rows, n columns, :math:`\cosh\gamma_j = \cosh 2K \coth 2K - \cos(\pi j/n)`, and the
    last sign that of :math:`\sinh(2K) - 1`.

    Parameters
    ----------
    rows, columns : int
        At least 3 each.
    coupling : float
        Of all bonds. A negative one needs even sides; then it is as good as a positive one.

    Returns
    -------
    float
        Nats, for all rows * columns spins.

    Raises
    ------
    ValueError
        If a size is not an integer of at least 3, K is not finite, or K is negative and a side
        is odd.

    Notes
    -----
    A value of Eq. (2.29). Source: B. Kaufman, Phys. Rev. 76 (1949) 1232.

    Examples
    --------
    >>> round(torus_log_partition(64, 64, 0.4) / 64**2, 6)
    0.879364
    """
    m, n = as_size("rows", rows), as_size("columns", columns)
    _at_least_3("rows", m)
    _at_least_3("columns", n)
    K = _as_number("coupling", coupling)
    if K < 0 and (m % 2 or n % 2):
        raise ValueError(
            f"coupling: expected K >= 0 where a side is odd, got {K:g} for {m} x {n}: the bonds "
            "around an odd side cannot all be satisfied, and the formula does not hold"
        )
    K = abs(K)
    if K < 1e-6:  # the next terms, of order K^3, are below the rounding
        return float(m * n * (np.log(2.0) + K**2))
    if K > 100.0:  # two states: the next ones weigh e^-800 of them
        return float(2.0 * m * n * K + np.log(2.0))
    # cosh gamma_j - 1 as a sum of two terms that are not negative: no digits are lost near K_c
    excess = _duality_gap(K) + 2.0 * np.sin(0.5 * np.pi * np.arange(2 * n) / n) ** 2
    gamma = np.log1p(excess + np.sqrt(excess * (excess + 2.0)))  # arcosh(1 + excess)
    half = 0.5 * m * gamma
    log_cosh = half + np.log1p(np.exp(-2.0 * half))  # of 2 cosh
    with np.errstate(divide="ignore"):
        log_sinh = half + np.log(-np.expm1(-2.0 * half))  # of 2 sinh; -inf at gamma = 0
    odd, even = slice(1, None, 2), slice(0, None, 2)
    logs = np.array([part[j].sum() for j in (odd, even) for part in (log_cosh, log_sinh)])
    signs = np.array([1.0, 1.0, 1.0, np.sign(K - CRITICAL_COUPLING)])
    top = logs.max()
    bracket = (signs * np.exp(logs - top)).sum()
    log_factor = 2.0 * K + np.log(-np.expm1(-4.0 * K))  # ln(2 sinh 2K)
    return float(0.5 * m * n * log_factor + top + np.log(0.5 * bracket))


def onsager_log_partition_per_site(coupling: float) -> float:
    r"""Log-partition per spin of the infinite square lattice without field.

    .. math:: \lim_{N\to\infty} \frac{\ln Z}{N} = \ln(2\cosh 2K)
              + \frac1\pi \int_0^{\pi/2} \ln\frac{1 + \sqrt{1 - k^2 \sin^2 u}}{2}\, du,
              \qquad k = \frac{2\sinh 2K}{\cosh^2 2K}

    Parameters
    ----------
    coupling : float
        K; its sign does not matter.

    Returns
    -------
    float
        Nats per spin.

    Raises
    ------
    ValueError
        If K is not finite.

    Notes
    -----
    The limit of Eq. (2.29). Source: L. Onsager, Phys. Rev. 65 (1944) 117.

    Examples
    --------
    >>> round(onsager_log_partition_per_site(CRITICAL_COUPLING), 9)
    0.929695398
    """
    K = abs(_as_number("coupling", coupling))
    root = _complementary_modulus(K)

    def integrand(s):  # u = pi/2 (1 - s^8): there is a bend at a distance of about `root` from pi/2
        v = 0.5 * np.pi * s**8
        return s**7 * np.log(0.5 * (1.0 + np.sqrt(root**2 + (1.0 - root**2) * np.sin(v) ** 2)))

    integral, _ = quad(integrand, 0.0, 1.0, epsabs=1e-14, epsrel=0.0)
    log_2_cosh = 2.0 * K + np.log1p(np.exp(-4.0 * K))
    return float(log_2_cosh + 4.0 * integral)


def onsager_energy_per_site(coupling: float) -> float:
    r"""Mean energy per spin of the infinite square lattice, in units of the temperature.

    .. math:: \frac{\langle E \rangle}{N} = -K \coth 2K \Bigl[ 1 + \frac2\pi (2\tanh^2 2K - 1)\,
              \mathrm{K}(k) \Bigr]

    where :math:`\mathrm{K}(k)` is the complete elliptic integral of the first kind with the k
    of `onsager_log_partition_per_site`.

    Parameters
    ----------
    coupling : float
        The same on all bonds.

    Returns
    -------
    float
        E of Eq. (2.28a), so the coupling is included; not positive.

    Raises
    ------
    ValueError
        If K is not finite.

    Notes
    -----
    Minus K times the derivative of the log-partition by K, a mean of Eq. (2.28a). Source: as
    `onsager_log_partition_per_site`.

    Examples
    --------
    >>> round(onsager_energy_per_site(CRITICAL_COUPLING) / CRITICAL_COUPLING, 6)
    -1.414214
    """
    K = abs(_as_number("coupling", coupling))
    if K == 0.0:
        return 0.0
    elliptic = ellipkm1(_complementary_modulus(K) ** 2)
    t = 2.0 * np.tanh(2.0 * K) ** 2 - 1.0
    return float(-K / np.tanh(2.0 * K) * (1.0 + 2.0 / np.pi * t * elliptic))


def yang_magnetisation(coupling: float) -> float:
    r"""Spontaneous magnetisation of the infinite square lattice.

    .. math:: m = \bigl(1 - \sinh(2K)^{-4}\bigr)^{1/8} \quad (K > K_c), \qquad 0 \quad (K \le K_c)

    Parameters
    ----------
    coupling : float
        K >= 0.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        If K is negative or not finite.

    Notes
    -----
    A mean of Eq. (2.31) in the limit of Eq. (2.29). Source: C. N. Yang, Phys. Rev. 85 (1952) 808.

    Examples
    --------
    >>> round(yang_magnetisation(0.5), 6)
    0.911319
    """
    K = _as_number("coupling", coupling)
    if K < 0:
        raise ValueError(f"coupling: expected K >= 0, got {K:g}")
    if K <= CRITICAL_COUPLING:
        return 0.0
    inverse = 2.0 * np.exp(-2.0 * K) / np.expm1(-4.0 * K)  # -1 / sinh 2K
    return float((1.0 - inverse**4) ** 0.125)


def _duality_gap(K: float) -> float:
    """Return cosh(2K) coth(2K) - 2 = (sinh 2K - 1)^2 / sinh 2K."""
    s = np.sinh(2.0 * K)
    return (s - 1.0) ** 2 / s


def _complementary_modulus(K: float) -> float:
    """Return sqrt(1 - k^2), up to its sign: tanh(2K)^2 - 1 / cosh(2K)^2 = 1 - 2 / cosh(2K)^2.

    It is never 0: no float has a square that is 1/2 to rounding.
    """
    inverse = 2.0 * np.exp(-2.0 * K) / (1.0 + np.exp(-4.0 * K))  # 1 / cosh 2K
    return 1.0 - 2.0 * inverse**2


def _log_power(log_T: Array, exponent: int) -> Array:
    """Log of the entries of a power of a 2 x 2 matrix of positive entries."""
    with np.errstate(divide="ignore"):
        result = np.log(np.eye(2))
    while exponent:
        if exponent % 2:
            result = _log_product(result, log_T)
        log_T, exponent = _log_product(log_T, log_T), exponent // 2
    return result


def _log_product(a: Array, b: Array) -> Array:
    return np.logaddexp(a[:, :1] + b[0], a[:, 1:] + b[1])


def _as_number(name: str, value: float) -> float:
    return float(as_real_array(name, value, ndim=0))


def _at_least_3(name: str, size: int) -> None:
    if size < 3:
        raise ValueError(
            f"{name}: expected at least 3 where the lattice closes on itself, got {size}: both "
            "bonds of a spin would lead to the same spin"
        )
