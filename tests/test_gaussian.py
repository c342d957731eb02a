"""The Gaussian: its laws, its digits, its fit, its refusals."""

import dataclasses
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boltzlib import _accurate
from boltzlib.divergence import average_negative_log_likelihood
from boltzlib.gaussian import Gaussian
from tests import laws, oracles
from tests.cases import GAUSSIANS, quick, rotated_covariance

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 5)


def random_gaussian(rng, size, offset=0.0, condition=10.0):
    """Return a Gaussian of random mean, orientation and scale."""
    scale = 10.0 ** rng.integers(-3, 4)
    mean = (offset + rng.standard_normal(size)) * np.sqrt(scale)
    return Gaussian(mean, rotated_covariance(size, condition, rng, scale))


def affine(rng, size):
    """Return a random, well-conditioned matrix and a shift."""
    basis, _ = np.linalg.qr(rng.standard_normal((size, size)))
    return basis * rng.uniform(0.5, 2.0, size), rng.standard_normal(size)


def moved(gaussian, matrix, shift):
    """Return the law of matrix @ x + shift."""
    covariance = matrix @ gaussian.covariance @ matrix.T
    return Gaussian(matrix @ gaussian.mean + shift, (covariance + covariance.T) / 2)


# Laws --------------------------------------------------------------------------------


@pytest.mark.parametrize(("case", "law"), laws.laws_of(GAUSSIANS), ids=laws.name_of)
def test_law(case, law):
    law(case)


def test_no_law_is_left_out():
    assert {law for _, law in laws.laws_of(GAUSSIANS)} == set(laws.LAWS)


@pytest.mark.parametrize("case", GAUSSIANS, ids=lambda case: case.name)
def test_the_sampling_law_has_power(case):
    for wrong in case.wrong:
        with pytest.raises(AssertionError, match="distance"):
            laws.samples_follow_cdf(dataclasses.replace(case, model=wrong))


@pytest.mark.parametrize("case", GAUSSIANS, ids=lambda case: case.name)
def test_the_fitting_law_has_power(case):
    for wrong in case.wrong:
        with pytest.raises(AssertionError):
            laws.fit_recovers(dataclasses.replace(case, model=wrong))


# By hand -----------------------------------------------------------------------------


def test_one_dimension_by_hand():
    q = Gaussian(1.0, 4.0)  # variance 4, standard deviation 2
    x = [1.0, 3.0, -5.0]
    squares = np.array([0.0, 1.0, 9.0])
    np.testing.assert_allclose(q.mahalanobis_squared(x), squares, rtol=1e-15)
    np.testing.assert_allclose(q.energy(x), squares / 2, rtol=1e-15)
    assert q.log_partition() == pytest.approx(0.5 * np.log(8.0 * np.pi), rel=1e-15)
    np.testing.assert_allclose(q.log_prob(x), -squares / 2 - 0.5 * np.log(8 * np.pi), rtol=1e-15)
    np.testing.assert_allclose(q.score(x), [0.0, -0.5, 1.5], rtol=1e-15)
    assert q.entropy() == pytest.approx(0.5 * np.log(8.0 * np.pi * np.e), rel=1e-15)


def test_one_dimension_takes_and_returns_both_shapes():
    q = Gaussian(1.0, 4.0)
    assert q.dimension == 1
    assert (q.mean.shape, q.covariance.shape) == ((1,), (1, 1))
    for same in (Gaussian([1.0], 4.0), Gaussian(1.0, [[4.0]]), Gaussian([1], [[4]])):
        np.testing.assert_array_equal(same.log_prob([3.0]), q.log_prob([3.0]))
    for x in ([1.0, 3.0], [[1.0], [3.0]]):
        assert q.log_prob(x).shape == q.energy(x).shape == q.mahalanobis_squared(x).shape == (2,)
        assert q.score(x).shape == np.shape(x)
        np.testing.assert_array_equal(Gaussian.fit([*x, x[0]]).mean.shape, (1,))
    np.testing.assert_array_equal(q.score([[1.0], [3.0]]).ravel(), q.score([1.0, 3.0]))
    assert q.sample(2, rng=np.random.default_rng(1)).shape == (2, 1)


