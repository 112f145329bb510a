r"""Recentring: effects move with their scales as their conditional posterior does.

An effect is a standard normal z times a scale :math:`\sigma = e^s`. Where data say much about effects, z and s are tied along a
curve, which no affine map straightens; where data say little, they are independent. Data mostly speak about *sums* of a region's
effects (its level, how its scopes differ, how its sources see it; its growth in all years), so these are taken together. Given
the scales, and what is shared between regions, a block of effects z is close to normal with

.. math:: Q(s) = I + S G S, \qquad \mu(s) = Q^{-1} S b, \qquad S = \mathrm{diag}(\sigma),

G the information of the data on the effects and b its pull, both taken at a centre where the scales are
:math:`\sigma_0`. With Q = LL', z is replaced by u:

.. math:: z = \mu(s) + L(s)^{-T} L(s_0)^T (u - \mu(s_0)),

so u = z at the centre, and elsewhere u is what is left of z when the pull of the scales is taken out; the density gains the
Jacobian :math:`-\sum \log L_{ii}`. Without information this is the non-centred parametrisation, with much of it the centred
one, and between them what the data ask for. See Papaspiliopoulos, Roberts and Sköld (2007),
https://doi.org/10.1214/088342307000000014, on why the data should choose. The adjoint of the Cholesky factorisation is that of
Murray (2016), https://arxiv.org/abs/1602.07527.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy import sparse

from headcount._types import FloatArray, IntArray
from headcount.engine.arrays import Arrays
from headcount.engine.density import log_density_and_gradient

__all__ = ["Recentring", "recentre", "recentred_density", "recentring_slope", "to_natural"]


class Recentring(NamedTuple):
    """The map from u to x; blocks have different sizes and lie one after the other.

    Attributes
    ----------
    start
        Where each block starts in ``member``; dims (block + 1,).
    member, scale
        Position of each effect and of its log scale in x; dims (effect,).
    matrix_start
        Where each block's matrices start; dims (block + 1,).
    information
        G of each block, row by row.
    pull
        b of each block; dims (effect,).
    centre
        The effects at the centre, mu(s0); dims (effect,).
    factor
        L(s0) of each block, row by row.
    """

    start: IntArray
    member: IntArray
    scale: IntArray
    matrix_start: IntArray
    information: FloatArray
    pull: FloatArray
    centre: FloatArray
    factor: FloatArray


def recentre(arrays: Arrays, centre: FloatArray, precision: sparse.csc_matrix) -> Recentring:
    """Choose the recentring from the curvature at a point.

    Parameters
    ----------
    arrays
        The study.
    centre
        A point in the bulk of the posterior; dims (free,).
    precision
        Curvature there; dims (free, free).

    Returns
    -------
    Recentring
        With a block for each group of effects, and one for each other effect.
    """
    scale_of = _scales(arrays)
    blocks = _blocks(arrays, scale_of)
    information, pull, factor = [], [], []
    for members in blocks:
        own = precision[np.ix_(members, members)].toarray()
        sigma = np.exp(centre[scale_of[members]])
        seen = own - np.eye(len(members))
        information.append((seen / np.outer(sigma, sigma)).ravel())
        pull.append(own @ centre[members] / sigma)
        factor.append(np.linalg.cholesky(own).ravel())
    sizes = np.array([len(members) for members in blocks], dtype=np.int64)
    member = np.concatenate(blocks)
    return Recentring(
        start=np.concatenate([[0], np.cumsum(sizes)]),
        member=member,
        scale=scale_of[member],
        matrix_start=np.concatenate([[0], np.cumsum(sizes**2)]),
        information=np.concatenate(information),
        pull=np.concatenate(pull),
        centre=centre[member],
        factor=np.concatenate(factor),
    )


def _scales(arrays: Arrays) -> IntArray:
    """Return the position of each free variable's log scale, -1 where it has none; dims (free,)."""
    scale = np.full(arrays.family.size, -1, dtype=np.int64)
    scaled = arrays.entry_b >= 0
    scale[arrays.entry_a[scaled]] = arrays.entry_b[scaled]
    return scale


def _blocks(arrays: Arrays, scale_of: IntArray) -> list[IntArray]:
    """Return the members of each block: effects of one group, or one effect that stands alone."""
    groups: dict[int, list[int]] = {}
    for effect in np.flatnonzero(scale_of >= 0):
        group = int(arrays.group[effect])
        groups.setdefault(group if group >= 0 else -2 - int(effect), []).append(int(effect))
    return [np.array(members, dtype=np.int64) for members in groups.values()]


