"""The oracle's rows: expected values, densities that are distributions, and draws that follow them."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

import headcount as hc
from headcount.observation_kinds import OBSERVATION_KINDS
from headcount.simulation import State, draw_state, log_density, log_expected
from headcount.simulation.density import OBSERVATION_DENSITIES
from headcount.simulation.draws import OBSERVATION_DRAWS, draw_observations
from headcount.simulation.noise import TAILS

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
        log_reach={source: np.zeros(4) for source in sources},
        noise_scale=dict.fromkeys(sources, noise),
        selection={"poll": 2.0},
        concentration={"poll": 30.0},
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


def test_expected_values_add_regions_with_their_own_reach():
    state = make_state()
    state = replace(state, log_reach={"platform": np.log([0.1, 0.2, 0.3, 0.4])})
    # Regions NORTH, PORT, EAST, SOUTH-REST; SOUTH is PORT and SOUTH-REST, UNION is NORTH and EAST.
    for area, people in (("SOUTH", 0.6), ("WORLD", 1.0), ("UNION", 0.4), ("PORT", 0.2)):
        m = log_expected(state, SPEC, source="platform", area=area, year=2019)
        assert math.exp(m) == pytest.approx(12_000 * people)
    m = log_expected(state, SPEC, source="platform", area="WORLD", year=2019, scope="helper")
    assert math.exp(m) == pytest.approx(60_000)


def test_expected_values_use_the_year():
    years = np.tile(np.arange(8.0), (4, 1))
    state = replace(make_state(), log_headcount=years)
    for year in SPEC.years.labels:
        m = log_expected(state, SPEC, source="registry", area="EAST", year=year)
        assert m == pytest.approx(year - 2018)


def test_known_populations_are_not_reached():
    state = make_state()
    state = replace(state, known={"people": np.full((4, 8), 3.0)}, log_reach={"platform": np.full(4, -1.0)})
    m = log_expected(state, SPEC, source="platform", area="EAST", year=2021, scope="people")
    assert m == pytest.approx(3.0)


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
    cells = [density(row("range", lower=a, upper=b, mass=1.0), state) for a, b in itertools.pairwise(edges)]
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
    pmf = [density(row("survey", source="poll", value=k, n=40, of_scope="helper"), state) for k in range(41)]
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


def drawn(observation: hc.Observation, state: State, draws: int, seed: int = 1) -> list[hc.Observation]:
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
    assert stats.kstest(middles, stats.norm(TARGET_LOG, math.hypot(0.1, relative_se)).cdf).pvalue > 0.01


def test_simulated_hard_ranges_lie_on_the_grid_of_the_stated_one():
    observation = row("range", lower=11_000.0, upper=12_100.0, mass=1.0)
    draws = drawn(observation, make_state(), 2000)
    steps = [math.log(d.lower / 11_000) / math.log(1.1) for d in draws]
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)
    stayed = np.mean(np.rint(steps) == 0)
    expected = density(observation, make_state())
    assert stayed == pytest.approx(expected, abs=4 * 0.5 / math.sqrt(2000))


KINDS = {
    "count": row("count", value=9_000.0),
    "small_share": row("share", value=0.3, of_area="WORLD"),
    "lower_bound": row("lower_bound", value=12_500.0),
    "upper_bound": row("upper_bound", value=11_500.0, source="registry"),
    "soft": row("range", lower=9_000.0, upper=12_000.0),
    "hard": row("range", lower=11_500.0, upper=12_500.0, mass=1.0),
    "growth": row("growth", value=0.1, from_year=2019, source="registry"),
    "share": row("share", value=0.3, of_area="WORLD", n=400.0),
    "scope": row("share", value=0.2, of_scope="helper", scope="member"),
    "survey": row("survey", source="poll", value=3.0, n=60.0, of_scope="helper"),
}


@pytest.mark.parametrize("name", KINDS)
def test_draws_follow_densities(name):
    """The likelihood ratio of another state has mean one under the state that was drawn from, whatever the kind."""
    state = make_state()
    other = replace(
        state,
        log_headcount=state.log_headcount + 0.03 * np.arange(4)[:, None] + 0.02 * np.arange(-4, 4),
        log_ratio=dict(state.log_ratio) | {"helper": state.log_ratio["helper"] + 0.1},
        noise_scale=dict.fromkeys(SPEC.sources, 0.11),
    )
    draws = hc.Observations(tuple(drawn(KINDS[name], state, 3000, seed=3)))
    ratios = np.exp(log_density(SPEC, draws, other) - log_density(SPEC, draws, state))
    assert ratios.std() > 0.02
    assert ratios.mean() == pytest.approx(1, abs=4 * ratios.std() / math.sqrt(3000))


def test_simulated_rows_say_what_they_are():
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
