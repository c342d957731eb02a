"""The RBM against the sum over all its states in fractions and mpmath, and against scikit-learn."""

import dataclasses
import functools
import io
import itertools
import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit, logsumexp

from boltzlib import latent
from boltzlib import rbm as module
from boltzlib.ising import Ising
from boltzlib.rbm import RBM, Gradient, Moments
from tests import oracles
from tests.cases import quick, some_rbm, some_spins, spins
from tests.laws import FALSE_ALARM, frequencies_follow

SHAPES = [(1, 1), (1, 3), (3, 1), (2, 2), (2, 4), (4, 2), (3, 3)]
SCALES = [1e-12, 0.7, 40.0, 750.0]
DTYPES = [np.float64, np.float32]

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 4)


def plain(model):
    return model.W.tolist(), model.b.tolist(), model.c.tolist()


def floats(values):
    return np.array(values, dtype=float)


@functools.cache
def enumerated(N, H, scale=0.7, dtype=np.float64):
    """Return a machine, its table of weights, and Z with the weights of x and of z."""
    model = some_rbm(N, H, scale, dtype=dtype)
    weights = oracles.rbm_weights(*plain(model))
    return model, weights, *oracles.rbm_layers(weights)


def logs(values):
    with mpmath.workdps(oracles.DIGITS):
        return floats([mpmath.log(v) for v in values])


def sizes_of(model):
    """Sum of all |parameters|: no energy is larger."""
    return float(np.abs(model.parameters.astype(float)).sum())


def all_pairs(N, H):
    x, z = spins(N), spins(H)
    return np.repeat(x, len(z), axis=0), np.tile(z, (len(x), 1))


everywhere = [
    pytest.mark.parametrize("dtype", DTYPES),
    pytest.mark.parametrize("scale", SCALES),
    pytest.mark.parametrize(("N", "H"), SHAPES),
]


def on_all_machines(test):
    return functools.reduce(lambda marked, mark: mark(marked), everywhere, test)


# Energies, probabilities, moments ----------------------------------------------------


@on_all_machines
def test_energies_and_marginals(N, H, scale, dtype):
    """Sums are float64 whatever the parameters: the tolerance does not depend on the dtype."""
    model, weights, total, visible, hidden = enumerated(N, H, scale, dtype)
    x, z, size = *all_pairs(N, H), sizes_of(model)
    energies = [-v for v in logs(weights.values())]
    for found, exact, atol in (
        (model.energy(x, z), energies, 2e-15 * size),
        (model.free_energy(spins(N)), -logs(visible.values()), 3e-15 * (size + H)),
        ([model.log_partition()], logs([total]), 3e-15 * (size + N + H)),
    ):
        np.testing.assert_allclose(found, exact, rtol=0, atol=atol)
    assert model.energy(x, z).dtype == model.free_energy(spins(N)).dtype == np.float64
    atol = 6e-15 * (size + N + H)
    with mpmath.workdps(oracles.DIGITS):
        joint = logs([w / total for w in weights.values()])
        np.testing.assert_allclose(model.log_prob_joint(x, z), joint, rtol=0, atol=atol)
        table = model.joint_log_prob(spins(N))
        np.testing.assert_allclose(table, joint.reshape(2**N, 2**H), rtol=0, atol=atol)
        exact = logs([w / total for w in visible.values()])
        np.testing.assert_allclose(model.log_prob(spins(N)), exact, rtol=0, atol=atol)
        exact = logs([w / total for w in hidden.values()])
        np.testing.assert_allclose(model.log_prob_hidden(spins(H)), exact, rtol=0, atol=atol)


@on_all_machines
def test_conditionals(N, H, scale, dtype):
    model, weights, _, visible, hidden = enumerated(N, H, scale, dtype)
    x, z, size = *all_pairs(N, H), sizes_of(model)
    with mpmath.workdps(oracles.DIGITS):
        given_z = logs([w / hidden[h] for (_, h), w in weights.items()])
        given_x = logs([w / visible[v] for (v, _), w in weights.items()])
        mean_x = [
            [mpmath.fsum(weights[v, h] * v[k] for v in visible) / hidden[h] for k in range(N)]
            for h in hidden
        ]
        mean_z = [
            [mpmath.fsum(weights[v, h] * h[m] for h in hidden) / visible[v] for m in range(H)]
            for v in visible
        ]
    atol = 6e-15 * (size + 1)
    np.testing.assert_allclose(model.log_prob_given_hidden(x, z), given_z, rtol=0, atol=atol)
    np.testing.assert_allclose(model.log_prob_given_visible(z, x), given_x, rtol=0, atol=atol)
    step = np.finfo(dtype).eps
    for found, exact in (
        (model.visible_mean(spins(H)), floats(mean_x)),
        (model.hidden_mean(spins(N)), floats(mean_z)),
    ):
        assert found.dtype == dtype
        # an error of the input moves tanh by at most that, and where tanh is small, no more
        np.testing.assert_allclose(found, exact, rtol=4 * step, atol=4 * step * size)


@on_all_machines
def test_moments(N, H, scale, dtype):
    model, weights, *_ = enumerated(N, H, scale, dtype)
    atol = 4e-15 * (sizes_of(model) + 1)
    found = model.negative_phase()
    for part, exact, shape in zip(
        found, oracles.rbm_moments(weights), ((N, H), (N,), (H,)), strict=True
    ):
        assert part.shape == shape and part.dtype == np.float64
        np.testing.assert_allclose(part, floats(exact), rtol=0, atol=atol)
        assert np.abs(part).max() <= 1 + 1e-15
    rows = some_spins(5, N)
    shares = {
        x: Fraction(int((rows == x).all(axis=1).sum()), 5)
        for x in itertools.product((-1, 1), repeat=N)
    }
    shares = {x: mpmath.mpf(s.numerator) / s.denominator for x, s in shares.items()}
    for part, exact in zip(
        model.positive_phase(rows), oracles.rbm_data_moments(weights, shares), strict=True
    ):
        assert part.dtype == np.float64
        np.testing.assert_allclose(part, floats(exact), rtol=0, atol=atol)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("N", "H"), [(1, 1), (3, 3), (2, 3)])
