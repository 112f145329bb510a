"""What calibration found: ranks, their uniformity, and how often intervals hold the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from headcount._types import FloatArray, IntArray
from headcount.calibration.uniformity import uniformity_of

__all__ = ["PROBABILITIES", "RAREST", "Calibration"]

PROBABILITIES: Final = (0.5, 0.8, 0.9, 0.95)
"""Of the intervals that are checked."""

RAREST: Final = 0.01
"""A group fails if ranks as uneven, or coverage as far off, would happen less often by chance."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Ranks of the truth over simulated studies.

    Parameters
    ----------
    title
        Of the study.
    quantities
        ``group|name`` of each quantity.
    ranks
        Draws below the truth, dims (study, quantity).
    effective
        Smallest effective sample size of each study, dims (study,).
    ranked
        Number of draws that the truth was ranked among.
    divergences
        Of each study's fit, dims (study,).
    seconds
        Of each study's fit, dims (study,).
    failures
        What went wrong, of studies whose fit failed; they have no ranks.
    seed
        Of the first study.
    """

    title: str
    quantities: tuple[str, ...]
    ranks: IntArray
    effective: FloatArray
    ranked: int
    divergences: IntArray
    seconds: FloatArray
    failures: tuple[str, ...]
    seed: int

    @property
    def studies(self) -> int:
        """Number of studies with ranks."""
        return len(self.ranks)

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups, in order."""
        return tuple(dict.fromkeys(name.split("|")[0] for name in self.quantities))

    def members(self, group: str) -> list[int]:
        """Return the positions of a group's quantities."""
        return [i for i, name in enumerate(self.quantities) if name.split("|")[0] == group]

    def to_frame(self) -> pd.DataFrame:
        """Return one line for each quantity.

        Returns
        -------
        pandas.DataFrame
            ``group``, ``quantity``, ``p_uniform`` (of the ECDF test) and ``coverage_50`` to ``coverage_95``.
        """
        test = uniformity_of(self.studies, self.ranked)
        lines = []
        for i, name in enumerate(self.quantities):
            group, _, quantity = name.partition("|")
            inside = {f"coverage_{100 * prob:.0f}": self._inside(prob)[:, i].mean() for prob in PROBABILITIES}
            lines.append(
                {"group": group, "quantity": quantity, "p_uniform": test.p_value(self.ranks[:, i])} | inside
            )
        return pd.DataFrame(lines)

    def summary(self) -> pd.DataFrame:
        """Return one line for each group.

        Returns
        -------
        pandas.DataFrame
            ``group``, ``quantities``, ``worst`` (its least uniform quantity), ``p_uniform`` (of that one, times the number
            of quantities: Bonferroni), for each of ``PROBABILITIES`` ``coverage_*`` over all quantities and ``error_*``,
            its Monte Carlo error from the spread between studies, and ``passed``.
        """
        frame = self.to_frame()
        return pd.DataFrame([self._line(group, frame[frame["group"] == group]) for group in self.groups])

    @property
    def passed(self) -> bool:
        """Whether all groups passed."""
        return bool(self.summary()["passed"].all())

    def _line(self, group: str, own: pd.DataFrame) -> dict[str, object]:
        least = own.loc[own["p_uniform"].idxmin()]
        p = min(1.0, float(least["p_uniform"]) * len(own))
        line: dict[str, object] = {
            "group": group,
            "quantities": len(own),
            "worst": least["quantity"],
            "p_uniform": p,
        }
        off = 1.0
        for prob in PROBABILITIES:
            share, error = self._coverage(group, prob)
            line |= {f"coverage_{100 * prob:.0f}": share, f"error_{100 * prob:.0f}": error}
            off = min(off, 2 * float(stats.norm.sf(abs(share - self._nominal(prob)) / error)))
        return line | {"passed": p >= RAREST and off * len(PROBABILITIES) >= RAREST}

    def _coverage(self, group: str, prob: float) -> tuple[float, float]:
        """Return the part of a group's intervals that hold the truth, and its Monte Carlo error."""
        by_study = self._inside(prob)[:, self.members(group)].mean(axis=1)
        # Quantities of one study share its errors. With few studies the spread may be zero by luck, not by certainty.
        least = np.sqrt(prob * (1 - prob) / (self.studies * len(self.members(group))))
        error = max(float(by_study.std(ddof=1)) / np.sqrt(self.studies), float(least))
        return float(by_study.mean()), error

    def _inside(self, prob: float) -> FloatArray:
        """Return whether the truth lies inside the central interval, dims (study, quantity)."""
        low, high = self._ends(prob)
        inside: FloatArray = ((self.ranks >= low) & (self.ranks <= high)).astype(np.float64)
        return inside

    def _ends(self, prob: float) -> tuple[int, int]:
        cut = round((1 - prob) / 2 * (self.ranked + 1))
        return cut, self.ranked - cut

    def _nominal(self, prob: float) -> float:
        """Return how often a uniform rank lies in the interval: its probability, as near as whole ranks come to it."""
        low, high = self._ends(prob)
        return (high - low + 1) / (self.ranked + 1)
