"""Whitening: new coordinates in which the posterior is close to a standard normal.

At a centre m the expected curvature of minus the log density is Q = L L', L lower triangular. In y
= L'(x - m) the curvature is the identity, so every direction has the same length for the sampler:
long ridges such as "all coverage up, all headcounts down" cost nothing. The map is affine and
fixed, so the density in y is the density in x, exactly, up to a constant.

Most effects touch few rows, so Q is sparse; in an order of minimum degree, which takes the regions'
own effects before what they share, L stays sparse too. It is kept by columns, and of these the runs
of neighbouring rows, which are long where what is shared comes last.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from headcount._types import FloatArray, IntArray
from headcount.engine.derivatives.fisher_information import factorise
from headcount.engine.numba_support.compilation import compiled
from headcount.engine.numba_support.struct_pointers import Addressed
from headcount.engine.numba_support.vector_ops import add, dot

__all__ = ["Whitening", "from_recentred", "to_recentred", "whiten"]


class _Whitening(NamedTuple):
    mode: FloatArray
    order: IntArray
    start: IntArray
    row: IntArray
    entry: IntArray
    value: FloatArray
    diagonal: FloatArray


class Whitening(Addressed, _Whitening):
    """An affine map between x and y.

    Attributes
    ----------
    mode
        Centre; dims (free,).
    order
        Position in x of each coordinate of y.
    start, row
        Runs of each column of L below the diagonal, and the first row of each run; dims (free +
        1,), (run,).
    entry, value
        Where each run's entries start, and all entries; dims (run + 1,), (entry,).
    diagonal
        Diagonal of L.
    """


def whiten(mode: FloatArray, precision: sparse.csc_array) -> Whitening:
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
    factors = factorise(precision)
    diagonal = np.sqrt(factors.U.diagonal())
    # L of SuperLU has a unit diagonal; its columns times the roots of the pivots give Cholesky's.
    lower = sparse.tril(factors.L.multiply(diagonal[None, :]), -1).tocsc()
    lower.eliminate_zeros()
    lower.sort_indices()
    order, column = (
        np.argsort(factors.perm_c),
        np.repeat(np.arange(mode.size), np.diff(lower.indptr)),
    )
    # A run ends where the next entry is of another column or not of the next row.
    ends = (np.diff(column) != 0) | (np.diff(lower.indices) != 1)
    entry = np.flatnonzero(np.append(True, ends)[: lower.nnz])
    return Whitening(
        mode,
        order.astype(np.int64),
        np.searchsorted(column[entry], np.arange(mode.size + 1)),
        lower.indices[entry].astype(np.int64),
        np.append(entry, lower.nnz),
        lower.data,
        diagonal,
    )


@compiled
def to_recentred(y: FloatArray, whitening: Whitening) -> FloatArray:
    """Return the recentred vector u of a point y."""
    u, row, entry = np.empty(y.size), whitening.row, whitening.entry
    for j in range(y.size - 1, -1, -1):
        total = y[j]
        for run in range(whitening.start[j], whitening.start[j + 1]):
            first, last = entry[run], entry[run + 1]
            total -= dot(whitening.value[first:last], u[row[run] : row[run] + last - first])
        u[j] = total / whitening.diagonal[j]
    x = whitening.mode.copy()
    for j in range(y.size):
        x[whitening.order[j]] += u[j]
    return x


@compiled
def from_recentred(d_u: FloatArray, whitening: Whitening, gradient: FloatArray) -> None:
    """Turn the gradient by u into one by y."""
    row, entry = whitening.row, whitening.entry
    for j in range(d_u.size):
        gradient[j] = d_u[whitening.order[j]]
    for j in range(d_u.size):
        gradient[j] /= whitening.diagonal[j]
        for run in range(whitening.start[j], whitening.start[j + 1]):
            first, last = entry[run], entry[run + 1]
            add(
                gradient[row[run] : row[run] + last - first],
                -gradient[j],
                whitening.value[first:last],
            )
