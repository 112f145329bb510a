"""The evidence that the answers of a fit depend on, and conflicts within it."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from tests.studies import STUDIES, prior_draws, study

import headcount as hc
from headcount.diagnostics.checks.conflict import check_conflict
from headcount.diagnostics.checks.evidence import Evidence
from headcount.diagnostics.checks.identification_check import check_identification
from headcount.diagnostics.identification.power_scaling import power_scaling
from headcount.inference.posterior_variables import free_vectors, posterior_of
from headcount.layout.study_layout import Layout
from headcount.posterior.draw_statistics import ess_and_rhat
from headcount.posterior.draw_transfer import DrawTransfer
from headcount.posterior.fits import Sampling, sampler_tree
from headcount.posterior.row_expectations import row_moments
from headcount.study.priors import Prior
from headcount.study.row_forms import STATED

SHORT = hc.Sampler(chains=2, draws=500, tune=300)


@pytest.fixture(scope="module")
def unanchored(toy_fit: hc.Fit) -> hc.Fit:
    """A fit of the toy without its anchor."""
    rows = tuple(row for row in toy_fit.observations.rows if row.source != "registry")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hc.HeadcountWarning)
        return hc.fit(
            toy_fit.spec,
            replace(toy_fit.observations, rows=rows),
            seed=1,
            warm_start=toy_fit,
            sampler=SHORT,
            progress=False,
        )


def test_verdict_flips_when_the_anchor_goes(toy_fit: hc.Fit, unanchored: hc.Fit) -> None:
    assert hc.rests_on(toy_fit).verdict.name == "rests on data"
    assert hc.rests_on(unanchored).verdict.name == "do not quote this total"
    assert check_identification(Evidence(toy_fit)).passed
    refused = check_identification(Evidence(unanchored))
    assert not refused.passed
    assert refused.headline.startswith("Do not quote this total")


def test_contributors_have_shares_and_sensitivities(toy_fit: hc.Fit) -> None:
    table = check_identification(Evidence(toy_fit)).table
    assert table["share"].sum() == pytest.approx(1)
    assert table["share"].is_monotonic_decreasing
    assert set(table["kind"]) == {"prior", "pooling", "source"}
    assert table.loc[table["kind"] != "pooling", "sensitivity"].notna().all()
    assert table.loc[table["kind"] == "pooling", "sensitivity"].isna().all()
    assert set(table.loc[table["kind"] == "source", "name"]) == set(toy_fit.layout.sources)


def test_every_headline_has_its_verdict(toy_fit: hc.Fit) -> None:
    answers = Evidence(toy_fit).rests_on.to_frame()
    assert answers.loc[0, ["area", "year"]].tolist() == ["WORLD", 2023]
    assert set(answers["area"]) == {"WORLD", "NORTH", "SOUTH", "EAST"}
    assert answers["from_year"].dropna().tolist() == [2021]
    np.testing.assert_allclose(answers["data"] + answers["pooling"] + answers["priors"], 1)
    north = answers.set_index("area").loc["NORTH"]
    assert (north["verdict"], north["data"] > 0.8) == ("rests on data", True)


def test_precision_is_that_of_the_draws(toy_fit: hc.Fit) -> None:
    answers = Evidence(toy_fit).rests_on.to_frame()
    np.testing.assert_allclose(answers["sd_near"], answers["sd"], rtol=0.25)


def test_one_answer_can_be_asked_for(toy_fit: hc.Fit) -> None:
    found = hc.rests_on(toy_fit, area="NORTH", year=2021, scope="member")
    assert "NORTH 2021" in repr(found)
    assert found.contributions().iloc[0]["name"] == "scopes.member.ratio"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"area": "NORD"}, "NORD"),
        ({"scope": "members"}, "member"),
        ({"year": 1990}, "2018 to 2025"),
    ],
)
def test_unknown_answers_are_refused(
    toy_fit: hc.Fit, arguments: dict[str, str], named: str
) -> None:
    with pytest.raises(hc.HeadcountError, match=named):
        hc.rests_on(toy_fit, **arguments)


def log_variance(fit: hc.Fit) -> tuple[float, float]:
    """Return the log variance of the log total and its Monte Carlo error."""
    log_total = np.log(hc.headcount(fit).sel(year=2021).transpose("chain", "draw").to_numpy())
    squares = (log_total - log_total.mean()) ** 2
    size = ess_and_rhat(squares[None])["ess_bulk"][0]
    return float(np.log(squares.mean())), float(squares.std() / squares.mean() / np.sqrt(size))


@pytest.mark.filterwarnings("ignore::headcount.HeadcountWarning")
def test_share_of_a_prior_is_what_a_refit_shows(unanchored: hc.Fit) -> None:
    path, twice = "sources.platform.coverage", 2.0
    prior = unanchored.spec.priors[path]
    tight = Prior(
        prior.support, prior.family, (prior.parameters[0], prior.parameters[1] / np.sqrt(twice))
    )
    long = hc.Sampler(chains=4, draws=1500, tune=300)
    fits = [
        hc.fit(
            spec,
            unanchored.observations,
            seed=3,
            warm_start=unanchored,
            sampler=long,
            progress=False,
        )
        for spec in (unanchored.spec, hc.with_prior(unanchored.spec, path, tight))
    ]
    (before, error), (after, other) = (log_variance(fit) for fit in fits)
    share = (
        hc.rests_on(unanchored, year=2021).shares.to_frame().set_index("name").loc[path, "share"]
    )
    # Twice the prior's precision: the share of what is left rises on the way, so the change lies
    # between the two ends.
    least, most = share * np.log(twice), np.log(1 + share * (twice - 1)) + 0.1
    slack = 3 * np.hypot(error, other)
    assert least - 0.05 - slack < before - after < most + slack
    assert before - after > 0.1


def test_power_scaling_finds_the_priors_that_matter(unanchored: hc.Fit) -> None:
    answer = xr.ufuncs.log(
        hc.headcount(unanchored).sel(year=2021, drop=True).reset_coords(drop=True)
    )
    found = power_scaling(unanchored, answer, row_moments(unanchored)["log_likelihood"])
    found = found.set_index("name")["sensitivity"]
    assert (found >= 0).all()
    assert found["sources.platform.coverage"] > 0.05
    assert found["growth.damping"] < 0.05


def test_conflict_is_rare_where_there_is_none(toy_fit: hc.Fit) -> None:
    found = check_conflict(Evidence(toy_fit))
    assert found.passed
    assert found.headline.startswith("No conflict at any of")
    sources = found.table.set_index("node")["source"]
    assert (
        sources["sources.platform.coverage"] == sources["reach of platform in NORTH"] == "platform"
    )
    assert sources["total.prior"] == sources["scopes.member.ratio"] == ""
    assert {"sources.platform.coverage", "reach of platform in NORTH", "errors of registry"} <= set(
        found.table["node"]
    )


@pytest.mark.parametrize("name", STUDIES)
def test_nodes_are_the_reach_that_varies_by_region_and_the_errors_of_stated_rows(name: str) -> None:
    own = study(name, seed=2)
    layout = Layout.of(own.spec, own.observations)
    free = prior_draws(layout, np.random.default_rng(3), 40).reshape(2, 20, -1)
    stats_of = xr.Dataset({"energy": (("chain", "draw"), np.ones((2, 20)))})
    groups = (posterior_of(layout, free), free_vectors(layout, free), stats_of)
    whole = hc.Study.without_checks(own.spec, own.observations)
    fit = hc.Fit(whole, sampler_tree(*groups), Sampling(1, 2, 20, 0))
    spec, nodes = own.spec, check_conflict(Evidence(fit)).table
    varying = {
        name
        for name in layout.sources
        if spec.sources[name].reach is not None
        and (spec.sources[name].region_sd or spec.source_kinds[spec.sources[name].kind].region_sd)
    }
    reached = nodes.loc[nodes["node"].str.startswith("reach of"), "source"]
    assert set(reached) == varying
    rows = [own for likelihood, own in layout.rows.items() if likelihood.form == STATED]
    stated = {layout.sources[i] for own in rows for i in layout.row_source[own.position]}
    errors = nodes["node"].str.startswith("errors of")
    assert nodes.loc[errors, "source"].tolist() == nodes.loc[errors, "node"].str[10:].tolist()
    assert set(nodes.loc[errors, "source"]) == stated


def slipped(spec: hc.ModelSpec, *, sign: int) -> hc.ModelSpec:
    """Return a study whose platform covers a sixth of all people, or, with the sign of its log odds
    lost, five sixths."""
    low, high = sorted(1 / (1 + np.exp(-sign * np.array([-2.0, -1.1]))))
    for path in ("sources.platform.coverage", "sources.platform.coverage.regions.EAST"):
        spec = hc.with_prior(spec, path, {"low": float(low), "high": float(high), "mass": 0.9})
    return spec


def test_sign_slip_in_a_coverage_is_found(
    toy_spec: hc.ModelSpec, toy_observations: hc.Observations
) -> None:
    meant, entered = (slipped(toy_spec, sign=sign) for sign in (1, -1))
    world = hc.simulate(meant, toy_observations, seed=1).observations
    right, wrong = (
        check_conflict(Evidence(hc.fit(spec, world, seed=1, sampler=SHORT, progress=False)))
        for spec in (meant, entered)
    )
    assert right.passed
    assert not wrong.passed
    [first] = wrong.table.head(1).to_dict("records")
    assert first["source"] == "platform"
    assert first["z"] < -4
    assert "reach of platform in" in wrong.headline
    assert re.search(r"\d+\.\d prior standard deviations below", wrong.headline)


def test_wrong_count_of_an_anchor_is_a_conflict(toy_fit: hc.Fit) -> None:
    rows = tuple(
        replace(row, value=(row.value or 0) * 1.8)
        if (row.source, row.year) == ("registry", 2021)
        else row
        for row in toy_fit.observations.rows
    )
    found = check_conflict(
        Evidence(
            hc.fit(
                toy_fit.spec,
                replace(toy_fit.observations, rows=rows),
                seed=1,
                warm_start=toy_fit,
                sampler=SHORT,
                progress=False,
            )
        )
    )
    assert not found.passed
    assert (
        found.table.loc[found.table["conflict"], "node"]
        .str.contains("official.noise|registry")
        .any()
    )


def test_draws_are_transferred_by_label(toy_fit: hc.Fit, unanchored: hc.Fit) -> None:
    transferred = DrawTransfer.of(unanchored, 100)
    layout = Layout.of(toy_fit.spec, toy_fit.observations)
    free = transferred.to(layout, np.random.default_rng(1))
    again = DrawTransfer.of(toy_fit).labels
    for i, label in enumerate(again):
        if label in transferred.labels:
            np.testing.assert_array_equal(
                free[:, i], transferred.free[:, transferred.labels.index(label)]
            )
    new = [label for label in again if label not in transferred.labels]
    assert "noise_z[registry]" in new
    at = again.index("noise_z[registry]")
    assert abs(free[:, at].mean()) < 0.4
    assert 0.7 < free[:, at].std() < 1.3


def test_fit_near_another_has_the_same_posterior(toy_fit: hc.Fit) -> None:
    near = hc.fit(
        toy_fit.spec,
        toy_fit.observations,
        seed=7,
        warm_start=toy_fit,
        sampler=SHORT,
        progress=False,
    )
    again = hc.fit(
        toy_fit.spec,
        toy_fit.observations,
        seed=7,
        warm_start=toy_fit,
        sampler=SHORT,
        progress=False,
    )
    xr.testing.assert_identical(near.posterior, again.posterior)
    for year in (2018, 2021, 2025):
        ours, theirs = (np.log(hc.headcount(fit).sel(year=year)) for fit in (near, toy_fit))
        error = np.hypot(float(ours.std()) / np.sqrt(300), float(theirs.std()) / np.sqrt(600))
        assert abs(float(ours.mean() - theirs.mean())) < 4 * error
