"""Contradictions: rows of one table that cannot both be right."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

from headcount.study.observation import Observation
from headcount.study.observation_kinds import kind_of, statement_of
from headcount.study.observations import Observations
from headcount.study.specs import ModelSpec

__all__ = ["contradicting_rows"]


def contradicting_rows(spec: ModelSpec, observations: Observations) -> Iterator[str]:
    """Yield statements that cannot both be right, as far as declared containment tells.

    Parameters
    ----------
    spec
        The declaration.
    observations
        Its checked rows.

    Yields
    ------
    str
        For each pair of statements about one area and period, of which one says that a scope has at
        least so many people, and the other that a scope which holds it has at most fewer: by one
        source, or by two anchors. One source may also contradict itself about one scope, with a
        bound and a number.
    """
    groups: dict[tuple[object, ...], list[Observation]] = {}
    for row in observations.fitted:
        if kind_of(row).counts_people:
            # Anchors all state the number itself; others see a part of it that is theirs.
            voice = None if spec.sources[row.source].anchor else row.source
            groups.setdefault((voice, row.area, row.year, row.period), []).append(row)
    for rows in groups.values():
        for inner, outer in product(rows, rows):
            if _clash(inner, outer, spec):
                yield _clash_in_words(inner, outer, spec, observations)


def _clash(inner: Observation, outer: Observation, spec: ModelSpec) -> bool:
    scope, holder = (row.scope or spec.sources[row.source].scope for row in (inner, outer))
    # Numbers for the same people may differ by noise, between sources or in a source that repeats
    # itself.
    is_noise = scope == holder and (inner.source != outer.source or inner.kind == outer.kind)
    least, _ = _bounds(inner)
    _, most = _bounds(outer)
    return least > most and not is_noise and spec.scope_holds(holder, scope)


def _bounds(row: Observation) -> tuple[float, float]:
    bounds = kind_of(row).bounds
    return bounds(row) if bounds else (0.0, math.inf)


def _clash_in_words(
    inner: Observation, outer: Observation, spec: ModelSpec, table: Observations
) -> str:
    scope, holder = (row.scope or spec.sources[row.source].scope for row in (inner, outer))
    when = inner.period or inner.year
    holds = (
        f"{holder!r} is declared to hold {scope!r}"
        if holder != scope
        else "these are the same people"
    )
    return (
        f"{table.name}:{inner.line}, {outer.line}: {inner.source!r} states {statement_of(inner)} of {scope!r} and {outer.source!r} "
        f"{statement_of(outer)} of {holder!r} for {inner.area} in {when}, and {holds}. Both are used; noise has to explain it."
    )
