"""Figures of a comparison: each prior set beside the reference, before the data and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from headcount._wording import listed, people, percent, probability
from headcount.reporting.canvas import AHEAD, FAINT, INNER, LINE, OUTER, canvas
from headcount.reporting.report_figures import Figure
from headcount.reporting.sentences import subject

if TYPE_CHECKING:
    from headcount.workflows.sensitivity import Comparison

__all__ = ["attribution_figure", "learning_figure", "prediction_figure", "total_figures"]

WIDTH: Final = 8.6
COLUMNS: Final = 3
"""Small multiples side by side."""

TALL: Final = 2.5
"""Height of a small multiple, in inches."""

COLOURS: Final = (LINE, "#c2571a", "#3f8f5f", "#8a4fa3", "#a98600", "#5d6a70", "#b0306a", "#2f9db0")
MARKERS: Final = "osD^vPX*"
"""Of the sets, the reference first; markers tell them apart in grey print.

A ninth set starts anew.
"""

BEFORE: Final = "#e9e0cb"
BEFORE_LINE: Final = "#a38c50"
"""Of what the priors say before any data."""

MOST_PRIORS: Final = 12
"""Priors that are drawn for each set: those with the largest parts."""

MOST_SOURCES: Final = 40
"""Sources that are drawn: those with the most rows."""

ROOM: Final = 0.16
"""Height of one strip, in inches."""

WIDEST: Final = 1000.0
"""Factors beyond are cut off: a prior that knows nothing must not make the others unreadable."""


def total_figures(comparison: Comparison) -> Figure:
    """Draw the root's headcount by year, a panel for each set, with the reference behind.

    Parameters
    ----------
    comparison
        Fits side by side.

    Returns
    -------
    Figure
        Small multiples on one scale that starts at zero.
    """
    with _panels(comparison, "comparison totals") as (panels, finished):
        reference = _band(comparison, comparison.reference, "posterior")
        for axes, name in zip(panels, comparison.names, strict=True):
            _ahead(axes, comparison)
            own = _band(comparison, name, "posterior")
            _draw_band(axes, own, OUTER, INNER, LINE)
            if name != comparison.reference:
                for column, style in (("lower", ":"), ("median", "--"), ("upper", ":")):
                    axes.plot(
                        reference["year"], reference[column], style, color="#5d6a70", linewidth=1.1
                    )
            axes.set_ylim(bottom=0)
            axes.set_title(name)
            axes.yaxis.set_major_formatter(FuncFormatter(_people_ticks))
    spec, prob = comparison.specs[comparison.reference], probability(comparison.prob)
    caption = (
        f"{_capital(subject(spec))}, {spec.areas.by_code[comparison.common.root].name}, by year. Line: median. Bands: 50 % and "
        f"{prob} equal-tailed intervals. Broken lines: median and {prob} interval under ‘{comparison.reference}’."
        + _shaded(comparison)
    )
    alt = f"Line charts of the total by year under {listed(comparison.names)}. {comparison.verdict}"
    return Figure(finished(), alt, caption)


def learning_figure(comparison: Comparison) -> Figure:
    """Draw what the priors say about the root's headcount before any data, and what is left of it
    after.

    Parameters
    ----------
    comparison
        Fits side by side.

    Returns
    -------
    Figure
        Small multiples on one logarithmic scale.
    """
    with _panels(comparison, "comparison priors") as (panels, finished):
        for axes, name in zip(panels, comparison.names, strict=True):
            before, after = (_band(comparison, name, stage) for stage in ("prior", "posterior"))
            _draw_band(axes, before, BEFORE, None, BEFORE_LINE)
            _draw_band(axes, after, INNER, None, LINE)
            axes.set_yscale("log")
            axes.set_title(name)
            _log_ticks(axes.yaxis, _people_ticks)
    prob = probability(comparison.prob)
    caption = (
        f"The total by year before any data (pale) and after (blue): median and {prob} interval; logarithmic axis. What "
        "the priors say is drawn from all of them together."
    )
    alt = f"Bands of the total by year, prior and posterior, under {listed(comparison.names)}."
    return Figure(finished(), alt, caption)


def attribution_figure(comparison: Comparison) -> Figure | None:
    """Draw what each changed prior does to the total.

    Parameters
    ----------
    comparison
        Fits side by side.

    Returns
    -------
    Figure or None
        A panel for each set that could be taken apart, with bars for parts and dots for effects
        alone; nothing if none could.
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
            f"change of the total of {comparison.common.last_year}; logarithmic axis"
        )
    caption = (
        "Bars: the part of each changed prior in the whole change; they add up. Dots: what it would do if only it were "
        f"changed. Whiskers: two Monte Carlo standard errors. {MOST_PRIORS} priors at most for each set."
    )
    alt = f"Bar charts of the part of each changed prior in the change of the total, for {listed(map(str, tables))}."
    return Figure(finished(), alt, caption)


