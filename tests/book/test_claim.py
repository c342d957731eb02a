"""The claim accepts what is right and refuses everything it should refuse."""

import math
import sys

import mpmath
import numpy as np
import pytest
from sympy import (
    Eq,
    Function,
    IndexedBase,
    Integral,
    Lambda,
    Matrix,
    MatrixSymbol,
    Piecewise,
    Rational,
    Sum,
    Symbol,
    ZeroMatrix,
    diff,
    exp,
    expand,
    factor,
    log,
    oo,
    pi,
    simplify,
    solve,
    sqrt,
    symbols,
)

from boltzlib.book import ClaimFailed, card, chain, claim, limit, stationary, together
from boltzlib.book.claim import MIME, claims_so_far
from boltzlib.book.corners import Numbers, check_limit
from boltzlib.book.mutate import broken_copies
from boltzlib.book.printing import latex
from boltzlib.book.symbols import K, N, i, j, k, m, mu, n, p, q, t, v, x
from boltzlib.divergence import kl_divergence
from boltzlib.gaussian import Gaussian

u, w = symbols("u w", positive=True)


def sample(values, mean=0.3, variance=1.7):
    return {x: np.asarray(values, dtype=float), n: len(values), mu: mean, v: variance}


SAMPLES = [sample([0.4, 1.9, -1.1]), sample([2.0, 3.5, 3.7, 8.1, 8.2], -1.2, 0.4)]
EXTREME = [sample([1e6, 1e6 + 1, 1e6 + 3], 1e6, 2.0)]
NORMALISER = dict(
    computed=lambda c: math.exp(Gaussian(c[mu], c[v]).log_partition()),
    library="boltzlib.gaussian.Gaussian.log_partition",
    cases=[{mu: 0.3, v: 1.7}, {mu: -2.0, v: 0.25, t: [-2.0]}],
    edges=[{mu: 0.0, v: 1e-4, t: [-1, 0, 1]}],
)
DIE = [
    {p: [0.5, 0.3, 0.2], q: [0.2, 0.2, 0.6], K: 3},
    {p: [0.1, 0.9], q: [0.6, 0.4], K: 2},
]
EQUAL = [{p: [0.5, 0.25, 0.25], q: [0.5, 0.25, 0.25], K: 3}]
NORMALISED = [Eq(Sum(p[k], (k, 1, K)), 1), Eq(Sum(q[k], (k, 1, K)), 1)]
D = Sum(p[k] * log(p[k] / q[k]), (k, 1, K))


def normaliser(**changes):
    Z = Integral(exp(-((t - mu) ** 2) / (2 * v)), (t, -oo, oo))
    value = simplify(Z.doit())
    arguments = {**NORMALISER, "derived": value, **changes}
    stated = arguments.pop("stated", chain(r"Z", "=", sqrt(2 * pi * v)))
    return claim("2.12", "identity", stated, **arguments)


def mean_and_slope(**changes):
    cost = Sum((x[i] - mu) ** 2, (i, 1, n)) / (2 * v * n)
    slope = expand(diff(cost, mu)).doit()
    centre = solve(slope, mu)[0]
    arguments = dict(
        derived=(slope, centre),
        computed=(
            lambda c: Gaussian(c[mu], c[v]).score(c[x]).mean(),
            lambda c: Gaussian.fit(c[x]).mean,
        ),
        library="boltzlib.gaussian.Gaussian.fit",
        cases=SAMPLES,
        edges=EXTREME,
    )
    stated = stationary(
        chain("g", "=", -Sum(x[i] - mu, (i, 1, n)) / (v * n)),
        chain(r"\mu", "=", Sum(x[i], (i, 1, n)) / n),
    )
    return claim("2.15", "stationarity", changes.pop("stated", stated), **{**arguments, **changes})


def gibbs(**changes):
    g = Function("g", nonnegative=True)
    meaning = Lambda(u, u - 1 - log(u))
    gap = simplify(Sum(p[k] * g(q[k] / p[k]), (k, 1, K)))
    arguments = dict(
        derived=gap,
        lemmas=[(g, meaning)],
        given=NORMALISED,
        computed=lambda c: kl_divergence(c[p], c[q]),
        library="boltzlib.divergence.kl_divergence",
        cases=DIE,
        edges=[{p: [1 - 1e-9, 1e-9], q: [0.5, 0.5], K: 2}],
        tight=EQUAL,
    )
    stated = changes.pop("stated", chain("D", "=", D, ">=", 0))
    return claim("2.8", "bound", stated, **{**arguments, **changes})


def entropy(monkeypatch, **changes):
    """A short one, for what does not depend on the formula; no mend is looked for."""
    monkeypatch.setattr("boltzlib.book.diagnosis.TRIED", (0, 0, 0))
    arguments = dict(
        kind="identity",
        stated=chain("f", "=", u * log(u) + 2 * w),
        derived=expand(2 * (u * log(u) / 2 + w)),
        computed=lambda c: c[u] * math.log(c[u]) + 2 * c[w],
        library=None,
        cases=[{u: 0.5, w: 2.0}, {u: 3.0, w: 1.25}],
        edges=[{u: 1e-3, w: 1e3}],
    )
    arguments.update(changes)
    name = arguments.pop("name", "9.9")
    return claim(name, arguments.pop("kind"), arguments.pop("stated"), **arguments)


