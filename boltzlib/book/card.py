"""How claims and errata look in a notebook and in the book."""

from __future__ import annotations

from html import escape

GLUE = "application/papermill.record/"  # the prefix under which Jupyter Book finds a glued output

_STYLE = "border-left:.25rem solid var(--book-accent,#0f766e);padding:.4rem .9rem;margin:.6rem 0"


def html(claim) -> str:
    """Return a claim as a card: number, formula, what was proved, what was tested."""
    r = claim.record
    own = r["origin"] == "reader"
    badges = [
        _badge("all sizes" if r["scope"] == "general" else f"checked for {r['sizes']}", "scope")
    ]
    if r["derived"]:
        badges.insert(0, _badge("derived", "ok"))
    if r["library"]:
        badges.append(_badge(f"computed by {_code(r['library'])}", "ok"))
    elif own:
        badges.append(_badge("computed", "ok"))
    badges.append(_badge(f"{r['cases']} inputs", "count"))
    badges.append(_badge(f"{r['killed']} wrong versions rejected", "count"))
    number = escape(r["equation"]) if own else f"({r['equation']})"
    parts = [
        f'<div class="claim" data-kind="{r["kind"]}" style="{_STYLE}">',
        f'<div class="claim-head"><span class="claim-number">{number}</span> '
        f'<span class="claim-kind">{r["kind"]}</span></div>',
        f'<div class="claim-formula math notranslate nohighlight">\\[{escape(claim.tex)}\\]</div>',
        f'<div class="claim-badges">{" ".join(badges)}</div>',
    ]
    if r["given"]:
        facts = " ".join(
            f'<span class="math notranslate nohighlight">\\({escape(fact)}\\)</span>'
            for fact in r["given"]
        )
        parts.insert(3, f'<div class="claim-given">given {facts}</div>')
    if r["erratum"]:
        parts.append(
            f'<div class="claim-erratum"><strong>Erratum.</strong> {escape(r["erratum"])} '
            f'<span class="claim-counterexample">Counter-example: {escape(r["counterexample"])}.'
            "</span></div>"
        )
    parts.append("</div>")
    return "\n".join(parts)


def _badge(text: str, role: str) -> str:
    return f'<span class="badge-claim {role}">{text}</span>'


def _code(name: str) -> str:
    """Return a dotted name as code that a narrow column breaks after a dot or an underscore.

    >>> _code("boltzlib.ising.log_prob")
    '<code>boltzlib.<wbr>ising.<wbr>log_<wbr>prob</code>'
    """
    return "<code>" + escape(name).replace(".", ".<wbr>").replace("_", "_<wbr>") + "</code>"


def glue(name: str, tex: str, tag: str) -> None:
    """Store a numbered display under a name, for the page to place with ``{glue:math}``."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        return
    if get_ipython() is None:
        return
    bundle = {"text/plain": f"({tag})", "text/latex": f"$${tex} \\tag{{{tag}}}$$"}
    display(
        {GLUE + mime: value for mime, value in bundle.items()},
        raw=True,
        metadata={"scrapbook": {"name": name, "mime_prefix": GLUE}},
    )


class Table:
    """Rows for a page: plain text in a terminal, a table in a notebook."""

    def __init__(self, caption: str, head: list[str], rows: list[list[str]], css: str):
        self.caption, self.head, self.rows, self.css = caption, head, rows, css

    def __repr__(self) -> str:
        return f"{self.caption}: {len(self.rows)} rows"

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{cell}</th>' for cell in self.head)
        body = "\n".join(
            "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in self.rows
        )
        return (
            f'<div class="table-scroll"><table class="{self.css}"><caption>{escape(self.caption)}'
            f"</caption><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>"
        )


def on_this_page() -> Table:
    """Return the table of the claims made so far in this notebook."""
    from boltzlib.book.claim import claims_so_far

    rows = []
    for item in claims_so_far():
        r = item.record
        rows.append(
            [
                f"({r['equation']})",
                r["kind"],
                "all sizes" if r["scope"] == "general" else escape(r["sizes"]),
                _code(r["library"]) if r["library"] else "pure mathematics",
                str(r["cases"]),
                str(r["killed"]),
                "yes" if r["erratum"] else "",
            ]
        )
    head = ["Equation", "Kind", "Holds for", "Computed by", "Inputs", "Wrong versions rejected"]
    return Table("Claims on this page", [*head, "Erratum"], rows, "claims-table")
