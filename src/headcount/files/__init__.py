"""Text files: CSV tables with line numbers. This folder imports the standard library only."""

from headcount.files.tables import Row, Table, parse_table, read_text, write_table

__all__ = ["Row", "Table", "parse_table", "read_text", "write_table"]
