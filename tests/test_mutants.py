"""Mutation testing itself: slips are planted where they should be, and juries see them."""

import importlib
import math
import textwrap

import numpy as np
import pytest

from boltzlib import divergence
from tools.mutants import equivalents, forks, live, page, stated
from tools.mutants.__main__ import modules, seed_of_sources
from tools.mutants.cells import Cell, Users, names
from tools.mutants.notebooks import Kernel
from tools.mutants.slips import mutants_in


def slips_of(body: str) -> set[tuple[str, str]]:
    source = "def f(a, b, c):\n" + textwrap.indent(textwrap.dedent(body), "    ")
    return {(mutant.slip, mutant.after) for mutant in mutants_in("m", source)}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return a + b", {("sign", "a - b"), ("dropped term", "a"), ("dropped term", "b")}),
        ("return abs(a - b)", {
            ("sign", "a + b"), ("dropped term", "a"), ("lost function", "a - b"),
        }),
        ("return (a - b) ** 2", {
            ("sign", "a + b"), ("dropped term", "a"), ("operator", "(a - b) * 2"),
            ("dropped factor", "a - b"), ("constant", "3"),
        }),
        ("return a / b", {("operator", "a * b"), ("dropped factor", "a"), ("swapped", "b / a")}),
        ("return a @ b.T", {("swapped", "b.T @ a"), ("transpose", "b")}),
        ("return a.sum(axis=0)", {("axis", "1")}),
        ("return a.mean(axis=-1)", {
            ("wrong function", "a.sum(axis=-1)"), ("axis", "0"), ("constant", "2"),
        }),
        ("return a[b, c]", {("index", "a[c, b]")}),
        ("return a[1:]", {("constant", "2")}),
        ("return a < b", {("boundary", "a <= b"), ("direction", "a > b")}),
        ("return a == b or c", {
            ("operator", "a == b and c"), ("dropped condition", "c"),
            ("dropped condition", "a == b"), ("negation", "a != b"),
        }),
        ("return f(a, b, c)", {("swapped", "f(b, a, c)")}),
        ("return [k for k in range(a)]", {("boundary", "range(a - 1)")}),
        ("a += b", {("sign", "a -= b"), ("dropped statement", "pass")}),
        ("a.append(b)", {("dropped statement", "pass")}),
        ("a[b] = c", {("dropped statement", "pass")}),
        ("if a: return -b", {("negation", "not a"), ("sign", "b")}),
        ("return np.exp(a) if not b else 0.5", {
            ("lost function", "a"), ("negation", "b"), ("constant", "1.0"),
        }),
        ("raise ValueError(a + b)", set()),  # what an error says is no arithmetic
        ("x: list[a - b] = c", set()),
    ],
)  # fmt: skip
def test_the_slips_of_a_piece_of_code(body, expected):
    assert slips_of(body) == expected


def test_a_condition_that_only_refuses_is_a_guard():
    source = "def f(k):\n    if k < 1:\n        raise ValueError\n    return k < 2"
    assert [m.guard for m in mutants_in("m", source) if m.slip == "boundary"] == [True, False]


def test_names_of_mutants_are_unique_and_every_listed_one_exists():
    everything = [mutant.name for name in modules() for mutant in live.mutants_of(name)]
    assert len(set(everything)) == len(everything) > 5_000
    assert not set(equivalents.reasons()) - set(everything)


def test_the_seed_of_the_sample_is_that_of_the_sources():
    assert seed_of_sources() == seed_of_sources() > 0


def test_a_slip_lives_in_its_fork_only():
    p, q = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    right = divergence.total_variation(p, q)
    mutants = [m for m in live.mutants_of("boltzlib.divergence") if "total_variation" in m.scope]

    def work(mutant):
        live.put_in(mutant)
        return forks.SURVIVED if divergence.total_variation(p, q) == right else forks.CAUGHT

    verdicts = {m.name: verdict for m, verdict in forks.verdicts(mutants, work, 2)}
    assert len(verdicts) == len(mutants) > 3
    assert "caught" in verdicts.values()
    assert divergence.total_variation(p, q) == right == 0.25


def test_a_changed_default_or_constant_reaches_who_uses_it():
    found = [m for m in live.mutants_of("boltzlib.empirical") if not m.scope]

    def work(mutant):
        live.put_in(mutant)
        return forks.SURVIVED

    assert found
    assert {verdict for _, verdict in forks.verdicts(found, work, 2)} == {"survived"}


def test_every_slip_at_module_level_can_be_put_in_but_a_call_left_out():
    for name in modules():
        importlib.import_module(name)
    found = [m for name in modules() for m in live.mutants_of(name) if not m.scope]

    def work(mutant):
        try:
            live.put_in(mutant)
        except live.CannotBeImported:
            return forks.CAUGHT
        except live.Unfit:
            return forks.UNFIT
        return forks.SURVIVED

    verdicts = list(forks.verdicts(found, work, 2))
    (call,) = (m.before for m, verdict in verdicts if verdict not in ("survived", "caught"))
    assert call == "plt.rcParams.update(STYLE)"  # what the import has done stays done


