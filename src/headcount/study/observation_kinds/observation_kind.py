"""An observation kind: one way to publish a number about people, as one object.

All code takes the properties of a kind from its object and lists no kinds by name. So a registered
kind takes part in the checks, the likelihood, candidates, elicitation and reports. Only the oracle
has tables of its own, in ``headcount.simulation.row_draws`` and
``headcount.simulation.row_densities``: it is independent, to find errors in the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from headcount.study.observation import Observation
from headcount.study.observation_kinds.stated_number import PEOPLE, StatedNumber
from headcount.study.row_forms import FormRow
from headcount.study.specs import ModelSpec

__all__ = ["ObservationKind", "Problems", "Promise", "SourceRule"]

type Problems = Iterator[tuple[str, str, str]]
"""Column, message and advice of each problem."""


@dataclass(frozen=True)
class SourceRule:
    """The sources that can state rows of a kind.

    Parameters
    ----------
    reach
        Their kind of reach, one of ``REACH_KEYS``.
    advice
        The rule as a sentence.
    exclusive
        Whether sources with this reach can state no other kind.
    """

    reach: str
    advice: str
    exclusive: bool = False


@dataclass(frozen=True)
class Promise:
    """A row of a candidate, whose number is not yet stated.

    Parameters
    ----------
    placeholder
        Number that takes the place of the unknown one in checks.
    least
        Returns the smallest number for which the sd of a row is computed; ``None`` where the sd
        does not depend on the number.
    """

    placeholder: float
    least: Callable[[Observation], float] | None = None


def _no_problems(row: Observation, spec: ModelSpec) -> Problems:  # noqa: ARG001 - of most kinds
    yield from ()


@dataclass(frozen=True)
class ObservationKind:
    """A way in which a number about people is published.

    Parameters
    ----------
    name
        Name in the ``kind`` column.
    when
        When to use the kind, in a sentence.
    example
        An example row, with its meaning.
    required
        Columns that must be filled, beside source, area, year and kind.
    optional
        Columns that may be filled.
    problems
        Yields the problems of a row whose required cells are filled.
    form
        Turns a checked row into its terms and numbers.
    words
        Returns the statement of a row whose required cells are filled, such as ``over 135,000``.
    number
        Unit and scale of the stated number.
    bounds
        Returns the smallest and the largest number of people that a row allows; ``None`` for kinds
        that do not count people.
    source_rule
        The sources that can state such rows; ``None`` for all sources that are not exclusive to
        another kind.
    study_problems
        Yields the problems between a row and the spec, except those of names and times.
    promise
        Properties of a candidate's row; ``None`` for kinds that a candidate cannot have, because
        the numbers of a bound or an interval are known beforehand.
    """

    name: str
    when: str
    example: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    problems: Callable[[Observation], Problems]
    form: Callable[[Observation, ModelSpec], FormRow]
    words: Callable[[Observation], str]
    number: StatedNumber = PEOPLE
    bounds: Callable[[Observation], tuple[float, float]] | None = None
    source_rule: SourceRule | None = None
    study_problems: Callable[[Observation, ModelSpec], Problems] = _no_problems
    promise: Promise | None = None

    @property
    def with_article(self) -> str:
        """The name after ``a`` or ``an``."""
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"

    @property
    def counts_people(self) -> bool:
        """Whether its rows state a number of people, or bounds of one."""
        return self.bounds is not None

    def statement(self, row: Observation) -> str:
        """Return the statement of a row in words; empty where a required cell is empty."""
        filled = all(getattr(row, column) not in (None, "") for column in self.required)
        return self.words(row) if filled else ""
