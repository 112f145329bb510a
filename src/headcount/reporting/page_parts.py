"""Parts of a page: tables of texts, and figures with the words that describe them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["MISSING", "Column", "Figure", "Line", "Table"]

MISSING: Final = "–"
"""Stands in a cell without a value."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    label
        Its heading.
    numeric
        Whether its cells are aligned as numbers.
    """

    label: str
    numeric: bool = False


@dataclass(frozen=True)
class Line:
    """A line of a table.

    Parameters
    ----------
    cells
        One text for each column; lines after the first are set small.
    mark
        Style of the line: ``forecast``, ``failed``, ``whole`` or empty.
    depth
        How far the first cell is indented, in steps.
    """

    cells: tuple[str, ...]
    mark: str = ""
    depth: int = 0


@dataclass(frozen=True)
class Table:
    """A table of a report.

    Parameters
    ----------
    columns, lines
        Its columns and lines.
    """

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]

    @classmethod
    def of(cls, headings: Sequence[str], lines: Iterable[Line]) -> Table:
        """Build a table; a heading that starts with ``#`` is that of a numeric column."""
        columns = tuple(Column(text.removeprefix("#"), text.startswith("#")) for text in headings)
        return cls(columns, tuple(lines))


@dataclass(frozen=True)
class Figure:
    """A figure of a report.

    Parameters
    ----------
    svg
        An ``svg`` element, without declaration and document type.
    alt
        Description for readers who do not see the figure.
    caption
        Text below the figure.
    """

    svg: str
    alt: str
    caption: str
