"""Studies for tests: structurally different ones, their numbers drawn at random.

Between them they use every growth kind, prior family, reach, relation of scopes, observation kind,
tail and period, each in the company of others; `test_engine` holds the list complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, Final, NamedTuple

import numpy as np

from headcount.layout.free_vector import segments_of
from headcount.layout.study_layout import Layout
from headcount.study.areas import parse_areas
from headcount.study.covariates import parse_covariates
from headcount.study.observations import Observation, Observations
from headcount.study.spec_parsing import parse_spec
from headcount.study.specs import ModelSpec, SourceSpec

__all__ = ["STUDIES", "Study", "prior_draws", "study"]

TREE: Final = """area,name,parent,pool,remainder,alike,members
W,World,,,,,
A,Aland,W,west,,,
B,Bland,W,west,,,
C,Cland,W,east,Rest of Cland,yes,
C1,Cesar,C,,,,
C2,Cato,C,,Rest of Cato,yes,
C3,Caesarea,C2,,,,
D,Dland,W,alone,,,
AB,Union,,,,,A;B
BC,Axis,,,,,B;C
"""
FLAT: Final = """area,name,parent,pool,remainder,members
W,World,,,,
A,Aland,W,,,
B,Bland,W,,,
C,Cland,W,,,
AC,Pair,,,,A;C
"""
APART: Final = """area,name,parent,pool,remainder,members
W,World,,,,
A,Aland,W,first,,
B,Bland,W,second,,
"""
LONE: Final = """area,name,parent,pool,remainder,members
W,World,,,,
"""


class Study(NamedTuple):
    """A spec and rows that fit it."""

    spec: ModelSpec
    observations: Observations

    @property
    def layout(self) -> Layout:
        """The study laid out."""
        return Layout.of(self.spec, self.observations)


def study(name: str, seed: int = 1) -> Study:
    """Return a study of ``STUDIES`` with numbers drawn from a seed."""
    rng = np.random.default_rng([seed, *name.encode()])
    areas_text, document = STUDIES[name](_Numbers(rng))
    areas = parse_areas(areas_text)
    covariates = parse_covariates(_covariates(areas.regions, document["years"], rng))
    spec = parse_spec(document, areas=areas, covariates=covariates, name=name)
    return Study(spec, Observations(tuple(_rows(spec, rng)), f"{name}.csv"))


def prior_draws(layout: Layout, rng: np.random.Generator, draws: int) -> np.ndarray:
    """Draw free vectors from the prior; dims (draw, free)."""
    blocks = segments_of(layout)
    size = max(block.start + block.size for block in blocks.values())
    free = rng.standard_normal((draws, size))
    if "trend_level" in blocks:
        free[:, blocks["trend_level"].slice] *= 5.0
    for i, prior in enumerate(layout.priors.values()):
        free[:, i] = prior.link.forward(prior.draw(rng, draws))
    return free


class _Numbers:
    """Writes priors with random numbers near those that are given."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def __call__(self, low: float, high: float) -> dict[str, float]:
        """Return an interval inside the one given, of random mass."""
        first, second = self._rng.uniform(0, 0.3, 2) * (high - low)
        return {"low": low + first, "high": high - second, "mass": self._rng.uniform(0.5, 0.95)}

    def family(self, family: str, **numbers: float) -> dict[str, Any]:
        """Return a prior of a family, its numbers up to a tenth smaller than given."""
        return {"family": family} | {k: v * self._rng.uniform(0.9, 1.0) for k, v in numbers.items()}

    def growth(self, kind: str) -> dict[str, Any]:
        """Return a growth section by intervals."""
        section = {"kind": kind, "region_rate_sd": self(0.01, 0.08)}
        if kind == "stock_and_flow":
            section |= {
                "exit": self(0.02, 0.2),
                "entry": self(0.1, 0.6),
                "conversion": self(0.01, 0.2),
            }
            section |= {"graduates": "graduates"}
        else:
            section |= {"rate": self(-0.05, 0.2)}
        section |= {"ceiling": self(1.5, 8)} if kind == "logistic" else {}
        if kind != "exponential":
            section |= {"common_sd": self(0.02, 0.2), "region_sd": self(0.01, 0.1)}
        return section | ({"damping": self(0.2, 0.9)} if kind == "damped_trend" else {})

    def document(self, years: tuple[int, int, int], **sections: Any) -> dict[str, Any]:
        """Return a spec with the sections that all have, and those that are given."""
        first, reference, last = years
        return {
            "title": "t",
            "question": "q",
            "definition": "d",
            "target": "core",
            "years": {"first": first, "reference": reference, "last": last},
            "total": {"prior": self(5_000, 50_000)},
            "regions": {"region_sd": self(0.1, 0.8), "pool_sd": self(0.2, 0.8)},
            "scopes": {"core": {"definition": "d"}},
        } | sections


