"""What can go wrong, drawn as a tree.

::

    HeadcountError                 every error a user of headcount can meet
    ├── InputError                 what was handed in is not usable; carries a list of problems
    │   ├── SpecError              a model spec (TOML) or a change to it
    │   ├── TableError             a CSV table: observations, areas, covariates
    │   ├── StudyError             spec and tables are fine alone and do not fit together
    │   └── ArgumentError          an argument of a function or option of a command
    ├── FitError                   a fit file cannot be read, or does not hold what is asked for
    └── SamplingError              the sampler could not start, or finished nothing

    HeadcountWarning               what will be done with input that is usable and doubtful

Problems are collected and raised together, so that one run shows everything there is to mend.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "ArgumentError",
    "FitError",
    "HeadcountError",
    "HeadcountWarning",
    "InputError",
    "Problem",
    "SamplingError",
    "SpecError",
    "StudyError",
    "TableError",
    "nearest",
]


@dataclass(frozen=True)
class Problem:
    """One thing to mend: where it is, what is wrong, and what to do.

    Parameters
    ----------
    where
        File and line or key, such as ``observations.csv:12 [area]``.
    message
        What is wrong, with the value.
    advice
        What was expected, or the nearest valid choice; may be empty.
    """

    where: str
    message: str
    advice: str = ""

    def __str__(self) -> str:
        """Return the problem as one line."""
        return f"{self.where}: {self.message}{'. ' + self.advice if self.advice else ''}"


class HeadcountError(Exception):
    """Base of every error that headcount raises on purpose."""


class InputError(HeadcountError):
    """Input that cannot be used.

    Parameters
    ----------
    problems
        All problems found, in reading order; at least one.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SpecError(InputError):
    """A model spec that cannot be used."""


class TableError(InputError):
    """A CSV table that cannot be used."""


class StudyError(InputError):
    """A spec and tables that do not fit together."""


class ArgumentError(InputError, ValueError):
    """An argument that cannot be used; ``where`` of a problem is its name."""


class FitError(HeadcountError):
    """A fit that cannot be read, or that does not hold what is asked for."""


class SamplingError(HeadcountError):
    """A sampler that could not start or finished nothing."""


class HeadcountWarning(UserWarning):
    """Input that is usable and doubtful; the text says what will be done."""


def nearest(value: str, choices: Iterable[str]) -> str:
    """Return a sentence that names the nearest valid choice, or all of them if few.

    Parameters
    ----------
    value
        What was written.
    choices
        What could have been written.

    Returns
    -------
    str
        ``Did you mean 'x'?``, or the list of choices where nothing is near; empty without choices.

    Examples
    --------
    >>> nearest("registri", ["census", "registry"])
    "Did you mean 'registry'?"
    """
    known = sorted(set(choices))
    close = difflib.get_close_matches(value, known, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]!r}?"
    if not known:
        return ""
    shown = ", ".join(repr(choice) for choice in known[:12])
    return f"Known: {shown}{', ...' if len(known) > 12 else ''}."
