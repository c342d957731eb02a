"""What is remembered between forks is the same answer, and nothing is where code may differ."""

import numpy as np
import pytest

from tools.mutants import memory


@pytest.fixture
def remembering():
    calls = []

    def double(values):
        calls.append(values)
        return 2 * values[0]

    return memory._remembering(double), calls


def test_the_same_arguments_are_asked_for_once(remembering):
    double, calls = remembering
    assert [double([np.array(k)]) for k in (1, 2, 1)] == [2, 4, 2]
    assert len(calls) == 2


@pytest.mark.parametrize(("one", "other"), [([1], [1.0]), ([1], (1,)), ([True], [1])])
def test_equal_numbers_of_another_kind_are_other_arguments(one, other, remembering):
    double, calls = remembering
    double(one)
    double(other)
    assert len(calls) == 2


def test_a_function_has_no_key(remembering):
    double, calls = remembering
    double([3, abs])
    double([3, abs])
    assert len(calls) == 2


def test_after_forget_nothing_is_remembered(remembering, monkeypatch):
    double, calls = remembering
    double([1])
    monkeypatch.setattr(memory, "_remembers", True)  # put back after the test
    memory.forget()
    double([1])
    assert len(calls) == 2
