"""Study checks: rows that do not fit a spec are refused or doubted before anything is computed."""

from __future__ import annotations

import warnings
from dataclasses import replace

import pytest
from tests.studies import STUDIES, study

import headcount as hc
from headcount.errors import HeadcountWarning, StudyError
from headcount.study.study_checks import mentioned_sources

COUNT = {"source": "platform", "area": "NORTH", "year": 2021, "kind": "count", "value": 5.0}
SURVEY = {
    "source": "poll", "area": "NORTH", "year": 2021, "kind": "survey", "value": 2.0, "n": 5.0,
    "of_scope": "helper",
}  # fmt: skip


def table(*rows):
    return hc.Observations(
        tuple(hc.Observation(**row, line=i) for i, row in enumerate(rows, start=2)), "o.csv"
    )


def faults(spec, *rows):
    with pytest.raises(StudyError) as caught:
        hc.Study(spec, table(*rows))
    return str(caught.value).splitlines()


def test_the_toy_study_is_without_fault_or_doubt(toy_spec, toy_observations):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert hc.Study(toy_spec, toy_observations).observations is toy_observations


def test_a_source_without_rows_is_left_out_with_a_warning(toy_spec, toy_observations):
    kept = toy_observations.select(lambda row: row.source not in ("poll", "analyst"))
    with pytest.warns(HeadcountWarning) as caught:
        hc.Study(toy_spec, kept)
    assert [str(warning.message) for warning in caught] == [
        f"toy.toml [sources.{name}]: no observations from this source; it is left out."
        for name in ("analyst", "poll")
    ]


def test_rows_without_a_source_are_an_error(toy_spec):
    assert faults(
        toy_spec, COUNT | {"source": "platfrom"}, COUNT, COUNT | {"source": "census"}
    ) == [
        "o.csv:2 [source]: source 'platfrom' is not in toy.toml. Did you mean 'platform'?",
        "o.csv:4 [source]: source 'census' is not in toy.toml. Known: 'analyst', 'platform', "
        "'poll', 'registry'.",
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
    table = hc.parse_covariates(
        "area,year,variable,value\nXKX,2021,population,2\nNA,2021,population,2\n"
    )
    document = toy_spec.document
    del document["sources"]["platform"]["coverage"]["regions"], document["candidates"]
    spec = hc.parse_spec(document, areas=areas, covariates=table)
    assert faults(spec, COUNT | {"area": "Kosovo"}, COUNT | {"area": "NA"}) == [
        "o.csv:2 [area]: unknown area 'Kosovo'. Did you mean 'XKX'?"
    ]


@pytest.mark.parametrize("year", [2017, 2026, 201])
def test_years_outside_the_model(toy_spec, year):
    assert faults(toy_spec, COUNT | {"year": year}) == [
        f"o.csv:2 [year]: {year} is outside the model's years 2018 to 2025. "
        "Widen [years] in toy.toml, or exclude the row."
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
    hc.Study(toy_spec, replace(toy_observations, rows=toy_observations.rows + extra.rows))
    growth |= {"from_year": 2010}
    assert faults(toy_spec, growth)[0].startswith(
        "o.csv:2 [from_year]: 2010 is outside the model's years"
    )


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
        ("", "member", "scope 'member' is not declared to contain 'beekeeper'"),
        ("helper", "beekeeper", "scope 'beekeeper' is not declared to contain 'helper'"),
        ("", "beekeeper", "'beekeeper' is the scope itself"),
        ("helper", "helper", "'helper' is the scope itself"),
    ],
)
def test_a_survey_counts_a_part_of_its_respondents(toy_spec, scope, of_scope, text):
    [line] = faults(toy_spec, SURVEY | {"scope": scope, "of_scope": of_scope})
    assert line.startswith(f"o.csv:2 [of_scope]: {text}")


