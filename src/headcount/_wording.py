"""Numbers and lists in words, as several rooms print them; imports the standard library and NumPy."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np

__all__ = [
    "digits_of",
    "interval",
    "listed",
    "number",
    "people",
    "percent",
    "plain",
    "plural",
    "probability",
    "quantity",
]


UNITS: Final = ((1e9, "billion"), (1e6, "million"))
"""From which number on it is written with which word."""

NOTHING: Final = 1e-12
"""What is smaller is a rounding error of zero."""


def people(value: float, digits: int = 2) -> str:
    """Write a number of people.

    Parameters
    ----------
    value
        0 or more.
    digits
        Significant digits.

    Returns
    -------
    str
        Whole numbers with thousands separators; words from a million on.

    Examples
    --------
    >>> people(309_617), people(1_437_000), people(999_600), people(3.2)
    ('310,000', '1.4 million', '1 million', '3')
    """
    rounded = _significant(value, digits)
    for size, word in UNITS:
        if rounded >= size:
            return f"{plain(rounded / size, digits)} {word}"
    return f"{round(rounded):,}" if rounded >= 1 or rounded == 0 else "fewer than 1"


def number(value: float, digits: int = 2) -> str:
    """Write a number that is not one of people: a ratio, a standard deviation.

    Parameters
    ----------
    value
        Any number.
    digits
        Significant digits.

    Returns
    -------
    str
        Without exponent.

    Examples
    --------
    >>> number(0.04567), number(12.3), number(45678.0), number(float("nan"))
    ('0.046', '12', '46,000', '–')
    """
    if not math.isfinite(value):
        return "–"
    rounded = _significant(value, digits)
    if abs(rounded) < NOTHING:
        return "0"
    size = math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(0, digits - 1 - size)}f}".replace("-", "−")


def percent(value: float, digits: int = 2, *, sign: bool = False) -> str:
    """Write a fraction as a percentage.

    Parameters
    ----------
    value
        0.12 for 12 %.
    digits
        Significant digits; changes, written with a sign, are rounded to whole percents, or tenths
        below ten.
    sign
        Whether it is a change.

    Returns
    -------
    str
        The percentage.

    Examples
    --------
    >>> percent(0.3149), percent(0.00042), percent(0.118, sign=True), percent(-0.031, sign=True)
    ('31 %', '0.042 %', '+12 %', '−3.1 %')
    """
    if not math.isfinite(value):
        return "–"
    if sign:
        shown = f"{100 * value:+.{0 if abs(value) >= 0.0995 else 1}f}"
        return f"{'0.0' if float(shown) == 0 else shown} %".replace("-", "−")
    return f"{number(100 * value, digits)} %"


def probability(value: float) -> str:
    """Write the probability of an interval: ``90 %``, ``99.5 %``."""
    return f"{100 * value:g} %"


def digits_of(lower: float, upper: float) -> int:
    """Return how many significant digits an interval's ends deserve: two, more where they are close
    together.

    Parameters
    ----------
    lower, upper
        Ends of the interval.

    Returns
    -------
    int
        2 to 4.
    """
    middle = (abs(lower) + abs(upper)) / 2
    width = abs(upper - lower)
    if not (width > 0 and middle > 0 and math.isfinite(width)):
        return 2
    return int(np.clip(math.ceil(-math.log10(width / middle)) + 1, 2, 4))


def interval(lower: float, upper: float, *, unit: str = "people") -> str:
    """Write the ends of an interval.

    Parameters
    ----------
    lower, upper
        Its ends.
    unit
        ``people``, ``number``, ``percent`` or ``change``.

    Returns
    -------
    str
        Such as ``310,000 to 1.4 million``.

    Examples
    --------
    >>> interval(311_000, 1_420_000), interval(0.081, 0.157, unit="change")
    ('310,000 to 1.4 million', '+8.1 % to +16 %')
    """
    return (
        f"{quantity(lower, lower, upper, unit=unit)} to {quantity(upper, lower, upper, unit=unit)}"
    )


def quantity(value: float, lower: float, upper: float, *, unit: str = "people") -> str:
    """Write a number with the digits that its interval deserves; units as in `interval`."""
    digits = digits_of(lower, upper)
    match unit:
        case "people":
            return people(value, digits)
        case "percent":
            return percent(value, digits)
        case "change":
            return percent(value, sign=True)
    return number(value, digits)


def plural(count: int, noun: str) -> str:
    """Write a count with its noun: ``1 row``, ``no rows``, ``1,210 rows``."""
    return f"{f'{count:,}' if count else 'no'} {noun}{'' if count == 1 else 's'}"


def listed(words: Iterable[str]) -> str:
    """Join words as in a sentence: ``a, b and c``."""
    *most, last = list(words) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def _significant(value: float, digits: int) -> float:
    return float(f"{value:.{digits - 1}e}")


def plain(value: float, digits: int) -> str:
    """Write a number without trailing zeros after the decimal point."""
    text = number(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text