def test_strong_couplings_have_their_limit(N, H, dtype):
    """All spins are the same, up or down with the same probability."""
    model = RBM(*(np.full(s, v, dtype) for s, v in (((N, H), 750), (N, 0), (H, 0))))
    peak = 750.0 * N * H
    assert model.log_partition() == pytest.approx(peak + math.log(2), rel=1e-15)
    np.testing.assert_array_equal(model.negative_phase().pairs, 1.0)
    np.testing.assert_allclose(model.negative_phase().visible, 0.0, atol=1e-15)
    up = np.ones((1, N))
    assert model.log_prob(up) == pytest.approx(-math.log(2), rel=1e-12)
    np.testing.assert_array_equal(model.hidden_mean(-up), -1.0)
    assert model.log_likelihood([*up, *-up]) == pytest.approx(-math.log(2), rel=1e-12)
    for part in model.log_likelihood_gradient([*up, *-up]):
        np.testing.assert_allclose(part, 0.0, atol=1e-15)
    expected = -math.log(2) if N == 1 else 0.0  # given the others a unit is certain
    assert model.pseudo_log_likelihood(up) == pytest.approx(expected, rel=1e-15, abs=1e-300)
    x = model.sample_exact(300, rng=np.random.default_rng(1))
    assert (x == x[:, :1]).all() and 75 < (x > 0).sum() / N < 225  # false alarm 1e-17, Hoeffding
    np.testing.assert_array_equal(model.sample(9, rng=np.random.default_rng(1), start=x[:9]), x[:9])


def slow_sums(model):
    """Log partition and moments from all states of the smaller layer; plain, in chunks."""
    W, b, c = (np.array(part, dtype=float) for part in (model.W, model.b, model.c))
    turned = W.shape[0] < W.shape[1]
    if turned:
        W, b, c = W.T, c, b
    m = W.shape[1]
    logs, parts = [], []
    for start in range(0, 2**m, 2**15):
        numbers = np.arange(start, min(2**m, start + 2**15))
        s = 2.0 * (numbers[:, np.newaxis] >> np.arange(m)[::-1] & 1) - 1.0
        a = s @ W.T + b
        log_w = s @ c + np.logaddexp(a, -a).sum(axis=1)
        w, t = np.exp(log_w - log_w.max()), np.tanh(a)
        logs.append(logsumexp(log_w))
        parts.append([(t.T * w) @ s / w.sum(), w @ t / w.sum(), w @ s / w.sum()])
    log_z = logsumexp(logs)
    shares = np.exp(np.array(logs) - log_z)
    pairs, others, summed = (
        sum(share * part[i] for share, part in zip(shares, parts, strict=True)) for i in range(3)
    )
    return log_z, (pairs.T, summed, others) if turned else (pairs, others, summed)


def assert_same_sums(model):
    log_z, moments = slow_sums(model)
    size = sizes_of(model)
    assert abs(model.log_partition() - log_z) <= 2e-15 * (size + 1) + 1e-13
    for found, exact in zip(model.negative_phase(), moments, strict=True):
        np.testing.assert_allclose(found, exact, rtol=0, atol=3e-15 * (size + 1) + 1e-13)


@pytest.mark.parametrize("chunk", [1, 4, 16])
@pytest.mark.parametrize("m", [1, 2, 3, 6])
@pytest.mark.parametrize("M", [6, 7, 8, 9, 13])
@pytest.mark.parametrize("fields", [[0.0], [60.0], [0, 70, 299, 0.5, 301, 160, 760], [400, -400]])
def test_groups_chunks_and_large_inputs(m, M, fields, chunk, monkeypatch):
    """Whole and broken groups, one and many chunks, inputs on both sides of what is safe."""
    monkeypatch.setattr("boltzlib._rbm_sums._CHUNK", chunk)
    rng = np.random.default_rng([m, M])
    W, b = 0.4 * rng.standard_normal((M, m)), rng.choice([-1.0, 1.0], M) * np.resize(fields, M)
    c = rng.standard_normal(m)
    assert_same_sums(RBM(W, b, c))
    assert_same_sums(RBM(W.T, c, b))


@pytest.mark.parametrize(
    ("W", "b"),
    [
        ([[1.0, 0.5], [-2.0, -1.0]], [298.5, -297.0]),  # just what is safe
        (np.full((9, 2), 0.5), np.full(9, 290.0)),  # each is safe, no two together are
        ([[160.0, 160.0], [160.0, -160.0]], [0.3, 0.7]),  # large numbers that cancel
    ],
)
def test_inputs_at_the_limits(W, b):
    assert_same_sums(RBM(W, b, [0.1, -0.2]))


@quick
@given(seeds, st.integers(1, 9), st.integers(1, 7), st.sampled_from([1e-12, 0.3, 30.0, 200.0]))
def test_sums_of_any_shape(seed, N, H, scale):
    rng = np.random.default_rng(seed)
    spread = scale * 10.0 ** rng.uniform(-2, 1, (N, 1))
    assert_same_sums(
        RBM(spread * rng.standard_normal((N, H)), rng.normal(0, scale, N), rng.normal(0, 1, H))
    )


@pytest.mark.parametrize(
    ("N", "H", "scale"), [(30, 16, 0.3), (16, 17, 0.3), (17, 24, 0.2), (20, 16, 60.0)]
)
def test_sums_of_many_states(N, H, scale):
    assert_same_sums(some_rbm(N, H, scale))


@pytest.mark.parametrize(("N", "H", "scale"), [(20, 20, 0.3), (18, 24, 5.0)])
def test_log_partition_of_more_states(N, H, scale):
    model = some_rbm(N, H, scale)
    assert model.log_partition() == pytest.approx(slow_sums(model)[0], rel=1e-14)


@pytest.mark.parametrize("scale", [0.0, 1e-12, 0.01, 0.2, 2.0])
def test_sums_over_thousands_of_units(scale):
    """A product of so many cosh overflows, however small the couplings are."""
    rng = np.random.default_rng(1)
    W = scale * rng.standard_normal((3000, 3))
    model = RBM(W, np.zeros(3000), [0.1, -0.2, 0.3])
    assert_same_sums(model)
    turned = RBM(W.T, model.c, model.b)
    assert turned.log_partition() == pytest.approx(model.log_partition(), rel=1e-15)
    if scale == 0.0:
        exact = 3000 * math.log(2) + np.log(2 * np.cosh([0.1, 0.2, 0.3])).sum()
        assert model.log_partition() == pytest.approx(exact, rel=1e-15)


# Parameters --------------------------------------------------------------------------


@quick
@given(seeds, sizes, sizes)
def test_parameters_are_rows_of_couplings_then_fields(seed, N, H):
    model = some_rbm(N, H, 1.0, seed)
    assert (model.n_visible, model.n_hidden) == (N, H) == model.W.shape
    assert list(model.parameters) == [*(w for row in model.W for w in row), *model.b, *model.c]
    again = RBM.from_parameters(model.parameters, N, H)
    for name in "Wbc":
        np.testing.assert_array_equal(getattr(again, name), getattr(model, name))


