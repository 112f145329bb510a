"""The registry of observation kinds, by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from headcount.study.observation import Observation
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

__all__ = ["OBSERVATION_KINDS", "kind_of", "register_observation_kind", "statement_of"]

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


def kind_of(row: Observation) -> ObservationKind:
    """Return the kind of a row."""
    return OBSERVATION_KINDS[row.kind]


def statement_of(row: Observation) -> str:
    """Return the statement of a row in words.

    Parameters
    ----------
    row
        A row, fitted or excluded.

    Returns
    -------
    str
        Such as ``over 135,000`` or ``61 of 520``; empty where the kind is unknown or a required
        cell is empty.

    Examples
    --------
    >>> from headcount import Observation
    >>> statement_of(Observation("linkedin", "WORLD", 2020, "lower_bound", value=135000))
    'over 135,000'
    """
    kind = OBSERVATION_KINDS.get(row.kind)
    return kind.statement(row) if kind else ""


@contextmanager
def register_observation_kind(kind: ObservationKind) -> Iterator[None]:
    """Let rows be of another kind while the context lasts.

    Batches run in other processes, which do not know of it. The oracle needs its own entries in
    ``OBSERVATION_DRAWS`` and ``OBSERVATION_DENSITIES``.

    Parameters
    ----------
    kind
        A kind of a new name.

    Raises
    ------
    ValueError
        Where a kind of this name is there already.
    """
    if kind.name in OBSERVATION_KINDS:
        msg = f"an observation kind {kind.name!r} is there already"
        raise ValueError(msg)
    OBSERVATION_KINDS[kind.name] = kind
    try:
        yield
    finally:
        del OBSERVATION_KINDS[kind.name]
