"""Log densities, tails and special functions for compiled code, with their derivatives."""

from __future__ import annotations

import math

from headcount._types import FloatArray
from headcount.engine.numba_support.compilation import inner

__all__ = [
    "LOG_T4",
    "digamma",
    "expit",
    "hazard",
    "log_density",
    "log_expit",
    "log_expit_and_slope",
    "log_sum",
    "log_tail",
    "softplus",
]

LOG_T4 = math.lgamma(2.5) - math.lgamma(2.0) - 0.5 * math.log(4 * math.pi)
LOG_NORMAL = -0.5 * math.log(2 * math.pi)
FAR = 5.0
"""Number of sds beyond which the normal tail follows its continued fraction, as erfc would lose
digits."""


@inner
def log_density(z: float, normal: bool) -> float:  # noqa: FBT001 - compiled code takes no keywords cheaply
    """Return the standard log density at z: normal, or Student's t with four degrees of freedom."""
    if normal:
        return LOG_NORMAL - 0.5 * z * z
    return LOG_T4 - 2.5 * math.log1p(z * z / 4)


@inner
def log_tail(z: float, normal: bool) -> float:  # noqa: FBT001 - as above
    """Return log Pr(Z > z), without loss in either tail."""
    if normal:
        if z < FAR:
            return math.log(0.5 * math.erfc(z / math.sqrt(2.0)))
        return LOG_NORMAL - 0.5 * z * z - math.log(_inverse_mills(z))
    root = math.sqrt(4 + z * z)
    gap = 4 / (root * (root + z)) if z > 0 else 1 - z / root
    return 2 * math.log(gap) + math.log(2 + z / root) - math.log(4.0)


@inner
def hazard(z: float, normal: bool) -> float:  # noqa: FBT001 - as above
    """Return density over tail at z: minus the derivative of `log_tail`."""
    return math.exp(log_density(z, normal) - log_tail(z, normal))


@inner
def _inverse_mills(z: float) -> float:
    """Return density over tail of the normal for large z, by its continued fraction."""
    value = z
    for depth in range(60, 0, -1):
        value = z + depth / value
    return value


@inner
def digamma(x: float) -> float:
    """Return the derivative of log gamma for x > 0.

    A recurrence up to 10 precedes the asymptotic series.
    """
    shift = 0.0
    while x < 10.0:
        shift -= 1 / x
        x += 1
    inverse = 1 / (x * x)
    series = inverse * (
        1 / 12 - inverse * (1 / 120 - inverse * (1 / 252 - inverse * (1 / 240 - inverse / 132)))
    )
    return shift + math.log(x) - 0.5 / x - series


@inner
def softplus(x: float) -> float:
    """Return log(1 + exp(x))."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


@inner
def expit(x: float) -> float:
    """Return 1 / (1 + exp(-x))."""
    return 1 / (1 + math.exp(-x))


@inner
def log_expit(x: float) -> float:
    """Return log(1 / (1 + exp(-x)))."""
    return -softplus(-x)


@inner
def log_expit_and_slope(x: float) -> tuple[float, float]:
    """Return `log_expit` and its derivative, by one exponential."""
    small = math.exp(-abs(x))
    return min(x, 0.0) - math.log1p(small), (small if x > 0 else 1.0) / (1 + small)


@inner
def log_sum(values: FloatArray) -> float:
    """Return the log of a sum of exponentials."""
    top = values[0]
    for i in range(1, values.size):
        top = max(top, values[i])
    total = 0.0
    for i in range(values.size):
        total += math.exp(values[i] - top)
    return float(top + math.log(total))
