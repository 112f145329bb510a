"""Observations: the validated table of what sources state.

A row that is not there is unknown, not zero.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Final

import pandas as pd

from headcount._machine import collecting_later
from headcount.errors import HeadcountWarning, Problem, TableError, nearest
from headcount.study.observation import Observation
from headcount.study.observation_kinds import OBSERVATION_KINDS
from headcount.study.periods import moments, period_problem
from headcount.study.text_tables import Row, parse_table, read_text, write_table

__all__ = ["Observation", "Observations", "parse_observations", "read_observations"]

NUMBERS: Final = ("value", "lower", "upper", "mass", "relative_se", "n", "unit")
YEARS: Final = ("year", "from_year")
REFERENCES: Final = ("of_area", "of_scope", "of_source", "seen_by")
PERIODS: Final = {"period": "year", "from_period": "from_year"}
"""Column of a period to that of the year in which it must end."""

KEY: Final = (
    "source",
    "area",
    "year",
    "period",
    "kind",
    "scope",
    *REFERENCES,
    "from_year",
    "from_period",
)
"""Columns that say what a row is about; rows that agree in them state the same thing, perhaps with
other numbers."""

SPECIAL: Final = (*NUMBERS, "from_year", *PERIODS, *REFERENCES)
"""Columns that a kind uses if it names them."""

SMALLEST: Final = 1e-15
LARGEST: Final = 1e18
"""Sizes of numbers that squares and reciprocals of can be computed; no number of people comes near.
"""


COLUMNS: Final = tuple(field.name for field in fields(Observation) if field.name != "line")


@dataclass(frozen=True)
class Observations:
    """The rows of a study, in file order.

    Parameters
    ----------
    rows
        Checked rows, excluded ones among them.
    name
        Where they came from, for messages.
    """

    rows: tuple[Observation, ...]
    name: str = "observations.csv"

    @cached_property
    def fitted(self) -> tuple[Observation, ...]:
        """The rows that enter the likelihood."""
        return tuple(row for row in self.rows if not row.excluded)

    @property
    def sources(self) -> tuple[str, ...]:
        """Sources of the fitted rows, in order of appearance."""
        return tuple(dict.fromkeys(row.source for row in self.fitted))

    def where(self, row: Observation, column: str = "") -> str:
        """Return the place of a row as messages name it."""
        return f"{self.name}:{row.line}" + (f" [{column}]" if column else "")

    def select(self, keep: Callable[[Observation], bool]) -> Observations:
        """Return the rows for which a condition holds.

        Parameters
        ----------
        keep
            Takes an `Observation`, returns whether it stays.

        Returns
        -------
        Observations
            A new table.
        """
        return replace(self, rows=tuple(row for row in self.rows if keep(row)))

    def to_csv(self) -> str:
        """Return the table as text that `parse_observations` reads back."""
        return write_table((vars(row) for row in self.rows), COLUMNS)

    def to_frame(self) -> pd.DataFrame:
        """Return the table as a data frame, one row each."""
        return pd.DataFrame([{name: getattr(row, name) for name in COLUMNS} for row in self.rows])

    def __len__(self) -> int:
        """Return the number of rows, excluded ones among them."""
        return len(self.rows)


def read_observations(path: str | Path) -> Observations:
    """Read and check an observations table.

    Parameters
    ----------
    path
        UTF-8 CSV file; its columns are the fields of `Observation`. Only ``source``, ``area``,
        ``year`` and ``kind`` must be there, and what each row's kind requires.

    Returns
    -------
    Observations
        The rows. Exact repetitions are dropped with a warning; rows that state different numbers
        for the same thing stay, with a warning, since that is what noise is.

    Raises
    ------
    TableError
        With all problems found, each naming file, line and column.

    Examples
    --------
    >>> import headcount as hc
    >>> observations = hc.read_observations("data/toy/observations.csv")
    >>> len(observations) > 0
    True
    """
    return parse_observations(read_text(path), name=Path(path).name)


@collecting_later()
def parse_observations(text: str, *, name: str = "observations.csv") -> Observations:
    """Check the text of an observations table; see `read_observations`."""
    required = ("source", "area", "year", "kind")
    table = parse_table(text, name=name, columns=COLUMNS, required=required)
    problems: list[Problem] = []
    rows = [_observation(row, problems) for row in table.rows]
    observations = Observations(tuple(rows), name)
    # A cell that is no number or no year has its own problem; what its kind says of it would be
    # noise.
    unread = {problem.where for problem in problems}
    for row in rows:
        silent = set(unread)
        if observations.where(row, "year") in unread:
            silent |= {observations.where(row, column) for column in ("from_year", *PERIODS)}
        if observations.where(row, "from_year") in unread:
            silent.add(observations.where(row, "from_period"))
        problems += [
            problem for problem in _row_problems(row, observations) if problem.where not in silent
        ]
    if problems:
        raise TableError(sorted(problems, key=_line_of))
    kept = tuple(_without_repetitions(observations))
    _warn_of_contradictions(replace(observations, rows=kept))
    return replace(observations, rows=kept)


def _observation(row: Row, problems: list[Problem]) -> Observation:
    cells: dict[str, object] = dict(row.cells)
    for column in NUMBERS:
        cells[column] = _number(row, column, problems)
    for column in YEARS:
        cells[column] = _year(row, column, problems)
    cells["year"] = cells["year"] if cells["year"] is not None else 0
    text = {name: str(cells.get(name) or "") for name in ("source", "area", "kind")}
    for column in ("source", "area", "kind", "year"):
        if column not in row.cells:
            problems.append(Problem(row.where(column), "the cell is empty"))
    return Observation(**(cells | text), line=row.line)  # type: ignore[arg-type]  # columns are checked by name


def _number(row: Row, column: str, problems: list[Problem]) -> float | None:
    text = row.cells.get(column)
    if text is None:
        return None
    try:
        value = float(text.replace("_", ""))
    except ValueError:
        value = math.nan
    if value == 0 or SMALLEST <= abs(value) <= LARGEST:
        return value
    message = f"{text!r} is not a finite number"
    if math.isfinite(value):
        message = f"{text!r} is too large or too small; sizes here are between {SMALLEST:g} and {LARGEST:g}"
    advice = "Write a plain number such as 135000; leave the cell empty if there is none."
    problems.append(Problem(row.where(column), message, advice))
    return None


def _year(row: Row, column: str, problems: list[Problem]) -> int | None:
    text = row.cells.get(column)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        problems.append(Problem(row.where(column), f"{text!r} is not a year", "Write 2021."))
        return None


def _row_problems(row: Observation, table: Observations) -> Iterator[Problem]:
    if row.kind and row.kind not in OBSERVATION_KINDS:
        advice = nearest(row.kind, OBSERVATION_KINDS)
        yield Problem(table.where(row, "kind"), f"unknown kind {row.kind!r}", advice)
    elif row.kind and not row.excluded:
        yield from _kind_problems(row, table)


def _kind_problems(row: Observation, table: Observations) -> Iterator[Problem]:
    kind = OBSERVATION_KINDS[row.kind]
    used = (*kind.required, *kind.optional)
    for column in kind.required:
        if getattr(row, column) in (None, ""):
            message = f"the cell is empty; a {row.kind} needs {', '.join(kind.required)}"
            yield Problem(table.where(row, column), message)
    for column in SPECIAL:
        if column not in used and getattr(row, column) not in (None, ""):
            message = f"a {row.kind} does not use this column"
            yield Problem(
                table.where(row, column),
                message,
                f"Empty the cell; a {row.kind} uses {', '.join(used)}.",
            )
    for column, message, advice in kind.problems(row):
        yield Problem(table.where(row, column), message, advice)
    misread = [*_misread_periods(row, table, used)]
    yield from misread or _window_problems(row, table)


def _misread_periods(
    row: Observation, table: Observations, used: tuple[str, ...]
) -> Iterator[Problem]:
    for column, year_column in PERIODS.items():
        period, year = getattr(row, column), getattr(row, year_column)
        if (
            column in used
            and period
            and year is not None
            and (found := period_problem(year, period))
        ):
            yield Problem(table.where(row, column), *found)


def _window_problems(row: Observation, table: Observations) -> Iterator[Problem]:
    """Yield a problem where growth within a year runs backwards; between years the kind itself sees
    to it.
    """
    if row.kind != "growth" or row.from_year != row.year:
        return
    if not (row.period or row.from_period):
        message = f"{row.from_year} is not before year = {row.year}"
        advice = "Growth within a year needs a from_period, and a period after it."
        yield Problem(table.where(row, "from_year"), message, advice)
    elif _middle(row.year, row.from_period) >= _middle(row.year, row.period):
        before, after = (period or "mid-year" for period in (row.from_period, row.period))
        message = f"{before!r} is not before period = {after!r}"
        yield Problem(table.where(row, "from_period"), message)


def _middle(year: int, period: str) -> float:
    return sum(moment.weight * moment.time for moment in moments(year, period))


def _line_of(problem: Problem) -> int:
    line = re.search(r":(\d+)(?: \[\w+\])?$", problem.where)
    return int(line[1]) if line else 0


def _without_repetitions(table: Observations) -> Iterator[Observation]:
    seen: dict[tuple[object, ...], int] = {}
    stated_in = attrgetter(*(field.name for field in fields(Observation) if field.name != "line"))
    for row in table.rows:
        stated = stated_in(row)
        if stated in seen:
            _warn(
                f"{table.where(row)}: repeats line {seen[stated]} word for word; it is used once."
            )
            continue
        seen[stated] = row.line
        yield row


def _warn_of_contradictions(table: Observations) -> None:
    groups: dict[tuple[object, ...], list[Observation]] = {}
    key = attrgetter(*KEY)
    for row in table.fitted:
        groups.setdefault(key(row), []).append(row)
    for rows in groups.values():
        if len(rows) > 1:
            _warn(_contradiction(rows, table))


def _contradiction(rows: Iterable[Observation], table: Observations) -> str:
    first, *_ = rows = list(rows)
    lines = ", ".join(str(row.line) for row in rows)
    return (
        f"{table.name}:{lines}: {first.source!r} states {len(rows)} different {first.kind}s for {first.area} "
        f"in {first.year}; all are used, as repeated noisy statements. Mark the wrong ones in 'excluded'."
    )


def _warn(text: str) -> None:
    warnings.warn(text, HeadcountWarning, stacklevel=4)
