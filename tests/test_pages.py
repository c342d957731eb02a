"""Every built page, as a reader's browser shows it.

Each page is opened twice: from disk, light, on a wide screen; and over HTTP,
dark, on a screen of 375 px. `tools/page_faults.py` says what counts as a fault;
the planted faults at the end show that it would see one.
"""

import os
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tools.browser import chromium, chromium_path, served
from tools.contents import documents
from tools.page_faults import broken_links, inspect_page, pages_of

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build" / "html"

WIDE_AND_LIGHT = {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}}
SMALL_AND_DARK = {"color_scheme": "dark", "viewport": {"width": 375, "height": 812}}


PAGES = [
    *(f"{name}.html" for name in documents()),
    "search.html",
]


@pytest.fixture(scope="module")
def build() -> Path:
    """The built book; make knows whether it is fresh."""
    surroundings = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}
    make = ["make", "book"]
    done = subprocess.run(make, cwd=ROOT, env=surroundings, capture_output=True, text=True)
    if done.returncode:
        pytest.fail(f"make book:\n{done.stderr}", pytrace=False)
    return BUILD


@pytest.fixture(scope="module")
def browser(on_ci):
    if chromium_path() is None:
        reason = "no Chromium on this machine (Debian: apt-get install chromium)"
        if on_ci:
            pytest.fail(reason)
        pytest.skip(reason)
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def wide(browser):
    return browser.new_context(**WIDE_AND_LIGHT)


@pytest.fixture(scope="module")
def small(browser):
    return browser.new_context(**SMALL_AND_DARK)


@pytest.fixture(scope="module")
def from_disk(build, wide):
    return cache(lambda name: inspect_page(wide, (build / name).as_uri()))


@pytest.fixture(scope="module")
def address(build):
    with served(build) as address:
        yield address


def test_the_list_of_pages_is_complete(build):
    built = {path.relative_to(build).as_posix() for path in pages_of(build)}
    assert built == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_from_disk_light_and_wide(name, from_disk):
    seen = from_disk(name)
    assert not seen.faults
    assert not seen.dark


@pytest.mark.parametrize("name", PAGES)
def test_over_http_dark_and_small(name, address, small):
    seen = inspect_page(small, address + name)
    assert not seen.faults
    assert seen.dark


def test_links_lead_somewhere(from_disk):
    assert not broken_links([from_disk(name) for name in PAGES])


def test_pages_are_light(build):
    """The script that draws icons is emptied, and no page is heavier than a megabyte."""
    assert (build / "_static" / "scripts" / "fontawesome.js").stat().st_size < 100
    heavy = {p.name: p.stat().st_size for p in pages_of(build) if p.stat().st_size > 10**6}
    assert not heavy


def test_icons_come_from_the_font(build, wide):
    page = wide.new_page()
    page.goto((build / "index.html").as_uri())
    page.evaluate("document.fonts.ready.then(() => true)")
    icon = "getComputedStyle(document.querySelector('i[class*=fa-]'), '::before')"
    assert "Font Awesome" in page.evaluate(f"{icon}.fontFamily")
    assert page.evaluate(
        "[...document.fonts].some(f => f.family.includes('Awesome') && f.status == 'loaded')"
    )
    page.close()


# --- Planted faults: the checks above have teeth ---------------------------------

SOUND = """<!doctype html><html lang="en"><head><title>A page</title>
<link rel="icon" href="data:,">HEAD</head><body><article><h1>A heading</h1>
<p>Sound, with an <a href="#here">anchor</a>.</p><p id="here">Here.</p>
<p class="mathjax_ignore">A message holds \\(x\\) as it is typed.</p>BODY</article></body></html>
"""

PLANTED = {
    "console error": ("<script>console.error('a slip')</script>", "console error: a slip"),
    "console warning": ("<script>console.warn('a slip')</script>", "console warning: a slip"),
    "script error": ("<script>undefinedName()</script>", "script error"),
    "another host": ("<img src='https://example.org/a.png' alt='a'>", "request to another host"),
    "missing file": ("<script src='missing.js'></script>", "request failed"),
    "merror": ("<div class='math'><mjx-container><mjx-merror data-mjx-error='Undefined'>x"
               "</mjx-merror></mjx-container></div>", "formula error: Undefined"),
    "raw formula": (r"<div class='math'>\[x\]</div>", "formula not typeset"),
    "raw dollars": (r"<p>so $\alpha$ is</p>", "formula not typeset"),
    "raw brackets": (r"<p>so \(x\) is</p>", "formula not typeset"),
    "reference": ("<p>see Figure ???</p>", "unresolved reference"),
    "problematic": ("<p><span class='problematic'>x</span></p>", "unresolved markup"),
    "no alt": ("<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>", "without alt text"),
    "path as alt": ("<img alt='../_images/a.png' src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>",
                    "without alt text"),
    "broken image": ("<img src='data:image/png;base64,AAAA' alt='a'>", "broken image"),
    "unnamed svg": ("<svg width='9' height='9'></svg>", "svg without aria-label"),
    "empty svg": ("<svg role='img' aria-label='a' width='0' height='0'></svg>", "svg without size"),
    "duplicate id": ("<p id='twice'></p><p id='twice'></p>", "duplicate id: twice"),
    "two headings": ("<h1>Another</h1>", "2 h1 headings"),
    "overflow": ("<div style='width:900px'>wide</div>", "wider than the screen"),
    "faint text": ("<p style='color:#bbb'>faint</p>", "hard to read"),
    "faint in svg": ("<svg role='img' aria-label='a' width='9' height='9'><text fill='#eee'>faint"
                     "</text></svg>", "hard to read"),
}  # fmt: skip


def plant(folder: Path, body: str = "", name: str = "page.html") -> Path:
    page = folder / name
    page.write_text(SOUND.replace("HEAD", "").replace("BODY", body), encoding="utf-8")
    return page


def test_a_sound_page_has_no_faults(tmp_path, small):
    seen = inspect_page(small, plant(tmp_path).as_uri())
    assert not seen.faults
    assert not broken_links([seen])


@pytest.mark.parametrize(("body", "expected"), PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_fault_is_found(body, expected, tmp_path, small):
    faults = inspect_page(small, plant(tmp_path, body).as_uri()).faults
    assert any(expected in fault for fault in faults), faults


def test_a_planted_http_error_is_found(tmp_path, small):
    plant(tmp_path, "<img src='missing.png' alt='a'>")
    with served(tmp_path) as address:
        faults = inspect_page(small, f"{address}page.html").faults
    assert any(fault.startswith("HTTP 404") for fault in faults), faults


def test_planted_broken_links_are_found(tmp_path, small):
    plant(tmp_path, "<p id='there'>There.</p>", "other.html")
    page = plant(
        tmp_path,
        "<a href='other.html#there'>good</a> <a href='missing.html'>bad</a>"
        "<a href='other.html#nowhere'>bad</a> <a href='#nowhere'>bad</a>"
        "<svg role='img' aria-label='a' width='9' height='9'><a href='gone.html'></a></svg>",
    )
    seen = [inspect_page(small, path.as_uri()) for path in (page, tmp_path / "other.html")]
    faults = broken_links(seen)
    assert [fault.rpartition(": ")[2].rpartition("/")[2] for fault in faults] == [
        "missing.html",
        "other.html#nowhere",
        "page.html#nowhere",
        "gone.html",
    ]
