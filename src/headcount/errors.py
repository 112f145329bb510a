"""Errors and warnings of headcount, as a tree.

::

    HeadcountError                 every error that headcount raises on purpose
    ├── InputError                 input cannot be used; carries a list of problems
    │   ├── SpecError              a model spec (TOML), or a change to one
    │   ├── TableError             a CSV table: observations, areas, covariates
    │   ├── StudyError             a spec and tables that do not fit together
    │   └── ArgumentError          an argument of a function, or an option of a command
    ├── FitError                   a fit cannot be read, or lacks the requested quantity
    └── SamplingError              the sampler did not start, or finished no draws

    HeadcountWarning               input can be used but is doubtful; the text says how it is used

Problems are collected and raised together, so that one run shows everything to correct.
"""

from __future__ import annotations

import contextlib
import difflib
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

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
    "warn",
]

NOT_THE_CALLER: Final = tuple(
    str(path) for path in (Path(__file__).parent, Path(contextlib.__file__).with_suffix(""))
)
"""Beginnings of the paths of files in which a warning is not of use to the user: headcount's own,
and the decorators that it uses. CPython compares all but the last character of a path, so a whole
path never matches."""

SIMILAR: Final = 0.6
"""Least similarity (0 to 1) of a choice that is proposed as the intended one."""

MOST_SHOWN: Final = 12
"""Choices that advice lists where none is similar."""


@dataclass(frozen=True)
class Problem:
    """One thing to correct: its place, the fault, and advice.

    Parameters
    ----------
    where
        File and line or key, such as ``observations.csv:12 [area]``.
    message
        The fault, with the value that was found.
    advice
        The expected form or the nearest valid choice; may be empty.
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
    """Input cannot be used.

    Parameters
    ----------
    problems
        All problems found, in reading order; at least one.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SpecError(InputError):
    """A model spec, or a change to one, cannot be used."""


class TableError(InputError):
    """A CSV table cannot be used."""


class StudyError(InputError):
    """A spec and its tables are each valid and do not fit together."""


class ArgumentError(InputError, ValueError):
    """An argument cannot be used; ``where`` of a problem is its name."""


class FitError(HeadcountError):
    """A fit cannot be read, or lacks the requested quantity."""


class SamplingError(HeadcountError):
    """The sampler did not start, or finished no draws."""


class HeadcountWarning(UserWarning):
    """Input can be used but is doubtful; the text says how it is used."""


def warn(text: str) -> None:
    """Issue a `HeadcountWarning` at the line that called headcount.

    Parameters
    ----------
    text
        Place, doubt, and how the input is used.
    """
    warnings.warn(text, HeadcountWarning, skip_file_prefixes=NOT_THE_CALLER)


def nearest(value: str, choices: Iterable[str]) -> str:
    """Return advice that names the nearest valid choice, or lists the choices.

    Parameters
    ----------
    value
        The invalid value.
    choices
        The valid values.

    Returns
    -------
    str
        ``Did you mean 'x'?``, or the first choices where none is near; empty without choices.

    Examples
    --------
    >>> nearest("registri", ["census", "registry"])
    "Did you mean 'registry'?"
    >>> nearest("x", ["census", "registry"])
    "Known: 'census', 'registry'."
    """
    known = sorted(set(choices))
    close = difflib.get_close_matches(value, known, n=1, cutoff=SIMILAR)
    if close:
        return f"Did you mean {close[0]!r}?"
    if not known:
        return ""
    shown = ", ".join(repr(choice) for choice in known[:MOST_SHOWN])
    hidden = len(known) - MOST_SHOWN
    return f"Known: {shown}{f' and {hidden} more' if hidden > 0 else ''}."
