"""The documents of the book, as its table of contents (_toc.yml) names them."""

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
