"""Exact learning against SciPy on all states, Ising machines and what a maximum must fulfil."""

import inspect
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import logsumexp

from boltzlib.ising import Ising
from boltzlib.latent import Ascent, posterior
from boltzlib.rbm import RBM, Moments
from boltzlib.rbm_exact_learning import Climb, fit_em, m_step, maximise_likelihood
from tests import oracles
from tests.cases import quick, some_rbm, some_spins, spins

seeds = st.integers(0, 2**32 - 1)
SHAPES = [(1, 1), (2, 1), (3, 2), (2, 3)]
everything = np.array([[1, 1], [1, 1], [1, 1], [1, -1], [-1, 1], [-1, -1], [-1, -1]])


def brute_likelihood(theta, N, H, x):
    """Average log-likelihood from the table of all pairs of states."""
    W, b, c = theta[: N * H].reshape(N, H), theta[N * H : N * H + N], theta[N * H + N :]

    def minus_energies(rows):
        return rows @ W @ spins(H).T + (rows @ b)[:, np.newaxis] + spins(H) @ c

    return logsumexp(minus_energies(x), axis=1).mean() - logsumexp(minus_energies(spins(N)))


def brute_q(theta, moments, N, H):
    """Q from the moments and the table of all pairs of states."""
    W, b, c = theta[: N * H].reshape(N, H), theta[N * H : N * H + N], theta[N * H + N :]
    x, z = spins(N), spins(H)
    log_z = logsumexp(x @ W @ z.T + (x @ b)[:, np.newaxis] + z @ c)
    pairs, visible, hidden = moments
    return (W * pairs).sum() + b @ visible + c @ hidden - log_z


def penalised(model, x, alpha):
    return model.log_likelihood(x) - alpha / 2 * (model.W.astype(float) ** 2).sum()


def largest(parts):
    return max(np.abs(part).max() for part in parts)


def slope(model, x, alpha=0.0):
    W, b, c = model.log_likelihood_gradient(x)
    return W - alpha * model.W, b, c


def assert_climbs(values):
    assert (np.diff(values) >= -1e-14 * (1 + np.abs(values[:-1]))).all()


# Maximum likelihood ------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.02, 0.3])
@pytest.mark.parametrize(("N", "H"), SHAPES)
def test_maximum_against_scipy(N, H, alpha):
    """From the same start BFGS with differences finds the same maximum, here in all cases."""
    x, start = some_spins(12, N), some_rbm(N, H, 0.5, 1)

    def loss(theta):
        return alpha / 2 * (theta[: N * H] ** 2).sum() - brute_likelihood(theta, N, H, x)

    fit = maximise_likelihood(x, start, penalty=alpha)
    exact = minimize(loss, start.parameters, method="BFGS", options={"gtol": 1e-7})
    assert fit.converged and isinstance(fit.history, Climb)
    assert fit.history.values[-1] == pytest.approx(-exact.fun, abs=1e-9)
    assert largest(slope(fit.model, x, alpha)) <= 1e-6
    # the fields of a machine without couplings are not unique, else the places are the same
    if np.abs(fit.model.W).max() > 1e-3:
        np.testing.assert_allclose(fit.model.parameters, exact.x, atol=2e-3)


def test_two_visible_units_reach_the_floor():
    """One hidden unit can make any distribution of two spins: the likelihood is its entropy."""
    start = RBM.random(2, 1, rng=np.random.default_rng(1), scale=0.5, x=everything)
    fit = maximise_likelihood(everything, start, tolerance=1e-8)
    shares = np.array([3, 1, 1, 2]) / 7
    assert fit.converged
    assert fit.model.log_likelihood(everything) == pytest.approx(shares @ np.log(shares), abs=1e-13)
    found = np.exp(fit.model.log_prob([[1, 1], [1, -1], [-1, 1], [-1, -1]]))
    np.testing.assert_allclose(found, shares, atol=1e-7)
    ising = Ising.fit(everything).model
    np.testing.assert_allclose(fit.model.log_prob(spins(2)), ising.log_prob(spins(2)), atol=1e-6)


