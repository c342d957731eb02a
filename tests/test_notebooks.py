"""Notebooks are stored in the one form in which nbval (make test) compares them, and are fit to be.

With tools/whole_cells.py a cell passes nbval if its outputs, figures included, would be
stored as the same bytes; what is left to see here needs no run.
"""

import json
from pathlib import Path

import pytest

from tools.contents import notebooks_in
from tools.normal_form import normal_form, to_text
from tools.unfit_outputs import unfit

CHAPTERS = Path(__file__).resolve().parent.parent / "chapters"
NOTEBOOKS = notebooks_in([CHAPTERS])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_in_normal_form(path):
    stored = path.read_text(encoding="utf-8")
    notebook = normal_form(json.loads(stored))
    assert stored == to_text(notebook), "only its form differs: make notebooks"
    assert unfit(notebook) == []
