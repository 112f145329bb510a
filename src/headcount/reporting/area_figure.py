"""The figure of areas: the interval of each area in the last year with data."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from headcount._wording import people, probability
from headcount.diagnostics.checks import Evidence
from headcount.reporting.answer_sentences import capital, subject
from headcount.reporting.axis_ticks import short_ticks
from headcount.reporting.canvas import FAINT, INNER, LINE
from headcount.reporting.canvas import canvas as drawing_canvas
from headcount.reporting.headcount_bands import bands_of, by_size, country_areas, level_name
from headcount.reporting.page_parts import Figure
from headcount.study.areas import Areas

__all__ = ["area_figure"]

MOST_BARS: Final = 34
"""Areas in the forest plot: as many as fit a page legibly."""


CLOSE: Final = 1.5
"""Below this many powers of ten, a logarithmic axis has room for three labels in each."""


def area_figure(evidence: Evidence) -> Figure:
    """Draw the intervals of the areas below the root, and of the largest countries.

    Parameters
    ----------
    evidence
        Evidence of the fit.

    Returns
    -------
    Figure
        A forest plot of the last year with data on a logarithmic axis; the areas directly below the
        root above the countries.
    """
    fit, areas, year = evidence.fit, evidence.fit.spec.areas, evidence.last_year
    top = areas.children(areas.root)
    others = [code for code in country_areas(areas) if code not in top]
    bands = bands_of(evidence, [*top, *others]).sel(year=year)
    first, below = by_size(bands, top), by_size(bands, others)[: max(0, MOST_BARS - len(top))]
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
    middle = float(bands.sel(area=shown[0]).to_numpy()[2])
    alt = (
        f"Forest plot of the number of {subject(fit.spec)} in {len(shown)} areas in {year} on a "
        f"logarithmic axis; the largest is {largest} with a median of {people(middle)}."
    )
    caption = (
        f"{capital(subject(fit.spec))} in {year}. Dot: median; thick and thin bars: 50 % and "
        f"{prob} equal-tailed intervals; logarithmic axis. {_choice(areas, len(below))}"
    )
    return Figure(finished(), alt, caption)


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
    axes.xaxis.set_major_formatter(FuncFormatter(short_ticks))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _choice(areas: Areas, below: int) -> str:
    first = f"the areas directly below {areas.by_code[areas.root].name}"
    return (
        f"Above the line: {first}; below it: the {below} largest {level_name(areas)}."
        if below
        else f"Shown: {first}."
    )
