"""Directives that show the claims of all notebooks: ledger, ledger-totals, errata.

They read the stored notebooks when the book is built. A page that uses one is
read anew whenever a notebook is added, changed or removed.
"""

from collections.abc import Iterable
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from boltzlib.book import numbering
from tools.ledger_faults import record_faults
from tools.records import Entry, Page, Totals, read_pages, runs, totals

logger = logging.getLogger(__name__)

CHAPTERS = {
    1: "Generative models",
    2: "Boltzmann machines",
    3: "Hidden variables",
    4: "Restricted Boltzmann machines",
    8: "Matrix derivatives",
}
KINDS = {  # one, many
    "definition": ("definition", "definitions"),
    "identity": ("identity", "identities"),
    "bound": ("bound", "bounds"),
    "stationarity": ("stationarity condition", "stationarity conditions"),
    "update": ("update", "updates"),
    "limit": ("limit", "limits"),
    "statistical": ("statistical statement", "statistical statements"),
}
HEAD = ("Number", "Kind", "Holds for", "Corners that agree", "Wrong versions rejected")
WIDTHS = (12, 16, 14, 39, 19)


# --- Links, by number, name or page: Sphinx resolves them, and warns of one that leads nowhere


def reference(domain: str, kind: str, target: str, text: nodes.Node, page: str):
    return addnodes.pending_xref(
        "",
        text,
        refdomain=domain,
        reftype=kind,
        reftarget=target,
        refexplicit=False,
        refwarn=True,
        refdoc=page,
    )


def to_equation(number: str, page: str):
    shown = nodes.inline("", f"({number})")
    return reference("math", "eq", numbering.label(number), shown, page)


def to_library(name: str, page: str):
    short = name.removeprefix("boltzlib.")
    return reference("py", "obj", name, nodes.literal(short, short), page)


def to_page(name: str, page: str):
    return reference("std", "doc", "/" + name, nodes.inline("", name), page)


# --- Small pieces


def paragraph(*parts, css: str = "") -> nodes.paragraph:
    pieces = [nodes.Text(part) if isinstance(part, str) else part for part in parts]
    return nodes.paragraph("", "", *pieces, classes=[css] if css else [])


def bullets(items: Iterable[list], css: str) -> nodes.bullet_list:
    rows = [nodes.list_item("", paragraph(*item)) for item in items]
    return nodes.bullet_list("", *rows, classes=[css])


def section(title: str, *content: nodes.Node) -> nodes.section:
    name = nodes.make_id(f"of-{title}")
    return nodes.section("", nodes.title("", title), *content, ids=[name], names=[name])


def strong(text) -> nodes.strong:
    return nodes.strong("", str(text))


def label(text: str) -> nodes.inline:
    """What a cell holds, for small screens, where the head of the table is not shown."""
    return nodes.inline("", f"{text}: ", classes=["ledger-label"])


def formula(tex: str) -> nodes.math_block:
    return nodes.math_block(tex, tex, nowrap=False, label=None, number=None)


def amount(number: int) -> str:
    return f"{number:,}"


def counted(number: int, one: str, many: str) -> str:
    return f"{amount(number)} {one if number == 1 else many}"


def holds_for(record: dict) -> str:
    return "all sizes" if record["scope"] == "general" else record["sizes"]


def span(first: str, last: str) -> str:
    return first if first == last else f"{first} to {last}"


# --- The ledger


def ledger(pages: list[Page], page: str) -> list[nodes.Node]:
    return [
        section("Coverage of the lecture note", *coverage(totals(pages), page)),
        *(section(each.title, claims_of(each, page)) for each in pages if each.claims),
        *to_come(totals(pages)),
    ]


