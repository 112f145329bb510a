"""How Python uses the machine."""

from __future__ import annotations

import gc

import pytest

import headcount as hc
from headcount._machine import garbage_collection_paused, usable_cores


def test_there_is_a_core() -> None:
    assert usable_cores() >= 1


def test_garbage_collection_goes_on_afterwards_and_after_an_error() -> None:
    assert gc.isenabled()
    with garbage_collection_paused():
        assert not gc.isenabled()
        with garbage_collection_paused():
            assert not gc.isenabled()
        # The outermost one turns it on again.
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(hc.TableError):
        hc.read_observations(__file__)
    assert gc.isenabled()


def test_garbage_collection_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with garbage_collection_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
