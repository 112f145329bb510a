"""Checks between the sections of a spec: names must exist, scopes must form a tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from headcount.errors import Problem, nearest
from headcount.study.copies import copy_problems
from headcount.study.growth_kinds import GROWTH_KINDS
from headcount.study.specs import ModelSpec, ScopeSpec, SourceSpec

__all__ = ["spec_problems"]


def spec_problems(spec: ModelSpec) -> Iterator[Problem]:
    """Yield all problems between the sections of a spec.

    Parameters
    ----------
    spec
        A spec whose sections are each valid.

    Yields
    ------
    Problem
        Naming file and key.
    """
    yield from _scope_problems(spec)
    yield from _breakdown_problems(spec)
    yield from _source_problems(spec)
    yield from copy_problems(spec)
    yield from _covariate_problems(spec)
    yield from _growth_problems(spec)


def _unknown(where: str, noun: str, name: str, known: Iterable[str]) -> Iterator[Problem]:
    known = list(known)
    if name not in known:
        yield Problem(where, f"unknown {noun} {name!r}", nearest(name, known))


def _scope_problems(spec: ModelSpec) -> Iterator[Problem]:
    yield from _unknown(f"{spec.name} [target]", "scope", spec.target, spec.scopes)
    for name, scope in spec.scopes.items():
        where = f"{spec.name} [scopes.{name}]"
        # The whole of a breakdown is checked once, where the breakdown is declared.
        other = None if scope.part_of else spec.relative_to(name)
        if other is not None:
            yield from _unknown(where, "scope", other, spec.scopes)
        if name == spec.target and scope.part_of:
            message = f"the target scope {name!r} is part of the breakdown {scope.part_of!r}"
            advice = (
                "Choose the whole as the target, or declare that the whole contains the target."
            )
            yield Problem(where, message, advice)
        elif name == spec.target and scope.relation:
            message = f"the target scope {name!r} is relative to {other or scope.covariate!r}"
            yield Problem(
                where, message, "Declare the relation at the other scope; the target has none."
            )
        elif name != spec.target and spec.target in spec.scopes:
            yield from _relation_problems(spec, name, scope, where)


def _relation_problems(
    spec: ModelSpec, name: str, scope: ScopeSpec, where: str
) -> Iterator[Problem]:
    if scope.covariate is not None:
        known = spec.covariate_table.variables
        yield from _unknown(
            f"{where[:-1]}.covariate]", "covariate variable", scope.covariate, known
        )
        yield from _uncovered(spec, scope.covariate, where)
        yield from _without_logarithm(
            spec, scope.covariate, where, "A known population must be above 0."
        )
        return
    *chain, last = _chain(spec, name)
    if last in chain:
        circle = " to ".join(repr(scope) for scope in [*chain[chain.index(last) :], last])
        message = (
            f"the relations run in a circle: {circle}; no chain leads to the target {spec.target!r}"
        )
        yield Problem(where, message, "Relate one of these scopes to one outside the circle.")
    elif (
        last != spec.target
        and last in spec.scopes
        and spec.scopes[last].relation in ("", "covariate")
    ):
        # A chain that ends at an unknown name is reported at the scope that states the name.
        message = f"no chain of ratios leads from {name!r} to the target {spec.target!r}"
        yield Problem(
            where, message, "Give it contains, within or beside, and a ratio, or part_of."
        )


def _chain(spec: ModelSpec, name: str) -> list[str]:
    """Return the chain of relations from a scope to the target.

    The chain may end early: at an unknown name, or at a scope that it visits a second time.
    """
    chain = [name]
    while chain[-1] != spec.target and chain[-1] in spec.scopes and chain[-1] not in chain[:-1]:
        other = spec.relative_to(chain[-1])
        if other is None:
            break
        chain.append(other)
    return chain


def _breakdown_problems(spec: ModelSpec) -> Iterator[Problem]:
    for name, scope in spec.scopes.items():
        if scope.part_of is not None:
            yield from _unknown(
                f"{spec.name} [scopes.{name}.part_of]", "breakdown", scope.part_of, spec.breakdowns
            )
    for name, breakdown in spec.breakdowns.items():
        where, parts = f"{spec.name} [breakdowns.{name}", spec.parts_of(name)
        latent = [scope for scope, own in spec.scopes.items() if not own.covariate]
        yield from _unknown(f"{where}.of]", "latent scope", breakdown.of, latent)
        if len(parts) <= 1:
            message = (
                f"{len(parts)} scope is part of it" if len(parts) == 1 else "no scope is part of it"
            )
            yield Problem(
                f"{where}]", message, f'Declare scopes with part_of = "{name}", at least two.'
            )
        elif breakdown.expected and set(breakdown.expected) != set(parts):
            names = ", ".join(sorted(set(breakdown.expected) ^ set(parts)))
            message = f"expected names other scopes than the parts; not in both: {names}"
            yield Problem(f"{where}.expected]", message, f"The parts are {', '.join(parts)}.")


def _source_problems(spec: ModelSpec) -> Iterator[Problem]:
    for name, source in spec.sources.items():
        where = f"{spec.name} [sources.{name}"
        yield from _unknown(f"{where}.scope]", "scope", source.scope, spec.scopes)
        yield from _unknown(f"{where}.kind]", "source kind", source.kind, spec.source_kinds)
        if source.lineage is not None:
            yield from _unknown(f"{where}.lineage]", "lineage", source.lineage, spec.lineages)
        for area in source.reach.regions if source.reach else ():
            if area not in spec.areas.by_code:
                place = f"{where}.{source.reach_kind}.regions]"
                yield Problem(place, f"unknown area {area!r}", spec.areas.advice(area))
        kind = spec.source_kinds.get(source.kind)
        if source.is_binomial and kind and kind.concentration is None:
            place = f"{spec.name} [source_kinds.{source.kind}]"
            message = "a survey" if source.selection else "a linkage of lists"
            yield Problem(place, f"no concentration, and source {name!r} of this kind is {message}")
        yield from _list_problems(spec, source, where)
        for year, key in source.breaks_by:
            yield from _outside(spec, year, f"{where}.breaks.{key}]")


def _list_problems(spec: ModelSpec, source: SourceSpec, where: str) -> Iterator[Problem]:
    lists = source.lists or ()
    covering = [name for name, other in spec.sources.items() if other.coverage]
    for name in lists:
        if name in spec.copies:
            original = spec.copies[name].copy_of
            yield Problem(
                f"{where}.lists]", f"{name!r} is a copy", f"Name the original, {original!r}."
            )
        else:
            yield from _unknown(f"{where}.lists]", "source with a coverage", name, covering)
    twice = [name for name in dict.fromkeys(lists) if lists.count(name) > 1]
    for name in twice:
        yield Problem(f"{where}.lists]", f"{name!r} is named twice", "Name two lists.")


def _outside(spec: ModelSpec, year: int, where: str) -> Iterator[Problem]:
    """Yield a problem where a change has no years before it, or none after it."""
    if not spec.years.first < year <= spec.years.last:
        message = (
            f"{year} is not after {spec.years.first}, the first year, and up to "
            f"{spec.years.last}, the last"
        )
        yield Problem(
            where,
            message,
            "A change applies from its year on and needs years on both sides.",
        )


def _growth_problems(spec: ModelSpec) -> Iterator[Problem]:
    growth, where, years = spec.growth, f"{spec.name} [growth", spec.years
    if GROWTH_KINDS[growth.kind].forward_only and years.reference != years.first:
        message = (
            f"reference = {years.reference}, and {growth.kind} runs forward only: backward, a "
            "stock could turn negative"
        )
        yield Problem(
            f"{spec.name} [years.reference]",
            message,
            f"Write reference = {years.first}, the first year.",
        )
    if growth.graduates is not None:
        yield from _unknown(
            f"{where}.graduates]",
            "covariate variable",
            growth.graduates,
            spec.covariate_table.variables,
        )
        yield from _uncovered(spec, growth.graduates, f"{where}.graduates]")
        yield from _negative(spec, growth.graduates, f"{where}.graduates]")
    if spec.shrunk_covariates and growth.coefficient_sd is None:
        names = ", ".join(spec.shrunk_covariates)
        yield Problem(
            f"{where}]",
            f"no coefficient_sd, the sd of the shrunk coefficients of {names}",
            "Write { low, high, mass }.",
        )
    if growth.coefficient_sd is not None and not spec.shrunk_covariates:
        message = "it is not used, because no covariate is shrunk"
        yield Problem(
            f"{where}.coefficient_sd]",
            message,
            'Write coefficient = "shrunk" in some covariates, or remove the key.',
        )
    for name, change in growth.changes.items():
        place = f"{where}.changes.{name}"
        yield from _outside(spec, change.year, f"{place}.year]")
        if change.area and change.area not in spec.areas.by_code:
            yield Problem(
                f"{place}.area]", f"unknown area {change.area!r}", spec.areas.advice(change.area)
            )


def _negative(spec: ModelSpec, variable: str, where: str) -> Iterator[Problem]:
    for area, year, name, value, *_ in spec.covariate_table.rows:
        if name == variable and value < 0:
            yield Problem(where, f"{area} in {year} is {value:g}, a negative number of people")


def _covariate_problems(spec: ModelSpec) -> Iterator[Problem]:
    for name, effect in spec.covariates.items():
        where = f"{spec.name} [covariates.{name}]"
        yield from _unknown(where, "covariate variable", name, spec.covariate_table.variables)
        yield from _uncovered(spec, name, where)
        if effect.transform == "log":
            yield from _without_logarithm(
                spec, name, where, 'Write transform = "none", or correct the table.'
            )


def _without_logarithm(
    spec: ModelSpec, variable: str, where: str, advice: str
) -> Iterator[Problem]:
    for area, year, name, value, *_ in spec.covariate_table.rows:
        if name == variable and value <= 0:
            yield Problem(where, f"{area} in {year} is {value:g}, which has no logarithm", advice)


def _uncovered(spec: ModelSpec, variable: str, where: str) -> Iterator[Problem]:
    known = spec.covariate_table.areas_with(variable)
    missing = [region for region in spec.areas.regions if region not in known]
    if known and missing:
        shown = ", ".join(missing[:6]) + (", ..." if len(missing) > 6 else "")
        message = f"{variable!r} has no value for {len(missing)} of the regions: {shown}"
        strange = sorted(known - spec.areas.by_code.keys())
        also = f"; it has rows for {strange[0]!r}, which is no area" if strange else ""
        yield Problem(where, message, f"Add rows to {spec.covariate_table.name}{also}.")
