"""The log baseline as a coordinate: log headcounts before the shares are made to sum to one.

The total is exact: ``log H[r] = log total - logsumexp(u) + u[r]`` in the reference year. So a step
in one region's ``u`` moves all other regions, and a row about one region depends on all of them.
With the log baseline ``c = log total - logsumexp(u)`` in the place of the log total,
``log H[r] = c + u[r]``: a row about a region depends on that region only, and the prior of the
total alone on all of them. The map has Jacobian determinant 1.
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
def _log_shares(x: FloatArray, arrays: StudyArrays) -> FloatArray:
    """Return u, the log shares before normalising; dims (region,).

    The entries of the log total and of the log shares come first in the linear predictor.
    """
    start, end = arrays.offset[LOG_SHARE], arrays.offset[LOG_SHARE + 1]
    rows, effects = arrays.predictor_row, arrays.predictor_effect
    scales, weights = arrays.predictor_scale, arrays.predictor_weight
    u = np.zeros(end - start)
    for e in range(rows.size):
        if rows[e] >= end:
            break
        if rows[e] >= start:
            scale = math.exp(x[scales[e]]) if scales[e] >= 0 else 1.0
            u[rows[e] - start] += weights[e] * scale * x[effects[e]]
    return u


@compiled
def to_total(x: FloatArray, arrays: StudyArrays) -> None:
    """Replace the log baseline by the log total, in place."""
    x[arrays.predictor_effect[0]] += log_sum(_log_shares(x, arrays))


@compiled
def to_baseline(x: FloatArray, arrays: StudyArrays) -> None:
    """Replace the log total by the log baseline, in place."""
    x[arrays.predictor_effect[0]] -= log_sum(_log_shares(x, arrays))


@compiled
def share_weights(x: FloatArray, arrays: StudyArrays) -> FloatArray:
    """Return the derivative of logsumexp(u) by x; dims (free,)."""
    slope = np.zeros(x.size)
    _add_share_weights(x, 1.0, arrays, slope)
    return slope


@compiled
def gradient_by_baseline(x: FloatArray, arrays: StudyArrays, gradient: FloatArray) -> None:
    """Turn the gradient by the free vector x into the one by the log baseline, in place."""
    _add_share_weights(x, gradient[arrays.predictor_effect[0]], arrays, gradient)


@inner
def _add_share_weights(
    x: FloatArray, factor: float, arrays: StudyArrays, slope: FloatArray
) -> None:
    """Add ``factor`` times the derivative of logsumexp(u) by x."""
    start, end = arrays.offset[LOG_SHARE], arrays.offset[LOG_SHARE + 1]
    rows, effects = arrays.predictor_row, arrays.predictor_effect
    scales, weights = arrays.predictor_scale, arrays.predictor_weight
    u = _log_shares(x, arrays)
    share, norm = np.empty(u.size), log_sum(u)
    for r in range(u.size):
        share[r] = factor * math.exp(u[r] - norm)
    for e in range(rows.size):
        if rows[e] >= end:
            break
        if rows[e] >= start:
            own = share[rows[e] - start] * weights[e]
            if scales[e] >= 0:
                own *= math.exp(x[scales[e]])
                slope[scales[e]] += own * x[effects[e]]
            slope[effects[e]] += own
