"""The conditional mode: the maximum of the log posterior given the scales, by Fisher scoring.

The scales stay where they are. In the joint mode of scales and effects, effects explain all noise
and scales collapse, far from the bulk of the posterior. Scoring runs in the local vector w, in
which the expected precision is sparsest; the mode is returned as a free vector.
"""

from __future__ import annotations

from typing import Final

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

MAX_ITERATIONS: Final = 40

TOLERANCE: Final = 1e-3
"""Scoring stops when the expected gain in log density per variable is below this: a step of 0.03
sds."""

MIN_STEP: Final = 1e-4
"""Scoring stops when no multiple of the scoring step above this raises the log density."""


def conditional_mode(arrays: StudyArrays, start: FloatArray) -> FloatArray:
    """Maximise the log posterior over everything but the scales.

    Parameters
    ----------
    arrays
        The study.
    start
        Free vector from which the search starts and whose scales are kept; dims (free,).

    Returns
    -------
    numpy.ndarray
        The mode given the scales, or the best point of 40 iterations; dims (free,).
    """
    w, variables = start.copy(), np.flatnonzero(~scale_parameters(arrays))
    to_baseline(w, arrays)
    to_deviations(w, arrays)
    coordinates, x = Coordinates(arrays), start
    value, gradient = coordinates.log_density(w)
    for iteration in range(MAX_ITERATIONS):
        precision = expected_precision(x, arrays)[variables][:, variables]
        if iteration == 0:
            # The order of elimination takes longer than all else. It depends on the pattern of the
            # matrix only, which stays the same.
            order = np.argsort(factorise(precision).perm_c)
            variables, precision = variables[order], precision[order][:, order]
        step = np.zeros(w.size)
        step[variables] = factorise(precision, ordered=True).solve(gradient[variables])
        gain = float(gradient @ step)
        length = _line_search(w, step, value, coordinates)
        if length < MIN_STEP:
            break
        w = w + length * step
        x = coordinates.free(w)
        value, gradient = coordinates.log_density(w)
        if gain < TOLERANCE * variables.size:
            break
    return x


def _line_search(w: FloatArray, step: FloatArray, value: float, coordinates: Coordinates) -> float:
    """Return the multiple of a scoring step to take.

    It is doubled while the log density rises, since rows far from their expectation make scoring
    steps short, or halved until the log density rises.
    """

    def value_at(length: float) -> float:
        return coordinates.log_density(w + length * step)[0]

    length, found = 1.0, value_at(1.0)
    if found > value:
        while (further := value_at(2 * length)) > found:
            length, found = 2 * length, further
        return length
    while length >= MIN_STEP and not value_at(length) > value:
        length /= 2
    return length
