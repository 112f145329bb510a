"""Checks of a row against the spec: names, years, and whether its source can state it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from headcount.errors import Problem, nearest
from headcount.study.observation import Observation
from headcount.study.observations import Observations
from headcount.study.periods import period_problem, span_of
from headcount.study.spec_checks import scope_holds
from headcount.study.specs import ModelSpec

__all__ = ["row_problems"]


def row_problems(row: Observation, spec: ModelSpec, table: Observations) -> Iterator[Problem]:
    """Yield all problems between a row and the spec.

    Parameters
    ----------
    row
        A row of the table whose cells fit its kind.
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
    yield from _kind_problems(row, spec, table)
    if row.kind == "survey":
        yield from _survey_problems(row, spec, table)
    if row.kind == "overlap" or row.seen_by:
        yield from _list_problems(row, spec, table)
    if row.kind == "share":
        yield from _share_problems(row, spec, table)


def _time_problems(row: Observation, spec: ModelSpec, table: Observations) -> Iterator[Problem]:
    years = spec.years
    told = f"the model's years {years.first} to {years.last}"
    advice = f"Widen [years] in {spec.name}, or say why in 'excluded'."
    for column, period in (("year", row.period), ("from_year", row.from_period)):
        year = getattr(row, column)
        place = "period" if column == "year" else "from_period"
        if year is not None and not years.first <= year <= years.last:
            yield Problem(table.where(row, column), f"{year} is outside {told}", advice)
        elif year is not None and period and (found := period_problem(year, period)):
            # A table that was read has none; one that was made by hand may.
            yield Problem(table.where(row, place), *found)
        elif year is not None and period and span_of(year, period).first.year < years.first:
            yield Problem(table.where(row, place), f"{period!r} starts before {told}", advice)


REFERRED: Final = {
    "of_source": ("coverage", "multiplier", "anchor", "trend"),
    "seen_by": ("coverage",),
}
"""Column that names another source to the kinds of reach that it can have."""


def _reference_problems(
    row: Observation, spec: ModelSpec, table: Observations
) -> Iterator[Problem]:
    for column, reaches in REFERRED.items():
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


REACH_OF_KIND: Final = {"survey": "selection", "overlap": "dependence", "flow": "multiplier"}
"""Observation kind to the one kind of reach that its sources have; the first two state nothing
else."""

SOURCE_WORDS: Final = {
    "survey": "Surveys, and only they, come from sources with a selection.",
    "overlap": "Overlaps, and only they, come from sources with a dependence and lists.",
    "flow": "Flows come from sources with a multiplier: events for each person and year.",
}


def _kind_problems(row: Observation, spec: ModelSpec, table: Observations) -> Iterator[Problem]:
    reach = spec.sources[row.source].reach_kind
    special = next(
        (kind for kind in ("survey", "overlap") if REACH_OF_KIND[kind] == reach), row.kind
    )
    wanted = REACH_OF_KIND.get(row.kind, reach)
    if reach != wanted or special != row.kind:
        article = "an" if row.kind == "overlap" else "a"
        message = f"{article} {row.kind} from {row.source!r}, which has {reach}"
        advice = SOURCE_WORDS[row.kind if row.kind in SOURCE_WORDS else special]
        yield Problem(table.where(row, "kind"), message, advice)


def _survey_problems(row: Observation, spec: ModelSpec, table: Observations) -> Iterator[Problem]:
    inner, outer = row.scope or spec.sources[row.source].scope, row.of_scope
    if not {inner, outer} <= spec.scopes.keys():
        return
    if inner == outer and not row.seen_by:
        yield Problem(table.where(row, "of_scope"), f"{outer!r} is the scope itself")
    elif not scope_holds(spec, outer, inner):
        message = f"scope {outer!r} is not declared to hold {inner!r}"
        advice = (
            "A survey counts part of its respondents: chain them by contains, within or part_of."
        )
        yield Problem(table.where(row, "of_scope"), message, advice)


def _list_problems(row: Observation, spec: ModelSpec, table: Observations) -> Iterator[Problem]:
    """Yield a problem where a row speaks about who of a known population is on a list: no reach
    applies to that.
    """
    scope = row.scope or spec.sources[row.source].scope
    if scope in spec.scopes and spec.scopes[scope].covariate:
        message = f"{scope!r} is a population that is known, and coverage is of scopes that are not"
        yield Problem(
            table.where(row, "scope"), message, "State the scope of the people on the list."
        )


def _share_problems(row: Observation, spec: ModelSpec, table: Observations) -> Iterator[Problem]:
    source = spec.sources[row.source]
    inner = row.scope or source.scope
    outer = row.of_scope or inner
    same_area, same_source = row.of_area in ("", row.area), row.of_source in ("", row.source)
    if not (same_area and same_source and inner in spec.scopes and outer in spec.scopes):
        return
    if inner == outer:
        column = next(name for name in ("of_area", "of_scope", "of_source") if getattr(row, name))
        yield Problem(
            table.where(row, column), "a share of itself is 1, whatever the number of people"
        )
    elif (row.value or 0) > 1 and scope_holds(spec, outer, inner):
        message = (
            f"{row.value:g} of {outer!r} are {inner!r}, and {outer!r} is declared to hold {inner!r}"
        )
        yield Problem(
            table.where(row, "value"),
            message,
            "A part is below 1; or mend the relation of the scopes.",
        )
