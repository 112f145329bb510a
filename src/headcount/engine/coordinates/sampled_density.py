"""The log density in the coordinates that are sampled, as one function of C: what the sampler
calls, without any Python.

Whitening leads from y to u, recentring from u to x with levels and growth paths, and these to the
free vector, whose density it is. The gradient goes the same way back. Each step is compiled by
itself (`headcount.engine.numba_support.function_pointers`).
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import carray, types

from headcount._types import FloatArray, IntArray
from headcount.engine.coordinates.map_signatures import RECENTRING, STATE, WHITENING
from headcount.engine.coordinates.noncentring_arrays import Recentring
from headcount.engine.coordinates.noncentring_map import from_pathwise, to_pathwise
from headcount.engine.coordinates.whitening import Whitening, from_recentred, to_recentred
from headcount.engine.density.log_density import (
    expected_of,
    gradient_of_rows,
    latent_of,
    likelihood_and_slopes,
)
from headcount.engine.density.log_prior import log_prior_and_gradient
from headcount.engine.density.signatures import EXPECTED, LATENT, NUMBERS, ROWS, STUDY
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.derivatives.growth_deviations import gradient_by_deviations, to_innovations
from headcount.engine.derivatives.log_baseline import gradient_by_baseline, to_total
from headcount.engine.numba_support.compilation import from_c, inner
from headcount.engine.numba_support.function_pointers import Links
from headcount.engine.numba_support.vector_ops import copy

__all__ = ["LINKED", "Coordinates", "density_of_c", "free_of_c"]

SIZE, STATUS, POINTER, TABLE = (
    types.uint64,
    types.int64,
    types.CPointer(types.float64),
    types.voidptr,
)

LINKED = Links(STUDY, RECENTRING, WHITENING)
FOLLOWING, WHITENED = 1, 2
"""Places in the table of what may be absent."""

_arrays, _recentring, _whitening = (LINKED.handed(form) for form in (STUDY, RECENTRING, WHITENING))
_to_innovations = LINKED.link(to_innovations, types.float64, NUMBERS, STUDY)
_to_total = LINKED.link(to_total, types.none, NUMBERS, STUDY)
_log_prior = LINKED.link(log_prior_and_gradient, types.float64, NUMBERS, STUDY, NUMBERS)
_latent = LINKED.link(latent_of, LATENT, NUMBERS, STUDY)
_expected = LINKED.link(expected_of, EXPECTED, LATENT, STUDY)
_likelihood = LINKED.link(
    likelihood_and_slopes, types.Tuple((types.float64, ROWS)), EXPECTED, STUDY
)
_back = LINKED.link(gradient_of_rows, types.none, NUMBERS, LATENT, EXPECTED, ROWS, STUDY, NUMBERS)
_by_level = LINKED.link(gradient_by_baseline, types.none, NUMBERS, STUDY, NUMBERS)
_by_paths = LINKED.link(gradient_by_deviations, types.none, NUMBERS, STUDY, NUMBERS)
_to_pathwise = LINKED.link(to_pathwise, types.Tuple((NUMBERS, STATE)), NUMBERS, RECENTRING)
_from_pathwise = LINKED.link(
    from_pathwise, types.float64, NUMBERS, NUMBERS, STATE, RECENTRING, NUMBERS
)
_to_recentred = LINKED.link(to_recentred, NUMBERS, NUMBERS, WHITENING)
_from_recentred = LINKED.link(from_recentred, types.none, NUMBERS, WHITENING, NUMBERS)


@dataclass(frozen=True)
class Coordinates:
    """A density in coordinates y, and the way back to the free vector x.

    Parameters
    ----------
    arrays
        The study.
    recentring, whitening
        The maps, applied to y in the order whitening, recentring; without recentring y holds levels
        and growth paths.

    Attributes
    ----------
    table
        What the functions of C are handed as their last argument: valid as long as this object is.
    """

    arrays: StudyArrays
    recentring: Recentring | None = None
    whitening: Whitening | None = None
    table: IntArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Look up what is called, once, so that threads can share it."""
        object.__setattr__(
            self, "table", LINKED.table(self.arrays, self.recentring, self.whitening)
        )

    @property
    def size(self) -> int:
        """Number of free variables."""
        return self.arrays.prior_family.size

    @property
    def density_of_c(self) -> Any:  # noqa: ANN401 - Numba is not typed
        """The log density as a function of C, of size, y, gradient, value and table; it returns
        nought if all is finite.
        """
        return density_of_c.made

    @property
    def free_of_c(self) -> Any:  # noqa: ANN401
        """The free vector as a function of C, of size, size, y, x and table."""
        return free_of_c.made

    def log_density(self, y: FloatArray) -> tuple[float, FloatArray]:
        """Return the log density at y and its gradient."""
        gradient, value = np.empty(self.size), np.empty(1)
        self.density_of_c.ctypes(
            self.size, _at(self._numbers(y)), _at(gradient), _at(value), self.table.ctypes.data
        )
        return float(value[0]), gradient

    def free(self, y: FloatArray) -> FloatArray:
        """Return the free vector x at y."""
        x = np.empty(self.size)
        self.free_of_c.ctypes(
            self.size, self.size, _at(self._numbers(y)), _at(x), self.table.ctypes.data
        )
        return x

    def _numbers(self, y: FloatArray) -> FloatArray:
        if y.shape != (self.size,):
            msg = f"{self.size} free variables, {y.shape} numbers"
            raise ValueError(msg)
        return np.ascontiguousarray(y, dtype=np.float64)


