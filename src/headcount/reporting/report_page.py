"""The report page: the facts of a fit that its template shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headcount._names import BASE_PRIORS
from headcount._wording import agree, plural, probability
from headcount.diagnostics.checks import CheckResult, Evidence, checks_verdict, count_checks
from headcount.diagnostics.checks.all_checks import check_evidence
from headcount.posterior.fits import Fit
from headcount.posterior.forecasting import forecast_years
from headcount.reporting.answer_sentences import (
    anchor_sentences,
    capital,
    growth_sentence,
    headline,
)
from headcount.reporting.answer_tables import area_table, headcount_table, ratio_table
from headcount.reporting.area_figure import area_figure
from headcount.reporting.fit_tables import diagnostic_table, prior_table, run_table
from headcount.reporting.identification_section import (
    conflict_table,
    dependence_figure,
    direction_sentences,
    share_table,
    verdict_table,
)
from headcount.reporting.page_files import write_page
from headcount.reporting.page_parts import Table
from headcount.reporting.row_tables import excluded_table, outlying_table, reason_table
from headcount.reporting.source_table import source_table
from headcount.reporting.year_figures import country_figure, total_figure

__all__ = ["report", "write_report"]

TEMPLATE = "report.html.j2"


def report(fit: Fit, path: str | Path, *, prob: float = 0.9) -> Path:
    """Write the report of a fit: one HTML file that needs nothing else to be read.

    The answer comes first, with the verdict of the checks and the anchors of the level; then areas,
    sources, excluded rows, priors and diagnostics; then the record of the run, from which the fit
    can be repeated. The same fit gives the same file.

    Parameters
    ----------
    fit
        A fit.
    path
        File to write; replaced only once the new one is complete.
    prob
        Probability inside the equal-tailed intervals, in (0, 1).

    Returns
    -------
    Path
        The file.

    Raises
    ------
    HeadcountError
        Where prob is not a probability.

    Examples
    --------
    >>> import headcount as hc
    >>> hc.report(fit, "report.html").name
    'report.html'
    """
    evidence = Evidence(fit, prob)
    return write_report(evidence, check_evidence(evidence), path)


def write_report(evidence: Evidence, results: list[CheckResult], path: str | Path) -> Path:
    """Write the report of a fit that is checked already.

    Parameters
    ----------
    evidence
        Evidence of the fit; its probability is that of all intervals.
    results
        Results of all checks of this evidence.
    path
        File to write; replaced only once the new one is complete.

    Returns
    -------
    Path
        The file.
    """
    return write_page(TEMPLATE, _facts(evidence, results), path)


def _facts(evidence: Evidence, results: list[CheckResult]) -> dict[str, Any]:
    fit = evidence.fit
    ahead = forecast_years(fit)
    tables = _tables(evidence, {result.name: result for result in results})
    return {
        "spec": fit.spec,
        "prob": probability(evidence.prob),
        "last_year": evidence.last_year,
        "answer": headline(evidence, evidence.last_year),
        "reference": _reference(evidence),
        "growth": growth_sentence(evidence),
        "forecast": headline(evidence, ahead[-1]) if ahead else "",
        "verdict": str(checks_verdict(results)),
        "failed": bool(count_checks(results).failed),
        "checks": [_check_line(result) for result in results],
        "rests": evidence.rests_on.verdict,
        "directions": direction_sentences(fit, evidence.rests_on),
        "anchors": anchor_sentences(fit),
        "figures": {
            "total": total_figure(evidence),
            "dependence": dependence_figure(evidence),
            "areas": area_figure(evidence),
            "countries": country_figure(evidence),
        },
        "tables": tables,
        "details": {result.name: result.details for result in results},
        **_row_counts(len(fit.observations.fitted), len(fit.observations)),
        "headcounts_title": plural(len(tables["headcounts"].lines), "headcount"),
        "idle": [name for name in fit.spec.sources if name not in fit.layout.sources],
        "command": _command(fit),
    }


def _check_line(result: CheckResult) -> dict[str, str]:
    """Return the name, outcome, style and headline of a check; one that informs has no outcome."""
    outcome = result.verdict.name
    style = "reserved" if result.reservation else outcome
    return {
        "name": result.name,
        "outcome": "" if result.informs else outcome,
        "style": style,
        "headline": result.headline,
    }


def _row_counts(fitted: int, rows: int) -> dict[str, Any]:
    excluded = rows - fitted
    return {
        "rows_fitted": f"{capital(plural(fitted, 'row'))} {agree(fitted, 'was', 'were')} fitted",
        "excluded": excluded,
        "rows_excluded": f"{excluded:,} of {rows:,} rows {agree(excluded, 'is', 'are')} not fitted",
        "excluded_title": f"The {plural(excluded, 'row')}",
    }


def _reference(evidence: Evidence) -> str:
    reference = evidence.fit.spec.years.reference
    return "" if reference == evidence.last_year else headline(evidence, reference)


def _tables(evidence: Evidence, found: dict[str, CheckResult]) -> dict[str, Table]:
    fit, priors = evidence.fit, found["priors"]
    return {
        "verdicts": verdict_table(evidence),
        "shares": share_table(found["identification"]),
        "conflicts": conflict_table(found["conflict"]),
        "areas": area_table(evidence),
        "sources": source_table(evidence, priors, found["fit by source"]),
        "reasons": reason_table(fit),
        "excluded": excluded_table(fit),
        "outlying": outlying_table(fit, found["outlying rows"]),
        "ratios": ratio_table(evidence, priors),
        "priors": prior_table(evidence, priors),
        "diagnostics": diagnostic_table(found["convergence"]),
        "headcounts": headcount_table(evidence),
        "run": run_table(fit),
    }


def _command(fit: Fit) -> str:
    """Return the command that repeats the fit; empty if no file has its priors."""
    sampling, spec = fit.sampling, fit.spec
    if spec.prior_set not in spec.prior_set_names:
        return ""
    words = ["headcount fit", spec.name, f"--seed {sampling.seed}", f"--chains {sampling.chains}"]
    words += [f"--draws {sampling.draws}", f"--tune {sampling.tune}"]
    words += [f"--prior-set {spec.prior_set}"] if spec.prior_set != BASE_PRIORS else []
    words += (
        [f"--data {fit.observations.name}"] if fit.observations.name != "observations.csv" else []
    )
    return " ".join([*words, "--out fit.nc"])
