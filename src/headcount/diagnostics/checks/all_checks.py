"""All checks, and the function that runs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from headcount.diagnostics.checks.check_result import CheckResult
from headcount.diagnostics.checks.conflict import check_conflict
from headcount.diagnostics.checks.contraction import check_priors
from headcount.diagnostics.checks.convergence import check_convergence
from headcount.diagnostics.checks.evidence import Evidence
from headcount.diagnostics.checks.identification_check import check_identification
from headcount.diagnostics.checks.outlying_rows import check_outlying_rows
from headcount.diagnostics.checks.source_fit import check_sources
from headcount.posterior.fits import Fit

__all__ = ["CHECKS", "check", "check_evidence"]

CHECKS: Final[tuple[Callable[[Evidence], CheckResult], ...]] = (
    check_convergence,
    check_identification,
    check_conflict,
    check_sources,
    check_outlying_rows,
    check_priors,
)
"""Every check, the one whose failure matters most first."""


def check(fit: Fit) -> list[CheckResult]:
    """Check a fit: convergence, identification, conflicts, the fit of the model, and its priors.

    Parameters
    ----------
    fit
        A fit.

    Returns
    -------
    list of CheckResult
        Failed checks first; within both halves by the weight of a failure.

    Examples
    --------
    >>> [result.name for result in hc.check(fit) if not result.passed]
    []
    """
    return check_evidence(Evidence(fit))


def check_evidence(evidence: Evidence) -> list[CheckResult]:
    """Run all checks on evidence that may already have been gathered; see `check`."""
    results = [run(evidence) for run in CHECKS]
    return sorted(results, key=lambda result: result.passed)
