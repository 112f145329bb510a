"""Influence: a headcount without each source, by re-weighting or refit, and its surprise."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import headcount as hc
from headcount.cli import main
from headcount.engine.density.queries import Query
from headcount.reporting.influence_figure import influence_svg
from headcount.workflows.sensitivity import omitted_evidence
from headcount.workflows.sensitivity.influence_result import COLUMNS
from headcount.workflows.sensitivity.omitted_evidence import Omission, leave_out, omissions_of

pytestmark = [pytest.mark.fit, pytest.mark.filterwarnings("ignore::headcount.HeadcountWarning")]

SHORT = hc.Sampler(chains=2, draws=500, tune=300)
QUIET = hc.BatchOptions(processes=1, progress=False)
TOTAL = Query("WORLD", 2023, "beekeeper")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("influence")


@pytest.fixture(scope="module")
def found(toy_fit: hc.Fit, folder: Path) -> hc.Influence:
    return hc.influence(toy_fit, seed=1, sampler=SHORT, batch=replace(QUIET, folder=folder))


def test_every_source_and_lineage_is_left_out_once(found: hc.Influence) -> None:
    assert tuple(found.omissions.columns) == COLUMNS
    assert set(zip(found.omissions["kind"], found.omissions["name"], strict=True)) == {
        ("anchor", "registry"),
        ("source", "platform"),
        ("source", "analyst"),
        ("source", "poll"),
        ("lineage", "forum"),
    }
    assert (found.area, found.year) == ("WORLD", 2023)
    assert found.omissions["absolute"].is_monotonic_decreasing
    assert (found.omissions["error"] == "").all()
    assert found.omissions["p_surprise"].between(0, 1).all()


def test_the_headcount_with_all_rows_is_that_of_the_fit(
    found: hc.Influence, toy_fit: hc.Fit
) -> None:
    people = hc.headcount(toy_fit).sel(year=2023).to_numpy()
    np.testing.assert_allclose(
        [found.lower, found.median, found.upper], np.quantile(people, [0.05, 0.5, 0.95]), rtol=1e-3
    )


def test_the_anchor_is_the_most_influential_and_is_refitted(found: hc.Influence) -> None:
    first = found.omissions.iloc[0]
    assert (first["name"], first["method"]) == ("registry", "refitted")
    assert first["width"] > 1.5
    assert first["rhat"] < 1.05
    assert "Without the anchor registry (3 rows, refitted)" in found.sentences[0]


def test_a_refit_is_the_fit_without_the_rows(found: hc.Influence, toy_fit: hc.Fit) -> None:
    rows = tuple(row for row in toy_fit.observations.rows if row.source != "registry")
    alone = hc.fit(
        toy_fit.spec,
        replace(toy_fit.observations, rows=rows),
        seed=9,
        progress=False,
        sampler=hc.Sampler(draws=1000, tune=500),
    )
    logs = np.log(hc.headcount(alone).sel(year=2023).to_numpy())
    line = found.omissions.set_index("name").loc["registry"]
    # The standard errors of both medians together, at some 500 effective draws of the shorter one.
    assert abs(np.log(line["median"]) - np.median(logs)) < 4 * 1.25 * logs.std() / np.sqrt(400)
    assert np.log(line["upper"] / line["lower"]) == pytest.approx(
        np.ptp(np.quantile(logs, [0.05, 0.95])), rel=0.15
    )


def test_reweighting_agrees_with_a_refit(
    toy_fit: hc.Fit, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    omission = Omission("source", "analyst", ("analyst",))
    settings = {"seed": 1, "sampler": SHORT, "batch": replace(QUIET, folder=folder)}
    monkeypatch.setattr(omitted_evidence, "TRUSTED_K", 5.0)
    monkeypatch.setattr(omitted_evidence, "FEWEST_EFFECTIVE", 0.0)
    [weighed] = leave_out(toy_fit, TOTAL, [omission], **settings)
    monkeypatch.setattr(omitted_evidence, "TRUSTED_K", -10.0)
    [refitted] = leave_out(toy_fit, TOTAL, [omission], **settings)
    assert (weighed.method, refitted.method) == ("re-weighted", "refitted")
    mean = float(weighed.weight @ weighed.draws)
    spread = float(refitted.draws.std())
    error = spread * np.sqrt(1 / weighed.ess + 1 / refitted.ess)
    assert abs(mean - refitted.draws.mean()) < 4 * error
    # A few draws carry the weight here (the settings trust what a user's would not): three standard
    # errors of their sd.
    found = float(np.sqrt(weighed.weight @ (weighed.draws - mean) ** 2))
    assert found == pytest.approx(spread, rel=3 / np.sqrt(2 * weighed.ess))


LINEAR = {
    "title": "One country, three sources",
    "question": "How many are there?",
    "definition": "All who are.",
    "target": "person",
    "years": {"first": 2021, "last": 2022, "reference": 2021},
    "total": {"prior": {"low": 5e5, "high": 2e6, "mass": 0.9}},
    "regions": {key: {"low": 0.1, "high": 0.5, "mass": 0.9} for key in ("region_sd", "pool_sd")},
    "growth": {"kind": "exponential", "rate": {"low": 0.0, "high": 0.1, "mass": 0.9}}
    | {"region_rate_sd": {"low": 0.01, "high": 0.05, "mass": 0.9}},
    "scopes": {"person": {"definition": "All who are."}},
    "source_kinds": {
        "exact": {"noise": {"low": 1e-4, "high": 2e-4, "mass": 0.9}, "tails": "normal"}
    },
    "sources": {
        "census": {"title": "Census", "kind": "exact", "scope": "person", "anchor": True},
        "firm": {"title": "Firm", "kind": "exact", "scope": "person"}
        | {"multiplier": {"low": 0.8, "high": 1.25, "mass": 0.9}},
        "guess": {"title": "Guess", "kind": "exact", "scope": "person"}
        | {"multiplier": {"low": 0.8, "high": 1.25, "mass": 0.9}},
    },
}
COUNTS = {
    "census": {"LAND": (1.3e6, 0.15)},
    "firm": {"LAND": (9e5, 0.05), "WORLD": (1.05e6, 0.1)},
    "guess": {"LAND": (1.2e6, 0.5)},
}


def linear_fit(*rows: str) -> hc.Fit:
    """Fit rows to a study in which all is normal on the log scale but for Poisson noise."""
    spec = hc.parse_spec(
        LINEAR, areas=hc.parse_areas("area,name,parent\nWORLD,World,\nLAND,Land,WORLD\n")
    )
    table = hc.parse_observations(
        "\n".join(["source,area,year,kind,value,relative_se", *rows]) + "\n"
    )
    return hc.fit(
        spec, table, seed=1, progress=False, sampler=hc.Sampler(chains=4, draws=2000, tune=500)
    )


@pytest.fixture(scope="module")
def linear() -> hc.Influence:
    """Return the influence of sources where it is known by hand."""
    fit = linear_fit(
        *(
            f"{source},{area},2021,count,{value:.0f},{se}"
            for source, stated in COUNTS.items()
            for area, (value, se) in stated.items()
        )
    )
    return hc.influence(
        fit, year=2021, seed=2, sampler=hc.Sampler(chains=4, draws=1000, tune=400), batch=QUIET
    )


def normal_posterior(*sources: str) -> tuple[float, float]:
    """Return mean and variance of the log headcount by hand."""
    precision = [(1.645 / np.log(2)) ** 2]
    seen = [np.log(1e6)]
    for source in sources:
        mean, variance = seen_by(source)
        precision.append(1 / variance)
        seen.append(mean)
    return float(np.average(seen, weights=precision)), 1 / sum(precision)


def seen_by(source: str) -> tuple[float, float]:
    """Return the estimate of the log headcount by a source's rows, and its variance."""
    values, errors = zip(*COUNTS[source].values(), strict=True)
    weights = 1 / np.square(errors)
    # A multiplier that is 0.8 to 1.25 with a probability of 90 %.
    own = 0.0 if source == "census" else (np.log(1.25) / 1.645) ** 2
    return float(np.average(np.log(values), weights=weights)), own + 1 / weights.sum()


