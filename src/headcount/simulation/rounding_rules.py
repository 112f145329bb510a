"""Rounding: what a rounded number says about the number that was rounded."""

from __future__ import annotations

from typing import Final

import numpy as np

from headcount.simulation.required_values import stated
from headcount.simulation.row_noise import root_sum_squares
from headcount.study.observation import Observation

__all__ = ["cell_of", "reads_as_count", "unit_of"]

FINE_PART: Final = 0.1
"""A cell narrower than this part of the sd cannot be told from a number."""

LEAST_NOISE: Final = 0.05
"""Sd on the log scale that every source is given credit for in that comparison."""


def unit_of(row: Observation) -> float:
    """Return the unit to which a row is rounded: stated, or ten to the number of trailing zeros."""
    if row.unit is not None:
        return row.unit
    digits = str(round(stated(row, "value")))
    return float(10 ** (len(digits) - len(digits.rstrip("0"))))


def cell_of(row: Observation) -> tuple[float, float]:
    """Return the numbers between which all are rounded to the stated one; from 0 for a stated zero."""
    value, half = stated(row, "value"), unit_of(row) / 2
    return max(0.0, value - half), value + half


def reads_as_count(row: Observation) -> bool:
    """Say whether the cell of a row above zero is so narrow that its number is taken as it stands."""
    low, high = cell_of(row)
    sd = root_sum_squares(LEAST_NOISE, row.relative_se or 0.0, stated(row, "value") ** -0.5)
    return bool(np.log(high) - np.log(low) < FINE_PART * sd)
