"""Elicitation: one prior against SciPy, all priors together against the oracle, and warnings."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats
from tests.studies import STUDIES, study

import headcount as hc
from headcount import cli
from headcount.posterior.replication import replicates
from headcount.simulation.row_draws import draw_observations
from headcount.simulation.state_draws import draw_states
from headcount.study.observation_kinds import kind_of
from headcount.study.observations import Observation, Observations
from headcount.study.spec_parsing import parse_spec
from headcount.workflows.elicitation.prior_draws import PriorDraws
from headcount.workflows.elicitation.prior_statements import rows_of_prior, statements_table
from headcount.workflows.elicitation.prior_warnings import known_population, plausibility_warnings
from headcount.workflows.elicitation.single_prior import ENDS, density_curve, prior_mean

Run = Callable[..., tuple[int, str, str]]

PRIORS = [
    hc.Prior.between(-0.5, 2.0, support="real"),
    hc.Prior.between(200, 2000, support="positive"),
    hc.Prior.between(0.02, 0.9, support="unit"),
    hc.Prior.between(1.2, 9, support="above_one"),
    hc.Prior.between(-0.3, 0.8, support="growth"),
    hc.Prior("positive", "half_normal", (0.4,)),
    hc.Prior("positive", "exponential", (2.0,)),
    hc.Prior("positive", "gamma", (3.0, 1.5)),
    hc.Prior("unit", "beta", (0.3, 0.1)),
]
IDS = [f"{prior.support}-{prior.family}" for prior in PRIORS]


# One prior


@pytest.mark.parametrize("prior", PRIORS, ids=IDS)
def test_mean_is_the_integral_of_the_quantile_function(prior: hc.Prior) -> None:
    found, _ = integrate.quad(lambda p: float(prior.quantile(p)), 0, 1, limit=500)
    assert prior_mean(prior) == pytest.approx(found, rel=1e-5)


@pytest.mark.parametrize("prior", PRIORS, ids=IDS)
def test_density_integrates_to_the_probability_between_its_ends(prior: hc.Prior) -> None:
    values, density, is_log = density_curve(prior, points=4001)
    assert integrate.trapezoid(density, np.log(values) if is_log else values) == pytest.approx(
        ENDS[1] - ENDS[0], abs=1e-4
    )


def test_table_of_a_prior_is_its_quantiles() -> None:
    found = hc.describe_prior(PRIORS[2], seed=1)
    names = ["q01", "q05", "q10", "q25", "q50", "q75", "q90", "q95", "q99"]
    expected = PRIORS[2].quantile([0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99])
    assert found.to_frame()[names].to_numpy()[0] == pytest.approx(expected)
    assert found.implied.empty
    assert found.verdict is None


def test_sentences_give_tail_probabilities() -> None:
    found = hc.describe_prior(hc.Prior.between(0.3, 0.7, support="unit"), seed=1)
    assert found.sentences[0] == "A number between 0 and 1, normal on the log-odds scale."
    assert (
        found.sentences[2]
        == "1 chance in 20 that it is above 0.700; 1 in 100 that it is above 0.768."
    )
    assert repr(found).startswith(
        "<headcount.PriorDescription of a prior\n  A number between 0 and 1"
    )
    beta = hc.describe_prior(PRIORS[-1], seed=1)
    assert beta.sentences[0] == "A number between 0 and 1, beta with mean 0.30, sd 0.10."


# Replicates


def test_replicates_have_the_distribution_of_their_form(toy_spec: hc.ModelSpec) -> None:
    rows = [
        Observation("registry", "NORTH", 2021, "count", value=1000),
        Observation("platform", "NORTH", 2021, "count", value=1000),
        Observation("poll", "NORTH", 2021, "survey", value=30, n=60, of_scope="helper"),
    ]
    layout = PriorDraws.of(toy_spec, Observations(tuple(rows)), draws=4, seed=1).layout
    count = 20_000
    location = np.tile([9.0, 5.0, -1.0, 0.0, 0.0, 0.0], (count, 1))
    spread = np.tile([0.5, 2.0, 8.0, 1.0, 1.0, 1.0], (count, 1))
    drawn = replicates(layout, location, spread, np.random.default_rng(1))
    assert stats.kstest(drawn[:, 0], stats.norm(9, 0.5).cdf).pvalue > 0.001
    assert stats.kstest(drawn[:, 1], stats.t(4, 5, 2).cdf).pvalue > 0.001
    k = kind_of(rows[2]).number.from_scale(drawn[:, 2], rows[2])
    assert k == pytest.approx(np.rint(k))
    chance = 1 / (1 + np.exp(1.0))
    expected = count * stats.betabinom(60, 8 * chance, 8 * (1 - chance)).pmf(np.arange(61))
    seen = np.bincount(k.astype(int), minlength=61)
    used = expected > 10
    assert stats.chisquare(
        seen[used] / seen[used].sum(), expected[used] / expected[used].sum()
    ).statistic * seen[used].sum() < stats.chi2(used.sum() - 1).ppf(0.999)


# All priors together, against the oracle, which shares no code with the engine


@pytest.mark.parametrize("name", STUDIES)
def test_implied_totals_are_those_of_the_oracle(name: str) -> None:
    spec, observations = study(name)
    drawn = PriorDraws.of(spec, observations, draws=4000, seed=1)
    oracle = np.log(hc.simulate_prior(spec, seed=2, draws=600)["total"].to_numpy())
    for year in (0, -1):
        mine = drawn.log_people(spec.areas.root)[:, year]
        # The same distribution, wherever tails are heavy: two-sample Kolmogorov-Smirnov.
        assert stats.ks_2samp(mine, oracle[:, year]).pvalue > 0.001


@pytest.mark.filterwarnings("ignore::headcount.HeadcountWarning")
@pytest.mark.parametrize("name", ["toy", "lists", "pipeline", "polls", "walk"])
def test_statements_lie_where_the_oracle_puts_them(
    name: str, toy_spec: hc.ModelSpec, toy_observations: hc.Observations
) -> None:
    spec, observations = (toy_spec, toy_observations) if name == "toy" else study(name)
    observations = hc.Study(spec, observations).observations
    table = statements_table(PriorDraws.of(spec, observations, draws=4000, seed=1))
    draws, rng = 300, np.random.default_rng(3)
    simulated = [
        draw_observations(spec, observations, state, rng).fitted
        for state in draw_states(spec, np.random.default_rng(2), draws)
    ]
    for i, row in enumerate(observations.fitted):
        if row.kind == "share" and row.n:
            continue  # the sampling error is of the stated share here, of the expected one there
        drawn = [rows[i] for rows in simulated]
        if np.isnan(table["below"][i]):
            found, expected = table["tail"][i], np.mean([_same_event(row, one) for one in drawn])
        else:
            stated, values = (np.array([_middle(one) for one in ones]) for ones in ([row], drawn))
            found = table["below"][i]
            expected = (values < stated).mean() + (values == stated).mean() / 2
        error = np.sqrt(max(expected * (1 - expected), 0.01) * (1 / draws + 1 / 4000))
        # Hundreds of rows are looked at.
        assert found == pytest.approx(expected, abs=4.5 * error), row


def test_sources_with_a_level_have_a_hypothetical_count_of_the_root(
    toy_spec: hc.ModelSpec, toy_observations: hc.Observations
) -> None:
    table = statements_table(PriorDraws.of(toy_spec, toy_observations, draws=4000, seed=1))
    hypothetical = table[table["stated"] == ""]
    assert hypothetical["source"].tolist() == ["registry", "platform", "analyst"]
    assert hypothetical["below"].isna().all()
    oracle = hc.simulate_prior(toy_spec, seed=2, draws=1500)
    # An anchor states the total itself, give or take its few per cent of noise.
    expected = np.quantile(np.log(oracle["total"].sel(year=2021)), [0.05, 0.5, 0.95])
    found = np.log(hypothetical[["lower", "median", "upper"]].iloc[0].to_numpy(dtype=float))
    assert found == pytest.approx(expected, abs=0.12)


def _same_event(row: Observation, drawn: Observation) -> bool:
    return drawn.kind == row.kind and (row.value != 0 or drawn.value == 0)


def _middle(row: Observation) -> float:
    return (
        float(np.sqrt((row.lower or 0) * (row.upper or 0)))
        if row.kind == "range"
        else float(row.value or 0)
    )


def test_a_spec_needs_no_rows_and_no_source_with_a_level(toy_spec: hc.ModelSpec) -> None:
    document = toy_spec.document
    document["sources"] = {"poll": document["sources"]["poll"]}
    document["prior_sets"] = document["candidates"] = {}
    bare = parse_spec(document, areas=toy_spec.areas, covariates=toy_spec.covariate_table)
    found = hc.describe_prior(bare, seed=1)
    assert found.verdict is not None
    assert found.verdict.name == "plausible"
    with_sources = hc.describe_prior(toy_spec, seed=2)
    assert found.implied["median"].to_numpy() == pytest.approx(
        with_sources.implied["median"], rel=0.1
    )


def test_rows_of_a_prior_are_those_of_its_source_kind_lineage_or_scope(
    toy_spec: hc.ModelSpec, toy_observations: hc.Observations
) -> None:
    table = statements_table(PriorDraws.of(toy_spec, toy_observations, draws=50, seed=1))

    def sources(path: str) -> set[str]:
        return set(rows_of_prior(table, path, toy_spec)["source"])

    assert sources("sources.platform.coverage") == {"platform"}
    assert sources("source_kinds.claim.noise") == {"analyst"}
    assert sources("lineages.forum.error") == {"platform", "analyst"}
    assert sources("scopes.member.ratio") == {"analyst"}
    assert sources("growth.rate") == set()
    east = rows_of_prior(table, "sources.platform.coverage.regions.EAST", toy_spec)
    assert set(east["area"]) == {"EAST"}


# Warnings


def found_warnings(spec: hc.ModelSpec, observations: hc.Observations) -> list[str]:
    drawn = PriorDraws.of(spec, observations, draws=2000, seed=1)
    return list(plausibility_warnings(drawn, statements_table(drawn)))


@pytest.mark.parametrize("model", ["toy", "ml_engineers"])
def test_our_own_priors_cause_no_warning(model: str, root: Path) -> None:
    spec = hc.read_spec(root / "models" / f"{model}.toml")
    observations = hc.read_observations(root / "data" / model / "observations.csv")
    assert found_warnings(spec, observations) == []


def test_implausible_totals_are_named(
    toy_spec: hc.ModelSpec, toy_observations: hc.Observations
) -> None:
    wide = hc.with_prior(toy_spec, "total.prior", {"low": 0.01, "high": 1e9})
    texts = found_warnings(wide, toy_observations)
    verdict = hc.describe_prior(hc.Study(wide, toy_observations), seed=1).verdict
    assert verdict is not None
    assert verdict.name == "implausible"
    assert str(verdict) == "The priors together imply implausible numbers: 3 warnings."
    said = (
        "says hardly anything",
        "more than the 16 million people who live there",
        "less than one person",
    )
    assert len(texts) == len(said)
    for text, words in zip(texts, said, strict=True):
        assert words in text
        assert "It depends most on total.prior (rank correlation 1" in text


def test_implausible_growth_is_named(
    toy_spec: hc.ModelSpec, toy_observations: hc.Observations
) -> None:
    fast = hc.with_prior(toy_spec, "growth.rate", {"low": -0.8, "high": 3})
    texts = " ".join(found_warnings(fast, toy_observations))
    for verb in ("grows", "shrinks"):
        assert re.search(
            rf"The total {verb} more than 100-fold from 2018 .* depends most on growth\.rate",
            texts,
        )


def test_a_source_that_the_priors_rule_out_is_named(
    toy_spec: hc.ModelSpec, toy_observations: hc.Observations
) -> None:
    typo = hc.with_prior(toy_spec, "sources.platform.coverage", {"low": 0.003, "high": 0.007})
    [text] = found_warnings(typo, toy_observations)
    assert text.startswith("platform: 5 rows outside the 99.9 % prior predictive interval (line")
    assert "It depends most on total.prior" in text
    assert "Of its own priors, on sources.platform.coverage" in text


def test_without_a_known_population_the_world_is_the_limit(
    toy_spec: hc.ModelSpec, toy_observations: hc.Observations
) -> None:
    document = toy_spec.document
    del document["covariates"]
    document["total"]["prior"] = {"low": 1e8, "high": 1e10}
    alone = parse_spec(document, areas=toy_spec.areas)
    assert known_population(alone) is None
    assert "more than the 8.2 billion people there are" in " ".join(
        found_warnings(alone, toy_observations)
    )


# Python's and the shell's errors


def test_unknown_paths_are_named_with_the_nearest(toy_spec: hc.ModelSpec) -> None:
    with pytest.raises(hc.HeadcountError, match="Did you mean 'sources.platform.coverage'?"):
        hc.describe_prior(toy_spec, "sources.platform.covrage", seed=1)
    with pytest.raises(hc.HeadcountError, match="a prior alone has none"):
        hc.describe_prior(PRIORS[0], "total.prior", seed=1)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line and return its exit code, stdout and stderr."""

    def run_command(*tokens: object) -> tuple[int, str, str]:
        code = cli.main([str(token) for token in tokens])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_command


