"""Checks of the cells of a row against its observation kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from headcount.errors import Problem, nearest
from headcount.study.observation import Observation
from headcount.study.observation_kinds import OBSERVATION_KINDS
from headcount.study.observations import NUMBERS, PERIODS, SPECIAL, Observations
from headcount.study.periods import period_problem

__all__ = ["cell_problems"]

SMALLEST: Final = 1e-15
LARGEST: Final = 1e18
"""Squares and reciprocals of numbers between these limits can be computed; no number of people
comes near them."""


def cell_problems(row: Observation, table: Observations) -> Iterator[Problem]:
    """Yield all problems of a row that do not depend on the spec.

    Parameters
    ----------
    row
        A row of the table. Of an excluded row only the kind is checked.
    table
        The rows' table, which places the problems.

    Yields
    ------
    Problem
        For an unknown kind, an empty or a superfluous cell, a number that the kind does not allow
        or that is too large or too small, or a period that does not fit its year.
    """
    sizes = [*_size_problems(row, table)]
    places = {problem.where for problem in sizes}
    yield from sizes
    for problem in _value_problems(row, table):
        if problem.where not in places:
            yield problem


def _size_problems(row: Observation, table: Observations) -> Iterator[Problem]:
    for column in NUMBERS:
        value = getattr(row, column)
        if value is not None and value != 0 and not SMALLEST <= abs(value) <= LARGEST:
            message = f"{value:g} is too large or too small"
            advice = f"Sizes of numbers must be between {SMALLEST:g} and {LARGEST:g}."
            yield Problem(table.where(row, column), message, advice)


def _value_problems(row: Observation, table: Observations) -> Iterator[Problem]:
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
            message = f"the cell is empty; {kind.with_article} needs {', '.join(kind.required)}"
            yield Problem(table.where(row, column), message)
    for column in SPECIAL:
        if column not in used and getattr(row, column) not in (None, ""):
            message = f"{kind.with_article} does not use this column"
            advice = f"Empty the cell; {kind.with_article} uses {', '.join(used)}."
            yield Problem(table.where(row, column), message, advice)
    for column, message, advice in kind.problems(row):
        yield Problem(table.where(row, column), message, advice)
    yield from _misread_periods(row, table, used)


def _misread_periods(
    row: Observation, table: Observations, used: tuple[str, ...]
) -> Iterator[Problem]:
    for column, year_column in PERIODS.items():
        period, year = getattr(row, column), getattr(row, year_column)
        if column not in used or not period or year is None:
            continue
        if found := period_problem(year, period):
            yield Problem(table.where(row, column), *found)
