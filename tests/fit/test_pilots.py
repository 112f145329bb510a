"""Which pilot runs a fit makes, and its warm-up and steps after them."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

import headcount as hc
from headcount.inference import fitting, pilot_runs
from headcount.inference.pilot_runs import (
    LARGE_STEP,
    REFERENCE_SIZE,
    SMALL_STEP,
    Preparation,
    large_step,
)
from headcount.inference.sampling import DEFAULT_STEPS

OPTIONS = hc.Sampler(chains=2, draws=20)


def tune_by_run(
    monkeypatch: pytest.MonkeyPatch, least: float, spec: hc.ModelSpec, rows: hc.Observations
) -> dict:
    """Fit with another bound for large steps; return warm-up draws by run."""
    runs, sample = {}, fitting.sample

    def recorded(coordinates, run, **options):
        runs[options.get("label", "Sampling")] = run.tune
        return sample(coordinates, run, **options)

    monkeypatch.setattr(fitting, "sample", recorded)
    monkeypatch.setattr(pilot_runs, "sample", recorded)
    monkeypatch.setattr(pilot_runs, "LARGE_STEP", least)
    hc.fit(spec, rows, seed=1, sampler=OPTIONS, progress=False)
    return runs


def test_after_large_steps_the_last_pilot_run_is_skipped_and_warm_up_is_short(
    monkeypatch: pytest.MonkeyPatch, toy_spec: hc.ModelSpec, toy_observations: hc.Observations
) -> None:
    runs = tune_by_run(monkeypatch, 0.0, toy_spec, toy_observations)
    assert list(runs) == ["Pilot 1", "Pilot 2", "Sampling"]
    assert runs["Sampling"] == 150


def test_after_small_steps_all_pilot_runs_are_made_and_warm_up_is_long(
    monkeypatch: pytest.MonkeyPatch, toy_spec: hc.ModelSpec, toy_observations: hc.Observations
) -> None:
    runs = tune_by_run(monkeypatch, math.inf, toy_spec, toy_observations)
    assert list(runs) == ["Pilot 1", "Pilot 2", "Pilot 3", "Sampling"]
    assert runs["Sampling"] == 500


def test_the_bound_for_large_steps_falls_with_the_fourth_root_of_variables() -> None:
    assert large_step(10) == large_step(REFERENCE_SIZE) == LARGE_STEP == 0.35
    assert large_step(16 * REFERENCE_SIZE) == pytest.approx(LARGE_STEP / 2)


@pytest.mark.parametrize(
    ("step_size", "tune", "target_accept"),
    [(0.35, 150, 0.88), (0.3499, 500, 0.88), (0.25, 500, 0.88), (0.2499, 500, 0.95)],
)
def test_the_step_size_of_the_pilot_runs_decides_warm_up_and_acceptance(
    step_size: float, tune: int, target_accept: float
) -> None:
    found = Preparation(SimpleNamespace(size=100), step_size)
    assert found.tune == tune
    assert found.steps.target_accept == target_accept
    assert (found.steps == DEFAULT_STEPS) == (step_size >= SMALL_STEP)
