"""The numbers of a comparison against closed forms: overlap, attribution, elpd, and the rule."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from headcount.workflows.sensitivity.bridge_weights import FOLDS, Bridge
from headcount.workflows.sensitivity.compared_quantities import overlap
from headcount.workflows.sensitivity.comparison_sentences import (
    accuracy_sentence,
    contributions_sentence,
)
from headcount.workflows.sensitivity.predictive_accuracy import loo_by_row, pareto_smooth
from headcount.workflows.sensitivity.prior_attribution import (
    TOGETHER,
    WHOLE,
    attribution_table,
    contributions_of,
    effect_alone,
)
from headcount.workflows.sensitivity.robustness_verdict import robustness_of, robustness_verdict_of

DRAWS = 8_000
SLOPES = np.array([1.0, 0.5])
"""The outcome of the normal model: a weighted sum of its two quantities."""


class Normal:
    """Two quantities with normal priors and a normal likelihood: everything about them has a closed
    form."""

    def __init__(
        self, first: np.ndarray, second: np.ndarray, precision: np.ndarray, mode: np.ndarray
    ) -> None:
        self.first, self.second = first, second  # priors: a row of mean and sd for each quantity
        self.precision, self.mode = precision, mode

    def posterior(self, exponents: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and covariance where log ratios of priors count with these exponents."""
        powers = np.broadcast_to(exponents, (2,))
        old, new = 1 / self.first[:, 1] ** 2, 1 / self.second[:, 1] ** 2
        prior = (1 - powers) * old + powers * new
        pull = (1 - powers) * old * self.first[:, 0] + powers * new * self.second[:, 0]
        covariance = np.linalg.inv(self.precision + np.diag(prior))
        return covariance @ (self.precision @ self.mode + pull), covariance

    def outcome(self, exponents: np.ndarray | float) -> float:
        return float(SLOPES @ self.posterior(exponents)[0])

    def covariances(self, t: float) -> np.ndarray:
        """Return the covariance of the outcome and each log ratio, from those with x and with its
        square."""
        mean, covariance = self.posterior(t)
        with_x = SLOPES @ covariance
        with_square = 2 * mean * with_x
        old, new = 1 / self.first[:, 1] ** 2, 1 / self.second[:, 1] ** 2
        return (
            -0.5 * (new - old) * with_square
            + (new * self.second[:, 0] - old * self.first[:, 0]) * with_x
        )

    def bridge(self, seed: int, draws: int = DRAWS) -> Bridge:
        rng = np.random.default_rng(seed)
        drawn = [rng.multivariate_normal(*self.posterior(t), size=draws) for t in (0.0, 1.0)]
        x = np.concatenate(drawn)
        ratios = stats.norm(*self.second.T).logpdf(x) - stats.norm(*self.first.T).logpdf(x)
        fold = np.tile(np.arange(draws) * FOLDS // draws, 2)
        return Bridge(("a", "b"), ratios, x @ SLOPES, np.repeat([False, True], draws), fold)


@pytest.fixture(scope="module")
def near() -> Normal:
    priors = np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[0.9, 0.7], [-0.4, 1.5]])
    return Normal(*priors, np.array([[0.8, 0.5], [0.5, 1.2]]), np.array([0.6, 0.2]))


@pytest.mark.parametrize("apart", [0.0, 0.5, 1.0, 2.0, 4.0])
def test_overlap_of_normals(apart: float) -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(4, 5000)), rng.normal(apart, size=8000)
    exact = 2 * stats.norm.cdf(-apart / 2)
    assert overlap(one, other) == pytest.approx(exact, abs=0.03)
    assert overlap(np.exp(one), np.exp(other)) == pytest.approx(exact, abs=0.03)


def test_overlap_with_a_much_narrower_one() -> None:
    rng = np.random.default_rng(2)
    one, other = rng.normal(size=8000), rng.normal(scale=0.02, size=8000)
    # The densities of two centred normals cross at plus and minus x; outside the narrow one is the
    # smaller, inside the other.
    x = np.sqrt(2 * np.log(1 / 0.02) / (1 / 0.02**2 - 1))
    exact = 2 * stats.norm.cdf(x) - 1 + 2 * stats.norm.cdf(-x / 0.02)
    assert overlap(one, other) == pytest.approx(exact, abs=0.01)


def test_overlap_of_constants() -> None:
    known, varying = np.full(100, 3.0), np.linspace(1, 5, 100)
    assert (overlap(known, known), overlap(known, known + 1), overlap(known, varying - 0.5)) == (
        1,
        0,
        0,
    )


def test_contributions_are_the_integral_along_the_path(near: Normal) -> None:
    found = contributions_of(near.bridge(1))
    exact = [integrate.quad(lambda t, i=i: near.covariances(t)[i], 0, 1)[0] for i in range(2)]
    assert found.ess > DRAWS / 2
    assert not found.are_rough
    np.testing.assert_array_less(np.abs(found.values - exact), 4 * found.errors)
    assert (found.errors < 0.02).all()
    assert sum(exact) == pytest.approx(near.outcome(1.0) - near.outcome(0.0))


