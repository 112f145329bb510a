"""Derivatives by differences, and points of studies at which tests take them."""

from __future__ import annotations

import numpy as np
from tests.studies import STUDIES, prior_draws, study

from headcount.engine.density.log_density import log_density_and_gradient
from headcount.engine.density.study_arrays import StudyArrays, arrays_of
from headcount.engine.derivatives.growth_deviations import to_deviations, to_innovations
from headcount.engine.derivatives.log_baseline import to_baseline, to_total

__all__ = [
    "SMALL",
    "arrays_and_points",
    "assert_close",
    "derivative",
    "free_of",
    "local_of",
    "log_density_of",
    "log_jacobian",
    "with_baseline",
    "with_total",
    "without_rows",
]

SMALL = [name for name in STUDIES if name != "rich"]
"""Studies small enough for differences by every variable."""


def arrays_and_points(name, points, seed=3):
    """Return the arrays of a study and prior draws of its free vector; dims (point, free)."""
    layout = study(name).layout
    return arrays_of(layout), prior_draws(layout, np.random.default_rng(seed), points)


def derivative(function, x, step=1e-4):
    """Return derivatives by each element of x, by central differences of error step^4; the last dim
    is x's."""
    columns = []
    for i in range(x.size):
        at = []
        for factor in (-2, -1, 1, 2):
            moved = x.copy()
            moved[i] += factor * step
            at.append(np.asarray(function(moved)))
        columns.append((at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * step))
    return np.stack(columns, axis=-1)


def log_jacobian(function, at):
    """Return the log of the absolute Jacobian determinant: variables may change their order."""
    return np.linalg.slogdet(derivative(function, at)).logabsdet


def log_density_of(arrays):
    """Return the log density as a function of the free vector."""
    return lambda x: log_density_and_gradient(x, arrays, np.empty(x.size))


def with_baseline(x, arrays):
    """Return the vector with the log baseline in the place of the log total."""
    moved = x.copy()
    to_baseline(moved, arrays)
    return moved


def with_total(x, arrays):
    """Return the vector with the log total in the place of the log baseline."""
    moved = x.copy()
    to_total(moved, arrays)
    return moved


def local_of(x, arrays):
    """Return the local vector w at a free vector x."""
    moved = with_baseline(x, arrays)
    to_deviations(moved, arrays)
    return moved


def free_of(w, arrays):
    """Return the free vector x at a local vector w."""
    moved = w.copy()
    to_innovations(moved, arrays)
    return with_total(moved, arrays)


def without_rows(arrays):
    """Return the arrays of the prior alone."""
    rows = {
        name: getattr(arrays, name)[:0] for name in StudyArrays._fields if name.startswith("row_")
    }
    return arrays._replace(**rows)


def assert_close(found, expected, rtol=1e-6):
    """Compare arrays, with an absolute tolerance relative to the largest expected value."""
    np.testing.assert_allclose(
        found, expected, rtol=rtol, atol=rtol * max(1.0, np.abs(expected).max())
    )
