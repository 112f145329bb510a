r"""``logistic``: growth slows as headcounts approach a ceiling.

With C the ``ceiling`` over the headcount of the reference year, the same for all regions, :math:`a
= -\log(C - 1)` and :math:`\tau = t - t_\mathrm{ref}`,

.. math::

   \log H_{r,t} - \log H_{r,\mathrm{ref}} &=
   \log\frac{1 + e^{-a}}{1 + e^{-a - k_r \tau}} + \mathrm{innovations}, \\
   k_r &= \log(1 + g) + \delta_r,

the logistic curve of Verhulst [1]_: far below the ceiling headcounts grow at the yearly ``rate`` g,
at half the ceiling at half of it. The innovations are those of ``random_walk``, so that a boom is
not mistaken for a far ceiling; :math:`\delta_r \sim N(0, \tau^2)` (``region_rate_sd``). Years
before saturation carry little information about the ceiling: state its prior with care, and compare
it with its posterior.

References
----------
.. [1] Verhulst, P.-F. (1838). Notice sur la loi que la population suit dans son accroissement.
   Correspondance mathématique et physique 10, 113-121.
"""

from headcount.study.growth_kinds.growth_kind import GrowthKind

__all__ = ["LOGISTIC"]

LOGISTIC = GrowthKind(
    name="logistic",
    when="A field that fills up: growth fades as headcounts near a ceiling that can be named.",
    parameters={
        "rate": "growth",
        "region_rate_sd": "positive",
        "ceiling": "above_one",
        "common_sd": "positive",
        "region_sd": "positive",
    },
    recursion="logistic",
    nonlinear=("ceiling",),
)
