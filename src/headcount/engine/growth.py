"""The latent headcount from its level and growth, and the way back; see docs/model.md.

Names of the form ``d_x`` hold the derivative of the log density by x.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from headcount._types import FloatArray
from headcount.engine.arrays import Arrays
from headcount.engine.codes import (
    BENT,
    CEILING,
    COMMON,
    DAMPING,
    DRIVEN,
    ENTRY,
    EXIT,
    FLOWING,
    KIND,
    LEVEL,
    REFERENCE,
    REGIONAL,
    REGIONS,
    SHARE,
    STEADY,
    YEARS,
)
from headcount.engine.tails import expit, log_expit, log_sum

__all__ = ["HeadcountSlopes", "back_headcount", "headcount_slopes", "log_headcount"]


class HeadcountSlopes(NamedTuple):
    """Derivatives of the log headcount of each region and year by what it depends on.

    Attributes
    ----------
    start
        By the level in the reference year; dims (region, year).
    steady
        By the steady growth; dims (region, year).
    growth, common, regional
        By what drives growth in each step, and by the common and the region's innovations; dims (region, year, step).
    curved
        By the free variables damping, ceiling, exit and entry, in this order; dims (region, year, 4).
    """

    start: FloatArray
    steady: FloatArray
    growth: FloatArray
    common: FloatArray
    regional: FloatArray
    curved: FloatArray


@njit(cache=True, nogil=True, error_model="numpy")
def headcount_slopes(x: FloatArray, v: FloatArray, headcount: FloatArray, arrays: Arrays) -> HeadcountSlopes:
    """Differentiate each log headcount, with the level as a coordinate: without what ties the regions' shares together."""
    regions, years = headcount.shape
    steps = years - 1
    start, steady = np.empty((regions, years)), np.empty((regions, years))
    driving, shared, own = (
        np.empty((regions, years, steps)),
        np.zeros((regions, years, steps)),
        np.zeros((regions, years, steps)),
    )
    curved = np.zeros((regions, years, 4))
    common, phi = _common(x, v, arrays), _damping(x, arrays)
    innovations = v[arrays.offset[COMMON] : arrays.offset[COMMON] + steps]
    d_v, gradient, d_path = np.zeros(v.size), np.zeros(x.size), np.zeros(years)
    for r in range(regions):
        growth = _growth(r, x, v, common, arrays)
        at = arrays.offset[REGIONAL] + r * steps
        path = _deviation(v[at : at + steps], phi)
        for t in range(years):
            d_path[t] = 1.0
            start[r, t], driving[r, t] = _back_path(
                r, x, v, growth, headcount[r], d_path, arrays, d_v, gradient
            )
            d_path[t] = 0.0
            # What the way back adds to shared places is taken out again, so that the next year begins at zero.
            place = arrays.offset[STEADY] + r
            steady[r, t] = d_v[place]
            d_v[place] = 0.0
            if arrays.growth[KIND] != BENT:
                steady[r, t] += driving[r, t].sum()
            d_phi = _back_deviation(v[at : at + steps], path, phi, driving[r, t], own[r, t])
            d_phi += _back_deviation(innovations, common, phi, driving[r, t], shared[r, t])
            curved[r, t, 0] = d_phi * phi * (1 - phi)
            for i in range(1, 4):
                if arrays.growth[DAMPING + i] >= 0:
                    curved[r, t, i] = gradient[arrays.growth[DAMPING + i]]
                    gradient[arrays.growth[DAMPING + i]] = 0.0
    return HeadcountSlopes(start, steady, driving, shared, own, curved)


@njit(cache=True, nogil=True, error_model="numpy")
def log_headcount(x: FloatArray, v: FloatArray, arrays: Arrays) -> FloatArray:
    """Return the target's log headcount, dims (region, year)."""
    regions, years, reference = arrays.shape[REGIONS], arrays.shape[YEARS], arrays.shape[REFERENCE]
    share = v[arrays.offset[SHARE] : arrays.offset[SHARE] + regions]
    level = v[arrays.offset[LEVEL]] - log_sum(share)
    common = _common(x, v, arrays)
    headcount = np.empty((regions, years))
    for r in range(regions):
        headcount[r, reference] = level + share[r]
        growth = _growth(r, x, v, common, arrays)
        if arrays.growth[KIND] == FLOWING:
            _flow(r, x, growth, headcount[r], arrays)
            continue
        for t in range(reference + 1, years):
            headcount[r, t] = headcount[r, t - 1] + growth[t - 1]
        for t in range(reference - 1, -1, -1):
            headcount[r, t] = headcount[r, t + 1] - growth[t]
        if arrays.growth[KIND] == BENT:
            rate = v[arrays.offset[STEADY] + r]
            for t in range(years):
                headcount[r, t] += _bend(x, rate, t - reference, arrays)[0]
    return headcount


