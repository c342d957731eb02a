"""Slow, plain answers to check boltzlib against: fractions, mpmath, brute force.

This file must not import boltzlib (a test asserts it), NumPy's linear algebra or SciPy:
what it shares with the library it cannot check. Arguments are plain floats and nested
lists; every float is taken as the exact number it is.
"""

import itertools
from fractions import Fraction

import mpmath

DIGITS = 60  # 40 are asked for; the rest is room for condition numbers


# Discrete distributions --------------------------------------------------------------


def kl(p, q):
    """Sum of p ln(p/q) - p + q over two lists, with 0 ln 0 = 0."""
    with mpmath.workdps(DIGITS):
        total = mpmath.mpf(0)
        for a, b in zip(map(mpmath.mpf, p), map(mpmath.mpf, q), strict=True):
            if a > 0 and b == 0:
                return mpmath.inf
            total += (a * mpmath.log(a / b) if a > 0 else 0) - a + b
        return total


def cross_entropy(p, q):
    """Minus the sum of p ln q over two lists, with 0 ln 0 = 0; the entropy if p is q."""
    with mpmath.workdps(DIGITS):
        total = mpmath.mpf(0)
        for a, b in zip(map(mpmath.mpf, p), map(mpmath.mpf, q), strict=True):
            if a > 0 and b == 0:
                return mpmath.inf
            total -= a * mpmath.log(b) if a > 0 else 0
        return total


def largest_event_difference(p, q):
    """Largest p(A) - q(A) over all 2**m events A."""
    p, q = [Fraction(a) for a in p], [Fraction(b) for b in q]
    states = range(len(p))
    events = itertools.chain.from_iterable(
        itertools.combinations(states, k) for k in range(len(p) + 1)
    )
    return max(sum(p[x] - q[x] for x in event) for event in events)


def x_minus_log1p(x):
    """x - ln(1 + x), for x down to 1e-300."""
    with mpmath.workdps(DIGITS + 600):
        x = mpmath.mpf(x)
        return x - mpmath.log(1 + x)


# Enumeration -------------------------------------------------------------------------


def states(n_spins):
    """All states of n spins, -1 before +1, the last spin changing fastest."""
    return list(itertools.product([-1, 1], repeat=n_spins))


def log_partition(energies):
    """Return ln of the sum of exp(-E)."""
    with mpmath.workdps(DIGITS):
        return mpmath.log(mpmath.fsum(mpmath.exp(-mpmath.mpf(e)) for e in energies))


def boltzmann(energies):
    """exp(-E) / Z for each energy."""
    with mpmath.workdps(DIGITS):
        weights = [mpmath.exp(-mpmath.mpf(e)) for e in energies]
        return [w / mpmath.fsum(weights) for w in weights]


def ising_energy(state, J, h):
    """Minus the sum over pairs k < l of J x x, minus the sum of h x, exact."""
    spins = range(len(h))
    x = [int(v) for v in state]
    pairs = sum(Fraction(J[k][m]) * x[k] * x[m] for m in spins for k in range(m))
    return -pairs - sum(Fraction(h[k]) * x[k] for k in spins)


def ising_weights(J, h):
    """List of (state, exp(-energy)) over all states."""
    with mpmath.workdps(DIGITS):
        exponents = [(s, -ising_energy(s, J, h)) for s in states(len(h))]
        return [(s, mpmath.exp(mpmath.mpf(e.numerator) / e.denominator)) for s, e in exponents]


def ising_sums(J, h):
    """ln Z, first and second moments of an Ising machine."""
    with mpmath.workdps(DIGITS):
        table = ising_weights(J, h)
        z = mpmath.fsum(w for _, w in table)
        spins = range(len(h))
        first = [mpmath.fsum(w * s[k] for s, w in table) / z for k in spins]
        second = [
            [mpmath.fsum(w * s[k] * s[m] for s, w in table) / z for m in spins] for k in spins
        ]
        return mpmath.log(z), first, second


