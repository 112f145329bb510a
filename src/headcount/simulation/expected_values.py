"""Expected values: the number that a source would state without error."""

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
    "log_stated",
    "scope_of",
    "subject_of",
    "whole_of",
]


@dataclass(frozen=True)
class Subject:
    """The people whom a number counts: area, scope and times.

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
    """Return the subject of a row; a flow is a sum over its period, other kinds are averages."""
    when = moments(row.year, row.period, flow=row.kind == "flow")
    return Subject(row.area, scope_of(row, spec), when)


def whole_of(row: Observation, spec: ModelSpec) -> Subject:
    """Return the whole of a share or survey: its subject, but with the stated area and scope."""
    own = subject_of(row, spec)
    return replace(own, area=row.of_area or own.area, scope=row.of_scope or own.scope)


def earlier_of(row: Observation, spec: ModelSpec) -> Subject:
    """Return the subject of a growth row at the beginning of its window."""
    assert row.from_year is not None  # the checks of a table refuse rows without it
    return replace(subject_of(row, spec), moments=moments(row.from_year, row.from_period))


def scope_of(row: Observation, spec: ModelSpec) -> str:
    """Return the scope that a row states, or else its source's."""
    return row.scope or spec.sources[row.source].scope


def log_people(subject: Subject, state: State, spec: ModelSpec) -> float:
    """Return the log number of people, without reach: N in docs/model.md."""
    return _log_sum(state.log_scope(subject.scope), subject, spec)


def log_stated(subject: Subject, source: str, state: State, spec: ModelSpec) -> float:
    """Return the log expected value of a source, in its own unit: m in docs/model.md."""
    return _log_reached(subject, state.log_reach[source], state, spec)


def log_listed(subject: Subject, source: str, state: State, spec: ModelSpec) -> float:
    """Return the log number of people on the list of a source: the bare m of docs/model.md."""
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
    """Return the log expected value of a source.

    Parameters
    ----------
    state
        Latent quantities.
    spec
        The declaration.
    source
        Name of a source.
    area
        Code of an area or grouping.
    year
        Calendar year of the model.
    scope
        Name of a scope; the source's if empty.
    period
        Time in the year, see `headcount.study.periods`; its middle if empty.

    Returns
    -------
    float
        ``log sum over r in area of exp(log H_scope[r] + log reach[source, r])``, averaged over the
        period, in the source's unit; without reach for a known population.
    """
    subject = Subject(area, scope or spec.sources[source].scope, moments(year, period))
    return log_stated(subject, source, state, spec)


def _log_reached(subject: Subject, log_reach: FloatArray, state: State, spec: ModelSpec) -> float:
    if subject.scope in state.known:
        # A source refers to a known population and does not count it itself.
        return log_people(subject, state, spec)
    return _log_sum(state.log_scope(subject.scope) + log_reach, subject, spec)


def _log_sum(log_values: FloatArray, subject: Subject, spec: ModelSpec) -> float:
    """Return the log of a weighted sum over the moments and regions of a subject.

    Values have dims (region, year).
    """
    own = log_values[list(spec.areas.regions_of(subject.area))]
    logs = [np.log(moment.weight) + at_time(own, moment.time, spec) for moment in subject.moments]
    return float(np.logaddexp.reduce(np.concatenate(logs)))
