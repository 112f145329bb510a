"""Prior predictive distribution of every row, and the position of the stated number in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd

from headcount._types import FloatArray
from headcount.layout.row_arrays import RowArrays
from headcount.posterior.row_expectations import noise_of
from headcount.study.observation_kinds import kind_of, statement_of
from headcount.study.row_forms import Likelihood
from headcount.study.specs import ModelSpec
from headcount.workflows.elicitation.prior_draws import PriorDraws

__all__ = ["COLUMNS", "rows_of_prior", "statements_table"]

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


def statements_table(draws: PriorDraws) -> pd.DataFrame:
    """Compare every row with its prior predictive distribution.

    Parameters
    ----------
    draws
        Draws from the priors.

    Returns
    -------
    pandas.DataFrame
        Columns ``COLUMNS``, one line per row. ``row``: position among the rows of the draws;
        ``stated``: the statement in words, empty for a hypothetical row. ``lower, median, upper``:
        the 5, 50 and 95 % prior predictive quantiles in the row's own unit (people; a fraction for
        growth and share; a number of respondents for a survey or an overlap). ``below``: prior
        predictive probability of less than the stated number; missing for bounds, which are events.
        ``tail``: probability of a number as extreme, on both sides where there are two; for a bound
        that of the event.
    """
    below, tail = (np.full(len(draws.rows), np.nan) for _ in range(2))
    for likelihood, rows in draws.layout.rows.items():
        probabilities = PROBABILITIES[likelihood.form]
        below[rows.position], tail[rows.position] = probabilities(likelihood, rows, draws)
    quantiles = np.quantile(draws.replicates, INTERVAL, axis=0)
    lines = [_line(i, draws, quantiles[:, i]) for i in range(len(draws.rows))]
    table = pd.DataFrame(lines).assign(below=below, tail=tail)
    # A hypothetical row states nothing.
    table.loc[table["row"] >= draws.stated_rows, ["below", "tail"]] = np.nan
    return table[list(COLUMNS)]


def rows_of_prior(table: pd.DataFrame, path: str, spec: ModelSpec) -> pd.DataFrame:
    """Return the lines of the rows whose likelihood contains a prior's quantity.

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
        The rows of a source, of the sources of a kind or of a lineage, or of a scope; none for a
        prior of the total, of regions or of growth.
    """
    section, _, rest = path.partition(".")
    name = rest.split(".")[0]
    own = [
        source
        for source, declared in spec.sources.items()
        if _belongs(section, name, source, declared)
    ]
    chosen = table["source"].isin(own)
    if ".regions." in path:
        area = path.partition(".regions.")[2]
        chosen &= table["area"].map(lambda row: spec.areas.contains(area, row))
    return table[chosen]


def _belongs(section: str, name: str, source: str, declared: Any) -> bool:  # noqa: ANN401 - a section of a source
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


def _line(i: int, draws: PriorDraws, quantiles: FloatArray) -> dict[str, Any]:
    row = draws.rows[i]
    labels = {name: getattr(row, name) for name in ("line", "source", "area", "year", "kind")}
    words = statement_of(row) if i < draws.stated_rows else ""
    own_unit = kind_of(row).number.from_scale(quantiles, row)
    lower, median, upper = (float(value) for value in own_unit)
    return {"row": i, **labels, "stated": words, "lower": lower, "median": median, "upper": upper}


type TailProbabilities = Callable[
    [Likelihood, RowArrays, PriorDraws], tuple[FloatArray, FloatArray]
]


def _stated(
    likelihood: Likelihood, rows: RowArrays, draws: PriorDraws
) -> tuple[FloatArray, FloatArray]:
    below, above = _sides(likelihood, rows, draws, rows.value)
    return below, np.minimum(1.0, 2 * np.minimum(below, above))


def _bound(
    likelihood: Likelihood, rows: RowArrays, draws: PriorDraws
) -> tuple[FloatArray, FloatArray]:
    below, above = _sides(likelihood, rows, draws, rows.value)
    return np.full(len(rows), np.nan), np.where(rows.other > 0, below, above)


def _interval(
    likelihood: Likelihood, rows: RowArrays, draws: PriorDraws
) -> tuple[FloatArray, FloatArray]:
    below_end, _ = _sides(likelihood, rows, draws, rows.other)
    below_start, above_start = _sides(likelihood, rows, draws, rows.value)
    return (below_start + below_end) / 2, np.minimum(1.0, 2 * np.minimum(below_end, above_start))


def _binomial(_: Likelihood, rows: RowArrays, draws: PriorDraws) -> tuple[FloatArray, FloatArray]:
    own = np.log((rows.value + 0.5) / (rows.other - rows.value + 0.5))
    drawn = draws.replicates[:, rows.position]
    # Replicates are log odds of whole numbers, so equal numbers differ by rounding only.
    less, more = ((sign * (drawn - own) > 1e-9).mean(axis=0) for sign in (-1, 1))
    below = (less + 1 - more) / 2
    return below, np.minimum(1.0, 2 * np.minimum(1 - more, 1 - less))


def _sides(
    likelihood: Likelihood, rows: RowArrays, draws: PriorDraws, at: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the probabilities of less and of more than ``at``; dims (row,).

    They are conditional probabilities averaged over draws, so that tails are smooth.
    """
    noise = noise_of(likelihood)
    z = (at - draws.location[:, rows.position]) / draws.spread[:, rows.position]
    return noise.cdf(z).mean(axis=0), noise.sf(z).mean(axis=0)


PROBABILITIES: Final[dict[str, TailProbabilities]] = {
    "stated": _stated,
    "bound": _bound,
    "interval": _interval,
    "survey": _binomial,
    "overlap": _binomial,
}
"""Row form to the probability of less than the stated number, and of a number as extreme."""
