"""Growth of the latent headcount, a function for each growth kind; see docs/model.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from headcount._names import REGION, STEP
from headcount.layout.study_layout import Layout
from headcount.model.parameters import Data, Parameters, Tensor

__all__ = ["GROWTH_PATHS", "GrowthParts", "coefficients", "growth_path"]


@dataclass(frozen=True)
class GrowthParts:
    """Parts of growth that all growth kinds share.

    Parameters
    ----------
    steady
        Deviations by region and covariates that are equal in all years, dims (region,).
    driven
        Yearly covariates and change points, dims (region, step).
    baseline
        Log headcount in the reference year, dims (region,).
    """

    steady: Tensor
    driven: Tensor
    baseline: Tensor


def growth_path(layout: Layout, parameters: Parameters, data: Data, baseline: Tensor) -> Tensor:
    """Return the path of log headcount from the reference year, dims (region, year).

    It is zero in the reference year.

    Parameters
    ----------
    layout
        The study.
    parameters
        The parameter vector.
    data
        Data containers of `headcount.model.data_arrays`.
    baseline
        Log headcount in the reference year, dims (region,).
    """
    spec = layout.spec
    if spec.shrunk_covariates:
        pm.Normal("coefficient_z", dims="shrunk_covariate")
    growing = {name: own for name, own in spec.covariates.items() if own.effect == "growth"}
    constant = coefficients([n for n, own in growing.items() if not own.yearly], layout, parameters)
    yearly = coefficients([n for n, own in growing.items() if own.yearly], layout, parameters)
    changes = parameters.links(f"growth.changes.{name}.change" for name in spec.growth.changes)
    own = parameters.scale("growth.region_rate_sd") * pm.Normal("region_rate_z", dims=REGION)
    parts = GrowthParts(
        steady=own + data["growth_covariates"] @ constant,
        driven=pt.tensordot(yearly, data["yearly_covariates"], axes=1)
        + pt.tensordot(changes, data["changes"], axes=1),
        baseline=baseline,
    )
    return GROWTH_PATHS[spec.growth.kind](layout, parameters, data, parts)


def coefficients(names: Iterable[str], layout: Layout, parameters: Parameters) -> Tensor:
    """Return the coefficients of covariates, dims (covariate,).

    A shrunk one is the common scale times a standard normal of its own.
    """
    shrunk = layout.spec.shrunk_covariates

    def one(name: str) -> Tensor:
        if name in shrunk:
            z = pm.modelcontext(None)["coefficient_z"][shrunk.index(name)]
            return parameters.scale("growth.coefficient_sd") * z
        return parameters.link(f"covariates.{name}.coefficient")

    own = [one(name) for name in names]
    return pt.stack(own) if own else np.zeros(0)


def _exponential(_: Layout, parameters: Parameters, data: Data, parts: GrowthParts) -> Tensor:
    """Return a path of steady growth in every year, dims (region, year)."""
    return _summed(_steady(parameters, parts) + parts.driven, data)


def _random_walk(_: Layout, parameters: Parameters, data: Data, parts: GrowthParts) -> Tensor:
    """Return a path of steady growth plus innovations, dims (region, year)."""
    common, regional = _innovations(parameters)
    return _summed(_steady(parameters, parts) + parts.driven + common[None, :] + regional, data)


def _damped_trend(layout: Layout, parameters: Parameters, data: Data, parts: GrowthParts) -> Tensor:
    """Return a path of steady growth plus stationary autoregressions, dims (region, year)."""
    common, regional = _innovations(parameters)
    steps = np.arange(len(layout.spec.years.labels) - 1)
    lag = steps[:, None] - steps[None, :]
    damping = pt.sigmoid(parameters.link("growth.damping"))
    weights = pt.where(lag >= 0, damping ** np.maximum(lag, 0), 0.0)
    # The first innovation has the stationary sd and later ones a smaller one, so that deviations
    # have the same sd in every year.
    innovation_sd = pt.sqrt(1 - damping**2)
    memory = (weights * pt.where(steps == 0, 1.0, innovation_sd)[None, :]).T
    moving = (common @ memory)[None, :] + regional @ memory
    return _summed(_steady(parameters, parts) + parts.driven + moving, data)


def _logistic(_: Layout, parameters: Parameters, data: Data, parts: GrowthParts) -> Tensor:
    """Return a path of growth that slows towards a ceiling, dims (region, year)."""
    common, regional = _innovations(parameters)
    # The ceiling is a multiple of the reference year's headcount; its link is log(ceiling - 1).
    start = -parameters.link("growth.ceiling")
    ahead = start + _steady(parameters, parts) * data["years_from_reference"][None, :]
    curve = pt.softplus(-start) - pt.softplus(-ahead)
    return curve + _summed(parts.driven + common[None, :] + regional, data)


def _stock_and_flow(
    layout: Layout, parameters: Parameters, data: Data, parts: GrowthParts
) -> Tensor:
    """Return a path of entries, exits and conversions, dims (region, year)."""
    common, regional = _innovations(parameters)
    conversion = parameters.link("growth.conversion") + parts.steady[:, None] + parts.driven
    converting = pt.exp(conversion + common[None, :] + regional)
    staying = pt.sigmoid(-parameters.link("growth.exit"))
    entry = pt.sigmoid(parameters.link("growth.entry"))
    path = [parts.baseline]
    for step in range(len(layout.spec.years.labels) - 1):
        entering = entry * data["graduates"][:, step] * pt.exp(-path[-1])
        path.append(path[-1] + pt.log(staying + converting[:, step] + entering))
    return pt.stack(path, axis=1) - parts.baseline[:, None]


def _steady(parameters: Parameters, parts: GrowthParts) -> Tensor:
    """Return steady growth, dims (region, 1)."""
    return (parameters.link("growth.rate") + parts.steady)[:, None]


def _summed(growth: Tensor, data: Data) -> Tensor:
    """Sum growth, dims (region, step), into a path, dims (region, year)."""
    return growth @ data["path_of_growth"].T


def _innovations(parameters: Parameters) -> tuple[Tensor, Tensor]:
    """Return scaled innovations, common, dims (step,), and regional, dims (region, step)."""
    common = pm.Normal("common_innovation_z", dims=STEP)
    regional = pm.Normal("region_innovation_z", dims=(REGION, STEP))
    return (
        parameters.scale("growth.common_sd") * common,
        parameters.scale("growth.region_sd") * regional,
    )


GROWTH_PATHS: Final[dict[str, Callable[[Layout, Parameters, Data, GrowthParts], Tensor]]] = {
    "exponential": _exponential,
    "random_walk": _random_walk,
    "damped_trend": _damped_trend,
    "logistic": _logistic,
    "stock_and_flow": _stock_and_flow,
}
"""Growth kind to the path of log headcount, dims (region, year), zero in the reference year."""
