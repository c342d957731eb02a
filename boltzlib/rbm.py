"""Restricted Boltzmann machines: visible and hidden spins, coupled only across the layers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import combinations
from os import PathLike
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from scipy import special

from boltzlib._rbm_sums import LayerSum, log_2cosh
from boltzlib._validation import (
    as_nonnegative,
    as_real_array,
    as_recorded_spins,
    as_size,
    as_spins,
    check_rng,
    frozen_copy,
)
from boltzlib.bernoulli_mixture import BernoulliMixture
from boltzlib.enumeration import float_states
from boltzlib.ising import Ising
from boltzlib.latent import TWINS

__all__ = ["MAX_EXACT", "MAX_TABLE", "RBM", "Gradient", "Moments"]

Array = NDArray[np.floating]

#: Exact sums refuse a smaller layer of more units than this; they would take minutes.
MAX_EXACT = 25

#: A table with more numbers than this is refused; it would need over 1 GB.
MAX_TABLE = 2**27


class Moments(NamedTuple):
    r"""Means of what the parameters of an RBM multiply.

    Parameters
    ----------
    pairs : ndarray, shape (N, N_h)
        :math:`\langle x_k z_l \rangle`.
    visible : ndarray, shape (N,)
        :math:`\langle x_k \rangle`.
    hidden : ndarray, shape (N_h,)
        :math:`\langle z_l \rangle`.

    Notes
    -----
    The two terms of Eq. (4.86a), Eq. (4.86b) and Eq. (4.86c). Source: as `RBM.positive_phase`.

    Examples
    --------
    >>> RBM([[1.0]], [0.0], [0.0]).negative_phase().pairs.round(4)
    array([[0.7616]])
    """

    pairs: Array
    """Of the products of a visible and a hidden unit."""
    visible: Array
    """Of the visible units."""
    hidden: Array
    """Of the hidden units."""


class Gradient(NamedTuple):
    """Derivatives with respect to the parameters of an RBM, in their shapes.

    Parameters
    ----------
    W : ndarray, shape (N, N_h)
    b : ndarray, shape (N,)
    c : ndarray, shape (N_h,)

    Notes
    -----
    Eq. (4.86a), Eq. (4.86b) and Eq. (4.86c). Source: as `RBM.positive_phase`.

    Examples
    --------
    >>> RBM([[1.0]], [0.0], [0.0]).log_likelihood_gradient([[1]]).b
    array([1.])
    """

    W: Array
    """By the couplings."""
    b: Array
    """By the biases of the visible units."""
    c: Array
    """By the biases of the hidden units."""


@dataclass(frozen=True, eq=False, init=False)
class RBM:
    r"""Restricted Boltzmann machine of N visible and N_h hidden spins.

    .. math:: q(x, z) = \frac1Z \exp\bigl(x^\top W z + b \cdot x + c \cdot z\bigr),
              \qquad x \in \{-1,1\}^N, \quad z \in \{-1,1\}^{N_h}

    Parameters
    ----------
    W : array_like, shape (N, N_h)
        Couplings, one row for each visible unit, one column for each hidden unit, in units of the
        temperature.
    b : array_like, shape (N,)
        Fields of the visible units.
    c : array_like, shape (N_h,)
        Fields of the hidden units.

    Raises
    ------
    ValueError
        If a number is not finite or the shapes do not fit.

    Notes
    -----
    Eq. (4.78) and Eq. (4.80). Source: P. Smolensky, in *Parallel Distributed Processing* 1
    (1986), chapter 6; N. Le Roux and Y. Bengio, Neural Comput. 20 (2008) 1631.

    Parameters that are all of dtype float32 stay so, others become float64. Means and samples
    have the dtype of the parameters; energies, probabilities and all sums are float64.

    What is called exact sums over all states of the smaller layer, which may have up to
    `MAX_EXACT` units; the other may be of any size.

    Examples
    --------
    >>> q = RBM([[1.0], [1.0]], [0.0, 0.0], [0.0])
    >>> np.exp(q.log_prob([[1, 1], [1, -1]])).round(4)
    array([0.395, 0.105])
    """

    W: Array
    b: Array
    c: Array

    def __init__(self, W: ArrayLike, b: ArrayLike, c: ArrayLike) -> None:
        narrow = all(getattr(array, "dtype", None) == np.float32 for array in (W, b, c))
        dtype = np.float32 if narrow else np.float64
        couplings = as_real_array("W", W, ndim=2)
        for name, value, length in zip("bc", (b, c), couplings.shape, strict=True):
            fields = as_real_array(name, value, ndim=1)
            if len(fields) != length:
                raise ValueError(
                    f"{name}: expected shape ({length},) to go with W of shape "
                    f"{couplings.shape}, got shape {fields.shape}"
                )
            object.__setattr__(self, name, frozen_copy(fields, dtype))
        object.__setattr__(self, "W", frozen_copy(couplings, dtype))

    @property
    def n_visible(self) -> int:
        """Number N of visible units."""
        return len(self.b)

    @property
    def n_hidden(self) -> int:
        """Number N_h of hidden units."""
        return len(self.c)

    @property
    def dtype(self) -> np.dtype:
        """float32 or float64."""
        return self.W.dtype

    @property
    def parameters(self) -> Array:
        """W row by row, then b, then c; shape (N N_h + N + N_h,)."""
        return np.concatenate([self.W.ravel(), self.b, self.c])

    @classmethod
    def from_parameters(cls, theta: ArrayLike, n_visible: int, n_hidden: int) -> RBM:
        r"""Machine with the parameters given as one vector.

        .. math:: \theta = (W_{11}, W_{12}, \dots, W_{N N_h}, b_1, \dots, b_N, c_1, \dots,
                  c_{N_h})

        Parameters
        ----------
        theta : array_like, shape (N N_h + N + N_h,)
        n_visible, n_hidden : int
            N and :math:`N_h`.

        Returns
        -------
        RBM

        Raises
        ------
        ValueError
            If the length does not fit or a number is not finite.

        Notes
        -----
        The parameters of Eq. (4.78). Source: as the class.

        Examples
        --------
        >>> RBM.from_parameters([1.0, 2.0, 0.1, 0.2, 0.3], 2, 1).b
        array([0.1, 0.2])
        """
        N, H = as_size("n_visible", n_visible), as_size("n_hidden", n_hidden)
        dtype = getattr(theta, "dtype", np.float64)
        flat = as_real_array("theta", theta, ndim=1)
        if len(flat) != N * H + N + H:
            raise ValueError(
                f"theta: expected {N * H + N + H} numbers for {N} visible and {H} hidden units, "
                f"got {len(flat)}"
            )
        W, b, c = np.split(flat.astype(dtype), [N * H, N * H + N])
        return cls(W.reshape(N, H), b, c)

    @classmethod
    def random(
        cls,
        n_visible: int,
        n_hidden: int,
        *,
        rng: np.random.Generator,
        scale: float = 0.01,
        x: ArrayLike | None = None,
        dtype: DTypeLike = np.float64,
    ) -> RBM:
        r"""Machine with small random couplings, from which learning can start.

        .. math:: W_{kl} \sim \mathcal N(0, \text{scale}^2), \qquad
                  b_k = \operatorname{artanh} \bar x_k, \qquad c_l = 0

        Parameters
        ----------
        n_visible, n_hidden : int
            N and :math:`N_h`.
        rng : numpy.random.Generator
        scale : float
            Standard deviation of the couplings. With 0 all hidden units are the same, and stay
            so under every learning rule.
        x : array_like, shape (n, N), optional
            Data whose means the visible fields reproduce. A mean counts as if a half of a sample
            with each sign were added, so that it is never -1 or 1. Without data b = 0.
        dtype : dtype
            float64 or float32.

        Returns
        -------
        RBM

        Raises
        ------
        ValueError
            If an argument is not as above.

        Notes
        -----
        With scale 0 this is near the stationary point of Eq. (4.86f), from which nothing learns.
        Source: G. Hinton, *A Practical Guide to Training Restricted Boltzmann Machines* (2012),
        section 8.

        Examples
        --------
        >>> RBM.random(2, 1, rng=np.random.default_rng(1), x=[[1, 1], [1, -1]]).b.round(6)
        array([0.804719, 0.      ])
        """
        N, H = as_size("n_visible", n_visible), as_size("n_hidden", n_hidden)
        rng = check_rng(rng)
        spread = as_nonnegative("scale", scale)
        try:
            kind = np.dtype(dtype)
        except TypeError as error:
            raise ValueError(f"dtype: expected float32 or float64, got {dtype!r}") from error
        if kind not in (np.float32, np.float64):
            raise ValueError(f"dtype: expected float32 or float64, got {kind}")
        b = np.zeros(N)
        if x is not None:
            data = as_spins(x, N)
            b = np.arctanh(data.sum(axis=0) / (len(data) + 1.0))
        W = spread * rng.standard_normal((N, H))
        return cls(W.astype(kind), b.astype(kind), np.zeros(H, dtype=kind))

    @classmethod
    def from_binary(cls, W: ArrayLike, b: ArrayLike, c: ArrayLike) -> tuple[RBM, float]:
        r"""Spins in the place of units that are 0 or 1.

        .. math:: E_{01}(s, t) = -(s^\top W t + b \cdot s + c \cdot t) = E(2s - 1, 2t - 1) - C

        Parameters
        ----------
        W : array_like, shape (N, N_h)
            Couplings of the 0/1 units.
        b : array_like, shape (N,)
        c : array_like, shape (N_h,)

        Returns
        -------
        machine : RBM
            The same distribution with s = (x + 1)/2 and t = (z + 1)/2.
        constant : float
            C; the log partition function of the 0/1 machine is that of the other plus C.

        Raises
        ------
        ValueError
            As the class.

        Notes
        -----
        Eq. (4.78a). Source: none.

        Examples
        --------
        >>> machine, constant = RBM.from_binary([[4.0]], [0.0], [2.0])
        >>> machine.W, machine.b, machine.c, constant
        (array([[1.]]), array([1.]), array([2.]), 2.0)
        """
        given = cls(W, b, c)
        W, b, c = given.W, given.b, given.c
        machine = cls(W / 4, b / 2 + W.sum(axis=1) / 4, c / 2 + W.sum(axis=0) / 4)
        parts = (_total(W) / 4, _total(b) / 2, _total(c) / 2)
        return machine, sum(parts)

    def to_binary(self) -> tuple[Array, Array, Array, float]:
        r"""Parameters for units that are 0 or 1: the inverse of `from_binary`.

        .. math:: W_{01} = 4 W, \qquad b_{01} = 2 (b - W \mathbf 1), \qquad
                  c_{01} = 2 (c - W^\top \mathbf 1)

        Returns
        -------
        W : ndarray, shape (N, N_h)
        b : ndarray, shape (N,)
        c : ndarray, shape (N_h,)
        constant : float
            C of `from_binary`.

        Notes
        -----
        Eq. (4.78a). Source: none.

        Examples
        --------
        >>> RBM([[1.0]], [1.0], [2.0]).to_binary()
        (array([[4.]]), array([0.]), array([2.]), 2.0)
        """
        b, c = 2 * (self.b - self.W.sum(axis=1)), 2 * (self.c - self.W.sum(axis=0))
        return 4 * self.W, b, c, _total(self.b) + _total(self.c) - _total(self.W)

    def to_ising(self) -> Ising:
        r"""The same distribution as an Ising machine of N + N_h spins (x, z).

        .. math:: J = \begin{pmatrix} 0 & W \\ W^\top & 0 \end{pmatrix}, \qquad
                  h = \begin{pmatrix} b \\ c \end{pmatrix}

        Returns
        -------
        Ising

        Notes
        -----
        Eq. (4.80a). Source: as the class.

        Examples
        --------
        >>> RBM([[2.0]], [0.0], [1.0]).to_ising().J
        array([[0., 2.],
               [2., 0.]])
        """
        N, H = self.W.shape
        J = np.block([[np.zeros((N, N)), self.W], [self.W.T, np.zeros((H, H))]])
        return Ising(J, np.concatenate([self.b, self.c]))

    def to_mixture(self) -> BernoulliMixture:
        r"""The marginal of x as a mixture of :math:`2^{N_h}` products of Bernoulli distributions.

        .. math:: q(x) = \sum_z q(z) \prod_k q(x_k \mid z), \qquad
                  p_{zk} = \frac1{1 + e^{-2 (u_k \cdot z + b_k)}}

        Returns
        -------
        BernoulliMixture
            Over the bits (x + 1)/2; components in the order of
            `boltzlib.enumeration.spin_states`.

        Raises
        ------
        ValueError
            If the table of N :math:`2^{N_h}` probabilities has over `MAX_TABLE` numbers.

        Notes
        -----
        Eq. (4.82c). Source: as the class.

        Examples
        --------
        >>> RBM([[1.0]], [0.0], [0.0]).to_mixture().probabilities.round(4)
        array([[0.1192],
               [0.8808]])
        """
        z = self._hidden_states(self.n_visible)
        W, b = self.W.astype(np.float64), self.b.astype(np.float64)
        weights = special.softmax(self.log_prob_hidden(z))  # their sum is 1 for any couplings
        return BernoulliMixture(weights, special.expit(2.0 * (z @ W.T + b)))

    def relabelled(self, order: ArrayLike, signs: ArrayLike) -> RBM:
        r"""Machine whose hidden units are exchanged and turned round.

        .. math:: W'_{kl} = \sigma_l W_{k \pi(l)}, \qquad c'_l = \sigma_l c_{\pi(l)}

        Parameters
        ----------
        order : array_like of int, shape (N_h,)
            :math:`\pi`, counted from 0.
        signs : array_like, shape (N_h,)
            :math:`\sigma_l`, -1 or 1.

        Returns
        -------
        RBM
            With the same distribution of x.

        Raises
        ------
        ValueError
            If `order` is not a permutation or `signs` are not -1 or 1.

        Notes
        -----
        Eq. (4.86d). Source: none.

        Examples
        --------
        >>> RBM([[1.0, 2.0]], [0.0], [3.0, 4.0]).relabelled([1, 0], [1, -1]).c
        array([ 4., -3.])
        """
        H = self.n_hidden
        places = as_real_array("order", order, ndim=1)
        if sorted(places) != list(range(H)):
            raise ValueError(f"order: expected a permutation of 0 to {H - 1}, got {order!r}")
        turned = as_real_array("signs", signs, ndim=1)
        if len(turned) != H:
            raise ValueError(f"signs: expected shape ({H},), got {turned.shape}")
        sigma = as_spins(turned[np.newaxis], H, "signs")[0].astype(self.dtype)
        places = places.astype(np.intp)
        return RBM(self.W[:, places] * sigma, self.b, self.c[places] * sigma)

    def energy(self, x: ArrayLike, z: ArrayLike) -> Array:
        r"""Energy of pairs of states.

        .. math:: E(x, z) = -(x^\top W z + b \cdot x + c \cdot z)

        Parameters
        ----------
        x : array_like, shape (n, N)
            Visible spins, -1 or 1.
        z : array_like, shape (n, N_h)
            Hidden spins, -1 or 1.

        Returns
        -------
        ndarray, shape (n,)
            In units of the temperature.

        Raises
        ------
        ValueError
            If a spin is not -1 or 1 or the shapes do not fit.

        Notes
        -----
        Eq. (4.78). Source: as the class.

        Examples
        --------
        >>> RBM([[2.0]], [0.5], [0.25]).energy([[1], [1]], [[1], [-1]])
        array([-2.75,  1.75])
        """
        x, z = self._pair(x, z)
        return -(np.einsum("il,il->i", x @ self.W, z) + x @ self.b + z @ self.c)

    def free_energy(self, x: ArrayLike) -> Array:
        r"""Free energy: minus the log of the unnormalised marginal of x.

        .. math:: F(x) = -b \cdot x - \sum_l \ln \bigl( 2 \cosh(v_l \cdot x + c_l) \bigr)

        Parameters
        ----------
        x : array_like, shape (n, N)
            Visible spins, -1 or 1.

        Returns
        -------
        ndarray, shape (n,)
            In units of the temperature.

        Raises
        ------
        ValueError
            As `energy`.

        Notes
        -----
        Eq. (4.82a); :math:`v_l` is column l of W. Source: as the class.

        Examples
        --------
        >>> RBM([[1.0]], [0.5], [0.0]).free_energy([[1], [-1]]).round(6)
        array([-1.626928, -0.626928])
        """
        return _free_energy(as_spins(x, self.n_visible), self.W, self.b, self.c)

    def log_partition(self) -> float:
        r"""Log of the partition function, exact.

        .. math:: \ln Z = \ln \sum_z e^{c \cdot z} \prod_k 2 \cosh(u_k \cdot z + b_k)

        Returns
        -------
        float
            Nats.

        Raises
        ------
        ValueError
            If both layers have more than `MAX_EXACT` units.

        Notes
        -----
        Eq. (4.82b), or the same with the layers exchanged if there are fewer visible units.
        Source: as the class. It costs :math:`N 2^{N_h}` multiplications, but only about
        :math:`N 2^{N_h/2}` exponentials.

        Examples
        --------
        >>> round(RBM([[1.0]], [0.0], [0.0]).log_partition(), 6)
        1.820075
        """
        return self._smaller()[0].log_partition()

    def log_prob(self, x: ArrayLike) -> Array:
        r"""Log probability of visible states, exact.

        .. math:: \ln q(x) = -F(x) - \ln Z

        Parameters
        ----------
        x : array_like, shape (n, N)
            Visible spins, -1 or 1.

        Returns
        -------
        ndarray, shape (n,)
            Nats.

        Raises
        ------
        ValueError
            As `energy` and `log_partition`.

        Notes
        -----
        Eq. (4.82). Source: as the class.

        Examples
        --------
        >>> RBM([[1.0]], [0.0], [0.0]).log_prob([[1]]).round(6)
        array([-0.693147])
        """
        return -self.free_energy(x) - self.log_partition()

    def log_prob_hidden(self, z: ArrayLike) -> Array:
        r"""Log probability of hidden states, exact.

        .. math:: \ln q(z) = c \cdot z + \sum_k \ln \bigl( 2 \cosh(u_k \cdot z + b_k) \bigr)
                  - \ln Z

        Parameters
        ----------
        z : array_like, shape (n, N_h)
            Hidden spins, -1 or 1.

        Returns
        -------
        ndarray, shape (n,)
            Nats.

        Raises
        ------
        ValueError
            As `energy` and `log_partition`.

        Notes
        -----
        Eq. (4.81); :math:`u_k` is row k of W. Source: as the class.

        Examples
        --------
        >>> RBM([[1.0]], [0.0], [0.0]).log_prob_hidden([[1]]).round(6)
        array([-0.693147])
        """
        z = as_spins(z, self.n_hidden, "z")
        return -_free_energy(z, self.W.T, self.c, self.b) - self.log_partition()

    def log_prob_joint(self, x: ArrayLike, z: ArrayLike) -> Array:
        r"""Log probability of pairs of states, exact.

        .. math:: \ln q(x, z) = -E(x, z) - \ln Z

        Of one z for each x; of all z, see `joint_log_prob`.

        Parameters
        ----------
        x : array_like, shape (n, N)
        z : array_like, shape (n, N_h)

        Returns
        -------
        ndarray, shape (n,)
            Nats.

        Raises
        ------
        ValueError
            As `energy` and `log_partition`.

        Notes
        -----
        Eq. (4.80). Source: as the class.

        Examples
        --------
        >>> RBM([[1.0]], [0.0], [0.0]).log_prob_joint([[1]], [[1]]).round(6)
        array([-0.820075])
        """
        return -self.energy(x, z) - self.log_partition()

    def joint_log_prob(self, x: ArrayLike) -> Array:
        r"""Log probability of each x together with every hidden state, exact.

        .. math:: \ln q(x_i, z) \qquad \text{for all } z \in \{-1, 1\}^{N_h}

        Of one z for each x, see `log_prob_joint`.

        Parameters
        ----------
        x : array_like, shape (n, N)
            Visible spins, -1 or 1.

        Returns
        -------
        ndarray, shape (n, 2**N_h)
            Nats; hidden states in the order of `boltzlib.enumeration.spin_states`.

        Raises
        ------
        ValueError
            As `energy` and `log_partition`, or if the table has over `MAX_TABLE` numbers.

        Notes
        -----
        Eq. (4.80) in the form that `boltzlib.latent` works with. Source: as the class.

        Examples
        --------
        >>> RBM([[1.0]], [0.0], [0.0]).joint_log_prob([[1]]).round(6)
        array([[-2.820075, -0.820075]])
        """
        x = as_spins(x, self.n_visible)
        z = self._hidden_states(len(x))
        return x @ (self.W @ z.T) + (x @ self.b)[:, np.newaxis] + z @ self.c - self.log_partition()

    def log_prob_given_hidden(self, x: ArrayLike, z: ArrayLike) -> Array:
        r"""Log probability of visible states given hidden ones.

        .. math:: \ln q(x \mid z) = \sum_k \ln q(x_k \mid z), \qquad
                  q(x_k \mid z) = \frac{e^{x_k (u_k \cdot z + b_k)}}{2 \cosh(u_k \cdot z + b_k)}

        Parameters
        ----------
        x : array_like, shape (n, N)
        z : array_like, shape (n, N_h)

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
        Eq. (4.83). Source: as the class.

        Examples
        --------
        >>> RBM([[1.0]], [0.0], [0.0]).log_prob_given_hidden([[1]], [[1]]).round(6)
        array([-0.126928])
        """
        x, z = self._pair(x, z)
        return special.log_expit(2.0 * x * (z @ self.W.T + self.b)).sum(axis=1)

    def log_prob_given_visible(self, z: ArrayLike, x: ArrayLike) -> Array:
        r"""Log probability of hidden states given visible ones.

        .. math:: \ln q(z \mid x) = \sum_l \ln q(z_l \mid x), \qquad
                  q(z_l \mid x) = \frac{e^{z_l (v_l \cdot x + c_l)}}{2 \cosh(v_l \cdot x + c_l)}

        Parameters
        ----------
        z : array_like, shape (n, N_h)
        x : array_like, shape (n, N)

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
        Eq. (4.84). Source: as the class.

        Examples
        --------
        >>> RBM([[1.0]], [0.0], [0.0]).log_prob_given_visible([[-1]], [[1]]).round(6)
        array([-2.126928])
        """
        x, z = self._pair(x, z)
        return special.log_expit(2.0 * z * (x @ self.W + self.c)).sum(axis=1)

    def visible_mean(self, z: ArrayLike) -> Array:
        r"""Mean of the visible units given hidden states.

        .. math:: \langle x_k \rangle_z = \tanh(u_k \cdot z + b_k)

        Parameters
        ----------
        z : array_like, shape (n, N_h)
            Hidden spins, -1 or 1.

        Returns
        -------
        ndarray, shape (n, N)

        Raises
        ------
        ValueError
            As `energy`.

        Notes
        -----
        Eq. (4.85). Source: as the class.

        Examples
        --------
        >>> RBM([[1.0]], [0.0], [0.0]).visible_mean([[1]]).round(6)
        array([[0.761594]])
        """
        z = as_spins(z, self.n_hidden, "z").astype(self.dtype, copy=False)
        return np.tanh(z @ self.W.T + self.b)

    def hidden_mean(self, x: ArrayLike) -> Array:
        r"""Mean of the hidden units given visible states.

        .. math:: \langle z_l \rangle_x = \tanh(v_l \cdot x + c_l)

        Parameters
        ----------
        x : array_like, shape (n, N)
            Visible spins, -1 or 1.

        Returns
        -------
        ndarray, shape (n, N_h)

        Raises
        ------
        ValueError
            As `energy`.

        Notes
        -----
        Eq. (4.84a). Source: as the class.

        Examples
        --------
        >>> RBM([[1.0]], [0.0], [0.5]).hidden_mean([[1]]).round(6)
        array([[0.905148]])
        """
        x = as_spins(x, self.n_visible).astype(self.dtype, copy=False)
        return np.tanh(x @ self.W + self.c)

    def sample_hidden(self, x: ArrayLike, *, rng: np.random.Generator) -> Array:
        r"""Hidden states drawn given visible ones, all units at once.

        .. math:: z_l \sim q(z_l \mid x), \qquad l = 1, \dots, N_h

        Parameters
        ----------
        x : array_like, shape (n, N)
            Visible spins, -1 or 1.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray, shape (n, N_h)
            -1.0 and 1.0.

        Raises
        ------
        ValueError
            As `energy`, or if `rng` is not a Generator.

        Notes
        -----
        Eq. (4.84). Source: as the class.

        Examples
        --------
        >>> RBM([[9.0]], [0.0], [0.0]).sample_hidden([[1], [-1]], rng=np.random.default_rng(1))
        array([[ 1.],
               [-1.]])
        """
        return spins_with_mean(self.hidden_mean(x), check_rng(rng))

    def sample_visible(self, z: ArrayLike, *, rng: np.random.Generator) -> Array:
        r"""Visible states drawn given hidden ones, all units at once.

        .. math:: x_k \sim q(x_k \mid z), \qquad k = 1, \dots, N

        Parameters
        ----------
        z : array_like, shape (n, N_h)
            Hidden spins, -1 or 1.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray, shape (n, N)
            -1.0 and 1.0.

        Raises
        ------
        ValueError
            As `energy`, or if `rng` is not a Generator.

        Notes
        -----
        Eq. (4.83). Source: as the class.

        Examples
        --------
        >>> RBM([[9.0]], [0.0], [0.0]).sample_visible([[1], [-1]], rng=np.random.default_rng(1))
        array([[ 1.],
               [-1.]])
        """
        return spins_with_mean(self.visible_mean(z), check_rng(rng))

    def sample(
        self,
        size: int,
        *,
        rng: np.random.Generator,
        steps: int = 1000,
        start: ArrayLike | None = None,
    ) -> Array:
        r"""Visible states after sweeps of block Gibbs sampling, one chain for each.

        .. math:: z \sim q(z \mid x), \qquad x \sim q(x \mid z)

        Parameters
        ----------
        size : int
            Number n of chains, which are independent of each other.
        rng : numpy.random.Generator
        steps : int
            Sweeps. How many make the start forgotten depends on the model; with large couplings
            no number may be enough. Where the smaller layer allows it, `sample_exact` needs none.
        start : array_like, shape (size, N), optional
            Visible spins of the chains at first; by default fair coins.

        Returns
        -------
        ndarray, shape (size, N)
            -1.0 and 1.0.

        Raises
        ------
        ValueError
            If an argument is not as above.

        Notes
        -----
        Eq. (4.89e), which leaves Eq. (4.82) as it is, Eq. (4.89f). Source: S. Geman and D. Geman,
        IEEE Trans. Pattern Anal. Mach. Intell. 6 (1984) 721.

        Examples
        --------
        >>> q = RBM([[9.0], [9.0]], [0.0, 0.0], [0.0])
        >>> q.sample(2, rng=np.random.default_rng(1), steps=3)
        array([[ 1.,  1.],
               [-1., -1.]])
        """
        size, steps, rng = as_size("size", size), as_size("steps", steps), check_rng(rng)
        if start is None:
            x = self._coins((size, self.n_visible), rng)
        else:
            x = as_spins(start, self.n_visible, "start").astype(self.dtype, copy=False)
            if len(x) != size:
                raise ValueError(f"start: expected {size} rows, one for each chain, got {len(x)}")
        for _ in range(steps):
            x = self._sweep(x, rng)
        return x

    def sample_exact(self, size: int, *, rng: np.random.Generator) -> Array:
        r"""Independent visible states, drawn exactly.

        .. math:: z \sim q(z), \qquad x \sim q(x \mid z)

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
            If `size` is not a positive integer, `rng` is not a Generator, or as `log_partition`.

        Notes
        -----
        Eq. (4.81) and Eq. (4.83); from Eq. (4.82) alone if there are fewer visible units.
        Source: as the class.

        Examples
        --------
        >>> q = RBM([[9.0], [9.0]], [0.0, 0.0], [0.0])
        >>> q.sample_exact(2, rng=np.random.default_rng(1))
        array([[1., 1.],
               [1., 1.]])
        """
        size, rng = as_size("size", size), check_rng(rng)
        sums, over_hidden = self._smaller()
        drawn = sums.sample(size, rng).astype(self.dtype, copy=False)
        return self.sample_visible(drawn, rng=rng) if over_hidden else drawn

    def reconstruct(self, x: ArrayLike, *, rng: np.random.Generator) -> Array:
        r"""What the hidden units remember of visible states.

        .. math:: z \sim q(z \mid x), \qquad \hat x_k = \langle x_k \rangle_z

        Parameters
        ----------
        x : array_like, shape (n, N)
            Visible spins, -1 or 1.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray, shape (n, N)
            Means, from -1 to 1.

        Raises
        ------
        ValueError
            As `sample_hidden`.

        Notes
        -----
        Eq. (4.84) and Eq. (4.85). Source: G. Hinton, Neural Comput. 14 (2002) 1771.

        Examples
        --------
        >>> q = RBM([[9.0], [9.0]], [0.0, 0.0], [0.0])
        >>> q.reconstruct([[1, 1]], rng=np.random.default_rng(1)).round(6)
        array([[1., 1.]])
        """
        return self.visible_mean(self.sample_hidden(x, rng=rng))

    def complete(self, x: ArrayLike, *, rng: np.random.Generator, steps: int = 200) -> Array:
        r"""Visible states of which only a part was seen, completed by clamped sampling.

        .. math:: z \sim q(z \mid x), \qquad x_k \sim q(x_k \mid z) \quad \text{for unseen } k

        Parameters
        ----------
        x : array_like, shape (n, N)
            Visible spins, -1 or 1, and NaN for units that were not seen.
        rng : numpy.random.Generator
        steps : int
            Sweeps; see `sample`.

        Returns
        -------
        ndarray, shape (n, N)
            -1.0 and 1.0; what was seen is as it was.

        Raises
        ------
        ValueError
            If an argument is not as above.

        Notes
        -----
        Eq. (4.89e) for the machine of the unseen units, in whose hidden fields the seen ones
        stand; `completion_mean` is its exact mean. Source: as `sample`.

        Examples
        --------
        >>> q = RBM([[9.0], [9.0]], [0.0, 0.0], [0.0])
        >>> q.complete([[1, np.nan]], rng=np.random.default_rng(1))
        array([[1., 1.]])
        """
        given, unseen = self._partly_seen(x)
        steps, rng = as_size("steps", steps), check_rng(rng)
        given = given.astype(self.dtype, copy=False)
        x = np.where(unseen, self._coins(given.shape, rng), given)
        for _ in range(steps):
            x = np.where(unseen, self._sweep(x, rng), given)
        return x

    def completion_mean(self, x: ArrayLike) -> Array:
        r"""Mean of the units that were not seen given those that were, exact.

        .. math:: \langle x_k \rangle = \sum_z q(z \mid x_{\text{seen}})
                  \tanh(u_k \cdot z + b_k)

        Parameters
        ----------
        x : array_like, shape (n, N)
            Visible spins, -1 or 1, and NaN for units that were not seen.

        Returns
        -------
        ndarray, shape (n, N)
            From -1 to 1; what was seen is as it was.

        Raises
        ------
        ValueError
            If x is not as above, or if a row has more than `MAX_EXACT` unseen units and so many
            hidden ones.

        Notes
        -----
        Eq. (4.89n). Source: as the class. A row costs as much as `negative_phase`.

        Examples
        --------
        >>> q = RBM([[1.0], [1.0]], [0.0, 0.0], [0.0])
        >>> q.completion_mean([[1, np.nan]]).round(6)
        array([[1.      , 0.580026]])
        """
        given, unseen = self._partly_seen(x)
        mean = given.copy()
        for row, gaps in zip(mean, unseen, strict=True):
            if gaps.any():
                seen = ~gaps
                hidden_fields = self.c + row[seen] @ self.W[seen]
                row[gaps] = RBM(self.W[gaps], self.b[gaps], hidden_fields).negative_phase().visible
        return mean

    def log_likelihood(self, x: ArrayLike) -> float:
        r"""Average log-likelihood of data, exact.

        .. math:: \ell = \frac1n \sum_{i=1}^n \ln q(x_i)

        Parameters
        ----------
        x : array_like, shape (n, N)
            Visible spins, -1 or 1.

        Returns
        -------
        float
            Nats per row.

        Raises
        ------
        ValueError
            As `log_prob`.

        Notes
        -----
        Eq. (4.86), up to the entropy of the data and the sign. Source: as the class.

        Examples
        --------
        >>> round(RBM([[1.0]], [0.0], [0.0]).log_likelihood([[1], [-1]]), 6)
        -0.693147
        """
        return float(self.log_prob(x).mean())

    def pseudo_log_likelihood(self, x: ArrayLike) -> float:
        r"""Average log of the probability of each unit given the others; needs no partition sum.

        .. math:: \frac1n \sum_i \sum_k \ln q(x_{ik} \mid x_{i, \ne k}), \qquad
                  q(x_k \mid x_{\ne k}) = \frac1{1 + e^{F(x) - F(x^{(k)})}}

        Parameters
        ----------
        x : array_like, shape (n, N)
            Visible spins, -1 or 1.

        Returns
        -------
        float
            Nats per row. It is the log-likelihood only where the units are independent.

        Raises
        ------
        ValueError
            As `energy`.

        Notes
        -----
        Eq. (4.89m); :math:`x^{(k)}` is x with unit k turned round. Source: J. Besag, The
        Statistician 24 (1975) 179.

        Examples
        --------
        >>> round(RBM([[1.0]], [0.5], [0.0]).pseudo_log_likelihood([[1]]), 6)
        -0.313262
        """
        x = as_spins(x, self.n_visible)
        W, b = self.W.astype(np.float64), self.b.astype(np.float64)
        inputs = x @ W + self.c
        here, total = log_2cosh(inputs), 0.0
        for k in range(self.n_visible):
            turned = log_2cosh(inputs - 2.0 * np.outer(x[:, k], W[k]))
            rise = (turned - here).sum(axis=1) - 2.0 * b[k] * x[:, k]  # F(x) - F(x turned)
            total += special.log_expit(-rise).sum()
        return float(total / len(x))

    def positive_phase(self, x: ArrayLike) -> Moments:
        r"""Moments with the visible units from data and the hidden ones from the posterior.

        .. math:: \langle x z^\top \rangle_+ = \frac1n \sum_i x_i \tanh(W^\top x_i + c)^\top

        Parameters
        ----------
        x : array_like, shape (n, N)
            Visible spins, -1 or 1.

        Returns
        -------
        Moments

        Raises
        ------
        ValueError
            As `energy`.

        Notes
        -----
        The first term of Eq. (4.86a), Eq. (4.86b) and Eq. (4.86c). Source: D. H. Ackley, G. E.
        Hinton, T. J. Sejnowski, Cognitive Science 9 (1985) 147.

        Examples
        --------
        >>> RBM([[1.0]], [0.0], [0.0]).positive_phase([[1], [-1]]).pairs.round(6)
        array([[0.761594]])
        """
        x = as_spins(x, self.n_visible)
        hidden = np.tanh(x @ self.W + self.c)
        return Moments(x.T @ hidden / len(x), x.mean(axis=0), hidden.mean(axis=0))

    def negative_phase(self) -> Moments:
        r"""Moments of the model, exact.

        .. math:: \langle x z^\top \rangle_- = \sum_z q(z) \tanh(W z + b)\, z^\top

        Returns
        -------
        Moments

        Raises
        ------
        ValueError
            As `log_partition`.

        Notes
        -----
        Eq. (4.86h): the second term of Eq. (4.86a), Eq. (4.86b) and Eq. (4.86c). Source: as
        `positive_phase`.

        Examples
        --------
        >>> RBM([[1.0]], [0.0], [0.0]).negative_phase().pairs.round(6)
        array([[0.761594]])
        """
        return self._log_partition_and_moments()[1]

    def log_likelihood_gradient(self, x: ArrayLike) -> Gradient:
        r"""Gradient of the average log-likelihood, exact.

        .. math:: \frac{\partial \ell}{\partial W} = \langle x z^\top \rangle_+
                  - \langle x z^\top \rangle_-, \qquad
                  \frac{\partial \ell}{\partial b} = \langle x \rangle_+ - \langle x \rangle_-,
                  \qquad
                  \frac{\partial \ell}{\partial c} = \langle z \rangle_+ - \langle z \rangle_-

        Parameters
        ----------
        x : array_like, shape (n, N)
            Visible spins, -1 or 1.

        Returns
        -------
        Gradient

        Raises
        ------
        ValueError
            As `log_prob`.

        Notes
        -----
        Eq. (4.86a), Eq. (4.86b) and Eq. (4.86c). Source: as `positive_phase`.

        Examples
        --------
        >>> RBM([[1.0]], [0.0], [0.0]).log_likelihood_gradient([[1], [1]]).b
        array([1.])
        """
        positive, negative = self.positive_phase(x), self.negative_phase()
        return Gradient(*(p - n for p, n in zip(positive, negative, strict=True)))

    def expected_log_joint(self, moments: Moments) -> float:
        r"""Mean log probability of visible and hidden units together, from their moments.

        .. math:: Q = \sum_{kl} W_{kl} \langle x_k z_l \rangle + b \cdot \langle x \rangle
                  + c \cdot \langle z \rangle - \ln Z

        Parameters
        ----------
        moments : Moments
            Those of the `positive_phase` of another machine make this the Q function of EM.

        Returns
        -------
        float
            Nats per row.

        Raises
        ------
        ValueError
            As `log_partition`, or if the moments do not fit.

        Notes
        -----
        Eq. (4.89b). Source: A. P. Dempster, N. M. Laird, D. B. Rubin, J. R. Stat. Soc. B 39
        (1977) 1.

        Examples
        --------
        >>> q = RBM([[1.0]], [0.0], [0.0])
        >>> round(q.expected_log_joint(q.positive_phase([[1]])), 6)
        -1.058481
        """
        pairs, visible, hidden = as_moments(moments, self)
        linear = np.sum(self.W * pairs) + self.b @ visible + self.c @ hidden
        return float(linear - self.log_partition())

    def distance(self, other: RBM) -> float:
        r"""Largest change of a parameter.

        .. math:: \max \bigl( |\Delta W_{kl}|, |\Delta b_k|, |\Delta c_l| \bigr)

        Parameters
        ----------
        other : RBM
            Of the same shape.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If the shapes differ.

        Notes
        -----
        The measure for the convergence of Eq. (4.89d). Source: none.

        Examples
        --------
        >>> RBM([[1.0]], [0.0], [0.0]).distance(RBM([[1.5]], [0.0], [0.25]))
        0.5
        """
        if other.W.shape != self.W.shape:
            raise ValueError(f"other: expected W of shape {self.W.shape}, got {other.W.shape}")
        return float(np.abs(self.parameters - other.parameters).max())

    def twins(self) -> tuple[int, int] | None:
        r"""Two hidden units with all but the same couplings up to their sign, if there are any.

        .. math:: (v_l, c_l) \approx \pm (v_m, c_m)

        Returns
        -------
        (int, int) or None
            Counted from 0; equal to 1e-3 of the larger of the two. Every learning rule of
            chapter 4 gives twins the same change, so that they stay so: often at a saddle.

        Notes
        -----
        A fixed point of the exchange in Eq. (4.86d). Source: none.

        Examples
        --------
        >>> RBM([[1.0, -1.0]], [0.0], [2.0, -2.0]).twins()
        (0, 1)
        """
        units = np.column_stack([self.W.T, self.c]).astype(np.float64)
        for first, second in combinations(range(self.n_hidden), 2):
            a, b = units[first], units[second]
            apart = min(np.abs(a - b).max(), np.abs(a + b).max())
            if apart <= TWINS * np.abs([a, b]).max():
                return first, second
        return None

    def save(self, path: str | PathLike) -> None:
        """Write the parameters to a file of NumPy arrays.

        Parameters
        ----------
        path : str or path
            ``.npz`` is added if it does not end so.

        Notes
        -----
        The parameters of Eq. (4.78). Source: none.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     RBM([[1.0]], [0.0], [0.5]).save(f"{folder}/model")
        ...     RBM.load(f"{folder}/model").c
        array([0.5])
        """
        np.savez(path, W=self.W, b=self.b, c=self.c)

    @classmethod
    def load(cls, path: str | PathLike) -> RBM:
        """Read what `save` wrote. No code in the file is run.

        Parameters
        ----------
        path : str or path
            As it was given to `save`.

        Returns
        -------
        RBM
            With the dtype that was saved.

        Raises
        ------
        ValueError
            If the file does not hold W, b and c.

        Notes
        -----
        The parameters of Eq. (4.78). Source: none.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     RBM([[1.0]], [0.0], [0.5]).save(f"{folder}/model.npz")
        ...     RBM.load(f"{folder}/model.npz").W
        array([[1.]])
        """
        return cls(**read_arrays(path, ("W", "b", "c")))

    def _smaller(self) -> tuple[LayerSum, bool]:
        """Sums over the smaller layer, and whether that is the hidden one."""
        if min(self.W.shape) > MAX_EXACT:
            raise ValueError(
                f"model: exact sums need a layer of at most {MAX_EXACT} units, got "
                f"{self.n_visible} visible and {self.n_hidden} hidden"
            )
        if self.n_hidden <= self.n_visible:
            return LayerSum(self.W, self.b, self.c), True
        return LayerSum(self.W.T, self.c, self.b), False

    def _log_partition_and_moments(self) -> tuple[float, Moments]:
        sums, over_hidden = self._smaller()
        log_partition, pairs, others, summed = sums.moments()
        if over_hidden:
            return log_partition, Moments(pairs, others, summed)
        return log_partition, Moments(pairs.T, summed, others)

    def _sweep(self, x: Array, rng: np.random.Generator) -> Array:
        z = spins_with_mean(np.tanh(x @ self.W + self.c), rng)
        return spins_with_mean(np.tanh(z @ self.W.T + self.b), rng)

    def _coins(self, shape: tuple[int, int], rng: np.random.Generator) -> Array:
        return spins_with_mean(np.zeros(shape, dtype=self.dtype), rng)

    def _pair(self, x: ArrayLike, z: ArrayLike) -> tuple[Array, Array]:
        x, z = as_spins(x, self.n_visible), as_spins(z, self.n_hidden, "z")
        if len(x) != len(z):
            raise ValueError(f"z: expected {len(x)} rows, as many as x, got {len(z)}")
        return x, z

    def _hidden_states(self, columns: int) -> Array:
        if columns * 2**self.n_hidden > MAX_TABLE:
            raise ValueError(
                f"model: expected a table of at most {MAX_TABLE} numbers, got "
                f"{columns} for each of 2**{self.n_hidden} hidden states"
            )
        return float_states(self.n_hidden)

    def _partly_seen(self, x: ArrayLike) -> tuple[Array, NDArray[np.bool_]]:
        given = as_recorded_spins(x, self.n_visible)
        return given, np.isnan(given)


def as_moments(moments: Moments, model: RBM) -> Moments:
    """Check moments against the shape of a model; not public."""
    if not isinstance(moments, tuple) or len(moments) != len(Moments._fields):
        got = f"{len(moments)} of them" if isinstance(moments, tuple) else type(moments).__name__
        raise ValueError(f"moments: expected Moments(pairs, visible, hidden), got {got}")
    shapes = (model.W.shape, model.b.shape, model.c.shape)
    checked = [
        as_real_array(f"moments.{name}", value)
        for name, value in zip(Moments._fields, moments, strict=True)
    ]
    for name, value, shape in zip(Moments._fields, checked, shapes, strict=True):
        if value.shape != shape:
            raise ValueError(f"moments.{name}: expected shape {shape}, got {value.shape}")
    return Moments(*checked)


def read_arrays(path: str | PathLike, names: tuple[str, ...]) -> dict[str, NDArray]:
    """Arrays of a file that `numpy.savez` wrote, of which none is a pickle; not public."""
    path = os.fspath(path)
    path = path if path.endswith(".npz") else f"{path}.npz"  # as `numpy.savez` does
    try:
        with open(path, "rb") as source:  # NumPy leaves a broken file open
            file = np.load(source, allow_pickle=False)
            held = file if isinstance(file, np.lib.npyio.NpzFile) else {}
            if not (missing := [name for name in names if name not in held]):
                return {name: held[name] for name in names}
    except (ValueError, EOFError, BadZipFile) as error:
        raise ValueError(f"path: expected a file that save wrote, got {path}: {error}") from error
    wanted, lost = ", ".join(names), ", ".join(missing)
    raise ValueError(f"path: expected a file with the arrays {wanted}, got {path} without {lost}")


def spins_with_mean(mean: Array, rng: np.random.Generator) -> Array:
    """Independent spins with the given means; not public.

    A uniform number u gives +1 when 2u - 1 + mean >= 0, so that means of -1 and 1 are certain.
    """
    drawn = rng.random(mean.shape, dtype=mean.dtype)
    drawn *= 2.0
    drawn -= 1.0
    drawn += mean
    return np.copysign(mean.dtype.type(1.0), drawn, out=drawn)


def _free_energy(x: Array, W: Array, b: Array, c: Array) -> Array:
    return -(x @ b) - log_2cosh(x @ W + c).sum(axis=1)


def _total(array: Array) -> float:
    return float(array.sum(dtype=np.float64))
