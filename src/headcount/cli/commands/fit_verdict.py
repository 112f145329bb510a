"""The verdict on a fit, in a few lines on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headcount.diagnostics.checks import CheckResult

__all__ = ["print_verdict"]


def print_verdict(results: Sequence[CheckResult]) -> None:
    """Print the verdict on all checks, and the headlines of those that did not simply pass.

    Parameters
    ----------
    results
        Results of all checks of a fit.
    """
    from headcount.diagnostics.checks import checks_verdict

    print(checks_verdict(results))
    for result in results:
        if result.reservation or not result.passed:
            print(f"  {result.name}: {result.headline}")
