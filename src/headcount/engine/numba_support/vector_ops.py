"""Sums and copies of neighbouring numbers, which the compiler turns into SIMD instructions.

They are called with slices: an index into a slice that starts at zero needs no check for counting
from the end. Nor does an unsigned index.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba.extending import register_jitable

from headcount._types import FloatArray, IntArray
from headcount.engine.numba_support.compilation import INNER

__all__ = ["add", "add_at", "copy", "dot", "dot_at"]

INLINE: Final = {**INNER, "forceinline": True}


@register_jitable(**INLINE, fastmath={"contract"})
def add(target: FloatArray, factor: float, values: FloatArray) -> None:
    """Add a multiple of values to a target of the same length, which lies elsewhere."""
    for i in range(target.size):
        target[i] += factor * values[i]


@register_jitable(**INLINE, fastmath={"contract"})
def add_at(target: FloatArray, places: IntArray, factor: float, values: FloatArray) -> None:
    """Add a multiple of values to the numbers of a target at as many places."""
    for i in range(places.size):
        target[np.uint64(places[i])] += factor * values[i]


@register_jitable(**INLINE)
def copy(values: FloatArray, target: FloatArray) -> None:
    """Copy values into an array of the same length.

    An assignment to a slice would be compiled together with the messages of its errors.
    """
    for i in range(values.size):
        target[i] = values[i]


@register_jitable(**INLINE, fastmath={"contract", "reassoc"})
def dot(a: FloatArray, b: FloatArray) -> float:
    """Return the sum of products of two runs of the same length.

    It only reads, so the order of summation is fixed when it is compiled and does not depend on the
    places of a and b in memory.
    """
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@register_jitable(**INLINE, fastmath={"contract", "reassoc"})
def dot_at(a: FloatArray, places: IntArray, b: FloatArray) -> float:
    """Return the sum of products of b with the numbers of a at as many places.

    The order of summation is fixed, as in `dot`.
    """
    total = 0.0
    for i in range(places.size):
        total += a[np.uint64(places[i])] * b[i]
    return total
