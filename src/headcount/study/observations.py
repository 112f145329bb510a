"""Observations: the table of all rows that the sources of a study state.

A missing row means that the number is unknown, not that it is zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Final

import pandas as pd

from headcount.study.observation import Observation
from headcount.study.text_tables import write_table

__all__ = ["Observation", "Observations"]

NUMBERS: Final = ("value", "lower", "upper", "mass", "relative_se", "n", "unit")
YEARS: Final = ("year", "from_year")
REFERENCES: Final = ("of_area", "of_scope", "of_source", "seen_by")
PERIODS: Final = {"period": "year", "from_period": "from_year"}
"""Column of a period to the column of the year in which it must end."""

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
"""Columns that identify the quantity of a row. Rows that agree in all of them state the same
quantity, possibly with different numbers."""

SPECIAL: Final = (*NUMBERS, "from_year", *PERIODS, *REFERENCES)
"""Columns that a kind may use; each kind lists its own."""

COLUMNS: Final = tuple(field.name for field in fields(Observation) if field.name != "line")


@dataclass(frozen=True)
class Observations:
    """The rows of a study, in file order.

    Parameters
    ----------
    rows
        Checked rows, including excluded ones.
    name
        Name of the table in messages.
    """

    rows: tuple[Observation, ...]
    name: str = "observations.csv"

    @cached_property
    def fitted(self) -> tuple[Observation, ...]:
        """The rows that enter the likelihood: all but the excluded ones."""
        return tuple(row for row in self.rows if not row.excluded)

    @property
    def sources(self) -> tuple[str, ...]:
        """Sources of the fitted rows, in order of appearance."""
        return tuple(dict.fromkeys(row.source for row in self.fitted))

    def where(self, row: Observation, column: str = "") -> str:
        """Return the place of a row in the form that messages use: ``file:line [column]``."""
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
        """Return the table as CSV text that `parse_observations` can read."""
        return write_table((vars(row) for row in self.rows), COLUMNS)

    def to_frame(self) -> pd.DataFrame:
        """Return the table as a data frame with one line per row."""
        return pd.DataFrame([{name: getattr(row, name) for name in COLUMNS} for row in self.rows])

    def __len__(self) -> int:
        """Return the number of rows, including excluded ones."""
        return len(self.rows)
