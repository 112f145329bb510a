"""Checks of candidates: the rows that they would add must fit the study."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from typing import Final

from headcount.errors import HeadcountWarning, Problem, StudyError, nearest
from headcount.study.cell_checks import cell_problems
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
        Name of the candidate, and of the source that it may declare.
    candidate
        The declaration.

    Returns
    -------
    Observations
        The candidate's rows, in order.
    """
    source, promises = candidate.source or name, _promises()
    rows = (
        Observation(
            source=source,
            value=promises[row.kind].placeholder,
            # Two rows of a candidate may agree in all cells: two surveys of one kind are two.
            notes=f"row {i} of candidate {name}",
            line=i + FIRST_LINE,
            **row.model_dump(),
        )
        for i, row in enumerate(candidate.rows)
    )
    return Observations(tuple(rows), name=f"[candidates.{name}]")


def candidate_problems(spec: ModelSpec) -> Iterator[Problem]:
    """Yield all problems of the candidates of a spec.

    Parameters
    ----------
    spec
        A spec that is valid without its candidates.

    Yields
    ------
    Problem
        Naming file and key; the first row is 0.
    """
    for name, candidate in spec.candidates.items():
        declared = [*_source_problems(spec, name, candidate)]
        yield from declared
        if not declared:
            yield from _row_problems(spec, name, candidate)


def with_declared(spec: ModelSpec, name: str, candidate: CandidateSpec) -> ModelSpec:
    """Return a spec with the source that a candidate declares; its text is unchanged."""
    if candidate.declared is None:
        return spec
    return spec.model_copy(update={"sources": {**spec.sources, name: candidate.declared}})


def _source_problems(spec: ModelSpec, name: str, candidate: CandidateSpec) -> Iterator[Problem]:
    where = f"{spec.name} [candidates.{name}"
    if candidate.source is not None:
        if candidate.source not in spec.sources:
            message = f"unknown source {candidate.source!r}"
            advice = nearest(candidate.source, spec.sources)
            if candidate.source in spec.copies:
                original = spec.copies[candidate.source].copy_of
                advice = f"It is a copy; name the original, {original!r}."
            yield Problem(f"{where}.source]", message, advice)
        return
    if name in spec.sources or name in spec.copies:
        message = f"a source named {name!r} exists"
        advice = f'Write source = "{name}" if it is the same one, or choose another name.'
        yield Problem(f"{where}]", message, advice)
        return
    own = f"{spec.name} [sources.{name}"
    for problem in spec_problems(with_declared(spec, name, candidate)):
        # A problem of the source's kind keeps the place of the kind.
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
    problems = [problem for row in rows.rows for problem in cell_problems(row, rows)]
    if not problems:
        problems = [*_study_problems(with_declared(spec, name, candidate), rows)]
    yield from _placed(problems, spec, name)


def _study_problems(spec: ModelSpec, rows: Observations) -> Iterator[Problem]:
    with warnings.catch_warnings():
        # All sources but the candidate's are without rows here.
        warnings.simplefilter("ignore", HeadcountWarning)
        try:
            check_study(spec, rows)
        except StudyError as error:
            yield from error.problems


def _unknown_kinds(spec: ModelSpec, name: str, candidate: CandidateSpec) -> Iterator[Problem]:
    """Yield a problem for each row whose kind a candidate cannot promise."""
    promises = _promises()
    for i, row in enumerate(candidate.rows):
        if row.kind not in promises:
            where = f"{spec.name} [candidates.{name}.rows.{i}.kind]"
            yield Problem(where, f"unknown kind {row.kind!r}", nearest(row.kind, promises))


def _placed(problems: Iterable[Problem], spec: ModelSpec, name: str) -> Iterator[Problem]:
    """Yield problems of rows, placed by keys of the spec instead of lines and columns."""
    for problem in problems:
        found = re.search(r":(\d+)(?: \[(\w+)\])?$", problem.where)
        place = (
            f".rows.{int(found[1]) - FIRST_LINE}" + (f".{found[2]}" if found[2] else "")
            if found
            else ""
        )
        yield Problem(f"{spec.name} [candidates.{name}{place}]", problem.message, problem.advice)
