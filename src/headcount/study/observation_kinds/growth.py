r"""``growth``: "up 29 % from 2022 to 2023".

Assumption. The source compares two of its own numbers, so whatever it misses in both years cancels.

Example. ``dsit, GBR, 2023, growth, value=0.29, from_year=2022``: DSIT says that the UK grew by
29 % from 2022 to 2023. The value is the growth over the whole window; "15 % a year over 2022-27" is
1.15**5 - 1. ``period`` and ``from_period`` say when in the two years: ``end`` and ``end`` for a
calendar year's growth, ``2023-Q2`` and ``2022-Q2`` for a quarter against the same of the year
before, ``2023-Q4`` and ``2023-Q1``, both in 2023, for growth within a year.

Likelihood. With :math:`m_t` the log expected value in a period t,

.. math:: \log(1 + g) \sim T_\nu\!\left(m_{t_1} - m_{t_0}, \sqrt{2}\,\sigma_s\right),

since two numbers of the source are off, each by its noise.
"""

from __future__ import annotations

import math

from headcount.study.observation import Observation
from headcount.study.observation_kinds.observation_kind import ObservationKind, Problems, Promise
from headcount.study.observation_kinds.row_terms import cell_of, term_of
from headcount.study.observation_kinds.stated_number import CHANGE
from headcount.study.periods import moments, period_problem
from headcount.study.row_forms import STATED, FormRow, Term
from headcount.study.specs import ModelSpec

__all__ = ["GROWTH"]


def _problems(row: Observation) -> Problems:
    if row.value is not None and row.value <= -1:
        yield "value", f"{row.value:g} is not above -1", "Growth is a fraction: 0.29 for +29 %."
    if row.from_year is not None and row.from_year > row.year:
        yield "from_year", f"{row.from_year} is not before year = {row.year}", ""
    if row.from_year == row.year:
        yield from _within_a_year(row)


def _within_a_year(row: Observation) -> Problems:
    """Yield a problem where growth between two periods of one year runs backwards."""
    periods = (row.from_period, row.period)
    if not any(periods):
        message = f"{row.from_year} is not before year = {row.year}"
        advice = "Growth within a year needs a from_period, and a period after it."
        yield "from_year", message, advice
    elif not any(period and period_problem(row.year, period) for period in periods):
        start, end = (_middle(row.year, period) for period in periods)
        if start >= end:
            before, after = (period or "mid-year" for period in periods)
            yield "from_period", f"{before!r} is not before period = {after!r}", ""


def _middle(year: int, period: str) -> float:
    return sum(moment.weight * moment.time for moment in moments(year, period))


def _form(row: Observation, spec: ModelSpec) -> FormRow:
    part = term_of(row, spec)
    start = moments(int(cell_of(row, "from_year")), row.from_period)
    before = Term(part.source, part.scope, part.area, start)
    return FormRow(STATED, part, before, math.log1p(cell_of(row, "value")), noise_factor=2.0)


def _words(row: Observation) -> str:
    return f"{100 * (row.value or 0):+.3g} % since {row.from_period or row.from_year}"


GROWTH = ObservationKind(
    name="growth",
    when="The source states a growth rate between two years.",
    example="dsit, GBR, 2023, growth, value=0.29, from_year=2022: up 29 % from 2022 to 2023.",
    required=("value", "from_year"),
    optional=("scope", "period", "from_period"),
    problems=_problems,
    form=_form,
    words=_words,
    number=CHANGE,
    promise=Promise(placeholder=0.1),
)
