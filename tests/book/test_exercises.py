"""Exercises: right answers pass, wrong ones are described without the answer."""

import numpy as np
import pytest

from boltzlib.book import check_exercise

CASES = [(np.array([1.0, 2.0, 6.0]),), (np.array([-1.0, 4.0]),)]


def oracle(values):
    return sum(values) / len(values)


def ask(answer, **options):
    return check_exercise("Mean", answer, oracle, CASES, **options)


def test_right_and_missing():
    assert ask(np.mean) == "Mean: correct on 2 inputs."
    assert "no answer yet" in ask(None)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda a: np.mean(a) + 1, "too large"),
        (lambda a: np.mean(a) - 1, "too small"),
        (lambda a: -np.mean(a), "wrong sign"),
        (lambda a: a - 0, "shape"),
        (lambda a: np.nan, "not a number"),
        (lambda a: 1 / 0, "ZeroDivisionError"),
        (np.median, "input 1 of 2"),
    ],
)
def test_wrong_answers_are_described_but_not_corrected(answer, hint):
    reply = ask(answer)
    assert hint in reply and "3.0" not in reply and "1.5" not in reply


def test_vectors_and_tolerance():
    double = [(np.array([1.0, 2.0]),)]
    right = check_exercise("Double", lambda a: a + a, lambda a: 2 * a, double)
    assert "correct" in right
    wrong = check_exercise("Double", lambda a: a + a[::-1], lambda a: 2 * a, double)
    assert "at least one entry" in wrong
    near = lambda a: 2 * a * (1 + 1e-6)  # noqa: E731
    assert "not yet" in check_exercise("Double", near, lambda a: 2 * a, double)
    assert "correct" in check_exercise("Double", near, lambda a: 2 * a, double, tolerance=1e-5)


def test_an_answer_cannot_change_the_inputs():
    def spoil(a):
        a[:] = 0
        return 0.0

    ask(spoil)
    assert CASES[0][0][2] == 6.0


def test_bad_use_is_named():
    with pytest.raises(ValueError, match="cases"):
        check_exercise("Mean", np.mean, oracle, [])
    with pytest.raises(ValueError, match="answer"):
        ask(3.0)
