"""Remake the README's picture and table from a fit of the flagship.

Run: uv run python docs/readme_answer.py reports/ml_engineers.nc
"""

from __future__ import annotations

import sys
from pathlib import Path

import headcount as hc
from headcount._wording import people
from headcount.diagnostics.checks.evidence import Evidence
from headcount.reporting.year_figures import total_figure

AREAS = (
    "WORLD",
    "USA",
    "IND",
    "CHN",
    "GBR",
    "DEU",
    "BRA",
    "CAN",
    "POL",
    "HUN",
    "ARG",
    "KEN",
    "NGA",
    "London",
)
YEARS = (2021, 2025)


def main(path: str) -> None:
    """Write the picture beside this script and print the table."""
    fit = hc.load_fit(path)
    Path(__file__).with_name("ml_engineers.svg").write_text(
        total_figure(Evidence(fit, 0.9)).svg, encoding="utf-8"
    )
    print("| " + " | ".join(["area", *(f"{year} (90 % interval)" for year in YEARS)]) + " |")
    print("|---|" + "---|" * len(YEARS))
    for code in AREAS:
        cells = [cell(hc.headcount(fit, area=code).sel(year=year)) for year in YEARS]
        print("| " + " | ".join([fit.spec.areas.by_code[code].name, *cells]) + " |")


def cell(draws: object) -> str:
    """Return median and interval as a reader would write them."""
    low, middle, high = draws.quantile([0.05, 0.5, 0.95], ("chain", "draw")).values
    return f"{people(middle)} ({people(low)} to {people(high)})"


if __name__ == "__main__":
    main(sys.argv[1])
