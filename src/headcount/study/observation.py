"""One observation: a statement of a source about an area and a year, as a row of the table."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Observation"]


@dataclass(frozen=True)
class Observation:
    """One row: what a source states about an area and a year.

    Parameters
    ----------
    source, area, year, kind
        Who states it, about where and when, and in which of `OBSERVATION_KINDS`.
    value
        The stated number; k for a survey, a fraction for growth and share.
    lower, upper, mass
        Ends of a stated range and the probability inside.
    relative_se
        Stated standard error over the value.
    n
        Respondents of a survey, or base of a share.
    from_year
        First year of a growth window.
    period, from_period
        When in ``year`` and ``from_year``, where not at the middle; see `headcount.study.periods`.
    unit
        To which a number is rounded.
    scope
        Who is counted, where it is not the source's own scope.
    of_area, of_scope, of_source
        The whole that a share or survey refers to.
    seen_by
        Source on whose list the k of n respondents of a survey are.
    excluded
        Why the row is shown and not fitted; empty for rows that are fitted.
    as_stated, citation, license, notes
        The source's words, where to find them, the terms, and remarks.
    line
        Line in the file.
    """

    source: str
    area: str
    year: int
    kind: str
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    mass: float | None = None
    relative_se: float | None = None
    n: float | None = None
    from_year: int | None = None
    period: str = ""
    from_period: str = ""
    unit: float | None = None
    scope: str = ""
    of_area: str = ""
    of_scope: str = ""
    of_source: str = ""
    seen_by: str = ""
    excluded: str = ""
    as_stated: str = ""
    citation: str = ""
    license: str = ""
    notes: str = ""
    line: int = 0
