"""How Python uses the machine."""

from __future__ import annotations

import gc

import pytest

import headcount as hc
from headcount._machine import collecting_later, own_cores


def test_there_is_a_core() -> None:
    assert own_cores() >= 1


def test_garbage_is_looked_for_again_afterwards_whatever_happened() -> None:
    assert gc.isenabled()
    with collecting_later():
        assert not gc.isenabled()
        with collecting_later():
            assert not gc.isenabled()
        # Whoever is outside decides.
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(hc.TableError):
        hc.read_observations(__file__)
    assert gc.isenabled()


def test_who_has_turned_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        with collecting_later():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
