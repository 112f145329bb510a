"""Checks of the arguments that many functions share."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Final

from headcount.errors import ArgumentError, Problem, nearest
from headcount.study.specs import ModelSpec

__all__ = [
    "checked_area",
    "checked_choice",
    "checked_integer",
    "checked_prob",
    "checked_seed",
    "checked_year",
]

LARGEST_SEED: Final = 2**64 - 1
"""The sampler takes 64 bits."""


def checked_prob(prob: float, name: str = "prob") -> float:
    """Return the probability of an interval.

    Parameters
    ----------
    prob
        Above 0 and below 1.
    name
        Of the argument, for the message.

    Returns
    -------
    float
        The probability.

    Raises
    ------
    ArgumentError
        Where it is not a number between 0 and 1.

    Examples
    --------
    >>> checked_prob(0.9)
    0.9
    """
    if not _is_number(prob) or not 0 < prob < 1:
        advice = "Write 0.9 for a 90 % interval."
        raise _error(name, f"{prob!r} is not a number between 0 and 1", advice)
    return float(prob)


def checked_integer(value: int, name: str, *, least: int, most: int | None = None) -> int:
    """Return a whole number within limits.

    Parameters
    ----------
    value
        The argument.
    name
        Of the argument, for the message.
    least, most
        Smallest and largest value that is accepted; no largest one if ``None``.

    Returns
    -------
    int
        The number.

    Raises
    ------
    ArgumentError
        Where it is no whole number, or outside the limits.
    """
    limits = f"at least {least:,}" if most is None else f"from {least:,} to {most:,}"
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise _error(name, f"{value!r} is not a whole number", f"Write a whole number {limits}.")
    if value < least or (most is not None and value > most):
        raise _error(name, f"{value:,} is out of range", f"Write a whole number {limits}.")
    return int(value)


def checked_seed(seed: int) -> int:
    """Return a seed: a whole number from 0 to 2**64 - 1; raises `ArgumentError` otherwise."""
    return checked_integer(seed, "seed", least=0, most=LARGEST_SEED)


def checked_year(year: int, spec: ModelSpec, name: str = "year") -> int:
    """Return a year of the model.

    Parameters
    ----------
    year
        A calendar year.
    spec
        The declaration.
    name
        Of the argument, for the message.

    Returns
    -------
    int
        The year.

    Raises
    ------
    ArgumentError
        Where the model does not have it.
    """
    years = spec.years
    if isinstance(year, bool) or not isinstance(year, Integral) or year not in years.labels:
        advice = f"The model has {years.first} to {years.last}."
        raise _error(name, f"unknown year {year!r}", advice)
    return int(year)


def checked_area(area: str, spec: ModelSpec, name: str = "area") -> str:
    """Return the code of an area or grouping; raises `ArgumentError` with the nearest one."""
    if area not in spec.areas.by_code:
        raise _error(name, f"unknown area {area!r}", spec.areas.advice(str(area)))
    return area


def checked_choice(value: str, choices: Iterable[str], name: str) -> str:
    """Return one of some names; raises `ArgumentError` with the nearest one."""
    known = tuple(choices)
    if value not in known:
        raise _error(name, f"unknown {name} {value!r}", nearest(str(value), known))
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _error(name: str, problem: str, advice: str) -> ArgumentError:
    return ArgumentError([Problem(name, problem, advice)])
