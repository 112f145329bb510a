"""Densities: the likelihood of each row, by kind, with SciPy's distributions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from scipy import stats

from headcount._types import FloatArray
from headcount.observations import Observation, Observations
from headcount.simulation.cells import stated
from headcount.simulation.expectation import log_expected_of_row
from headcount.simulation.noise import interval_se, root_sum_squares, tails_of
from headcount.simulation.state import State
from headcount.simulation.surveys import beta_parameters
from headcount.specs import ModelSpec

__all__ = ["OBSERVATION_DENSITIES", "log_density"]

type Density = Callable[[Observation, State, ModelSpec], float]


def log_density(spec: ModelSpec, observations: Observations, state: State) -> FloatArray:
    """Compute the log likelihood of each fitted row.

    Parameters
    ----------
    spec
        The declaration.
    observations
        Rows that fit the spec; excluded ones are passed over.
    state
        The latent world that is conditioned on.

    Returns
    -------
    numpy.ndarray
        Density with respect to log y, log(1 + g) or log p for counts, soft ranges, growth and shares; probability
        for zeros, bounds, hard ranges and surveys. Dims (row,), in the order of ``observations.fitted``.
    """
    return np.array(
        [OBSERVATION_DENSITIES[row.kind](row, state, spec) for row in observations.fitted],
        dtype=float,
    )


def _count(row: Observation, state: State, spec: ModelSpec) -> float:
    if row.value == 0:
        return _below(1.0, row, state, spec)
    return _count_at(stated(row, "value"), row.relative_se or 0.0, row, state, spec)


def _lower_bound(row: Observation, state: State, spec: ModelSpec) -> float:
    bound = stated(row, "value")
    z = _standardised(bound, bound, row, state, spec)
    return float(tails_of(row.source, spec).logsf(z))


def _upper_bound(row: Observation, state: State, spec: ModelSpec) -> float:
    return _below(stated(row, "value"), row, state, spec)


def _range(row: Observation, state: State, spec: ModelSpec) -> float:
    lower, upper = stated(row, "lower"), stated(row, "upper")
    middle = np.sqrt(lower * upper)
    if row.mass != 1:
        return _count_at(middle, interval_se(row), row, state, spec)
    ends = (_standardised(end, middle, row, state, spec) for end in (lower, upper))
    return _log_between(tails_of(row.source, spec), *ends)


def _growth(row: Observation, state: State, spec: ModelSpec) -> float:
    expected = log_expected_of_row(row, state, spec)
    expected -= log_expected_of_row(row, state, spec, year=row.from_year)
    sd = np.sqrt(2) * state.noise_scale[row.source]
    return _log_pdf(np.log1p(stated(row, "value")), expected, sd, row, spec)


def _share(row: Observation, state: State, spec: ModelSpec) -> float:
    p = stated(row, "value")
    whole = log_expected_of_row(row, state, spec, area=row.of_area, scope=row.of_scope)
    expected = log_expected_of_row(row, state, spec) - whole
    sampling = 0.0 if row.n is None else np.sqrt(max(0.0, 1 - p) / (row.n * p))
    sd = root_sum_squares(state.noise_scale[row.source], sampling)
    return _log_pdf(np.log(p), expected, sd, row, spec)


def _survey(row: Observation, state: State, spec: ModelSpec) -> float:
    first, second = beta_parameters(row, state, spec)
    k, n = round(stated(row, "value")), round(stated(row, "n"))
    return float(stats.betabinom.logpmf(k, n, first, second))


def _count_at(y: float, relative_se: float, row: Observation, state: State, spec: ModelSpec) -> float:
    """Return the log density of log y for a number above zero."""
    sd = root_sum_squares(state.noise_scale[row.source], relative_se, y**-0.5)
    return _log_pdf(np.log(y), log_expected_of_row(row, state, spec), sd, row, spec)


def _below(bound: float, row: Observation, state: State, spec: ModelSpec) -> float:
    """Return the log probability that the source would have counted fewer than a bound."""
    z = _standardised(bound, bound, row, state, spec)
    return float(tails_of(row.source, spec).logcdf(z))


def _standardised(y: float, poisson_at: float, row: Observation, state: State, spec: ModelSpec) -> float:
    sd = root_sum_squares(state.noise_scale[row.source], poisson_at**-0.5)
    return float((np.log(y) - log_expected_of_row(row, state, spec)) / sd)


def _log_pdf(x: float, mean: float, sd: float, row: Observation, spec: ModelSpec) -> float:
    return float(tails_of(row.source, spec).logpdf((x - mean) / sd) - np.log(sd))


def _log_between(tails: Any, low: float, high: float) -> float:  # noqa: ANN401 - as in `tails_of`
    """Return log(F(high) - F(low)), from the tail that is small: F near 1 has no digits left to subtract."""
    if low > 0:
        low, high = -high, -low
    outer, inner = tails.logcdf(low), tails.logcdf(high)
    return float(inner + np.log(-np.expm1(outer - inner)))


OBSERVATION_DENSITIES: Final[dict[str, Density]] = {
    "count": _count,
    "lower_bound": _lower_bound,
    "upper_bound": _upper_bound,
    "range": _range,
    "growth": _growth,
    "share": _share,
    "survey": _survey,
}
"""Observation kind to the log density of a row given a state."""
