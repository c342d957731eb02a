"""The second jury: the notebooks, without the unit tests.

Each notebook is run once under coverage, so that it is known which cells touch which line,
and what the variables were before each cell.  From there a mutant needs to run only the
cells that touch its line, and those that use what such a cell has computed
(`tools.mutants.cells`), until one raises or shows anything else than what is stored: what
nbval, which runs them all, would see too.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import accumulate
from pathlib import Path

import coverage

from tools.contents import notebooks_in
from tools.kernel_environment import ROOT
from tools.mutants import forks, live
from tools.mutants.cells import Cell, Users, cells_of
from tools.mutants.slips import Mutant
from tools.normal_form import normal_output

CHAPTERS = ROOT / "chapters"
SLACK = 3.0  # seconds beyond ten times its usual time after which a cell hangs


class Kernel:
    """Runs the code cells of one notebook in this process, as a Jupyter kernel would."""

    def __init__(self, folder: Path):
        from IPython.core.displayhook import DisplayHook
        from IPython.core.displaypub import DisplayPublisher
        from IPython.core.interactiveshell import InteractiveShell

        shown = self.shown = []

        class Publisher(DisplayPublisher):
            def publish(self, data, metadata=None, **others):
                shown.append((data, metadata or {}))

        class Hook(DisplayHook):
            def write_output_prompt(self):
                """No "Out[3]:" in a notebook."""

            def write_format_data(self, data, metadata=None):
                shown.append((data, metadata or {}))

        class Shell(InteractiveShell):
            display_pub_class = Publisher
            displayhook_class = Hook

            def showtraceback(self, *args, **kwargs):
                """A cell that raises is caught; why is not asked."""

        os.chdir(folder)
        InteractiveShell.clear_instance()
        self.shell = Shell.instance()
        self.shell.history_manager.enabled = False

    def differs(self, cell: Cell) -> bool:
        """Run a cell; say whether it raises or shows anything else than what is stored."""
        self.raised, outputs = self.run(cell.source)
        return self.raised or _comparable(outputs) != _comparable(cell.outputs)

    def run(self, source: str) -> tuple[bool, list]:
        """Whether the cell raises, and its outputs."""
        self.shown.clear()
        streams = {"stdout": io.StringIO(), "stderr": io.StringIO()}
        with (
            contextlib.redirect_stdout(streams["stdout"]),
            contextlib.redirect_stderr(streams["stderr"]),
        ):
            result = self.shell.run_cell(source, store_history=True)
        outputs = [
            {"output_type": "stream", "name": name, "text": stream.getvalue()}
            for name, stream in streams.items()
        ]
        for data, metadata in self.shown:
            output = {"output_type": "display_data", "data": data, "metadata": metadata}
            outputs.append(normal_output(output, False))
        return not result.success, outputs


def _comparable(outputs) -> str:
    """Streams by name, then what is shown, in order; JSON as JSON."""
    streams = {"stdout": "", "stderr": ""}
    shown = []
    for output in outputs:
        if output["output_type"] == "stream":
            streams[output["name"]] += "".join(output["text"])
        elif output["output_type"] != "error":
            data = {
                mime: value if mime.endswith("json") else "".join(value)
                for mime, value in output["data"].items()
            }
            shown.append([data, output.get("metadata") or {}])
    return json.dumps([streams, shown], sort_keys=True, default=str)


def paths(pages: Sequence[str] = ()) -> list[Path]:
    """All notebooks, the back matter first, which is quick; or those with a word in the name."""
    found = sorted(notebooks_in([CHAPTERS]), key=lambda path: path.parent.name != "back_matter")
    return [p for p in found if not pages or any(part in p.stem for part in pages)]


def import_all() -> None:
    """Import once what every fork needs."""
    os.environ["MPLBACKEND"] = "agg"
    for name in (
        "IPython.core.interactiveshell", "matplotlib.pyplot", "scipy.optimize", "scipy.integrate",
        "sklearn.mixture", "sklearn.datasets", "sympy.matrices.expressions", "boltzlib.book",
    ):  # fmt: skip
        importlib.import_module(name)


class Notebook:
    """A notebook that has been run: its cells, what they touch, what they cost."""

    def __init__(self, path: Path):
        self.cells = cells_of(path)
        self.kernel = Kernel(path.parent)
        self.before, self.seconds, self.faults = [], [], []
        watch = coverage.Coverage(
            data_file=None, config_file=False, source=[str(ROOT / "boltzlib")], messages=False
        )
        watch.start()
        for number, cell in enumerate(self.cells):
            self.before.append(dict(self.kernel.shell.user_ns))
            watch.switch_context(str(number))
            start = time.process_time()
            if self.kernel.differs(cell):
                self.faults.append(number)
            self.seconds.append(time.process_time() - start)
        watch.stop()
        data = watch.get_data()
        self.touched = {
            (file, line): {int(name) for name in names if name}
            for file in data.measured_files()
            for line, names in data.contexts_by_lineno(file).items()
        }
        self.users = Users(self.cells, self.kernel.shell.user_ns)

    def cells_for(self, mutant: Mutant) -> list[int]:
        """The cells that can tell a mutant from the library, in order."""
        path = str(live.path_of(mutant.module))
        if mutant.scope:
            keys = [(path, line) for line in live.lines_of(mutant)]
        else:
            keys = [key for key in self.touched if key[0] == path]
        return self.users.of(set().union(*(self.touched.get(key, set()) for key in keys)))

    def notices(self, numbers: Sequence[int]) -> bool:
        """Run these cells again; say whether one raises or shows something else."""
        variables = self.kernel.shell.user_ns
        changed: dict = {}
        last = None
        for number in numbers:
            before = self.before[number]
            if last is not None:  # what a cell that does not run again has set stands
                after = self.before[last + 1]
                stands = {n for n in changed if before.get(n) is not after.get(n)}
                changed = {name: changed[name] for name in changed.keys() - stands}
            for name in set(variables) - set(before):
                del variables[name]
            variables.update(before | changed)
            variables["In"] = [*before["In"][: number + 1], self.cells[number].source]
            kept = dict(variables)
            forks.allow(SLACK + 10 * self.seconds[number])
            if self.kernel.differs(self.cells[number]):
                return True
            changed |= {n: v for n, v in variables.items() if n not in kept or kept[n] is not v}
            last = number
        return False


def judge(
    mutants: Sequence[Mutant],
    at_most: int,
    told: Callable[[Mutant, str], None],
    pages: Sequence[str],
    enough: float,
) -> None:
    """Tell the verdict on each mutant: caught by any notebook, or by none."""
    import_all()
    left = {mutant: "survived" for mutant in mutants}
    spent = dict.fromkeys(mutants, 0.0)
    for path, asked in _rounds(paths(pages)):
        still = {m: enough - spent[m] for m in left if asked(m) and spent[m] < enough}
        start = time.monotonic()
        verdicts = next(forks.answers([path], partial(_try, budgets=still, at_most=at_most), 1))
        caught = sum(verdict in ("caught", "endless") for _, verdict, _ in verdicts)
        print(
            f"  {path.stem}: {len(still)} left, {len(verdicts)} touched, {caught} caught, "
            f"{time.monotonic() - start:.0f} s",
            flush=True,
        )
        for mutant, verdict, seconds in verdicts:
            spent[mutant] += seconds
            if verdict in ("caught", "endless"):
                told(mutant, verdict)
                del left[mutant]
            elif verdict == "unfit":
                left[mutant] = verdict
    for mutant, verdict in left.items():
        told(mutant, verdict)


def _rounds(notebooks: Sequence[Path]) -> Iterator[tuple[Path, Callable[[Mutant], bool]]]:
    """The pages in the order that is quickest, each with the mutants that it is asked about.

    The page of refusals sees nearly every line, and little but what is refused.
    """
    refusals = [path for path in notebooks if path.stem == "refusals"]
    others = [path for path in notebooks if path.stem != "refusals"]
    yield from ((path, lambda mutant: mutant.guard) for path in refusals)
    yield from ((path, lambda mutant: True) for path in others)
    yield from ((path, lambda mutant: not mutant.guard) for path in refusals)


def _try(path: Path, budgets: dict[Mutant, float], at_most) -> list[tuple[Mutant, str, float]]:
    """Show one notebook all mutants that are left and that it can tell."""
    notebook = Notebook(path)
    if notebook.faults:
        raise RuntimeError(f"{path.name}: cells {notebook.faults} differ without any mutant")
    live.look_around()
    alone = range(len(notebook.cells))
    for number, verdict in forks.verdicts(
        alone, lambda k: notebook.notices(notebook.users.of({k})), at_most
    ):
        if verdict != "survived":
            raise RuntimeError(f"{path.name}: cell {number} alone differs without any mutant")

    def work(job):
        mutant, numbers = job
        forks.allow(SLACK)
        try:
            live.put_in(mutant)
        except live.Unfit:
            return forks.UNFIT
        except live.CannotBeImported:
            return forks.CAUGHT
        return forks.CAUGHT if notebook.notices(numbers) else forks.SURVIVED

    jobs = []
    for mutant, budget in budgets.items():
        numbers = notebook.cells_for(mutant)
        so_far = accumulate((notebook.seconds[k] for k in numbers), initial=0.0)
        if numbers := [k for k, spent in zip(numbers, so_far, strict=False) if spent < budget]:
            jobs.append((mutant, numbers))
    return [
        (mutant, verdict, sum(notebook.seconds[k] for k in numbers))
        for (mutant, numbers), verdict in forks.verdicts(jobs, work, at_most)
    ]
