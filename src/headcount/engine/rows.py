"""The likelihood of one row and its derivatives with respect to its mean and sd; see docs/model.md."""

from __future__ import annotations

import math

from numba import njit

from headcount.engine.tails import digamma, hazard, log_density, log_tail

__all__ = ["bound_row", "interval_row", "stated_row", "survey_row"]

NEARLY_ZERO = -1e-10


@njit(cache=True, nogil=True, error_model="numpy")
def stated_row(value: float, mu: float, sd: float, normal: bool) -> tuple[float, float, float]:  # noqa: FBT001
    """Return log density of a stated logarithm, and its derivatives by mu and sd."""
    z = (value - mu) / sd
    slope = -z if normal else -5 * z / (4 + z * z)
    return log_density(z, normal) - math.log(sd), -slope / sd, -(1 + slope * z) / sd


@njit(cache=True, nogil=True, error_model="numpy")
def bound_row(
    bound: float,
    side: float,
    mu: float,
    sd: float,
    normal: bool,  # noqa: FBT001
) -> tuple[float, float, float]:
    """Return log probability of one side of a bound (+1 below, -1 above), and its derivatives."""
    z = -side * (bound - mu) / sd
    slope = -hazard(z, normal)
    return log_tail(z, normal), slope * side / sd, -slope * z / sd


@njit(cache=True, nogil=True, error_model="numpy")
def interval_row(
    low: float,
    high: float,
    mu: float,
    sd: float,
    normal: bool,  # noqa: FBT001
) -> tuple[float, float, float]:
    """Return log probability of an interval and its derivatives, computed in the tail where both ends are precise."""
    a, b = (low - mu) / sd, (high - mu) / sd
    side = 1.0 if a + b > 0 else -1.0
    near, far = (a, b) if side > 0 else (-b, -a)
    tail = log_tail(near, normal)
    total = tail + math.log(-math.expm1(log_tail(far, normal) - tail))
    by_near = -math.exp(log_density(near, normal) - total)
    by_far = math.exp(log_density(far, normal) - total)
    return total, -side * (by_near + by_far) / sd, -(by_near * near + by_far * far) / sd


@njit(cache=True, nogil=True, error_model="numpy")
def survey_row(
    k: float, n: float, mu: float, log_selection: float, log_concentration: float
) -> tuple[float, float, float, float]:
    """Return log probability of k of n, and its derivatives by mu, log selection and log concentration."""
    part = min(mu, NEARLY_ZERO)
    logit = part - math.log(-math.expm1(part)) + log_selection
    chance = 1 / (1 + math.exp(-logit))
    weight = math.exp(log_concentration)
    alpha, beta = weight * chance, weight / (1 + math.exp(logit))
    total = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    total += math.lgamma(k + alpha) + math.lgamma(n - k + beta) - math.lgamma(n + weight)
    total += math.lgamma(weight) - math.lgamma(alpha) - math.lgamma(beta)
    shared = digamma(weight) - digamma(n + weight)
    by_alpha = digamma(k + alpha) - digamma(alpha) + shared
    by_beta = digamma(n - k + beta) - digamma(beta) + shared
    by_logit = (by_alpha - by_beta) * weight * chance / (1 + math.exp(logit))
    by_mu = -by_logit / math.expm1(part) if mu < NEARLY_ZERO else 0.0
    return total, by_mu, by_logit, by_alpha * alpha + by_beta * beta
