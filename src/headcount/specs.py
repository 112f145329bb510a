"""Model specs: the declaration of a study, frozen and comparable. The keys are those of the TOML file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails

from headcount._names import BASE_PRIORS
from headcount.areas import Areas
from headcount.covariates import Covariates
from headcount.errors import nearest
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


SupportedPrior = Annotated[Prior, BeforeValidator(lambda pair: Prior.parse(pair[1], support=pair[0]))]
"""A prior whose support depends on its section, which hands it over as a pair (support, what is stated)."""

PositivePrior = Annotated[Prior, _on("positive")]
UnitPrior = Annotated[Prior, _on("unit")]
RealPrior = Annotated[Prior, _on("real")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    @classmethod
    def contradictions(cls, stated: Mapping[str, Any]) -> Iterator[str]:  # noqa: ARG003 - most sections have none
        """Yield what is wrong between the keys of the section, each of which may be fine alone."""
        yield from ()

    @model_validator(mode="wrap")
    @classmethod
    def _all_problems(cls, stated: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401
        """Report contradictions beside the problems of single keys, not only once those are mended."""
        own = [*cls.contradictions(stated)] if isinstance(stated, Mapping) else []
        lines = [
            InitErrorDetails(type="value_error", loc=(), input=stated, ctx={"error": ValueError(text)})
            for text in own
        ]
        try:
            section = handler(stated)
        except ValidationError as error:
            lines = [*error.errors(include_url=False), *lines]  # type: ignore[list-item]  # have the same keys
        if lines:
            raise ValidationError.from_exception_data(cls.__name__, lines)
        return section


MOST_YEARS = 1000
"""A model of so many years would not fit into memory."""


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
        if self.last - self.first >= MOST_YEARS:
            msg = f"{self.first} to {self.last} are more than {MOST_YEARS} years; is one of them mistyped?"
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
    priors: Mapping[str, SupportedPrior]

    @classmethod
    def contradictions(cls, stated: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is wrong between the kind and the names of the priors."""
        kind = _growth_kind(stated)
        if kind not in GROWTH_KINDS:
            yield f"unknown growth kind {kind!r}. {nearest(kind, GROWTH_KINDS)}"
            return
        supports = GROWTH_KINDS[kind].parameters
        for name in stated:
            if name not in (*supports, "kind"):
                yield f"growth kind {kind!r} has no prior {name!r}. {nearest(name, supports)}"
        missing = [name for name in supports if name not in stated]
        if missing:
            yield f"growth kind {kind!r} needs a prior for {', '.join(missing)}"

    @model_validator(mode="before")
    @classmethod
    def _by_kind(cls, stated: Any) -> Any:  # noqa: ANN401 - whatever the TOML holds
        if not isinstance(stated, Mapping):
            return stated
        kind = _growth_kind(stated)
        supports = GROWTH_KINDS[kind].parameters if kind in GROWTH_KINDS else {}
        priors = {name: (support, stated[name]) for name, support in supports.items() if name in stated}
        return {"kind": kind, "priors": priors}


def _growth_kind(stated: Mapping[str, Any]) -> str:
    return str(stated.get("kind", "damped_trend"))


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

    @classmethod
    def contradictions(cls, stated: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is wrong between relation and ratio."""
        relations = [key for key in (*RATIO_SUPPORT, "covariate") if stated.get(key)]
        if len(relations) > 1:
            yield f"a scope has one relation, not {' and '.join(relations)}"
        needs_ratio = bool(relations) and relations[0] in RATIO_SUPPORT
        if needs_ratio and "ratio" not in stated:
            yield f"a scope that is {relations[0]} another needs a ratio (this scope over the other)"
        idle = [key for key in ("ratio", "region_sd", "trend") if key in stated]
        if not needs_ratio and idle:
            yield f"{idle[0]} means nothing without contains, within or beside"

    @field_validator("ratio", mode="before")
    @classmethod
    def _ratio_by_relation(cls, stated: object, info: ValidationInfo) -> Prior | None:
        relation = next((key for key in RATIO_SUPPORT if info.data.get(key)), None)
        return Prior.parse(stated, support=RATIO_SUPPORT[relation]) if relation else None

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
    spread: float = Field(default=0.3, gt=0, allow_inf_nan=False)
    tails: str = Field(default="student_t", pattern="^(student_t|normal)$")
    region_sd: PositivePrior | None = None
    concentration: PositivePrior | None = None


class ReachSpec(_Section):
    """A coverage or multiplier prior, with declared exceptions by area."""

    prior: SupportedPrior
    regions: Mapping[str, SupportedPrior] = {}

    @model_validator(mode="after")
    def _exceptions_to_an_interval(self) -> Self:
        if self.regions and not self.prior.is_link_normal:
            msg = "a prior with regional exceptions is written by interval (low, high, mass)"
            raise ValueError(msg)
        return self


def _reach_on(support: str) -> BeforeValidator:
    """Split ``{low, high, mass, regions = {...}}`` into the prior and its exceptions."""

    def split(stated: object) -> object:
        words = dict(stated) if isinstance(stated, Mapping) else stated
        regions = words.pop("regions", {}) if isinstance(words, dict) else {}
        if isinstance(regions, Mapping):
            regions = {area: (support, own) for area, own in regions.items()}
        return {"prior": (support, words), "regions": regions}

    return BeforeValidator(split)


class SourceSpec(_Section):
    """``[sources.NAME]``: who counts, which scope, and how much of it is seen.

    Exactly one of ``coverage`` (part of the scope seen, in (0, 1)), ``multiplier`` (units stated per person, above 0),
    ``anchor = true`` (the level is known), ``trend = true`` (the level is free, only changes count) and ``selection``
    (surveys: factor on the odds of answering).
    """

    title: str
    kind: str
    scope: str
    coverage: Annotated[ReachSpec, _reach_on("unit")] | None = None
    multiplier: Annotated[ReachSpec, _reach_on("positive")] | None = None
    anchor: bool = Field(default=False, strict=True)
    trend: bool = Field(default=False, strict=True)
    selection: PositivePrior | None = None
    region_sd: PositivePrior | None = None
    lineage: str | None = None
    citation: str = ""
    notes: str = ""

    @classmethod
    def contradictions(cls, stated: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is wrong between the kinds of reach."""
        given = [key for key in REACH_KEYS if key in stated and stated[key] is not False]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            yield f"a source needs exactly one of {', '.join(REACH_KEYS)}; this one has {found}"
        for key, without in (("region_sd", ("anchor", "selection")), ("lineage", ("selection",))):
            if key in stated and len(given) == 1 and given[0] in without:
                yield f"{key} means nothing for a source with {given[0]}"

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
