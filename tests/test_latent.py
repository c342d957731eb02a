"""Hidden variables: bound, gap and posterior against mpmath; EM on models that are not Gaussian."""

import inspect
import math
import re
import warnings
from dataclasses import dataclass, replace

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boltzlib.bernoulli_mixture import BernoulliMixture
from boltzlib.descent import ConvergenceWarning
from boltzlib.latent import (
    Ascent,
    ascend,
    best_of,
    em,
    evidence,
    gap,
    lower_bound,
    posterior,
    q_function,
)
from boltzlib.mixture import GaussianMixture, fit_em, random_start
from tests import oracles
from tests.cases import quick

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 4)
infinity = math.inf


def table(rng, n, K, spread=5.0):
    """Return logs of joint densities, some rows far below zero, and distributions of z."""
    joint = spread * rng.standard_normal((n, K)) + rng.choice([0.0, -800.0, 700.0], (n, 1))
    return joint, rng.dirichlet(np.ones(K), n)


def floats(values):
    return np.array(values, dtype=float)


# The table of ln q(x, z) -------------------------------------------------------------


@quick
@given(seeds, sizes, sizes, st.sampled_from([1e-3, 5.0, 300.0]))
def test_against_mpmath(seed, n, K, spread):
    joint, r = table(np.random.default_rng(seed), n, K, spread)
    rows, weights = joint.tolist(), r.tolist()
    size = np.abs(joint).max(axis=1)
    log_q, bound = floats(oracles.evidence(rows)), floats(oracles.lower_bound(rows, weights))
    assert (np.abs(evidence(joint) - log_q) <= 1e-15 * size + 1e-15).all()
    assert (np.abs(lower_bound(joint, r) - bound) <= 2e-15 * size + 2e-15).all()
    np.testing.assert_allclose(posterior(joint), floats(oracles.posterior(rows)), atol=1e-12)
    np.testing.assert_allclose(posterior(joint).sum(axis=1), 1.0, rtol=1e-15)
    assert q_function(joint, r) == pytest.approx(
        float(oracles.q_function(rows, weights)), abs=2e-15 * size.max() + 1e-15
    )
    with mpmath.workdps(oracles.DIGITS):
        exact = floats([oracles.kl(a, b) for a, b in zip(r, oracles.posterior(rows), strict=True)])
    np.testing.assert_allclose(gap(joint, r), exact, rtol=1e-12, atol=1e-14)


@quick
@given(seeds, sizes, sizes)
def test_bound_and_gap_make_the_evidence(seed, n, K):
    joint, r = table(np.random.default_rng(seed), n, K)
    both = lower_bound(joint, r) + gap(joint, r)
    np.testing.assert_allclose(both, evidence(joint), rtol=1e-13, atol=1e-15)  # it may be near 0
    assert (gap(joint, r) >= 0.0).all()
    assert (lower_bound(joint, r) <= evidence(joint) + 1e-12 * np.abs(evidence(joint))).all()


@quick
@given(seeds, sizes, sizes)
def test_the_bound_is_tight_at_the_posterior(seed, n, K):
    joint, _ = table(np.random.default_rng(seed), n, K)
    r = posterior(joint)
    np.testing.assert_allclose(lower_bound(joint, r), evidence(joint), rtol=1e-13, atol=1e-15)
    assert (gap(joint, r) <= 1e-29).all()


@quick
@given(seeds, sizes, sizes)
def test_the_bound_is_q_plus_entropy(seed, n, K):
    joint, r = table(np.random.default_rng(seed), n, K)
    entropy = [-sum(v * math.log(v) for v in row if v) for row in r]
    expected = q_function(joint, r) + np.mean(entropy)
    assert lower_bound(joint, r).mean() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("size", [1e-1, 1e-2, 1e-4, 1e-6, 1e-8])
