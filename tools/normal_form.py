"""The one form in which a notebook is stored.

The same content always gives the same bytes: cell ids follow from the content,
execution counts from the position; everything that depends on the machine, the
editor or the moment is left out. Normalising twice changes nothing.
"""

import base64
import copy
import hashlib
import json
import struct

NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}
KEPT_NOTEBOOK_METADATA = ("mystnb", "myst")
KEPT_CELL_METADATA = ("tags", "mystnb", "myst")
EXPECTED_ERROR = "raises-exception"


def normal_form(notebook) -> dict:
    """A copy of the notebook (a dict, or nbformat's node) in normal form."""
    source = json.loads(json.dumps(notebook))
    cells = [normal_cell(cell) for cell in source["cells"]]
    cells = [cell for cell in cells if cell["source"]]
    number(cells)
    metadata = copy.deepcopy(NOTEBOOK_METADATA)
    metadata |= kept(source.get("metadata", {}), KEPT_NOTEBOOK_METADATA)
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def to_text(notebook: dict) -> str:
    """The notebook in the layout that Jupyter writes: lines as lists, keys sorted."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
        for output in cell.get("outputs", ()):
            if "text" in output:
                output["text"] = output["text"].splitlines(keepends=True)
            for mime, value in output.get("data", {}).items():
                if isinstance(value, str) and not is_binary(mime):
                    output["data"][mime] = value.splitlines(keepends=True)
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def normal_cell(cell: dict) -> dict:
    normal = {
        "cell_type": cell["cell_type"],
        "metadata": kept(cell.get("metadata", {}), KEPT_CELL_METADATA),
        "source": joined(cell.get("source", "")).strip("\n"),
    }
    if "tags" in normal["metadata"]:
        normal["metadata"]["tags"] = sorted(set(normal["metadata"]["tags"]))
    if cell.get("attachments"):
        normal["attachments"] = cell["attachments"]
    if cell["cell_type"] == "code":
        expected = EXPECTED_ERROR in normal["metadata"].get("tags", ())
        outputs = [normal_output(output, expected) for output in cell.get("outputs", ())]
        normal["outputs"] = merged(outputs)
        normal["execution_count"] = None
    return normal


def kept(metadata: dict, names: tuple[str, ...]) -> dict:
    return {name: metadata[name] for name in names if metadata.get(name)}


def joined(text) -> str:
    return text if isinstance(text, str) else "".join(text)


def number(cells: list[dict]) -> None:
    """Ids from the content (the second of two equal cells gets -2), counts from 1."""
    seen: dict[str, int] = {}
    count = 0
    for cell in cells:
        content = cell["cell_type"] + "\n" + cell["source"]
        name = hashlib.sha256(content.encode()).hexdigest()[:8]
        seen[name] = seen.get(name, 0) + 1
        cell["id"] = name if seen[name] == 1 else f"{name}-{seen[name]}"
        if cell["cell_type"] == "code":
            count += 1
            cell["execution_count"] = count
            for output in cell["outputs"]:
                if output["output_type"] == "execute_result":
                    output["execution_count"] = count


def normal_output(output: dict, expected_error: bool) -> dict:
    kind = output["output_type"]
    if kind == "stream":
        return {"output_type": kind, "name": output["name"], "text": joined(output["text"])}
    if kind == "error":
        normal = {name: output[name] for name in ("output_type", "ename", "evalue")}
        # A traceback names files and colours; an expected error is read for its message.
        short = [f"{output['ename']}: {output['evalue']}"]
        return normal | {"traceback": short if expected_error else output["traceback"]}
    data = {mime: normal_value(mime, value) for mime, value in output.get("data", {}).items()}
    metadata = {name: value for name, value in output.get("metadata", {}).items() if value}
    return {"output_type": kind, "data": data, "metadata": metadata}


def normal_value(mime: str, value):
    if mime.endswith("json"):
        return value
    value = joined(value)
    if mime == "image/png":
        return without_comments(value)
    return value


def is_binary(mime: str) -> bool:
    return mime.startswith("image/") and mime != "image/svg+xml"


def without_comments(png: str) -> str:
    """A PNG in base64 without its text chunks, which name the software that wrote it."""
    data = base64.b64decode(png)
    kept, place = [data[:8]], 8
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        end = place + 12 + length
        if data[place + 4 : place + 8] not in (b"tEXt", b"iTXt", b"zTXt", b"tIME"):
            kept.append(data[place:end])
        place = end
    return base64.b64encode(b"".join(kept)).decode()


def merged(outputs: list[dict]) -> list[dict]:
    """Streams of one name in a row as one: how they were cut depends on timing."""
    result: list[dict] = []
    for output in outputs:
        last = result[-1] if result else None
        if (
            last
            and output["output_type"] == last["output_type"] == "stream"
            and output["name"] == last["name"]
        ):
            last["text"] += output["text"]
        else:
            result.append(output)
    return result
