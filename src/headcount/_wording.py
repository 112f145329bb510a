"""Numbers and lists in words, as several rooms print them.

Imports the standard library and NumPy only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np

__all__ = [
    "agree",
    "chance",
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
    "rounded_percent",
    "signed",
]

MAGNITUDES: Final = ((1e9, "billion"), (1e6, "million"))
"""Words for large numbers, with the number from which each is used."""

NOTHING: Final = 1e-12
"""Smaller numbers are rounding errors of zero."""

SMALLEST_CHANCE: Final = 0.001
"""Smaller probabilities, and those as near to one, are not written as numbers."""


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
    for size, word in MAGNITUDES:
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


def rounded_percent(value: float, *, sign: bool = False) -> str:
    """Write a fraction as a whole percentage that is zero only where the fraction is.

    Parameters
    ----------
    value
        0.12 for 12 %; any number.
    sign
        Whether it is a change.

    Returns
    -------
    str
        The percentage, such as ``less than 1 %`` in place of ``0 %``.

    Examples
    --------
    >>> rounded_percent(0.314), rounded_percent(0.002), rounded_percent(0.0), rounded_percent(0.997)
    ('31 %', 'less than 1 %', '0 %', 'more than 99 %')
    >>> rounded_percent(-0.002, sign=True), rounded_percent(-0.03, sign=True)
    ('less than 1 %', '−3 %')
    """
    if not math.isfinite(value):
        return "–"
    if NOTHING < abs(value) < 0.005:  # noqa: PLR2004 - rounds to zero
        return "less than 1 %"
    if not sign and 0.995 <= value < 1 - NOTHING:  # noqa: PLR2004 - rounds to one
        return "more than 99 %"
    shown = round(100 * value)
    return f"{shown:{'+' if sign and shown else ''},} %".replace("-", "−")


def signed(value: float, decimals: int = 1) -> str:
    """Write a difference with its sign; one that rounds to zero has none.

    Parameters
    ----------
    value
        Any number.
    decimals
        Digits after the decimal point.

    Returns
    -------
    str
        Such as ``+1.2``.

    Examples
    --------
    >>> signed(1.23), signed(-0.04), signed(-1234.5)
    ('+1.2', '0.0', '−1,234.5')
    """
    if not math.isfinite(value):
        return "–"
    shown = f"{value:+z,.{decimals}f}"
    return (shown.removeprefix("+") if float(shown.replace(",", "")) == 0 else shown).replace(
        "-", "−"
    )


def chance(value: float) -> str:
    """Write a probability of an event, which is never exactly zero or one when it is estimated.

    Parameters
    ----------
    value
        In [0, 1].

    Returns
    -------
    str
        Two significant digits, or on which side of a limit it lies.

    Examples
    --------
    >>> chance(0.523), chance(0.0042), chance(0.0), chance(1.0), chance(0.97)
    ('0.52', '0.0042', 'below 0.001', 'above 0.999', '0.97')
    """
    if not math.isfinite(value):
        return "–"
    if value < SMALLEST_CHANCE:
        return f"below {SMALLEST_CHANCE:g}"
    if value > 1 - SMALLEST_CHANCE:
        return f"above {1 - SMALLEST_CHANCE:g}"
    size = math.floor(math.log10(min(value, 1 - value)))
    return f"{value:.{max(2, 1 - size if value < 0.5 else -size)}f}"  # noqa: PLR2004 - the nearer end


def probability(value: float) -> str:
    """Write the probability of an interval: ``90 %``, ``99.5 %``."""
    return f"{100 * value:g} %"


def digits_of(lower: float, upper: float) -> int:
    """Return how many significant digits the ends of an interval deserve.

    Parameters
    ----------
    lower, upper
        Ends of the interval.

    Returns
    -------
    int
        2; up to 4 where the ends are close together.
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


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """Write a count with its noun: ``1 row``, ``no rows``, ``1,210 rows``.

    ``nouns`` is the plural of a noun to which an s is not enough.
    """
    return f"{f'{count:,}' if count else 'no'} {agree(count, noun, nouns or f'{noun}s')}"


def agree(count: int, singular: str, other: str) -> str:
    """Return the word that agrees with a count: ``is`` with one, ``are`` with none or several."""
    return singular if count == 1 else other


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
