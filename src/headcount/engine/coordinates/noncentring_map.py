r"""Compiled: the partial non-centring map from u to the local vector w, and its adjoint.

Elements of w are those of u, but for effects. The effects of a group are
:math:`z = \mu + L^{-T} u`, with the conditional mean and precision factor that scales, noise and
shared parameters imply (`headcount.engine.coordinates.noncentring` derives them). Common growth,
itself a group, comes first, since other groups depend on it. The map is triangular in that order:
its log Jacobian is :math:`-\sum \log L_{ii}` over all groups, plus that of ungrouped effects; the
adjoint returns it and includes its derivative in the gradient. Names of the form ``d_x`` hold the
derivative of the log density by x.
"""

from __future__ import annotations

import math

import numpy as np

from headcount._types import FloatArray
from headcount.engine.coordinates.batched_algebra import (
    Batch,
    effects_adjoint,
    effects_from_residuals,
    factor_adjoint,
    factorise,
    subtract_shift,
    terms_adjoint,
)
from headcount.engine.coordinates.noncentring_arrays import (
    ConditionalTerms,
    Intermediates,
    NonCentring,
)
from headcount.engine.coordinates.noncentring_inputs import (
    displacement_adjoint,
    fill_linear_displacement,
    log_slope_adjoint,
    nonlinear_displacement,
    row_weights,
    row_weights_adjoint,
)
from headcount.engine.coordinates.noncentring_terms import (
    add_row_terms,
    autoregression,
    fill_prior_precision,
    prior_precision_adjoint,
    row_terms_adjoint,
    subtract_slope_shift,
)
from headcount.engine.numba_support.compilation import compiled, inner
from headcount.engine.numba_support.simd import WIDTH

__all__ = ["apply_noncentring", "noncentring_adjoint"]


@compiled
def apply_noncentring(u: FloatArray, noncentring: NonCentring) -> tuple[FloatArray, Intermediates]:
    """Return the local vector w at u, and the intermediate results that the adjoint needs."""
    w, positions = u.copy(), noncentring.position
    _apply_ungrouped(u, noncentring, w)
    displacement, relative_slope = nonlinear_displacement(u, noncentring)
    scale, residual = _scales_and_residuals(u, relative_slope, noncentring)
    entries = noncentring.matrix_start[-1] * WIDTH
    saved = Intermediates(
        scale,
        np.zeros(positions.size),
        noncentring.base_linear.copy(),
        np.zeros(entries),
        noncentring.linear.copy(),
        np.zeros(entries),
        np.empty(positions.size),
        np.empty(positions.size),
        row_weights(u, noncentring),
        displacement,
        relative_slope,
    )
    terms = ConditionalTerms(saved.scale, saved.shift, saved.linear, saved.information)
    phi, precision = autoregression(u, noncentring)
    for number in range(noncentring.batch_start.size - 2, -1, -1):
        if number == noncentring.dependent_batches[0] - 1:
            fill_linear_displacement(w, noncentring, displacement)
        batch = _batch(number, noncentring)
        add_row_terms(number, saved, noncentring)
        subtract_slope_shift(batch, saved, noncentring)
        subtract_shift(batch, terms)
        fill_prior_precision(number, phi, precision, noncentring, saved.cholesky)
        factorise(batch, terms, saved.cholesky, saved.whitened_mean)
        effects_from_residuals(batch, residual, saved.cholesky, saved.whitened_mean, saved.effects)
        for effect in range(batch.start * WIDTH, (batch.start + batch.size) * WIDTH):
            if positions[effect] >= 0:
                w[positions[effect]] = saved.effects[effect]
    return w, saved


@inner
def _batch(number: int, noncentring: NonCentring) -> Batch:
    """Return where a batch is stored."""
    start, end = noncentring.batch_start[number], noncentring.batch_start[number + 1]
    return Batch(start, noncentring.matrix_start[number], end - start)


@inner
def _scales_and_residuals(
    u: FloatArray, relative_slope: FloatArray, noncentring: NonCentring
) -> tuple[FloatArray, FloatArray]:
    """Return scales times relative slopes, and u of each effect; 1 and 0 for padding."""
    positions, pairs = noncentring.position, noncentring.slope_pair
    scale, residual = np.ones(positions.size), np.zeros(positions.size)
    log_scale, own = -1, 1.0
    for effect in range(positions.size):
        if positions[effect] >= 0:
            # Neighbouring effects mostly have the same scale.
            if noncentring.log_scale[effect] != log_scale:
                log_scale = noncentring.log_scale[effect]
                own = math.exp(u[log_scale])
            scale[effect] = own
            residual[effect] = u[positions[effect]]
            if pairs[effect] >= 0:
                scale[effect] *= relative_slope[pairs[effect]]
    return scale, residual


