r"""``range``: "between 600,000 and 650,000".

Assumption. The publisher's interval contains the number that it means with probability ``mass``
(0.9 unless the row states another), with equal tails on the log scale; ``mass = 1`` means that
values outside are impossible.

Example. ``nasscom, IND, 2022, range, lower=600000, upper=650000, mass=0.8``: Nasscom is 80 %
sure that India had 600,000 to 650,000 in 2022.

Likelihood. For mass < 1 the row is a count at the interval's geometric middle with the relative
standard error that gives the interval its mass, :math:`(\log b - \log a) / (2 z)`, z the standard
normal quantile of (1 + mass) / 2. For mass = 1, :math:`\Pr(a < Y < b) = F((\log b - m)/sd) -
F((\log a - m)/sd)`, computed in the smaller tail. Intervals that people state as 90 % hold the
truth less often [1]_, so a smaller mass rarely does harm.

References
----------
.. [1] O'Hagan, A., Buck, C. E., Daneshkhah, A. and others (2006). Uncertain judgements: eliciting
   experts' probabilities. Wiley. https://doi.org/10.1002/0470033312
"""

from __future__ import annotations

import math

from scipy import stats

from headcount.study.observation import Observation
from headcount.study.observation_kinds.number_checks import positive
from headcount.study.observation_kinds.observation_kind import ObservationKind, Problems
from headcount.study.observation_kinds.row_terms import cell_of, term_of, written
from headcount.study.priors import DEFAULT_MASS
from headcount.study.row_forms import INTERVAL, STATED, FormRow
from headcount.study.specs import ModelSpec

__all__ = ["RANGE"]


def _problems(row: Observation) -> Problems:
    yield from positive(row, "lower")
    if row.lower is not None and row.upper is not None and row.lower >= row.upper:
        yield "lower", f"{row.lower:g} is not below upper = {row.upper:g}", ""
    if row.mass is not None and not 0 < row.mass <= 1:
        yield "mass", f"{row.mass:g} is not in (0, 1]", "Write 0.9 for 90 %, or 1 for hard ends."


def _form(row: Observation, spec: ModelSpec) -> FormRow:
    low, high = math.log(cell_of(row, "lower")), math.log(cell_of(row, "upper"))
    middle = (low + high) / 2
    mass = DEFAULT_MASS if row.mass is None else row.mass
    if mass == 1:
        return FormRow(INTERVAL, term_of(row, spec), None, low, high, variance=math.exp(-middle))
    se = (high - low) / (2 * float(stats.norm.ppf((1 + mass) / 2)))
    return FormRow(STATED, term_of(row, spec), None, middle, variance=se**2 + math.exp(-middle))


def _bounds(row: Observation) -> tuple[float, float]:
    return row.lower or 0.0, row.upper or math.inf


RANGE = ObservationKind(
    name="range",
    when='The source says "between a and b".',
    example="nasscom, IND, 2022, range, lower=600000, upper=650000, mass=0.8: "
    "80 % sure of 600,000 to 650,000.",
    required=("lower", "upper"),
    optional=("scope", "period", "mass", "value"),
    problems=_problems,
    form=_form,
    words=lambda row: f"{written(row.lower)} to {written(row.upper)}",
    bounds=_bounds,
)
