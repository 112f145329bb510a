"""A kind that is registered from outside the package takes part in everything."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from tests.graphs import engine_at, graph_of
from tests.oracle_states import states_of
from tests.studies import prior_draws, study

import headcount as hc
from headcount import cli
from headcount.diagnostics.checks import Evidence
from headcount.diagnostics.checks.outlying_rows import check_outlying_rows
from headcount.engine.density.evaluation import log_likelihood
from headcount.engine.density.study_arrays import arrays_of
from headcount.errors import HeadcountWarning, SpecError, StudyError, TableError
from headcount.inference.posterior_variables import free_vectors, posterior_of
from headcount.layout.study_layout import Layout
from headcount.model.build import model_of
from headcount.posterior.fits import Sampling, sampler_tree
from headcount.posterior.replication import replicates
from headcount.reporting.row_tables import excluded_table, outlying_table
from headcount.simulation.row_densities import OBSERVATION_DENSITIES, log_density
from headcount.simulation.row_draws import OBSERVATION_DRAWS, draw_observations
from headcount.simulation.row_noise import noise_of_count
from headcount.simulation.state import State
from headcount.study.candidate_checks import candidate_rows
from headcount.study.observation import Observation
from headcount.study.observation_kinds import (
    OBSERVATION_KINDS,
    ObservationKind,
    Problems,
    Promise,
    register_observation_kind,
)
from headcount.study.periods import moments
from headcount.study.row_forms import STATED, FormRow, Term
from headcount.study.specs import ModelSpec
from headcount.workflows.elicitation.prior_draws import PriorDraws
from headcount.workflows.elicitation.prior_statements import statements_table
from headcount.workflows.elicitation.prior_warnings import plausibility_warnings
from headcount.workflows.sensitivity.candidate_predictions import candidate_statements
from headcount.workflows.sensitivity.candidate_studies import CandidateStudy, with_candidates

ERROR = 0.2
"""Relative error of a number in a headline, beside that of its source."""


def _problems(row: Observation) -> Problems:
    if row.value is not None and row.value < 1000:
        yield "value", f"{row.value:g} makes no headline", "State it as a count."


def _form(row: Observation, spec: ModelSpec) -> FormRow:
    value = float(row.value or 0)
    scope = row.scope or spec.sources[row.source].scope
    now = moments(row.year, row.period)
    part = Term(row.source, scope, row.area, now)
    return FormRow(STATED, part, None, math.log(value), variance=ERROR**2 + 1 / value)


HEADLINE = ObservationKind(
    name="headline_count",
    when="A newspaper states a number in a headline.",
    example="gazette, DEU, 2021, headline_count, value=9000: 9,000 beekeepers, says the Gazette.",
    required=("value",),
    optional=("scope", "period"),
    problems=_problems,
    form=_form,
    words=lambda row: f"a headline of {row.value:,.0f}",
    bounds=lambda row: (0.8 * (row.value or 0), 1.2 * (row.value or 0)),
    promise=Promise(placeholder=5000.0, least=lambda _: 1000.0),
)

ROW = Observation("platform", "NORTH", 2021, "headline_count", value=9000.0, line=90)


def _draw(row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator) -> Observation:
    noise = noise_of_count(row, state, spec)
    poisson = float(np.exp(-noise.expected / 2))
    return replace(row, value=float(np.exp(noise.draw(rng, ERROR, poisson))))


def _density(row: Observation, state: State, spec: ModelSpec) -> float:
    value = float(row.value or 0)
    return noise_of_count(row, state, spec).log_density(np.log(value), ERROR, value**-0.5)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the kind be known, to the package and to the oracle."""
    monkeypatch.setitem(OBSERVATION_DRAWS, HEADLINE.name, _draw)
    monkeypatch.setitem(OBSERVATION_DENSITIES, HEADLINE.name, _density)
    with register_observation_kind(HEADLINE):
        yield


@pytest.fixture
def rows(toy_observations: hc.Observations) -> hc.Observations:
    """The toy's rows, with two of the made-up kind, of which one is not fitted."""
    excluded = replace(ROW, value=20_000.0, excluded="a guess", line=91)
    return replace(toy_observations, rows=(*toy_observations.rows, ROW, excluded))


