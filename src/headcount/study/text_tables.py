"""CSV tables with line numbers, so that every problem can name its line.

Every cell stays text: ``NA`` is Namibia. Only an empty cell is a missing value.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headcount.errors import Problem, TableError, nearest

__all__ = ["Row", "Table", "parse_table", "read_text", "write_table"]


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Parameters
    ----------
    table
        Name of the table in messages.
    line
        Line of the file on which the row begins; the header is line 1.
    cells
        Text by column name, without empty cells.
    """

    table: str
    line: int
    cells: Mapping[str, str]

    def where(self, column: str = "") -> str:
        """Return the place in the form that messages use: ``table:line [column]``."""
        return f"{self.table}:{self.line}" + (f" [{column}]" if column else "")


@dataclass(frozen=True)
class Table:
    """A table: its name and its rows that are not empty."""

    name: str
    rows: tuple[Row, ...]


def read_text(path: str | Path) -> str:
    """Return the text of a UTF-8 file.

    Parameters
    ----------
    path
        File to read; a byte-order mark is dropped.

    Returns
    -------
    str
        The text.

    Raises
    ------
    TableError
        Where the file cannot be read or is not UTF-8.
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise TableError([Problem(str(path), f"cannot be read ({error.strerror})")]) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        raise TableError([Problem(f"{path}:{line}", message, "Save the file as UTF-8.")]) from error


def parse_table(text: str, *, name: str, columns: Sequence[str], required: Iterable[str]) -> Table:
    """Split CSV text into rows and check its header.

    Parameters
    ----------
    text
        Content of the file.
    name
        File name, for messages.
    columns
        Columns that the table may have.
    required
        Columns that it must have.

    Returns
    -------
    Table
        All rows that have a filled cell.

    Raises
    ------
    TableError
        For an unknown, repeated or missing column, a row with too many cells, a quote that is not
        closed, or a table without rows.
    """
    lines = _lines(text, name)
    header = [cell.strip() for cell in next(lines, (1, []))[1]]
    problems = _header_problems(header, name, columns, required)
    rows = []
    for line, cells in lines:
        if len(cells) > len(header):
            message = f"{len(cells)} cells under {len(header)} columns"
            advice = "Put quotes around a cell that contains a comma."
            problems.append(Problem(f"{name}:{line}", message, advice))
        pairs = zip(header, cells, strict=False)
        filled = {column: cell.strip() for column, cell in pairs if cell.strip()}
        if filled:
            rows.append(Row(name, line, filled))
    if not rows and not problems:
        problems.append(Problem(name, "the table has no rows"))
    if problems:
        raise TableError(problems)
    return Table(name, tuple(rows))


def write_table(rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> str:
    """Return CSV text: a header and a line per row; ``None`` becomes an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(
        ["" if row.get(column) is None else row[column] for column in columns] for row in rows
    )
    return out.getvalue()


def _lines(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each row begins, and its cells; a quoted cell may span lines."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begin = 1
    try:
        for cells in reader:
            if begin == 1 or any(cell.strip() for cell in cells):
                yield begin, cells
            begin = reader.line_num + 1
    except csv.Error as error:
        message = f"cannot be split into cells ({error})"
        advice = "Close each quote; write a quote inside a cell twice."
        raise TableError([Problem(f"{name}:{begin}", message, advice)]) from error


def _header_problems(
    header: list[str], name: str, columns: Sequence[str], required: Iterable[str]
) -> list[Problem]:
    where = f"{name}:1"
    if not any(header):
        return [
            Problem(
                name,
                "the table is empty",
                f"Its first line must name the columns {', '.join(columns)}.",
            )
        ]
    problems = [
        Problem(where, f"unknown column {column!r}", nearest(column, columns))
        for column in header
        if column not in columns
    ]
    problems += [
        Problem(where, f"column {column!r} is in the header twice")
        for column in sorted({column for column in header if header.count(column) > 1})
    ]
    problems += [
        Problem(where, f"column {column!r} is missing")
        for column in required
        if column not in header
    ]
    return problems
