"""Tables of a comparison, as words in cells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from headcount._wording import interval, number, percent, quantity
from headcount.diagnostics.checks.convergence import HIGHEST_RHAT, LOWEST_ESS, MOST_DIVERGENCES
from headcount.reporting.report_tables import Line, Table

if TYPE_CHECKING:
    from headcount.workflows.sensitivity import Comparison

__all__ = [
    "accuracy_table",
    "answer_table",
    "attribution_table",
    "fits_table",
    "is_doubtful",
    "learning_table",
    "prediction_table",
    "source_accuracy_table",
]

UNITS: Final = {
    "headcount": "people",
    "growth": "change",
    "growth_per_year": "change",
    "share": "percent",
}
"""Unit of an estimand, a word of `headcount.reporting.sentences.quantity`; ``number`` for the
others."""

KEYS: Final = ("estimand", "area", "year", "scope", "source")

MISSING: Final = "–"

PEOPLE_FROM: Final = 1000.0
"""A quantity of unknown unit that may be as large is one of people."""


def answer_table(
    comparison: Comparison, estimands: tuple[str, ...], *, of_root: bool | None = None
) -> Table:
    """Tabulate quantities, a column for each set.

    Parameters
    ----------
    comparison
        Fits side by side.
    estimands
        Which to show.
    of_root
        Whether to show those of the root only, or of other areas only; all if ``None``.

    Returns
    -------
    Table
        Median and interval under each set; under all but the reference, change and overlap too.
    """
    table = comparison.table[comparison.table["estimand"].isin(estimands)]
    if of_root is not None:
        table = table[(table["area"] == comparison.common.root) == of_root]
    headings = ("Quantity", *(f"#{name}" for name in comparison.names))
    last = comparison.common.last_year

    def lines() -> Iterator[Line]:
        for key, own in table.groupby(list(KEYS), sort=False):
            labels = dict(zip(KEYS, key, strict=True))
            is_answer = (
                labels["estimand"] == "headcount" and of_root is True and labels["year"] == last
            )
            cells = [_cell(own, name, comparison, labels) for name in comparison.names]
            is_ahead = of_root is not False and labels["year"] in comparison.common.ahead
            mark = "whole" if is_answer else "forecast" if is_ahead and not labels["source"] else ""
            yield Line((_named(comparison, labels), *cells), mark)

    return Table.of(headings, lines())


def attribution_table(comparison: Comparison, name: str) -> Table:
    """Tabulate what each changed prior does to the answer.

    Parameters
    ----------
    comparison
        Fits side by side.
    name
        A set that could be taken apart.

    Returns
    -------
    Table
        Prior before and after the change, its part of the whole and its effect alone, and how the
        latter was found.
    """
    own = comparison.attribution[comparison.attribution["prior_set"] == name]
    first, second = comparison.specs[comparison.reference].priors, comparison.specs[name].priors
    words = {
        "(together)": "the rest\nchance, and what priors do only together",
        "(all)": "whole change\nbetween the two fits",
    }
    headings = (
        "Prior",
        f"90 %: {comparison.reference}, then {name}",
        "#Part of the whole",
        "#If only this one changed",
        "How found",
    )

    def lines() -> Iterator[Line]:
        for row in own.to_dict("records"):
            path = row["prior"]
            stated = "\n".join(
                _span_of(priors[path]) for priors in (first, second) if path in priors
            )
            how = row["method"] + (
                f"\nPareto k {row['pareto_k']:.2f}".replace("-", "−")
                if np.isfinite(row["pareto_k"])
                else ""
            )
            effects = (
                _effect(row["part"], row["part_mcse"]),
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
        A column for each set; lines of differing priors stand out where their contraction differs
        by a tenth or more.
    """
    table = comparison.priors[comparison.priors["differs"] == changed]
    headings = ("Prior", *(f"#{name}" for name in comparison.names))

    def lines() -> Iterator[Line]:
        for path, own in table.groupby("prior", sort=False):
            found = own.set_index("prior_set")
            yield Line((str(path), *(_learned(found, name) for name in comparison.names)))

    return Table.of(headings, lines())


def accuracy_table(comparison: Comparison) -> Table:
    """Tabulate predictive accuracy over all rows.

    Parameters
    ----------
    comparison
        Fits side by side.

    Returns
    -------
    Table
        A line for each set.
    """
    own = comparison.elpd[comparison.elpd["source"] == ""]
    headings = (
        "Prior set",
        "#Rows",
        "#elpd (standard error)",
        f"#Difference from {comparison.reference}",
        "#The same, rows with k ≤ 0.7",
        "#Effective parameters",
        "#Rows with k > 0.7",
        "#Worst k",
        "#Fewest effective draws",
    )

    def line(row: dict[str, Any]) -> Line:
        return Line(
            (
                row["prior_set"],
                f"{row['rows']:,}",
                f"{row['elpd']:,.1f} ({number(row['elpd_se'])})".replace("-", "−"),
                _apart(row, comparison),
                _apart(row, comparison, "trusted_"),
                number(row["p_loo"]),
                str(row["k_high"]),
                number(row["k_max"]),
                number(row["ess_min"]),
            )
        )

    return Table.of(headings, (line(row) for row in own.to_dict("records")))


