"""Execute notebooks and store them in normal form.

    python -m tools.notebooks [path ...]           execute and store (default: all of chapters/)
    python -m tools.notebooks --check [path ...]   execute, and fail if a stored byte differs
    python -m tools.notebooks .text/2_x/2_1_y.md   execute the edited text, store the notebook

A path is a notebook, a folder of them, or a text in .text/ (tools/notebook_text.py).
Nothing is stored when a cell raises, warns or prints a path of the machine.
"""

import argparse
import contextlib
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

from tools import notebook_text
from tools.contents import notebooks_in
from tools.kernel_environment import ROOT, fix_environment
from tools.normal_form import normal_form, to_text
from tools.notebook_diff import difference
from tools.unfit_outputs import unfit

TIMEOUT = 300  # seconds for a cell


class Outcome(NamedTuple):
    path: Path
    seconds: float
    state: str  # "stored", "unchanged", "as stored", "refused" or "differs"
    details: str = ""

    @property
    def good(self) -> bool:
        return self.state not in ("refused", "differs")


def execute(notebook, folder: Path) -> dict:
    """A fresh run of the notebook in its folder, in normal form."""
    notebook = nbformat.from_dict(normal_form(notebook))
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--log-level=40"],  # no talk of unencrypted sockets
        resources={"metadata": {"path": str(folder)}},
    )
    with contextlib.suppress(CellExecutionError):  # it stays in the outputs, for unfit()
        client.execute()
    return normal_form(notebook)


def process(path: Path, check: bool = False) -> Outcome:
    """Execute one notebook; store it, or only compare it with what is stored."""
    fix_environment()
    start = time.perf_counter()
    from_text = notebook_text.is_text(path)
    target = notebook_text.notebook_of(path) if from_text else path
    target.parent.mkdir(parents=True, exist_ok=True)
    source = notebook_text.read_text(path) if from_text else nbformat.read(path, as_version=4)
    try:
        fresh = execute(source, target.parent)
    except CellTimeoutError:
        seconds = time.perf_counter() - start
        return Outcome(target, seconds, "refused", f"a cell took more than {TIMEOUT} s")
    seconds = time.perf_counter() - start
    if faults := unfit(fresh):
        return Outcome(target, seconds, "refused", "\n".join(faults))
    text = to_text(fresh)
    stored = target.read_text(encoding="utf-8") if target.exists() else None
    if check:
        if stored == text:
            return Outcome(target, seconds, "as stored")
        return Outcome(target, seconds, "differs", difference(stored, fresh))
    if stored == text:
        os.utime(target)  # so that it is no older than the text it came from
        return Outcome(target, seconds, "unchanged")
    write_atomically(target, text)
    return Outcome(target, seconds, "stored")


def write_atomically(path: Path, text: str) -> None:
    """Whole or not at all: a reader never sees half a notebook."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def shown(path: Path) -> str:
    path = path.resolve()
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def report(outcome: Outcome, with_time: bool) -> None:
    clock = f"{outcome.seconds:6.1f} s  " if with_time else ""
    print(f"{clock}{shown(outcome.path)}: {outcome.state}", flush=True)
    for line in outcome.details.splitlines():
        print(f"    {line}", flush=True)
    if outcome.path.resolve().is_relative_to(notebook_text.CHAPTERS):
        text = notebook_text.text_of(outcome.path)
        if text.exists() and notebook_text.is_newer(text):
            print(f"    note: {shown(text)} is newer than this notebook; make sync", flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Execute notebooks, store them in normal form.")
    parser.add_argument("paths", nargs="*", type=Path, help="notebooks, folders or texts")
    parser.add_argument("--check", action="store_true", help="store nothing; fail on a difference")
    parser.add_argument("--edited", action="store_true", help="the texts newer than their notebook")
    parser.add_argument("--time", action="store_true", help="print the seconds each one took")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    options = parser.parse_args(arguments)
    if options.edited:
        paths = notebook_text.edited()
    else:
        paths = notebooks_in(options.paths or [ROOT / "chapters"])
    if not paths:
        print("no notebooks to run")
        return 0
    run = partial(process, check=options.check)
    good = True
    with ProcessPoolExecutor(max_workers=min(options.jobs, len(paths))) as pool:
        for outcome in pool.map(run, paths):
            report(outcome, options.time)
            good &= outcome.good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
