"""Shared parameters, on which effect groups depend, and the nonlinear links of some of them.

A shared parameter is any element of the local vector that is neither an effect of a group nor a
scale: the log baseline, common growth, intercepts of ratios and coverages. Two links are
nonlinear: the log of a ratio above one is log(1 + exp(v)), that of a coverage or of a ratio below
one is log expit(v), with v the intercept plus effects. Through such a link a shared parameter moves
rows by its change on the log scale, and effects on the link scale act with the link's slope at v.
Both are evaluated at the centre for each effect group that the parameter acts on.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit

from headcount._types import FloatArray, IntArray
from headcount.engine.coordinates.noncentring_arrays import LOG_EXPIT, LOG_ONE_PLUS_EXP
from headcount.engine.density.codes import LOG_SHARE, RATIO_LINK, REACH_LINK, REGIONS
from headcount.engine.density.log_density import latent_of
from headcount.engine.density.study_arrays import LINKS, StudyArrays
from headcount.engine.derivatives.fisher_information import scale_parameters
from headcount.engine.derivatives.growth_deviations import to_deviations
from headcount.engine.derivatives.log_baseline import to_baseline

__all__ = ["NonlinearLinks", "SharedParameters", "log_scale_positions"]


class SharedParameters(NamedTuple):
    """Everything that is neither an effect of a group nor a scale.

    Attributes
    ----------
    position, log_scale
        Positions of each parameter and of its log scale (-1 without one) in the local vector; dims
        (shared,).
    value, scale
        Parameter times scale, and scale (1 without one), at the centre; dims (shared,).
    """

    position: IntArray
    log_scale: IntArray
    value: FloatArray
    scale: FloatArray

    @classmethod
    def of(cls, arrays: StudyArrays, centre: FloatArray) -> SharedParameters:
        """Return the shared parameters of a study, given the centre as a free vector."""
        position = np.flatnonzero((arrays.effect_group < 0) & ~scale_parameters(arrays))
        log_scale = log_scale_positions(arrays)[position]
        scale = np.where(log_scale >= 0, np.exp(centre[log_scale]), 1.0)
        value = centre.copy()
        to_baseline(value, arrays)
        to_deviations(value, arrays)
        return cls(position, log_scale, value[position] * scale, scale)


def log_scale_positions(arrays: StudyArrays) -> IntArray:
    """Return the position of each free variable's log scale, -1 where it has none; dims (free,)."""
    position = np.full(arrays.prior_family.size, -1, dtype=np.int64)
    scaled = arrays.predictor_scale >= 0
    position[arrays.predictor_effect[scaled]] = arrays.predictor_scale[scaled]
    return position


class NonlinearLinks:
    """Intercepts that act through a nonlinear link, and the link's argument in each effect group.

    Parameters
    ----------
    arrays
        The study.
    centre
        The centre as a free vector; dims (free,).
    """

    def __init__(self, arrays: StudyArrays, centre: FloatArray) -> None:
        self._arrays, self._centre = arrays, centre
        self._predictor = latent_of(centre, arrays).predictor
        rows, effects, scales = (
            own.tolist()
            for own in (arrays.predictor_row, arrays.predictor_effect, arrays.predictor_scale)
        )
        # The first unscaled entry of a row is the intercept of a ratio or a coverage.
        self._intercept = {
            row: effects[e] for e, row in reversed(list(enumerate(rows))) if scales[e] < 0
        }
        self._group_of_region = self._groups()
        self._link: dict[tuple[int, int], tuple[int, float]] = {}
        self._linked_rows: dict[int, int] = {}
        self._add_ratios()
        self._add_coverages()

    def _groups(self) -> dict[int, int]:
        """Return the effect group of each region: that of its share."""
        start, end = self._arrays.offset[LOG_SHARE], self._arrays.offset[LOG_SHARE + 1]
        row = self._arrays.predictor_row
        group = self._arrays.effect_group[self._arrays.predictor_effect]
        chosen = (row >= start) & (row < end) & (group >= 0)
        return dict(zip((row[chosen] - start).tolist(), group[chosen].tolist(), strict=True))

    def _add_ratios(self) -> None:
        codes = {LINKS.index("contains"): LOG_ONE_PLUS_EXP, LINKS.index("within"): LOG_EXPIT}
        regions, start = int(self._arrays.shape[REGIONS]), int(self._arrays.offset[RATIO_LINK])
        for scope, link in enumerate(self._arrays.scope_link.tolist()):
            for region in range(regions if link in codes else 0):
                self._add(start + scope * regions + region, region, codes[link])

    def _add_coverages(self) -> None:
        points = {(int(cell[0]), int(cell[3])) for cell in self._arrays.cells if cell[0] >= 0}
        start = self._arrays.offset[REACH_LINK]
        for point, region in sorted(points):
            source = int(self._arrays.reach_point_source[point])
            if self._arrays.is_coverage[source if source >= 0 else -1 - source]:
                self._add(int(start + self._arrays.reach_point_link[point]), region, LOG_EXPIT)

    def _add(self, row: int, region: int, code: int) -> None:
        intercept = self._intercept[row]
        shift = float(self._predictor[row] - self._centre[intercept])
        self._link[intercept, self._group_of_region[region]] = (code, shift)
        self._linked_rows[row] = intercept

    def intercepts(self) -> IntArray:
        """Return, for each effect on a link scale, the intercept from which it deviates.

        Returns
        -------
        numpy.ndarray
            Position of a ratio's or coverage's intercept, whose link has the slope with which the
            effect acts; -1 where there is none; dims (free,).
        """
        arrays, intercepts = self._arrays, dict[int, set[int]]()
        for row, effect, scale in zip(
            arrays.predictor_row.tolist(),
            arrays.predictor_effect.tolist(),
            arrays.predictor_scale.tolist(),
            strict=True,
        ):
            if row in self._linked_rows and scale >= 0 and arrays.effect_group[effect] >= 0:
                intercepts.setdefault(effect, set()).add(self._linked_rows[row])
        found = np.full(self._centre.size, -1)
        for effect, own in intercepts.items():
            # An effect on several coverages, such as those of a kind of sources, has no one slope.
            if len(own) == 1:
                found[effect] = own.pop()
        return found

    def fields(self, positions: IntArray, groups: IntArray) -> dict[str, Any]:
        """Return the fields of `NonCentring` that define the links.

        Parameters
        ----------
        positions, groups
            Position of the shared parameter and effect group of each pair; dims (pair,).

        Returns
        -------
        dict
            Arrays by field; dims (pair,).
        """
        links = [
            self._link.get(pair, (0, 0.0))
            for pair in zip(positions.tolist(), groups.tolist(), strict=True)
        ]
        code = np.array([code for code, _ in links], dtype=np.int64)
        shift = np.array([shift for _, shift in links], dtype=np.float64)
        v, rising = self._centre[positions] + shift, code == LOG_ONE_PLUS_EXP
        return {
            "pair_link": code,
            "pair_shift": shift,
            "pair_value": np.where(rising, np.logaddexp(0, v), -np.logaddexp(0, -v)),
            "pair_slope": expit(np.where(rising, v, -v)),
        }
