"""Errors of the lecture note that stand in its prose rather than in a numbered formula."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import numpy as np

from boltzlib.book.corners import ClaimFailed
from boltzlib.book.words import show_value

MIME = "application/vnd.boltzlib.erratum+json"


class Erratum:
    """An error in the note's prose, with its counter-example; shown as a card."""

    def __init__(self, record: dict):
        self.record = record

    def __repr__(self) -> str:
        return f"erratum in section {self.record['section']}: {self.record['counterexample']}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        r = self.record
        html = (
            '<div class="claim claim-prose-erratum" data-kind="erratum">'
            f'<div class="claim-head"><span class="claim-kind">Erratum, section {r["section"]}'
            "</span></div>"
            f"<p><strong>The note says:</strong> {escape(r['says'])}</p>"
            f"<p><strong>Right is:</strong> {escape(r['right'])}</p>"
            f'<p class="claim-counterexample">Counter-example: {escape(r["counterexample"])}.</p>'
            "</div>"
        )
        return {"text/plain": repr(self), "text/html": html, MIME: dict(r)}


def erratum(section: str, *, says: str, right: str, counterexample: Callable[[], tuple]) -> Erratum:
    """Record an error of the note's prose, refuted by a counter-example that runs.

    Parameters
    ----------
    section : str
        The note's section, ``"2.1"``.
    says : str
        What the note says, in a sentence.
    right : str
        What is right, in a sentence.
    counterexample : callable
        Returns ``(label, claimed, actual)``: what is compared, the value that the note's
        sentence implies, and the value found.  They must differ.

    Raises
    ------
    ClaimFailed
        When the two values agree: nothing is refuted.
    """
    compared, claimed, actual = counterexample()
    if isinstance(claimed, bool) != isinstance(actual, bool):
        raise ValueError(f"counterexample: {claimed!r} and {actual!r} cannot be compared")
    texts = [_in_words(value) for value in (claimed, actual)]
    same = (
        texts[0] == texts[1]
        if isinstance(claimed, (str, bool))
        else np.array_equal(claimed, actual)
    )
    if same or texts[0] == texts[1]:
        raise ClaimFailed(
            f"section {section}: the counter-example refutes nothing, both are {texts[0]}"
        )
    found = f"{compared}: {texts[0]} by the note, {texts[1]} in fact"
    return Erratum({"section": section, "says": says, "right": right, "counterexample": found})


def _in_words(value) -> str:
    """A value as a sentence holds it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else show_value(value)
