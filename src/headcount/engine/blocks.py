"""The free vector x as named blocks, as the PyMC model names its free variables."""

from __future__ import annotations

from dataclasses import dataclass

from headcount.layout import Layout

__all__ = ["Block", "blocks_of", "deviating_kinds", "free_labels"]


@dataclass(frozen=True)
class Block:
    """A named stretch of the free vector, as the PyMC model names it."""

    name: str
    start: int
    size: int

    @property
    def slice(self) -> slice:
        """Where the block lies in x."""
        return slice(self.start, self.start + self.size)


def blocks_of(layout: Layout) -> dict[str, Block]:
    """Return the free vector's blocks in order; names and sizes are those of the PyMC model's free variables."""
    sizes = _priors(layout) | _latent(layout) | _scopes(layout) | _sources(layout)
    blocks, start = {}, 0
    for name, size in sizes.items():
        blocks[name] = Block(name, start, size)
        start += size
    return {name: block for name, block in blocks.items() if block.size}


def free_labels(layout: Layout) -> list[str]:
    """Return a label for each free variable: its block and its place in it."""
    return [f"{block.name}[{i}]" for block in blocks_of(layout).values() for i in range(block.size)]


def _priors(layout: Layout) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for prior in layout.priors.values():
        name = "parameter" if prior.is_link_normal else f"parameter_{prior.family}"
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
    } | (innovations if "common_sd" in spec.growth.priors else {})


def _scopes(layout: Layout) -> dict[str, int]:
    spec, units = layout.spec, len(layout.spec.areas.units)
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
        **{f"kind_{kind}_z": len(spec.areas.units) for kind in deviating_kinds(layout)},
        **{f"drift_{name}_z": steps for name in layout.drifting},
        "noise_z": len(layout.sources),
    }


def deviating_kinds(layout: Layout) -> list[str]:
    """Return the source kinds whose sources share a deviation of reach by region."""
    sources = [layout.spec.sources[name] for name in layout.sources]
    free = {source.kind for source in sources if source.is_free}
    return [k for k, kind in layout.spec.source_kinds.items() if kind.region_sd and k in free]
