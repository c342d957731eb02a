"""A wrong call: each message names the parameter, what was expected and what came."""

import numpy as np
import pytest
import sympy as sp
from sympy import (
    Eq,
    Function,
    IndexedBase,
    Lambda,
    Matrix,
    MatrixSymbol,
    Symbol,
    expand,
    log,
    symbols,
)

from boltzlib.book import ClaimFailed, chain, claim, together
from boltzlib.book.arguments import check_letters, missing_hint, one_each
from boltzlib.book.samples import MatrixSum, Samples
from boltzlib.book.symbols import A, K, N, k, m, n, p, v, x

a, b = symbols("a b", positive=True)
INPUTS = [{a: 0.5, b: 2.0}, {a: 3.0, b: 1.25}]
GOAL = a * log(a) + 2 * b


def call(**changes):
    goal = expand(2 * (a * log(a) / 2 + b))
    arguments = dict(
        kind="identity",
        stated=chain("f", "=", a * log(a) + 2 * b),
        derived=goal,
        computed=lambda c: c[a] * np.log(c[a]) + 2 * c[b],
        cases=INPUTS,
    )
    arguments.update(changes)
    name = arguments.pop("name", "mine")
    return claim(name, arguments.pop("kind"), arguments.pop("stated"), **arguments)


def says(**changes) -> str:
    with pytest.raises(ValueError) as found:
        call(**changes)
    assert not isinstance(found.value, ClaimFailed)
    return str(found.value)


def test_the_call_is_right_to_begin_with():
    assert call().record["killed"] > 0


COLUMN = dict(
    stated=chain("f", "=", Matrix([[a], [2 * b]])),
    derived=expand(Matrix([[2 * a], [4 * b]]) / 2),
    computed=lambda c: np.array([c[a], 2 * c[b]]),
)
NUMBERED = dict(name="9.9", library=None, edges=[{a: 1e-6, b: 1e6}])
WRONG = dict(erratum="The note loses a 2.", printed=a * log(a) + b)


@pytest.mark.parametrize("changes", [{"sizes": "N = 2"}, {**COLUMN, "sizes": "N = 2"}, NUMBERED])
def test_what_may_be_given_is_accepted(changes):
    record = call(**changes).record
    assert record["sizes"] == changes.get("sizes") and record["killed"] > 0


