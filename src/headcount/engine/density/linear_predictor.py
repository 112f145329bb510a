"""LinearPredictor: everything between the free vector x and the latent headcount that is not curved.

Such a quantity is a sum of terms ``weight * x[a]`` or ``weight * exp(x[b]) * x[a]``: an effect, or
a standard normal times its scale. So one sparse list of *entries* (row, a, b, weight) states the
whole hierarchy, and one loop evaluates it; the vector of sums is called predictor. What is curved (shares,
growth, links, sums over regions, likelihoods) is written out in
`headcount.engine.density.log_density`.
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
"""Parts of predictor in order; `headcount.engine.density.log_density` numbers them alike."""


class LinearPredictor:
    """The entries of a study, part by part.

    Parameters
    ----------
    layout
        The study.
    zetas
        Where reach is evaluated; see `headcount.engine.density.reach_points.ReachPoints`.

    Attributes
    ----------
    row, a, b, weight
        The entries.
    sizes
        Length of each of ``PARTS``.
    """

    def __init__(self, layout: Layout, zetas: IntArray) -> None:
        self.row: list[int] = []
        self.a: list[int] = []
        self.b: list[int] = []
        self.weight: list[float] = []
        self.sizes: dict[str, int] = {}
        self._layout, self._spec, self._zetas = layout, layout.spec, zetas
        self._sources = [layout.spec.sources[name] for name in layout.sources]
        self._blocks = segments_of(layout)
        self._position = {path: i for i, path in enumerate(layout.priors)}
        self._regions, self._steps = (
            len(layout.spec.areas.regions),
            len(layout.spec.years.labels) - 1,
        )
        self._units = len(layout.spec.areas.reach_groups)
        for part in (
            self._level,
            self._share,
            self._steady,
            self._driven,
            self._innovations,
            self._zeta,
        ):
            part()
        for part in (
            self._shared,
            self._overcount,
            self._ratios,
            self._slopes,
            self._noise,
            self._survey_epochs,
        ):
            part()

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

    def _add_matrix(
        self, start: int, matrix: FloatArray, columns: Sequence[int], b: int = -1
    ) -> None:
        for i, j in zip(*np.nonzero(matrix), strict=True):
            self._add(start + int(i), columns[int(j)], matrix[i, j], b)

    def _free(self, block: str) -> range:
        own = self._blocks.get(block)
        return range(own.start, own.start + own.size) if own else range(0)

    def _level(self) -> None:
        self._add(self._open("log_total", 1), self._position["total.prior"])

    def _share(self) -> None:
        start = self._open("log_share", self._regions)
        self._covariates(start, "level")
        basis = zero_sum_basis(len(self._spec.areas.pools))[self._layout.region_pool]
        self._add_matrix(start, basis, self._free("pool_z"), self._position["regions.pool_sd"])
        for region, z in enumerate(self._free("region_z")):
            self._add(start + region, z, 1.0, self._position["regions.region_sd"])

    def _covariates(self, start: int, effect: str, *, yearly: bool = False) -> None:
        for name, own in self._spec.covariates.items():
            if own.effect == effect and own.yearly == yearly:
                column = self._layout.covariate(name).reshape(-1, 1)
                self._add_matrix(start, column, *self._coefficient(name))

    def _coefficient(self, name: str) -> tuple[list[int], int]:
        """Return the place of a coefficient in x, and that of its scale or -1."""
        shrunk = self._spec.shrunk_covariates
        if name in shrunk:
            return [self._free("coefficient_z")[shrunk.index(name)]], self._position[
                "growth.coefficient_sd"
            ]
        return [self._position[f"covariates.{name}.coefficient"]], -1

    def _steady(self) -> None:
        start = self._open("steady_growth", self._regions)
        base = f"growth.{GROWTH_KINDS[self._spec.growth.kind].base}"
        scale = self._position["growth.region_rate_sd"]
        for region, z in enumerate(self._free("region_rate_z")):
            self._add(start + region, self._position[base])
            self._add(start + region, z, 1.0, scale)
        self._covariates(start, "growth")

    def _driven(self) -> None:
        yearly = any(own.yearly for own in self._spec.covariates.values())
        needed = yearly or bool(self._spec.growth.changes)
        start = self._open("driven_growth", self._regions * self._steps * needed)
        self._covariates(start, "growth", yearly=True)
        for name, mask in zip(self._spec.growth.changes, self._layout.changes, strict=True):
            self._add_matrix(
                start, mask.reshape(-1, 1), [self._position[f"growth.changes.{name}.change"]]
            )

    def _innovations(self) -> None:
        for part, size in (("common", self._steps), ("region", self._steps * self._regions)):
            start = self._open(f"{part}_innovation", size)
            for i, z in enumerate(self._free(f"{part}_innovation_z")):
                self._add(start + i, z, 1.0, self._position[f"growth.{part}_sd"])

    def _zeta(self) -> None:
        start = self._open("reach_link", len(self._zetas))
        trends = [name for name in self._layout.sources if self._spec.sources[name].trend]
        levels = [self._layout.reach_prior_paths(name) for name in self._layout.sources]
        for row, (s, r, _) in enumerate(self._zetas, start):
            name = self._layout.sources[s]
            if name in trends:
                self._add(row, self._free("trend_level")[trends.index(name)])
            elif self._sources[s].reach is not None:
                self._add(row, self._position[levels[s][r]])
        self._source_deviations(start)
        self._kind_deviations(start)
        for row, (s, _, year) in enumerate(self._zetas, start):
            self._drift(row, self._layout.sources[s], int(year))
            self._breaks(row, self._layout.sources[s], int(year))

    def _source_deviations(self, start: int) -> None:
        own = zip(self._layout.source_reach_groups, self._free("source_region_z"), strict=True)
        at = {(int(s), int(unit)): z for (s, unit), z in own}
        for row, (s, r, _) in enumerate(self._zetas, start):
            z = at.get((int(s), int(self._layout.region_reach_group[r])))
            if z is not None:
                self._add(
                    row, z, 1.0, self._position[f"sources.{self._layout.sources[s]}.region_sd"]
                )

    def _kind_deviations(self, start: int) -> None:
        for kind in kinds_with_region_sd(self._layout):
            scale = self._position[f"source_kinds.{kind}.region_sd"]
            block = self._free(f"kind_{kind}_z")
            for row, (s, r, _) in enumerate(self._zetas, start):
                if self._sources[s].kind == kind and self._sources[s].is_free:
                    self._add(row, block[self._layout.region_reach_group[r]], 1.0, scale)

    def _drift(self, row: int, name: str, year: int) -> None:
        """Add the steps between the reference year and a year, forwards or backwards."""
        if name not in self._layout.drifting_sources:
            return
        reference = self._spec.years.reference - self._spec.years.first
        steps, scale = self._free(f"drift_{name}_z"), self._position[f"sources.{name}.drift_sd"]
        for step in range(min(reference, year), max(reference, year)):
            self._add(row, steps[step], 1.0 if year > reference else -1.0, scale)

    def _breaks(self, row: int, name: str, year: int) -> None:
        for since, key in self._spec.sources[name].breaks_by:
            if self._layout.has_yearly_reach(name) and self._spec.years.first + year >= since:
                self._add(row, self._position[f"sources.{name}.breaks.{key}"])

    def _shared(self) -> None:
        start = self._open("shared_error", len(self._sources))
        for i, source in enumerate(self._sources):
            if source.lineage:
                self._add(start + i, self._position[f"lineages.{source.lineage}.error"])
            if self._spec.shared_bias is not None and source.is_free:
                self._add(start + i, self._position["shared_bias"])

    def _overcount(self) -> None:
        start = self._open("log_overcount", len(self._sources))
        for i, name in enumerate(self._layout.sources):
            if self._sources[i].overcount is not None:
                self._add(start + i, self._position[f"sources.{name}.overcount"])

    def _ratios(self) -> None:
        start = self._open("ratio_link", len(self._layout.scopes) * self._regions)
        for k, name in enumerate(self._layout.scopes):
            rows = [(region, start + k * self._regions + region) for region in range(self._regions)]
            if self._spec.scopes[name].part_of is not None:
                self._part(name, rows)
            elif k > 0:
                self._ratio(name, rows)

    def _ratio(self, name: str, rows: Sequence[tuple[int, int]]) -> None:
        own = self._free(f"ratio_{name}_z")
        for region, row in rows:
            self._add(row, self._position[f"scopes.{name}.ratio"])
            if own:
                z = own[self._layout.region_reach_group[region]]
                self._add(row, z, 1.0, self._position[f"scopes.{name}.region_sd"])

    def _part(self, name: str, rows: Sequence[tuple[int, int]]) -> None:
        breakdown = str(self._spec.scopes[name].part_of)
        place, path = self._spec.parts_of(breakdown).index(name), f"breakdowns.{breakdown}"
        regional = self._free(f"part_{breakdown}_region_z")
        for region, row in rows:
            self._add(
                row, self._free(f"part_{breakdown}_z")[place], 1.0, self._position[f"{path}.sd"]
            )
            if regional:
                z = regional[place * self._units + self._layout.region_reach_group[region]]
                self._add(row, z, 1.0, self._position[f"{path}.region_sd"])

    def _slopes(self) -> None:
        start = self._open("ratio_trend", len(self._layout.scopes))
        for k, name in enumerate(self._layout.scopes):
            scope = self._spec.scopes[name]
            if scope.trend is not None:
                self._add(start + k, self._position[f"scopes.{name}.trend"])
            elif scope.part_of and (own := self._free(f"part_{scope.part_of}_trend_z")):
                z = own[self._spec.parts_of(scope.part_of).index(name)]
                self._add(start + k, z, 1.0, self._position[f"breakdowns.{scope.part_of}.trend_sd"])

    def _noise(self) -> None:
        start = self._open("log_noise", len(self._sources))
        own = self._free("noise_z")
        for i, source in enumerate(self._sources):
            self._add(start + i, self._position[f"source_kinds.{source.kind}.noise"])
            self._add(start + i, own[i], self._spec.source_kinds[source.kind].spread)

    def _survey_epochs(self) -> None:
        """Add log selection (or log dependence) and log concentration of each epoch of a survey or
        linkage.
        """
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
