"""Exercises that check themselves without giving the answer away."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import sympy as sp

from boltzlib.book.hints import close, copies, hint, scale_of
from boltzlib.book.words import show_value

SHOWN = 12  # numbers of an array that are shown


class _Unfit(Exception):
    """What an answer returned is no number and no array of numbers."""


def check_exercise(
    name: str,
    answer: Callable | None,
    oracle: Callable,
    cases: Sequence[tuple],
    *,
    tolerance: float = 1e-9,
) -> str:
    """Compare a reader's answer with an oracle and say where it fails, never what is right.

    Parameters
    ----------
    name : str
        The exercise, as on the page.
    answer : callable or None
        The reader's function; None as long as there is none.
    oracle : callable
        Finds the right value by brute force (enumeration, quadrature, simulation), so that
        reading it does not give the formula away.
    cases : sequence of tuples
        Arguments at which the two are compared; both get copies.
    tolerance : float
        Largest relative difference accepted.

    Returns
    -------
    str
        ``"… correct on 5 inputs"``, or at which input the answer fails, with which value, and
        what kind of slip that looks like: a sign, a constant factor, a transpose, a lost
        logarithm, a lost 1/n, exchanged arguments; or that it is right at some inputs only.

    Raises
    ------
    ValueError
        When an argument is not what it should be.

    Examples
    --------
    >>> check_exercise("Double", lambda x: 2 * x, lambda x: x + x, [(1.0,), (3.0,)])
    'Double: correct on 2 inputs.'
    >>> print(check_exercise("Double", lambda x: 3 * x, lambda x: x + x, [(1.0,), (3.0,)]))
    Double: not yet. At input 1 of 2, (1), your value 3 is too large.
    It is off by a constant factor, the same at every input.
    >>> check_exercise("Double", None, lambda x: x + x, [(1.0,)])
    'Double: no answer yet. Replace None by your function and run this cell again.'
    """
    _check_use(answer, cases)
    if answer is None:
        return f"{name}: no answer yet. Replace None by your function and run this cell again."
    expected = [_right(oracle(*copies(arguments))) for arguments in cases]
    got, faults = [], []
    for arguments, right in zip(cases, expected, strict=True):
        value = fault = None
        try:
            value = _numbers(answer(*copies(arguments)))
        except _Unfit as problem:
            fault = f"your function {problem}"
        except Exception as problem:  # whatever a reader's function raises is shown to the reader
            fault = f"it raises {problem!r}"
        got.append(value)
        faults.append(fault or _fault(value, right, tolerance))
    if not any(faults):
        return f"{name}: correct on {len(cases)} inputs."
    k = next(k for k, fault in enumerate(faults) if fault)
    where = f"input {k + 1} of {len(cases)}, ({_shown(cases[k])}),"
    reply = f"{name}: not yet. At {where} {faults[k]}{'' if faults[k].endswith('?') else '.'}"
    comparable = all(
        g is not None and g.shape == e.shape and not np.isnan(g).any()
        for g, e in zip(got, expected, strict=True)
    )
    says = hint(got, expected, cases, tolerance, answer) if comparable else ""
    return f"{reply} {says}" if says else reply


def _check_use(answer, cases) -> None:
    if not len(cases):
        raise ValueError("cases: expected at least one input to compare at; got none")
    for k, case in enumerate(cases, start=1):
        if not isinstance(case, (tuple, list)):
            raise ValueError(
                "cases: expected a tuple of arguments for each input, as (1.0,); "
                f"input {k} is a {type(case).__name__}"
            )
    if answer is not None and not callable(answer):
        advice = "; write answer = lambda x: …"
        if isinstance(answer, sp.Basic):
            advice = "; sympy.lambdify turns a formula into a function"
        raise ValueError(f"answer: expected a function; got {type(answer).__name__}{advice}")


def _right(value) -> np.ndarray:
    value = np.asarray(value, dtype=float)
    if np.isnan(value).any():
        raise ValueError("oracle: expected a number at every input; got NaN")
    return value


def _numbers(value) -> np.ndarray:
    """Return what an answer returned as an array, or say what else it is."""
    if value is None:
        raise _Unfit("returns None: is a `return` missing?")
    if isinstance(value, sp.Basic) and not value.is_number:
        raise _Unfit("returns a formula with symbols, not a number")
    if isinstance(value, str):
        raise _Unfit("returns text, not a number")
    if callable(value):
        raise _Unfit("returns a function: are the brackets of a call missing?")
    try:
        if np.iscomplexobj(value):
            raise _Unfit("returns complex numbers")
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise _Unfit(f"returns a {type(value).__name__} that is no array of numbers") from None


def _fault(got: np.ndarray, right: np.ndarray, tolerance: float) -> str | None:
    """Say what is wrong with a value, or None when it is right."""
    if got.shape != right.shape:
        says = f"your value has shape {got.shape}, not the shape {right.shape} that was asked for"
        return f"{says}: it is the transpose" if close(got.T, right, tolerance) else says
    if np.isnan(got).any():
        return "your value is not a number"
    if close(got, right, tolerance):
        return None
    value = f"your value {show_value(got, most=SHOWN)}"
    if close(-got, right, tolerance):
        return f"{value} has the wrong sign"
    if right.ndim:
        with np.errstate(invalid="ignore"):  # ∞ and ∞ are not apart: nan > … is False
            off = np.abs(got - right) > tolerance * scale_of(right)
        return f"{value} differs in {off.sum()} of {off.size} entries"
    return f"{value} is {'too large' if got > right else 'too small'}"


def _shown(arguments) -> str:
    """Return arguments on one line, short and without an address of the machine."""
    return ", ".join(map(_short, arguments))


def _short(argument) -> str:
    if isinstance(argument, (bool, str, int, np.integer)):
        return repr(argument) if not isinstance(argument, np.integer) else str(int(argument))
    if callable(argument):
        name = getattr(argument, "__name__", "<")
        return "a function" if name.startswith("<") else name
    try:
        return show_value(argument, most=SHOWN)
    except (TypeError, ValueError):
        return f"a {type(argument).__name__}"
