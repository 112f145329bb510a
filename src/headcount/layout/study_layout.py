"""Layout: a study as arrays of indices, the same for every posterior draw.

A *cell* is one seer looking at one scope in one region at one time; a term (see
`headcount.study.row_forms`) is the log of a sum over cells. A *seer* is a source, nobody (who sees
everybody), or a list alone: a source without its overcount and errors. The layout lists the cells
that any row needs, the terms as sums of cells, and the rows by form. It knows nothing of PyMC;
`headcount.model` turns it into a graph and `headcount.engine` into a compiled density.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from scipy.special import logsumexp

from headcount._memo import memo
from headcount._types import FloatArray, IntArray
from headcount.study.observation import Observation
from headcount.study.observation_kinds import kind_of
from headcount.study.observations import Observations
from headcount.study.periods import Moment
from headcount.study.priors import LINK_NORMAL, Prior
from headcount.study.row_forms import BINOMIAL_FORMS, FormRow, Likelihood, Term
from headcount.study.specs import ModelSpec
from headcount.study.study import Study
from headcount.study.study_checks import mentioned_sources

__all__ = [
    "TREND_LEVEL_SD",
    "Layout",
    "RowArrays",
    "known_log_headcount",
    "latent_scopes",
    "layout_of",
]

TREND_LEVEL_SD: Final = 5.0
"""Prior sd of the free log level of a source that is used for its trend: a factor of 3,600 to
either side."""

type Cell = tuple[int, int, int, int, float, float]


@dataclass(frozen=True)
class Cells:
    """The cells that any row needs, dims (cell,) throughout.

    Parameters
    ----------
    seer
        Index of a source; ``len(sources)`` for nobody; ``len(sources) + 1 + s`` for the list of
        source s alone.
    scope, region
        Indices.
    year
        Index of the year whose middle lies before the cell's time (or at it).
    lean
        How far towards the next year's middle, in years; 0 for a year itself; outside [0, 1] beyond
        the outermost years.
    log_weight
        Logarithm of the weight of the cell in its term.
    """

    seer: IntArray
    scope: IntArray
    region: IntArray
    year: IntArray
    lean: FloatArray
    log_weight: FloatArray

    @classmethod
    def of(cls, cells: Iterable[Cell]) -> Cells:
        """Build from tuples."""
        table = np.array(list(cells), dtype=np.float64).reshape(-1, 6)
        seer, scope, region, year = table[:, :4].astype(np.int64).T.copy()
        return cls(seer, scope, region, year, table[:, 4].copy(), table[:, 5].copy())

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.seer)


@dataclass(frozen=True)
class RowArrays:
    """The rows of one form, dims (row,) throughout.

    Parameters
    ----------
    position
        Position among the fitted observations.
    part, whole, third
        Index of the terms; the last two point at a term that is zero where there is none.
    value, other, noise_factor, variance
        As in `FormRow`.
    """

    position: IntArray
    part: IntArray
    whole: IntArray
    third: IntArray
    value: FloatArray
    other: FloatArray
    noise_factor: FloatArray
    variance: FloatArray

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.position)


@dataclass(frozen=True, eq=False)
class Layout:
    """Index arrays of a study; `layout_of` keeps them with it.

    Parameters
    ----------
    spec, observations
        The study.
    sources
        Sources with fitted rows, and those that such rows refer to, in the spec's order.
    scopes
        Latent scopes, the target first.
    cells
        Who looks at whom, where and when.
    single
        Terms that are one cell: its index; dims (term,).
    multiple
        Terms that are sums: cell indices padded with -1; dims (term, part).
    known
        Terms that are known; the last one is zero. The order of all terms is single, multiple,
        known.
    rows
        Rows by likelihood, that is by form and tails; likelihoods without rows are left out.
    """

    spec: ModelSpec
    observations: Observations
    sources: tuple[str, ...]
    scopes: tuple[str, ...]
    cells: Cells
    single: IntArray
    multiple: IntArray
    known: FloatArray
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
        sources = mentioned_sources(spec, observations)
        scopes = latent_scopes(spec)
        forms = [kind_of(row).form(row, spec) for row in observations.fitted]
        terms = _Terms(spec, sources, scopes)
        index = terms.add(
            term for form in forms for term in (form.part, form.whole, form.third) if term
        )
        likelihoods = [
            _likelihood(form, spec.sources[row.source].kind, spec)
            for form, row in zip(forms, observations.fitted, strict=True)
        ]
        rows = {
            wanted: _row_arrays(
                [i for i, own in enumerate(likelihoods) if own == wanted], forms, index
            )
            for wanted in sorted(set(likelihoods), key=lambda own: own.place)
        }
        return cls(spec, observations, sources, scopes, terms.cells, *terms.arrays, rows=rows)

    @cached_property
    def priors(self) -> dict[str, Prior]:
        """The spec's priors but for those of sources without rows, by path; link-normal ones first,
        then by family.
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
        """Index of the source that each cell's seer is or stems from; ``len(sources)`` for nobody;
        dims (cell,).
        """
        return np.where(
            self.cells.seer > len(self.sources),
            self.cells.seer - len(self.sources) - 1,
            self.cells.seer,
        )

    @cached_property
    def source_units(self) -> IntArray:
        """Pairs (source, unit) that some cell looks at, of sources with a region_sd; dims (pair,
        2).
        """
        regional = [self.spec.sources[name].region_sd is not None for name in self.sources]
        units = self.unit_of_region[self.cells.region]
        seen = zip(self.cell_source.tolist(), units.tolist(), strict=True)
        pairs = {(s, unit) for s, unit in seen if s < len(regional) and regional[s]}
        return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)

    @cached_property
    def drifting(self) -> tuple[str, ...]:
        """Sources whose reach drifts."""
        return tuple(name for name in self.sources if self.spec.sources[name].drift_sd is not None)

    def varies(self, name: str) -> bool:
        """Say whether a source's reach differs between years."""
        source = self.spec.sources[name]
        return source.is_free and (source.drift_sd is not None or bool(source.breaks))

    @cached_property
    def frames(self) -> tuple[tuple[str, int], ...]:
        """Pairs of a survey or linkage and the number of its breaks that lie behind: each has one
        selection.
        """
        asking = [name for name in self.sources if self.spec.sources[name].is_binomial]
        return tuple(
            (name, n) for name in asking for n in range(len(self.spec.sources[name].breaks) + 1)
        )

    @cached_property
    def row_frame(self) -> IntArray:
        """Index of each fitted observation's frame; 0 for those that are no k of n; dims (row,)."""
        return np.array([self._frame_of(row) for row in self.observations.fitted], dtype=np.int64)

    def _frame_of(self, row: Observation) -> int:
        source = self.spec.sources[row.source]
        if not source.is_binomial:
            return 0
        return self.frames.index(
            (row.source, sum(year <= row.year for year, _ in source.breaks_by))
        )

    @cached_property
    def unit_of_region(self) -> IntArray:
        """Index of each region's unit, within which reach and ratios do not differ; dims (region,)."""
        areas = self.spec.areas
        return np.array(
            [areas.reach_groups.index(areas.reach_group_of(region)) for region in areas.regions]
        )

    @cached_property
    def region_pool(self) -> IntArray:
        """Index of each region's pool; dims (region,)."""
        areas = self.spec.areas
        return np.array([areas.pools.index(areas.pool_of(region)) for region in areas.regions])

    def reach_paths(self, name: str) -> tuple[str, ...]:
        """Return which prior sets a source's level in each region: the narrowest exception that
        holds it, else its own.

        Of exceptions that are equally narrow, the one declared first.
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
        """Return a covariate as the model uses it, dims (region, 1), or (region, step) if yearly.

        See docs/model.md.
        """
        effect, years = self.spec.covariates[name], self.spec.years
        values = self.variable(name, years.labels[1:] if effect.yearly else (years.reference,))
        values = np.log(values) if effect.transform == "log" else values
        values = values - values.mean()
        if effect.effect == "level" and effect.transform == "log":
            return values
        spread = values.std()
        return values / spread if spread > 0 else values

    def variable(self, name: str, years: Iterable[int]) -> FloatArray:
        """Return a variable of the covariates table; dims (region, year)."""
        years = tuple(years)
        table = self.spec.covariate_table
        return np.array([table.path(name, region, years) for region in self.spec.areas.regions])

    @cached_property
    def changes(self) -> FloatArray:
        """Whether each declared change point is in force, dims (change, region, step)."""
        areas, steps = self.spec.areas, np.array(self.spec.years.labels[1:])
        masks = np.zeros((len(self.spec.growth.changes), len(areas.regions), len(steps)))
        for mask, change in zip(masks, self.spec.growth.changes.values(), strict=True):
            mask[list(areas.regions_of(change.area or areas.root))] = steps >= change.year
        return masks

    @cached_property
    def part_log_weights(self) -> dict[str, float]:
        """Log weight expected of each scope that is part of a breakdown."""
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
    """Return a basis of n effects that sum to zero, each of marginal variance 1; dims (effect,
    free).
    """
    corner = np.triu(np.ones((n, n - 1)))
    np.fill_diagonal(corner[1:], -np.arange(1, n))
    unit = corner / np.linalg.norm(corner, axis=0)
    return unit * np.sqrt(n / (n - 1)) if n > 1 else unit


def latent_scopes(spec: ModelSpec) -> tuple[str, ...]:
    """Return the scopes that are not known populations, each after the one it is relative to."""
    order = [spec.target]
    waiting = [name for name in spec.scopes if spec.relative_to(name)]
    while waiting:
        ready = [name for name in waiting if spec.relative_to(name) in order]
        order += ready
        waiting = [name for name in waiting if name not in ready]
    return tuple(order)


def known_log_headcount(spec: ModelSpec, scope: str) -> FloatArray:
    """Return the log headcount of a scope that is a known population; dims (region, year)."""
    variable = spec.scopes[scope].covariate or ""
    table, years = spec.covariate_table, spec.years.labels
    return np.log(np.array([table.path(variable, r, years) for r in spec.areas.regions]))


class _Terms:
    """Collects terms and the cells that they need."""

    def __init__(self, spec: ModelSpec, sources: tuple[str, ...], scopes: tuple[str, ...]) -> None:
        self._spec = spec
        self._source = {name: index for index, name in enumerate(sources)}
        self._scope = {name: index for index, name in enumerate(scopes)}
        self._cells: dict[Cell, int] = {}
        self._single: list[int] = []
        self._multiple: list[list[int]] = []
        self._known: list[float] = []

    def add(self, terms: Iterable[Term]) -> dict[Term | None, int]:
        """Register terms; return the position of each, with ``None`` for the zero term."""
        groups: dict[str, list[Term]] = {"single": [], "multiple": [], "known": []}
        for term in dict.fromkeys(terms):
            groups[self._group(term)].append(term)
        self._single = [self._cells_of(term)[0] for term in groups["single"]]
        self._multiple = [self._cells_of(term) for term in groups["multiple"]]
        self._known = [self._known_value(term) for term in groups["known"]]
        ordered: list[Term | None] = [
            *groups["single"],
            *groups["multiple"],
            *groups["known"],
            None,
        ]
        return {term: position for position, term in enumerate(ordered)}

    @property
    def cells(self) -> Cells:
        """All cells."""
        return Cells.of(self._cells)

    @property
    def arrays(self) -> tuple[IntArray, IntArray, FloatArray]:
        """The arrays single, multiple and known of a `Layout`."""
        width = max((len(cells) for cells in self._multiple), default=1)
        padded = np.full((len(self._multiple), width), -1, dtype=np.int64)
        for row, cells in zip(padded, self._multiple, strict=True):
            row[: len(cells)] = cells
        return np.array(self._single, dtype=np.int64), padded, np.array([*self._known, 0.0])

    def _group(self, term: Term) -> str:
        if self._spec.scopes[term.scope].covariate:
            return "known"
        size = len(self._spec.areas.regions_of(term.area)) * len(term.when)
        return "single" if size == 1 else "multiple"

    def _cells_of(self, term: Term) -> list[int]:
        seer, scope = self._seer(term), self._scope[term.scope]
        places = [(moment, _place(moment, self._spec)) for moment in term.when]
        wanted = [
            (seer, scope, region, year, lean, math.log(moment.weight))
            for moment, (year, lean) in places
            for region in self._spec.areas.regions_of(term.area)
        ]
        return [self._cells.setdefault(cell, len(self._cells)) for cell in wanted]

    def _seer(self, term: Term) -> int:
        if not term.source:
            return len(self._source)
        source = self._source[term.source]
        return len(self._source) + 1 + source if term.bare else source

    def _known_value(self, term: Term) -> float:
        values = known_log_headcount(self._spec, term.scope)
        regions = list(self._spec.areas.regions_of(term.area))
        parts = []
        for moment in term.when:
            year, lean = _place(moment, self._spec)
            here = values[regions, year]
            ahead = values[regions, year + 1] - here if lean else 0.0
            parts.append(here + lean * ahead + math.log(moment.weight))
        return float(logsumexp(parts))


def _place(moment: Moment, spec: ModelSpec) -> tuple[int, float]:
    """Return the index of the year before a moment, and how far the moment leans towards the next
    year.
    """
    since_first, last = moment.time - spec.years.first, spec.years.last - spec.years.first
    if since_first == last:
        return last, 0.0
    year = min(max(math.floor(since_first), 0), last - 1)
    return year, since_first - year


def _likelihood(form: FormRow, kind: str, spec: ModelSpec) -> Likelihood:
    tails = "" if form.form in BINOMIAL_FORMS else spec.source_kinds[kind].tails
    return Likelihood(form.form, tails)


def _row_arrays(
    positions: list[int], forms: list[FormRow], index: Mapping[Term | None, int]
) -> RowArrays:
    chosen = [forms[i] for i in positions]

    def numbers(attribute: str) -> FloatArray:
        return np.array([getattr(form, attribute) for form in chosen], dtype=np.float64)

    return RowArrays(
        position=np.array(positions, dtype=np.int64),
        part=np.array([index[form.part] for form in chosen], dtype=np.int64),
        whole=np.array([index[form.whole] for form in chosen], dtype=np.int64),
        third=np.array([index[form.third] for form in chosen], dtype=np.int64),
        value=numbers("value"),
        other=numbers("other"),
        noise_factor=numbers("noise_factor"),
        variance=numbers("variance"),
    )
