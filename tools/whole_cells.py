"""Let nbval compare all that is stored of a cell, and run cells as Jupyter does.

By itself it skips pictures and metadata. Compared in normal form, a cell passes only if its
fresh outputs would be stored as the same bytes.
"""

import json

from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell

from tools.normal_form import normal_cell
from tools.notebook_diff import cell_difference


def install() -> None:
    IPyNbCell.compare_outputs = compare_outputs
    RunningKernel.execute_cell_input = execute_with_history


def compare_outputs(item: IPyNbCell, test, ref, skip_compare=None) -> bool:
    cells = (json.loads(json.dumps(item.cell | {"outputs": outputs})) for outputs in (ref, test))
    was, now = map(normal_cell, cells)
    item.comparison_traceback = cell_difference(was, now)
    return was == now


def execute_with_history(kernel: RunningKernel, cell_input: str, allow_stdin=None) -> str:
    """The cells above stay known: a claim reads there where its derivation is from."""
    return kernel.kc.execute(
        cell_input, store_history=True, allow_stdin=allow_stdin, stop_on_error=False
    )
