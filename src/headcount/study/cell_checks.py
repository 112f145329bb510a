"""Checks of the cells of a row against its observation kind."""

from __future__ import annotations

from collections.abc import Iterator

from headcount.errors import Problem, nearest
from headcount.study.observation import Observation
from headcount.study.observation_kinds import OBSERVATION_KINDS
from headcount.study.observations import PERIODS, SPECIAL, Observations
from headcount.study.periods import moments, period_problem

__all__ = ["cell_problems"]


def cell_problems(row: Observation, table: Observations) -> Iterator[Problem]:
    """Yield all problems of a row that show without the spec.

    Parameters
    ----------
    row
        A row of the table. Of an excluded row only the kind is checked.
    table
        The rows' table, which places the problems.

    Yields
    ------
    Problem
        For an unknown kind, an empty or a superfluous cell, a number that the kind does not allow,
        or a period that does not fit its year.
    """
    if row.kind and row.kind not in OBSERVATION_KINDS:
        advice = nearest(row.kind, OBSERVATION_KINDS)
        yield Problem(table.where(row, "kind"), f"unknown kind {row.kind!r}", advice)
    elif row.kind and not row.excluded:
        yield from _kind_problems(row, table)


def _kind_problems(row: Observation, table: Observations) -> Iterator[Problem]:
    kind = OBSERVATION_KINDS[row.kind]
    used = (*kind.required, *kind.optional)
    for column in kind.required:
        if getattr(row, column) in (None, ""):
            message = f"the cell is empty; a {row.kind} needs {', '.join(kind.required)}"
            yield Problem(table.where(row, column), message)
    for column in SPECIAL:
        if column not in used and getattr(row, column) not in (None, ""):
            message = f"a {row.kind} does not use this column"
            advice = f"Empty the cell; a {row.kind} uses {', '.join(used)}."
            yield Problem(table.where(row, column), message, advice)
    for column, message, advice in kind.problems(row):
        yield Problem(table.where(row, column), message, advice)
    misread = [*_misread_periods(row, table, used)]
    yield from misread or _window_problems(row, table)


def _misread_periods(
    row: Observation, table: Observations, used: tuple[str, ...]
) -> Iterator[Problem]:
    for column, year_column in PERIODS.items():
        period, year = getattr(row, column), getattr(row, year_column)
        if column not in used or not period or year is None:
            continue
        if found := period_problem(year, period):
            yield Problem(table.where(row, column), *found)


def _window_problems(row: Observation, table: Observations) -> Iterator[Problem]:
    """Yield a problem where growth within one year runs backwards.

    The kind itself checks growth between two years.
    """
    if row.kind != "growth" or row.from_year != row.year:
        return
    if not (row.period or row.from_period):
        message = f"{row.from_year} is not before year = {row.year}"
        advice = "Growth within a year needs a from_period, and a period after it."
        yield Problem(table.where(row, "from_year"), message, advice)
    elif _middle(row.year, row.from_period) >= _middle(row.year, row.period):
        before, after = (period or "mid-year" for period in (row.from_period, row.period))
        message = f"{before!r} is not before period = {after!r}"
        yield Problem(table.where(row, "from_period"), message)


def _middle(year: int, period: str) -> float:
    return sum(moment.weight * moment.time for moment in moments(year, period))
