"""Before anything is imported: the surroundings in which notebooks are run and stored."""

import os

import pytest

from tools.kernel_environment import fix_environment

fix_environment()


def pytest_configure(config):
    # A kernel of this very environment, whatever kernels the machine has beside it.
    if getattr(config.option, "nbval", False):
        config.option.nbval_current_env = True
        from tools import whole_cells

        whole_cells.install()


@pytest.fixture(scope="session")
def on_ci() -> bool:
    """Whether nothing may be skipped."""
    return os.environ.get("CI", "").lower() in ("1", "true")
