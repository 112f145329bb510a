"""Expected values: what a source would state about something if it did not err."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from headcount._types import FloatArray
from headcount.simulation.state import State
from headcount.simulation.times import at_time
from headcount.study.observation import Observation
from headcount.study.periods import Moment, moments
from headcount.study.specs import ModelSpec

__all__ = [
    "Subject",
    "earlier_of",
    "log_expected",
    "log_listed",
    "log_people",
    "log_seen",
    "scope_of",
    "subject_of",
    "whole_of",
]


@dataclass(frozen=True)
class Subject:
    """Who, where and when: what a number is about.

    Parameters
    ----------
    area
        Code of an area or grouping.
    scope
        A latent scope, or one with a covariate.
    moments
        Times with their weights.
    """

    area: str
    scope: str
    moments: tuple[Moment, ...]


def subject_of(row: Observation, spec: ModelSpec) -> Subject:
    """Return what a row is about; a flow adds up over its period, all else is an average over it."""
    when = moments(row.year, row.period, flow=row.kind == "flow")
    return Subject(row.area, scope_of(row, spec), when)


def whole_of(row: Observation, spec: ModelSpec) -> Subject:
    """Return what a share or survey is a part of: its own subject but for what it states of the
    whole.
    """
    own = subject_of(row, spec)
    return replace(own, area=row.of_area or own.area, scope=row.of_scope or own.scope)


def earlier_of(row: Observation, spec: ModelSpec) -> Subject:
    """Return what a growth compares its own subject with."""
    assert row.from_year is not None  # the table's checks refuse rows without it
    return replace(subject_of(row, spec), moments=moments(row.from_year, row.from_period))


def scope_of(row: Observation, spec: ModelSpec) -> str:
    """Return the scope of a row: its own, or its source's."""
    return row.scope or spec.sources[row.source].scope


def log_people(subject: Subject, state: State, spec: ModelSpec) -> float:
    """Return the log number of people, whoever sees them: N in docs/model.md."""
    return _log_sum(state.log_scope(subject.scope), subject, spec)


def log_seen(subject: Subject, source: str, state: State, spec: ModelSpec) -> float:
    """Return the log of what a source is expected to state, in its own units: m in docs/model.md."""
    return _log_reached(subject, state.log_reach[source], state, spec)


def log_listed(subject: Subject, source: str, state: State, spec: ModelSpec) -> float:
    """Return the log number of people who are on the list of a source with a coverage: the bare m
    of docs/model.md.
    """
    return _log_reached(subject, state.log_bare[source], state, spec)


def log_expected(
    state: State,
    spec: ModelSpec,
    *,
    source: str,
    area: str,
    year: int,
    scope: str = "",
    period: str = "",
) -> float:
    """Compute the log of what a source is expected to state.

    Parameters
    ----------
    state
        The latent world.
    spec
        The declaration.
    source
        Who states it.
    area
        Code of an area or grouping.
    year
        Calendar year of the model.
    scope
        Who is counted; the source's own scope if empty.
    period
        When in the year, see `headcount.study.periods`; its middle if empty.

    Returns
    -------
    float
        ``log sum over r in area of exp(log H_scope[r] + log reach[source, r])``, averaged over the
        period, in log units of the source; for a known population without reach.
    """
    subject = Subject(area, scope or spec.sources[source].scope, moments(year, period))
    return log_seen(subject, source, state, spec)


def _log_reached(subject: Subject, log_reach: FloatArray, state: State, spec: ModelSpec) -> float:
    if subject.scope in state.known:
        # A source does not count a population that is known, but refers to it.
        return log_people(subject, state, spec)
    return _log_sum(state.log_scope(subject.scope) + log_reach, subject, spec)


def _log_sum(log_values: FloatArray, subject: Subject, spec: ModelSpec) -> float:
    """Return the log of a weighted sum over the moments and regions of a subject; values have dims
    (region, year).
    """
    own = log_values[list(spec.areas.regions_of(subject.area))]
    pieces = [np.log(piece.weight) + at_time(own, piece.time, spec) for piece in subject.moments]
    return float(np.logaddexp.reduce(np.concatenate(pieces)))
