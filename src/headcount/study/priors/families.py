"""Prior families: which one for what.

A prior is written the way people think, ``{ low = 0.3, high = 0.7, mass = 0.9 }``: equal tails
outside the interval. What the interval means depends on the quantity's support (see
`headcount.study.priors.links`): it becomes the normal distribution on the link scale that has these
quantiles. The other families are for those who have a reason; each is a row of ``FAMILIES``,
parameterised by what a reader can picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import stats

__all__ = ["FAMILIES", "LINK_NORMAL", "Family"]


@dataclass(frozen=True)
class Family:
    """A prior family.

    Parameters
    ----------
    name
        As written in TOML.
    supports
        Supports that it can be used for.
    parameters
        Names of its parameters, in order.
    when
        Which one for what, in a sentence.
    natural
        Parameters to the frozen SciPy distribution of the quantity itself; ``None`` for the one
        family that is defined on the link scale.
    positive
        Names of the parameters that must be above zero.
    """

    name: str
    supports: tuple[str, ...]
    parameters: tuple[str, ...]
    when: str
    natural: Callable[..., Any] | None
    positive: tuple[str, ...]


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


LINK_NORMAL: Final = "link_normal"

FAMILIES: Final[dict[str, Family]] = {
    family.name: family
    for family in (
        Family(
            LINK_NORMAL,
            ("real", "positive", "unit", "above_one", "growth"),
            ("median", "sd"),
            "What an interval becomes: normal on the link scale. median in the quantity's own unit, "
            "sd on the link scale.",
            None,
            ("sd",),
        ),
        Family(
            "half_normal",
            ("positive",),
            ("sd",),
            "A standard deviation that may well be zero: most mass near it, thin tail.",
            lambda *, sd: stats.halfnorm(scale=sd),
            ("sd",),
        ),
        Family(
            "exponential",
            ("positive",),
            ("mean",),
            "A standard deviation that may well be zero, with a heavier tail than half_normal.",
            lambda *, mean: stats.expon(scale=mean),
            ("mean",),
        ),
        Family(
            "gamma",
            ("positive",),
            ("mean", "sd"),
            "A positive quantity whose mean, not its median, is what you know.",
            _gamma,
            ("mean", "sd"),
        ),
        Family(
            "beta",
            ("unit",),
            ("mean", "sd"),
            "A coverage whose mean and standard deviation are published.",
            _beta,
            ("mean", "sd"),
        ),
    )
}