def test_identity_over_symbolic_parameters():
    record = normaliser().record
    assert record["kind"] == "identity" and record["scope"] == "general"
    assert record["derived"] is True and record["computed"] is True
    assert record["cases"] == 3
    assert record["mutants"] == record["killed"] >= 8


def test_every_side_of_a_chain_is_tested():
    Z = Integral(exp(-((t - mu) ** 2) / (2 * v)), (t, -oo, oo))
    whole = normaliser(stated=chain("Z", "=", Z, "=", sqrt(2 * pi * v)))
    assert whole.record["mutants"] > normaliser().record["mutants"]


def test_stationarity_for_symbolic_n():
    result = mean_and_slope()
    assert result.record["mutants"] >= 10
    assert r"= 0 \iff \mu = \frac{1}{n} \sum_{i=1}^{n} x_{i}" in result.tex


def test_bound_with_equality_case():
    assert gibbs().record["kind"] == "bound"


def test_definition_has_no_derivation():
    result = claim(
        "2.6",
        "definition",
        chain("D", ":=", D),
        computed=lambda c: kl_divergence(c[p], c[q]),
        library="boltzlib.divergence.kl_divergence",
        cases=DIE,
        edges=[{p: [1 - 1e-9, 1e-9], q: [0.5, 0.5], K: 2}],
    )
    assert result.record["derived"] is False and result.record["computed"] is True


def shrinking(value=v, rate=1 / n, sizes=(10, 1000), edge=(10**6, 1.7)):
    sequence = expand(simplify(v * (n - 1) / n))
    return claim(
        "2.16a",
        "limit",
        limit("s", v * (n - 1) / n, n, value, rate),
        derived=sequence,
        computed=lambda c: c[v] * (1 - 1 / c[n]),
        library=None,
        cases=[{n: size, v: 1.7} for size in sizes],
        edges=[{n: edge[0], v: edge[1]}],
    )


def test_limit_with_rate():
    result = shrinking()
    assert result.record["kind"] == "limit"
    assert r"\xrightarrow[n \to \infty]{}" in result.tex


def test_of_a_limit_two_wrong_rates_and_a_wrong_value_are_rejected_too():
    sequence = 1 + 1 / n
    result = claim(
        "9.9",
        "limit",
        limit("s", sequence, n, 1, 1 / n),
        derived=expand((n + 1) / n),
        computed=lambda c: 1 + 1 / c[n],
        library=None,
        cases=[{n: 10}, {n: 200}],
        edges=[{n: 10**6}],
    )
    assert result.record["killed"] == len(broken_copies(sequence)) + 3


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"value": v + 1}, "does not tend"),
        ({"rate": 1 / n**2}, "not of order"),
        ({"rate": 1 / sqrt(n)}, "not of order"),
        ({"sizes": (10, 20), "edge": (10, 2.5)}, "factor 100"),
        ({"sizes": (10, 10**4), "edge": (10, 2.5)}, "two sizes"),
    ],
)
def test_a_wrong_limit_rate_or_range_of_sizes_is_refused(wrong, message):
    with pytest.raises(ClaimFailed, match=message):
        shrinking(**wrong)


def variance_replicates(c, factor=1.0):
    rng = np.random.default_rng(7)
    draws = rng.normal(0.0, math.sqrt(c[v]), size=(1500, c[n]))
    return factor * np.array([np.squeeze(Gaussian.fit(row).covariance) for row in draws])


def statistical(factor=1.0):
    bias = simplify(v - v / n)
    return claim(
        "2.16a",
        "statistical",
        chain("E", "=", v * (n - 1) / n),
        derived=bias,
        computed=lambda c: variance_replicates(c, factor),
        library="boltzlib.gaussian.Gaussian.fit",
        cases=[{n: 2, v: 3.0}, {n: 5, v: 0.4}],
        edges=[{n: 3, v: 100.0}],
    )


def test_statistical_statement():
    assert statistical().record["mutants"] >= 5


def test_statistical_statement_that_is_off_is_refused():
    with pytest.raises(ClaimFailed, match="stated ≠ computed"):
        statistical(factor=1.5)


def test_wrong_stated_formula_is_refused_by_the_derivation():
    with pytest.raises(ClaimFailed, match="derived ≠ stated"):
        normaliser(stated=chain("Z", "=", sqrt(pi * v)))


def test_wrong_stated_formula_is_refused_by_the_numbers_and_the_slip_named():
    """Even when the derivation makes the same mistake."""
    doubled = simplify(expand(2 * sqrt(2 * pi * v)))
    says = r"stated ≠ computed: stated [\s\S]*\. It would agree without the factor 2:\n    sqrt\(2"
    with pytest.raises(ClaimFailed, match=says):
        normaliser(stated=chain("Z", "=", 2 * sqrt(2 * pi * v)), derived=doubled)


def test_wrong_library_function_is_refused(monkeypatch):
    def off_by_one(cls, data):
        data = np.asarray(data, dtype=float)
        return Gaussian(data.sum() / (len(data) - 1), 1.0)

    monkeypatch.setattr(Gaussian, "fit", classmethod(off_by_one))
    with pytest.raises(
        ClaimFailed, match="never calls boltzlib.gaussian.Gaussian.fit|stated ≠ computed"
    ):
        mean_and_slope()


