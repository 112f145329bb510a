"""The figure of predictions: predicted over stated numbers of each source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from headcount._wording import listed, plural, probability
from headcount.reporting.axis_ticks import log_ticks
from headcount.reporting.canvas import FAINT, LINE, canvas
from headcount.reporting.page_parts import Figure

if TYPE_CHECKING:
    from headcount.workflows.sensitivity import Comparison

__all__ = ["prediction_figure"]

WIDTH: Final = 8.6


COLOURS: Final = (LINE, "#c2571a", "#3f8f5f", "#8a4fa3", "#a98600", "#5d6a70", "#b0306a", "#2f9db0")


MARKERS: Final = "osD^vPX*"
"""Colours and markers of the sets, the reference first; markers differ in grey print too.

A ninth set has those of the first.
"""


MOST_SOURCES: Final = 40
"""Sources that are drawn: those with the most rows."""


ROOM: Final = 0.16
"""Height of one strip, in inches."""


WIDEST: Final = 1000.0
"""Larger factors are cut off, so that a vague prior leaves room for the others."""


def prediction_figure(comparison: Comparison) -> Figure:
    """Draw predicted over stated numbers of each source, before the data and after.

    Parameters
    ----------
    comparison
        Fits side by side.

    Returns
    -------
    Figure
        A strip for each source and set, before the data on the left and after on the right.
    """
    table = comparison.predicted
    rows = table[table["stage"] == "prior"].groupby("source", sort=False)["rows"].max()
    kept = set(rows.sort_values(ascending=False, kind="stable").index[:MOST_SOURCES])
    sources = [source for source in rows.index if source in kept]
    height = 1.1 + ROOM * len(sources) * (len(comparison.names) + 0.6)
    with canvas("predictions", WIDTH, height) as (drawn, finished):
        grid: Any = drawn.subplots(1, 2, squeeze=False, sharey=True)
        for axes, stage in zip(grid[0], ("prior", "posterior"), strict=True):
            for place, name in enumerate(comparison.names):
                own = table[(table["stage"] == stage) & (table["prior_set"] == name)]
                _strips(axes, own[own["source"].isin(kept)], sources, place, len(comparison.names))
            _factor_axis(axes)
            axes.set_title("before the data" if stage == "prior" else "after")
        grid[0, 0].set_yticks(range(len(sources)), sources, fontsize=8)
        grid[0, 0].set_ylim(len(sources) - 0.4, -0.6)
        drawn.legend(
            *_keys(comparison.names), loc="outside upper left", ncols=4, frameon=False, fontsize=9
        )
    prob = probability(comparison.prob)
    caption = (
        "Predicted over stated numbers of each source, all its rows together: median, 50 % (thick) "
        f"and {prob} (thin); at 1 the two are equal. Logarithmic axes, each with its own range. A "
        "strip that does not reach 1 is a conflict between priors and source before the data, and "
        "a misfit after the data."
    )
    alt = (
        f"Intervals of predicted over stated numbers for {plural(len(sources), 'source')} under "
        f"{listed(comparison.names)}."
    )
    return Figure(finished(), alt, caption)


def _strips(axes: Axes, own: pd.DataFrame, sources: list[str], place: int, sets: int) -> None:
    """Draw the strips of one set; those of one source stand close together."""
    offset = (place - (sets - 1) / 2) / (sets + 0.6)
    at = np.array([sources.index(source) for source in own["source"]]) + offset
    colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
    ends = {
        name: own[name].clip(1 / WIDEST, WIDEST)
        for name in ("lower", "inner_lower", "median", "inner_upper", "upper")
    }
    axes.hlines(at, ends["lower"], ends["upper"], color=colour, linewidth=1.0)
    axes.hlines(
        at, ends["inner_lower"], ends["inner_upper"], color=colour, linewidth=3.0, alpha=0.55
    )
    axes.plot(
        ends["median"],
        at,
        marker,
        color="white",
        markeredgecolor=colour,
        markersize=4,
        markeredgewidth=1.1,
    )


def _factor_axis(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.axvline(1, color=FAINT, linewidth=0.9, zorder=0)
    log_ticks(axes.xaxis, lambda value, _: f"{value:g}")
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("predicted / stated")


def _keys(names: tuple[str, ...]) -> tuple[list[Any], list[str]]:
    from matplotlib.lines import Line2D

    lines = [
        Line2D(
            [],
            [],
            color=COLOURS[i % len(COLOURS)],
            marker=MARKERS[i % len(MARKERS)],
            markerfacecolor="white",
            markersize=5,
        )
        for i in range(len(names))
    ]
    return lines, list(names)
