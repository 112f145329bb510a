"""The Fisher information of rows and priors at a point, as rows whose squares sum to it.

The information of each row about its location and about the noise of its source, and the precision
of the priors, add up to the expected curvature of minus the log density. A sum of squares is never
indefinite, whatever the point. The coordinates of the sampler and the shares of precision by which
an answer is identified come from the same `Information`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

from headcount._types import BoolArray, FloatArray, IntArray
from headcount.engine.density.codes import (
    BOUND,
    DAMPING,
    LOG_CONCENTRATION,
    LOG_NOISE,
    NORMAL,
    OVERLAP,
    STATED,
    SURVEY,
)
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.derivatives.growth_deviations import (
    deviation_precision,
    innovations_by_deviations,
)
from headcount.engine.derivatives.jacobian import RowJacobian, row_jacobian_at
from headcount.engine.derivatives.log_baseline import share_weights
from headcount.study.priors import FAMILIES

__all__ = [
    "T4_LOCATION",
    "T4_SCALE",
    "Information",
    "RowInformation",
    "binomial_roots",
    "binomial_rows",
    "expected_precision",
    "factorise",
    "information_of",
    "precision_of",
    "precision_roots",
    "predictor_matrix",
    "prior_precision",
    "row_information_at",
    "scale_parameters",
]

T4_LOCATION: Final = 5 / 7
"""Fisher information of Student's t with four degrees of freedom about its location, in units of
its scale."""

T4_SCALE: Final = 8 / 7
"""The same about the logarithm of its scale."""

LEAST_PRIOR_PRECISION: Final = 1e-3
"""Least prior precision: half-normal, exponential and gamma priors are flat on the log scale
towards zero."""

LEAST_SLOPE: Final = 0.01
"""Least slope of a row's location, in sds of the row for one prior sd of the variable. The row adds
the square of the slope to the prior's precision of 1. A limit ten times as large would do for one
variable, but not for a direction that many share."""


def prior_precision(x: FloatArray, arrays: StudyArrays) -> FloatArray:
    """Return the precision of the prior of each free variable; dims (free,).

    It is the curvature of minus the log prior on the link scale, where all priors are log-concave.
    """
    precision = np.zeros(x.size)
    for own in FAMILIES.values():
        chosen = arrays.prior_family == own.code
        first, second = arrays.prior_first[chosen], arrays.prior_second[chosen]
        precision[chosen] = own.curvature(x[chosen], first, second)
    return np.maximum(precision, LEAST_PRIOR_PRECISION)


@dataclass(frozen=True)
class Information:
    """The information at a point.

    Coordinates are those of `headcount.engine.derivatives.log_baseline`.

    Parameters
    ----------
    location
        Roots of the information about the location of each row; dims (row, free).
    noise
        Roots of the information about the noise of each row's source; dims (row, free).
    prior
        Precision of the prior of each free variable, 0 for the total; dims (free,).
    total
        Root of the information in the prior of the total, which depends on the log baseline and
        on all shares; dims (1, free).
    """

    location: sparse.csr_array
    noise: sparse.csr_array
    prior: FloatArray
    total: sparse.csr_array

    def roots(self) -> sparse.csr_array:
        """Return all rows whose squares sum to the information.

        In order: the location of each row, the noise of each row, the prior of each free variable,
        and the prior of the total.
        """
        prior = sparse.diags_array(np.sqrt(self.prior))
        return sparse.csr_array(sparse.vstack([self.location, self.noise, prior, self.total]))


def information_of(
    rows: RowJacobian, location_root: FloatArray, x: FloatArray, arrays: StudyArrays
) -> Information:
    """Return the information at a point, given that of each row about its location.

    Parameters
    ----------
    rows
        Locations and their derivatives at the point.
    location_root
        Root of the information of each row about its location; dims (row,).
    x
        Free vector.
    arrays
        The study.

    Returns
    -------
    Information
        The rows are expressed in the coordinates of ``rows.jacobian``, the priors in those of
        `headcount.engine.derivatives.log_baseline`.
    """
    precision, total = prior_precision(x, arrays), int(arrays.predictor_effect[0])
    # The prior of the total depends on the log baseline and on all shares.
    slope = share_weights(x, arrays)
    slope[total] += 1.0
    root_of_total = sparse.csr_array(slope[None, :] * np.sqrt(precision[total]))
    precision[total] = 0.0
    noise = predictor_matrix(arrays, LOG_NOISE)[arrays.row_source]
    scale = np.where(arrays.row_tails == NORMAL, np.sqrt(2.0), np.sqrt(T4_SCALE))
    # Bounds have next to no information about the noise.
    noise_root = np.where(arrays.row_form == BOUND, 0.0, scale * _noise_portion(rows, x, arrays))
    return Information(
        location=sparse.csr_array(sparse.diags_array(location_root) @ rows.jacobian),
        noise=sparse.csr_array(sparse.diags_array(noise_root) @ noise),
        prior=precision,
        total=root_of_total,
    )


@dataclass(frozen=True)
class RowInformation(Information):
    """The information at a point by growth deviations, with the response of rows to noise.

    Rows are expressed in the coordinates of `headcount.engine.derivatives.growth_deviations`, and
    ``location`` and ``total`` lack slopes below ``LEAST_SLOPE``.

    Parameters
    ----------
    pull
        Contribution of each row to the gradient; dims (row, free).
    source
        Source whose noise determines the weight of the row; -1 for none; dims (row,).
    portion
        Part of the row's variance that is its source's noise; dims (row,).
    outlying
        Squared residual in sds where tails are heavy, else 0; dims (row,).
    """

    pull: sparse.csr_array
    source: IntArray
    portion: FloatArray
    outlying: FloatArray


def row_information_at(x: FloatArray, arrays: StudyArrays) -> RowInformation:
    """Return the information at a point from which coordinates are constructed.

    Parameters
    ----------
    x
        Free vector.
    arrays
        The study.

    Returns
    -------
    RowInformation
        The expected precision of the likelihood is the sum of the squares of ``location`` and
        ``noise``.
    """
    rows = row_jacobian_at(x, arrays)
    rows = replace(rows, jacobian=_by_deviations(rows.jacobian, x, arrays))
    binomial, normal = binomial_rows(arrays), arrays.row_tails == NORMAL
    sd = np.where(binomial, 1.0, rows.dispersion)
    z = np.where(binomial, 0.0, (arrays.row_value - rows.location) / sd)
    # Student's t gives an outlying row less weight; a normal row of that weight has the same score.
    weight = np.where(normal, 1.0, np.sqrt(5 / (4 + z**2))) / sd
    weight[binomial] = binomial_roots(rows.location, rows.dispersion, arrays)[binomial]
    pull = np.where(arrays.row_form == STATED, weight**2 * z * sd, rows.score)
    information = information_of(rows, weight, x, arrays)
    return RowInformation(
        location=_without_small(information.location, x, arrays),
        noise=information.noise,
        prior=information.prior,
        total=_without_small(information.total, x, arrays),
        pull=sparse.csr_array(sparse.diags_array(pull) @ rows.jacobian),
        source=np.where(binomial, -1, arrays.row_source),
        portion=_noise_portion(rows, x, arrays),
        outlying=np.where(normal, 0.0, z**2),
    )


def _noise_portion(rows: RowJacobian, x: FloatArray, arrays: StudyArrays) -> FloatArray:
    """Return the part of each row's variance that is its source's noise; 0 for binomial rows."""
    binomial = binomial_rows(arrays)
    sd = np.where(binomial, 1.0, rows.dispersion)
    log_noise = predictor_matrix(arrays, LOG_NOISE)[arrays.row_source] @ x
    variance = arrays.row_noise_factor * np.exp(log_noise) ** 2
    return np.asarray(np.where(binomial, 0.0, variance / sd**2))


def _by_deviations(
    jacobian: sparse.csr_array, x: FloatArray, arrays: StudyArrays
) -> sparse.csr_array:
    """Turn a Jacobian by innovations into one by growth deviations.

    Rows depend on the damping only through the deviations.
    """
    if not arrays.damped_innovation.size:
        return jacobian
    kept = np.ones(x.size)
    kept[arrays.growth[DAMPING]] = 0.0
    return sparse.csr_array(
        jacobian @ innovations_by_deviations(x, arrays) @ sparse.diags_array(kept)
    )


def _without_small(rows: sparse.csr_array, x: FloatArray, arrays: StudyArrays) -> sparse.csr_array:
    """Drop slopes below ``LEAST_SLOPE``, so that a row on the world does not couple all regions."""
    rows = sparse.csr_array(rows)
    least = LEAST_SLOPE * np.sqrt(prior_precision(x, arrays))
    rows.data[np.abs(rows.data) < least[rows.indices]] = 0.0
    rows.eliminate_zeros()
    return rows


def binomial_rows(arrays: StudyArrays) -> BoolArray:
    """Say which rows are binomial; dims (row,)."""
    return np.isin(arrays.row_form, (SURVEY, OVERLAP))


def binomial_roots(location: FloatArray, dispersion: FloatArray, arrays: StudyArrays) -> FloatArray:
    """Return the root of a beta-binomial's information about its log odds; dims (row,).

    Only the values of binomial rows have a meaning.
    """
    chance = 1 / (1 + np.exp(-location))
    n = arrays.row_other
    inflation = 1 + np.maximum(n - 1, 0) / (dispersion + 1)
    return np.asarray(np.sqrt(np.maximum(n, 0) * chance * (1 - chance) / inflation))


def predictor_matrix(arrays: StudyArrays, part: int) -> sparse.csr_array:
    """Return the matrix of a part of the linear predictor without scales; dims (value, free)."""
    start, end = arrays.offset[part], arrays.offset[part + 1]
    inside = (arrays.predictor_row >= start) & (arrays.predictor_row < end)
    places = (arrays.predictor_row[inside] - start, arrays.predictor_effect[inside])
    return sparse.coo_array(
        (arrays.predictor_weight[inside], places), (end - start, arrays.prior_family.size)
    ).tocsr()


def expected_precision(x: FloatArray, arrays: StudyArrays) -> sparse.csc_array:
    """Return the expected curvature of minus the log density at x, positive definite and sparse.

    Parameters
    ----------
    x
        Free vector.
    arrays
        The study.

    Returns
    -------
    scipy.sparse.csc_array
        Prior precision plus the likelihood's Fisher information, by the coordinates of
        `headcount.engine.derivatives.log_baseline` and
        `headcount.engine.derivatives.growth_deviations`; dims (free, free).
    """
    return precision_of(row_information_at(x, arrays), x, arrays)


def precision_of(
    information: RowInformation, x: FloatArray, arrays: StudyArrays
) -> sparse.csc_array:
    """Add the prior's precision to the information of the rows at the same point."""
    rows, rest = precision_roots(information, x, arrays)
    return sparse.csc_array(rows.T @ rows + rest)


