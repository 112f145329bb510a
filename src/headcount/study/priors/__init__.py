"""Priors: written as people think, kept without PyMC.

This folder imports NumPy and SciPy only.
"""

from headcount.study.priors.families import FAMILIES, LINK_NORMAL, Family
from headcount.study.priors.links import LINKS, Link
from headcount.study.priors.prior import DEFAULT_MASS, Prior

__all__ = ["DEFAULT_MASS", "FAMILIES", "LINKS", "LINK_NORMAL", "Family", "Link", "Prior"]
