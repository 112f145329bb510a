"""Cells and terms: the latent quantities of which every row's expected value is made.

A *cell* is one observer, scope, region and time. An *observer* is a source, nobody (for the number
of people, without any reach), or a list alone: a source without its overcount and errors. A *term*
(see `headcount.study.row_forms`) is the log of a weighted sum over cells.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from headcount._types import FloatArray, IntArray
from headcount.layout.scopes import known_log_headcount
from headcount.study.periods import Moment
from headcount.study.row_forms import Term
from headcount.study.specs import ModelSpec

__all__ = ["Cells", "TermCollector", "TermIndex", "Terms"]


class Cell(NamedTuple):
    """One cell; the fields are those of `Cells`."""

    observer: int
    scope: int
    region: int
    year: int
    next_weight: float
    log_weight: float


@dataclass(frozen=True)
class Cells:
    """The cells that some row needs, dims (cell,) throughout.

    Parameters
    ----------
    observer
        Index of a source; ``len(sources)`` for nobody; ``len(sources) + 1 + s`` for the list of
        source s alone.
    scope, region
        Indices.
    year
        Index of the year whose middle is at or before the cell's time.
    next_weight
        Weight of the following year in the linear interpolation between the middles of two years; 0
        at the middle of a year, outside [0, 1] beyond the outermost years.
    log_weight
        Log weight of the cell in its term.
    """

    observer: IntArray
    scope: IntArray
    region: IntArray
    year: IntArray
    next_weight: FloatArray
    log_weight: FloatArray

    @classmethod
    def of(cls, cells: Iterable[Cell]) -> Cells:
        """Turn cells into columns."""
        table = np.array(list(cells), dtype=np.float64).reshape(-1, len(Cell._fields))
        observer, scope, region, year = table[:, :4].astype(np.int64).T.copy()
        return cls(observer, scope, region, year, table[:, 4].copy(), table[:, 5].copy())

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.observer)


@dataclass(frozen=True)
class Terms:
    """All terms, in the order single, multiple, known.

    Parameters
    ----------
    single
        Terms of one cell: its index; dims (term,).
    multiple
        Terms that are sums: indices of cells, padded with -1; dims (term, member).
    known
        Log values of terms of known populations; the last one is zero; dims (term,).
    """

    single: IntArray
    multiple: IntArray
    known: FloatArray

    def __len__(self) -> int:
        """Return the number of terms."""
        return len(self.single) + len(self.multiple) + len(self.known)


type TermIndex = dict[Term | None, int]
"""Term to its position among all terms; ``None`` stands for the term that is zero."""


class TermCollector:
    """Collects terms, and the cells of which they are sums.

    Parameters
    ----------
    spec
        The declaration.
    sources, scopes
        Names of the sources and latent scopes, in the order of their indices.
    """

    def __init__(self, spec: ModelSpec, sources: tuple[str, ...], scopes: tuple[str, ...]) -> None:
        self._spec = spec
        self._source = {name: index for index, name in enumerate(sources)}
        self._scope = {name: index for index, name in enumerate(scopes)}
        self._cells: dict[Cell, int] = {}

    def collect(self, terms: Iterable[Term]) -> tuple[Terms, TermIndex]:
        """Return the arrays of terms, each once, and the position of each."""
        groups: dict[str, list[Term]] = {"single": [], "multiple": [], "known": []}
        for term in dict.fromkeys(terms):
            groups[self._group(term)].append(term)
        arrays = Terms(
            np.array([self._cells_of(term)[0] for term in groups["single"]], dtype=np.int64),
            _padded([self._cells_of(term) for term in groups["multiple"]]),
            np.array([*(self._known_value(term) for term in groups["known"]), 0.0]),
        )
        ordered = [term for group in groups.values() for term in group]
        return arrays, {term: position for position, term in enumerate([*ordered, None])}

    @property
    def cells(self) -> Cells:
        """The cells collected so far."""
        return Cells.of(self._cells)

    def _group(self, term: Term) -> str:
        if self._spec.scopes[term.scope].covariate:
            return "known"
        size = len(self._spec.areas.regions_of(term.area)) * len(term.when)
        return "single" if size == 1 else "multiple"

    def _cells_of(self, term: Term) -> list[int]:
        observer, scope = self._observer(term), self._scope[term.scope]
        places = [(moment, _interpolation(moment, self._spec)) for moment in term.when]
        wanted = [
            Cell(observer, scope, region, year, next_weight, math.log(moment.weight))
            for moment, (year, next_weight) in places
            for region in self._spec.areas.regions_of(term.area)
        ]
        return [self._cells.setdefault(cell, len(self._cells)) for cell in wanted]

    def _observer(self, term: Term) -> int:
        if not term.source:
            return len(self._source)
        source = self._source[term.source]
        return len(self._source) + 1 + source if term.bare else source

    def _known_value(self, term: Term) -> float:
        values = known_log_headcount(self._spec, term.scope)
        regions = list(self._spec.areas.regions_of(term.area))
        parts = []
        for moment in term.when:
            year, next_weight = _interpolation(moment, self._spec)
            here = values[regions, year]
            step = values[regions, year + 1] - here if next_weight else 0.0
            parts.append(here + next_weight * step + math.log(moment.weight))
        return float(logsumexp(parts))


def _padded(runs: list[list[int]]) -> IntArray:
    """Return lists of cells as rows of one length, filled up with -1."""
    width = max((len(run) for run in runs), default=1)
    padded = np.full((len(runs), width), -1, dtype=np.int64)
    for row, run in zip(padded, runs, strict=True):
        row[: len(run)] = run
    return padded


def _interpolation(moment: Moment, spec: ModelSpec) -> tuple[int, float]:
    """Return the index of the year at or before a moment, and the weight of the following year."""
    since_first, last = moment.time - spec.years.first, spec.years.last - spec.years.first
    if since_first == last:
        return last, 0.0
    year = min(max(math.floor(since_first), 0), last - 1)
    return year, since_first - year