def recentring_slope(size: int, recentring: Recentring) -> sparse.csc_matrix:
    """Return the derivative of x by u at the centre, dims (free, free): effects follow their scales.

    The derivative of L is left out: at the centre it is multiplied with what is zero there.
    """
    rows, columns, values = [], [], []
    for block in range(len(recentring.start) - 1):
        part = slice(recentring.start[block], recentring.start[block + 1])
        matrix = slice(recentring.matrix_start[block], recentring.matrix_start[block + 1])
        members, scales = recentring.member[part], recentring.scale[part]
        shape = (len(members), len(members))
        factor = recentring.factor[matrix].reshape(shape)
        seen = factor @ factor.T - np.eye(len(members))
        mean = recentring.centre[part]
        # d mu = Q^{-1} (dS b - dQ mu), with dQ = dS G S + S G dS, one scale at a time.
        pulled = np.diag((factor @ factor.T) @ mean) - np.diag(seen @ mean) - seen * mean[None, :]
        slope = np.linalg.solve(factor @ factor.T, pulled)
        rows.append(np.repeat(members, len(members)))
        columns.append(np.tile(scales, len(members)))
        values.append(slope.ravel())
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return (sparse.identity(size) + sparse.coo_matrix(entries, (size, size))).tocsc()


@njit(cache=True, nogil=True, error_model="numpy")
def to_natural(u: FloatArray, recentring: Recentring) -> FloatArray:
    """Return the free vector x of a point u."""
    return _map(u, recentring)[0]


@njit(cache=True, nogil=True, error_model="numpy")
def recentred_density(u: FloatArray, recentring: Recentring, arrays: Arrays, gradient: FloatArray) -> float:
    """Evaluate the log density at a point u, Jacobian included, and fill its gradient by u."""
    x, sigma, mean, factors = _map(u, recentring)
    total = log_density_and_gradient(x, arrays, gradient)
    for block in range(recentring.start.size - 1):
        if recentring.start[block + 1] == recentring.start[block] + 1:
            total += _back_single(block, u, recentring, gradient)
        else:
            total += _back_block(block, x, recentring, sigma, mean, factors, gradient)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _map(u: FloatArray, recentring: Recentring) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return x, and what the way back needs: the scales, L^{-1} S b, and L(s) of all blocks."""
    x = u.copy()
    sigma, mean = np.empty(recentring.member.size), np.empty(recentring.member.size)
    factors = np.empty(recentring.factor.size)
    for block in range(recentring.start.size - 1):
        start, end = recentring.start[block], recentring.start[block + 1]
        if end == start + 1:
            centre, stretch, _ = _single(block, u, recentring)
            member = recentring.member[start]
            x[member] = centre + stretch * (u[member] - recentring.centre[start])
            continue
        for i in range(start, end):
            sigma[i] = math.exp(u[recentring.scale[i]])
            mean[i] = sigma[i] * recentring.pull[i]
        factor = _square(factors, block, recentring)
        _factorise(factor, sigma[start:end], _square(recentring.information, block, recentring))
        _lower_solve(factor, mean[start:end])
        # mu + L^{-T} w = L^{-T} (L^{-1} S b + w), w what the scales do not explain.
        value = _left_over(block, u, recentring)
        value += mean[start:end]
        _upper_solve(factor, value)
        for i in range(start, end):
            x[recentring.member[i]] = value[i - start]
    return x, sigma, mean, factors


@njit(cache=True, nogil=True, error_model="numpy")
def _square(values: FloatArray, block: int, recentring: Recentring) -> FloatArray:
    """Return a block's matrix as a view."""
    n = recentring.start[block + 1] - recentring.start[block]
    at = recentring.matrix_start[block]
    return values[at : at + n * n].reshape((n, n))


@njit(cache=True, nogil=True, error_model="numpy")
def _factorise(factor: FloatArray, sigma: FloatArray, information: FloatArray) -> None:
    """Fill L, the Cholesky factor of I + S G S; the upper triangle is not touched."""
    for i in range(sigma.size):
        for j in range(i + 1):
            total = sigma[i] * sigma[j] * information[i, j]
            for k in range(j):
                total -= factor[i, k] * factor[j, k]
            factor[i, j] = math.sqrt(1 + total) if i == j else total / factor[j, j]


@njit(cache=True, nogil=True, error_model="numpy")
def _lower_solve(factor: FloatArray, value: FloatArray) -> None:
    """Replace a vector v by L^{-1} v."""
    for i in range(value.size):
        for k in range(i):
            value[i] -= factor[i, k] * value[k]
        value[i] /= factor[i, i]


