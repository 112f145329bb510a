"""Sections about candidates: sources that could be had, and what they would state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from headcount.study.specs.section import Section
from headcount.study.specs.source_spec import SourceSpec

__all__ = ["CandidateRow", "CandidateSpec"]


class CandidateRow(Section):
    """A row of a candidate: the columns of an observation but for the number, which is not known."""

    area: str
    year: int
    kind: str
    relative_se: float | None = Field(default=None, allow_inf_nan=False)
    n: float | None = Field(default=None, allow_inf_nan=False)
    from_year: int | None = None
    period: str = ""
    from_period: str = ""
    scope: str = ""
    of_area: str = ""
    of_scope: str = ""
    of_source: str = ""
    seen_by: str = ""


class CandidateSpec(Section):
    """``[candidates.NAME]``: data that could be had, to ask what they would be worth.

    Either ``source``, a source of the spec that would state more rows, or ``declared``, a source of
    its own with the keys of ``[sources.NAME]``. Its priors are no priors of the study: nothing
    about a candidate enters a fit. ``cost`` is in any unit that all candidates share.
    """

    title: str
    rows: tuple[CandidateRow, ...]
    source: str | None = None
    declared: SourceSpec | None = None
    cost: float | None = Field(default=None, gt=0, allow_inf_nan=False)

    @classmethod
    def contradictions(cls, stated: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is wrong about where the rows come from."""
        given = [key for key in ("source", "declared") if key in stated]
        if len(given) != 1:
            found = " and ".join(given) or "neither"
            yield f"a candidate needs either source or declared; this one has {found}"
        if stated.get("rows") == []:
            yield "rows is empty; a candidate promises at least one row"
