"""Which documents there are: those of the table of contents (_toc.yml), those in a folder."""

from collections.abc import Iterable
from pathlib import Path

import yaml

from tools.kernel_environment import ROOT


def documents() -> list[str]:
    """Paths below chapters/, without suffix, in the order of reading."""
    return _named_in(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8")))


def _named_in(part) -> list[str]:
    if isinstance(part, dict):
        own = [part[key] for key in ("root", "file") if key in part]
        return own + [name for value in part.values() for name in _named_in(value)]
    return [name for each in part for name in _named_in(each)] if isinstance(part, list) else []


def notebooks_in(paths: Iterable[Path]) -> list[Path]:
    """These notebooks, and all in these folders but the checkpoints of JupyterLab."""
    found = []
    for path in paths:
        if path.is_dir():
            found += sorted(p for p in path.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
        elif path.exists():
            found.append(path)
        else:
            raise SystemExit(f"no such notebook: {path}")
    return found
