"""ReachPoints: the reach of a source in a region and, where it varies, a year; each is evaluated once,
however many cells need it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headcount._types import IntArray
from headcount.layout.study_layout import Layout

__all__ = ["ReachPoints"]

type Zeta = tuple[int, int, int]


@dataclass(frozen=True)
class ReachPoints:
    """Where reach is evaluated.

    Parameters
    ----------
    zetas
        Dims (zeta, 3): source, region and year index, the last one 0 where reach does not vary.
    zeta, source
        Of each view, as in `headcount.engine.density.study_arrays.StudyArrays`.
    cells
        As there.
    """

    zetas: IntArray
    zeta: IntArray
    source: IntArray
    cells: IntArray

    @classmethod
    def of(cls, layout: Layout, *, everywhere: bool) -> ReachPoints:
        """List the views that the cells need, or those of every source, region and year, in this
        order.
        """
        collected = _Views(layout)
        if everywhere:
            years = range(len(layout.spec.years.labels))
            regions = range(len(layout.spec.areas.regions))
            for source, name in enumerate(layout.sources):
                for region in regions:
                    for year in years if layout.has_yearly_reach(name) else (0,):
                        collected.view(source, region, year)
        cells = collected.cells()
        return cls(*collected.arrays, cells)


class _Views:
    """Collects views and zetas, each once."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._varies = [layout.has_yearly_reach(name) for name in layout.sources]
        self._zetas: dict[Zeta, int] = {}
        self._views: dict[tuple[int, int], int] = {}

    def view(self, observer: int, region: int, year: int) -> int:
        """Return the index of a view; -1 for a observer that sees everybody."""
        count = len(self._varies)
        if observer == count:
            return -1
        source = observer - count - 1 if observer > count else observer
        zeta = (source, region, year if self._varies[source] else 0)
        place = self._zetas.setdefault(zeta, len(self._zetas))
        return self._views.setdefault(
            (place, -1 - source if observer > count else source), len(self._views)
        )

    def cells(self) -> IntArray:
        """Return the cells with the views that they look through, now and a year later."""
        own = self._layout.cells
        rows = zip(
            own.observer.tolist(),
            own.region.tolist(),
            own.year.tolist(),
            own.next_weight.tolist(),
            strict=True,
        )
        views = [
            (
                self.view(observer, region, year),
                self.view(observer, region, year + 1 if lean else year),
            )
            for observer, region, year, lean in rows
        ]
        sides = np.array(views, dtype=np.int64).reshape(-1, 2)
        return np.column_stack([sides, own.scope, own.region, own.year])

    @property
    def arrays(self) -> tuple[IntArray, IntArray, IntArray]:
        """The arrays zetas, zeta and source of `ReachPoints`."""
        views = np.array(list(self._views), dtype=np.int64).reshape(-1, 2)
        zetas = np.array(list(self._zetas), dtype=np.int64).reshape(-1, 3)
        return zetas, views[:, 0].copy(), views[:, 1].copy()
