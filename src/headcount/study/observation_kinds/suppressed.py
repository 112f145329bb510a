r"""``suppressed``: "fewer than 50, not published".

Assumption. The source counted, and withholds counts below a floor; an empty cell of a published
table, where the table's notes say that it was withheld and not missing. A missing row is unknown,
and no evidence of few.

Example. ``eurostat, MLT, 2021, suppressed, value=50``: Malta is below the floor of 50.

Likelihood. With b the floor, :math:`\Pr = F((\log b - m) / s)`, :math:`s^2 = \sigma_s^2 + 1/b`: a
left-censored count.

References
----------
.. [1] Tobin, J. (1958). Estimation of relationships for limited dependent variables. Econometrica
   26(1), 24-36. https://doi.org/10.2307/1907382
"""

from __future__ import annotations

from headcount.study.observation_kinds.bound import below, bound_form, bound_problems
from headcount.study.observation_kinds.observation_kind import ObservationKind
from headcount.study.observation_kinds.row_terms import written
from headcount.study.row_forms import BELOW

__all__ = ["SUPPRESSED"]

SUPPRESSED = ObservationKind(
    name="suppressed",
    when="The source withholds numbers below a floor.",
    example="eurostat, MLT, 2021, suppressed, value=50: fewer than 50, not published.",
    required=("value",),
    optional=("scope", "period"),
    problems=bound_problems,
    form=bound_form(BELOW),
    words=lambda row: f"fewer than {written(row.value)}",
    bounds=below,
)