def test_errors_of_contributions_are_those_of_repetition(near: Normal) -> None:
    found = [contributions_of(near.bridge(seed, draws=1500)) for seed in range(2, 62)]
    spread = np.std([own.values for own in found], axis=0, ddof=1)
    stated = np.sqrt(np.mean([own.errors**2 for own in found], axis=0))
    # Sixty repetitions know their own spread to a tenth; three tenths either way.
    np.testing.assert_allclose(stated, spread, rtol=0.3)


@pytest.mark.parametrize("place", [0, 1])
def test_effect_alone_is_that_of_the_changed_posterior(near: Normal, place: int) -> None:
    found = effect_alone(near.bridge(3), place)
    exact = near.outcome(np.eye(2)[place]) - near.outcome(0.0)
    assert found["method"] in ("re-weighted", "both fits")
    assert found["alone"] == pytest.approx(exact, abs=4 * found["alone_mcse"])
    assert found["alone_mcse"] < 0.1 * abs(exact) + 0.02


def test_draws_of_the_first_fit_are_enough_where_the_second_is_elsewhere() -> None:
    # `a` hardly moves; `b` moves so far that the draws of the second fit only take part in the
    # mixture.
    priors = np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[0.2, 0.9], [9.0, 1.0]])
    far = Normal(*priors, np.zeros((2, 2)), np.zeros(2))
    found = effect_alone(far.bridge(9), 0)
    assert found["alone"] == pytest.approx(0.2, abs=4 * found["alone_mcse"])
    assert found["alone_mcse"] < 0.02


def test_draws_of_both_fits_help_where_the_first_do_not_reach() -> None:
    # The second set is far off in `a`, and near in `b`: its draws stand where those of `a` alone
    # are needed.
    priors = np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[4.0, 1.0], [0.3, 1.0]])
    far = Normal(*priors, np.zeros((2, 2)), np.zeros(2))
    found = effect_alone(far.bridge(4), 0)
    assert found["method"] == "both fits"
    assert found["alone"] == pytest.approx(4.0, abs=4 * found["alone_mcse"])
    assert found["alone_mcse"] < 0.1


def test_where_no_draws_reach_the_first_order_is_used() -> None:
    # Only means of normals move, so that the mean is linear in the power and the first order is
    # exact.
    priors = np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[7.0, 1.0], [7.0, 1.0]])
    far = Normal(*priors, np.zeros((2, 2)), np.zeros(2))
    bridge = far.bridge(5)
    found = effect_alone(bridge, 0)
    assert found["method"] == "first order"
    assert found["alone"] == pytest.approx(7.0, abs=4 * found["alone_mcse"])
    assert found["alone_mcse"] < 2.0
    assert contributions_of(bridge).are_rough


def test_attribution_adds_up(near: Normal) -> None:
    bridge = near.bridge(6)
    whole = near.outcome(1.0) - near.outcome(0.0)
    table = attribution_table("other", bridge, contributions_of(bridge), (whole, 0.01)).set_index(
        "prior"
    )
    own = table.drop(index=[TOGETHER, WHOLE])
    assert set(own.index) == {"a", "b"}
    assert own["contribution"].abs().is_monotonic_decreasing
    for column in ("alone", "contribution"):
        assert own[column].sum() + table.loc[TOGETHER, column] == pytest.approx(whole)
    rest = table.loc[TOGETHER]
    assert abs(rest["contribution"]) < 4 * rest["contribution_mcse"]
    assert table.loc[WHOLE, "contribution"] == whole


def test_leaving_out_rows_of_a_normal_mean() -> None:
    # Rows y_i ~ N(mu, 1) with a flat prior: without row i, the next one is N(mean of the others, 1
    # + 1/(n - 1)).
    y = np.random.default_rng(7).normal(size=12)
    n = len(y)
    mu = np.random.default_rng(8).normal(y.mean(), n**-0.5, size=(4, 5000))
    found = loo_by_row(stats.norm.logpdf(y, mu[..., None], 1.0))
    others = (y.sum() - y) / (n - 1)
    exact = stats.norm.logpdf(y, others, np.sqrt(1 + 1 / (n - 1)))
    np.testing.assert_allclose(found["elpd"], exact, atol=0.02)
    assert (found["k"] < 0.7).all()
    inside = stats.norm.logpdf(y, y.mean(), np.sqrt(1 + 1 / n))
    np.testing.assert_allclose(found["p_loo"], inside - exact, atol=0.02)
    assert ((found["ess"] > 1000) & (found["ess"] <= 20_000)).all()


def test_weights_that_are_all_alike_need_no_smoothing() -> None:
    log_weights, k = pareto_smooth(np.full(50, 3.0))
    assert k == -np.inf
    np.testing.assert_allclose(np.exp(log_weights), 1 / 50)


