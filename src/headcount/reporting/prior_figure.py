"""The figure of priors: a density, or the implied headcounts, and the rows among predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from headcount._wording import number, people
from headcount.reporting.canvas import FAINT, INNER, LINE, OUTER, canvas
from headcount.workflows.elicitation.prior_warnings import SMALLEST_TAIL

if TYPE_CHECKING:
    from headcount.workflows.elicitation import PriorDescription

__all__ = ["prior_figure"]

WIDTH: Final = 8.6
MAIN: Final = 3.0
"""Height of the upper panel, in inches."""

PER_LINE: Final = 0.24
"""Height that a row or a source takes, in inches."""

MOST: Final = 24
"""Rows that are drawn for one prior: the largest."""

BAD: Final = "#a3322a"


def prior_figure(description: PriorDescription) -> str:
    """Draw a description of priors.

    Parameters
    ----------
    description
        Description of one prior, or of all priors of a study.

    Returns
    -------
    str
        An ``svg`` element. Above, the density of one prior with its central 50 and 90 %, or the
        headcount of the root area by year before any data. Below, if there are rows, their
        percentiles in the prior predictive distribution: the largest rows of one prior, or all rows
        by source.
    """
    stated = description.statements
    alone = description.prior is not None
    stated = stated[stated["below"].notna()] if len(stated) else stated
    lines = 0 if stated.empty else min(len(stated), MOST) if alone else stated["source"].nunique()
    heights = [MAIN, lines * PER_LINE + 0.9] if lines else [MAIN]
    with canvas("prior", WIDTH, sum(heights)) as (drawn, finished):
        panels: Any = drawn.subplots(len(heights), 1, height_ratios=heights, squeeze=False)
        if alone:
            _density(panels[0, 0], description)
        else:
            _totals(panels[0, 0], description.implied)
        if lines:
            (_rows if alone else _percentiles)(panels[1, 0], stated)
    return finished()


def _density(axes: Axes, description: PriorDescription) -> None:
    assert description.curve is not None  # a description of one prior has it
    values, density, is_log = description.curve
    quantiles = description.priors.iloc[0]
    for low, high, colour in (("q05", "q95", OUTER), ("q25", "q75", INNER)):
        inside = (values >= quantiles[low]) & (values <= quantiles[high])
        axes.fill_between(values, density, where=inside.tolist(), color=colour, linewidth=0)
    axes.plot(values, density, color=LINE, linewidth=1.4)
    axes.axvline(quantiles["q50"], color=LINE, linewidth=0.8)
    _plain(axes, is_log=is_log)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylim(bottom=0)
    axes.set_title(description.title)
    axes.set_xlabel("median, and the central 50 % and 90 %" + ("; log scale" if is_log else ""))


def _totals(axes: Axes, implied: pd.DataFrame) -> None:
    root = implied["area"].iloc[0]
    total = implied[(implied["quantity"] == "headcount") & (implied["area"] == root)]
    years = total["year"].to_numpy()
    axes.fill_between(years, total["lower"], total["upper"], color=OUTER, linewidth=0)
    axes.plot(years, total["median"], color=LINE, linewidth=1.4)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: people(value)))
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y")
    axes.set_title(f"{root} before any data: median and 90 %")


def _rows(axes: Axes, stated: pd.DataFrame) -> None:
    """Draw the rows of one prior, the largest above."""
    largest = stated.sort_values("median", ascending=False)[:MOST]
    is_bad = (largest["tail"] < SMALLEST_TAIL).to_numpy()
    places = np.arange(len(largest))
    axes.hlines(places, 5, 95, color=OUTER, linewidth=6)
    axes.hlines(places, 25, 75, color=INNER, linewidth=6)
    axes.scatter(100 * largest["below"], places, s=22, color=np.where(is_bad, BAD, LINE), zorder=3)
    labels = [f"{row.source}, {row.area} {row.year}: {row.stated}" for row in largest.itertuples()]
    _percentile_axis(axes, labels)
    axes.set_title("Rows in the prior predictive distribution")


def _percentiles(axes: Axes, stated: pd.DataFrame) -> None:
    sources = list(dict.fromkeys(stated["source"]))
    for place, source in enumerate(sources):
        own = stated[stated["source"] == source]
        axes.hlines(place, 5, 95, color=OUTER, linewidth=6, zorder=1)
        colours = np.where(own["tail"] < SMALLEST_TAIL, BAD, LINE)
        axes.scatter(
            100 * own["below"],
            [place] * len(own),
            s=14,
            color=colours,
            alpha=0.6,
            linewidths=0,
            zorder=3,
        )
    _percentile_axis(axes, sources)
    axes.set_title("Rows in the prior predictive distribution, by source")


def _percentile_axis(axes: Axes, labels: list[str]) -> None:
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(-1, 101)
    axes.set_xticks([0, 5, 25, 50, 75, 95, 100])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.axvline(50, color=FAINT, linewidth=0.8, zorder=0)
    axes.set_xlabel("percentile of the row in its prior predictive distribution; band: 90 %")


def _plain(axes: Axes, *, is_log: bool) -> None:
    if is_log:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
