"""How a fresh run differs from the stored notebook, for a person to read."""

import difflib
import hashlib
import json

from tools.normal_form import is_binary, normal_form, to_text

LINES = 30  # of a difference, at most


def difference(stored: str | None, fresh: dict) -> str:
    """Name each cell that differs, and what in it."""
    if stored is None:
        return "it is not stored yet"
    try:
        old = normal_form(json.loads(stored))
    except (ValueError, KeyError) as error:
        return f"the stored file is no notebook: {error}"
    if to_text(old) == to_text(fresh):
        return "only its form differs (ids, metadata, counts, layout): make notebooks"
    if len(old["cells"]) != len(fresh["cells"]):
        return f"{len(old['cells'])} cells are stored, {len(fresh['cells'])} were run"
    lines = []
    for place, (was, now) in enumerate(zip(old["cells"], fresh["cells"], strict=True)):
        if was != now:
            lines.append(f"cell {place} `{now['source'].splitlines()[0][:60]}`")
            lines += [f"    {line}" for line in cell_difference(was, now)]
    return "\n".join(lines)


def cell_difference(was: dict, now: dict) -> list[str]:
    if was["source"] != now["source"] or was["metadata"] != now["metadata"]:
        return ["its source or metadata differs"]
    old, new = parts(was), parts(now)
    lines = []
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            lines.append(f"{name}: stored, but no longer there")
        elif name not in old:
            lines.append(f"{name}: new, not stored")
        elif old[name] != new[name]:
            lines += part_difference(name, old[name], new[name])
    return lines


def parts(cell: dict) -> dict[str, str]:
    """The outputs taken apart: a text under `number type mime`."""
    found = {}
    for place, output in enumerate(cell.get("outputs", ())):
        name = f"output {place} {output['output_type']}"
        if "text" in output:
            found[f"{name} {output['name']}"] = output["text"]
        elif "data" in output:
            for mime, value in output["data"].items():
                text = value if isinstance(value, str) else json.dumps(value, indent=1)
                found[f"{name} {mime}"] = text
            found[f"{name} metadata"] = json.dumps(output["metadata"], indent=1, sort_keys=True)
        else:
            found[name] = f"{output['ename']}: {output['evalue']}"
    return found


def part_difference(name: str, was: str, now: str) -> list[str]:
    if is_binary(name.rsplit(" ", 1)[-1]):
        return [f"{name}: the figure differs, {digest(was)} stored, {digest(now)} now"]
    diff = difflib.unified_diff(was.splitlines(), now.splitlines(), "stored", "now", "", "", 1, "")
    lines = [line[:200] for line in diff]
    more = [f"... {len(lines) - LINES} lines more"] if len(lines) > LINES else []
    return [f"{name}:", *("    " + line for line in lines[:LINES]), *more]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