@njit(cache=True, nogil=True, error_model="numpy")
def back_headcount(
    x: FloatArray,
    v: FloatArray,
    headcount: FloatArray,
    d_headcount: FloatArray,
    arrays: Arrays,
    d_v: FloatArray,
    gradient: FloatArray,
) -> None:
    """Carry the derivative by the log headcount back to v and to the curved growth parameters in x."""
    regions, years = arrays.shape[REGIONS], arrays.shape[YEARS]
    share = v[arrays.offset[SHARE] : arrays.offset[SHARE] + regions]
    norm, d_level, d_phi = log_sum(share), 0.0, 0.0
    common, d_common = _common(x, v, arrays), np.zeros(years - 1)
    phi = _damping(x, arrays)
    for r in range(regions):
        growth = _growth(r, x, v, common, arrays)
        d_start, d_growth = _back_path(r, x, v, growth, headcount[r], d_headcount[r], arrays, d_v, gradient)
        d_v[arrays.offset[SHARE] + r] += d_start
        d_level += d_start
        d_common += d_growth
        if arrays.growth[KIND] != BENT:
            d_v[arrays.offset[STEADY] + r] += d_growth.sum()
        if arrays.offset[DRIVEN + 1] > arrays.offset[DRIVEN]:
            at = arrays.offset[DRIVEN] + r * (years - 1)
            d_v[at : at + years - 1] += d_growth
        at = arrays.offset[REGIONAL] + r * (years - 1)
        own = v[at : at + years - 1]
        d_phi += _back_deviation(own, _deviation(own, phi), phi, d_growth, d_v[at : at + years - 1])
    for r in range(regions):
        d_v[arrays.offset[SHARE] + r] -= math.exp(share[r] - norm) * d_level
    d_v[arrays.offset[LEVEL]] += d_level
    at = arrays.offset[COMMON]
    d_phi += _back_deviation(v[at : at + years - 1], common, phi, d_common, d_v[at : at + years - 1])
    if arrays.growth[DAMPING] >= 0:
        gradient[arrays.growth[DAMPING]] += d_phi * phi * (1 - phi)


@njit(cache=True, nogil=True, error_model="numpy")
def _damping(x: FloatArray, arrays: Arrays) -> float:
    return expit(x[arrays.growth[DAMPING]]) if arrays.growth[DAMPING] >= 0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _common(x: FloatArray, v: FloatArray, arrays: Arrays) -> FloatArray:
    start = arrays.offset[COMMON]
    return _deviation(v[start : start + arrays.shape[YEARS] - 1], _damping(x, arrays))


@njit(cache=True, nogil=True, error_model="numpy")
def _growth(region: int, x: FloatArray, v: FloatArray, common: FloatArray, arrays: Arrays) -> FloatArray:
    """Return what is added up over the years: growth, less the bent part of a logistic; or log conversions."""
    steps = arrays.shape[YEARS] - 1
    start = arrays.offset[REGIONAL] + region * steps
    growth = _deviation(v[start : start + steps], _damping(x, arrays)) + common
    if arrays.growth[KIND] != BENT:
        growth += v[arrays.offset[STEADY] + region]
    if arrays.offset[DRIVEN + 1] > arrays.offset[DRIVEN]:
        start = arrays.offset[DRIVEN] + region * steps
        growth += v[start : start + steps]
    return growth


@njit(cache=True, nogil=True, error_model="numpy")
def _deviation(innovations: FloatArray, phi: float) -> FloatArray:
    """Run an autoregression over innovations, with the spread of the first one at every step."""
    path = np.empty(innovations.size)
    fresh = math.sqrt(1 - phi * phi)
    path[0] = innovations[0]
    for t in range(1, innovations.size):
        path[t] = phi * path[t - 1] + fresh * innovations[t]
    return path


