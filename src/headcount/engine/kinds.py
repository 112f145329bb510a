"""Numba's types of what compiled functions take and return, the same for all studies."""

from __future__ import annotations

from typing import Any, Final, get_type_hints

import numpy as np
from numba import float64, typeof

from headcount._types import IntArray
from headcount.engine.arrays import Arrays
from headcount.engine.density import Latent, Seen
from headcount.engine.following import Recentring, State
from headcount.engine.whitening import Whitening

__all__ = ["LATENT", "NUMBERS", "RECENTRING", "ROWS", "SEEN", "STATE", "STUDY", "WHITENING"]


def _tuple_of(form: Any, **dims: int) -> Any:  # noqa: ANN401 - Numba is not typed
    """Return the type of a named tuple of arrays, which have one dimension unless told otherwise."""
    hints = get_type_hints(form)
    kinds = {name: np.int64 if hints[name] == IntArray else np.float64 for name in form._fields}
    return typeof(form(*(np.empty((0,) * dims.get(name, 1), kind) for name, kind in kinds.items())))


NUMBERS: Final = float64[::1]
ROWS: Final = float64[:, ::1]
STUDY: Final = _tuple_of(Arrays, path=2, graduates=2, cells=2)
RECENTRING: Final = _tuple_of(Recentring)
WHITENING: Final = _tuple_of(Whitening)
STATE: Final = _tuple_of(State)
LATENT: Final = _tuple_of(Latent, headcount=2)
SEEN: Final = _tuple_of(Seen, location=2)