def test_an_equation_of_the_book_may_have_an_erratum():
    assert call(**NUMBERED, **WRONG).record["erratum"] == "The note loses a 2."
    assert says(**NUMBERED, **{**WRONG, "erratum": "No full stop"}).startswith("erratum: expected")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "equality"}, "kind: expected one of definition, identity, .*; got 'equality'"),
        ({"stated": GOAL}, r"stated: expected chain\(.*; got the formula a\*log\(a\) \+ 2\*b$"),
        ({"stated": Eq(a, GOAL)}, r'stated: .*An equation is written chain\(left, "=", right\)'),
        ({"stated": "f = a"}, "stated: .*got the text 'f = a'. Text is shown and never tested"),
        ({"stated": None}, "stated: .*; got None"),
        ({"stated": np.ones(3)}, r"stated: .*; got a NumPy array of shape \(3,\)"),
        ({"stated": 2.5}, r"stated: .*; got the number 2.5"),
        ({"derived": "a"}, "derived: expected a SymPy formula; got the text 'a'; write it with sy"),
        ({"derived": Eq(a, b)}, r"derived: .*; got Eq\(a, b\); give the side that was derived"),
        ({"derived": sp.true}, "derived: .*; got True; give the side"),
        ({"derived": np.mean}, "derived: expected a SymPy formula; got a "),
        ({"derived": [GOAL, GOAL]}, "derived: expected 1, one a chain; got 2"),
        ({"derived": []}, "derived: expected 1, one a chain; got 0"),
        ({"computed": 3.0}, r"computed: expected a function of a case, .*; got the number 3.0"),
        ({"computed": GOAL}, r"computed: expected a function of a case, .*; got the formula a"),
        ({"computed": [np.mean, 1]}, "computed: expected a function of a case, .*; got the number"),
        ({"cases": INPUTS[0]}, r"cases: .*; got one input. Put it in square brackets: \[{…}\]"),
        ({"cases": []}, "cases: expected at least one ordinary input; got none"),
        ({"cases": 3}, r"cases: expected a list of inputs, \[{…}, {…}\]; got the number 3"),
        ({"cases": "ab"}, "cases: expected a list of inputs, .*; got the text 'ab'"),
        ({"cases": [{a, b}]}, "cases: expected each input to be a dict .*; input 1 is a set"),
        ({"cases": [INPUTS[0], 2.0]}, "cases: .*; input 2 is the number 2.0"),
        ({"edges": INPUTS[0]}, "edges: expected a list of inputs; got one input"),
        ({"tight": [{"a": 1.0}]}, "tight: expected the symbols themselves .*; input 1 has text, '"),
        ({"tolerance": -1}, "tolerance: expected a small positive number, as 1e-9; got -1"),
        ({"tolerance": 0}, "tolerance: expected a small positive number"),
        ({"tolerance": 1.0}, "tolerance: expected a small positive number"),
        ({"tolerance": "1e-9"}, "tolerance: expected a small positive number, .*; got '1e-9'"),
        ({"given": [Eq(a, a)]}, "given: expected equations, .*; got True; SymPy finds both sides"),
        ({"given": [a]}, r"given: expected equations, Eq\(left, right\); got the formula a"),
        ({"lemmas": [Function("g")]}, r"lemmas: expected pairs \(function, Lambda"),
        ({"lemmas": [(Function("g"), a)]}, r"lemmas: expected pairs \(function, Lambda"),
        ({"lemmas": [(Function("g"), Lambda(a, a), "a > 1", "b > 1")]}, "lemmas: expected pairs"),
        ({"sizes": 3}, 'sizes: expected text for the reader, as "N = 2, 3"; got 3'),
        ({"sizes": " "}, "sizes: expected text for the reader"),
        ({"stated": chain("f", "=", Matrix([[a]]))}, 'sizes: .* name it, as sizes="N = 2"'),
        ({"stated": chain("f", "=", MatrixSymbol("w", 2, 1))}, "sizes: the statement holds a mat"),
        (
            {"stated": together(chain("f", "=", GOAL), chain("g", ">=", a))},
            "stated: a bound, and only a bound, holds an inequality",
        ),
        ({"counterexample": lambda: (1.0, 2.0)}, "erratum: a printed form or counter-example nee"),
        ({"library": "boltzlib.divergence.entropie"}, "library: expected a public name in boltzl"),
        ({"library": "boltzlib.gaussian.Gaussian.entropie"}, "library: expected a public name in"),
        ({"library": "boltzlib.gaussian"}, "library: expected a public name in boltzlib; got 'bo"),
        ({"library": "boltzlib..gaussian"}, "library: expected a public name in boltzlib; got '"),
        ({"stated": chain("f", ">=", a)}, "stated: a bound, and only a bound, holds an inequality"),
        (
            {"stated": chain("f", "=", a * Symbol("a"))},
            "stated: two symbols are both shown as a; make one symbol and use it everywhere",
        ),
    ],
)
def test_the_parameter_is_named(changes, message):
    text = says(**changes)
    with pytest.raises(ValueError, match=f"^{message}"):
        raise ValueError(text)


def test_letters_that_are_told_apart_by_an_index_or_bound_by_a_sum_may_look_alike():
    table, number = IndexedBase("p", real=True), Symbol("p", positive=True)
    check_letters(chain("f", "=", number * table[1] + table[2]))
    one, other = Symbol("i", integer=True), Symbol("i", positive=True)
    check_letters(chain("f", "=", sum(sp.Sum(p[i], (i, 1, K)) for i in (one, other))))
    family = Samples("y", N)
    check_letters(
        chain("f", "=", sp.MatAdd(*(MatrixSum(family[i], (i, 1, n)) for i in (one, other))))
    )


def test_two_letters_are_seen_among_many_entries_of_a_table():
    two = Symbol("c", positive=True) + Symbol("c", real=True)
    with pytest.raises(ValueError, match="two symbols are both shown as c"):
        check_letters(chain("f", "=", two + sum(p[j] for j in range(1, 30))))


def test_one_none_stands_for_every_chain():
    two = together(chain("f", ":=", a), chain("g", ":=", b))
    assert one_each(None, two, "derived") == [None, None]
    assert one_each((None, a), two, "derived") == [None, a]
    assert one_each(a, chain("f", "=", a), "derived") == [a]
    with pytest.raises(ValueError, match="derived: expected 2, one a chain; got 1"):
        one_each(a, two, "derived")


