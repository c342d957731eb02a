"""A claim whose corners are one object is found in the code, an honest one is not."""

import pytest

from boltzlib.book.provenance import tautology

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
