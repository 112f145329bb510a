"""Ways to publish a number about people; may import row forms, specs and observations."""

from headcount.study.observation_kinds.observation_kind import (
    ObservationKind,
    Problems,
    Promise,
    SourceRule,
)
from headcount.study.observation_kinds.registry import (
    OBSERVATION_KINDS,
    kind_of,
    register_observation_kind,
    statement_of,
)

__all__ = [
    "OBSERVATION_KINDS",
    "ObservationKind",
    "Problems",
    "Promise",
    "SourceRule",
    "kind_of",
    "register_observation_kind",
    "statement_of",
]