def test_two_dimensions_by_hand():
    q = Gaussian([1.0, 0.0], [[2.0, 1.0], [1.0, 3.0]])  # det 5, inverse [[3, -1], [-1, 2]] / 5
    x = [[2.0, 1.0], [1.0, 1.0], [2.0, 0.0]]
    np.testing.assert_allclose(q.mahalanobis_squared(x), [3 / 5, 2 / 5, 3 / 5], rtol=1e-15)
    np.testing.assert_allclose(q.score(x), [[-0.4, -0.2], [0.2, -0.4], [-0.6, 0.2]], rtol=1e-15)
    assert q.log_partition() == pytest.approx(np.log(2 * np.pi) + np.log(5) / 2, rel=1e-15)
    assert q.entropy() == pytest.approx(np.log(2 * np.pi) + np.log(5) / 2 + 1, rel=1e-15)


def test_divergence_by_hand():
    p, q = Gaussian(0.0, 1.0), Gaussian(1.0, 4.0)
    assert p.kl_divergence(q) == pytest.approx(0.5 * (0.25 - 1 + np.log(4) + 0.25), rel=1e-15)
    assert q.kl_divergence(p) == pytest.approx(0.5 * (4 - 1 - np.log(4) + 1), rel=1e-15)
    assert p.kl_divergence(Gaussian(3.0, 1.0)) == 4.5
    assert p.kl_divergence(Gaussian(0.0, 1.0)) == 0.0


# Digits ------------------------------------------------------------------------------


def tolerance(condition):
    """Return the error allowed at a condition number: as the docstring states, or less."""
    return max(1e-14, 1e-23 * condition)


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6])
@pytest.mark.parametrize("condition", [1.0, 1e4, 1e8, 1e12, 1e14])
def test_precision_of_log_prob(offset, condition):
    for size in (1, 2, 5, 10):
        rng = np.random.default_rng(size)
        covariance = rotated_covariance(size, condition, rng, 10.0 ** rng.integers(-3, 4))
        # the mean is no round number, so that x - mean has more than 53 bits
        mean = offset * rng.uniform(1.0, 2.0, size)
        mean += rng.standard_normal(size) * np.sqrt(np.diag(covariance))
        q = Gaussian(mean, covariance)
        root = np.linalg.cholesky(covariance)
        typical = mean + rng.standard_normal((2, size)) @ root.T
        far = mean + rng.standard_normal((2, size)) * np.sqrt(np.diag(covariance))
        x = np.concatenate([typical, far])
        results = zip(x, q.mahalanobis_squared(x), q.log_prob(x), q.score(x), strict=True)
        for point, distance, log_prob, score in results:
            given_ = point.tolist(), mean.tolist(), covariance.tolist()
            exact_distance, log_det = oracles.gaussian_terms(*given_)
            assert abs(distance - exact_distance) <= tolerance(condition) * exact_distance
            error = abs(log_prob - oracles.gaussian_log_prob(*given_))
            largest = max(exact_distance, abs(log_det), size * np.log(2 * np.pi)) / 2
            assert error <= tolerance(condition) * largest
            exact_score = oracles.gaussian_score(*given_)
            error = max(abs(a - b) for a, b in zip(score, exact_score, strict=True))
            assert error <= tolerance(condition) * max(map(abs, exact_score))


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6])
@pytest.mark.parametrize("condition", [1.0, 1e4, 1e8, 1e12, 1e14])
def test_precision_of_divergence(offset, condition):
    for size in (1, 2, 5):
        rng = np.random.default_rng(size)
        p_covariance = rotated_covariance(size, condition, rng, 10.0 ** rng.integers(-3, 4))
        root = np.linalg.cholesky(p_covariance)
        p = Gaussian(offset * rng.uniform(1.0, 2.0, size), p_covariance)
        tilt = rng.standard_normal((size, size))
        others = [  # unrelated; and near p by 1e-1 ... 1e-9, on both sides of the switch
            Gaussian(
                offset * rng.uniform(1.0, 2.0, size), rotated_covariance(size, condition, rng)
            ),
            *(
                Gaussian(
                    p.mean + near * root @ rng.standard_normal(size),
                    p_covariance + near * root @ (tilt + tilt.T) @ root.T,
                )
                for near in (1e-1, 1e-3, 1e-6, 1e-9)
                if near * condition < 1e9  # else rounding may leave it indefinite
            ),
            Gaussian(p.mean, p_covariance * 1.49),
            Gaussian(p.mean, p_covariance / 1.49),
            Gaussian(p.mean, p_covariance * 2.1),
        ]
        for q in others:
            given_ = (*map(np.ndarray.tolist, (p.mean, p.covariance, q.mean, q.covariance)),)
            exact = oracles.gaussian_kl(*given_)
            if np.sum((p.covariance - q.covariance) ** 2) > 0:
                assert abs(p.kl_divergence(q) - exact) <= 2.0 * tolerance(condition) * exact