def test_dtypes():
    narrow = [np.ones(shape, dtype=np.float32) for shape in ((2, 1), 2, 1)]
    model = RBM(*narrow)
    assert model.dtype == model.W.dtype == model.b.dtype == model.c.dtype == np.float32
    assert model.parameters.dtype == np.float32
    assert RBM.from_parameters(model.parameters, 2, 1).dtype == np.float32
    for i in range(3):
        mixed = [part.astype(float) if i == j else part for j, part in enumerate(narrow)]
        model = RBM(*mixed)
        assert {model.W.dtype, model.b.dtype, model.c.dtype} == {np.dtype(float)}
    for integers in ([[1], [2]], np.array([[1], [2]])):
        assert RBM(integers, [0, 1], [3]).dtype == np.float64
    assert RBM.from_parameters([1, 2, 3], 1, 1).dtype == np.float64
    assert RBM.from_parameters(np.array([1, 2, 3]), 1, 1).c[0] == 3.0


def test_random_machines():
    """Couplings by Kolmogorov and Smirnov, false alarm 1e-9; the fields are a formula."""
    x = some_spins(7, 3)
    model = RBM.random(3, 2, rng=np.random.default_rng(1), x=x)
    np.testing.assert_array_equal(model.c, 0.0)
    for k in range(3):
        up, down = (x[:, k] > 0).sum() + 0.5, (x[:, k] < 0).sum() + 0.5
        assert model.b[k] == pytest.approx(0.5 * math.log(up / down), rel=1e-14)
    assert np.isfinite(RBM.random(1, 1, rng=np.random.default_rng(1), x=[[1], [1]]).b).all()
    for scale in (0.01, 3.0):
        model = RBM.random(100, 60, rng=np.random.default_rng(2), scale=scale)
        np.testing.assert_array_equal(model.b, 0.0)
        assert stats.kstest(model.W.ravel() / scale, "norm").pvalue > 1e-9
    usual = RBM.random(100, 60, rng=np.random.default_rng(2))
    np.testing.assert_allclose(usual.W, model.W / 300, rtol=1e-12)
    assert RBM.random(1, 1, rng=np.random.default_rng(1), scale=0).W[0, 0] == 0.0
    for dtype in (np.float32, "float32", np.float64):
        narrow = RBM.random(3, 2, rng=np.random.default_rng(1), x=x, dtype=dtype)
        assert narrow.dtype == narrow.b.dtype == narrow.c.dtype == np.dtype(dtype)


# Other forms -------------------------------------------------------------------------


@quick
@given(seeds, st.integers(1, 3), st.integers(1, 3))
def test_binary_units_are_a_bijection(seed, N, H):
    """Parameters are multiples of a quarter, so that nothing is rounded."""
    rng = np.random.default_rng(seed)
    W, b, c = (rng.integers(-16, 17, shape) / 4 for shape in ((N, H), N, H))
    model, constant = RBM.from_binary(W, b, c)
    for s, t in itertools.product(
        itertools.product([0, 1], repeat=N), itertools.product([0, 1], repeat=H)
    ):
        exact = oracles.rbm_energy(s, t, W.tolist(), b.tolist(), c.tolist())
        x, z = [2 * np.array([s]) - 1, 2 * np.array([t]) - 1]
        assert model.energy(x, z)[0] == exact + constant
    *again, constant_again = model.to_binary()
    for found, given_ in zip(again, (W, b, c), strict=True):
        np.testing.assert_array_equal(found, given_)
    assert constant_again == constant and isinstance(constant, float)
    back, _ = RBM.from_binary(*again)
    for name in "Wbc":
        np.testing.assert_array_equal(getattr(back, name), getattr(model, name))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", [0.7, 750.0])
def test_binary_units_are_those_of_scikit_learn(scale, dtype):
    from sklearn.neural_network import BernoulliRBM

    model = some_rbm(4, 3, scale, dtype=dtype)
    W, b, c, constant = model.to_binary()
    assert W.dtype == b.dtype == c.dtype == dtype
    theirs = BernoulliRBM(n_components=3)
    theirs.components_, theirs.intercept_visible_, theirs.intercept_hidden_ = (
        part.astype(float) for part in (W.T, b, c)
    )
    x, step = spins(4), np.finfo(dtype).eps * sizes_of(model) * 4
    s = (x + 1) / 2
    np.testing.assert_allclose(
        theirs._free_energy(s), model.free_energy(x) - constant, rtol=0, atol=4 * step
    )
    np.testing.assert_allclose(
        theirs.transform(s), (model.hidden_mean(x) + 1) / 2, rtol=0, atol=step
    )
    # sampling with a fixed uniform number u: a unit is up where its probability is above u
    for u in (0.2, 0.8):
        fixed = type("", (), {"uniform": lambda self, size, u=u: np.full(size, u)})()
        chances = (model.visible_mean(spins(3)) + 1) / 2
        sure = np.abs(chances - u) > step
        found = theirs._sample_visibles((spins(3) + 1) / 2, fixed)
        np.testing.assert_array_equal(found[sure], chances[sure] > u)


@pytest.mark.parametrize("dtype", DTYPES)
def test_as_an_ising_machine(dtype):
    model = some_rbm(3, 2, dtype=dtype)
    ising = model.to_ising()
    assert isinstance(ising, Ising) and ising.n_spins == 5
    J, h = ising.J.tolist(), ising.h.tolist()
    for x, z in zip(*all_pairs(3, 2), strict=True):
        assert oracles.ising_energy([*x, *z], J, h) == oracles.rbm_energy(x, z, *plain(model))
    assert ising.log_partition() == pytest.approx(model.log_partition(), rel=1e-14)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("N", "H"), SHAPES)
def test_as_a_mixture(N, H, dtype):
    model, _, total, _, hidden = enumerated(N, H, 0.7, dtype)
    mixture = model.to_mixture()
    assert (mixture.n_components, mixture.dimension) == (2**H, N)
    np.testing.assert_allclose(
        mixture.weights, floats([w / total for w in hidden.values()]), rtol=1e-13
    )
    x = spins(N)
    np.testing.assert_allclose(mixture.log_prob((x + 1) / 2), model.log_prob(x), rtol=1e-12)
    means = np.array([model.visible_mean(z[np.newaxis])[0] for z in spins(H)])
    np.testing.assert_allclose(2 * mixture.probabilities - 1, means, atol=4 * np.finfo(dtype).eps)


def test_as_a_mixture_with_strong_couplings():
    """The error of a log probability grows with them; the weights are still a distribution."""
    for scale in (750.0, 1e9):
        weights = some_rbm(3, 2, scale).to_mixture().weights
        assert weights.sum() == pytest.approx(1.0, rel=1e-15)


