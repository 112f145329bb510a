"""Replicates: statements drawn from the predictive distributions of rows."""

from __future__ import annotations

import numpy as np

from headcount._types import FloatArray
from headcount.layout.row_arrays import RowArrays
from headcount.layout.study_layout import Layout
from headcount.posterior.row_expectations import noise_of

__all__ = ["replicates"]


def replicates(
    layout: Layout, location: FloatArray, spread: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Draw a statement in the place of every row, once for each draw.

    Parameters
    ----------
    layout
        The study that the rows belong to.
    location, spread
        As `headcount.engine.density.evaluation.log_likelihood` returns them; dims (draw, row).
    rng
        Source of randomness.

    Returns
    -------
    numpy.ndarray
        On the scale of the likelihood, dims (draw, row): the logarithm of a count, of a growth
        factor, of a share; for k of n the log odds of (k + 1/2) / (n + 1). A bound or an interval
        gets a count.
    """
    drawn = np.empty_like(location)
    for likelihood, rows in layout.rows.items():
        own = location[:, rows.position], spread[:, rows.position]
        if likelihood.is_binomial:
            drawn[:, rows.position] = _binomial(rows, *own, rng)
        else:
            deviates = noise_of(likelihood).rvs(size=own[0].shape, random_state=rng)
            drawn[:, rows.position] = own[0] + own[1] * deviates
    return drawn


def _binomial(
    rows: RowArrays, log_odds: FloatArray, weight: FloatArray, rng: np.random.Generator
) -> FloatArray:
    n = rows.other.astype(np.int64)
    # A beta distribution needs parameters above zero, and those of a chance near e^-700 are not.
    yes, no = (np.maximum(weight / (1 + np.exp(sign * log_odds)), 1e-300) for sign in (-1, 1))
    k = rng.binomial(n, rng.beta(yes, no))
    return np.asarray(np.log((k + 0.5) / (n - k + 0.5)))
