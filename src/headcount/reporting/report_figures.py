"""Figures as SVG text: the same bytes for the same fit, no dates, no links, fonts left to the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from headcount._names import CHAIN, DRAW, YEAR
from headcount._wording import interval, people, probability
from headcount.diagnostics.checks import Evidence
from headcount.posterior.estimands import forecast_years
from headcount.posterior.fits import Fit
from headcount.posterior.summaries import area_headcounts
from headcount.reporting.canvas import AHEAD, FAINT, INNER, LINE, OUTER
from headcount.reporting.canvas import canvas as drawing_canvas
from headcount.reporting.sentences import subject
from headcount.study.areas import Areas

__all__ = ["Figure", "area_figure", "country_areas", "country_figure", "total_figure"]

MOST_BARS: Final = 34
"""Areas in the forest plot: as many as fit a page legibly."""

MOST_PANELS: Final = 12
"""Small multiples: three rows of four."""

CLOSE: Final = 1.5
"""Below this many powers of ten, a logarithmic axis has room for three labels in each."""

FEWEST_COUNTRIES: Final = 12
"""A level of the area tree with fewer areas holds parts of the world, not countries."""


@dataclass(frozen=True)
class Figure:
    """A figure of a report.

    Parameters
    ----------
    svg
        An ``svg`` element, without declaration and document type.
    alt
        What it shows, in words, for those who do not see it.
    caption
        What stands below it.
    """

    svg: str
    alt: str
    caption: str


def total_figure(evidence: Evidence) -> Figure:
    """Draw the root's headcount by year.

    Parameters
    ----------
    evidence
        Of the fit.

    Returns
    -------
    Figure
        Median, 50 % band and the band of the evidence's probability; forecast years on a shaded
        ground.
    """
    fit, root = evidence.fit, evidence.fit.spec.areas.root
    bands = _bands(evidence, [root])
    with drawing_canvas("total", 8.2, 3.9) as (canvas, finished):
        axes = canvas.subplots()
        _path(axes, bands.sel(area=root), fit, label=True)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(FuncFormatter(_ticks))
        axes.grid(axis="y")
    last = bands.sel(area=root, year=evidence.last_year).to_numpy()
    prob = probability(evidence.prob)
    name = fit.spec.areas.by_code[root].name
    alt = (
        f"Line chart of the number of {subject(fit.spec)} in {name} from {fit.spec.years.first} to {fit.spec.years.last}. "
        f"In {evidence.last_year} the median is {people(last[2])}, the {prob} interval {interval(last[0], last[4])}."
    )
    caption = f"{_capital(subject(fit.spec))}, {name}. Line: median. Bands: 50 % and {prob} equal-tailed intervals.{_shaded(fit)}"
    return Figure(finished(), alt, caption)


def area_figure(evidence: Evidence) -> Figure:
    """Draw the intervals of the areas below the root and of the largest countries, in the last year
    with data.

    Parameters
    ----------
    evidence
        Of the fit.

    Returns
    -------
    Figure
        A forest plot on a logarithmic axis; the areas directly below the root above the countries.
    """
    fit, areas, year = evidence.fit, evidence.fit.spec.areas, evidence.last_year
    top = areas.children(areas.root)
    others = [code for code in country_areas(areas) if code not in top]
    bands = _bands(evidence, [*top, *others]).sel(year=year)
    first, below = _by_size(bands, top), _by_size(bands, others)[: max(0, MOST_BARS - len(top))]
    shown = [*first, *below]
    height = 0.9 + 0.235 * (len(shown) + bool(below))
    with drawing_canvas("areas", 8.2, height) as (canvas, finished):
        axes = canvas.subplots()
        places = np.array([*range(len(first)), *range(len(first) + 1, len(shown) + 1)], dtype=float)
        _forest(axes, bands.sel(area=shown).to_numpy(), places)
        axes.set_yticks(places, [areas.by_code[code].name for code in shown])
        axes.set_ylim(places[-1] + 0.8, -0.8)
        if below:
            axes.axhline(len(first), color=FAINT, linewidth=0.6)
    prob, largest = probability(evidence.prob), areas.by_code[shown[0]].name
    alt = (
        f"Forest plot of the number of {subject(fit.spec)} in {len(shown)} areas in {year} on a logarithmic axis; "
        f"the largest is {largest} with a median of {people(float(bands.sel(area=shown[0]).to_numpy()[2]))}."
    )
    caption = (
        f"{_capital(subject(fit.spec))} in {year}. Dot: median; thick and thin bars: 50 % and {prob} equal-tailed intervals; "
        f"logarithmic axis. {_which(areas, len(below))}"
    )
    return Figure(finished(), alt, caption)


def country_figure(evidence: Evidence) -> Figure:
    """Draw the headcounts of the largest countries by year.

    Parameters
    ----------
    evidence
        Of the fit.

    Returns
    -------
    Figure
        Small multiples, each with an axis of its own that starts at zero.
    """
    fit, areas = evidence.fit, evidence.fit.spec.areas
    bands = _bands(evidence, country_areas(areas))
    shown = _by_size(bands.sel(year=evidence.last_year), list(country_areas(areas)))[:MOST_PANELS]
    columns = min(4, len(shown))
    rows = -(-len(shown) // columns)
    with drawing_canvas("countries", 8.2, 0.3 + 1.75 * rows) as (canvas, finished):
        grid = canvas.subplots(rows, columns, squeeze=False).ravel()
        for axes, code in zip(grid, shown, strict=False):
            _path(axes, bands.sel(area=code), fit)
            axes.set_title(areas.by_code[code].name)
            axes.set_ylim(bottom=0)
            axes.yaxis.set_major_locator(MaxNLocator(3))
            axes.yaxis.set_major_formatter(FuncFormatter(_short_ticks))
            axes.tick_params(labelsize=8)
            axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
        for axes in grid[len(shown) :]:
            axes.set_visible(False)
    names = ", ".join(areas.by_code[code].name for code in shown)
    alt = f"Small line charts of the number of {subject(fit.spec)} by year in {names}."
    caption = (
        f"The {len(shown)} largest {_level(areas)}, each on its own scale. Line: median. Bands: 50 % and "
        f"{probability(evidence.prob)} equal-tailed intervals.{_shaded(fit)}"
    )
    return Figure(finished(), alt, caption)


def country_areas(areas: Areas) -> tuple[str, ...]:
    """Return the areas that are most like countries.

    Parameters
    ----------
    areas
        The tree.

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


