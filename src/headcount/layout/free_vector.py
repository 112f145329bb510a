"""The free vector x as named segments, the free variables of the PyMC model one after another."""

from __future__ import annotations

from dataclasses import dataclass

from headcount.layout.study_layout import Layout
from headcount.study.growth_kinds import GROWTH_KINDS

__all__ = ["Segment", "free_labels", "free_prior_paths", "kinds_with_region_sd", "segments_of"]

PARAMETER = "parameter"
"""Start of the names of segments that hold the quantities of the spec's priors."""


@dataclass(frozen=True)
class Segment:
    """A named run of the free vector: one free variable of the PyMC model.

    Parameters
    ----------
    name
        Name of the variable in the PyMC model.
    start, size
        Position of its first element in the free vector, and its length.
    """

    name: str
    start: int
    size: int

    @property
    def slice(self) -> slice:
        """The positions of the segment in the free vector."""
        return slice(self.start, self.start + self.size)


def segments_of(layout: Layout) -> dict[str, Segment]:
    """Return the segments of the free vector.

    Parameters
    ----------
    layout
        The study.

    Returns
    -------
    dict
        Name to segment, in order; names and sizes are those of the free variables of the PyMC
        model. Empty segments are left out.
    """
    sizes = _priors(layout) | _latent(layout) | _scopes(layout) | _sources(layout)
    segments, start = {}, 0
    for name, size in sizes.items():
        segments[name] = Segment(name, start, size)
        start += size
    return {name: segment for name, segment in segments.items() if segment.size}


def free_labels(layout: Layout) -> list[str]:
    """Return a label for each free variable.

    The same quantity has the same label in every study with the same areas and years, so that draws
    of one study can start another one with other rows or sources.

    Parameters
    ----------
    layout
        The study.

    Returns
    -------
    list
        The path of a prior, or the name of a segment with the member to which an effect belongs.
    """
    paths, labels = list(layout.priors), []
    for segment in segments_of(layout).values():
        if segment.name.startswith(PARAMETER):
            labels += paths[segment.slice]
        else:
            labels += [f"{segment.name}[{member}]" for member in _members(segment, layout)]
    return labels


def free_prior_paths(layout: Layout) -> list[str]:
    """Return the path of the prior of each free variable.

    Parameters
    ----------
    layout
        The study.

    Returns
    -------
    list
        The variable's own prior, or for an effect the prior of the scale of its segment.
    """
    paths, own = list(layout.priors), []
    for segment in segments_of(layout).values():
        is_parameter = segment.name.startswith(PARAMETER)
        own += paths[segment.slice] if is_parameter else _scales(segment, layout)
    return own


def _members(segment: Segment, layout: Layout) -> list[str]:
    """Return the member (region, step, source, ...) to which each effect of a segment belongs."""
    spec, groups = layout.spec, layout.spec.areas.reach_groups
    steps = [str(year) for year in spec.years.labels[1:]]
    regions = spec.areas.regions
    known = {
        "pool_z": [str(i) for i in range(segment.size)],
        "region_z": regions,
        "region_rate_z": regions,
        "coefficient_z": spec.shrunk_covariates,
        "common_innovation_z": steps,
        "region_innovation_z": [f"{region},{year}" for region in regions for year in steps],
        "trend_level": [name for name in layout.sources if spec.sources[name].trend],
        "source_region_z": [
            f"{layout.sources[s]},{groups[g]}" for s, g in layout.source_reach_groups.tolist()
        ],
        "noise_z": layout.sources,
    }
    if segment.name in known:
        return list(known[segment.name])
    if segment.name.startswith("drift_"):
        return steps
    for name in spec.breakdowns:
        parts = spec.parts_of(name)
        if segment.name in (f"part_{name}_z", f"part_{name}_trend_z"):
            return list(parts)
        if segment.name == f"part_{name}_region_z":
            return [f"{part},{group}" for part in parts for group in groups]
    return list(groups)


