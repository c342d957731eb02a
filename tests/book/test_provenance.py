"""A claim whose corners are one object is found in the code, an honest one is not."""

import sys

import pytest

from boltzlib.book.provenance import source_so_far, tautology, written_out

HONEST = [
    "slope = diff(D, mu)\n"
    'claim("2.1", "identity", chain("g", "=", -Sum(x[i], (i, 1, n))), derived=slope)',
    # the definition on the left may be where the derivation starts
    "Z = Integral(f, (t, 0, 1))\n"
    "value = Z.doit()\n"
    'claim("2.1", "identity", chain("Z", "=", Z, "=", 1 + t), derived=value)',
    # shared notation is no shared result
    "S = Sum(x[i], (i, 1, n))\n"
    "root = solve(S - n * mu, mu)[0]\n"
    'claim("2.1", "identity", chain("m", "=", S / n), derived=root)',
    # several corners, each from its own derivation
    "a = diff(f, t)\n"
    "b = solve(a, t)[0]\n"
    'claim("2.1", "stationarity", stationary(chain("a", "=", 2 * t), chain("t", "=", c)), '
    "derived=(a, b))",
    # the derivation starts from the last side and arrives at the first
    'r = 2 * t\nclaim("2.1", "identity", chain(t + t, "=", Det(2 * t)), derived=Det(2 * t).doit())',
    # an annotation, and letters that a comprehension or a lambda binds
    's: Expr = diff(D, mu)\nclaim("2.1", "identity", chain("g", "=", 2 * t), derived=s)',
    "s = diff(D, mu)\n"
    'claim("2.1", "identity", chain("g", "=", sum(w[s] for s in range(3))), derived=s)',
    's = diff(D, mu)\nclaim("2.1", "identity", chain("g", "=", f(lambda s: s)), derived=s)',
    # notation by substitution is no result
    "d = D.subs(mu, 0)\n"
    'claim("2.1", "identity", chain("g", "=", d / n), derived=diff(d * t / n, t))',
    # an index is not what is bound: u is stated, and only places in a table carry its name
    "row = diff(D, mu)\n"
    "table[u] = row\n"
    "for case[u] in rows: pass\n"
    'claim("2.1", "identity", chain("g", "=", 2 * u), derived=row)',
    # a starred tuple of results
    "first, *rest = [diff(D, t) for t in ts]\n"
    'claim("2.1", "identity", chain("a", "=", 2 * t, "=", 3 * t), derived=(first, *rest))',
    # a helper that derives
    "def step(e):\n"
    "    return e.doit()\n"
    "r = step(E)\n"
    'claim("2.1", "identity", chain("a", "=", 2 * t), derived=r)',
    # nothing is derived
    'claim("2.1", "identity", chain("a", "=", 2 * t), derived=None)',
    'claim("2.1", "identity", chain("a", "=", 2 * t))',
    # the name of the claim is bound only after it
    's = claim("2.1", "identity", chain("g", "=", s), derived=diff(D, mu))',
    # the last binding counts, though it is the less nested one
    "if c:\n    if d:\n        s = 2\n    s = diff(D, mu)\n"
    'claim("2.1", "identity", chain("g", "=", 2 * t), derived=s)',
    's: Expr\ns = diff(D, mu)\nclaim("2.1", "identity", chain("g", "=", 2 * t), derived=s)',
    # what was derived before is still in what is changed
    's = diff(D, mu)\ns = 2 * s\nclaim("2.1", "identity", chain("g", "=", 2 * t), derived=s)',
    's = diff(D, mu)\ns[0] = 2\nclaim("2.1", "identity", chain("g", "=", 2 * t), derived=s)',
    "rows = [diff(D, mu)]\nfor r in rows: pass\n"
    'claim("2.1", "identity", chain("g", "=", 2 * t), derived=r)',
    # the gap of a bound has no conclusion
    'r = 2 * t\nd = simplify(r)\nclaim("2.1", "bound", chain("g", "=", u, ">=", r), derived=d)',
    # the variable of a limit is no conclusion
    'd = simplify(f(n))\nclaim("2.1", "limit", limit("a", 2 / n, n, 0, 1 / n), derived=d)',
    # other calls, and substitutions, change what they are given
    'claim("2.1", "identity", chain("g", "=", 2 * t), derived=Det(2 * t).doit())',
    'claim("2.1", "identity", chain("g", "=", 2 * t), derived=(2 * t).subs(t, u))',
    # names that stand for each other
    "old = t\nnew = old.doit()\nold = new\n"
    'claim("2.1", "identity", chain("g", "=", 2 * t), derived=new)',
    'a = b\nb = a\nclaim("2.1", "identity", chain("g", "=", a), derived=diff(D, mu))',
]

