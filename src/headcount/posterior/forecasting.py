"""Forecasts: the years of an area that few fitted rows, or none, state anything about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from headcount._names import LOG_HEADCOUNT, REGION, SAMPLE_DIMS, YEAR
from headcount._types import FloatArray, IntArray
from headcount.posterior.fit_memo import once_per_fit
from headcount.posterior.fits import Fit
from headcount.study.observations import Observations
from headcount.study.specs import ModelSpec

__all__ = ["forecast_years", "forecasts", "last_observed", "last_observed_of"]

LEAST_OBSERVED: Final = 0.5
"""An area is observed in a year if at least this part of its people live in regions that fitted
rows of that year or later are about."""


class _Basis(NamedTuple):
    """The facts of a fit that decide on forecasts.

    Attributes
    ----------
    people
        Posterior geometric mean of the headcount; dims (region, year).
    last
        Last year in which a fitted row is about each region; dims (region,).
    """

    people: FloatArray
    last: IntArray


def forecast_years(fit: Fit, *, area: str | None = None) -> tuple[int, ...]:
    """Return the last years for which an area's headcount is a forecast.

    A region is observed up to the last year in which a fitted row is about an area that holds it.
    An area is forecast in the years in which less than half of its people live in regions that are
    still observed: one row about one country does not make a year of the world observed.

    Parameters
    ----------
    fit
        A fit.
    area
        Code of an area or grouping; the root if not given.

    Returns
    -------
    tuple of int
        Calendar years, ascending; possibly none.
    """
    areas, basis = fit.spec.areas, _basis(fit)
    regions = list(areas.regions_of(area or areas.root))
    return _forecasts(fit.spec.years.labels, basis.people[regions], basis.last[regions])


def last_observed(fit: Fit, area: str | None = None) -> int:
    """Return the last year for which an area's headcount is no forecast.

    Parameters
    ----------
    fit
        A fit.
    area
        Code of an area or grouping; the root if not given.

    Returns
    -------
    int
        A calendar year; the first year of the model if all years are forecasts.
    """
    return last_observed_of(fit.spec, forecast_years(fit, area=area))


def last_observed_of(spec: ModelSpec, ahead: Sequence[int]) -> int:
    """Return the last year of a model that is not among some forecasts; else its first year."""
    return max((year for year in spec.years.labels if year not in ahead), default=spec.years.first)


def forecasts(
    spec: ModelSpec, observations: Observations, people: FloatArray, regions: Sequence[int]
) -> tuple[int, ...]:
    """Return the years for which the headcount of some regions is a forecast.

    Parameters
    ----------
    spec, observations
        The study.
    people
        Approximate headcounts; dims (region, year).
    regions
        Positions of the regions.

    Returns
    -------
    tuple of int
        Calendar years by the rule of `forecast_years`, ascending; possibly none.
    """
    chosen = list(regions)
    last = _last_stated(spec, observations)
    return _forecasts(spec.years.labels, people[chosen], last[chosen])


@once_per_fit
def _basis(fit: Fit) -> _Basis:
    logs = fit.posterior[LOG_HEADCOUNT].mean(SAMPLE_DIMS).transpose(REGION, YEAR)
    return _Basis(np.exp(logs.to_numpy()), _last_stated(fit.spec, fit.observations))


def _forecasts(years: Sequence[int], people: FloatArray, last: IntArray) -> tuple[int, ...]:
    observed = last[:, None] >= np.array(years)[None, :]
    part = (people * observed).sum(axis=0) / people.sum(axis=0)
    return tuple(year for year, own in zip(years, part, strict=True) if own < LEAST_OBSERVED)


def _last_stated(spec: ModelSpec, observations: Observations) -> IntArray:
    """Return the last year in which a fitted row is about each region; dims (region,)."""
    last = np.full(len(spec.areas.regions), spec.years.first - 1, dtype=np.int64)
    for row in observations.fitted:
        regions = list(spec.areas.regions_of(row.area))
        last[regions] = np.maximum(last[regions], row.year)
    return last
