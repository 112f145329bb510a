"""Cross-block information: rows about several effect groups, and which of their slopes are dropped.

The Fisher information of a row is the outer product of its slopes, so a row about a continent or
the world fills the blocks between all of its effect groups. About most of these groups such a row
has next to no information. The slopes by the groups about which it has least are therefore set to
zero, as long as their information (the sum of their squares, with effects standardised by
the rows about one group alone) stays below `DROP_THRESHOLD` together. The information only decides
which coordinates are chosen; the maps are exact whatever is dropped.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from scipy import sparse

from headcount._types import BoolArray, FloatArray, IntArray

__all__ = ["DROP_THRESHOLD", "DroppedSlopes", "groups_per_row"]

DROP_THRESHOLD: Final = 0.03
"""Largest information dropped from a row, in units of the precision that the prior and the rows
about one group alone give."""


def groups_per_row(rows: sparse.sparray, groups: list[IntArray]) -> IntArray:
    """Count the effect groups on which each row depends; dims (row,)."""
    row, group, _ = _grouped_entries(rows, groups)
    pairs = np.unique(row * len(groups) + group)
    return np.bincount(pairs // max(len(groups), 1), minlength=rows.shape[0])


class DroppedSlopes(NamedTuple):
    """Pairs of a row and an effect group whose slopes are set to zero.

    Attributes
    ----------
    row, group
        The pairs; dims (pair,).
    groups
        Positions of the effects of each group.
    """

    row: IntArray
    group: IntArray
    groups: list[IntArray]

    @classmethod
    def of(cls, rows: sparse.sparray, groups: list[IntArray]) -> DroppedSlopes:
        """Choose the pairs, given the slopes of rows by standardised effects.

        Parameters
        ----------
        rows
            Slopes, in units in which their squares are information; dims (row, free).
        groups
            Positions of the effects of each group.
        """
        row, group, slope = _grouped_entries(rows, groups)
        pairs, own = np.unique(row * len(groups) + group, return_inverse=True)
        information = np.bincount(own, slope**2, pairs.size)
        pairs = pairs[_negligible(pairs // max(len(groups), 1), information)]
        return cls(pairs // max(len(groups), 1), pairs % max(len(groups), 1), groups)

    def removed_from(self, rows: sparse.sparray) -> sparse.csr_array:
        """Return rows in the same order, with the pairs' slopes set to zero."""
        columns = [self.groups[group] for group in self.group]
        row = np.repeat(self.row, [own.size for own in columns])
        places = (row, np.concatenate([row[:0], *columns]))
        dropped = sparse.coo_array((np.ones(row.size), places), rows.shape)
        return sparse.csr_array(rows - rows * dropped)


def _negligible(row: IntArray, information: FloatArray) -> BoolArray:
    """Return which pairs of a row have least information, up to the threshold; dims (pair,)."""
    order = np.lexsort((information, row))
    sums = np.append(0.0, np.cumsum(information[order]))
    before = sums[np.searchsorted(row[order], row[order])]
    negligible = np.empty(row.size, dtype=np.bool_)
    negligible[order] = sums[1:] - before <= DROP_THRESHOLD
    return negligible


def _grouped_entries(
    rows: sparse.sparray, groups: list[IntArray]
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return row, group and value of each entry that belongs to an effect group."""
    group = np.full(rows.shape[1], -1)
    for number, positions in enumerate(groups):
        group[positions] = number
    entries = rows.tocoo()
    own = group[entries.col]
    inside = own >= 0
    return entries.row[inside].astype(np.int64), own[inside], entries.data[inside]
