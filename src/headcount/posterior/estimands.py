"""Estimands: what is asked of a fit, computed draw by draw. Draws in, draws out; summaries come
last.

Summaries do not commute: a median of sums is not the sum of medians, and a ratio of means is not
the mean of ratios. So every function here returns draws, dims (chain, draw, ...), and only
`headcount.estimates` turns them into numbers. All are expected values given the draw's parameters:
the Poisson difference between an expected and a realised number of people, far below every other
uncertainty at these sizes, is not added.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from headcount._names import LOG_HEADCOUNT, REGION, SAMPLE_DIMS, YEAR
from headcount._types import FloatArray, IntArray
from headcount.errors import HeadcountError, nearest
from headcount.layout.scope_ratios import log_ratio
from headcount.layout.study_layout import known_log_headcount
from headcount.posterior.fits import Fit
from headcount.posterior.row_expectations import log_reach
from headcount.study.observations import Observations
from headcount.study.specs import ModelSpec

__all__ = [
    "contrast",
    "coverage",
    "forecast_years",
    "forecasts",
    "growth",
    "headcount",
    "ratio",
    "share",
]


SPOKEN_FOR = 0.5
"""Part of an area's people that must live where rows still speak for its headcount not to be called
a forecast."""


def headcount(fit: Fit, *, area: str | None = None, scope: str | None = None) -> xr.DataArray:
    """Return the headcount of an area, year by year.

    Parameters
    ----------
    fit
        A fit.
    area
        Code of an area or grouping; the root if not given.
    scope
        Who counts; the target if not given.

    Returns
    -------
    xarray.DataArray
        Draws of the number of people, dims (chain, draw, year). The coordinate ``forecast`` marks
        the years of `forecast_years`.

    Raises
    ------
    HeadcountError
        Where area or scope is unknown.

    Examples
    --------
    >>> hc.headcount(fit, area="NORTH").sel(year=2021).mean().item() > 0
    True
    """
    regions = _regions(fit, area)
    logs = _log_scope(fit, scope).isel({REGION: regions})
    total: xr.DataArray = xr.ufuncs.exp(logs).sum(REGION)
    total = total.assign_coords(
        forecast=(YEAR, np.isin(total[YEAR], forecast_years(fit, area=area)))
    )
    return total.assign_attrs(
        area=area or fit.spec.areas.root, scope=scope or fit.spec.target, unit="people"
    )


def growth(
    fit: Fit,
    *,
    area: str | None = None,
    scope: str | None = None,
    from_year: int | None = None,
    to_year: int | None = None,
) -> xr.DataArray:
    """Return the relative change of an area's headcount, over each year or over one window.

    Parameters
    ----------
    fit
        A fit.
    area, scope
        As in `headcount`.
    from_year, to_year
        Ends of the window; both or neither. Without them, each year against the one before.

    Returns
    -------
    xarray.DataArray
        Draws of ``H[to] / H[from] - 1``, a fraction; dims (chain, draw), with year (the later one)
        if no window is given.

    Raises
    ------
    HeadcountError
        Where area, scope or a year is unknown, or the window is empty.
    """
    people = headcount(fit, area=area, scope=scope)
    if from_year is None and to_year is None:
        before = people.shift({YEAR: 1}).isel({YEAR: slice(1, None)})
        return (people.isel({YEAR: slice(1, None)}) / before - 1).assign_attrs(
            people.attrs, unit="fraction"
        )
    if from_year is None or to_year is None or from_year >= to_year:
        msg = (
            f"from_year = {from_year} and to_year = {to_year} are not a window; give both, in order"
        )
        raise HeadcountError(msg)
    for year in (from_year, to_year):
        _known(str(year), map(str, fit.spec.years.labels), "year")
    last = people.sel({YEAR: to_year}, drop=True)
    return (last / people.sel({YEAR: from_year}, drop=True) - 1).assign_attrs(
        people.attrs, unit="fraction"
    )


def share(
    fit: Fit, *, area: str, of_area: str | None = None, scope: str | None = None
) -> xr.DataArray:
    """Return an area's part of another area's headcount.

    Parameters
    ----------
    fit
        A fit.
    area
        The part.
    of_area
        The whole; the root if not given.
    scope
        Who counts; the target if not given.

    Returns
    -------
    xarray.DataArray
        Draws of a fraction, dims (chain, draw, year).
    """
    whole = headcount(fit, area=of_area, scope=scope)
    part = headcount(fit, area=area, scope=scope)
    return (part / whole).assign_attrs(part.attrs, unit="fraction")


def ratio(
    fit: Fit, *, scope: str, to_scope: str | None = None, area: str | None = None
) -> xr.DataArray:
    """Return how many people a scope holds for each one of another scope.

    Parameters
    ----------
    fit
        A fit.
    scope, to_scope
        The scopes compared; the second is the target if not given.
    area
        As in `headcount`.

    Returns
    -------
    xarray.DataArray
        Draws of a positive number, dims (chain, draw, year).
    """
    part = headcount(fit, area=area, scope=scope)
    return (part / headcount(fit, area=area, scope=to_scope)).assign_attrs(part.attrs, unit="ratio")


def coverage(fit: Fit, *, source: str, area: str | None = None) -> xr.DataArray:
    """Return how much of its scope a source sees, or how many units it states for each person.

    Parameters
    ----------
    fit
        A fit.
    source
        A source with fitted rows.
    area
        As in `headcount`; over several regions, people are what is averaged over.

    Returns
    -------
    xarray.DataArray
        Draws of the source's expected count over the headcount of its scope, dims (chain, draw,
        year); lineage errors and shared bias included, so the coverage of a source with a lineage
        may exceed 1.

    Raises
    ------
    HeadcountError
        Where source or area is unknown.
    """
    _known(source, fit.layout.sources, "source with fitted rows")
    regions = _regions(fit, area)
    people = xr.ufuncs.exp(_log_scope(fit, fit.spec.sources[source].scope).isel({REGION: regions}))
    reach = xr.ufuncs.exp(log_reach(fit, source).isel({REGION: regions}))
    seen: xr.DataArray = (people * reach).sum(REGION) / people.sum(REGION)
    unit = "fraction" if fit.spec.sources[source].coverage else "units per person"
    return seen.assign_attrs(area=area or fit.spec.areas.root, source=source, unit=unit)


def contrast(fit: Fit, *, area: str, to_area: str, scope: str | None = None) -> xr.DataArray:
    """Return how many times as many people one area has as another.

    Parameters
    ----------
    fit
        A fit.
    area, to_area
        The areas compared.
    scope
        Who counts; the target if not given.

    Returns
    -------
    xarray.DataArray
        Draws of a positive number, dims (chain, draw, year).
    """
    one = headcount(fit, area=area, scope=scope)
    return (one / headcount(fit, area=to_area, scope=scope)).assign_attrs(one.attrs, unit="ratio")


def forecast_years(fit: Fit, *, area: str | None = None) -> tuple[int, ...]:
    """Return the last years for which an area's headcount is a forecast.

    A region is spoken for up to the last year in which a fitted row is about an area that holds it.
    An area is forecast from the first year on in which less than half of its people live in regions
    that are still spoken for: one row about one country does not make a year of the world observed.

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
    people = np.exp(
        fit.posterior[LOG_HEADCOUNT].mean(SAMPLE_DIMS).transpose(REGION, YEAR).to_numpy()
    )
    return forecasts(fit.spec, fit.observations, people, _regions(fit, area))