def test_tables_have_a_limit(monkeypatch):
    big = RBM(np.zeros((5, 25)), np.zeros(5), np.zeros(25))
    message = r"model: expected a table of at most 134217728 numbers, got 5 for each of 2\*\*25"
    with pytest.raises(ValueError, match=message):
        big.to_mixture()
    with pytest.raises(ValueError, match=message):
        big.joint_log_prob(np.ones((5, 5)))
    monkeypatch.setattr(module, "MAX_TABLE", 12)
    assert some_rbm(3, 2).to_mixture().n_components == 4
    monkeypatch.setattr(module, "MAX_TABLE", 11)
    with pytest.raises(ValueError, match="got 3 for each"):
        some_rbm(3, 2).to_mixture()


def test_exact_sums_have_a_limit(monkeypatch):
    big = RBM(np.zeros((26, 27)), np.zeros(26), np.zeros(27))
    x = np.ones((1, 26))
    for call in (
        big.log_partition, big.negative_phase, lambda: big.log_prob(x),
        lambda: big.sample_exact(1, rng=np.random.default_rng(1)),
        lambda: big.log_likelihood_gradient(x), lambda: big.log_prob_hidden(np.ones((1, 27))),
    ):  # fmt: skip
        message = "model: exact sums need a layer of at most 25 units, got 26 visible and 27 hidden"
        with pytest.raises(ValueError, match=message):
            call()
    assert big.free_energy(x)[0] == pytest.approx(-27 * math.log(2), rel=1e-15)
    monkeypatch.setattr(module, "MAX_EXACT", 3)
    for shape in ((3, 5), (5, 3)):
        assert_same_sums(some_rbm(*shape))
    with pytest.raises(ValueError, match="at most 3 units"):
        some_rbm(4, 4).log_partition()


@quick
@given(seeds, sizes, sizes)
def test_relabelled_hidden_units(seed, N, H):
    rng = np.random.default_rng(seed)
    model, order, signs = some_rbm(N, H, 1.0, seed), rng.permutation(H), rng.choice([-1, 1], H)
    other = model.relabelled(order, signs)
    x, z = all_pairs(N, H)
    np.testing.assert_allclose(other.free_energy(x), model.free_energy(x), atol=1e-13)
    # z'_l = sigma_l z_pi(l) has the energy that z had
    np.testing.assert_allclose(other.energy(x, signs * z[:, order]), model.energy(x, z), atol=1e-13)
    np.testing.assert_array_equal(other.b, model.b)
    narrow = some_rbm(N, H, 1.0, seed, np.float32).relabelled(list(order), list(signs))
    assert narrow.dtype == np.float32
    same = model.relabelled(range(H), np.ones(H))
    np.testing.assert_array_equal(same.parameters, model.parameters)


@quick
@given(seeds, sizes, sizes)
def test_layers_can_be_exchanged(seed, N, H):
    model = some_rbm(N, H, 1.0, seed)
    other = RBM(model.W.T, model.c, model.b)
    z = spins(H)
    assert other.log_partition() == pytest.approx(model.log_partition(), rel=1e-14)
    np.testing.assert_allclose(other.log_prob(z), model.log_prob_hidden(z), atol=1e-13)
    ours, theirs = model.negative_phase(), other.negative_phase()
    np.testing.assert_allclose(theirs.pairs, ours.pairs.T, atol=1e-14)
    np.testing.assert_allclose(theirs.hidden, ours.visible, atol=1e-14)


# Samples -----------------------------------------------------------------------------
# All frequencies: chi-square with a false alarm of 1e-9 each (`laws.frequencies_follow`).


