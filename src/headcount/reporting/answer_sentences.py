"""Sentences of the report about a fit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import numpy as np

from headcount._wording import listed, people, percent, plain, plural, probability, quantity
from headcount.diagnostics.checks import CheckResult, Evidence
from headcount.posterior.estimands import forecast_years, growth
from headcount.posterior.fits import Fit
from headcount.study.priors import Prior
from headcount.study.specs import ModelSpec

__all__ = [
    "anchor_sentences",
    "capital",
    "growth_sentence",
    "headline",
    "prior_in_words",
    "subject",
    "verdict",
    "year_label",
]


QUESTION: Final = re.compile(r"how many (?P<who>.+?) are there\b", re.IGNORECASE)
"""Where a spec's question names those who are counted."""


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
        What stands between "How many" and "are there"; ``people in the scope 'x'`` where the
        question is put otherwise.
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
        One sentence; the first year of the model stands in where the reference year is the last
        year with data.
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
        A sentence for each anchor with fitted rows, and one that says what remains a matter of
        priors.
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


def _free(value: float) -> str:
    """Write a number of unknown unit: as people where it is large."""
    return people(value, 3) if abs(value) >= 1000 else plain(value, 3)


def capital(text: str) -> str:
    """Return a text with a capital as its first letter."""
    return text[:1].upper() + text[1:]
