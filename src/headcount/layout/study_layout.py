"""The layout: a study as arrays of indices, the same for every posterior draw.

The layout holds the cells that the rows need, the terms as sums of cells, the rows by likelihood,
and the indices by which regions, sources and scopes share effects. It contains no model:
`headcount.model` turns it into a PyMC graph and `headcount.engine` into a compiled density.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from headcount._memo import memo
from headcount._types import FloatArray, IntArray
from headcount.layout.cells import Cells, TermCollector, Terms
from headcount.layout.row_arrays import RowArrays, likelihood_of, rows_by_likelihood
from headcount.layout.scopes import latent_scopes
from headcount.study.observation import Observation
from headcount.study.observation_kinds import kind_of
from headcount.study.observations import Observations
from headcount.study.priors import LINK_NORMAL, Prior
from headcount.study.row_forms import Likelihood
from headcount.study.specs import ModelSpec
from headcount.study.study import Study
from headcount.study.study_checks import mentioned_sources

__all__ = ["TREND_LEVEL_SD", "Layout", "layout_of", "zero_sum_basis"]

TREND_LEVEL_SD: Final = 5.0
"""Prior sd of the free log level of a source that is used for its trend: a factor of 3,600 to
either side."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Index arrays of a study; `layout_of` keeps them with it.

    Parameters
    ----------
    spec, observations
        The study.
    sources
        Sources with fitted rows, and those to which such rows refer, in the spec's order.
    scopes
        Latent scopes, the target first.
    cells
        The cells that the rows need.
    terms
        Log expected values as sums over cells.
    rows
        Rows by likelihood, that is by form and tails; likelihoods without rows are left out.
    """

    spec: ModelSpec
    observations: Observations
    sources: tuple[str, ...]
    scopes: tuple[str, ...]
    cells: Cells
    terms: Terms
    rows: Mapping[Likelihood, RowArrays]

    @classmethod
    def of(cls, spec: ModelSpec, observations: Observations) -> Layout:
        """Lay out a checked study.

        Parameters
        ----------
        spec, observations
            A study that `headcount.study.study_checks.check_study` has passed.

        Returns
        -------
        Layout
            Its index arrays.
        """
        sources, scopes = mentioned_sources(spec, observations), latent_scopes(spec)
        rows = [kind_of(row).form(row, spec) for row in observations.fitted]
        collector = TermCollector(spec, sources, scopes)
        terms, index = collector.collect(term for row in rows for term in row.terms)
        likelihoods = [
            likelihood_of(row, observation.source, spec)
            for row, observation in zip(rows, observations.fitted, strict=True)
        ]
        by_likelihood = rows_by_likelihood(rows, likelihoods, index)
        return cls(spec, observations, sources, scopes, collector.cells, terms, by_likelihood)

    @cached_property
    def priors(self) -> dict[str, Prior]:
        """Path of each prior to the prior, without those of sources that have no rows.

        Priors that are normal on their link scale come first, then the other families.
        """
        absent = tuple(f"sources.{name}." for name in self.spec.sources if name not in self.sources)
        used = {p: prior for p, prior in self.spec.priors.items() if not p.startswith(absent)}
        families = list(dict.fromkeys([LINK_NORMAL, *(prior.family for prior in used.values())]))
        return dict(sorted(used.items(), key=lambda item: families.index(item[1].family)))

    @cached_property
    def row_source(self) -> IntArray:
        """Index of the source of each fitted observation; dims (row,)."""
        fitted = self.observations.fitted
        return np.array([self.sources.index(row.source) for row in fitted], dtype=np.int64)

    @cached_property
    def cell_source(self) -> IntArray:
        """Index of the source of each cell, with or without its overcount and errors.

        ``len(self.sources)`` for a cell without a source; dims (cell,).
        """
        nobody, observer = len(self.sources), self.cells.observer
        return np.where(observer > nobody, observer - nobody - 1, observer)

    @cached_property
    def source_reach_groups(self) -> IntArray:
        """Pairs (source, reach group) that have a deviation of reach; dims (pair, 2).

        Those are the sources with a ``region_sd``, in the reach groups of their cells.
        """
        regional = [self.spec.sources[name].region_sd is not None for name in self.sources]
        groups = self.region_reach_group[self.cells.region]
        seen = zip(self.cell_source.tolist(), groups.tolist(), strict=True)
        pairs = {(s, group) for s, group in seen if s < len(regional) and regional[s]}
        return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)

    @cached_property
    def drifting_sources(self) -> tuple[str, ...]:
        """Sources whose reach drifts."""
        return tuple(name for name in self.sources if self.spec.sources[name].drift_sd is not None)

    def has_yearly_reach(self, name: str) -> bool:
        """Say whether a source's reach differs between years."""
        source = self.spec.sources[name]
        return source.is_free and (source.drift_sd is not None or bool(source.breaks))

    @cached_property
    def survey_epochs(self) -> tuple[tuple[str, int], ...]:
        """Pairs of a survey or linkage and the number of its breaks so far.

        Each has one selection (of a linkage: dependence) and one concentration.
        """
        sources = [name for name in self.sources if self.spec.sources[name].is_binomial]
        return tuple(
            (name, breaks)
            for name in sources
            for breaks in range(len(self.spec.sources[name].breaks) + 1)
        )

    @cached_property
    def row_epoch(self) -> IntArray:
        """Index of the survey epoch of each fitted observation; dims (row,).

        It is 0 for rows that are not binomial.
        """
        return np.array([self._epoch_of(row) for row in self.observations.fitted], dtype=np.int64)

    def _epoch_of(self, row: Observation) -> int:
        source = self.spec.sources[row.source]
        if not source.is_binomial:
            return 0
        breaks = sum(year <= row.year for year, _ in source.breaks_by)
        return self.survey_epochs.index((row.source, breaks))

    @cached_property
    def region_reach_group(self) -> IntArray:
        """Index of the reach group of each region; dims (region,).

        The regions of a reach group have equal deviations of reach and of ratios.
        """
        areas = self.spec.areas
        return np.array(
            [areas.reach_groups.index(areas.reach_group_of(region)) for region in areas.regions]
        )

    @cached_property
    def region_pool(self) -> IntArray:
        """Index of the pool of each region; dims (region,)."""
        areas = self.spec.areas
        return np.array([areas.pools.index(areas.pool_of(region)) for region in areas.regions])

    def reach_prior_paths(self, name: str) -> tuple[str, ...]:
        """Return the path of the prior of a source's reach, for each region.

        That is the narrowest exception that holds the region, the first declared of equally narrow
        ones, or else the source's own prior.
        """
        source, areas = self.spec.sources[name], self.spec.areas
        path = f"sources.{name}.{source.reach_kind}"
        paths = [path] * len(areas.regions)
        exceptions = reversed(tuple(source.reach.regions)) if source.reach is not None else ()
        for area in sorted(exceptions, key=lambda code: -len(areas.regions_of(code))):
            for region in areas.regions_of(area):
                paths[region] = f"{path}.regions.{area}"
        return tuple(paths)

    def covariate(self, name: str) -> FloatArray:
        """Return a covariate as the model uses it, transformed and scaled as docs/model.md says.

        Dims (region, 1), or (region, step) if yearly.
        """
        effect, years = self.spec.covariates[name], self.spec.years
        values = self.variable(name, years.labels[1:] if effect.yearly else (years.reference,))
        values = np.log(values) if effect.transform == "log" else values
        values = values - values.mean()
        if effect.effect == "level" and effect.transform == "log":
            return values
        sd = values.std()
        return values / sd if sd > 0 else values

    def variable(self, name: str, years: Iterable[int]) -> FloatArray:
        """Return a variable of the covariates table; dims (region, year)."""
        years = tuple(years)
        table = self.spec.covariate_table
        return np.array([table.path(name, region, years) for region in self.spec.areas.regions])

    @cached_property
    def changes(self) -> FloatArray:
        """1 where a declared change point is in force, else 0; dims (change, region, step)."""
        areas, steps = self.spec.areas, np.array(self.spec.years.labels[1:])
        masks = np.zeros((len(self.spec.growth.changes), len(areas.regions), len(steps)))
        for mask, change in zip(masks, self.spec.growth.changes.values(), strict=True):
            mask[list(areas.regions_of(change.area or areas.root))] = steps >= change.year
        return masks

    @cached_property
    def part_log_weights(self) -> dict[str, float]:
        """Scope that is part of a breakdown to the log of its expected weight."""
        return {
            part: math.log(self.spec.breakdowns[name].expected.get(part, 1.0))
            for name in self.spec.breakdowns
            for part in self.spec.parts_of(name)
        }


@memo
def layout_of(study: Study) -> Layout:
    """Return the index arrays of a study, which are kept with it."""
    return Layout.of(study.spec, study.observations)


def zero_sum_basis(n: int) -> FloatArray:
    """Return a basis of n effects that sum to zero, each of marginal variance 1.

    Parameters
    ----------
    n
        Number of effects.

    Returns
    -------
    numpy.ndarray
        Maps n - 1 independent standard normals to the effects; dims (effect, free).
    """
    corner = np.triu(np.ones((n, n - 1)))
    np.fill_diagonal(corner[1:], -np.arange(1, n))
    unit = corner / np.linalg.norm(corner, axis=0)
    return unit * np.sqrt(n / (n - 1)) if n > 1 else unit
