"""Labels and places of the ticks on an axis."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from headcount._wording import people

__all__ = ["log_ticks", "people_ticks", "short_ticks"]


def people_ticks(value: float, _: int) -> str:
    return people(value, 3) if value else "0"


def short_ticks(value: float, _: int) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def log_ticks(axis: Any, words: Any) -> None:  # noqa: ANN401 - Matplotlib's axis, and a formatter's function
    low, high = axis.get_view_interval()
    decades = np.log10(high / low)
    axis.set_major_locator(
        LogLocator(subs=(1.0, 2.0, 5.0) if decades < 2 else (1.0, 3.0) if decades < 3 else (1.0,))
    )
    axis.set_major_formatter(FuncFormatter(words))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
