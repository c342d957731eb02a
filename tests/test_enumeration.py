"""Finite tables of energies and sums over spins against mpmath; the order of the spin states."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boltzlib import enumeration
from boltzlib.divergence import entropy
from boltzlib.enumeration import (
    MAX_ENUMERATED,
    MAX_MARGINAL,
    MAX_SPINS,
    MAX_SUMMED,
    boltzmann,
    ising_chunks,
    ising_expectation,
    ising_log_partition,
    ising_marginal,
    ising_moments,
    log_partition,
    spin_states,
)
from tests import oracles
from tests.cases import quick

tables = st.lists(st.floats(-50.0, 50.0), min_size=1, max_size=10)


@quick
@given(tables)
def test_against_mpmath(energies):
    exact = oracles.log_partition(energies)
    # ln Z passes through zero: the error is relative to the largest term, -min E or ln n
    scale = max(1.0, -min(energies), abs(exact))
    assert abs(log_partition(energies) - exact) <= 4e-16 * scale
    expected = np.array(oracles.boltzmann(energies), dtype=float)
    np.testing.assert_allclose(boltzmann(energies), expected, rtol=3e-14)
    assert boltzmann(energies).sum() == pytest.approx(1.0, rel=1e-15)


@quick
@given(tables, st.sampled_from([2.0**20, -(2.0**20)]))
def test_a_constant_moves_the_log_partition_alone(energies, constant):
    energies = np.round(np.array(energies), 3)
    raised = energies + constant
    lowered = raised - constant  # the same floats after the rounding of the sum
    np.testing.assert_allclose(log_partition(raised), log_partition(lowered) - constant, rtol=1e-15)
    np.testing.assert_allclose(boltzmann(raised), boltzmann(lowered), rtol=1e-15)


@quick
@given(tables)
def test_log_partition_is_entropy_minus_mean_energy(energies):
    q = boltzmann(energies)
    free = entropy(q) - q @ np.array(energies)
    np.testing.assert_allclose(log_partition(energies), free, atol=1e-13)


def test_by_hand():
    assert log_partition([0.0]) == 0.0
    assert log_partition([[0.0, 0.0], [0.0, 0.0]]) == pytest.approx(np.log(4.0), rel=1e-15)
    assert log_partition([3.0]) == -3.0
    np.testing.assert_allclose(boltzmann([[0.0], [np.log(3.0)]]), [[0.75], [0.25]], rtol=1e-15)
    assert log_partition([0.0, 50.0]) == pytest.approx(np.exp(-50.0), rel=1e-14)


def test_forbidden_states_and_extreme_energies():
    assert log_partition([np.inf, 2.0]) == -2.0
    np.testing.assert_array_equal(boltzmann([np.inf, 2.0]), [0.0, 1.0])
    for size in (750.0, 1e5, 1e308):
        assert log_partition([size, -size]) == size
        np.testing.assert_array_equal(boltzmann([size, -size]), [0.0, 1.0])
        assert log_partition([size, size]) == pytest.approx(np.log(2.0) - size, rel=1e-15)
        np.testing.assert_array_equal(boltzmann([size, size]), [0.5, 0.5])


@pytest.mark.parametrize("function", [log_partition, boltzmann])
@pytest.mark.parametrize(
    ("energies", "message"),
    [
        ([0.0, np.nan], r"energies: expected finite numbers or \+inf, got nan$"),
        ([0.0, -np.inf], r"energies: expected finite numbers or \+inf, got -inf$"),
        ([np.inf, np.inf], r"energies: expected at least one finite energy, got \+inf only"),
        ([], r"energies: expected at least one number"),
        ([1j], r"energies: expected real numbers"),
    ],
)
def test_bad_energies(function, energies, message):
    with pytest.raises(ValueError, match=message):
        function(energies)


@pytest.mark.parametrize("n_spins", [1, 2, 3, 7])
def test_spin_states(n_spins):
    states = spin_states(n_spins)
    assert states.dtype == np.int8
    assert [tuple(row) for row in states] == oracles.states(n_spins)
    np.testing.assert_array_equal(states, -states[::-1])


@pytest.mark.parametrize(
    ("n_spins", "message"),
    [
        (0, "n_spins: expected a positive integer, got 0"),
        (2.0, "n_spins: expected a positive integer, got 2.0"),
        (MAX_SPINS + 1, r"n_spins: expected at most 24, got 25: the table .* 25 \* 2\*\*25"),
        (10**400, "n_spins: expected at most 24"),
    ],
    ids=["zero", "float", "one too many", "huge"],
)
def test_bad_numbers_of_spins(n_spins, message):
    with pytest.raises(ValueError, match=message):
        spin_states(n_spins)


# Sums over the states of an Ising machine ---------------------------------------------


def machine(n_spins, scale, seed=0):
    """Random couplings and fields of a given size."""
    rng = np.random.default_rng([n_spins, seed])
    upper = np.triu(rng.standard_normal((n_spins, n_spins)), 1)
    return scale * (upper + upper.T), scale * rng.standard_normal(n_spins)


def frustrated(n_spins, coupling):
    """All pairs repel: most terms of the energy of the best state are lost."""
    return -coupling * (np.ones((n_spins, n_spins)) - np.eye(n_spins)), np.zeros(n_spins)


machines = [machine(n, s) for n in (1, 2, 3, 4, 5, 7) for s in (1e-12, 0.3, 1.0, 4.0)]
machines += [machine(n, 50.0) for n in (2, 3, 6)] + [frustrated(n, 50.0) for n in (3, 6, 7)]


def exact_ising(J, h):
    J, h = J.tolist(), h.tolist()
    return oracles.ising_sums(J, h)


def error_of(got, exact):
    return np.abs(got - np.array(exact, dtype=float)).max()


@pytest.mark.parametrize(("J", "h"), machines)
def test_ising_sums_against_mpmath(J, h):
    log_z, first, second = exact_ising(J, h)
    # the energies are sums: their rounding is relative to the sum of all terms
    scale = max(1.0, (np.abs(J).sum() / 2 + np.abs(h).sum()) / 100)
    moments = ising_moments(J, h)
    assert abs(float(moments.log_partition - log_z)) <= 1e-14 * max(100.0 * scale, abs(log_z))
    assert error_of(moments.first, first) <= 1e-14 * scale
    assert error_of(moments.second, second) <= 1e-14 * scale
    np.testing.assert_array_equal(moments.second, moments.second.T)
    np.testing.assert_array_equal(np.diag(moments.second), 1.0)
    assert ising_log_partition(J, h) == moments.log_partition


@pytest.mark.parametrize(("J", "h"), machines)
def test_three_blocks_and_every_state_agree(J, h):
    """The fast sum and its fallback are two methods; each must be right."""
    fast, slow = ising_moments(J, h), enumeration._moments_by_states(J, h)
    for a, b in zip(fast, slow, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-12)
    for m in range(1, min(4, len(h)) + 1):
        np.testing.assert_allclose(
            ising_marginal(J, h, range(m)).ravel(),
            enumeration._marginal_by_states(J, h, m),
            atol=1e-12,
        )


@pytest.mark.parametrize("chunk", [8, 32])
def test_every_state_in_many_chunks(monkeypatch, chunk):
    monkeypatch.setattr(enumeration, "_CHUNK", chunk)
    J, h = machine(7, 1.0)
    for a, b in zip(ising_moments(J, h), enumeration._moments_by_states(J, h), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13)
    for m in range(1, 8):
        np.testing.assert_allclose(
            enumeration._marginal_by_states(J, h, m),
            ising_marginal(J, h, range(m)).ravel(),
            atol=1e-13,
        )


@pytest.mark.parametrize("coupling", [30.0, 50.0, 750.0, 1e5])
def test_frustrated_couplings_do_not_underflow(coupling):
    """No product of three factors survives: with 12 spins the best state has 6 up, 6 down."""
    J, h = frustrated(12, coupling)
    blocks = enumeration._Blocks(J, h, (4, 4, 4))
    assert enumeration._underflowed(blocks.table_ab().sum())
    log_z, first, second = ising_moments(J, h)
    # C(12, 6) = 924 states of energy -6 K; the next are 2 K higher
    assert log_z == pytest.approx(6.0 * coupling + np.log(924.0), rel=1e-14)
    np.testing.assert_allclose(first, 0.0, atol=1e-13)
    np.testing.assert_allclose(second[~np.eye(12, dtype=bool)], -1.0 / 11.0, rtol=1e-12)
    np.testing.assert_array_equal(np.diag(second), 1.0)
    np.testing.assert_allclose(ising_marginal(J, h, [7, 2]), [[5 / 22, 6 / 22], [6 / 22, 5 / 22]])
    for states, probabilities in ising_chunks(J, h):
        np.testing.assert_allclose(probabilities[states.sum(axis=1) == 0], 1 / 924, rtol=1e-12)


def test_every_state_is_visited_below_the_total_stated():
    assert enumeration._underflowed(0.9e-270) and not enumeration._underflowed(1e-270)


@pytest.mark.parametrize("scale", [50.0, 750.0, 1e5])
def test_strong_couplings_are_finite(scale):
    for n_spins in (1, 2, 5, 9):
        J, h = machine(n_spins, scale)
        log_z, first, second = ising_moments(J, h)
        assert np.isfinite(log_z)
        assert (np.abs(first) <= 1 + 1e-15).all() and (np.abs(second) <= 1 + 1e-15).all()
        largest = max(
            -oracles.ising_energy(s, J.tolist(), h.tolist()) for s in spin_states(n_spins)
        )
        assert log_z == pytest.approx(float(largest), rel=1e-12)


def test_sums_in_the_second_half_of_the_states():
    """A field picks one state: each spin must end at its own place."""
    for n_spins in range(1, 13):
        wanted = np.where(np.arange(n_spins) % 3 == 1, -1.0, 1.0)
        moments = ising_moments(np.zeros((n_spins, n_spins)), 40.0 * wanted)
        np.testing.assert_allclose(moments.first, wanted, rtol=1e-15)
        np.testing.assert_allclose(moments.second, np.outer(wanted, wanted), rtol=1e-15)
        assert moments.log_partition == pytest.approx(40.0 * n_spins, rel=1e-15)


def test_independent_spins_of_any_number():
    for n_spins in (10, 17, 20):
        h = np.linspace(-2.0, 3.0, n_spins)
        log_z, first, second = ising_moments(np.zeros((n_spins, n_spins)), h)
        assert log_z == pytest.approx(np.log(2 * np.cosh(h)).sum(), rel=1e-14)
        np.testing.assert_allclose(first, np.tanh(h), atol=1e-14)
        off = ~np.eye(n_spins, dtype=bool)
        np.testing.assert_allclose(second[off], np.outer(first, first)[off], atol=1e-14)


@quick
@given(st.integers(1, 8), st.integers(0, 10**6))
def test_renaming_and_flipping_spins(n_spins, seed):
    J, h = machine(n_spins, 0.8, seed)
    rng = np.random.default_rng(seed)
    order, flips = rng.permutation(n_spins), rng.choice([-1.0, 1.0], n_spins)
    log_z, first, second = ising_moments(J, h)
    other = ising_moments(J[np.ix_(order, order)], h[order])
    assert other.log_partition == pytest.approx(log_z, rel=1e-13)
    np.testing.assert_allclose(other.first, first[order], atol=1e-13)
    np.testing.assert_allclose(other.second, second[np.ix_(order, order)], atol=1e-13)
    mirror = ising_moments(J * np.outer(flips, flips), h * flips)
    np.testing.assert_allclose(mirror.first, flips * first, atol=1e-13)
    np.testing.assert_allclose(mirror.second, np.outer(flips, flips) * second, atol=1e-13)


@quick
@given(st.integers(1, 6), st.integers(0, 10**6), st.data())
def test_marginals_against_brute_force(n_spins, seed, data):
    J, h = machine(n_spins, 1.0, seed)
    spins = data.draw(st.permutations(range(n_spins)))[: data.draw(st.integers(1, n_spins))]
    table = ising_marginal(J, h, spins)
    assert table.shape == (2,) * len(spins)
    exact = oracles.ising_marginal(J.tolist(), h.tolist(), spins)
    for key, probability in exact.items():
        assert table[key] == pytest.approx(float(probability), abs=1e-14)
    np.testing.assert_allclose(
        enumeration._marginal_by_states(*_in_order(J, h, spins), len(spins)).reshape(table.shape),
        table,
        atol=1e-14,
    )


def _in_order(J, h, spins):
    order = [*spins, *(k for k in range(len(h)) if k not in spins)]
    return J[np.ix_(order, order)], h[order]


def test_marginals_of_large_machines():
    J, h = machine(20, 0.2)
    moments = ising_moments(J, h)
    table = ising_marginal(J, h, [19, 0, 7])
    value = np.array([-1.0, 1.0])
    assert np.einsum("abc,a->", table, value) == pytest.approx(moments.first[19], abs=1e-13)
    assert np.einsum("abc,b,c->", table, value, value) == pytest.approx(
        moments.second[0, 7], abs=1e-13
    )
    whole = ising_marginal(J, h, range(18)).reshape(-1)  # more than two of the three blocks
    assert whole @ spin_states(18)[:, 17] == pytest.approx(moments.first[17], abs=1e-13)


@pytest.mark.parametrize("n_spins", [1, 2, 5, 6, 17])
def test_chunks_are_all_states_in_order(n_spins):
    J, h = machine(n_spins, 0.3)
    chunks = list(ising_chunks(J, h))
    assert max(len(states) for states, _ in chunks) <= 2**14
    np.testing.assert_array_equal(np.concatenate([s for s, _ in chunks]), spin_states(n_spins))
    probabilities = np.concatenate([p for _, p in chunks])
    some = np.random.default_rng(1).choice(2**n_spins, size=min(2**n_spins, 60), replace=False)
    energies = np.array(
        [float(oracles.ising_energy(s, J.tolist(), h.tolist())) for s in spin_states(n_spins)[some]]
    )
    log_z = ising_moments(J, h).log_partition
    np.testing.assert_allclose(probabilities[some], np.exp(-energies - log_z), rtol=1e-12)
    assert probabilities.sum() == pytest.approx(1.0, rel=1e-12)


def test_chunks_of_the_largest_machine_are_as_small_as_stated():
    states, _ = next(enumeration._chunks(np.zeros((30, 30)), np.zeros(30), 30.0 * np.log(2.0)))
    assert len(states) == 2**14


def test_expectation_of_what_may_be_infinite():
    J, h = machine(3, 1.0)
    assert ising_expectation(J, h, lambda x: np.where(x[:, 1] > 0, np.inf, 0.0)) == np.inf


def test_expectations():
    J, h = machine(6, 0.7)
    _, first, second = exact_ising(J, h)
    assert isinstance(ising_expectation(J, h, lambda x: x[:, 2]), float)
    assert error_of(ising_expectation(J, h, lambda x: x), first) <= 1e-14
    pairs = ising_expectation(J, h, lambda x: x[:, :, None] * x[:, None, :])
    assert error_of(pairs, second) <= 1e-14
    J, h = machine(17, 0.1)  # two chunks
    np.testing.assert_allclose(
        ising_expectation(J, h, lambda x: x), ising_moments(J, h).first, atol=1e-14
    )
    with pytest.raises(ValueError, match=r"function: expected one value for each of 8 states, got"):
        ising_expectation(*machine(3, 1.0), lambda x: x.sum())
    for values in (lambda x: 1j * x, lambda x: x.astype(str)):
        with pytest.raises(ValueError, match="function: expected real numbers, got dtype [c<]"):
            ising_expectation(*machine(3, 1.0), values)


def test_memory_stays_within_the_bound_stated():
    J, h = machine(24, 0.2)
    tracemalloc.start()
    ising_log_partition(J, h)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # four tables, and the states of one block while they are turned into floats
    assert peak <= 1.1 * 4 * 8 * 4**8
    tracemalloc.start()
    ising_marginal(J, h, [3])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= 1.1 * 4 * 8 * 4**8
    tracemalloc.start()
    for _ in zip(ising_chunks(J, h), range(3), strict=False):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= 5 * 2**14 * 24 * 8


@pytest.mark.parametrize(
    ("J", "h", "message"),
    [
        ([[0.0, 1.0], [2.0, 0.0]], [0.0, 0.0], "J: expected a symmetric matrix"),
        ([[0.0, 1.0]], [0.0], "J: expected a square matrix"),
        (
            [[1.0]],
            [0.0],
            r"J: expected a zero diagonal, got J\[0, 0\] = 1: a unit is not coupled to",
        ),
        ([[0.0]], [0.0, 0.0], r"h: expected shape \(1,\) to go with J, got shape \(2,\)"),
        ([[0.0]], [[0.0]], r"h: expected 1 dimension"),
        ([[0.0]], [np.nan], "h: expected finite numbers, got nan"),
        ([[np.inf]], [0.0], "J: expected finite numbers, got inf"),
        (np.zeros((37, 37)), np.zeros(37), r"at most 36 spins, got 37: .* 2.15 GB and 2\*\*38 mul"),
    ],
)
@pytest.mark.parametrize(
    "function",
    [
        ising_log_partition,
        ising_moments,
        lambda J, h: ising_marginal(J, h, [0]),
        lambda J, h: ising_expectation(J, h, lambda x: x),
    ],
)
def test_bad_machines(function, J, h, message):
    with pytest.raises(ValueError, match=message):
        function(J, h)


def test_one_spin_may_be_named_alone():
    J, h = machine(3, 1.0)
    np.testing.assert_array_equal(ising_marginal(J, h, 2), ising_marginal(J, h, [2]))
    np.testing.assert_array_equal(
        ising_marginal(J, h, np.array([2, 0])), ising_marginal(J, h, (2, 0))
    )


def test_too_many_spins_to_visit_every_state():
    assert MAX_SUMMED == 36 and MAX_ENUMERATED == 30
    J, h = np.zeros((31, 31)), np.zeros(31)
    with pytest.raises(ValueError, match=r"at most 30 spins .* got 31: 2\*\*31 exp.* 1.8 minutes"):
        ising_chunks(J, h)
    with pytest.raises(ValueError, match="at most 30 spins where every state is visited, got 31"):
        ising_log_partition(*frustrated(31, 50.0))


def test_as_many_spins_as_the_limits_allow(monkeypatch):
    for name in ("MAX_SPINS", "MAX_SUMMED", "MAX_ENUMERATED"):
        monkeypatch.setattr(enumeration, name, 4)
    monkeypatch.setattr(enumeration, "MAX_MARGINAL", 3)
    J, h = frustrated(4, 1.0)
    assert len(spin_states(4)) == 16
    assert ising_marginal(J, h, [0, 1, 2]).shape == (2, 2, 2)
    assert sum(q.sum() for _, q in ising_chunks(J, h)) == pytest.approx(1.0, rel=1e-14)


@pytest.mark.parametrize(
    ("spins", "message"),
    [
        ([0, 0], r"spins: expected each spin at most once, got \[0, 0\]"),
        ([3], "spins: expected integers from 0 to 2, got 3"),
        ([-1], "spins: expected integers from 0 to 2, got -1"),
        ([0.5], "spins: expected integers from 0 to 2, got 0.5"),
        ([True, False, True], "spins: expected integers from 0 to 2, got True"),
        (np.array([False, True, True]), "spins: expected integers from 0 to 2, got False"),
        ([], r"spins: expected 1 to 24 of them, got 0"),
    ],
)
def test_bad_marginals(spins, message):
    assert MAX_MARGINAL == 24
    with pytest.raises(ValueError, match=message):
        ising_marginal(*machine(3, 1.0), spins)


def test_arguments_are_left_alone():
    J, h = machine(5, 1.0)
    before = J.copy(), h.copy()
    ising_moments(J, h), ising_marginal(J, h, [2]), list(ising_chunks(J, h))
    np.testing.assert_array_equal(J, before[0])
    np.testing.assert_array_equal(h, before[1])
