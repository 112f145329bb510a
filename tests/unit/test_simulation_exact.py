"""The oracle's densities against the same formulas with many digits, at random and far out."""

from __future__ import annotations

from dataclasses import replace

import mpmath
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some
from tests.oracle_specs import document, level, make

import headcount as hc
from headcount.simulation.binomial_rows import log_beta_binomial
from headcount.simulation.list_overlap import chance_on_second
from headcount.simulation.rounding_rules import reads_as_count, rounding_unit
from headcount.simulation.row_densities import OBSERVATION_DENSITIES
from headcount.simulation.row_noise import TAILS, log_between

PROPERTY = settings(max_examples=200, deadline=None, derandomize=True)
SPEC = make(document())
STATE = level(SPEC, 0.0)
SOURCES = {"student_t": "forum", "normal": "index"}
mpmath.mp.dps = 60

TAIL = some.sampled_from(["student_t", "normal"])
EXPECTED = some.floats(-3, 28)
NOISE = some.floats(-6, 0.7).map(np.exp)


def below(z: mpmath.mpf, tails: str) -> mpmath.mpf:
    """Return F, with its digits in the left tail."""
    if tails == "normal":
        return mpmath.erfc(-z / mpmath.sqrt(2)) / 2
    root = mpmath.sqrt(4 + z**2)
    # (1 + u)^2 (2 - u) / 4 with u = z / root, and 1 + u = 4 / root / (root - z) for z below 0.
    one_and_u = 4 / (root * (root - z)) if z < 0 else 1 + z / root
    return one_and_u**2 * (3 - one_and_u) / 4


def between(low: mpmath.mpf, high: mpmath.mpf, tails: str) -> mpmath.mpf:
    """Return F(high) - F(low), from the tail that is small."""
    if low + high > 0:
        low, high = -high, -low
    with mpmath.workdps(120):
        return mpmath.log(below(high, tails) - below(low, tails))


def log_pdf(z: mpmath.mpf, tails: str) -> mpmath.mpf:
    if tails == "normal":
        return -(z**2) / 2 - mpmath.log(2 * mpmath.pi) / 2
    return mpmath.log(3) - mpmath.log(8) - mpmath.mpf(5) / 2 * mpmath.log(1 + z**2 / 4)


def found(tails: str, expected: float, noise: float, **cells: object) -> float:
    """Return the oracle's log density of a row with this expected value."""
    source = SOURCES[tails]
    row = hc.Observation(source=source, area="A", year=2021, scope="core", **cells)
    state = replace(
        STATE,
        log_headcount=np.full((5, 5), expected),
        noise_scale=dict.fromkeys(SPEC.sources, noise),
    )
    return OBSERVATION_DENSITIES[row.kind](row, state, SPEC)


def sd_of(*variances: float) -> mpmath.mpf:
    return mpmath.sqrt(sum(mpmath.mpf(variance) for variance in variances))


def assert_close(value: float, exact: mpmath.mpf) -> None:
    assert np.isfinite(value)
    assert value == pytest.approx(float(exact), rel=1e-9, abs=1e-9)


@PROPERTY
@given(tails=TAIL, low=some.floats(-50, 50), width=some.floats(-12, 5).map(np.exp))
@example(tails="normal", low=40.0, width=1e-3)
@example(tails="normal", low=-300.0, width=1e-6)
@example(tails="student_t", low=1e6, width=1e-2)
@example(tails="student_t", low=-1e6, width=1e6)
@example(tails="normal", low=-1e-9, width=2e-9)
def test_probability_of_an_interval(tails, low, width):
    exact = between(mpmath.mpf(low), mpmath.mpf(low + width), tails)
    assert_close(log_between(TAILS[tails], low, low + width), exact)


