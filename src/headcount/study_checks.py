"""Checks of a spec and observations against each other, before anything compiles."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

from headcount.errors import HeadcountWarning, Problem, StudyError, nearest
from headcount.observations import Observation, Observations
from headcount.spec_checks import scope_holds
from headcount.specs import ModelSpec

__all__ = ["check_study"]


def check_study(spec: ModelSpec, observations: Observations) -> None:
    """Check that spec and observations fit together.

    Parameters
    ----------
    spec
        The declaration.
    observations
        The rows; excluded ones are not looked at.

    Raises
    ------
    StudyError
        With all problems found: unknown sources, areas or scopes, years outside the model, rows that their source
        cannot state, no fitted row at all.

    Warns
    -----
    HeadcountWarning
        For each source of the spec that has no rows: it is left out of the model.
    """
    problems = [problem for row in observations.fitted for problem in _row_problems(row, spec, observations)]
    if not observations.fitted:
        problems.append(Problem(observations.name, "no row is left to fit", "All are excluded."))
    if problems:
        raise StudyError(problems)
    for name in spec.sources:
        if name not in observations.sources:
            text = f"{spec.name} [sources.{name}]: no observations from this source; it is left out."
            warnings.warn(text, HeadcountWarning, stacklevel=3)


def _row_problems(row: Observation, spec: ModelSpec, table: Observations) -> Iterator[Problem]:
    if row.source not in spec.sources:
        what = f"source {row.source!r} is not in {spec.name}"
        advice = nearest(row.source, spec.sources)
        yield Problem(table.where(row, "source"), what, advice)
        return
    for column in ("area", "of_area"):
        code = getattr(row, column)
        if code and code not in spec.areas.by_code:
            what = f"unknown area {code!r}"
            yield Problem(table.where(row, column), what, spec.areas.advice(code))
    for column in ("scope", "of_scope"):
        name = getattr(row, column)
        if name and name not in spec.scopes:
            what = f"unknown scope {name!r}"
            yield Problem(table.where(row, column), what, nearest(name, spec.scopes))
    for column in ("year", "from_year"):
        year = getattr(row, column)
        if year is not None and not spec.years.first <= year <= spec.years.last:
            what = f"{year} is outside the model's years {spec.years.first} to {spec.years.last}"
            advice = f"Widen [years] in {spec.name}, or say why in 'excluded'."
            yield Problem(table.where(row, column), what, advice)
    yield from _survey_problems(row, spec, table)


def _survey_problems(row: Observation, spec: ModelSpec, table: Observations) -> Iterator[Problem]:
    source = spec.sources[row.source]
    if (row.kind == "survey") != (source.reach_kind == "selection"):
        what = f"a {row.kind} from {row.source!r}, which has {source.reach_kind}"
        advice = "Surveys, and only they, come from sources with a selection."
        yield Problem(table.where(row, "kind"), what, advice)
    inner, outer = row.scope or source.scope, row.of_scope
    known = inner in spec.scopes and outer in spec.scopes
    if row.kind == "survey" and known and not scope_holds(spec, outer, inner):
        what = f"scope {outer!r} is not declared to hold {inner!r}"
        advice = "A survey counts part of its respondents: chain them by contains or within."
        yield Problem(table.where(row, "of_scope"), what, advice)
    if row.kind == "survey" and inner == outer:
        yield Problem(table.where(row, "of_scope"), f"{outer!r} is the scope itself")
