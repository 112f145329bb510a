"""Seconds and memory against the size of plain studies, whose rows and regions grow together.

Each size is fitted in a fresh process with the same numbers of draws. Printed: seconds of each
part, seconds of one gradient (of the density alone, and in the coordinates that are sampled in),
steps per draw, peak memory, and for each the exponent of its growth with the number of rows: the
slope of its logarithm on that of the rows.

Run: uv run python benchmarks/scaling.py --seed 1
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

# So that the modules of the race are found from wherever this is started.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.racing.launching import ROOT, watched
from benchmarks.racing.studies import Size, write_study
from benchmarks.racing.tables import markdown

from headcount.reporting.canvas import FAINT, INK, INNER, LINE, canvas

REGIONS = (12, 25, 50, 100, 200)
FIRST_REGIONS = 4
YEARS, SOURCES, ROWS_A_REGION = 20, 12, 100
COLUMNS = {
    "regions": "regions",
    "rows": "rows",
    "unknowns": "unknowns",
    "read": "read s",
    "prepare": "prepare s",
    "sample": "sample s",
    "after": "after s",
    "whole": "whole s",
    "gradient": "density ms",
    "sampler_gradient": "gradient ms",
    "steps_per_draw": "steps/draw",
    "peak_mb": "MB",
}
MILLISECONDS = ("gradient", "sampler_gradient")
NO_GROWTH = ("regions", "rows", "unknowns")


def one_size(regions: int, folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Write a study, fit it in a process of its own, and return what was measured."""
    size = Size(regions, YEARS, SOURCES, ROWS_A_REGION * regions)
    model = write_study(size, folder / str(regions), seed=arguments.seed)
    output = model.parent / "figures.json"
    options = [
        word
        for name in ("seed", "chains", "draws", "tune")
        for word in (f"--{name}", str(getattr(arguments, name)))
    ]
    command = [
        sys.executable,
        "-m",
        "benchmarks.racing.one_size",
        str(model),
        str(output),
        *options,
    ]
    ended = watched(command, dict(os.environ), model.parent / "output.txt", arguments.limit)
    if not output.exists():
        words = (
            f"not finished in {arguments.limit:g} s" if ended.killed else f"failed: {ended.error}"
        )
        print(f"{regions} regions: {words}", flush=True)
        return {}
    return (
        {"regions": regions}
        | json.loads(output.read_text(encoding="utf-8"))
        | {"peak_mb": ended.peak_mb}
    )


def exponent(sizes: list[dict[str, Any]], name: str) -> float | None:
    """Return the slope of a figure's logarithm on the logarithm of the number of rows."""
    pairs = [(size["rows"], size[name]) for size in sizes if size[name]]
    if len(pairs) < 2:
        return None
    rows, values = np.log(np.array(pairs, dtype=np.float64)).T
    return float(np.polyfit(rows, values, 1)[0])


def table(sizes: list[dict[str, Any]], exponents: dict[str, float | None]) -> str:
    """Return what was measured, and the exponents as a last line, as Markdown."""
    lines = [[_cell(name, size[name]) for name in COLUMNS] for size in sizes]
    last = ["" if exponents.get(name) is None else f"{exponents[name]:.2f}" for name in COLUMNS]
    last[0] = "exponent"
    return markdown(tuple(COLUMNS.values()), [*lines, last])


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value * 1000:.3f}" if name in MILLISECONDS else f"{value:.4g}"


def figure(sizes: list[dict[str, Any]], exponents: dict[str, float | None]) -> str:
    """Return an SVG of the seconds of a fit and of a gradient against rows, on log scales."""
    parts = {
        "whole": ("the whole fit", INK),
        "sample": ("sampling", LINE),
        "prepare": ("preparing", INNER),
    }
    steps = {"sampler_gradient": ("as sampled", LINE), "gradient": ("density alone", INNER)}
    with canvas("scaling", 8.4, 3.6) as (drawn, finished):
        panels = drawn.subplots(1, 2)
        _panel(panels[0], sizes, exponents, parts, "Seconds of a fit", 1.0)
        _panel(panels[1], sizes, exponents, steps, "Milliseconds of a gradient", 1000.0)
    return finished()


def _panel(
    panel: Any,
    sizes: list[dict[str, Any]],
    exponents: dict[str, float | None],
    lines: dict[str, tuple[str, str]],
    title: str,
    unit: float,
) -> None:
    rows = [size["rows"] for size in sizes]
    for name, (words, colour) in lines.items():
        slope = "" if exponents[name] is None else f", exponent {exponents[name]:.2f}"
        values = [size[name] * unit for size in sizes]
        panel.plot(rows, values, color=colour, marker="o", markersize=4, label=f"{words}{slope}")
    panel.set(xscale="log", yscale="log", title=title, xlabel="rows")
    panel.xaxis.set_major_formatter("{x:,.0f}")
    panel.yaxis.set_major_formatter("{x:g}")
    panel.set_xticks(rows)
    panel.minorticks_off()
    panel.grid(visible=True)
    panel.tick_params(labelsize=8)
    panel.legend(frameon=False, fontsize=8, labelcolor=INK, edgecolor=FAINT)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--regions", default=",".join(map(str, REGIONS)), help="sizes, with commas")
    parser.add_argument("--chains", type=int, default=2)
    parser.add_argument("--draws", type=int, default=500, help="kept draws of each chain")
    parser.add_argument("--tune", type=int, default=500, help="warm-up draws of each chain")
    parser.add_argument("--limit", type=float, default=900, help="seconds for a size")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "scaling.svg")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    return parser.parse_args()


def main() -> None:
    """Measure all sizes, print the table and draw the figure."""
    arguments = parse()
    # So that measurements that are ended end their process first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="scaling_") as folder:
        # Compiles whatever is not in the cache yet, so that no size pays for it.
        one_size(FIRST_REGIONS, Path(folder), arguments)
        found = [
            one_size(int(regions), Path(folder), arguments)
            for regions in arguments.regions.split(",")
        ]
    sizes = [size for size in found if size]
    exponents = (
        {name: exponent(sizes, name) for name in COLUMNS if name not in NO_GROWTH} if sizes else {}
    )
    print(table(sizes, exponents))
    if len(sizes) > 1:
        arguments.out.write_text(figure(sizes, exponents) + "\n", encoding="utf-8")
        print(f"\n{arguments.out.name} drawn")
    if arguments.json:
        print(json.dumps({"sizes": sizes, "exponents": exponents}, allow_nan=False))


if __name__ == "__main__":
    main()
