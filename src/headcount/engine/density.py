"""The log density of the posterior and its gradient, by hand: forward through docs/model.md, then back.

Names of the form ``d_x`` hold the derivative of the log density by x.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from headcount._types import FloatArray
from headcount.engine.arrays import Arrays
from headcount.engine.rows import bound_row, interval_row, stated_row, survey_row

__all__ = ["evaluate", "log_density_and_gradient", "log_likelihood", "row_sensitivities"]

LEVEL, SHARE, STEADY, COMMON, REGIONAL, ZETA, SHARED, ETA, SLOPE, NOISE, SELECTION, CONCENTRATION = range(12)
CONTAINS, WITHIN = 0, 1
REGIONS, YEARS, SOURCES, SCOPES, REFERENCE = range(5)


@njit(cache=True, nogil=True, error_model="numpy")
def log_density_and_gradient(x: FloatArray, arrays: Arrays, gradient: FloatArray) -> float:
    """Evaluate the log posterior density on the unconstrained scale, up to no constant.

    Parameters
    ----------
    x
        Free vector; dims (free,), blocks as in `headcount.engine.arrays.blocks_of`.
    arrays
        The study.
    gradient
        Filled with the gradient; dims (free,).

    Returns
    -------
    float
        Log density.
    """
    total = _prior(x, arrays, gradient)
    scale = np.exp(x)
    v = _sums(x, scale, arrays)
    headcount = _log_headcount(x, v, arrays)
    reach = _log_reach(v, arrays)
    cells = _cells(v, headcount, reach, arrays)
    terms = _terms(cells, arrays)
    d_v = np.zeros(v.size)
    d_terms = np.zeros(terms.size)
    total += _rows(v, terms, arrays, d_v, d_terms)
    d_cells = _back_terms(cells, terms, d_terms, arrays)
    d_headcount, d_reach = _back_cells(v, d_cells, arrays, d_v)
    _back_reach(v, d_reach, arrays, d_v)
    _back_headcount(x, v, d_headcount, arrays, d_v, gradient)
    _back_sums(x, scale, d_v, arrays, gradient)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def evaluate(draws: FloatArray, arrays: Arrays) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Evaluate log headcount, log reach and v for many draws.

    Parameters
    ----------
    draws
        Dims (draw, free).
    arrays
        The study, assembled with all pairs.

    Returns
    -------
    tuple
        Log headcount, dims (draw, region, year); log reach, dims (draw, pair); v, dims (draw, sum).
    """
    regions, years = arrays.shape[REGIONS], arrays.shape[YEARS]
    headcount = np.empty((len(draws), regions, years))
    reach = np.empty((len(draws), arrays.pair_source.size))
    sums = np.empty((len(draws), arrays.offset[-1]))
    for i in range(len(draws)):
        v = _sums(draws[i], np.exp(draws[i]), arrays)
        headcount[i] = _log_headcount(draws[i], v, arrays)
        reach[i] = _log_reach(v, arrays)
        sums[i] = v
    return headcount, reach, sums


@njit(cache=True, nogil=True, error_model="numpy")
def log_likelihood(draws: FloatArray, arrays: Arrays) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Evaluate each row's log likelihood, mean and sd for many draws; each has dims (draw, row)."""
    count = arrays.row_value.size
    total, mean, sd = (
        np.empty((len(draws), count)),
        np.empty((len(draws), count)),
        np.empty((len(draws), count)),
    )
    for i in range(len(draws)):
        v = _sums(draws[i], np.exp(draws[i]), arrays)
        headcount = _log_headcount(draws[i], v, arrays)
        terms = _terms(_cells(v, headcount, _log_reach(v, arrays), arrays), arrays)
        for row in range(count):
            mean[i, row], sd[i, row] = _mean_and_sd(row, v, terms, arrays)
            total[i, row] = _row(row, mean[i, row], sd[i, row], v, arrays)[0]
    return total, mean, sd