class Fixed(np.random.Generator):
    """A generator whose uniform numbers are all the same."""

    def __new__(cls, value):
        return super().__new__(cls, np.random.PCG64(1))

    def __init__(self, value):
        super().__init__(np.random.PCG64(1))
        self.value = value

    def random(self, size=None, dtype=np.float64, out=None):
        return np.full(size, self.value, dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_unit_is_up_with_its_probability(dtype):
    """Up where the uniform number is at least (1 - mean) / 2; certain where the mean is +-1."""
    fields = np.array([0.0, 0.7, -0.7, 2.0, 750.0, -750.0], dtype=dtype)
    model = RBM(np.zeros((1, 6), dtype=dtype), np.zeros(1, dtype=dtype), fields)
    turned = RBM(model.W.T, model.c, model.b)
    step = np.finfo(dtype).eps
    down = expit(-2 * fields.astype(float))
    for edge in (*down[:4], 0.5):
        for u in (edge - 4 * step, edge + 4 * step, 0.0, 1.0 - step / 2):
            z = model.sample_hidden([[1]], rng=Fixed(u))
            assert z.dtype == dtype
            expected = np.where(u >= down, 1.0, -1.0)
            expected[4:] = [1.0, -1.0]
            np.testing.assert_array_equal(z[0], expected)
            np.testing.assert_array_equal(turned.sample_visible([[1]], rng=Fixed(u)), z)
    many = model.sample_hidden(np.ones((100_000, 1)), rng=np.random.default_rng(1))
    np.testing.assert_array_equal(many[:, 4], 1.0)
    np.testing.assert_array_equal(many[:, 5], -1.0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("N", "H"), [(2, 3), (3, 2)])
def test_layers_drawn_given_each_other(N, H, dtype):
    model, weights, _, visible, hidden = enumerated(N, H, 0.7, dtype)
    n, rng = 20_000, np.random.default_rng([N, H])
    for x in list(visible)[:3]:
        drawn = model.sample_hidden(np.tile(x, (n, 1)), rng=rng)
        assert drawn.dtype == dtype and drawn.shape == (n, H)
        frequencies_follow(drawn, floats([weights[x, z] / visible[x] for z in hidden]))
    for z in list(hidden)[:3]:
        drawn = model.sample_visible(np.tile(z, (n, 1)), rng=rng)
        assert drawn.dtype == dtype and drawn.shape == (n, N)
        frequencies_follow(drawn, floats([weights[x, z] / hidden[z] for x in visible]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("chunk", [1, 2**15])
@pytest.mark.parametrize(("N", "H"), [(1, 1), (1, 3), (4, 2), (2, 4), (3, 3)])
def test_exact_samples(N, H, chunk, dtype, monkeypatch):
    monkeypatch.setattr("boltzlib._rbm_sums._CHUNK", chunk)
    model, _, total, visible, _ = enumerated(N, H, 0.7, dtype)
    x = model.sample_exact(20_000, rng=np.random.default_rng([N, H]))
    assert x.dtype == dtype
    frequencies_follow(x, floats([w / total for w in visible.values()]))
    again = model.sample_exact(20_000, rng=np.random.default_rng([N, H]))
    np.testing.assert_array_equal(again, x)
    for column in x.T:  # the order means nothing; false alarm 1e-9 each (normal law, 6.1 sigma)
        assert abs(np.corrcoef(column[1:], column[:-1])[0, 1]) < 6.1 / math.sqrt(len(x))


def test_exact_samples_of_rare_chunks(monkeypatch):
    monkeypatch.setattr("boltzlib._rbm_sums._CHUNK", 2)
    model = RBM([[750.0, 0.0, 0.0, 0.0]] * 4, [20.0, 0, 0, 0], [750.0, 0, 0, 0])
    np.testing.assert_array_equal(model.sample_exact(500, rng=np.random.default_rng(1)), 1.0)
    other = RBM(model.W.T[:, :3], model.c, model.b[:3])
    x = other.sample_exact(500, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(x[:, 0], 1.0)
    assert x.shape == (500, 4)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("N", "H"), [(1, 1), (3, 2), (2, 3)])
def test_block_gibbs_samples(N, H, dtype):
    """After 40 sweeps nothing is left of the start: less than 1e-6, by the matrix of a sweep."""
    model, weights, total, visible, _ = enumerated(N, H, 0.7, dtype)
    sweeps = np.linalg.matrix_power(floats(oracles.rbm_sweep(weights)), 40)
    exact = floats([w / total for w in visible.values()])
    assert np.abs(sweeps - exact).max() < 1e-6
    x = model.sample(20_000, rng=np.random.default_rng(1), steps=40)
    assert x.dtype == dtype
    frequencies_follow(x, exact)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_few_sweeps_from_a_start_and_from_coins(steps):
    """Strong couplings forget slowly: the distribution is a row of a power of the matrix."""
    model, weights, *_ = enumerated(3, 2, 1.3)
    n, rng = 20_000, np.random.default_rng(steps)
    power = np.linalg.matrix_power(floats(oracles.rbm_sweep(weights)), steps)
    for row in (0, 5):
        start = np.tile(spins(3)[row], (n, 1))
        frequencies_follow(model.sample(n, rng=rng, steps=steps, start=start), power[row])
    frequencies_follow(model.sample(n, rng=rng, steps=steps), power.mean(axis=0))


def test_samples_start_and_default():
    model = some_rbm(3, 2, 0.3)
    # a thousand sweeps are the default, two hundred where a part is seen
    x = np.tile([1, np.nan, -1], (20, 1))
    for draw, steps in (
        (lambda **more: model.sample(20, **more), 1000),
        (lambda **more: model.complete(x, **more), 200),
    ):
        default = draw(rng=np.random.default_rng(1))
        told = draw(rng=np.random.default_rng(1), steps=steps)
        np.testing.assert_array_equal(default, told)
    assert not np.array_equal(
        model.sample(50, rng=np.random.default_rng(1), steps=2),
        model.sample(50, rng=np.random.default_rng(2), steps=2),
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_reconstructions(dtype):
    """Each is a mean given a hidden state that was drawn given x; their shares are q(z | x)."""
    model, weights, _, visible, hidden = enumerated(2, 3, 0.7, dtype)
    x, n = (1, -1), 20_000
    found = model.reconstruct(np.tile(x, (n, 1)), rng=np.random.default_rng(1))
    assert found.dtype == dtype and found.shape == (n, 2)
    means = model.visible_mean(spins(3))
    distances = np.abs(found[:, np.newaxis] - means).max(axis=2)
    assert distances.min(axis=1).max() <= 2 * np.finfo(dtype).eps
    frequencies_follow(
        spins(3)[distances.argmin(axis=1)], floats([weights[x, z] / visible[x] for z in hidden])
    )


GAPS = [(1, None, None, -1), (None, 1, -1, None), (None, None, None, None), (None, 1, 1, 1)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("row", GAPS)
def test_completions(row, dtype):
    model, weights, *_ = enumerated(4, 2, 0.7, dtype)
    n, given_ = 20_000, np.array([math.nan if v is None else v for v in row])
    unseen = np.isnan(given_)
    x = np.tile(given_, (n, 1))
    found = model.complete(x, rng=np.random.default_rng(1), steps=40)
    assert found.dtype == dtype and found.shape == x.shape
    assert (found[:, ~unseen] == given_[~unseen]).all()
    exact = oracles.rbm_completions(weights, row)
    frequencies_follow(found[:, unseen], floats(list(exact.values())))
    mean = model.completion_mean(x[:2])
    assert mean.shape == (2, 4)
    with mpmath.workdps(oracles.DIGITS):
        by_hand = [mpmath.fsum(p * s[k] for s, p in exact.items()) for k in range(4)]
    np.testing.assert_allclose(mean, [floats(by_hand)] * 2, rtol=0, atol=1e-14)
    assert (mean[:, ~unseen] == given_[~unseen]).all()


@pytest.mark.parametrize("steps", [1, 3])
def test_few_sweeps_of_a_completion(steps):
    """The unseen units begin as coins; each sweep uses the seen ones anew."""
    _, weights, *_ = enumerated(3, 2, 1.3)
    model = some_rbm(3, 2, 1.3)
    sweep = floats(oracles.rbm_sweep(weights)).reshape(2, 4, 2, 4).sum(axis=2)[1]
    exact = np.full(4, 0.25) @ np.linalg.matrix_power(sweep, steps)
    x = np.tile([1, math.nan, math.nan], (20_000, 1))
    found = model.complete(x, rng=np.random.default_rng(1), steps=steps)
    assert (found[:, 0] == 1).all()
    frequencies_follow(found[:, 1:], exact)


@pytest.mark.parametrize("dtype", DTYPES)
def test_completions_at_the_edges(dtype):
    model = some_rbm(4, 3, 750.0, dtype=dtype)
    x = some_spins(6, 4)
    np.testing.assert_array_equal(model.complete(x, rng=np.random.default_rng(1), steps=3), x)
    np.testing.assert_array_equal(model.completion_mean(x), x)
    gaps = x.copy()
    gaps[[0, 0, 1, 4, 5], [0, 1, 3, 2, 2]] = math.nan
    before = gaps.copy()
    weights = oracles.rbm_weights(*plain(model))
    for row, mean in zip(gaps, model.completion_mean(gaps), strict=True):
        shares = oracles.rbm_completions(weights, [None if math.isnan(v) else int(v) for v in row])
        exact = [float(mpmath.fsum(p * s[k] for s, p in shares.items())) for k in range(4)]
        np.testing.assert_allclose(mean, exact, rtol=0, atol=1e-11)
    done = model.complete(gaps, rng=np.random.default_rng(1), steps=2)
    np.testing.assert_array_equal(done[~np.isnan(gaps)], x[~np.isnan(gaps)])
    np.testing.assert_array_equal(gaps, before)


def test_completion_mean_of_a_large_machine():
    """Only the unseen units are summed over."""
    model = RBM(np.full((30, 40), 0.01), np.zeros(30), np.zeros(40))
    x = np.ones((1, 30))
    x[0, :2] = math.nan
    with pytest.raises(ValueError, match="exact sums need a layer of at most 25 units, got 26 vis"):
        model.completion_mean(np.where(np.arange(30) < 26, math.nan, x))
    # 40 equal hidden units with the input 0.28 + 0.01 (x_1 + x_2)
    states = spins(2)
    logs = 40 * np.log(np.cosh(0.28 + 0.01 * states.sum(axis=1)))
    weights = np.exp(logs - logsumexp(logs))
    np.testing.assert_allclose(model.completion_mean(x)[0, :2], weights @ states, rtol=1e-12)


# Likelihood and its gradient ---------------------------------------------------------


def brute_log_likelihood(theta, N, H, rows):
    """Mean of ln q(x) with all states, for parameters that are fractions."""
    W = [theta[k * H : (k + 1) * H] for k in range(N)]
    weights = oracles.rbm_weights(W, theta[N * H : N * H + N], theta[N * H + N :])
    with mpmath.workdps(oracles.DIGITS):
        total, visible, _ = oracles.rbm_layers(weights)
        return mpmath.fsum(mpmath.log(visible[tuple(row)] / total) for row in rows) / len(rows)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("N", "H", "scale"), [(1, 1, 0.7), (2, 3, 0.7), (3, 2, 2.0), (2, 2, 1e-3)])
def test_likelihood_and_its_gradient(N, H, scale, dtype):
    """Central differences with a step of 1e-15, in 60 digits."""
    model, rows = some_rbm(N, H, scale, dtype=dtype), some_spins(5, N).astype(int).tolist()
    theta = [Fraction(float(v)) for v in model.parameters]
    exact = brute_log_likelihood(theta, N, H, rows)
    assert model.log_likelihood(rows) == pytest.approx(float(exact), rel=1e-13)
    assert model.log_likelihood(rows) == pytest.approx(model.log_prob(rows).mean(), rel=1e-14)
    step, slopes = Fraction(1, 10**15), []
    for j in range(len(theta)):
        up, down = (
            brute_log_likelihood([*theta[:j], theta[j] + d, *theta[j + 1 :]], N, H, rows)
            for d in (step, -step)
        )
        slopes.append(float((up - down) * 10**15 / 2))
    gradient = model.log_likelihood_gradient(rows)
    assert isinstance(gradient, Gradient)
    assert [part.shape for part in gradient] == [(N, H), (N,), (H,)]
    found = np.concatenate([part.ravel() for part in gradient])
    np.testing.assert_allclose(found, slopes, rtol=0, atol=2e-14)


@quick
@given(seeds, sizes, sizes)
def test_fishers_identity(seed, N, H):
    """The gradient is the posterior mean of the gradient of ln q(x, z)."""
    model, x = some_rbm(N, H, 1.0, seed), some_spins(4, N, seed)
    posterior, z = latent.posterior(model.joint_log_prob(x)), spins(H)
    inner = model.negative_phase()
    pairs = np.einsum("ik,iz,zl->kl", x, posterior, z) / len(x) - inner.pairs
    gradient = model.log_likelihood_gradient(x)
    np.testing.assert_allclose(gradient.W, pairs, atol=1e-13)
    np.testing.assert_allclose(gradient.b, x.mean(axis=0) - inner.visible, atol=1e-13)
    np.testing.assert_allclose(gradient.c, (posterior @ z).mean(axis=0) - inner.hidden, atol=1e-13)


@quick
@given(seeds, sizes, sizes, st.sampled_from(DTYPES))
def test_q_function(seed, N, H, dtype):
    """Q from the moments of another machine, and the sum over the posterior that it is."""
    old, new = some_rbm(N, H, 1.0, seed, dtype), some_rbm(N, H, 0.5, seed + 1, dtype)
    x = some_spins(4, N, seed)
    found = new.expected_log_joint(old.positive_phase(x))
    r = latent.posterior(old.joint_log_prob(x))
    exact = oracles.q_function(new.joint_log_prob(x).tolist(), r.tolist())
    assert isinstance(found, float) and found == pytest.approx(float(exact), rel=1e-13)
    # with the posterior of x itself and its entropy Q is the likelihood
    own = old.expected_log_joint(old.positive_phase(x))
    entropy = -np.sum(r * np.log(r), axis=1).mean()
    assert own + entropy == pytest.approx(old.log_likelihood(x), rel=1e-12)


@on_all_machines
def test_pseudo_log_likelihood(N, H, scale, dtype):
    model, weights, *_ = enumerated(N, H, scale, dtype)
    rows = some_spins(5, N).astype(int).tolist()
    exact = float(oracles.rbm_pseudo_log_likelihood(weights, rows))
    found = model.pseudo_log_likelihood(rows)
    assert isinstance(found, float)
    assert found == pytest.approx(exact, rel=1e-14, abs=2e-14 * (sizes_of(model) + 1))
    if N == 1:  # one unit has no others
        assert found == pytest.approx(model.log_likelihood(rows), abs=atol_of(model))


def atol_of(model):
    return 2e-14 * (sizes_of(model) + 1)


def test_pseudo_log_likelihood_of_independent_units():
    model = RBM(np.zeros((3, 2)), [0.3, -0.2, 1.0], [0.4, 0.5])
    x = some_spins(6, 3)
    assert model.pseudo_log_likelihood(x) == pytest.approx(model.log_likelihood(x), rel=1e-14)


# Comparison and files ----------------------------------------------------------------


def test_distance():
    model = some_rbm(2, 3)
    assert model.distance(model) == 0.0
    for j, change in itertools.product(range(11), (0.25, -0.5)):
        theta = model.parameters.copy()
        theta[j] += change
        other = RBM.from_parameters(theta, 2, 3)
        assert model.distance(other) == pytest.approx(abs(change), rel=1e-15)
        assert other.distance(model) == model.distance(other)
    with pytest.raises(ValueError, match=r"other: expected W of shape \(2, 3\), got \(3, 2\)"):
        model.distance(some_rbm(3, 2))


@pytest.mark.parametrize(
    ("W", "c", "expected"),
    [
        ([[1.0, 2.0]], [3.0, 4.0], None),
        ([[1.0, 1.0]], [3.0, 3.0], (0, 1)),
        ([[1.0, -1.0]], [3.0, -3.0], (0, 1)),
        ([[1.0, -1.0]], [3.0, 3.0], None),
        ([[-1.0, -2.0]], [-3.0, -4.0], None),
        ([[1.0, 1.0], [1.0, -1.0]], [0.0, 0.0], None),
        ([[5.0, 1.0, 1.0]], [0.0, 3.0, 3.0], (1, 2)),
        ([[5.0, 1.0, 5.0]], [0.0, 3.0, 0.0], (0, 2)),
        ([[1.0, 1.0]], [3.0, 3.0029], (0, 1)),  # equal to a thousandth of the larger number
        ([[1.0, 1.0]], [3.0, 3.003002], (0, 1)),
        ([[1.0, 1.0]], [3.0, 3.0031], None),
        ([[1e-9, 1.1e-9]], [0.0, 0.0], None),
        ([[0.0, 0.0]], [0.0, 0.0], (0, 1)),
        ([[1.0]], [0.0], None),
    ],
)
def test_twins(W, c, expected):
    assert RBM(W, np.zeros(len(W)), c).twins() == expected


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "written"), [("a.npz", "a.npz"), ("b", "b.npz")])
def test_save_and_load(name, written, dtype, tmp_path):
    model = some_rbm(3, 2, dtype=dtype)
    model.save(tmp_path / name)
    model.save(str(tmp_path / name))
    assert [path.name for path in tmp_path.iterdir()] == [written]
    for path in (tmp_path / written, str(tmp_path / name)):
        again = RBM.load(path)
        assert again.dtype == dtype
        for part in "Wbc":
            np.testing.assert_array_equal(getattr(again, part), getattr(model, part))
    with np.load(tmp_path / written, allow_pickle=False) as file:
        assert set(file.files) == {"W", "b", "c"}


def one_array():
    """Bytes of a file that `numpy.save` writes: one array without a name."""
    with io.BytesIO() as file:
        np.save(file, np.ones(3))
        return file.getvalue()


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: np.savez(path, W=np.ones((1, 1)), b=[0.0]), "W, b, c, got .* without c"),
        (lambda path: np.savez(path, a=1), "without W, b, c"),
        (lambda path: path.write_bytes(one_array()), "without W, b, c"),
        (lambda path: path.write_text("hello"), "a file that save wrote, got .*a.npz: "),
        (lambda path: path.write_text(""), "a file that save wrote, got "),
        (lambda path: path.write_bytes(b"PK\x03\x04 cut off"), "a file that save wrote, got "),
        (
            lambda path: np.savez(path, W=np.array([[None]]), b=[0.0], c=[0.0]),
            "a file that save wrote, got .* Object arrays cannot be loaded",
        ),
    ],
)
def test_wrong_files(write, message, tmp_path):
    written = write(tmp_path / "a.npz")
    assert written is None or written >= 0
    with pytest.raises(ValueError, match=f"path: expected .*{message}"):
        RBM.load(tmp_path / "a.npz")