def test_a_computed_corner_that_avoids_the_library_is_refused():
    with pytest.raises(ClaimFailed, match="never calls boltzlib.divergence.kl_divergence"):
        gibbs(computed=lambda c: float(np.sum(np.log(np.array(c[p]) / c[q]) * c[p])))


def test_same_object_on_both_sides_is_a_tautology():
    slope = expand(diff(Sum((x[i] - mu) ** 2, (i, 1, n)), mu)).doit()
    with pytest.raises(ClaimFailed, match="tautology"):
        claim(
            "2.15",
            "identity",
            chain("g", "=", slope),
            derived=slope,
            computed=lambda c: 2 * c[v] * Gaussian(c[mu], c[v]).score(c[x]).sum(),
            library="boltzlib.gaussian.Gaussian.score",
            cases=SAMPLES,
            edges=EXTREME,
        )


def test_typing_the_answer_twice_is_a_tautology():
    with pytest.raises(ClaimFailed, match="typed in, not derived"):
        claim(
            "2.12",
            "identity",
            chain("Z", "=", sqrt(2 * pi * v)),
            derived=sqrt(pi * v) * sqrt(2),
            **NORMALISER,
        )


def test_vacuous_inputs_are_refused():
    """At x = mu every slope is 0, so all broken copies agree with it."""
    still = {x: np.array([1.0, 1.0]), n: 2, mu: 1.0, v: 2.0}
    slope = expand(diff(Sum((x[i] - mu) ** 2, (i, 1, n)) / (2 * v * n), mu)).doit()
    with pytest.raises(ClaimFailed, match="no teeth"):
        claim(
            "2.15",
            "identity",
            chain("g", "=", -Sum(x[i] - mu, (i, 1, n)) / (v * n)),
            derived=slope,
            computed=lambda c: Gaussian(c[mu], c[v]).score(c[x]).mean(),
            library="boltzlib.gaussian.Gaussian.score",
            cases=[still],
            edges=[still],
        )


@pytest.mark.parametrize("beside", [(), (chain("Z", "=", sqrt(2 * pi * v)),)])
def test_a_zero_is_claimed_only_beside_what_can_be_broken(beside):
    """A function that returns 0 is no check; the same function with a value elsewhere is one."""

    def norm(c):
        return np.exp(Gaussian(c[mu], c[v]).log_partition())

    def state():
        return claim(
            "2.12",
            "identity",
            together(chain("Z - Z", "=", 0), *beside),
            derived=(expand((v - 1) - v + 1), *(simplify(sqrt(2 * pi) * sqrt(v)) for _ in beside)),
            computed=(lambda c: norm(c) - norm(c), *(norm for _ in beside)),
            library="boltzlib.gaussian.Gaussian.log_partition",
            cases=[{mu: 0.3, v: 1.7}],
            edges=[{mu: 1e6, v: 1e-4}],
        )

    if beside:
        assert state().record["killed"] > 0
    else:
        with pytest.raises(ClaimFailed, match="no teeth"):
            state()


def test_a_column_of_zeros_is_claimed_as_a_zero_is(monkeypatch):
    """Beside what can be broken; that it is one, the numbers tell."""

    def state(zeros):
        inputs = [{m: [1.0, 2.0], N: 2, u: 0.5, w: 2.0}, {m: [0.0], N: 1, u: 3.0, w: 1.25}]
        return entropy(
            monkeypatch,
            stated=together(chain("d", "=", ZeroMatrix(N, 1)), chain("g", "=", 2 * u)),
            derived=((m - m).doit(), expand(u + u)),
            computed=(lambda c: zeros * np.ones(c[N]), lambda c: 2 * c[u]),
            cases=inputs,
            edges=inputs,
        )

    assert state(0.0).record["killed"] == len(broken_copies(2 * u))
    with pytest.raises(ClaimFailed, match="stated ≠ computed"):
        state(1e-3)


def test_a_broken_copy_that_survives_is_named():
    """With σ² = 1 alone, losing σ² goes unnoticed."""
    ones = [{mu: 0.3, v: 1.0}, {mu: 2.0, v: 1.0}]
    says = r"no teeth: without the factor sqrt\(σ²\)[\s\S]* sqrt\(2\)\*sqrt\(pi\)\n.*\n.*σ"
    with pytest.raises(ClaimFailed, match=says + r"[\s\S]*At every input so far σ² = 1\."):
        normaliser(cases=ones, edges=ones[:1], stated=chain("Z", "=", sqrt(2 * pi * v)))


def test_all_symbols_with_one_value_are_named_in_the_order_of_the_alphabet(monkeypatch):
    five = symbols("a:e", positive=True)
    ones = {letter: 1.0 for letter in five}
    with pytest.raises(ClaimFailed, match="so far a = 1, b = 1, c = 1, d = 1 and e = 1[.]"):
        entropy(
            monkeypatch,
            stated=chain("f", "=", math.prod(five)),
            derived=simplify(math.prod(five) ** 2 / math.prod(five)),
            computed=lambda c: 1.0,
            cases=[ones],
            edges=[ones],
        )


