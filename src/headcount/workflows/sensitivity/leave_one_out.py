"""Leaving out: the posterior without a source, an anchor or a lineage, re-weighted where that can
be trusted, else refitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from scipy.special import logsumexp

from headcount._types import BoolArray, FloatArray
from headcount.engine.density.evaluation import log_likelihood
from headcount.engine.density.queries import Query
from headcount.engine.density.study_arrays import arrays_of
from headcount.errors import StudyError
from headcount.posterior.draw_statistics import ess_and_rhat
from headcount.posterior.draw_transfer import DrawTransfer
from headcount.posterior.fits import Fit
from headcount.study.observation import Observation
from headcount.study.observations import Observations
from headcount.workflows.batches import Job, Outcome, run_batch
from headcount.workflows.sensitivity.answer_digest import KEPT, AnswerDigest, answers_of
from headcount.workflows.sensitivity.predictive_accuracy import smoothed

__all__ = [
    "ANCHOR",
    "LINEAGE",
    "REFITTED",
    "REWEIGHTED",
    "SOURCE",
    "LeftOut",
    "Without",
    "leave_out",
    "parts_of",
]

SOURCE: Final = "source"
ANCHOR: Final = "anchor"
LINEAGE: Final = "lineage"

REWEIGHTED: Final = "re-weighted"
REFITTED: Final = "refitted"

TRUSTED_K: Final = 0.5
"""Pareto k up to which re-weighting is trusted here.

