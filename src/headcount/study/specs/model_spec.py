"""`ModelSpec`: a whole study but for its observations, and the list of all its priors."""

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

type Slots = Iterator[tuple[str, Prior]]


class ModelSpec(Section):
    """A whole study but for its observations.

    Build one with `headcount.read_spec`; change one with `with_prior_set` and `with_prior`.

    Attributes
    ----------
    title, question, definition
        What is asked, and who counts, in one sentence each.
    target
        The scope that the latent headcount is about.
    data
        Folder of the study's tables, relative to the spec's file.
    years, total, regions, covariates, growth, scopes, source_kinds, sources, lineages
        The sections of the TOML file.
    breakdowns
        Second axes: into which parts a scope falls.
    copies
        The sources that repeat another's figures; in the TOML file they stand among the sources.
    candidates
        Data that could be had; they enter no fit, and their priors are none of the study's.
    shared_bias
        Factor by which all sources but anchors are off together, if declared.
    prior_sets
        Named overlays: path of a prior to another one of the same family.
    prior_set
        Name of the overlay in force; ``base`` for none.
    areas, covariate_table
        The tables that come with the spec.
    name
        Where it came from, for messages.
    text
        The document as JSON, from which an equal spec can be made.
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
    def _copies_apart(cls, stated: Any) -> Any:  # noqa: ANN401 - whatever the TOML holds
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
        """Every prior of the spec under its path in the TOML file, in reading order."""
        return dict(_slots(self))

    @property
    def document(self) -> dict[str, Any]:
        """The spec as the nested dictionary that the TOML file holds."""
        return dict(json.loads(self.text))

    @property
    def prior_set_names(self) -> tuple[str, ...]:
        """Names of all prior sets, ``base`` first."""
        return (BASE_PRIORS, *(name for name in self.prior_sets if name != BASE_PRIORS))

    @property
    def anchors(self) -> tuple[str, ...]:
        """Sources whose level is known."""
        return tuple(name for name, source in self.sources.items() if source.anchor)

    @property
    def shrunk_covariates(self) -> tuple[str, ...]:
        """Growth covariates whose coefficients are pooled around zero."""
        return tuple(name for name, effect in self.covariates.items() if effect.is_shrunk)

    def relative_to(self, scope: str) -> str | None:
        """Return the scope that a scope's ratio refers to; none for the target and for known
        populations.
        """
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
        """Return the scopes that a breakdown consists of, in the order of the file."""
        return tuple(name for name, scope in self.scopes.items() if scope.part_of == breakdown)


def _slots(spec: ModelSpec) -> Slots:
    yield "total.prior", spec.total.prior
    yield "regions.pool_sd", spec.regions.pool_sd
    yield "regions.region_sd", spec.regions.region_sd
    for name, effect in spec.covariates.items():
        if effect.coefficient is not None:
            yield f"covariates.{name}.coefficient", effect.coefficient
    yield from _growth_slots(spec.growth)
    for name, scope in spec.scopes.items():
        yield from _present(f"scopes.{name}", scope, ("ratio", "region_sd", "trend"))
    for name, breakdown in spec.breakdowns.items():
        yield from _present(f"breakdowns.{name}", breakdown, ("sd", "region_sd", "trend_sd"))
    for name, kind in spec.source_kinds.items():
        keys = ("noise", "region_sd", "concentration")
        yield from _present(f"source_kinds.{name}", kind, keys)
    for name, source in spec.sources.items():
        yield from _source_slots(f"sources.{name}", source)
    for name, lineage in spec.lineages.items():
        yield f"lineages.{name}.error", lineage.error
    if spec.shared_bias is not None:
        yield "shared_bias", spec.shared_bias


def _growth_slots(growth: GrowthSpec) -> Slots:
    for name, prior in growth.priors.items():
        yield f"growth.{name}", prior
    if growth.coefficient_sd is not None:
        yield "growth.coefficient_sd", growth.coefficient_sd
    for name, change in growth.changes.items():
        yield f"growth.changes.{name}.change", change.change


def _source_slots(path: str, source: SourceSpec) -> Slots:
    if source.reach is not None:
        yield f"{path}.{source.reach_kind}", source.reach.prior
        for area, prior in source.reach.regions.items():
            yield f"{path}.{source.reach_kind}.regions.{area}", prior
    keys = ("selection", "dependence", "region_sd", "drift_sd", "overcount")
    yield from _present(path, source, keys)
    for _, year in source.breaks_by:
        yield f"{path}.breaks.{year}", source.breaks[year]


def _present(path: str, section: BaseModel, keys: tuple[str, ...]) -> Slots:
    for key in keys:
        prior = getattr(section, key)
        if prior is not None:
            yield f"{path}.{key}", prior
