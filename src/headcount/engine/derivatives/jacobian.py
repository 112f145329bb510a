"""How each row's location moves with the free vector: a sparse Jacobian, link by link of the chain
that the density follows.

Derivatives are by the coordinates of `headcount.engine.derivatives.log_baseline`, in which a row
about one region depends on little else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import expit

from headcount._types import FloatArray, IntArray
from headcount.engine.density.codes import (
    COMMON_INNOVATION,
    DAMPING,
    DRIVEN_GROWTH,
    LOG_OVERCOUNT,
    LOG_SELECTION,
    LOG_SHARE,
    LOG_TOTAL,
    RATIO_LINK,
    RATIO_TREND,
    REACH_LINK,
    REFERENCE,
    REGION_INNOVATION,
    REGIONS,
    SCOPES,
    SHARED_ERROR,
    STEADY_GROWTH,
    YEARS,
)
from headcount.engine.density.log_density import evaluate_at
from headcount.engine.density.study_arrays import LINKS, StudyArrays
from headcount.engine.derivatives.growth_jacobian import headcount_jacobian

__all__ = ["RowJacobian", "row_jacobian_at"]


@dataclass(frozen=True)
class RowJacobian:
    """Rows at a point.

    Parameters
    ----------
    location, dispersion
        As in `headcount.engine.density.evaluation.log_likelihood`; dims (row,).
    score
        Derivative of each row's log likelihood by its location; dims (row,).
    jacobian
        Derivatives of the locations by the free vector, with the level in the place of the log
        total; dims (row, free).
    """

    location: FloatArray
    dispersion: FloatArray
    score: FloatArray
    jacobian: sparse.csr_array


def row_jacobian_at(x: FloatArray, arrays: StudyArrays) -> RowJacobian:
    """Differentiate each row's location.

    Parameters
    ----------
    x
        Free vector, with the log total.
    arrays
        The study.

    Returns
    -------
    RowJacobian
        See there.
    """
    (_, predictor, headcount), at, rows = evaluate_at(x, arrays)
    entries = _entries(x, arrays)
    by_headcount, by_predictor = _cells(predictor, arrays)
    headcount_by_predictor, headcount_by_free = _headcount(x, predictor, headcount, arrays)
    of_cells = (
        by_headcount @ (headcount_by_predictor @ entries + headcount_by_free)
        + by_predictor @ entries
    )
    of_terms = _terms(at.cells, at.terms, arrays) @ of_cells
    by_terms, by_selection = _rows(at.location, predictor.size, len(at.terms), arrays)
    slopes = by_terms @ of_terms + by_selection @ entries
    return RowJacobian(
        at.location[:, 0].copy(), at.dispersion, rows[:, 1].copy(), sparse.csr_array(slopes)
    )


def _matrix(
    triplets: list[tuple[IntArray, IntArray, FloatArray]], shape: tuple[int, int]
) -> sparse.csr_array:
    """Add up triplets of row, column and value."""
    rows, columns, values = (np.concatenate(part) for part in zip(*triplets, strict=True))
    return sparse.coo_array((values, (rows, columns)), shape).tocsr()


def _entries(x: FloatArray, arrays: StudyArrays) -> sparse.csr_array:
    """Differentiate predictor by x."""
    row, a, b, weight = (
        arrays.predictor_row,
        arrays.predictor_effect,
        arrays.predictor_scale,
        arrays.predictor_weight,
    )
    scaled = b >= 0
    own = weight * np.where(scaled, np.exp(x[b]), 1.0)
    parts = [(row, a, own), (row[scaled], b[scaled], (own * x[a])[scaled])]
    return _matrix(parts, (int(arrays.offset[-1]), x.size))


def _rows(
    found: FloatArray, sums: int, terms: int, arrays: StudyArrays
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Differentiate locations by the terms, and by predictor where a survey epoch has a selection."""
    row = np.arange(len(found))
    places = (arrays.row_numerator, arrays.row_denominator, arrays.row_second_numerator)
    by_terms = _matrix(
        [(row, place, found[:, 1 + i]) for i, place in enumerate(places)], (row.size, terms)
    )
    chosen = found[:, 4] != 0
    epochs = arrays.offset[LOG_SELECTION] + arrays.row_epoch[chosen]
    return by_terms, _matrix([(row[chosen], epochs, found[chosen, 4])], (row.size, sums))


def _terms(cells: FloatArray, terms: FloatArray, arrays: StudyArrays) -> sparse.csr_array:
    """Differentiate terms by cells: each cell's part of the sum; known terms depend on none."""
    term = np.repeat(np.arange(arrays.term_start.size - 1), np.diff(arrays.term_start))
    part = np.exp(cells[arrays.term_cell] - terms[term])
    return _matrix([(term, arrays.term_cell, part)], (terms.size, cells.size))


