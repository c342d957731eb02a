"""Remember what does not depend on the library, so that a notebook runs again quickly.

A claim spends its time on proofs, on values at forty digits and on reading its display back.
None of that changes with a slip in the library, so that a fork need not do it again.  For a
slip in `boltzlib.book` itself nothing is remembered.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import wraps

import numpy as np
import sympy as sp

# Pure functions: what they return, or that they return, follows from their arguments.
REMEMBERED = {
    "boltzlib.book.evaluate": ("evaluate",),
    "boltzlib.book.prove": ("equal", "nonnegative", "normal"),
    "boltzlib.book.corners": ("check_derived",),
    "boltzlib.book.displays": ("check_display",),
    "boltzlib.book.mutate": ("named_copies",),
    "boltzlib.book.hypotheses": ("check_given",),
    "boltzlib.book.printing": ("latex",),
}

_remembers = True


class _NoKey(Exception):
    """An argument that cannot be told from another by its value, such as a function."""


def install() -> None:
    """Let these functions remember, in every module of `boltzlib.book`."""
    for home, names in REMEMBERED.items():
        for name in names:
            function = getattr(sys.modules[home], name)
            if hasattr(function, "__wrapped__"):
                continue
            remembering = _remembering(function)
            for module in list(sys.modules.values()):
                if getattr(module, "__name__", "").startswith("boltzlib.book"):
                    for place, value in list(vars(module).items()):
                        if value is function:
                            setattr(module, place, remembering)


def forget() -> None:
    """Remember nothing from here on."""
    global _remembers
    _remembers = False


def _remembering(function: Callable) -> Callable:
    known: dict = {}

    @wraps(function)
    def remembering(*arguments, **named):
        if not _remembers:
            return function(*arguments, **named)
        try:
            key = _key((arguments, named))
            if key in known:
                return known[key]
        except (_NoKey, TypeError):
            return function(*arguments, **named)
        known[key] = result = function(*arguments, **named)
        return result

    return remembering


def _key(value):
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, Mapping):
        return tuple((_key(k), _key(v)) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return type(value), tuple(map(_key, value))
    if is_dataclass(value):
        return type(value), tuple(_key(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, sp.Basic) or not callable(value):
        hash(value)
        return type(value), value
    raise _NoKey
