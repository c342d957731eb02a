"""Measure everything and write the page: python -m benchmarks."""

import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path

import torch
from threadpoolctl import threadpool_info

from benchmarks import ising_sums, mixture_em, page, rbm_training

LIBRARIES = (
    "numpy", "scipy", "dimod", "dwave-samplers", "scikit-learn", "pomegranate", "torch",
    "learnergy", "rbms",
)  # fmt: skip


def machine() -> str:
    """Processor, cores, threads and versions, in a sentence."""
    name = platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = [s for s in information.read_text().splitlines() if s.startswith("model name")]
        name = names[0].partition(":")[2].strip() if names else name
    libraries = ", ".join(f"{library} {version(library)}" for library in LIBRARIES)
    threads = max((pool["num_threads"] for pool in threadpool_info()), default=1)
    return (
        f"{name}, {os.cpu_count()} cores; BLAS with {threads} threads (boltzlib, scikit-learn, and "
        f"NumPy behind dimod), PyTorch with {torch.get_num_threads()}, dimod and dwave-samplers "
        f"with one; Python {platform.python_version()}, {libraries}"
    )


sums, sizes, memory = ising_sums.compare(), ising_sums.scaling(), ising_sums.peak_memory(26)
steps = [*mixture_em.compare_iteration(), *mixture_em.compare_fit()]
samples, careful = mixture_em.scaling(), mixture_em.careful_iteration()
machines = [row for batch in (10, 100) for row in rbm_training.compare_epoch(batch)]
machines += [row for hidden in (16, 20) for row in rbm_training.compare_log_partition(hidden)]
after_epochs = rbm_training.likelihood_after_epochs()
after_seconds = rbm_training.likelihood_after_seconds()
page.write(
    [
        page.ising_section(sums, sizes, memory),
        page.mixture_section(steps, samples, careful),
        page.rbm_section(
            machines,
            after_epochs,
            after_seconds,
            images=len(rbm_training.digits()),
            hidden=rbm_training.QUALITY_HIDDEN,
            epochs=rbm_training.EPOCHS,
            wall=rbm_training.WALL,
        ),
    ],
    machine(),
    datetime.date.today().isoformat(),
)
print(page.table([*sums, *steps, *machines]))
print(page.likelihoods([*after_epochs, *after_seconds]))
print(page.sizes(sizes["boltzlib"]))
print(f"memory at N = 26: {memory:.0f} MB")
print(samples)
print(f"an iteration with Cholesky factors: {page.seconds(careful)}")
