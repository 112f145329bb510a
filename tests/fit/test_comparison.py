"""Comparing priors: the numbers against refits and the oracle, the files, and the command."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import headcount as hc
from headcount import cli
from headcount.posterior.draw_transfer import draws_from_priors
from headcount.posterior.row_expectations import row_moments
from headcount.reporting import write_comparison
from headcount.study.areas import parse_areas
from headcount.workflows.sensitivity import (
    Comparison,
    fit_prior_sets,
    fit_studies,
    under_prior_sets,
)
from headcount.workflows.sensitivity.comparison_result import TABLES
from headcount.workflows.sensitivity.predictive_accuracy import loo_by_row
from headcount.workflows.sensitivity.predictive_draws import totals_at
from headcount.workflows.sensitivity.prior_attribution import TOGETHER, WHOLE

pytestmark = pytest.mark.fit

SETS = ("base", "sceptical", "wide")
COVERAGE, ERROR = "sources.platform.coverage", "lineages.forum.error"
SAMPLER = hc.Sampler(chains=2, draws=1000, tune=400)
SHORT = ("--seed", 3, "--chains", 2, "--draws", 100, "--tune", 200, "--processes", 2)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line and return its exit code, stdout and stderr."""

    def run_command(*tokens: object) -> tuple[int, str, str]:
        code = cli.main([str(token) for token in tokens])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_command


@pytest.fixture
def model(root: Path) -> Path:
    return root / "models" / "toy.toml"


@pytest.fixture(scope="module")
def unanchored(
    toy_spec: hc.ModelSpec,
    toy_observations: hc.Observations,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, hc.Fit]:
    """The toy study without its anchor, where priors matter: under two sets, and with each of the
    changes alone."""
    rows = toy_observations.select(lambda row: row.source != "registry")
    specs = under_prior_sets(toy_spec, ["base", "sceptical"])
    changes = toy_spec.prior_sets["sceptical"]
    specs |= {path: hc.with_prior(toy_spec, path, changes[path]) for path in (COVERAGE, ERROR)}
    with pytest.warns(hc.HeadcountWarning, match="no observations from this source"):
        studies = {name: hc.Study(spec, rows) for name, spec in specs.items()}
    folder = tmp_path_factory.mktemp("unanchored")
    batch = hc.BatchOptions(folder=folder, processes=2, progress=False)
    return fit_studies(studies, seed=5, sampler=SAMPLER, batch=batch)


@pytest.fixture(scope="module")
def comparison(unanchored: Mapping[str, hc.Fit]) -> Comparison:
    return hc.compare_priors(unanchored)


