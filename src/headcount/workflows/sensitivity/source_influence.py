"""`influence`: what each source, anchor and lineage does to the answer, and whether that was to be
expected.

The measures are those of a retrospective value of information [1]_ under squared loss on the log of
a headcount f. With mean m of f given all evidence and m' without a part s of it,

- *absolute influence* is ``(m - m')²``, the loss that s has spared us;
- *expected influence* is what that was to be before s was seen: ``Var(E[f | y_s])`` over the
  statements y_s that are predicted without s, from a regression of f on predicted statements;
- *surprise* is the first over the second: about one on average if the model is right and, where all
  is normal, chi-squared with one degree of freedom. A source can be influential because it says
  much, or because it says something nobody expected; this tells the two apart.

Both means come from draws, and the difference of two simulations is never quite zero. The tail
probability therefore counts the Monte Carlo variance of m - m' as expected too; where the expected
influence is lost in its own Monte Carlo error, as much of it is granted as could have gone unseen,
so that the probability errs towards no surprise.

References
----------
.. [1] Parsons, J., Niu, X. and Bao, L. (2020). Evaluating the relative contribution of data sources
   in a Bayesian analysis with the application of estimating the size of hard to reach populations.
   https://arxiv.org/abs/2009.02372
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import stats

from headcount._types import FloatArray
from headcount._wording import percent, plural
from headcount.engine.density.evaluation import log_likelihood
from headcount.engine.density.queries import Query
from headcount.engine.density.study_arrays import StudyArrays, arrays_of
from headcount.errors import HeadcountError, nearest
from headcount.layout.study_layout import Layout
from headcount.posterior.draw_statistics import ess_and_rhat
from headcount.posterior.estimands import headcount
from headcount.posterior.fits import Fit
from headcount.posterior.forecasting import last_observed
from headcount.posterior.replication import replicates
from headcount.workflows.sensitivity.answer_digest import answers_of
from headcount.workflows.sensitivity.expected_gain import expected_gain
from headcount.workflows.sensitivity.leave_one_out import (
    ANCHOR,
    LINEAGE,
    REWEIGHTED,
    SOURCE,
    LeftOut,
    Without,
    leave_out,
    parts_of,
)

__all__ = ["COLUMNS", "Influence", "influence"]

KINDS: Final = (SOURCE, ANCHOR, LINEAGE)

COLUMNS: Final = (
    "kind",
    "name",
    "rows",
    "method",
    "median",
    "lower",
    "upper",
    "change",
    "width",
    "absolute",
    "expected",
    "surprise",
    "p_surprise",
    "last_anchor",
    "shift",
    "shift_se",
    "pareto_k",
    "ess",
    "rhat",
    "error",
)

NOISE: Final = 2.0
"""Standard errors below which an influence that was to be expected is not told from none."""

SETTLED: Final = 1.05
"""R-hat of the headcount up to which a short refit is taken at its word."""

SURPRISING: Final = 0.05
"""Tail probability below which an influence is called more than was to be expected."""

NAMED: Final = 8
"""Parts of the evidence that are told in sentences."""


@dataclass(frozen=True, eq=False)
class Influence:
    """What each part of the evidence does to a headcount.

    Parameters
    ----------
    area, year
        Which headcount of the target scope.
    prob
        Probability inside the equal-tailed intervals.
    median, lower, upper
        With all evidence, in people.
    table
        One line for each part left out, the most influential first; columns ``COLUMNS``.

        - ``method``: ``re-weighted``, ``refitted`` or ``failed``;
        - ``median, lower, upper``: without the part, in people; ``change``: of the median, a
          fraction; ``width``: of the interval on the log scale, as a multiple of that with all
          evidence;
        - ``absolute, expected, surprise, p_surprise``: see the module. The first two are variances
          of the log headcount; ``surprise`` is missing where the second is not told from zero;
        - ``last_anchor``: whether no source is left whose level is known, though there was one;
        - ``shift, shift_se``: of the mean log headcount in posterior standard deviations, with its
          Monte Carlo standard error.
    """

    area: str
    year: int
    prob: float
    median: float
    lower: float
    upper: float
    table: pd.DataFrame

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """What was found, in sentences, the most influential part first."""
        told = [self._sentence(line) for _, line in self.table.head(NAMED).iterrows()]
        rest = len(self.table) - len(told)
        return (*told, f"{rest} others matter less.") if rest else tuple(told)

    def _sentence(self, line: pd.Series) -> str:
        what = {LINEAGE: "the sources of the lineage ", ANCHOR: "the anchor "}.get(line["kind"], "")
        head = (
            f"Without {what}{line['name']} ({plural(int(line['rows']), 'row')}, {line['method']})"
        )
        if line["error"]:
            return f"{head}: {line['error']}."
        told = f"{head} {self.area} in {self.year} would be {_moved(line)} and its interval {line['width']:.2f} times as wide"
        return " ".join([f"{told}; {_surprise(line)}.", *_reservations(line)])

    def write_csv(self, path: str | Path) -> Path:
        r"""Write the table: UTF-8, lines end with ``\n``, numbers unrounded."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        table = self.table.assign(area=self.area, year=self.year, prob=self.prob)
        table.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
        return path

    def __repr__(self) -> str:
        """Return what was found as text."""
        return (
            "\n  ".join([f"<headcount.Influence on {self.area} in {self.year}", *self.sentences])
            + ">"
        )


