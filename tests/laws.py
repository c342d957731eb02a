"""The battery: what must hold for every distribution in `cases.py`.

Each law takes a case and raises AssertionError. The statistical laws state how often
they fail when all is well (`FALSE_ALARM`) and how large an error they cannot miss; the
number of samples follows from the two, so that any seed will do.
"""

import numpy as np

#: Probability that a statistical law fails although the sampler is right.
FALSE_ALARM = 1e-9

#: A sampler at this Kolmogorov distance from the truth is missed as rarely as that.
EFFECT = 0.02


def bound_and_size(effect=EFFECT, false_alarm=FALSE_ALARM):
    """Return the allowed Kolmogorov distance and the number of samples.

    By Dvoretzky, Kiefer, Wolfowitz and Massart P(distance > b) <= 2 exp(-2 n b^2) for
    samples of the right law. Samples of a law at distance `effect` = 2 b then come within
    b of the right one with no larger probability.
    """
    bound = effect / 2.0
    return bound, int(np.ceil(np.log(2.0 / false_alarm) / (2.0 * bound**2)))


def grid(case):
    """Return the points of a fine grid over the box, and the volume of a cell."""
    # the step is a power of two and the points are multiples of it: nothing is rounded
    axes = [
        case.step * np.arange(np.floor(low / case.step), np.ceil(high / case.step))
        for low, high in zip(*case.box, strict=True)
    ]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, case.dimension)
    return points, case.step**case.dimension


def some_points(case, n=7):
    """Return points inside the middle of the box, spread without a pattern."""
    low, high = case.box
    fractions = np.random.default_rng(0).uniform(0.3, 0.7, size=(n, case.dimension))
    return low + fractions * (high - low)


def normalised(case):
    """The density integrates to 1."""
    points, cell = grid(case)
    np.testing.assert_allclose(np.exp(case.model.log_prob(points)).sum() * cell, 1.0, rtol=1e-13)


def entropy_is_an_integral(case):
    """The entropy is the integral of -q ln q."""
    points, cell = grid(case)
    log_q = case.model.log_prob(points)
    entropy = -(np.exp(log_q) * log_q).sum() * cell
    np.testing.assert_allclose(entropy, case.model.entropy(), rtol=1e-12)


def energy_and_normaliser(case):
    """Log density = -energy - log normaliser, and the energy is 0 at its least."""
    x = some_points(case)
    expected = -case.model.energy(x) - case.model.log_partition()
    np.testing.assert_allclose(case.model.log_prob(x), expected, rtol=1e-15)
    assert (case.model.energy(x) >= 0).all()


def score_is_gradient(case):
    """The score is the gradient of log_prob, by differences of fourth order."""
    x = some_points(case)
    score = case.model.score(x)
    assert score.shape == x.shape
    for k in range(case.dimension):
        h = np.zeros(case.dimension)
        h[k] = case.step / 1024.0  # a power of two: x + h is not rounded
        slope = [
            (case.model.log_prob(x + m * h) - case.model.log_prob(x - m * h)) / (2 * m * h[k])
            for m in (1, 2)
        ]
        expected = (4.0 * slope[0] - slope[1]) / 3.0
        np.testing.assert_allclose(score[:, k], expected, atol=1e-9 * np.abs(score).max())


def rows_are_independent(case):
    """Each row gets what it gets alone; the arguments are left as they were."""
    x = some_points(case)
    before = x.copy()
    x.flags.writeable = False
    names = ("log_prob", "energy", "score", "joint_log_prob", "responsibilities")
    for method in (getattr(case.model, name) for name in names if hasattr(case.model, name)):
        together = method(x)
        alone = np.concatenate([method(row[np.newaxis]) for row in x])
        np.testing.assert_allclose(together, alone, rtol=1e-13, atol=1e-300)
        assert len(together) == len(x)
    np.testing.assert_array_equal(x, before)


def samples_follow_cdf(case):
    """Samples, projected on each direction, have the stated distribution function."""
    bound, n = bound_and_size(false_alarm=FALSE_ALARM / len(case.projections))
    x = case.model.sample(n, rng=np.random.default_rng(20240229))
    assert x.shape == (n, case.dimension)
    i = np.arange(n + 1)
    for direction, cdf in case.projections.values():
        values = cdf(np.sort(x @ direction))
        distance = max((i[1:] / n - values).max(), (values - i[:-1] / n).max())
        assert distance < bound, f"{case.name}: distance {distance} in direction {direction}"


def samples_are_independent(case):
    """Neighbouring samples are uncorrelated: the bound is Hoeffding's, for signs."""
    n = bound_and_size()[1]
    direction, cdf = case.projections["0"]
    above = cdf(case.model.sample(2 * n, rng=np.random.default_rng(7)) @ direction) > 0.5
    agreement = np.mean(above[0::2] == above[1::2])
    assert abs(agreement - 0.5) < np.sqrt(np.log(2.0 / FALSE_ALARM) / (2 * n))


def sampling_is_reproducible(case):
    """The generator, and nothing else, decides what is drawn."""
    first = case.model.sample(5, rng=np.random.default_rng(3))
    np.testing.assert_array_equal(first, case.model.sample(5, rng=np.random.default_rng(3)))
    assert not np.array_equal(first, case.model.sample(5, rng=np.random.default_rng(4)))


def fit_recovers(case):
    """A fit to samples finds the parameters again, within their sampling law."""
    n = 20_000
    x = case.model.sample(n, rng=np.random.default_rng(11))
    assert case.refits(case.fit(x), n, FALSE_ALARM)


LAWS = [
    normalised,
    entropy_is_an_integral,
    energy_and_normaliser,
    score_is_gradient,
    rows_are_independent,
    samples_follow_cdf,
    samples_are_independent,
    sampling_is_reproducible,
    fit_recovers,
]

#: What a law asks of a model beyond log_prob, score and sample.
ASKS = {entropy_is_an_integral: "entropy", energy_and_normaliser: "log_partition"}


def laws_of(cases):
    """Return each case with each law that its model can be asked about."""
    return [
        (case, law)
        for case in cases
        for law in LAWS
        if law not in ASKS or hasattr(case.model, ASKS[law])
    ]


def name_of(parameter):
    """Name a case or a law."""
    return getattr(parameter, "name", None) or parameter.__name__


def frequencies_follow(x, probabilities, false_alarm=FALSE_ALARM):
    """Rows of spins have the given probabilities, listed in the order of all states.

    Chi-square; the rarest states count as one, of an expected number of 5 or more. A state of
    probability below 1e-20 must not occur at all.
    """
    from scipy.stats import chi2

    n, n_spins = x.shape
    assert (np.abs(x) == 1.0).all()
    places = ((x > 0) @ 2 ** np.arange(n_spins)[::-1]).astype(int)
    counts, expected = np.bincount(places, minlength=2**n_spins), n * np.asarray(probabilities)
    assert abs(expected.sum() - n) < 1e-9 * n
    assert counts[expected < 1e-20 * n].sum() == 0
    order = np.argsort(expected)
    counts, expected = counts[order], expected[order]
    rare = max(1, 1 + int(np.searchsorted(np.cumsum(expected), 5.0)))
    cells = [np.concatenate([[v[:rare].sum()], v[rare:]]) for v in (counts, expected)]
    score = ((cells[0] - cells[1]) ** 2 / cells[1]).sum()
    if len(cells[0]) > 1:
        assert score < chi2.isf(false_alarm, len(cells[0]) - 1)
