"""The Ising machine against brute force in fractions and mpmath; learning against SciPy."""

import inspect
import itertools
import warnings

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize

from boltzlib import enumeration, ising
from boltzlib.descent import ConvergenceWarning, newton
from boltzlib.ising import Ising, lipschitz_constant, recession_direction, statistics
from tests import oracles
from tests.cases import quick


def machine(n_spins, scale=0.7, seed=0):
    rng = np.random.default_rng([n_spins, seed])
    D = n_spins * (n_spins + 1) // 2
    return Ising.from_parameters(scale * rng.standard_normal(D))


def all_states(n_spins):
    return np.array(list(itertools.product([-1.0, 1.0], repeat=n_spins)))


def plain(model):
    return model.J.tolist(), model.h.tolist()


def some_data(n_spins, n, seed=1):
    return machine(n_spins, 0.4, seed).sample(n, rng=np.random.default_rng(seed))


# Energies and probabilities --------------------------------------------------------------


@pytest.mark.parametrize("n_spins", [1, 2, 3, 5])
@pytest.mark.parametrize("scale", [1e-9, 1.0, 50.0, 750.0])
def test_energies_and_probabilities(n_spins, scale):
    model = machine(n_spins, scale)
    states = all_states(n_spins)
    energies = [oracles.ising_energy(s, *plain(model)) for s in states]
    size = max(1e-300, np.abs(model.parameters).sum())
    np.testing.assert_allclose(
        model.energy(states), [float(e) for e in energies], atol=1e-15 * size
    )
    log_z, _, _ = oracles.ising_sums(*plain(model))
    exact = [float(-mpmath.mpf(e.numerator) / e.denominator - log_z) for e in energies]
    np.testing.assert_allclose(model.log_prob(states), exact, atol=1e-14 * max(1.0, size))
    assert abs(model.log_partition() - float(log_z)) <= 1e-14 * max(1.0, size)
    assert np.exp(model.log_prob(states)).sum() == pytest.approx(1.0, rel=1e-11)


def test_moments_marginals_and_expectations_are_those_of_the_enumeration():
    model = machine(4)
    _, first, second = oracles.ising_sums(*plain(model))
    moments = model.moments()
    np.testing.assert_allclose(moments.first, np.array(first, dtype=float), atol=1e-14)
    np.testing.assert_allclose(moments.second, np.array(second, dtype=float), atol=1e-14)
    table = model.marginal([2, 0])
    for key, probability in oracles.ising_marginal(*plain(model), [2, 0]).items():
        assert table[key] == pytest.approx(float(probability), abs=1e-14)
    assert model.expectation(lambda x: x[:, 1] * x[:, 3]) == pytest.approx(
        float(second[1][3]), abs=1e-14
    )


@quick
@given(st.integers(1, 6), st.integers(0, 10**6))
def test_parameters_are_fields_then_pairs(n_spins, seed):
    model = machine(n_spins, 1.0, seed)
    theta = model.parameters
    pairs = list(itertools.combinations(range(n_spins), 2))
    assert list(theta) == [*model.h, *(model.J[k, m] for k, m in pairs)]
    again = Ising.from_parameters(theta)
    np.testing.assert_array_equal(again.J, model.J)
    np.testing.assert_array_equal(again.h, model.h)
    states = all_states(n_spins)
    expected = [[*s, *(s[k] * s[m] for k, m in pairs)] for s in states]
    np.testing.assert_array_equal(statistics(states), expected)
    np.testing.assert_allclose(statistics(states) @ theta, -model.energy(states), atol=1e-13)


