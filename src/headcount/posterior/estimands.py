"""Estimands: the questions that a fit answers, each as draws with labels.

Summaries do not commute: a median of sums is not the sum of medians, and a ratio of means is not
the mean of ratios. So every function here returns draws, and only `headcount.estimates` turns them
into numbers. All are expected values given the parameters of a draw: the Poisson difference
between an expected and a realised number of people, far below every other uncertainty at these
sizes, is not added.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from headcount._names import CHAIN, DRAW, SAMPLE_DIMS, YEAR
from headcount._types import FloatArray
from headcount.errors import ArgumentError, Problem
from headcount.posterior.estimand_draws import (
    COVERAGE,
    GROWTH,
    HEADCOUNT,
    RATIO,
    SHARE,
    Estimand,
    estimand_draws,
)
from headcount.posterior.fits import Fit
from headcount.posterior.forecasting import forecast_years
from headcount.study.arguments import checked_area, checked_choice, checked_year

__all__ = ["area_headcounts", "contrast", "coverage", "growth", "headcount", "ratio", "share"]


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
        the years that are forecasts for the area.

    Raises
    ------
    ArgumentError
        Where area or scope is unknown.

    Examples
    --------
    >>> hc.headcount(fit, area="NORTH").sel(year=2021).mean().item() > 0
    True
    """
    return _by_year(fit, _estimand(fit, HEADCOUNT, area, scope), unit="people")


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
    ArgumentError
        Where area, scope or a year is unknown, or the window is empty.
    """
    asked = _estimand(fit, GROWTH, area, scope)
    if from_year is None and to_year is None:
        return _by_year(fit, asked, unit="fraction", lag=1)
    if from_year is None or to_year is None or from_year >= to_year:
        window = f"{from_year} to {to_year} is not a window"
        raise ArgumentError([Problem("from_year, to_year", window, "Give both, in order.")])
    first, last = (
        checked_year(year, fit.spec, name)
        for name, year in (("from_year", from_year), ("to_year", to_year))
    )
    draws = estimand_draws(fit, [asked._replace(year=last, from_year=first)])
    attrs = {"area": asked.area, "scope": asked.scope, "unit": "fraction"}
    return _labelled(fit, draws, attrs).isel({YEAR: 0}, drop=True).rename(GROWTH)


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

    Raises
    ------
    ArgumentError
        Where an area or the scope is unknown.
    """
    whole = _area(fit, of_area, "of_area")
    asked = _estimand(fit, SHARE, area, scope)._replace(of_area=whole)
    return _by_year(fit, asked, unit="fraction")


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

    Raises
    ------
    ArgumentError
        Where a scope or the area is unknown.
    """
    asked = _estimand(fit, RATIO, area, scope)
    return _by_year(fit, asked._replace(to_scope=_scope(fit, to_scope, "to_scope")), unit="ratio")


def coverage(fit: Fit, *, source: str, area: str | None = None) -> xr.DataArray:
    """Return the count expected from a source for each person of its scope.

    Parameters
    ----------
    fit
        A fit.
    source
        A source with fitted rows.
    area
        As in `headcount`; regions are weighted by their people.

    Returns
    -------
    xarray.DataArray
        Draws of the source's expected count over the headcount of its scope, dims (chain, draw,
        year); lineage errors and shared bias included, so the coverage of a source with a lineage
        may exceed 1.

    Raises
    ------
    ArgumentError
        Where source or area is unknown.
    """
    checked_choice(source, fit.layout.sources, "source")
    declared = fit.spec.sources[source]
    asked = Estimand(COVERAGE, _area(fit, area), 0, declared.scope, source)
    unit = "fraction" if declared.coverage else "units per person"
    return _by_year(fit, asked, unit=unit).assign_attrs(source=source)


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

    Raises
    ------
    ArgumentError
        Where an area or the scope is unknown.
    """
    other = _area(fit, to_area, "to_area")
    asked = _estimand(fit, SHARE, area, scope)._replace(of_area=other)
    return _by_year(fit, asked, unit="ratio").rename("contrast")


def area_headcounts(fit: Fit, *, areas: Sequence[str] | None = None) -> xr.DataArray:
    """Return the headcounts of many areas at once.

    Parameters
    ----------
    fit
        A fit.
    areas
        Codes; all areas and groupings if not given.

    Returns
    -------
    xarray.DataArray
        Draws of the number of people of the target scope, dims (area, year, chain, draw).
    """
    codes = [row.area for row in fit.spec.areas.rows] if areas is None else list(areas)
    years, target = fit.spec.years.labels, fit.spec.target
    asked = [Estimand(HEADCOUNT, code, year, target) for code in codes for year in years]
    draws = estimand_draws(fit, asked)
    shape = (len(codes), len(years), *draws.shape[1:])
    coords = {"area": codes, YEAR: list(years)}
    return xr.DataArray(
        draws.reshape(shape), dims=("area", YEAR, *SAMPLE_DIMS), coords=coords, name=HEADCOUNT
    )


def _by_year(fit: Fit, asked: Estimand, *, unit: str, lag: int = 0) -> xr.DataArray:
    """Return an estimand in every year of the model, or with a lag against the year so far back."""
    labels = fit.spec.years.labels
    pairs = zip(labels[lag:], labels[: len(labels) - lag], strict=True)
    estimands = [
        asked._replace(year=year, from_year=before if lag else None) for year, before in pairs
    ]
    draws = estimand_draws(fit, estimands)
    attrs = {"area": asked.area, "scope": asked.scope, "unit": unit}
    found = _labelled(fit, draws, attrs).rename(asked.name)
    found = found.assign_coords({YEAR: list(labels[lag:])})
    ahead = forecast_years(fit, area=asked.area)
    return found.assign_coords(forecast=(YEAR, np.isin(found[YEAR], ahead)))


def _labelled(fit: Fit, draws: FloatArray, attrs: dict[str, str]) -> xr.DataArray:
    """Label draws of dims (year, chain, draw); the result has dims (chain, draw, year)."""
    coords = {dim: fit.posterior[dim].to_numpy() for dim in (CHAIN, DRAW)}
    values = np.moveaxis(draws, 0, -1)
    return xr.DataArray(values, dims=(*SAMPLE_DIMS, YEAR), coords=coords, attrs=attrs)


def _estimand(fit: Fit, name: str, area: str | None, scope: str | None) -> Estimand:
    """Return an estimand of known area and scope, without its year."""
    return Estimand(name, _area(fit, area), 0, _scope(fit, scope))


def _area(fit: Fit, area: str | None, name: str = "area") -> str:
    return checked_area(area or fit.spec.areas.root, fit.spec, name)


def _scope(fit: Fit, scope: str | None, name: str = "scope") -> str:
    return checked_choice(scope or fit.spec.target, fit.spec.scopes, name)
