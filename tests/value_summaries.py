"""Summaries for tests of the value of information, in a module that other processes can import."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from headcount._types import AnyArray
from headcount.posterior.estimands import headcount
from headcount.posterior.fits import Fit

__all__ = ["spread_of_total"]


def spread_of_total(fit: Fit) -> Mapping[str, AnyArray]:
    """Return the posterior variance of the log headcount of the root area, by year."""
    logs = np.log(headcount(fit).to_numpy())
    return {
        "variance": logs.reshape(-1, logs.shape[-1]).var(axis=0),
        "mean": logs.mean(axis=(0, 1)),
    }
