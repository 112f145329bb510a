"""Calibration: the truth is ranked among the draws, and a wrong model is found out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.studies import STUDIES, study

import headcount as hc
from headcount.cli import main
from headcount.reporting.calibration_figure import calibration_figure
from headcount.workflows.calibration.calibrated_quantities import RankTruth, true_values

pytestmark = [pytest.mark.fit, pytest.mark.filterwarnings("ignore::headcount.HeadcountWarning")]

SHORT = hc.Sampler(chains=2, draws=100, tune=100)

SPARSE = Path("benchmarks/calibration/sparse")


def test_the_truth_and_the_draws_are_of_the_same_quantities(
    toy_spec: hc.ModelSpec, toy_observations: hc.Observations, toy_fit: hc.Fit
) -> None:
    truth = true_values(hc.simulate(toy_spec, toy_observations, seed=1), toy_spec)
    groups = {name.split("|")[0] for name in truth}
    assert groups == {
        "total",
        "headcount",
        "growth",
        "ratio",
        "coverage",
        "noise",
        "binomial",
        "log likelihood",
    }
    assert {"total|2018", "total|2021", "total|2025", "headcount|NORTH 2018"} <= set(truth)
    found = RankTruth(truth, 20, seed=1)(toy_fit)
    assert found["rank"].shape == found["ess"].shape == found["rhat"].shape == (len(truth),)
    assert found["inside"].shape == (len(truth), 4)
    assert found["rank"].min() >= 0
    assert found["rank"].max() <= 20


@pytest.mark.parametrize("name", STUDIES)
def test_every_structure_has_a_truth(name: str) -> None:
    spec, observations = study(name)
    truth = true_values(hc.simulate(spec, observations, seed=1), spec)
    assert np.isfinite(list(truth.values())).all()


def test_a_truth_at_the_posterior_median_has_the_middle_rank(toy_fit: hc.Fit) -> None:
    name, draws = "total|2021", hc.headcount(toy_fit).sel(year=2021)
    truth = true_values(hc.simulate(toy_fit.spec, toy_fit.observations, seed=1), toy_fit.spec)
    for quantile, inside in (
        (0.5, [True] * 4),
        (0.92, [False, False, True, True]),
        (0.99, [False] * 4),
    ):
        ranked = RankTruth(truth | {name: float(draws.quantile(quantile))}, 99, seed=1)(toy_fit)
        place = list(truth).index(name)
        assert ranked["rank"][place] == pytest.approx(99 * quantile, abs=12)
        assert ranked["inside"][place].tolist() == inside


def test_the_rank_of_a_truth_that_equals_draws_is_drawn(toy_fit: hc.Fit) -> None:
    truth = true_values(hc.simulate(toy_fit.spec, toy_fit.observations, seed=1), toy_fit.spec)
    name = "total|2021"
    same = toy_fit.tree.copy()
    same["posterior"] = (
        same["posterior"].to_dataset().assign(log_headcount=lambda own: 0 * own["log_headcount"])
    )
    flat, place = replace(toy_fit, tree=same), list(truth).index(name)
    people = float(len(toy_fit.spec.areas.regions))
    ranks = [
        RankTruth(truth | {name: people}, 99, seed=seed)(flat)["rank"][place] for seed in range(8)
    ]
    assert len(set(ranks)) > 4
    assert ranks[0] == RankTruth(truth | {name: people}, 99, seed=0)(flat)["rank"][place]


@pytest.fixture(scope="module")
def sparse() -> tuple[hc.ModelSpec, hc.Observations]:
    return hc.read_spec(SPARSE / "sparse.toml"), hc.read_observations(
        SPARSE / "data" / "observations.csv"
    )


def test_a_wrong_model_is_found_out(
    sparse: tuple[hc.ModelSpec, hc.Observations], tmp_path: Path
) -> None:
    # The prior of the fit is a quarter of the one that truths are drawn from.
    wrong = hc.with_prior(sparse[0], "total.prior", {"low": 3000, "high": 6000})
    found = hc.calibrate(
        *sparse,
        studies=6,
        seed=1,
        sampler=SHORT,
        fitted=wrong,
        batch=hc.BatchOptions(folder=tmp_path, progress=False),
    )
    groups = found.by_group().set_index("group")
    assert "ranks of" in groups.loc["total", "verdict"]
    assert "intervals are too narrow" in groups.loc["total", "verdict"]
    assert not found.passed
    assert found.verdict.name == "failed"
    assert "total (ranks of" in str(found.verdict)
    assert calibration_figure(found).startswith("<svg")


def test_too_few_fits_say_nothing(
    sparse: tuple[hc.ModelSpec, hc.Observations], tmp_path: Path
) -> None:
    with pytest.raises(hc.SamplingError, match="1 of 1 fits were made, and 5 are the fewest"):
        hc.calibrate(
            *sparse,
            studies=1,
            seed=1,
            sampler=SHORT,
            batch=hc.BatchOptions(folder=tmp_path, progress=False),
        )


def test_the_command_writes_what_it_found_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["calibrate", str(SPARSE / "sparse.toml"), "--draws", "100", "--out", str(tmp_path)]
    assert main([*command, "--studies", "5", "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "log likelihood" in said
    assert "5 studies; median" in said
    assert "Fits with divergences" in said
    table = (tmp_path / "calibration.csv").read_text(encoding="utf-8")
    assert table.startswith("group,quantity,p_uniform,p_adjusted,coverage_50,")
    assert (tmp_path / "calibration.svg").read_text(encoding="utf-8").startswith("<svg")
    assert main([*command, "--studies", "6"]) == 0
    assert "5 of 6 fits are in" in capsys.readouterr().err


@pytest.mark.slow
def test_a_right_model_passes(sparse: tuple[hc.ModelSpec, hc.Observations], tmp_path: Path) -> None:
    found = hc.calibrate(
        *sparse, studies=100, seed=1, batch=hc.BatchOptions(folder=tmp_path, progress=False)
    )
    assert found.by_group()["verdict"].tolist() == ["passed"] * len(found.groups)


@pytest.mark.slow
def test_noise_that_is_too_small_is_found_out(
    sparse: tuple[hc.ModelSpec, hc.Observations], tmp_path: Path
) -> None:
    wrong = hc.with_prior(sparse[0], "source_kinds.claim.noise", {"low": 0.02, "high": 0.05})
    found = hc.calibrate(
        *sparse,
        studies=50,
        seed=1,
        fitted=wrong,
        batch=hc.BatchOptions(folder=tmp_path, progress=False),
    )
    assert not found.passed
