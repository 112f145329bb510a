"""Checks: whether a fit can be believed, in a sentence and a table each.

A check is a function from `headcount.checks.evidence.Evidence` to `CheckResult`. To add one, write a module beside the others
and its function into ``CHECKS`` of `headcount.checks.battery`. Nothing here samples or imports PyMC: a saved fit can be checked
anywhere.
"""

from headcount.checks.battery import CHECKS, check
from headcount.checks.evidence import Evidence
from headcount.checks.result import CheckResult

__all__ = ["CHECKS", "CheckResult", "Evidence", "check"]
