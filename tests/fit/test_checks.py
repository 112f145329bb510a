"""Checks: each can fail, and says what is wrong; expectations equal the engine's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import special, stats

import headcount as hc
from headcount.diagnostics.checks import CHECKS, CheckResult, Evidence, source_fit
from headcount.diagnostics.checks.contraction import check_priors, prior_shift, prior_variance
from headcount.diagnostics.checks.convergence import check_convergence
from headcount.diagnostics.checks.outlying_rows import check_outlying_rows
from headcount.engine.density.evaluation import log_likelihood
from headcount.engine.density.study_arrays import arrays_of
from headcount.inference.posterior_variables import free_vectors, posterior_of
from headcount.layout.study_layout import Layout
from headcount.posterior.fits import Sampling, sampler_tree
from headcount.posterior.row_expectations import row_moments
from headcount.study.observation_kinds import statement_of

pytestmark = pytest.mark.fit


def with_variables(fit: hc.Fit, **changes: xr.DataArray) -> hc.Fit:
    """Return the fit with variables of its posterior or its sampler's record replaced."""
    groups = {name: fit.tree[name].to_dataset().copy() for name in fit.tree.children}
    for name, values in changes.items():
        group = next(group for group, own in groups.items() if name in own)
        groups[group][name] = values
    return replace(fit, tree=xr.DataTree.from_dict(groups))


def with_row(fit: hc.Fit, row: hc.Observation) -> hc.Fit:
    """Return the fit as if one more row had been fitted, its posterior as it was."""
    observations = replace(fit.observations, rows=(*fit.observations.rows, row))
    return replace(fit, study=hc.Study.without_checks(fit.spec, observations))


def failures(result: CheckResult) -> set[str]:
    return set(result.table.loc[~result.table["passed"], "measure"])


# --- expectations


@pytest.fixture(scope="module")
def rows_of_every_form(toy_observations: hc.Observations) -> hc.Observations:
    more = [
        hc.Observation(
            "registry", "EAST", 2020, "range", lower=4000, upper=9000, mass=1.0, line=90
        ),
        hc.Observation("analyst", "PORT", 2020, "count", value=0, line=91),
        hc.Observation(
            "analyst", "UNION", 2020, "share", value=1.4, of_area="NORTH", n=80, line=92
        ),
        hc.Observation(
            "platform", "WORLD", 2022, "range", lower=9000, upper=30000, mass=1.0, line=93
        ),
    ]
    return replace(toy_observations, rows=(*toy_observations.rows, *more))


def test_rows_are_expected_as_the_engine_expects_them(
    toy_spec: hc.ModelSpec, rows_of_every_form: hc.Observations
) -> None:
    layout = Layout.of(toy_spec, rows_of_every_form)
    assert set(layout.rows) >= {
        ("stated", "student_t"),
        ("bound", "student_t"),
        ("interval", "student_t"),
        ("survey", ""),
        ("interval", "normal"),
        ("stated", "normal"),
    }
    arrays = arrays_of(layout)
    noise = np.random.default_rng(0).normal(size=(2, 5, arrays.prior_family.size))
    free = np.where(
        arrays.prior_family == 0,
        arrays.prior_first + 0.5 * arrays.prior_second * noise,
        0.5 * noise,
    )
    tree = sampler_tree(
        posterior_of(layout, free),
        free_vectors(layout, free),
        xr.Dataset({"energy": (("chain", "draw"), np.ones((2, 5)))}),
    )
    study = hc.Study.without_checks(toy_spec, rows_of_every_form)
    fit = hc.Fit(study, tree, Sampling(1, 2, 5, 0))
    # The fit keeps free vectors in single precision.
    expected = log_likelihood(free.reshape(10, -1), arrays)
    moments = row_moments(fit)
    for name, values in zip(("log_likelihood", "location", "spread"), expected, strict=True):
        np.testing.assert_allclose(
            moments[name].to_numpy().reshape(10, -1), values, rtol=1e-5, atol=1e-4
        )


def test_thinning_keeps_every_nth_draw(toy_fit: hc.Fit) -> None:
    every = row_moments(toy_fit).isel(draw=slice(None, None, 10))
    xr.testing.assert_identical(row_moments(toy_fit, thin=10), every)


def test_rows_are_labelled_by_line_and_source(toy_fit: hc.Fit) -> None:
    moments = row_moments(toy_fit)
    assert moments["line"].to_numpy().tolist() == [row.line for row in toy_fit.observations.fitted]
    assert moments["row_source"].to_numpy().tolist() == [
        row.source for row in toy_fit.observations.fitted
    ]


def test_a_fit_with_other_variables_is_refused(toy_fit: hc.Fit) -> None:
    free = toy_fit.tree["unconstrained_posterior"].to_dataset().isel(variable=slice(1, None))
    tree = toy_fit.tree.copy()
    tree["unconstrained_posterior"] = xr.DataTree(free)
    with pytest.raises(hc.FitError, match="which had other variables. Fit the study again"):
        row_moments(replace(toy_fit, tree=tree))


