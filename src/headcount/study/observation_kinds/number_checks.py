"""Checks that several kinds share."""

from __future__ import annotations

from collections.abc import Iterator

type Problems = Iterator[tuple[str, str, str]]

from headcount.study.observation import Observation

__all__ = ["Problems", "k_of_n", "not_negative", "positive"]


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


def k_of_n(row: Observation) -> Problems:
    """Yield what is wrong with a statement about k of n people."""
    yield from not_negative(row, "value")
    yield from positive(row, "n")
    for column in ("value", "n"):
        number = getattr(row, column)
        if number is not None and number != round(number):
            yield (
                column,
                f"{number:g} is not a whole number",
                "value is k, n how many were asked or looked up.",
            )
    if row.value is not None and row.n is not None and row.value > row.n:
        yield "value", f"k = {row.value:g} is above n = {row.n:g}", ""
