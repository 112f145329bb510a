"""A growth kind: all that the package knows of one way in which headcounts move.

The paths themselves are written three times, so that each is a check of the others: in
``headcount.model.growth_paths`` (the PyMC graph), in ``headcount.engine.density.growth``
(compiled) and in ``headcount.simulation.growth_draws`` (the NumPy oracle). Change points and
covariates of growth, see docs/model.md, act on any of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["RECURSIONS", "GrowthKind"]

RECURSIONS: Final = ("additive", "logistic", "stock_and_flow")
"""How the compiled density gets from year to year, in the order of the engine's codes: yearly
growth is summed; the steady growth follows a logistic curve instead; people enter and leave."""


@dataclass(frozen=True)
class GrowthKind:
    """How headcounts move from year to year.

    Parameters
    ----------
    name
        As written in ``[growth] kind``.
    when
        Which kind for which field, in a sentence.
    parameters
        Name of each prior to the support that it lives on, see `headcount.study.priors.LINKS`.
    settings
        Name of each other key that the kind needs to its meaning.
    forward_only
        Whether the reference year must be the first.
    recursion
        One of ``RECURSIONS``.
    base
        The prior around which the steady growth of the regions lies.
    nonlinear
        Priors that enter the log headcount otherwise than through the linear predictor.
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
