r"""What an equation says, as an object that can be shown, evaluated and broken.

>>> from sympy import symbols
>>> a, b = symbols("a b", positive=True)
>>> chain("m", "=", (a + b) / 2, ">=", 2 * a * b / (a + b)).tex
'm = \\frac{a}{2} + \\frac{b}{2} \\ge \\frac{2 a b}{a + b}'
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom, BooleanFunction

from boltzlib.book.printing import latex
from boltzlib.book.words import plain

_TEX = {
    "=": "=",
    ":=": ":=",
    "propto": r"\propto",
    ">=": r"\ge",
    "<=": r"\le",
    ">": ">",
    "<": "<",
}
EQUALITIES = ("=", ":=", "propto")
FLIPPED = {">=": "<=", "<=": ">=", ">": "<", "<": ">"}


@dataclass(frozen=True)
class Chain:
    """Sides joined by relations, ``a = b >= c``.

    A side is a SymPy formula, or a string: the TeX of a *name*, shown but never evaluated.
    """

    sides: tuple
    relations: tuple[str, ...]

    @property
    def formulas(self) -> list[int]:
        """Positions of the sides that say something (all but the names)."""
        return [k for k, side in enumerate(self.sides) if not isinstance(side, str)]

    @property
    def turn(self) -> int | None:
        """Position of the first side after the inequality, or None in an equality."""
        for k, relation in enumerate(self.relations):
            if relation not in EQUALITIES:
                return k + 1
        return None

    def replace(self, position: int, side) -> Chain:
        return Chain((*self.sides[:position], side, *self.sides[position + 1 :]), self.relations)

    @property
    def tex(self) -> str:
        parts = [latex(side) for side in self.sides]
        relations = [_TEX[r] for r in self.relations]
        if len(parts) <= 3:
            rest = "".join(f" {r} {p}" for r, p in zip(relations, parts[1:], strict=True))
            return parts[0] + rest
        first = parts[0]
        lines = [f"&{r} {p}" for r, p in zip(relations, parts[1:], strict=True)]
        return r"\begin{aligned} " + first + " " + r" \\ ".join(lines) + r" \end{aligned}"


@dataclass(frozen=True)
class Statement:
    """One or more chains that one equation number covers."""

    chains: tuple[Chain, ...]
    joiner: str = r" , \qquad "

    @property
    def tex(self) -> str:
        joined = self.joiner.join(c.tex for c in self.chains)
        # MathJax breaks lines only within an environment for them
        return rf"\begin{{gathered}} {joined} \end{{gathered}}" if r"\\" in self.joiner else joined


@dataclass(frozen=True)
class Limit(Statement):
    """A sequence that tends to `value` as `variable` grows, with an error of order `rate`."""

    variable: sp.Symbol = None
    value: sp.Expr = None
    rate: sp.Expr = None

    @property
    def tex(self) -> str:
        return (
            self.chains[0].tex
            + rf" \;\xrightarrow[{latex(self.variable)} \to \infty]{{}}\; {latex(self.value)}"
            + rf" \quad \text{{with an error of order }} {latex(self.rate)}"
        )


@dataclass(frozen=True)
class Stationary(Statement):
    """A gradient that vanishes exactly where the parameter takes a value."""

    @property
    def parameter(self):
        """The symbol, or entry of a table, in the gradient that the solution's name stands for."""
        gradient, solution = self.chains
        name, shown = _bare(latex(solution.sides[0])), gradient.sides[gradient.formulas[-1]]
        for symbol in sorted(shown.atoms(sp.Symbol, sp.Indexed, sp.MatrixSymbol), key=str):
            if _bare(latex(symbol)) == name:
                return symbol
        raise ValueError(
            f"stationary: expected the gradient to hold the parameter {latex(solution.sides[0])}"
        )


def _bare(tex: str) -> str:
    return tex.replace("{", "").replace("}", "").replace(" ", "")


