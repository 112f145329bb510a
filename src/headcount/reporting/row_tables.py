"""Tables of rows: those that are not fitted, and those that are outlying."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from headcount._wording import chance, number, percent
from headcount.diagnostics.checks import CheckResult
from headcount.posterior.fits import Fit
from headcount.reporting.page_parts import Line, Table
from headcount.study.observation import Observation
from headcount.study.observation_kinds import OBSERVATION_KINDS, statement_of

__all__ = ["excluded_table", "outlying_table", "reason_table"]


def reason_table(fit: Fit) -> Table:
    """Tabulate the reasons for which rows are not fitted.

    Parameters
    ----------
    fit
        A fit.

    Returns
    -------
    Table
        Reason, source and number of rows, most rows first.
    """
    reasons = Counter((row.excluded, row.source) for row in fit.observations.rows if row.excluded)
    lines = (
        Line((reason, source, f"{count:,}")) for (reason, source), count in reasons.most_common()
    )
    return Table.of(("Reason", "Source", "#Rows"), lines)


def excluded_table(fit: Fit) -> Table:
    """Tabulate the rows that are not fitted.

    Parameters
    ----------
    fit
        A fit.

    Returns
    -------
    Table
        Line in the file, source, area, year, the number as stated, and the reason.
    """
    rows = [row for row in fit.observations.rows if row.excluded]
    headings = ("#Line", "Source", "Area", "Year", "Kind", "Stated", "Not fitted because")
    return Table.of(headings, (_excluded(fit, row) for row in rows))


def outlying_table(fit: Fit, outlying: CheckResult) -> Table:
    """Tabulate the rows that are improbable under the model.

    Parameters
    ----------
    fit
        A fit.
    outlying
        Result of the check of outlying rows.

    Returns
    -------
    Table
        Line in the file, source, area, year, the stated and the expected number, residual,
        probability of being outlying, and tail probability.
    """
    headings = (
        "#Line", "Source", "Area", "Year", "Kind", "#Stated", "#Expected", "#Residual (sd)",
        "#Probability of being outlying", "#Tail probability",
    )  # fmt: skip

    def line(row: pd.Series) -> Line:
        return Line(
            (
                str(row["line"]),
                row["source"],
                _area(fit, row["area"]),
                str(row["year"]),
                row["kind"],
                row["stated"],
                _expected(row["kind"], row["expected"]),
                "" if np.isnan(row["residual"]) else number(row["residual"]),
                chance(row["p_outlying"]),
                _tail(row["tail"]),
            )
        )

    return Table.of(headings, (line(row) for _, row in outlying.table.iterrows()))


def _excluded(fit: Fit, row: Observation) -> Line:
    stated = row.as_stated or statement_of(row)
    return Line(
        (
            str(row.line),
            row.source,
            _area(fit, row.area),
            str(row.year),
            row.kind,
            stated,
            row.excluded,
        )
    )


def _area(fit: Fit, code: str) -> str:
    known = fit.spec.areas.by_code.get(code)
    return known.name if known else code


def _expected(kind: str, value: float) -> str:
    unit = OBSERVATION_KINDS[kind].number.unit
    if unit == "change":
        return percent(value, sign=True)
    return number(value) if unit == "percent" or value < 1 else number(value, 3)


def _tail(value: float) -> str:
    return "below 0.0001" if value < 0.0001 else number(value)
