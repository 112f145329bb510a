"""`compare_priors`: fits of one question under different priors, or of different specs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from headcount._types import FloatArray
from headcount.diagnostics.checks import Evidence
from headcount.diagnostics.checks.contraction import check_priors
from headcount.posterior.draw_statistics import ess_and_rhat
from headcount.posterior.draw_transfer import draws_from_priors
from headcount.posterior.fits import Fit
from headcount.study.arguments import checked_prob
from headcount.workflows.sensitivity.bridge_weights import Bridge, changed_priors
from headcount.workflows.sensitivity.common_question import (
    CommonQuestion,
    common_question_of,
    differ_in_priors_only,
)
from headcount.workflows.sensitivity.compared_quantities import (
    ComparedQuantity,
    compared_draws,
    comparison_table,
)
from headcount.workflows.sensitivity.comparison_result import SETS, Comparison
from headcount.workflows.sensitivity.predictive_accuracy import elpd_by_source
from headcount.workflows.sensitivity.predictive_draws import (
    DRAWS,
    PREDICTED,
    TOTALS,
    band_quantiles,
    prediction_table,
    totals_at,
)
from headcount.workflows.sensitivity.prior_attribution import (
    ATTRIBUTION,
    Contributions,
    attribution_table,
    contributions_of,
)
from headcount.workflows.sensitivity.robustness_verdict import robustness_of

__all__ = ["compare_priors"]

type Draws = Mapping[ComparedQuantity, FloatArray]


def compare_priors(fits: Mapping[str, Fit], *, prob: float = 0.9) -> Comparison:
    """Compare fits of one question under different priors, and attribute the change to priors.

    Parameters
    ----------
    fits
        Name of a prior set, or of a spec, to its fit; the first one is the reference. Specs may
        differ in any way as long as root area and target scope have the same names and years
        overlap. The attribution to priors needs specs that differ in the numbers of priors alone,
        and the same rows.
    prob
        Probability inside the equal-tailed intervals, in (0, 1).

    Returns
    -------
    Comparison
        Tables, sentences and a verdict. Draws from the priors take the seed of each fit.

    Raises
    ------
    ArgumentError
        If prob is not a probability.
    HeadcountError
        If there are fewer than two fits.
    StudyError
        If fits answer different questions, with every mismatch.

    See Also
    --------
    headcount.workflows.sensitivity.fit_prior_sets : Fit a study under several of its prior sets.
    headcount.reporting.write_comparison : Write a comparison as one HTML file.

    Examples
    --------
    >>> import headcount as hc
    >>> found = hc.compare_priors({"base": fit, "wide": wide_fit})
    >>> found.names
    ('base', 'wide')
    """
    checked_prob(prob)
    question = common_question_of(fits)
    # A fit keeps its derived quantities; copies release them, so that memory does not add up.
    draws = {name: compared_draws(replace(fit), question) for name, fit in fits.items()}
    answer = _answer(question)
    attributed = dict(_attributed(fits, {name: own[answer] for name, own in draws.items()}))
    path_ess = {name: own.ess for name, (own, _) in attributed.items()}
    table = comparison_table(draws, prob)
    return Comparison(
        specs={name: fit.spec for name, fit in fits.items()},
        prob=prob,
        question=question,
        quantities=table,
        sets=_sets(fits, draws, answer, table, path_ess),
        priors=_contractions(fits, prob),
        elpd=elpd_by_source(fits),
        attribution=_joined([own for _, own in attributed.values()], ATTRIBUTION),
        totals=pd.DataFrame(_totals(fits, draws, question, prob))[list(TOTALS)],
        predicted=_joined(list(_predicted(fits, prob)), PREDICTED),
    )


def _answer(question: CommonQuestion, year: int | None = None) -> ComparedQuantity:
    """Return the root's headcount in a year; the last one by default."""
    return ComparedQuantity("headcount", question.root, year or question.last_year, question.target)


