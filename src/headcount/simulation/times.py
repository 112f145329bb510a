"""Linear interpolation between the middles of the model's years."""

from __future__ import annotations

import numpy as np

from headcount._types import FloatArray
from headcount.study.specs import ModelSpec

__all__ = ["at_time"]


def at_time(values: FloatArray, time: float, spec: ModelSpec) -> FloatArray:
    """Return a quantity at a time.

    Parameters
    ----------
    values
        Values at the middles of the model's years, dims (..., year).
    time
        In years; 2021.0 is the middle of 2021.
    spec
        The declaration; it has at least two years.

    Returns
    -------
    numpy.ndarray
        Interpolated between the two years around the time; beyond the outermost years extrapolated
        from the nearest two. Dims (...).
    """
    since_first = time - spec.years.first
    before = int(np.clip(np.floor(since_first), 0, values.shape[-1] - 2))
    part = since_first - before
    return np.asarray((1 - part) * values[..., before] + part * values[..., before + 1])
