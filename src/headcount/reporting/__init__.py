"""The report: one HTML file that holds everything, for a reader who was not there. It never samples."""

from headcount.reporting.render import report

__all__ = ["report"]
