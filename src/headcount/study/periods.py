"""Periods: the time of a row, as weighted moments.

Times are in years, and 2021.0 is the *middle* of 2021, because the headcount of a year is that of
its middle. A period is split at the turns of years. Each part becomes a moment at its own middle,
weighted by its length. Intervals are written as in ISO 8601.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date
from typing import Final

__all__ = ["FORMS", "Moment", "Span", "moments", "period_problem", "span_of"]

FORMS: Final = {
    "": "the row's year, at its middle",
    "start": "the first day of the row's year",
    "end": "the last day of the row's year",
    "2021": "a year, on average",
    "2021-Q3": "a quarter",
    "2021-06": "a month",
    "2021-12-31": "a day",
    "2021-07/2022-06": "from the first to the last of two of these, both included",
}
"""Meaning of each form of a period."""

ADVICE: Final = (
    "Write 2021, 2021-Q3, 2021-06, 2021-12-31, an interval such as 2021-07/2022-06, start or end."
)

MONTHS_IN_QUARTER: Final = 3


@dataclass(frozen=True, order=True)
class Moment:
    """A time to which a row refers, with its weight.

    Parameters
    ----------
    time
        In years; 2021.0 is the middle of 2021, 2021.5 its end.
    weight
        Fraction of the period; for a flow, length in years.
    """

    time: float
    weight: float


@dataclass(frozen=True)
class Span:
    """Days from the first to the last, both included."""

    first: date
    last: date


def moments(year: int, period: str = "", *, flow: bool = False) -> tuple[Moment, ...]:
    """Return the moments to which a row refers.

    Parameters
    ----------
    year
        The row's year.
    period
        As in ``FORMS``.
    flow
        Whether the stated number is a sum over time. Then weights are lengths in years, else
        fractions of the period. Without a period the one weight is 1.

    Returns
    -------
    tuple of Moment
        One for each calendar year that the period touches, ascending.

    Raises
    ------
    ValueError
        Where the period is not valid.

    Examples
    --------
    >>> moments(2021)
    (Moment(time=2021.0, weight=1.0),)
    >>> [round(moment.time, 2) for moment in moments(2021, "end")]
    [2021.5]
    >>> moments(2022, "2021/2022")
    (Moment(time=2021.0, weight=0.5), Moment(time=2022.0, weight=0.5))
    """
    if not period:
        return (Moment(float(year), 1.0),)
    parts = [*_parts_by_year(span_of(year, period))]
    total = 1.0 if flow else sum(part.weight for part in parts)
    return tuple(Moment(part.time, part.weight / total) for part in parts)


def span_of(year: int, period: str) -> Span:
    """Return the days that a period covers.

    Parameters
    ----------
    year
        The row's year; ``start`` and ``end`` are its first and last day.
    period
        As in ``FORMS``, not empty.

    Returns
    -------
    Span
        First and last day.

    Raises
    ------
    ValueError
        Where the period is not valid.
    """
    if period == "start":
        return Span(date(year, 1, 1), date(year, 1, 1))
    if period == "end":
        return Span(date(year, 12, 31), date(year, 12, 31))
    first, slash, last = period.partition("/")
    return Span(_days(first, period).first, _days(last if slash else first, period).last)


def period_problem(year: int, period: str) -> tuple[str, str] | None:
    """Return the problem of a period, or ``None`` if it is valid.

    Parameters
    ----------
    year
        The row's year, in which the period must end.
    period
        The row's period, not empty.

    Returns
    -------
    tuple of str or None
        Message and advice.
    """
    if not MINYEAR <= year <= MAXYEAR:
        return f"{period!r} needs a calendar year, and year is {year}", ADVICE
    try:
        span = span_of(year, period)
    except ValueError:
        return f"{period!r} is not a period", ADVICE
    if span.last < span.first:
        return f"{period!r} ends before it starts", "Write the earlier date first."
    if span.last.year != year:
        message = f"{period!r} ends in {span.last.year}, and the year stated for it is {year}"
        return message, "State the year in which the period ends."
    return None


def _days(text: str, period: str) -> Span:
    """Return the first and last day of a day, month, quarter or year."""
    if match := re.fullmatch(r"([0-9]{4})", text):
        return Span(date(int(text), 1, 1), date(int(text), 12, 31))
    if match := re.fullmatch(r"([0-9]{4})-Q([1-4])", text):
        year, quarter = int(match[1]), int(match[2])
        return Span(
            _month(year, MONTHS_IN_QUARTER * quarter - 2).first,
            _month(year, MONTHS_IN_QUARTER * quarter).last,
        )
    if match := re.fullmatch(r"([0-9]{4})-([0-9]{2})", text):
        return _month(int(match[1]), int(match[2]))
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return Span(date.fromisoformat(text), date.fromisoformat(text))
    msg = f"{period!r} is not a period"
    raise ValueError(msg)


def _month(year: int, month: int) -> Span:
    first = date(year, month, 1)
    return Span(first, date(year, month, calendar.monthrange(year, month)[1]))


def _parts_by_year(span: Span) -> Iterator[Moment]:
    """Yield the middle and the length, in years, of a span's part in each calendar year."""
    for year in range(span.first.year, span.last.year + 1):
        days = 366 if calendar.isleap(year) else 365
        first, last = max(span.first, date(year, 1, 1)), min(span.last, date(year, 12, 31))
        before, until = first.timetuple().tm_yday - 1, last.timetuple().tm_yday
        yield Moment(year - 0.5 + (before + until) / (2 * days), (until - before) / days)
