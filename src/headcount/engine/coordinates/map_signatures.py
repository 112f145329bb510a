"""Numba signatures of the coordinate maps: the types of their arrays, the same for all studies."""

from __future__ import annotations

from typing import Final

from headcount.engine.coordinates.noncentring_arrays import Intermediates, NonCentring
from headcount.engine.coordinates.whitening import Whitening
from headcount.engine.density.signatures import tuple_type

__all__ = ["INTERMEDIATES", "NONCENTRING", "WHITENING"]

NONCENTRING: Final = tuple_type(NonCentring)
WHITENING: Final = tuple_type(Whitening)
INTERMEDIATES: Final = tuple_type(Intermediates)
