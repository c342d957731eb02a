"""What a proof supposes, tried at the inputs: the facts `given` and the functions of `lemmas`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import mpmath
import numpy as np
import sympy as sp

from boltzlib.book.corners import ClaimFailed
from boltzlib.book.evaluate import DIGITS, CannotEvaluate, evaluate, to_numpy
from boltzlib.book.printing import latex
from boltzlib.book.prove import speaks_of_numbers
from boltzlib.book.samples import MatrixSum
from boltzlib.book.words import plain, show_apart, show_case, show_value


def check_given(given, cases, stated, derived) -> None:
    """See that a fact which the proof uses holds at the inputs that test its conclusion.

    The proof uses a fact about k inside a sum over k too: then it must hold for each k.
    """
    formulas = [s for single in stated.chains for s in single.sides if not isinstance(s, str)]
    derivations = derived if isinstance(derived, (tuple, list)) else [derived]
    formulas += [sp.sympify(d) for d in derivations if d is not None]
    for fact in given:
        for case in _with_indices(fact, formulas, cases):
            left, right = (to_numpy(evaluate(side, case)) for side in (fact.lhs, fact.rhs))
            if not np.allclose(left, right, rtol=1e-12, atol=1e-12):
                texts = show_apart(left, right)
                raise ClaimFailed(
                    f"given: {plain(fact.lhs)} = {plain(fact.rhs)} does not hold\n"
                    f"at {show_case(case)}: left {texts[0]}, right {texts[1]}"
                )


def _with_indices(fact, formulas, cases) -> Iterator[Mapping]:
    """Yield each case, and again with every value that the formulas give to the fact's indices.

    The bound of an inner sum may hold the index of an outer one, so the outer ones run, too.
    """
    yield from cases
    for around in {sums for formula in formulas for sums in _sums(formula, ())}:
        while around and around[-1][1][0] not in fact.free_symbols:
            around = around[:-1]
        for case in cases if around else ():
            yield from _places(around, case, must=True)


def _sums(node, around) -> Iterator[tuple]:
    """Yield the limits of every sum and product, with those of the sums around it ahead."""
    if isinstance(node, (sp.Sum, sp.Product, MatrixSum)):
        limits = [node.limits] if isinstance(node, MatrixSum) else reversed(node.limits)
        around = (*around, *((True, tuple(one)) for one in limits))
        yield around
        yield from _sums(node.args[0], around)
    else:
        for part in node.args:
            yield from _sums(part, around)


@dataclass(frozen=True)
class Hypothesis:
    """What a proof supposes to be nonnegative, and where the proof uses it."""

    meaning: sp.Lambda
    uses: tuple  # (arguments, limits of the sums and integrals around), outermost first
    named: str = ""  # for which values of the variables, if not for all

    @property
    def tex(self) -> str:
        """The hypothesis for all its variables; a length of sums is that of the only use.

        An induction supposes its formula for one term less, not for all numbers of terms.
        """
        expression, general = self.meaning.expr, []
        for k, variable in enumerate(self.meaning.variables):
            arguments = {arguments[k] for arguments, _ in self.uses}
            bound = {limits[0] for _, around in self.uses for _, limits in around}
            (argument, *others) = arguments
            if variable.is_integer and not others and not argument.free_symbols & bound:
                expression = expression.subs(variable, argument)
            else:
                general.append(latex(variable))
        named = self.named or ", ".join(general)
        for_all = rf" \text{{ for all }} {named}" if named else ""
        return rf"{latex(expression)} \ge 0{for_all}"


def hypotheses_in(lemmas, derivations) -> list[Hypothesis]:
    """Return the lemmas that speak of a function or a table, where the derivations use them."""
    found = []
    formulas = [sp.sympify(d) for d in derivations if d is not None]
    for function, meaning, *named in lemmas:
        uses = tuple(use for formula in formulas for use in _uses(formula, function, ()))
        if uses and not speaks_of_numbers((function, meaning)):
            found.append(Hypothesis(meaning, uses, *named))
    return found


def _uses(node, function, around) -> Iterator[tuple]:
    """Yield the arguments of a function wherever it stands, and the limits around that place."""
    if node.func == function:
        yield node.args, around
    if isinstance(node, (sp.Sum, sp.Product, sp.Integral)):
        summed = not isinstance(node, sp.Integral)
        inner = tuple((summed, limits) for limits in reversed(node.limits))
        yield from _uses(node.function, function, (*around, *inner))
    else:
        for part in node.args:
            yield from _uses(part, function, around)


def check_hypotheses(hypotheses, cases) -> None:
    """See that what a proof supposes holds where it is used, at the inputs that can tell."""
    for hypothesis in hypotheses:
        expression, variables = hypothesis.meaning.expr, hypothesis.meaning.variables
        for arguments, around in hypothesis.uses:
            for case in cases:
                for place in _places(around, case):
                    try:
                        values = [evaluate(argument, place) for argument in arguments]
                        here = {**place, **dict(zip(variables, values, strict=True))}
                        total = evaluate(expression, here)
                        terms = [evaluate(t, here) for t in sp.Add.make_args(expression)]
                    except (CannotEvaluate, ValueError, TypeError, ZeroDivisionError):
                        continue
                    if not isinstance(total, mpmath.mpf):  # complex: outside where it is defined
                        continue
                    rounding = mpmath.mpf(10) ** (10 - DIGITS) * max(1, *map(abs, terms))
                    if total < -rounding:
                        raise ClaimFailed(
                            f"lemmas: {plain(expression)} ≥ 0, which the proof supposes, "
                            f"does not hold\nat {show_case(here)}: it is {show_value(total)}"
                        )


def _places(around, case, pieces: int = 8, must: bool = False) -> Iterator[Mapping]:
    """Yield the case with every value of the indices and some of the integration variables.

    Limits without a value yield nothing, unless they `must` have one.
    """
    if not around:
        yield case
        return
    (summed, limits), *rest = around
    try:
        variable, lower, upper = limits
        first, last = (evaluate(bound, case) for bound in (lower, upper))
    except (CannotEvaluate, ValueError):
        if must:
            raise
        return
    if mpmath.isinf(first) or mpmath.isinf(last):
        if must:
            raise CannotEvaluate(f"{variable} has infinitely many values")
        return
    if summed:
        values = range(int(first), int(last) + 1)
    else:
        with mpmath.workdps(DIGITS):
            values = [first + (last - first) * k / pieces for k in range(pieces + 1)]
    for value in values:
        yield from _places(rest, {**case, variable: value}, pieces, must)


__all__ = ["Hypothesis", "check_given", "check_hypotheses", "hypotheses_in"]
