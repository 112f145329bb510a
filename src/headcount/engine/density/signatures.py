"""Numba types of the arguments and results of the compiled density, equal for all studies."""

from __future__ import annotations

from typing import Any, Final, get_type_hints

import numpy as np
from numba import float64, typeof

from headcount._types import IntArray
from headcount.engine.density.log_density import Expected, Latent
from headcount.engine.density.study_arrays import StudyArrays

__all__ = ["CUBE", "EXPECTED", "LATENT", "NUMBERS", "ROWS", "STUDY", "tuple_type"]


def tuple_type(form: Any, **dims: int) -> Any:  # noqa: ANN401 - Numba is not typed
    """Return the Numba type of a named tuple of arrays.

    Arrays have one dimension, or as many as ``dims`` gives for their field.
    """
    unknown = dims.keys() - set(form._fields)
    assert not unknown, f"{form.__name__} has no field {unknown}"
    hints = get_type_hints(form)
    kinds = {name: np.int64 if hints[name] == IntArray else np.float64 for name in form._fields}
    return typeof(form(*(np.empty((0,) * dims.get(name, 1), kind) for name, kind in kinds.items())))


NUMBERS: Final = float64[::1]
ROWS: Final = float64[:, ::1]
CUBE: Final = float64[:, :, ::1]
STUDY: Final = tuple_type(StudyArrays, damped_innovation=2, graduates=2, cells=2)
LATENT: Final = tuple_type(Latent, log_headcount=2)
EXPECTED: Final = tuple_type(Expected, location=2)
