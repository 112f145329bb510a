r"""Whitening: an affine map that makes the posterior of the sampled vector close to normal.

It takes the sampled vector y, whose posterior is close to a standard normal, to u.

At a centre m the expected precision of u is Q = LL', with L lower triangular in the order in which
the sparse factorisation eliminates variables. The map is :math:`u = m + \Pi L^{-T} y`, with
:math:`\Pi` the permutation back to the order of u. In y the expected precision is the identity, so
all directions have the same length for the sampler, and a ridge such as "all coverage up, all
headcounts down" costs nothing. The map is affine and constant: its Jacobian
:math:`-\sum \log L_{ii}` does not depend on y and is left out of the log density. Draws are exact
whatever m and Q are; poor ones only make the sampler slower.

Most effects influence few rows, so Q is sparse; in an order of minimum degree, which eliminates the
effects of regions before shared parameters, L stays sparse too. It is stored by columns, each of
them as runs of neighbouring rows, which are long where shared parameters come last.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from headcount._types import FloatArray, IntArray
from headcount.engine.derivatives.fisher_information import factorise
from headcount.engine.numba_support.compilation import compiled
from headcount.engine.numba_support.struct_pointers import StructPointer
from headcount.engine.numba_support.vector_ops import add, dot

__all__ = ["Whitening", "unwhiten", "unwhiten_adjoint", "whiten"]


class _Fields(NamedTuple):
    centre: FloatArray
    order: IntArray
    run_start: IntArray
    run_row: IntArray
    run_entry: IntArray
    entry: FloatArray
    diagonal: FloatArray


class Whitening(StructPointer, _Fields):
    """The affine map from y to u.

    Attributes
    ----------
    centre
        The image u of y = 0; dims (free,).
    order
        Position in u of each element of y; dims (free,).
    run_start, run_row, run_entry
        Runs of each column of L below the diagonal; first row and first entry of each run; dims
        (free + 1,), (run,), (run + 1,).
    entry
        Entries of L below the diagonal, by columns; dims (entry,).
    diagonal
        Diagonal of L; dims (free,).
    """


def whiten(centre: FloatArray, precision: sparse.csc_array) -> Whitening:
    """Build the whitening at a point u.

    Parameters
    ----------
    centre
        The point; dims (free,).
    precision
        Expected precision of u there, positive definite; dims (free, free).

    Returns
    -------
    Whitening
        The map in which this precision becomes the identity.
    """
    factors = factorise(precision)
    diagonal = np.sqrt(factors.U.diagonal())
    # SuperLU's L has a unit diagonal; its columns times the roots of the pivots are Cholesky's.
    lower = sparse.tril(factors.L.multiply(diagonal[None, :]), -1).tocsc()
    lower.eliminate_zeros()
    lower.sort_indices()
    column = np.repeat(np.arange(centre.size), np.diff(lower.indptr))
    # A run ends where the next entry belongs to another column or not to the next row.
    ends = (np.diff(column) != 0) | (np.diff(lower.indices) != 1)
    first = np.flatnonzero(np.append(True, ends)[: lower.nnz])
    return Whitening(
        centre=centre,
        order=np.argsort(factors.perm_c).astype(np.int64),
        run_start=np.searchsorted(column[first], np.arange(centre.size + 1)),
        run_row=lower.indices[first].astype(np.int64),
        run_entry=np.append(first, lower.nnz),
        entry=lower.data,
        diagonal=diagonal,
    )


@compiled
def unwhiten(y: FloatArray, whitening: Whitening) -> FloatArray:
    """Return u at y, by back substitution."""
    solved, rows, entries = np.empty(y.size), whitening.run_row, whitening.run_entry
    for j in range(y.size - 1, -1, -1):
        total = y[j]
        for run in range(whitening.run_start[j], whitening.run_start[j + 1]):
            row, first, last = rows[run], entries[run], entries[run + 1]
            total -= dot(whitening.entry[first:last], solved[row : row + last - first])
        solved[j] = total / whitening.diagonal[j]
    u = whitening.centre.copy()
    for j in range(y.size):
        u[whitening.order[j]] += solved[j]
    return u


@compiled
def unwhiten_adjoint(d_u: FloatArray, whitening: Whitening, gradient: FloatArray) -> None:
    """Write the gradient by y, given that by u."""
    rows, entries = whitening.run_row, whitening.run_entry
    for j in range(d_u.size):
        gradient[j] = d_u[whitening.order[j]]
    for j in range(d_u.size):
        gradient[j] /= whitening.diagonal[j]
        for run in range(whitening.run_start[j], whitening.run_start[j + 1]):
            row, first, last = rows[run], entries[run], entries[run + 1]
            add(gradient[row : row + last - first], -gradient[j], whitening.entry[first:last])
