"""The table of estimates: every estimand of a fit with its mean, interval and diagnostics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from operator import attrgetter
from pathlib import Path
from typing import Final

import pandas as pd

from headcount.posterior.draw_statistics import statistics_of
from headcount.posterior.estimand_draws import (
    COVERAGE,
    GROWTH,
    HEADCOUNT,
    RATIO,
    SHARE,
    Estimand,
    estimand_draws,
)
from headcount.posterior.fits import Fit
from headcount.study.arguments import checked_prob

__all__ = ["COLUMNS", "estimates", "table_estimands", "write_estimates"]

COLUMNS: Final = (
    "estimand",
    "area",
    "year",
    "scope",
    "source",
    "mean",
    "sd",
    "median",
    "lower",
    "upper",
    "prob",
    "ess_bulk",
    "ess_tail",
    "rhat",
)
"""Columns of `estimates`, in order."""


def estimates(fit: Fit, *, prob: float = 0.9) -> pd.DataFrame:
    """Summarise all estimands of a fit, one row for each.

    Parameters
    ----------
    fit
        A fit.
    prob
        Probability inside the equal-tailed intervals, in (0, 1).

    Returns
    -------
    pandas.DataFrame
        Columns ``COLUMNS``. By ``estimand``:

        - ``headcount``: people of the target scope, for every area, grouping and year;
        - ``growth``: change from the year before, a fraction, for every area and year but the
          first;
        - ``share``: part of the root's headcount, for every area but the root, and year;
        - ``ratio``: people of ``scope`` for each one of the target, in the root, for every other
          latent scope and year;
        - ``coverage``: count expected from ``source`` for each person of its ``scope``, for the
          areas and years of its fitted rows.

        ``lower`` and ``upper`` are the (1 - prob) / 2 and (1 + prob) / 2 quantiles; ``source`` is
        empty where none applies.

    Raises
    ------
    ArgumentError
        Where prob is not a probability.

    Examples
    --------
    >>> table = hc.estimates(fit, prob=0.9)
    >>> list(table.columns[:3])
    ['estimand', 'area', 'year']
    """
    checked_prob(prob)
    frames = [
        _frame(fit, list(own), prob)
        for _, own in groupby(table_estimands(fit), attrgetter("name", "scope", "source"))
    ]
    return pd.concat(frames, ignore_index=True)[list(COLUMNS)]


def write_estimates(fit: Fit, path: str | Path, *, prob: float = 0.9) -> Path:
    r"""Write the table of `estimates` as CSV.

    Parameters
    ----------
    fit
        A fit.
    path
        File to write: UTF-8, lines end with ``\n``, numbers unrounded, empty cells where a column
        does not apply.
    prob
        As in `estimates`.

    Returns
    -------
    Path
        The file.
    """
    path = Path(path)
    table = estimates(fit, prob=prob)
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    return path


def table_estimands(fit: Fit) -> Iterator[Estimand]:
    """Yield the estimands of the table, in the order of its rows."""
    spec = fit.spec
    root, target, years = spec.areas.root, spec.target, spec.years.labels
    codes = [row.area for row in spec.areas.rows]
    for area in codes:
        yield from (Estimand(HEADCOUNT, area, year, target) for year in years)
    for area in codes:
        for before, year in pairwise(years):
            yield Estimand(GROWTH, area, year, target, from_year=before)
    for area in codes:
        if area != root:
            yield from (Estimand(SHARE, area, year, target, of_area=root) for year in years)
    for scope in fit.layout.scopes[1:]:
        yield from (Estimand(RATIO, root, year, scope, to_scope=target) for year in years)
    for source in fit.layout.sources:
        if spec.sources[source].reach is not None:
            yield from _coverages(fit, source)


def _coverages(fit: Fit, source: str) -> Iterator[Estimand]:
    """Yield the coverage of a source in the areas and years of its fitted rows."""
    scope = fit.spec.sources[source].scope
    rows = (row for row in fit.observations.fitted if row.source == source)
    for area, year in sorted({(row.area, row.year) for row in rows}):
        yield Estimand(COVERAGE, area, year, scope, source)


def _frame(fit: Fit, estimands: Sequence[Estimand], prob: float) -> pd.DataFrame:
    labels = {
        "estimand": [own.name for own in estimands],
        "area": [own.area for own in estimands],
        "year": [own.year for own in estimands],
        "scope": [own.scope for own in estimands],
        "source": [own.source for own in estimands],
    }
    return pd.DataFrame(labels | statistics_of(estimand_draws(fit, estimands), prob))