def chain(*parts) -> Statement:
    """Build a statement: ``chain("Z", "=", integral, "=", value)``.

    Parameters
    ----------
    *parts
        Sides and relations in turn.  A side is a SymPy formula, or a string with the TeX of
        a name.  A relation is ``=``, ``:=`` (definition), ``propto``, ``>=``, ``<=``, ``>``
        or ``<``; at most one of them may be an inequality.
    """
    if len(parts) < 3 or len(parts) % 2 == 0:
        raise ValueError(
            f'chain: expected side, relation, side, … as in chain("m", "=", formula); '
            f"got {len(parts)} part{'s' * (len(parts) != 1)}"
        )
    sides = tuple(_side(part, k) for k, part in enumerate(parts[::2], start=1))
    relations = tuple(parts[1::2])
    unknown = [r for r in relations if not (isinstance(r, str) and r in _TEX)]
    if unknown:
        raise ValueError(f"chain: expected relations among {', '.join(_TEX)}; got {unknown[0]!r}")
    if sum(r not in EQUALITIES for r in relations) > 1:
        raise ValueError("chain: expected at most one inequality; claim them one by one")
    if all(isinstance(s, str) for s in sides):
        raise ValueError(
            "chain: expected at least one formula; all sides are text, which is shown as a name "
            "and never tested. Write the formula with symbols"
        )
    for name in (s for s in sides if isinstance(s, str)):
        if _RELATION.search(_outside_brackets(name)):
            raise ValueError(f"chain: expected a name, got a relation: {name}; make it two sides")
    return Statement((Chain(sides, relations),))


def _side(part, k: int):
    """Return a side of a chain; say what came if it is neither a formula nor a name."""
    expected = f"chain: expected side {k} to be a SymPy formula, or text for a name"
    if isinstance(part, str):
        return part
    if isinstance(part, (Relational, BooleanAtom, BooleanFunction, bool)):
        hint = "An equation is two sides, with '=' in between"
        raise ValueError(f"{expected}; got {plain(part)}. {hint}")
    try:
        formula = sp.sympify(part)
    except (sp.SympifyError, TypeError, AttributeError):
        formula = None
    if not isinstance(formula, (sp.Expr, sp.MatrixExpr, sp.MatrixBase)):
        raise ValueError(f"{expected}; got a {type(part).__name__}")
    return formula


# What a name may not say: nothing would test it.
_RELATION = re.compile(r"[=<>]|\\(?:leq?|geq?|iff|approx|neq?)(?![a-zA-Z])")


def _outside_brackets(name: str) -> str:
    """Drop what stands in brackets, as the event in Pr[x = 0] or the place in |_{t = 0}."""
    while True:
        shorter = re.sub(r"\{[^{}]*\}|\([^()]*\)|\[[^\[\]]*\]", "", name)
        if shorter == name:
            return name
        name = shorter


def stationary(gradient: Statement, solution: Statement, *, two_lines: bool = False) -> Statement:
    """State that a gradient vanishes exactly where the parameter takes a value.

    The solution begins with the parameter's name, as the gradient's formula shows it. With
    `two_lines` it stands below the gradient, as a wide one must.
    """
    _check_statements("stationary", gradient, solution)
    chains = (*gradient.chains, *solution.chains)
    if len(chains) != 2:
        raise ValueError(f"stationary: expected one gradient and one solution, got {len(chains)}")
    return Stationary(chains, joiner=r" = 0 \\ \iff \quad " if two_lines else r" = 0 \iff ")


def together(*statements: Statement, joiner: str = Statement.joiner) -> Statement:
    """State several things under one number; `joiner` is the TeX between them."""
    _check_statements("together", *statements)
    chains = tuple(c for s in statements for c in s.chains)
    return Statement(chains, joiner=joiner)


def _check_statements(name: str, *statements) -> None:
    for one in statements:
        if not isinstance(one, Statement):
            raise ValueError(f"{name}: expected chains, chain(…); got a {type(one).__name__}")


def limit(name: str, sequence, variable, value, rate) -> Limit:
    """State that `sequence` tends to `value` as `variable` → ∞, with an error of order `rate`."""
    single = Chain((name, sp.sympify(sequence)), ("=",))
    return Limit((single,), variable=variable, value=sp.sympify(value), rate=sp.sympify(rate))
