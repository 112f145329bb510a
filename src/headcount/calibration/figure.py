"""The figure of a calibration: how far ranks are from uniform, and how often intervals hold the truth."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from headcount.calibration.results import PROBABILITIES, Calibration
from headcount.calibration.uniformity import uniformity_of
from headcount.reporting.drawing import FAINT, INK, LINE, OUTER, canvas

__all__ = ["calibration_figure"]

PANEL = 2.9
"""Width of a panel, in inches."""

COLUMNS = 4


def calibration_figure(calibration: Calibration) -> str:
    """Draw a calibration.

    Parameters
    ----------
    calibration
        What was found.

    Returns
    -------
    str
        An ``svg`` element: a panel for each group with a line for each quantity, its empirical distribution of ranks less
        the uniform one, on the band that holds all of such a line with 95 % probability; and one with the coverage of
        intervals.
    """
    groups = calibration.groups
    rows = -(-(len(groups) + 1) // COLUMNS)
    with canvas("calibration", COLUMNS * PANEL, rows * PANEL) as (drawn, finished):
        panels = drawn.subplots(rows, COLUMNS, squeeze=False).ravel()
        for axes, group in zip(panels, groups, strict=False):
            _ranks(axes, calibration, group)
        _coverage(panels[len(groups)], calibration)
        for axes in panels[len(groups) + 1 :]:
            axes.set_axis_off()
    return finished()


def _ranks(axes: Axes, calibration: Calibration, group: str) -> None:
    ranked = calibration.ranked
    at = np.arange(1, ranked + 1) / (ranked + 1)
    low, high = uniformity_of(calibration.studies, ranked).band()
    axes.fill_between(at, low - at, high - at, color=OUTER, linewidth=0, step="mid")
    axes.axhline(0, color=FAINT, linewidth=0.8)
    members = calibration.members(group)
    for i in members:
        own = np.searchsorted(np.sort(calibration.ranks[:, i]), np.arange(ranked), side="right")
        axes.plot(
            at, own / calibration.studies - at, color=LINE, linewidth=0.9, alpha=max(0.15, 1 / len(members))
        )
    axes.set_title(f"{group} ({len(members)})")
    axes.set_xlabel("rank of the truth")
    axes.set_xlim(0, 1)
    limit = 1.6 * float(np.abs(np.concatenate([low - at, high - at])).max())
    axes.set_ylim(-limit, limit)


def _coverage(axes: Axes, calibration: Calibration) -> None:
    summary = calibration.summary()
    places = np.arange(len(summary))
    for prob, shade in zip(PROBABILITIES, ("#b9cfde", "#7fa6c2", "#3f7aa3", LINE), strict=True):
        name = f"{100 * prob:.0f}"
        axes.axhline(prob, color=shade, linewidth=0.8)
        axes.errorbar(
            places,
            summary[f"coverage_{name}"],
            yerr=2 * summary[f"error_{name}"],
            fmt="o",
            color=shade,
            markersize=4,
            linewidth=1.2,
        )
    axes.set_xticks(places, summary["group"], rotation=40, ha="right")
    axes.set_title("intervals that hold the truth", color=INK)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_ylim(0.3, 1.02)
    axes.set_xlim(-0.6, len(summary) - 0.4)
