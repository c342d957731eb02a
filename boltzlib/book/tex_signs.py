r"""TeX as it is seen: a row of signs, some of them with something above or below.

What cannot be seen is gone: spaces, the size of a bracket, braces that only group.  A sign is a
string; one with an argument, as a subscript, is a tuple.

>>> signs_of(r"{\mu'}_k + \frac12 \left(\bar x\right)")
('\\mu', "'", ('_', ('k',)), '+', ('\\frac', ('1',), ('2',)), '(', ('\\bar', ('x',)), ')')
"""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?|\S", re.S)
_ARGUMENTS = dict.fromkeys(
    r"_ ^ \sqrt \bar \hat \tilde \mathbf \mathrm \mathcal \operatorname \text \begin \end".split(),
    1,
) | {r"\frac": 2}
_WORDS = {r"\operatorname", r"\text", r"\begin", r"\end"}  # what they hold is one word
_UNSEEN = {r"\left", r"\right", r"\limits", r"\,", r"\;", r"\:", r"\!", r"\quad", r"\qquad"}
_UNSEEN |= {rf"\{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r")}
_OTHER_WORDS = {r"\tfrac": r"\frac", r"\geq": r"\ge", r"\leq": r"\le"}
_BARS = {r"\left|": r"\lvert ", r"\right|": r"\rvert "}  # of |x|: one opens, one closes


class CannotRead(ValueError):
    """The TeX has no meaning here, or could have two."""


def signs_of(tex: str) -> tuple:
    """Return the signs of a formula."""
    for bar, word in _BARS.items():
        tex = tex.replace(bar, word)
    tokens = _TOKEN.findall(tex)[::-1]  # the next one is at the end
    signs = _row(tokens)
    if tokens:
        raise CannotRead(f"one }} too many in {tex}")
    return signs


def _row(tokens: list) -> tuple:
    """Take the signs up to a closing brace, or to the end."""
    signs: list = []
    while tokens and tokens[-1] != "}":
        token = tokens.pop()
        token = _OTHER_WORDS.get(token, token)
        if token == "{":
            signs += _braced(tokens)
        elif token in _ARGUMENTS:
            signs.append(_with_arguments(token, tokens))
        elif token not in _UNSEEN:
            signs.append(token)
    return tuple(signs)


def _braced(tokens: list) -> tuple:
    signs = _row(tokens)
    if not tokens:
        raise CannotRead("a { without its }")
    tokens.pop()
    return signs


def _with_arguments(command: str, tokens: list) -> tuple:
    return (command, *(_argument(tokens) for _ in range(_ARGUMENTS[command])))


def _argument(tokens: list) -> tuple:
    r"""Take what stands in braces, or one sign: the 1 in ``\frac12``."""
    if not tokens:
        raise CannotRead("a command without its argument")
    token = tokens.pop()
    if token == "{":
        return _braced(tokens)
    if token in _ARGUMENTS:
        return (_with_arguments(token, tokens),)
    if token[1:].isdigit():
        tokens.append(token[1:])
        return (token[0],)
    return (token,)


def shown(signs) -> str:
    r"""Return signs as TeX, for a message.

    >>> shown(signs_of(r"x_i^2 + \frac{a}{2}"))
    'x_{i}^{2} + \\frac{a}{2}'
    """
    if isinstance(signs, str):
        return signs
    if signs and signs[0] in _WORDS:
        return f"{signs[0]}{{{''.join(map(shown, signs[1]))}}}"
    if signs and signs[0] in _ARGUMENTS:
        return signs[0] + "".join(f"{{{shown(part)}}}" for part in signs[1:])
    text = ""
    for sign in signs:
        clings = sign in ("'", ",", ")") or sign[0] in ("_", "^")
        text += ("" if clings or text.endswith("(") or not text else " ") + shown(sign)
    return text


_GREEK = set(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon phi chi psi omega varphi varepsilon Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi "
    "Omega".split()
)


def letter(name: str) -> tuple:
    r"""Return the signs by which a page shows a symbol of this name, which may be TeX.

    >>> letter("theta_0"), letter("x'"), letter(r"\sigma^2")
    (('\\theta', ('_', ('0',))), ('x', "'"), ('\\sigma', ('^', ('2',))))
    """
    plain = re.fullmatch(r"([a-zA-Z]+)(\d*)('*)(?:_(\w+))?", name)
    if not plain:
        return signs_of(name)
    stem, number, primes, below = plain.groups()
    below = number or below
    return signs_of(_word(stem) + primes + (f"_{{{_word(below)}}}" if below else ""))


def _word(name: str) -> str:
    if name in _GREEK:
        return f"\\{name}"
    return name if len(name) == 1 or name.isdigit() else rf"\operatorname{{{name}}}"


__all__ = ["CannotRead", "letter", "shown", "signs_of"]
