"""The result of an influence analysis: a table, and sentences about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from headcount._wording import agree, percent, plural
from headcount.workflows.sensitivity.omitted_evidence import ANCHOR, LINEAGE

__all__ = ["COLUMNS", "NOISE", "Influence"]

COLUMNS: Final = (
    "kind",
    "name",
    "rows",
    "method",
    "median",
    "lower",
    "upper",
    "change",
    "width",
    "absolute",
    "expected",
    "surprise",
    "p_surprise",
    "last_anchor",
    "shift",
    "shift_se",
    "pareto_k",
    "ess",
    "rhat",
    "error",
)

NOISE: Final = 2.0
"""Standard errors below which an estimate is not distinguished from zero."""

HIGHEST_RHAT: Final = 1.05
"""R-hat of the headcount above which a short refit has not converged."""

SURPRISING: Final = 0.05
"""Tail probability below which an influence is called larger than expected."""

MOST_NAMED: Final = 8
"""Omissions that have a sentence of their own."""


@dataclass(frozen=True, eq=False)
class Influence:
    """The influence of each source, anchor and lineage on a headcount.

    Build one with `influence`.

    Parameters
    ----------
    area, year
        Area and year of the headcount of the target scope.
    prob
        Probability inside the equal-tailed intervals.
    median, lower, upper
        With all rows, in people.
    omissions
        One line per omission, the most influential first; columns ``COLUMNS``.

        - ``method``: ``re-weighted``, ``refitted`` or ``failed``;
        - ``median, lower, upper``: without the sources, in people; ``change``: of the median, a
          fraction; ``width``: of the interval on the log scale, as a multiple of that with all
          rows;
        - ``absolute, expected, surprise, p_surprise``: see
          `headcount.workflows.sensitivity.source_influence`. The first two are variances of the log
          headcount; ``surprise`` is missing where the second is not distinguished from zero;
        - ``last_anchor``: whether the omission leaves no source whose level is known;
        - ``shift, shift_se``: of the mean log headcount in posterior standard deviations, with its
          Monte Carlo standard error.
    """

    area: str
    year: int
    prob: float
    median: float
    lower: float
    upper: float
    omissions: pd.DataFrame

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """The results in sentences, the most influential omission first."""
        found = [self._sentence(line) for _, line in self.omissions.head(MOST_NAMED).iterrows()]
        rest = len(self.omissions) - len(found)
        if not rest:
            return tuple(found)
        verb = agree(rest, "matters", "matter")
        return (*found, f"{plural(rest, 'other')} {verb} less.")

    def to_frame(self) -> pd.DataFrame:
        """Return ``omissions`` with the columns ``area, year`` and ``prob``."""
        return self.omissions.assign(area=self.area, year=self.year, prob=self.prob)

    def write_csv(self, path: str | Path) -> Path:
        r"""Write the table of `to_frame`: UTF-8, lines end with ``\n``, numbers unrounded."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.to_frame().to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
        return path

    def _sentence(self, line: pd.Series) -> str:
        kind = {LINEAGE: "the sources of the lineage ", ANCHOR: "the anchor "}.get(line["kind"], "")
        rows = f"{plural(int(line['rows']), 'row')}, {line['method']}"
        opening = f"Without {kind}{line['name']} ({rows})"
        if line["error"]:
            return f"{opening}: {line['error']}."
        width = f"its interval {line['width']:.2f} times as wide"
        change = f"{self.area} in {self.year} would be {_change(line)} and {width}"
        return " ".join([f"{opening} {change}; {_surprise(line)}.", *_caveats(line)])

    def __repr__(self) -> str:
        """Return the results as text."""
        opening = f"<headcount.Influence on {self.area} in {self.year}"
        return "\n  ".join([opening, *self.sentences]) + ">"


def _change(line: pd.Series) -> str:
    moved = f"{percent(abs(line['change']))} {'higher' if line['change'] > 0 else 'lower'}"
    is_noise = abs(line["shift"]) < NOISE * line["shift_se"]
    return f"{moved} (within Monte Carlo error)" if is_noise else moved


def _surprise(line: pd.Series) -> str:
    p = f"(p = {line['p_surprise']:.2g})"
    if line["p_surprise"] >= SURPRISING:
        return f"about as expected {p}"
    if np.isfinite(line["surprise"]):
        return f"{np.sqrt(line['surprise']):.1f} times the expected change {p}"
    return f"more than expected {p}"


def _caveats(line: pd.Series) -> Iterator[str]:
    if line["last_anchor"]:
        yield "No anchor is left then: priors alone determine the coverage of the other sources."
    if line["rhat"] > HIGHEST_RHAT:
        yield f"Its refit has not converged (R-hat {line['rhat']:.2f}): take more draws."
