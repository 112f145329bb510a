"""Studies to race on: the plain model in any size, written as the files that a user would have.

A register counts a few regions, an analyst states totals of the world, and platforms see an unknown
part of each region. That is all: one scope, a random walk, no covariates, no lineages. It is what
can be written by hand in Stan or PyMC in an afternoon.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import headcount as hc

__all__ = ["SIZES", "Size", "write_study"]


@dataclass(frozen=True)
class Size:
    """How large a study is: numbers of regions, years, sources and, about, rows."""

    regions: int
    years: int
    sources: int
    rows: int


SIZES = {
    "small": Size(10, 8, 5, 150),
    "medium": Size(40, 10, 8, 1_009),
    "large": Size(200, 20, 12, 20_000),
}

FIRST_YEAR = 2001

HEAD = """title = "A race"
question = "How many are there?"
definition = "Invented people."
target = "person"
data = "data"

[years]
first = {first}
last = {last}
reference = {reference}

[total]
prior = {{ low = 100_000, high = 3_000_000, mass = 0.9 }}

[regions]
region_sd = {{ low = 0.5, high = 2, mass = 0.9 }}
pool_sd = {{ low = 0.1, high = 1, mass = 0.9 }}

[growth]
kind = "random_walk"
rate = {{ low = -0.05, high = 0.3, mass = 0.9 }}
region_rate_sd = {{ low = 0.01, high = 0.1, mass = 0.9 }}
common_sd = {{ low = 0.02, high = 0.15, mass = 0.9 }}
region_sd = {{ low = 0.01, high = 0.1, mass = 0.9 }}

[scopes.person]
definition = "Invented."

[source_kinds.register]
noise = {{ low = 0.01, high = 0.1, mass = 0.9 }}

[source_kinds.platform]
noise = {{ low = 0.05, high = 0.3, mass = 0.9 }}

[source_kinds.claim]
noise = {{ low = 0.1, high = 0.5, mass = 0.9 }}

[sources.register]
title = "A register of a few regions"
kind = "register"
scope = "person"
anchor = true

[sources.analyst]
title = "An analyst house"
kind = "claim"
scope = "person"
multiplier = {{ low = 0.6, high = 1.6, mass = 0.9 }}
"""

PLATFORM = """
[sources.{name}]
title = "Platform {name}"
kind = "platform"
scope = "person"
coverage = {{ low = 0.1, high = 0.7, mass = 0.9 }}
region_sd = {{ low = 0.1, high = 0.8, mass = 0.9 }}
"""


def write_study(size: Size, folder: Path, *, seed: int) -> Path:
    """Write a model and its tables, with rows simulated by the oracle from a world of the priors.

    Parameters
    ----------
    size
        How large.
    folder
        Where to; made if it is not there.
    seed
        Of the choice of rows and of the world.

    Returns
    -------
    Path
        The model's file.
    """
    (folder / "data").mkdir(parents=True, exist_ok=True)
    last = FIRST_YEAR + size.years - 1
    model = HEAD.format(first=FIRST_YEAR, last=last, reference=FIRST_YEAR + size.years // 2)
    platforms = [f"platform_{number}" for number in range(1, size.sources - 1)]
    model += "".join(PLATFORM.format(name=name) for name in platforms)
    path = folder / "model.toml"
    path.write_text(model, encoding="utf-8")
    regions = [f"R{number:03d}" for number in range(size.regions)]
    areas = ["area,name,parent,pool", "W,World,,"]
    for number, region in enumerate(regions):
        areas.append(
            f"{region},Region {number},W,{'north' if number < size.regions // 2 else 'south'}"
        )
    (folder / "data" / "areas.csv").write_text("\n".join(areas) + "\n", encoding="utf-8")
    rows = _template(size, regions, platforms, np.random.default_rng([seed, 0]))
    spec = hc.read_spec(path)
    made = hc.simulate(spec, rows, seed=seed, within=(200_000, 2_000_000))
    (folder / "data" / "observations.csv").write_text(made.observations.to_csv(), encoding="utf-8")
    return path


def _template(
    size: Size, regions: list[str], platforms: list[str], rng: np.random.Generator
) -> hc.Observations:
    """Return rows without meaning: which statements there are."""
    years = [FIRST_YEAR + step for step in range(size.years)]
    wanted = [("analyst", "W", year) for year in years[1:]]
    wanted += [("register", region, year) for region in regions[::5] for year in years[::2]]
    cells = [(name, region, year) for name in platforms for region in regions for year in years]
    chosen = rng.choice(len(cells), min(size.rows - len(wanted), len(cells)), replace=False)
    wanted += [cells[index] for index in sorted(chosen)]
    return hc.Observations(
        tuple(
            hc.Observation(*where, "count", value=1.0, line=line)
            for line, where in enumerate(wanted, 2)
        )
    )