def test_numbers_of_parameters():
    sizes = {n * (n + 1) // 2: n for n in range(1, 31)}
    for length in range(1, 466):
        if length in sizes:
            assert Ising.from_parameters(np.zeros(length)).n_spins == sizes[length]
        else:
            with pytest.raises(ValueError, match=f"theta: expected .* got {length}$"):
                Ising.from_parameters(np.zeros(length))


# Units that are 0 or 1 -------------------------------------------------------------------


@quick
@given(st.integers(1, 5), st.integers(0, 10**6))
def test_binary_units_are_a_bijection(n_spins, seed):
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.integers(-16, 17, (n_spins, n_spins)) / 4, 1)
    W, b = upper + upper.T, rng.integers(-16, 17, n_spins) / 4
    model, constant = Ising.from_binary(W, b)
    for s in itertools.product([0, 1], repeat=n_spins):
        pairs = sum(W[k, m] * s[k] * s[m] for k in range(n_spins) for m in range(k + 1, n_spins))
        binary_energy = -pairs - sum(b[k] * s[k] for k in range(n_spins))
        assert model.energy([[2 * v - 1 for v in s]])[0] == binary_energy + constant
    W_again, b_again, constant_again = model.to_binary()
    np.testing.assert_array_equal(W_again, W)
    np.testing.assert_array_equal(b_again, b)
    assert constant_again == constant
    back, _ = Ising.from_binary(*model.to_binary()[:2])
    np.testing.assert_array_equal(back.J, model.J)
    np.testing.assert_array_equal(back.h, model.h)


# Samples -----------------------------------------------------------------------------------


@pytest.mark.parametrize("n_spins", [1, 2, 3, 5])
def test_samples_have_the_right_frequencies(n_spins):
    """Chi-square over all states with an expected count of 5 or more; false alarm 1e-6 each."""
    model = machine(n_spins, 0.6)
    n = 20_000
    x = model.sample(n, rng=np.random.default_rng(n_spins))
    assert x.shape == (n, n_spins) and (np.abs(x) == 1).all()
    probabilities = np.exp(model.log_prob(all_states(n_spins)))
    rows = ((x + 1) / 2 @ 2 ** np.arange(n_spins)[::-1]).astype(int)
    counts = np.bincount(rows, minlength=2**n_spins)
    often = n * probabilities >= 5
    observed = np.append(counts[often], counts[~often].sum())
    expected = np.append(n * probabilities[often], n * probabilities[~often].sum())
    kept = expected > 0
    score = ((observed - expected)[kept] ** 2 / expected[kept]).sum()
    assert score < stats.chi2.isf(1e-6, max(1, kept.sum() - 1))


def test_samples_are_independent_of_their_order():
    """Neighbours in the sample must not be alike: correlation of x_t with x_{t+1}."""
    model = machine(4, 0.5)
    x = model.sample(10_000, rng=np.random.default_rng(4))
    for column in x.T:
        correlation = np.corrcoef(column[1:], column[:-1])[0, 1]
        assert abs(correlation) < 5 / np.sqrt(len(x))  # false alarm 6e-7 each


def test_samples_of_a_strong_and_of_a_large_machine():
    strong = Ising([[0.0, 750.0], [750.0, 0.0]], [0.0, 0.0]).sample(
        1000, rng=np.random.default_rng(1)
    )
    assert (strong[:, 0] == strong[:, 1]).all() and 300 < (strong[:, 0] > 0).sum() < 700
    rng = np.random.default_rng(2)
    fields = rng.normal(0, 1, 18)
    x = Ising(np.zeros((18, 18)), fields).sample(4000, rng=rng)
    z = (x.mean(axis=0) - np.tanh(fields)) * np.sqrt(4000) * np.cosh(fields)
    assert np.abs(z).max() < 5.5  # false alarm 7e-7
    with pytest.raises(ValueError, match="model: exact samples need at most 30 spins, got 31"):
        Ising(np.zeros((31, 31)), np.zeros(31)).sample(1, rng=rng)


# Likelihood, its gradient and Hessian -----------------------------------------------------


def brute_log_likelihood(theta, x):
    """Average log marginal probability, state by state in mpmath; NaN sums both values."""
    model = Ising.from_parameters(np.array([float(t) for t in theta]))
    with mpmath.workdps(30):
        table = oracles.ising_weights(*plain(model))
        z = mpmath.fsum(w for _, w in table)
        total = mpmath.mpf(0)
        for row in x:
            agrees = [
                w
                for s, w in table
                if all(np.isnan(v) or v == t for v, t in zip(row, s, strict=True))
            ]
            total += mpmath.log(mpmath.fsum(agrees) / z)
        return total / len(x)


