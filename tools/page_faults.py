"""Find what is wrong with a built page, as a reader's browser shows it.

`inspect_page` loads one page and looks at it (page_faults.js does the looking);
`broken_links` then checks the links between all pages that were inspected.
"""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urldefrag, urlsplit

from playwright.sync_api import BrowserContext

from tools.browser import settle

LOOK = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
LOCAL_SCHEMES = ("file", "data", "blob", "about")


class Inspection(NamedTuple):
    url: str
    faults: list[str]
    ids: frozenset[str]
    links: list[str]
    dark: bool


def inspect_page(context: BrowserContext, url: str) -> Inspection:
    faults = []
    host = urlsplit(url).netloc
    page = context.new_page()

    def on_console(message):
        if message.type in ("error", "warning"):
            where = message.location.get("url", "")
            faults.append(f"console {message.type}: {message.text} {where}".strip())

    def on_request(request):
        parts = urlsplit(request.url)
        if parts.scheme not in LOCAL_SCHEMES and parts.netloc != host:
            faults.append(f"request to another host: {request.url}")

    def on_response(response):
        if response.status >= 400:
            faults.append(f"HTTP {response.status}: {response.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
    page.on("request", on_request)
    page.on("requestfailed", lambda request: faults.append(f"request failed: {request.url}"))
    page.on("response", on_response)
    try:
        page.goto(url, wait_until="load")
        settle(page)
        seen = page.evaluate(LOOK)
    finally:
        page.close()
    return Inspection(
        url, faults + seen["faults"], frozenset(seen["ids"]), seen["links"], seen["dark"]
    )


def broken_links(inspections: list[Inspection]) -> list[str]:
    """Links within the book that lead nowhere, over all inspected pages (file:// ones)."""
    ids = {inspection.url: inspection.ids for inspection in inspections}
    faults = []
    for inspection in inspections:
        for link in dict.fromkeys(inspection.links):
            target, anchor = urldefrag(link)
            if urlsplit(target).scheme != "file":
                continue
            target = target.partition("?")[0]
            path = Path(unquote(urlsplit(target).path))
            if not path.is_file():
                faults.append(f"{inspection.url}: link to a missing file: {link}")
            elif anchor and target in ids and unquote(anchor) not in ids[target]:
                faults.append(f"{inspection.url}: link to a missing anchor: {link}")
    return faults


def pages_of(build: Path) -> list[Path]:
    """Every page of a built book."""
    return sorted(
        path
        for path in build.rglob("*.html")
        if not path.relative_to(build).parts[0].startswith("_")
    )
