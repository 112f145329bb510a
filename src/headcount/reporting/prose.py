"""Prose: numbers and sentences as people write them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Final

import numpy as np

from headcount.checks import CheckResult, Evidence
from headcount.estimands import forecast_years, growth
from headcount.fits import Fit
from headcount.priors import Prior
from headcount.specs import ModelSpec

__all__ = [
    "anchor_sentences",
    "growth_sentence",
    "headline",
    "interval",
    "listed",
    "number",
    "people",
    "percent",
    "plural",
    "prior_in_words",
    "probability",
    "subject",
    "verdict",
    "year_label",
]

UNITS: Final = ((1e9, "billion"), (1e6, "million"))
"""From which number on it is written with which word."""

NOTHING: Final = 1e-12
"""What is smaller is a rounding error of zero."""

QUESTION: Final = re.compile(r"how many (?P<who>.+?) are there\b", re.IGNORECASE)
"""Where a spec's question names those who are counted."""


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
            return f"{_plain(rounded / size, digits)} {word}"
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
        Significant digits; changes, written with a sign, are rounded to whole percents, or tenths below ten.
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
    """Return how many significant digits an interval's ends deserve: two, more where they are close together.

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
    return f"{quantity(lower, lower, upper, unit=unit)} to {quantity(upper, lower, upper, unit=unit)}"


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


def prior_in_words(prior: Prior) -> str:
    """Write a prior as its central 90 % interval and median, in the quantity's own unit.

    Parameters
    ----------
    prior
        Any prior.

    Returns
    -------
    str
        As ``str(prior)``, with large numbers written for people.
    """
    low, middle, high = (float(value) for value in prior.quantile([0.05, 0.5, 0.95]))
    return f"90 % between {_free(low)} and {_free(high)}, median {_free(middle)}"


def subject(spec: ModelSpec) -> str:
    """Return who is counted, in the plural, as the spec's question names them.

    Parameters
    ----------
    spec
        The declaration.

    Returns
    -------
    str
        What stands between "How many" and "are there"; ``people in the scope 'x'`` where the question is put otherwise.
    """
    found = QUESTION.search(spec.question)
    return found["who"] if found else f"people in the scope '{spec.target}'"


def year_label(fit: Fit, year: int) -> str:
    """Return a year, marked as a forecast where it is one."""
    return f"{year} (forecast)" if year in forecast_years(fit) else str(year)


def headline(evidence: Evidence, year: int) -> str:
    """Say how many there are in a year.

    Parameters
    ----------
    evidence
        Of the fit.
    year
        A year of the model.

    Returns
    -------
    str
        One sentence with the interval, its probability and the median.
    """
    table = evidence.estimates
    root = evidence.fit.spec.areas.root
    own = (table["estimand"] == "headcount") & (table["area"] == root) & (table["year"] == year)
    row = table[own].iloc[0]
    low, high = row["lower"], row["upper"]
    ends = [quantity(value, low, high) for value in (low, high, row["median"])]
    prob = probability(evidence.prob)
    return (
        f"In {year_label(evidence.fit, year)}, between {ends[0]} and {ends[1]} {subject(evidence.fit.spec)} "
        f"({prob} interval; median {ends[2]})."
    )


def growth_sentence(evidence: Evidence) -> str:
    """Say how fast the total grew, from the reference year to the last year with data.

    Parameters
    ----------
    evidence
        Of the fit.

    Returns
    -------
    str
        One sentence; the first year of the model stands in where the reference year is the last year with data.
    """
    years, last = evidence.fit.spec.years, evidence.last_year
    first = years.reference if years.reference < last else years.first
    if first >= last:
        return "All years but the first are forecasts, so nothing is said here about growth."
    window = growth(evidence.fit, from_year=first, to_year=last).to_numpy()
    rate = (1 + window) ** (1 / (last - first)) - 1
    tail = (1 - evidence.prob) / 2
    low, middle, high = (float(value) for value in np.quantile(rate, [tail, 0.5, 1 - tail]))
    told = [percent(value, sign=True) for value in (low, high, middle)]
    verb = "changed by"
    if low > 0:
        verb, told = "grew by", [text.removeprefix("+") for text in told]
    return (
        f"From {first} to {last} the number {verb} between {told[0]} and {told[1]} a year "
        f"({probability(evidence.prob)} interval; median {told[2]})."
    )


def verdict(results: Iterable[CheckResult]) -> str:
    """Say in a few words how the checks went."""
    results = [result for result in results if not result.informs]
    failed = [result.name for result in results if not result.passed]
    if failed:
        return f"{len(failed)} of {len(results)} checks failed: {listed(failed)}."
    return f"All {len(results)} checks passed."


def anchor_sentences(fit: Fit) -> tuple[str, ...]:
    """Say what the level of the total is anchored on.

    Parameters
    ----------
    fit
        A fit.

    Returns
    -------
    tuple of str
        A sentence for each anchor with fitted rows, and one that says what remains a matter of priors.
    """
    spec = fit.spec
    rows = [row.source for row in fit.observations.fitted]
    anchors = [name for name in spec.anchors if name in rows]
    if not anchors:
        return (
            "No source is declared as an anchor (a source whose level is taken as known). The level of the total rests on the "
            "priors of the total, of what sources see and of how scopes relate, as far as the data cannot tell these apart.",
        )
    told = [_anchor(name, rows.count(name), spec) for name in anchors]
    if any(spec.sources[name].scope == spec.target for name in anchors):
        return tuple(told)
    return (
        *told,
        f"None of these counts the target scope '{spec.target}' itself: from their scopes to the target, the level rests "
        "on the priors of the ratios between scopes, as far as the data cannot tell these apart.",
    )


def _anchor(name: str, rows: int, spec: ModelSpec) -> str:
    source = spec.sources[name]
    which = "the target scope" if source.scope == spec.target else f"the scope '{source.scope}'"
    return f"{source.title} ({plural(rows, 'row')}) counts {which} and is taken as right but for its noise."


def _significant(value: float, digits: int) -> float:
    return float(f"{value:.{digits - 1}e}")


def _plain(value: float, digits: int) -> str:
    text = number(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _free(value: float) -> str:
    """Write a number of unknown unit: as people where it is large."""
    return people(value, 3) if abs(value) >= 1000 else _plain(value, 3)
