"""Sections about sources: their kinds, what they see, and what they share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from headcount.study.specs.section import PositivePrior, Section, SupportedPrior

__all__ = ["REACH_KEYS", "CopySpec", "LineageSpec", "ReachSpec", "SourceKindSpec", "SourceSpec"]


class SourceKindSpec(Section):
    """``[source_kinds.NAME]``: what sources of a kind share.

    ``noise`` is the typical sd of a row on the log scale; each source's own varies around it by
    ``spread`` (sd of its log). ``region_sd`` is the sd of a deviation of reach by region that all
    sources of the kind share. ``concentration`` belongs to surveys and linkages.
    """

    noise: PositivePrior
    spread: float = Field(default=0.3, gt=0, allow_inf_nan=False)
    tails: str = Field(default="student_t", pattern="^(student_t|normal)$")
    region_sd: PositivePrior | None = None
    concentration: PositivePrior | None = None


class ReachSpec(Section):
    """A coverage or multiplier prior, with declared exceptions by area."""

    prior: SupportedPrior
    regions: Mapping[str, SupportedPrior] = {}

    @model_validator(mode="after")
    def _exceptions_to_an_interval(self) -> ReachSpec:
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


Year = Annotated[str, Field(pattern=r"^\d{4}$")]


class SourceSpec(Section):
    """``[sources.NAME]``: who counts, which scope, and how much of it is seen.

    Exactly one of ``coverage`` (part of the scope seen, in (0, 1)), ``multiplier`` (units stated
    per person, above 0), ``anchor = true`` (the level is known), ``trend = true`` (the level is
    free, only changes count), ``selection`` (surveys: factor on the odds of answering) and
    ``dependence`` (linkage of two ``lists``: factor on the odds of being on one for those who are
    on the other).

    ``region_sd`` lets reach differ by region, ``drift_sd`` (a year) by year, and ``breaks.YEAR`` is
    a factor on its odds from a year on, in which the method changed. ``overcount`` is how many are
    wrongly on a list for each who is rightly.
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
        """Yield what is wrong between the kinds of reach."""
        given = [key for key in REACH_KEYS if key in stated and stated[key] is not False]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            yield f"a source needs exactly one of {', '.join(REACH_KEYS)}; this one has {found}"
            return
        for key, meaning in MEANINGFUL.items():
            if key in stated and given[0] not in meaning:
                yield f"{key} means nothing for a source with {given[0]}"
        if given[0] == "dependence" and "lists" not in stated:
            yield "a source with dependence needs lists: the two sources whose lists were linked"

    @property
    def reach_kind(self) -> str:
        """Which of ``REACH_KEYS`` the source has."""
        return next(key for key in REACH_KEYS if getattr(self, key))

    @property
    def reach(self) -> ReachSpec | None:
        """The coverage or multiplier, if it has one."""
        return self.coverage or self.multiplier

    @property
    def is_free(self) -> bool:
        """Whether regions, years and a shared bias can move what it sees."""
        return self.reach_kind in FREE_REACH

    @property
    def is_binomial(self) -> bool:
        """Whether its rows are k of n, and it has a concentration: surveys and linkages."""
        return self.reach_kind in ("selection", "dependence")

    @property
    def breaks_by(self) -> tuple[tuple[int, str], ...]:
        """Years from which a break counts, ascending, with the key of each."""
        return tuple(sorted((int(year), year) for year in self.breaks))


REACH_KEYS = ("coverage", "multiplier", "anchor", "trend", "selection", "dependence")

FREE_REACH = ("coverage", "multiplier", "trend")

MEANINGFUL: Mapping[str, tuple[str, ...]] = {
    "region_sd": FREE_REACH,
    "drift_sd": FREE_REACH,
    "breaks": (*FREE_REACH, "selection"),
    "overcount": ("coverage",),
    "lineage": (*FREE_REACH, "anchor"),
    "lists": ("dependence",),
}
"""Key of a source to the kinds of reach for which it means something."""


class CopySpec(Section):
    """``[sources.NAME]`` with ``copy_of``: a source that repeats another's figures; they enter
    once.
    """

    title: str
    copy_of: str
    citation: str = ""
    notes: str = ""


class LineageSpec(Section):
    """``[lineages.NAME]``: an error that all sources resting on the same data share.

    ``error`` is the factor by which all of them are off together; its prior is around 1.
    """

    error: PositivePrior
    definition: str = ""
