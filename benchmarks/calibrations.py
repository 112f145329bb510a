"""Calibrate three studies that differ in structure, and print the table of docs/validation.md.

Run: uv run python benchmarks/calibrations.py --studies 100 --seed 1 --figures docs
"""

from __future__ import annotations

import argparse
from pathlib import Path

import headcount as hc
from headcount.reporting.calibration_figure import calibration_figure
from headcount.workflows.calibration.calibrated_quantities import PROBABILITIES
from headcount.workflows.calibration.calibration_result import whole_percent

STUDIES = Path(__file__).parent / "calibration"
NAMES = ("sparse", "platforms", "lists")


def lines_of(name: str, found: hc.Calibration) -> list[str]:
    """Return the lines of a study in a Markdown table."""
    lines = []
    for _, group in found.by_group().iterrows():
        cells = [
            f"{100 * group[f'coverage_{whole_percent(prob)}']:.1f}"
            f" ± {100 * group[f'error_{whole_percent(prob)}']:.1f}"
            for prob in PROBABILITIES
        ]
        verdict = "passed" if group["passed"] else f"**failed**: {group['verdict']}"
        facts = (
            name,
            group["group"],
            str(group["quantities"]),
            f"{group['p_uniform']:.2g}",
            *cells,
            verdict,
        )
        lines.append(f"| {' | '.join(facts)} |")
    return lines


def main() -> None:
    """Run the studies, finished fits excepted, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=100)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--processes", type=int, default=None)
    parser.add_argument("--out", type=Path, default=Path("calibration"))
    parser.add_argument(
        "--figures", type=Path, default=None, help="folder for calibration_NAME.svg"
    )
    arguments = parser.parse_args()
    table, notes = [], []
    for name in NAMES:
        folder = STUDIES / name
        spec = hc.read_spec(folder / f"{name}.toml")
        rows = hc.read_observations(folder / "data" / "observations.csv")
        batch = hc.BatchOptions(folder=arguments.out / name / "fits", processes=arguments.processes)
        found = hc.calibrate(
            spec, rows, seed=arguments.seed, studies=arguments.studies, batch=batch
        )
        table += lines_of(name, found)
        notes.append(f"{name}: {' '.join(found.sentences)}")
        if arguments.figures is not None:
            target = arguments.figures / f"calibration_{name}.svg"
            target.write_text(calibration_figure(found), encoding="utf-8")
    heads = (
        "study",
        "group",
        "n",
        "p",
        *(f"{whole_percent(prob)} %" for prob in PROBABILITIES),
        "",
    )
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    print("\n".join(table))
    print("\n".join(["", *notes]))


if __name__ == "__main__":
    main()
