r"""``survey``: k of n respondents.

Assumption. Respondents come from the scope ``of_scope`` in the area; those of the narrower scope answer more or less
readily than others, by the source's ``selection`` (a factor on the odds), and answers of one survey cluster.

Read aloud. ``stackoverflow, DEU, 2024, survey, value=14, n=1443, of_scope=developer``: 14 of 1,443 German
developers who answered in 2024 belong to the source's scope. 0 of n and n of n are data too.

Likelihood. With :math:`d = \log H_{k} - \log H_{k'} < 0` in the area and year,

.. math:: k \sim \mathrm{BetaBinomial}(n, \kappa p, \kappa (1 - p)), \qquad
          \mathrm{logit}\, p = \log\frac{e^{d}}{1 - e^{d}} + \log \mathrm{selection}_s,

where :math:`\kappa` is the concentration of the source's kind: large means nearly binomial.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount.observation_kinds._checks import Problems, not_negative, positive
from headcount.observation_kinds.base import ObservationKind

if TYPE_CHECKING:
    from headcount.observations import Observation

__all__ = ["SURVEY"]


def _problems(row: Observation) -> Problems:
    yield from not_negative(row, "value")
    yield from positive(row, "n")
    for column in ("value", "n"):
        number = getattr(row, column)
        if number is not None and number != round(number):
            yield column, f"{number:g} is not a whole number", "value is k, n the respondents."
    if row.value is not None and row.n is not None and row.value > row.n:
        yield "value", f"k = {row.value:g} is above n = {row.n:g}", ""


SURVEY = ObservationKind(
    name="survey",
    when="k of n respondents belong to a scope.",
    aloud="stackoverflow, DEU, 2024, survey, value=14, n=1443, of_scope=developer: 14 of 1,443 developers.",
    required=("value", "n", "of_scope"),
    optional=("scope",),
    problems=_problems,
)