def test_the_saddle_without_couplings_is_kept():
    """There the fields of the visible units alone are learnt, in closed form."""
    start = RBM(np.zeros((2, 2)), [0.1, 0.2], [0.0, 0.0])
    fit = maximise_likelihood(everything, start)
    np.testing.assert_array_equal(fit.model.W, 0.0)
    np.testing.assert_array_equal(fit.model.c, 0.0)
    np.testing.assert_allclose(fit.model.b, np.arctanh(everything.mean(axis=0)), atol=3e-6)
    assert fit.converged


@pytest.mark.parametrize("alpha", [0.0, 0.1])
@pytest.mark.parametrize(("N", "H"), SHAPES)
def test_the_way_up(N, H, alpha):
    x, start = some_spins(9, N), some_rbm(N, H, 0.5, 2)
    fit = maximise_likelihood(x, start, penalty=alpha, max_steps=7, tolerance=1e-9)
    values, norms = fit.history.values, fit.history.gradient_norms
    assert values.shape == norms.shape and 2 <= len(values) <= 8
    assert values[0] == pytest.approx(penalised(start, x, alpha), rel=1e-13)
    assert values[-1] == pytest.approx(penalised(fit.model, x, alpha), rel=1e-13)
    assert norms[0] == pytest.approx(largest(slope(start, x, alpha)), rel=1e-12)
    assert norms[-1] == pytest.approx(largest(slope(fit.model, x, alpha)), abs=1e-13)
    assert_climbs(values)
    assert values[-1] > values[0]
    for array in (values, norms):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0


@quick
@given(seeds, st.integers(1, 3), st.integers(1, 3), st.sampled_from([0.0, 0.05]))
def test_no_step_falls(seed, N, H, alpha):
    x, start = some_spins(6, N, seed), some_rbm(N, H, 1.0, seed)
    fit = maximise_likelihood(x, start, penalty=alpha, max_steps=20)
    assert_climbs(fit.history.values)
    assert fit.history.values[-1] >= penalised(start, x, alpha) - 1e-14
    assert fit.converged == (largest(slope(fit.model, x, alpha)) <= 1e-6)


def test_convergence_is_told():
    x, start = some_spins(12, 3), some_rbm(3, 2, 0.5, 1)
    fit = maximise_likelihood(x, start, penalty=0.1)
    assert fit.converged
    steps = len(fit.history.values) - 1
    assert fit.reason == (
        f"largest entry of the gradient {fit.history.gradient_norms[-1]:.3g}, tolerance 1e-06, "
        f"after {steps} steps"
    )
    assert repr(fit.history) == (
        f"Climb({steps} steps, {fit.history.values[0]:.6g} to {fit.history.values[-1]:.6g})"
    )
    short = maximise_likelihood(x, start, penalty=0.1, max_steps=1)
    assert (
        not short.converged
        and short.reason.endswith("after 1 step")
        and len(short.history.values) == 2
    )
    rough = maximise_likelihood(x, start, penalty=0.1, tolerance=0.05)
    assert rough.converged and len(rough.history.values) - 1 < steps
    assert 1e-6 < rough.history.gradient_norms[-1] <= 0.05
    # no entry is above the largest one
    told = rough.history.gradient_norms[-1]
    edge = maximise_likelihood(x, rough.model, penalty=0.1, tolerance=told)
    assert edge.converged and len(edge.history.values) == 1
    # at the maximum nothing is left to do
    again = maximise_likelihood(x, fit.model, penalty=0.1)
    assert again.converged and again.model.distance(fit.model) == 0.0
    assert len(again.history.values) == 1


def test_climbs_are_shown_from_start_to_end():
    climb = Climb(np.array([-2.5, -1.75, -1.5]), np.array([0.5, 0.25, 0.125]))
    assert repr(climb) == "Climb(2 steps, -2.5 to -1.5)"


def test_steps_are_counted_not_the_trials_of_a_line_search():
    """Without a penalty the couplings grow for ever: the steps are used up."""
    x, start = [[1, 1, 1], [-1, -1, 1]], some_rbm(3, 2, 3.0)
    for steps in (1, 3, 20):
        fit = maximise_likelihood(x, start, tolerance=1e-300, max_steps=steps)
        assert len(fit.history.values) == steps + 1


