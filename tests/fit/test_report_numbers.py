"""Every number of the report's sentences and tables is a quantile of the fit's draws."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

import headcount as hc
from headcount._wording import interval, number, percent, probability, quantity
from headcount.diagnostics.checks import CheckResult, Evidence
from headcount.diagnostics.checks.all_checks import check_evidence
from headcount.reporting.answer_sentences import growth_sentence, headline, prior_in_words
from headcount.reporting.answer_tables import area_table, headcount_table, ratio_table
from headcount.reporting.fit_tables import prior_table
from headcount.reporting.headcount_bands import bands_of
from headcount.reporting.identification_section import share_table, verdict_table
from headcount.reporting.page_parts import Table
from headcount.reporting.source_table import source_table
from headcount.reporting.year_figures import total_figure

pytestmark = pytest.mark.fit

type Draws = npt.NDArray[np.float64]

REGIONS: Mapping[str, list[str]] = {
    "World": ["NORTH", "PORT", "EAST", "SOUTH-REST"],
    "Northland": ["NORTH"],
    "Southland": ["PORT", "SOUTH-REST"],
    "Port City": ["PORT"],
    "Rest of Southland": ["SOUTH-REST"],
    "Eastland": ["EAST"],
}
PROBABILITIES = (0.9, 0.95, 0.8, 0.5)


@pytest.fixture(scope="module", params=PROBABILITIES, ids=probability)
def evidence(toy_fit: hc.Fit, request: pytest.FixtureRequest) -> Evidence:
    return Evidence(toy_fit, request.param)


@pytest.fixture(scope="module")
def results(evidence: Evidence) -> dict[str, CheckResult]:
    return {result.name: result for result in check_evidence(evidence)}


def people_of(fit: hc.Fit, area: str, year: int) -> Draws:
    """Headcount of an area of the toy study, draw by draw, from the log headcounts of regions."""
    regions = np.exp(fit.posterior["log_headcount"].sel(region=REGIONS[area], year=year))
    return regions.sum("region").to_numpy().ravel()


def parameter(fit: hc.Fit, path: str) -> Draws:
    return fit.posterior["parameter"].sel(prior=path).to_numpy().ravel()


def ends_of(draws: Draws, prob: float) -> tuple[float, float, float]:
    """Lower end, median and upper end of the equal-tailed interval, from the sorted draws."""
    ordered, last = np.sort(draws), len(draws) - 1
    low, middle, high = (
        float(np.interp(p * last, np.arange(last + 1), ordered))
        for p in ((1 - prob) / 2, 0.5, (1 + prob) / 2)
    )
    return low, middle, high


def words_of(draws: Draws, prob: float, unit: str) -> tuple[str, str]:
    """Median and interval of draws as the report writes them."""
    low, middle, high = ends_of(draws, prob)
    return quantity(middle, low, high, unit=unit), interval(low, high, unit=unit)


def two_lines(draws: Draws, prob: float, unit: str) -> str:
    return "\n".join(words_of(draws, prob, unit))


def cells_of(table: Table) -> dict[str, tuple[str, ...]]:
    """Cells of each line by the first row of text in the first cell."""
    return {line.cells[0].split("\n")[0]: line.cells[1:] for line in table.lines}


@pytest.mark.parametrize("year", [2018, 2021, 2023])
def test_the_headline_has_the_quantiles_of_the_total(evidence: Evidence, year: int) -> None:
    low, middle, high = ends_of(people_of(evidence.fit, "World", year), evidence.prob)
    first, second, median = (quantity(value, low, high) for value in (low, high, middle))
    assert headline(evidence, year) == (
        f"In {year}, between {first} and {second} beekeepers "
        f"({probability(evidence.prob)} interval; median {median})."
    )


def test_the_sentence_of_growth_has_the_quantiles_of_yearly_growth(evidence: Evidence) -> None:
    last, first = (people_of(evidence.fit, "World", year) for year in (2023, 2021))
    low, middle, high = ends_of(np.sqrt(last / first) - 1, evidence.prob)
    words = [percent(value, sign=True).removeprefix("+") for value in (low, high, middle)]
    assert growth_sentence(evidence) == (
        f"From 2021 to 2023 the number grew by between {words[0]} and {words[1]} a year "
        f"({probability(evidence.prob)} interval; median {words[2]})."
    )


def test_areas_have_the_quantiles_of_their_people_shares_and_growth(evidence: Evidence) -> None:
    fit, cells = evidence.fit, cells_of(area_table(evidence))
    world = people_of(fit, "World", 2023)
    for area in REGIONS:
        people = people_of(fit, area, 2023)
        growth = people / people_of(fit, area, 2022) - 1
        share = (
            ("–", "–") if area == "World" else words_of(people / world, evidence.prob, "percent")
        )
        assert cells[area] == (
            *words_of(people, evidence.prob, "people"),
            *share,
            *words_of(growth, evidence.prob, "change"),
        )


def test_all_areas_and_years_have_the_quantiles_of_their_people(evidence: Evidence) -> None:
    lines = {line.cells[:2]: line.cells[2:] for line in headcount_table(evidence).lines}
    for area in REGIONS:
        for year in (2018, 2020, 2023):
            people = people_of(evidence.fit, area, year)
            assert lines[area, str(year)] == words_of(people, evidence.prob, "people")


def test_ratios_have_the_quantiles_of_their_parameter(
    evidence: Evidence, results: dict[str, CheckResult]
) -> None:
    cells = cells_of(ratio_table(evidence, results["priors"]))
    for scope in ("member", "helper"):
        path = f"scopes.{scope}.ratio"
        draws = two_lines(parameter(evidence.fit, path), evidence.prob, "number")
        prior = prior_in_words(evidence.fit.spec.priors[path]).replace(", median", "\nmedian")
        # Ratios of the toy study have no trend, so that of the last year is the same.
        assert cells[scope][1:] == (prior, draws, draws)


def test_sources_have_the_quantiles_of_their_reach_and_noise(
    evidence: Evidence, results: dict[str, CheckResult]
) -> None:
    fit, prob = evidence.fit, evidence.prob
    table = source_table(evidence, results["priors"], results["fit by source"])
    cells = {line.cells[0].split("\n")[1]: line.cells for line in table.lines}
    reach = {
        "platform": ("sources.platform.coverage", "percent"),
        "analyst": ("sources.analyst.multiplier", "number"),
        "poll": ("sources.poll.selection", "number"),
    }
    for name, (path, unit) in reach.items():
        middle, ends = words_of(parameter(fit, path), prob, unit)
        assert f"{middle} ({ends})" in cells[name][2].split("\n")[0]
    east = words_of(parameter(fit, "sources.platform.coverage.regions.EAST"), prob, "percent")
    assert cells["platform"][2].endswith(f"\nEastland: {east[0]} ({east[1]})")
    for name in ("registry", "platform", "analyst"):
        noise = fit.posterior["noise_scale"].sel(source=name).to_numpy().ravel()
        low, middle, high = ends_of(noise, prob)
        assert cells[name][4] == f"{number(middle)}\n{interval(low, high, unit='number')}"
    middle, ends = words_of(parameter(fit, "source_kinds.survey.concentration"), prob, "number")
    assert cells["poll"][4] == f"concentration\n{middle} ({ends})"


def test_rows_inside_their_predictive_intervals_are_counted(
    evidence: Evidence, results: dict[str, CheckResult]
) -> None:
    table = source_table(evidence, results["priors"], results["fit by source"])
    cells = {line.cells[0].split("\n")[1]: line.cells for line in table.lines}
    rows = evidence.rows.table
    for name, own in rows.groupby("source"):
        pit = own["pit"].dropna()
        half, most = (int(pit.between(tail, 1 - tail).sum()) for tail in (0.25, 0.05))
        assert cells[str(name)][3] == str(len(own))
        assert cells[str(name)][5] == f"{half} and {most}\nof {len(pit)}"


def test_sources_that_do_not_fit_are_marked_and_those_without_scores_are_named(
    evidence: Evidence, results: dict[str, CheckResult]
) -> None:
    found = results["fit by source"]
    changed = found.table.set_index("source")
    changed.loc["platform", "passed"] = False
    changed.loc["analyst", "scored"] = 0
    other = replace(found, table=changed.reset_index())
    lines = source_table(evidence, results["priors"], other).lines
    marks = {line.cells[0].split("\n")[1]: line.mark for line in lines}
    assert marks == {"registry": "", "platform": "failed", "analyst": "", "poll": ""}
    scored = {line.cells[0].split("\n")[1]: line.cells[5] for line in lines}
    assert [name for name, text in scored.items() if text == "not scored"] == ["analyst"]


def test_posteriors_of_priors_have_the_quantiles_of_their_parameter(
    evidence: Evidence, results: dict[str, CheckResult]
) -> None:
    cells = cells_of(prior_table(evidence, results["priors"]))
    assert set(cells) == set(evidence.fit.spec.priors)
    for path in cells:
        unit = "people" if path == "total.prior" else "number"
        assert cells[path][1] == two_lines(parameter(evidence.fit, path), evidence.prob, unit)


def test_figures_have_the_quantiles_of_headcounts(evidence: Evidence) -> None:
    people = people_of(evidence.fit, "World", 2023)
    low, middle, high = ends_of(people, evidence.prob)
    inner_low, _, inner_high = ends_of(people, 0.5)
    bands = bands_of(evidence, ["WORLD", "EAST"]).sel(area="WORLD", year=2023).to_numpy()
    assert bands == pytest.approx([low, inner_low, middle, inner_high, high])
    prob = probability(evidence.prob)
    assert f"the {prob} interval {interval(low, high)}." in total_figure(evidence).alt


def test_columns_name_the_probability_of_their_intervals(
    evidence: Evidence, results: dict[str, CheckResult]
) -> None:
    tables = [
        area_table(evidence),
        headcount_table(evidence),
        ratio_table(evidence, results["priors"]),
        source_table(evidence, results["priors"], results["fit by source"]),
        prior_table(evidence, results["priors"]),
    ]
    for table in tables:
        labels = " ".join(column.label for column in table.columns)
        named = set(re.findall(r"([\d.]+ %) interval", labels))
        assert named == {probability(evidence.prob)}


def test_shares_of_precision_add_to_one(
    evidence: Evidence, results: dict[str, CheckResult]
) -> None:
    verdicts = evidence.rests_on.verdicts
    for line, verdict in zip(verdict_table(evidence).lines, verdicts, strict=True):
        assert line.cells[1] == verdict.name
        shares = [verdict.data, 1 - verdict.data - verdict.priors, verdict.priors]
        written = [float(cell.removesuffix(" %")) / 100 for cell in line.cells[2:5]]
        assert written == pytest.approx(shares, abs=0.0051)
    contributions = share_table(results["identification"]).lines
    parts = [float(line.cells[2].removesuffix(" %")) for line in contributions]
    assert sum(parts) == pytest.approx(100, abs=1)
