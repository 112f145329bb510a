"""Draws of many estimands at once, for the public functions, the table and comparisons of fits.

Every estimand is the size of a population, or the ratio of two: growth divides by the same area
and scope in an earlier year, a share by a larger area, a ratio by another scope, and coverage
divides the count that is expected from a source by the people of its scope. Ratios are taken draw
by draw, before any summary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import xarray as xr

from headcount._names import CHAIN, DRAW, LOG_HEADCOUNT, REGION, SAMPLE_DIMS, YEAR
from headcount._types import FloatArray, IntArray
from headcount.layout.scope_ratios import log_ratio
from headcount.layout.scopes import known_log_headcount
from headcount.posterior.fits import Fit
from headcount.posterior.row_expectations import log_reach
from headcount.study.areas import Areas

__all__ = [
    "COVERAGE",
    "GROWTH",
    "GROWTH_PER_YEAR",
    "HEADCOUNT",
    "RATIO",
    "SHARE",
    "Estimand",
    "Population",
    "estimand_draws",
    "population_draws",
]

HEADCOUNT: Final = "headcount"
GROWTH: Final = "growth"
GROWTH_PER_YEAR: Final = "growth_per_year"
SHARE: Final = "share"
RATIO: Final = "ratio"
COVERAGE: Final = "coverage"


class Population(NamedTuple):
    """The people of a scope in an area and year, or the count of them that a source is to state.

    Attributes
    ----------
    area
        Code of an area or grouping.
    year
        A year of the model.
    scope
        Any scope, known populations included.
    source
        A source with fitted rows whose reach multiplies each region's people; none if empty.
    """

    area: str
    year: int
    scope: str
    source: str = ""


class Estimand(NamedTuple):
    """A number that every draw of a fit determines.

    Attributes
    ----------
    name
        ``headcount``, ``growth`` (a fraction, since ``from_year``), ``growth_per_year`` (the mean
        yearly rate since ``from_year``), ``share`` (of ``of_area``), ``ratio`` (to ``to_scope``)
        or ``coverage`` (of ``source``).
    area, year, scope
        Of the population that is counted.
    source
        For coverage, else empty.
    from_year, of_area, to_scope
        Of the population that is divided by, where they differ; ``None`` otherwise.
    """

    name: str
    area: str
    year: int
    scope: str
    source: str = ""
    from_year: int | None = None
    of_area: str | None = None
    to_scope: str | None = None

    @property
    def numerator(self) -> Population:
        """The population that is counted."""
        return Population(self.area, self.year, self.scope, self.source)

    @property
    def denominator(self) -> Population:
        """The population that is divided by; unused for headcounts."""
        year = self.year if self.from_year is None else self.from_year
        return Population(self.of_area or self.area, year, self.to_scope or self.scope)


def estimand_draws(fit: Fit, estimands: Sequence[Estimand]) -> FloatArray:
    """Compute draws of estimands.

    Parameters
    ----------
    fit
        A fit.
    estimands
        Areas, years, scopes and sources that the fit knows.

    Returns
    -------
    numpy.ndarray
        Dims (estimand, chain, draw).
    """
    relative = [i for i, own in enumerate(estimands) if own.name != HEADCOUNT]
    numerators = [own.numerator for own in estimands]
    denominators = [estimands[i].denominator for i in relative]
    order = {one: i for i, one in enumerate(dict.fromkeys([*numerators, *denominators]))}
    people = population_draws(fit, list(order))
    found = people[[order[one] for one in numerators]]
    found[relative] /= people[[order[one] for one in denominators]]
    for i in relative:
        _as_rate(found[i], estimands[i])
    return found


def population_draws(fit: Fit, populations: Sequence[Population]) -> FloatArray:
    """Compute draws of the sizes of populations.

    Parameters
    ----------
    fit
        A fit.
    populations
        Areas, years, scopes and sources that the fit knows.

    Returns
    -------
    numpy.ndarray
        Numbers of people, or counts expected from a source; dims (population, chain, draw).
    """
    sizes = fit.posterior.sizes
    found = np.empty((len(populations), sizes[CHAIN], sizes[DRAW]))
    groups: dict[tuple[str, str], list[int]] = {}
    for i, one in enumerate(populations):
        groups.setdefault((one.scope, one.source), []).append(i)
    for (scope, source), places in groups.items():
        found[places] = _sizes(fit, scope, source, [populations[i] for i in places])
    return found


def _as_rate(draws: FloatArray, estimand: Estimand) -> None:
    """Turn a ratio of two years into the rate of growth, in place."""
    if estimand.name == GROWTH_PER_YEAR:
        draws **= 1 / (estimand.year - estimand.denominator.year)
    if estimand.name in {GROWTH, GROWTH_PER_YEAR}:
        draws -= 1


def _sizes(fit: Fit, scope: str, source: str, populations: Sequence[Population]) -> FloatArray:
    """Add up the regions of populations that differ in area and year alone."""
    weights = _membership(fit.spec.areas, [one.area for one in populations])
    regions = np.flatnonzero(weights.any(axis=0))
    when = np.array([one.year for one in populations])
    years = sorted({one.year for one in populations})
    people = _people(fit, scope, regions, years)
    if source:
        people = people * np.exp(_log_reach(fit, source, regions, years))
    found = np.empty((len(populations), *people.shape[2:]))
    for i, year in enumerate(years):
        own = when == year
        found[own] = np.tensordot(weights[own][:, regions], people[:, i], axes=1)
    return found


def _people(fit: Fit, scope: str, regions: IntArray, years: Sequence[int]) -> FloatArray:
    """Return the people of a scope; dims (region, year, chain, draw)."""
    posterior = fit.posterior.isel({REGION: regions}).sel({YEAR: years})
    logs = posterior[LOG_HEADCOUNT]
    if fit.spec.scopes[scope].covariate:
        known = known_log_headcount(fit.spec, scope)[regions]
        positions = [fit.spec.years.labels.index(year) for year in years]
        logs = xr.zeros_like(logs) + xr.DataArray(known[:, positions], dims=(REGION, YEAR))
    elif scope != fit.spec.target:
        logs = logs + log_ratio(fit.spec, posterior, scope)
    return np.asarray(np.exp(logs.transpose(REGION, YEAR, *SAMPLE_DIMS).to_numpy()))


def _log_reach(fit: Fit, source: str, regions: IntArray, years: Sequence[int]) -> FloatArray:
    """Return the log reach of a source; dims (region, year or 1, chain, draw)."""
    found = log_reach(fit, source).isel({REGION: regions})
    found = found.sel({YEAR: years}) if YEAR in found.dims else found.expand_dims(YEAR)
    return np.asarray(found.transpose(REGION, YEAR, *SAMPLE_DIMS).to_numpy())


def _membership(areas: Areas, codes: Sequence[str]) -> FloatArray:
    """Return 1 for the regions that each area holds, else 0; dims (area, region)."""
    matrix = np.zeros((len(codes), len(areas.regions)))
    for row, code in zip(matrix, codes, strict=True):
        row[list(areas.regions_of(code))] = 1.0
    return matrix
