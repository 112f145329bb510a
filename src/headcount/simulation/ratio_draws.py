"""Ratios of scopes: draws of the log headcount of each scope relative to the target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np
from scipy import special

from headcount._types import FloatArray
from headcount.simulation.region_deviations import reach_group_deviations
from headcount.study.priors import LINKS
from headcount.study.specs import RATIO_SUPPORT, ModelSpec

__all__ = ["draw_log_ratios"]

type Quantities = Mapping[str, float]

LOG_RATIO_OF: Final[dict[str, Callable[[FloatArray], FloatArray]]] = {
    "contains": lambda eta: np.logaddexp(0.0, eta),
    "within": special.log_expit,
    "beside": np.asarray,
}
"""Log ratio as a function of eta, the ratio on its link scale, by relation. On the log scale no
ratio rounds to 0 or 1."""


def draw_log_ratios(
    quantities: Quantities, spec: ModelSpec, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Draw the ratio of every latent scope to the target.

    Parameters
    ----------
    quantities
        Drawn values by path of a prior.
    spec
        The declaration.
    rng
        Random generator.

    Returns
    -------
    dict
        Logarithm of the headcount over the target's, by scope, dims (region, year); zeros for the
        target itself.
    """
    own = {spec.target: np.zeros((len(spec.areas.regions), len(spec.years.labels)))}
    for name, scope in spec.scopes.items():
        if scope.relation in RATIO_SUPPORT:
            own[name] = _own_log_ratio(name, quantities, spec, rng)
    for breakdown in spec.breakdowns:
        own |= _log_parts(breakdown, quantities, spec, rng)
    latent = [name for name in spec.scopes if name in own]
    return {name: np.sum([own[link] for link in _chain(name, spec)], axis=0) for name in latent}


def _chain(scope: str, spec: ModelSpec) -> Iterator[str]:
    """Yield a scope and each scope on the chain of relations to the target, which comes last."""
    step: str | None = scope
    while step is not None:
        yield step
        step = spec.relative_to(step)


def _own_log_ratio(
    name: str, quantities: Quantities, spec: ModelSpec, rng: np.random.Generator
) -> FloatArray:
    """Draw the log ratio of a scope to the scope that it is relative to, dims (region, year)."""
    relation = spec.scopes[name].relation
    level = LINKS[RATIO_SUPPORT[relation]].forward(quantities[f"scopes.{name}.ratio"])
    deviation = reach_group_deviations(quantities.get(f"scopes.{name}.region_sd", 0.0), spec, rng)
    trend = quantities.get(f"scopes.{name}.trend", 0.0)
    return LOG_RATIO_OF[relation](level + deviation[:, None] + trend * _years_since_reference(spec))


def _log_parts(
    breakdown: str, quantities: Quantities, spec: ModelSpec, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Draw the log share of each part of a breakdown in its whole, dims (region, year)."""
    etas = {
        part: _eta_of_part(part, breakdown, quantities, spec, rng)
        for part in spec.parts_of(breakdown)
    }
    whole = np.logaddexp.reduce(list(etas.values()), axis=0)
    return {part: eta - whole for part, eta in etas.items()}


def _eta_of_part(
    part: str, breakdown: str, quantities: Quantities, spec: ModelSpec, rng: np.random.Generator
) -> FloatArray:
    path = f"breakdowns.{breakdown}"
    expected = np.log(spec.breakdowns[breakdown].expected.get(part, 1.0))
    level = expected + quantities[f"{path}.sd"] * rng.standard_normal()
    deviation = reach_group_deviations(quantities.get(f"{path}.region_sd", 0.0), spec, rng)
    trend = quantities.get(f"{path}.trend_sd", 0.0) * rng.standard_normal()
    return np.asarray(level + deviation[:, None] + trend * _years_since_reference(spec))


def _years_since_reference(spec: ModelSpec) -> FloatArray:
    return np.array(spec.years.labels, dtype=float) - spec.years.reference
