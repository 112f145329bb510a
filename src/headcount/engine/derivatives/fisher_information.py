"""The expected curvature of the log density, and the mode that it leads to.

Each row tells about its mean, and about its source's noise, with its Fisher information; so the
curvature is the prior's plus a sum of squares, J'J, never indefinite, whatever the point. The mode
is found by Fisher scoring with it.
"""

from __future__ import annotations

from dataclasses import dataclass

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
from headcount.engine.derivatives.jacobian import row_jacobian_at
from headcount.engine.derivatives.log_baseline import share_weights
from headcount.study.priors import FAMILIES

__all__ = [
    "RowInformation",
    "binomial_roots",
    "binomial_rows",
    "expected_precision",
    "factorise",
    "precision_of",
    "precision_roots",
    "predictor_matrix",
    "prior_precision",
    "row_information_at",
    "scale_parameters",
]

T4_SCALE = 8 / 7
"""Fisher information of Student's t with four degrees of freedom about its log scale."""

FLATTEST = 1e-3
"""Least prior curvature: half-normal, exponential and gamma priors are flat on the log scale
towards zero."""

FAINTEST = 0.01
"""A slope of a row's mean, in sds of the row for one prior sd of the variable. Its square is what
the row adds to the precision of 1 that the prior gives; ten times as much would be negligible for
one variable, but not for a direction shared by many."""


def prior_precision(x: FloatArray, arrays: StudyArrays) -> FloatArray:
    """Return the prior's own curvature, a diagonal; dims (free,).

    All priors are log-concave on the link scale.
    """
    precision = np.zeros(x.size)
    for own in FAMILIES.values():
        chosen = arrays.prior_family == own.code
        first, second = arrays.prior_first[chosen], arrays.prior_second[chosen]
        precision[chosen] = own.curvature(x[chosen], first, second)
    return np.maximum(precision, FLATTEST)


@dataclass(frozen=True)
class RowInformation:
    """What the rows tell at a point, by the coordinates of
    `headcount.engine.derivatives.log_baseline` and
    `headcount.engine.derivatives.growth_deviations`.

    Parameters
    ----------
    location
        Root of the information about each row's location, without faint slopes: G is the sum of its
        squares; dims (row, free).
    noise
        Likewise about the noise of the row's source; dims (row, free).
    pull
        Each row's part of the gradient; dims (row, free).
    source
        Whose noise a row's weight follows; -1 where it is nobody's; dims (row,).
    portion
        Part of the row's variance that is its source's noise; dims (row,).
    outlying
        Squared residual in sds where tails are heavy, else 0; dims (row,).
    """

    location: sparse.csr_array
    noise: sparse.csr_array
    pull: sparse.csr_array
    source: IntArray
    portion: FloatArray
    outlying: FloatArray


def row_information_at(x: FloatArray, arrays: StudyArrays) -> RowInformation:
    """Return what the rows tell at a point.

    Parameters
    ----------
    x
        Free vector.
    arrays
        The study.

    Returns
    -------
    Information
        The expected curvature of the likelihood is the sum of the squares of ``location`` and
        ``noise``.
    """
    found = row_jacobian_at(x, arrays)
    slopes = _by_deviations(found.jacobian, x, arrays)
    asks = binomial_rows(arrays)
    normal = arrays.row_tails == NORMAL
    sd = np.where(asks, 1.0, found.dispersion)
    # The weight that Student's t gives a row, less where it is far out: with it a normal row would
    # pull alike.
    z = np.where(asks, 0.0, (arrays.row_value - found.location) / sd)
    about_location = np.where(normal, 1.0, np.sqrt(5 / (4 + z**2))) / sd
    stated = arrays.row_form == STATED
    about_location[asks] = binomial_roots(found.location, found.dispersion, arrays)[asks]
    about_noise = np.where(normal, np.sqrt(2.0), np.sqrt(T4_SCALE))
    noise = predictor_matrix(arrays, LOG_NOISE)[arrays.row_source]
    own = arrays.row_noise_factor * np.exp(noise @ x) ** 2 / sd**2
    # Bounds and k of n say next to nothing about the noise.
    silent = asks | (arrays.row_form == BOUND)
    pull = np.where(stated, about_location**2 * z * sd, found.score)
    return RowInformation(
        location=_without_faint(sparse.diags_array(about_location) @ slopes, x, arrays),
        noise=sparse.csr_array(
            sparse.diags_array(np.where(silent, 0.0, about_noise * own)) @ noise
        ),
        pull=sparse.csr_array(sparse.diags_array(pull) @ slopes),
        source=np.where(asks, -1, arrays.row_source),
        portion=np.where(asks, 0.0, own),
        outlying=np.where(normal, 0.0, z**2),
    )


