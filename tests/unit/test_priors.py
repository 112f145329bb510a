"""Priors: intervals have their quantiles, families their moments; the rest is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

from headcount.study.priors import FAMILIES, LINK_NORMAL, LINKS, Prior

PROPERTY = settings(max_examples=40, deadline=None, derandomize=True)

STATED = {
    "half_normal": ("positive", {"sd": 0.3}),
    "exponential": ("positive", {"mean": 0.3}),
    "gamma": ("positive", {"mean": 2.0, "sd": 0.5}),
    "beta": ("unit", {"mean": 0.3, "sd": 0.1}),
    LINK_NORMAL: ("positive", {"median": 2.0, "sd": 0.5}),
}

# Points on the link scale that leave enough digits on the quantity's own.
ENDS = some.tuples(some.floats(-8, 8), some.floats(0.01, 6))


def fault(stated, support="positive"):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - tests assert on the text
        Prior.parse(stated, support=support)
    return str(caught.value)


@pytest.mark.parametrize("support", LINKS)
@PROPERTY
@given(ends=ENDS, mass=some.floats(0.01, 0.999))
def test_an_interval_holds_its_mass_with_equal_tails(support, ends, mass):
    link = LINKS[support]
    low, high = (float(link.inverse(end)) for end in (ends[0], ends[0] + ends[1]))
    prior = Prior.between(low, high, mass=mass, support=support)
    tail = (1 - mass) / 2
    np.testing.assert_allclose(prior.quantile([tail, 1 - tail]), [low, high], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("support", LINKS)
def test_an_interval_is_normal_on_the_link_scale(support):
    link = LINKS[support]
    low, high = (float(link.inverse(end)) for end in (-1.0, 2.0))
    prior = Prior.between(low, high, mass=0.9, support=support)
    assert prior.is_link_normal
    assert prior.location == pytest.approx(0.5)
    assert prior.scale == pytest.approx(3 / (2 * 1.6448536269514722))
    draws = link.forward(prior.draw(np.random.default_rng(1), 2000))
    assert stats.kstest(draws, stats.norm(prior.location, prior.scale).cdf).pvalue > 1e-3


def test_ninety_percent_is_meant_where_no_mass_is_stated():
    assert Prior.parse({"low": 1, "high": 2}, support="positive") == Prior.between(1, 2, mass=0.9)


# What a source states of itself

SMALL = some.floats(1e-6, 1e-3)


@pytest.mark.parametrize("support", LINKS)
@PROPERTY
@given(at=some.floats(-4, 4), part=SMALL)
def test_a_stated_value_with_a_small_error_has_that_mean_and_sd(support, at, part):
    # To first order in the error, whatever the support: half of it on either side, and its sd is
    # the error.
    stated = float(LINKS[support].inverse(at))
    se = part / LINKS[support].slope(stated)
    prior = Prior.around(stated, se, support=support)
    assert float(prior.quantile(0.5)) == pytest.approx(stated, rel=1e-12)
    low, high = prior.quantile([stats.norm.cdf(-1), stats.norm.cdf(1)])
    assert (high - low) / 2 == pytest.approx(se, rel=1e-4)
    assert prior.is_link_normal
    assert prior.scale == pytest.approx(part)


@pytest.mark.parametrize(
    ("support", "stated", "se", "scale"),
    [
        ("real", 3.0, 0.5, 0.5),
        ("positive", 4.0, 0.5, 0.125),
        ("unit", 0.8, 0.04, 0.25),
        ("above_one", 3.0, 0.5, 0.25),
        ("growth", 0.25, 0.05, 0.04),
    ],
)
def test_an_error_is_carried_to_the_link_by_its_slope(support, stated, se, scale):
    prior = Prior.parse({"stated": stated, "se": se}, support=support)
    assert prior == Prior.around(stated, se, support=support)
    assert prior.parameters == (stated, pytest.approx(scale))


@pytest.mark.parametrize(
    ("stated", "support", "text"),
    [
        ({"stated": 1.2, "se": 0.1}, "unit", "stated = 1.2 is not a number between 0 and 1"),
        ({"stated": 0, "se": 0.1}, "positive", "stated = 0 is not a number above 0"),
        ({"stated": math.nan, "se": 0.1}, "real", "stated = nan is not any finite number"),
        ({"stated": 2, "se": 0}, "positive", "se = 0 must be above 0"),
        ({"stated": 2, "se": -1}, "positive", "se = -1 must be above 0"),
        ({"stated": 2, "se": math.inf}, "positive", "se = inf must be above 0"),
        ({"stated": 2, "se": math.nan}, "positive", "se = nan must be above 0"),
        ({"stated": 2}, "positive", "'se' is missing; a prior here needs stated, se"),
        ({"se": 2}, "positive", "'stated' is missing; a prior here needs stated, se"),
        (
            {"stated": 2, "se": 1, "mass": 0.9},
            "positive",
            "unknown key 'mass'. Known: 'se', 'stated'.",
        ),
        ({"stated": 2, "low": 1}, "positive", "unknown key 'low'. Known: 'se', 'stated'."),
        ({"stated": "2", "se": 1}, "positive", "stated = '2' is not a number"),
        (
            {"stated": 1e-300, "se": 1e300},
            "positive",
            "se = 1e+300 is too large for stated = 1e-300",
        ),
        (
            {"stated": 1e300, "se": 1e-300},
            "positive",
            "se = 1e-300 is too small for stated = 1e+300",
        ),
        (
            {"family": "gamma", "stated": 2, "se": 1},
            "positive",
            "unknown key 'se'. Known: 'mean', 'sd'.",
        ),
    ],
)
def test_stated_values_that_are_no_prior(stated, support, text):
    assert fault(stated, support) == text


@pytest.mark.parametrize("family", FAMILIES)
def test_families_have_the_moments_that_their_parameters_name(family):
    support, numbers = STATED[family]
    prior = Prior.parse({"family": family} | numbers, support=support)
    assert prior.family == family
    assert prior.parameters == tuple(numbers[name] for name in FAMILIES[family].parameters)
    if family == LINK_NORMAL:
        assert float(prior.quantile(0.5)) == pytest.approx(numbers["median"])
        assert prior.scale == numbers["sd"]
    elif family == "half_normal":
        assert prior.natural().mean() == pytest.approx(numbers["sd"] * math.sqrt(2 / math.pi))
    else:
        assert prior.natural().mean() == pytest.approx(numbers["mean"])
        assert prior.natural().std() == pytest.approx(numbers.get("sd", numbers["mean"]))


@pytest.mark.parametrize("family", FAMILIES)
def test_draws_follow_the_quantiles(family):
    support, numbers = STATED[family]
    prior = Prior.parse({"family": family} | numbers, support=support)
    draws = prior.draw(np.random.default_rng(2), (50, 40))
    assert draws.shape == (50, 40)
    assert all(prior.link.contains(float(value)) for value in draws.flat)
    below = draws < prior.quantile(0.3)
    assert stats.binomtest(int(below.sum()), draws.size, 0.3).pvalue > 1e-3


@pytest.mark.parametrize("family", FAMILIES)
def test_the_curvature_is_minus_the_second_derivative(family):
    support, numbers = STATED[family]
    prior = Prior.parse({"family": family} | numbers, support=support)
    first, second = (np.full(5, number) for number in prior.numbers)
    x, step = np.linspace(-2, 2, 5), 1e-3
    below, here, above = (prior.log_density(prior.link.inverse(x + k * step)) for k in (-1, 0, 1))
    expected = -(above - 2 * here + below) / step**2
    curvature = FAMILIES[family].curvature(x, first, second)
    np.testing.assert_allclose(curvature, expected, rtol=1e-4, atol=1e-6)


def test_families_have_different_codes():
    assert sorted(family.code for family in FAMILIES.values()) == list(range(len(FAMILIES)))


@pytest.mark.parametrize("family", FAMILIES)
def test_families_are_used_for_their_supports_only(family):
    support, numbers = STATED[family]
    for other in LINKS.keys() - set(FAMILIES[family].supports):
        text = fault({"family": family} | numbers, other)
        assert text.startswith(f"family {family!r} does not fit {LINKS[other].words}; use one of [")
        assert f"{LINK_NORMAL!r}" in text
    assert support in FAMILIES[family].supports


@pytest.mark.parametrize(
    ("support", "low", "high", "text"),
    [
        ("positive", 0, 2, "low = 0 is not a number above 0"),
        ("positive", -3, 2, "low = -3 is not a number above 0"),
        ("unit", 0.5, 1, "high = 1 is not a number between 0 and 1"),
        ("unit", 30, 70, "low = 30 is not a number between 0 and 1"),
        ("above_one", 0.5, 2, "low = 0.5 is not a number above 1"),
        ("growth", -1, 0.1, "low = -1 is not a number above -1"),
        ("real", 0, math.inf, "high = inf is not any finite number"),
        ("positive", math.nan, 2, "low = nan is not a number above 0"),
        ("positive", 3, 2, "low = 3 is not below high = 2"),
        ("positive", 2, 2, "low = 2 is not below high = 2"),
    ],
)
def test_intervals_that_are_none(support, low, high, text):
    assert fault({"low": low, "high": high}, support) == text


@pytest.mark.parametrize("mass", [0, 1, -0.5, 1.5, 90, math.nan])
def test_mass_is_a_probability(mass):
    assert fault({"low": 1, "high": 2, "mass": mass}) == f"mass = {mass:g} is not between 0 and 1"


@pytest.mark.parametrize("mass", [1e-20, 1 - 1e-16])
def test_mass_that_leaves_no_sd_is_refused_without_a_warning(mass):
    assert fault({"low": 1, "high": 2, "mass": mass}) == (
        f"no distribution has mass = {mass} between low = 1.0 and high = 2.0"
    )


@pytest.mark.parametrize(
    ("stated", "text"),
    [
        (0.5, "0.5 is not a prior; write { low = ..., high = ..., mass = 0.9 }"),
        ([1, 2], "[1, 2] is not a prior; write { low = ..., high = ..., mass = 0.9 }"),
        ({}, "'low' is missing; a prior here needs low, high, mass"),
        ({"low": 1}, "'high' is missing; a prior here needs low, high, mass"),
        ({"low": 1, "hihg": 2}, "unknown key 'hihg'. Did you mean 'high'?"),
        ({"low": "1", "high": 2}, "low = '1' is not a number"),
        ({"low": True, "high": 2}, "low = True is not a number"),
        ({"low": 1, "high": 10**400}, "high is too large a number"),
        (
            {"family": "gama", "mean": 1, "sd": 1},
            "unknown prior family 'gama'. Did you mean 'gamma'?",
        ),
        ({"family": 5}, "unknown prior family '5'"),
        ({"family": "gamma", "mean": 1}, "'sd' is missing; a prior here needs mean, sd"),
        (
            {"family": "gamma", "mean": 1, "sd": 1, "low": 1},
            "unknown key 'low'. Known: 'mean', 'sd'.",
        ),
        ({"family": "gamma", "mean": 1, "sd": 0}, "sd = 0 must be above 0"),
        ({"family": "gamma", "mean": 1, "sd": math.inf}, "sd = inf must be above 0"),
        ({"family": "exponential", "mean": -1}, "mean = -1 must be above 0"),
        ({"family": "half_normal", "sd": math.nan}, "sd = nan must be above 0"),
        ({"family": LINK_NORMAL, "median": -1, "sd": 1}, "median -1 is not a number above 0"),
        ({"family": LINK_NORMAL, "median": math.nan, "sd": 1}, "median = nan must be finite"),
        (
            {"family": "gamma", "mean": 1e-300, "sd": 1e300},
            "mean = 1e-300, sd = 1e+300: too large or too small to compute with",
        ),
        (
            {"family": "gamma", "mean": 1e-200, "sd": 1.0},
            "mean = 1e-200, sd = 1: too large or too small to compute with",
        ),
    ],
)
def test_an_invalid_prior_is_refused_in_one_sentence(stated, text):
    assert fault(stated).startswith(text)


@pytest.mark.parametrize(
    ("mean", "sd", "text"),
    [
        (2, 0.1, "mean = 2 is not a number between 0 and 1"),
        (0.5, 0.6, "sd 0.6 is too large for a mean of 0.5; below 0.5"),
        (0.5, 0.5, "sd 0.5 is too large for a mean of 0.5; below 0.5"),
        (-0.5, 0.1, "mean = -0.5 must be above 0"),
    ],
)
def test_beta_needs_a_mean_between_zero_and_one(mean, sd, text):
    assert fault({"family": "beta", "mean": mean, "sd": sd}, "unit") == text


def test_priors_are_values():
    assert Prior.between(1, 2) == Prior.between(1, 2)
    assert hash(Prior.between(1, 2)) == hash(Prior.between(1, 2))
    assert Prior.parse(Prior.between(1, 2), support="positive") == Prior.between(1, 2)
    with pytest.raises(AttributeError):
        Prior.between(1, 2).family = "gamma"


def test_a_prior_reads_as_an_interval():
    assert str(Prior.between(0.3, 0.7, support="unit")) == "90 % between 0.3 and 0.7, median 0.5"