def _named(areas: Areas, codes: Sequence[str]) -> tuple[str, ...]:
    """Leave out the remainders, which were made by the program."""
    return tuple(code for code in codes if areas.by_code[code].line)


def _bands(evidence: Evidence, areas: Sequence[str]) -> xr.DataArray:
    """Return quantiles of headcounts: outer, inner, median, inner, outer; dims (area, year,
    quantile).
    """
    tail = (1 - evidence.prob) / 2
    people_of = area_headcounts(evidence.fit, areas=areas)
    return people_of.quantile([tail, 0.25, 0.5, 0.75, 1 - tail], dim=(CHAIN, DRAW)).transpose(
        "area", YEAR, "quantile"
    )


def _by_size(bands: xr.DataArray, codes: Sequence[str]) -> list[str]:
    size = {code: float(bands.sel(area=code).to_numpy()[2]) for code in codes}
    return sorted(size, key=lambda code: -size[code])


def _path(axes: Axes, bands: xr.DataArray, fit: Fit, *, label: bool = False) -> None:
    years, values = np.array(fit.spec.years.labels), bands.to_numpy().T
    ahead = forecast_years(fit)
    if ahead:
        axes.axvspan(ahead[0] - 0.5, years[-1], color=AHEAD, linewidth=0)
        if label:
            place = ((ahead[0] - 0.5 + years[-1]) / 2, 0.97)
            axes.text(
                *place,
                "forecast",
                transform=axes.get_xaxis_transform(),
                ha="center",
                va="top",
                color="#7a6a45",
            )
    axes.fill_between(years, values[0], values[4], color=OUTER, linewidth=0)
    axes.fill_between(years, values[1], values[3], color=INNER, linewidth=0)
    split = len(years) - len(ahead)
    axes.plot(years[:split], values[2, :split], color=LINE, linewidth=1.8)
    axes.plot(years[split - 1 :], values[2, split - 1 :], color=LINE, linewidth=1.8, linestyle="--")
    axes.set_xlim(years[0], years[-1])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _forest(axes: Axes, values: Any, places: Any) -> None:  # noqa: ANN401 - arrays
    axes.hlines(places, values[:, 0], values[:, 4], color=INNER, linewidth=1.6)
    axes.hlines(places, values[:, 1], values[:, 3], color=LINE, linewidth=4.2)
    axes.plot(
        values[:, 2],
        places,
        "o",
        color="white",
        markeredgecolor=LINE,
        markersize=4.6,
        markeredgewidth=1.3,
    )
    axes.set_xscale("log")
    decades = np.log10(values[:, 4].max() / values[:, 0].min())
    axes.xaxis.set_major_locator(
        LogLocator(subs=(1.0, 2.0, 5.0) if decades < CLOSE else (1.0, 3.0))
    )
    axes.xaxis.set_major_formatter(FuncFormatter(_short_ticks))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _which(areas: Areas, below: int) -> str:
    first = f"the areas directly below {areas.by_code[areas.root].name}"
    return (
        f"Above the line: {first}; below it: the {below} largest {_level(areas)}."
        if below
        else f"Shown: {first}."
    )


def _level(areas: Areas) -> str:
    """Say what `country_areas` returns."""
    if set(country_areas(areas)) <= set(areas.children(areas.root)):
        return f"areas directly below {areas.by_code[areas.root].name}"
    return "countries, or areas of their level"


def _shaded(fit: Fit) -> str:
    ahead = forecast_years(fit)
    if not ahead:
        return ""
    span = str(ahead[0]) if len(ahead) == 1 else f"{ahead[0]} to {ahead[-1]}"
    return (
        f" Shaded: forecast ({span}), years in which rows speak for less than half of the people."
    )


def _ticks(value: float, _: int) -> str:
    return people(value, 3) if value else "0"


def _short_ticks(value: float, _: int) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
