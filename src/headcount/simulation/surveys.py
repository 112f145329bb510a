"""Surveys: the two parameters of the beta distribution that a survey's propensity follows."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import special

from headcount.observations import Observation
from headcount.simulation.expectation import log_people, scope_of
from headcount.simulation.state import State
from headcount.specs import ModelSpec

__all__ = ["beta_parameters"]

LEAST_GAP: Final = 1e-12
"""A scope that holds hardly anybody more than the narrower one may round to the same sum; log q stays below this."""

LEAST_PARAMETER: Final = 1e-300
"""A beta distribution needs parameters above zero, and kappa q of a propensity near e^-700 is not."""


def beta_parameters(row: Observation, state: State, spec: ModelSpec) -> tuple[float, float]:
    """Compute kappa q and kappa (1 - q) of a survey row.

    Parameters
    ----------
    row
        A survey.
    state
        The latent world.
    spec
        The declaration.

    Returns
    -------
    tuple of float
        With q the part of the respondents that belongs to the row's scope: the true part in the area, its odds
        times the source's selection.
    """
    log_part = log_people(state, spec, area=row.area, year=row.year, scope=scope_of(row, spec)) - log_people(
        state, spec, area=row.area, year=row.year, scope=row.of_scope
    )
    log_part = min(log_part, -LEAST_GAP)
    log_odds = log_part - np.log(-np.expm1(log_part)) + np.log(state.selection[row.source])
    kappa = state.concentration[row.source]
    ends = kappa * special.expit([log_odds, -log_odds])
    first, second = np.maximum(ends, LEAST_PARAMETER)
    return float(first), float(second)
