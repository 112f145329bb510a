"""Codes by which the compiled functions find their way in the arrays; see
`headcount.engine.density.study_arrays`.
"""

from headcount.engine.density.linear_predictor import PARTS
from headcount.engine.density.study_arrays import LINKS
from headcount.engine.numba_support.code_cache import depends_on
from headcount.study.row_forms import FORMS

__all__ = [
    "ADDED",
    "BENT",
    "BESIDE",
    "BOUND",
    "CEILING",
    "COMMON",
    "CONCENTRATION",
    "CONTAINS",
    "DAMPING",
    "DRIVEN",
    "ENTRY",
    "ETA",
    "EXIT",
    "FLOWING",
    "INTERVAL",
    "KIND",
    "LEVEL",
    "NOISE",
    "NORMAL",
    "OVERCOUNT",
    "OVERLAP",
    "PART",
    "REFERENCE",
    "REGIONAL",
    "REGIONS",
    "SCOPES",
    "SELECTION",
    "SHARE",
    "SHARED",
    "SLOPE",
    "SOURCES",
    "STATED",
    "STEADY",
    "STUDENT_T",
    "SURVEY",
    "WITHIN",
    "YEARS",
    "ZETA",
]

(
    LEVEL,
    SHARE,
    STEADY,
    DRIVEN,
    COMMON,
    REGIONAL,
    ZETA,
    SHARED,
    OVERCOUNT,
    ETA,
    SLOPE,
    NOISE,
    SELECTION,
    CONCENTRATION,
) = range(len(PARTS))
REGIONS, YEARS, SOURCES, SCOPES, REFERENCE = range(5)
KIND, DAMPING, CEILING, EXIT, ENTRY = range(5)
ADDED, BENT, FLOWING = range(3)
CONTAINS, WITHIN, BESIDE, PART = range(len(LINKS))
STATED, BOUND, INTERVAL, SURVEY, OVERLAP = range(len(FORMS))
"""Of ``row_form``, in the order of `headcount.study.row_forms.FORMS`."""
STUDENT_T, NORMAL = range(2)
"""Of ``row_tails``; binomial rows have the first."""

depends_on({name: globals()[name] for name in __all__})
