"""The oracle's latent world: growth, shares, scopes, reach, and the simulations made of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import special, stats

import headcount as hc
from headcount.errors import HeadcountError
from headcount.growth_kinds import GROWTH_KINDS
from headcount.simulation import State, draw_state, simulate, simulate_prior
from headcount.simulation.facts import scaled_covariate
from headcount.simulation.growth import GROWTH_DRAWS, path_from_growth
from headcount.simulation.latent import draw_quantities, draw_states, zero_sum
from headcount.simulation.reach import draw_log_reach, level_by_region

ROOT = Path(__file__).parents[2]

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
"""


def interval(low: float, high: float) -> dict[str, float]:
    return {"low": low, "high": high, "mass": 0.9}


NEARLY = interval(1e-9, 2e-9)


def document() -> dict:
    """Return a spec that uses every section; tests change what they are about."""
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
        },
        "source_kinds": {
            "platform": {"noise": interval(0.05, 0.2), "region_sd": interval(0.1, 0.4)},
            "office": {"noise": interval(0.05, 0.2), "spread": 0.5},
            "poll": {"noise": interval(0.1, 0.2), "concentration": interval(20, 200)},
        },
        "sources": {
            "registry": {
                "title": "t",
                "kind": "office",
                "scope": "core",
                "anchor": True,
                "lineage": "list",
            },
            "forum": {
                "title": "t",
                "kind": "platform",
                "scope": "outer",
                "lineage": "list",
                "region_sd": interval(0.1, 0.4),
                "coverage": interval(0.3, 0.7) | {"regions": {"BC": interval(0.1, 0.2)}},
            },
            "jobs": {
                "title": "t",
                "kind": "platform",
                "scope": "core",
                "multiplier": interval(1, 3),
            },
            "index": {"title": "t", "kind": "office", "scope": "core", "trend": True},
            "poll": {"title": "t", "kind": "poll", "scope": "core", "selection": interval(0.5, 2)},
        },
        "lineages": {"list": {"error": interval(0.8, 1.25)}},
        "shared_bias": interval(0.8, 1.25),
    }


def make(words: dict) -> hc.ModelSpec:
    areas = hc.parse_areas(AREAS)
    return hc.parse_spec(words, areas=areas, covariates=hc.parse_covariates(COVARIATES))


@pytest.fixture(scope="module")
def spec() -> hc.ModelSpec:
    return make(document())


@pytest.fixture(scope="module")
def toy() -> hc.ModelSpec:
    return hc.read_spec(ROOT / "models/toy.toml")


@pytest.fixture(scope="module")
def toy_rows() -> hc.Observations:
    return hc.read_observations(ROOT / "data/toy/observations.csv")


def states(spec: hc.ModelSpec, draws: int, seed: int = 1) -> list[State]:
    return list(draw_states(spec, np.random.default_rng(seed), draws))


def fixed(spec: hc.ModelSpec, **changes: float) -> dict[str, float]:
    """Return every prior's median under its path, changed where named (dots written as two underscores)."""
    medians = {path: float(prior.quantile(0.5)) for path, prior in spec.priors.items()}
    named = {key.replace("__", "."): value for key, value in changes.items()}
    assert named.keys() <= medians.keys()
    return medians | named


def test_every_growth_kind_can_be_drawn():
    assert GROWTH_DRAWS.keys() == GROWTH_KINDS.keys()


def test_zero_sum_deviations_have_marginal_sd_one():
    rng = np.random.default_rng(2)
    for size in (2, 5):
        draws = np.stack([zero_sum(rng, size) for _ in range(20_000)])
        np.testing.assert_allclose(draws.sum(axis=1), 0, atol=1e-12)
        np.testing.assert_allclose(draws.std(axis=0), 1, atol=4 / np.sqrt(2 * 20_000))
    np.testing.assert_array_equal(zero_sum(rng, 1), [0.0])


def test_path_is_zero_in_the_reference_year_and_moves_by_growth():
    growth = np.array([[0.1, 0.2, 0.4], [-0.1, 0.0, 0.3]])
    path = path_from_growth(growth, reference=1)
    np.testing.assert_allclose(path, [[-0.1, 0.0, 0.2, 0.6], [0.1, 0.0, 0.0, 0.3]])


