r"""``share``: "Germany has 14 % of the EU's", "1.2 % of developers".

Assumption. The source compares two numbers: two areas in one scope (``of_area``), two scopes in one
area (``of_scope``), its own with another source's (``of_source``), or several at once. Where the
row does not state the area, scope or source of the whole, it is that of the part. People whom the
source misses in both cancel. A ratio above one ("twice as many as in the EU") is a share too. A
source that reports two scopes informs about their ratio in this way, whatever its coverage.

Example. ``linkedin_eu, DEU, 2019, share, value=0.14, of_area=EU27``: 14 % of the EU's are in
Germany. ``linkedin, DEU, 2023, share, value=0.4, of_source=eurostat, of_scope=ict_specialist``:
LinkedIn has 40 % of the number that Eurostat counts of ICT specialists.

Likelihood. With m the log expected value of the part and :math:`m'` that of the whole, both in the
row's period,

.. math:: \log p \sim T_\nu\!\left(m - m', \sqrt{\sigma_s^2 + (1 - p)/(n p)}\right),

the second term only where the row states a base n and p < 1. Parts of a whole are compared by log
ratios, as compositions are [1]_.

References
----------
.. [1] Aitchison, J. (1982). The statistical analysis of compositional data. Journal of the Royal
   Statistical Society B 44(2), 139-177. https://doi.org/10.1111/j.2517-6161.1982.tb01195.x
"""

from __future__ import annotations

import math

from headcount.study.observation import Observation
from headcount.study.observation_kinds.number_checks import positive
from headcount.study.observation_kinds.observation_kind import ObservationKind, Problems, Promise
from headcount.study.observation_kinds.row_terms import cell_of, scope_of, term_of
from headcount.study.observation_kinds.stated_number import SHARE as SHARE_NUMBER
from headcount.study.row_forms import STATED, FormRow, Term
from headcount.study.specs import ModelSpec

__all__ = ["SHARE"]


def _problems(row: Observation) -> Problems:
    yield from positive(row, "value")
    yield from positive(row, "n")
    if not (row.of_area or row.of_scope or row.of_source):
        yield (
            "of_area",
            "a share needs of_area, of_scope or of_source",
            "Name the area, scope or source of the whole.",
        )


def _study_problems(row: Observation, spec: ModelSpec) -> Problems:
    inner = scope_of(row, spec)
    outer = row.of_scope or inner
    same_area, same_source = row.of_area in ("", row.area), row.of_source in ("", row.source)
    if not (same_area and same_source and inner in spec.scopes and outer in spec.scopes):
        return
    if inner == outer:
        column = next(name for name in ("of_area", "of_scope", "of_source") if getattr(row, name))
        yield column, "a share of itself is always 1", ""
    elif (row.value or 0) > 1 and spec.scope_contains(outer, inner):
        declared = f"{outer!r} is declared to contain {inner!r}"
        message = f"{row.value:g} of {outer!r} are {inner!r}, and {declared}"
        yield "value", message, "A part is below 1; or correct the relation of the scopes."


def _form(row: Observation, spec: ModelSpec) -> FormRow:
    part, value = term_of(row, spec), cell_of(row, "value")
    whole = Term(
        row.of_source or part.source,
        row.of_scope or part.scope,
        row.of_area or part.area,
        part.when,
    )
    variance = max(0.0, 1 - value) / (row.n * value) if row.n else 0.0
    return FormRow(STATED, part, whole, math.log(value), variance=variance)


def _words(row: Observation) -> str:
    whole = " ".join(filter(None, [row.of_scope, row.of_area, row.of_source]))
    return f"{row.value or 0:.3g} of {whole}"


def _least(row: Observation) -> float:
    # At least one of the n, so that the sampling error is finite.
    return 1 / row.n if row.n else 0.0


SHARE = ObservationKind(
    name="share",
    when="The source states one area's, or one scope's, part of another.",
    example=(
        "linkedin_eu, DEU, 2019, share, value=0.14, of_area=EU27: Germany has 14 % of the EU's."
    ),
    required=("value",),
    optional=("scope", "period", "of_area", "of_scope", "of_source", "n"),
    problems=_problems,
    form=_form,
    words=_words,
    number=SHARE_NUMBER,
    study_problems=_study_problems,
    promise=Promise(placeholder=0.5, least=_least),
)
