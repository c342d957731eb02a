"""Keep a formula and the comma or full stop behind it on one line.

A browser may break a line after a formula, since MathJax sets it as one block.
"""

import re

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

CLOSING = re.compile(r"[,.;:!?)\]’”]+")


class MathWithPunctuation(SphinxPostTransform):
    default_priority = 700

    def run(self, **kwargs) -> None:
        for formula in list(self.document.findall(nodes.math)):
            parent, place = formula.parent, formula.parent.index(formula)
            following = parent[place + 1] if place + 1 < len(parent) else None
            if not isinstance(following, nodes.Text) or not (mark := CLOSING.match(following)):
                continue
            together = nodes.inline("", "", formula.deepcopy(), nodes.Text(mark.group()))
            together["classes"].append("math-with-punctuation")
            parent[place : place + 2] = [together, nodes.Text(following[mark.end() :])]


def setup(app):
    app.add_post_transform(MathWithPunctuation)
