"""Alarms: when what priors imply together is absurd, and which of them is most responsible.

A spec is warned of where, before any data,

- the 90 % interval of the root area's headcount spans more than a factor ``WIDEST`` in some year;
- its upper end lies above the people there are: the variable ``population`` of the covariates and
  any known population among the scopes, whichever is largest, where there are such; else
  ``WORLD_PEOPLE``;
- its lower end lies below one person;
- it grows or shrinks more than ``FASTEST``-fold from the first year to the last with a probability
  above ``OFTEN``;
- what a row states lies outside the central 99.9 % prior predictive interval of its source (a
  bound: has a probability below 0.1 %). Rows of one source make one warning.

None of these is an error: a prior may be wide because little is known. But a reader should not meet
them first in the posterior.
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
from headcount.workflows.elicitation.prior_draws import Worlds

__all__ = ["FASTEST", "OFTEN", "RAREST", "WIDEST", "WORLD_PEOPLE", "alarms"]

WIDEST: Final = 1_000.0
WORLD_PEOPLE: Final = 8.2e9
FASTEST: Final = 100.0
OFTEN: Final = 0.05
RAREST: Final = 0.001

POPULATION: Final = "population"
"""Variable of the covariates table that holds how many people there are."""

SHOWN: Final = 3
"""Rows of a source that a warning names."""


def alarms(worlds: Worlds, statements: pd.DataFrame) -> Iterator[str]:
    """Yield what is absurd about a study's priors.

    Parameters
    ----------
    worlds
        Draws from the priors.
    statements
        As `headcount.workflows.elicitation.prior_statements.statements_table` returns it.

    Yields
    ------
    str
        A sentence or two for each alarm; the last names the prior that is most responsible.
    """
    spec = worlds.layout.spec
    total = worlds.log_people(spec.areas.root)
    yield from _of_totals(worlds, total)
    yield from _of_growth(worlds, total)
    yield from _of_rows(worlds, statements)


def people_at_hand(spec: ModelSpec) -> FloatArray | None:
    """Return how many people are known to live in the root area, year by year; ``None`` where
    nothing says so.

    Parameters
    ----------
    spec
        The declaration.

    Returns
    -------
    numpy.ndarray or None
        The largest of the known populations; dims (year,).
    """
    table, regions, years = spec.covariate_table, spec.areas.regions, spec.years.labels
    names = {scope.covariate for scope in spec.scopes.values() if scope.covariate} | {POPULATION}
    known = [name for name in sorted(names) if set(regions) <= table.areas_with(name)]
    if not known:
        return None
    return np.max(
        [np.sum([table.path(name, r, years) for r in regions], axis=0) for name in known], axis=0
    )


def _of_totals(worlds: Worlds, total: FloatArray) -> Iterator[str]:
    spec = worlds.layout.spec
    low, high = np.quantile(total, [0.05, 0.95], axis=0)
    years, root = spec.years.labels, spec.areas.by_code[spec.areas.root].name
    widest = int(np.argmax(high - low))
    told = f"{root} in {{year}} has {{interval}} with 90 % probability before any data"

    def say(place: int, what: str) -> str:
        words = told.format(
            year=years[place],
            interval=interval(float(np.exp(low[place])), float(np.exp(high[place]))),
        )
        return f"{words}: {what} {_blame(worlds, total[:, place])}"

    if high[widest] - low[widest] > np.log(WIDEST):
        factor = number(float(np.exp(high[widest] - low[widest])))
        yield say(
            widest,
            f"a factor of {factor} between the ends, and more than {WIDEST:,.0f} says hardly anything.",
        )
    limit = people_at_hand(spec)
    excess = high - np.log(WORLD_PEOPLE if limit is None else limit)
    worst = int(np.argmax(excess))
    if excess[worst] > 0:
        there = (
            "8.2 billion people there are"
            if limit is None
            else f"{people(float(limit[worst]))} people who live there"
        )
        yield say(worst, f"more than the {there}.")
    fewest = int(np.argmin(low))
    if low[fewest] < 0:
        yield say(fewest, "the lower end is less than one person.")


def _of_growth(worlds: Worlds, total: FloatArray) -> Iterator[str]:
    years = worlds.layout.spec.years
    change = total[:, -1] - total[:, 0]
    for sign, verb in ((1, "grows"), (-1, "shrinks")):
        chance = float((sign * change > np.log(FASTEST)).mean())
        if chance > OFTEN:
            what = f"{verb} more than {FASTEST:g}-fold from {years.first} to {years.last}"
            yield f"The total {what} with a probability of {percent(chance)} before any data. {_blame(worlds, change)}"


def _of_rows(worlds: Worlds, statements: pd.DataFrame) -> Iterator[str]:
    outside = statements[statements["tail"] < RAREST]
    for source, rows in outside.groupby("source", sort=False):
        rows = rows.sort_values("tail")
        worst = rows.iloc[0]
        drawn = worlds.replicates[:, int(worst["row"])]
        blame = f"{_blame(worlds, drawn)}{_blame_of_own(worlds, drawn, str(source))}"
        places = listed(f"line {line}" for line in rows["line"][:SHOWN]) + (
            " and others" if len(rows) > SHOWN else ""
        )
        yield (
            f"{source}: {plural(len(rows), 'row')} outside the 99.9 % interval of what the priors would have it state "
            f"({places}). It states {worst['stated']} for {worst['area']} in {worst['year']}, against {_in_words(worst)} "
            f"with 90 % probability. {blame}"
        )


def _in_words(row: pd.Series) -> str:
    unit = OBSERVATION_KINDS[row["kind"]].number.unit
    return interval(row["lower"], row["upper"], unit=unit)


def _blame(worlds: Worlds, values: FloatArray) -> str:
    found = worlds.most_responsible(values)
    assert found is not None  # every spec has a prior of the total
    return f"It hangs most on {found[0]} (rank correlation {number(found[1])})."


def _blame_of_own(worlds: Worlds, values: FloatArray, source: str) -> str:
    """Name the source's own prior on which its statement hangs most, if that is not the one on
    which it hangs most of all.
    """
    own = worlds.most_responsible(values, lambda path: path.startswith(f"sources.{source}."))
    if own is None or own == worlds.most_responsible(values):
        return ""
    return f" Of its own priors, on {own[0]} ({number(own[1])})."
