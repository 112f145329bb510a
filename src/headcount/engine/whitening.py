"""Whitening: new coordinates in which the posterior is close to a standard normal.

At the mode m the curvature of minus the log density is Q = L L', L lower triangular. In y = L'(x - m) the curvature is the
identity, so every direction has the same length for the sampler: long ridges such as "all coverage up, all headcounts down"
cost nothing. The map is affine and fixed, so the density in y is the density in x, exactly, up to a constant.

Most effects touch few rows, so Q is sparse. Ordered by how many neighbours they have, few first, the regions' own effects
come before what they share, and L stays sparse: it is kept by columns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit

from headcount._types import FloatArray, IntArray
from headcount.engine.arrays import Arrays
from headcount.engine.recentring import Recentring, recentred_density, to_natural

__all__ = ["Whitening", "curvature", "to_free", "whiten", "whitened_density"]

SOFTEST = 1e-3
"""Smallest curvature allowed, in units of the prior's (1): a direction is never stretched beyond 30 prior sd."""

NEGLIGIBLE = 1e-9
"""Curvatures below this share of the diagonal are rounding errors of the differences, and count as zero."""


class Whitening(NamedTuple):
    """An affine map between x and y.

    Attributes
    ----------
    mode
        Centre; dims (free,).
    order
        Position in x of each coordinate of y.
    start, row, value
        Columns of L below the diagonal; dims (free + 1,), (entry,), (entry,).
    diagonal
        Diagonal of L.
    """

    mode: FloatArray
    order: IntArray
    start: IntArray
    row: IntArray
    value: FloatArray
    diagonal: FloatArray


def whiten(mode: FloatArray, precision: FloatArray) -> Whitening:
    """Build the whitening at a point u.

    Parameters
    ----------
    mode
        Where the curvature is taken; dims (free,).
    precision
        The curvature there, positive definite; dims (free, free).

    Returns
    -------
    Whitening
        The map.
    """
    neighbours = (precision != 0).sum(axis=1)
    order = np.argsort(neighbours, kind="stable")
    factor = np.linalg.cholesky(precision[np.ix_(order, order)])
    factor[np.abs(factor) < NEGLIGIBLE] = 0
    lower = np.tril(factor, -1)
    column, row = np.nonzero(lower.T)
    start = np.searchsorted(column, np.arange(len(mode) + 1))
    return Whitening(mode, order, start, row, lower[row, column], np.diag(factor).copy())


def curvature(
    mode: FloatArray, gradient: Callable[[FloatArray], FloatArray], step: float = 1e-5
) -> FloatArray:
    """Return the curvature of minus a log density, made positive definite, sparse where the density is.

    Parameters
    ----------
    mode
        Where; dims (free,).
    gradient
        Gradient of the log density.
    step
        Of the central differences of the gradient.

    Returns
    -------
    numpy.ndarray
        Dims (free, free).
    """
    rows = []
    for i in range(len(mode)):
        moved = mode.copy()
        moved[i] += step
        ahead = gradient(moved)
        moved[i] -= 2 * step
        rows.append((gradient(moved) - ahead) / (2 * step))
    precision = (np.array(rows) + np.array(rows).T) / 2
    size = np.sqrt(np.abs(np.diag(precision)) + 1)
    precision[np.abs(precision) < NEGLIGIBLE * np.outer(size, size) * 100] = 0
    values = np.linalg.eigvalsh(precision)
    if values[0] < SOFTEST:
        # A saddle between scales and their effects: stiffen every direction alike, which keeps the zeros.
        precision[np.diag_indices_from(precision)] += SOFTEST - values[0]
    return precision


@njit(cache=True, nogil=True)
def to_free(y: FloatArray, whitening: Whitening, recentring: Recentring) -> FloatArray:
    """Return the free vector x of a point y."""
    return to_natural(to_recentred(y, whitening), recentring)


@njit(cache=True, nogil=True)
def to_recentred(y: FloatArray, whitening: Whitening) -> FloatArray:
    """Return the recentred vector u of a point y."""
    u = np.empty(y.size)
    for j in range(y.size - 1, -1, -1):
        total = y[j]
        for e in range(whitening.start[j], whitening.start[j + 1]):
            total -= whitening.value[e] * u[whitening.row[e]]
        u[j] = total / whitening.diagonal[j]
    x = whitening.mode.copy()
    for j in range(y.size):
        x[whitening.order[j]] += u[j]
    return x


@njit(cache=True, nogil=True)
def whitened_density(
    y: FloatArray, whitening: Whitening, recentring: Recentring, arrays: Arrays, gradient: FloatArray
) -> float:
    """Evaluate the log density at a point y and fill its gradient by y."""
    d_x = np.empty(y.size)
    total = recentred_density(to_recentred(y, whitening), recentring, arrays, d_x)
    for j in range(y.size):
        gradient[j] = d_x[whitening.order[j]]
    for j in range(y.size):
        gradient[j] /= whitening.diagonal[j]
        for e in range(whitening.start[j], whitening.start[j + 1]):
            gradient[whitening.row[e]] -= whitening.value[e] * gradient[j]
    return total
