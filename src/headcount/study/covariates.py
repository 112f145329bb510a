"""Covariates: known values of areas by year, for regressions and known populations."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from headcount._types import FloatArray
from headcount.errors import Problem, TableError
from headcount.study.text_tables import Row, parse_table, read_text, write_table

__all__ = ["Covariates", "parse_covariates", "read_covariates"]

type CovariateRow = tuple[str, int, str, float, str, str]

COLUMNS: Final = ("area", "year", "variable", "value", "unit", "citation")


@dataclass(frozen=True)
class Covariates:
    """The table of covariates, in long form.

    Parameters
    ----------
    rows
        Tuples (area, year, variable, value, unit, citation).
    name
        Name of the table in messages.
    """

    rows: tuple[CovariateRow, ...] = ()
    name: str = "covariates.csv"

    @cached_property
    def variables(self) -> frozenset[str]:
        """Names of all variables."""
        return frozenset(row[2] for row in self.rows)

    @cached_property
    def _series(self) -> dict[tuple[str, str], dict[int, float]]:
        series: dict[tuple[str, str], dict[int, float]] = {}
        for area, year, variable, value, *_ in self.rows:
            series.setdefault((variable, area), {})[year] = value
        return series

    def areas_with(self, variable: str) -> frozenset[str]:
        """Return the areas that have at least one value of a variable."""
        return frozenset(area for name, area in self._series if name == variable)

    def path(self, variable: str, area: str, years: Iterable[int]) -> FloatArray:
        """Return the values of a variable in some years.

        Parameters
        ----------
        variable, area
            Names of a series, which must exist.
        years
            Calendar years.

        Returns
        -------
        numpy.ndarray
            Linear between known years, the nearest known value outside them; dims (year,).
        """
        known = self._series[(variable, area)]
        at = np.array(sorted(known), dtype=float)
        values = [known[int(year)] for year in at]
        return np.asarray(np.interp(np.array(list(years), dtype=float), at, values))

    def to_csv(self) -> str:
        """Return the table as CSV text that `parse_covariates` can read."""
        return write_table((dict(zip(COLUMNS, row, strict=True)) for row in self.rows), COLUMNS)


def read_covariates(path: str | Path) -> Covariates:
    """Read and check a covariates table.

    Parameters
    ----------
    path
        CSV file with the columns ``area, year, variable, value, unit, citation``.

    Returns
    -------
    Covariates
        The table.

    Raises
    ------
    TableError
        With all problems found.
    """
    return parse_covariates(read_text(path), name=Path(path).name)


def parse_covariates(text: str, *, name: str = "covariates.csv") -> Covariates:
    """Check the text of a covariates table; see `read_covariates`."""
    table = parse_table(
        text, name=name, columns=COLUMNS, required=("area", "year", "variable", "value")
    )
    problems: list[Problem] = []
    rows: dict[tuple[str, int, str], CovariateRow] = {}
    for source in table.rows:
        row = _row(source, problems)
        if row is None:
            continue
        if row[:3] in rows:
            message = f"{row[2]!r} of {row[0]!r} in {row[1]} is in the table twice"
            problems.append(Problem(source.where(), message))
        rows[row[:3]] = row
    if problems:
        raise TableError(problems)
    return Covariates(tuple(rows.values()), name)


def _row(row: Row, problems: list[Problem]) -> CovariateRow | None:
    """Return a row, or ``None`` after adding its problems to the list."""
    cells, before = row.cells, len(problems)
    problems += [
        Problem(
            row.where(column), "the cell is empty", "Leave out the row if the value is unknown."
        )
        for column in ("area", "year", "variable", "value")
        if column not in cells
    ]
    year, value = 0, 0.0
    try:
        year = int(cells.get("year", "0"))
    except ValueError:
        problems.append(
            Problem(
                row.where("year"),
                f"{cells['year']!r} is not a year",
                "Write a whole number such as 2021.",
            )
        )
    try:
        value = float(cells.get("value", "0"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        message = f"{cells['value']!r} is not a finite number"
        problems.append(
            Problem(
                row.where("value"),
                message,
                "Write a number, or leave out the row if the value is unknown.",
            )
        )
    if len(problems) > before:
        return None
    return (
        cells["area"],
        year,
        cells["variable"],
        value,
        cells.get("unit", ""),
        cells.get("citation", ""),
    )
