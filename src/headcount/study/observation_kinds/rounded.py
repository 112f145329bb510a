r"""``rounded``: "about 30,000", a number with trailing zeros.

Assumption. The source knew the number and wrote down the nearest multiple of a unit, so an interval
is known. The unit is the row's ``unit``, or as many trailing zeros as the number has: 30,000 means
25,000 to 35,000, 31,400 means 31,350 to 31,450. Whoever enters a number decides whether it was
rounded; a register's 30,000 is a ``count``. Rounding does not depend on the digits that it hides,
so nothing but the interval enters [1]_.

Example. ``forbes, GBR, 2023, rounded, value=30000``: some 30,000 in the UK. ``office, MLT, 2021,
rounded, value=0, unit=1000``: none in Malta, in thousands.

Likelihood. With m the log expected value, u the unit and :math:`s^2 = \sigma_s^2 + \mathrm{se}^2 +
1/y`,

.. math:: \Pr = F\!\left(\frac{\log(y + u/2) - m}{s}\right)
          - F\!\left(\frac{\log(y - u/2) - m}{s}\right),

and :math:`\Pr = F((\log(u/2) - m)/s)` with :math:`s^2 = \sigma_s^2 + 2/u` for a rounded zero. An
interval narrower than the part ``FINE`` of the least sd that any source is given (``LEAST_NOISE``,
together with the row's own error) cannot be distinguished from a number, and is taken as a
``count``, whose density is easier on the sampler.

References
----------
.. [1] Heitjan, D. F. and Rubin, D. B. (1991). Ignorability and coarse data. Annals of Statistics
   19(4), 2244-2253. https://doi.org/10.1214/aos/1176348396
"""

from __future__ import annotations

import math
from typing import Final

from headcount.study.observation import Observation
from headcount.study.observation_kinds.number_checks import not_negative, positive
from headcount.study.observation_kinds.observation_kind import ObservationKind, Problems
from headcount.study.observation_kinds.row_terms import (
    cell_of,
    counted,
    relative_variance,
    term_of,
    written,
)
from headcount.study.row_forms import BELOW, BOUND, INTERVAL, FormRow
from headcount.study.specs import ModelSpec

__all__ = ["FINE", "LEAST_NOISE", "ROUNDED", "is_fine", "rounding_unit"]

FINE: Final = 0.1
"""An interval narrower than this fraction of the sd is treated as a count."""

LEAST_NOISE: Final = 0.05
"""Noise sd on the log scale that is assumed for every source in that comparison."""


def rounding_unit(row: Observation) -> float:
    """Return the unit to which a row's value is rounded: stated, or from its trailing zeros."""
    if row.unit is not None:
        return row.unit
    value, unit = int(row.value or 0), 1
    while value and value % (10 * unit) == 0:
        unit *= 10
    return float(unit)


def is_fine(row: Observation) -> bool:
    """Return whether a row above zero is treated as a count, as its interval is narrow."""
    value, half = row.value or 0.0, rounding_unit(row) / 2
    sd = math.sqrt(LEAST_NOISE**2 + (row.relative_se or 0.0) ** 2 + 1 / value)
    return math.log((value + half) / (value - half)) < FINE * sd


def _is_multiple(value: float, unit: float) -> bool:
    """Return whether a value is 0, or a multiple of a unit by at least 1."""
    units = value / unit
    return value == 0 or (round(units) > 0 and abs(units - round(units)) <= 1e-9 * units)


def _problems(row: Observation) -> Problems:
    yield from not_negative(row, "value")
    yield from positive(row, "unit")
    yield from positive(row, "relative_se")
    if row.value is None or row.value < 0 or (row.unit is not None and row.unit <= 0):
        return
    if row.unit is None and row.value == 0:
        yield (
            "unit",
            "a rounded 0 needs a rounding unit",
            'Write unit = 1000 for "none, in thousands".',
        )
    elif row.unit is None and row.value != round(row.value):
        yield (
            "unit",
            f"{row.value:g} has no trailing zeros that give its rounding unit",
            "State it in the column unit.",
        )
    elif row.unit is not None and not _is_multiple(row.value, row.unit):
        nearest = row.unit * max(1, round(row.value / row.unit))
        message = f"{row.value:,.10g} is not a multiple of unit = {row.unit:,.10g}"
        yield "value", message, f"The nearest is {nearest:,.10g}."


def _form(row: Observation, spec: ModelSpec) -> FormRow:
    value, half = cell_of(row, "value"), rounding_unit(row) / 2
    part = term_of(row, spec)
    if value == 0:
        return FormRow(BOUND, part, None, math.log(half), BELOW, variance=1 / half)
    if is_fine(row):
        return counted(row, part)
    low, high = math.log(value - half), math.log(value + half)
    return FormRow(INTERVAL, part, None, low, high, variance=relative_variance(row, value))


def _bounds(row: Observation) -> tuple[float, float]:
    value, half = row.value or 0.0, rounding_unit(row) / 2
    return value - half, value + half


ROUNDED = ObservationKind(
    name="rounded",
    when='The source rounds: "about 30,000", "1.5 million", "in thousands".',
    example="forbes, GBR, 2023, rounded, value=30000: some 30,000, so 25,000 to 35,000.",
    required=("value",),
    optional=("scope", "period", "unit", "relative_se"),
    problems=_problems,
    form=_form,
    words=lambda row: f"about {written(row.value)}",
    bounds=_bounds,
)
