"""What an observation kind is: its words and the check of its rows.

A kind has three faces, found under its name in three tables: here (words and checks, no PyMC), in
``headcount.model.likelihoods`` (its part of the PyMC graph) and in ``headcount.simulation.draws`` (its draw in
the NumPy oracle). A test holds the three tables complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headcount.observations import Observation

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
        Yields ``(column, what, advice)`` for what is wrong with a row whose required cells are filled.
    """

    name: str
    when: str
    aloud: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    problems: Callable[[Observation], Iterator[tuple[str, str, str]]]
