"""What a growth kind is: its words and the priors that it asks for.

Like an observation kind it is found under one name in several tables: here (words, parameters), in
``headcount.model.growth_paths`` (the PyMC graph), in ``headcount.engine.density.growth`` (compiled)
and in ``headcount.simulation.growth_draws`` (the NumPy oracle). Change points and growth
covariates, see docs/model.md, bend any of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["GrowthKind"]


@dataclass(frozen=True)
class GrowthKind:
    """How headcounts move from year to year.

    Parameters
    ----------
    name
        As written in ``[growth] kind``.
    when
        Which kind for what, in a sentence.
    parameters
        Name of each prior to the support that it lives on, see `headcount.study.priors.LINKS`.
    settings
        Name of each other key that the kind needs to what it says.
    forward_only
        Whether the reference year must be the first.
    """

    name: str
    when: str
    parameters: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)
    forward_only: bool = False
