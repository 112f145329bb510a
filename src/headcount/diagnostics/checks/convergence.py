"""Convergence of the chains and sizes of the effective samples.

Table: ``measure``, ``of`` (which quantities), ``count`` (how many), ``worst``, ``limit``,
``passed``, ``where`` (which one is worst).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from headcount._names import SAMPLE_DIMS
from headcount._types import FloatArray
from headcount.diagnostics.checks.check_result import CheckResult
from headcount.diagnostics.checks.evidence import Evidence
from headcount.posterior.draw_statistics import ess_and_rhat
from headcount.posterior.fits import Fit

__all__ = ["HIGHEST_RHAT", "LOWEST_ENERGY", "LOWEST_ESS", "MOST_DIVERGENCES", "check_convergence"]

HIGHEST_RHAT: Final = 1.01
"""Vehtari et al. (2021): above it, chains still disagree by more than their own noise explains."""

LOWEST_ESS: Final = 400.0
"""Vehtari et al. (2021): 100 for each of four chains. Below it R-hat and the sizes themselves are
too noisy, and the Monte Carlo error of the end of a 90 % interval exceeds a tenth of a standard
deviation."""

PARAMETER_RHAT: Final = 1.03
"""Quantities with a prior are shown, not quoted; reported numbers have the stricter limit."""

PARAMETER_ESS: Final = 100.0
"""At this size the mean of a prior's quantity is known to a tenth of its standard deviation."""

MOST_DIVERGENCES: Final = 5
"""A few isolated divergences are steps that were a little too long; more of them mark a region of
the posterior that the chains cannot enter."""

LOWEST_ENERGY: Final = 0.3
"""Betancourt (2016, arXiv:1604.00695): below it, chains explore the energy distribution too slowly
to visit the tails of the posterior."""

PARAMETER: Final = "parameter"

FEWEST_CHAINS: Final = 2
"""One chain cannot disagree with itself about where the posterior lies."""

MEASURES: Final = {
    "R-hat": ("rhat", HIGHEST_RHAT),
    "bulk ESS": ("ess_bulk", LOWEST_ESS),
    "tail ESS": ("ess_tail", LOWEST_ESS),
}
"""Measure of a quantity to its column in `headcount.estimates` and its limit."""

DETAILS: Final = (
    f"Every number reported needs a rank-normalised R-hat of at most {HIGHEST_RHAT:g} and bulk and "
    f"tail effective sample sizes (ESS) of at least {LOWEST_ESS:.0f} (doi:10.1214/20-BA1221), "
    f"every parameter with a prior at most {PARAMETER_RHAT:g} and at least {PARAMETER_ESS:.0f}; "
    f"each chain an energy fraction (E-BFMI) of at least {LOWEST_ENERGY:g} (arXiv:1604.00695); and "
    f"there are to be at most {MOST_DIVERGENCES} divergences. The remedy is a longer run: more "
    "draws and a longer warm-up. Where divergences or a low energy fraction stay, some prior "
    "leaves a standard deviation free to approach zero."
)


def check_convergence(evidence: Evidence) -> CheckResult:
    """Check that the Monte Carlo error is far below the reported uncertainty.

    Parameters
    ----------
    evidence
        Of the fit.

    Returns
    -------
    CheckResult
        Passed if all limits of this module hold; table as in the module's text.
    """
    quantities = pd.concat([_reported(evidence), _parameters(evidence.fit)], ignore_index=True)
    rows = [*_measured(quantities), *_sampled(evidence.fit)]
    table = pd.DataFrame(
        rows, columns=["measure", "of", "count", "worst", "limit", "passed", "where"]
    )
    passed = bool(table["passed"].all())
    return CheckResult(
        "convergence", passed, _headline(table, evidence.fit, passed=passed), table, DETAILS
    )


