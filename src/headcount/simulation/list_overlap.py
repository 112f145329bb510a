"""Overlaps: the part of one list that is on another, where the lists may depend on each other."""

from __future__ import annotations

import numpy as np

__all__ = ["chance_on_second"]


def chance_on_second(log_first: float, log_second: float, odds_ratio: float) -> tuple[float, float]:
    """Return the probability of being on the second list for people on the first.

    Parameters
    ----------
    log_first, log_second
        Logarithms of the parts of all people that are on each list; below 0.
    odds_ratio
        Odds ratio between the lists, above 0; at 1 they are independent.

    Returns
    -------
    tuple of float
        The probability and its complement, each to full precision.
    """
    log_not_second = float(np.log(-np.expm1(log_second)))
    # Absence from the second list has the inverse odds ratio with presence on the first.
    return _chance(log_first, log_second, odds_ratio), _chance(
        log_first, log_not_second, 1 / odds_ratio
    )


def _chance(log_first: float, log_second: float, odds_ratio: float) -> float:
    """Return P(on both) / P(on first) in the two-by-two table with these margins."""
    first, second, excess = np.exp(log_first), np.exp(log_second), odds_ratio - 1
    s = 1 + (first + second) * excess
    # s^2 - 4 theta (theta - 1) c1 c2, written as a sum of terms that are not negative.
    if excess > 0:
        inside = (1 + excess * (first - second)) ** 2 - 4 * excess * second * np.expm1(log_first)
    else:
        inside = s**2 - 4 * odds_ratio * excess * first * second
    return float(2 * odds_ratio * second / (s + np.sqrt(inside)))
