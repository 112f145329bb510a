"""The coordinates to sample in: effects recentred by what scales and shared quantities are, then
whitened.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Final

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from headcount._machine import usable_cores
from headcount._types import FloatArray
from headcount.engine.coordinates.noncentring import recentre
from headcount.engine.coordinates.noncentring_arrays import Recentring
from headcount.engine.coordinates.posterior_mode import conditional_mode
from headcount.engine.coordinates.sampled_density import Coordinates
from headcount.engine.coordinates.whitening import to_recentred, whiten
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.derivatives.fisher_information import (
    prior_precision,
    row_information_at,
    scale_parameters,
)
from headcount.engine.derivatives.growth_deviations import to_deviations
from headcount.engine.derivatives.log_baseline import to_baseline

__all__ = ["first_geometry", "geometry_at", "geometry_of"]

POINTS, FIRST_POINTS = 8, 3
"""How many typical points the curvature of the scales is averaged over; before anything is sampled,
all have the same scales."""

STEP: Final = 1e-4
"""Of a scale, on the log scale, for the difference of two gradients."""

FLATTEST: Final = 0.5
"""Least curvature of a direction of scales, in units of their priors': between typical points it
can be negative."""


def first_geometry(arrays: StudyArrays) -> Coordinates:
    """Choose coordinates before anything is sampled: scales at the middle of their priors, the rest
    at its mode.
    """
    return geometry_at(arrays, conditional_mode(arrays, arrays.prior_median))


def geometry_of(arrays: StudyArrays, draws: FloatArray) -> Coordinates:
    """Choose coordinates by draws of the free vector; dims (draw, free)."""
    return geometry_at(arrays, conditional_mode(arrays, draws.mean(axis=0)), draws)


def geometry_at(
    arrays: StudyArrays, centre: FloatArray, draws: FloatArray | None = None
) -> Coordinates:
    """Choose the coordinates around a point.

    Parameters
    ----------
    arrays
        The study.
    centre
        The mode given scales in the bulk of the posterior; dims (free,).
    draws
        Draws of the free vector, of which the scales are looked at to see how far they range; only
        the centre's if ``None``; dims (draw, free).

    Returns
    -------
    Coordinates
        Exact whatever the centre: a poor one only makes sampling slower.
    """
    # Linear algebra on more threads ends in other last digits, and these in other draws: a
    # cluster's workers have one thread.
    with threadpool_limits(limits=1, user_api="blas"):
        recentring, expected = recentre(arrays, centre, row_information_at(centre, arrays))
        origin = centre.copy()
        to_baseline(origin, arrays)
        to_deviations(origin, arrays)
        # Nothing is left of effects where they are what all else makes of them.
        origin[recentring.member[recentring.member >= 0]] = 0.0
        points = _typical_points(origin, expected, arrays, centre[None] if draws is None else draws)
        own = _scale_curvature(points, recentring, arrays)
        return Coordinates(
            arrays, recentring, whiten(origin, expected + _definite(own, origin, arrays))
        )


def _typical_points(
    origin: FloatArray, expected: sparse.csc_array, arrays: StudyArrays, draws: FloatArray
) -> FloatArray:
    """Return points u where the posterior is; at its mode residuals are smaller than anywhere else.

    Effects are drawn as the expected curvature says, scales are those of draws.
    """
    scales = scale_parameters(arrays)
    rough = whiten(origin, sparse.csc_array(expected + sparse.diags_array(scales.astype(float))))
    rng, count = np.random.default_rng(POINTS), POINTS if len(draws) > 1 else FIRST_POINTS
    points = np.array([to_recentred(rng.normal(size=origin.size), rough) for _ in range(count)])
    chosen = np.linspace(0, len(draws) - 1, count).round().astype(int)
    points[:, scales] = draws[chosen][:, scales]
    return points


def _scale_curvature(points: FloatArray, recentring: Recentring, arrays: StudyArrays) -> FloatArray:
    """Return the curvature of the scales, by differences of gradients, averaged over points; dims
    (scale, scale).

    With effects recentred this is the curvature of the marginal density of the scales, as Laplace's
    approximation has it. Fisher's information would overstate it: it takes residuals for known that
    effects explain in part.
    """
    scales = np.flatnonzero(scale_parameters(arrays))
    recentred = Coordinates(arrays, recentring)

    def gradient(place: tuple[FloatArray, int | None]) -> FloatArray:
        point, scale = place
        if scale is not None:
            point = point.copy()
            point[scale] += STEP
        return recentred.log_density(point)[1][scales]

    found = np.zeros((scales.size, scales.size))
    # The functions of C leave Python's lock to others.
    with ThreadPoolExecutor(usable_cores()) as threads:
        for point in points:
            here, *ahead = threads.map(gradient, product([point], [None, *scales.tolist()]))
            found += (here - np.array(ahead)) / STEP
    return (found + found.T) / (2 * len(points))


def _definite(own: FloatArray, origin: FloatArray, arrays: StudyArrays) -> sparse.csc_array:
    """Return the scales' curvature made positive definite, among all free variables; dims (free,
    free).
    """
    scales = np.flatnonzero(scale_parameters(arrays))
    root = np.sqrt(prior_precision(origin, arrays)[scales])
    values, vectors = np.linalg.eigh(own / np.outer(root, root))
    steep = (vectors * np.maximum(values, FLATTEST)) @ vectors.T * np.outer(root, root)
    places = (np.repeat(scales, scales.size), np.tile(scales, scales.size))
    return sparse.coo_array((steep.ravel(), places), (origin.size, origin.size)).tocsc()
