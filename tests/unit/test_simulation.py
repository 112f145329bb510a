"""The oracle's states: shares and ratios of scopes, and simulations."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import special, stats
from tests.oracle_specs import NEARLY, document, interval, make, states

import headcount as hc
from headcount.errors import HeadcountError
from headcount.simulation import State, draw_state, log_density, simulate, simulate_prior
from headcount.simulation.state_draws import draw_quantities, zero_sum
from headcount.study.observation_kinds import OBSERVATION_KINDS
from headcount.study.study import Study

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def spec() -> hc.ModelSpec:
    return make(document())


@pytest.fixture(scope="module")
def toy() -> hc.ModelSpec:
    return hc.read_spec(ROOT / "models/toy.toml")


@pytest.fixture(scope="module")
def toy_rows() -> hc.Observations:
    return hc.read_observations(ROOT / "data/toy/observations.csv")


def test_zero_sum_deviations_have_marginal_sd_one():
    rng = np.random.default_rng(2)
    for size in (2, 5):
        draws = np.stack([zero_sum(rng, size) for _ in range(20_000)])
        np.testing.assert_allclose(draws.sum(axis=1), 0, atol=1e-12)
        np.testing.assert_allclose(draws.std(axis=0), 1, atol=4 / np.sqrt(2 * 20_000))
    np.testing.assert_array_equal(zero_sum(rng, 1), [0.0])


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
    # Aland's 2,000 in 2021 lie half-way between the two years that are known. Regions: A, B, C1, D,
    # C-REST.
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
    # Three pools with marginal sd 1 have correlation -1/2: the difference of two has variance 3 *
    # 0.3^2.
    regional = 0.5**2 / 2 + 0.5**2
    assert np.std((a + b) / 2 - d) == pytest.approx(np.sqrt(3 * 0.3**2 + regional), rel=0.05)


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


def test_regions_that_are_alike_share_reach(toy_spec):
    spec = toy_spec
    places = {region: i for i, region in enumerate(spec.areas.regions)}
    for state in states(spec, 20):
        reach = state.log_reach["platform"]
        np.testing.assert_array_equal(reach[places["PORT"]], reach[places["SOUTH-REST"]])
        assert reach[places["PORT"], 0] != reach[places["NORTH"], 0]


def test_known_populations_are_the_table(spec):
    known = np.exp(states(spec, 1)[0].log_scope("people"))
    np.testing.assert_allclose(known[0], [1000, 1500, 2000, 2500, 3000])
    np.testing.assert_allclose(known[1], 4000)


def test_noise_varies_around_its_kind_by_the_spread(spec):
    drawn = draw_quantities(spec, np.random.default_rng(9), 3000)["source_kinds.office.noise"]
    scales = np.array([s.noise_scale["index"] for s in states(spec, 3000, seed=9)])
    standard = np.log(scales / drawn) / 0.5
    assert stats.kstest(standard, "norm").pvalue > 0.01


def test_quantities_of_those_who_ask_belong_to_them(spec):
    state = states(spec, 1)[0]
    assert state.selection.keys() == {"poll"}
    assert state.dependence.keys() == {"linkage"}
    assert state.concentration.keys() == {"poll", "linkage"}
    assert state.concentration["poll"] == state.concentration["linkage"]


def etas_of_parts(state: State) -> np.ndarray:
    """Return the logarithms of parts of all outer people, centred over parts; dims (part, region,
    year)."""
    logs = np.stack(
        [state.log_ratio[part] - state.log_ratio["outer"] for part in ("young", "middle", "old")]
    )
    return logs - logs.mean(axis=0)


def test_parts_add_up_to_the_whole(spec):
    for state in states(spec, 50):
        parts = np.exp([state.log_ratio[part] for part in spec.parts_of("age")])
        np.testing.assert_allclose(parts.sum(axis=0), np.exp(state.log_ratio["outer"]))


def test_parts_are_as_expected_where_they_do_not_deviate():
    words = document()
    words["breakdowns"]["age"] |= {"sd": NEARLY, "region_sd": NEARLY, "trend_sd": NEARLY}
    state = states(make(words), 1)[0]
    parts = [
        np.exp(state.log_ratio[part] - state.log_ratio["outer"])
        for part in ("young", "middle", "old")
    ]
    for part, expected in zip(parts, (1 / 6, 3 / 6, 2 / 6), strict=True):
        np.testing.assert_allclose(part, expected, rtol=1e-6)
    del words["breakdowns"]["age"]["expected"]
    state = states(make(words), 1)[0]
    np.testing.assert_allclose(
        state.log_ratio["old"] - state.log_ratio["outer"], np.log(1 / 3), rtol=1e-6
    )


def test_parts_deviate_by_breakdown_region_and_year():
    words = document()
    sds = {"sd": 0.5, "region_sd": 0.3, "trend_sd": 0.1}
    words["breakdowns"]["age"] |= {name: interval(sd - 1e-9, sd + 1e-9) for name, sd in sds.items()}
    etas = np.stack([etas_of_parts(state) for state in states(make(words), 4000)])
    # Of three parts, each centred deviation has 2/3 of the variance.
    kept = np.sqrt(2 / 3)
    assert (etas[:, 0, 0, 2] - etas[:, 0, 1, 2]).std() == pytest.approx(
        np.sqrt(2) * 0.3 * kept, rel=0.05
    )
    np.testing.assert_allclose(
        np.diff(etas, axis=3), np.diff(etas, axis=3)[:, :, :1, :1] * np.ones((5, 4))
    )
    assert np.diff(etas, axis=3)[:, 1, 2, 0].std() == pytest.approx(0.1 * kept, rel=0.05)
    assert etas[:, 2, 4, 2].std() == pytest.approx(np.hypot(0.5, 0.3) * kept, rel=0.05)


def test_a_part_can_be_broken_down_itself():
    words = document()
    words["scopes"] |= {
        name: {"definition": "d", "part_of": "old_by_sex"} for name in ("women", "men")
    }
    words["breakdowns"]["old_by_sex"] = {"of": "old", "sd": interval(0.1, 0.5)}
    for state in states(make(words), 10):
        parts = np.exp([state.log_ratio[part] for part in ("women", "men")])
        np.testing.assert_allclose(parts.sum(axis=0), np.exp(state.log_ratio["old"]))


def test_truth_is_labelled(toy):
    state = draw_state(toy, np.random.default_rng(1))
    truth = state.to_dataset(toy)
    north = truth["headcount"].sel(region="NORTH")
    growth = truth["growth"].sel(region="NORTH", step=2020)
    assert float(growth) == pytest.approx(float(north.sel(year=2020) / north.sel(year=2019) - 1))
    helper = truth["log_ratio"].sel(scope="helper", region="EAST", year=2018)
    assert float(helper) == state.log_ratio["helper"][2, 0]
    assert truth["log_reach"].dims == ("source", "region", "year")
    reach = truth["log_reach"].sel(source="platform", region="EAST", year=2018)
    assert float(reach) == state.log_reach["platform"][2, 0]
    assert truth["log_bare"].notnull().any(("region", "year")).to_numpy().tolist() == [
        False,
        True,
        False,
        False,
    ]
    assert truth["selection"].notnull().sum() == 8
    assert float(truth["selection"].sel(source="poll", year=2020)) == state.selection["poll"][2]
    assert bool(truth["dependence"].isnull().all())


def test_same_seed_same_simulation(toy, toy_rows):
    first, second, third = (simulate(toy, toy_rows, seed=seed) for seed in (7, 7, 8))
    assert first.observations == second.observations
    assert first.truth.equals(second.truth)
    assert first.observations != third.observations
    assert not first.truth.equals(third.truth)
    assert first.seed == 7


def test_the_state_does_not_depend_on_the_rows(toy, toy_rows):
    study = hc.Study(toy, toy_rows)
    fewer = study.variant(observations=replace(toy_rows, rows=toy_rows.rows[:5]))
    first, second = simulate(study, seed=7), simulate(fewer, seed=7)
    assert first.truth.equals(second.truth)
    assert first.observations.rows[:5] == second.observations.rows


def test_simulated_rows_are_a_table_that_can_be_read(toy, toy_rows):
    for seed in range(20):
        simulated = simulate(toy, toy_rows, seed=seed).observations
        with pytest.MonkeyPatch.context() as patch:
            # Several numbers for one quantity are likely here, with warnings; all must be read.
            patch.setattr("headcount.study.observation_files.warn", lambda _text: None)
            again = hc.parse_observations(simulated.to_csv())
        assert [replace(r, line=0) for r in again.rows] == [
            replace(r, line=0) for r in simulated.rows
        ]


EVERY_KIND = """\
source,area,year,period,kind,value,lower,upper,mass,unit,n,from_year,scope,of_area,of_scope,of_source,seen_by
registry,A,2021,end,count,700,,,,,,,,,,,
forum,WORLD,2022,2020/2022,rounded,30000,,,,,,,,,,,
forum,B,2022,2022-Q1,rounded,0,,,,1000,,,old,,,,
roll,C,2020,,lower_bound,90,,,,,,,,,,,
roll,C,2020,,upper_bound,2000,,,,,,,,,,,
roll,D,2020,start,suppressed,50,,,,,,,,,,,
registry,AB,2021,,range,,500,900,,,,,,,,,
registry,AB,2022,,range,,500,900,1,,,,,,,,
jobs,A,2023,2023-05,flow,40,,,,,,,,,,,
index,WORLD,2023,2023-Q2,growth,0.2,,,,,,2022,,,,,
forum,D,2021,2021,share,0.3,,,,,200,,old,,young,,
forum,D,2021,2021,share,1.3,,,,,,,core,,,jobs,
poll,WORLD,2022,2022-03-01,survey,30,,,,,100,,,,outer,,
poll,BC,2023,,survey,30,,,,,100,,outer,,outer,,forum
linkage,WORLD,2022,2022-Q4,overlap,30,,,,,100,,,,,,
"""


def test_statements_of_every_kind_fit_the_study_that_they_are_drawn_for(spec):
    rows = hc.parse_observations(EVERY_KIND)
    assert {row.kind for row in rows.rows} == set(OBSERVATION_KINDS)
    for seed in range(30):
        simulation = simulate(spec, rows, seed=seed)
        assert np.isfinite(log_density(spec, simulation.observations, simulation.state)).all()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("headcount.study.observation_files.warn", lambda _text: None)
            again = hc.parse_observations(simulation.observations.to_csv())
        assert [replace(r, line=0) for r in again.rows] == [
            replace(r, line=0) for r in simulation.observations.rows
        ]
        with warnings.catch_warnings(action="ignore"):
            # Rows may contradict each other here; all must fit the spec.
            Study(spec, again)


def test_excluded_rows_are_left_out(toy, toy_rows):
    first, *others = toy_rows.rows
    table = replace(toy_rows, rows=(replace(first, excluded="mistaken"), *others))
    assert len(simulate(toy, table, seed=1).observations) == len(others)


def test_figures_that_copies_repeat_enter_once(spec):
    stated = {"area": "A", "year": 2021, "kind": "count"}
    rows = (
        hc.Observation(source="registry", value=900.0, line=2, **stated),
        hc.Observation(source="echo", value=900.0, line=3, **stated),
        hc.Observation(source="echo", value=70.0, line=4, **(stated | {"area": "B"})),
    )
    with pytest.warns(hc.HeadcountWarning, match="no observations from this source"):
        simulation = simulate(spec, hc.Observations(rows), seed=1)
    assert [(row.source, row.area) for row in simulation.observations.rows] == [
        ("registry", "A"),
        ("registry", "B"),
    ]
    assert "echo" not in simulation.truth["source"]


def test_states_within_a_range(toy, toy_rows):
    for seed in range(10):
        truth = simulate(toy, toy_rows, seed=seed, within=(40_000, 60_000)).truth
        assert 40_000 <= float(truth["headcount"].sel(year=2021).sum()) <= 60_000


def test_states_that_are_kept(toy, toy_rows):
    simulation = simulate(
        toy, toy_rows, seed=1, keep=lambda state: state.selection["poll"][0] > 1.3
    )
    assert simulation.state.selection["poll"][0] > 1.3


def test_a_range_without_any_state_is_an_error(toy, toy_rows):
    expected = r"toy.toml \[total.prior\]: none of 50 prior draws .* between 1 and 2"
    with pytest.raises(HeadcountError, match=expected):
        simulate(toy, toy_rows, seed=1, within=(1, 2), tries=50)


def test_prior_draws_show_the_implications_of_the_priors(toy):
    prior = simulate_prior(toy, seed=1, draws=300)
    assert dict(prior.sizes) == {"draw": 300, "region": 4, "year": 8, "scope": 3, "source": 4}
    assert bool((prior["ratio"].sel(scope="helper") > 1).all())
    assert bool((prior["ratio"].sel(scope="beekeeper") == 1).all())
    assert prior["reach"].dims == ("draw", "source", "region", "year")
    assert bool((prior["reach"].sel(source=["registry", "poll"]) == 1).all())
    helper = prior["ratio"].sel(scope="helper", year=2021).quantile([0.05, 0.95])
    np.testing.assert_allclose(helper, [3, 15], rtol=0.2)
    assert prior.attrs["seed"] == 1
    assert prior.equals(simulate_prior(toy, seed=1, draws=300))