def test_small_gaps_keep_their_digits(size):
    """A change of the posterior by a part d leaves a gap of d^2, right to about 1e-16 / d."""
    rng = np.random.default_rng(1)
    joint = rng.standard_normal((6, 3)) - 50.0
    tilt = size * rng.standard_normal((6, 3))
    r = posterior(joint) * (1.0 + tilt)
    r /= r.sum(axis=1, keepdims=True)
    with mpmath.workdps(oracles.DIGITS):
        exact = [
            oracles.kl(a, b) for a, b in zip(r, oracles.posterior(joint.tolist()), strict=True)
        ]
    assert max(exact) < size**2 * 10
    np.testing.assert_allclose(gap(joint, r), floats(exact), rtol=1e-14 + 3e-15 / size)


def test_what_cannot_be():
    joint = np.array([[-infinity, -1.0], [-2.0, -infinity], [-1.0, -1.0]])
    np.testing.assert_allclose(evidence(joint), [-1.0, -2.0, -1.0 + math.log(2.0)], rtol=1e-15)
    np.testing.assert_array_equal(posterior(joint), [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]])
    certain = [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    np.testing.assert_array_equal(lower_bound(joint, certain), [-1.0, -2.0, -1.0])
    np.testing.assert_allclose(gap(joint, certain), [0.0, 0.0, math.log(2.0)], rtol=1e-15)
    assert q_function(joint, certain) == pytest.approx(-4.0 / 3.0, rel=1e-15)
    spread = np.full((3, 2), 0.5)
    np.testing.assert_array_equal(lower_bound(joint, spread)[:2], [-infinity, -infinity])
    np.testing.assert_array_equal(gap(joint, spread), [infinity, infinity, 0.0])
    assert q_function(joint, spread) == -infinity
    nothing = [[-infinity, -infinity]]
    np.testing.assert_array_equal(evidence(nothing), [-infinity])
    np.testing.assert_array_equal(lower_bound(nothing, [[1.0, 0.0]]), [-infinity])
    for call in (lambda: posterior([[0.0, 0.0], *nothing]), lambda: gap(nothing, [[1.0, 0.0]])):
        with pytest.raises(ValueError, match=r"joint: .* got -inf throughout in row [01]"):
            call()


def test_a_posterior_that_underflows_still_has_its_gap():
    np.testing.assert_allclose(gap([[0.0, -2000.0]], [[0.5, 0.5]]), [1000.0 - math.log(2.0)])
    np.testing.assert_allclose(gap([[0.0, -2000.0]], [[0.0, 1.0]]), [2000.0], rtol=1e-15)
    for depth in (600.0, 700.0, 710.0, 720.0, 744.0):  # about the smallest numbers there are
        exact = depth / 2.0 - math.log(2.0)
        np.testing.assert_allclose(gap([[0.0, -depth]], [[0.5, 0.5]]), [exact], rtol=1e-14)
    np.testing.assert_array_equal(posterior([[-1e300, -1e300]]), [[0.5, 0.5]])


@pytest.mark.parametrize("function", [lower_bound, gap, q_function])
@pytest.mark.parametrize(
    ("joint", "r", "message"),
    [
        ([[0.0, 0.0]], [[0.5, 0.501]], r"r: expected rows that sum to 1, got 1.001 in row 0"),
        ([[0.0], [0.0]], [[1.0], [0.0]], r"r: expected rows that sum to 1, got 0 in row 1"),
        ([[0.0, 0.0]], [[1.5, -0.5]], r"r: expected non-negative probabilities, got -0.5"),
        ([[0.0, 0.0]], [[1.0]], r"r: expected shape \(1, 2\), got \(1, 1\)"),
        ([[0.0, 0.0]], [0.5, 0.5], r"r: expected 2 dimension\(s\), got shape \(2,\)"),
        ([[0.0, 0.0]], [[np.nan, 1.0]], "r: expected finite numbers, got nan"),
        ([[0.0, np.nan]], [[1.0, 0.0]], "joint: expected finite numbers or -inf, got nan$"),
        ([[0.0, np.inf]], [[1.0, 0.0]], r"joint: expected .* got inf$"),
        ([0.0], [[1.0]], r"joint: expected 2 dimension\(s\), got shape \(1,\)"),
        ([[]], [[]], "joint: expected at least one number"),
        ([[1j]], [[1.0]], "joint: expected real numbers, got dtype complex128"),
    ],
)
def test_bad_tables(function, joint, r, message):
    with pytest.raises(ValueError, match=message):
        function(joint, r)
    if message.startswith("joint"):
        for other in (evidence, posterior):
            with pytest.raises(ValueError, match=message):
                other(joint)


# The ascent --------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """A model that is only a number, with the distance of numbers."""

    at: float
    twin: tuple | None = None

    def distance(self, other):
        return abs(self.at - other.at)

    def twins(self):
        return self.twin


def shrink(rate, value=lambda t: -t * t):
    """Make a step towards 0 by a factor."""
    return lambda place: (replace(place, at=rate * place.at), value(place.at))


@pytest.mark.parametrize("tolerance", [1e-3, 1e-6])
@pytest.mark.parametrize("rate", [0.0, 0.5, 0.99, 0.999])
def test_converged_means_that_the_limit_is_near(rate, tolerance):
    fit = ascend(shrink(rate), Place(1.0), tolerance=tolerance, max_steps=10**5)
    left = abs(fit.model.at)
    assert fit.converged and left <= 1.01 * tolerance
    # a small move alone is not enough: here it is a thousandth of what is left
    if rate > 0.9:
        assert left > 0.9 * tolerance
        assert fit.history.moves[-1] < 1.1 * (1.0 - rate) * tolerance / rate
        said = float(re.match(r"(\S+) left to go, within ", fit.reason).group(1))
        assert said == pytest.approx(left, rel=0.01)


def test_when_it_stops_unless_told_otherwise():
    fit = ascend(shrink(0.99), Place(1e-4))
    assert fit.converged and 0.9e-6 < fit.model.at <= 1e-6
    fit = ascend(lambda p: (Place(p.at + 1.0), p.at), Place(0.0))
    assert not fit.converged and len(fit.history.moves) == 1000


@pytest.mark.parametrize(
    "learn",
    [
        lambda x, rng: em(x, BernoulliMixture([1.0], [0.5])),
        lambda x, rng: fit_em(x, random_start(x, 1, rng=rng)),
        lambda x, rng: GaussianMixture.fit(x, 1, rng=rng, starts=1),
        lambda x, rng: BernoulliMixture.fit(x, 1, rng=rng, starts=1),
    ],
    ids=["em", "fit_em", "GaussianMixture.fit", "BernoulliMixture.fit"],
)
def test_all_stop_as_ascend_does_unless_told_otherwise(learn, monkeypatch):
    told = []

    def recorded(step, start, **options):
        told.append(options)
        return ascend(step, start, **options)

    monkeypatch.setattr("boltzlib.latent.ascend", recorded)
    assert learn([0.0, 1.0, 1.0], np.random.default_rng(1)).converged
    own = inspect.signature(ascend).parameters
    for name in ("tolerance", "max_steps"):
        assert told[0][name] == own[name].default


def test_slow_steps_are_not_called_converged_early():
    with_few = ascend(shrink(0.999), Place(1.0), tolerance=1e-6, max_steps=13_000)
    assert not with_few.converged
    assert with_few.reason.startswith("the last move was 2.2")
    assert with_few.reason.endswith("e-09, tolerance 1e-06, after 13000 steps")
    harmonic = ascend(  # moves fall as 1/t^2, what is left as 1/t: no rate at all
        lambda p: (Place(p.at / (1.0 + p.at)), -p.at), Place(1.0), tolerance=1e-3, max_steps=400
    )
    assert not harmonic.converged
    steady = ascend(lambda p: (Place(p.at + 1e-8), p.at), Place(0.0), max_steps=100)
    assert not steady.converged  # small moves that do not shrink


def test_a_single_small_move_is_not_enough():
    """Moves 1, 1e-7, 1, 1, ...: one look must not be the last."""
    moves = iter([1.0, 1e-7, 1.0, 0.5, 0.25])

    def step(place):
        return Place(place.at + next(moves, 0.125)), place.at

    fit = ascend(step, Place(0.0), max_steps=8)
    assert not fit.converged and len(fit.history.moves) == 8


@pytest.mark.parametrize(
    ("tolerance", "steps"),
    [(0.2, 4), (0.1, 5), (0.0625, 5), (0.06, 6)],  # 2^-t is left after t steps
)
def test_two_looks_in_a_row_must_find_the_limit_within_the_tolerance(tolerance, steps):
    fit = ascend(shrink(0.5), Place(1.0), tolerance=tolerance)
    assert fit.converged and len(fit.history.moves) == steps


def walk(moves):
    """Make a step of each of some sizes, then 0."""
    sizes = iter(moves)
    return lambda place: (replace(place, at=place.at + next(sizes, 0.0)), place.at)


def test_a_factor_that_rises_is_taken_to_rise_on():
    fit = ascend(walk([1.0, 0.5, 0.25, 0.1275]), Place(0.0), tolerance=0.3)
    rho = 0.51 + 10.0 * (0.51 - 0.5)
    left = float(re.match(r"(\S+) left to go", fit.reason).group(1))
    assert fit.converged and left == pytest.approx(0.1275 * rho / (1.0 - rho), rel=3e-3)
    fit = ascend(walk([1.0, 0.5, 0.25, 0.1]), Place(0.0), tolerance=0.3)  # one that falls is not
    left = float(re.match(r"(\S+) left to go", fit.reason).group(1))
    assert fit.converged and left == pytest.approx(0.1 * 0.4 / 0.6, rel=1e-2)


def test_a_step_that_stands_still_for_once_tells_no_factor():
    fit = ascend(walk([0.0, 1.0, 0.5, 0.25, 0.125]), Place(0.0), tolerance=0.3)
    assert fit.converged and len(fit.history.moves) == 5


@pytest.mark.parametrize(("move", "converged"), [(1e-11, True), (1.5e-11, False)])
def test_a_move_of_the_size_of_rounding_is_none(move, converged):
    def to_and_fro(place):
        return Place(move - place.at), 0.0

    assert ascend(to_and_fro, Place(0.0), max_steps=20).converged == converged


def test_a_start_that_stays_is_looked_at_twice():
    fit = ascend(lambda p: (p, 0.0), Place(1.0))
    assert fit.converged and len(fit.history.moves) == 2


def test_the_history_is_complete():
    fit = ascend(shrink(0.5), Place(1.0), tolerance=0.1, max_steps=50)
    places = [place.at for place in fit.history.models]
    assert places == [0.5**t for t in range(len(places))]
    np.testing.assert_array_equal(fit.history.values, [-(p**2) for p in places])
    np.testing.assert_array_equal(fit.history.moves, [p / 2 for p in places[:-1]])
    assert fit.model is fit.history.models[-1]
    # 0.0625 is left after 4 steps and half of it after 5: those are two in a row
    assert len(fit.history.moves) == 5 and fit.reason.endswith("after 5 steps")
    assert repr(fit.history) == "Ascent(5 steps, -1 to -0.000976562)"
    with pytest.raises(ValueError, match="read-only"):
        fit.history.values[0] = 1.0


def test_models_need_not_be_kept():
    x, start = MODELS["Bernoulli"]
    place = Place(1.0)
    few, many = (ascend(shrink(0.5), place, keep_models=keep) for keep in (False, True))
    pairs = [(few, many), (em(x, start, keep_models=False), em(x, start))]
    for short, long in pairs:
        assert len(short.history.models) == 2 < len(long.history.models)
        assert short.history.models[0] is long.history.models[0]
        assert short.history.models[-1] is short.model
        assert short.model.distance(long.model) == 0.0 and short.reason == long.reason
        np.testing.assert_array_equal(short.history.values, long.history.values)
        np.testing.assert_array_equal(short.history.moves, long.history.moves)


def test_a_value_that_falls_is_reported():
    fit = ascend(shrink(0.5, value=lambda t: t), Place(1.0))
    assert not fit.converged
    assert fit.reason == "the value fell by 0.5 after 1 step"
    late = ascend(shrink(0.9, value=lambda t: -abs(t - 0.5)), Place(1.0))
    assert not late.converged and re.match(r"the value fell by 0\.0\d+ after 8 steps", late.reason)
    # rounding is not a fall
    noise = iter([1e6, 1e6 - 1e-5, 1e6 - 2e-5, 1e6 - 3e-5, 1e6 - 4e-5])
    assert ascend(lambda p: (Place(0.0), next(noise)), Place(1e-3)).converged
    noise = iter([-1e6, -1e6 - 1e-5, -1e6 - 2e-5, -1e6 - 3e-5, -1e6 - 4e-5])
    assert ascend(lambda p: (Place(0.0), next(noise)), Place(1e-3)).converged
    fall = iter([1e6, 1e6 - 1e-3, 1e6])
    assert not ascend(lambda p: (Place(0.0), next(fall)), Place(1e-3)).converged


def test_a_value_that_is_not_a_number_is_not_convergence():
    fit = ascend(lambda p: (p, math.nan), Place(0.0))
    assert not fit.converged and "not a number after 0 steps" in fit.reason
    fit = ascend(lambda p: (Place(math.nan), 0.0), Place(0.0), max_steps=9)
    assert not fit.converged


def test_a_value_may_start_at_minus_infinity():
    values = iter([-infinity, -infinity, -1.0, -1.0, -1.0])
    fit = ascend(lambda p: (Place(0.0), next(values)), Place(0.5))
    assert fit.converged
    values = iter([-1.0, -infinity])
    assert "fell by inf" in ascend(lambda p: (Place(0.0), next(values)), Place(0.5)).reason


def test_twins_are_a_saddle():
    fit = ascend(shrink(0.5), Place(1.0, twin=(1, 3)), tolerance=1e-3)
    assert not fit.converged and re.match(
        "components 1 and 3 are all but the same: a saddle, after", fit.reason
    )


def test_only_the_last_model_may_not_have_twins():
    twins = iter([(0, 1), None, (1, 3), (0, 1)])  # of the second model, the third, ...
    fit = ascend(lambda p: (Place(p.at, twin=next(twins)), 0.0), Place(0.0, twin=(0, 2)))
    assert fit.converged and len(fit.history.moves) == 2
    twins = iter([None, (1, 3), None])
    fit = ascend(lambda p: (Place(p.at, twin=next(twins)), 0.0), Place(0.0))
    assert not fit.converged and fit.reason.startswith("components 1 and 3")


def test_twins_may_be_allowed():
    place = Place(1.0, twin=(1, 3))
    fit = ascend(shrink(0.5), place, tolerance=1e-3, refuse_twins=False)
    assert fit.converged and re.search(
        "left to go, .*; components 1 and 3 are all but the same$", fit.reason
    )


def test_steps_are_counted():
    for number in (1, 2, 7):
        calls = []

        def step(place, calls=calls):
            calls.append(place)
            return Place(0.9 * place.at), -place.at

        fit = ascend(step, Place(1.0), max_steps=number)
        assert len(fit.history.moves) == number and len(calls) == number + 1
        assert f"after {number} step{'s' if number > 1 else ''}" in fit.reason


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tolerance": 0.0}, "tolerance: expected a positive number, got 0.0"),
        ({"tolerance": -1.0}, "tolerance: expected a positive number, got -1.0"),
        ({"tolerance": np.nan}, "tolerance: expected finite numbers, got nan"),
        ({"tolerance": [1.0]}, "tolerance: expected one number, got"),
        ({"max_steps": 0}, "max_steps: expected a positive integer, got 0"),
        ({"max_steps": 1.5}, "max_steps: expected a positive integer, got 1.5"),
    ],
)
def test_bad_options(options, message):
    for call in (ascend, lambda step, place, **o: em([0.0], place, **o)):
        with pytest.raises(ValueError, match=message):
            call(shrink(0.5), Place(1.0), **options)