def _reported(evidence: Evidence) -> pd.DataFrame:
    table = evidence.estimates
    words = table[["source", "scope", "area"]].where(table["estimand"].isin(["coverage"]), "")
    scope = table["scope"].where(table["estimand"] == "ratio", words["scope"])
    where = words["source"] + " " + scope + " " + table["area"] + " " + table["year"].astype(str)
    columns = [column for column, _ in MEASURES.values()]
    return table[columns].assign(of=table["estimand"], where=where.str.split().str.join(" "))


def _parameters(fit: Fit) -> pd.DataFrame:
    draws = fit.posterior["parameter"].transpose("prior", *SAMPLE_DIMS)
    found = ess_and_rhat(np.ascontiguousarray(draws.to_numpy()))
    return pd.DataFrame(found | {"of": PARAMETER, "where": draws["prior"].to_numpy()})


def _measured(quantities: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    for of, group in quantities.groupby("of", sort=False):
        for measure, (column, strict) in MEASURES.items():
            limit = _limit(column, strict, of=str(of))
            values = group[column].dropna()
            if values.empty:
                yield measure, of, len(group), np.nan, limit, False, "no value: too few draws"
                continue
            at = values.idxmax() if column == "rhat" else values.idxmin()
            worst = float(values[at])
            passed = worst <= limit if column == "rhat" else worst >= limit
            yield measure, of, len(group), worst, limit, passed, group.loc[at, "where"]


def _limit(column: str, strict: float, *, of: str) -> float:
    if of != PARAMETER:
        return strict
    return PARAMETER_RHAT if column == "rhat" else PARAMETER_ESS


def _sampled(fit: Fit) -> Iterator[tuple[Any, ...]]:
    chains, energy = fit.sampling.chains, _energy_fractions(fit)
    slowest = int(np.argmin(energy))
    draws = fit.sample_stats["diverging"].size
    divergences, lowest = fit.divergences, float(energy[slowest])
    yield (
        "divergences",
        "draw",
        draws,
        divergences,
        MOST_DIVERGENCES,
        divergences <= MOST_DIVERGENCES,
        "",
    )
    yield (
        "E-BFMI",
        "chain",
        chains,
        lowest,
        LOWEST_ENERGY,
        lowest >= LOWEST_ENERGY,
        f"chain {slowest}",
    )
    yield "chains", "chain", chains, chains, FEWEST_CHAINS, chains >= FEWEST_CHAINS, ""
    stopped = fit.sampling.interrupted
    where = f"after {fit.sampling.draws} draws" if stopped else ""
    yield "stopped early", "run", 1, int(stopped), 0, not stopped, where


def _energy_fractions(fit: Fit) -> FloatArray:
    """Return the estimated Bayesian fraction of missing information of each chain."""
    energy = fit.sample_stats["energy"].transpose(*SAMPLE_DIMS).to_numpy()
    fractions: FloatArray = (np.diff(energy, axis=1) ** 2).mean(axis=1) / energy.var(axis=1)
    return fractions


def _headline(table: pd.DataFrame, fit: Fit, *, passed: bool) -> str:
    reported = table[table["of"] != PARAMETER]
    rhat = reported.loc[reported["measure"] == "R-hat", "worst"].max()
    ess = reported.loc[reported["measure"].isin(["bulk ESS", "tail ESS"]), "worst"].min()
    numbers = (
        f"largest R-hat of a reported number {rhat:.3f} (at most {HIGHEST_RHAT:g}), smallest "
        f"effective sample size {ess:,.0f} (at least {LOWEST_ESS:.0f}), {fit.divergences} "
        f"divergences (at most {MOST_DIVERGENCES})"
    )
    if passed:
        return f"The sampler converged: {numbers}."
    failed = "; ".join(_failures(table[~table["passed"]]))
    return (
        f"The sampler has not converged ({failed}): run it for longer before using these numbers. "
        f"Now: {numbers}."
    )


def _failures(failed: pd.DataFrame) -> Iterator[str]:
    for measure, group in failed.groupby("measure", sort=False):
        yield f"{measure} of {', '.join(group['of'])}" if measure in MEASURES else str(measure)
