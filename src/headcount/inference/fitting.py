"""`fit`: from a spec and observations to a posterior."""

from __future__ import annotations

import time
from typing import Final, NamedTuple

import numpy as np

from headcount._machine import garbage_collection_paused
from headcount.engine.coordinates.construction import coordinates_of, first_coordinates
from headcount.engine.coordinates.sampled_density import Coordinates
from headcount.engine.density.study_arrays import StudyArrays, arrays_of
from headcount.engine.precompile import compile_ahead
from headcount.inference.posterior_variables import free_vectors, posterior_of
from headcount.inference.sampler import Sampler
from headcount.inference.sampling import SHORT, STEADY, Pace, Run, sample
from headcount.layout.study_layout import Layout, layout_of
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
            arrays = arrays_of(layout)
            coordinates, step = _geometry(arrays, seed=seed, cores=options.cores, progress=progress)
        else:
            coordinates, step = _geometry_near(layout, warm_start, seed=seed), SHORT
    tune = options.tune
    if tune is None:
        tune = BRIEF if step >= long_step(coordinates.size) else THOROUGH
    prepared = time.perf_counter() - started
    pace = STEADY if step >= TINY else CAREFUL
    if options.target_accept is not None:
        pace = pace._replace(accepted=options.target_accept)
    run = Run(
        options.chains,
        options.draws,
        tune,
        deepest=options.max_treedepth,
        pace=pace,
        first_step=step,
    )
    found = sample(coordinates, run, seed=seed, cores=options.cores, progress=progress)
    kept_chains, kept_draws, _ = found.free.shape
    record = Sampling(
        seed=seed,
        chains=kept_chains,
        draws=kept_draws,
        tune=tune,
        interrupted=found.interrupted,
        seconds={"prepare": prepared, "sample": found.seconds},
        versions=versions(),
    )
    tree = sampler_tree(
        posterior_of(layout, found.free), free_vectors(layout, found.free), found.stats
    )
    return Fit(study, tree, record)


class Pilot(NamedTuple):
    """A short run that finds the bulk of the posterior, so that coordinates can be chosen by its
    draws.

    Attributes
    ----------
    draws, tune
        Draws kept and warm-up draws, for each chain.
    deepest
        Doublings of a trajectory at most. Longer ones are of a step size that is still being
        sought.
    spared
        Whether it is left out where the one before made long steps.
    """

    draws: int
    tune: int
    deepest: int
    spared: bool = False


PILOTS: Final = (Pilot(40, 60, 3), Pilot(60, 50, 3), Pilot(100, 100, 4, spared=True))
"""Each in coordinates chosen by the draws of the one before."""

PILOT_CHAINS: Final = 2

LONG, MANY = 0.35, 700
"""A step that is long, in sds of a normal density, for so many free variables or fewer."""

BRIEF, THOROUGH = 150, 500
"""Warm-up draws where the last pilot run made long steps, so that little is left to adapt; and
elsewhere."""

TINY, CAREFUL = 0.25, Pace(0.95, 0.6)
"""Where the steps of the pilot runs are tiny, there is more that long ones could go wrong in. Some
are much shorter than the others, so that a chain gets out of a corner in which the usual step is
too long."""


def _geometry(
    arrays: StudyArrays, *, seed: int, cores: int | None, progress: bool
) -> tuple[Coordinates, float]:
    """Return coordinates that suit the bulk of the posterior, and the step size that the last pilot
    run made.
    """
    coordinates, step, long = first_coordinates(arrays), SHORT, long_step(arrays.prior_family.size)
    for number, pilot in enumerate(PILOTS, start=1):
        if pilot.spared and step >= long:
            break
        run = Run(PILOT_CHAINS, pilot.draws, pilot.tune, deepest=pilot.deepest, first_step=step)
        label = f"Pilot {number}"
        found = sample(coordinates, run, seed=seed, cores=cores, progress=progress, label=label)
        coordinates, step = (
            coordinates_of(arrays, found.free.reshape(-1, arrays.prior_family.size)),
            found.step,
        )
    return coordinates, step


def long_step(size: int) -> float:
    """Return the step that counts as long for so many free variables.

    Errors of a trajectory's energy add up over variables that are apart, so in coordinates as good
    steps are shorter the more there are, by the fourth root of their number; see Beskos et al.
    (2013), https://doi.org/10.3150/12-BEJ414.
    """
    return float(LONG * min(1.0, (MANY / size) ** 0.25))


CARRIED = 200
"""Draws of a neighbouring fit by which coordinates are chosen: as many as the longest pilot run
has."""


def _geometry_near(layout: Layout, near: Fit | DrawTransfer, *, seed: int) -> Coordinates:
    carried = DrawTransfer.of(near, CARRIED) if isinstance(near, Fit) else near
    return coordinates_of(arrays_of(layout), carried.to(layout, np.random.default_rng(seed)))
