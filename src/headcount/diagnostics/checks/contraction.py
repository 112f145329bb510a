"""The contraction from each prior to its posterior, and the prior that moves the total most.

The check informs; it always passes.

Table, one line for each ``prior`` (its path in the TOML file): ``prior_lower, prior_median,
prior_upper`` and ``lower, median, upper``, equal-tailed intervals of prior and posterior, each with
probability ``prob``, in the quantity's own unit; ``contraction``, 1 - posterior variance / prior
variance on the link scale (0: the posterior is the prior; 1: the data determine the quantity; below
0: the posterior is wider); ``shift``, by which fraction the root's headcount in the last year with
data would change if this prior moved up by one of its own standard deviations on the link scale.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from headcount._names import SAMPLE_DIMS, YEAR
from headcount._types import FloatArray
from headcount._wording import plural, rounded_percent
from headcount.diagnostics.checks.check_result import CheckResult
from headcount.diagnostics.checks.evidence import Evidence
from headcount.posterior.estimands import headcount
from headcount.study.priors import Prior

__all__ = ["check_priors", "prior_shift", "prior_variance"]

LEAST_CONTRACTION: Final = 0.1
"""Below this contraction the posterior is the prior, give or take a twentieth of its standard
deviation."""

GRID: Final = (np.arange(4000) + 0.5) / 4000
"""Probabilities whose quantiles stand for a prior that is not normal on its link scale."""

STEP: Final = 1e-3
"""Step of numerical slopes on the link scale; priors there are smooth over tenths."""

DETAILS: Final = (
    "Contraction compares variances on the scale on which the prior was stated (logarithm of a "
    "positive quantity, log-odds of a part). The shift is the first-order change of the total if "
    "this prior were one of its standard deviations higher: the posterior covariance of the log "
    "total with the slope of the log prior, times that standard deviation. For priors stated as "
    "intervals it is the exact derivative of the posterior mean of the log total by the prior's "
    "location."
)


def check_priors(evidence: Evidence) -> CheckResult:
    """Compare each prior with its posterior, and find those that move the total most.

    Parameters
    ----------
    evidence
        Of the fit.

    Returns
    -------
    CheckResult
        Always passed; table as in the module's text, the prior that moves the total most first.
    """
    fit, prob = evidence.fit, evidence.prob
    draws = fit.posterior["parameter"].transpose("prior", *SAMPLE_DIMS)
    people = headcount(fit).sel({YEAR: evidence.last_year})
    log_total = np.log(people.transpose(*SAMPLE_DIMS).to_numpy()).ravel()
    priors = [fit.spec.priors[str(path)] for path in draws["prior"].to_numpy()]
    rows = [
        _row(prior, own.ravel(), log_total, prob)
        for prior, own in zip(priors, draws.to_numpy(), strict=True)
    ]
    table = pd.DataFrame(rows)
    table.insert(0, "prior", draws["prior"].to_numpy())
    table = table.sort_values("shift", key=np.abs, ascending=False, ignore_index=True)
    headline = _headline(table, evidence)
    return CheckResult(
        "priors", passed=True, headline=headline, table=table, details=DETAILS, informs=True
    )


def prior_variance(prior: Prior) -> float:
    """Return the variance of a prior on its link scale.

    Parameters
    ----------
    prior
        Any prior.

    Returns
    -------
    float
        Exact if the prior is normal there, else from 4,000 quantiles.
    """
    if prior.is_link_normal:
        return prior.scale**2
    return float(np.var(prior.link.forward(prior.quantile(GRID))))


def prior_shift(prior: Prior, draws: FloatArray, outcome: FloatArray) -> float:
    """Return how the posterior mean of an outcome moves with a prior, to first order.

    Parameters
    ----------
    prior
        The prior in force.
    draws
        Posterior draws of its quantity, in its own unit; dims (sample,).
    outcome
        The same draws of the outcome.

    Returns
    -------
    float
        Change of the outcome's mean when the prior moves up by one of its standard deviations on
        the link scale.

    Notes
    -----
    With log p the prior density of the link value x, moved by d to log p(x - d), the posterior mean
    of the outcome f changes by Cov(f, -d log p / dx) for each unit of d, exactly at d = 0.
    """
    link = np.asarray(prior.link.forward(draws))
    covariance = float(np.mean((outcome - outcome.mean()) * -_slope(prior, link)))
    return covariance * float(np.sqrt(prior_variance(prior)))


def _slope(prior: Prior, link: FloatArray) -> FloatArray:
    """Return the derivative of the prior's log density on the link scale."""
    if prior.is_link_normal:
        return -(link - prior.location) / prior.scale**2
    ahead, behind = (prior.log_density(prior.link.inverse(link + step)) for step in (STEP, -STEP))
    slope: FloatArray = (ahead - behind) / (2 * STEP)
    return slope


def _row(prior: Prior, draws: FloatArray, log_total: FloatArray, prob: float) -> dict[str, float]:
    ends = [(1 - prob) / 2, 0.5, (1 + prob) / 2]
    before, after = prior.quantile(ends), np.quantile(draws, ends)
    learned = 1 - float(np.var(prior.link.forward(draws))) / prior_variance(prior)
    names = ("lower", "median", "upper")
    return (
        {f"prior_{name}": float(value) for name, value in zip(names, before, strict=True)}
        | {name: float(value) for name, value in zip(names, after, strict=True)}
        | {"prob": prob, "contraction": learned}
        | {"shift": float(np.expm1(prior_shift(prior, draws, log_total)))}
    )


def _headline(table: pd.DataFrame, evidence: Evidence) -> str:
    unchanged = int((table["contraction"] < LEAST_CONTRACTION).sum())
    first = table.iloc[0]
    return (
        f"The total of {evidence.last_year} depends most on the prior {first['prior']}: one "
        f"standard deviation up would change it by {rounded_percent(first['shift'], sign=True)}. "
        f"The data leave {unchanged or 'none'} of {plural(len(table), 'prior')} nearly unchanged."
    )
