"""Tails, digamma and the likelihoods of single rows, against SciPy and central differences."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise

import mpmath
import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some
from numba import njit
from pytensor.compile.mode import Mode
from scipy import special, stats

from headcount.engine.density import row_likelihoods as compiled_rows
from headcount.engine.density import tails as compiled_tails
from headcount.model.likelihoods import DEGREES_OF_FREEDOM, NEARLY_ZERO, log_tail_normal, log_tail_t


@cache
def callable_from_python(function):
    return njit(lambda *arguments: function(*arguments), error_model="numpy")


class FromPython:
    """The functions of a module that compiled code alone calls, to be called from here."""

    def __init__(self, module):
        self._module = module

    def __getattr__(self, name):
        return callable_from_python(getattr(self._module, name))


rows, tails = FromPython(compiled_rows), FromPython(compiled_tails)
PROPERTY = settings(max_examples=150, deadline=None, derandomize=True)
INTERPRETED = Mode(linker="py", optimizer="fast_compile")
LINE = np.concatenate([np.linspace(-60, 60, 2401), [0.0, 1e-12, -1e-12, 4.999999, 5.0, 5.000001]])
TAILS = {True: stats.norm(), False: stats.t(4)}


def exact_log_tail(z, normal):
    """Return log Pr(Z > z) by SciPy where it keeps its digits, else by the complement."""
    if normal:
        return stats.norm.logsf(z)
    return np.where(z > 0, np.log(stats.t(4).sf(z)), np.log1p(-stats.t(4).cdf(z)))


def graph_tail(function, z):
    value = pt.dvector()
    return pytensor.function([value], function(value), mode=INTERPRETED)(z)


def slope(function, x, step=1e-5):
    """Return the derivative by central differences, extrapolated to step zero (error of order
    step^4)."""
    at = [function(x + factor * step) for factor in (-2, -1, 1, 2)]
    return (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * step)


def assert_slopes(function, arguments, steps, lost=0.0):
    """Hold the derivatives of a row's log likelihood against differences.

    ``steps`` has the position of each argument that the derivatives are by, in their order, and the
    length over which the log likelihood bends; ``lost`` is the error that it may have.
    """
    total, *derivatives = function(*arguments)
    for (position, length), derivative in zip(steps.items(), derivatives, strict=True):

        def along(x, position=position):
            return function(*[x if i == position else value for i, value in enumerate(arguments)])[
                0
            ]

        step = 2e-3 * length
        expected = slope(along, arguments[position], step)
        rounding = (lost + 1e-14 * (1 + abs(total))) / step
        assert derivative == pytest.approx(expected, rel=1e-6, abs=rounding + 1e-8 / length), (
            position,
            arguments,
        )


@pytest.mark.parametrize("normal", [True, False])
def test_log_tail_of_the_engine(normal):
    found = np.array([tails.log_tail(z, normal) for z in LINE])
    # Near zero, where nearly everything lies above z, the last digit of 1 is the limit.
    np.testing.assert_allclose(found, exact_log_tail(LINE, normal), rtol=1e-10, atol=3e-15)


@pytest.mark.parametrize(("normal", "function"), [(True, log_tail_normal), (False, log_tail_t)])
def test_log_tail_of_the_model(normal, function):
    np.testing.assert_allclose(
        graph_tail(function, LINE), exact_log_tail(LINE, normal), rtol=1e-10, atol=3e-15
    )


@pytest.mark.parametrize("z", [-1e6, -300.0, -40.0, 40.0, 300.0, 1e6])
@pytest.mark.parametrize(("normal", "function"), [(True, log_tail_normal), (False, log_tail_t)])
def test_tails_far_out_are_finite(z, normal, function):
    assert math.isfinite(tails.log_tail(z, normal))
    assert math.isfinite(tails.hazard(z, normal))
    assert np.isfinite(graph_tail(function, np.array([z]))).all()
    assert tails.log_tail(z, normal) == pytest.approx(
        float(graph_tail(function, np.array([z]))[0]), abs=1e-14, rel=1e-10
    )


@pytest.mark.parametrize(("normal", "function"), [(True, log_tail_normal), (False, log_tail_t)])
def test_the_model_s_tails_have_a_finite_gradient_on_both_sides(normal, function):
    # A branch that is not taken must not poison the gradient with 0 * inf.
    value = pt.dvector()
    gradient = pytensor.function([value], pt.grad(function(value).sum(), value), mode=INTERPRETED)(
        LINE
    )
    np.testing.assert_allclose(
        gradient, [-tails.hazard(z, normal) for z in LINE], rtol=1e-8, atol=1e-14
    )


@pytest.mark.parametrize("normal", [True, False])
def test_log_density_is_that_of_the_distribution(normal):
    found = [tails.log_density(z, normal) for z in LINE]
    np.testing.assert_allclose(found, TAILS[normal].logpdf(LINE), rtol=1e-12)
    assert DEGREES_OF_FREEDOM == 4


@pytest.mark.parametrize("normal", [True, False])
def test_hazard_is_minus_the_slope_of_the_log_tail(normal):
    found = np.array([tails.hazard(z, normal) for z in LINE])
    np.testing.assert_allclose(
        found, np.exp(TAILS[normal].logpdf(LINE) - exact_log_tail(LINE, normal)), rtol=1e-10
    )
    differences = [-slope(lambda x: tails.log_tail(x, normal), z, 1e-3) for z in LINE[::40]]
    np.testing.assert_allclose(found[::40], differences, rtol=1e-7, atol=1e-9)


def test_digamma():
    x = np.concatenate([np.geomspace(1e-8, 1e12, 400), [1.0, 9.999999, 10.0]])
    found = np.array([tails.digamma(value) for value in x])
    np.testing.assert_allclose(found, special.digamma(x), rtol=1e-12, atol=1e-13)


MU = some.floats(-15, 15)
SD = some.floats(0.01, 3)
VALUE = some.floats(-15, 15)
NORMAL = some.booleans()


@PROPERTY
@given(value=VALUE, mu=MU, sd=SD, normal=NORMAL)
@example(value=14.0, mu=-14.0, sd=0.01, normal=True)
@example(value=14.0, mu=-14.0, sd=0.01, normal=False)
@example(value=3.0, mu=3.0, sd=0.01, normal=False)
def test_stated_row(value, mu, sd, normal):
    found, *_ = rows.stated_row(value, mu, sd, normal)
    frozen = stats.norm(mu, sd) if normal else stats.t(4, mu, sd)
    assert found == pytest.approx(frozen.logpdf(value), rel=1e-12, abs=1e-12)
    assert_slopes(rows.stated_row, (value, mu, sd, normal), {1: sd, 2: sd})


@PROPERTY
@given(bound=VALUE, mu=MU, sd=SD, normal=NORMAL, side=some.sampled_from([-1.0, 1.0]))
@example(bound=10.0, mu=-10.0, sd=0.05, normal=True, side=1.0)
@example(bound=10.0, mu=-10.0, sd=0.05, normal=True, side=-1.0)
@example(bound=10.0, mu=-10.0, sd=0.05, normal=False, side=-1.0)
def test_bound_row(bound, mu, sd, normal, side):
    found, *_ = rows.bound_row(bound, side, mu, sd, normal)
    # A side of +1 says that the count lies below the bound.
    expected = exact_log_tail(np.array(-side * (bound - mu) / sd), normal)
    assert found == pytest.approx(float(expected), rel=1e-10, abs=3e-15)
    assert_slopes(rows.bound_row, (bound, side, mu, sd, normal), {2: sd, 3: sd})


def exact_interval(a, b, normal):
    """Return log(F(b) - F(a)) from the tail in which the interval lies."""
    near, far = (a, b) if a + b > 0 else (-b, -a)
    first, second = exact_log_tail(np.array(near), normal), exact_log_tail(np.array(far), normal)
    return float(first + np.log(-np.expm1(second - first)))


@PROPERTY
@given(low=VALUE, width=some.floats(1e-3, 10), mu=MU, sd=SD, normal=NORMAL)
@example(low=3.0, width=1e-3, mu=-9.0, sd=0.3, normal=True)
@example(low=3.0, width=1e-3, mu=15.0, sd=0.3, normal=True)
@example(low=-15.0, width=30.0, mu=0.0, sd=0.3, normal=True)
@example(low=-15.0, width=30.0, mu=0.0, sd=0.01, normal=False)
@example(low=8.0, width=10.0, mu=-2.0, sd=0.25, normal=True)
@example(low=-18.0, width=10.0, mu=2.0, sd=0.25, normal=True)
def test_interval_row(low, width, mu, sd, normal):
    found, *_ = rows.interval_row(low, low + width, mu, sd, normal)
    a, b = (low - mu) / sd, (low + width - mu) / sd
    assert found <= 0
    # What is lost is the difference of two tails that are nearly alike.
    lost = 1e-15 * abs(exact_log_tail(np.array(min(abs(a), abs(b))), normal)) / min(1.0, width / sd)
    assert found == pytest.approx(exact_interval(a, b, normal), rel=1e-9, abs=10 * lost + 1e-15)
    assert_slopes(
        rows.interval_row, (low, low + width, mu, sd, normal), {2: sd, 3: sd}, lost=10 * lost
    )


@pytest.mark.parametrize("normal", [True, False])
@pytest.mark.parametrize("z", [3.0, 40.0])
def test_an_interval_is_as_likely_in_one_tail_as_in_the_other(z, normal):
    above, by_mu, by_sd = rows.interval_row(z, z + 1, 0.0, 1.0, normal)
    below, other_by_mu, other_by_sd = rows.interval_row(-z - 1, -z, 0.0, 1.0, normal)
    assert (below, other_by_mu, other_by_sd) == pytest.approx((above, -by_mu, by_sd), rel=1e-12)


@pytest.mark.parametrize("normal", [True, False])
def test_intervals_that_partition_the_line_add_up_to_one(normal):
    ends = [-800.0, -3.0, -1.0, -0.9, 0.4, 2.0, 7.0, 800.0]
    total = sum(math.exp(rows.interval_row(a, b, 0.3, 0.5, normal)[0]) for a, b in pairwise(ends))
    assert total == pytest.approx(1.0, abs=1e-10)


def exact_people(k, n, log_odds, log_concentration):
    """Return the beta-binomial log probability to thirty digits."""
    with mpmath.workdps(40):
        kappa = mpmath.exp(log_concentration)
        chance = 1 / (1 + mpmath.exp(-mpmath.mpf(log_odds)))
        against = 1 / (1 + mpmath.exp(mpmath.mpf(log_odds)))
        beta = log_beta(k + kappa * chance, n - k + kappa * against) - log_beta(
            kappa * chance, kappa * against
        )
        return float(mpmath.log(mpmath.binomial(n, k)) + beta)


def log_beta(a, b):
    return mpmath.loggamma(a) + mpmath.loggamma(b) - mpmath.loggamma(a + b)


@PROPERTY
@given(
    n=some.integers(1, 5000),
    part=some.floats(0, 1),
    log_odds=some.floats(-14, 14),
    log_concentration=some.floats(-4, 25),
)
@example(n=1000, part=0.0, log_odds=-14.0, log_concentration=-4.0)
@example(n=1000, part=1.0, log_odds=-14.0, log_concentration=10.0)
@example(n=1000, part=1.0, log_odds=14.0, log_concentration=10.0)
@example(n=1000, part=0.5, log_odds=0.0, log_concentration=25.0)
@example(n=1, part=0.0, log_odds=0.4, log_concentration=0.0)
def test_people_row(n, part, log_odds, log_concentration):
    k = float(round(part * n))
    arguments = (k, float(n), log_odds, log_concentration)
    found, *_ = rows.beta_binomial_row(*arguments)
    # Gamma functions of large numbers nearly cancel.
    lost = 1e-15 * special.gammaln(n + min(np.exp(log_concentration), compiled_rows.MANY) + 2)
    assert found == pytest.approx(exact_people(*arguments), rel=1e-9, abs=20 * lost + 1e-10)
    assert_slopes(rows.beta_binomial_row, arguments, {2: 1.0, 3: 1.0}, lost=20 * lost + 1e-11)


def test_probabilities_of_k_of_n_add_up_to_one():
    for log_concentration in (-3.0, 0.0, 8.0, 20.0):
        total = sum(
            math.exp(rows.beta_binomial_row(float(k), 30.0, 0.7, log_concentration)[0])
            for k in range(31)
        )
        assert total == pytest.approx(1.0, abs=1e-10)


def test_a_dense_survey_is_binomial():
    found, *_ = rows.beta_binomial_row(7.0, 20.0, 0.3, 30.0)
    assert found == pytest.approx(stats.binom.logpmf(7, 20, special.expit(0.3)), abs=1e-10)


@PROPERTY
@given(mu=some.floats(-12, -1e-6), log_selection=some.floats(-2, 2))
def test_survey_odds(mu, log_selection):
    found, _ = rows.survey_odds(mu, log_selection)
    with mpmath.workdps(40):
        part = mpmath.exp(mu)
        expected = float(mpmath.log(part / (1 - part)) + log_selection)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert_slopes(rows.survey_odds, (mu, log_selection), {0: -mu})


@pytest.mark.parametrize("mu", [0.0, -1e-14, 3.0])
def test_a_scope_as_large_as_the_one_that_holds_it_leaves_the_odds_finite(mu):
    found, by_mu = rows.survey_odds(mu, 0.0)
    assert math.isfinite(found)
    assert by_mu == 0.0
    assert found == rows.survey_odds(NEARLY_ZERO, 0.0)[0]
    assert compiled_rows.NEARLY_ZERO == NEARLY_ZERO


@pytest.mark.parametrize("log_odds", [-800.0, -40.0, 40.0, 800.0])
@pytest.mark.parametrize("k", [0.0, 3.0, 10.0])
def test_odds_of_next_to_nobody_or_everybody_leave_k_of_n_finite(log_odds, k):
    assert np.isfinite(rows.beta_binomial_row(k, 10.0, log_odds, 3.0)).all()


def exact_overlap(first, second, log_dependence):
    """Solve for the chance of being on both lists by its definition, the odds ratio of the
    two-by-two table."""
    with mpmath.workdps(60):
        c1, c2, theta = mpmath.exp(first), mpmath.exp(second), mpmath.exp(log_dependence)

        def excess(both):
            return both * (1 - c1 - c2 + both) - theta * (c1 - both) * (c2 - both)

        low, high = max(mpmath.mpf(0), c1 + c2 - 1), min(c1, c2)
        both = mpmath.findroot(excess, (low, high), solver="anderson", tol=1e-100, verify=False)
        return float(mpmath.log(both / (c1 - both)))


@PROPERTY
@given(
    first=some.floats(-12, -1e-4),
    second=some.floats(-12, -1e-4),
    log_dependence=some.floats(-12, 12),
)
@example(first=-1e-4, second=-1e-4, log_dependence=12.0)
@example(first=-1e-4, second=-1e-4, log_dependence=-12.0)
@example(first=-12.0, second=-1e-4, log_dependence=5.0)
@example(first=-2.0, second=-2.0, log_dependence=12.0)
def test_overlap_odds(first, second, log_dependence):
    found, *_ = rows.overlap_odds(first, second, log_dependence)
    assert found == pytest.approx(exact_overlap(first, second, log_dependence), rel=1e-8, abs=1e-8)
    # The stronger the dependence, the sharper the bend where one list is as long as the other.
    bend = math.exp(-abs(log_dependence) / 2)
    slopes = {0: min(bend, -first), 1: min(bend, -second), 2: bend}
    assert_slopes(rows.overlap_odds, (first, second, log_dependence), slopes)


def test_independent_lists_overlap_as_the_second_covers():
    odds, by_first, by_second, _ = rows.overlap_odds(math.log(0.3), math.log(0.2), 0.0)
    assert odds == pytest.approx(special.logit(0.2))
    assert by_first == pytest.approx(0.0, abs=1e-12)
    assert by_second == pytest.approx(1 / 0.8)


def test_the_odds_ratio_between_two_lists_is_the_same_from_both_sides():
    first, second, dependence = math.log(0.3), math.log(0.05), math.log(4)
    on_second = special.expit(rows.overlap_odds(first, second, dependence)[0])
    on_first = special.expit(rows.overlap_odds(second, first, dependence)[0])
    assert 0.3 * on_second == pytest.approx(0.05 * on_first)
