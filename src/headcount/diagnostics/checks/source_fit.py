"""The fit of the model to each source, compared with the noise of the source.

Table, by ``source``: ``rows`` fitted; ``scored`` (those with a predictive distribution: all but
bounds and hard ranges); ``inside_50`` and ``inside_90``, shares of them inside their central
predictive intervals; ``lowest_pit`` and ``highest_pit``; ``p_residual``, the posterior predictive
probability that replicates have a larger mean absolute residual; ``passed``.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import stats

from headcount._types import BoolArray
from headcount.diagnostics.checks.check_result import CheckResult
from headcount.diagnostics.checks.evidence import Evidence
from headcount.diagnostics.checks.row_fits import RowFits

__all__ = ["FEWEST_ROWS", "RAREST", "check_sources"]

FEWEST_ROWS: Final = 10
"""Sources with fewer rows are not judged: the share of rows inside an interval is too uncertain."""

RAREST: Final = 0.01
"""A source fails if by chance so few rows inside 90 %, or such large residuals, would occur less
often than this."""

DETAILS: Final = (
    "Each row is set against the posterior predictive distribution of its source. If the model is "
    "right, about half of a source's rows lie inside their central 50 % intervals and nine tenths "
    "inside the 90 % ones. Since the posterior has seen the rows, a few more inside is usual, "
    "above all for sources with few rows; fewer inside is not. PIT is the predictive probability "
    f"of less than the stated number. A source with at least {FEWEST_ROWS} such rows fails if a "
    "share inside 90 % as low as its own, or a mean absolute residual as large, has a chance below "
    f"{RAREST:g}. Bounds and hard ranges have no predictive interval; the check of outlying rows "
    "looks at them."
)


def check_sources(evidence: Evidence) -> CheckResult:
    """Check that the rows of each source scatter no more than its noise allows.

    Parameters
    ----------
    evidence
        Of the fit.

    Returns
    -------
    CheckResult
        Passed if no source with at least ``FEWEST_ROWS`` scored rows scatters more than chance
        allows.
    """
    fits, names = evidence.rows, evidence.fit.layout.sources
    of = fits.table["source"].to_numpy()
    table = pd.DataFrame([_source(name, fits, of == name) for name in names])
    failed = table.loc[~table["passed"], "source"].tolist()
    scored = int((table["scored"] >= FEWEST_ROWS).sum())
    return CheckResult("fit by source", not failed, _headline(failed, scored), table, DETAILS)


def _source(name: str, fits: RowFits, own: BoolArray) -> dict[str, Any]:
    pit = fits.table.loc[own, "pit"].dropna().to_numpy()
    row: dict[str, Any] = {"source": name, "rows": int(own.sum()), "scored": len(pit)}
    if not len(pit):
        missing = ("inside_50", "inside_90", "lowest_pit", "highest_pit", "p_residual")
        return row | dict.fromkeys(missing, np.nan) | {"passed": True}
    inside_50, inside_90 = (float((np.abs(pit - 0.5) <= half).mean()) for half in (0.25, 0.45))
    scored = own & fits.table["pit"].notna().to_numpy()
    larger = float(
        np.mean(fits.replicated[:, scored].mean(axis=1) >= fits.size[:, scored].mean(axis=1))
    )
    chance = float(stats.binom.cdf(round(inside_90 * len(pit)), len(pit), 0.9))
    return row | {
        "inside_50": inside_50,
        "inside_90": inside_90,
        "lowest_pit": pit.min(),
        "highest_pit": pit.max(),
        "p_residual": larger,
        "passed": len(pit) < FEWEST_ROWS or min(chance, larger) >= RAREST,
    }


def _headline(failed: list[str], scored: int) -> str:
    if failed:
        names = ", ".join(failed)
        return (
            f"The model does not fit {names}: the rows scatter more than the noise allowed for "
            "them."
        )
    if not scored:
        return (
            f"No source has the {FEWEST_ROWS} rows that it takes to see whether the model fits it."
        )
    return (
        f"The model fits each of the {scored} sources that have at least {FEWEST_ROWS} rows to "
        "judge by."
    )