def test_a_survey_of_a_list_may_ask_the_scope_itself(toy_spec, toy_observations):
    seen = SURVEY | {"seen_by": "platform", "of_scope": "beekeeper"}
    extra = table(seen, seen | {"of_scope": "helper"})
    hc.Study(toy_spec, replace(toy_observations, rows=toy_observations.rows + extra.rows))
    assert faults(toy_spec, seen | {"scope": "helper"}) == [
        "o.csv:2 [of_scope]: scope 'beekeeper' is not declared to contain 'helper'. "
        "A survey counts part of its respondents: chain them by contains, within or part_of."
    ]


def test_surveys_and_shares_refer_to_sources_that_see_something(toy_spec):
    share = COUNT | {"kind": "share", "value": 0.1}
    assert faults(
        toy_spec,
        SURVEY | {"seen_by": "registry", "of_scope": "beekeeper"},
        SURVEY | {"seen_by": "platfrom", "of_scope": "beekeeper"},
        share | {"of_source": "poll"},
        share | {"of_source": "registri"},
    ) == [
        "o.csv:2 [seen_by]: 'registry' is no source with coverage. Known: 'platform'.",
        "o.csv:3 [seen_by]: 'platfrom' is no source with coverage. Did you mean 'platform'?",
        "o.csv:4 [of_source]: 'poll' is no source with coverage or multiplier or anchor or trend. "
        "Known: 'analyst', 'platform', 'registry'.",
        "o.csv:5 [of_source]: 'registri' is no source with coverage or multiplier or anchor or "
        "trend. "
        "Did you mean 'registry'?",
    ]


def test_a_copy_is_not_referred_to(toy_spec):
    document = toy_spec.document
    document["sources"]["blog"] = {"title": "t", "copy_of": "platform"}
    tables = {"areas": toy_spec.areas, "covariates": toy_spec.covariate_table}
    spec = hc.parse_spec(document, **tables)
    assert faults(spec, SURVEY | {"seen_by": "blog", "of_scope": "beekeeper"}) == [
        "o.csv:2 [seen_by]: 'blog' is no source with coverage. It is a copy; name the original, "
        "'platform'."
    ]


def test_nobody_of_a_known_population_is_on_a_list():
    spec = study("lists").spec
    document = spec.document
    document["scopes"]["people"] = {"definition": "d", "covariate": "people"}
    spec = hc.parse_spec(document, areas=spec.areas, covariates=spec.covariate_table)
    where = {"area": "A", "year": 2021, "value": 2.0, "n": 5.0, "scope": "people"}
    overlap = where | {"source": "linkage", "kind": "overlap"}
    survey = where | {"source": "poll", "kind": "survey", "of_scope": "people", "seen_by": "first"}
    assert faults(spec, overlap, survey) == [
        f"o.csv:{line} [scope]: 'people' is a known population, to which no "
        "coverage applies. "
        "State the scope of the people on the list."
        for line in (2, 3)
    ]


@pytest.mark.parametrize(
    ("source", "kind", "expected"),
    [
        (
            "first",
            "overlap",
            "an overlap from 'first', which has coverage. Overlaps, and only they,",
        ),
        (
            "poll",
            "overlap",
            "an overlap from 'poll', which has selection. Overlaps, and only they,",
        ),
        (
            "linkage",
            "count",
            "a count from 'linkage', which has dependence. Overlaps, and only they,",
        ),
        (
            "linkage",
            "survey",
            "a survey from 'linkage', which has dependence. Surveys, and only they,",
        ),
        (
            "first",
            "flow",
            "a flow from 'first', which has coverage. Flows come from sources with a multiplier",
        ),
        (
            "poll",
            "flow",
            "a flow from 'poll', which has selection. Flows come from sources with a multiplier",
        ),
        (
            "index",
            "flow",
            "a flow from 'index', which has trend. Flows come from sources with a multiplier",
        ),
    ],
)
def test_some_kinds_come_from_one_kind_of_source(source, kind, expected):
    row = {"source": source, "area": "A", "year": 2021, "kind": kind, "value": 2.0, "n": 5.0}
    [line] = faults(
        study("lists").spec,
        row | ({"scope": "core", "of_scope": "wide"} if kind == "survey" else {}),
    )
    assert line.startswith(f"o.csv:2 [kind]: {expected}")


