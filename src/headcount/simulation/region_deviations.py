"""Units: deviations that regions which are alike share."""

from __future__ import annotations

import numpy as np

from headcount._types import FloatArray
from headcount.study.specs import ModelSpec

__all__ = ["unit_deviations"]


def unit_deviations(sd: float, spec: ModelSpec, rng: np.random.Generator) -> FloatArray:
    """Draw a deviation for each unit and hand it to all its regions.

    Parameters
    ----------
    sd
        Of the deviations; the generator moves on the same way where it is 0.
    spec
        The declaration; its areas say which regions are alike.
    rng
        Source of randomness.

    Returns
    -------
    numpy.ndarray
        Dims (region,).
    """
    areas = spec.areas
    own = dict(zip(areas.reach_groups, rng.standard_normal(len(areas.reach_groups)), strict=True))
    return sd * np.array([own[areas.reach_group_of(region)] for region in areas.regions])
