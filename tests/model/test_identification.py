"""What answers rest on, before sampling: shares, widening, directions, verdicts."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from tests.studies import STUDIES, prior_draws, study

import headcount as hc
from headcount.diagnostics.identification.level_priors import sets_level
from headcount.diagnostics.identification.precision_shares import Shares, shares_at
from headcount.diagnostics.identification.precision_terms import Contributor, precision_terms_at
from headcount.diagnostics.identification.quotability import verdict_of
from headcount.diagnostics.identification.unidentified_directions import RAISED, find_directions
from headcount.engine.coordinates.posterior_mode import conditional_mode
from headcount.engine.density.evaluation import evaluate, log_likelihood
from headcount.engine.density.queries import Query, query_arrays
from headcount.engine.density.study_arrays import StudyArrays, arrays_of
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


def test_what_is_asked_is_what_estimands_say(toy_fit: hc.Fit) -> None:
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


def test_precision_is_that_of_the_dense_inverse(toy: tuple[StudyArrays, Layout]) -> None:
    arrays, layout = toy
    x = conditional_mode(arrays, arrays.prior_median)
    rows = precision_terms_at(x, arrays, layout).rows.toarray()
    slope = row_jacobian_at(x, query_arrays(arrays, layout, [ROOT])).jacobian.toarray()[0]
    variance = slope @ np.linalg.solve(rows.T @ rows, slope)
    assert at_mode(toy).sd[0] == pytest.approx(np.sqrt(variance), rel=1e-9)


def test_share_is_how_precision_grows_with_a_part(toy: tuple[StudyArrays, Layout]) -> None:
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


@pytest.mark.parametrize("name", STUDIES)
def test_information_is_minus_the_curvature_of_the_likelihood(name: str) -> None:
    own = study(name, seed=3)
    layout = Layout.of(own.spec, own.observations)
    arrays = arrays_of(layout)
    [x] = prior_draws(layout, np.random.default_rng(5), 1)
    found = observed_information(x, arrays)
    rows = layout.rows.get(Likelihood(STATED, STUDENT_T))
    if rows is None:
        return
    _, location, spread = (values[0] for values in log_likelihood(x[None], arrays))
    at, step = rows.position, 1e-4
    scale = spread[at]

    def density(moved: float) -> np.ndarray:
        return stats.t(4).logpdf((arrays.row_value[at] - location[at] - moved * scale) / scale)

    curvature = -(density(step) - 2 * density(0) + density(-step)) / (step * scale) ** 2
    np.testing.assert_allclose(found[at], curvature, rtol=2e-3, atol=2e-5 / scale.min() ** 2)


def test_expected_information_of_student_t_is_the_mean_of_the_observed_one() -> None:
    z = stats.t(4).ppf((np.arange(20_000) + 0.5) / 20_000)
    observed = 5 * (4 - z**2) / (4 + z**2) ** 2
    assert observed.mean() == pytest.approx(5 / 7, abs=1e-3)


def test_information_of_events_is_never_negative(toy: tuple[StudyArrays, Layout]) -> None:
    arrays, _ = toy
    assert (expected_information(arrays.prior_median, arrays) >= 0).all()


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
        (0.4, 0.2, 1.5, "rests on data"),
        (0.4, 0.2, 2.5, "leans on priors"),
        (0.4, 0.5, 1.5, "leans on priors"),
        (0.2, 0.2, 1.5, "leans on priors"),
        (0.1, 0.9, 3.9, "leans on priors"),
        (0.8, 0.1, 4.1, "do not quote this total"),
        (0.8, 0.1, float("nan"), "do not quote this total"),
    ],
)
def test_verdicts_follow_their_rule(data: float, priors: float, widening: float, name: str) -> None:
    verdict = verdict_of(data, priors, widening)
    assert verdict.name == name
    assert verdict.may_be_quoted is (name != "do not quote this total")
    assert f"{100 * priors:.0f} % from priors as they are stated" in str(verdict)


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


def test_preflight_says_what_anchors_scopes_and_areas(
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


def test_preflight_refuses_a_study_that_does_not_fit(
    toy_spec: hc.ModelSpec, toy_observations: hc.Observations
) -> None:
    row = replace(toy_observations.rows[0], area="NOWHERE")
    with pytest.raises(hc.StudyError, match="NOWHERE"):
        hc.preflight(toy_spec, replace(toy_observations, rows=(row, *toy_observations.rows[1:])))


def test_no_statement_notices_an_unseen_direction(
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
