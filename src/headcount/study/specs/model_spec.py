"""`ModelSpec`: the declaration of a study, with the list of all its priors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from pydantic import BaseModel, Field, model_validator

from headcount._names import BASE_PRIORS
from headcount.study.areas import Areas
from headcount.study.covariates import Covariates
from headcount.study.priors import Prior
from headcount.study.specs.candidate_spec import CandidateSpec
from headcount.study.specs.latent_spec import (
    CovariateEffect,
    GrowthSpec,
    RegionsSpec,
    TotalSpec,
    YearsSpec,
)
from headcount.study.specs.scope_spec import BreakdownSpec, ScopeSpec
from headcount.study.specs.section import Name, PositivePrior, Section
from headcount.study.specs.source_spec import CopySpec, LineageSpec, SourceKindSpec, SourceSpec

__all__ = ["ModelSpec"]

type NamedPriors = Iterator[tuple[str, Prior]]


class ModelSpec(Section):
    """The declaration of a study: everything but its observations.

    Build one with `headcount.read_spec`; change one with `with_prior_set` and `with_prior`.

    Attributes
    ----------
    title, question, definition
        The title, the question, and the definition of the people counted, one sentence each.
    target
        The scope of the latent headcount.
    data
        Folder of the study's tables, relative to the spec's file.
    years, total, regions, covariates, growth, scopes, source_kinds, sources, lineages
        The sections of the TOML file.
    breakdowns
        Partitions of a scope into parts.
    copies
        Sources that repeat the numbers of another; in the TOML file they are among the sources.
    candidates
        Data that could be collected. They enter no fit; their priors are not among ``priors``.
    shared_bias
        Common error factor of all sources with a coverage, multiplier or trend, if declared.
    prior_sets
        Named sets of replacement priors, by path of the prior that each replaces.
    prior_set
        Name of the prior set in use; ``base`` for none.
    areas, covariate_table
        The tables of the study.
    name
        Name of the spec in messages.
    text
        The document as JSON; an equal spec can be made from it.
    """

    title: str
    question: str
    definition: str
    target: str
    data: str = "."
    years: YearsSpec
    total: TotalSpec
    regions: RegionsSpec
    covariates: Mapping[Name, CovariateEffect] = {}
    growth: GrowthSpec
    scopes: Mapping[Name, ScopeSpec]
    breakdowns: Mapping[Name, BreakdownSpec] = {}
    source_kinds: Mapping[Name, SourceKindSpec]
    sources: Mapping[Name, SourceSpec]
    copies: Mapping[Name, CopySpec] = {}
    lineages: Mapping[Name, LineageSpec] = {}
    candidates: Mapping[Name, CandidateSpec] = {}
    shared_bias: PositivePrior | None = None
    prior_sets: Mapping[Name, Mapping[str, Any]] = {}
    prior_set: str = BASE_PRIORS
    areas: Areas
    covariate_table: Covariates = Covariates()
    name: str = "spec"
    text: str = Field(default="", repr=False)

    @model_validator(mode="before")
    @classmethod
    def _copies_apart(cls, stated: Any) -> Any:  # noqa: ANN401 - any TOML value
        sources = stated.get("sources") if isinstance(stated, Mapping) else None
        if not isinstance(sources, Mapping):
            return stated
        copies = {
            name: own
            for name, own in sources.items()
            if isinstance(own, Mapping) and "copy_of" in own
        }
        others = {name: own for name, own in sources.items() if name not in copies}
        return {**stated, "sources": others, "copies": copies}

    @cached_property
    def priors(self) -> dict[str, Prior]:
        """All priors of the spec by their path in the TOML file, in reading order."""
        return dict(_named_priors(self))

    @property
    def document(self) -> dict[str, Any]:
        """The spec as the nested dictionary of the TOML file."""
        return dict(json.loads(self.text))

    @property
    def prior_set_names(self) -> tuple[str, ...]:
        """Names of all prior sets, ``base`` first."""
        return (BASE_PRIORS, *(name for name in self.prior_sets if name != BASE_PRIORS))

    @property
    def anchors(self) -> tuple[str, ...]:
        """Names of the sources whose level is known."""
        return tuple(name for name, source in self.sources.items() if source.anchor)

    @property
    def shrunk_covariates(self) -> tuple[str, ...]:
        """Names of the growth covariates whose coefficients are shrunk."""
        return tuple(name for name, effect in self.covariates.items() if effect.is_shrunk)

    def relative_to(self, scope: str) -> str | None:
        """Return the scope that a scope is relative to; ``None`` for the target and if known."""
        own = self.scopes[scope]
        if own.part_of is not None:
            return self.breakdowns[own.part_of].of if own.part_of in self.breakdowns else None
        return own.contains or own.within or own.beside

    def scope_contains(self, outer: str, inner: str) -> bool:
        """Return whether the declared relations imply that ``outer`` contains ``inner``.

        Parameters
        ----------
        outer, inner
            Names of scopes.

        Returns
        -------
        bool
            Whether a chain of ``contains``, ``within`` and ``part_of`` leads from ``outer`` to
            ``inner``; a scope contains itself.
        """
        above: dict[str, set[str]] = {name: set() for name in self.scopes}
        for name, scope in self.scopes.items():
            if scope.contains:
                above[scope.contains].add(name)
            if scope.within or scope.part_of:
                above[name].add(str(self.relative_to(name)))
        reached, stack = {inner}, [inner]
        while stack:
            new = above[stack.pop()] - reached
            reached |= new
            stack.extend(new)
        return outer in reached

    def parts_of(self, breakdown: str) -> tuple[str, ...]:
        """Return the parts of a breakdown, in the order of the file."""
        return tuple(name for name, scope in self.scopes.items() if scope.part_of == breakdown)


def _named_priors(spec: ModelSpec) -> NamedPriors:
    yield "total.prior", spec.total.prior
    yield "regions.pool_sd", spec.regions.pool_sd
    yield "regions.region_sd", spec.regions.region_sd
    for name, effect in spec.covariates.items():
        if effect.coefficient is not None:
            yield f"covariates.{name}.coefficient", effect.coefficient
    yield from _growth_priors(spec.growth)
    for name, scope in spec.scopes.items():
        yield from _stated_priors(f"scopes.{name}", scope, ("ratio", "region_sd", "trend"))
    for name, breakdown in spec.breakdowns.items():
        yield from _stated_priors(f"breakdowns.{name}", breakdown, ("sd", "region_sd", "trend_sd"))
    for name, kind in spec.source_kinds.items():
        keys = ("noise", "region_sd", "concentration")
        yield from _stated_priors(f"source_kinds.{name}", kind, keys)
    for name, source in spec.sources.items():
        yield from _source_priors(f"sources.{name}", source)
    for name, lineage in spec.lineages.items():
        yield f"lineages.{name}.error", lineage.error
    if spec.shared_bias is not None:
        yield "shared_bias", spec.shared_bias


def _growth_priors(growth: GrowthSpec) -> NamedPriors:
    for name, prior in growth.priors.items():
        yield f"growth.{name}", prior
    if growth.coefficient_sd is not None:
        yield "growth.coefficient_sd", growth.coefficient_sd
    for name, change in growth.changes.items():
        yield f"growth.changes.{name}.change", change.change


def _source_priors(path: str, source: SourceSpec) -> NamedPriors:
    if source.reach is not None:
        yield f"{path}.{source.reach_kind}", source.reach.prior
        for area, prior in source.reach.regions.items():
            yield f"{path}.{source.reach_kind}.regions.{area}", prior
    keys = ("selection", "dependence", "region_sd", "drift_sd", "overcount")
    yield from _stated_priors(path, source, keys)
    for _, year in source.breaks_by:
        yield f"{path}.breaks.{year}", source.breaks[year]


def _stated_priors(path: str, section: BaseModel, keys: tuple[str, ...]) -> NamedPriors:
    for key in keys:
        prior = getattr(section, key)
        if prior is not None:
            yield f"{path}.{key}", prior
