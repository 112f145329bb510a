"""Sparse matrices cut into dense pieces, one for the columns of each block."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from headcount._types import FloatArray, IntArray

__all__ = ["Cut"]


class Cut:
    """A sparse matrix, of which the columns of any block can be had at once.

    Taking them out of the matrix block by block would search it every time.

    Parameters
    ----------
    matrix
        Dims (row, free).
    blocks
        Columns of each block; none is in two.
    """

    def __init__(self, matrix: sparse.sparray, blocks: list[IntArray]) -> None:
        block, self._place = (
            np.full(matrix.shape[1], len(blocks)),
            np.zeros(matrix.shape[1], dtype=np.int64),
        )
        for number, columns in enumerate(blocks):
            block[columns], self._place[columns] = number, np.arange(columns.size)
        entries = matrix.tocoo()
        order = np.lexsort((entries.row, block[entries.col]))
        self._row, self._column, self._value = (
            entries.row[order],
            entries.col[order],
            entries.data[order],
        )
        self._start = np.searchsorted(block[self._column], np.arange(len(blocks) + 1))
        self._size = [columns.size for columns in blocks]

    def rows(self, number: int) -> IntArray:
        """Return the rows that a block has entries in, in order."""
        return np.unique(self._row[self._start[number] : self._start[number + 1]])

    def dense(self, number: int, rows: IntArray) -> FloatArray:
        """Return a block's columns in some rows, each named once; dims (row, effect)."""
        inside = slice(self._start[number], self._start[number + 1])
        found = np.zeros((rows.size + 1, self._size[number]))
        order = np.argsort(rows)
        place = np.searchsorted(rows, self._row[inside], sorter=order)
        named = np.append(order, rows.size)[place]
        # Entries of rows that are not named go where they are not looked at.
        named[np.append(rows, -1)[named] != self._row[inside]] = rows.size
        found[named, self._place[self._column[inside]]] = self._value[inside]
        return found[: rows.size]
