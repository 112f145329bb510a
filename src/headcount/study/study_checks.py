"""Checks of a spec and observations against each other, before anything compiles."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from headcount.errors import Problem, StudyError, warn
from headcount.study.contradictions import contradicting_rows
from headcount.study.copies import settle_copies
from headcount.study.observation_kinds import kind_of
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
        The rows; excluded ones are not looked at, and copies are settled first, see
        `headcount.study.copies.settle_copies`.

    Returns
    -------
    Observations
        The rows, of which copies are settled.

    Raises
    ------
    StudyError
        With all problems found: unknown sources, areas or scopes, years outside the model, rows
        that their source cannot state, copies that are none, no fitted row at all.

    Warns
    -----
    HeadcountWarning
        For each source of the spec that has no rows and that no row refers to: it is left out of
        the model; for linkages of lists that state nothing, for shares of another source in a scope
        that is not its own, and for statements that cannot both be right.
    """
    observations, problems = settle_copies(spec, observations)
    problems += [
        problem for row in observations.fitted for problem in row_problems(row, spec, observations)
    ]
    if not observations.fitted:
        problems.append(Problem(observations.name, "no row is left to fit", "All are excluded."))
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
        Names in the order of the spec: of fitted rows, of the lists that a linkage among them
        linked, of what shares and surveys refer to.
    """
    names = set(observations.sources)
    for name in observations.sources:
        if name in spec.sources:
            names.update(spec.sources[name].lists or ())
    for row in observations.fitted:
        names.update(filter(None, (row.of_source, row.seen_by)))
    return tuple(name for name in spec.sources if name in names)


def _silent_lists(spec: ModelSpec, observations: Observations) -> Iterator[str]:
    """Yield what a linkage cannot say while neither of its lists states how many it holds."""
    counting = {row.source for row in observations.fitted if kind_of(row).counts_people}
    for name in observations.sources:
        lists = spec.sources[name].lists
        if lists is not None and not set(lists) & counting:
            yield (
                f"{spec.name} [sources.{name}]: no row of {lists[0]!r} or {lists[1]!r} says how many are on a list, "
                "so the overlap speaks about coverage and not about headcounts."
            )


def _foreign_scopes(spec: ModelSpec, observations: Observations) -> Iterator[str]:
    """Yield where a share leaves open whether it is of what the other source counts, or of what the
    row's own does.
    """
    for row in observations.fitted:
        if row.of_source and not row.of_scope:
            own, other = (
                row.scope or spec.sources[row.source].scope,
                spec.sources[row.of_source].scope,
            )
            if own != other:
                yield (
                    f"{observations.where(row, 'of_scope')}: a share of what {row.of_source!r} would count of {own!r}, though it "
                    f"counts {other!r}. Write the scope that is meant in of_scope."
                )
