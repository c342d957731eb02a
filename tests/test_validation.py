"""The checks that the whole library shares: what they let through, what they refuse."""

import numpy as np
import pytest

from boltzlib import _validation


def test_floats_are_passed_on_without_a_copy():
    x = np.arange(6.0).reshape(3, 2)
    assert np.shares_memory(_validation.as_real_array("x", x), x)
    column = _validation.as_batch("x", x[:, 0])
    assert np.shares_memory(column, x)
    np.testing.assert_array_equal(column, x[:, :1])


def test_masked_numbers_are_refused():
    for check in (_validation.as_real_array, _validation.as_batch, _validation.as_probabilities):
        with pytest.raises(ValueError, match=r"^p: expected numbers, got .* 1 of them masked"):
            check("p", np.ma.array([0.5, 0.5], mask=[False, True]))


@pytest.mark.parametrize("scale", [1e-200, 1e-9, 1.0, 1e9, 1e200])
def test_asymmetry_counts_in_units_of_the_largest_entry(scale):
    for excess, accepted in ((0.9e-12, True), (-0.9e-12, True), (1.1e-12, False), (-2e-12, False)):
        matrix = scale * np.array([[1.0, 0.25], [0.25 + excess, 0.5]])
        if accepted:
            symmetric = _validation.as_symmetric_matrix("S", matrix)
            np.testing.assert_array_equal(symmetric, symmetric.T)
        else:
            with pytest.raises(ValueError, match=r"^S: expected a symmetric matrix, got .* by"):
                _validation.as_symmetric_matrix("S", matrix)


def test_one_coupling_of_a_unit_to_itself_is_enough_to_refuse():
    with pytest.raises(ValueError, match=r"^J: expected a zero diagonal, got J\[1, 1\] = 2"):
        _validation.as_couplings([[0.0, 1.0], [1.0, 2.0]], [0.0, 0.0])


def test_only_zeros_and_ones_are_told_how_to_become_spins():
    for x, hint in (([[0, 1]], True), ([[0, 0]], True), ([[0, 1, 3]], False), ([[2, 2]], False)):
        with pytest.raises(ValueError, match=r"^x: expected spins, -1 or 1, got") as caught:
            _validation.as_spins(x)
        assert ("2 * x - 1" in str(caught.value)) == hint
