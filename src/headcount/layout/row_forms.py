"""The row form of each observation kind: how a row becomes terms and numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from scipy import stats

from headcount.study.observation import Observation
from headcount.study.observation_kinds.rounded import is_fine, unit_of
from headcount.study.periods import moments
from headcount.study.priors import DEFAULT_MASS
from headcount.study.row_forms import ABOVE, BELOW, FormRow, Term
from headcount.study.specs import ModelSpec

__all__ = ["ROW_FORMS", "form_of"]


def form_of(row: Observation, spec: ModelSpec) -> FormRow:
    """Return a row as the likelihood sees it.

    Parameters
    ----------
    row
        A checked, fitted row.
    spec
        The declaration.

    Returns
    -------
    FormRow
        Form, terms and numbers.
    """
    return ROW_FORMS[row.kind](row, spec)


def _term(row: Observation, spec: ModelSpec, *, flow: bool = False) -> Term:
    scope = row.scope or spec.sources[row.source].scope
    return Term(row.source, scope, row.area, moments(row.year, row.period, flow=flow))


def _number(row: Observation, column: str) -> float:
    """Return a cell of a row that passed the checks of its kind."""
    value = getattr(row, column)
    if value is None:
        msg = f"row {row.line} of kind {row.kind!r} lacks {column}"
        raise AssertionError(msg)
    return float(value)


def _count(row: Observation, spec: ModelSpec) -> FormRow:
    return _counted(row, _term(row, spec))


def _flow(row: Observation, spec: ModelSpec) -> FormRow:
    return _counted(row, _term(row, spec, flow=True))


def _counted(row: Observation, part: Term) -> FormRow:
    value = _number(row, "value")
    if value == 0:
        return FormRow("bound", part, None, 0.0, BELOW, variance=1.0)
    return FormRow("stated", part, None, math.log(value), variance=_variance(row, value))


def _variance(row: Observation, value: float) -> float:
    return (row.relative_se or 0.0) ** 2 + 1 / value


def _rounded(row: Observation, spec: ModelSpec) -> FormRow:
    value, half = _number(row, "value"), unit_of(row) / 2
    part = _term(row, spec)
    if value == 0:
        return FormRow("bound", part, None, math.log(half), BELOW, variance=1 / half)
    if is_fine(row):
        return _counted(row, part)
    low, high = math.log(value - half), math.log(value + half)
    return FormRow("interval", part, None, low, high, variance=_variance(row, value))


def _bound(side: float) -> Callable[[Observation, ModelSpec], FormRow]:
    def form(row: Observation, spec: ModelSpec) -> FormRow:
        value = _number(row, "value")
        return FormRow("bound", _term(row, spec), None, math.log(value), side, variance=1 / value)

    return form


def _range(row: Observation, spec: ModelSpec) -> FormRow:
    low, high = math.log(_number(row, "lower")), math.log(_number(row, "upper"))
    middle = (low + high) / 2
    mass = DEFAULT_MASS if row.mass is None else row.mass
    if mass == 1:
        return FormRow("interval", _term(row, spec), None, low, high, variance=math.exp(-middle))
    se = (high - low) / (2 * float(stats.norm.ppf((1 + mass) / 2)))
    return FormRow("stated", _term(row, spec), None, middle, variance=se**2 + math.exp(-middle))


def _growth(row: Observation, spec: ModelSpec) -> FormRow:
    part = _term(row, spec)
    start = moments(int(_number(row, "from_year")), row.from_period)
    before = Term(part.source, part.scope, part.area, start)
    return FormRow("stated", part, before, math.log1p(_number(row, "value")), noise_factor=2.0)


def _share(row: Observation, spec: ModelSpec) -> FormRow:
    part, value = _term(row, spec), _number(row, "value")
    whole = Term(
        row.of_source or part.source,
        row.of_scope or part.scope,
        row.of_area or part.area,
        part.when,
    )
    variance = max(0.0, 1 - value) / (row.n * value) if row.n else 0.0
    return FormRow("stated", part, whole, math.log(value), variance=variance)


def _survey(row: Observation, spec: ModelSpec) -> FormRow:
    own = _term(row, spec)
    part = Term(row.seen_by, own.scope, own.area, own.when, bare=bool(row.seen_by))
    whole = Term("", row.of_scope, own.area, own.when)
    return FormRow("survey", part, whole, _number(row, "value"), _number(row, "n"))


def _overlap(row: Observation, spec: ModelSpec) -> FormRow:
    own = _term(row, spec)
    lists = spec.sources[row.source].lists
    assert lists is not None, row.source  # a source with a dependence has them
    first, second = (Term(name, own.scope, own.area, own.when, bare=True) for name in lists)
    everybody = Term("", own.scope, own.area, own.when)
    value, n = _number(row, "value"), _number(row, "n")
    return FormRow("overlap", first, everybody, value, n, third=second)


ROW_FORMS: Final[dict[str, Callable[[Observation, ModelSpec], FormRow]]] = {
    "count": _count,
    "rounded": _rounded,
    "lower_bound": _bound(ABOVE),
    "upper_bound": _bound(BELOW),
    "suppressed": _bound(BELOW),
    "range": _range,
    "flow": _flow,
    "growth": _growth,
    "share": _share,
    "survey": _survey,
    "overlap": _overlap,
}
"""Observation kind to the function that turns a row into a `FormRow`."""
