"""Sums over Kronecker deltas, against the sums themselves for numbers."""

import pytest
from sympy import (
    Add,
    Function,
    IndexedBase,
    KroneckerDelta,
    Rational,
    Sum,
    Symbol,
    cosh,
    diff,
    exp,
    log,
    symbols,
)

from boltzlib.book import sum_deltas

N, M, j, k, l, r, u = symbols("N M j k l r u", integer=True, positive=True)  # noqa: E741
f, g, s, J = (IndexedBase(name, real=True) for name in "fgsJ")
delta = KroneckerDelta


def numbers(formula, **values):
    """The value for given sizes and indices: each sum is written out, term by term."""
    table = {"N": 4, "M": 4, "r": 2, "u": 3} | values
    formula = formula.subs({symbol: table[symbol.name] for symbol in (N, M, r, u)})
    while sums := formula.atoms(Sum):
        one = min(sums, key=lambda part: len(part.atoms(Sum)))
        *inner, (index, lower, upper) = one.limits
        body = Sum(one.function, *inner) if inner else one.function
        terms = [body.subs(index, number) for number in range(lower, upper + 1)]
        formula = formula.xreplace({one: Add(*terms)})

    def value(part):
        digits = sum(int(index) * 11**place for place, index in enumerate(part.indices))
        return Rational(digits + "fgsJ".index(str(part.base)), 13)

    return formula.replace(lambda part: part.is_Indexed, value)


@pytest.mark.parametrize(
    "formula",
    [
        Sum(delta(k, r) * f[k], (k, 1, N)),
        Sum((f[k] - 2 * delta(k, r) * g[k]) * s[k], (k, 1, N)),
        Sum(delta(k, r) * delta(l, u) * J[k, l], (k, 1, l - 1), (l, 2, N)),
        Sum(delta(k, r) * J[k, l], (k, 1, N), (l, 1, N)),
        Sum(delta(k, r) * J[k, l], (l, k + 1, N), (k, 1, N)),
        Sum(delta(k, l) * J[k, l], (k, 1, N), (l, 1, N)),
        Sum(delta(k, l) * delta(l, r) * J[k, l], (k, 1, N), (l, 1, N)),
        Sum(delta(k, r) * delta(k, u) * f[k], (k, 1, N)),
        Sum(delta(k, r) * f[k] + delta(k, u) * g[k], (k, 1, N)),
        Sum(exp(f[l]) * Sum(delta(k, r) * delta(l, u) * J[k, l], (k, 1, N)), (l, 1, N)),
        Sum(log(cosh(Sum(J[k, l] * (s[k] - 2 * delta(k, r) * s[r]), (k, 1, N)))), (l, 1, M)),
        1 / (1 + Sum(delta(k, r) * f[k], (k, 1, N))) ** 2,
    ],
    ids=str,
)
def test_the_value_is_that_of_the_sum(formula):
    done = sum_deltas(formula)
    left = {index for total in done.atoms(Sum) for index in total.variables}
    assert not any(d.free_symbols & left for d in done.atoms(delta))
    for place in (1, 2, 4):
        values = {"r": place, "u": 3} if not formula.has(l - 1) else {"r": 1, "u": place + 1}
        values = {name: min(index, 4) for name, index in values.items()}
        assert (numbers(formula, **values) - numbers(done, **values)).simplify() == 0


def test_the_form_is_that_of_the_page():
    exponent = Sum(J[k, l] * s[k] * s[l], (k, 1, l - 1), (l, 2, N)) + Sum(f[k] * s[k], (k, 1, N))
    assert sum_deltas(diff(exponent, f[r])) == s[r]
    assert sum_deltas(diff(exponent, J[r, u])) == s[r] * s[u]
    assert sum_deltas(diff(Sum(J[k, k] * s[k], (k, 1, N)), s[r])) == J[r, r]
    assert sum_deltas(Sum(delta(k, r) * (f[k] + 1) * s[k], (k, 1, N))) == (f[r] + 1) * s[r]
    assert sum_deltas(Sum(delta(k, r, (1, N)) * f[k], (k, 1, N))) == f[r]  # it knows its range


def test_what_has_no_such_delta_stays_as_it_is():
    plain = Sum(f[k] * (g[k] + 1), (k, 1, N)) * delta(r, u)
    assert sum_deltas(plain) is plain
    outside = Sum(delta(r, u) * f[k], (k, 1, N))
    assert sum_deltas(outside) is outside


def test_an_index_beyond_the_range_picks_nothing():
    anywhere = Symbol("i", integer=True)
    assert sum_deltas(Sum(delta(anywhere, 0) * f[anywhere], (anywhere, 1, N))) == 0
    assert sum_deltas(Sum(delta(k, N + 1) * f[k], (k, 1, N))) == 0
    by_way_of_l = delta(k, l) * delta(l, N + 1) * J[k, l]
    assert sum_deltas(Sum(by_way_of_l, (k, 1, N), (l, 1, N + 1))) == 0


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        (Sum(exp(delta(k, r)) * f[k], (k, 1, N)), "as a factor"),
        (Sum(f[k] ** delta(k, r), (k, 1, N)), "as a factor"),
        (Sum((f[k] + delta(k, r)) ** 2, (k, 1, N)), "as a factor"),
        (Sum(delta(2 * k, r) * f[k], (k, 1, N)), "alone on one side"),
        (Sum(delta(k, k**2) * f[k], (k, 1, N)), "alone on one side"),
        (Sum(delta(k, Symbol("y", real=True)) * f[k], (k, 1, N)), "an integer beside k"),
        # u lies within k + 1 … N for some k only
        (Sum(delta(l, u) * J[k, l], (l, k + 1, N), (k, 1, N)), "for all terms that are left"),
        (Sum(delta(k, l) * J[k, l], (k, 1, N), (l, 1, M)), "for all terms that are left"),
        (Sum(delta(k, l + 1) * J[k, l], (k, 1, N), (l, 1, N)), "for all terms that are left"),
        # j stands for two things
        (Sum(delta(k, j) * Sum(J[j, k], (j, 1, N)), (k, 1, N)), "another name than j"),
    ],
    ids=str,
)
def test_what_it_cannot_do_is_refused(formula, message):
    with pytest.raises(ValueError, match=message):
        sum_deltas(formula)


def test_a_sum_inside_an_unknown_function():
    F = Function("F")
    assert sum_deltas(F(Sum(delta(k, r) * f[k], (k, 1, N)), u)) == F(f[r], u)
