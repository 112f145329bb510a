"""Posteriors without a source, an anchor or a lineage, by importance weights or by a refit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.special import logsumexp

from headcount._types import BoolArray, FloatArray, IntArray
from headcount.engine.density.evaluation import log_likelihood
from headcount.engine.density.queries import Query
from headcount.engine.density.study_arrays import arrays_of
from headcount.errors import StudyError
from headcount.inference import Sampler
from headcount.posterior.draw_statistics import ess_and_rhat
from headcount.posterior.draw_transfer import DrawTransfer
from headcount.posterior.fits import Fit
from headcount.study.observation import Observation
from headcount.study.observations import Observations
from headcount.workflows.batches import BatchOptions, Job, Outcome, run_batch
from headcount.workflows.sensitivity.predictive_accuracy import pareto_smooth
from headcount.workflows.sensitivity.refit_summary import FREE_DRAWS, RefitSummary, query_draws

__all__ = [
    "ANCHOR",
    "FAILED",
    "LINEAGE",
    "REFITTED",
    "REWEIGHTED",
    "SOURCE",
    "Omission",
    "ReducedPosterior",
    "leave_out",
    "omissions_of",
]

SOURCE: Final = "source"
ANCHOR: Final = "anchor"
LINEAGE: Final = "lineage"

REWEIGHTED: Final = "re-weighted"
REFITTED: Final = "refitted"
FAILED: Final = "failed"

TRUSTED_K: Final = 0.5
"""Largest Pareto k with which importance weights are used.

0.7 would do for means. But a posterior without some rows is wider than the draws, and its width is
of interest: for normal ones of 1.8 times the variance, weights with a k of 0.7 give intervals that
are a tenth too narrow, and weights with 0.5 intervals that are right to some hundredths.
"""

FEWEST_EFFECTIVE: Final = 400.0
"""Smallest number of effective draws with which importance weights are used, whatever their Pareto
k: the standard error of an interval's end is then a tenth of a standard deviation."""

WARM_START_DRAWS: Final = 300
"""Draws of the whole fit from which a refit chooses its coordinates."""


@dataclass(frozen=True)
class Omission:
    """Sources that are left out together.

    Parameters
    ----------
    kind
        ``source``, ``anchor`` (a source whose level is known) or ``lineage`` (all sources that
        share data).
    name
        Name of the source or of the lineage.
    sources
        The sources that are left out.
    """

    kind: str
    name: str
    sources: tuple[str, ...]

    @property
    def key(self) -> str:
        """Name of the refit in its batch."""
        return f"without_{self.kind}_{self.name}"

    def rows(self, fit: Fit) -> BoolArray:
        """Return which fitted rows are left out; dims (row,)."""
        return np.array([row.source in self.sources for row in fit.observations.fitted])


@dataclass(frozen=True, eq=False)
class ReducedPosterior:
    """A posterior without some sources.

    Parameters
    ----------
    omission
        The sources that are left out.
    method
        ``re-weighted``, ``refitted`` or ``failed``.
    draws
        Draws of the log headcount; dims (draw,).
    weight
        Weight of each draw; they sum to one; dims (draw,).
    free
        Some draws of the free vector, of equal weight, in the order of ``draws_of_free``.
    draws_of_free
        The log headcount at those draws; dims (draw,).
    pareto_k
        Of the importance weights, also where they are not used.
    ess, rhat
        Effective draws of the log headcount; its R-hat if refitted, else missing.
    error
        Error of a refit; empty if there is none.
    """

    omission: Omission
    method: str
    draws: FloatArray
    weight: FloatArray
    free: DrawTransfer
    draws_of_free: FloatArray
    pareto_k: float
    ess: float
    rhat: float
    error: str = ""


def omissions_of(fit: Fit, kinds: Sequence[str]) -> list[Omission]:
    """List all sources with rows, and all lineages of several such sources.

    Parameters
    ----------
    fit
        A fit.
    kinds
        Some of ``source``, ``anchor`` and ``lineage``.

    Returns
    -------
    list of Omission
        Sources in the order of the spec, then lineages; none that would leave no row.
    """
    spec = fit.spec
    with_rows = {row.source for row in fit.observations.fitted}
    found = [
        Omission(ANCHOR if source.anchor else SOURCE, name, (name,))
        for name, source in spec.sources.items()
        if name in with_rows
    ]
    for lineage in spec.lineages:
        members = tuple(
            name
            for name in spec.sources
            if name in with_rows and spec.sources[name].lineage == lineage
        )
        found += [Omission(LINEAGE, lineage, members)] if len(members) > 1 else []
    return [own for own in found if own.kind in kinds and with_rows - set(own.sources)]


