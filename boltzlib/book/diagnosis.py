"""Say why a claim failed: where, with which values, which corner is the odd one out, what mends it.

Nothing here decides whether a claim holds; it only looks at one that does not.  A mend is named
only when it holds at all inputs and, where two formulas are compared, when it is proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

import mpmath
import numpy as np
import sympy as sp

from boltzlib.book.corners import NO_FORMULA, DerivedDiffers, Failure, Numbers, proved, same
from boltzlib.book.evaluate import DIGITS, evaluate, to_numpy
from boltzlib.book.mends import letters_in, mends, slowness
from boltzlib.book.mutate import Slip
from boltzlib.book.prove import normal
from boltzlib.book.words import listed, plain, show_apart, show_case

SHOWN = 12  # numbers of an array that a message shows
TRIED = (2_000, 40, 8)  # slips, of a formula by its slowness
DEEP = 2 * DIGITS  # of formulas that are compared with one another: an expanded one cancels
SHORT = 15  # operations of a difference that is worth showing


def explained(failure, explain: Callable, *given) -> str:
    """Return the explanation of a failure; if there is none, the failure without one."""
    try:
        return explain(*given)
    except Exception as trouble:  # whatever SymPy raises on the way, the failure is reported
        return f"{failure}\n(It could not be explained: {type(trouble).__name__}.)"


def explain_numbers(numbers: Numbers, failure: Failure, has_proof: bool) -> str:
    """Explain why a chain failed in numbers; `has_proof` says whether a derivation agrees."""
    if failure.kind == "only tight":
        return f"{failure}. Add an input at which it is strict"
    where = f"at {show_case(failure.case, SHOWN)}"
    if failure.kind in ("bound", "tight"):
        return _explain_bound(numbers, failure, where)
    if failure.kind == "sides":
        return _explain_sides(numbers, failure, where)
    (position,) = failure.positions
    side = numbers.chain.sides[position]
    found = _mends(side, numbers.cases, lambda other: numbers.mended(position, other))
    values = _pair("stated", "computed", *failure.values)
    lines = [f"stated ≠ computed:{values}", f"{where}. {_would(found)}".rstrip()]
    if len(numbers.chain.formulas) > 1:
        lines += ["The side that differs is", f"    {plain(side)}"]
    lines += _entry("stated", "computed", *failure.values)
    pairs = [(numbers.stated(position, k), numbers.center(k)) for k in range(len(numbers.cases))]
    if not (found or numbers.statistical):
        lines += _steady("Stated", "computed", pairs) or _same_everywhere(pairs)
    fails = sum(numbers.check_at(k) is not None for k in range(len(numbers.cases)))
    if fails < len(numbers.cases):
        lines.append(f"It fails at {fails} of {len(numbers.cases)} inputs.")
    if has_proof:
        lines.append(
            "Derived and stated are proved equal:\n"
            "look at the function first, then for a slip that both formulas share."
        )
    return "\n".join(lines)


def _explain_sides(numbers, failure, where) -> str:
    """Two stated sides differ: show them all, the odd one out, and what would mend it."""
    sides = [numbers.chain.sides[p] for p in failure.positions]
    lines = [f"two stated sides differ {where}:", *_table(show_apart(*failure.values), sides)]
    for position, side in zip(failure.positions, sides, strict=True):
        found = _mends(side, numbers.cases, lambda other, p=position: numbers.mended(p, other))
        if found:
            lines.append(_would(found, f"The side {plain(side)}"))
            break
    return "\n".join(lines)


def _table(texts, sides) -> list[str]:
    """Values and the formulas that have them, one a line."""
    width = max(map(len, texts))
    return [f"    {text:{width}}  {plain(side)}" for text, side in zip(texts, sides, strict=True)]


def _explain_bound(numbers, failure, where) -> str:
    sides = [numbers.chain.sides[p] for p in failure.positions]
    texts = show_apart(*failure.values)
    if failure.kind == "tight":
        lines = [f"not tight: {where}, an input listed under `tight`, the sides differ:"]
        return "\n".join([*lines, *_table(texts, sides)])
    if same(*failure.values):
        return (
            f"the bound is tight:\n{where} both sides are {texts[0]}.\n"
            "An input with equality belongs in `tight`."
        )
    larger, smaller = _table(texts, sides)
    lines = [f"the bound fails: {where}", larger, "is not larger than", smaller]
    if numbers.flipped_survives():
        lines.append("It would hold with the inequality the other way round.")
        return "\n".join(lines)
    for position in failure.positions:
        side = numbers.chain.sides[position]
        found = _mends(side, numbers.cases, lambda other, p=position: numbers.mended(p, other))
        if found:
            lines.append(_would(found, f"The side {plain(side)}", "hold"))
            break
    return "\n".join(lines)


def explain_derived(problem: DerivedDiffers, numbers: Numbers, given=()) -> str:
    """Explain why derived and stated could not be proved equal."""
    derived, stated, position = problem.derived, problem.stated, problem.position
    lines = [str(problem)]
    try:
        pairs = [tuple(evaluate(f, c, DEEP) for f in (derived, stated)) for c in numbers.cases]
    except NO_FORMULA as why:
        lines.append(f"In numbers they cannot be compared: {why}.")
        if "for the function" in str(why):
            lines.append("What a function of the derivation stands for, `lemmas` says.")
        return "\n".join(lines)
    close = _close if given else same
    differ = [k for k, (a, b) in enumerate(pairs) if not close(a, b)]
    if not differ:
        return "\n".join([*lines, *_unproved(len(pairs))])
    first = differ[0]
    where = show_case(numbers.cases[first], SHOWN)
    lines.append(f"At {where}:{_pair('derived', 'stated', *pairs[first])}")
    lines += _entry("derived", "stated", *pairs[first])
    suspect = "stated"
    if position is not None:
        verdict, suspect = _odd_one_out(numbers, pairs)
        lines += verdict
    wrong, right, goal = (stated, derived, 0) if suspect == "stated" else (derived, stated, 1)
    if position is None and proved(derived, -stated, given):
        return "\n".join([*lines, "It would agree with the inequality the other way round."])
    goals = [pair[goal] for pair in pairs]
    found = _mends(
        wrong,
        numbers.cases,
        lambda other: (
            _has_values(other, goals, numbers.cases, close) and proved(other, right, given)
        ),
    )
    if found:
        lines.append(_would(found, "Derived" if suspect == "derived" else "It"))
    else:
        lines += _difference(derived, stated, pairs, numbers.cases, given)
    return "\n".join(lines)


def _unproved(count: int) -> list[str]:
    return [
        f"At all {count} inputs the two have the same value, so they may well be equal.",
        "Bring derived closer to stated (expand, simplify, …), use the same symbols in both,",
        "or name in `given` the facts that the proof needs.",
    ]


def _odd_one_out(numbers: Numbers, pairs) -> tuple[list[str], str]:
    """Say with which of derived and stated the computed values side; the other is suspect."""
    if numbers.computed is None:
        return [], "stated"
    count = range(len(pairs))
    with_derived, with_stated = (
        all(numbers.agrees_at(k, pairs[k][corner]) for k in count) for corner in (0, 1)
    )
    if with_derived and not with_stated:
        says = "Computed agrees with derived at every input: look at the stated formula."
        return [says], "stated"
    if with_stated and not with_derived:
        says = "Computed agrees with stated at every input: look at the derivation."
        return [says], "derived"
    if with_stated:
        return ["Computed agrees with both, within its tolerance."], "stated"
    return ["Computed agrees with neither of them."], "stated"


def _mends(formula, cases, agrees: Callable) -> list[tuple[sp.Basic, Slip]]:
    """Return up to two slips that mend a formula and are not the same formula in other words."""
    candidates = mends(formula, letters_in(cases)).items()
    found: list = []
    for other, slip in islice(candidates, TRIED[slowness(formula)]):
        if len(found) == 2:
            break
        if agrees(other) and not any(proved(other, known, ()) for known, _ in found):
            found.append((other, slip))
    return found


def _would(found, who: str = "It", what: str = "agree") -> str:
    """Return the sentence that names the slips; nothing when there is none."""
    if not found:
        return ""
    (formula, slip), *more = found
    text = f"{who} would {what} {slip}:\n    {plain(formula)}"
    for formula, slip in more:
        text += f"\nor {slip}:\n    {plain(formula)}\nMore inputs can tell which."
    return text


def _close(a, b) -> bool:
    """Whether two values are as close as facts can be that hold for rounded inputs."""
    a, b = to_numpy(a), to_numpy(b)
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-12, atol=1e-12))


def _has_values(formula, goals, cases: Sequence[Mapping], close: Callable) -> bool:
    """Whether a formula has these values at the inputs: roughly first, then to the last digit."""
    try:
        rough = to_numpy(evaluate(formula, cases[0], digits=15))
        if not np.allclose(rough, to_numpy(goals[0]), rtol=1e-6, atol=1e-9):
            return False
        return all(close(evaluate(formula, c, DEEP), g) for c, g in zip(cases, goals, strict=True))
    except NO_FORMULA:
        return False


def _pair(one: str, other: str, a, b) -> str:
    """Two values and whose they are: numbers on the same line, arrays below each other."""
    a, b = _as_array(a), _as_array(b)
    texts = show_apart(a, b)
    if a.ndim == b.ndim == 0:
        return f" {one} {texts[0]}, {other} {texts[1]}"
    width = max(len(one), len(other))
    return f"\n    {one:{width}} {texts[0]}\n    {other:{width}} {texts[1]}"


def _entry(one: str, other: str, a, b) -> Iterator[str]:
    """Name the entry in which two arrays differ most, or say that their shapes differ."""
    a, b = (np.asarray(to_numpy(v) if isinstance(v, mpmath.matrix) else v, float) for v in (a, b))
    if a.shape != b.shape and not a.size == b.size == 1:
        yield f"The shapes differ: {one} has {_shape(a)}, {other} {_shape(b)}."
    elif a.size > 1:
        with np.errstate(invalid="ignore"):  # inf - inf
            gaps = np.nan_to_num(np.abs(a - b), nan=0.0, posinf=np.inf)
        place = np.unravel_index(int(np.argmax(gaps)), a.shape)
        texts = show_apart(a[place], b[place])
        yield f"They differ most in {_place(place)}: {one} {texts[0]}, {other} {texts[1]}."


def _shape(array: np.ndarray) -> str:
    if array.ndim == 0:
        return "one number"
    return f"{array.size} numbers" if array.ndim == 1 else " × ".join(map(str, array.shape))


def _place(place) -> str:
    """Return where an entry stands, counted from 1 as on paper.

    >>> _place((0,)), _place((1, 2))
    ('component 1', 'row 2, column 3')
    """
    if len(place) == 2:
        return f"row {place[0] + 1}, column {place[1] + 1}"
    return f"component {listed([k + 1 for k in place])}"


def _steady(one: str, other: str, pairs) -> list[str]:
    """Say when two values keep the same ratio, or the same distance, at every input."""
    both = [[_as_array(v) for v in pair] for pair in pairs]
    if any(a.shape != b.shape for a, b in both):
        return []
    a, b = (np.concatenate([np.ravel(pair[k]) for pair in both]) for k in (0, 1))
    if not np.isfinite([a, b]).all() or len(set(b.tolist())) < 2:
        return []
    if (b != 0).all() and _constant(a / b):
        factor = f"{(a / b)[0]:.6g}"
        return [] if factor == "1" else [f"{one} is {factor} times {other} at every input."]
    if _constant(a - b):
        return [f"{one} is {other} {_signed((a - b)[0])} at every input."]
    return []


def _same_everywhere(pairs) -> list[str]:
    stated, computed = ([_as_array(pair[k]) for pair in pairs] for k in (0, 1))
    if all(np.array_equal(one, computed[0]) for one in computed[1:]) and not all(
        np.array_equal(one, stated[0]) for one in stated[1:]
    ):
        return ["Computed is the same at every input: does the function look at its argument?"]
    return []


def _signed(number: float) -> str:
    return f"{'plus' if number > 0 else 'minus'} {abs(number):.6g}"


def _as_array(value) -> np.ndarray:
    value = to_numpy(value) if isinstance(value, (mpmath.mpf, mpmath.matrix)) else value
    array = np.asarray(value, dtype=float)
    return array.reshape(()) if array.size == 1 else array


def _constant(values) -> bool:
    """Whether all values are the same, and not 0."""
    return bool(np.ptp(values) < 1e-9 * np.abs(values).max())


def _difference(derived, stated, pairs, cases, given) -> list[str]:
    """Show what is left of derived minus stated, if that is short; else what is steady about it."""
    if not derived.is_Matrix:
        try:
            left = normal(derived - stated, {fact.lhs: fact.rhs for fact in given})
            if sp.count_ops(left) <= 4 * SHORT and not left.has(sp.MatrixSymbol, sp.Integral):
                left = sp.simplify(left)  # slow where it has to see that a product is a number
            goals = [a - b for a, b in pairs]
            short = min(SHORT, sp.count_ops(derived), sp.count_ops(stated))
            if sp.count_ops(left) < short and _has_values(left, goals, cases, _close):
                return ["Derived minus stated is", f"    {plain(left)}"]
        except NO_FORMULA:
            pass
    return _steady("Derived", "stated", pairs)
