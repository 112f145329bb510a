"""Checks of a spec and observations against each other, before anything compiles."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from itertools import chain, product
from typing import Final

from headcount.errors import HeadcountWarning, Problem, StudyError, nearest
from headcount.study.copies import settle_copies
from headcount.study.observation import Observation
from headcount.study.observation_kinds.rounded import unit_of
from headcount.study.observations import Observations
from headcount.study.periods import period_problem, span_of
from headcount.study.spec_checks import scope_holds
from headcount.study.specs import ModelSpec

__all__ = ["check_study", "contradictions", "mentioned_sources"]


def check_study(spec: ModelSpec, observations: Observations) -> None:
    """Check that spec and observations fit together.

    Parameters
    ----------
    spec
        The declaration.
    observations
        The rows; excluded ones are not looked at, and copies are settled first, see
        `headcount.study.copies.without_copies`.

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
        problem for row in observations.fitted for problem in _row_problems(row, spec, observations)
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
            warnings.warn(text, HeadcountWarning, stacklevel=3)
    doubts = (
        _silent_lists(spec, observations),
        _foreign_scopes(spec, observations),
        contradictions(spec, observations),
    )
    for text in chain(*doubts):
        warnings.warn(text, HeadcountWarning, stacklevel=3)


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


def _row_problems(row: Observation, spec: ModelSpec, table: Observations) -> Iterator[Problem]:
    if row.source not in spec.sources:
        message = f"source {row.source!r} is not in {spec.name}"
        yield Problem(table.where(row, "source"), message, nearest(row.source, spec.sources))
        return
    for column in ("area", "of_area"):
        code = getattr(row, column)
        if code and code not in spec.areas.by_code:
            message = f"unknown area {code!r}"
            yield Problem(table.where(row, column), message, spec.areas.advice(code))
    for column in ("scope", "of_scope"):
        name = getattr(row, column)
        if name and name not in spec.scopes:
            message = f"unknown scope {name!r}"
            yield Problem(table.where(row, column), message, nearest(name, spec.scopes))
    yield from _time_problems(row, spec, table)
    yield from _reference_problems(row, spec, table)
    yield from _kind_problems(row, spec, table)
    if row.kind == "survey":
        yield from _survey_problems(row, spec, table)
    if row.kind == "overlap" or row.seen_by:
        yield from _list_problems(row, spec, table)
    if row.kind == "share":
        yield from _share_problems(row, spec, table)


def _time_problems(row: Observation, spec: ModelSpec, table: Observations) -> Iterator[Problem]:
    years = spec.years
    told = f"the model's years {years.first} to {years.last}"
    advice = f"Widen [years] in {spec.name}, or say why in 'excluded'."
    for column, period in (("year", row.period), ("from_year", row.from_period)):
        year = getattr(row, column)
        place = "period" if column == "year" else "from_period"
        if year is not None and not years.first <= year <= years.last:
            yield Problem(table.where(row, column), f"{year} is outside {told}", advice)
        elif year is not None and period and (found := period_problem(year, period)):
            # A table that was read has none; one that was made by hand may.
            yield Problem(table.where(row, place), *found)
        elif year is not None and period and span_of(year, period).first.year < years.first:
            yield Problem(table.where(row, place), f"{period!r} starts before {told}", advice)


REFERRED: Final = {
    "of_source": ("coverage", "multiplier", "anchor", "trend"),
    "seen_by": ("coverage",),
}
"""Column that names another source to the kinds of reach that it can have."""


def _reference_problems(
    row: Observation, spec: ModelSpec, table: Observations
) -> Iterator[Problem]:
    for column, reaches in REFERRED.items():
        name = getattr(row, column)
        if not name:
            continue
        fitting = [other for other, source in spec.sources.items() if source.reach_kind in reaches]
        if name not in fitting:
            message = f"{name!r} is no source with {' or '.join(reaches)}"
            advice = nearest(name, fitting)
            if name in spec.copies:
                advice = f"It is a copy; name the original, {spec.copies[name].copy_of!r}."
            yield Problem(table.where(row, column), message, advice)


