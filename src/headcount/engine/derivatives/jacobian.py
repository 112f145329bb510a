"""The Jacobian of the rows' locations by the free vector, sparse.

It is the product of the Jacobians of the stages of the density, from the linear predictor over
cells and terms to the rows. Derivatives are by the coordinates of
`headcount.engine.derivatives.log_baseline`, in which a row about one region depends on few others.
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
    PART_OF,
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
from headcount.engine.density.log_density import Expected, Latent, evaluate_at
from headcount.engine.density.ratio_links import link_values_and_slopes
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.derivatives.growth_jacobian import headcount_jacobian

__all__ = ["RowJacobian", "row_jacobian_at"]

type Triplets = list[tuple[IntArray, IntArray, FloatArray]]
"""Rows, columns and values of entries of a sparse matrix; repeated entries are added up."""


@dataclass(frozen=True)
class RowJacobian:
    """The locations of rows at a point, and their Jacobian.

    Parameters
    ----------
    location, dispersion
        As in `headcount.engine.density.evaluation.log_likelihood`; dims (row,).
    score
        Derivative of the log likelihood of each row by its location; dims (row,).
    jacobian
        Derivatives of the locations by the free vector, with the log baseline in the place of the
        log total; dims (row, free).
    """

    location: FloatArray
    dispersion: FloatArray
    score: FloatArray
    jacobian: sparse.csr_array


def row_jacobian_at(x: FloatArray, arrays: StudyArrays) -> RowJacobian:
    """Differentiate the location of each row.

    Parameters
    ----------
    x
        Free vector, with the log total.
    arrays
        The study.

    Returns
    -------
    RowJacobian
        Locations and their derivatives.
    """
    latent, at, rows = evaluate_at(x, arrays)
    predictor = _predictor_by_free(x, arrays)
    cells = _cells_by_free(x, latent, predictor, arrays)
    terms = _terms_by_cells(at, arrays) @ cells
    by_terms, by_predictor = _rows_by_terms_and_predictor(at, latent.predictor.size, arrays)
    jacobian = by_terms @ terms + by_predictor @ predictor
    return RowJacobian(
        at.location[:, 0].copy(), at.dispersion, rows[:, 1].copy(), sparse.csr_array(jacobian)
    )


def _matrix(triplets: Triplets, shape: tuple[int, int]) -> sparse.csr_array:
    rows, columns, values = (np.concatenate(part) for part in zip(*triplets, strict=True))
    return sparse.coo_array((values, (rows, columns)), shape).tocsr()


def _predictor_by_free(x: FloatArray, arrays: StudyArrays) -> sparse.csr_array:
    """Return the derivatives of the linear predictor by x."""
    row, effect, scale = arrays.predictor_row, arrays.predictor_effect, arrays.predictor_scale
    scaled = scale >= 0
    own = arrays.predictor_weight * np.where(scaled, np.exp(x[scale]), 1.0)
    triplets = [(row, effect, own), (row[scaled], scale[scaled], (own * x[effect])[scaled])]
    return _matrix(triplets, (int(arrays.offset[-1]), x.size))


def _rows_by_terms_and_predictor(
    at: Expected, size: int, arrays: StudyArrays
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Return the derivatives of locations by terms, and directly by the linear predictor."""
    row = np.arange(len(at.location))
    terms = (arrays.row_numerator, arrays.row_denominator, arrays.row_second_numerator)
    by_terms = _matrix(
        [(row, term, at.location[:, 1 + i]) for i, term in enumerate(terms)],
        (row.size, len(at.terms)),
    )
    by_selection = at.location[:, 4]
    chosen = by_selection != 0
    epochs = arrays.offset[LOG_SELECTION] + arrays.row_epoch[chosen]
    return by_terms, _matrix([(row[chosen], epochs, by_selection[chosen])], (row.size, size))


