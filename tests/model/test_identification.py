"""The evidence that answers depend on, before sampling: shares, widening, directions, verdicts."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats
from tests.studies import STUDIES, prior_draws, study

import headcount as hc
from headcount._types import FloatArray
from headcount.diagnostics.identification import unidentified_directions
from headcount.diagnostics.identification.level_priors import sets_level
from headcount.diagnostics.identification.precision_shares import Shares, shares_at, shares_over
from headcount.diagnostics.identification.precision_terms import Contributor, precision_terms_at
from headcount.diagnostics.identification.quotability import verdict_of
from headcount.diagnostics.identification.unidentified_directions import (
    RAISED,
    Direction,
    find_directions,
)
from headcount.engine.coordinates.posterior_mode import conditional_mode
from headcount.engine.density.codes import INTERVAL
from headcount.engine.density.evaluation import evaluate, log_likelihood
from headcount.engine.density.queries import Query, query_arrays
from headcount.engine.density.study_arrays import StudyArrays, arrays_of
from headcount.engine.derivatives.fisher_information import (
    T4_LOCATION,
    T4_SCALE,
    information_of,
)
from headcount.engine.derivatives.jacobian import row_jacobian_at
from headcount.engine.derivatives.location_information import (
    expected_information,
    observed_information,
)
from headcount.engine.derivatives.log_baseline import to_baseline, to_total
from headcount.layout.study_layout import Layout
from headcount.study.row_forms import STATED, STUDENT_T, Likelihood

ROOT = Query("WORLD", 2021, "beekeeper")


@pytest.fixture(scope="module")
def toy(toy_spec: hc.ModelSpec, toy_observations: hc.Observations) -> tuple[StudyArrays, Layout]:
    layout = Layout.of(toy_spec, hc.Study(toy_spec, toy_observations).observations)
    return arrays_of(layout), layout


@pytest.fixture(scope="module")
def unanchored(toy_observations: hc.Observations) -> hc.Observations:
    """The toy's rows without those of its anchor."""
    return replace(
        toy_observations, rows=tuple(r for r in toy_observations.rows if r.source != "registry")
    )


def at_mode(toy: tuple[StudyArrays, Layout], *asked: Query) -> Shares:
    arrays, layout = toy
    return shares_at(
        conditional_mode(arrays, arrays.prior_median), arrays, layout, asked or (ROOT,)
    )


def test_queries_are_the_estimands(toy_fit: hc.Fit) -> None:
    layout = toy_fit.layout
    asked = [
        Query("WORLD", 2023, "beekeeper", 2021),
        Query("NORTH", 2021, "helper"),
        Query("EAST", 2025, "member"),
    ]
    free = (
        toy_fit.tree["unconstrained_posterior"]["free"]
        .transpose("chain", "draw", "variable")
        .to_numpy()
    )
    free = np.ascontiguousarray(free.reshape(-1, free.shape[-1]), dtype=np.float64)
    _, answers, _ = log_likelihood(free, query_arrays(arrays_of(layout), layout, asked))
    growth = (
        hc.growth(toy_fit, from_year=2021, to_year=2023)
        .transpose("chain", "draw")
        .to_numpy()
        .ravel()
    )
    people = [
        hc.headcount(toy_fit, area=one.area, scope=one.scope)
        .sel(year=one.year)
        .transpose("chain", "draw")
        .to_numpy()
        .ravel()
        for one in asked[1:]
    ]
    # Fits keep free vectors in single precision.
    np.testing.assert_allclose(np.expm1(answers[:, 0]), growth, atol=1e-5)
    np.testing.assert_allclose(np.exp(answers[:, 1:]).T, people, rtol=1e-5)


def test_shares_of_every_answer_add_to_one(toy: tuple[StudyArrays, Layout]) -> None:
    found = at_mode(
        toy, ROOT, Query("NORTH", 2019, "helper"), Query("WORLD", 2025, "beekeeper", 2018)
    )
    np.testing.assert_allclose(found.share.sum(axis=1), 1, rtol=1e-9)
    assert (found.share >= 0).all()


def test_the_frame_of_shares_is_that_of_the_first_answer(toy: tuple[StudyArrays, Layout]) -> None:
    found = at_mode(toy, ROOT, Query("EAST", 2019, "helper"))
    assert found.to_frame().equals(at_mode(toy, ROOT).to_frame())
    assert not found.to_frame().equals(found.to_frame(1))


