r"""``overlap``: people on both of two lists.

Assumption. Two lists were linked, person by person: of n people on the first, k are also on the
second. If the two are independent, k / n estimates the coverage of the second list (capture and
recapture [1]_). They rarely are: people with a profile on one network often have one on another.
The ``dependence`` is the odds ratio between the lists, which no two lists identify: it is a prior
of the source that linked them, and the answer depends on it.

Example. ``linked, DEU, 2023, overlap, value=1800, n=12000``: of 12,000 on the first of the
source's ``lists``, 1,800 are on the second. The sizes of the lists are ``count`` rows of theirs:
with them an overlap informs about headcounts, alone about coverage.

Likelihood. With :math:`c_1, c_2` the bare coverages of the lists in the area (without their
overcount and errors) and :math:`\theta` the dependence,

.. math:: k \sim \mathrm{BetaBinomial}(n, \kappa p, \kappa (1 - p)), \qquad
          p = \frac{2 \theta c_2}{S + \sqrt{S^2 - 4 \theta (\theta - 1) c_1 c_2}}, \quad
          S = 1 + (c_1 + c_2)(\theta - 1),

the probability of being on the second list for those on the first where the two-by-two table has
the odds ratio :math:`\theta` [2]_. The concentration :math:`\kappa` of the source's kind allows for
errors of linkage.

References
----------
.. [1] International Working Group for Disease Monitoring and Forecasting (1995). Capture-recapture
   and multiple-record systems estimation I: history and theoretical development. American Journal
   of Epidemiology 142(10), 1047-1058. https://doi.org/10.1093/oxfordjournals.aje.a117558
.. [2] Plackett, R. L. (1965). A class of bivariate distributions. Journal of the American
   Statistical Association 60(310), 516-522. https://doi.org/10.1080/01621459.1965.10480807
"""

from __future__ import annotations

from headcount.study.observation import Observation
from headcount.study.observation_kinds.number_checks import binomial_problems, known_population
from headcount.study.observation_kinds.observation_kind import (
    ObservationKind,
    Promise,
    SourceRule,
)
from headcount.study.observation_kinds.row_terms import cell_of, term_of, written
from headcount.study.observation_kinds.stated_number import RESPONDENTS
from headcount.study.row_forms import OVERLAP as OVERLAP_FORM
from headcount.study.row_forms import FormRow, Term
from headcount.study.specs import ModelSpec

__all__ = ["OVERLAP"]


def _form(row: Observation, spec: ModelSpec) -> FormRow:
    own = term_of(row, spec)
    lists = spec.sources[row.source].lists
    assert lists is not None, row.source  # a source with a dependence has them
    first, second = (Term(name, own.scope, own.area, own.when, bare=True) for name in lists)
    everybody = Term("", own.scope, own.area, own.when)
    value, n = cell_of(row, "value"), cell_of(row, "n")
    return FormRow(OVERLAP_FORM, first, everybody, value, n, second_numerator=second)


OVERLAP = ObservationKind(
    name="overlap",
    when="Two lists were linked: of n people on one, k are on the other.",
    example=(
        "linked, DEU, 2023, overlap, value=1800, n=12000: 1,800 of the 12,000 on the first list."
    ),
    required=("value", "n"),
    optional=("scope", "period"),
    problems=binomial_problems,
    form=_form,
    words=lambda row: f"{written(row.value)} of {written(row.n)} on both lists",
    number=RESPONDENTS,
    source_rule=SourceRule(
        "dependence",
        "Overlaps, and only they, come from sources with a dependence and lists.",
        exclusive=True,
    ),
    study_problems=known_population,
    promise=Promise(placeholder=0.0),
)
