"""The tables of the pages, against the oracles of the tests and against the library."""

import mpmath
import numpy as np
import pytest

from boltzlib.book import joint_table, spin_table
from boltzlib.enumeration import spin_states
from boltzlib.rbm import RBM
from tests import oracles

W = [[0.75, -1.25, 0.5], [-0.25, 0.5, 1.5]]
b, c = [0.4, -0.6], [-0.2, 0.1, 0.7]


@pytest.mark.parametrize("size", [0, 1, 2, 5])
def test_all_states_in_the_order_of_the_library(size):
    states = spin_table(size)
    assert states.shape == (2**size, size)
    assert states.tolist() == [list(state) for state in oracles.states(size)]
    if size:
        assert np.array_equal(states, spin_states(size))


def test_the_table_of_a_machine():
    table, machine = joint_table(W, b, c), RBM(W, b, c)
    ups, downs = spin_table(2), spin_table(3)
    assert table.joint.shape == (4, 8)
    assert float(table.total) == pytest.approx(np.exp(machine.log_partition()), rel=1e-14)
    assert table.visible.astype(float) == pytest.approx(np.exp(machine.log_prob(ups)), rel=1e-13)
    assert table.hidden.astype(float) == pytest.approx(
        np.exp(machine.log_prob_hidden(downs)), rel=1e-13
    )
    for row, up in enumerate(ups):
        pairs = np.tile(up, (8, 1)), downs
        expected = np.exp(machine.log_prob_joint(*pairs))
        assert table.joint[row].astype(float) == pytest.approx(expected, rel=1e-13)


def test_digits_beyond_a_float():
    table = joint_table([[400.0], [-800.0]], [0.3, -0.1], [0.2], digits=60)
    with mpmath.workdps(60):
        assert abs(mpmath.fsum(table.joint.ravel()) - 1) < mpmath.mpf(10) ** -58
        exponents = [
            [400 * v * h - 800 * w * h + mpmath.mpf(0.3) * v - mpmath.mpf(0.1) * w + 0.2 * h]
            for v in (-1, 1)
            for w in (-1, 1)
            for h in (-1, 1)
        ]
        total = mpmath.fsum(mpmath.exp(e) for (e,) in exponents)
        assert abs(table.total / total - 1) < mpmath.mpf(10) ** -50
    assert len(mpmath.nstr(table.total, 60)) > 50