def test_a_tail_of_bounded_weights_or_of_few_needs_no_smoothing() -> None:
    drawn = np.random.default_rng(1).normal(size=1000)
    bounded = np.minimum(drawn, 0.5)
    log_weights, k = pareto_smooth(bounded)
    assert k == -np.inf
    np.testing.assert_allclose(np.exp(log_weights), np.exp(bounded) / np.exp(bounded).sum())
    assert pareto_smooth(drawn[:24])[1] == np.inf
    assert pareto_smooth(drawn)[1] < 0.7
    # A power law of density x^-2 has k = 1.
    assert pareto_smooth(np.random.default_rng(2).exponential(size=20_000))[1] == pytest.approx(
        1.0, abs=0.15
    )


@pytest.mark.parametrize(
    ("factor", "outcome"),
    [
        (1.0, "robust"),
        (1.24, "robust"),
        (1 / 1.24, "robust"),
        (1.26, "sensitive"),
        (9.0, "not robust"),
    ],
)
def test_rule_is_the_same_from_either_side(factor: float, outcome: str) -> None:
    draws = np.exp(stats.norm.ppf((np.arange(1000) + 0.5) / 1000))
    assert robustness_of(draws, factor * draws, 0.9) == outcome
    assert robustness_of(factor * draws, draws, 0.9) == outcome


def test_narrow_answers_are_not_robust_where_wide_ones_are() -> None:
    wide = np.exp(stats.norm.ppf((np.arange(1000) + 0.5) / 1000))
    narrow = 1.2 * wide**0.01
    assert robustness_of(wide, narrow, 0.9) == "not robust"


def test_verdict_names_the_worst_first_and_models_apart() -> None:
    found = robustness_verdict_of({"x": "robust", "y": "not robust", "z": "robust"}, "base", ("z",))
    assert found.name == "not robust"
    assert str(found) == (
        "Under ‘y’ in place of ‘base’, the answer is not robust to these priors: without a reason for"
        " one side there is no single answer."
        " Under ‘x’ in place of ‘base’, the answer is robust to these priors."
        " Under ‘z’ in place of ‘base’, the answer is robust to the choice between them."
    )


def changes(**effects: float) -> pd.DataFrame:
    lines = [*effects.items(), (TOGETHER, 0.0), (WHOLE, sum(effects.values()))]
    return pd.DataFrame(lines, columns=["prior", "contribution"])


@pytest.mark.parametrize(
    ("effects", "said"),
    [
        ({"a": -0.2, "b": -0.15, "c": -0.05}, "Of that change, 88 % comes from a and b."),
        (
            {"a": -0.5, "b": 0.2},
            "Of that change, more than all would come from a; b pulls the other way.",
        ),
        ({"a": -0.5}, "Only a differs."),
        ({"a": -0.005, "b": 0.004}, ""),
    ],
)
def test_contributions_in_a_sentence(effects: dict[str, float], said: str) -> None:
    assert contributions_sentence(changes(**effects), are_rough=False) == said


def test_rough_contributions_are_not_named() -> None:
    assert "hardly overlap" in contributions_sentence(changes(a=-0.2, b=-0.3), are_rough=True)


@pytest.mark.parametrize(
    ("all_rows", "trusted_rows", "said"),
    [
        (
            (3.9, 0.1),
            (3.9, 0.1),
            "The data cannot distinguish ‘x’ from ‘base’ (elpd +3.9, standard error 0.1; over the 1 row that",
        ),
        ((-9.0, 5.0), (-9.0, 2.0), "The data cannot distinguish"),
        (
            (-9.0, 4.0),
            (-5.0, 2.0),
            "‘x’ predicts the rows worse than ‘base’ (elpd −9.0, standard error 4.0; over",
        ),
        ((9.0, 4.0), (5.0, 1.0), "‘x’ predicts the rows better"),
        ((9.0, 4.0), (2.0, 1.0), "Whether the data distinguish ‘x’ from ‘base’ is not known"),
        ((9.0, 4.0), (-9.0, 1.0), "Whether the data distinguish ‘x’ from ‘base’ is not known"),
        ((9.0, 4.0), (np.nan, np.nan), "Whether the data distinguish ‘x’ from ‘base’ is not known"),
        ((np.nan, np.nan), (np.nan, np.nan), "‘x’ and ‘base’ have no row in common."),
    ],
)
def test_whether_the_data_distinguish_prior_sets(
    all_rows: tuple[float, float], trusted_rows: tuple[float, float], said: str
) -> None:
    row = pd.Series({"prior_set": "x", "compared": 2, "trusted": 1})
    for name, pair in (("", all_rows), ("trusted_", trusted_rows)):
        row[f"{name}difference"], row[f"{name}difference_se"] = pair
    assert accuracy_sentence(row, "base").startswith(said)
