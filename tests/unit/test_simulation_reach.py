"""The oracle's reach: levels, exceptions, deviations, drift, breaks, and shared terms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats
from tests.oracle_specs import AREAS, document, fixed, interval, make, states

import headcount as hc
from headcount.simulation.reach_draws import Reach, draw_reach, level_by_region
from headcount.simulation.state_draws import draw_quantities


@pytest.fixture(scope="module")
def spec() -> hc.ModelSpec:
    return make(document())


def test_the_narrowest_exception_sets_the_level():
    words = document()
    exceptions = {"C1": 0.11, "AB": 0.22, "WORLD": 0.33, "BC": 0.44, "C": 0.55}
    coverage = interval(0.3, 0.7) | {
        "regions": {
            area: interval(level - 1e-9, level + 1e-9) for area, level in exceptions.items()
        }
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
        spec = make(words, areas=AREAS + "BD,Other union,,,,B;D\n")
        assert level_by_region("forum", fixed(spec), spec)[1] == pytest.approx(expected)


CALM = {
    "source_kinds__platform__region_sd": 0.0,
    "sources__forum__region_sd": 0.0,
    "sources__roll__drift_sd": 0.0,
    "shared_bias": 1.0,
    "lineages__list__error": 1.0,
}


def drawn(spec: hc.ModelSpec, seed: int = 1, **changes: float) -> Reach:
    return draw_reach(fixed(spec, **(CALM | changes)), spec, np.random.default_rng(seed))


def test_reach_of_each_kind(spec):
    reach = drawn(
        spec,
        sources__forum__coverage=0.5,
        sources__forum__coverage__regions__BC=0.1,
        sources__jobs__multiplier=2.0,
        lineages__list__error=1.2,
        shared_bias=0.9,
    ).log_reach
    coverage = np.array([0.5, 0.1, 0.1, 0.5, 0.1])[:, None] * np.ones(5)
    np.testing.assert_allclose(np.exp(reach["forum"]), coverage * 1.2 * 0.9)
    np.testing.assert_allclose(np.exp(reach["jobs"]), np.full((5, 5), 2 * 0.9))
    np.testing.assert_allclose(np.exp(reach["registry"]), np.full((5, 5), 1.2))
    for source in ("poll", "linkage"):
        np.testing.assert_array_equal(reach[source], np.zeros((5, 5)))
    assert np.ptp(reach["index"]) == pytest.approx(0)


def test_copies_have_no_reach(spec):
    assert drawn(spec).log_reach.keys() == spec.sources.keys()
    assert "echo" in spec.copies


def test_bare_reach_is_without_overcount_and_errors(spec):
    shifts = {"sources__roll__overcount": 0.25, "lineages__list__error": 1.2, "shared_bias": 0.9}
    reach = drawn(spec, **shifts)
    assert reach.log_bare.keys() == {"forum", "roll"}
    roll, forum = (
        np.exp(reach.log_reach[name] - reach.log_bare[name]) for name in ("roll", "forum")
    )
    np.testing.assert_allclose(roll, 1.25 * 0.9)
    np.testing.assert_allclose(forum, 1.2 * 0.9)
    assert (reach.log_bare["roll"] < 0).all()


def test_breaks_are_factors_on_the_odds_from_their_year_on(spec):
    reach = drawn(
        spec,
        sources__roll__coverage=0.5,
        sources__roll__breaks__2020=3.0,
        sources__roll__breaks__2023=0.5,
    )
    odds = np.exp(special.logit(np.exp(reach.log_bare["roll"])))
    np.testing.assert_allclose(odds, np.tile([1, 3, 3, 3, 1.5], (5, 1)))


def test_breaks_of_a_survey_are_factors_on_its_selection(spec):
    for state in states(spec, 20):
        selection = state.selection["poll"]
        assert selection.shape == (5,)
        assert np.ptp(selection[:3]) == np.ptp(selection[3:]) == 0
        assert selection[3] != selection[2]
    first = draw_quantities(spec, np.random.default_rng(1), 20)["sources.poll.breaks.2022"]
    ratios = [state.selection["poll"][3] / state.selection["poll"][2] for state in states(spec, 20)]
    np.testing.assert_allclose(ratios, first)


def test_drift_is_a_random_walk_that_is_zero_in_the_reference_year(spec):
    breaks = {"sources__roll__breaks__2020": 1.0, "sources__roll__breaks__2023": 1.0}
    quantities = fixed(
        spec, **(CALM | breaks | {"sources__roll__drift_sd": 0.2, "sources__roll__coverage": 0.4})
    )
    rng = np.random.default_rng(4)
    zeta = np.stack(
        [
            special.logit(np.exp(draw_reach(quantities, spec, rng).log_bare["roll"]))
            for _ in range(4000)
        ]
    )
    # All regions drift together.
    np.testing.assert_allclose(np.ptp(zeta, axis=1), 0, atol=1e-12)
    drift = zeta[:, 0] - special.logit(0.4)
    np.testing.assert_allclose(drift[:, 2], 0, atol=1e-12)
    np.testing.assert_allclose(drift.std(axis=0), 0.2 * np.sqrt([2, 1, 0, 1, 2]), rtol=0.05)
    steps = np.corrcoef(np.diff(drift, axis=1), rowvar=False)
    assert np.abs(steps - np.eye(4)).max() < 0.06


def test_drift_and_breaks_of_multipliers_and_trends_are_on_the_log_scale():
    words = document()
    for name in ("jobs", "index"):
        words["sources"][name] |= {
            "breaks": {"2022": interval(0.5, 2)},
            "drift_sd": interval(0.1, 0.3),
        }
    spec = make(words)
    for name in ("jobs", "index"):
        changes = {f"sources__{name}__drift_sd": 0.0, f"sources__{name}__breaks__2022": 2.0}
        reach = drawn(spec, **changes).log_reach[name]
        np.testing.assert_allclose(np.exp(np.diff(reach, axis=1)), np.tile([1, 1, 2, 1], (5, 1)))
        moved = drawn(spec, **(changes | {f"sources__{name}__drift_sd": 0.5})).log_reach[name]
        np.testing.assert_array_equal(moved[:, 2], reach[:, 2])
        assert np.abs(moved - reach)[:, [0, 1, 3, 4]].min() > 0.01


def test_trend_levels_are_free(spec):
    calm = fixed(spec, shared_bias=1.0)
    rng = np.random.default_rng(2)
    levels = [draw_reach(calm, spec, rng).log_reach["index"][0, 0] for _ in range(4000)]
    assert stats.kstest(levels, stats.norm(0, 5).cdf).pvalue > 0.01


def test_sources_of_a_kind_share_a_deviation(spec):
    quantities = fixed(
        spec,
        source_kinds__platform__region_sd=0.3,
        sources__forum__region_sd=0.4,
        lineages__list__error=1.0,
        shared_bias=1.0,
    )
    rng = np.random.default_rng(3)
    draws = [draw_reach(quantities, spec, rng).log_reach for _ in range(4000)]
    forum = np.array([special.logit(np.exp(d["forum"][0, 0])) for d in draws])
    jobs = np.array([d["jobs"][0, 0] for d in draws])
    assert np.std(jobs) == pytest.approx(0.3, rel=0.05)
    assert np.std(forum) == pytest.approx(0.5, rel=0.05)
    assert np.corrcoef(forum, jobs)[0, 1] == pytest.approx(0.3 / 0.5, abs=0.05)
