"""Densities: the log likelihood of each row, by observation kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from headcount._types import FloatArray
from headcount.simulation.binomial_rows import log_binomial_density
from headcount.simulation.required_values import required
from headcount.simulation.rounding_rules import reads_as_count, rounding_interval
from headcount.simulation.row_noise import (
    interval_se,
    noise_of_count,
    noise_of_growth,
    noise_of_share,
)
from headcount.simulation.state import State
from headcount.study.observation import Observation
from headcount.study.observations import Observations
from headcount.study.specs import ModelSpec

__all__ = ["OBSERVATION_DENSITIES", "log_density"]

type Density = Callable[[Observation, State, ModelSpec], float]


def log_density(spec: ModelSpec, observations: Observations, state: State) -> FloatArray:
    """Return the log likelihood of each fitted row.

    Parameters
    ----------
    spec
        The declaration.
    observations
        Rows that fit the spec; excluded ones are skipped.
    state
        Latent quantities.

    Returns
    -------
    numpy.ndarray
        Log density of log y, log(1 + g) or log p for counts, flows, ranges with mass below 1,
        growth, shares and rounded numbers that are treated as counts; log probability for zeros,
        bounds, ranges of mass 1, suppressed and other rounded numbers, surveys and overlaps. Dims
        (row,), in the order of ``observations.fitted``.
    """
    return np.array(
        [OBSERVATION_DENSITIES[row.kind](row, state, spec) for row in observations.fitted],
        dtype=float,
    )


def _count(row: Observation, state: State, spec: ModelSpec) -> float:
    y, noise = required(row, "value"), noise_of_count(row, state, spec)
    return (
        noise.log_density(np.log(y), row.relative_se or 0.0, y**-0.5)
        if y > 0
        else noise.log_below(1.0)
    )


def _rounded(row: Observation, state: State, spec: ModelSpec) -> float:
    (low, high), noise = rounding_interval(row), noise_of_count(row, state, spec)
    if row.value == 0:
        return noise.log_below(high)
    if reads_as_count(row):
        return _count(row, state, spec)
    return noise.log_within(low, high, row.relative_se or 0.0, required(row, "value") ** -0.5)


def _lower_bound(row: Observation, state: State, spec: ModelSpec) -> float:
    return noise_of_count(row, state, spec).log_above(required(row, "value"))


def _upper_bound(row: Observation, state: State, spec: ModelSpec) -> float:
    return noise_of_count(row, state, spec).log_below(required(row, "value"))


def _range(row: Observation, state: State, spec: ModelSpec) -> float:
    lower, upper, noise = (
        required(row, "lower"),
        required(row, "upper"),
        noise_of_count(row, state, spec),
    )
    middle = np.sqrt(lower * upper)
    if row.mass == 1:
        return noise.log_within(lower, upper, middle**-0.5)
    return noise.log_density(np.log(middle), interval_se(row), middle**-0.5)


def _growth(row: Observation, state: State, spec: ModelSpec) -> float:
    return noise_of_growth(row, state, spec).log_density(np.log1p(required(row, "value")))


def _share(row: Observation, state: State, spec: ModelSpec) -> float:
    p = required(row, "value")
    sampling = 0.0 if row.n is None else np.sqrt(max(0.0, 1 - p) / (row.n * p))
    return noise_of_share(row, state, spec).log_density(np.log(p), sampling)


OBSERVATION_DENSITIES: Final[dict[str, Density]] = {
    "count": _count,
    "rounded": _rounded,
    "lower_bound": _lower_bound,
    "upper_bound": _upper_bound,
    "suppressed": _upper_bound,
    "range": _range,
    "flow": _count,
    "growth": _growth,
    "share": _share,
    "survey": log_binomial_density,
    "overlap": log_binomial_density,
}
"""Log likelihood of a row given a state, by observation kind."""