@pytest.fixture
def fit(toy_spec: hc.ModelSpec, rows: hc.Observations) -> hc.Fit:
    """A fit whose draws are those of the prior."""
    own = hc.Study(toy_spec, rows)
    layout = Layout.of(own.spec, own.observations)
    free = prior_draws(layout, np.random.default_rng(4), 40).reshape(2, 20, -1)
    stats = xr.Dataset({"energy": (("chain", "draw"), np.ones((2, 20)))})
    tree = sampler_tree(posterior_of(layout, free), free_vectors(layout, free), stats)
    return hc.Fit(own, tree, Sampling(1, 2, 20, 0))


# The registry


def test_a_kind_is_forgotten_again_and_no_name_is_taken_twice() -> None:
    other = replace(HEADLINE, name="another")
    with register_observation_kind(other):
        assert OBSERVATION_KINDS["another"] is other
    assert "another" not in OBSERVATION_KINDS
    with pytest.raises(ValueError, match="'headline_count' is there already"):
        register_observation_kind(HEADLINE).__enter__()
    assert HEADLINE.name in OBSERVATION_KINDS


# Tables and checks


def test_its_rows_are_read_and_checked() -> None:
    header = "source,area,year,kind,value,unit\n"
    text = f"{header}platform,NORTH,2021,headline_count,9000,\n"
    [row] = hc.parse_observations(text).rows
    assert (row.kind, row.value) == ("headline_count", 9000.0)
    with pytest.raises(TableError) as caught:
        hc.parse_observations(
            f"{header}platform,NORTH,2021,headline_count,5,10\nplatform,NORTH,2022,headline_count,,\n"
        )
    assert [str(problem) for problem in caught.value.problems] == [
        "observations.csv:2 [unit]: a headline_count does not use this column. Empty the cell; a "
        "headline_count uses value, scope, period.",
        "observations.csv:2 [value]: 5 makes no headline. State it as a count.",
        "observations.csv:3 [value]: the cell is empty; a headline_count needs value",
    ]


def test_sources_of_another_kind_cannot_state_it(
    toy_spec: hc.ModelSpec, rows: hc.Observations
) -> None:
    with pytest.raises(StudyError, match="a headline_count from 'poll', which has selection"):
        hc.Study(toy_spec, replace(rows, rows=(*rows.rows, replace(ROW, source="poll"))))


@pytest.mark.parametrize(("value", "found"), [(9000.0, True), (5000.0, False)])
def test_it_can_contradict_a_count(
    toy_spec: hc.ModelSpec, rows: hc.Observations, value: float, found: bool
) -> None:
    whole = replace(ROW, kind="count", scope="helper", value=6000.0, line=92)
    part = replace(ROW, value=value)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        hc.Study(toy_spec, replace(rows, rows=(whole, part)))
    clashes = [str(own.message) for own in caught if "noise" in str(own.message)]
    assert len(clashes) == found
    assert all("a headline of 9,000 of 'beekeeper' and 'platform' 6,000" in own for own in clashes)


