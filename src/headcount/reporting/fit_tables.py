"""Tables of a fit: its priors, the diagnostics of the sampler, and the record of the run."""

from __future__ import annotations

from typing import Final

import pandas as pd

from headcount._wording import interval, percent, plural, probability, quantity
from headcount.diagnostics.checks import CheckResult, Evidence
from headcount.posterior.fits import Fit, Sampling
from headcount.reporting.answer_sentences import prior_in_words
from headcount.reporting.page_parts import Line, Table

__all__ = ["diagnostic_table", "prior_table", "run_table"]

LARGE_SHIFT: Final = 0.1
"""A prior is marked if it changes the total by at least this fraction."""


MEASURE_DIGITS: Final = {"R-hat": 3, "E-BFMI": 2}
"""Decimals of a measure; the others are counts."""


QUANTITIES: Final = {
    "headcount": "headcounts",
    "growth": "growth rates",
    "share": "shares",
    "ratio": "ratios",
    "coverage": "coverages",
    "parameter": "parameters",
    "draw": "draws",
    "chain": "chains",
}
"""Quantities that the check of convergence diagnoses, in the plural."""


def prior_table(evidence: Evidence, priors: CheckResult) -> Table:
    """Tabulate every prior with its posterior.

    Parameters
    ----------
    evidence
        Evidence of the fit.
    priors
        Result of the check of priors.

    Returns
    -------
    Table
        Path, prior, posterior, contraction and the shift of the total; the largest shift first.
    """
    spec, prob = evidence.fit.spec, probability(evidence.prob)
    headings = (
        "Prior",
        "#Before the data",
        f"#After: median and {prob} interval",
        "#Contraction",
        "#Change of the total",
    )

    def line(row: pd.Series) -> Line:
        low, middle, high = row["lower"], row["median"], row["upper"]
        unit = "people" if row["prior"] == "total.prior" else "number"
        after = f"{quantity(middle, low, high, unit=unit)}\n{interval(low, high, unit=unit)}"
        cells = (
            row["prior"],
            prior_in_words(spec.priors[row["prior"]]).replace(", median", "\nmedian"),
            after,
            f"{row['contraction']:z.2f}".replace("-", "−"),
            percent(row["shift"], sign=True),
        )
        return Line(cells, "whole" if abs(row["shift"]) >= LARGE_SHIFT else "")

    return Table.of(headings, (line(row) for _, row in priors.table.iterrows()))


def diagnostic_table(convergence: CheckResult) -> Table:
    """Tabulate the sampler's diagnostics.

    Parameters
    ----------
    convergence
        Result of the check of convergence.

    Returns
    -------
    Table
        Measure, quantities, worst value, limit, outcome and the quantity with the worst value.
    """
    headings = ("Measure", "Of", "#Worst", "#Limit", "Outcome", "Worst at")

    def line(row: pd.Series) -> Line:
        digits = MEASURE_DIGITS.get(row["measure"], 0)
        cells = (
            row["measure"],
            f"{row['count']:,} {QUANTITIES.get(row['of'], row['of'])}",
            f"{row['worst']:,.{digits}f}",
            f"{row['limit']:,.{min(digits, 2)}f}",
            "passed" if row["passed"] else "failed",
            row["where"],
        )
        return Line(cells, "" if row["passed"] else "failed")

    return Table.of(headings, (line(row) for _, row in convergence.table.iterrows()))


def run_table(fit: Fit) -> Table:
    """Tabulate the record of the run, from which the fit can be repeated.

    Parameters
    ----------
    fit
        A fit.

    Returns
    -------
    Table
        Name and value.
    """
    sampling, spec = fit.sampling, fit.spec
    seconds = ", ".join(f"{step} {time:.1f} s" for step, time in sampling.seconds.items())
    facts = {
        "Model": spec.name,
        "Prior set": spec.prior_set,
        "Observations": f"{fit.observations.name}, {plural(len(fit.observations), 'row')}",
        "Seed": str(sampling.seed),
        "Draws": _draws(sampling),
        "Stopped early": "yes" if sampling.interrupted else "no",
        "Time": seconds,
        "Versions": ", ".join(f"{name} {version}" for name, version in sampling.versions.items()),
    }
    return Table.of(("", ""), (Line(pair) for pair in facts.items() if pair[1]))


def _draws(sampling: Sampling) -> str:
    chains, draws = plural(sampling.chains, "chain"), plural(sampling.draws, "draw")
    return f"{chains} of {draws} after {sampling.tune:,} of warm-up"
