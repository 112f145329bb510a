"""Row forms: each kind of observation as the likelihood sees it; the numbers are those of docs/model.md."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from headcount.observations import Observation
from headcount.row_forms import FormRow, Term, form_of


def form(kind, **cells):
    return form_of(Observation(source="s", area="A", year=2021, kind=kind, **cells), "own")


PART = Term("s", "own", "A", 2021)


def test_a_count():
    assert form("count", value=100.0) == FormRow("stated", PART, None, math.log(100), variance=0.01)
    assert form("count", value=100.0, relative_se=0.2).variance == pytest.approx(0.05)


def test_a_zero_is_fewer_than_one():
    assert form("count", value=0.0) == FormRow("bound", PART, None, 0.0, 1.0, variance=1.0)


@pytest.mark.parametrize(("kind", "side"), [("lower_bound", -1.0), ("upper_bound", 1.0)])
def test_a_bound(kind, side):
    assert form(kind, value=50.0) == FormRow("bound", PART, None, math.log(50), side, variance=0.02)


def test_a_soft_range():
    found = form("range", lower=80.0, upper=125.0, mass=0.8)
    se = math.log(125 / 80) / (2 * 1.2815515655446004)
    assert (found.form, found.part, found.whole, found.noise_factor) == ("stated", PART, None, 1.0)
    assert found.value == pytest.approx(math.log(100))
    assert found.variance == pytest.approx(se**2 + 0.01)


def test_a_range_has_ninety_percent_if_it_does_not_say():
    assert form("range", lower=80.0, upper=125.0) == form("range", lower=80.0, upper=125.0, mass=0.9)


def test_the_best_guess_of_a_range_is_not_a_second_statement():
    assert form("range", lower=80.0, upper=125.0, value=90.0) == form("range", lower=80.0, upper=125.0)


def test_a_hard_range():
    found = form("range", lower=80.0, upper=125.0, mass=1.0)
    assert (found.form, found.part, found.whole) == ("interval", PART, None)
    assert (found.value, found.other) == (math.log(80), math.log(125))
    assert found.variance == pytest.approx(0.01)


def test_growth_compares_a_source_with_itself():
    found = form("growth", value=0.25, from_year=2019)
    assert found == FormRow("stated", PART, Term("s", "own", "A", 2019), math.log(1.25), noise_factor=2.0)


@pytest.mark.parametrize(
    ("cells", "whole"),
    [
        ({"of_area": "W"}, Term("s", "own", "W", 2021)),
        ({"of_scope": "all"}, Term("s", "all", "A", 2021)),
        ({"of_area": "W", "of_scope": "all"}, Term("s", "all", "W", 2021)),
    ],
)
def test_a_share_compares_areas_scopes_or_both(cells, whole):
    found = form("share", value=0.2, **cells)
    assert found == FormRow("stated", PART, whole, math.log(0.2))


def test_a_share_with_a_base_has_the_error_of_a_sample():
    assert form("share", value=0.2, of_area="W", n=50.0).variance == pytest.approx(0.8 / (50 * 0.2))
    assert form("share", value=1.5, of_area="W", n=50.0).variance == 0


def test_a_survey_is_about_people_not_about_what_the_source_reaches():
    found = form("survey", value=3.0, n=20.0, of_scope="all")
    assert found == FormRow("survey", Term("", "own", "A", 2021), Term("", "all", "A", 2021), 3.0, 20.0)


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        ("count", {"value": 5.0}),
        ("upper_bound", {"value": 5.0}),
        ("range", {"lower": 4.0, "upper": 6.0}),
        ("range", {"lower": 4.0, "upper": 6.0, "mass": 1.0}),
        ("growth", {"value": 0.1, "from_year": 2020}),
        ("share", {"value": 0.1, "of_area": "W"}),
        ("survey", {"value": 1.0, "n": 5.0, "of_scope": "all"}),
    ],
)
def test_a_row_s_own_scope_comes_before_its_source_s(kind, cells):
    found = form(kind, scope="other", **cells)
    assert found.part.scope == "other"
    if found.whole is not None and kind != "survey":
        assert found.whole.scope == "other"


def test_a_row_that_was_not_checked_is_a_fault_of_the_program():
    for kind in ("count", "range", "growth"):
        with pytest.raises(AssertionError):
            form(kind, value=1.0 if kind == "growth" else None)


NUMBERS = some.floats(1e-15, 1e18)


@given(low=NUMBERS, wide=some.floats(1.001, 1e6), mass=some.floats(1e-15, 1), se=NUMBERS, n=NUMBERS)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_numbers_of_any_size_that_the_table_lets_through_are_computed_with(low, wide, mass, se, n):
    forms = [
        form("count", value=low, relative_se=se),
        form("lower_bound", value=low),
        form("range", lower=low, upper=low * wide, mass=mass),
        form("share", value=low, of_area="W", n=n),
    ]
    for found in forms:
        assert math.isfinite(found.value)
        assert math.isfinite(found.variance)
        assert found.variance >= 0
