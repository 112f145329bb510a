"""The coordinates to sample in: recentred effects, then whitened by the curvature at the mode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from headcount._types import FloatArray
from headcount.engine.arrays import Arrays
from headcount.engine.density import log_density_and_gradient
from headcount.engine.recentring import Recentring, no_recentring, recentre, recentred_density
from headcount.engine.whitening import (
    Whitening,
    curvature,
    to_free,
    whiten,
    whitened_density,
)

__all__ = ["Geometry", "geometry_of"]


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


def geometry_of(arrays: Arrays) -> Geometry:
    """Find the mode and choose the coordinates.

    Parameters
    ----------
    arrays
        The study.

    Returns
    -------
    Geometry
        Exact whatever the quality of the mode: a poor one only makes sampling slower.
    """
    plain = no_recentring(arrays)
    mode = _mode(arrays)
    recentring = recentre(arrays, mode, curvature(mode, lambda x: _gradient(x, plain, arrays)))
    precision = curvature(mode, lambda u: _gradient(u, recentring, arrays))
    return Geometry(arrays, recentring, whiten(mode, precision))


def _gradient(u: FloatArray, recentring: Recentring, arrays: Arrays) -> FloatArray:
    gradient = np.empty(u.size)
    recentred_density(u, recentring, arrays, gradient)
    return gradient


def _mode(arrays: Arrays) -> FloatArray:
    def loss(x: FloatArray) -> tuple[float, FloatArray]:
        gradient = np.empty(x.size)
        return -log_density_and_gradient(x, arrays, gradient), -gradient

    start = np.where(arrays.family == 0, arrays.first, 0.0)
    options = {"maxiter": 2000, "maxfun": 4000, "maxcor": 30}
    return np.asarray(optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x)