def _terms_by_cells(at: Expected, arrays: StudyArrays) -> sparse.csr_array:
    """Return the derivatives of terms by cells: the share of each cell in its term."""
    term = np.repeat(np.arange(arrays.term_start.size - 1), np.diff(arrays.term_start))
    share = np.exp(at.cells[arrays.term_cell] - at.terms[term])
    return _matrix([(term, arrays.term_cell, share)], (at.terms.size, at.cells.size))


def _cells_by_free(
    x: FloatArray, latent: Latent, predictor: sparse.csr_array, arrays: StudyArrays
) -> sparse.csr_array:
    """Return the derivatives of cells by x, given those of the linear predictor."""
    by_headcount, by_predictor = _cells_by_headcount_and_predictor(latent, arrays)
    headcount_by_predictor, headcount_by_free = _headcount_by_predictor_and_free(x, latent, arrays)
    headcount = headcount_by_predictor @ predictor + headcount_by_free
    return by_headcount @ headcount + by_predictor @ predictor


def _cells_by_headcount_and_predictor(
    latent: Latent, arrays: StudyArrays
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Return the derivatives of cells by log headcount, and by the linear predictor.

    Columns of the first are region by region and year by year.
    """
    regions, years = int(arrays.shape[REGIONS]), int(arrays.shape[YEARS])
    by_headcount: Triplets = []
    by_reach: Triplets = []
    by_ratios: Triplets = []
    ratios = link_values_and_slopes(latent.predictor, arrays)
    for side in range(2):
        weight = arrays.cell_next_weight if side else 1 - arrays.cell_next_weight
        cell = np.flatnonzero(weight != 0)
        point, scope, region, year = arrays.cells[cell][:, [side, 2, 3, 4]].T
        by_headcount.append((cell, region * years + year + side, weight[cell]))
        has_reach = point >= 0
        by_reach.append((cell[has_reach], point[has_reach], weight[cell][has_reach]))
        chain = _Chain(cell, weight[cell], scope, region, year + side)
        by_ratios += _cells_by_ratios(chain, ratios, arrays)
    count, size = len(arrays.cells), latent.predictor.size
    reach = _matrix(by_reach, (count, arrays.reach_point_link.size))
    reach = reach @ _reach_by_predictor(latent.predictor, arrays)
    return _matrix(by_headcount, (count, regions * years)), reach + _matrix(
        by_ratios, (count, size)
    )


def _reach_by_predictor(predictor: FloatArray, arrays: StudyArrays) -> sparse.csr_array:
    """Return the derivatives of log reach by the predictor; dims (reach point, predictor)."""
    bare = arrays.reach_point_source < 0
    source = np.where(bare, -1 - arrays.reach_point_source, arrays.reach_point_source)
    point = np.arange(source.size)
    link = arrays.offset[REACH_LINK] + arrays.reach_point_link
    slope = np.where(arrays.is_coverage[source] != 0, expit(-predictor[link]), 1.0)
    triplets = [(point, link, slope)]
    whole = point[~bare]
    triplets.append((whole, arrays.offset[SHARED_ERROR] + source[whole], np.ones(whole.size)))
    over = whole[arrays.has_overcount[source[whole]] != 0]
    place = arrays.offset[LOG_OVERCOUNT] + source[over]
    triplets.append((over, place, expit(predictor[place])))
    return _matrix(triplets, (point.size, predictor.size))


@dataclass(frozen=True)
class _Chain:
    """Cells with one step of the way from their scope to the target; dims (cell,) throughout.

    ``weight`` is the weight of the year in the cell's interpolation.
    """

    cell: IntArray
    weight: FloatArray
    scope: IntArray
    region: IntArray
    year: IntArray

    def at(self, chosen: IntArray) -> _Chain:
        """Return some of the cells, in the order of their indices."""
        return _Chain(
            self.cell[chosen],
            self.weight[chosen],
            self.scope[chosen],
            self.region[chosen],
            self.year[chosen],
        )


def _cells_by_ratios(
    chain: _Chain, ratios: tuple[FloatArray, FloatArray], arrays: StudyArrays
) -> Triplets:
    """Return the derivatives of cells by ratios, from the scope of each down to the target.

    ``ratios`` are the values and slopes of all links, dims (scope, region, year).
    """
    values, slopes = ratios
    triplets: Triplets = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
    for _ in range(int(arrays.shape[SCOPES]) - 1):
        chain = chain.at(np.flatnonzero(chain.scope != 0))
        if not chain.cell.size:
            break
        slope = slopes[chain.scope, chain.region, chain.year]
        triplets += _by_ratio(chain, chain.weight * slope, arrays)
        parts = chain.at(np.flatnonzero(arrays.scope_link[chain.scope] == PART_OF))
        triplets += _cells_by_part_sums(parts, values, arrays)
        chain = _Chain(
            chain.cell, chain.weight, arrays.scope_parent[chain.scope], chain.region, chain.year
        )
    return triplets


def _cells_by_part_sums(parts: _Chain, values: FloatArray, arrays: StudyArrays) -> Triplets:
    """Return the derivatives of cells of parts by the ratios in the sum over the breakdown."""
    first, count = arrays.sibling_start[parts.scope], np.diff(arrays.sibling_start)[parts.scope]
    own = np.repeat(np.arange(parts.cell.size), count)
    place = np.arange(own.size) - np.repeat(np.cumsum(count) - count, count) + first[own]
    siblings = _Chain(
        parts.cell[own],
        parts.weight[own],
        arrays.sibling[place],
        parts.region[own],
        parts.year[own],
    )
    size = np.exp(values[siblings.scope, siblings.region, siblings.year])
    share = size / np.bincount(own, size, parts.cell.size)[own]
    return _by_ratio(siblings, -siblings.weight * share, arrays)


def _by_ratio(chain: _Chain, slope: FloatArray, arrays: StudyArrays) -> Triplets:
    """Return derivatives by the link value of ratios as derivatives by level and trend."""
    place = arrays.offset[RATIO_LINK] + chain.scope * arrays.shape[REGIONS] + chain.region
    since = chain.year - arrays.shape[REFERENCE]
    return [
        (chain.cell, place, slope),
        (chain.cell, arrays.offset[RATIO_TREND] + chain.scope, slope * since),
    ]


def _headcount_by_predictor_and_free(
    x: FloatArray, latent: Latent, arrays: StudyArrays
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Return the derivatives of log headcount by the linear predictor, and directly by x.

    Rows are region by region and year by year.
    """
    found = headcount_jacobian(x, latent.predictor, latent.log_headcount, arrays)
    years = latent.log_headcount.shape[1]
    steps, offset = years - 1, arrays.offset
    row = np.arange(latent.log_headcount.size)
    region = row // years
    rows, step = np.repeat(row, steps), np.tile(np.arange(steps), row.size)
    own = np.repeat(region, steps) * steps + step
    triplets = [
        (row, np.full(row.size, offset[LOG_TOTAL]), found.baseline.ravel()),
        (row, offset[LOG_SHARE] + region, found.baseline.ravel()),
        (row, offset[STEADY_GROWTH] + region, found.steady_growth.ravel()),
        (rows, offset[COMMON_INNOVATION] + step, found.innovations.ravel()),
        (rows, offset[REGION_INNOVATION] + own, found.innovations.ravel()),
    ]
    if offset[DRIVEN_GROWTH + 1] > offset[DRIVEN_GROWTH]:
        triplets.append((rows, offset[DRIVEN_GROWTH] + own, found.growth.ravel()))
    places = [(i, int(place)) for i, place in enumerate(arrays.growth[DAMPING:]) if place >= 0]
    nonlinear = [
        (row, np.full(row.size, place), found.nonlinear[..., i].ravel()) for i, place in places
    ]
    none = (row[:0], row[:0], found.baseline.ravel()[:0])
    by_predictor = _matrix(triplets, (row.size, latent.predictor.size))
    return by_predictor, _matrix([none, *nonlinear], (row.size, x.size))