def test_counts_and_flows_may_come_from_one_source_with_a_multiplier():
    rows = [
        {"source": "postings", "area": "A", "year": 2021, "kind": kind, "value": 2.0}
        for kind in ("count", "flow")
    ]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*it is left out")
        hc.Study(study("lists").spec, table(*rows))


def test_periods_lie_within_the_model_s_years(toy_spec, toy_observations):
    rest = "the model's years 2018 to 2025. Widen [years] in toy.toml, or exclude the row."
    growth = COUNT | {"kind": "growth", "from_year": 2018}
    assert faults(
        toy_spec,
        COUNT | {"year": 2018, "period": "2017-12/2018-01"},
        COUNT | {"year": 2026, "period": "2026"},
        growth | {"from_period": "2017/2018"},
        COUNT | {"period": "2021-13"},
    ) == [
        f"o.csv:2 [period]: '2017-12/2018-01' starts before {rest}",
        f"o.csv:3 [year]: 2026 is outside {rest}",
        f"o.csv:4 [from_period]: '2017/2018' starts before {rest}",
        "o.csv:5 [period]: '2021-13' is not a period. Write 2021, 2021-Q3, 2021-06, 2021-12-31, "
        "an interval such as 2021-07/2022-06, start or end.",
    ]
    inside = table(
        COUNT | {"year": 2018, "period": "start"}, COUNT | {"year": 2025, "period": "2018/2025"}
    )
    hc.Study(toy_spec, replace(toy_observations, rows=toy_observations.rows + inside.rows))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"of_area": "NORTH"}, "[of_area]: a share of itself is always 1"),
        ({"of_scope": "beekeeper"}, "[of_scope]: a share of itself is always 1"),
        ({"of_source": "platform"}, "[of_source]: a share of itself is always 1"),
        (
            {"of_scope": "helper", "value": 1.2},
            "[value]: 1.2 of 'helper' are 'beekeeper', and 'helper' is declared to contain "
            "'beekeeper'. A part is below 1;",
        ),
    ],
)
def test_shares_that_cannot_be(toy_spec, cells, expected):
    [line] = faults(toy_spec, COUNT | {"kind": "share", "value": 0.5} | cells)
    assert line.startswith(f"o.csv:2 {expected}")


@pytest.mark.parametrize(
    "cells",
    [
        {"of_scope": "helper"},
        {"of_area": "WORLD", "value": 1.2},
        {"of_scope": "helper", "of_area": "SOUTH", "value": 1.2},
        {"of_scope": "helper", "of_source": "registry", "value": 1.2},
        {"scope": "helper", "of_scope": "beekeeper", "value": 1.2},
        {"scope": "helper", "of_scope": "member", "value": 1.2},
        {"of_source": "registry", "value": 1.2},
    ],
)
def test_shares_that_can_be(toy_spec, toy_observations, cells):
    extra = table(COUNT | {"kind": "share", "value": 0.5} | cells)
    hc.Study(toy_spec, replace(toy_observations, rows=toy_observations.rows + extra.rows))


# Doubts


def doubts(spec, *rows):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        hc.Study(spec, table(*rows))
    assert all(warning.category is HeadcountWarning for warning in caught)
    texts = [str(warning.message) for warning in caught]
    return [text for text in texts if not text.endswith("it is left out.")]


def test_a_source_that_rows_refer_to_is_mentioned():
    spec = study("lists").spec
    where = {"area": "A", "year": 2021, "value": 2.0}
    overlap = where | {"source": "twice", "kind": "overlap", "n": 5.0}
    survey = where | {
        "source": "poll",
        "kind": "survey",
        "n": 5.0,
        "of_scope": "wide",
        "seen_by": "first",
    }
    share = where | {"source": "index", "kind": "share", "of_source": "postings"}
    for rows, names in [
        ([], ()),
        ([overlap], ("second", "mute", "twice")),
        ([survey], ("first", "poll")),
        ([share], ("postings", "index")),
        ([survey, overlap], ("first", "second", "mute", "twice", "poll")),
        ([overlap | {"excluded": "odd"}, share], ("postings", "index")),
    ]:
        assert mentioned_sources(spec, table(*rows)) == names


