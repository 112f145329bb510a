"""Tables of the answers under each prior set of a comparison."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from headcount._wording import interval, percent, quantity
from headcount.reporting.page_parts import MISSING, Line, Table

if TYPE_CHECKING:
    from headcount.workflows.sensitivity import Comparison

__all__ = ["answer_table"]

UNITS: Final = {
    "headcount": "people",
    "growth": "change",
    "growth_per_year": "change",
    "share": "percent",
}
"""Unit of an estimand, as in `headcount._wording.interval`; ``number`` for the others."""


KEYS: Final = ("estimand", "area", "year", "scope", "source")


def answer_table(
    comparison: Comparison, estimands: tuple[str, ...], *, of_root: bool | None = None
) -> Table:
    """Tabulate quantities, a column for each set.

    Parameters
    ----------
    comparison
        Fits side by side.
    estimands
        Names of the estimands to show.
    of_root
        Whether to show those of the root only, or of other areas only; all if ``None``.

    Returns
    -------
    Table
        Median and interval under each set; under all but the reference also change and overlap.
    """
    table = comparison.quantities[comparison.quantities["estimand"].isin(estimands)]
    if of_root is not None:
        table = table[(table["area"] == comparison.question.root) == of_root]
    headings = ("Quantity", *(f"#{name}" for name in comparison.names))
    last = comparison.question.last_year

    def lines() -> Iterator[Line]:
        for key, own in table.groupby(list(KEYS), sort=False):
            labels = dict(zip(KEYS, key, strict=True))
            is_answer = (
                labels["estimand"] == "headcount" and of_root is True and labels["year"] == last
            )
            cells = [_cell(own, name, comparison, labels) for name in comparison.names]
            is_ahead = of_root is not False and labels["year"] in comparison.question.forecast_years
            mark = "whole" if is_answer else "forecast" if is_ahead and not labels["source"] else ""
            yield Line((_named(comparison, labels), *cells), mark)

    return Table.of(headings, lines())


def _cell(own: pd.DataFrame, name: str, comparison: Comparison, labels: dict[str, Any]) -> str:
    found = own[own["prior_set"] == name]
    if found.empty:
        return MISSING
    row = found.iloc[0]
    unit = UNITS.get(str(labels["estimand"]), "number")
    low, middle, high = (row[column] for column in ("lower", "median", "upper"))
    text = f"{quantity(middle, low, high, unit=unit)}\n{interval(low, high, unit=unit)}"
    if name == comparison.reference or not np.isfinite(row["change"]):
        return text
    return f"{text}\n{percent(row['change'], sign=True)}, overlap {row['overlap']:.2f}"


def _named(comparison: Comparison, labels: dict[str, Any]) -> str:
    """Return the name of a quantity."""
    area = comparison.specs[comparison.reference].areas.by_code.get(labels["area"])
    place = area.name if area else labels["area"]
    match labels["estimand"]:
        case "headcount":
            return f"{place}, {labels['year']}"
        case "growth":
            return f"Growth from {labels['year'] - 1} to {labels['year']}"
        case "growth_per_year":
            return f"Growth a year up to {labels['year']}"
        case "share":
            return f"{place}: share of the total"
        case "ratio":
            return f"{labels['scope']}\nfor each one of the target, {labels['year']}"
    return f"{labels['source']}\n{place}, {labels['year']}"