@PROPERTY
@given(
    tails=TAIL,
    expected=EXPECTED,
    noise=NOISE,
    sds=some.floats(-40, 40),
    kind=some.sampled_from(["lower_bound", "upper_bound", "suppressed"]),
)
@example(tails="normal", expected=10.0, noise=0.01, sds=40.0, kind="lower_bound")
@example(tails="normal", expected=10.0, noise=0.01, sds=-40.0, kind="suppressed")
@example(tails="student_t", expected=10.0, noise=0.01, sds=-40.0, kind="upper_bound")
def test_bounds_forty_sds_out(tails, expected, noise, sds, kind):
    bound = float(np.exp(np.clip(expected + sds * noise, -3, 40)))
    z = (mpmath.log(bound) - expected) / sd_of(noise**2, 1 / mpmath.mpf(bound))
    exact = mpmath.log(below(-z if kind == "lower_bound" else z, tails))
    assert_close(found(tails, expected, noise, kind=kind, value=bound), exact)


@PROPERTY
@given(tails=TAIL, expected=EXPECTED, noise=NOISE, kind=some.sampled_from(["count", "flow"]))
def test_zeros(tails, expected, noise, kind):
    exact = mpmath.log(below(-expected / sd_of(noise**2, 1), tails))
    assert_close(found(tails, expected, noise, kind=kind, value=0.0), exact)


def rounded_exactly(
    tails: str, expected: float, noise: float, value: float, unit: float, relative_se: float
) -> mpmath.mpf:
    """Return the log likelihood of a rounded number, by the formulas of docs/model.md."""
    y, half = mpmath.mpf(value), mpmath.mpf(unit) / 2
    if value == 0:
        return mpmath.log(below((mpmath.log(half) - expected) / sd_of(noise**2, 1 / half), tails))
    ends = [mpmath.log(y - half), mpmath.log(y + half)]
    sd = sd_of(noise**2, relative_se**2, 1 / y)
    if ends[1] - ends[0] < mpmath.mpf("0.1") * sd_of(
        mpmath.mpf("0.05") ** 2, relative_se**2, 1 / y
    ):
        return log_pdf((mpmath.log(y) - expected) / sd, tails) - mpmath.log(sd)
    return between(*((end - expected) / sd for end in ends), tails)


@PROPERTY
@given(
    tails=TAIL,
    expected=EXPECTED,
    noise=NOISE,
    unit=some.sampled_from([0.5, 1.0, 10.0, 100.0, 1e3, 1e6, 12.0]),
    times=some.integers(0, 40) | some.integers(0, 10**6),
    relative_se=some.sampled_from([None, 0.01, 0.3]),
)
@example(tails="normal", expected=20.0, noise=0.01, unit=1e3, times=1, relative_se=None)
@example(tails="normal", expected=0.0, noise=0.01, unit=1e6, times=3, relative_se=None)
@example(tails="student_t", expected=28.0, noise=0.01, unit=10.0, times=1, relative_se=0.01)
def test_rounded_numbers(tails, expected, noise, unit, times, relative_se):
    value = unit * times
    exact = rounded_exactly(tails, expected, noise, value, unit, relative_se or 0.0)
    cells = {"kind": "rounded", "value": value, "unit": unit, "relative_se": relative_se}
    assert_close(found(tails, expected, noise, **cells), exact)


@pytest.mark.parametrize(
    ("value", "unit"),
    [(30_000.0, 1e4), (31_400.0, 100.0), (7.0, 1.0), (1e18, 1e18), (1_930_001.0, 1.0)],
)
def test_trailing_zeros_give_the_rounding_unit(value, unit):
    row = hc.Observation(source="forum", area="A", year=2021, kind="rounded", value=value)
    assert rounding_unit(row) == unit
    assert rounding_unit(replace(row, unit=250.0)) == 250.0


def test_rounding_that_does_not_matter_is_left_out():
    row = hc.Observation(
        source="forum", area="A", year=2021, kind="rounded", value=100_000.0, unit=100.0
    )
    assert reads_as_count(row)
    assert not reads_as_count(replace(row, unit=1000.0))
    # A tenth of the 5 % that any source is given credit for, or of the row's own error.
    assert reads_as_count(replace(row, unit=499.0))
    assert not reads_as_count(replace(row, unit=525.0))
    assert reads_as_count(replace(row, unit=525.0, relative_se=0.1))


