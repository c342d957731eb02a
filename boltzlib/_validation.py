"""Argument checks shared by the whole library.

Each check returns the argument in the form the caller works with, or raises a
ValueError that names the parameter, what was expected and what came.
Nothing here writes into an argument.
"""

import operator

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

__all__ = [
    "SUM_TOLERANCE",
    "SYMMETRY_TOLERANCE",
    "as_batch",
    "as_couplings",
    "as_nonnegative",
    "as_positive",
    "as_probabilities",
    "as_real_array",
    "as_recorded_spins",
    "as_size",
    "as_spins",
    "as_square_matrix",
    "as_symmetric_matrix",
    "check_rng",
    "frozen_copy",
    "refuse_masked",
]

#: A table of probabilities may miss the sum 1 by this much.
SUM_TOLERANCE = 1e-9

#: Opposite entries of a symmetric matrix may differ by this much of its largest entry.
SYMMETRY_TOLERANCE = 1e-12


def as_real_array(
    name: str, value: ArrayLike, *, ndim: int | None = None, finite: bool = True
) -> NDArray[np.float64]:
    """Return `value` as a non-empty float64 array (not copied when it is one)."""
    refuse_masked(name, value)
    try:
        array = np.asarray(value)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"{name}: expected a regular array of numbers, got {value!r}") from error
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name}: expected real numbers, got dtype {array.dtype}")
    if ndim is not None and array.ndim != ndim:
        wanted = f"{ndim} dimension(s)" if ndim else "one number"
        raise ValueError(f"{name}: expected {wanted}, got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name}: expected at least one number, got shape {array.shape}")
    array = array.astype(np.float64, copy=False)
    if finite and not np.isfinite(array).all():
        bad = array[~np.isfinite(array)][0]
        raise ValueError(f"{name}: expected finite numbers, got {bad}")
    return array


def refuse_masked(name: str, value: ArrayLike) -> None:
    """Raise if `value` is a masked array that masks anything: `numpy.asarray` drops the mask."""
    if np.ma.is_masked(value):
        count = np.ma.count_masked(value)
        raise ValueError(f"{name}: expected numbers, got an array with {count} of them masked")


def as_batch(name: str, value: ArrayLike, dimension: int | None = None) -> NDArray[np.float64]:
    """Return data as an array of shape (n, N); shape (n,) is read as N = 1.

    With `dimension` given, N must equal it.
    """
    array = as_real_array(name, value)
    wanted = "(n, N) or (n,)" if dimension is None else f"(n, {dimension})"
    if dimension == 1:
        wanted += " or (n,)"
    batch = array[:, np.newaxis] if array.ndim == 1 else array
    if batch.ndim != 2 or (dimension is not None and batch.shape[1] != dimension):
        raise ValueError(f"{name}: expected shape {wanted}, got {array.shape}")
    return batch


