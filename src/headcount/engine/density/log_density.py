"""The log density of the posterior and its gradient, by hand: forward through docs/model.md, then
back.

Each stage is compiled by itself: from x to what is latent, from there to what is seen, each row's
likelihood, and all the way back. Names of the form ``d_x`` hold the derivative of the log density
by x.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from headcount._types import FloatArray, IntArray
from headcount.engine.density.cell_sums import back_cells, cells_of
from headcount.engine.density.codes import (
    BOUND,
    CONCENTRATION,
    NOISE,
    NORMAL,
    OVERCOUNT,
    OVERLAP,
    SELECTION,
    SHARED,
    STATED,
    STUDENT_T,
    SURVEY,
    ZETA,
)
from headcount.engine.density.growth import back_headcount, log_headcount
from headcount.engine.density.row_likelihoods import (
    bound_row,
    interval_row,
    overlap_odds,
    people_row,
    stated_row,
    survey_odds,
)
from headcount.engine.density.study_arrays import Arrays
from headcount.engine.density.tails import LOG_T4, expit, log_expit, log_expit_and_slope, softplus
from headcount.engine.numba_support.compilation import compiled, inner

__all__ = [
    "Latent",
    "Seen",
    "back",
    "latent",
    "likelihood",
    "linearise",
    "log_density_and_gradient",
    "log_likelihoods",
    "log_prior",
    "log_reach",
    "seen",
]


SMALL, LARGE = 1e-150, 1e150
"""A product of rows' numbers is ended before it leaves what a number can hold."""


class Latent(NamedTuple):
    """What lies between the free vector and the sources.

    Attributes
    ----------
    scale
        exp(x) where x is a log scale; dims (free,).
    v
        Sums of entries; dims (sum,).
    headcount
        The target's log headcount; dims (region, year).
    """

    scale: FloatArray
    v: FloatArray
    headcount: FloatArray


class Seen(NamedTuple):
    """What sources see, and where each row is expected.

    Attributes
    ----------
    slope
        Derivative of each view's log reach by its zeta; dims (view,).
    cells, terms
        Logarithms; dims (cell,), (term,).
    parts
        Of each cell of a term, its part of the sum; dims (place,).
    location
        Where each row is expected, with its derivatives by three terms and the log selection; dims
        (row, 5).
    spread
        The sd on the log scale, or the concentration of k of n; dims (row,).
    """

    slope: FloatArray
    cells: FloatArray
    terms: FloatArray
    parts: FloatArray
    location: FloatArray
    spread: FloatArray


@compiled
def latent(x: FloatArray, arrays: Arrays) -> Latent:
    """Return what the free vector x says of headcounts."""
    scale = np.empty(x.size)
    for i in range(arrays.scaled.size):
        scale[arrays.scaled[i]] = math.exp(x[arrays.scaled[i]])
    v = _sums(x, scale, arrays)
    return Latent(scale, v, log_headcount(x, v, arrays))


@compiled
def seen(found: Latent, arrays: Arrays) -> Seen:
    """Return what sources see of headcounts."""
    reach, slope = _reach(found.v, arrays)
    cells = cells_of(found.v, found.headcount, reach, arrays)
    terms, parts = _terms(cells, arrays)
    location, spread = _locations(found.v, terms, arrays)
    return Seen(slope, cells, terms, parts, location, spread)


@compiled
def log_likelihoods(at: Seen, arrays: Arrays) -> FloatArray:
    """Return each row's log likelihood and its derivatives by location and spread (k of n: by its
    logarithm); dims (row, 3).
    """
    rows = np.empty((at.spread.size, 3))
    for row in range(at.spread.size):
        own, slope, by_spread = _likelihood(
            arrays.row_form[row],
            arrays.row_tails[row],
            arrays.row_value[row],
            arrays.row_other[row],
            at.location[row, 0],
            at.spread[row],
        )
        rows[row, 0], rows[row, 1], rows[row, 2] = own, slope, by_spread
    return rows


