"""The log density of the posterior and its gradient.

The stages of docs/model.md are functions compiled one by one: from the free vector to the latent
quantities (`latent_of`), to the expected value of each row (`expected_of`), to the log likelihood
(`likelihood_and_slopes`), and all the way back to the gradient (`gradient_of_rows`). Names of the
form ``d_x`` hold the derivative of the log density by ``x``.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from headcount._types import FloatArray
from headcount.engine.density.cell_sums import cells_adjoint, log_cells, log_terms, terms_adjoint
from headcount.engine.density.codes import BOUND, NORMAL, STATED, STUDENT_T
from headcount.engine.density.growth_recursions import headcount_adjoint, log_headcount
from headcount.engine.density.log_prior import log_prior_and_gradient
from headcount.engine.density.predictor_values import (
    log_reach_and_slope,
    predictor_adjoint,
    predictor_values,
    reach_adjoint,
    scales,
)
from headcount.engine.density.row_likelihoods import (
    beta_binomial_row,
    bound_row,
    interval_row,
    stated_row,
)
from headcount.engine.density.row_locations import is_binomial, row_locations, rows_adjoint
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.density.tails import LOG_T4
from headcount.engine.numba_support.compilation import compiled, inner

__all__ = [
    "Expected",
    "Latent",
    "evaluate_at",
    "expected_of",
    "gradient_of_rows",
    "latent_of",
    "likelihood_and_slopes",
    "log_density_and_gradient",
    "log_reach",
    "row_log_likelihoods",
]


SMALL: Final = 1e-150
LARGE: Final = 1e150
"""A product over rows is taken to its logarithm before it leaves this range, far from overflow."""


class Latent(NamedTuple):
    """Latent quantities at one point.

    Attributes
    ----------
    scale
        exp(x) where x is the log scale of effects; dims (free,).
    predictor
        The linear predictor; dims (predictor,).
    log_headcount
        Log headcount of the target; dims (region, year).
    """

    scale: FloatArray
    predictor: FloatArray
    log_headcount: FloatArray


class Expected(NamedTuple):
    """Expected values of cells, terms and rows at one point.

    Attributes
    ----------
    reach_slope
        Derivative of each log reach by its value on the link scale; dims (reach point,).
    cells, terms
        Log expected values; dims (cell,) and (term,).
    cell_share
        Share of each cell in its term; dims as ``StudyArrays.term_cell``.
    location
        Location of each row (see `headcount.engine.density.row_locations`), and its derivatives by
        numerator, denominator, second numerator and log selection; dims (row, 5).
    dispersion
        The sd on the log scale, or the concentration of a beta-binomial; dims (row,).
    """

    reach_slope: FloatArray
    cells: FloatArray
    terms: FloatArray
    cell_share: FloatArray
    location: FloatArray
    dispersion: FloatArray


@compiled
def latent_of(x: FloatArray, arrays: StudyArrays) -> Latent:
    """Return the latent quantities at the free vector x."""
    scale = scales(x, arrays.log_scale)
    predictor = predictor_values(x, scale, arrays)
    return Latent(scale, predictor, log_headcount(x, predictor, arrays))


@compiled
def expected_of(latent: Latent, arrays: StudyArrays) -> Expected:
    """Return the expected values that follow from the latent quantities."""
    reach, slope = log_reach_and_slope(latent.predictor, arrays)
    cells = log_cells(latent.predictor, latent.log_headcount, reach, arrays)
    terms, shares = log_terms(cells, arrays)
    location, dispersion = row_locations(latent.predictor, terms, arrays)
    return Expected(slope, cells, terms, shares, location, dispersion)


@compiled
def row_log_likelihoods(at: Expected, arrays: StudyArrays) -> FloatArray:
    """Return the log likelihood of each row, and its derivatives by location and dispersion.

    Dims (row, 3). Of binomial rows the last derivative is that by the log dispersion.
    """
    rows = np.empty((at.dispersion.size, 3))
    for row in range(at.dispersion.size):
        own, slope, by_dispersion = _row_likelihood(
            arrays.row_form[row],
            arrays.row_tails[row],
            arrays.row_value[row],
            arrays.row_other[row],
            at.location[row, 0],
            at.dispersion[row],
        )
        rows[row, 0], rows[row, 1], rows[row, 2] = own, slope, by_dispersion
    return rows


@compiled
def likelihood_and_slopes(at: Expected, arrays: StudyArrays) -> tuple[float, FloatArray]:
    """Return the log likelihood of all rows, and the derivatives of `row_log_likelihoods`.

    The derivatives have dims (row, 2). The logarithms in the densities of Student's t are taken
    once, of the product over rows.
    """
    forms, tails = arrays.row_form, arrays.row_tails
    total, variances, weights, slopes = 0.0, 1.0, 1.0, np.empty((forms.size, 2))
    for row in range(forms.size):
        dispersion, location = at.dispersion[row], at.location[row, 0]
        if forms[row] == STATED and tails[row] == STUDENT_T:
            gap, variance = arrays.row_value[row] - location, dispersion * dispersion
            weight = 5 / (4 * variance + gap * gap)
            slopes[row, 0], slopes[row, 1] = gap * weight, (gap * gap * weight - 1) / dispersion
            total += LOG_T4
            variances *= variance
            weights *= 0.8 * variance * weight
            if variances < SMALL or variances > LARGE or weights < SMALL:
                total += 2.5 * math.log(weights) - 0.5 * math.log(variances)
                variances, weights = 1.0, 1.0
        else:
            value, other = arrays.row_value[row], arrays.row_other[row]
            own, slope, by_dispersion = _row_likelihood(
                forms[row], tails[row], value, other, location, dispersion
            )
            total += own
            slopes[row, 0], slopes[row, 1] = slope, by_dispersion
    return total + 2.5 * math.log(weights) - 0.5 * math.log(variances), slopes


@compiled
def gradient_of_rows(
    x: FloatArray,
    latent: Latent,
    at: Expected,
    slopes: FloatArray,
    arrays: StudyArrays,
    gradient: FloatArray,
) -> None:
    """Add the gradient of the log likelihood by x, given the rows' ``slopes``, dims (row, 2)."""
    predictor = latent.predictor
    d_predictor, d_terms = np.zeros(predictor.size), np.zeros(at.terms.size)
    d_cells = np.zeros(at.cells.size)
    rows_adjoint(predictor, (at.location, at.dispersion), slopes, arrays, d_predictor, d_terms)
    terms_adjoint(at.cell_share, d_terms, arrays, d_cells)
    d_headcount, d_reach = cells_adjoint(predictor, d_cells, arrays, d_predictor)
    reach_adjoint(predictor, at.reach_slope, d_reach, arrays, d_predictor)
    headcount_adjoint(
        x, predictor, latent.log_headcount, d_headcount, arrays, d_predictor, gradient
    )
    predictor_adjoint(x, latent.scale, d_predictor, arrays, gradient)


