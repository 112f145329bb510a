r"""``lower_bound`` and ``upper_bound``: "over 135,000", "fewer than 50,000".

Assumption. The source's count lies above (below) the stated bound; nothing more is claimed, so a
bound far from the headcount carries no information.

Example. ``linkedin, WORLD, 2020, lower_bound, 135000``: LinkedIn says more than 135,000
world-wide in 2020.

Likelihood. With m, sd as for ``count`` (the Poisson part at the bound) and F the distribution
function of its noise,

.. math:: \Pr(Y > b) = 1 - F\!\left(\frac{\log b - m}{sd}\right), \qquad
          \Pr(Y < b) = F\!\left(\frac{\log b - m}{sd}\right),

computed in the tail that is small, so that no bound is minus infinity on the log scale. For four
degrees of freedom :math:`1 - F(t) = (1 - u)^2 (2 + u) / 4` with :math:`u = t / \sqrt{4 + t^2}`,
exactly [1]_.

References
----------
.. [1] Shaw, W. T. (2006). Sampling Student's T distribution: use of the inverse cumulative
   distribution function. Journal of Computational Finance 9(4), 37-73.
   https://doi.org/10.21314/JCF.2006.150
"""

from __future__ import annotations

import math
from collections.abc import Callable

from headcount.study.observation import Observation
from headcount.study.observation_kinds.number_checks import positive
from headcount.study.observation_kinds.observation_kind import ObservationKind, Problems
from headcount.study.observation_kinds.row_terms import cell_of, term_of, written
from headcount.study.row_forms import ABOVE, BELOW, BOUND, FormRow
from headcount.study.specs import ModelSpec

__all__ = ["LOWER_BOUND", "UPPER_BOUND", "below", "bound_form", "bound_problems"]


def bound_problems(row: Observation) -> Problems:
    """Yield a problem where the bound is not above zero."""
    yield from positive(row, "value")


def bound_form(side: float) -> Callable[[Observation, ModelSpec], FormRow]:
    """Return the form of rows that state a number of which the count lies on one side."""

    def form(row: Observation, spec: ModelSpec) -> FormRow:
        value = cell_of(row, "value")
        return FormRow(BOUND, term_of(row, spec), None, math.log(value), side, variance=1 / value)

    return form


def below(row: Observation) -> tuple[float, float]:
    """Return the bounds of a row that states the most."""
    return 0.0, row.value or 0.0


def _above(row: Observation) -> tuple[float, float]:
    return row.value or 0.0, math.inf


LOWER_BOUND = ObservationKind(
    name="lower_bound",
    when='The source says "over", "more than", "at least".',
    example="linkedin, WORLD, 2020, lower_bound, value=135000: LinkedIn says over 135,000 in 2020.",
    required=("value",),
    optional=("scope", "period"),
    problems=bound_problems,
    form=bound_form(ABOVE),
    words=lambda row: f"over {written(row.value)}",
    bounds=_above,
)

UPPER_BOUND = ObservationKind(
    name="upper_bound",
    when='The source says "under", "fewer than", "at most".',
    example="recorded_future, USA, 2015, upper_bound, value=50000: "
    "fewer than 50,000 in the US in 2015.",
    required=("value",),
    optional=("scope", "period"),
    problems=bound_problems,
    form=bound_form(BELOW),
    words=lambda row: f"under {written(row.value)}",
    bounds=below,
)
