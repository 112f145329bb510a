"""Contradictions: pairs of rows that cannot both be right."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

from headcount.study.observation import Observation
from headcount.study.observation_kinds import kind_of, statement_of
from headcount.study.observation_kinds.row_terms import scope_of
from headcount.study.observations import Observations
from headcount.study.specs import ModelSpec

__all__ = ["contradicting_rows"]


def contradicting_rows(spec: ModelSpec, observations: Observations) -> Iterator[str]:
    """Yield a warning for each pair of rows that cannot both be right.

    Two rows for one area and period contradict each other where one states a higher number for a
    scope than the other states for a scope that contains it. Both rows must be from one source, or
    both from anchors: the reach of other sources may differ. For the same scope, a bound and a
    number of one source may contradict each other.

    Parameters
    ----------
    spec
        The declaration.
    observations
        Its checked rows.

    Yields
    ------
    str
        The text of a warning.
    """
    groups: dict[tuple[object, ...], list[Observation]] = {}
    for row in observations.fitted:
        if kind_of(row).counts_people:
            # All anchors state the number of people itself; other sources state a part of it.
            level = None if spec.sources[row.source].anchor else row.source
            groups.setdefault((level, row.area, row.year, row.period), []).append(row)
    for rows in groups.values():
        for inner, outer in product(rows, rows):
            if _contradict(inner, outer, spec):
                yield _warning(inner, outer, spec, observations)


def _contradict(inner: Observation, outer: Observation, spec: ModelSpec) -> bool:
    scope, container = scope_of(inner, spec), scope_of(outer, spec)
    # Numbers for the same people may differ by noise, between sources or between repeated rows.
    is_noise = scope == container and (inner.source != outer.source or inner.kind == outer.kind)
    least, _ = _bounds(inner)
    _, most = _bounds(outer)
    return least > most and not is_noise and spec.scope_contains(container, scope)


def _bounds(row: Observation) -> tuple[float, float]:
    bounds = kind_of(row).bounds
    return bounds(row) if bounds else (0.0, math.inf)


def _warning(inner: Observation, outer: Observation, spec: ModelSpec, table: Observations) -> str:
    scope, container = scope_of(inner, spec), scope_of(outer, spec)
    where = f"{table.name}:{inner.line}, {outer.line}"
    when = f"{inner.year} ({inner.period})" if inner.period else str(inner.year)
    relation = (
        f"{container!r} contains {scope!r} by declaration"
        if container != scope
        else "these are the same people"
    )
    return (
        f"{where}: {inner.source!r} states {statement_of(inner)} of {scope!r} and "
        f"{outer.source!r} {statement_of(outer)} of {container!r} for {inner.area} in {when}, and "
        f"{relation}. Both are used; the difference counts as noise."
    )
