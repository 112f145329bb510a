"""The mode of everything but the scales, found by Fisher scoring."""

from __future__ import annotations

import numpy as np

from headcount._types import FloatArray
from headcount.engine.coordinates.sampled_density import Coordinates
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.derivatives.fisher_information import (
    expected_precision,
    factorise,
    scale_parameters,
)
from headcount.engine.derivatives.growth_deviations import to_deviations
from headcount.engine.derivatives.log_baseline import to_baseline

__all__ = ["conditional_mode"]

STEPS = 40
TOLERANCE = 1e-3
"""Scoring stops when a step promises to raise the log density by less than this for each variable,
so when it is of 0.03 sds."""

SHORTEST = 1e-4
"""Scoring stops when no step longer than this part of the promised one climbs."""


def conditional_mode(arrays: StudyArrays, start: FloatArray) -> FloatArray:
    """Climb to the mode of everything but the scales, by Fisher scoring with a damped step.

    The joint mode of scales and effects is of no use: it lies where noise has been explained away
    by effects.

    Parameters
    ----------
    arrays
        The study.
    start
        Where to begin; scales stay as they are; dims (free,).

    Returns
    -------
    numpy.ndarray
        The mode given the scales, or the best point of ``STEPS`` steps.
    """
    still = scale_parameters(arrays)
    x, moving = start.copy(), np.flatnonzero(~still)
    to_baseline(x, arrays)
    to_deviations(x, arrays)
    coordinates, natural = Coordinates(arrays), start
    best, gradient = coordinates.log_density(x)
    for number in range(STEPS):
        precision = expected_precision(natural, arrays)[moving][:, moving]
        if number == 0:
            # Finding the order takes longer than all else; it hangs on which rows speak of what,
            # which stays as it is.
            order = np.argsort(factorise(precision).perm_c)
            moving, precision = moving[order], precision[order][:, order]
        step = np.zeros(x.size)
        step[moving] = factorise(precision, ordered=True).solve(gradient[moving])
        promised = float(gradient @ step)
        length = _length(x, step, best, coordinates)
        if length < SHORTEST:
            break
        x = x + length * step
        natural = coordinates.free(x)
        best, gradient = coordinates.log_density(x)
        if promised < TOLERANCE * moving.size:
            break
    return natural


def _length(x: FloatArray, step: FloatArray, best: float, coordinates: Coordinates) -> float:
    """Return how far to go: as far as doubling climbs higher, for rows far out forbid long steps;
    or halved until it climbs.
    """

    def value(length: float) -> float:
        return coordinates.log_density(x + length * step)[0]

    length, found = 1.0, value(1.0)
    if found > best:
        while (further := value(2 * length)) > found:
            length, found = 2 * length, further
        return length
    while length >= SHORTEST and not value(length) > best:
        length /= 2
    return length
