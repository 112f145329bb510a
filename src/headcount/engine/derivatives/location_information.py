"""Information of rows about their locations, observed and expected."""

from __future__ import annotations

from typing import Final

import numpy as np

from headcount._types import FloatArray
from headcount.engine.density.codes import INTERVAL, NORMAL, STATED
from headcount.engine.density.log_density import Expected, evaluate_at, row_log_likelihoods
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.derivatives.fisher_information import (
    T4_LOCATION,
    binomial_roots,
    binomial_rows,
)

__all__ = ["expected_information", "observed_information"]

STEP: Final = 1e-3
"""Step of a row's location, in units of its dispersion, for the difference of two slopes."""


def observed_information(x: FloatArray, arrays: StudyArrays) -> FloatArray:
    """Return minus the second derivative of each row's log likelihood by its location.

    Parameters
    ----------
    x
        Free vector.
    arrays
        The study.

    Returns
    -------
    numpy.ndarray
        For k of n the expected value; dims (row,). Negative for a row of Student's t that lies
        further out than two standard deviations.
    """
    _, at, _ = evaluate_at(x, arrays)
    binomial = binomial_rows(arrays)
    step = STEP * np.where(binomial, 1.0, at.dispersion)
    found = (_score(at, arrays, -step) - _score(at, arrays, step)) / (2 * step)
    found[binomial] = binomial_roots(at.location[:, 0], at.dispersion, arrays)[binomial] ** 2
    return np.asarray(found)


def expected_information(x: FloatArray, arrays: StudyArrays) -> FloatArray:
    """Return the Fisher information of each row about its location.

    Parameters
    ----------
    x
        Free vector.
    arrays
        The study.

    Returns
    -------
    numpy.ndarray
        For bounds and intervals, whose ends are known, the observed information; never negative;
        dims (row,).
    """
    _, at, _ = evaluate_at(x, arrays)
    expected = np.where(arrays.row_tails == NORMAL, 1.0, T4_LOCATION) / at.dispersion**2
    observed = binomial_rows(arrays) | (arrays.row_form != STATED)
    return np.maximum(np.where(observed, observed_information(x, arrays), expected), 0.0)


def _score(at: Expected, arrays: StudyArrays, step: FloatArray) -> FloatArray:
    """Return the slope of each row's log likelihood a step away, by moving the stated number."""
    other = np.where(arrays.row_form == INTERVAL, arrays.row_other - step, arrays.row_other)
    value = np.where(binomial_rows(arrays), arrays.row_value, arrays.row_value - step)
    return row_log_likelihoods(at, arrays._replace(row_value=value, row_other=other))[:, 1]
