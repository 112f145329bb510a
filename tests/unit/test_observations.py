"""Observations: every row kept as stated, every faulty cell named, doubtful ones warned about."""

from __future__ import annotations

import warnings
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from headcount.errors import HeadcountWarning, TableError
from headcount.study.observation_files import parse_observations, read_observations
from headcount.study.observation_kinds import OBSERVATION_KINDS
from headcount.study.observations import (
    COLUMNS,
    SPECIAL,
    Observation,
    Observations,
)

HEADER = (
    "source,area,year,kind,value,lower,upper,mass,n,from_year,of_area,of_scope,excluded,notes\n"
)


def read(rows, header=HEADER):
    return parse_observations(header + rows, name="o.csv")


def faults(rows, header=HEADER):
    with pytest.raises(TableError) as caught:
        read(rows, header)
    return str(caught.value).splitlines()


def test_cells_become_numbers_years_and_text():
    [row] = read("s,NA,2021,survey,14,,,,1_443,,,dev,,a remark\n").rows
    assert row == Observation(
        source="s", area="NA", year=2021, kind="survey", value=14.0, n=1443.0, of_scope="dev",
        notes="a remark", line=2,
    )  # fmt: skip


def test_zero_is_a_value_and_an_empty_cell_is_none():
    zero, excluded = read("s,A,2021,count,0,,,,,,,,,\ns,A,2021,count,,,,,,,,,no number,\n").rows
    assert zero.value == 0.0
    assert excluded.value is None


def test_excluded_rows_are_kept_and_not_fitted():
    table = read("s,A,2021,count,5,,,,,,,,,\nt,A,2021,count,-5,,,,,,,,wrong sign,\n")
    assert len(table) == 2
    assert [row.source for row in table.fitted] == ["s"]
    assert table.sources == ("s",)


def test_rows_can_be_selected():
    table = read("s,A,2021,count,5,,,,,,,,,\nt,A,2021,count,6,,,,,,,,,\n")
    kept = table.select(lambda row: row.source == "t")
    assert [row.value for row in kept.rows] == [6]
    assert kept.name == "o.csv"
    assert kept.where(kept.rows[0], "value") == "o.csv:3 [value]"


def test_a_frame_has_a_row_for_each_and_no_line():
    frame = read("s,A,2021,count,5,,,,,,,,,\n").to_frame()
    assert tuple(frame.columns) == COLUMNS
    assert frame.loc[0, "value"] == 5


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "NA", "about 5", "5 000", "1e999", "--"])
def test_an_invalid_number_is_one_problem(text):
    assert faults(f"s,A,2021,count,{text},,,,,,,,,\n") == [
        f"o.csv:2 [value]: {text!r} is not a finite number. "
        "Write a plain number such as 135000, or leave the cell empty."
    ]


@pytest.mark.parametrize("text", ["1e-20", "1e200", "-1e19"])
def test_numbers_that_cannot_be_computed_with_are_refused(text):
    [fault] = faults(f"s,A,2021,count,{text},,,,,,,,,\n")
    assert fault.startswith(f"o.csv:2 [value]: {float(text):g} is too large or too small")


@pytest.mark.parametrize("text", ["2021.5", "twenty", "nan", "21/22"])
def test_years_are_whole_and_one_bad_year_is_one_fault(text):
    assert faults(f"s,A,{text},growth,0.2,,,,,2020,,,,\n") == [
        f"o.csv:2 [year]: {text!r} is not a year. Write a whole number such as 2021."
    ]


def test_faults_of_all_rows_come_together_in_line_order():
    rows = (
        "s,A,2021,cuont,5,,,,,,,,,\n"
        ",A,,count,5,,,,,,,,,\n"
        's,A,2021,count,-5,,,,,,,,,"two\nlines"\n'
        "s,A,2021,count,,,,,,,,,,\n"
        "s,A,2021,count,x,y,,,,,,,,\n"
        "s,A,2021,range,,9,8,1.5,,,,,,\n"
        "s,A,2021,growth,-1,,,,,2021,,,,\n"
        "s,A,2021,share,0.5,,,,0,,,,,\n"
        "s,A,2021,survey,7,,,,5.5,,,,,\n"
    )
    assert faults(rows) == [
        "o.csv:2 [kind]: unknown kind 'cuont'. Did you mean 'count'?",
        "o.csv:3 [source]: the cell is empty",
        "o.csv:3 [year]: the cell is empty",
        "o.csv:4 [value]: -5 is negative. A number of people is 0 or more.",
        "o.csv:6 [value]: the cell is empty; a count needs value",
        "o.csv:7 [value]: 'x' is not a finite number. "
        "Write a plain number such as 135000, or leave the cell empty.",
        "o.csv:7 [lower]: 'y' is not a finite number. "
        "Write a plain number such as 135000, or leave the cell empty.",
        "o.csv:8 [lower]: 9 is not below upper = 8",
        "o.csv:8 [mass]: 1.5 is not in (0, 1]. Write 0.9 for 90 %, or 1 for hard ends.",
        "o.csv:9 [value]: -1 is not above -1. Growth is a fraction: 0.29 for +29 %.",
        "o.csv:9 [from_year]: 2021 is not before year = 2021. "
        "Growth within a year needs a from_period, and a period after it.",
        "o.csv:10 [n]: 0 is not above 0",
        "o.csv:10 [of_area]: a share needs of_area, of_scope or of_source. Name the area, "
        "scope or source of the whole.",
        "o.csv:11 [of_scope]: the cell is empty; a survey needs value, n, of_scope",
        "o.csv:11 [n]: 5.5 is not a whole number. value is k, the number of people counted, of n "
        "who were asked or looked up.",
        "o.csv:11 [value]: k = 7 is above n = 5.5",
    ]


