"""Coverage of several quantities of the same studies, and adjusted p-values of several tests."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from headcount._types import BoolArray, FloatArray, IntArray

__all__ = ["PooledCoverage", "holm", "pool_coverage"]


class PooledCoverage(NamedTuple):
    """How often intervals contain the true value.

    Attributes
    ----------
    fraction
        Fraction of the intervals that do.
    error
        Its Monte Carlo standard deviation.
    p_value
        Probability of a fraction at least as far from the nominal one if intervals are right.
    """

    fraction: float
    error: float
    p_value: float


def pool_coverage(inside: BoolArray, ranks: IntArray, prob: float) -> PooledCoverage:
    """Compare the coverage of intervals with the nominal one.

    Parameters
    ----------
    inside
        Whether each interval contains the truth, dims (study, quantity).
    ranks
        Ranks of the same quantities, dims (study, quantity).
    prob
        Nominal probability of the intervals.

    Returns
    -------
    PooledCoverage
        Of one quantity by the binomial distribution. Quantities of one study share its errors, so
        the error of several comes from the spread between studies. A few studies may agree by
        chance; the spread is then at least the one that the correlation r of ranks implies: for
        normal quantities the correlation of "inside the central interval" is at most the square of
        r.
    """
    studies, count = inside.shape
    fraction = float(inside.mean())
    least = np.sqrt(prob * (1 - prob) * _mean_squared_correlation(ranks) / studies)
    if count == 1:
        found = stats.binomtest(int(inside.sum()), studies, prob)
        return PooledCoverage(fraction, float(least), float(found.pvalue))
    error = max(float(inside.mean(axis=1).std(ddof=1)) / np.sqrt(studies), float(least))
    p_value = float(2 * stats.norm.sf(abs(fraction - prob) / error))
    return PooledCoverage(fraction, error, p_value)


def holm(p_values: FloatArray) -> FloatArray:
    """Adjust p-values for their number, whatever the dependence between the tests.

    Parameters
    ----------
    p_values
        Of all tests, dims (test,).

    Returns
    -------
    numpy.ndarray
        Smallest family-wise error rate at which Holm's method rejects each test; dims (test,).

    Examples
    --------
    >>> import numpy as np
    >>> holm(np.array([0.01, 0.2, 0.02])).round(2).tolist()
    [0.03, 0.2, 0.04]
    """
    order = np.argsort(p_values)
    steps = np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * steps), 1)
    return adjusted


def _mean_squared_correlation(ranks: IntArray) -> float:
    """Return the mean over all pairs, each with itself included: 1/n for n independent columns."""
    if ranks.shape[1] == 1:
        return 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.corrcoef(ranks, rowvar=False)
    # Constant ranks have no correlation; 1 is the cautious choice.
    return float((np.nan_to_num(correlation, nan=1.0) ** 2).mean())
