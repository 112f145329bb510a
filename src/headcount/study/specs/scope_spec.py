"""Sections about scopes, their relations, and breakdowns into parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationInfo, field_validator

from headcount.study.priors import Prior
from headcount.study.specs.section import PositivePrior, RealPrior, Section

__all__ = ["RATIO_SUPPORT", "BreakdownSpec", "ScopeSpec"]


class ScopeSpec(Section):
    """``[scopes.NAME]``: a definition of who counts, and its relation to another scope.

    The target has no relation. Every other scope has exactly one: ``contains``, ``within`` or
    ``beside`` with a ``ratio``, ``part_of`` (one part of a breakdown), or ``covariate`` (a known
    population).
    """

    definition: str
    contains: str | None = None
    within: str | None = None
    beside: str | None = None
    part_of: str | None = None
    covariate: str | None = None
    ratio: Prior | None = None
    region_sd: PositivePrior | None = None
    trend: RealPrior | None = None

    @classmethod
    def contradictions(cls, stated: Mapping[str, Any]) -> Iterator[str]:
        """Yield the problems between relation and ratio."""
        relations = [key for key in (*RATIO_SUPPORT, "part_of", "covariate") if stated.get(key)]
        if len(relations) > 1:
            yield f"a scope has one relation, not {' and '.join(relations)}"
        needs_ratio = bool(relations) and relations[0] in RATIO_SUPPORT
        if needs_ratio and "ratio" not in stated:
            relation = relations[0]
            yield f"a scope that is {relation} another needs a ratio (this scope over the other)"
        idle = [key for key in ("ratio", "region_sd", "trend") if key in stated]
        if not needs_ratio and idle:
            where = "; a part's are those of its breakdown" if relations == ["part_of"] else ""
            yield f"{idle[0]} does not apply without contains, within or beside{where}"

    @field_validator("ratio", mode="before")
    @classmethod
    def _ratio_by_relation(cls, stated: object, info: ValidationInfo) -> Prior | None:
        relation = next((key for key in RATIO_SUPPORT if info.data.get(key)), None)
        return Prior.parse(stated, support=RATIO_SUPPORT[relation]) if relation else None

    @property
    def relation(self) -> str:
        """The key of the scope's relation; empty for the target."""
        relations = (*RATIO_SUPPORT, "part_of", "covariate")
        return next((key for key in relations if getattr(self, key)), "")


RATIO_SUPPORT: Mapping[str, str] = {"contains": "above_one", "within": "unit", "beside": "positive"}
"""Support of the ratio, by relation of the scope to another."""


class BreakdownSpec(Section):
    """``[breakdowns.NAME]``: a partition of the scope ``of`` into the scopes ``part_of`` it.

    ``expected`` are prior weights of the parts, equal if not stated. On the log scale the parts
    deviate from them by ``sd``, their regions by ``region_sd``, and their trends by ``trend_sd`` a
    year.
    """

    of: str
    expected: Mapping[str, float] = {}
    sd: PositivePrior
    region_sd: PositivePrior | None = None
    trend_sd: PositivePrior | None = None
    definition: str = ""

    @field_validator("expected")
    @classmethod
    def _above_zero(cls, stated: Mapping[str, float]) -> Mapping[str, float]:
        for name, weight in stated.items():
            if not 0 < weight < float("inf"):
                msg = f"{name} = {weight:g} is not above 0"
                raise ValueError(msg)
        return stated