@pytest.mark.parametrize("reference", [0, 3])
def test_path_at_either_end(reference):
    path = path_from_growth(np.ones((1, 3)), reference)
    np.testing.assert_allclose(path, [np.arange(4.0) - reference])


def test_root_headcount_in_the_reference_year_is_the_drawn_total(spec):
    drawn = draw_quantities(spec, np.random.default_rng(3), 50)["total.prior"]
    totals = [np.exp(s.log_headcount[:, 2]).sum() for s in states(spec, 50, seed=3)]
    np.testing.assert_allclose(totals, drawn, rtol=1e-10)


def test_total_follows_its_prior(toy):
    total = simulate_prior(toy, seed=5, draws=1000)["total"].sel(year=2021)
    prior = toy.priors["total.prior"]
    standard = (np.log(total) - prior.location) / prior.scale
    assert stats.kstest(standard, "norm").pvalue > 0.01


def test_regions_add_up_to_the_root(toy):
    prior = simulate_prior(toy, seed=5, draws=20)
    np.testing.assert_allclose(prior["headcount"].sum("region"), prior["total"])


def test_shares_follow_population_where_nothing_else_differs():
    words = document()
    words["regions"] = {"region_sd": NEARLY, "pool_sd": NEARLY}
    words["covariates"]["people"]["coefficient"] = interval(1 - 1e-9, 1 + 1e-9)
    state = states(make(words), 1)[0]
    share = np.exp(state.log_headcount[:, 2])
    # Aland's 2,000 in 2021 lie half-way between the two years that are known. Regions: A, B, C1, D, C-REST.
    people = np.array([2000, 4000, 500, 1500, 8000])
    np.testing.assert_allclose(share / share.sum(), people / people.sum(), rtol=1e-6)


def test_pools_and_regions_have_the_spread_that_was_drawn():
    words = document()
    words["regions"] = {
        "region_sd": interval(0.499999, 0.500001),
        "pool_sd": interval(0.299999, 0.300001),
    }
    words["covariates"]["people"]["coefficient"] = interval(-1e-9, 1e-9)
    level = np.stack([s.log_headcount[:, 2] for s in states(make(words), 4000)])
    a, b, c1, d, rest = level.T
    for first, second in ((a, b), (c1, rest)):
        assert np.std(first - second) == pytest.approx(np.sqrt(2) * 0.5, rel=0.05)
    # Three pools with marginal sd 1 have correlation -1/2: the difference of two has variance 3 * 0.3^2.
    regional = 0.5**2 / 2 + 0.5**2
    assert np.std((a + b) / 2 - d) == pytest.approx(np.sqrt(3 * 0.3**2 + regional), rel=0.05)


def test_covariates_are_scaled_as_stated(spec):
    people = np.log([2000, 4000, 500, 1500, 8000])
    np.testing.assert_allclose(scaled_covariate("people", spec), people - people.mean())
    wealth = scaled_covariate("wealth", spec)
    assert wealth.mean() == pytest.approx(0)
    assert np.sqrt(np.mean(wealth**2)) == pytest.approx(1)
    assert np.argsort(wealth).tolist() == [0, 1, 2, 4, 3]


def test_damped_trend_is_stationary_with_autocorrelation_phi():
    phi, sd = 0.7, 0.05
    rng = np.random.default_rng(4)
    terms = {"common_sd": 0.0, "region_sd": sd, "damping": phi}
    growth = GROWTH_DRAWS["damped_trend"](terms, (20_000, 6), rng)
    np.testing.assert_allclose(growth.std(axis=0), sd, rtol=0.025)
    assert np.corrcoef(growth[:, 0], growth[:, 1])[0, 1] == pytest.approx(phi, abs=0.02)
    assert np.corrcoef(growth[:, 2], growth[:, 4])[0, 1] == pytest.approx(phi**2, abs=0.02)
    assert np.corrcoef(growth[0], growth[1])[0, 1] < 0.99