def _joined(tables: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    if not tables:
        return pd.DataFrame(columns=list(columns))
    return pd.concat(tables, ignore_index=True)[list(columns)]


def _attributed(
    fits: Mapping[str, Fit], answers: Mapping[str, FloatArray]
) -> Iterator[tuple[str, tuple[Contributions, pd.DataFrame]]]:
    """Yield contributions of changed priors, for each fit that differs in nothing else."""
    (reference, first), *others = fits.items()
    for name, fit in others:
        if not differ_in_priors_only(first, fit) or not changed_priors(first, fit):
            continue
        logs = np.log(answers[reference]), np.log(answers[name])
        bridge = Bridge.between(first, fit, logs)
        found = contributions_of(bridge)
        yield name, (found, attribution_table(name, bridge, found, _whole(*logs)))


def _whole(first: FloatArray, second: FloatArray) -> tuple[float, float]:
    """Return the change of a mean between two fits, and its Monte Carlo standard error."""
    squares = [
        float(own.var(ddof=1) / ess_and_rhat(own[None])["ess_bulk"][0]) for own in (first, second)
    ]
    return float(second.mean() - first.mean()), float(np.sqrt(sum(squares)))


def _sets(
    fits: Mapping[str, Fit],
    draws: Mapping[str, Draws],
    answer: ComparedQuantity,
    table: pd.DataFrame,
    path_ess: Mapping[str, float],
) -> pd.DataFrame:
    """Tabulate for each set how it was fitted and how the answer changes."""
    reference, prob = next(iter(fits)), float(table["prob"].iloc[0])
    lines = table[_is(table, answer)].set_index("prior_set")
    rows = [
        _fitted(fit, fits[reference])
        | _converged(draws[name])
        | {
            "prior_set": name,
            "change": lines.loc[name, "change"],
            "overlap": lines.loc[name, "overlap"],
            "robustness": robustness_of(draws[reference][answer], draws[name][answer], prob)
            if name != reference
            else "",
            "priors_only": differ_in_priors_only(fits[reference], fit),
            "attributed": name in path_ess,
            "path_ess": path_ess.get(name, np.nan),
        }
        for name, fit in fits.items()
    ]
    return pd.DataFrame(rows)[list(SETS)]


def _fitted(fit: Fit, reference: Fit) -> dict[str, object]:
    own, other, sampling = fit.spec.priors, reference.spec.priors, fit.sampling
    return {
        "model": fit.spec.name,
        "priors": fit.spec.prior_set,
        "changed": sum(own.get(path) != other.get(path) for path in {**own, **other}),
        "rows": len(fit.observations.fitted),
        "chains": sampling.chains,
        "draws": sampling.draws,
        "seed": sampling.seed,
        "divergences": fit.divergences,
    }


def _converged(draws: Draws) -> dict[str, float]:
    """Return the worst R-hat and effective sample size of any quantity."""
    measured = ess_and_rhat(np.stack(list(draws.values())))
    ess = np.minimum(measured["ess_bulk"], measured["ess_tail"])
    return {
        "rhat": float(np.nanmax(measured["rhat"], initial=1.0)),
        "ess": float(np.nanmin(ess, initial=np.inf)),
    }


def _is(table: pd.DataFrame, quantity: ComparedQuantity) -> pd.Series:
    """Return which lines of a table are about a quantity."""
    found = pd.Series(True, index=table.index)
    for column, value in quantity._asdict().items():
        found &= table[column] == value
    return found


def _contractions(fits: Mapping[str, Fit], prob: float) -> pd.DataFrame:
    reference = next(iter(fits.values())).spec.priors
    frames = []
    for name, fit in fits.items():
        own = check_priors(Evidence(fit, prob)).to_frame()
        differs = [fit.spec.priors[path] != reference.get(path) for path in own["prior"]]
        frames.append(own.assign(prior_set=name, differs=differs))
    table = pd.concat(frames, ignore_index=True)
    # A prior that differs in some set is marked in every set, the reference included.
    table["differs"] = table.groupby("prior")["differs"].transform("any")
    first = ["prior_set", "prior", "differs"]
    return table[[*first, *(column for column in table.columns if column not in first)]]


def _totals(
    fits: Mapping[str, Fit], draws: Mapping[str, Draws], question: CommonQuestion, prob: float
) -> Iterator[dict[str, object]]:
    """Yield the band of the root's headcount by set, year and stage."""
    for name, fit in fits.items():
        totals = totals_at(fit, _prior_draws(fit))
        before = dict(zip(fit.spec.years.labels, totals.T, strict=True))
        for year in question.years:
            after = draws[name][_answer(question, year)]
            for stage, own in (("prior", before[year]), ("posterior", after)):
                labels = {"prior_set": name, "stage": stage, "year": year}
                yield labels | band_quantiles(own, prob)


def _predicted(fits: Mapping[str, Fit], prob: float) -> Iterator[pd.DataFrame]:
    """Yield the table of predicted statements of each set."""
    for name, fit in fits.items():
        seed = fit.sampling.seed
        own = prediction_table(replace(fit), _prior_draws(fit), seed=seed, prob=prob)
        yield own.assign(prior_set=name)


def _prior_draws(fit: Fit) -> FloatArray:
    """Draw free vectors from the priors, with the seed of the fit; dims (draw, free)."""
    return draws_from_priors(fit.layout, DRAWS, np.random.default_rng(fit.sampling.seed))
