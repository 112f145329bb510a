r"""``flow``: postings, hires, graduates in a period.

Assumption. Each person of the scope brings about so many events a year, the source's
``multiplier``: 0.4 postings, 0.15 hires. So events in a period count person-years: a month's
postings are compared with a twelfth of a year's.

Example. ``indeed, USA, 2023, flow, value=50000, period=2023-Q2``: 50,000 postings in the second
quarter of 2023. Without a period: in the year.

Likelihood. As for ``count``, with m the log of the multiplier times the person-years in the period,

.. math:: m = \log \sum_i w_i \sum_{r \in a} H_{k,r}(\tau_i)\, \mathrm{multiplier}_{s,r}(\tau_i),

where :math:`w_i` is the length in years of the piece i of the period, which is cut at the turns of
years, and :math:`\tau_i` its middle. An intensity is known no better than its prior, so flows
inform about growth and regions more than about levels.
"""

from __future__ import annotations

from headcount.study.observation import Observation
from headcount.study.observation_kinds.number_checks import count_problems
from headcount.study.observation_kinds.observation_kind import (
    ObservationKind,
    Promise,
    SourceRule,
)
from headcount.study.observation_kinds.row_terms import counted, term_of, written
from headcount.study.row_forms import FormRow
from headcount.study.specs import ModelSpec

__all__ = ["FLOW"]


def _form(row: Observation, spec: ModelSpec) -> FormRow:
    return counted(row, term_of(row, spec, flow=True))


FLOW = ObservationKind(
    name="flow",
    when="The source counts events in a period: postings, hires, graduates.",
    example="indeed, USA, 2023, flow, value=50000, period=2023-Q2: 50,000 postings in a quarter.",
    required=("value",),
    optional=("scope", "period", "relative_se"),
    problems=count_problems,
    form=_form,
    words=lambda row: written(row.value),
    source_rule=SourceRule(
        "multiplier",
        "Flows come from sources with a multiplier: events for each person and year.",
    ),
    promise=Promise(placeholder=1000.0, least=lambda _: 1.0),
)
