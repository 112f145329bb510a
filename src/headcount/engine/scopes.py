"""How scopes differ from the target, cell by cell, and the way back; see docs/model.md."""

from __future__ import annotations

import math

from numba import njit

from headcount._types import FloatArray
from headcount.engine.arrays import Arrays
from headcount.engine.codes import CONTAINS, ETA, PART, REFERENCE, REGIONS, SLOPE, WITHIN
from headcount.engine.tails import expit, softplus

__all__ = ["back_ratio", "log_ratio"]


@njit(cache=True, nogil=True, error_model="numpy")
def log_ratio(v: FloatArray, scope: int, region: int, year: int, arrays: Arrays) -> float:
    """Return the log of a scope's headcount over the target's, through all scopes on the way."""
    total = 0.0
    while scope != 0:
        eta = _eta(v, scope, region, year, arrays)
        link = arrays.link[scope]
        if link == CONTAINS:
            total += softplus(eta)
        elif link == WITHIN:
            total -= softplus(-eta)
        elif link == PART:
            total += eta - _log_sum_of_parts(v, scope, region, year, arrays)
        else:
            total += eta
        scope = arrays.parent[scope]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def back_ratio(
    v: FloatArray, scope: int, region: int, year: int, slope: float, arrays: Arrays, d_v: FloatArray
) -> None:
    """Carry the derivative by a log ratio back to v."""
    while scope != 0:
        eta = _eta(v, scope, region, year, arrays)
        link = arrays.link[scope]
        if link == CONTAINS:
            _back_eta(scope, region, year, slope * expit(eta), arrays, d_v)
        elif link == WITHIN:
            _back_eta(scope, region, year, slope * expit(-eta), arrays, d_v)
        else:
            _back_eta(scope, region, year, slope, arrays, d_v)
        if link == PART:
            whole = _log_sum_of_parts(v, scope, region, year, arrays)
            for i in range(arrays.sibling_start[scope], arrays.sibling_start[scope + 1]):
                part = arrays.sibling[i]
                weight = math.exp(_eta(v, part, region, year, arrays) - whole)
                _back_eta(part, region, year, -slope * weight, arrays, d_v)
        scope = arrays.parent[scope]


@njit(cache=True, nogil=True, error_model="numpy")
def _eta(v: FloatArray, scope: int, region: int, year: int, arrays: Arrays) -> float:
    level = arrays.part_offset[scope] + v[arrays.offset[ETA] + scope * arrays.shape[REGIONS] + region]
    return float(level + v[arrays.offset[SLOPE] + scope] * (year - arrays.shape[REFERENCE]))


@njit(cache=True, nogil=True, error_model="numpy")
def _back_eta(scope: int, region: int, year: int, slope: float, arrays: Arrays, d_v: FloatArray) -> None:
    d_v[arrays.offset[ETA] + scope * arrays.shape[REGIONS] + region] += slope
    d_v[arrays.offset[SLOPE] + scope] += slope * (year - arrays.shape[REFERENCE])


@njit(cache=True, nogil=True, error_model="numpy")
def _log_sum_of_parts(v: FloatArray, scope: int, region: int, year: int, arrays: Arrays) -> float:
    top = -math.inf
    for i in range(arrays.sibling_start[scope], arrays.sibling_start[scope + 1]):
        top = max(top, _eta(v, arrays.sibling[i], region, year, arrays))
    total = 0.0
    for i in range(arrays.sibling_start[scope], arrays.sibling_start[scope + 1]):
        total += math.exp(_eta(v, arrays.sibling[i], region, year, arrays) - top)
    return top + math.log(total)
