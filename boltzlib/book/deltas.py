"""Sums in which a Kronecker delta keeps one term.

The derivative of a sum by one of its symbols is such a sum: of ∂/∂h_r Σ_k h_k s_k the delta
δ_kr leaves s_r. SymPy's own `deltasummation` asks for every delta whether r lies within the
range of k, or with ``no_piecewise=True`` never; and it is told one sum at a time.
"""

from __future__ import annotations

from sympy import Add, Expr, KroneckerDelta, Mul, S, Sum


def sum_deltas(formula: Expr) -> Expr:
    """Do every sum over a Kronecker delta of its index, wherever it stands in a formula.

    It assumes that **the index that a delta picks lies within the range of the sum**: of
    the sum over k from 1 to N of δ_kr f_k it makes f_r, which holds for 1 ≤ r ≤ N. Sums
    without such a delta, and deltas of other indices, stay as they are.

    Parameters
    ----------
    formula : sympy expression
        With sums (``Sum``) over integer indices.

    Returns
    -------
    sympy expression

    Raises
    ------
    ValueError
        When a delta of a summation index is not a factor of its term (as in e^δ), when it
        does not say what the index is (as δ_{2k, r}), or when the picked index could not be
        within the range for all terms that are left.

    Examples
    --------
    >>> from sympy import IndexedBase, Sum, symbols
    >>> k, r, N = symbols("k r N", integer=True, positive=True)
    >>> h, s = IndexedBase("h"), IndexedBase("s")
    >>> slope = Sum(h[k] * s[k], (k, 1, N)).diff(h[r])
    >>> slope
    Sum(KroneckerDelta(k, r)*s[k], (k, 1, N))
    >>> sum_deltas(slope)
    s[r]
    """
    return formula.replace(lambda part: isinstance(part, Sum), _sum_terms)  # from the inside out


def _sum_terms(total: Sum) -> Expr:
    """Do one sum, term by term."""
    if not _has_delta_of(total.function, total.variables):
        return total
    terms = _terms(total.function, total.variables)
    left = [term for term in terms if not _has_delta_of(term, total.variables)]
    done = [_pick(term, total) for term in terms if _has_delta_of(term, total.variables)]
    return Add(*done, Sum(Add(*left), *total.limits) if left else S.Zero)


def _has_delta_of(formula, indices) -> bool:
    return any(delta.has(*indices) for delta in formula.atoms(KroneckerDelta))


def _terms(formula, indices) -> list[Expr]:
    """Multiply out as far as is needed to have each delta of an index as a factor."""
    if formula.is_Add:
        return [term for part in formula.args for term in _terms(part, indices)]
    if formula.is_Mul:
        for factor in formula.args:
            if factor.is_Add and _has_delta_of(factor, indices):
                rest = Mul(*(other for other in formula.args if other is not factor))
                return [term for part in factor.args for term in _terms(rest * part, indices)]
    return [formula]


def _pick(term, total: Sum) -> Expr:
    """Replace each index that a delta of the term names; sum over those that are left."""
    indices, values = list(total.variables), {}
    while found := _next(term, indices):
        delta, index, value = found
        if value.is_integer is not True:
            raise ValueError(f"formula: expected an integer beside {index}; got {delta}")
        rest = Mul(*(factor for factor in Mul.make_args(term) if factor is not delta))
        if any(limit[0] in value.free_symbols for s in rest.atoms(Sum) for limit in s.limits):
            raise ValueError(f"formula: expected another name than {value} for an inner index")
        term = rest.subs(index, value)
        indices.remove(index)
        values = {old: new.subs(index, value) for old, new in values.items()} | {index: value}
    if _has_delta_of(term, indices):
        raise ValueError(
            "formula: expected each delta as a factor of its term, with an index of the sum alone "
            f"on one side; got {term} in the sum over {', '.join(map(str, indices))}"
        )
    limits = {index: tuple(bounds) for index, *bounds in total.limits}
    ranges = {i: tuple(b.subs(values) for b in bounds) for i, bounds in limits.items()}
    for index, value in values.items():
        if len(ranges[index]) != 2:
            raise ValueError(f"formula: expected a range for {index}; got a sum without one")
        lower, upper = ranges[index]
        if (value - lower).is_negative or (upper - value).is_negative:
            return S.Zero
        same = value in indices and ranges[value] == ranges[index]
        if not same and any(bound.has(*indices) for bound in (value, lower, upper) if indices):
            raise ValueError(
                f"formula: expected {value} within the range of {index} for all terms that are "
                f"left; got a sum over {index} from {lower} to {upper}"
            )
    return Sum(term, *((index, *ranges[index]) for index in indices)) if indices else term


def _next(term, indices):
    """Find a factor δ of the term that says what one of the indices is."""
    for factor in Mul.make_args(term):
        if isinstance(factor, KroneckerDelta):
            one, other = factor.args[:2]
            for index, value in ((one, other), (other, one)):
                if index in indices and not value.has(index):
                    return factor, index, value
    return None


__all__ = ["sum_deltas"]
