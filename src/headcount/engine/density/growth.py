"""The latent headcount from its level and growth, and the way back; see docs/model.md.

Names of the form ``d_x`` hold the derivative of the log density by x.
"""

from __future__ import annotations

import math

import numpy as np

from headcount._types import FloatArray, IntArray
from headcount.engine.density.codes import (
    CEILING,
    COMMON_INNOVATION,
    DAMPING,
    DRIVEN_GROWTH,
    ENTRY,
    EXIT,
    GROWTH_KIND,
    LOG_SHARE,
    LOG_TOTAL,
    LOGISTIC,
    REFERENCE,
    REGION_INNOVATION,
    REGIONS,
    STEADY_GROWTH,
    STOCK_AND_FLOW,
    YEARS,
)
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.density.tails import expit, log_expit, log_sum
from headcount.engine.numba_support.compilation import inner
from headcount.engine.numba_support.vector_ops import add

__all__ = ["headcount_adjoint", "log_headcount"]


@inner
def log_headcount(x: FloatArray, predictor: FloatArray, arrays: StudyArrays) -> FloatArray:
    """Return the target's log headcount, dims (region, year)."""
    regions, years, reference = arrays.shape[REGIONS], arrays.shape[YEARS], arrays.shape[REFERENCE]
    share = predictor[arrays.offset[LOG_SHARE] : arrays.offset[LOG_SHARE] + regions]
    level = predictor[arrays.offset[LOG_TOTAL]] - log_sum(share)
    phi, places, start = _damping(x, arrays.growth), arrays.growth, arrays.offset[COMMON_INNOVATION]
    common = np.empty(years - 1)
    _put_deviation(predictor[start : start + years - 1], phi, common)
    headcount, growth = np.empty((regions, years)), np.empty(years - 1)
    for r in range(regions):
        headcount[r, reference] = level + share[r]
        _put_growth(r, predictor, common, phi, arrays.offset, places, growth)
        if places[GROWTH_KIND] == STOCK_AND_FLOW:
            for t in range(years - 1):
                entering = arrays.graduates[r, t]
                headcount[r, t + 1] = headcount[r, t] + math.log(
                    _kept(entering, x, growth[t], headcount[r, t], places)[0]
                )
            continue
        for t in range(reference + 1, years):
            headcount[r, t] = headcount[r, t - 1] + growth[t - 1]
        for t in range(reference - 1, -1, -1):
            headcount[r, t] = headcount[r, t + 1] - growth[t]
        if places[GROWTH_KIND] == LOGISTIC:
            rate = predictor[arrays.offset[STEADY_GROWTH] + r]
            for t in range(years):
                headcount[r, t] += _bend(x, rate, t - reference, places)[0]
    return headcount


@inner
def headcount_adjoint(
    x: FloatArray,
    predictor: FloatArray,
    headcount: FloatArray,
    d_headcount: FloatArray,
    arrays: StudyArrays,
    d_predictor: FloatArray,
    gradient: FloatArray,
) -> None:
    """Carry the derivative by the log headcount back to predictor and to the curved growth parameters in x."""
    regions, years, reference = arrays.shape[REGIONS], arrays.shape[YEARS], arrays.shape[REFERENCE]
    share = predictor[arrays.offset[LOG_SHARE] : arrays.offset[LOG_SHARE] + regions]
    norm, d_level, d_phi = log_sum(share), 0.0, 0.0
    phi, places, start = _damping(x, arrays.growth), arrays.growth, arrays.offset[COMMON_INNOVATION]
    innovations, d_innovations = (
        predictor[start : start + years - 1],
        d_predictor[start : start + years - 1],
    )
    common, d_common, d_growth = np.empty(years - 1), np.zeros(years - 1), np.empty(years - 1)
    growth, deviation = np.empty(years - 1), np.empty(years - 1)
    _put_deviation(innovations, phi, common)
    driven = arrays.offset[DRIVEN_GROWTH + 1] > arrays.offset[DRIVEN_GROWTH]
    for r in range(regions):
        _put_growth(r, predictor, common, phi, arrays.offset, places, growth)
        steady, path, d_path = arrays.offset[STEADY_GROWTH] + r, headcount[r], d_headcount[r]
        d_start = _path_adjoint(
            x,
            steady,
            predictor,
            growth,
            path,
            d_path,
            arrays.graduates,
            r,
            reference,
            places,
            d_predictor,
            gradient,
            d_growth,
        )
        d_predictor[arrays.offset[LOG_SHARE] + r] += d_start
        d_level += d_start
        add(d_common, 1.0, d_growth)
        if places[GROWTH_KIND] != LOGISTIC:
            d_predictor[steady] += _sum(d_growth)
        if driven:
            at = arrays.offset[DRIVEN_GROWTH] + r * (years - 1)
            add(d_predictor[at : at + years - 1], 1.0, d_growth)
        at = arrays.offset[REGION_INNOVATION] + r * (years - 1)
        own = predictor[at : at + years - 1]
        _put_deviation(own, phi, deviation)
        d_phi += _deviation_adjoint(own, deviation, phi, d_growth, d_predictor[at : at + years - 1])
    for r in range(regions):
        d_predictor[arrays.offset[LOG_SHARE] + r] -= math.exp(share[r] - norm) * d_level
    d_predictor[arrays.offset[LOG_TOTAL]] += d_level
    d_phi += _deviation_adjoint(innovations, common, phi, d_common, d_innovations)
    if places[DAMPING] >= 0:
        gradient[places[DAMPING]] += d_phi * phi * (1 - phi)


