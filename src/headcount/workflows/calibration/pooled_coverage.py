"""Coverage of many quantities of the same studies, and p-values of many tests."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from headcount._types import BoolArray, FloatArray, IntArray

__all__ = ["Coverage", "coverage_of", "holm"]


class Coverage(NamedTuple):
    """How often intervals hold the truth.

    Attributes
    ----------
    share
        Part of the intervals that do.
    error
        Its Monte Carlo sd.
    p_value
        How likely a share so far off is if intervals are right.
    """

    share: float
    error: float
    p_value: float


def coverage_of(inside: BoolArray, ranks: IntArray, prob: float) -> Coverage:
    """Compare how often intervals hold the truth with how often they should.

    Parameters
    ----------
    inside
        Whether they do, dims (study, quantity).
    ranks
        Of the same quantities, dims (study, quantity).
    prob
        Of the intervals.

    Returns
    -------
    Coverage
        Of one quantity by the binomial distribution. Quantities of one study share its errors, so
        that of several comes from the spread between studies. Few studies may happen to agree; the
        spread is then taken to be what the correlation r of ranks comes to: of "inside the central
        interval", the correlation is at most the square of r for normal quantities.
    """
    studies, count = inside.shape
    share = float(inside.mean())
    least = np.sqrt(prob * (1 - prob) * _shared(ranks) / studies)
    if count == 1:
        found = stats.binomtest(int(inside.sum()), studies, prob)
        return Coverage(share, float(least), float(found.pvalue))
    error = max(float(inside.mean(axis=1).std(ddof=1)) / np.sqrt(studies), float(least))
    return Coverage(share, error, float(2 * stats.norm.sf(abs(share - prob) / error)))


def holm(p_values: FloatArray) -> FloatArray:
    """Adjust p-values for their number, whatever the dependence between the tests.

    Parameters
    ----------
    p_values
        Of all tests, dims (test,).

    Returns
    -------
    numpy.ndarray
        Smallest level of the whole at which each test rejects, by Holm's method; dims (test,).

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


def _shared(ranks: IntArray) -> float:
    """Return the mean squared correlation of all pairs, each with itself among them: 1 for one, 1/n
    for n that share nothing.
    """
    if ranks.shape[1] == 1:
        return 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.corrcoef(ranks, rowvar=False)
    # Ranks that are all the same correlate with everything, as far as anybody can tell.
    return float((np.nan_to_num(correlation, nan=1.0) ** 2).mean())
