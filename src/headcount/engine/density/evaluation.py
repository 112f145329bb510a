"""Headcounts, reach and likelihoods at many draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from headcount._types import FloatArray, SingleArray
from headcount.engine.density.codes import REGIONS, YEARS
from headcount.engine.density.log_density import latent, log_likelihoods, log_reach, seen
from headcount.engine.density.signatures import LATENT, NUMBERS, ROWS, SEEN, STUDY
from headcount.engine.density.study_arrays import Arrays
from headcount.engine.numba_support.compilation import Typed, compiled
from headcount.engine.numba_support.function_pointers import Links
from headcount.engine.numba_support.vector_ops import copy

__all__ = ["LOOPS", "evaluate", "evaluate_reach", "log_likelihood"]

LINKED = Links(STUDY)

_arrays = LINKED.handed(STUDY)
_latent = LINKED.link(latent, LATENT, NUMBERS, STUDY)
_seen = LINKED.link(seen, SEEN, LATENT, STUDY)
_log_reach = LINKED.link(log_reach, NUMBERS, LATENT, STUDY)
_log_likelihoods = LINKED.link(log_likelihoods, ROWS, SEEN, STUDY)


def evaluate(draws: FloatArray, arrays: Arrays) -> tuple[FloatArray, FloatArray]:
    """Evaluate log headcount and v for many draws.

    Parameters
    ----------
    draws
        Dims (draw, free).
    arrays
        The study.

    Returns
    -------
    tuple
        Log headcount, dims (draw, region, year); v, dims (draw, sum).
    """
    headcount = np.empty((len(draws), arrays.shape[REGIONS], arrays.shape[YEARS]))
    sums = np.empty((len(draws), arrays.offset[-1]))
    table = LINKED.table(arrays)
    _evaluate(draws, table.ctypes.data, headcount, sums)
    return headcount, sums


def evaluate_reach(draws: FloatArray, arrays: Arrays) -> SingleArray:
    """Evaluate log reach for many draws.

    Parameters
    ----------
    draws
        Dims (draw, free).
    arrays
        The study.

    Returns
    -------
    numpy.ndarray
        Log reach in single precision, since there is much of it; dims (draw, view).
    """
    reach = np.empty((len(draws), arrays.view_zeta.size), dtype=np.float32)
    table = LINKED.table(arrays)
    _evaluate_reach(draws, table.ctypes.data, reach)
    return reach


def log_likelihood(draws: FloatArray, arrays: Arrays) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Evaluate each row's log likelihood, location and spread for many draws.

    Parameters
    ----------
    draws
        Dims (draw, free).
    arrays
        The study.

    Returns
    -------
    tuple
        Log likelihood; location, the expected logarithm, or the log odds of one of the k of n;
        spread, the sd on the log scale, or the concentration of k of n. Each has dims (draw, row).
    """
    found = np.empty((3, len(draws), arrays.row_value.size))
    table = LINKED.table(arrays)
    _log_likelihood(draws, table.ctypes.data, *found)
    total, location, spread = found
    return total, location, spread


@compiled
def _evaluate(draws: FloatArray, table: Any, headcount: FloatArray, sums: FloatArray) -> None:  # noqa: ANN401
    for i in range(len(draws)):
        found = _latent(table, draws[i], _arrays(table))
        for region in range(len(found.headcount)):
            copy(found.headcount[region], headcount[i, region])
        copy(found.v, sums[i])


@compiled
def _evaluate_reach(draws: FloatArray, table: Any, reach: SingleArray) -> None:  # noqa: ANN401
    for i in range(len(draws)):
        copy(_log_reach(table, _latent(table, draws[i], _arrays(table)), _arrays(table)), reach[i])


@compiled
def _log_likelihood(
    draws: FloatArray,
    table: Any,  # noqa: ANN401
    total: FloatArray,
    location: FloatArray,
    spread: FloatArray,
) -> None:
    arrays = _arrays(table)
    for i in range(len(draws)):
        at = _seen(table, _latent(table, draws[i], arrays), arrays)
        rows = _log_likelihoods(table, at, arrays)
        for row in range(len(rows)):
            total[i, row], location[i, row], spread[i, row] = (
                rows[row, 0],
                at.location[row, 0],
                at.spread[row],
            )


LOOPS = (
    Typed(_evaluate, types.none, (ROWS, types.int64, types.float64[:, :, ::1], ROWS)),
    Typed(_evaluate_reach, types.none, (ROWS, types.int64, types.float32[:, ::1])),
    Typed(_log_likelihood, types.none, (ROWS, types.int64, ROWS, ROWS, ROWS)),
)
"""What loops over draws, as it is called."""
