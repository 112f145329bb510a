"""The figure of influence: a headcount with all rows, and without each source or lineage."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from headcount._wording import people
from headcount.reporting.canvas import FAINT, LINE, OUTER, canvas

__all__ = ["influence_svg"]

MOST: Final = 30
"""Omissions that fit a page legibly, the most influential ones."""

TENFOLD: Final = 10
"""Over a wider range than this, an axis has room for three labels in each power of ten."""


def influence_svg(table: pd.DataFrame, whole: tuple[float, float, float], *, answer: str) -> str:
    """Draw the median and interval of a headcount without each source or lineage.

    Parameters
    ----------
    table
        Columns ``kind, name, method, lower, median, upper`` and ``error``, the first line on top;
        people.
    whole
        Lower end, median and upper end with all rows.
    answer
        Title: who is counted, where and when.

    Returns
    -------
    str
        An ``svg`` element; a logarithmic axis. Hollow dots were re-weighted, full ones refitted.
    """
    shown = table[table["error"] == ""].head(MOST)
    places = np.arange(len(shown), dtype=float)
    with canvas("influence", 8.2, 1.3 + 0.27 * len(shown)) as (drawn, finished):
        axes = drawn.subplots()
        axes.set_xscale("log")
        axes.axvspan(whole[0], whole[2], color=OUTER, linewidth=0, alpha=0.6)
        axes.axvline(whole[1], color=LINE, linewidth=1)
        axes.hlines(places, shown["lower"], shown["upper"], color=LINE, linewidth=1.6)
        for place, middle, method in zip(places, shown["median"], shown["method"], strict=True):
            face = "white" if method == "re-weighted" else LINE
            axes.plot(
                [middle], [place], "o", markersize=5, markerfacecolor=face, markeredgecolor=LINE
            )
        axes.set_yticks(places, [_label(line) for _, line in shown.iterrows()])
        axes.set_ylim(len(shown) - 0.4, -0.7)
        wide = shown["upper"].max() > TENFOLD * shown["lower"].min()
        axes.xaxis.set_major_locator(
            LogLocator(subs=(1, 2, 5) if wide else (1, 1.5, 2, 3, 4, 5, 6, 8))
        )
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: people(value)))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_title(f"{answer}, without ...")
        note = "Ground and line: with all rows. Full dots: refitted; hollow ones: re-weighted."
        axes.set_xlabel(note, color=FAINT, fontsize=8.5)
    return finished()


def _label(line: pd.Series) -> str:
    kind = "" if line["kind"] == "source" else f"{line['kind']} "
    return f"{kind}{line['name']}"
