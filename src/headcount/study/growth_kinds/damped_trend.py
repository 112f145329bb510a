r"""``damped_trend``: booms last for some years and fade (the default).

.. math::

   \log H_{r,t} - \log H_{r,t-1} &= \log(1 + g) + \delta_r + c_t + d_{r,t}, \\
   c_t &= \phi\, c_{t-1} + \sqrt{1 - \phi^2}\, \varepsilon_t, \qquad
   d_{r,t} = \phi\, d_{r,t-1} + \sqrt{1 - \phi^2}\, \omega_{r,t},

with :math:`\varepsilon_t \sim N(0, \sigma^2)` (``common_sd``) and :math:`\omega_{r,t} \sim N(0,
\sigma_r^2)` (``region_sd``), :math:`\phi` the ``damping`` in (0, 1): the sds are those of a single
year's growth around its long-run rate, whatever the damping, as in ``random_walk``, which is the
case :math:`\phi = 0`. Further :math:`\delta_r \sim N(0, \tau^2)` (``region_rate_sd``). Growth above
or below the common yearly ``rate`` g loses the part :math:`1 - \phi` of its excess each year, so
forecasts return to g while their intervals widen: the damped local trend of the forecasting
literature [1]_ with a mean to return to.

References
----------
.. [1] Gardner, E. S. and McKenzie, E. (1985). Forecasting trends in time series. Management Science
   31(10), 1237-1246. https://doi.org/10.1287/mnsc.31.10.1237
"""

from headcount.study.growth_kinds.growth_kind import GrowthKind

__all__ = ["DAMPED_TREND"]

DAMPED_TREND = GrowthKind(
    name="damped_trend",
    when="The default: booms and slumps last a few years and fade.",
    parameters={
        "rate": "growth",
        "region_rate_sd": "positive",
        "common_sd": "positive",
        "region_sd": "positive",
        "damping": "unit",
    },
    nonlinear=("damping",),
)
