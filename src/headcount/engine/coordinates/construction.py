"""Choosing the sampled coordinates of a study: partial non-centring and whitening at a centre.

The sampled vector y is mapped to u by an affine whitening, u to the local vector w by partial
non-centring, and w to the free vector x by two maps with closed forms. The whitening needs the
expected posterior precision of u. For effects and shared parameters that is the Fisher information
with the prior's precision. For scales it is the Hessian of minus the log density by u, averaged
over typical points: given u, the density of the scales is close to their marginal density, which
Fisher information would make too narrow, since it counts residuals as known that effects explain in
part. All maps are exact changes of variables, so draws have the posterior as their distribution
whatever the centre is; a poor centre only makes the sampler slower.
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
from headcount.engine.coordinates.noncentring import noncentre
from headcount.engine.coordinates.noncentring_arrays import NonCentring
from headcount.engine.coordinates.posterior_mode import conditional_mode
from headcount.engine.coordinates.sampled_density import Coordinates
from headcount.engine.coordinates.whitening import unwhiten, whiten
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.derivatives.fisher_information import (
    prior_precision,
    row_information_at,
    scale_parameters,
)
from headcount.engine.derivatives.growth_deviations import to_deviations
from headcount.engine.derivatives.log_baseline import to_baseline

__all__ = ["coordinates_at", "coordinates_of", "first_coordinates"]

POINTS: Final = 8
FIRST_POINTS: Final = 3
"""Points over which the Hessian of the scales is averaged: with draws; and before sampling, when
all points have the same scales."""

DIFFERENCE_STEP: Final = 1e-4
"""Step of a log scale in a difference of two gradients."""

LEAST_PRECISION: Final = 0.5
"""Least precision of any direction of the scales, in units of their prior precision: between
typical points the Hessian can be indefinite."""


def first_coordinates(arrays: StudyArrays) -> Coordinates:
    """Choose coordinates before sampling: scales at their prior medians, the rest at its mode."""
    return coordinates_at(arrays, conditional_mode(arrays, arrays.prior_median))


def coordinates_of(arrays: StudyArrays, draws: FloatArray) -> Coordinates:
    """Choose coordinates by draws of the free vector; dims (draw, free)."""
    return coordinates_at(arrays, conditional_mode(arrays, draws.mean(axis=0)), draws)


def coordinates_at(
    arrays: StudyArrays, centre: FloatArray, draws: FloatArray | None = None
) -> Coordinates:
    """Choose coordinates around a centre.

    Parameters
    ----------
    arrays
        The study.
    centre
        The conditional mode given scales in the bulk of the posterior, as a free vector; dims
        (free,).
    draws
        Draws of the free vector, whose scales are those of the typical points; only the centre's
        scales if ``None``; dims (draw, free).

    Returns
    -------
    Coordinates
        Coordinates y with the centre at zero. They are exact whatever the centre is.
    """
    # Linear algebra on more threads changes last digits, and these change draws; a worker of a
    # cluster has one thread.
    with threadpool_limits(limits=1, user_api="blas"):
        noncentring, precision = noncentre(arrays, centre, row_information_at(centre, arrays))
        origin = centre.copy()
        to_baseline(origin, arrays)
        to_deviations(origin, arrays)
        # At the centre effects equal their conditional means, so their residuals are zero.
        origin[noncentring.position[noncentring.position >= 0]] = 0.0
        points = _typical_points(
            origin, precision, arrays, centre[None] if draws is None else draws
        )
        hessian = _mean_scale_hessian(points, noncentring, arrays)
        whole = precision + _positive_definite(hessian, origin, arrays)
        return Coordinates(arrays, noncentring, whiten(origin, whole))


def _typical_points(
    origin: FloatArray, precision: sparse.csc_array, arrays: StudyArrays, draws: FloatArray
) -> FloatArray:
    """Return typical points u of the posterior; at its mode residuals are smaller than elsewhere.

    Effects are drawn from a normal with the expected precision, scales are those of draws.
    """
    scales = scale_parameters(arrays)
    rough = whiten(origin, sparse.csc_array(precision + sparse.diags_array(scales.astype(float))))
    rng, count = np.random.default_rng(POINTS), POINTS if len(draws) > 1 else FIRST_POINTS
    points = np.array([unwhiten(rng.normal(size=origin.size), rough) for _ in range(count)])
    chosen = np.linspace(0, len(draws) - 1, count).round().astype(int)
    points[:, scales] = draws[chosen][:, scales]
    return points


def _mean_scale_hessian(
    points: FloatArray, noncentring: NonCentring, arrays: StudyArrays
) -> FloatArray:
    """Return the Hessian of minus the log density by the scales, averaged over points u.

    It is computed by differences of gradients; dims (scale, scale).
    """
    scales = np.flatnonzero(scale_parameters(arrays))
    unwhitened = Coordinates(arrays, noncentring)

    def gradient(place: tuple[FloatArray, int | None]) -> FloatArray:
        point, scale = place
        if scale is not None:
            point = point.copy()
            point[scale] += DIFFERENCE_STEP
        return unwhitened.log_density(point)[1][scales]

    total = np.zeros((scales.size, scales.size))
    # The compiled density runs without Python's lock.
    with ThreadPoolExecutor(usable_cores()) as threads:
        for point in points:
            here, *ahead = threads.map(gradient, product([point], [None, *scales.tolist()]))
            total += (here - np.array(ahead)) / DIFFERENCE_STEP
    return (total + total.T) / (2 * len(points))


def _positive_definite(
    hessian: FloatArray, origin: FloatArray, arrays: StudyArrays
) -> sparse.csc_array:
    """Return the Hessian of the scales with eigenvalues bounded from below; dims (free, free)."""
    scales = np.flatnonzero(scale_parameters(arrays))
    root = np.sqrt(prior_precision(origin, arrays)[scales])
    values, vectors = np.linalg.eigh(hessian / np.outer(root, root))
    bounded = (vectors * np.maximum(values, LEAST_PRECISION)) @ vectors.T * np.outer(root, root)
    places = (np.repeat(scales, scales.size), np.tile(scales, scales.size))
    return sparse.coo_array((bounded.ravel(), places), (origin.size, origin.size)).tocsc()