def _scales(segment: Segment, layout: Layout) -> list[str]:
    """Return the path of the prior of the scale of each effect of a segment."""
    spec, size = layout.spec, segment.size
    known = {
        "pool_z": "regions.pool_sd",
        "region_z": "regions.region_sd",
        "region_rate_z": "growth.region_rate_sd",
        "coefficient_z": "growth.coefficient_sd",
        "common_innovation_z": "growth.common_sd",
        "region_innovation_z": "growth.region_sd",
    }
    known |= {f"ratio_{scope}_z": f"scopes.{scope}.region_sd" for scope in spec.scopes}
    known |= {f"kind_{kind}_z": f"source_kinds.{kind}.region_sd" for kind in spec.source_kinds}
    known |= {f"drift_{source}_z": f"sources.{source}.drift_sd" for source in spec.sources}
    for name in spec.breakdowns:
        own = f"breakdowns.{name}"
        known |= {f"part_{name}_z": f"{own}.sd", f"part_{name}_region_z": f"{own}.region_sd"}
        known[f"part_{name}_trend_z"] = f"{own}.trend_sd"
    if segment.name in known:
        return [known[segment.name]] * size
    sources = layout.sources
    match segment.name:
        case "trend_level":
            return [f"sources.{name}.trend" for name in sources if spec.sources[name].trend]
        case "source_region_z":
            return [
                f"sources.{sources[source]}.region_sd"
                for source, _ in layout.source_reach_groups.tolist()
            ]
    return [f"source_kinds.{spec.sources[name].kind}.noise" for name in sources]


def _priors(layout: Layout) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for prior in layout.priors.values():
        name = PARAMETER if prior.is_link_normal else f"{PARAMETER}_{prior.family}"
        sizes[name] = sizes.get(name, 0) + 1
    return sizes


def _latent(layout: Layout) -> dict[str, int]:
    spec = layout.spec
    regions, steps = len(spec.areas.regions), len(spec.years.labels) - 1
    innovations = {"common_innovation_z": steps, "region_innovation_z": regions * steps}
    return {
        "pool_z": len(spec.areas.pools) - 1,
        "region_z": regions,
        "region_rate_z": regions,
        "coefficient_z": len(spec.shrunk_covariates),
    } | (innovations if GROWTH_KINDS[spec.growth.kind].has_innovations else {})


def _scopes(layout: Layout) -> dict[str, int]:
    spec, groups = layout.spec, len(layout.spec.areas.reach_groups)
    sizes = {f"ratio_{k}_z": groups for k in layout.scopes if spec.scopes[k].region_sd}
    for name, breakdown in spec.breakdowns.items():
        parts = len(spec.parts_of(name))
        sizes[f"part_{name}_z"] = parts
        if breakdown.region_sd is not None:
            sizes[f"part_{name}_region_z"] = parts * groups
        if breakdown.trend_sd is not None:
            sizes[f"part_{name}_trend_z"] = parts
    return sizes


def _sources(layout: Layout) -> dict[str, int]:
    spec, steps = layout.spec, len(layout.spec.years.labels) - 1
    return {
        "trend_level": sum(spec.sources[name].trend for name in layout.sources),
        "source_region_z": len(layout.source_reach_groups),
        **{f"kind_{kind}_z": len(spec.areas.reach_groups) for kind in kinds_with_region_sd(layout)},
        **{f"drift_{name}_z": steps for name in layout.drifting_sources},
        "noise_z": len(layout.sources),
    }


def kinds_with_region_sd(layout: Layout) -> list[str]:
    """Return the source kinds whose sources share a deviation of reach by region.

    Parameters
    ----------
    layout
        The study.
    """
    sources = [layout.spec.sources[name] for name in layout.sources]
    free = {source.kind for source in sources if source.is_free}
    return [k for k, kind in layout.spec.source_kinds.items() if kind.region_sd and k in free]
