"""headcount itself, as a user calls it."""

from __future__ import annotations

from importlib import metadata

import numpy as np
from benchmarks.racing.handing import Clock, Job, Outcome

import headcount as hc
from headcount.engine.ahead import compile_ahead

__all__ = ["run"]


def run(job: Job) -> Outcome:
    """Read the study and fit it, with as many warm-up draws as it takes by itself.

    Compiling comes first, so that its seconds are known; a user's fit begins with it. The pilot runs that find headcount's
    coordinates are sampling too, so they are not hidden in the preparation: what is called preparing here is reading and
    compiling alone.
    """
    clock = Clock(job.started)
    clock.mark("import")
    compile_ahead()
    clock.mark("prepare")
    compiled = clock.seconds["prepare"]
    spec = hc.read_spec(job.model)
    observations = hc.read_observations(job.model.parent / spec.data / "observations.csv")
    clock.mark("prepare")
    fit = hc.fit(spec, observations, seed=job.seed, chains=job.chains, draws=job.draws, progress=False)
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
        extra={"steps_per_draw": float(steps.mean()), "compile_seconds": compiled, "tune": fit.sampling.tune},
    )
