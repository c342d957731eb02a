"""Gradient descent against closed forms, Newton against its order, surrogates against fractions."""

import inspect
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from boltzlib.descent import Fit, History, QuadraticSurrogate, gradient_descent, newton
from tests.cases import quick

SPECTRUM = np.array([0.5, 2.0, 4.0])
TURN = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
H = TURN * SPECTRUM @ TURN.T
START = np.array([1.0, -2.0, 0.5])


def bowl(t):
    return 0.5 * t @ H @ t


def bowl_slope(t):
    return H @ t


def valley(t):  # convex, not quadratic; its minimum is at (ln 2, -1)
    return np.exp(t[0]) - 2 * t[0] + np.cosh(t[1] + 1)


def valley_slope(t):
    return np.array([np.exp(t[0]) - 2, np.sinh(t[1] + 1)])


def valley_curvature(t):
    return np.diag([np.exp(t[0]), np.cosh(t[1] + 1)])


def square(t):
    return 0.5 * t @ t


# The surrogate -------------------------------------------------------------------------

small = st.integers(-40, 40).map(lambda k: k / 8)


@quick
@given(st.data(), st.integers(1, 4), st.integers(1, 32))
def test_surrogate_against_fractions(data, D, eighths):
    vectors = [data.draw(st.lists(small, min_size=D, max_size=D)) for _ in range(3)]
    centre, gradient, place = vectors
    value, step = data.draw(small), eighths / 8
    c, g, p = ([Fraction(v) for v in vector] for vector in vectors)
    moved = [a - b for a, b in zip(p, c, strict=True)]
    eta = Fraction(step)
    exact = (
        Fraction(value)
        + sum(a * b for a, b in zip(g, moved, strict=True))
        + sum(m * m for m in moved) / (2 * eta)
    )
    surrogate = QuadraticSurrogate(centre, value, gradient, step)
    assert surrogate(place) == pytest.approx(float(exact), rel=1e-14, abs=1e-13)
    lowest = [float(a - eta * b) for a, b in zip(c, g, strict=True)]
    np.testing.assert_array_equal(surrogate.minimiser, lowest)
    assert surrogate.minimum == pytest.approx(
        float(Fraction(value) - eta * sum(b * b for b in g) / 2), rel=1e-14, abs=1e-13
    )
    assert surrogate(surrogate.minimiser) == pytest.approx(surrogate.minimum, abs=1e-12)
    np.testing.assert_allclose(surrogate([place, centre]), [surrogate(place), value], rtol=1e-14)


def test_surrogate_is_frozen_and_copies():
    centre = np.array([1.0, 2.0])
    surrogate = QuadraticSurrogate(centre, 0.0, [1.0, 1.0], 0.5)
    centre[0] = 9.0
    assert surrogate.centre[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        surrogate.gradient[0] = 3.0
    assert isinstance(surrogate([0.0, 0.0]), float)
    assert QuadraticSurrogate(1.0, 1.0, 2.0, 0.25).minimiser.shape == (1,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.0, 1.0], 0.0, [1.0], 1.0), r"gradient: expected shape \(2,\), got \(1,\)"),
        (([0.0], 0.0, [1.0], 0.0), "step: expected a positive number, got 0.0"),
        (([0.0], 0.0, [1.0], -1.0), "step: expected a positive number, got -1.0"),
        (([0.0], np.nan, [1.0], 1.0), "value: expected finite numbers, got nan"),
        (([[0.0]], 0.0, [1.0], 1.0), r"centre: expected shape \(D,\) or a number, got \(1, 1\)"),
        (([np.inf], 0.0, [1.0], 1.0), "centre: expected finite numbers"),
    ],
)
def test_bad_surrogates(arguments, message):
    with pytest.raises(ValueError, match=message):
        QuadraticSurrogate(*arguments)


@pytest.mark.parametrize("theta", [0.0, [1.0, 2.0, 3.0], [[[1.0, 2.0]]]])
def test_surrogate_at_a_place_of_the_wrong_shape(theta):
    with pytest.raises(ValueError, match=r"theta: expected shape \(2,\) or \(m, 2\), got"):
        QuadraticSurrogate([0.0, 0.0], 0.0, [1.0, 1.0], 1.0)(theta)


# Gradient descent ----------------------------------------------------------------------


