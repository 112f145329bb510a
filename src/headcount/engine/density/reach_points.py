"""Reach points: the sources, regions and years at which reach is evaluated, each once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headcount._types import IntArray
from headcount.layout.study_layout import Layout

__all__ = ["ReachPoints"]


@dataclass(frozen=True)
class ReachPoints:
    """Where reach is evaluated.

    A *place* is a source, a region and, where reach varies in time, a year: there reach has one
    value on its link scale. A *reach point* is a place, with or without overcount and errors.

    Parameters
    ----------
    places
        Source, region and year index; the year is 0 where reach does not vary; dims (place, 3).
    link
        Place of each reach point; dims (reach point,).
    source
        Source of each reach point; ``-1 - source`` for a list alone, without overcount and errors;
        dims (reach point,).
    cells
        Reach point of this year and of the following one (-1 for none), scope, region and year of
        each cell; dims (cell, 5).
    """

    places: IntArray
    link: IntArray
    source: IntArray
    cells: IntArray

    @classmethod
    def of(cls, layout: Layout, *, everywhere: bool) -> ReachPoints:
        """List the reach points of a study.

        Parameters
        ----------
        layout
            The study.
        everywhere
            Whether to begin with every source, region and year, in this order, and not only with
            the reach points that some cell needs.

        Returns
        -------
        ReachPoints
            Reach points and cells.
        """
        collector = _Collector(layout)
        if everywhere:
            years = range(len(layout.spec.years.labels))
            regions = range(len(layout.spec.areas.regions))
            for source, name in enumerate(layout.sources):
                for region in regions:
                    for year in years if layout.has_yearly_reach(name) else (0,):
                        collector.point(source, region, year)
        cells = collector.cells()
        return cls(*collector.arrays, cells)


class _Collector:
    """Collects places and reach points, each once."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._is_yearly = [layout.has_yearly_reach(name) for name in layout.sources]
        self._places: dict[tuple[int, int, int], int] = {}
        self._points: dict[tuple[int, int], int] = {}

    def point(self, observer: int, region: int, year: int) -> int:
        """Return the index of a reach point; -1 for an observer that has no reach."""
        nobody = len(self._is_yearly)
        if observer == nobody:
            return -1
        source = observer - nobody - 1 if observer > nobody else observer
        place = (source, region, year if self._is_yearly[source] else 0)
        index = self._places.setdefault(place, len(self._places))
        signed = -1 - source if observer > nobody else source
        return self._points.setdefault((index, signed), len(self._points))

    def cells(self) -> IntArray:
        """Return the cells with their reach points, as in `ReachPoints`."""
        own = self._layout.cells
        columns = (own.observer, own.region, own.year, own.next_weight)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        points = [
            (
                self.point(observer, region, year),
                self.point(observer, region, year + 1 if next_weight else year),
            )
            for observer, region, year, next_weight in rows
        ]
        sides = np.array(points, dtype=np.int64).reshape(-1, 2)
        return np.column_stack([sides, own.scope, own.region, own.year])

    @property
    def arrays(self) -> tuple[IntArray, IntArray, IntArray]:
        """The arrays places, link and source of `ReachPoints`."""
        places = np.array(list(self._places), dtype=np.int64).reshape(-1, 3)
        points = np.array(list(self._points), dtype=np.int64).reshape(-1, 2)
        return places, points[:, 0].copy(), points[:, 1].copy()
