r"""The log density of the sampled coordinates y and its gradient, as a C callback of the sampler.

Four maps connect y with the free vector x, whose density the engine evaluates:

- whitening, :math:`u = m + \Pi L^{-T} y`, affine (`headcount.engine.coordinates.whitening`);
- partial non-centring, from u to the local vector w
  (`headcount.engine.coordinates.noncentring`);
- growth deviations to innovations (`headcount.engine.derivatives.growth_deviations`);
- log baseline to log total (`headcount.engine.derivatives.log_baseline`), with Jacobian 1.

The log density of y is that of x plus the log Jacobians of the second and third map; that of the
first is constant and left out. The gradient passes through the adjoints in reverse order. Each step
is compiled once and called by its address (`headcount.engine.numba_support.function_pointers`).
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numba import carray, types

from headcount._types import FloatArray, IntArray
from headcount.engine.coordinates.map_signatures import INTERMEDIATES, NONCENTRING, WHITENING
from headcount.engine.coordinates.noncentring_arrays import NonCentring
from headcount.engine.coordinates.noncentring_map import apply_noncentring, noncentring_adjoint
from headcount.engine.coordinates.whitening import Whitening, unwhiten, unwhiten_adjoint
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
from headcount.engine.numba_support.function_pointers import FunctionTable
from headcount.engine.numba_support.vector_ops import copy

__all__ = ["FUNCTION_TABLE", "Coordinates", "free_vector_callback", "log_density_callback"]

SIZE, STATUS, POINTER, TABLE = (
    types.uint64,
    types.int64,
    types.CPointer(types.float64),
    types.voidptr,
)

FUNCTION_TABLE = FunctionTable(STUDY, NONCENTRING, WHITENING)

HAS_NONCENTRING: Final = 1
HAS_WHITENING: Final = 2
"""Places in the table that are zero where the map is absent."""

_arrays, _noncentring, _whitening = (
    FUNCTION_TABLE.struct(form) for form in (STUDY, NONCENTRING, WHITENING)
)
_to_innovations = FUNCTION_TABLE.function(to_innovations, types.float64, NUMBERS, STUDY)
_to_total = FUNCTION_TABLE.function(to_total, types.none, NUMBERS, STUDY)
_log_prior = FUNCTION_TABLE.function(log_prior_and_gradient, types.float64, NUMBERS, STUDY, NUMBERS)
_latent = FUNCTION_TABLE.function(latent_of, LATENT, NUMBERS, STUDY)
_expected = FUNCTION_TABLE.function(expected_of, EXPECTED, LATENT, STUDY)
_likelihood = FUNCTION_TABLE.function(
    likelihood_and_slopes, types.Tuple((types.float64, ROWS)), EXPECTED, STUDY
)
_gradient_of_rows = FUNCTION_TABLE.function(
    gradient_of_rows, types.none, NUMBERS, LATENT, EXPECTED, ROWS, STUDY, NUMBERS
)
_by_baseline = FUNCTION_TABLE.function(gradient_by_baseline, types.none, NUMBERS, STUDY, NUMBERS)
_by_deviations = FUNCTION_TABLE.function(
    gradient_by_deviations, types.none, NUMBERS, STUDY, NUMBERS
)
_apply_noncentring = FUNCTION_TABLE.function(
    apply_noncentring, types.Tuple((NUMBERS, INTERMEDIATES)), NUMBERS, NONCENTRING
)
_noncentring_adjoint = FUNCTION_TABLE.function(
    noncentring_adjoint, types.float64, NUMBERS, NUMBERS, INTERMEDIATES, NONCENTRING, NUMBERS
)
_unwhiten = FUNCTION_TABLE.function(unwhiten, NUMBERS, NUMBERS, WHITENING)
_unwhiten_adjoint = FUNCTION_TABLE.function(
    unwhiten_adjoint, types.none, NUMBERS, WHITENING, NUMBERS
)


@dataclass(frozen=True)
class Coordinates:
    """Coordinates y for the free vector x of a study, and the log density of y.

    Parameters
    ----------
    arrays
        The study.
    noncentring, whitening
        The maps from u to w and from y to u; ``None`` stands for the identity.

    Attributes
    ----------
    table
        The last argument of the callbacks; valid as long as this object exists.
    """

    arrays: StudyArrays
    noncentring: NonCentring | None = None
    whitening: Whitening | None = None
    table: IntArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Look up the compiled functions, once, so that threads can share them."""
        table = FUNCTION_TABLE.addresses(self.arrays, self.noncentring, self.whitening)
        object.__setattr__(self, "table", table)

    @property
    def size(self) -> int:
        """Number of free variables."""
        return self.arrays.prior_family.size

    @property
    def log_density_callback(self) -> Any:  # noqa: ANN401 - Numba is not typed
        """C function of size, y, gradient, value and table; it returns 0 if all is finite."""
        return log_density_callback.made

    @property
    def free_vector_callback(self) -> Any:  # noqa: ANN401
        """C function of size, size, y, x and table; it returns 0."""
        return free_vector_callback.made

    def log_density(self, y: FloatArray) -> tuple[float, FloatArray]:
        """Return the log density at y and its gradient."""
        gradient, value = np.empty(self.size), np.empty(1)
        self.log_density_callback.ctypes(
            self.size,
            _pointer(self._checked(y)),
            _pointer(gradient),
            _pointer(value),
            self.table.ctypes.data,
        )
        return float(value[0]), gradient

    def free(self, y: FloatArray) -> FloatArray:
        """Return the free vector x at y."""
        x = np.empty(self.size)
        self.free_vector_callback.ctypes(
            self.size, self.size, _pointer(self._checked(y)), _pointer(x), self.table.ctypes.data
        )
        return x

    def _checked(self, y: FloatArray) -> FloatArray:
        if y.shape != (self.size,):
            msg = f"{self.size} free variables, {y.shape} numbers"
            raise ValueError(msg)
        return np.ascontiguousarray(y, dtype=np.float64)


