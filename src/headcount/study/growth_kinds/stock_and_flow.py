r"""``stock_and_flow``: who stays, who graduates, who converts.

.. math::

   H_{r,t+1} = H_{r,t} (1 - \mathrm{exit}) + \mathrm{entry}\; G_{r,t} + H_{r,t}\, e^{q_{r,t+1}},

with G the graduates a year, a known variable of the covariates table, of whom the part ``entry``
joins; ``exit`` is the part of the stock that leaves in a year; and :math:`e^{q}` are conversions
from other occupations for each head and year, around ``conversion``, with lasting regional
differences (``region_rate_sd``) and innovations common to all regions (``common_sd``) and of each
(``region_sd``) on the log scale. It is the accounting of a
workforce model [1]_, run forward from the first year, which must be the reference year: run
backward, a stock could turn negative.

Graduates alone rarely explain a boom, and exits, entries and conversions trade off; the priors of
``exit`` and ``entry`` should come from registers or panels.

References
----------
.. [1] Bartholomew, D. J., Forbes, A. F. and McClean, S. I. (1991). Statistical techniques for
   manpower planning, 2nd ed. Wiley.
"""

from headcount.study.growth_kinds.growth_kind import GrowthKind

__all__ = ["STOCK_AND_FLOW"]

STOCK_AND_FLOW = GrowthKind(
    name="stock_and_flow",
    when="An education pipeline: graduates by year are known, exits and conversions roughly.",
    parameters={
        "exit": "unit",
        "entry": "unit",
        "conversion": "positive",
        "region_rate_sd": "positive",
        "common_sd": "positive",
        "region_sd": "positive",
    },
    settings={"graduates": "the variable of covariates.csv that counts the graduates of a year"},
    forward_only=True,
    recursion="stock_and_flow",
    base="conversion",
    nonlinear=("exit", "entry"),
)
