"""An erratum of the prose must be refuted by numbers."""

import pytest

from boltzlib.book import ClaimFailed, erratum
from boltzlib.book.errata import MIME


def record(claimed, actual):
    return erratum(
        "2.1",
        says="KL is symmetric.",
        right="It is not.",
        counterexample=lambda: ("D", claimed, actual),
    )


def test_record_and_card():
    bundle = record(0.5, 0.25)._repr_mimebundle_()
    assert bundle[MIME] == {
        "section": "2.1",
        "says": "KL is symmetric.",
        "right": "It is not.",
        "counterexample": "D: 0.5 by the note, 0.25 in fact",
    }
    assert "The note says" in bundle["text/html"]


@pytest.mark.parametrize(
    "pair", [(1.0, 1.0), (1.0, 1.0 + 1e-12), (True, True), ("a", "a"), (0.0, -0.0)]
)
def test_a_counterexample_that_refutes_nothing(pair):
    with pytest.raises(ClaimFailed, match="refutes nothing"):
        record(*pair)


def test_what_cannot_be_compared_refutes_nothing():
    with pytest.raises(ValueError, match="cannot be compared"):
        record(True, 1.0)


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        (("a", "b"), "a by the note, b in fact"),
        ((True, False), "yes by the note, no in fact"),
        ((False, True), "no by the note, yes in fact"),
        (([1.0, 2.0], [1.0, 3.0]), "[1., 2.] by the note, [1., 3.] in fact"),
    ],
)
def test_words_truths_and_arrays_can_be_refuted(pair, said):
    assert record(*pair)._repr_mimebundle_()[MIME]["counterexample"].endswith(f": {said}")
