"""A prior: what is believed about one quantity before the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from headcount._types import FloatArray
from headcount.errors import nearest
from headcount.study.priors.families import FAMILIES, LINK_NORMAL, Family
from headcount.study.priors.links import LINKS, Link

__all__ = ["DEFAULT_MASS", "Prior"]

DEFAULT_MASS = 0.9
"""Probability inside a stated interval when the spec names none."""


@dataclass(frozen=True)
class Prior:
    """A prior distribution of one quantity.

    Build one with `Prior.between` or `Prior.parse`; the constructor takes what they compute.

    Parameters
    ----------
    support
        Which values the quantity can take, a key of ``LINKS``.
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
        """Refuse what is not a distribution."""
        kind = _family(self.family)
        if self.support not in kind.supports:
            fitting = [name for name, other in FAMILIES.items() if self.support in other.supports]
            msg = f"family {self.family!r} does not fit {self.link.words}; use one of {fitting}"
            raise ValueError(msg)
        _check_parameters(kind, self.parameters)
        if self.family == LINK_NORMAL and not self.link.contains(self.parameters[0]):
            msg = f"median {self.parameters[0]:g} is not {self.link.words}"
            raise ValueError(msg)
        _check_numbers(kind, self.parameters)

    @classmethod
    def between(
        cls, low: float, high: float, *, mass: float = DEFAULT_MASS, support: str = "positive"
    ) -> Prior:
        """Return the prior with this probability between two values and equal tails outside.

        Parameters
        ----------
        low, high
            Ends of the interval, in the quantity's own unit.
        mass
            Probability inside, in (0, 1).
        support
            Which values the quantity can take.

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
        """Return the prior that a stated value with its admitted standard error is.

        Parameters
        ----------
        stated
            What a source says of itself, such as the coverage of its frame; the median of the
            prior.
        se
            Standard error that it admits, in the same unit; above 0.
        support
            Which values the quantity can take.

        Returns
        -------
        Prior
            Normal on the link scale, with the error carried there by the delta method: exact for
            small errors.

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
            msg = f"se = {se:g} is too {'small' if scale == 0 else 'large'} beside stated = {stated:g}"
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
            Which values the quantity can take.

        Returns
        -------
        Prior
            The prior.

        Raises
        ------
        ValueError
            With one sentence that says what is wrong.
        """
        if isinstance(stated, Prior):
            return stated
        if not isinstance(stated, Mapping):
            msg = f"{stated!r} is not a prior; write {{ low = ..., high = ..., mass = 0.9 }}"
            raise ValueError(msg)  # noqa: TRY004 - pydantic collects ValueErrors
        words = dict(stated)
        name = words.pop("family", None)
        if name is None and words.keys() & {"stated", "se"}:
            value, se = _numbers(words, ("stated", "se"))
            return cls.around(value, se, support=support)
        if name is None:
            keys: tuple[str, ...] = ("low", "high", "mass")
            values = _numbers({"mass": DEFAULT_MASS} | words, keys)
            return cls.between(values[0], values[1], mass=values[2], support=support)
        return cls(support, str(name), _numbers(words, _family(str(name)).parameters))

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
        """Mean on the link scale; of link-normal priors only."""
        return float(self.link.forward(self.parameters[0]))

    @property
    def scale(self) -> float:
        """Standard deviation on the link scale; of link-normal priors only."""
        return self.parameters[1]

    @property
    def numbers(self) -> tuple[float, float]:
        """The two numbers from which the engine computes the density on the link scale."""
        if self.is_link_normal:
            return self.location, self.scale
        return _family(self.family).numbers(*self.parameters)

    def natural(self) -> Any:  # noqa: ANN401 - SciPy's frozen distributions have no public type
        """Return the frozen SciPy distribution: of the link value if link-normal, else of the
        value.
        """
        kind = _family(self.family)
        if kind.natural is None:
            return stats.norm(self.location, self.scale)
        return kind.natural(**dict(zip(kind.parameters, self.parameters, strict=True)))

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
            As ``value``. For all families but the link-normal one this is the density of the value
            plus the logarithm of how much the link stretches there.
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
            Source of randomness.
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
        """Return the prior as a reader would say it."""
        low, middle, high = (float(value) for value in self.quantile([0.05, 0.5, 0.95]))
        return f"90 % between {low:.3g} and {high:.3g}, median {middle:.3g}"


def _family(name: str) -> Family:
    if name not in FAMILIES:
        msg = f"unknown prior family {name!r}. {nearest(name, FAMILIES)}"
        raise ValueError(msg)
    return FAMILIES[name]


def _check_parameters(family: Family, values: tuple[float, ...]) -> None:
    for name, value in zip(family.parameters, values, strict=True):
        if not np.isfinite(value) or (name in family.positive and value <= 0):
            wanted = "above 0" if name in family.positive else "finite"
            msg = f"{name} = {value:g} must be {wanted}"
            raise ValueError(msg)


def _check_numbers(family: Family, values: tuple[float, ...]) -> None:
    """Refuse parameters that are fine one by one and make no distribution together."""
    if family.natural is None:
        return
    named = dict(zip(family.parameters, values, strict=True))
    try:
        low, high = family.natural(**named).ppf([0.05, 0.95])
    except ArithmeticError:
        low = high = np.nan
    if not low < high:
        stated = ", ".join(f"{name} = {value:g}" for name, value in named.items())
        msg = f"{stated}: too large or too small to compute with"
        raise ValueError(msg)


def _numbers(stated: Mapping[str, object], keys: tuple[str, ...]) -> tuple[float, ...]:
    unknown = sorted(set(stated) - set(keys))
    if unknown:
        msg = f"unknown key {unknown[0]!r}. {nearest(unknown[0], keys)}"
        raise ValueError(msg)
    missing = [key for key in keys if key not in stated]
    if missing:
        msg = f"{missing[0]!r} is missing; a prior here needs {', '.join(keys)}"
        raise ValueError(msg)
    return tuple(_number(key, stated[key]) for key in keys)


def _number(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"{key} = {value!r} is not a number"
        raise ValueError(msg)  # noqa: TRY004 - pydantic collects ValueErrors
    try:
        return float(value)
    except OverflowError:
        msg = f"{key} is too large a number"
        raise ValueError(msg) from None
