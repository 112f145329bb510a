"""One size of `benchmarks/scaling.py` in a process of its own.

python -m benchmarks.racing.one_size MODEL OUTPUT ...
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import headcount as hc
from headcount.engine.coordinates.construction import coordinates_at
from headcount.engine.density.log_density import log_density_and_gradient
from headcount.engine.density.study_arrays import arrays_of

LEAST_SECONDS = 0.5
"""How long a function is called again and again to time it."""


def per_call(function: Callable[[], object]) -> float:
    """Return seconds per call, without the first call, which may compile."""
    function()
    calls, started = 0, time.perf_counter()
    while time.perf_counter() - started < LEAST_SECONDS:
        function()
        calls += 1
    return (time.perf_counter() - started) / calls


def measure(model: Path, *, seed: int, chains: int, draws: int, tune: int) -> dict[str, Any]:
    """Fit a study and time the parts."""
    started = time.perf_counter()
    spec = hc.read_spec(model)
    observations = hc.read_observations(model.parent / spec.data / "observations.csv")
    reading = time.perf_counter() - started
    fit = hc.fit(
        spec,
        observations,
        seed=seed,
        progress=False,
        sampler=hc.Sampler(chains=chains, draws=draws, tune=tune),
    )
    whole = time.perf_counter() - started
    centre = np.asarray(fit.tree["unconstrained_posterior"]["free"], dtype=np.float64).mean(
        axis=(0, 1)
    )
    arrays, gradient = arrays_of(fit.layout), np.empty(centre.size)
    coordinates = coordinates_at(arrays, centre)
    middle = np.zeros(centre.size)
    seconds = fit.sampling.seconds
    return {
        "rows": len(fit.observations.fitted),
        "unknowns": centre.size,
        "read": reading,
        "prepare": seconds["prepare"],
        "sample": seconds["sample"],
        "after": whole - reading - seconds["prepare"] - seconds["sample"],
        "whole": whole,
        "gradient": per_call(lambda: log_density_and_gradient(centre, arrays, gradient)),
        "sampler_gradient": per_call(lambda: coordinates.log_density(middle)),
        "steps_per_draw": float(fit.tree["sample_stats"]["n_steps"].mean()),
        "divergences": int(fit.divergences),
    }


def main() -> None:
    """Measure one size and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("model", "output"):
        parser.add_argument(name, type=Path)
    for name in ("seed", "chains", "draws", "tune"):
        parser.add_argument(f"--{name}", type=int, required=True)
    arguments = parser.parse_args()
    numbers = {name: getattr(arguments, name) for name in ("seed", "chains", "draws", "tune")}
    arguments.output.write_text(json.dumps(measure(arguments.model, **numbers)), encoding="utf-8")


if __name__ == "__main__":
    main()
