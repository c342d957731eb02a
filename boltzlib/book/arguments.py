"""Is each argument of a claim what it should be?  If not: which one, what was expected, what came.

A `ValueError` from here is about the call.  That a formula is wrong, `ClaimFailed` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom, BooleanFunction

from boltzlib.book.printing import latex
from boltzlib.book.samples import Sample
from boltzlib.book.statement import Limit, Statement, Stationary
from boltzlib.book.words import listed, plain

KINDS = ("definition", "identity", "bound", "stationarity", "update", "limit", "statistical")
UNSAID = ""  # of `library`


def check_arguments(
    own, kind, stated, derived, computed, library, inputs, tolerance, given, lemmas, sizes, erratum
) -> None:
    """Check the arguments of `claim`; `own` is a formula that is not an equation of the book."""
    if kind not in KINDS:
        raise ValueError(f"kind: expected one of {', '.join(KINDS)}; got {kind!r}")
    if not isinstance(stated, Statement):
        raise ValueError(
            'stated: expected chain("name", "=", formula), stationary(…), together(…) or '
            f"limit(…); got {_what(stated)}{_statement_hint(stated)}"
        )
    _check_corners(own, kind, derived, computed, library)
    if not inputs["cases"]:
        raise ValueError("cases: expected at least one ordinary input; got none")
    if not (own or inputs["edges"]):
        raise ValueError("edges: expected at least one extreme input; got none")
    if not (isinstance(tolerance, (int, float)) and 0 < tolerance < 1):
        raise ValueError(f"tolerance: expected a small positive number, as 1e-9; got {tolerance!r}")
    _check_facts(given, lemmas)
    _check_kind(kind, stated)
    check_letters(stated)
    if sizes is not None and not (isinstance(sizes, str) and sizes.strip()):
        raise ValueError(f'sizes: expected text for the reader, as "N = 2, 3"; got {sizes!r}')
    if sizes is None and _holds_sizes(stated):
        raise ValueError(
            "sizes: the statement holds a matrix of fixed size, so it is checked for this size "
            'only; name it, as sizes="N = 2"'
        )
    if erratum is not None and own:
        raise ValueError("erratum: only an equation of the lecture note has one")
    if erratum is not None and not erratum.strip().endswith("."):
        raise ValueError("erratum: expected one sentence that ends in a full stop")


def _check_corners(own, kind, derived, computed, library) -> None:
    if (derived is None) != (kind == "definition"):
        hint = '; kind "definition" compares stated and computed alone' if derived is None else ""
        raise ValueError(
            f"derived: a definition has none, and every other kind has one{hint if own else ''}"
        )
    if computed is None:
        raise ValueError("computed: expected a function of a case; got None")
    for function in computed if isinstance(computed, (list, tuple)) else [computed]:
        if not callable(function):
            raise ValueError(
                "computed: expected a function of a case, as lambda c: np.log(c[x]); "
                f"got {_what(function)}"
            )
    for one in derived if isinstance(derived, (list, tuple)) else [derived]:
        if one is not None:
            _check_formula("derived", one)
    if library == UNSAID and not own:
        raise ValueError(
            "library: expected the dotted name of what `computed` calls, or None for pure "
            "mathematics; got neither"
        )


def _check_formula(name, formula) -> None:
    if isinstance(formula, (Relational, BooleanAtom, BooleanFunction, bool)):
        hint = "; give the side that was derived, not an equation"
    elif isinstance(formula, str):
        hint = "; write it with symbols, not as text"
    elif isinstance(formula, (sp.Basic, sp.MatrixBase, int, float)):
        return
    else:
        hint = ""
    raise ValueError(f"{name}: expected a SymPy formula; got {_what(formula)}{hint}")


def _check_facts(given, lemmas) -> None:
    for fact in given:
        if not isinstance(fact, sp.Equality):
            known = "; SymPy finds both sides the same" if fact is sp.true else ""
            raise ValueError(
                f"given: expected equations, Eq(left, right); got {_what(fact)}{known}"
            )
    for lemma in lemmas:
        if not (isinstance(lemma, (list, tuple)) and 2 <= len(lemma) <= 3) or not isinstance(
            lemma[1], sp.Lambda
        ):
            raise ValueError(
                "lemmas: expected pairs (function, Lambda(variables, what it stands for)); "
                f"got {_what(lemma)}"
            )


def _check_kind(kind, stated) -> None:
    if (kind == "limit") != isinstance(stated, Limit):
        raise ValueError("stated: a limit, and only a limit, is stated with limit(…)")
    if (kind == "stationarity") != isinstance(stated, Stationary):
        raise ValueError("stated: a stationarity, and only it, is stated with stationary(…)")
    if (kind == "bound") != any(single.turn for single in stated.chains):
        raise ValueError("stated: a bound, and only a bound, holds an inequality")


def _holds_sizes(stated) -> bool:
    return any(
        isinstance(node, sp.MatrixBase)
        or (node.is_Matrix and any(s.is_Integer and s > 1 for s in node.shape))
        for single in stated.chains
        for position in single.formulas
        for node in sp.preorder_traversal(single.sides[position])
    )


def check_letters(stated) -> None:
    """Two symbols with two values must not look the same on the page."""
    formulas = [single.sides[k] for single in stated.chains for k in single.formulas]
    tables = {base.label for f in formulas for base in f.atoms(sp.IndexedBase)}
    letters = (
        symbol
        for formula in formulas
        for symbol in formula.free_symbols - tables
        if isinstance(symbol, (sp.Symbol, sp.MatrixSymbol)) and not isinstance(symbol, Sample)
    )
    seen: dict[str, Any] = {}
    for symbol in letters:
        if seen.setdefault(latex(symbol), symbol) != symbol:
            raise ValueError(
                f"stated: two symbols are both shown as {latex(symbol)}; "
                "make one symbol and use it everywhere"
            )


def listed_inputs(**inputs) -> dict[str, list]:
    """Return `cases`, `edges` and `tight` as lists of mappings from symbols to values."""
    return {name: _inputs(name, cases) for name, cases in inputs.items()}


def _inputs(name, cases) -> list:
    if isinstance(cases, Mapping):
        raise ValueError(
            f"{name}: expected a list of inputs; got one input. Put it in square brackets: [{{…}}]"
        )
    if isinstance(cases, str) or not isinstance(cases, Iterable):
        raise ValueError(f"{name}: expected a list of inputs, [{{…}}, {{…}}]; got {_what(cases)}")
    cases = list(cases)
    for k, case in enumerate(cases, start=1):
        if not isinstance(case, Mapping):
            raise ValueError(
                f"{name}: expected each input to be a dict with a value for each symbol, "
                f"as {{x: 0.5}}; input {k} is {_what(case)}"
            )
        names = [repr(key) for key in case if isinstance(key, str)]
        if names:
            raise ValueError(
                f"{name}: expected the symbols themselves as keys, {{x: 0.5}}; "
                f"input {k} has text, {listed(names)}"
            )
    return cases


def one_each(values, stated, name) -> list:
    """Return `derived` or `computed` as a list, one a chain."""
    values = list(values) if isinstance(values, (tuple, list)) else [values]
    if values == [None]:
        values *= len(stated.chains)
    if len(values) != len(stated.chains):
        raise ValueError(f"{name}: expected {len(stated.chains)}, one a chain; got {len(values)}")
    return values


def missing_hint(formula, case: Mapping) -> str:
    """Say which symbols have a value, or that one has which is only a namesake of another."""
    formula = sp.sympify(formula)
    namesakes = {str(key): key for key in case}
    for symbol in sorted(formula.free_symbols, key=str):
        other = namesakes.get(str(symbol))
        if isinstance(other, sp.Symbol) and other != symbol:
            return (
                f". The input has a value for another symbol that is also written {plain(symbol)}: "
                "symbols with different assumptions differ; make one and use it everywhere"
            )
    return f". The input has values for {listed(map(plain, _keys(case)))}" if case else ""


def _keys(case) -> list:
    return [key if isinstance(key, sp.Basic) else str(key) for key in case]


def _what(thing) -> str:
    """Say what came: its kind, and itself where that is short."""
    if thing is None:
        return "None"
    if isinstance(thing, str):
        return f"the text {thing!r}"
    if isinstance(thing, (sp.Basic, sp.MatrixBase)):
        return f"the formula {plain(thing)}" if isinstance(thing, sp.Expr) else plain(thing)
    if isinstance(thing, (bool, int, float)):
        return f"the number {thing!r}" if not isinstance(thing, bool) else repr(thing)
    if isinstance(thing, np.ndarray):
        return f"a NumPy array of shape {thing.shape}"
    return f"a {type(thing).__name__}"


def _statement_hint(thing) -> str:
    if isinstance(thing, Relational):
        return '. An equation is written chain(left, "=", right)'
    if isinstance(thing, str):
        return ". Text is shown and never tested"
    return ""


__all__ = [
    "KINDS",
    "UNSAID",
    "check_arguments",
    "check_letters",
    "listed_inputs",
    "missing_hint",
    "one_each",
]
