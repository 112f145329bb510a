"""The oracle's growth: paths by kind, covariates, change points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from tests.oracle_specs import COVARIATES, NEARLY, document, fixed, interval, make, states

import headcount as hc
from headcount.simulation.covariate_facts import Facts, scaled_covariate
from headcount.simulation.growth_draws import GROWTH_DRAWS, GrowthDrivers, draw_path
from headcount.simulation.random_walks import walk_from
from headcount.study.growth_kinds import GROWTH_KINDS


@pytest.fixture(scope="module")
def spec() -> hc.ModelSpec:
    return make(document())


def test_every_growth_kind_can_be_drawn():
    assert GROWTH_DRAWS.keys() == GROWTH_KINDS.keys()


def drivers(shape: tuple[int, int], reference: int = 0, **parameters: float) -> GrowthDrivers:
    """Return drivers without steady or driven growth."""
    return GrowthDrivers(
        parameters={"rate": 0.0} | parameters,
        steady=np.zeros(shape[0]),
        driven=np.zeros(shape),
        log_stock=np.zeros(shape[0]),
        graduates=np.zeros((shape[0], shape[1] + 1)),
        reference=reference,
    )


def growth_of(kind: str, given: GrowthDrivers, seed: int = 1) -> np.ndarray:
    return np.diff(GROWTH_DRAWS[kind](given, np.random.default_rng(seed)), axis=1)


def test_a_walk_is_zero_in_the_reference_year_and_moves_by_its_steps():
    growth = np.array([[0.1, 0.2, 0.4], [-0.1, 0.0, 0.3]])
    walk = walk_from(growth, reference=1)
    np.testing.assert_allclose(walk, [[-0.1, 0.0, 0.2, 0.6], [0.1, 0.0, 0.0, 0.3]])
    np.testing.assert_array_equal(walk_from(growth[0], reference=1), walk[0])


@pytest.mark.parametrize("reference", [0, 3])
def test_walk_at_either_end(reference):
    walk = walk_from(np.ones((1, 3)), reference)
    np.testing.assert_allclose(walk, [np.arange(4.0) - reference])


ALL_TERMS = {
    "region_rate_sd": 0.1,
    "common_sd": 0.1,
    "region_sd": 0.1,
    "damping": 0.5,
    "ceiling": 3.0,
    "exit": 0.1,
    "entry": 0.5,
    "conversion": 0.05,
}


@pytest.mark.parametrize("kind", GROWTH_KINDS)
def test_every_path_is_zero_in_the_reference_year(kind):
    reference = 0 if GROWTH_KINDS[kind].forward_only else 2
    given = replace(drivers((3, 5), reference, **ALL_TERMS), steady=np.array([0.1, 0.0, -0.1]))
    path = GROWTH_DRAWS[kind](given, np.random.default_rng(1))
    assert path.shape == (3, 6)
    assert np.isfinite(path).all()
    np.testing.assert_array_equal(path[:, reference], 0)
    assert np.ptp(path[:, -1]) > 0


def test_covariates_are_scaled_as_stated(spec):
    people = np.log([2000, 4000, 500, 1500, 8000])
    np.testing.assert_allclose(scaled_covariate("people", spec), people - people.mean())
    wealth = scaled_covariate("wealth", spec)
    assert wealth.mean() == pytest.approx(0)
    assert np.sqrt(np.mean(wealth**2)) == pytest.approx(1)
    assert np.argsort(wealth).tolist() == [0, 1, 2, 4, 3]


def with_covariate(**effect: object) -> hc.ModelSpec:
    words = document()
    words["covariates"]["degrees"] = {"effect": "growth", "coefficient": interval(0, 0.1)} | effect
    return make(words)


@pytest.mark.parametrize("transform", ["log", "none"])
def test_yearly_covariates_are_scaled_over_regions_and_steps(transform):
    spec = with_covariate(yearly=True, transform=transform)
    # Only Aland's change; steps end in 2020 to 2023. Regions: A, B, C1, D, C-REST.
    values = np.array(
        [[200, 300, 400, 500], *([people] * 4 for people in (300, 20, 10, 700))], dtype=float
    )
    x = np.log(values) if transform == "log" else values
    expected = (x - x.mean()) / np.sqrt(np.mean((x - x.mean()) ** 2))
    np.testing.assert_allclose(scaled_covariate("degrees", spec), expected)


def test_covariates_that_are_alike_everywhere_are_zero():
    words = document()
    words["covariates"]["same"] = {
        "effect": "growth",
        "yearly": True,
        "coefficient": interval(0, 0.1),
    }
    same = "".join(f"{region},2021,same,7\n" for region in ("A", "B", "C1", "D", "C-REST"))
    spec = make(words, covariates=COVARIATES + same)
    np.testing.assert_array_equal(scaled_covariate("same", spec), np.zeros((5, 4)))


def test_yearly_covariates_add_to_the_growth_of_their_years():
    spec = with_covariate(yearly=True)
    quantities = fixed(
        spec, covariates__degrees__coefficient=0.5, covariates__wealth__coefficient=0.0
    )
    without = dict(quantities) | {"covariates.degrees.coefficient": 0.0}
    paths = [
        draw_path(given, Facts.of(spec), np.zeros(5), spec, np.random.default_rng(1))
        for given in (quantities, without)
    ]
    shift = np.diff(paths[0] - paths[1], axis=1)
    np.testing.assert_allclose(shift, 0.5 * scaled_covariate("degrees", spec), atol=1e-12)


def test_shrunk_coefficients_follow_the_sd_that_they_share():
    words = document()
    words["growth"] = {"kind": "exponential", "rate": NEARLY, "region_rate_sd": NEARLY}
    words["growth"]["coefficient_sd"] = interval(0.2 - 1e-9, 0.2 + 1e-9)
    words["covariates"]["wealth"]["coefficient"] = "shrunk"
    words["covariates"]["degrees"] = {"effect": "growth", "coefficient": "shrunk"}
    spec = make(words)
    assert spec.shrunk_covariates == ("wealth", "degrees")
    growth = np.stack([np.diff(s.log_headcount, axis=1)[:, 0] for s in states(spec, 2000)])
    x = np.stack([scaled_covariate(name, spec) for name in spec.shrunk_covariates], axis=1)
    coefficients = np.linalg.lstsq(x, growth.T)[0]
    for own in coefficients:
        assert stats.kstest(own / 0.2, "norm").pvalue > 0.01
    assert abs(np.corrcoef(coefficients)[0, 1]) < 0.08


def test_change_points_count_from_their_year_in_their_area():
    words = document()
    words["growth"] = {"kind": "exponential", "rate": NEARLY, "region_rate_sd": NEARLY}
    words["growth"]["changes"] = {
        "boom": {"year": 2022, "change": interval(0.2 - 1e-9, 0.2 + 1e-9)},
        "bust": {"year": 2020, "area": "BC", "change": interval(-0.5 - 1e-9, -0.5 + 1e-9)},
    }
    words["covariates"]["wealth"]["coefficient"] = interval(-1e-9, 1e-9)
    growth = np.diff(states(make(words), 1)[0].log_headcount, axis=1)
    boom = np.log(1.2) * np.array([0, 0, 1, 1])
    # Regions: A, B, C1, D, C-REST; B and those of C bust.
    bust = np.log(0.5) * np.array([0, 1, 1, 0, 1])[:, None]
    np.testing.assert_allclose(growth, boom + bust, atol=1e-6)


def test_damped_trend_is_stationary_with_autocorrelation_phi():
    phi, sd = 0.7, 0.05
    growth = growth_of(
        "damped_trend", drivers((20_000, 6), common_sd=0.0, region_sd=sd, damping=phi), 4
    )
    np.testing.assert_allclose(growth.std(axis=0), sd, rtol=0.025)
    assert np.corrcoef(growth[:, 0], growth[:, 1])[0, 1] == pytest.approx(phi, abs=0.02)
    assert np.corrcoef(growth[:, 2], growth[:, 4])[0, 1] == pytest.approx(phi**2, abs=0.02)
    assert np.corrcoef(growth[0], growth[1])[0, 1] < 0.99


def test_common_growth_is_shared_by_all_regions():
    for kind in ("damped_trend", "random_walk"):
        growth = growth_of(kind, drivers((3, 4000), common_sd=1.0, region_sd=0.0, damping=0.5), 5)
        np.testing.assert_array_equal(growth[0], growth[2])
        assert growth[0].std() == pytest.approx(1.0, rel=0.06)


def test_random_walk_adds_common_and_regional_growth():
    growth = growth_of("random_walk", drivers((2, 20_000), common_sd=3.0, region_sd=4.0), 6)
    assert growth.std() == pytest.approx(5, rel=0.03)
    assert np.corrcoef(growth)[0, 1] == pytest.approx(9 / 25, abs=0.03)
    assert abs(np.corrcoef(growth[0, 1:], growth[0, :-1])[0, 1]) < 0.03


def logistic_path(reference: int, ceiling: float, rate: float, steps: int) -> np.ndarray:
    given = drivers((1, steps), reference, rate=rate, ceiling=ceiling, common_sd=0.0, region_sd=0.0)
    return GROWTH_DRAWS["logistic"](given, np.random.default_rng(1))[0]


def test_logistic_growth_is_verhulst_s_curve():
    ceiling, rate, since = 5.0, 0.4, np.arange(-4.0, 7)
    # Solves dH/dt = k H (1 - H / C) with H = 1 in the reference year.
    closed = ceiling / (1 + (ceiling - 1) * np.exp(-np.log1p(rate) * since))
    np.testing.assert_allclose(np.exp(logistic_path(4, ceiling, rate, 10)), closed, rtol=1e-12)


def test_logistic_growth_ends_at_the_ceiling_and_begins_at_the_rate():
    headcount = np.exp(logistic_path(150, 3.0, 0.5, 300))
    assert (np.diff(headcount) > -1e-12).all()
    assert headcount[-1] == pytest.approx(3.0, rel=1e-9)
    assert headcount[1] / headcount[0] == pytest.approx(1.5, rel=1e-9)
    # Of a ceiling that is barely above the headcount, little growth is left.
    assert np.exp(logistic_path(0, 1 + 1e-9, 0.5, 3)) == pytest.approx(np.ones(4), abs=2e-9)


def test_logistic_growth_has_innovations_and_passing_changes():
    given = drivers((2000, 4), 1, ceiling=4.0, rate=0.3, common_sd=0.3, region_sd=0.4)
    given = replace(given, driven=np.tile([0.0, 0.0, 0.1, 0.0], (2000, 1)))
    path = GROWTH_DRAWS["logistic"](given, np.random.default_rng(3))
    np.testing.assert_array_equal(path[:, 1], 0)
    added = np.diff(path, axis=1) - np.diff(logistic_path(1, 4.0, 0.3, 4))
    assert added.std(axis=0) == pytest.approx(np.full(4, 0.4), rel=0.06)
    calm = GROWTH_DRAWS["logistic"](
        replace(given, driven=np.zeros((2000, 4))), np.random.default_rng(3)
    )
    np.testing.assert_allclose(path - calm, np.tile([0, 0, 0, 0.1, 0.1], (2000, 1)), atol=1e-12)


def test_stock_and_flow_is_the_accounting_of_a_plain_loop():
    rng = np.random.default_rng(2)
    stocks, people = rng.uniform(50, 500, 3), rng.uniform(0, 100, (3, 6))
    given = replace(
        drivers((3, 5), exit=0.1, entry=0.3, conversion=0.05, common_sd=0.0, region_sd=0.0),
        steady=rng.normal(0, 0.5, 3),
        driven=rng.normal(0, 0.5, (3, 5)),
        log_stock=np.log(stocks),
        graduates=people,
    )
    path = GROWTH_DRAWS["stock_and_flow"](given, rng)
    for region in range(3):
        stock = stocks[region]
        for year in range(5):
            # The conversions of a step are those of the year in which it ends, its graduates those
            # of the year before.
            converts = 0.05 * np.exp(given.steady[region]) * np.exp(given.driven[region, year])
            stock = stock - 0.1 * stock + 0.3 * people[region, year] + stock * converts
            assert stocks[region] * np.exp(path[region, year + 1]) == pytest.approx(
                stock, rel=1e-12
            )


def test_conversions_have_innovations_of_all_and_of_each():
    given = drivers(
        (2, 20_000), exit=0.5, entry=0.0, conversion=0.5, common_sd=0.03, region_sd=0.04
    )
    growth = np.exp(growth_of("stock_and_flow", given, 7))
    log_conversion = np.log(growth - 0.5)
    assert log_conversion.mean() == pytest.approx(np.log(0.5), abs=0.002)
    assert log_conversion.std() == pytest.approx(0.05, rel=0.03)
    assert np.corrcoef(log_conversion)[0, 1] == pytest.approx(9 / 25, abs=0.03)


def test_graduates_of_each_year_are_taken_from_the_table():
    words = document()
    words["years"]["reference"] = 2019
    words["growth"] = {
        "kind": "stock_and_flow",
        "exit": interval(0.1 - 1e-9, 0.1 + 1e-9),
        "entry": interval(0.5 - 1e-9, 0.5 + 1e-9),
        "conversion": NEARLY,
        "region_rate_sd": NEARLY,
        "common_sd": NEARLY,
        "region_sd": NEARLY,
        "graduates": "degrees",
    }
    headcount = np.exp(states(make(words), 1)[0].log_headcount)
    # Aland's graduates go from 100 in 2019 to 500 in 2023, those of Dland stay at 10. Regions: A,
    # B, C1, D, C-REST.
    for region, people in ((0, [100, 200, 300, 400]), (3, [10, 10, 10, 10])):
        for year, graduates in enumerate(people):
            expected = 0.9 * headcount[region, year] + 0.5 * graduates
            assert headcount[region, year + 1] == pytest.approx(expected, rel=1e-6)


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
