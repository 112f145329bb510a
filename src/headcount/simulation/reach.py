"""Reach: how many units a source states for each person of its scope, by region."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from scipy import special

from headcount._types import FloatArray
from headcount.priors import LINKS
from headcount.specs import ModelSpec, SourceSpec

__all__ = ["TREND_LEVEL_SD", "draw_log_reach", "level_by_region"]

TREND_LEVEL_SD: Final = 5.0
"""Sd of the log level of a source of which only changes and comparisons count."""

LOG_REACH_OF: Final[dict[str, Callable[[FloatArray], FloatArray]]] = {
    "coverage": special.log_expit,
    "multiplier": np.asarray,
    "trend": np.asarray,
}
"""Reach kind to the map from the scale of its deviations (zeta) to log reach."""


def draw_log_reach(
    quantities: Mapping[str, float], spec: ModelSpec, rng: np.random.Generator
) -> dict[str, FloatArray]:
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
    dict
        Source to log reach, dims (region,).
    """
    # Drawn once a kind: platforms that are blind to a region are blind together.
    shared = {kind: _deviation(quantities, f"source_kinds.{kind}", spec, rng) for kind in spec.source_kinds}
    return {
        name: _log_reach(name, source, shared[source.kind], quantities, spec, rng)
        for name, source in spec.sources.items()
    }


def level_by_region(name: str, quantities: Mapping[str, float], spec: ModelSpec) -> FloatArray:
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
        In the quantity's own unit, dims (region,). Where several exceptions hold a region the one with the fewest
        regions wins, and among equals the one that is declared first.
    """
    source = spec.sources[name]
    path = f"sources.{name}.{source.reach_kind}"
    levels = np.full(len(spec.areas.regions), quantities[path])
    exceptions = source.reach.regions if source.reach is not None else {}
    held = {area: list(spec.areas.regions_of(area)) for area in exceptions}
    # Later ones overwrite, so broad before narrow; sorting is stable, so of equals the first declared comes last.
    for area in sorted(held, key=lambda area: len(held[area]))[::-1]:
        levels[held[area]] = quantities[f"{path}.regions.{area}"]
    return levels


def _log_reach(
    name: str,
    source: SourceSpec,
    shared: FloatArray,
    quantities: Mapping[str, float],
    spec: ModelSpec,
    rng: np.random.Generator,
) -> FloatArray:
    kind, regions = source.reach_kind, len(spec.areas.regions)
    if kind == "selection":
        return np.zeros(regions)
    shift = _lineage_error(source, quantities)
    if kind == "anchor":
        return np.full(regions, shift)
    if spec.shared_bias is not None:
        shift += np.log(quantities["shared_bias"])
    zeta = _linked_level(name, quantities, spec, rng) + shared
    zeta = zeta + _deviation(quantities, f"sources.{name}", spec, rng)
    return LOG_REACH_OF[kind](zeta) + shift


def _linked_level(
    name: str, quantities: Mapping[str, float], spec: ModelSpec, rng: np.random.Generator
) -> FloatArray:
    reach = spec.sources[name].reach
    if reach is None:
        return np.full(len(spec.areas.regions), rng.normal(0.0, TREND_LEVEL_SD))
    return LINKS[reach.prior.support].forward(level_by_region(name, quantities, spec))


def _lineage_error(source: SourceSpec, quantities: Mapping[str, float]) -> float:
    if source.lineage is None:
        return 0.0
    return float(np.log(quantities[f"lineages.{source.lineage}.error"]))


def _deviation(
    quantities: Mapping[str, float], path: str, spec: ModelSpec, rng: np.random.Generator
) -> FloatArray:
    """Draw a deviation for each unit and hand it to all its regions; dims (region,)."""
    own = dict(zip(spec.areas.units, rng.standard_normal(len(spec.areas.units)), strict=True))
    sd = quantities.get(f"{path}.region_sd", 0.0)
    return sd * np.array([own[spec.areas.unit_of(region)] for region in spec.areas.regions])