def test_a_symbol_that_is_not_used_at_an_input_needs_no_value_there(monkeypatch):
    """The empty sum holds no w; so w is not "1 at every input"."""
    with pytest.raises(ClaimFailed) as found:
        entropy(
            monkeypatch,
            stated=chain("f", "=", Sum(w * k, (k, 1, n))),
            derived=simplify(Sum(k * w**2 / w, (k, 1, n))),
            computed=lambda c: c[n] * (c[n] + 1) / 2,
            cases=[{n: 3, w: 1.0}],
            edges=[{n: 0}],
        )
    assert "no teeth: without the factor w" in str(found.value)
    assert "At every input" not in str(found.value)


def test_the_wrong_versions_of_a_bound_are_those_of_its_sides_and_the_flipped_one(monkeypatch):
    left, right = u**2 + w**2, 2 * u * w
    result = entropy(
        monkeypatch,
        kind="bound",
        stated=chain(left, ">=", right),
        derived=factor(left - right),
        computed=lambda c: c[u] ** 2 + c[w] ** 2,
        tight=[{u: 1.5, w: 1.5}],
    )
    copies = len(broken_copies(left)) + len(broken_copies(right))
    assert result.record["killed"] == result.record["mutants"] == copies + 1
    assert repr(result).endswith(
        f"; 4 inputs; {copies + 1} of {copies + 1} wrong versions rejected"
    )


def test_a_wrong_version_without_a_value_is_not_counted(monkeypatch):
    """A has no inverse; the versions that come after the one with it are tried all the same."""
    A, B = MatrixSymbol("A", N, N), MatrixSymbol("B", N, N)
    case = {A: [[1.0, -2.0], [2.0, -4.0]], B: [[1.0, 3.0], [-1.0, 0.5]], N: 2}
    value = np.array(case[A]) @ case[B]
    numbers = one_chain(A * B, value, [case])
    outcomes = [numbers.survivor(1, broken) for broken in broken_copies(A * B)]
    assert True not in outcomes and None in outcomes[:-1]
    result = entropy(
        monkeypatch,
        stated=chain("P", "=", A * B),
        derived=(A * B + B - B).doit(),
        computed=lambda c: value,
        cases=[case],
        edges=[case],
    )
    assert result.record["killed"] == outcomes.count(False)


def test_a_wrong_version_that_what_is_given_makes_right_is_no_gap(monkeypatch):
    """As the sum is 1, nothing is wrong without it: no input could tell."""
    total = Sum(p[k], (k, 1, K))
    result = entropy(
        monkeypatch,
        stated=chain("f", "=", u * total),
        derived=simplify(u**2 * total / u),
        given=[Eq(total, 1)],
        computed=lambda c: c[u] * sum(c[p]),
        cases=[{u: 2.5, p: [0.5, 0.3, 0.2], K: 3}],
        edges=[{u: 1e-3, p: [0.9, 0.1], K: 2}],
    )
    assert result.record["killed"] == len(broken_copies(u * total)) - 1


@pytest.mark.parametrize("one_first", [False, True])
def test_sides_beside_a_one_are_broken_wherever_they_stand(monkeypatch, one_first):
    parts = u / (u + w) + w / (u + w)
    sides = (1, "=", parts) if one_first else (parts, "=", 1)
    result = entropy(
        monkeypatch,
        stated=chain("P", "=", *sides),
        derived=simplify((u**2 + u * w) / (u * (u + w))),
        computed=lambda c: 1.0,
    )
    assert result.record["killed"] == len(broken_copies(parts))
    with pytest.raises(ClaimFailed, match="no teeth: no broken copy could be tried"):
        entropy(
            monkeypatch,
            stated=chain("P", "=", 1),
            derived=simplify((u + w) ** 2 / (u + w) / (u + w)),
            computed=lambda c: 1.0,
        )


def test_a_bound_that_is_not_tight_where_said_is_refused():
    with pytest.raises(ClaimFailed, match="not tight"):
        gibbs(tight=[{p: [0.5, 0.5], q: [0.4, 0.6], K: 2}])


def test_a_bound_that_is_only_tried_at_equality_is_refused():
    with pytest.raises(ClaimFailed, match="the bound is tight:\nat .* both sides are 0"):
        gibbs(cases=EQUAL, edges=EQUAL)


def test_a_false_bound_is_refused():
    with pytest.raises(ClaimFailed):
        gibbs(stated=chain("D", "=", D, "<=", 0))


def test_a_gap_that_is_not_visibly_nonnegative_is_refused():
    with pytest.raises(ClaimFailed, match="not visibly nonnegative"):
        gibbs(derived=simplify(Sum(p[k] * log(p[k] / q[k]), (k, 1, K))), lemmas=())


def test_nan_on_an_edge_input_is_refused():
    def naive(c):
        with np.errstate(all="ignore"):
            kl_divergence(c[p], c[q])
            return np.sum(np.array(c[p]) * np.log(np.array(c[p]) / np.array(c[q])))

    with pytest.raises(ClaimFailed, match="NaN"):
        gibbs(computed=naive, edges=[{p: [1.0, 0.0], q: [0.5, 0.5], K: 2}])


def test_a_given_fact_must_hold_at_the_inputs():
    with pytest.raises(ClaimFailed, match="given"):
        gibbs(cases=[*DIE, {p: [0.5, 0.6], q: [0.5, 0.5], K: 2}])