@njit(cache=True, nogil=True, error_model="numpy")
def _back_deviation(
    innovations: FloatArray, path: FloatArray, phi: float, d_path: FloatArray, d_innovations: FloatArray
) -> float:
    """Fill the derivative by the innovations and return that by phi."""
    d_phi, carried = 0.0, 0.0
    fresh = math.sqrt(1 - phi * phi)
    for t in range(innovations.size - 1, 0, -1):
        carried = d_path[t] + phi * carried
        d_innovations[t] += carried * fresh
        d_phi += carried * (path[t - 1] - phi / fresh * innovations[t])
    d_innovations[0] += d_path[0] + phi * carried
    return d_phi


@njit(cache=True, nogil=True, error_model="numpy")
def _bend(x: FloatArray, rate: float, ahead: int, arrays: Arrays) -> tuple[float, float, float]:
    """Return the logistic path, and its derivatives by the rate and by the log of the ceiling's excess over one."""
    start = -x[arrays.growth[CEILING]]
    room, room_at_start = expit(-start - rate * ahead), expit(-start)
    path = log_expit(start + rate * ahead) - log_expit(start)
    return path, ahead * room, room_at_start - room


@njit(cache=True, nogil=True, error_model="numpy")
def _flow(region: int, x: FloatArray, growth: FloatArray, path: FloatArray, arrays: Arrays) -> None:
    """Fill the log stock of a region, forwards from its first year."""
    for t in range(growth.size):
        path[t + 1] = path[t] + math.log(_kept(region, t, x, growth, path, arrays)[0])


@njit(cache=True, nogil=True, error_model="numpy")
def _kept(
    region: int, t: int, x: FloatArray, growth: FloatArray, path: FloatArray, arrays: Arrays
) -> tuple[float, float, float]:
    """Return the stock of the next year for each head of this one, and the parts that convert and that enter."""
    converting = math.exp(growth[t])
    entering = expit(x[arrays.growth[ENTRY]]) * arrays.graduates[region, t] * math.exp(-path[t])
    return expit(-x[arrays.growth[EXIT]]) + converting + entering, converting, entering


@njit(cache=True, nogil=True, error_model="numpy")
def _back_path(
    region: int,
    x: FloatArray,
    v: FloatArray,
    growth: FloatArray,
    path: FloatArray,
    d_path: FloatArray,
    arrays: Arrays,
    d_v: FloatArray,
    gradient: FloatArray,
) -> tuple[float, FloatArray]:
    """Return the derivatives by the level in the reference year and by yearly growth."""
    if arrays.growth[KIND] == FLOWING:
        return _back_flow(region, x, growth, path, d_path, arrays, gradient)
    reference = arrays.shape[REFERENCE]
    if arrays.growth[KIND] == BENT:
        for t in range(d_path.size):
            _, by_rate, by_ceiling = _bend(x, v[arrays.offset[STEADY] + region], t - reference, arrays)
            d_v[arrays.offset[STEADY] + region] += d_path[t] * by_rate
            gradient[arrays.growth[CEILING]] += d_path[t] * by_ceiling
    return d_path.sum(), _back_sums(d_path, reference)


@njit(cache=True, nogil=True, error_model="numpy")
def _back_flow(
    region: int,
    x: FloatArray,
    growth: FloatArray,
    path: FloatArray,
    d_path: FloatArray,
    arrays: Arrays,
    gradient: FloatArray,
) -> tuple[float, FloatArray]:
    d_growth, carried = np.empty(growth.size), 0.0
    leaving, joining = expit(x[arrays.growth[EXIT]]), expit(x[arrays.growth[ENTRY]])
    for t in range(growth.size - 1, -1, -1):
        kept, converting, entering = _kept(region, t, x, growth, path, arrays)
        carried += d_path[t + 1]
        d_growth[t] = carried * converting / kept
        gradient[arrays.growth[EXIT]] -= carried / kept * leaving * (1 - leaving)
        gradient[arrays.growth[ENTRY]] += carried / kept * entering * (1 - joining)
        carried *= 1 - entering / kept
    return carried + d_path[0], d_growth


@njit(cache=True, nogil=True, error_model="numpy")
def _back_sums(d_path: FloatArray, reference: int) -> FloatArray:
    d_growth = np.zeros(d_path.size - 1)
    carried = 0.0
    for t in range(d_path.size - 1, reference, -1):
        carried += d_path[t]
        d_growth[t - 1] = carried
    carried = 0.0
    for t in range(reference):
        carried -= d_path[t]
        d_growth[t] = carried
    return d_growth
