"""The tables of examples: what must come of a call, and what it says."""

import math
import warnings

import numpy as np
import pytest
from sympy import Integer, Symbol

from boltzlib.book.examples import agree, answers, messages, plain


def loud(value, *said):
    for text in said:
        warnings.warn(text, UserWarning, stacklevel=2)
    return value


def failing(text):
    raise ValueError(text)


NAMES = {"math": math, "np": np, "loud": loud, "failing": failing, "three": 3.0}


def unset(text):
    """What MathJax leaves alone."""
    return f'<span class="said mathjax_ignore">{text}</span>'


def rows(table):
    return [[cell.replace("<wbr>", "") for cell in row] for row in table.rows]


def test_a_table_of_answers():
    table = answers(
        "Logs", NAMES, ("math.log(three < 4)", "0.0"), ("[math.pi, 'a<b']", "[np.pi, 'a<b']")
    )
    assert (table.caption, table.css) == ("Logs", "table")
    assert table.head == ["Call", "Answer", "What it must be"]
    assert rows(table) == [
        ["<code>math.log(three &lt; 4)</code>", "<code>0</code>", "<code>0.0</code>"],
        ["<code>[math.pi, &#x27;a&lt;b&#x27;]</code>", "<code>[3.14159, a&lt;b]</code>",
         "<code>[np.pi, &#x27;a&lt;b&#x27;]</code>"],
    ]  # fmt: skip


def test_code_breaks_after_a_parenthesis_an_underscore_or_a_name():
    (row,) = answers("", {"np": np}, ("np.zeros_like(1.5)", "np.array(0.0)")).rows
    assert row[0] == "<code>np.<wbr>zeros_<wbr>like(<wbr>1.5)</code>"
    assert row[2] == "<code>np.<wbr>array(<wbr>0.0)</code>"


def test_an_answer_that_is_not_what_it_must_be():
    with pytest.raises(AssertionError, match=r"three must be 3.5, is 3.0"):
        answers("", NAMES, ("3", "3"), ("three", "3.5"))
    with pytest.raises(AssertionError):
        answers("", NAMES, ("1 + 2e-6", "1.0"), within=1e-6)
    with pytest.raises(AssertionError):
        answers("", NAMES, ("1 + 1.5e-12", "1.0"))
    answers("", NAMES, ("0.9e-12", "0.0"))  # relative to what it must be, not to what it is
    assert answers("", NAMES, ("1 + 0.9e-6", "1.0"), within=1e-6).rows[0][1] == "<code>1</code>"
    assert (
        answers("", NAMES, ("np.array([1, 1e-7])", "np.array([1.0, 0])"), within=1e-6).rows[0][1]
        == "<code>[1, 0]</code>"
    )


def test_a_warning_is_part_of_the_answer_an_overflow_is_an_error():
    (row,) = answers("", NAMES, ("loud(1.5, 'a < b', 'c')", "1.5")).rows
    said = ["UserWarning: a &lt; b", "UserWarning: c"]
    assert row[1] == "<br>".join(["<code>1.5</code>", *map(unset, said)])
    (row,) = answers("", NAMES, ("[loud(k, 'again') for k in (1, 2)]", "[1, 2]")).rows
    assert row[1].count("again") == 2  # however often the same is said at the same place
    with pytest.raises(RuntimeWarning):
        answers("", NAMES, ("np.exp(np.float64(1e4))", "np.inf"))


def test_the_calls_leave_the_names_as_they_are():
    names = dict(NAMES)
    answers("", names, ("[new := 1]", "[1]"))
    messages("", names, ("[new := failing('no')]", "no"))
    assert names == NAMES


def test_a_table_of_messages():
    table = messages("Said", NAMES, ("failing('q: a < b')", "ValueError: q"), ("loud(1, 'x')", "x"))
    assert (table.caption, table.css, table.head) == ("Said", "table", ["Call", "What it says"])
    assert [row[1] for row in table.rows] == [
        unset("ValueError: q: a &lt; b"),
        unset("UserWarning: x"),
    ]
    (row,) = messages("", NAMES, ("[loud(k, 'again') for k in (1, 2)]", "again; UserWarning")).rows
    assert row[1] == unset("UserWarning: again; UserWarning: again")
    assert rows(table)[0][0] == "<code>failing(&#x27;q: a &lt; b&#x27;)</code>"


