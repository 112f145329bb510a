"""Every limit of a workflow that decides a verdict or a sentence, at both of its sides."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import headcount as hc
from headcount.workflows.calibration.calibrated_quantities import PROBABILITIES
from headcount.workflows.calibration.calibration_result import _problems
from headcount.workflows.elicitation.prior_warnings import _implausible_years
from headcount.workflows.sensitivity.comparison_sentences import (
    accuracy_sentence,
    answer_sentence,
    contributions_sentence,
)
from headcount.workflows.sensitivity.influence_result import COLUMNS
from headcount.workflows.sensitivity.omitted_evidence import _Weights
from headcount.workflows.sensitivity.prior_attribution import TOGETHER, WHOLE, Contributions

ABOVE = 1 + 1e-9
BELOW = 1 - 1e-9


# Calibration


def group(**changes: float) -> pd.Series:
    line: dict[str, object] = {"worst": "q", "p_uniform": 0.5}
    for prob in PROBABILITIES:
        line |= {f"p_{100 * prob:.0f}": 0.5, f"coverage_{100 * prob:.0f}": prob}
    return pd.Series(line | changes)


def test_a_group_fails_below_a_p_value_of_one_in_a_hundred() -> None:
    assert _problems(group(p_uniform=0.01)) == "passed"
    assert _problems(group(p_uniform=0.01 * BELOW)) == "ranks of q are not uniform"
    assert _problems(group(p_90=0.01, coverage_90=0.5)) == "passed"
    narrow = group(p_90=0.01 * BELOW, coverage_90=0.5)
    assert _problems(narrow) == "90 % intervals are too narrow"
    wide = group(p_50=0.001, coverage_50=0.8, p_80=0.001, coverage_80=0.95)
    assert _problems(wide) == "50, 80 % intervals are too wide"
    mixed = group(p_50=0.001, coverage_50=0.8, p_80=0.001, coverage_80=0.5)
    assert _problems(mixed) == "50, 80 % intervals are off"


def calibration(rhat: float, ess: float) -> hc.Calibration:
    dims = ("study", "quantity")
    data = xr.Dataset(
        {
            "rank": (dims, np.full((1, 1), 50)),
            "inside": ((*dims, "prob"), np.ones((1, 1, len(PROBABILITIES)), dtype=bool)),
            "ess": (dims, np.full((1, 1), ess)),
            "rhat": (dims, np.full((1, 1), rhat)),
            "divergences": ("study", [0]),
            "seconds": ("study", [1.0]),
        },
        coords={
            "study": ["study-1"],
            "quantity": ["q"],
            "group": ("quantity", ["g"]),
            "prob": list(PROBABILITIES),
        },
    )
    return hc.Calibration(
        "t", data, 99, ("study-2: no", "study-3: no", "study-4: no", "study-5: x")
    )


def test_doubtful_fits_of_a_calibration_are_counted() -> None:
    assert "with an R-hat above 1.05: 0," in calibration(1.05, 99).sentences[1]
    assert "with an R-hat above 1.05: 1," in calibration(1.05 * ABOVE, 99).sentences[1]
    assert not any("effective draws" in text for text in calibration(1.0, 99).sentences)
    assert "fewer than 99 effective draws" in calibration(1.0, 98.9).sentences[2]
    last = calibration(1.0, 99).sentences[-1]
    assert last.startswith(
        "4 fits failed and have no ranks: study-2: no; study-3: no; study-4: no."
    )


# Elicitation


@pytest.fixture
def no_covariates(toy_spec: hc.ModelSpec) -> hc.ModelSpec:
    document = toy_spec.document
    del document["covariates"]
    return hc.parse_spec(document, areas=toy_spec.areas)


@pytest.mark.parametrize(
    ("low", "high", "problem"),
    [
        (2.0, 2_000 * BELOW, None),
        (2.0, 2_000 * ABOVE, "says hardly anything"),
        (1e8, 8.2e9 * BELOW, None),
        (1e8, 8.2e9 * ABOVE, "more than the 8.2 billion people there are"),
        (ABOVE, 500.0, None),
        (BELOW, 500.0, "less than one person"),
    ],
)
def test_implausible_totals(
    low: float, high: float, problem: str | None, no_covariates: hc.ModelSpec
) -> None:
    years = len(no_covariates.years.labels)
    ends = (np.full(years, math.log(end)) for end in (low, high))
    found = [text for _, text in _implausible_years(no_covariates, *ends)]
    assert len(found) == (problem is not None)
    assert problem is None or problem in found[0]


# Comparisons


def answer(median: float, lower: float, upper: float, change: float = 0.0) -> pd.Series:
    line = {"median": median, "lower": lower, "upper": upper, "change": change, "year": 2023}
    return pd.Series(line)


def test_a_change_below_two_per_cent_is_reported_as_none() -> None:
    base = answer(1000, 500, 2000)
    assert "the same to within 2 %" in answer_sentence("x", base, answer(1, 1, 4, 0.0199), "W")
    assert "2.0 % higher" in answer_sentence("x", base, answer(1020, 510, 2040, 0.02), "W")
    assert "2.0 % lower" in answer_sentence("x", base, answer(980, 490, 1960, -0.02), "W")


@pytest.mark.parametrize(
    ("ratio", "is_named"),
    [(1.25 * BELOW, False), (1.25 * ABOVE, True), (0.8 * ABOVE, False), (0.8 * BELOW, True)],
)
def test_the_width_is_named_if_it_changes_by_a_quarter(ratio: float, is_named: bool) -> None:
    base = answer(1000, 1000 / math.e, 1000 * math.e)
    other = answer(1000, 1000 * math.exp(-ratio), 1000 * math.exp(ratio))
    assert ("times as wide" in answer_sentence("x", base, other, "W")) == is_named


def test_priors_are_named_until_they_make_up_two_thirds_and_three_at_most() -> None:
    def sentence(*contributions: float) -> str:
        names = [chr(ord("a") + i) for i in range(len(contributions))]
        lines = [*zip(names, contributions, strict=True), (TOGETHER, 0.0), (WHOLE, 1.0)]
        table = pd.DataFrame(lines, columns=["prior", "contribution"])
        return contributions_sentence(table, are_rough=False)

    assert sentence(0.67, 0.33) == "Of that change, 67 % comes from a."
    assert sentence(0.66, 0.34) == "Of that change, 100 % comes from a and b."
    assert sentence(0.3, 0.25, 0.2, 0.15, 0.1) == "Of that change, 75 % comes from a, b and c."
    assert sentence(0.2, 0.2, 0.2, 0.2, 0.2) == "Of that change, 60 % comes from a, b and c."


def test_contributions_are_rough_below_a_hundred_effective_draws() -> None:
    values = np.zeros(1)
    assert not Contributions(values, values, 100.0).are_rough
    assert Contributions(values, values, 100.0 * BELOW).are_rough


@pytest.mark.parametrize(
    ("difference", "error", "is_evidence"),
    [(4.0, 1.0, True), (4.0 * BELOW, 1.0, False), (8.0, 4.0 * BELOW, True), (8.0, 4.0, False)],
)
def test_differences_of_elpd_that_are_evidence(
    difference: float, error: float, is_evidence: bool
) -> None:
    row = pd.Series({"prior_set": "x", "compared": 2, "trusted": 2})
    for name in ("", "trusted_"):
        row[f"{name}difference"], row[f"{name}difference_se"] = difference, error
    assert ("predicts the rows better" in accuracy_sentence(row, "base")) == is_evidence


# Influence


@pytest.mark.parametrize(
    ("k", "ess", "is_trusted"),
    [(0.5, 400.0, True), (0.5 * ABOVE, 400.0, False), (0.5, 400.0 * BELOW, False)],
)
def test_weights_that_are_used(k: float, ess: float, is_trusted: bool) -> None:
    assert _Weights(np.ones(1), k, ess).can_be_trusted == is_trusted


def influence(count: int = 1, **changes: object) -> hc.Influence:
    line: dict[str, object] = dict.fromkeys(COLUMNS, 0.0)
    line |= {"kind": "source", "name": "s", "rows": 1, "method": "refitted", "error": ""}
    line |= {"change": 0.1, "width": 1.0, "shift": 1.0, "shift_se": 0.1, "surprise": 4.0}
    line |= {"p_surprise": 0.5, "rhat": 1.0, "last_anchor": False} | changes
    table = pd.DataFrame([line] * count)[list(COLUMNS)]
    return hc.Influence("A", 2023, 0.9, 2.0, 1.0, 3.0, table)


def test_an_influence_is_surprising_below_one_in_twenty() -> None:
    assert "about as expected (p = 0.05)" in influence(p_surprise=0.05).sentences[0]
    surprising = influence(p_surprise=0.05 * BELOW)
    assert "2.0 times the expected change (p = 0.05)" in surprising.sentences[0]
    unknown = influence(p_surprise=0.01, surprise=np.nan)
    assert "more than expected (p = 0.01)" in unknown.sentences[0]


def test_a_shift_within_two_standard_errors_is_noise() -> None:
    assert "Monte Carlo" in influence(shift=0.2 * BELOW, shift_se=0.1).sentences[0]
    assert "Monte Carlo" not in influence(shift=-0.2, shift_se=0.1).sentences[0]


def test_a_refit_that_has_not_converged_is_named() -> None:
    assert "converged" not in influence(rhat=1.05).sentences[0]
    assert "has not converged (R-hat 1.05)" in influence(rhat=1.05 * ABOVE).sentences[0]


def test_eight_omissions_have_a_sentence_of_their_own() -> None:
    assert len(influence(8).sentences) == 8
    assert influence(9).sentences[8] == "1 other matters less."
    assert influence(11).sentences[8] == "3 others matter less."


def test_the_table_of_an_influence_has_area_year_and_probability() -> None:
    frame = influence(2).to_frame()
    assert list(frame.columns) == [*COLUMNS, "area", "year", "prob"]
    assert len(frame) == 2