def coverage(sums: Totals, page: str) -> list[nodes.Node]:
    """The note's numbers as a row of small cells; those with a claim link to it."""
    done = set(sums.covered)
    cells = []
    for number in numbering.NOTE_NUMBERS:
        link = to_equation(number, page) if number in done else nodes.inline("", f"({number})")
        item = nodes.list_item("", paragraph(link))
        item["classes"].append("done" if number in done else "to-come")
        cells.append(item)
    text = (
        f"{len(sums.covered)} of the note's {len(numbering.NOTE_NUMBERS)} numbered equations "
        "have a claim. Each links to its place in the text."
    )
    if sums.to_come:
        text += " The others are still to come."
    return [paragraph(text), nodes.bullet_list("", *cells, classes=["coverage"])]


def claims_of(source: Page, page: str) -> nodes.table:
    entries = sorted(source.claims, key=lambda entry: numbering.order(entry.record["equation"]))
    body = nodes.tbody("")
    for entry in entries:
        body += claim_rows(entry.record, page)
    head = nodes.thead("", row([[paragraph(text)] for text in HEAD]))
    group = nodes.tgroup("", cols=len(HEAD))
    group += [nodes.colspec(colwidth=width) for width in WIDTHS]
    group += [head, body]
    return nodes.table("", group, classes=["ledger", "colwidths-given"])


def claim_rows(record: dict, page: str) -> list[nodes.row]:
    """What is known of the claim; below it the formula."""
    _, kind, scope, agree, rejected = HEAD
    facts = row(
        [
            [paragraph(to_equation(record["equation"], page), css="ledger-number")],
            [paragraph(label(kind), record["kind"])],
            [paragraph(label(scope), holds_for(record))],
            [paragraph(label(agree), *corners(record, page))],
            [paragraph(label(rejected), f"{record['killed']} on {record['cases']} inputs")],
        ]
    )
    parts = [formula(record["tex"])]
    if record["erratum"]:
        parts.append(paragraph("Erratum. ", record["erratum"], css="ledger-erratum"))
    stated = row([parts])
    stated.children[0]["morecols"] = len(HEAD) - 1
    facts["classes"].append("ledger-facts")
    stated["classes"].append("ledger-formula")
    return [facts, stated]


def corners(record: dict, page: str) -> list:
    start = "stated, derived, " if record["derived"] else "stated, "
    if record["library"] is None:
        return [start + "computed independently (pure mathematics)"]
    return [start + "computed by ", to_library(record["library"], page)]


