"""The names that the parts of headcount agree on: dims, variables and groups of a fit."""

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
FRAME: Final = "frame"
SOURCE_KIND: Final = "source_kind"
SOURCE_UNIT: Final = "source_unit"
UNIT: Final = "unit"
POOL: Final = "pool"
LINEAGE: Final = "lineage"
ROW: Final = "row"

# Posterior variables that the answers are computed from.
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

# The prior set that a spec has without any overlay.
BASE_PRIORS: Final = "base"