def ising_marginal(J, h, spins):
    """Probability of each setting of some spins, keyed by 0 for -1 and 1 for +1."""
    with mpmath.workdps(DIGITS):
        table, found = ising_weights(J, h), {}
        z = mpmath.fsum(w for _, w in table)
        for s, w in table:
            key = tuple((s[k] + 1) // 2 for k in spins)
            found[key] = found.get(key, 0) + w / z
        return found


# Gaussians ---------------------------------------------------------------------------


def gaussian_terms(x, mean, covariance):
    """Squared distance (x - mu)^T Sigma^-1 (x - mu) and ln det Sigma."""
    with mpmath.workdps(DIGITS):
        sigma = mpmath.matrix(covariance)
        d = mpmath.matrix(x) - mpmath.matrix(mean)
        distance = (d.T * mpmath.lu_solve(sigma, d))[0]
        return distance, mpmath.log(mpmath.det(sigma))


def gaussian_log_prob(x, mean, covariance):
    """Log density at one point."""
    with mpmath.workdps(DIGITS):
        distance, log_det = gaussian_terms(x, mean, covariance)
        return -(distance + log_det + len(mean) * mpmath.log(2 * mpmath.pi)) / 2


def gaussian_score(x, mean, covariance):
    """-Sigma^-1 (x - mu) at one point."""
    with mpmath.workdps(DIGITS):
        d = mpmath.matrix(x) - mpmath.matrix(mean)
        return list(-mpmath.lu_solve(mpmath.matrix(covariance), d))


def gaussian_kl_terms(mean_p, covariance_p, mean_q, covariance_q):
    """Trace, ln det p, ln det q and squared distance of the means."""
    with mpmath.workdps(DIGITS):
        sigma_p, sigma_q = mpmath.matrix(covariance_p), mpmath.matrix(covariance_q)
        ratio = mpmath.inverse(sigma_q) * sigma_p
        trace = mpmath.fsum(ratio[i, i] for i in range(len(mean_p)))
        distance, log_det_q = gaussian_terms(mean_p, mean_q, covariance_q)
        return trace, mpmath.log(mpmath.det(sigma_p)), log_det_q, distance


def gaussian_kl(mean_p, covariance_p, mean_q, covariance_q):
    """D(p || q) of two Gaussians."""
    with mpmath.workdps(DIGITS):
        trace, log_det_p, log_det_q, distance = gaussian_kl_terms(
            mean_p, covariance_p, mean_q, covariance_q
        )
        return (trace - len(mean_p) - log_det_p + log_det_q + distance) / 2


def mean_and_covariance(rows):
    """Exact mean and covariance (divisor n) of a list of rows, as fractions."""
    rows = [[Fraction(v) for v in row] for row in rows]
    n, columns = len(rows), range(len(rows[0]))
    mean = [sum(row[j] for row in rows) / n for j in columns]
    covariance = [
        [sum((row[j] - mean[j]) * (row[k] - mean[k]) for row in rows) / n for k in columns]
        for j in columns
    ]
    return mean, covariance


# Determinants ------------------------------------------------------------------------


def without(a, i, j):
    """Matrix without row i and column j."""
    return [[v for c, v in enumerate(row) if c != j] for r, row in enumerate(a) if r != i]


def det(a):
    """Determinant by expansion along the first row, exact."""
    if not a:
        return Fraction(1)
    return sum((-1) ** j * Fraction(a[0][j]) * det(without(a, 0, j)) for j in range(len(a)))


def adjugate(a):
    """Transposed matrix of cofactors, exact."""
    size = range(len(a))
    return [[(-1) ** (i + j) * det(without(a, j, i)) for j in size] for i in size]


# Hidden variables --------------------------------------------------------------------


def evidence(joint):
    """Return ln of the sum of exp over each row of a table of ln q(x, z)."""
    with mpmath.workdps(DIGITS):
        return [_log_sum(row) for row in joint]


def posterior(joint):
    """Rows of q(z | x)."""
    with mpmath.workdps(DIGITS):
        totals = evidence(joint)
        return [
            [mpmath.exp(mpmath.mpf(v) - total) for v in row]
            for row, total in zip(joint, totals, strict=True)
        ]


def lower_bound(joint, r):
    """Sum over z of r ln(q / r) for each row, with 0 ln 0 = 0."""
    with mpmath.workdps(DIGITS):
        return [
            mpmath.fsum(
                a * (mpmath.mpf(v) - mpmath.log(a))
                for v, a in zip(row, map(mpmath.mpf, weights), strict=True)
                if a > 0
            )
            for row, weights in zip(joint, r, strict=True)
        ]


def q_function(joint, r):
    """Mean over the rows of the sum over z of r ln q, with 0 times -inf = 0."""
    with mpmath.workdps(DIGITS):
        total = mpmath.fsum(
            a * mpmath.mpf(v)
            for row, weights in zip(joint, r, strict=True)
            for v, a in zip(row, map(mpmath.mpf, weights), strict=True)
            if a > 0
        )
        return total / len(joint)


def _log_sum(logs):
    logs = [mpmath.mpf(v) for v in logs]
    top = max(logs)
    if top == mpmath.mpf("-inf"):
        return top
    return top + mpmath.log(mpmath.fsum(mpmath.exp(v - top) for v in logs))


# Mixtures ----------------------------------------------------------------------------


def mixture_joint(rows, weights, means, covariances):
    """Return ln(C_k N(x_i; mu_k, Sigma_k)), a row for each point, a column for each k."""
    with mpmath.workdps(DIGITS):
        parts = []
        for weight, mean, covariance in zip(weights, means, covariances, strict=True):
            sigma = mpmath.matrix(covariance)
            log_det = mpmath.log(mpmath.det(2 * mpmath.pi * sigma))
            log_weight = mpmath.log(weight) if weight else mpmath.mpf("-inf")
            parts.append((log_weight - log_det / 2, mean, mpmath.inverse(sigma)))
        return [
            [offset - _square(row, mean, inverse) / 2 for offset, mean, inverse in parts]
            for row in rows
        ]


def mixture_score(rows, weights, means, covariances):
    """Return the terms gamma_k Sigma_k^-1 (mu_k - x) of the score, by point, k and axis."""
    with mpmath.workdps(DIGITS):
        gamma = posterior(mixture_joint(rows, weights, means, covariances))
        inverses = [mpmath.inverse(mpmath.matrix(covariance)) for covariance in covariances]
        return [
            [
                list(r * (inverse * (mpmath.matrix(mean) - mpmath.matrix(row))))
                for r, mean, inverse in zip(shares, means, inverses, strict=True)
            ]
            for row, shares in zip(rows, gamma, strict=True)
        ]


def weighted_sums(rows, gamma, reference):
    """Sums of gamma, gamma d and gamma d d^T with d = x - r_k, for each component.

    Exact where gamma holds fractions.
    """
    with mpmath.workdps(DIGITS):
        number = _numbers(gamma)
        columns, found = range(len(rows[0])), []
        for k, point in enumerate(reference):
            shares = [number(shares[k]) for shares in gamma]
            d = [[number(v) - number(p) for v, p in zip(row, point, strict=True)] for row in rows]
            first = [sum(r * e[j] for r, e in zip(shares, d, strict=True)) for j in columns]
            second = [
                [sum(r * e[j] * e[m] for r, e in zip(shares, d, strict=True)) for m in columns]
                for j in columns
            ]
            found.append((sum(shares), first, second))
        return found


def weighted_fit(rows, gamma):
    """Weights, means and covariances that maximise Q: the formulas as they stand.

    Exact where gamma holds fractions.
    """
    with mpmath.workdps(DIGITS):
        number, columns = _numbers(gamma), range(len(rows[0]))
        weights, means, covariances = [], [], []
        for k in range(len(gamma[0])):
            shares = [number(shares[k]) for shares in gamma]
            count = sum(shares)
            mean = [
                sum(r * number(row[j]) for r, row in zip(shares, rows, strict=True)) / count
                for j in columns
            ]
            ((_, _, second),) = weighted_sums(rows, [[r] for r in shares], [mean])
            weights.append(count / len(rows))
            means.append(mean)
            covariances.append([[v / count for v in line] for line in second])
        return weights, means, covariances


def bernoulli_joint(rows, weights, probabilities):
    """Return ln(C_k prod_j p^x (1 - p)^(1 - x)); -inf for what cannot be."""
    with mpmath.workdps(DIGITS):
        table = []
        for row in rows:
            line = []
            for weight, p in zip(weights, probabilities, strict=True):
                value = Fraction(weight)
                for bit, chance in zip(row, map(Fraction, p), strict=True):
                    value *= chance if bit else 1 - chance
                ratio = mpmath.mpf(value.numerator) / value.denominator
                line.append(mpmath.log(ratio) if value else mpmath.mpf("-inf"))
            table.append(line)
        return table


# Restricted Boltzmann machines -------------------------------------------------------


def rbm_energy(x, z, W, b, c):
    """Minus x^T W z, minus b.x, minus c.z, exact."""
    x, z = [int(v) for v in x], [int(v) for v in z]
    pairs = sum(
        Fraction(W[k][m]) * x[k] * z[m] for k in range(len(b)) for m in range(len(c)) if W[k][m]
    )
    ours = sum(Fraction(v) * s for v, s in zip(b, x, strict=True))
    return -pairs - ours - sum(Fraction(v) * s for v, s in zip(c, z, strict=True))


def rbm_weights(W, b, c):
    """Map (x, z) to exp(-energy), over all states of both layers."""
    with mpmath.workdps(DIGITS):
        found = {}
        for x, z in itertools.product(states(len(b)), states(len(c))):
            e = -rbm_energy(x, z, W, b, c)
            found[x, z] = mpmath.exp(mpmath.mpf(e.numerator) / e.denominator)
        return found


def rbm_layers(weights):
    """Sum the table of `rbm_weights` to Z, the weight of each x and that of each z."""
    with mpmath.workdps(DIGITS):
        visible, hidden = {}, {}
        for (x, z), w in weights.items():
            visible[x] = visible.get(x, 0) + w
            hidden[z] = hidden.get(z, 0) + w
        return mpmath.fsum(hidden.values()), visible, hidden


def rbm_moments(weights):
    """Means of x z^T, x and z over a table of weights, whatever their sum."""
    with mpmath.workdps(DIGITS):
        total = mpmath.fsum(weights.values())
        N, H = (len(layer) for layer in next(iter(weights)))

        def mean(of):
            return mpmath.fsum(w * of(x, z) for (x, z), w in weights.items()) / total

        pairs = [[mean(lambda x, z, k=k, m=m: x[k] * z[m]) for m in range(H)] for k in range(N)]
        visible = [mean(lambda x, z, k=k: x[k]) for k in range(N)]
        return pairs, visible, [mean(lambda x, z, m=m: z[m]) for m in range(H)]


def rbm_sweep(weights):
    """Rows of the sum over z of q(x' | z) q(z | x): one sweep of block Gibbs sampling."""
    with mpmath.workdps(DIGITS):
        _, visible, hidden = rbm_layers(weights)
        return [
            [
                mpmath.fsum(weights[x, z] / visible[x] * weights[y, z] / hidden[z] for z in hidden)
                for y in visible
            ]
            for x in visible
        ]


def rbm_data_moments(weights, shares):
    """Means of x z^T, x and z where x has the given probabilities and z is given x."""
    with mpmath.workdps(DIGITS):
        _, visible, _ = rbm_layers(weights)
        return rbm_moments({(x, z): shares[x] * w / visible[x] for (x, z), w in weights.items()})


def rbm_after_sweeps(weights, rows, steps):
    """Probability of each x after some sweeps of block Gibbs sampling from a row at random."""
    with mpmath.workdps(DIGITS):
        _, visible, _ = rbm_layers(weights)
        sweep, names = rbm_sweep(weights), list(visible)
        shares = [mpmath.mpf(sum(tuple(row) == x for row in rows)) / len(rows) for x in names]
        for _ in range(steps):
            shares = [
                mpmath.fsum(p * line[j] for p, line in zip(shares, sweep, strict=True))
                for j in range(len(names))
            ]
        return dict(zip(names, shares, strict=True))


def rbm_pseudo_log_likelihood(weights, rows):
    """Mean over the rows of the sum over k of ln q(x_k | the other units)."""
    with mpmath.workdps(DIGITS):
        _, visible, _ = rbm_layers(weights)
        total = mpmath.mpf(0)
        for row in map(tuple, rows):
            for k, v in enumerate(row):
                turned = (*row[:k], -v, *row[k + 1 :])
                total += mpmath.log(visible[row] / (visible[row] + visible[turned]))
        return total / len(rows)


def rbm_completions(weights, row):
    """Probability of each completion of a row that has None where nothing was seen."""
    with mpmath.workdps(DIGITS):
        _, visible, _ = rbm_layers(weights)
        agree = {
            x: w
            for x, w in visible.items()
            if all(r is None or r == v for r, v in zip(row, x, strict=True))
        }
        total = mpmath.fsum(agree.values())
        return {x: w / total for x, w in agree.items()}


def _square(row, mean, inverse):
    d = mpmath.matrix(row) - mpmath.matrix(mean)
    return (d.T * inverse * d)[0]


def _numbers(gamma):
    exact = all(isinstance(r, Fraction) for shares in gamma for r in shares)
    return Fraction if exact else mpmath.mpf
