"""Expected values: what a source would state for an area if it did not err."""

from __future__ import annotations

import numpy as np

from headcount.observations import Observation
from headcount.simulation.state import State
from headcount.specs import ModelSpec

__all__ = ["log_expected", "log_expected_of_row", "log_people", "scope_of"]


def log_people(state: State, spec: ModelSpec, *, area: str, year: int, scope: str) -> float:
    """Compute the log number of people of a scope in an area.

    Parameters
    ----------
    state
        The latent world.
    spec
        The declaration.
    area
        Code of an area or grouping.
    year
        Calendar year of the model.
    scope
        A latent scope, or one with a covariate.

    Returns
    -------
    float
        Log persons, whoever sees them.
    """
    regions = list(spec.areas.regions_of(area))
    return float(np.logaddexp.reduce(state.log_scope(scope)[regions, year - spec.years.first]))


def log_expected(
    state: State, spec: ModelSpec, *, source: str, area: str, year: int, scope: str = ""
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

    Returns
    -------
    float
        ``log sum over r in area of exp(log H_scope[r, year] + log reach[source, r])``, in log units of the source.
        Reach is left out for a population that is known: the source does not count it, but refers to it.
    """
    scope = scope or spec.sources[source].scope
    if scope in state.known:
        return log_people(state, spec, area=area, year=year, scope=scope)
    regions = list(spec.areas.regions_of(area))
    people = state.log_scope(scope)[regions, year - spec.years.first]
    return float(np.logaddexp.reduce(people + state.log_reach[source][regions]))


def log_expected_of_row(
    row: Observation,
    state: State,
    spec: ModelSpec,
    *,
    area: str = "",
    year: int | None = None,
    scope: str = "",
) -> float:
    """Compute the log expected value of a row, or of what it compares itself with.

    Parameters
    ----------
    row
        Its source, area, year and scope are taken where the other arguments do not say otherwise.
    state
        The latent world.
    spec
        The declaration.
    area, year, scope
        In place of the row's own.

    Returns
    -------
    float
        See `log_expected`.
    """
    return log_expected(
        state,
        spec,
        source=row.source,
        area=area or row.area,
        year=row.year if year is None else year,
        scope=scope or scope_of(row, spec),
    )


def scope_of(row: Observation, spec: ModelSpec) -> str:
    """Return the scope of a row: its own, or its source's."""
    return row.scope or spec.sources[row.source].scope
