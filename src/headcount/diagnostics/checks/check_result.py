"""What a check returns."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

__all__ = ["CheckResult"]


@dataclass(frozen=True, eq=False)
class CheckResult:
    """The outcome of one check.

    Parameters
    ----------
    name
        Of the check.
    passed
        Whether nothing is wrong; always true for a check that only informs.
    headline
        One sentence for somebody who has to decide.
    table
        The numbers behind it; columns as the check's module says.
    details
        What was compared with what, and why these limits.
    informs
        Whether the check only informs and cannot fail.
    """

    name: str
    passed: bool
    headline: str
    table: pd.DataFrame
    details: str = ""
    informs: bool = False

    def __repr__(self) -> str:
        """Return name, outcome and headline."""
        return f"<{self.name}: {'passed' if self.passed else 'failed'}. {self.headline}>"
