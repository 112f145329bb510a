"""Log headcounts of the target from the linear predictor, and the adjoint; see docs/model.md.

Names of the form ``d_x`` hold the derivative of the log density by ``x``. The helpers take the few
arrays that they need, not the study's arrays: each of the fifty would be one more argument to
compile and to count references to at every call.
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
    """Return the log headcount of the target; dims (region, year)."""
    regions, years, reference = arrays.shape[REGIONS], arrays.shape[YEARS], arrays.shape[REFERENCE]
    share = predictor[arrays.offset[LOG_SHARE] : arrays.offset[LOG_SHARE] + regions]
    baseline = predictor[arrays.offset[LOG_TOTAL]] - log_sum(share)
    phi, places, start = _damping(x, arrays.growth), arrays.growth, arrays.offset[COMMON_INNOVATION]
    common = np.empty(years - 1)
    _put_deviations(predictor[start : start + years - 1], phi, common)
    headcount, growth = np.empty((regions, years)), np.empty(years - 1)
    for r in range(regions):
        headcount[r, reference] = baseline + share[r]
        _put_growth(r, predictor, common, phi, arrays.offset, places, growth)
        if places[GROWTH_KIND] == STOCK_AND_FLOW:
            for t in range(years - 1):
                ratio = _stock_ratio(arrays.graduates[r, t], x, growth[t], headcount[r, t], places)
                headcount[r, t + 1] = headcount[r, t] + math.log(ratio[0])
            continue
        for t in range(reference + 1, years):
            headcount[r, t] = headcount[r, t - 1] + growth[t - 1]
        for t in range(reference - 1, -1, -1):
            headcount[r, t] = headcount[r, t + 1] - growth[t]
        if places[GROWTH_KIND] == LOGISTIC:
            rate = predictor[arrays.offset[STEADY_GROWTH] + r]
            for t in range(years):
                headcount[r, t] += _logistic_path(x, rate, t - reference, places)[0]
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
    """Add the derivatives by the linear predictor and by the nonlinear priors of growth."""
    regions, years, reference = arrays.shape[REGIONS], arrays.shape[YEARS], arrays.shape[REFERENCE]
    share = predictor[arrays.offset[LOG_SHARE] : arrays.offset[LOG_SHARE] + regions]
    norm, d_baseline, d_phi = log_sum(share), 0.0, 0.0
    phi, places, start = _damping(x, arrays.growth), arrays.growth, arrays.offset[COMMON_INNOVATION]
    innovations = predictor[start : start + years - 1]
    d_innovations = d_predictor[start : start + years - 1]
    common, d_common, d_growth = np.empty(years - 1), np.zeros(years - 1), np.empty(years - 1)
    growth, deviation = np.empty(years - 1), np.empty(years - 1)
    _put_deviations(innovations, phi, common)
    driven = arrays.offset[DRIVEN_GROWTH + 1] > arrays.offset[DRIVEN_GROWTH]
    for r in range(regions):
        _put_growth(r, predictor, common, phi, arrays.offset, places, growth)
        steady, path, d_path = arrays.offset[STEADY_GROWTH] + r, headcount[r], d_headcount[r]
        if places[GROWTH_KIND] == STOCK_AND_FLOW:
            d_start = _stock_and_flow_adjoint(
                x, (growth, path), d_path, arrays.graduates, r, places, gradient, d_growth
            )
        else:
            if places[GROWTH_KIND] == LOGISTIC:
                rate = predictor[steady]
                d_predictor[steady] += _logistic_adjoint(
                    x, rate, d_path, reference, places, gradient
                )
            d_start = _sums_adjoint(d_path, reference, d_growth)
        d_predictor[arrays.offset[LOG_SHARE] + r] += d_start
        d_baseline += d_start
        add(d_common, 1.0, d_growth)
        if places[GROWTH_KIND] != LOGISTIC:
            d_predictor[steady] += _sum(d_growth)
        if driven:
            at = arrays.offset[DRIVEN_GROWTH] + r * (years - 1)
            add(d_predictor[at : at + years - 1], 1.0, d_growth)
        at = arrays.offset[REGION_INNOVATION] + r * (years - 1)
        own = predictor[at : at + years - 1]
        _put_deviations(own, phi, deviation)
        d_phi += _deviations_adjoint(
            own, deviation, phi, d_growth, d_predictor[at : at + years - 1]
        )
    for r in range(regions):
        d_predictor[arrays.offset[LOG_SHARE] + r] -= math.exp(share[r] - norm) * d_baseline
    d_predictor[arrays.offset[LOG_TOTAL]] += d_baseline
    d_phi += _deviations_adjoint(innovations, common, phi, d_common, d_innovations)
    if places[DAMPING] >= 0:
        gradient[places[DAMPING]] += d_phi * phi * (1 - phi)


@inner
def _damping(x: FloatArray, places: IntArray) -> float:
    """Return the coefficient of the autoregression of growth, 0 where growth is not damped."""
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
    """Fill the growth of a region by step, or the log conversions of a stock and flow.

    Without the steady growth of a logistic, which is not summed but follows the curve.
    """
    steps = common.size
    start = offset[REGION_INNOVATION] + region * steps
    _put_deviations(predictor[start : start + steps], phi, growth)
    steady = predictor[offset[STEADY_GROWTH] + region] if places[GROWTH_KIND] != LOGISTIC else 0.0
    for t in range(steps):
        growth[t] += common[t] + steady
    if offset[DRIVEN_GROWTH + 1] > offset[DRIVEN_GROWTH]:
        start = offset[DRIVEN_GROWTH] + region * steps
        add(growth, 1.0, predictor[start : start + steps])


@inner
def _put_deviations(innovations: FloatArray, phi: float, deviation: FloatArray) -> None:
    """Fill the deviations of growth: a stationary autoregression with the first innovation's sd."""
    innovation_sd = math.sqrt(1 - phi * phi)
    deviation[0] = innovations[0]
    for t in range(1, innovations.size):
        deviation[t] = phi * deviation[t - 1] + innovation_sd * innovations[t]


