"""Copies: a figure that is repeated enters once, under the name of who stated it first."""

from __future__ import annotations

from dataclasses import replace

import pytest

import headcount as hc
from headcount.errors import SpecError, StudyError
from headcount.study.copies import settle_copies
from headcount.study.observations import Observation, Observations

COPY = {"title": "t", "copy_of": "platform"}


@pytest.fixture(scope="module")
def parse(toy_spec):
    def parsed(**copies):
        document = toy_spec.document
        document["sources"] |= copies
        tables = {"areas": toy_spec.areas, "covariates": toy_spec.covariate_table}
        return hc.parse_spec(document, **tables, name="s.toml")

    return parsed


@pytest.fixture(scope="module")
def spec(parse):
    return parse(blog=COPY, press=COPY)


def row(source, line=0, **cells):
    stated = {"area": "NORTH", "year": 2021, "kind": "count", "value": 5.0} | cells
    return Observation(source=source, line=line, **stated)


def settled(spec, *rows):
    numbered = (replace(own, line=line) for line, own in enumerate(rows, start=2))
    observations, problems = settle_copies(spec, Observations(tuple(numbered), "o.csv"))
    if problems:
        raise hc.StudyError(problems)
    return observations.rows


def faults(spec, *rows):
    with pytest.raises(StudyError) as caught:
        settled(spec, *rows)
    return str(caught.value).splitlines()


def test_copies_are_no_sources(spec, toy_spec):
    assert spec.copies.keys() == {"blog", "press"}
    assert spec.sources.keys() == toy_spec.sources.keys()
    assert spec.priors == toy_spec.priors


def test_tables_without_copies_stay_as_they_are(spec, toy_observations):
    assert settle_copies(spec, toy_observations)[0] is toy_observations


def test_a_number_that_the_original_states_is_excluded(spec):
    original, copy = (
        row("platform", citation="p. 3"),
        row("blog", citation="a post", as_stated="five"),
    )
    first, second = settled(spec, copy, original)
    assert second == replace(original, line=3)
    assert first == replace(copy, line=2, excluded="copy of platform, line 3")


def test_a_number_without_a_row_of_the_original_enters_under_its_name(spec):
    [found] = settled(spec, row("blog", citation="a post", as_stated="five", notes="undated"))
    assert found == row(
        "platform", 2, citation="a post", as_stated="five", notes="undated; as repeated by blog"
    )
    [found] = settled(spec, row("blog"))
    assert found.notes == "as repeated by blog"


def test_two_copies_of_one_figure_enter_once(spec):
    first, second = settled(spec, row("blog"), row("press"))
    assert (first.source, first.excluded) == ("platform", "")
    assert (second.source, second.excluded) == ("press", "copy of platform, line 2")


def test_settling_twice_is_settling_once(spec):
    table = Observations((row("blog"), row("press"), row("platform", year=2020)))
    once, _ = settle_copies(spec, table)
    assert settle_copies(spec, once)[0] is once


@pytest.mark.parametrize(
    "other",
    [
        {"area": "SOUTH"},
        {"year": 2020},
        {"period": "end"},
        {"kind": "lower_bound"},
        {"scope": "helper"},
        {"kind": "share", "value": 0.1, "of_area": "WORLD"},
        {"kind": "growth", "value": 0.1, "from_year": 2020},
    ],
)
def test_another_statement_is_no_copy_of_this_one(spec, other):
    found = settled(spec, row("platform"), row("blog", **other))
    assert [own.source for own in found] == ["platform", "platform"]
    assert not any(own.excluded for own in found)


def test_a_scope_that_goes_without_saying_may_be_said(spec):
    scope = spec.sources["platform"].scope
    for original, copy in (({}, {"scope": scope}), ({"scope": scope}, {})):
        _, found = settled(spec, row("platform", **original), row("blog", **copy))
        assert found.excluded == "copy of platform, line 2"


@pytest.mark.parametrize(
    ("original", "copy", "column"),
    [
        ({}, {"value": 6.0}, "value"),
        ({}, {"relative_se": 0.1}, "relative_se"),
        (
            {"kind": "range", "value": None, "lower": 1.0, "upper": 2.0},
            {"kind": "range", "value": None, "lower": 1.0, "upper": 3.0},
            "upper",
        ),
    ],
)
def test_other_numbers_are_no_copy(spec, original, copy, column):
    [line] = faults(spec, row("platform", **original), row("blog", **copy))
    assert line == (
        f"o.csv:3 [{column}]: 'blog' is declared a copy of 'platform', and line 2 states another "
        f"{column}. "
        "Correct the number, or declare the source with a reach of its own and a common lineage."
    )


