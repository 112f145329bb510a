"""Value of information: candidates are checked like a study, and their value agrees with refits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.value_summaries import spread_of_total

import headcount as hc
from headcount import cli
from headcount.errors import SpecError
from headcount.posterior.draw_transfer import DrawTransfer
from headcount.study.observation_kinds import kind_of
from headcount.study.spec_parsing import parse_spec
from headcount.workflows.batches import Job, run_batch
from headcount.workflows.sensitivity.candidate_predictions import candidate_statements
from headcount.workflows.sensitivity.candidate_studies import (
    CandidateStudy,
    read_candidates,
    with_candidates,
)

pytestmark = pytest.mark.fit

Run = Callable[..., tuple[int, str, str]]
CENSUS: dict[str, Any] = {
    "title": "A census of hives",
    "rows": [{"area": "SOUTH", "year": 2023, "kind": "count", "relative_se": 0.03}],
    "declared": {"title": "Census", "kind": "official", "scope": "beekeeper", "anchor": True},
}
REGISTER: dict[str, Any] = {
    "title": "The register again",
    "source": "registry",
    "rows": [{"area": "NORTH", "year": 2025, "kind": "count"}],
}


# The section


def test_candidates_change_nothing_about_a_study(
    toy_spec: hc.ModelSpec, toy_observations: hc.Observations
) -> None:
    document = toy_spec.document
    del document["candidates"]
    bare = parse_spec(document, areas=toy_spec.areas, covariates=toy_spec.covariate_table)
    assert set(toy_spec.candidates) == {"hive_census", "membership", "register_2025"}
    assert bare.priors == toy_spec.priors
    assert set(bare.sources) == set(toy_spec.sources)
    assert "candidates" not in bare.text
    hc.Study(toy_spec, toy_observations)
    assert hc.with_prior_set(toy_spec, "sceptical").candidates == toy_spec.candidates


def test_all_problems_of_candidates_are_named_at_once(toy_spec: hc.ModelSpec) -> None:
    row = CENSUS["rows"][0]
    wrong = {
        "census": {**CENSUS, "rows": [{**row, "area": "SUOTH"}, {**row, "year": 2030}]},
        "registry": CENSUS,
        "again": {**REGISTER, "source": "registri"},
        "kinds": {
            **CENSUS,
            "declared": {**CENSUS["declared"], "kind": "offical", "scope": "keeper"},
        },
        "poll": {**REGISTER, "source": "poll"},
        "share": {**REGISTER, "rows": [{"area": "NORTH", "year": 2023, "kind": "share"}]},
        "growth": {**REGISTER, "rows": [{"area": "NORTH", "year": 2023, "kind": "growth"}]},
    }
    with pytest.raises(SpecError) as caught:
        with_candidates(toy_spec, wrong, name="more.toml")
    assert [str(problem) for problem in caught.value.problems] == [
        "more.toml [candidates.census.rows.0.area]: unknown area 'SUOTH'. Did you mean 'SOUTH'?",
        "more.toml [candidates.census.rows.1.year]: 2030 is outside the model's years 2018 to 2025. Widen [years] in "
        "more.toml, or exclude the row.",
        "more.toml [candidates.registry]: a source named 'registry' exists. Write source = \"registry\" if it "
        "is the same one, or choose another name.",
        "more.toml [candidates.again.source]: unknown source 'registri'. Did you mean 'registry'?",
        "more.toml [candidates.kinds.declared.scope]: unknown scope 'keeper'. Did you mean 'beekeeper'?",
        "more.toml [candidates.kinds.declared.kind]: unknown source kind 'offical'. Did you mean 'official'?",
        "more.toml [candidates.poll.rows.0.kind]: a count from 'poll', which has selection. Surveys, and only they, come "
        "from sources with a selection.",
        "more.toml [candidates.share.rows.0.of_area]: a share needs of_area, of_scope or of_source. Name the area, scope or source of the whole.",
        "more.toml [candidates.growth.rows.0.from_year]: the cell is empty; a growth needs value, from_year",
    ]


@pytest.mark.parametrize(
    ("candidate", "message"),
    [
        (
            {**CENSUS, "source": "registry"},
            "needs either source or declared; this one has source and declared",
        ),
        (
            {"title": "x", "rows": CENSUS["rows"]},
            "needs either source or declared; this one has neither",
        ),
        ({**CENSUS, "rows": []}, "a candidate needs at least one row"),
        ({**CENSUS, "cost": 0}, "Input should be greater than 0"),
        (
            {**CENSUS, "rows": [{"area": "SOUTH", "year": 2023, "kind": "cuont"}]},
            "Did you mean 'count'?",
        ),
        (
            {**CENSUS, "rows": [{"area": "SOUTH", "year": 2023, "kind": "count", "value": 3}]},
            r"[candidates.c.rows.0.value]: unknown key",
        ),
        (
            {
                **CENSUS,
                "declared": {
                    **CENSUS["declared"],
                    "anchor": False,
                    "coverage": {"low": 2, "high": 3},
                },
            },
            "[candidates.c.declared.coverage]: low = 2 is not a number between 0 and 1",
        ),
    ],
)
def test_sections_of_candidates_are_checked(
    candidate: dict[str, Any], message: str, toy_spec: hc.ModelSpec
) -> None:
    with pytest.raises(SpecError) as caught:
        with_candidates(toy_spec, {"c": candidate})
    assert message in str(caught.value)


def test_candidates_are_read_from_a_file_of_their_own(
    toy_spec: hc.ModelSpec, root: Path, tmp_path: Path
) -> None:
    assert read_candidates(root / "models" / "toy.toml", toy_spec).candidates == toy_spec.candidates
    empty = tmp_path / "empty.toml"
    empty.write_text("title = 'nothing'\n")
    with pytest.raises(
        SpecError, match=r"empty.toml: no candidates. Write sections \[candidates.NAME\]"
    ):
        read_candidates(empty, toy_spec)
    empty.write_text("title = \n")
    with pytest.raises(SpecError, match="not valid TOML"):
        read_candidates(empty, toy_spec)
    with pytest.raises(hc.HeadcountError, match="Did you mean 'hive_census'?"):
        CandidateStudy.of(toy_spec, "hive_cenus")


def test_a_candidate_is_a_source_like_any_other(toy_spec: hc.ModelSpec) -> None:
    study = CandidateStudy.of(toy_spec, "membership")
    assert study.spec.sources["membership"].selection == study.candidate.declared.selection  # type: ignore[union-attr]
    assert not study.spec.candidates
    assert [row.kind for row in study.rows.rows] == ["survey", "survey"]
    assert "sources.membership.selection" in study.spec.priors
    assert "sources.membership.selection" not in toy_spec.priors


# Predicted statements


def test_candidate_statements_are_predicted_by_the_posterior(
    toy_fit: hc.Fit, toy_spec: hc.ModelSpec
) -> None:
    """An anchor's count is the headcount of the draw, give or take its own noise."""
    spec = with_candidates(toy_spec, {"census": CENSUS})
    drawn = candidate_statements(
        toy_fit, CandidateStudy.of(spec, "census"), np.random.default_rng(1)
    )
    people = np.log(hc.headcount(toy_fit, area="SOUTH").sel(year=2023).to_numpy().reshape(-1))
    error = drawn[:, 0] - people
    own = (
        toy_fit.posterior["parameter"]
        .sel(prior="source_kinds.official.noise")
        .to_numpy()
        .reshape(-1)
    )
    # Its noise is that of its kind but for its own spread, which is unknown before its first row.
    rng = np.random.default_rng(2)
    noise = own * np.exp(0.3 * rng.standard_normal(own.size))
    sd = np.sqrt(noise**2 + 0.03**2 + np.exp(-np.median(people)))
    assert stats.ks_2samp(error, sd * rng.standard_normal(own.size)).pvalue > 0.001
    assert abs(np.corrcoef(error, people)[0, 1]) < 4 / np.sqrt(own.size)


