"""Checks of observations against a spec."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from headcount.errors import Problem, StudyError, warn
from headcount.study.contradictions import contradicting_rows
from headcount.study.copies import settle_copies
from headcount.study.observation_kinds import kind_of
from headcount.study.observation_kinds.row_terms import scope_of
from headcount.study.observations import Observations
from headcount.study.row_checks import row_problems
from headcount.study.specs import ModelSpec

__all__ = ["check_study", "mentioned_sources"]


def check_study(spec: ModelSpec, observations: Observations) -> Observations:
    """Let copied figures enter once, and check that spec and observations fit together.

    Parameters
    ----------
    spec
        The declaration.
    observations
        The rows. Excluded rows are not checked. Copies are settled first, see
        `headcount.study.copies.settle_copies`.

    Returns
    -------
    Observations
        The rows, with copies settled.

    Raises
    ------
    StudyError
        With all problems found: unknown sources, areas or scopes, years outside the model, rows
        that their source cannot state, copies with other numbers than the original, no fitted row.

    Warns
    -----
    HeadcountWarning
        For each source that has no rows and that no row refers to, which is left out of the model;
        for linkages of lists without numbers; for shares of another source whose scope differs; and
        for rows that contradict each other.
    """
    observations, problems = settle_copies(spec, observations)
    problems += [
        problem for row in observations.fitted for problem in row_problems(row, spec, observations)
    ]
    if not observations.fitted:
        problems.append(
            Problem(observations.name, "there is no row to fit", "All rows are excluded.")
        )
    if problems:
        raise StudyError(problems)
    mentioned = mentioned_sources(spec, observations)
    for name in spec.sources:
        if name not in mentioned:
            text = (
                f"{spec.name} [sources.{name}]: no observations from this source; it is left out."
            )
            warn(text)
    doubts = (
        _silent_lists(spec, observations),
        _foreign_scopes(spec, observations),
        contradicting_rows(spec, observations),
    )
    for text in chain(*doubts):
        warn(text)
    return observations


def mentioned_sources(spec: ModelSpec, observations: Observations) -> tuple[str, ...]:
    """Return the sources that rows come from or refer to.

    Parameters
    ----------
    spec
        The declaration.
    observations
        The rows.

    Returns
    -------
    tuple of str
        Names in the order of the spec: the sources of fitted rows, the two lists of each linkage
        among these, and the sources that shares and surveys refer to.
    """
    names = set(observations.sources)
    for name in observations.sources:
        if name in spec.sources:
            names.update(spec.sources[name].lists or ())
    for row in observations.fitted:
        names.update(filter(None, (row.of_source, row.seen_by)))
    return tuple(name for name in spec.sources if name in names)


def _silent_lists(spec: ModelSpec, observations: Observations) -> Iterator[str]:
    """Yield a warning for each linkage of two lists whose sizes no row states."""
    counting = {row.source for row in observations.fitted if kind_of(row).counts_people}
    for name in observations.sources:
        lists = spec.sources[name].lists
        if lists is not None and not set(lists) & counting:
            yield (
                f"{spec.name} [sources.{name}]: no row of {lists[0]!r} or {lists[1]!r} states how "
                "many people are on a list, so the overlap informs coverage, not headcounts."
            )


def _foreign_scopes(spec: ModelSpec, observations: Observations) -> Iterator[str]:
    """Yield a warning for each share of another source whose scope differs and is not stated."""
    for row in observations.fitted:
        if row.of_source and not row.of_scope:
            own, other = scope_of(row, spec), spec.sources[row.of_source].scope
            if own != other:
                yield (
                    f"{observations.where(row, 'of_scope')}: the share is taken of the number of "
                    f"{own!r} that {row.of_source!r} would state, but {row.of_source!r} counts "
                    f"{other!r}. Write the scope of the whole in of_scope."
                )