def row(cells: Iterable[list[nodes.Node]]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", *cell) for cell in cells))


def to_come(sums: Totals) -> list[nodes.Node]:
    if not sums.to_come:
        return []
    items = []
    for first, last in runs(sums.to_come):
        chapter, start, _ = numbering.order(first)
        count = numbering.order(last)[1] - start + 1
        name = CHAPTERS.get(chapter, "")
        items.append([f"{span(first, last)} ({counted(count, 'equation', 'equations')}): {name}"])
    return [section("Still to come", bullets(items, "ledger-to-come"))]


# --- Its totals


def ledger_totals(pages: list[Page], page: str) -> list[nodes.Node]:
    sums = totals(pages)
    whole = len(numbering.NOTE_NUMBERS)
    wrong = sums.errata_in_formulas + sums.errata_in_prose
    tiles = [
        (sums.claims, "equations claimed and checked"),
        (sums.scopes["general"], "of these hold for all sizes"),
        (sums.inputs, "inputs at which text and code were compared"),
        (sums.rejected, "wrong versions tried, all rejected"),
        (wrong, "errors of the lecture note found, each with a counter-example"),
        (f"{len(sums.covered)} of {whole}", "numbered equations of the note covered"),
    ]
    kinds = [counted(sums.kinds[kind], *names) for kind, names in KINDS.items() if sums.kinds[kind]]
    found = [
        counted(sums.displays["generated"], "display is", "displays are")
        + " generated from the tested formula, and read back and compared with it",
    ]
    list_of_tiles = bullets(
        ([strong(amount(n) if isinstance(n, int) else n), f" {what}"] for n, what in tiles),
        "totals",
    )
    if not kinds:
        return [list_of_tiles]
    return [
        list_of_tiles,
        paragraph(f"By kind: {', '.join(kinds)}. {', '.join(found)}.", css="totals-kinds"),
    ]


# --- Errata


def errata(pages: list[Page], page: str) -> list[nodes.Node]:
    formulas = [entry for each in pages for entry in each.claims if entry.record["erratum"]]
    formulas.sort(key=lambda entry: numbering.order(entry.record["equation"]))
    prose = [entry for each in pages for entry in each.errata]
    prose.sort(key=lambda entry: entry.record["section"])
    found = [
        paragraph(
            counted(len(formulas), "erratum", "errata") + " in numbered formulas, "
            f"{amount(len(prose))} in the prose."
        )
    ]
    if formulas:
        found.append(section("In the formulas", *(formula_erratum(e, page) for e in formulas)))
    if prose:
        found.append(section("In the prose", *(prose_erratum(e, page) for e in prose)))
    return found


def formula_erratum(entry: Entry, page: str) -> nodes.container:
    r = entry.record
    return box(
        paragraph(to_equation(r["equation"], page), ", ", *place(entry, page), css="erratum-head"),
        paragraph(r["erratum"]),
        paragraph(strong("Right is:")),
        formula(r["tex"]),
        paragraph(strong("Counter-example: "), sentence(entry.counterexample)),
    )


def prose_erratum(entry: Entry, page: str) -> nodes.container:
    r = entry.record
    return box(
        paragraph(f"Section {r['section']}, ", *place(entry, page), css="erratum-head"),
        paragraph(strong("The note says: "), r["says"]),
        paragraph(strong("Right is: "), r["right"]),
        paragraph(strong("Counter-example: "), sentence(entry.counterexample)),
    )


def place(entry: Entry, page: str) -> list:
    """Where the counter-example runs: the page and its section."""
    return [to_page(entry.page, page), f", under “{entry.heading}”" if entry.heading else ""]


def box(*parts: nodes.Node) -> nodes.container:
    return nodes.container("", *parts, classes=["erratum-entry"])


def sentence(text: str) -> str:
    return text.rstrip(".") + "."


# --- Sphinx


class RecordsDirective(SphinxDirective):
    """Reads the notebooks of the book and shows what `show` makes of them."""

    show = None

    def run(self) -> list[nodes.Node]:
        users_of(self.env).add(self.env.docname)
        pages = [sound(page) for page in pages_of(self.env)]
        return type(self).show(pages, self.env.docname)


def sound(page: Page) -> Page:
    """The page without the records that cannot be shown; each is warned of."""
    faults = {entry: record_faults(entry) for entry in (*page.claims, *page.errata)}
    for found in faults.values():
        for fault in found:
            logger.warning(fault, type="book", subtype="record")

    def good(entries):
        return tuple(entry for entry in entries if not faults[entry])

    return Page(
        page.name, page.cells, good(page.claims), good(page.errata), page.glued, page.placed
    )


def notebooks(env, docnames: Iterable[str]) -> list[str]:
    return sorted(name for name in docnames if str(env.doc2path(name)).endswith(".ipynb"))


def pages_of(env) -> list[Page]:
    return read_pages(Path(env.srcdir), notebooks(env, env.found_docs))


def users_of(env) -> set[str]:
    """The documents that show records."""
    if not hasattr(env, "book_record_users"):
        env.book_record_users = set()
    return env.book_record_users


def outdated(app, env, added, changed, removed) -> list[str]:
    if removed or notebooks(env, added | changed):
        return sorted(users_of(env) & env.found_docs)
    return []


def forget(app, env, docname) -> None:
    users_of(env).discard(docname)


def merge(app, env, docnames, other) -> None:
    users_of(env).update(users_of(other) & set(docnames))


def setup(app):
    for name, show in (("ledger", ledger), ("ledger-totals", ledger_totals), ("errata", errata)):
        directive = type(name, (RecordsDirective,), {"show": staticmethod(show)})
        app.add_directive(name, directive)
    app.connect("env-get-outdated", outdated)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