def source_accuracy_table(comparison: Comparison) -> Table:
    """Tabulate predictive accuracy by source.

    Parameters
    ----------
    comparison
        Fits side by side.

    Returns
    -------
    Table
        The elpd under the reference and the differences from it; rows whose number is not to be
        trusted are counted.
    """
    table = comparison.elpd[comparison.elpd["source"] != ""]
    headings = ("Source", *(f"#{name}" for name in comparison.names))

    def lines() -> Iterator[Line]:
        for source, own in table.groupby("source", sort=False):
            found = own.set_index("prior_set")
            yield Line(
                (str(source), *(_accuracy(found, name, comparison) for name in comparison.names))
            )

    return Table.of(headings, lines())


def prediction_table(comparison: Comparison) -> Table:
    """Tabulate what sources state, predicted before the data and after.

    Parameters
    ----------
    comparison
        Fits side by side.

    Returns
    -------
    Table
        The factor between what is predicted and what was stated.
    """
    table = comparison.predicted
    headings = ("Source", "Prior set", "#Rows", "#Before the data", "#Inside", "#After", "#Inside")

    def lines() -> Iterator[Line]:
        for (source, name), own in table.groupby(["source", "prior_set"], sort=False):
            stages = own.set_index("stage")
            cells = [
                cell for stage in ("prior", "posterior") for cell in _factor(stages.loc[stage])
            ]
            yield Line((str(source), str(name), f"{own['rows'].iloc[0]:,}", *cells))

    return Table.of(headings, lines())


def fits_table(comparison: Comparison) -> Table:
    """Tabulate how each set was fitted.

    Parameters
    ----------
    comparison
        Fits side by side.

    Returns
    -------
    Table
        Model, prior set, draws, and whether the sampler did its work; lines with trouble stand out.
    """
    headings = (
        "Name",
        "Model",
        "Prior set",
        "#Priors that differ",
        "#Rows",
        "Draws",
        "#Divergences",
        "#Worst R-hat",
        "#Smallest ESS",
    )

    def line(row: dict[str, Any]) -> Line:
        draws = f"{row['chains']}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{row['draws']:,}\nseed\N{NO-BREAK SPACE}{row['seed']}"
        cells = (
            row["prior_set"],
            row["model"],
            row["priors"],
            str(row["changed"]),
            f"{row['rows']:,}",
            draws,
        )
        numbers = (str(row["divergences"]), f"{row['rhat']:.3f}", f"{row['ess']:,.0f}")
        return Line((*cells, *numbers), "failed" if is_doubtful(row) else "")

    return Table.of(headings, (line(row) for row in comparison.sets.to_dict("records")))


def is_doubtful(row: dict[str, Any]) -> bool:
    """Say whether a fit's numbers should be read with care, by the limits of the check of
    convergence.
    """
    return bool(
        row["divergences"] > MOST_DIVERGENCES
        or row["rhat"] > HIGHEST_RHAT
        or row["ess"] < LOWEST_ESS
    )


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
    """Say what a quantity is."""
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


def _learned(found: pd.DataFrame, name: str) -> str:
    if name not in found.index:
        return MISSING
    row = found.loc[name]
    before, after = (
        interval(row[f"{kind}lower"], row[f"{kind}upper"], unit=_unit(row))
        for kind in ("prior_", "")
    )
    return f"{row['contraction']:.2f}\n{before}\nbecomes {after}".replace("-", "−")


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


def _apart(row: dict[str, Any], comparison: Comparison, which: str = "") -> str:
    if row["prior_set"] == comparison.reference:
        return MISSING
    rows = row["trusted"] if which else row["compared"]
    left_out = f"\n{rows:,} rows" if rows != row["rows"] else ""
    return _signed(row[f"{which}difference"], row[f"{which}difference_se"]) + left_out


def _signed(value: float, error: float) -> str:
    if not np.isfinite(value):
        return MISSING
    return f"{value:+.1f} ({number(error)})".replace("-", "−")


def _accuracy(found: pd.DataFrame, name: str, comparison: Comparison) -> str:
    if name not in found.index:
        return MISSING
    row = found.loc[name]
    told = f"{row['elpd']:.1f}".replace("-", "−")
    told = (
        told if name == comparison.reference else _signed(row["difference"], row["difference_se"])
    )
    doubt = (
        f"\n{row['k_high']} of {row['rows']} rows with k > 0.7"
        if row["k_high"]
        else f"\n{row['rows']} rows"
    )
    return told + doubt


def _factor(row: pd.Series) -> tuple[str, str]:
    told = f"{number(row['median'])}\n{interval(row['lower'], row['upper'], unit='number')}"
    return told, percent(row["inside"])
