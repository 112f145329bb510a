"""Areas: a tree whose regions partition the root, groupings, and the faults of both."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from headcount.errors import TableError
from headcount.study.areas import Areas, parse_areas, read_areas

HEADER = "area,name,parent,pool,remainder,members,alike\n"
TREE = (
    HEADER
    + """W,World,,,,
EU,Europe,W,rich,Rest of Europe,,yes
DE,Germany,EU,,,
XKX,Kosovo,EU,poor,,
NA,Namibia,W,,,
SEA,"Seas, all",W,,,
G,Group,,,,DE;NA
H,Larger group,,,,G;SEA
"""
)


def faults(rows, header=HEADER):
    with pytest.raises(TableError) as caught:
        parse_areas(header + rows, name="areas.csv")
    return str(caught.value).splitlines()


@pytest.fixture(scope="module")
def areas() -> Areas:
    return parse_areas(TREE)


def codes(areas, area):
    return {areas.regions[index] for index in areas.regions_of(area)}


def test_regions_are_the_leaves_and_namibia_is_one(areas):
    assert areas.regions == ("DE", "XKX", "NA", "SEA", "EU-REST")
    assert areas.root == "W"
    assert areas.region_index["NA"] == 2
    assert areas.by_code["EU-REST"].name == "Rest of Europe"


def test_areas_are_made_of_regions(areas):
    assert codes(areas, "W") == set(areas.regions)
    assert codes(areas, "EU") == {"DE", "XKX", "EU-REST"}
    assert codes(areas, "DE") == {"DE"}
    assert codes(areas, "G") == {"DE", "NA"}
    assert codes(areas, "H") == {"DE", "NA", "SEA"}
    assert areas.children("G") == ("DE", "NA")
    assert areas.regions_of("W") == tuple(range(5))


def test_holding_is_about_regions(areas):
    assert areas.contains("EU", "DE")
    assert areas.contains("H", "G")
    assert areas.contains("W", "H")
    assert not areas.contains("EU", "G")


def test_pools_are_inherited(areas):
    assert [areas.pool_of(code) for code in ("DE", "EU-REST", "XKX", "NA", "SEA")] == [
        "rich",
        "rich",
        "poor",
        "W",
        "W",
    ]
    assert areas.pools == ("rich", "poor", "W")


def test_regions_of_an_area_that_is_alike_are_one_unit(areas):
    assert [areas.reach_group_of(code) for code in areas.regions] == ["EU", "EU", "NA", "SEA", "EU"]
    assert areas.reach_groups == ("EU", "NA", "SEA")


def test_the_widest_area_that_is_alike_is_the_unit():
    rows = "W,World,,,,,\nA,A,W,,,,yes\nB,B,A,,rest,,yes\nC,C,B,,,,\nD,D,W,,,,yes\n"
    areas = parse_areas(HEADER + rows)
    assert areas.regions == ("C", "D", "B-REST")
    assert areas.reach_groups == ("A", "D")
    assert parse_areas(areas.to_csv()).reach_groups == areas.reach_groups


def test_a_root_alone_is_a_region():
    assert parse_areas(HEADER + "W,World,,,,\n").regions == ("W",)


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("Kosovo", "Did you mean 'XKX'?"),
        ("kosovo", "Did you mean 'XKX'?"),
        ("Kosov", "Did you mean 'XKX'?"),
        ("GERMANY", "Did you mean 'DE'?"),
        ("xkx", "Did you mean 'XKX'?"),
        ("XK", "Did you mean 'XKX'?"),
        ("EU-RST", "Did you mean 'EU-REST'?"),
    ],
)
def test_advice_names_the_code_for_names_and_slips(areas, code, advice):
    assert areas.advice(code) == advice


def test_written_areas_are_read_back_without_their_remainders(areas):
    text = areas.to_csv()
    assert "EU-REST" not in text
    assert parse_areas(text).rows == areas.rows


def test_a_file_is_known_by_its_name(tmp_path):
    (tmp_path / "regions.csv").write_text(TREE)
    assert read_areas(tmp_path / "regions.csv").name == "regions.csv"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            "W,World,,,,\nX,Other,,,,\n",
            [
                "areas.csv: 2 areas have no parent (W, X). Exactly one area, the root, must have "
                "an empty parent."
            ],
        ),
        (
            "A,A,B,,,\nB,B,A,,,\n",
            [
                "areas.csv: 0 areas have no parent (none). Exactly one area, the root, must have "
                "an empty parent."
            ],
        ),
        (
            "W,World,,,,\nA,A,B,,,\nB,B,A,,,\nC,C,B,,,\n",
            [
                "areas.csv:3 [parent]: area 'A' lies inside itself",
                "areas.csv:4 [parent]: area 'B' lies inside itself",
            ],
        ),
        ("W,World,,,,\nA,A,A,,,\n", ["areas.csv:3 [parent]: area 'A' lies inside itself"]),
        (
            "W,World,,,,\nA,A,W,,,\nG,G,,,,H;A\nH,H,,,,G\n",
            [
                "areas.csv:4 [parent]: area 'G' lies inside itself",
                "areas.csv:5 [parent]: area 'H' lies inside itself",
            ],
        ),
        (
            "W,World,,,,\nA,A,W,,,\nG,G,W,,,A\n",
            [
                "areas.csv:4 [parent]: grouping 'G' has a parent. Give an area a parent or "
                "members, not both."
            ],
        ),
        (
            "W,World,,,,\nA,A,W,,Rest of A,\n",
            [
                "areas.csv:3 [remainder]: area 'A' has a remainder and no children. Empty the "
                "cell or add the children."
            ],
        ),
        (
            "W,World,,,,\nA,A,W,,,\nG,G,,,,A\nB,B,G,,,\n",
            [
                "areas.csv:5 [parent]: parent 'G' is a grouping. Choose an area of the tree as "
                "the parent."
            ],
        ),
        (
            "W,World,,,,\nA,A,W,,,\nA,again,W,,,\n",
            [
                "areas.csv:3 [area]: area 'A' is in the table twice",
                "areas.csv:4 [area]: area 'A' is in the table twice",
            ],
        ),
        (
            "W,World,,,,,\nA,A,W,,,,maybe\nG,G,,,,A,yes\n",
            [
                "areas.csv:3 [alike]: 'maybe' is not a valid value. Write yes, or leave the cell "
                "empty.",
                "areas.csv:4 [alike]: a grouping is not an area of the tree. Empty the cell, and "
                "mark areas of the tree.",
            ],
        ),
        (
            "W,World,,,Rest,\nA,A,W,,,\nW-REST,mine,W,,,\n",
            [
                "areas.csv:4 [area]: area 'W-REST' is in the table twice: the remainder of 'W' "
                "has this code. "
                "Empty the cell 'remainder', or leave out this row."
            ],
        ),
        (
            "W,World,,,,\nAAA,A,WW,,,\n,nameless,W,,,\nG,G,,,,AAA;AAB\n",
            [
                "areas.csv:3 [parent]: unknown area 'WW'. Did you mean 'W'?",
                "areas.csv:4 [area]: the code is empty",
                "areas.csv:5 [members]: unknown area 'AAB'. Did you mean 'AAA'?",
            ],
        ),
    ],
)
def test_faults_of_the_tree(rows, expected):
    assert faults(rows) == expected


def test_an_area_may_end_in_rest_of_its_own():
    areas = parse_areas(HEADER + "W,World,,,,\nA-REST,A,W,,,\nB,B,W,,,\n")
    assert areas.regions == ("A-REST", "B")
    assert "A-REST" in parse_areas(areas.to_csv()).regions


@given(
    parents=some.lists(some.integers(0, 100), min_size=1, max_size=12),
    pools=some.lists(some.sampled_from(["", "a", "b"]), min_size=13, max_size=13),
    rests=some.lists(some.booleans(), min_size=13, max_size=13),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_any_tree_is_partitioned_and_read_back(parents, pools, rests):
    above = [None, *(parent % (i + 1) for i, parent in enumerate(parents))]
    rows = "".join(
        f"c{i},name {i},{'' if parent is None else f'c{parent}'},{pools[i]},"
        f"{'rest' if rests[i] and i in above else ''},\n"
        for i, parent in enumerate(above)
    )
    areas = parse_areas(HEADER + rows)
    assert codes(areas, areas.root) == set(areas.regions)
    for code in areas.by_code:
        below = [codes(areas, child) for child in areas.children(code)]
        assert sum(len(part) for part in below) in (0, len(codes(areas, code)))
        assert areas.contains(areas.root, code)
    assert parse_areas(areas.to_csv()).rows == areas.rows
