"""Exercises that check themselves without giving the answer away."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


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
        ``"… correct on 5 inputs"``, or which input fails and in what way: too large, too
        small, wrong sign, wrong shape, not a number.

    Examples
    --------
    >>> check_exercise("Double", lambda x: 2 * x, lambda x: x + x, [(1.0,), (3.0,)])
    'Double: correct on 2 inputs.'
    >>> check_exercise("Double", lambda x: 3 * x, lambda x: x + x, [(1.0,), (3.0,)])
    'Double: not yet. At input 1 of 2 your value is too large.'
    >>> check_exercise("Double", None, lambda x: x + x, [(1.0,)])
    'Double: no answer yet. Replace None by your function and run this cell again.'
    """
    if not len(cases):
        raise ValueError("cases: expected at least one input to compare at; got none")
    if answer is None:
        return f"{name}: no answer yet. Replace None by your function and run this cell again."
    if not callable(answer):
        raise ValueError(f"answer: expected a function; got {type(answer).__name__}")
    for k, arguments in enumerate(cases, start=1):
        expected = np.asarray(oracle(*_copies(arguments)), dtype=float)
        try:
            got = np.asarray(answer(*_copies(arguments)), dtype=float)
        except Exception as problem:  # whatever a reader's function raises is shown to the reader
            return f"{name}: not yet. At input {k} of {len(cases)} it raises {problem!r}."
        fault = _fault(got, expected, tolerance)
        if fault:
            return f"{name}: not yet. At input {k} of {len(cases)} your value {fault}."
    return f"{name}: correct on {len(cases)} inputs."


def _copies(arguments: tuple) -> list:
    return [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]


def _fault(got: np.ndarray, expected: np.ndarray, tolerance: float) -> str | None:
    if got.shape != expected.shape:
        return f"has shape {got.shape}, not the shape {expected.shape} that was asked for"
    if np.isnan(got).any():
        return "is not a number"
    if np.array_equal(got, expected):
        return None
    finite = np.isfinite(got) & np.isfinite(expected)
    scale = np.abs(expected[finite]).max(initial=0.0) or 1.0
    if finite.all() and np.abs(got - expected).max() <= tolerance * scale:
        return None
    if finite.all() and np.abs(got + expected).max() <= tolerance * scale:
        return "has the wrong sign"
    if expected.ndim:
        return "differs in at least one entry"
    return "is too large" if got > expected else "is too small"
