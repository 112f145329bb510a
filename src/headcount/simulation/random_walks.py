"""Walks: what is zero in the reference year and moves by steps from there."""

from __future__ import annotations

import numpy as np

from headcount._types import FloatArray

__all__ = ["walk_from"]


def walk_from(steps: FloatArray, reference: int) -> FloatArray:
    """Add up steps, forwards and backwards from the reference year.

    Parameters
    ----------
    steps
        Change since the year before, dims (..., step); the first step ends in the second year.
    reference
        Position of the reference year.

    Returns
    -------
    numpy.ndarray
        Dims (..., year); zero at ``reference``.
    """
    since_first = np.insert(np.cumsum(steps, axis=-1), 0, 0.0, axis=-1)
    return since_first - since_first[..., [reference]]