# --- Inputs ----------------------------------------------------------------------------


def test_a_missing_value_is_named():
    said = says(cases=[{a: 0.5}], computed=lambda c: 1.0)
    assert said == (
        "mine: cases: a*log(a) + 2*b has no value at {a = 0.5}: no value was given for b. "
        "The input has values for a"
    )


def test_a_namesake_is_recognised():
    said = says(cases=[{a: 0.5, Symbol("b"): 2.0}], computed=lambda c: 1.0)
    assert "no value was given for b. The input has a value for another symbol" in said
    assert "symbols with different assumptions differ" in said


def test_the_namesake_is_the_first_in_the_alphabet_whatever_is_missing():
    letters = symbols("b:m", positive=True)
    case = {Symbol(s.name): 1.0 for s in letters}
    assert "also written b: symbols" in missing_hint(sp.Add(*letters), case)
    assert "also written A: symbols" in missing_hint(A * m, {Symbol("A"): 1.0, m: [1.0], N: 1})
    assert missing_hint(a + b, {b: 1.0}) == ". The input has values for b"


@pytest.mark.parametrize(
    ("stated", "case", "message"),
    [
        (sp.Sum(p[k], (k, 1, K)), {p: [0.5, 0.5], K: 3}, r"p\[k\]: index \(2,\) is outside"),
        (sp.Sum(p[k], (k, 1, K)), {p: [0.5, 0.5], K: 1.5}, "expected a whole number for K"),
        (A * m, {A: np.ones((2, 3)), m: [1.0, 2.0], N: 2}, r"A is \(N, N\), but its value has"),
        (a * v, {a: 1.0, v: "two"}, "could not convert string to float"),
        (a * v, {a: 1.0, v: [1.0, 2.0]}, "a[*]σ² has no value at|has no value at"),
        (Function("g")(a), {a: 1.0}, "no value was given for the function g"),
    ],
)
def test_an_input_that_does_not_fit_is_shown(stated, case, message):
    kind = dict(kind="definition", derived=None, computed=lambda c: 1.0, cases=[case])
    said = says(stated=chain("f", ":=", stated), **kind)
    assert said.startswith("mine: cases: ")
    with pytest.raises(ValueError, match=message):
        raise ValueError(said)


def test_a_value_that_is_no_real_number_is_shown():
    with pytest.raises(ClaimFailed, match=r"stated: .* is not a real number at {x = \[-1.\]}"):
        claim(
            "mine", "definition", chain("f", ":=", log(x[1])), computed=lambda c: 1.0,
            cases=[{x: [-1.0]}],
        )  # fmt: skip


# --- The function ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda c: None, "got None: is a `return` missing?"),
        (lambda c: "two", "got str: could not convert string to float"),
        (lambda c: 1j, "got complex: complex numbers"),
        (lambda c: np.array([1j]), "got ndarray: complex numbers"),
        (lambda c: a, "got the formula a: compute with numbers"),
        (lambda c: [1.0, [2.0]], "got list: "),
        (lambda c: 1 / 0, "it raised ZeroDivisionError: division by zero"),
        (lambda c: c["a"], "KeyError: 'a'. The input has a value for the symbol a, which is not"),
        (lambda c: c[v], "The input has values for a and b only"),
    ],
)
def test_what_a_function_returns_or_raises_is_told(function, message):
    said = says(computed=function)
    assert said.startswith("computed: expected a ")
    assert "at {a = 0.5, b = 2}; " in said and message in said


def test_a_number_of_sympy_is_a_number():
    assert call(computed=lambda c: sp.N(GOAL.subs(c), 30)).record["computed"]


def test_nan_is_no_value():
    with pytest.raises(ClaimFailed, match="computed: expected a number; got NaN\nat {a = 0.5"):
        call(computed=lambda c: np.nan)


def test_replicates_are_asked_for():
    statistical = dict(kind="statistical", cases=INPUTS)
    assert says(computed=lambda c: 3.0, **statistical).endswith("along axis 0; got one number")
    assert says(computed=lambda c: [3.0], **statistical).endswith("got the shape (1,)")
