"""Warnings about implausible implications of a study's priors, with the prior that drives each.

A warning is issued where, before any data,

- the 90 % interval of the root area's headcount spans more than a factor ``WIDEST_INTERVAL`` in
  some year;
- its upper end exceeds the known population: the largest of the variable ``population`` of the
  covariates and the known populations among the scopes; ``WORLD_POPULATION`` if there is none;
- its lower end is below one person;
- the headcount grows or shrinks more than ``LARGEST_GROWTH``-fold from the first year to the last
  with a probability above ``GROWTH_PROBABILITY``;
- a row lies outside the central 99.9 % prior predictive interval of its source (a bound: has a
  prior predictive probability below 0.1 %). Rows of one source make one warning.

None of these is an error: a prior may be wide because little is known. But the posterior is the
wrong place to notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from headcount._types import FloatArray
from headcount._wording import interval, listed, number, people, percent, plural
from headcount.study.observation_kinds import OBSERVATION_KINDS
from headcount.study.specs import ModelSpec
from headcount.workflows.elicitation.prior_draws import PriorDraws

__all__ = [
    "GROWTH_PROBABILITY",
    "LARGEST_GROWTH",
    "SMALLEST_TAIL",
    "WIDEST_INTERVAL",
    "WORLD_POPULATION",
    "known_population",
    "plausibility_warnings",
]

WIDEST_INTERVAL: Final = 1_000.0
"""Ratio of the ends of a 90 % interval."""

WORLD_POPULATION: Final = 8.2e9
LARGEST_GROWTH: Final = 100.0
GROWTH_PROBABILITY: Final = 0.05

SMALLEST_TAIL: Final = 0.001
"""Prior predictive tail probability below which a row is implausible."""

POPULATION: Final = "population"
"""Variable of the covariates table that holds the whole population."""

MOST_LINES: Final = 3
"""Rows of a source whose lines a warning names."""


def plausibility_warnings(draws: PriorDraws, statements: pd.DataFrame) -> Iterator[str]:
    """Yield warnings about implausible implications of a study's priors.

    Parameters
    ----------
    draws
        Draws from the priors.
    statements
        As `headcount.workflows.elicitation.prior_statements.statements_table` returns it.

    Yields
    ------
    str
        One or two sentences per warning; the last names the prior on which the quantity depends
        most.
    """
    total = draws.log_people(draws.layout.spec.areas.root)
    yield from _about_totals(draws, total)
    yield from _about_growth(draws, total)
    yield from _about_rows(draws, statements)


def known_population(spec: ModelSpec) -> FloatArray | None:
    """Return the known population of the root area by year.

    Parameters
    ----------
    spec
        The declaration.

    Returns
    -------
    numpy.ndarray or None
        The largest of the known populations, in people; dims (year,). ``None`` if none is known in
        all regions.
    """
    table, regions, years = spec.covariate_table, spec.areas.regions, spec.years.labels
    names = {scope.covariate for scope in spec.scopes.values() if scope.covariate} | {POPULATION}
    known = [name for name in sorted(names) if set(regions) <= table.areas_with(name)]
    if not known:
        return None
    return np.max(
        [np.sum([table.path(name, r, years) for r in regions], axis=0) for name in known], axis=0
    )


def _about_totals(draws: PriorDraws, total: FloatArray) -> Iterator[str]:
    """Yield warnings about the root's log headcount, dims (draw, year)."""
    low, high = np.quantile(total, [0.05, 0.95], axis=0)
    for year, problem in _implausible_years(draws.layout.spec, low, high):
        opening = _opening(draws.layout.spec, year, low[year], high[year])
        yield f"{opening}: {problem} {_driver(draws, total[:, year])}"


def _implausible_years(
    spec: ModelSpec, low: FloatArray, high: FloatArray
) -> Iterator[tuple[int, str]]:
    """Yield the position of the worst year for each limit that is exceeded, and the problem."""
    widest = int(np.argmax(high - low))
    if high[widest] - low[widest] > np.log(WIDEST_INTERVAL):
        factor = number(float(np.exp(high[widest] - low[widest])))
        limit = f"more than {WIDEST_INTERVAL:,.0f} says hardly anything"
        yield widest, f"a factor of {factor} between the ends, and {limit}."
    known = known_population(spec)
    excess = high - np.log(WORLD_POPULATION if known is None else known)
    largest = int(np.argmax(excess))
    if excess[largest] > 0:
        yield largest, f"more than the {_population_in_words(known, largest)}."
    smallest = int(np.argmin(low))
    if low[smallest] < 0:
        yield smallest, "the lower end is less than one person."


def _opening(spec: ModelSpec, year: int, low: float, high: float) -> str:
    root = spec.areas.by_code[spec.areas.root].name
    ends = interval(float(np.exp(low)), float(np.exp(high)))
    return f"{root} in {spec.years.labels[year]} has {ends} with 90 % probability before any data"


def _population_in_words(known: FloatArray | None, year: int) -> str:
    if known is None:
        return "8.2 billion people there are"
    return f"{people(float(known[year]))} people who live there"


def _about_growth(draws: PriorDraws, total: FloatArray) -> Iterator[str]:
    years = draws.layout.spec.years
    change = total[:, -1] - total[:, 0]
    for sign, verb in ((1, "grows"), (-1, "shrinks")):
        chance = float((sign * change > np.log(LARGEST_GROWTH)).mean())
        if chance > GROWTH_PROBABILITY:
            event = f"{verb} more than {LARGEST_GROWTH:g}-fold from {years.first} to {years.last}"
            probability = f"with a probability of {percent(chance)} before any data"
            yield f"The total {event} {probability}. {_driver(draws, change)}"


def _about_rows(draws: PriorDraws, statements: pd.DataFrame) -> Iterator[str]:
    outside = statements[statements["tail"] < SMALLEST_TAIL]
    for source, rows in outside.groupby("source", sort=False):
        rows = rows.sort_values("tail")
        worst = rows.iloc[0]
        drawn = draws.replicates[:, int(worst["row"])]
        lines = listed(f"line {line}" for line in rows["line"][:MOST_LINES])
        lines += " and others" if len(rows) > MOST_LINES else ""
        yield (
            f"{source}: {plural(len(rows), 'row')} outside the 99.9 % prior predictive interval"
            f" ({lines}). It states {worst['stated']} for {worst['area']} in {worst['year']},"
            f" against {_interval_in_words(worst)} with 90 % probability."
            f" {_driver(draws, drawn)}{_own_driver(draws, drawn, str(source))}"
        )


def _interval_in_words(row: pd.Series) -> str:
    unit = OBSERVATION_KINDS[row["kind"]].number.unit
    return interval(row["lower"], row["upper"], unit=unit)


def _driver(draws: PriorDraws, values: FloatArray) -> str:
    """Name the prior on which some values depend most; dims (draw,)."""
    found = draws.strongest_prior(values)
    assert found is not None  # every spec has a prior of the total
    return f"It depends most on {found[0]} (rank correlation {number(found[1])})."


def _own_driver(draws: PriorDraws, values: FloatArray, source: str) -> str:
    """Name the strongest prior of the source itself, unless it is the strongest of all."""
    own = draws.strongest_prior(values, lambda path: path.startswith(f"sources.{source}."))
    if own is None or own == draws.strongest_prior(values):
        return ""
    return f" Of its own priors, on {own[0]} ({number(own[1])})."