@pytest.mark.parametrize("step", [0.05, 0.25, 0.4, 0.5, 0.6])
def test_iterates_on_a_bowl_have_a_closed_form(step):
    fit = gradient_descent(bowl, bowl_slope, START, step=step, max_steps=12, tolerance=1e-300)
    in_axes = TURN.T @ START
    for t, place in enumerate(fit.history.parameters):
        np.testing.assert_allclose(
            place, TURN @ ((1 - step * SPECTRUM) ** t * in_axes), atol=1e-12 * 2.0**t
        )
    np.testing.assert_array_equal(fit.history.steps, step)
    np.testing.assert_allclose(fit.history.values, [bowl(p) for p in fit.history.parameters])
    np.testing.assert_allclose(
        fit.history.gradient_norms, [np.linalg.norm(H @ p) for p in fit.history.parameters]
    )
    assert not fit.converged and "after 12 steps" in fit.reason


def test_the_border_is_two_over_the_largest_curvature():
    top = TURN[:, 2]
    inside = gradient_descent(bowl, bowl_slope, START, step=0.499)
    assert inside.converged and np.abs(inside.model).max() < 1e-7
    on = gradient_descent(bowl, bowl_slope, top, step=0.5, max_steps=50)
    assert not on.converged
    np.testing.assert_allclose(on.history.parameters[::2], np.tile(top, (26, 1)), atol=1e-12)
    np.testing.assert_allclose(on.history.parameters[1::2], np.tile(-top, (25, 1)), atol=1e-12)
    beyond = gradient_descent(bowl, bowl_slope, top, step=0.501, max_steps=10**6)
    assert not beyond.converged and "not finite" in beyond.reason
    assert np.isfinite(beyond.model).all() and beyond.history.values[-1] > 1e300
    np.testing.assert_array_equal(beyond.model, beyond.history.parameters[-1])


def test_lipschitz_step_never_rises_and_keeps_its_promise():
    for function, slope, L in ((bowl, bowl_slope, 4.0), (np.cos, lambda t: -np.sin(t), 1.0)):
        start = START if function is bowl else 0.4
        fit = gradient_descent(
            lambda t, f=function: np.sum(f(t)), slope, start, lipschitz=L, max_steps=30
        )
        np.testing.assert_array_equal(fit.history.steps, 1 / L)
        falls = -np.diff(fit.history.values)
        promised = fit.history.gradient_norms[:-1] ** 2 / (2 * L)
        assert (falls >= promised - 1e-15).all()


def test_backtracking_stays_below_the_surrogate_and_converges():
    fit = gradient_descent(valley, valley_slope, [-3.0, 2.0], tolerance=1e-9)
    assert fit.converged
    np.testing.assert_allclose(fit.model, [np.log(2.0), -1.0], atol=1e-8)
    h = fit.history
    assert (np.diff(h.values) <= 1e-15).all()
    for t, eta in enumerate(h.steps):
        surrogate = QuadraticSurrogate(
            h.parameters[t], h.values[t], valley_slope(h.parameters[t]), eta
        )
        assert h.values[t + 1] <= surrogate.minimum + 1e-14
    ratios = h.steps[1:] / h.steps[:-1]
    assert np.isin(np.log2(ratios), range(-60, 2)).all() and (ratios == 2).any()
    # a far start, where the first step overflows
    far = gradient_descent(valley, valley_slope, [300.0, 0.0], max_steps=2000)
    assert far.history.values[1] < far.history.values[0]


def test_backtracking_starts_at_one():
    # the curvature allows 4: the first step is 1, the next is twice as long
    fit = gradient_descent(lambda t: t @ t / 8, lambda t: t / 4, 1.0, max_steps=3)
    np.testing.assert_array_equal(fit.history.steps, [1.0, 2.0, 4.0])
    # a step that is one over the curvature ends on the surrogate's lowest point, and is enough
    fit = gradient_descent(square, lambda t: t, 4.0)
    np.testing.assert_array_equal(fit.history.parameters, [[4.0], [0.0]])


def test_backtracking_where_the_values_no_longer_tell():
    """Below the rounding of the values the slopes decide: its sign is kept, it is no steeper."""
    A = np.array([0.3, 0.7])
    buffer = np.zeros(2)

    def high_bowl(t):
        return 1e6 + 0.5 * t @ (A * t)

    def into_buffer(t):
        return np.multiply(A, t, out=buffer)

    for slope in (lambda t: A * t, into_buffer):
        fit = gradient_descent(high_bowl, slope, [1.0, 2.0], tolerance=1e-9, max_steps=100)
        assert fit.converged and np.abs(A * fit.model).max() < 1e-9
    # onto the minimum itself
    fit = gradient_descent(lambda t: 1e6 + square(t), lambda t: t, 1e-6)
    np.testing.assert_array_equal(fit.history.parameters, [[1e-6], [0.0]])
    # down a slope that is the same everywhere
    fit = gradient_descent(
        lambda t: 1e6 + 1e-9 * t, lambda t: [1e-9], 0.0, tolerance=1e-10, max_steps=4
    )
    np.testing.assert_array_equal(fit.history.steps, [1.0, 2.0, 4.0, 8.0])