def _cells(predictor: FloatArray, arrays: StudyArrays) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Differentiate cells by the log headcount, dims (cell, region and year), and by predictor."""
    regions, years = int(arrays.shape[REGIONS]), int(arrays.shape[YEARS])
    by_headcount, by_view, by_predictor = [], [], []
    for side in range(2):
        share = arrays.cell_next_weight if side else 1 - arrays.cell_next_weight
        cell = np.flatnonzero(share != 0)
        view, scope, region, year = arrays.cells[cell][:, [side, 2, 3, 4]].T
        by_headcount.append((cell, region * years + year + side, share[cell]))
        seen = view >= 0
        by_view.append((cell[seen], view[seen], share[cell][seen]))
        by_predictor += _ratios(predictor, cell, share[cell], (scope, region, year + side), arrays)
    count = len(arrays.cells)
    reach = _matrix(by_view, (count, arrays.reach_point_link.size)) @ _reach(predictor, arrays)
    return _matrix(by_headcount, (count, regions * years)), reach + _matrix(
        by_predictor, (count, predictor.size)
    )


def _reach(predictor: FloatArray, arrays: StudyArrays) -> sparse.csr_array:
    """Differentiate log reach by predictor; dims (view, sum)."""
    bare = arrays.reach_point_source < 0
    source = np.where(bare, -1 - arrays.reach_point_source, arrays.reach_point_source)
    view, place = np.arange(source.size), arrays.offset[REACH_LINK] + arrays.reach_point_link
    covers = arrays.is_coverage[source] != 0
    parts = [(view, place, np.where(covers, expit(-predictor[place]), 1.0))]
    whole = view[~bare]
    parts.append((whole, arrays.offset[SHARED_ERROR] + source[whole], np.ones(whole.size)))
    over = whole[arrays.has_overcount[source[whole]] != 0]
    at = arrays.offset[LOG_OVERCOUNT] + source[over]
    return _matrix([*parts, (over, at, expit(predictor[at]))], (view.size, predictor.size))


def _ratios(
    predictor: FloatArray,
    cell: IntArray,
    share: FloatArray,
    where: tuple[IntArray, IntArray, IntArray],
    arrays: StudyArrays,
) -> list[tuple[IntArray, IntArray, FloatArray]]:
    """Differentiate cells by the ratios of scopes, from each cell's scope down to the target."""
    scope, region, year = where
    triplets = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
    for _ in range(int(arrays.shape[SCOPES]) - 1):
        going = scope != 0
        if not going.any():
            break
        cell, share, scope, region, year = (
            own[going] for own in (cell, share, scope, region, year)
        )
        link = arrays.scope_link[scope]
        eta = _eta(predictor, scope, region, year, arrays)
        by_link = {"contains": expit(eta), "within": expit(-eta)}
        slope = np.select(
            [link == LINKS.index(name) for name in by_link], list(by_link.values()), 1.0
        )
        triplets += _by_eta(cell, share * slope, scope, region, year, arrays)
        part = np.flatnonzero(link == LINKS.index("part_of"))
        triplets += _wholes(
            predictor, cell[part], share[part], (scope[part], region[part], year[part]), arrays
        )
        scope = arrays.scope_parent[scope]
    return triplets


def _wholes(
    predictor: FloatArray,
    cell: IntArray,
    share: FloatArray,
    where: tuple[IntArray, IntArray, IntArray],
    arrays: StudyArrays,
) -> list[tuple[IntArray, IntArray, FloatArray]]:
    """Differentiate cells of parts by what all parts of the breakdown sum to."""
    scope, region, year = where
    first, count = arrays.sibling_start[scope], np.diff(arrays.sibling_start)[scope]
    of = np.repeat(np.arange(cell.size), count)
    place = np.arange(of.size) - np.repeat(np.cumsum(count) - count, count) + first[of]
    sibling = arrays.sibling[place]
    size = np.exp(_eta(predictor, sibling, region[of], year[of], arrays))
    part = size / np.bincount(of, size, cell.size)[of]
    return _by_eta(cell[of], -share[of] * part, sibling, region[of], year[of], arrays)


def _eta(
    predictor: FloatArray, scope: IntArray, region: IntArray, year: IntArray, arrays: StudyArrays
) -> FloatArray:
    level = (
        arrays.part_log_weight[scope]
        + predictor[arrays.offset[RATIO_LINK] + scope * arrays.shape[REGIONS] + region]
    )
    return np.asarray(
        level + predictor[arrays.offset[RATIO_TREND] + scope] * (year - arrays.shape[REFERENCE])
    )


def _by_eta(
    cell: IntArray,
    slope: FloatArray,
    scope: IntArray,
    region: IntArray,
    year: IntArray,
    arrays: StudyArrays,
) -> list[tuple[IntArray, IntArray, FloatArray]]:
    place = arrays.offset[RATIO_LINK] + scope * arrays.shape[REGIONS] + region
    ahead = year - arrays.shape[REFERENCE]
    return [(cell, place, slope), (cell, arrays.offset[RATIO_TREND] + scope, slope * ahead)]


def _headcount(
    x: FloatArray, predictor: FloatArray, headcount: FloatArray, arrays: StudyArrays
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Differentiate the log headcount by predictor and directly by x; dims (region and year, ...)."""
    found = headcount_jacobian(x, predictor, headcount, arrays)
    years = headcount.shape[1]
    steps, offset = years - 1, arrays.offset
    row = np.arange(headcount.size)
    region = row // years
    rows, step = np.repeat(row, steps), np.tile(np.arange(steps), row.size)
    own = np.repeat(region, steps) * steps + step
    parts = [
        (row, np.full(row.size, offset[LOG_TOTAL]), found.start.ravel()),
        (row, offset[LOG_SHARE] + region, found.start.ravel()),
        (row, offset[STEADY_GROWTH] + region, found.steady.ravel()),
        (rows, offset[COMMON_INNOVATION] + step, found.innovations.ravel()),
        (rows, offset[REGION_INNOVATION] + own, found.innovations.ravel()),
    ]
    if offset[DRIVEN_GROWTH + 1] > offset[DRIVEN_GROWTH]:
        parts.append((rows, offset[DRIVEN_GROWTH] + own, found.growth.ravel()))
    places = [(i, int(place)) for i, place in enumerate(arrays.growth[DAMPING:]) if place >= 0]
    curved = [(row, np.full(row.size, place), found.curved[..., i].ravel()) for i, place in places]
    none = (row[:0], row[:0], found.start.ravel()[:0])
    return _matrix(parts, (row.size, predictor.size)), _matrix([none, *curved], (row.size, x.size))
