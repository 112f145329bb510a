"""`calibrate`: simulate a study, fit it and rank the truth, many times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.progress import track

from headcount.errors import SamplingError
from headcount.inference import Sampler
from headcount.simulation import Simulation, simulate
from headcount.study.arguments import checked_seed
from headcount.study.observations import Observations
from headcount.study.specs import ModelSpec
from headcount.study.study import Study
from headcount.workflows.batches import SAMPLER, BatchOptions, Job, Outcome, run_batch
from headcount.workflows.calibration.calibrated_quantities import RankTruth, true_values
from headcount.workflows.calibration.calibration_result import Calibration, gather

__all__ = ["calibrate"]

RANK_DRAWS: Final = 99
"""Number of draws that the truth is ranked among. A hundred possible ranks resolve every quantile
that tens or hundreds of studies can resolve, and short chains hold 99 nearly independent draws."""

FEWEST: Final = 5
"""Smallest number of studies that a calibration needs."""


def calibrate(
    study: Study | ModelSpec,
    observations: Observations | None = None,
    *,
    seed: int,
    studies: int = 100,
    fitted: ModelSpec | None = None,
    sampler: Sampler = SAMPLER,
    batch: BatchOptions | None = None,
) -> Calibration:
    """Check by simulation that posterior intervals of a study contain the truth as they state.

    Parameters
    ----------
    study
        A study, or the spec of one. Truths are drawn from its priors, and the numbers of its rows
        are simulated; see `headcount.simulate`.
    observations
        The rows, if a spec is given.
    seed
        Seed of the first simulation; the others have the numbers after it.
    studies
        Number of simulated studies.
    fitted
        Another declaration to fit with, of the same regions, years and scopes, to see the effect of
        a wrong model.
    sampler
        Options of the sampler; by default two chains, so that R-hat can be computed, of 500 draws.
        Of these 1,000 draws every tenth is ranked, so ranks are of nearly independent draws where
        the effective sample size is above 100; the result counts the fits where it is not.
    batch
        Folder of the finished fits and the processes that run them; if ``None``, all cores, and an
        interrupted run starts again.

    Returns
    -------
    Calibration
        Ranks, tests, coverage and a verdict.

    Raises
    ------
    SamplingError
        If fewer than five fits succeed.

    Notes
    -----
    Truths are drawn from the whole prior and none is rejected: calibration is a statement about the
    average over the prior [1]_, not about truths that look sensible. Where wide priors generate
    absurd truths, fits are hard, and the priors need work. Studies whose fit diverged count like
    the others.

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
    >>> batch = hc.BatchOptions(folder="fits", processes=1, progress=False)
    >>> short = hc.Sampler(chains=2, draws=100, tune=100)  # 500 draws of 100 studies say more
    >>> hc.calibrate(spec, observations, seed=1, studies=5, sampler=short, batch=batch).studies
    5
    """
    study = Study.of(study, observations)
    fitted = study.spec if fitted is None else study.variant(spec=fitted).spec
    options = BatchOptions() if batch is None else batch
    seeds = range(checked_seed(seed), seed + studies)
    simulations = _simulations(study, seeds, progress=options.progress)
    jobs = [_job(one, study, fitted, sampler) for one in simulations]
    outcomes = run_batch([job for job, _ in jobs], options)
    if sum(not outcome.error for outcome in outcomes) < FEWEST:
        raise SamplingError(_too_few(outcomes))
    return gather(study.spec.title, outcomes, jobs[0][1])


def _simulations(study: Study, seeds: Sequence[int], *, progress: bool) -> list[Simulation]:
    numbers = track(
        seeds,
        "Simulations",
        console=Console(stderr=True),
        transient=True,
        disable=not progress,
    )
    return [simulate(study, seed=number) for number in numbers]


def _job(
    simulation: Simulation, study: Study, fitted: ModelSpec, sampler: Sampler
) -> tuple[Job, RankTruth]:
    seed = simulation.seed
    summarise = RankTruth(true_values(simulation, study.spec), RANK_DRAWS, seed)
    simulated = study.variant(spec=fitted, observations=simulation.observations)
    return Job(f"study-{seed:06d}", simulated, seed, summarise, sampler), summarise


def _too_few(outcomes: Sequence[Outcome]) -> str:
    errors = [f"{outcome.key}: {outcome.error}" for outcome in outcomes if outcome.error]
    first = f"; the first failure: {errors[0]}" if errors else ""
    done = len(outcomes) - len(errors)
    needed = f"and {FEWEST} are the fewest that say anything"
    return f"{done} of {len(outcomes)} fits were made, {needed}{first}"
