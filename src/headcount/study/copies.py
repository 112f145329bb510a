"""Copies: numbers that one source repeats from another enter once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from headcount.errors import Problem, nearest
from headcount.study.observations import KEY, NUMBERS, Observation, Observations
from headcount.study.specs import ModelSpec

__all__ = ["copy_problems", "settle_copies"]

ABOUT = tuple(column for column in KEY if column not in ("source", "scope"))
"""Columns that, with the scope, identify the quantity of a row, whichever source states it."""


def settle_copies(
    spec: ModelSpec, observations: Observations
) -> tuple[Observations, list[Problem]]:
    """Let the numbers of sources that are copies enter once.

    A row of a copy is excluded where the original, or another copy of it, states the same number,
    also in an excluded row. Where the original has no row, the copy's row enters under the
    original's name. A second call changes nothing.

    Parameters
    ----------
    spec
        The declaration; its ``copies`` name the originals.
    observations
        The rows.

    Returns
    -------
    tuple of Observations and list of Problem
        The rows, and a problem for each copy that states another number than the original.
    """
    if not any(row.source in spec.copies for row in observations.fitted):
        return observations, []
    stated: dict[tuple[object, ...], list[Observation]] = {}
    for row in observations.rows:
        if row.source in spec.sources:
            stated.setdefault(_about(row, row.source, spec), []).append(row)
    problems: list[Problem] = []
    rows = tuple(_settled(row, stated, problems, spec, observations) for row in observations.rows)
    return replace(observations, rows=rows), problems


def _about(row: Observation, source: str, spec: ModelSpec) -> tuple[object, ...]:
    scope = row.scope or spec.sources[source].scope
    return (source, scope, *(getattr(row, column) for column in ABOUT))


def _settled(
    row: Observation,
    stated: dict[tuple[object, ...], list[Observation]],
    problems: list[Problem],
    spec: ModelSpec,
    table: Observations,
) -> Observation:
    if row.excluded or row.source not in spec.copies:
        return row
    original = spec.copies[row.source].copy_of
    others = stated.setdefault(_about(row, original, spec), [])
    same = next((other for other in others if _numbers(other) == _numbers(row)), None)
    if same is not None:
        why = f", which is excluded: {same.excluded}" if same.excluded else ""
        return replace(row, excluded=f"copy of {original}, line {same.line}{why}")
    problems += _not_a_copy(row, [other for other in others if not other.excluded], original, table)
    notes = "; ".join(filter(None, [row.notes, f"as repeated by {row.source}"]))
    entering = replace(row, source=original, notes=notes)
    others.append(entering)
    return entering


def _numbers(row: Observation) -> tuple[object, ...]:
    return tuple(getattr(row, column) for column in NUMBERS)


def _not_a_copy(
    row: Observation, others: Sequence[Observation], original: str, table: Observations
) -> Iterator[Problem]:
    if others:
        column = next(name for name in NUMBERS if getattr(row, name) != getattr(others[0], name))
        message = (
            f"{row.source!r} is declared a copy of {original!r}, and line {others[0].line} states "
            f"another {column}"
        )
        advice = (
            "Correct the number, or declare the source with a reach of its own and a common "
            "lineage."
        )
        yield Problem(table.where(row, column), message, advice)


def copy_problems(spec: ModelSpec) -> Iterator[Problem]:
    """Yield the problems of the declared copies.

    Parameters
    ----------
    spec
        The declaration.

    Yields
    ------
    Problem
        For each copy whose original is unknown or is itself a copy.
    """
    for name, copy in spec.copies.items():
        where = f"{spec.name} [sources.{name}.copy_of]"
        if copy.copy_of == name:
            yield Problem(where, f"{name!r} is a copy of itself", nearest(name, spec.sources))
        elif copy.copy_of in spec.copies:
            first = spec.copies[copy.copy_of].copy_of
            advice = f"Name the original, {first!r}." if first in spec.sources else ""
            yield Problem(where, f"{copy.copy_of!r} is itself a copy", advice)
        elif copy.copy_of not in spec.sources:
            yield Problem(
                where, f"unknown source {copy.copy_of!r}", nearest(copy.copy_of, spec.sources)
            )
