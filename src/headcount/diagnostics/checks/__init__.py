"""A sentence and a table on each reason not to believe a fit; may import identification.

A check is a function from `headcount.diagnostics.checks.evidence.Evidence` to `CheckResult`. To add
one, write a module beside the others and its function into ``CHECKS`` of
`headcount.diagnostics.checks.all_checks`. Nothing here samples or imports PyMC: a saved fit can be
checked anywhere.
"""

from headcount.diagnostics.checks.all_checks import CHECKS, check
from headcount.diagnostics.checks.check_result import (
    CheckCount,
    CheckResult,
    checks_verdict,
    count_checks,
)
from headcount.diagnostics.checks.evidence import Evidence

__all__ = [
    "CHECKS",
    "CheckCount",
    "CheckResult",
    "Evidence",
    "check",
    "checks_verdict",
    "count_checks",
]