# --- convergence


@pytest.fixture(scope="module")
def settled(toy_fit: hc.Fit) -> hc.Fit:
    """The toy fit with its draws shuffled over chains: as if they were independent, whatever the
    sampler does."""
    order = np.random.default_rng(5).permutation(toy_fit.posterior["log_headcount"][..., 0, 0].size)
    tree = toy_fit.tree.copy()
    shuffled = {
        name: (
            variable.dims,
            variable.to_numpy().reshape(len(order), -1)[order].reshape(variable.shape),
        )
        for name, variable in toy_fit.posterior.data_vars.items()
    }
    tree["posterior"] = toy_fit.posterior.assign(shuffled)
    stats_of = toy_fit.sample_stats
    still = {"diverging": (("chain", "draw"), np.zeros(stats_of["diverging"].shape, dtype=bool))}
    tree["sample_stats"] = stats_of.assign(still)
    return replace(toy_fit, tree=tree)


def test_a_good_fit_passes_and_says_so(settled: hc.Fit) -> None:
    result = check_convergence(Evidence(settled))
    assert result.passed
    assert result.headline.startswith("The sampler converged")
    assert set(result.table["of"]) >= {
        "headcount",
        "growth",
        "share",
        "ratio",
        "coverage",
        "parameter",
    }


def test_a_chain_in_another_place_fails(settled: hc.Fit) -> None:
    moved = settled.posterior["log_headcount"].copy()
    moved[{"chain": 0}] += 1.0
    result = check_convergence(Evidence(with_variables(settled, log_headcount=moved)))
    assert not result.passed
    assert {"R-hat", "bulk ESS"} <= failures(result)
    assert "has not converged (R-hat of headcount;" in result.headline
    worst = result.table[(result.table["measure"] == "R-hat") & ~result.table["passed"]]
    assert worst["of"].tolist() == ["headcount"]


def test_a_parameter_that_creeps_fails(settled: hc.Fit) -> None:
    slow = settled.posterior["parameter"].copy()
    slow[{"prior": 3}] = np.sort(slow[{"prior": 3}], axis=-1)
    result = check_convergence(Evidence(with_variables(settled, parameter=slow)))
    failed = result.table[~result.table["passed"]]
    assert set(failed["of"]) == {"parameter"}
    assert set(failed["where"]) == {str(slow["prior"].to_numpy()[3])}


@pytest.mark.parametrize(("count", "passed"), [(5, True), (6, False)])
def test_divergences_are_counted(settled: hc.Fit, count: int, passed: bool) -> None:  # noqa: FBT001
    diverging = settled.sample_stats["diverging"].copy()
    diverging[{"chain": 1, "draw": slice(0, count)}] = True
    result = check_convergence(Evidence(with_variables(settled, diverging=diverging)))
    assert result.passed is passed
    assert failures(result) == (set() if passed else {"divergences"})


def test_energies_that_move_slowly_fail(settled: hc.Fit) -> None:
    energy = settled.sample_stats["energy"].copy()
    energy[{"chain": 2}] = np.sort(energy[{"chain": 2}])
    result = check_convergence(Evidence(with_variables(settled, energy=energy)))
    assert failures(result) == {"E-BFMI"}
    assert "chain 2" in set(result.table["where"])


def test_one_chain_is_not_enough(settled: hc.Fit) -> None:
    one = replace(
        settled, tree=settled.tree.isel(chain=[0]), sampling=replace(settled.sampling, chains=1)
    )
    assert "chains" in failures(check_convergence(Evidence(one)))


def test_an_interrupted_run_is_reported(settled: hc.Fit) -> None:
    stopped = replace(settled, sampling=replace(settled.sampling, interrupted=True))
    assert failures(check_convergence(Evidence(stopped))) == {"stopped early"}


def test_too_few_draws_fail_without_an_error(settled: hc.Fit) -> None:
    few = replace(settled, tree=settled.tree.isel(draw=slice(0, 3)))
    assert not check_convergence(Evidence(few)).passed


# --- rows and sources


def test_a_number_wrong_by_a_thousand_is_named(
    toy_spec: hc.ModelSpec, toy_observations: hc.Observations
) -> None:
    rows = list(toy_observations.rows)
    at = next(
        i
        for i, row in enumerate(rows)
        if (row.source, row.area, row.year) == ("platform", "SOUTH", 2022)
    )
    rows[at] = replace(rows[at], value=8_300_000)
    observations = replace(toy_observations, rows=tuple(rows))
    # Fitted again: the wrong row has had its say on the noise of its source, and is named all the
    # same.
    fit = hc.fit(
        toy_spec,
        observations,
        seed=1,
        progress=False,
        sampler=hc.Sampler(chains=2, draws=200, tune=400),
    )
    result = check_outlying_rows(Evidence(fit))
    assert not result.passed
    assert result.table.iloc[0]["line"] == rows[at].line
    assert result.table.iloc[0]["stated"] == "8,300,000"
    assert result.table.iloc[0]["expected"] < 100_000
    assert f"line {rows[at].line}" in result.headline


