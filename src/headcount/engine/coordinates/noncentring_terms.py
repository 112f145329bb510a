r"""Compiled: the terms of the conditional distribution of a batch's effects, and their adjoints.

For each effect group, :math:`G = \sum_l \lambda_l G_l` and
:math:`b = b_0 + \sum_l \lambda_l (b_l - C_l \gamma)`, the shift :math:`A \gamma`, and the prior
precision P, which is the identity but for growth paths: there a deviation follows the one before by
an autoregression with the damping :math:`\phi`, so P is tridiagonal. Weights :math:`\lambda` and
displacements :math:`\gamma` come from `headcount.engine.coordinates.noncentring_inputs`. Adjoints
add to derivatives in place. Names of the form ``d_x`` hold the derivative of the log density by x.
"""

from __future__ import annotations

from headcount._types import FloatArray
from headcount.engine.coordinates.batched_algebra import Batch
from headcount.engine.coordinates.noncentring_arrays import (
    ConditionalTerms,
    Intermediates,
    NonCentring,
)
from headcount.engine.density.tails import expit
from headcount.engine.numba_support.compilation import inner
from headcount.engine.numba_support.simd import WIDTH
from headcount.engine.numba_support.vector_ops import add, add_at, dot, dot_at

__all__ = [
    "add_row_terms",
    "autoregression",
    "fill_prior_precision",
    "prior_precision_adjoint",
    "row_terms_adjoint",
    "subtract_slope_shift",
]


@inner
def autoregression(u: FloatArray, noncentring: NonCentring) -> tuple[float, float]:
    """Return the damping, and the precision of a deviation given the one before.

    Without growth paths they are 0 and 1.
    """
    position = noncentring.damping[0]
    if position < 0:
        return 0.0, 1.0
    phi = expit(u[position])
    return phi, 1 / (expit(-u[position]) * (1 + phi))


@inner
def fill_prior_precision(
    number: int, phi: float, precision: float, noncentring: NonCentring, matrices: FloatArray
) -> None:
    """Write P of a batch where the matrices are zero."""
    n = noncentring.batch_start[number + 1] - noncentring.batch_start[number]
    base, down = noncentring.matrix_start[number] * WIDTH, (n + 1) * WIDTH
    for i in range(n):
        for slot in range(WIDTH):
            matrices[base + i * down + slot] = 1.0
    for slot in range(WIDTH):
        group = number * WIDTH + slot
        for path in range(noncentring.path_start[group], noncentring.path_start[group + 1]):
            place = base + noncentring.path_first[path] * down + slot
            for _ in range(noncentring.path_steps[0] - 1):
                matrices[place] += phi * phi * precision
                matrices[place + down] += phi * phi * precision
                matrices[place + WIDTH] -= phi * precision
                place += down


@inner
def prior_precision_adjoint(
    number: int, phi: float, precision: float, noncentring: NonCentring, d_precision: FloatArray
) -> float:
    """Return the derivative by the logit of the damping, given that by Q (diagonal doubled)."""
    n = noncentring.batch_start[number + 1] - noncentring.batch_start[number]
    down, total = (n + 1) * WIDTH, 0.0
    for slot in range(WIDTH):
        group = number * WIDTH + slot
        for path in range(noncentring.path_start[group], noncentring.path_start[group + 1]):
            place = noncentring.path_first[path] * down + slot
            for _ in range(noncentring.path_steps[0] - 1):
                diagonal = d_precision[place] + d_precision[place + down]
                total += phi * diagonal - (1 + phi * phi) * d_precision[place + WIDTH]
                place += down
    return total * phi * (1 - phi) * precision * precision


@inner
def add_row_terms(number: int, saved: Intermediates, noncentring: NonCentring) -> None:
    """Add the terms of rows to b and G of a batch, and write its shifts."""
    cross, loading = noncentring.cross, noncentring.loading
    entry, information = noncentring.information_place, noncentring.information
    first = noncentring.batch_start[number] * WIDTH
    linear = saved.linear[first:]
    matrix = saved.information[noncentring.matrix_start[number] * WIDTH :]
    for group in range(number * WIDTH, (number + 1) * WIDTH):
        pair, last_pair = noncentring.pair_start[group], noncentring.pair_start[group + 1]
        displacement = saved.displacement[pair:last_pair]
        pairs, effect = displacement.size, first + group - number * WIDTH
        here, end = noncentring.loading_start[group], noncentring.loading_start[group + 1]
        for row in range(here, end, max(pairs, 1)):
            saved.shift[effect] = dot(loading[row : row + pairs], displacement)
            effect += WIDTH
        for term in range(noncentring.term_start[group], noncentring.term_start[group + 1]):
            weight, row = saved.weight[noncentring.term_class[term]], noncentring.cross_start[term]
            here, end = noncentring.information_start[term], noncentring.information_start[term + 1]
            add_at(matrix, entry[here:end], weight, information[here:end])
            here, end = noncentring.linear_start[term], noncentring.linear_start[term + 1]
            if row >= 0:
                for a in range(here, end):
                    saved.term_linear[a] -= dot(cross[row : row + pairs], displacement)
                    row += pairs
            add_at(linear, noncentring.linear_place[here:end], weight, saved.term_linear[here:end])


@inner
def row_terms_adjoint(
    number: int,
    saved: Intermediates,
    derivatives: ConditionalTerms,
    noncentring: NonCentring,
    d_weight: FloatArray,
    d_displacement: FloatArray,
) -> None:
    """Propagate the derivatives by b, shifts and G of a batch to weights and displacements."""
    cross, loading = noncentring.cross, noncentring.loading
    entry, information = noncentring.information_place, noncentring.information
    place, first = noncentring.linear_place, noncentring.batch_start[number] * WIDTH
    d_linear, d_information = derivatives.linear[first:], derivatives.information
    for group in range(number * WIDTH, (number + 1) * WIDTH):
        pair, last_pair = noncentring.pair_start[group], noncentring.pair_start[group + 1]
        d_pairs = d_displacement[pair:last_pair]
        pairs, effect = d_pairs.size, first + group - number * WIDTH
        here, end = noncentring.loading_start[group], noncentring.loading_start[group + 1]
        for row in range(here, end, max(pairs, 1)):
            add(d_pairs, derivatives.shift[effect], loading[row : row + pairs])
            effect += WIDTH
        for term in range(noncentring.term_start[group], noncentring.term_start[group + 1]):
            weight_class, row = noncentring.term_class[term], noncentring.cross_start[term]
            here, end = noncentring.information_start[term], noncentring.information_start[term + 1]
            total = dot_at(d_information, entry[here:end], information[here:end])
            here, end = noncentring.linear_start[term], noncentring.linear_start[term + 1]
            total += dot_at(d_linear, place[here:end], saved.term_linear[here:end])
            d_weight[weight_class] += total
            if row >= 0:
                for a in range(here, end):
                    own = -saved.weight[weight_class] * d_linear[place[a]]
                    add(d_pairs, own, cross[row : row + pairs])
                    row += pairs


@inner
def subtract_slope_shift(batch: Batch, saved: Intermediates, noncentring: NonCentring) -> None:
    """Correct the shifts of effects whose scale a link's slope multiplies.

    The link is linearised at the effect's value at the centre, not at zero, so the new slope acts
    on the distance from there only.
    """
    for effect in range(batch.start * WIDTH, (batch.start + batch.size) * WIDTH):
        pair = noncentring.slope_pair[effect]
        if pair >= 0:
            change = saved.relative_slope[pair] - 1
            saved.shift[effect] -= change * noncentring.slope_centre[effect]
