"""Checks that several kinds share."""

from __future__ import annotations

from headcount.study.observation import Observation
from headcount.study.observation_kinds.observation_kind import Problems
from headcount.study.observation_kinds.row_terms import scope_of
from headcount.study.specs import ModelSpec

__all__ = ["binomial_problems", "count_problems", "known_population", "not_negative", "positive"]


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


def count_problems(row: Observation) -> Problems:
    """Yield the problems of a number of people and its relative standard error."""
    yield from not_negative(row, "value")
    yield from positive(row, "relative_se")


def binomial_problems(row: Observation) -> Problems:
    """Yield the problems of a statement about k of n people."""
    yield from not_negative(row, "value")
    yield from positive(row, "n")
    for column in ("value", "n"):
        number = getattr(row, column)
        if number is not None and number != round(number):
            yield (
                column,
                f"{number:g} is not a whole number",
                "value is k, the number of people counted, of n who were asked or looked up.",
            )
    if row.value is not None and row.n is not None and row.value > row.n:
        yield "value", f"k = {row.value:g} is above n = {row.n:g}", ""


def known_population(row: Observation, spec: ModelSpec) -> Problems:
    """Yield a problem where a row is about a known population, to which no reach applies."""
    scope = scope_of(row, spec)
    if scope in spec.scopes and spec.scopes[scope].covariate:
        message = f"{scope!r} is a known population, to which no coverage applies"
        yield "scope", message, "State the scope of the people on the list."
