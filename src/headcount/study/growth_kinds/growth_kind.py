"""A growth kind: one model of the growth of headcounts, as one object.

The paths themselves are written three times, so that each checks the others: in
``headcount.model.growth_paths`` (the PyMC graph), in ``headcount.engine.density.growth_recursions``
(compiled) and in ``headcount.simulation.growth_draws`` (the NumPy oracle). Change points and
covariates of growth, see docs/model.md, apply to all kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["RECURSIONS", "GrowthKind"]

RECURSIONS: Final = ("additive", "logistic", "stock_and_flow")
"""Recursions of the compiled density, in the order of the engine's codes: yearly log growth is
summed; steady growth follows a logistic curve; people enter and leave."""


@dataclass(frozen=True)
class GrowthKind:
    """A model of the growth of headcounts.

    Parameters
    ----------
    name
        Name in ``[growth] kind``.
    when
        When to use the kind, in a sentence.
    parameters
        Support of each prior, by name, see `headcount.study.priors.LINKS`.
    settings
        Meaning of each other key that the kind needs, by name.
    forward_only
        Whether the reference year must be the first year.
    recursion
        One of ``RECURSIONS``.
    base
        Name of the prior of the mean steady growth of the regions.
    nonlinear
        Names of the priors that enter the log headcount outside the linear predictor.
    """

    name: str
    when: str
    parameters: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)
    forward_only: bool = False
    recursion: str = "additive"
    base: str = "rate"
    nonlinear: tuple[str, ...] = ()

    @property
    def code(self) -> int:
        """The engine's code of the recursion."""
        return RECURSIONS.index(self.recursion)

    @property
    def is_damped(self) -> bool:
        """Whether innovations last for some years."""
        return "damping" in self.parameters

    @property
    def has_innovations(self) -> bool:
        """Whether growth differs between years beside its steady part."""
        return "common_sd" in self.parameters
