"""The evidence that the headline depends on, and whether it may be quoted.

Table, one line for each prior, pooling and source: ``kind`` and ``name`` (see
`headcount.diagnostics.identification.precision_terms.Contributor`); ``share`` of the precision of
the root's headcount in the last year with data; ``sensitivity`` to power-scaling (see
`headcount.diagnostics.identification.power_scaling`), missing for pooling. The largest share first;
shares add to one.
"""

from __future__ import annotations

from typing import Final

import pandas as pd
import xarray as xr

from headcount._names import YEAR
from headcount.diagnostics.checks.check_result import CheckResult
from headcount.diagnostics.checks.evidence import Evidence
from headcount.diagnostics.identification.power_scaling import power_scaling
from headcount.diagnostics.identification.quotability import (
    LEANS_ON_PRIORS,
    LEAST_DATA,
    LEAST_LEANING,
    WIDER,
    WIDEST,
)
from headcount.posterior.estimands import headcount

__all__ = ["check_identification"]

DETAILS: Final = (
    "A share is the part of the precision of the log total, near the posterior, that comes from a "
    "prior, from pooling (regions, years or sources are alike to the degree that their scales "
    "imply) or from the statements of a source (docs/identification.md). If the information of "
    "one of them grew by one percent, the precision of the total would grow by so many percent of "
    "it. Sensitivity is the change of the posterior under power-scaling of one of them "
    "(doi:10.1007/s11222-023-10366-5); above 0.05 it matters. "
    f"The total is not to be quoted if its interval would be more than {WIDEST:.0f} times as wide "
    f"without the priors that state levels; it rests on data if it would be at most {WIDER:.0f} "
    f"times as wide, sources hold at least {100 * LEAST_DATA:.0f} % of its precision and stated "
    f"priors less than {100 * LEAST_LEANING:.0f} %; else it leans on priors."
)


def check_identification(evidence: Evidence) -> CheckResult:
    """Compute the shares of precision of the total; refuse it where priors alone set its level.

    Parameters
    ----------
    evidence
        Of the fit.

    Returns
    -------
    CheckResult
        Failed if the total is not to be quoted; table as in the module's text.
    """
    fit, found = evidence.fit, evidence.rests_on
    people = headcount(fit).sel({YEAR: evidence.last_year}, drop=True).reset_coords(drop=True)
    scaled = power_scaling(fit, xr.ufuncs.log(people), evidence.moments["log_likelihood"])
    table: pd.DataFrame = found.shares.to_frame().merge(scaled, on=["kind", "name"], how="left")
    verdict = found.verdict
    return CheckResult(
        "identification",
        verdict.may_be_quoted,
        str(verdict),
        table,
        DETAILS,
        reservation=LEANS_ON_PRIORS if verdict.name == LEANS_ON_PRIORS else "",
    )
