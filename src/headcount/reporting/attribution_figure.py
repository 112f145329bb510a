"""The figure of attribution: the contribution of each prior to the change of the total."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from headcount._wording import listed, percent
from headcount.reporting.canvas import FAINT, INNER, LINE, canvas
from headcount.reporting.page_parts import Figure

if TYPE_CHECKING:
    from headcount.workflows.sensitivity import Comparison

__all__ = ["attribution_figure"]

WIDTH: Final = 8.6


MOST_PRIORS: Final = 12
"""Priors that are drawn for each set: those with the largest contributions."""


def attribution_figure(comparison: Comparison) -> Figure | None:
    """Draw the effect of each changed prior on the total.

    Parameters
    ----------
    comparison
        Fits side by side.

    Returns
    -------
    Figure or None
        A panel for each set with an attribution, with bars for contributions and dots for effects
        alone; ``None`` without any.
    """
    tables = {
        name: _largest(table)
        for name, table in comparison.attribution.groupby("prior_set", sort=False)
    }
    if not tables:
        return None
    heights = [0.7 + 0.26 * len(table) for table in tables.values()]
    with canvas("attribution", WIDTH, 0.35 + sum(heights)) as (drawn, finished):
        grid: Any = drawn.subplots(
            len(tables), 1, height_ratios=heights, squeeze=False, sharex=True
        )
        for axes, (name, table) in zip(grid[:, 0], tables.items(), strict=True):
            _draw_parts(axes, table)
            axes.set_title(str(name))
        _round_changes(grid[-1, 0])
        grid[-1, 0].set_xlabel(
            f"change of the total of {comparison.question.last_year}; logarithmic axis"
        )
    caption = (
        "Bars: the contribution of each changed prior; they sum to the whole. Dots: the effect "
        "of changing this prior only. Whiskers: two Monte Carlo standard errors. At most "
        f"{MOST_PRIORS} priors for each set."
    )
    alt = (
        "Bar charts of the contribution of each changed prior to the change of the total, for "
        f"{listed(map(str, tables))}."
    )
    return Figure(finished(), alt, caption)


def _largest(table: pd.DataFrame) -> pd.DataFrame:
    """Return the priors with the largest contributions, without the sums."""
    return table[~table["prior"].str.startswith("(")].head(MOST_PRIORS)


def _draw_parts(axes: Axes, table: pd.DataFrame) -> None:
    places = np.arange(len(table))
    axes.barh(places, table["contribution"], height=0.62, color=INNER, linewidth=0)
    axes.errorbar(
        table["contribution"],
        places,
        xerr=2 * table["contribution_mcse"],
        fmt="none",
        ecolor=LINE,
        elinewidth=0.9,
    )
    axes.errorbar(
        table["alone"],
        places,
        xerr=2 * table["alone_mcse"],
        fmt="o",
        markersize=4.6,
        color="#c2571a",
        markerfacecolor="white",
        elinewidth=0.9,
    )
    axes.axvline(0, color=FAINT, linewidth=0.8)
    axes.set_yticks(places, table["prior"], fontsize=8)
    axes.set_ylim(len(table) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: percent(float(np.expm1(value)), sign=True))
    )
    axes.grid(axis="x")


def _round_changes(axes: Axes) -> None:
    """Set the ticks of a logarithmic change at round percentages."""
    low, high = (float(np.expm1(end)) for end in axes.get_xlim())
    ticks = np.asarray(MaxNLocator(6).tick_values(low, high))
    axes.set_xticks(np.log1p(ticks[(ticks > low) & (ticks < high)]))