@compiled
def likelihood(at: Seen, arrays: Arrays) -> tuple[float, FloatArray]:
    """Return the sum of the rows' log likelihoods, and each row's derivatives as of
    `log_likelihoods`; dims (row, 2).

    The logarithms that Student's t takes of every row are one of their product.
    """
    forms, tails = arrays.row_form, arrays.row_tails
    total, variances, weights, slopes = 0.0, 1.0, 1.0, np.empty((forms.size, 2))
    for row in range(forms.size):
        spread, location = at.spread[row], at.location[row, 0]
        if forms[row] == STATED and tails[row] == STUDENT_T:
            gap, variance = arrays.row_value[row] - location, spread * spread
            told = 5 / (4 * variance + gap * gap)
            slopes[row, 0], slopes[row, 1] = gap * told, (gap * gap * told - 1) / spread
            total += LOG_T4
            variances *= variance
            weights *= 0.8 * variance * told
            if variances < SMALL or variances > LARGE or weights < SMALL:
                total += 2.5 * math.log(weights) - 0.5 * math.log(variances)
                variances, weights = 1.0, 1.0
        else:
            value, other = arrays.row_value[row], arrays.row_other[row]
            own, slope, by_spread = _likelihood(
                forms[row], tails[row], value, other, location, spread
            )
            total += own
            slopes[row, 0], slopes[row, 1] = slope, by_spread
    return total + 2.5 * math.log(weights) - 0.5 * math.log(variances), slopes


@compiled
def back(
    x: FloatArray, found: Latent, at: Seen, slopes: FloatArray, arrays: Arrays, gradient: FloatArray
) -> None:
    """Add what the rows' derivatives make of the gradient by x."""
    d_v, d_terms, d_cells = np.zeros(found.v.size), np.zeros(at.terms.size), np.zeros(at.cells.size)
    _back_rows(found.v, at, slopes, arrays, d_v, d_terms)
    _back_terms(at.parts, d_terms, arrays, d_cells)
    d_headcount, d_reach = back_cells(found.v, d_cells, arrays, d_v)
    _back_reach(found.v, at.slope, d_reach, arrays, d_v)
    back_headcount(x, found.v, found.headcount, d_headcount, arrays, d_v, gradient)
    _back_sums(x, found.scale, d_v, arrays, gradient)


@compiled
def log_reach(found: Latent, arrays: Arrays) -> FloatArray:
    """Return the log reach of each view; dims (view,)."""
    return _reach(found.v, arrays)[0]


def log_density_and_gradient(x: FloatArray, arrays: Arrays, gradient: FloatArray) -> float:
    """Evaluate the log posterior density on the unconstrained scale, up to no constant.

    Parameters
    ----------
    x
        Free vector; dims (free,), blocks as in `headcount.layout.free_vector.blocks_of`.
    arrays
        The study.
    gradient
        Filled with the gradient; dims (free,).

    Returns
    -------
    float
        Log density.
    """
    found = latent(x, arrays)
    at = seen(found, arrays)
    total = log_prior(x, arrays, gradient)
    told, slopes = likelihood(at, arrays)
    back(x, found, at, slopes, arrays, gradient)
    return total + told


def linearise(x: FloatArray, arrays: Arrays) -> tuple[Latent, Seen, FloatArray]:
    """Evaluate everything between x and the rows' likelihoods at one point.

    Parameters
    ----------
    x
        Free vector.
    arrays
        The study.

    Returns
    -------
    tuple
        What is latent, what is seen, and the rows' likelihoods as of `log_likelihoods`.
    """
    found = latent(x, arrays)
    at = seen(found, arrays)
    return found, at, log_likelihoods(at, arrays)


@compiled
def log_prior(x: FloatArray, arrays: Arrays, gradient: FloatArray) -> float:
    """Return the log prior density on the unconstrained scale, and fill its gradient."""
    total = arrays.constant[0]
    for i in range(x.size):
        family, first, second = arrays.family[i], arrays.first[i], arrays.second[i]
        if family == 0:
            z = (x[i] - first) / second
            total -= 0.5 * z * z
            gradient[i] = -z / second
        elif family == 1:
            z = math.exp(x[i]) / first
            total += x[i] - 0.5 * z * z
            gradient[i] = 1 - z * z
        elif family == 2:
            z = math.exp(x[i]) / first
            total += x[i] - z
            gradient[i] = 1 - z
        elif family == 3:
            z = second * math.exp(x[i])
            total += first * x[i] - z
            gradient[i] = first - z
        else:
            total += first * log_expit(x[i]) + second * log_expit(-x[i])
            gradient[i] = first * expit(-x[i]) - second * expit(x[i])
    return float(total)


@inner
def _sums(x: FloatArray, scale: FloatArray, arrays: Arrays) -> FloatArray:
    v = np.zeros(arrays.offset[-1])
    rows, a, b, weights = arrays.entry_row, arrays.entry_a, arrays.entry_b, arrays.entry_weight
    for e in range(rows.size):
        weight = weights[e] * (scale[np.uint64(b[e])] if b[e] >= 0 else 1.0)
        v[np.uint64(rows[e])] += weight * x[np.uint64(a[e])]
    return v


