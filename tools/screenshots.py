"""Pictures of the built pages, to look at: light, dark, and on a small screen.

    python -m tools.screenshots [page ...]    pages by part of their path; default: all

Writes _build/screenshots/<page>-light.png, -dark.png and -375.png.
"""

import argparse
import sys

from tools.browser import chromium, settle
from tools.kernel_environment import ROOT
from tools.page_faults import pages_of

BUILD = ROOT / "_build" / "html"
TARGET = ROOT / "_build" / "screenshots"
LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "375": {"color_scheme": "light", "viewport": {"width": 375, "height": 812}},
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Picture the built pages.")
    parser.add_argument("pages", nargs="*", help="part of a page's path (default: all)")
    parser.add_argument("--fold", action="store_true", help="only what the first screen shows")
    options = parser.parse_args(arguments)
    wanted = [
        page
        for page in pages_of(BUILD)
        if not options.pages
        or any(part in page.relative_to(BUILD).as_posix() for part in options.pages)
    ]
    if not wanted:
        print("no such page; make book builds them")
        return 1
    TARGET.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for look, settings in LOOKS.items():
            context = browser.new_context(**settings)
            for page_file in wanted:
                page = context.new_page()
                page.goto(page_file.as_uri())
                settle(page)
                name = page_file.relative_to(BUILD).with_suffix("").as_posix().replace("/", "-")
                picture = TARGET / f"{name}-{look}.png"
                page.screenshot(path=picture, full_page=not options.fold, animations="disabled")
                page.close()
                print(picture.relative_to(ROOT), flush=True)
            context.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
