"""Checks of a row against the spec: its names and times, and whether its source can state it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from headcount.errors import Problem, nearest
from headcount.study.observation import Observation
from headcount.study.observation_kinds import OBSERVATION_KINDS, kind_of
from headcount.study.observations import Observations
from headcount.study.periods import period_problem, span_of
from headcount.study.specs import ModelSpec

__all__ = ["row_problems"]


def row_problems(row: Observation, spec: ModelSpec, table: Observations) -> Iterator[Problem]:
    """Yield all problems between a row and the spec.

    Parameters
    ----------
    row
        A row of the table.
    spec
        The declaration.
    table
        The rows' table, which places the problems.

    Yields
    ------
    Problem
        For an unknown source, area or scope, a time outside the model's years, or a row that its
        source cannot state.
    """
    if row.kind not in OBSERVATION_KINDS:
        # Only a table that was not read from a file can have one.
        advice = nearest(row.kind, OBSERVATION_KINDS)
        yield Problem(table.where(row, "kind"), f"unknown kind {row.kind!r}", advice)
        return
    if row.source not in spec.sources:
        message = f"source {row.source!r} is not in {spec.name}"
        yield Problem(table.where(row, "source"), message, nearest(row.source, spec.sources))
        return
    for column in ("area", "of_area"):
        code = getattr(row, column)
        if code and code not in spec.areas.by_code:
            message = f"unknown area {code!r}"
            yield Problem(table.where(row, column), message, spec.areas.advice(code))
    for column in ("scope", "of_scope"):
        name = getattr(row, column)
        if name and name not in spec.scopes:
            message = f"unknown scope {name!r}"
            yield Problem(table.where(row, column), message, nearest(name, spec.scopes))
    yield from _time_problems(row, spec, table)
    yield from _reference_problems(row, spec, table)
    yield from _source_problems(row, spec, table)
    for column, message, advice in kind_of(row).study_problems(row, spec):
        yield Problem(table.where(row, column), message, advice)


def _time_problems(row: Observation, spec: ModelSpec, table: Observations) -> Iterator[Problem]:
    years = spec.years
    span = f"the model's years {years.first} to {years.last}"
    advice = f"Widen [years] in {spec.name}, or exclude the row."
    for column, period in (("year", row.period), ("from_year", row.from_period)):
        year = getattr(row, column)
        place = "period" if column == "year" else "from_period"
        if year is not None and not years.first <= year <= years.last:
            yield Problem(table.where(row, column), f"{year} is outside {span}", advice)
        elif year is not None and period and (found := period_problem(year, period)):
            # Only a table that was not read from a file can have one.
            yield Problem(table.where(row, place), *found)
        elif year is not None and period and span_of(year, period).first.year < years.first:
            yield Problem(table.where(row, place), f"{period!r} starts before {span}", advice)


REACH_OF_REFERENCE: Final = {
    "of_source": ("coverage", "multiplier", "anchor", "trend"),
    "seen_by": ("coverage",),
}
"""Reach that another source must have, by the column that names it."""


def _reference_problems(
    row: Observation, spec: ModelSpec, table: Observations
) -> Iterator[Problem]:
    for column, reaches in REACH_OF_REFERENCE.items():
        name = getattr(row, column)
        if not name:
            continue
        fitting = [other for other, source in spec.sources.items() if source.reach_kind in reaches]
        if name not in fitting:
            message = f"{name!r} is no source with {' or '.join(reaches)}"
            advice = nearest(name, fitting)
            if name in spec.copies:
                advice = f"It is a copy; name the original, {spec.copies[name].copy_of!r}."
            yield Problem(table.where(row, column), message, advice)


def _source_problems(row: Observation, spec: ModelSpec, table: Observations) -> Iterator[Problem]:
    """Yield a problem where the source cannot state a row of this kind."""
    kind, reach = kind_of(row), spec.sources[row.source].reach_kind
    own = [kind.source_rule] if kind.source_rule else []
    rules = [
        rule
        for other in OBSERVATION_KINDS.values()
        if (rule := other.source_rule) and rule.exclusive and rule.reach == reach
    ]
    if own[0].reach == reach if own else not rules:
        return
    message = f"{kind.with_article} from {row.source!r}, which has {reach}"
    yield Problem(table.where(row, "kind"), message, [*own, *rules][0].advice)
