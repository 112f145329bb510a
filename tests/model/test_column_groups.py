"""Dense submatrices of sparse matrices, against SciPy's own indexing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from headcount.engine.coordinates.column_groups import ColumnGroups

GROUPS = [
    np.array([9, 3, 4]),
    np.array([1, 2]),
    np.array([], dtype=np.int64),
    np.array([20, 21, 29, 28]),
]


@pytest.mark.parametrize("form", ["csr", "csc"])
@pytest.mark.parametrize("number", range(len(GROUPS)))
def test_a_group_has_its_columns_in_any_rows(form, number):
    rng = np.random.default_rng(7)
    matrix = sparse.random_array((50, 30), density=0.1, rng=rng).asformat(form)
    expected = matrix.toarray()[:, GROUPS[number]]
    columns = ColumnGroups(matrix, GROUPS)
    rows = columns.rows(number)
    np.testing.assert_array_equal(rows, np.flatnonzero(expected.any(axis=1)))
    for chosen in (rows, rng.permutation(rows), rows[:1], rng.permutation(50), rows[:0]):
        np.testing.assert_array_equal(columns.dense(number, chosen), expected[chosen])


def test_a_matrix_without_entries_has_groups_of_zeros():
    columns = ColumnGroups(sparse.csr_array((5, 30)), GROUPS)
    assert columns.rows(0).size == 0
    np.testing.assert_array_equal(columns.dense(0, np.array([4, 0])), np.zeros((2, 3)))