@pytest.mark.parametrize(
    ("learn", "expected"),
    [
        (maximise_likelihood, {"penalty": 0.0, "tolerance": 1e-6, "max_steps": 1000}),
        (m_step, {"penalty": 0.0, "tolerance": 1e-6, "max_steps": 1000}),
        (fit_em, {"inner_steps": 1, "penalty": 0.0, "tolerance": 1e-4, "max_steps": 1000}),
    ],
)
def test_defaults(learn, expected):
    options = inspect.signature(learn).parameters.values()
    assert {p.name: p.default for p in options if p.kind is p.KEYWORD_ONLY} == expected


def test_equal_rows_are_counted():
    x, start = some_spins(9, 3), some_rbm(3, 2, 0.5, 1)
    once = maximise_likelihood(x, start, penalty=0.1)
    for same in (np.vstack([x, x]), x[::-1], np.repeat(x, 3, axis=0)):
        again = maximise_likelihood(same, start, penalty=0.1)
        np.testing.assert_allclose(again.model.parameters, once.model.parameters, rtol=1e-9)


def test_a_larger_penalty_leaves_smaller_couplings():
    x, start = some_spins(12, 3), some_rbm(3, 2, 0.5, 1)
    models = [maximise_likelihood(x, start, penalty=alpha).model for alpha in (0.01, 0.1, 1.0)]
    sizes = [np.abs(model.W).sum() for model in models]
    assert sizes[0] > sizes[1] > sizes[2]
    np.testing.assert_allclose(models[2].W, 0.0, atol=1e-3)


def test_a_narrow_start_and_strong_couplings():
    x, start = some_spins(12, 3), some_rbm(3, 2, 0.5, 1, np.float32)
    fit = maximise_likelihood(x, start, penalty=0.1)
    wide = RBM.from_parameters(start.parameters.astype(float), 3, 2)
    np.testing.assert_array_equal(
        fit.model.parameters, maximise_likelihood(x, wide, penalty=0.1).model.parameters
    )
    assert fit.model.dtype == np.float64
    strong = some_rbm(3, 2, 750.0)
    fit = maximise_likelihood(x, strong, penalty=1e-6, max_steps=5)
    assert np.isfinite(fit.history.values).all()
    assert_climbs(fit.history.values)


# The M-step --------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.0, 0.1])
@pytest.mark.parametrize(("N", "H"), SHAPES)
def test_m_step_is_exact_from_any_start(N, H, alpha):
    """Q is concave: all starts lead to the place where the model has the moments."""
    moments = some_rbm(N, H, 1.0, 3).positive_phase(some_spins(40, N))
    fits = [
        m_step(moments, some_rbm(N, H, scale, seed), penalty=alpha, tolerance=1e-7)
        for seed, scale in enumerate((0.0, 0.5, 2.0))
    ]
    for fit in fits:
        assert fit.converged
        found = fit.model.negative_phase()
        np.testing.assert_allclose(found.pairs, moments.pairs - alpha * fit.model.W, atol=1e-7)
        np.testing.assert_allclose(found.visible, moments.visible, atol=1e-7)
        np.testing.assert_allclose(found.hidden, moments.hidden, atol=1e-7)
        np.testing.assert_allclose(fit.model.parameters, fits[0].model.parameters, atol=1e-5)
        assert_climbs(fit.history.values)
        value = fit.model.expected_log_joint(moments) - alpha / 2 * (fit.model.W**2).sum()
        assert fit.history.values[-1] == pytest.approx(value, rel=1e-13)


@pytest.mark.parametrize(("N", "H"), SHAPES)
def test_m_step_against_scipy(N, H):
    moments, start = some_rbm(N, H, 1.0, 3).positive_phase(some_spins(40, N)), some_rbm(N, H, 0.5)

    def loss(theta):
        return 0.05 * (theta[: N * H] ** 2).sum() - brute_q(theta, moments, N, H)

    exact = minimize(loss, start.parameters, method="BFGS", options={"gtol": 1e-7})
    fit = m_step(moments, start, penalty=0.1)
    assert fit.history.values[0] == pytest.approx(-loss(start.parameters), rel=1e-13)
    assert fit.history.values[-1] == pytest.approx(-exact.fun, abs=1e-10)
    np.testing.assert_allclose(fit.model.parameters, exact.x, atol=1e-4)


