r"""``random_walk``: growth of each year is independent.

.. math:: \log H_{r,t} - \log H_{r,t-1} = \log(1 + g) + \delta_r + \varepsilon_t + \omega_{r,t},

with :math:`\varepsilon_t \sim N(0, \sigma^2)` common to all regions (``common_sd``),
:math:`\omega_{r,t} \sim N(0, \sigma_r^2)` regional (``region_sd``) and
:math:`\delta_r \sim N(0, \tau^2)` lasting (``region_rate_sd``). Forecast intervals widen with the
square root of the years ahead.
"""

from headcount.study.growth_kinds.growth_kind import GrowthKind

__all__ = ["RANDOM_WALK"]

RANDOM_WALK = GrowthKind(
    name="random_walk",
    when="Growth varies from year to year and last year's hardly predicts the next.",
    parameters={
        "rate": "growth",
        "region_rate_sd": "positive",
        "common_sd": "positive",
        "region_sd": "positive",
    },
)