@pytest.mark.parametrize(
    ("source", "method"), [("census", "refitted"), ("firm", "refitted"), ("guess", "re-weighted")]
)
def test_numbers_are_those_of_a_closed_form(linear: hc.Influence, source: str, method: str) -> None:
    line = linear.omissions.set_index("name").loc[source]
    assert line["method"] == method
    (mean, variance), (without, wider) = (
        normal_posterior(*COUNTS),
        normal_posterior(*(other for other in COUNTS if other != source)),
    )
    expected = wider**2 / (wider + seen_by(source)[1])
    spread = np.sqrt(variance)
    assert line["shift"] == pytest.approx((without - mean) / spread, abs=4 * line["shift_se"])
    assert np.sqrt(line["absolute"]) == pytest.approx(abs(line["shift"]) * spread, rel=0.06)
    # An interval's width has a relative standard error of 1.2 / sqrt(n) for n effective draws.
    assert line["width"] == pytest.approx(
        np.sqrt(wider / variance), rel=4 * 1.2 / np.sqrt(line["ess"])
    )
    # So has a variance, of sqrt(2 / n), and the part r of it that a regression explains, of 2
    # sqrt(r (1 - r) / n) in all.
    n, part = min(line["ess"], 2000), expected / wider
    error = wider * np.hypot(2 * np.sqrt(part * (1 - part) / n), part * np.sqrt(2 / n))
    assert line["expected"] == pytest.approx(expected, abs=4 * error)
    assert line["surprise"] == pytest.approx(line["absolute"] / line["expected"])
    granted = expected + line["shift_se"] ** 2 * variance
    assert line["p_surprise"] == pytest.approx(
        stats.chi2.sf(line["absolute"] / granted, 1), abs=0.05
    )


