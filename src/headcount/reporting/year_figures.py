"""Figures of headcounts by year: of the root area, and of the largest countries."""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from headcount._wording import interval, people, probability
from headcount.diagnostics.checks import Evidence
from headcount.posterior.fits import Fit
from headcount.posterior.forecasting import forecast_years
from headcount.reporting.answer_sentences import capital, subject
from headcount.reporting.axis_ticks import people_ticks, short_ticks
from headcount.reporting.canvas import AHEAD, INNER, LINE, OUTER
from headcount.reporting.canvas import canvas as drawing_canvas
from headcount.reporting.headcount_bands import bands_of, by_size, country_areas, level_name
from headcount.reporting.page_parts import Figure

__all__ = ["country_figure", "total_figure"]

MOST_PANELS: Final = 12
"""Small multiples: three rows of four."""


def total_figure(evidence: Evidence) -> Figure:
    """Draw the root's headcount by year.

    Parameters
    ----------
    evidence
        Evidence of the fit.

    Returns
    -------
    Figure
        Median, 50 % band and the band of the evidence's probability; forecast years on a shaded
        ground.
    """
    fit, root = evidence.fit, evidence.fit.spec.areas.root
    bands = bands_of(evidence, [root])
    with drawing_canvas("total", 8.2, 3.9) as (canvas, finished):
        axes = canvas.subplots()
        _path(axes, bands.sel(area=root), fit, label=True)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(FuncFormatter(people_ticks))
        axes.grid(axis="y")
    last = bands.sel(area=root, year=evidence.last_year).to_numpy()
    prob = probability(evidence.prob)
    name = fit.spec.areas.by_code[root].name
    alt = (
        f"Line chart of the number of {subject(fit.spec)} in {name} from {fit.spec.years.first} to "
        f"{fit.spec.years.last}. In {evidence.last_year} the median is {people(last[2])}, the "
        f"{prob} interval {interval(last[0], last[4])}."
    )
    caption = (
        f"{capital(subject(fit.spec))}, {name}. Line: median. Bands: 50 % and {prob} equal-tailed "
        f"intervals.{_shaded(fit)}"
    )
    return Figure(finished(), alt, caption)


def country_figure(evidence: Evidence) -> Figure:
    """Draw the headcounts of the largest countries by year.

    Parameters
    ----------
    evidence
        Evidence of the fit.

    Returns
    -------
    Figure
        Small multiples, each with an axis of its own that starts at zero.
    """
    fit, areas = evidence.fit, evidence.fit.spec.areas
    bands = bands_of(evidence, country_areas(areas))
    shown = by_size(bands.sel(year=evidence.last_year), list(country_areas(areas)))[:MOST_PANELS]
    columns = min(4, len(shown))
    rows = -(-len(shown) // columns)
    with drawing_canvas("countries", 8.2, 0.3 + 1.75 * rows) as (canvas, finished):
        grid = canvas.subplots(rows, columns, squeeze=False).ravel()
        for axes, code in zip(grid, shown, strict=False):
            _path(axes, bands.sel(area=code), fit)
            axes.set_title(areas.by_code[code].name)
            axes.set_ylim(bottom=0)
            axes.yaxis.set_major_locator(MaxNLocator(3))
            axes.yaxis.set_major_formatter(FuncFormatter(short_ticks))
            axes.tick_params(labelsize=8)
            axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
        for axes in grid[len(shown) :]:
            axes.set_visible(False)
    names = ", ".join(areas.by_code[code].name for code in shown)
    alt = f"Small line charts of the number of {subject(fit.spec)} by year in {names}."
    caption = (
        f"The {len(shown)} largest {level_name(areas)}, each on its own scale. Line: median. "
        f"Bands: 50 % and {probability(evidence.prob)} equal-tailed intervals.{_shaded(fit)}"
    )
    return Figure(finished(), alt, caption)


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


def _shaded(fit: Fit) -> str:
    ahead = forecast_years(fit)
    if not ahead:
        return ""
    span = str(ahead[0]) if len(ahead) == 1 else f"{ahead[0]} to {ahead[-1]}"
    return f" Shaded: forecast ({span}), years in which rows cover less than half of the people."