def test_lines_stay_in_order_whatever_the_file_is_called():
    text = HEADER + "s,A,2021,nope,5,,,,,,,,,\ns,A,2021,count,x,,,,,,,,,\n"
    with pytest.raises(TableError) as caught:
        parse_observations(text, name="my own: 2.csv")
    assert [problem.where for problem in caught.value.problems] == [
        "my own: 2.csv:2 [kind]",
        "my own: 2.csv:3 [value]",
    ]


def test_a_cell_that_the_kind_does_not_use_is_not_passed_over():
    assert faults("s,A,2021,count,5,1,9,,,,,,,\n") == [
        f"o.csv:2 [{column}]: a count does not use this column. "
        "Empty the cell; a count uses value, scope, period, relative_se."
        for column in ("lower", "upper")
    ]


def test_columns_that_kinds_may_refuse_are_those_that_kinds_name():
    used = {
        column for kind in OBSERVATION_KINDS.values() for column in (*kind.required, *kind.optional)
    }
    assert used == {*SPECIAL, "scope"}


PERIODS = "source,area,year,kind,value,from_year,period,from_period,n,of_scope\n"


@pytest.mark.parametrize(
    "row",
    [
        "s,A,2021,count,5,,end,,,",
        "s,A,2021,count,5,,2021-06,,,",
        "s,A,2021,count,5,,2020-07/2021-06,,,",
        "s,A,2021,growth,0.1,2020,end,end,,",
        "s,A,2021,growth,0.1,2020,2021-Q2,2020-Q2,,",
        "s,A,2021,growth,0.1,2021,2021-Q4,2021-Q1,,",
        "s,A,2021,growth,0.1,2021,,start,,",
        "s,A,2021,growth,0.1,2021,end,,,",
        "s,A,2021,survey,5,,2021-03,,9,all",
    ],
)
def test_rows_say_when(row):
    [read_back] = read(f"{row}\n", PERIODS).rows
    assert (read_back.period, read_back.from_period) == tuple(row.split(",")[6:8])


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            "s,A,2021,count,5,,2021-13,,,",
            "o.csv:2 [period]: '2021-13' is not a period. Write 2021, 2021-Q3, 2021-06, "
            "2021-12-31, "
            "an interval such as 2021-07/2022-06, start or end.",
        ),
        (
            "s,A,2021,count,5,,2020-06,,,",
            "o.csv:2 [period]: '2020-06' ends in 2020, and the year stated for it is 2021. "
            "State the year in which the period ends.",
        ),
        (
            "s,A,2021,growth,0.1,2020,2021-06,2021-05,,",
            "o.csv:2 [from_period]: '2021-05' ends in 2021, and the year stated for it is 2020. "
            "State the year in which the period ends.",
        ),
        (
            "s,A,2021,count,5,,,soon,,",
            "o.csv:2 [from_period]: a count does not use this column. "
            "Empty the cell; a count uses value, scope, period, relative_se.",
        ),
        (
            "s,x,2O21,count,5,,2020-06,,,",
            "o.csv:2 [year]: '2O21' is not a year. Write a whole number such as 2021.",
        ),
        (
            "s,A,2021,growth,0.1,2021,2021-Q1,2021-Q2,,",
            "o.csv:2 [from_period]: '2021-Q2' is not before period = '2021-Q1'",
        ),
        (
            "s,A,2021,growth,0.1,2021,start,,,",
            "o.csv:2 [from_period]: 'mid-year' is not before period = 'start'",
        ),
        (
            "s,A,2021,growth,0.1,2021,end,end,,",
            "o.csv:2 [from_period]: 'end' is not before period = 'end'",
        ),
    ],
)
def test_periods_that_cannot_be_are_named(row, expected):
    assert faults(f"{row}\n", PERIODS) == [expected]


def test_periods_of_excluded_rows_are_not_looked_at():
    [row] = read("s,A,2021,count,5,,sometime,,,,unclear\n", PERIODS.strip() + ",excluded\n").rows
    assert row.period == "sometime"


def test_a_column_that_must_be_there():
    with pytest.raises(TableError) as caught:
        parse_observations("source,aera,year,value\ns,A,2021,5\n", name="o.csv")
    assert str(caught.value).splitlines() == [
        "o.csv:1: unknown column 'aera'. Did you mean 'area'?",
        "o.csv:1: column 'area' is missing",
        "o.csv:1: column 'kind' is missing",
    ]