def test_a_bound_is_expected_to_state_its_side_only() -> None:
    fit = linear_fit("census,LAND,2021,count,1300000,0.15", "firm,LAND,2021,lower_bound,1000000,")
    found = hc.influence(
        fit,
        year=2021,
        kinds=("source",),
        seed=1,
        sampler=hc.Sampler(chains=4, draws=1000, tune=400),
        batch=QUIET,
    )
    mean, variance = normal_posterior("census")
    own = (np.log(1.25) / 1.645) ** 2
    behind = stats.norm(mean, np.sqrt(variance + own))
    above = behind.sf(np.log(1e6))
    # Var(E[f | side]), with f = mean + slope (latent count - mean) + an independent rest.
    expected = (variance * behind.pdf(np.log(1e6))) ** 2 / (above * (1 - above))
    [line] = found.omissions.to_dict("records")
    error = 2 * np.sqrt(expected * variance / min(line["ess"], 2000))
    assert line["expected"] == pytest.approx(expected, abs=4 * error)
    # The latent count itself would remove nearly three times as much.
    assert line["expected"] < 0.6 * variance**2 / (variance + own)


def test_the_last_anchor_has_a_sentence(linear: hc.Influence, found: hc.Influence) -> None:
    lines = linear.omissions.set_index("name")
    assert lines["last_anchor"].to_dict() == {"census": True, "firm": False, "guess": False}
    [sentence] = [sentence for sentence in linear.sentences if "census" in sentence]
    assert "No anchor is left then" in sentence
    assert sum("No anchor is left" in sentence for sentence in found.sentences) == 1