@pytest.mark.parametrize("slope", [1.0, 2.0**-20])
def test_backtracking_on_a_function_without_a_bottom(slope):
    def line(t):
        assert np.isfinite(t).all()
        return -slope * t[0]

    fit = gradient_descent(line, lambda t: [-slope, 0.0], np.zeros(2), max_steps=1100)
    assert not fit.converged and np.isfinite(fit.model).all()
    assert fit.model[0] > 1e300


def flat(t):
    return 0.0


def ends(inside, t):
    """Return a number, or none beyond -2."""
    return inside if t[0] >= -2.0 else -np.inf


@pytest.mark.parametrize(
    ("function", "gradient"),
    [(lambda t: ends(1.0, t), lambda t: [1.0, 1.0]), (flat, lambda t: [1.0, ends(1.0, t)])],
)
def test_the_last_finite_place_is_returned(function, gradient):
    fit = gradient_descent(function, gradient, np.zeros(2), step=1.0)
    assert not fit.converged and fit.reason.endswith("not finite after 3 steps")
    np.testing.assert_array_equal(fit.history.parameters, [[0, 0], [-1, -1], [-2, -2]])


def test_a_place_that_is_not_finite_is_not_reached():
    fit = gradient_descent(flat, lambda t: [1.0, 0.0], np.zeros(2), step=1.5e308)
    assert not fit.converged and fit.reason.endswith("not finite after 2 steps")
    np.testing.assert_array_equal(fit.model, [-1.5e308, 0.0])


def test_backtracking_reports_a_gradient_that_is_none():
    fit = gradient_descent(bowl, lambda t: -H @ t, START)
    assert not fit.converged and "not its gradient" in fit.reason
    np.testing.assert_array_equal(fit.model, START)
    assert len(fit.history.steps) == 0


def test_against_scipy():
    def rosenbrock(t):
        return (1 - t[0]) ** 2 + 5 * (t[1] - t[0] ** 2) ** 2

    def slope(t):
        inner = t[1] - t[0] ** 2
        return np.array([-2 * (1 - t[0]) - 20 * t[0] * inner, 10 * inner])

    fit = gradient_descent(rosenbrock, slope, [-0.5, 0.5], tolerance=1e-7)
    exact = minimize(rosenbrock, [-0.5, 0.5], jac=slope, tol=1e-12).x
    assert fit.converged
    np.testing.assert_allclose(fit.model, exact, atol=1e-6)


def test_starting_at_the_minimum():
    fit = gradient_descent(bowl, bowl_slope, np.zeros(3), step=0.1)
    assert fit.converged and len(fit.history.steps) == 0
    assert "after 0 steps" in fit.reason and fit.history.parameters.shape == (1, 3)
    one_step = gradient_descent(lambda t: t @ t, lambda t: 2 * t, 1.0, step=0.5)
    assert one_step.reason.endswith("after 1 step")


def test_a_gradient_at_the_tolerance_is_within():
    fit = gradient_descent(square, lambda t: t, 0.25, tolerance=0.25)
    assert fit.converged and len(fit.history.steps) == 0


def test_the_last_step_counts():
    fit = gradient_descent(lambda t: t @ t, lambda t: 2 * t, 1.0, step=0.5, max_steps=1)
    assert fit.converged and len(fit.history.steps) == 1
    fit = newton(bowl, bowl_slope, lambda t: H, START, max_steps=1, tolerance=1e-9)
    assert fit.converged


def test_how_many_steps_are_made_unless_told_otherwise():
    assert inspect.signature(gradient_descent).parameters["max_steps"].default == 10_000
    fit = newton(lambda t: np.exp(-t), lambda t: -np.exp(-t), lambda t: np.diag(np.exp(-t)), 0.0)
    assert not fit.converged and len(fit.history.steps) == 100  # each goes on by 1


