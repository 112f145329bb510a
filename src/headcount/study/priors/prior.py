"""A prior: the distribution of one quantity before the data are seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from headcount._types import FloatArray
from headcount.study.priors.families import FAMILIES, LINK_NORMAL, family_of
from headcount.study.priors.links import LINKS, Link
from headcount.study.priors.number_keys import numbers_of

__all__ = ["DEFAULT_MASS", "Prior"]

DEFAULT_MASS = 0.9
"""Probability inside an interval that is stated without ``mass``."""


@dataclass(frozen=True)
class Prior:
    """A prior distribution of one quantity.

    Build one with `Prior.between`, `Prior.around` or `Prior.parse`.

    Parameters
    ----------
    support
        Set of values that the quantity can take, a key of ``LINKS``.
    family
        A key of ``FAMILIES``.
    parameters
        Values of the family's parameters, in the family's order.

    Raises
    ------
    ValueError
        Where family, support and parameters do not fit together.

    Examples
    --------
    >>> coverage = Prior.between(0.3, 0.7, mass=0.9, support="unit")
    >>> [round(float(value), 3) for value in coverage.quantile([0.05, 0.5, 0.95])]
    [0.3, 0.5, 0.7]
    """

    support: str
    family: str
    parameters: tuple[float, ...]

    def __post_init__(self) -> None:
        """Raise an error where the arguments define no distribution."""
        family = family_of(self.family)
        if self.support not in family.supports:
            fitting = [name for name, other in FAMILIES.items() if self.support in other.supports]
            msg = f"family {self.family!r} does not fit {self.link.words}; use one of {fitting}"
            raise ValueError(msg)
        family.check_signs(self.parameters)
        if self.family == LINK_NORMAL and not self.link.contains(self.parameters[0]):
            msg = f"median {self.parameters[0]:g} is not {self.link.words}"
            raise ValueError(msg)
        family.check_distribution(self.parameters)

    @classmethod
    def between(
        cls, low: float, high: float, *, mass: float = DEFAULT_MASS, support: str = "positive"
    ) -> Prior:
        """Return the prior with a given probability between two values, and equal tails outside.

        Parameters
        ----------
        low, high
            Ends of the interval, in the quantity's own unit.
        mass
            Probability inside, in (0, 1).
        support
            Set of values that the quantity can take, a key of ``LINKS``.

        Returns
        -------
        Prior
            Normal on the link scale.

        Raises
        ------
        ValueError
            Where the interval is empty or leaves the support.
        """
        link = LINKS[support]
        for name, value in (("low", low), ("high", high)):
            if not link.contains(value):
                msg = f"{name} = {value:g} is not {link.words}"
                raise ValueError(msg)
        if not low < high:
            msg = f"low = {low:g} is not below high = {high:g}"
            raise ValueError(msg)
        if not 0 < mass < 1:
            msg = f"mass = {mass:g} is not between 0 and 1"
            raise ValueError(msg)
        ends = link.forward(np.array([low, high]))
        width = 2 * float(stats.norm.ppf(0.5 + mass / 2))
        sd = float(np.diff(ends)[0]) / width if 0 < width < np.inf else 0.0
        if not sd > 0:
            msg = f"no distribution has mass = {mass} between low = {low} and high = {high}"
            raise ValueError(msg)
        return cls(support, LINK_NORMAL, (float(link.inverse(ends.mean())), sd))

    @classmethod
    def around(cls, stated: float, se: float, *, support: str = "positive") -> Prior:
        """Return the prior for a published value with its standard error.

        Parameters
        ----------
        stated
            Published value, such as the coverage of a sampling frame; the median of the prior.
        se
            Its standard error, in the same unit; above 0.
        support
            Set of values that the quantity can take, a key of ``LINKS``.

        Returns
        -------
        Prior
            Normal on the link scale; its sd follows from the error by the delta method, which is
            accurate for small errors.

        Raises
        ------
        ValueError
            Where the value leaves the support or the error is not above 0.
        """
        link = LINKS[support]
        if not link.contains(stated):
            msg = f"stated = {stated:g} is not {link.words}"
            raise ValueError(msg)
        if not (np.isfinite(se) and se > 0):
            msg = f"se = {se:g} must be above 0"
            raise ValueError(msg)
        scale = se * link.slope(stated)
        if not 0 < scale < np.inf:
            size = "small" if scale == 0 else "large"
            msg = f"se = {se:g} is too {size} for stated = {stated:g}"
            raise ValueError(msg)
        return cls(support, LINK_NORMAL, (stated, scale))

    @classmethod
    def parse(cls, stated: object, *, support: str) -> Prior:
        """Return the prior that a spec states.

        Parameters
        ----------
        stated
            ``{low, high, mass}``, ``{stated, se}``, or ``{family, ...}`` with the family's
            parameters.
        support
            Set of values that the quantity can take, a key of ``LINKS``.

        Returns
        -------
        Prior
            The prior.

        Raises
        ------
        ValueError
            With one sentence that names the problem.
        """
        if isinstance(stated, Prior):
            return stated
        if not isinstance(stated, Mapping):
            msg = f"{stated!r} is not a prior; write {{ low = ..., high = ..., mass = 0.9 }}"
            raise ValueError(msg)  # noqa: TRY004 - pydantic collects ValueErrors
        keys = dict(stated)
        name = keys.pop("family", None)
        if name is not None:
            family = family_of(str(name))
            return cls(support, family.name, numbers_of(keys, family.parameters))
        if keys.keys() & {"stated", "se"}:
            value, se = numbers_of(keys, ("stated", "se"))
            return cls.around(value, se, support=support)
        low, high, mass = numbers_of({"mass": DEFAULT_MASS} | keys, ("low", "high", "mass"))
        return cls.between(low, high, mass=mass, support=support)

    @property
    def link(self) -> Link:
        """The link of the prior's support."""
        return LINKS[self.support]

    @property
    def is_link_normal(self) -> bool:
        """Whether the prior is normal on the link scale."""
        return self.family == LINK_NORMAL

    @property
    def location(self) -> float:
        """Mean on the link scale; for link-normal priors only."""
        return float(self.link.forward(self.parameters[0]))

    @property
    def scale(self) -> float:
        """Standard deviation on the link scale; for link-normal priors only."""
        return self.parameters[1]

    @property
    def numbers(self) -> tuple[float, float]:
        """The two numbers from which the engine computes the density on the link scale."""
        if self.is_link_normal:
            return self.location, self.scale
        return family_of(self.family).numbers(*self.parameters)

    def natural(self) -> Any:  # noqa: ANN401 - SciPy's frozen distributions have no public type
        """Return the SciPy distribution of the value, or of its link if link-normal."""
        natural = family_of(self.family).natural
        if natural is None:
            return stats.norm(self.location, self.scale)
        return natural(**family_of(self.family).named(self.parameters))

    def quantile(self, probability: FloatArray | list[float] | float) -> FloatArray:
        """Return quantiles in the quantity's own unit.

        Parameters
        ----------
        probability
            In (0, 1), any shape.

        Returns
        -------
        numpy.ndarray
            As ``probability``.
        """
        value = np.asarray(self.natural().ppf(np.asarray(probability)))
        return np.asarray(self.link.inverse(value)) if self.is_link_normal else value

    def log_density(self, value: FloatArray) -> FloatArray:
        """Return the log density on the link scale, at values in the quantity's own unit.

        Parameters
        ----------
        value
            Inside the support; any shape.

        Returns
        -------
        numpy.ndarray
            As ``value``. For families defined on the quantity's own scale this is its log density
            minus the logarithm of the slope of the link.
        """
        values = np.asarray(value, dtype=np.float64)
        if self.is_link_normal:
            return np.asarray(self.natural().logpdf(self.link.forward(values)))
        return np.asarray(self.natural().logpdf(values) - np.log(self.link.slope(values)))

    def draw(self, rng: np.random.Generator, size: int | tuple[int, ...] = ()) -> FloatArray:
        """Draw values in the quantity's own unit.

        Parameters
        ----------
        rng
            Random generator.
        size
            Shape of the result.

        Returns
        -------
        numpy.ndarray
            Draws.
        """
        value = np.asarray(self.natural().rvs(size=size, random_state=rng))
        return np.asarray(self.link.inverse(value)) if self.is_link_normal else value

    def __str__(self) -> str:
        """Return the 90 % interval and the median of the prior."""
        low, middle, high = (float(value) for value in self.quantile([0.05, 0.5, 0.95]))
        return f"90 % between {low:.3g} and {high:.3g}, median {middle:.3g}"
