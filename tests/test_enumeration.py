"""Finite tables of energies against mpmath; the order of the spin states."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boltzlib.divergence import entropy
from boltzlib.enumeration import MAX_SPINS, boltzmann, log_partition, spin_states
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
        ([0.0, np.nan], r"energies: expected finite numbers or \+inf, got nan or -inf"),
        ([0.0, -np.inf], r"energies: expected finite numbers or \+inf, got nan or -inf"),
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


def test_moments_of_spins_by_enumeration():
    rng = np.random.default_rng(6)
    couplings, fields = np.triu(rng.standard_normal((4, 4)), 1), rng.standard_normal(4)

    def energy(s):
        return -sum(couplings[i, j] * s[i] * s[j] for i in range(4) for j in range(i + 1, 4)) - sum(
            fields[i] * s[i] for i in range(4)
        )

    states = spin_states(4).astype(float)
    q = boltzmann([energy(s) for s in states])
    first, second = oracles.spin_moments(4, energy)
    np.testing.assert_allclose(q @ states, np.array(first, dtype=float), atol=1e-14)
    np.testing.assert_allclose(
        states.T @ (q[:, None] * states), np.array(second, dtype=float), atol=1e-14
    )
