"""Link the equations that docstrings name.

In the library reference "Eq. (2.15)" becomes a link to the claim of that
number. A number without a claim, because its chapter is still to come, stays
as it is. When other numbers are claimed, the reference is read anew.
"""

import re
from collections.abc import Iterable

from boltzlib.book import numbering
from tools.ledger import pages_of

NUMBER = re.compile(r"(?<=Eq\. )\((\d\.\d+[a-z]?)\)")


def link_equations(app, what, name, obj, options, lines) -> None:
    claimed = claimed_numbers(app)
    citing_in(app.env)[app.env.docname] = claimed
    lines[:] = [cite(line, claimed) for line in lines]


def cite(line: str, claimed: Iterable[str]) -> str:
    """The line with a role for each number claimed.

    >>> cite("Eq. (2.15) and Eq. (3.48).", {"2.15"})
    'Eq. :eq:`eq-2-15` and Eq. (3.48).'
    """

    def role(found: re.Match) -> str:
        return f":eq:`{numbering.label(found[1])}`" if found[1] in claimed else found[0]

    return NUMBER.sub(role, line)


def claimed_numbers(app) -> frozenset[str]:
    """Read once a build."""
    if not hasattr(app, "book_claimed_numbers"):
        entries = [entry for page in pages_of(app.env) for entry in page.claims]
        app.book_claimed_numbers = frozenset(entry.record.get("equation") for entry in entries)
    return app.book_claimed_numbers


def citing_in(env) -> dict[str, frozenset[str]]:
    """The documents with docstrings, and the numbers that were claimed when they were read."""
    if not hasattr(env, "book_citing"):
        env.book_citing = {}
    return env.book_citing


def outdated(app, env, added, changed, removed) -> list[str]:
    now = claimed_numbers(app)
    return sorted(
        name for name, then in citing_in(env).items() if then != now and name in env.found_docs
    )


def forget(app, env, docname) -> None:
    citing_in(env).pop(docname, None)


def merge(app, env, docnames, other) -> None:
    found = citing_in(other)
    citing_in(env).update({name: found[name] for name in docnames if name in found})


def setup(app):
    app.connect("autodoc-process-docstring", link_equations)
    app.connect("env-get-outdated", outdated)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
