"""Exact sums over the states of one layer of a restricted Boltzmann machine, fast.

The units t of the other layer are summed in closed form, so a state s has the weight

    w(s) = exp(c.s) prod_t 2 cosh(a_t(s)),    a_t(s) = b_t + sum_j W_tj s_j.

Split s in two halves, s = (p, r). Then a_t(p, r) = P_t(p) + R_t(r), and for a few units at a time

    prod_t 2 cosh(P_t + R_t) = sum over signs e of exp(e.P) exp(e.R)

is one matrix product of a table over p with a table over r: the exponentials are 2**(m/2), not
2**m. All terms are positive, so no digits are lost.
"""

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special

from boltzlib.enumeration import float_states

Array = NDArray[np.float64]

_GROUP = 4  # units whose cosh are multiplied by one matrix product
_CHUNK = 2**15  # states that are held in memory at a time
_SAFE = 300.0  # exp(2 * _SAFE) is still a number


def log_2cosh(a: Array) -> Array:
    """Return ln(2 cosh a) for any size of a."""
    size = np.abs(a)
    return size + np.log1p(np.exp(-2.0 * size))


class LayerSum:
    """Sums over the m units s of one layer; the M units t of the other are summed in closed form.

    `W` has shape (M, m), `b` and `c` are the fields of t and of s.
    """

    def __init__(self, W: Array, b: Array, c: Array) -> None:
        W, b, c = (np.asarray(array, dtype=np.float64) for array in (W, b, c))
        self.units, first = len(W), W.shape[1] // 2
        self.rows = float_states(first)
        self.columns = float_states(W.shape[1] - first)
        self.row_inputs = self.rows @ W[:, :first].T + b
        self.column_inputs = self.columns @ W[:, first:].T
        self.row_fields = self.rows @ c[:first]
        self.column_fields = self.columns @ c[first:]
        self.bounds = np.abs(b) + np.abs(W).sum(axis=1)  # the largest |a_t|

    def parts(self) -> Iterator[slice]:
        """Rows of the table of states, a chunk at a time."""
        height = max(1, _CHUNK // len(self.columns))
        for start in range(0, len(self.rows), height):
            yield slice(start, start + height)

    def log_weights(self) -> Iterator[tuple[slice, Array]]:
        """Yield each chunk with ln w of its states: one row for each p, one column for each r."""
        safe = np.flatnonzero(self.bounds <= _SAFE)
        groups = _groups(safe, self.bounds)
        ceilings = self.bounds + np.log(2.0)  # ln(2 cosh a) <= |a| + ln 2
        tables = [(ceilings[group].sum(), *self._tables(group)) for group in groups]
        large = np.flatnonzero(self.bounds > _SAFE)
        for part in self.parts():
            total = self.row_fields[part, np.newaxis] + self.column_fields
            product, size = np.ones_like(total), 0.0
            for ceiling, by_row, by_column in tables:
                if size + ceiling > 2.0 * _SAFE:
                    total += np.log(product)
                    product, size = np.ones_like(total), 0.0
                product *= by_row[part] @ by_column.T
                size += ceiling
            total += np.log(product)
            for t in large:
                total += log_2cosh(self._inputs(part, t))
            yield part, total

    def log_partition(self) -> float:
        """Log of the sum of all weights."""
        sums = [special.logsumexp(log_weights) for _, log_weights in self.log_weights()]
        return float(special.logsumexp(sums))

    def moments(self) -> tuple[float, Array, Array, Array]:
        """Return ln Z and the means of t s^T (M, m), t (M,) and s (m,)."""
        first, second = self.rows.shape[1], self.columns.shape[1]
        ones = np.ones((len(self.columns), 1))
        extended = np.hstack([self.columns, ones])  # sums over r of r and of 1, by one product
        peak, whole = -np.inf, np.zeros(first + second + 1)
        minus = np.zeros((self.units, first + second + 1))  # the part of w with t = -1
        for part, log_weights in self.log_weights():
            raised = max(peak, float(log_weights.max()))
            fade = np.exp(peak - raised)
            whole *= fade
            minus *= fade
            peak = raised
            weights = np.exp(log_weights - peak)
            rows = self.rows[part]
            whole += _sums(rows, weights @ extended)
            for t in range(self.units):
                minus[t] += _sums(rows, (weights * self._minus_prob(part, t)) @ extended)
        t_sums = whole - 2.0 * minus  # E[t ...] = E[...] - 2 E[(t = -1) ...]
        total = whole[-1]
        pairs, t_mean, s_mean = t_sums[:, :-1] / total, t_sums[:, -1] / total, whole[:-1] / total
        return peak + float(np.log(total)), pairs, t_mean, s_mean

    def sample(self, size: int, rng: np.random.Generator) -> Array:
        """Draw states s, in random order, shape (size, m)."""
        masses = np.array([special.logsumexp(weights) for _, weights in self.log_weights()])
        shares = np.exp(masses - masses.max())
        counts = rng.multinomial(size, shares / shares.sum())
        drawn = []
        for count, (part, log_weights) in zip(counts, self.log_weights(), strict=True):
            if count:
                table = np.exp(log_weights.ravel() - log_weights.max())
                chosen = rng.choice(table.size, size=count, p=table / table.sum())
                row, column = np.divmod(chosen, len(self.columns))
                drawn.append(np.hstack([self.rows[part][row], self.columns[column]]))
        return rng.permutation(np.concatenate(drawn), axis=0)

    def _inputs(self, part: slice, t: int) -> Array:
        return np.add.outer(self.row_inputs[part, t], self.column_inputs[:, t])

    def _minus_prob(self, part: slice, t: int) -> Array:
        """Probability of t = -1 given a state: 1 / (1 + exp(2 a))."""
        if self.bounds[t] > _SAFE:
            return special.expit(-2.0 * self._inputs(part, t))
        by_row, by_column = np.exp(2.0 * self.row_inputs[part, t]), self._grown[:, t]
        table = np.multiply.outer(by_row, by_column)
        table += 1.0
        return np.reciprocal(table, out=table)

    @cached_property
    def _grown(self) -> Array:
        """exp(2 R)."""
        with np.errstate(over="ignore"):  # only columns of safe units are used
            return np.exp(2.0 * self.column_inputs)

    def _tables(self, group: NDArray[np.int64]) -> tuple[Array, Array]:
        """exp(e.P) and exp(e.R) for all signs e."""
        signs = float_states(len(group)).T
        by_row = np.exp(self.row_inputs[:, group] @ signs)
        return by_row, np.exp(self.column_inputs[:, group] @ signs)


def _sums(rows: Array, by_row: Array) -> Array:
    """Sums of p, r and 1, from the sums over r of r and 1 in each row."""
    return np.concatenate([by_row[:, -1] @ rows, by_row.sum(axis=0)])


def _groups(units: NDArray[np.int64], bounds: Array) -> list[NDArray[np.int64]]:
    """Cut the units in groups of at most `_GROUP` whose bounds add up to at most `_SAFE`."""
    groups: list[list[int]] = []
    size = np.inf
    for t in units:
        if size + bounds[t] > _SAFE or len(groups[-1]) == _GROUP:
            groups.append([])
            size = 0.0
        groups[-1].append(int(t))
        size += bounds[t]
    return [np.array(group) for group in groups]
