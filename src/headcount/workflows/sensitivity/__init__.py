"""Other priors, fewer sources, more data; may import batches and all rooms below workflows."""

from headcount.workflows.sensitivity.comparison_result import Comparison
from headcount.workflows.sensitivity.influence_result import Influence
from headcount.workflows.sensitivity.information_value import (
    ValueOfInformation,
    value_of_information,
)
from headcount.workflows.sensitivity.prior_comparison import compare_priors
from headcount.workflows.sensitivity.prior_sets import fit_prior_sets, fit_studies, under_prior_sets
from headcount.workflows.sensitivity.source_influence import influence

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
]
