"""Reach: the number that a source states per person of its scope, by region and year."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from headcount._types import FloatArray
from headcount.simulation.random_walks import walk_from
from headcount.simulation.region_deviations import reach_group_deviations
from headcount.study.priors import LINKS
from headcount.study.specs import ModelSpec

__all__ = ["TREND_LEVEL_SD", "Reach", "draw_reach", "level_by_region", "log_breaks"]

type Quantities = Mapping[str, float]

TREND_LEVEL_SD: Final = 5.0
"""Sd of the log level of a source with a free level (``trend = true``)."""

LOG_REACH_OF: Final[dict[str, Callable[[FloatArray], FloatArray]]] = {
    "coverage": special.log_expit,
    "multiplier": np.asarray,
    "trend": np.asarray,
}
"""Log reach as a function of zeta, the link scale of its deviations, by kind of reach."""


@dataclass(frozen=True, eq=False)
class Reach:
    """Reach of all sources.

    Parameters
    ----------
    log_reach
        Log reach by source, dims (region, year); zeros for surveys and linkages.
    log_bare
        Log probability of being on the list, by source with a coverage, dims (region, year).
    """

    log_reach: Mapping[str, FloatArray]
    log_bare: Mapping[str, FloatArray]


def draw_reach(quantities: Quantities, spec: ModelSpec, rng: np.random.Generator) -> Reach:
    """Draw the reach of every source of the spec.

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
    Reach
        Of all sources; a copy has no reach of its own.
    """
    # One draw per kind: platforms that miss a region tend to miss it together.
    shared = {
        kind: reach_group_deviations(
            quantities.get(f"source_kinds.{kind}.region_sd", 0.0), spec, rng
        )
        for kind in spec.source_kinds
    }
    free = {
        name: LOG_REACH_OF[source.reach_kind](
            _zeta(name, shared[source.kind], quantities, spec, rng)
        )
        for name, source in spec.sources.items()
        if source.is_free
    }
    zeros = np.zeros((len(spec.areas.regions), len(spec.years.labels)))
    return Reach(
        {name: free.get(name, zeros) + _shift(name, quantities, spec) for name in spec.sources},
        {name: log_bare for name, log_bare in free.items() if spec.sources[name].coverage},
    )


def level_by_region(name: str, quantities: Quantities, spec: ModelSpec) -> FloatArray:
    """Return the level of a source's coverage or multiplier in each region.

    Parameters
    ----------
    name
        A source with coverage or multiplier.
    quantities
        Drawn values by path of a prior.
    spec
        The declaration.

    Returns
    -------
    numpy.ndarray
        In the quantity's own unit, dims (region,). Of several exceptions that contain a region, the
        one with the fewest regions applies, and among equals the one that is declared first.
    """
    source = spec.sources[name]
    path = f"sources.{name}.{source.reach_kind}"
    levels = np.full(len(spec.areas.regions), quantities[path])
    exceptions = source.reach.regions if source.reach is not None else {}
    regions = {area: list(spec.areas.regions_of(area)) for area in exceptions}
    # Later ones overwrite earlier ones: broad before narrow, and the first declared last.
    for area in sorted(regions, key=lambda area: len(regions[area]))[::-1]:
        levels[regions[area]] = quantities[f"{path}.regions.{area}"]
    return levels


def log_breaks(name: str, quantities: Quantities, spec: ModelSpec) -> FloatArray:
    """Return the sum of the log factors of a source's breaks, year by year.

    Parameters
    ----------
    name
        A source.
    quantities
        Drawn values by path of a prior.
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
    """Draw zeta, a free reach on its link scale, dims (region, year)."""
    level = _linked_level(name, quantities, spec, rng)
    own = reach_group_deviations(quantities.get(f"sources.{name}.region_sd", 0.0), spec, rng)
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
    """Return the sum of the log factors of overcount, lineage error and shared bias."""
    source = spec.sources[name]
    shift = np.log1p(quantities.get(f"sources.{name}.overcount", 0.0))
    if source.lineage is not None:
        shift += np.log(quantities[f"lineages.{source.lineage}.error"])
    if source.is_free and spec.shared_bias is not None:
        shift += np.log(quantities["shared_bias"])
    return float(shift)
