"""Which equation numbers are the lecture note's."""

import pytest

from boltzlib.book.numbering import NOTE_NUMBERS, origin


@pytest.mark.parametrize(
    ("section", "first", "last"), [(1, 1, 3), (2, 4, 47), (3, 48, 77), (4, 78, 89), (8, 90, 97)]
)
def test_the_note_numbers_its_equations_in_one_run(section, first, last):
    inside, outside = (first, last), (first - 1, last + 1)
    assert {origin(f"{section}.{number}") for number in inside} == {"note"}
    assert {origin(f"{section}.{number}") for number in outside} == {"book"}


def test_the_note_has_97_equations():
    assert [int(number.split(".")[1]) for number in NOTE_NUMBERS] == list(range(1, 98))