Means alone would do with 0.7. But a posterior without some rows is wider than the draws, and what
is asked is how wide: normal ones of 1.8 times the variance pass at 0.7 with intervals that are a
tenth too narrow, and at 0.5 with ones that are right to some hundredths.
"""

FEWEST_EFFECTIVE: Final = 400.0
"""Effective draws that re-weighting must leave, whatever its Pareto k: an interval's end is then
known to a tenth of an sd."""

CARRIED: Final = 300
"""Draws of the whole fit by which a refit chooses its coordinates."""


@dataclass(frozen=True)
class LeftOut:
    """A part of the evidence that is left out.

    Parameters
    ----------
    kind
        ``source``, ``anchor`` (a source whose level is known) or ``lineage`` (all sources that rest
        on the same data).
    name
        Of the source or the lineage.
    sources
        The sources that go.
    """

    kind: str
    name: str
    sources: tuple[str, ...]

    @property
    def key(self) -> str:
        """Name of the refit in its batch."""
        return f"without_{self.kind}_{self.name}"

    def rows(self, fit: Fit) -> BoolArray:
        """Return which fitted rows go; dims (row,)."""
        return np.array([row.source in self.sources for row in fit.observations.fitted])


@dataclass(frozen=True, eq=False)
class Without:
    """A posterior without a part of the evidence.

    Parameters
    ----------
    part
        What was left out.
    method
        ``re-weighted``, ``refitted`` or ``failed``.
    answer
        Draws of the log headcount asked for; dims (draw,).
    weight
        Of each draw, adding to one; dims (draw,).
    free
        Some draws of what the posterior knows, of equal weight, in the order of ``answer_of_free``.
    answer_of_free
        The answer at those draws; dims (draw,).
    pareto_k
        Of the re-weighting, also where it was not trusted.
    ess, rhat
        Effective draws of the answer; its R-hat where it was refitted, else missing.
    error
        What went wrong with a refit, or nothing.
    """

    part: LeftOut
    method: str
    answer: FloatArray
    weight: FloatArray
    free: DrawTransfer
    answer_of_free: FloatArray
    pareto_k: float
    ess: float
    rhat: float
    error: str = ""


def parts_of(fit: Fit, kinds: Sequence[str]) -> list[LeftOut]:
    """List what can be left out: each source with rows, each lineage of several such sources.

    Parameters
    ----------
    fit
        A fit.
    kinds
        Which kinds, of ``source``, ``anchor`` and ``lineage``.

    Returns
    -------
    list of LeftOut
        Sources in the order of the spec, then lineages. What would leave no row is left in.
    """
    spec = fit.spec
    spoken = {row.source for row in fit.observations.fitted}
    parts = [
        LeftOut(ANCHOR if source.anchor else SOURCE, name, (name,))
        for name, source in spec.sources.items()
        if name in spoken
    ]
    for lineage in spec.lineages:
        members = tuple(
            name
            for name in spec.sources
            if name in spoken and spec.sources[name].lineage == lineage
        )
        parts += [LeftOut(LINEAGE, lineage, members)] if len(members) > 1 else []
    return [part for part in parts if part.kind in kinds and spoken - set(part.sources)]


def leave_out(
    fit: Fit,
    asked: Query,
    parts: Sequence[LeftOut],
    folder: Path,
    *,
    seed: int,
    chains: int,
    draws: int,
    tune: int,
    processes: int | None,
    dask: str | None,
    progress: bool,
) -> list[Without]:
    """Find the posterior without each part of the evidence.

    Parameters
    ----------
    fit
        With all evidence.
    asked
        The headcount whose posterior is wanted.
    parts
        What to leave out, one at a time.
    folder
        Where refits are kept; a run that was stopped goes on from there.
    seed, chains, draws, tune
        Of the refits, as in `headcount.fit`.
    processes, dask, progress
        As in `headcount.workflows.batches.run_batch`.

    Returns
    -------
    list of Without
        In the order of the parts. First by importance weights, the inverse of the likelihood of the
        rows left out, with Pareto smoothing; where their k is above 0.5 or fewer than 400 effective
        draws are left, by a refit.
    """
    told, answer = log_likelihood_of(fit), answers_of(fit, asked)
    # How far the draws are from independent ones.
    efficiency = min(float(ess_and_rhat(answer[None])["ess_bulk"][0]) / answer.size, 1.0)
    weighed = {
        part: _Weights.of(-told[:, part.rows(fit)].sum(axis=1), efficiency) for part in parts
    }
    doubtful = [part for part, weights in weighed.items() if not weights.can_be_trusted]
    near = DrawTransfer.of(fit, CARRIED)
    jobs, failed = [], {}
    for part in doubtful:
        try:
            study = fit.study.variant(observations=_observations(fit, part))
        except StudyError as error:
            failed[part] = Outcome(part.key, "", error=str(error))
            continue
        settings = (AnswerDigest(asked), chains, draws, tune, near)
        jobs.append(Job(part.key, study, seed, *settings))
    outcomes = (
        run_batch(jobs, folder, processes=processes, dask=dask, progress=progress) if jobs else []
    )
    made = [part for part in doubtful if part not in failed]
    refits = failed | dict(zip(made, outcomes, strict=True))
    return [
        _refitted(part, weights, refits[part])
        if part in refits
        else _reweighted(part, weights, fit, answer.ravel())
        for part, weights in weighed.items()
    ]


@dataclass(frozen=True, eq=False)
class _Weights:
    """Importance weights of the draws of a fit; they add to one."""

    weight: FloatArray
    pareto_k: float
    ess: float

    @classmethod
    def of(cls, log_weights: FloatArray, efficiency: float) -> _Weights:
        """Smooth weights; ``efficiency``: effective draws for each draw."""
        smooth, k = smoothed(log_weights, efficiency)
        weight = np.exp(smooth - logsumexp(smooth))
        return cls(weight, k, float(efficiency / np.sum(weight**2)))

    @property
    def can_be_trusted(self) -> bool:
        return self.pareto_k <= TRUSTED_K and self.ess >= FEWEST_EFFECTIVE


def log_likelihood_of(fit: Fit) -> FloatArray:
    """Return the log likelihood of each row at each draw, in the order of ``DrawTransfer.of(fit)``; dims
    (draw, row).
    """
    found, _, _ = log_likelihood(
        np.ascontiguousarray(DrawTransfer.of(fit).free), arrays_of(fit.layout)
    )
    return found


def _observations(fit: Fit, part: LeftOut) -> Observations:
    """Return the rows that stay; copies of a source go with it."""
    copies = {name for name, copy in fit.spec.copies.items() if copy.copy_of in part.sources}

    def stays(row: Observation) -> bool:
        return row.source not in part.sources and row.source not in copies

    return replace(fit.observations, rows=tuple(row for row in fit.observations.rows if stays(row)))


def _reweighted(part: LeftOut, weights: _Weights, fit: Fit, answer: FloatArray) -> Without:
    carried, chosen = DrawTransfer.of(fit), _resampled(weights.weight, min(KEPT, answer.size))
    free = DrawTransfer(carried.labels, carried.free[chosen])
    k, ess = weights.pareto_k, weights.ess
    return Without(part, REWEIGHTED, answer, weights.weight, free, answer[chosen], k, ess, np.nan)


def _resampled(weight: FloatArray, count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return draws in proportion to their weights, by systematic resampling; copies of a draw stand
    together.
    """
    steps = (np.arange(count) + 0.5) / count
    return np.minimum(np.searchsorted(np.cumsum(weight), steps), weight.size - 1)


def _refitted(part: LeftOut, weights: _Weights, outcome: Outcome) -> Without:
    k, nothing = weights.pareto_k, np.empty(0)
    if outcome.error:
        free = DrawTransfer((), np.empty((0, 0)))
        return Without(
            part, "failed", nothing, nothing, free, nothing, k, np.nan, np.nan, outcome.error
        )
    values = outcome.values
    answer = np.asarray(values["answer"], dtype=np.float64).ravel()
    free = DrawTransfer(tuple(values["labels"].tolist()), values["free"].astype(np.float64))
    chosen = np.linspace(0, answer.size - 1, len(free.free)).round().astype(int)
    ess, rhat = values["measured"].tolist()
    weight = np.full(answer.size, 1 / answer.size)
    return Without(part, REFITTED, answer, weight, free, answer[chosen], k, ess, rhat)
