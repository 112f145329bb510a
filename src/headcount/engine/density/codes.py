"""Codes of the arrays of `headcount.engine.density.study_arrays`, for compiled functions."""

from headcount.engine.density.linear_predictor import PARTS
from headcount.engine.density.study_arrays import LINKS, NONLINEAR
from headcount.engine.numba_support.code_cache import depends_on
from headcount.study.growth_kinds import RECURSIONS
from headcount.study.priors import FAMILIES
from headcount.study.row_forms import FORMS

__all__ = [
    "ADDITIVE",
    "BESIDE",
    "BETA",
    "BOUND",
    "CEILING",
    "COMMON_INNOVATION",
    "CONTAINS",
    "DAMPING",
    "DRIVEN_GROWTH",
    "ENTRY",
    "EXIT",
    "EXPONENTIAL",
    "GAMMA",
    "GROWTH_KIND",
    "HALF_NORMAL",
    "INTERVAL",
    "LINK_NORMAL",
    "LOGISTIC",
    "LOG_CONCENTRATION",
    "LOG_NOISE",
    "LOG_OVERCOUNT",
    "LOG_SELECTION",
    "LOG_SHARE",
    "LOG_TOTAL",
    "NORMAL",
    "OVERLAP",
    "PART_OF",
    "RATIO_LINK",
    "RATIO_TREND",
    "REACH_LINK",
    "REFERENCE",
    "REGIONS",
    "REGION_INNOVATION",
    "SCOPES",
    "SHARED_ERROR",
    "SOURCES",
    "STATED",
    "STEADY_GROWTH",
    "STOCK_AND_FLOW",
    "STUDENT_T",
    "SURVEY",
    "WITHIN",
    "YEARS",
]

(
    LOG_TOTAL,
    LOG_SHARE,
    STEADY_GROWTH,
    DRIVEN_GROWTH,
    COMMON_INNOVATION,
    REGION_INNOVATION,
    REACH_LINK,
    SHARED_ERROR,
    LOG_OVERCOUNT,
    RATIO_LINK,
    RATIO_TREND,
    LOG_NOISE,
    LOG_SELECTION,
    LOG_CONCENTRATION,
) = range(len(PARTS))
REGIONS, YEARS, SOURCES, SCOPES, REFERENCE = range(5)
GROWTH_KIND, DAMPING, CEILING, EXIT, ENTRY = range(1 + len(NONLINEAR))
ADDITIVE, LOGISTIC, STOCK_AND_FLOW = range(len(RECURSIONS))
"""Of ``growth[GROWTH_KIND]``, in the order of `headcount.study.growth_kinds.RECURSIONS`."""
LINK_NORMAL, HALF_NORMAL, EXPONENTIAL, GAMMA, BETA = (
    FAMILIES[name].code for name in ("link_normal", "half_normal", "exponential", "gamma", "beta")
)
"""Of ``prior_family``."""
CONTAINS, WITHIN, BESIDE, PART_OF = range(len(LINKS))
STATED, BOUND, INTERVAL, SURVEY, OVERLAP = range(len(FORMS))
"""Of ``row_form``, in the order of `headcount.study.row_forms.FORMS`."""
STUDENT_T, NORMAL = range(2)
"""Of ``row_tails``; binomial rows have the first."""

depends_on({name: globals()[name] for name in __all__})
