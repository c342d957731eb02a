"""The surroundings in which notebooks run, the same for the runner and for nbval.

Stored outputs are compared byte by byte, figures included. What could make two
machines, or two runs, differ is fixed here. Kernels inherit it from the process
that starts them.
"""

import os
import platform
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

FIXED = {
    "PYTHONHASHSEED": "0",  # the order of sets
    "TZ": "UTC",
    "COLUMNS": "80",
    "NO_COLOR": "1",
    "JUPYTER_PLATFORM_DIRS": "1",  # or jupyter_core warns
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # or the debugger warns on stderr
    # Sums in another order, from more threads, differ in the last digit.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}

# So do kernels for newer processors: every x86-64 machine takes those for AVX2.
FIXED_ON_X86 = {
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
}

UNSET = ("MPLBACKEND", "PYTHONSTARTUP", "PYTHONWARNINGS")  # the kernel chooses the inline backend


def fix_environment() -> None:
    """Set it for this process and for every kernel it starts."""
    os.environ.update(FIXED)
    if platform.machine() in ("x86_64", "AMD64"):
        os.environ.update(FIXED_ON_X86)
    for name in UNSET:
        os.environ.pop(name, None)
    profile = ROOT / "_build" / "ipython"  # not the user's own
    profile.mkdir(parents=True, exist_ok=True)
    os.environ["IPYTHONDIR"] = str(profile)
    others = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p and p != str(ROOT)]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *others])
