"""How log headcounts move with the level, with growth and with what drives it: one matrix for each
region.
"""

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
    """Derivatives of the log headcount of each region and year by what it depends on.

    Attributes
    ----------
    start
        By the level in the reference year; dims (region, year).
    steady
        By the steady growth; dims (region, year).
    growth, innovations
        By what drives growth in each step, and by innovations, common or the region's own; dims
        (region, year, step).
    curved
        By the free variables damping, ceiling, exit and entry, in this order; dims (region, year,
        4).
    """

    start: FloatArray
    steady: FloatArray
    growth: FloatArray
    innovations: FloatArray
    curved: FloatArray


def headcount_jacobian(
    x: FloatArray, predictor: FloatArray, headcount: FloatArray, arrays: StudyArrays
) -> HeadcountJacobian:
    """Differentiate each log headcount, with the level as a coordinate: without what ties the
    regions' shares together.

    Parameters
    ----------
    x
        Free vector.
    predictor, headcount
        As of `headcount.engine.density.log_density.latent`.
    arrays
        The study.
    """
    regions, years = headcount.shape
    places, steps = arrays.growth, years - 1
    common = predictor[arrays.offset[COMMON_INNOVATION] : arrays.offset[COMMON_INNOVATION] + steps]
    regional = predictor[
        arrays.offset[REGION_INNOVATION] : arrays.offset[REGION_INNOVATION] + regions * steps
    ].reshape(regions, steps)
    rate = predictor[arrays.offset[STEADY_GROWTH] : arrays.offset[STEADY_GROWTH] + regions]
    phi = float(expit(x[places[DAMPING]])) if places[DAMPING] >= 0 else 0.0
    carries, bends = _autoregression(phi, steps)
    curved = np.zeros((regions, years, 4))
    if places[GROWTH_KIND] == STOCK_AND_FLOW:
        growth = (regional + common) @ carries.T + rate[:, None]
        if arrays.offset[DRIVEN_GROWTH + 1] > arrays.offset[DRIVEN_GROWTH]:
            at = arrays.offset[DRIVEN_GROWTH]
            growth = growth + predictor[at : at + regions * steps].reshape(regions, steps)
        start, flow = _flowing(x, growth, headcount, arrays, curved)
    else:
        start, year, step = np.ones((regions, years)), np.arange(years)[:, None], np.arange(steps)
        reference = arrays.shape[REFERENCE]
        along = 1.0 * ((step >= reference) & (step < year)) - 1.0 * (
            (step < reference) & (step >= year)
        )
        flow = np.broadcast_to(along, (regions, years, steps))
    steady = flow.sum(axis=2)
    if places[GROWTH_KIND] == LOGISTIC:
        ahead, excess = np.arange(years) - arrays.shape[REFERENCE], x[places[CEILING]]
        room = expit(excess - rate[:, None] * ahead)
        steady, curved[:, :, 1] = ahead * room, expit(excess) - room
    curved[:, :, 0] = phi * (1 - phi) * np.einsum("rts,rs->rt", flow, (regional + common) @ bends.T)
    return HeadcountJacobian(start, steady, flow, flow @ carries, curved)


def _autoregression(phi: float, steps: int) -> tuple[FloatArray, FloatArray]:
    """Return how a path follows innovations, and the derivative of that by phi; dims (step, step)."""
    fresh = np.sqrt(1 - phi * phi)
    lag = np.arange(steps)[:, None] - np.arange(steps)
    past = lag >= 0
    power = np.where(past, phi ** np.maximum(lag, 0.0), 0.0)
    slope = np.where(lag > 0, lag * phi ** np.maximum(lag - 1.0, 0.0), 0.0)
    carries, bends = fresh * power, fresh * slope - phi / fresh * power
    # The first step is all new.
    carries[:, 0], bends[:, 0] = power[:, 0], slope[:, 0]
    return carries, bends


def _flowing(
    x: FloatArray,
    growth: FloatArray,
    headcount: FloatArray,
    arrays: StudyArrays,
    curved: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return slopes by the level of the first year and by log conversions, where people enter and
    leave; fill those by both.
    """
    (regions, steps), places = growth.shape, arrays.growth
    leaving, joining = expit(x[places[EXIT]]), expit(x[places[ENTRY]])
    start, flow = np.ones((regions, steps + 1)), np.zeros((regions, steps + 1, steps))
    for t in range(steps):
        converted, entering = (
            np.exp(growth[:, t]),
            joining * arrays.graduates[:, t] * np.exp(-headcount[:, t]),
        )
        kept = 1 - leaving + converted + entering
        stays = 1 - entering / kept
        start[:, t + 1] = stays * start[:, t]
        flow[:, t + 1] = stays[:, None] * flow[:, t]
        flow[:, t + 1, t] = converted / kept
        curved[:, t + 1, 2:] = stays[:, None] * curved[:, t, 2:]
        curved[:, t + 1, 2] -= leaving * (1 - leaving) / kept
        curved[:, t + 1, 3] += entering / kept * (1 - joining)
    return start, flow
