"""boltzlib: the models of *Understanding Diffusion Models*, tied to its equations.

The library needs NumPy and SciPy only. Every public function names, in its
docstring, the numbered equation of the book that it computes.

>>> import boltzlib
>>> model = boltzlib.Gaussian(mean=0.0, covariance=1.0)
>>> model.log_prob([0.0]).round(6)
array([-0.918939])
"""

from boltzlib import (
    bernoulli_mixture,
    descent,
    divergence,
    empirical,
    enumeration,
    gaussian,
    ising,
    latent,
    lattices,
    matrix_calculus,
    mixture,
    rbm,
    rbm_chain,
    rbm_exact_learning,
    rbm_stochastic_learning,
)
from boltzlib.bernoulli_mixture import BernoulliMixture
from boltzlib.empirical import Empirical
from boltzlib.gaussian import Gaussian
from boltzlib.ising import Ising
from boltzlib.mixture import GaussianMixture
from boltzlib.rbm import RBM

__version__ = "0.1.0"

__all__ = [
    "RBM",
    "BernoulliMixture",
    "Empirical",
    "Gaussian",
    "GaussianMixture",
    "Ising",
    "bernoulli_mixture",
    "descent",
    "divergence",
    "empirical",
    "enumeration",
    "gaussian",
    "ising",
    "latent",
    "lattices",
    "matrix_calculus",
    "mixture",
    "rbm",
    "rbm_chain",
    "rbm_exact_learning",
    "rbm_stochastic_learning",
]
