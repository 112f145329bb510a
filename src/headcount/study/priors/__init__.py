"""Priors as people state them; may import NumPy, SciPy and the errors of headcount."""

from headcount.study.priors.families import FAMILIES, LINK_NORMAL, Family
from headcount.study.priors.links import LINKS, Link
from headcount.study.priors.prior import DEFAULT_MASS, Prior

__all__ = ["DEFAULT_MASS", "FAMILIES", "LINKS", "LINK_NORMAL", "Family", "Link", "Prior"]
