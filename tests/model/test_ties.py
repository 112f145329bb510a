"""What is left out of rows that tie units to one another."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from headcount.engine.coordinates.cross_information import LITTLE, Ties, units_of

GROUPS = [np.array([1, 2]), np.array([4]), np.array([5, 6, 7])]
SIZE = 9


def rows_of(*entries):
    """Return rows of a dict each, from column to value."""
    found = np.zeros((len(entries), SIZE))
    for row, own in enumerate(entries):
        found[row, list(own)] = list(own.values())
    return sparse.csr_array(found)


def told(rows):
    """Return what rows tell of each block; dims (row, block)."""
    squares = rows.toarray() ** 2
    return np.stack([squares[:, members].sum(axis=1) for members in GROUPS], axis=1)


def test_units_are_counted_once_and_what_is_shared_is_none():
    rows = rows_of(
        {0: 1.0, 8: 1.0}, {1: 1.0, 2: 1.0}, {2: 1.0, 4: 1.0, 0: 1.0}, {1: 1.0, 4: 1.0, 7: 1.0}
    )
    np.testing.assert_array_equal(units_of(rows, GROUPS), [0, 1, 2, 3])
    np.testing.assert_array_equal(units_of(rows, []), 0)


def test_of_each_row_the_least_is_left_out_as_far_as_it_is_little_together():
    rng = np.random.default_rng(1)
    rows = sparse.csr_array(
        rng.normal(size=(200, SIZE)) * 10 ** rng.uniform(-3, 0, size=(200, SIZE))
    )
    before, after = told(rows), told(Ties.of(rows, GROUPS).without(rows))
    gone = after == 0
    assert 0 < gone.sum() < gone.size
    # What stays, stays whole.
    np.testing.assert_array_equal(after[~gone], before[~gone])
    left_out = np.where(gone, before, 0).sum(axis=1)
    assert left_out.max() <= LITTLE
    # One more would be too much, and it would be the least of what is left.
    least = np.where(gone, np.inf, before).min(axis=1)
    assert (left_out + least > LITTLE).all()
    assert (np.where(gone, before, 0).max(axis=1) <= least).all()


def test_what_is_shared_stays_in_every_row():
    rows = rows_of({0: 1e-9, 1: 1e-3, 4: 2.0, 8: 5.0}, {3: 1e-9})
    found = Ties.of(rows, GROUPS).without(rows).toarray()
    np.testing.assert_array_equal(found, rows_of({0: 1e-9, 4: 2.0, 8: 5.0}, {3: 1e-9}).toarray())


def test_other_rows_of_the_same_numbers_lose_the_same():
    rows, others = rows_of({1: 0.01, 4: 2.0}), rows_of({1: 7.0, 2: 7.0, 4: 3.0, 8: 1.0})
    found = Ties.of(rows, GROUPS).without(others).toarray()
    np.testing.assert_array_equal(found, rows_of({4: 3.0, 8: 1.0}).toarray())


@pytest.mark.parametrize("groups", [[], GROUPS])
def test_without_ties_nothing_is_left_out(groups):
    rows = sparse.csr_array((3, SIZE))
    assert Ties.of(rows, groups).without(rows).nnz == 0
