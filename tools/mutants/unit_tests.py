"""The first jury: the unit tests, without the notebooks.

One pytest session collects the tests.  Then, in forks of it, every test runs once under
coverage, so that it is known which tests touch which line; and each mutant meets the tests
that touch its line, until one fails.  First come tests that are quick, that are of its own
module, and that have noticed other mutants of the same function.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import pickle
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import accumulate

import coverage
import pytest

from tools.kernel_environment import ROOT, fix_environment
from tools.mutants import equivalents, forks, live
from tools.mutants.slips import Mutant

# What reads the stored book is not a unit test of the library.
NOT_UNIT = [
    "test_notebooks.py", "test_pages.py", "test_ledger.py", "test_tools.py", "test_mutants.py",
    "test_broken_displays.py", "test_benchmarks.py", "test_memory.py",
]  # fmt: skip
KEPT = ROOT / "_build" / "mutants" / "first_run.pickle"
PIECES = 16  # the tests' first run is cut in so many jobs
ENOUGH = 15.0  # seconds of tests after which a mutant has survived
LISTED = 1.0  # the same for one that is listed as equivalent
START = 0.005  # seconds that any test costs beside its own
OWN = 0.1  # a test of the mutant's own module comes as if it were so much quicker
SLACK = 3.0  # a test that takes so many seconds more than ten times its usual time hangs


def judge(
    mutants: Sequence[Mutant],
    at_most: int,
    told: Callable[[Mutant, str], None],
    files: Sequence[str] = (),
    enough: float = ENOUGH,
) -> None:
    """Tell the verdict on each mutant, by all tests of their modules or those of some files."""
    fix_environment()
    os.chdir(ROOT)
    ignored = [f"--ignore=tests/{name}" for name in NOT_UNIT]
    of_book = {mutant.module.startswith("boltzlib.book.") for mutant in mutants}
    if of_book == {False}:  # the tests of the book touch the library by the way only
        ignored += ["--ignore=tests/book", "--ignore=boltzlib/book"]
    folders = ["tests/book", "boltzlib/book"] if of_book == {True} else ["tests", "boltzlib"]
    folders = files or folders
    jury = _Jury(mutants, at_most, told, enough)
    arguments = ["-p", "no:terminal", "-p", "no:nbval", "-p", "no:xdist", "-p", "no:cacheprovider"]
    arguments += ["-o", "addopts=--strict-markers --doctest-modules --import-mode=importlib"]
    pytest.main([*arguments, *ignored, *folders], plugins=[jury])
    if jury.problem:
        raise RuntimeError(jury.problem)


class _Jury:
    def __init__(self, mutants, at_most, told, enough):
        self.mutants, self.at_most, self.told, self.enough = mutants, at_most, told, enough
        self.problem = "pytest never came to run its tests"
        self.failed: list[str] = []
        self.leave: Callable[[str], None] | None = None  # at the first failure

    def pytest_configure(self):
        import hypothesis  # pytest wants to be the first to import it
        from hypothesis import Phase

        # The same examples each time; a failure is not made smaller, nor kept for later.
        hypothesis.settings.register_profile(
            "mutants",
            database=None,
            derandomize=True,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        hypothesis.settings.load_profile("mutants")

    def pytest_collectreport(self, report):
        if report.failed:
            self.failed.append(f"{report.nodeid}: {report.longreprtext}")

    def pytest_runtest_logreport(self, report):
        if report.failed:
            if self.leave:
                self.leave(report.nodeid)
            self.failed.append(f"{report.nodeid}: {report.longreprtext}")

    def pytest_runtestloop(self, session):
        if self.failed:
            self.problem = "the tests cannot be collected:\n" + "\n".join(self.failed)
            return True
        items = session.items
        if not (first := _kept_first_run(items)):
            print(f"  {len(items)} tests, each once under coverage", flush=True)
            pieces = [items[k::PIECES] for k in range(PIECES)]
            first = list(forks.answers(pieces, self._first_run, self.at_most))
            if failures := [fault for _, _, failed in first for fault in failed]:
                self.problem = "without any mutant:\n" + "\n".join(failures)
                return True
            _keep_first_run(items, first)
        touched = defaultdict(set)  # (path, line) → numbers of tests
        number = {item.nodeid: k for k, item in enumerate(items)}
        seconds = {}
        for lines, times, _ in first:
            for key, names in lines.items():
                touched[key] |= {number[name] for name in names}
            seconds |= {number[name]: taken for name, taken in times.items()}
        print(f"  {sum(seconds.values()):.0f} s of tests", flush=True)
        live.look_around()
        listed = equivalents.reasons()
        # In memory that the forks share: the number of the test that noticed each mutant, plus 1.
        noticed = memoryview(mmap.mmap(-1, 4 * len(self.mutants) or 4)).cast("i")
        known: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)  # of each function

        def jurors(mutant):
            path = str(live.path_of(mutant.module))
            if mutant.scope:
                keys = [(path, line) for line in live.lines_of(mutant)]
            else:
                keys = [key for key in touched if key[0] == path]
            chosen = set().union(*(touched.get(key, set()) for key in keys))
            name = f"test_{mutant.module.rpartition('.')[2].lstrip('_')}.py"
            own = {k for k, item in enumerate(items) if item.path.name == name}
            if not mutant.scope:  # who only looks at a default touches no line
                chosen |= own
            mine = known[mutant.module, mutant.scope]

            def price(k: int) -> tuple[float, int]:
                return (seconds[k] + START) * (OWN if k in own else 1) / (1 + mine[k]), k

            ranked = sorted(chosen, key=price)
            so_far = accumulate((seconds[k] for k in ranked), initial=0.0)
            enough = min(LISTED, self.enough) if mutant.name in listed else self.enough
            return [k for k, spent in zip(ranked, so_far, strict=False) if spent < enough]

        def work(job):
            place, mutant = job
            chosen = jurors(mutant)

            def leave(name: str) -> None:
                noticed[place] = number[name] + 1
                os._exit(forks.CAUGHT)

            self.leave = leave
            forks.allow(SLACK)
            try:
                live.put_in(mutant)
            except live.Unfit:
                return forks.UNFIT
            except live.CannotBeImported:
                return forks.CAUGHT
            for k, following in zip(chosen, [*chosen[1:], None], strict=True):
                forks.allow(SLACK + 10 * seconds[k])
                after = None if following is None else items[following]
                items[k].config.hook.pytest_runtest_protocol(item=items[k], nextitem=after)
            return forks.SURVIVED

        jobs = list(enumerate(self.mutants))
        for (place, mutant), verdict in forks.verdicts(jobs, work, self.at_most):
            if noticed[place]:
                known[mutant.module, mutant.scope][noticed[place] - 1] += 1
            self.told(mutant, verdict)
        self.problem = ""
        return True

    def _first_run(self, items):
        """Lines that each test touches, the seconds it takes, what fails."""
        watch = coverage.Coverage(
            data_file=None, config_file=False, source=[str(ROOT / "boltzlib")], messages=False
        )
        times = {}
        watch.start()
        for item in items:
            watch.switch_context(item.nodeid)
            start = time.process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            times[item.nodeid] = time.process_time() - start
        watch.stop()
        return _contexts(watch), times, self.failed


def _contexts(watch: coverage.Coverage) -> dict[tuple[str, int], set[str]]:
    """For each (path, line) the contexts in which it ran."""
    data = watch.get_data()
    found = {}
    for path in data.measured_files():
        for line, names in data.contexts_by_lineno(path).items():
            found[path, line] = {name for name in names if name}
    return found


def _state(items) -> str:
    """A fingerprint of the tests and of the library."""
    digest = hashlib.sha256("\n".join(item.nodeid for item in items).encode())
    for folder in ("tests", "boltzlib"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _kept_first_run(items) -> list:
    if not KEPT.exists():
        return []
    state, first = pickle.loads(KEPT.read_bytes())
    return first if state == _state(items) else []


def _keep_first_run(items, first) -> None:
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_bytes(pickle.dumps((_state(items), first)))
