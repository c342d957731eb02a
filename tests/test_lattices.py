"""Exact results on lattices against brute force, published numbers and one another."""

import math

import mpmath
import numpy as np
import pytest
from scipy.special import ellipk

from boltzlib.enumeration import ising_log_partition, ising_moments
from boltzlib.lattices import (
    CRITICAL_COUPLING,
    chain,
    chain_log_partition,
    onsager_energy_per_site,
    onsager_log_partition_per_site,
    square_lattice,
    torus_log_partition,
    yang_magnetisation,
)
from tests import oracles

COUPLINGS = [1e-7, 0.01, 0.2, CRITICAL_COUPLING, 0.5, 1.0, 2.5, 3.5, 5.0]


def bonds(rows, columns, periodic):
    """Pairs of neighbours, listed site by site."""
    found = set()
    for r in range(rows):
        for c in range(columns):
            for dr, dc in ((0, 1), (1, 0)):
                if periodic or (r + dr < rows and c + dc < columns):
                    other = ((r + dr) % rows) * columns + (c + dc) % columns
                    found.add(frozenset((r * columns + c, other)))
    return found


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 4), (2, 3), (3, 2), (3, 3), (4, 3)])
@pytest.mark.parametrize("periodic", [False, True])
def test_square_lattice_joins_neighbours(rows, columns, periodic):
    if periodic and min(rows, columns) < 3:
        short = "rows" if rows < 3 else "columns"
        with pytest.raises(ValueError, match=f"{short}: expected at least 3 where"):
            square_lattice(rows, columns, 1.0, periodic=True)
        return
    J = square_lattice(rows, columns, -0.75, periodic=periodic)
    pairs = {frozenset(pair) for pair in np.argwhere(J)}
    assert pairs == bonds(rows, columns, periodic)
    assert set(np.unique(J)) <= {0.0, -0.75}
    np.testing.assert_array_equal(J, J.T)


def test_chain_joins_neighbours():
    np.testing.assert_array_equal(chain(1, 2.0, periodic=False), [[0.0]])
    assert {tuple(p) for p in np.argwhere(np.triu(chain(5, 2.0, periodic=False)))} == {
        (0, 1),
        (1, 2),
        (2, 3),
        (3, 4),
    }
    ring = chain(5, 2.0, periodic=True)
    np.testing.assert_array_equal(ring.sum(axis=1), 4.0)
    assert ring[0, 4] == ring[4, 0] == 2.0


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
@pytest.mark.parametrize(
    ("K", "h"), [(0.3, 0.2), (-1.0, 0.5), (2.0, -3.0), (0.0, 0.0), (-0.5, 0.0), (1e-9, 1e-9)]
)
def test_chain_against_brute_force(size, K, h, periodic):
    if periodic and size < 3:
        with pytest.raises(ValueError, match="n_spins: expected at least 3 where"):
            chain_log_partition(size, K, h, periodic=True)
        return
    J = chain(size, K, periodic=periodic)
    exact, _, _ = oracles.ising_sums(J.tolist(), [h] * size)
    got = chain_log_partition(size, K, h, periodic=periodic)
    assert abs(got - float(exact)) <= 2e-14 * max(1.0, float(abs(exact)))


def test_long_and_strong_chains():
    # N ln(2 cosh K) is the ring without a field, up to a term that vanishes
    million = chain_log_partition(10**6, 0.5, periodic=True)
    assert million == pytest.approx(10**6 * math.log(2 * math.cosh(0.5)), rel=1e-14)
    open_end = chain_log_partition(10**9, 0.5, periodic=False)
    assert open_end == pytest.approx(
        math.log(2.0) + (10**9 - 1) * math.log(2 * math.cosh(0.5)), rel=1e-14
    )
    assert chain_log_partition(10**9, 750.0, 3.0, periodic=True) == pytest.approx(753e9, rel=1e-14)
    # an odd ring that repels: one bond of N is lost, at N places, each with its mirror image
    assert chain_log_partition(9, -750.0, periodic=True) == pytest.approx(
        7 * 750.0 + math.log(18.0), rel=1e-14
    )
    assert chain_log_partition(4, -750.0, 0.25, periodic=False) == pytest.approx(
        2250.0 + math.log(2.0), rel=1e-14
    )