# Value


@pytest.fixture(scope="module")
def found(toy_fit: hc.Fit) -> hc.ValueOfInformation:
    return hc.value_of_information(toy_fit, seed=1)


def test_candidates_and_parameters_are_ranked(
    found: hc.ValueOfInformation, toy_fit: hc.Fit
) -> None:
    assert (found.area, found.year) == ("WORLD", 2023)
    assert found.candidates["candidate"].tolist() == ["hive_census", "membership", "register_2025"]
    assert found.candidates["interval_cut"].is_monotonic_decreasing
    assert found.candidates["interval_cut"].between(-0.02, 1).all()
    assert found.parameters["interval_cut"].is_monotonic_decreasing
    assert set(found.parameters["parameter"]) == set(toy_fit.layout.priors)
    per_cost = found.candidates["interval_cut"] / found.candidates["cost"]
    pd.testing.assert_series_equal(found.candidates["cut_per_cost"], per_cost, check_names=False)
    logs = np.log(hc.headcount(toy_fit).sel(year=2023).to_numpy())
    assert found.candidates["variance"].to_numpy() == pytest.approx(logs.var(), rel=1e-3)


def test_the_same_seed_gives_the_same_answer_whoever_else_is_there(
    found: hc.ValueOfInformation, toy_fit: hc.Fit, toy_spec: hc.ModelSpec
) -> None:
    alone = hc.value_of_information(
        toy_fit, {"hive_census": toy_spec.document["candidates"]["hive_census"]}, seed=1
    ).candidates
    other = found.candidates[found.candidates["candidate"] == "hive_census"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, other)


