"""Estimates: the numbers are those of the draws, and the diagnostics those of ArviZ."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import arviz_stats.base as arviz
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from tests.studies import STUDIES, prior_draws, study

import headcount as hc
from headcount.inference.posterior_variables import free_vectors, posterior_of
from headcount.layout.study_layout import Layout
from headcount.posterior.draw_statistics import ess_and_rhat, summarise
from headcount.posterior.estimand_draws import estimand_draws
from headcount.posterior.estimands import area_headcounts
from headcount.posterior.estimate_table import COLUMNS, table_estimands, write_estimates
from headcount.posterior.fit_memo import once_per_fit
from headcount.posterior.fits import Sampling, sampler_tree
from headcount.posterior.forecasting import forecast_years
from headcount.posterior.row_expectations import row_moments

pytestmark = pytest.mark.fit

STATISTICS = ["mean", "sd", "median", "lower", "upper", "ess_bulk", "ess_tail", "rhat"]


@pytest.fixture(scope="module")
def table(toy_fit: hc.Fit) -> pd.DataFrame:
    return hc.estimates(toy_fit, prob=0.8)


def only(table: pd.DataFrame, **cells: object) -> pd.Series:
    for column, value in cells.items():
        table = table[table[column] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_columns_are_the_documented_ones_in_order(table: pd.DataFrame) -> None:
    expected = (
        "estimand,area,year,scope,source,mean,sd,median,lower,upper,prob,ess_bulk,ess_tail,rhat"
    )
    assert ",".join(table.columns) == expected == ",".join(COLUMNS)


def test_every_area_and_year_has_its_rows(table: pd.DataFrame, toy_fit: hc.Fit) -> None:
    areas, years = [row.area for row in toy_fit.spec.areas.rows], toy_fit.spec.years.labels
    found = table.groupby("estimand").size()
    assert found["headcount"] == len(areas) * len(years)
    assert found["growth"] == len(areas) * (len(years) - 1)
    assert found["share"] == (len(areas) - 1) * len(years)
    assert found["ratio"] == (len(toy_fit.layout.scopes) - 1) * len(years)
    rows = toy_fit.observations.fitted
    reaching = {row for row in rows if toy_fit.spec.sources[row.source].reach is not None}
    assert found["coverage"] == len({(row.source, row.area, row.year) for row in reaching})
    assert not table.duplicated(["estimand", "area", "year", "scope", "source"]).any()


def test_interval_is_the_equal_tailed_one_of_the_draws(
    table: pd.DataFrame, toy_fit: hc.Fit
) -> None:
    draws = hc.headcount(toy_fit, area="SOUTH").sel(year=2022).to_numpy().ravel()
    row = only(table, estimand="headcount", area="SOUTH", year=2022)
    np.testing.assert_allclose(
        row[["lower", "median", "upper"]].astype(float), np.quantile(draws, [0.1, 0.5, 0.9])
    )
    assert row["mean"] == pytest.approx(draws.mean())
    assert row["sd"] == pytest.approx(draws.std(ddof=1))
    assert row["prob"] == 0.8


@pytest.mark.parametrize(
    ("cells", "draws"),
    [
        (
            {"estimand": "growth", "area": "UNION", "year": 2023},
            lambda fit: hc.growth(fit, area="UNION"),
        ),
        (
            {"estimand": "share", "area": "PORT", "year": 2023},
            lambda fit: hc.share(fit, area="PORT"),
        ),
        (
            {"estimand": "ratio", "scope": "helper", "year": 2023},
            lambda fit: hc.ratio(fit, scope="helper"),
        ),
        ({"estimand": "headcount", "area": "WORLD", "year": 2023}, lambda fit: hc.headcount(fit)),
        (
            {"estimand": "coverage", "source": "platform", "area": "WORLD", "year": 2023},
            lambda fit: hc.coverage(fit, source="platform"),
        ),
    ],
)
def test_each_estimand_is_the_function_of_that_name(table, toy_fit, cells, draws) -> None:  # type: ignore[no-untyped-def]
    row = only(table, **cells)
    alone = summarise(draws(toy_fit).sel(year=2023), prob=0.8)
    np.testing.assert_allclose(
        row[STATISTICS].astype(float), [alone[name] for name in STATISTICS], rtol=1e-5
    )


def test_shares_of_the_parts_of_the_root_sum_to_one(table: pd.DataFrame, toy_fit: hc.Fit) -> None:
    children = toy_fit.spec.areas.children("WORLD")
    shares = table[(table["estimand"] == "share") & table["area"].isin(children)]
    np.testing.assert_allclose(shares.groupby("year")["mean"].sum(), 1.0)
    # Medians need not, and an exact 1 would mean that they were made to.
    assert not np.allclose(shares.groupby("year")["median"].sum(), 1.0, atol=1e-9)


def test_headcounts_of_many_areas_are_those_of_each(toy_fit: hc.Fit) -> None:
    together = area_headcounts(toy_fit, areas=["UNION", "SOUTH"])
    for area in ("UNION", "SOUTH"):
        alone = hc.headcount(toy_fit, area=area).transpose("year", "chain", "draw")
        np.testing.assert_allclose(together.sel(area=area), alone)


def test_cells_that_do_not_apply_are_empty(table: pd.DataFrame) -> None:
    assert set(table.loc[table["estimand"] != "coverage", "source"]) == {""}
    assert set(table.loc[table["estimand"] == "coverage", "source"]) == {"platform", "analyst"}
    assert set(table.loc[table["estimand"] == "ratio", "scope"]) == {"member", "helper"}


def test_file_reads_back_as_the_table(toy_fit: hc.Fit, table: pd.DataFrame, tmp_path: Path) -> None:
    path = write_estimates(toy_fit, tmp_path / "new" / "estimates.csv", prob=0.8)
    raw = path.read_bytes()
    assert b"\r" not in raw
    assert raw.startswith(b"estimand,area,year,scope,source,mean,")
    pd.testing.assert_frame_equal(
        pd.read_csv(path, keep_default_na=False), table, check_dtype=False
    )


@pytest.mark.parametrize("prob", [0.0, 1.0, 90.0])
def test_a_probability_must_be_one(toy_fit: hc.Fit, prob: float) -> None:
    with pytest.raises(hc.HeadcountError, match="is not a number between 0 and 1"):
        hc.estimates(toy_fit, prob=prob)


def test_one_quantity_at_a_time_is_summarised(toy_fit: hc.Fit) -> None:
    with pytest.raises(hc.HeadcountError, match="Choose one quantity"):
        summarise(hc.headcount(toy_fit))


@pytest.mark.parametrize("length", [100, 101, 500])
def test_diagnostics_equal_those_of_arviz(length: int) -> None:
    rng = np.random.default_rng(0)
    draws = rng.normal(size=(60, 4, length))
    draws[:20] = draws[:20].cumsum(axis=-1)
    draws[20:40, :, 1:] -= 0.7 * draws[20:40, :, :-1]
    draws[50:, 0] += 2.0
    draws[55:] = np.round(draws[55:])
    found = ess_and_rhat(draws)
    stats = arviz.array_stats
    np.testing.assert_allclose(found["ess_bulk"], stats.ess(draws, method="bulk"))
    np.testing.assert_allclose(
        found["ess_tail"], stats.ess(draws, method="tail", prob=(0.05, 0.95))
    )
    np.testing.assert_allclose(found["rhat"], stats.rhat(draws))


def test_a_quantity_that_does_not_vary_has_no_rhat() -> None:
    found = ess_and_rhat(np.ones((1, 4, 50)))
    assert found["ess_bulk"] == 200
    assert np.isnan(found["rhat"]).all()


def test_facts_of_a_fit_are_computed_once_and_kept_while_it_lives(toy_fit: hc.Fit) -> None:
    calls = []

    @once_per_fit
    def count(fit: hc.Fit) -> int:
        calls.append(fit.spec.name)
        return len(calls)

    copy = replace(toy_fit)
    assert (count(toy_fit), count(toy_fit), count(copy)) == (1, 1, 2)
    del copy
    assert count(replace(toy_fit)) == 3


def test_years_that_are_forecasts_are_marked(toy_fit: hc.Fit) -> None:
    people = hc.headcount(toy_fit)
    ahead = forecast_years(toy_fit)
    assert people["year"].to_numpy()[people["forecast"].to_numpy()].tolist() == list(ahead)
    assert ahead == (2024, 2025)


def drawn_from_priors(name: str) -> hc.Fit:
    """Return a study with six draws from its priors in the place of a posterior."""
    own = study(name, seed=2)
    layout = Layout.of(own.spec, own.observations)
    free = prior_draws(layout, np.random.default_rng(3), 6).reshape(2, 3, -1)
    groups = (posterior_of(layout, free), free_vectors(layout, free), xr.Dataset())
    whole = hc.Study.without_checks(own.spec, own.observations)
    for group in groups:
        group.coords.update({"chain": range(2), "draw": range(3)})
    return hc.Fit(whole, sampler_tree(*groups), Sampling(1, 2, 3, 0))


@pytest.fixture(scope="module")
def drawn() -> hc.Fit:
    """A study of many scopes, reaches and areas."""
    return drawn_from_priors("rich")


def people_of(fit: hc.Fit, scope: str, region: int, year: int) -> np.ndarray:
    """Return the people of a scope in one region and year, link by link of the declaration."""
    own, position = fit.spec.scopes[scope], fit.spec.years.labels.index(year)
    if own.covariate:
        code = fit.spec.areas.regions[region]
        return np.full((2, 3), fit.spec.covariate_table.path(own.covariate, code, [year])[0])
    if scope == fit.spec.target:
        return np.exp(fit.posterior["log_headcount"].to_numpy()[:, :, region, position])
    whole = people_of(fit, str(fit.spec.relative_to(scope)), region, year)

    def eta(name: str) -> np.ndarray:
        at = fit.layout.scopes.index(name)
        ahead = year - fit.spec.years.reference
        level = fit.posterior["ratio_eta"].to_numpy()[:, :, at, region]
        return level + fit.posterior["ratio_trend"].to_numpy()[:, :, at] * ahead

    if own.part_of:
        parts = sum(np.exp(eta(part)) for part in fit.spec.parts_of(own.part_of))
        return whole * np.exp(eta(scope)) / parts
    if own.contains:
        return whole * (1 + np.exp(eta(scope)))
    if own.within:
        return whole / (1 + np.exp(-eta(scope)))
    return whole * np.exp(eta(scope))


@pytest.mark.parametrize("name", ["rich", "lists", "pipeline"])
def test_headcounts_of_every_scope_and_area_are_sums_over_regions(name: str) -> None:
    fit = drawn_from_priors(name)
    years = fit.spec.years.labels
    for scope in fit.spec.scopes:
        for area in fit.spec.areas.by_code:
            found = hc.headcount(fit, area=area, scope=scope).to_numpy()
            for i in (0, len(years) - 1):
                regions = fit.spec.areas.regions_of(area)
                expected = sum(people_of(fit, scope, region, years[i]) for region in regions)
                np.testing.assert_allclose(found[..., i], expected, rtol=1e-10)


def test_the_table_has_the_draws_of_every_function(drawn: hc.Fit) -> None:
    estimands = list(table_estimands(drawn))
    draws = estimand_draws(drawn, estimands)
    chosen = np.random.default_rng(4).choice(len(estimands), 40, replace=False)
    for own, values in ((estimands[i], draws[i]) for i in chosen):
        alone = {
            "headcount": lambda e: hc.headcount(drawn, area=e.area, scope=e.scope),
            "growth": lambda e: hc.growth(drawn, area=e.area),
            "share": lambda e: hc.share(drawn, area=e.area),
            "ratio": lambda e: hc.ratio(drawn, scope=e.scope),
            "coverage": lambda e: hc.coverage(drawn, source=e.source, area=e.area),
        }[own.name](own)
        np.testing.assert_allclose(values, alone.sel(year=own.year), rtol=1e-12)
    assert {own.name for own in estimands} == {"headcount", "growth", "share", "ratio", "coverage"}


def test_coverage_of_an_area_weights_its_regions_by_people(drawn: hc.Fit) -> None:
    [source, *_] = (s for s in drawn.layout.sources if drawn.spec.sources[s].reach is not None)
    scope, year = drawn.spec.sources[source].scope, drawn.spec.years.last
    regions = range(len(drawn.spec.areas.regions))
    weight = np.stack([people_of(drawn, scope, region, year) for region in regions])
    alone = np.stack(
        [
            hc.coverage(drawn, source=source, area=code).sel(year=year).to_numpy()
            for code in drawn.spec.areas.regions
        ]
    )
    whole = hc.coverage(drawn, source=source).sel(year=year)
    np.testing.assert_allclose(whole, (weight * alone).sum(0) / weight.sum(0), rtol=1e-6)


@pytest.mark.parametrize("name", STUDIES)
def test_coverage_times_people_is_the_count_that_is_expected(name: str) -> None:
    fit = drawn_from_priors(name)
    expected = np.exp(row_moments(fit)["location"])
    for i, row in enumerate(fit.observations.fitted):
        scope = fit.spec.sources[row.source].scope
        if row.kind == "count" and not row.period and row.scope in {"", scope}:
            people = hc.headcount(fit, area=row.area, scope=scope)
            found = hc.coverage(fit, source=row.source, area=row.area) * people
            np.testing.assert_allclose(found.sel(year=row.year), expected[..., i], rtol=1e-4)


def test_draws_are_labelled_by_chain_draw_and_year(toy_fit: hc.Fit) -> None:
    for found in (
        hc.headcount(toy_fit),
        hc.share(toy_fit, area="NORTH"),
        hc.coverage(toy_fit, source="platform"),
        hc.growth(toy_fit),
    ):
        assert found.dims == ("chain", "draw", "year")
    window = hc.growth(toy_fit, from_year=2019, to_year=2021)
    assert window.dims == ("chain", "draw")
    people = hc.headcount(toy_fit)
    np.testing.assert_allclose(window, people.sel(year=2021) / people.sel(year=2019) - 1)


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (hc.headcount, {"area": "NORD"}, "area: unknown area 'NORD'"),
        (hc.headcount, {"scope": "members"}, "member"),
        (hc.share, {"area": "NORTH", "of_area": "WORD"}, "of_area: unknown area 'WORD'"),
        (hc.coverage, {"source": "platfrom"}, "platform"),
        (hc.growth, {"from_year": 2021}, "Give both, in order"),
        (hc.growth, {"from_year": 2021, "to_year": 2021}, "not a window"),
        (hc.growth, {"from_year": 1990, "to_year": 2021}, "2018 to 2025"),
    ],
)
def test_unknown_arguments_are_refused(toy_fit, function, arguments, named) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(hc.HeadcountError, match=named):
        function(toy_fit, **arguments)


def test_too_few_draws_give_missing_diagnostics_and_still_a_table(toy_fit: hc.Fit) -> None:
    tree = toy_fit.tree.isel(draw=slice(0, 3))
    table = hc.estimates(replace(toy_fit, tree=tree))
    assert table["rhat"].isna().all()
    assert table["median"].notna().all()
