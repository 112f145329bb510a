"""Figures of the total by year under each prior set, before the data and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from headcount._wording import listed, probability
from headcount.reporting.answer_sentences import capital, subject
from headcount.reporting.axis_ticks import log_ticks, people_ticks
from headcount.reporting.canvas import AHEAD, INNER, LINE, OUTER, canvas
from headcount.reporting.page_parts import Figure

if TYPE_CHECKING:
    from headcount.workflows.sensitivity import Comparison

__all__ = ["learning_figure", "total_figures"]

WIDTH: Final = 8.6


COLUMNS: Final = 3
"""Small multiples side by side."""


TALL: Final = 2.5
"""Height of a small multiple, in inches."""


BEFORE: Final = "#e9e0cb"


BEFORE_LINE: Final = "#a38c50"
"""Colours of the band and the median before any data."""


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
    with _Panels(comparison, "comparison totals") as (panels, finished):
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
            axes.yaxis.set_major_formatter(FuncFormatter(people_ticks))
    spec, prob = comparison.specs[comparison.reference], probability(comparison.prob)
    caption = (
        f"{capital(subject(spec))}, {spec.areas.by_code[comparison.question.root].name}, by year. "
        f"Line: median. Bands: 50 % and {prob} equal-tailed intervals. Broken lines: median and "
        f"{prob} interval under ‘{comparison.reference}’.{_shaded(comparison)}"
    )
    alt = f"Line charts of the total by year under {listed(comparison.names)}. {comparison.verdict}"
    return Figure(finished(), alt, caption)


def learning_figure(comparison: Comparison) -> Figure:
    """Draw the headcount of the root by year under the priors alone, and after the data.

    Parameters
    ----------
    comparison
        Fits side by side.

    Returns
    -------
    Figure
        Small multiples on one logarithmic scale.
    """
    with _Panels(comparison, "comparison priors") as (panels, finished):
        for axes, name in zip(panels, comparison.names, strict=True):
            before, after = (_band(comparison, name, stage) for stage in ("prior", "posterior"))
            _draw_band(axes, before, BEFORE, None, BEFORE_LINE)
            _draw_band(axes, after, INNER, None, LINE)
            axes.set_yscale("log")
            axes.set_title(name)
            log_ticks(axes.yaxis, people_ticks)
    prob = probability(comparison.prob)
    caption = (
        f"The total by year before any data (pale) and after (blue): median and {prob} interval; "
        "logarithmic axis. Prior draws come from all priors together."
    )
    alt = f"Bands of the total by year, prior and posterior, under {listed(comparison.names)}."
    return Figure(finished(), alt, caption)


class _Panels:
    """Small multiples, one for each set, as a context manager."""

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

    def __exit__(self, *error: Any) -> None:  # noqa: ANN401 - an exception and its traceback
        self.canvas.__exit__(*error)


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
    question = comparison.question
    if question.forecast_years:
        axes.axvspan(question.forecast_years[0] - 0.5, question.years[-1], color=AHEAD, linewidth=0)


def _shaded(comparison: Comparison) -> str:
    return " Shaded: forecast." if comparison.question.forecast_years else ""