def test_the_result_is_read_only_and_the_start_is_left_alone():
    start = START.copy()
    fit = gradient_descent(bowl, bowl_slope, start, step=0.1, max_steps=3)
    np.testing.assert_array_equal(start, START)
    for array in (fit.model, *vars(fit.history).values()):
        assert not array.flags.writeable

    def greedy(t):
        t[:] = 0.0  # a function that writes into its argument must not move the path
        return 1.0

    still = gradient_descent(greedy, bowl_slope, start, step=0.1, max_steps=1)
    np.testing.assert_allclose(still.model, START - 0.1 * H @ START)
    assert repr(fit).startswith("Fit(not converged: gradient norm")
    halves = gradient_descent(lambda t: t @ t, lambda t: 2 * t, 1.0, step=0.25, max_steps=3)
    assert repr(halves.history) == "History(3 steps, 1 to 0.015625)"
    assert isinstance(fit, Fit) and isinstance(fit.history, History)


# Newton --------------------------------------------------------------------------------


def test_newton_solves_a_bowl_in_one_step():
    fit = newton(bowl, bowl_slope, lambda t: H, START)
    assert fit.converged
    np.testing.assert_allclose(fit.history.parameters[1], 0.0, atol=1e-14)
    assert fit.history.steps[0] == 1.0


def test_newton_doubles_the_digits():
    fit = newton(valley, valley_slope, valley_curvature, [0.0, -0.5], tolerance=1e-14)
    errors = np.abs(fit.history.parameters[:, 0] - np.log(2.0))
    small_errors = errors[(errors < 0.1) & (errors > 1e-13)]
    orders = np.log(small_errors[1:]) / np.log(small_errors[:-1])
    assert len(orders) >= 2 and (orders > 1.7).all()


def test_newton_is_damped_where_the_full_step_diverges():
    # on ln(2 cosh t) the full step from 1.5 lands at -3.5 and then runs away
    def loss(t):
        return np.logaddexp(t, -t)[0]

    fit = newton(loss, np.tanh, lambda t: np.diag(1 / np.cosh(t) ** 2), 1.5)
    assert fit.converged and abs(fit.model[0]) < 1e-12
    assert fit.history.steps[0] < 1.0
    assert (np.diff(fit.history.values) <= 1e-15).all()


def test_newton_halves_a_step_that_rises_a_little():
    # just beyond 1.08866, where the full step on ln(2 cosh t) goes to -t and back for ever
    def loss(t):
        return np.logaddexp(t, -t)[0]

    for start in (1.0887, 1.09):
        fit = newton(loss, np.tanh, lambda t: np.diag(1 / np.cosh(t) ** 2), start)
        assert fit.history.steps[0] == 0.5
        assert (np.diff(fit.history.values) <= 0).all()
        assert fit.converged


def test_newton_takes_the_last_step_too():
    """The step that is found to be small enough is made: it doubles the digits once more."""
    fit = newton(valley, valley_slope, valley_curvature, [0.0, -0.5], tolerance=1e-2)
    assert fit.converged
    last = fit.history.parameters[-1] - fit.history.parameters[-2]
    assert np.abs(last).max() <= 1e-2
    np.testing.assert_allclose(fit.model, [np.log(2.0), -1.0], atol=1e-4)
    assert len(fit.history.steps) == len(fit.history.values) - 1
    assert fit.history.steps[-1] == 1.0


@pytest.mark.parametrize(
    ("place", "step", "within"),
    [(1.0, 2e-10, False), (1e6, 2e-5, True), (-1e6, 2e-5, True), (1e6, 2e-4, False)],
)
def test_newtons_tolerance_is_relative_for_large_parameters(place, step, within):
    fit = newton(
        lambda t: square(t - place), lambda t: t - place, lambda t: np.eye(1),
        place + step, tolerance=1e-10,
    )  # fmt: skip
    assert fit.converged and fit.model == [place]
    assert fit.reason.endswith("after 0 steps" if within else "after 1 step")


def test_a_newton_step_at_the_tolerance_is_within():
    fit = newton(square, lambda t: t, lambda t: np.eye(1), 0.25, tolerance=0.25)
    assert fit.reason.endswith("after 0 steps") and fit.model == [0.0]


@pytest.mark.parametrize(
    ("falls", "part"),
    [
        ({1.0: 1.05e-4}, 1.0),  # what counts is a fall by 1e-4 of what the slope promises
        ({1.0: 0.95e-4, 0.5: 0.55e-4}, 0.5),
        ({1.0: 0.95e-4, 0.5: 0.45e-4, 0.25: 0.26e-4}, 0.25),
        ({1.0: 0.95e-4, 0.5: 0.45e-4, 0.25: 0.24e-4}, None),
    ],
)
def test_newton_asks_for_a_part_of_the_promised_fall(falls, part):
    fit = newton(
        lambda t: -1e6 * falls.get(t[0], 0.0), lambda t: [-1e6], lambda t: np.diag([1e6]), 0.0,
        max_steps=1,
    )  # fmt: skip
    np.testing.assert_array_equal(fit.history.steps, [] if part is None else [part])