def _by_deviations(
    slopes: sparse.csr_array, x: FloatArray, arrays: StudyArrays
) -> sparse.csr_array:
    """Turn slopes by innovations into slopes by paths, through which alone the damping acts."""
    if not arrays.damped_innovation.size:
        return slopes
    acts = np.ones(x.size)
    acts[arrays.growth[DAMPING]] = 0.0
    return sparse.csr_array(
        slopes @ innovations_by_deviations(x, arrays) @ sparse.diags_array(acts)
    )


def _without_faint(rows: sparse.csr_array, x: FloatArray, arrays: StudyArrays) -> sparse.csr_array:
    """Drop what is below ``FAINTEST``, so that a row on the whole world does not tie every region
    to every other.
    """
    rows = sparse.csr_array(rows)
    least = FAINTEST * np.sqrt(prior_precision(x, arrays))
    rows.data[np.abs(rows.data) < least[rows.indices]] = 0.0
    rows.eliminate_zeros()
    return rows


def binomial_rows(arrays: StudyArrays) -> BoolArray:
    """Say which rows are k of n people; dims (row,)."""
    return np.isin(arrays.row_form, (SURVEY, OVERLAP))


def binomial_roots(location: FloatArray, dispersion: FloatArray, arrays: StudyArrays) -> FloatArray:
    """Return the root of a beta-binomial's information about its log odds; dims (row,), meant for k
    of n only.
    """
    chance = 1 / (1 + np.exp(-location))
    n = arrays.row_other
    inflation = 1 + np.maximum(n - 1, 0) / (dispersion + 1)
    return np.asarray(np.sqrt(np.maximum(n, 0) * chance * (1 - chance) / inflation))


def predictor_matrix(arrays: StudyArrays, part: int) -> sparse.csr_array:
    """Return the matrix of a part of predictor that is linear in x; dims (sum, free)."""
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
    """Return what the curvature is the sum of: rows whose squares count, the total's prior the last
    of them, and other priors.
    """
    own, total = prior_precision(x, arrays), int(arrays.predictor_effect[0])
    # The total's prior holds the level and all shares.
    slope = share_weights(x, arrays)
    slope[total] += 1.0
    whole = sparse.csr_array(slope[None, :] * np.sqrt(own[total]))
    rows = sparse.vstack(
        [information.location, information.noise, _without_faint(whole, x, arrays)]
    )
    own[total] = 0.0
    return sparse.csr_array(rows), deviation_precision(x, own, arrays)


def factorise(precision: sparse.csc_array, *, ordered: bool = False) -> SuperLU:
    """Return the sparse factors of a positive definite matrix, rows and columns in one order: a
    good one, or the given one.
    """
    order = "NATURAL" if ordered else "MMD_AT_PLUS_A"
    return splu(precision, permc_spec=order, diag_pivot_thresh=0.0, options={"SymmetricMode": True})


def scale_parameters(arrays: StudyArrays) -> BoolArray:
    """Say which free variables set scales: of effects, of noise, of surveys, and how long growth
    lasts; dims (free,).
    """
    chosen = np.zeros(arrays.prior_family.size, dtype=np.bool_)
    chosen[arrays.predictor_scale[arrays.predictor_scale >= 0]] = True
    for part in (LOG_NOISE, LOG_CONCENTRATION):
        chosen[predictor_matrix(arrays, part).indices] = True
    if arrays.damped_innovation.size:
        chosen[arrays.growth[DAMPING]] = True
    return chosen
