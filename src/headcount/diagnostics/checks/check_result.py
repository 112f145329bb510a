"""The result of a check, and the verdict on several of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

import pandas as pd

from headcount._wording import agree, listed
from headcount.diagnostics.verdict import Verdict

__all__ = ["CheckCount", "CheckResult", "checks_verdict", "count_checks"]

PASSED: Final = "passed"
FAILED: Final = "failed"
INFORMS: Final = "informs"


@dataclass(frozen=True, eq=False)
class CheckResult:
    """The outcome of one check.

    Parameters
    ----------
    name
        Name of the check.
    passed
        Whether all limits hold; always true for a check that only informs.
    headline
        One sentence for a reader who decides.
    table
        The numbers behind the headline; the check's module describes the columns.
    details
        The comparison that is made, and the reasons for the limits.
    informs
        Whether the check only informs and cannot fail.
    reservation
        Name of the verdict of a check that did not fail and is no success either, such as ``leans
        on priors``; empty for all others.
    """

    name: str
    passed: bool
    headline: str
    table: pd.DataFrame
    details: str = ""
    informs: bool = False
    reservation: str = ""

    @property
    def verdict(self) -> Verdict:
        """``passed``, ``failed``, the reservation, or ``informs`` if the check cannot fail."""
        outcome = (self.reservation or PASSED) if self.passed else FAILED
        return Verdict(INFORMS if self.informs else outcome, self.headline)

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()

    def __repr__(self) -> str:
        """Return name, outcome and headline."""
        return f"<{self.name}: {self.verdict.name}. {self.headline}>"


class CheckCount(NamedTuple):
    """The outcome of several checks.

    Attributes
    ----------
    passed
        Number of checks that could fail and did not.
    failed
        Names of the checks that failed, in the order given.
    informational
        Number of checks that only inform.
    """

    passed: int
    failed: tuple[str, ...]
    informational: int

    @property
    def total(self) -> int:
        """Number of checks that can fail."""
        return self.passed + len(self.failed)


def count_checks(results: Iterable[CheckResult]) -> CheckCount:
    """Count the checks that passed and those that failed; informational checks count apart.

    Parameters
    ----------
    results
        As `check` returns them.

    Returns
    -------
    CheckCount
        The counts, and the names of the checks that failed.
    """
    results = list(results)
    able = [result for result in results if not result.informs]
    failed = tuple(result.name for result in able if not result.passed)
    return CheckCount(len(able) - len(failed), failed, len(results) - len(able))


def checks_verdict(results: Iterable[CheckResult]) -> Verdict:
    """Return the verdict on several checks; informational checks do not count.

    Parameters
    ----------
    results
        As `check` returns them.

    Returns
    -------
    Verdict
        ``passed`` or ``failed``, with the counts as a sentence. A check with a reservation did not
        fail, and does not count as passed in the sentence.

    Examples
    --------
    >>> import pandas as pd
    >>> fine = CheckResult("convergence", True, "The sampler converged.", pd.DataFrame())
    >>> str(checks_verdict([fine]))
    'The check passed.'
    """
    results = list(results)
    count = count_checks(results)
    if count.failed:
        checks = agree(count.total, "check", "checks")
        sentence = f"{len(count.failed)} of {count.total} {checks} failed: {listed(count.failed)}."
        return Verdict(FAILED, sentence)
    reserved = [f"{result.name} ({result.reservation})" for result in results if result.reservation]
    if reserved:
        passed = f"{count.total - len(reserved)} of {count.total} checks passed and none failed"
        return Verdict(PASSED, f"{passed}; with a reservation: {listed(reserved)}.")
    return Verdict(
        PASSED, agree(count.total, "The check", f"All {count.total} checks") + " passed."
    )
