"""Covariates: facts by area and year, between and beyond the years that are known."""

from __future__ import annotations

import numpy as np
import pytest

from headcount.errors import TableError
from headcount.study.covariates import Covariates, parse_covariates, read_covariates

HEADER = "area,year,variable,value,unit,citation\n"


def faults(rows):
    with pytest.raises(TableError) as caught:
        parse_covariates(HEADER + rows)
    return str(caught.value).splitlines()


def test_between_known_years_linear_and_outside_them_the_nearest():
    table = parse_covariates(HEADER + "A,2024,people,40,,\nA,2020,people,20,,\n")
    np.testing.assert_allclose(
        table.path("people", "A", [2018, 2020, 2021, 2024, 2030]), [20, 20, 25, 40, 40]
    )


def test_variables_and_the_areas_that_have_them():
    table = parse_covariates(HEADER + "NA,2020,people,20,,\nB,2020,income,5,,\n")
    assert table.variables == {"people", "income"}
    assert table.areas_with("people") == {"NA"}
    assert table.areas_with("wealth") == frozenset()
    assert Covariates().variables == frozenset()


def test_zero_and_negative_values_are_values():
    table = parse_covariates(HEADER + "A,2020,balance,-3,,\nB,2020,balance,0,,\n")
    assert table.path("balance", "A", [2020]) == -3


def test_written_covariates_are_read_back(tmp_path):
    table = parse_covariates(HEADER + 'NA,2020,people,0.1,persons,"a, b"\nB,2021,people,1e9,,\n')
    assert parse_covariates(table.to_csv()) == table
    (tmp_path / "facts.csv").write_text(table.to_csv())
    assert read_covariates(tmp_path / "facts.csv") == Covariates(table.rows, "facts.csv")


def test_all_faults_come_together_and_bad_rows_do_not_count_as_repeated():
    assert faults(
        "A,20x0,people,many,,\n"
        "A,20y0,people,3,,\n"
        ",2020,,5,,\n"
        "B,2020,people,nan,,\n"
        "B,2020,people,inf,,\n"
        "C,2020,people,,,\n"
        "D,2020,people,1,,\n"
        "D,2020,people,2,,\n"
    ) == [
        "covariates.csv:2 [year]: '20x0' is not a year. Write a whole number such as 2021.",
        "covariates.csv:2 [value]: 'many' is not a finite number. Write a number, or leave out "
        "the row if the value is unknown.",
        "covariates.csv:3 [year]: '20y0' is not a year. Write a whole number such as 2021.",
        "covariates.csv:4 [area]: the cell is empty. Leave out the row if the value is unknown.",
        "covariates.csv:4 [variable]: the cell is empty. Leave out the row if the value is "
        "unknown.",
        "covariates.csv:5 [value]: 'nan' is not a finite number. Write a number, or leave out the "
        "row if the value is unknown.",
        "covariates.csv:6 [value]: 'inf' is not a finite number. Write a number, or leave out the "
        "row if the value is unknown.",
        "covariates.csv:7 [value]: the cell is empty. Leave out the row if the value is unknown.",
        "covariates.csv:9: 'people' of 'D' in 2020 is in the table twice",
    ]


def test_columns_are_checked():
    with pytest.raises(TableError, match="unknown column 'varaible'. Did you mean 'variable'?"):
        parse_covariates("area,year,varaible,value\nA,2020,people,1\n")