# EM ----------------------------------------------------------------------------------


def gaussian_data(seed, N=2, n=120):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, N)) + 2.5 * rng.integers(0, 2, (n, 1))


def bits(seed, n=80):
    rng = np.random.default_rng(seed)
    p = np.where(rng.integers(0, 2, (n, 1)), [0.9, 0.8, 0.3, 0.1], [0.2, 0.1, 0.7, 0.6])
    return (rng.random((n, 4)) < p).astype(float)


MODELS = {
    "Gaussian": (gaussian_data(1), random_start(gaussian_data(1), 2, rng=np.random.default_rng(2))),
    "Bernoulli": (bits(1), BernoulliMixture([0.5, 0.5], [[0.6, 0.5, 0.5, 0.4], [0.5] * 4])),
}
models = pytest.mark.parametrize(("x", "start"), MODELS.values(), ids=MODELS)


@pytest.mark.parametrize("N", [1, 3])
def test_em_of_a_gaussian_mixture_is_fit_em(N):
    x = gaussian_data(3, N)
    start = random_start(x, 2, rng=np.random.default_rng(1))
    one, other = em(x, start, tolerance=1e-5), fit_em(x, start, tolerance=1e-5)
    assert one.converged and other.converged
    assert len(one.history.models) == len(other.history.models)
    for a, b in zip(one.history.models, other.history.models, strict=True):
        assert a.distance(b) < 1e-9
    np.testing.assert_allclose(one.history.values, other.history.values, rtol=1e-10)