def test_files_with_wrong_numbers(tmp_path):
    np.savez(tmp_path / "a.npz", W=np.ones((1, 2)), b=[0.0], c=[0.0])
    with pytest.raises(ValueError, match=r"c: expected shape \(2,\) to go with W"):
        RBM.load(tmp_path / "a.npz")
    with pytest.raises(FileNotFoundError):
        RBM.load(tmp_path / "nothing.npz")


# Bad input ---------------------------------------------------------------------------

good = some_rbm(2, 3)
rng = np.random.default_rng(0)
bits = "x: expected spins, -1 or 1, got 0; 2 \\* x - 1 turns 0 and 1 into spins"
moments = good.negative_phase()
nan = math.nan


@pytest.mark.parametrize(
    "method",
    "free_energy log_prob joint_log_prob hidden_mean log_likelihood pseudo_log_likelihood "
    "positive_phase log_likelihood_gradient sample_hidden reconstruct complete "
    "completion_mean".split(),
)
@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[0, 1]], bits),
        ([[False, True]], bits),
        ([[0.5, 1]], "x: expected spins, -1 or 1, got 0.5$"),
        ([[2, -1]], "x: expected spins, -1 or 1, got 2$"),
        ([[1, 1, 1]], r"x: expected shape \(n, 2\), got \(1, 3\)"),
        ([1, 1], r"x: expected shape \(n, 2\), got \(2,\)"),
        ([[np.inf, 1]], "x: expected finite numbers, got inf|x: expected spins, -1 or 1, got inf"),
        ([["a", "b"]], "x: expected real numbers, got dtype"),
        ([[1, 1], [1]], "x: expected a regular array of numbers"),
        (np.ones((0, 2)), r"x: expected at least one number, got shape \(0, 2\)"),
    ],
)
def test_bad_visible_states(method, x, message):
    needs = {"sample_hidden", "reconstruct", "complete"}
    options = {"rng": np.random.default_rng(0)} if method in needs else {}
    with pytest.raises(ValueError, match=message):
        getattr(good, method)(x, **options)