@compiled
def log_reach(latent: Latent, arrays: StudyArrays) -> FloatArray:
    """Return the log reach of each reach point; dims (reach point,)."""
    return log_reach_and_slope(latent.predictor, arrays)[0]


def log_density_and_gradient(x: FloatArray, arrays: StudyArrays, gradient: FloatArray) -> float:
    """Evaluate the normalised prior times the likelihood on the unconstrained scale.

    Parameters
    ----------
    x
        Free vector; dims (free,), segments as in `headcount.layout.free_vector.segments_of`.
    arrays
        The study.
    gradient
        Filled with the gradient; dims (free,).

    Returns
    -------
    float
        Log density.
    """
    latent = latent_of(x, arrays)
    at = expected_of(latent, arrays)
    log_prior = log_prior_and_gradient(x, arrays, gradient)
    log_likelihood, slopes = likelihood_and_slopes(at, arrays)
    gradient_of_rows(x, latent, at, slopes, arrays, gradient)
    return log_prior + log_likelihood


def evaluate_at(x: FloatArray, arrays: StudyArrays) -> tuple[Latent, Expected, FloatArray]:
    """Evaluate all stages of the density at one point.

    Parameters
    ----------
    x
        Free vector.
    arrays
        The study.

    Returns
    -------
    tuple
        Latent quantities, expected values, and the result of `row_log_likelihoods`.
    """
    latent = latent_of(x, arrays)
    at = expected_of(latent, arrays)
    return latent, at, row_log_likelihoods(at, arrays)


@inner
def _row_likelihood(
    form: int, tails: int, value: float, other: float, location: float, dispersion: float
) -> tuple[float, float, float]:
    """Return a row's log likelihood and derivatives, as in `row_log_likelihoods`."""
    if is_binomial(form):
        return beta_binomial_row(value, other, location, math.log(dispersion))
    normal = tails == NORMAL
    if form == STATED:
        return stated_row(value, location, dispersion, normal)
    if form == BOUND:
        return bound_row(value, other, location, dispersion, normal)
    return interval_row(value, other, location, dispersion, normal)
