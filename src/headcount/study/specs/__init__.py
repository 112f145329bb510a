"""The sections of a spec, frozen; may import kinds, priors, areas and covariates.

The keys are those of the TOML file.
"""

from headcount.study.specs.candidate_spec import CandidateRow, CandidateSpec
from headcount.study.specs.latent_spec import (
    ChangeSpec,
    CovariateEffect,
    GrowthSpec,
    RegionsSpec,
    TotalSpec,
    YearsSpec,
)
from headcount.study.specs.model_spec import ModelSpec
from headcount.study.specs.scope_spec import RATIO_SUPPORT, BreakdownSpec, ScopeSpec
from headcount.study.specs.source_spec import (
    REACH_KEYS,
    CopySpec,
    LineageSpec,
    ReachSpec,
    SourceKindSpec,
    SourceSpec,
)

__all__ = [
    "RATIO_SUPPORT",
    "REACH_KEYS",
    "BreakdownSpec",
    "CandidateRow",
    "CandidateSpec",
    "ChangeSpec",
    "CopySpec",
    "CovariateEffect",
    "GrowthSpec",
    "LineageSpec",
    "ModelSpec",
    "ReachSpec",
    "RegionsSpec",
    "ScopeSpec",
    "SourceKindSpec",
    "SourceSpec",
    "TotalSpec",
    "YearsSpec",
]