def _source(kind: str, scope: str = "core", **reach: Any) -> dict[str, Any]:
    return {"title": "t", "kind": kind, "scope": scope} | reach


def _rich(p: _Numbers) -> tuple[str, dict[str, Any]]:
    """Nearly everything at once."""
    return TREE, p.document(
        (2018, 2020, 2023),
        covariates={
            "people": {"effect": "level", "coefficient": p(0.5, 1.5)},
            "height": {"effect": "level", "transform": "none", "coefficient": p(-0.5, 0.5)},
            "income": {"effect": "growth", "coefficient": p(-0.1, 0.1)},
        },
        growth=p.growth("damped_trend"),
        scopes={
            # Declared before what they are relative to: the order of the file does not matter.
            "kin": {"definition": "d", "beside": "wide", "ratio": p(0.5, 2), "trend": p(-0.1, 0.1)},
            "narrow": {"definition": "d", "within": "inner", "ratio": p(0.1, 0.6)},
            "core": {"definition": "d"},
            "wide": {
                "definition": "d",
                "contains": "core",
                "ratio": p(1.5, 5),
                "region_sd": p(0.1, 0.5),
                "trend": p(-0.1, 0.1),
            },
            "inner": {
                "definition": "d",
                "within": "core",
                "ratio": p(0.2, 0.7),
                "region_sd": p(0.1, 0.5),
            },
            "people": {"definition": "d", "covariate": "people"},
        },
        source_kinds={
            "register": {"noise": p(0.02, 0.1), "tails": "normal"},
            "platform": {"noise": p(0.1, 0.5), "region_sd": p(0.1, 0.5)},
            "claim": {
                "noise": p(0.2, 0.8),
                "spread": 0.5,
                "tails": "normal",
                "region_sd": p(0.1, 0.5),
            },
            "poll": {"noise": p(0.1, 0.5), "concentration": p(5, 200)},
        },
        sources={
            "quiet": _source("claim", coverage=p(0.1, 0.9), region_sd=p(0.1, 0.5)),
            "registry": _source("register", anchor=True, lineage="forum"),
            "platform": _source(
                "platform",
                "wide",
                coverage=p(0.2, 0.8)
                | {"regions": {"C": p(0.1, 0.5), "BC": p(0.1, 0.5), "C1": p(0.5, 0.9)}},
                region_sd=p(0.1, 0.5),
                lineage="forum",
            ),
            "analyst": _source(
                "claim", "kin", multiplier=p(0.3, 3) | {"regions": {"AB": p(0.5, 4)}}
            ),
            "postings": _source("platform", trend=True, region_sd=p(0.1, 0.5)),
            "poll": _source("poll", selection=p(0.5, 2)),
        },
        lineages={"forum": {"error": p(0.7, 1.4)}, "idle": {"error": p(0.7, 1.4)}},
        shared_bias=p(0.6, 1.6),
    )


