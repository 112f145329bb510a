r"""Partial non-centring: the map from standardised conditional residuals to effects.

It takes the vector u to the local vector w: the free vector x with the log baseline in the place of
the log total (`headcount.engine.derivatives.log_baseline`), and growth deviations in the place of
innovations (`headcount.engine.derivatives.growth_deviations`). u and w differ in the effects only.

The effects of a group are z, standard normal a priori, and enter the model times their scales
:math:`\sigma`. Where rows inform effects well, the posterior of z and :math:`\sigma` is a curved
ridge that no affine map straightens (the funnel of a non-centred parametrisation); where rows
inform them little, z and :math:`\sigma` are independent. Rows inform *sums* of a group's effects
(share, growth in all years, differences of scopes, reach of sources), so the effects of a group are
transformed together. Given scales, noise and shared parameters, z is approximately normal with
precision Q and mean :math:`\mu`:

.. math::
    Q = P + S G S, \quad \mu = Q^{-1} S b, \quad S = \mathrm{diag}(\sigma), \quad
    G = \sum_l \lambda_l G_l, \quad b = b_0 + \sum_l \lambda_l (b_l - C_l \gamma) - G A \gamma.

P is the prior precision of z: the identity, but for growth deviations, which are autoregressive.
:math:`G_l` is the Fisher information of the rows of weight class l about :math:`\sigma z`, at a
centre, and :math:`b_l` their linear term. :math:`\lambda_l` is the weight of these rows relative to
the centre, which falls as the noise of their source rises. :math:`\gamma` is the displacement of
the shared parameters from the centre. In the rows, most of a shared parameter's influence equals
that of changes :math:`A \gamma` of the effects; :math:`C_l` is the rest. With the Cholesky factor
Q = LL', the map is

.. math:: z = \mu + L^{-T} u,

so u are standardised residuals of z given everything else. Its log Jacobian
:math:`-\sum \log L_{ii}` is added to the log density, so the change of variables is exact whatever
the centre and the information are; a poor choice only makes the sampler slower. Given u, the
density of scales, noise and shared parameters is close to their marginal density, as in a nested
Laplace approximation. Without information the map is the non-centred parametrisation, with much
information the centred one, and the data decide where it lies between them; see Papaspiliopoulos,
Roberts and Sköld (2007), https://doi.org/10.1214/088342307000000014.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from headcount._types import BoolArray, FloatArray, IntArray
from headcount.engine.coordinates.batch_layout import BatchLayout
from headcount.engine.coordinates.column_groups import ColumnGroups
from headcount.engine.coordinates.cross_information import DroppedSlopes, groups_per_row
from headcount.engine.coordinates.effect_groups import Expansion, group_positions
from headcount.engine.coordinates.noncentring_arrays import NonCentring
from headcount.engine.coordinates.residual_precision import (
    inverse_factors,
    local_jacobian,
    residual_precision,
    shared_information,
)
from headcount.engine.coordinates.row_weights import RowWeights
from headcount.engine.coordinates.shared_parameters import (
    NonlinearLinks,
    SharedParameters,
    log_scale_positions,
)
from headcount.engine.density.codes import COMMON_INNOVATION
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.derivatives.fisher_information import RowInformation
from headcount.engine.derivatives.growth_deviations import deviation_precision, to_deviations

__all__ = ["noncentre"]


def noncentre(
    arrays: StudyArrays, centre: FloatArray, information: RowInformation
) -> tuple[NonCentring, sparse.csc_array]:
    """Choose the partial non-centring by the information of the rows at a centre.

    Parameters
    ----------
    arrays
        The study.
    centre
        A point in the bulk of the posterior as a free vector, at best the conditional mode given
        its scales; dims (free,).
    information
        The information of the rows there.

    Returns
    -------
    tuple
        The map; and the expected precision of u at the centre, with empty rows and columns for
        scales; dims (free, free).
    """
    links = NonlinearLinks(arrays, centre)
    expansion = _expansion(arrays, centre, information, links)
    exclusive = groups_per_row(information.location, expansion.groups) <= 1
    dropped = _dropped_slopes(information.location, exclusive, expansion)
    reduced = replace(information, location=dropped.removed_from(information.location))
    groups = expansion.effect_groups(reduced, exclusive)
    jacobian = local_jacobian(centre.size, groups, expansion.shared)
    # Effects that all regions share: those of common growth are a group, the others are not.
    shared = np.flatnonzero((expansion.log_scale >= 0) & (arrays.effect_group < 0))
    about_shared = shared_information(shared, information, jacobian, expansion.prior, groups)
    common = np.flatnonzero(np.isin(shared, _common_growth(arrays)))
    group = expansion.common_group(shared[common], about_shared[np.ix_(common, common)])
    jacobian = sparse.csc_array(
        jacobian @ inverse_factors(centre.size, [group.positions], [group.cholesky])
    )
    ungrouped, about_ungrouped = (
        np.delete(shared, common),
        np.delete(about_shared.diagonal(), common),
    )
    noncentring = NonCentring(
        **BatchLayout(groups, group).fields(arrays, expansion.shared, links),
        **_ungrouped_fields(ungrouped, about_ungrouped, expansion),
        **expansion.weights.fields(arrays, centre),
    )
    return noncentring, residual_precision(arrays, centre, information, dropped, jacobian)


def _expansion(
    arrays: StudyArrays, centre: FloatArray, information: RowInformation, links: NonlinearLinks
) -> Expansion:
    """Return the expansion at the centre, on which all effect groups are based."""
    local = centre.copy()
    to_deviations(local, arrays)
    prior = deviation_precision(centre, np.ones(centre.size), arrays)
    groups = group_positions(arrays)
    return Expansion(
        centre=local,
        log_scale=log_scale_positions(arrays),
        prior=prior,
        groups=groups,
        weights=RowWeights.of(information, prior, groups),
        shared=SharedParameters.of(arrays, centre),
        intercepts=links.intercepts(),
    )


def _dropped_slopes(
    location: sparse.csr_array, exclusive: BoolArray, expansion: Expansion
) -> DroppedSlopes:
    """Choose the slopes to drop from rows about several groups.

    Effects are standardised by the prior and the rows about one group alone.
    """
    slopes = ColumnGroups(location[exclusive], expansion.groups)
    prior = ColumnGroups(expansion.prior, expansion.groups)
    factors = []
    for number, positions in enumerate(expansion.groups):
        own = slopes.dense(number, slopes.rows(number))
        factors.append(np.linalg.cholesky(prior.dense(number, positions) + own.T @ own))
    across = sparse.diags_array((~exclusive).astype(float)) @ location
    standardised = across @ inverse_factors(location.shape[1], expansion.groups, factors)
    return DroppedSlopes.of(sparse.csr_array(standardised), expansion.groups)


def _common_growth(arrays: StudyArrays) -> IntArray:
    """Return the positions of the growth that all regions share."""
    start, end = arrays.offset[COMMON_INNOVATION], arrays.offset[COMMON_INNOVATION + 1]
    inside = (arrays.predictor_row >= start) & (arrays.predictor_row < end)
    return np.asarray(arrays.predictor_effect[inside])


def _ungrouped_fields(
    positions: IntArray, information: FloatArray, expansion: Expansion
) -> dict[str, Any]:
    """Return the fields of `NonCentring` about shared effects that are in no group."""
    scale = expansion.scale(positions)
    return {
        "ungrouped": positions,
        "ungrouped_log_scale": expansion.log_scale[positions],
        "ungrouped_centre": expansion.centre[positions],
        "ungrouped_scale": scale,
        "ungrouped_information": information / scale**2,
    }