def test_shares_over_points_are_means_and_widths_are_those_of_mean_variances() -> None:
    contributors = (Contributor("prior", "total.prior"), Contributor("source", "a"))
    # Variances 4 and 16, and 36 and 64 without priors on levels.
    first, second = (
        Shares((ROOT,), contributors, np.array([share]), np.array([sd]), np.array([wider]))
        for share, sd, wider in (([0.2, 0.8], 2.0, 3.0), ([0.4, 0.6], 4.0, 2.0))
    )
    found = shares_over([first, second])
    np.testing.assert_allclose(found.share, [[0.3, 0.7]])
    assert found.sd == pytest.approx(np.sqrt(10))
    assert found.widening == pytest.approx(np.sqrt(50 / 10))


def test_similar_rows_add_their_information_and_empty_ones_are_left_out() -> None:
    slopes = np.array([[1.0, 2.0], [0.0, 0.0], [1.0, 2.0 + 1e-9], [0.0, 1.0], [3.0, 1.0]])
    information = np.array([2.0, 5.0, 3.0, 7.0, 0.0])
    groups, total = unidentified_directions._similar_rows(slopes, information)
    by_slopes = {tuple(own): float(sum_) for own, sum_ in zip(groups, total, strict=True)}
    assert by_slopes == {(1.0, 2.0): 5.0, (0.0, 1.0): 7.0}


def test_precision_is_that_of_the_dense_inverse(toy: tuple[StudyArrays, Layout]) -> None:
    arrays, layout = toy
    x = conditional_mode(arrays, arrays.prior_median)
    rows = precision_terms_at(x, arrays, layout).rows.toarray()
    slope = row_jacobian_at(x, query_arrays(arrays, layout, [ROOT])).jacobian.toarray()[0]
    variance = slope @ np.linalg.solve(rows.T @ rows, slope)
    assert at_mode(toy).sd[0] == pytest.approx(np.sqrt(variance), rel=1e-9)


def test_a_share_is_the_elasticity_of_the_precision(toy: tuple[StudyArrays, Layout]) -> None:
    arrays, layout = toy
    x = conditional_mode(arrays, arrays.prior_median)
    terms, found, step = precision_terms_at(x, arrays, layout), at_mode(toy), 1e-5
    slope = row_jacobian_at(x, query_arrays(arrays, layout, [ROOT])).jacobian.toarray()[0]

    def log_precision(part: int, factor: float) -> float:
        weight = np.where(terms.owner == part, factor, 1.0)
        rows = terms.rows.toarray()
        return -float(np.log(slope @ np.linalg.solve(rows.T @ (weight[:, None] * rows), slope)))

    for part in range(len(terms.contributors)):
        grown = (log_precision(part, 1 + step) - log_precision(part, 1 - step)) / (2 * step)
        assert grown == pytest.approx(found.share[0, part], abs=1e-6)


def row_log_density(form: str, noise: Any, value: FloatArray, other: FloatArray) -> Any:
    """Return the log likelihood of rows as a function of location and spread, by SciPy."""

    def stated(mean: FloatArray, sd: FloatArray) -> FloatArray:
        return noise.logpdf((value - mean) / sd) - np.log(sd)

    def bound(mean: FloatArray, sd: FloatArray) -> FloatArray:
        # A lower bound has the probability of more, an upper one that of less.
        z = (value - mean) / sd
        return np.where(other > 0, noise.logcdf(z), noise.logsf(z))

    def interval(mean: FloatArray, sd: FloatArray) -> FloatArray:
        low, high = (value - mean) / sd, (other - mean) / sd
        side = np.where(low + high > 0, -1.0, 1.0)
        ends = noise.cdf(side * high) - noise.cdf(side * low)
        return np.log(np.abs(ends))

    return {"stated": stated, "bound": bound, "interval": interval}[form]


