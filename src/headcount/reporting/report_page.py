"""Rendering: a fit in, one HTML file out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headcount._names import BASE_PRIORS
from headcount._wording import probability
from headcount.diagnostics.checks import CheckResult, Evidence
from headcount.diagnostics.checks.all_checks import check_evidence
from headcount.posterior.estimands import forecast_years
from headcount.posterior.fits import Fit
from headcount.reporting.answer_sentences import (
    anchor_sentences,
    growth_sentence,
    headline,
    verdict,
)
from headcount.reporting.answer_tables import area_table, headcount_table, ratio_table
from headcount.reporting.area_figure import area_figure
from headcount.reporting.fit_tables import diagnostic_table, prior_table, run_table
from headcount.reporting.identification_section import (
    conflict_table,
    direction_sentences,
    resting_figure,
    share_table,
    verdict_table,
)
from headcount.reporting.page_files import write_page
from headcount.reporting.page_parts import Table
from headcount.reporting.row_tables import excluded_table, outlying_table, reason_table
from headcount.reporting.source_table import source_table
from headcount.reporting.year_figures import country_figure, total_figure

__all__ = ["report"]

TEMPLATE = "report.html.j2"


def report(fit: Fit, path: str | Path, *, prob: float = 0.9) -> Path:
    """Write the report of a fit: one HTML file that needs nothing else to be read.

    The answer comes first, with the verdict of the checks and what the level is anchored on beside
    it; then areas, sources, rows left out, priors and diagnostics; then what is needed to repeat
    the fit. The same fit gives the same file.

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
    >>> hc.report(fit, "report.html")  # doctest: +SKIP
    """
    evidence = Evidence(fit, prob)
    results = check_evidence(evidence)
    return write_page(TEMPLATE, _facts(evidence, results), path)


def _facts(evidence: Evidence, results: list[CheckResult]) -> dict[str, Any]:
    fit = evidence.fit
    ahead = forecast_years(fit)
    return {
        "spec": fit.spec,
        "prob": probability(evidence.prob),
        "last_year": evidence.last_year,
        "answer": headline(evidence, evidence.last_year),
        "reference": _reference(evidence),
        "growth": growth_sentence(evidence),
        "forecast": headline(evidence, ahead[-1]) if ahead else "",
        "verdict": verdict(results),
        "rests": evidence.resting.verdict,
        "directions": direction_sentences(fit, evidence.resting),
        "results": results,
        "anchors": anchor_sentences(fit),
        "figures": {
            "total": total_figure(evidence),
            "resting": resting_figure(evidence),
            "areas": area_figure(evidence),
            "countries": country_figure(evidence),
        },
        "tables": _tables(evidence, {result.name: result for result in results}),
        "details": {result.name: result.details for result in results},
        "fitted": len(fit.observations.fitted),
        "excluded": len(fit.observations) - len(fit.observations.fitted),
        "idle": [name for name in fit.spec.sources if name not in fit.layout.sources],
        "command": _command(fit),
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
    """Return the command that makes the fit again; empty if it was made with a prior that no file
    holds.
    """
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