def leave_out(
    fit: Fit,
    query: Query,
    omissions: Sequence[Omission],
    *,
    seed: int,
    sampler: Sampler,
    batch: BatchOptions,
) -> list[ReducedPosterior]:
    """Find the posterior without some sources, for each of several omissions.

    Parameters
    ----------
    fit
        With all rows.
    query
        The headcount whose posterior is wanted.
    omissions
        Sources to leave out, one omission at a time.
    seed, sampler
        Of the refits, as in `headcount.fit`.
    batch
        Folder of the refits and the processes that run them.

    Returns
    -------
    list of ReducedPosterior
        In the order of the omissions: by importance weights, the inverse of the likelihood of the
        rows left out, with Pareto smoothing; by a refit where their k is above 0.5 or fewer than
        400 effective draws remain.
    """
    log_lik, whole = log_likelihood_of(fit), query_draws(fit, query)
    # Effective draws per draw.
    efficiency = min(float(ess_and_rhat(whole[None])["ess_bulk"][0]) / whole.size, 1.0)
    weights = {
        own: _Weights.of(-log_lik[:, own.rows(fit)].sum(axis=1), efficiency) for own in omissions
    }
    doubtful = [own for own, weight in weights.items() if not weight.can_be_trusted]
    start = DrawTransfer.of(fit, WARM_START_DRAWS)
    outcomes = _refits(
        fit, doubtful, Job("", fit.study, seed, RefitSummary(query), sampler, start), batch
    )
    return [
        _refitted(own, weight, outcomes[own])
        if own in outcomes
        else _reweighted(own, weight, fit, whole.ravel())
        for own, weight in weights.items()
    ]


def _refits(
    fit: Fit, omissions: Sequence[Omission], template: Job, batch: BatchOptions
) -> dict[Omission, Outcome]:
    """Run a job like the template for each omission; a study that fails its checks is an error."""
    jobs, failed = {}, {}
    for own in omissions:
        try:
            study = fit.study.variant(observations=_remaining(fit, own))
        except StudyError as error:
            failed[own] = Outcome(own.key, "", error=str(error))
            continue
        jobs[own] = replace(template, key=own.key, study=study)
    outcomes = run_batch(jobs.values(), batch) if jobs else []
    return failed | dict(zip(jobs, outcomes, strict=True))


@dataclass(frozen=True, eq=False)
class _Weights:
    """Importance weights of the draws of a fit; they sum to one."""

    weight: FloatArray
    pareto_k: float
    ess: float

    @classmethod
    def of(cls, log_weights: FloatArray, efficiency: float) -> _Weights:
        """Smooth weights; ``efficiency``: effective draws per draw."""
        smooth, k = pareto_smooth(log_weights, efficiency)
        weight = np.exp(smooth - logsumexp(smooth))
        return cls(weight, k, float(efficiency / np.sum(weight**2)))

    @property
    def can_be_trusted(self) -> bool:
        return self.pareto_k <= TRUSTED_K and self.ess >= FEWEST_EFFECTIVE


def log_likelihood_of(fit: Fit) -> FloatArray:
    """Return the log likelihood of each row at each draw; dims (draw, row)."""
    found, _, _ = log_likelihood(
        np.ascontiguousarray(DrawTransfer.of(fit).free), arrays_of(fit.layout)
    )
    return found


def _remaining(fit: Fit, omission: Omission) -> Observations:
    """Return the rows that remain; copies of a source are left out with it."""
    copies = {name for name, copy in fit.spec.copies.items() if copy.copy_of in omission.sources}

    def remains(row: Observation) -> bool:
        return row.source not in omission.sources and row.source not in copies

    rows = tuple(row for row in fit.observations.rows if remains(row))
    return replace(fit.observations, rows=rows)


def _reweighted(
    omission: Omission, weights: _Weights, fit: Fit, draws: FloatArray
) -> ReducedPosterior:
    transfer = DrawTransfer.of(fit)
    chosen = _resampled(weights.weight, min(FREE_DRAWS, draws.size))
    free = DrawTransfer(transfer.labels, transfer.free[chosen])
    return ReducedPosterior(
        omission,
        REWEIGHTED,
        draws,
        weights.weight,
        free,
        draws[chosen],
        weights.pareto_k,
        weights.ess,
        np.nan,
    )


def _resampled(weight: FloatArray, count: int) -> IntArray:
    """Return draws in proportion to their weights, by systematic resampling; dims (draw,)."""
    steps = (np.arange(count) + 0.5) / count
    return np.minimum(np.searchsorted(np.cumsum(weight), steps), weight.size - 1)


def _refitted(omission: Omission, weights: _Weights, outcome: Outcome) -> ReducedPosterior:
    if outcome.error:
        return _failed(omission, weights, outcome.error)
    values = outcome.values
    draws = np.asarray(values["draws"], dtype=np.float64).ravel()
    free = DrawTransfer(tuple(values["labels"].tolist()), values["free"].astype(np.float64))
    chosen = np.linspace(0, draws.size - 1, len(free.free)).round().astype(int)
    ess, rhat = values["convergence"].tolist()
    weight = np.full(draws.size, 1 / draws.size)
    return ReducedPosterior(
        omission, REFITTED, draws, weight, free, draws[chosen], weights.pareto_k, ess, rhat
    )


def _failed(omission: Omission, weights: _Weights, error: str) -> ReducedPosterior:
    empty, free = np.empty(0), DrawTransfer((), np.empty((0, 0)))
    return ReducedPosterior(
        omission, FAILED, empty, empty, free, empty, weights.pareto_k, np.nan, np.nan, error
    )