def test_erratum_carries_its_counterexample():
    printed = Sum(x[i], (i, 1, n))
    result = mean_and_slope(erratum="The note loses the factor 1/n.", printed=printed)
    assert "for the note's form" in result.record["counterexample"]
    assert "Counter-example" in result._repr_mimebundle_()["text/html"]


def test_the_printed_form_must_fail_though_other_words_tell_of_it():
    told = dict(erratum="The note loses 1/n.", counterexample=lambda: ("3.1 in all", "1.03"))
    result = mean_and_slope(printed=Sum(x[i], (i, 1, n)), **told)
    assert result.record["counterexample"] == "the note's form gives 3.1 in all; right is 1.03"
    with pytest.raises(ClaimFailed, match="no erratum"):
        mean_and_slope(printed=Sum(x[k], (k, 1, n)) / n, **told)


def test_the_printed_form_stands_in_place_of_the_last_side(monkeypatch):
    told = dict(erratum="The note loses a 2.", printed=u * log(u) + w)
    assert "stated 1.65, computed 3.65" in entropy(monkeypatch, **told).record["counterexample"]
    three = chain(
        "f", "=", log(u**u * exp(2 * w)), "=", u * log(u) + 2 * w, "=", u * log(u) + 2 * w
    )
    assert entropy(monkeypatch, stated=three, **told).record["erratum"]


def test_an_erratum_that_refutes_nothing_is_refused():
    with pytest.raises(ClaimFailed, match="no erratum"):
        mean_and_slope(erratum="Nothing wrong.", printed=Sum(x[k], (k, 1, n)) / n)
    with pytest.raises(ClaimFailed, match="refutes nothing"):
        mean_and_slope(erratum="Nothing wrong.", counterexample=lambda: (1.0, 1.0))


def test_the_default_tolerance_is_what_the_record_says(monkeypatch):
    def off(c):
        return (c[u] * math.log(c[u]) + 2 * c[w]) * (1 + 1.5e-12)

    assert entropy(monkeypatch).record["tolerance"] == 1e-12
    assert entropy(monkeypatch, computed=off, tolerance=2e-12).record["tolerance"] == 2e-12
    with pytest.raises(ClaimFailed, match="stated ≠ computed"):
        entropy(monkeypatch, computed=off)


def test_a_missing_value_is_told_before_the_formulas_are_judged(monkeypatch):
    with pytest.raises(ValueError, match="no value was given for w"):
        entropy(monkeypatch, cases=[{u: 0.5}], computed=lambda c: 1.0, derived=expand(3 * (u + w)))


def test_what_was_derived_is_all_or_nothing(monkeypatch):
    both = dict(
        stated=together(chain("f", "=", u * log(u) + 2 * w), chain("g", "=", 2 * u)),
        computed=(lambda c: c[u] * math.log(c[u]) + 2 * c[w], lambda c: 2 * c[u]),
    )
    first, second = expand(2 * (u * log(u) / 2 + w)), expand(u + u)
    assert entropy(monkeypatch, derived=(first, second), **both).record["derived"] is True
    for derived in ((first, None), (None, second)):
        assert entropy(monkeypatch, derived=derived, **both).record["derived"] is False


def test_a_display_that_says_something_else_is_refused_where_there_is_one(monkeypatch):
    """Of a reader's own formula none is placed on a page."""
    monkeypatch.setattr("boltzlib.book.statement.latex", lambda f: latex(f).replace("2", "3"))
    with pytest.raises(ClaimFailed, match=r"^\(9.9\) display: what is shown\n    u.*3 w\nis "):
        entropy(monkeypatch)
    assert entropy(monkeypatch, name="mine").record["killed"] > 0


def test_a_class_is_called_by_any_of_its_methods(monkeypatch):
    named = dict(library="boltzlib.gaussian.Gaussian")

    def with_a_model(c):
        return Gaussian(c[u] * math.log(c[u]) + 2 * c[w], 1.0).mean

    assert entropy(monkeypatch, computed=with_a_model, **named).record["library"]
    with pytest.raises(ClaimFailed, match="never calls boltzlib.gaussian.Gaussian, which it nam"):
        entropy(monkeypatch, **named)


def test_one_input_shows_what_is_called(monkeypatch):
    one = dict(name="mine", cases=[{u: 0.5, w: 2.0}], edges=[])
    with pytest.raises(ClaimFailed, match="never calls boltzlib.divergence.entropy"):
        entropy(monkeypatch, library="boltzlib.divergence.entropy", **one)


def test_who_measures_a_program_goes_on_after_a_claim(monkeypatch):
    def watch(frame, event, argument):
        pass

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        with pytest.raises(ClaimFailed, match="never calls"):
            entropy(monkeypatch, library="boltzlib.divergence.entropy")
        after = sys.getprofile()
    finally:
        sys.setprofile(before)
    assert after is watch


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"edges": []}, "edges"),
        ({"derived": None}, "derived"),
        ({"computed": None}, "computed"),
        ({"stated": sqrt(v)}, "stated"),
        ({"erratum": "no full stop"}, "erratum"),
        ({"printed": v}, "erratum"),
        ({"library": "numpy.mean"}, "library"),
        ({"library": ""}, "library: expected the dotted name"),
        ({"stated": chain("Z", "=", Matrix([v]))}, "sizes"),
    ],
)
def test_bad_arguments_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        normaliser(**changes)


