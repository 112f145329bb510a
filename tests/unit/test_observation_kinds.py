"""Observation kinds: complete under one name everywhere, and each refuses what it cannot mean."""

from __future__ import annotations

import math

import pytest

from headcount.observation_kinds import OBSERVATION_KINDS
from headcount.observations import COLUMNS, Observation
from headcount.row_forms import FORMS, ROW_FORMS, form_of
from headcount.simulation.density import OBSERVATION_DENSITIES
from headcount.simulation.draws import OBSERVATION_DRAWS

CELLS = {
    "count": {"value": 5.0},
    "lower_bound": {"value": 5.0},
    "upper_bound": {"value": 5.0},
    "range": {"lower": 4.0, "upper": 6.0},
    "growth": {"value": 0.2, "from_year": 2020},
    "share": {"value": 0.2, "of_area": "W"},
    "survey": {"value": 2.0, "n": 5.0, "of_scope": "all"},
}


def row(kind, **cells):
    return Observation(source="s", area="A", year=2021, kind=kind, **(CELLS[kind] | cells))


def faults(kind, **cells):
    return [(column, what) for column, what, _ in OBSERVATION_KINDS[kind].problems(row(kind, **cells))]


def test_every_kind_has_words_a_form_a_draw_and_a_density():
    assert OBSERVATION_KINDS.keys() == CELLS.keys()
    assert (
        OBSERVATION_KINDS.keys()
        == ROW_FORMS.keys()
        == OBSERVATION_DRAWS.keys()
        == OBSERVATION_DENSITIES.keys()
    )


@pytest.mark.parametrize("name", OBSERVATION_KINDS)
def test_a_kind_says_what_it_is_for(name):
    kind = OBSERVATION_KINDS[name]
    assert kind.name == name
    assert f", {name}, " in kind.aloud
    assert kind.when.endswith(".")
    assert set(kind.required) | set(kind.optional) <= set(COLUMNS)
    assert set(kind.required).isdisjoint(kind.optional)


@pytest.mark.parametrize("name", OBSERVATION_KINDS)
def test_a_plain_row_is_without_fault_and_has_a_form(name):
    assert faults(name) == []
    assert form_of(row(name), "target").form in FORMS


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
        ("share", {"value": 0.0}, [("value", "0 is not above 0")]),
        ("share", {"value": 1.7}, []),
        ("share", {"of_area": "", "of_scope": "all"}, []),
        ("share", {"of_area": ""}, [("of_area", "a share needs of_area, of_scope or both")]),
        ("share", {"n": -1.0}, [("n", "-1 is not above 0")]),
        ("survey", {"value": 0.0}, []),
        ("survey", {"value": 5.0}, []),
        ("survey", {"value": 6.0}, [("value", "k = 6 is above n = 5")]),
        ("survey", {"value": -1.0}, [("value", "-1 is negative")]),
        ("survey", {"value": 1.5}, [("value", "1.5 is not a whole number")]),
        ("survey", {"n": 0.0, "value": 0.0}, [("n", "0 is not above 0")]),
        ("survey", {"n": 5.5}, [("n", "5.5 is not a whole number")]),
    ],
)
def test_what_a_kind_refuses(kind, cells, expected):
    assert faults(kind, **cells) == expected


@pytest.mark.parametrize("kind", OBSERVATION_KINDS)
def test_checks_bear_rows_whose_cells_are_missing(kind):
    bare = Observation(source="s", area="A", year=2021, kind=kind)
    found = list(OBSERVATION_KINDS[kind].problems(bare))
    assert all(math.isfinite(len(what)) for _, what, _ in found)
    assert {column for column, *_ in found} <= {"of_area"}
