"""Errors: one line a problem, all problems together, and the nearest valid choice."""

from __future__ import annotations

import pytest

from headcount.errors import (
    FitError,
    HeadcountError,
    InputError,
    Problem,
    SamplingError,
    SpecError,
    StudyError,
    TableError,
    nearest,
)


def test_a_problem_reads_as_place_fault_and_advice():
    assert str(Problem("a.csv:3 [year]", "'x' is not a year", "Write a whole number.")) == (
        "a.csv:3 [year]: 'x' is not a year. Write a whole number."
    )
    assert str(Problem("a.csv", "is empty")) == "a.csv: is empty"


def test_an_input_error_shows_all_problems_in_order_and_keeps_them():
    problems = [Problem("a:1", "one"), Problem("a:2", "two")]
    error = InputError(iter(problems))
    assert str(error) == "a:1: one\na:2: two"
    assert error.problems == tuple(problems)


@pytest.mark.parametrize("kind", [SpecError, TableError, StudyError])
def test_unusable_input_is_caught_under_one_name(kind):
    assert issubclass(kind, InputError)
    assert issubclass(InputError, HeadcountError)


@pytest.mark.parametrize("kind", [FitError, SamplingError])
def test_other_errors_are_headcount_errors_and_not_about_input(kind):
    assert issubclass(kind, HeadcountError)
    assert not issubclass(kind, InputError)


def test_the_nearest_choice_is_named():
    assert nearest("registri", ["census", "registry"]) == "Did you mean 'registry'?"


def test_where_nothing_is_similar_the_choices_are_listed():
    assert nearest("xyzzy", ["census", "registry"]) == "Known: 'census', 'registry'."
    assert nearest("xyzzy", [f"name{i:02}" for i in range(20)]).endswith("'name11' and 8 more.")


def test_without_choices_there_is_no_advice():
    assert nearest("x", []) == ""