def test_a_wrong_anchor_is_a_surprise(toy_fit: hc.Fit) -> None:
    rows = tuple(
        replace(row, value=(row.value or 0) * 8) if row.source == "registry" else row
        for row in toy_fit.observations.rows
    )
    wrong = hc.fit(
        toy_fit.spec,
        replace(toy_fit.observations, rows=rows),
        seed=1,
        progress=False,
        sampler=hc.Sampler(chains=2, draws=500, tune=300),
    )
    found = hc.influence(wrong, kinds=("anchor",), seed=1, sampler=SHORT, batch=QUIET)
    [line] = found.omissions.to_dict("records")
    assert line["p_surprise"] < 0.05
    assert "times the expected change" in found.sentences[0]


def test_an_influence_lost_in_noise_is_no_surprise(found: hc.Influence) -> None:
    poll = found.omissions.set_index("name").loc["poll"]
    # 500 draws from each of two chains cannot distinguish less than some hundredths of
    # the variance from zero.
    assert np.isnan(poll["surprise"])
    assert poll["p_surprise"] > 0.1
    moved = abs(poll["shift"]) > 2 * poll["shift_se"]
    [sentence] = [sentence for sentence in found.sentences if "poll" in sentence]
    assert ("within Monte Carlo error" in sentence) != moved


def test_the_figure_has_a_line_for_every_omission(found: hc.Influence) -> None:
    drawn = influence_svg(
        found.to_frame(), (found.lower, found.median, found.upper), answer="WORLD 2023"
    )
    assert ET.fromstring(drawn).tag.endswith("svg")
    assert "WORLD 2023, without" in drawn
    assert all(name in drawn for name in found.omissions["name"])


def test_finished_refits_are_read_again(found: hc.Influence, toy_fit: hc.Fit, folder: Path) -> None:
    times = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.npz")}
    assert "without_anchor_registry.npz" in times
    again = hc.influence(toy_fit, seed=1, sampler=SHORT, batch=replace(QUIET, folder=folder))
    pd.testing.assert_frame_equal(found.omissions, again.omissions)
    assert {path.name: path.stat().st_mtime_ns for path in folder.glob("*.npz")} == times


def test_another_headcount_can_be_asked_for(toy_fit: hc.Fit) -> None:
    found = hc.influence(
        toy_fit, area="NORTH", year=2019, kinds=("anchor",), seed=1, sampler=SHORT, batch=QUIET
    )
    assert (found.area, found.year, len(found.omissions)) == ("NORTH", 2019, 1)
    assert found.omissions["width"][0] > 2


def test_an_only_source_stays(toy_fit: hc.Fit) -> None:
    rows = tuple(row for row in toy_fit.observations.rows if row.source == "registry")
    study = toy_fit.study.variant(observations=replace(toy_fit.observations, rows=rows))
    lone = replace(toy_fit, study=study)
    assert omissions_of(lone, ("source", "anchor", "lineage")) == []
    with pytest.raises(hc.HeadcountError, match="only one source"):
        hc.influence(lone, seed=1, sampler=SHORT, batch=QUIET)


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"area": "NORD"}, "NORD"),
        ({"year": 1990}, "2018 to 2025"),
        ({"kinds": ("sources",)}, "source"),
        ({"prob": 2.0}, "between 0 and 1"),
        ({"seed": -1}, "seed"),
    ],
)
def test_unknown_arguments_are_refused(
    toy_fit: hc.Fit, asked: dict[str, object], problem: str
) -> None:
    with pytest.raises(hc.HeadcountError, match=problem):
        hc.influence(toy_fit, **({"seed": 1} | asked))


def test_command_writes_table_and_figure(
    toy_fit: hc.Fit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit = hc.save_fit(toy_fit, tmp_path / "toy.nc")
    out = tmp_path / "out"
    assert (
        main(
            [
                "influence",
                str(fit),
                "--out",
                str(out),
                "--draws",
                "200",
                "--processes",
                "1",
                "--quiet",
            ]
        )
        == 0
    )
    said = capsys.readouterr().out
    assert "Without the anchor registry" in said
    table = pd.read_csv(out / "influence.csv")
    assert len(table) == 5
    assert ET.fromstring((out / "influence.svg").read_text()).tag.endswith("svg")
    assert sorted(path.name for path in (out / "refits").glob("*.npz"))
