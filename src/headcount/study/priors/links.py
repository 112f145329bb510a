"""Links: functions that map a quantity with limits to the whole real line.

============ ================= ======================== =====================================
support      values            link                     used for
============ ================= ======================== =====================================
``real``     any number        x                        effects on a log scale, coefficients
``positive`` above 0           log x                    headcounts, standard deviations, factors
``unit``     between 0 and 1   log(x / (1 - x))         coverage, damping, a part of a whole
``above_one``above 1           log(x - 1)               how much larger a containing scope is
``growth``   above -1          log(1 + x)               growth rates, as fractions
============ ================= ======================== =====================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import special

from headcount._types import FloatArray

__all__ = ["LINKS", "Link"]


@dataclass(frozen=True)
class Link:
    """A one-to-one function from a support to the real line.

    Parameters
    ----------
    support
        Name of the set of values, a key of ``LINKS``.
    lower, upper
        Open limits of the support.
    forward
        The function.
    inverse
        Its inverse.
    slope
        Derivative of ``forward``, at a number or an array.
    """

    support: str
    lower: float
    upper: float
    forward: Callable[[FloatArray | float], FloatArray]
    inverse: Callable[[FloatArray | float], FloatArray]
    slope: Callable[[Any], Any]

    def contains(self, value: float) -> bool:
        """Return whether a value lies inside the support."""
        return bool(np.isfinite(value) and self.lower < value < self.upper)

    @property
    def words(self) -> str:
        """The support in words."""
        if np.isinf(self.lower):
            return "any finite number"
        if np.isinf(self.upper):
            return f"a number above {self.lower:g}"
        return f"a number between {self.lower:g} and {self.upper:g}"


LINKS: Final[dict[str, Link]] = {
    "real": Link(
        "real", -np.inf, np.inf, np.asarray, np.asarray, lambda x: np.ones_like(x, dtype=np.float64)
    ),
    "positive": Link("positive", 0.0, np.inf, np.log, np.exp, lambda x: 1 / x),
    "unit": Link("unit", 0.0, 1.0, special.logit, special.expit, lambda x: 1 / (x * (1 - x))),
    "above_one": Link(
        "above_one",
        1.0,
        np.inf,
        lambda x: np.log(np.asarray(x) - 1.0),
        lambda x: 1.0 + np.exp(x),
        lambda x: 1 / (x - 1),
    ),
    "growth": Link("growth", -1.0, np.inf, np.log1p, np.expm1, lambda x: 1 / (1 + x)),
}
