"""Random walks that are zero in the reference year."""

from __future__ import annotations

import numpy as np

from headcount._types import FloatArray

__all__ = ["walk_from"]


def walk_from(steps: FloatArray, reference: int) -> FloatArray:
    """Return cumulative sums of steps, forwards and backwards from the reference year.

    Parameters
    ----------
    steps
        Changes from each year to the next, dims (..., step).
    reference
        Position of the reference year.

    Returns
    -------
    numpy.ndarray
        Dims (..., year); zero at ``reference``.
    """
    since_first = np.insert(np.cumsum(steps, axis=-1), 0, 0.0, axis=-1)
    return since_first - since_first[..., [reference]]
