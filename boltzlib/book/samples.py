"""Vector samples and sums of matrices, for symbolic n and N.

SymPy has indexed *scalars* (``IndexedBase``) but neither an indexed family of vectors
nor a symbolic sum of matrices.  The book needs both: every learning rule for N-dimensional
data is a sum over samples of vectors or of outer products.

>>> from sympy import MatrixSymbol, Trace, symbols
>>> n, N = symbols("n N", integer=True, positive=True)
>>> i = symbols("i", integer=True, positive=True)
>>> x, mu, A = Samples("x", N), MatrixSymbol("mu", N, 1), MatrixSymbol("A", N, N)
>>> x[i]
x_i
>>> total = MatrixSum(A * (x[i] - mu), (i, 1, n))
>>> total.split()
(-n)*A*mu + A*MatrixSum(x_i, (i, 1, n))
"""

from __future__ import annotations

from sympy import Basic, MatAdd, MatMul, MatrixExpr, MatrixSymbol, Mul, Sum, Tuple, sympify
from sympy.core.symbol import Str


class Samples:
    """A family of column vectors x_1, …, x_n of length N; ``x[i]`` is one of them.

    With `columns` it is a family of matrices, as the covariances Σ_1, …, Σ_K.

    A claim's case gives its value as an array of shape (n, N) or (n, N, columns).
    """

    def __init__(self, name: str, length, columns=1):
        self.name = name
        self.length = sympify(length)
        self.columns = sympify(columns)

    def __getitem__(self, index) -> Sample:
        return Sample(self.name, self.length, self.columns, index)

    def __repr__(self) -> str:
        return self.name

    def _key(self) -> tuple:
        return (self.name, self.length, self.columns)

    def __eq__(self, other) -> bool:
        return isinstance(other, Samples) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())


class Sample(MatrixSymbol):
    """One of a family, x_i or Σ_k: a matrix symbol that knows it depends on the index."""

    def __new__(cls, name, rows, columns, index):
        name = name if isinstance(name, Str) else Str(str(name))
        return Basic.__new__(cls, name, sympify(rows), sympify(columns), sympify(index))

    @property
    def index(self):
        return self.args[3]

    @property
    def family(self) -> Samples:
        return Samples(self.args[0].name, self.args[1], self.args[2])

    @property
    def name(self) -> str:
        return f"{self.args[0].name}_{self.index}"

    @property
    def free_symbols(self):
        return {self} | self.shape[0].free_symbols | self.index.free_symbols

    def _sympystr(self, printer) -> str:
        return self.name

    def _latex(self, printer, *args) -> str:
        return f"{printer._deal_with_super_sub(self.args[0].name)}_{{{printer._print(self.index)}}}"


class MatrixSum(MatrixExpr):
    """A sum of matrices over a symbolic range, ``MatrixSum(body, (i, 1, n))``."""

    def __new__(cls, body, limits):
        index, lower, upper = map(sympify, limits)
        if not getattr(body, "is_Matrix", False):
            raise ValueError(f"body: expected a matrix, got {body}; sum numbers with Sum")
        return Basic.__new__(cls, body, Tuple(index, lower, upper))

    @property
    def body(self):
        return self.args[0]

    @property
    def limits(self):
        return tuple(self.args[1])

    @property
    def shape(self):
        return self.body.shape

    @property
    def free_symbols(self):
        index, lower, upper = self.limits
        return (self.body.free_symbols - {index}) | lower.free_symbols | upper.free_symbols

    def split(self):
        """Use linearity: one sum a term, factors that do not depend on the index in front."""
        index, lower, upper = self.limits
        body = self.body.expand().doit()
        terms = body.args if isinstance(body, MatAdd) else (body,)
        parts = [_pull_out(term, index, lower, upper) for term in terms]
        return MatAdd(*parts).doit() if len(parts) > 1 else parts[0]

    def diff(self, *variables):
        """The derivative of a sum is the sum of the derivatives."""
        return MatrixSum(self.body.diff(*variables), self.limits)

    def doit(self, **hints):
        return self

    def _entry(self, i, j, **kwargs):
        return Sum(self.body[i, j], self.limits)

    def _eval_transpose(self):
        return MatrixSum(self.body.T.doit(), self.limits)

    def _sympystr(self, printer) -> str:
        return f"MatrixSum({printer._print(self.body)}, {printer._print(tuple(self.limits))})"

    def _latex(self, printer, *args) -> str:
        index, lower, upper = map(printer._print, self.limits)
        body = printer._print(self.body)
        if isinstance(self.body, MatAdd) or body.startswith("-"):
            body = rf"\left({body}\right)"
        return rf"\sum_{{{index}={lower}}}^{{{upper}}} {body}"


def _pull_out(term, index, lower, upper):
    factors = term.args if isinstance(term, MatMul) else (term,)
    numbers = [f for f in factors if not f.is_Matrix]
    scalars = [f for number in numbers for f in Mul.make_args(number)]
    matrices = [f for f in factors if f.is_Matrix]
    front = [f for f in scalars if index not in f.free_symbols]
    inside = [f for f in scalars if index in f.free_symbols]
    left, right = [], []
    while matrices and index not in matrices[0].free_symbols:
        left.append(matrices.pop(0))
    while matrices and index not in matrices[-1].free_symbols:
        right.insert(0, matrices.pop())
    if not matrices:  # the matrices do not depend on the index
        count = Sum(Mul(*inside), (index, lower, upper)) if inside else upper - lower + 1
        return MatMul(Mul(*front, count), *left, *right).doit()
    body = MatMul(*inside, *matrices).doit() if len(inside) + len(matrices) > 1 else matrices[0]
    return MatMul(*front, *left, MatrixSum(body, (index, lower, upper)), *right).doit()


__all__ = ["MatrixSum", "Sample", "Samples"]
