"""Areas: a tree from the root (the world) down to regions, and named groupings beside it.

A *region* is a leaf of the tree; the model has a headcount for each region. An area with children
consists of them, unless its ``remainder`` cell names a leaf for the rest of it; then a region with
the code ``<area>-REST`` is added. So the regions always partition the root. A *grouping* (EU27) is
a named set of areas. A *reach group* is a set of regions that share reach and ratios: the regions
of an area that is marked ``alike``, or a single region.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from headcount.errors import Problem, TableError, nearest
from headcount.study.text_tables import Row, parse_table, read_text, write_table

__all__ = ["Area", "Areas", "parse_areas", "read_areas"]

COLUMNS: Final = ("area", "name", "parent", "pool", "remainder", "alike", "members")
REST: Final = "-REST"


@dataclass(frozen=True)
class Area:
    """A row of the areas table.

    Parameters
    ----------
    area
        Code, unique. ISO 3166 codes are usual; any text is valid.
    name
        Name for readers.
    parent
        Code of the area that contains it; empty for the root and for groupings.
    pool
        Name of its pool; regions of one pool are partially pooled. Empty for the parent's pool.
    remainder
        Name of the region that makes up the rest of this area beside its children; empty if the
        children make up all of it.
    alike
        Whether its regions are one reach group: a platform that sees half of a country sees half of
        each of its cities. Written ``yes``. Otherwise a city's part of its country is hardly
        identified by sources that report the country only.
    members
        Codes of the areas that make up a grouping; empty for areas of the tree.
    line
        Line in the file; 0 for a remainder.
    """

    area: str
    name: str
    parent: str = ""
    pool: str = ""
    remainder: str = ""
    alike: bool = False
    members: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True)
class Areas:
    """All areas of a study: the tree, its remainders and the groupings.

    Parameters
    ----------
    rows
        Checked rows, including remainders.
    name
        Name of the table in messages.
    """

    rows: tuple[Area, ...]
    name: str = "areas.csv"

    @cached_property
    def by_code(self) -> dict[str, Area]:
        """Area of each code."""
        return {row.area: row for row in self.rows}

    @cached_property
    def root(self) -> str:
        """Code of the area that contains all others."""
        return next(row.area for row in self.rows if not row.parent and not row.members)

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """Codes of the leaves, in table order."""
        parents = {row.parent for row in self.rows}
        return tuple(r.area for r in self.rows if r.area not in parents and not r.members)

    @cached_property
    def region_index(self) -> dict[str, int]:
        """Position of each region code."""
        return {region: index for index, region in enumerate(self.regions)}

    @cached_property
    def pools(self) -> tuple[str, ...]:
        """Names of the pools, in order of appearance."""
        return tuple(dict.fromkeys(self.pool_of(region) for region in self.regions))

    def reach_group_of(self, region: str) -> str:
        """Return the reach group of a region, named by the area that it consists of.

        This is the widest area above the region that is marked ``alike``, else the region itself.
        """
        group, code = region, region
        while code:
            group = code if self.by_code[code].alike else group
            code = self.by_code[code].parent
        return group

    @cached_property
    def reach_groups(self) -> tuple[str, ...]:
        """Names of the reach groups, in order of appearance; each region lies in one."""
        return tuple(dict.fromkeys(self.reach_group_of(region) for region in self.regions))

    def pool_of(self, code: str) -> str:
        """Return the pool of an area: its own, or that of the nearest area above that has one."""
        area = self.by_code[code]
        return area.pool or (self.pool_of(area.parent) if area.parent else area.area)

    def children(self, code: str) -> tuple[str, ...]:
        """Return the codes directly below an area, or the members of a grouping."""
        return self.by_code[code].members or tuple(self._below.get(code, ()))

    @cached_property
    def _below(self) -> dict[str, list[str]]:
        below: dict[str, list[str]] = {}
        for row in self.rows:
            if row.parent:
                below.setdefault(row.parent, []).append(row.area)
        return below

    def regions_of(self, code: str) -> tuple[int, ...]:
        """Return the positions of the regions that make up an area or grouping, ascending."""
        below = self.children(code)
        if not below:
            return (self.region_index[code],)
        return tuple(sorted({index for child in below for index in self.regions_of(child)}))

    def contains(self, outer: str, inner: str) -> bool:
        """Return whether every region of ``inner`` lies in ``outer``."""
        return set(self.regions_of(inner)) <= set(self.regions_of(outer))

    def advice(self, code: str) -> str:
        """Return advice on an unknown code: the area with the most similar code or name."""
        named = {word.casefold(): row.area for row in self.rows for word in (row.name, row.area)}
        if code.casefold() in named:
            return f"Did you mean {named[code.casefold()]!r}?"
        hint = nearest(code, [*self.by_code, *(row.name for row in self.rows)])
        close = hint.removeprefix("Did you mean '").removesuffix("'?").casefold()
        return f"Did you mean {named[close]!r}?" if close in named else hint

    def to_csv(self) -> str:
        """Return the table as CSV text that `parse_areas` can read."""
        rows = (
            vars(row) | {"members": ";".join(row.members), "alike": "yes" if row.alike else ""}
            for row in self.rows
            if not (row.line == 0 and row.area.endswith(REST))
        )
        return write_table(rows, COLUMNS)


def read_areas(path: str | Path) -> Areas:
    """Read and check an areas table.

    Parameters
    ----------
    path
        CSV file with the columns ``area, name, parent, pool, remainder, alike, members``.

    Returns
    -------
    Areas
        The tree and its groupings.

    Raises
    ------
    TableError
        With all problems found.
    """
    return parse_areas(read_text(path), name=Path(path).name)


def parse_areas(text: str, *, name: str = "areas.csv") -> Areas:
    """Check the text of an areas table; see `read_areas`."""
    table = parse_table(text, name=name, columns=COLUMNS, required=("area", "name", "parent"))
    rows = tuple(_area(row) for row in table.rows)
    problems = [*_row_problems(rows, name), *_alike_problems(table.rows)]
    if not problems:
        rows += tuple(_remainders(rows))
        problems = [*_tree_problems(rows, name)]
    if problems:
        raise TableError(problems)
    return Areas(rows, name)


def _area(row: Row) -> Area:
    cells = row.cells
    members = tuple(code.strip() for code in cells.get("members", "").split(";") if code.strip())
    return Area(
        area=cells.get("area", ""),
        name=cells.get("name", cells.get("area", "")),
        parent=cells.get("parent", ""),
        pool=cells.get("pool", ""),
        remainder=cells.get("remainder", ""),
        alike=cells.get("alike", "") == "yes",
        members=members,
        line=row.line,
    )


def _alike_problems(rows: Iterable[Row]) -> Iterator[Problem]:
    for row in rows:
        answer = row.cells.get("alike", "yes")
        if answer != "yes":
            yield Problem(
                row.where("alike"),
                f"{answer!r} is not a valid value",
                "Write yes, or leave the cell empty.",
            )
        elif "alike" in row.cells and "members" in row.cells:
            message = "a grouping is not an area of the tree"
            yield Problem(
                row.where("alike"), message, "Empty the cell, and mark areas of the tree."
            )


def _remainders(rows: tuple[Area, ...]) -> Iterator[Area]:
    for row in rows:
        if row.remainder:
            yield Area(row.area + REST, row.remainder, parent=row.area, pool=row.pool)


def _row_problems(rows: tuple[Area, ...], name: str) -> Iterator[Problem]:
    codes = Counter(row.area for row in rows)
    roots = [row for row in rows if not row.parent and not row.members]
    if len(roots) != 1:
        message = (
            f"{len(roots)} areas have no parent ({', '.join(r.area for r in roots[:5]) or 'none'})"
        )
        yield Problem(name, message, "Exactly one area, the root, must have an empty parent.")
    for row in rows:
        where = f"{name}:{row.line}"
        if not row.area:
            yield Problem(f"{where} [area]", "the code is empty")
        elif codes[row.area] > 1:
            yield Problem(f"{where} [area]", f"area {row.area!r} is in the table twice")
        if row.members and row.parent:
            message = f"grouping {row.area!r} has a parent"
            yield Problem(
                f"{where} [parent]", message, "Give an area a parent or members, not both."
            )
        for column, code in [("parent", row.parent), *(("members", m) for m in row.members)]:
            if code and code not in codes:
                advice = nearest(code, filter(None, codes))
                yield Problem(f"{where} [{column}]", f"unknown area {code!r}", advice)


def _tree_problems(rows: tuple[Area, ...], name: str) -> Iterator[Problem]:
    by_code = {row.area: row for row in rows}
    parents = {row.parent for row in rows if row.line}
    for row in rows:
        where = f"{name}:{row.line}"
        if row.line and by_code[row.area] is not row:
            rest = by_code[row.area].parent
            message = (
                f"area {row.area!r} is in the table twice: the remainder of {rest!r} has this code"
            )
            advice = "Empty the cell 'remainder', or leave out this row."
            yield Problem(f"{where} [area]", message, advice)
        if _has_cycle(row, by_code):
            yield Problem(f"{where} [parent]", f"area {row.area!r} lies inside itself")
        if row.remainder and row.area not in parents:
            message = f"area {row.area!r} has a remainder and no children"
            yield Problem(f"{where} [remainder]", message, "Empty the cell or add the children.")
        if row.parent and by_code[row.parent].members:
            message = f"parent {row.parent!r} is a grouping"
            yield Problem(f"{where} [parent]", message, "Choose an area of the tree as the parent.")


def _has_cycle(row: Area, by_code: dict[str, Area]) -> bool:
    seen = set()
    stack = [row.area]
    while stack:
        code = stack.pop()
        above = by_code[code]
        following = [above.parent] if above.parent else list(above.members)
        for other in following:
            if other == row.area:
                return True
            if other not in seen:
                seen.add(other)
                stack.append(other)
    return False
