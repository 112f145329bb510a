"""Calibration: uniform ranks pass, others fail, and a wrong model is found out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import headcount as hc
from headcount.calibration import Calibration
from headcount.calibration.figure import calibration_figure
from headcount.calibration.quantities import RankOf, truth_of
from headcount.calibration.uniformity import uniformity_of

pytestmark = pytest.mark.fit

STUDIES, RANKED = 200, 99


def ranks_of(chances: np.ndarray) -> np.ndarray:
    """Return the ranks that values of a distribution function on (0, 1) come to."""
    return np.floor(chances * (RANKED + 1)).astype(np.int64)


def calibration(ranks: np.ndarray) -> Calibration:
    count = len(ranks)
    return Calibration(
        title="t",
        quantities=("total|2021", "total|2022", "ratio|wide 2021"),
        ranks=ranks,
        effective=np.full(count, 400.0),
        ranked=RANKED,
        divergences=np.zeros(count, dtype=np.int64),
        seconds=np.ones(count),
        failures=(),
        seed=1,
    )


def test_the_p_value_of_uniform_ranks_is_uniform() -> None:
    test, rng = uniformity_of(50, RANKED), np.random.default_rng(3)
    found = [test.p_value(rng.integers(0, RANKED + 1, 50)) for _ in range(400)]
    assert stats.kstest(found, "uniform").pvalue > 0.01


def test_the_band_holds_uniform_ranks_as_often_as_it_says() -> None:
    low, high = uniformity_of(100, RANKED).band(0.9)
    rng, inside = np.random.default_rng(4), 0
    for _ in range(500):
        ranks = np.sort(rng.integers(0, RANKED + 1, 100))
        ecdf = np.searchsorted(ranks, np.arange(RANKED), side="right") / 100
        inside += bool(((low <= ecdf) & (ecdf <= high)).all())
    assert inside / 500 == pytest.approx(0.9, abs=4 * np.sqrt(0.9 * 0.1 / 500))


def test_uniform_ranks_pass_and_are_covered_as_often_as_intervals_say() -> None:
    found = calibration(ranks_of(np.random.default_rng(5).random((STUDIES, 3))))
    assert found.passed
    summary = found.summary().set_index("group")
    assert summary.loc["total", "quantities"] == 2
    for prob in (50, 80, 90, 95):
        error = summary.loc["total", f"error_{prob}"]
        assert summary.loc["total", f"coverage_{prob}"] == pytest.approx(prob / 100, abs=4 * error)


@pytest.mark.parametrize(
    ("chances", "what"),
    [
        (stats.beta(1.6, 1).rvs((STUDIES, 3), random_state=6), "posteriors too low"),
        (stats.beta(0.5, 0.5).rvs((STUDIES, 3), random_state=7), "posteriors too narrow"),
        (stats.beta(2.5, 2.5).rvs((STUDIES, 3), random_state=8), "posteriors too wide"),
    ],
)
def test_ranks_that_are_not_uniform_fail(chances: np.ndarray, what: str) -> None:
    assert not calibration(ranks_of(chances)).passed, what


def test_one_odd_quantity_fails_its_group_alone_and_is_named() -> None:
    chances = np.random.default_rng(9).random((STUDIES, 3))
    chances[:, 1] **= 3
    summary = calibration(ranks_of(chances)).summary().set_index("group")
    assert not summary.loc["total", "passed"]
    assert summary.loc["total", "worst"] == "2022"
    assert summary.loc["ratio", "passed"]


def test_the_truth_and_the_draws_are_of_the_same_quantities(
    toy_spec: hc.ModelSpec, toy_observations: hc.Observations, toy_fit: hc.Fit
) -> None:
    truth = truth_of(hc.simulate(toy_spec, toy_observations, seed=1), toy_spec)
    assert {name.split("|")[0] for name in truth} == {
        "total", "headcount", "growth", "ratio", "coverage", "log likelihood",
    }  # fmt: skip
    found = RankOf(truth, 20)(toy_fit)
    assert found["rank"].shape == (len(truth),)
    assert found["rank"].min() >= 0
    assert found["rank"].max() <= 20


def test_a_truth_at_the_posterior_median_has_the_middle_rank(toy_fit: hc.Fit) -> None:
    year = toy_fit.spec.years.reference
    middle = float(hc.headcount(toy_fit).sel(year=year).median())
    truth = truth_of(hc.simulate(toy_fit.spec, toy_fit.observations, seed=1), toy_fit.spec) | {
        f"total|{year}": middle
    }
    ranks = dict(zip(truth, RankOf(truth, 101)(toy_fit)["rank"], strict=True))
    assert ranks[f"total|{year}"] == pytest.approx(50, abs=15)


def test_a_wrong_model_is_found_out(tmp_path: Path) -> None:
    folder = Path("benchmarks/calibration/sparse")
    spec = hc.read_spec(folder / "sparse.toml")
    observations = hc.read_observations(folder / "data" / "observations.csv")
    # The fit is sure of a quarter of the people that worlds have.
    wrong = hc.with_prior(spec, "total.prior", {"low": 3000, "high": 6000})
    settings = {"studies": 8, "draws": 150, "progress": False}
    found = hc.calibrate(spec, observations, tmp_path, fitted=wrong, **settings)
    summary = found.summary().set_index("group")
    assert not summary.loc["total", "passed"]
    assert summary.loc["total", "coverage_90"] < 0.6
    assert calibration_figure(found).startswith("<svg")


def test_too_few_fits_say_nothing(tmp_path: Path) -> None:
    folder = Path("benchmarks/calibration/sparse")
    spec = hc.read_spec(folder / "sparse.toml")
    observations = hc.read_observations(folder / "data" / "observations.csv")
    with pytest.raises(hc.SamplingError, match="4 of 4 fits were made, and 5 are the fewest"):
        hc.calibrate(spec, observations, tmp_path, studies=4, draws=100, progress=False)
