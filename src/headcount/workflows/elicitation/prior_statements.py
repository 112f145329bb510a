"""Statements: what sources state, set against what the priors alone would have them state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd

from headcount._types import FloatArray
from headcount.layout.study_layout import RowArrays
from headcount.posterior.row_expectations import noise_of
from headcount.study.observation_kinds import kind_of, statement_of
from headcount.study.row_forms import Likelihood
from headcount.study.specs import ModelSpec
from headcount.workflows.elicitation.prior_draws import Worlds

__all__ = ["COLUMNS", "rows_of_path", "statements_table"]

COLUMNS: Final = (
    "row",
    "line",
    "source",
    "area",
    "year",
    "kind",
    "stated",
    "lower",
    "median",
    "upper",
    "below",
    "tail",
)
"""Columns of `statements_table`, in order."""

INTERVAL: Final = (0.05, 0.5, 0.95)


def statements_table(worlds: Worlds) -> pd.DataFrame:
    """Set every row against the prior predictive distribution.

    Parameters
    ----------
    worlds
        Draws from the priors.

    Returns
    -------
    pandas.DataFrame
        Columns ``COLUMNS``, a line for each row. ``row``: its place among the worlds' rows;
        ``stated``: in words, empty for those that are only asked. ``lower, median, upper``: the 5,
        50 and 95 % quantiles of what the priors would have it state, in the row's own unit (people;
        a fraction for growth and share; k of n). ``below``: where what it states lies among these,
        as the probability of less; missing for bounds, which are events. ``tail``: the probability
        of something as far out, on both sides where there are two; for a bound that of the event.
    """
    below, tail = (np.full(len(worlds.rows), np.nan) for _ in range(2))
    for likelihood, rows in worlds.layout.rows.items():
        place = PLACES[likelihood.form]
        below[rows.position], tail[rows.position] = place(likelihood, rows, worlds)
    quantiles = np.quantile(worlds.replicates, INTERVAL, axis=0)
    lines = [_line(i, worlds, quantiles[:, i]) for i in range(len(worlds.rows))]
    table = pd.DataFrame(lines).assign(below=below, tail=tail)
    # Those that are only asked state nothing that could lie anywhere.
    table.loc[table["row"] >= worlds.stated, ["below", "tail"]] = np.nan
    return table[list(COLUMNS)]


def rows_of_path(table: pd.DataFrame, path: str, spec: ModelSpec) -> pd.DataFrame:
    """Return the lines of the rows that a prior speaks about.

    Parameters
    ----------
    table
        As `statements_table` returns it.
    path
        Key of a prior in the TOML file.
    spec
        The declaration.

    Returns
    -------
    pandas.DataFrame
        The rows of a source, of the sources of a kind or of a lineage, or of a scope; none for what
        is latent.
    """
    section, _, rest = path.partition(".")
    name = rest.split(".")[0]
    own = [
        source
        for source, declared in spec.sources.items()
        if _speaks(section, name, source, declared)
    ]
    chosen = table["source"].isin(own)
    if ".regions." in path:
        area = path.partition(".regions.")[2]
        chosen &= table["area"].map(lambda row: spec.areas.holds(area, row))
    return table[chosen]


def _speaks(section: str, name: str, source: str, declared: Any) -> bool:  # noqa: ANN401 - a section of a source
    match section:
        case "sources":
            return source == name
        case "source_kinds":
            return bool(declared.kind == name)
        case "lineages":
            return bool(declared.lineage == name)
        case "scopes":
            return bool(declared.scope == name)
    return False


def _line(i: int, worlds: Worlds, quantiles: FloatArray) -> dict[str, Any]:
    row = worlds.rows[i]
    is_stated = i < worlds.stated
    labels = {name: getattr(row, name) for name in ("line", "source", "area", "year", "kind")}
    words = statement_of(row) if is_stated else ""
    own_unit = kind_of(row).number.from_scale(quantiles, row)
    lower, median, upper = (float(value) for value in own_unit)
    return {"row": i, **labels, "stated": words, "lower": lower, "median": median, "upper": upper}


type Place = Callable[[Likelihood, RowArrays, Worlds], tuple[FloatArray, FloatArray]]


def _stated(
    likelihood: Likelihood, rows: RowArrays, worlds: Worlds
) -> tuple[FloatArray, FloatArray]:
    below, above = _sides(likelihood, rows, worlds, rows.value)
    return below, np.minimum(1.0, 2 * np.minimum(below, above))


def _bound(
    likelihood: Likelihood, rows: RowArrays, worlds: Worlds
) -> tuple[FloatArray, FloatArray]:
    below, above = _sides(likelihood, rows, worlds, rows.value)
    return np.full(len(rows), np.nan), np.where(rows.other > 0, below, above)


def _interval(
    likelihood: Likelihood, rows: RowArrays, worlds: Worlds
) -> tuple[FloatArray, FloatArray]:
    below_end, _ = _sides(likelihood, rows, worlds, rows.other)
    below_start, above_start = _sides(likelihood, rows, worlds, rows.value)
    return (below_start + below_end) / 2, np.minimum(1.0, 2 * np.minimum(below_end, above_start))


def _people(_: Likelihood, rows: RowArrays, worlds: Worlds) -> tuple[FloatArray, FloatArray]:
    own = np.log((rows.value + 0.5) / (rows.other - rows.value + 0.5))
    drawn = worlds.replicates[:, rows.position]
    # Replicates are whole numbers too, so that equal ones are equal but for rounding.
    less, more = ((sign * (drawn - own) > 1e-9).mean(axis=0) for sign in (-1, 1))
    below = (less + 1 - more) / 2
    return below, np.minimum(1.0, 2 * np.minimum(1 - more, 1 - less))


def _sides(
    likelihood: Likelihood, rows: RowArrays, worlds: Worlds, at: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the probabilities of less and of more: conditional ones, averaged over worlds, so that
    tails are smooth.
    """
    noise = noise_of(likelihood)
    z = (at - worlds.location[:, rows.position]) / worlds.spread[:, rows.position]
    return noise.cdf(z).mean(axis=0), noise.sf(z).mean(axis=0)


PLACES: Final[dict[str, Place]] = {
    "stated": _stated,
    "bound": _bound,
    "interval": _interval,
    "survey": _people,
    "overlap": _people,
}
"""Row form to where the rows lie: the probability of less, and that of something as far out."""
