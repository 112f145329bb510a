"""Latent quantities, reach and likelihoods of many draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from headcount._types import FloatArray, SingleArray
from headcount.engine.density.codes import REGIONS, YEARS
from headcount.engine.density.log_density import (
    expected_of,
    latent_of,
    log_reach,
    row_log_likelihoods,
)
from headcount.engine.density.signatures import CUBE, EXPECTED, LATENT, NUMBERS, ROWS, STUDY
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.numba_support.compilation import Typed, compiled
from headcount.engine.numba_support.function_pointers import FunctionTable
from headcount.engine.numba_support.vector_ops import copy

__all__ = ["LOOPS", "evaluate", "evaluate_reach", "log_likelihood"]

FUNCTION_TABLE = FunctionTable(STUDY)

_arrays = FUNCTION_TABLE.struct(STUDY)
_latent = FUNCTION_TABLE.function(latent_of, LATENT, NUMBERS, STUDY)
_expected = FUNCTION_TABLE.function(expected_of, EXPECTED, LATENT, STUDY)
_log_reach = FUNCTION_TABLE.function(log_reach, NUMBERS, LATENT, STUDY)
_log_likelihoods = FUNCTION_TABLE.function(row_log_likelihoods, ROWS, EXPECTED, STUDY)


def evaluate(draws: FloatArray, arrays: StudyArrays) -> tuple[FloatArray, FloatArray]:
    """Evaluate the log headcount and the linear predictor of many draws.

    Parameters
    ----------
    draws
        Dims (draw, free).
    arrays
        The study.

    Returns
    -------
    tuple
        Log headcount, dims (draw, region, year); linear predictor, dims (draw, predictor).
    """
    headcount = np.empty((len(draws), arrays.shape[REGIONS], arrays.shape[YEARS]))
    predictor = np.empty((len(draws), arrays.offset[-1]))
    table = FUNCTION_TABLE.addresses(arrays)
    _evaluate(draws, table.ctypes.data, headcount, predictor)
    return headcount, predictor


def evaluate_reach(draws: FloatArray, arrays: StudyArrays) -> SingleArray:
    """Evaluate the log reach of many draws.

    Parameters
    ----------
    draws
        Dims (draw, free).
    arrays
        The study.

    Returns
    -------
    numpy.ndarray
        Log reach in single precision, since it is a large array; dims (draw, reach point).
    """
    reach = np.empty((len(draws), arrays.reach_point_link.size), dtype=np.float32)
    table = FUNCTION_TABLE.addresses(arrays)
    _evaluate_reach(draws, table.ctypes.data, reach)
    return reach


def log_likelihood(
    draws: FloatArray, arrays: StudyArrays
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Evaluate each row's log likelihood, location and dispersion for many draws.

    Parameters
    ----------
    draws
        Dims (draw, free).
    arrays
        The study.

    Returns
    -------
    tuple
        Log likelihood; location, the expected logarithm, or the log odds of a binomial row;
        dispersion, the sd on the log scale, or the concentration of a binomial row. Each has dims
        (draw, row).
    """
    found = np.empty((3, len(draws), arrays.row_value.size))
    table = FUNCTION_TABLE.addresses(arrays)
    _log_likelihood(draws, table.ctypes.data, *found)
    values, location, dispersion = found
    return values, location, dispersion


@compiled
def _evaluate(draws: FloatArray, table: Any, headcount: FloatArray, predictor: FloatArray) -> None:  # noqa: ANN401
    for i in range(len(draws)):
        latent = _latent(table, draws[i], _arrays(table))
        for region in range(len(latent.log_headcount)):
            copy(latent.log_headcount[region], headcount[i, region])
        copy(latent.predictor, predictor[i])


@compiled
def _evaluate_reach(draws: FloatArray, table: Any, reach: SingleArray) -> None:  # noqa: ANN401
    for i in range(len(draws)):
        copy(_log_reach(table, _latent(table, draws[i], _arrays(table)), _arrays(table)), reach[i])


@compiled
def _log_likelihood(
    draws: FloatArray,
    table: Any,  # noqa: ANN401
    log_likelihood: FloatArray,
    location: FloatArray,
    dispersion: FloatArray,
) -> None:
    arrays = _arrays(table)
    for i in range(len(draws)):
        at = _expected(table, _latent(table, draws[i], arrays), arrays)
        rows = _log_likelihoods(table, at, arrays)
        for row in range(len(rows)):
            log_likelihood[i, row] = rows[row, 0]
            location[i, row] = at.location[row, 0]
            dispersion[i, row] = at.dispersion[row]


LOOPS = (
    Typed(_evaluate, types.none, (ROWS, types.int64, CUBE, ROWS)),
    Typed(_evaluate_reach, types.none, (ROWS, types.int64, types.float32[:, ::1])),
    Typed(_log_likelihood, types.none, (ROWS, types.int64, ROWS, ROWS, ROWS)),
)
"""The loops over draws, with the types of their arguments."""
