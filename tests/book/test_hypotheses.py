"""What a proof supposes is tried wherever the proof uses it."""

from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
import sympy as sp

from boltzlib.book import ClaimFailed
from boltzlib.book.evaluate import CannotEvaluate
from boltzlib.book.hypotheses import (
    Hypothesis,
    _places,
    check_given,
    check_hypotheses,
    hypotheses_in,
)
from boltzlib.book.symbols import j, k, mu, n, p, q, t, v

f = sp.Function("f")
NOTHING_STATED = SimpleNamespace(chains=())


@pytest.mark.parametrize(("apart", "holds"), [(1.5e-12, True), (2.5e-12, False)])
def test_a_fact_holds_to_twelve_digits(apart, holds):
    fact, case = sp.Eq(t, mu), {t: 1.0 + apart, mu: 1.0}
    if holds:
        check_given([fact], [case], NOTHING_STATED, None)
    else:
        with pytest.raises(ClaimFailed, match="given: "):
            check_given([fact], [case], NOTHING_STATED, None)


def test_a_fact_is_tried_at_the_indices_of_a_sum_within_a_product():
    formula = sp.Product(1 + sp.Sum(p[j], (j, 1, k)), (k, 1, n))
    case = {p: [1.0, 2.0], q: [1.0, 3.0], n: 2, j: 1}
    with pytest.raises(ClaimFailed, match="does not hold"):
        check_given([sp.Eq(p[j], q[j])], [case], NOTHING_STATED, formula)


@pytest.mark.parametrize("limits", [(k, 1, sp.oo), (k, -sp.oo, 0)])
def test_a_fact_cannot_be_tried_at_infinitely_many_indices(limits):
    with pytest.raises(CannotEvaluate, match="infinitely many"):
        check_given([sp.Eq(t**k, v**k)], [{t: 1, v: 1, k: 1}], NOTHING_STATED, sp.Sum(t**k, limits))


def test_a_hypothesis_used_at_two_lengths_is_for_all_lengths():
    meaning = sp.Lambda(k, f(k))
    once, twice = (Hypothesis(meaning, uses) for uses in ([((n,), ())], [((n,), ()), ((j,), ())]))
    assert "for all" not in once.tex and "for all } k" in twice.tex


def test_only_a_lemma_that_is_used_is_a_hypothesis():
    lemma = (f, sp.Lambda(t, v * t**2))
    assert hypotheses_in([lemma], [sp.log(mu)]) == []
    (found,) = hypotheses_in([lemma], [sp.Sum(f(p[j]), (j, 1, k), (k, 1, n))])
    assert found.uses == (((p[j],), ((True, (k, 1, n)), (True, (j, 1, k)))),)


@pytest.mark.parametrize(
    ("case", "holds"),
    [
        ({t: -0.95e-30, mu: 0, v: 0}, True),
        ({t: -1.5e-30, mu: 0, v: 0}, False),
        ({t: -5e-30, mu: 0, v: 0}, False),
        ({t: -1e-15, mu: 1e20, v: 1e20}, True),  # lost beside the terms
        ({t: -1e-5, mu: 1e20, v: 1e20}, False),
    ],
)
def test_nonnegative_but_for_rounding(case, holds):
    hypothesis = Hypothesis(sp.Lambda(t, t + mu - v), ((((t,)), ()),))
    if holds:
        check_hypotheses([hypothesis], [case])
    else:
        with pytest.raises(ClaimFailed, match="lemmas: "):
            check_hypotheses([hypothesis], [case])


def test_an_integration_variable_takes_its_ends_and_values_between():
    around = ((False, (t, mu, 3)), (True, (k, 1, 2)))
    found = [(place[t], place[k]) for place in _places(around, {mu: 1.0})]
    assert found == [(mpmath.mpf(s), c) for s in np.linspace(1, 3, 9) for c in (1, 2)]


@pytest.mark.parametrize("limits", [(-sp.oo, 0), (0, sp.oo), (-sp.oo, sp.oo), (0, mu)])
def test_limits_without_a_finite_value_are_passed_over(limits):
    assert list(_places(((False, (t, *limits)),), {})) == []
