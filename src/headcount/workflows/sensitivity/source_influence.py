"""`influence`: the change of a headcount without each source, and whether it was to be expected.

The measures are those of a retrospective value of information [1]_ under squared loss on the log of
a headcount f. With mean m of f given all rows and m' without some sources s,

- *absolute influence* is ``(m - m')²``, the loss that s has avoided;
- *expected influence* is its expectation before s was observed: ``Var(E[f | y_s])`` over the
  statements y_s that are predicted without s, from a regression of f on predicted statements;
- *surprise* is the ratio of the two: about one on average if the model is right and, if all is
  normal, chi-squared with one degree of freedom. A source can be influential because it is
  informative, or because it contradicts the others; the surprise distinguishes the two.

Both means come from draws, so their difference is never exactly zero. The tail probability
therefore adds the Monte Carlo variance of m - m' to the expected influence; if the expected
influence is not distinguished from zero, the largest value that could have gone unnoticed is added
too, so that the probability errs towards no surprise.

References
----------
.. [1] Parsons, J., Niu, X. and Bao, L. (2020). Evaluating the relative contribution of data sources
   in a Bayesian analysis with the application of estimating the size of hard to reach populations.
   https://arxiv.org/abs/2009.02372
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import stats

from headcount._types import FloatArray
from headcount.engine.density.evaluation import log_likelihood
from headcount.engine.density.queries import Query
from headcount.engine.density.study_arrays import arrays_of
from headcount.errors import HeadcountError
from headcount.inference import Sampler
from headcount.layout.study_layout import Layout
from headcount.posterior.draw_statistics import ess_and_rhat
from headcount.posterior.fits import Fit
from headcount.posterior.forecasting import last_observed
from headcount.posterior.replication import replicates
from headcount.study.arguments import (
    checked_area,
    checked_choice,
    checked_prob,
    checked_seed,
    checked_year,
)
from headcount.study.row_forms import BOUND, INTERVAL
from headcount.workflows.batches import BatchOptions
from headcount.workflows.sensitivity.expected_gain import estimate_gain
from headcount.workflows.sensitivity.influence_result import COLUMNS, NOISE, Influence
from headcount.workflows.sensitivity.omitted_evidence import (
    ANCHOR,
    LINEAGE,
    REWEIGHTED,
    SOURCE,
    Omission,
    ReducedPosterior,
    leave_out,
    omissions_of,
)
from headcount.workflows.sensitivity.refit_summary import query_draws

__all__ = ["influence"]

KINDS: Final = (SOURCE, ANCHOR, LINEAGE)

SAMPLER: Final = Sampler(chains=2, draws=1000, tune=400)


def influence(
    fit: Fit,
    *,
    seed: int,
    area: str | None = None,
    year: int | None = None,
    kinds: Sequence[str] = KINDS,
    prob: float = 0.9,
    sampler: Sampler = SAMPLER,
    batch: BatchOptions | None = None,
) -> Influence:
    """Leave out one source, anchor or lineage at a time, and measure the change of a headcount.

    The draws of the fit are re-weighted where Pareto-smoothed importance sampling is reliable; else
    the study is fitted again without the sources, starting from the draws of the fit.

    Parameters
    ----------
    fit
        With all rows.
    seed
        Seed of the refits and of predicted statements.
    area
        Code of an area or grouping; the root if not given.
    year
        A year of the model; the last one that is no forecast if not given.
    kinds
        Kinds of omissions: some of ``source``, ``anchor`` and ``lineage``.
    prob
        Probability inside the equal-tailed intervals, in (0, 1).
    sampler
        Options of the sampler for the refits.
    batch
        Folder of the refits and the processes that run them; if ``None``, all cores, and refits are
        not kept.

    Returns
    -------
    Influence
        A ranked table.

    Raises
    ------
    ArgumentError
        If area, year, prob or a kind is unknown or out of range.
    HeadcountError
        If there is only one source.

    Examples
    --------
    >>> import headcount as hc
    >>> short = hc.Sampler(chains=2, draws=200, tune=200)
    >>> batch = hc.BatchOptions(folder="influence", processes=1, progress=False)
    >>> found = hc.influence(fit, seed=1, kinds=["anchor"], sampler=short, batch=batch)
    >>> found.to_frame()["name"].tolist()
    ['registry']
    """
    query, ends = _query(fit, area, year), _ends(prob)
    omissions = omissions_of(fit, [checked_choice(kind, KINDS, "kinds") for kind in kinds])
    if not omissions:
        msg = "there is only one source, so none can be left out"
        raise HeadcountError(msg)
    options = BatchOptions() if batch is None else batch
    found = leave_out(
        fit, query, omissions, seed=checked_seed(seed), sampler=sampler, batch=options
    )
    whole = query_draws(fit, query)
    lines = [_line(one, _Whole(fit, whole, ends, seed)) for one in found]
    table = pd.DataFrame(lines, columns=list(COLUMNS))
    table = table.sort_values("absolute", ascending=False, ignore_index=True)
    lower, median, upper = np.exp(np.quantile(whole, ends)).tolist()
    return Influence(query.area, query.year, prob, median, lower, upper, table)


def _query(fit: Fit, area: str | None, year: int | None) -> Query:
    spec = fit.spec
    place = spec.areas.root if area is None else checked_area(area, spec)
    when = last_observed(fit, place) if year is None else checked_year(year, spec)
    return Query(place, when, spec.target)


def _ends(prob: float) -> tuple[float, float, float]:
    checked_prob(prob)
    return (1 - prob) / 2, 0.5, (1 + prob) / 2


@dataclass(frozen=True, eq=False)
class _Whole:
    """The posterior with all rows.

    Parameters
    ----------
    fit
        The fit.
    draws
        Of the log headcount; dims (chain, draw).
    ends
        Probabilities of the lower end, the median and the upper end.
    seed
        Seed of predicted statements.
    """

    fit: Fit
    draws: FloatArray
    ends: tuple[float, float, float]
    seed: int


def _line(found: ReducedPosterior, whole: _Whole) -> dict[str, Any]:
    omission = found.omission
    facts = {
        "kind": omission.kind,
        "name": omission.name,
        "rows": int(omission.rows(whole.fit).sum()),
        "method": found.method,
        "pareto_k": found.pareto_k,
        "ess": found.ess,
        "rhat": found.rhat,
        "error": found.error,
        "last_anchor": _takes_last_anchor(whole.fit, omission),
    }
    return facts if found.error else facts | _numbers(found, whole)


def _numbers(found: ReducedPosterior, whole: _Whole) -> dict[str, float]:
    before, own = np.quantile(whole.draws, whole.ends), _weighted_quantiles(found, whole.ends)
    sd = float(whole.draws.std())
    moved, error = _shift(found, whole.draws)
    return {
        "median": float(np.exp(own[1])),
        "lower": float(np.exp(own[0])),
        "upper": float(np.exp(own[2])),
        "change": float(np.expm1(own[1] - before[1])),
        "width": float((own[2] - own[0]) / (before[2] - before[0])),
        "absolute": moved**2,
        "shift": moved / sd,
        "shift_se": error / sd,
        **_expected_influence(found, whole, moved**2, error**2),
    }


def _shift(found: ReducedPosterior, whole: FloatArray) -> tuple[float, float]:
    """Return the shift of the mean, and its Monte Carlo standard error."""
    mean = float(found.weight @ found.draws)
    moved = mean - float(whole.mean())
    if found.method == REWEIGHTED:
        # Both means are of the same draws, so the error is that of their difference, draw by draw;
        # correlated draws inflate it.
        own = found.weight * (found.draws - mean) - (found.draws - whole.mean()) / whole.size
        correlated = 1 / (found.ess * np.sum(found.weight**2))
        return moved, float(np.sqrt(correlated * np.sum(own**2)))
    effective = float(ess_and_rhat(whole[None])["ess_bulk"][0])
    return moved, float(np.sqrt(found.draws.var() / found.ess + whole.var() / effective))


def _takes_last_anchor(fit: Fit, omission: Omission) -> bool:
    anchors = {row.source for row in fit.observations.fitted} & set(fit.spec.anchors)
    return bool(anchors) and anchors <= set(omission.sources)


def _expected_influence(
    found: ReducedPosterior, whole: _Whole, absolute: float, noise: float
) -> dict[str, float]:
    """Return the expected influence and the surprise.

    ``noise`` is the Monte Carlo variance of the difference whose square is ``absolute``.
    """
    layout = whole.fit.layout
    rng = np.random.default_rng([whole.seed, *found.omission.key.encode()])
    free = np.ascontiguousarray(found.free.to(layout, rng))
    _, location, spread = log_likelihood(free, arrays_of(layout))
    stated = _observable(layout, replicates(layout, location, spread, rng))
    gain = estimate_gain(found.draws_of_free, stated[:, found.omission.rows(whole.fit)])
    size = found.draws_of_free.size
    effective = min(found.ess, size)
    # The standard error of the gain is that of independent draws.
    uncertain = NOISE * gain.se * np.sqrt(size / effective)
    expected, is_nonzero = max(gain.explained, 0.0), gain.explained > uncertain
    # With n draws, a fraction r of explained variance has a standard error of about 2 sqrt(r / n):
    # smaller fractions go unnoticed.
    unnoticed = (2 * NOISE) ** 2 / effective * gain.variance
    allowed = expected + noise + (0.0 if is_nonzero else max(uncertain, unnoticed))
    return {
        "expected": expected,
        "surprise": absolute / expected if is_nonzero else np.nan,
        "p_surprise": float(stats.chi2.sf(absolute / allowed, 1)),
    }


def _observable(layout: Layout, counts: FloatArray) -> FloatArray:
    """Reduce replicates to the statement: the side of a bound, the cell of a range's grid."""
    stated = counts.copy()
    for likelihood, rows in layout.rows.items():
        drawn = counts[:, rows.position]
        if likelihood.form == BOUND:
            stated[:, rows.position] = drawn > rows.value
        elif likelihood.form == INTERVAL:
            width = rows.other - rows.value
            stated[:, rows.position] = np.floor((drawn - rows.value) / width)
    return stated


def _weighted_quantiles(found: ReducedPosterior, probabilities: Sequence[float]) -> FloatArray:
    order = np.argsort(found.draws)
    reached = np.cumsum(found.weight[order]) - found.weight[order] / 2
    return np.interp(probabilities, reached, found.draws[order])
