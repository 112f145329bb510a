"""Numbers as people write them."""

from __future__ import annotations

import math
import re
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import headcount as hc
from headcount import _wording
from headcount.diagnostics.checks import contraction, outlying_rows
from headcount.diagnostics.identification.quotability import verdict_of
from headcount.diagnostics.identification.unidentified_directions import GROUPS, Direction
from headcount.reporting.answer_sentences import prior_in_words


@pytest.mark.parametrize(
    ("value", "digits", "words"),
    [
        (309_617, 2, "310,000"),
        (1_437_000, 2, "1.4 million"),
        (1_437_000, 3, "1.44 million"),
        (2_000_000, 2, "2 million"),
        (999_600, 2, "1 million"),
        (145_000_000, 2, "140 million"),
        (2_340_000_000, 2, "2.3 billion"),
        (42.4, 2, "42"),
        (3.2, 2, "3"),
        (0.3, 2, "fewer than 1"),
        (0, 2, "0"),
    ],
)
def test_people(value: float, digits: int, words: str) -> None:
    assert _wording.people(value, digits) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.04567, "0.046"),
        (1.0, "1.0"),
        (12.3, "12"),
        (45_678.0, "46,000"),
        (-0.5, "−0.50"),
        (-7e-18, "0"),
        (math.nan, "–"),
        (math.inf, "–"),
    ],
)
def test_numbers_have_no_exponent(value: float, words: str) -> None:
    assert _wording.number(value) == words


@pytest.mark.parametrize(
    ("value", "sign", "words"),
    [
        (0.3149, False, "31 %"),
        (0.00042, False, "0.042 %"),
        (1.0, False, "100 %"),
        (0.118, True, "+12 %"),
        (0.09949, True, "+9.9 %"),
        (0.0996, True, "+10 %"),
        (-0.031, True, "−3.1 %"),
        (-0.0001, True, "0.0 %"),
    ],
)
def test_percentages(value: float, sign: bool, words: str) -> None:  # noqa: FBT001
    assert _wording.percent(value, sign=sign) == words


@pytest.mark.parametrize(
    ("value", "sign", "words"),
    [
        (0.314, False, "31 %"),
        (0.0, False, "0 %"),
        (1e-15, False, "0 %"),
        (0.0049, False, "less than 1 %"),
        (0.0051, False, "1 %"),
        (0.9949, False, "99 %"),
        (0.9951, False, "more than 99 %"),
        (1.0, False, "100 %"),
        (12.0, False, "1,200 %"),
        (-0.004, True, "less than 1 %"),
        (-0.0, True, "0 %"),
        (-0.031, True, "−3 %"),
        (0.2, True, "+20 %"),
        (0.998, True, "+100 %"),
        (math.nan, True, "–"),
    ],
)
def test_whole_percentages_are_zero_only_where_the_fraction_is(
    value: float,
    sign: bool,  # noqa: FBT001
    words: str,
) -> None:
    assert _wording.rounded_percent(value, sign=sign) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1.26, "+1.3"),
        (0.04, "0.0"),
        (-0.04, "0.0"),
        (-0.06, "−0.1"),
        (1234.5, "+1,234.5"),
        (math.inf, "–"),
    ],
)
def test_a_difference_that_rounds_to_zero_has_no_sign(value: float, words: str) -> None:
    assert _wording.signed(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "below 0.001"),
        (0.00099, "below 0.001"),
        (0.00101, "0.0010"),
        (0.0042, "0.0042"),
        (0.5, "0.50"),
        (0.97, "0.97"),
        (0.9944, "0.994"),
        (0.9991, "above 0.999"),
        (1.0, "above 0.999"),
        (math.nan, "–"),
    ],
)
def test_no_event_has_probability_zero_or_one(value: float, words: str) -> None:
    assert _wording.chance(value) == words


