"""What the library promises from the outside: names, imports, docstrings, manners."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import boltzlib
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

PUBLIC = {
    "boltzlib": {
        "RBM", "BernoulliMixture", "Empirical", "Gaussian", "GaussianMixture", "Ising",
        "bernoulli_mixture", "descent", "divergence", "empirical", "enumeration", "gaussian",
        "ising", "latent", "lattices", "matrix_calculus", "mixture", "rbm", "rbm_chain",
        "rbm_exact_learning", "rbm_stochastic_learning",
    },
    "boltzlib.bernoulli_mixture": {"BernoulliMixture"},
    "boltzlib.descent": {
        "ConvergenceWarning", "Fit", "History", "QuadraticSurrogate", "gradient_descent", "newton",
    },
    "boltzlib.divergence": {
        "average_log_likelihood", "average_negative_log_likelihood", "cross_entropy", "entropy",
        "kl_divergence", "log_likelihood", "total_variation",
    },
    "boltzlib.empirical": {"Empirical", "kolmogorov_distance"},
    "boltzlib.enumeration": {
        "MAX_ENUMERATED", "MAX_MARGINAL", "MAX_SPINS", "MAX_SUMMED", "IsingMoments", "boltzmann",
        "ising_chunks", "ising_expectation", "ising_log_partition", "ising_marginal",
        "ising_moments", "log_partition", "spin_states",
    },
    "boltzlib.gaussian": {"Gaussian"},
    "boltzlib.ising": {
        "MAX_RECESSION", "Ising", "lipschitz_constant", "recession_direction", "statistics",
    },
    "boltzlib.latent": {
        "Ascent", "LatentModel", "ascend", "em", "evidence", "gap", "lower_bound", "posterior",
        "q_function",
    },
    "boltzlib.lattices": {
        "CRITICAL_COUPLING", "chain", "chain_log_partition", "onsager_energy_per_site",
        "onsager_log_partition_per_site", "square_lattice", "torus_log_partition",
        "yang_magnetisation",
    },
    "boltzlib.matrix_calculus": {
        "adjugate", "cofactor_expansion", "cofactor_matrix", "complex_step_gradient",
        "finite_difference_gradient", "grad_det", "grad_inverse_quadratic_form", "grad_log_det",
        "grad_log_det_inverse", "grad_quadratic_form_matrix", "grad_quadratic_form_vector",
        "independent_gradient", "minor", "symmetric_gradient",
    },
    "boltzlib.mixture": {
        "DegenerateComponent", "GaussianMixture", "SufficientStatistics", "e_step", "fit_em",
        "kmeans_plus_plus_start", "m_step", "random_start",
    },
    "boltzlib.rbm": {"MAX_EXACT", "MAX_TABLE", "RBM", "Gradient", "Moments"},
    "boltzlib.rbm_chain": {"MAX_CHAIN", "expected_contrastive_divergence", "transition_matrix"},
    "boltzlib.rbm_exact_learning": {"Climb", "fit_em", "m_step", "maximise_likelihood"},
    "boltzlib.rbm_stochastic_learning": {
        "METHODS", "MONITORED_EXACTLY", "SCHEDULES", "Settings", "Training", "TrainingState",
        "centred_gradient", "fit_rbm", "resume",
    },
}  # fmt: skip

MEMBERS = {
    bernoulli_mixture.BernoulliMixture: {
        "dimension", "distance", "fit", "joint_log_prob", "log_likelihood", "log_prior",
        "log_prob", "maximised", "n_components", "probabilities", "responsibilities", "sample",
        "sample_joint", "twins", "weights",
    },
    empirical.Empirical: {
        "cdf", "dimension", "expectation", "n", "prob", "sample", "samples", "support", "weights",
    },
    gaussian.Gaussian: {
        "covariance", "dimension", "energy", "entropy", "fit", "kl_divergence", "log_partition",
        "log_prob", "mahalanobis_squared", "mean", "sample", "score",
    },
    ising.Ising: {
        "J", "energy", "expectation", "fit", "from_binary", "from_parameters", "h",
        "log_likelihood", "log_likelihood_gradient", "log_likelihood_hessian", "log_partition",
        "log_prob", "marginal", "moments", "n_spins", "parameters", "sample", "to_binary",
    },
    mixture.GaussianMixture: {
        "aic", "bic", "covariances", "dimension", "distance", "fit", "joint_log_prob",
        "log_likelihood", "log_prob", "maximised", "means", "n_components", "n_parameters",
        "responsibilities", "sample", "sample_joint", "score", "twins", "weights",
    },
    mixture.SufficientStatistics: {
        "about", "counts", "empty", "first", "log_likelihood", "n", "reference", "rounding",
        "second",
    },
    rbm.RBM: {
        "W", "b", "c", "complete", "completion_mean", "distance", "dtype", "energy",
        "expected_log_joint", "free_energy", "from_binary", "from_parameters", "hidden_mean",
        "joint_log_prob", "load", "log_likelihood", "log_likelihood_gradient", "log_partition",
        "log_prob", "log_prob_given_hidden", "log_prob_given_visible", "log_prob_hidden",
        "log_prob_joint", "n_hidden", "n_visible", "negative_phase", "parameters",
        "positive_phase", "pseudo_log_likelihood", "random", "reconstruct", "relabelled",
        "sample", "sample_exact", "sample_hidden", "sample_visible", "save", "to_binary",
        "to_ising", "to_mixture", "twins", "visible_mean",
    },
    rbm_stochastic_learning.TrainingState: {
        "chains", "epoch", "generator", "hidden_offset", "load", "model", "save", "settings",
    },
    descent.QuadraticSurrogate: {"centre", "gradient", "minimiser", "minimum", "step", "value"},
}  # fmt: skip

MODULES = [
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
]


# What functions hand back: there is no input to check and no formula to show.
RESULTS = [
    descent.ConvergenceWarning,
    descent.Fit,
    descent.History,
    enumeration.IsingMoments,
    latent.Ascent,
    latent.LatentModel,
    mixture.DegenerateComponent,
    mixture.SufficientStatistics,
    rbm.Gradient,
    rbm.Moments,
    rbm_exact_learning.Climb,
    rbm_stochastic_learning.Settings,
    rbm_stochastic_learning.Training,
    rbm_stochastic_learning.TrainingState,
]


# What only moves numbers to and from a file: there is no formula to show.
FILES = [
    rbm.RBM.load,
    rbm.RBM.save,
    rbm_stochastic_learning.TrainingState.load,
    rbm_stochastic_learning.TrainingState.save,
]


def documented():
    """Return every public class, function and method with its dotted name."""
    found = {}
    for module in MODULES:
        for name in module.__all__:
            thing = getattr(module, name)
            if callable(thing) and thing not in RESULTS:
                found[f"{module.__name__}.{name}"] = thing
    for owner, names in MEMBERS.items():
        for name in names:
            if inspect.isfunction(thing := getattr(owner, name, None)) or inspect.ismethod(thing):
                found[f"{owner.__module__}.{owner.__name__}.{name}"] = thing
    return found


DOCUMENTED = documented()


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names(module):
    """A change here is a change for users: write it in the changelog."""
    assert set(importlib.import_module(module).__all__) == PUBLIC[module]


@pytest.mark.parametrize("owner", MEMBERS, ids=lambda owner: owner.__name__)
def test_public_members(owner):
    names = {name for name in (*dir(owner), *owner.__annotations__) if not name.startswith("_")}
    assert names == MEMBERS[owner]


def run_python(code):
    """Run code in a fresh interpreter, in the root of the repository; return what it prints."""
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True
    )
    return done.stdout.strip()


def test_importing_needs_numpy_and_scipy_only():
    code = (
        "import sys; import boltzlib;"
        "print(sorted({'sympy', 'matplotlib', 'mpmath', 'IPython', 'pandas'} & set(sys.modules)))"
    )
    assert run_python(code) == "[]"


def test_the_oracles_share_nothing_with_the_library():
    tree = ast.parse((Path(__file__).parent / "oracles.py").read_text(encoding="utf-8"))
    imported = {
        alias.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported == {"itertools", "fractions", "mpmath"}


def test_the_package_is_typed():
    assert (Path(boltzlib.__file__).parent / "py.typed").exists()
    for name, thing in DOCUMENTED.items():
        if inspect.isfunction(thing):
            parameters = [p for p in inspect.signature(thing).parameters if p != "self"]
            assert {*parameters, "return"} <= set(thing.__annotations__), name


@pytest.mark.parametrize("name", DOCUMENTED)
def test_docstrings_have_every_part(name):
    doc = inspect.getdoc(DOCUMENTED[name])
    first, _, rest = doc.partition("\n")
    assert first.endswith(".")
    assert not rest or rest.startswith("\n"), "the first paragraph is one line"
    assert ".. math::" in doc or DOCUMENTED[name] in FILES, "a displayed formula"
    assert re.search(r"Eq\. \(\d+\.\d+[a-z]?\)", doc), "an equation number"
    assert re.search(r"[Ss]ource: ", doc), "a source"
    assert ">>> " in doc, "an example"
    signature = inspect.signature(DOCUMENTED[name])
    if [p for p in signature.parameters if p != "self"]:
        assert "Parameters\n----------" in doc
        assert "Raises\n------\nValueError" in doc or name.endswith(".save")
        for parameter in signature.parameters:
            assert parameter == "self" or re.search(rf"^.*\b{parameter}\b", doc, re.MULTILINE)


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: result.__name__)
def test_results_are_described(result):
    assert inspect.getdoc(result).partition("\n")[0].endswith(".")


@pytest.mark.parametrize(
    "name", [n for n in DOCUMENTED if "rng" in inspect.signature(DOCUMENTED[n]).parameters]
)
def test_randomness_is_asked_for_by_name(name):
    rng = inspect.signature(DOCUMENTED[name]).parameters["rng"]
    assert rng.kind is inspect.Parameter.KEYWORD_ONLY
    assert rng.default is inspect.Parameter.empty


def test_arguments_are_never_changed():
    def locked(array):
        array = np.array(array, dtype=float)
        array.flags.writeable = False
        return array

    p, q = locked([0.25, 0.75]), locked([0.5, 0.5])
    x, a = locked([[1.0, 2.0], [2.0, 1.0], [0.0, 0.5]]), locked([[2.0, 1.0], [1.0, 3.0]])
    line, v = locked([-0.0, 1.0]), locked([1.0, 2.0])
    for function in (
        divergence.kl_divergence,
        divergence.cross_entropy,
        divergence.total_variation,
    ):
        function(p, q)
    divergence.entropy(p)
    model = gaussian.Gaussian.fit(x)
    for method in (model.log_prob, model.energy, model.score, model.mahalanobis_squared):
        method(x)
    gaussian.Gaussian(v, a).kl_divergence(model)
    data = empirical.Empirical(line)
    data.prob(line)
    data.cdf(line)
    empirical.kolmogorov_distance(line, data.cdf)
    enumeration.boltzmann(x)
    enumeration.log_partition(x)
    for name in matrix_calculus.__all__:
        function = getattr(matrix_calculus, name)
        arguments = list(inspect.signature(function).parameters)
        if arguments[0] in ("A", "G", "H", "covariance"):
            rest = {"x": v, "i": 0, "j": 1, "column": 0}
            function(a, *[rest[r] for r in arguments[1:]])
    matrix_calculus.grad_quadratic_form_matrix(v)
    assert np.signbit(line[0])  # -0.0 was read as 0.0, in a copy
