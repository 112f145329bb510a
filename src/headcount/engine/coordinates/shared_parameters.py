"""Leaders: what regions share, and the effects of regions therefore follow."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit

from headcount._types import FloatArray, IntArray
from headcount.engine.density.codes import LOG_SHARE, RATIO_LINK, REACH_LINK, REGIONS
from headcount.engine.density.log_density import latent_of
from headcount.engine.density.study_arrays import LINKS, StudyArrays
from headcount.engine.derivatives.fisher_information import scale_parameters
from headcount.engine.derivatives.growth_deviations import to_deviations
from headcount.engine.derivatives.log_baseline import to_baseline

__all__ = ["Curves", "Leaders", "scales_of"]

RISING, FALLING = 1, 2
"""Codes of links: a logarithm log(1 + e^x), of ratios above one, and -log(1 + e^-x), of coverages
and ratios below one."""


class Leaders(NamedTuple):
    """Everything that is neither an effect of a region nor a scale.

    Attributes
    ----------
    place, scale
        Position in x, and that of the log scale or -1; dims (leader,).
    value, spread
        Leader times scale, and scale (1 where there is none), at the centre; dims (leader,).
    """

    place: IntArray
    scale: IntArray
    value: FloatArray
    spread: FloatArray

    @classmethod
    def of(cls, arrays: StudyArrays, centre: FloatArray) -> Leaders:
        """List them, the level among them in the place of the total."""
        place = np.flatnonzero((arrays.effect_group < 0) & ~scale_parameters(arrays))
        scale = scales_of(arrays)[place]
        spread = np.where(scale >= 0, np.exp(centre[scale]), 1.0)
        value = centre.copy()
        to_baseline(value, arrays)
        to_deviations(value, arrays)
        return cls(place, scale, value[place] * spread, spread)


def scales_of(arrays: StudyArrays) -> IntArray:
    """Return the position of each free variable's log scale, -1 where it has none; dims (free,)."""
    scale = np.full(arrays.prior_family.size, -1, dtype=np.int64)
    scaled = arrays.predictor_scale >= 0
    scale[arrays.predictor_effect[scaled]] = arrays.predictor_scale[scaled]
    return scale


class Curves:
    """Which leaders act through a curved link, and where on its curve each unit stands.

    Parameters
    ----------
    arrays
        The study.
    centre
        The point; dims (free,).
    """

    def __init__(self, arrays: StudyArrays, centre: FloatArray) -> None:
        self._arrays, self._centre = arrays, centre
        self._sums = latent_of(centre, arrays).predictor
        rows, a, b = (
            arrays.predictor_row.tolist(),
            arrays.predictor_effect.tolist(),
            arrays.predictor_scale.tolist(),
        )
        # What has no scale and comes first is the level, of a ratio or of a coverage.
        self._level = {row: a[e] for e, row in reversed(list(enumerate(rows))) if b[e] < 0}
        self._unit = self._units()
        self._found: dict[tuple[int, int], tuple[int, float]] = {}
        self._levels: dict[int, int] = {}
        self._find_ratios()
        self._find_coverages()

    def _units(self) -> dict[int, int]:
        """Return the unit of each region: the group of its level."""
        start, end = self._arrays.offset[LOG_SHARE], self._arrays.offset[LOG_SHARE + 1]
        row, group = (
            self._arrays.predictor_row,
            self._arrays.effect_group[self._arrays.predictor_effect],
        )
        chosen = (row >= start) & (row < end) & (group >= 0)
        return dict(zip((row[chosen] - start).tolist(), group[chosen].tolist(), strict=True))

    def _find_ratios(self) -> None:
        codes = {LINKS.index("contains"): RISING, LINKS.index("within"): FALLING}
        regions = int(self._arrays.shape[REGIONS])
        for scope, link in enumerate(self._arrays.scope_link.tolist()):
            for region in range(regions if link in codes else 0):
                self._add(
                    int(self._arrays.offset[RATIO_LINK]) + scope * regions + region,
                    region,
                    codes[link],
                )

    def _find_coverages(self) -> None:
        views = {(int(cell[0]), int(cell[3])) for cell in self._arrays.cells if cell[0] >= 0}
        for view, region in sorted(views):
            source = int(self._arrays.reach_point_source[view])
            if self._arrays.is_coverage[source if source >= 0 else -1 - source]:
                self._add(
                    int(self._arrays.offset[REACH_LINK] + self._arrays.reach_point_link[view]),
                    region,
                    FALLING,
                )

    def _add(self, row: int, region: int, code: int) -> None:
        level = self._level[row]
        shift = float(self._sums[row] - self._centre[level])
        self._found[level, self._unit[region]] = (code, shift)
        self._levels[row] = level

    def bends(self) -> IntArray:
        """Return what effects deviate from, so that they act the less, or the more, as it moves
        along its link.

        Returns
        -------
        numpy.ndarray
            Position in x of a ratio's or coverage's level, -1 where there is none; dims (free,).
        """
        entries = self._arrays
        levels: dict[int, set[int]] = {}
        for row, effect, scale in zip(
            entries.predictor_row.tolist(),
            entries.predictor_effect.tolist(),
            entries.predictor_scale.tolist(),
            strict=True,
        ):
            if row in self._levels and scale >= 0 and entries.effect_group[effect] >= 0:
                levels.setdefault(effect, set()).add(self._levels[row])
        found = np.full(self._centre.size, -1)
        for effect, own in levels.items():
            # What deviates from several coverages at once, such as those of a kind of sources,
            # follows none of them.
            if len(own) == 1:
                found[effect] = own.pop()
        return found

    def along(self, places: IntArray, units: IntArray) -> dict[str, Any]:
        """Return the fields of `Recentring` about curves.

        Parameters
        ----------
        places, units
            Position of each leader in x, and the unit that it leads; dims (led,).

        Returns
        -------
        dict
            By name; dims (led,).
        """
        pairs = [
            self._found.get(pair, (0, 0.0))
            for pair in zip(places.tolist(), units.tolist(), strict=True)
        ]
        code = np.array([pair[0] for pair in pairs], dtype=np.int64)
        shift = np.array([pair[1] for pair in pairs], dtype=np.float64)
        at = self._centre[places] + shift
        return {
            "curve": code,
            "curve_shift": shift,
            "curve_value": np.where(code == RISING, np.logaddexp(0, at), -np.logaddexp(0, -at)),
            "curve_slope": expit(np.where(code == RISING, at, -at)),
        }
