"""The same PyMC model, compiled and sampled by nutpie, which keeps its draws at the limit."""

from __future__ import annotations

from typing import Any

import numpy as np
import nutpie
import xarray as xr
from benchmarks.racing.handing import Clock, Job, Outcome, join
from benchmarks.racing.with_pymc import build, densities

__all__ = ["run"]


def run(job: Job) -> Outcome:
    """Compile and sample."""
    clock = Clock(job.started)
    # xarray imports dask, where it is installed, when it makes a first array.
    xr.DataArray(np.zeros(1))
    clock.mark("import")
    data = job.read()
    model = build(job, data)
    clock.mark("prepare")
    job.check(densities(model, job, data))
    clock.mark("check")
    compiled = nutpie.compile_pymc_model(model)
    clock.mark("prepare")
    tree, finished = _sample(compiled, job)
    clock.mark("sample")
    free = join({name: tree["posterior"][name].to_numpy() for name in data["places"]}, data)
    # Chains that were cut short are padded with NaN.
    complete = int(np.isfinite(free).all(axis=2).sum(axis=1).min())
    stats = tree["sample_stats"].isel(draw=slice(0, complete))
    return Outcome(
        clock.seconds,
        free[:, :complete],
        int(stats["diverging"].sum()),
        f"nutpie {nutpie.__version__}",
        finished,
        {"steps_per_draw": float(stats["n_steps"].mean())} if complete else {},
    )


def _sample(compiled: Any, job: Job) -> tuple[Any, bool]:
    running = nutpie.sample(
        compiled,
        draws=job.draws,
        tune=job.tune,
        chains=job.chains,
        cores=job.chains,
        seed=job.seed,
        save_warmup=False,
        progress_bar=False,
        blocking=False,
    )
    try:
        return running.wait(timeout=max(job.left(), 1.0)), True
    except TimeoutError:
        return running.abort(), False