@pytest.mark.parametrize("name", STUDIES)
def test_observed_information_is_minus_the_second_derivative(name: str) -> None:
    own = study(name, seed=3)
    layout = Layout.of(own.spec, own.observations)
    arrays = arrays_of(layout)
    rng = np.random.default_rng(5)
    [x] = prior_draws(layout, rng, 1)
    _, location, spread = (values[0] for values in log_likelihood(x[None], arrays))
    # Numbers around the location, where probabilities can be differentiated numerically.
    value = location + rng.uniform(-3, 2, location.size) * spread
    other = np.where(
        arrays.row_form == INTERVAL,
        value + rng.uniform(0.5, 2, location.size) * spread,
        arrays.row_other,
    )
    compared = 0
    for likelihood, rows in layout.rows.items():
        if likelihood.is_binomial:
            continue
        at = rows.position
        noise = stats.norm() if likelihood.is_normal else stats.t(4)
        density = row_log_density(likelihood.form, noise, value[at], other[at])
        mean, sd = location[at], spread[at]
        ahead, here, behind = (density(mean + i * 1e-3 * sd, sd) for i in (1, 0, -1))
        curvature = -(ahead - 2 * here + behind) / 1e-6
        found = observed_information(x, arrays._replace(row_value=value, row_other=other))
        np.testing.assert_allclose(found[at] * sd**2, curvature, rtol=1e-3, atol=1e-5)
        compared += at.size
    assert compared > 0


def fisher_information(score: Callable[[float], float]) -> float:
    """Return the expected square of a score under Student's t with four degrees of freedom."""
    return float(
        integrate.quad(lambda z: score(z) ** 2 * stats.t(4).pdf(z), -np.inf, np.inf, epsabs=1e-10)[
            0
        ]
    )


def slope(z: float) -> float:
    """Return the derivative of the log density of Student's t with four degrees of freedom."""
    step = 1e-5
    return float(stats.t(4).logpdf(z + step) - stats.t(4).logpdf(z - step)) / (2 * step)


def test_information_of_student_t_is_the_expected_square_of_its_score() -> None:
    # By the location, the score is minus the slope; by the log of the scale, -1 - z times it.
    assert fisher_information(lambda z: -slope(z)) == pytest.approx(T4_LOCATION, rel=1e-6)
    assert fisher_information(lambda z: -1 - z * slope(z)) == pytest.approx(T4_SCALE, rel=1e-6)


@pytest.mark.parametrize("source", ["registry", "platform"])
def test_information_about_noise_is_the_expected_square_of_the_score(
    toy: tuple[StudyArrays, Layout], source: str
) -> None:
    arrays, layout = toy
    x = conditional_mode(arrays, arrays.prior_median)
    rows = row_jacobian_at(x, arrays)
    noise = information_of(rows, np.zeros(len(rows.location)), x, arrays).noise.toarray()
    [row, *_] = np.flatnonzero(
        (layout.row_source == layout.sources.index(source)) & (arrays.row_form == 0)
    )
    variable = int(np.argmax(np.abs(noise[row])))
    step = np.zeros(x.size)
    step[variable] = 1e-4
    _, mean, sd = log_likelihood(np.stack([x + step, x - step, x]), arrays)
    likelihood = next(one for one, own in layout.rows.items() if row in own.position)
    standard = stats.norm() if likelihood.is_normal else stats.t(4)
    # Quantiles of the row's own distribution stand for the numbers that it could have stated.
    value = mean[2, row] + sd[2, row] * standard.ppf((np.arange(200_000) + 0.5) / 200_000)
    ahead, behind = (
        standard.logpdf((value - mean[i, row]) / sd[i, row]) - np.log(sd[i, row]) for i in (0, 1)
    )
    score = (ahead - behind) / (2 * step[variable])
    assert np.mean(score**2) == pytest.approx(noise[row, variable] ** 2, rel=1e-3)
    assert noise[row, variable] != 0


def test_observed_information_of_an_outlying_row_is_negative_and_the_expected_one_is_not(
    toy: tuple[StudyArrays, Layout],
) -> None:
    arrays, layout = toy
    x = arrays.prior_median
    [at, *_] = layout.rows[Likelihood(STATED, STUDENT_T)].position
    far = arrays.row_value.copy()
    rows = row_jacobian_at(x, arrays)
    far[at] = rows.location[at] + 3 * rows.dispersion[at]
    moved = arrays._replace(row_value=far)
    assert observed_information(x, moved)[at] < 0
    assert (expected_information(x, moved) >= 0).all()
    assert expected_information(x, moved)[at] == pytest.approx(5 / 7 / rows.dispersion[at] ** 2)