def test_precision_where_the_triangular_factor_is_at_its_worst():
    # minus signs below the diagonal: no cancellation in L^-1, whose entries grow as 2**N
    for seed in range(5):
        rng = np.random.default_rng(seed)
        size = 13
        root = np.eye(size) - np.tril(rng.uniform(0.5, 1.0, (size, size)), -1)
        noise = rng.standard_normal((size, 2 * size))
        p_covariance = root @ (noise @ noise.T / size + 0.3 * np.eye(size)) @ root.T
        p = Gaussian(np.zeros(size), (p_covariance + p_covariance.T) / 2)
        q = Gaussian(p.mean, root @ root.T)  # a distance would swamp what is tested
        assert 1e6 < np.linalg.cond(q.covariance) < 1e8
        exact = oracles.gaussian_kl(
            p.mean.tolist(), p.covariance.tolist(), q.mean.tolist(), q.covariance.tolist()
        )
        assert abs(p.kl_divergence(q) - exact) <= 1.5e-15 * exact


def test_log_prob_at_a_zero_is_right_relative_to_its_terms():
    # energy + log normaliser = 0 up to rounding: what is left has no correct digit
    q = Gaussian(0.0, 1e-4)
    x = np.sqrt(-2.0 * q.log_partition() * 1e-4)
    assert abs(q.log_prob([x])[0]) < 1e-15 * abs(q.log_partition())


def test_far_away_points():
    q = Gaussian([0.0, 0.0], [[2.0, 1.0], [1.0, 2.0]])
    for size in (1e100, 1e150, 1e153):
        np.testing.assert_allclose(q.log_prob([[size, -size]]), -(size**2), rtol=1e-14)
    for size in (1e155, 1e300, 1.7e308):
        assert q.log_prob([[size, -size]])[0] == -np.inf
    np.testing.assert_allclose(q.score([[1e300, -1e300]]), [[-1e300, 1e300]], rtol=1e-14)
    sharp = Gaussian([0.0, 0.0], [[2e-20, 1e-20], [1e-20, 2e-20]])
    for x, row in (([[1e300, -1e300]], 0), ([[0.0, 0.0], [1e300, -1e300]], 1)):
        with pytest.raises(ValueError, match=f"x: expected points .* does not .* row {row}"):
            sharp.score(x)
    assert Gaussian(1.7e308, 1.0).log_prob([-1.7e308])[0] == -np.inf
    assert Gaussian(1.7e308, 1.0).kl_divergence(Gaussian(-1.7e308, 1.0)) == np.inf


def test_extreme_scales():
    q = Gaussian([0.0, 0.0], np.diag([1e-300, 1e300]))
    assert q.log_partition() == pytest.approx(np.log(2 * np.pi), rel=1e-13)
    np.testing.assert_allclose(q.mahalanobis_squared([[1e-150, 3e150]]), 10.0, rtol=1e-14)
    narrow, wide = Gaussian(0.0, 1e-300), Gaussian(0.0, 1e300)
    assert narrow.kl_divergence(wide) == pytest.approx(0.5 * (600 * np.log(10) - 1), rel=1e-14)
    assert wide.kl_divergence(narrow) == np.inf