@inner
def _back_sums(
    x: FloatArray, scale: FloatArray, d_v: FloatArray, arrays: Arrays, gradient: FloatArray
) -> None:
    rows, weights = arrays.entry_row, arrays.entry_weight
    # Neighbours mostly have one scale; see `_back_rows`.
    last, total = np.uint64(0), 0.0
    for e in range(rows.size):
        a, slope = np.uint64(arrays.entry_a[e]), weights[e] * d_v[np.uint64(rows[e])]
        if arrays.entry_b[e] >= 0:
            b = np.uint64(arrays.entry_b[e])
            slope *= scale[b]
            if b != last:
                gradient[last] += total
                last, total = b, 0.0
            total += slope * x[a]
        gradient[a] += slope
    gradient[last] += total


@inner
def _reach(v: FloatArray, arrays: Arrays) -> tuple[FloatArray, FloatArray]:
    """Return the log reach of each view, and its derivative by zeta; dims (view,)."""
    sources, zetas, offset = arrays.view_source, arrays.view_zeta, arrays.offset
    reach, slope = np.empty(zetas.size), np.ones(zetas.size)
    for i in range(reach.size):
        bare = sources[i] < 0
        source = -1 - sources[i] if bare else sources[i]
        reach[i] = v[np.uint64(offset[ZETA] + zetas[i])]
        if arrays.is_coverage[source]:
            reach[i], slope[i] = log_expit_and_slope(reach[i])
        if not bare:
            reach[i] += v[offset[SHARED] + source]
            if arrays.has_overcount[source]:
                reach[i] += softplus(v[offset[OVERCOUNT] + source])
    return reach, slope


@inner
def _back_reach(
    v: FloatArray, slope: FloatArray, d_reach: FloatArray, arrays: Arrays, d_v: FloatArray
) -> None:
    sources, zetas, offset = arrays.view_source, arrays.view_zeta, arrays.offset
    for i in range(d_reach.size):
        bare = sources[i] < 0
        source = -1 - sources[i] if bare else sources[i]
        d_v[np.uint64(offset[ZETA] + zetas[i])] += d_reach[i] * slope[i]
        if not bare:
            d_v[offset[SHARED] + source] += d_reach[i]
            if arrays.has_overcount[source]:
                over = offset[OVERCOUNT] + source
                d_v[over] += d_reach[i] * expit(v[over])


@inner
def _terms(cells: FloatArray, arrays: Arrays) -> tuple[FloatArray, FloatArray]:
    """Return logs of sums over cells, mostly of one, and after these what is known; and each cell's
    part of its sum.
    """
    starts, members, known = arrays.term_start, arrays.term_cell, arrays.term_known
    latent = starts.size - 1
    terms, parts = np.empty(latent + known.size), np.ones(members.size)
    for i in range(latent):
        start, end = np.uint64(starts[i]), np.uint64(starts[i + 1])
        top = cells[np.uint64(members[start])]
        if end > start + np.uint64(1):
            for j in range(start, end):
                top = max(top, cells[np.uint64(members[j])])
            total = 0.0
            for j in range(start, end):
                parts[j] = math.exp(cells[np.uint64(members[j])] - top)
                total += parts[j]
            for j in range(start, end):
                parts[j] /= total
            top += math.log(total)
        terms[i] = top
    for i in range(known.size):
        terms[latent + i] = known[i]
    return terms, parts


@inner
def _back_terms(
    parts: FloatArray, d_terms: FloatArray, arrays: Arrays, d_cells: FloatArray
) -> None:
    starts, members = arrays.term_start, arrays.term_cell
    for i in range(starts.size - 1):
        for j in range(np.uint64(starts[i]), np.uint64(starts[i + 1])):
            d_cells[np.uint64(members[j])] += d_terms[i] * parts[j]


@inner
def _location_of_people(
    form: int, part: float, whole: float, third: float, selection: float
) -> tuple[float, float, float, float, float]:
    """Return the log odds of a row of k of n, and the derivatives by its three terms and by the log
    selection of its frame.
    """
    if form == SURVEY:
        odds, slope = survey_odds(part - whole, selection)
        return odds, slope, -slope, 0.0, 1.0
    odds, by_first, by_second, by_dependence = overlap_odds(part - whole, third - whole, selection)
    return odds, by_first, -by_first - by_second, by_second, by_dependence


