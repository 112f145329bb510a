"""Reach: how many units a source states for each person of its scope, by region and year."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from headcount._types import FloatArray
from headcount.simulation.random_walks import walk_from
from headcount.simulation.region_deviations import unit_deviations
from headcount.study.priors import LINKS
from headcount.study.specs import ModelSpec

__all__ = ["TREND_LEVEL_SD", "Reach", "draw_reach", "level_by_region", "log_breaks"]

type Quantities = Mapping[str, float]

TREND_LEVEL_SD: Final = 5.0
"""Sd of the log level of a source of which only changes and comparisons count."""

LOG_REACH_OF: Final[dict[str, Callable[[FloatArray], FloatArray]]] = {
    "coverage": special.log_expit,
    "multiplier": np.asarray,
    "trend": np.asarray,
}
"""Kind of free reach to the map from the scale of its deviations (zeta) to its logarithm."""


@dataclass(frozen=True, eq=False)
class Reach:
    """What the sources see.

    Parameters
    ----------
    log_reach
        Source to the logarithm of units stated per person of its scope, dims (region, year); zeros
        for those that ask people.
    log_bare
        Source with a coverage to the logarithm of the chance to be on its list, dims (region,
        year).
    """

    log_reach: Mapping[str, FloatArray]
    log_bare: Mapping[str, FloatArray]


def draw_reach(quantities: Quantities, spec: ModelSpec, rng: np.random.Generator) -> Reach:
    """Draw the reach of every source of the spec.

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
    Reach
        Of all sources; copies are none.
    """
    # Drawn once a kind: platforms that are blind to a region are blind together.
    shared = {
        kind: unit_deviations(quantities.get(f"source_kinds.{kind}.region_sd", 0.0), spec, rng)
        for kind in spec.source_kinds
    }
    free = {
        name: LOG_REACH_OF[source.reach_kind](
            _zeta(name, shared[source.kind], quantities, spec, rng)
        )
        for name, source in spec.sources.items()
        if source.is_free
    }
    nothing = np.zeros((len(spec.areas.regions), len(spec.years.labels)))
    return Reach(
        {name: free.get(name, nothing) + _shift(name, quantities, spec) for name in spec.sources},
        {name: log_bare for name, log_bare in free.items() if spec.sources[name].coverage},
    )


def level_by_region(name: str, quantities: Quantities, spec: ModelSpec) -> FloatArray:
    """Return the level of a source's coverage or multiplier, exceptions in place.

    Parameters
    ----------
    name
        A source with coverage or multiplier.
    quantities
        Path of each prior to its drawn value.
    spec
        The declaration.

    Returns
    -------
    numpy.ndarray
        In the quantity's own unit, dims (region,). Where several exceptions hold a region the one
        with the fewest regions wins, and among equals the one that is declared first.
    """
    source = spec.sources[name]
    path = f"sources.{name}.{source.reach_kind}"
    levels = np.full(len(spec.areas.regions), quantities[path])
    exceptions = source.reach.regions if source.reach is not None else {}
    held = {area: list(spec.areas.regions_of(area)) for area in exceptions}
    # Later ones overwrite, so broad before narrow; sorting is stable, so of equals the first
    # declared comes last.
    for area in sorted(held, key=lambda area: len(held[area]))[::-1]:
        levels[held[area]] = quantities[f"{path}.regions.{area}"]
    return levels


def log_breaks(name: str, quantities: Quantities, spec: ModelSpec) -> FloatArray:
    """Return the logarithm of what breaks of a source's method have come to.

    Parameters
    ----------
    name
        A source.
    quantities
        Path of each prior to its drawn value.
    spec
        The declaration.

    Returns
    -------
    numpy.ndarray
        Dims (year,); zero before the first break.
    """
    years = np.array(spec.years.labels)
    total = np.zeros(years.size)
    for first, key in spec.sources[name].breaks_by:
        total += np.log(quantities[f"sources.{name}.breaks.{key}"]) * (years >= first)
    return total


def _zeta(
    name: str, shared: FloatArray, quantities: Quantities, spec: ModelSpec, rng: np.random.Generator
) -> FloatArray:
    """Draw a free reach on the scale of its deviations, dims (region, year)."""
    level = _linked_level(name, quantities, spec, rng)
    own = unit_deviations(quantities.get(f"sources.{name}.region_sd", 0.0), spec, rng)
    steps = rng.standard_normal(len(spec.years.labels) - 1)
    drift = walk_from(steps, spec.years.reference - spec.years.first)
    drift_sd = quantities.get(f"sources.{name}.drift_sd", 0.0)
    return (level + own + shared)[:, None] + drift_sd * drift + log_breaks(name, quantities, spec)


def _linked_level(
    name: str, quantities: Quantities, spec: ModelSpec, rng: np.random.Generator
) -> FloatArray:
    reach = spec.sources[name].reach
    if reach is None:
        return np.full(len(spec.areas.regions), rng.normal(0.0, TREND_LEVEL_SD))
    return LINKS[reach.prior.support].forward(level_by_region(name, quantities, spec))


def _shift(name: str, quantities: Quantities, spec: ModelSpec) -> float:
    """Return the log factor between what a source sees and what it states: overcount, lineage
    error, shared bias.
    """
    source = spec.sources[name]
    shift = np.log1p(quantities.get(f"sources.{name}.overcount", 0.0))
    if source.lineage is not None:
        shift += np.log(quantities[f"lineages.{source.lineage}.error"])
    if source.is_free and spec.shared_bias is not None:
        shift += np.log(quantities["shared_bias"])
    return float(shift)
