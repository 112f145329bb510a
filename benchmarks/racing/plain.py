"""The plain study as numbers, taken from the layout and priors that headcount uses.

What contestants read is one JSON file: sizes, rows by source, and for each variable its shape, the
location and scale of its normal prior, and its places in headcount's free vector. A hand-written
model that has these variables therefore has the same unknowns as headcount, and its draws are put
in headcount's order by looking them up.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from headcount.layout.free_vector import segments_of
from headcount.layout.study_layout import Layout, zero_sum_basis

__all__ = ["PLAIN_SCALARS", "block_places", "plain_data"]

PLAIN_SCALARS = {
    "log_total": "total.prior",
    "log_pool_sd": "regions.pool_sd",
    "log_region_sd": "regions.region_sd",
    "log_growth": "growth.rate",
    "log_region_rate_sd": "growth.region_rate_sd",
    "log_common_sd": "growth.common_sd",
    "log_innovation_sd": "growth.region_sd",
}
"""Variables that are one number: their names in the hand-written models, and the priors' paths."""

DEGREES_OF_FREEDOM = 4
"""Of the tails; see docs/model.md."""


def block_places(layout: Layout) -> dict[str, Any]:
    """Return shapes and places of the variables of `headcount.build_model`, for any study."""
    blocks = segments_of(layout)
    return {
        "shapes": {name: [block.size] for name, block in blocks.items()},
        "places": {
            name: list(range(block.start, block.start + block.size))
            for name, block in blocks.items()
        },
    }


def plain_data(layout: Layout) -> dict[str, Any]:
    """Return everything that the hand-written models read.

    Parameters
    ----------
    layout
        Of a study that `benchmarks.racing.studies.write_study` wrote.

    Returns
    -------
    dict
        Numbers and nested lists; indices from zero.
    """
    spec = layout.spec
    kinds = list(dict.fromkeys(spec.sources[name].kind for name in layout.sources))
    platforms = [name for name in layout.sources if spec.sources[name].coverage is not None]
    spreads = {spec.source_kinds[kind].spread for kind in kinds}
    if len(spreads) != 1 or len(spec.areas.pools) != 2:
        msg = (
            "not the plain study: kinds have different spreads of noise, or there are not two pools"
        )
        raise ValueError(msg)
    return {
        "regions": len(spec.areas.regions),
        "years": len(spec.years.labels),
        "reference": spec.years.reference - spec.years.first,
        "kinds": len(kinds),
        "sources": len(layout.sources),
        "platforms": len(platforms),
        "pairs": len(layout.source_reach_groups),
        "degrees_of_freedom": DEGREES_OF_FREEDOM,
        "noise_spread": spreads.pop(),
        "pool": zero_sum_basis(2)[layout.region_pool, 0].tolist(),
        "source_kind": [kinds.index(spec.sources[name].kind) for name in layout.sources],
        "pair_platform": [
            platforms.index(layout.sources[s]) for s, _ in layout.source_reach_groups
        ],
        "pair_region": layout.source_reach_groups[:, 1].tolist(),
        **_rows(layout),
        **_variables(layout, kinds, platforms),
    }


def _variables(layout: Layout, kinds: list[str], platforms: list[str]) -> dict[str, Any]:
    """Return shape, prior and places of each variable."""
    (analyst,) = (
        name for name in layout.sources if layout.spec.sources[name].multiplier is not None
    )
    paths: dict[str, str | list[str]] = {
        **PLAIN_SCALARS,
        "log_noise": [f"source_kinds.{kind}.noise" for kind in kinds],
        "log_multiplier": f"sources.{analyst}.multiplier",
        "logit_coverage": [f"sources.{name}.coverage" for name in platforms],
        "log_reach_sd": [f"sources.{name}.region_sd" for name in platforms],
    }
    order = list(layout.priors)
    found: dict[str, Any] = {"shapes": {}, "places": {}, "location": {}, "scale": {}}
    for name, own in paths.items():
        listed = [own] if isinstance(own, str) else own
        priors = [layout.priors[path] for path in listed]
        found["shapes"][name] = [] if isinstance(own, str) else [len(own)]
        found["places"][name] = [order.index(path) for path in listed]
        location, scale = (
            [float(prior.location) for prior in priors],
            [float(prior.scale) for prior in priors],
        )
        found["location"][name], found["scale"][name] = (
            (location[0], scale[0]) if isinstance(own, str) else (location, scale)
        )
    for name, (block, shape) in _standard_normals(layout).items():
        own = segments_of(layout)[block]
        found["shapes"][name], found["location"][name], found["scale"][name] = shape, 0.0, 1.0
        found["places"][name] = list(range(own.start, own.start + own.size))
    return found


def _standard_normals(layout: Layout) -> dict[str, tuple[str, list[int]]]:
    """Return the non-centred effects: headcount's block, and the shape in a hand-written model."""
    regions, steps = len(layout.spec.areas.regions), len(layout.spec.years.labels) - 1
    return {
        "pool_z": ("pool_z", []),
        "region_z": ("region_z", [regions]),
        "region_rate_z": ("region_rate_z", [regions]),
        "common_z": ("common_innovation_z", [steps]),
        "innovation_z": ("region_innovation_z", [regions, steps]),
        "reach_z": ("source_region_z", [len(layout.source_reach_groups)]),
        "noise_z": ("noise_z", [len(layout.sources)]),
    }


def _rows(layout: Layout) -> dict[str, list[Any]]:
    """Return a table of rows for register, platforms, platforms with zero counts, and analyst."""
    spec = layout.spec
    pairs = {(int(s), int(r)): place for place, (s, r) in enumerate(layout.source_reach_groups)}
    names = ("source", "region", "year", "pair", "log", "variance")
    tables: dict[str, list[list[Any]]] = {
        "register": [],
        "platform": [],
        "unseen": [],
        "analyst": [],
    }
    regions = {code: place for place, code in enumerate(spec.areas.regions)}
    for row in layout.observations.fitted:
        source = layout.sources.index(row.source)
        region = regions.get(row.area, -1)
        own = spec.sources[row.source]
        table = "platform" if own.coverage is not None else "analyst" if region < 0 else "register"
        if row.value == 0 and table != "platform":
            msg = (
                f"a count of zero by {row.source}: only platforms' are written by hand; "
                "take another seed"
            )
            raise ValueError(msg)
        year, pair = row.year - spec.years.first, pairs.get((source, region), -1)
        # A count of zero states fewer than one: the logarithm of one, and a variance of one.
        value = max(row.value, 1.0)
        seen = table if row.value > 0 else "unseen"
        tables[seen].append([source, region, year, pair, float(np.log(value)), 1.0 / value])
    return {
        f"{table}_{name}": [row[place] for row in rows]
        for table, rows in tables.items()
        for place, name in enumerate(names)
    }
