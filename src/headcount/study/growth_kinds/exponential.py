r"""``exponential``: every region grows at a steady rate of its own.

.. math:: \log H_{r,t} - \log H_{r,t-1} = \log(1 + g) + \delta_r, \qquad \delta_r \sim N(0, \tau^2),

with g the common yearly ``rate`` and :math:`\tau` the ``region_rate_sd``. Forecasts continue at the
same rate, so their intervals widen only through g and :math:`\delta_r`: adequate for a short,
smooth stretch of years, and too narrow beyond it.
"""

from headcount.study.growth_kinds.growth_kind import GrowthKind

__all__ = ["EXPONENTIAL"]

EXPONENTIAL = GrowthKind(
    name="exponential",
    when="A short, smooth stretch of years and few data; no forecasts beyond a year.",
    parameters={"rate": "growth", "region_rate_sd": "positive"},
)
