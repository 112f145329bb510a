"""Overlaps: how many of those on one list are on another, where being on one says something about
being on the other.
"""

from __future__ import annotations

import numpy as np

__all__ = ["chance_on_second"]


def chance_on_second(log_first: float, log_second: float, odds_ratio: float) -> tuple[float, float]:
    """Compute the chance to be on the second of two lists for those on the first.

    Parameters
    ----------
    log_first, log_second
        Logarithms of the parts of all people that are on each list; below 0.
    odds_ratio
        Of being on both, above 0; at 1 the lists are independent.

    Returns
    -------
    tuple of float
        The chance and its complement, both with their digits.
    """
    log_not_second = float(np.log(-np.expm1(log_second)))
    # Not being on the second list has the inverse odds ratio with being on the first.
    return _chance(log_first, log_second, odds_ratio), _chance(
        log_first, log_not_second, 1 / odds_ratio
    )


def _chance(log_first: float, log_second: float, odds_ratio: float) -> float:
    """Return the cell of the two-by-two table with these margins and this odds ratio, over the
    first margin.
    """
    first, second, excess = np.exp(log_first), np.exp(log_second), odds_ratio - 1
    s = 1 + (first + second) * excess
    # s^2 - 4 theta (theta - 1) c1 c2, written as a sum of what is not negative.
    if excess > 0:
        inside = (1 + excess * (first - second)) ** 2 - 4 * excess * second * np.expm1(log_first)
    else:
        inside = s**2 - 4 * odds_ratio * excess * first * second
    return float(2 * odds_ratio * second / (s + np.sqrt(inside)))