def test_unknown_kind_and_number():
    with pytest.raises(ValueError, match="kind"):
        claim("2.12", "theorem", chain("Z", "=", v), **NORMALISER)
    with pytest.raises(ValueError, match="equation"):
        claim("2.x", "identity", chain("Z", "=", v), **NORMALISER)


def test_instance_scope_names_its_sizes():
    assert normaliser(sizes="N = 1").record["scope"] == "instance"
    assert "checked for N = 1" in card.html(normaliser(sizes="N = 1"))


def test_record_and_card_are_what_the_ledger_reads():
    bundle = normaliser()._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", MIME}
    assert set(bundle[MIME]) >= {
        "equation", "origin", "kind", "scope", "library", "derived", "computed", "cases",
        "tolerance", "mutants", "killed", "display", "erratum",
    }  # fmt: skip
    assert "\n" not in bundle["text/plain"] and "0x" not in bundle["text/plain"]
    assert repr(normaliser()) == bundle["text/plain"]


def test_card_and_display_break_lines_alike():
    two = together(chain("Z", "=", sqrt(2 * pi * v)), chain("z", "=", 2 * v), joiner=r" , \\ ")
    result = claim(
        "2.12",
        "identity",
        two,
        derived=(simplify(sqrt(pi) * sqrt(2 * v)), expand(v + v)),
        computed=(NORMALISER["computed"], lambda c: 2 * c[v]),
        **{name: NORMALISER[name] for name in ("library", "cases", "edges")},
    )
    assert r"\[\begin{gathered} Z = " in card.html(result)
    assert result.tex.startswith(r"\begin{gathered} Z = ")
    assert "gathered" not in card.html(normaliser())


def test_names_break_after_a_dot_or_an_underscore():
    shown = "<code>boltzlib.<wbr>gaussian.<wbr>Gaussian.<wbr>log_<wbr>partition</code>"
    assert shown in card.html(normaliser())
    assert shown in card.on_this_page()._repr_html_()


def test_page_table_holds_each_number_once():
    normaliser()
    normaliser()
    numbers = [c.record["equation"] for c in claims_so_far()]
    assert len(numbers) == len(set(numbers)) and "2.12" in numbers
    assert "(2.12)" in card.on_this_page()._repr_html_()


def test_rational_prefactor_is_no_loophole():
    """A factor that is wrong by 1e-6 is caught, not only a factor 2."""
    close = sqrt(2 * pi * v) * (1 + Rational(1, 10**6))
    with pytest.raises(ClaimFailed):
        normaliser(stated=chain("Z", "=", close))


def test_a_solution_at_which_the_gradient_does_not_vanish_is_refused():
    """Each half of 2.15 is right in itself: the library returns the last number of the data."""
    with pytest.raises(ClaimFailed, match="gradient is .*, not 0"):
        mean_and_slope(
            stated=stationary(
                chain("g", "=", -Sum(x[i] - mu, (i, 1, n)) / (v * n)),
                chain(r"\mu", "=", Sum(x[i], (i, 1, n)) / (n + 1)),
            ),
            derived=(
                expand(diff(Sum((x[i] - mu) ** 2, (i, 1, n)) / (2 * v * n), mu)).doit(),
                simplify(Sum(x[k] / (n + 1), (k, 1, n))),
            ),
            computed=(
                lambda c: Gaussian(c[mu], c[v]).score(c[x]).mean(),
                lambda c: Gaussian.fit(c[x]).mean * c[n] / (c[n] + 1),
            ),
        )


def test_a_gradient_that_vanishes_elsewhere_too_is_refused():
    slope = simplify(diff((t**3 / 3 - t**2 / 2), t))
    with pytest.raises(ClaimFailed, match="not only at t = 1"):
        claim(
            "2.15",
            "stationarity",
            stationary(chain("g", "=", t**2 - t), chain("t", "=", v / u)),
            derived=(slope, solve(u * t - v, t)[0]),
            computed=(lambda c: c[t] ** 2 - c[t], lambda c: c[v] / c[u]),
            library=None,
            cases=[{t: 3.0, v: 2.0, u: 2.0}, {t: 0.0, v: 3.0, u: 3.0}],
            edges=[{t: -2.0, v: 0.5, u: 0.5}],
        )


def test_the_parameter_of_a_stationarity_must_be_found():
    with pytest.raises(ValueError, match="hold the parameter"):
        mean_and_slope(
            stated=stationary(
                chain("g", "=", -Sum(x[i] - mu, (i, 1, n)) / (v * n)),
                chain("m", "=", Sum(x[i], (i, 1, n)) / n),
            )
        )


def test_a_false_lemma_is_refused():
    g = Function("g", nonnegative=True)
    with pytest.raises(ClaimFailed, match="lemma: g ≥ 0 is false at u = 1/.*: it is -2"):
        claim(
            "2.7",
            "bound",
            chain(u, ">=", 2),
            derived=simplify(g(u)),
            lemmas=[(g, Lambda(u, u - 2))],
            computed=lambda c: c[u],
            library=None,
            cases=[{u: 3.5}],
            edges=[{u: 1e9}],
            tight=[{u: 2.0}],
        )


