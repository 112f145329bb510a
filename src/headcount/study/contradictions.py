"""Contradictions: rows of one table that cannot both be right."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Final

from headcount.study.observation import Observation
from headcount.study.observation_kinds.rounded import unit_of
from headcount.study.observations import Observations
from headcount.study.spec_checks import scope_holds
from headcount.study.specs import ModelSpec

__all__ = ["COUNTS", "contradicting_rows"]

COUNTS: Final = ("count", "rounded", "lower_bound", "upper_bound", "suppressed", "range")
"""Kinds of rows that say how many a source counts."""


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
        if row.kind in COUNTS:
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
    return _ends(inner)[0] > _ends(outer)[1] and not is_noise and scope_holds(spec, holder, scope)


def _ends(row: Observation) -> tuple[float, float]:
    """Return how many there are at least and at most, as a row states it; within a statement the
    least is not the most.
    """
    value = row.value or 0.0
    match row.kind:
        case "lower_bound":
            return value, math.inf
        case "upper_bound" | "suppressed":
            return 0.0, value
        case "range":
            return row.lower or 0.0, row.upper or math.inf
        case "rounded":
            return value - unit_of(row) / 2, value + unit_of(row) / 2
    return value, value


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
        f"{table.name}:{inner.line}, {outer.line}: {inner.source!r} states {_told(inner)} of {scope!r} and {outer.source!r} "
        f"{_told(outer)} of {holder!r} for {inner.area} in {when}, and {holds}. Both are used; noise has to explain it."
    )


def _told(row: Observation) -> str:
    words = {
        "lower_bound": "over ",
        "upper_bound": "under ",
        "suppressed": "under ",
        "rounded": "about ",
    }
    if row.kind == "range":
        return f"{row.lower:,.10g} to {row.upper:,.10g}"
    return f"{words.get(row.kind, '')}{row.value:,.10g}"