# Divergence, by its laws -------------------------------------------------------------


@quick
@given(seeds, sizes)
def test_divergence_is_positive_and_zero_for_equal(seed, size):
    rng = np.random.default_rng(seed)
    p, q = random_gaussian(rng, size), random_gaussian(rng, size)
    assert p.kl_divergence(q) > 0.0
    assert p.kl_divergence(p) == p.kl_divergence(Gaussian(p.mean, p.covariance)) == 0.0


@quick
@given(seeds, sizes)
def test_divergence_is_invariant_under_affine_maps(seed, size):
    rng = np.random.default_rng(seed)
    p, q = random_gaussian(rng, size), random_gaussian(rng, size)
    map_ = affine(rng, size)
    after = moved(p, *map_).kl_divergence(moved(q, *map_))
    np.testing.assert_allclose(after, p.kl_divergence(q), rtol=1e-11)


@quick
@given(seeds, sizes)
def test_log_prob_changes_by_the_jacobian_under_affine_maps(seed, size):
    rng = np.random.default_rng(seed)
    q = random_gaussian(rng, size)
    matrix, shift = affine(rng, size)
    x = q.sample(3, rng=rng)
    after = moved(q, matrix, shift).log_prob(x @ matrix.T + shift)
    jacobian = np.log(abs(np.linalg.det(matrix)))
    np.testing.assert_allclose(after, q.log_prob(x) - jacobian, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("p", "q"),
    [(a, b) for a in GAUSSIANS for b in GAUSSIANS if a.dimension == b.dimension == 2 or a is b],
    ids=lambda case: case.name,
)
def test_divergence_by_quadrature(p, q):
    points, cell = laws.grid(p)
    log_p = p.model.log_prob(points)
    integral = np.sum(np.exp(log_p) * (log_p - q.model.log_prob(points))) * cell
    np.testing.assert_allclose(p.model.kl_divergence(q.model), integral, rtol=1e-11, atol=1e-13)


# Fit ---------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [0.0, 1.0, 1e6, 1e9])
@pytest.mark.parametrize("size", [1, 3])
def test_fit_against_fractions(offset, size):
    rng = np.random.default_rng(4)
    x = offset + rng.standard_normal((40, size)) * 10.0 ** np.arange(size)
    x[0] += 100.0  # an outlier
    q = Gaussian.fit(x)
    mean, covariance = oracles.mean_and_covariance(x.tolist())
    error = np.abs(q.mean - np.array(mean, dtype=float))
    assert (error <= 1e-15 * np.abs(x).max(axis=0)).all()
    exact = np.array(covariance, dtype=float)
    scale = np.sqrt(np.outer(np.diag(exact), np.diag(exact)))
    np.testing.assert_allclose(q.covariance / scale, exact / scale, atol=1e-14)


def test_fit_where_the_mean_lies_between_two_floats():
    q = Gaussian.fit(1e15 + 3.0 * np.array([0.0, 1.0, 0.0, 1.0, 1.0]))  # floats are 1/8 apart there
    np.testing.assert_allclose(q.covariance, [[9.0 * 0.24]], rtol=1e-14)


def test_fit_of_many_samples_far_off_keeps_its_digits():
    # summed as they stand, 30,000 numbers near 1e6 lose up to four digits
    x = 1e6 + np.random.default_rng(8).standard_normal((30_000, 2))
    q = Gaussian.fit(x)
    for j in range(2):
        mean = sum(map(Fraction, x[:, j].tolist())) / len(x)
        variance = sum((Fraction(v) - mean) ** 2 for v in x[:, j].tolist()) / len(x)
        assert abs(q.mean[j] - float(mean)) <= 2e-16 * float(mean)
        assert q.covariance[j, j] == pytest.approx(float(variance), rel=1e-13)


