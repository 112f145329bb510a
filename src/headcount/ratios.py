"""Ratios of scopes: rebuilt from what a posterior keeps of them, a level for each region and a trend.

A posterior keeps eta, the ratio of each scope to the one that it is relative to on its link scale, in the reference year. All
years of all scopes would be many times as large as the rest of a fit.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from headcount._names import LOG_HEADCOUNT, RATIO_ETA, RATIO_TREND, SCOPE, YEAR
from headcount.specs import ModelSpec, ScopeSpec

__all__ = ["log_ratio"]


def log_ratio(spec: ModelSpec, posterior: xr.Dataset, scope: str) -> xr.DataArray:
    """Return how a latent scope's log headcount differs from the target's.

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
        Draws of log H_k - log H, dims (chain, draw, region), with year if a scope on the way to the target has a trend.
    """
    if scope == spec.target:
        return xr.zeros_like(posterior[RATIO_ETA].sel({SCOPE: scope}, drop=True))
    own = spec.scopes[scope]
    step = _log_step(spec, posterior, scope, own)
    return step + log_ratio(spec, posterior, str(spec.relative_to(scope)))


def _log_step(spec: ModelSpec, posterior: xr.Dataset, name: str, scope: ScopeSpec) -> xr.DataArray:
    """Return the log ratio of a scope to the one that it is relative to."""
    eta = posterior[RATIO_ETA].sel({SCOPE: name}, drop=True)
    if scope.trend is not None:
        ahead = posterior[LOG_HEADCOUNT][YEAR] - spec.years.reference
        eta = eta + posterior[RATIO_TREND].sel({SCOPE: name}, drop=True) * ahead
    if scope.contains:
        return _softplus(eta)
    if scope.within:
        return -_softplus(-eta)
    return eta


def _softplus(eta: xr.DataArray) -> xr.DataArray:
    """Return log(1 + exp(eta)) without overflow."""
    result: xr.DataArray = xr.apply_ufunc(np.logaddexp, 0.0, eta)
    return result
