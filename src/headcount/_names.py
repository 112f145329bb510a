"""Names that several rooms share: dims, variables and groups of a fit."""

from __future__ import annotations

from typing import Final

# Dims, in the order in which arrays carry them.
CHAIN: Final = "chain"
DRAW: Final = "draw"
SAMPLE_DIMS: Final = (CHAIN, DRAW)
REGION: Final = "region"
YEAR: Final = "year"
STEP: Final = "step"
SCOPE: Final = "scope"
SOURCE: Final = "source"
SURVEY_EPOCH: Final = "survey_epoch"
SOURCE_REACH_GROUP: Final = "source_reach_group"
REACH_GROUP: Final = "reach_group"
LINEAGE: Final = "lineage"
ROW: Final = "row"

# Posterior variables from which estimands are computed.
LOG_HEADCOUNT: Final = "log_headcount"
LOG_RATIO: Final = "log_ratio"
RATIO_ETA: Final = "ratio_eta"
RATIO_TREND: Final = "ratio_trend"
LOG_REACH: Final = "log_reach"
FREE: Final = "free"
NOISE_SCALE: Final = "noise_scale"
SELECTION: Final = "selection"
CONCENTRATION: Final = "concentration"

# Groups of a fit's DataTree.
POSTERIOR: Final = "posterior"
UNCONSTRAINED: Final = "unconstrained_posterior"
SAMPLE_STATS: Final = "sample_stats"

# Name of the priors outside all prior sets.
BASE_PRIORS: Final = "base"
