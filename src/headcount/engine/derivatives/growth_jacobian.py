"""The derivatives of log headcounts by the log baseline, growth and the priors of growth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from headcount._types import FloatArray
from headcount.engine.density.codes import (
    CEILING,
    COMMON_INNOVATION,
    DAMPING,
    DRIVEN_GROWTH,
    ENTRY,
    EXIT,
    GROWTH_KIND,
    LOGISTIC,
    REFERENCE,
    REGION_INNOVATION,
    STEADY_GROWTH,
    STOCK_AND_FLOW,
)
from headcount.engine.density.study_arrays import StudyArrays

__all__ = ["HeadcountJacobian", "headcount_jacobian"]


class HeadcountJacobian(NamedTuple):
    """Derivatives of the log headcount of each region and year.

    Attributes
    ----------
    baseline
        By the log headcount of the reference year; dims (region, year).
    steady_growth
        By the region's steady growth; dims (region, year).
    growth
        By the growth of each step; dims (region, year, step).
    innovations
        By the innovations of each step, the common ones or the region's own; dims (region, year,
        step).
    nonlinear
        By the free variables damping, ceiling, exit and entry, in this order; dims (region, year,
        4).
    """

    baseline: FloatArray
    steady_growth: FloatArray
    growth: FloatArray
    innovations: FloatArray
    nonlinear: FloatArray


def headcount_jacobian(
    x: FloatArray, predictor: FloatArray, log_headcount: FloatArray, arrays: StudyArrays
) -> HeadcountJacobian:
    """Differentiate each log headcount, with the log baseline as a coordinate.

    In these coordinates a region's log headcounts do not depend on the shares of other regions.

    Parameters
    ----------
    x
        Free vector.
    predictor, log_headcount
        As in `headcount.engine.density.log_density.Latent`.
    arrays
        The study.

    Returns
    -------
    HeadcountJacobian
        Derivatives by region and year.
    """
    regions, years = log_headcount.shape
    places, steps = arrays.growth, years - 1
    paths = _region_paths(predictor, REGION_INNOVATION, (regions, steps), arrays)
    paths = paths + _part(predictor, COMMON_INNOVATION, steps, arrays)
    rate = _part(predictor, STEADY_GROWTH, regions, arrays)
    phi = float(expit(x[places[DAMPING]])) if places[DAMPING] >= 0 else 0.0
    by_innovation, by_phi = _autoregression(phi, steps)
    nonlinear = np.zeros((regions, years, 4))
    if places[GROWTH_KIND] == STOCK_AND_FLOW:
        growth = paths @ by_innovation.T + rate[:, None]
        if arrays.offset[DRIVEN_GROWTH + 1] > arrays.offset[DRIVEN_GROWTH]:
            growth = growth + _region_paths(predictor, DRIVEN_GROWTH, (regions, steps), arrays)
        baseline, by_growth = _stock_and_flow(x, growth, log_headcount, arrays, nonlinear)
    else:
        baseline = np.ones((regions, years))
        by_growth = np.broadcast_to(_summation(arrays, years), (regions, years, steps))
    steady = by_growth.sum(axis=2)
    if places[GROWTH_KIND] == LOGISTIC:
        since, excess = np.arange(years) - arrays.shape[REFERENCE], x[places[CEILING]]
        # The part of the ceiling that is not reached yet.
        room = expit(excess - rate[:, None] * since)
        steady, nonlinear[:, :, 1] = since * room, expit(excess) - room
    by_damping = phi * (1 - phi) * np.einsum("rts,rs->rt", by_growth, paths @ by_phi.T)
    nonlinear[:, :, 0] = by_damping
    return HeadcountJacobian(baseline, steady, by_growth, by_growth @ by_innovation, nonlinear)


def _part(predictor: FloatArray, part: int, size: int, arrays: StudyArrays) -> FloatArray:
    """Return the first ``size`` values of a part of the linear predictor."""
    start = arrays.offset[part]
    return predictor[start : start + size]


def _region_paths(
    predictor: FloatArray, part: int, shape: tuple[int, int], arrays: StudyArrays
) -> FloatArray:
    """Return a part of the linear predictor as dims (region, step)."""
    return _part(predictor, part, shape[0] * shape[1], arrays).reshape(shape)


def _summation(arrays: StudyArrays, years: int) -> FloatArray:
    """Return the matrix that sums growth from or to the reference year; dims (year, step)."""
    year, step = np.arange(years)[:, None], np.arange(years - 1)
    reference = arrays.shape[REFERENCE]
    after = (step >= reference) & (step < year)
    before = (step < reference) & (step >= year)
    return np.asarray(1.0 * after - 1.0 * before)


def _autoregression(phi: float, steps: int) -> tuple[FloatArray, FloatArray]:
    """Return the derivative of a path by its innovations, and the derivative of that by phi.

    Both have dims (step, step).
    """
    innovation_sd = np.sqrt(1 - phi * phi)
    lag = np.arange(steps)[:, None] - np.arange(steps)
    power = np.where(lag >= 0, phi ** np.maximum(lag, 0.0), 0.0)
    slope = np.where(lag > 0, lag * phi ** np.maximum(lag - 1.0, 0.0), 0.0)
    by_innovation = innovation_sd * power
    by_phi = innovation_sd * slope - phi / innovation_sd * power
    # The first step is an innovation of the stationary sd.
    by_innovation[:, 0], by_phi[:, 0] = power[:, 0], slope[:, 0]
    return by_innovation, by_phi


def _stock_and_flow(
    x: FloatArray,
    growth: FloatArray,
    log_headcount: FloatArray,
    arrays: StudyArrays,
    nonlinear: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return the derivatives by the baseline and by the log conversions of each step.

    Fill ``nonlinear`` with those by exit and entry.
    """
    (regions, steps), places = growth.shape, arrays.growth
    exit_rate, entry_rate = expit(x[places[EXIT]]), expit(x[places[ENTRY]])
    baseline, by_growth = np.ones((regions, steps + 1)), np.zeros((regions, steps + 1, steps))
    for t in range(steps):
        converted = np.exp(growth[:, t])
        entering = entry_rate * arrays.graduates[:, t] * np.exp(-log_headcount[:, t])
        ratio = 1 - exit_rate + converted + entering
        by_stock = 1 - entering / ratio
        baseline[:, t + 1] = by_stock * baseline[:, t]
        by_growth[:, t + 1] = by_stock[:, None] * by_growth[:, t]
        by_growth[:, t + 1, t] = converted / ratio
        nonlinear[:, t + 1, 2:] = by_stock[:, None] * nonlinear[:, t, 2:]
        nonlinear[:, t + 1, 2] -= exit_rate * (1 - exit_rate) / ratio
        nonlinear[:, t + 1, 3] += entering / ratio * (1 - entry_rate)
    return baseline, by_growth