@pytest.mark.parametrize(("true", "said", "found"), [(2.0, 2.0**-38, True), (1.0, 2.0**-40, False)])
def test_newton_tries_parts_down_to_1e_12(true, said, found):
    """The part of the step that leads to 0 is the curvature that is said over the true one."""
    fit = newton(
        lambda t: true * square(t), lambda t: true * t, lambda t: np.diag([said]), 1.0, max_steps=1
    )
    assert fit.converged == found and fit.model == [0.0 if found else 1.0]


@pytest.mark.parametrize("level", [0.0, 1.0, 1e6, -1e6])
def test_newton_forgives_a_rise_by_rounding_only(level):
    unit = np.spacing(max(1.0, abs(level)))
    for rise, forgiven in ((1.5 * unit, True), (100 * unit, False)):
        fit = newton(
            lambda t, r=rise: level + (0.0 if t[0] == 1e-8 else r), lambda t: t,
            lambda t: np.eye(1), 1e-8, max_steps=1, tolerance=1e-10,
        )  # fmt: skip
        assert fit.converged == forgiven


def test_newton_is_not_fooled_by_a_gradient_that_dies_out():
    def loss(t):
        return np.log1p(np.exp(-t[0]))

    def slope(t):
        return -1 / (1 + np.exp(t))

    def curvature(t):
        return np.diag(1 / (2 + np.exp(t) + np.exp(-t)))

    fit = newton(loss, slope, curvature, 0.0, max_steps=40)
    assert not fit.converged and fit.history.gradient_norms[-1] < 1e-10
    assert "above 1e-10 after 40 steps" in fit.reason


def test_newton_reports_a_hessian_that_is_not_positive_definite():
    for hessian in (-H, np.zeros((3, 3)), np.full((3, 3), np.nan), np.diag([np.inf] * 3)):
        fit = newton(bowl, bowl_slope, lambda t, m=hessian: m, START)
        assert not fit.converged and "Hessian is not positive definite" in fit.reason
        np.testing.assert_array_equal(fit.model, START)


def test_newton_reports_a_direction_that_does_not_descend():
    fit = newton(bowl, lambda t: -H @ t, lambda t: H, START)
    assert not fit.converged and "no part of Newton's step lowers" in fit.reason


def test_newton_with_another_matrix_still_descends():
    fit = newton(bowl, bowl_slope, lambda t: 5 * np.eye(3), START, max_steps=500)
    assert fit.converged
    np.testing.assert_allclose(fit.model, 0.0, atol=1e-9)


# Bad input -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (dict(step=0.1, lipschitz=1.0), "step: expected a step or a Lipschitz constant, got both"),
        (dict(step=0.0), "step: expected a positive number, got 0.0"),
        (dict(lipschitz=-1.0), "lipschitz: expected a positive number"),
        (dict(tolerance=0.0), "tolerance: expected a positive number"),
        (dict(max_steps=0), "max_steps: expected a positive integer"),
        (dict(start=[np.nan, 0.0, 0.0]), "start: expected finite numbers"),
        (dict(start=np.zeros((1, 3))), r"start: expected shape \(D,\) or a number"),
        (dict(function=lambda t: t), r"function: expected one number, got shape \(3,\)"),
        (dict(function=lambda t: np.nan), "start: expected a finite function and a gr.* nan and"),
        (dict(gradient=lambda t: t[:2]), r"gradient: expected shape \(3,\), got \(2,\)"),
        (
            dict(gradient=lambda t: [0.0, np.nan, 0.0]),
            r"start: expected .* got [0-9.]+ and \[.*nan",
        ),
        (dict(gradient=lambda t: t * np.inf), r"start: expected .* got [0-9.]+ and \[.*inf"),
        (dict(gradient=lambda t: [0.0, 1e200, 0.0]), "start: .* a gradient of finite length there"),
    ],
)
def test_bad_input(call, message):
    given_arguments = {"function": bowl, "gradient": bowl_slope, "start": START, **call}
    with pytest.raises(ValueError, match=message), np.errstate(invalid="ignore"):
        gradient_descent(**given_arguments)


def test_bad_hessian():
    with pytest.raises(ValueError, match=r"hessian: expected shape \(3, 3\), got \(3,\)"):
        newton(bowl, bowl_slope, lambda t: t, START)
    with pytest.raises(ValueError, match="max_steps: expected a positive integer"):
        newton(bowl, bowl_slope, lambda t: H, START, max_steps=-1)
