"""Stochastic learning against its formulas written out, and in the mean against exact sums."""

import dataclasses
import io
import itertools
import json
import math
import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boltzlib import rbm_stochastic_learning as module
from boltzlib.descent import Fit
from boltzlib.rbm import RBM, Gradient
from boltzlib.rbm_chain import expected_contrastive_divergence
from boltzlib.rbm_exact_learning import maximise_likelihood
from boltzlib.rbm_stochastic_learning import (
    METHODS,
    MONITORED_EXACTLY,
    SCHEDULES,
    Settings,
    Training,
    TrainingState,
    centred_gradient,
    fit_rbm,
    resume,
)
from tests.cases import quick, some_rbm, some_spins, spins
from tests.laws import FALSE_ALARM, frequencies_follow

DTYPES = [np.float64, np.float32]
MONITORS = ["log-likelihood", "pseudo-log-likelihood", "reconstruction", "none"]
PARTS = ("W", "b", "c")

x = some_spins(7, 3)
start = some_rbm(3, 2, 0.5)


def generator(seed=1):
    return np.random.default_rng(seed)


def train(seed=1, data=x, begin=start, **options):
    return fit_rbm(data, begin, rng=generator(seed), **options)


def assert_same(fit, other):
    """The same bits: parameters, chains, offset, generator, settings."""
    for part in PARTS:
        np.testing.assert_array_equal(getattr(fit.model, part), getattr(other.model, part))
    state, ours = fit.history.state, other.history.state
    np.testing.assert_array_equal(state.chains, ours.chains)
    np.testing.assert_array_equal(state.hidden_offset, ours.hidden_offset)
    assert state.chains.dtype == ours.chains.dtype
    assert state.hidden_offset.dtype == ours.hidden_offset.dtype
    assert state.epoch == ours.epoch and state.settings == ours.settings
    assert module._as_lists(state.generator) == module._as_lists(ours.generator)


# The formulas, written out -----------------------------------------------------------


def drawn(mean, rng):
    return np.where(rng.random(mean.shape) >= (1 - mean) / 2, 1.0, -1.0)


def model_means(W, b, c):
    """Means of x z^T, x and z by all pairs of states."""
    s, t = spins(len(b)), spins(len(c))
    weights = np.exp(s @ W @ t.T + (s @ b)[:, np.newaxis] + t @ c)
    weights /= weights.sum()
    return s.T @ weights @ t, weights.sum(axis=1) @ s, weights.sum(axis=0) @ t


def table_means(rows, hidden):
    pairs = sum(np.outer(r, h) for r, h in zip(rows, hidden, strict=True)) / len(rows)
    return pairs, sum(rows) / len(rows), sum(hidden) / len(hidden)


def written_out(
    method, rng, *, steps=1, chains=100, batch_size=100, epochs, learning_rate, schedule="linear",
    weight_decay=0.0,
):  # fmt: skip
    """Train `start` on x with the same random numbers."""
    W, b, c = start.W.copy(), start.b.copy(), start.c.copy()
    mu, lam = x.mean(axis=0), np.tanh(x @ W + c).mean(axis=0)
    if "PCD" in method:
        z = drawn(np.tanh(x[rng.integers(len(x), size=chains)] @ W + c), rng)
    for epoch in range(epochs):
        t = epoch / epochs
        factor = {"constant": 1, "linear": 1 - t, "cosine": math.cos(math.pi * t / 2) ** 2}[
            schedule
        ]
        order = rng.permutation(len(x))
        while len(order):
            batch, order = x[order[:batch_size]], order[batch_size:]
            level = np.tanh(batch @ W + c)
            plus = table_means(batch, level)
            if method == "exact":
                minus = model_means(W, b, c)
            else:
                z = z if "PCD" in method else drawn(level, rng)
                for _ in range(steps):
                    fantasy = drawn(np.tanh(z @ W.T + b), rng)
                    mean = np.tanh(fantasy @ W + c)
                    z = drawn(mean, rng)
                minus = table_means(fantasy, mean)
            dW, db, dc = (p - m for p, m in zip(plus, minus, strict=True))
            if method == "centred PCD":  # J. Melchior, A. Fischer, L. Wiskott (2016), algorithm 1
                lam = 0.99 * lam + 0.01 * plus[2]
                dW = (
                    table_means(batch - mu, level - lam)[0]
                    - table_means(fantasy - mu, mean - lam)[0]
                )
                db, dc = db - dW @ lam, dc - dW.T @ mu
            rate = learning_rate * factor
            W, b, c = W + rate * (dW - weight_decay * W), b + rate * db, c + rate * dc
    return RBM(W, b, c)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "options",
    [
        {"epochs": 1},
        {"epochs": 3, "batch_size": 3},
        {"epochs": 3, "steps": 3, "weight_decay": 0.3},
        {"epochs": 4, "schedule": "cosine", "chains": 4},
        {"epochs": 2, "schedule": "constant", "batch_size": 1, "weight_decay": 0.1},
        {"epochs": 2, "batch_size": 7, "chains": 1},
        {"epochs": 2, "batch_size": 6, "steps": 2},
    ],
)
def test_training_is_what_the_formulas_say(method, options):
    options = {"learning_rate": 0.2, **options}
    rng = generator()
    fit = fit_rbm(x, start, rng=rng, method=method, **options)
    own = generator()
    exact = written_out(method, own, **options)
    for part in PARTS:
        np.testing.assert_allclose(
            getattr(fit.model, part), getattr(exact, part), rtol=0, atol=1e-13
        )
    assert rng.random() == own.random()  # as many random numbers were drawn
    assert fit.model.distance(start) > 1e-3