def test_an_endless_loop_is_stopped_and_a_check_that_breaks_has_noticed_nothing():
    def work(job):
        forks.allow(0.2)
        if job == "loop":
            while True:
                math.sqrt(2)
        raise MemoryError

    verdicts = dict(forks.verdicts(["loop", "crash"], work, 2))
    assert verdicts == {"loop": "endless", "crash": "unfit"}


def test_answers_come_back_and_errors_too():
    assert sorted(forks.answers([1, 2, 3], lambda k: k * k, 2)) == [1, 4, 9]
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        list(forks.answers([0], lambda k: 1 / k, 1))


@pytest.mark.parametrize(
    ("source", "needs", "gives"),
    [
        ("y = f(x)", {"f", "x"}, {"y"}),
        ("x = x + 1", {"x"}, {"x"}),
        ("for k in rows:\n    print(k)", {"rows", "print"}, {"k"}),
        ("def g(a):\n    return a * scale", {"scale"}, {"g"}),
        ("table[0] = 1\nhistory.append(2)", {"table", "history"}, {"table", "history"}),
    ],
)
def test_what_a_cell_needs_and_gives(source, needs, gives):
    assert names(source) == (needs, gives)


def test_cells_that_use_what_another_computes_run_again():
    cells = [
        Cell(source, []) for source in ("a = 1", "b = a", "c = 2", "d = b + c", "rng.random()", "e")
    ]
    rng = np.random.default_rng(0)
    users = Users(cells, {"rng": rng})
    assert users.of({0}) == [0, 1, 3]
    assert users.of({2}) == [2, 3]
    assert users.of({5}) == [5]


def test_who_draws_random_numbers_needs_all_who_drew_before():
    sources = ("rng = default_rng(0)", "x = rng.random()", "1 + 1", "y = rng.random()")
    users = Users([Cell(s, []) for s in sources], {"rng": np.random.default_rng(0)})
    assert users.of({3}) == [0, 1, 3]
    assert users.of({2}) == [2]


def test_a_kernel_tells_a_changed_output_and_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def work(cell):
        kernel = Kernel(tmp_path)
        return forks.CAUGHT if kernel.differs(cell) else forks.SURVIVED

    result = {"output_type": "execute_result", "data": {"text/plain": "3"}, "metadata": {}}
    stream = {"output_type": "stream", "name": "stdout", "text": "3\n"}
    cells = {
        "same": Cell("1 + 2", [result]),
        "printed": Cell("print(3)", [stream]),
        "other": Cell("1 + 3", [result]),
        "silent": Cell("None", [result]),
        "raises": Cell("1 / 0", []),
    }
    verdicts = {cell: verdict for cell, verdict in _by_name(cells, work)}
    assert verdicts == {
        "same": "survived", "printed": "survived",
        "other": "caught", "silent": "caught", "raises": "caught",
    }  # fmt: skip


def _by_name(cells, work):
    return forks.verdicts(cells, lambda name: work(cells[name]), 2)


def test_a_statement_is_broken_where_it_is_written():
    cells = [
        Cell("right = a - b\nother = a + b", []),
        Cell('claim("2.4", "identity", chain("F", "=", 2 * right), derived=other)', []),
    ]
    found = {(b.cell, b.slip, b.after) for b in stated.broken_claims("page", cells)}
    assert {
        (0, "sign", "a + b"), (1, "constant", "3"), (1, "relation", "'!='"), (1, "name", "'2 F'"),
    } <= found  # fmt: skip
    assert not {entry for entry in found if "other" in entry[2]}


def test_a_bound_is_moved_unless_it_is_infinite():
    cells = [Cell('claim("2.4", "identity", chain("F", "=", Sum(a, (k, 0, oo))))', [])]
    found = [b.after for b in stated.broken_claims("page", cells) if b.slip == "bound"]
    assert found == ["(k, 0 + 1, oo)"]


def test_a_text_without_letters_is_no_name():
    source = (
        'claim("2.4", "identity", together(chain("F", "=", a), chain("G", "=", b), joiner=", "))'
    )
    found = [b for b in stated.broken_claims("page", [Cell(source, [])]) if b.slip == "name"]
    assert [b.before for b in found] == ["'F'", "'G'"]


def test_what_two_claims_state_is_broken_once():
    cells = [
        Cell("right = a - b", []),
        Cell('claim("2.4", "identity", chain("F", "=", right))', []),
        Cell('claim("2.5", "identity", chain("G", "=", right))', []),
    ]
    above = [b.source for b in stated.broken_claims("page", cells) if b.cell == 0]
    assert len(set(above)) == len(above) > 0


def test_the_page_has_a_place_for_every_table(tmp_path, monkeypatch):
    copy = tmp_path / "page.md"
    copy.write_text(page.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(page, "PAGE", copy)
    for name in ("modules", "slips", "stated", "displays", "equivalents"):
        page.write(name, f"here is {name}")
        assert f"\n\nhere is {name}\n\n" in copy.read_text(encoding="utf-8")
    with pytest.raises(LookupError):
        page.write("nothing", "")
