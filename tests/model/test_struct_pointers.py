"""Named tuples that compiled code takes as one pointer."""

from __future__ import annotations

import copy
import gc
import pickle
from typing import NamedTuple

import numpy as np
import pytest
from numba import njit

from headcount.engine.numba_support.struct_pointers import StructPointer


class _Pair(NamedTuple):
    few: np.ndarray
    table: np.ndarray


class Pair(StructPointer, _Pair):
    """Two arrays."""


def pair(size=3, shift=0.0):
    return Pair(np.arange(size), np.arange(2.0 * size).reshape(2, size) + shift)


@njit
def weighed(own):
    total = 0.0
    for i in range(own.few.size):
        total += own.few[i] * own.table[1, i]
    return total, own.table.shape[0], own.table[:, 1:].copy()


def test_compiled_code_reads_what_python_reads():
    for own in (pair(), pair(5), pair(3, shift=0.5)):
        total, rows, part = weighed(own)
        assert total == pytest.approx(own.few @ own.table[1])
        assert rows == 2
        np.testing.assert_array_equal(part, own.table[:, 1:])
    # One type, whatever the sizes.
    assert len(weighed.signatures) == 1


def test_what_is_changed_in_place_is_seen():
    own = pair()
    before = weighed(own)[0]
    own.table[1] *= 2
    assert weighed(own)[0] == 2 * before


def test_other_arrays_have_another_address():
    own = pair()
    before = weighed(own)[0]
    other = own._replace(table=own.table + 1)
    assert type(other) is Pair
    assert weighed(other)[0] == before + own.few.sum()
    assert weighed(own)[0] == before


@pytest.mark.parametrize(
    "copied",
    [lambda own: pickle.loads(pickle.dumps(own)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deep"],
)
def test_a_copy_looks_its_own_arrays_up(copied):
    own = pair(1000)
    expected = weighed(own)[0]
    other = copied(own)
    del own
    gc.collect()
    scratch = [np.ones(1000) for _ in range(20)]
    assert weighed(other)[0] == expected
    assert len(scratch) == 20


def test_arrays_of_another_type_make_another_type():
    own = pair()
    single = own._replace(table=own.table.astype(np.float32))
    assert weighed(single)[0] == weighed(own)[0]


def test_a_field_that_is_not_there_does_not_compile():
    @njit
    def wrong(own):
        return own.fewer

    with pytest.raises(Exception, match="fewer"):
        wrong(pair())
