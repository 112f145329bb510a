"""The test of uniform ranks, and coverage of many quantities: right models pass, others fail."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import xarray as xr
from arviz_stats.ecdf_utils import ecdf_pit
from scipy import stats

from headcount.reporting.calibration_figure import calibration_figure
from headcount.workflows.calibration import Calibration
from headcount.workflows.calibration.calibrated_quantities import PROBABILITIES
from headcount.workflows.calibration.pooled_coverage import holm, pool_coverage
from headcount.workflows.calibration.rank_uniformity import uniformity_test

STUDIES, RANK_DRAWS = 200, 99


def calibration(
    chances: np.ndarray, groups: tuple[str, ...] = ("total", "total", "ratio")
) -> Calibration:
    """Return the calibration of truths at these posterior quantiles; dims (study, quantity)."""
    studies = len(chances)
    inside = np.stack([abs(chances - 0.5) < prob / 2 for prob in PROBABILITIES], axis=2)
    ranks = np.floor(chances * (RANK_DRAWS + 1)).astype(np.int64)
    data = xr.Dataset(
        {
            "rank": (("study", "quantity"), ranks),
            "inside": (("study", "quantity", "prob"), inside),
            "ess": (("study", "quantity"), np.full(ranks.shape, 400.0)),
            "rhat": (("study", "quantity"), np.ones(ranks.shape)),
            "divergences": ("study", np.zeros(studies, dtype=np.int64)),
            "seconds": ("study", np.ones(studies)),
        },
        coords={
            "study": [f"study-{n}" for n in range(studies)],
            "quantity": [f"q{n}" for n in range(len(groups))],
            "group": ("quantity", list(groups)),
            "prob": list(PROBABILITIES),
        },
    )
    return Calibration("t", data, RANK_DRAWS)


def test_p_value_and_band_are_exact() -> None:
    test = uniformity_test(4, 5)
    every = [np.array(ranks) for ranks in itertools.product(range(6), repeat=4)]
    oddness = np.array([test.tails[np.arange(5), test.counts(ranks)].min() for ranks in every])
    for place in range(0, len(every), 97):
        as_odd = (oddness <= oddness[place] * (1 + 1e-9)).mean()
        assert test.p_value(every[place]) == pytest.approx(as_odd, abs=1e-12)
    low, high = test.band(0.9)
    counts = np.array([test.counts(ranks) for ranks in every]) / 4
    assert ((low <= counts) & (counts <= high)).all(axis=1).mean() >= 0.9


def test_p_values_can_be_small_enough_for_many_quantities() -> None:
    assert uniformity_test(100, RANK_DRAWS).p_value(np.zeros(100, dtype=np.int64)) < 1e-9


def test_the_p_value_of_uniform_ranks_is_uniform() -> None:
    test, rng = uniformity_test(50, RANK_DRAWS), np.random.default_rng(3)
    found = [test.p_value(rng.integers(0, RANK_DRAWS + 1, 50)) for _ in range(400)]
    assert stats.kstest(found, "uniform").pvalue > 0.01


def test_the_band_is_that_of_arviz_where_ranks_are_many() -> None:
    points, _, low, high = ecdf_pit(np.linspace(0, 1, 100), 0.95, 4000)
    own_low, own_high = uniformity_test(100, RANK_DRAWS).band(0.95)
    assert points[1:-1] == pytest.approx(np.arange(1, 100) / 100)
    assert abs(own_low[:-1] - low[1:-2]).max() <= 0.02
    assert abs(own_high[:-1] - high[1:-2]).max() <= 0.02


def test_right_models_pass_nearly_always() -> None:
    rng, failed = np.random.default_rng(5), 0
    for _ in range(100):
        failed += not calibration(rng.random((30, 3))).passed
    # Two families of tests at 1 % each.
    assert failed <= stats.binom(100, 0.02).ppf(0.999)


def test_few_studies_that_agree_do_not_fail_by_that() -> None:
    same = np.repeat(np.random.default_rng(6).uniform(0.3, 0.7, (8, 1)), 40, axis=1)
    found = pool_coverage(abs(same - 0.5) < 0.4, (100 * same).astype(np.int64), 0.8)
    assert found.fraction == 1
    assert found.error == pytest.approx(np.sqrt(0.8 * 0.2 / 8))


def test_coverage_of_one_quantity_is_binomial() -> None:
    inside = (np.arange(50) < 30)[:, None]
    found = pool_coverage(inside, np.arange(50)[:, None], 0.9)
    assert found.fraction == 0.6
    assert found.error == pytest.approx(np.sqrt(0.9 * 0.1 / 50))
    assert found.p_value == pytest.approx(stats.binomtest(30, 50, 0.9).pvalue)


def test_the_error_of_a_group_knows_what_quantities_share() -> None:
    rng = np.random.default_rng(8)
    alone, shared = rng.standard_normal((STUDIES, 20)), rng.standard_normal((STUDIES, 1))
    errors = []
    for weight in (0.0, 1.0):
        z = np.sqrt(1 - weight) * alone + np.sqrt(weight) * shared
        errors.append(
            pool_coverage(
                abs(z) < 1.28, np.floor(99 * stats.norm.cdf(z)).astype(np.int64), 0.8
            ).error
        )
    assert errors[0] == pytest.approx(np.sqrt(0.16 / STUDIES / 20), rel=0.3)
    assert errors[1] == pytest.approx(np.sqrt(0.16 / STUDIES), rel=0.15)


@pytest.mark.parametrize(
    ("chances", "verdict"),
    [
        (stats.beta(1.6, 1).rvs((STUDIES, 3), random_state=6), "ranks of"),
        (stats.beta(0.5, 0.5).rvs((STUDIES, 3), random_state=7), "% intervals are too narrow"),
        (stats.beta(2.5, 2.5).rvs((STUDIES, 3), random_state=8), "% intervals are too wide"),
    ],
)
def test_ranks_that_are_not_uniform_fail(chances: np.ndarray, verdict: str) -> None:
    found = calibration(chances)
    assert not found.passed
    assert found.verdict.name == "failed"
    assert str(found.verdict).startswith("2 of 2 groups failed: total (")
    assert all(verdict in said for said in found.by_group()["verdict"])
    assert "#a3322a" in calibration_figure(found)


def test_one_odd_quantity_fails_its_group_alone_and_is_named() -> None:
    chances = np.random.default_rng(9).random((STUDIES, 3))
    chances[:, 1] **= 3
    groups = calibration(chances).by_group().set_index("group")
    assert "ranks of q1 are not uniform" in groups.loc["total", "verdict"]
    assert groups.loc["total", "worst"] == "q1"
    assert groups.loc["ratio", "passed"]


def test_uniform_ranks_are_covered_as_often_as_intervals_say() -> None:
    found = calibration(np.random.default_rng(5).random((STUDIES, 3)))
    assert found.by_group()["verdict"].tolist() == ["passed", "passed"]
    assert found.verdict.name == "passed"
    assert str(found.verdict).startswith("All of 2 groups passed: ranks are uniform")
    assert found.sentences[0] == "200 studies; median 1.0 s a fit."
    for prob in (50, 80, 90, 95):
        lines = found.to_frame()
        assert (abs(lines[f"coverage_{prob}"] - prob / 100) < 4 * lines[f"error_{prob}"]).all()


def test_holm_keeps_order_and_level() -> None:
    assert holm(np.array([0.04, 0.01, 0.9])).tolist() == pytest.approx([0.08, 0.03, 0.9])
    assert holm(np.array([0.6, 0.7])).tolist() == [1.0, 1.0]
