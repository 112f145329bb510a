"""Dense submatrices of a sparse matrix, one for the columns of each effect group.

Row Jacobians and prior precisions are sparse matrices over the free vector; the algebra of an
effect group needs their columns for that group as a small dense matrix.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from headcount._types import FloatArray, IntArray

__all__ = ["ColumnGroups"]


class ColumnGroups:
    """A sparse matrix sorted by groups of columns, so that a group's columns are found at once.

    Indexing the matrix for each group in turn would search all of it every time.

    Parameters
    ----------
    matrix
        Dims (row, column).
    groups
        Columns of each group; no column is in two groups.
    """

    def __init__(self, matrix: sparse.sparray, groups: list[IntArray]) -> None:
        size = matrix.shape[1]
        group, self._place = np.full(size, len(groups)), np.zeros(size, dtype=np.int64)
        for number, columns in enumerate(groups):
            group[columns], self._place[columns] = number, np.arange(columns.size)
        entries = matrix.tocoo()
        order = np.lexsort((entries.row, group[entries.col]))
        self._row, self._column = entries.row[order], entries.col[order]
        self._value = entries.data[order]
        self._start = np.searchsorted(group[self._column], np.arange(len(groups) + 1))
        self._size = [columns.size for columns in groups]

    def rows(self, number: int) -> IntArray:
        """Return the rows in which a group has entries, in order."""
        return np.unique(self._row[self._start[number] : self._start[number + 1]])

    def dense(self, number: int, rows: IntArray) -> FloatArray:
        """Return a group's columns in distinct rows; dims (row, effect)."""
        inside = slice(self._start[number], self._start[number + 1])
        found = np.zeros((rows.size + 1, self._size[number]))
        order = np.argsort(rows)
        place = np.searchsorted(rows, self._row[inside], sorter=order)
        target = np.append(order, rows.size)[place]
        # Entries of other rows go to an extra row that is cut off.
        target[np.append(rows, -1)[target] != self._row[inside]] = rows.size
        found[target, self._place[self._column[inside]]] = self._value[inside]
        return found[: rows.size]
