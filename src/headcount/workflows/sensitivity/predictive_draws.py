"""Predicting: the total, and what sources state, before the data and after.

Draws from the priors go through the same compiled code as those of a fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from headcount._names import ROW, SAMPLE_DIMS
from headcount._types import BoolArray, FloatArray
from headcount.engine.density.evaluation import evaluate, log_likelihood
from headcount.engine.density.study_arrays import arrays_of
from headcount.layout.study_layout import Layout
from headcount.posterior.draw_transfer import draws_from_priors
from headcount.posterior.fits import Fit
from headcount.posterior.replication import replicates
from headcount.posterior.row_expectations import row_moments
from headcount.study.row_forms import INTERVAL, STATED

__all__ = [
    "PREDICTED",
    "STAGES",
    "TOTALS",
    "predicted_statements",
    "prior_draws",
    "prior_totals",
    "spans",
]

STAGES: Final = ("prior", "posterior")
"""Before the data, and after."""

DRAWS: Final = 1000
"""Worlds drawn from the priors, and draws of a fit that rows are predicted from."""

SPANS: Final = ("lower", "inner_lower", "median", "inner_upper", "upper")
"""Quantiles that a band is drawn from: the inner ones hold 50 %."""

TOTALS: Final = ("prior_set", "stage", "year", *SPANS, "prob")
"""Columns of the table of totals."""

PREDICTED: Final = ("prior_set", "stage", "source", "rows", *SPANS, "prob", "inside")
"""Columns of `predicted_statements`."""


def spans(draws: FloatArray, prob: float) -> dict[str, float]:
    """Return the quantiles of a band.

    Parameters
    ----------
    draws
        Any shape; what is not a number is left out.
    prob
        Probability inside the outer ones.

    Returns
    -------
    dict
        ``SPANS``, and ``prob``.
    """
    ends = [(1 - prob) / 2, 0.25, 0.5, 0.75, (1 + prob) / 2]
    found = np.nanquantile(draws, ends)
    return {name: float(value) for name, value in zip(SPANS, found, strict=True)} | {"prob": prob}


def prior_draws(layout: Layout, *, seed: int, draws: int = DRAWS) -> FloatArray:
    """Draw free vectors from the priors of a study.

    Parameters
    ----------
    layout
        The study.
    seed
        Of the draws.
    draws
        How many.

    Returns
    -------
    numpy.ndarray
        Dims (draw, free).
    """
    return draws_from_priors(layout, draws, np.random.default_rng(seed))


def prior_totals(fit: Fit, free: FloatArray) -> FloatArray:
    """Return the root's headcount in worlds drawn from the priors.

    Parameters
    ----------
    fit
        A fit, for its study.
    free
        As `prior_draws` returns it.

    Returns
    -------
    numpy.ndarray
        People, dims (draw, year), for all years of the fit.
    """
    headcount, _ = evaluate(free, arrays_of(fit.layout))
    people: FloatArray = np.exp(logsumexp(headcount, axis=1))
    return people


def predicted_statements(fit: Fit, free: FloatArray, *, seed: int, prob: float) -> pd.DataFrame:
    """Predict what each source states, before the data and after, and hold it against what it did
    state.

    Parameters
    ----------
    fit
        A fit.
    free
        As `prior_draws` returns it.
    seed
        Of the noise.
    prob
        Probability inside the outer quantiles.

    Returns
    -------
    pandas.DataFrame
        Columns ``PREDICTED`` without ``prior_set``; a line for each stage and source. The quantiles
        are of the factor between what is predicted and what was stated, over all rows of the source
        together: 1 is what it stated. For growth it is the factor between growth factors, for k of
        n between odds; a range counts with its middle. Bounds state no number and are left out, and
        so is a source that states nothing else. ``inside``: part of the ``rows`` that lie within
        their own interval.
    """
    stated = _stated(fit.layout)
    has_number = np.isfinite(stated)
    rng = np.random.default_rng(seed)
    thin = max(1, fit.sampling.chains * fit.sampling.draws // DRAWS)
    moments = row_moments(fit, thin=thin).transpose(*SAMPLE_DIMS, ROW)
    after = [_by_draw(moments[name].to_numpy()) for name in ("location", "spread")]
    _, *before = log_likelihood(free, arrays_of(fit.layout))
    lines = [
        line
        for stage, (location, spread) in zip(STAGES, (before, after), strict=True)
        for line in _by_source(
            fit, stage, replicates(fit.layout, location, spread, rng) - stated, has_number, prob
        )
    ]
    return pd.DataFrame(lines, columns=list(PREDICTED[1:]))


def _by_source(
    fit: Fit, stage: str, apart: FloatArray, has_number: BoolArray, prob: float
) -> Iterator[dict[str, object]]:
    """Yield a line for each source; apart is the log of predicted over stated, dims (draw, row)."""
    tail = (1 - prob) / 2
    for i, source in enumerate(fit.layout.sources):
        own = apart[:, (fit.layout.row_source == i) & has_number]
        if own.shape[1] == 0:
            continue
        lower, upper = np.nanquantile(own, [tail, 1 - tail], axis=0)
        inside = float(((lower <= 0) & (upper >= 0)).mean())
        quantiles = spans(own, prob)
        factors = {name: float(np.exp(quantiles[name])) for name in SPANS}
        yield {
            "stage": stage,
            "source": source,
            "rows": own.shape[1],
            **factors,
            "prob": prob,
            "inside": inside,
        }


def _stated(layout: Layout) -> FloatArray:
    """Return what rows state on the scale of `headcount.posterior.replication.replicates`, missing
    for bounds; dims (row,).
    """
    found = np.full(len(layout.observations.fitted), np.nan)
    for likelihood, rows in layout.rows.items():
        if likelihood.is_binomial:
            found[rows.position] = np.log((rows.value + 0.5) / (rows.other - rows.value + 0.5))
        elif likelihood.form == INTERVAL:
            found[rows.position] = (rows.value + rows.other) / 2
        elif likelihood.form == STATED:
            found[rows.position] = rows.value
    return found


def _by_draw(values: FloatArray) -> FloatArray:
    return values.reshape(-1, values.shape[-1])