@quick
@given(seeds, sizes, st.sampled_from([0.0, 1e3, 1e6]))
def test_fit_follows_affine_maps(seed, size, offset):
    rng = np.random.default_rng(seed)
    x = offset + rng.standard_normal((size + 20, size))
    matrix, shift = affine(rng, size)
    direct, through = Gaussian.fit(x @ matrix.T + shift), moved(Gaussian.fit(x), matrix, shift)
    digits = 1e-14 * (1.0 + offset)  # mapping the data rounds them
    np.testing.assert_allclose(direct.mean, through.mean, atol=100 * digits)
    np.testing.assert_allclose(direct.covariance, through.covariance, atol=100 * digits)


@quick
@given(seeds, sizes)
def test_fit_does_not_see_the_order_and_sees_repeats_as_one(seed, size):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((size + 10, size))
    q = Gaussian.fit(x)
    for same in (x[rng.permutation(len(x))], np.tile(x, (3, 1))):
        np.testing.assert_allclose(Gaussian.fit(same).mean, q.mean, atol=1e-14)
        np.testing.assert_allclose(Gaussian.fit(same).covariance, q.covariance, atol=1e-14)


@quick
@given(seeds, sizes)
def test_fit_maximises_the_likelihood(seed, size):
    rng = np.random.default_rng(seed)
    x = 3.0 + rng.standard_normal((size + 10, size))
    q = Gaussian.fit(x)
    best = average_negative_log_likelihood(q, x)
    assert best == pytest.approx(q.entropy(), rel=1e-12)  # mean squared distance is N
    tilt = rng.standard_normal((size, size))
    root = np.linalg.cholesky(q.covariance)
    for step in (1e-2, -1e-2):
        shifted = Gaussian(q.mean + step * rng.standard_normal(size), q.covariance)
        wider = Gaussian(q.mean, q.covariance + step * root @ (tilt + tilt.T) @ root.T)
        assert average_negative_log_likelihood(shifted, x) > best
        assert average_negative_log_likelihood(wider, x) > best


@pytest.mark.parametrize("offset", [0.0, 1.0, 1e6, -1e6, 1e11])
def test_fit_refuses_singular_data(offset):
    rng = np.random.default_rng(9)
    a, b = offset + rng.standard_normal((2, 60)), rng.standard_normal(60)
    columns = np.column_stack
    line = "n = 60, N = 2 and rank 1 after centring: the covariance is singular; leave out 1 column"
    for x, message in [
        (np.zeros(7), r"constant column\(s\) \[0\] \(n = 7, N = 1\)"),
        (np.full(7, offset + 0.1), r"constant column\(s\) \[0\] \(n = 7, N = 1\)"),
        (columns([a[0], np.full(60, offset + 0.1)]), r"got constant column\(s\) \[1\] \(n = 60, N"),
        (columns([np.full(60, 0.1), a[0], np.full(60, 0.3)]), r"constant column\(s\) \[0, 2\]"),
        (columns([a[0], 2.0 * a[0] + 3.0]), line),
        (columns([a[0], a[0] / 3.0]), line),
        (columns([a[0], 1e-7 * a[0]]), line),
        (columns([a[0], a[0] + 1e-9 * b]), line),
        (columns([a[0], b, a[0] - b / 7]), "n = 60, N = 3 and rank 2"),
        (np.repeat(offset + rng.standard_normal((3, 4)), 9, axis=0), "n = 27, N = 4 and rank 2"),
        (a, r"x: expected more samples than dimensions, got n = 2 and N = 60: n points"),
        (a[:, :2], r"got n = 2 and N = 2: n points span at most n - 1 directions"),
        ([offset], r"got n = 1 and N = 1: .* so the covariance is singular"),
    ]:
        with pytest.raises(ValueError, match=message):
            Gaussian.fit(x)


def test_fit_refuses_columns_that_are_constant_up_to_rounding():
    x = np.tile([[0.3], [0.1 + 0.2]], (5, 1))
    assert x[0] != x[1]
    with pytest.raises(ValueError, match=r"constant column\(s\) \[0\]"):
        Gaussian.fit(x)
    x[0] = 0.3 + 1e-14
    assert Gaussian.fit(x).mean[0] == pytest.approx(0.3, rel=1e-14)


