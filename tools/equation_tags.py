r"""Number equations by their tags.

A display says its own number, ``\tag{2.14}``, and has the label ``eq-2-14``.
Sphinx would number equations 1, 2, 3, ... and know nothing of the tag. Here
the tag is taken out of the formula and becomes the equation's number, so that
the page shows (2.14) beside it and ``{eq}`` shows (2.14) from every page.

Warned of, so that the build fails: a number used twice, a tag without a label,
a label ``eq-...`` without a tag or with another tag than its own.
"""

import re

from docutils import nodes
from sphinx.util import logging

logger = logging.getLogger(__name__)

TAG = re.compile(r"\s*\\tag\s*\{([^{}]*)\}")
PREFIX = "eq-"


def label_for(tag: str) -> str:
    """The label that belongs to a tag.

    >>> label_for("2.14a")
    'eq-2-14a'
    """
    return PREFIX + tag.replace(".", "-")


def split_tags(latex: str) -> tuple[str, list[str]]:
    r"""The formula without its tags, and the tags.

    >>> split_tags(r"a = b \tag{2.14}")
    ('a = b', ['2.14'])
    """
    return TAG.sub("", latex).strip(), TAG.findall(latex)


def is_output(node) -> bool:
    """Whether a code cell printed the display, which makes it no numbered equation."""
    while node is not None:
        if "cell_output" in node.get("classes", ()):
            return True
        node = node.parent
    return False


def number_by_tags(app, doctree) -> None:
    equations = app.env.get_domain("math").equations
    seen = all_tags(app.env)
    for node in doctree.findall(nodes.math_block):
        if is_output(node):
            continue
        label = node.get("label")
        latex, tags = split_tags(node.astext())
        if len(tags) > 1:
            warn(node, f"one display with several tags: {', '.join(tags)}")
        if not tags:
            if label and label.startswith(PREFIX):
                warn(node, f"the display labelled {label} has no \\tag")
            continue
        tag = tags[0]
        if label != label_for(tag):
            found = f"it is {label}" if label else "there is none"
            warn(node, f"the display with \\tag{{{tag}}} needs the label {label_for(tag)}; {found}")
            continue
        for other in seen.get(tag, ()):
            warn(node, f"equation {tag} is numbered twice; the other is in {other}")
        seen.setdefault(tag, []).append(app.env.docname)
        node.children = [nodes.Text(latex)]
        node["number"] = tag
        equations[label] = (app.env.docname, tag)


def warn(node, message: str) -> None:
    logger.warning(message, location=node, type="book", subtype="tag")


def all_tags(env) -> dict[str, list[str]]:
    """Tag to the documents that number an equation with it, over the whole book."""
    if not hasattr(env, "book_equation_tags"):
        env.book_equation_tags = {}
    return env.book_equation_tags


def forget(app, env, docname) -> None:
    tags = all_tags(env)
    for tag, docnames in list(tags.items()):
        kept = [name for name in docnames if name != docname]
        if kept:
            tags[tag] = kept
        else:
            del tags[tag]


def merge(app, env, docnames, other) -> None:
    """Take over what a parallel reader found in its documents."""
    tags = all_tags(env)
    for tag, theirs in all_tags(other).items():
        for docname in theirs:
            if docname in docnames:
                for earlier in tags.get(tag, ()):
                    logger.warning(f"equation {tag} is numbered in {earlier} and in {docname}")
                tags.setdefault(tag, []).append(docname)


def setup(app):
    app.connect("doctree-read", number_by_tags)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