def test_widening_is_the_limit_of_no_priors_on_levels(toy: tuple[StudyArrays, Layout]) -> None:
    arrays, layout = toy
    x = conditional_mode(arrays, arrays.prior_median)
    terms = precision_terms_at(x, arrays, layout)
    own = np.array([not sets_level(one) for one in terms.contributors])[terms.owner]
    rows = terms.rows.toarray()
    gradient = row_jacobian_at(x, query_arrays(arrays, layout, [ROOT])).jacobian.toarray()[0]
    # In coordinates with unit precision, directions without information have no part in the answer.
    whitening = np.linalg.inv(np.linalg.cholesky(rows.T @ rows))
    information, directions = np.linalg.eigh(whitening @ (rows[own].T @ rows[own]) @ whitening.T)
    part = directions.T @ (whitening @ gradient)
    known = information > 1e-9
    assert np.abs(part[~known]).max(initial=0.0) < 1e-9
    exact = np.sqrt(np.sum(part[known] ** 2 / information[known]) / np.sum(part**2))
    assert at_mode(toy).widening[0] == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize(
    ("kind", "name", "sets"),
    [
        ("prior", "total.prior", True),
        ("prior", "shared_bias", True),
        ("prior", "lineages.forum.error", True),
        ("prior", "sources.platform.coverage.regions.EAST", True),
        ("prior", "sources.poll.selection", True),
        ("prior", "scopes.member.ratio", True),
        ("pooling", "sources.index.trend", True),
        ("prior", "scopes.member.trend", False),
        ("prior", "sources.platform.region_sd", False),
        ("prior", "sources.platform.breaks.2019", False),
        ("prior", "growth.rate", False),
        ("pooling", "regions.region_sd", False),
        ("source", "total", False),
    ],
)
def test_which_priors_set_levels(kind: str, name: str, sets: bool) -> None:  # noqa: FBT001 - a column of the table
    assert sets_level(Contributor(kind, name)) is sets


@pytest.mark.parametrize(
    ("data", "priors", "widening", "name"),
    [
        (0.4, 0.2, 1.99, "rests on data"),
        (0.4, 0.2, 2.01, "leans on priors"),
        (0.4, 0.333, 1.5, "rests on data"),
        (0.4, 0.334, 1.5, "leans on priors"),
        (0.251, 0.2, 1.5, "rests on data"),
        (0.249, 0.2, 1.5, "leans on priors"),
        (0.1, 0.9, 3.99, "leans on priors"),
        (0.8, 0.1, 4.01, "do not quote this total"),
        (0.8, 0.1, float("nan"), "do not quote this total"),
    ],
)
def test_verdicts_follow_their_rule(data: float, priors: float, widening: float, name: str) -> None:
    verdict = verdict_of(data, priors, widening)
    assert verdict.name == name
    assert verdict.may_be_quoted is (name != "do not quote this total")
    assert f"{100 * priors:.0f} % from priors as they are stated" in str(verdict)


def test_verdicts_state_the_numbers_that_decide() -> None:
    assert str(verdict_of(0.504, 0.203, 1.449)) == (
        "This total rests on data: 50 % of its precision comes from statements of sources, 29 % "
        "from pooling and 20 % from priors as they are stated; without priors on levels its "
        "interval would be 1.4 times as wide."
    )
    assert str(verdict_of(0.1, 0.9, 4.01)).endswith("would be more than 4 times as wide.")


def test_preflight_flips_when_the_anchor_goes(
    toy_spec: hc.ModelSpec, toy_observations: hc.Observations, unanchored: hc.Observations
) -> None:
    with_anchor = hc.preflight(toy_spec, toy_observations)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hc.HeadcountWarning)
        without = hc.preflight(toy_spec, unanchored)
    assert (with_anchor.verdict.name, with_anchor.directions, with_anchor.anchors) == (
        "rests on data",
        (),
        ("registry",),
    )
    assert (without.verdict.name, without.anchors) == ("do not quote this total", ())
    assert "Do not quote" in repr(without)
    told = [str(direction) for direction in without.directions]
    assert any(
        "Raising every headcount by 20 %" in text
        and "the coverage of platform" in text
        and "by 17 %" in text
        for text in told
    )
    assert any("the error shared by the lineage forum" in text for text in told)


def test_preflight_has_a_line_for_each_scope_and_area(
    toy_spec: hc.ModelSpec, toy_observations: hc.Observations
) -> None:
    table = hc.preflight(toy_spec, toy_observations).to_frame().set_index(["area", "scope"])
    assert table.loc[("NORTH", "beekeeper"), "anchored_by"].startswith("registry")
    assert table.loc[("NORTH", "beekeeper"), "factor"] < table.loc[("EAST", "beekeeper"), "factor"]
    assert set(table.index) == {
        *(("WORLD", scope) for scope in ("beekeeper", "member", "helper")),
        *((area, "beekeeper") for area in ("NORTH", "SOUTH", "EAST")),
    }
    np.testing.assert_allclose(table["data"] + table["pooling"] + table["priors"], 1)


