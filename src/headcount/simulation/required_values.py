"""Cells of a row that its kind requires."""

from __future__ import annotations

from headcount.study.observation import Observation

__all__ = ["stated"]


def stated(row: Observation, column: str) -> float:
    """Return a number that a row must state.

    Parameters
    ----------
    row
        A checked row.
    column
        A column of numbers that the row's kind requires.

    Returns
    -------
    float
        The cell.
    """
    cell = getattr(row, column)
    assert cell is not None, column  # the table's checks refuse rows without it
    return float(cell)
