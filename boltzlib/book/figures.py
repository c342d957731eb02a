"""Figures that follow the page: one SVG whose colours are those of the light or dark theme.

Matplotlib draws with stand-in colours; each is replaced by a CSS variable of the book, with
a similar colour as fallback, so that the same picture is legible on either background and in
plain Jupyter.  Alt text is required.
"""

from __future__ import annotations

import hashlib
import io
import re
from html import escape

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

# Use these by name in a figure; C1 … C6 are also the default colour cycle.
INK, MUTED, PAPER = "#010203", "#040506", "#fdfcfb"
C1, C2, C3, C4, C5, C6 = "#0f766e", "#b45309", "#4f46a5", "#be185d", "#15803d", "#6b7280"

_VARIABLES = {
    INK: "var(--book-ink,#1f2933)",
    MUTED: "var(--book-muted,#6b7280)",
    PAPER: "var(--book-paper,#ffffff)",
    C1: f"var(--book-c1,{C1})",
    C2: f"var(--book-c2,{C2})",
    C3: f"var(--book-c3,{C3})",
    C4: f"var(--book-c4,{C4})",
    C5: f"var(--book-c5,{C5})",
    C6: f"var(--book-c6,{C6})",
}

STYLE = {
    "figure.figsize": (6.4, 3.6),
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": "medium",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": mpl.cycler(color=[C1, C2, C3, C4, C5, C6]),
    "axes.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "grid.color": MUTED,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 2.0,
    "lines.solid_capstyle": "round",
    "font.size": 11,
    "font.family": "DejaVu Sans",
    "mathtext.fontset": "dejavusans",
    "svg.fonttype": "path",
}
plt.rcParams.update(STYLE)  # for all that is drawn later too: legends, insets, labels


_NARROW = 3.6 * 72  # points; such a figure fits on a small screen as it is


def new_figure(
    rows: int = 1, columns: int = 1, *, size: tuple[float, float] = (6.4, 3.6), **options
):
    """Return ``(figure, axes)`` in the book's style, like ``plt.subplots``."""
    return plt.subplots(rows, columns, figsize=size, layout="constrained", **options)


def draw_signed_squares(axis, table, *, largest: float, side: float = 0.92) -> None:
    """Draw a table of numbers as squares: filled if positive, empty if negative.

    The area is the absolute value. The entry in row r and column c is centred on the point
    (c, r), rows going down; of a number 0 nothing is drawn.

    Parameters
    ----------
    axis : matplotlib.axes.Axes
        Where to draw. Its limits are set so that the whole table is seen.
    table : array of shape (rows, columns)
        The numbers.
    largest : float
        The absolute value of the largest square; numbers beyond it are drawn like it.
    side : float
        Side of the largest square.
    """
    table = np.asarray(table, dtype=float)
    rows, columns = table.shape
    for row, column in np.argwhere(table):
        value = table[row, column]
        width = side * np.sqrt(min(1.0, abs(value) / largest))
        fill, edge = (C1, C1) if value > 0 else ("none", C2)
        corner = (column - width / 2, row - width / 2)
        square = Rectangle(corner, width, width, lw=1.0, facecolor=fill, edgecolor=edge)
        axis.add_patch(square)
    axis.set(xlim=(-0.6, columns - 0.4), ylim=(rows - 0.4, -0.6), aspect="equal")


class Figure:
    """A drawn figure with its alt text and caption."""

    def __init__(self, svg: str, alt: str, caption: str):
        self.svg, self.alt, self.caption = svg, alt, caption

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"

    def _repr_html_(self) -> str:
        note = f"<figcaption>{escape(self.caption)}</figcaption>" if self.caption else ""
        return f'<figure class="book-figure">{self.svg}{note}</figure>'


def show_figure(figure, *, alt: str, caption: str = "") -> Figure:
    """Turn a Matplotlib figure into the book's form; the last line of a figure's cell.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Drawn on axes from `new_figure`, with the colours of this module.
    alt : str
        What a reader who cannot see the figure should know: at least 40 characters.
    caption : str
        Shown below it.

    Raises
    ------
    ValueError
        When the alt text is missing or too short to say anything.
    """
    if not isinstance(alt, str) or len(alt.strip()) < 40:
        raise ValueError(f"alt: expected at least 40 characters of description, got {alt!r}")
    salt = hashlib.sha256((alt + caption).encode()).hexdigest()[:12]
    drawn = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": salt}):
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    return Figure(_adapt(drawn.getvalue(), alt, salt), alt, caption)