@compiled
def noncentring_adjoint(
    u: FloatArray,
    w: FloatArray,
    saved: Intermediates,
    noncentring: NonCentring,
    gradient: FloatArray,
) -> float:
    """Turn the gradient by w into the gradient by u, and return the log Jacobian.

    The gradient by u is that of the log density plus the log Jacobian.
    """
    positions, count = noncentring.position, noncentring.position.size
    d_effects, d_residual = np.zeros(count), np.empty(count)
    terms = ConditionalTerms(saved.scale, saved.shift, saved.linear, saved.information)
    # The last one is a matrix of one batch, overwritten by the next.
    derivatives = ConditionalTerms(
        np.empty(count), np.empty(count), np.empty(count), np.empty(_largest_matrix(noncentring))
    )
    d_weight, d_displacement = np.zeros(saved.weight.size), np.zeros(saved.displacement.size)
    log_jacobian, d_damping, (phi, precision) = 0.0, 0.0, autoregression(u, noncentring)
    for number in range(noncentring.batch_start.size - 1):
        if number == noncentring.dependent_batches[0]:
            displacement_adjoint(w, d_displacement, saved.relative_slope, noncentring, gradient)
        batch = _batch(number, noncentring)
        log_jacobian = _add_log_jacobian(log_jacobian, batch, saved.cholesky, noncentring)
        effects = range(batch.start * WIDTH, (batch.start + batch.size) * WIDTH)
        for effect in effects:
            if positions[effect] >= 0:
                d_effects[effect] = gradient[positions[effect]]
        effects_adjoint(batch, saved.cholesky, d_effects, d_residual, derivatives.linear)
        factor_adjoint(
            batch,
            saved.cholesky,
            saved.effects,
            saved.whitened_mean,
            d_residual,
            derivatives.linear,
            derivatives.information,
        )
        d_damping += prior_precision_adjoint(
            number, phi, precision, noncentring, derivatives.information
        )
        terms_adjoint(batch, terms, derivatives)
        row_terms_adjoint(number, saved, derivatives, noncentring, d_weight, d_displacement)
        for effect in effects:
            if positions[effect] >= 0:
                gradient[positions[effect]] = d_residual[effect]
    if noncentring.damping[0] >= 0:
        gradient[noncentring.damping[0]] += d_damping
    _scales_adjoint(saved, derivatives, noncentring, gradient)
    row_weights_adjoint(saved.weight, d_weight, noncentring, gradient)
    return log_jacobian + _ungrouped_adjoint(u, noncentring, gradient)


@inner
def _largest_matrix(noncentring: NonCentring) -> int:
    """Return the numbers in the largest matrix of a batch."""
    largest, starts = 0, noncentring.matrix_start
    for i in range(starts.size - 1):
        largest = max(largest, starts[i + 1] - starts[i])
    return largest * WIDTH


@inner
def _add_log_jacobian(
    total: float, batch: Batch, cholesky: FloatArray, noncentring: NonCentring
) -> float:
    """Add the log Jacobian of a batch: logs of the reciprocals on the diagonals of its factors."""
    for i in range(batch.size):
        product = 1.0
        for slot in range(WIDTH):
            if noncentring.position[(batch.start + i) * WIDTH + slot] >= 0:
                product *= cholesky[(batch.matrix + i * (batch.size + 1)) * WIDTH + slot]
        total += math.log(product)
    return total


@inner
def _scales_adjoint(
    saved: Intermediates,
    derivatives: ConditionalTerms,
    noncentring: NonCentring,
    gradient: FloatArray,
) -> None:
    """Propagate the derivatives by log scales and by slopes of links to u."""
    log_scale, total = 0, 0.0
    for effect in range(noncentring.position.size):
        if noncentring.position[effect] >= 0:
            if noncentring.log_scale[effect] != log_scale:
                gradient[log_scale] += total
                log_scale, total = noncentring.log_scale[effect], 0.0
            total += derivatives.scale[effect]
            pair = noncentring.slope_pair[effect]
            if pair >= 0:
                centre = saved.relative_slope[pair] * noncentring.slope_centre[effect]
                by_slope = derivatives.scale[effect] - centre * derivatives.shift[effect]
                log_slope_adjoint(pair, by_slope, saved.relative_slope, noncentring, gradient)
    gradient[log_scale] += total


@inner
def _ungrouped(effect: int, u: FloatArray, noncentring: NonCentring) -> tuple[float, float, float]:
    """Return image of the centre, slope of the map, and share of the rows in the precision."""
    first = noncentring.ungrouped_scale[effect]
    information = noncentring.ungrouped_information[effect]
    scale = math.exp(u[noncentring.ungrouped_log_scale[effect]])
    by_rows, at_centre = scale * scale * information, 1 + first * first * information
    mean = scale / first * at_centre * noncentring.ungrouped_centre[effect] / (1 + by_rows)
    return mean, math.sqrt(at_centre / (1 + by_rows)), by_rows / (1 + by_rows)


@inner
def _apply_ungrouped(u: FloatArray, noncentring: NonCentring, w: FloatArray) -> None:
    """Write the ungrouped effects: each by itself, as a group of one without shared parameters."""
    for effect in range(noncentring.ungrouped.size):
        mean, slope, _ = _ungrouped(effect, u, noncentring)
        position = noncentring.ungrouped[effect]
        w[position] = mean + slope * (u[position] - noncentring.ungrouped_centre[effect])


@inner
def _ungrouped_adjoint(u: FloatArray, noncentring: NonCentring, gradient: FloatArray) -> float:
    """Turn the gradient by ungrouped effects into that by u, and return the log Jacobian."""
    log_jacobian = 0.0
    for effect in range(noncentring.ungrouped.size):
        position = noncentring.ungrouped[effect]
        mean, slope, share = _ungrouped(effect, u, noncentring)
        distance = u[position] - noncentring.ungrouped_centre[effect]
        by_log_scale = mean * (1 - 2 * share) - slope * share * distance
        log_scale = noncentring.ungrouped_log_scale[effect]
        gradient[log_scale] += gradient[position] * by_log_scale - share
        gradient[position] *= slope
        log_jacobian += math.log(slope)
    return log_jacobian
