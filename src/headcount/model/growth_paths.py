"""Growth of the latent headcount, a function for each growth kind; see docs/model.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from headcount._names import REGION, STEP
from headcount.layout.study_layout import Layout
from headcount.model.parameters import Parameters

__all__ = ["GROWTH_PATHS", "GrowthParts", "coefficients", "growth_path"]


@dataclass(frozen=True)
class GrowthParts:
    """What a growth kind is made from, beside its own parameters.

    Parameters
    ----------
    lasting
        Regional deviations and covariates, dims (region,).
    driven
        Yearly covariates and change points, dims (region, step).
    level
        Log headcount in the reference year, dims (region,).
    """

    lasting: Any
    driven: Any
    level: Any


def growth_path(layout: Layout, parameters: Parameters, data: Mapping[str, Any], level: Any) -> Any:  # noqa: ANN401
    """Return log headcount less that of the reference year, dims (region, year).

    Parameters
    ----------
    layout
        The study.
    parameters
        The parameter vector.
    data
        Tensors of `headcount.model.study_arrays`.
    level
        Log headcount in the reference year, dims (region,).
    """
    spec = layout.spec
    if spec.shrunk_covariates:
        pm.Normal("coefficient_z", dims="shrunk_covariate")
    growing = {name: own for name, own in spec.covariates.items() if own.effect == "growth"}
    steady = coefficients([n for n, own in growing.items() if not own.yearly], layout, parameters)
    yearly = coefficients([n for n, own in growing.items() if own.yearly], layout, parameters)
    changes = parameters.links(f"growth.changes.{name}.change" for name in spec.growth.changes)
    own = parameters.scale("growth.region_rate_sd") * pm.Normal("region_rate_z", dims=REGION)
    parts = GrowthParts(
        lasting=own + data["growth_covariates"] @ steady,
        driven=pt.tensordot(yearly, data["yearly_covariates"], axes=1)
        + pt.tensordot(changes, data["changes"], axes=1),
        level=level,
    )
    return GROWTH_PATHS[spec.growth.kind](layout, parameters, data, parts)


def coefficients(names: Iterable[str], layout: Layout, parameters: Parameters) -> Any:  # noqa: ANN401
    """Return the coefficients of covariates, dims (covariate,); a shrunk one is a common scale
    times a standard normal.
    """
    shrunk = layout.spec.shrunk_covariates

    def one(name: str) -> Any:  # noqa: ANN401
        if name in shrunk:
            z = pm.modelcontext(None)["coefficient_z"][shrunk.index(name)]
            return parameters.scale("growth.coefficient_sd") * z
        return parameters.link(f"covariates.{name}.coefficient")

    own = [one(name) for name in names]
    return pt.stack(own) if own else np.zeros(0)


type Data = Mapping[str, Any]


def _exponential(_: Layout, parameters: Parameters, data: Data, parts: GrowthParts) -> Any:  # noqa: ANN401
    return _summed(_steady(parameters, parts) + parts.driven, data)


def _random_walk(_: Layout, parameters: Parameters, data: Data, parts: GrowthParts) -> Any:  # noqa: ANN401
    common, regional = _innovations(parameters)
    return _summed(_steady(parameters, parts) + parts.driven + common[None, :] + regional, data)


def _damped_trend(layout: Layout, parameters: Parameters, data: Data, parts: GrowthParts) -> Any:  # noqa: ANN401
    common, regional = _innovations(parameters)
    steps = np.arange(len(layout.spec.years.labels) - 1)
    lag = steps[:, None] - steps[None, :]
    damping = pt.sigmoid(parameters.link("growth.damping"))
    weights = pt.where(lag >= 0, damping ** np.maximum(lag, 0), 0.0)
    # The first innovation carries the whole spread, the later ones what memory leaves, so that no
    # year is special.
    fresh = pt.sqrt(1 - damping**2)
    memory = (weights * pt.where(steps == 0, 1.0, fresh)[None, :]).T
    moving = (common @ memory)[None, :] + regional @ memory
    return _summed(_steady(parameters, parts) + parts.driven + moving, data)


def _logistic(_: Layout, parameters: Parameters, data: Data, parts: GrowthParts) -> Any:  # noqa: ANN401
    common, regional = _innovations(parameters)
    # The link of the ceiling is the log of what it exceeds one by.
    start = -parameters.link("growth.ceiling")
    ahead = start + _steady(parameters, parts) * data["years_from_reference"][None, :]
    bent = pt.softplus(-start) - pt.softplus(-ahead)
    return bent + _summed(parts.driven + common[None, :] + regional, data)


def _stock_and_flow(layout: Layout, parameters: Parameters, data: Data, parts: GrowthParts) -> Any:  # noqa: ANN401
    common, regional = _innovations(parameters)
    conversion = parameters.link("growth.conversion") + parts.lasting[:, None] + parts.driven
    converting = pt.exp(conversion + common[None, :] + regional)
    staying = pt.sigmoid(-parameters.link("growth.exit"))
    entry = pt.sigmoid(parameters.link("growth.entry"))
    path = [parts.level]
    for step in range(len(layout.spec.years.labels) - 1):
        entering = entry * data["graduates"][:, step] * pt.exp(-path[-1])
        path.append(path[-1] + pt.log(staying + converting[:, step] + entering))
    return pt.stack(path, axis=1) - parts.level[:, None]


def _steady(parameters: Parameters, parts: GrowthParts) -> Any:  # noqa: ANN401
    return (parameters.link("growth.rate") + parts.lasting)[:, None]


def _summed(growth: Any, data: Data) -> Any:  # noqa: ANN401
    return growth @ data["path_of_growth"].T


def _innovations(parameters: Parameters) -> tuple[Any, Any]:
    common = pm.Normal("common_innovation_z", dims=STEP)
    regional = pm.Normal("region_innovation_z", dims=(REGION, STEP))
    return (
        parameters.scale("growth.common_sd") * common,
        parameters.scale("growth.region_sd") * regional,
    )


GROWTH_PATHS: Final[dict[str, Callable[[Layout, Parameters, Data, GrowthParts], Any]]] = {
    "exponential": _exponential,
    "random_walk": _random_walk,
    "damped_trend": _damped_trend,
    "logistic": _logistic,
    "stock_and_flow": _stock_and_flow,
}
"""Growth kind to the path of log headcount, dims (region, year), zero in the reference year."""
