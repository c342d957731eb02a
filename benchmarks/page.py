"""Write what was measured to the book's performance page."""

from pathlib import Path

import numpy as np

from benchmarks.timing import Row
from boltzlib.book.figures import C1, C2, C3, MUTED, new_figure, show_figure

PAGE = Path(__file__).parents[1] / "chapters" / "back_matter" / "performance.md"

TEMPLATE = """# Performance

How fast is `boltzlib` beside other libraries? Both are run in turn in one process, on the same \
input, and their answers are compared. A *ratio* says how many times as long the other one takes. \
`make bench` measures anew and writes this page.

Measured on {date}: {machine}.

## Exact sums of an Ising machine

{table}

`boltzlib` sums over three blocks of spins, {{eq}}`eq-2-29a`. The peers solve other problems too: \
dwave-samplers also draws samples, dimod lists all states with their energies.

More spins, log partition function and all moments:

{sizes}

At N = 26 the sum takes {memory:.0f} MB of memory beyond its arguments.

```{{raw}} html
{figure}
```
"""


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
        lines.append(
            f"| {row.task} | {row.peer} | {seconds(row.ours)} | {seconds(row.theirs)} | "
            f"{row.ratio:.0f} | {row.difference:.0e} |"
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
    for (name, found), colour in zip(scaling.items(), (C1, C2, C3), strict=True):
        axis.plot(list(found), list(found.values()), "o-", color=colour, label=name, ms=4)
    ours = scaling["boltzlib"]
    last = max(ours)
    line = np.array(sorted(ours))
    axis.plot(line, ours[last] * 2.0 ** (line - last), "--", color=MUTED, lw=1.2, label="2^N")
    axis.set(yscale="log", xlabel="number of spins N", ylabel="seconds", xticks=line)
    axis.legend()
    return show_figure(
        drawn,
        alt="Seconds against the number of spins on a logarithmic axis, for boltzlib from 16 to 26 "
        "and for the peers up to 20. All rise with the number of states; boltzlib lies lowest and "
        "approaches the line of 2 to the N from above.",
        caption="ln Z and all first and second moments. Dashed: proportional to 2^N.",
    )._repr_html_()


def write(rows, scaling, memory: float, machine: str, date: str) -> None:
    """Write the page."""
    text = TEMPLATE.format(
        date=date,
        machine=machine,
        table=table(rows),
        sizes=sizes(scaling["boltzlib"]),
        memory=memory,
        figure=figure(scaling),
    )
    PAGE.write_text(text, encoding="utf-8")