@pytest.mark.parametrize(
    ("loss", "effect"),
    [
        (0.0, "leaves the likelihood constant"),
        (0.0099, "leaves the likelihood constant"),
        (0.0101, "lowers the log likelihood by only 0.01"),
    ],
)
def test_a_direction_states_its_loss_of_likelihood(loss: float, effect: str) -> None:
    direction = Direction({"every headcount": 1.2, "the coverage of a": 1 / 1.2}, 1.0, loss)
    assert str(direction) == (
        f"Raising every headcount by 20 %; lowering the coverage of a by 17 %: this {effect}, "
        "at a distance of 1.0 prior standard deviations."
    )


def test_a_direction_describes_four_groups_of_equal_changes() -> None:
    names = {f"the coverage of {name}": 1 - 0.1 * i for i, name in enumerate("abcde", start=1)}
    text = str(Direction({"every headcount": 1.2} | names, 1.0, 0.0))
    # Every headcount first, then the largest changes: e, d and c.
    assert [text.count(f"coverage of {name}") for name in "abcde"] == [0, 0, 1, 1, 1]
    assert "; and 2 smaller changes: this" in text


def test_preflight_has_the_share_of_every_contributor(
    toy_spec: hc.ModelSpec, toy_observations: hc.Observations
) -> None:
    found = hc.preflight(hc.Study(toy_spec, toy_observations))
    contributions = found.contributions()
    assert contributions.columns.tolist() == [
        *("area", "year", "from_year", "scope", "kind", "name", "share")
    ]
    sums = contributions.groupby(["area", "scope"])["share"].sum()
    np.testing.assert_allclose(sums, 1)
    by_kind = contributions.groupby(["area", "scope", "kind"])["share"].sum()
    for line in found.to_frame().itertuples(index=False):
        assert by_kind[line.area, line.scope, "source"] == pytest.approx(line.data)
    assert found.verdict.sentence == str(found.verdict)
    assert found.verdict.name in repr(found).lower()


def test_preflight_refuses_a_study_that_does_not_fit(
    toy_spec: hc.ModelSpec, toy_observations: hc.Observations
) -> None:
    row = replace(toy_observations.rows[0], area="NOWHERE")
    with pytest.raises(hc.StudyError, match="NOWHERE"):
        hc.preflight(toy_spec, replace(toy_observations, rows=(row, *toy_observations.rows[1:])))


def test_an_unidentified_direction_moves_no_row(
    toy_spec: hc.ModelSpec, unanchored: hc.Observations
) -> None:
    layout = Layout.of(toy_spec, unanchored)
    arrays = arrays_of(layout)
    [coverage, *_] = find_directions(arrays, layout, ROOT)
    start = arrays.prior_median.copy()
    moved = start.copy()
    paths = list(layout.priors)
    names = {
        "the coverage of platform": "sources.platform.coverage",
        "the coverage of platform in EAST": "sources.platform.coverage.regions.EAST",
        "the multiplier of analyst": "sources.analyst.multiplier",
    }
    assert set(coverage.changes) == {"every headcount", *names}
    # Small steps: coverage is bent, and the direction is a straight line on the log scale.
    part = 0.01
    for name, path in names.items():
        prior, i = layout.priors[path], paths.index(path)
        value = prior.link.inverse(start[i]) * coverage.changes[name] ** part
        moved[i] = prior.link.forward(value)
    to_baseline(moved, arrays)
    moved[paths.index("total.prior")] += part * np.log(coverage.changes["every headcount"])
    to_total(moved, arrays)
    _, locations, spreads = log_likelihood(np.stack([start, moved]), arrays)
    # A row that saw headcounts alone would move by part * log(1.2), here 0.018 of its spread or
    # more.
    assert np.abs((locations[1] - locations[0]) / spreads[0]).max() < 1e-3
    people, _ = evaluate(np.stack([start, moved]), arrays)
    year = ROOT.year - toy_spec.years.first
    total = np.log(np.exp(people[:, :, year]).sum(axis=1))
    assert total[1] - total[0] == pytest.approx(part * np.log(RAISED), rel=1e-4)
