"""Numbers of a row that its kind requires."""

from __future__ import annotations

from headcount.study.observation import Observation

__all__ = ["required"]


def required(row: Observation, column: str) -> float:
    """Return a number that a row has because its kind requires it.

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
    assert cell is not None, column  # the checks of a table refuse rows without it
    return float(cell)