def _walk(p: _Numbers) -> tuple[str, dict[str, Any]]:
    """A random walk from its first year, with priors of other families wherever they fit."""
    return FLAT, p.document(
        (2020, 2020, 2023),
        total={"prior": p.family("gamma", mean=20_000, sd=9_000)},
        regions={
            "region_sd": p.family("half_normal", sd=0.5),
            "pool_sd": p.family("exponential", mean=0.5),
        },
        growth=p.growth("random_walk")
        | {
            "common_sd": p.family("gamma", mean=0.1, sd=0.06),
            "region_sd": p.family("half_normal", sd=0.1),
        },
        scopes={
            "core": {"definition": "d"},
            "inner": {
                "definition": "d",
                "within": "core",
                "ratio": p.family("beta", mean=0.4, sd=0.15),
            },
            "kin": {
                "definition": "d",
                "beside": "core",
                "ratio": p.family("gamma", mean=1.2, sd=0.4),
            },
        },
        source_kinds={
            "platform": {
                "noise": p.family("exponential", mean=0.3),
                "region_sd": p.family("half_normal", sd=0.3),
            },
            "poll": {"noise": p(0.1, 0.5), "concentration": p.family("gamma", mean=50, sd=30)},
        },
        sources={
            "platform": _source(
                "platform", coverage=p.family("beta", mean=0.5, sd=0.2), lineage="forum"
            ),
            "other": _source("platform", "kin", coverage=p.family("beta", mean=0.3, sd=0.1)),
            "poll": _source("poll", "inner", selection=p.family("gamma", mean=1.1, sd=0.4)),
        },
        lineages={"forum": {"error": p.family("gamma", mean=1, sd=0.2)}},
        shared_bias=p.family("half_normal", sd=1.3),
    )


def _damped(p: _Numbers) -> tuple[str, dict[str, Any]]:
    """Damped growth up to its last year, a beta prior on the damping, and no region told apart."""
    return FLAT, p.document(
        (2018, 2022, 2022),
        covariates={
            "income": {"effect": "growth", "transform": "none", "coefficient": p(-0.1, 0.1)}
        },
        growth=p.growth("damped_trend") | {"damping": p.family("beta", mean=0.7, sd=0.15)},
        scopes={"core": {"definition": "d"}, "people": {"definition": "d", "covariate": "people"}},
        source_kinds={"office": {"noise": p(0.05, 0.3)}},
        sources={
            "office": _source("office", multiplier=p(0.5, 2)),
            "index": _source("office", trend=True),
        },
    )


def _apart(p: _Numbers) -> tuple[str, dict[str, Any]]:
    """Pools of one region each, normal tails, and sources alike but for what they share."""
    return APART, p.document(
        (2019, 2021, 2022),
        growth=p.growth("random_walk"),
        scopes={
            "core": {"definition": "d"},
            "wide": {
                "definition": "d",
                "contains": "core",
                "ratio": p(1.2, 4),
                "trend": p(-0.2, 0.2),
            },
        },
        source_kinds={
            "office": {"noise": p(0.05, 0.3), "tails": "normal", "region_sd": p(0.1, 0.5)}
        },
        sources={
            "first": _source(
                "office", coverage=p(0.2, 0.8) | {"regions": {"A": p(0.2, 0.8), "W": p(0.1, 0.9)}}
            ),
            "second": _source("office", "wide", coverage=p(0.2, 0.8), lineage="both"),
            "third": _source("office", multiplier=p(0.5, 2), region_sd=p(0.1, 0.4), lineage="both"),
            "truth": _source("office", anchor=True),
        },
        lineages={"both": {"error": p(0.7, 1.4)}},
    )


def _polls(p: _Numbers) -> tuple[str, dict[str, Any]]:
    """Surveys of scopes within scopes, and little else."""
    return TREE, p.document(
        (2020, 2021, 2022),
        growth=p.growth("exponential"),
        scopes={
            "core": {"definition": "d"},
            "most": {"definition": "d", "within": "core", "ratio": p(0.8, 0.99)},
            "wide": {
                "definition": "d",
                "contains": "core",
                "ratio": p(2, 6),
                "region_sd": p(0.1, 0.5),
            },
            "widest": {"definition": "d", "contains": "wide", "ratio": p(1.01, 1.5)},
        },
        source_kinds={
            "street": {"noise": p(0.1, 0.5), "concentration": p(1, 20)},
            "panel": {"noise": p(0.1, 0.5), "tails": "normal", "concentration": p(1e3, 1e5)},
            "office": {"noise": p(0.05, 0.3)},
        },
        sources={
            "street": _source("street", selection=p(0.5, 2)),
            "panel": _source("panel", "wide", selection=p(0.8, 1.25)),
            "office": _source("office", anchor=True, lineage="frame"),
        },
        lineages={"frame": {"error": p(0.9, 1.1)}},
    )