def test_schedules():
    assert set(SCHEDULES) == {"constant", "linear", "cosine"}
    for t in (0.0, 0.25, 0.5, 1.0):
        assert SCHEDULES["constant"](t) == 1.0
        assert SCHEDULES["linear"](t) == 1.0 - t
        assert SCHEDULES["cosine"](t) == pytest.approx(math.cos(math.pi * t / 2) ** 2, abs=1e-15)


def test_defaults():
    assert dataclasses.asdict(Settings()) == {
        "method": "centred PCD", "steps": 1, "chains": 100, "batch_size": 100, "epochs": 100,
        "learning_rate": 0.1, "schedule": "linear", "weight_decay": 0.0,
        "monitor": "log-likelihood", "monitor_every": 1,
    }  # fmt: skip
    assert train(epochs=2).history.state.settings == Settings(epochs=2)


# Centred statistics ------------------------------------------------------------------

offsets = np.array([0.3, -0.6, 0.1]), np.array([0.5, -0.2])


def test_centred_gradient_by_differences():
    """It is the gradient for the parameters of -(x - mu)^T W (z - lambda) - beta.x - gamma.z."""
    (mu, lam), step = offsets, 1e-5

    def model(W, beta, gamma):
        return RBM(W, beta - W @ lam, gamma - W.T @ mu)

    place = [start.W, start.b + start.W @ lam, start.c + start.W.T @ mu]
    assert model(*place).distance(start) < 1e-15
    slopes = []
    for i, part in enumerate(place):
        slopes.append(np.zeros(part.shape))
        for j in np.ndindex(part.shape):
            ends = []
            for sign in (1, -1):
                moved = [p.copy() for p in place]
                moved[i][j] += sign * step
                ends.append(model(*moved).log_likelihood(x))
            slopes[i][j] = (ends[0] - ends[1]) / (2 * step)
    W, beta, gamma = slopes
    found = centred_gradient(start.log_likelihood_gradient(x), *offsets)
    assert isinstance(found, Gradient)
    # a move of (W, beta, gamma) moves b by beta - W lambda, c by gamma - W^T mu
    for part, exact in zip(found, (W, beta - W @ lam, gamma - W.T @ mu), strict=True):
        np.testing.assert_allclose(part, exact, atol=1e-9)


@quick
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 4))
def test_centred_gradient_vanishes_with_the_gradient_and_never_points_down(seed, N, H):
    rng = np.random.default_rng(seed)
    plain = Gradient(*(rng.standard_normal(shape) for shape in ((N, H), N, H)))
    mu, lam = rng.uniform(-1, 1, N), rng.uniform(-1, 1, H)
    W, b, c = centred_gradient(plain, mu, lam)
    # the gradient can be had back
    again = Gradient(
        W + np.outer(b + W @ lam, lam) + np.outer(mu, c + mu @ W), b + W @ lam, c + mu @ W
    )
    for found, exact in zip(again, plain, strict=True):
        np.testing.assert_allclose(found, exact, atol=1e-13)
    along = sum((ours * theirs).sum() for ours, theirs in zip(plain, (W, b, c), strict=True))
    squares = sum((p**2).sum() for p in (W, b + W @ lam, c + mu @ W))
    assert along == pytest.approx(squares, rel=1e-10)
    same = centred_gradient(plain, np.zeros(N), np.zeros(H))
    for found, exact in zip(same, plain, strict=True):
        np.testing.assert_array_equal(found, exact)