@pytest.mark.parametrize(("size", "accepted"), [(3, False), (6, True)])
def test_fit_needs_columns_that_vary_by_more_than_rounding(size, accepted):
    for mean in (1.0, -1.0):  # standard deviations of 7e-16 and 13e-16 of the mean
        x = mean + size * np.finfo(float).eps * np.array([1.0, -1.0, 1.0, -1.0])
        if accepted:
            assert Gaussian.fit(x).mean == [mean]
        else:
            with pytest.raises(ValueError, match=r"got constant column\(s\) \[0\]"):
                Gaussian.fit(x)


@pytest.mark.parametrize(
    ("offset", "tilt", "accepted"),
    [  # the correlation of a and a + tilt b has the eigenvalue tilt^2 / 2
        (0.0, np.sqrt(2 * 2 * 0.7e-15), False),
        (0.0, np.sqrt(2 * 2 * 1.2e-15), True),
        *((sign * 2.0**30, 9 * 2.0**-22, False) for sign in (1.0, -1.0)),  # in last places of 2^30
        *((sign * 2.0**30, 14 * 2.0**-22, True) for sign in (1.0, -1.0)),
    ],
)
def test_fit_needs_columns_that_differ_by_more_than_rounding(offset, tilt, accepted):
    a, b = np.array([[1.0, -1.0, 1.0, -1.0], [1.0, 1.0, -1.0, -1.0]])
    x = np.column_stack([a, offset + (a + tilt * b)])
    if accepted:
        np.testing.assert_array_equal(Gaussian.fit(x).mean, [0.0, offset])
    else:
        with pytest.raises(ValueError, match="n = 4, N = 2 and rank 1"):
            Gaussian.fit(x)


def test_fit_accepts_the_smallest_regular_data():
    q = Gaussian.fit([1.0, 2.0])
    np.testing.assert_array_equal(q.covariance, [[0.25]])
    np.testing.assert_allclose(
        Gaussian.fit([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]]).covariance, [[2, -1], [-1, 2]]
    )


@pytest.mark.parametrize("condition", [1e4, 1e8, 1e10])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_fit_accepts_ill_conditioned_data(condition, offset):
    rng = np.random.default_rng(2)
    scaled = offset + rng.standard_normal((50, 3)) @ np.diag([1.0, 1e-2, condition**-0.5])
    assert Gaussian.fit(scaled).dimension == 3
    if not (offset and condition > 1e8):  # else the offset has taken the digits of a direction
        root = np.linalg.cholesky(rotated_covariance(3, condition, rng))
        assert Gaussian.fit(offset + rng.standard_normal((50, 3)) @ root.T).dimension == 3


def test_fit_of_data_too_large_to_square():
    with pytest.raises(ValueError, match="x: expected data whose squares .* got up to 1e\\+200"):
        Gaussian.fit([1e200, -1e200, 0.0])
    with pytest.raises(ValueError, match="x: expected data whose squares .* got up to 1e\\+200"):
        Gaussian.fit([[0.0, 1e200], [1.0, -1e200], [5.0, 0.0]])  # the other column is fine
    with pytest.raises(ValueError, match=r"x: expected columns that vary"):  # squares vanish
        Gaussian.fit([1e-200, -1e-200, 0.0])


@pytest.mark.parametrize("scale", [1e-150, 1e-9, 1e9, 1e150])
def test_fit_at_any_scale(scale):
    x = np.array([[1.0, 0.0], [-1.0, 1.0], [0.5, 5.0]])
    fitted = Gaussian.fit(scale * x)
    np.testing.assert_allclose(fitted.mean / scale, x.mean(axis=0), rtol=1e-14)
    exact = np.cov(x.T, bias=True)
    np.testing.assert_allclose(fitted.covariance / scale / scale, exact, rtol=1e-13)


