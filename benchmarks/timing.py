"""Run two or more functions in turn and compare their medians and their answers."""

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """One line of the table: a task, a peer, both times, and how far the answers differ."""

    task: str
    peer: str
    ours: float  # seconds
    theirs: float  # seconds
    difference: float | None  # largest absolute difference of the answers; None: they are random

    @property
    def ratio(self) -> float:
        """How many times as long the peer takes."""
        return self.theirs / self.ours


def medians(functions: dict[str, Callable[[], object]], seconds: float = 2.0) -> dict[str, float]:
    """Return the median time of each function, called in turn until the time is up.

    Taking turns spreads whatever else the machine does over all of them. Each is called once
    before, unmeasured, and at least three times; a slow one is not called more often than that,
    while the fast ones fill the time.
    """
    for function in functions.values():
        function()
    times: dict[str, list[float]] = {name: [] for name in functions}
    spent = dict.fromkeys(functions, 0.0)
    while any(spent[name] < seconds and len(times[name]) < 1000 for name in functions):
        for name, function in functions.items():
            if len(times[name]) >= 3 and spent[name] >= seconds:
                continue
            start = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - start)
            spent[name] += times[name][-1]
    return {name: median(found) for name, found in times.items()}


def peak_memory(function: Callable[[], object]) -> float:
    """Megabytes that a call takes beyond its arguments."""
    tracemalloc.start()
    function()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6
