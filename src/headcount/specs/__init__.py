"""Model specs: the declaration of a study, frozen and comparable. The keys are those of the TOML file."""

from headcount.specs.candidates import CANDIDATE_KINDS, CandidateRow, CandidateSpec
from headcount.specs.latent import (
    ChangeSpec,
    CovariateEffect,
    GrowthSpec,
    RegionsSpec,
    TotalSpec,
    YearsSpec,
)
from headcount.specs.model import ModelSpec
from headcount.specs.scopes import RATIO_SUPPORT, BreakdownSpec, ScopeSpec
from headcount.specs.sources import (
    REACH_KEYS,
    CopySpec,
    LineageSpec,
    ReachSpec,
    SourceKindSpec,
    SourceSpec,
)

__all__ = [
    "CANDIDATE_KINDS",
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
