r"""Compiled: row weights, displacements and relative slopes, and their adjoints.

Through these three quantities the conditional distribution of effects depends on noise and on
shared parameters. The *weight* of the rows of a class, relative to the centre, is
:math:`\lambda = 1 / (1 + \rho (e^{2 \delta} - 1))`, with :math:`\delta` the change of the log noise
since the centre and :math:`\rho` the share of a row's variance that is noise. The *displacement*
:math:`\gamma` of a shared parameter is its distance from the centre: for one with a nonlinear link,
the change of the link's value divided by its slope at the centre. The *relative slope* of a link is
its slope divided by that at the centre; it multiplies the scale of effects that deviate on the link
scale. Adjoints add to the gradient in place. Names of the form ``d_x`` hold the derivative of the
log density by x.
"""

from __future__ import annotations

import math

import numpy as np

from headcount._types import FloatArray
from headcount.engine.coordinates.noncentring_arrays import LOG_ONE_PLUS_EXP, NonCentring
from headcount.engine.density.tails import log_expit_and_slope
from headcount.engine.numba_support.compilation import inner

__all__ = [
    "displacement_adjoint",
    "fill_linear_displacement",
    "log_slope_adjoint",
    "nonlinear_displacement",
    "row_weights",
    "row_weights_adjoint",
]


@inner
def row_weights(u: FloatArray, noncentring: NonCentring) -> FloatArray:
    """Return the weight of the rows of each class; dims (class + 1,).

    The last one is 1, for rows whose weight does not depend on noise.
    """
    classes = noncentring.noise_share.size
    change = np.empty(classes)
    for k in range(classes):
        change[k] = -noncentring.noise_centre[k]
    for e in range(noncentring.noise_class.size):
        own = noncentring.noise_coefficient[e] * u[noncentring.noise_position[e]]
        change[noncentring.noise_class[e]] += own
    weight = np.ones(classes + 1)
    for k in range(classes):
        weight[k] = 1 / (1 + noncentring.noise_share[k] * math.expm1(2 * change[k]))
    return weight


@inner
def row_weights_adjoint(
    weight: FloatArray, d_weight: FloatArray, noncentring: NonCentring, gradient: FloatArray
) -> None:
    """Propagate the derivative by weights to the summands of log noise."""
    for e in range(noncentring.noise_class.size):
        own = noncentring.noise_class[e]
        slope = -2 * weight[own] * (1 - (1 - noncentring.noise_share[own]) * weight[own])
        by_log_noise = noncentring.noise_coefficient[e] * slope
        gradient[noncentring.noise_position[e]] += by_log_noise * d_weight[own]


@inner
def nonlinear_displacement(
    u: FloatArray, noncentring: NonCentring
) -> tuple[FloatArray, FloatArray]:
    """Return displacement and relative slope of each pair, 0 and 1 for linear links; dims (pair,).

    With v the argument of the link, it is log(1 + exp(v)) or log expit(v).
    """
    pairs = noncentring.pair_shared.size
    displacement, relative_slope = np.zeros(pairs), np.ones(pairs)
    for i in range(pairs):
        link = noncentring.pair_link[i]
        if link != 0:
            shared = noncentring.shared[noncentring.pair_shared[i]]
            v, at_centre = u[shared] + noncentring.pair_shift[i], noncentring.pair_slope[i]
            sign = 1.0 if link == LOG_ONE_PLUS_EXP else -1.0
            log_expit, slope = log_expit_and_slope(-sign * v)
            displacement[i] = (-sign * log_expit - noncentring.pair_value[i]) / at_centre
            relative_slope[i] = slope / at_centre
    return displacement, relative_slope


@inner
def fill_linear_displacement(
    w: FloatArray, noncentring: NonCentring, displacement: FloatArray
) -> None:
    """Write the displacement of pairs with a linear link."""
    own = np.empty(noncentring.shared.size)
    for i in range(own.size):
        scale = noncentring.shared_log_scale[i]
        own[i] = w[noncentring.shared[i]] * (math.exp(w[scale]) if scale >= 0 else 1.0)
        own[i] -= noncentring.shared_centre[i]
    for i in range(displacement.size):
        if noncentring.pair_link[i] == 0:
            displacement[i] = own[noncentring.pair_shared[i]]


@inner
def displacement_adjoint(
    w: FloatArray,
    d_displacement: FloatArray,
    relative_slope: FloatArray,
    noncentring: NonCentring,
    gradient: FloatArray,
) -> None:
    """Propagate the derivative by displacements to shared parameters and their log scales."""
    d_shared = np.zeros(noncentring.shared.size)
    for i in range(d_displacement.size):
        d_shared[np.uint64(noncentring.pair_shared[i])] += d_displacement[i] * relative_slope[i]
    for i in range(d_shared.size):
        position, scale = noncentring.shared[i], noncentring.shared_log_scale[i]
        own = d_shared[i]
        if scale >= 0:
            own *= math.exp(w[scale])
            gradient[scale] += own * w[position]
        gradient[position] += own


@inner
def log_slope_adjoint(
    pair: int,
    d_log_slope: float,
    relative_slope: FloatArray,
    noncentring: NonCentring,
    gradient: FloatArray,
) -> None:
    """Propagate the derivative by the log slope of a pair's link to the shared parameter.

    The slope is expit(v) or expit(-v), so that of its log is one minus it, or minus that.
    """
    link = noncentring.pair_link[pair]
    if link != 0:
        slope = 1 - relative_slope[pair] * noncentring.pair_slope[pair]
        shared = noncentring.shared[noncentring.pair_shared[pair]]
        gradient[shared] += d_log_slope * (slope if link == LOG_ONE_PLUS_EXP else -slope)
