r"""Linear algebra of one batch of effect groups, and its adjoint.

Given its terms (`ConditionalTerms`), an effect group has the conditional precision Q = P + S G S
and mean :math:`\mu = Q^{-1} S b`, with S the diagonal matrix of scales. With the Cholesky factor Q
= LL', effects are :math:`z = \mu + L^{-T} u = L^{-T} (L^{-1} S b + u)`. The functions compute L',
the whitened mean :math:`L^{-1} S b` and z; the adjoints propagate derivatives by z to u, b, G, log
scales and shifts, and add those of the log Jacobian :math:`-\sum \log L_{ii}`. The adjoint of the
Cholesky factorisation follows Murray (2016), https://arxiv.org/abs/1602.07527.

A batch holds ``WIDTH`` groups, one in each slot of a SIMD vector, and all get the same operations.
Its matrices are n times n, by rows, n the size of the largest group; a smaller group is padded with
an identity. Of symmetric matrices and of factors the upper triangle is stored. Offsets count
vectors (`headcount.engine.numba_support.simd`). Names of the form ``d_x`` hold the derivative of
the log density by x.
"""

from __future__ import annotations

from typing import NamedTuple

from headcount._types import FloatArray
from headcount.engine.coordinates.noncentring_arrays import ConditionalTerms
from headcount.engine.numba_support.compilation import inner
from headcount.engine.numba_support.simd import SimdVector, broadcast, load, sqrt, store

__all__ = [
    "Batch",
    "effects_adjoint",
    "effects_from_residuals",
    "factor_adjoint",
    "factorise",
    "subtract_shift",
    "terms_adjoint",
]


class Batch(NamedTuple):
    """Where a batch is stored.

    Attributes
    ----------
    start, matrix
        First effect and first matrix entry.
    size
        Number of effects of its largest group.
    """

    start: int
    matrix: int
    size: int


@inner
def _dot(a: FloatArray, i: int, b: FloatArray, j: int, count: int) -> SimdVector:
    """Return the dot product of ``count`` vectors of a from i on with those of b from j on."""
    total = broadcast(0.0)
    for k in range(count):
        total += load(a, i + k) * load(b, j + k)
    return total


@inner
def subtract_shift(batch: Batch, terms: ConditionalTerms) -> None:
    r"""Subtract :math:`G A \gamma`, the effect of shared parameters, from b."""
    start, n, information, shift, linear = (
        batch.start,
        batch.size,
        terms.information,
        terms.shift,
        terms.linear,
    )
    for i in range(n):
        row, own = batch.matrix + i * n, load(shift, start + i)
        total = load(linear, start + i) - load(information, row + i) * own
        for j in range(i + 1, n):
            entry = load(information, row + j)
            total -= entry * load(shift, start + j)
            store(linear, start + j, load(linear, start + j) - entry * own)
        store(linear, start + i, total)


@inner
def factorise(
    batch: Batch, terms: ConditionalTerms, cholesky: FloatArray, whitened_mean: FloatArray
) -> None:
    """Replace P by L', with reciprocals on its diagonal, and compute the whitened mean."""
    start, matrix, n, scale, information = (
        batch.start,
        batch.matrix,
        batch.size,
        terms.scale,
        terms.information,
    )
    for k in range(n):
        own, row, total = load(scale, start + k), matrix + k * n, broadcast(0.0)
        pivot = load(cholesky, row + k) + own * own * load(information, row + k)
        for m in range(k):
            above = load(cholesky, matrix + m * n + k)
            pivot -= above * above
            total += above * load(whitened_mean, start + m)
        pivot = broadcast(1.0) / sqrt(pivot)
        store(cholesky, row + k, pivot)
        store(whitened_mean, start + k, (own * load(terms.linear, start + k) - total) * pivot)
        # Two columns at a time read the entries above the pivot once. An odd last column is paired
        # with itself.
        for j in range(k + 1, n, 2):
            beside = min(j + 1, n - 1)
            value = load(cholesky, row + j) + own * load(scale, start + j) * load(
                information, row + j
            )
            other = load(cholesky, row + beside) + own * load(scale, start + beside) * load(
                information, row + beside
            )
            for m in range(k):
                above = load(cholesky, matrix + m * n + k)
                value -= above * load(cholesky, matrix + m * n + j)
                other -= above * load(cholesky, matrix + m * n + beside)
            store(cholesky, row + beside, other * pivot)
            store(cholesky, row + j, value * pivot)


@inner
def effects_from_residuals(
    batch: Batch,
    residual: FloatArray,
    cholesky: FloatArray,
    whitened_mean: FloatArray,
    effects: FloatArray,
) -> None:
    """Compute the effects z by back substitution."""
    start, n = batch.start, batch.size
    for i in range(n - 1, -1, -1):
        row = batch.matrix + i * n + i
        total = load(whitened_mean, start + i) + load(residual, start + i)
        total -= _dot(cholesky, row + 1, effects, start + i + 1, n - 1 - i)
        store(effects, start + i, total * load(cholesky, row))


