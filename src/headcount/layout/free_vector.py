"""The free vector x as named blocks, as the PyMC model names its free variables."""

from __future__ import annotations

from dataclasses import dataclass

from headcount.layout.study_layout import Layout
from headcount.study.growth_kinds import GROWTH_KINDS

__all__ = ["Segment", "free_labels", "free_prior_paths", "kinds_with_region_sd", "segments_of"]

PARAMETER = "parameter"
"""How the blocks of the priors' own quantities start."""


@dataclass(frozen=True)
class Segment:
    """A named stretch of the free vector, as the PyMC model names it."""

    name: str
    start: int
    size: int

    @property
    def slice(self) -> slice:
        """Where the block lies in x."""
        return slice(self.start, self.start + self.size)


def segments_of(layout: Layout) -> dict[str, Segment]:
    """Return the free vector's blocks in order; names and sizes are those of the PyMC model's free
    variables.
    """
    sizes = _priors(layout) | _latent(layout) | _scopes(layout) | _sources(layout)
    blocks, start = {}, 0
    for name, size in sizes.items():
        blocks[name] = Segment(name, start, size)
        start += size
    return {name: block for name, block in blocks.items() if block.size}


def free_labels(layout: Layout) -> list[str]:
    """Return a label for each free variable: the path of a prior, or a block and what the effect is
    of.

    The same quantity has the same label in every study with the same areas and years, so that draws
    can be carried from one study to another one with other rows or sources.
    """
    paths, labels = list(layout.priors), []
    for block in segments_of(layout).values():
        if block.name.startswith(PARAMETER):
            labels += paths[block.slice]
        else:
            labels += [f"{block.name}[{member}]" for member in _members(block, layout)]
    return labels


def free_prior_paths(layout: Layout) -> list[str]:
    """Return which prior speaks about each free variable: its own, or for an effect that of the
    scale of all like it.
    """
    paths, found = list(layout.priors), []
    for block in segments_of(layout).values():
        found += paths[block.slice] if block.name.startswith(PARAMETER) else _scales(block, layout)
    return found


def _members(block: Segment, layout: Layout) -> list[str]:
    """Return what each effect of a block is of."""
    spec, units = layout.spec, layout.spec.areas.reach_groups
    steps = [str(year) for year in spec.years.labels[1:]]
    regions = spec.areas.regions
    known = {
        "pool_z": [str(i) for i in range(block.size)],
        "region_z": regions,
        "region_rate_z": regions,
        "coefficient_z": spec.shrunk_covariates,
        "common_innovation_z": steps,
        "region_innovation_z": [f"{region},{year}" for region in regions for year in steps],
        "trend_level": [name for name in layout.sources if spec.sources[name].trend],
        "source_unit_z": [
            f"{layout.sources[s]},{units[u]}" for s, u in layout.source_units.tolist()
        ],
        "noise_z": layout.sources,
    }
    if block.name in known:
        return list(known[block.name])
    if block.name.startswith("drift_"):
        return steps
    for name in spec.breakdowns:
        parts = spec.parts_of(name)
        if block.name in (f"part_{name}_z", f"part_{name}_trend_z"):
            return list(parts)
        if block.name == f"part_{name}_region_z":
            return [f"{part},{unit}" for part in parts for unit in units]
    return list(units)


def _scales(block: Segment, layout: Layout) -> list[str]:
    """Return the path of the prior that each effect of a block follows."""
    spec, size = layout.spec, block.size
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
    if block.name in known:
        return [known[block.name]] * size
    sources = layout.sources
    match block.name:
        case "trend_level":
            return [f"sources.{name}.trend" for name in sources if spec.sources[name].trend]
        case "source_unit_z":
            return [
                f"sources.{sources[source]}.region_sd" for source, _ in layout.source_units.tolist()
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
    spec, units = layout.spec, len(layout.spec.areas.reach_groups)
    sizes = {f"ratio_{k}_z": units for k in layout.scopes if spec.scopes[k].region_sd}
    for name, breakdown in spec.breakdowns.items():
        parts = len(spec.parts_of(name))
        sizes[f"part_{name}_z"] = parts
        if breakdown.region_sd is not None:
            sizes[f"part_{name}_region_z"] = parts * units
        if breakdown.trend_sd is not None:
            sizes[f"part_{name}_trend_z"] = parts
    return sizes


def _sources(layout: Layout) -> dict[str, int]:
    spec, steps = layout.spec, len(layout.spec.years.labels) - 1
    return {
        "trend_level": sum(spec.sources[name].trend for name in layout.sources),
        "source_unit_z": len(layout.source_units),
        **{f"kind_{kind}_z": len(spec.areas.reach_groups) for kind in kinds_with_region_sd(layout)},
        **{f"drift_{name}_z": steps for name in layout.drifting},
        "noise_z": len(layout.sources),
    }


def kinds_with_region_sd(layout: Layout) -> list[str]:
    """Return the source kinds whose sources share a deviation of reach by region."""
    sources = [layout.spec.sources[name] for name in layout.sources]
    free = {source.kind for source in sources if source.is_free}
    return [k for k, kind in layout.spec.source_kinds.items() if kind.region_sd and k in free]