def test_shell_shows_an_interval(run: Run, tmp_path: Path) -> None:
    figure = tmp_path / "prior.svg"
    code, out, err = run("prior", "--low", 0.3, "--high", 0.7, "--support", "unit", "--out", figure)
    assert (code, err) == (0, "")
    assert "90 % between 0.300 and 0.700" in out
    assert "█" in out
    assert figure.read_text().startswith("<svg")


def test_shell_shows_a_model(run: Run, root: Path, tmp_path: Path) -> None:
    model, figure = root / "models" / "toy.toml", tmp_path / "toy.svg"
    code, out, err = run("prior", model, "--out", figure)
    assert (code, err) == (0, "")
    assert "sources.poll.selection" in out
    assert "All priors together: WORLD in 2025 has" in out
    assert "warning" not in out
    assert "registry" in figure.read_text()


def test_shell_tries_another_interval(run: Run, root: Path) -> None:
    model = root / "models" / "toy.toml"
    code, out, _ = run("prior", model, "sources.platform.coverage", "--low", 0.003, "--high", 0.007)
    assert code == 0
    assert "0.00300 (5 %)" in out
    assert "warning: platform: 5 rows outside" in out
    assert "platform would state" in out


def test_shell_needs_no_table(run: Run, root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "data" / "toy", tmp_path / "data" / "toy")
    (tmp_path / "models").mkdir()
    model = shutil.copy(root / "models" / "toy.toml", tmp_path / "models")
    (tmp_path / "data" / "toy" / "observations.csv").unlink()
    code, out, err = run("prior", model, "--prior-set", "wide")
    assert (code, err) == (0, "")
    assert "toy.toml, prior set wide" in out


@pytest.mark.parametrize(
    ("tokens", "code", "message"),
    [
        (["prior"], 2, "name a model, or state an interval"),
        (
            ["prior", "--low", "3", "--high", "5", "--support", "uint"],
            2,
            "unknown --support 'uint'. Did you mean 'unit'?",
        ),
        (
            ["prior", "--low", "3", "--high", "5", "--support", "unit"],
            2,
            "low = 3 is not a number between 0 and 1",
        ),
        (
            ["prior", "models/toy.toml", "--low", "3"],
            2,
            "--low and --high go together, and change the prior at PATH",
        ),
        (["prior", "models/toy.toml", "totl.prior"], 1, "Did you mean 'total.prior'?"),
    ],
)
def test_shell_names_mistakes(
    tokens: list[str], code: int, message: str, run: Run, root: Path
) -> None:
    found, out, err = run(*(root / token if token.endswith(".toml") else token for token in tokens))
    assert (found, out) == (code, "")
    assert message in err
