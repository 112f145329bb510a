"""Row forms: each kind of observation as the likelihood sees it; the numbers are those of
docs/model.md."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tests.studies import study

from headcount.study.observation_kinds import kind_of
from headcount.study.observations import Observation
from headcount.study.periods import Moment, moments
from headcount.study.row_forms import FORMS, FormRow, Term

SPEC = study("lists").spec
"""Sources ``first`` (of scope wide), ``second`` (of scope core), ``linkage`` of these two, and
``poll`` (of scope health)."""


def form(kind, source="first", **cells):
    row = Observation(source=source, area="A", year=2021, kind=kind, **cells)
    return kind_of(row).form(row, SPEC)


NOW = (Moment(2021.0, 1.0),)
PART = Term("first", "wide", "A", NOW)

CELLS = {
    "count": {"value": 5.0},
    "rounded": {"value": 30_000.0},
    "flow": {"value": 5.0},
    "upper_bound": {"value": 5.0},
    "suppressed": {"value": 5.0},
    "range": {"lower": 4.0, "upper": 6.0},
    "growth": {"value": 0.1, "from_year": 2020},
    "share": {"value": 0.1, "of_area": "W"},
    "survey": {"source": "poll", "value": 1.0, "n": 5.0, "of_scope": "wide"},
    "overlap": {"source": "linkage", "value": 1.0, "n": 5.0},
}


def test_a_count():
    assert form("count", value=100.0) == FormRow("stated", PART, None, math.log(100), variance=0.01)
    assert form("count", value=100.0, relative_se=0.2).variance == pytest.approx(0.05)


@pytest.mark.parametrize("kind", ["count", "flow"])
def test_a_zero_is_fewer_than_one(kind):
    assert form(kind, value=0.0) == FormRow("bound", PART, None, 0.0, 1.0, variance=1.0)


@pytest.mark.parametrize(
    ("kind", "side"), [("lower_bound", -1.0), ("upper_bound", 1.0), ("suppressed", 1.0)]
)
def test_a_bound(kind, side):
    assert form(kind, value=50.0) == FormRow("bound", PART, None, math.log(50), side, variance=0.02)


def test_a_soft_range():
    found = form("range", lower=80.0, upper=125.0, mass=0.8)
    se = math.log(125 / 80) / (2 * 1.2815515655446004)
    assert (found.form, found.numerator, found.denominator, found.noise_factor) == (
        "stated",
        PART,
        None,
        1.0,
    )
    assert found.value == pytest.approx(math.log(100))
    assert found.variance == pytest.approx(se**2 + 0.01)


def test_a_range_has_ninety_percent_if_it_does_not_say():
    assert form("range", lower=80.0, upper=125.0) == form(
        "range", lower=80.0, upper=125.0, mass=0.9
    )


def test_the_best_guess_of_a_range_is_not_a_second_statement():
    assert form("range", lower=80.0, upper=125.0, value=90.0) == form(
        "range", lower=80.0, upper=125.0
    )


def test_a_hard_range():
    found = form("range", lower=80.0, upper=125.0, mass=1.0)
    assert (found.form, found.numerator, found.denominator) == ("interval", PART, None)
    assert (found.value, found.other) == (math.log(80), math.log(125))
    assert found.variance == pytest.approx(0.01)


# Rounding


def test_a_rounded_number_is_an_interval_as_wide_as_its_unit():
    found = form("rounded", value=30_000.0)
    assert found == FormRow(
        "interval",
        PART,
        None,
        math.log(25_000),
        math.log(35_000),
        variance=pytest.approx(1 / 30_000),
    )
    assert form("rounded", value=30_000.0, unit=1e4) == found
    assert form("rounded", value=30_000.0, relative_se=0.1).variance == pytest.approx(
        0.01 + 1 / 30_000
    )
    assert form("rounded", value=30_000.0, unit=5_000.0).value == math.log(27_500)


@pytest.mark.parametrize("cells", [{"value": 31_415.0}, {"value": 31_400.0, "unit": 50.0}])
def test_rounding_that_cannot_be_seen_is_a_count(cells):
    assert form("rounded", **cells) == form("count", value=cells["value"])


def test_a_rounded_zero_is_fewer_than_half_a_unit():
    assert form("rounded", value=0.0, unit=1000.0) == FormRow(
        "bound", PART, None, math.log(500), 1.0, variance=1 / 500
    )


def test_what_rounding_can_hide_is_never_minus_infinity():
    found = form("rounded", value=10.0)
    assert (found.value, found.other) == (math.log(5), math.log(15))


# When


def test_a_row_says_when():
    found = form("count", value=5.0, period="end")
    assert found.numerator == Term("first", "wide", "A", moments(2021, "end"))
    found = form("count", value=5.0, period="2019/2021")
    assert [moment.weight for moment in found.numerator.when] == pytest.approx([1 / 3] * 3)


def test_a_flow_counts_years_and_a_stock_does_not():
    flow, stock = (form(kind, value=5.0, period="2019/2021") for kind in ("flow", "count"))
    assert [moment.weight for moment in flow.numerator.when] == pytest.approx([1.0, 1.0, 1.0])
    assert [moment.time for moment in flow.numerator.when] == [
        moment.time for moment in stock.numerator.when
    ]
    assert form("flow", value=5.0).numerator == form("count", value=5.0).numerator


@pytest.mark.parametrize("kind", CELLS)
def test_both_sides_of_a_row_are_of_its_period(kind):
    found = form(kind, period="2021-Q3", **CELLS[kind])
    terms = [found.numerator, found.second_numerator] + (
        [] if kind == "growth" else [found.denominator]
    )
    assert {term.when for term in terms if term} == {moments(2021, "2021-Q3", flow=kind == "flow")}


# Comparisons


def test_growth_compares_a_source_with_itself():
    found = form("growth", value=0.25, from_year=2019)
    before = Term("first", "wide", "A", (Moment(2019.0, 1.0),))
    assert found == FormRow("stated", PART, before, math.log(1.25), noise_factor=2.0)


def test_growth_says_when_in_both_years():
    found = form("growth", value=0.25, from_year=2019, period="end", from_period="2019-Q1")
    assert found.numerator.when == moments(2021, "end")
    assert found.denominator.when == moments(2019, "2019-Q1")
    # The period of the row says nothing about the year before.
    assert form("growth", value=0.25, from_year=2019, period="end").denominator.when == moments(
        2019
    )


@pytest.mark.parametrize(
    ("cells", "whole"),
    [
        ({"of_area": "W"}, Term("first", "wide", "W", NOW)),
        ({"of_scope": "core"}, Term("first", "core", "A", NOW)),
        ({"of_area": "W", "of_scope": "core"}, Term("first", "core", "W", NOW)),
        ({"of_source": "second"}, Term("second", "wide", "A", NOW)),
        ({"of_source": "second", "of_scope": "core"}, Term("second", "core", "A", NOW)),
        ({"of_source": "second", "of_area": "W"}, Term("second", "wide", "W", NOW)),
    ],
)
def test_a_share_has_in_common_with_its_whole_what_it_does_not_state(cells, whole):
    found = form("share", value=0.2, **cells)
    assert found == FormRow("stated", PART, whole, math.log(0.2))


def test_a_share_with_a_base_has_the_error_of_a_sample():
    assert form("share", value=0.2, of_area="W", n=50.0).variance == pytest.approx(0.8 / (50 * 0.2))
    assert form("share", value=1.5, of_area="W", n=50.0).variance == 0


# People


def test_a_survey_is_about_people_not_about_what_the_source_reaches():
    found = form("survey", source="poll", value=3.0, n=20.0, of_scope="wide")
    people = (Term("", "health", "A", NOW), Term("", "wide", "A", NOW))
    assert found == FormRow("survey", *people, 3.0, 20.0)


def test_a_survey_of_a_list_is_about_those_who_are_rightly_on_it():
    found = form(
        "survey", source="poll", value=3.0, n=20.0, scope="core", of_scope="core", seen_by="second"
    )
    listed = Term("second", "core", "A", NOW, bare=True)
    assert found == FormRow("survey", listed, Term("", "core", "A", NOW), 3.0, 20.0)


def test_an_overlap_compares_two_lists_with_all_people():
    found = form("overlap", source="linkage", value=3.0, n=20.0)
    first, second = (Term(name, "wide", "A", NOW, bare=True) for name in ("first", "second"))
    assert found == FormRow(
        "overlap", first, Term("", "wide", "A", NOW), 3.0, 20.0, second_numerator=second
    )
    assert (
        form("overlap", source="linkage", value=3.0, n=20.0, scope="core").second_numerator.scope
        == "core"
    )


@pytest.mark.parametrize("kind", CELLS)
def test_a_row_s_own_scope_comes_before_its_source_s(kind):
    found = form(kind, scope="finance", **CELLS[kind])
    assert found.form in FORMS
    assert found.numerator.scope == "finance"
    if found.denominator is not None and kind != "survey":
        assert found.denominator.scope == "finance"


def test_a_row_that_was_not_checked_is_a_fault_of_the_program():
    for kind in ("count", "range", "growth", "rounded"):
        with pytest.raises(AssertionError):
            form(kind, value=1.0 if kind == "growth" else None)


NUMBERS = some.floats(1e-15, 1e18)


@given(low=NUMBERS, wide=some.floats(1.001, 1e6), mass=some.floats(1e-15, 1), se=NUMBERS, n=NUMBERS)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_numbers_of_any_size_that_the_table_lets_through_are_computed_with(low, wide, mass, se, n):
    forms = [
        form("count", value=low, relative_se=se),
        form("flow", value=low, relative_se=se),
        form("lower_bound", value=low),
        form("rounded", value=low, unit=low),
        form("rounded", value=low, unit=low, relative_se=se),
        form("rounded", value=0.0, unit=low),
        form("range", lower=low, upper=low * wide, mass=mass),
        form("share", value=low, of_area="W", n=n),
    ]
    for found in forms:
        assert math.isfinite(found.value)
        assert math.isfinite(found.other)
        assert math.isfinite(found.variance)
        assert found.variance >= 0