class Frames:
    """Drawn figures of which the reader sees one at a time, stepping with buttons or arrow keys."""

    def __init__(self, frames: list[Figure], caption: str):
        self.frames, self.caption = frames, caption

    def __repr__(self) -> str:
        return f"{len(self.frames)} frames, the last: {self.frames[-1].alt}"

    def _repr_html_(self) -> str:
        name = "f" + hashlib.sha256("".join(f.svg for f in self.frames).encode()).hexdigest()[:12]
        numbers = range(1, len(self.frames) + 1)
        # No script: the radio button that is checked decides which of the frames is displayed.
        rules = "".join(
            f"#{name}-{k}:checked~.book-frame-{k}{{display:block}}"
            f"#{name}-{k}:checked~label[for={name}-{k}]{{background:{_VARIABLES[C1]};"
            f"color:{_VARIABLES[PAPER]}}}"
            f"#{name}-{k}:focus-visible~label[for={name}-{k}]"
            f"{{outline:2px solid {_VARIABLES[INK]};outline-offset:2px}}"
            for k in numbers
        )
        inputs = "".join(
            f'<input type="radio" name="{name}" id="{name}-{k}" aria-label="Frame {k}"'
            f"{' checked' if k == 1 else ''}>"
            for k in numbers
        )
        labels = "".join(f'<label for="{name}-{k}">{k}</label>' for k in numbers)
        shown = "".join(
            f'<div class="book-frame book-frame-{k}">{frame.svg}'
            f"<figcaption>{escape(frame.caption)}</figcaption></div>"
            for k, frame in zip(numbers, self.frames, strict=True)
        )
        return (
            f'<figure class="book-figure book-frames"><style>{_FRAMES_STYLE}{rules}</style>'
            f"{inputs}{labels}{shown}<figcaption>{escape(self.caption)}</figcaption></figure>"
        )


# In the output itself, so that the buttons work in plain Jupyter too.
_FRAMES_STYLE = (
    ".book-frames>input{position:absolute;opacity:0;width:1px;height:1px}"
    ".book-frames>label{display:inline-block;min-width:2.2em;padding:.2em .5em;margin:.15em;"
    f"border:1px solid {_VARIABLES[C1]};border-radius:6px;cursor:pointer;text-align:center}}"
    ".book-frames>.book-frame{display:none}"
)


def show_frames(frames: list[Figure], *, caption: str = "") -> Frames:
    """Show figures one at a time, as the steps of an algorithm; the last line of a cell.

    Parameters
    ----------
    frames : list of Figure
        What `show_figure` returned for each step, at least two; the alt texts must differ.
    caption : str
        Shown below all of them.

    Raises
    ------
    ValueError
        When there are fewer than two frames or two have the same alt text.
    """
    if len(frames) < 2:
        raise ValueError(f"frames: expected at least 2 figures, got {len(frames)}")
    if len({frame.alt for frame in frames}) < len(frames):
        raise ValueError("frames: expected an alt text of its own for each frame")
    return Frames(frames, caption)


def _adapt(svg: str, alt: str, salt: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, variable)
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    for name in set(re.findall(r'\bid="([^"]+)"', svg)):
        new = f'id="{salt}-{name}"' if name in used else ""
        svg = svg.replace(f'id="{name}"', new)
    for name in used:
        svg = svg.replace(f"url(#{name})", f"url(#{salt}-{name})")
        svg = svg.replace(f'href="#{name}"', f'href="#{salt}-{name}"')
    svg = re.sub(r"[ \t]*\n\s*", "\n", re.sub(r"<g >", "<g>", svg))
    width, height = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg).groups()
    size = f'width="{width}pt" height="{height}pt"'
    style = "max-width:100%;height:auto"
    if float(width) <= _NARROW:
        style += ";min-width:0"  # against the stylesheet's, which makes wide figures scroll
    described = f'role="img" aria-label="{escape(alt, quote=True)}" style="{style}"'
    return svg.replace(size, f'width="{float(width) * 4 / 3:.0f}" {described}')
