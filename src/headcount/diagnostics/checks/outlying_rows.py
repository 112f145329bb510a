"""Rows that the model finds improbable.

Table: the columns of `headcount.diagnostics.checks.row_fits.RowFits.table`, the least likely row
first. Such rows stay in the fit: noise with heavy tails gives them little weight, and whether
to drop one is a question about its source.
"""

from __future__ import annotations

from typing import Final

import pandas as pd
from scipy import stats

from headcount._wording import agree, chance
from headcount.diagnostics.checks.check_result import CheckResult
from headcount.diagnostics.checks.evidence import Evidence
from headcount.diagnostics.checks.row_fits import BEYOND
from headcount.posterior.fits import Fit
from headcount.posterior.row_expectations import noise_of
from headcount.study.row_forms import STATED

__all__ = ["FAMILY", "LIKELY", "SMALLEST_TAIL", "check_outlying_rows"]

LIKELY: Final = 0.5
"""Posterior probability of being outlying from which on a row is named."""

SMALLEST_TAIL: Final = 0.005
"""Predictive probability of something as far out."""

FAMILY: Final = 0.01
"""The check fails if so many outlying rows, or one so far out, would be seen by chance less often
than this."""

DETAILS: Final = (
    f"A row is outlying if its error lies beyond {BEYOND:g} standard deviations of its source. It "
    f"is named if the posterior probability of that is above {LIKELY:g}, or if the predictive "
    f"probability of something as far out is below {SMALLEST_TAIL:g}. The check fails if chance "
    "would give so many such rows, or one as far out among all rows, in fewer than "
    f"{100 * FAMILY:.0f} of 100 such data sets. Rows are named, not dropped: to leave one out, "
    "give the reason in its 'excluded' cell."
)


def check_outlying_rows(evidence: Evidence) -> CheckResult:
    """Name the rows that the model finds improbable.

    Parameters
    ----------
    evidence
        Of the fit.

    Returns
    -------
    CheckResult
        Passed if chance alone would give as many, and one as far out.
    """
    table = evidence.rows.table
    outlying = table[(table["p_outlying"] > LIKELY) | (table["tail"] < SMALLEST_TAIL)]
    outlying = outlying.sort_values("tail", kind="stable")
    expected = _expected(evidence.fit)
    too_many = float(stats.poisson.sf(len(outlying) - 1, expected)) < FAMILY
    too_far = bool((outlying["tail"] * len(table) < FAMILY).any())
    headline = _headline(outlying, expected, len(table), passed=not (too_many or too_far))
    return CheckResult("outlying rows", not (too_many or too_far), headline, outlying, DETAILS)


def _expected(fit: Fit) -> float:
    """Return the number of rows that would be named if the model were right."""
    count = 0.0
    for likelihood, rows in fit.layout.rows.items():
        is_stated = likelihood.form == STATED
        beyond = 2 * float(noise_of(likelihood).sf(BEYOND)) if is_stated else 0.0
        count += len(rows) * max(beyond, SMALLEST_TAIL)
    return count


def _probability(row: pd.Series) -> str:
    """Return the probability for which a row is named: of being outlying, or of its tail."""
    if row["p_outlying"] > LIKELY:
        return f"outlying with probability {chance(row['p_outlying'])}"
    return f"where a number as far out has predictive probability {chance(row['tail'])}"


def _headline(outlying: pd.DataFrame, expected: float, rows: int, *, passed: bool) -> str:
    if outlying.empty:
        return f"None of the {rows} rows is outlying."
    by_chance = f"about {expected:.0f}" if expected >= 1 else "fewer than one"
    first = outlying.iloc[0]
    finding = (
        f"{len(outlying)} of {rows} rows {agree(len(outlying), 'is', 'are')} outlying, where "
        f"chance would give {by_chance}; the furthest is line {first['line']} ({first['source']}, "
        f"{first['area']} {first['year']}), {_probability(first)}"
    )
    if passed:
        return f"{finding}."
    return (
        f"{finding}. Look at these rows: a wrong number, another definition, or a source worse "
        "than assumed."
    )