def test_an_interval_has_the_digits_that_keep_its_ends_apart() -> None:
    assert _wording.interval(311_000, 1_420_000) == "310,000 to 1.4 million"
    assert _wording.interval(9_812, 10_118) == "9,810 to 10,100"
    assert _wording.interval(10_012, 10_018) == "10,010 to 10,020"
    assert _wording.interval(0.081, 0.157, unit="change") == "+8.1 % to +16 %"
    assert _wording.interval(0.34, 0.71, unit="percent") == "34 % to 71 %"
    assert _wording.interval(0.9, 1.2, unit="number") == "0.90 to 1.2"


def test_counts_and_lists() -> None:
    assert [_wording.plural(count, "row") for count in (0, 1, 1210)] == [
        "no rows",
        "1 row",
        "1,210 rows",
    ]
    assert [_wording.plural(count, "country", "countries") for count in (1, 2)] == [
        "1 country",
        "2 countries",
    ]
    assert [_wording.agree(count, "is", "are") for count in (0, 1, 2)] == ["are", "is", "are"]
    assert [_wording.listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert [_wording.probability(value) for value in (0.9, 0.995, 0.5)] == [
        "90 %",
        "99.5 %",
        "50 %",
    ]


def test_priors_are_written_without_exponents() -> None:
    wide = hc.Prior.between(200_000, 2_000_000)
    assert prior_in_words(wide) == "90 % between 200,000 and 2 million, median 632,000"
    factor = hc.Prior.between(0.8, 1.25)
    assert prior_in_words(factor) == "90 % between 0.8 and 1.25, median 1"
    trend = hc.Prior.between(0.0, 0.2, support="real")
    assert prior_in_words(trend) == "90 % between 0 and 0.2, median 0.1"


# Sentences of checks


def test_a_small_shift_is_no_minus_zero() -> None:
    evidence: Any = SimpleNamespace(last_year=2020)
    table = pd.DataFrame({"prior": ["a"], "contraction": [0.5], "shift": [-0.004]})
    assert contraction._headline(table, evidence) == (
        "The total of 2020 depends most on the prior a: one standard deviation up would change it "
        "by less than 1 %. The data leave none of 1 prior nearly unchanged."
    )


@pytest.mark.parametrize(
    ("p_outlying", "tail", "words"),
    [
        (0.0, 0.004, "where a number as far out has predictive probability 0.0040"),
        (0.0, 0.0, "where a number as far out has predictive probability below 0.001"),
        (1.0, 0.3, "outlying with probability above 0.999"),
        (0.51, 0.3, "outlying with probability 0.51"),
        (0.49, 0.004, "where a number as far out has predictive probability 0.0040"),
    ],
)
def test_an_outlying_row_has_the_probability_for_which_it_is_named(
    p_outlying: float, tail: float, words: str
) -> None:
    row = {"line": 3, "source": "s", "area": "A", "year": 2020}
    table = pd.DataFrame([row | {"p_outlying": p_outlying, "tail": tail}])
    assert outlying_rows._headline(table, 0.2, 40, passed=True) == (
        f"1 of 40 rows is outlying, where chance would give fewer than one; the furthest is line 3 "
        f"(s, A 2020), {words}."
    )


@pytest.mark.parametrize(
    ("others", "words"), [(0, ""), (1, "; and 1 smaller change"), (2, "; and 2 smaller changes")]
)
def test_smaller_changes_agree_in_number(others: int, words: str) -> None:
    steps = {f"the coverage of s{i}": 2.5 - 0.1 * i for i in range(GROUPS + others)}
    assert re.search(rf"by \d+ %{words}: this", str(Direction(steps, cost=2.0, loss=0.0)))


def test_shares_of_precision_are_zero_only_without_any() -> None:
    sentence = str(verdict_of(0.0, 0.999, 9.0))
    assert " 0 % of its precision comes from statements" in sentence
    assert "less than 1 % from pooling and more than 99 % from priors" in sentence
    sentence = str(verdict_of(0.002, 0.998, 9.0))
    assert "less than 1 % of its precision comes from statements" in sentence
    assert ", 0 % from pooling" in sentence