def _lists(p: _Numbers) -> tuple[str, dict[str, Any]]:
    """Lists that overlap, drift, break and hold too many, of a field that fills up."""
    return TREE, p.document(
        (2018, 2020, 2023),
        covariates={
            "income": {"effect": "growth", "coefficient": "shrunk"},
            "height": {"effect": "growth", "yearly": True, "coefficient": "shrunk"},
        },
        growth=p.growth("logistic")
        | {
            "coefficient_sd": p(0.02, 0.2),
            "changes": {"boom": {"year": 2019, "change": p(-0.1, 0.3)}},
        },
        scopes={
            "core": {"definition": "d"},
            "wide": {
                "definition": "d",
                "contains": "core",
                "ratio": p(1.5, 5),
                "region_sd": p(0.1, 0.5),
            },
            "finance": {"definition": "d", "part_of": "sector"},
            "health": {"definition": "d", "part_of": "sector"},
            "other": {"definition": "d", "part_of": "sector"},
            # A breakdown of a part, and a scope within a part.
            "junior": {"definition": "d", "part_of": "grade"},
            "senior": {"definition": "d", "part_of": "grade"},
            "expert": {"definition": "d", "within": "senior", "ratio": p(0.1, 0.5)},
        },
        breakdowns={
            "sector": {
                "of": "core",
                "expected": {"finance": 0.2, "health": 0.3, "other": 1},
                "sd": p(0.2, 0.8),
                "region_sd": p(0.1, 0.4),
                "trend_sd": p(0.02, 0.1),
            },
            "grade": {"of": "finance", "sd": p(0.2, 0.8)},
        },
        source_kinds={
            "list": {"noise": p(0.1, 0.5), "region_sd": p(0.1, 0.5)},
            "linkage": {"noise": p(0.1, 0.5), "concentration": p(20, 500)},
            "poll": {"noise": p(0.1, 0.5), "concentration": p(5, 200)},
            "claim": {"noise": p(0.2, 0.8), "tails": "normal"},
        },
        sources={
            "first": _source(
                "list", "wide", coverage=p(0.2, 0.8), region_sd=p(0.1, 0.5), overcount=p(0.05, 0.4)
            ),
            "second": _source(
                "list",
                coverage=p(0.1, 0.6),
                drift_sd=p(0.05, 0.3),
                breaks={"2019": p(0.5, 2), "2022": p(0.5, 2)},
                overcount=p(0.05, 0.4),
                lineage="both",
            ),
            # Without rows of its own, and still in the model.
            "mute": _source("list", coverage={"stated": 0.6, "se": 0.05}, drift_sd=p(0.05, 0.3)),
            "linkage": _source("linkage", "wide", dependence=p(0.5, 4), lists=["first", "second"]),
            "twice": _source("linkage", "finance", dependence=p(0.5, 4), lists=["second", "mute"]),
            "poll": _source("poll", "health", selection=p(0.5, 2), breaks={"2021": p(0.5, 2)}),
            "postings": _source("claim", multiplier=p(0.1, 2), drift_sd=p(0.05, 0.3)),
            "index": _source("list", "senior", trend=True, breaks={"2023": p(0.5, 2)}),
        },
        lineages={"both": {"error": p(0.7, 1.4)}},
    )


