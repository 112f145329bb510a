"""Which slopes are dropped from rows that depend on several effect groups."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from headcount.engine.coordinates.cross_information import (
    DROP_THRESHOLD,
    DroppedSlopes,
    groups_per_row,
)

GROUPS = [np.array([1, 2]), np.array([4]), np.array([5, 6, 7])]
SIZE = 9


def rows_of(*entries):
    """Return rows, each given as a dict from column to value."""
    found = np.zeros((len(entries), SIZE))
    for row, own in enumerate(entries):
        found[row, list(own)] = list(own.values())
    return sparse.csr_array(found)


def information(rows):
    """Return the information of rows about each group; dims (row, group)."""
    squares = rows.toarray() ** 2
    return np.stack([squares[:, positions].sum(axis=1) for positions in GROUPS], axis=1)


def test_a_group_is_counted_once_and_shared_parameters_are_in_none():
    rows = rows_of(
        {0: 1.0, 8: 1.0}, {1: 1.0, 2: 1.0}, {2: 1.0, 4: 1.0, 0: 1.0}, {1: 1.0, 4: 1.0, 7: 1.0}
    )
    np.testing.assert_array_equal(groups_per_row(rows, GROUPS), [0, 1, 2, 3])
    np.testing.assert_array_equal(groups_per_row(rows, []), 0)


def test_the_least_informed_groups_of_a_row_are_dropped_up_to_the_threshold():
    rng = np.random.default_rng(1)
    rows = sparse.csr_array(
        rng.normal(size=(200, SIZE)) * 10 ** rng.uniform(-3, 0, size=(200, SIZE))
    )
    before = information(rows)
    after = information(DroppedSlopes.of(rows, GROUPS).removed_from(rows))
    dropped = after == 0
    assert 0 < dropped.sum() < dropped.size
    # Slopes that stay are unchanged.
    np.testing.assert_array_equal(after[~dropped], before[~dropped])
    lost = np.where(dropped, before, 0).sum(axis=1)
    assert lost.max() <= DROP_THRESHOLD
    # One more group would be too much, even the least informed of those that stay.
    least = np.where(dropped, np.inf, before).min(axis=1)
    assert (lost + least > DROP_THRESHOLD).all()
    assert (np.where(dropped, before, 0).max(axis=1) <= least).all()


@pytest.mark.parametrize(("least", "dropped"), [(0.029, True), (0.031, False)])
def test_information_about_a_group_is_dropped_below_three_hundredths(least, dropped):
    rows = rows_of({4: np.sqrt(least), 5: 1.0})
    found = DroppedSlopes.of(rows, GROUPS)
    np.testing.assert_array_equal(found.group, [1] if dropped else [])


def test_slopes_by_shared_parameters_are_never_dropped():
    rows = rows_of({0: 1e-9, 1: 1e-3, 4: 2.0, 8: 5.0}, {3: 1e-9})
    found = DroppedSlopes.of(rows, GROUPS).removed_from(rows).toarray()
    np.testing.assert_array_equal(found, rows_of({0: 1e-9, 4: 2.0, 8: 5.0}, {3: 1e-9}).toarray())


def test_other_slopes_of_the_same_rows_lose_the_same_groups():
    rows, others = rows_of({1: 0.01, 4: 2.0}), rows_of({1: 7.0, 2: 7.0, 4: 3.0, 8: 1.0})
    found = DroppedSlopes.of(rows, GROUPS).removed_from(others).toarray()
    np.testing.assert_array_equal(found, rows_of({4: 3.0, 8: 1.0}).toarray())


@pytest.mark.parametrize("groups", [[], GROUPS])
def test_nothing_is_dropped_from_rows_without_slopes(groups):
    rows = sparse.csr_array((3, SIZE))
    assert DroppedSlopes.of(rows, groups).removed_from(rows).nnz == 0
