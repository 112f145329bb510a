"""The location and dispersion of each row, from the terms and the linear predictor.

The location is the expected logarithm of the row's value, or the log odds of a binomial row. The
dispersion is the sd on the log scale, or the concentration of a beta-binomial.
"""

from __future__ import annotations

import math

import numpy as np

from headcount._types import FloatArray, IntArray
from headcount.engine.density.codes import (
    LOG_CONCENTRATION,
    LOG_NOISE,
    LOG_SELECTION,
    OVERLAP,
    SURVEY,
)
from headcount.engine.density.row_likelihoods import overlap_odds, survey_odds
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.numba_support.compilation import inner

__all__ = ["is_binomial", "row_locations", "rows_adjoint"]


@inner
def is_binomial(form: int) -> bool:
    """Say whether a row form is binomial."""
    # A search in a tuple would take long to compile.
    return form == SURVEY or form == OVERLAP  # noqa: PLR1714


@inner
def row_locations(
    predictor: FloatArray, terms: FloatArray, arrays: StudyArrays
) -> tuple[FloatArray, FloatArray]:
    """Return the location of each row with its derivatives, dims (row, 5), and its dispersion.

    The derivatives are those by the terms numerator, denominator and second numerator, and by the
    log selection (or log dependence) of the row's survey epoch.
    """
    forms, epochs, sources = arrays.row_form, arrays.row_epoch, arrays.row_source
    numerators, denominators = arrays.row_numerator, arrays.row_denominator
    factor, variance = arrays.row_noise_factor, arrays.row_variance
    selection_at, concentration_at = arrays.offset[LOG_SELECTION], arrays.offset[LOG_CONCENTRATION]
    found, dispersion = np.empty((forms.size, 5)), np.empty(forms.size)
    noise = _noise_variance(predictor, arrays.offset)
    for row in range(forms.size):
        numerator = terms[np.uint64(numerators[row])]
        denominator = terms[np.uint64(denominators[row])]
        if is_binomial(forms[row]):
            second = terms[arrays.row_second_numerator[row]]
            selection = predictor[selection_at + epochs[row]]
            odds, by_numerator, by_denominator, by_second, by_selection = _log_odds(
                forms[row], numerator, denominator, second, selection
            )
            found[row, 0], found[row, 1], found[row, 2] = odds, by_numerator, by_denominator
            found[row, 3], found[row, 4] = by_second, by_selection
            dispersion[row] = math.exp(predictor[concentration_at + epochs[row]])
        else:
            found[row, 0], found[row, 1], found[row, 2] = numerator - denominator, 1.0, -1.0
            found[row, 3], found[row, 4] = 0.0, 0.0
            dispersion[row] = math.sqrt(
                factor[row] * noise[np.uint64(sources[row])] + variance[row]
            )
    return found, dispersion


@inner
def rows_adjoint(
    predictor: FloatArray,
    locations: tuple[FloatArray, FloatArray],
    slopes: FloatArray,
    arrays: StudyArrays,
    d_predictor: FloatArray,
    d_terms: FloatArray,
) -> None:
    """Add the derivatives by the linear predictor and by the terms.

    ``locations`` is the result of `row_locations`; ``slopes`` holds the derivatives of each row's
    log likelihood by its location and dispersion (of binomial rows: log dispersion), dims (row, 2).
    """
    forms, epochs, sources = arrays.row_form, arrays.row_epoch, arrays.row_source
    numerators, denominators = arrays.row_numerator, arrays.row_denominator
    selection_at, concentration_at = arrays.offset[LOG_SELECTION], arrays.offset[LOG_CONCENTRATION]
    location, dispersion = locations
    noise_at = arrays.offset[LOG_NOISE]
    factor, noise = arrays.row_noise_factor, _noise_variance(predictor, arrays.offset)
    latent = d_terms.size - arrays.term_known.size
    # Most neighbours have one source, and a sum in a register is quicker than one in memory.
    last, total = 0, 0.0
    for row in range(forms.size):
        slope, by_dispersion = slopes[row, 0], slopes[row, 1]
        if is_binomial(forms[row]):
            d_terms[numerators[row]] += slope * location[row, 1]
            d_terms[denominators[row]] += slope * location[row, 2]
            d_terms[arrays.row_second_numerator[row]] += slope * location[row, 3]
            d_predictor[selection_at + epochs[row]] += slope * location[row, 4]
            d_predictor[concentration_at + epochs[row]] += by_dispersion
        else:
            d_terms[np.uint64(numerators[row])] += slope
            # Most denominators are a known term, whose derivative nothing needs.
            if denominators[row] < latent:
                d_terms[np.uint64(denominators[row])] -= slope
            if sources[row] != last:
                d_predictor[noise_at + last] += total * noise[last]
                last, total = sources[row], 0.0
            total += by_dispersion * factor[row] / dispersion[row]
    if noise.size > 0:
        d_predictor[noise_at + last] += total * noise[last]


@inner
def _log_odds(
    form: int, numerator: float, denominator: float, second: float, selection: float
) -> tuple[float, float, float, float, float]:
    """Return the log odds of a binomial row and their derivatives, as in `row_locations`."""
    if form == SURVEY:
        odds, slope = survey_odds(numerator - denominator, selection)
        return odds, slope, -slope, 0.0, 1.0
    odds, by_first, by_second, by_dependence = overlap_odds(
        numerator - denominator, second - denominator, selection
    )
    return odds, by_first, -by_first - by_second, by_second, by_dependence


@inner
def _noise_variance(predictor: FloatArray, offset: IntArray) -> FloatArray:
    """Return the variance of the noise of each source; dims (source,)."""
    log_noise = predictor[offset[LOG_NOISE] : offset[LOG_NOISE + 1]]
    variance = np.empty(log_noise.size)
    for s in range(log_noise.size):
        variance[s] = math.exp(2 * log_noise[s])
    return variance