def test_common_growth_is_shared_by_all_regions():
    rng = np.random.default_rng(5)
    for kind in ("damped_trend", "random_walk"):
        terms = {"common_sd": 1.0, "region_sd": 0.0, "damping": 0.5}
        growth = GROWTH_DRAWS[kind](terms, (3, 4000), rng)
        np.testing.assert_array_equal(growth[0], growth[2])
        assert growth[0].std() == pytest.approx(1.0, rel=0.06)


def test_random_walk_adds_common_and_regional_growth():
    terms = {"common_sd": 3.0, "region_sd": 4.0}
    growth = GROWTH_DRAWS["random_walk"](terms, (2, 20_000), np.random.default_rng(6))
    assert growth.std() == pytest.approx(5, rel=0.03)
    assert np.corrcoef(growth)[0, 1] == pytest.approx(9 / 25, abs=0.03)
    assert abs(np.corrcoef(growth[0, 1:], growth[0, :-1])[0, 1]) < 0.03


def test_exponential_growth_is_steady_and_shifted_by_covariates():
    words = document()
    words["growth"] = {
        "kind": "exponential",
        "rate": interval(0.1 - 1e-9, 0.1 + 1e-9),
        "region_rate_sd": NEARLY,
    }
    words["covariates"]["wealth"]["coefficient"] = interval(0.02 - 1e-9, 0.02 + 1e-9)
    spec = make(words)
    growth = np.diff(states(spec, 1)[0].log_headcount, axis=1)
    expected = np.log(1.1) + 0.02 * scaled_covariate("wealth", spec)
    np.testing.assert_allclose(growth, np.repeat(expected[:, None], 4, axis=1), atol=1e-6)


def test_ratios_keep_their_relations_everywhere(spec):
    for state in states(spec, 200):
        ratio = state.log_ratio
        assert (ratio["outer"] > 0).all()
        assert (ratio["outermost"] > ratio["outer"]).all()
        assert (ratio["inner"] < 0).all()
        assert not ratio["core"].any()
        np.testing.assert_array_equal(state.log_scope("core"), state.log_headcount)


def test_ratios_follow_their_link(spec):
    """On the link scale a ratio is level + region + trend, whatever its draws."""
    trend = draw_quantities(spec, np.random.default_rng(8), 1)["scopes.outer.trend"][0]
    state = states(spec, 1, seed=8)[0]
    eta = np.log(np.expm1(state.log_ratio["outer"]))
    np.testing.assert_allclose(np.diff(eta, axis=1), trend, atol=1e-9)
    assert np.ptp(eta[:, 0]) > 0.01
    assert np.ptp(state.log_ratio["outermost"] - state.log_ratio["outer"]) == pytest.approx(0)
    assert np.ptp(state.log_ratio["other"] - state.log_ratio["inner"]) == pytest.approx(0)
    inner = [special.logit(np.exp(s.log_ratio["inner"][0, 0])) for s in states(spec, 3000)]
    prior, sd = spec.priors["scopes.inner.ratio"], spec.priors["scopes.inner.region_sd"]
    variance = prior.scale**2 + np.mean(sd.draw(np.random.default_rng(1), 20_000) ** 2)
    assert np.std(inner) == pytest.approx(np.sqrt(variance), rel=0.05)
    assert np.median(inner) == pytest.approx(prior.location, abs=0.06)


def test_the_ratio_is_that_of_the_reference_year():
    words = document()
    words["scopes"]["outer"]["region_sd"] = NEARLY
    spec = make(words)
    drawn = draw_quantities(spec, np.random.default_rng(8), 20)["scopes.outer.ratio"]
    for ratio, state in zip(drawn, states(spec, 20, seed=8), strict=True):
        np.testing.assert_allclose(np.exp(state.log_ratio["outer"][:, 2]), ratio, rtol=1e-6)


def test_regions_that_are_alike_share_reach_and_ratios(toy_spec):
    spec = toy_spec
    places = {region: i for i, region in enumerate(spec.areas.regions)}
    for state in states(spec, 20):
        reach = state.log_reach["platform"]
        assert reach[places["PORT"]] == reach[places["SOUTH-REST"]]
        assert reach[places["PORT"]] != reach[places["NORTH"]]