@inner
def _deviations_adjoint(
    innovations: FloatArray,
    deviation: FloatArray,
    phi: float,
    d_deviation: FloatArray,
    d_innovations: FloatArray,
) -> float:
    """Add the derivative by the innovations, and return the one by phi."""
    d_phi, carried = 0.0, 0.0
    innovation_sd = math.sqrt(1 - phi * phi)
    for t in range(innovations.size - 1, 0, -1):
        carried = d_deviation[t] + phi * carried
        d_innovations[t] += carried * innovation_sd
        d_phi += carried * (deviation[t - 1] - phi / innovation_sd * innovations[t])
    d_innovations[0] += d_deviation[0] + phi * carried
    return d_phi


@inner
def _sums_adjoint(d_path: FloatArray, reference: int, d_growth: FloatArray) -> float:
    """Fill the derivative by the growth of each step, and return the one by the baseline.

    The path sums growth from and to the reference year.
    """
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
def _logistic_path(
    x: FloatArray, rate: float, since: int, places: IntArray
) -> tuple[float, float, float]:
    """Return the logistic curve ``since`` years after the reference year, on the log scale.

    Return its derivatives by the rate and by log(ceiling - 1), too.
    """
    start = -x[places[CEILING]]
    # The parts of the ceiling that are not reached yet.
    room, room_at_start = expit(-start - rate * since), expit(-start)
    path = log_expit(start + rate * since) - log_expit(start)
    return path, since * room, room_at_start - room


@inner
def _logistic_adjoint(
    x: FloatArray,
    rate: float,
    d_path: FloatArray,
    reference: int,
    places: IntArray,
    gradient: FloatArray,
) -> float:
    """Add the derivative by the ceiling, and return the one by the rate."""
    d_rate = 0.0
    for t in range(d_path.size):
        _, by_rate, by_ceiling = _logistic_path(x, rate, t - reference, places)
        d_rate += d_path[t] * by_rate
        gradient[places[CEILING]] += d_path[t] * by_ceiling
    return d_rate


@inner
def _stock_ratio(
    graduates: float, x: FloatArray, log_conversion: float, log_stock: float, places: IntArray
) -> tuple[float, float, float]:
    """Return the ratio of next year's stock to this one, and its converted and entering parts."""
    converted = math.exp(log_conversion)
    entering = expit(x[places[ENTRY]]) * graduates * math.exp(-log_stock)
    return expit(-x[places[EXIT]]) + converted + entering, converted, entering


@inner
def _stock_and_flow_adjoint(
    x: FloatArray,
    paths: tuple[FloatArray, FloatArray],
    d_path: FloatArray,
    graduates: FloatArray,
    region: int,
    places: IntArray,
    gradient: FloatArray,
    d_growth: FloatArray,
) -> float:
    """Fill the derivative by the log conversions, and return the one by the first year's stock.

    Add those by exit and entry. ``paths`` are log conversions and log stock.
    """
    log_conversion, log_stock = paths
    carried = 0.0
    exit_rate, entry_rate = expit(x[places[EXIT]]), expit(x[places[ENTRY]])
    for t in range(log_conversion.size - 1, -1, -1):
        ratio, converted, entering = _stock_ratio(
            graduates[region, t], x, log_conversion[t], log_stock[t], places
        )
        carried += d_path[t + 1]
        d_growth[t] = carried * converted / ratio
        gradient[places[EXIT]] -= carried / ratio * exit_rate * (1 - exit_rate)
        gradient[places[ENTRY]] += carried / ratio * entering * (1 - entry_rate)
        carried *= 1 - entering / ratio
    return float(carried + d_path[0])
