"""The study as flat arrays: what the compiled density reads.

Every quantity between the free vector x and the latent headcount that is not curved is a sum of terms
``weight * x[a]`` or ``weight * exp(x[b]) * x[a]``: an effect, or a standard normal times its scale. So one sparse list of
*entries* (row, a, b, weight) states the whole hierarchy, and one loop evaluates it; the vector of sums is called v. What is
curved (shares, damping, links, sums over regions, likelihoods) is written out in `headcount.engine.density`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from headcount._types import FloatArray, IntArray
from headcount.layout import LIKELIHOODS, TREND_LEVEL_SD, Layout, zero_sum_basis
from headcount.priors import LINK_NORMAL, Prior
from headcount.specs import RATIO_SUPPORT, ModelSpec, SourceSpec

__all__ = ["FAMILY_CODES", "Arrays", "Block", "assemble", "blocks_of"]

FAMILY_CODES: Final = {LINK_NORMAL: 0, "half_normal": 1, "exponential": 2, "gamma": 3, "beta": 4}


class Arrays(NamedTuple):
    """Arrays of a study, all that the compiled density sees.

    Attributes
    ----------
    family, first, second
        Prior of each free variable: a code of ``FAMILY_CODES`` and its two numbers; dims (free,).
    middle
        Median of each free variable's prior, on the link scale.
    entry_row, entry_a, entry_b, entry_weight
        The entries; b is -1 where the weight has no scale; dims (entry,).
    group
        Effects of one group are recentred together; -1 for free variables that stand alone; dims (free,).
    offset
        Where in v each part starts: level, share, steady, common, regional, zeta, shared, eta, slope, noise, selection,
        concentration, end.
    shape
        Numbers of regions, years, sources, scopes, and the index of the reference year.
    damping
        Position of the damping in x, or -1.
    pair_source, pair_index
        Source of each pair (source, region), and the pair at (source, region) or -1.
    is_coverage
        1 for sources with a coverage.
    parent, link
        Scope that a scope is relative to; 0 contains, 1 within, 2 beside.
    cells
        Dims (cell, 4): pair or -1, scope, region, year.
    term_start, term_cell, term_known
        Terms as runs of cells; then the known ones.
    row_likelihood, row_source, row_part, row_whole
        Codes and indices of each row; dims (row,).
    row_value, row_other, row_factor, row_variance
        Numbers of each row.
    """

    family: IntArray
    first: FloatArray
    second: FloatArray
    middle: FloatArray
    entry_row: IntArray
    entry_a: IntArray
    entry_b: IntArray
    entry_weight: FloatArray
    group: IntArray
    offset: IntArray
    shape: IntArray
    damping: int
    pair_source: IntArray
    pair_index: IntArray
    is_coverage: IntArray
    parent: IntArray
    link: IntArray
    cells: IntArray
    term_start: IntArray
    term_cell: IntArray
    term_known: FloatArray
    row_likelihood: IntArray
    row_source: IntArray
    row_part: IntArray
    row_whole: IntArray
    row_value: FloatArray
    row_other: FloatArray
    row_factor: FloatArray
    row_variance: FloatArray


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
    spec, areas = layout.spec, layout.spec.areas
    regions, units, steps = len(areas.regions), len(areas.units), len(spec.years.labels) - 1
    sizes: dict[str, int] = {}
    for prior in layout.priors.values():
        name = "parameter" if prior.is_link_normal else f"parameter_{prior.family}"
        sizes[name] = sizes.get(name, 0) + 1
    sizes |= {"pool_z": len(areas.pools) - 1, "region_z": regions}
    sizes |= {"region_rate_z": regions}
    if spec.growth.kind != "exponential":
        sizes |= {"common_innovation_z": steps, "region_innovation_z": regions * steps}
    sizes |= {f"ratio_{k}_z": units for k in layout.scopes if spec.scopes[k].region_sd}
    sizes |= {"trend_level": sum(spec.sources[name].trend for name in layout.sources)}
    sizes |= {"source_unit_z": len(layout.source_units)}
    sizes |= {f"kind_{kind}_z": units for kind in deviating_kinds(layout)}
    sizes |= {"noise_z": len(layout.sources)}
    blocks, start = {}, 0
    for name, size in sizes.items():
        blocks[name] = Block(name, start, size)
        start += size
    return {name: block for name, block in blocks.items() if block.size}


def deviating_kinds(layout: Layout) -> list[str]:
    """Return the source kinds whose sources share a deviation of reach by region."""
    free = {
        layout.spec.sources[name].kind
        for name in layout.sources
        if layout.spec.sources[name].reach_kind in ("coverage", "multiplier", "trend")
    }
    return [k for k, kind in layout.spec.source_kinds.items() if kind.region_sd and k in free]


def assemble(layout: Layout, *, all_pairs: bool = False) -> Arrays:
    """Turn a layout into the arrays of the compiled density.

    Parameters
    ----------
    layout
        The study.
    all_pairs
        Whether to evaluate the reach of every source in every region, and not only where a row needs it.

    Returns
    -------
    Arrays
        Flat arrays; see there.
    """
    pairs = _pairs(layout, all_pairs=all_pairs)
    entries = _Entries(layout, pairs)
    family, first, second, middle = _priors(layout)
    starts, members = _terms(layout)
    spec = layout.spec
    links = list(RATIO_SUPPORT)
    relations = [
        next((links.index(r) for r in links if getattr(spec.scopes[k], r)), 2) for k in layout.scopes
    ]
    parents = [layout.scopes.index(spec.relative_to(k) or spec.target) for k in layout.scopes]
    position = {path: i for i, path in enumerate(layout.priors)}
    pair_index = np.full((len(layout.sources) + 1, len(spec.areas.regions)), -1, dtype=np.int64)
    pair_index[tuple(pairs.T)] = np.arange(len(pairs))
    cells = layout.cells.copy()
    cells[:, 0] = pair_index[cells[:, 0], cells[:, 2]]
    return Arrays(
        family=family,
        first=first,
        second=second,
        middle=middle,
        entry_row=np.array(entries.row, dtype=np.int64),
        entry_a=np.array(entries.a, dtype=np.int64),
        entry_b=np.array(entries.b, dtype=np.int64),
        entry_weight=np.array(entries.weight, dtype=np.float64),
        group=_group_of(layout),
        offset=np.cumsum([0, *entries.sizes.values()]),
        shape=_shape(layout),
        damping=position.get("growth.damping", -1),
        pair_source=pairs[:, 0].copy(),
        pair_index=pair_index,
        is_coverage=np.array([int(s.coverage is not None) for s in _sources(layout)], dtype=np.int64),
        parent=np.array(parents, dtype=np.int64),
        link=np.array(relations, dtype=np.int64),
        cells=cells,
        term_start=starts,
        term_cell=members,
        term_known=layout.known,
        **_rows(layout),  # type: ignore[arg-type]  # keys are field names
    )


def _group_of(layout: Layout) -> IntArray:
    """Group the effects that data speak about in sums: a unit's levels, and a region's growth."""
    blocks = blocks_of(layout)
    units = len(layout.spec.areas.units)
    group = np.full(max(b.start + b.size for b in blocks.values()), -1, dtype=np.int64)
    for name, block in blocks.items():
        if name == "source_unit_z":
            group[block.slice] = layout.source_units[:, 1]
        elif name == "region_z":
            group[block.slice] = layout.unit_of_region
        elif name.startswith(("ratio_", "kind_")):
            group[block.slice] = np.arange(block.size)
        elif name == "region_rate_z":
            group[block.slice] = units + np.arange(block.size)
        elif name == "region_innovation_z":
            steps = len(layout.spec.years.labels) - 1
            group[block.slice] = units + np.arange(block.size) // steps
    return group


def _shape(layout: Layout) -> IntArray:
    years = layout.spec.years
    regions, sources = len(layout.spec.areas.regions), len(layout.sources)
    reference = years.reference - years.first
    return np.array([regions, len(years.labels), sources, len(layout.scopes), reference])


def _sources(layout: Layout) -> list[SourceSpec]:
    return [layout.spec.sources[name] for name in layout.sources]


def _pairs(layout: Layout, *, all_pairs: bool) -> IntArray:
    count, regions = len(layout.sources), len(layout.spec.areas.regions)
    if all_pairs:
        return np.array([(s, r) for s in range(count) for r in range(regions)])
    seen = {(int(s), int(r)) for s, _, r, _ in layout.cells if s < count}
    return np.array(sorted(seen), dtype=np.int64).reshape(-1, 2)


def _priors(layout: Layout) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    blocks = blocks_of(layout)
    size = max(block.start + block.size for block in blocks.values())
    family, first, second = np.zeros(size, dtype=np.int64), np.zeros(size), np.ones(size)
    middle = np.zeros(size)
    for i, prior in enumerate(layout.priors.values()):
        family[i] = FAMILY_CODES[prior.family]
        first[i], second[i] = _numbers(prior)
        middle[i] = prior.link.forward(prior.quantile(0.5))
    if "trend_level" in blocks:
        second[blocks["trend_level"].slice] = TREND_LEVEL_SD
    return family, first, second, middle


def _numbers(prior: Prior) -> tuple[float, float]:
    """Return the two numbers that the density of a family needs."""
    match prior.family, prior.parameters:
        case "gamma", (mean, sd):
            return (mean / sd) ** 2, mean / sd**2
        case "beta", (mean, sd):
            total = mean * (1 - mean) / sd**2 - 1
            return mean * total, (1 - mean) * total
        case (("half_normal" | "exponential"), (scale,)):
            return scale, 1.0
    return prior.location, prior.scale


def _terms(layout: Layout) -> tuple[IntArray, IntArray]:
    runs: list[list[int]] = [[int(cell)] for cell in layout.single]
    runs += [[int(cell) for cell in cells if cell >= 0] for cells in layout.multiple]
    starts = np.cumsum([0, *(len(run) for run in runs)])
    return starts, np.array([cell for run in runs for cell in run], dtype=np.int64)


def _rows(layout: Layout) -> dict[str, IntArray | FloatArray]:
    parts = [layout.rows[name] for name in layout.rows]
    codes = [np.full(len(rows), LIKELIHOODS.index(name)) for name, rows in layout.rows.items()]
    position = np.concatenate([rows.position for rows in parts])
    order = np.argsort(position)

    def join(name: str) -> IntArray | FloatArray:
        return np.concatenate([getattr(rows, name) for rows in parts])[order]

    return {
        "row_likelihood": np.concatenate(codes)[order],
        "row_source": layout.row_source,
        "row_part": join("part"),
        "row_whole": join("whole"),
        "row_value": join("value"),
        "row_other": join("other"),
        "row_factor": join("noise_factor"),
        "row_variance": join("variance"),
    }


@dataclass
class _Entries:
    """Collects the entries of v, part by part in the order of ``Arrays.offset``."""

    layout: Layout
    pairs: IntArray
    row: list[int] = field(default_factory=list)
    a: list[int] = field(default_factory=list)
    b: list[int] = field(default_factory=list)
    weight: list[float] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Collect all parts."""
        self._blocks = blocks_of(self.layout)
        self._position = {path: i for i, path in enumerate(self.layout.priors)}
        spec = self.layout.spec
        self._regions, self._steps = len(spec.areas.regions), len(spec.years.labels) - 1
        for part in (self._level, self._share, self._steady, self._innovations, self._zeta):
            part(spec)
        for part in (self._shared, self._ratios, self._noise, self._survey):
            part(spec)

    def _open(self, name: str, size: int) -> int:
        start = sum(self.sizes.values())
        self.sizes[name] = size
        return start

    def _add(self, row: int, a: int, weight: float = 1.0, b: int = -1) -> None:
        if weight != 0:
            self.row.append(row)
            self.a.append(a)
            self.b.append(b)
            self.weight.append(float(weight))

    def _add_matrix(self, start: int, matrix: FloatArray, columns: Sequence[int], b: int = -1) -> None:
        for i, j in zip(*np.nonzero(matrix), strict=True):
            self._add(start + int(i), columns[int(j)], matrix[i, j], b)

    def _free(self, block: str) -> range:
        own = self._blocks.get(block)
        return range(own.start, own.start + own.size) if own else range(0)

    def _level(self, spec: ModelSpec) -> None:  # noqa: ARG002 - all parts have one signature
        self._add(self._open("level", 1), self._position["total.prior"])

    def _share(self, spec: ModelSpec) -> None:
        start = self._open("share", self._regions)
        self._covariates(start, spec, "level")
        basis = zero_sum_basis(len(spec.areas.pools))[self.layout.region_pool]
        self._add_matrix(start, basis, self._free("pool_z"), self._position["regions.pool_sd"])
        for region, z in enumerate(self._free("region_z")):
            self._add(start + region, z, 1.0, self._position["regions.region_sd"])

    def _covariates(self, start: int, spec: ModelSpec, effect: str) -> None:
        for name, own in spec.covariates.items():
            if own.effect == effect:
                column = self.layout.covariate(name)[:, None]
                self._add_matrix(start, column, [self._position[f"covariates.{name}.coefficient"]])

    def _steady(self, spec: ModelSpec) -> None:
        start = self._open("steady", self._regions)
        scale = self._position["growth.region_rate_sd"]
        for region, z in enumerate(self._free("region_rate_z")):
            self._add(start + region, self._position["growth.rate"])
            self._add(start + region, z, 1.0, scale)
        self._covariates(start, spec, "growth")

    def _innovations(self, spec: ModelSpec) -> None:  # noqa: ARG002 - all parts have one signature
        for part, block, size in (
            ("common", "common_innovation_z", self._steps),
            ("region", "region_innovation_z", self._steps * self._regions),
        ):
            start = self._open(part, size)
            for i, z in enumerate(self._free(block)):
                self._add(start + i, z, 1.0, self._position[f"growth.{part}_sd"])

    def _zeta(self, spec: ModelSpec) -> None:
        start = self._open("zeta", len(self.pairs))
        trends = [name for name in self.layout.sources if spec.sources[name].trend]
        row_of = {(int(s), int(r)): start + i for i, (s, r) in enumerate(self.pairs)}
        levels = [self.layout.reach_paths(name) for name in self.layout.sources]
        for (s, r), row in row_of.items():
            name = self.layout.sources[s]
            if name in trends:
                self._add(row, self._free("trend_level")[trends.index(name)])
            elif spec.sources[name].reach is not None:
                self._add(row, self._position[levels[s][r]])
        self._source_deviations(row_of)
        self._kind_deviations(spec, row_of)

    def _source_deviations(self, row_of: dict[tuple[int, int], int]) -> None:
        own = zip(self.layout.source_units, self._free("source_unit_z"), strict=True)
        at = {(int(s), int(unit)): z for (s, unit), z in own}
        for (s, r), row in row_of.items():
            z = at.get((s, int(self.layout.unit_of_region[r])))
            if z is not None:
                scale = self._position[f"sources.{self.layout.sources[s]}.region_sd"]
                self._add(row, z, 1.0, scale)

    def _kind_deviations(self, spec: ModelSpec, row_of: dict[tuple[int, int], int]) -> None:
        for kind in deviating_kinds(self.layout):
            scale = self._position[f"source_kinds.{kind}.region_sd"]
            block = self._free(f"kind_{kind}_z")
            for (s, r), row in row_of.items():
                source = spec.sources[self.layout.sources[s]]
                if source.kind == kind and source.reach_kind in ("coverage", "multiplier", "trend"):
                    self._add(row, block[self.layout.unit_of_region[r]], 1.0, scale)

    def _shared(self, spec: ModelSpec) -> None:
        start = self._open("shared", len(self.layout.sources))
        for i, source in enumerate(_sources(self.layout)):
            if source.lineage:
                self._add(start + i, self._position[f"lineages.{source.lineage}.error"])
            free = source.reach_kind in ("coverage", "multiplier", "trend")
            if spec.shared_bias is not None and free:
                self._add(start + i, self._position["shared_bias"])

    def _ratios(self, spec: ModelSpec) -> None:
        scopes = self.layout.scopes
        start = self._open("eta", len(scopes) * self._regions)
        for k, name in enumerate(scopes[1:], start=1):
            own = self._free(f"ratio_{name}_z")
            for region in range(self._regions):
                row = start + k * self._regions + region
                self._add(row, self._position[f"scopes.{name}.ratio"])
                if own:
                    z = own[self.layout.unit_of_region[region]]
                    self._add(row, z, 1.0, self._position[f"scopes.{name}.region_sd"])
        start = self._open("slope", len(scopes))
        for k, name in enumerate(scopes):
            if spec.scopes[name].trend is not None:
                self._add(start + k, self._position[f"scopes.{name}.trend"])

    def _noise(self, spec: ModelSpec) -> None:
        start = self._open("noise", len(self.layout.sources))
        own = self._free("noise_z")
        for i, source in enumerate(_sources(self.layout)):
            self._add(start + i, self._position[f"source_kinds.{source.kind}.noise"])
            self._add(start + i, own[i], spec.source_kinds[source.kind].spread)

    def _survey(self, spec: ModelSpec) -> None:  # noqa: ARG002 - all parts have one signature
        sources = _sources(self.layout)
        polls = [(i, name) for i, name in enumerate(self.layout.sources) if sources[i].selection]
        start = self._open("selection", len(sources))
        for i, name in polls:
            self._add(start + i, self._position[f"sources.{name}.selection"])
        start = self._open("concentration", len(sources))
        for i, _ in polls:
            self._add(start + i, self._position[f"source_kinds.{sources[i].kind}.concentration"])