def _pipeline(p: _Numbers) -> tuple[str, dict[str, Any]]:
    """People who graduate, convert and leave, with change points of one area and covariates by
    year."""
    return FLAT, p.document(
        (2019, 2019, 2023),
        covariates={
            "income": {
                "effect": "growth",
                "yearly": True,
                "transform": "none",
                "coefficient": p(-0.1, 0.1),
            },
            "height": {"effect": "growth", "coefficient": p(-0.1, 0.1)},
        },
        growth=p.growth("stock_and_flow")
        | {
            "changes": {
                "layoffs": {"year": 2021, "area": "AC", "change": p(-0.3, 0.1)},
                "boom": {"year": 2020, "change": p(0.0, 0.5)},
            },
        },
        scopes={
            "core": {"definition": "d"},
            "young": {"definition": "d", "part_of": "age"},
            "old": {"definition": "d", "part_of": "age"},
            "people": {"definition": "d", "covariate": "people"},
        },
        breakdowns={"age": {"of": "core", "sd": p(0.2, 0.8), "trend_sd": p(0.02, 0.1)}},
        source_kinds={
            "office": {"noise": p(0.05, 0.3), "tails": "normal"},
            "board": {"noise": p(0.1, 0.4)},
        },
        sources={
            "office": _source("office", anchor=True),
            "board": _source("board", multiplier=p(0.05, 1), breaks={"2022": p(0.5, 2)}),
        },
    )


def _lone(p: _Numbers) -> tuple[str, dict[str, Any]]:
    """One region and two years."""
    return LONE, p.document(
        (2020, 2021, 2021),
        growth=p.growth("exponential"),
        source_kinds={"office": {"noise": p(0.05, 0.3)}},
        sources={"office": _source("office", coverage=p(0.3, 0.9), region_sd=p(0.1, 0.5))},
    )


STUDIES: Final[dict[str, Callable[[_Numbers], tuple[str, dict[str, Any]]]]] = {
    "rich": _rich,
    "walk": _walk,
    "damped": _damped,
    "apart": _apart,
    "polls": _polls,
    "lists": _lists,
    "pipeline": _pipeline,
    "lone": _lone,
}
"""Name of a study to the function that returns its areas and its spec."""


def _covariates(regions: tuple[str, ...], years: dict[str, int], rng: np.random.Generator) -> str:
    sizes = {
        "people": (1e5, 1e7),
        "income": (1e3, 1e5),
        "height": (150, 190),
        "graduates": (100, 1e4),
    }
    lines = [
        f"{region},{year},{variable},{rng.uniform(*limits)}"
        for region, (variable, limits) in product(regions, sizes.items())
        for year in (years["first"], years["last"])
    ]
    return "\n".join(["area,year,variable,value", *lines])


def _rows(spec: ModelSpec, rng: np.random.Generator) -> Iterator[Observation]:
    silent = {"quiet", "mute"}
    for line, (name, cells) in enumerate(
        (name, cells)
        for name, source in spec.sources.items()
        if name not in silent
        for cells in CELLS[source.reach_kind](source, spec, rng)
    ):
        years = np.sort(rng.choice(spec.years.labels, 2, replace=False)).tolist()
        where = {"area": str(rng.choice(list(spec.areas.by_code))), "year": years[1]}
        before = {"from_year": years[0]} if cells["kind"] == "growth" else {}
        when = {"period": _period(years[1], rng)} if rng.random() < PART_WITH_PERIOD else {}
        if before and when:
            when["from_period"] = _period(years[0], rng)
        if cells["kind"] == "share" and cells.get("of_scope", "") == (
            cells["scope"] or spec.sources[name].scope
        ):
            # A scope's share of itself needs another area.
            where["area"], cells = spec.areas.regions[0], cells | {"of_area": spec.areas.root}
        yield Observation(source=name, line=line + 2, **(where | before | when | cells))


PART_WITH_PERIOD: Final = 0.4


def _period(year: int, rng: np.random.Generator) -> str:
    """Return one of the ways to state a period that ends in a year, inside the model's years or
    starting with them."""
    month = int(rng.integers(1, 13))
    return str(
        rng.choice(
            [
                "start",
                "end",
                f"{year}",
                f"{year}-Q{rng.integers(1, 5)}",
                f"{year}-{month:02d}",
                f"{year}-{month:02d}-17",
                f"{year}-01/{year}-{month:02d}",
            ]
        )
    )


