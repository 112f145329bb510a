"""The log density of the posterior and its gradient, by hand: forward through docs/model.md, then back.

Each stage is compiled by itself: from x to what is latent, from there to what is seen, each row's
likelihood, and all the way back. Names of the form ``d_x`` hold the derivative of the log density by x.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from headcount._types import FloatArray, IntArray
from headcount.engine.arrays import Arrays
from headcount.engine.cells import back_cells, cells_of
from headcount.engine.codes import (
    BOUND,
    CONCENTRATION,
    NOISE,
    OVERCOUNT,
    OVERLAP,
    SELECTION,
    SHARED,
    STATED,
    SURVEY,
    ZETA,
)
from headcount.engine.compiling import compiled, inner
from headcount.engine.growth import back_headcount, log_headcount
from headcount.engine.rows import (
    bound_row,
    interval_row,
    overlap_odds,
    people_row,
    stated_row,
    survey_odds,
)
from headcount.engine.tails import expit, log_expit, softplus

__all__ = [
    "Latent",
    "Seen",
    "back",
    "latent",
    "linearise",
    "log_density_and_gradient",
    "log_likelihoods",
    "log_prior",
    "log_reach",
    "seen",
]


class Latent(NamedTuple):
    """What lies between the free vector and the sources.

    Attributes
    ----------
    scale
        exp(x); dims (free,).
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
    cells, terms
        Logarithms; dims (cell,), (term,).
    location
        Where each row is expected, with its derivatives by three terms and the log selection; dims (row, 5).
    spread
        The sd on the log scale, or the concentration of k of n; dims (row,).
    """

    cells: FloatArray
    terms: FloatArray
    location: FloatArray
    spread: FloatArray


@compiled
def latent(x: FloatArray, arrays: Arrays) -> Latent:
    """Return what the free vector x says of headcounts."""
    scale = np.empty(x.size)
    for i in range(x.size):
        scale[i] = math.exp(x[i])
    v = _sums(x, scale, arrays)
    return Latent(scale, v, log_headcount(x, v, arrays))


@compiled
def seen(found: Latent, arrays: Arrays) -> Seen:
    """Return what sources see of headcounts."""
    cells = cells_of(found.v, found.headcount, _log_reach(found.v, arrays), arrays)
    terms = _terms(cells, arrays)
    location, spread = _locations(found.v, terms, arrays)
    return Seen(cells, terms, location, spread)


@compiled
def log_likelihoods(at: Seen, arrays: Arrays) -> FloatArray:
    """Return each row's log likelihood and its derivatives by location and spread (k of n: by its logarithm); dims (row, 3)."""
    rows = np.empty((at.spread.size, 3))
    for row in range(at.spread.size):
        code, value, other = arrays.row_likelihood[row], arrays.row_value[row], arrays.row_other[row]
        own, slope, by_spread = _likelihood(code, value, other, at.location[row, 0], at.spread[row])
        rows[row, 0], rows[row, 1], rows[row, 2] = own, slope, by_spread
    return rows


@compiled
def back(
    x: FloatArray, found: Latent, at: Seen, rows: FloatArray, arrays: Arrays, gradient: FloatArray
) -> None:
    """Add what the rows' derivatives make of the gradient by x."""
    d_v, d_terms = np.zeros(found.v.size), np.zeros(at.terms.size)
    _back_rows(found.v, at, rows, arrays, d_v, d_terms)
    d_cells = _back_terms(at.cells, at.terms, d_terms, arrays)
    d_headcount, d_reach = back_cells(found.v, d_cells, arrays, d_v)
    _back_reach(found.v, d_reach, arrays, d_v)
    back_headcount(x, found.v, found.headcount, d_headcount, arrays, d_v, gradient)
    _back_sums(x, found.scale, d_v, arrays, gradient)