@PROPERTY
@given(
    tails=TAIL, expected=EXPECTED, noise=NOISE, lower=some.floats(0, 25), width=some.floats(1e-3, 3)
)
@example(tails="normal", expected=28.0, noise=0.01, lower=3.0, width=1.0)
@example(tails="normal", expected=0.0, noise=0.01, lower=25.0, width=1e-3)
def test_hard_ranges(tails, expected, noise, lower, width):
    ends = np.exp([lower, lower + width]).tolist()
    sd = sd_of(noise**2, 1 / mpmath.sqrt(mpmath.mpf(ends[0]) * ends[1]))
    exact = between(*((mpmath.log(end) - expected) / sd for end in ends), tails)
    cells = {"kind": "range", "lower": ends[0], "upper": ends[1], "mass": 1.0}
    value = found(tails, expected, noise, **cells)
    # The logarithms of ends near each other leave fewer digits for their difference.
    assert value == pytest.approx(float(exact), rel=1e-9, abs=1e-9 + 1e-14 / width)


@PROPERTY
@given(
    n=some.integers(0, 3000),
    part=some.floats(0, 1),
    kappa=some.floats(-20, 20).map(lambda power: 10.0**power),
    log_odds=some.floats(-40, 40),
)
@example(n=2000, part=0.0, kappa=1e18, log_odds=-3.0)
@example(n=2000, part=1.0, kappa=1e18, log_odds=-30.0)
@example(n=2000, part=0.3, kappa=1e-18, log_odds=0.0)
@example(n=3000, part=0.5, kappa=1e10, log_odds=0.0)
def test_beta_binomial(n, part, kappa, log_odds):
    k = round(part * n)
    yes, no = (float(kappa / (1 + np.exp(sign * log_odds))) for sign in (-1, 1))
    with mpmath.workdps(80):
        one, other = mpmath.mpf(yes), mpmath.mpf(no)
        # Written with rising factorials: log beta functions of huge arguments lose even these
        # digits.
        exact = mpmath.log(mpmath.binomial(n, k)) + sum(
            (mpmath.log(one + i) for i in range(k)), mpmath.mpf(0)
        )
        exact += sum((mpmath.log(other + i) for i in range(n - k)), mpmath.mpf(0))
        exact -= sum((mpmath.log(one + other + i) for i in range(n)), mpmath.mpf(0))
    assert_close(log_beta_binomial(k, n, yes, no), exact)


@pytest.mark.parametrize(("yes", "no"), [(0.3, 2.0), (1e-8, 1e-6), (400.0, 7.0)])
def test_beta_binomial_probabilities_add_up(yes, no):
    assert sum(np.exp([log_beta_binomial(k, 60, yes, no) for k in range(61)])) == pytest.approx(1)


def on_second_exactly(first: mpmath.mpf, second: mpmath.mpf, theta: mpmath.mpf) -> mpmath.mpf:
    """Solve the odds ratio of a two-by-two table for its cell, by halving, and return its part of
    the first list."""
    low, high = max(mpmath.mpf(0), first + second - 1), min(first, second)
    for _ in range(600):
        both = (low + high) / 2
        too_few = both * (1 - first - second + both) < theta * (first - both) * (second - both)
        low, high = (both, high) if too_few else (low, both)
    return (low + high) / 2 / first


LOG_PART = some.floats(-23, -1e-10) | some.floats(-1e-4, -1e-10) | some.floats(-2, -0.01)


@PROPERTY
@given(first=LOG_PART, second=LOG_PART, theta=some.floats(-6, 6).map(lambda power: 10.0**power))
@example(first=-1e-10, second=-1e-10, theta=1e-6)
@example(first=-1e-10, second=-23.0, theta=1e-6)
@example(first=-23.0, second=-23.0, theta=1e6)
@example(first=-23.0, second=-1e-10, theta=1e6)
@example(first=-0.1, second=-0.1, theta=1e-6)
@example(first=-0.7, second=-0.7, theta=1.0)
def test_the_second_list_solves_the_odds_ratio(first, second, theta):
    chance, complement = chance_on_second(first, second, theta)
    with mpmath.workdps(60):
        exact = on_second_exactly(mpmath.exp(first), mpmath.exp(second), mpmath.mpf(theta))
        assert chance == pytest.approx(float(exact), rel=1e-8)
        assert complement == pytest.approx(float(1 - exact), rel=1e-8)