def with_gaps(x, gaps):
    x = np.array(x, dtype=float)
    for row, column in gaps:
        x[row, column] = np.nan
    return x


cases = [
    (1, some_data(1, 4), []),
    (2, some_data(2, 5), []),
    (3, some_data(3, 6), []),
    (3, some_data(3, 6), [(0, 1), (2, 0), (2, 2)]),
    (4, some_data(4, 5), [(0, 0), (1, 1), (1, 2), (3, 0), (3, 1), (3, 2), (3, 3)]),
]


@pytest.mark.parametrize(("n_spins", "x", "gaps"), cases)
def test_likelihood_and_its_derivatives(n_spins, x, gaps):
    model, x = machine(n_spins, 0.6), with_gaps(x, gaps)
    theta = model.parameters
    exact = brute_log_likelihood(theta, x)
    assert model.log_likelihood(x) == pytest.approx(float(exact), rel=1e-13)
    step = 1e-4
    gradient, hessian = model.log_likelihood_gradient(x), model.log_likelihood_hessian(x)
    for j in range(len(theta)):
        shift = step * np.eye(len(theta))[j]
        above, below = (brute_log_likelihood(theta + sign * shift, x) for sign in (1, -1))
        assert gradient[j] == pytest.approx(float((above - below) / (2 * step)), abs=1e-7)
        slopes = [
            Ising.from_parameters(theta + sign * shift).log_likelihood_gradient(x)
            for sign in (1, -1)
        ]
        np.testing.assert_allclose(hessian[j], (slopes[0] - slopes[1]) / (2 * step), atol=1e-7)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-15)
    if not gaps:
        assert np.linalg.eigvalsh(hessian)[-1] < 0
        assert model.log_likelihood(x) == pytest.approx(model.log_prob(x).mean(), rel=1e-13)


def test_hessian_in_many_chunks(monkeypatch):
    model, x = machine(5, 0.6), with_gaps(some_data(5, 3), [(0, 0), (0, 1), (0, 2), (0, 4)])
    whole = model.log_likelihood_hessian(x)
    monkeypatch.setattr(enumeration, "_CHUNK", 4)
    np.testing.assert_allclose(model.log_likelihood_hessian(x), whole, atol=1e-14)


def test_a_row_without_any_record_says_nothing():
    model, x = machine(3), some_data(3, 4)
    with_empty = np.vstack([x, np.full((4, 3), np.nan)])
    assert model.log_likelihood(with_empty) == pytest.approx(model.log_likelihood(x) / 2)
    np.testing.assert_allclose(
        model.log_likelihood_gradient(with_empty), model.log_likelihood_gradient(x) / 2, atol=1e-15
    )


# Fits ----------------------------------------------------------------------------------------