@pytest.mark.parametrize("method", ["log_prob_hidden", "visible_mean", "sample_visible"])
@pytest.mark.parametrize(
    ("z", "message"),
    [
        ([[0, 1, 1]], r"z: expected spins, -1 or 1, got 0; 2 \* z - 1 turns 0 and 1"),
        ([[1, 1]], r"z: expected shape \(n, 3\), got \(1, 2\)"),
        ([[nan, 1, 1]], "z: expected finite numbers, got nan"),
    ],
)
def test_bad_hidden_states(method, z, message):
    options = {"rng": np.random.default_rng(0)} if method == "sample_visible" else {}
    with pytest.raises(ValueError, match=message):
        getattr(good, method)(z, **options)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: RBM([[1.0, nan]], [0.0], [0.0, 0.0]), "W: expected finite numbers, got nan"),
        (lambda: RBM([1.0], [0.0], [0.0]), r"W: expected 2 dimension\(s\), got shape \(1,\)"),
        (lambda: RBM(np.ones((0, 2)), [0.0], [0.0]), "W: expected at least one number"),
        (lambda: RBM([[1j]], [0.0], [0.0]), "W: expected real numbers, got dtype complex128"),
        (
            lambda: RBM([[1.0, 2.0]], [0.0, 1.0], [0.0, 0.0]),
            r"b: expected shape \(1,\) to go with W of shape \(1, 2\), got shape \(2,\)",
        ),
        (
            lambda: RBM([[1.0, 2.0]], [0.0], [0.0]),
            r"c: expected shape \(2,\) to go with W of shape \(1, 2\), got shape \(1,\)",
        ),
        (lambda: RBM([[1.0]], [np.inf], [0.0]), "b: expected finite numbers, got inf"),
        (lambda: RBM([[1.0]], [0.0], 0.0), r"c: expected 1 dimension\(s\), got shape \(\)"),
        (
            lambda: RBM.from_parameters([1.0, 2.0], 1, 1),
            "theta: expected 3 numbers for 1 visible and 1 hidden units, got 2",
        ),
        (lambda: RBM.from_parameters([nan] * 3, 1, 1), "theta: expected finite numbers, got nan"),
        (lambda: RBM.from_parameters([1.0], 0, 1), "n_visible: expected a positive integer, got 0"),
        (lambda: RBM.from_parameters([1.0], 1, 1.5), "n_hidden: expected a positive .*, got 1.5"),
        (lambda: RBM.random(2, -1, rng=rng), "n_hidden: expected a positive integer, got -1"),
        (lambda: RBM.random(0, 1, rng=rng), "n_visible: expected a positive integer, got 0"),
        (lambda: RBM.random(2, 1, rng=3), "rng: expected a numpy.random.Generator such as .* int"),
        (
            lambda: RBM.random(2, 1, rng=rng, scale=-0.1),
            "scale: expected a number that is not negative, got -0.1",
        ),
        (lambda: RBM.random(2, 1, rng=rng, scale=nan), "scale: expected finite numbers, got nan"),
        (lambda: RBM.random(2, 1, rng=rng, x=[[0, 1]]), bits),
        (lambda: RBM.random(2, 1, rng=rng, x=[[1]]), r"x: expected shape \(n, 2\), got \(1, 1\)"),
        (
            lambda: RBM.random(2, 1, rng=rng, dtype=int),
            "dtype: expected float32 or float64, got int64",
        ),
        (
            lambda: RBM.random(2, 1, rng=rng, dtype="single malt"),
            "dtype: expected float32 or float64, got 'single malt'",
        ),
        (lambda: RBM.from_binary([[1.0]], [0.0, 1.0], [0.0]), r"b: expected shape \(1,\)"),
        (lambda: good.relabelled([0, 1], [1, 1, 1]), r"order: expected a permutation of 0 to 2"),
        (lambda: good.relabelled([0, 1, 1], [1, 1, 1]), r"order: .* got \[0, 1, 1\]"),
        (lambda: good.relabelled([0, 1, 2], [1, 0, 1]), "signs: expected spins, -1 or 1, got 0"),
        (lambda: good.relabelled([0, 1, 2], [[1], [1, 1]]), "signs: expected a regular array"),
        (lambda: good.relabelled([0, 1, 2], [[1, 1, 1]]), r"signs: expected 1 dimension\(s\), got"),
        (lambda: good.relabelled([0, 1, 2], [1, 1]), r"signs: expected shape \(3,\), got \(2,\)"),
        (lambda: good.energy([[1, 1]], [[1, 1, 1]] * 2), "z: expected 1 rows, as many as x, got 2"),
        (lambda: good.energy([[1, 1]], [[1, 1, 0]]), "z: expected spins, -1 or 1, got 0"),
        (lambda: good.log_prob_joint([[1, 0]], [[1, 1, 1]]), bits),
        (lambda: good.log_prob_given_hidden([[1, 1]], [[1, 1]]), r"z: expected shape \(n, 3\)"),
        (lambda: good.log_prob_given_visible([[1, 1, 1]], [[1]]), r"x: expected shape \(n, 2\)"),
        (lambda: good.sample(0, rng=rng), "size: expected a positive integer, got 0"),
        (lambda: good.sample(1, rng=rng, steps=0), "steps: expected a positive integer, got 0"),
        (lambda: good.sample(1, rng=np.random), "rng: expected a numpy.random.Generator"),
        (
            lambda: good.sample(2, rng=rng, start=[[1, 1]]),
            "start: expected 2 rows, one for each chain, got 1",
        ),
        (lambda: good.sample(1, rng=rng, start=[[0, 1]]), r"start: expected spins.* 2 \* start"),
        (lambda: good.sample_exact(1.0, rng=rng), "size: expected a positive integer, got 1.0"),
        (lambda: good.sample_exact(1, rng=1), "rng: expected a numpy.random.Generator"),
        (lambda: good.sample_hidden([[1, 1]], rng=1), "rng: expected a numpy.random.Generator"),
        (lambda: good.sample_visible([[1, 1, 1]], rng=1), "rng: expected a numpy.random.Gen"),
        (lambda: good.reconstruct([[1, 1]], rng=1), "rng: expected a numpy.random.Generator"),
        (lambda: good.complete([[1, nan]], rng=1), "rng: expected a numpy.random.Generator"),
        (lambda: good.complete([[1, nan]], rng=rng, steps=-1), "steps: expected a positive int"),
        (lambda: good.complete([[0, nan]], rng=rng), "x: expected spins, -1 or 1, got 0"),
        (lambda: good.log_prob([[nan, 1]]), "x: expected finite numbers, got nan"),
        (lambda: good.expected_log_joint(3), r"moments: expected Moments\(pairs, .*, got int"),
        (lambda: good.expected_log_joint(moments[:2]), "moments: expected Moments.* got 2 of them"),
        (
            lambda: good.expected_log_joint(moments._replace(pairs=moments.pairs.T)),
            r"moments.pairs: expected shape \(2, 3\), got \(3, 2\)",
        ),
        (
            lambda: good.expected_log_joint(Moments(*moments[:2], [0.0, nan, 0.0])),
            "moments.hidden: expected finite numbers, got nan",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("dtype", DTYPES)
def test_models_are_frozen_and_arguments_left_alone(dtype):
    W, b, c = np.ones((2, 3), dtype), np.zeros(2, dtype), np.zeros(3, dtype)
    model = RBM(W, b, c)
    W[0, 0] = b[0] = c[0] = 9.0
    assert model.W[0, 0] == 1.0 and model.b[0] == model.c[0] == 0.0
    for part in (model.W, model.b, model.c):
        with pytest.raises(ValueError, match="read-only"):
            part[0] = 2.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        model.W = W
    x, z = spins(2).astype(dtype), spins(3)[:4].astype(dtype)
    gaps = x.copy()
    gaps[0, 1] = nan
    copies = [array.copy() for array in (x, z, gaps)]
    for array in (x, z, gaps):
        array.flags.writeable = False
    draw = {"rng": np.random.default_rng(1)}
    for call in (
        lambda: model.energy(x, z), lambda: model.log_prob(x), lambda: model.log_prob_hidden(z),
        lambda: model.joint_log_prob(x), lambda: model.log_likelihood_gradient(x),
        lambda: model.pseudo_log_likelihood(x), lambda: model.log_prob_given_hidden(x, z),
        lambda: model.sample_hidden(x, **draw), lambda: model.sample_visible(z, **draw),
        lambda: model.sample(4, start=x, steps=2, **draw), lambda: model.reconstruct(x, **draw),
        lambda: model.complete(gaps, steps=2, **draw), lambda: model.completion_mean(gaps),
        lambda: RBM.random(2, 1, x=x, **draw),
    ):  # fmt: skip
        call()
    for array, copy in zip((x, z, gaps), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_one_unit_may_be_given_as_a_line():
    one = some_rbm(1, 1)
    np.testing.assert_array_equal(one.energy([1, -1], [1, 1]), one.energy([[1], [-1]], [[1], [1]]))


def test_the_false_alarm_is_what_the_tests_say():
    assert FALSE_ALARM == 1e-9
