"""The log density of the priors on the unconstrained scale, and its gradient."""

from __future__ import annotations

import math

from headcount._types import FloatArray
from headcount.engine.density.codes import EXPONENTIAL, GAMMA, HALF_NORMAL, LINK_NORMAL
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.density.tails import expit, log_expit
from headcount.engine.numba_support.compilation import compiled

__all__ = ["log_prior_and_gradient"]


@compiled
def log_prior_and_gradient(x: FloatArray, arrays: StudyArrays, gradient: FloatArray) -> float:
    """Return the log prior density on the unconstrained scale, and fill its gradient."""
    total = arrays.log_prior_constant[0]
    for i in range(x.size):
        family, first, second = (
            arrays.prior_family[i],
            arrays.prior_first[i],
            arrays.prior_second[i],
        )
        if family == LINK_NORMAL:
            z = (x[i] - first) / second
            total -= 0.5 * z * z
            gradient[i] = -z / second
        elif family == HALF_NORMAL:
            z = math.exp(x[i]) / first
            total += x[i] - 0.5 * z * z
            gradient[i] = 1 - z * z
        elif family == EXPONENTIAL:
            z = math.exp(x[i]) / first
            total += x[i] - z
            gradient[i] = 1 - z
        elif family == GAMMA:
            z = second * math.exp(x[i])
            total += first * x[i] - z
            gradient[i] = first - z
        else:
            total += first * log_expit(x[i]) + second * log_expit(-x[i])
            gradient[i] = first * expit(-x[i]) - second * expit(x[i])
    return float(total)
