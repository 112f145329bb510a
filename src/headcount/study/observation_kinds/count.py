r"""``count``: a source states a number of people (or accounts, jobs, postings).

Assumption. The source sees the people of its scope in the area with probability ``coverage``, or
states ``multiplier`` units for each of them; around that expectation it errs by a factor, small
errors being likelier than large ones.

Example. ``eurostat, DEU, 2021, count, value=1930000``: Eurostat says that Germany had 1,930,000
in 2021, at the middle of the year. ``period=end`` says at its end, ``period=2021-Q2`` on average
over the second quarter.

Likelihood. With :math:`m = \log \sum_{r \in a} \exp(\log H_{k,r,t} + \log \mathrm{reach}_{s,r,t})`,
over the row's period, and the stated number :math:`y`,

.. math:: \log y \sim T_\nu\!\left(m, \sqrt{\sigma_s^2 + \mathrm{se}^2 + 1/y}\right),

where :math:`\sigma_s` is the source's noise, se the stated relative standard error and 1/y the
Poisson part. :math:`\nu = 4`, or infinite for kinds of source with ``tails = "normal"``. A stated
zero is a count: it enters as "fewer than one", since its logarithm does not exist. With four
degrees of freedom the posterior is robust to rows that are far off, which any table of published
figures has [1]_.

References
----------
.. [1] Lange, K. L., Little, R. J. A. and Taylor, J. M. G. (1989). Robust statistical modeling using
   the t distribution. Journal of the American Statistical Association 84(408), 881-896.
   https://doi.org/10.1080/01621459.1989.10478852
"""

from __future__ import annotations

from headcount.study.observation_kinds.number_checks import count_problems
from headcount.study.observation_kinds.observation_kind import ObservationKind, Promise
from headcount.study.observation_kinds.row_terms import count_form, point_bounds, written

__all__ = ["COUNT"]

COUNT = ObservationKind(
    name="count",
    when="The source states a number.",
    example="eurostat, DEU, 2021, count, value=1930000: "
    "Eurostat counts 1,930,000 in Germany in 2021.",
    required=("value",),
    optional=("scope", "period", "relative_se"),
    problems=count_problems,
    form=count_form,
    words=lambda row: written(row.value),
    bounds=point_bounds,
    promise=Promise(placeholder=1000.0, least=lambda _: 1.0),
)