def _moved(line: pd.Series) -> str:
    moved = f"{percent(abs(line['change']))} {'higher' if line['change'] > 0 else 'lower'}"
    lost = abs(line["shift"]) < NOISE * line["shift_se"]
    return f"{moved} (within Monte Carlo error)" if lost else moved


def _surprise(line: pd.Series) -> str:
    p = f"(p = {line['p_surprise']:.2g})"
    if line["p_surprise"] >= SURPRISING:
        return f"about as was to be expected {p}"
    if np.isfinite(line["surprise"]):
        return f"{np.sqrt(line['surprise']):.1f} times what was to be expected {p}"
    return f"more than was to be expected {p}"


def _reservations(line: pd.Series) -> Iterator[str]:
    if line["last_anchor"]:
        yield "No anchor is left then: for how many people a statement stands is for priors to say."
    if line["rhat"] > SETTLED:
        yield f"Its refit has not settled (R-hat {line['rhat']:.2f}): take more draws."


def influence(
    fit: Fit,
    *,
    area: str | None = None,
    year: int | None = None,
    parts: Sequence[str] = KINDS,
    folder: str | Path | None = None,
    seed: int = 1,
    chains: int = 2,
    draws: int = 1000,
    tune: int = 400,
    processes: int | None = None,
    dask: str | None = None,
    progress: bool = True,
    prob: float = 0.9,
) -> Influence:
    """Leave out one source, one anchor or one lineage at a time, and say what becomes of a
    headcount.

    By re-weighting the draws of the fit where Pareto-smoothed importance sampling says that it can
    be trusted, else by a refit that starts from the fit's own draws.

    Parameters
    ----------
    fit
        With all evidence.
    area
        Code of an area or grouping; the root if not given.
    year
        A year of the model; the last one that is no forecast if not given.
    parts
        What to leave out: some of ``source``, ``anchor`` and ``lineage``.
    folder
        Where refits are kept, so that a run that was stopped goes on from there; they are not kept
        if ``None``.
    seed
        Of the refits and of predicted statements.
    chains, draws, tune
        Of the refits, as in `headcount.fit`.
    processes, dask, progress
        As in `headcount.run_batch`.
    prob
        Probability inside the equal-tailed intervals, in (0, 1).

    Returns
    -------
    Influence
        Ranked.

    Raises
    ------
    HeadcountError
        Where area, year or a kind of part is unknown, or there is only one source.

    Examples
    --------
    >>> import headcount as hc
    >>> hc.influence(fit, folder="influence", seed=1)  # doctest: +SKIP
    """
    asked, ends = _asked(fit, area, year), _ends(prob)
    chosen = parts_of(fit, _known_kinds(parts))
    if not chosen:
        msg = "there is only one source, and nothing to say without it"
        raise HeadcountError(msg)
    with ExitStack() as stack:
        kept = (
            Path(folder)
            if folder is not None
            else Path(stack.enter_context(tempfile.TemporaryDirectory()))
        )
        settings = {"seed": seed, "chains": chains, "draws": draws, "tune": tune}
        found = leave_out(
            fit, asked, chosen, kept, **settings, processes=processes, dask=dask, progress=progress
        )
    answer = answers_of(fit, asked)
    arrays = arrays_of(fit.layout)
    lines = [_line(one, fit, arrays, answer, ends, seed) for one in found]
    table = pd.DataFrame(lines, columns=list(COLUMNS)).sort_values(
        "absolute", ascending=False, ignore_index=True
    )
    lower, median, upper = np.exp(np.quantile(answer, ends)).tolist()
    return Influence(asked.area, asked.year, prob, median, lower, upper, table)


def _asked(fit: Fit, area: str | None, year: int | None) -> Query:
    place = area or fit.spec.areas.root
    headcount(fit, area=place)  # says what is unknown
    when = last_observed(fit, place) if year is None else year
    if when not in fit.spec.years.labels:
        msg = f"unknown year {when}; the model has {fit.spec.years.first} to {fit.spec.years.last}"
        raise HeadcountError(msg)
    return Query(place, when, fit.spec.target)


def _known_kinds(kinds: Sequence[str]) -> Sequence[str]:
    for kind in kinds:
        if kind not in KINDS:
            msg = f"unknown part {kind!r}. {nearest(kind, KINDS)}"
            raise HeadcountError(msg)
    return kinds