def test_known_populations_are_the_table(spec):
    known = np.exp(states(spec, 1)[0].log_scope("people"))
    np.testing.assert_allclose(known[0], [1000, 1500, 2000, 2500, 3000])
    np.testing.assert_allclose(known[1], 4000)


def test_the_narrowest_exception_sets_the_level():
    words = document()
    exceptions = {"C1": 0.11, "AB": 0.22, "WORLD": 0.33, "BC": 0.44, "C": 0.55}
    coverage = interval(0.3, 0.7) | {
        "regions": {area: interval(level - 1e-9, level + 1e-9) for area, level in exceptions.items()}
    }
    words["sources"]["forum"]["coverage"] = coverage
    spec = make(words)
    levels = level_by_region("forum", fixed(spec), spec)
    # Regions A, B, C1, D, C-REST. AB and C have two regions each, BC three, so BC sets no level.
    np.testing.assert_allclose(levels, [0.22, 0.22, 0.11, 0.33, 0.55])


def test_of_equally_narrow_exceptions_the_first_declared_wins():
    for order, expected in ((("AB", "BD"), 0.2), (("BD", "AB"), 0.3)):
        words = document()
        value = {"AB": interval(0.2 - 1e-9, 0.2 + 1e-9), "BD": interval(0.3 - 1e-9, 0.3 + 1e-9)}
        words["sources"]["forum"]["coverage"]["regions"] = {area: value[area] for area in order}
        areas = hc.parse_areas(AREAS + "BD,Other union,,,,B;D\n")
        spec = hc.parse_spec(words, areas=areas, covariates=hc.parse_covariates(COVARIATES))
        assert level_by_region("forum", fixed(spec), spec)[1] == pytest.approx(expected)


def test_reach_of_each_kind(spec):
    calm = fixed(
        spec,
        source_kinds__platform__region_sd=0.0,
        sources__forum__region_sd=0.0,
        sources__forum__coverage=0.5,
        sources__forum__coverage__regions__BC=0.1,
        sources__jobs__multiplier=2.0,
        lineages__list__error=1.2,
        shared_bias=0.9,
    )
    reach = draw_log_reach(calm, spec, np.random.default_rng(1))
    coverage = np.array([0.5, 0.1, 0.1, 0.5, 0.1])
    np.testing.assert_allclose(np.exp(reach["forum"]), coverage * 1.2 * 0.9)
    np.testing.assert_allclose(np.exp(reach["jobs"]), 2 * 0.9)
    np.testing.assert_allclose(np.exp(reach["registry"]), 1.2)
    np.testing.assert_array_equal(reach["poll"], np.zeros(5))
    assert np.ptp(reach["index"]) == pytest.approx(0)


def test_trend_levels_are_free(spec):
    calm = fixed(spec, shared_bias=1.0)
    rng = np.random.default_rng(2)
    levels = [draw_log_reach(calm, spec, rng)["index"][0] for _ in range(4000)]
    assert stats.kstest(levels, stats.norm(0, 5).cdf).pvalue > 0.01


def test_sources_of_a_kind_share_a_deviation(spec):
    quantities = fixed(
        spec, source_kinds__platform__region_sd=0.3, sources__forum__region_sd=0.4, shared_bias=1.0
    )
    rng = np.random.default_rng(3)
    draws = [draw_log_reach(quantities, spec, rng) for _ in range(4000)]
    forum = np.array([special.logit(np.exp(d["forum"][0])) for d in draws])
    jobs = np.array([d["jobs"][0] for d in draws])
    assert np.std(jobs) == pytest.approx(0.3, rel=0.05)
    assert np.std(forum) == pytest.approx(0.5, rel=0.05)
    assert np.corrcoef(forum, jobs)[0, 1] == pytest.approx(0.3 / 0.5, abs=0.05)


def test_noise_varies_around_its_kind_by_the_spread(spec):
    drawn = draw_quantities(spec, np.random.default_rng(9), 3000)["source_kinds.office.noise"]
    scales = np.array([s.noise_scale["index"] for s in states(spec, 3000, seed=9)])
    standard = np.log(scales / drawn) / 0.5
    assert stats.kstest(standard, "norm").pvalue > 0.01


