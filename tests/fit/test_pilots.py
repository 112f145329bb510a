"""Which pilot runs a fit makes, and how long it warms up after them."""

from __future__ import annotations

import math

import pytest

import headcount as hc
from headcount.inference import fitting

SHORT = hc.Sampler(chains=2, draws=20)


def runs_of(
    monkeypatch: pytest.MonkeyPatch, long: float, spec: hc.ModelSpec, rows: hc.Observations
) -> dict:
    """Fit with a bound above which steps count as long; return warm-up draws by run."""
    runs, sample = {}, fitting.sample

    def noted(*args, **options):
        runs[options.get("label", "Sampling")] = options["tune"]
        return sample(*args, **options)

    monkeypatch.setattr(fitting, "sample", noted)
    monkeypatch.setattr(fitting, "LONG", long)
    hc.fit(spec, rows, seed=1, sampler=SHORT, progress=False)
    return runs


def test_after_long_steps_the_last_pilot_is_left_out_and_warm_up_is_brief(
    monkeypatch: pytest.MonkeyPatch, toy_spec: hc.ModelSpec, toy_observations: hc.Observations
) -> None:
    runs = runs_of(monkeypatch, 0.0, toy_spec, toy_observations)
    assert list(runs) == ["Pilot 1", "Pilot 2", "Sampling"]
    assert runs["Sampling"] == fitting.BRIEF


def test_after_short_steps_all_pilots_run_and_warm_up_is_thorough(
    monkeypatch: pytest.MonkeyPatch, toy_spec: hc.ModelSpec, toy_observations: hc.Observations
) -> None:
    runs = runs_of(monkeypatch, math.inf, toy_spec, toy_observations)
    assert list(runs) == ["Pilot 1", "Pilot 2", "Pilot 3", "Sampling"]
    assert runs["Sampling"] == fitting.THOROUGH


def test_of_many_variables_shorter_steps_are_long() -> None:
    assert fitting.long_step(10) == fitting.long_step(fitting.MANY) == fitting.LONG
    assert fitting.long_step(16 * fitting.MANY) == pytest.approx(fitting.LONG / 2)