@pytest.mark.parametrize(
    ("rows", "columns"), [(3, 3), (3, 4), (4, 3), (4, 4), (3, 5), (5, 4), (4, 6)]
)
@pytest.mark.parametrize("K", COUPLINGS)
def test_kaufman_against_enumeration(rows, columns, K):
    exact = ising_log_partition(
        square_lattice(rows, columns, K, periodic=True), np.zeros(rows * columns)
    )
    assert torus_log_partition(rows, columns, K) == pytest.approx(exact, rel=2e-14)
    if rows % 2 == columns % 2 == 0:
        assert torus_log_partition(rows, columns, -K) == torus_log_partition(rows, columns, K)
    else:
        with pytest.raises(ValueError, match="coupling: expected K >= 0 where a side is odd"):
            torus_log_partition(rows, columns, -K)


def test_kaufman_against_mpmath_brute_force():
    J = square_lattice(3, 3, 0.4, periodic=True)
    exact, _, _ = oracles.ising_sums(J.tolist(), [0.0] * 9)
    assert torus_log_partition(3, 3, 0.4) == pytest.approx(float(exact), rel=1e-14)


def test_kaufman_at_extreme_couplings():
    assert torus_log_partition(4, 5, 0.0) == pytest.approx(20 * math.log(2.0), rel=1e-15)
    for K in (50.0, 99.0, 101.0, 175.0, 190.0, 1e5):
        assert torus_log_partition(4, 5, K) == pytest.approx(40 * K + math.log(2.0), rel=1e-14)
    below, above = torus_log_partition(4, 4, 0.99e-6), torus_log_partition(4, 4, 1.01e-6)
    assert below == pytest.approx(16 * (math.log(2.0) + 0.99e-6**2), rel=1e-14)
    assert above == pytest.approx(16 * (math.log(2.0) + 1.01e-6**2), rel=2e-14)
    at = torus_log_partition(64, 64, CRITICAL_COUPLING)
    beside = [torus_log_partition(64, 64, CRITICAL_COUPLING + d) for d in (-1e-9, 1e-9)]
    assert beside[0] < at < beside[1]
    assert sum(beside) / 2 == pytest.approx(at, rel=1e-14)
    # both directions are the same lattice
    assert torus_log_partition(7, 40, 0.43) == pytest.approx(
        torus_log_partition(40, 7, 0.43), rel=1e-14
    )


NEAR = [CRITICAL_COUPLING + d for d in (1e-3, -1e-4, 1e-6, -1e-6, 1e-7, -1e-8)]


@pytest.mark.parametrize("K", [0.0, 0.1, 0.3, CRITICAL_COUPLING, 0.6, 5.0, 750.0, *NEAR])
def test_onsager_against_the_double_integral(K):
    """Onsager's first form: an integral over two angles, done with mpmath at 20 digits."""
    if K == 750.0:
        assert onsager_log_partition_per_site(K) == 1500.0
        return
    with mpmath.workdps(20):
        c, s = mpmath.cosh(2 * mpmath.mpf(K)), mpmath.sinh(2 * mpmath.mpf(K))

        def inner(u):  # the integral over the other angle, in closed form
            b = c**2 - s * mpmath.cos(u)
            return mpmath.log((b + mpmath.sqrt(max(0, (b - s) * (b + s)))) / 2)

        points = [0, *(mpmath.mpf(10) ** k for k in range(-9, 0)), mpmath.pi]
        exact = mpmath.log(2) + mpmath.quad(inner, points) / (2 * mpmath.pi)
    assert onsager_log_partition_per_site(K) == pytest.approx(float(exact), rel=2e-14)
    assert onsager_log_partition_per_site(-K) == onsager_log_partition_per_site(K)


def test_published_numbers():
    assert math.sinh(2 * CRITICAL_COUPLING) == pytest.approx(1.0, rel=1e-15)
    # L. Onsager (1944), eq. (121): ln 2 / 2 + 2 G / pi with Catalan's constant G
    exact = 0.5 * math.log(2.0) + 2.0 * float(mpmath.catalan) / math.pi
    assert onsager_log_partition_per_site(CRITICAL_COUPLING) == pytest.approx(exact, rel=1e-13)
    assert onsager_energy_per_site(CRITICAL_COUPLING) == pytest.approx(
        -math.sqrt(2.0) * CRITICAL_COUPLING, rel=1e-7
    )
    assert yang_magnetisation(CRITICAL_COUPLING) == 0.0
    assert yang_magnetisation(0.5) == pytest.approx((1 - math.sinh(1.0) ** -4) ** 0.125, rel=1e-14)
    assert yang_magnetisation(400.0) == 1.0 and yang_magnetisation(0.0) == 0.0


