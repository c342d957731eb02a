"""Before anything is imported: the surroundings in which notebooks are run and stored."""

import os

import pytest

from tools.kernel_environment import fix_environment

fix_environment()


def pytest_configure(config):
    # A kernel of this very environment, whatever kernels the machine has beside it.
    if getattr(config.option, "nbval", False):
        config.option.nbval_current_env = True
        _keep_history()


def _keep_history():
    """Let nbval's kernels know the cells above, as Jupyter's do: a claim reads where it is from."""
    from nbval.kernel import RunningKernel

    def execute(kernel, cell_input, allow_stdin=None):
        return kernel.kc.execute(
            cell_input, store_history=True, allow_stdin=allow_stdin, stop_on_error=False
        )

    RunningKernel.execute_cell_input = execute


@pytest.fixture(scope="session")
def on_ci() -> bool:
    """Whether nothing may be skipped."""
    return os.environ.get("CI", "").lower() in ("1", "true")
