"""Tables of the fits of a comparison: accuracy, predictions and the sampler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from headcount._wording import interval, number, rounded_percent, signed
from headcount.diagnostics.checks.convergence import HIGHEST_RHAT, LOWEST_ESS, MOST_DIVERGENCES
from headcount.reporting.page_parts import MISSING, Line, Table

if TYPE_CHECKING:
    from headcount.workflows.sensitivity import Comparison

__all__ = [
    "accuracy_table",
    "fits_table",
    "is_doubtful",
    "prediction_table",
    "source_accuracy_table",
]


NO_BREAK: Final = "\N{NO-BREAK SPACE}"


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
                _difference(row, comparison),
                _difference(row, comparison, "trusted_"),
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
        The elpd under the reference and the differences from it, with the number of rows whose
        Pareto k is too large.
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
    """Tabulate the numbers that sources state, predicted before the data and after.

    Parameters
    ----------
    comparison
        Fits side by side.

    Returns
    -------
    Table
        Predicted over stated numbers, and the share of rows inside their intervals.
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
    """Tabulate the fit of each set.

    Parameters
    ----------
    comparison
        Fits side by side.

    Returns
    -------
    Table
        Model, prior set, draws and diagnostics of the sampler; doubtful fits are marked.
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
        draws = f"{row['chains']} × {row['draws']:,}\nseed {row['seed']}".replace(" ", NO_BREAK)
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
    """Return whether a fit is beyond a limit of the check of convergence.

    Parameters
    ----------
    row
        A line of ``Comparison.sets``.
    """
    return bool(
        row["divergences"] > MOST_DIVERGENCES
        or row["rhat"] > HIGHEST_RHAT
        or row["ess"] < LOWEST_ESS
    )


def _difference(row: dict[str, Any], comparison: Comparison, prefix: str = "") -> str:
    if row["prior_set"] == comparison.reference:
        return MISSING
    rows = row["trusted"] if prefix else row["compared"]
    left_out = f"\n{rows:,} rows" if rows != row["rows"] else ""
    return _signed(row[f"{prefix}difference"], row[f"{prefix}difference_se"]) + left_out


def _signed(value: float, error: float) -> str:
    if not np.isfinite(value):
        return MISSING
    return f"{signed(value)} ({number(error)})"


def _accuracy(found: pd.DataFrame, name: str, comparison: Comparison) -> str:
    if name not in found.index:
        return MISSING
    row = found.loc[name]
    if name == comparison.reference:
        accuracy = f"{row['elpd']:.1f}".replace("-", "−")
    else:
        accuracy = _signed(row["difference"], row["difference_se"])
    doubt = (
        f"\n{row['k_high']} of {row['rows']} rows with k > 0.7"
        if row["k_high"]
        else f"\n{row['rows']} rows"
    )
    return accuracy + doubt


def _factor(row: pd.Series) -> tuple[str, str]:
    ends = interval(row["lower"], row["upper"], unit="number")
    return f"{number(row['median'])}\n{ends}", rounded_percent(row["inside"])
