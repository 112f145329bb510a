"""The figure of a calibration: ranks against the uniform distribution, and interval coverage."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from headcount._types import FloatArray
from headcount.reporting.canvas import FAINT, INK, INNER, LINE, OUTER, canvas
from headcount.workflows.calibration.calibrated_quantities import PROBABILITIES
from headcount.workflows.calibration.calibration_result import (
    SIGNIFICANCE,
    Calibration,
    whole_percent,
)

__all__ = ["calibration_figure"]

BAD: Final = "#a3322a"
WIDTH: Final = 10.4
COLUMNS: Final = 4
PANEL: Final = 2.2
"""Height of a row of panels, in inches."""

LINE_OF_GROUP: Final = 0.27
"""Height that a group takes in the panels of intervals, in inches."""

SMALL: Final = 8
HOW_TO_READ: Final = (
    "Above zero throughout: posteriors too high; below: too low. "
    "Up, then down: too narrow; down, then up: too wide."
)


def calibration_figure(calibration: Calibration) -> str:
    """Draw a calibration.

    Parameters
    ----------
    calibration
        Result of `headcount.calibrate`.

    Returns
    -------
    str
        An ``svg`` element. Above, a panel for each group with a line for each quantity, its
        empirical distribution of ranks less the uniform one, on the band that holds all of such a
        line with 95 % probability; the least uniform one is dark. Below, how often intervals hold
        the truth, by group, with twice its Monte Carlo error. Failures are red.
    """
    rows = -(-len(calibration.groups) // COLUMNS)
    heights = (rows * PANEL + 0.4, len(calibration.groups) * LINE_OF_GROUP + 0.8)
    with canvas("calibration", WIDTH, sum(heights)) as (drawn, finished):
        parts: Any = drawn.subfigures(2, 1, height_ratios=heights)
        _ranks(parts[0], calibration, rows)
        _intervals(parts[1], calibration)
    return finished()


def _ranks(drawn: SubFigure, calibration: Calibration, rows: int) -> None:
    panels = drawn.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False)
    low, high = (_less_uniform(side) for side in calibration.uniformity.band())
    at = np.linspace(0, 1, len(low))
    for axes, group in zip(panels.ravel(), calibration.groups, strict=False):
        axes.fill_between(at, low, high, color=OUTER, linewidth=0)
        axes.axhline(0, color=FAINT, linewidth=0.8)
        _group(axes, calibration, group, at)
    for axes in panels.ravel()[len(calibration.groups) :]:
        axes.set_axis_off()
    drawn_lines = [
        np.asarray(line.get_ydata()) for axes in panels.ravel() for line in axes.get_lines()
    ]
    limit = max(
        1.5 * np.abs([low, high]).max(), *(1.1 * np.abs(line).max() for line in drawn_lines)
    )
    panels[0, 0].set_ylim(-limit, limit)
    panels[0, 0].set_xlim(0, 1)
    panels[0, 0].set_xticks([0, 1 / 3, 2 / 3, 1])
    panels[0, 0].xaxis.set_major_formatter(
        FuncFormatter(lambda x, _: f"{x * calibration.rank_draws:.0f}")
    )
    panels[0, 0].yaxis.set_major_formatter(
        FuncFormatter(lambda y, _: f"{100 * y:+.0f}" if y else "0")
    )
    drawn.supylabel("off uniform (points)", fontsize=SMALL)
    label = (
        "part of the studies up to each rank of the truth among "
        f"{calibration.rank_draws} draws, less the uniform part"
    )
    drawn.supxlabel(f"{label}\n{HOW_TO_READ}", fontsize=SMALL)


def _group(axes: Axes, calibration: Calibration, group: str, at: FloatArray) -> None:
    lines = calibration.to_frame()
    own = lines[lines["group"] == group].sort_values("p_uniform", ascending=False)
    ranks = calibration.of(group)["rank"].to_pandas()
    for quantity, p in zip(own["quantity"], own["p_adjusted"], strict=True):
        counts = calibration.uniformity.counts(ranks[quantity].to_numpy())
        worst = quantity == own["quantity"].iloc[-1]
        colour, width = BAD if p < SIGNIFICANCE else LINE if worst else INNER, 1.4 if worst else 0.7
        axes.plot(at, _less_uniform(counts / calibration.studies), color=colour, linewidth=width)
    # The title leaves a line for the note, which is smaller.
    axes.set_title(f"{group}\n", pad=0)
    hue, colour = ("red", BAD) if p < SIGNIFICANCE else ("dark", INK)
    count = f"{len(own)} quantities, {hue}: " if len(own) > 1 else ""
    note = f"{count}{quantity}, p = {p:.2g}"
    axes.text(0, 1.02, note, transform=axes.transAxes, fontsize=SMALL, color=colour)


def _intervals(drawn: SubFigure, calibration: Calibration) -> None:
    groups = calibration.by_group()
    panels = drawn.subplots(1, len(PROBABILITIES), sharey=True)
    for axes, prob in zip(panels, PROBABILITIES, strict=True):
        name = whole_percent(prob)
        axes.axvline(prob, color=FAINT, linewidth=0.8)
        columns = groups[[f"coverage_{name}", f"error_{name}", f"p_{name}"]].to_numpy()
        for place, (share, error, p) in enumerate(columns):
            colour, ends = (
                BAD if p < SIGNIFICANCE else LINE,
                (share - 2 * error, min(share + 2 * error, 1)),
            )
            axes.plot(ends, (place, place), color=colour, linewidth=1.4)
            axes.plot(share, place, "o", color="white", markeredgecolor=colour, markersize=4.6)
        _bare(axes, f"{name} % intervals")
    panels[0].set_yticks(range(len(groups)), groups["group"])
    panels[0].set_ylim(len(groups) - 0.4, -0.6)
    drawn.supxlabel(
        "intervals that hold the truth, and twice the Monte Carlo error", fontsize=SMALL
    )


def _bare(axes: Axes, title: str) -> None:
    axes.set_title(title)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _less_uniform(part: FloatArray) -> FloatArray:
    """Return the part of studies with a rank of at most 0, 1, ... less that of uniform ranks."""
    whole = np.concatenate([[0.0], part, [1.0]])
    return whole - np.linspace(0, 1, len(whole))
