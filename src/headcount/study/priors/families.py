"""Prior families: which one for which quantity.

A prior is written the way people think, ``{ low = 0.3, high = 0.7, mass = 0.9 }``: equal tails
outside the interval. The meaning of the interval depends on the quantity's support (see
`headcount.study.priors.links`): it becomes the normal distribution on the link scale that has these
quantiles. The other families are for those who have a reason; each is one object, parameterised by
numbers that a reader can picture.

The compiled density sees two numbers a, b of each prior and the value x on the link scale:

=============== ====================== =======================================================
family          a, b                   log density of x, but for the constant
=============== ====================== =======================================================
``link_normal`` mean and sd of x       -((x - a) / b)^2 / 2
``half_normal`` sd, 1                  x - (exp(x) / a)^2 / 2
``exponential`` mean, 1                x - exp(x) / a
``gamma``       shape and rate         a x - b exp(x)
``beta``        both shapes            a log p + b log(1 - p), p = exp(x) / (1 + exp(x))
=============== ====================== =======================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import stats
from scipy.special import gammaln

from headcount._types import FloatArray

__all__ = ["FAMILIES", "LINK_NORMAL", "Family"]


@dataclass(frozen=True)
class Family:
    """A prior family.

    Parameters
    ----------
    name
        As written in TOML.
    code
        By which the compiled density knows the family.
    supports
        Supports that it can be used for.
    parameters
        Names of its parameters, in order.
    when
        Which family for which quantity, in a sentence.
    natural
        Parameters to the frozen SciPy distribution of the quantity itself; ``None`` for the one
        family that is defined on the link scale.
    positive
        Names of the parameters that must be above zero.
    numbers
        Parameters, in order, to the two numbers a, b of the compiled density. Of the link-normal
        family a prior computes them itself, since they depend on its link.
    log_constant
        The normalising constant of the log density on the link scale by a and b; any shape.
    curvature
        Minus the second derivative of the log density on the link scale by x, a and b; any shape.
    """

    name: str
    code: int
    supports: tuple[str, ...]
    parameters: tuple[str, ...]
    when: str
    natural: Callable[..., Any] | None
    positive: tuple[str, ...]
    numbers: Callable[..., tuple[float, float]]
    log_constant: Callable[[FloatArray, FloatArray], FloatArray]
    curvature: Callable[[FloatArray, FloatArray, FloatArray], FloatArray]


def _gamma(*, mean: float, sd: float) -> Any:  # noqa: ANN401 - SciPy's frozen distributions have no public type
    return stats.gamma((mean / sd) ** 2, scale=sd**2 / mean)


def _beta(*, mean: float, sd: float) -> Any:  # noqa: ANN401 - as above
    if not 0 < mean < 1:
        msg = f"mean = {mean:g} is not a number between 0 and 1"
        raise ValueError(msg)
    total = mean * (1 - mean) / sd**2 - 1
    if total <= 0:
        msg = (
            f"sd {sd:g} is too large for a mean of {mean:g}; below {np.sqrt(mean * (1 - mean)):.3g}"
        )
        raise ValueError(msg)
    return stats.beta(mean * total, (1 - mean) * total)


def _shapes(mean: float, sd: float) -> tuple[float, float]:
    total = mean * (1 - mean) / sd**2 - 1
    return mean * total, (1 - mean) * total


def _beta_curvature(x: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    chance = np.exp(x) / (1 + np.exp(x))
    return np.asarray((a + b) * chance * (1 - chance))


LINK_NORMAL: Final = "link_normal"

FAMILIES: Final[dict[str, Family]] = {
    family.name: family
    for family in (
        Family(
            name=LINK_NORMAL,
            code=0,
            supports=("real", "positive", "unit", "above_one", "growth"),
            parameters=("median", "sd"),
            when="The meaning of an interval: normal on the link scale. median in the quantity's "
            "own unit, sd on the link scale.",
            natural=None,
            positive=("sd",),
            numbers=lambda median, sd: (median, sd),
            log_constant=lambda _, b: -np.log(b) - 0.5 * np.log(2 * np.pi),
            curvature=lambda _, __, b: 1 / b**2,
        ),
        Family(
            name="half_normal",
            code=1,
            supports=("positive",),
            parameters=("sd",),
            when="A standard deviation that may well be zero: most mass near it, thin tail.",
            natural=lambda *, sd: stats.halfnorm(scale=sd),
            positive=("sd",),
            numbers=lambda sd: (sd, 1.0),
            log_constant=lambda a, _: 0.5 * np.log(2 / np.pi) - np.log(a),
            curvature=lambda x, a, _: 2 * (np.exp(x) / a) ** 2,
        ),
        Family(
            name="exponential",
            code=2,
            supports=("positive",),
            parameters=("mean",),
            when="A standard deviation that may well be zero, with a heavier tail than half_normal.",
            natural=lambda *, mean: stats.expon(scale=mean),
            positive=("mean",),
            numbers=lambda mean: (mean, 1.0),
            log_constant=lambda a, _: -np.log(a),
            curvature=lambda x, a, _: np.exp(x) / a,
        ),
        Family(
            name="gamma",
            code=3,
            supports=("positive",),
            parameters=("mean", "sd"),
            when="A positive quantity whose mean, not its median, is known.",
            natural=_gamma,
            positive=("mean", "sd"),
            numbers=lambda mean, sd: ((mean / sd) ** 2, mean / sd**2),
            log_constant=lambda a, b: a * np.log(b) - gammaln(a),
            curvature=lambda x, _, b: b * np.exp(x),
        ),
        Family(
            name="beta",
            code=4,
            supports=("unit",),
            parameters=("mean", "sd"),
            when="A coverage whose mean and standard deviation are published.",
            natural=_beta,
            positive=("mean", "sd"),
            numbers=_shapes,
            log_constant=lambda a, b: gammaln(a + b) - gammaln(a) - gammaln(b),
            curvature=_beta_curvature,
        ),
    )
}