@njit(cache=True, nogil=True, error_model="numpy")
def row_sensitivities(x: FloatArray, arrays: Arrays) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Differentiate each row's mean, which the curvature is made of.

    Parameters
    ----------
    x
        Free vector.
    arrays
        The study.

    Returns
    -------
    tuple
        Means and sds, dims (row,), and the derivatives of the means by x, dims (row, free).
    """
    scale = np.exp(x)
    v = _sums(x, scale, arrays)
    headcount = _log_headcount(x, v, arrays)
    cells = _cells(v, headcount, _log_reach(v, arrays), arrays)
    terms = _terms(cells, arrays)
    count = arrays.row_value.size
    mean, sd, slopes = np.empty(count), np.empty(count), np.zeros((count, x.size))
    for row in range(count):
        mean[row], sd[row] = _mean_and_sd(row, v, terms, arrays)
        d_terms, d_v = np.zeros(terms.size), np.zeros(v.size)
        d_terms[arrays.row_part[row]] += 1.0
        d_terms[arrays.row_whole[row]] -= 1.0
        d_headcount, d_reach = _back_cells(v, _back_terms(cells, terms, d_terms, arrays), arrays, d_v)
        _back_reach(v, d_reach, arrays, d_v)
        _back_headcount(x, v, d_headcount, arrays, d_v, slopes[row])
        _back_sums(x, scale, d_v, arrays, slopes[row])
    return mean, sd, slopes


@njit(cache=True, nogil=True, error_model="numpy")
def _prior(x: FloatArray, arrays: Arrays, gradient: FloatArray) -> float:
    total = 0.0
    for i in range(x.size):
        family, first, second = arrays.family[i], arrays.first[i], arrays.second[i]
        if family == 0:
            z = (x[i] - first) / second
            total += -0.5 * z * z - math.log(second) - 0.5 * math.log(2 * math.pi)
            gradient[i] = -z / second
        elif family == 1:
            z = math.exp(x[i]) / first
            total += 0.5 * math.log(2 / math.pi) - math.log(first) - 0.5 * z * z + x[i]
            gradient[i] = 1 - z * z
        elif family == 2:
            z = math.exp(x[i]) / first
            total += x[i] - math.log(first) - z
            gradient[i] = 1 - z
        elif family == 3:
            z = second * math.exp(x[i])
            total += first * (x[i] + math.log(second)) - math.lgamma(first) - z
            gradient[i] = first - z
        else:
            chance = 1 / (1 + math.exp(-x[i]))
            log_up, log_down = (
                -math.log1p(math.exp(-abs(x[i]))),
                -math.log1p(math.exp(-abs(x[i]))) - abs(x[i]),
            )
            if x[i] < 0:
                log_up, log_down = log_down, log_up
            total += first * log_up + second * log_down
            total += math.lgamma(first + second) - math.lgamma(first) - math.lgamma(second)
            gradient[i] = first * (1 - chance) - second * chance
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _sums(x: FloatArray, scale: FloatArray, arrays: Arrays) -> FloatArray:
    v = np.zeros(arrays.offset[-1])
    for e in range(arrays.entry_row.size):
        b = arrays.entry_b[e]
        weight = arrays.entry_weight[e] * (scale[b] if b >= 0 else 1.0)
        v[arrays.entry_row[e]] += weight * x[arrays.entry_a[e]]
    return v


@njit(cache=True, nogil=True, error_model="numpy")
def _back_sums(
    x: FloatArray, scale: FloatArray, d_v: FloatArray, arrays: Arrays, gradient: FloatArray
) -> None:
    for e in range(arrays.entry_row.size):
        a, b = arrays.entry_a[e], arrays.entry_b[e]
        slope = arrays.entry_weight[e] * d_v[arrays.entry_row[e]]
        if b >= 0:
            slope *= scale[b]
            gradient[b] += slope * x[a]
        gradient[a] += slope


@njit(cache=True, nogil=True, error_model="numpy")
def _damping(x: FloatArray, arrays: Arrays) -> float:
    return 1 / (1 + math.exp(-x[arrays.damping])) if arrays.damping >= 0 else 0.0


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
def _log_headcount(x: FloatArray, v: FloatArray, arrays: Arrays) -> FloatArray:
    regions, years, reference = arrays.shape[REGIONS], arrays.shape[YEARS], arrays.shape[REFERENCE]
    share = v[arrays.offset[SHARE] : arrays.offset[SHARE] + regions]
    level = v[arrays.offset[LEVEL]] - _log_sum(share)
    phi = _damping(x, arrays)
    common = _deviation(v[arrays.offset[COMMON] : arrays.offset[COMMON] + years - 1], phi)
    headcount = np.empty((regions, years))
    for r in range(regions):
        start = arrays.offset[REGIONAL] + r * (years - 1)
        growth = _deviation(v[start : start + years - 1], phi) + common + v[arrays.offset[STEADY] + r]
        headcount[r, reference] = level + share[r]
        for t in range(reference + 1, years):
            headcount[r, t] = headcount[r, t - 1] + growth[t - 1]
        for t in range(reference - 1, -1, -1):
            headcount[r, t] = headcount[r, t + 1] - growth[t]
    return headcount


@njit(cache=True, nogil=True, error_model="numpy")
def _log_sum(values: FloatArray) -> float:
    top = values.max()
    return top + math.log(np.exp(values - top).sum())


@njit(cache=True, nogil=True, error_model="numpy")
def _back_headcount(
    x: FloatArray,
    v: FloatArray,
    d_headcount: FloatArray,
    arrays: Arrays,
    d_v: FloatArray,
    gradient: FloatArray,
) -> None:
    regions, years, reference = arrays.shape[REGIONS], arrays.shape[YEARS], arrays.shape[REFERENCE]
    share = v[arrays.offset[SHARE] : arrays.offset[SHARE] + regions]
    norm, d_level = _log_sum(share), d_headcount.sum()
    d_v[arrays.offset[LEVEL]] += d_level
    phi, d_phi = _damping(x, arrays), 0.0
    d_common = np.zeros(years - 1)
    for r in range(regions):
        d_v[arrays.offset[SHARE] + r] += d_headcount[r].sum() - math.exp(share[r] - norm) * d_level
        d_growth = _back_path(d_headcount[r], reference)
        d_v[arrays.offset[STEADY] + r] += d_growth.sum()
        d_common += d_growth
        start = arrays.offset[REGIONAL] + r * (years - 1)
        own = v[start : start + years - 1]
        d_own = d_v[start : start + years - 1]
        d_phi += _back_deviation(own, _deviation(own, phi), phi, d_growth, d_own)
    start = arrays.offset[COMMON]
    common = v[start : start + years - 1]
    d_own = d_v[start : start + years - 1]
    d_phi += _back_deviation(common, _deviation(common, phi), phi, d_common, d_own)
    if arrays.damping >= 0:
        gradient[arrays.damping] += d_phi * phi * (1 - phi)


@njit(cache=True, nogil=True, error_model="numpy")
def _back_path(d_path: FloatArray, reference: int) -> FloatArray:
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


@njit(cache=True, nogil=True, error_model="numpy")
def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


@njit(cache=True, nogil=True, error_model="numpy")
def _log_reach(v: FloatArray, arrays: Arrays) -> FloatArray:
    reach = np.empty(arrays.pair_source.size)
    for p in range(reach.size):
        source = arrays.pair_source[p]
        zeta = v[arrays.offset[ZETA] + p]
        own = -_softplus(-zeta) if arrays.is_coverage[source] else zeta
        reach[p] = own + v[arrays.offset[SHARED] + source]
    return reach


@njit(cache=True, nogil=True, error_model="numpy")
def _back_reach(v: FloatArray, d_reach: FloatArray, arrays: Arrays, d_v: FloatArray) -> None:
    for p in range(d_reach.size):
        source = arrays.pair_source[p]
        zeta = v[arrays.offset[ZETA] + p]
        slope = 1 / (1 + math.exp(zeta)) if arrays.is_coverage[source] else 1.0
        d_v[arrays.offset[ZETA] + p] += d_reach[p] * slope
        d_v[arrays.offset[SHARED] + source] += d_reach[p]


@njit(cache=True, nogil=True, error_model="numpy")
def _cells(v: FloatArray, headcount: FloatArray, reach: FloatArray, arrays: Arrays) -> FloatArray:
    cells = np.empty(len(arrays.cells))
    for c in range(cells.size):
        pair, scope, region, year = arrays.cells[c]
        value = headcount[region, year] + (reach[pair] if pair >= 0 else 0.0)
        while scope != 0:
            value += _log_ratio(_eta(v, scope, region, year, arrays), arrays.link[scope])
            scope = arrays.parent[scope]
        cells[c] = value
    return cells


@njit(cache=True, nogil=True, error_model="numpy")
def _eta(v: FloatArray, scope: int, region: int, year: int, arrays: Arrays) -> float:
    level = v[arrays.offset[ETA] + scope * arrays.shape[REGIONS] + region]
    return float(level + v[arrays.offset[SLOPE] + scope] * (year - arrays.shape[REFERENCE]))


@njit(cache=True, nogil=True, error_model="numpy")
def _log_ratio(eta: float, link: int) -> float:
    if link == CONTAINS:
        return _softplus(eta)
    if link == WITHIN:
        return -_softplus(-eta)
    return eta


@njit(cache=True, nogil=True, error_model="numpy")
def _back_cells(
    v: FloatArray, d_cells: FloatArray, arrays: Arrays, d_v: FloatArray
) -> tuple[FloatArray, FloatArray]:
    regions, years = arrays.shape[REGIONS], arrays.shape[YEARS]
    d_headcount = np.zeros((regions, years))
    d_reach = np.zeros(arrays.pair_source.size)
    for c in range(d_cells.size):
        pair, scope, region, year = arrays.cells[c]
        d_headcount[region, year] += d_cells[c]
        if pair >= 0:
            d_reach[pair] += d_cells[c]
        while scope != 0:
            eta = _eta(v, scope, region, year, arrays)
            slope = d_cells[c] * _ratio_slope(eta, arrays.link[scope])
            d_v[arrays.offset[ETA] + scope * regions + region] += slope
            d_v[arrays.offset[SLOPE] + scope] += slope * (year - arrays.shape[REFERENCE])
            scope = arrays.parent[scope]
    return d_headcount, d_reach


@njit(cache=True, nogil=True, error_model="numpy")
def _ratio_slope(eta: float, link: int) -> float:
    if link == CONTAINS:
        return 1 / (1 + math.exp(-eta))
    if link == WITHIN:
        return 1 / (1 + math.exp(eta))
    return 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def _terms(cells: FloatArray, arrays: Arrays) -> FloatArray:
    latent = arrays.term_start.size - 1
    terms = np.empty(latent + arrays.term_known.size)
    for i in range(latent):
        terms[i] = _log_sum_of_cells(cells, arrays, arrays.term_start[i], arrays.term_start[i + 1])
    terms[latent:] = arrays.term_known
    return terms


@njit(cache=True, nogil=True, error_model="numpy")
def _log_sum_of_cells(cells: FloatArray, arrays: Arrays, start: int, end: int) -> float:
    """Return the log of a sum over a run of cells; most runs are one cell."""
    top = float(cells[arrays.term_cell[start]])
    if end == start + 1:
        return top
    for j in range(start + 1, end):
        top = max(top, float(cells[arrays.term_cell[j]]))
    total = 0.0
    for j in range(start, end):
        total += math.exp(cells[arrays.term_cell[j]] - top)
    return top + math.log(total)


@njit(cache=True, nogil=True, error_model="numpy")
def _back_terms(cells: FloatArray, terms: FloatArray, d_terms: FloatArray, arrays: Arrays) -> FloatArray:
    d_cells = np.zeros(cells.size)
    for i in range(arrays.term_start.size - 1):
        start, end = arrays.term_start[i], arrays.term_start[i + 1]
        if d_terms[i] == 0.0:
            continue
        if end == start + 1:
            d_cells[arrays.term_cell[start]] += d_terms[i]
            continue
        for j in range(start, end):
            cell = arrays.term_cell[j]
            d_cells[cell] += d_terms[i] * math.exp(cells[cell] - terms[i])
    return d_cells


@njit(cache=True, nogil=True, error_model="numpy")
def _mean_and_sd(row: int, v: FloatArray, terms: FloatArray, arrays: Arrays) -> tuple[float, float]:
    mean = terms[arrays.row_part[row]] - terms[arrays.row_whole[row]]
    noise = math.exp(v[arrays.offset[NOISE] + arrays.row_source[row]])
    return mean, math.sqrt(arrays.row_factor[row] * noise * noise + arrays.row_variance[row])


@njit(cache=True, nogil=True, error_model="numpy")
def _row(
    row: int, mean: float, sd: float, v: FloatArray, arrays: Arrays
) -> tuple[float, float, float, float]:
    """Return a row's log likelihood and derivatives: by mean, by sd (survey: log selection), by log concentration."""
    code, value, other = arrays.row_likelihood[row], arrays.row_value[row], arrays.row_other[row]
    source = arrays.row_source[row]
    if code == SURVEY:
        selection = v[arrays.offset[SELECTION] + source]
        return survey_row(value, other, mean, selection, v[arrays.offset[CONCENTRATION] + source])
    normal = code > SURVEY
    form = code - SURVEY - 1 if normal else code
    if form == 0:
        total, by_mean, by_sd = stated_row(value, mean, sd, normal)
    elif form == 1:
        total, by_mean, by_sd = bound_row(value, other, mean, sd, normal)
    else:
        total, by_mean, by_sd = interval_row(value, other, mean, sd, normal)
    return total, by_mean, by_sd, 0.0


SURVEY = 3
"""Code of a survey in `headcount.layout.LIKELIHOODS`; forms with Student-t tails stand before it, normal ones after."""


@njit(cache=True, nogil=True, error_model="numpy")
def _rows(v: FloatArray, terms: FloatArray, arrays: Arrays, d_v: FloatArray, d_terms: FloatArray) -> float:
    total = 0.0
    for row in range(arrays.row_value.size):
        mean, sd = _mean_and_sd(row, v, terms, arrays)
        own, by_mean, by_second, by_third = _row(row, mean, sd, v, arrays)
        total += own
        d_terms[arrays.row_part[row]] += by_mean
        d_terms[arrays.row_whole[row]] -= by_mean
        source = arrays.row_source[row]
        if arrays.row_likelihood[row] == SURVEY:
            d_v[arrays.offset[SELECTION] + source] += by_second
            d_v[arrays.offset[CONCENTRATION] + source] += by_third
        else:
            noise = math.exp(v[arrays.offset[NOISE] + source])
            d_v[arrays.offset[NOISE] + source] += by_second * arrays.row_factor[row] * noise * noise / sd
    return total
