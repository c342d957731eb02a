"""Measure everything and write the page: python -m benchmarks."""

import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path

from threadpoolctl import threadpool_info

from benchmarks import ising_sums, page


def machine() -> str:
    """Processor, cores, threads and versions, in a sentence."""
    name = platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = [s for s in information.read_text().splitlines() if s.startswith("model name")]
        name = names[0].partition(":")[2].strip() if names else name
    threads = max((pool["num_threads"] for pool in threadpool_info()), default=1)
    libraries = ", ".join(
        f"{library} {version(library)}" for library in ("numpy", "scipy", "dimod", "dwave-samplers")
    )
    return (
        f"{name}, {os.cpu_count()} cores; BLAS with {threads} threads, the peers with one; "
        f"Python {platform.python_version()}, {libraries}"
    )


rows = ising_sums.compare()
scaling = ising_sums.scaling()
memory = ising_sums.peak_memory(26)
page.write(rows, scaling, memory, machine(), datetime.date.today().isoformat())
print(page.table(rows))
print(page.sizes(scaling["boltzlib"]))
print(f"memory at N = 26: {memory:.0f} MB")
