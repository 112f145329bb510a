"""Log headcount of the target, and log ratios of other scopes to it; see docs/model.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from headcount._names import LOG_HEADCOUNT, LOG_RATIO, REACH_GROUP, REGION, SCOPE, YEAR
from headcount.layout.study_layout import Layout
from headcount.model.growth_paths import coefficients, growth_path
from headcount.model.parameters import Data, Parameters, Tensor

__all__ = ["log_headcount", "log_ratios"]


def log_headcount(layout: Layout, parameters: Parameters, data: Data) -> Tensor:
    """Add ``log_headcount`` to the model: log headcount of the target, dims (region, year).

    ``log H[r,t] = log total + log share[r] + path[r,t]``, where the shares sum to one and the path
    is zero in the reference year.

    Parameters
    ----------
    layout
        The study.
    parameters
        The parameter vector.
    data
        Data containers of `headcount.model.data_arrays`.

    Returns
    -------
    TensorVariable
        The deterministic.
    """
    baseline = parameters.link("total.prior") + _log_share(layout, parameters, data)
    path = growth_path(layout, parameters, data, baseline)
    return pm.Deterministic(LOG_HEADCOUNT, baseline[:, None] + path, dims=(REGION, YEAR))


def _log_share(layout: Layout, parameters: Parameters, data: Data) -> Tensor:
    """Return the log share of each region in the reference year, dims (region,)."""
    names = [name for name, own in layout.spec.covariates.items() if own.effect == "level"]
    pool = pm.Normal("pool_z", dims="pool_free")
    region = pm.Normal("region_z", dims=REGION)
    effect = (
        data["level_covariates"] @ coefficients(names, layout, parameters)
        + parameters.scale("regions.pool_sd") * (data["pool_basis"] @ pool)
        + parameters.scale("regions.region_sd") * region
    )
    return effect - pt.logsumexp(effect)


def log_ratios(layout: Layout, parameters: Parameters, data: Data) -> Tensor:
    """Add ``log_ratio`` to the model: log H_k - log H of each latent scope k.

    Parameters
    ----------
    layout
        The study.
    parameters
        The parameter vector.
    data
        Data containers of `headcount.model.data_arrays`.

    Returns
    -------
    TensorVariable
        Dims (scope, region, year); years have length 1 if no ratio has a trend, and then the
        deterministic has dims (scope, region).
    """
    spec = layout.spec
    trending = any(spec.scopes[name].trend for name in layout.scopes)
    trending |= any(breakdown.trend_sd is not None for breakdown in spec.breakdowns.values())
    shape = (len(spec.areas.regions), len(spec.years.labels) if trending else 1)
    steps = {
        part: step
        for name in spec.breakdowns
        for part, step in _log_shares_of_parts(name, layout, parameters, data).items()
    }
    chain = {spec.target: pt.zeros(shape)}
    for name in layout.scopes[1:]:
        step = steps[name] if name in steps else _log_ratio(name, layout, parameters, data)
        chain[name] = chain[str(spec.relative_to(name))] + step
    stacked = pt.stack([chain[name] for name in layout.scopes])
    if trending:
        return pm.Deterministic(LOG_RATIO, stacked, dims=(SCOPE, REGION, YEAR))
    return pm.Deterministic(LOG_RATIO, stacked[:, :, 0], dims=(SCOPE, REGION))[:, :, None]


def _log_shares_of_parts(
    name: str, layout: Layout, parameters: Parameters, data: Data
) -> dict[str, Tensor]:
    """Return the log share of each part of a breakdown, dims (region, year)."""
    breakdown, path, parts = (
        layout.spec.breakdowns[name],
        f"breakdowns.{name}",
        layout.spec.parts_of(name),
    )
    expected = np.array([layout.part_log_weights[part] for part in parts])
    dim = f"part_of_{name}"
    level = parameters.scale(f"{path}.sd") * pm.Normal(f"part_{name}_z", dims=dim)
    eta = (expected + level)[:, None, None]
    if breakdown.region_sd is not None:
        own = pm.Normal(f"part_{name}_region_z", dims=(dim, REACH_GROUP))[
            :, layout.region_reach_group
        ]
        eta = eta + (parameters.scale(f"{path}.region_sd") * own)[:, :, None]
    if breakdown.trend_sd is not None:
        trend = parameters.scale(f"{path}.trend_sd") * pm.Normal(f"part_{name}_trend_z", dims=dim)
        eta = eta + trend[:, None, None] * data["years_from_reference"][None, None, :]
    log_share = LOG_RATIO_OF_LINK["part_of"](eta)
    return {part: log_share[i] for i, part in enumerate(parts)}


def _log_ratio(name: str, layout: Layout, parameters: Parameters, data: Data) -> Tensor:
    """Return the log ratio of a scope to the one that it is relative to, dims (region, year)."""
    scope, path = layout.spec.scopes[name], f"scopes.{name}"
    eta = parameters.link(f"{path}.ratio")[None, None]
    if scope.region_sd is not None:
        own = pm.Normal(f"ratio_{name}_z", dims=REACH_GROUP)[layout.region_reach_group]
        eta = eta + (parameters.scale(f"{path}.region_sd") * own)[:, None]
    if scope.trend is not None:
        eta = eta + parameters.link(f"{path}.trend") * data["years_from_reference"][None, :]
    return LOG_RATIO_OF_LINK[scope.relation](eta)


LOG_RATIO_OF_LINK: Final[dict[str, Callable[[Tensor], Tensor]]] = {
    "contains": pt.softplus,
    "within": lambda eta: -pt.softplus(-eta),
    "beside": lambda eta: eta,
    "part_of": lambda eta: eta - pt.logsumexp(eta, axis=0, keepdims=True),
}
"""Relation of scopes to the log ratio as a function of eta, the ratio on its link scale.

Parts of a breakdown are one tensor, dims (part, ...)."""
