"""Reach: how much of a scope a source sees, by region; see docs/model.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from headcount._names import LOG_REACH, REGION, SOURCE, SOURCE_UNIT, UNIT
from headcount._types import AnyArray, BoolArray, FloatArray
from headcount.layout import TREND_LEVEL_SD, Layout
from headcount.model.parameters import Parameters
from headcount.specs import SourceSpec

__all__ = ["log_reach", "reach_arrays"]


def reach_arrays(layout: Layout) -> dict[str, AnyArray]:
    """Return the arrays by which sources share errors.

    Parameters
    ----------
    layout
        The study.

    Returns
    -------
    dict
        ``reach_is_coverage`` and ``reach_is_biased``, dims (source,); ``lineage_of_source``, dims (source, lineage).
    """
    sources = _sources(layout)
    lineages = list(layout.spec.lineages)
    member = np.array([[own.lineage == name for name in lineages] for own in sources])
    return {
        "reach_is_coverage": np.array([float(own.coverage is not None) for own in sources]),
        "reach_is_biased": _deviates(layout).astype(np.float64),
        "lineage_of_source": member.astype(np.float64).reshape(len(sources), len(lineages)),
    }


def log_reach(layout: Layout, parameters: Parameters, data: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return the log reach of all sources, dims (source, region)."""
    zeta = _level(layout, parameters)
    zeta = _with_source_deviation(zeta, layout, parameters)
    zeta = _with_kind_deviation(zeta, layout, parameters)
    is_coverage = data["reach_is_coverage"][:, None] > 0
    reach = pt.where(is_coverage, -pt.softplus(-zeta), zeta)
    reach = reach + _shared_error(layout, parameters, data)[:, None]
    return pm.Deterministic(LOG_REACH, reach, dims=(SOURCE, REGION))


def _sources(layout: Layout) -> list[SourceSpec]:
    return [layout.spec.sources[name] for name in layout.sources]


def _deviates(layout: Layout) -> BoolArray:
    free = ("coverage", "multiplier", "trend")
    return np.array([own.reach_kind in free for own in _sources(layout)], dtype=np.bool_)


def _level(layout: Layout, parameters: Parameters) -> Any:  # noqa: ANN401
    """Return link-scale levels, dims (source, region), each picked from one vector of free levels."""
    trends = [name for name in layout.sources if layout.spec.sources[name].trend]
    pool = [parameters.vector, np.zeros(1)]
    size = len(parameters)
    if trends:
        free = pm.Normal("trend_level", sigma=TREND_LEVEL_SD, dims="trend_source")
        pool.append(free)
    index = np.full((len(layout.sources), len(layout.spec.areas.regions)), size)
    for row, name in zip(index, layout.sources, strict=True):
        source = layout.spec.sources[name]
        if source.trend:
            row[:] = size + 1 + trends.index(name)
        elif source.reach is not None:
            row[:] = [parameters.position(path) for path in layout.reach_paths(name)]
    return pt.concatenate(pool)[index]


def _with_source_deviation(zeta: Any, layout: Layout, parameters: Parameters) -> Any:  # noqa: ANN401
    if not len(layout.source_units):
        return zeta
    source, unit = layout.source_units.T
    own = pm.Normal("source_unit_z", dims=SOURCE_UNIT)
    names = [layout.sources[index] for index in source]
    scale = pt.exp(parameters.links(f"sources.{name}.region_sd" for name in names))
    pair, region = np.nonzero(unit[:, None] == layout.unit_of_region[None, :])
    return pt.inc_subtensor(zeta[source[pair], region], (scale * own)[pair])


def _with_kind_deviation(zeta: Any, layout: Layout, parameters: Parameters) -> Any:  # noqa: ANN401
    """Add what all sources of a kind see less or more of, together, in a region."""
    for kind, section in layout.spec.source_kinds.items():
        own = np.array([source.kind == kind for source in _sources(layout)]) & _deviates(layout)
        if section.region_sd is not None and own.any():
            deviation = pm.Normal(f"kind_{kind}_z", dims=UNIT)[layout.unit_of_region]
            scale = parameters.scale(f"source_kinds.{kind}.region_sd")
            member: FloatArray = own.astype(np.float64)
            zeta = zeta + member[:, None] * (scale * deviation)[None, :]
    return zeta


def _shared_error(layout: Layout, parameters: Parameters, data: Mapping[str, Any]) -> Any:  # noqa: ANN401
    paths = [f"lineages.{name}.error" for name in layout.spec.lineages]
    error = data["lineage_of_source"] @ parameters.links(paths)
    if layout.spec.shared_bias is not None:
        error = error + data["reach_is_biased"] * parameters.link("shared_bias")
    return error
