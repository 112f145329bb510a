r"""Recentring: effects move with their scale as their conditional posterior does.

An effect is a standard normal z times a scale :math:`\sigma = e^s`. Where data say much about the effect, z and s are tied
along a curve, which no affine map straightens; where data say little, they are independent. If the data's information on the
effect is I, then given the scale z has mean proportional to :math:`I\sigma / (1 + I\sigma^2)` and sd
:math:`(1 + I\sigma^2)^{-1/2}`. So z is replaced by u with

.. math:: z = m\, r(s) + k(s) (u - m), \qquad
          r = \frac{\sigma}{\sigma_0} \frac{1 + q_0}{1 + q}, \quad k = \sqrt{\frac{1 + q_0}{1 + q}}, \quad
          q = I \sigma^2,

m and :math:`\sigma_0` being z and the scale at the mode: u = z there, and elsewhere u is what is left of z when the scale's
pull is taken out. For I = 0 this is the non-centred parametrisation and for large I the centred one; the density gains the
Jacobian :math:`\log k`. See Papaspiliopoulos, Roberts and Sköld (2007), https://doi.org/10.1214/088342307000000014, on why
the data should choose.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy import sparse

from headcount._types import FloatArray, IntArray
from headcount.engine.arrays import Arrays
from headcount.engine.curvature import factorise, scale_parameters
from headcount.engine.density import log_density_and_gradient

__all__ = ["Recentring", "no_recentring", "recentre", "recentred_density", "recentring_slope", "scales_of", "to_natural"]


class Recentring(NamedTuple):
    """The map from u to x.

    Attributes
    ----------
    scale
        Position of each variable's log scale, -1 for variables without one; dims (free,).
    mode
        The variables at the mode.
    log_scale
        Their log scales at the mode.
    information
        q at the mode: information times squared scale.
    """

    scale: IntArray
    mode: FloatArray
    log_scale: FloatArray
    information: FloatArray


def scales_of(arrays: Arrays) -> IntArray:
    """Return the position of each free variable's log scale, -1 where it has none; dims (free,)."""
    scale = np.full(arrays.family.size, -1, dtype=np.int64)
    scaled = arrays.entry_b >= 0
    scale[arrays.entry_a[scaled]] = arrays.entry_b[scaled]
    return scale


def no_recentring(arrays: Arrays) -> Recentring:
    """Return the map that leaves everything as it is."""
    size = arrays.family.size
    return Recentring(np.full(size, -1), np.zeros(size), np.zeros(size), np.zeros(size))


def recentre(arrays: Arrays, mode: FloatArray, precision: sparse.csc_matrix) -> Recentring:
    """Choose the recentring from the curvature at the mode.

    Parameters
    ----------
    arrays
        The study.
    mode
        Mode of the density in x.
    precision
        Curvature there; dims (free, free).

    Returns
    -------
    Recentring
        With each effect's information read off its variance given the scales.
    """
    scale = scales_of(arrays)
    others = np.flatnonzero(~scale_parameters(arrays))
    variance = np.ones(mode.size)
    within = precision[others][:, others]
    variance[others] = np.diag(factorise(within).solve(np.eye(others.size)))
    information = np.maximum(1 / variance - 1, 0.0)
    information[scale < 0] = 0.0
    return Recentring(scale, mode, np.where(scale >= 0, mode[scale], 0.0), information)


def recentring_slope(recentring: Recentring) -> sparse.csc_matrix:
    """Return the derivative of x by u at the mode, dims (free, free): effects follow their scales."""
    effects = np.flatnonzero(recentring.scale >= 0)
    weight = recentring.information[effects] / (1 + recentring.information[effects])
    pull = recentring.mode[effects] * (1 - 2 * weight)
    size = recentring.mode.size
    shape = (size, size)
    return (
        sparse.identity(size) + sparse.csc_matrix((pull, (effects, recentring.scale[effects])), shape)
    ).tocsc()


@njit(cache=True, nogil=True)
def to_natural(u: FloatArray, recentring: Recentring) -> FloatArray:
    """Return the free vector x of a point u."""
    x = u.copy()
    for a in range(u.size):
        b = recentring.scale[a]
        if b >= 0:
            r, k, _ = _factors(u[b], a, recentring)
            x[a] = recentring.mode[a] * r + k * (u[a] - recentring.mode[a])
    return x


@njit(cache=True, nogil=True)
def _factors(s: float, a: int, recentring: Recentring) -> tuple[float, float, float]:
    """Return r, k and q / (1 + q) of variable a at log scale s."""
    ahead = s - recentring.log_scale[a]
    q0 = recentring.information[a]
    q = q0 * math.exp(2 * ahead)
    shrink = (1 + q0) / (1 + q)
    return math.exp(ahead) * shrink, math.sqrt(shrink), q / (1 + q)


@njit(cache=True, nogil=True)
def recentred_density(
    u: FloatArray, recentring: Recentring, arrays: Arrays, gradient: FloatArray
) -> float:
    """Evaluate the log density at a point u, Jacobian included, and fill its gradient by u."""
    total = log_density_and_gradient(to_natural(u, recentring), arrays, gradient)
    for a in range(u.size):
        b = recentring.scale[a]
        if b >= 0:
            r, k, weight = _factors(u[b], a, recentring)
            centre = recentring.mode[a]
            by_scale = centre * r * (1 - 2 * weight) - k * weight * (u[a] - centre)
            total += math.log(k)
            gradient[b] += gradient[a] * by_scale - weight
            gradient[a] *= k
    return total
