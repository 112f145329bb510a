"""Types of arrays, for signatures."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

type FloatArray = npt.NDArray[np.float64]
type SingleArray = npt.NDArray[np.float32]
type IntArray = npt.NDArray[np.int64]
type BoolArray = npt.NDArray[np.bool_]
type AnyArray = npt.NDArray[Any]
