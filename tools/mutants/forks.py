"""Run many small jobs, each in a fork of this process, a few at a time.

A fork shares all that was imported; what it changes dies with it.
"""

from __future__ import annotations

import math
import os
import pickle
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any

# Exit codes; a signal is an endless loop, or a crash.
SURVIVED, CAUGHT, UNFIT, SHOWN = 0, 1, 3, 4
MEMORY = 8 << 30  # bytes that a mutant may ask for
WALL = 600  # seconds after which a job is killed even if it only sleeps


def verdicts(
    jobs: Iterable[Any], work: Callable[[Any], int], at_most: int, wall: float = WALL
) -> Iterator[tuple[Any, str]]:
    """Yield each job with what came of it: "caught", "survived", "endless", "shown", "unfit"."""
    jobs = iter(jobs)
    running: dict[int, tuple[Any, float]] = {}
    exhausted = False
    while running or not exhausted:
        while not exhausted and len(running) < at_most:
            try:
                job = next(jobs)
            except StopIteration:
                exhausted = True
                break
            running[_fork(work, job)] = (job, time.monotonic() + wall)
        for pid, (job, deadline) in list(running.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                del running[pid]
                yield job, _verdict(status)
            elif time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.002)


def _verdict(status: int) -> str:
    if os.WIFSIGNALED(status):
        return "endless" if os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGKILL) else "caught"
    code = os.WEXITSTATUS(status)
    return {SURVIVED: "survived", CAUGHT: "caught", SHOWN: "shown"}.get(code, "unfit")


def _fork(work, job) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    try:
        silence()
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        os._exit(work(job))
    except BaseException:  # the check itself broke: that is not to notice a mutant
        os._exit(UNFIT)


def silence() -> None:
    """Send what this process prints to nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def allow(seconds: float) -> None:
    """Kill this process after so many seconds of its own computing, unless called again."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def answers(jobs: Iterable[Any], work: Callable[[Any], Any], at_most: int) -> Iterator[Any]:
    """Yield what `work` returns for each job, computed in forks, in the order they end."""
    with tempfile.TemporaryDirectory() as folder:

        def write(job) -> int:
            number, what = job
            try:
                result = ("returned", work(what))
            except BaseException:
                result = ("raised", traceback.format_exc())
            with open(f"{folder}/{number}", "wb") as file:
                pickle.dump(result, file)
            return SURVIVED

        for (number, _), _ in verdicts(enumerate(jobs), write, at_most, math.inf):
            try:
                with open(f"{folder}/{number}", "rb") as file:
                    how, result = pickle.load(file)
            except FileNotFoundError:
                raise RuntimeError(f"job {number} ended without an answer") from None
            if how == "raised":
                raise RuntimeError(f"job {number} raised:\n{result}")
            yield result