def test_fit_matches_the_moments():
    x = some_data(4, 300)
    fit = Ising.fit(x)
    assert fit.converged and (np.diff(fit.history.values) <= 1e-15).all()
    moments = fit.model.moments()
    np.testing.assert_allclose(moments.first, x.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(moments.second, x.T @ x / len(x), atol=1e-12)


def test_fit_of_one_spin_has_a_closed_form():
    fit = Ising.fit([[1], [1], [1], [-1]])
    assert fit.model.h[0] == pytest.approx(np.arctanh(0.5), rel=1e-12)


def test_fit_recovers_the_machine():
    """Each parameter within 6 standard errors of the truth: false alarm 2e-9 each."""
    truth = machine(4, 0.4)
    n = 40_000
    fit = Ising.fit(truth.sample(n, rng=np.random.default_rng(3)))
    information = np.linalg.inv(-truth.log_likelihood_hessian(np.ones((1, 4))))
    z = (fit.model.parameters - truth.parameters) / np.sqrt(np.diag(information) / n)
    assert np.abs(z).max() < 6


@pytest.mark.parametrize("gaps", [[], [(0, 1), (5, 0), (5, 2), (7, 2)]])
@pytest.mark.parametrize("penalty", [0.0, 0.05])
def test_fit_against_scipy(gaps, penalty):
    x = with_gaps(some_data(3, 60), gaps)

    def loss(theta):
        return 0.5 * penalty * theta @ theta - float(brute_log_likelihood(theta, x))

    fit = Ising.fit(x, penalty=penalty)
    assert fit.converged
    exact = minimize(loss, np.zeros(6), method="BFGS", options={"gtol": 1e-7})
    np.testing.assert_allclose(fit.model.parameters, exact.x, atol=3e-6)
    assert fit.history.values[-1] == pytest.approx(exact.fun, rel=1e-11)


@pytest.mark.parametrize("penalty", [0.0, 0.3, 3.0])
def test_fit_is_newtons_method(penalty):
    """From theta = 0, and with the true Hessian: each step squares the error."""
    x = some_data(4, 50)
    history = Ising.fit(x, penalty=penalty).history
    assert history.values[0] == pytest.approx(4 * np.log(2.0), rel=1e-15)
    before, after = np.array(history.gradient_norms[:-1]), np.array(history.gradient_norms[1:])
    assert len(after) >= 3 and (after <= 20.0 * before**2 + 1e-14).all()


def test_fit_stops_where_newton_does():
    ours, theirs = (inspect.signature(f).parameters for f in (Ising.fit, newton))
    for name in ("tolerance", "max_steps"):  # "as for newton", the documentation says
        assert ours[name].default == theirs[name].default


@pytest.mark.parametrize(
    ("x", "direction", "words"),
    [
        ([[1], [1]], [1], "along + h[0]"),
        ([[1, 1], [-1, -1]], [0, 0, 1], "along + J[0, 1]"),
        ([[1, -1], [-1, 1], [1, -1]], [0, 0, -1], "along - J[0, 1]"),
        ([[1, 1], [1, -1], [-1, 1]], [1, 1, -1], "along + h[0] + h[1] - J[0, 1]"),
    ],
)
def test_no_finite_fit(x, direction, words):
    np.testing.assert_allclose(recession_direction(x), direction, atol=1e-9)
    with pytest.raises(ValueError, match="x: no finite couplings and fields") as raised:
        Ising.fit(x)
    assert words in str(raised.value)
    assert Ising.fit(x, penalty=0.01).converged


@quick
@given(st.integers(1, 3), st.integers(0, 10**6))
def test_recession_directions_are_what_they_say(n_spins, seed):
    rng = np.random.default_rng(seed)
    states = all_states(n_spins)
    x = states[rng.random(len(states)) < 0.6]
    if not len(x):
        return
    direction = recession_direction(x)
    if direction is None:
        # a finite optimum exists: the loss has a minimum that SciPy finds, too
        fit = Ising.fit(x)
        assert fit.converged
        np.testing.assert_allclose(fit.model.moments().first, x.mean(axis=0), atol=1e-9)
    else:
        assert np.abs(direction).max() == pytest.approx(1.0)
        values, seen = statistics(states) @ direction, statistics(x) @ direction
        np.testing.assert_allclose(seen, values.max(), atol=1e-9)
        assert values.min() < values.max() - 0.1


def test_recession_with_missing_spins_asks_for_one_completion():
    # the gap can be filled by +1, as in the other rows: then the first spin is always up
    assert recession_direction([[1, 1], [np.nan, -1], [1, -1]]) is not None
    rows = [[1, 1], [1, -1], [-1, 1], [np.nan, -1]]
    np.testing.assert_allclose(recession_direction(rows), [1, 1, -1], atol=1e-9)
    # a complete set of four states leaves nothing to recede to, whatever the gap hides
    everything = [*all_states(2).tolist(), [np.nan, np.nan]]
    assert recession_direction(everything) is None
    assert recession_direction([[np.nan, np.nan]]) is not None
    with pytest.raises(ValueError, match="x: expected at most 12 spins, got 13"):
        recession_direction(np.ones((1, 13)))


def test_recession_with_gaps_moves_every_row_foremost():
    """The completions chosen for the first rows must still count when the last is filled."""
    nan = np.nan
    rows = [[-1, 1, 1], [-1, -1, 1], [1, nan, -1], [nan, -1, 1], [1, -1, 1], [-1, nan, -1]]
    direction = recession_direction(rows)
    values = statistics(all_states(3)) @ direction
    assert values.min() < values.max() - 0.1
    for row in np.array(rows):
        agrees = (np.isnan(row) | (all_states(3) == row)).all(axis=1)
        assert values[agrees].max() == pytest.approx(values.max(), abs=1e-9)


def reaches_the_top(direction, rows, n_spins):
    """Whether a completion of each row is foremost along a direction, and not all states are."""
    values = statistics(all_states(n_spins)) @ direction
    agrees = (np.isnan(rows)[:, np.newaxis] | (all_states(n_spins) == rows[:, np.newaxis])).all(2)
    return values.min() < values.max() - 0.1 and all(
        values[some].max() > values.max() - 1e-9 for some in agrees
    )


@pytest.mark.parametrize("seed", range(30))
def test_recession_with_gaps_against_all_completions(seed):
    rng = np.random.default_rng(seed)
    rows = rng.choice([-1.0, 1.0], (rng.integers(3, 8), 3))
    for row in rng.choice(len(rows), rng.integers(2, 5)):
        rows[row, rng.integers(3)] = np.nan
    direction = recession_direction(rows)
    if direction is not None:
        assert np.abs(direction).max() == 1.0 and reaches_the_top(direction, rows, 3)
        return
    gaps = np.isnan(rows)
    for filling in itertools.product([-1.0, 1.0], repeat=gaps.sum()):
        rows[gaps] = filling
        assert recession_direction(rows) is None


@pytest.mark.parametrize(
    "rows",
    [
        # the direction has thirds in it, so that its rounding shows
        ["-+--", "-++-", "+---", "+++-", "++++", "-+-?"],
        ["--+-", "-+++", "+--+", "++--", "+++-"],
    ],
)
def test_recession_of_four_spins(rows):
    values = {"-": -1.0, "+": 1.0, "?": np.nan}
    x = np.array([[values[v] for v in row] for row in rows])
    assert reaches_the_top(recession_direction(x), x, 4)


def test_directions_in_words():
    direction = np.array([1.0, -0.5, 0.25, -1.0, 0.0, 0.0])
    assert ising._in_words(direction, 3) == "+ h[0] - 0.5 h[1] + 0.25 h[2] - J[0, 1]"


def test_as_many_spins_as_the_limits_allow(monkeypatch):
    monkeypatch.setattr(enumeration, "MAX_ENUMERATED", 3)
    monkeypatch.setattr(ising, "MAX_RECESSION", 2)
    assert machine(3).sample(5, rng=np.random.default_rng(0)).shape == (5, 3)
    assert Ising.fit(some_data(3, 60)).converged
    alike = np.array([[1.0, 1.0], [-1.0, -1.0]])
    with pytest.raises(ValueError, match="x: no finite couplings and fields"):
        Ising.fit(alike)
    with pytest.warns(ConvergenceWarning):  # one spin more: not foreseen
        Ising.fit(alike[:, [0, 1, 1]])


def test_non_convergence_is_reported():
    x = [[1, 1], [1, -1], [-1, 1], [1, np.nan]]
    with pytest.warns(ConvergenceWarning, match=r"may grow for ever along \+ h\[0\] \+ h\[1\] - J"):
        fit = Ising.fit(x)
    assert not fit.converged and isinstance(fit.model, Ising)
    with pytest.warns(ConvergenceWarning, match="after 1 step") as caught:
        assert not Ising.fit(some_data(3, 50), max_steps=1).converged
    assert caught[0].filename == __file__  # it points to the call
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Ising.fit(some_data(3, 50)).converged


# The bound on the curvature -----------------------------------------------------------------


@pytest.mark.parametrize("n_spins", [1, 2, 3, 4, 5, 6])
def test_lipschitz_constant_is_a_quarter_of_the_largest_squared_distance(n_spins):
    table = statistics(all_states(n_spins))
    distances = ((table[:1] - table) ** 2).sum(axis=1)
    assert lipschitz_constant(n_spins) == distances.max() / 4
    for seed in range(20):
        model = machine(n_spins, 2.0, seed)
        top = np.linalg.eigvalsh(-model.log_likelihood_hessian(np.ones((1, n_spins))))[-1]
        assert top <= lipschitz_constant(n_spins) * (1 + 1e-12)


def test_lipschitz_constant_is_reached():
    """Half in each of two states that differ in two of three spins."""
    J = np.zeros((3, 3))
    J[0, 1] = J[1, 0] = 30.0
    top = np.linalg.eigvalsh(-Ising(J, [0.0, 0.0, 30.0]).log_likelihood_hessian(np.ones((1, 3))))[
        -1
    ]
    assert top == pytest.approx(lipschitz_constant(3), rel=1e-10)


# Bad input -----------------------------------------------------------------------------------

good = machine(2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Ising([[0.0, 1.0], [0.5, 0.0]], [0.0, 0.0]), "J: expected a symmetric matrix"),
        (lambda: Ising([[1.0]], [0.0]), "J: expected a zero diagonal"),
        (lambda: Ising([[0.0]], [0.0, 1.0]), "h: expected shape"),
        (lambda: Ising.from_parameters([1.0, 2.0]), r"theta: expected .* 1, 3, 6, 10, .* got 2"),
        (
            lambda: Ising.from_binary([[1.0]], [0.0]),
            r"W: expected a zero diagonal, got W\[0, 0\] = 1",
        ),
        (lambda: good.energy([[0, 1]]), r"x: expected spins, -1 or 1, got 0; 2 \* x - 1 turns 0"),
        (lambda: good.energy([[2, 1]]), "x: expected spins, -1 or 1, got 2$"),
        (lambda: good.energy([[1, 1, 1]]), r"x: expected shape \(n, 2\), got \(1, 3\)"),
        (lambda: good.log_prob([[np.nan, 1]]), "x: expected finite numbers, got nan"),
        (lambda: good.log_likelihood([[np.inf, 1]]), "x: expected finite numbers, got inf"),
        (lambda: good.log_likelihood([[0, 1]]), "x: expected spins"),
        (lambda: good.log_likelihood_gradient([[1.0]]), r"x: expected shape \(n, 2\)"),
        (lambda: good.sample(0, rng=np.random.default_rng(0)), "size: expected a positive integer"),
        (lambda: good.sample(1, rng=1), "rng: expected a numpy.random.Generator"),
        (lambda: Ising.fit([[1, 0]]), "x: expected spins"),
        (lambda: Ising.fit(np.ones((2, 31))), "x: expected at most 30 spins, since .* got 31"),
        (
            lambda: Ising.fit([[1], [-1]], penalty=-1.0),
            "penalty: expected a number that is not neg",
        ),
        (lambda: statistics([[1, 3]]), "x: expected spins, -1 or 1, got 3"),
        (lambda: lipschitz_constant(0), "n_spins: expected a positive integer, got 0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_models_are_frozen_and_arguments_left_alone():
    J, h = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0.5, 0.0])
    model = Ising(J, h)
    J[0, 1] = h[0] = 9.0
    assert model.J[0, 1] == 1.0 and model.h[0] == 0.5
    with pytest.raises(ValueError, match="read-only"):
        model.J[0, 1] = 2.0
    x = with_gaps(some_data(2, 6), [(1, 0)])
    before = x.copy()
    model.log_likelihood(x), model.log_likelihood_hessian(x)
    np.testing.assert_array_equal(x, before)
    one = machine(1)
    np.testing.assert_array_equal(one.energy([1, -1]), one.energy([[1], [-1]]))
