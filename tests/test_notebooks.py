"""A fresh run of every notebook gives the stored bytes, figures included.

nbval (make test) compares cell by cell and skips pictures and metadata; this
compares all, with tools/notebooks.py.
"""

from pathlib import Path

import pytest

from tools.notebooks import process

CHAPTERS = Path(__file__).resolve().parent.parent / "chapters"
NOTEBOOKS = sorted(CHAPTERS.rglob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_as_executed(path):
    outcome = process(path, check=True)
    assert outcome.state == "as stored", outcome.details
