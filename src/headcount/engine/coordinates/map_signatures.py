"""Numba's types of the arrays of the map from sampled to free variables; the same for all studies."""

from __future__ import annotations

from typing import Final

from headcount.engine.coordinates.noncentring_arrays import Recentring, State
from headcount.engine.coordinates.whitening import Whitening
from headcount.engine.density.signatures import tuple_type

__all__ = ["RECENTRING", "STATE", "WHITENING"]

RECENTRING: Final = tuple_type(Recentring)
WHITENING: Final = tuple_type(Whitening)
STATE: Final = tuple_type(State)
