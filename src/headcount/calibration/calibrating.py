"""`calibrate`: simulate, fit, rank, many times."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from headcount.batches import Job, Outcome, run_batch
from headcount.calibration.quantities import RankOf, truth_of
from headcount.calibration.results import Calibration
from headcount.copies import without_copies
from headcount.errors import SamplingError
from headcount.observations import Observations
from headcount.simulation import simulate
from headcount.specs import ModelSpec
from headcount.study_checks import check_study

__all__ = ["calibrate"]

RANKED: Final = 99
"""Draws that the truth is ranked among: a hundred possible ranks, so that all interval ends lie between two of them."""

FEWEST: Final = 5
"""Studies that it takes to say anything."""


def calibrate(
    spec: ModelSpec,
    observations: Observations,
    folder: str | Path,
    *,
    studies: int = 100,
    seed: int = 1,
    fitted: ModelSpec | None = None,
    draws: int = 500,
    processes: int | None = None,
    dask: str | None = None,
    progress: bool = True,
) -> Calibration:
    """Check by simulation that the posterior of a study means what it says.

    Parameters
    ----------
    spec
        The declaration that worlds are drawn from.
    observations
        Which statements there are; see `headcount.simulate`.
    folder
        Where finished fits are kept; a run that was stopped goes on from there.
    studies
        How many worlds.
    seed
        Of the first world; the others have the numbers after it.
    fitted
        Another declaration to fit with, of the same regions, years and scopes: what happens if the model is wrong?
    draws
        Kept of each of two chains. Enough that 99 of them are nearly independent; effective sample sizes below that are counted.
    processes, dask, progress
        As in `headcount.batches.run_batch`.

    Returns
    -------
    Calibration
        Ranks, tests and coverage.

    Raises
    ------
    SamplingError
        Where fewer than five fits could be made.

    Notes ----- Worlds come from the whole prior, and none is turned away: calibration holds on average over the prior [1]_,
    not for worlds that look sensible. Where priors are so wide that worlds are absurd, fits are hard, and it is the priors
    that need work.

    References
    ----------
    .. [1] Talts, S., Betancourt, M., Simpson, D., Vehtari, A. and Gelman, A. (2018). Validating Bayesian inference
       algorithms with simulation-based calibration. https://arxiv.org/abs/1804.06788

    Examples
    --------
    >>> import headcount as hc
    >>> spec = hc.read_spec("models/toy.toml")
    >>> observations = hc.read_observations("data/toy/observations.csv")
    >>> found = hc.calibrate(spec, observations, "calibration/toy/fits", studies=100, seed=1)  # doctest: +SKIP
    >>> found.summary()[["group", "p_uniform", "coverage_90", "passed"]]  # doctest: +SKIP
    """
    observations = without_copies(spec, observations)
    check_study(spec, observations)
    jobs = [_job(spec, observations, number, fitted or spec, draws) for number in range(seed, seed + studies)]
    outcomes = run_batch(jobs, folder, processes=processes, dask=dask, progress=progress)
    done = [outcome for outcome in outcomes if not outcome.error]
    failures = tuple(f"{outcome.key}: {outcome.error}" for outcome in outcomes if outcome.error)
    if len(done) < FEWEST:
        first = f"; the first failure: {failures[0]}" if failures else ""
        msg = f"{len(done)} of {studies} fits were made, and {FEWEST} are the fewest that say anything{first}"
        raise SamplingError(msg)
    return _gathered(spec, jobs[0], done, failures, seed)


def _job(spec: ModelSpec, observations: Observations, seed: int, fitted: ModelSpec, draws: int) -> Job:
    simulation = simulate(spec, observations, seed=seed)
    digest = RankOf(truth_of(simulation, spec), RANKED)
    key = f"study-{seed:06d}"
    return Job(key, fitted, simulation.observations, seed, digest, chains=2, draws=draws, tune=draws)


def _gathered(
    spec: ModelSpec, job: Job, done: list[Outcome], failures: tuple[str, ...], seed: int
) -> Calibration:
    assert isinstance(job.digest, RankOf)
    return Calibration(
        title=spec.title,
        quantities=tuple(job.digest.truth),
        ranks=np.stack([outcome.values["rank"] for outcome in done]),
        effective=np.array([outcome.values["effective"].min() for outcome in done]),
        ranked=job.digest.ranked,
        divergences=np.array([outcome.divergences for outcome in done]),
        seconds=np.array([outcome.seconds for outcome in done]),
        failures=failures,
        seed=seed,
    )
