"""Sections about candidates: data that could be collected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from headcount.study.specs.section import Section
from headcount.study.specs.source_spec import SourceSpec

__all__ = ["CandidateRow", "CandidateSpec"]


class CandidateRow(Section):
    """A row of a candidate: the columns of an observation without its number."""

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
    """``[candidates.NAME]``: data that could be collected, whose value is to be estimated.

    Either ``source``, a source of the spec that would state more rows, or ``declared``, a new
    source with the keys of ``[sources.NAME]``. A candidate enters no fit, and its priors are not
    among the priors of the study. ``cost`` is in any unit that all candidates share.
    """

    title: str
    rows: tuple[CandidateRow, ...]
    source: str | None = None
    declared: SourceSpec | None = None
    cost: float | None = Field(default=None, gt=0, allow_inf_nan=False)

    @classmethod
    def contradictions(cls, stated: Mapping[str, Any]) -> Iterator[str]:
        """Yield the problems of the candidate's source and rows."""
        given = [key for key in ("source", "declared") if key in stated]
        if len(given) != 1:
            found = " and ".join(given) or "neither"
            yield f"a candidate needs either source or declared; this one has {found}"
        if stated.get("rows") == []:
            yield "rows is empty; a candidate needs at least one row"
