"""Rows that tie units to one another: one about a continent or the world speaks of the effects of
many.

Of most of these units such a row tells next to nothing, yet in coordinates in which all else is
apart it would tie each of them to every other. So what a row tells of the units that it tells least
of is left out, as long as all of that is little. A map of coordinates is exact whatever is left out
of what it is chosen by.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from scipy import sparse

from headcount._types import BoolArray, FloatArray, IntArray

__all__ = ["LITTLE", "Ties", "units_of"]

LITTLE: Final = 0.03
"""Information that is left out of a row, at most: about whatever has an sd of one given the rows
about one unit alone."""


def units_of(rows: sparse.sparray, groups: list[IntArray]) -> IntArray:
    """Count the blocks of whose effects each row speaks; dims (row,)."""
    row, block, _ = _entries(rows, groups)
    pairs = np.unique(row * len(groups) + block)
    return np.bincount(pairs // max(len(groups), 1), minlength=rows.shape[0])


class Ties(NamedTuple):
    """What is left out of rows.

    Attributes
    ----------
    row, block
        Pairs of a row and a block of whose effects it is taken to say nothing; dims (pair,).
    groups
        Members of each block.
    """

    row: IntArray
    block: IntArray
    groups: list[IntArray]

    @classmethod
    def of(cls, rows: sparse.sparray, groups: list[IntArray]) -> Ties:
        """Choose by the slopes of rows, effects in sds; dims (row, free)."""
        row, block, slope = _entries(rows, groups)
        pairs, own = np.unique(row * len(groups) + block, return_inverse=True)
        told = np.bincount(own, slope**2, pairs.size)
        pairs = pairs[_quiet(pairs // max(len(groups), 1), told)]
        return cls(pairs // max(len(groups), 1), pairs % max(len(groups), 1), groups)

    def without(self, rows: sparse.sparray) -> sparse.csr_array:
        """Return rows, numbered alike, without what is left out."""
        columns = [self.groups[block] for block in self.block]
        row = np.repeat(self.row, [own.size for own in columns])
        places = (row, np.concatenate([row[:0], *columns]))
        left_out = sparse.coo_array((np.ones(row.size), places), rows.shape)
        return sparse.csr_array(rows - rows * left_out)


def _quiet(row: IntArray, told: FloatArray) -> BoolArray:
    """Say which pairs are left out: of each row those that tell least, as far as they tell little
    together.
    """
    order = np.lexsort((told, row))
    sums = np.append(0.0, np.cumsum(told[order]))
    before = sums[np.searchsorted(row[order], row[order])]
    quiet = np.empty(row.size, dtype=np.bool_)
    quiet[order] = sums[1:] - before <= LITTLE
    return quiet


def _entries(rows: sparse.sparray, groups: list[IntArray]) -> tuple[IntArray, IntArray, FloatArray]:
    """Return row, block and value of each entry that speaks of a block's effect."""
    block = np.full(rows.shape[1], -1)
    for number, members in enumerate(groups):
        block[members] = number
    entries = rows.tocoo()
    own = block[entries.col]
    inside = own >= 0
    return entries.row[inside].astype(np.int64), own[inside], entries.data[inside]