def _at(numbers: FloatArray) -> Any:  # noqa: ANN401 - ctypes has no type for it
    return numbers.ctypes.data_as(ctypes.POINTER(ctypes.c_double))


@from_c(STATUS(SIZE, POINTER, POINTER, POINTER, TABLE))
def density_of_c(size: int, y_at: Any, gradient_at: Any, value_at: Any, table: Any) -> int:  # noqa: ANN401
    """Fill the value and gradient of the log density at y; return nought if all is finite."""
    y, gradient, value = carray(y_at, size), carray(gradient_at, size), carray(value_at, 1)
    holds, d_u = carray(table, 3, dtype=np.int64), np.empty(size)
    u = _to_recentred(table, y, _whitening(table)) if holds[WHITENED] != 0 else y
    if holds[FOLLOWING] != 0:
        x, state = _to_pathwise(table, u, _recentring(table))
        value[0] = _of_pathwise(x.copy(), table, d_u)
        value[0] += _from_pathwise(table, u, x, state, _recentring(table), d_u)
    else:
        value[0] = _of_pathwise(u.copy(), table, d_u)
    if holds[WHITENED] != 0:
        _from_recentred(table, d_u, _whitening(table), gradient)
    else:
        copy(d_u, gradient)
    finite = math.isfinite(value[0])
    for i in range(size):
        finite &= math.isfinite(gradient[i])
    return 0 if finite else 1


@inner
def _of_pathwise(x: FloatArray, table: Any, gradient: FloatArray) -> float:  # noqa: ANN401
    """Evaluate the log density where x holds level and paths, and fill the gradient; x is the free
    vector afterwards.
    """
    arrays = _arrays(table)
    log_jacobian = _to_innovations(table, x, arrays)
    _to_total(table, x, arrays)
    total: float = _log_prior(table, x, arrays, gradient)
    found = _latent(table, x, arrays)
    at = _expected(table, found, arrays)
    told, slopes = _likelihood(table, at, arrays)
    _back(table, x, found, at, slopes, arrays, gradient)
    _by_level(table, x, arrays, gradient)
    _by_paths(table, x, arrays, gradient)
    total += told + log_jacobian
    return total


@from_c(STATUS(SIZE, SIZE, POINTER, POINTER, TABLE))
def free_of_c(size: int, _: int, y_at: Any, x_at: Any, table: Any) -> int:  # noqa: ANN401
    """Fill the free vector x at y."""
    y, free = carray(y_at, size), carray(x_at, size)
    holds = carray(table, 3, dtype=np.int64)
    u = _to_recentred(table, y, _whitening(table)) if holds[WHITENED] != 0 else y
    x = _to_pathwise(table, u, _recentring(table))[0] if holds[FOLLOWING] != 0 else u
    copy(x, free)
    _to_innovations(table, free, _arrays(table))
    _to_total(table, free, _arrays(table))
    return 0