def as_square_matrix(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """Return `value` as a float64 matrix of shape (N, N), N >= 1."""
    matrix = as_real_array(name, value, ndim=2)
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{name}: expected a square matrix, got shape {matrix.shape}")
    return matrix


def as_symmetric_matrix(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """Return a matrix that is symmetric up to `SYMMETRY_TOLERANCE`, made exactly so."""
    matrix = as_square_matrix(name, value)
    asymmetry = np.abs(0.5 * matrix - 0.5 * matrix.T).max() * 2.0
    if asymmetry > SYMMETRY_TOLERANCE * np.abs(matrix).max():
        raise ValueError(
            f"{name}: expected a symmetric matrix, got one that differs from its transpose "
            f"by {asymmetry:.3g}; (S + S.T) / 2 is symmetric"
        )
    return 0.5 * matrix + 0.5 * matrix.T


def as_couplings(
    J: ArrayLike, h: ArrayLike, names: tuple[str, str] = ("J", "h")
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return couplings (N, N), symmetric with a zero diagonal, and fields (N,) of N units."""
    pair, single = names
    couplings = as_symmetric_matrix(pair, J)
    if np.diag(couplings).any():
        k = int(np.flatnonzero(np.diag(couplings))[0])
        raise ValueError(
            f"{pair}: expected a zero diagonal, got {pair}[{k}, {k}] = {couplings[k, k]:.6g}: "
            f"a unit is not coupled to itself; what it has of its own belongs in {single}"
        )
    fields = as_real_array(single, h, ndim=1)
    if len(fields) != len(couplings):
        raise ValueError(
            f"{single}: expected shape ({len(couplings)},) to go with {pair}, "
            f"got shape {fields.shape}"
        )
    return couplings, fields


def as_probabilities(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """Return a table of probabilities: non-negative, sum 1 up to `SUM_TOLERANCE`."""
    table = as_real_array(name, value)
    if (table < 0).any():
        raise ValueError(f"{name}: expected non-negative probabilities, got {table.min()}")
    total = table.sum()
    if abs(total - 1.0) > SUM_TOLERANCE:
        raise ValueError(f"{name}: expected probabilities that sum to 1, got sum {total}")
    return table


def as_rows_of_probabilities(
    name: str, value: ArrayLike, shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Return tables of probabilities, one distribution a sample: each row sums to 1."""
    r = as_real_array(name, value, ndim=2)
    if r.shape != shape:
        raise ValueError(f"{name}: expected shape {shape}, got {r.shape}")
    if (r < 0.0).any():
        raise ValueError(f"{name}: expected non-negative probabilities, got {r.min():.6g}")
    wrong = np.abs(r.sum(axis=1) - 1.0) > SUM_TOLERANCE
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"{name}: expected rows that sum to 1, got {r[row].sum():.12g} in row {row}"
        )
    return r


def as_positive(name: str, value: float) -> float:
    """Return a finite number that is larger than 0."""
    number = float(as_real_array(name, value, ndim=0))
    if number <= 0.0:
        raise ValueError(f"{name}: expected a positive number, got {number}")
    return number


def as_nonnegative(name: str, value: float) -> float:
    """Return a finite number that is 0 or larger."""
    number = float(as_real_array(name, value, ndim=0))
    if number < 0.0:
        raise ValueError(f"{name}: expected a number that is not negative, got {number}")
    return number


def as_size(name: str, value: int) -> int:
    """Return a positive integer."""
    try:
        size = operator.index(value)
    except TypeError as error:
        raise ValueError(f"{name}: expected a positive integer, got {value!r}") from error
    if size < 1:
        raise ValueError(f"{name}: expected a positive integer, got {size}")
    return size


def as_spins(x: ArrayLike, n_spins: int | None = None, name: str = "x") -> NDArray[np.float64]:
    """Return states of shape (n, N), each number -1 or 1."""
    x = as_batch(name, x, n_spins)
    wrong = np.abs(x) != 1.0
    if wrong.any():
        found = x[wrong][0]
        hint = f"; 2 * {name} - 1 turns 0 and 1 into spins" if np.isin(x, (0.0, 1.0)).all() else ""
        raise ValueError(f"{name}: expected spins, -1 or 1, got {found:g}{hint}")
    return x


def as_recorded_spins(x: ArrayLike, n_spins: int | None = None) -> NDArray[np.float64]:
    """Return data (n, N) of -1 and 1, with NaN where nothing was recorded."""
    recorded = as_real_array("x", x, finite=False)
    present = np.where(np.isnan(recorded), 1.0, recorded)
    spins = as_spins(present, n_spins)
    return np.where(np.isnan(recorded).reshape(spins.shape), np.nan, spins)


def check_rng(rng: np.random.Generator) -> np.random.Generator:
    """Return `rng` if it is a NumPy Generator."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(
            "rng: expected a numpy.random.Generator such as "
            f"np.random.default_rng(1), got {type(rng).__name__}"
        )
    return rng


def frozen_copy(array: ArrayLike, dtype: DTypeLike = np.float64) -> NDArray:
    """Return a C-ordered copy that cannot be written to."""
    copy = np.array(array, dtype=dtype, order="C")
    copy.flags.writeable = False
    return copy
