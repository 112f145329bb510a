"""Sections about sources: their kinds, reach and lineages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from headcount.study.specs.section import PositivePrior, Section, SupportedPrior

__all__ = ["REACH_KEYS", "CopySpec", "LineageSpec", "ReachSpec", "SourceKindSpec", "SourceSpec"]


class SourceKindSpec(Section):
    """``[source_kinds.NAME]``: noise and deviations that the sources of a kind share.

    ``noise`` is the typical sd of a row on the log scale; the log noise of each source varies
    around its logarithm with sd ``spread``. ``region_sd`` is the sd of a deviation of reach by
    region that all sources of the kind share. ``concentration`` is for surveys and linkages.
    """

    noise: PositivePrior
    spread: float = Field(default=0.3, gt=0, allow_inf_nan=False)
    tails: str = Field(default="student_t", pattern="^(student_t|normal)$")
    region_sd: PositivePrior | None = None
    concentration: PositivePrior | None = None


class ReachSpec(Section):
    """The prior of a coverage or multiplier, with exceptions by area."""

    prior: SupportedPrior
    regions: Mapping[str, SupportedPrior] = {}

    @model_validator(mode="after")
    def _exceptions_to_an_interval(self) -> ReachSpec:
        if self.regions and not self.prior.is_link_normal:
            msg = "a prior with regional exceptions must be an interval (low, high, mass)"
            raise ValueError(msg)
        return self


def _reach_on(support: str) -> BeforeValidator:
    """Split ``{low, high, mass, regions = {...}}`` into the prior and its exceptions."""

    def split(stated: object) -> object:
        keys = dict(stated) if isinstance(stated, Mapping) else stated
        regions = keys.pop("regions", {}) if isinstance(keys, dict) else {}
        if isinstance(regions, Mapping):
            regions = {area: (support, own) for area, own in regions.items()}
        return {"prior": (support, keys), "regions": regions}

    return BeforeValidator(split)


Year = Annotated[str, Field(pattern=r"^\d{4}$")]


class SourceSpec(Section):
    """``[sources.NAME]``: a source, the scope that it counts, and its reach.

    Reach is exactly one of ``coverage`` (part of the scope that the source sees, in (0, 1)),
    ``multiplier`` (number stated per person, above 0), ``anchor = true`` (the level is known),
    ``trend = true`` (the level is free, only changes inform), ``selection`` (surveys: factor on the
    odds of answering) and ``dependence`` (linkage of two ``lists``: odds ratio of being on both).

    ``region_sd`` and ``drift_sd`` are sds of deviations of reach by region and of its yearly steps.
    ``breaks.YEAR`` is a factor on the odds of coverage, or on the multiplier, from a year with a
    new method on. ``overcount`` is the number of wrong entries on a list per right one.
    """

    title: str
    kind: str
    scope: str
    coverage: Annotated[ReachSpec, _reach_on("unit")] | None = None
    multiplier: Annotated[ReachSpec, _reach_on("positive")] | None = None
    anchor: bool = Field(default=False, strict=True)
    trend: bool = Field(default=False, strict=True)
    selection: PositivePrior | None = None
    dependence: PositivePrior | None = None
    lists: tuple[str, str] | None = None
    region_sd: PositivePrior | None = None
    drift_sd: PositivePrior | None = None
    breaks: Mapping[Year, PositivePrior] = {}
    overcount: PositivePrior | None = None
    lineage: str | None = None
    citation: str = ""
    notes: str = ""

    @classmethod
    def contradictions(cls, stated: Mapping[str, Any]) -> Iterator[str]:
        """Yield the problems between the kind of reach and other keys."""
        given = [key for key in REACH_KEYS if key in stated and stated[key] is not False]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            yield f"a source needs exactly one of {', '.join(REACH_KEYS)}; this one has {found}"
            return
        for key, reaches in REACH_OF_KEY.items():
            if key in stated and given[0] not in reaches:
                yield f"{key} does not apply to a source with {given[0]}"
        if given[0] == "dependence" and "lists" not in stated:
            yield "a source with dependence needs lists: the two sources whose lists were linked"

    @property
    def reach_kind(self) -> str:
        """The kind of reach, one of ``REACH_KEYS``."""
        return next(key for key in REACH_KEYS if getattr(self, key))

    @property
    def reach(self) -> ReachSpec | None:
        """The coverage or multiplier, if the source has one."""
        return self.coverage or self.multiplier

    @property
    def is_free(self) -> bool:
        """Whether reach is estimated and can deviate by region and year."""
        return self.reach_kind in FREE_REACH

    @property
    def is_binomial(self) -> bool:
        """Whether its rows are binomial observations, k of n people: surveys and linkages."""
        return self.reach_kind in ("selection", "dependence")

    @property
    def breaks_by(self) -> tuple[tuple[int, str], ...]:
        """First year of each break with its key, ascending."""
        return tuple(sorted((int(year), year) for year in self.breaks))


REACH_KEYS = ("coverage", "multiplier", "anchor", "trend", "selection", "dependence")

FREE_REACH = ("coverage", "multiplier", "trend")

REACH_OF_KEY: Mapping[str, tuple[str, ...]] = {
    "region_sd": FREE_REACH,
    "drift_sd": FREE_REACH,
    "breaks": (*FREE_REACH, "selection"),
    "overcount": ("coverage",),
    "lineage": (*FREE_REACH, "anchor"),
    "lists": ("dependence",),
}
"""Kinds of reach to which a key of a source applies."""


class CopySpec(Section):
    """``[sources.NAME]`` with ``copy_of``: a source that repeats the numbers of another."""

    title: str
    copy_of: str
    citation: str = ""
    notes: str = ""


class LineageSpec(Section):
    """``[lineages.NAME]``: an error shared by all sources that use the same data.

    ``error`` is their common error factor; its prior is around 1.
    """

    error: PositivePrior
    definition: str = ""
