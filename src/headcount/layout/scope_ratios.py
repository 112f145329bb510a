"""Log ratios of scopes from the draws of a posterior.

A posterior holds the ratio of each scope on its link scale in the reference year, and its trend.
The ratios of all scopes in all years would be many times as large as the rest of a fit, so they are
computed when they are needed.
"""

from __future__ import annotations

import functools

import numpy as np
import xarray as xr

from headcount._names import LOG_HEADCOUNT, RATIO_ETA, RATIO_TREND, SCOPE, YEAR
from headcount.study.specs import ModelSpec

__all__ = ["log_ratio"]


def log_ratio(spec: ModelSpec, posterior: xr.Dataset, scope: str) -> xr.DataArray:
    """Return the log ratio of a latent scope's headcount to that of the target.

    Parameters
    ----------
    spec
        The declaration.
    posterior
        Draws of a fit, or some regions or years of them.
    scope
        A scope that is not a known population.

    Returns
    -------
    xarray.DataArray
        Draws of log H_k - log H, dims (chain, draw, region), with year if a scope on the way to the
        target has a trend.
    """
    if scope == spec.target:
        return xr.zeros_like(posterior[RATIO_ETA].sel({SCOPE: scope}, drop=True))
    step = _log_ratio_to_relative(spec, posterior, scope)
    return step + log_ratio(spec, posterior, str(spec.relative_to(scope)))


def _log_ratio_to_relative(spec: ModelSpec, posterior: xr.Dataset, scope: str) -> xr.DataArray:
    """Return the log ratio of a scope to the one that it is relative to."""
    own, eta = spec.scopes[scope], _link_value(spec, posterior, scope)
    if own.part_of:
        parts = [_link_value(spec, posterior, part) for part in spec.parts_of(own.part_of)]
        return eta - functools.reduce(_log_sum, parts)
    if own.contains:
        return _log_sum(0.0, eta)
    if own.within:
        return -_log_sum(0.0, -eta)
    return eta


def _link_value(spec: ModelSpec, posterior: xr.Dataset, scope: str) -> xr.DataArray:
    """Return a scope's ratio on its link scale, with year if it has a trend."""
    own, eta = spec.scopes[scope], posterior[RATIO_ETA].sel({SCOPE: scope}, drop=True)
    has_trend = own.part_of and spec.breakdowns[own.part_of].trend_sd is not None
    if own.trend is None and not has_trend:
        return eta
    since = posterior[LOG_HEADCOUNT][YEAR] - spec.years.reference
    return eta + posterior[RATIO_TREND].sel({SCOPE: scope}, drop=True) * since


def _log_sum(one: xr.DataArray | float, other: xr.DataArray) -> xr.DataArray:
    """Return log(exp(one) + exp(other)) without overflow."""
    result: xr.DataArray = xr.apply_ufunc(np.logaddexp, one, other)
    return result
