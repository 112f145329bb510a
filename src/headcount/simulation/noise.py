"""Noise: the distribution of a row around its expected value, and the parts of its sd."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from scipy import stats

from headcount.observations import Observation
from headcount.simulation.cells import stated
from headcount.specs import ModelSpec

__all__ = ["TAILS", "interval_se", "root_sum_squares", "tails_of"]

TAILS: Final[dict[str, Any]] = {"student_t": stats.t(4), "normal": stats.norm()}
"""Value of ``tails`` of a source kind to the standard distribution F, symmetric around 0."""

DEFAULT_RANGE_MASS: Final = 0.9
"""Probability inside a stated range whose row does not say."""


def tails_of(source: str, spec: ModelSpec) -> Any:  # noqa: ANN401 - SciPy's frozen distributions have no public type
    """Return F of a source.

    Parameters
    ----------
    source
        A source of the spec.
    spec
        The declaration.

    Returns
    -------
    scipy.stats frozen distribution
        Student-t with 4 degrees of freedom and scale 1 (its sd is sqrt(2)), or the standard normal.
    """
    return TAILS[spec.source_kinds[spec.sources[source].kind].tails]


def interval_se(row: Observation) -> float:
    """Return the relative standard error that gives a soft range its mass.

    Parameters
    ----------
    row
        A range with mass below 1.

    Returns
    -------
    float
        Half the width on the log scale over the standard normal quantile of (1 + mass) / 2.
    """
    mass = DEFAULT_RANGE_MASS if row.mass is None else row.mass
    quantile = stats.norm.ppf((1 + mass) / 2)
    width = np.log(stated(row, "upper")) - np.log(stated(row, "lower"))
    return float(width / (2 * quantile))


def root_sum_squares(*sds: float) -> float:
    """Return the sd of a sum of independent parts.

    Parameters
    ----------
    *sds
        Their sds.

    Returns
    -------
    float
        Square root of the sum of squares.
    """
    return float(np.sqrt(np.sum(np.square(sds))))