def test_the_offset_is_that_of_the_hidden_means():
    """Without centred statistics there is none."""
    state = train(epochs=1, on_epoch=None, learning_rate=1e-12, monitor="none").history.state
    np.testing.assert_allclose(state.hidden_offset, start.hidden_mean(x).mean(axis=0), atol=1e-10)
    for method in set(METHODS) - {"centred PCD"}:
        state = train(method=method, epochs=1).history.state
        np.testing.assert_array_equal(state.hidden_offset, np.zeros(2))


# In the mean -------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("method", ["CD", "PCD", "centred PCD"])
def test_mean_update_is_the_expected_divergence(method, steps, dtype):
    """One update by very many chains, all of them independent and all entries in [-1, 1].

    By Hoeffding an entry is off by more than the bound with a probability of 1e-9 or less. The
    first update of PCD starts at the data, too.
    """
    n = 70_000
    bound = math.sqrt(2 * math.log(2 / FALSE_ALARM) / n)
    begin = some_rbm(3, 2, 1.0, dtype=dtype)
    options = {"steps": steps, "learning_rate": 1.0, "epochs": 1, "monitor": "none"}
    if method == "CD":
        fit = train(
            data=np.tile(x, (n // 7, 1)), begin=begin, method=method, batch_size=n, **options
        )
    else:
        fit = train(begin=begin, method=method, chains=n, **options)
    assert all(getattr(fit.model, part).dtype == dtype for part in PARTS)
    W, b, c = expected_contrastive_divergence(begin, x, steps=steps)
    if method == "centred PCD":
        # C = <(x - mu)(z - lambda)^T>, where mu and lambda are both as in the data
        mu, lam = x.mean(axis=0), begin.hidden_mean(x).astype(float).mean(axis=0)
        W = W - np.outer(mu, c) - np.outer(b, lam)
        b, c = b - W @ lam, c - W.T @ mu
    moved = [getattr(fit.model, part) - getattr(begin, part).astype(float) for part in PARTS]
    factor = 12 if method == "centred PCD" else 1  # four means an entry of W, sums of these else
    for found, exact in zip(moved, (W, b, c), strict=True):
        np.testing.assert_allclose(found, exact, rtol=0, atol=factor * bound + 1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_exact_update_is_the_gradient(dtype):
    begin = some_rbm(3, 2, 1.0, dtype=dtype)
    fit = train(begin=begin, method="exact", epochs=1, learning_rate=0.25)
    assert fit.model.dtype == dtype
    for part, slope in zip(PARTS, begin.log_likelihood_gradient(x), strict=True):
        np.testing.assert_allclose(
            getattr(fit.model, part), getattr(begin, part) + 0.25 * slope,
            atol=4 * np.finfo(dtype).eps,
        )  # fmt: skip


@pytest.mark.parametrize("method", ["PCD", "centred PCD"])
def test_chains_go_on(method):
    """With a rate of next to nothing the chains reach the model; chi-square, false alarm 1e-9."""
    fit = train(
        data=np.ones((1, 3)), method=method, chains=20_000, epochs=40, learning_rate=1e-12,
        monitor="none",
    )  # fmt: skip
    assert fit.history.state.chains.shape == (20_000, 2)
    frequencies_follow(fit.history.state.chains, np.exp(start.log_prob_hidden(spins(2))))


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_exact_learning_ends_at_the_penalised_maximum(alpha):
    best = maximise_likelihood(x, start, penalty=alpha)
    fit = train(
        method="exact", epochs=2000, learning_rate=0.5, schedule="constant", weight_decay=alpha,
        monitor="none",
    )  # fmt: skip
    # the same place but for the names and signs of the two hidden units
    same = [
        best.model.relabelled(order, signs)
        for order in ([0, 1], [1, 0])
        for signs in itertools.product((-1, 1), repeat=2)
    ]
    assert best.converged and min(fit.model.distance(model) for model in same) < 1e-4


@pytest.mark.parametrize("method", METHODS)
def test_narrow_work_stays_narrow(method):
    begin = some_rbm(3, 2, 0.5, dtype=np.float32)
    fit = train(begin=begin, method=method, epochs=3, batch_size=3, weight_decay=0.1)
    state = fit.history.state
    assert state.chains.dtype == state.hidden_offset.dtype == np.float32
    assert all(getattr(fit.model, part).dtype == np.float32 for part in PARTS)
    assert fit.history.values.dtype == np.float64


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_strong_couplings(method, dtype):
    fit = train(begin=some_rbm(3, 2, 750.0, dtype=dtype), method=method, epochs=3)
    assert np.isfinite(fit.model.parameters).all() and np.isfinite(fit.history.values).all()


# Monitors ----------------------------------------------------------------------------


def wrong_units(model, rows, epoch, others=None):
    """Minus the mean number of units that are wrong after one sweep, the last means kept."""
    rng = np.random.default_rng([epoch, 1])
    found = []
    for table in (rows, others):
        if table is not None:
            z = model.sample_hidden(table, rng=rng)
            chances = (1 - table * model.visible_mean(z)) / 2
            found.append(-chances.sum() / len(table))
    return found


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("monitor", MONITORS)
def test_monitors_are_what_they_say(monitor, dtype):
    begin, aside, models = some_rbm(3, 2, 0.5, dtype=dtype), some_spins(5, 3, 4), []
    models.append(begin)
    fit = train(
        begin=begin, epochs=4, held_out=aside, monitor=monitor, learning_rate=0.3,
        on_epoch=lambda state: models.append(state.model),
    )  # fmt: skip
    history = fit.history
    assert isinstance(history, Training) and history.monitor == monitor
    if monitor == "none":
        assert history.epochs.shape == history.values.shape == history.held_out.shape == (0,)
        assert repr(history) == "Training(4 epochs, none)"
        return
    np.testing.assert_array_equal(history.epochs, [0, 1, 2, 3, 4])
    for i, model in enumerate(models):
        if monitor == "reconstruction":
            expected = wrong_units(model, x, i, aside)
        elif monitor == "log-likelihood":
            expected = [model.log_likelihood(x), model.log_likelihood(aside)]
        else:
            expected = [model.pseudo_log_likelihood(x), model.pseudo_log_likelihood(aside)]
        assert history.values[i] == pytest.approx(
            expected[0], rel=1e-6 if dtype == np.float32 else 1e-13
        )
        assert history.held_out[i] == pytest.approx(
            expected[1], rel=1e-6 if dtype == np.float32 else 1e-13
        )
    first, last = history.values[[0, -1]]
    assert repr(history) == f"Training(4 epochs, {monitor}, {first:.6g} to {last:.6g})"


def test_reconstruction_counts_units():
    """A machine that copies is never wrong; one without couplings is by its means."""
    copies = RBM(np.diag([750.0] * 3), np.zeros(3), np.zeros(3))
    fit = train(begin=copies, epochs=1, learning_rate=1e-9, monitor="reconstruction")
    np.testing.assert_allclose(fit.history.values, 0.0, atol=1e-12)
    blind = RBM(np.zeros((3, 1)), [0.3, -0.2, 0.1], [0.0])
    fit = train(begin=blind, epochs=1, learning_rate=1e-9, monitor="reconstruction")
    wrong = (1 - x.mean(axis=0) * np.tanh([0.3, -0.2, 0.1])).sum() / 2
    assert fit.history.values[0] == pytest.approx(-wrong, rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_looking_changes_nothing(method):
    plain = train(method=method, epochs=3, monitor="none")
    for options in (
        {"monitor": "log-likelihood"}, {"monitor": "reconstruction"},
        {"monitor": "reconstruction", "held_out": x[:2]},
        {"monitor": "pseudo-log-likelihood", "monitor_every": 2},
        {"on_epoch": lambda state: None}, {"progress": False},
    ):  # fmt: skip
        other = train(method=method, epochs=3, **options)
        for part in PARTS:
            np.testing.assert_array_equal(getattr(other.model, part), getattr(plain.model, part))


@pytest.mark.parametrize(
    ("every", "epochs", "expected"),
    [(1, 3, [0, 1, 2, 3]), (2, 5, [0, 2, 4, 5]), (2, 4, [0, 2, 4]), (9, 4, [0, 4])],
)
def test_monitoring_now_and_then(every, epochs, expected):
    history = train(epochs=epochs, monitor_every=every, held_out=x[:3]).history
    np.testing.assert_array_equal(history.epochs, expected)
    assert history.epochs.dtype == np.int64
    assert len(history.values) == len(history.held_out) == len(expected)
    np.testing.assert_array_equal(train(epochs=epochs, monitor_every=every).history.held_out, [])
    for array in (history.values, history.held_out):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((16, 30), "log-likelihood"),
        ((30, 16), "log-likelihood"),
        ((17, 17), "pseudo-log-likelihood"),
    ],
)
def test_default_monitor_depends_on_the_size(shape, expected):
    assert MONITORED_EXACTLY == 16
    begin = RBM.random(*shape, rng=generator())
    fit = train(data=some_spins(4, shape[0]), begin=begin, epochs=1)
    assert fit.history.monitor == fit.history.state.settings.monitor == expected


def test_the_result_is_a_fit():
    fit = train(epochs=3)
    assert isinstance(fit, Fit) and isinstance(fit.model, RBM) and not fit.converged
    assert fit.reason == "ran 3 epochs; stochastic learning has no stopping rule"
    assert fit.model is fit.history.state.model and fit.history.state.epoch == 3


# From one epoch to the next ----------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_the_generator_decides_everything(method):
    assert_same(train(method=method, epochs=3), train(method=method, epochs=3))
    if method != "exact":
        other = train(2, method=method, epochs=3)
        assert other.model.distance(train(method=method, epochs=3).model) > 0


def test_on_epoch_gets_each_state_and_stops():
    seen = []
    fit = train(epochs=3, on_epoch=seen.append)
    assert [state.epoch for state in seen] == [1, 2, 3]
    assert all(isinstance(state, TrainingState) for state in seen)
    assert_same(fit, Fit(seen[-1].model, Training([], [], [], "", seen[-1]), False, ""))
    # what was handed out stays as it was
    short = train(epochs=3, on_epoch=lambda state: state.epoch == 1)
    np.testing.assert_array_equal(seen[0].chains, short.history.state.chains)
    np.testing.assert_array_equal(seen[0].hidden_offset, short.history.state.hidden_offset)
    assert seen[0].generator == short.history.state.generator
    assert seen[0].chains is not seen[1].chains
    later = train(epochs=3, on_epoch=lambda state: state.epoch == 2)
    assert later.reason == "stopped by on_epoch after epoch 2"


@pytest.mark.parametrize(
    ("answer", "stops"),
    [(True, True), (np.True_, True), (False, False), (np.False_, False), (None, False), (1, False)],
)
def test_only_true_stops(answer, stops):
    fit = train(epochs=3, on_epoch=lambda state: answer)
    assert fit.history.state.epoch == (1 if stops else 3)
    assert fit.reason.startswith("stopped by on_epoch after epoch 1" if stops else "ran 3 epochs")
    np.testing.assert_array_equal(fit.history.epochs, [0, 1] if stops else [0, 1, 2, 3])


BITS = [np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64]


@pytest.mark.parametrize("through_file", [False, True])
@pytest.mark.parametrize("bits", BITS)
def test_resuming_gives_the_same_bits(bits, through_file, tmp_path):
    """Seven generators each: only some of their states have numbers on both sides of 2**63."""
    for seed in range(7 if through_file else 1):
        options = {"epochs": 4, "batch_size": 3, "chains": 5, "held_out": x[:3]}
        whole = fit_rbm(x, start, rng=np.random.Generator(bits(seed)), **options)
        states = []
        fit_rbm(
            x, start, rng=np.random.Generator(bits(seed)), **options,
            on_epoch=lambda state, states=states: states.append(state) or state.epoch == 2,
        )  # fmt: skip
        state = states[-1]
        assert state.epoch == 2
        if through_file:
            state.save(tmp_path / "state.npz")
            state = TrainingState.load(tmp_path / "state.npz")
        rest = resume(state, x, held_out=x[:3])
        assert_same(rest, whole)
        np.testing.assert_array_equal(rest.history.epochs, [2, 3, 4])
        np.testing.assert_array_equal(rest.history.values, whole.history.values[2:])
        np.testing.assert_array_equal(rest.history.held_out, whole.history.held_out[2:])
        assert rest.reason.startswith("ran 2 epochs")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", METHODS)
def test_resuming_every_method(method, dtype, tmp_path):
    options = {
        "begin": some_rbm(3, 2, 0.5, dtype=dtype), "method": method, "epochs": 4, "batch_size": 3,
        "schedule": "cosine", "monitor": "reconstruction", "weight_decay": 0.1, "steps": 2,
    }  # fmt: skip
    whole = train(**options)
    part = train(**options, on_epoch=lambda state: state.epoch == 1)
    part.history.state.save(str(tmp_path / "state"))
    state = TrainingState.load(str(tmp_path / "state.npz"))
    assert state.settings == part.history.state.settings
    chains, offset = state.chains.copy(), state.hidden_offset.copy()
    seen = []
    rest = resume(state, x, on_epoch=seen.append)
    assert_same(rest, whole)
    assert [s.epoch for s in seen] == [2, 3, 4]
    np.testing.assert_array_equal(rest.history.values, whole.history.values[1:])
    # the state is not used up
    np.testing.assert_array_equal(state.chains, chains)
    np.testing.assert_array_equal(state.hidden_offset, offset)
    assert_same(resume(state, x), whole)


def test_resuming_with_more_epochs_stretches_the_schedule():
    first = train(method="exact", epochs=2, learning_rate=0.25)
    fit = resume(first.history.state, x, epochs=5)
    expected = first.model
    for epoch in (2, 3, 4):
        slope = expected.log_likelihood_gradient(x)
        rate = 0.25 * (1 - epoch / 5)
        expected = RBM(
            *(getattr(expected, part) + rate * g for part, g in zip(PARTS, slope, strict=True))
        )
    assert fit.model.distance(expected) < 1e-14
    assert fit.history.state.settings.epochs == 5 and fit.history.state.epoch == 5
    assert first.history.state.settings.epochs == 2


def test_resuming_with_other_data():
    first, other = train(epochs=2), some_spins(9, 3, 5)
    fit = resume(first.history.state, other, epochs=3, held_out=x)
    assert fit.history.values[0] == pytest.approx(first.model.log_likelihood(other), rel=1e-13)
    assert fit.history.held_out[0] == first.history.values[-1]
    assert (
        resume(first.history.state, other, epochs=4, on_epoch=lambda s: True).history.state.epoch
        == 3
    )


# Files -------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "written"), [("a.npz", "a.npz"), ("b", "b.npz")])
@pytest.mark.parametrize("method", METHODS)
def test_states_are_saved_without_pickle(method, name, written, tmp_path):
    state = train(method=method, epochs=2, chains=5).history.state
    state.save(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [written]
    with np.load(tmp_path / written, allow_pickle=False) as file:
        assert set(file.files) == {"W", "b", "c", "chains", "hidden_offset", "text"}
        assert json.loads(str(file["text"]))["epoch"] == 2
    again = TrainingState.load(tmp_path / name)
    assert again.chains.shape == ((5, 2) if "PCD" in method else (0, 2))
    np.testing.assert_array_equal(again.chains, state.chains)
    np.testing.assert_array_equal(again.hidden_offset, state.hidden_offset)
    assert again.epoch == 2 and again.settings == state.settings
    assert again.generator == module._as_lists(state.generator)
    assert again.model.distance(state.model) == 0.0


def test_wrong_files(tmp_path):
    start.save(tmp_path / "model.npz")
    with pytest.raises(ValueError, match="path: expected .* without chains, hidden_offset, text"):
        TrainingState.load(tmp_path / "model.npz")
    (tmp_path / "a.npz").write_text("hello")
    with pytest.raises(ValueError, match="path: expected a file that save wrote, got .*a.npz"):
        TrainingState.load(tmp_path / "a.npz")
    state = train(epochs=2).history.state
    state.save(tmp_path / "b.npz")
    arrays = dict(np.load(tmp_path / "b.npz"))
    for text in ("hello", "[]", "{}", '{"epoch": 1, "generator": {}, "settings": {"spam": 1}}'):
        np.savez(tmp_path / "b.npz", **{**arrays, "text": np.array(text)})
        with pytest.raises(ValueError, match="path: expected a file that TrainingState.save wrote"):
            TrainingState.load(tmp_path / "b.npz")
    # a state may be read as a model
    train(epochs=2).history.state.save(tmp_path / "state.npz")
    assert RBM.load(tmp_path / "state.npz").distance(train(epochs=2).model) == 0.0


@pytest.mark.parametrize("name", ["Exotic", "seed", "Generator", "bit_generator"])
def test_unknown_generators_are_refused(name):
    state = train(epochs=2).history.state
    strange = dataclasses.replace(state, generator={**state.generator, "bit_generator": name})
    with pytest.raises(ValueError, match=f"state: expected a bit generator .*, got '{name}'"):
        resume(strange, x, epochs=3)


# Progress ----------------------------------------------------------------------------


class Terminal(io.StringIO):
    """What the standard error stream looks like when a person sits before it."""

    def isatty(self):
        return True

    flushed = ""

    def flush(self):
        self.flushed = self.getvalue()


def shown(monkeypatch, stream, times, **options):
    """What is written when the clock shows these times."""
    clock = iter(times)
    monkeypatch.setattr(module, "time", types.SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(module.sys, "stderr", stream)
    train(epochs=len(times) - 1, **options)
    return stream.getvalue()


def test_a_line_with_the_time_left(monkeypatch):
    values = train(epochs=3).history.values
    for stream, wanted in ((Terminal(), None), (Terminal(), True), (io.StringIO(), True)):
        text = shown(monkeypatch, stream, [10.0, 12.5, 15.0, 18.0], progress=wanted)
        lines = [
            f"epoch 1 of 3, {values[1]:.4f}, 5 s left",
            f"epoch 2 of 3, {values[2]:.4f}, 2 s left",
            f"epoch 3 of 3, {values[3]:.4f}, 0 s left",
        ]
        assert text == "".join(f"\r{line:<60}" for line in lines) + "\n"
    text = shown(monkeypatch, Terminal(), [0.0, 8.0, 9.0], monitor="none")
    assert text.startswith("\repoch 1 of 2, 8 s left  ")


def test_a_line_is_shown_before_it_ends(monkeypatch):
    """A stream may keep back what does not end a line."""
    stream, seen = Terminal(), []
    monkeypatch.setattr(module.sys, "stderr", stream)
    train(epochs=2, progress=True, on_epoch=lambda state: seen.append(stream.flushed))
    assert all(f"epoch {k} of 2" in text for k, text in enumerate(seen, 1))


def test_a_line_for_the_rest(monkeypatch):
    state = train(epochs=4, on_epoch=lambda s: s.epoch == 2).history.state
    clock, stream = iter([0.0, 3.0, 6.0]), Terminal()
    monkeypatch.setattr(module, "time", types.SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(module.sys, "stderr", stream)
    resume(state, x)
    assert stream.getvalue().startswith("\repoch 1 of 2, ") and " 3 s left" in stream.getvalue()


@pytest.mark.parametrize(
    ("stream", "options", "times"),
    [
        (io.StringIO(), {}, [0.0, 9.0, 99.0]),
        (Terminal(), {"progress": False}, [0.0, 9.0, 99.0]),
        (Terminal(), {}, [0.0, 1.0, 2.0]),
    ],
)
def test_silence(stream, options, times, monkeypatch):
    assert shown(monkeypatch, stream, times, **options) == ""


def test_a_short_work_becomes_long(monkeypatch):
    text = shown(monkeypatch, Terminal(), [0.0, 1.5, 3.0])
    assert text.startswith("\repoch 2 of 2") and text.endswith("\n") and text.count("\r") == 1


# Bad input ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "SGD"}, "method: expected one of exact, CD, PCD, centred PCD, got 'SGD'"),
        ({"method": 3}, "method: expected one of .*, got 3"),
        ({"schedule": "steep"}, "schedule: expected one of constant, linear, cosine, got 'steep'"),
        (
            {"monitor": "luck"},
            "monitor: expected one of log-likelihood, pseudo-log-likelihood, reconstruction, none, "
            "got 'luck'",
        ),
        ({"steps": 0}, "steps: expected a positive integer, got 0"),
        ({"chains": 1.5}, "chains: expected a positive integer, got 1.5"),
        ({"batch_size": 0}, "batch_size: expected a positive integer, got 0"),
        ({"epochs": -1}, "epochs: expected a positive integer, got -1"),
        ({"monitor_every": 0}, "monitor_every: expected a positive integer, got 0"),
        ({"learning_rate": 0.0}, "learning_rate: expected a positive number, got 0.0"),
        ({"learning_rate": -0.1}, "learning_rate: expected a positive number, got -0.1"),
        ({"learning_rate": math.nan}, "learning_rate: expected finite numbers, got nan"),
        ({"learning_rate": "fast"}, "learning_rate: expected real numbers"),
        ({"weight_decay": -1e-9}, "weight_decay: expected a non-negative number, got -1e-09"),
        ({"weight_decay": [0.1]}, r"weight_decay: expected one number, got shape \(1,\)"),
    ],
)
def test_bad_settings(options, message):
    with pytest.raises(ValueError, match=message):
        Settings(**options)
    with pytest.raises(ValueError, match=message):
        train(**options)


def test_settings_are_numbers():
    settings = Settings(epochs=np.int64(3), learning_rate=np.float32(0.5), weight_decay=0)
    assert type(settings.epochs) is int
    assert type(settings.learning_rate) is type(settings.weight_decay) is float
    with pytest.raises(TypeError, match="unexpected keyword argument 'momentum'"):
        train(momentum=0.9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: fit_rbm([[0, 1, 1]], start, rng=generator()),
            r"x: expected spins, -1 or 1, got 0; 2 \* x - 1 turns 0 and 1 into spins",
        ),
        (
            lambda: fit_rbm([[1, 1]], start, rng=generator()),
            r"x: expected shape \(n, 3\), got \(1, 2",
        ),
        (lambda: fit_rbm([[1, math.nan, 1]], start, rng=generator()), "x: expected finite numbers"),
        (lambda: fit_rbm(x, start, rng=1), "rng: expected a numpy.random.Generator"),
        (
            lambda: train(held_out=[[0, 1, 0]]),
            r"held_out: expected spins, -1 or 1, got 0; 2 \* held_out - 1 turns 0 and 1",
        ),
        (lambda: train(held_out=[[1, 1]]), r"held_out: expected shape \(n, 3\), got \(1, 2\)"),
        (
            lambda: train(data=np.ones((2, 26)), begin=some_rbm(26, 27), method="exact"),
            "method: 'exact' needs a layer of at most 25 units, got 26",
        ),
        (
            lambda: train(data=np.ones((2, 27)), begin=some_rbm(27, 26), monitor="log-likelihood"),
            "monitor: 'log-likelihood' needs a layer of at most 25 units, got 26",
        ),
        (
            lambda: resume(train(epochs=2).history.state, x),
            "epochs: expected more than the 2 that are done, got 2",
        ),
        (lambda: resume(train(epochs=2).history.state, x, epochs=1), "epochs: .* got 1"),
        (
            lambda: resume(train(epochs=2).history.state, x, epochs=0),
            "epochs: expected a positive integer, got 0",
        ),
        (lambda: resume(train(epochs=2).history.state, x + 1, epochs=3), "x: expected spins"),
        (
            lambda: centred_gradient(start.log_likelihood_gradient(x), np.zeros(2), np.zeros(2)),
            r"visible_offset: expected shape \(3,\), got \(2,\)",
        ),
        (
            lambda: centred_gradient(start.log_likelihood_gradient(x), np.zeros(3), 0.0),
            r"hidden_offset: expected shape \(2,\), got \(\)",
        ),
        (
            lambda: centred_gradient(Gradient(start.W.T, start.b, start.c), *offsets),
            r"gradient: expected W of shape \(3, 2\) to go with b and c, got \(2, 3\)",
        ),
        (
            lambda: resume(train(epochs=2).history.state, x, epochs=3, held_out=[[1]]),
            r"held_out: expected shape \(n, 3\)",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_is_just_small_enough(monkeypatch):
    """With a limit of 2 units: two are allowed, three are not."""
    monkeypatch.setattr(module, "MAX_EXACT", 2)
    assert train(method="exact", epochs=1).history.monitor == "log-likelihood"
    with pytest.raises(ValueError, match="method: 'exact' needs a layer of at most 2 units, got 3"):
        train(begin=some_rbm(3, 3), method="exact", monitor="none")
    monkeypatch.setattr(module, "MONITORED_EXACTLY", 1)
    assert train(epochs=1).history.monitor == "pseudo-log-likelihood"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", METHODS)
def test_arguments_are_left_alone(method, dtype):
    begin, data, aside = some_rbm(3, 2, dtype=dtype), x.astype(dtype), x[:2].copy()
    before = [begin.parameters.copy(), data.copy(), aside.copy()]
    data.flags.writeable = aside.flags.writeable = False
    train(data=data, begin=begin, held_out=aside, method=method, epochs=2, weight_decay=0.1)
    for now, then in zip((begin.parameters, data, aside), before, strict=True):
        np.testing.assert_array_equal(now, then)