# Refusals ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mean", "covariance", "message"),
    [
        (0.0, 0.0, r"covariance: .*positive definite matrix, got smallest eigenvalue 0 "),
        (0.0, -2.0, r"covariance: .*positive definite matrix, got smallest eigenvalue -2 "),
        ([0, 0], [[1, 2], [2, 1]], r"covariance: .*smallest eigenvalue -1 \(largest 3\)"),
        ([0, 0], [[1, 1], [1, 1]], r"covariance: expected a positive definite matrix"),
        ([0, 0], [[1, 0.5], [0.4, 1]], r"covariance: expected a symmetric matrix, .* by 0\.1;"),
        ([0, 0], [[1, 2e-12], [0, 1]], r"covariance: expected a symmetric matrix"),
        ([0, 0], [[1.0]], r"covariance: expected shape \(2, 2\) to go with mean, got \(1, 1\)"),
        ([0, 0], 1.0, r"covariance: expected shape \(2, 2\) to go with mean, got \(1, 1\)"),
        (0.0, np.eye(2), r"covariance: expected shape \(1, 1\) to go with mean, got \(2, 2\)"),
        ([0, 0], np.ones((2, 3)), r"covariance: expected a square matrix, got shape \(2, 3\)"),
        ([0, 0], [1.0, 1.0], r"covariance: expected 2 dimension\(s\), got shape \(2,\)"),
        ([[0, 0]], np.eye(2), r"mean: expected shape \(N,\) or a number, got \(1, 2\)"),
        ([], np.eye(2), r"mean: expected at least one number"),
        ([np.inf], [[1.0]], r"mean: expected finite numbers, got inf"),
        (0.0, np.nan, r"covariance: expected finite numbers, got nan"),
        (0.0, 1j, r"covariance: expected real numbers, got dtype complex128"),
    ],
)
def test_bad_parameters(mean, covariance, message):
    with pytest.raises(ValueError, match=message):
        Gaussian(mean, covariance)


def test_what_a_mask_hides_is_not_used():
    data = np.ma.array([1.0, 2.0, 1e6], mask=[False, False, True])
    for call in (Gaussian.fit, Gaussian(0.0, 1.0).log_prob):
        with pytest.raises(ValueError, match="x: expected numbers, got an array with 1 of them"):
            call(data)
    assert Gaussian.fit(np.ma.array([1.0, 3.0], mask=False)).mean == [2.0]


def test_a_rounding_error_of_asymmetry_is_accepted_and_removed():
    q = Gaussian([0.0, 0.0], [[1.0, 0.5], [0.5 + 0.9e-12, 1.0]])
    np.testing.assert_array_equal(q.covariance, q.covariance.T)
    assert q.covariance[0, 1] == pytest.approx(0.5 + 0.45e-12, rel=1e-15)


METHODS = ["log_prob", "energy", "score", "mahalanobis_squared"]


@pytest.mark.parametrize("method", METHODS)
def test_bad_points(method):
    line, plane = Gaussian(0.0, 1.0), Gaussian([0.0, 0.0], np.eye(2))
    for q, x, message in [
        (plane, [0.0, 0.0], r"x: expected shape \(n, 2\), got \(2,\)"),
        (plane, [[0.0], [0.0]], r"x: expected shape \(n, 2\), got \(2, 1\)"),
        (plane, np.zeros((1, 1, 2)), r"x: expected shape \(n, 2\), got \(1, 1, 2\)"),
        (line, [[0.0, 0.0]], r"x: expected shape \(n, 1\) or \(n,\), got \(1, 2\)"),
        (line, 0.0, r"x: expected shape \(n, 1\) or \(n,\), got \(\)"),
        (line, [], r"x: expected at least one number, got shape \(0,\)"),
        (line, [np.nan], r"x: expected finite numbers, got nan"),
    ]:
        with pytest.raises(ValueError, match=message):
            getattr(q, method)(x)


def test_bad_arguments():
    q = Gaussian(0.0, 1.0)
    with pytest.raises(ValueError, match=r"other: expected a Gaussian with N = 1, got 2"):
        q.kl_divergence(Gaussian([0.0, 0.0], np.eye(2)))
    with pytest.raises(ValueError, match=r"other: expected a Gaussian with N = 1, got float"):
        q.kl_divergence(1.0)
    with pytest.raises(ValueError, match=r"size: expected a positive integer, got 0"):
        q.sample(0, rng=np.random.default_rng(1))
    with pytest.raises(ValueError, match=r"rng: expected a numpy.random.Generator"):
        q.sample(1, rng=np.random)
    with pytest.raises(ValueError, match=r"x: expected shape \(n, N\) or \(n,\), got \(1, 2, 2\)"):
        Gaussian.fit(np.zeros((1, 2, 2)))
    with pytest.raises(ValueError, match=r"x: expected finite numbers, got nan"):
        Gaussian.fit([1.0, np.nan, 2.0])


