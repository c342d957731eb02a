"""The second jury: the notebooks, without the unit tests.

All notebooks stay alive, each in a process of its own that has run it once.  A mutant meets
the cells that touch its line, of whatever page, the cheapest first, each in a fork and
together with the cells that use what it computes; until one raises or shows anything else
than what is stored: what nbval, which runs them all, would see too.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import connection, get_context
from pathlib import Path

from tools.mutants import forks, live
from tools.mutants.notebooks import SLACK, Notebook, import_all, paths
from tools.mutants.slips import Mutant

FORKS = get_context("fork")


class Page:
    """A notebook that waits in a process of its own to be asked about mutants."""

    def __init__(self, path: Path):
        self.name = path.stem
        self.pipe, theirs = FORKS.Pipe()
        self.process = FORKS.Process(target=_wait_for_mutants, args=(path, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.queue: deque[int] = deque()  # numbers of mutants that are to be shown a cell of it
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
    pages: Sequence[str],
    enough: float,
) -> None:
    """Tell the verdict on each mutant: caught by any notebook, or by none."""
    import_all()
    start = time.monotonic()
    alive = list(_started(paths(pages), at_most))
    print(f"  {len(alive)} notebooks, {time.monotonic() - start:.0f} s", flush=True)
    visits = [_visits(mutant, alive, enough) for mutant in mutants]
    place: dict[int, int] = {}  # the cell that a mutant is to be shown next

    def send_on(number: int, verdict: str) -> None:
        """Put a mutant in the queue of the page that it is shown next, or tell its verdict."""
        page, cell = next(visits[number], (None, 0)) if verdict == "survived" else (None, 0)
        if page is None:
            told(mutants[number], verdict)
        else:
            place[number] = cell
            page.queue.append(number)

    for number in range(len(mutants)):
        send_on(number, "survived")
    asked: dict[int, Page] = {}
    while True:
        while len(asked) < at_most and (page := max(alive, key=lambda p: len(p.queue))).queue:
            number = page.queue.popleft()
            cell = place[number]
            page.pipe.send((number, mutants[number], cell, cell in page.sound))
            asked[number] = page
        if not asked:
            break
        for pipe in connection.wait({page.pipe for page in asked.values()}):
            page = next(page for page in asked.values() if page.pipe is pipe)
            number, verdict = page.hear()
            if verdict.startswith("cell"):
                raise RuntimeError(f"{page.name}: {verdict}")
            if verdict in ("caught", "endless"):
                page.sound.add(place[number])
            del asked[number]
            send_on(number, verdict)


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


def _visits(mutant: Mutant, pages: Sequence[Page], enough: float) -> Iterator[tuple[Page, int]]:
    """The cells that a mutant is shown, the cheapest first, until they cost enough."""
    path = str(live.path_of(mutant.module))
    lines = live.lines_of(mutant) if mutant.scope else ()
    cells = [
        (page.costs[cell], page, cell) for page in pages for cell in page.cells_for(path, lines)
    ]
    spent = 0.0
    for cost, page, cell in sorted(cells, key=lambda visit: (visit[0], visit[1].name, visit[2])):
        if spent >= enough:
            return
        spent += cost
        yield page, cell


__all__ = ["judge"]
