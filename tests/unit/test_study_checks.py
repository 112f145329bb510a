"""Study checks: a spec and rows that do not fit together are told apart before anything is computed."""

from __future__ import annotations

import warnings
from dataclasses import replace

import pytest
from tests.studies import STUDIES, study

import headcount as hc
from headcount.errors import HeadcountWarning, StudyError
from headcount.spec_checks import scope_holds

COUNT = {"source": "platform", "area": "NORTH", "year": 2021, "kind": "count", "value": 5.0}
SURVEY = {
    "source": "poll", "area": "NORTH", "year": 2021, "kind": "survey", "value": 2.0, "n": 5.0, "of_scope": "helper",
}  # fmt: skip


def table(*rows):
    return hc.Observations(
        tuple(hc.Observation(**row, line=i) for i, row in enumerate(rows, start=2)), "o.csv"
    )


def faults(spec, *rows):
    with pytest.raises(StudyError) as caught:
        hc.check_study(spec, table(*rows))
    return str(caught.value).splitlines()


def test_the_toy_study_is_without_fault_or_doubt(toy_spec, toy_observations):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert hc.check_study(toy_spec, toy_observations) is None


def test_a_source_without_rows_is_left_out_with_a_warning(toy_spec, toy_observations):
    kept = toy_observations.select(lambda row: row.source not in ("poll", "analyst"))
    with pytest.warns(HeadcountWarning) as caught:
        hc.check_study(toy_spec, kept)
    assert [str(warning.message) for warning in caught] == [
        f"toy.toml [sources.{name}]: no observations from this source; it is left out."
        for name in ("analyst", "poll")
    ]


def test_rows_without_a_source_are_an_error(toy_spec):
    assert faults(toy_spec, COUNT | {"source": "platfrom"}, COUNT, COUNT | {"source": "census"}) == [
        "o.csv:2 [source]: source 'platfrom' is not in toy.toml. Did you mean 'platform'?",
        "o.csv:4 [source]: source 'census' is not in toy.toml. Known: 'analyst', 'platform', 'poll', 'registry'.",
    ]


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("Northland", "Did you mean 'NORTH'?"),
        ("north", "Did you mean 'NORTH'?"),
        ("SOUHT", "Did you mean 'SOUTH'?"),
        ("XX", "Known: 'EAST', "),
    ],
)
def test_unknown_areas_are_named_with_the_nearest_code(toy_spec, code, advice):
    [line] = faults(toy_spec, COUNT | {"area": code})
    assert line.startswith(f"o.csv:2 [area]: unknown area {code!r}. {advice}")


def test_kosovo_and_namibia(toy_spec):
    rows = "XKX,Kosovo,WORLD,main,,\nNA,Namibia,WORLD,main,,\n"
    areas = hc.parse_areas("area,name,parent,pool,remainder,members\nWORLD,World,,,,\n" + rows)
    table = hc.parse_covariates("area,year,variable,value\nXKX,2021,population,2\nNA,2021,population,2\n")
    document = toy_spec.document
    del document["sources"]["platform"]["coverage"]["regions"]
    spec = hc.parse_spec(document, areas=areas, covariates=table)
    assert faults(spec, COUNT | {"area": "Kosovo"}, COUNT | {"area": "NA"}) == [
        "o.csv:2 [area]: unknown area 'Kosovo'. Did you mean 'XKX'?"
    ]


@pytest.mark.parametrize("year", [2017, 2026, 201])
def test_years_outside_the_model(toy_spec, year):
    assert faults(toy_spec, COUNT | {"year": year}) == [
        f"o.csv:2 [year]: {year} is outside the model's years 2018 to 2025. "
        "Widen [years] in toy.toml, or say why in 'excluded'."
    ]