def test_a_good_fit_has_no_outlying_rows(toy_fit: hc.Fit) -> None:
    result = check_outlying_rows(Evidence(toy_fit))
    assert result.passed
    assert result.table.empty


@pytest.mark.parametrize(
    "row",
    [
        hc.Observation("platform", "NORTH", 2021, "lower_bound", value=9e6, line=99),
        hc.Observation("platform", "NORTH", 2021, "upper_bound", value=3, line=99),
        hc.Observation("platform", "NORTH", 2021, "range", lower=8e6, upper=9e6, mass=1.0, line=99),
        hc.Observation("platform", "NORTH", 2021, "count", value=0, line=99),
        hc.Observation("registry", "NORTH", 2021, "count", value=24000, line=99),
        hc.Observation("platform", "NORTH", 2022, "growth", value=8.0, from_year=2021, line=99),
        hc.Observation(
            "poll", "NORTH", 2022, "survey", value=0, n=5000, of_scope="helper", line=99
        ),
    ],
    ids=lambda row: f"{row.source}-{row.kind}",
)
def test_rows_of_every_form_can_be_outlying(toy_fit: hc.Fit, row: hc.Observation) -> None:
    result = check_outlying_rows(Evidence(with_row(toy_fit, row)))
    assert result.table["line"].tolist() == [99]


def test_hard_ranges_and_bounds_that_hold_are_not_outlying(toy_fit: hc.Fit) -> None:
    row = hc.Observation(
        "platform", "NORTH", 2021, "range", lower=100, upper=9e6, mass=1.0, line=99
    )
    table = Evidence(with_row(toy_fit, row)).rows.table
    assert table.loc[table["line"] == 99, "tail"].item() == 1.0
    assert table.loc[table["kind"].isin(["lower_bound", "upper_bound"]), "tail"].min() > 0.2


def test_tails_of_stated_rows_and_surveys_are_those_of_their_distributions(toy_fit: hc.Fit) -> None:
    table = Evidence(toy_fit).rows.table
    moments = row_moments(toy_fit, thin=2)
    first = next(i for i, row in enumerate(toy_fit.observations.fitted) if row.source == "platform")
    mean, sd = (moments[name].isel(row=first).to_numpy().ravel() for name in ("location", "spread"))
    below = stats.t.cdf(
        (np.log(toy_fit.observations.fitted[first].value or 0) - mean) / sd, 4
    ).mean()
    assert table.loc[first, "pit"] == pytest.approx(below)
    assert table.loc[first, "tail"] == pytest.approx(2 * min(below, 1 - below))
    polls = [(i, row) for i, row in enumerate(toy_fit.observations.fitted) if row.kind == "survey"]
    for i, row in polls:
        log_odds, weight = (
            moments[name].isel(row=i).to_numpy().ravel() for name in ("location", "spread")
        )
        chance = special.expit(log_odds)
        arguments = (row.n, weight * chance, weight * (1 - chance))
        most, less = (
            stats.betabinom.cdf(k, *arguments).mean() for k in (row.value, (row.value or 0) - 1)
        )
        assert table.loc[i, "tail"] == pytest.approx(min(1, 2 * min(most, 1 - less)), abs=0.03)
        assert less - 0.02 <= table.loc[i, "pit"] <= most + 0.02


def test_row_fits_repeat_themselves(toy_fit: hc.Fit) -> None:
    pd.testing.assert_frame_equal(Evidence(toy_fit).rows.table, Evidence(toy_fit).rows.table)


def test_a_source_that_scatters_more_than_its_noise_fails(
    toy_fit: hc.Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_fit, "FEWEST_ROWS", 5)
    assert source_fit.check_sources(Evidence(toy_fit)).passed
    free = toy_fit.tree["unconstrained_posterior"]["free"]
    is_noise = free["variable"].str.startswith("noise_z")
    spread = 0.3
    quiet = with_variables(toy_fit, free=free - is_noise * np.float32(np.log(100) / spread))
    result = source_fit.check_sources(Evidence(quiet))
    assert not result.passed
    assert result.table.loc[~result.table["passed"], "source"].tolist() == ["platform"]
    assert "platform" in result.headline


