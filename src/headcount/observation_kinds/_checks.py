"""Checks that several kinds share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headcount.observations import Observation

type Problems = Iterator[tuple[str, str, str]]

__all__ = ["Problems", "not_negative", "positive"]


def not_negative(row: Observation, column: str) -> Problems:
    """Yield a problem where a cell is below zero."""
    value = getattr(row, column)
    if value is not None and value < 0:
        yield column, f"{value:g} is negative", "A number of people is 0 or more."


def positive(row: Observation, column: str) -> Problems:
    """Yield a problem where a cell is not above zero."""
    value = getattr(row, column)
    if value is not None and value <= 0:
        yield column, f"{value:g} is not above 0", ""
