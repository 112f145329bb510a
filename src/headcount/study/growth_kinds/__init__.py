"""Ways that headcounts move from year to year; may import nothing of headcount."""

from typing import Final

from headcount.study.growth_kinds.damped_trend import DAMPED_TREND
from headcount.study.growth_kinds.exponential import EXPONENTIAL
from headcount.study.growth_kinds.growth_kind import RECURSIONS, GrowthKind
from headcount.study.growth_kinds.logistic import LOGISTIC
from headcount.study.growth_kinds.random_walk import RANDOM_WALK
from headcount.study.growth_kinds.stock_and_flow import STOCK_AND_FLOW

__all__ = ["GROWTH_KINDS", "RECURSIONS", "GrowthKind"]

GROWTH_KINDS: Final[dict[str, GrowthKind]] = {
    kind.name: kind for kind in (DAMPED_TREND, RANDOM_WALK, EXPONENTIAL, LOGISTIC, STOCK_AND_FLOW)
}