CIRCULAR = [
    (
        's = [diff(D, mu)]\na, s[0] = two\nclaim("2.1", "identity", chain("g", "=", s), derived=s)',
        "stated.*built from",
    ),
    (
        's, *rest = pieces\nclaim("2.1", "identity", chain("g", "=", rest), derived=(s, *rest))',
        "same text",
    ),
    (
        's = [0]\ns[k] = diff(D, mu)\nclaim("2.1", "identity", chain("g", "=", 2 * s), derived=s)',
        "stated.*built from",
    ),
    (
        's = diff(D, mu)\nclaim("2.1", "identity", chain("g", "=", s), derived=s)',
        "stated.*built from",
    ),
    (
        's = diff(D, mu)\nside = -s\nclaim("2.1", "identity", chain("g", "=", side), derived=s)',
        "stated.*built from",
    ),
    (
        'r = 2 * t\nd = simplify(r)\nclaim("2.1", "identity", chain("g", "=", r), derived=d)',
        "derived.*built from",
    ),
    (
        'r = 2 * t\nst = chain("g", "=", r)\nd = r.doit()\nclaim("2.1", "identity", st, derived=d)',
        "derived.*built from",
    ),
    ('d = 2 * t\nclaim("2.1", "identity", chain("g", "=", t + t), derived=d)', "typed in"),
    (
        'claim("2.1", "identity", chain("g", "=", simplify(2 * t)), derived=simplify(2 * t))',
        "same text",
    ),
    # two rewritings of one result
    (
        "s = diff(D, mu)\n"
        'claim("2.1", "identity", chain("g", "=", simplify(s)), derived=expand(s))',
        "both come from `s`",
    ),
    (
        "s = diff(D, mu)\na = simplify(s)\nb = expand(s)\n"
        'claim("2.1", "identity", chain("g", "=", a), derived=b)',
        "both come from `s`",
    ),
    (
        'claim("2.1", "identity", chain("g", "=", simplify(diff(D, mu))), '
        "derived=expand(diff(D, mu)))",
        r"both come from `diff\(D, mu\)`",
    ),
    # the conclusion itself, rewritten
    ('claim("2.1", "identity", chain("g", "=", 2 * t), derived=(2 * t).doit())', "rewritten"),
    (
        'claim("2.1", "identity", chain("g", "=", 2 * t), derived=simplify(expand(2 * t)))',
        "rewritten",
    ),
    # other ways to write the call or the assignments
    (
        's = diff(D, mu)\nbook.claim("2.1", "identity", chain("g", "=", s), derived=s)',
        "stated.*built from",
    ),
    (
        "s = diff(D, mu)\n"
        'claim(equation="2.1", kind="identity", stated=chain("g", "=", s), derived=s)',
        "stated.*built from",
    ),
    (
        's = diff(D, mu)\nr: Expr = s\nclaim("2.1", "identity", chain("g", "=", r), derived=s)',
        "stated.*built from",
    ),
    (
        "if (r := diff(D, mu)):\n    pass\n"
        'claim("2.1", "identity", chain("g", "=", [r for r in [r]][0]), derived=r)',
        "stated.*built from",
    ),
    (
        "a = diff(f, t)\n"
        "b = solve(a, t)[0]\n"
        'claim("2.1", "stationarity", stationary(chain("a", "=", 2 * t), chain("t", "=", b)), '
        "derived=(a, b))",
        "stated.*built from",
    ),
    (
        's = diff(D, mu)\nclaim("2.1", "identity", chain("g", "=", f(lambda t: s)), derived=s)',
        "stated.*built from",
    ),
    ('claim("2.1", "identity", chain("g", "=", t - t), derived=0)', "typed in"),
    # bound anew, so that nothing is left of what was derived
    (
        's = diff(D, mu)\ns = 2 * t\nclaim("2.1", "identity", chain("g", "=", t + t), derived=s)',
        "typed in",
    ),
    # through five names
    (
        "e = t\nd = e\nc = d\nb = c\na = b\n"
        'claim("2.1", "identity", chain("g", "=", 2 * t), derived=(2 * a).doit())',
        "rewritten",
    ),
    *(  # what a statement concludes, in each of its forms
        (
            f'r = 2 * t\nd = simplify(r)\nclaim("2.1", "identity", {statement}, derived=d)',
            "derived.*built from `r`",
        )
        for statement in (
            'chain("g", "=", t + t, "=", r)',
            'stationary(chain("g", "=", r))',
            'limit("a", r, n, 0, 1 / n)',
            # a number or a name at the end is no conclusion
            "chain(r, '=', 0)",
            "chain(r, '=', 'g')",
            "chain(r, '=', f'g_{k}')",
            "chain(r, '=', 'g' + tail)",
            "chain(r, '=', tail + 'g')",
            "chain(r, '=', 'g_%d' % k)",
        )
    ),
    (
        'r = 2 * t\nd = simplify(r)\nname = "g"\n'
        'claim("2.1", "identity", chain(r, "=", name), derived=d)',
        "derived.*built from `r`",
    ),
]


