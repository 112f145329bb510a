"""Text tables: cells as written, lines as counted in an editor, faults named by file and line."""

from __future__ import annotations

import pytest

from headcount.errors import TableError
from headcount.study.text_tables import parse_table, read_text, write_table

COLUMNS = ("area", "year", "notes")


def parse(text):
    return parse_table(text, name="t.csv", columns=COLUMNS, required=("area", "year"))


def faults(text):
    with pytest.raises(TableError) as caught:
        parse(text)
    return str(caught.value).splitlines()


def test_cells_stay_as_written_and_na_is_namibia():
    [row] = parse("area,year,notes\nNA, 2021 ,null\n").rows
    assert row.cells == {"area": "NA", "year": "2021", "notes": "null"}


def test_empty_cells_are_left_out_and_short_rows_end_early():
    first, second = parse("area,year,notes\nA,,\nB,2021\n").rows
    assert first.cells == {"area": "A"}
    assert second.cells == {"area": "B", "year": "2021"}


def test_quoted_commas_quotes_and_line_ends_are_part_of_the_cell():
    first, second, third = parse(
        'area,year,notes\nA,2021,"one, two"\nB,2021,"first\n\nthird ""line"""\nC,2021,x\n'
    ).rows
    assert first.cells["notes"] == "one, two"
    assert second.cells["notes"] == 'first\n\nthird "line"'
    assert [first.line, second.line, third.line] == [2, 3, 6]


def test_a_row_is_where_it_begins_and_blank_lines_count():
    rows = parse('area,year,notes\n\nA,2021,"x\ny"\n , ,\nB,2021,\n').rows
    assert [(row.cells["area"], row.line) for row in rows] == [("A", 3), ("B", 6)]
    assert rows[0].where("year") == "t.csv:3 [year]"
    assert rows[1].where() == "t.csv:6"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_all_systems(end):
    rows = parse(end.join(["area,year,notes", "A,2021,x", "B,2022,y", ""])).rows
    assert [row.line for row in rows] == [2, 3]
    assert rows[1].cells == {"area": "B", "year": "2022", "notes": "y"}


def test_a_multi_line_header_cell_does_not_shift_lines():
    assert faults('area,"ye\nar"\nA,2021\n')[0].startswith("t.csv:1: unknown column 'ye\\nar'")
    assert parse('area,year,"notes\n"\nA,2021,x\n').rows[0].line == 3


@pytest.mark.parametrize("text", ["", "\n", ",,\n", " , \nA,2021\n"])
def test_a_table_without_a_header_is_empty(text):
    assert faults(text) == [
        "t.csv: the table is empty. Its first line must name the columns area, year, notes."
    ]


@pytest.mark.parametrize("text", ["area,year\n", "area,year", "area,year\n,,\n \n"])
def test_a_header_alone_is_no_table(text):
    assert faults(text)[-1] == "t.csv: the table has no rows"


def test_columns_are_all_checked_at_once():
    assert faults("aera,notes,notes,zzz\nA,1,2,3\n") == [
        "t.csv:1: unknown column 'aera'. Did you mean 'area'?",
        "t.csv:1: unknown column 'zzz'. Known: 'area', 'notes', 'year'.",
        "t.csv:1: column 'notes' is in the header twice",
        "t.csv:1: column 'area' is missing",
        "t.csv:1: column 'year' is missing",
    ]


def test_semicolons_are_not_taken_for_commas():
    assert faults("area;year\nA;2021\n")[0].startswith("t.csv:1: unknown column 'area;year'")


def test_every_row_with_too_many_cells_is_named_at_its_line():
    assert faults("area,year\nA,2021\nB,12,000,2021\nC,2021,\n") == [
        "t.csv:3: 4 cells under 2 columns. Put quotes around a cell that contains a comma.",
        "t.csv:4: 3 cells under 2 columns. Put quotes around a cell that contains a comma.",
    ]


@pytest.mark.parametrize("filler", ["x", "x" * 200_000])
def test_a_quote_that_is_never_closed_is_named_where_its_row_begins(filler):
    # Read leniently it would swallow every row below, and they would be missing without a word.
    [fault] = faults(f'area,year,notes\nA,2021,x\nB,2021,"{filler}\nC,2021,x\n')
    assert fault.startswith("t.csv:3: cannot be split into cells (")
    assert fault.endswith("Close each quote; write a quote inside a cell twice.")


def test_text_after_a_closed_quote_is_a_fault():
    assert faults('area,year,notes\nA,2021,"so" they say\n')[0].startswith(
        "t.csv:2: cannot be split"
    )


def test_written_tables_are_read_back():
    rows = [
        {"area": "NA", "year": 2021, "notes": 'a "b", c\nd'},
        {"area": "B", "year": 2022, "notes": None},
    ]
    first, second = parse(write_table(rows, COLUMNS)).rows
    assert first.cells == {"area": "NA", "year": "2021", "notes": 'a "b", c\nd'}
    assert second.cells == {"area": "B", "year": "2022"}


def test_a_byte_order_mark_is_dropped(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbfarea,year\nA,2021\n")
    assert parse(read_text(path)).rows[0].cells == {"area": "A", "year": "2021"}


def test_another_encoding_is_named_with_its_line(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("area,year,notes\nA,2021,plain\nB,2021,Württemberg\n".encode("cp1252"))
    with pytest.raises(TableError) as caught:
        read_text(path)
    assert str(caught.value) == f"{path}:3: byte 0xfc is not UTF-8. Save the file as UTF-8."


def test_utf_16_is_another_encoding(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("area,year\n".encode("utf-16"))
    with pytest.raises(TableError, match=r"t\.csv:1: byte 0xff is not UTF-8"):
        read_text(path)


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path, name):
    with pytest.raises(TableError, match=r"cannot be read \((No such file or|Is a) directory\)"):
        read_text(tmp_path / name)
