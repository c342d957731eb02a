r"""Read the TeX of a formula as a person does, and compute what it says.

Nothing here knows how the book sets a formula (`boltzlib.book.printing`).  The rules are those
of a careful reader:

* A sum, a product or an integral without an end takes what stands behind it, up to + or −.
* ln, det, tr and their like take what stands in brackets; without brackets one thing, and
  nothing may follow: does ``\ln a b`` hold the b?  A derivative takes one thing, too.
* Two things side by side are multiplied, as matrices in their order; a letter that is a
  function takes its brackets; two letters side by side below a third are two indices.

What could be read in two ways is not read at all.

>>> letters = {("a",): Letter(number=2.0), ("p",): Letter(table=np.array([1.0, 2.0, 4.0]))}
>>> read(r"\ln \frac{a}{2} + \sum_{k=1}^{a + 1} p_k", letters)
7.0
>>> read(r"\ln a p_1", letters)
Traceback (most recent call last):
    ...
boltzlib.book.tex_signs.CannotRead: \ln without brackets takes one thing; then comes p_{1}
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import eq, ge, gt, le, lt

import mpmath
import numpy as np

from boltzlib.book.paper_arithmetic import (
    Unsized,
    determinant,
    entry,
    logarithm,
    member,
    number,
    over,
    over_grid,
    plus,
    raised,
    slope,
    times,
    trace,
    transposed,
    whole,
)
from boltzlib.book.tex_signs import CannotRead, shown, signs_of


def _of_number(function: Callable) -> Callable:
    return lambda value: function(number(value))


_FUNCTIONS: dict = {r"\ln": logarithm, r"\det": determinant}
_FUNCTIONS[r"\operatorname", ("t", "r")] = trace
for _name in ("exp", "cosh", "sinh", "tanh", "sin", "cos"):
    _FUNCTIONS[rf"\{_name}"] = _of_number(getattr(math, _name))
_CONSTANTS = {r"\pi": math.pi, "e": math.e, r"\infty": math.inf}
_COMPARED = {r"\ge": ge, r"\le": le, ">": gt, "<": lt, "=": eq}
_D = (("d",), (r"\partial",))
_CASES, _MATRIX = tuple("cases"), tuple("matrix")
_ENDS = {None, "+", "-", ")", r"\rvert", ",", r"\mid", "&", r"\\", *_COMPARED}
_ENDS |= {(r"\end", _CASES), (r"\end", _MATRIX)}

Meaning = Callable[[dict], object]  # from the values of bound letters, as of k in a sum over k


@dataclass
class Letter:
    """What a letter can be; several things only if what stands around it tells them apart."""

    number: float | None = None
    matrix: np.ndarray | None = None  # a column for a vector
    table: np.ndarray | None = None  # of numbers, with indices
    family: np.ndarray | None = None  # of vectors or matrices, with an index
    function: Callable | None = None
    densities: dict[int, Callable] = field(default_factory=dict)  # by the number of conditions
    nodes: Sequence[float] = ()  # where an integral over it is split
    grid: Sequence[tuple] | None = None  # of an integral over a vector


def read(tex: str | tuple, letters: Mapping[tuple, Letter]):
    """Return what a formula says: a number, a matrix, or an `Unsized` one.

    Parameters
    ----------
    tex : str or tuple
        The formula, or its signs (`boltzlib.book.tex_signs`).
    letters : mapping
        What the signs of each letter stand for.

    Raises
    ------
    CannotRead
        When something has no meaning, or could have two.
    ValueError, ArithmeticError, LookupError
        When the formula has no value: shapes do not fit, an index is out of range.
    """
    signs = signs_of(tex) if isinstance(tex, str) else tex
    return _Reader(signs, letters, []).everything()({})


class _Reader:
    """Reads a row of signs from left to right; each method takes what it reads."""

    def __init__(self, signs: tuple, letters: Mapping[tuple, Letter], bound: list):
        self.signs, self.letters, self.bound = signs, letters, bound
        self.at = 0

    # The row

    def next(self):
        return self.signs[self.at] if self.at < len(self.signs) else None

    def next_is(self, command: str) -> bool:
        """Whether a sign with an argument comes next, as a subscript."""
        sign = self.next()
        return isinstance(sign, tuple) and sign[0] == command

    def take(self, expected=None):
        sign = self.next()
        if sign is None:
            raise CannotRead("it ends too early")
        if expected not in (None, sign):
            raise CannotRead(f"expected {shown(expected)}; then comes {shown(sign)}")
        self.at += 1
        return sign

    def argument_of(self, command: str) -> tuple | None:
        return self.take()[1] if self.next_is(command) else None

    def inside(self, signs: tuple) -> _Reader:
        return _Reader(signs, self.letters, self.bound)

    def expect_end(self, why: str) -> None:
        if self.next() not in _ENDS:
            raise CannotRead(f"{why}; then comes {shown(self.signs[self.at : self.at + 2])}")

    def with_bound(self, name: tuple, part: Callable[[], Meaning]) -> Meaning:
        self.bound.append(name)
        meaning = part()
        self.bound.pop()
        return meaning

    # Sums, products, powers

    def everything(self) -> Meaning:
        meaning = self.sum()
        if self.next() is not None:
            raise CannotRead(f"{shown(self.next())} has no place here")
        return meaning

    def sum(self) -> Meaning:
        signs, terms = [1.0], []
        if self.next() == "-":
            self.take()
            signs = [-1.0]
        terms.append(self.term())
        while self.next() in ("+", "-"):
            signs.append(1.0 if self.take() == "+" else -1.0)
            terms.append(self.term())
        if signs == [1.0]:
            return terms[0]

        def value(env):
            total = times(signs[0], terms[0](env))
            for sign, term in zip(signs[1:], terms[1:], strict=True):
                total = plus(total, times(sign, term(env)))
            return total

        return value

    def term(self) -> Meaning:
        factors = [self.factor()]
        while self.next() not in _ENDS:
            factors.append(self.factor())
        if len(factors) == 1:
            return factors[0]

        def value(env):
            result = factors[0](env)
            for factor in factors[1:]:
                result = times(result, factor(env))
            return result

        return value

    def factor(self) -> Meaning:
        sign = self.next()
        if sign in (r"\sum", r"\prod"):
            return self.sum_or_product()
        if sign == r"\int":
            return self.integral()
        if sign in _FUNCTIONS:
            return self.function()
        if self.next_is(r"\frac") and sign[1] in _D and sign[2][:1] == sign[1]:
            return self.derivative()
        return self.powered(self.closed())

    def powered(self, base: Meaning, exponent: tuple | None = None) -> Meaning:
        exponent = exponent or self.argument_of("^")
        if exponent is None:
            return base
        if exponent == (r"\top",):
            return lambda env: transposed(base(env))
        power = self.inside(exponent).everything()
        return lambda env: raised(base(env), power(env))

    def closed(self) -> Meaning:
        """Read what shows its own end."""
        sign = self.next()
        if sign == "(":
            return self.with_indices(self.bracketed())
        if sign == r"\lvert":
            inner = self.bracketed(r"\lvert", r"\rvert")
            return lambda env: abs(number(inner(env)))
        if isinstance(sign, str) and sign[0].isdigit():
            value = float(self.take())
            return lambda env: value
        if self.next_is(r"\frac"):
            above, below = (self.inside(part).everything() for part in self.take()[1:])
            return lambda env: over(above(env), below(env))
        if self.next_is(r"\sqrt"):
            inner = self.inside(self.take()[1]).everything()
            return lambda env: math.sqrt(number(inner(env)))
        if sign == (r"\begin", _CASES):
            return self.cases()
        if sign == (r"\begin", _MATRIX):
            return self.matrix()
        return self.letter()

    def bracketed(self, opening: str = "(", closing: str = ")") -> Meaning:
        self.take(opening)
        inner = self.sum()
        self.take(closing)
        return inner

    def cases(self) -> Meaning:
        self.take()
        rows: list[tuple[Meaning, Meaning]] = []
        while self.next() != (r"\end", _CASES):
            value = self.sum()
            self.take("&")
            word = self.take()
            if word == (r"\text", tuple("otherwise")):
                rows.append((value, lambda env: True))
            elif word == (r"\text", tuple("for")):
                left, compared, right = self.sum(), _COMPARED.get(self.take()), self.sum()
                if compared is None:
                    raise CannotRead("a case without its condition")
                rows.append((value, lambda env, a=left, f=compared, b=right: f(a(env), b(env))))
            else:
                raise CannotRead(f"a case with {shown(word)}")
            if self.next() == r"\\":
                self.take()
        self.take()

        def value_of(env):
            for value, holds in rows:
                if holds(env):
                    return value(env)
            raise ValueError("no case holds")

        return value_of

    def matrix(self) -> Meaning:
        self.take()
        rows = [[self.sum()]]
        while self.next() != (r"\end", _MATRIX):
            if self.take() == r"\\":
                rows.append([])
            rows[-1].append(self.sum())
        self.take()
        return lambda env: np.array([[number(entry(env)) for entry in row] for row in rows])

    # What takes what stands behind it

    def function(self) -> Meaning:
        name = self.take()
        function, exponent = _FUNCTIONS[name], self.argument_of("^")
        if self.next() == "(":
            argument = self.bracketed()
            if self.next_is("^"):
                raise CannotRead(f"{shown(name)} (…) with a power: of all, or of the bracket?")
        else:
            argument = self.factor()
            self.expect_end(f"{shown(name)} without brackets takes one thing")
        call = lambda env: function(argument(env))  # noqa: E731
        return self.powered(call, exponent) if exponent else call

    def sum_or_product(self) -> Meaning:
        combine, empty = (plus, 0.0) if self.take() == r"\sum" else (times, 1.0)
        below, above = self.argument_of("_"), self.argument_of("^")
        if below is None or above is None or "=" not in below:
            raise CannotRead("a sum or a product without its bounds")
        name, first = below[: below.index("=")], below[below.index("=") + 1 :]
        lower, upper = self.inside(first).everything(), self.inside(above).everything()
        term = self.with_bound(name, self.term)

        def value(env):
            total = None
            for k in range(whole(lower(env)), whole(upper(env)) + 1):
                one = term({**env, name: float(k)})
                total = one if total is None else combine(total, one)
            return empty if total is None else total

        return value

    def integral(self) -> Meaning:
        r"""Read ``\int_a^b … dt``, or ``\int dx …`` over all vectors x."""
        self.take()
        if ("d",) in self.letters:
            raise CannotRead("an integral beside a letter d")
        if self.next() == "d":
            name = self.differential()
            body = self.with_bound(name, self.term)
            grid = self.letters[name].grid if name in self.letters else None
            if grid is None:
                raise CannotRead(f"an integral over {shown(name)}, which has no grid")
            return lambda env: over_grid(lambda x: number(body({**env, name: x})), grid)
        bounds = [self.inside(self.argument_of(place) or ()).everything() for place in "_^"]
        start = self.at
        while self.next() != "d":
            if self.take() == r"\int":
                raise CannotRead("an integral within an integral")
        inner = self.inside(self.signs[start : self.at])
        name = self.differential()
        body = inner.with_bound(name, inner.everything)
        nodes = list(self.letters[name].nodes) if name in self.letters else []

        def value(env):
            lower, upper = (number(bound(env)) for bound in bounds)
            return mpmath.fp.quad(lambda t: number(body({**env, name: t})), [lower, *nodes, upper])

        return value

    def differential(self) -> tuple:
        """Read dt; return the letter."""
        self.take("d")
        start = self.at
        self.take()
        while self.next() == "'" or self.next_is("_"):
            self.take()
        return self.signs[start : self.at]

    def derivative(self) -> Meaning:
        name = self.take()[2][1:]
        if name not in self.bound and name not in self.letters:
            raise CannotRead(f"a derivative by {shown(name)}")
        point = self.inside(name).everything()
        body = self.with_bound(name, self.factor)
        self.expect_end("a derivative without brackets takes one thing")
        return lambda env: slope(lambda t: number(body({**env, name: t})), number(point(env)))

    # Letters

    def letter(self) -> Meaning:
        """Read the longest row of signs that is a letter: θ₀ is not θ with a 0 below it."""
        longest = max(map(len, [*self.bound, *self.letters]), default=1)
        for length in range(longest, 0, -1):
            name = self.signs[self.at : self.at + length]
            if name in self.bound:
                self.at += len(name)
                return self.with_indices(lambda env, name=name: env[name])
            if name in self.letters:
                self.at += len(name)
                if name[-1][0] == "^" and self.next_is("^"):
                    raise CannotRead(f"{shown(name)} with another superscript")
                return self.meaning(name, self.letters[name])
        return self.on_every_page()

    def meaning(self, name: tuple, letter: Letter) -> Meaning:
        ahead = self.signs[self.at + 1 : self.at + 2]
        if self.next_is("_"):
            if letter.densities and ahead == ("(",):
                return self.density(name, letter.densities)
            below = self.argument_of("_")
            return self.entry(name, letter, below)
        if letter.function and (self.next() == "(" or (self.next_is("^") and ahead == ("(",))):
            exponent = self.argument_of("^")
            (arguments,) = self.arguments(bars=0)
            call = _calling(letter.function, arguments)
            return self.powered(call, exponent) if exponent else call
        value = letter.matrix if letter.number is None else letter.number
        if value is None:
            raise CannotRead(f"{shown(name)} without its index or its argument")
        return lambda env: value

    def on_every_page(self) -> Meaning:
        """Read a sign that means the same on every page."""
        sign = self.take()
        if sign in _CONSTANTS:
            return lambda env: _CONSTANTS[sign]
        if sign == "I":
            return lambda env: Unsized("I")
        if sign == (r"\mathbf", ("1",)):
            return lambda env: Unsized("1")
        if sign == r"\delta" and self.next_is("_"):
            return self.kronecker(self.argument_of("_"))
        raise CannotRead(f"{shown(sign)} is nothing that the formula could hold")

    def arguments(self, bars: int) -> list[list[Meaning]]:
        """Read what stands in the brackets of a function: before and behind a bar."""
        self.take("(")
        parts = [[self.sum()]]
        while self.next() == "," or (self.next() == r"\mid" and len(parts) <= bars):
            if self.take() == r"\mid":
                parts.append([])
            parts[-1].append(self.sum())
        self.take(")")
        return parts

    def density(self, name: tuple, densities: Mapping) -> Meaning:
        index = self.inside(self.argument_of("_")).everything()
        parts = self.arguments(bars=1)
        given = len(parts[1]) if len(parts) > 1 else 0
        if given not in densities:
            raise CannotRead(f"{shown(name)} with {given} conditions")
        return _calling(densities[given], [index, *(a for part in parts for a in part)])

    # Indices

    def entry(self, name: tuple, letter: Letter, below: tuple) -> Meaning:
        """Read an entry of a table or a matrix, or one of a family."""
        indices = self.indices(below)
        found = [
            (array, pick)
            for array, pick, axes in (
                (letter.table, entry, np.ndim(letter.table)),
                (letter.family, member, 1),
                (letter.matrix, entry, 1 if np.shape(letter.matrix)[1:] == (1,) else 2),
            )
            if array is not None and axes == len(indices)
        ]
        if any(not np.array_equal(array, found[0][0]) for array, _ in found):
            raise CannotRead(f"{shown(name)} with {shown(below)} below it can be two things")
        if found:
            array, pick = found[0]
            return lambda env: pick(array, [k(env) for k in indices])
        if name == (r"\delta",):
            return self.kronecker(below)
        raise CannotRead(f"{shown(name)} with {shown(below)} below it")

    def with_indices(self, base: Meaning) -> Meaning:
        """Read what may stand below a bracket: (A B)_ij."""
        below = self.argument_of("_")
        if below is None:
            return base
        indices = self.indices(below)
        return lambda env: entry(base(env), [k(env) for k in indices])

    def kronecker(self, below: tuple) -> Meaning:
        pair = self.indices(below)
        if len(pair) != 2:
            raise CannotRead(f"a Kronecker delta of {shown(below)}")
        return lambda env: float(pair[0](env) == pair[1](env))

    def indices(self, below: tuple) -> list[Meaning]:
        """Read indices, between commas or side by side."""
        if "," not in below:
            row = self.inside(below)
            found = [row.factor()]
            while row.next() not in _ENDS:
                found.append(row.factor())
            return found if row.next() is None else [self.inside(below).everything()]
        parts: list[list] = [[]]
        for sign in below:
            parts.append([]) if sign == "," else parts[-1].append(sign)
        return [self.inside(tuple(part)).everything() for part in parts]


def _calling(function: Callable, arguments: Sequence[Meaning]) -> Meaning:
    """Call a function of a claim's input, which takes numbers and columns of mpmath."""

    def handed(value):
        return mpmath.matrix(value.tolist()) if isinstance(value, np.ndarray) else mpmath.mpf(value)

    return lambda env: float(function(*(handed(a(env)) for a in arguments)))


__all__ = ["CannotRead", "Letter", "read"]
