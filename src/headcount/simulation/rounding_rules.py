"""Rounding: the interval of numbers that round to the stated one."""

from __future__ import annotations

from typing import Final

import numpy as np

from headcount.simulation.required_values import required
from headcount.simulation.row_noise import root_sum_squares
from headcount.study.observation import Observation

__all__ = ["reads_as_count", "rounding_interval", "rounding_unit"]

FINE_PART: Final = 0.1
"""An interval narrower than this fraction of the sd is treated as an exact number."""

LEAST_NOISE: Final = 0.05
"""Noise sd on the log scale that is assumed for every source in that comparison."""


def rounding_unit(row: Observation) -> float:
    """Return the rounding unit of a row: stated, or ten to the number of trailing zeros."""
    if row.unit is not None:
        return row.unit
    digits = str(round(required(row, "value")))
    return float(10 ** (len(digits) - len(digits.rstrip("0"))))


def rounding_interval(row: Observation) -> tuple[float, float]:
    """Return the ends of the interval that rounds to the stated number; from 0 for a zero."""
    value, half = required(row, "value"), rounding_unit(row) / 2
    return max(0.0, value - half), value + half


def reads_as_count(row: Observation) -> bool:
    """Return whether a row above zero is treated as a count, as its interval is narrow."""
    low, high = rounding_interval(row)
    sd = root_sum_squares(LEAST_NOISE, row.relative_se or 0.0, required(row, "value") ** -0.5)
    return bool(np.log(high) - np.log(low) < FINE_PART * sd)