def test_it_says_how_many_a_list_holds() -> None:
    spec = study("lists").spec
    where = {"area": "A", "year": 2021, "value": 2000.0}
    overlap = Observation("linkage", kind="overlap", n=5000.0, line=2, **where)
    size = Observation("second", kind="headline_count", line=3, **where)
    for table, silent in (((overlap,), True), ((overlap, size), False)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", HeadcountWarning)
            hc.Study(spec, hc.Observations(table))
        assert any("informs coverage" in str(own.message) for own in caught) == silent


def test_kinds_shows_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert cli.main(["kinds"]) == 0
    out = capsys.readouterr().out
    assert HEADLINE.name in out
    assert "needs value; may have scope, period" in " ".join(out.replace("│", " ").split())


# Candidates


def candidate(kind: str) -> dict[str, object]:
    """Return a candidate of one row of a kind."""
    rows = [{"area": "SOUTH", "year": 2023, "kind": kind}]
    return {"title": "More headlines", "source": "platform", "rows": rows}


def test_a_candidate_can_promise_it(toy_spec: hc.ModelSpec, fit: hc.Fit) -> None:
    spec = with_candidates(toy_spec, {"news": candidate(HEADLINE.name)})
    [row] = candidate_rows("news", spec.candidates["news"]).rows
    assert (row.kind, row.value) == (HEADLINE.name, 5000.0)
    promised = CandidateStudy.of(spec, "news")
    drawn = candidate_statements(fit, promised, np.random.default_rng(1))
    assert drawn.shape == (40, 1)
    assert np.isfinite(drawn).all()


def test_a_candidate_can_only_promise_kinds_with_a_promise(toy_spec: hc.ModelSpec) -> None:
    with (
        register_observation_kind(replace(HEADLINE, name="deed", promise=None)),
        pytest.raises(SpecError, match=r"rows\.0\.kind\]: unknown kind 'deed'"),
    ):
        with_candidates(toy_spec, {"news": candidate("deed")})


# The likelihood


def test_its_row_is_laid_out_and_drawn(toy_spec: hc.ModelSpec, rows: hc.Observations) -> None:
    layout = Layout.of(toy_spec, rows)
    own = layout.rows["stated", "student_t"]
    place = own.position.tolist().index(rows.fitted.index(ROW))
    assert own.value[place] == math.log(9000)
    assert own.variance[place] == pytest.approx(0.04 + 1 / 9000)


def test_the_engine_the_graph_and_the_oracle_agree(
    toy_spec: hc.ModelSpec, rows: hc.Observations
) -> None:
    layout = Layout.of(toy_spec, rows)
    arrays, graph = arrays_of(layout), graph_of(layout, model_of(layout))
    free = prior_draws(layout, np.random.default_rng(2), 3)
    for one in free:
        expected, expected_gradient = graph(one)
        found, gradient = engine_at(one, arrays)
        assert found == pytest.approx(expected, rel=1e-8)
        size = np.abs(expected_gradient).max()
        np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-8, atol=1e-8 * size)
    found, _, _ = log_likelihood(free, arrays)
    for draw, state in enumerate(states_of(layout, free)):
        expected = log_density(toy_spec, rows, state)
        # The engine computes reach for many draws in single precision.
        np.testing.assert_allclose(found[draw], expected, rtol=1e-5, atol=1e-4)


def test_the_oracle_draws_it_as_the_engine_does(
    toy_spec: hc.ModelSpec, rows: hc.Observations
) -> None:
    layout = Layout.of(toy_spec, rows)
    free = prior_draws(layout, np.random.default_rng(3), 1)
    [state] = states_of(layout, free)
    own = replace(rows, rows=(ROW,))
    rng = np.random.default_rng(5)
    drawn = [draw_observations(toy_spec, own, state, rng).rows[0] for _ in range(2000)]
    assert {row.kind for row in drawn} == {HEADLINE.name}
    place = rows.fitted.index(ROW)
    _, location, spread = log_likelihood(free, arrays_of(layout))
    many = np.repeat(location, 2000, axis=0), np.repeat(spread, 2000, axis=0)
    copies = replicates(layout, *many, np.random.default_rng(6))[:, place]
    for quantile in (0.25, 0.5, 0.75):
        found = np.quantile(np.log([row.value for row in drawn]), quantile)
        expected = np.quantile(copies, quantile)
        assert found == pytest.approx(expected, abs=0.1 * float(spread[0, place]))


# Elicitation and reports


def test_priors_are_set_against_it(toy_spec: hc.ModelSpec, rows: hc.Observations) -> None:
    far = replace(rows, rows=(replace(ROW, value=9e12), *rows.fitted))
    draws = PriorDraws.of(toy_spec, far, draws=200, seed=1)
    table = statements_table(draws)
    line = table.iloc[0]
    assert (line["kind"], line["stated"]) == (HEADLINE.name, "a headline of 9,000,000,000,000")
    # In people, not in logarithms.
    assert 100 < line["lower"] < line["median"] < line["upper"] < 1e8
    texts = list(plausibility_warnings(draws, table))
    assert any("a headline of 9,000,000,000,000" in text for text in texts)


def test_the_report_shows_it(fit: hc.Fit) -> None:
    evidence = Evidence(fit)
    line = evidence.rows.table.set_index("line").loc[90]
    assert line["stated"] == "a headline of 9,000"
    assert 100 < line["expected"] < 1e8
    assert np.isfinite(line["residual"])
    [excluded] = [line for line in excluded_table(fit).lines if "headline_count" in line.cells]
    assert "a headline of 20,000" in excluded.cells
    outlying = replace(check_outlying_rows(evidence), table=evidence.rows.table)
    cells = [line.cells for line in outlying_table(fit, outlying).lines]
    assert any("a headline of 9,000" in own for own in cells)