@pytest.mark.parametrize("call", ["failing('other')", "loud(1, 'other')", "1"])
def test_another_message_or_none(call):
    with pytest.raises(AssertionError, match="must say 'q', says"):
        messages("", NAMES, (call, "q"))
    with pytest.raises(AssertionError, match="must say '', says ''"):
        messages("", NAMES, ("1", ""))  # what says nothing is wrong even if anything would do


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (1.0 + 0.9e-12, 1),
        (1, 1.0 + 0.9e-12),
        (np.float64(2.0), 2.0),
        (1e10 + 0.009, 1e10),
        (-1e10 + 0.009, -1e10),
        (0.9e-12, 0.0),
        (np.array([1e3, 0.9e-9]), np.array([1e3, 0.0])),
        (np.array([np.nan, -np.inf, 1.0]), np.array([np.nan, -np.inf, 1.0])),
        (np.array([np.inf, 1e-12]), np.array([np.inf, 0.0])),
        (math.inf, math.inf),
        (np.array([]), np.array([])),
        (np.array([True, False]), np.array([True, False])),
        (True, np.bool_(True)),
        (np.array([1, 2]), np.array([1, 2])),
        ((1.0, "a", None), [1, "a", None]),
        ("a", "a"),
        (Symbol("a") + 1, 1 + Symbol("a")),
    ],
)
def test_agree(answer, right):
    assert agree(answer, right)


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (1.0 + 1.1e-12, 1),
        (1.1e-12, 0.0),
        (1e-5, 1e-5 * (1 + 2e-12)),
        (np.array([1e3, 1.1e-9]), np.array([1e3, 0.0])),
        (np.array([1e3, 1.1e-9]), np.array([-1e3, 0.0])),
        (np.array([1.0]), 1.0),
        (np.array([[1.0]]), np.array([1.0])),
        (np.array([1.0, 2.0]), np.array([1.0])),
        (True, 1),
        (1, True),
        (1 + 1e-13, True),
        (2, 3),
        (2**53 + 1, 2**53),
        (1.5, 1),
        (np.inf, -np.inf),
        (np.nan, 0.0),
        ((1.0, 2.0), (1.0,)),
        ((1.0, 2.0), (1.0, 3.0)),
        ("1", 1),
        (1, "1"),
        ((1,), 1),
        (1, (1,)),
        ("a", "b"),
        (None, False),
        (Integer(1), 1),
        (Symbol("a"), Symbol("b")),
    ],
)
def test_do_not_agree(answer, right):
    assert not agree(answer, right)


def test_agree_within():
    assert agree([(1.0, 2.0)], [(1.05, 2.0)], within=0.1)
    assert not agree([(1.0, 2.0)], [(1.05, 2.0)])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1 / 3, "0.333333"),
        (np.float64(1e-300), "1e-300"),
        (-0.0, "0"),
        (12345678, "12345678"),
        (np.int64(3), "3"),
        (True, "True"),
        (None, "None"),
        ("a 'b'", "a 'b'"),
        ([1.5, ("a", 2)], "[1.5, (a, 2)]"),
        (((),), "(())"),
        (np.array([[1.0, 1e-13], [0.0, -2.0]]), "[[1, 0], [0, -2]]"),
        (np.array([1.0, 1.1e-12]), "[1, 1.1e-12]"),
        (np.array([1e3, 0.9e-9, -0.9e-9]), "[1000, 0, 0]"),
        (np.array([-1e3, 0.9e-9]), "[-1000, 0]"),
        (np.array([1e-14, 1e-20]), "[1e-14, 1e-20]"),
        (np.array([np.inf, 1e-5, np.nan]), "[inf, 1e-05, nan]"),
        (np.array([]), "[]"),
        (np.array(2.0), "2"),
        (np.array([1, 0]), "[1, 0]"),
        (np.array([True]), "[True]"),
        (Symbol("a") + 1, "a + 1"),
        (ValueError, "<class 'ValueError'>"),
    ],
)  # fmt: skip
def test_plain(value, text):
    assert plain(value) == text


def test_plain_within():
    assert plain((np.array([1.0, 0.09]),), within=0.1) == "([1, 0])"
    assert plain([np.array([1.0, 0.09])], within=0.01) == "[[1, 0.09]]"
    assert plain(np.array([1.0, 0.5]), within=0.5) == "[1, 0]"
