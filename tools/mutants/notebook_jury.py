"""The second jury: the notebooks, without the unit tests.

All notebooks stay alive, each in a process of its own that has run it once.  A mutant meets
the cells that touch its line, of whatever page, each in a fork and together with the cells
that use what it computes; until one raises or shows anything else than what is stored: what
nbval, which runs them all, would see too.  First come cells that are cheap, and that have
noticed other mutants of the same function.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from multiprocessing import connection, get_context
from pathlib import Path

from tools.mutants import forks, live, memory
from tools.mutants.notebooks import SLACK, Notebook, import_all, paths
from tools.mutants.slips import Mutant

FORKS = get_context("fork")
FORK = 0.05  # seconds that a question costs beside the cell
ENOUGH = 3.0  # seconds of cells after which a mutant has survived


class Page:
    """A notebook that waits in a process of its own to be asked about mutants."""

    def __init__(self, path: Path):
        self.name = path.stem
        self.pipe, theirs = FORKS.Pipe()
        self.process = FORKS.Process(target=_wait_for_mutants, args=(path, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.sound: set[int] = set()  # cells that have been seen to run again as stored

    def hear(self):
        """What the process says; what went wrong there goes wrong here."""
        answer = self.pipe.recv()
        if isinstance(answer, str):
            raise RuntimeError(f"{self.name}: {answer}")
        return answer

    def read(self) -> None:
        """Wait until the notebook has run: what its cells touch, and what each costs."""
        self.touched, self.costs = self.hear()

    def cells_for(self, path: str, lines: Sequence[int]) -> set[int]:
        """The cells that touch one of these lines of a module; without lines, any."""
        keys = [(path, line) for line in lines] or [key for key in self.touched if key[0] == path]
        return set().union(*(self.touched.get(key, set()) for key in keys))


def _wait_for_mutants(path: Path, pipe) -> None:
    """What the process of a page does: answer each question in a fork."""
    try:
        memory.install()
        notebook = Notebook(path)
        if notebook.faults:
            raise RuntimeError(f"cells {notebook.faults} differ without any mutant")
        groups = [notebook.group(number) for number in range(len(notebook.cells))]
        live.look_around()
        pipe.send((notebook.touched, [sum(notebook.seconds[k] for k in group) for group in groups]))
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who answer
        jury = os.getppid()
        while True:
            while not pipe.poll(5):
                if os.getppid() != jury:  # it was killed
                    os._exit(0)
            number, mutant, cell, is_sound = pipe.recv()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                pipe.send((number, _verdict(notebook, mutant, cell, groups[cell], is_sound)))
                os._exit(0)
    except EOFError:  # the jury is over
        pass
    except BaseException:
        with contextlib.suppress(OSError):
            pipe.send(traceback.format_exc())
    os._exit(0)


def _verdict(notebook: Notebook, mutant: Mutant, cell, group, is_sound: bool) -> str:
    def work(broken: bool) -> int:
        forks.allow(SLACK)
        if mutant.module.startswith("boltzlib.book."):
            memory.forget()
        try:
            if broken:
                live.put_in(mutant)
        except live.Unfit:
            return forks.UNFIT
        except live.CannotBeImported:
            return forks.CAUGHT
        return forks.CAUGHT if notebook.notices(group) else forks.SURVIVED

    ((_, verdict),) = forks.verdicts([True], work, 1)
    if verdict in ("caught", "endless") and not is_sound:
        ((_, alone),) = forks.verdicts([False], work, 1)
        if alone != "survived":
            return f"cell {cell} alone differs without any mutant"
    return verdict


def judge(
    mutants: Sequence[Mutant],
    at_most: int,
    told: Callable[[Mutant, str], None],
    pages: Sequence[str] = (),
    enough: float = ENOUGH,
) -> None:
    """Tell the verdict on each mutant: caught by any notebook, or by none."""
    import_all()
    start = time.monotonic()
    alive = list(_started(paths(pages), at_most))
    print(f"  {len(alive)} notebooks, {time.monotonic() - start:.0f} s", flush=True)
    known: dict[tuple, list[int]] = defaultdict(lambda: [0, 0])  # how often shown, and noticed
    coming = iter(enumerate(mutants))
    asked: dict[int, tuple[Page, int, set]] = {}  # which cell a mutant is shown, and what is left

    def show(number: int, left: set[tuple[Page, int]]) -> None:
        """Show a mutant the cell that promises most for its cost, or tell that none notices it."""
        mutant = mutants[number]

        def price(visit) -> float:
            page, cell = visit
            shown, noticed = known[visit]
            share = (noticed + 1) / (shown + 2)  # of all mutants; then of those of this function
            shown, noticed = known[mutant.module, mutant.scope, *visit]
            return (page.costs[cell] + FORK) * (shown + 1) / (noticed + share)

        if not left:
            told(mutant, "survived")
            return
        page, cell = min(left, key=price)
        page.pipe.send((number, mutant, cell, cell in page.sound))
        asked[number] = (page, cell, left)

    while True:
        while len(asked) < at_most and (following := next(coming, None)):
            show(following[0], _visits(following[1], alive, enough))
        if not asked:
            break
        for pipe in connection.wait({page.pipe for page, _, _ in asked.values()}):
            (page,) = (page for page in alive if page.pipe is pipe)
            number, verdict = page.hear()
            if verdict.startswith("cell"):
                raise RuntimeError(f"{page.name}: {verdict}")
            mutant = mutants[number]
            _, cell, left = asked.pop(number)
            caught = verdict in ("caught", "endless")
            for key in ((page, cell), (mutant.module, mutant.scope, page, cell)):
                known[key][0] += 1
                known[key][1] += caught
            if caught:
                page.sound.add(cell)
            if verdict == "survived":
                left.remove((page, cell))
                show(number, left)
            else:
                told(mutant, verdict)


def _started(notebooks: Sequence[Path], at_most: int) -> Iterator[Page]:
    """Start the pages, a few at a time; yield each when it has run."""
    left = list(notebooks)
    running: list[Page] = []
    while left or running:
        while left and len(running) < at_most:
            running.append(Page(left.pop(0)))
        for pipe in connection.wait([page.pipe for page in running]):
            page = next(page for page in running if page.pipe is pipe)
            page.read()
            running.remove(page)
            yield page


def _visits(mutant: Mutant, pages: Sequence[Page], enough: float) -> set[tuple[Page, int]]:
    """The cells that a mutant can be shown: the cheapest, until they cost enough."""
    path = str(live.path_of(mutant.module))

    def touched(lines: Sequence[int]) -> list[tuple[float, int, int]]:
        return sorted(
            (page.costs[cell], number, cell)
            for number, page in enumerate(pages)
            for cell in page.cells_for(path, lines)
        )

    cells = touched(live.lines_of(mutant) if mutant.scope else ())
    if mutant.scope and not cells:  # coverage does not look into what watches calls itself
        cells = touched(live.lines_of_function(mutant.module, mutant.scope))
    so_far = accumulate((cost for cost, _, _ in cells), initial=0.0)
    return {
        (pages[number], cell)
        for (cost, number, cell), spent in zip(cells, so_far, strict=False)
        if spent < enough
    }


__all__ = ["judge"]
