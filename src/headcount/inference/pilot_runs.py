"""Pilot runs: short runs of the sampler whose draws choose the coordinates of a fit.

Coordinates are chosen around a centre, best in the bulk of the posterior. The first pilot run
samples in coordinates around the conditional mode with scales at their prior medians, each later
one in coordinates chosen by the draws of the one before. The step size at which a pilot run settles
shows how close the posterior is to a standard normal in its coordinates: it decides whether the
last pilot run is needed, how long the warm-up of the fit is, and at which acceptance it samples.
The maps are exact, so draws of the fit have the posterior as their distribution whatever the pilot
runs found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from headcount.engine.coordinates.construction import coordinates_of, first_coordinates
from headcount.engine.coordinates.sampled_density import Coordinates
from headcount.engine.density.study_arrays import StudyArrays, arrays_of
from headcount.inference.sampling import (
    DEFAULT_STEPS,
    INITIAL_STEP,
    Run,
    StepSettings,
    sample,
)
from headcount.layout.study_layout import Layout
from headcount.posterior.draw_transfer import DrawTransfer
from headcount.posterior.fits import Fit

__all__ = ["Preparation", "coordinates_by_pilot_runs", "coordinates_by_transfer"]


class PilotRun(NamedTuple):
    """The length of a pilot run.

    Attributes
    ----------
    draws, tune
        Draws kept and warm-up draws, for each chain.
    max_treedepth
        Doublings of a trajectory at most: longer ones come from a step size that is still adapting.
    optional
        Whether it is skipped where the one before settled on large steps.
    """

    draws: int
    tune: int
    max_treedepth: int
    optional: bool = False


PILOT_RUNS: Final = (PilotRun(40, 60, 3), PilotRun(60, 50, 3), PilotRun(100, 100, 4, optional=True))

PILOT_CHAINS: Final = 2

LARGE_STEP: Final = 0.35
"""Least step size that counts as large with `REFERENCE_SIZE` variables or fewer, in sds of a normal
density."""

REFERENCE_SIZE: Final = 700

SMALL_STEP: Final = 0.25
"""Below this step size the posterior is far from normal somewhere: the fit takes `SHORT_STEPS`."""

SHORT_STEPS: Final = StepSettings(target_accept=0.95, jitter=0.6)
"""High acceptance, and steps of very different length, so that a chain leaves a region in which the
usual step size is too large."""

SHORT_TUNE: Final = 150
LONG_TUNE: Final = 500
"""Warm-up draws where the last pilot run settled on large steps, so that little is left to adapt;
and elsewhere."""

TRANSFERRED_DRAWS: Final = 200
"""Draws of another fit that choose coordinates: as many as the longest pilot run has."""


@dataclass(frozen=True)
class Preparation:
    """Coordinates for a fit, and the settings that suit them.

    Parameters
    ----------
    coordinates
        The coordinates.
    step_size
        Step size in them, as far as known.
    """

    coordinates: Coordinates
    step_size: float

    @property
    def tune(self) -> int:
        """Warm-up draws for each chain."""
        return SHORT_TUNE if self.step_size >= large_step(self.coordinates.size) else LONG_TUNE

    @property
    def steps(self) -> StepSettings:
        """Acceptance and jitter of the steps."""
        return DEFAULT_STEPS if self.step_size >= SMALL_STEP else SHORT_STEPS


def coordinates_by_pilot_runs(
    arrays: StudyArrays, *, seed: int, cores: int | None, progress: bool
) -> Preparation:
    """Choose coordinates by pilot runs.

    Parameters
    ----------
    arrays
        The study.
    seed, cores, progress
        As in `headcount.inference.fitting.fit`.

    Returns
    -------
    Preparation
        Coordinates chosen by the draws of the last pilot run, and the step size at which it
        settled.
    """
    coordinates, step_size = first_coordinates(arrays), INITIAL_STEP
    for number, pilot in enumerate(PILOT_RUNS, start=1):
        if pilot.optional and step_size >= large_step(coordinates.size):
            break
        run = Run(
            PILOT_CHAINS,
            pilot.draws,
            pilot.tune,
            max_treedepth=pilot.max_treedepth,
            initial_step=step_size,
        )
        label = f"Pilot {number}"
        found = sample(coordinates, run, seed=seed, cores=cores, progress=progress, label=label)
        draws = found.free.reshape(-1, coordinates.size)
        coordinates, step_size = coordinates_of(arrays, draws), found.step_size
    return Preparation(coordinates, step_size)


def coordinates_by_transfer(
    layout: Layout, warm_start: Fit | DrawTransfer, *, seed: int
) -> Preparation:
    """Choose coordinates by draws of a similar study, without pilot runs.

    Parameters
    ----------
    layout
        The study.
    warm_start
        A fit of a similar study, or draws of one.
    seed
        Of the draws of variables that the other study lacks.

    Returns
    -------
    Preparation
        Coordinates, of which no step size is known yet.
    """
    if isinstance(warm_start, Fit):
        warm_start = DrawTransfer.of(warm_start, TRANSFERRED_DRAWS)
    draws = warm_start.to(layout, np.random.default_rng(seed))
    return Preparation(coordinates_of(arrays_of(layout), draws), INITIAL_STEP)


def large_step(size: int) -> float:
    """Return the least step size that counts as large for a number of variables.

    Energy errors of independent variables add up along a trajectory, so in equally good coordinates
    step sizes fall with the fourth root of their number; see Beskos et al. (2013),
    https://doi.org/10.3150/12-BEJ414.
    """
    return float(LARGE_STEP * min(1.0, (REFERENCE_SIZE / size) ** 0.25))