def below_its_tangent(*named):
    """A concave function at u + 1 lies below its tangent at u."""
    height, (a, b) = Function("c", nonnegative=True), symbols("a b", real=True)
    f, slope = Function("f", real=True), Function("f'", real=True)
    gap = simplify(height(u + 1, u))
    return claim(
        "2.9",
        "bound",
        chain(f(u + 1), "<=", f(u) + slope(u)),
        derived=gap,
        lemmas=[(height, Lambda((a, b), f(b) + slope(b) * (a - b) - f(a)), *named)],
        computed=lambda c: c[f](c[u] + 1),
        library=None,
        cases=[{f: mpmath.log, slope: lambda s: 1 / s, u: 0.5}],
        edges=[{f: mpmath.log, slope: lambda s: 1 / s, u: 1e-3}],
        tight=[{f: lambda s: 3 * s - 1, slope: lambda s: mpmath.mpf(3), u: 2.0}],
    )


def test_a_lemma_about_a_function_is_shown_as_what_is_given():
    result = below_its_tangent()
    (shown,) = result.record["given"]
    assert shown.endswith(r" - f{\left(a \right)} \ge 0 \text{ for all } a, b")
    assert "for all" in result._repr_mimebundle_()["text/html"]
    (shown,) = below_its_tangent("a, b > 0").record["given"]
    assert shown.endswith(r" \ge 0 \text{ for all } a, b > 0")
    assert "for all" not in card.html(gibbs())  # a lemma about numbers is no hypothesis


def area_below(top_of_third):
    """The integral of f over 0..1 is at most M, if f is nowhere more than M."""
    spare, height = Function("c", nonnegative=True), Function("f", real=True)
    s, top = symbols("s M", real=True)
    gap = simplify(Integral(spare(s), (s, 0, 1)))
    return claim(
        "1.2",
        "bound",
        chain(Integral(height(s), (s, 0, 1)), "<=", top),
        derived=gap,
        lemmas=[(spare, Lambda(s, top - height(s)))],
        computed=lambda c: float(mpmath.quad(c[height], [0, 1])),
        library=None,
        cases=[{height: lambda t: t, top: 1.0}, {height: lambda t: -(t**2), top: 0.5}],
        edges=[{height: lambda t: 4 * t * (1 - t), top: top_of_third}],
        tight=[{height: lambda t: mpmath.mpf(3), top: 3.0}],
    )


def test_a_hypothesis_is_tried_within_an_integral():
    assert area_below(1.0).record["given"] == [r"M - f{\left(s \right)} \ge 0 \text{ for all } s"]
    # the area is 2/3, so the bound holds for 3/4 too; but f(1/2) = 1
    with pytest.raises(ClaimFailed, match=r"lemmas: M - f.* ≥ 0, which the proof supposes, does"):
        area_below(0.75)


def sum_below(values):
    spare, top = Function("c", nonnegative=True), Symbol("M", real=True)
    gap = simplify(Sum(spare(i), (i, 1, n)))
    return claim(
        "2.46",
        "bound",
        chain(Sum(x[i], (i, 1, n)), "<=", n * top),
        derived=gap,
        lemmas=[(spare, Lambda(k, top - x[k]))],
        computed=lambda c: sum(c[x]),
        library=None,
        cases=[{x: values, n: len(values), top: 2.0}],
        edges=[{x: [-1e6], n: 1, top: 0.5}],
        tight=[{x: [1.5, 1.5], n: 2, top: 1.5}],
    )


def test_a_hypothesis_is_tried_for_every_index():
    assert sum_below([1.0, -3.0, 2.0]).record["given"] == [r"M - x_{k} \ge 0 \text{ for all } k"]
    with pytest.raises(ClaimFailed, match=r"lemmas: M - x\[k\] ≥ 0[\s\S]*: it is -0.5"):
        sum_below([1.0, -3.0, 2.5])


def test_an_induction_supposes_its_formula_for_the_length_it_uses():
    """A sum of K nonnegative terms, from the sum of K - 1 of them."""
    sum_so_far = Function("S", nonnegative=True)
    one = Function("c", nonnegative=True)
    result = claim(
        "2.9a",
        "bound",
        chain(Sum(p[k], (k, 1, K)), ">=", 0),
        derived=simplify(sum_so_far(K - 1) + one(K)),
        lemmas=[
            (sum_so_far, Lambda(n, Sum(p[k], (k, 1, n)))),
            (one, Lambda(n, p[n])),
        ],
        given=[Eq(Sum(p[k], (k, 1, K)), Sum(p[k], (k, 1, K - 1)) + p[K])],
        computed=lambda c: sum(c[p]),
        library=None,
        cases=[{p: [0.5, 2.0, 0.25], K: 3}],
        edges=[{p: [1e-9], K: 1}],
    )
    assert result.record["given"][1:] == [
        r"\sum_{k=1}^{K - 1} p_{k} \ge 0",
        r"p_{K} \ge 0",
    ]


def test_a_fact_that_is_used_inside_a_sum_must_hold_for_every_index():
    """x_1 = mu alone does not make the sum n mu; here the last corner would notice, too."""
    case = {x: np.array([1.0, 1.0, 1.0]), n: 3, mu: 1.0, v: 2.0, i: 1}
    with pytest.raises(ClaimFailed, match="given"):
        claim(
            "2.15",
            "identity",
            chain("s", "=", n * mu),
            derived=simplify(Sum(x[i] + 0 * v, (i, 1, n))),
            given=[Eq(x[i], mu)],
            computed=lambda c: 3.0,
            library=None,
            cases=[case],
            edges=[{**case, x: np.array([1.0, 2.0, 0.0])}],
        )


