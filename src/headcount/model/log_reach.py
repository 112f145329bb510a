"""Log reach of each source: log expected count for each person; see docs/model.md."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from headcount._names import LOG_REACH, REACH_GROUP, REGION, SOURCE, SOURCE_REACH_GROUP, STEP, YEAR
from headcount._types import AnyArray, FloatArray
from headcount.layout.study_layout import TREND_LEVEL_SD, Layout
from headcount.model.parameters import Data, Parameters, Tensor
from headcount.study.specs import SourceSpec

__all__ = ["log_reach", "reach_arrays"]


def reach_arrays(layout: Layout) -> dict[str, AnyArray]:
    """Return the data of sources' reach.

    Parameters
    ----------
    layout
        The study.

    Returns
    -------
    dict
        ``reach_is_coverage`` and ``reach_is_biased`` (1 for a source with coverage, or with the
        shared bias), dims (source,); ``lineage_of_source`` (1 for the source's lineage), dims
        (source, lineage).
    """
    sources = _sources(layout)
    lineages = list(layout.spec.lineages)
    member = np.array([[own.lineage == name for name in lineages] for own in sources])
    return {
        "reach_is_coverage": np.array([float(own.coverage is not None) for own in sources]),
        "reach_is_biased": np.array([float(own.is_free) for own in sources]),
        "lineage_of_source": member.astype(np.float64).reshape(len(sources), len(lineages)),
    }


def log_reach(layout: Layout, parameters: Parameters, data: Data) -> tuple[Tensor, Tensor]:
    """Add ``log_reach`` to the model, and return it with the bare reach.

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
    tuple
        Log reach, and log bare reach: without overcount, lineage error and shared bias. Dims
        (source, region, year); years have length 1 if no source's reach varies in time, and then
        the deterministic has dims (source, region).
    """
    zeta = _level(layout, parameters)
    zeta = _with_source_deviation(zeta, layout, parameters)
    zeta = _with_kind_deviation(zeta, layout, parameters)
    varies = any(layout.has_yearly_reach(name) for name in layout.sources)
    zeta = zeta[:, :, None] + (_in_time(layout, parameters, data)[:, None, :] if varies else 0.0)
    is_coverage = data["reach_is_coverage"][:, None, None] > 0
    bare = pt.where(is_coverage, -pt.softplus(-zeta), zeta)
    errors = _shared_error(layout, parameters, data) + _overcount(layout, parameters)
    reach = bare + errors[:, None, None]
    if varies:
        return pm.Deterministic(LOG_REACH, reach, dims=(SOURCE, REGION, YEAR)), bare
    return pm.Deterministic(LOG_REACH, reach[:, :, 0], dims=(SOURCE, REGION))[:, :, None], bare


def _in_time(layout: Layout, parameters: Parameters, data: Data) -> Tensor:
    """Return drift and breaks of all sources, on the link scale, dims (source, year)."""
    return pt.stack([_drift_and_breaks(name, layout, parameters, data) for name in layout.sources])


def _drift_and_breaks(name: str, layout: Layout, parameters: Parameters, data: Data) -> Tensor:
    """Return the drift of a source plus its breaks so far, on the link scale, dims (year,)."""
    source, years = layout.spec.sources[name], np.array(layout.spec.years.labels)
    total = pt.zeros(len(years))
    if source.drift_sd is not None:
        steps = pm.Normal(f"drift_{name}_z", dims=STEP)
        total = total + parameters.scale(f"sources.{name}.drift_sd") * (
            data["path_of_growth"] @ steps
        )
    for since, key in source.breaks_by if source.is_free else ():
        total = total + parameters.link(f"sources.{name}.breaks.{key}") * (years >= since)
    return total


def _overcount(layout: Layout, parameters: Parameters) -> Tensor:
    """Return log(1 + overcount), dims (source,), zero where none is declared."""
    total = pt.zeros(len(layout.sources))
    listed = [i for i, own in enumerate(_sources(layout)) if own.overcount is not None]
    if not listed:
        return total
    over = parameters.links(f"sources.{layout.sources[i]}.overcount" for i in listed)
    return pt.set_subtensor(total[listed], pt.softplus(over))


def _sources(layout: Layout) -> list[SourceSpec]:
    return [layout.spec.sources[name] for name in layout.sources]


def _level(layout: Layout, parameters: Parameters) -> Tensor:
    """Return the level of each source on its link scale, dims (source, region).

    Levels are picked by index from the parameter vector, a zero and the free levels of trends, so
    that exceptions by area need no variables of their own.
    """
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
            row[:] = [parameters.position(path) for path in layout.reach_prior_paths(name)]
    return pt.concatenate(pool)[index]


def _with_source_deviation(zeta: Tensor, layout: Layout, parameters: Parameters) -> Tensor:
    """Add the deviations of each source by reach group."""
    if not len(layout.source_reach_groups):
        return zeta
    source, group = layout.source_reach_groups.T
    own = pm.Normal("source_region_z", dims=SOURCE_REACH_GROUP)
    names = [layout.sources[index] for index in source]
    scale = pt.exp(parameters.links(f"sources.{name}.region_sd" for name in names))
    pair, region = np.nonzero(group[:, None] == layout.region_reach_group[None, :])
    return pt.inc_subtensor(zeta[source[pair], region], (scale * own)[pair])


def _with_kind_deviation(zeta: Tensor, layout: Layout, parameters: Parameters) -> Tensor:
    """Add the deviations by reach group that all sources of a kind share."""
    for kind, section in layout.spec.source_kinds.items():
        own = np.array([source.kind == kind and source.is_free for source in _sources(layout)])
        if section.region_sd is not None and own.any():
            deviation = pm.Normal(f"kind_{kind}_z", dims=REACH_GROUP)[layout.region_reach_group]
            scale = parameters.scale(f"source_kinds.{kind}.region_sd")
            member: FloatArray = own.astype(np.float64)
            zeta = zeta + member[:, None] * (scale * deviation)[None, :]
    return zeta


def _shared_error(layout: Layout, parameters: Parameters, data: Data) -> Tensor:
    """Return log lineage error plus log shared bias of each source, dims (source,)."""
    paths = [f"lineages.{name}.error" for name in layout.spec.lineages]
    error = data["lineage_of_source"] @ parameters.links(paths)
    if layout.spec.shared_bias is not None:
        error = error + data["reach_is_biased"] * parameters.link("shared_bias")
    return error
