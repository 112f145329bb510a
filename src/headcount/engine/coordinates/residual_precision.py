r"""The expected posterior precision of u, by the chain rule.

With J the Jacobian of the local vector w by u at the centre, and F the expected precision of w
(prior precision plus Fisher information), the expected precision of u is :math:`J^T F J`. J has the
blocks :math:`L^{-T}` for effects by their own residuals, and the responses of their conditional
means to shared parameters. Scales and noise are fixed: their rows and columns are empty. The
precision decides which coordinates are chosen, not which density is sampled, so negligible
cross-block information can be dropped from it (`headcount.engine.coordinates.cross_information`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy import sparse

from headcount._types import FloatArray, IntArray
from headcount.engine.coordinates.cross_information import DroppedSlopes, groups_per_row
from headcount.engine.coordinates.effect_groups import EffectGroup
from headcount.engine.coordinates.shared_parameters import SharedParameters
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.derivatives.fisher_information import (
    RowInformation,
    precision_roots,
    scale_parameters,
)

__all__ = ["inverse_factors", "local_jacobian", "residual_precision", "shared_information"]

ROUNDING: Final = 1e-9
"""Entries of the precision below this are rounding errors."""


def inverse_factors(
    size: int, groups: Sequence[IntArray], factors: Sequence[FloatArray]
) -> sparse.csc_array:
    r"""Return the matrix with the block :math:`L^{-T}` for each group; dims (free, free).

    Elements in no group have 1 on the diagonal.
    """
    single = np.setdiff1d(np.arange(size), np.concatenate([np.zeros(0, np.int64), *groups]))
    rows = [single, *(np.repeat(own, own.size) for own in groups)]
    columns = [single, *(np.tile(own, own.size) for own in groups)]
    inverses = [np.linalg.inv(factor).T.ravel() for factor in factors]
    values = np.concatenate([np.ones(single.size), *inverses])
    places = (np.concatenate(rows), np.concatenate(columns))
    found = sparse.coo_array((values, places), (size, size)).tocsc()
    found.eliminate_zeros()
    return found


def local_jacobian(
    size: int, groups: list[EffectGroup], shared: SharedParameters
) -> sparse.csc_array:
    """Return the Jacobian of w by u at the centre, scales and noise fixed; dims (free, free).

    Shared parameters are the same in w and u.
    """
    none = np.zeros(0, dtype=np.int64)
    rows = [np.repeat(group.positions, group.shared.size) for group in groups]
    columns = [np.tile(shared.position[group.shared], group.size) for group in groups]
    values = np.concatenate([np.zeros(0), *(group.response.ravel() for group in groups)])
    places = (np.concatenate([none, *rows]), np.concatenate([none, *columns]))
    response = sparse.coo_array((values, places), (size, size))
    own = inverse_factors(
        size, [group.positions for group in groups], [group.cholesky for group in groups]
    )
    return sparse.csc_array(own + response)


def shared_information(
    positions: IntArray,
    information: RowInformation,
    jacobian: sparse.csc_array,
    prior: sparse.csc_array,
    groups: list[EffectGroup],
) -> FloatArray:
    """Return the Fisher information about shared effects, dependent effects integrated out.

    Rows contribute, and so do the priors of dependent effects where these respond: the shares of
    the regions of two pools inform the difference between the pools; dims (shared, shared).
    """
    effects = np.concatenate([np.zeros(0, dtype=np.int64), *(group.positions for group in groups)])
    own = jacobian[:, positions]
    rows, response = information.location @ own, own.tocsr()[effects]
    by_prior = response.T @ prior.tocsr()[effects][:, effects] @ response
    return np.asarray((rows.T @ rows + by_prior).toarray())


def residual_precision(
    arrays: StudyArrays,
    centre: FloatArray,
    information: RowInformation,
    dropped: DroppedSlopes,
    jacobian: sparse.csc_array,
) -> sparse.csc_array:
    """Return the expected precision of u at the centre, without scales; dims (free, free)."""
    rows, rest = precision_roots(information, centre, arrays)
    fixed = scale_parameters(arrays)
    free = sparse.csc_array(sparse.diags_array((~fixed).astype(float)) @ jacobian)
    spanning = groups_per_row(rows, dropped.groups) > 1
    across, within = (sparse.diags_array(own.astype(float)) @ rows for own in (spanning, ~spanning))
    across = dropped.removed_from(across @ free)
    # The prior of the total is part of no group's terms, so its slopes can be dropped separately.
    total = across[-1:]
    total = DroppedSlopes.of(total, dropped.groups).removed_from(total)
    across = sparse.vstack([across[:-1], total])
    found = sparse.csc_array(free.T @ (within.T @ within + rest) @ free + across.T @ across)
    # Dependent effects and shared parameters are independent in u but for rounding.
    found.data[np.abs(found.data) < ROUNDING] = 0.0
    found.eliminate_zeros()
    return found