# Helpers take the few arrays that they need, not all of them: each of the fifty would be an
# argument to compile and to count references to at every call.


@inner
def _damping(x: FloatArray, places: IntArray) -> float:
    return expit(x[places[DAMPING]]) if places[DAMPING] >= 0 else 0.0


@inner
def _sum(values: FloatArray) -> float:
    total = 0.0
    for i in range(values.size):
        total += values[i]
    return total


@inner
def _put_growth(
    region: int,
    predictor: FloatArray,
    common: FloatArray,
    phi: float,
    offset: IntArray,
    places: IntArray,
    growth: FloatArray,
) -> None:
    """Put what is added up over the years: growth, less the bent part of a logistic; or log
    conversions.
    """
    steps = common.size
    start = offset[REGION_INNOVATION] + region * steps
    _put_deviation(predictor[start : start + steps], phi, growth)
    steady = predictor[offset[STEADY_GROWTH] + region] if places[GROWTH_KIND] != LOGISTIC else 0.0
    for t in range(steps):
        growth[t] += common[t] + steady
    if offset[DRIVEN_GROWTH + 1] > offset[DRIVEN_GROWTH]:
        start = offset[DRIVEN_GROWTH] + region * steps
        add(growth, 1.0, predictor[start : start + steps])


@inner
def _put_deviation(innovations: FloatArray, phi: float, path: FloatArray) -> None:
    """Run an autoregression over innovations, with the dispersion of the first one at every step."""
    fresh = math.sqrt(1 - phi * phi)
    path[0] = innovations[0]
    for t in range(1, innovations.size):
        path[t] = phi * path[t - 1] + fresh * innovations[t]


@inner
def _deviation_adjoint(
    innovations: FloatArray,
    path: FloatArray,
    phi: float,
    d_path: FloatArray,
    d_innovations: FloatArray,
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


@inner
def _bend(x: FloatArray, rate: float, ahead: int, places: IntArray) -> tuple[float, float, float]:
    """Return the logistic path, and its derivatives by the rate and by the log of the ceiling's
    excess over one.
    """
    start = -x[places[CEILING]]
    room, room_at_start = expit(-start - rate * ahead), expit(-start)
    path = log_expit(start + rate * ahead) - log_expit(start)
    return path, ahead * room, room_at_start - room


@inner
def _kept(
    graduates: float, x: FloatArray, converting: float, stock: float, places: IntArray
) -> tuple[float, float, float]:
    """Return the stock of the next year for each head of this one, and the parts that convert and
    that enter.

    Conversions and stock are logarithms.
    """
    converted = math.exp(converting)
    entering = expit(x[places[ENTRY]]) * graduates * math.exp(-stock)
    return expit(-x[places[EXIT]]) + converted + entering, converted, entering


@inner
def _path_adjoint(
    x: FloatArray,
    steady: int,
    predictor: FloatArray,
    growth: FloatArray,
    path: FloatArray,
    d_path: FloatArray,
    graduates: FloatArray,
    region: int,
    reference: int,
    places: IntArray,
    d_predictor: FloatArray,
    gradient: FloatArray,
    d_growth: FloatArray,
) -> float:
    """Return the derivative by the level in the reference year and fill that by yearly growth."""
    if places[GROWTH_KIND] == STOCK_AND_FLOW:
        return _stock_and_flow_adjoint(
            x, growth, path, d_path, graduates, region, places, gradient, d_growth
        )
    if places[GROWTH_KIND] == LOGISTIC:
        for t in range(d_path.size):
            _, by_rate, by_ceiling = _bend(x, predictor[steady], t - reference, places)
            d_predictor[steady] += d_path[t] * by_rate
            gradient[places[CEILING]] += d_path[t] * by_ceiling
    carried = 0.0
    for t in range(d_path.size - 1, reference, -1):
        carried += d_path[t]
        d_growth[t - 1] = carried
    carried = 0.0
    for t in range(reference):
        carried -= d_path[t]
        d_growth[t] = carried
    return _sum(d_path)


@inner
def _stock_and_flow_adjoint(
    x: FloatArray,
    growth: FloatArray,
    path: FloatArray,
    d_path: FloatArray,
    graduates: FloatArray,
    region: int,
    places: IntArray,
    gradient: FloatArray,
    d_growth: FloatArray,
) -> float:
    carried = 0.0
    leaving, joining = expit(x[places[EXIT]]), expit(x[places[ENTRY]])
    for t in range(growth.size - 1, -1, -1):
        kept, converting, entering = _kept(graduates[region, t], x, growth[t], path[t], places)
        carried += d_path[t + 1]
        d_growth[t] = carried * converting / kept
        gradient[places[EXIT]] -= carried / kept * leaving * (1 - leaving)
        gradient[places[ENTRY]] += carried / kept * entering * (1 - joining)
        carried *= 1 - entering / kept
    return float(carried + d_path[0])
