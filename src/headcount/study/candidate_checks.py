"""Checks of candidates: what they would add must fit the study as if it were there."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from typing import Final

from headcount.errors import HeadcountWarning, InputError, Problem, nearest
from headcount.study.observation_files import parse_observations
from headcount.study.observation_kinds import OBSERVATION_KINDS, Promise
from headcount.study.observations import Observation, Observations
from headcount.study.spec_checks import spec_problems
from headcount.study.specs import CandidateSpec, ModelSpec
from headcount.study.study_checks import check_study

__all__ = ["candidate_problems", "candidate_rows"]

FIRST_LINE: Final = 2
"""Line of the first row of a table: the header is above it."""


def candidate_rows(name: str, candidate: CandidateSpec) -> Observations:
    """Return the rows that a candidate would add, with placeholders for their numbers.

    Parameters
    ----------
    name
        Of the candidate; a source that it declares has this name too.
    candidate
        The declaration.

    Returns
    -------
    Observations
        A row for each of the candidate's, in order.
    """
    source, promises = candidate.source or name, _promises()
    rows = (
        Observation(
            source=source,
            value=promises[row.kind].placeholder,
            # Rows of a candidate may ask the same twice: two surveys of one kind are two.
            notes=f"row {i} of candidate {name}",
            line=i + FIRST_LINE,
            **row.model_dump(),
        )
        for i, row in enumerate(candidate.rows)
    )
    return Observations(tuple(rows), name=f"[candidates.{name}]")


def candidate_problems(spec: ModelSpec) -> Iterator[Problem]:
    """Yield what is wrong with the candidates of a spec, all of it.

    Parameters
    ----------
    spec
        A spec that is itself in order.

    Yields
    ------
    Problem
        Naming file and key; rows are counted from 0.
    """
    for name, candidate in spec.candidates.items():
        declared = [*_source_problems(spec, name, candidate)]
        yield from declared
        if not declared:
            yield from _row_problems(spec, name, candidate)


def with_declared(spec: ModelSpec, name: str, candidate: CandidateSpec) -> ModelSpec:
    """Return a spec that knows a candidate's own source, fit for checks and nothing else: its text
    does not.
    """
    if candidate.declared is None:
        return spec
    return spec.model_copy(update={"sources": {**spec.sources, name: candidate.declared}})


def _source_problems(spec: ModelSpec, name: str, candidate: CandidateSpec) -> Iterator[Problem]:
    where = f"{spec.name} [candidates.{name}"
    if candidate.source is not None:
        if candidate.source not in spec.sources:
            message, advice = (
                f"unknown source {candidate.source!r}",
                nearest(candidate.source, spec.sources),
            )
            if candidate.source in spec.copies:
                advice = (
                    f"It is a copy; name the original, {spec.copies[candidate.source].copy_of!r}."
                )
            yield Problem(f"{where}.source]", message, advice)
        return
    if name in spec.sources or name in spec.copies:
        message = f"a source of the name {name!r} is there already"
        yield Problem(
            f"{where}]",
            message,
            f'Write source = "{name}" if it is the same one, or choose another name.',
        )
        return
    own = f"{spec.name} [sources.{name}"
    for problem in spec_problems(with_declared(spec, name, candidate)):
        # A kind that lacks what its sources need is told of at the kind.
        place = problem.where.replace(own, f"{where}.declared")
        yield Problem(place, problem.message, problem.advice)


def _promises() -> dict[str, Promise]:
    return {name: kind.promise for name, kind in OBSERVATION_KINDS.items() if kind.promise}


def _row_problems(spec: ModelSpec, name: str, candidate: CandidateSpec) -> Iterator[Problem]:
    unknown = [*_unknown_kinds(spec, name, candidate)]
    if unknown:
        yield from unknown
        return
    rows = candidate_rows(name, candidate)
    with warnings.catch_warnings():
        # Of sources without rows of their own; here all but one are.
        warnings.simplefilter("ignore", HeadcountWarning)
        try:
            # Through text, since that is how rows are checked against their kind.
            parse_observations(rows.to_csv(), name=rows.name)
            check_study(with_declared(spec, name, candidate), rows)
        except InputError as error:
            yield from _placed(error.problems, spec, name)


def _unknown_kinds(spec: ModelSpec, name: str, candidate: CandidateSpec) -> Iterator[Problem]:
    """Yield a problem for each row whose kind a candidate cannot promise."""
    promises = _promises()
    for i, row in enumerate(candidate.rows):
        if row.kind not in promises:
            where = f"{spec.name} [candidates.{name}.rows.{i}.kind]"
            yield Problem(where, f"unknown kind {row.kind!r}", nearest(row.kind, promises))


def _placed(problems: Iterable[Problem], spec: ModelSpec, name: str) -> Iterator[Problem]:
    """Yield problems of rows with the keys of the spec in the place of lines and columns."""
    for problem in problems:
        found = re.search(r":(\d+)(?: \[(\w+)\])?$", problem.where)
        place = (
            f".rows.{int(found[1]) - FIRST_LINE}" + (f".{found[2]}" if found[2] else "")
            if found
            else ""
        )
        yield Problem(f"{spec.name} [candidates.{name}{place}]", problem.message, problem.advice)
