"""A notebook as text, to edit it: a mirror of chapters/ in the folder .text/.

    python -m tools.notebook_text [notebook ...]   write the mirror of these, or of all
    python -m tools.notebooks .text/2_x/2_1_y.md   execute the text, store the notebook

The mirror (MyST markdown; a .py file in percent format is read too) is not
committed: the notebook is the source, and the text holds no outputs.
"""

import argparse
import sys
from pathlib import Path

import jupytext

from tools.contents import notebooks_in
from tools.kernel_environment import ROOT

CHAPTERS = ROOT / "chapters"
MIRROR = ROOT / ".text"
FORMATS = {".md": "md:myst", ".py": "py:percent"}


def notebook_of(text: Path) -> Path:
    return (CHAPTERS / text.resolve().relative_to(MIRROR)).with_suffix(".ipynb")


def text_of(notebook: Path) -> Path:
    """Its mirror: the one that exists, else where it would be written."""
    place = MIRROR / notebook.resolve().relative_to(CHAPTERS)
    for suffix in FORMATS:
        if (found := place.with_suffix(suffix)).exists():
            return found
    return place.with_suffix(".md")


def is_text(path: Path) -> bool:
    return path.suffix in FORMATS and path.resolve().is_relative_to(MIRROR)


def is_newer(text: Path) -> bool:
    notebook = notebook_of(text)
    return not notebook.exists() or text.stat().st_mtime > notebook.stat().st_mtime


def edited() -> list[Path]:
    """The texts that are newer than their notebooks."""
    found = sorted(path for suffix in FORMATS for path in MIRROR.rglob(f"*{suffix}"))
    return [path for path in found if is_newer(path)]


def read_text(path: Path):
    return jupytext.reads(path.read_text(encoding="utf-8"), fmt=FORMATS[path.suffix])


def write_text(notebook: Path) -> Path:
    text = text_of(notebook)
    content = jupytext.writes(jupytext.read(notebook), fmt=FORMATS[text.suffix])
    text.parent.mkdir(parents=True, exist_ok=True)
    text.write_text(content, encoding="utf-8")
    return text


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write notebooks as text into .text/.")
    parser.add_argument("paths", nargs="*", type=Path, help="notebooks (default: all)")
    parser.add_argument("--force", action="store_true", help="also over a text that is newer")
    options = parser.parse_args(arguments)
    kept = 0
    for notebook in notebooks_in(options.paths or [CHAPTERS]):
        text = text_of(notebook)
        if text.exists() and is_newer(text) and not options.force:
            print(f"{text.relative_to(ROOT)}: newer than its notebook, kept (--force overwrites)")
            kept += 1
        else:
            print(write_text(notebook).relative_to(ROOT))
    return 1 if kept else 0


if __name__ == "__main__":
    sys.exit(main())
