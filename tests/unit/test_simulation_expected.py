"""The oracle's expected values: sums over regions, times between years, known populations, lists
and wholes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize, special
from tests.oracle_specs import document, level, make

import headcount as hc
from headcount.simulation import State, log_expected
from headcount.simulation.binomial_rows import BETA_PARAMETERS
from headcount.simulation.expected_values import (
    log_listed,
    log_people,
    log_stated,
    subject_of,
    whole_of,
)
from headcount.simulation.row_noise import noise_of_growth, noise_of_share

SPEC = make(document())
LOG_PEOPLE = math.log(12_000)
STATE = level(SPEC, LOG_PEOPLE)
# Regions: A, B, C1, D, C-REST; years: 2019 to 2023.
BY_REGION = np.log([[0.1], [0.2], [0.3], [0.4], [0.5]]) * np.ones(5)


def row(kind: str = "count", **cells: object) -> hc.Observation:
    words = {"source": "forum", "area": "A", "year": 2021, "kind": kind, "scope": "core"} | cells
    return hc.Observation(**words)


def expected(state: State, **cells: object) -> float:
    """Return how many units a source is expected to state."""
    stated = row(**cells)
    return math.exp(log_stated(subject_of(stated, SPEC), stated.source, state, SPEC))


def with_people(log_people: np.ndarray) -> State:
    """Return a state with other headcounts, dims (region, year)."""
    return replace(STATE, log_headcount=log_people)


GROWING = with_people(np.cumsum([[0, 0.1, 0.3, -0.2, 0.5]] * 5, axis=1) + np.arange(5.0)[:, None])


def test_regions_add_up_with_their_own_reach():
    state = replace(STATE, log_reach={"forum": BY_REGION})
    for area, people in (("C", 0.8), ("WORLD", 1.5), ("AB", 0.3), ("BC", 1.0), ("C1", 0.3)):
        m = log_expected(state, SPEC, source="forum", area=area, year=2019)
        assert math.exp(m) == pytest.approx(12_000 * people)


def test_a_row_s_scope_is_its_own_or_its_source_s():
    state = replace(
        STATE, log_ratio=dict(STATE.log_ratio) | {"outer": np.full((5, 5), math.log(3))}
    )
    assert expected(state, scope="") == pytest.approx(36_000)
    assert expected(state, scope="core") == pytest.approx(12_000)


def test_years_are_their_middles():
    for position, year in enumerate(SPEC.years.labels):
        for source in SPEC.sources:
            m = log_expected(GROWING, SPEC, source=source, area="D", year=year, scope="core")
            assert m == GROWING.log_headcount[3, position]


def test_between_years_logarithms_are_on_a_straight_line():
    reach = replace(
        GROWING,
        log_reach=dict(GROWING.log_reach) | {"forum": np.sin(np.arange(25.0)).reshape(5, 5)},
    )
    log_seen_by_year = reach.log_headcount + reach.log_reach["forum"]
    # Noon of 2 July is the middle of a year of 365 days; the first half ends 181/365 after its
    # start.
    for period, year, part in (
        ("2020-10-01", 2020, (274.5 / 366) - 0.5),
        ("2022-01-01", 2022, 0.5 / 365 - 0.5),
    ):
        at = year + part - 2019
        line = [np.interp(at, range(5), own) for own in log_seen_by_year]
        assert expected(reach, area="B", period=period, year=year) == pytest.approx(
            math.exp(line[1])
        )
        together = sum(np.exp(line)[[1, 2, 4]])
        assert expected(reach, area="BC", period=period, year=year) == pytest.approx(together)


@pytest.mark.parametrize(("year", "period", "beyond"), [(2019, "start", 0), (2023, "end", 4)])
def test_beyond_the_outermost_years_the_line_goes_on(year, period, beyond):
    own = GROWING.log_headcount[0]
    inside = 1 if beyond == 0 else 3
    # A day is a moment at its middle.
    away = 0.5 - 0.5 / 365
    line = own[beyond] + away * (own[beyond] - own[inside])
    assert expected(GROWING, year=year, period=period) == pytest.approx(math.exp(line))


def test_a_period_is_an_average_of_its_pieces():
    # The middles of the halves are a quarter of a year from those of the years.
    own = GROWING.log_headcount[0]
    pieces = [np.interp(at, range(5), own) for at in (1 + 0.25, 2 - 0.25)]
    halves = expected(GROWING, year=2021, period="2020-07-02/2021-07-02")
    assert halves == pytest.approx(np.mean(np.exp(pieces)), rel=2e-3)
    years = expected(GROWING, year=2022, period="2020/2022")
    assert years == pytest.approx(np.mean(np.exp(own[1:4])))


def test_flows_are_of_person_years():
    flow = {"kind": "flow", "source": "jobs"}
    assert expected(STATE, **flow) == pytest.approx(12_000)
    assert expected(STATE, **flow, period="2021") == pytest.approx(12_000)
    assert expected(STATE, **flow, period="2021-02") == pytest.approx(12_000 * 28 / 365)
    assert expected(STATE, **flow, period="2020-12-31/2021-01-01") == pytest.approx(
        12_000 * (1 / 366 + 1 / 365)
    )
    assert expected(STATE, **flow, year=2022, period="2019/2022") == pytest.approx(4 * 12_000)
    assert expected(STATE, source="jobs", period="2021-02") == pytest.approx(12_000)


def test_known_populations_are_not_reached_and_move_as_all_else():
    reached = replace(STATE, log_reach={"forum": BY_REGION}, log_bare={"forum": BY_REGION})
    # Aland's 1,000 in 2019 grow by 500 a year.
    assert expected(reached, scope="people", year=2020) == pytest.approx(1500)
    half = expected(reached, scope="people", year=2020, period="end")
    assert half == pytest.approx(math.sqrt(1500 * 2000), rel=1e-3)
    listed = log_listed(subject_of(row(scope="people"), SPEC), "forum", reached, SPEC)
    assert math.exp(listed) == pytest.approx(2000)


def test_people_are_counted_whoever_sees_them():
    state = replace(STATE, log_reach={"forum": BY_REGION})
    assert math.exp(log_people(subject_of(row(area="WORLD"), SPEC), state, SPEC)) == pytest.approx(
        60_000
    )


def test_a_whole_shares_with_its_part_the_cells_that_it_does_not_state():
    own = row("share", period="2021-Q2", of_area="WORLD")
    assert whole_of(own, SPEC) == replace(subject_of(own, SPEC), area="WORLD")
    own = row("share", period="2021-Q2", of_scope="outer")
    assert whole_of(own, SPEC) == replace(subject_of(own, SPEC), scope="outer")
    own = row("share", scope="inner", of_source="roll")
    assert whole_of(own, SPEC) == subject_of(own, SPEC)


def test_a_share_of_another_source_has_the_reach_of_that():
    state = replace(
        STATE, log_reach=dict(STATE.log_reach) | {"forum": BY_REGION, "roll": BY_REGION - 1}
    )
    state = replace(state, noise_scale=dict(STATE.noise_scale) | {"forum": 0.2, "roll": 0.7})
    noise = noise_of_share(row("share", of_source="roll", of_area="AB"), state, SPEC)
    assert noise.expected == pytest.approx(math.log(0.1 / 0.3) + 1)
    assert noise.sd == 0.2
    assert noise_of_share(row("share", of_area="AB"), state, SPEC).expected == pytest.approx(
        math.log(0.1 / 0.3)
    )


def test_a_growth_compares_two_periods():
    own = GROWING.log_headcount[0]
    noise = noise_of_growth(row("growth", year=2022, from_year=2020), GROWING, SPEC)
    assert noise.expected == pytest.approx(own[3] - own[1])
    assert noise.sd == pytest.approx(0.1 * math.sqrt(2))
    cells = {
        "year": 2022,
        "period": "2022-01-01/2022-12-31",
        "from_year": 2020,
        "from_period": "2020-04",
    }
    middle_of_april = (31 + 29 + 31 + 15) / 366 - 0.5
    earlier = np.interp(1 + middle_of_april, range(5), own)
    assert noise_of_growth(row("growth", **cells), GROWING, SPEC).expected == pytest.approx(
        own[3] - earlier
    )


def odds(beta: tuple[float, float]) -> float:
    return beta[0] / beta[1]


def test_a_survey_s_selection_is_that_of_its_year():
    state = replace(
        STATE,
        log_ratio=dict(STATE.log_ratio) | {"outer": np.full((5, 5), math.log(5))},
        selection={"poll": np.arange(1.0, 6)},
    )
    for position, year in enumerate(SPEC.years.labels):
        # A period that reaches back does not make the survey that of an earlier year.
        for period in ("", f"{year}", "start"):
            own = row("survey", source="poll", year=year, period=period, of_scope="outer")
            beta = BETA_PARAMETERS["survey"](own, state, SPEC)
            assert odds(beta) == pytest.approx(0.25 * (position + 1))
            assert sum(beta) == pytest.approx(30)


def test_a_survey_of_a_list_counts_those_on_it():
    state = replace(STATE, log_bare={"forum": BY_REGION}, log_reach={"forum": BY_REGION + 1})
    own = row("survey", source="poll", of_scope="core", seen_by="forum", area="C")
    part = (0.3 + 0.5) / 2
    assert odds(BETA_PARAMETERS["survey"](own, state, SPEC)) == pytest.approx(part / (1 - part))
    narrower = replace(
        state, log_ratio=dict(STATE.log_ratio) | {"outer": np.full((5, 5), math.log(2))}
    )
    own = replace(own, of_scope="outer")
    assert odds(BETA_PARAMETERS["survey"](own, narrower, SPEC)) == pytest.approx(
        0.5 * part / (1 - 0.5 * part)
    )


def test_an_overlap_solves_the_odds_ratio_of_two_lists():
    bare = {"forum": BY_REGION, "roll": np.full((5, 5), math.log(0.3))}
    for theta in (0.2, 1.0, 4.0):
        state = replace(STATE, log_bare=bare, dependence={"linkage": theta})
        own = row("overlap", source="linkage", area="C", value=1.0, n=10.0)
        first, second = 0.4, 0.3

        def excess(
            both: float, theta: float = theta, first: float = first, second: float = second
        ) -> float:
            """Return the log odds ratio of the table with these margins, less the one that is
            wanted."""
            cells = np.log([both, first - both, second - both, 1 - first - second + both])
            return float(cells @ [1, -1, -1, 1] - math.log(theta))

        both = optimize.brentq(excess, 1e-9, second - 1e-9, xtol=1e-14)
        beta = BETA_PARAMETERS["overlap"](own, state, SPEC)
        assert odds(beta) == pytest.approx(both / (first - both))
        assert sum(beta) == pytest.approx(30)


def test_lists_are_those_of_the_linkage_in_order():
    bare = {"forum": BY_REGION, "roll": np.full((5, 5), math.log(0.3))}
    own = row("overlap", source="linkage", area="D", value=1.0, n=10.0)
    # Independent lists: whoever is on the first, the chance is that of the second.
    assert odds(
        BETA_PARAMETERS["overlap"](own, replace(STATE, log_bare=bare), SPEC)
    ) == pytest.approx(0.3 / 0.7)


@pytest.mark.parametrize("log_bare", [0.0, 1e-3, -1e-15, -700.0])
def test_lists_of_nearly_all_and_nearly_none_have_odds(log_bare):
    flat = np.full((5, 5), log_bare)
    for theta in (1e-6, 1.0, 1e6):
        state = replace(
            STATE, log_bare={"forum": flat, "roll": flat}, dependence={"linkage": theta}
        )
        own = row("overlap", source="linkage", value=1.0, n=10.0)
        survey = row("survey", source="poll", of_scope="core", seen_by="forum")
        for beta in (
            BETA_PARAMETERS["overlap"](own, state, SPEC),
            BETA_PARAMETERS["survey"](survey, state, SPEC),
        ):
            assert min(beta) > 0
            assert sum(beta) == pytest.approx(30)
    assert special.expit(
        np.log(odds(BETA_PARAMETERS["survey"](survey, STATE, SPEC)))
    ) == pytest.approx(0.5)