def prediction_figure(comparison: Comparison) -> Figure:
    """Draw what sources state, predicted before the data and after, against what they did state.

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
    caption = (
        "What is predicted for each source over what it stated, all its rows together: median, 50 % (thick) and "
        f"{probability(comparison.prob)} (thin); at 1 it is what was stated. Logarithmic axes, each with its own range. A "
        "strip before the data that does not reach 1 is a prior that did not expect what the source says; one after the data, a "
        "misfit."
    )
    alt = f"Intervals of predicted over stated numbers for {len(sources)} sources under {listed(comparison.names)}."
    return Figure(finished(), alt, caption)


class _panels:
    """Small multiples, one for each set."""

    def __init__(self, comparison: Comparison, salt: str) -> None:
        self.count = len(comparison.names)
        columns = min(COLUMNS, self.count)
        self.shape = (-(-self.count // columns), columns)
        self.canvas = canvas(salt, WIDTH, 0.3 + TALL * self.shape[0])

    def __enter__(self) -> Any:  # noqa: ANN401 - Matplotlib's axes, and the canvas's own function
        drawn, finished = self.canvas.__enter__()
        grid: Any = drawn.subplots(*self.shape, squeeze=False, sharey=True).ravel()
        for axes in grid:
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            axes.grid(axis="y")
        for axes in grid[self.count :]:
            axes.set_visible(False)
        return grid[: self.count], finished

    def __exit__(self, *trouble: Any) -> None:  # noqa: ANN401 - what Python hands over
        self.canvas.__exit__(*trouble)


def _band(comparison: Comparison, name: str, stage: str) -> pd.DataFrame:
    table = comparison.totals
    return table[(table["prior_set"] == name) & (table["stage"] == stage)]


def _draw_band(axes: Axes, band: pd.DataFrame, outer: str, inner: str | None, line: str) -> None:
    years = band["year"].to_numpy()
    axes.fill_between(years, band["lower"], band["upper"], color=outer, linewidth=0)
    if inner:
        axes.fill_between(years, band["inner_lower"], band["inner_upper"], color=inner, linewidth=0)
    axes.plot(years, band["median"], color=line, linewidth=1.6)
    if len(years) > 1:
        axes.set_xlim(years[0], years[-1])


def _ahead(axes: Axes, comparison: Comparison) -> None:
    common = comparison.common
    if common.ahead:
        axes.axvspan(common.ahead[0] - 0.5, common.years[-1], color=AHEAD, linewidth=0)


def _shaded(comparison: Comparison) -> str:
    return " Shaded: forecast." if comparison.common.ahead else ""


def _largest(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out the sums, and the small parts."""
    return table[~table["prior"].str.startswith("(")].head(MOST_PRIORS)


def _draw_parts(axes: Axes, table: pd.DataFrame) -> None:
    places = np.arange(len(table))
    axes.barh(places, table["part"], height=0.62, color=INNER, linewidth=0)
    axes.errorbar(
        table["part"], places, xerr=2 * table["part_mcse"], fmt="none", ecolor=LINE, elinewidth=0.9
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
    """Put ticks of a logarithmic change where percentages are round."""
    low, high = (float(np.expm1(end)) for end in axes.get_xlim())
    ticks = np.asarray(MaxNLocator(6).tick_values(low, high))
    axes.set_xticks(np.log1p(ticks[(ticks > low) & (ticks < high)]))


def _strips(axes: Axes, own: pd.DataFrame, sources: list[str], place: int, sets: int) -> None:
    """Draw the strips of one set; those of one source stand close together."""
    lean = (place - (sets - 1) / 2) / (sets + 0.6)
    at = np.array([sources.index(source) for source in own["source"]]) + lean
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
    _log_ticks(axes.xaxis, lambda value, _: f"{value:g}")
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


def _log_ticks(axis: Any, words: Any) -> None:  # noqa: ANN401 - Matplotlib's axis, and a formatter's function
    low, high = axis.get_view_interval()
    decades = np.log10(high / low)
    axis.set_major_locator(
        LogLocator(subs=(1.0, 2.0, 5.0) if decades < 2 else (1.0, 3.0) if decades < 3 else (1.0,))
    )
    axis.set_major_formatter(FuncFormatter(words))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def _people_ticks(value: float, _: int) -> str:
    return people(value, 3) if value else "0"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
