"""Sentences of the report: the answer, its growth, its anchors and its priors."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from headcount._wording import people, percent, plain, plural, probability, quantity
from headcount.diagnostics.checks import Evidence
from headcount.posterior.estimands import growth
from headcount.posterior.fits import Fit
from headcount.posterior.forecasting import forecast_years
from headcount.study.priors import Prior
from headcount.study.specs import ModelSpec

__all__ = [
    "anchor_sentences",
    "capital",
    "growth_sentence",
    "headline",
    "prior_in_words",
    "subject",
    "year_label",
]


QUESTION: Final = re.compile(r"how many (?P<who>.+?) are there\b", re.IGNORECASE)
"""The part of a question that names who is counted."""

NO_ANCHOR: Final = (
    "No source is declared as an anchor (a source whose level is taken as known). The level of the "
    "total depends on the priors of the total, of the reach of sources and of the ratios between "
    "scopes, as far as the data do not identify them separately."
)


def prior_in_words(prior: Prior) -> str:
    """Write a prior as its central 90 % interval and median, in the quantity's own unit.

    Parameters
    ----------
    prior
        Any prior.

    Returns
    -------
    str
        As ``str(prior)``, with large numbers written as numbers of people.
    """
    low, middle, high = (float(value) for value in prior.quantile([0.05, 0.5, 0.95]))
    return f"90 % between {_free(low)} and {_free(high)}, median {_free(middle)}"


def subject(spec: ModelSpec) -> str:
    """Return who is counted, in the plural, as the question of the spec names them.

    Parameters
    ----------
    spec
        Spec of the study.

    Returns
    -------
    str
        The words between "How many" and "are there"; ``people in the scope 'x'`` if the question
        has another form.
    """
    found = QUESTION.search(spec.question)
    return found["who"] if found else f"people in the scope '{spec.target}'"


def year_label(fit: Fit, year: int) -> str:
    """Return a year, marked as a forecast where it is one."""
    return f"{year} (forecast)" if year in forecast_years(fit) else str(year)


def headline(evidence: Evidence, year: int) -> str:
    """Write the headcount of the root area in a year as a sentence.

    Parameters
    ----------
    evidence
        Evidence of the fit.
    year
        A year of the model.

    Returns
    -------
    str
        The interval, its probability and the median.
    """
    table = evidence.estimates
    root = evidence.fit.spec.areas.root
    own = (table["estimand"] == "headcount") & (table["area"] == root) & (table["year"] == year)
    row = table[own].iloc[0]
    low, high = row["lower"], row["upper"]
    ends = [quantity(value, low, high) for value in (low, high, row["median"])]
    prob = probability(evidence.prob)
    return (
        f"In {year_label(evidence.fit, year)}, between {ends[0]} and {ends[1]} "
        f"{subject(evidence.fit.spec)} ({prob} interval; median {ends[2]})."
    )


def growth_sentence(evidence: Evidence) -> str:
    """Write the yearly growth of the total, from the reference year to the last year with data.

    Parameters
    ----------
    evidence
        Evidence of the fit.

    Returns
    -------
    str
        One sentence. Growth starts in the first year of the model if the reference year is the last
        year with data or later.
    """
    years, last = evidence.fit.spec.years, evidence.last_year
    first = years.reference if years.reference < last else years.first
    if first >= last:
        return "All years but the first are forecasts, so no growth is reported."
    window = growth(evidence.fit, from_year=first, to_year=last).to_numpy()
    rate = (1 + window) ** (1 / (last - first)) - 1
    tail = (1 - evidence.prob) / 2
    low, middle, high = (float(value) for value in np.quantile(rate, [tail, 0.5, 1 - tail]))
    words = [percent(value, sign=True) for value in (low, high, middle)]
    verb = "changed by"
    if low > 0:
        verb, words = "grew by", [text.removeprefix("+") for text in words]
    return (
        f"From {first} to {last} the number {verb} between {words[0]} and {words[1]} a year "
        f"({probability(evidence.prob)} interval; median {words[2]})."
    )


def anchor_sentences(fit: Fit) -> tuple[str, ...]:
    """Describe the anchors of the level of the total.

    Parameters
    ----------
    fit
        A fit.

    Returns
    -------
    tuple of str
        A sentence for each anchor with fitted rows, and one about the priors on which the level
        depends besides.
    """
    spec = fit.spec
    rows = [row.source for row in fit.observations.fitted]
    anchors = [name for name in spec.anchors if name in rows]
    if not anchors:
        return (NO_ANCHOR,)
    sentences = [_anchor(name, rows.count(name), spec) for name in anchors]
    if any(spec.sources[name].scope == spec.target for name in anchors):
        return tuple(sentences)
    return (
        *sentences,
        f"None of these counts the target scope '{spec.target}' itself: the level of the target "
        "depends on the priors of the ratios between scopes, as far as the data do not identify "
        "them separately.",
    )


def _anchor(name: str, rows: int, spec: ModelSpec) -> str:
    source = spec.sources[name]
    scope = "the target scope" if source.scope == spec.target else f"the scope '{source.scope}'"
    return (
        f"{source.title} ({plural(rows, 'row')}) counts {scope} and is taken as correct except for "
        "its noise."
    )


def _free(value: float) -> str:
    """Write a number of unknown unit; a large one counts people."""
    return people(value, 3) if abs(value) >= 1000 else plain(value, 3)


def capital(text: str) -> str:
    """Return a text with a capital as its first letter."""
    return text[:1].upper() + text[1:]
