"""Ways to publish a number about people; may import observations, periods and priors."""

from typing import Final

from headcount.study.observation_kinds.bound import LOWER_BOUND, UPPER_BOUND
from headcount.study.observation_kinds.count import COUNT
from headcount.study.observation_kinds.flow import FLOW
from headcount.study.observation_kinds.growth import GROWTH
from headcount.study.observation_kinds.observation_kind import ObservationKind
from headcount.study.observation_kinds.overlap import OVERLAP
from headcount.study.observation_kinds.range import RANGE
from headcount.study.observation_kinds.rounded import ROUNDED
from headcount.study.observation_kinds.share import SHARE
from headcount.study.observation_kinds.suppressed import SUPPRESSED
from headcount.study.observation_kinds.survey import SURVEY

__all__ = ["OBSERVATION_KINDS", "ObservationKind"]

OBSERVATION_KINDS: Final[dict[str, ObservationKind]] = {
    kind.name: kind
    for kind in (
        COUNT,
        ROUNDED,
        LOWER_BOUND,
        UPPER_BOUND,
        RANGE,
        SUPPRESSED,
        GROWTH,
        SHARE,
        FLOW,
        SURVEY,
        OVERLAP,
    )
}