def _cells(
    source: SourceSpec, spec: ModelSpec, rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    """Yield rows of every kind but k of n, on the source's own scope and on others."""

    def number() -> float:
        return float(np.exp(rng.uniform(np.log(30), np.log(60_000))))

    first, last = spec.years.first, spec.years.last
    scopes = [name for name, scope in spec.scopes.items() if not scope.covariate]
    for scope in ("", str(rng.choice(scopes))):
        own = {"scope": scope}
        low = number()
        yield {"kind": "count", "value": number()} | own
        yield {"kind": "count", "value": number(), "relative_se": rng.uniform(0.01, 0.3)} | own
        yield {"kind": "count", "value": 0.0} | own
        # Over all years: pieces of two and more.
        yield {"kind": "count", "value": number(), "year": last, "period": f"{first}/{last}"} | own
        yield {"kind": "rounded", "value": float(round(number(), -1) + 10), "unit": 10.0} | own
        yield {"kind": "rounded", "value": 10_000.0} | own
        yield {"kind": "rounded", "value": 0.0, "unit": 1000.0} | own
        yield {"kind": "suppressed", "value": 50.0} | own
        yield {"kind": "lower_bound", "value": number()} | own
        yield {"kind": "upper_bound", "value": number()} | own
        yield {"kind": "range", "lower": low, "upper": 2 * low} | own
        yield {
            "kind": "range",
            "lower": low,
            "upper": 1.3 * low,
            "mass": 0.5,
            "value": 1.1 * low,
        } | own
        yield {"kind": "range", "lower": low, "upper": 3 * low, "mass": 1.0} | own
        yield {"kind": "growth", "value": rng.uniform(-0.3, 0.8)} | own
        if source.multiplier:
            yield {"kind": "flow", "value": number()} | own
            yield {
                "kind": "flow",
                "value": 0.0,
                "year": last,
                "period": f"{last - 1}-07/{last}-06",
            } | own
        yield from _shares(source, spec, rng, own)


def _shares(
    source: SourceSpec, spec: ModelSpec, rng: np.random.Generator, own: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    root, places = (
        spec.areas.root,
        [row.area for row in spec.areas.rows if row.area != spec.areas.root],
    )
    others = [
        name for name, other in spec.sources.items() if other.reach or other.anchor or other.trend
    ]
    if places:
        place = {"area": str(rng.choice(places)), "of_area": root}
        yield {"kind": "share", "value": rng.uniform(0.05, 0.9)} | place | own
        yield {"kind": "share", "value": rng.uniform(1, 3), "n": 100.0} | place | own
        yield (
            {"kind": "share", "value": rng.uniform(0.05, 0.9), "of_scope": spec.target}
            | place
            | own
        )
    for of_scope in spec.scopes:
        if of_scope != (own["scope"] or source.scope):
            yield {
                "kind": "share",
                "value": rng.uniform(0.05, 0.9),
                "of_scope": of_scope,
                "n": 50.0,
            } | own
    for other in others:
        if spec.sources[other] is not source and other not in ("quiet", "mute"):
            yield {"kind": "share", "value": rng.uniform(0.05, 3), "of_source": other} | own


def _survey_cells(
    _: SourceSpec, spec: ModelSpec, rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    """Yield surveys of every scope among those that hold it, and of every list: none, some and all
    of the respondents."""
    for inner, outer in product(spec.scopes, spec.scopes):
        if inner != outer and spec.scope_contains(outer, inner):
            for k, n in _some_of(rng):
                yield {"kind": "survey", "value": k, "n": n, "scope": inner, "of_scope": outer}
    for name, other in spec.sources.items():
        if other.coverage and name != "quiet":
            for k, n in _some_of(rng):
                own = {"scope": other.scope, "of_scope": other.scope, "seen_by": name}
                yield {"kind": "survey", "value": k, "n": n} | own


def _overlap_cells(
    _: SourceSpec, spec: ModelSpec, rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    for scope in ("", spec.target):
        for k, n in _some_of(rng):
            yield {"kind": "overlap", "value": k, "n": n, "scope": scope}


def _some_of(rng: np.random.Generator) -> Iterator[tuple[float, float]]:
    n = float(rng.integers(5, 2_000))
    yield from ((0.0, n), (float(rng.integers(1, n)), n), (n, n))


CELLS: Final = dict.fromkeys(("coverage", "multiplier", "anchor", "trend"), _cells) | {
    "selection": _survey_cells,
    "dependence": _overlap_cells,
}
"""Kind of reach to the rows that such a source states."""
