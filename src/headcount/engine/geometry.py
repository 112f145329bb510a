"""The coordinates to sample in: recentred effects, then whitened by the curvature at the mode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headcount._types import FloatArray
from headcount.engine.arrays import Arrays
from headcount.engine.curvature import conditional_mode, expected_curvature
from headcount.engine.recentring import Recentring, recentre, recentring_slope
from headcount.engine.whitening import Whitening, to_free, whiten, whitened_density

__all__ = ["Geometry", "first_geometry", "geometry_at"]


@dataclass(frozen=True)
class Geometry:
    """A density in coordinates y that a sampler likes, and the way back to x.

    Parameters
    ----------
    arrays
        The study.
    recentring, whitening
        The two maps, applied to y in the order whitening, recentring.
    """

    arrays: Arrays
    recentring: Recentring
    whitening: Whitening

    @property
    def size(self) -> int:
        """Number of free variables."""
        return self.arrays.family.size

    def log_density(self, y: FloatArray) -> tuple[float, FloatArray]:
        """Return the log density at y and its gradient."""
        gradient = np.empty(y.size)
        total = whitened_density(y, self.whitening, self.recentring, self.arrays, gradient)
        return total, gradient

    def free(self, y: FloatArray) -> FloatArray:
        """Return the free vector x at y."""
        return to_free(y, self.whitening, self.recentring)


def geometry_at(arrays: Arrays, centre: FloatArray) -> Geometry:
    """Choose the coordinates around a point.

    Parameters
    ----------
    arrays
        The study.
    centre
        A point in the bulk of the posterior, scales included; dims (free,).

    Returns
    -------
    Geometry
        Exact whatever the centre: a poor one only makes sampling slower.
    """
    precision = expected_curvature(centre, arrays)
    recentring = recentre(arrays, centre, precision)
    slope = recentring_slope(arrays.family.size, recentring)
    return Geometry(arrays, recentring, whiten(centre, (slope.T @ precision @ slope).tocsc()))


def first_geometry(arrays: Arrays) -> Geometry:
    """Choose coordinates before anything is sampled: scales at the middle of their priors, the rest at its mode."""
    return geometry_at(arrays, conditional_mode(arrays, arrays.middle))
