"""The verdict on a fit, in a few lines on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headcount.diagnostics.checks import CheckResult, Evidence

__all__ = ["print_verdict"]


def print_verdict(evidence: Evidence, results: list[CheckResult]) -> None:
    """Print how many checks a fit passed, and the headlines that a reader must see.

    Parameters
    ----------
    evidence
        Evidence of the fit.
    results
        Results of all checks of this evidence.
    """
    from headcount.diagnostics.checks import checks_verdict

    print(f"checks: {checks_verdict(results)}")
    for result in results:
        if not result.passed or _leans(result, evidence):
            print(f"  {result.name}: {result.headline}")


def _leans(result: CheckResult, evidence: Evidence) -> bool:
    """Return whether this is the check of identification, and the total leans on priors."""
    from headcount.diagnostics.identification.quotability import LEANS_ON_PRIORS

    verdict = evidence.resting.verdict
    return result.name == "identification" and verdict.name == LEANS_ON_PRIORS
