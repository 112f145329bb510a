"""Sections about the latent headcount: years, total, regions, covariates, growth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, Field, model_validator

from headcount.errors import nearest
from headcount.study.growth_kinds import GROWTH_KINDS
from headcount.study.priors import Prior
from headcount.study.specs.section import Name, PositivePrior, Section, SupportedPrior

__all__ = ["ChangeSpec", "CovariateEffect", "GrowthSpec", "RegionsSpec", "TotalSpec", "YearsSpec"]

MOST_YEARS = 1000
"""A model of more years would not fit into memory."""


class YearsSpec(Section):
    """``[years]``: the calendar years of the model, and the reference year of the total."""

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
            span = f"{self.first} to {self.last}"
            msg = f"{span} are more than {MOST_YEARS} years; is one of them mistyped?"
            raise ValueError(msg)
        return self

    @property
    def labels(self) -> tuple[int, ...]:
        """All years, ascending."""
        return tuple(range(self.first, self.last + 1))


class TotalSpec(Section):
    """``[total]``: the headcount of the root area in the reference year."""

    prior: PositivePrior


class RegionsSpec(Section):
    """``[regions]``: sds of the deviations of regions and pools, on the log scale."""

    region_sd: PositivePrior
    pool_sd: PositivePrior


SHRUNK: Final = "shrunk"
"""Stated in place of a coefficient's prior: its sd is estimated from all shrunk coefficients."""


def _coefficient(stated: object) -> Prior | None:
    return None if stated == SHRUNK else Prior.parse(stated, support="real")


class CovariateEffect(Section):
    """``[covariates.NAME]``: a variable of regions that shifts their level or their growth.

    ``transform = "log"`` takes the logarithm; a growth covariate is then scaled to mean 0 and sd 1.
    With ``yearly`` the value of each year enters, else that of the reference year. ``coefficient =
    "shrunk"`` pools the coefficient of a growth covariate with other shrunk ones: normal around
    zero with the sd ``growth.coefficient_sd``.
    """

    effect: str = Field(pattern="^(level|growth)$")
    transform: str = Field(default="log", pattern="^(log|none)$")
    yearly: bool = Field(default=False, strict=True)
    coefficient: Annotated[Prior | None, BeforeValidator(_coefficient)]

    @classmethod
    def contradictions(cls, stated: Mapping[str, Any]) -> Iterator[str]:
        """Yield a problem for each key of a level that only growth covariates can have."""
        if stated.get("effect") == "level":
            if stated.get("yearly"):
                yield "yearly does not apply to a level, which is that of the reference year"
            if stated.get("coefficient") == SHRUNK:
                yield 'coefficient = "shrunk" is for growth covariates; write { low, high, mass }'

    @property
    def is_shrunk(self) -> bool:
        """Whether the coefficient is pooled with others around zero."""
        return self.coefficient is None


class ChangeSpec(Section):
    """``[growth.changes.NAME]``: a change point of growth.

    From ``year`` on, the yearly growth factor is multiplied by 1 + ``change``, in the regions of
    ``area`` or, where it is not stated, in all regions.
    """

    year: int
    area: str = ""
    change: Annotated[Prior, BeforeValidator(lambda stated: Prior.parse(stated, support="growth"))]


class GrowthSpec(Section):
    """``[growth]``: a growth kind with its priors and settings, and change points."""

    kind: str
    priors: Mapping[str, SupportedPrior]
    graduates: str | None = None
    coefficient_sd: PositivePrior | None = None
    changes: Mapping[Name, ChangeSpec] = {}

    @classmethod
    def contradictions(cls, stated: Mapping[str, Any]) -> Iterator[str]:
        """Yield the problems between the kind and the names of its priors and settings."""
        kind = _growth_kind(stated)
        if kind not in GROWTH_KINDS:
            yield f"unknown growth kind {kind!r}. {nearest(kind, GROWTH_KINDS)}"
            return
        own = GROWTH_KINDS[kind]
        known = (*own.parameters, *own.settings, *COMMON_KEYS)
        for name in stated:
            if name not in known:
                yield f"growth kind {kind!r} has no key {name!r}. {nearest(name, known)}"
        missing = [name for name in own.parameters if name not in stated]
        if missing:
            yield f"growth kind {kind!r} needs a prior for {', '.join(missing)}"
        for name, words in own.settings.items():
            if name not in stated:
                yield f"growth kind {kind!r} needs {name}: {words}"

    @model_validator(mode="before")
    @classmethod
    def _by_kind(cls, stated: Any) -> Any:  # noqa: ANN401 - any TOML value
        if not isinstance(stated, Mapping):
            return stated
        kind = _growth_kind(stated)
        own = GROWTH_KINDS.get(kind)
        supports = own.parameters if own else {}
        priors = {
            name: (support, stated[name]) for name, support in supports.items() if name in stated
        }
        settings = own.settings if own else {}
        others = {name: stated[name] for name in (*COMMON_KEYS, *settings) if name in stated}
        return others | {"kind": kind, "priors": priors}


COMMON_KEYS: Final = ("kind", "coefficient_sd", "changes")
"""Keys that every growth kind can have."""


def _growth_kind(stated: Mapping[str, Any]) -> str:
    return str(stated.get("kind", "damped_trend"))
