"""Sensitivity: what becomes of the answer under other priors, without a source, or with one more."""

from headcount.sensitivity.comparing import Comparison, compare_priors, write_comparison
from headcount.sensitivity.influencing import Influence, influence
from headcount.sensitivity.prior_sets import fit_prior_sets, fit_studies, under_prior_sets
from headcount.sensitivity.valuing import ValueOfInformation, value_of_information

__all__ = [
    "Comparison",
    "Influence",
    "ValueOfInformation",
    "compare_priors",
    "fit_prior_sets",
    "fit_studies",
    "influence",
    "under_prior_sets",
    "value_of_information",
    "write_comparison",
]