@models
def test_em_ascends_and_lands_where_nothing_moves(x, start):
    fit = em(x, start, tolerance=1e-8, max_steps=10_000)
    assert fit.converged and isinstance(fit.history, Ascent)
    assert (np.diff(fit.history.values) >= -1e-13).all()
    for model, value in zip(fit.history.models, fit.history.values, strict=True):
        assert value == pytest.approx(evidence(model.joint_log_prob(x)).mean(), rel=1e-12)
    r = posterior(fit.model.joint_log_prob(x))
    assert fit.model.distance(fit.model.maximised(x, r)) < 1e-8


@models
def test_a_step_raises_the_likelihood_at_least_by_the_rise_of_q(x, start):
    model = start
    for _ in range(10):
        joint = model.joint_log_prob(x)
        r = posterior(joint)
        new = model.maximised(x, r)
        rise = q_function(new.joint_log_prob(x), r) - q_function(joint, r)
        assert evidence(new.joint_log_prob(x)).mean() - evidence(joint).mean() >= rise - 1e-13
        assert rise >= -1e-13
        model = new


def half_way(model, x, r):
    """Go half the way to the new means, or probabilities: Q is concave along that way."""
    new = model.maximised(x, r)
    if isinstance(model, GaussianMixture):
        return replace(new, means=(model.means + new.means) / 2.0, covariances=model.covariances)
    return replace(new, probabilities=(model.probabilities + new.probabilities) / 2.0)


