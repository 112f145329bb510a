"""Evidence: what several checks, and the report, need of a fit; each part computed once, when first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from headcount.checks.row_fits import RowFits, row_fits
from headcount.estimands import forecast_years
from headcount.fits import Fit
from headcount.summaries import estimates

__all__ = ["Evidence"]


@dataclass(frozen=True, eq=False)
class Evidence:
    """A fit and what is derived from it.

    Parameters
    ----------
    fit
        A fit.
    prob
        Probability inside the equal-tailed intervals.
    """

    fit: Fit
    prob: float = 0.9

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """The table of `headcount.estimates`."""
        return estimates(self.fit, prob=self.prob)

    @cached_property
    def rows(self) -> RowFits:
        """How well each fitted row is predicted."""
        return row_fits(self.fit)

    @property
    def last_year(self) -> int:
        """The last year that a fitted row speaks about; later ones are forecasts."""
        ahead = forecast_years(self.fit)
        return max(year for year in self.fit.spec.years.labels if year not in ahead)
