"""What does one wrong row do? The flagship with one figure a thousand times too large, fit by fit.

Each fit differs from the first in one row, which states persons where the source means thousands.
Printed: by what part of its 90 % interval's width the world's headcount in the reference year
moves, and how probably the row is named as outlying.

Run: uv run python benchmarks/unit_errors.py --seed 1 --out calibration/unit_errors
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import headcount as hc
from headcount.diagnostics.checks import Evidence
from headcount.workflows.batches import BatchOptions, Job, run_batch

MODEL = Path("models/ml_engineers.toml")
ROWS = (
    ("bls_oews", "USA", 2025),
    ("eurostat_ict_specialists", "DEU", 2021),
    ("github_ml_topic", "USA", 2021),
    ("element_ai_2020", "USA", 2020),
    ("cset_ai_development", "USA", 2026),
)
"""Two anchors, a platform, a profile count and a report."""


@dataclass(frozen=True)
class TotalAndRow:
    """Summary: draws of the total, and the probability that a row is outlying."""

    line: int

    def __call__(self, fit: hc.Fit) -> Mapping[str, np.ndarray]:
        """Return both."""
        year = fit.spec.years.reference
        table = Evidence(fit).rows.table
        own = table.loc[table["line"] == self.line, "p_outlying"]
        return {
            "total": hc.headcount(fit).sel(year=year).to_numpy().ravel(),
            "outlying": own.to_numpy(),
        }


def with_error(observations: hc.Observations, line: int) -> hc.Observations:
    """Return the table with one row a thousand times too large."""

    def wrong(row: hc.Observation) -> hc.Observation:
        unit = None if row.unit is None else 1000 * row.unit
        return replace(row, value=1000 * (row.value or 0), unit=unit)

    rows = tuple(wrong(row) if row.line == line else row for row in observations.rows)
    return replace(observations, rows=rows)


def main() -> None:
    """Fit, and print one line for each wrong row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--draws", type=int, default=750)
    parser.add_argument("--processes", type=int, default=None)
    parser.add_argument("--out", type=Path, default=Path("calibration/unit_errors"))
    arguments = parser.parse_args()
    spec = hc.read_spec(MODEL)
    observations = hc.read_observations(MODEL.parent / spec.data / "observations.csv")
    lines = {
        f"{source}-{area}-{year}": next(
            row.line
            for row in observations.fitted
            if (row.source, row.area, row.year) == (source, area, year)
        )
        for source, area, year in ROWS
    }
    sampler = hc.Sampler(chains=2, draws=arguments.draws, tune=arguments.draws // 2)
    settings = {"seed": arguments.seed, "sampler": sampler}
    study = hc.Study(spec, observations)
    jobs = [Job("as-stated", study, summarise=TotalAndRow(0), **settings)]
    jobs += [
        Job(
            name,
            study.variant(observations=with_error(observations, line)),
            summarise=TotalAndRow(line),
            **settings,
        )
        for name, line in lines.items()
    ]
    batch = BatchOptions(folder=arguments.out, processes=arguments.processes)
    first, *others = run_batch(jobs, batch)
    low, middle, high = np.quantile(first.values["total"], [0.05, 0.5, 0.95])
    print(f"as stated: {middle:,.0f} ({low:,.0f} to {high:,.0f})")
    print(
        "| row, times 1,000 | median moves by | of the interval's width | probability of being "
        "outlying |\n|---|---|---|---|"
    )
    for outcome in others:
        moved = float(np.median(outcome.values["total"])) - middle
        outlying = float(outcome.values["outlying"][0])
        print(f"| {outcome.key} | {moved:+,.0f} | {moved / (high - low):+.1%} | {outlying:.2f} |")


if __name__ == "__main__":
    main()
