r"""``survey``: k of n respondents.

Assumption. Respondents come from the scope ``of_scope`` in the area; those of the narrower scope
answer more or less readily than others, by the source's ``selection`` (a factor on the odds), and
answers of one survey cluster. With ``seen_by`` the question is who is on a source's list: a survey
of coverage, which fixes a level as an anchor does.

Read aloud. ``stackoverflow, DEU, 2024, survey, value=14, n=1443, of_scope=developer``: 14 of 1,443
German developers who answered in 2024 belong to the source's scope. ``panel, USA, 2023, survey,
value=340, n=500, of_scope=ml_engineer, seen_by=linkedin``: 340 of 500 ML engineers have a profile
on LinkedIn. 0 of n and n of n are data too.

Likelihood. With :math:`d = \log H_{k} - \log H_{k'} < 0` in the area and period (with ``seen_by``,
H_k is those of the scope who are on the list),

.. math:: k \sim \mathrm{BetaBinomial}(n, \kappa p, \kappa (1 - p)), \qquad
          \mathrm{logit}\, p = \log\frac{e^{d}}{1 - e^{d}} + \log \mathrm{selection}_s,

where :math:`\kappa` is the concentration of the source's kind: large means nearly binomial.

References
----------
.. [1] Skellam, J. G. (1948). A probability distribution derived from the binomial distribution by
   regarding the probability of success as variable between the sets of trials. Journal of the Royal
   Statistical Society B 10(2), 257-261. https://doi.org/10.1111/j.2517-6161.1948.tb00014.x
"""

from __future__ import annotations

from headcount.study.observation_kinds.number_checks import k_of_n
from headcount.study.observation_kinds.observation_kind import ObservationKind

__all__ = ["SURVEY"]

SURVEY = ObservationKind(
    name="survey",
    when="k of n respondents belong to a scope, or are on a source's list.",
    aloud="stackoverflow, DEU, 2024, survey, value=14, n=1443, of_scope=developer: 14 of 1,443 developers.",
    required=("value", "n", "of_scope"),
    optional=("scope", "period", "seen_by"),
    problems=k_of_n,
)