@models
def test_half_a_step_ascends_too(x, start):
    fit = em(x, start, update=half_way, max_steps=500)
    assert (np.diff(fit.history.values) >= -1e-13).all()
    assert fit.history.values[-1] > fit.history.values[0] + 0.01
    if isinstance(start, BernoulliMixture):  # the same place by smaller steps
        whole = em(x, start)
        assert fit.converged and fit.model.distance(whole.model) < 1e-5
        assert len(fit.history.moves) > len(whole.history.moves)


@models
def test_an_update_that_lowers_q_is_refused(x, start):
    def back(model, x, r):
        new = model.maximised(x, r)
        if isinstance(model, GaussianMixture):
            return replace(model, means=2.0 * model.means - new.means)
        return replace(model, probabilities=2.0 * model.probabilities - new.probabilities)

    with pytest.raises(ValueError, match=r"update: expected a step that does not lower Q, got one"):
        em(x, start, update=back)
    # nothing gained is not forbidden
    fit = em(x, start, update=lambda model, x, r: model)
    assert fit.converged and fit.model is start


def test_an_update_gets_model_data_and_posterior():
    x, start = MODELS["Gaussian"]
    seen = []

    def update(model, data, r):
        seen.append((model, data, r))
        return model.maximised(data, r)

    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)  # em itself does not warn: it reports
        fit = em(x, start, update=update, max_steps=2)
    assert not fit.converged and [model for model, _, _ in seen] == list(fit.history.models)
    for model, data, r in seen:
        assert data is x
        np.testing.assert_array_equal(r, posterior(model.joint_log_prob(x)))


