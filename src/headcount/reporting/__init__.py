"""Pages, tables and figures of every result; may import all rooms but `headcount.cli`.

Results do not draw themselves: nothing but the shell imports this room. It never samples.
"""

from headcount.reporting.comparison_page import write_comparison
from headcount.reporting.report_page import report, write_report

__all__ = ["report", "write_comparison", "write_report"]
