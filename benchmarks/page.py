"""Write what was measured to the book's performance page."""

from pathlib import Path

import numpy as np

from benchmarks.timing import Row
from boltzlib.book.figures import C1, C2, C3, MUTED, new_figure, show_figure

CHAPTERS = Path(__file__).parents[1] / "chapters"
PAGE = CHAPTERS / "back_matter" / "performance.md"

TEMPLATE = """# Performance

How fast is `boltzlib` beside other libraries? The two are run in turn in one process, on the same \
input, and their answers are compared. A *ratio* says how many times as long the other one takes. \
`make bench` measures anew and writes this page.

Measured on {date}: {machine}.

{sections}
"""

ISING = """## Exact sums of an Ising machine

{table}

`boltzlib` sums over three blocks of spins, {{eq}}`eq-2-29a`. The peers solve other problems too: \
dwave-samplers also draws samples, dimod lists all states with their energies.

More spins, log partition function and all moments:

{sizes}

At N = 26 the sum takes {memory:.0f} MB of memory beyond its arguments.

```{{raw}} html
{figure}
```"""

MIXTURE = """## EM for Gaussian mixtures

{table}

The answers of one iteration differ by so many standard deviations in a mean, those of a whole \
fit by so many nats in the average log-likelihood. `boltzlib` writes the log densities of all \
components as one matrix product with quadratic features of the samples and their weighted sums, \
{{eq}}`eq-3-57a`, as another. Where that would lose digits it solves with Cholesky factors, as the \
peers do; then an iteration takes {careful} for the first row's task.

More samples, one iteration, and the memory that it takes beyond its arguments (that of \
pomegranate is not seen by Python's counter):

{scaling}"""

RBM = """## Restricted Boltzmann machines

All on the {images:,} images of 8×8 digits as bits, with one thread each.

{table}

An epoch goes through all images with one step of Gibbs sampling for each batch, and each library \
does it as it would: scikit-learn, rbms and `boltzlib` with persistent chains, as many as a batch \
has images; learnergy starts its chains at the data. `boltzlib` computes in float32 here. \
The exact ln Z sums over the hidden states, {{eq}}`eq-4-82b`, a few factors at a time as one \
matrix product; only rbms among the peers offers it (its list of states stands ready), and the \
other row is what one would write with NumPy.

How good are the models? The exact average log-likelihood, in nats per image, of {hidden} hidden \
units over {seeds} seeds, after {epochs} epochs:

{after_epochs}

and within {wall:.0f} seconds:

{after_seconds}

Each library has the best settings that a search found for it. The learning rate falls to 0, \
which every library gains by; only `boltzlib` has such a schedule itself, for the others the \
measurement sets the rate before each epoch."""


def seconds(value: float) -> str:
    """A time with two or three digits and its unit."""
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * factor >= 1.0:
            return f"{value * factor:.3g}\N{NO-BREAK SPACE}{unit}"
    return f"{value * 1e9:.3g}\N{NO-BREAK SPACE}ns"


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| task | peer | boltzlib | peer | ratio | answers differ by |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for row in rows:
        if row.difference is None:
            difference = "(random)"
        else:
            difference = f"{row.difference:.0e}" if row.difference else "0"
        ratio = f"{row.ratio:.0f}" if row.ratio >= 10.0 else f"{row.ratio:.1f}"
        lines.append(
            f"| {row.task} | {row.peer} | {seconds(row.ours)} | {seconds(row.theirs)} | "
            f"{ratio} | {difference} |"
        )
    return "\n".join(lines)


def sizes(found: dict[int, float]) -> str:
    """Time against the number of spins as a Markdown table."""
    header = "| N | " + " | ".join(str(n) for n in found) + " |"
    line = "|---|" + "--:|" * len(found)
    return f"{header}\n{line}\n| time | " + " | ".join(map(seconds, found.values())) + " |"


def figure(scaling: dict[str, dict[int, float]]) -> str:
    """Time against N beside the line of 2**N."""
    drawn, axis = new_figure(size=(6.4, 3.8))
    styles = zip((C1, C2, C3), ("o-", "s--", "D:"), strict=True)
    for (name, found), (colour, style) in zip(scaling.items(), styles, strict=True):
        axis.plot(list(found), list(found.values()), style, color=colour, label=name, ms=4)
    ours = scaling["boltzlib"]
    last = max(ours)
    line = np.array(sorted(ours))
    axis.plot(line, ours[last] * 2.0 ** (line - last), "-.", color=MUTED, lw=1.2, label="2^N")
    axis.set(yscale="log", xlabel="number of spins N", ylabel="seconds", xticks=line)
    axis.legend(loc="upper left", bbox_to_anchor=(0.46, 1.0))  # right of the peers' lines
    return show_figure(
        drawn,
        alt="Seconds against the number of spins on a logarithmic axis, for boltzlib from 16 to 26 "
        "and for the peers up to 20. All rise with the number of states; boltzlib lies lowest, "
        "and up to N = 26 it rises more slowly than 2 to the N.",
        caption="ln Z and all first and second moments. Dash-dotted: 2^N through the last point.",
    )._repr_html_()


def ising_section(rows, scaling: dict[str, dict[int, float]], memory: float) -> str:
    """Exact sums: the comparison, the scaling and the figure."""
    return ISING.format(
        table=table(rows),
        sizes=sizes(scaling["boltzlib"]),
        memory=memory,
        figure=figure(scaling),
    )


def mixture_section(rows, scaling: str, careful: float) -> str:
    """EM: the comparisons and the scaling."""
    return MIXTURE.format(table=table(rows), scaling=scaling, careful=seconds(careful))


def likelihoods(found) -> str:
    """Exact log-likelihoods as a table: mean, worst and best seed, and the time of a training."""
    lines = ["| library | mean | worst seed | best seed | time of one training |",
             "|---|--:|--:|--:|--:|"]  # fmt: skip
    for one in found:
        values = (np.mean(one.values), min(one.values), max(one.values))
        cells = [f"{value:.2f}".replace("-", "−") for value in values]
        lines.append(f"| {one.name} | " + " | ".join(cells) + f" | {seconds(one.seconds)} |")
    return "\n".join(lines)


def rbm_section(rows, after_epochs, after_seconds, **words) -> str:
    """RBM: the comparisons of time and of likelihood."""
    return RBM.format(
        table=table(rows),
        after_epochs=likelihoods(after_epochs),
        after_seconds=likelihoods(after_seconds),
        seeds=len(after_epochs[0].values),
        **words,
    )


def write(sections: list[str], machine: str, date: str) -> None:
    """Write the page."""
    text = TEMPLATE.format(date=date, machine=machine, sections="\n\n".join(sections))
    PAGE.write_text(text, encoding="utf-8")
