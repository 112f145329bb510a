"""Growth deviations as coordinates: deviations of yearly growth, in the place of innovations.

Where growth is damped, a deviation is an autoregression over innovations, so the information of the
rows about innovations depends on the damping. Their information about the deviations does not: the
damping affects only the prior of the deviations, as a scale does.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import sparse

from headcount._types import FloatArray, IntArray
from headcount.engine.density.codes import DAMPING
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.density.tails import expit
from headcount.engine.numba_support.compilation import compiled, inner

__all__ = [
    "deviation_precision",
    "gradient_by_deviations",
    "innovations_by_deviations",
    "to_deviations",
    "to_innovations",
]


@inner
def _damping_and_innovation_sd(x: FloatArray, growth: IntArray) -> tuple[float, float]:
    """Return the damping, and the sd of innovations that gives every step the same sd."""
    phi = expit(x[growth[DAMPING]])
    return phi, math.sqrt(expit(-x[growth[DAMPING]]) * (1 + phi))


@compiled
def to_innovations(x: FloatArray, arrays: StudyArrays) -> float:
    """Replace deviations by innovations, in place; return the log determinant of the Jacobian."""
    place, growth = arrays.damped_innovation, arrays.growth
    if place.size == 0:
        return 0.0
    phi, innovation_sd = _damping_and_innovation_sd(x, growth)
    paths, steps = place.shape
    for path in range(paths):
        for step in range(steps - 1, 0, -1):
            x[place[path, step]] = (
                x[place[path, step]] - phi * x[place[path, step - 1]]
            ) / innovation_sd
    log_jacobian: float = -paths * (steps - 1) * math.log(innovation_sd)
    return log_jacobian


@compiled
def to_deviations(x: FloatArray, arrays: StudyArrays) -> None:
    """Replace innovations by deviations, in place."""
    place, growth = arrays.damped_innovation, arrays.growth
    if place.size == 0:
        return
    phi, innovation_sd = _damping_and_innovation_sd(x, growth)
    for path in range(place.shape[0]):
        for step in range(1, place.shape[1]):
            x[place[path, step]] = (
                phi * x[place[path, step - 1]] + innovation_sd * x[place[path, step]]
            )


@compiled
def gradient_by_deviations(x: FloatArray, arrays: StudyArrays, gradient: FloatArray) -> None:
    """Turn the gradient by innovations into the one by deviations, in place.

    Add the gradient of the log determinant of `to_innovations`. ``x`` holds innovations.
    """
    place, growth = arrays.damped_innovation, arrays.growth
    if place.size == 0:
        return
    phi, innovation_sd = _damping_and_innovation_sd(x, growth)
    paths, steps = place.shape
    d_phi = paths * (steps - 1) * phi / innovation_sd**2
    for path in range(paths):
        before = x[place[path, 0]]
        for step in range(1, steps):
            own, innovation = gradient[place[path, step]] / innovation_sd, x[place[path, step]]
            gradient[place[path, step]] = own
            gradient[place[path, step - 1]] -= phi * own
            d_phi += own * (phi / innovation_sd * innovation - before)
            before = phi * before + innovation_sd * innovation
    gradient[growth[DAMPING]] += d_phi * phi * (1 - phi)


def innovations_by_deviations(x: FloatArray, arrays: StudyArrays) -> sparse.csr_array:
    """Return the derivative of the free vector by the one with deviations; dims (free, free).

    The damping is held fixed.
    """
    entry = np.ones(x.size)
    if not arrays.damped_innovation.size:
        return sparse.diags_array(entry).tocsr()
    phi, innovation_sd = _damping_and_innovation_sd_at(x, arrays)
    later, earlier = (
        arrays.damped_innovation[:, 1:].ravel(),
        arrays.damped_innovation[:, :-1].ravel(),
    )
    entry[later] = 1 / innovation_sd
    lagged = sparse.coo_array(
        (np.full(later.size, -phi / innovation_sd), (later, earlier)), (x.size, x.size)
    )
    return sparse.csr_array(sparse.diags_array(entry) + lagged)


def deviation_precision(x: FloatArray, own: FloatArray, arrays: StudyArrays) -> sparse.csc_array:
    """Return the prior precision by deviations, given its diagonal ``own`` by innovations.

    Dims (free, free).
    """
    by_deviations = innovations_by_deviations(x, arrays)
    return sparse.csc_array(by_deviations.T @ sparse.diags_array(own) @ by_deviations)


def _damping_and_innovation_sd_at(x: FloatArray, arrays: StudyArrays) -> tuple[float, float]:
    phi = 1 / (1 + math.exp(-float(x[arrays.growth[DAMPING]])))
    return phi, math.sqrt((1 - phi) * (1 + phi))
