"""Links: one-to-one between each support and the whole line."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headcount.study.priors import LINKS

LINE = np.linspace(-30, 30, 121)


@pytest.mark.parametrize("name", LINKS)
def test_inverse_undoes_forward_inside_the_support(name):
    link = LINKS[name]
    # Up to 10: beyond it 1 - p and 1 + x hold too few digits of a probability or a ratio.
    line = LINE[np.abs(LINE) <= 10]
    values = np.asarray(link.inverse(line))
    assert all(link.contains(float(value)) for value in values)
    np.testing.assert_allclose(link.forward(values), line, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", LINKS)
def test_links_rise(name):
    assert np.all(np.diff(LINKS[name].inverse(LINE)) > 0)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("real", -3.0, -3.0),
        ("positive", math.e, 1.0),
        ("unit", 0.8, math.log(4)),
        ("above_one", 1 + math.e, 1.0),
        ("growth", math.e - 1, 1.0),
    ],
)
def test_each_link_is_the_one_that_its_table_states(name, value, line):
    assert float(LINKS[name].forward(value)) == pytest.approx(line, abs=1e-14)


@pytest.mark.parametrize("name", LINKS)
def test_the_slope_is_the_derivative_of_forward(name):
    link = LINKS[name]
    for at in (-3.0, -0.5, 0.0, 1.0, 4.0):
        value, step = float(link.inverse(at)), 1e-6
        ends = [float(link.inverse(at + sign * step)) for sign in (-1, 1)]
        assert link.slope(value) == pytest.approx(2 * step / (ends[1] - ends[0]), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "outside"),
    [
        ("real", [math.inf, -math.inf, math.nan]),
        ("positive", [0.0, -1.0, math.inf, math.nan]),
        ("unit", [0.0, 1.0, -0.1, 1.1, math.nan]),
        ("above_one", [1.0, 0.5, math.inf]),
        ("growth", [-1.0, -2.0, math.inf]),
    ],
)
def test_limits_are_open_and_nothing_infinite_is_held(name, outside):
    assert [value for value in outside if LINKS[name].contains(value)] == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("real", "any finite number"),
        ("positive", "a number above 0"),
        ("unit", "a number between 0 and 1"),
        ("above_one", "a number above 1"),
        ("growth", "a number above -1"),
    ],
)
def test_supports_in_words(name, words):
    assert LINKS[name].words == words
    assert LINKS[name].support == name
