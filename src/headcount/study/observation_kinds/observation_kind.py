"""An observation kind: all that the package knows of one way to publish a number about people.

Everything asks the object, and nothing lists kinds by name, so that a kind that is registered takes
part in the checks, the likelihood, candidates, elicitation and reports. The oracle alone keeps
tables of its own, in ``headcount.simulation.row_draws`` and ``headcount.simulation.row_densities``:
it is there to find errors in the others.
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
    """Which sources can state rows of a kind.

    Parameters
    ----------
    reach
        The reach that they have, one of ``REACH_KEYS``.
    advice
        The rule as a sentence.
    exclusive
        Whether sources with this reach state nothing else.
    """

    reach: str
    advice: str
    exclusive: bool = False


@dataclass(frozen=True)
class Promise:
    """How a row stands for a statement that is still to be made, in a candidate.

    Parameters
    ----------
    placeholder
        Number in the place of the one that is not known.
    least
        Returns the least number from which the spread of a row is computed; ``None`` where the
        spread does not depend on the number.
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
        As written in the ``kind`` column.
    when
        Which kind for which statement, in a sentence.
    aloud
        An example row, read aloud.
    required
        Columns that must be filled, beside source, area, year and kind.
    optional
        Columns that may be filled.
    problems
        Yields the problems of a row whose required cells are filled.
    form
        Turns a checked row into its terms and numbers.
    words
        Writes the statement of a row whose required cells are filled, such as ``over 135,000``.
    number
        The number that a row states.
    bounds
        Returns the least and the most people that a source counts, as a row states them; ``None``
        for kinds that do not count people.
    source_rule
        Which sources can state such rows; ``None`` for all but those that another kind has for
        itself.
    study_problems
        Yields the problems between a row and the spec, beside those of its names and times.
    promise
        How a candidate can promise such rows; ``None`` where it cannot, since the numbers of a
        bound or an interval are known before they are stated.
    """

    name: str
    when: str
    aloud: str
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
        """Whether its rows say how many people a source counts."""
        return self.bounds is not None

    def statement(self, row: Observation) -> str:
        """Return the statement of a row in words, empty where a required cell is."""
        filled = all(getattr(row, column) not in (None, "") for column in self.required)
        return self.words(row) if filled else ""
