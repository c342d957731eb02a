"""The notebook runner and the Sphinx extension, on small notebooks and a small book."""

import base64
import copy
import json
import os
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from tools import notebooks
from tools.normal_form import normal_form, to_text
from tools.notebook_diff import difference
from tools.unfit_outputs import unfit

ROOT = Path(__file__).resolve().parent.parent


def code(source: str, *outputs: dict, **metadata) -> dict:
    return {
        "cell_type": "code",
        "source": source,
        "outputs": list(outputs),
        "metadata": metadata,
        "execution_count": 7,
        "id": "whatever",
    }


def notebook(*cells: dict) -> dict:
    metadata = {
        "language_info": {"name": "python", "version": "3.11.7"},
        "widgets": {},
        "kernelspec": {"name": "mine"},
    }
    return {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def stream(text: str, name: str = "stdout") -> dict:
    return {"output_type": "stream", "name": name, "text": text}


def result(**data: str) -> dict:
    data = {mime.replace("_", "/"): value for mime, value in data.items()}
    return {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 3}


def png(comment: bytes = b"") -> str:
    """One pixel, with a text chunk if there is a comment."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + check

    picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes.fromhex("00000001000000010800000000"))
    if comment:
        picture += chunk(b"tEXt", b"Software\0" + comment)
    return base64.b64encode(picture + chunk(b"IDAT", zlib.compress(b"\0\0"))).decode()


# --- Normal form -------------------------------------------------------------------

EXAMPLE = notebook(
    {"cell_type": "markdown", "source": ["# Title\n", "text\n"], "metadata": {"editable": True}},
    code("1 + 1\n", stream("a"), stream("b"), result(text_plain="2"), tags=["b", "a"], x=1),
    code("", id="empty"),
    code("1 + 1", result(text_plain="2", image_png=png(b"a program"))),
)


def test_normal_form_changes_nothing_twice():
    once = to_text(normal_form(EXAMPLE))
    assert to_text(normal_form(json.loads(once))) == once


def test_normal_form_leaves_out_what_depends_on_machine_editor_and_moment():
    normal = normal_form(EXAMPLE)
    title, first, second = normal["cells"]
    assert normal["metadata"]["language_info"] == {"name": "python", "pygments_lexer": "ipython3"}
    assert "widgets" not in normal["metadata"]
    assert title["metadata"] == {}
    assert first["metadata"] == {"tags": ["a", "b"]}
    assert first["outputs"][0]["text"] == "ab"
    assert (first["execution_count"], second["execution_count"]) == (1, 2)
    assert second["outputs"][0]["execution_count"] == 2
    assert second["id"] == first["id"] + "-2"
    assert second["outputs"][0]["data"]["image/png"] == png()


def test_an_id_does_not_depend_on_the_cells_before():
    shorter = copy.deepcopy(EXAMPLE)
    del shorter["cells"][0]
    ids = [cell["id"] for cell in normal_form(EXAMPLE)["cells"]]
    assert [cell["id"] for cell in normal_form(shorter)["cells"]] == ids[1:]


# --- What may not be stored -----------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (stream("careful", "stderr"), "writes to stderr: careful"),
        (result(text_plain="<f at 0x7f12ab34cd56>"), "an address"),
        (stream("/tmp/ipykernel_12/3.py:1: note"), "temporary file"),
        (result(text_html=f"<a href='{ROOT}/x'>"), "a path of this machine"),
        (stream("in /home/someone/book"), "a path of this machine"),
        ({"output_type": "error", "ename": "E", "evalue": "v", "traceback": []}, "raises E"),
    ],
)
def test_unfit_outputs_are_named_with_their_cell(output, expected):
    (fault,) = unfit(normal_form(notebook(code("look()", output))))
    assert expected in fault
    assert "cell 0 `look()`" in fault


def test_an_expected_error_is_stored_as_its_message():
    error = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["/home/me/x.py"]}
    normal = normal_form(notebook(code("fail()", error, tags=["raises-exception"])))
    assert not unfit(normal)
    assert normal["cells"][0]["outputs"][0]["traceback"] == ["E: v"]


# --- Running, storing, checking ----------------------------------------------------------

PLOT = """\
import matplotlib.pyplot as plt

plt.figure(figsize=(1, 1))
plt.plot([0, 1])
plt.show()"""


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("runner") / "example.ipynb"
    path.write_text(to_text(normal_form(notebook(code("6 * 7"), code(PLOT)))), encoding="utf-8")
    assert notebooks.process(path).state == "stored"
    return path


def test_the_runner_stores_what_a_second_run_confirms(stored):
    before = stored.read_bytes()
    outcome = notebooks.process(stored, check=True)
    assert outcome.state == "as stored", outcome.details
    assert stored.read_bytes() == before
    assert json.loads(before)["cells"][0]["outputs"][0]["data"]["text/plain"] == ["42"]


def test_check_fails_on_a_changed_output_and_stores_nothing(stored, tmp_path, capsys):
    changed = json.loads(stored.read_text(encoding="utf-8"))
    changed["cells"][0]["outputs"][0]["data"]["text/plain"] = ["43"]
    path = tmp_path / "changed.ipynb"
    path.write_text(to_text(normal_form(changed)), encoding="utf-8")
    before = path.read_bytes()
    assert notebooks.main(["--check", str(path)]) == 1
    told = capsys.readouterr().out
    assert "changed.ipynb: differs" in told
    assert "cell 0 `6 * 7`" in told
    assert "-43" in told
    assert "+42" in told
    assert path.read_bytes() == before


def fresh_and_stored(stored) -> tuple[dict, dict]:
    fresh = normal_form(json.loads(stored.read_text(encoding="utf-8")))
    return fresh, copy.deepcopy(fresh)


def test_a_changed_figure_is_a_difference(stored):
    fresh, changed = fresh_and_stored(stored)
    changed["cells"][1]["outputs"][0]["data"]["image/png"] = png()
    told = difference(to_text(changed), fresh)
    assert "cell 1 `import matplotlib.pyplot as plt`" in told
    assert "image/png: the figure differs" in told


def nbval(path: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "pytest", "--nbval", "-p", "no:cacheprovider", str(path)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_nbval_compares_every_byte_of_an_output(stored):
    # beside the repository conftest.py would not be found
    place = ROOT / "_build" / "tests" / f"{os.getpid()}.ipynb"
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        place.write_bytes(stored.read_bytes())
        assert nbval(place).returncode == 0
        changed = json.loads(stored.read_text(encoding="utf-8"))
        changed["cells"][1]["outputs"][0]["data"]["image/png"] = png()
        place.write_text(to_text(normal_form(changed)), encoding="utf-8")
        run = nbval(place)
        assert "1 failed, 1 passed" in run.stdout
        assert "image/png: the figure differs" in run.stdout
    finally:
        place.unlink()


def test_a_changed_record_is_a_difference(stored):
    fresh, changed = fresh_and_stored(stored)
    mime = "application/vnd.boltzlib.claim+json"
    fresh["cells"][0]["outputs"][0]["data"][mime] = {"mutants": 12, "killed": 12}
    changed["cells"][0]["outputs"][0]["data"][mime] = {"mutants": 12, "killed": 11}
    assert '-"killed": 11' in difference(to_text(changed), fresh).replace("- ", "-")


def test_another_form_is_a_difference(stored):
    fresh, changed = fresh_and_stored(stored)
    changed["cells"][0]["id"] = "by-hand"
    assert "only its form differs" in difference(json.dumps(changed), fresh)


def test_a_notebook_that_fails_is_not_stored(tmp_path):
    path = tmp_path / "bad.ipynb"
    path.write_text(to_text(normal_form(notebook(code("1 / 0")))), encoding="utf-8")
    before = path.read_bytes()
    outcome = notebooks.process(path)
    assert outcome.state == "refused"
    assert "ZeroDivisionError" in outcome.details
    assert path.read_bytes() == before


# --- Equation tags ------------------------------------------------------------------------

CONF = """\
extensions = ["myst_nb", "tools.book_extension"]
myst_enable_extensions = ["dollarmath", "amsmath"]
nb_execution_mode = "off"
math_numfig = False
numfig = True
mathjax_path = "mathjax/tex-mml-chtml.js"
html_theme = "basic"
"""

GLUED = {
    "output_type": "display_data",
    "data": {
        "application/papermill.record/text/latex": r"$$e^{x} = y \tag{2.15}$$",
        "application/papermill.record/text/plain": "Equation 2.15",
    },
    "metadata": {
        "scrapbook": {"mime_prefix": "application/papermill.record/", "name": "eq-2-15"},
    },
}


def markdown(source: str) -> dict:
    return {"cell_type": "markdown", "source": source, "metadata": {}}


def build(folder: Path, **pages: str) -> tuple[Path, str]:
    """The HTML of a small book and what Sphinx said on stderr."""
    (folder / "conf.py").write_text(CONF, encoding="utf-8")
    toctree = "\n".join(name for name in pages)
    index = f"# Book\n\n```{{toctree}}\n{toctree}\n```\n"
    (folder / "index.md").write_text(index, encoding="utf-8")
    for name, source in pages.items():
        suffix = ".ipynb" if source.startswith("{") else ".md"
        (folder / name).with_suffix(suffix).write_text(source, encoding="utf-8")
    html = folder / "_html"
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(folder), str(html)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return html, done.stderr


def test_equations_carry_their_tags_on_every_page(tmp_path):
    glued = notebook(
        markdown("# One\n\nSee {eq}`eq-2-15`.\n\n```{glue:math} eq-2-15\n:label: eq-2-15\n```"),
        code("glue(...)", GLUED),
    )
    html, said = build(
        tmp_path,
        one=to_text(normal_form(glued)),
        two="# Two\n\n{eq}`eq-2-15`, {eq}`eq-2-14a`\n\n$$\nx = 1 \\tag{2.14a}\n$$ (eq-2-14a)\n",
    )
    assert said == ""
    one, two = (html / name for name in ("one.html", "two.html"))
    assert '<span class="eqno">(2.15)' in one.read_text("utf-8")
    assert 'href="#equation-eq-2-15">(2.15)</a>' in one.read_text("utf-8")
    assert 'href="one.html#equation-eq-2-15">(2.15)</a>' in two.read_text("utf-8")
    assert '<span class="eqno">(2.14a)' in two.read_text("utf-8")
    assert "\\tag" not in one.read_text("utf-8") + two.read_text("utf-8")
    assert (html / "_static" / "mathjax" / "tex-mml-chtml.js").is_file()


def test_slips_with_tags_are_warned_of(tmp_path):
    _, said = build(
        tmp_path,
        one="# One\n\n$$\nx = 1 \\tag{2.1}\n$$ (eq-2-1)\n\n$$\nx = 2\n$$ (eq-2-2)\n",
        two="# Two\n\n$$\nx = 3 \\tag{2.3}\n$$\n\n$$\nx = 4 \\tag{2.4}\n$$ (eq-2-5)\n",
        three="# Three\n\n$$\nx = 5 \\tag{2.6} \\tag{2.7}\n$$ (eq-2-6)\n",
        zwei="# Zwei\n\n```{math}\n:label: eq-2-1\nx = 1 \\tag{2.1}\n```\n",
    )
    for expected in (
        "equation 2.1 is numbered twice; the other is in one",
        "the display labelled eq-2-2 has no \\tag",
        "the display with \\tag{2.3} needs the label eq-2-3; there is none",
        "the display with \\tag{2.4} needs the label eq-2-4; it is eq-2-5",
        "one display with several tags: 2.6, 2.7",
    ):
        assert expected in said


def test_a_formula_keeps_its_punctuation(tmp_path):
    html, said = build(tmp_path, one="# One\n\nTake $a$, then $b$ or $c$: one (or $d$).\n")
    text = (html / "one.html").read_text("utf-8")
    kept = re.findall(r'math-with-punctuation"><span [^>]*>(.+?)</span>(.+?)</span>', text)
    assert said == ""
    assert kept == [(r"\(a\)", ","), (r"\(c\)", ":"), (r"\(d\)", ").")]
    assert re.sub(r"<[^>]+>", "", text).count("then \\(b\\) or \\(c\\): one (or \\(d\\)).") == 1
