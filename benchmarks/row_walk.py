"""Follow one row from the table to the arrays that compiled code reads: files and returns.

Prints how many files of the package take part in reading the table, checking the study and laying
it out, how many calls return in them, and how many of these return something of the row itself: the
row, its cells, its form or its terms.

    uv run python benchmarks/row_walk.py [--line 2]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import headcount as hc
from headcount.study.observation import Observation

ROOT = Path(__file__).parents[1]
PACKAGE = str(Path(hc.__file__).parent)


def walked(work: Callable[[], object], line: int) -> tuple[set[str], int, list[str]]:
    """Return the files and the number of returns of some work, and the returns about one row."""
    files: set[str] = set()
    about: list[str] = []
    returns = 0

    def note(frame: FrameType, event: str, value: object) -> None:
        nonlocal returns
        code = frame.f_code
        if event != "return" or not code.co_filename.startswith(PACKAGE):
            return
        returns += 1
        files.add(code.co_filename)
        own = [local for local in frame.f_locals.values() if isinstance(local, Observation)]
        if value is not None and any(row.line == line for row in own) and "<" not in code.co_name:
            place = Path(code.co_filename).relative_to(PACKAGE)
            about.append(f"{place}:{code.co_name}")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return files, returns, about


def main() -> None:
    """Follow a row of the toy study."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--line", type=int, default=2, help="line of the row in the table")
    line = parser.parse_args().line
    spec = hc.read_spec(ROOT / "models" / "toy.toml")
    table = ROOT / "data" / "toy" / "observations.csv"

    def work() -> object:
        from headcount.engine.density import study_arrays
        from headcount.layout.study_layout import layout_of

        study = hc.Study(spec, hc.read_observations(table))
        arrays = getattr(study_arrays, "arrays_of", None) or study_arrays.assemble
        return arrays(layout_of(study))

    work()  # imports apart
    files, returns, about = walked(work, line)
    print(f"{len(files)} files, {returns:,} returns, {len(about)} of them about the row:")
    for place in dict.fromkeys(about):
        print(f"  {place}")


if __name__ == "__main__":
    main()
