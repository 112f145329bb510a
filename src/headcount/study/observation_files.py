"""Observation files: CSV to `Observations`; every problem names file, line and column."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from operator import attrgetter
from pathlib import Path

from headcount._machine import garbage_collection_paused
from headcount.errors import Problem, TableError, warn
from headcount.study.cell_checks import cell_problems
from headcount.study.observation import Observation
from headcount.study.observations import COLUMNS, KEY, NUMBERS, PERIODS, YEARS, Observations
from headcount.study.text_tables import Row, parse_table, read_text

__all__ = ["parse_observations", "read_observations"]


def read_observations(path: str | Path) -> Observations:
    """Read and check an observations table.

    Parameters
    ----------
    path
        UTF-8 CSV file; its columns are the fields of `Observation`. Required are ``source``,
        ``area``, ``year`` and ``kind``, and the columns that each row's kind requires.

    Returns
    -------
    Observations
        The rows. Exact repetitions are dropped with a warning. Rows that state different numbers
        for the same quantity stay, with a warning: they are repeated noisy measurements.

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


@garbage_collection_paused()
def parse_observations(text: str, *, name: str = "observations.csv") -> Observations:
    """Check the text of an observations table; see `read_observations`."""
    required = ("source", "area", "year", "kind")
    table = parse_table(text, name=name, columns=COLUMNS, required=required)
    problems: list[Problem] = []
    rows = [_observation(row, problems) for row in table.rows]
    observations = Observations(tuple(rows), name)
    unread = {problem.where for problem in problems}
    for row in rows:
        skipped = unread | _dependent_cells(row, observations, unread)
        problems += [
            problem for problem in cell_problems(row, observations) if problem.where not in skipped
        ]
    if problems:
        raise TableError(sorted(problems, key=_line_of))
    kept = tuple(_without_repetitions(observations))
    _warn_of_different_numbers(replace(observations, rows=kept))
    return replace(observations, rows=kept)


def _dependent_cells(row: Observation, table: Observations, unread: set[str]) -> set[str]:
    """Return the places whose checks need a year of this row that could not be read."""
    dependent: set[str] = set()
    if table.where(row, "year") in unread:
        dependent |= {table.where(row, column) for column in ("from_year", *PERIODS)}
    if table.where(row, "from_year") in unread:
        dependent.add(table.where(row, "from_period"))
    return dependent


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
    if math.isfinite(value):
        return value
    advice = "Write a plain number such as 135000, or leave the cell empty."
    problems.append(Problem(row.where(column), f"{text!r} is not a finite number", advice))
    return None


def _year(row: Row, column: str, problems: list[Problem]) -> int | None:
    text = row.cells.get(column)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        advice = "Write a whole number such as 2021."
        problems.append(Problem(row.where(column), f"{text!r} is not a year", advice))
        return None


def _line_of(problem: Problem) -> int:
    line = re.search(r":(\d+)(?: \[\w+\])?$", problem.where)
    return int(line[1]) if line else 0


def _without_repetitions(table: Observations) -> Iterator[Observation]:
    seen: dict[tuple[object, ...], int] = {}
    cells_of = attrgetter(*(field.name for field in fields(Observation) if field.name != "line"))
    for row in table.rows:
        cells = cells_of(row)
        if cells in seen:
            warn(f"{table.where(row)}: repeats line {seen[cells]} word for word; it is used once.")
            continue
        seen[cells] = row.line
        yield row


def _warn_of_different_numbers(table: Observations) -> None:
    groups: dict[tuple[object, ...], list[Observation]] = {}
    key = attrgetter(*KEY)
    for row in table.fitted:
        groups.setdefault(key(row), []).append(row)
    for rows in groups.values():
        if len(rows) > 1:
            warn(_different_numbers(rows, table))


def _different_numbers(rows: list[Observation], table: Observations) -> str:
    first = rows[0]
    lines = ", ".join(str(row.line) for row in rows)
    return (
        f"{table.name}:{lines}: {first.source!r} states {len(rows)} different {first.kind}s for "
        f"{first.area} in {first.year}; all are used, as repeated noisy measurements. "
        "If one is wrong, write the reason in its cell 'excluded'."
    )
