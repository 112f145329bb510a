"""Tables of the report, of results made up so that every cell can be written by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import headcount as hc
from headcount.diagnostics.checks import CheckResult
from headcount.diagnostics.identification.quotability import verdict_of
from headcount.reporting.answer_sentences import anchor_sentences, prior_in_words
from headcount.reporting.answer_tables import area_order
from headcount.reporting.identification_section import (
    conflict_table,
    share_table,
    verdict_table,
)
from headcount.reporting.row_tables import outlying_table, reason_table
from headcount.study.areas import parse_areas
from headcount.study.priors import Prior


def result(table: pd.DataFrame) -> CheckResult:
    return CheckResult("made up", True, "Made up.", table)


# --- rows -----------------------------------------------------------------------------------------


@pytest.fixture
def fit(toy_spec: hc.ModelSpec) -> Any:
    return SimpleNamespace(spec=toy_spec)


@pytest.mark.parametrize(
    ("kind", "expected", "words"),
    [
        ("count", 12_345.0, "12,300"),
        ("count", 1.234, "1.23"),
        ("count", 0.1234, "0.12"),
        ("growth", 0.1234, "+12 %"),
        ("growth", -0.031, "−3.1 %"),
        ("share", 0.3149, "0.31"),
        ("share", 1.449, "1.4"),
    ],
)
def test_expected_numbers_have_the_digits_of_their_unit(
    fit: Any, kind: str, expected: float, words: str
) -> None:
    table = pd.DataFrame(
        {
            "line": [7],
            "source": ["registry"],
            "area": ["NORTH"],
            "year": [2021],
            "kind": [kind],
            "stated": ["as stated"],
            "expected": [expected],
            "residual": [4.56],
            "p_outlying": [0.523],
            "tail": [0.0042],
        }
    )
    [line] = outlying_table(fit, result(table)).lines
    assert line.cells == (
        "7",
        "registry",
        "Northland",
        "2021",
        kind,
        "as stated",
        words,
        "4.6",
        "0.52",
        "0.0042",
    )


def test_tails_below_one_in_ten_thousand_and_missing_residuals_have_no_number(fit: Any) -> None:
    table = pd.DataFrame(
        {
            "line": [7, 8],
            "source": "registry",
            "area": ["NORTH", "NOWHERE"],
            "year": 2021,
            "kind": "lower_bound",
            "stated": "",
            "expected": 1.0,
            "residual": float("nan"),
            "p_outlying": 0.9,
            "tail": [0.00011, 0.00009],
        }
    )
    first, second = outlying_table(fit, result(table)).lines
    assert (first.cells[7], first.cells[9]) == ("", "0.00011")
    assert second.cells[9] == "below 0.0001"
    assert second.cells[2] == "NOWHERE"


def test_reasons_are_counted_by_source_with_the_most_rows_first() -> None:
    rows = [
        *[SimpleNamespace(excluded="old", source="a")] * 2,
        *[SimpleNamespace(excluded="old", source="b")] * 3,
        *[SimpleNamespace(excluded="", source="b")] * 4,
    ]
    table = reason_table(SimpleNamespace(observations=SimpleNamespace(rows=rows)))
    assert [line.cells for line in table.lines] == [("old", "b", "3"), ("old", "a", "2")]


# --- identification -------------------------------------------------------------------------------


def node(z: float, *, conflict: bool = False) -> dict[str, object]:
    return {
        "node": f"node {z}",
        "stated_lower": 0.314,
        "stated_upper": 0.7,
        "implied": 0.9123,
        "shift": z / 2,
        "z": z,
        "pulled_by": "a",
        "conflict": conflict,
    }


def test_nodes_are_shown_from_two_standard_deviations_on_or_if_in_conflict() -> None:
    nodes = [
        node(-3.1, conflict=True),
        node(2.0),
        node(1.99),
        node(-2.01),
        node(1.5, conflict=True),
    ]
    lines = conflict_table(result(pd.DataFrame(nodes))).lines
    assert [line.cells[0] for line in lines] == ["node -3.1", "node 2.0", "node -2.01", "node 1.5"]
    assert [line.mark for line in lines] == ["failed", "", "", "failed"]
    assert lines[0].cells[1:] == ("0.31 to 0.70", "0.91", "−1.6", "−3.1", "a")


def test_the_first_fifteen_nodes_are_shown() -> None:
    nodes = pd.DataFrame([node(10.0 - i / 4) for i in range(16)])
    lines = conflict_table(result(nodes)).lines
    assert [line.cells[0] for line in lines] == nodes["node"].tolist()[:15]


@pytest.mark.parametrize("count", [15, 18])
def test_shares_beyond_the_fifteenth_are_added_up(count: int) -> None:
    share = [0.5, 0.2, *[0.3 / (count - 2)] * (count - 2)]
    kinds = ["prior", "pooling", *["source"] * (count - 2)]
    table = pd.DataFrame(
        {"name": [f"e{i}" for i in range(count)], "kind": kinds, "share": share, "sensitivity": 0.1}
    )
    lines = share_table(result(table)).lines
    assert [line.cells[0] for line in lines[:15]] == [f"e{i}" for i in range(15)]
    assert [line.cells[1] for line in lines[:3]] == [
        "prior as stated",
        "pooling of effects",
        "statements of a source",
    ]
    assert lines[1].cells[2:] == ("20 %", "0.10")
    others = [line.cells for line in lines[15:]]
    # Three of sixteen equal parts of 30 %.
    assert others == ([("3 others", "", "5.6 %", "")] if count == 18 else [])


@pytest.mark.parametrize(
    ("widening", "words", "mark"),
    [
        (1.449, "1.4 times as wide", ""),
        (4.0, "4.0 times as wide", ""),
        (4.01, "more than 4 times as wide", "failed"),
    ],
)
def test_verdicts_say_how_much_wider_the_interval_would_be(
    fit: Any, widening: float, words: str, mark: str
) -> None:
    verdict = verdict_of(0.504, 0.203, widening)
    frame = pd.DataFrame(
        {
            "area": "WORLD",
            "year": 2023,
            "from_year": [float("nan"), 2021.0],
            "verdict": verdict.name,
            "data": 0.504,
            "pooling": 0.293,
            "priors": 0.203,
            "widening": widening,
        }
    )
    evidence: Any = SimpleNamespace(fit=fit, rests_on=SimpleNamespace(to_frame=lambda: frame))
    level, growth = verdict_table(evidence).lines
    assert level.cells == ("World, 2023", verdict.name, "50 %", "29 %", "20 %", words)
    assert growth.cells[0] == "World, growth 2021 to 2023"
    assert level.mark == growth.mark == mark
    assert words in str(verdict)


# --- anchors, priors, areas -----------------------------------------------------------------------


def anchored(spec: hc.ModelSpec, scopes: dict[str, str], rows: list[str]) -> Any:
    """Return a fit whose anchors are of given scopes, and that fits rows of given sources."""
    registry = spec.sources["registry"]
    own = {name: registry.model_copy(update={"scope": scope}) for name, scope in scopes.items()}
    fitted = [SimpleNamespace(source=name) for name in rows]
    return SimpleNamespace(
        spec=spec.model_copy(update={"sources": spec.sources | own}),
        observations=SimpleNamespace(fitted=fitted),
    )


@pytest.mark.parametrize("scope", ["beekeeper", "helper", "member"])
def test_an_anchor_of_another_scope_leaves_the_level_to_ratios(
    toy_spec: hc.ModelSpec, scope: str
) -> None:
    first, *more = anchor_sentences(anchored(toy_spec, {"registry": scope}, ["registry"] * 3))
    counted = "the target scope" if scope == toy_spec.target else f"the scope '{scope}'"
    assert first.startswith(f"Register of hives, Northland (3 rows) counts {counted} and ")
    assert [text.startswith("None of these counts the target") for text in more] == (
        [] if scope == toy_spec.target else [True]
    )


def test_one_anchor_of_the_target_is_enough(toy_spec: hc.ModelSpec) -> None:
    scopes = {"a": "helper", "registry": "beekeeper", "z": "member"}
    fit = anchored(toy_spec, scopes, ["registry", "a", "z", "platform"])
    assert len(anchor_sentences(fit)) == 3
    [only] = anchor_sentences(anchored(toy_spec, scopes, ["platform"]))
    assert only.startswith("No source is declared as an anchor")


def test_priors_are_written_as_their_central_ninety_percent() -> None:
    assert prior_in_words(Prior.between(16_000, 160_000)) == (
        "90 % between 16,000 and 160,000, median 50,600"
    )
    assert prior_in_words(Prior.between(0.5, 2)) == "90 % between 0.5 and 2, median 1"


def test_areas_are_read_from_the_root_down_and_by_size() -> None:
    areas = parse_areas(
        "area,name,parent,pool,remainder,members\n"
        "W,World,,,,\nA,A,W,,,\nB,B,W,,,\nB1,B1,B,,,\nB2,B2,B,,,\nG,G,,,,A;B1\nH,H,,,,B1;B2\n"
    )
    size = pd.Series({"W": 10, "A": 3, "B": 7, "B1": 2, "B2": 5, "G": 5, "H": 7})
    fit: Any = SimpleNamespace(spec=SimpleNamespace(areas=areas))
    assert area_order(fit, size) == [
        ("W", 0),
        ("B", 1),
        ("B2", 2),
        ("B1", 2),
        ("A", 1),
        ("H", 0),
        ("G", 0),
    ]
