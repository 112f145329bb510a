"""A spec that uses every section, for the tests of the oracle."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

import headcount as hc
from headcount.simulation import State
from headcount.simulation.state_draws import draw_states

__all__ = [
    "AREAS",
    "COVARIATES",
    "NEARLY",
    "document",
    "fixed",
    "interval",
    "level",
    "make",
    "states",
]

AREAS = """area,name,parent,pool,remainder,members
WORLD,World,,,,
A,Aland,WORLD,west,,
B,Bland,WORLD,west,,
C,Cland,WORLD,east,Rest of Cland,
C1,Cesar,C,east,,
D,Dland,WORLD,alone,,
AB,Union,,,,A;B
BC,Axis,,,,B;C
"""
"""Regions: A, B, C1, D, C-REST."""

COVARIATES = """area,year,variable,value
A,2019,people,1000
A,2023,people,3000
B,2021,people,4000
C1,2021,people,500
C-REST,2021,people,8000
D,2021,people,1500
A,2021,wealth,10
B,2021,wealth,20
C1,2021,wealth,30
C-REST,2021,wealth,40
D,2021,wealth,50
A,2019,degrees,100
A,2023,degrees,500
B,2021,degrees,300
C1,2021,degrees,20
C-REST,2021,degrees,700
D,2021,degrees,10
"""


def interval(low: float, high: float) -> dict[str, float]:
    """Return a prior by interval."""
    return {"low": low, "high": high, "mass": 0.9}


NEARLY = interval(1e-9, 2e-9)
"""Nearly zero."""


def document() -> dict[str, Any]:
    """Return a spec that uses every section; tests change single keys."""
    return {
        "title": "t",
        "question": "q",
        "definition": "d",
        "target": "core",
        "years": {"first": 2019, "last": 2023, "reference": 2021},
        "total": {"prior": interval(1000, 2000)},
        "regions": {"region_sd": interval(0.2, 0.8), "pool_sd": interval(0.2, 0.8)},
        "covariates": {
            "people": {"effect": "level", "coefficient": interval(0.7, 1.3)},
            "wealth": {"effect": "growth", "transform": "none", "coefficient": interval(0, 0.1)},
        },
        "growth": {
            "kind": "random_walk",
            "rate": interval(-0.02, 0.1),
            "region_rate_sd": interval(0.01, 0.05),
            "common_sd": interval(0.01, 0.05),
            "region_sd": interval(0.01, 0.05),
        },
        "scopes": {
            "inner": {
                "definition": "d",
                "within": "core",
                "ratio": interval(0.3, 0.9),
                "region_sd": interval(0.1, 0.5),
            },
            "outermost": {"definition": "d", "contains": "outer", "ratio": interval(1.5, 3)},
            "outer": {
                "definition": "d",
                "contains": "core",
                "ratio": interval(1.01, 9),
                "region_sd": interval(0.5, 2),
                "trend": interval(-0.2, 0.2),
            },
            "core": {"definition": "d"},
            "other": {"definition": "d", "beside": "inner", "ratio": interval(0.5, 2)},
            "people": {"definition": "d", "covariate": "people"},
            "young": {"definition": "d", "part_of": "age"},
            "middle": {"definition": "d", "part_of": "age"},
            "old": {"definition": "d", "part_of": "age"},
        },
        "breakdowns": {
            "age": {
                "of": "outer",
                "expected": {"young": 1, "middle": 3, "old": 2},
                "sd": interval(0.1, 0.5),
                "region_sd": interval(0.1, 0.5),
                "trend_sd": interval(0.01, 0.1),
            }
        },
        "source_kinds": {
            "platform": {"noise": interval(0.05, 0.2), "region_sd": interval(0.1, 0.4)},
            "office": {"noise": interval(0.05, 0.2), "spread": 0.5, "tails": "normal"},
            "poll": {"noise": interval(0.1, 0.2), "concentration": interval(20, 200)},
        },
        "sources": _sources(),
        "lineages": {"list": {"error": interval(0.8, 1.25)}},
        "shared_bias": interval(0.8, 1.25),
    }


def _sources() -> dict[str, Any]:
    sources = {
        "registry": {"kind": "office", "anchor": True, "lineage": "list"},
        "forum": {
            "kind": "platform",
            "scope": "outer",
            "lineage": "list",
            "region_sd": interval(0.1, 0.4),
            "coverage": interval(0.3, 0.7) | {"regions": {"BC": interval(0.1, 0.2)}},
        },
        "roll": {
            "kind": "office",
            "coverage": interval(0.3, 0.7),
            "overcount": interval(0.05, 0.3),
            "drift_sd": interval(0.1, 0.3),
            "breaks": {"2023": interval(0.5, 2), "2020": interval(0.5, 2)},
        },
        "jobs": {"kind": "platform", "multiplier": interval(1, 3)},
        "index": {"kind": "office", "trend": True},
        "poll": {
            "kind": "poll",
            "selection": interval(0.5, 2),
            "breaks": {"2022": interval(0.5, 2)},
        },
        "linkage": {"kind": "poll", "dependence": interval(0.5, 4), "lists": ["forum", "roll"]},
    }
    sources = {name: {"title": "t", "scope": "core"} | own for name, own in sources.items()}
    return sources | {"echo": {"title": "t", "copy_of": "registry"}}


def make(words: dict[str, Any], areas: str = AREAS, covariates: str = COVARIATES) -> hc.ModelSpec:
    """Return the spec that a document declares."""
    return hc.parse_spec(
        words, areas=hc.parse_areas(areas), covariates=hc.parse_covariates(covariates)
    )


def states(spec: hc.ModelSpec, draws: int, seed: int = 1) -> list[State]:
    """Return states drawn from the prior."""
    return list(draw_states(spec, np.random.default_rng(seed), draws))


def level(spec: hc.ModelSpec, log_headcount: float, noise: float = 0.1) -> State:
    """Return a state in which every region has as many in every scope and year, nobody is missed,
    and lists see half."""
    state, flat = states(spec, 1)[0], np.zeros((len(spec.areas.regions), len(spec.years.labels)))
    return replace(
        state,
        log_headcount=flat + log_headcount,
        log_ratio=dict.fromkeys(state.log_ratio, flat),
        log_reach=dict.fromkeys(state.log_reach, flat),
        log_bare=dict.fromkeys(state.log_bare, flat + np.log(0.5)),
        noise_scale=dict.fromkeys(state.noise_scale, noise),
        selection=dict.fromkeys(state.selection, np.ones(flat.shape[1])),
        dependence=dict.fromkeys(state.dependence, 1.0),
        concentration=dict.fromkeys(state.concentration, 30.0),
    )


def fixed(spec: hc.ModelSpec, **changes: float) -> dict[str, float]:
    """Return every prior's median under its path, changed where named (dots written as two
    underscores)."""
    medians = {path: float(prior.quantile(0.5)) for path, prior in spec.priors.items()}
    named = {key.replace("__", "."): value for key, value in changes.items()}
    assert named.keys() <= medians.keys()
    return medians | named
