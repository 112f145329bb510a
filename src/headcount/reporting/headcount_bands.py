"""Bands of headcounts by area and year, and the areas that a figure shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import xarray as xr

from headcount._names import CHAIN, DRAW, YEAR
from headcount.diagnostics.checks import Evidence
from headcount.posterior.estimands import area_headcounts
from headcount.study.areas import Areas

__all__ = ["bands_of", "by_size", "country_areas", "level_name"]

FEWEST_COUNTRIES: Final = 12
"""A level of the area tree with fewer areas holds parts of the world, not countries."""


def bands_of(evidence: Evidence, areas: Sequence[str]) -> xr.DataArray:
    """Return the quantiles of headcounts that a figure draws.

    Parameters
    ----------
    evidence
        Evidence of the fit.
    areas
        Codes of areas.

    Returns
    -------
    DataArray
        Dims (area, year, quantile), people. Quantiles: lower end of the interval with the
        probability of the evidence, 0.25, 0.5, 0.75, upper end.
    """
    tail = (1 - evidence.prob) / 2
    people_of = area_headcounts(evidence.fit, areas=areas)
    return people_of.quantile([tail, 0.25, 0.5, 0.75, 1 - tail], dim=(CHAIN, DRAW)).transpose(
        "area", YEAR, "quantile"
    )


def by_size(bands: xr.DataArray, codes: Sequence[str]) -> list[str]:
    """Return areas in the order of their medians in one year, the largest first."""
    size = {code: float(bands.sel(area=code).to_numpy()[2]) for code in codes}
    return sorted(size, key=lambda code: -size[code])


def country_areas(areas: Areas) -> tuple[str, ...]:
    """Return the areas that are most like countries.

    Parameters
    ----------
    areas
        Areas of the study.

    Returns
    -------
    tuple of str
        The first level below the root with at least a dozen areas, leaves of higher levels among
        them; the level directly below the root if no level has. Remainders are left out.
    """
    level = first = areas.children(areas.root)
    while len(_named(areas, level)) < FEWEST_COUNTRIES:
        below = tuple(child for code in level for child in (areas.children(code) or (code,)))
        if below == level:
            return _named(areas, first)
        level = below
    return _named(areas, level)


def level_name(areas: Areas) -> str:
    """Return a name for the areas that `country_areas` returns."""
    if set(country_areas(areas)) <= set(areas.children(areas.root)):
        return f"areas directly below {areas.by_code[areas.root].name}"
    return "countries, or areas of their level"


def _named(areas: Areas, codes: Sequence[str]) -> tuple[str, ...]:
    """Return the areas of the table, without the remainders that the program adds."""
    return tuple(code for code in codes if areas.by_code[code].line)
