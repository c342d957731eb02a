"""Minimising a function: gradient descent, the surrogate behind it, and Newton's method."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from boltzlib._validation import as_positive, as_real_array, as_size, frozen_copy

__all__ = [
    "ConvergenceWarning",
    "Fit",
    "History",
    "QuadraticSurrogate",
    "gradient_descent",
    "newton",
]

Array = NDArray[np.float64]

#: A step is accepted when the function falls by this part of what its slope promises.
SUFFICIENT_DECREASE = 1e-4


class ConvergenceWarning(UserWarning):
    """A model was returned whose learning, as by Eq. (2.33), had not converged."""


@dataclass(frozen=True, eq=False)
class History:
    """What happened on the way: T steps, T + 1 places.

    Parameters
    ----------
    parameters : ndarray, shape (T + 1, D)
        The start and the place after each step.
    values : ndarray, shape (T + 1,)
        The function there.
    steps : ndarray, shape (T,)
        The factor of the direction: the learning rate of gradient descent, or the part of
        Newton's step that was taken.
    gradient_norms : ndarray, shape (T + 1,)
        Euclidean norm of the gradient at each place.

    Notes
    -----
    The sequence of Eq. (2.35). Source: J. Nocedal and S. J. Wright, *Numerical Optimization*
    (2006), chapter 3.

    Examples
    --------
    >>> gradient_descent(lambda t: t @ t, lambda t: 2 * t, [1.0], step=0.5).history.values
    array([1., 0.])
    """

    parameters: Array
    values: Array
    steps: Array
    gradient_norms: Array

    def __repr__(self) -> str:
        return f"History({len(self.steps)} steps, {self.values[0]:.6g} to {self.values[-1]:.6g})"


@dataclass(frozen=True, eq=False)
class Fit:
    """The result of iterative learning.

    Parameters
    ----------
    model : object
        What was learnt: a model, or the array of parameters of a bare minimisation.
    history : History
    converged : bool
        Whether the stopping rule was met. If not, `model` is only the last place reached.
    reason : str
        Why the iteration stopped, in a sentence.

    Notes
    -----
    Where the rule of Eq. (2.33) ends. Source: as `History`.

    Examples
    --------
    >>> gradient_descent(lambda t: t @ t, lambda t: 2 * t, [1.0], step=1.0, max_steps=3)
    Fit(not converged: gradient norm 2 above tolerance 1e-08 after 3 steps)
    """

    model: Any
    history: History
    converged: bool
    reason: str

    def __repr__(self) -> str:
        return f"Fit({'converged' if self.converged else 'not converged'}: {self.reason})"


@dataclass(frozen=True, eq=False, init=False)
class QuadraticSurrogate:
    r"""Parabola that touches a function at one point.

    .. math:: f_\eta(\theta, \theta_0) = f(\theta_0) + \nabla f(\theta_0) \cdot (\theta-\theta_0)
              + \frac1{2\eta} |\theta - \theta_0|^2

    Parameters
    ----------
    centre : array_like, shape (D,), or a number for D = 1
        :math:`\theta_0`, where value and slope are those of f.
    value : float
        :math:`f(\theta_0)`.
    gradient : array_like, the shape of `centre`
        :math:`\nabla f(\theta_0)`.
    step : float
        :math:`\eta > 0`, the learning rate; :math:`1/\eta` is the curvature.

    Raises
    ------
    ValueError
        If a number is not finite, the shapes differ or the step is not positive.

    Notes
    -----
    Eq. (2.40). Source: K. Lange, *MM Optimization Algorithms* (2016), section 1.

    Examples
    --------
    >>> surrogate = QuadraticSurrogate([1.0], 1.0, [2.0], 0.25)  # f(t) = t**2 at 1
    >>> surrogate.minimiser, surrogate.minimum, surrogate([[0.0], [1.0]])
    (array([0.5]), 0.5, array([1., 1.]))
    """

    centre: Array
    value: float
    gradient: Array
    step: float

    def __init__(self, centre: ArrayLike, value: float, gradient: ArrayLike, step: float) -> None:
        centre = _as_parameters("centre", centre)
        gradient = _as_parameters("gradient", gradient)
        if gradient.shape != centre.shape:
            raise ValueError(f"gradient: expected shape {centre.shape}, got {gradient.shape}")
        object.__setattr__(self, "centre", frozen_copy(centre))
        object.__setattr__(self, "value", float(as_real_array("value", value, ndim=0)))
        object.__setattr__(self, "gradient", frozen_copy(gradient))
        object.__setattr__(self, "step", as_positive("step", step))

    def __call__(self, theta: ArrayLike) -> float | Array:
        r"""Value of the surrogate.

        .. math:: f_\eta(\theta, \theta_0)

        Parameters
        ----------
        theta : array_like, shape (D,) or (m, D)

        Returns
        -------
        float or ndarray of shape (m,)

        Raises
        ------
        ValueError
            If the last axis is not D or a number is not finite.

        Notes
        -----
        Eq. (2.40); its excess over f is Eq. (2.41). Source: as the class.

        Examples
        --------
        >>> QuadraticSurrogate([1.0], 1.0, [2.0], 0.25)([0.5])
        0.5
        """
        theta = as_real_array("theta", theta)
        if theta.ndim not in (1, 2) or theta.shape[-1] != len(self.centre):
            D = len(self.centre)
            raise ValueError(f"theta: expected shape ({D},) or (m, {D}), got {theta.shape}")
        moved = theta - self.centre
        values = self.value + moved @ self.gradient + (moved**2).sum(axis=-1) / (2 * self.step)
        return float(values) if theta.ndim == 1 else values

    @property
    def minimiser(self) -> Array:
        r"""Where the surrogate is lowest, one step of gradient descent, Eq. (2.35)."""
        return self.centre - self.step * self.gradient

    @property
    def minimum(self) -> float:
        r"""Lowest value of the surrogate, :math:`f(\theta_0) - \eta|\nabla f|^2/2`, Eq. (2.38)."""
        return float(self.value - 0.5 * self.step * (self.gradient @ self.gradient))


def gradient_descent(
    function: Callable[[Array], float],
    gradient: Callable[[Array], ArrayLike],
    start: ArrayLike,
    *,
    step: float | None = None,
    lipschitz: float | None = None,
    tolerance: float = 1e-8,
    max_steps: int = 10_000,
) -> Fit:
    r"""Minimise a function by steps against its gradient.

    .. math:: \theta \leftarrow \theta - \eta \nabla f(\theta)

    Give the step, or a Lipschitz constant of the gradient, or neither. With neither the step is
    found by backtracking: from 1 on it is halved until the function lies below its surrogate at
    the new place, and doubled before the next step.

    Parameters
    ----------
    function, gradient : callable
        f(theta) and its gradient, for theta of shape (D,).
    start : array_like, shape (D,), or a number for D = 1
    step : float, optional
        :math:`\eta`. The function may rise; the history tells.
    lipschitz : float, optional
        L, a bound on the curvature of f everywhere: :math:`\eta = 1/L`.
    tolerance : float
        Converged when the norm of the gradient is not above this, in the unit of f over that of
        theta.
    max_steps : int

    Returns
    -------
    Fit
        ``model`` is the last place, shape (D,). Not converged when the steps are used up, when
        the function or its gradient stops being finite (the last finite place is returned) or
        when backtracking finds no step that is large enough to matter.

    Raises
    ------
    ValueError
        If both a step and a Lipschitz constant are given, one is not positive, the start is not
        finite, f or its gradient is not finite there, or either returns the wrong shape.

    Notes
    -----
    Eq. (2.35); with `lipschitz` Eq. (2.39), and by Eq. (2.38) no step rises. Backtracking asks
    for Eq. (2.41) at the new place. Source: A. Beck, *First-Order Methods in Optimization*
    (2017), chapter 10.

    Examples
    --------
    >>> fit = gradient_descent(lambda t: 2 * t @ t, lambda t: 4 * t, [3.0], lipschitz=4.0)
    >>> fit.model, fit.converged
    (array([0.]), True)
    """
    if step is not None and lipschitz is not None:
        raise ValueError("step: expected a step or a Lipschitz constant, got both")
    eta = 1.0
    if step is not None:
        eta = as_positive("step", step)
    elif lipschitz is not None:
        eta = 1.0 / as_positive("lipschitz", lipschitz)
    backtracking = step is None and lipschitz is None
    path = _Path(function, gradient, start)
    max_steps = as_size("max_steps", max_steps)
    tolerance = as_positive("tolerance", tolerance)

    while True:
        count, norm = len(path.steps), path.gradient_norms[-1]
        if norm <= tolerance:
            return path.fit(
                True, f"gradient norm {norm:.3g} within {tolerance:.3g} {_after(count)}"
            )
        if count == max_steps:
            return path.fit(
                False, f"gradient norm {norm:.3g} above tolerance {tolerance:.3g} {_after(count)}"
            )
        if backtracking:
            eta = _below_surrogate(path, eta)
            if eta is None:
                return path.fit(
                    False,
                    f"no step lowers the function, gradient norm {norm:.3g} {_after(count)}: the "
                    "function has reached its rounding, or the gradient is not its gradient",
                )
        if not path.move(-eta * path.slope, eta):
            return path.fit(
                False, f"the function or its gradient is not finite {_after(count + 1)}"
            )
        if backtracking:
            eta = min(2.0 * eta, sys.float_info.max)


def newton(
    function: Callable[[Array], float],
    gradient: Callable[[Array], ArrayLike],
    hessian: Callable[[Array], ArrayLike],
    start: ArrayLike,
    *,
    tolerance: float = 1e-10,
    max_steps: int = 100,
) -> Fit:
    r"""Minimise a function by Newton's method, with steps cut until it falls.

    .. math:: \theta \leftarrow \theta - t\, H(\theta)^{-1} \nabla f(\theta)

    Parameters
    ----------
    function, gradient, hessian : callable
        f(theta), its gradient (D,) and its second derivatives (D, D), for theta of shape (D,).
        Any positive definite matrix in the place of the Hessian still gives descent, but slower.
    start : array_like, shape (D,), or a number for D = 1
    tolerance : float
        Converged when no entry of the full step is above ``tolerance * max(1, abs(theta))``.
        The gradient is not asked: it also dies out when theta runs off to infinity.
    max_steps : int

    Returns
    -------
    Fit
        ``model`` is the last place, shape (D,). Not converged when the steps are used up, when
        the Hessian is not positive definite to rounding, or when no part of the step, down to
        1e-12, lowers the function.

    Raises
    ------
    ValueError
        If the start is not finite, f or its gradient is not finite there, or a function returns
        the wrong shape.

    Notes
    -----
    Eq. (2.47b), with t = 1, 1/2, 1/4, ... until the function falls by 1e-4 of what the slope
    promises. Source: S. Boyd and L. Vandenberghe, *Convex Optimization* (2004), section 9.5.

    Examples
    --------
    >>> fit = newton(np.cosh, np.sinh, lambda t: np.cosh(t).reshape(1, 1), 1.0)
    >>> fit.converged, len(fit.history.steps), bool(abs(fit.model[0]) < 1e-15)
    (True, 5, True)
    """
    path = _Path(function, gradient, start)
    max_steps = as_size("max_steps", max_steps)
    tolerance = as_positive("tolerance", tolerance)
    D = len(path.theta)
    while True:
        count = len(path.steps)
        H = as_real_array("hessian", hessian(path.theta.copy()), finite=False)
        if H.shape != (D, D):
            raise ValueError(f"hessian: expected shape ({D}, {D}), got {H.shape}")
        try:
            direction = -cho_solve(cho_factor(H), path.slope)
        except (LinAlgError, ValueError):  # not positive definite, or not finite
            return path.fit(False, f"the Hessian is not positive definite {_after(count)}")
        size = np.abs(direction / np.maximum(1.0, np.abs(path.theta))).max()
        if size <= tolerance:
            path.move(direction, 1.0)
            return path.fit(True, f"Newton step {size:.3g} within {tolerance:.3g} {_after(count)}")
        if count == max_steps:
            return path.fit(False, f"Newton step {size:.3g} above {tolerance:.3g} {_after(count)}")
        part = _falling_part(path, direction)
        if part is None or not path.move(part * direction, part):
            return path.fit(False, f"no part of Newton's step lowers the function {_after(count)}")


class _Path:
    """The places visited, and the function at the last of them."""

    def __init__(self, function: Callable, gradient: Callable, start: ArrayLike) -> None:
        self.function, self.gradient = function, gradient
        self.theta = _as_parameters("start", start).copy()
        self.value = self.value_at(self.theta)
        self.slope = self.slope_at(self.theta)
        with np.errstate(over="ignore", invalid="ignore"):
            norm = float(np.linalg.norm(self.slope))
        if not (np.isfinite(self.value) and np.isfinite(norm)):
            raise ValueError(
                "start: expected a finite function and a gradient of finite length there, got "
                f"{self.value:g} and {self.slope}"
            )
        self.places, self.values, self.steps = [self.theta], [self.value], []
        self.gradient_norms = [norm]

    def value_at(self, theta: Array) -> float:
        value = as_real_array("function", self.function(theta.copy()), finite=False)
        if value.size != 1:
            raise ValueError(f"function: expected one number, got shape {value.shape}")
        return float(value.reshape(()))

    def slope_at(self, theta: Array) -> Array:
        slope = as_real_array("gradient", self.gradient(theta.copy()), finite=False)
        row = slope.flatten()  # a copy: the caller may use one buffer for all gradients
        if row.shape != theta.shape:
            raise ValueError(f"gradient: expected shape {theta.shape}, got {slope.shape}")
        return row

    def move(self, change: Array, step: float) -> bool:
        """Go on; return False, and stay, where the function stops being finite."""
        with np.errstate(over="ignore", invalid="ignore"):
            theta = self.theta + change
            if not np.isfinite(theta).all():
                return False
            value, slope = self.value_at(theta), self.slope_at(theta)
            norm = float(np.linalg.norm(slope))
        if not (np.isfinite(value) and np.isfinite(norm)):
            return False
        self.theta, self.value, self.slope = theta, value, slope
        self.places.append(theta)
        self.values.append(value)
        self.steps.append(step)
        self.gradient_norms.append(norm)
        return True

    def fit(self, converged: bool, reason: str) -> Fit:
        parts = (self.places, self.values, self.steps, self.gradient_norms)
        history = History(*(frozen_copy(part) for part in parts))
        return Fit(frozen_copy(self.theta), history, converged, reason)


def _below_surrogate(path: _Path, eta: float) -> float | None:
    """Halve the step until the function is below its surrogate's lowest point."""
    while True:
        surrogate = QuadraticSurrogate(path.theta, path.value, path.slope, eta)
        with np.errstate(over="ignore", invalid="ignore"):
            place = surrogate.minimiser
            if (place == path.theta).all():
                return None
            if np.isfinite(place).all() and _is_below(path, place, surrogate.minimum):
                return eta
        eta *= 0.5


