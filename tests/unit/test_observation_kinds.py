"""Observation kinds: complete under one name everywhere, and each refuses what it cannot mean."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tests.studies import study

from headcount.simulation.row_densities import OBSERVATION_DENSITIES
from headcount.simulation.row_draws import OBSERVATION_DRAWS
from headcount.study.observation_kinds import OBSERVATION_KINDS
from headcount.study.observation_kinds.rounded import FINE, LEAST_NOISE, is_fine, rounding_unit
from headcount.study.observations import COLUMNS, Observation
from headcount.study.row_forms import FORMS

CELLS = {
    "count": {"value": 5.0},
    "rounded": {"value": 30.0},
    "lower_bound": {"value": 5.0},
    "upper_bound": {"value": 5.0},
    "range": {"lower": 4.0, "upper": 6.0},
    "growth": {"value": 0.2, "from_year": 2020},
    "share": {"value": 0.2, "of_area": "W"},
    "suppressed": {"value": 5.0},
    "flow": {"value": 5.0},
    "survey": {"value": 2.0, "n": 5.0, "of_scope": "all"},
    "overlap": {"value": 2.0, "n": 5.0},
}


def row(kind, **cells):
    return Observation(source="s", area="A", year=2021, kind=kind, **(CELLS[kind] | cells))


def faults(kind, **cells):
    return [
        (column, message)
        for column, message, _ in OBSERVATION_KINDS[kind].problems(row(kind, **cells))
    ]


def test_every_kind_has_words_a_form_a_draw_and_a_density():
    assert OBSERVATION_KINDS.keys() == CELLS.keys()
    assert OBSERVATION_KINDS.keys() == OBSERVATION_DRAWS.keys() == OBSERVATION_DENSITIES.keys()


@pytest.mark.parametrize("name", OBSERVATION_KINDS)
def test_a_kind_has_a_use_and_an_example(name):
    kind = OBSERVATION_KINDS[name]
    assert kind.name == name
    assert f", {name}, " in kind.example
    assert kind.when.endswith(".")
    assert set(kind.required) | set(kind.optional) <= set(COLUMNS)
    assert set(kind.required).isdisjoint(kind.optional)
    assert {"scope", "period"} <= set(kind.optional)


@pytest.mark.parametrize("name", OBSERVATION_KINDS)
def test_a_plain_row_is_without_fault_and_has_a_form(name):
    assert faults(name) == []
    source = "linkage" if name == "overlap" else "first"
    stated = replace(row(name), source=source)
    assert OBSERVATION_KINDS[name].form(stated, study("lists").spec).form in FORMS


@pytest.mark.parametrize(
    ("kind", "cells", "expected"),
    [
        ("count", {"value": 0.0}, []),
        ("count", {"value": -1.0}, [("value", "-1 is negative")]),
        ("count", {"relative_se": 0.0}, [("relative_se", "0 is not above 0")]),
        ("lower_bound", {"value": 0.0}, [("value", "0 is not above 0")]),
        ("upper_bound", {"value": -2.0}, [("value", "-2 is not above 0")]),
        ("range", {"lower": 0.0}, [("lower", "0 is not above 0")]),
        ("range", {"lower": 6.0}, [("lower", "6 is not below upper = 6")]),
        ("range", {"mass": 0.0}, [("mass", "0 is not in (0, 1]")]),
        ("range", {"mass": 90.0}, [("mass", "90 is not in (0, 1]")]),
        ("range", {"mass": 1.0}, []),
        ("growth", {"value": -0.5}, []),
        ("growth", {"value": -1.0}, [("value", "-1 is not above -1")]),
        ("growth", {"from_year": 2022}, [("from_year", "2022 is not before year = 2021")]),
        ("growth", {"from_year": 2021, "from_period": "start"}, []),
        ("share", {"value": 0.0}, [("value", "0 is not above 0")]),
        ("share", {"value": 1.7}, []),
        ("share", {"of_area": "", "of_scope": "all"}, []),
        ("share", {"of_area": "", "of_source": "t"}, []),
        ("share", {"of_area": ""}, [("of_area", "a share needs of_area, of_scope or of_source")]),
        ("share", {"n": -1.0}, [("n", "-1 is not above 0")]),
        ("survey", {"value": 0.0}, []),
        ("survey", {"value": 5.0}, []),
        ("survey", {"value": 6.0}, [("value", "k = 6 is above n = 5")]),
        ("survey", {"value": -1.0}, [("value", "-1 is negative")]),
        ("survey", {"value": 1.5}, [("value", "1.5 is not a whole number")]),
        ("survey", {"n": 0.0, "value": 0.0}, [("n", "0 is not above 0")]),
        ("survey", {"n": 5.5}, [("n", "5.5 is not a whole number")]),
        ("survey", {"seen_by": "t"}, []),
        ("overlap", {"value": 0.0}, []),
        ("overlap", {"value": 5.0}, []),
        ("overlap", {"value": 6.0}, [("value", "k = 6 is above n = 5")]),
        ("overlap", {"value": 0.5}, [("value", "0.5 is not a whole number")]),
        ("suppressed", {"value": 0.0}, [("value", "0 is not above 0")]),
        ("flow", {"value": 0.0}, []),
        ("flow", {"value": -1.0}, [("value", "-1 is negative")]),
        ("flow", {"relative_se": -1.0}, [("relative_se", "-1 is not above 0")]),
        ("rounded", {"value": -10.0}, [("value", "-10 is negative")]),
        ("rounded", {"value": 0.0}, [("unit", "a rounded 0 needs a rounding unit")]),
        ("rounded", {"value": 0.0, "unit": 1000.0}, []),
        ("rounded", {"unit": 0.0}, [("unit", "0 is not above 0")]),
        ("rounded", {"unit": 15.0}, []),
        ("rounded", {"unit": 7.5}, []),
        ("rounded", {"unit": 20.0}, [("value", "30 is not a multiple of unit = 20")]),
        ("rounded", {"unit": 60.0}, [("value", "30 is not a multiple of unit = 60")]),
        ("rounded", {"unit": 1e12}, [("value", "30 is not a multiple of unit = 1e+12")]),
        ("rounded", {"value": 31.0}, []),
        (
            "rounded",
            {"value": 1.5},
            [("unit", "1.5 has no trailing zeros that give its rounding unit")],
        ),
        ("rounded", {"value": 1.5, "unit": 0.1}, []),
        ("rounded", {"relative_se": 0.0}, [("relative_se", "0 is not above 0")]),
    ],
)
def test_problems_of_a_kind(kind, cells, expected):
    assert faults(kind, **cells) == expected


@pytest.mark.parametrize("kind", OBSERVATION_KINDS)
def test_checks_accept_rows_with_empty_cells(kind):
    bare = Observation(source="s", area="A", year=2021, kind=kind)
    found = list(OBSERVATION_KINDS[kind].problems(bare))
    assert all(math.isfinite(len(message)) for _, message, _ in found)
    assert {column for column, *_ in found} <= {"of_area"}


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (30_000.0, 1e4),
        (31_400.0, 100.0),
        (7.0, 1.0),
        (1_000_000.0, 1e6),
        (1e18, 1e18),
        (1_230_000_001.0, 1.0),
    ],
)
def test_a_number_tells_by_its_zeros_to_what_it_is_rounded(value, unit):
    assert rounding_unit(row("rounded", value=value)) == unit
    assert rounding_unit(row("rounded", value=value, unit=0.5)) == 0.5


def test_a_unit_that_is_not_met_names_the_nearest_number():
    [(_, what, advice)] = OBSERVATION_KINDS["rounded"].problems(
        row("rounded", value=31_400.0, unit=1000.0)
    )
    assert (what, advice) == ("31,400 is not a multiple of unit = 1,000", "The nearest is 31,000.")
    # Not 0, which would say something else.
    [(*_, advice)] = OBSERVATION_KINDS["rounded"].problems(row("rounded", value=3.0, unit=1000.0))
    assert advice == "The nearest is 1,000."


def test_rounding_that_no_noise_could_show_is_a_number():
    # 1 / y = 0.0001 beside 0.05^2: the sd is 0.051, a tenth of it 0.0051, and the unit over the
    # number about that.
    assert is_fine(row("rounded", value=10_000.0, unit=50.0))
    assert not is_fine(row("rounded", value=10_000.0, unit=52.0))
    assert is_fine(row("rounded", value=10_000.0, unit=400.0, relative_se=0.4))
    assert (FINE, LEAST_NOISE) == (0.1, 0.05)


@given(units=some.integers(1, 10**9), unit=some.floats(1e-6, 1e9))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_multiple_of_the_unit_has_an_interval(units, unit):
    stated = row("rounded", value=units * unit, unit=unit)
    assert [*OBSERVATION_KINDS["rounded"].problems(stated)] == []
    assert stated.value > rounding_unit(stated) / 2
    assert is_fine(stated) in (True, False)
