"""Deviations that all regions of a reach group share."""

from __future__ import annotations

import numpy as np

from headcount._types import FloatArray
from headcount.study.specs import ModelSpec

__all__ = ["reach_group_deviations"]


def reach_group_deviations(sd: float, spec: ModelSpec, rng: np.random.Generator) -> FloatArray:
    """Draw a deviation for each reach group and return it for each of its regions.

    Parameters
    ----------
    sd
        Standard deviation. Where it is 0, as many random numbers are drawn.
    spec
        The declaration; its areas have the reach groups.
    rng
        Random generator.

    Returns
    -------
    numpy.ndarray
        Dims (region,).
    """
    areas = spec.areas
    own = dict(zip(areas.reach_groups, rng.standard_normal(len(areas.reach_groups)), strict=True))
    return sd * np.array([own[areas.reach_group_of(region)] for region in areas.regions])