@inner
def effects_adjoint(
    batch: Batch,
    cholesky: FloatArray,
    d_effects: FloatArray,
    d_residual: FloatArray,
    d_linear: FloatArray,
) -> None:
    """Propagate the derivative by z to u, and to S b."""
    start, matrix, n = batch.start, batch.matrix, batch.size
    for i in range(n):
        total = load(d_effects, start + i)
        for m in range(i):
            total -= load(cholesky, matrix + m * n + i) * load(d_residual, start + m)
        store(d_residual, start + i, total * load(cholesky, matrix + i * n + i))
    for i in range(n - 1, -1, -1):
        row = matrix + i * n + i
        total = load(d_residual, start + i)
        total -= _dot(cholesky, row + 1, d_linear, start + i + 1, n - 1 - i)
        store(d_linear, start + i, total * load(cholesky, row))


@inner
def factor_adjoint(
    batch: Batch,
    cholesky: FloatArray,
    effects: FloatArray,
    whitened_mean: FloatArray,
    d_residual: FloatArray,
    d_linear: FloatArray,
    d_precision: FloatArray,
) -> None:
    """Compute the derivative by Q, log Jacobian included, from those by u and S b.

    ``d_precision`` is a symmetric matrix of this batch alone: both triangles are filled, and its
    diagonal holds twice the derivative.
    """
    start, matrix, n = batch.start, batch.matrix, batch.size
    for k in range(n - 1, -1, -1):
        row, pivot = matrix + k * n, load(cholesky, matrix + k * n + k)
        by_residual, mean = load(d_residual, start + k), load(whitened_mean, start + k)
        minus = broadcast(0.0) - pivot
        for j in range(k + 1, n, 2):
            beside = min(j + 1, n - 1)
            total = by_residual * load(effects, start + j) + mean * load(d_linear, start + j)
            other = by_residual * load(effects, start + beside) + mean * load(
                d_linear, start + beside
            )
            for i in range(k + 1, n):
                entry = load(cholesky, row + i)
                total += entry * load(d_precision, j * n + i)
                other += entry * load(d_precision, beside * n + i)
            for place, value in ((beside, other * minus), (j, total * minus)):
                store(d_precision, k * n + place, value)
                store(d_precision, place * n + k, value)
        total = by_residual * load(effects, start + k) + mean * load(d_linear, start + k) + pivot
        total += _dot(cholesky, row + k + 1, d_precision, k * n + k + 1, n - 1 - k)
        store(d_precision, k * n + k, total * minus)


@inner
def terms_adjoint(batch: Batch, terms: ConditionalTerms, derivatives: ConditionalTerms) -> None:
    """Propagate the derivatives by Q and S b to the terms, in place.

    ``derivatives.information`` enters as `factor_adjoint` leaves it and becomes the derivative by
    the upper triangle of G; ``derivatives.linear`` enters as that by S b and becomes that by b.
    Those by log scales and by shifts are written.
    """
    start, matrix, n = batch.start, batch.matrix, batch.size
    scale, shift, information = terms.scale, terms.shift, terms.information
    d_scale, d_shift, d_linear, d_information = derivatives
    for i in range(n):
        own = load(scale, start + i) * load(d_linear, start + i)
        store(d_linear, start + i, own)
        store(d_scale, start + i, own * load(terms.linear, start + i))
        store(d_shift, start + i, broadcast(0.0))
    for i in range(n):
        own, moved, by_linear = (
            load(scale, start + i),
            load(shift, start + i),
            load(d_linear, start + i),
        )
        entry, by_scale, by_shift = (
            load(information, matrix + i * n + i),
            load(d_scale, start + i),
            load(d_shift, start + i),
        )
        value = broadcast(0.5) * own * own * load(d_information, i * n + i)
        by_scale += broadcast(2.0) * value * entry
        by_shift -= entry * by_linear
        store(d_information, i * n + i, value - by_linear * moved)
        for j in range(i + 1, n):
            entry, beside = load(information, matrix + i * n + j), load(d_linear, start + j)
            value = own * load(scale, start + j) * load(d_information, i * n + j)
            by_scale += value * entry
            by_shift -= entry * beside
            store(d_scale, start + j, load(d_scale, start + j) + value * entry)
            store(d_shift, start + j, load(d_shift, start + j) - entry * by_linear)
            store(
                d_information,
                i * n + j,
                value - moved * beside - by_linear * load(shift, start + j),
            )
        store(d_scale, start + i, by_scale)
        store(d_shift, start + i, by_shift)