def test_the_ends_of_the_years_are_inside(toy_spec, toy_observations):
    growth = {
        "source": "platform",
        "area": "EAST",
        "year": 2025,
        "kind": "growth",
        "value": 0.1,
        "from_year": 2018,
    }
    extra = table(COUNT | {"year": 2018}, COUNT | {"year": 2025}, growth)
    hc.check_study(toy_spec, replace(toy_observations, rows=toy_observations.rows + extra.rows))
    growth |= {"from_year": 2010}
    assert faults(toy_spec, growth)[0].startswith("o.csv:2 [from_year]: 2010 is outside the model's years")


def test_scopes_and_wholes_are_checked(toy_spec):
    share = {"source": "platform", "area": "EAST", "year": 2021, "kind": "share", "value": 0.1}
    assert faults(
        toy_spec,
        COUNT | {"scope": "membr"},
        share | {"of_scope": "helpr"},
        share | {"of_area": "WROLD"},
    ) == [
        "o.csv:2 [scope]: unknown scope 'membr'. Did you mean 'member'?",
        "o.csv:3 [of_scope]: unknown scope 'helpr'. Did you mean 'helper'?",
        "o.csv:4 [of_area]: unknown area 'WROLD'. Did you mean 'WORLD'?",
    ]


def test_surveys_come_from_sources_with_a_selection_and_nothing_else_does(toy_spec):
    assert faults(toy_spec, SURVEY | {"source": "platform"}, COUNT | {"source": "poll"}) == [
        "o.csv:2 [kind]: a survey from 'platform', which has coverage. "
        "Surveys, and only they, come from sources with a selection.",
        "o.csv:3 [kind]: a count from 'poll', which has selection. "
        "Surveys, and only they, come from sources with a selection.",
    ]


@pytest.mark.parametrize(
    ("scope", "of_scope", "text"),
    [
        ("", "member", "scope 'member' is not declared to hold 'beekeeper'"),
        ("helper", "beekeeper", "scope 'beekeeper' is not declared to hold 'helper'"),
        ("", "beekeeper", "'beekeeper' is the scope itself"),
        ("helper", "helper", "'helper' is the scope itself"),
    ],
)
def test_a_survey_counts_a_part_of_its_respondents(toy_spec, scope, of_scope, text):
    [line] = faults(toy_spec, SURVEY | {"scope": scope, "of_scope": of_scope})
    assert line.startswith(f"o.csv:2 [of_scope]: {text}")


def test_holding_goes_along_contains_and_within_and_not_beside():
    spec = study("rich").spec
    held = {
        (outer, inner) for outer in spec.scopes for inner in spec.scopes if scope_holds(spec, outer, inner)
    }
    assert held - {(name, name) for name in spec.scopes} == {
        ("wide", "core"), ("core", "inner"), ("inner", "narrow"),
        ("wide", "inner"), ("core", "narrow"), ("wide", "narrow"),
    }  # fmt: skip


def test_excluded_rows_are_not_looked_at(toy_spec, toy_observations):
    odd = table(COUNT | {"area": "ATLANTIS", "year": 1066, "source": "bard", "excluded": "legend"})
    hc.check_study(toy_spec, replace(toy_observations, rows=toy_observations.rows + odd.rows))
    assert faults(toy_spec, COUNT | {"excluded": "doubtful"}) == [
        "o.csv: no row is left to fit. All are excluded."
    ]


def test_faults_of_all_rows_come_together(toy_spec):
    lines = faults(
        toy_spec, COUNT | {"area": "X", "year": 1, "scope": "y"}, COUNT | {"source": "z"}, COUNT | {"year": 2}
    )
    assert [line.split(": ")[0] for line in lines] == [
        "o.csv:2 [area]", "o.csv:2 [scope]", "o.csv:2 [year]", "o.csv:3 [source]", "o.csv:4 [year]",
    ]  # fmt: skip


@pytest.mark.parametrize("name", STUDIES)
def test_the_studies_of_the_tests_are_studies(name):
    spec, observations = study(name)
    absent = [source for source in spec.sources if source not in observations.sources]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        hc.check_study(spec, observations)
    assert len(caught) == len(absent)