def test_knowing_the_answer_takes_all_of_the_interval_away(toy_fit: hc.Fit) -> None:
    """In the reference year total.prior is the world's headcount itself."""
    found = hc.value_of_information(toy_fit, year=2021, seed=1)
    best = found.parameters.iloc[0]
    assert best["parameter"] == "total.prior"
    assert best["interval_cut"] > 0.95


def test_more_respondents_and_better_counts_are_worth_more(toy_fit: hc.Fit) -> None:
    def census(relative_se: float) -> dict[str, Any]:
        return {**CENSUS, "rows": [{**CENSUS["rows"][0], "relative_se": relative_se}]}

    found = hc.value_of_information(
        toy_fit, {"good": census(0.02), "fair": census(0.2), "bad": census(2.0)}, seed=1
    ).candidates
    assert found["candidate"].tolist() == ["good", "fair", "bad"]
    assert found["interval_cut"].iloc[-1] < 0.05


def test_area_and_year_are_those_asked_for(toy_fit: hc.Fit) -> None:
    north = hc.value_of_information(toy_fit, {"r": REGISTER}, area="NORTH", year=2025, seed=1)
    world = hc.value_of_information(toy_fit, {"r": REGISTER}, year=2025, seed=1)
    assert (north.area, north.year) == ("NORTH", 2025)
    assert north.candidates["interval_cut"].item() > 2 * world.candidates["interval_cut"].item()
    with pytest.raises(hc.HeadcountError, match="unknown year 2030. The model has 2018 to 2025"):
        hc.value_of_information(toy_fit, year=2030, seed=1)
    with pytest.raises(hc.HeadcountError, match="Did you mean 'NORTH'?"):
        hc.value_of_information(toy_fit, area="NORHT", seed=1)