def _is_below(path: _Path, place: Array, bound: float) -> bool:
    value = path.value_at(place)
    if abs(value - path.value) > _rounding(path):
        return value <= bound
    # The values no longer tell. A parabola is below its surrogate exactly if the slope along
    # the step keeps its sign; and on the way to a minimum the slope gets no steeper.
    slope = path.slope_at(place)
    return bool(slope @ path.slope >= 0 and slope @ slope <= path.slope @ path.slope)


def _falling_part(path: _Path, direction: Array) -> float | None:
    """Halve the step until the function falls by a part of what its slope promises."""
    promised = path.slope @ direction
    part = 1.0
    while part > 1e-12:
        with np.errstate(over="ignore", invalid="ignore"):
            value = path.value_at(path.theta + part * direction)
        if value <= path.value + SUFFICIENT_DECREASE * part * promised + _rounding(path):
            return part
        part *= 0.5
    return None


def _rounding(path: _Path) -> float:
    """Values closer than this cannot be told apart."""
    return 4 * np.finfo(float).eps * max(1.0, abs(path.value))


def _after(count: int) -> str:
    return f"after {count} step{'' if count == 1 else 's'}"


def _as_parameters(name: str, value: ArrayLike) -> Array:
    theta = np.atleast_1d(as_real_array(name, value))
    if theta.ndim != 1:
        raise ValueError(f"{name}: expected shape (D,) or a number, got {theta.shape}")
    return theta
