"""Cells and terms: log expected values by observer, scope, region and time, and their log sums.

`log_cells` and `log_terms` are followed by their adjoints, which add to the derivatives ``d_x`` of
the log density by ``x``; see docs/model.md for the formulas. The loops over cells are written out
in one function each: a helper that took the study's arrays would be handed all of them at every
call, which costs more than the arithmetic.
"""

from __future__ import annotations

import math

import numpy as np

from headcount._types import FloatArray
from headcount.engine.density.codes import PART_OF, REGIONS, YEARS
from headcount.engine.density.ratio_links import (
    link_slope,
    link_value,
    log_part_sums,
    log_part_sums_adjoint,
    log_ratio,
    ratio_offsets,
)
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.numba_support.compilation import inner

__all__ = ["cells_adjoint", "log_cells", "log_terms", "terms_adjoint"]


@inner
def log_cells(
    predictor: FloatArray, log_headcount: FloatArray, log_reach: FloatArray, arrays: StudyArrays
) -> FloatArray:
    """Return the log expected value of each cell; dims (cell,).

    It is interpolated linearly between the middles of two years.
    """
    cells, next_weights, weights = arrays.cells, arrays.cell_next_weight, arrays.cell_log_weight
    parent, link, part_weight = arrays.scope_parent, arrays.scope_link, arrays.part_log_weight
    at, part_sums = (
        ratio_offsets(arrays.offset, arrays.shape),
        log_part_sums(predictor, arrays),
    )
    values = np.empty(len(cells))
    for c in range(len(cells)):
        region, next_weight, total = cells[c, 3], next_weights[c], weights[c]
        for side in range(2):
            weight = next_weight if side else 1.0 - next_weight
            if weight == 0.0:
                continue
            point, year, scope = cells[c, side], cells[c, 4] + side, cells[c, 2]
            value = log_headcount[np.uint64(region), np.uint64(year)]
            if point >= 0:
                value += log_reach[np.uint64(point)]
            while scope != 0:
                eta = link_value(predictor, part_weight, at, scope, region, year)
                if link[scope] == PART_OF:
                    eta -= part_sums[scope, region, year]
                value += log_ratio(eta, link[scope])
                scope = parent[scope]
            total += weight * value
        values[c] = total
    return values


@inner
def cells_adjoint(
    predictor: FloatArray, d_cells: FloatArray, arrays: StudyArrays, d_predictor: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Add the derivative by the linear predictor, given the one by the cells.

    Return the derivatives by log headcount, dims (region, year), and by log reach, dims (reach
    point,).
    """
    cells, next_weights = arrays.cells, arrays.cell_next_weight
    parent, link, part_weight = arrays.scope_parent, arrays.scope_link, arrays.part_log_weight
    at, part_sums = (
        ratio_offsets(arrays.offset, arrays.shape),
        log_part_sums(predictor, arrays),
    )
    d_headcount = np.zeros((arrays.shape[REGIONS], arrays.shape[YEARS]))
    d_reach, d_part_sums = np.zeros(arrays.reach_point_link.size), np.zeros(part_sums.shape)
    for c in range(len(cells)):
        if d_cells[c] == 0.0:
            continue
        region = cells[c, 3]
        for side in range(2):
            slope = d_cells[c] * (next_weights[c] if side else 1.0 - next_weights[c])
            if slope == 0.0:
                continue
            point, year, scope = cells[c, side], cells[c, 4] + side, cells[c, 2]
            d_headcount[np.uint64(region), np.uint64(year)] += slope
            if point >= 0:
                d_reach[np.uint64(point)] += slope
            while scope != 0:
                eta = link_value(predictor, part_weight, at, scope, region, year)
                own = slope * link_slope(eta, link[scope])
                d_predictor[at.link + scope * at.regions + region] += own
                d_predictor[at.trend + scope] += own * (year - at.reference)
                if link[scope] == PART_OF:
                    d_part_sums[scope, region, year] -= slope
                scope = parent[scope]
    log_part_sums_adjoint(predictor, part_sums, d_part_sums, arrays, d_predictor)
    return d_headcount, d_reach


@inner
def log_terms(cells: FloatArray, arrays: StudyArrays) -> tuple[FloatArray, FloatArray]:
    """Return the log of each term, dims (term,), and the share of each cell in its term.

    Most terms are one cell. The known terms come last; they have no cells.
    """
    starts, members, known = arrays.term_start, arrays.term_cell, arrays.term_known
    latent = starts.size - 1
    terms, shares = np.empty(latent + known.size), np.ones(members.size)
    for i in range(latent):
        start, end = np.uint64(starts[i]), np.uint64(starts[i + 1])
        top = cells[np.uint64(members[start])]
        if end > start + np.uint64(1):
            for j in range(start, end):
                top = max(top, cells[np.uint64(members[j])])
            total = 0.0
            for j in range(start, end):
                shares[j] = math.exp(cells[np.uint64(members[j])] - top)
                total += shares[j]
            for j in range(start, end):
                shares[j] /= total
            top += math.log(total)
        terms[i] = top
    for i in range(known.size):
        terms[latent + i] = known[i]
    return terms, shares


@inner
def terms_adjoint(
    shares: FloatArray, d_terms: FloatArray, arrays: StudyArrays, d_cells: FloatArray
) -> None:
    """Add the derivative by the cells, given the one by the terms and `log_terms`' shares."""
    starts, members = arrays.term_start, arrays.term_cell
    for i in range(starts.size - 1):
        for j in range(np.uint64(starts[i]), np.uint64(starts[i + 1])):
            d_cells[np.uint64(members[j])] += d_terms[i] * shares[j]