def test_a_linkage_of_lists_without_numbers_informs_coverage_only():
    spec = study("lists").spec
    overlap = {
        "source": "linkage",
        "area": "A",
        "year": 2021,
        "kind": "overlap",
        "value": 2.0,
        "n": 5.0,
    }
    text = (
        "lists [sources.linkage]: no row of 'first' or 'second' states how many people are on a "
        "list, so the overlap informs coverage, not headcounts."
    )
    share = {
        "source": "first",
        "area": "A",
        "year": 2021,
        "kind": "share",
        "value": 0.2,
        "of_area": "W",
    }
    assert doubts(spec, overlap) == [text]
    assert doubts(spec, overlap, share) == [text]
    for kind in ("count", "rounded", "lower_bound", "suppressed"):
        assert doubts(spec, overlap, COUNT | {"source": "second", "area": "A", "kind": kind}) == []


def test_a_share_of_another_source_names_the_scope(toy_spec):
    share = COUNT | {"kind": "share", "of_source": "analyst"}
    assert toy_spec.sources["analyst"].scope == "member"
    assert doubts(toy_spec, share, COUNT) == [
        "o.csv:2 [of_scope]: the share is taken of the number of 'beekeeper' that 'analyst' would "
        "state, but 'analyst' counts 'member'. Write the scope of the whole in of_scope."
    ]
    assert doubts(toy_spec, share | {"of_scope": "beekeeper"}, share | {"of_scope": "member"}) == []


HELPERS = COUNT | {"scope": "helper"}


@pytest.mark.parametrize(
    ("inner", "outer", "stated"),
    [
        ({"value": 5.0}, {"value": 4.0}, "5 of 'beekeeper' and 'platform' 4 of 'helper'"),
        (
            {"value": 5000.0, "kind": "lower_bound"},
            {"value": 4000.0, "kind": "upper_bound"},
            "over 5,000 of 'beekeeper' and 'platform' under 4,000 of 'helper'",
        ),
        (
            {"value": None, "lower": 5.0, "upper": 7.0, "kind": "range"},
            {"value": 4.0, "kind": "suppressed"},
            "5 to 7 of 'beekeeper' and 'platform' fewer than 4 of 'helper'",
        ),
        (
            {"value": 46.0},
            {"value": 40.0, "kind": "rounded"},
            "46 of 'beekeeper' and 'platform' about 40 of 'helper'",
        ),
        (
            {"value": 5.0, "period": "end"},
            {"value": 4.0, "period": "end"},
            "5 of 'beekeeper' and 'platform' 4 of 'helper'",
        ),
    ],
)
def test_more_of_a_part_than_of_the_whole_is_doubted(toy_spec, inner, outer, stated):
    when = "2021 (end)" if inner.get("period") else "2021"
    assert doubts(toy_spec, COUNT | inner, HELPERS | outer) == [
        f"o.csv:2, 3: 'platform' states {stated} for NORTH in {when}, and 'helper' contains "
        "'beekeeper' by declaration. Both are used; the difference counts as noise."
    ]


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        ({"value": 5.0}, {"value": 5.0}),
        ({"value": 5.0}, {"value": 4.0, "year": 2020}),
        ({"value": 5.0}, {"value": 4.0, "period": "end"}),
        ({"value": 5.0}, {"value": 4.0, "area": "SOUTH"}),
        ({"value": 5.0}, {"value": 4.0, "source": "analyst"}),
        ({"value": 5.0}, {"value": 4.0, "scope": "member"}),
        ({"value": 5.0, "kind": "upper_bound"}, {"value": 4.0}),
        ({"value": 5.0}, {"value": 4.0, "kind": "lower_bound"}),
        ({"value": 44.0}, {"value": 40.0, "kind": "rounded"}),
        ({"value": None, "lower": 3.0, "upper": 7.0, "kind": "range"}, {"value": 4.0}),
        ({"value": 4.0, "scope": "helper"}, {"value": 5.0}),
    ],
)
def test_rows_that_can_both_be_right_have_no_warning(toy_spec, inner, outer):
    assert doubts(toy_spec, COUNT | inner, HELPERS | outer) == []