def test_a_model_is_frozen_and_owns_its_arrays():
    mean, covariance = np.zeros(2), np.eye(2)
    q = Gaussian(mean, covariance)
    mean[0] = covariance[0, 0] = 9.0
    np.testing.assert_array_equal(q.mean, [0.0, 0.0])
    np.testing.assert_array_equal(q.covariance, np.eye(2))
    for array in (q.mean, q.covariance):
        assert array.dtype == np.float64
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
    assert repr(q) == f"Gaussian(mean={q.mean!r}, covariance={q.covariance!r})"
    with pytest.raises(dataclasses.FrozenInstanceError):
        q.mean = np.ones(2)
    assert q != Gaussian(mean * 0.0, np.eye(2))  # eq=False: identity, not value
    np.testing.assert_array_equal(dataclasses.replace(q, mean=[1.0, 2.0]).mean, [1.0, 2.0])


# The tools underneath ----------------------------------------------------------------


@quick
@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300))
def test_difference_is_exact(a, b):
    high, low = _accurate.difference(np.float64(a), np.float64(b))
    assert Fraction(float(high)) + Fraction(float(low)) == Fraction(a) - Fraction(b)
    assert high == a - b


@pytest.mark.parametrize("alike", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 33, 63, 100])
def test_residual_is_accurate(size, alike):
    rng = np.random.default_rng(size)
    if alike:  # all terms add up: the sum of the high parts needs all the bits it has
        a, b = rng.uniform(0.9, 1.0, (4, size)), rng.uniform(0.9, 1.0, (size, 3))
    else:
        a, b = rng.standard_normal((4, size)), rng.standard_normal((size, 3))
        a *= 10.0 ** rng.integers(-3, 4, a.shape)
    c = a @ b
    value = _accurate.residual(c, a, b)
    for i in range(4):
        for j in range(3):
            pairs = [(Fraction(s), Fraction(t)) for s, t in zip(a[i], b[:, j], strict=True)]
            exact = Fraction(c[i, j]) - sum(s * t for s, t in pairs)
            # the rows as a whole are split, so that their largest entries set the scale
            scale = size * np.abs(a[i]).max() * np.abs(b[:, j]).max()
            assert abs(value[i, j] - float(exact)) <= 2.0**-70 * scale


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1.0, 1e150])
def test_residual_does_not_overflow_or_vanish(scale):
    a = np.array([[3.0, 1.0]]) * scale
    np.testing.assert_array_equal(_accurate.residual(a, a, np.eye(2)), [[0.0, 0.0]])
    for nothing in (0.0, 5e-324):  # below the smallest unit all of it is low part
        high = _accurate.high_part(np.full((2, 2), nothing), 10, 0)
        np.testing.assert_array_equal(high, np.zeros((2, 2)))


def test_refined_solve():
    rng = np.random.default_rng(3)
    lower = np.tril(rng.standard_normal((4, 4)))
    high, low = rng.standard_normal((4, 2)), 1e-17 * rng.standard_normal((4, 2))
    y, correction = _accurate.refined_solve(lower, high, low)
    rest = _accurate.residual(high, lower, y) + low - lower @ correction
    assert np.abs(rest).max() < 1e-28  # plain solving leaves 1e-16


def test_x_minus_log1p():
    x = [0.0, 1e-150, 1e-9, -1e-9, 1e-3, -0.1, 0.2, 0.25, -0.25, 0.2500001, -0.2500001]
    x += [0.5, -0.5, 3.0, -0.999, 1e10]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = _accurate.x_minus_log1p(np.array(x))
    for value, argument in zip(values, x, strict=True):
        exact = oracles.x_minus_log1p(argument)
        assert abs(value - exact) <= 4e-15 * exact