@quick
@given(seeds, st.integers(1, 3), st.integers(1, 3), st.floats(0.0, 1.0))
def test_q_is_concave_and_the_likelihood_is_above_it(seed, N, H, t):
    x, old = some_spins(6, N, seed), some_rbm(N, H, 1.0, seed)
    moments = old.positive_phase(x)
    a, b = (some_rbm(N, H, 2.0, seed + k).parameters for k in (1, 2))
    ends = [RBM.from_parameters(v, N, H).expected_log_joint(moments) for v in (a, b)]
    between = RBM.from_parameters(t * a + (1 - t) * b, N, H)
    assert between.expected_log_joint(moments) >= t * ends[0] + (1 - t) * ends[1] - 1e-12
    # a rise of Q is a rise of the likelihood that is at least as large
    rise = between.expected_log_joint(moments) - old.expected_log_joint(moments)
    assert between.log_likelihood(x) - old.log_likelihood(x) >= rise - 1e-12


def test_one_step_is_a_generalised_m_step():
    x, old = some_spins(9, 3), some_rbm(3, 2, 0.5)
    moments = old.positive_phase(x)
    fit = m_step(moments, old, max_steps=1)
    assert len(fit.history.values) == 2 and not fit.converged
    assert fit.model.expected_log_joint(moments) > old.expected_log_joint(moments)


def test_m_step_of_lists():
    q = some_rbm(2, 1)
    moments = Moments(*(part.tolist() for part in q.negative_phase()))
    fit = m_step(moments, RBM(np.zeros((2, 1)), [0.0, 0.0], [0.0]), tolerance=1e-7)
    np.testing.assert_allclose(fit.model.parameters, q.parameters, atol=1e-5)


# EM ----------------------------------------------------------------------------------


@pytest.mark.parametrize("inner", [1, 3, 100])
@pytest.mark.parametrize("alpha", [0.0, 0.1])
def test_em_never_falls(inner, alpha):
    x, start = some_spins(9, 3), some_rbm(3, 2, 0.5, 1)
    fit = fit_em(x, start, inner_steps=inner, penalty=alpha, max_steps=8)
    assert isinstance(fit.history, Ascent)
    assert_climbs(fit.history.values)
    assert fit.history.values[-1] > fit.history.values[0]
    for model, value in zip(fit.history.models, fit.history.values, strict=True):
        assert value == pytest.approx(penalised(model, x, alpha), rel=1e-13)
    assert fit.history.models[0].distance(start) == 0.0


@pytest.mark.parametrize("inner", [1, 3])
def test_em_ends_at_a_maximum(inner):
    x, start = some_spins(12, 3), some_rbm(3, 2, 0.5, 1)
    fit = fit_em(x, start, inner_steps=inner, penalty=0.05, tolerance=1e-5, max_steps=3000)
    assert fit.converged
    assert largest(slope(fit.model, x, 0.05)) < 3e-6
    best = maximise_likelihood(x, start, penalty=0.05)
    assert fit.history.values[-1] == pytest.approx(best.history.values[-1], abs=1e-8)


@pytest.mark.parametrize(("N", "H"), [(2, 1), (2, 2), (3, 2)])
def test_a_step_of_em_by_brute_force(N, H):
    """E-step from all pairs of states, M-step by SciPy on the Q function that is their sum."""
    x, start, alpha = some_spins(9, N), some_rbm(N, H, 0.8, 1), 0.1
    fit = fit_em(x, start, inner_steps=500, penalty=alpha, max_steps=1)
    r, z = posterior(start.joint_log_prob(x)), spins(H)

    def loss(theta):
        W, b, c = theta[: N * H].reshape(N, H), theta[N * H : N * H + N], theta[N * H + N :]
        table = x @ W @ z.T + (x @ b)[:, np.newaxis] + z @ c
        s = spins(N)
        log_z = logsumexp(s @ W @ z.T + (s @ b)[:, np.newaxis] + z @ c)
        return alpha / 2 * (W**2).sum() - (r * (table - log_z)).sum() / len(x)

    exact = minimize(loss, start.parameters, method="BFGS", options={"gtol": 1e-8})
    np.testing.assert_allclose(fit.model.parameters, exact.x, atol=1e-5)
    assert len(fit.history.models) == 2


