"""Exercises: right answers pass, wrong ones are described without the answer."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from boltzlib.book import check_exercise
from boltzlib.book.exercises import _fault
from boltzlib.book.hints import close

CASES = [(np.array([1.0, 2.0, 6.0]),), (np.array([-1.0, 4.0]),)]
SQUARE = [
    (np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[2.0, 0.5], [0.0, 1.0]])),
    (np.arange(9.0).reshape(3, 3) ** 2 + np.eye(3), np.ones((3, 3)) + np.diag([3.0, 4.0, 5.0])),
]
COINS = [(0.5, 0.25), (0.2, 0.9), (0.7, 0.6)]
POWERS = [(1, 0.5), (2, 0.25), (3, 0.75)]


def oracle(values):
    return sum(values) / len(values)


def ask(answer, **options):
    return check_exercise("Mean", answer, oracle, CASES, **options)


def kl(r, s):
    return r * np.log(r / s) + (1 - r) * np.log((1 - r) / (1 - s))


def test_right_and_missing():
    """Word for word: the pages store these."""
    assert ask(np.mean) == "Mean: correct on 2 inputs."
    assert (
        ask(None) == "Mean: no answer yet. Replace None by your function and run this cell again."
    )


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


def test_the_whole_reply():
    assert ask(lambda a: 2 * np.mean(a)) == (
        "Mean: not yet. At input 1 of 2, ([1., 2., 6.]), your value 6 is too large. "
        "It is off by a constant factor, the same at every input."
    )


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda a: -np.mean(a), "The sign is wrong at every input."),
        (lambda a: np.mean(a) / 3, "It is off by a constant factor, the same at every input."),
        (lambda a: -2 * np.mean(a), "It is off by a constant factor, the same at every input."),
        (lambda a: np.mean(a) + 2, "a constant that is added or left out, the same at every inp"),
        (np.sum, "It is off by a factor that comes from the size of the input: look at 1/n."),
        (lambda a: np.sum(a) / len(a) ** 2, "comes from the size of the input: look at 1/n."),
        (lambda a: np.sum(a) / (len(a) - 1), "comes from the size of the input: look at 1/n."),
        (lambda a: np.exp(np.mean(a)), "It looks as if a logarithm were missing."),
        (lambda a: np.log(np.mean(a)), "It looks as if there were a logarithm too many."),
        (lambda a: np.sqrt(np.mean(a)), "It looks as if a square were missing."),
        (lambda a: np.mean(a) ** 2, "a square root were missing, or a square too many."),
        (lambda a: 1 / np.mean(a), "It looks as if it were upside down."),
        (lambda a: np.mean(a) + 1e-5 * len(a) ** 2, "It is close at every input: is it rounded"),
        (np.median, "It is right at input 2."),
        (lambda a: None, "your function returns None: is a `return` missing?"),
        (lambda a: "3", "your function returns text, not a number."),
        (lambda a: 1j, "your function returns complex numbers."),
        (lambda a: sp.Symbol("x"), "your function returns a formula with symbols, not a number."),
        (lambda a: a.mean, "returns a function: are the brackets of a call missing?"),
        (lambda a: [1, [2, 3]], "your function returns a list that is no array of numbers."),
    ],
)
def test_the_kind_of_slip_is_named(answer, says):
    reply = ask(answer)
    assert says in reply and reply.endswith((".", "?")) and "?." not in reply


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda A, B: (A @ B).T, "It is the transpose of what was asked for."),
        (lambda A, B: (A @ B)[::-1], "The entries are right, but they stand in another order."),
        (lambda A, B: np.linalg.inv(A @ B), "as if an inverse were missing, or one too many."),
        (lambda A, B: B @ A, "It looks as if two of the arguments were exchanged."),
        (lambda A, B: A @ B * len(A), "comes from the size of the input: look at 1/n."),
        (lambda A, B: A @ B + np.eye(len(A)), "differs in 2 of 4 entries."),
        (lambda A, B: np.trace(A @ B), "has shape (), not the shape (2, 2) that was asked for."),
    ],
)
def test_the_kind_of_slip_in_a_matrix_is_named(answer, says):
    reply = check_exercise("Product", answer, lambda A, B: A @ B, SQUARE)
    assert says in reply
    assert reply.startswith("Product: not yet. At input 1 of 2, ([[1., 2.], [3., 5.]], [[")


def test_a_transpose_of_another_shape():
    tables = [(np.arange(6.0).reshape(2, 3),)]
    reply = check_exercise("Turn", lambda a: 2 * a.T, lambda a: 2 * a, tables)
    assert (
        "has shape (3, 2), not the shape (2, 3) that was asked for: it is the transpose." in reply
    )
    reply = check_exercise("Turn", lambda a: a.T, lambda a: 2 * a, tables)
    assert reply.endswith("that was asked for.")


def test_exchanged_arguments():
    reply = check_exercise("KL", lambda r, s: kl(s, r), kl, COINS)
    assert reply.endswith("It looks as if two of the arguments were exchanged.")
    assert "At input 1 of 3, (0.5, 0.25), your value 0.131 is too small." in reply


def test_right_at_some_inputs_only():
    def power(n, x):
        return x**n

    linear = check_exercise("Power", lambda n, x: n * x, power, POWERS)
    assert linear.endswith("It is right only where n = 1.")
    once = check_exercise("Power", lambda n, x: x**n if n != 2 else 3.0, power, POWERS)
    assert once.endswith("At input 2 of 3, (2, 0.25), your value 3 is too large. "
                         "It is right at inputs 1 and 3.")  # fmt: skip


def test_one_input_is_no_pattern():
    """Any two numbers have a ratio and a distance."""
    reply = check_exercise("Mean", lambda a: 2 * np.mean(a), oracle, CASES[:1])
    assert reply == "Mean: not yet. At input 1 of 1, ([1., 2., 6.]), your value 6 is too large."


def test_an_answer_that_raises_somewhere_is_told_where():
    def fails_on_two(a):
        return np.mean(a) if len(a) > 2 else 1 / 0

    assert ask(fails_on_two) == (
        "Mean: not yet. At input 2 of 2, ([-1.,  4.]), it raises "
        "ZeroDivisionError('division by zero')."
    )


def test_long_and_strange_arguments_are_shown_shortly():
    class Model:
        pass

    cases = [(np.arange(20.0), Model(), np.mean, lambda t: t, "up", True, np.int64(3))]
    reply = check_exercise("Odd", lambda *a: 1.0, lambda *a: 2.0, cases)
    assert (
        "(an array of shape (20,) beginning 0, a Model, mean, a function, 'up', True, 3)" in reply
    )
    assert "0x" not in reply


def test_infinity_is_a_value():
    assert "correct" in check_exercise("Inf", lambda a: np.inf, lambda a: np.inf, [(1.0,)])
    reply = check_exercise("Inf", lambda a: a, lambda a: np.inf, [(1.0,), (2.0,)])
    assert "your value 1 is too small." in reply
    pair = [(np.array([1.0, np.inf]),)]
    wrong = check_exercise("Pair", lambda a: a + 1, lambda a: a, pair)
    assert "differs in 1 of 2 entries" in wrong


numbers = st.floats(-50, 50).filter(lambda number: abs(number) > 0.01)


@settings(max_examples=60, deadline=None)
@given(st.lists(numbers, min_size=3, max_size=3, unique=True), numbers, st.integers(0, 5))
def test_no_reply_tells_the_right_value(right, other, kind):
    """Whatever the slip: of the right values none is printed, at full or at three digits."""
    wrong = [
        lambda k: -right[k] * 1.5, lambda k: right[k] * other, lambda k: right[k] + other,
        lambda k: np.exp(right[k] / 50), lambda k: other, lambda k: 1 / right[k],
    ][kind]  # fmt: skip
    reply = check_exercise("Any", wrong, lambda k: right[k], [(0,), (1,), (2,)])
    if "correct" not in reply:
        said = reply.replace(f"your value {wrong(0):.3g}", "").replace(
            f"your value {wrong(1):.3g}", ""
        ).replace(f"your value {wrong(2):.3g}", "")  # fmt: skip
        words = [word.strip(".,()") for word in said.split()]
        told = {f"{value:.3g}" for value in right} - {"0", "1", "2", "3"}  # counts of inputs
        assert not told & set(words)


@settings(max_examples=60, deadline=None)
@given(st.lists(numbers, min_size=3, max_size=3), st.lists(numbers, min_size=3, max_size=3))
def test_a_hint_is_true(right, given_values):
    """A pattern is named only when it holds at every input."""
    reply = check_exercise(
        "Any", lambda k: given_values[k], lambda k: right[k], [(0,), (1,), (2,)], tolerance=1e-9
    )
    ours, theirs = np.array(given_values), np.array(right)
    if "constant factor" in reply:
        assert np.ptp(ours / theirs) <= 1e-8 * np.abs(ours / theirs).max()
    if "sign is wrong at every input" in reply:
        assert np.allclose(-ours, theirs)
    if "constant that is added" in reply:
        assert np.ptp(ours - theirs) <= 1e-8 * max(np.abs(ours).max(), np.abs(theirs).max())


def test_vectors_and_tolerance():
    double = [(np.array([1.0, 2.0]),)]
    right = check_exercise("Double", lambda a: a + a, lambda a: 2 * a, double)
    assert "correct" in right
    wrong = check_exercise("Double", lambda a: a + a[::-1], lambda a: 2 * a, double)
    assert "differs in 2 of 2 entries" in wrong
    near = lambda a: 2 * a * (1 + 1e-6)  # noqa: E731
    assert "not yet" in check_exercise("Double", near, lambda a: 2 * a, double)
    assert "correct" in check_exercise("Double", near, lambda a: 2 * a, double, tolerance=1e-5)


def test_closeness_is_relative_and_knows_infinity():
    one = np.array([1.0, 1e6])
    near, far = one * [1, 1 + 1e-10], one * [1, 1 + 1e-8]
    assert close(near, one, 1e-9) and not close(far, one, 1e-9)
    assert not close(np.array([1.0]), one, 1e-9)
    endless = np.array([1.0, np.inf])
    assert close(endless, endless, 1e-9)
    assert not close(-endless, endless, 1e-9) and not close(one, endless, 1e-9)


def test_an_answer_cannot_change_the_inputs():
    def spoil(a):
        a[:] = 0
        return 0.0

    ask(spoil)
    assert CASES[0][0][2] == 6.0


def test_bad_use_is_named():
    with pytest.raises(ValueError, match="cases: expected at least one input"):
        check_exercise("Mean", np.mean, oracle, [])
    with pytest.raises(ValueError, match="answer: expected a function; got float; write answer ="):
        ask(3.0)
    with pytest.raises(ValueError, match="answer: .*; got Symbol; sympy.lambdify turns a formula"):
        ask(sp.Symbol("x"))
    with pytest.raises(ValueError, match="cases: expected a tuple of arguments .* input 2 is a fl"):
        check_exercise("Mean", np.mean, oracle, [(1.0,), 2.0])
    with pytest.raises(ValueError, match="oracle: expected a number at every input; got NaN"):
        check_exercise("Mean", np.mean, lambda a: np.nan, CASES)


def test_a_formula_without_symbols_is_a_number():
    assert ask(lambda a: sp.Rational(int(2 * np.mean(a)), 2)) == "Mean: correct on 2 inputs."


@pytest.mark.parametrize(("error", "right"), [(0.5e-9, True), (1.5e-9, False), (-1.5e-9, False)])
def test_nine_digits_are_asked_for(error, right):
    assert ("correct" in ask(lambda a: np.mean(a) * (1 + error))) == right


def test_a_long_array_is_not_written_out():
    for size, written in ((12, True), (13, False)):
        reply = check_exercise("A", lambda n: np.full(n, 7.0), np.ones, [(size,)])
        assert (reply.count("7.") == size) == written


def test_nothing_is_read_into_an_answer_that_is_partly_not_a_number():
    cases = [(np.array([1.0, 2.0]),), (np.array([1.0, 3.0]),)]
    reply = check_exercise("A", lambda a: np.where(a == 2, np.nan, a), lambda a: a, cases)
    assert reply.endswith("your value is not a number.")


def test_an_oracle_is_a_number_in_every_entry():
    with pytest.raises(ValueError, match="oracle"):
        check_exercise("A", np.ones, lambda n: np.array([1.0, np.nan]), [(2,)])


@pytest.mark.parametrize(
    ("got", "right", "says"),
    [
        (1.105, 1.0, "too large"),
        (-1.105, 1.0, "too small"),
        ([[1.105]], [1.0], "has shape (1, 1), not the shape (1,) that was asked for"),
        ([[1.105], [0.0]], [[1.0, 0.0]], "not the shape (1, 2) that was asked for"),
        ([1.05, 1.105], [1.0, 1.0], "differs in 1 of 2 entries"),
        ([10.05, -0.9, 1.0], [10.0, 0.0, -1.0], "differs in 1 of 3 entries"),
        ([np.inf, 1.0, 3.0, -np.inf], [np.inf, 1.0, 2.0, 1.0], "differs in 2 of 4 entries"),
        ([np.inf, 1.0, 2.0], [-np.inf, np.inf, 2.0], "differs in 2 of 3 entries"),
        ([0.05, 0.2], [0.0, 0.0], "differs in 1 of 2 entries"),
    ],
)
def test_a_difference_is_relative_to_the_largest_right_entry(got, right, says):
    assert _fault(np.array(got), np.array(right), 0.1).endswith(says)


def test_with_no_tolerance_only_equal_entries_agree():
    assert _fault(np.array([1.0, 2.0]), np.array([1.0, 2.0]), 0.0) is None
    assert "in 1 of 2" in _fault(np.array([1.0, 2.0]), np.array([1.0, 3.0]), 0.0)