def precision_roots(
    information: RowInformation, x: FloatArray, arrays: StudyArrays
) -> tuple[sparse.csr_array, sparse.csc_array]:
    """Return the terms of the precision: rows whose squares count, and the precision of priors.

    The prior of the total is the last of the rows.
    """
    rows = sparse.vstack([information.location, information.noise, information.total])
    return sparse.csr_array(rows), deviation_precision(x, information.prior, arrays)


def factorise(precision: sparse.csc_array, *, ordered: bool = False) -> SuperLU:
    """Return the sparse factors of a positive definite matrix, reordered or in the given order."""
    order = "NATURAL" if ordered else "MMD_AT_PLUS_A"
    return splu(precision, permc_spec=order, diag_pivot_thresh=0.0, options={"SymmetricMode": True})


def scale_parameters(arrays: StudyArrays) -> BoolArray:
    """Return which free variables set scales: of effects, noise and surveys, or the damping."""
    chosen = np.zeros(arrays.prior_family.size, dtype=np.bool_)
    chosen[arrays.predictor_scale[arrays.predictor_scale >= 0]] = True
    for part in (LOG_NOISE, LOG_CONCENTRATION):
        chosen[predictor_matrix(arrays, part).indices] = True
    if arrays.damped_innovation.size:
        chosen[arrays.growth[DAMPING]] = True
    return chosen
