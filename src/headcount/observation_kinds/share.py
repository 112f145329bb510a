r"""``share``: "Germany has 14 % of the EU's", "1.2 % of developers".

Assumption. The source compares two numbers: two areas in one scope (``of_area``), two scopes in one area (``of_scope``),
its own with another source's (``of_source``, for whose scope, if ``of_scope`` does not say), or several at once. What it
misses in both cancels. A ratio above one ("twice as many as in the EU") is a share too. A source that reports two scopes
speaks about their ratio in this way, whatever its coverage.

Read aloud. ``linkedin_eu, DEU, 2019, share, value=0.14, of_area=EU27``: 14 % of the EU's are in Germany.

Likelihood. With m the log expected value of the part and :math:`m'` that of the whole, both in the row's period,

.. math:: \log p \sim T_\nu\!\left(m - m', \sqrt{\sigma_s^2 + (1 - p)/(n p)}\right),

the second term only where the row states a base n and p < 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount.observation_kinds._checks import Problems, positive
from headcount.observation_kinds.base import ObservationKind

if TYPE_CHECKING:
    from headcount.observations import Observation

__all__ = ["SHARE"]


def _problems(row: Observation) -> Problems:
    yield from positive(row, "value")
    yield from positive(row, "n")
    if not (row.of_area or row.of_scope or row.of_source):
        yield "of_area", "a share needs of_area, of_scope or of_source", "Say what it is a share of."


SHARE = ObservationKind(
    name="share",
    when="The source states one area's, or one scope's, part of another.",
    aloud="linkedin_eu, DEU, 2019, share, value=0.14, of_area=EU27: Germany has 14 % of the EU's.",
    required=("value",),
    optional=("scope", "of_area", "of_scope", "of_source", "n"),
    problems=_problems,
)