def test_survey_quantities_belong_to_surveys(spec):
    state = states(spec, 1)[0]
    assert state.selection.keys() == state.concentration.keys() == {"poll"}


def test_truth_is_labelled(toy):
    state = draw_state(toy, np.random.default_rng(1))
    truth = state.to_dataset(toy)
    north = truth["headcount"].sel(region="NORTH")
    growth = truth["growth"].sel(region="NORTH", step=2020)
    assert float(growth) == pytest.approx(float(north.sel(year=2020) / north.sel(year=2019) - 1))
    helper = truth["log_ratio"].sel(scope="helper", region="EAST", year=2018)
    assert float(helper) == state.log_ratio["helper"][2, 0]
    assert truth["selection"].notnull().sum() == 1
    assert float(truth["selection"].sel(source="poll")) == state.selection["poll"]


def test_same_seed_same_simulation(toy, toy_rows):
    first, second, third = (simulate(toy, toy_rows, seed=seed) for seed in (7, 7, 8))
    assert first.observations == second.observations
    assert first.truth.equals(second.truth)
    assert first.observations != third.observations
    assert not first.truth.equals(third.truth)
    assert first.seed == 7


def test_rows_do_not_change_the_world(toy, toy_rows):
    fewer = replace(toy_rows, rows=toy_rows.rows[:5])
    first, second = simulate(toy, toy_rows, seed=7), simulate(toy, fewer, seed=7)
    assert first.truth.equals(second.truth)
    assert first.observations.rows[:5] == second.observations.rows


def test_simulated_rows_are_a_table_that_can_be_read(toy, toy_rows):
    for seed in range(20):
        simulated = simulate(toy, toy_rows, seed=seed).observations
        with pytest.MonkeyPatch.context() as patch:
            # Equal statements about one thing are likely here, and warned of; what counts is that all are read.
            patch.setattr("headcount.observations._warn", lambda _text: None)
            again = hc.parse_observations(simulated.to_csv())
        assert [replace(r, line=0) for r in again.rows] == [replace(r, line=0) for r in simulated.rows]


def test_excluded_rows_are_left_out(toy, toy_rows):
    first, *others = toy_rows.rows
    table = replace(toy_rows, rows=(replace(first, excluded="mistaken"), *others))
    assert len(simulate(toy, table, seed=1).observations) == len(others)


def test_worlds_within_a_range(toy, toy_rows):
    for seed in range(10):
        truth = simulate(toy, toy_rows, seed=seed, within=(40_000, 60_000)).truth
        assert 40_000 <= float(truth["headcount"].sel(year=2021).sum()) <= 60_000


def test_worlds_that_are_kept(toy, toy_rows):
    simulation = simulate(toy, toy_rows, seed=1, keep=lambda state: state.selection["poll"] > 1.3)
    assert simulation.state.selection["poll"] > 1.3


def test_a_range_that_no_world_lies_in_is_an_error(toy, toy_rows):
    expected = r"toy.toml \[total.prior\]: none of 50 prior draws .* between 1 and 2"
    with pytest.raises(HeadcountError, match=expected):
        simulate(toy, toy_rows, seed=1, within=(1, 2), tries=50)


def test_prior_draws_show_what_the_priors_imply(toy):
    prior = simulate_prior(toy, seed=1, draws=300)
    assert dict(prior.sizes) == {"draw": 300, "region": 4, "year": 8, "scope": 3, "source": 4}
    assert bool((prior["ratio"].sel(scope="helper") > 1).all())
    assert bool((prior["ratio"].sel(scope="beekeeper") == 1).all())
    assert bool((prior["reach"].sel(source=["registry", "poll"]) == 1).all())
    helper = prior["ratio"].sel(scope="helper", year=2021).quantile([0.05, 0.95])
    np.testing.assert_allclose(helper, [3, 15], rtol=0.2)
    assert prior.attrs["seed"] == 1
    assert prior.equals(simulate_prior(toy, seed=1, draws=300))