def _ends(prob: float) -> list[float]:
    if not 0 < prob < 1:
        msg = f"prob = {prob:g} is not between 0 and 1; write 0.9 for a 90 % interval"
        raise HeadcountError(msg)
    return [(1 - prob) / 2, 0.5, (1 + prob) / 2]


def _line(
    found: Without,
    fit: Fit,
    arrays: StudyArrays,
    answer: FloatArray,
    ends: Sequence[float],
    seed: int,
) -> dict[str, Any]:
    gone = found.part.rows(fit)
    facts = {
        "kind": found.part.kind,
        "name": found.part.name,
        "rows": int(gone.sum()),
        "method": found.method,
    }
    facts |= {
        "pareto_k": found.pareto_k,
        "ess": found.ess,
        "rhat": found.rhat,
        "error": found.error,
    }
    facts["last_anchor"] = _takes_last_anchor(fit, found.part)
    if found.error:
        return facts
    before, own = np.quantile(answer, ends), _weighted_quantiles(found, ends)
    spread = float(answer.std())
    moved, error = _shift(found, answer)
    return facts | {
        "median": float(np.exp(own[1])),
        "lower": float(np.exp(own[0])),
        "upper": float(np.exp(own[2])),
        "change": float(np.expm1(own[1] - before[1])),
        "width": float((own[2] - own[0]) / (before[2] - before[0])),
        "absolute": moved**2,
        "shift": moved / spread,
        "shift_se": error / spread,
        **_expectation(found, fit, arrays, seed, moved**2, error**2),
    }


def _shift(found: Without, answer: FloatArray) -> tuple[float, float]:
    """Return how far the mean moves, and the Monte Carlo standard error of that."""
    mean = float(found.weight @ found.answer)
    moved = mean - float(answer.mean())
    if found.method == REWEIGHTED:
        # Both means are of the same draws: what one draw does to their difference; so many draws
        # stand for an independent one.
        own = found.weight * (found.answer - mean) - (found.answer - answer.mean()) / answer.size
        correlated = 1 / (found.ess * np.sum(found.weight**2))
        return moved, float(np.sqrt(correlated * np.sum(own**2)))
    effective = float(ess_and_rhat(answer[None])["ess_bulk"][0])
    return moved, float(np.sqrt(found.answer.var() / found.ess + answer.var() / effective))


def _takes_last_anchor(fit: Fit, part: LeftOut) -> bool:
    anchors = {row.source for row in fit.observations.fitted} & set(fit.spec.anchors)
    return bool(anchors) and anchors <= set(part.sources)


def _expectation(
    found: Without, fit: Fit, arrays: StudyArrays, seed: int, absolute: float, noise: float
) -> dict[str, float]:
    """Predict what the part would state from the posterior without it, and how much that would
    tell.

    noise: the Monte Carlo variance of the difference whose square is ``absolute``.
    """
    rng = np.random.default_rng([seed, *found.part.key.encode()])
    free = np.ascontiguousarray(found.free.to(fit.layout, rng))
    _, location, spread = log_likelihood(free, arrays)
    stated = _as_stated(fit.layout, replicates(fit.layout, location, spread, rng))
    gain = expected_gain(found.answer_of_free, stated[:, found.part.rows(fit)])
    size = found.answer_of_free.size
    effective = min(found.ess, size)
    # Its standard error is that of independent draws; these are worth fewer.
    unsure = NOISE * gain.se * np.sqrt(size / effective)
    expected, is_told = max(gain.explained, 0.0), gain.explained > unsure
    # Of n draws, the part r that a regression explains has an error of about 2 sqrt(r / n): a
    # smaller r than this is not seen.
    unseen = (2 * NOISE) ** 2 / effective * gain.variance
    granted = expected + noise + (0.0 if is_told else max(unsure, unseen))
    return {
        "expected": expected,
        "surprise": absolute / expected if is_told else np.nan,
        "p_surprise": float(stats.chi2.sf(absolute / granted, 1)),
    }


def _as_stated(layout: Layout, counts: FloatArray) -> FloatArray:
    """Leave of the counts behind bounds and intervals what would be stated: the side, and the place
    on the interval's grid.
    """
    stated = counts.copy()
    for likelihood, rows in layout.rows.items():
        behind = counts[:, rows.position]
        match likelihood.form:
            case "bound":
                stated[:, rows.position] = behind > rows.value
            case "interval":
                stated[:, rows.position] = np.floor(
                    (behind - rows.value) / (rows.other - rows.value)
                )
    return stated


def _weighted_quantiles(found: Without, probabilities: Sequence[float]) -> FloatArray:
    order = np.argsort(found.answer)
    reached = np.cumsum(found.weight[order]) - found.weight[order] / 2
    return np.interp(probabilities, reached, found.answer[order])