def test_the_range_of_an_index_may_depend_on_the_sums_around():
    """At i = 2 alone the rows j = 1, 2 sum to 1; the sum over i up to 3 uses the third, too."""
    table = IndexedBase("a", real=True)
    rows = [[0.25, 0.75], [0.5, 0.5], [0.5, 0.5]]

    def triangle(last):
        case = {table: np.array([*rows[:2], last]), n: 3, K: 2, i: 2, j: 1}
        return claim(
            "2.15",
            "identity",
            chain("T", "=", n * (n + 1) / 2),
            derived=diff(Sum(v * table[j, k], (k, 1, K), (j, 1, i), (i, 1, n)), v),
            given=[Eq(Sum(table[j, k], (k, 1, K)), 1)],
            computed=lambda c: c[n] * (c[n] + 1) / 2,
            library=None,
            cases=[case],
            edges=[{**case, n: 2}],
        )

    assert triangle(rows[2]).record["derived"]
    with pytest.raises(ClaimFailed, match="given"):
        triangle([2.5, 2.5])


@pytest.mark.parametrize(
    ("kind", "stated", "message"),
    [
        ("definition", chain("Z", ":=", v, ">=", v - 1), "inequality"),
        ("bound", chain("Z", "=", v), "inequality"),
        ("stationarity", chain("Z", "=", v), "stationary"),
        ("identity", stationary(chain("Z", "=", v), chain("v", "=", v)), "stationarity"),
        ("identity", chain("Z", "=", MatrixSymbol("A", 2, 2)), "sizes"),
        ("identity", chain("Z", "=", u / Symbol("u", real=True)), "both shown as u"),
    ],
)
def test_kind_and_letters_must_be_what_they_seem(kind, stated, message):
    with pytest.raises(ValueError, match=message):
        claim(
            "2.12",
            kind,
            stated,
            derived=None if kind == "definition" else v,
            **NORMALISER,
        )


def test_a_claim_needs_ordinary_inputs():
    with pytest.raises(ValueError, match="cases"):
        normaliser(cases=[])


def one_chain(formula, library_value, cases, statistical=False):
    return Numbers(
        chain("a", "=", formula).chains[0],
        lambda c: library_value,
        cases,
        1e-12,
        statistical=statistical,
    )


def test_a_row_is_no_column_and_nothing_is_broadcast():
    case = {m: [1.0, 2.0], N: 2}
    assert one_chain(m, np.array([1.0, 2.0]), [case]).check() is None
    assert one_chain(m.T, np.array([[1.0, 2.0]]), [case]).check() is None
    assert one_chain(m.T, np.array([1.0, 2.0]), [case]).check() is not None
    assert one_chain(m, np.array([[1.0, 2.0]]), [case]).check() is not None
    constant = np.full(50, 3.0) + np.random.default_rng(0).normal(0, 1e-3, 50)
    constant -= constant.mean() - 3
    both = {m: [3.0, 3.0], N: 2}
    assert one_chain(mu, constant, [{mu: 3.0}], statistical=True).check() is None
    assert one_chain(m, constant, [both], statistical=True).check() is not None


def test_a_broken_copy_of_another_shape_or_without_a_value_is_not_counted():
    numbers = one_chain(m, np.array([1.0, 2.0]), [{m: [1.0, 2.0], N: 2, t: 0.5}])
    position = numbers.chain.formulas[0]
    assert numbers.survivor(position, 2 * m) is False
    assert numbers.survivor(position, m.T) is None
    assert numbers.survivor(position, m.T * m) is None
    nowhere = Piecewise((t, t > 1), (t + 1, t < 0))
    scalar = one_chain(t, 0.5, [{t: 0.5}])
    assert scalar.survivor(scalar.chain.formulas[0], nowhere) is None


def test_a_limit_whose_computed_error_is_zero_at_one_size_is_refused():
    stated = limit("s", v * (n - 1) / n, n, v, 1 / n)
    cases = [{n: 1, v: 1.0}, {n: 1000, v: 1.0}]
    exact_at_one = Numbers(stated.chains[0], lambda c: c[v] * (c[n] > 1) + 0.0, cases, 1e-12)
    with pytest.raises(ClaimFailed, match="by no power"):
        check_limit(stated, expand(v * (n - 1) / n), exact_at_one)


def test_in_a_notebook_the_corners_are_written_in_the_call():
    """What stands in a variable, the search for tautologies cannot see."""
    cell = (
        "slope = expand(diff(Sum((x[i] - mu) ** 2, (i, 1, n)), mu)).doit()\n"
        "options = {'derived': slope}\n"
        "claim('2.15', 'identity', chain('g', '=', slope), library=None,\n"
        "      computed=lambda c: -2 * sum(c[x] - c[mu]), cases=SAMPLES, edges=EXTREME,\n"
        "      tolerance=1e-9, **options)\n"
    )
    page = {**globals(), "In": [cell], "get_ipython": None}
    with pytest.raises(ClaimFailed, match="may be a tautology"):
        exec(cell, page)
