"""The link of a scope's ratio: its value, its slope, and the parts of a breakdown that sum to one.

The ratio of a scope to the one that it is relative to has a value on its link scale for each region
and year, ``part_log_weight + ratio_link + ratio_trend * (year - reference)``. The table in
docs/model.md gives the link of each relation. The log ratio of a part is its link value minus the
log sum of the parts of its breakdown, so its own link is the identity.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from headcount._types import FloatArray, IntArray
from headcount.engine.density.codes import (
    CONTAINS,
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
from headcount.engine.numba_support.compilation import compiled, inner

__all__ = [
    "RatioOffsets",
    "link_slope",
    "link_value",
    "link_values_and_slopes",
    "log_part_sums",
    "log_part_sums_adjoint",
    "log_ratio",
    "ratio_offsets",
]


class RatioOffsets(NamedTuple):
    """Places of ratios in the linear predictor.

    Attributes
    ----------
    link, trend
        Place of the link value of the first scope in the first region, and of its trend.
    regions
        Number of regions.
    reference
        Index of the reference year.
    """

    link: int
    trend: int
    regions: int
    reference: int


@inner
def ratio_offsets(offset: IntArray, shape: IntArray) -> RatioOffsets:
    """Return the places of ratios in the linear predictor."""
    return RatioOffsets(offset[RATIO_LINK], offset[RATIO_TREND], shape[REGIONS], shape[REFERENCE])


@inner
def link_value(
    predictor: FloatArray,
    part_log_weight: FloatArray,
    at: RatioOffsets,
    scope: int,
    region: int,
    year: int,
) -> float:
    """Return a scope's ratio on its link scale."""
    level = part_log_weight[scope] + predictor[at.link + scope * at.regions + region]
    return float(level + predictor[at.trend + scope] * (year - at.reference))


@inner
def log_ratio(value: float, relation: int) -> float:
    """Return the log of a ratio from its value on the link scale."""
    if relation == CONTAINS:
        return softplus(value)
    if relation == WITHIN:
        return -softplus(-value)
    return value


@inner
def link_slope(value: float, relation: int) -> float:
    """Return the derivative of `log_ratio` by the value on the link scale."""
    if relation == CONTAINS:
        return expit(value)
    if relation == WITHIN:
        return expit(-value)
    return 1.0


@inner
def log_part_sums(predictor: FloatArray, arrays: StudyArrays) -> FloatArray:
    """Return the log sum of the parts of each part's breakdown.

    Dims (scope, region, year), zero for scopes that are no parts; empty without breakdowns.
    """
    if arrays.sibling.size == 0:
        return np.empty((0, 0, 0))
    regions, years, scopes = arrays.shape[REGIONS], arrays.shape[YEARS], arrays.shape[SCOPES]
    at, weight = ratio_offsets(arrays.offset, arrays.shape), arrays.part_log_weight
    sums = np.zeros((scopes, regions, years))
    for scope in range(scopes):
        first, last = arrays.sibling_start[scope], arrays.sibling_start[scope + 1]
        for region in range(regions if last > first else 0):
            for year in range(years):
                total = 0.0
                for i in range(first, last):
                    part = arrays.sibling[i]
                    total += math.exp(link_value(predictor, weight, at, part, region, year))
                sums[scope, region, year] = math.log(total)
    return sums


@inner
def log_part_sums_adjoint(
    predictor: FloatArray,
    sums: FloatArray,
    d_sums: FloatArray,
    arrays: StudyArrays,
    d_predictor: FloatArray,
) -> None:
    """Add the derivative by the linear predictor, given the one by `log_part_sums`."""
    at, weight = ratio_offsets(arrays.offset, arrays.shape), arrays.part_log_weight
    for scope in range(len(sums)):
        first, last = arrays.sibling_start[scope], arrays.sibling_start[scope + 1]
        for region in range(sums.shape[1]):
            for year in range(sums.shape[2]):
                slope = d_sums[scope, region, year]
                for i in range(first, last if slope != 0.0 else first):
                    part = arrays.sibling[i]
                    value = link_value(predictor, weight, at, part, region, year)
                    own = slope * math.exp(value - sums[scope, region, year])
                    d_predictor[at.link + part * at.regions + region] += own
                    d_predictor[at.trend + part] += own * (year - at.reference)


@compiled
def link_values_and_slopes(
    predictor: FloatArray, arrays: StudyArrays
) -> tuple[FloatArray, FloatArray]:
    """Return `link_value` and `link_slope` of every ratio; both have dims (scope, region, year)."""
    at, weight = ratio_offsets(arrays.offset, arrays.shape), arrays.part_log_weight
    values = np.empty((arrays.shape[SCOPES], arrays.shape[REGIONS], arrays.shape[YEARS]))
    slopes = np.empty(values.shape)
    for scope in range(values.shape[0]):
        for region in range(values.shape[1]):
            for year in range(values.shape[2]):
                value = link_value(predictor, weight, at, scope, region, year)
                values[scope, region, year] = value
                slopes[scope, region, year] = link_slope(value, arrays.scope_link[scope])
    return values, slopes
