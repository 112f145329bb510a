"""Sections about who counts: scopes, their relations, and breakdowns into parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationInfo, field_validator

from headcount.study.priors import Prior
from headcount.study.specs.section import PositivePrior, RealPrior, Section

__all__ = ["RATIO_SUPPORT", "BreakdownSpec", "ScopeSpec"]


class ScopeSpec(Section):
    """``[scopes.NAME]``: a definition of who counts, and its relation to another scope.

    Exactly one of: nothing (the target), ``contains`` or ``within`` or ``beside`` with a ``ratio``,
    ``part_of`` (one of the parts of a breakdown, which sum to the whole), or ``covariate`` (a
    population that is known).
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
        """Yield what is wrong between relation and ratio."""
        relations = [key for key in (*RATIO_SUPPORT, "part_of", "covariate") if stated.get(key)]
        if len(relations) > 1:
            yield f"a scope has one relation, not {' and '.join(relations)}"
        needs_ratio = bool(relations) and relations[0] in RATIO_SUPPORT
        if needs_ratio and "ratio" not in stated:
            yield f"a scope that is {relations[0]} another needs a ratio (this scope over the other)"
        idle = [key for key in ("ratio", "region_sd", "trend") if key in stated]
        if not needs_ratio and idle:
            where = "; a part's are those of its breakdown" if relations == ["part_of"] else ""
            yield f"{idle[0]} means nothing without contains, within or beside{where}"

    @field_validator("ratio", mode="before")
    @classmethod
    def _ratio_by_relation(cls, stated: object, info: ValidationInfo) -> Prior | None:
        relation = next((key for key in RATIO_SUPPORT if info.data.get(key)), None)
        return Prior.parse(stated, support=RATIO_SUPPORT[relation]) if relation else None

    @property
    def relation(self) -> str:
        """Which of contains, within, beside, part_of and covariate the scope has; empty for the
        target.
        """
        relations = (*RATIO_SUPPORT, "part_of", "covariate")
        return next((key for key in relations if getattr(self, key)), "")


RATIO_SUPPORT: Mapping[str, str] = {"contains": "above_one", "within": "unit", "beside": "positive"}
"""Relation of a scope to another: the values that its ratio can take."""


class BreakdownSpec(Section):
    """``[breakdowns.NAME]``: a second axis beside region; the scopes that are ``part_of`` it sum to
    the scope ``of``.

    ``expected`` are weights of the parts (equal if not stated); the parts deviate from them by
    ``sd`` on the log scale, their regions by ``region_sd``, and each drifts by ``trend_sd`` a year.
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