def _pointer(numbers: FloatArray) -> Any:  # noqa: ANN401 - ctypes has no type for it
    return numbers.ctypes.data_as(ctypes.POINTER(ctypes.c_double))


@from_c(STATUS(SIZE, POINTER, POINTER, POINTER, TABLE))
def log_density_callback(size: int, y_at: Any, gradient_at: Any, value_at: Any, table: Any) -> int:  # noqa: ANN401
    """Write value and gradient of the log density at y; return 0 if all is finite, else 1."""
    y, gradient, value = carray(y_at, size), carray(gradient_at, size), carray(value_at, 1)
    present, d_u = carray(table, 3, dtype=np.int64), np.empty(size)
    u = _unwhiten(table, y, _whitening(table)) if present[HAS_WHITENING] != 0 else y
    if present[HAS_NONCENTRING] != 0:
        w, saved = _apply_noncentring(table, u, _noncentring(table))
        value[0] = _local_log_density(w.copy(), table, d_u)
        value[0] += _noncentring_adjoint(table, u, w, saved, _noncentring(table), d_u)
    else:
        value[0] = _local_log_density(u.copy(), table, d_u)
    if present[HAS_WHITENING] != 0:
        _unwhiten_adjoint(table, d_u, _whitening(table), gradient)
    else:
        copy(d_u, gradient)
    finite = math.isfinite(value[0])
    for i in range(size):
        finite &= math.isfinite(gradient[i])
    return 0 if finite else 1


@inner
def _local_log_density(w: FloatArray, table: Any, gradient: FloatArray) -> float:  # noqa: ANN401
    """Return the log density of the local vector w, write its gradient, and turn w into x."""
    arrays = _arrays(table)
    log_jacobian = _to_innovations(table, w, arrays)
    _to_total(table, w, arrays)
    total: float = _log_prior(table, w, arrays, gradient)
    latent = _latent(table, w, arrays)
    expected = _expected(table, latent, arrays)
    log_likelihood, slopes = _likelihood(table, expected, arrays)
    _gradient_of_rows(table, w, latent, expected, slopes, arrays, gradient)
    _by_baseline(table, w, arrays, gradient)
    _by_deviations(table, w, arrays, gradient)
    total += log_likelihood + log_jacobian
    return total


@from_c(STATUS(SIZE, SIZE, POINTER, POINTER, TABLE))
def free_vector_callback(size: int, _: int, y_at: Any, x_at: Any, table: Any) -> int:  # noqa: ANN401
    """Write the free vector x at y."""
    y, x = carray(y_at, size), carray(x_at, size)
    present = carray(table, 3, dtype=np.int64)
    u = _unwhiten(table, y, _whitening(table)) if present[HAS_WHITENING] != 0 else y
    w = u
    if present[HAS_NONCENTRING] != 0:
        w = _apply_noncentring(table, u, _noncentring(table))[0]
    copy(w, x)
    _to_innovations(table, x, _arrays(table))
    _to_total(table, x, _arrays(table))
    return 0
