"""Growth paths as coordinates: yearly deviations of growth, in units of their sd, in the place of
what drives them.

Where growth is damped, a deviation is an autoregression over innovations, so what rows tell about
innovations hangs on the damping. What they tell about the deviations themselves does not: the
damping sets their prior alone, as a scale does.
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
def _fresh(x: FloatArray, growth: IntArray) -> tuple[float, float]:
    """Return the damping, and how much of a step is new: what makes the sd of all steps the same."""
    phi = expit(x[growth[DAMPING]])
    return phi, math.sqrt(expit(-x[growth[DAMPING]]) * (1 + phi))


@compiled
def to_innovations(x: FloatArray, arrays: StudyArrays) -> float:
    """Put innovations where paths stand, in place, and return the log Jacobian."""
    path, growth = arrays.damped_innovation, arrays.growth
    if path.size == 0:
        return 0.0
    phi, fresh = _fresh(x, growth)
    runs, steps = path.shape
    for run in range(runs):
        for step in range(steps - 1, 0, -1):
            x[path[run, step]] = (x[path[run, step]] - phi * x[path[run, step - 1]]) / fresh
    log_jacobian: float = -runs * (steps - 1) * math.log(fresh)
    return log_jacobian


@compiled
def to_deviations(x: FloatArray, arrays: StudyArrays) -> None:
    """Put paths where innovations stand, in place."""
    path, growth = arrays.damped_innovation, arrays.growth
    if path.size == 0:
        return
    phi, fresh = _fresh(x, growth)
    for run in range(path.shape[0]):
        for step in range(1, path.shape[1]):
            x[path[run, step]] = phi * x[path[run, step - 1]] + fresh * x[path[run, step]]


@compiled
def gradient_by_deviations(x: FloatArray, arrays: StudyArrays, gradient: FloatArray) -> None:
    """Turn the gradient by innovations, which x holds, into one by paths, with that of the log
    Jacobian.
    """
    path, growth = arrays.damped_innovation, arrays.growth
    if path.size == 0:
        return
    phi, fresh = _fresh(x, growth)
    runs, steps = path.shape
    d_phi = runs * (steps - 1) * phi / fresh**2
    for run in range(runs):
        before = x[path[run, 0]]
        for step in range(1, steps):
            own, innovation = gradient[path[run, step]] / fresh, x[path[run, step]]
            gradient[path[run, step]] = own
            gradient[path[run, step - 1]] -= phi * own
            d_phi += own * (phi / fresh * innovation - before)
            before = phi * before + fresh * innovation
    gradient[growth[DAMPING]] += d_phi * phi * (1 - phi)


def innovations_by_deviations(x: FloatArray, arrays: StudyArrays) -> sparse.csr_array:
    """Return the derivative of the free vector by the same with paths, the damping held; dims
    (free, free).
    """
    entry = np.ones(x.size)
    if not arrays.damped_innovation.size:
        return sparse.diags_array(entry).tocsr()
    phi, fresh = _fresh_of(x, arrays)
    later, before = (
        arrays.damped_innovation[:, 1:].ravel(),
        arrays.damped_innovation[:, :-1].ravel(),
    )
    entry[later] = 1 / fresh
    beside = sparse.coo_array(
        (np.full(later.size, -phi / fresh), (later, before)), (x.size, x.size)
    )
    return sparse.csr_array(sparse.diags_array(entry) + beside)


def deviation_precision(x: FloatArray, own: FloatArray, arrays: StudyArrays) -> sparse.csc_array:
    """Return the prior's precision by paths, given its diagonal by innovations; dims (free, free)."""
    moved = innovations_by_deviations(x, arrays)
    return sparse.csc_array(moved.T @ sparse.diags_array(own) @ moved)


def _fresh_of(x: FloatArray, arrays: StudyArrays) -> tuple[float, float]:
    phi = 1 / (1 + math.exp(-float(x[arrays.growth[DAMPING]])))
    return phi, math.sqrt((1 - phi) * (1 + phi))
