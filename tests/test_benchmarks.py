"""How times are taken and how the performance page is written; the peers are not needed."""

import time
from types import SimpleNamespace

import pytest

from benchmarks import page
from benchmarks.timing import Row, medians

ROWS = [Row("sum", "other", ours=0.0004, theirs=1.3, difference=2e-15)]
SCALING = {
    "boltzlib": {16: 1e-4, 18: 2e-4, 20: 5e-4},
    "dwave": {16: 0.1, 18: 0.3, 20: 1.2},
    "dimod": {16: 0.2, 18: 0.4, 20: 1.6},
}


def test_a_ratio_says_how_much_longer_the_peer_takes():
    assert ROWS[0].ratio == pytest.approx(3250.0)


def test_medians_take_turns_and_leave_out_the_first_call():
    calls = []

    def slow():
        calls.append("slow")
        time.sleep(0.05 if calls.count("slow") == 1 else 0.01)

    def fast():
        calls.append("fast")

    found = medians({"slow": slow, "fast": fast}, seconds=0.02)
    assert calls[:6] == ["slow", "fast"] * 3
    assert 0.009 < found["slow"] < 0.05 and found["fast"] < found["slow"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(2.0, "2\xa0s"), (0.0123456, "12.3\xa0ms"), (4.06e-4, "406\xa0µs"), (5e-8, "50\xa0ns")],
)
def test_times_have_units(value, shown):
    assert page.seconds(value) == shown


def test_a_small_ratio_keeps_a_digit():
    rows = [Row("step", "other", ours=0.1, theirs=0.07, difference=0.0)]
    assert "| 0.7 |" in page.table(rows)


def test_answers_of_random_algorithms_are_not_compared():
    assert "| (random) |" in page.table([Row("epoch", "other", 0.1, 0.2, None)])


def test_likelihoods_are_shown_with_their_spread():
    found = [SimpleNamespace(name="boltzlib", seconds=0.9, values=(-17.2, -17.4, -17.3))]
    words = {"images": 1797, "hidden": 16, "epochs": 200, "wall": 5.0}
    text = page.rbm_section(ROWS, found, found, **words)
    assert "| boltzlib | −17.30 | −17.40 | −17.20 | 900\xa0ms |" in text
    assert "over 3 seeds, after 200 epochs" in text and "{" + "eq}`eq-4-82b`" in text


def test_the_page_holds_what_was_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "PAGE", tmp_path / "performance.md")
    sections = [
        page.ising_section(ROWS, SCALING, 9.4),
        page.mixture_section(ROWS, "| samples |\n|--:|\n| 10 |", 0.25),
    ]
    page.write(sections, "A processor, 2 cores", "2026-01-31")
    text = page.PAGE.read_text(encoding="utf-8")
    assert "Measured on 2026-01-31: A processor, 2 cores." in text
    assert "| sum | other | 400\xa0µs | 1.3\xa0s | 3250 | 2e-15 |" in text
    assert "| N | 16 | 18 | 20 |" in text and "9 MB" in text
    assert "<svg" in text and "aria-label" in text
    assert "| samples |" in text and "takes 250\xa0ms" in text
    assert "{eq}`eq-2-29a`" in text and "{eq}`eq-3-57a`" in text


def test_the_page_in_the_book_is_of_this_form():
    text = page.PAGE.read_text(encoding="utf-8")
    head = page.TEMPLATE.partition("{date}")[0]
    assert text.startswith(head)
    for peer in ("dwave-samplers", "dimod", "scikit-learn", "pomegranate", "learnergy", "rbms"):
        assert peer in text
    assert "cores" in text