@pytest.fixture(scope="module")
def page(comparison: Comparison, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = write_comparison(comparison, tmp_path_factory.mktemp("page") / "comparison.html")
    return path.read_text(encoding="utf-8")


def log_total(fit: hc.Fit, year: int) -> np.ndarray:
    return np.log(hc.headcount(fit).sel(year=year).transpose("chain", "draw").to_numpy())


def mean_and_error(draws: np.ndarray) -> tuple[float, float]:
    ess = float(az.ess(draws, method="mean"))
    return float(draws.mean()), float(draws.std(ddof=1) / np.sqrt(ess))


def test_table_agrees_with_the_estimates_of_each_fit(
    comparison: Comparison, unanchored: Mapping[str, hc.Fit]
) -> None:
    table, year = comparison.to_frame(), comparison.question.last_year
    for name, fit in unanchored.items():
        own = table[table["prior_set"] == name].drop(columns=["prior_set", "change", "overlap"])
        known = hc.estimates(fit)
        # Growth over a window is no estimand of `estimates`.
        both = own[own["estimand"] != "growth_per_year"].merge(
            known, on=["estimand", "area", "year", "scope", "source"]
        )
        assert len(both) == len(own) - 1
        for column in ("median", "lower", "upper", "ess_bulk"):
            np.testing.assert_allclose(both[f"{column}_x"], both[f"{column}_y"], rtol=1e-5)
        [window] = own[own["estimand"] == "growth_per_year"].itertuples()
        rate = (1 + hc.growth(fit, from_year=2021, to_year=year)) ** (1 / (year - 2021)) - 1
        assert window.median == pytest.approx(float(rate.median()), rel=1e-6)
    assert set(table["estimand"]) == {
        "headcount",
        "growth",
        "growth_per_year",
        "share",
        "ratio",
        "coverage",
    }


def test_change_and_overlap_are_against_the_first(comparison: Comparison) -> None:
    table = comparison.to_frame()
    base = table[table["prior_set"] == "base"]
    assert (base["change"] == 0).all()
    assert (base["overlap"] == 1).all()
    keys = ["estimand", "area", "year", "scope", "source"]
    other = table[table["prior_set"] == "sceptical"].merge(base, on=keys, suffixes=("", "_base"))
    assert len(other) == len(base)
    is_growth = other["estimand"].str.startswith("growth")
    ratio = (other["median"] + is_growth) / (other["median_base"] + is_growth) - 1
    np.testing.assert_allclose(other["change"], ratio)
    assert other["overlap"].between(0, 1).all()
    # The coverage with the changed prior overlaps less than growth.
    analyst = other.set_index("source").loc["analyst", "overlap"]
    assert analyst < other.loc[is_growth, "overlap"].min()


def test_effects_alone_are_those_of_refits(
    comparison: Comparison, unanchored: Mapping[str, hc.Fit]
) -> None:
    year = comparison.question.last_year
    before, error_before = mean_and_error(log_total(unanchored["base"], year))
    attribution = comparison.attribution.set_index(["prior_set", "prior"])
    for path in (COVERAGE, ERROR):
        after, error_after = mean_and_error(log_total(unanchored[path], year))
        row = attribution.loc["sceptical", path]
        error = np.sqrt(error_before**2 + error_after**2 + row["alone_mcse"] ** 2)
        assert abs(row["alone"] - (after - before)) < 3.5 * error
        assert error < 0.03
    # The test could fail: one of the changes moves the total by many of these errors.
    assert abs(attribution.loc[("sceptical", COVERAGE), "alone"]) > 0.1


def test_one_changed_prior_contributes_the_whole_change(comparison: Comparison) -> None:
    for path in (COVERAGE, ERROR):
        own = comparison.attribution[comparison.attribution["prior_set"] == path].set_index("prior")
        assert list(own.index) == [path, TOGETHER, WHOLE]
        for column in ("alone", "contribution"):
            assert abs(own.loc[TOGETHER, column]) < 3.5 * own.loc[TOGETHER, f"{column}_mcse"]


def test_contributions_sum_to_the_change_between_the_fits(
    comparison: Comparison, unanchored: Mapping[str, hc.Fit]
) -> None:
    own = comparison.attribution[comparison.attribution["prior_set"] == "sceptical"].set_index(
        "prior"
    )
    year = comparison.question.last_year
    whole = (
        log_total(unanchored["sceptical"], year).mean() - log_total(unanchored["base"], year).mean()
    )
    assert own.loc[WHOLE, "contribution"] == pytest.approx(whole)
    assert own.loc[[COVERAGE, ERROR, TOGETHER], "contribution"].sum() == pytest.approx(whole)
    assert abs(own.loc[TOGETHER, "contribution"]) < 3.5 * own.loc[TOGETHER, "contribution_mcse"]
    assert comparison.rough == ()


def test_elpd_is_that_of_arviz(comparison: Comparison, unanchored: Mapping[str, hc.Fit]) -> None:
    elpd = comparison.elpd.set_index(["prior_set", "source"])
    for name, fit in unanchored.items():
        likelihood = row_moments(fit)["log_likelihood"].reset_coords(drop=True)
        tree = xr.DataTree.from_dict(
            {
                "posterior": fit.posterior[["log_headcount"]],
                "log_likelihood": xr.Dataset({"y": likelihood}),
            }
        )
        with pytest.warns(UserWarning, match="Pareto"):
            found = az.loo(tree, var_name="y", pointwise=True)
        own = loo_by_row(likelihood.transpose("chain", "draw", "row").to_numpy())
        trusted = own["k"] < 0.5
        # ArviZ takes one effective size for all rows; it sets the length of the tail that is
        # smoothed, and little else.
        np.testing.assert_allclose(
            own["elpd"][trusted], found.elpd_i.to_numpy()[trusted], atol=0.01
        )
        # Where weights have hardly a mean, the length of the tail makes a difference to its k: row
        # by row, with the row's own.
        relative = az.ess(np.exp(likelihood), method="mean", relative=True).clip(max=1.0)
        for row, k in enumerate(own["k"]):
            alone = tree.copy()
            alone["log_likelihood"] = xr.DataTree(xr.Dataset({"y": likelihood.isel(row=[row])}))
            with warnings.catch_warnings(action="ignore"):
                single = az.loo(
                    alone, var_name="y", pointwise=True, reff=float(relative.isel(row=row))
                )
            assert k == pytest.approx(float(single.pareto_k[0]), abs=0.05)
        assert elpd.loc[(name, ""), "elpd"] == pytest.approx(float(found.elpd), abs=0.3)
        assert elpd.loc[(name, ""), "elpd_se"] == pytest.approx(float(found.se), rel=0.05)
    by_source = (
        comparison.elpd[comparison.elpd["source"] != ""].groupby("prior_set")["difference"].sum()
    )
    for name in unanchored:
        assert by_source[name] == pytest.approx(elpd.loc[(name, ""), "difference"])
    assert (elpd.loc["base", "difference"] == 0).all()


def test_prior_totals_are_those_of_the_oracle(unanchored: Mapping[str, hc.Fit]) -> None:
    fit = unanchored["sceptical"]
    found = totals_at(fit, draws_from_priors(fit.layout, 800, np.random.default_rng(2)))
    oracle = hc.simulate_prior(fit.spec, seed=3, draws=800)["total"].to_numpy()
    assert found.shape == oracle.shape
    for mine, theirs in zip(found.T, oracle.T, strict=True):
        assert stats.ks_2samp(mine, theirs).pvalue > 1e-4
    assert stats.ks_2samp(found[:, 0], 1.3 * oracle[:, 0]).pvalue < 1e-4


def test_predictions_contain_the_stated_numbers(comparison: Comparison) -> None:
    table = comparison.predicted.set_index(["prior_set", "stage", "source"])
    assert set(table.index.get_level_values("source")) == {"platform", "analyst", "poll"}
    for name in comparison.names:
        for source, own in table.loc[name].groupby("source"):
            before, after = own.loc[("prior", source)], own.loc[("posterior", source)]
            assert before["lower"] < 1 < before["upper"]
            assert np.log(after["upper"] / after["lower"]) < np.log(
                before["upper"] / before["lower"]
            )
            assert after["inside"] > 0.7
    wider = table.loc[("sceptical", "prior", "platform")]
    assert wider["lower"] < table.loc[("base", "prior", "platform"), "lower"]


def test_contraction_is_that_of_the_check(
    comparison: Comparison, unanchored: Mapping[str, hc.Fit]
) -> None:
    table = comparison.priors
    [known] = [result for result in hc.check(unanchored["sceptical"]) if result.name == "priors"]
    own = table[table["prior_set"] == "sceptical"].set_index("prior")
    pd.testing.assert_series_equal(
        own["contraction"], known.table.set_index("prior")["contraction"]
    )
    assert set(table.loc[table["differs"], "prior"]) == {COVERAGE, ERROR}


def test_comparison_reads_well(comparison: Comparison) -> None:
    said = repr(comparison)
    lines = said.splitlines()
    assert lines[0] == "<headcount.Comparison: beekeeper of WORLD in 2023"
    assert re.fullmatch(r"  base: [\d,]+ \([\d,]+ to [\d,]+\)", lines[1])
    assert re.fullmatch(
        r"  sceptical: [\d,]+ \([\d,]+ to [\d,]+\), [+-]\d+%, overlap 0\.\d\d", lines[2]
    )
    assert str(comparison.verdict) in said
    sentence = comparison.sentences[0]
    assert re.match(
        r"Under ‘sceptical’ the total of World in 2023 is \d+ % higher: [\d,]+ instead of [\d,]+",
        sentence,
    )
    assert "from sources.platform.coverage" in sentence


def test_verdict_is_that_of_the_rule(comparison: Comparison) -> None:
    answer = comparison.answer_by_set
    base = answer.loc["base"]
    for name, robustness in comparison.robustness.items():
        own = answer.loc[name]
        inside = (
            base["lower"] <= own["median"] <= base["upper"]
            and own["lower"] <= base["median"] <= own["upper"]
        )
        near = 0.8 < own["median"] / base["median"] < 1.25
        expected = "not robust" if not inside else "robust" if near else "sensitive"
        assert robustness == expected


def test_tables_are_the_same_when_read_again(comparison: Comparison, tmp_path: Path) -> None:
    files = comparison.write_csv(tmp_path / "new" / "comparison.csv")
    assert [file.name for file in files] == [
        "comparison.csv",
        *(f"comparison-{name}.csv" for name in TABLES),
    ]
    tables = [comparison.to_frame(), *(getattr(comparison, name) for name in TABLES)]
    for file, table in zip(files, tables, strict=True):
        assert b"\r" not in file.read_bytes()
        texts = [column for column in table if table[column].dtype.kind not in "fiub"]
        found = pd.read_csv(
            file,
            keep_default_na=False,
            na_values={column: [""] for column in table if column not in texts},
        )
        pd.testing.assert_frame_equal(
            found, table.reset_index(drop=True), check_dtype=False, rtol=0, atol=0
        )


class Resources(HTMLParser):
    """Collects what a browser would fetch, and fails on tags that do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "link", "img", "iframe", "object", "embed"}:
            self.fetched.append(tag)
        self.fetched += [
            f"{key}={value}"
            for key, value in attrs
            if key in {"src", "href"} and not value.startswith("#")
        ]
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_page_is_whole_and_needs_nothing_else(page: str, comparison: Comparison) -> None:
    found = Resources()
    found.feed(page)
    assert not found.open
    # Lines within a figure refer to shapes of the same page.
    assert [own for own in found.fetched if not own.startswith("xlink")] == []
    assert not re.search(r"url\(\s*['\"]?(?!#)|@import", page)
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert page.count("<svg") == 4
    for text in (str(comparison.verdict), *comparison.accuracy_sentences, "Pareto k"):
        assert text.replace(" %", "\N{NO-BREAK SPACE}%") in page.replace(
            " %", "\N{NO-BREAK SPACE}%"
        )


def test_page_is_the_same_for_the_same_fits(
    page: str, unanchored: Mapping[str, hc.Fit], tmp_path: Path
) -> None:
    again = write_comparison(hc.compare_priors(unanchored), tmp_path / "again.html")
    assert again.read_text(encoding="utf-8") == page


def test_other_specs_are_compared_without_attribution(
    toy_fit: hc.Fit, unanchored: Mapping[str, hc.Fit], tmp_path: Path
) -> None:
    found = hc.compare_priors({"anchored": toy_fit, "not": unanchored["base"]}, prob=0.5)
    assert found.attribution.empty
    assert not found.sets.set_index("prior_set").loc["not", "priors_only"]
    rows = found.elpd[found.elpd["source"] == ""].set_index("prior_set")
    left = len(unanchored["base"].observations.fitted)
    assert (rows.loc["not", "rows"], rows.loc["not", "compared"]) == (left, left)
    assert rows.loc["anchored", "rows"] > left
    assert (found.to_frame()["prob"] == 0.5).all()
    assert "the choice between them" in found.verdict.sentence
    page = write_comparison(found, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "more than the numbers of priors differs" in page


def test_fits_of_other_questions_are_refused_with_every_mismatch(toy_fit: hc.Fit) -> None:
    document = {key: own for key, own in toy_fit.spec.document.items() if key != "candidates"}
    document["years"] = {"first": 1990, "reference": 1991, "last": 1995}
    areas = parse_areas(toy_fit.spec.areas.to_csv().replace("WORLD", "GLOBE"))
    spec = hc.parse_spec(document, areas=areas, covariates=toy_fit.spec.covariate_table)
    other = replace(toy_fit, study=hc.Study.without_checks(spec, toy_fit.observations))
    with pytest.raises(hc.StudyError) as caught:
        hc.compare_priors({"toy": toy_fit, "other": other})
    assert str(caught.value).splitlines() == [
        "other: its root area is 'GLOBE', that of 'toy' is 'WORLD'. Compare fits that answer the same question.",
        "other: its years are 1990 to 1995, those of 'toy' 2018 to 2025. Compare fits whose years overlap.",
    ]


def test_one_fit_is_no_comparison(toy_fit: hc.Fit) -> None:
    with pytest.raises(hc.HeadcountError, match="1 fit is given; a comparison needs at least two"):
        hc.compare_priors({"toy": toy_fit})


def test_probability_is_checked(toy_fit: hc.Fit) -> None:
    with pytest.raises(hc.HeadcountError, match="prob: 90 is not a number between 0 and 1"):
        hc.compare_priors({"one": toy_fit, "other": toy_fit}, prob=90)


def test_unknown_prior_sets_are_all_named_before_anything_is_fitted(
    toy_spec: hc.ModelSpec, toy_observations: hc.Observations, tmp_path: Path
) -> None:
    names = ["base", "scepticle", "wid"]
    with pytest.raises(hc.SpecError) as caught:
        fit_prior_sets(
            toy_spec,
            toy_observations,
            names=names,
            seed=1,
            batch=hc.BatchOptions(folder=tmp_path / "fits", progress=False),
        )
    assert str(caught.value).splitlines() == [
        "toy.toml [prior_sets]: unknown prior set 'scepticle'. Did you mean 'sceptical'?",
        "toy.toml [prior_sets]: unknown prior set 'wid'. Did you mean 'wide'?",
    ]
    assert not (tmp_path / "fits").exists()


def test_command_compares_and_goes_on_from_where_it_was(
    model: Path, run: Run, tmp_path: Path
) -> None:
    out = tmp_path / "compared"
    code, said, _ = run("compare", model, "--out", out, *SHORT)
    assert code == 0
    assert said.endswith(
        f"wrote {out}/comparison.html\nwrote {out}/comparison.csv and {len(TABLES)} tables beside it\n"
    )
    assert sorted(path.name for path in (out / "fits").iterdir()) == [
        f"{name}.npz" for name in SETS
    ]
    first = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    assert pd.read_csv(out / "comparison.csv")["prior_set"].unique().tolist() == list(SETS)
    code, again, err = run("compare", model, "--out", out, *SHORT)
    assert (code, again) == (0, said)
    assert f"3 of 3 fits are in {out}/fits already; 0 to do" in err
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()} == first
    chosen = ("--prior-sets", "wide, base", "--quiet")
    code, said, err = run("compare", model, "--out", out, *chosen, *SHORT)
    assert (code, err) == (0, "")
    assert said.startswith("Under ‘base’ in place of ‘wide’, ")


def test_command_refuses_an_unknown_prior_set(model: Path, run: Run, tmp_path: Path) -> None:
    code, said, err = run("compare", model, "--out", tmp_path, "--prior-sets", "base,sceptic")
    assert (code, said) == (1, "")
    assert (
        err
        == "headcount: toy.toml [prior_sets]: unknown prior set 'sceptic'. Did you mean 'sceptical'?\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_command_compares_fits(
    toy_fit: hc.Fit, unanchored: Mapping[str, hc.Fit], run: Run, tmp_path: Path
) -> None:
    one = hc.save_fit(toy_fit, tmp_path / "toy fit.nc")
    other = hc.save_fit(unanchored["base"], tmp_path / "other" / "toy fit.nc")
    code, said, err = run("compare", one, other, "--out", tmp_path / "out")
    assert (code, err) == (0, "")
    assert "in place of ‘toy-fit’" in said
    assert "‘toy-fit-2’" in said
    assert not (tmp_path / "out" / "fits").exists()


def test_command_names_a_missing_side(
    model: Path, toy_fit: hc.Fit, run: Run, tmp_path: Path
) -> None:
    code, _, err = run("compare", model, "--out", tmp_path / "out", "--prior-sets", "wide")
    assert code == 1
    assert "one side is no comparison" in err
    fit = hc.save_fit(toy_fit, tmp_path / "fit.nc")
    code, _, err = run("compare", fit, fit, "--out", tmp_path / "out", "--seed", 1)
    assert code == 2
    assert "--seed is for models" in err
