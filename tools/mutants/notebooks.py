"""Run the cells of a notebook again, and see what differs from what is stored.

Each notebook is run once under coverage, so that it is known which cells touch which line,
and what the variables were before each cell.  From there any cell can run again, with those
that use what it has computed (`tools.mutants.cells`).
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import coverage

from tools.contents import notebooks_in
from tools.kernel_environment import ROOT
from tools.mutants import forks
from tools.mutants.cells import Cell, Users, cells_of
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

    def group(self, number: int) -> list[int]:
        """A cell, and those that use what it computes."""
        return self.users.of({number})

    def notices(self, numbers: Sequence[int]) -> bool:
        """Run these cells again; say whether one raises or shows something else."""
        return any(self.again(numbers))

    def again(self, numbers: Sequence[int]) -> Iterator[bool]:
        """Run these cells again; yield of each whether it raises or shows something else."""
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
            yield self.kernel.differs(self.cells[number])
            changed |= {n: v for n, v in variables.items() if n not in kept or kept[n] is not v}
            last = number
