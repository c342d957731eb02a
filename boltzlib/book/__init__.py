"""What a notebook of the book uses: claims, symbols, figures, exercises.

The only part of boltzlib that imports SymPy, mpmath and Matplotlib.
"""

from boltzlib.book.brute_force import joint_table, spin_table
from boltzlib.book.card import on_this_page
from boltzlib.book.claim import Claim, ClaimFailed, claim
from boltzlib.book.deltas import sum_deltas
from boltzlib.book.densities import density
from boltzlib.book.errata import erratum
from boltzlib.book.evaluate import evaluate
from boltzlib.book.exercises import check_exercise
from boltzlib.book.figures import show_figure, show_frames
from boltzlib.book.integrals import VectorIntegral
from boltzlib.book.printing import latex
from boltzlib.book.prove import equal
from boltzlib.book.samples import MatrixSum, Samples
from boltzlib.book.statement import chain, limit, stationary, together
from boltzlib.book.steps import show

__all__ = [
    "Claim",
    "ClaimFailed",
    "MatrixSum",
    "Samples",
    "VectorIntegral",
    "chain",
    "check_exercise",
    "claim",
    "density",
    "equal",
    "erratum",
    "evaluate",
    "joint_table",
    "latex",
    "limit",
    "on_this_page",
    "show",
    "show_figure",
    "show_frames",
    "spin_table",
    "stationary",
    "sum_deltas",
    "together",
]