@compiled
def log_reach(found: Latent, arrays: Arrays) -> FloatArray:
    """Return the log reach of each view; dims (view,)."""
    return _log_reach(found.v, arrays)


def log_density_and_gradient(x: FloatArray, arrays: Arrays, gradient: FloatArray) -> float:
    """Evaluate the log posterior density on the unconstrained scale, up to no constant.

    Parameters
    ----------
    x
        Free vector; dims (free,), blocks as in `headcount.engine.blocks.blocks_of`.
    arrays
        The study.
    gradient
        Filled with the gradient; dims (free,).

    Returns
    -------
    float
        Log density.
    """
    found, at, rows = linearise(x, arrays)
    total = log_prior(x, arrays, gradient)
    back(x, found, at, rows, arrays, gradient)
    return total + float(rows[:, 0].sum())


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


@inner
def _sums(x: FloatArray, scale: FloatArray, arrays: Arrays) -> FloatArray:
    v = np.zeros(arrays.offset[-1])
    for e in range(arrays.entry_row.size):
        b = arrays.entry_b[e]
        weight = arrays.entry_weight[e] * (scale[b] if b >= 0 else 1.0)
        v[arrays.entry_row[e]] += weight * x[arrays.entry_a[e]]
    return v


@inner
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


@inner
def _log_reach(v: FloatArray, arrays: Arrays) -> FloatArray:
    sources, zetas = arrays.view_source, arrays.view_zeta
    reach = np.empty(zetas.size)
    for i in range(reach.size):
        bare = sources[i] < 0
        source = -1 - sources[i] if bare else sources[i]
        zeta = v[arrays.offset[ZETA] + zetas[i]]
        reach[i] = log_expit(zeta) if arrays.is_coverage[source] else zeta
        if not bare:
            reach[i] += v[arrays.offset[SHARED] + source]
            if arrays.has_overcount[source]:
                reach[i] += softplus(v[arrays.offset[OVERCOUNT] + source])
    return reach


@inner
def _back_reach(v: FloatArray, d_reach: FloatArray, arrays: Arrays, d_v: FloatArray) -> None:
    sources, zetas = arrays.view_source, arrays.view_zeta
    for i in range(d_reach.size):
        bare = sources[i] < 0
        source = -1 - sources[i] if bare else sources[i]
        place = arrays.offset[ZETA] + zetas[i]
        d_v[place] += d_reach[i] * (expit(-v[place]) if arrays.is_coverage[source] else 1.0)
        if not bare:
            d_v[arrays.offset[SHARED] + source] += d_reach[i]
            if arrays.has_overcount[source]:
                over = arrays.offset[OVERCOUNT] + source
                d_v[over] += d_reach[i] * expit(v[over])


@inner
def _terms(cells: FloatArray, arrays: Arrays) -> FloatArray:
    """Return logs of sums over cells, most of which are one cell, and after these what is known."""
    starts, members, known = arrays.term_start, arrays.term_cell, arrays.term_known
    latent = starts.size - 1
    terms = np.empty(latent + known.size)
    for i in range(latent):
        start, end = starts[i], starts[i + 1]
        top = cells[members[start]]
        if end > start + 1:
            for j in range(start + 1, end):
                top = max(top, cells[members[j]])
            total = 0.0
            for j in range(start, end):
                total += math.exp(cells[members[j]] - top)
            top += math.log(total)
        terms[i] = top
    for i in range(known.size):
        terms[latent + i] = known[i]
    return terms


@inner
def _back_terms(cells: FloatArray, terms: FloatArray, d_terms: FloatArray, arrays: Arrays) -> FloatArray:
    starts, members = arrays.term_start, arrays.term_cell
    d_cells = np.zeros(cells.size)
    for i in range(starts.size - 1):
        start, end = starts[i], starts[i + 1]
        if d_terms[i] == 0.0:
            continue
        if end == start + 1:
            d_cells[members[start]] += d_terms[i]
            continue
        for j in range(start, end):
            cell = members[j]
            d_cells[cell] += d_terms[i] * math.exp(cells[cell] - terms[i])
    return d_cells


