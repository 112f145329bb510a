"""The level as a coordinate: log headcounts before shares are made to sum to one.

The total is exact: `log H = log total - logsumexp(u) + u[r]`, so a step in one region's u moves all
other regions, and a row about one region speaks of all. With the level `c = log total -
logsumexp(u)` in the place of the log total, `log H = c + u[r]`: a row about a region speaks of that
region only, and the total's prior alone holds all of them. The map has Jacobian 1.
"""

from __future__ import annotations

import math

import numpy as np

from headcount._types import FloatArray
from headcount.engine.density.codes import LOG_SHARE
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.density.tails import log_sum
from headcount.engine.numba_support.compilation import compiled, inner

__all__ = ["gradient_by_baseline", "share_weights", "to_baseline", "to_total"]


@inner
def _shares(x: FloatArray, arrays: StudyArrays) -> FloatArray:
    """Return u, dims (region,). The entries of the level and of the shares are the first ones."""
    start, end = arrays.offset[LOG_SHARE], arrays.offset[LOG_SHARE + 1]
    rows, a, b, weight = (
        arrays.predictor_row,
        arrays.predictor_effect,
        arrays.predictor_scale,
        arrays.predictor_weight,
    )
    u = np.zeros(end - start)
    for e in range(rows.size):
        if rows[e] >= end:
            break
        if rows[e] >= start:
            u[rows[e] - start] += weight[e] * (math.exp(x[b[e]]) if b[e] >= 0 else 1.0) * x[a[e]]
    return u


@compiled
def to_total(x: FloatArray, arrays: StudyArrays) -> None:
    """Put the log total where the level stands, in place."""
    x[arrays.predictor_effect[0]] += log_sum(_shares(x, arrays))


@compiled
def to_baseline(x: FloatArray, arrays: StudyArrays) -> None:
    """Put the level where the log total stands, in place."""
    x[arrays.predictor_effect[0]] -= log_sum(_shares(x, arrays))


@compiled
def share_weights(x: FloatArray, arrays: StudyArrays) -> FloatArray:
    """Return the derivative of logsumexp(u) by x; dims (free,)."""
    slope = np.zeros(x.size)
    _add_share_weights(x, 1.0, arrays, slope)
    return slope


@compiled
def gradient_by_baseline(x: FloatArray, arrays: StudyArrays, gradient: FloatArray) -> None:
    """Turn the gradient by the free vector x into one where the level stands in the place of the
    log total.
    """
    _add_share_weights(x, gradient[arrays.predictor_effect[0]], arrays, gradient)


@inner
def _add_share_weights(
    x: FloatArray, factor: float, arrays: StudyArrays, slope: FloatArray
) -> None:
    start, end = arrays.offset[LOG_SHARE], arrays.offset[LOG_SHARE + 1]
    rows, a, b, weight = (
        arrays.predictor_row,
        arrays.predictor_effect,
        arrays.predictor_scale,
        arrays.predictor_weight,
    )
    u = _shares(x, arrays)
    share, norm = np.empty(u.size), log_sum(u)
    for r in range(u.size):
        share[r] = factor * math.exp(u[r] - norm)
    for e in range(rows.size):
        if rows[e] >= end:
            break
        if rows[e] >= start:
            own = share[rows[e] - start] * weight[e]
            if b[e] >= 0:
                own *= math.exp(x[b[e]])
                slope[b[e]] += own * x[a[e]]
            slope[a[e]] += own
