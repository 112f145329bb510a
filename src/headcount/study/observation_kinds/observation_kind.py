"""What an observation kind is: its words and the check of its rows.

A kind is found under its name in several tables: here (words and checks), in
``headcount.layout.row_forms`` (what the likelihood sees of a row), and in
``headcount.simulation.row_draws`` and ``headcount.simulation.row_densities`` (its draw and density
in the NumPy oracle). A test holds the tables complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from headcount.study.observation import Observation

__all__ = ["ObservationKind"]


@dataclass(frozen=True)
class ObservationKind:
    """A way in which a number about people is published.

    Parameters
    ----------
    name
        As written in the ``kind`` column.
    when
        Which kind for what, in a sentence.
    aloud
        An example row, read aloud.
    required
        Columns that must be filled, beside source, area, year and kind.
    optional
        Columns that may be filled.
    problems
        Yields ``(column, message, advice)`` for what is wrong with a row whose required cells are
        filled.
    """

    name: str
    when: str
    aloud: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    problems: Callable[[Observation], Iterator[tuple[str, str, str]]]
