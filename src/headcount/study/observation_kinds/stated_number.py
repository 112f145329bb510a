"""The number that a row states: its unit, and the way to it from the scale of the likelihood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from headcount._types import FloatArray
from headcount.study.observation import Observation

__all__ = ["CHANGE", "PEOPLE", "RESPONDENTS", "SHARE", "StatedNumber"]


@dataclass(frozen=True)
class StatedNumber:
    """A number in the unit in which rows state it.

    Parameters
    ----------
    unit
        How reports write it, a unit of `headcount._wording.interval`: ``people``, ``change`` or
        ``percent``.
    from_scale
        Takes numbers on the scale of the likelihood, any shape, and the row; returns them in the
        unit of the row.
    """

    unit: str
    from_scale: Callable[[FloatArray, Observation], FloatArray]


def _k_of(log_odds: FloatArray, row: Observation) -> FloatArray:
    """Return the k whose log odds, those of (k + 1/2) / (n + 1), are given."""
    n = row.n or 0
    return np.asarray(np.maximum((n + 1) / (1 + np.exp(-log_odds)) - 0.5, 0.0).round(6))


PEOPLE = StatedNumber("people", lambda values, _: np.asarray(np.exp(values)))
"""A number of people or of events; its logarithm is on the scale of the likelihood."""

CHANGE = StatedNumber("change", lambda values, _: np.asarray(np.expm1(values)))
"""A fraction by which a number grows."""

SHARE = StatedNumber("percent", lambda values, _: np.asarray(np.exp(values)))
"""One number over another."""

RESPONDENTS = StatedNumber("people", _k_of)
"""The k of a binomial observation; whole but for means of two draws."""
