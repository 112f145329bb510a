"""Row forms: the few shapes of likelihood that all observation kinds come down to.

============ ===================================================== ==============================
form         what is observed                                      kinds
============ ===================================================== ==============================
``stated``   a logarithm, around the difference of two terms       count, range, growth, share
``bound``    that a count lies on one side of a value              lower_bound, upper_bound, 0
``interval`` that a count lies between two values                  range with mass 1
``survey``   k of n                                                survey
============ ===================================================== ==============================

A *term* is the log expected value of a source for a scope, an area and a year; see docs/model.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from scipy import stats

from headcount.observations import Observation
from headcount.priors import DEFAULT_MASS

__all__ = ["FORMS", "ROW_FORMS", "FormRow", "Term", "form_of"]

FORMS: Final = ("stated", "bound", "interval", "survey")


@dataclass(frozen=True)
class Term:
    """The log expected value that a row refers to.

    Parameters
    ----------
    source
        Whose reach applies; empty for none.
    scope, area, year
        Who, where and when.
    """

    source: str
    scope: str
    area: str
    year: int


@dataclass(frozen=True)
class FormRow:
    """A row as the likelihood sees it.

    Parameters
    ----------
    form
        One of ``FORMS``.
    part
        The term observed.
    whole
        The term that it is compared with; ``None`` for nothing.
    value, other
        Log value (stated); log bound and side, +1 below or -1 above (bound); log ends (interval); k and n (survey).
    noise_factor
        What the source's noise variance is multiplied with.
    variance
        What is added to it.
    """

    form: str
    part: Term
    whole: Term | None
    value: float
    other: float = 0.0
    noise_factor: float = 1.0
    variance: float = 0.0


def _term(row: Observation, scope: str) -> Term:
    return Term(row.source, row.scope or scope, row.area, row.year)


def _stated_value(row: Observation) -> float:
    """Return the value of a row that passed the checks of its kind."""
    if row.value is None:
        msg = f"row {row.line} of kind {row.kind!r} holds no value"
        raise AssertionError(msg)
    return row.value


def _count(row: Observation, scope: str) -> FormRow:
    value = _stated_value(row)
    if value == 0:
        return FormRow("bound", _term(row, scope), None, 0.0, 1.0, variance=1.0)
    variance = (row.relative_se or 0.0) ** 2 + 1 / value
    return FormRow("stated", _term(row, scope), None, math.log(value), variance=variance)


def _bound(side: float) -> Callable[[Observation, str], FormRow]:
    def form(row: Observation, scope: str) -> FormRow:
        value = _stated_value(row)
        return FormRow("bound", _term(row, scope), None, math.log(value), side, variance=1 / value)

    return form


def _range(row: Observation, scope: str) -> FormRow:
    if row.lower is None or row.upper is None:
        msg = f"row {row.line} of kind 'range' lacks an end"
        raise AssertionError(msg)
    low, high = math.log(row.lower), math.log(row.upper)
    middle = (low + high) / 2
    mass = DEFAULT_MASS if row.mass is None else row.mass
    if mass == 1:
        return FormRow("interval", _term(row, scope), None, low, high, variance=math.exp(-middle))
    se = (high - low) / (2 * float(stats.norm.ppf((1 + mass) / 2)))
    variance = se**2 + math.exp(-middle)
    return FormRow("stated", _term(row, scope), None, middle, variance=variance)


def _growth(row: Observation, scope: str) -> FormRow:
    part = _term(row, scope)
    if row.from_year is None:
        msg = f"row {row.line} of kind 'growth' lacks from_year"
        raise AssertionError(msg)
    before = Term(part.source, part.scope, part.area, row.from_year)
    return FormRow("stated", part, before, math.log1p(_stated_value(row)), noise_factor=2.0)


def _share(row: Observation, scope: str) -> FormRow:
    part, value = _term(row, scope), _stated_value(row)
    whole = Term(part.source, row.of_scope or part.scope, row.of_area or part.area, part.year)
    variance = max(0.0, 1 - value) / (row.n * value) if row.n else 0.0
    return FormRow("stated", part, whole, math.log(value), variance=variance)


def _survey(row: Observation, scope: str) -> FormRow:
    part = Term("", row.scope or scope, row.area, row.year)
    whole = Term("", row.of_scope, row.area, row.year)
    return FormRow("survey", part, whole, _stated_value(row), row.n or 0.0)


ROW_FORMS: Final[dict[str, Callable[[Observation, str], FormRow]]] = {
    "count": _count,
    "lower_bound": _bound(-1.0),
    "upper_bound": _bound(1.0),
    "range": _range,
    "growth": _growth,
    "share": _share,
    "survey": _survey,
}
"""Observation kind to the function that turns a row and its source's scope into a `FormRow`."""


def form_of(row: Observation, scope: str) -> FormRow:
    """Return a row as the likelihood sees it.

    Parameters
    ----------
    row
        A checked, fitted row.
    scope
        Scope of its source.

    Returns
    -------
    FormRow
        Form, terms and numbers.
    """
    return ROW_FORMS[row.kind](row, scope)
