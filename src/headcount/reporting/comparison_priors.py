"""Tables of the priors of a comparison: their effects, and their posteriors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from headcount._wording import interval, number, percent
from headcount.reporting.page_parts import MISSING, Line, Table

if TYPE_CHECKING:
    from headcount.workflows.sensitivity import Comparison

__all__ = ["attribution_table", "learning_table"]

PEOPLE_FROM: Final = 1000.0
"""A quantity of unknown unit that may reach this value counts people."""


def attribution_table(comparison: Comparison, name: str) -> Table:
    """Tabulate the effect of each changed prior on the answer.

    Parameters
    ----------
    comparison
        Fits side by side.
    name
        A set with an attribution.

    Returns
    -------
    Table
        Prior before and after the change, its contribution to the whole change, its effect alone,
        and the method that gives the latter.
    """
    own = comparison.attribution[comparison.attribution["prior_set"] == name]
    first, second = comparison.specs[comparison.reference].priors, comparison.specs[name].priors
    words = {
        "(together)": "the rest\nchance, and joint effects of priors",
        "(all)": "whole change\nbetween the two fits",
    }
    headings = (
        "Prior",
        f"90 %: {comparison.reference}, then {name}",
        "#Contribution",
        "#If only this one changed",
        "Method",
    )

    def lines() -> Iterator[Line]:
        for row in own.to_dict("records"):
            path = row["prior"]
            stated = "\n".join(
                _span_of(priors[path]) for priors in (first, second) if path in priors
            )
            how = row["method"] + (
                f"\nPareto k {row['pareto_k']:z.2f}".replace("-", "−")
                if np.isfinite(row["pareto_k"])
                else ""
            )
            effects = (
                _effect(row["contribution"], row["contribution_mcse"]),
                _effect(row["alone"], row["alone_mcse"]),
            )
            yield Line(
                (words.get(path, path), stated, *effects, how), "whole" if path == "(all)" else ""
            )

    return Table.of(headings, lines())


def learning_table(comparison: Comparison, *, changed: bool) -> Table:
    """Tabulate prior, posterior and contraction of priors.

    Parameters
    ----------
    comparison
        Fits side by side.
    changed
        Whether to show those that differ in some set, or those that do not.

    Returns
    -------
    Table
        A column for each set.
    """
    table = comparison.priors[comparison.priors["differs"] == changed]
    headings = ("Prior", *(f"#{name}" for name in comparison.names))

    def lines() -> Iterator[Line]:
        for path, own in table.groupby("prior", sort=False):
            found = own.set_index("prior_set")
            yield Line((str(path), *(_learned(found, name) for name in comparison.names)))

    return Table.of(headings, lines())


def _learned(found: pd.DataFrame, name: str) -> str:
    if name not in found.index:
        return MISSING
    row = found.loc[name]
    before, after = (
        interval(row[f"{kind}lower"], row[f"{kind}upper"], unit=_unit(row))
        for kind in ("prior_", "")
    )
    return f"{row['contraction']:z.2f}\n{before}\nbecomes {after}".replace("-", "−")


def _unit(row: pd.Series) -> str:
    return "people" if row["prior_upper"] >= PEOPLE_FROM else "number"


def _span_of(prior: Any) -> str:  # noqa: ANN401 - a `headcount.study.priors.Prior`
    low, high = (float(value) for value in prior.quantile([0.05, 0.95]))
    return interval(low, high, unit="people" if high >= PEOPLE_FROM else "number")


def _effect(value: float, error: float) -> str:
    """Write a change of a logarithm as a percentage, with its Monte Carlo standard error."""
    if not np.isfinite(value):
        return MISSING
    return (
        f"{percent(float(np.expm1(value)), sign=True)}\n± {number(100 * error * np.exp(value), 1)}"
    )
