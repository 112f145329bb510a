r"""``share``: "Germany has 14 % of the EU's", "1.2 % of developers".

Assumption. The source compares two of its own numbers: two areas in one scope (``of_area``), two scopes in one area
(``of_scope``), or both. A ratio above one ("twice as many as in the EU") is a share too.

Read aloud. ``linkedin_eu, DEU, 2019, share, value=0.14, of_area=EU27``: 14 % of the EU's are in Germany.

Likelihood. With m the log expected value of the part and :math:`m'` that of the whole,

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
    if not row.of_area and not row.of_scope:
        yield "of_area", "a share needs of_area, of_scope or both", "Say what it is a share of."


SHARE = ObservationKind(
    name="share",
    when="The source states one area's, or one scope's, part of another.",
    aloud="linkedin_eu, DEU, 2019, share, value=0.14, of_area=EU27: Germany has 14 % of the EU's.",
    required=("value",),
    optional=("scope", "of_area", "of_scope", "n"),
    problems=_problems,
)
