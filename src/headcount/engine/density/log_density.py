"""The log density of the posterior and its gradient, by hand: forward through docs/model.md, then
back.

Each stage is compiled by itself: from x to what is latent, from there to what is seen, each row's
likelihood, and all the way back. Names of the form ``d_x`` hold the derivative of the log density
by x.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from headcount._types import FloatArray, IntArray
from headcount.engine.density.cell_sums import cell_values, cells_adjoint
from headcount.engine.density.codes import (
    BOUND,
    LOG_CONCENTRATION,
    LOG_NOISE,
    LOG_OVERCOUNT,
    LOG_SELECTION,
    NORMAL,
    OVERLAP,
    REACH_LINK,
    SHARED_ERROR,
    STATED,
    STUDENT_T,
    SURVEY,
)
from headcount.engine.density.growth import headcount_adjoint, log_headcount
from headcount.engine.density.log_prior import log_prior_and_gradient
from headcount.engine.density.row_likelihoods import (
    beta_binomial_row,
    bound_row,
    interval_row,
    overlap_odds,
    stated_row,
    survey_odds,
)
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.density.tails import LOG_T4, expit, log_expit_and_slope, softplus
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


SMALL, LARGE = 1e-150, 1e150
"""A product of rows' numbers is ended before it leaves what a number can hold."""


class Latent(NamedTuple):
    """What lies between the free vector and the sources.

    Attributes
    ----------
    scale
        exp(x) where x is a log scale; dims (free,).
    predictor
        Sums of entries; dims (sum,).
    headcount
        The target's log headcount; dims (region, year).
    """

    scale: FloatArray
    predictor: FloatArray
    headcount: FloatArray


class Expected(NamedTuple):
    """What sources see, and where each row is expected.

    Attributes
    ----------
    slope
        Derivative of each view's log reach by its zeta; dims (view,).
    cells, terms
        Logarithms; dims (cell,), (term,).
    parts
        Of each cell of a term, its part of the sum; dims (place,).
    location
        Where each row is expected, with its derivatives by three terms and the log selection; dims
        (row, 5).
    dispersion
        The sd on the log scale, or the concentration of k of n; dims (row,).
    """

    slope: FloatArray
    cells: FloatArray
    terms: FloatArray
    parts: FloatArray
    location: FloatArray
    dispersion: FloatArray


@compiled
def latent_of(x: FloatArray, arrays: StudyArrays) -> Latent:
    """Return what the free vector x says of headcounts."""
    scale = np.empty(x.size)
    for i in range(arrays.log_scale.size):
        scale[arrays.log_scale[i]] = math.exp(x[arrays.log_scale[i]])
    predictor = _predictor(x, scale, arrays)
    return Latent(scale, predictor, log_headcount(x, predictor, arrays))


@compiled
def expected_of(found: Latent, arrays: StudyArrays) -> Expected:
    """Return what sources see of headcounts."""
    reach, slope = _reach(found.predictor, arrays)
    cells = cell_values(found.predictor, found.headcount, reach, arrays)
    terms, parts = _terms(cells, arrays)
    location, dispersion = _locations(found.predictor, terms, arrays)
    return Expected(slope, cells, terms, parts, location, dispersion)


