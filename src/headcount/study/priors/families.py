"""Prior families.

Most priors are stated as an interval, ``{ low = 0.3, high = 0.7, mass = 0.9 }``, with equal tails
outside. The interval becomes the normal distribution with these quantiles on the link scale of the
quantity's support, see `headcount.study.priors.links`. The other families serve special cases. Each
is one object, with parameters in the quantity's own unit.

The compiled density takes two numbers a, b of each prior and the value x on the link scale:

=============== ====================== =======================================================
family          a, b                   log density of x, up to the constant
=============== ====================== =======================================================
``link_normal`` mean and sd of x       -((x - a) / b)^2 / 2
``half_normal`` sd, 1                  x - (exp(x) / a)^2 / 2
``exponential`` mean, 1                x - exp(x) / a
``gamma``       shape and rate         a x - b exp(x)
``beta``        both shapes            a log p + b log(1 - p), p = exp(x) / (1 + exp(x))
=============== ====================== =======================================================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import stats
from scipy.special import gammaln

from headcount._types import FloatArray
from headcount.errors import nearest

__all__ = ["FAMILIES", "LINK_NORMAL", "Family", "family_of"]


@dataclass(frozen=True)
class Family:
    """A prior family.

    Parameters
    ----------
    name
        Name in the TOML file.
    code
        Code of the family in the compiled density.
    supports
        Supports that it can be used for.
    parameters
        Names of its parameters, in order.
    when
        When to use the family, in a sentence.
    natural
        Returns the SciPy distribution of the quantity, given the parameters by name; ``None`` for
        the link-normal family, which is defined on the link scale.
    positive
        Names of the parameters that must be above zero.
    numbers
        Returns the two numbers a, b of the compiled density, given the parameters in order. For the
        link-normal family they depend on the link, and the prior computes them.
    log_constant
        Normalising constant of the log density on the link scale, given a and b; any shape.
    curvature
        Minus the second derivative of the log density on the link scale, given x, a and b; any
        shape.
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

    def named(self, values: Sequence[float]) -> dict[str, float]:
        """Return parameter values by name."""
        return dict(zip(self.parameters, values, strict=True))

    def check_signs(self, values: Sequence[float]) -> None:
        """Raise a ValueError where a parameter is not finite, or not above 0 where it must be."""
        for name, value in self.named(values).items():
            if not np.isfinite(value) or (name in self.positive and value <= 0):
                wanted = "above 0" if name in self.positive else "finite"
                msg = f"{name} = {value:g} must be {wanted}"
                raise ValueError(msg)

    def check_distribution(self, values: Sequence[float]) -> None:
        """Raise a ValueError where valid parameters give no distribution that can be computed."""
        if self.natural is None:
            return
        try:
            low, high = self.natural(**self.named(values)).ppf([0.05, 0.95])
        except ArithmeticError:
            low = high = np.nan
        if not low < high:
            stated = ", ".join(f"{name} = {value:g}" for name, value in self.named(values).items())
            msg = f"{stated}: too large or too small to compute with"
            raise ValueError(msg)


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
            when="The default, also for intervals: normal on the link scale. median in the "
            "quantity's own unit, sd on the link scale.",
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
            when="A standard deviation that may be zero: most mass near zero, light tail.",
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
            when="A standard deviation that may be zero, with a heavier tail than half_normal.",
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


def family_of(name: str) -> Family:
    """Return the family of a name.

    Parameters
    ----------
    name
        A key of ``FAMILIES``.

    Returns
    -------
    Family
        The family.

    Raises
    ------
    ValueError
        Where it is unknown, with the nearest one.
    """
    if name not in FAMILIES:
        msg = f"unknown prior family {name!r}. {nearest(name, FAMILIES)}"
        raise ValueError(msg)
    return FAMILIES[name]
