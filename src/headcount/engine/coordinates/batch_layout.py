"""What rows tell about each block, packed into the tiles that compiled code works on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from headcount._types import FloatArray, IntArray
from headcount.engine.coordinates.shared_parameters import Curves, Leaders, scales_of
from headcount.engine.density.codes import DAMPING
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.numba_support.simd import LANES

__all__ = ["Block", "Layer", "Packing"]


class Layer(NamedTuple):
    """What rows of one kind say about a block's effects ``inner``: G, b, and C, which may be empty."""

    kind: int
    inner: IntArray
    information: FloatArray
    pull: FloatArray
    cross: FloatArray


class Block(NamedTuple):
    """A block's effects, the factor of their precision at the centre, what pulls and leads them.

    ``following`` is the derivative of the effects by their leaders at the centre; ``bends``, which
    of these sets the slope at which each effect acts, -1 where none does; ``acting`` is effects
    times scales at the centre.
    """

    members: IntArray
    factor: FloatArray
    rest: FloatArray
    layers: list[Layer]
    leaders: IntArray
    steer: FloatArray
    following: FloatArray
    bends: IntArray
    acting: FloatArray

    @property
    def size(self) -> int:
        """Number of effects."""
        return int(self.members.size)


NOTHING = Block(
    members=np.zeros(0, dtype=np.int64),
    factor=np.zeros((0, 0)),
    rest=np.zeros(0),
    layers=[],
    leaders=np.zeros(0, dtype=np.int64),
    steer=np.zeros((0, 0)),
    following=np.zeros((0, 0)),
    bends=np.zeros(0, dtype=np.int64),
    acting=np.zeros(0),
)
"""What is in an empty lane."""


class Packing:
    """Blocks side by side in tiles, those of like size together.

    Parameters
    ----------
    blocks
        Those that follow leaders.
    leading
        The one that leads; it has a tile to itself.
    """

    def __init__(self, blocks: Sequence[Block], leading: Block) -> None:
        ascending = sorted(blocks, key=lambda block: block.size)
        tiles = [ascending[i : i + LANES] for i in range(0, len(ascending), LANES)]
        self._followers = len(tiles)
        self._tiles = [[*tile, *[NOTHING] * (LANES - len(tile))] for tile in [*tiles, [leading]]]
        self._blocks = [block for tile in self._tiles for block in tile]
        self._sizes = [max(block.size for block in tile) for tile in self._tiles]

    def fields(self, arrays: StudyArrays, leaders: Leaders, curves: Curves) -> dict[str, Any]:
        """Return the fields of `headcount.engine.coordinates.noncentring_arrays.Recentring` about
        blocks and leaders.

        Parameters
        ----------
        arrays
            The study.
        leaders, curves
            What blocks follow, and the links through which it acts.
        """
        scales = scales_of(arrays)
        return {
            "start": _ends(self._sizes),
            "member": self._vectors(lambda block: block.members, -1),
            "scale": self._vectors(lambda block: scales[block.members], -1),
            "matrix_start": _ends([size**2 for size in self._sizes]),
            "rest": self._vectors(lambda block: block.rest, 0.0),
            "followers": np.array([self._followers]),
            **self._path_fields(arrays),
            **self._layer_fields(),
            **self._leader_fields(arrays, leaders, curves),
        }

    def _vectors(self, values: Callable[[Block], Any], nothing: float) -> Any:  # noqa: ANN401 - of integers or numbers
        """Return numbers of effects; dims (effect, lane), flat."""
        found = [np.full((size, LANES), nothing) for size in self._sizes]
        for own, tile in zip(found, self._tiles, strict=True):
            for lane, block in enumerate(tile):
                own[: block.size, lane] = values(block)
        return np.concatenate(found).ravel()

    def _path_fields(self, arrays: StudyArrays) -> dict[str, Any]:
        """Return where in each block growth paths begin; a path's effects stand one after the
        other.
        """
        first = [
            np.flatnonzero(np.isin(block.members, arrays.damped_innovation[:, :1]))
            for block in self._blocks
        ]
        return {
            "run_start": _ends([own.size for own in first]),
            "run": _indices(first),
            "path": np.array([arrays.damped_innovation.shape[1], arrays.growth[DAMPING]]),
        }

    def _layer_fields(self) -> dict[str, Any]:
        entries, inner, information = [], [], []
        for size, tile in zip(self._sizes, self._tiles, strict=True):
            for lane, block in enumerate(tile):
                for layer in block.layers:
                    upper = _upper(layer.inner.size)
                    row, column = (layer.inner[i] for i in upper)
                    entries.append((row * size + column) * LANES + lane)
                    information.append(layer.information[upper])
                    inner.append(layer.inner * LANES + lane)
        layers = [layer for block in self._blocks for layer in block.layers]
        crosses = [layer.cross.size for layer in layers]
        return {
            "layer_start": _ends([len(block.layers) for block in self._blocks]),
            "layer_kind": np.array([layer.kind for layer in layers], dtype=np.int64),
            "entry_start": _ends([own.size for own in entries]),
            "entry": _indices(entries),
            "information": _numbers(information),
            "inner_start": _ends([own.size for own in inner]),
            "inner": _indices(inner),
            "pull": _numbers([layer.pull for layer in layers]),
            "cross_start": np.where(np.array(crosses, dtype=np.int64) > 0, _ends(crosses)[:-1], -1),
            "cross": _numbers([layer.cross for layer in layers]),
        }

    def _leader_fields(
        self, arrays: StudyArrays, leaders: Leaders, curves: Curves
    ) -> dict[str, Any]:
        leader = _indices([block.leaders for block in self._blocks])
        units = [
            np.repeat(arrays.effect_group[block.members[:1]], block.leaders.size)
            for block in self._blocks
        ]
        starts = _ends([block.leaders.size for block in self._blocks])
        first = {
            id(block): start for block, start in zip(self._blocks, starts.tolist(), strict=False)
        }
        return {
            "bend": self._vectors(
                lambda block: np.where(block.bends >= 0, first[id(block)] + block.bends, -1), -1
            ),
            "bent": self._vectors(lambda block: np.where(block.bends >= 0, block.acting, 0.0), 0.0),
            "leader_start": starts,
            "leader": leader,
            "steer_start": _ends([block.steer.size for block in self._blocks]),
            "steer": _numbers([block.steer for block in self._blocks]),
            **curves.along(leaders.place[leader], _indices(units)),
            "leader_place": leaders.place,
            "leader_scale": leaders.scale,
            "leader_centre": leaders.value,
        }


@lru_cache
def _upper(size: int) -> tuple[IntArray, ...]:
    """Return the places of an upper triangle."""
    return np.triu_indices(size)


def _numbers(parts: Sequence[FloatArray]) -> FloatArray:
    return np.concatenate([np.zeros(0), *(part.ravel() for part in parts)])


def _indices(parts: Sequence[IntArray]) -> IntArray:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])


def _ends(sizes: Sequence[int]) -> IntArray:
    return np.concatenate([[0], np.cumsum(np.array(sizes, dtype=np.int64))]).astype(np.int64)