@compiled
def row_log_likelihoods(at: Expected, arrays: StudyArrays) -> FloatArray:
    """Return each row's log likelihood and its derivatives by location and dispersion (k of n: by its
    logarithm); dims (row, 3).
    """
    rows = np.empty((at.dispersion.size, 3))
    for row in range(at.dispersion.size):
        own, slope, by_dispersion = _likelihood(
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
    """Return the sum of the rows' log likelihoods, and each row's derivatives as of
    `row_log_likelihoods`; dims (row, 2).

    The logarithms that Student's t takes of every row are one of their product.
    """
    forms, tails = arrays.row_form, arrays.row_tails
    total, variances, weights, slopes = 0.0, 1.0, 1.0, np.empty((forms.size, 2))
    for row in range(forms.size):
        dispersion, location = at.dispersion[row], at.location[row, 0]
        if forms[row] == STATED and tails[row] == STUDENT_T:
            gap, variance = arrays.row_value[row] - location, dispersion * dispersion
            told = 5 / (4 * variance + gap * gap)
            slopes[row, 0], slopes[row, 1] = gap * told, (gap * gap * told - 1) / dispersion
            total += LOG_T4
            variances *= variance
            weights *= 0.8 * variance * told
            if variances < SMALL or variances > LARGE or weights < SMALL:
                total += 2.5 * math.log(weights) - 0.5 * math.log(variances)
                variances, weights = 1.0, 1.0
        else:
            value, other = arrays.row_value[row], arrays.row_other[row]
            own, slope, by_dispersion = _likelihood(
                forms[row], tails[row], value, other, location, dispersion
            )
            total += own
            slopes[row, 0], slopes[row, 1] = slope, by_dispersion
    return total + 2.5 * math.log(weights) - 0.5 * math.log(variances), slopes


@compiled
def gradient_of_rows(
    x: FloatArray,
    found: Latent,
    at: Expected,
    slopes: FloatArray,
    arrays: StudyArrays,
    gradient: FloatArray,
) -> None:
    """Add what the rows' derivatives make of the gradient by x."""
    d_predictor, d_terms, d_cells = (
        np.zeros(found.predictor.size),
        np.zeros(at.terms.size),
        np.zeros(at.cells.size),
    )
    _rows_adjoint(found.predictor, at, slopes, arrays, d_predictor, d_terms)
    _terms_adjoint(at.parts, d_terms, arrays, d_cells)
    d_headcount, d_reach = cells_adjoint(found.predictor, d_cells, arrays, d_predictor)
    _reach_adjoint(found.predictor, at.slope, d_reach, arrays, d_predictor)
    headcount_adjoint(
        x, found.predictor, found.headcount, d_headcount, arrays, d_predictor, gradient
    )
    _predictor_adjoint(x, found.scale, d_predictor, arrays, gradient)


@compiled
def log_reach(found: Latent, arrays: StudyArrays) -> FloatArray:
    """Return the log reach of each view; dims (view,)."""
    return _reach(found.predictor, arrays)[0]


def log_density_and_gradient(x: FloatArray, arrays: StudyArrays, gradient: FloatArray) -> float:
    """Evaluate the log posterior density on the unconstrained scale, up to no constant.

    Parameters
    ----------
    x
        Free vector; dims (free,), blocks as in `headcount.layout.free_vector.segments_of`.
    arrays
        The study.
    gradient
        Filled with the gradient; dims (free,).

    Returns
    -------
    float
        Log density.
    """
    found = latent_of(x, arrays)
    at = expected_of(found, arrays)
    total = log_prior_and_gradient(x, arrays, gradient)
    told, slopes = likelihood_and_slopes(at, arrays)
    gradient_of_rows(x, found, at, slopes, arrays, gradient)
    return total + told


def evaluate_at(x: FloatArray, arrays: StudyArrays) -> tuple[Latent, Expected, FloatArray]:
    """Evaluate everything between x and the rows' likelihoods at one point.

    Parameters
    ----------
    x
        Free vector.
    arrays
        The study.

    Returns
    -------
    tuple
        What is latent, what is seen, and the rows' likelihoods as of `row_log_likelihoods`.
    """
    found = latent_of(x, arrays)
    at = expected_of(found, arrays)
    return found, at, row_log_likelihoods(at, arrays)


@inner
def _predictor(x: FloatArray, scale: FloatArray, arrays: StudyArrays) -> FloatArray:
    predictor = np.zeros(arrays.offset[-1])
    rows, a, b, weights = (
        arrays.predictor_row,
        arrays.predictor_effect,
        arrays.predictor_scale,
        arrays.predictor_weight,
    )
    for e in range(rows.size):
        weight = weights[e] * (scale[np.uint64(b[e])] if b[e] >= 0 else 1.0)
        predictor[np.uint64(rows[e])] += weight * x[np.uint64(a[e])]
    return predictor


@inner
def _predictor_adjoint(
    x: FloatArray,
    scale: FloatArray,
    d_predictor: FloatArray,
    arrays: StudyArrays,
    gradient: FloatArray,
) -> None:
    rows, weights = arrays.predictor_row, arrays.predictor_weight
    # Neighbours mostly have one scale; see `_rows_adjoint`.
    last, total = np.uint64(0), 0.0
    for e in range(rows.size):
        a, slope = (
            np.uint64(arrays.predictor_effect[e]),
            weights[e] * d_predictor[np.uint64(rows[e])],
        )
        if arrays.predictor_scale[e] >= 0:
            b = np.uint64(arrays.predictor_scale[e])
            slope *= scale[b]
            if b != last:
                gradient[last] += total
                last, total = b, 0.0
            total += slope * x[a]
        gradient[a] += slope
    gradient[last] += total


@inner
def _reach(predictor: FloatArray, arrays: StudyArrays) -> tuple[FloatArray, FloatArray]:
    """Return the log reach of each view, and its derivative by zeta; dims (view,)."""
    sources, zetas, offset = arrays.reach_point_source, arrays.reach_point_link, arrays.offset
    reach, slope = np.empty(zetas.size), np.ones(zetas.size)
    for i in range(reach.size):
        bare = sources[i] < 0
        source = -1 - sources[i] if bare else sources[i]
        reach[i] = predictor[np.uint64(offset[REACH_LINK] + zetas[i])]
        if arrays.is_coverage[source]:
            reach[i], slope[i] = log_expit_and_slope(reach[i])
        if not bare:
            reach[i] += predictor[offset[SHARED_ERROR] + source]
            if arrays.has_overcount[source]:
                reach[i] += softplus(predictor[offset[LOG_OVERCOUNT] + source])
    return reach, slope


@inner
def _reach_adjoint(
    predictor: FloatArray,
    slope: FloatArray,
    d_reach: FloatArray,
    arrays: StudyArrays,
    d_predictor: FloatArray,
) -> None:
    sources, zetas, offset = arrays.reach_point_source, arrays.reach_point_link, arrays.offset
    for i in range(d_reach.size):
        bare = sources[i] < 0
        source = -1 - sources[i] if bare else sources[i]
        d_predictor[np.uint64(offset[REACH_LINK] + zetas[i])] += d_reach[i] * slope[i]
        if not bare:
            d_predictor[offset[SHARED_ERROR] + source] += d_reach[i]
            if arrays.has_overcount[source]:
                over = offset[LOG_OVERCOUNT] + source
                d_predictor[over] += d_reach[i] * expit(predictor[over])


@inner
def _terms(cells: FloatArray, arrays: StudyArrays) -> tuple[FloatArray, FloatArray]:
    """Return logs of sums over cells, mostly of one, and after these what is known; and each cell's
    part of its sum.
    """
    starts, members, known = arrays.term_start, arrays.term_cell, arrays.term_known
    latent = starts.size - 1
    terms, parts = np.empty(latent + known.size), np.ones(members.size)
    for i in range(latent):
        start, end = np.uint64(starts[i]), np.uint64(starts[i + 1])
        top = cells[np.uint64(members[start])]
        if end > start + np.uint64(1):
            for j in range(start, end):
                top = max(top, cells[np.uint64(members[j])])
            total = 0.0
            for j in range(start, end):
                parts[j] = math.exp(cells[np.uint64(members[j])] - top)
                total += parts[j]
            for j in range(start, end):
                parts[j] /= total
            top += math.log(total)
        terms[i] = top
    for i in range(known.size):
        terms[latent + i] = known[i]
    return terms, parts


@inner
def _terms_adjoint(
    parts: FloatArray, d_terms: FloatArray, arrays: StudyArrays, d_cells: FloatArray
) -> None:
    starts, members = arrays.term_start, arrays.term_cell
    for i in range(starts.size - 1):
        for j in range(np.uint64(starts[i]), np.uint64(starts[i + 1])):
            d_cells[np.uint64(members[j])] += d_terms[i] * parts[j]


@inner
def _location_of_people(
    form: int, part: float, whole: float, third: float, selection: float
) -> tuple[float, float, float, float, float]:
    """Return the log odds of a row of k of n, and the derivatives by its three terms and by the log
    selection of its survey epoch.
    """
    if form == SURVEY:
        odds, slope = survey_odds(part - whole, selection)
        return odds, slope, -slope, 0.0, 1.0
    odds, by_first, by_second, by_dependence = overlap_odds(part - whole, third - whole, selection)
    return odds, by_first, -by_first - by_second, by_second, by_dependence


@inner
def _is_binomial(form: int) -> bool:
    """Say whether a row is k of n people."""
    # A search in a tuple would take long to compile.
    return form == SURVEY or form == OVERLAP  # noqa: PLR1714


@inner
def _likelihood(
    form: int, tails: int, value: float, other: float, location: float, dispersion: float
) -> tuple[float, float, float]:
    """Return a row's log likelihood and its derivatives by location and by the dispersion (k of n: by
    its logarithm).
    """
    if _is_binomial(form):
        return beta_binomial_row(value, other, location, math.log(dispersion))
    normal = tails == NORMAL
    if form == STATED:
        return stated_row(value, location, dispersion, normal)
    if form == BOUND:
        return bound_row(value, other, location, dispersion, normal)
    return interval_row(value, other, location, dispersion, normal)


@inner
def _noise_variance(predictor: FloatArray, offset: IntArray) -> FloatArray:
    """Return the variance of each source's noise; dims (source,)."""
    log_noise = predictor[offset[LOG_NOISE] : offset[LOG_NOISE + 1]]
    variance = np.empty(log_noise.size)
    for s in range(log_noise.size):
        variance[s] = math.exp(2 * log_noise[s])
    return variance


@inner
def _locations(
    predictor: FloatArray, terms: FloatArray, arrays: StudyArrays
) -> tuple[FloatArray, FloatArray]:
    """Return each row's location with its derivatives, as in `Expected`, dims (row, 5), and its dispersion,
    dims (row,).

    The dispersion is the sd on the log scale, or the concentration of k of n.
    """
    forms, epochs, sources = arrays.row_form, arrays.row_epoch, arrays.row_source
    numerators, denominators, seconds = (
        arrays.row_numerator,
        arrays.row_denominator,
        arrays.row_second_numerator,
    )
    factor, variance = arrays.row_noise_factor, arrays.row_variance
    selection_at, dense_at = arrays.offset[LOG_SELECTION], arrays.offset[LOG_CONCENTRATION]
    found, dispersion, noise = (
        np.empty((forms.size, 5)),
        np.empty(forms.size),
        _noise_variance(predictor, arrays.offset),
    )
    for row in range(forms.size):
        part, whole = terms[np.uint64(numerators[row])], terms[np.uint64(denominators[row])]
        if _is_binomial(forms[row]):
            location, by_part, by_whole, by_third, by_selection = _location_of_people(
                forms[row], part, whole, terms[seconds[row]], predictor[selection_at + epochs[row]]
            )
            found[row, 0], found[row, 1], found[row, 2] = location, by_part, by_whole
            found[row, 3], found[row, 4] = by_third, by_selection
            dispersion[row] = math.exp(predictor[dense_at + epochs[row]])
        else:
            found[row, 0], found[row, 1], found[row, 2] = part - whole, 1.0, -1.0
            found[row, 3], found[row, 4] = 0.0, 0.0
            dispersion[row] = math.sqrt(
                factor[row] * noise[np.uint64(sources[row])] + variance[row]
            )
    return found, dispersion


@inner
def _rows_adjoint(
    predictor: FloatArray,
    at: Expected,
    slopes: FloatArray,
    arrays: StudyArrays,
    d_predictor: FloatArray,
    d_terms: FloatArray,
) -> None:
    forms, epochs, sources = arrays.row_form, arrays.row_epoch, arrays.row_source
    numerators, denominators, seconds = (
        arrays.row_numerator,
        arrays.row_denominator,
        arrays.row_second_numerator,
    )
    dense_at, noise_at, selection_at = (
        arrays.offset[LOG_CONCENTRATION],
        arrays.offset[LOG_NOISE],
        arrays.offset[LOG_SELECTION],
    )
    location, factor, noise = (
        at.location,
        arrays.row_noise_factor,
        _noise_variance(predictor, arrays.offset),
    )
    known = d_terms.size - arrays.term_known.size
    # Neighbours mostly have one source, and a sum in a register is quicker than one in memory.
    last, total = 0, 0.0
    for row in range(forms.size):
        slope, by_dispersion = slopes[row, 0], slopes[row, 1]
        if _is_binomial(forms[row]):
            d_terms[numerators[row]] += slope * location[row, 1]
            d_terms[denominators[row]] += slope * location[row, 2]
            d_terms[seconds[row]] += slope * location[row, 3]
            d_predictor[selection_at + epochs[row]] += slope * location[row, 4]
            d_predictor[dense_at + epochs[row]] += by_dispersion
        else:
            d_terms[np.uint64(numerators[row])] += slope
            # Most are relative to a known term, of which nobody asks the derivative.
            if denominators[row] < known:
                d_terms[np.uint64(denominators[row])] -= slope
            if sources[row] != last:
                d_predictor[noise_at + last] += total * noise[last]
                last, total = sources[row], 0.0
            total += by_dispersion * factor[row] / at.dispersion[row]
    if noise.size > 0:
        d_predictor[noise_at + last] += total * noise[last]
