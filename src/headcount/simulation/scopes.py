"""Scopes: how many people meet another definition, for each who meets the target's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np
from scipy import special

from headcount._types import FloatArray
from headcount.priors import LINKS
from headcount.specs import RATIO_SUPPORT, ModelSpec, ScopeSpec

__all__ = ["draw_log_ratios"]

type Quantities = Mapping[str, float]

LOG_RATIO_OF: Final[dict[str, Callable[[FloatArray], FloatArray]]] = {
    "contains": lambda eta: np.logaddexp(0.0, eta),
    "within": special.log_expit,
    "beside": np.asarray,
}
"""Relation to the map from the link scale (eta) to log ratio; in logarithms, so that no ratio rounds to 0 or 1."""


def draw_log_ratios(
    quantities: Quantities, spec: ModelSpec, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Draw the ratio of every latent scope to the target.

    Parameters
    ----------
    quantities
        Path of each prior to its drawn value.
    spec
        The declaration.
    rng
        Source of randomness.

    Returns
    -------
    dict
        Scope to the logarithm of its headcount over the target's, dims (region, year); zeros for the target itself.
    """
    shape = (len(spec.areas.regions), len(spec.years.labels))
    own = {spec.target: np.zeros(shape)}
    for name, scope in spec.scopes.items():
        if scope.relation in RATIO_SUPPORT:
            own[name] = _own_log_ratio(name, scope, quantities, spec, rng)
    latent = [name for name in spec.scopes if name in own]
    return {name: sum((own[link] for link in _chain(name, spec)), np.zeros(shape)) for name in latent}


def _chain(scope: str, spec: ModelSpec) -> Iterator[str]:
    """Yield a scope and those that it goes through on the way to the target, which comes last."""
    step: str | None = scope
    while step is not None:
        yield step
        step = spec.relative_to(step)


def _own_log_ratio(
    name: str,
    scope: ScopeSpec,
    quantities: Quantities,
    spec: ModelSpec,
    rng: np.random.Generator,
) -> FloatArray:
    """Draw the log ratio of a scope to the one that it is relative to, dims (region, year)."""
    relation = next(key for key in RATIO_SUPPORT if getattr(scope, key))
    level = LINKS[RATIO_SUPPORT[relation]].forward(quantities[f"scopes.{name}.ratio"])
    region_sd = quantities.get(f"scopes.{name}.region_sd", 0.0)
    trend = quantities.get(f"scopes.{name}.trend", 0.0)
    own = dict(zip(spec.areas.units, rng.standard_normal(len(spec.areas.units)), strict=True))
    deviation = region_sd * np.array([own[spec.areas.unit_of(r)] for r in spec.areas.regions])
    years_since = np.array(spec.years.labels) - spec.years.reference
    return LOG_RATIO_OF[relation](level + deviation[:, None] + trend * years_since)
