"""Rows of the oracle: expected values, densities that integrate to one, matching draws."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats
from tests.oracle_specs import document, level, make

import headcount as hc
from headcount.simulation import State, draw_state, log_density
from headcount.simulation.row_densities import OBSERVATION_DENSITIES
from headcount.simulation.row_draws import OBSERVATION_DRAWS, draw_observations
from headcount.simulation.row_noise import TAILS
from headcount.study.observation_kinds import OBSERVATION_KINDS

ROOT = Path(__file__).parents[2]
SPEC = hc.read_spec(ROOT / "models/toy.toml")
TARGET_LOG = math.log(12_000)


def make_state(log_headcount: float = TARGET_LOG, noise: float = 0.1) -> State:
    """Return a state in which every region has as many in every year, and nobody is missed."""
    state = draw_state(SPEC, np.random.default_rng(1))
    sources = SPEC.sources
    return replace(
        state,
        log_headcount=np.full((4, 8), log_headcount),
        log_ratio={
            "beekeeper": np.zeros((4, 8)),
            "member": np.full((4, 8), math.log(0.5)),
            "helper": np.full((4, 8), math.log(5)),
        },
        log_reach={source: np.zeros((4, 8)) for source in sources},
        noise_scale=dict.fromkeys(sources, noise),
        selection={"poll": np.full(8, 2.0)},
        concentration={"poll": 30.0},
        log_bare={"platform": np.full((4, 8), math.log(0.5))},
    )


def row(kind: str, **cells: object) -> hc.Observation:
    words = {"source": "platform", "area": "NORTH", "year": 2021, "kind": kind} | cells
    return hc.Observation(**words)


def density(observation: hc.Observation, state: State) -> float:
    return math.exp(OBSERVATION_DENSITIES[observation.kind](observation, state, SPEC))


def test_every_observation_kind_has_a_draw_and_a_density():
    assert OBSERVATION_DRAWS.keys() == OBSERVATION_KINDS.keys()
    assert OBSERVATION_DENSITIES.keys() == OBSERVATION_KINDS.keys()


def test_student_t_has_four_degrees_of_freedom():
    t = TAILS["student_t"]
    assert t.pdf(0) == pytest.approx(3 / 8)
    u = 1.5 / math.sqrt(4 + 1.5**2)
    assert t.sf(1.5) == pytest.approx((1 - u) ** 2 * (2 + u) / 4)


def count_mass(state: State, **cells: object) -> float:
    """Return the probability of a zero and of everything from one up."""
    above, _ = integrate.quad(
        lambda log_y: density(row("count", value=math.exp(log_y), **cells), state),
        0,
        40,
        points=[float(state.log_headcount[0, 0])],
        limit=500,
    )
    return above + density(row("count", value=0.0, **cells), state)


@pytest.mark.parametrize("source", ["platform", "registry"])
@pytest.mark.parametrize("cells", [{}, {"relative_se": 0.2}])
def test_count_density_integrates_to_one(source, cells):
    # 1/y in the sd makes the integral exact only in the limit of large counts.
    assert count_mass(make_state(), source=source, **cells) == pytest.approx(1, abs=1e-3)


def test_count_density_of_one_number():
    observation = row("count", value=10_000.0, relative_se=0.2)
    sd = math.sqrt(0.1**2 + 0.2**2 + 1 / 10_000)
    z = (math.log(10_000) - TARGET_LOG) / sd
    assert density(observation, make_state()) == pytest.approx(stats.t(4).pdf(z) / sd)
    anchored = replace(observation, source="registry")
    assert density(anchored, make_state()) == pytest.approx(stats.norm.pdf(z) / sd)


def test_zero_is_fewer_than_one():
    state = make_state(log_headcount=math.log(3), noise=0.5)
    expected = stats.t(4).cdf(-math.log(3) / math.sqrt(0.25 + 1))
    assert density(row("count", value=0.0), state) == pytest.approx(expected)


def test_soft_range_is_a_count_at_its_middle():
    state = make_state()
    stated = row("range", lower=9_000.0, upper=16_000.0, mass=0.8)
    relative_se = math.log(16 / 9) / (2 * stats.norm.ppf(0.9))
    counted = row("count", value=12_000.0, relative_se=relative_se)
    assert density(stated, state) == pytest.approx(density(counted, state))
    unsaid, nine = replace(stated, mass=None), replace(stated, mass=0.9)
    assert density(unsaid, state) == density(nine, state) != density(stated, state)


def test_growth_density_integrates_to_one_around_the_change():
    state = make_state()
    state.log_headcount[:, 4] += 0.3
    observation = row("growth", year=2022, from_year=2021)

    def at(log_growth: float) -> float:
        return density(replace(observation, value=math.expm1(log_growth)), state)

    assert integrate.quad(at, -20, 20, points=[0.3], limit=500)[0] == pytest.approx(1, abs=1e-6)
    assert at(0.3) == pytest.approx(3 / 8 / (math.sqrt(2) * 0.1))


def test_share_density_integrates_to_one_around_the_part():
    state = make_state()
    observation = row("share", of_area="WORLD", of_scope="helper", scope="member")

    def at(log_p: float) -> float:
        return density(replace(observation, value=math.exp(log_p)), state)

    # A quarter of the people, half of whom are members, of five times as many helpers.
    middle = math.log(0.5 / 4 / 5)
    assert integrate.quad(at, -25, 20, points=[middle], limit=500)[0] == pytest.approx(1, abs=1e-6)
    assert at(middle) == pytest.approx(3 / 8 / 0.1)


@pytest.mark.parametrize(("p", "sampling"), [(0.2, 0.8 / (50 * 0.2)), (1.2, 0.0)])
def test_a_share_with_a_base_has_sampling_error(p, sampling):
    observation = row("share", value=p, n=50.0, of_area="WORLD")
    sd = math.sqrt(0.1**2 + sampling)
    expected = stats.t(4).pdf((math.log(p) - math.log(0.25)) / sd) / sd
    assert density(observation, make_state()) == pytest.approx(expected)


@pytest.mark.parametrize("source", ["platform", "registry"])
@pytest.mark.parametrize("bound", [20.0, 11_000.0, 2e6])
def test_bounds_complement_each_other(source, bound):
    over = density(row("lower_bound", value=bound, source=source), make_state())
    under = density(row("upper_bound", value=bound, source=source), make_state())
    assert over + under == pytest.approx(1)


def test_bounds_point_the_right_way():
    over = [density(row("lower_bound", value=b), make_state()) for b in (1e3, 12e3, 1e5)]
    assert over[0] > 0.99
    assert over[1] == pytest.approx(0.5)
    assert over[2] < 0.01


def test_hard_ranges_partition_the_line():
    state = make_state()
    edges = np.geomspace(1000, 150_000, 200)
    cells = [
        density(row("range", lower=a, upper=b, mass=1.0), state)
        for a, b in itertools.pairwise(edges)
    ]
    below = density(row("upper_bound", value=1000.0), state)
    above = density(row("lower_bound", value=150_000.0), state)
    assert sum(cells) + below + above == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("source", ["platform", "registry"])
def test_tails_are_finite_at_forty_sd(source):
    state = make_state(noise=0.1)
    for distance in (-40, 40):
        y = math.exp(TARGET_LOG + 0.1 * distance)
        rows = [
            row("count", value=y, source=source),
            row("lower_bound", value=y, source=source),
            row("upper_bound", value=y, source=source),
            row("range", lower=y, upper=1.1 * y, mass=1.0, source=source),
            row("share", value=y / 48_000, of_area="WORLD", source=source),
            row("growth", value=math.expm1(0.1 * distance), from_year=2019, source=source),
        ]
        values = log_density(SPEC, hc.Observations(tuple(rows)), state)
        assert np.isfinite(values).all()


@pytest.mark.parametrize("source", ["platform", "registry"])
@pytest.mark.parametrize("z", [3, 8, 40])
def test_hard_ranges_are_alike_in_both_tails(source, z):
    # So many people that the Poisson part, which differs between the tails, does not show.
    middle = 1e15
    state = make_state(log_headcount=math.log(middle))
    near, far = math.exp(0.1 * z), math.exp(0.1 * z + 0.02)
    right = row("range", source=source, lower=middle * near, upper=middle * far, mass=1.0)
    left = row("range", source=source, lower=middle / far, upper=middle / near, mass=1.0)
    values = log_density(SPEC, hc.Observations((left, right)), state)
    assert values[0] == pytest.approx(values[1], rel=1e-8)


def test_survey_probabilities_add_up_and_have_the_right_mean():
    state = make_state()
    pmf = [
        density(row("survey", source="poll", value=k, n=40, of_scope="helper"), state)
        for k in range(41)
    ]
    assert sum(pmf) == pytest.approx(1)
    # One in five is odds of 1/4, doubled by the selection.
    q = 0.5 / 1.5
    assert np.dot(pmf, range(41)) / 40 == pytest.approx(q)
    variance = 40 * q * (1 - q) * (30 + 40) / (30 + 1)
    assert np.dot(pmf, np.square(range(41))) - (40 * q) ** 2 == pytest.approx(variance)


@pytest.mark.parametrize("log_ratio", [1e-14, 700.0])
def test_surveys_of_nearly_all_and_nearly_none_are_finite(log_ratio):
    state = make_state()
    ratio = dict(state.log_ratio) | {"helper": np.full((4, 8), log_ratio)}
    state = replace(state, log_ratio=ratio)
    observation = row("survey", source="poll", value=1.0, n=2.0, of_scope="helper")
    assert np.isfinite(OBSERVATION_DENSITIES["survey"](observation, state, SPEC))
    drawn = OBSERVATION_DRAWS["survey"](observation, state, SPEC, np.random.default_rng(1))
    assert drawn.value == (2 if log_ratio < 1 else 0)


def drawn(
    observation: hc.Observation, state: State, draws: int, seed: int = 1
) -> list[hc.Observation]:
    rng = np.random.default_rng(seed)
    draw = OBSERVATION_DRAWS[observation.kind]
    return [draw(observation, state, SPEC, rng) for _ in range(draws)]


@pytest.mark.parametrize(("source", "tails"), [("platform", stats.t(4)), ("registry", stats.norm)])
def test_simulated_counts_follow_their_density(source, tails):
    observation = row("count", source=source, value=1.0, relative_se=0.05)
    values = [d.value for d in drawn(observation, make_state(), 2000)]
    assert all(value == round(value) for value in values)
    sd = math.sqrt(0.1**2 + 0.05**2 + 1 / 12_000)
    z = (np.log(values) - TARGET_LOG) / sd
    assert stats.kstest(z, tails.cdf).pvalue > 0.01


@pytest.mark.parametrize("people", [0.001, 0.5, 1.0])
def test_simulated_zeros_are_as_frequent_as_their_probability(people):
    state = make_state(log_headcount=math.log(people), noise=0.3)
    values = np.array([d.value for d in drawn(row("count", value=5.0), state, 3000)])
    expected = density(row("count", value=0.0), state)
    assert np.mean(values == 0) == pytest.approx(expected, abs=4 * 0.5 / math.sqrt(3000))


@pytest.mark.parametrize("kind", ["lower_bound", "upper_bound"])
@pytest.mark.parametrize(("people", "bound"), [(12_000, 13_000.0), (4, 6.0)])
def test_a_bound_on_the_wrong_side_becomes_its_opposite(kind, people, bound):
    state = make_state(log_headcount=math.log(people))
    draws = drawn(row(kind, value=bound), state, 3000)
    assert {d.value for d in draws} == {bound}
    over = np.mean([d.kind == "lower_bound" for d in draws])
    expected = density(row("lower_bound", value=bound), state)
    assert over == pytest.approx(expected, abs=4 * 0.5 / math.sqrt(3000))


def test_simulated_ranges_keep_their_log_width():
    for mass in (0.8, 1.0):
        observation = row("range", lower=9_000.0, upper=11_000.0, mass=mass)
        for d in drawn(observation, make_state(), 50):
            assert d.upper / d.lower == pytest.approx(11 / 9)
            assert d.mass == mass


def test_simulated_soft_ranges_spread_by_noise_and_width():
    observation = row("range", source="registry", lower=9_000.0, upper=16_000.0, mass=0.8)
    draws = drawn(observation, make_state(), 3000)
    middles = [math.log(d.lower * d.upper) / 2 for d in draws]
    relative_se = math.log(16 / 9) / (2 * stats.norm.ppf(0.9))
    assert (
        stats.kstest(middles, stats.norm(TARGET_LOG, math.hypot(0.1, relative_se)).cdf).pvalue
        > 0.01
    )


def test_simulated_hard_ranges_lie_on_the_grid_of_the_stated_one():
    observation = row("range", lower=11_000.0, upper=12_100.0, mass=1.0)
    draws = drawn(observation, make_state(), 2000)
    steps = [math.log(d.lower / 11_000) / math.log(1.1) for d in draws]
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)
    stayed = np.mean(np.rint(steps) == 0)
    expected = density(observation, make_state())
    assert stayed == pytest.approx(expected, abs=4 * 0.5 / math.sqrt(2000))


# Which cells there are does not depend on the draw, and of so large numbers the Poisson part does
# not show.
ROUNDED = row("rounded", value=30_000.0)


def assert_as_frequent(found: list[float], values: list[float], chances: np.ndarray) -> None:
    """Hold the frequencies of values against their chances; all others are one more cell."""
    counts = np.array([found.count(value) for value in values])
    observed, expected = (
        [*counts, len(found) - counts.sum()],
        len(found) * np.array([*chances, 1 - sum(chances)]),
    )
    assert expected.min() > 4
    assert stats.chisquare(observed, expected, sum_check=False).pvalue > 0.01


@pytest.mark.parametrize("source", ["platform", "registry"])
def test_rounded_draws_are_multiples_of_the_unit_as_likely_as_their_density(source):
    state = make_state(log_headcount=math.log(17_000), noise=0.8)
    draws = drawn(replace(ROUNDED, source=source), state, 5000)
    # The unit of the stated number holds for all that could have been stated in its place.
    assert {d.unit for d in draws} == {10_000.0}
    values = [d.value for d in draws]
    assert all(value % 10_000 == 0 for value in values)
    cells = [replace(ROUNDED, source=source, value=1e4 * step, unit=1e4) for step in range(6)]
    chances = np.array([density(cell, state) for cell in cells])
    assert chances[0] > 0.03
    assert_as_frequent(values, [cell.value for cell in cells], chances)


def test_rounded_draws_have_the_relative_standard_error():
    state = make_state(log_headcount=math.log(30_000), noise=0.1)
    observation = replace(ROUNDED, relative_se=0.3)
    values = [d.value for d in drawn(observation, state, 5000)]
    cells = [replace(observation, value=1e4 * step, unit=1e4) for step in range(1, 6)]
    assert_as_frequent(
        values, [cell.value for cell in cells], np.array([density(c, state) for c in cells])
    )


def test_finely_rounded_draws_follow_the_density_of_a_count():
    observation = row("rounded", value=12_340.0, source="registry")
    draws = drawn(observation, make_state(), 2000)
    assert {d.unit for d in draws} == {10.0}
    assert all(d.value % 10 == 0 for d in draws)
    z = (np.log([d.value for d in draws]) - TARGET_LOG) / math.sqrt(0.1**2 + 1 / 12_000)
    assert stats.kstest(z, "norm").pvalue > 0.01


@pytest.mark.parametrize("unit", [1_000.0, 100_000.0])
def test_rounded_draws_of_few_are_zeros_to_the_unit(unit):
    state = make_state(log_headcount=math.log(0.4 * unit), noise=0.5)
    draws = drawn(row("rounded", value=3 * unit, unit=unit), state, 3000)
    zeros = np.mean([d.value == 0 for d in draws])
    assert {d.unit for d in draws} == {unit}
    expected = density(row("rounded", value=0.0, unit=unit), state)
    assert zeros == pytest.approx(expected, abs=4 * 0.5 / math.sqrt(3000))


@pytest.mark.parametrize(("source", "tails"), [("platform", stats.t(4)), ("registry", stats.norm)])
def test_numbers_above_the_floor_are_published(source, tails):
    state, floor = make_state(noise=0.3), 11_000.0
    observation = row("suppressed", value=floor, source=source)
    draws = drawn(observation, state, 4000)
    withheld = [d for d in draws if d.kind == "suppressed"]
    published = [d for d in draws if d.kind == "count"]
    assert len(withheld) + len(published) == len(draws)
    assert withheld[0] == observation
    below = density(observation, state)
    assert len(withheld) / len(draws) == pytest.approx(below, abs=4 * 0.5 / math.sqrt(4000))
    assert min(d.value for d in published) >= floor
    z = (np.log([d.value for d in published]) - TARGET_LOG) / math.sqrt(0.3**2 + 1 / 12_000)
    # Counts are censored, not drawn until they reach the floor.
    assert stats.kstest((tails.cdf(z) - below) / (1 - below), "uniform").pvalue > 0.01


@pytest.mark.parametrize(("people", "floor"), [(7, 5.0), (3, 10.0), (7, 6.5)])
def test_low_floors_withhold_as_often_as_their_density_says(people, floor):
    state = make_state(log_headcount=math.log(people), noise=0.3)
    draws = drawn(row("suppressed", value=floor), state, 3000)
    withheld = np.mean([d.kind == "suppressed" for d in draws])
    expected = density(row("suppressed", value=floor), state)
    assert withheld == pytest.approx(expected, abs=4 * 0.5 / math.sqrt(3000))
    assert all(d.value == round(d.value) >= floor for d in draws if d.kind == "count")


@pytest.mark.parametrize(("source", "tails"), [("platform", stats.t(4)), ("registry", stats.norm)])
def test_simulated_flows_follow_their_density(source, tails):
    observation = row("flow", source=source, value=1.0, period="2021-Q1")
    values = [d.value for d in drawn(observation, make_state(), 2000)]
    expected = 12_000 * 90 / 365
    z = (np.log(values) - math.log(expected)) / math.sqrt(0.1**2 + 1 / expected)
    assert stats.kstest(z, tails.cdf).pvalue > 0.01


@pytest.mark.parametrize(("source", "tails"), [("platform", stats.t(4)), ("registry", stats.norm)])
def test_simulated_growth_and_shares_follow_their_density(source, tails):
    state = make_state()
    observation = row("growth", source=source, year=2022, from_year=2019, from_period="end")
    growth = np.log1p([d.value for d in drawn(observation, state, 2000)])
    assert stats.kstest(growth / (math.sqrt(2) * 0.1), tails.cdf).pvalue > 0.01
    # The other source sees a third.
    state = replace(
        state, log_reach=dict(state.log_reach) | {"analyst": np.full((4, 8), math.log(1 / 3))}
    )
    observation = row("share", source=source, of_source="analyst", n=1e6)
    shares = np.log([d.value for d in drawn(observation, state, 2000)])
    assert stats.kstest((shares - math.log(3)) / 0.1, tails.cdf).pvalue > 0.01


ASKED = {
    "survey": row("survey", source="poll", value=1.0, n=12.0, of_scope="helper"),
    "list": row(
        "survey", source="poll", value=1.0, n=12.0, of_scope="beekeeper", seen_by="platform"
    ),
}


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("kappa", [1.5, 30.0, 1e9])
def test_simulated_surveys_follow_their_probabilities(name, kappa):
    state = replace(make_state(), concentration={"poll": kappa})
    values = [d.value for d in drawn(ASKED[name], state, 4000)]
    cells = [replace(ASKED[name], value=float(k)) for k in range(13)]
    chances = np.array([density(cell, state) for cell in cells])
    assert sum(chances) == pytest.approx(1)
    # The last of them is left to the others.
    shown = np.flatnonzero(chances > 0.01)[:-1]
    assert_as_frequent(values, shown.tolist(), chances[shown])


@pytest.mark.parametrize("theta", [0.2, 1.0, 6.0])
def test_simulated_overlaps_follow_their_probabilities(theta):
    spec = make(document())
    state = replace(level(spec, TARGET_LOG), dependence={"linkage": theta})
    observation = row("overlap", source="linkage", area="A", value=1.0, n=12.0)
    rng = np.random.default_rng(5)
    values = [
        OBSERVATION_DRAWS["overlap"](observation, state, spec, rng).value for _ in range(4000)
    ]
    cells = [replace(observation, value=float(k)) for k in range(13)]
    chances = np.exp([OBSERVATION_DENSITIES["overlap"](cell, state, spec) for cell in cells])
    assert sum(chances) == pytest.approx(1)
    # Half of the people are on each list, so of those on the first sqrt(theta) to 1 are on the
    # second.
    assert np.dot(chances, range(13)) / 12 == pytest.approx(
        math.sqrt(theta) / (1 + math.sqrt(theta))
    )
    shown = np.flatnonzero(chances > 0.01)[:-1]
    assert_as_frequent(values, shown.tolist(), chances[shown])


KINDS = {
    "count": row("count", value=9_000.0),
    "small_share": row("share", value=0.3, of_area="WORLD"),
    "lower_bound": row("lower_bound", value=12_500.0),
    "upper_bound": row("upper_bound", value=11_500.0, source="registry"),
    "rounded": row("rounded", value=12_000.0, unit=2_000.0),
    "rounded_to_zero": row("rounded", value=0.0, unit=20_000.0),
    "finely_rounded": row("rounded", value=12_300.0, unit=100.0, relative_se=0.1),
    "suppressed": row("suppressed", value=11_000.0),
    "flow": row("flow", value=900.0, period="2021-02", source="registry"),
    "period": row("count", value=9_000.0, period="2020-07/2021-06"),
    "soft": row("range", lower=9_000.0, upper=12_000.0),
    "hard": row("range", lower=11_500.0, upper=12_500.0, mass=1.0),
    "growth": row("growth", value=0.1, from_year=2019, source="registry"),
    "growth_of_a_quarter": row(
        "growth", value=0.1, period="2021-Q3", from_year=2020, from_period="2020-Q3"
    ),
    "other_source": row("share", value=0.9, of_source="registry"),
    "share": row("share", value=0.3, of_area="WORLD", n=400.0),
    "scope": row("share", value=0.2, of_scope="helper", scope="member"),
    "survey": row("survey", source="poll", value=3.0, n=60.0, of_scope="helper"),
    "list": row(
        "survey", source="poll", value=3.0, n=60.0, of_scope="beekeeper", seen_by="platform"
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_draws_follow_densities(name):
    """The likelihood ratio of another state has mean one under the state that was drawn from,
    whatever the kind."""
    state = make_state()
    other = replace(
        state,
        log_headcount=state.log_headcount + 0.03 * np.arange(4)[:, None] + 0.02 * np.arange(-4, 4),
        log_ratio=dict(state.log_ratio) | {"helper": state.log_ratio["helper"] + 0.1},
        log_reach=dict(state.log_reach) | {"registry": np.full((4, 8), 0.05)},
        log_bare={"platform": state.log_bare["platform"] - 0.1},
        noise_scale=dict.fromkeys(SPEC.sources, 0.11),
    )
    draws = hc.Observations(tuple(drawn(KINDS[name], state, 3000, seed=3)))
    ratios = np.exp(log_density(SPEC, draws, other) - log_density(SPEC, draws, state))
    assert ratios.std() > 0.02
    assert ratios.mean() == pytest.approx(1, abs=4 * ratios.std() / math.sqrt(3000))


def test_simulated_rows_are_marked_as_simulated():
    table = hc.read_observations(ROOT / "data/toy/observations.csv")
    table = replace(table, rows=tuple(replace(r, as_stated="their words") for r in table.rows))
    simulated = draw_observations(SPEC, table, make_state(), np.random.default_rng(1))
    assert len(simulated) == len(table)
    for before, after in zip(table.rows, simulated.rows, strict=True):
        same = (
            "source",
            "area",
            "year",
            "n",
            "from_year",
            "scope",
            "of_area",
            "of_scope",
            "of_source",
            "seen_by",
            "period",
            "from_period",
            "relative_se",
        )
        assert all(getattr(before, name) == getattr(after, name) for name in same)
        assert (after.as_stated, after.citation) == ("", "simulated")
        assert str(before.line) in after.notes
        assert [*OBSERVATION_KINDS[after.kind].problems(after)] == []


def test_log_density_passes_excluded_rows_over():
    rows = (row("count", value=9_000.0), row("count", value=1.0, excluded="a slip"))
    values = log_density(SPEC, hc.Observations(rows), make_state())
    assert values.shape == (1,)
