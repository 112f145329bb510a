"""Periods: when a row speaks, as moments between the middles of the model's years.

Times are in years, and 2021.0 is the *middle* of 2021, since a year's headcount is that of its
middle. A period is cut at the turns of years; each piece speaks at its own middle, with its length
as weight. Intervals are written as in ISO 8601.
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
    "2021-07/2022-06": "from the first to the last of two of these, both within",
}
"""How periods are written, and what they speak of."""

ADVICE: Final = "Write 2021, 2021-Q3, 2021-06, 2021-12-31, an interval of two such as 2021-07/2022-06, start or end."

MONTHS_IN_QUARTER: Final = 3


@dataclass(frozen=True, order=True)
class Moment:
    """A time at which a row speaks.

    Parameters
    ----------
    time
        In years; 2021.0 is the middle of 2021, 2021.5 its end.
    weight
        Part of the period that it stands for; of a flow, its length in years.
    """

    time: float
    weight: float


@dataclass(frozen=True)
class Span:
    """Days from the first to the last, both within."""

    first: date
    last: date


def moments(year: int, period: str = "", *, flow: bool = False) -> tuple[Moment, ...]:
    """Return the moments at which a row speaks.

    Parameters
    ----------
    year
        The row's year.
    period
        As in ``FORMS``.
    flow
        Whether what is stated adds up over time: weights are then years, and else parts of the
        whole. Without a period both are one: a year.

    Returns
    -------
    tuple of Moment
        One for each calendar year that the period touches, ascending.

    Raises
    ------
    ValueError
        Where the period cannot be read.

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
    pieces = [*_pieces(span_of(year, period))]
    whole = 1.0 if flow else sum(piece.weight for piece in pieces)
    return tuple(Moment(piece.time, piece.weight / whole) for piece in pieces)


def span_of(year: int, period: str) -> Span:
    """Return the days that a period covers.

    Parameters
    ----------
    year
        The row's year, which ``start`` and ``end`` refer to.
    period
        As in ``FORMS``, not empty.

    Returns
    -------
    Span
        First and last day.

    Raises
    ------
    ValueError
        Where the period cannot be read.
    """
    if period == "start":
        return Span(date(year, 1, 1), date(year, 1, 1))
    if period == "end":
        return Span(date(year, 12, 31), date(year, 12, 31))
    first, slash, last = period.partition("/")
    return Span(_unit(first, period).first, _unit(last if slash else first, period).last)


def period_problem(year: int, period: str) -> tuple[str, str] | None:
    """Return what is wrong with a period, and advice; nothing if it is fine.

    Parameters
    ----------
    year
        The row's year, in which the period must end.
    period
        What the row states, not empty.

    Returns
    -------
    tuple of str or None
        What, and advice.
    """
    if not MINYEAR <= year <= MAXYEAR:
        return f"{period!r} needs a calendar year, and year is {year}", ADVICE
    try:
        span = span_of(year, period)
    except ValueError:
        return f"{period!r} is not a period", ADVICE
    if span.last < span.first:
        return f"{period!r} ends before it starts", "Write the earlier end first."
    if span.last.year != year:
        message = f"{period!r} ends in {span.last.year}, and the year stated for it is {year}"
        return message, "State the year in which the period ends."
    return None


def _unit(text: str, period: str) -> Span:
    """Return the days of a day, month, quarter or year."""
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


def _pieces(span: Span) -> Iterator[Moment]:
    """Yield the middle and the length, in years, of the part of a span in each calendar year."""
    for year in range(span.first.year, span.last.year + 1):
        days = 366 if calendar.isleap(year) else 365
        first, last = max(span.first, date(year, 1, 1)), min(span.last, date(year, 12, 31))
        before, until = first.timetuple().tm_yday - 1, last.timetuple().tm_yday
        yield Moment(year - 0.5 + (before + until) / (2 * days), (until - before) / days)
