"""The batched layout: the constants of all effect groups as flat arrays for compiled code.

Groups of like size form a batch of ``WIDTH`` groups, one in each slot of a SIMD vector, so that one
instruction handles the same entry of all of them. Sorting by size keeps padding small. The layout
moves numbers only; it computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from headcount._types import FloatArray, IntArray
from headcount.engine.coordinates.effect_groups import EffectGroup
from headcount.engine.coordinates.shared_parameters import (
    NonlinearLinks,
    SharedParameters,
    log_scale_positions,
)
from headcount.engine.density.codes import DAMPING
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.numba_support.simd import WIDTH

__all__ = ["BatchLayout"]


class BatchLayout:
    """Effect groups in batches, by size.

    Parameters
    ----------
    groups
        Groups that depend on shared parameters.
    common
        The group on which they depend, in a batch of its own, the last one.
    """

    def __init__(self, groups: Sequence[EffectGroup], common: EffectGroup) -> None:
        ascending = sorted(groups, key=lambda group: group.size)
        batches = [ascending[i : i + WIDTH] for i in range(0, len(ascending), WIDTH)]
        self._dependent = len(batches)
        padding = [EffectGroup.empty()] * WIDTH
        self._batches = [[*own, *padding][:WIDTH] for own in [*batches, [common]]]
        self._groups = [group for batch in self._batches for group in batch]
        self._sizes = [max(group.size for group in batch) for batch in self._batches]

    def fields(
        self, arrays: StudyArrays, shared: SharedParameters, links: NonlinearLinks
    ) -> dict[str, Any]:
        """Return the fields of `NonCentring` that describe groups and shared parameters.

        Parameters
        ----------
        arrays
            The study.
        shared, links
            The shared parameters on which groups depend, and the links through which they act.
        """
        log_scale = log_scale_positions(arrays)
        return {
            "batch_start": _starts(self._sizes),
            "matrix_start": _starts([size**2 for size in self._sizes]),
            "dependent_batches": np.array([self._dependent]),
            "position": self._by_effect([group.positions for group in self._groups], -1),
            "log_scale": self._by_effect(
                [log_scale[group.positions] for group in self._groups], -1
            ),
            "base_linear": self._by_effect([group.base_linear for group in self._groups], 0.0),
            **self._path_fields(arrays),
            **self._term_fields(),
            **self._pair_fields(arrays, shared, links),
            **self._slope_fields(),
        }

    def _by_effect(self, values: Sequence[Any], padding: float) -> Any:  # noqa: ANN401 - of integers or numbers
        """Return numbers of effects, given those of each group; dims (effect, slot), flat."""
        found = [np.full((size, WIDTH), padding) for size in self._sizes]
        for number, own in enumerate(values):
            found[number // WIDTH][: len(own), number % WIDTH] = own
        return np.concatenate(found).ravel()

    def _path_fields(self, arrays: StudyArrays) -> dict[str, Any]:
        """Return the places of growth paths; the deviations of a path are neighbours in a group."""
        paths = arrays.damped_innovation
        first = [np.flatnonzero(np.isin(group.positions, paths[:, :1])) for group in self._groups]
        return {
            "path_start": _starts([own.size for own in first]),
            "path_first": _indices(first),
            "path_steps": np.array([paths.shape[1]]),
            "damping": np.array([arrays.growth[DAMPING]]),
        }

    def _term_fields(self) -> dict[str, Any]:
        terms, entries, places, information = [], [], [], []
        for number, group in enumerate(self._groups):
            size, slot = self._sizes[number // WIDTH], number % WIDTH
            for term in group.terms:
                upper = _upper_triangle(term.places.size)
                row, column = (term.places[i] for i in upper)
                entries.append((row * size + column) * WIDTH + slot)
                information.append(term.information[upper])
                places.append(term.places * WIDTH + slot)
                terms.append(term)
        crosses = [term.cross.size for term in terms]
        has_cross = np.array(crosses, dtype=np.int64) > 0
        return {
            "term_start": _starts([len(group.terms) for group in self._groups]),
            "term_class": np.array([term.weight_class for term in terms], dtype=np.int64),
            "information_start": _starts([own.size for own in entries]),
            "information_place": _indices(entries),
            "information": _numbers(information),
            "linear_start": _starts([own.size for own in places]),
            "linear_place": _indices(places),
            "linear": _numbers([term.linear for term in terms]),
            "cross_start": np.where(has_cross, _starts(crosses)[:-1], -1),
            "cross": _numbers([term.cross for term in terms]),
        }

    def _pair_fields(
        self, arrays: StudyArrays, shared: SharedParameters, links: NonlinearLinks
    ) -> dict[str, Any]:
        pair_shared = _indices([group.shared for group in self._groups])
        numbers = [
            np.repeat(arrays.effect_group[group.positions[:1]], group.shared.size)
            for group in self._groups
        ]
        return {
            "pair_start": self._pair_start(),
            "pair_shared": pair_shared,
            "loading_start": _starts([group.loading.size for group in self._groups]),
            "loading": _numbers([group.loading for group in self._groups]),
            **links.fields(shared.position[pair_shared], _indices(numbers)),
            "shared": shared.position,
            "shared_log_scale": shared.log_scale,
            "shared_centre": shared.value,
        }

    def _slope_fields(self) -> dict[str, Any]:
        starts, scaled = self._pair_start().tolist(), [g.slope_pair >= 0 for g in self._groups]
        pairs = [
            np.where(own, start + group.slope_pair, -1)
            for own, start, group in zip(scaled, starts, self._groups, strict=False)
        ]
        centres = [
            np.where(own, group.centre, 0.0)
            for own, group in zip(scaled, self._groups, strict=True)
        ]
        return {
            "slope_pair": self._by_effect(pairs, -1),
            "slope_centre": self._by_effect(centres, 0.0),
        }

    def _pair_start(self) -> IntArray:
        return _starts([group.shared.size for group in self._groups])


@lru_cache
def _upper_triangle(size: int) -> tuple[IntArray, ...]:
    return np.triu_indices(size)


def _numbers(parts: Sequence[FloatArray]) -> FloatArray:
    return np.concatenate([np.zeros(0), *(part.ravel() for part in parts)])


def _indices(parts: Sequence[IntArray]) -> IntArray:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])


def _starts(sizes: Sequence[int]) -> IntArray:
    """Return where consecutive parts of these sizes start, and the end."""
    return np.concatenate([[0], np.cumsum(np.array(sizes, dtype=np.int64))]).astype(np.int64)
