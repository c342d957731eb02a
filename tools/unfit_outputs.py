"""What no stored notebook may contain: errors, warnings, and traces of a machine."""

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.kernel_environment import ROOT
from tools.normal_form import EXPECTED_ERROR, is_binary

ANSI = re.compile(r"\x1b\[[0-9;]*m")  # colours

TRACES = (
    (re.compile(r"\bat 0x[0-9a-fA-F]{6,}"), "an address in memory"),
    (re.compile(r"ipykernel_\d+|<ipython-input-"), "the name of a cell's temporary file"),
    (re.compile(r"site-packages"), "a path of the installation"),
    (re.compile(r"(?<![\w/])/(?:home|Users|root|tmp|var/folders)/"), "a path of this machine"),
    *(
        (re.compile(re.escape(str(path)) + r"(?=[/\\:'\"\s]|$)"), "a path of this machine")
        for path in {ROOT, Path.home(), Path(sys.prefix), Path(tempfile.gettempdir())}
        if len(path.parts) > 1
    ),
)


def unfit(notebook: dict) -> list[str]:
    """What is wrong with the outputs, one line each; empty when they may be stored."""
    found = []
    for place, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "code":
            continue
        expected = EXPECTED_ERROR in cell["metadata"].get("tags", ())
        for output in cell["outputs"]:
            if output["output_type"] == "error" and not expected:
                traceback = ANSI.sub("", "\n".join(output["traceback"]))
                found.append(describe(place, cell, f"raises {output['ename']}\n{traceback}"))
            elif output.get("name") == "stderr":
                first = output["text"].strip().splitlines()[0]
                found.append(describe(place, cell, f"writes to stderr: {first}"))
            for text in texts(output):
                for pattern, what in TRACES:
                    if match := pattern.search(text):
                        near = text[max(0, match.start() - 20) : match.end() + 40]
                        found.append(describe(place, cell, f"its output holds {what}: {near!r}"))
                        break
    return found


def texts(output: dict) -> Iterator[str]:
    if "text" in output:
        yield output["text"]
    for mime, value in output.get("data", {}).items():
        if not is_binary(mime):
            yield value if isinstance(value, str) else repr(value)


def describe(place: int, cell: dict, what: str) -> str:
    return f"cell {place} `{first_line(cell)}`: {what}"


def first_line(cell: dict) -> str:
    return cell["source"].splitlines()[0][:60]
