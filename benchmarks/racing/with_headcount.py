"""headcount itself, as a user calls it."""

from __future__ import annotations

from importlib import metadata

import numpy as np
import xarray as xr
from benchmarks.racing.handing import Clock, Job, Outcome

import headcount as hc
from headcount.engine.precompile import compile_ahead

__all__ = ["run"]


def run(job: Job) -> Outcome:
    """Read the study and fit it, with as many warm-up draws as it takes by itself.

    Compiling and loading machine code come first, so that their seconds are known; a user's fit
    begins with them. The pilot runs that find headcount's coordinates are sampling too, so they are
    not hidden in the preparation: what is called preparing here is reading, compiling and loading
    alone.
    """
    clock = Clock(job.started)
    # What a user calls is imported when it is named first; dask, where it is installed, when xarray
    # makes a first array.
    read_spec, read_observations, fit_study = hc.read_spec, hc.read_observations, hc.fit
    xr.DataArray(np.zeros(1))
    clock.mark("import")
    compile_ahead()
    clock.mark("prepare")
    compiled = clock.seconds["prepare"]
    spec = read_spec(job.model)
    observations = read_observations(job.model.parent / spec.data / "observations.csv")
    clock.mark("prepare")
    sampler = hc.Sampler(chains=job.chains, draws=job.draws)
    fit = fit_study(spec, observations, seed=job.seed, sampler=sampler, progress=False)
    clock.mark("after")
    clock.move(fit.sampling.seconds["prepare"], "after", "pilot")
    clock.move(fit.sampling.seconds["sample"], "after", "sample")
    steps = fit.tree["sample_stats"]["n_steps"].to_numpy()
    return Outcome(
        clock.seconds,
        np.asarray(fit.tree["unconstrained_posterior"]["free"], dtype=np.float64),
        int(fit.divergences),
        f"headcount {metadata.version('headcount')}",
        finished=not fit.sampling.interrupted,
        extra={
            "steps_per_draw": float(steps.mean()),
            "compile_seconds": compiled,
            "tune": fit.sampling.tune,
        },
    )