@pytest.mark.parametrize("K", [0.05, 0.2, 0.43, 0.4406, 0.4408, 0.45, 0.7, 2.0, -0.7])
def test_energy_is_the_derivative(K):
    slope = mpmath.diff(lambda k: mpmath.mpf(onsager_log_partition_per_site(float(k))), K, h=1e-5)
    # the second derivative is of the order ln|K - K_c|; the difference quotient errs by its slope
    assert onsager_energy_per_site(K) == pytest.approx(-K * float(slope), rel=3e-5)


def test_energy_by_the_textbook_formula():
    for K in (0.1, 0.4, 0.5, 1.0):
        k = 2 * math.sinh(2 * K) / math.cosh(2 * K) ** 2
        bracket = 1 + 2 / math.pi * (2 * math.tanh(2 * K) ** 2 - 1) * ellipk(k**2)
        assert onsager_energy_per_site(K) == pytest.approx(
            -K / math.tanh(2 * K) * bracket, rel=1e-10
        )
    assert onsager_energy_per_site(0.0) == 0.0
    assert onsager_energy_per_site(750.0) == onsager_energy_per_site(-750.0) == -1500.0
    near = onsager_energy_per_site(CRITICAL_COUPLING + 1e-7)
    assert near < onsager_energy_per_site(CRITICAL_COUPLING) < onsager_energy_per_site(0.44)


@pytest.mark.parametrize("distance", [-1e-2, 1e-3, -1e-4, 3e-5, -1e-5, 1e-5, -1e-6, 1e-6, 1e-9])
def test_energy_close_to_the_critical_coupling(distance):
    K = CRITICAL_COUPLING + distance
    with mpmath.workdps(40):
        k = 2 * mpmath.sinh(2 * K) / mpmath.cosh(2 * K) ** 2
        bracket = (2 * mpmath.tanh(2 * K) ** 2 - 1) * mpmath.ellipk(k**2) * 2 / mpmath.pi
        exact = float(-K * mpmath.coth(2 * K) * (1 + bracket))
    assert onsager_energy_per_site(K) == pytest.approx(exact, rel=5e-15)


def test_large_tori_approach_onsager():
    for K in (0.3, 0.4, CRITICAL_COUPLING):
        gaps = [
            torus_log_partition(size, size, K) / size**2 - onsager_log_partition_per_site(K)
            for size in (16, 32, 64)
        ]
        assert gaps[0] > gaps[1] > gaps[2] > -1e-14
    ordered = torus_log_partition(64, 64, 0.6) - 64**2 * onsager_log_partition_per_site(0.6)
    assert ordered == pytest.approx(math.log(2.0), rel=1e-9)  # two ordered phases


def test_energy_of_a_finite_torus():
    """The slope of Kaufman's formula is the energy that enumeration finds."""
    J = square_lattice(4, 4, 0.4, periodic=True)
    pairs = ising_moments(J, np.zeros(16)).second
    step = 1e-5
    slope = (torus_log_partition(4, 4, 0.4 + step) - torus_log_partition(4, 4, 0.4 - step)) / (
        2 * step
    )
    assert slope * 0.4 == pytest.approx(0.5 * (J * pairs).sum(), rel=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: chain(0, 1.0, periodic=False), "n_spins: expected a positive integer, got 0"),
        (lambda: chain(3, np.inf, periodic=False), "coupling: expected finite numbers, got inf"),
        (lambda: chain(2, 1.0, periodic=True), "n_spins: expected at least 3 where the lattice"),
        (lambda: square_lattice(3, 2.5, 1.0, periodic=False), "columns: expected a positive int"),
        (lambda: chain_log_partition(3, 1.0, np.nan, periodic=True), "field: expected finite"),
        (lambda: torus_log_partition(2, 3, 1.0), "rows: expected at least 3 where"),
        (lambda: torus_log_partition(3, 2, 1.0), "columns: expected at least 3 where"),
        (lambda: onsager_log_partition_per_site([1.0]), r"coupling: expected one number, got"),
        (lambda: onsager_energy_per_site("1"), "coupling: expected real numbers"),
        (lambda: yang_magnetisation(-0.5), "coupling: expected K >= 0, got -0.5"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
