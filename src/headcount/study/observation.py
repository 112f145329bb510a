"""One observation: a row of the table, in which a source states a number."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Observation"]


@dataclass(frozen=True)
class Observation:
    """One row: a source states a number for an area and a year.

    Parameters
    ----------
    source, area, year
        Name of the source, code of the area, calendar year.
    kind
        A key of `OBSERVATION_KINDS`.
    value
        The stated number; k for a survey or an overlap, a fraction for growth and share.
    lower, upper, mass
        Ends of a stated range and the probability inside.
    relative_se
        Stated standard error divided by the value.
    n
        Number of people of whom k are counted, or base of a share.
    from_year
        First year of a growth window.
    period, from_period
        Time in ``year`` and ``from_year``, see `headcount.study.periods`; the middle if empty.
    unit
        Rounding unit of the value.
    scope
        Name of the scope that is counted; the source's scope if empty.
    of_area, of_scope, of_source
        Area, scope and source of the whole of a share or survey, where they differ from the part's.
    seen_by
        Name of a source: the survey asks who is on its list.
    excluded
        Reason why the row is not fitted; empty for rows that are fitted.
    as_stated, citation, license, notes
        The source's words, reference, terms of use, and remarks.
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