def by_brute_force(
    fit: hc.Fit, name: str, refits: int, folder: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Refit the toy with statements drawn from its posterior; return the cut by year, and its
    standard error."""
    study = CandidateStudy.of(fit.spec, name)
    drawn = candidate_statements(fit, study, np.random.default_rng(5))
    chosen = np.linspace(0, len(drawn) - 1, refits).round().astype(int)
    sampler, warm_start = hc.Sampler(chains=2, draws=400, tune=300), DrawTransfer.of(fit, 300)
    jobs = []
    for seed, place in enumerate(chosen.tolist()):
        numbers = [
            float(np.rint(number) if row.kind == "survey" else number)
            for value, row in zip(drawn[place], study.rows.rows, strict=True)
            for number in [kind_of(row).number.from_scale(value, row)]
        ]
        own = study.with_numbers(numbers)
        rows = own.beside(fit.observations)
        jobs.append(
            Job(
                f"{name}-{seed}",
                hc.Study(own.spec, rows),
                seed,
                spread_of_total,
                sampler,
                warm_start=warm_start,
            )
        )
    outcomes = run_batch(jobs, hc.BatchOptions(folder=folder, processes=2, progress=False))
    after = np.array([outcome.values["variance"] for outcome in outcomes])
    logs = np.log(hc.headcount(fit).to_numpy())
    before = logs.reshape(-1, logs.shape[-1]).var(axis=0)
    left = after.mean(axis=0) / before
    # Of the mean over refits, and of the variances themselves: a few hundred effective draws
    # before.
    relative = np.sqrt((after.std(axis=0, ddof=1) / after.mean(axis=0)) ** 2 / refits + 2 / 1000)
    return 1 - np.sqrt(left), np.sqrt(left) * relative / 2


def test_the_value_of_a_census_is_that_of_refits(toy_fit: hc.Fit, tmp_path: Path) -> None:
    cut, error = by_brute_force(toy_fit, "hive_census", 12, tmp_path)
    for year in (2021, 2023, 2025):
        own = (
            hc.value_of_information(toy_fit, year=year, seed=1)
            .candidates.set_index("candidate")
            .loc["hive_census"]
        )
        place = year - toy_fit.spec.years.first
        assert own["interval_cut"] == pytest.approx(
            cut[place], abs=3 * np.hypot(error[place], own["se"])
        )
        assert own["interval_cut"] > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hive_census", "membership", "register_2025"])
def test_the_value_of_every_candidate_is_that_of_many_refits(
    name: str, toy_fit: hc.Fit, tmp_path: Path
) -> None:
    cut, error = by_brute_force(toy_fit, name, 64, tmp_path)
    for year in toy_fit.spec.years.labels:
        own = (
            hc.value_of_information(toy_fit, year=year, seed=1)
            .candidates.set_index("candidate")
            .loc[name]
        )
        place = year - toy_fit.spec.years.first
        assert own["interval_cut"] == pytest.approx(
            cut[place], abs=3 * np.hypot(error[place], own["se"])
        )


# Output


def test_results_are_sentences_and_a_table(found: hc.ValueOfInformation, tmp_path: Path) -> None:
    text = repr(found)
    assert text.startswith("<headcount.ValueOfInformation for WORLD in 2023\n  WORLD in 2023: ")
    assert "A census of hives in Southland (hive_census, 1 row) would cut the interval by" in text
    assert "Most for its cost: " in text
    assert "exactly would cut it by" in text
    written = pd.read_csv(found.write_csv(tmp_path / "value.csv"))
    assert written["kind"].value_counts().to_dict() == {
        "parameter": len(found.parameters),
        "candidate": 3,
    }
    own = written[written["kind"] == "candidate"]
    assert own["interval_cut"].to_numpy() == pytest.approx(
        found.candidates["interval_cut"].to_numpy()
    )


def test_without_candidates_parameters_remain(toy_fit: hc.Fit) -> None:
    document = toy_fit.spec.document
    del document["candidates"]
    spec = parse_spec(document, areas=toy_fit.spec.areas, covariates=toy_fit.spec.covariate_table)
    fit = replace(toy_fit, study=toy_fit.study.variant(spec=spec))
    found = hc.value_of_information(fit, seed=1)
    assert found.candidates.empty
    assert "No candidates are declared" in repr(found)
    assert set(found.to_frame()["kind"]) == {"parameter"}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line and return its exit code, stdout and stderr."""

    def run_command(*tokens: object) -> tuple[int, str, str]:
        code = cli.main([str(token) for token in tokens])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_command


def test_shell_values_a_fit(toy_fit: hc.Fit, run: Run, root: Path, tmp_path: Path) -> None:
    fit, out = hc.save_fit(toy_fit, tmp_path / "toy.nc"), tmp_path / "value.csv"
    code, said, err = run(
        "value", fit, "--candidates", root / "models/toy.toml", "--area", "NORTH", "--out", out
    )
    assert (code, err) == (0, "")
    assert "The next count of the register (register_2025, 1 row) would cut the interval by" in said
    assert set(pd.read_csv(out)["area"]) == {"NORTH"}


def test_shell_values_a_model(run: Run, root: Path, tmp_path: Path) -> None:
    model, out = root / "models" / "toy.toml", tmp_path / "value.csv"
    short = ("--chains", 2, "--draws", 100, "--tune", 100, "--quiet")
    code, said, _ = run("value", model, "--out", out, "--year", 2023, *short)
    assert code == 0
    assert f"wrote {out.with_suffix('.nc')}\n" in said
    assert hc.load_fit(out.with_suffix(".nc")).sampling.draws == 100


def test_shell_checks_candidates_before_it_fits(run: Run, root: Path, tmp_path: Path) -> None:
    file = tmp_path / "more.toml"
    rows = '[{ area = "SUOTH", year = 2023, kind = "count" }]'
    file.write_text(f'[candidates.census]\ntitle = "x"\nsource = "registry"\nrows = {rows}\n')
    code, said, err = run(
        "value", root / "models/toy.toml", "--candidates", file, "--out", tmp_path / "value.csv"
    )
    assert (code, said) == (1, "")
    assert (
        "more.toml [candidates.census.rows.0.area]: unknown area 'SUOTH'. Did you mean 'SOUTH'?"
        in err
    )
    assert not (tmp_path / "value.nc").exists()
