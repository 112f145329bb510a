"""Evidence: quantities of a fit that several checks and the report share, each computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import xarray as xr

from headcount.diagnostics.checks.row_fits import RowFits, row_fits
from headcount.diagnostics.identification.after_sampling import (
    RestsOn,
    dependence_of,
    headline_queries,
)
from headcount.posterior.estimate_table import estimates
from headcount.posterior.fits import Fit
from headcount.posterior.forecasting import last_observed
from headcount.posterior.row_expectations import row_moments

__all__ = ["Evidence"]

DRAWS_KEPT = 1000
"""Draws for which rows are predicted: enough for a tail probability of one in a thousand, and a
matter of seconds with thousands of rows."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """A fit and quantities derived from it.

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
    def moments(self) -> xr.Dataset:
        """Some draws of `headcount.posterior.row_expectations.row_moments`."""
        return row_moments(
            self.fit, thin=max(1, self.fit.sampling.chains * self.fit.sampling.draws // DRAWS_KEPT)
        )

    @cached_property
    def rows(self) -> RowFits:
        """How well each fitted row is predicted."""
        return row_fits(self.fit, self.moments)

    @cached_property
    def rests_on(self) -> RestsOn:
        """The evidence that the headline answers depend on."""
        return dependence_of(self.fit, headline_queries(self.fit))

    @cached_property
    def last_year(self) -> int:
        """The last year of the root that is no forecast."""
        return last_observed(self.fit, self.fit.spec.areas.root)