def test_a_repeated_row_is_used_once_with_a_warning():
    with pytest.warns(
        HeadcountWarning, match=r"o\.csv:4: repeats line 2 word for word; it is used once\."
    ):
        table = read(
            "s,A,2021,count,5,,,,,,,,,\ns,B,2021,count,5,,,,,,,,,\ns,A,2021,count,5,,,,,,,,,\n"
        )
    assert [row.line for row in table.rows] == [2, 3]


def test_a_warning_names_the_line_that_called_headcount(tmp_path):
    path = tmp_path / "o.csv"
    path.write_text(HEADER + 2 * "s,A,2021,count,5,,,,,,,,,\n")
    with pytest.warns(HeadcountWarning) as caught:
        read_observations(path)
    assert [warning.filename for warning in caught] == [__file__]


def test_contradicting_rows_are_all_used_with_a_warning():
    with pytest.warns(HeadcountWarning) as caught:
        table = read(
            "s,A,2021,count,5,,,,,,,,,\ns,A,2021,count,6,,,,,,,,,\ns,A,2021,count,7,,,,,,,,old,\n"
        )
    assert len(table.fitted) == 2
    assert [str(warning.message) for warning in caught] == [
        "o.csv:2, 3: 's' states 2 different counts for A in 2021; all are used, as repeated noisy "
        "measurements. If one is wrong, write the reason in its cell 'excluded'."
    ]


@pytest.mark.parametrize(
    "other",
    [
        "t,A,2021,count,6,,,,,,,,,",
        "s,B,2021,count,6,,,,,,,,,",
        "s,A,2022,count,6,,,,,,,,,",
        "s,A,2021,lower_bound,6,,,,,,,,,",
        "s,A,2021,count,6,,,,,,,,,,end",
        "s,A,2021,count,6,,,,,,,,,,2021",
    ],
)
def test_rows_about_different_things_do_not_contradict(other):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read(f"s,A,2021,count,5,,,,,,,,,\n{other}\n", HEADER.strip() + ",period\n")) == 2


def test_a_file_in_another_encoding_is_named_with_its_line(tmp_path):
    path = tmp_path / "o.csv"
    path.write_bytes(
        (HEADER + "s,A,2021,count,5,,,,,,,,,ok\ns,B,2021,count,5,,,,,,,,,Österreich\n").encode(
            "cp1252"
        )
    )
    with pytest.raises(TableError, match=r"o\.csv:3: byte 0xd6 is not UTF-8"):
        read_observations(path)
    path.write_bytes(b"\xef\xbb\xbf" + (HEADER + "s,A,2021,count,5,,,,,,,,,Österreich\n").encode())
    assert read_observations(path).rows[0].notes == "Österreich"


# Surrogates cannot be written as UTF-8; blanks at the ends of a cell are not part of it.
TEXT = some.text(some.characters(exclude_categories=["Cs"]), max_size=12).map(str.strip)
CODE = TEXT.filter(bool)
SIZE = some.floats(1e-6, 1e12)


@some.composite
def rows(draw):
    kind = draw(some.sampled_from(sorted(OBSERVATION_KINDS)))
    n = draw(some.integers(1, 10**6))
    low = draw(SIZE)
    year = draw(some.integers(1, 9999))
    when = draw(
        some.sampled_from(["", "start", "end", f"{year:04}", f"{year:04}-Q2", f"{year:04}-12-31"])
    )
    cells = {
        "count": {"value": draw(some.just(0.0) | SIZE), "relative_se": draw(some.none() | SIZE)},
        "rounded": {"value": draw(some.just(0.0) | some.just(2 * low)), "unit": low},
        "lower_bound": {"value": draw(SIZE)},
        "upper_bound": {"value": draw(SIZE)},
        "suppressed": {"value": draw(SIZE)},
        "flow": {"value": draw(some.just(0.0) | SIZE), "relative_se": draw(some.none() | SIZE)},
        "range": {"lower": low, "upper": 2 * low, "mass": draw(some.none() | some.floats(0.01, 1))},
        "growth": {
            "value": draw(some.floats(-0.99, 1e6).filter(lambda x: abs(x) > 1e-6)),
            "from_year": -1,
        },
        "share": {
            "value": draw(SIZE),
            "of_area": draw(CODE),
            "n": draw(some.none() | SIZE),
            "of_source": draw(TEXT),
        },
        "survey": {
            "value": float(draw(some.integers(0, n))),
            "n": float(n),
            "of_scope": draw(CODE),
            "seen_by": draw(TEXT),
        },
        "overlap": {"value": float(draw(some.integers(0, n))), "n": float(n)},
    }[kind]
    names = ("source", "area", "scope", "excluded", "as_stated", "citation", "license", "notes")
    text = {name: draw(CODE if name in ("source", "area") else TEXT) for name in names}
    return Observation(kind=kind, year=year, period=when, **cells, **text)


@given(rows=some.lists(rows(), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_written_observations_are_read_back(rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HeadcountWarning)
        back = parse_observations(Observations(tuple(rows)).to_csv())
    assert [replace(row, line=0) for row in back.rows] == list(dict.fromkeys(rows))
