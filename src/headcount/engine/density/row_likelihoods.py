"""The log likelihood of one row, and its derivatives by location and dispersion."""

from __future__ import annotations

import math

from headcount.engine.density.tails import digamma, expit, hazard, log_density, log_tail
from headcount.engine.numba_support.compilation import inner

__all__ = [
    "beta_binomial_row",
    "bound_row",
    "interval_row",
    "overlap_odds",
    "stated_row",
    "survey_odds",
]

NEARLY_ZERO = -1e-10
"""Largest log share of a list or scope among all people, so that log odds stay finite where a ratio
rounds to 1."""

LEAST = 1e-300
"""Least parameter of a beta distribution: concentration times a chance near e^-700 is zero."""

MANY = 1e5
"""Above it, differences of log gamma functions follow Stirling's formula, whose digits do not
cancel."""


@inner
def stated_row(value: float, mu: float, sd: float, normal: bool) -> tuple[float, float, float]:  # noqa: FBT001
    """Return the log density of a stated logarithm, and its derivatives by mu and sd."""
    z = (value - mu) / sd
    slope = -z if normal else -5 * z / (4 + z * z)
    return log_density(z, normal) - math.log(sd), -slope / sd, -(1 + slope * z) / sd


@inner
def bound_row(
    bound: float,
    side: float,
    mu: float,
    sd: float,
    normal: bool,  # noqa: FBT001
) -> tuple[float, float, float]:
    """Return the log probability of a side of a bound (+1 below, -1 above), and its derivatives."""
    z = -side * (bound - mu) / sd
    slope = -hazard(z, normal)
    return log_tail(z, normal), slope * side / sd, -slope * z / sd


@inner
def interval_row(
    low: float,
    high: float,
    mu: float,
    sd: float,
    normal: bool,  # noqa: FBT001
) -> tuple[float, float, float]:
    """Return the log probability of an interval, and its derivatives by mu and sd.

    It is computed in the tail in which both ends are precise.
    """
    a, b = (low - mu) / sd, (high - mu) / sd
    side = 1.0 if a + b > 0 else -1.0
    near, far = (a, b) if side > 0 else (-b, -a)
    tail = log_tail(near, normal)
    total = tail + math.log(-math.expm1(log_tail(far, normal) - tail))
    by_near = -math.exp(log_density(near, normal) - total)
    by_far = math.exp(log_density(far, normal) - total)
    return total, -side * (by_near + by_far) / sd, -(by_near * near + by_far * far) / sd


@inner
def beta_binomial_row(
    k: float, n: float, logit: float, log_concentration: float
) -> tuple[float, float, float]:
    """Return the beta-binomial log probability of k of n people.

    Return its derivatives by the log odds and by the log concentration, too.
    """
    chance, against = expit(logit), expit(-logit)
    weight = math.exp(log_concentration)
    alpha, beta = max(weight * chance, LEAST), max(weight * against, LEAST)
    total = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    total += _log_rising(alpha, k) + _log_rising(beta, n - k) - _log_rising(weight, n)
    shared = _rising_slope(weight, n)
    by_alpha, by_beta = _rising_slope(alpha, k) - shared, _rising_slope(beta, n - k) - shared
    return (
        total,
        (by_alpha - by_beta) * weight * chance * against,
        by_alpha * alpha + by_beta * beta,
    )


@inner
def survey_odds(log_part: float, log_selection: float) -> tuple[float, float]:
    """Return the log odds of an answer that a share of all people would give.

    Return the derivative by the log share, too.
    """
    part = min(log_part, NEARLY_ZERO)
    gap = -math.expm1(part)
    return part - math.log(gap) + log_selection, 1 / gap if log_part < NEARLY_ZERO else 0.0


@inner
def overlap_odds(
    first: float, second: float, log_dependence: float
) -> tuple[float, float, float, float]:
    """Return the log odds of being on the second list for those on the first.

    Parameters
    ----------
    first, second
        Logarithms of the chances of being on each list.
    log_dependence
        Logarithm of the odds ratio between the two; see Plackett (1965),
        https://doi.org/10.1080/01621459.1965.10480807.

    Returns
    -------
    tuple
        Log odds, and the derivatives by the three arguments.
    """
    c1, c2 = math.exp(min(first, NEARLY_ZERO)), math.exp(min(second, NEARLY_ZERO))
    away1, away2 = -math.expm1(min(first, NEARLY_ZERO)), -math.expm1(min(second, NEARLY_ZERO))
    theta = math.exp(log_dependence)
    # With o the odds in question, those for people who are not on the first list are o / theta, and
    # both together make c1 o / (1 + o) + (1 - c1) o / (theta + o) = c2: a quadratic (1 - c2) o^2 +
    # b o - c2 theta = 0 with one positive root.
    b = c1 * theta + away1 - c2 * (1 + theta)
    root = math.sqrt(b * b + 4 * away2 * c2 * theta)
    odds = 2 * c2 * theta / (b + root) if b > 0 else (root - b) / (2 * away2)
    by_first = -(theta - 1) / root * c1 if first < NEARLY_ZERO else 0.0
    by_second = (odds + 1 + theta + theta / odds) / root * c2 if second < NEARLY_ZERO else 0.0
    return math.log(odds), by_first, by_second, theta * (c2 / odds - c1 + c2) / root


@inner
def _log_rising(a: float, n: float) -> float:
    """Return log Gamma(a + n) - log Gamma(a).

    For large a it is near n log a, the difference of two numbers that are much larger.
    """
    if a < MANY:
        return math.lgamma(a + n) - math.lgamma(a)
    return (a - 0.5) * math.log1p(n / a) + n * math.log(a + n) - n + _stirling(a + n) - _stirling(a)


@inner
def _stirling(a: float) -> float:
    """Return the remainder of Stirling's formula for log Gamma at large a."""
    return (1 / 12 - (1 / 360 - 1 / (1260 * a * a)) / (a * a)) / a


@inner
def _rising_slope(a: float, n: float) -> float:
    """Return the derivative of `_log_rising` by a."""
    if a < MANY:
        return digamma(a + n) - digamma(a)
    return (
        math.log1p(n / a) + 0.5 * n / (a * (a + n)) + (1 / (a * a) - 1 / ((a + n) * (a + n))) / 12
    )
