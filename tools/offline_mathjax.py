"""Put MathJax among the book's own files, so that pages work without a network.

The files come from the package sphinx-mathjax-offline. Of its 24 MB a page of
this book needs three parts: the TeX component, its optional TeX packages
(loaded when a page first uses one) and the fonts.
"""

from importlib.metadata import files
from pathlib import Path

from sphinx.util.fileutil import copy_asset

DISTRIBUTION = "sphinx-mathjax-offline"
SUBSET = (
    "tex-mml-chtml.js",
    "input/tex/extensions",
    "output/chtml/fonts/woff-v2",
)


def mathjax_folder() -> Path:
    """Where the installed package keeps MathJax."""
    for file in files(DISTRIBUTION) or ():
        if file.as_posix().endswith("static/mathjax/tex-mml-chtml.js"):
            return Path(file.locate()).parent
    raise FileNotFoundError(f"{DISTRIBUTION} is installed without MathJax")


def copy_mathjax(app) -> None:
    if app.builder.format != "html":
        return
    source, target = mathjax_folder(), Path(app.outdir, "_static", "mathjax")
    for part in SUBSET:
        place = target / part
        copy_asset(source / part, place if (source / part).is_dir() else place.parent)


def setup(app):
    app.connect("builder-inited", copy_mathjax)
