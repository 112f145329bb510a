"""The expected gain of statements, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from headcount.workflows.sensitivity.expected_gain import Gain, estimate_gain

DRAWS = 4000


def close(found: Gain, explained: float) -> bool:
    """Say whether an estimate is within four standard errors, and a hundredth for the bias
    of the regression."""
    return abs(found.explained - explained) < 4 * found.se + 0.01 * found.variance


@pytest.mark.parametrize("noise", [0.1, 1.0, 5.0])
def test_one_normal_statement(noise: float) -> None:
    rng = np.random.default_rng(1)
    answer = rng.normal(size=DRAWS)
    found = estimate_gain(answer, (3 * answer + noise * rng.normal(size=DRAWS))[:, None])
    assert close(found, 9 / (9 + noise**2))
    assert found.variance == pytest.approx(answer.var())


@pytest.mark.parametrize("count", [3, 8, 60])
def test_many_normal_statements_equal_their_mean(count: int) -> None:
    rng = np.random.default_rng(2)
    answer = rng.normal(size=DRAWS)
    statements = answer[:, None] + 4 * rng.normal(size=(DRAWS, count))
    # Cross-validation pays for each statement that it must weigh: about its part of the number of
    # draws.
    assert abs(estimate_gain(answer, statements).explained - count / (count + 16)) < 0.05


def test_nonlinear_outcomes_are_learned() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=DRAWS)
    statement = x + 0.5 * rng.normal(size=DRAWS)
    # E[x^2 | y] = m^2 + v with m normal of variance 1 / 1.25, so its variance is 2 / 1.25^2.
    assert close(estimate_gain(x**2, statement[:, None]), 2 / 1.25**2)


def test_products_of_statements_are_learned() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(DRAWS, 2))
    assert estimate_gain(x[:, 0] * x[:, 1], x).interval_cut > 0.8


def test_noise_gains_nothing() -> None:
    rng = np.random.default_rng(5)
    answer, statements = rng.normal(size=DRAWS), rng.normal(size=(DRAWS, 20))
    found = estimate_gain(answer, statements)
    assert abs(found.explained) < 4 * found.se + 0.002
    assert found.interval_cut < 0.05


def test_outliers_do_not_spoil_the_regression() -> None:
    rng = np.random.default_rng(6)
    answer = rng.normal(size=DRAWS)
    statement = answer + 0.3 * rng.standard_t(1.5, size=DRAWS)
    assert estimate_gain(answer, statement[:, None]).explained > 0.6


def test_the_answer_itself_explains_all() -> None:
    answer = np.random.default_rng(7).normal(size=DRAWS)
    assert estimate_gain(answer, answer[:, None]).interval_cut > 0.98


@pytest.mark.parametrize("limit", [0.0, 1.0])
def test_knowing_on_which_side_of_a_limit_the_answer_lies(limit: float) -> None:
    answer = np.random.default_rng(10).normal(size=DRAWS)
    above = stats.norm.sf(limit)
    # The means on both sides are pdf / sf and -pdf / cdf.
    assert close(
        estimate_gain(answer, (answer > limit)[:, None].astype(float)),
        stats.norm.pdf(limit) ** 2 / (above * (1 - above)),
    )


def test_a_fair_coin_gains_nothing() -> None:
    answer = np.random.default_rng(11).normal(size=DRAWS)
    coin = np.arange(DRAWS)[:, None] % 2.0
    assert abs(estimate_gain(answer, coin).explained) < 0.005


def test_constants_gain_nothing() -> None:
    answer = np.random.default_rng(8).normal(size=DRAWS)
    assert estimate_gain(answer, np.ones((DRAWS, 2))).explained == 0
    assert estimate_gain(np.ones(DRAWS), answer[:, None]).interval_cut == 0


def test_the_same_draws_give_the_same_gain() -> None:
    rng = np.random.default_rng(9)
    answer, statements = rng.normal(size=DRAWS), rng.normal(size=(DRAWS, 3))
    assert estimate_gain(answer, statements) == estimate_gain(answer, statements)


@pytest.mark.parametrize(
    ("outcome", "statements", "problem"),
    [
        (np.zeros(30), np.zeros(30), "dims"),
        (np.zeros(30), np.zeros((29, 1)), "dims"),
        (np.zeros(10), np.zeros((10, 1)), "too few"),
        (np.full(30, np.nan), np.zeros((30, 1)), "not finite"),
    ],
)
def test_unusable_draws_are_refused(
    outcome: np.ndarray, statements: np.ndarray, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        estimate_gain(outcome, statements)