def forecasts(
    spec: ModelSpec, observations: Observations, people: FloatArray, regions: Sequence[int]
) -> tuple[int, ...]:
    """Return the years for which the headcount of some regions is a forecast, by the rule of
    `forecast_years`.

    Parameters
    ----------
    spec, observations
        The study.
    people
        Roughly how many there are; dims (region, year).
    regions
        Positions of the regions.

    Returns
    -------
    tuple of int
        Calendar years, ascending; possibly none.
    """
    own, chosen = people[list(regions)], list(regions)
    spoken = _last_spoken(spec, observations)[chosen, None] >= np.array(spec.years.labels)[None, :]
    part = (own * spoken).sum(axis=0) / own.sum(axis=0)
    return tuple(
        year for year, told in zip(spec.years.labels, part, strict=True) if told < SPOKEN_FOR
    )


def _last_spoken(spec: ModelSpec, observations: Observations) -> IntArray:
    """Return the last year in which a fitted row is about each region; dims (region,)."""
    last = np.full(len(spec.areas.regions), spec.years.first - 1, dtype=np.int64)
    for row in observations.fitted:
        regions = list(spec.areas.regions_of(row.area))
        last[regions] = np.maximum(last[regions], row.year)
    return last


def _regions(fit: Fit, area: str | None) -> list[int]:
    areas = fit.spec.areas
    code = area or areas.root
    if code not in areas.by_code:
        msg = f"unknown area {code!r}. {areas.advice(code)}"
        raise HeadcountError(msg)
    return list(areas.regions_of(code))


def _log_scope(fit: Fit, scope: str | None) -> xr.DataArray:
    name = scope or fit.spec.target
    _known(name, fit.spec.scopes, "scope")
    people = fit.posterior[LOG_HEADCOUNT]
    if fit.spec.scopes[name].covariate:
        return xr.zeros_like(people) + known_log_headcount(fit.spec, name)
    if name == fit.spec.target:
        return people
    return people + log_ratio(fit.spec, fit.posterior, name)


def _known(name: str, choices: object, what: str) -> None:
    known = [str(choice) for choice in choices]  # type: ignore[attr-defined]  # any iterable of names
    if name not in known:
        msg = f"unknown {what} {name!r}. {nearest(name, known)}"
        raise HeadcountError(msg)
