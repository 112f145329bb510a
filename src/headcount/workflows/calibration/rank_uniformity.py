"""Are ranks uniform? A test and a band that hold for the whole empirical distribution at once.

After Säilynoja, Bürkner and Vehtari [1]_: how many studies have a rank of at most r is binomial for
each r, and the least likely of these numbers, over all r, is what the test and the band are about.
How unlikely the least likely one is when ranks are uniform is computed exactly, by following the
number of studies from one rank to the next: no p-value is too small to be told from zero, so that
many quantities can be tested together. ArviZ has the band, by simulation, for values that are not
ranks, and no p-value.

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

__all__ = ["Uniformity", "uniformity_of"]

ROUNDING: Final = 1e-9
"""Tail probabilities that differ by less, relatively, are equal: those of mirrored ranks differ in
their last digits."""


@dataclass(frozen=True, eq=False)
class Uniformity:
    """The test for ranks of one number of studies among one number of draws.

    Parameters
    ----------
    studies, ranked
        Numbers of studies, and of draws that the truth is ranked among: ranks are 0 to ``ranked``.
    tails
        Twice the smaller tail probability of each number of studies with a rank of at most 0, 1,
        ..., one below the largest; dims (rank, count).
    """

    studies: int
    ranked: int
    tails: FloatArray

    @property
    def chances(self) -> FloatArray:
        """Chance of a uniform rank of at most 0, 1, ..., one below the largest; dims (rank,)."""
        return np.arange(1, self.ranked + 1) / (self.ranked + 1)

    def counts(self, ranks: IntArray) -> IntArray:
        """Return how many ranks, dims (study,), are at most 0, 1, ..., one below the largest; dims
        (rank,).
        """
        return np.bincount(ranks, minlength=self.ranked + 1).cumsum()[:-1]

    def p_value(self, ranks: IntArray) -> float:
        """Return how likely an empirical distribution as odd as that of the ranks, dims (study,),
        is if they are uniform.
        """
        extreme = float(self.tails[np.arange(self.ranked), self.counts(ranks)].min())
        return float(np.clip(1 - self._inside(self.tails > extreme * (1 + ROUNDING)), 0, 1))

    def band(self, prob: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Return the narrowest band that holds the whole empirical distribution of uniform ranks
        with a probability.

        Parameters
        ----------
        prob
            At least so probable.

        Returns
        -------
        tuple of numpy.ndarray
            Lowest and highest part of the studies with a rank of at most 0, 1, ..., one below the
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
        """Return how likely all counts of uniform ranks are among those that are allowed, dims
        (rank, count).
        """
        before, probability = np.zeros(1, dtype=np.int64), np.ones(1)
        for rank, own in enumerate(allowed):
            after = np.flatnonzero(own)
            # Of the studies whose rank is not below this one, each has it with the same chance.
            chance = 1 / (self.ranked + 1 - rank)
            probability = (
                stats.binom.pmf(after[:, None] - before, self.studies - before, chance)
                @ probability
            )
            before = after
        return float(probability.sum())


@lru_cache(maxsize=32)
def uniformity_of(studies: int, ranked: int) -> Uniformity:
    """Return the test for a number of studies and ranks 0 to ``ranked``.

    Parameters
    ----------
    studies
        How many ranks there are of a quantity.
    ranked
        Largest rank.

    Returns
    -------
    Uniformity
        The test.

    Examples
    --------
    >>> import numpy as np
    >>> test = uniformity_of(studies=100, ranked=99)
    >>> test.p_value(np.arange(100)) > 0.99
    True
    >>> test.p_value(np.arange(100) // 2) < 0.001
    True
    """
    chance = (np.arange(1, ranked + 1) / (ranked + 1))[:, None]
    counts = np.arange(studies + 1)
    below, above = (
        stats.binom.cdf(counts, studies, chance),
        stats.binom.sf(counts - 1, studies, chance),
    )
    return Uniformity(studies, ranked, 2 * np.minimum(below, above))