def test_sources_with_few_rows_are_not_judged(toy_fit: hc.Fit) -> None:
    result = source_fit.check_sources(Evidence(toy_fit))
    assert result.passed
    assert result.headline.startswith("No source has")
    assert result.table.set_index("source").loc["analyst", ["rows", "scored"]].tolist() == [4, 2]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (hc.Observation("a", "b", 2020, "count", value=1930000), "1,930,000"),
        (hc.Observation("a", "b", 2020, "range", lower=600000, upper=650000), "600,000 to 650,000"),
        (hc.Observation("a", "b", 2023, "growth", value=0.29, from_year=2022), "+29 % since 2022"),
        (hc.Observation("a", "b", 2020, "share", value=0.14, of_area="EU27"), "0.14 of EU27"),
        (
            hc.Observation("a", "b", 2020, "survey", value=61, n=520, of_scope="c"),
            "61 of 520",
        ),
        (hc.Observation("a", "b", 2020, "unheard_of"), ""),
    ],
)
def test_statements_of_rows_in_words(row: hc.Observation, words: str) -> None:
    assert statement_of(row) == words


# --- priors


def test_the_anchor_teaches_the_total_and_nothing_teaches_the_pools(toy_fit: hc.Fit) -> None:
    result = check_priors(Evidence(toy_fit))
    contraction = result.table.set_index("prior")["contraction"]
    assert result.passed
    assert result.informs
    assert contraction["total.prior"] > 0.9
    assert abs(contraction["regions.pool_sd"]) < 0.15


def test_draws_from_the_prior_show_no_contraction_and_no_shift(toy_fit: hc.Fit) -> None:
    drawn = toy_fit.posterior["parameter"].copy()
    prior = toy_fit.spec.priors["total.prior"]
    drawn.loc[{"prior": "total.prior"}] = prior.draw(np.random.default_rng(0), size=(4, 500))
    table = check_priors(Evidence(with_variables(toy_fit, parameter=drawn))).table.set_index(
        "prior"
    )
    assert abs(table.loc["total.prior", "contraction"]) < 0.1
    assert abs(table.loc["total.prior", "shift"]) < 0.02


def test_the_shift_is_what_reweighting_the_draws_gives() -> None:
    rng = np.random.default_rng(1)
    prior = hc.Prior.between(1, 10)
    link = rng.normal(prior.location + 0.2, 0.5 * prior.scale, size=200_000)
    outcome = 3 * link + rng.normal(size=link.size)
    step = 0.01 * prior.scale
    weights = np.exp(stats.norm.logpdf(link - step, prior.location, prior.scale))
    weights /= np.exp(stats.norm.logpdf(link, prior.location, prior.scale))
    moved = np.average(outcome, weights=weights) - outcome.mean()
    assert prior_shift(prior, np.exp(link), outcome) == pytest.approx(moved / 0.01, rel=0.02)
    # By hand: a normal posterior with half the prior's sd moves by a quarter of the prior's shift.
    assert prior_shift(prior, np.exp(link), outcome) == pytest.approx(3 * prior.scale / 4, rel=0.02)


@pytest.mark.parametrize(
    ("prior", "slope"),
    [
        (hc.Prior("positive", "half_normal", (0.5,)), lambda x: 1 - (np.exp(x) / 0.5) ** 2),
        (hc.Prior("positive", "exponential", (0.5,)), lambda x: 1 - np.exp(x) / 0.5),
        (hc.Prior("positive", "gamma", (2.0, 1.0)), lambda x: 4 - 2 * np.exp(x)),
        (hc.Prior("unit", "beta", (0.5, 0.1)), lambda x: 12 - 24 / (1 + np.exp(-x))),
    ],
)
def test_priors_of_other_families_are_handled_on_their_link_scale(prior, slope) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(2)
    draws = prior.draw(rng, size=100_000)
    link = prior.link.forward(draws)
    assert prior_variance(prior) == pytest.approx(link.var(), rel=0.03)
    outcome = np.sin(link)
    exact = float(np.cov(outcome, -slope(link))[0, 1]) * np.sqrt(prior_variance(prior))
    assert prior_shift(prior, draws, outcome) == pytest.approx(exact, rel=1e-3)


# --- together


def test_all_checks_run_worst_first(settled: hc.Fit) -> None:
    assert [result.name for result in hc.check(settled)] == [
        run(Evidence(settled)).name for run in CHECKS
    ]
    row = hc.Observation("registry", "NORTH", 2021, "count", value=240_000, line=99)
    results = hc.check(with_row(settled, row))
    assert [result.passed for result in results] == [False] * 2 + [True] * (len(CHECKS) - 2)
    assert [result.name for result in results[:2]] == ["conflict", "outlying rows"]


def test_results_are_for_reading(settled: hc.Fit) -> None:
    for result in hc.check(settled):
        assert result.headline.endswith(".")
        assert result.details
        outcome = "informs" if result.informs else "passed"
        assert repr(result).startswith(f"<{result.name}: {outcome}.")
        assert str(result.verdict) == result.headline
