"""The mutants that nothing can catch, each with the reason why.

They stand in `equivalents.toml`, grouped by reason::

    [[group]]
    reason = "Only speed: in how many pieces a sum is cut."
    mutants = ["boltzlib.m.f | return a - b | a - b → b - a"]
"""

import tomllib
from pathlib import Path

LIST = Path(__file__).with_name("equivalents.toml")


def reasons() -> dict[str, str]:
    """The reason for each mutant listed, by its name."""
    found: dict[str, str] = {}
    for group in tomllib.loads(LIST.read_text(encoding="utf-8")).get("group", ()):
        for name in group["mutants"]:
            if name in found:
                raise ValueError(f"{LIST.name}: listed twice: {name}")
            if not group["reason"].strip():
                raise ValueError(f"{LIST.name}: no reason is given for {name}")
            found[name] = group["reason"]
    return found
