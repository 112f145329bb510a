"""The sparse linear predictor: all that is linear between the free vector x and the model.

Each value of the predictor is a sum of terms ``weight * x[effect]`` or
``weight * exp(x[scale]) * x[effect]``: an effect, or a standard normal times its scale. So one
sparse list of entries (row, effect, scale, weight) holds the whole hierarchy, and one loop
evaluates it (`headcount.engine.density.predictor_values`). The nonlinear rest (shares, growth,
links, sums over regions, likelihoods) is written out in the other modules of this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from headcount._types import FloatArray, IntArray
from headcount.layout.free_vector import kinds_with_region_sd, segments_of
from headcount.layout.study_layout import Layout, zero_sum_basis
from headcount.study.growth_kinds import GROWTH_KINDS

__all__ = ["PARTS", "LinearPredictor"]

PARTS: Final = (
    "log_total",
    "log_share",
    "steady_growth",
    "driven_growth",
    "common_innovation",
    "region_innovation",
    "reach_link",
    "shared_error",
    "log_overcount",
    "ratio_link",
    "ratio_trend",
    "log_noise",
    "log_selection",
    "log_concentration",
)
"""Parts of the linear predictor in order; `headcount.engine.density.codes` numbers them."""


class LinearPredictor:
    """The entries of the linear predictor of a study, part by part.

    Parameters
    ----------
    layout
        The study.
    reach_places
        Source, region and year of each value of ``reach_link``, as in
        `headcount.engine.density.reach_points.ReachPoints`.

    Attributes
    ----------
    row
        Position in the linear predictor.
    effect
        Position of the effect in the free vector.
    scale
        Position of the effect's log scale in the free vector; -1 for none.
    weight
        Known factor, such as a covariate.
    sizes
        Length of each of ``PARTS``.
    """

    def __init__(self, layout: Layout, reach_places: IntArray) -> None:
        self.row: list[int] = []
        self.effect: list[int] = []
        self.scale: list[int] = []
        self.weight: list[float] = []
        self.sizes: dict[str, int] = {}
        self._layout, self._spec, self._reach_places = layout, layout.spec, reach_places
        self._sources = [layout.spec.sources[name] for name in layout.sources]
        self._segments = segments_of(layout)
        self._position = {path: i for i, path in enumerate(layout.priors)}
        self._regions = len(layout.spec.areas.regions)
        self._steps = len(layout.spec.years.labels) - 1
        self._reach_groups = len(layout.spec.areas.reach_groups)
        self._headcounts()
        self._reach()
        self._ratios()
        self._noise()
        self._survey_epochs()

    def _headcounts(self) -> None:
        self._log_total()
        self._log_share()
        self._steady_growth()
        self._driven_growth()
        self._innovations()

    def _reach(self) -> None:
        self._reach_link()
        self._shared_error()
        self._log_overcount()

    def _ratios(self) -> None:
        self._ratio_link()
        self._ratio_trend()

    def _open(self, name: str, size: int) -> int:
        """Start a part of the linear predictor and return its first row."""
        start = sum(self.sizes.values())
        self.sizes[name] = size
        return start

    def _add(self, row: int, effect: int, weight: float = 1.0, scale: int = -1) -> None:
        """Add an entry; one of weight zero is left out."""
        if weight != 0:
            self.row.append(row)
            self.effect.append(effect)
            self.scale.append(scale)
            self.weight.append(float(weight))

    def _add_matrix(
        self, start: int, matrix: FloatArray, effects: Sequence[int], scale: int = -1
    ) -> None:
        """Add a matrix times effects to the rows from ``start`` on."""
        for i, j in zip(*np.nonzero(matrix), strict=True):
            self._add(start + int(i), effects[int(j)], matrix[i, j], scale)

    def _free(self, segment: str) -> range:
        """Return the positions of a segment in the free vector, none if the study lacks it."""
        own = self._segments.get(segment)
        return range(own.start, own.start + own.size) if own else range(0)

    def _log_total(self) -> None:
        """Add the log total."""
        self._add(self._open("log_total", 1), self._position["total.prior"])

    def _log_share(self) -> None:
        """Add the log share of each region before normalising."""
        start = self._open("log_share", self._regions)
        self._covariates(start, "level")
        basis = zero_sum_basis(len(self._spec.areas.pools))[self._layout.region_pool]
        self._add_matrix(start, basis, self._free("pool_z"), self._position["regions.pool_sd"])
        for region, z in enumerate(self._free("region_z")):
            self._add(start + region, z, 1.0, self._position["regions.region_sd"])

    def _covariates(self, start: int, effect: str, *, yearly: bool = False) -> None:
        """Add the covariates of an effect to the rows from ``start`` on."""
        for name, own in self._spec.covariates.items():
            if own.effect == effect and own.yearly == yearly:
                column = self._layout.covariate(name).reshape(-1, 1)
                self._add_matrix(start, column, *self._coefficient(name))

    def _coefficient(self, name: str) -> tuple[list[int], int]:
        """Return the position of a coefficient in the free vector, and that of its scale or -1."""
        shrunk = self._spec.shrunk_covariates
        if name in shrunk:
            place = self._free("coefficient_z")[shrunk.index(name)]
            return [place], self._position["growth.coefficient_sd"]
        return [self._position[f"covariates.{name}.coefficient"]], -1

    def _steady_growth(self) -> None:
        """Add the growth of each region that is equal in all years."""
        start = self._open("steady_growth", self._regions)
        base = f"growth.{GROWTH_KINDS[self._spec.growth.kind].base}"
        scale = self._position["growth.region_rate_sd"]
        for region, z in enumerate(self._free("region_rate_z")):
            self._add(start + region, self._position[base])
            self._add(start + region, z, 1.0, scale)
        self._covariates(start, "growth")

    def _driven_growth(self) -> None:
        """Add yearly covariates and change points, by region and step."""
        yearly = any(own.yearly for own in self._spec.covariates.values())
        needed = yearly or bool(self._spec.growth.changes)
        start = self._open("driven_growth", self._regions * self._steps * needed)
        self._covariates(start, "growth", yearly=True)
        for name, mask in zip(self._spec.growth.changes, self._layout.changes, strict=True):
            self._add_matrix(
                start, mask.reshape(-1, 1), [self._position[f"growth.changes.{name}.change"]]
            )

    def _innovations(self) -> None:
        """Add scaled innovations, common by step, and of each region by region and step."""
        for part, size in (("common", self._steps), ("region", self._steps * self._regions)):
            start = self._open(f"{part}_innovation", size)
            for i, z in enumerate(self._free(f"{part}_innovation_z")):
                self._add(start + i, z, 1.0, self._position[f"growth.{part}_sd"])

    def _reach_link(self) -> None:
        """Add reach on its link scale."""
        start = self._open("reach_link", len(self._reach_places))
        trends = [name for name in self._layout.sources if self._spec.sources[name].trend]
        levels = [self._layout.reach_prior_paths(name) for name in self._layout.sources]
        for row, (s, r, _) in enumerate(self._reach_places, start):
            name = self._layout.sources[s]
            if name in trends:
                self._add(row, self._free("trend_level")[trends.index(name)])
            elif self._sources[s].reach is not None:
                self._add(row, self._position[levels[s][r]])
        self._source_deviations(start)
        self._kind_deviations(start)
        for row, (s, _, year) in enumerate(self._reach_places, start):
            self._drift(row, self._layout.sources[s], int(year))
            self._breaks(row, self._layout.sources[s], int(year))

    def _source_deviations(self, start: int) -> None:
        """Add the deviations of each source by reach group."""
        own = zip(self._layout.source_reach_groups, self._free("source_region_z"), strict=True)
        at = {(int(s), int(group)): z for (s, group), z in own}
        for row, (s, r, _) in enumerate(self._reach_places, start):
            z = at.get((int(s), int(self._layout.region_reach_group[r])))
            if z is not None:
                self._add(
                    row, z, 1.0, self._position[f"sources.{self._layout.sources[s]}.region_sd"]
                )

    def _kind_deviations(self, start: int) -> None:
        """Add the deviations by reach group that the sources of a kind share."""
        for kind in kinds_with_region_sd(self._layout):
            scale = self._position[f"source_kinds.{kind}.region_sd"]
            deviation = self._free(f"kind_{kind}_z")
            for row, (s, r, _) in enumerate(self._reach_places, start):
                if self._sources[s].kind == kind and self._sources[s].is_free:
                    self._add(row, deviation[self._layout.region_reach_group[r]], 1.0, scale)

    def _drift(self, row: int, name: str, year: int) -> None:
        """Add the steps of a drift between the reference year and a year, forwards or backwards."""
        if name not in self._layout.drifting_sources:
            return
        reference = self._spec.years.reference - self._spec.years.first
        steps, scale = self._free(f"drift_{name}_z"), self._position[f"sources.{name}.drift_sd"]
        for step in range(min(reference, year), max(reference, year)):
            self._add(row, steps[step], 1.0 if year > reference else -1.0, scale)

    def _breaks(self, row: int, name: str, year: int) -> None:
        """Add the breaks of a source up to a year."""
        for since, key in self._spec.sources[name].breaks_by:
            if self._layout.has_yearly_reach(name) and self._spec.years.first + year >= since:
                self._add(row, self._position[f"sources.{name}.breaks.{key}"])

    def _shared_error(self) -> None:
        """Add log lineage error plus log shared bias of each source."""
        start = self._open("shared_error", len(self._sources))
        for i, source in enumerate(self._sources):
            if source.lineage:
                self._add(start + i, self._position[f"lineages.{source.lineage}.error"])
            if self._spec.shared_bias is not None and source.is_free:
                self._add(start + i, self._position["shared_bias"])

    def _log_overcount(self) -> None:
        """Add the log overcount of each source that has one."""
        start = self._open("log_overcount", len(self._sources))
        for i, name in enumerate(self._layout.sources):
            if self._sources[i].overcount is not None:
                self._add(start + i, self._position[f"sources.{name}.overcount"])

    def _ratio_link(self) -> None:
        """Add ratios on their link scale in the reference year, by scope and region."""
        start = self._open("ratio_link", len(self._layout.scopes) * self._regions)
        for k, name in enumerate(self._layout.scopes):
            rows = [(region, start + k * self._regions + region) for region in range(self._regions)]
            if self._spec.scopes[name].part_of is not None:
                self._part(name, rows)
            elif k > 0:
                self._ratio(name, rows)

    def _ratio(self, name: str, rows: Sequence[tuple[int, int]]) -> None:
        """Add the ratio of a scope, given (region, row) pairs."""
        own = self._free(f"ratio_{name}_z")
        for region, row in rows:
            self._add(row, self._position[f"scopes.{name}.ratio"])
            if own:
                z = own[self._layout.region_reach_group[region]]
                self._add(row, z, 1.0, self._position[f"scopes.{name}.region_sd"])

    def _part(self, name: str, rows: Sequence[tuple[int, int]]) -> None:
        """Add the deviation of a part of a breakdown, given (region, row) pairs."""
        breakdown = str(self._spec.scopes[name].part_of)
        place, path = self._spec.parts_of(breakdown).index(name), f"breakdowns.{breakdown}"
        regional = self._free(f"part_{breakdown}_region_z")
        for region, row in rows:
            self._add(
                row, self._free(f"part_{breakdown}_z")[place], 1.0, self._position[f"{path}.sd"]
            )
            if regional:
                z = regional[place * self._reach_groups + self._layout.region_reach_group[region]]
                self._add(row, z, 1.0, self._position[f"{path}.region_sd"])

    def _ratio_trend(self) -> None:
        """Add the trend of each scope's ratio."""
        start = self._open("ratio_trend", len(self._layout.scopes))
        for k, name in enumerate(self._layout.scopes):
            scope = self._spec.scopes[name]
            if scope.trend is not None:
                self._add(start + k, self._position[f"scopes.{name}.trend"])
            elif scope.part_of and (own := self._free(f"part_{scope.part_of}_trend_z")):
                z = own[self._spec.parts_of(scope.part_of).index(name)]
                self._add(start + k, z, 1.0, self._position[f"breakdowns.{scope.part_of}.trend_sd"])

    def _noise(self) -> None:
        """Add the log noise sd of each source."""
        start = self._open("log_noise", len(self._sources))
        own = self._free("noise_z")
        for i, source in enumerate(self._sources):
            self._add(start + i, self._position[f"source_kinds.{source.kind}.noise"])
            self._add(start + i, own[i], self._spec.source_kinds[source.kind].spread)

    def _survey_epochs(self) -> None:
        """Add log selection (of linkages: log dependence) and log concentration by survey epoch."""
        epochs = self._layout.survey_epochs
        start = self._open("log_selection", len(epochs))
        for i, (name, breaks) in enumerate(epochs):
            source = self._spec.sources[name]
            self._add(start + i, self._position[f"sources.{name}.{source.reach_kind}"])
            for _, key in source.breaks_by[:breaks]:
                self._add(start + i, self._position[f"sources.{name}.breaks.{key}"])
        start = self._open("log_concentration", len(epochs))
        for i, (name, _) in enumerate(epochs):
            kind = self._spec.sources[name].kind
            self._add(start + i, self._position[f"source_kinds.{kind}.concentration"])