def test_two_copies_that_disagree_are_no_copies(spec):
    [line] = faults(spec, row("blog"), row("press", value=6.0))
    assert line.startswith(
        "o.csv:3 [value]: 'press' is declared a copy of 'platform', and line 2 states"
    )


def test_all_problems_come_together(spec):
    found = faults(
        spec,
        row("platform"),
        row("blog", value=6.0),
        row("press", value=7.0),
        row("blog", area="X"),
    )
    assert [line.split(": ")[0] for line in found] == ["o.csv:3 [value]", "o.csv:4 [value]"]


def test_an_original_that_repeats_itself_may_be_copied_once_more(spec):
    *_, copy = settled(spec, row("platform"), row("platform", value=6.0), row("blog", value=6.0))
    assert copy.excluded == "copy of platform, line 3"


def test_a_copy_of_an_excluded_row_is_excluded(spec):
    doubtful = row("platform", excluded="a typing error")
    *_, copy = settled(spec, doubtful, row("blog"))
    assert copy.excluded == "copy of platform, line 2, which is excluded: a typing error"
    # A better number in the copy is another statement.
    *_, copy = settled(spec, doubtful, row("blog", value=6.0))
    assert (copy.source, copy.excluded) == ("platform", "")


def test_excluded_copies_stay_as_they_are(spec):
    old = row("blog", value=6.0, excluded="superseded")
    *_, copy = settled(spec, row("platform"), old)
    assert copy == replace(old, line=3)


def test_a_study_is_checked_with_its_copies_settled(spec, toy_observations):
    rows = (row("blog", 100), row("press", 101, value=6.0), row("blog", 102, area="NOWHERE"))
    table = replace(toy_observations, rows=toy_observations.rows + rows)
    with pytest.raises(StudyError) as caught:
        hc.Study(spec, table)
    assert [str(problem).split(". ")[0] for problem in caught.value.problems] == [
        "observations.csv:101 [value]: 'press' is declared a copy of 'platform', and line 100 "
        "states another value",
        "observations.csv:102 [area]: unknown area 'NOWHERE'",
    ]
    hc.Study(spec, replace(toy_observations, rows=toy_observations.rows + rows[:1]))


# Declaring them


@pytest.mark.parametrize(
    ("copies", "expected"),
    [
        (
            {"blog": COPY | {"copy_of": "platfrom"}},
            "[sources.blog.copy_of]: unknown source 'platfrom'. Did you mean 'platform'?",
        ),
        (
            {"blog": COPY, "press": COPY | {"copy_of": "blog"}},
            "[sources.press.copy_of]: 'blog' is itself a copy. Name the original, 'platform'.",
        ),
        (
            {"blog": COPY | {"copy_of": "blog"}},
            "[sources.blog.copy_of]: 'blog' is a copy of itself. Known: 'analyst', 'platform',",
        ),
        ({"blog": {"copy_of": "platform"}}, "[sources.blog.title]: the key is missing"),
        (
            {"blog": COPY | {"copy_of": 5}},
            "[sources.blog.copy_of]: 5: Input should be a valid string",
        ),
        (
            {"blog": COPY | {"citatoin": "x"}},
            "[sources.blog.citatoin]: unknown key. Did you mean 'citation'?",
        ),
        (
            {"blog": COPY | {"anchor": True}},
            "[sources.blog.anchor]: unknown key. Known: 'citation', 'copy_of', 'notes', 'title'.",
        ),
    ],
)
def test_a_copy_is_of_a_source(parse, copies, expected):
    with pytest.raises(SpecError) as caught:
        parse(**copies)
    [line] = str(caught.value).splitlines()
    assert line.startswith(f"s.toml {expected}")


def test_a_copy_has_no_prior_to_change(spec):
    with pytest.raises(SpecError, match="unknown prior"):
        hc.with_prior(spec, "sources.blog.coverage", {"low": 0.1, "high": 0.2})
