"""Labels and places of the ticks on an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from headcount._wording import people

__all__ = ["log_ticks", "people_ticks", "short_ticks"]


def people_ticks(value: float, _: int) -> str:
    """Return the label of a number of people; the form that Matplotlib's formatters take."""
    return people(value, 3) if value else "0"


def short_ticks(value: float, _: int) -> str:
    """Return the shortest label of a number of people, such as ``20k``."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def log_ticks(axis: Any, label: Callable[[float, int], str]) -> None:  # noqa: ANN401 - Matplotlib's
    """Set few round ticks on a logarithmic axis: three in a power of ten on a short axis, else one.

    Parameters
    ----------
    axis
        ``xaxis`` or ``yaxis`` of Matplotlib's axes.
    label
        Function from value and place to the label of a tick.
    """
    low, high = axis.get_view_interval()
    decades = np.log10(high / low)
    axis.set_major_locator(
        LogLocator(subs=(1.0, 2.0, 5.0) if decades < 2 else (1.0, 3.0) if decades < 3 else (1.0,))
    )
    axis.set_major_formatter(FuncFormatter(label))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
