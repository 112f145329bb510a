"""Growth of the latent headcount, a function for each growth kind; see docs/model.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from headcount._names import REGION, STEP
from headcount.layout import Layout
from headcount.model.parameters import Parameters

__all__ = ["GROWTH_TERMS", "growth"]


def growth(layout: Layout, parameters: Parameters, data: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return yearly log growth, dims (region, step); step t leads from year t-1 to year t."""
    names = [name for name, own in layout.spec.covariates.items() if own.effect == "growth"]
    coefficients = parameters.links(f"covariates.{name}.coefficient" for name in names)
    own = pm.Normal("region_rate_z", dims=REGION)
    steady = (
        parameters.link("growth.rate")
        + parameters.scale("growth.region_rate_sd") * own
        + data["growth_covariates"] @ coefficients
    )
    return steady[:, None] + GROWTH_TERMS[layout.spec.growth.kind](layout, parameters)


def _exponential(layout: Layout, parameters: Parameters) -> Any:  # noqa: ANN401, ARG001 - the table's signature
    return np.zeros((1, len(layout.spec.years.labels) - 1))


def _random_walk(layout: Layout, parameters: Parameters) -> Any:  # noqa: ANN401, ARG001 - the table's signature
    common, regional = _innovations(parameters)
    return common[None, :] + regional


def _damped_trend(layout: Layout, parameters: Parameters) -> Any:  # noqa: ANN401
    common, regional = _innovations(parameters)
    steps = np.arange(len(layout.spec.years.labels) - 1)
    lag = steps[:, None] - steps[None, :]
    damping = pt.sigmoid(parameters.link("growth.damping"))
    weights = pt.where(lag >= 0, damping ** np.maximum(lag, 0), 0.0)
    # The first innovation carries the whole spread, the later ones what memory leaves, so that no year is special.
    fresh = pt.sqrt(1 - damping**2)
    memory = (weights * pt.where(steps == 0, 1.0, fresh)[None, :]).T
    return (common @ memory)[None, :] + regional @ memory


def _innovations(parameters: Parameters) -> tuple[Any, Any]:
    common = pm.Normal("common_innovation_z", dims=STEP)
    regional = pm.Normal("region_innovation_z", dims=(REGION, STEP))
    return (
        parameters.scale("growth.common_sd") * common,
        parameters.scale("growth.region_sd") * regional,
    )


GROWTH_TERMS: Final[dict[str, Callable[[Layout, Parameters], Any]]] = {
    "exponential": _exponential,
    "random_walk": _random_walk,
    "damped_trend": _damped_trend,
}
"""Growth kind to its own terms of yearly log growth, dims broadcasting to (region, step)."""