@inner
def _location(
    code: int, part: float, whole: float, third: float, selection: float
) -> tuple[float, float, float, float, float]:
    """Return where a row is expected, and the derivatives by its three terms and by the log selection of its frame."""
    if code == SURVEY:
        odds, slope = survey_odds(part - whole, selection)
        return odds, slope, -slope, 0.0, 1.0
    if code == OVERLAP:
        odds, by_first, by_second, by_dependence = overlap_odds(part - whole, third - whole, selection)
        return odds, by_first, -by_first - by_second, by_second, by_dependence
    return part - whole, 1.0, -1.0, 0.0, 0.0


@inner
def _asks(code: int) -> bool:
    """Say whether a row is k of n people."""
    # A search in a tuple would take long to compile.
    return code == SURVEY or code == OVERLAP  # noqa: PLR1714


@inner
def _likelihood(
    code: int, value: float, other: float, location: float, spread: float
) -> tuple[float, float, float]:
    """Return a row's log likelihood and its derivatives by location and by the spread (k of n: by its logarithm)."""
    if _asks(code):
        return people_row(value, other, location, math.log(spread))
    normal = code > OVERLAP
    form = code - OVERLAP - 1 if normal else code
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
    """Return each row's location with the derivatives of `_location`, dims (row, 5), and its spread, dims (row,).

    The spread is the sd on the log scale, or the concentration of k of n.
    """
    codes, frames, sources = arrays.row_likelihood, arrays.row_frame, arrays.row_source
    parts, wholes, thirds = arrays.row_part, arrays.row_whole, arrays.row_third
    factor, variance = arrays.row_factor, arrays.row_variance
    selection_at, dense_at = arrays.offset[SELECTION], arrays.offset[CONCENTRATION]
    found, spread, noise = np.empty((codes.size, 5)), np.empty(codes.size), _noise_variance(v, arrays.offset)
    for row in range(codes.size):
        of_people = _asks(codes[row])
        selection = v[selection_at + frames[row]] if of_people else 0.0
        location, by_part, by_whole, by_third, by_selection = _location(
            codes[row], terms[parts[row]], terms[wholes[row]], terms[thirds[row]], selection
        )
        found[row, 0], found[row, 1], found[row, 2] = location, by_part, by_whole
        found[row, 3], found[row, 4] = by_third, by_selection
        if of_people:
            spread[row] = math.exp(v[dense_at + frames[row]])
        else:
            spread[row] = math.sqrt(factor[row] * noise[sources[row]] + variance[row])
    return found, spread


@inner
def _back_rows(
    v: FloatArray, at: Seen, rows: FloatArray, arrays: Arrays, d_v: FloatArray, d_terms: FloatArray
) -> None:
    codes, frames, sources = arrays.row_likelihood, arrays.row_frame, arrays.row_source
    parts, wholes, thirds = arrays.row_part, arrays.row_whole, arrays.row_third
    dense_at, noise_at, selection_at = (
        arrays.offset[CONCENTRATION],
        arrays.offset[NOISE],
        arrays.offset[SELECTION],
    )
    location, factor, noise = at.location, arrays.row_factor, _noise_variance(v, arrays.offset)
    for row in range(codes.size):
        slope, by_spread = rows[row, 1], rows[row, 2]
        d_terms[parts[row]] += slope * location[row, 1]
        d_terms[wholes[row]] += slope * location[row, 2]
        d_terms[thirds[row]] += slope * location[row, 3]
        if _asks(codes[row]):
            d_v[selection_at + frames[row]] += slope * location[row, 4]
            d_v[dense_at + frames[row]] += by_spread
        else:
            own = noise[sources[row]]
            d_v[noise_at + sources[row]] += by_spread * factor[row] * own / at.spread[row]
