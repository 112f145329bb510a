r"""``survey``: k of n respondents.

Assumption. Respondents come from the scope ``of_scope`` in the area; those of the narrower scope
answer more or less readily than others, by the source's ``selection`` (a factor on the odds), and
answers of one survey cluster. With ``seen_by`` respondents say whether they are on a source's list:
a survey of coverage, which identifies a level as an anchor does.

Example. ``stackoverflow, DEU, 2024, survey, value=14, n=1443, of_scope=developer``: 14 of 1,443
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

from headcount.study.observation import Observation
from headcount.study.observation_kinds.number_checks import binomial_problems, known_population
from headcount.study.observation_kinds.observation_kind import (
    ObservationKind,
    Problems,
    Promise,
    SourceRule,
)
from headcount.study.observation_kinds.row_terms import cell_of, scope_of, term_of, written
from headcount.study.observation_kinds.stated_number import RESPONDENTS
from headcount.study.row_forms import SURVEY as SURVEY_FORM
from headcount.study.row_forms import FormRow, Term
from headcount.study.specs import ModelSpec

__all__ = ["SURVEY"]


def _study_problems(row: Observation, spec: ModelSpec) -> Problems:
    inner, outer = scope_of(row, spec), row.of_scope
    if {inner, outer} <= spec.scopes.keys():
        if inner == outer and not row.seen_by:
            yield "of_scope", f"{outer!r} is the scope itself", ""
        elif not spec.scope_contains(outer, inner):
            message = f"scope {outer!r} is not declared to contain {inner!r}"
            yield "of_scope", message, CHAIN
    if row.seen_by:
        yield from known_population(row, spec)


CHAIN = "A survey counts part of its respondents: chain them by contains, within or part_of."


def _form(row: Observation, spec: ModelSpec) -> FormRow:
    own = term_of(row, spec)
    part = Term(row.seen_by, own.scope, own.area, own.when, bare=bool(row.seen_by))
    whole = Term("", row.of_scope, own.area, own.when)
    return FormRow(SURVEY_FORM, part, whole, cell_of(row, "value"), cell_of(row, "n"))


def _words(row: Observation) -> str:
    listed = f" on the list of {row.seen_by}" if row.seen_by else ""
    return f"{written(row.value)} of {written(row.n)}{listed}"


SURVEY = ObservationKind(
    name="survey",
    when="k of n respondents belong to a scope, or are on a source's list.",
    example="stackoverflow, DEU, 2024, survey, value=14, n=1443, of_scope=developer: "
    "14 of 1,443 developers.",
    required=("value", "n", "of_scope"),
    optional=("scope", "period", "seen_by"),
    problems=binomial_problems,
    form=_form,
    words=_words,
    number=RESPONDENTS,
    source_rule=SourceRule(
        "selection",
        "Surveys, and only they, come from sources with a selection.",
        exclusive=True,
    ),
    study_problems=_study_problems,
    promise=Promise(placeholder=0.0),
)