REACH_OF_KIND: Final = {"survey": "selection", "overlap": "dependence", "flow": "multiplier"}
"""Observation kind to the one kind of reach that its sources have; the first two state nothing
else."""

SOURCE_WORDS: Final = {
    "survey": "Surveys, and only they, come from sources with a selection.",
    "overlap": "Overlaps, and only they, come from sources with a dependence and lists.",
    "flow": "Flows come from sources with a multiplier: events for each person and year.",
}


def _kind_problems(row: Observation, spec: ModelSpec, table: Observations) -> Iterator[Problem]:
    reach = spec.sources[row.source].reach_kind
    special = next(
        (kind for kind in ("survey", "overlap") if REACH_OF_KIND[kind] == reach), row.kind
    )
    wanted = REACH_OF_KIND.get(row.kind, reach)
    if reach != wanted or special != row.kind:
        article = "an" if row.kind == "overlap" else "a"
        message = f"{article} {row.kind} from {row.source!r}, which has {reach}"
        advice = SOURCE_WORDS[row.kind if row.kind in SOURCE_WORDS else special]
        yield Problem(table.where(row, "kind"), message, advice)


def _survey_problems(row: Observation, spec: ModelSpec, table: Observations) -> Iterator[Problem]:
    inner, outer = row.scope or spec.sources[row.source].scope, row.of_scope
    if not {inner, outer} <= spec.scopes.keys():
        return
    if inner == outer and not row.seen_by:
        yield Problem(table.where(row, "of_scope"), f"{outer!r} is the scope itself")
    elif not scope_holds(spec, outer, inner):
        message = f"scope {outer!r} is not declared to hold {inner!r}"
        advice = (
            "A survey counts part of its respondents: chain them by contains, within or part_of."
        )
        yield Problem(table.where(row, "of_scope"), message, advice)


def _list_problems(row: Observation, spec: ModelSpec, table: Observations) -> Iterator[Problem]:
    """Yield a problem where a row speaks about who of a known population is on a list: no reach
    applies to that.
    """
    scope = row.scope or spec.sources[row.source].scope
    if scope in spec.scopes and spec.scopes[scope].covariate:
        message = f"{scope!r} is a population that is known, and coverage is of scopes that are not"
        yield Problem(
            table.where(row, "scope"), message, "State the scope of the people on the list."
        )


def _share_problems(row: Observation, spec: ModelSpec, table: Observations) -> Iterator[Problem]:
    source = spec.sources[row.source]
    inner = row.scope or source.scope
    outer = row.of_scope or inner
    same_area, same_source = row.of_area in ("", row.area), row.of_source in ("", row.source)
    if not (same_area and same_source and inner in spec.scopes and outer in spec.scopes):
        return
    if inner == outer:
        column = next(name for name in ("of_area", "of_scope", "of_source") if getattr(row, name))
        yield Problem(
            table.where(row, column), "a share of itself is 1, whatever the number of people"
        )
    elif (row.value or 0) > 1 and scope_holds(spec, outer, inner):
        message = (
            f"{row.value:g} of {outer!r} are {inner!r}, and {outer!r} is declared to hold {inner!r}"
        )
        yield Problem(
            table.where(row, "value"),
            message,
            "A part is below 1; or mend the relation of the scopes.",
        )


COUNTS: Final = ("count", "rounded", "lower_bound", "upper_bound", "suppressed", "range")
"""Kinds of rows that say how many a source counts."""


def _silent_lists(spec: ModelSpec, observations: Observations) -> Iterator[str]:
    """Yield what a linkage cannot say while neither of its lists states how many it holds."""
    counting = {row.source for row in observations.fitted if row.kind in COUNTS}
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


def contradictions(spec: ModelSpec, observations: Observations) -> Iterator[str]:
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
