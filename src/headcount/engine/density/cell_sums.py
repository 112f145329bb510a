"""Cells: what is seen of a scope in a region at a time, and the way back; see docs/model.md.

The loops over cells are written out in one function each. A helper that took the study's arrays
would have to count references to all of them at every call, which costs more than the arithmetic.
"""

from __future__ import annotations

import math

import numpy as np

from headcount._types import FloatArray
from headcount.engine.density.codes import (
    CONTAINS,
    PART_OF,
    RATIO_LINK,
    RATIO_TREND,
    REFERENCE,
    REGIONS,
    SCOPES,
    WITHIN,
    YEARS,
)
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.density.tails import expit, softplus
from headcount.engine.numba_support.compilation import inner

__all__ = ["cell_values", "cells_adjoint"]


@inner
def cell_values(
    predictor: FloatArray, headcount: FloatArray, reach: FloatArray, arrays: StudyArrays
) -> FloatArray:
    """Return the log expected value of each cell, on the line between the middles of two years;
    dims (cell,).
    """
    cells, next_weights, weights = arrays.cells, arrays.cell_next_weight, arrays.cell_log_weight
    parent, link, offset = arrays.scope_parent, arrays.scope_link, arrays.part_log_weight
    eta_at, slope_at = arrays.offset[RATIO_LINK], arrays.offset[RATIO_TREND]
    regions, reference = arrays.shape[REGIONS], arrays.shape[REFERENCE]
    wholes = _log_wholes(predictor, arrays)
    values = np.empty(len(cells))
    for c in range(len(cells)):
        region, lean, total = cells[c, 3], next_weights[c], weights[c]
        for side in range(2):
            share = lean if side else 1.0 - lean
            if share == 0.0:
                continue
            view, year, scope = cells[c, side], cells[c, 4] + side, cells[c, 2]
            value = headcount[np.uint64(region), np.uint64(year)]
            if view >= 0:
                value += reach[np.uint64(view)]
            while scope != 0:
                eta = offset[scope] + predictor[eta_at + scope * regions + region]
                eta += predictor[slope_at + scope] * (year - reference)
                if link[scope] == PART_OF:
                    eta -= wholes[scope, region, year]
                value += _log_of(eta, link[scope])
                scope = parent[scope]
            total += share * value
        values[c] = total
    return values


@inner
def cells_adjoint(
    predictor: FloatArray, d_cells: FloatArray, arrays: StudyArrays, d_predictor: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Carry the derivative by the cells back to predictor; return those by log headcount and by log reach."""
    cells, next_weights = arrays.cells, arrays.cell_next_weight
    parent, link, offset = arrays.scope_parent, arrays.scope_link, arrays.part_log_weight
    eta_at, slope_at = arrays.offset[RATIO_LINK], arrays.offset[RATIO_TREND]
    regions, reference = arrays.shape[REGIONS], arrays.shape[REFERENCE]
    d_headcount, d_reach = (
        np.zeros((regions, arrays.shape[YEARS])),
        np.zeros(arrays.reach_point_link.size),
    )
    wholes = _log_wholes(predictor, arrays)
    d_wholes = np.zeros(wholes.shape)
    for c in range(len(cells)):
        if d_cells[c] == 0.0:
            continue
        region = cells[c, 3]
        for side in range(2):
            slope = d_cells[c] * (next_weights[c] if side else 1.0 - next_weights[c])
            if slope == 0.0:
                continue
            view, year, scope = cells[c, side], cells[c, 4] + side, cells[c, 2]
            d_headcount[np.uint64(region), np.uint64(year)] += slope
            if view >= 0:
                d_reach[np.uint64(view)] += slope
            while scope != 0:
                place, ahead = eta_at + scope * regions + region, year - reference
                eta = offset[scope] + predictor[place] + predictor[slope_at + scope] * ahead
                own = slope * _slope_of(eta, link[scope])
                d_predictor[place] += own
                d_predictor[slope_at + scope] += own * ahead
                if link[scope] == PART_OF:
                    d_wholes[scope, region, year] -= slope
                scope = parent[scope]
    _log_wholes_adjoint(predictor, wholes, d_wholes, arrays, d_predictor)
    return d_headcount, d_reach


@inner
def _log_of(eta: float, link: int) -> float:
    """Return the log of a ratio from its link scale; of a part, whose whole has been taken off,
    that is itself.
    """
    if link == CONTAINS:
        return softplus(eta)
    if link == WITHIN:
        return -softplus(-eta)
    return eta


@inner
def _slope_of(eta: float, link: int) -> float:
    if link == CONTAINS:
        return expit(eta)
    if link == WITHIN:
        return expit(-eta)
    return 1.0


@inner
def _log_wholes(predictor: FloatArray, arrays: StudyArrays) -> FloatArray:
    """Return the log sum of the parts beside each part, itself among them; dims (scope, region,
    year), empty without parts.
    """
    if arrays.sibling.size == 0:
        return np.empty((0, 0, 0))
    regions, years, scopes = arrays.shape[REGIONS], arrays.shape[YEARS], arrays.shape[SCOPES]
    wholes = np.zeros((scopes, regions, years))
    for scope in range(scopes):
        first, last = arrays.sibling_start[scope], arrays.sibling_start[scope + 1]
        for region in range(regions if last > first else 0):
            for year in range(years):
                total = 0.0
                for i in range(first, last):
                    total += math.exp(_eta(predictor, arrays.sibling[i], region, year, arrays))
                wholes[scope, region, year] = math.log(total)
    return wholes


@inner
def _log_wholes_adjoint(
    predictor: FloatArray,
    wholes: FloatArray,
    d_wholes: FloatArray,
    arrays: StudyArrays,
    d_predictor: FloatArray,
) -> None:
    for scope in range(len(wholes)):
        first, last = arrays.sibling_start[scope], arrays.sibling_start[scope + 1]
        for region in range(wholes.shape[1]):
            for year in range(wholes.shape[2]):
                slope = d_wholes[scope, region, year]
                for i in range(first, last if slope != 0.0 else first):
                    part, ahead = arrays.sibling[i], year - arrays.shape[REFERENCE]
                    eta = _eta(predictor, part, region, year, arrays)
                    own = slope * math.exp(eta - wholes[scope, region, year])
                    d_predictor[
                        arrays.offset[RATIO_LINK] + part * arrays.shape[REGIONS] + region
                    ] += own
                    d_predictor[arrays.offset[RATIO_TREND] + part] += own * ahead


@inner
def _eta(predictor: FloatArray, scope: int, region: int, year: int, arrays: StudyArrays) -> float:
    level = (
        arrays.part_log_weight[scope]
        + predictor[arrays.offset[RATIO_LINK] + scope * arrays.shape[REGIONS] + region]
    )
    return float(
        level + predictor[arrays.offset[RATIO_TREND] + scope] * (year - arrays.shape[REFERENCE])
    )
