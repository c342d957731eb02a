"""The book's shared symbols, with the assumptions that make SymPy's algebra valid.

One meaning for each letter, in all chapters:

=========  ======================================================================
``n``      number of samples
``N``      dimension of a data point, or number of spins
``K``      number of states of a discrete variable, or of components of a mixture
``i``      a sample, 1 … n; ``j`` another index
``k l``    a state or a component
``x``      data: ``x[i]`` is a real number (one dimension)
``X``      data: ``X[i]`` is a vector of length N
``p q``    probabilities of the states: ``p[k]``, ``q[k]``
``mu``     mean; ``v`` is the variance σ² (a symbol of its own)
``m``      mean vector μ; ``Sigma`` covariance; ``Lam`` = Σ⁻¹ the precision
``C``      weights of a mixture: ``C[k]``
``mus``    mean vectors of its components: ``mus[k]``; ``Sigmas`` covariances: ``Sigmas[k]``
``gamma``  responsibilities: ``gamma[i, k]`` of component k for sample i
``lam``    Lagrange multiplier λ
``A``      a square matrix; ``t`` a variable of integration, a real number
=========  ======================================================================
"""

from __future__ import annotations

import sympy as sp

from boltzlib.book.samples import Samples

n, N, K = sp.symbols("n N K", integer=True, positive=True)
i, j, k, l = sp.symbols("i j k l", integer=True, positive=True)  # noqa: E741
x = sp.IndexedBase("x", real=True)
p, q = sp.IndexedBase("p", positive=True), sp.IndexedBase("q", positive=True)
mu = sp.Symbol("mu", real=True)
v = sp.Symbol(r"\sigma^2", positive=True)
t = sp.Symbol("t", real=True)

X = Samples("x", N)
m = sp.MatrixSymbol("mu", N, 1)
Sigma = sp.MatrixSymbol("Sigma", N, N)
Lam = sp.MatrixSymbol("Lambda", N, N)
A = sp.MatrixSymbol("A", N, N)

C = sp.IndexedBase("C", positive=True)
gamma = sp.IndexedBase("gamma", positive=True)
mus = Samples("mu", N)
Sigmas = Samples("Sigma", N, N)
lam = sp.Symbol("lambda", real=True)

# fmt: off
__all__ = [
    "A", "C", "K", "Lam", "N", "Sigma", "Sigmas", "X", "gamma", "i", "j", "k", "l", "lam", "m",
    "mu", "mus", "n", "p", "q", "t", "v", "x",
]
# fmt: on
