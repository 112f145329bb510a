"""Periods: the calendar as it is, cut at the turns of years, and whatever is no period named."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from headcount.study.periods import Moment, moments, period_problem, span_of

PROPERTY = settings(max_examples=200, deadline=None, derandomize=True)

WRITE = (
    "Write 2021, 2021-Q3, 2021-06, 2021-12-31, an interval such as 2021-07/2022-06, start or end."
)

DAYS = some.dates(date(1900, 1, 1), date(2199, 12, 31))


@some.composite
def units(draw):
    """A day, month, quarter or year, as text and as its last day's year."""
    day = draw(DAYS)
    form = draw(some.sampled_from(["%Y-%m-%d", "%Y-%m", "%Y-Q", "%Y"]))
    return day.strftime(form) + (str((day.month + 2) // 3) if form.endswith("Q") else "")


@some.composite
def periods(draw):
    """A year and a period that ends in it."""
    if draw(some.booleans()):
        return draw(DAYS).year, draw(some.sampled_from(["start", "end"]))
    first = draw(units())
    if draw(some.booleans()):
        return span_of(2000, first).last.year, first
    last = draw(units())
    ordered = sorted(
        [first, last], key=lambda text: (span_of(2000, text).first, span_of(2000, text).last)
    )
    period = "/".join(ordered)
    return span_of(2000, period).last.year, period


def length(span):
    """Length in years, a day at a time."""
    day, total = span.first, 0.0
    while day <= span.last:
        total += 1 / (date(day.year + 1, 1, 1) - date(day.year, 1, 1)).days
        day += timedelta(days=1)
    return total


def time(day):
    """The beginning of a day, in years from the middle of year 0."""
    new_year = date(day.year, 1, 1)
    return day.year - 0.5 + (day - new_year).days / (date(day.year + 1, 1, 1) - new_year).days


@pytest.mark.parametrize(
    ("year", "period", "first", "last"),
    [
        (2021, "start", (2021, 1, 1), (2021, 1, 1)),
        (2021, "end", (2021, 12, 31), (2021, 12, 31)),
        (2021, "2021", (2021, 1, 1), (2021, 12, 31)),
        (2021, "2021-Q1", (2021, 1, 1), (2021, 3, 31)),
        (2021, "2021-Q4", (2021, 10, 1), (2021, 12, 31)),
        (2020, "2020-02", (2020, 2, 1), (2020, 2, 29)),
        (2100, "2100-02", (2100, 2, 1), (2100, 2, 28)),
        (2021, "2021-12-31", (2021, 12, 31), (2021, 12, 31)),
        (2021, "2021-07/2021-12", (2021, 7, 1), (2021, 12, 31)),
        (2021, "2019/2021", (2019, 1, 1), (2021, 12, 31)),
        (2021, "2020-Q4/2021-02-15", (2020, 10, 1), (2021, 2, 15)),
    ],
)
def test_the_days_of_a_period(year, period, first, last):
    assert span_of(year, period).first == date(*first)
    assert span_of(year, period).last == date(*last)
    assert period_problem(year, period) is None


def test_a_row_without_a_period_refers_to_the_middle_of_its_year():
    assert moments(2021) == moments(2021, flow=True) == (Moment(2021.0, 1.0),)
    assert moments(2021, "2021") == moments(2021, "2021", flow=True) == (Moment(2021.0, 1.0),)


def test_the_ends_of_a_year_are_half_a_day_from_it():
    [start], [end] = moments(2021, "start"), moments(2021, "end")
    assert start.time == pytest.approx(2020.5 + 0.5 / 365, abs=1e-9)
    assert end.time == pytest.approx(2021.5 - 0.5 / 365, abs=1e-9)


def test_a_month_is_a_moment_at_its_middle():
    # The 1st of June is the 152nd day, and June has 30.
    [june] = moments(2021, "2021-06")
    assert june == Moment(pytest.approx(2020.5 + (151 + 15) / 365, abs=1e-9), 1.0)
    [flow] = moments(2021, "2021-06", flow=True)
    assert flow == Moment(june.time, pytest.approx(30 / 365))
    [leap] = moments(2020, "2020-06", flow=True)
    assert leap.weight == pytest.approx(30 / 366)


def test_a_period_is_cut_at_the_turn_of_the_year():
    autumn, winter = moments(2021, "2020-Q4/2021-01")
    assert (autumn.weight, winter.weight) == (
        pytest.approx((92 / 366) / (92 / 366 + 31 / 365)),
        pytest.approx((31 / 365) / (92 / 366 + 31 / 365)),
    )
    assert autumn.time == pytest.approx(2020.5 - 46 / 366, abs=1e-9)
    assert winter.time == pytest.approx(2020.5 + 15.5 / 365, abs=1e-9)
    assert [moment.weight for moment in moments(2021, "2020-Q4/2021-01", flow=True)] == [
        pytest.approx(92 / 366),
        pytest.approx(31 / 365),
    ]


@pytest.mark.parametrize("year", [1, 2021, 9999])
@pytest.mark.parametrize("period", ["", "start", "end"])
def test_the_first_and_last_years_of_the_calendar_are_years(year, period):
    assert abs(moments(year, period)[0].time - year) <= 0.5


@PROPERTY
@given(stated=periods())
def test_a_stock_weighs_one_and_a_flow_its_length(stated):
    year, period = stated
    assert period_problem(year, period) is None
    span = span_of(year, period)
    stock, flow = moments(year, period), moments(year, period, flow=True)
    assert sum(moment.weight for moment in stock) == pytest.approx(1, rel=1e-12)
    assert sum(moment.weight for moment in flow) == pytest.approx(length(span), rel=1e-9)
    assert [moment.time for moment in stock] == [moment.time for moment in flow]
    assert len(stock) == span.last.year - span.first.year + 1


@PROPERTY
@given(stated=periods())
def test_moments_rise_and_lie_inside_their_period(stated):
    year, period = stated
    span, found = span_of(year, period), moments(year, period)
    times = [moment.time for moment in found]
    assert times == sorted(times)
    assert all(moment.weight > 0 for moment in found)
    assert time(span.first) < times[0]
    assert times[-1] < time(span.last + timedelta(days=1))
    # One a calendar year, which runs from half a year before its middle to half a year after.
    assert [round(moment) for moment in times] == [*range(span.first.year, span.last.year + 1)]


@PROPERTY
@given(first=DAYS, lengths=some.tuples(some.integers(0, 800), some.integers(1, 800)))
def test_flows_of_adjoining_periods_add_up(first, lengths):
    until = first + timedelta(days=lengths[0])
    after, last = until + timedelta(days=1), until + timedelta(days=lengths[1])
    parts = [(first, until), (after, last)]
    split = [m for a, b in parts for m in moments(b.year, f"{a}/{b}", flow=True)]
    whole = moments(last.year, f"{first}/{last}", flow=True)
    assert sum(m.weight for m in split) == pytest.approx(sum(m.weight for m in whole))
    assert sum(m.weight * m.time for m in split) == pytest.approx(
        sum(m.weight * m.time for m in whole)
    )


@PROPERTY
@given(day=DAYS)
def test_one_unit_is_an_interval_to_itself(day):
    for text in (f"{day}", f"{day:%Y-%m}", f"{day:%Y}"):
        assert span_of(day.year, text) == span_of(day.year, f"{text}/{text}")


@pytest.mark.parametrize(
    "period",
    [
        "mid", "End", "21", "20211", "2021-13", "2021-00", "2021-1", "2021-Q5", "2021-q1", "Q3",
        "2021-02-29", "2021-06-31", "2021/", "/2021", "2021/09", "2021-07/09", "2021/P1Y",
        "2020/2021/2022", "2021 - 2022", "0000", "end/2021", "٢٠٢١", " ",
    ],
)  # fmt: skip
def test_an_invalid_period_is_answered_with_the_valid_forms(period):
    assert period_problem(2021, period) == (f"{period!r} is not a period", WRITE)
    with pytest.raises(ValueError, match="is not a period|month must be|day |year "):
        moments(2021, period)


@pytest.mark.parametrize(
    ("year", "period", "message", "advice"),
    [
        (
            2021,
            "2020-Q4",
            "'2020-Q4' ends in 2020, and the year stated for it is 2021",
            "State the year in which the period ends.",
        ),
        (
            2021,
            "2021-07/2022-06",
            "'2021-07/2022-06' ends in 2022, and the year stated for it is 2021",
            "State the year in which the period ends.",
        ),
        (2021, "2022/2021", "'2022/2021' ends before it starts", "Write the earlier date first."),
        (
            2021,
            "2021-07/2021-06",
            "'2021-07/2021-06' ends before it starts",
            "Write the earlier date first.",
        ),
        (-5, "end", "'end' needs a calendar year, and year is -5", WRITE),
        (20211, "2021", "'2021' needs a calendar year, and year is 20211", WRITE),
    ],
)
def test_a_period_ends_in_the_year_of_its_row(year, period, message, advice):
    assert period_problem(year, period) == (message, advice)