def test_em_tells_of_equal_units():
    """They stay equal, which may be the maximum."""
    twins = RBM([[0.5, 0.5], [0.3, 0.3]], [0.1, 0.2], [0.1, 0.1])
    fit = fit_em(everything, twins, penalty=0.1, tolerance=1e-2)
    assert fit.converged and fit.reason.endswith("components 0 and 1 are all but the same")
    np.testing.assert_allclose(fit.model.W[:, 0], fit.model.W[:, 1], atol=1e-9)


def test_em_default_is_one_inner_step():
    x, start = some_spins(9, 3), some_rbm(3, 2, 0.5, 1)
    a, b = (fit_em(x, start, max_steps=3, **inner) for inner in ({}, {"inner_steps": 1}))
    np.testing.assert_array_equal(a.model.parameters, b.model.parameters)


# Bad input ---------------------------------------------------------------------------

good = some_rbm(2, 2)
moments = good.negative_phase()
bits = r"x: expected spins, -1 or 1, got 0; 2 \* x - 1 turns 0 and 1 into spins"


@pytest.mark.parametrize("learn", [maximise_likelihood, fit_em])
@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        ([[0, 1]], {}, bits),
        ([[1, 1, 1]], {}, r"x: expected shape \(n, 2\), got \(1, 3\)"),
        ([[1, np.nan]], {}, "x: expected finite numbers, got nan"),
        ([[1, 1]], {"penalty": -0.1}, "penalty: expected a number that is not negative, got -0.1"),
        ([[1, 1]], {"penalty": "much"}, "penalty: expected real numbers"),
        ([[1, 1]], {"penalty": np.nan}, "penalty: expected finite numbers, got nan"),
        ([[1, 1]], {"tolerance": 0.0}, "tolerance: expected a positive number, got 0.0"),
        ([[1, 1]], {"tolerance": -1.0}, "tolerance: expected a positive number, got -1.0"),
        ([[1, 1]], {"max_steps": 0}, "max_steps: expected a positive integer, got 0"),
        ([[1, 1]], {"max_steps": 1.5}, "max_steps: expected a positive integer, got 1.5"),
    ],
)
def test_bad_input(learn, x, options, message):
    with pytest.raises(ValueError, match=message):
        learn(x, good, **options)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit_em([[1, 1]], good, inner_steps=0), "inner_steps: expected a positive integer"),
        (lambda: m_step(moments, good, penalty=-1.0), "penalty: .* not negative, got -1.0"),
        (lambda: m_step(moments, good, tolerance=0), "tolerance: expected a positive number"),
        (lambda: m_step(moments, good, max_steps=0), "max_steps: expected a positive integer"),
        (lambda: m_step(moments, some_rbm(2, 3)), r"moments.pairs: expected shape \(2, 3\), got"),
        (lambda: m_step([1, 2, 3], good), r"moments: expected Moments\(pairs, visible, hidden\)"),
        (
            lambda: m_step(moments._replace(visible=np.ones(3)), good),
            r"moments.visible: expected shape \(2,\), got \(3,\)",
        ),
        (
            lambda: maximise_likelihood(
                np.ones((1, 26)), RBM(np.zeros((26, 26)), np.zeros(26), np.zeros(26))
            ),
            "model: exact sums need a layer of at most 25 units",
        ),
    ],
)
def test_other_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_arguments_are_left_alone():
    x = some_spins(6, 2)
    before, theta = x.copy(), good.parameters.copy()
    parts = [part.copy() for part in moments]
    for array in (x, *moments):
        array.flags.writeable = False
    maximise_likelihood(x, good, max_steps=2)
    fit_em(x, good, max_steps=2)
    m_step(moments, good, max_steps=2)
    for array, copy in zip((x, *moments), (before, *parts), strict=True):
        np.testing.assert_array_equal(array, copy)
    np.testing.assert_array_equal(good.parameters, theta)


def test_the_brute_force_is_that_of_the_oracles():
    model, x = some_rbm(2, 2), some_spins(4, 2)
    weights = oracles.rbm_weights(model.W.tolist(), model.b.tolist(), model.c.tolist())
    total, visible, _ = oracles.rbm_layers(weights)
    shares = {s: float(visible[s] / total) for s in itertools.product((-1, 1), repeat=2)}
    exact = np.mean([np.log(shares[tuple(row)]) for row in x.astype(int)])
    assert brute_likelihood(model.parameters, 2, 2, x) == pytest.approx(exact, rel=1e-12)