@pytest.mark.parametrize("source", HONEST)
def test_honest_claims_pass(source):
    assert tautology(source, "2.1") is None


@pytest.mark.parametrize(("source", "reason"), CIRCULAR)
def test_circular_claims_are_named(source, reason):
    import re

    found = tautology(source, "2.1")
    assert found is not None and re.search(reason, found)


def test_the_last_claim_of_that_number_counts():
    source = f"{CIRCULAR[0][0]}\n{HONEST[0]}"
    assert tautology(source, "2.1") is None
    assert tautology(f"{HONEST[0]}\n{CIRCULAR[0][0]}", "2.1") is not None


def test_rebinding_below_the_claim_does_not_matter():
    assert tautology(HONEST[0] + "\nslope = 0", "2.1") is None


def test_a_page_that_grows_is_read_as_if_it_were_whole():
    head = "a = diff(f, x)\nif a:\n    b = 1"
    for tail in ("else:\n    b = a", "b = a\n\n\nstated = a", ""):
        claimed = '\nclaim("2.15", "identity", chain("g", "=", b), derived=a)'
        whole = f"{head}\n{tail}{claimed}"
        fresh = tautology(f"\n{whole}", "2.15")  # another source: parsed as a whole
        tautology(f"{head}", "2.15")
        assert tautology(whole, "2.15") == fresh
        assert (fresh is None) == (tail == "")


@pytest.mark.parametrize(
    "other",
    [
        'link("2.1", "note")',
        'note("2.1")',
        'note("2.1", text=s)',
        'label("eq", "2.1", s)',
        "draw(stated=s)",
        'claim("2.2", "identity", chain("g", "=", 2 * t), derived=0)',
    ],
)
def test_other_calls_are_not_taken_for_the_claim(other):
    claimed = 's = diff(D, mu)\nclaim("2.1", "identity", chain("g", "=", s), derived=s)'
    assert "built from `s`" in tautology(f"{claimed}\n{other}", "2.1")
    assert tautology(other, "2.1") is None


@pytest.mark.parametrize("source", [*HONEST, *(source for source, _ in CIRCULAR)])
def test_a_page_is_read_the_same_before_its_last_line_and_as_a_whole(source):
    head, _, last = source.rpartition("\n")
    whole = tautology(f"\n{source}", "2.1")
    tautology(head, "2.1")
    assert tautology(f"{head}\n{last}", "2.1") == whole


def test_a_page_that_grows_keeps_its_names():
    claimed = 'claim("2.1", "identity", chain("g", "=", s), derived=rs)'
    tautology("rs = diff(D, mu)", "2.1")
    assert tautology(f"rs = diff(D, mu)\n{claimed}", "2.1") is None
    tautology("x = 0", "2.1")
    assert tautology(f"x = 0\nrs = diff(D, mu)\n{claimed}", "2.1") is None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('claim("2.1", "identity", chain("g", "=", s), derived=d)', True),
        ('claim("2.1", "identity", stated=chain("g", "=", s), derived=d)', True),
        ('claim(equation="2.1", kind="identity", stated=chain("g", "=", s), derived=d)', True),
        ('claim("2.1", "identity", book.limit("a", s, n, 0, 1 / n), derived=d)', True),
        ('st = chain("g", "=", s)\nclaim("2.1", "identity", st, derived=d)', True),
        ('st = chain("g", "=", s)\nr = st\nclaim("2.1", "identity", r, derived=d)', True),
        ('claim("2.1", "identity", st, derived=d)', False),
        ('st = [chain("g", "=", s)]\nst[0] = r\nclaim("2.1", "identity", st, derived=d)', False),
        ('a = b\nb = a\nclaim("2.1", "identity", a, derived=d)', False),
        ('claim("2.1", "identity", statement(s), derived=d)', False),
        ('claim("2.1", "identity", "g", derived=d)', False),
        ('claim("2.1", "identity", chain("g", "=", s))', False),
        ('claim("2.1", "identity", chain("g", "=", s), **more)', False),
        ('claim(number, "identity", chain("g", "=", s), derived=d)', False),
    ],
)
def test_what_reaches_the_call_in_a_variable_is_not_seen(source, expected):
    assert written_out(source, "2.1") is expected


def frame_with(names):
    exec("import sys\nframe = sys._getframe()", names)
    return names["frame"]


def test_the_source_so_far_is_that_of_the_cells_or_of_the_function():
    cells = ["a = 1", "%matplotlib inline", "b = ", "b = 2"]
    notebook = frame_with({"In": cells, "get_ipython": None})
    assert source_so_far(notebook).split() == "a = 1 b = 2".split()
    assert source_so_far(frame_with({"In": cells})) is None  # a list of that name
    assert source_so_far(frame_with({"get_ipython": None})) is None
    assert "def test_the_source_so_far" in source_so_far(sys._getframe())
