"""The book's Sphinx extension: sets up its parts, one file each."""

from tools import (
    docstring_equations,
    equation_tags,
    icons_from_font,
    ledger,
    math_with_punctuation,
    offline_mathjax,
    without_thebe,
)

PARTS = (
    equation_tags,  # {eq} shows the tags of the text
    ledger,  # the pages made from the notebooks' claims
    docstring_equations,  # from the library reference to the equations
    math_with_punctuation,  # no line that begins with a comma
    offline_mathjax,  # MathJax from the book itself
    without_thebe,  # no live kernels in the page
    icons_from_font,  # not from a script of 1.5 MB
)


def setup(app):
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.napoleon")
    for part in PARTS:
        part.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