@inner
def _is_binomial(form: int) -> bool:
    """Say whether a row is k of n people."""
    # A search in a tuple would take long to compile.
    return form == SURVEY or form == OVERLAP  # noqa: PLR1714


@inner
def _likelihood(
    form: int, tails: int, value: float, other: float, location: float, spread: float
) -> tuple[float, float, float]:
    """Return a row's log likelihood and its derivatives by location and by the spread (k of n: by
    its logarithm).
    """
    if _is_binomial(form):
        return people_row(value, other, location, math.log(spread))
    normal = tails == NORMAL
    if form == STATED:
        return stated_row(value, location, spread, normal)
    if form == BOUND:
        return bound_row(value, other, location, spread, normal)
    return interval_row(value, other, location, spread, normal)


@inner
def _noise_variance(v: FloatArray, offset: IntArray) -> FloatArray:
    """Return the variance of each source's noise; dims (source,)."""
    log_noise = v[offset[NOISE] : offset[NOISE + 1]]
    variance = np.empty(log_noise.size)
    for s in range(log_noise.size):
        variance[s] = math.exp(2 * log_noise[s])
    return variance


@inner
def _locations(v: FloatArray, terms: FloatArray, arrays: Arrays) -> tuple[FloatArray, FloatArray]:
    """Return each row's location with its derivatives, as in `Seen`, dims (row, 5), and its spread,
    dims (row,).

    The spread is the sd on the log scale, or the concentration of k of n.
    """
    forms, frames, sources = arrays.row_form, arrays.row_frame, arrays.row_source
    parts, wholes, thirds = arrays.row_part, arrays.row_whole, arrays.row_third
    factor, variance = arrays.row_factor, arrays.row_variance
    selection_at, dense_at = arrays.offset[SELECTION], arrays.offset[CONCENTRATION]
    found, spread, noise = (
        np.empty((forms.size, 5)),
        np.empty(forms.size),
        _noise_variance(v, arrays.offset),
    )
    for row in range(forms.size):
        part, whole = terms[np.uint64(parts[row])], terms[np.uint64(wholes[row])]
        if _is_binomial(forms[row]):
            location, by_part, by_whole, by_third, by_selection = _location_of_people(
                forms[row], part, whole, terms[thirds[row]], v[selection_at + frames[row]]
            )
            found[row, 0], found[row, 1], found[row, 2] = location, by_part, by_whole
            found[row, 3], found[row, 4] = by_third, by_selection
            spread[row] = math.exp(v[dense_at + frames[row]])
        else:
            found[row, 0], found[row, 1], found[row, 2] = part - whole, 1.0, -1.0
            found[row, 3], found[row, 4] = 0.0, 0.0
            spread[row] = math.sqrt(factor[row] * noise[np.uint64(sources[row])] + variance[row])
    return found, spread


@inner
def _back_rows(
    v: FloatArray,
    at: Seen,
    slopes: FloatArray,
    arrays: Arrays,
    d_v: FloatArray,
    d_terms: FloatArray,
) -> None:
    forms, frames, sources = arrays.row_form, arrays.row_frame, arrays.row_source
    parts, wholes, thirds = arrays.row_part, arrays.row_whole, arrays.row_third
    dense_at, noise_at, selection_at = (
        arrays.offset[CONCENTRATION],
        arrays.offset[NOISE],
        arrays.offset[SELECTION],
    )
    location, factor, noise = at.location, arrays.row_factor, _noise_variance(v, arrays.offset)
    known = d_terms.size - arrays.term_known.size
    # Neighbours mostly have one source, and a sum in a register is quicker than one in memory.
    last, total = 0, 0.0
    for row in range(forms.size):
        slope, by_spread = slopes[row, 0], slopes[row, 1]
        if _is_binomial(forms[row]):
            d_terms[parts[row]] += slope * location[row, 1]
            d_terms[wholes[row]] += slope * location[row, 2]
            d_terms[thirds[row]] += slope * location[row, 3]
            d_v[selection_at + frames[row]] += slope * location[row, 4]
            d_v[dense_at + frames[row]] += by_spread
        else:
            d_terms[np.uint64(parts[row])] += slope
            # Most are relative to a known term, of which nobody asks the derivative.
            if wholes[row] < known:
                d_terms[np.uint64(wholes[row])] -= slope
            if sources[row] != last:
                d_v[noise_at + last] += total * noise[last]
                last, total = sources[row], 0.0
            total += by_spread * factor[row] / at.spread[row]
    if noise.size > 0:
        d_v[noise_at + last] += total * noise[last]
