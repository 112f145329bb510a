"""`calibrate`: simulate, fit, rank, many times."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import track

from headcount.errors import SamplingError
from headcount.simulation import Simulation, simulate
from headcount.study.observations import Observations
from headcount.study.specs import ModelSpec
from headcount.study.study import Study
from headcount.workflows.batches import Job, Outcome, run_batch
from headcount.workflows.calibration.calibrated_quantities import RankOf, truth_of
from headcount.workflows.calibration.calibration_result import Calibration, gathered

__all__ = ["calibrate"]

RANKED: Final = 99
"""Draws that the truth is ranked among. A hundred possible ranks tell any quantile apart that tens
or hundreds of studies can tell apart, and 99 nearly independent draws are to be had from short
chains."""

FEWEST: Final = 5
"""Studies that it takes to say anything."""


def calibrate(
    study: Study | ModelSpec,
    observations: Observations | None = None,
    *,
    folder: str | Path,
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
    study
        A study, or the spec of one; its priors are those that studies are simulated from, its rows
        are replaced by simulated ones, see `headcount.simulate`.
    observations
        The rows, where a spec is given.
    folder
        Where finished fits are kept; a run that was stopped goes on from there.
    studies
        How many worlds.
    seed
        Of the first world; the others have the numbers after it.
    fitted
        Another declaration to fit with, of the same regions, years and scopes: what happens if the
        model is wrong?
    draws
        Kept of each of two chains: two, so that R-hat can tell whether they agree. Of the 1,000
        draws, every tenth is ranked, so ranks are of nearly independent draws where the effective
        sample size is above 100; where it is not is shown.
    processes, dask, progress
        As in `headcount.workflows.batches.run_batch`.

    Returns
    -------
    Calibration
        Ranks, tests and coverage.

    Raises
    ------
    SamplingError
        Where fewer than five fits could be made.

    Notes
    -----
    Worlds come from the whole prior, and none is turned away: calibration holds on average over the
    prior [1]_, not for worlds that look sensible. Where priors are so wide that worlds are absurd,
    fits are hard, and it is the priors that need work. Studies whose fit diverged count like the
    others.

    References
    ----------
    .. [1] Talts, S., Betancourt, M., Simpson, D., Vehtari, A. and Gelman, A. (2018). Validating
       Bayesian inference algorithms with simulation-based calibration.
       https://arxiv.org/abs/1804.06788

    Examples
    --------
    >>> import headcount as hc
    >>> spec = hc.read_spec("models/toy.toml")
    >>> observations = hc.read_observations("data/toy/observations.csv")
    >>> found = hc.calibrate(spec, observations, folder="calibration/toy", seed=1)  # doctest: +SKIP
    >>> found.summary()[["group", "p_uniform", "coverage_90", "passed"]]  # doctest: +SKIP
    """
    study = Study.of(study, observations)
    spec, observations = study.spec, study.observations
    if fitted is not None:
        study.variant(spec=fitted)
    numbers = track(
        range(seed, seed + studies),
        "Worlds",
        console=Console(stderr=True),
        transient=True,
        disable=not progress,
    )
    worlds = [simulate(study, seed=number) for number in numbers]
    digests = [RankOf(truth_of(world, spec), RANKED, world.seed) for world in worlds]
    jobs = [
        _job(world, study, fitted or spec, digest, draws)
        for world, digest in zip(worlds, digests, strict=True)
    ]
    outcomes = run_batch(jobs, folder, processes=processes, dask=dask, progress=progress)
    if sum(not outcome.error for outcome in outcomes) < FEWEST:
        raise SamplingError(_too_few(outcomes))
    return gathered(spec.title, outcomes, digests[0])


def _job(world: Simulation, study: Study, fitted: ModelSpec, digest: RankOf, draws: int) -> Job:
    key = f"study-{world.seed:06d}"
    simulated = study.variant(spec=fitted, observations=world.observations)
    return Job(key, simulated, world.seed, digest, chains=2, draws=draws, tune=draws)


def _too_few(outcomes: Sequence[Outcome]) -> str:
    errors = [f"{outcome.key}: {outcome.error}" for outcome in outcomes if outcome.error]
    first = f"; the first failure: {errors[0]}" if errors else ""
    done = len(outcomes) - len(errors)
    return f"{done} of {len(outcomes)} fits were made, and {FEWEST} are the fewest that say anything{first}"
