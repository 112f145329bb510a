"""The limits of the report, at both sides: which lines are shown, marked, or written in words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import headcount as hc
from headcount.diagnostics.checks import CheckResult
from headcount.reporting.comparison_fits import is_doubtful
from headcount.reporting.comparison_priors import learning_table
from headcount.reporting.fit_tables import diagnostic_table, prior_table
from headcount.reporting.identification_section import conflict_table, share_table, verdict_table
from headcount.reporting.row_tables import outlying_table
from headcount.study.areas import parse_areas

AREAS = parse_areas("area,name,parent,pool,remainder,members\nW,World,,,,\nA,A,W,,,\nB,B,W,,,")


def result(table: pd.DataFrame) -> CheckResult:
    return CheckResult("any", True, "Any.", table)


@pytest.mark.parametrize(
    ("widening", "verdict", "words", "mark"),
    [
        (3.96, "leans on priors", "4.0 times as wide", ""),
        (4.01, "do not quote this total", "more than 4 times as wide", "failed"),
    ],
)
def test_verdicts_name_a_widening_up_to_the_limit(
    widening: float, verdict: str, words: str, mark: str
) -> None:
    line = {"area": "W", "year": 2020, "from_year": np.nan, "verdict": verdict}
    shares = {"data": 0.996, "pooling": 0.0, "priors": 0.004, "widening": widening}
    evidence: Any = SimpleNamespace(
        fit=SimpleNamespace(spec=SimpleNamespace(areas=AREAS)),
        rests_on=SimpleNamespace(to_frame=lambda: pd.DataFrame([line | shares])),
    )
    [shown] = verdict_table(evidence).lines
    assert shown.mark == mark
    assert shown.cells == (
        "World, 2020",
        verdict,
        "more than 99 %",
        "0 %",
        "less than 1 %",
        words,
    )


@pytest.mark.parametrize(("parts", "last"), [(15, "p14"), (16, "1 other"), (17, "2 others")])
def test_fifteen_contributors_are_shown_and_the_others_summed(parts: int, last: str) -> None:
    table = pd.DataFrame(
        {
            "name": [f"p{i}" for i in range(parts)],
            "kind": "prior",
            "share": 1 / parts,
            "sensitivity": 0.1,
        }
    )
    lines = share_table(result(table)).lines
    assert (len(lines), lines[-1].cells[0]) == (min(parts, 16), last)


def test_conflicts_and_differences_of_two_standard_deviations_are_shown() -> None:
    table = pd.DataFrame(
        {
            "node": ["conflict", "at", "below", "under"],
            "z": [1.0, -2.0, 1.99, -1.99],
            "conflict": [True, False, False, False],
            "stated_lower": 1.0,
            "stated_upper": 2.0,
            "implied": 3.0,
            "shift": -0.04,
            "pulled_by": "s",
        }
    )
    lines = conflict_table(result(table)).lines
    assert [(line.cells[0], line.mark) for line in lines] == [("conflict", "failed"), ("at", "")]
    assert lines[0].cells == ("conflict", "1.0 to 2.0", "3.0", "0.0", "+1.0", "s")


@pytest.mark.parametrize(
    ("shift", "mark", "words"),
    [
        (0.1, "whole", "+10 %"),
        (0.099, "", "+9.9 %"),
        (-0.1, "whole", "−10 %"),
        (-0.0002, "", "0.0 %"),
    ],
)
def test_a_prior_that_changes_the_total_by_a_tenth_stands_out(
    shift: float, mark: str, words: str
) -> None:
    row = {"prior": "a", "lower": 0.3, "median": 0.5, "upper": 0.7, "contraction": -0.001}
    prior = hc.Prior.between(0.3, 0.7, support="unit")
    evidence: Any = SimpleNamespace(
        prob=0.9, fit=SimpleNamespace(spec=SimpleNamespace(priors={"a": prior}))
    )
    [line] = prior_table(evidence, result(pd.DataFrame([row | {"shift": shift}]))).lines
    assert (line.mark, line.cells[-1], line.cells[-2]) == (mark, words, "0.00")


@pytest.mark.parametrize(
    ("divergences", "rhat", "ess", "doubtful"),
    [
        (5, 1.01, 400, False),
        (6, 1.01, 400, True),
        (5, 1.0101, 400, True),
        (5, 1.01, 399, True),
    ],
)
def test_a_fit_beyond_a_limit_of_convergence_is_doubtful(
    divergences: int,
    rhat: float,
    ess: float,
    doubtful: bool,  # noqa: FBT001
) -> None:
    assert is_doubtful({"divergences": divergences, "rhat": rhat, "ess": ess}) is doubtful


@pytest.mark.parametrize(("upper", "words"), [(999.0, "1.5 to 1,000"), (1000.0, "2 to 1,000")])
def test_a_quantity_of_a_thousand_counts_people(upper: float, words: str) -> None:
    row = {"prior": "a", "prior_set": "base", "differs": True, "contraction": 0.5}
    ends = {"prior_lower": 1.5, "prior_upper": upper, "lower": 1.5, "upper": upper}
    comparison: Any = SimpleNamespace(priors=pd.DataFrame([row | ends]), names=("base",))
    [line] = learning_table(comparison, changed=True).lines
    assert line.cells == ("a", f"0.50\n{words}\nbecomes {words}")


@pytest.mark.parametrize(
    ("tail", "words"), [(0.00009, "below 0.0001"), (0.0001, "0.00010"), (0.04, "0.040")]
)
def test_the_smallest_tails_are_written_as_a_limit(tail: float, words: str) -> None:
    row = {"line": 2, "source": "s", "area": "A", "year": 2020, "kind": "share", "stated": "5 %"}
    numbers = {"expected": 0.1, "residual": np.nan, "p_outlying": 0.0, "tail": tail}
    fit: Any = SimpleNamespace(spec=SimpleNamespace(areas=AREAS))
    [line] = outlying_table(fit, result(pd.DataFrame([row | numbers]))).lines
    assert line.cells[-3:] == ("", "below 0.001", words)


def test_diagnostics_beyond_their_limit_are_marked() -> None:
    row = {"measure": "R-hat", "of": "headcount", "count": 1200, "limit": 1.01, "where": "A 2020"}
    table = pd.DataFrame(
        [row | {"worst": 1.0049, "passed": True}, row | {"worst": 1.02, "passed": False}]
    )
    lines = diagnostic_table(result(table)).lines
    assert [(line.mark, line.cells[2], line.cells[4]) for line in lines] == [
        ("", "1.005", "passed"),
        ("failed", "1.020", "failed"),
    ]
    assert lines[0].cells[1] == "1,200 headcounts"
