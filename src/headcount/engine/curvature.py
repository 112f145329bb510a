"""The expected curvature of the log density, and the mode that it leads to.

Each row tells about its mean, and about its source's noise, with its Fisher information; so the curvature is the prior's plus
a sum of squares, J'J, never indefinite, whatever the point. The mode is found by Fisher scoring with it.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

from headcount._types import BoolArray, FloatArray
from headcount.engine.arrays import Arrays
from headcount.engine.codes import BOUND, CONCENTRATION, DAMPING, NOISE, OVERLAP, SURVEY
from headcount.engine.density import log_density_and_gradient, row_sensitivities

__all__ = [
    "conditional_mode",
    "expected_curvature",
    "factorise",
    "information_rows",
    "prior_curvature",
    "scale_parameters",
]

T4_MEAN, T4_SCALE = 5 / 7, 8 / 7
"""Fisher information of Student's t with four degrees of freedom about location and log scale, in units of 1/sd^2 and 1."""

FLATTEST = 1e-3
"""Least prior curvature: half-normal, exponential and gamma priors are flat on the log scale towards zero."""

FAINTEST = 0.01
"""A slope of a row's mean, in sds of the row for one prior sd of the variable. Its square is what the row adds to the precision
of 1 that the prior gives; ten times as much would be negligible for one variable, but not for a direction shared by many."""

STEPS = 40
TOLERANCE = 1e-2
"""Scoring stops when a step promises to raise the log density by less than this."""

SHORTEST = 1e-4
"""Scoring stops when no step longer than this part of the promised one climbs."""


def prior_curvature(x: FloatArray, arrays: Arrays) -> FloatArray:
    """Return the prior's own curvature, a diagonal; dims (free,). All priors are log-concave on the link scale."""
    value = np.exp(np.where(arrays.family == 0, 0.0, x))
    chance = value / (1 + value)
    first = np.where(arrays.family == 0, 1.0, arrays.first)
    by_family = (
        1 / arrays.second**2,
        2 * (value / first) ** 2,
        value / first,
        arrays.second * value,
        (first + arrays.second) * chance * (1 - chance),
    )
    return np.asarray(np.maximum(np.choose(arrays.family, by_family), FLATTEST))


def information_rows(x: FloatArray, arrays: Arrays) -> FloatArray:
    """Return J, whose square J'J is the expected curvature of the likelihood.

    Parameters
    ----------
    x
        Free vector.
    arrays
        The study.

    Returns
    -------
    numpy.ndarray
        Dims (row of information, free): two for each observation, on its location and on its noise.
    """
    location, spread, slopes = row_sensitivities(x, arrays)
    asks = np.isin(arrays.row_likelihood, (SURVEY, OVERLAP))
    normal = arrays.row_likelihood > OVERLAP
    sd = np.where(asks, 1.0, spread)
    # A row that is far out says less: the weight that Student's t gives it.
    z = np.where(asks, 0.0, (arrays.row_value - location) / sd)
    about_location = np.where(normal, 1.0, np.sqrt(np.minimum(T4_MEAN, 5 / (4 + z**2)))) / sd
    about_location[asks] = _people_weights(location, spread, arrays)[asks]
    about_noise = np.where(normal, np.sqrt(2.0), np.sqrt(T4_SCALE))
    noise = _part_matrix(arrays, NOISE)[arrays.row_source]
    level = np.exp(_part_matrix(arrays, NOISE) @ x)[arrays.row_source]
    own = arrays.row_factor * level**2 / sd**2
    # Bounds and k of n say next to nothing about the noise.
    silent = asks | np.isin(arrays.row_likelihood, (BOUND, OVERLAP + 1 + BOUND))
    return np.concatenate([slopes * about_location[:, None], (noise * (about_noise * own)[:, None])[~silent]])


def _people_weights(location: FloatArray, spread: FloatArray, arrays: Arrays) -> FloatArray:
    """Return the root of a beta-binomial's information about its log odds."""
    chance = 1 / (1 + np.exp(-location))
    n = arrays.row_other
    inflation = 1 + np.maximum(n - 1, 0) / (spread + 1)
    return np.asarray(np.sqrt(np.maximum(n, 0) * chance * (1 - chance) / inflation))


def _part_matrix(arrays: Arrays, part: int) -> FloatArray:
    """Return the matrix of a part of v that is linear in x; dims (sum, free)."""
    start, end = arrays.offset[part], arrays.offset[part + 1]
    matrix = np.zeros((end - start, arrays.family.size))
    inside = (arrays.entry_row >= start) & (arrays.entry_row < end)
    np.add.at(
        matrix,
        (arrays.entry_row[inside] - start, arrays.entry_a[inside]),
        arrays.entry_weight[inside],
    )
    return matrix


def expected_curvature(x: FloatArray, arrays: Arrays) -> sparse.csc_matrix:
    """Return the expected curvature of minus the log density at x, positive definite and sparse.

    Parameters
    ----------
    x
        Free vector.
    arrays
        The study.

    Returns
    -------
    scipy.sparse.csc_matrix
        Prior precision plus the likelihood's Fisher information, dims (free, free). What a row says about a variable counts
        as nothing below ``FAINTEST``, so that a row on the whole world does not tie every region to every other.
    """
    rows = information_rows(x, arrays)
    rows[np.abs(rows) < FAINTEST / np.sqrt(prior_curvature(x, arrays))] = 0.0
    information = sparse.csr_matrix(rows)
    return (information.T @ information + sparse.diags(prior_curvature(x, arrays))).tocsc()


def factorise(precision: sparse.csc_matrix) -> SuperLU:
    """Return the sparse factors of a positive definite matrix, rows and columns in one order."""
    return splu(precision, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})


def scale_parameters(arrays: Arrays) -> BoolArray:
    """Say which free variables set scales: of effects, of noise, of surveys, and the damping; dims (free,)."""
    chosen = np.zeros(arrays.family.size, dtype=np.bool_)
    chosen[arrays.entry_b[arrays.entry_b >= 0]] = True
    for part in (NOISE, CONCENTRATION):
        chosen |= (_part_matrix(arrays, part) != 0).any(axis=0)
    if arrays.growth[DAMPING] >= 0:
        chosen[arrays.growth[DAMPING]] = True
    return chosen


def conditional_mode(arrays: Arrays, start: FloatArray) -> FloatArray:
    """Climb to the mode of everything but the scales, by Fisher scoring with a damped step.

    The joint mode of scales and effects is of no use: it lies where noise has been explained away by effects.

    Parameters
    ----------
    arrays
        The study.
    start
        Where to begin; scales stay as they are; dims (free,).

    Returns
    -------
    numpy.ndarray
        The mode given the scales, or the best point of ``STEPS`` steps.
    """
    x, moving = start.copy(), np.flatnonzero(~scale_parameters(arrays))
    gradient = np.empty(x.size)
    best = log_density_and_gradient(x, arrays, gradient)
    for _ in range(STEPS):
        precision = expected_curvature(x, arrays)[moving][:, moving]
        step = np.zeros(x.size)
        step[moving] = factorise(precision).solve(gradient[moving])
        promised, length = float(gradient @ step), 1.0
        while (value := log_density_and_gradient(x + length * step, arrays, gradient)) <= best:
            length /= 2
            if length < SHORTEST:
                return x
        x, best = x + length * step, value
        if promised < TOLERANCE:
            break
    return x