def test_a_prior_counts_once_for_all_samples():
    x, start = MODELS["Bernoulli"]
    n, a = len(x), 3.0

    def update(model, x, r):
        return model.maximised(x, r, pseudocount=a)

    def prior(model):
        return model.log_prior(a)

    fit = em(x, start, update=update, log_prior=prior, max_steps=10_000)
    assert fit.converged and (np.diff(fit.history.values) >= -1e-13).all()
    for model, value in zip(fit.history.models, fit.history.values, strict=True):
        expected = (model.log_prob(x).sum() + a * model_prior(model)) / n
        assert value == pytest.approx(expected, rel=1e-12)
    # without the prior the same update goes down: from the summit of the likelihood
    with pytest.raises(ValueError, match="update: expected a step that does not lower Q"):
        em(x, em(x, start, max_steps=10_000).model, update=update)

    # and with the prior the update without it: from the summit of both
    with pytest.raises(ValueError, match="update: expected a step that does not lower Q"):
        em(x, fit.model, log_prior=prior)


@dataclass(frozen=True)
class Level(Place):
    """A model of which no more is known than the log probability of each sample."""

    def joint_log_prob(self, x):
        return np.full((len(x), 1), self.at)


@pytest.mark.parametrize("level", [-1e6, 1e6])
def test_a_q_that_falls_by_rounding_is_not_refused(level):
    def lower_by(fall):
        return lambda model, x, r: Level(model.at - fall)

    em([0.0], Level(level), update=lower_by(1e-5), max_steps=1)
    with pytest.raises(ValueError, match="update: expected a step that does not lower Q"):
        em([0.0], Level(level), update=lower_by(1e-3), max_steps=1)