@njit(cache=True, nogil=True, error_model="numpy")
def _upper_solve(factor: FloatArray, value: FloatArray) -> None:
    """Replace a vector v by L^{-T} v."""
    for i in range(value.size - 1, -1, -1):
        value[i] /= factor[i, i]
        for k in range(i):
            value[k] -= factor[i, k] * value[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _left_over(block: int, u: FloatArray, recentring: Recentring) -> FloatArray:
    """Return L(s0)' (u - mu(s0)), what the scales do not explain."""
    start, end = recentring.start[block], recentring.start[block + 1]
    factor = _square(recentring.factor, block, recentring)
    left = np.zeros(end - start)
    for i in range(end - start):
        ahead = u[recentring.member[start + i]] - recentring.centre[start + i]
        for k in range(i + 1):
            left[k] += factor[i, k] * ahead
    return left


@njit(cache=True, nogil=True, error_model="numpy")
def _single(block: int, u: FloatArray, recentring: Recentring) -> tuple[float, float, float]:
    """Return mean, stretch and weight of the data for a block of one effect, without a matrix."""
    start, at = recentring.start[block], recentring.matrix_start[block]
    sigma = math.exp(u[recentring.scale[start]])
    seen = sigma * sigma * recentring.information[at]
    stretch = recentring.factor[at] / math.sqrt(1 + seen)
    return sigma * recentring.pull[start] / (1 + seen), stretch, seen / (1 + seen)


@njit(cache=True, nogil=True, error_model="numpy")
def _back_single(block: int, u: FloatArray, recentring: Recentring, gradient: FloatArray) -> float:
    """Do what `_back_block` does for a block of one effect."""
    start = recentring.start[block]
    member = recentring.member[start]
    mean, stretch, weight = _single(block, u, recentring)
    ahead = u[member] - recentring.centre[start]
    by_scale = mean * (1 - 2 * weight) - stretch * weight * ahead
    gradient[recentring.scale[start]] += gradient[member] * by_scale - weight
    gradient[member] *= stretch
    return math.log(stretch)


@njit(cache=True, nogil=True, error_model="numpy")
def _back_block(
    block: int,
    x: FloatArray,
    recentring: Recentring,
    sigma: FloatArray,
    mean: FloatArray,
    factors: FloatArray,
    gradient: FloatArray,
) -> float:
    """Turn the block's gradient by x into one by u, add that by its scales, and return the log Jacobian."""
    start, end = recentring.start[block], recentring.start[block + 1]
    n = end - start
    factor, first = _square(factors, block, recentring), _square(recentring.factor, block, recentring)
    log_jacobian = 0.0
    d_left = np.empty(n)
    for i in range(n):
        log_jacobian += math.log(first[i, i] / factor[i, i])
        d_left[i] = gradient[recentring.member[start + i]]
    _lower_solve(factor, d_left)
    d_pulled = d_left.copy()
    _upper_solve(factor, d_pulled)
    d_factor = np.zeros((n, n))
    for i in range(n):
        z = x[recentring.member[start + i]]
        for j in range(i + 1):
            d_factor[i, j] = -z * d_left[j] - d_pulled[i] * mean[start + j]
        d_factor[i, i] -= 1 / factor[i, i]
    _back_cholesky(factor, d_factor)
    information = _square(recentring.information, block, recentring)
    for i in range(n):
        by_member, by_scale = 0.0, sigma[start + i] * recentring.pull[start + i] * d_pulled[i]
        for j in range(i + 1):
            by_member += first[i, j] * d_left[j]
        for j in range(n):
            both = d_factor[i, j] + d_factor[j, i]
            by_scale += sigma[start + i] * sigma[start + j] * information[i, j] * both
        gradient[recentring.member[start + i]] = by_member
        gradient[recentring.scale[start + i]] += by_scale
    return log_jacobian


@njit(cache=True, nogil=True, error_model="numpy")
def _back_cholesky(factor: FloatArray, d_q: FloatArray) -> None:
    """Turn the derivative by L into that by Q, in place; each pair off the diagonal is counted once, below it."""
    n = len(factor)
    for i in range(n - 1, -1, -1):
        d_q[i, i] *= 0.5 / factor[i, i]
        for k in range(i):
            d_q[i, k] -= 2 * d_q[i, i] * factor[i, k]
        for j in range(i - 1, -1, -1):
            d_q[i, j] /= factor[j, j]
            d_q[j, j] -= d_q[i, j] * factor[i, j]
            for k in range(j):
                d_q[i, k] -= d_q[i, j] * factor[j, k]
                d_q[j, k] -= d_q[i, j] * factor[i, k]
