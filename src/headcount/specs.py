"""Model specs: the declaration of a study, frozen and comparable. The keys are those of the TOML file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from headcount._names import BASE_PRIORS
from headcount.areas import Areas
from headcount.covariates import Covariates
from headcount.growth_kinds import GROWTH_KINDS
from headcount.priors import Prior

__all__ = [
    "CovariateEffect",
    "GrowthSpec",
    "LineageSpec",
    "ModelSpec",
    "ReachSpec",
    "RegionsSpec",
    "ScopeSpec",
    "SourceKindSpec",
    "SourceSpec",
    "TotalSpec",
    "YearsSpec",
]

type Slots = Iterator[tuple[str, Prior]]


def _on(support: str) -> BeforeValidator:
    return BeforeValidator(lambda stated: Prior.parse(stated, support=support))


PositivePrior = Annotated[Prior, _on("positive")]
UnitPrior = Annotated[Prior, _on("unit")]
RealPrior = Annotated[Prior, _on("real")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class YearsSpec(_Section):
    """``[years]``: the calendar years of the model, and the one in which the total is stated."""

    first: int
    last: int
    reference: int

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.first <= self.reference <= self.last:
            msg = f"reference = {self.reference} is not within {self.first} to {self.last}"
            raise ValueError(msg)
        if self.first == self.last:
            msg = f"first = last = {self.first}; growth needs at least two years"
            raise ValueError(msg)
        return self

    @property
    def labels(self) -> tuple[int, ...]:
        """All years, ascending."""
        return tuple(range(self.first, self.last + 1))


class TotalSpec(_Section):
    """``[total]``: the headcount of the root area in the reference year."""

    prior: PositivePrior


class RegionsSpec(_Section):
    """``[regions]``: how regions differ beyond what covariates say; standard deviations on the log scale."""

    region_sd: PositivePrior
    pool_sd: PositivePrior


class CovariateEffect(_Section):
    """``[covariates.NAME]``: a fact about regions that shifts their level or their growth.

    ``log`` takes the logarithm first; a growth covariate is then scaled to mean 0 and sd 1 over regions.
    """

    effect: str = Field(pattern="^(level|growth)$")
    transform: str = Field(default="log", pattern="^(log|none)$")
    coefficient: RealPrior


class GrowthSpec(_Section):
    """``[growth]``: a growth kind and the priors that it asks for."""

    kind: str
    priors: Mapping[str, Prior]

    @model_validator(mode="before")
    @classmethod
    def _by_kind(cls, stated: Any) -> Any:  # noqa: ANN401 - whatever the TOML holds
        from headcount.errors import nearest

        if not isinstance(stated, Mapping) or "priors" in stated:
            return stated
        words = dict(stated)
        kind = str(words.pop("kind", "damped_trend"))
        if kind not in GROWTH_KINDS:
            msg = f"unknown growth kind {kind!r}. {nearest(kind, GROWTH_KINDS)}"
            raise ValueError(msg)
        supports = GROWTH_KINDS[kind].parameters
        for name in words:
            if name not in supports:
                msg = f"growth kind {kind!r} has no prior {name!r}. {nearest(name, supports)}"
                raise ValueError(msg)
        missing = [name for name in supports if name not in words]
        if missing:
            msg = f"growth kind {kind!r} needs a prior for {', '.join(missing)}"
            raise ValueError(msg)
        priors = {name: Prior.parse(words[name], support=supports[name]) for name in supports}
        return {"kind": kind, "priors": priors}


class ScopeSpec(_Section):
    """``[scopes.NAME]``: a definition of who counts, and its relation to another scope.

    Exactly one of: nothing (the target), ``contains`` or ``within`` or ``beside`` with a ``ratio``, or
    ``covariate`` (a population that is known).
    """

    definition: str
    contains: str | None = None
    within: str | None = None
    beside: str | None = None
    covariate: str | None = None
    ratio: Prior | None = None
    region_sd: PositivePrior | None = None
    trend: RealPrior | None = None

    @model_validator(mode="before")
    @classmethod
    def _ratio_by_relation(cls, stated: Any) -> Any:  # noqa: ANN401 - whatever the TOML holds
        if not isinstance(stated, Mapping):
            return stated
        words = dict(stated)
        relations = [key for key in (*RATIO_SUPPORT, "covariate") if words.get(key)]
        if len(relations) > 1:
            msg = f"a scope has one relation, not {' and '.join(relations)}"
            raise ValueError(msg)
        needs_ratio = bool(relations) and relations[0] in RATIO_SUPPORT
        if needs_ratio and "ratio" not in words:
            msg = f"a scope that is {relations[0]} another needs a ratio (this scope over the other)"
            raise ValueError(msg)
        idle = [key for key in ("ratio", "region_sd", "trend") if key in words]
        if not needs_ratio and idle:
            msg = f"{idle[0]} means nothing without contains, within or beside"
            raise ValueError(msg)
        if needs_ratio:
            words["ratio"] = Prior.parse(words["ratio"], support=RATIO_SUPPORT[relations[0]])
        return words

    @property
    def relative_to(self) -> str | None:
        """The scope that the ratio refers to."""
        return self.contains or self.within or self.beside


RATIO_SUPPORT: Mapping[str, str] = {"contains": "above_one", "within": "unit", "beside": "positive"}
"""Relation of a scope to another: the values that its ratio can take."""


class SourceKindSpec(_Section):
    """``[source_kinds.NAME]``: what sources of a kind share.

    ``noise`` is the typical sd of a row on the log scale; each source's own varies around it by ``spread`` (sd of its
    log). ``region_sd`` is the sd of a deviation of reach by region that all sources of the kind share.
    ``concentration`` belongs to surveys.
    """

    noise: PositivePrior
    spread: float = Field(default=0.3, gt=0)
    tails: str = Field(default="student_t", pattern="^(student_t|normal)$")
    region_sd: PositivePrior | None = None
    concentration: PositivePrior | None = None


class ReachSpec(_Section):
    """A coverage or multiplier prior, with declared exceptions by area."""

    prior: Prior
    regions: Mapping[str, Prior] = {}

    @classmethod
    def parse(cls, stated: object, support: str) -> ReachSpec:
        """Split ``{low, high, mass, regions = {...}}`` into the prior and its exceptions."""
        if not isinstance(stated, Mapping) or "prior" in stated:
            return cls.model_validate(stated)
        words = dict(stated)
        regions = words.pop("regions", {})
        prior = Prior.parse(words, support=support)
        if not prior.is_link_normal and regions:
            msg = "a prior with regional exceptions is written by interval (low, high, mass)"
            raise ValueError(msg)
        exceptions = {area: Prior.parse(value, support=support) for area, value in regions.items()}
        return cls(prior=prior, regions=exceptions)


class SourceSpec(_Section):
    """``[sources.NAME]``: who counts, which scope, and how much of it is seen.

    Exactly one of ``coverage`` (part of the scope seen, in (0, 1)), ``multiplier`` (units stated per person, above 0),
    ``anchor = true`` (the level is known), ``trend = true`` (the level is free, only changes count) and ``selection``
    (surveys: factor on the odds of answering).
    """

    title: str
    kind: str
    scope: str
    coverage: ReachSpec | None = None
    multiplier: ReachSpec | None = None
    anchor: bool = False
    trend: bool = False
    selection: PositivePrior | None = None
    region_sd: PositivePrior | None = None
    lineage: str | None = None
    citation: str = ""
    notes: str = ""

    @model_validator(mode="before")
    @classmethod
    def _one_reach(cls, stated: Any) -> Any:  # noqa: ANN401 - whatever the TOML holds
        if not isinstance(stated, Mapping):
            return stated
        words = dict(stated)
        given = [key for key in REACH_KEYS if words.get(key)]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            msg = f"a source needs exactly one of {', '.join(REACH_KEYS)}; this one has {found}"
            raise ValueError(msg)
        for key, support in (("coverage", "unit"), ("multiplier", "positive")):
            if key in words:
                words[key] = ReachSpec.parse(words[key], support)
        if words.get("region_sd") and given[0] in ("anchor", "selection"):
            msg = f"region_sd means nothing for a source with {given[0]}"
            raise ValueError(msg)
        return words

    @property
    def reach_kind(self) -> str:
        """Which of coverage, multiplier, anchor, trend and selection the source has."""
        return next(key for key in REACH_KEYS if getattr(self, key))

    @property
    def reach(self) -> ReachSpec | None:
        """The coverage or multiplier, if it has one."""
        return self.coverage or self.multiplier


REACH_KEYS = ("coverage", "multiplier", "anchor", "trend", "selection")


class LineageSpec(_Section):
    """``[lineages.NAME]``: an error that all sources resting on the same data share.

    ``error`` is the factor by which all of them are off together; its prior is around 1.
    """

    error: PositivePrior
    definition: str = ""


class ModelSpec(_Section):
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
    source_kinds: Mapping[Name, SourceKindSpec]
    sources: Mapping[Name, SourceSpec]
    lineages: Mapping[Name, LineageSpec] = {}
    shared_bias: PositivePrior | None = None
    prior_sets: Mapping[Name, Mapping[str, Any]] = {}
    prior_set: str = BASE_PRIORS
    areas: Areas
    covariate_table: Covariates = Covariates()
    name: str = "spec"
    text: str = Field(default="", repr=False)

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


def _slots(spec: ModelSpec) -> Slots:
    yield "total.prior", spec.total.prior
    yield "regions.pool_sd", spec.regions.pool_sd
    yield "regions.region_sd", spec.regions.region_sd
    for name, effect in spec.covariates.items():
        yield f"covariates.{name}.coefficient", effect.coefficient
    for name, prior in spec.growth.priors.items():
        yield f"growth.{name}", prior
    for name, scope in spec.scopes.items():
        yield from _present(f"scopes.{name}", scope, ("ratio", "region_sd", "trend"))
    for name, kind in spec.source_kinds.items():
        keys = ("noise", "region_sd", "concentration")
        yield from _present(f"source_kinds.{name}", kind, keys)
    for name, source in spec.sources.items():
        yield from _source_slots(f"sources.{name}", source)
    for name, lineage in spec.lineages.items():
        yield f"lineages.{name}.error", lineage.error
    if spec.shared_bias is not None:
        yield "shared_bias", spec.shared_bias


def _source_slots(path: str, source: SourceSpec) -> Slots:
    if source.reach is not None:
        yield f"{path}.{source.reach_kind}", source.reach.prior
        for area, prior in source.reach.regions.items():
            yield f"{path}.{source.reach_kind}.regions.{area}", prior
    yield from _present(path, source, ("selection", "region_sd"))


def _present(path: str, section: BaseModel, keys: tuple[str, ...]) -> Slots:
    for key in keys:
        prior = getattr(section, key)
        if prior is not None:
            yield f"{path}.{key}", prior