def test_a_source_contradicts_itself_with_a_bound_and_a_number(toy_spec):
    assert doubts(toy_spec, COUNT | {"kind": "lower_bound", "value": 9.0}, COUNT) == [
        "o.csv:2, 3: 'platform' states over 9 of 'beekeeper' and 'platform' 5 of 'beekeeper' for "
        "NORTH in 2021, "
        "and these are the same people. Both are used; the difference counts as noise."
    ]


def test_anchors_contradict_each_other(toy_spec):
    document = toy_spec.document
    document["sources"]["census"] = document["sources"]["registry"] | {"scope": "helper"}
    tables = {"areas": toy_spec.areas, "covariates": toy_spec.covariate_table}
    spec = hc.parse_spec(document, **tables)
    registry, census = COUNT | {"source": "registry"}, COUNT | {"source": "census", "value": 4.0}
    [text] = doubts(spec, registry, census)
    assert text.startswith(
        "o.csv:2, 3: 'registry' states 5 of 'beekeeper' and 'census' 4 of 'helper' for NORTH in "
        "2021"
    )
    # Two numbers for the same people differ by noise.
    assert doubts(spec, registry, census | {"scope": "beekeeper"}) == []


def test_holding_goes_along_contains_and_within_and_not_beside():
    spec = study("rich").spec
    held = {
        (outer, inner)
        for outer in spec.scopes
        for inner in spec.scopes
        if spec.scope_contains(outer, inner)
    }
    assert held - {(name, name) for name in spec.scopes} == {
        ("wide", "core"), ("core", "inner"), ("inner", "narrow"),
        ("wide", "inner"), ("core", "narrow"), ("wide", "narrow"),
    }  # fmt: skip


def test_excluded_rows_are_not_looked_at(toy_spec, toy_observations):
    odd = table(COUNT | {"area": "ATLANTIS", "year": 1066, "source": "bard", "excluded": "legend"})
    hc.Study(toy_spec, replace(toy_observations, rows=toy_observations.rows + odd.rows))
    assert faults(toy_spec, COUNT | {"excluded": "doubtful"}) == [
        "o.csv: there is no row to fit. All rows are excluded."
    ]


def test_faults_of_all_rows_come_together(toy_spec):
    lines = faults(
        toy_spec,
        COUNT | {"area": "X", "year": 1, "scope": "y"},
        COUNT | {"source": "z"},
        COUNT | {"year": 2},
    )
    assert [line.split(": ")[0] for line in lines] == [
        "o.csv:2 [area]", "o.csv:2 [scope]", "o.csv:2 [year]", "o.csv:3 [source]", "o.csv:4 [year]",
    ]  # fmt: skip


def test_holding_goes_from_parts_to_wholes():
    spec = study("lists").spec
    assert spec.scope_contains("core", "junior")
    assert spec.scope_contains("wide", "expert")
    assert not spec.scope_contains("junior", "expert")
    assert not spec.scope_contains("finance", "health")


@pytest.mark.parametrize("name", STUDIES)
def test_the_studies_of_the_tests_are_studies(name):
    spec, observations = study(name)
    absent = set(spec.sources) - set(mentioned_sources(spec, observations))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        hc.Study(spec, observations)
    left_out = [
        text for warning in caught if (text := str(warning.message)).endswith("it is left out.")
    ]
    assert left_out == [
        f"{name} [sources.{source}]: no observations from this source; it is left out."
        for source in spec.sources
        if source in absent
    ]
