"""Terms and numbers that the forms of several kinds share."""

from __future__ import annotations

import math

from headcount.study.observation import Observation
from headcount.study.periods import moments
from headcount.study.row_forms import BELOW, BOUND, STATED, FormRow, Term
from headcount.study.specs import ModelSpec

__all__ = [
    "cell_of",
    "count_form",
    "counted",
    "point_bounds",
    "relative_variance",
    "scope_of",
    "term_of",
    "written",
]


def scope_of(row: Observation, spec: ModelSpec) -> str:
    """Return the scope of a row: its own, or else that of its source."""
    return row.scope or spec.sources[row.source].scope


def term_of(row: Observation, spec: ModelSpec, *, flow: bool = False) -> Term:
    """Return the term of a row's source, scope, area and period."""
    when = moments(row.year, row.period, flow=flow)
    return Term(row.source, scope_of(row, spec), row.area, when)


def cell_of(row: Observation, column: str) -> float:
    """Return a number of a row that passed the checks of its kind."""
    value = getattr(row, column)
    if value is None:
        msg = f"row {row.line} of kind {row.kind!r} lacks {column}"
        raise AssertionError(msg)
    return float(value)


def count_form(row: Observation, spec: ModelSpec) -> FormRow:
    """Return the form of a row that states a number of people."""
    return counted(row, term_of(row, spec))


def counted(row: Observation, part: Term) -> FormRow:
    """Return the form of a number with Poisson noise; zero is a bound, fewer than one."""
    value = cell_of(row, "value")
    if value == 0:
        return FormRow(BOUND, part, None, 0.0, BELOW, variance=1.0)
    return FormRow(STATED, part, None, math.log(value), variance=relative_variance(row, value))


def relative_variance(row: Observation, value: float) -> float:
    """Return the variance of a log number: that of its stated error and the Poisson part."""
    return (row.relative_se or 0.0) ** 2 + 1 / value


def point_bounds(row: Observation) -> tuple[float, float]:
    """Return the stated number as the least and the most."""
    value = row.value or 0.0
    return value, value


def written(number: float | None) -> str:
    """Write a stated number with all its digits."""
    return f"{number or 0:,.10g}"
