"""Are ranks uniform? A test and a band that hold for the whole empirical distribution at once.

After Säilynoja, Bürkner and Vehtari [1]_: the number of studies whose rank is at most r is binomial for each r, and the
least likely of these numbers, over all r, is what the test and the band are about. Its distribution under uniformity is
simulated, which takes the discreteness of ranks and the dependence between neighbouring r into account.

References
----------
.. [1] Säilynoja, T., Bürkner, P.-C. and Vehtari, A. (2022). Graphical test for discrete uniformity and its applications in
   goodness-of-fit evaluation and multiple sample comparison. Statistics and Computing 32, 32.
   https://doi.org/10.1007/s11222-022-10090-6
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats

from headcount._types import FloatArray, IntArray

__all__ = ["Uniformity", "uniformity_of"]

SIMULATED = 4000
"""Sets of uniform ranks; the smallest p-value that can be told from 0 is one in so many."""

SEED = 20220415


@dataclass(frozen=True, eq=False)
class Uniformity:
    """The test for studies of one number, and ranks among one number of draws.

    Parameters
    ----------
    studies, ranked
        Numbers of studies, and of draws that the truth is ranked among: ranks are 0 to ``ranked``.
    extremes
        Least likely point of the empirical distribution of each simulated set, ascending.
    """

    studies: int
    ranked: int
    extremes: FloatArray

    def p_value(self, ranks: IntArray) -> float:
        """Return how likely an empirical distribution as odd as that of the ranks, dims (study,), were if they were uniform."""
        below = int(
            np.searchsorted(
                self.extremes, _extreme(_counts(ranks[None], self.ranked), self.studies)[0], "right"
            )
        )
        return (below + 1) / (len(self.extremes) + 1)

    def band(self, prob: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Return the band that holds the whole empirical distribution of uniform ranks with a probability; dims (rank,)."""
        gamma = float(np.quantile(self.extremes, 1 - prob))
        chance = _chances(self.ranked)
        low = stats.binom.ppf(gamma / 2, self.studies, chance)
        high = stats.binom.ppf(1 - gamma / 2, self.studies, chance)
        return low / self.studies, high / self.studies


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
        The same for the same numbers: its simulation has a fixed seed.
    """
    rng = np.random.default_rng([SEED, studies, ranked])
    ranks = rng.integers(0, ranked + 1, size=(SIMULATED, studies))
    return Uniformity(studies, ranked, np.sort(_extreme(_counts(ranks, ranked), studies)))


def _chances(ranked: int) -> FloatArray:
    """Return the chance of a uniform rank of at most 0, 1, ... up to one below the largest."""
    return np.arange(1, ranked + 1) / (ranked + 1)


def _counts(ranks: IntArray, ranked: int) -> IntArray:
    """Return how many ranks of each set are at most 0, 1, ...; dims (set, rank)."""
    ordered = np.sort(ranks, axis=1)
    return np.stack([np.searchsorted(own, np.arange(ranked), side="right") for own in ordered])


def _extreme(counts: IntArray, studies: int) -> FloatArray:
    """Return twice the smallest tail probability of any of a set's counts; dims (set,)."""
    chance = _chances(counts.shape[1])
    low = stats.binom.cdf(counts, studies, chance)
    high = stats.binom.sf(counts - 1, studies, chance)
    extreme: FloatArray = 2 * np.minimum(low, high).min(axis=1)
    return extreme
