"""The values of the sparse linear predictor, and of the log reach that follows from it.

Each function is followed by its adjoint, which adds to the derivatives ``d_x`` of the log density
by ``x``.
"""

from __future__ import annotations

import math

import numpy as np

from headcount._types import FloatArray, IntArray
from headcount.engine.density.codes import LOG_OVERCOUNT, REACH_LINK, SHARED_ERROR
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.density.tails import expit, log_expit_and_slope, softplus
from headcount.engine.numba_support.compilation import inner

__all__ = [
    "log_reach_and_slope",
    "predictor_adjoint",
    "predictor_values",
    "reach_adjoint",
    "scales",
]


@inner
def scales(x: FloatArray, log_scale: IntArray) -> FloatArray:
    """Return exp(x) where x is the log scale of effects, undefined elsewhere; dims (free,)."""
    scale = np.empty(x.size)
    for i in range(log_scale.size):
        scale[log_scale[i]] = math.exp(x[log_scale[i]])
    return scale


@inner
def predictor_values(x: FloatArray, scale: FloatArray, arrays: StudyArrays) -> FloatArray:
    """Return the linear predictor, given the scales of effects; dims (predictor,)."""
    predictor = np.zeros(arrays.offset[-1])
    rows, effects = arrays.predictor_row, arrays.predictor_effect
    scaled_by, weights = arrays.predictor_scale, arrays.predictor_weight
    for e in range(rows.size):
        weight = weights[e] * (scale[np.uint64(scaled_by[e])] if scaled_by[e] >= 0 else 1.0)
        predictor[np.uint64(rows[e])] += weight * x[np.uint64(effects[e])]
    return predictor


@inner
def predictor_adjoint(
    x: FloatArray,
    scale: FloatArray,
    d_predictor: FloatArray,
    arrays: StudyArrays,
    gradient: FloatArray,
) -> None:
    """Add the gradient by the free vector, given the derivative by the linear predictor."""
    rows, weights = arrays.predictor_row, arrays.predictor_weight
    effects, scaled_by = arrays.predictor_effect, arrays.predictor_scale
    # Most neighbours have one scale, and a sum in a register is quicker than one in memory.
    last, total = np.uint64(0), 0.0
    for e in range(rows.size):
        effect, slope = np.uint64(effects[e]), weights[e] * d_predictor[np.uint64(rows[e])]
        if scaled_by[e] >= 0:
            own = np.uint64(scaled_by[e])
            slope *= scale[own]
            if own != last:
                gradient[last] += total
                last, total = own, 0.0
            total += slope * x[effect]
        gradient[effect] += slope
    gradient[last] += total


@inner
def log_reach_and_slope(
    predictor: FloatArray, arrays: StudyArrays
) -> tuple[FloatArray, FloatArray]:
    """Return the log reach of each reach point, and its derivative by its value on the link scale.

    Both have dims (reach point,).
    """
    sources, links, offset = arrays.reach_point_source, arrays.reach_point_link, arrays.offset
    reach, slope = np.empty(links.size), np.ones(links.size)
    for i in range(reach.size):
        bare = sources[i] < 0
        source = -1 - sources[i] if bare else sources[i]
        reach[i] = predictor[np.uint64(offset[REACH_LINK] + links[i])]
        if arrays.is_coverage[source]:
            reach[i], slope[i] = log_expit_and_slope(reach[i])
        if not bare:
            reach[i] += predictor[offset[SHARED_ERROR] + source]
            if arrays.has_overcount[source]:
                reach[i] += softplus(predictor[offset[LOG_OVERCOUNT] + source])
    return reach, slope


@inner
def reach_adjoint(
    predictor: FloatArray,
    slope: FloatArray,
    d_reach: FloatArray,
    arrays: StudyArrays,
    d_predictor: FloatArray,
) -> None:
    """Add the derivative by the linear predictor, given the one by log reach."""
    sources, links, offset = arrays.reach_point_source, arrays.reach_point_link, arrays.offset
    for i in range(d_reach.size):
        bare = sources[i] < 0
        source = -1 - sources[i] if bare else sources[i]
        d_predictor[np.uint64(offset[REACH_LINK] + links[i])] += d_reach[i] * slope[i]
        if not bare:
            d_predictor[offset[SHARED_ERROR] + source] += d_reach[i]
            if arrays.has_overcount[source]:
                over = offset[LOG_OVERCOUNT] + source
                d_predictor[over] += d_reach[i] * expit(predictor[over])
