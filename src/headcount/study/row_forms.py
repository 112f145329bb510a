"""Row forms: the likelihoods that all observation kinds reduce to.

============ ====================================== =======================================
A *term* is the log expected value of a source for a scope, an area and a time; see docs/model.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from headcount.study.periods import Moment

__all__ = [
    "ABOVE",
    "BELOW",
    "BINOMIAL_FORMS",
    "BOUND",
    "FORMS",
    "INTERVAL",
    "NORMAL",
    "OVERLAP",
    "STATED",
    "STUDENT_T",
    "SURVEY",
    "FormRow",
    "Likelihood",
    "Term",
]

FORMS: Final = ("stated", "bound", "interval", "survey", "overlap")
STATED, BOUND, INTERVAL, SURVEY, OVERLAP = FORMS

BINOMIAL_FORMS: Final = (SURVEY, OVERLAP)
"""Forms of k of n people. They have no noise on the log scale, hence no tails."""

STUDENT_T: Final = "student_t"
NORMAL: Final = "normal"

BELOW, ABOVE = 1.0, -1.0
"""Side of a bound on which a count lies."""


class Likelihood(NamedTuple):
    """The form of a row and the tails of its noise.

    Attributes
    ----------
    form
        One of ``FORMS``.
    tails
        ``STUDENT_T`` or ``NORMAL``; empty for ``BINOMIAL_FORMS``.
    """

    form: str
    tails: str = ""

    @property
    def is_binomial(self) -> bool:
        """Whether the rows are k of n people."""
        return self.form in BINOMIAL_FORMS

    @property
    def is_normal(self) -> bool:
        """Whether the noise is normal."""
        return self.tails == NORMAL

    @property
    def label(self) -> str:
        """The name of the observed variable in the PyMC model."""
        return f"{self.form}_{self.tails}" if self.is_normal else self.form

    @property
    def place(self) -> tuple[bool, int]:
        """The place of the likelihood among all: Student's t and binomial first, then by form."""
        return self.is_normal, FORMS.index(self.form)


@dataclass(frozen=True)
class Term:
    """The log expected value that a row refers to.

    Parameters
    ----------
    source
        Source whose reach applies; empty for none.
    scope, area
        Scope and area of the people.
    when
        Moments over which the expected values are summed.
    bare
        Whether only people of the scope on the list count: without overcount and errors.
    """

    source: str
    scope: str
    area: str
    when: tuple[Moment, ...]
    bare: bool = False


@dataclass(frozen=True)
class FormRow:
    """A row as the likelihood sees it.

    Parameters
    ----------
    form
        One of ``FORMS``.
    numerator
        The term observed; the first list of an overlap.
    denominator
        The term to which it is relative; ``None`` for a number of its own.
    second_numerator
        The second list of an overlap; else ``None``.
    value, other
        Log value (stated); log bound and side, +1 below or -1 above (bound); log ends (interval); k
        and n (survey, overlap).
    noise_factor
        Factor of the source's noise variance.
    variance
        Variance that is added to it.
    """

    form: str
    numerator: Term
    denominator: Term | None
    value: float
    other: float = 0.0
    noise_factor: float = 1.0
    variance: float = 0.0
    second_numerator: Term | None = None

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms that the row has."""
        terms = (self.numerator, self.denominator, self.second_numerator)
        return tuple(term for term in terms if term is not None)