def test_the_best_of_several_starts():
    fits = [ascend(lambda p, top=top: (p, top), Place(1.0), max_steps=3) for top in (1.0, 3.0, 2.0)]
    best = best_of(fits, ["lost"])
    assert best.history is fits[1].history
    assert best.reason == f"{fits[1].reason}; best of 4 starts, 1 of them lost a component"
    assert best_of(fits, []).reason.endswith("; best of 3 starts")


def model_prior(model):
    p = model.probabilities
    return float((np.log(p) + np.log1p(-p)).sum())


def test_em_refuses_data_that_cannot_be():
    certain = BernoulliMixture([1.0], [[1.0, 0.5]])
    with pytest.raises(ValueError, match="joint: .* got -inf throughout in row 1"):
        em([[1, 0], [0, 0]], certain)


def test_a_subnormal_share_is_none():
    r = posterior([[0.0, -740.0], [0.0, -700.0]])
    assert r[0].tolist() == [1.0, 0.0]
    assert r[1, 1] == pytest.approx(float(mpmath.exp(-700)), rel=1e-12)


@dataclass(frozen=True)
class Numbered(Place):
    """A place that knows how many steps led to it."""

    step: int = 0


@pytest.mark.parametrize("amplitude", [1e-2, 1e-3, 1e-4, 1e-5])
def test_a_slow_mode_under_a_fast_one_is_seen(amplitude):
    """The moves shrink by a half at first, and later by a thousandth only."""

    def step(place):
        t = place.step + 1
        return Numbered(0.5**t + amplitude * 0.999**t, step=t), -place.at

    fit = ascend(step, Numbered(1.0 + amplitude), tolerance=1e-6, max_steps=10**5)
    assert fit.converged and fit.model.at <= 2e-5  # a look at two moves leaves 1e-4
