"""A test of uniform ranks, and a band that contains their whole empirical distribution at once.

After Säilynoja, Bürkner and Vehtari [1]_: the number of studies with a rank of at most r is
binomial for each r, and the test statistic is the smallest tail probability over all r. Its
distribution under uniform ranks is computed exactly, by following the number of studies from one
rank to the next, so that very small p-values are exact too and many quantities can be tested
together. ArviZ has the band, by simulation, for values that are no ranks, and no p-value.

References
----------
.. [1] Säilynoja, T., Bürkner, P.-C. and Vehtari, A. (2022). Graphical test for discrete uniformity
   and its applications in goodness-of-fit evaluation and multiple sample comparison. Statistics and
   Computing 32, 32. https://doi.org/10.1007/s11222-022-10090-6
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from scipy import stats

from headcount._types import BoolArray, FloatArray, IntArray

__all__ = ["UniformityTest", "uniformity_test"]

ROUNDING: Final = 1e-9
"""Tail probabilities with a smaller relative difference are equal: those of mirrored ranks differ
in their last digits."""


@dataclass(frozen=True, eq=False)
class UniformityTest:
    """The test for one number of studies and one number of draws.

    Parameters
    ----------
    studies, rank_draws
        Number of studies, and of draws that the truth is ranked among: ranks are 0 to
        ``rank_draws``.
    tails
        Twice the smaller tail probability of each number of studies with a rank of at most 0, 1,
        ..., one below the largest; dims (rank, count).
    """

    studies: int
    rank_draws: int
    tails: FloatArray

    def counts(self, ranks: IntArray) -> IntArray:
        """Return the number of studies with a rank of at most 0, 1, ..., one below the largest.

        Parameters
        ----------
        ranks
            Dims (study,).

        Returns
        -------
        numpy.ndarray
            Dims (rank,).
        """
        return np.bincount(ranks, minlength=self.rank_draws + 1).cumsum()[:-1]

    def p_value(self, ranks: IntArray) -> float:
        """Return the probability of an empirical distribution at least as extreme, if uniform.

        Parameters
        ----------
        ranks
            Dims (study,).

        Returns
        -------
        float
            Exact but for rounding.
        """
        extreme = float(self.tails[np.arange(self.rank_draws), self.counts(ranks)].min())
        return float(np.clip(1 - self._inside(self.tails > extreme * (1 + ROUNDING)), 0, 1))

    def band(self, prob: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Return the narrowest band that contains the whole empirical distribution.

        Parameters
        ----------
        prob
            Smallest probability with which the band contains all of it if ranks are uniform.

        Returns
        -------
        tuple of numpy.ndarray
            Lowest and highest fraction of studies with a rank of at most 0, 1, ..., one below the
            largest; dims (rank,).
        """
        steps = np.unique(self.tails)
        wide = bisect.bisect_left(
            range(len(steps)), 1, key=lambda i: self._inside(self.tails > steps[i]) < prob
        )
        inside = self.tails > steps[max(wide - 1, 0)]
        low, high = inside.argmax(axis=1), self.studies - inside[:, ::-1].argmax(axis=1)
        return low / self.studies, high / self.studies

    def _inside(self, allowed: BoolArray) -> float:
        """Return the probability that all counts are allowed, dims (rank, count), if uniform."""
        before, probability = np.zeros(1, dtype=np.int64), np.ones(1)
        for rank, own in enumerate(allowed):
            after = np.flatnonzero(own)
            # Each study whose rank is not below this one has this rank with the same probability.
            chance = 1 / (self.rank_draws + 1 - rank)
            probability = (
                stats.binom.pmf(after[:, None] - before, self.studies - before, chance)
                @ probability
            )
            before = after
        return float(probability.sum())


@lru_cache(maxsize=32)
def uniformity_test(studies: int, rank_draws: int) -> UniformityTest:
    """Return the test for a number of studies and ranks 0 to ``rank_draws``.

    Parameters
    ----------
    studies
        Number of ranks of a quantity.
    rank_draws
        Largest rank.

    Returns
    -------
    UniformityTest
        The test.

    Examples
    --------
    >>> import numpy as np
    >>> test = uniformity_test(studies=100, rank_draws=99)
    >>> test.p_value(np.arange(100)) > 0.99
    True
    >>> test.p_value(np.arange(100) // 2) < 0.001
    True
    """
    chance = (np.arange(1, rank_draws + 1) / (rank_draws + 1))[:, None]
    counts = np.arange(studies + 1)
    below, above = (
        stats.binom.cdf(counts, studies, chance),
        stats.binom.sf(counts - 1, studies, chance),
    )
    return UniformityTest(studies, rank_draws, 2 * np.minimum(below, above))
