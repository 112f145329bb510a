"""Linear algebra of a tile: what is done to the small matrices of a few blocks, side by side in
lanes.

A tile's matrices are n times n, row by row, n the size of its largest block; smaller ones go on as
an identity. Of symmetric matrices and of factors the upper triangle is there. Effects start at
``start``, matrices at ``matrix``; both count entries, see `headcount.engine.numba_support.simd`.
Names of the form ``d_x`` hold the derivative of the log density by x.
"""

from __future__ import annotations

from headcount._types import FloatArray
from headcount.engine.numba_support.compilation import inner
from headcount.engine.numba_support.simd import Lanes, at, every, put, root

__all__ = [
    "back_effects",
    "back_factor",
    "back_information",
    "effects_of",
    "factorise",
    "take_steps",
]


@inner
def _along(a: FloatArray, i: int, b: FloatArray, j: int, count: int) -> Lanes:
    """Return the sum of products of two runs."""
    total = every(0.0)
    for k in range(count):
        total += at(a, i + k) * at(b, j + k)
    return total


@inner
def take_steps(
    start: int, matrix: int, n: int, weighted: FloatArray, step: FloatArray, pulled: FloatArray
) -> None:
    """Take G A gamma, what leaders do as steps of effects would, from b."""
    for i in range(n):
        row, own = matrix + i * n, at(step, start + i)
        total = at(pulled, start + i) - at(weighted, row + i) * own
        for j in range(i + 1, n):
            told = at(weighted, row + j)
            total -= told * at(step, start + j)
            put(pulled, start + j, at(pulled, start + j) - told * own)
        put(pulled, start + i, total)


@inner
def factorise(
    start: int,
    matrix: int,
    n: int,
    sigma: FloatArray,
    pulled: FloatArray,
    weighted: FloatArray,
    factors: FloatArray,
    mean: FloatArray,
) -> None:
    """Put L', whose diagonal is inverted, where P is in factors, and L^{-1} S b into mean."""
    for k in range(n):
        own, row, total = at(sigma, start + k), matrix + k * n, every(0.0)
        pivot = at(factors, row + k) + own * own * at(weighted, row + k)
        for m in range(k):
            above = at(factors, matrix + m * n + k)
            pivot -= above * above
            total += above * at(mean, start + m)
        pivot = every(1.0) / root(pivot)
        put(factors, row + k, pivot)
        put(mean, start + k, (own * at(pulled, start + k) - total) * pivot)
        # Two columns at a time read what is above the pivot once. A last one is its own neighbour.
        for j in range(k + 1, n, 2):
            beside = min(j + 1, n - 1)
            value = at(factors, row + j) + own * at(sigma, start + j) * at(weighted, row + j)
            other = at(factors, row + beside) + own * at(sigma, start + beside) * at(
                weighted, row + beside
            )
            for m in range(k):
                above = at(factors, matrix + m * n + k)
                value -= above * at(factors, matrix + m * n + j)
                other -= above * at(factors, matrix + m * n + beside)
            put(factors, row + beside, other * pivot)
            put(factors, row + j, value * pivot)


@inner
def effects_of(
    start: int,
    matrix: int,
    n: int,
    left: FloatArray,
    factors: FloatArray,
    mean: FloatArray,
    z: FloatArray,
) -> None:
    """Put the effects into z: mu + L^{-T} u = L^{-T} (L^{-1} S b + u), where u is left of them, in
    sds.
    """
    for i in range(n - 1, -1, -1):
        row = matrix + i * n + i
        total = at(mean, start + i) + at(left, start + i)
        total -= _along(factors, row + 1, z, start + i + 1, n - 1 - i)
        put(z, start + i, total * at(factors, row))


@inner
def back_effects(
    start: int,
    matrix: int,
    n: int,
    factors: FloatArray,
    d_z: FloatArray,
    d_left: FloatArray,
    d_pulled: FloatArray,
) -> None:
    """Carry the derivative by the effects back to u and to S b."""
    for i in range(n):
        total = at(d_z, start + i)
        for m in range(i):
            total -= at(factors, matrix + m * n + i) * at(d_left, start + m)
        put(d_left, start + i, total * at(factors, matrix + i * n + i))
    for i in range(n - 1, -1, -1):
        row = matrix + i * n + i
        total = at(d_left, start + i) - _along(factors, row + 1, d_pulled, start + i + 1, n - 1 - i)
        put(d_pulled, start + i, total * at(factors, row))


@inner
def back_factor(
    start: int,
    matrix: int,
    n: int,
    factors: FloatArray,
    z: FloatArray,
    mean: FloatArray,
    d_left: FloatArray,
    d_pulled: FloatArray,
    d_q: FloatArray,
) -> None:
    """Turn the derivative by L', log Jacobian included, into that by Q: on both sides of the
    diagonal, on it twice.
    """
    for k in range(n - 1, -1, -1):
        row, pivot = matrix + k * n, at(factors, matrix + k * n + k)
        by_left, by_mean, minus = at(d_left, start + k), at(mean, start + k), every(0.0) - pivot
        for j in range(k + 1, n, 2):
            beside = min(j + 1, n - 1)
            total = by_left * at(z, start + j) + by_mean * at(d_pulled, start + j)
            other = by_left * at(z, start + beside) + by_mean * at(d_pulled, start + beside)
            for i in range(k + 1, n):
                along = at(factors, row + i)
                total += along * at(d_q, j * n + i)
                other += along * at(d_q, beside * n + i)
            for place, value in ((beside, other * minus), (j, total * minus)):
                put(d_q, k * n + place, value)
                put(d_q, place * n + k, value)
        total = by_left * at(z, start + k) + by_mean * at(d_pulled, start + k) + pivot
        total += _along(factors, row + k + 1, d_q, k * n + k + 1, n - 1 - k)
        put(d_q, k * n + k, total * minus)


@inner
def back_information(
    start: int,
    matrix: int,
    n: int,
    sigma: FloatArray,
    step: FloatArray,
    pulled: FloatArray,
    weighted: FloatArray,
    d_pulled: FloatArray,
    d_sigma: FloatArray,
    d_step: FloatArray,
    d_q: FloatArray,
) -> None:
    """Turn the derivatives by Q and by S b into those by G (upper triangle), b, log scales and
    steps.
    """
    for i in range(n):
        own = at(sigma, start + i) * at(d_pulled, start + i)
        put(d_pulled, start + i, own)
        put(d_sigma, start + i, own * at(pulled, start + i))
        put(d_step, start + i, every(0.0))
    for i in range(n):
        own, moved, pull = at(sigma, start + i), at(step, start + i), at(d_pulled, start + i)
        told, by_sigma, by_step = (
            at(weighted, matrix + i * n + i),
            at(d_sigma, start + i),
            at(d_step, start + i),
        )
        value = every(0.5) * own * own * at(d_q, i * n + i)
        by_sigma += every(2.0) * value * told
        by_step -= told * pull
        put(d_q, i * n + i, value - pull * moved)
        for j in range(i + 1, n):
            told, beside = at(weighted, matrix + i * n + j), at(d_pulled, start + j)
            value = own * at(sigma, start + j) * at(d_q, i * n + j)
            by_sigma += value * told
            by_step -= told * beside
            put(d_sigma, start + j, at(d_sigma, start + j) + value * told)
            put(d_step, start + j, at(d_step, start + j) - told * pull)
            put(d_q, i * n + j, value - moved * beside - pull * at(step, start + j))
        put(d_sigma, start + i, by_sigma)
        put(d_step, start + i, by_step)
