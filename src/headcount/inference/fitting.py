"""`fit`: from a spec and observations to a posterior."""

from __future__ import annotations

import time

from headcount._machine import garbage_collection_paused
from headcount.engine.density.study_arrays import arrays_of
from headcount.engine.precompile import compile_ahead
from headcount.inference.pilot_runs import (
    Preparation,
    coordinates_by_pilot_runs,
    coordinates_by_transfer,
)
from headcount.inference.posterior_variables import free_vectors, posterior_of
from headcount.inference.sampler import Sampler
from headcount.inference.sampling import Run, sample
from headcount.layout.study_layout import layout_of
from headcount.posterior.draw_transfer import DrawTransfer
from headcount.posterior.fits import Fit, Sampling, sampler_tree, versions
from headcount.study.arguments import checked_seed
from headcount.study.observations import Observations
from headcount.study.specs import ModelSpec
from headcount.study.study import Study

__all__ = ["fit"]


def fit(
    study: Study | ModelSpec,
    observations: Observations | None = None,
    *,
    seed: int,
    sampler: Sampler | None = None,
    progress: bool = True,
    warm_start: Fit | DrawTransfer | None = None,
) -> Fit:
    """Fit a study: draw from the posterior of `headcount.build_model`.

    The density is the PyMC model's, evaluated by a compiled function that reads the study as data,
    in coordinates in which the posterior is close to a standard normal (docs/engine.md). Nothing
    compiles when a study changes.

    Parameters
    ----------
    study
        A study, or the spec of one.
    observations
        The rows, where a spec is given.
    seed
        Seed of everything random; the same seed gives the same draws on one machine, whatever the
        number of cores.
    sampler
        Options of the sampler; four chains of 2,000 draws if ``None``.
    progress
        Whether to show a progress bar, in the terminal or the notebook.
    warm_start
        A fit of a similar study, such as one with other priors or without a source. Its draws
        choose the coordinates, which saves the pilot runs. The answer does not depend on it,
        beyond its Monte Carlo error.

    Returns
    -------
    Fit
        Frozen, with spec, observations, seed and versions. After Ctrl-C it holds the draws that
        were finished and is marked as interrupted.

    Raises
    ------
    ArgumentError, StudyError
        Before anything is sampled: where an argument is out of range, and where spec and
        observations do not fit together.
    SamplingError
        If no draw was finished.

    Examples
    --------
    >>> import headcount as hc
    >>> spec = hc.read_spec("models/toy.toml")
    >>> observations = hc.read_observations("data/toy/observations.csv")
    >>> sampler = hc.Sampler(draws=200, tune=300)
    >>> fit = hc.fit(spec, observations, seed=1, sampler=sampler, progress=False)
    >>> fit.posterior.sizes["region"]
    4
    """
    options = Sampler() if sampler is None else sampler
    checked_seed(seed)
    with garbage_collection_paused():
        study = Study.of(study, observations)
        started = time.perf_counter()
        compile_ahead()
        layout = layout_of(study)
        if warm_start is None:
            prepared = coordinates_by_pilot_runs(
                arrays_of(layout), seed=seed, cores=options.cores, progress=progress
            )
        else:
            prepared = coordinates_by_transfer(layout, warm_start, seed=seed)
    seconds, run = time.perf_counter() - started, _run(options, prepared)
    found = sample(prepared.coordinates, run, seed=seed, cores=options.cores, progress=progress)
    kept_chains, kept_draws, _ = found.free.shape
    record = Sampling(
        seed=seed,
        chains=kept_chains,
        draws=kept_draws,
        tune=run.tune,
        interrupted=found.interrupted,
        seconds={"prepare": seconds, "sample": found.seconds},
        versions=versions(),
    )
    tree = sampler_tree(
        posterior_of(layout, found.free), free_vectors(layout, found.free), found.stats
    )
    return Fit(study, tree, record)


def _run(options: Sampler, prepared: Preparation) -> Run:
    """Return the settings of the main run: the given options, else those that suit coordinates."""
    steps = prepared.steps
    if options.target_accept is not None:
        steps = steps._replace(target_accept=options.target_accept)
    return Run(
        options.chains,
        options.draws,
        prepared.tune if options.tune is None else options.tune,
        max_treedepth=options.max_treedepth,
        initial_step=prepared.step_size,
        steps=steps,
    )
